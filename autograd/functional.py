"""Derivatives of functions: gradient, Jacobian, Hessian, products with vectors, n-th derivative.

An argument is a number, or lists, tuples, dicts and arrays of numbers; a result has the argument's shape.
Numbers in, numbers out. Where an argument holds Values, or the function captures one that takes a gradient, the result
is made of Values: these functions nest, and a derivative inside a model is trained with it. `no_grad` says that numbers
are meant. An array arrives in the function as an array of Values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from typing import Any, NamedTuple

from autograd import ops, tree
from autograd.anomaly import no_second_derivative
from autograd.arrays import is_array
from autograd.backward import differentiable_sweep, gradients_and_leaves
from autograd.context import current, differentiating, enable_grad
from autograd.errors import OperandTypeError
from autograd.floats import real_number
from autograd.graph import topological
from autograd.op import Op
from autograd.value import FROZEN, Value, number_of

__all__ = ["argument_names", "derivative", "grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad"]

Function = Callable[..., Any]


class _Lifted(NamedTuple):
    """An argument, the same made of fresh Values, these in order, and whether the result is made of Values."""

    given: Any
    argument: Any
    leaves: list[Value]
    nested: bool = False

    def rebuild(self, results: list[Any]) -> Any:
        """Return results, one for each leaf, in the shape of the argument."""
        return tree.rebuild(self.given, results)


def _lift(argument: Any) -> _Lifted:
    """Make a fresh Value for each number, and for each Value an alias that the sweep stops at."""
    leaves: list[Value] = []

    def lift(x: Any) -> Value:
        leaf = ops.identity(x) if isinstance(x, Value) else Value(x)
        if isinstance(x, Value):
            leaf.name = x.name
        leaves.append(leaf)
        return leaf

    return _Lifted(argument, tree.map_leaves(lift, argument), leaves)


def _sweep(y: Any, leaves: list[Value], nested: bool) -> list[Any]:
    """Compute the gradient of an output: numbers, unless `nested`, or what f captured takes a gradient itself."""
    if not isinstance(y, Value):
        return [0.0] * len(leaves)
    chosen = frozenset(leaves)
    if not nested:
        numbers, reached = gradients_and_leaves(y, leaves)
        if not _captures(reached, chosen):
            return numbers
    adjoints = differentiable_sweep(y, 1.0, chosen, until=chosen)
    return [adjoints.get(leaf, 0.0) for leaf in leaves]


def _call(f: Function, args: tuple[Any, ...], argnums: int | Sequence[int]) -> tuple[Any, list[_Lifted]]:
    chosen = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for number in chosen:
        if not -len(args) <= number < len(args):
            raise TypeError(
                f"argnums names argument {number}, but the function was called with {len(args)} argument(s)."
            )
    lifted = {number % len(args): _lift(args[number % len(args)]) for number in chosen}
    own = frozenset(leaf for each in lifted.values() for leaf in each.leaves)
    outer: frozenset[Value] = current().differentiating
    with differentiating(own):
        out = f(*(lifted[i].argument if i in lifted else arg for i, arg in enumerate(args)))
    nested = any(map(_holds_values, args)) or bool(outer and not outer.isdisjoint(_below(out, own)))
    return out, [lifted[number % len(args)]._replace(nested=nested) for number in chosen]


def _captures(nodes: Iterable[Value], own: Set[Value]) -> bool:
    """Whether there is a leaf among the nodes that takes a gradient and is not the argument's."""
    around = current().outer  # the block of `enable_grad` that every function here opens
    if around is not None and around.paused:
        return False
    return any(node._x is None and node._op is not FROZEN and node not in own for node in nodes)


def _holds_values(x: Any) -> bool:
    return any(isinstance(leaf, Value) for leaf in tree.leaves(x, is_leaf=_holds_floats))


def _holds_floats(x: Any) -> bool:
    return is_array(x) and x.dtype != object


def _below(outputs: Any, until: frozenset[Value]) -> list[Value]:
    return topological([y for y in tree.leaves(outputs) if isinstance(y, Value)], until)


