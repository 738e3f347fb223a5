"""The loop of `fit`: epochs, steps, validation, and how a training ends."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from autograd import AutogradError, DomainError, PlaceError
from nn.data.examples import Examples
from nn.data.loading import DataLoader
from nn.draws import find_generators
from nn.interrupts import allow_interrupts, hold_interrupts, let_interrupts_through
from nn.metrics import Metric
from nn.module import Module
from nn.optim import flat
from nn.optim.optimizer import StepError
from nn.optim.optimizers import Optimizer
from nn.optim.scheduler import Scheduler
from nn.training.callbacks import HOOKS, Callback, Training
from nn.training.checks import mode
from nn.training.going_on import Standing, watched
from nn.training.history import History
from nn.training.measures import measure
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
        done: epochs that were finished before.
        standing: where the training stands that goes on, if one does.
        counted: how much each training example counts in the metrics, if not all count alike.
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
    done: int = 0
    standing: Standing | None = None
    counted: Array | None = None

    def __post_init__(self) -> None:
        self.training = Training(self.model, self.optimizer, self.epochs, len(self.batches), epoch=self.done)
        self.training.connect(self.runner, self._stand)
        self._called = {hook: [one for one in self.callbacks if one.has(hook)] for hook in HOOKS}
        self._stepwise = bool(self._called["on_step_end"])
        self._first = self.done + 1
        self._orders = [self.batches.random.bit_generator.state]  # of each epoch since the last one that was finished
        self._stride = 1 if self._stepwise else STEPS_AT_FIRST
        self._recording = PAUSE_SECONDS  # seconds that the row of an epoch takes
        self._at_once = 1  # epochs that are computed before their rows are written
        self._rows: Array = np.arange(len(self.examples.X))

    def run(self) -> History:
        """Train, and give the history."""
        try:
            with hold_interrupts():
                return self._train()
        finally:
            self.training.connect(None, None)  # which would hold each other

    def _train(self) -> History:
        training, history, standing = self.training, self.training.history, self.standing
        began = time.perf_counter()
        try:
            with self.progress, mode(self.model, training=True):
                self.progress.say(history.notes)
                self._notify("on_train_begin")
                if standing is not None:  # after the hook, in which callbacks begin from nothing
                    standing.restore(self.callbacks, self.batches.random, self.scheduler)
                    standing = None
                while not training.stop_reason:
                    self._epochs()
                    if training.epoch == training.epochs:
                        training.stop(
                            f"all {training.epochs} epochs are done" if training.epochs > 1 else "its epoch is done"
                        )
                let_interrupts_through()  # one that waits ends this training, though this was its last epoch
        except KeyboardInterrupt:
            training.interrupted = True
            done = f"after {training.step} of {training.steps} steps"
            training.stop_reason = f"interrupted from the keyboard in epoch {training.epoch}, {done}"
        except DivergedError:
            training.stop_reason = f"diverged in epoch {training.epoch}, step {training.step + 1} of {training.steps}"
            raise
        finally:
            self.runner.settle()
            history.stop_reason = training.stop_reason
            history.seconds += time.perf_counter() - began
            history.state = (standing or self._stand())._asdict()
        self._end()
        return history

    def _end(self) -> None:
        """Tell the callbacks that it is over; where they put other weights back, note those of the last epoch."""
        last = self.model.state_dict() if self._called["on_train_end"] else {}
        self._notify("on_train_end")
        now = self.model.state_dict() if last else {}
        if not all(np.array_equal(last[key], now[key]) for key in last):
            assert self.training.history.state is not None
            self.training.history.state["weights"] = last, now

    def _epochs(self) -> None:
        """Go over the training examples once; or several times in one go, where nobody looks on in between."""
        training, steps = self.training, self.training.steps
        first, count = training.epoch + 1, 1
        if self._unwatched and first > self._first:
            most = min(self._stride // steps, int(PAUSE_SECONDS / self._recording))
            count = max(1, min(training.epochs - training.epoch, most))
        self._at_once = count
        training.epoch, training.step = first, 0
        self._notify("on_epoch_begin")
        batches = self._draw_batches(count)
        rates = None if self.scheduler is None or count == 1 else self.scheduler.rates(count)
        losses: list[float] = []
        outputs: list[Array] = []
        try:
            while len(losses) < len(batches) and not training.stop_reason:
                training.epoch, training.step = first + len(losses) // steps, len(losses) % steps
                some = slice(len(losses), min(len(losses) + self._stride, len(batches)))
                taken = self._descend(
                    batches[some], rates and [rates[k // steps] for k in range(some.start, some.stop)]
                )
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
                place = training.epoch
                self._record_epochs(first, losses[: len(losses) // steps * steps], batches, outputs)
                training.epoch = place
            raise
        began = time.perf_counter()
        self._record_epochs(first, losses, batches, outputs)
        self._recording = (time.perf_counter() - began) / count or self._recording

    def _record_epochs(self, first: int, losses: list[float], batches: list[Array], outputs: list[Array]) -> None:
        """Write one row an epoch; the last epoch may have been stopped within."""
        steps, n = self.training.steps, len(self.examples.X)
        seen = np.concatenate(outputs) if outputs else None
        for k in range(-(-len(losses) // steps)):
            some = slice(k * steps, min((k + 1) * steps, len(losses)))
            self._record(first + k, losses[some], batches[some], None if seen is None else seen[k * n : (k + 1) * n])

    def _draw_batches(self, epochs: int) -> list[Array]:
        """Draw the batches of some epochs, and note where their generator stands at the end of each."""
        if not self.batches.shuffle:
            return list(self.batches) * epochs
        random = self.batches.random.bit_generator
        batches: list[Array] = []
        self._orders = [random.state]
        for _ in range(epochs):
            batches += self.batches
            self._orders.append(random.state)
        return batches

    def _descend(self, batches: list[Array], rates: list[float] | None) -> Steps:
        """Take some steps, for about a quarter of a second at most, but one at least."""
        self._rows = batches[0]
        if rates is not None:
            self.optimizer.lr = rates[0]
        began = time.perf_counter()
        with self._locate_errors():
            taken = self.runner.descend(
                Descent(self.optimizer, self.examples, batches, self.clip_norm, bool(self.metrics), rates)
            )
        if not self._stepwise:
            each = (time.perf_counter() - began) / len(taken.losses)
            most = MAX_EXAMPLES_AT_ONCE // self.batches.batch_size
            self._stride = max(1, min(2 * self._stride, int(PAUSE_SECONDS / each), most))
        return taken

    def _record(self, epoch: int, losses: list[float], batches: list[Array], outputs: Array | None) -> None:
        """Write an epoch's row into the history, look at the validation examples, and tell whoever looks on."""
        training = self.training
        training.epoch = epoch
        sizes = [len(rows) for rows in batches]
        row = {"loss": sum(loss * size for loss, size in zip(losses, sizes, strict=True)) / sum(sizes)}
        if outputs is not None:
            order = np.concatenate(batches)
            weights = None if self.counted is None else self.counted[order]
            with allow_interrupts() if self._at_once == 1 else nullcontext():
                row |= measure(self.metrics, outputs, self.examples.T[order], weights)
        if epoch == self._first:
            self._report_unreached()
        if self.validation is not None:
            row |= self._validate(self.validation)
        training.history.append(row)
        self.done = epoch
        self._orders = self._orders[1:] or self._orders
        self._notify("on_epoch_end")
        self.progress.epoch(training)
        if self.scheduler is not None:
            self.scheduler.step(watched(self.scheduler.schedule, row))

    @cached_property
    def _unwatched(self) -> bool:
        """Whether nothing needs to be asked or told between two epochs."""
        watched = any(self._called[hook] for hook in ("on_epoch_begin", "on_step_end", "on_epoch_end"))
        by_loss = self.scheduler is not None and self.scheduler.schedule.looks_at_losses
        # A generator that the model draws from as well gives it numbers between the orders of two epochs.
        shared = any(self.batches.random is each for each in find_generators(self.model))
        return not (watched or by_loss or shared) and self.validation is None

    def _validate(self, examples: Examples) -> dict[str, float]:
        with mode(self.model, training=False), self._locate_errors(validating=True), allow_interrupts():
            loss, outputs = self.runner.loss(*examples.arrays)
            found = measure(self.metrics, outputs, examples.T, examples.weights)
        return {"val_loss": loss} | {f"val_{name}": number for name, number in found.items()}

    @contextmanager
    def _locate_errors(self, *, validating: bool = False) -> Iterator[None]:
        """Note on an error where in the training it happened; one of arithmetic becomes a `DivergedError`."""
        try:
            yield
        except Exception as found:
            where = self._where(validating)
            error = self._ask_the_engine(validating) or found if _means_divergence(found) else found
            if not _means_divergence(error):
                error.add_note(f"This happened in fit, {where}.")
                if error is found:
                    raise
                raise error from found
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

    def _ask_the_engine(self, validating: bool) -> Exception | None:
        """Return what the model and the loss themselves say of the example where a program failed, if they say it."""
        example, eager = self.runner.example, self.runner.eager
        if example is None or eager is None:
            return None
        examples, row = (self.validation, example) if validating else (self.examples, self._rows[example])
        assert examples is not None
        try:
            eager.loss(*examples.rows(np.array([row])).arrays)
        except (ArithmeticError, ValueError) as error:
            return error
        return None

    def _where(self, validating: bool) -> str:
        training, example = self.training, self.runner.example
        if validating:
            row = "" if example is None else f", at row {example} of them"
            return f"on the validation examples after epoch {training.epoch}{row}"
        row = "" if example is None else f", at row {self.examples.number(self._rows[example])}"
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
                stacklevel=8,
            )

    def _notify(self, hook: str) -> None:
        called = self._called[hook]
        of_users = {id(one) for one in called if not vars(type(one)).get("only_watches", False)}
        if of_users:
            self.runner.settle()
        for callback in called:
            with allow_interrupts() if id(callback) in of_users else nullcontext():
                getattr(callback, hook)(self.training)
        if of_users and hook != "on_train_end":
            self.model.train()
            self.runner.refresh()

    def _stand(self) -> Standing:
        """Return where the training stands, after the last epoch that was finished."""
        schedule = None
        if self.scheduler is not None:
            stepped = self.scheduler.epoch == self.done or not self.training.history.rows
            row = None if stepped else self.training.row
            rule = self.scheduler.schedule
            schedule = self.scheduler.state_dict() if row is None else self.scheduler.state_after(watched(rule, row))
        remembered = [[type(one).__name__, one.state_dict()] for one in self.callbacks]
        steps = self.training.step if self.training.epoch > self.done else 0
        return Standing(self.done, self._orders[0], schedule, [each for each in remembered if each[1]], steps)


def _means_divergence(error: Exception) -> bool:
    """Whether an error reports numbers that went too far, and no mistake in the user's code."""
    if isinstance(error, PlaceError):  # an index is of the data
        return False
    return isinstance(error, AutogradError) and isinstance(error, ArithmeticError | DomainError)
