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
from nn.module import Module
from nn.optim import flat
from nn.optim.optimizer import StepError
from nn.optim.optimizers import Optimizer
from nn.optim.schedules import Scheduler
from nn.training.callbacks import Callback, Training
from nn.training.checks import mode
from nn.training.history import History
from nn.training.progress import Progress
from nn.training.runner import Array, Descent, Runner, Steps

__all__ = ["DivergedError", "Loop"]

PAUSE_SECONDS = 0.25  # how long steps in one go may keep Ctrl-C and the progress bar waiting
STEPS_AT_FIRST = 64  # that are taken in one go, before it is known how long they take
MAX_EXAMPLES_AT_ONCE = 2**16  # in the steps of one go, whose outputs are held until its end
MAX_NAMES = 5  # parameters beyond these are counted


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
        self._stepwise = any(
            getattr(one.on_step_end, "__func__", None) is not Callback.on_step_end for one in self.callbacks
        )
        self._stride = 1 if self._stepwise else STEPS_AT_FIRST
        self._rows: Array = np.arange(len(self.examples.X))

    def run(self) -> History:
        """Train, and give the history."""
        training, history = self.training, self.training.history
        began = time.perf_counter()
        try:
            with self.progress, mode(self.model, training=True):
                self.progress.say(history.notes)
                self._notify("on_train_begin")
                while not training.stop_reason:
                    self._epochs()
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
            self.runner.settle()
            history.stop_reason, history.seconds = training.stop_reason, time.perf_counter() - began
        self._notify("on_train_end")
        return history

    def _epochs(self) -> None:
        """Go over the training examples once; or several times in one go, where nobody looks on in between."""
        training, steps = self.training, self.training.steps
        first, count = training.epoch + 1, 1
        if self._unwatched and training.epoch:
            count = max(1, min(training.epochs - training.epoch, self._stride // steps))
        training.epoch, training.step = first, 0
        self.model.train()
        self._notify("on_epoch_begin")
        batches = [rows for _ in range(count) for rows in self.batches]
        losses: list[float] = []
        outputs: list[Array] = []
        try:
            while len(losses) < len(batches) and not training.stop_reason:
                training.epoch, training.step = first + len(losses) // steps, len(losses) % steps
                taken = self._descend(batches[len(losses) : len(losses) + self._stride])
                losses += taken.losses
                if taken.outputs is not None:
                    outputs.append(taken.outputs)
                training.epoch, training.step = first + (len(losses) - 1) // steps, (len(losses) - 1) % steps + 1
                training.loss = losses[-1]
                if steps == 1 and getattr(self.optimizer, "stalled", False):
                    training.stop("the optimiser found no lower point, so the weights are at a minimum")
                if self._stepwise:
                    self._notify("on_step_end")
                self.progress.step(training)
        except BaseException:
            if count > 1:  # the epochs that were finished before stand in the history
                self._record_epochs(first, losses[: len(losses) // steps * steps], batches, outputs)
            raise
        self._record_epochs(first, losses, batches, outputs)

    def _record_epochs(self, first: int, losses: list[float], batches: list[Array], outputs: list[Array]) -> None:
        """Write one row an epoch; the last epoch may have been stopped within."""
        steps, n = self.training.steps, len(self.examples.X)
        seen = np.concatenate(outputs) if outputs else None
        for k in range(-(-len(losses) // steps)):
            some = slice(k * steps, min((k + 1) * steps, len(losses)))
            self._record(first + k, losses[some], batches[some], None if seen is None else seen[k * n : (k + 1) * n])

    def _descend(self, batches: list[Array]) -> Steps:
        """Take some steps, for about a quarter of a second at most, but one at least."""
        self._rows = batches[0]
        began = time.perf_counter()
        with self._locate_errors():
            taken = self.runner.descend(
                Descent(self.optimizer, self.examples, batches, self.clip_norm, with_outputs=bool(self.metrics))
            )
        if not self._stepwise:
            each = (time.perf_counter() - began) / len(taken.losses)
            most = MAX_EXAMPLES_AT_ONCE // self.batches.batch_size
            self._stride = max(1, min(2 * self._stride, int(PAUSE_SECONDS / each), most))
        return taken

    def _record(self, epoch: int, losses: list[float], batches: list[Array], outputs: Array | None) -> None:
        """Write an epoch's row into the history, look at the validation examples, and tell whoever looks on."""
        training = self.training
        sizes = [len(rows) for rows in batches]
        row = {"loss": sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)}
        if outputs is not None:
            targets = self.examples.T[np.concatenate(batches)]
            row |= {name: float(measure(outputs, targets)) for name, measure in self.metrics.items()}
        if epoch == 1:
            self._report_unreached()
        if self.validation is not None:
            row |= self._validate(self.validation)
        training.history.append(row)
        self._notify("on_epoch_end")
        self.progress.epoch(training)
        if self.scheduler is not None:
            self.scheduler.step(row.get("val_loss", row["loss"]))

    @property
    def _unwatched(self) -> bool:
        """Whether nothing needs to be asked or told between two epochs."""
        return not self.callbacks and self.validation is None and self.scheduler is None and self.progress.silent

    def _validate(self, examples: Examples) -> dict[str, float]:
        with mode(self.model, training=False), self._locate_errors(validating=True):
            loss, outputs = self.runner.loss(*examples)
        return {"val_loss": loss} | {f"val_{name}": float(f(outputs, examples.T)) for name, f in self.metrics.items()}

    @contextmanager
    def _locate_errors(self, *, validating: bool = False) -> Iterator[None]:
        """Note on an error where in the training it happened; one of arithmetic becomes a `DivergedError`."""
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
            for i in np.flatnonzero(~self.runner.reached).tolist()
            if self.optimizer.parameters[i].requires_grad
        ]
        if names:
            shown = ", ".join(names[:MAX_NAMES])
            more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
            warnings.warn(
                f"The loss does not depend on {shown}{more}: no example of the first epoch reached "
                f"{'it' if len(names) == 1 else 'them'}. The gradient is treated as zero. Connect what is meant to be "
                "trained to the outputs, and freeze() the rest.",
                stacklevel=7,
            )

    def _notify(self, hook: str) -> None:
        if self.callbacks:
            self.runner.settle()
        for callback in self.callbacks:
            getattr(callback, hook)(self.training)


def _means_divergence(error: Exception) -> bool:
    """Whether an error reports numbers that went too far, and no mistake in the user's code."""
    return isinstance(error, AutogradError) and isinstance(error, ArithmeticError | DomainError)
