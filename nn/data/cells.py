"""Synthetic micrographs of cells, whose boundaries are to be found: the task of the lecture's U-Net."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nn.modules.initializers import Seed, generator
from nn.modules.inputs import positive

__all__ = ["cells"]

Floats: TypeAlias = NDArray[np.float64]


def cells(
    n: int = 20, *, size: int = 16, across: int = 3, width: float = 1.5, noise: float = 0.2, seed: Seed = None
) -> tuple[Floats, Floats]:
    """Draw pictures of cells that touch one another, and where their boundaries are. Source of the task: lecture L3.6.

    A cell is what lies nearest to one of the centres (Voronoi 1908), which are scattered around the places of a grid;
    each has a brightness of its own. A point belongs to a boundary if the line halfway between the two nearest centres
    is at most half of `width` away.

    Args:
        n: number of pictures.
        size: rows and columns of each; a U-Net halves it at each of its levels.
        across: cells along a side.
        width: thickness of the boundaries, in points.
        noise: standard deviation of what is added to each point.
        seed: of centres, brightness and noise.

    Returns:
        X (n, 1, size, size), the brightness: 0.3 on boundaries and 0.6 to 1 inside cells, and the noise;
        T (n, 1, size, size), 1 on boundaries, else 0.

    Raises:
        ValueError: a number is out of its range.

    Example:
        >>> X, T = cells(2, size=8, across=2, seed=0)
        >>> X.shape, [int(boundary) for boundary in T[0, 0, 2]]
        ((2, 1, 8, 8), [0, 0, 0, 1, 0, 0, 0, 1])
    """
    for number, name, least in ((n, "n", 1), (size, "size", 2), (across, "across", 2)):
        positive(number, name, "cells", least)
    if not (width > 0.0 and noise >= 0.0):
        raise ValueError(f"cells needs width > 0 and noise >= 0; got width={width!r} and noise={noise!r}.")
    random = generator(seed)
    points = np.indices((size, size)).reshape(2, -1).T + 0.5
    places = np.indices((across, across)).reshape(2, -1).T + 0.5
    X, T = np.empty((n, 1, size, size)), np.empty((n, 1, size, size))
    for picture, target in zip(X, T, strict=True):
        centres = (places + random.uniform(-0.3, 0.3, places.shape)) * size / across
        squares = ((points[:, None] - centres) ** 2).sum(axis=2)
        first, second = np.argsort(squares, axis=1)[:, :2].T
        rows = np.arange(len(points))
        apart = np.linalg.norm(centres[first] - centres[second], axis=1)
        halfway = (squares[rows, second] - squares[rows, first]) / (2.0 * apart)
        brightness = np.where(halfway <= width / 2.0, 0.3, random.uniform(0.6, 1.0, across**2)[first])
        target[0] = (halfway <= width / 2.0).reshape(size, size)
        picture[0] = (brightness + random.normal(0.0, noise, len(points))).reshape(size, size)
    return X, T
