"""Learning-rate schedules: how the rate of an optimiser changes from epoch to epoch.

A schedule is a frozen record that gives the factor of the first rate; `nn.optim.scheduler` applies it to an optimiser.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = [
    "ConstantRate",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "MultiStep",
    "OneCycle",
    "PolynomialDecay",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
    "WarmUp",
]


class Schedule(ABC):
    """A rule that gives the learning rate's factor η_t/η₀ in epoch t (or step t, as one applies it), from 0.

    A subclass gives `factor`; one that looks at the losses gives `begin` and `remember` as well. What is remembered
    is passed in and out, so a schedule can serve several trainings.
    """

    #: The column of the history that `remember` is given; the validation loss, or the loss, where it is empty.
    watch: str = ""

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
class MultiStep(Schedule):
    """η_t = η₀γᵏ after k of the milestones: the rate falls at epochs that are given.

    Args:
        milestones: epochs, counted from 0, from which on the rate is lower; each from 1, in rising order.
        gamma: γ, positive.
    """

    milestones: Sequence[int]
    gamma: float = 0.1

    def __post_init__(self) -> None:
        given = tuple(self.milestones) if isinstance(self.milestones, Iterable) else ()
        whole = all(isinstance(m, int) and not isinstance(m, bool) and m > 0 for m in given)
        if not given or not whole or list(given) != sorted(given):
            raise ValueError(f"MultiStep's milestones must be whole numbers from 1 that rise, not {self.milestones!r}.")
        object.__setattr__(self, "milestones", given)
        _positive(self, "gamma")

    def factor(self, t: int, memory: Any = None) -> float:
        """Return γ to the number of milestones up to t."""
        return self.gamma ** bisect_right(self.milestones, t)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """The rate rises along half a cosine to η₀ and falls along another, almost to nothing, over a whole training.

    It begins at η₀/d, is η₀ after the share s of the T epochs, and ends at η₀/(d·f), where it stays. Source: L. Smith,
    N. Topin, arXiv 1708.07120; the numbers are PyTorch's. PyTorch turns the momentum as well, here it stays.

    Args:
        length: T, from 2.
        rise: s, the share of the epochs in which the rate rises, between 0 and 1.
        start: d, from 1.
        end: f, from 1.
    """

    length: int
    rise: float = 0.3
    start: float = 25.0
    end: float = 1e4

    def __post_init__(self) -> None:
        _whole(self, "length", low=2)
        _share(self, "rise", ends=False)
        for field in ("start", "end"):
            number = getattr(self, field)
            if not 1.0 <= number < math.inf:
                raise ValueError(f"OneCycle's {field} must be a number from 1, not {number!r}.")

    def factor(self, t: int, memory: Any = None) -> float:
        """Return the factor of epoch t."""
        low, lowest = 1.0 / self.start, 1.0 / (self.start * self.end)
        top, last = self.rise * self.length - 1.0, self.length - 1.0
        if t < top:
            return _along_cosine(low, 1.0, t / top)
        return _along_cosine(1.0, lowest, min((t - top) / (last - top), 1.0))


def _along_cosine(begin: float, end: float, share: float) -> float:
    """Go from one number to another along half a cosine."""
    return end + (begin - end) / 2.0 * (1.0 + math.cos(math.pi * share))


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

    @property
    def watch(self) -> str:  # type: ignore[override]
        """What the following schedule looks at."""
        return self.then.watch

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
    """η is multiplied by γ when the loss, or another number, has not improved for more than `patience` epochs.

    Args:
        gamma: γ, in (0, 1).
        patience: epochs without improvement that are tolerated, from 0.
        threshold: by what share of the lowest loss a new one must be lower to count as better, in [0, 1].
        cooldown: epochs after a reduction that are not counted, from 0.
        floor: the smallest factor, in [0, 1].
        watch: the column of the history to look at, such as ``"val_accuracy"``; the validation loss unless given, or
            without validation the loss.
        mode: ``"min"``, or ``"max"`` where more is better.
    """

    gamma: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    cooldown: int = 0
    floor: float = 0.0
    watch: str = ""
    mode: str = "min"

    def __post_init__(self) -> None:
        _share(self, "gamma", ends=False)
        _whole(self, "patience", low=0)
        _share(self, "threshold")
        _whole(self, "cooldown", low=0)
        _share(self, "floor")
        if self.mode not in ("min", "max"):
            raise ValueError(f"ReduceOnPlateau's mode must be 'min' or 'max', not {self.mode!r}.")

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
        loss = -loss if self.mode == "max" else loss
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
