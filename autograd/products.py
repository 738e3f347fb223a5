"""Products with vectors: of the Hessian, and of the Jacobian from either side, without either matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import ops, tree
from autograd.anomaly import anomaly, find_excused, is_anomaly, no_second_derivative
from autograd.collector import hold_collector
from autograd.context import enable_grad
from autograd.graph import topological
from autograd.lifting import (
    Function,
    below,
    call,
    captures,
    holds_values,
    one_number,
    read_outputs,
    read_vector,
    sweep,
    without_graph,
)
from autograd.naming import names_below
from autograd.recording import is_traced
from autograd.singular import is_bent
from autograd.value import Value, number_of

__all__ = ["hvp", "jvp", "push_rates", "vjp"]


@hold_collector()
@enable_grad()
def hvp(f: Function, x: Any, v: Any) -> Any:
    """Multiply the Hessian of f at x by the vector v, at the cost of two sweeps.

    Args:
        f: a function of one argument, whose result is one number.
        x: where: a number or lists of numbers.
        v: the vector, in the shape of x.

    Raises:
        ValueError: x and v differ in shape.

    Example:
        >>> hvp(lambda p: p[0] ** 2 * p[1], [3.0, 5.0], [1.0, 0.0])
        [10.0, 6.0]
    """
    y, [lifted] = call(f, (x,), {}, [0])
    direction = read_vector(x, v)
    lifted = lifted._replace(nested=lifted.nested or holds_values(direction))
    slopes = sweep(one_number(f, y), lifted.leaves, nested=True)
    along = ops.dot(slopes, direction)
    return lifted.rebuild(sweep(along, lifted.leaves, lifted.nested))


@hold_collector()
@enable_grad()
def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """Compute f, and make the function that multiplies a vector with its Jacobian: one sweep backward for each vector.

    Args:
        f: a function of numbers or lists.
        primals: its arguments.

    Returns:
        f's result, and a function of a vector in its shape, which gives a tuple: for each argument, in its shape, the
        gradient of the result's sum weighted by the vector.

    Raises:
        ValueError: (when called) the vector differs in shape from the result.

    Example:
        >>> y, pull_back = vjp(lambda v: [v[0] * v[1], v[0] + v[1]], [2.0, 3.0])
        >>> y, pull_back([1.0, 0.0])
        ([6.0, 5.0], ([3.0, 2.0],))
    """
    outputs, lifted = call(f, primals, {}, range(len(primals)))
    own = frozenset(leaf for each in lifted for leaf in each.leaves)
    nested = any(each.nested for each in lifted) or captures(below(outputs, own))
    numbers = read_outputs(f, outputs, "vjp")

    @hold_collector()
    @enable_grad()
    def pull_back(vector: Any) -> tuple[Any, ...]:
        weights = read_vector(outputs, vector)
        along = ops.dot(numbers, weights) if weights else 0.0
        made_of_values = nested or holds_values(weights)
        rest = iter(sweep(along, [leaf for each in lifted for leaf in each.leaves], made_of_values))
        return tuple(each.rebuild([next(rest) for _ in each.leaves]) for each in lifted)

    return outputs if nested else without_graph(outputs), pull_back


@hold_collector()
@enable_grad()
def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Multiply the Jacobian of f by a vector, by one forward walk over the recorded slopes.

    Args:
        f: a function of numbers or lists.
        primals: its arguments.
        tangents: a direction for each argument, in its shape.

    Returns:
        f's result and its rate of change along the tangents, in the same shape.

    Raises:
        ValueError: primals and tangents differ in shape.
        NonFiniteGradientError: a slope on the way is infinite or undefined.

    Example:
        >>> jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 0.0))
        (6.0, 2.0)
    """
    args = tuple(primals)
    outputs, lifted = call(f, args, {}, range(len(args)))
    if len(tangents) != len(args):
        raise ValueError(f"jvp needs a tangent for each of the {len(args)} primals, got {len(tangents)}.")
    moved: dict[Value, Any] = {}
    for each, primal, tangent in zip(lifted, args, tangents, strict=True):
        moved.update(zip(each.leaves, read_vector(primal, tangent), strict=True))
    nested = any(each.nested for each in lifted) or holds_values(list(moved.values()))
    flat = read_outputs(f, outputs, "jvp")
    nodes = topological([y for y in flat if isinstance(y, Value)], frozenset(moved))
    nested = nested or captures(nodes)
    if not nested:
        moved = {leaf: number_of(rate) for leaf, rate in moved.items()}
    push_rates(nodes, moved, flat, nested)
    changes = [moved.get(y, 0.0) if isinstance(y, Value) else 0.0 for y in flat]
    values = [y if nested else number_of(y) for y in flat]
    return tree.rebuild(outputs, values), tree.rebuild(outputs, changes)


