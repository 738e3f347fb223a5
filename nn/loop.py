"""The loop of `fit`: epochs, steps, validation, and how a training ends."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import DomainError
from nn import flat
from nn.callbacks import Callback, EarlyStopping, StopBelow, Training
from nn.clipping import clip_by_norm
from nn.data import DataLoader
from nn.elementwise import Dropout, Stochastic
from nn.examples import read_examples
from nn.flat import Vector
from nn.history import History
from nn.initialisers import Seed
from nn.module import Module, Slot
from nn.neurons import StochasticNeuron
from nn.objective import Matrix, Objective
from nn.optimisers import Optimizer
from nn.preparation import Metrics, check_examples, find_loss, find_metrics, find_optimizer, mode
from nn.progress import Progress
from nn.regularisers import Regulariser
from nn.runner import BatchObjective, EagerRunner, Loss, Runner
from nn.schedules import Schedule, Scheduler

__all__ = ["DivergedError", "Loop"]

Array = NDArray[Any]

NAMED = 5  # parameters that a warning names before it counts the rest


class DivergedError(ArithmeticError):
    """The training went to infinity: a number on the way to the loss, its gradient or a weight is not finite.

    Cause: a learning rate that is too large (see `nn.largest_stable_learning_rate`), inputs that are not
    standardised, or a loss without a stable form. The weights are those after the last finished step.
    Cure: a smaller `lr`, `Standardizer`, `clip_norm`, a loss on logits.

    Attributes:
        history: what was recorded in the epochs that were finished.
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


