"""Gradients that are no numbers: where a sweep met the first infinite or undefined one, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from autograd import ops
from autograd.errors import NonFiniteGradientError
from autograd.graph import reaching, topological
from autograd.naming import name_nodes
from autograd.symbol import number_text
from autograd.value import FROZEN, Value, number_of

__all__ = [
    "anomaly", "check_bends", "find_excused", "is_anomaly", "no_second_derivative", "report_anomaly",
    "trainable_leaves",
]  # fmt: skip


def report_anomaly(root: Value, wanted: Set[Value] | None) -> None:
    """Find the first edge, from the output down, that turns a finite adjoint into an infinite or NaN one.

    Raises:
        NonFiniteGradientError: there is one on the way to a wanted node. What is infinite by the seed or by the
            numbers of the graph themselves is no anomaly, and neither is what is NaN because one of them is.
    """
    nodes = topological([root])
    needed = reaching(nodes, trainable_leaves(nodes) if wanted is None else wanted)
    excused = find_excused(nodes)
    infinite, undefined = {root}, {root}  # where the gradient may be so
    for node in reversed(nodes):
        adjoint = node._grad
        if node not in needed:
            continue
        if adjoint - adjoint != 0.0 and node not in (undefined if adjoint != adjoint else infinite):
            what = "is larger than the largest float, 1.8e308. Scale the output down."
            if adjoint != adjoint:
                what = "holds ∞ and −∞. Keep the operands finite."
            where = node._describe(name_nodes(nodes, [root]))
            raise NonFiniteGradientError(
                f"The gradient stops being finite at {where}: the sum over the edges that lead away from it {what} "
                "No gradient was changed."
            )
        for operand, slope in zip(node.operands, node._slopes, strict=True):
            if slope is None or not isinstance(operand, Value) or operand not in needed or not adjoint:
                continue
            flow = adjoint * slope
            if flow - flow == 0.0:
                continue
            if is_anomaly(node, operand, adjoint, slope, excused):
                raise anomaly(node, operand, slope, adjoint, name_nodes(nodes, [root]))
            infinite.add(operand)
            if flow != flow:
                undefined.add(operand)


def find_excused(nodes: Sequence[Value]) -> Set[Value]:
    """Collect the nodes whose numbers are infinite or NaN because some that were given are."""
    excused: set[Value] = set()
    for node in nodes:
        if node._data - node._data != 0.0 and (
            node._x is None or any(v in excused if isinstance(v, Value) else v - v != 0.0 for v in node.operands)
        ):
            excused.add(node)
    return excused


def is_anomaly(node: Value, operand: Value, adjoint: float, slope: float, excused: Set[Value]) -> bool:
    """Whether a flow that is infinite or NaN is so neither by its adjoint nor by numbers that were given so."""
    flow = adjoint * slope
    if flow != flow:
        return all(x == x for x in (adjoint, node._data, *map(number_of, node.operands)))
    return adjoint - adjoint == 0.0 and node not in excused and operand not in excused


def check_bends(root: Value, bends: Sequence[Value], wanted: Set[Value] | None) -> None:
    """Check the slopes without a derivative that an adjoint of 0 came to.

    Raises:
        NonFiniteGradientError: the adjoint depends on a wanted node: it is 0 at this point only.
    """
    nodes = topological([root])
    needed = reaching(nodes, trainable_leaves(nodes) if wanted is None else wanted)
    for node in bends:
        if node in needed and node.operands[2] in needed:
            raise no_second_derivative(node, name_nodes(nodes, [root]))


def no_second_derivative(bend: Value, names: Mapping[Value, str]) -> NonFiniteGradientError:
    """Make the error for a slope that has no derivative of its own, with the names of its graph."""
    node = bend.operands[1]
    assert isinstance(node, Value)
    given = ", ".join(v._describe(names) if isinstance(v, Value) else number_text(v) for v in node.operands[:4])
    advice = "Write x*x + y*y for hypot(x, y)**2, or move" if node._op is ops.hypot else "Move"
    return NonFiniteGradientError(
        f"The second derivative does not exist at {node._describe(names)}: {node._op.name} has no second derivative "
        f"where its operands are {given}. {advice} the operands off that point. No gradient was changed."
    )


def anomaly(
    node: Value, operand: Value, slope: float, adjoint: float, names: Mapping[Value, str]
) -> NonFiniteGradientError:
    """Make the error for an edge along which the gradient stops being finite, with the names of its graph."""
    if node._op is ops.bent:
        return no_second_derivative(node, names)
    given = ", ".join(v._describe(names) if isinstance(v, Value) else number_text(v) for v in node.operands[:4])
    return NonFiniteGradientError(
        f"The gradient stops being finite at {node._describe(names)}: {node._op.name} has slope {number_text(slope)} "
        f"with respect to {operand._describe(names)}, where its operands are {given} and its own gradient is "
        f"{number_text(adjoint)}. Move the operand off that point, or choose another branch there with where. No "
        "gradient was changed."
    )


def trainable_leaves(nodes: Sequence[Value]) -> frozenset[Value]:
    """Return the leaves among nodes that take a gradient."""
    return frozenset(node for node in nodes if node._x is None and node._op is not FROZEN)
