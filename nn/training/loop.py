"""The loop of `fit`: epochs, steps, validation, and how a training ends."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import AutogradError, DomainError
from nn.data.examples import Examples
from nn.data.loading import DataLoader
from nn.metrics import Metric
from nn.module import Module, Slot
from nn.optim import flat
from nn.optim.clipping import clip_by_norm
from nn.optim.first_order import FirstOrder
from nn.optim.flat import Mask, Vector
from nn.optim.objective import Matrix, Objective
from nn.optim.optimizer import StepError
from nn.optim.optimizers import Optimizer
from nn.optim.schedules import Scheduler
from nn.training.callbacks import Callback, Training
from nn.training.checks import mode
from nn.training.compiled import CompiledRunner
from nn.training.history import History
from nn.training.progress import Progress
from nn.training.runner import Array, BatchObjective, Runner

__all__ = ["DivergedError", "Loop"]

PAUSE = 0.25  # seconds: how long a compiled run may keep Ctrl-C and the progress bar waiting
NAMED = 5  # parameters that a warning names before it counts the rest


class DivergedError(ArithmeticError):
    """The training went to infinity: a number on the way to the loss, its gradient or a weight is not finite.

    Cause: a learning rate that is too large (see `nn.curvature.largest_stable_learning_rate`), inputs that are not
    standardised, or a loss without a stable form. The weights are those after the last finished step.
    Cure: a smaller `lr`, `Standardizer`, `clip_norm`, a loss on logits.

    Attributes:
        history: what was recorded in the epochs that were finished.
    """

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history

    def __reduce__(self) -> Any:
        return type(self), (str(self), self.history)


@dataclass
class Loop:
    """One training, with everything that it needs checked and at hand.

    Args:
        model: the model.
        optimizer: the optimiser, over parameters of the model.
        runner: computes the model and the loss.
        examples: what is trained on.
        validation: what is looked at after every epoch, if anything.
        batches: the rows of each batch, in a new order each epoch; one batch of all is the full batch.
        epochs: the most epochs.
        metrics: functions of predictions and targets, by the name of their column.
        callbacks: what is called on the way.
        progress: what reports.
        scheduler: what moves the learning rate, if anything.
        clip_norm: the longest gradient, if there is a limit.
    """

    model: Module
    optimizer: Optimizer
    runner: Runner
    examples: Examples
    validation: Examples | None
    batches: DataLoader
    epochs: int
    metrics: dict[str, Metric]
    callbacks: Sequence[Callback]
    progress: Progress
    scheduler: Scheduler | None
    clip_norm: float | None

    def __post_init__(self) -> None:
        self.training = Training(self.model, self.optimizer, self.epochs, len(self.batches))
        self._full = len(self.batches) == 1
        self._stride = 64  # steps to take in one go, at first
        self._held: Vector | None = None  # weights that are ahead of the parameters
        self._free: Mask = np.ones(0, dtype=np.bool_)
        # A line search goes on from what it knows of an objective only if it meets the same one again.
        self._whole = self.runner.objective(*self.examples) if self._full else None
        self._rows: Array = np.arange(len(self.examples.X))
        self._reached: Mask = np.zeros(len(self.optimizer.parameters), dtype=np.bool_)
        self._buffers = [slot for slot in self.model.slots() if not slot.trained]

    def run(self) -> History:
        """Train, and give the history."""
        training, history = self.training, self.training.history
        began = time.perf_counter()
        try:
            with self.progress, mode(self.model, training=True):
                self.progress.say(history.notes)
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
            self._settle()
            history.stop_reason, history.seconds = training.stop_reason, time.perf_counter() - began
        self._notify("on_train_end")
        return history

    def _epoch(self) -> None:
        """Go once over the training examples, then look at the validation examples."""
        training = self.training
        training.epoch, training.step = training.epoch + 1, 0
        self.model.train()
        self._notify("on_epoch_begin")
        losses = 0.0
        outputs: list[Array] = []
        order: list[Array] = []
        batches = list(self.batches)
        place = 0
        while place < len(batches) and not training.stop_reason:
            taken = self._descend(batches[place:], outputs) if self._in_one_go else []
            if not taken:  # one by one; or the next step is the one that goes wrong, and says how
                self._rows = batches[place]
                out = self._step()
                taken = [training.loss]
                if out is not None:
                    outputs.append(out)
            for loss, rows in zip(taken, batches[place:], strict=False):
                losses += loss * len(rows)
                order.append(rows)
            place += len(taken)
        seen = np.concatenate(order)
        row = {"loss": losses / len(seen)}
        for name, measure in self.metrics.items():
            row[name] = float(measure(np.concatenate(outputs), self.examples.T[seen]))
        if training.epoch == 1:
            self._report_unreached()
        if self.validation is not None:
            row |= self._validate(self.validation)
        training.history.append(row)
        self._notify("on_epoch_end")
        self.progress.epoch(training)
        if self.scheduler is not None:
            self.scheduler.step(row.get("val_loss", row["loss"]))

    @property
    def _in_one_go(self) -> bool:
        """Whether nothing needs to be asked or told between the steps of an epoch."""
        hooks = (type(callback).on_step_end for callback in self.callbacks)
        return (
            isinstance(self.runner, CompiledRunner)
            and isinstance(self.optimizer, FirstOrder)
            and self.clip_norm is None
            and all(hook is Callback.on_step_end for hook in hooks)
        )

    def _descend(self, batches: list[Array], outputs: list[Array]) -> list[float]:
        """Take several steps in one go, for about a quarter of a second; give their losses, none if the next fails."""
        training, runner, optimizer = self.training, self.runner, self.optimizer
        assert isinstance(runner, CompiledRunner)
        assert isinstance(optimizer, FirstOrder)
        some = batches[: self._stride]
        began = time.perf_counter()
        if self._held is None:
            self._held = flat.weights(optimizer.parameters)
            self._free = flat.free(optimizer.parameters)
        self._held, made = runner.descend(
            optimizer, self._held, self._free, *self.examples, np.concatenate(some), len(some[0]), len(some)
        )
        losses: list[float] = made.losses.tolist()
        if not losses:
            return losses
        each = (time.perf_counter() - began) / len(losses)
        self._stride = max(1, min(2 * self._stride, int(PAUSE / each)))
        self._reached |= runner.reached
        if self.metrics:
            outputs.append(made.outputs)
        training.loss = losses[-1]
        training.step += len(losses)
        self._rows = some[len(losses) - 1]
        self.progress.step(training)
        return losses

    def _settle(self) -> None:
        """Write the weights that compiled steps have left in an array into the parameters."""
        if self._held is not None:
            flat.assign(self.optimizer.parameters, self._held)  # all or none, and then once more
            self._held = None

    def _step(self) -> Array | None:
        """Take one step on the present rows; give the outputs before it, if a metric asks for them."""
        self._settle()
        training, optimizer = self.training, self.optimizer
        objective = self._whole or self.runner.objective(*self.examples.rows(self._rows))
        w = flat.weights(optimizer.parameters) if self.metrics else None
        with _kept(self._buffers), self._located():
            loss = optimizer.step(objective if self.clip_norm is None else _Clipped(objective, self.clip_norm))
        assert loss is not None
        outputs = None if w is None else objective.outputs(w)
        self._reached |= objective.reached
        training.loss = loss
        training.step += 1
        if self._full and getattr(optimizer, "stalled", False):
            training.stop("the optimiser found no lower point, so the weights are at a minimum")
        self._notify("on_step_end")
        self.progress.step(training)
        return outputs

    def _validate(self, examples: Examples) -> dict[str, float]:
        with mode(self.model, training=False), self._located(validating=True):
            if isinstance(self.runner, CompiledRunner):
                loss, outputs = self.runner.loss(*examples, self._held)
            else:
                loss, outputs = self.runner.loss(*examples)
        return {"val_loss": loss} | {f"val_{name}": float(f(outputs, examples.T)) for name, f in self.metrics.items()}

    @contextmanager
    def _located(self, *, validating: bool = False) -> Iterator[None]:
        """Say where in the training an error happened; one of arithmetic becomes a `DivergedError`."""
        try:
            yield
        except Exception as error:
            where = self._where(validating)
            if not _means_divergence(error):
                error.add_note(f"This happened in fit, {where}.")
                raise
            cure = (
                f" The weights are those after the last finished step. Take a smaller lr (it is "
                f"{self.optimizer.lr:.4g}), standardise the inputs, or clip the gradients with clip_norm."
            )
            what = str(error)
            if not what.endswith("."):
                what += "."  # an overflow ends with the numbers it happened at
            raise DivergedError(
                f"Training diverged {where}: {what}{'' if isinstance(error, StepError) else cure}",
                self.training.history,
            ) from error

    def _where(self, validating: bool) -> str:
        training, example = self.training, self.runner.example
        if validating:
            row = "" if example is None else f", at row {example} of them"
            return f"on the validation examples after epoch {training.epoch}{row}"
        row = "" if example is None else f", at row {self._rows[example]}"
        return f"in epoch {training.epoch}, step {training.step + 1} of {training.steps}{row}"

    def _report_unreached(self) -> None:
        """Warn of parameters that no example's loss depended on in the first epoch."""
        if self.optimizer.needs == "residuals":
            return
        names = [
            flat.label(self.optimizer.parameters, i)
            for i in np.flatnonzero(~self._reached).tolist()
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
        if self.callbacks:
            self._settle()
        for callback in self.callbacks:
            getattr(callback, hook)(self.training)


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


def _means_divergence(error: Exception) -> bool:
    """Tell numbers that went too far, as engine and optimisers report them, from mistakes in the user's code."""
    return isinstance(error, AutogradError) and isinstance(error, ArithmeticError | DomainError)


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
