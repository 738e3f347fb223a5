"""Kosko's bidirectional associative memory: pairs of patterns, each of which recalls the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import dot
from nn.errors import ShapeError
from nn.models.hopfield import Signs, signs

__all__ = ["BidirectionalMemory"]


class BidirectionalMemory:
    """A memory of pairs (x, y) of patterns of −1 and 1 (BAM). Source: lecture L4.5; Kosko 1988, IEEE SMC 18, 49–60.

    ``W = Σ x yᵀ`` stores them. Recall goes to and fro, ``y = sign(xᵀW)`` and ``x = sign(W y)``, until neither changes;
    a sum of 0 leaves a neuron as it is.

    Args:
        X: (pairs, n) of −1 and 1.
        Y: (pairs, m) of −1 and 1.

    Attributes:
        W: the weights, an array (n, m).

    Raises:
        ShapeError: X and Y differ in their number of rows, or rows in their length.
        ValueError: an entry is neither −1 nor 1.

    Example:
        >>> memory = BidirectionalMemory([[1, -1, 1, -1, 1, -1], [1, 1, 1, -1, -1, -1]], [[1, 1, -1], [1, -1, 1]])
        >>> memory.recall(x=[1, -1, 1, -1, 1, 1])
        (array([ 1, -1,  1, -1,  1, -1]), array([ 1,  1, -1]))
        >>> memory.recall(y=[1, -1, 1])
        (array([ 1,  1,  1, -1, -1, -1]), array([ 1, -1,  1]))
        >>> memory
        <BidirectionalMemory of 6 ⇄ 3 neurons, 2 pairs>
    """

    def __init__(self, X: ArrayLike, Y: ArrayLike) -> None:
        self.X, self.Y = signs(X, 2, "BidirectionalMemory", "X"), signs(Y, 2, "BidirectionalMemory", "Y")
        if len(self.X) != len(self.Y):
            raise ShapeError(
                f"BidirectionalMemory stores pairs, but X has {len(self.X)} patterns and Y has {len(self.Y)}."
            )
        self.W: NDArray[np.int64] = self.X.T @ self.Y

    def energy(self, x: Sequence[Any], y: Sequence[Any]) -> Any:
        """Compute ``E = −xᵀW y``, a graph if x or y holds Values.

        ``−∂E/∂x`` is what the neurons of x sum, and ``−∂E/∂y`` what those of y do.

        Raises:
            ShapeError: x or y has another length than the stored patterns.
        """
        self._check_width(x, "x")
        self._check_width(y, "y")
        return -dot(x, [dot(weights, y) for weights in self.W.tolist()])

    def recall(self, x: ArrayLike | None = None, y: ArrayLike | None = None) -> tuple[Signs, Signs]:
        """Run from one half of a pair, maybe damaged, to a stable pair.

        Args:
            x: n of −1 and 1; leave it out to recall by y.
            y: m of −1 and 1.

        Returns:
            the stable pair: a stored one, or sometimes its negative or a mixture of some.

        Raises:
            ShapeError: another number of entries.
            ValueError: an entry is neither −1 nor 1, or there is not exactly one half.
        """
        *_, last = self.descend(x, y)
        return last

    def descend(self, x: ArrayLike | None = None, y: ArrayLike | None = None) -> Iterator[tuple[Signs, Signs]]:
        """Yield each pair on the way of `recall`, the first after one half has answered the other.

        Args and Raises as there.
        """
        if (x is None) == (y is None):
            raise ValueError("recall of BidirectionalMemory starts from one half of a pair: give either x or y.")
        name, half, W = ("x", x, self.W) if y is None else ("y", y, self.W.T)
        given = signs(half, 1, "BidirectionalMemory", name)  # type: ignore[arg-type]  # one of them is there
        self._check_width(given, name)
        answer = _turn(given @ W, np.ones(W.shape[1], dtype=np.int64))
        while True:
            yield (given, answer) if y is None else (answer, given)
            back = _turn(W @ answer, given)
            if (back == given).all():
                return
            given, answer = back, _turn(back @ W, answer)

    def _check_width(self, half: Any, name: str) -> None:
        wanted = self.W.shape[0 if name == "x" else 1]
        if len(half) != wanted:
            raise ShapeError(f"{name} of BidirectionalMemory must have {wanted} entries, got {len(half)}.")

    def __repr__(self) -> str:
        n, m = self.W.shape
        count = len(self.X)
        return f"<BidirectionalMemory of {n} ⇄ {m} neurons, {count} pair{'s' * (count != 1)}>"


def _turn(sums: Signs, before: Signs) -> Signs:
    """Return the signs of the sums, and the state before where a sum is 0."""
    return np.where(sums == 0, before, np.sign(sums))
