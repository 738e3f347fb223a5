"""What a step cannot do without, measured: its matrix products, each in its best layout, and one pass of the optimiser.

Nothing else is in it: no bias, no ReLU, no loss, no batch to gather, no Python between. Both run in numba, the products
on its BLAS, on memory that starts at whole cache lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numba
import numpy as np

from benchmarks.networks import Array, Problem

__all__ = ["Bound"]

LINE = 64  # bytes


@numba.njit(cache=True)
def _products(times, firsts, seconds, outs):  # type: ignore[no-untyped-def]
    for _ in range(times):
        for i in range(len(firsts)):
            np.dot(firsts[i], seconds[i], outs[i])


@numba.njit(cache=True)
def _transposed_products(times, firsts, seconds, outs):  # type: ignore[no-untyped-def]
    for _ in range(times):
        for i in range(len(firsts)):
            np.dot(firsts[i].T, seconds[i], outs[i])


@numba.njit(cache=True, error_model="numpy")
def _descend(times, w, g, rate, decay):  # type: ignore[no-untyped-def]
    for _ in range(times):
        for i in range(w.size):
            w[i] -= rate * (g[i] + decay * w[i])


@numba.njit(cache=True, error_model="numpy")
def _rmsprop(times, w, g, G, rate, alpha, rest, eps):  # type: ignore[no-untyped-def]
    for _ in range(times):
        for i in range(w.size):
            square = alpha * G[i] + rest * g[i] * g[i]
            G[i] = square
            w[i] -= rate * g[i] / (np.sqrt(square) + eps)


class Bound:
    """The products and the update of a training.

    Args:
        problem: the training.
        dtype: its precision.
    """

    def __init__(self, problem: Problem, dtype: str) -> None:
        random = np.random.default_rng(4)
        kind = np.dtype(dtype).type
        draw = lambda *shape: _aligned(random.standard_normal(shape), dtype)  # noqa: E731
        steps = list(pairwise(problem.widths))
        m = problem.batch
        forward = [(draw(o, i), draw(i, m), draw(o, m)) for i, o in steps]
        by_weights = [(draw(o, m), draw(m, i), draw(o, i)) for i, o in steps]
        by_inputs = [(draw(o, i), draw(o, m), draw(i, m)) for i, o in steps[1:]]
        self.products = len(forward) + len(by_weights) + len(by_inputs)
        self._plain: Sequence[Any] = tuple(zip(*forward, *by_weights, strict=True))
        self._transposed: Sequence[Any] = tuple(zip(*by_inputs, strict=True))
        w, g = draw(problem.parameters()), draw(problem.parameters())
        rate, *others = (kind(number) for number in problem.settings)
        self._update: tuple[Any, tuple[Any, ...]]
        if others:
            alpha, eps = others
            self._update = _rmsprop, (w, g, np.square(draw(w.size)), rate, alpha, kind(1) - alpha, eps)
        else:
            self._update = _descend, (w, g, rate * kind(1e-3), kind(2.0 * problem.penalty))

    def multiply(self, times: int) -> None:
        """Compute the products of so many steps."""
        _products(times, *self._plain)
        _transposed_products(times, *self._transposed)

    def update(self, times: int) -> None:
        """Apply so many updates."""
        function, arguments = self._update
        function(times, *arguments)


def _aligned(numbers: Array, dtype: str) -> Array:
    """Copy an array to where a cache line starts."""
    size = numbers.size * np.dtype(dtype).itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    array = memory[start : start + size].view(dtype).reshape(numbers.shape)
    array[...] = numbers
    return array