class Loop:
    """One training: the arguments of `fit`, checked, and the loop."""

    def __init__(
        self, model: Module, X: ArrayLike, y: ArrayLike, loss: str | Loss, optimizer: str | Optimizer, epochs: int,
        batch_size: int | None, validation_split: float, validation_data: tuple[ArrayLike, ArrayLike] | None,
        metrics: Metrics, shuffle: bool, seed: Seed, progress: bool | str, compiled: bool | str,
        callbacks: Sequence[Callback | Callable[[Training], Any]], min_loss: float | None, patience: int | None,
        regularizer: Regulariser | None, schedule: Schedule | Callable[[int], float] | None, clip_norm: float | None,
    ) -> None:  # fmt: skip
        self.model, self.metrics, self.clip_norm = model, find_metrics(metrics), clip_norm
        _check_options(epochs, batch_size, clip_norm, regularizer, compiled)
        self.loss_of = find_loss(loss)
        self.X, self.T = read_examples(X, y)
        self.optimizer = find_optimizer(optimizer, model)
        self._check_optimizer()
        self._check(self.X, self.T, "y")
        self.validation = self._set_aside(validation_split, validation_data)
        self.runner: Runner = EagerRunner(model, self.loss_of, self.optimizer.parameters, regularizer)
        n = len(self.X)
        self.full = batch_size is None or batch_size >= n
        self.batches = DataLoader(np.arange(n), None, batch_size, shuffle=shuffle and not self.full, seed=seed)
        self.training = Training(model, self.optimizer, epochs, len(self.batches))
        self.progress = Progress(progress, epochs, len(self.batches))
        self.callbacks = [one if isinstance(one, Callback) else _Function(one) for one in callbacks]
        self.callbacks += [StopBelow(min_loss)] if min_loss is not None else []
        self.callbacks += [EarlyStopping(patience)] if patience is not None else []
        self.scheduler = None if schedule is None else Scheduler(self.optimizer, schedule)
        self.whole = self.runner.objective(self.X, self.T) if self.full else None
        self.reached = np.zeros(len(self.optimizer.parameters), dtype=np.bool_)
        self.buffers = [slot for slot in model.slots() if not slot.trained]
        self.rows = np.arange(n)
        self._note(batch_size)

    def _note(self, batch_size: int | None) -> None:
        """Say what a user may not expect of these settings."""
        notes, n = self.training.history.notes, len(self.X)
        if batch_size is not None and batch_size > n:
            notes.append(f"batch_size {batch_size} is above the {n} training examples: every step takes all of them")
        if self.optimizer.needs != "gradient" and not self.full:
            notes.append(
                f"{type(self.optimizer).__name__} is made for full batches (batch_size=None): every mini-batch is "
                "another function to it"
            )

    def _set_aside(self, share: float, data: tuple[ArrayLike, ArrayLike] | None) -> tuple[Array, Array] | None:
        """Take the validation examples, by Keras' rule where they are the last of the training examples."""
        if not 0.0 <= share < 1.0:
            raise ValueError(f"validation_split must be a share of the examples, from 0 to below 1, not {share!r}.")
        if data is not None:
            if share:
                raise ValueError("validation_split and validation_data were both given: leave one of them out.")
            X, T = read_examples(*data, names=("X of validation_data", "y of validation_data"))
            self._check(X, T, "y of validation_data")
            return X, T
        if not share:
            return None
        n = len(self.X)
        kept = math.floor(n * (1.0 - share))
        if not 0 < kept < n:
            raise ValueError(
                f"validation_split={share} of {n} examples leaves {kept} for training and {n - kept} for validation: "
                "give more examples, or another share."
            )
        held = self.X[kept:], self.T[kept:]
        self.X, self.T = self.X[:kept], self.T[:kept]
        return held

    def _check(self, X: Array, T: Array, name: str) -> None:
        with mode(self.model, training=False):
            check_examples(self.model, self.loss_of, X, T, name)

    def _check_optimizer(self) -> None:
        optimizer, kind = self.optimizer, type(self.optimizer).__name__
        if optimizer.needs == "gradient":
            return
        if self.clip_norm is not None:
            raise ValueError(f"clip_norm does not go with {kind}, which chooses the length of its steps itself.")
        drawing = [m for m in self.model.modules() if isinstance(m, Dropout | Stochastic | StochasticNeuron)]
        if drawing:
            raise ValueError(
                f"{kind} compares the loss at several weights, but {drawing[0].title} draws at random each time. Use a "
                "first-order optimiser such as Adam."
            )

    # --- the loop -----------------------------------------------------------------------------------------------------

    def run(self) -> History:
        """Train, and give the history."""
        training, history = self.training, self.training.history
        began = time.perf_counter()
        try:
            with self.progress, mode(self.model, training=True):
                self._notify("on_train_begin")
                while not training.stop_reason:
                    self._epoch()
                    if training.epoch == training.epochs:
                        training.stop(
                            f"all {training.epochs} epochs are done" if training.epochs > 1 else "its epoch is done"
                        )
        except KeyboardInterrupt:
            training.interrupted = True
            done = f"after {training.step} of {training.steps} steps"
            training.stop_reason = f"interrupted from the keyboard in epoch {training.epoch}, {done}"
        except DivergedError:
            training.stop_reason = f"diverged in epoch {training.epoch}, step {training.step + 1} of {training.steps}"
            raise
        finally:
            history.stop_reason, history.seconds = training.stop_reason, time.perf_counter() - began
        self._notify("on_train_end")
        return history

    def _epoch(self) -> None:
        """Go once over the training examples, then look at the validation examples."""
        training = self.training
        training.epoch, training.step = training.epoch + 1, 0
        self.model.train()
        self._notify("on_epoch_begin")
        losses, outputs, order = 0.0, [], []
        for rows in self.batches:
            self.rows = rows
            out = self._step()
            losses += training.loss * len(self.rows)
            order.append(self.rows)
            if out is not None:
                outputs.append(out)
            if training.stop_reason:
                break
        seen = np.concatenate(order)
        row = {"loss": losses / len(seen)}
        for name, measure in self.metrics.items():
            row[name] = float(measure(np.concatenate(outputs), self.T[seen]))
        if training.epoch == 1:
            self._report_unreached()
        if self.validation is not None:
            row |= self._validate(*self.validation)
        training.history.append(row)
        self._notify("on_epoch_end")
        self.progress.epoch(training)
        if self.scheduler is not None:
            self.scheduler.step(row.get("val_loss", row["loss"]))

    def _step(self) -> Array | None:
        """Take one step on the present rows; give the outputs before it, if a metric asks for them."""
        training, optimizer = self.training, self.optimizer
        objective = self.whole or self.runner.objective(self.X[self.rows], self.T[self.rows])
        w = flat.weights(optimizer.parameters) if self.metrics else None
        with _kept(self.buffers), self._located():
            loss = optimizer.step(objective if self.clip_norm is None else _Clipped(objective, self.clip_norm))
        assert loss is not None
        outputs = None if w is None else objective.outputs(w)
        self.reached |= objective.reached
        training.loss = loss
        training.step += 1
        if self.full and getattr(optimizer, "stalled", False):
            training.stop("the optimiser found no lower point, so the weights are at a minimum")
        self._notify("on_step_end")
        self.progress.step(training)
        return outputs

    def _validate(self, X: Array, T: Array) -> dict[str, float]:
        with mode(self.model, training=False), self._located(validating=True):
            loss, outputs = self.runner.loss(X, T)
        return {"val_loss": loss} | {f"val_{name}": float(f(outputs, T)) for name, f in self.metrics.items()}

    @contextmanager
    def _located(self, *, validating: bool = False) -> Iterator[None]:
        """Say where in the training an error happened; one of arithmetic becomes a `DivergedError`."""
        try:
            yield
        except (ArithmeticError, DomainError) as error:
            raise DivergedError(
                f"Training diverged {self._where(validating)}: {error} The weights are those after the last finished "
                f"step. Take a smaller lr (it is {self.optimizer.lr:.4g}), standardise the inputs, or clip the "
                "gradients with clip_norm.",
                self.training.history,
            ) from error
        except Exception as error:
            error.add_note(f"This happened {self._where(validating)} of fit.")
            raise

    def _where(self, validating: bool) -> str:
        training, example = self.training, self.runner.example
        if validating:
            row = "" if example is None else f", at row {example} of them"
            return f"on the validation examples after epoch {training.epoch}{row}"
        row = "" if example is None else f", at row {self.rows[example]}"
        return f"in epoch {training.epoch}, step {training.step + 1} of {training.steps}{row}"

    def _report_unreached(self) -> None:
        """Warn of parameters that no example's loss depended on in the first epoch."""
        if self.optimizer.needs == "residuals":
            return
        names = [
            flat.label(self.optimizer.parameters, i)
            for i in np.flatnonzero(~self.reached).tolist()
            if self.optimizer.parameters[i].requires_grad
        ]
        if names:
            more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
            warnings.warn(
                f"The loss does not depend on {', '.join(names[:NAMED])}{more}: no example of the first epoch reached "
                f"{'it' if len(names) == 1 else 'them'}. The gradient is treated as zero. Connect what is meant to be "
                "trained to the outputs, and freeze() the rest.",
                stacklevel=5,
            )

    def _notify(self, hook: str) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(self.training)


