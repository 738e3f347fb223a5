"""Preparing data: standardising columns by the training set's statistics, splitting, and handing out batches.

Arrays in, float64 arrays out; what is random follows a seed, so that the same seed gives the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.arrays import check_given, check_mask, read_flag
from nn.data.examples import read_columns
from nn.modules.initializers import Seed, generator

__all__ = ["DataLoader", "Standardizer", "train_test_split"]

Array = NDArray[Any]

ROUNDING = float(np.finfo(np.float64).eps)  # the relative distance of neighbouring floats


class Standardizer:
    """Columns shifted and scaled to mean 0 and standard deviation 1, by the statistics of the training data alone.

    A column that is constant in the training data, up to rounding, only has its mean taken off, and is not divided.
    Works on X with one row an example and on targets of shape (n,); axes beyond the second are standardised place
    by place. Source: lecture L1.8.

    Attributes:
        mean: mean of each column; None before `fit`.
        std: standard deviation of each column (divided by n, not n − 1); 0 where a column is constant.

    Example:
        >>> scaler = Standardizer()
        >>> scaler.fit_transform([[1.0, 5.0], [3.0, 5.0]])
        array([[-1.,  0.],
               [ 1.,  0.]])
        >>> scaler.transform([[2.0, 6.0]])
        array([[0., 1.]])
    """

    mean: NDArray[np.float64] | None = None
    std: NDArray[np.float64] | None = None

    def fit(self, X: ArrayLike) -> Self:
        """Compute the statistics of the training data.

        Args:
            X: at least one row; (n, k), (n,) or with further axes.

        Raises:
            ValueError: it is empty, ragged, or holds NaN or an infinity; row and column are named.
            TypeError: an entry is no real number.
        """
        array = read_columns(X)
        # A power of two takes the largest number of each column to below 1, exactly: no square can overflow.
        exponent = np.frexp(np.abs(array).max(axis=0))[1]
        scaled = np.ldexp(array, -exponent)
        mean, std = scaled.mean(axis=0), scaled.std(axis=0)
        equal = (array == array[0]).all(axis=0)
        # What rounding alone can make of the variance of n equal numbers, as scikit-learn's StandardScaler bounds it.
        rounding = len(array) * ROUNDING * std**2 + (len(array) * ROUNDING * mean) ** 2
        self.mean = np.where(equal, array[0], np.ldexp(mean, exponent))
        self.std = np.where(equal | (std**2 <= rounding), 0.0, np.ldexp(std, exponent))
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Standardise data of the width that was fitted: ``(x − mean) / std``.

        Raises:
            ValueError: nothing was fitted, the width differs, or as in `fit`.
            TypeError: an entry is no real number.
        """
        array = read_columns(X)
        mean, scale = self._statistics(array, "transform")
        return (array - mean) / scale

    def fit_transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Compute the statistics of the training data and standardise it. Raises as `fit` does."""
        return self.fit(X).transform(X)

    def inverse(self, Z: ArrayLike) -> NDArray[np.float64]:
        """Undo `transform`: ``z · std + mean``. Predictions need it only where the targets were standardised.

        Raises:
            ValueError: nothing was fitted, the width differs, or as in `fit`.
            TypeError: an entry is no real number.
        """
        array = read_columns(Z, "Z")
        mean, scale = self._statistics(array, "inverse")
        return array * scale + mean

    def _statistics(self, array: Array, method: str) -> tuple[Array, Array]:
        if self.mean is None or self.std is None:
            raise ValueError(f"Standardizer.{method} needs statistics: call fit(X) on the training data first.")
        if array.shape[1:] != self.mean.shape:
            raise ValueError(
                f"Standardizer was fitted on {_columns(self.mean.shape)} and cannot {method} "
                f"{_columns(array.shape[1:])}."
            )
        return self.mean, np.where(self.std == 0.0, 1.0, self.std)

    def __repr__(self) -> str:
        if self.mean is None or self.std is None:
            return "Standardizer()"
        constant = int(np.sum(self.std == 0.0))
        return f"<Standardizer of {_columns(self.mean.shape)}{f', {constant} constant' if constant else ''}>"


def train_test_split(
    *arrays: ArrayLike,
    test_size: float = 0.25,
    shuffle: bool = True,
    seed: Seed = None,
    stratify: ArrayLike | None = None,
) -> tuple[Array, ...]:
    """Split arrays of the same length into a training and a test part, by the same choice of rows.

    Args:
        arrays: X, y, and whatever else has one row an example.
        test_size: the fraction for the test part, rounded up to whole rows; or the number of rows, as an int.
        shuffle: choose the rows at random; otherwise the last ones are the test part.
        seed: of the choice.
        stratify: the class of each row, of which both parts then hold the same shares, up to whole rows.

    Returns:
        ``X_train, X_test, y_train, y_test, …``, in scikit-learn's order.

    Raises:
        ValueError: no arrays, their lengths differ, a part would be empty, or a class has a single row.

    Example:
        >>> train_test_split([10, 20, 30, 40], test_size=1, shuffle=False)
        (array([10, 20, 30]), array([40]))
    """
    for array in arrays:
        check_given(array, "an array")
    columns = [np.asarray(array) for array in arrays]
    lengths = [len(column) if column.ndim else 0 for column in columns]
    if not columns or len(set(lengths)) > 1:
        raise ValueError(
            f"train_test_split needs arrays of the same length; got {' and '.join(map(str, lengths)) or 'none'}."
        )
    n = lengths[0]
    whole = isinstance(test_size, int | np.integer)
    count = int(test_size) if whole else math.ceil(n * test_size) if math.isfinite(test_size) else 0
    if isinstance(test_size, bool) or not 0 < count < n:
        raise ValueError(
            f"test_size={test_size!r} of {n} rows leaves the test or the training part without any. Give a fraction "
            f"between 0 and 1, or a number of rows from 1 to n − 1."
        )
    shuffle = read_flag(shuffle, "shuffle")
    order = generator(seed).permutation(n) if shuffle else np.arange(n)
    if stratify is not None:
        check_mask(stratify, "stratify")
        order = _put_shares_last(order, np.asarray(stratify), count, shuffle)
    train, test = order[: n - count], order[n - count :]
    return tuple(part for column in columns for part in (column[train], column[test]))


def _put_shares_last(order: Array, classes: Array, count: int, shuffle: bool) -> Array:
    """Move rows of an order so that its last ones hold each class as often as all of it does, up to whole rows.

    Raises:
        ValueError: there is not one class for each row, a class has a single row, or the order is not drawn.
    """
    if not shuffle:
        raise ValueError("train_test_split with stratify draws rows of each class: leave shuffle=False out.")
    if classes.shape != order.shape:
        raise ValueError(f"stratify must be one class for each of {len(order)} rows, got shape {classes.shape}.")
    labels, sizes = np.unique(classes, return_counts=True)
    for label, size in zip(labels.tolist(), sizes.tolist(), strict=True):
        if size < 2:
            raise ValueError(f"The class {label!r} has a single row, which cannot be in both parts.")
    due = count * sizes / len(order)
    taken = np.floor(due).astype(int)
    taken[np.argsort(taken - due, kind="stable")[: count - taken.sum()]] += 1  # the largest remainders
    last = np.zeros(len(order), dtype=bool)
    for label, k in zip(labels, taken.tolist(), strict=True):
        last[np.flatnonzero(classes[order] == label)[:k]] = True
    return np.concatenate([order[~last], order[last]])


class DataLoader:
    """The mini-batches of a training set, for a training loop written by hand (lecture L2.3).

    Each iteration goes once over all examples; with `shuffle` each draws a new order, so an epoch is one ``for``.

    Args:
        X: inputs, one row an example.
        y: targets, as many; without them a batch is its inputs alone.
        batch_size: examples a batch; the last batch may be smaller. None, or more than there are, gives one batch.
        shuffle: draw a new order for each iteration.
        seed: of the orders.

    Attributes:
        random: the generator that the orders are drawn from.

    Raises:
        ValueError: the lengths differ, there is nothing, or `batch_size` is no whole number from 1.

    Example:
        >>> for X, y in DataLoader([[1], [2], [3]], [10, 20, 30], batch_size=2):
        ...     print(X.tolist(), y.tolist())
        [[1], [2]] [10, 20]
        [[3]] [30]
    """

    def __init__(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        batch_size: int | None = 1,
        *,
        shuffle: bool = False,
        seed: Seed = None,
    ) -> None:
        for given, name in ((X, "X"), (y, "y")):
            check_given(given, name)
        self.X, self.y = np.asarray(X), None if y is None else np.asarray(y)
        n = len(self.X) if self.X.ndim else 0
        if not n:
            raise ValueError("DataLoader needs at least one example.")
        if self.y is not None and (not self.y.ndim or len(self.y) != n):
            raise ValueError(f"X has {n} rows but y has shape {self.y.shape}: each example needs its target.")
        whole = isinstance(batch_size, int | np.integer) and not isinstance(batch_size, bool)
        if batch_size is not None and not (whole and batch_size >= 1):
            raise ValueError(
                f"batch_size must be a whole number from 1, or None for one batch of all; got {batch_size!r}."
            )
        self.batch_size = n if batch_size is None else min(int(batch_size), n)
        self.shuffle = read_flag(shuffle, "shuffle")
        self.random = generator(seed)

    def __len__(self) -> int:
        """Count the batches of an iteration: the steps of an epoch."""
        return -(-len(self.X) // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches: (inputs, targets), or inputs alone."""
        n = len(self.X)
        order = self.random.permutation(n) if self.shuffle else np.arange(n)
        for start in range(0, n, self.batch_size):
            rows = order[start : start + self.batch_size]
            yield self.X[rows] if self.y is None else (self.X[rows], self.y[rows])

    def skip(self, iterations: int) -> None:
        """Draw the orders of some iterations, and leave them out."""
        for _ in range(iterations if self.shuffle else 0):
            self.random.permutation(len(self.X))

    def __repr__(self) -> str:
        batches = f"{len(self)} batch{'es' * (len(self) > 1)} of {self.batch_size}"
        return f"<DataLoader of {len(self.X)} examples in {batches}{', shuffled' if self.shuffle else ''}>"


def _columns(shape: tuple[int, ...]) -> str:
    if not shape:
        return "a flat array"
    return f"{shape[0]} column{'s' * (shape[0] != 1)}" if len(shape) == 1 else f"columns of shape {shape}"
