"""Going on: what a training that was stopped needs, besides its model and optimiser, to go on as if it had not been."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.random import Generator

from nn.errors import StateError
from nn.module import Module
from nn.optim.scheduler import Scheduler
from nn.optim.schedules import Schedule
from nn.training.callbacks import Callback
from nn.training.history import History

__all__ = ["Standing", "check_initial_epoch", "watched"]


class Standing(NamedTuple):
    """Where a training stands between two epochs.

    Attributes:
        epoch: how many epochs are finished.
        order: state of the generator that the orders of the examples are drawn from.
        schedule: state of the scheduler; None without one.
        callbacks: of each callback that remembers something its class and its state.
        steps: steps that were taken in the epoch after, if the training was interrupted within it.
        weights: the weights of the last epoch and those that were put back at the end, if they differ.
    """

    epoch: int
    order: Any
    schedule: dict[str, Any] | None
    callbacks: list[list[Any]]
    steps: int = 0
    weights: tuple[dict[str, Any], dict[str, Any]] | None = None

    @classmethod
    def read(cls, history: Any, epochs: int, initial_epoch: int) -> Self:
        """Return where the training of a history stands.

        Raises:
            TypeError: it is no history.
            StateError: it is none that `fit` gave, or nothing is left to do.
        """
        if not isinstance(history, History):
            raise TypeError(
                "training must be the History of a training that goes on, as fit and load_training give it, not an "
                f"object of type {type(history).__name__}."
            )
        if history.state is None:
            raise StateError("This history does not say where its training stands: pass one that fit gave.")
        standing = cls(**history.state)
        if initial_epoch not in (0, standing.epoch):
            raise ValueError(
                f"initial_epoch is {initial_epoch}, but the training that goes on has finished {standing.epoch} epochs:"
                " leave initial_epoch out."
            )
        _check_epochs_left(epochs, standing.epoch)
        return standing

    @property
    def notes(self) -> list[str]:
        """What may surprise when it goes on."""
        if not self.steps:
            return []
        return [
            f"epoch {self.epoch + 1} was interrupted after {self.steps} steps and begins anew, so that the numbers are "
            "not those of a training that went through"
        ]

    def restore_weights(self, model: Module) -> None:
        """Give a model the weights of the last epoch, where it still has the best ones, which were put back."""
        if self.weights is not None:
            last, best = self.weights
            now = model.state_dict()
            if now.keys() == best.keys() and all(np.array_equal(now[key], best[key]) for key in now):
                model.load_state_dict(last)

    def restore(self, callbacks: Sequence[Callback], order: Generator, scheduler: Scheduler | None) -> None:
        """Put callbacks, the order of the examples and the schedule where they stood."""
        left = list(self.callbacks)
        for callback in callbacks:
            name = type(callback).__name__
            found = next((each for each in left if each[0] == name), None)
            if found is not None:
                left.remove(found)
                callback.load_state_dict(found[1])
        order.bit_generator.state = self.order
        if scheduler is not None and self.schedule is not None:
            scheduler.load_state_dict(self.schedule)


def check_initial_epoch(initial_epoch: Any, epochs: int, schedule: Any) -> None:
    """Check the number of epochs that are done.

    Raises:
        ValueError: it is no whole number below epochs, or there is a schedule, whose first rate only a history knows.
    """
    if isinstance(initial_epoch, bool) or not isinstance(initial_epoch, int | np.integer) or initial_epoch < 0:
        raise ValueError(f"initial_epoch must be a whole number of epochs from 0, not {initial_epoch!r}.")
    if schedule is not None:
        raise ValueError(
            "initial_epoch does not go with a schedule, since the optimiser's rate no longer says where it began: pass "
            "training=history, with the history of the epochs before."
        )
    _check_epochs_left(epochs, int(initial_epoch))


def _check_epochs_left(epochs: int, done: int) -> None:
    if epochs <= done:
        raise ValueError(
            f"epochs={epochs} counts from the first, and {done} are done: give more, such as epochs={done + epochs}."
        )


def watched(schedule: Schedule, row: dict[str, float]) -> float:
    """Return what a schedule looks at: a column of its choice, or the loss, of validation where there is some.

    Raises:
        ValueError: there is no such column.
    """
    if not schedule.watch:
        return row.get("val_loss", row["loss"])
    if schedule.watch not in row:
        raise ValueError(
            f"{type(schedule).__name__} watches {schedule.watch!r}, but the columns of the history are "
            f"{', '.join(row)}: add it to the metrics, or watch another."
        )
    return row[schedule.watch]
