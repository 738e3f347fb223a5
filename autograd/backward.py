"""The one sweep: from the output down, each node passes its adjoint times the slope along every edge.

Two walks without recursion. The first counts how many edges reach each node; the second visits a node
when the last of those edges has delivered, so that its adjoint E_α = ∂Q/∂α is complete (lecture L5.4).
"""

from __future__ import annotations

from typing import Any

from autograd.errors import NoGradientError, NonFiniteGradientError, StaleGraphError
from autograd.graph import topological
from autograd.op import real_number
from autograd.symbol import number_text
from autograd.value import FROZEN, Value

__all__ = ["backward", "gradients"]


def backward(root: Value, seed: float = 1.0, *, create_graph: bool = False) -> None:
    """Sweep from `root`: leaves add the result to `grad`, interior nodes show it. See `Value.backward`."""
    seed = real_number(seed, "backward")
    if create_graph:
        adjoints = differentiable_sweep(root, seed)
        if not any(node._x is None and node._op is not FROZEN for node in adjoints):
            raise _nothing_to_do(root)
        for node, adjoint in adjoints.items():
            if node._x is not None:
                node._grad = adjoint
            elif node._op is not FROZEN:
                node._grad = adjoint if node._grad is None else node._grad + adjoint
        return
    leaves = sweep(root, seed)
    if not any(leaf._op is not FROZEN for leaf, _ in leaves):
        for leaf, before in leaves:
            leaf._grad = before
        raise _nothing_to_do(root)
    for leaf, before in leaves:
        if leaf._op is FROZEN:
            leaf._grad = before
        elif before is not None:
            leaf._grad = before + leaf._grad


def gradients(y: Value, xs: list[Value], *, create_graph: bool = False) -> list[Any]:
    """Compute ∂y/∂x for each x of a recorded graph, and leave the leaves' `grad` as it was.

    Args:
        y: the output.
        xs: Values of its graph, leaves or interior.
        create_graph: give Values, to be differentiated again, instead of floats.

    Returns:
        one number for each x; 0.0 where y does not depend on it.

    Raises:
        NonFiniteGradientError: a slope on the way is infinite or NaN.
        StaleGraphError: with `create_graph`, a leaf was assigned since the graph was recorded.

    Example:
        >>> x = Value(3.0)
        >>> [slope] = gradients(x**3, [x], create_graph=True)
        >>> slope.data, gradients(slope, [x])
        (27.0, [18.0])
    """
    if create_graph:
        adjoints = differentiable_sweep(y, 1.0)
        return [adjoints.get(x, 0.0) for x in xs]
    before_all = [x._grad for x in xs]
    for x in xs:
        x._grad = None
    leaves: list[tuple[Value, Any]] = []
    try:
        leaves = sweep(y, 1.0)
        return [0.0 if x._grad is None else x._grad for x in xs]
    finally:
        for leaf, before in leaves:
            leaf._grad = before
        for x, before in zip(xs, before_all, strict=True):
            if x._x is None:
                x._grad = before


def sweep(root: Value, seed: float) -> list[tuple[Value, Any]]:
    """Put the adjoint of every node below `root` into its `_grad`.

    Returns:
        the leaves that were reached, each with the `_grad` it had before.
    """
    leaves: list[tuple[Value, Any]] = []
    try:
        _count(root, leaves)
        _deliver(root, seed)
    except BaseException:
        _forget(root, leaves)
        raise
    spread = 0.0
    for leaf, _ in leaves:
        spread += leaf._grad
    if spread - spread != 0.0:
        culprit = _first_anomaly(root)
        if culprit is not None:
            _forget(root, leaves)
            raise culprit
    return leaves


def _count(root: Value, leaves: list[tuple[Value, Any]]) -> None:
    """Count the edges that reach each node below `root` into `_pending`, and clear the adjoints."""
    stack = [root]
    pop, push = stack.pop, stack.append
    root._pending = 1
    while stack:
        node = pop()
        if node._dx is not None:
            operand = node._x
            if operand._pending:
                operand._pending += 1
            else:
                operand._pending = 1
                push(operand)
            if node._dy is not None:
                operand = node._y
                if operand._pending:
                    operand._pending += 1
                else:
                    operand._pending = 1
                    push(operand)
        elif node._dy is not None:
            operand = node._y
            if operand._pending:
                operand._pending += 1
            else:
                operand._pending = 1
                push(operand)
        elif node._x is None:
            leaves.append((node, node._grad))
        else:
            for operand, slope in zip(node._x, node._y, strict=True):
                if slope is not None:
                    if operand._pending:
                        operand._pending += 1
                    else:
                        operand._pending = 1
                        push(operand)
        node._grad = 0.0
    root._pending = 0


