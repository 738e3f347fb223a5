"""Keras' utilities: the seed, and classes as rows of zeros and a one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn import functional
from nn.keras.random import set_seed

__all__ = ["set_random_seed", "to_categorical"]


def set_random_seed(seed: int) -> None:
    """Let everything that `nn.keras` draws from now on, in this thread or task, follow a seed."""
    set_seed(seed)


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[np.float64]:
    """Return a row for each class, with 1 at its place and 0 elsewhere.

    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    return functional.one_hot(x, -1 if num_classes is None else num_classes).astype(np.float64)