class _Function(Callback):
    """A plain function as a callback."""

    def __init__(self, function: Callable[[Training], Any]) -> None:
        if not callable(function):
            raise TypeError(f"A callback must be a Callback or a function of the Training, not {function!r}.")
        self.function = function

    def on_epoch_end(self, training: Training) -> None:
        self.function(training)


class _Clipped(Objective):
    """An objective whose gradient is never longer than a limit."""

    def __init__(self, objective: BatchObjective, longest: float) -> None:
        self.inner, self.longest, self.parameters = objective, longest, objective.parameters

    def value_and_gradient(self, w: Vector) -> tuple[float, Vector]:
        value, slopes = self.inner.value_and_gradient(w)
        return value, clip_by_norm(slopes, self.longest)

    def value(self, w: Vector) -> float:
        return self.inner.value(w)

    def hessian(self, w: Vector) -> Matrix:
        return self.inner.hessian(w)

    def residuals(self, w: Vector) -> Vector:
        return self.inner.residuals(w)

    def residuals_and_jacobian(self, w: Vector) -> tuple[Vector, Matrix]:
        return self.inner.residuals_and_jacobian(w)


def _check_options(
    epochs: int, batch_size: int | None, clip_norm: float | None, regularizer: Regulariser | None, compiled: bool | str
) -> None:
    if not _is_count(epochs):
        raise ValueError(f"epochs must be a whole number from 1, not {epochs!r}.")
    if batch_size is not None and not _is_count(batch_size):
        raise ValueError(f"batch_size must be a whole number from 1, or None for the full batch, not {batch_size!r}.")
    if clip_norm is not None and not clip_norm > 0.0:
        raise ValueError(f"clip_norm must be a positive number, not {clip_norm!r}: 0 would stop the training.")
    if regularizer is not None and not isinstance(regularizer, Regulariser):
        raise TypeError(f"regularizer must be a Regulariser such as L2(1e-3), not {regularizer!r}.")
    if compiled not in (True, False, "auto"):
        raise ValueError(f'compile must be "auto", True or False, not {compiled!r}.')
    if compiled is True:
        raise ValueError(
            "compile=True asks for a compiled program, but there is no compiler in this version. Leave "
            'compile="auto", which records and sweeps graphs.'
        )


def _is_count(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and int(number) >= 1


@contextmanager
def _kept(buffers: Sequence[Slot]) -> Iterator[None]:
    """Put running statistics back if a step fails, as the step does with the weights."""
    before = [slot.content.copy() for slot in buffers]
    try:
        yield
    except BaseException:
        for slot, content in zip(buffers, before, strict=True):
            slot.holder[slot.place] = content
        raise
