"""Keras' lines: what `fit`, `evaluate` and `predict` print, epoch by epoch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from nn.training.callbacks import Callback, Training

__all__ = ["Lines", "order", "read_verbosity", "report"]

BAR = "━" * 20
T = TypeVar("T")

SMALL = 1e-3  # below which a number is written with an exponent


def order(columns: Mapping[str, T]) -> dict[str, T]:
    """Return columns in Keras' order: by name, those of the validation after the others.

    >>> list(order({"loss": 1, "accuracy": 2, "val_loss": 3}))
    ['accuracy', 'loss', 'val_loss']
    """
    return {name: columns[name] for name in sorted(columns, key=lambda name: (name.startswith("val_"), name))}


def read_verbosity(verbose: str | int) -> int:
    """Return 0, 1 or 2.

    Raises:
        ValueError: it is something else.
    """
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose must be 'auto', 0, 1 or 2, not {verbose!r}.")
    return 1 if verbose == "auto" else int(verbose)


def _line(verbose: int, steps: int, seconds: float, numbers: Mapping[str, float]) -> str:
    each = f"{1000.0 * seconds / steps:.0f}ms/step"
    head = [f"{steps}/{steps} {BAR} {seconds:.0f}s {each}"] if verbose == 1 else [f"{steps}/{steps}", f"{seconds:.0f}s"]
    head += [each] if verbose == 2 else []
    return " - ".join([*head, *(f"{name}: {_short(number)}" for name, number in order(numbers).items())])


def _short(number: float) -> str:
    return f"{number:.4f}" if abs(number) > SMALL or not number else f"{number:.4e}"


class Lines(Callback):
    """Prints two lines an epoch, as Keras does: its number, and the loss and metrics.

    Args:
        verbose: ``"auto"``, 0, 1 or 2.

    Attributes:
        steps: how many steps an epoch had.
    """

    def __init__(self, verbose: str | int) -> None:
        self.verbose, self.steps = read_verbosity(verbose), 0
        self._began = time.perf_counter()

    def on_epoch_end(self, training: Training) -> None:
        """Print the epoch's lines."""
        now = time.perf_counter()
        seconds, self._began, self.steps = now - self._began, now, training.steps
        if self.verbose:
            print(f"Epoch {training.epoch}/{training.epochs}")
            print(_line(self.verbose, training.steps, seconds, training.row))


@contextmanager
def report(verbose: str | int, examples: int, batch_size: int) -> Iterator[dict[str, float]]:
    """Print a line at the end, with the numbers that were put into the dictionary."""
    chosen, began, numbers = read_verbosity(verbose), time.perf_counter(), dict[str, float]()
    yield numbers
    if chosen:
        print(_line(chosen, -(-examples // batch_size), time.perf_counter() - began, numbers))
