"""Slopes on Values at singular points: infinite, undefined, by convention, or infinite on the way to a number.

A slope that is to be differentiated again has to be right around a point and not at it only: where an adjoint that is 0
there meets an infinite slope, or a slope is a convention, the second derivative is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Set
from functools import cache, reduce
from typing import Any

from autograd import ops
from autograd.anomaly import anomaly, is_anomaly
from autograd.context import extending
from autograd.graph import topological
from autograd.naming import names_below
from autograd.op import Op
from autograd.recording import is_traced, new_node
from autograd.symbol import Symbol
from autograd.value import FROZEN, Value, number_of

__all__ = ["bend_at_cusp", "distance_to_cusp", "is_bent", "keep_what_flows", "slope_on_values"]


def keep_what_flows(
    node: Value, slopes: list[Any], adjoint: Any, needed: Set[Value], excused: Set[Value], cusp: bool, root: Value
) -> list[Any]:
    """Leave out each infinite or undefined slope along which nothing flows; where something does, it is an error.

    An adjoint that is 0 at this point only passes 0, but what it passes has no derivative; neither has a slope at a
    cusp.
    """
    if _vanishes(adjoint):
        return [None] * len(slopes)
    above = number_of(adjoint)
    kept = list(slopes)
    for slot, (operand, slope) in enumerate(zip(node.operands, slopes, strict=True)):
        number = 0.0 if slope is None else number_of(slope)
        if not isinstance(operand, Value) or operand not in needed:
            kept[slot] = None
        elif number - number != 0.0 and above != 0.0:
            if is_anomaly(node, operand, above, number, excused):
                raise anomaly(node, operand, number, above, names_below([root]))
        elif number - number != 0.0:
            kept[slot] = _bend(0.0, node, adjoint)
        elif cusp and isinstance(slope, Value):
            kept[slot] = _bend(slope, node, adjoint)
    return kept


def is_bent(node: Value) -> bool:
    """Whether a node is a slope that has no derivative of its own at this point."""
    return node._op is ops.bent and number_of(node.operands[3]) == 0.0


def distance_to_cusp(node: Value, needed: Callable[[], Set[Value]]) -> Any:
    """Return what is 0 where the slopes of a node are conventions, which have no derivative of their own."""
    assert node._op is not None
    assert node._op.cusp is not None
    distance = node._op.cusp(*node.operands)
    if type(distance) is float or is_traced(node) or number_of(distance) != 0.0:
        return distance
    return node._op.cusp(*[v if isinstance(v, Value) and v in needed() else number_of(v) for v in node.operands])


def bend_at_cusp(node: Value, slopes: list[Any], adjoint: Any, cusp: Any, wanted: Set[Value]) -> list[Any]:
    """Give each slope of a node in a program no derivative where `cusp` is 0, unless nothing flows there."""
    nothing = _vanishing(adjoint)
    if not isinstance(adjoint, Value) or wanted.isdisjoint(topological([adjoint])):
        nothing = ops.maximum(nothing, ops.equal(adjoint, 0.0))  # a factor that is given as 0 stays 0
    away = ops.maximum(cusp, nothing)
    return [ops.bent(slope, node, adjoint, away) if isinstance(slope, Value) else slope for slope in slopes]


def _bend(slope: Any, node: Value, adjoint: Any) -> Value:
    """Make a slope of a node that has no derivative of its own."""
    rules = zip((slope, node, adjoint), (math.nan, math.nan, 0.0), strict=True)
    slopes = [rule if isinstance(x, Value) else None for x, rule in rules]
    return new_node(ops.bent, (slope, node, adjoint, 0.0), number_of(slope), [*slopes, None])


def _vanishes(adjoint: Any) -> bool:
    """Whether an adjoint is 0 at all points around, as below a branch that was not taken, and not at this one only."""
    return number_of(adjoint) == 0.0 and _vanishing(adjoint) == 1.0


def _vanishing(adjoint: Any) -> Any:
    """Return 1 where an adjoint is 0 at all points around, else 0: a number, or in a program what computes it."""
    flat: dict[Value, Any] = {}

    def zero(x: Any) -> Any:
        return flat.get(x, 0.0) if isinstance(x, Value) else float(x == 0.0)

    for node in topological([adjoint]) if isinstance(adjoint, Value) else ():
        op, operands, traced = node._op, node.operands, is_traced(node)
        if not traced and node._data != 0.0:
            continue
        here = node if traced else node._data
        if node._x is None:
            found: Any = ops.equal(here, 0.0) if node._op is FROZEN else 0.0
        elif op is ops.mul:
            found = ops.maximum(zero(operands[0]), zero(operands[1]))
        elif op is ops.where:
            condition, *branches = operands
            found = ops.where(condition if traced else number_of(condition), *map(zero, branches))
        elif op in (ops.neg, ops.identity, ops.truediv):
            found = zero(operands[0])
        elif op in (ops.add, ops.sub, ops.total):
            found = reduce(ops.minimum, map(zero, operands))
        elif op is not None and _is_piecewise_constant(op):
            found = ops.equal(here, 0.0)
        else:
            found = 0.0
        if isinstance(found, Value) or found:
            flat[node] = found
    return zero(adjoint)


@cache
def _is_piecewise_constant(op: Op) -> bool:
    """Whether every slope of an operation is 0, whatever its operands."""
    letters = tuple(map(Symbol, op.letters if op.nary else op.operands))
    return all(not isinstance(slope, Symbol) and slope == 0.0 for slope in op.slopes_at(Symbol("out"), letters))


def slope_on_values(node: Value, slot: int) -> Any:
    """Evaluate one slope rule of a node on Values; where the slope is infinite or undefined it is ±∞ or NaN."""
    wanted = [place == slot for place in range(len(node._slopes))]
    try:
        return node._op.slopes_at(node, node.operands, wanted)[slot]
    except (ArithmeticError, ValueError):
        with extending():
            return node._op.slopes_at(node, node.operands, wanted)[slot]
