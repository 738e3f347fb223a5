"""Derivatives of functions: gradient, Jacobian, Hessian, n-th derivative.

An argument is a number, or lists, tuples, dicts and arrays of numbers; a result has the argument's shape.
Numbers in, numbers out. Where an argument holds Values, or the function captures one that takes a gradient, the result
is made of Values: these functions nest, and a derivative inside a model is trained with it. `no_grad` says that numbers
are meant. An array arrives in the function as an array of Values. Arguments given by name are passed on as they are.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from autograd import ops, tree
from autograd.arrays import is_array
from autograd.collector import hold_collector
from autograd.context import enable_grad
from autograd.errors import OperandTypeError
from autograd.lifting import (
    Function,
    Lifted,
    below,
    call,
    captures,
    check_function,
    one_number,
    read_argnums,
    read_outputs,
    sweep,
    value_and_aux,
    without_graph,
)
from autograd.op import Op
from autograd.value import Value, number_of

__all__ = ["argument_names", "derivative", "grad", "hessian", "jacobian", "value_and_grad"]


def _named_as(f: Function) -> Callable[[Function], Function]:
    """Let a function that is made bear the name of f and take its arguments."""
    return wraps(f, ("__module__", "__name__", "__qualname__"), ())


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Make a function that returns f's value and its gradient.

    Args:
        f: a function whose result is one number.
        argnums: position of the argument to differentiate by, or several positions.
        has_aux: whether f returns a pair: the number, and what else is to be known of it, which is passed on.

    Returns:
        a function with f's arguments, giving ``(value, gradient)``, or ``((value, aux), gradient)``; the gradient has
        the shape of the argument, or is a tuple of such for several `argnums`.

    Raises:
        OperandTypeError: (when called) f returned something other than one number, or than a pair.

    Example:
        >>> value_and_grad(lambda x, y: x * x * y)(3.0, 2.0)
        (18.0, 12.0)
        >>> value_and_grad(lambda x: (x * x, {"twice": 2 * x}), has_aux=True)(3.0)
        ((9.0, {'twice': 6.0}), 6.0)
    """
    check_function(f, "value_and_grad")
    argnums = read_argnums(argnums)

    @_named_as(f)
    @hold_collector()
    @enable_grad()
    def differentiate(*args: Any, **named: Any) -> tuple[Any, Any]:
        out, lifted = call(f, args, named, argnums)
        y, aux = value_and_aux(f, out) if has_aux else (out, None)
        y = one_number(f, y)
        leaves = [leaf for each in lifted for leaf in each.leaves]
        slopes = sweep(y, leaves, any(each.nested for each in lifted))
        nested = any(each.nested for each in lifted) or any(isinstance(slope, Value) for slope in slopes)
        own = frozenset(leaves)
        if has_aux and not (nested or captures(below(aux, own))):
            aux = without_graph(aux)
        rest = iter(slopes)
        shaped = tuple([each.rebuild([next(rest) for _ in each.leaves]) for each in lifted])
        value = y if nested else number_of(y)
        return (value, aux) if has_aux else value, shaped[0] if isinstance(argnums, int) else shaped

    return differentiate


