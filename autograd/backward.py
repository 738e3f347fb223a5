"""The one sweep: from the output down, each node passes its adjoint times the slope along every edge.

Two walks without recursion. The first lists the nodes, operands before what uses them; the second goes through
that list from its end, so that a node's adjoint E_α = ∂Q/∂α is complete when it is passed on (lecture L5.4).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence, Set
from functools import cache, partial
from typing import Any

from autograd import ops, tree
from autograd.anomaly import check_bends, find_excused, no_second_derivative, report_anomaly, trainable_leaves
from autograd.arrays import is_array
from autograd.collector import hold_collector
from autograd.errors import ControlFlowError, NoGradientError, OperandTypeError, StaleGraphError
from autograd.floats import apply_to_extended, real_number, slopes_on_floats
from autograd.graph import reaching, same_number, topological
from autograd.naming import names_below
from autograd.native import show_collector
from autograd.recording import is_traced
from autograd.singular import bend_at_cusp, distance_to_cusp, is_bent, keep_what_flows, slope_on_values
from autograd.value import FROZEN, Value, number_of

__all__ = ["backward", "check_fresh", "gradients", "pass_down"]

#: A sweep marks nodes and keeps sums on them: where threads share leaves, one sweeps after the other.
_sweeping = threading.RLock()


def backward(root: Value, seed: float = 1.0, *, create_graph: bool = False) -> None:
    """Sweep from `root`: leaves add the result to `grad`, interior nodes show it. See `Value.backward`."""
    seed = real_number(seed, "backward")
    if is_traced(root):
        raise _inside_a_trace()
    if create_graph:
        nodes = topological([root])
        wanted = trainable_leaves(nodes)
        if not wanted:
            raise _nothing_to_do(root)
        adjoints = differentiable_sweep(root, seed, wanted)
        for node in nodes:
            adjoint = adjoints[node] if node in adjoints else Value(0.0, requires_grad=False)
            if node._x is not None:
                node._grad = adjoint
            elif node in wanted:
                node._grad = adjoint if node._grad is None else node._grad + adjoint
        show_collector([node._grad for node in nodes if isinstance(node._grad, Value)])
        return
    with _sweeping:
        leaves = sweep(root, seed)
        try:
            if not any(leaf._op is not FROZEN for leaf, _ in leaves):
                raise _nothing_to_do(root)
            for leaf, before in leaves:
                if leaf._op is FROZEN:
                    leaf._grad = before
                elif before is not None:
                    leaf._grad = before + leaf._grad
        except BaseException:
            _forget(root, leaves)
            raise


def gradients(y: Value, xs: Any, *, create_graph: bool = False) -> Any:
    """Compute ∂y/∂x for each x of a recorded graph, and leave the leaves' `grad` as it was.

    Args:
        y: the output.
        xs: a list of Values of its graph, leaves or interior, and of arrays of them; or one array.
        create_graph: give Values, to be differentiated again, instead of floats.

    Returns:
        one number for each x, an array for an array; 0.0 where y does not depend on it.

    Raises:
        OperandTypeError: `y` or one of `xs` is no Value.
        NonFiniteGradientError: a slope on the way is infinite or NaN.
        StaleGraphError: with `create_graph`, a leaf was assigned since the graph was recorded.

    Example:
        >>> x = Value(3.0)
        >>> [slope] = gradients(x**3, [x], create_graph=True)
        >>> slope.data, gradients(slope, [x])
        (27.0, [18.0])
    """
    given = xs if is_array(xs) else list(xs)
    xs = tree.leaves(given)
    for v in (y, *xs):
        if not isinstance(v, Value):
            again = " With create_graph=True a gradient is a Value, to be differentiated again." if v is y else ""
            raise OperandTypeError(
                f"gradients(y, xs) works on Values, not on {type(v).__name__}: pass the Values of a recorded graph, or "
                f"use grad for a function of numbers.{again}"
            )
    if create_graph:
        adjoints = differentiable_sweep(y, 1.0, frozenset(xs))
        return tree.rebuild(given, [adjoints[x] if x in adjoints else Value(0.0, requires_grad=False) for x in xs])
    return tree.rebuild(given, gradients_and_leaves(y, xs)[0])


def gradients_and_leaves(y: Value, xs: list[Value]) -> tuple[list[float], list[Value]]:
    """Compute ∂y/∂x as numbers, as `gradients` does, and list the leaves that y was computed from."""
    with _sweeping:
        before_all = [x._grad for x in xs]
        for x in xs:
            x._grad = None
        leaves: list[tuple[Value, Any]] = []
        try:
            leaves = sweep(y, 1.0, frozenset(xs))
            return [0.0 if x._grad is None else x._grad for x in xs], [leaf for leaf, _ in leaves]
        finally:
            for leaf, before in leaves:
                leaf._grad = before
            for x, before in zip(xs, before_all, strict=True):
                if x._x is None or x._grad is None:
                    x._grad = before


def sweep(root: Value, seed: float, wanted: Set[Value] | None = None) -> list[tuple[Value, Any]]:
    """Compute the adjoint of every node below `root` and leave it in the node's `_grad`.

    Args:
        wanted: the nodes whose adjoints have to be finite; without it every leaf that is not frozen.

    Returns:
        the leaves that were reached, each with the `_grad` it had before.
    """
    if is_traced(root):
        raise _inside_a_trace()
    leaves: list[tuple[Value, Any]] = []
    try:
        bends = _deliver(root, seed, _order(root, leaves), leaves)
        if bends:
            check_bends(root, bends, wanted)
        spread = 0.0
        if wanted is None:
            for leaf, _ in leaves:
                if leaf._op is not FROZEN:
                    spread += leaf._grad
        else:
            for node in wanted:
                spread += node._grad or 0.0
        if spread - spread != 0.0:
            report_anomaly(root, wanted)
    except BaseException:
        _forget(root, leaves)
        raise
    return leaves


def _inside_a_trace() -> ControlFlowError:
    return ControlFlowError(
        "The function that is being compiled sweeps its graph for numbers, which would hold for this one example only. "
        "Write gradients(y, xs, create_graph=True), or grad(f)(x) outside no_grad, which give Values."
    )


def _order(root: Value, leaves: list[tuple[Value, Any]]) -> list[Value]:
    """List the nodes below `root` that have operands, operands first, and clear the adjoints.

    `_pending` marks a node that was entered (1) or listed (2); `_deliver` takes the marks back.
    """
    order: list[Value] = []
    stack = [root]
    pop, push, listed = stack.pop, stack.append, order.append
    while stack:
        node = stack[-1]
        if node._pending:
            pop()
            if node._pending == 1:
                node._pending = 2
                listed(node)
            continue
        node._pending = 1
        if node._dx is not None:
            operand = node._x
            if not operand._pending:
                push(operand)
            if node._dy is not None:
                operand = node._y
                if not operand._pending:
                    push(operand)
        elif node._dy is not None:
            operand = node._y
            if not operand._pending:
                push(operand)
        elif node._x is None:
            leaves.append((node, node._grad))
            node._pending = 2
            pop()
        else:
            stack += [v for v, slope in zip(node._x, node._y, strict=True) if slope is not None and not v._pending]
        node._grad = 0.0
    return order


def _deliver(root: Value, seed: float, order: list[Value], leaves: list[tuple[Value, Any]]) -> list[Value]:
    """Pass each node's adjoint on, the last node first, so that it is complete when its turn comes.

    A zero adjoint passes zeros, whatever the slopes below.

    Returns:
        the slopes without a derivative that a zero adjoint came to: 0 times what they are is unknown.
    """
    bends: list[Value] = []
    root._grad = seed
    for node in reversed(order):
        node._pending = 0
        adjoint = node._grad
        if not adjoint:
            if node._op is ops.bent and is_bent(node):
                bends.append(node)
            continue
        slope = node._dx
        if slope is not None:
            node._x._grad += adjoint * slope
            slope = node._dy
            if slope is not None:
                node._y._grad += adjoint * slope
        elif node._dy is not None:
            node._y._grad += adjoint * node._dy
        else:
            for operand, slope in zip(node._x, node._y, strict=True):
                if slope is not None:
                    operand._grad += adjoint * slope
    for leaf, _ in leaves:
        leaf._pending = 0
    return bends


def _forget(root: Value, leaves: list[tuple[Value, Any]]) -> None:
    """Undo a sweep that did not finish: no marks, no half-summed adjoints, leaves as they were."""
    for node in topological([root]):
        node._pending = 0
        if node._x is not None:
            node._grad = None
    for leaf, before in leaves:
        leaf._grad = before


def _nothing_to_do(root: Value) -> NoGradientError:
    why = (
        "it is a frozen leaf: detached, made under no_grad(), or with requires_grad=False"
        if root._x is None
        else "every leaf it was computed from is frozen or a plain number"
    )
    return NoGradientError(
        f"backward() of {root._describe()} has nothing to compute: {why}. Compute it outside no_grad(), from a leaf "
        "whose requires_grad is True."
    )


@hold_collector()
def differentiable_sweep(
    root: Value, seed: float, wanted: Set[Value], until: Set[Value] = frozenset()
) -> dict[Value, Value]:
    """Sweep with Values for adjoints and slopes, so that the gradients are graphs themselves.

    Args:
        wanted: the nodes whose adjoints are asked for.
        until: nodes whose operands are not swept.

    Returns:
        the adjoint of each node that was reached; the others' are zero.

    Raises:
        NonFiniteGradientError: a slope on the way to a wanted node is infinite or NaN.
        StaleGraphError: a leaf was assigned since the graph was recorded.
    """
    nodes = topological([root], until)
    needed = cache(partial(reaching, nodes, wanted))

    def slopes_of(node: Value, adjoint: Any) -> Sequence[Any]:
        if node in until:
            return ()
        op = node._op
        assert op is not None
        if op is ops.bent and is_bent(node) and not is_traced(node):
            if node in needed() and (number_of(adjoint) != 0.0 or node.operands[2] in needed()):
                raise no_second_derivative(node, names_below([root]))
            return ()
        check_fresh(node, SECOND_ORDER, root)
        wanted_slots = [slope is not None for slope in node._slopes]
        try:
            slopes = op.slopes_at(node, node.operands, wanted_slots)
        except (ArithmeticError, ValueError):
            slopes = [slope_on_values(node, slot) if w else None for slot, w in enumerate(wanted_slots)]
        kept, off = [], 0.0
        for slope in slopes:
            number = slope._data if type(slope) is Value else slope or 0.0
            off += number - number
            kept.append(slope if type(slope) is Value or slope else None)
        cusp = None if op.cusp is None else distance_to_cusp(node, needed)
        if off == 0.0 and cusp is None:
            return kept
        if is_traced(node):
            return bend_at_cusp(node, kept, adjoint, cusp, wanted) if isinstance(cusp, Value) else kept
        at_cusp = cusp is not None and number_of(cusp) == 0.0
        if off == 0.0 and not at_cusp:
            return kept
        return keep_what_flows(node, kept, adjoint, needed(), find_excused(nodes), at_cusp, root)

    return {
        node: adjoint if isinstance(adjoint, Value) else Value(adjoint, requires_grad=False)
        for node, adjoint in pass_down(nodes, {root: seed}, slopes_of).items()
    }


def pass_down(
    nodes: Sequence[Value], adjoints: dict[Value, Any], slopes_of: Callable[[Value, Any], Sequence[Any]]
) -> dict[Value, Any]:
    """Pass adjoints of any kind down to the leaves, and leave the nodes as they are.

    Args:
        nodes: operands before what uses them.
        adjoints: those to start with; the others are added to it.
        slopes_of: returns the slopes of a node, given its adjoint: None for an operand to which nothing flows, and
            ``()`` where nothing flows at all.

    Returns:
        the adjoint of each node that something came to.
    """
    for node in reversed(nodes):
        adjoint = adjoints.get(node)
        if adjoint is None or node._x is None:
            continue
        for operand, slope in zip(node.operands, slopes_of(node, adjoint), strict=False):
            if slope is None or not isinstance(operand, Value):
                continue
            flow = _times(adjoint, slope)
            before = adjoints.get(operand)
            adjoints[operand] = flow if before is None else before + flow
    return adjoints


def _times(adjoint: Any, slope: Any) -> Any:
    """Multiply, but leave out a factor that is the plain number 1."""
    if not isinstance(adjoint, Value) and adjoint == 1.0:
        return slope
    return adjoint if not isinstance(slope, Value) and slope == 1.0 else adjoint * slope


#: Why a stale graph is refused, and what to do.
SECOND_ORDER = "Its own slopes still hold, but second derivatives need the graph of the new numbers: compute it again."


def check_fresh(node: Value, why: str, root: Value) -> None:
    """Compute a node next to its leaves again: the same result and slopes, or a leaf was assigned in between.

    Args:
        node: what is computed.
        why: why that matters, and what to do: the end of the message.
        root: the Value at the top of the graph, by whose names the message speaks.

    Raises:
        StaleGraphError: a leaf was assigned.
    """
    operands = node.operands
    leaves = [v for v in operands if isinstance(v, Value) and v._x is None]
    if not leaves or is_traced(node):
        return
    recorded = node._slopes
    numbers = tuple(map(number_of, operands))
    out = float(apply_to_extended(node._op, numbers))
    slopes = slopes_on_floats(node._op, out, numbers, tuple([slope is not None for slope in recorded]))
    if not (same_number(out, node._data) and all(map(same_number, slopes, recorded))):
        names = names_below([root])
        now = ", ".join(leaf._describe(names) for leaf in leaves[:4])
        raise StaleGraphError(
            f"{node._describe(names)} was recorded before a leaf it was computed from was assigned (now {now}). {why}"
        )
