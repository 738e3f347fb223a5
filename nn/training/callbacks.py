"""Callbacks: what `fit` calls between its epochs and steps, to watch a training, to add numbers, or to stop it.

A plain function works as well as a `Callback`: it is called with the `Training` at the end of each epoch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from autograd import Value
from autograd.files import check_path
from nn.training.history import History

if TYPE_CHECKING:
    import os

    from nn.module import Module
    from nn.optim.optimizers import Optimizer

__all__ = ["Callback", "Checkpoint", "EarlyStopping", "Record", "StopBelow", "Training", "WeightPath"]


@dataclass
class Training:
    """The state of a running `fit`, as callbacks see it.

    Attributes:
        model: the model in training.
        optimizer: its optimiser; `lr` may be assigned.
        history: what was recorded so far; at the end of an epoch its last row is that epoch's.
        epochs: how many epochs were asked for.
        steps: how many optimiser steps an epoch has.
        epoch: the epoch that runs, from 1; 0 before the first.
        step: steps finished in this epoch.
        loss: mean loss of the last batch.
        stop_reason: why the training is to end; empty while it goes on.
        interrupted: whether it was ended from the keyboard.
    """

    model: Module
    optimizer: Optimizer
    epochs: int
    steps: int
    history: History = field(default_factory=History)
    epoch: int = 0
    step: int = 0
    loss: float = math.nan
    stop_reason: str = ""
    interrupted: bool = False
    _runner: Any = field(default=None, repr=False)
    _stand: Any = field(default=None, repr=False)

    def connect(self, runner: Any, stand: Callable[[], Any] | None) -> None:
        """Learn who holds the weights while steps are taken, and who knows where the training stands."""
        self._runner, self._stand = runner, stand

    def stand(self) -> dict[str, Any] | None:
        """Return where the training stands, as ``history.state`` does at its end; None outside of `fit`."""
        return None if self._stand is None else self._stand()._asdict()

    def settle(self) -> None:
        """Write the weights of the last step into the model, where compiled steps hold them in an array.

        A callback that says it `only_watches` calls it before it reads the model.
        """
        if self._runner is not None:
            self._runner.settle()

    def weights(self) -> dict[str, NDArray[Any]]:
        """Copy all weights and buffers, as the model's `state_dict` gives them."""
        return self.model.state_dict() if self._runner is None else self._runner.state()

    @property
    def row(self) -> dict[str, float]:
        """The numbers of the epoch that ended last; what is added here goes into the history."""
        return self.history.rows[-1]

    def stop(self, reason: str) -> None:
        """End the training after this step; the reason becomes ``history.stop_reason``."""
        self.stop_reason = self.stop_reason or reason


#: The hooks of a callback, by name.
HOOKS = ("on_train_begin", "on_epoch_begin", "on_step_end", "on_epoch_end", "on_train_end")


class Callback:
    """A base with every hook empty: override those you need.

    Attributes:
        only_watches: whether this very class leaves the model alone, so that nothing has to be looked at anew after it
            was called, and reads it only after ``training.settle()``. A subclass has to say so itself.
    """

    only_watches: ClassVar[bool] = False

    def has(self, hook: str) -> bool:
        """Whether a hook is overridden."""
        return getattr(getattr(self, hook), "__func__", None) is not getattr(Callback, hook)

    def state_dict(self) -> dict[str, Any]:
        """Return what it remembers from epoch to epoch: numbers, texts and arrays, in lists and dicts."""
        return {}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave, when a training goes on."""

    def on_train_begin(self, training: Training) -> None:
        """Run before the first epoch."""

    def on_epoch_begin(self, training: Training) -> None:
        """Run before each epoch."""

    def on_step_end(self, training: Training) -> None:
        """Run after each optimiser step."""

    def on_epoch_end(self, training: Training) -> None:
        """Run after each epoch, when its row is in the history."""

    def on_train_end(self, training: Training) -> None:
        """Run once at the end, also when the training was interrupted from the keyboard."""


class StopBelow(Callback):
    """Stop when a quantity is small enough (lecture L2.11).

    Args:
        threshold: stop at the end of the first epoch whose number is not larger.
        monitor: the column of the history to watch.
    """

    only_watches = True

    def __init__(self, threshold: float, monitor: str = "loss") -> None:
        self.threshold = threshold
        self.monitor = monitor

    def on_epoch_end(self, training: Training) -> None:
        """Compare the epoch's number with the threshold."""
        number = _read_monitor(training, self.monitor, "StopBelow")
        if number <= self.threshold:
            training.stop(f"{self.monitor} {number:.4g} is not above {self.threshold:.4g}")


class _BestEpoch(Callback):
    """What watches a column for its best number so far, from the beginning of each training on."""

    def __init__(self, monitor: str | None, largest: bool, min_delta: float = 0.0) -> None:
        self.monitor = monitor
        self.largest = largest
        self.min_delta = min_delta
        self._forget()

    def _forget(self) -> None:
        self.best_epoch = 0
        self._best = math.inf

    def on_train_begin(self, training: Training) -> None:
        """Forget what an earlier training left."""
        self._forget()

    def state_dict(self) -> dict[str, Any]:
        """Return the best epoch so far and its number."""
        return {"best_epoch": self.best_epoch, "best": self._best}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.best_epoch, self._best = saved["best_epoch"], saved["best"]

    def column(self, training: Training) -> str:
        """Name the column that is watched."""
        return self.monitor or ("val_loss" if "val_loss" in training.row else "loss")

    def improves(self, training: Training) -> bool:
        """Whether the epoch that ended is the best so far, and remember it if so."""
        sign = -1.0 if self.largest else 1.0
        number = sign * _read_monitor(training, self.column(training), type(self).__name__)
        if not number < self._best - self.min_delta:
            return False
        self._best, self.best_epoch = number, training.epoch
        return True


