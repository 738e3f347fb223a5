"""History: what a training recorded, one row an epoch.

It is read like a dictionary of columns, prints as a table, and turns into plots and arrays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["History"]

EPOCHS_AT_EACH_END = 3  # epochs that the printed table shows at its start, and at its end
MIN_COLUMN_WIDTH = 12  # characters
CURVE_WIDTH, CURVE_HEIGHT = 200, 60  # pixels of a curve in a notebook


class History(Mapping[str, list[float]]):
    """What `fit` recorded, column by column: ``history["loss"]`` has one number an epoch.

    The loss and the metrics of an epoch are means over its examples, taken while the weights were moving, as
    Keras reports them; those whose name starts with ``val_`` are of the validation examples after the epoch.

    Attributes:
        rows: one dictionary an epoch. A callback may add its own numbers to the last one.
        stop_reason: why the training ended, in words; empty while it runs.
        seconds: how long it took.
        notes: what may surprise about the settings, in words.
        state: where the training stands, so that ``fit(…, training=history)`` can go on; None if no `fit` gave it.

    Example:
        >>> history = History()
        >>> history.append({"loss": 0.5, "mae": 0.6})
        >>> history.append({"loss": 0.25, "mae": 0.4})
        >>> history["loss"], history.best("mae")
        ([0.5, 0.25], (2, 0.4))
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.stop_reason = ""
        self.seconds = 0.0
        self.notes: list[str] = []
        self.state: dict[str, Any] | None = None

    def append(self, row: dict[str, float]) -> None:
        """Add the row of the next epoch."""
        self.rows.append(row)

    def go_on(self) -> History:
        """Make a history that begins with what this one recorded."""
        later = History()
        later.rows, later.seconds = [dict(row) for row in self.rows], self.seconds
        return later

    @property
    def epochs(self) -> int:
        """How many epochs were finished."""
        return len(self.rows)

    @property
    def names(self) -> list[str]:
        """The columns, in the order in which they first appeared."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def __getitem__(self, name: str) -> list[float]:
        """Return one number an epoch; NaN for epochs that did not record it.

        Raises:
            KeyError: there is no such column; the message lists those there are.
        """
        if name not in self.names:
            known = ", ".join(self.names) or "none, as no epoch was finished"
            raise KeyError(f"The history has no column {name!r}. Columns: {known}.")
        return [row.get(name, math.nan) for row in self.rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def best(self, name: str = "loss", *, largest: bool = False) -> tuple[int, float]:
        """Find the epoch (from 1) with the smallest number in a column, and that number.

        Args:
            name: the column.
            largest: look for the largest instead, as for an accuracy.

        Raises:
            KeyError: there is no such column.
            ValueError: the column holds no finite number.
        """
        column = self[name]
        finite = [index for index, number in enumerate(column) if math.isfinite(number)]
        if not finite:
            raise ValueError(f"Column {name!r} of the history holds no finite number, so none is the best.")
        index = (max if largest else min)(finite, key=lambda i: (column[i], i if not largest else -i))
        return index + 1, column[index]

    def to_dict(self) -> dict[str, list[float]]:
        """Return the columns as a plain dictionary of lists, which JSON and pandas take as it is."""
        return {name: self[name] for name in self.names}

    def to_numpy(self) -> NDArray[Any]:
        """Return the table as a structured array of shape (epochs,), whose fields are ``epoch`` and the columns."""
        table = np.empty(self.epochs, dtype=[("epoch", np.int64), *((name, np.float64) for name in self.names)])
        table["epoch"] = np.arange(1, self.epochs + 1)
        for name in self.names:
            table[name] = self[name]
        return table

    def plot(
        self, what: str | Sequence[str] | None = None, *, scale: str | Sequence[str] = "linear", ax: Axes | None = None
    ) -> Figure:
        """Plot quantities over the epochs; those of the validation examples lie in the same panel.

        Args:
            what: one column or several, such as ``"loss"`` or ``["loss", "mae"]``; all of them unless given.
            scale: ``"linear"``; ``"log"``; ``"change"``, the difference to the epoch before; or several of
                them, each in a panel of its own (the plots of lecture L1.7).
            ax: the axes to draw on, if there is only one panel.

        Returns:
            the figure; nothing is shown on the screen.

        Raises:
            KeyError: there is no such column.
            ValueError: no epoch was finished, or a scale is unknown.
        """
        from nn.plots import history

        return history(self, what, scale=scale, ax=ax)

    @property
    def summary(self) -> str:
        """How many epochs it took, and why they ended, in one sentence."""
        count = f"{self.epochs} epoch{'s' * (self.epochs != 1)} in {self.seconds:.3g} s"
        return f"{count}; {self.stop_reason}." if self.stop_reason else f"{count}."

    def __str__(self) -> str:
        last = self.epochs - 1
        shown = [
            i for i in range(self.epochs) if i < EPOCHS_AT_EACH_END or i == last // 2 or last - i < EPOCHS_AT_EACH_END
        ]
        cells = {name: [_short(self.rows[i].get(name)) for i in shown] for name in self.names}
        widths = {
            name: max([MIN_COLUMN_WIDTH, *(len(cell) + 2 for cell in [name, *column])])
            for name, column in cells.items()
        }
        lines = ["epoch" + "".join(f"{name:>{width}}" for name, width in widths.items())] if self.rows else []
        for place, (before, index) in enumerate(zip([-1, *shown], shown, strict=False)):
            if index > before + 1:
                lines.append("    …")
            numbers = (f"{cells[name][place]:>{width}}" for name, width in widths.items())
            lines.append(f"{index + 1:>5}" + "".join(numbers))
        text = "\n".join([*lines, self.summary, *(f"Note: {note}." for note in self.notes)])
        return _written(text)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        curves = "".join(
            f"<figure>{_curve(self[name])}<figcaption>{escape(_written(name))}</figcaption></figure>" for name in self
        )
        table = f'<pre style="font-family: monospace">{escape(str(self))}</pre>'
        return f'<div style="display: flex; flex-wrap: wrap">{curves}</div>{table}'


def _written(text: str) -> str:
    """Write out what no terminal takes, which a metric's name may hold."""
    return text.encode("utf-8", "backslashreplace").decode()


def _curve(column: Sequence[float]) -> str:
    """Draw one column over the epochs as SVG, in the colour of the text; an epoch without a finite number is a gap."""
    finite = [number for number in column if math.isfinite(number)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    unit = max(abs(low), abs(high)) or 1.0  # so that the difference of two large numbers is no infinity
    span = high / unit - low / unit
    path, pen = [], "M"
    for index, number in enumerate(column):
        if not math.isfinite(number):
            pen = "M"
            continue
        x = 4 + CURVE_WIDTH * index / max(len(column) - 1, 1)
        share = (number / unit - low / unit) / span if span else 0.5
        path.append(f"{pen}{x:.1f} {4 + CURVE_HEIGHT * (1 - share):.1f}")
        pen = "L"
    # each point is drawn by a round cap, also one that stands alone
    drawn = " ".join(f"{step}h0" if step[0] == "M" else step for step in path)
    return (
        f'<svg width="{CURVE_WIDTH + 8}" height="{CURVE_HEIGHT + 8}" role="img" '
        f'aria-label="from {_short(column[0])} to {_short(column[-1])}"><path d="{drawn}" fill="none" '
        'stroke="currentColor" stroke-width="2" stroke-linecap="round"/></svg>'
    )


def _short(number: float | None) -> str:
    return "—" if number is None else f"{number:.5g}".replace("-", "−")
