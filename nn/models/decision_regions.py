"""What layers of threshold neurons can tell apart: one a half-plane, two a convex region, three any region.

And what depth is worth without thresholds: a deep linear network is one linear layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from nn import arrays
from nn.errors import ShapeError
from nn.modules.layers import Layer, Sequential

__all__ = ["any_region", "convex_region", "half_plane", "linear_equivalent", "polygon_sides"]

#: The points x with w·x > w_0, as the pair (w, w_0).
HalfPlane: TypeAlias = tuple[Sequence[float], float]


def half_plane(w: Sequence[float], w_0: float) -> Layer:
    """Make one layer, a single neuron: 1 where ``w·x > w_0``, else 0. Source: lectures L4.3, L4.6."""
    return Layer(len(w), 1, "step", W=[list(w)], b=[-w_0]).freeze()


def convex_region(sides: Sequence[HalfPlane]) -> Sequential:
    """Make two layers: 1 inside all of some half-planes, else 0. Source: lecture L4.6.

    The first layer has a neuron for each side, the second is their AND.

    Args:
        sides: pairs (w, w_0), each the half-plane ``w·x > w_0``; see `polygon_sides`.

    Raises:
        ShapeError: there is no side, or they differ in width.

    Example:
        >>> xor = convex_region([([1, 1], 0.5), ([-1, -1], -1.5)])
        >>> [xor(x)[0].data for x in ([0, 0], [0, 1], [1, 0], [1, 1])]
        [0.0, 1.0, 1.0, 0.0]
    """
    return Sequential(*any_region([sides]).layers[:2])


def any_region(parts: Sequence[Sequence[HalfPlane]]) -> Sequential:
    """Make three layers: 1 inside one or more of some convex regions, else 0. Source: lecture L4.6.

    The first layer has a neuron for each side of each part, the second an AND for each part, the third is their OR.

    Args:
        parts: convex regions, each as in `convex_region`.

    Raises:
        ShapeError: there is no part, a part has no side, or they differ in width.

    Example:
        >>> corners = any_region([polygon_sides([(0, 0), (1, 0), (0, 1)]), polygon_sides([(3, 3), (3, 2), (2, 3)])])
        >>> [corners(x)[0].data for x in ([0.2, 0.2], [1.5, 1.5], [2.8, 2.8])]
        [1.0, 0.0, 1.0]
    """
    if not parts or not all(parts):
        raise ShapeError("A region is made of one convex part or more, and each part of one half-plane or more.")
    sides = [side for part in parts for side in part]
    widths = sorted({len(w) for w, _ in sides})
    if len(widths) > 1:
        raise ShapeError(f"The half-planes of a region lie in one space, but their w have {widths} numbers.")
    first = Layer(widths[0], len(sides), "step", W=[list(w) for w, _ in sides], b=[-w_0 for _, w_0 in sides])
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    member = owner == np.arange(len(parts))[:, None]
    both = Layer(len(sides), len(parts), "step", W=member.astype(float), b=[0.5 - len(part) for part in parts])
    either = Layer(len(parts), 1, "step", W=[[1.0] * len(parts)], b=[-0.5])
    return Sequential(first, both, either).freeze()


def polygon_sides(corners: Sequence[tuple[float, float]]) -> list[HalfPlane]:
    """Return the sides of a convex polygon as half-planes that hold it.

    Args:
        corners: three or more, one after the other in either direction.

    Raises:
        ValueError: the polygon is not convex, has fewer corners, or no area.

    Example:
        >>> polygon_sides([(0, 0), (1, 0), (0, 1)])
        [((0.0, 1.0), 0.0), ((-1.0, -1.0), -1.0), ((1.0, 0.0), 0.0)]
    """
    points = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    following = np.roll(points, -1, axis=0)
    along = following - points
    turns = along[:, 0] * np.roll(along, -1, axis=0)[:, 1] - along[:, 1] * np.roll(along, -1, axis=0)[:, 0]
    side = np.sign(turns.sum())
    inwards = side * np.stack([-along[:, 1], along[:, 0]], axis=1)
    offsets = (inwards * points).sum(axis=1)
    beyond = points @ inwards.T - offsets < -1e-9 * np.abs(points).max(initial=1.0) ** 2
    if len(points) < 3 or not side or not along.any(axis=1).all() or beyond.any():
        raise ValueError(
            f"polygon_sides takes the corners of a convex polygon one after the other, three or more, not "
            f"{list(corners)!r}: cut other shapes into convex parts for any_region."
        )
    return [((float(a) + 0.0, float(b) + 0.0), float(w_0) + 0.0) for (a, b), w_0 in zip(inwards, offsets, strict=True)]


def linear_equivalent(model: Sequential) -> Layer:
    """Make the one layer that a deep linear network equals: ``W = W_n … W_2 W_1``. Source: lecture L4.6.

    Args:
        model: layers without activations; biases become ``b = W_n (… (W_2 b_1 + b_2) …) + b_n``.

    Raises:
        ValueError: a part is no linear layer.

    Example:
        >>> deep = Sequential(Layer(2, 2, bias=False, W=[[1, 3], [-2, 4]]), Layer(2, 1, bias=False, W=[[0.5, 0.3]]))
        >>> linear_equivalent(deep).state_dict()["W"]
        array([[-0.1,  2.7]])
    """
    layers = []
    for layer in model:
        if not isinstance(layer, Layer) or layer.activation.name != "identity":
            raise ValueError(f"{layer.title} is no linear layer: only layers without an activation melt into one.")
        layers.append(layer)
    W, b = np.eye(layers[0].n_in), np.zeros(layers[0].n_in)
    for layer in layers:
        weights = arrays.numbers(layer.W)
        W, b = weights @ W, weights @ b + (0.0 if layer.b is None else arrays.numbers(layer.b))
    biased = any(layer.bias for layer in layers)
    return Layer(W.shape[1], W.shape[0], bias=biased, W=W, b=b if biased else None)
