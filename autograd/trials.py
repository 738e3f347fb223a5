"""Trials: the numbers of a graph at random points around those recorded, and the derivatives between its nodes there.

Every trial stays on the recorded piece: where a ReLU is open or a `where` has chosen, it is so in all of them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from autograd.op import Op
from autograd.value import Value

__all__ = ["Trial", "try_points"]

REACH = 0.5  # how far from its number a leaf is tried at first, relative to the larger of it and 1
HALVINGS = 20


class Trial:
    """The numbers of a graph at one point.

    Attributes:
        numbers: of each node.
    """

    def __init__(self, nodes: Sequence[Value], leaves: Mapping[Value, float]) -> None:
        """Compute every node from the leaves.

        Raises:
            ArithmeticError: an operation is undefined there, or beyond the largest float.
            ValueError: likewise.
        """
        self._nodes = nodes
        self.numbers: dict[Value, float] = {}
        self._slopes: dict[Value, Sequence[Any]] = {}
        self.piece: list[float] = []
        for node in nodes:
            op = node.op
            if op is None:
                self.numbers[node] = leaves.get(node, node.data)
                continue
            operands = tuple([self.numbers[v] if isinstance(v, Value) else float(v) for v in node.operands])
            out = self.numbers[node] = float(op.apply(operands))
            self._slopes[node] = op.slopes_at(out, operands, [isinstance(v, Value) for v in node.operands])
            if op.branch is not None and not op.nary:
                self.piece.append(_piece(op, operands))

    def differentiate(self, upper: Value, lower: Value, fixed: Collection[Value] = ()) -> float:
        """Compute ∂upper/∂lower along all paths that pass none of the nodes that are held fixed."""
        flowing = {upper: 1.0}
        for node in reversed(self._nodes):
            adjoint = flowing.get(node)
            if node is lower:
                break
            if not adjoint or (node in fixed and node is not upper):
                continue
            for operand, slope in zip(node.operands, self._slopes.get(node, ()), strict=False):
                if slope and isinstance(operand, Value):
                    flowing[operand] = flowing.get(operand, 0.0) + adjoint * float(slope)
        return flowing.get(lower, 0.0)


def _piece(op: Op, operands: tuple[float, ...]) -> float:
    """Tell the smooth pieces of an operation apart."""
    assert op.branch is not None
    number = float(op.branch(*operands))
    return math.copysign(1.0, number) if number and op.branch is op.kink else number


def try_points(nodes: Sequence[Value], count: int, *, fixed: Collection[Value] = (), seed: int = 0) -> list[Trial]:
    """Compute a graph at random points around its own.

    Args:
        nodes: of the graph, operands before what uses them.
        count: how many points are wanted; fewer come back where the graph is defined at its own numbers alone.
        fixed: leaves that keep their numbers.
        seed: of the random numbers.
    """
    generator = random.Random(seed)
    here = Trial(nodes, {})
    free = [node for node in nodes if node.op is None and node not in fixed and math.isfinite(node.data)]
    trials = _trials(nodes, here, free, count, generator)
    if len(trials) < count:  # a place of `choose`, say, has to stay what it is
        free = [leaf for leaf in free if _trials(nodes, here, [leaf], 1, generator)]
        trials = _trials(nodes, here, free, count, generator) if free else []
    return trials


def _trials(
    nodes: Sequence[Value], here: Trial, free: Sequence[Value], count: int, generator: random.Random
) -> list[Trial]:
    found: list[Trial] = []
    reach = REACH
    for _ in range(HALVINGS):
        for _ in range(2 * count):
            leaves = {leaf: leaf.data + generator.uniform(-reach, reach) * max(1.0, abs(leaf.data)) for leaf in free}
            try:
                trial = Trial(nodes, leaves)
            except (ArithmeticError, ValueError):
                continue
            if trial.piece == here.piece and all(map(math.isfinite, trial.numbers.values())):
                found.append(trial)
            if len(found) == count:
                return found
        reach /= 2.0
    return found
