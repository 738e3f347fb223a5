"""Slopes on Values at singular points: infinite, undefined, by convention, or infinite on the way to a number.

A slope that is to be differentiated again has to be right around a point and not at it only: where an adjoint that is 0
there meets an infinite slope, or a slope is a convention, the second derivative is refused.
"""

from __future__ import annotations

import math
from collections.abc import Set
from functools import cache
from typing import Any

from autograd import ops
from autograd.anomaly import anomaly, is_anomaly
from autograd.context import extending
from autograd.graph import topological
from autograd.op import Op
from autograd.recording import new_node
from autograd.symbol import Symbol
from autograd.value import FROZEN, Value, number_of

__all__ = ["keep_what_flows", "slope_on_values"]


def keep_what_flows(
    node: Value, slopes: list[Any], adjoint: Any, needed: Set[Value], excused: Set[Value], cusp: bool
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
                raise anomaly(node, operand, number, above)
        elif number - number != 0.0:
            kept[slot] = _bend(0.0, node, adjoint)
        elif cusp and isinstance(slope, Value):
            kept[slot] = _bend(slope, node, adjoint)
    return kept


def _bend(slope: Any, node: Value, adjoint: Any) -> Value:
    """Make a slope of a node that has no derivative of its own."""
    rules = zip((slope, node, adjoint), (math.nan, math.nan, 0.0), strict=True)
    slopes = [rule if isinstance(x, Value) else None for x, rule in rules]
    return new_node(ops.bent, (slope, node, adjoint), number_of(slope), slopes)


def _vanishes(adjoint: Any) -> bool:
    """Whether an adjoint is 0 at all points around, as below a branch that was not taken, and not at this one only."""
    if number_of(adjoint) != 0.0:
        return False
    flat: set[Value] = set()

    def zero(x: Value | float) -> bool:
        return x in flat if isinstance(x, Value) else x == 0.0

    for node in topological([adjoint]) if isinstance(adjoint, Value) else ():
        op, operands = node._op, node.operands
        if node._data != 0.0:
            continue
        if node._x is None:
            found = node._op is FROZEN
        elif op is ops.mul:
            found = any(map(zero, operands))
        elif op is ops.where:
            found = zero(operands[1] if number_of(operands[0]) else operands[2])
        elif op in (ops.neg, ops.identity, ops.truediv):
            found = zero(operands[0])
        elif op in (ops.add, ops.sub, ops.total):
            found = all(map(zero, operands))
        else:
            found = _is_piecewise_constant(op)
        if found:
            flat.add(node)
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
