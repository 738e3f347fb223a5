"""What metrics are given, read: tables of numbers, classes, and how much each row counts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.arrays import check_given
from nn.data.weights import read_weights

__all__ = ["Table", "average", "read_classes", "read_pair", "read_table", "weigh_rows"]

Table = NDArray[Any]


def weigh_rows(metric: str, n: int, given: ArrayLike | None) -> NDArray[np.float64]:
    """Return how much each of n rows counts: as is given, or 1."""
    weights = read_weights(given, n=n, name=f"{metric}: sample_weight")
    return np.ones(n) if weights is None else weights


def average(metric: str, table: Table, sample_weight: ArrayLike | None) -> float:
    """Average over rows, which may be weighted, and columns."""
    if sample_weight is None:
        return float(np.mean(table))
    return float(np.average(table.mean(axis=1), weights=weigh_rows(metric, len(table), sample_weight)))


def read_table(metric: str, role: str, given: ArrayLike) -> Table:
    """Read predictions or targets into a table of one row an example.

    Raises:
        ValueError: they are no array of numbers, or empty.
    """
    check_given(given, role)
    array = np.asarray(given)
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        raise ValueError(
            f"{metric}: {role} must be an array (n,) or (n, k) of numbers, not {array.dtype} {array.shape}."
        )
    if not array.size:
        raise ValueError(f"{metric} needs at least one example; {role} have shape {array.shape}.")
    return array.reshape(len(array), -1)


def read_pair(metric: str, predictions: ArrayLike, targets: ArrayLike) -> tuple[Table, Table]:
    """Read predictions and targets of one shape into tables of floats.

    Raises:
        ValueError: their shapes differ, or as in `read_table`.
    """
    p, t = read_table(metric, "predictions", predictions), read_table(metric, "targets", targets)
    if p.shape != t.shape:
        raise ValueError(
            f"{metric}: predictions have shape {np.shape(predictions)} and targets {np.shape(targets)}, which must "
            "match."
        )
    return p.astype(np.float64), t.astype(np.float64)


def read_classes(
    metric: str, predictions: ArrayLike, targets: ArrayLike, threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Read the predicted and the true class of each example, and how many classes there are."""
    p, t = read_table(metric, "predictions", predictions), read_table(metric, "targets", targets)
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
    return predicted, classes, count or max(2, int(max(predicted.max(), classes.max())) + 1)


def _check_whole(metric: str, role: str, classes: Table, count: int | None) -> None:
    bad = (classes < 0) | (classes != np.floor(classes)) | ~np.isfinite(classes)
    if count is not None:
        bad |= classes >= count
    for row in np.flatnonzero(bad)[:1]:
        wanted = "from 0" if count is None else f"from 0 to {count - 1}"
        raise ValueError(
            f"{metric}: the {role} in row {row} is {classes[row]:g}, but a class is a whole number {wanted}."
        )
