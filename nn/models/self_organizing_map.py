"""Kohonen's self-organizing map: a grid of neurons that unfolds over the data, neighbours staying neighbours."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.arrays import check_mask
from nn.errors import ShapeError
from nn.modules.initializers import Seed, generator
from nn.modules.inputs import positive

__all__ = ["SelfOrganizingMap"]

Floats = NDArray[np.float64]


class SelfOrganizingMap:
    """A grid of neurons that compete for each example. Source: lecture L4.5; Kohonen 1982, Biol. Cybernetics 43, 59–69.

    The winner c is the neuron whose weights lie nearest to the example x. It and its neighbours on the grid move
    towards x: ``w_i += η h_ci (x − w_i)``, ``h_ci = exp(−d²/2r²)`` with d the distance on the grid from the winner.

    Args:
        rows: rows of the grid.
        columns: columns of the grid.
        n_in: numbers in an example.
        seed: of the first weights, U(0, 1).

    Attributes:
        W: the weights, an array (rows, columns, n_in).

    Raises:
        ValueError: a size is not a whole number from 1.

    Example:
        >>> import numpy as np
        >>> X = np.random.default_rng(0).random((500, 2))
        >>> chart = SelfOrganizingMap(6, 6, n_in=2, seed=1)
        >>> before = chart.topographic_error(X)
        >>> chart.train(X, epochs=5, seed=2)
        >>> before > 0.5, chart.topographic_error(X) < 0.1
        (True, True)
        >>> chart
        <SelfOrganizingMap of 6 × 6 neurons on 2 inputs>
    """

    def __init__(self, rows: int, columns: int, n_in: int, seed: Seed = None) -> None:
        owner = type(self).__name__
        self.rows, self.columns = positive(rows, "rows", owner), positive(columns, "columns", owner)
        self.n_in = positive(n_in, "n_in", owner)
        self.W: Floats = generator(seed).random((rows, columns, n_in))
        self._grid = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), axis=-1)

    def winner(self, x: ArrayLike) -> tuple[int, int]:
        """Find the neuron nearest to an example (n_in,): its row and column."""
        check_mask(x, "x")
        return self._nearest(self._check_input(np.asarray(x)[None])[0])[0]

    def train(
        self,
        X: ArrayLike,
        epochs: int = 10,
        rate: tuple[float, float] = (0.5, 0.02),
        radius: tuple[float, float] | None = None,
        seed: Seed = None,
    ) -> None:
        """Move the weights over all examples several times, in a new order each time.

        Args:
            X: examples (n, n_in).
            epochs: how many times.
            rate: η at the first and at the last step; it shrinks by one factor from step to step.
            radius: r at the first and at the last step; half the longer side, and ½, unless given.
            seed: of the order.

        Raises:
            ShapeError: X is no array (n, n_in).
            ValueError: `epochs` is not a whole number from 1, or a rate or radius is not positive.
        """
        examples = self._check_input(X)
        random = generator(seed)
        steps = positive(epochs, "epochs", "train") * len(examples)
        rates = _shrinking(rate, steps, "rate")
        radii = _shrinking(radius or (max(self.rows, self.columns) / 2.0, 0.5), steps, "radius")
        order = np.concatenate([random.permutation(len(examples)) for _ in range(epochs)])
        for x, eta, r in zip(examples[order], rates, radii, strict=True):
            (first, _) = self._nearest(x)
            distance2 = ((self._grid - first) ** 2).sum(axis=-1, keepdims=True)
            self.W += eta * np.exp(-distance2 / (2.0 * r * r)) * (x - self.W)

    def quantization_error(self, X: ArrayLike) -> float:
        """Average the distance of each example to its winner."""
        return float(np.mean([np.linalg.norm(x - self.W[self._nearest(x)[0]]) for x in self._check_input(X)]))

    def topographic_error(self, X: ArrayLike) -> float:
        """Count for which share of the examples the two nearest neurons do not touch on the grid, corners included.

        0 means that neighbours in the data are neighbours on the map. Source: Kiviluoto 1996, Topology preservation in
        self-organizing maps.
        """
        pairs = (self._nearest(x) for x in self._check_input(X))
        return float(np.mean([max(abs(a - c), abs(b - d)) > 1 for (a, b), (c, d) in pairs]))

    def _nearest(self, x: Floats) -> tuple[tuple[int, int], tuple[int, int]]:
        """Find the two neurons nearest to an example; the one neuron of a map of one twice."""
        distance2 = ((self.W - x) ** 2).sum(axis=-1).ravel()
        first, *rest = np.argsort(distance2, kind="stable")[:2].tolist()
        return divmod(first, self.columns), divmod(rest[0] if rest else first, self.columns)

    def _check_input(self, X: ArrayLike) -> Floats:
        check_mask(X, "X")
        array = np.asarray(X, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != self.n_in or not len(array):
            raise ShapeError(
                f"SelfOrganizingMap takes examples of {self.n_in} numbers, (n, {self.n_in}), got {array.shape}."
            )
        if not np.isfinite(array).all():
            raise ValueError("SelfOrganizingMap was given NaN or infinite numbers: remove those examples.")
        return array

    def __repr__(self) -> str:
        return (
            f"<SelfOrganizingMap of {self.rows} × {self.columns} neurons on {self.n_in} input{'s' * (self.n_in != 1)}>"
        )


def _shrinking(ends: tuple[float, float], steps: int, name: str) -> Floats:
    first, last = ends
    if not (0.0 < first < math.inf and 0.0 < last < math.inf):
        raise ValueError(
            f"{name} of train must be two positive numbers, at the first and at the last step, not {ends!r}."
        )
    return np.geomspace(first, last, steps)
