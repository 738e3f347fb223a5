"""The confusion matrix: how often each class was taken for each, and what follows from it for each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.metrics.tables import read_classes, weigh_rows

__all__ = ["ConfusionMatrix", "confusion_matrix", "tally"]


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """How often each class was taken for each: it prints as a table, and NumPy reads it as an array.

    Attributes:
        counts: (k, k); the row is the true class, the column the predicted one.
        labels: names of the classes.
    """

    counts: NDArray[Any]
    labels: tuple[str, ...]

    @property
    def precision(self) -> NDArray[np.float64]:
        """Of each class, the examples rightly taken for it over all that were; 0 where none was."""
        return _ratio(np.diag(self.counts), self.counts.sum(axis=0))

    @property
    def recall(self) -> NDArray[np.float64]:
        """Of each class, the examples rightly taken for it over all that belong to it; 0 where none does."""
        return _ratio(np.diag(self.counts), self.counts.sum(axis=1))

    @property
    def f1(self) -> NDArray[np.float64]:
        """Of each class, the harmonic mean of precision and recall."""
        return _ratio(2.0 * np.diag(self.counts), self.counts.sum(axis=0) + self.counts.sum(axis=1))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.counts, dtype=dtype)

    def __str__(self) -> str:
        """Write the table, with a dot for each zero off the diagonal."""
        cells = [["true / predicted", *self.labels]]
        for row, label in enumerate(self.labels):
            counts = self.counts[row].tolist()
            cells.append([label, *(str(c) if c or row == column else "·" for column, c in enumerate(counts))])
        widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
        return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) for line in cells)

    def __repr__(self) -> str:
        return str(self)


def confusion_matrix(
    predictions: ArrayLike, targets: ArrayLike, labels: Sequence[str] | None = None, threshold: float = 0.5
) -> ConfusionMatrix:
    """Count how often each class was taken for each.

    Args:
        predictions: read as in `accuracy`.
        targets: read as in `accuracy`.
        labels: names of the classes from 0; also tells how many there are. Otherwise there are as many as columns, two
            for a single column of scores, and up to the largest class that occurs for ints.
        threshold: as in `accuracy`.

    Raises:
        ValueError: there are more classes than `labels`, or as in `accuracy`.

    Example:
        >>> print(confusion_matrix([[0.9], [0.2], [0.6]], [1, 0, 0], labels=["ham", "spam"]))
        true / predicted  ham  spam
                     ham    1     1
                    spam    ·     1
    """
    found = tally("confusion_matrix", predictions, targets, threshold)
    count = len(found.counts)
    if labels is None:
        return found
    if len(labels) < count:
        raise ValueError(f"confusion_matrix found {count} classes but was given {len(labels)} labels.")
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    counts[:count, :count] = found.counts
    return ConfusionMatrix(counts, tuple(map(str, labels)))


def tally(
    metric: str,
    predictions: ArrayLike,
    targets: ArrayLike,
    threshold: float,
    sample_weight: ArrayLike | None = None,
    least: int = 0,
) -> ConfusionMatrix:
    """Count how often each class was taken for each, for a metric that errors name; with weights add these.

    There are at least so many classes.
    """
    predicted, true, count = read_classes(metric, predictions, targets, threshold)
    count = max(count, least)
    weights = None if sample_weight is None else weigh_rows(metric, len(true), sample_weight)
    counts = np.zeros((count, count), dtype=np.int64 if weights is None else np.float64)
    np.add.at(counts, (true, predicted), 1 if weights is None else weights)
    return ConfusionMatrix(counts, tuple(map(str, range(count))))


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0), dtype=np.float64)
