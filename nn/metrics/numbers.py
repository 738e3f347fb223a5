"""Metrics of numbers: how far predictions are from their targets."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nn.metrics.tables import average, read_pair, weigh_rows

__all__ = ["mae", "mse", "r2"]


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
    p, t = read_pair("mse", predictions, targets)
    return average("mse", (p - t) ** 2, sample_weight)


def mae(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Average the absolute errors over all rows and columns (lecture L1.8).

    Args and Raises as in `mse`.

    Example:
        >>> mae([[1.0], [5.0]], [0.0, 2.0])
        2.0
    """
    p, t = read_pair("mae", predictions, targets)
    return average("mae", np.abs(p - t), sample_weight)


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
    p, t = read_pair("r2", predictions, targets)
    if len(t) < 2:
        return float("nan")
    exponent = np.frexp(np.maximum(np.abs(p), np.abs(t)).max(axis=0))[1]
    p, t = np.ldexp(p, -exponent), np.ldexp(t, -exponent)  # exactly, and no square overflows
    weights = weigh_rows("r2", len(t), sample_weight)
    counted = weights > 0.0
    p, t, weights = p[counted], t[counted], weights[counted]
    residual = weights @ (t - p) ** 2
    spread = weights @ (t - np.average(t, axis=0, weights=weights)) ** 2
    flat = (t == t[0]).all(axis=0)
    scores = np.where(flat, residual == 0.0, 1.0 - residual / np.where(flat, 1.0, spread))
    return float(np.mean(scores))
