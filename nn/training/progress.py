"""Progress of a training on the terminal: lines for some epochs, and a bar with the time left."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from nn.training.callbacks import Training

__all__ = ["Progress", "duration"]

EPOCHS_PRINTED_FIRST = 3  # epochs that are all printed
EPOCHS_PRINTED_THEN = 10  # of the rest, about so many are printed
SECONDS_BETWEEN_UPDATES = 0.1  # seconds between two updates of the bar


class Progress:
    """A context that reports a training while it runs.

    Args:
        mode: ``"auto"`` reports on a terminal only; True everywhere, without the bar where there is no
            terminal; False nowhere.
        epochs: how many epochs were asked for.
        steps: steps an epoch.
        console: where to print; the standard output unless given.

    Raises:
        ValueError: the mode is unknown.
    """

    def __init__(self, mode: bool | str, epochs: int, steps: int, console: Console | None = None) -> None:
        if mode not in ("auto", True, False):
            raise ValueError(
                f'progress must be "auto", True or False, not {mode!r}: "auto" reports on a terminal only.'
            )
        self.epochs, self.steps = epochs, steps
        self._bar: Any = None
        self._console: Console | None = None
        self._began = self._shown = time.perf_counter()
        if mode is False:
            return
        from rich.console import Console as RichConsole

        console = console or RichConsole()
        if console.is_terminal:
            self._bar = self._make_bar(console)
        if console.is_terminal or mode is True:
            self._console = console

    def _make_bar(self, console: Console) -> Any:
        from rich import progress

        return progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.TextColumn("{task.fields[numbers]}"),
            progress.TimeElapsedColumn(),
            progress.TextColumn("left"),
            progress.TimeRemainingColumn(),
            console=console,
        )

    @property
    def silent(self) -> bool:
        """Whether it reports nothing."""
        return self._console is None

    def __enter__(self) -> Progress:
        self._began = time.perf_counter()
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("epoch", total=self.epochs * self.steps, numbers="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, notes: Iterable[str]) -> None:
        """Print what may surprise about the settings."""
        if self._console is not None:
            for note in notes:
                self._console.print(f"Note: {note}.", highlight=False, markup=False, soft_wrap=True)

    def step(self, training: Training) -> None:
        """Move the bar after a step, at most ten times a second."""
        now = time.perf_counter()
        if self._bar is None or now - self._shown < SECONDS_BETWEEN_UPDATES:
            return
        self._shown = now
        done = (training.epoch - 1) * self.steps + training.step
        self._bar.update(
            self._task,
            completed=done,
            description=f"epoch {training.epoch}/{self.epochs}",
            numbers=f"loss {training.loss:.4g}",
        )

    def epoch(self, training: Training) -> None:
        """Print the epoch's numbers, if it is one of those that are printed, and move the bar."""
        if self._console is None:
            return
        epoch = training.epoch
        numbers = "   ".join(f"{name} {number:.4g}" for name, number in training.row.items())
        if self._bar is not None:
            self._bar.update(
                self._task, completed=epoch * self.steps, description=f"epoch {epoch}/{self.epochs}", numbers=numbers
            )
        every = max(1, self.epochs // EPOCHS_PRINTED_THEN)
        if epoch <= EPOCHS_PRINTED_FIRST or epoch % every == 0 or epoch == self.epochs or training.stop_reason:
            seconds = time.perf_counter() - self._began
            times = f"{duration(seconds)}, {duration(seconds / epoch * (self.epochs - epoch))} left"
            line = f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs}   {numbers}   {times}"
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def duration(seconds: float) -> str:
    """Write a time for people: ``8.5 s``, ``1 min 05 s``, ``2 h 30 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