def _deliver(root: Value, seed: float) -> None:
    """Pass each node's complete adjoint on. A zero adjoint passes zeros, whatever the slopes below."""
    root._grad = seed
    stack = [root]
    pop, push = stack.pop, stack.append
    while stack:
        node = pop()
        adjoint = node._grad
        slope = node._dx
        if slope is not None:
            operand = node._x
            if adjoint:
                operand._grad += adjoint * slope
            left = operand._pending - 1
            operand._pending = left
            if not left:
                push(operand)
            slope = node._dy
            if slope is not None:
                operand = node._y
                if adjoint:
                    operand._grad += adjoint * slope
                left = operand._pending - 1
                operand._pending = left
                if not left:
                    push(operand)
        elif node._dy is not None:
            operand = node._y
            if adjoint:
                operand._grad += adjoint * node._dy
            left = operand._pending - 1
            operand._pending = left
            if not left:
                push(operand)
        elif node._x is not None:
            for operand, slope in zip(node._x, node._y, strict=True):
                if slope is not None:
                    if adjoint:
                        operand._grad += adjoint * slope
                    left = operand._pending - 1
                    operand._pending = left
                    if not left:
                        push(operand)


def _forget(root: Value, leaves: list[tuple[Value, Any]]) -> None:
    """Undo a sweep that did not finish: no counts, no half-summed adjoints, leaves as they were."""
    for node in topological([root]):
        node._pending = 0
        if node._x is not None:
            node._grad = None
    for leaf, before in leaves:
        leaf._grad = before


def _first_anomaly(root: Value) -> NonFiniteGradientError | None:
    """Find the first edge, from the output down, that turns a finite adjoint into an infinite or NaN one."""
    for node in reversed(topological([root])):
        adjoint = node._grad
        if adjoint - adjoint != 0.0 or not adjoint or node._data - node._data != 0.0:
            continue
        for operand, slope in zip(node.operands, node.slopes, strict=True):
            if slope is None or not isinstance(operand, Value):
                continue
            flow = adjoint * slope
            if flow - flow != 0.0 and operand._data - operand._data == 0.0:
                given = ", ".join(v.describe() if isinstance(v, Value) else number_text(v) for v in node.operands[:4])
                return NonFiniteGradientError(
                    f"The gradient stops being finite at {node.describe()}: {node._op.name} has slope "
                    f"{number_text(slope)} with respect to {operand.describe()}, where its operands are {given} and "
                    f"its own gradient is {number_text(adjoint)}. Move the operand off that point, or choose another "
                    "branch there with where. No gradient was changed."
                )
    return None


def _nothing_to_do(root: Value) -> NoGradientError:
    why = (
        "it is a frozen leaf: detached, made under no_grad(), or with requires_grad=False"
        if root._x is None
        else "every leaf it was computed from is frozen or a plain number"
    )
    return NoGradientError(
        f"backward() of {root.describe()} has nothing to compute: {why}. Compute it outside no_grad(), from a leaf "
        "whose requires_grad is True."
    )


def differentiable_sweep(root: Value, seed: float, until: frozenset[Value] = frozenset()) -> dict[Value, Value]:
    """Sweep with Values for adjoints and slopes, so that the gradients are graphs themselves.

    Args:
        until: nodes whose operands are not swept.

    Returns:
        the adjoint of each node that was reached.

    Raises:
        StaleGraphError: a leaf was assigned since the graph was recorded.
    """
    adjoints: dict[Value, Any] = {root: seed}
    for node in reversed(topological([root], until)):
        adjoint = adjoints.get(node)
        if adjoint is None or node._x is None or node in until:
            continue
        operands, recorded = node.operands, node.slopes
        slopes = node._op.slopes_at(node, operands, [slope is not None for slope in recorded])
        _check_fresh(node, operands, recorded, slopes)
        for operand, slope in zip(operands, slopes, strict=True):
            if slope is None or not (isinstance(slope, Value) or slope):
                continue
            flow = _times(adjoint, slope)
            before = adjoints.get(operand)
            adjoints[operand] = flow if before is None else before + flow
    return {
        node: adjoint if isinstance(adjoint, Value) else Value(adjoint, requires_grad=False)
        for node, adjoint in adjoints.items()
    }


def _times(adjoint: Any, slope: Any) -> Any:
    """Multiply, but leave out a factor that is the plain number 1."""
    if not isinstance(adjoint, Value) and adjoint == 1.0:
        return slope
    return adjoint if not isinstance(slope, Value) and slope == 1.0 else adjoint * slope


def _check_fresh(node: Value, operands: tuple[Any, ...], recorded: tuple[Any, ...], slopes: list[Any]) -> None:
    """Compare a node with its leaves: the same result and slopes, or a leaf was assigned in between."""
    leaves = [x for x in operands if isinstance(x, Value) and x._x is None]
    if not leaves:
        return
    same = all(
        before is None or before == float(now) or (before != before and float(now) != float(now))
        for before, now in zip(recorded, slopes, strict=True)
    )
    if same:
        out = node._op.forward(*(float(x) for x in operands))
        same = out == node._data or (out != out and node._data != node._data)
    if not same:
        names = ", ".join(leaf.describe() for leaf in leaves[:4])
        raise StaleGraphError(
            f"{node.describe()} was recorded before a leaf it was computed from was assigned (now {names}). Its own "
            "slopes still hold, but second derivatives need the graph of the new numbers: compute it again."
        )
