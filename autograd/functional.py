"""Derivatives of functions: gradient, Jacobian, Hessian, products with vectors, n-th derivative.

An argument is a number, or lists, tuples, dicts and arrays of numbers; a result has the argument's shape.
Numbers in, numbers out; where an argument holds Values the result is made of Values, so these functions nest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd import ops
from autograd.arrays import is_array
from autograd.backward import differentiable_sweep, gradients
from autograd.context import current, differentiating, enable_grad
from autograd.errors import OperandTypeError
from autograd.floats import real_number
from autograd.graph import topological
from autograd.value import Value

__all__ = ["derivative", "grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad"]

Function = Callable[..., Any]


class _Lifted(NamedTuple):
    """An argument made of fresh Values, and how to give its shape to a list of results."""

    argument: Any
    leaves: list[Value]
    rebuild: Callable[[list[Any]], Any]
    nested: bool = False  # whether the result is made of Values


def _lift(argument: Any) -> _Lifted:
    """Make a fresh Value for each number, and for each Value an alias that the sweep stops at."""
    leaves: list[Value] = []
    lifted = _with_leaves(argument, leaves)
    return _Lifted(lifted, leaves, lambda results: _shaped(argument, iter(results)))


def _with_leaves(x: Any, leaves: list[Value]) -> Any:
    if isinstance(x, dict):
        return {key: _with_leaves(item, leaves) for key, item in x.items()}
    if isinstance(x, list | tuple):
        return _like(x, [_with_leaves(item, leaves) for item in x])
    if is_array(x):
        return [_with_leaves(item, leaves) for item in x]
    leaf = ops.identity(x) if isinstance(x, Value) else Value(x)
    if isinstance(x, Value):
        leaf.name = x.name
    leaves.append(leaf)
    return leaf


def _shaped(like: Any, results: Any) -> Any:
    if isinstance(like, dict):
        return {key: _shaped(item, results) for key, item in like.items()}
    if isinstance(like, list | tuple):
        return _like(like, [_shaped(item, results) for item in like])
    if is_array(like):
        import numpy

        flat = [next(results) for _ in range(like.size)]
        if flat and is_array(flat[0]):  # a row of a Hessian for each number
            return numpy.stack(flat).reshape(like.shape + flat[0].shape)
        shaped = numpy.empty(like.size, dtype=object if any(isinstance(x, Value) for x in flat) else float)
        for place, x in enumerate(flat):
            shaped[place] = x
        return shaped.reshape(like.shape)
    return next(results)


def _like(sequence: Any, items: list[Any]) -> Any:
    if hasattr(sequence, "_fields"):
        return type(sequence)(*items)
    return items if isinstance(sequence, list) else tuple(items)


def _flatten(x: Any) -> list[Any]:
    if isinstance(x, dict):
        return [y for item in x.values() for y in _flatten(item)]
    if isinstance(x, list | tuple) or is_array(x):
        return [y for item in x for y in _flatten(item)]
    return [x]


def _sweep(y: Any, leaves: list[Value], nested: bool) -> list[Any]:
    if not isinstance(y, Value):
        return [0.0] * len(leaves)
    if not nested:
        return gradients(y, leaves)
    chosen = frozenset(leaves)
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


def _holds_values(x: Any) -> bool:
    if isinstance(x, dict):
        return any(map(_holds_values, x.values()))
    if isinstance(x, list | tuple):
        return any(map(_holds_values, x))
    return isinstance(x, Value) or (is_array(x) and x.dtype == object and any(map(_holds_values, x.flat)))


def _below(outputs: Any, until: frozenset[Value]) -> list[Value]:
    return topological([y for y in _flatten(outputs) if isinstance(y, Value)], until)


def _one_number(f: Function, y: Any) -> Any:
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
    def differentiated(*args: Any) -> tuple[Any, Any]:
        y, lifted = _call(f, args, argnums)
        y = _one_number(f, y)
        nested = any(each.nested for each in lifted)
        slopes = _sweep(y, [leaf for each in lifted for leaf in each.leaves], nested)
        shaped = []
        for each in lifted:
            shaped.append(each.rebuild(slopes[: len(each.leaves)]))
            slopes = slopes[len(each.leaves) :]
        value = y if nested else float(y)
        return value, shaped[0] if isinstance(argnums, int) else tuple(shaped)

    return differentiated


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

    @enable_grad()
    def differentiated(*args: Any) -> Any:
        outputs, [lifted] = _call(f, args, [argnums])
        rows = [lifted.rebuild(_sweep(y, lifted.leaves, lifted.nested)) for y in _flatten(outputs)]
        return _shaped(outputs if not is_array(outputs) else outputs.tolist(), iter(rows))

    return differentiated


def hessian(f: Function, argnums: int = 0) -> Function:
    """Make the Hessian function of f: the second derivatives by one argument, row by row.

    Example:
        >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 5.0])
        [[10.0, 6.0], [6.0, 0.0]]
    """

    @enable_grad()
    def differentiated(*args: Any) -> Any:
        y, [lifted] = _call(f, args, [argnums])
        slopes = _sweep(_one_number(f, y), lifted.leaves, nested=True)
        return lifted.rebuild([lifted.rebuild(_sweep(s, lifted.leaves, lifted.nested)) for s in slopes])

    return differentiated


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
    direction = _along(x, v)
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
        moved.update(zip(each.leaves, _along(primal, tangent), strict=True))
    nested = any(each.nested for each in lifted) or _holds_values(list(moved.values()))
    flat = _flatten(outputs)
    for node in topological([y for y in flat if isinstance(y, Value)], frozenset(moved)):
        if node in moved or node.is_leaf:
            continue
        assert node.op is not None
        wanted = [isinstance(v, Value) and v in moved for v in node.operands]
        try:
            slopes = node.op.slopes_at(node, node.operands, wanted) if nested else node.slopes
        except (ArithmeticError, ValueError):
            if node in _carried(flat):
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
    values = [y if nested else float(y) for y in flat]
    return _shaped(outputs, iter(values)), _shaped(outputs, iter(changes))


def _carried(outputs: Sequence[Any]) -> set[Value]:
    """Collect the nodes from which edges of a slope other than 0 lead up to an output."""
    found = {y for y in outputs if isinstance(y, Value)}
    stack = list(found)
    while stack:
        node = stack.pop()
        for operand, slope in zip(node.operands, node.slopes, strict=True):
            if slope and isinstance(operand, Value) and operand not in found:
                found.add(operand)
                stack.append(operand)
    return found


def _along(argument: Any, vector: Any, place: str = "") -> list[Any]:
    """List the numbers of a vector in the order of the argument's, whose shape it has to have.

    Raises:
        ValueError: the shapes differ; the message says where.
    """
    where = f" at {place}" if place else ""
    if isinstance(argument, dict):
        if not isinstance(vector, dict) or set(vector) != set(argument):
            raise ValueError(
                f"The vector has to have the keys of the argument{where}: {', '.join(map(str, argument))}."
            )
        return [x for key, item in argument.items() for x in _along(item, vector[key], f"{place}[{key!r}]")]
    if isinstance(argument, list | tuple) or is_array(argument):
        if not (isinstance(vector, list | tuple) or is_array(vector)) or len(vector) != len(argument):
            raise ValueError(f"The vector has to have {len(argument)} entries, like the argument{where}.")
        pairs = enumerate(zip(argument, vector, strict=True))
        return [x for i, (item, entry) in pairs for x in _along(item, entry, f"{place}[{i}]")]
    if isinstance(vector, dict | list | tuple) or is_array(vector):
        raise ValueError(f"The vector has to have one number, like the argument{where}.")
    return [vector if isinstance(vector, Value) else real_number(vector, "tangent")]


def derivative(f: Function, order: int = 1) -> Function:
    """Make the n-th derivative of a function of one number (lecture L1.3).

    Args:
        f: a function of one number.
        order: how many times to differentiate, from 0.

    Raises:
        ValueError: order is negative or no whole number.

    Example:
        >>> derivative(lambda x: 2 * x**4, order=2)(1.0)
        24.0
    """
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"order must be a whole number from 0, not {order!r}.")

    @enable_grad()
    def differentiated(x: Any) -> Any:
        if isinstance(x, dict | list | tuple) or is_array(x):
            raise OperandTypeError("derivative works on functions of one number: use grad or jacobian for a list.")
        y, [lifted] = _call(f, (x,), 0)
        y = _one_number(f, y)
        for _ in range(order):
            [y] = _sweep(y, lifted.leaves, nested=True)
        return y if lifted.nested else float(y)

    return differentiated