def _one_number(f: Function, y: Any) -> Any:
    if getattr(y, "shape", None) == ():
        y = y.item()
    if isinstance(y, Value):
        return y
    try:
        return real_number(y, "grad")
    except OperandTypeError:
        name = getattr(f, "__name__", "the function")
        raise OperandTypeError(
            f"grad needs a function whose result is one Value, but {name} returned {type(y).__name__}. Use jacobian "
            "for several outputs, or return their total."
        ) from None


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Make a function that returns f's value and its gradient.

    Args:
        f: a function whose result is one number.
        argnums: position of the argument to differentiate by, or several positions.

    Returns:
        a function with f's arguments, giving ``(value, gradient)``; the gradient has the shape of the
        argument, or is a tuple of such for several `argnums`.

    Raises:
        OperandTypeError: (when called) f returned something other than one number.

    Example:
        >>> value_and_grad(lambda x, y: x * x * y)(3.0, 2.0)
        (18.0, 12.0)
    """

    @enable_grad()
    def differentiate(*args: Any) -> tuple[Any, Any]:
        y, lifted = _call(f, args, argnums)
        y = _one_number(f, y)
        slopes = _sweep(y, [leaf for each in lifted for leaf in each.leaves], any(each.nested for each in lifted))
        nested = any(each.nested for each in lifted) or any(isinstance(slope, Value) for slope in slopes)
        shaped = []
        for each in lifted:
            shaped.append(each.rebuild(slopes[: len(each.leaves)]))
            slopes = slopes[len(each.leaves) :]
        return y if nested else number_of(y), shaped[0] if isinstance(argnums, int) else tuple(shaped)

    return differentiate


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Make the gradient function of f. See `value_and_grad`.

    Example:
        >>> grad(grad(lambda x: x**3))(2.0)
        12.0
    """
    both = value_and_grad(f, argnums)
    return lambda *args: both(*args)[1]


def jacobian(f: Function, argnums: int = 0) -> Function:
    """Make the Jacobian function of f: for each output, its gradient by one argument.

    Args:
        f: a function of numbers or lists, with a number or lists of numbers as its result.
        argnums: position of the argument to differentiate by.

    Returns:
        a function with f's arguments; its result has the shape of f's result, with a gradient (in the
        shape of the argument) for each number.

    Example:
        >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([2.0, 3.0])
        [[3.0, 2.0], [1.0, 1.0]]
    """
    if not isinstance(argnums, int):
        raise TypeError(
            f"jacobian differentiates by one argument, but argnums is {argnums!r}: make a Jacobian for each, such as "
            "jacobian(f, 0) and jacobian(f, 1)."
        )

    @enable_grad()
    def differentiate(*args: Any) -> Any:
        outputs, [lifted] = _call(f, args, [argnums])
        rows = [lifted.rebuild(_sweep(y, lifted.leaves, lifted.nested)) for y in tree.leaves(outputs)]
        return tree.rebuild(outputs, rows)

    return differentiate


