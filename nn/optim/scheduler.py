"""A scheduler applies a schedule to an optimiser, epoch by epoch, and saves where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nn.optim.optimizer import Optimizer
from nn.optim.schedules import Plateau, Schedule

__all__ = ["Scheduler"]


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
        >>> from nn.optim.schedules import StepDecay
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
