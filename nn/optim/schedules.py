"""Learning-rate schedules: how the rate of an optimiser changes from epoch to epoch.

A schedule is a frozen record that gives the factor of the first rate; a `Scheduler` applies it to an optimiser.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nn.optim.optimizer import Optimizer

__all__ = [
    "ConstantRate",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PolynomialDecay",
    "ReduceOnPlateau",
    "Schedule",
    "Scheduler",
    "StepDecay",
    "WarmUp",
]


class Schedule(ABC):
    """A rule that gives the learning rate's factor η_t/η₀ in epoch t (or step t, as one applies it), from 0.

    A subclass gives `factor`; one that looks at the losses gives `begin` and `remember` as well. What is remembered
    is passed in and out, so a schedule can serve several trainings.
    """

    @property
    def looks_at_losses(self) -> bool:
        """Whether the factor depends on the losses of the epochs before."""
        return type(self).remember is not Schedule.remember

    @abstractmethod
    def factor(self, t: int, memory: Any = None) -> float:
        """Return η_t/η₀.

        Args:
            t: number of the epoch, from 0.
            memory: what `remember` gave after epoch t − 1.
        """

    def begin(self) -> Any:
        """Return the memory before epoch 0."""
        return None

    def remember(self, memory: Any, t: int, loss: float | None) -> Any:
        """Return the memory after epoch t, which ended with this loss (None if that is not known)."""
        return memory


@dataclass(frozen=True)
class ConstantRate(Schedule):
    """η_t = η₀."""

    def factor(self, t: int, memory: Any = None) -> float:
        """Return 1."""
        return 1.0


@dataclass(frozen=True)
class StepDecay(Schedule):
    """η_t = η₀γ^⌊t/s⌋: the rate falls in stairs.

    Args:
        every: s, the length of a stair, from 1.
        gamma: γ, positive.
    """

    every: int
    gamma: float = 0.1

    def __post_init__(self) -> None:
        _whole(self, "every")
        _positive(self, "gamma")

    def factor(self, t: int, memory: Any = None) -> float:
        """Return γ^⌊t/s⌋."""
        return self.gamma ** (t // self.every)


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """η_t = η₀γᵗ.

    Args:
        gamma: γ, positive.
    """

    gamma: float

    def __post_init__(self) -> None:
        _positive(self, "gamma")

    def factor(self, t: int, memory: Any = None) -> float:
        """Return γᵗ."""
        return self.gamma**t


@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    """η_t = η₀/(1 + κt): Σ η diverges and Σ η² does not, as stochastic descent needs to converge.

    Source: H. Robbins, S. Monro, Ann. Math. Statist. 22 (1951) 400.

    Args:
        decay: κ, positive.
    """

    decay: float = 1.0

    def __post_init__(self) -> None:
        _positive(self, "decay")

    def factor(self, t: int, memory: Any = None) -> float:
        """Return 1/(1 + κt)."""
        return 1.0 / (1.0 + self.decay * t)


@dataclass(frozen=True)
class PolynomialDecay(Schedule):
    """η_t = η₀(f + (1 − f)(1 − t/T)^p) up to T, η₀f from there; p = 1 is a straight line.

    Args:
        length: T, from 1.
        power: p, positive.
        floor: f, the share of the rate that stays, in [0, 1].
    """

    length: int
    power: float = 1.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        _whole(self, "length")
        _positive(self, "power")
        _share(self, "floor")

    def factor(self, t: int, memory: Any = None) -> float:
        """Return the factor of epoch t."""
        left = max(0.0, (self.length - t) / self.length)
        return float(self.floor + (1.0 - self.floor) * left**self.power)


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """η_t = η₀(f + (1 − f)(1 + cos(πt/T))/2) up to T; then η₀f, or from the top again with `restart`.

    Source: I. Loshchilov, F. Hutter, SGDR, arXiv 1608.03983, formula 5.

    Args:
        length: T, from 1.
        floor: f, the share of the rate that stays, in [0, 1].
        restart: whether the next T epochs begin at η₀ anew.
    """

    length: int
    floor: float = 0.0
    restart: bool = False

    def __post_init__(self) -> None:
        _whole(self, "length")
        _share(self, "floor")

    def factor(self, t: int, memory: Any = None) -> float:
        """Return the factor of epoch t."""
        t = t % self.length if self.restart else min(t, self.length)
        return self.floor + (1.0 - self.floor) * (1.0 + math.cos(math.pi * t / self.length)) / 2.0


@dataclass(frozen=True)
class WarmUp(Schedule):
    """η_t = η₀(t + 1)/(k + 1) for the first k epochs, then another schedule from its beginning.

    Args:
        length: k, from 1.
        then: what follows.
    """

    length: int
    then: Schedule = ConstantRate()

    def __post_init__(self) -> None:
        _whole(self, "length")
        if not isinstance(self.then, Schedule):
            raise TypeError(f"WarmUp's then must be a Schedule, such as CosineDecay(100), not {self.then!r}.")

    @property
    def looks_at_losses(self) -> bool:
        """Whether the following schedule does."""
        return self.then.looks_at_losses

    def begin(self) -> Any:
        """Return what the following schedule begins with."""
        return self.then.begin()

    def remember(self, memory: Any, t: int, loss: float | None) -> Any:
        """Return what the following schedule remembers; it sees no loss of the warm-up."""
        return self.then.remember(memory, t - self.length, loss) if t >= self.length else memory

    def factor(self, t: int, memory: Any = None) -> float:
        """Return the factor of epoch t."""
        return (t + 1) / (self.length + 1) if t < self.length else self.then.factor(t - self.length, memory)


class Plateau(NamedTuple):
    """What `ReduceOnPlateau` remembers: the lowest loss, epochs since, epochs left to rest, and the factor."""

    best: float = math.inf
    waited: int = 0
    resting: int = 0
    reached: float = 1.0


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """η is multiplied by γ when the loss has not improved for more than `patience` epochs.

    Args:
        gamma: γ, in (0, 1).
        patience: epochs without improvement that are tolerated, from 0.
        threshold: by what share of the lowest loss a new one must be lower to count as better, in [0, 1].
        cooldown: epochs after a reduction that are not counted, from 0.
        floor: the smallest factor, in [0, 1].
    """

    gamma: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    floor: float = 0.0

    def __post_init__(self) -> None:
        _share(self, "gamma", ends=False)
        _whole(self, "patience", low=0)
        _share(self, "threshold")
        _whole(self, "cooldown", low=0)
        _share(self, "floor")

    def begin(self) -> Plateau:
        """Return the memory of no loss."""
        return Plateau()

    def remember(self, memory: Plateau, t: int, loss: float | None) -> Plateau:
        """Compare the loss of epoch t with the lowest so far."""
        if loss is None:
            raise ValueError(
                "ReduceOnPlateau looks at the loss: call scheduler.step(loss), with the loss of the epoch that ended."
            )
        best, waited, resting, reached = memory
        if loss < (best - self.threshold * abs(best) if best < math.inf else best):
            best, waited = float(loss), 0
        else:
            waited += 1
        if resting:
            resting, waited = resting - 1, 0
        if waited > self.patience:
            reached, resting, waited = max(self.floor, reached * self.gamma), self.cooldown, 0
        return Plateau(best, waited, resting, reached)

    def factor(self, t: int, memory: Plateau | None = None) -> float:
        """Return the factor reached so far."""
        return 1.0 if memory is None else memory.reached


class Scheduler:
    """Applies a schedule to an optimiser: one `step` after each epoch.

    Attributes:
        epoch: number of the present epoch, from 0.
        base_lr: η₀, which the optimiser's `lr` was at first.

    Args:
        optimizer: whose `lr` is assigned.
        schedule: a `Schedule`, or a function from the epoch's number t to the factor η_t/η₀.

    Raises:
        TypeError: the schedule is neither.

    Example:
        >>> from autograd import Value
        >>> from nn.optim.first_order import SGD
        >>> optimizer = SGD([Value(1.0, name="w")], lr=0.8)
        >>> scheduler = Scheduler(optimizer, StepDecay(every=2, gamma=0.5))
        >>> [scheduler.step() for epoch in range(4)]
        [0.8, 0.4, 0.4, 0.2]
    """

    def __init__(self, optimizer: Optimizer, schedule: Schedule | Callable[[int], float]) -> None:
        if isinstance(schedule, type) or not (isinstance(schedule, Schedule) or callable(schedule)):
            raise TypeError(
                f"A schedule is a Schedule or a function t → factor, not {schedule!r}: write StepDecay(every=30), or "
                "lambda t: 0.95**t."
            )
        self.optimizer = optimizer
        self.schedule = schedule if isinstance(schedule, Schedule) else _Function(schedule)
        self.base_lr = optimizer.lr
        self.epoch = 0
        self._memory = self.schedule.begin()
        self._apply()

    def step(self, loss: float | None = None) -> float:
        """Go on to the next epoch.

        Args:
            loss: of the epoch that ended; `ReduceOnPlateau` needs it.

        Returns:
            the new learning rate.
        """
        self._memory = self.schedule.remember(self._memory, self.epoch, loss)
        self.epoch += 1
        return self._apply()

    def rates(self, epochs: int) -> list[float]:
        """List the rates of the present epoch and of those after it, where no loss is looked at."""
        later = (self.base_lr * self.schedule.factor(self.epoch + k, self._memory) for k in range(1, epochs))
        return [self.optimizer.lr, *later]

    def _apply(self) -> float:
        self.optimizer.lr = self.base_lr * self.schedule.factor(self.epoch, self._memory)
        return self.optimizer.lr

    def state_dict(self) -> dict[str, Any]:
        """Return the epoch, the first rate and what the schedule remembers."""
        return {"epoch": self.epoch, "base_lr": self.base_lr, "memory": self._memory}

    def state_after(self, loss: float | None = None) -> dict[str, Any]:
        """Return what `state_dict` will give after ``step(loss)``."""
        return self.state_dict() | {
            "epoch": self.epoch + 1, "memory": self.schedule.remember(self._memory, self.epoch, loss)
        }  # fmt: skip

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, and set the optimiser's rate accordingly."""
        self.epoch, self.base_lr, memory = saved["epoch"], saved["base_lr"], saved["memory"]
        self._memory = Plateau(*memory) if isinstance(memory, list | tuple) else memory
        self._apply()


@dataclass(frozen=True)
class _Function(Schedule):
    """A schedule made of a plain function."""

    function: Callable[[int], float]

    def factor(self, t: int, memory: Any = None) -> float:
        return self.function(t)


def _whole(schedule: Schedule, field: str, low: int = 1) -> None:
    number = getattr(schedule, field)
    if isinstance(number, bool) or not isinstance(number, int) or number < low:
        raise ValueError(f"{type(schedule).__name__}'s {field} must be a whole number from {low}, not {number!r}.")


def _positive(schedule: Schedule, field: str) -> None:
    number = getattr(schedule, field)
    if not 0.0 < number < math.inf:
        raise ValueError(f"{type(schedule).__name__}'s {field} must be a positive number, not {number!r}.")


def _share(schedule: Schedule, field: str, *, ends: bool = True) -> None:
    number = getattr(schedule, field)
    if not (0.0 <= number <= 1.0 if ends else 0.0 < number < 1.0):
        span = "from 0 to 1" if ends else "between 0 and 1"
        raise ValueError(f"{type(schedule).__name__}'s {field} must be a number {span}, not {number!r}.")