def grad(f: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Function:
    """Make the gradient function of f, which gives ``(gradient, aux)`` where it `has_aux`. See `value_and_grad`.

    Example:
        >>> grad(grad(lambda x: x**3))(2.0)
        12.0
        >>> grad(lambda x, *, rate: rate * x**2)(3.0, rate=0.5)
        3.0
    """
    check_function(f, "grad")
    both = value_and_grad(f, argnums, has_aux)

    @_named_as(f)
    def differentiate(*args: Any, **named: Any) -> Any:
        value, gradient = both(*args, **named)
        return (gradient, value[1]) if has_aux else gradient

    return differentiate


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Make the Jacobian function of f: for each output, its gradient by an argument.

    Args:
        f: a function of numbers or lists, with a number or lists of numbers as its result.
        argnums: position of the argument to differentiate by, or several positions.

    Returns:
        a function with f's arguments; its result has the shape of f's result, with a gradient (in the
        shape of the argument) for each number; for several `argnums` it is a tuple of such, one for each. For an
        array by a dict it is a dict of arrays, as in JAX, each with the axes of the result before its own.

    Example:
        >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([2.0, 3.0])
        [[3.0, 2.0], [1.0, 1.0]]
        >>> jacobian(lambda x, y: [x * y, x - y], argnums=(0, 1))(2.0, 3.0)
        ([3.0, 1.0], [2.0, -1.0])
    """
    check_function(f, "jacobian")
    argnums = read_argnums(argnums)

    @_named_as(f)
    @hold_collector()
    @enable_grad()
    def differentiate(*args: Any, **named: Any) -> Any:
        outputs, lifted = call(f, args, named, argnums)
        rows: list[list[Any]] = [[] for _ in lifted]
        for y in read_outputs(f, outputs, "jacobian"):
            rest = iter(_sweep_all(y, lifted))
            for row, each in zip(rows, lifted, strict=True):
                row.append(each.rebuild([next(rest) for _ in each.leaves]))
        matrices = tuple([tree.rebuild(outputs, row, each.blank) for row, each in zip(rows, lifted, strict=True)])
        return matrices[0] if isinstance(argnums, int) else matrices

    return differentiate


def _sweep_all(y: Any, lifted: Sequence[Lifted]) -> list[Any]:
    """Compute the gradient of an output by every argument that was lifted, in one row."""
    return sweep(y, [leaf for each in lifted for leaf in each.leaves], any(each.nested for each in lifted))


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Make the Hessian function of f: the second derivatives by one argument, row by row.

    For several `argnums` it gives a tuple of rows of blocks: ``H[i][j]`` has the shape of the i-th argument, with an
    entry in the shape of the j-th for each number.

    Example:
        >>> hessian(lambda v: v[0] ** 2 * v[1])([3.0, 5.0])
        [[10.0, 6.0], [6.0, 0.0]]
        >>> hessian(lambda x, y: x**2 * y, argnums=(0, 1))(3.0, 5.0)
        ((10.0, 6.0), (6.0, 0.0))
    """
    check_function(f, "hessian")
    argnums = read_argnums(argnums)

    @_named_as(f)
    @hold_collector()
    @enable_grad()
    def differentiate(*args: Any, **named: Any) -> Any:
        y, lifted = call(f, args, named, argnums)
        nested = [each._replace(nested=True) for each in lifted]
        slopes = iter(_sweep_all(one_number(f, y), nested))
        rows = []
        for each in lifted:
            found = [_sweep_all(next(slopes), lifted) for _ in each.leaves]
            blocks, start = [], 0
            for other in lifted:
                stop = start + len(other.leaves)
                blocks.append(each.rebuild([other.rebuild(row[start:stop]) for row in found], other.blank))
                start = stop
            rows.append(tuple(blocks))
        return rows[0][0] if isinstance(argnums, int) else tuple(rows)

    return differentiate


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
    check_function(f, "derivative")
    try:
        times = operator.index(order)
    except TypeError:
        times = -1
    if times < 0:
        raise ValueError(f"order must be a whole number from 0, not {order!r}.")

    @_named_as(f)
    @hold_collector()
    @enable_grad()
    def differentiate(x: Any, *others: Any, **named: Any) -> Any:
        if others:
            raise OperandTypeError(
                f"derivative works on functions of one number, but {1 + len(others)} arguments were given: use grad, "
                "whose argnums say which to differentiate by."
            )
        if tree.parts(x) is not None and not is_array(x):
            raise OperandTypeError("derivative works on functions of one number: use grad or jacobian for a list.")
        out, [lifted] = call(f, (x,), named, 0)
        ys = tree.leaves(out) if is_array(x) else [one_number(f, out)]
        if len(ys) != len(lifted.leaves):
            raise OperandTypeError(
                f"derivative of an array takes an elementwise function, but {len(lifted.leaves)} numbers became "
                f"{len(ys)}: use grad or jacobian."
            )
        nodes = below(out, frozenset(lifted.leaves))
        if times and is_array(x):
            _check_elementwise(ys, nodes, lifted.leaves)
        nested = lifted.nested or captures(nodes)
        for _ in range(times):
            ys = sweep(ops.total(ys) if is_array(x) else ys[0], lifted.leaves, nested=True)
        return lifted.rebuild(ys if nested else list(map(number_of, ys)))

    return differentiate


def _check_elementwise(ys: Sequence[Any], nodes: Sequence[Value], leaves: Sequence[Value]) -> None:
    """Check that each result was computed from no other entry than its own.

    Args:
        ys: the results, one for each leaf.
        nodes: all below them, operands before what uses them.

    Raises:
        OperandTypeError: one was, so that the sum of its derivatives would be taken for one of them.
    """
    entries: dict[Any, frozenset[int]] = {leaf: frozenset([place]) for place, leaf in enumerate(leaves)}
    mixed = frozenset(range(2))  # any two stand for several
    for node in nodes:
        if node not in entries:
            found = {entry for v in node.operands if isinstance(v, Value) for entry in entries[v]}
            entries[node] = frozenset(found) if len(found) < 2 else mixed
    for place, y in enumerate(ys):
        if isinstance(y, Value) and not entries[y] <= {place}:
            others = "several of them" if len(entries[y]) > 1 else f"number {min(entries[y])}"
            raise OperandTypeError(
                f"derivative of an array takes an elementwise function, but number {place} of its result was computed "
                f"from {others}: use jacobian, or grad of a sum."
            )


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
