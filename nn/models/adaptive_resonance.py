"""Grossberg's adaptive resonance (ART-1): classes of binary patterns found one by one, without forgetting the old.

A pattern joins a class only if it resonates with what the class expects; how closely is the vigilance. Otherwise it
founds a class of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.arrays import check_mask
from nn.errors import ShapeError
from nn.modules.inputs import positive

__all__ = ["AdaptiveResonance"]

Bits = NDArray[np.bool_]


class AdaptiveResonance:
    """Classes of binary patterns. Source: lecture L4.5; Carpenter and Grossberg 1987, CVGIP 37, 54–115 (fast learning).

    Each class j keeps a prototype w_j, the bits that all its patterns had in common. A pattern x asks the classes in
    the order of their choice ``|x ∧ w_j| / (β + |w_j|)``; the first with ``|x ∧ w_j| / |x| ≥ vigilance`` takes it and
    learns, ``w_j ← x ∧ w_j``. If there is none, x becomes the prototype of a new class.

    Args:
        n_in: bits in a pattern.
        vigilance: from 0 (coarse classes) to 1 (patterns of a class contain its first).
        beta: β > 0; a small one asks classes that x contains entirely first, the largest of them before all.

    Attributes:
        prototypes: w_j of each class, an array (classes, n_in) of bools.

    Raises:
        ValueError: a number is out of its range.

    Example:
        >>> model = AdaptiveResonance(4, vigilance=0.6)
        >>> [model.learn(x) for x in ([1, 1, 1, 0], [0, 0, 1, 1], [1, 1, 0, 0])]
        [0, 1, 0]
        >>> model.prototypes.astype(int)
        array([[1, 1, 0, 0],
               [0, 0, 1, 1]])
        >>> model
        <AdaptiveResonance on 4 bits, vigilance 0.6: 2 classes>
    """

    def __init__(self, n_in: int, vigilance: float = 0.7, beta: float = 1e-3) -> None:
        self.n_in = positive(n_in, "n_in", type(self).__name__)
        if not 0.0 <= vigilance <= 1.0:
            raise ValueError(f"vigilance of AdaptiveResonance must be from 0 to 1, not {vigilance!r}.")
        if not beta > 0.0:
            raise ValueError(f"beta of AdaptiveResonance must be positive, not {beta!r}.")
        self.vigilance, self.beta = float(vigilance), float(beta)
        self.prototypes: Bits = np.zeros((0, n_in), dtype=np.bool_)

    def classify(self, x: ArrayLike) -> int | None:
        """Find the class that a pattern resonates with, without learning it; None if it fits none.

        Args:
            x: n_in of 0 and 1, one of them 1 at least.

        Raises:
            ShapeError: another number of bits.
            ValueError: an entry is neither 0 nor 1, or all are 0.
        """
        bits = self._check_input(x)
        common = (self.prototypes & bits).sum(axis=1)
        choice = common / (self.beta + self.prototypes.sum(axis=1))
        order = np.argsort(-choice, kind="stable").tolist()
        return next((j for j in order if common[j] >= self.vigilance * bits.sum()), None)

    def learn(self, x: ArrayLike) -> int:
        """Return a pattern's class, a new one if need be, and let the class learn it.

        Args and Raises as in `classify`.
        """
        bits = self._check_input(x)
        j = self.classify(bits)
        if j is None:
            self.prototypes = np.vstack([self.prototypes, bits])
            return len(self.prototypes) - 1
        self.prototypes[j] &= bits
        return j

    def _check_input(self, x: ArrayLike) -> Bits:
        check_mask(x, "x")
        array = np.asarray(x)
        if array.shape != (self.n_in,):
            raise ShapeError(f"AdaptiveResonance takes patterns of {self.n_in} bits, got shape {array.shape}.")
        for place in np.flatnonzero((array != 0) & (array != 1))[:1]:
            raise ValueError(f"x[{place}] of AdaptiveResonance is {array[place]}, but a bit is 0 or 1.")
        if not array.any():
            raise ValueError("AdaptiveResonance was given a pattern of zeros only, which matches every class and none.")
        return array.astype(np.bool_)

    def __repr__(self) -> str:
        count = len(self.prototypes)
        return (
            f"<AdaptiveResonance on {self.n_in} bits, vigilance {self.vigilance:g}: {count} class{'es' * (count != 1)}>"
        )
