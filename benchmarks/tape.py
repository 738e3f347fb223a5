"""S2's tape by hand: a scalar graph as four arrays, replayed by one numba loop forward and one back.

It is what an engineer writes in an afternoon, with slopes of its own as any peer has; and, its wiring taken out, the
bound: the same operations, sorted by kind, on numbers that lie in order.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from autograd import Graph, Value

__all__ = ["Tape"]

KINDS = ("add", "sub", "mul", "truediv", "pow", "relu", "tanh", "sin", "exp")
ADD, SUB, MUL, DIV, POW, RELU, TANH, SIN, EXP = range(len(KINDS))
IN_ORDER = 1024  # leaves that the bound reads, one after the other: they stay in the first cache
POSITIVE = 0.75  # what they hold, for which every operation is defined


@numba.njit(error_model="numpy", cache=True)
def _replay(kinds, a, b, v, g, first):  # type: ignore[no-untyped-def]
    """Compute every number, then every adjoint; the exponent of a power is a constant."""
    for i in range(first, v.size):
        kind, x, y = kinds[i], v[a[i]], v[b[i]]
        if kind == ADD:
            v[i] = x + y
        elif kind == SUB:
            v[i] = x - y
        elif kind == MUL:
            v[i] = x * y
        elif kind == DIV:
            v[i] = x / y
        elif kind == POW:
            v[i] = x**y
        elif kind == RELU:
            v[i] = x if x > 0.0 else 0.0
        elif kind == TANH:
            v[i] = math.tanh(x)
        elif kind == SIN:
            v[i] = math.sin(x)
        else:
            v[i] = math.exp(x)
    g[:] = 0.0
    g[v.size - 1] = 1.0
    for i in range(v.size - 1, first - 1, -1):
        kind, d, x, y = kinds[i], g[i], v[a[i]], v[b[i]]
        if kind == ADD:
            g[a[i]] += d
            g[b[i]] += d
        elif kind == SUB:
            g[a[i]] += d
            g[b[i]] -= d
        elif kind == MUL:
            g[a[i]] += d * y
            g[b[i]] += d * x
        elif kind == DIV:
            g[a[i]] += d / y
            g[b[i]] -= d / y * v[i]
        elif kind == POW:
            g[a[i]] += d * y * x ** (y - 1.0)
        elif kind == RELU:
            g[a[i]] += d if x > 0.0 else 0.0
        elif kind == TANH:
            g[a[i]] += d * (1.0 - v[i] * v[i])
        elif kind == SIN:
            g[a[i]] += d * math.cos(x)
        else:
            g[a[i]] += d * v[i]


class Tape:
    """A graph on a tape.

    Args:
        output: what the graph computes.
        leaves: what it is differentiated by.
    """

    def __init__(self, output: Value, leaves: list[Value]) -> None:
        place: dict[Any, int] = {leaf: i for i, leaf in enumerate(leaves)}
        nodes = [node for node in Graph(output) if not node.is_leaf]
        numbers = [leaf.data for leaf in leaves]
        for node in nodes:
            for operand in node.operands:
                if not isinstance(operand, Value) and operand not in place:
                    place[operand] = len(numbers)
                    numbers.append(operand)
        self._leaves, self._first = len(leaves), len(numbers)
        place |= {node: self._first + i for i, node in enumerate(nodes)}
        size = self._first + len(nodes)
        self._kinds, self._a, self._b = (np.zeros(size, dtype) for dtype in (np.uint8, np.uint32, np.uint32))
        for i, node in enumerate(nodes, self._first):
            assert node.op is not None
            self._kinds[i] = KINDS.index(node.op.name)
            self._a[i], self._b[i] = place[node.operands[0]], place[node.operands[-1]]
        self._v, self._g = np.zeros(size), np.zeros(size)
        self._v[: self._first] = numbers

    def run(self) -> tuple[float, NDArray[np.float64]]:
        """Give the value, and the gradient by the leaves."""
        _replay(self._kinds, self._a, self._b, self._v, self._g, self._first)
        return float(self._v[-1]), self._g[: self._leaves]

    def without_wiring(self) -> Tape:
        """Make the bound: as many operations of each kind, whose operands are leaves in order."""
        bound = object.__new__(Tape)
        operations = len(self._v) - self._first
        order = np.arange(operations, dtype=np.uint32) % IN_ORDER
        leaves = np.zeros(IN_ORDER, np.uint32)
        bound._leaves = bound._first = IN_ORDER
        bound._kinds = np.concatenate([leaves.astype(np.uint8), np.sort(self._kinds[self._first :])])
        bound._a = bound._b = np.concatenate([leaves, order])
        bound._v, bound._g = np.full(len(bound._a), POSITIVE), np.zeros(len(bound._a))
        return bound