def push_rates(nodes: Sequence[Value], moved: dict[Value, Any], outputs: Sequence[Any], nested: bool) -> None:
    """Add to `moved` how fast each node changes that depends on those in it.

    Args:
        nodes: operands before what uses them.
        moved: rates of change to start from.
        outputs: what they are pushed to.
        nested: whether slopes are Values, to be differentiated again, rather than those that were recorded.

    Raises:
        NonFiniteGradientError: a slope on the way is infinite or undefined.
    """
    reached = set(moved)  # what depends on them, at whatever rate
    for node in nodes:
        if node in moved or node.is_leaf:
            continue
        assert node.op is not None
        wanted = [isinstance(v, Value) and v in moved for v in node.operands]
        touched = [isinstance(v, Value) and v in reached for v in node.operands]
        if any(touched):
            reached.add(node)
        if is_bent(node) and not is_traced(node):
            if any(touched[:2]) and (touched[2] or number_of(node.operands[2]) != 0.0):
                raise no_second_derivative(node, names_below(outputs))
            continue
        try:
            slopes = node.op.slopes_at(node, node.operands, wanted) if nested else node._slopes
        except (ArithmeticError, ValueError):
            if node in _find_carriers(outputs):
                raise
            continue
        if not nested:
            _check_finite(node, slopes, moved, nodes, outputs)
        edges = [
            (slope, moved[v])  # type: ignore[index]
            for v, slope, w in zip(node.operands, slopes, wanted, strict=True)
            if w and _passes(slope) and _passes(moved[v])  # type: ignore[index]
        ]
        if edges:
            moved[node] = _add_flows(edges) if nested else ops.total.forward(*[slope * rate for slope, rate in edges])


def _passes(factor: Any) -> bool:
    """Whether something flows: as in the sweep, nothing along an edge of slope 0 or from a node that does not move."""
    return isinstance(factor, Value) or bool(factor)


def _add_flows(edges: Sequence[tuple[Any, Any]]) -> Any:
    """Add up slopes times rates of change, as one node where they are many; a factor of 1 is left out."""
    added, weighed = [], []
    for slope, rate in edges:
        if _is_one(slope) or _is_one(rate):
            added.append(rate if _is_one(slope) else slope)
        else:
            weighed.append((slope, rate))
    if len(weighed) > 2:
        return ops.dot(*zip(*weighed, strict=True), bias=ops.total(added) if added else None)
    terms = [*added, *(slope * rate for slope, rate in weighed)]
    return sum(terms[1:], terms[0]) if len(terms) < 3 else ops.total(terms)


def _is_one(factor: Any) -> bool:
    return not isinstance(factor, Value) and factor == 1.0


def _check_finite(
    node: Value, slopes: Sequence[Any], moved: dict[Value, Any], nodes: Sequence[Value], outputs: Sequence[Any]
) -> None:
    """Check that what moves an output stays finite where it comes to a node.

    Raises:
        NonFiniteGradientError: it does not, though the numbers are finite.
    """
    for v, slope in zip(node.operands, slopes, strict=True):
        rate = moved.get(v, 0.0) if isinstance(v, Value) else 0.0
        if slope and rate and slope * rate - slope * rate != 0.0:
            assert isinstance(v, Value)
            if is_anomaly(node, v, rate, slope, find_excused(nodes)) and node in _find_carriers(outputs):
                raise anomaly(node, v, slope, rate, names_below(outputs))


def _find_carriers(outputs: Sequence[Any]) -> set[Value]:
    """Collect the nodes from which edges of a slope other than 0 lead up to an output."""
    found = {y for y in outputs if isinstance(y, Value)}
    stack = list(found)
    while stack:
        node = stack.pop()
        for operand, slope in zip(node.operands, node._slopes, strict=True):
            if slope and isinstance(operand, Value) and operand not in found:
                found.add(operand)
                stack.append(operand)
    return found