def hessian(f: Function, argnums: int = 0) -> Function:
    """Make the Hessian function of f: the second derivatives by one argument, row by row.

    Example:
        >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 5.0])
        [[10.0, 6.0], [6.0, 0.0]]
    """

    @enable_grad()
    def differentiate(*args: Any) -> Any:
        y, [lifted] = _call(f, args, [argnums])
        slopes = _sweep(_one_number(f, y), lifted.leaves, nested=True)
        return lifted.rebuild([lifted.rebuild(_sweep(s, lifted.leaves, lifted.nested)) for s in slopes])

    return differentiate


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
    y, [lifted] = _call(f, (x,), [0])
    direction = _read_vector(x, v)
    lifted = lifted._replace(nested=lifted.nested or _holds_values(direction))
    slopes = _sweep(_one_number(f, y), lifted.leaves, nested=True)
    along = ops.dot(slopes, direction)
    return lifted.rebuild(_sweep(along, lifted.leaves, lifted.nested))


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

    Example:
        >>> jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 0.0))
        (6.0, 2.0)
    """
    args = tuple(primals)
    outputs, lifted = _call(f, args, range(len(args)))
    if len(tangents) != len(args):
        raise ValueError(f"jvp needs a tangent for each of the {len(args)} primals, got {len(tangents)}.")
    moved: dict[Value, Any] = {}
    for each, primal, tangent in zip(lifted, args, tangents, strict=True):
        moved.update(zip(each.leaves, _read_vector(primal, tangent), strict=True))
    nested = any(each.nested for each in lifted) or _holds_values(list(moved.values()))
    flat = tree.leaves(outputs)
    nodes = topological([y for y in flat if isinstance(y, Value)], frozenset(moved))
    nested = nested or _captures(nodes, frozenset(moved))
    reached = set(moved)  # what depends on the primals, at whatever rate
    for node in nodes:
        if node in moved or node.is_leaf:
            continue
        assert node.op is not None
        wanted = [isinstance(v, Value) and v in moved for v in node.operands]
        touched = [isinstance(v, Value) and v in reached for v in node.operands]
        if any(touched):
            reached.add(node)
        if node.op is ops.bent:
            if any(touched[:2]) and (touched[2] or number_of(node.operands[2]) != 0.0):
                raise no_second_derivative(node)
            continue
        try:
            slopes = node.op.slopes_at(node, node.operands, wanted) if nested else node._slopes
        except (ArithmeticError, ValueError):
            if node in _find_carriers(flat):
                raise
            continue
        # As in the sweep, nothing flows along an edge of slope 0 or from a node that does not move.
        terms = [
            s * moved[v]  # type: ignore[index]
            for v, s, w in zip(node.operands, slopes, wanted, strict=True)
            if w and (nested or (s and moved[v]))  # type: ignore[index]
        ]
        if terms:
            moved[node] = sum(terms[1:], terms[0])
    changes = [moved.get(y, 0.0) if isinstance(y, Value) else 0.0 for y in flat]
    values = [y if nested else number_of(y) for y in flat]
    return tree.rebuild(outputs, values), tree.rebuild(outputs, changes)


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


def _read_vector(argument: Any, vector: Any) -> list[Any]:
    """Return the numbers of a vector in the order of the argument's, whose shape it has to have."""
    entries = tree.leaves_like(argument, vector)
    return [x if isinstance(x, Value) else real_number(x, "tangent") for x in entries]


def derivative(f: Function, order: int = 1) -> Function:
    """Make the n-th derivative of a function of one number (lecture L1.3).

    On an array the function is differentiated entry by entry.

    Args:
        f: a function of one number, or an elementwise one of an array.
        order: how many times to differentiate, from 0.

    Raises:
        ValueError: order is negative or no whole number.

    Example:
        >>> derivative(lambda x: 2 * x**4, order=2)(1.0)
        24.0
        >>> import numpy as np
        >>> derivative(lambda x: x**2)(np.array([1.0, 2.0]))
        array([2., 4.])
    """
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"order must be a whole number from 0, not {order!r}.")

    @enable_grad()
    def differentiate(x: Any) -> Any:
        if tree.parts(x) is not None and not is_array(x):
            raise OperandTypeError("derivative works on functions of one number: use grad or jacobian for a list.")
        out, [lifted] = _call(f, (x,), 0)
        ys = tree.leaves(out) if is_array(x) else [_one_number(f, out)]
        if len(ys) != len(lifted.leaves):
            raise OperandTypeError(
                f"derivative of an array takes an elementwise function, but {len(lifted.leaves)} numbers became "
                f"{len(ys)}: use grad or jacobian."
            )
        own = frozenset(lifted.leaves)
        nested = lifted.nested or _captures(_below(out, own), own)
        for _ in range(order):
            ys = _sweep(ops.total(ys) if is_array(x) else ys[0], lifted.leaves, nested=True)
        return lifted.rebuild(ys if nested else list(map(number_of, ys)))

    return differentiate


def argument_names(f: Function, count: int) -> list[str]:
    """Return what a function calls its first `count` arguments; ``x1``, ``x2``, … where it has no names for them.

    >>> argument_names(lambda w, *xs: w, 3)
    ['w', 'xs[0]', 'xs[1]']
    """
    import inspect

    if isinstance(f, Op) and not f.nary:
        return list(f.operands[:count])
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return (names + [f"x{i}" for i in range(len(names) + 1, count + 1)])[:count]