class EarlyStopping(_BestEpoch):
    """Stop when a quantity has not improved for some epochs, and put the best weights back (lecture L2.12).

    The best weights are put back at the end in any case, unless the training was interrupted.

    Args:
        patience: how many epochs without an improvement are waited for, from 1.
        monitor: the column to watch; ``val_loss`` where there are validation examples, else ``loss``.
        min_delta: how much smaller a number must be to count as an improvement.
        largest: whether larger is better, as for an accuracy.
        restore_best: whether to put the best weights back.

    Attributes:
        best_epoch: the epoch with the best number so far, from 1; 0 before there is one.

    Raises:
        ValueError: patience is no whole number from 1.
    """

    only_watches = True

    def __init__(
        self,
        patience: int,
        monitor: str | None = None,
        *,
        min_delta: float = 0.0,
        largest: bool = False,
        restore_best: bool = True,
    ) -> None:
        if isinstance(patience, bool) or not isinstance(patience, int | np.integer) or patience < 1:
            raise ValueError(
                f"patience must be a whole number of epochs from 1, not {patience!r}: it says how long to wait."
            )
        super().__init__(monitor, largest, min_delta)
        self.patience = patience
        self.restore_best = restore_best

    def _forget(self) -> None:
        super()._forget()
        self._weights: dict[str, NDArray[Any]] = {}

    def state_dict(self) -> dict[str, Any]:
        """Return the best epoch so far, its number and its weights."""
        return super().state_dict() | {"weights": self._weights}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        super().load_state_dict(saved)
        self._weights = dict(saved["weights"])

    def on_epoch_end(self, training: Training) -> None:
        """Keep the weights of an epoch that improves; count those that do not."""
        if self.improves(training):
            if self.restore_best:
                self._weights = training.weights()
        elif training.epoch - self.best_epoch >= self.patience:
            column, waited = self.column(training), f"{self.patience} epoch{'s' * (self.patience != 1)}"
            restored = "; its weights were put back" if self.restore_best else ""
            training.stop(
                f"{column} did not improve on that of epoch {self.best_epoch} for {waited}{restored}"
                if self.best_epoch
                else f"{column} was NaN or infinite for {waited}, so that none of them is the best"
            )

    def on_train_end(self, training: Training) -> None:
        """Put the best weights back."""
        if self._weights and not training.interrupted:
            training.model.load_state_dict(self._weights)


class Checkpoint(_BestEpoch):
    """Save the model into a file after each epoch that improves on all before.

    Args:
        path: a ``.safetensors`` file, replaced whole each time.
        monitor: the column to watch; ``val_loss`` where there are validation examples, else ``loss``.
        largest: whether larger is better, as for an accuracy.

    Raises:
        TypeError: the path is neither a str nor a Path.
    """

    only_watches = True

    def __init__(self, path: str | os.PathLike[str], monitor: str | None = None, *, largest: bool = False) -> None:
        super().__init__(monitor, largest)
        check_path(path)
        self.path = path

    def on_epoch_end(self, training: Training) -> None:
        """Save where the epoch is the best so far."""
        from nn.saving.files import save

        if self.improves(training):
            training.settle()
            save(training.model, self.path)


class Record(Callback):
    """Add numbers of your own to every epoch's row of the history.

    Args:
        functions: by column name, a function of the `Training` that gives a number.

    Example:
        >>> record = Record(learning_rate=lambda training: training.optimizer.lr)
    """

    def __init__(self, **functions: Callable[[Training], float | Value]) -> None:
        self.functions = functions

    def on_epoch_end(self, training: Training) -> None:
        """Call each function and keep its number."""
        for name, function in self.functions.items():
            training.row[name] = float(function(training))


class WeightPath(Callback):
    """Record the way that some weights take, for the path of descent on a plot of the loss (lecture L2.7).

    Args:
        parameters: the weights to follow: one or two where the path is to be plotted.

    Attributes:
        points: array of shape (steps + 1, weights): the start, then the weights after each step.
    """

    only_watches = True

    def __init__(self, parameters: Sequence[Value]) -> None:
        self.parameters = list(parameters)
        self._points: list[list[float]] = []

    @property
    def points(self) -> NDArray[np.float64]:
        """The weights before the first step, then after each step."""
        return np.array(self._points).reshape(len(self._points), len(self.parameters))

    def on_train_begin(self, training: Training) -> None:
        """Note where the weights start."""
        self._points = [[p.data for p in self.parameters]]

    def on_step_end(self, training: Training) -> None:
        """Note where the step went."""
        training.settle()
        self._points.append([p.data for p in self.parameters])


def _read_monitor(training: Training, monitor: str, who: str) -> float:
    if monitor not in training.row:
        raise KeyError(
            f"{who} watches {monitor!r}, which this training does not record. It records: {', '.join(training.row)}. "
            "Name it in metrics, or give fit validation examples for a val_ column."
        )
    return training.row[monitor]
