"""Metrics: how good predictions are, as one float for a whole set of examples.

Predictions and targets are arrays (n, k) or (n,), which means k = 1; a column and a flat array are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.arrays import check_mask

__all__ = [
    "METRICS",
    "ConfusionMatrix",
    "Metric",
    "accuracy",
    "accuracy_with_logits",
    "confusion_matrix",
    "iou",
    "iou_with_logits",
    "mae",
    "mse",
    "r2",
]

Metric = Callable[[ArrayLike, ArrayLike], float]
Table = NDArray[Any]


def mse(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Average the squared errors over all rows and columns.

    Args:
        predictions: (n, k) or (n,).
        targets: as many.
        sample_weight: how much each row counts, (n,); all alike unless given.

    Raises:
        ValueError: the shapes do not match, there are no rows, or the weights are all 0.

    Example:
        >>> mse([[1.0], [5.0]], [0.0, 2.0])
        5.0
    """
    p, t = _pair("mse", predictions, targets)
    return _average("mse", (p - t) ** 2, sample_weight)


def mae(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Average the absolute errors over all rows and columns (lecture L1.8).

    Args and Raises as in `mse`.

    Example:
        >>> mae([[1.0], [5.0]], [0.0, 2.0])
        2.0
    """
    p, t = _pair("mae", predictions, targets)
    return _average("mae", np.abs(p - t), sample_weight)


def r2(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Measure the explained part of the variance, ``1 − Σ(t − p)² / Σ(t − t̄)²``, averaged over the columns.

    1 is perfect, 0 is as good as the mean, and there is no lower bound. Where a column's targets are all equal it
    counts as 1 if the predictions are exact and as 0 if not, as in scikit-learn.

    Args:
        predictions: (n, k) or (n,).
        targets: as many.
        sample_weight: how much each row counts in the sums and in the mean t̄, (n,); all alike unless given.

    Returns:
        the score; NaN for a single row, which has no variance.

    Raises:
        ValueError: the shapes do not match, or there are no rows.

    Example:
        >>> r2([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])
        0.5
    """
    p, t = _pair("r2", predictions, targets)
    if len(t) < 2:
        return float("nan")
    weights = _weights("r2", len(t), sample_weight)
    residual = weights @ (t - p) ** 2
    spread = weights @ (t - np.average(t, axis=0, weights=weights)) ** 2
    flat = (t == t[0]).all(axis=0)
    scores = np.where(flat, residual == 0.0, 1.0 - residual / np.where(flat, 1.0, spread))
    return float(np.mean(scores))


def accuracy(
    predictions: ArrayLike, targets: ArrayLike, threshold: float = 0.5, sample_weight: ArrayLike | None = None
) -> float:
    """Count which part of the examples is classified rightly.

    How a prediction is read does not depend on the numbers in it:

    - several columns: one score a class, and the largest (the first of equal ones) is the class;
    - one column of floats: a score for the class 1, chosen where it is above `threshold`. 0.5 is right for
      probabilities; scores without a sigmoid need 0 (`accuracy_with_logits`, also for targets −1 and 1);
    - one column of ints or bools: the class itself.

    A target is a class (a whole number; −1 counts as 0 beside scores), or with several columns a distribution, of
    which the largest entry is the class.

    Args:
        predictions: (n, k) or (n,).
        targets: (n,), (n, 1) or (n, k).
        threshold: above which a single score means class 1.
        sample_weight: how much each example counts, (n,); all alike unless given.

    Raises:
        ValueError: the rows do not match, there are none, a prediction is NaN, or a target is no class that the
            predictions can give.

    Example:
        >>> accuracy([[0.9], [0.2], [0.6]], [1, 0, 0])
        0.6666666666666666
        >>> accuracy([[2.0, 0.1, -1.0], [0.0, 0.5, 0.4]], [0, 2])
        0.5
    """
    predicted, true, _ = _classes("accuracy", predictions, targets, threshold)
    return _average("accuracy", (predicted == true)[:, None], sample_weight)


def accuracy_with_logits(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Count which part is classified rightly by scores without a sigmoid: `accuracy` with the threshold 0.

    For models trained with `bce_with_logits` or `hinge`. Several columns are read as in `accuracy`.

    Example:
        >>> accuracy_with_logits([[0.3], [-2.0]], [1, -1])
        1.0
    """
    return accuracy(predictions, targets, 0.0, sample_weight)


def iou(
    predictions: ArrayLike, targets: ArrayLike, threshold: float = 0.5, sample_weight: ArrayLike | None = None
) -> float:
    """Divide intersection by union: of all points that are predicted or true, the share that is both (Jaccard 1901).

    The metric of segmentation, over all points of all pictures together. 1 if nothing is predicted and nothing true.

    Args:
        predictions: (n, …), a score for each point, which is predicted above `threshold`.
        targets: 0 or 1 for each point, in the same shape.
        threshold: 0.5 is right for probabilities; scores without a sigmoid need 0 (`iou_with_logits`).
        sample_weight: how much the points of each row count, (n,); all alike unless given.

    Raises:
        ValueError: the shapes do not match, there are no rows, a prediction is NaN, or a target is neither 0 nor 1.

    Example:
        >>> iou([[0.9, 0.8, 0.1]], [[1, 0, 1]])
        0.3333333333333333
    """
    p, t = _pair("iou", predictions, targets)
    for row, column in np.argwhere(np.isnan(p))[:1]:
        raise ValueError(f"iou: the prediction in row {row}, column {column} is NaN.")
    for row, column in np.argwhere((t != 0.0) & (t != 1.0))[:1]:
        raise ValueError(f"iou: the target in row {row}, column {column} is {t[row, column]:g}, but must be 0 or 1.")
    chosen, true = p > threshold, t == 1.0
    weights = _weights("iou", len(t), sample_weight)
    union = (weights @ (chosen | true)).sum()
    return float((weights @ (chosen & true)).sum() / union) if union else 1.0


def iou_with_logits(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Divide intersection by union for scores without a sigmoid: `iou` with the threshold 0.

    Example:
        >>> iou_with_logits([[2.0, -0.1]], [[1, 1]])
        0.5
    """
    return iou(predictions, targets, 0.0, sample_weight)


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """How often each class was taken for each: it prints as a table, and NumPy reads it as an array.

    Attributes:
        counts: (k, k); the row is the true class, the column the predicted one.
        labels: names of the classes.
    """

    counts: NDArray[np.int64]
    labels: tuple[str, ...]

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
    predicted, true, count = _classes("confusion_matrix", predictions, targets, threshold)
    if labels is not None and len(labels) < count:
        raise ValueError(f"confusion_matrix found {count} classes but was given {len(labels)} labels.")
    names = tuple(map(str, labels)) if labels is not None else tuple(map(str, range(count)))
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (true, predicted), 1)
    return ConfusionMatrix(counts, names)


#: Every metric by the name that `fit` takes.
METRICS: dict[str, Metric] = {
    "mae": mae,
    "mse": mse,
    "r2": r2,
    "accuracy": accuracy,
    "accuracy_with_logits": accuracy_with_logits,
    "iou": iou,
    "iou_with_logits": iou_with_logits,
}


def _weights(metric: str, n: int, given: ArrayLike | None) -> NDArray[np.float64]:
    """Read how much each of n rows counts."""
    weights = np.ones(n) if given is None else np.asarray(given, dtype=np.float64).reshape(-1)
    if len(weights) != n or not (np.isfinite(weights) & (weights >= 0.0)).all() or not weights.any():
        raise ValueError(
            f"{metric}: sample_weight must be {n} finite numbers from 0, one for each row, and not all of them 0."
        )
    return weights


def _average(metric: str, table: Table, sample_weight: ArrayLike | None) -> float:
    """Average over rows, which may be weighted, and columns."""
    if sample_weight is None:
        return float(np.mean(table))
    return float(np.average(table.mean(axis=1), weights=_weights(metric, len(table), sample_weight)))


def _table(metric: str, role: str, given: ArrayLike) -> Table:
    check_mask(given, role)
    array = np.asarray(given)
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        raise ValueError(
            f"{metric}: {role} must be an array (n,) or (n, k) of numbers, not {array.dtype} {array.shape}."
        )
    if not array.size:
        raise ValueError(f"{metric} needs at least one example; {role} have shape {array.shape}.")
    return array.reshape(len(array), -1)


def _pair(metric: str, predictions: ArrayLike, targets: ArrayLike) -> tuple[Table, Table]:
    p, t = _table(metric, "predictions", predictions), _table(metric, "targets", targets)
    if p.shape != t.shape:
        raise ValueError(
            f"{metric}: predictions have shape {np.shape(predictions)} and targets {np.shape(targets)}, which must "
            "match."
        )
    return p.astype(np.float64), t.astype(np.float64)


def _classes(
    metric: str, predictions: ArrayLike, targets: ArrayLike, threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Read the predicted and the true class of each example, and how many classes there are."""
    p, t = _table(metric, "predictions", predictions), _table(metric, "targets", targets)
    if len(p) != len(t) or (t.shape[1] > 1 and t.shape != p.shape):
        raise ValueError(
            f"{metric}: predictions have shape {np.shape(predictions)} and targets {np.shape(targets)}: give each "
            "example a class, or as many numbers as predictions."
        )
    if np.ndim(predictions) > 2:
        raise ValueError(
            f"{metric}: predictions of shape {np.shape(predictions)} do not say which axis the classes are on. Reshape "
            "them to (n, classes), or (n, 1) for one score each."
        )
    for row, column in np.argwhere(np.isnan(p))[:1]:
        raise ValueError(f"{metric}: the prediction in row {row}, column {column} is NaN.")
    labelled = p.shape[1] == 1 and p.dtype.kind in "biu"
    true = np.argmax(t, axis=1) if t.shape[1] > 1 else t[:, 0]
    if labelled:
        predicted: Table = p[:, 0].astype(np.int64)
        _check_whole(metric, "prediction", predicted, None)
    elif p.shape[1] == 1:
        if threshold > 0 and (true == -1).any():
            raise ValueError(
                f"{metric}: targets of −1 belong to scores around 0, but a prediction counts as 1 above {threshold:g}. "
                "Use threshold=0 (accuracy_with_logits), or targets 0 and 1."
            )
        predicted = (p[:, 0] > threshold).astype(np.int64)
        true = np.where(true == -1, 0, true)
    else:
        predicted = np.argmax(p, axis=1)
    count = None if labelled else max(2, p.shape[1])
    _check_whole(metric, "target", true, count)
    classes = true.astype(np.int64)
    return predicted, classes, count or int(max(predicted.max(), classes.max())) + 1


def _check_whole(metric: str, role: str, classes: Table, count: int | None) -> None:
    bad = (classes < 0) | (classes != np.floor(classes)) | ~np.isfinite(classes)
    if count is not None:
        bad |= classes >= count
    for row in np.flatnonzero(bad)[:1]:
        wanted = "from 0" if count is None else f"from 0 to {count - 1}"
        raise ValueError(
            f"{metric}: the {role} in row {row} is {classes[row]:g}, but a class is a whole number {wanted}."
        )
