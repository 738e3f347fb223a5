"""Hopfield's associative memory: patterns are valleys of an energy, and recall runs down into the nearest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import dot
from nn.arrays import check_mask
from nn.errors import ShapeError
from nn.modules.initializers import Seed, generator

__all__ = ["Hopfield", "signs"]

Signs = NDArray[np.int64]


class Hopfield:
    """A memory of patterns of −1 and 1. Source: lecture L4.5; Hopfield 1982, PNAS 79, 2554–2558.

    Hebb's rule stores them, ``W = 1/n Σ ξξᵀ`` with zeros on the diagonal. A neuron in the state s_i turns to the sign
    of its field ``h_i = Σ_j w_ij s_j``, one neuron after the other, until none turns; a field of 0 leaves it as it is.
    Of random patterns about 0.138 n can be stored (Amit, Gutfreund, Sompolinsky 1985).

    Args:
        patterns: (patterns, n) of −1 and 1.

    Attributes:
        n: number of neurons.
        W: the weights, an array (n, n), symmetric.

    Raises:
        ShapeError: there is no pattern, or they differ in length.
        ValueError: an entry is neither −1 nor 1.

    Example:
        >>> memory = Hopfield([[1, 1, 1, -1, -1, -1], [1, -1, 1, -1, 1, -1]])
        >>> memory.recall([-1, 1, 1, -1, -1, -1])
        array([ 1,  1,  1, -1, -1, -1])
        >>> memory
        <Hopfield of 6 neurons, 2 patterns>
    """

    def __init__(self, patterns: ArrayLike) -> None:
        self.patterns = signs(patterns, 2, "Hopfield", "patterns")
        self.n = self.patterns.shape[1]
        self._sums = self.patterns.T @ self.patterns
        np.fill_diagonal(self._sums, 0)
        self.W: NDArray[np.float64] = self._sums / self.n

    def energy(self, state: Sequence[Any]) -> Any:
        """Compute ``E = −½ Σ_ij w_ij s_i s_j``.

        With Values it is a graph whose gradient ``∂E/∂s_i = −h_i`` is what `recall` follows: a neuron that turns to the
        sign of its field lowers E by 2|h_i|.

        Args:
            state: n numbers of any kind.

        Raises:
            ShapeError: there are more or fewer.
        """
        self._check_width(state)
        return -0.5 * dot(state, [dot(weights, state) for weights in self.W.tolist()])

    def recall(self, state: ArrayLike, seed: Seed = None) -> Signs:
        """Run from a state to a stable one, in which every neuron agrees with its field.

        Args:
            state: n of −1 and 1, such as a damaged pattern.
            seed: of the order in which neurons are asked, which is another in each round; by number if None.

        Returns:
            the stable state (n,): a stored pattern, or sometimes its negative or a mixture of some.

        Raises:
            ShapeError: there are more or fewer.
            ValueError: an entry is neither −1 nor 1.
        """
        *_, last = self.descend(state, seed)
        return last

    def descend(self, state: ArrayLike, seed: Seed = None) -> Iterator[Signs]:
        """Yield each state on the way of `recall`: the first, and one for each neuron that turns.

        Args and Raises as there.
        """
        s = signs(state, 1, "Hopfield", "state")
        self._check_width(s)
        random = None if seed is None else generator(seed)
        yield s.copy()
        turned = True
        while turned:
            turned = False
            for i in range(self.n) if random is None else random.permutation(self.n):
                if s[i] * (self._sums[i] @ s) < 0:  # in whole numbers, where a field of 0 is exactly 0
                    s[i], turned = -s[i], True
                    yield s.copy()

    def _check_width(self, state: Any) -> None:
        if len(state) != self.n:
            raise ShapeError(f"state of Hopfield must have {self.n} entries, one for each neuron, got {len(state)}.")

    def __repr__(self) -> str:
        count = len(self.patterns)
        return f"<{type(self).__name__} of {self.n} neurons, {count} pattern{'s' * (count != 1)}>"


def signs(content: ArrayLike, axes: int, owner: str, name: str) -> Signs:
    """Check a state of −1 and 1, or rows of them, and copy it.

    Args:
        content: what was given.
        axes: 1 for a state, 2 for rows.
        owner: what it was given to.
        name: what it is called there.

    Raises:
        ShapeError: it is empty, ragged, or has another number of axes.
        ValueError: an entry is neither −1 nor 1.
    """
    check_mask(content, name)
    try:
        array = np.asarray(content, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != axes or not array.size:
        form = "a list of −1 and 1" if axes == 1 else "rows of −1 and 1, all of one length"
        raise ShapeError(f"{name} of {owner} must be {form}.")
    for place in np.argwhere(abs(array) != 1.0)[:1].tolist():
        index = "".join(f"[{i}]" for i in place)
        raise ValueError(
            f"{name}{index} of {owner} is {array[tuple(place)]:g}, but a neuron's state is −1 or 1: write 2 * bits − 1 "
            "for bits of 0 and 1."
        )
    return array.astype(np.int64)
