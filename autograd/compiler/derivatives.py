"""Derivatives of a program beyond one gradient, each the sweep of another program whose graph holds the first one.

A weighted sum of the results, Σ s·y, makes one number of several: its gradient is s·J. The rate of y along a vector,
∂y/∂x · v, is one number, swept or pushed forward: its gradient is H·v. Rows of unit vectors give the matrices, all
examples and rows in one run. The derivatives themselves are the catalogue's, recorded and rolled as any other graph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import ops, tree
from autograd.backward import differentiable_sweep
from autograd.compiler.arguments import read_arrays, read_numbers
from autograd.compiler.execution import count
from autograd.compiler.replay import raise_failure
from autograd.compiler.results import take_differentiated
from autograd.compiler.trace import Argument, Trace, Traced, collect_below, tracing
from autograd.context import enable_grad
from autograd.errors import CompileError
from autograd.graph import topological
from autograd.products import push_rates
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.program import Program

__all__ = [
    "check_reduce",
    "check_wrt",
    "hessian_by_inputs",
    "hessian_by_parameters",
    "jacobian",
    "multiply_hessian",
    "pull_back",
    "push_forward",
    "slope_along",
    "sweep_each",
    "weigh_results",
]

Array = NDArray[Any]


# --- the graphs -------------------------------------------------------------------------------------------------------


def weigh_results(traced: Traced) -> Traced:
    """Return the graph of Σ s·y: the numbers y of the result that is differentiated, with weights s as an argument."""
    leaves = tree.leaves(take_differentiated(traced.result))
    weights = Argument("weights", (len(leaves),), tuple([Value(0.0, f"s[{i}]") for i in range(len(leaves))]))
    with enable_grad(), tracing(Trace([*_inputs(traced), *traced.parameters, *weights.leaves])):
        weighed = ops.dot(leaves, weights.leaves) if leaves else Value(0.0)
    return collect_below((*traced.arguments, weights), traced.parameters, weighed)


def slope_along(traced: Traced, wrt: str) -> Traced:
    """Return the graph of ∂y/∂x · v, for the result y of one number: NaN where y is not finite, which is then found.

    The vector v stands after the parameters where x are these, and else it is an argument after the others.
    """
    by = traced.parameters if wrt == "parameters" else _inputs(traced)
    vector = tuple([Value(0.0, f"v[{i}]") for i in range(len(by))])
    with enable_grad(), tracing(Trace([*_inputs(traced), *traced.parameters, *vector])):
        y = take_differentiated(traced.result)
        if wrt == "parameters" and not any(map(_has_cusp, traced.nodes)):
            # Forward, the rates along weights are products of matrices as the sums themselves are.
            rates: dict[Value, Any] = dict(zip(by, vector, strict=True))
            push_rates(topological([y]), rates, [y], nested=True)
            along = rates[y] if y in rates else Value(0.0)
        else:  # whether anything flows to a cusp only a sweep knows
            adjoints = differentiable_sweep(y, 1.0, frozenset(by))
            along = ops.dot([adjoints.get(leaf, 0.0) for leaf in by], vector) if by else Value(0.0)
        along = along + ops.where(abs(y.detach()) < math.inf, 0.0, math.nan)
    if wrt == "parameters":
        return collect_below(traced.arguments, (*traced.parameters, *vector), along)
    argument = Argument("vector", (len(vector),), vector)
    return collect_below((*traced.arguments, argument), traced.parameters, along)


def _has_cusp(node: Value) -> bool:
    """Whether slopes of a node may be conventions, without a derivative of their own."""
    return node.op is not None and (
        node.op is ops.bent or (node.op.cusp is not None and isinstance(node.op.cusp(*node.operands), Value))
    )


def _inputs(traced: Traced) -> tuple[Value, ...]:
    return tuple([leaf for argument in traced.arguments for leaf in argument.leaves])


# --- what is given and what comes out ---------------------------------------------------------------------------------


def check_wrt(wrt: str) -> None:
    """Check what a derivative is taken by.

    Raises:
        CompileError: it is neither of the two.
    """
    if wrt not in ("parameters", "inputs"):
        raise CompileError(f'wrt must be "parameters" or "inputs", not {wrt!r}.')


def check_reduce(reduce: str) -> str:
    """Check what second derivatives by the parameters are reduced by.

    Raises:
        CompileError: it is neither of the two.
    """
    if reduce not in ("mean", "sum"):
        raise CompileError(f"reduce must be 'mean' or 'sum' for second derivatives, not {reduce!r}.")
    return reduce


def _result_shape(program: Program) -> tuple[int, ...]:
    part = take_differentiated(program._traced.result)
    if isinstance(part, tuple):
        raise CompileError(
            "The first part of the function's result is a tuple, which has no one Jacobian: return what is to be "
            "differentiated as a Value or a list."
        )
    return tree.shape(part)


def _split(rows: Array, program: Program, axis: int = -1) -> list[Array]:
    """Split an axis that counts all inputs into arrays, one for each argument, in its shape."""
    pieces, start, axis = [], 0, axis % rows.ndim
    for argument in program.arguments:
        stop = start + len(argument.leaves)
        piece = rows[(slice(None),) * axis + (slice(start, stop),)]
        pieces.append(piece.reshape(*rows.shape[:axis], *argument.shape, *rows.shape[axis + 1 :]))
        start = stop
    return pieces


def sweep_each(program: Program, given: list[Array], w: Array, wrt: str, rows: int = 1) -> tuple[Array, Array]:
    """Compute each example's value and gradient, (examples, numbers).

    Args:
        program: a program whose result is one number.
        given: the examples' numbers, an array for each argument.
        w: numbers of the parameters.
        wrt: ``"parameters"`` or ``"inputs"``.
        rows: how many examples in a row belong to one of the user's.

    Raises:
        DomainError, ValueOverflowError, NonFiniteGradientError: a number is not finite.
    """
    n, constants = count(given), program._constants()
    if wrt == "inputs":
        values, _, inputs = program.execution.sweep(wrt, given, w, constants, 1.0)
        slopes = inputs.T.astype(np.float64)
    else:
        values, slopes = np.zeros(n), np.zeros((n, len(program.parameters)))
        for i in range(n):
            value, slopes[i], _ = program.execution.sweep(wrt, [a[i : i + 1] for a in given], w, constants, 1.0)
            values[i] = value[0]
    if not (np.isfinite(values).all() and np.isfinite(slopes).all()):
        raise_failure(program, np.arange(n), given, w, wrt, rows)
    return values, slopes


def _in_shape(program: Program, given: Sequence[Array]) -> list[Array]:
    """Return arrays (examples, numbers) in the shapes of the arguments, as a user gives them."""
    pairs = zip(given, program.arguments, strict=True)
    return [array.reshape(len(array), *argument.shape) for array, argument in pairs]


def _sweep_rows(program: Program, wrt: str, given: Sequence[Array], units: Sequence[Array], w: Array) -> Array:
    """Sweep each example with each row of what follows its own numbers: (examples, rows, numbers swept to)."""
    n, rows = count(given), len(units[0]) if units else 1
    whole = [np.repeat(array, rows, axis=0) for array in given]
    whole += [np.tile(unit.astype(program.dtype), (n, 1)) for unit in units]
    slopes = sweep_each(program, whole, w, wrt, rows)[1]
    return slopes.reshape(n, rows, slopes.shape[1])


def _read_vector(vector: ArrayLike, shape: tuple[int, ...], what: str) -> Array:
    read = read_numbers(vector, "vector")
    if read.shape != shape:
        raise CompileError(f"vector must have the shape {shape}, like {what}, not {read.shape}.")
    return read


def _read_direction(program: Program, vector: Any, batched: bool, n: int) -> Array:
    """Read a direction in the space of the inputs, an array for each argument: (examples, numbers)."""
    read, also_batched = read_arrays(vector, program.arguments, program.dtype)
    if also_batched != batched or count(read) != n:
        raise CompileError("vector must hold an array for each argument, each in the shape of what is given for it.")
    return np.concatenate(read, axis=1) if read else np.zeros((1, 0))


# --- the derivatives --------------------------------------------------------------------------------------------------


def jacobian(program: Program, arrays: Sequence[ArrayLike], wrt: str, weights: Array | None) -> Any:
    """Compute the Jacobians of examples; see `Program.jacobian`."""
    check_wrt(wrt)
    given, batched = program._read(arrays)
    shape = _result_shape(program)
    swept, units = (program, []) if shape == () else (program._weighted, [np.eye(prod(shape))])
    rows = _sweep_rows(swept, wrt, given, units, program._weights(weights))
    if wrt == "parameters":
        matrices = rows.reshape(len(rows), *shape, len(program.parameters))
        return matrices if batched else matrices[0]
    inputs = sum(len(argument.leaves) for argument in program.arguments)
    pieces = _split(rows[..., :inputs].reshape(len(rows), *shape, inputs), program)
    return pieces if batched else [piece[0] for piece in pieces]


def hessian_by_inputs(program: Program, arrays: Sequence[ArrayLike], weights: Array | None) -> list[list[Array]]:
    """Compute the Hessians of examples by their numbers, in blocks; see `Program.hessian`."""
    given, batched = program._read(arrays)
    shape = _result_shape(program)
    scalar = program if shape == () else program._weighted
    outputs, inputs = prod(shape), sum(len(argument.leaves) for argument in program.arguments)
    vectors = np.eye(inputs, inputs if shape == () else inputs + outputs)
    units = [np.tile(vectors, (outputs, 1))]
    if shape != ():
        units.insert(0, np.repeat(np.eye(outputs), inputs, axis=0))
    rows = _sweep_rows(scalar._along_inputs, "inputs", given, units, program._weights(weights))
    whole = rows[..., :inputs].reshape(len(rows), *shape, inputs, inputs)
    blocks = [_split(row, program) for row in _split(whole, program, axis=1 + len(shape))]
    return blocks if batched else [[block[0] for block in row] for row in blocks]


def hessian_by_parameters(program: Program, arrays: Sequence[ArrayLike], reduce: str, weights: Array | None) -> Array:
    """Compute the Hessian of the mean or sum over examples by the parameters; see `Program.hessian`."""
    shape, n = _result_shape(program), len(program.parameters)
    if shape == ():
        rows = [multiply_hessian(program, arrays, row, reduce, "parameters", weights) for row in np.eye(n)]
        return np.array(rows).reshape(n, n)
    given, _ = program._read(arrays)
    shaped = _in_shape(program, given)
    found = []
    for unit in np.eye(prod(shape)):
        seeds = np.tile(unit, (count(given), 1))
        found.append(hessian_by_parameters(program._weighted, [*shaped, seeds], reduce, weights))
    return np.array(found).reshape(*shape, n, n)


def multiply_hessian(
    program: Program, arrays: Sequence[ArrayLike], vector: Any, reduce: str, wrt: str, weights: Array | None
) -> Any:
    """Multiply the Hessian with a vector; see `Program.hvp`."""
    w = program._weights(weights)
    program._check_scalar()
    if wrt == "parameters":
        n = len(w)
        along = read_numbers(vector, "vector")
        if along.shape != (n,):
            raise CompileError(f"vector must have one number for each of the {n} parameters, not shape {along.shape}.")
        both = program._second.value_and_grad(*arrays, reduce=reduce, weights=np.concatenate([w, along]))[1]
        return both[:n]
    given, batched = program._read(arrays)
    direction = _read_direction(program, vector, batched, count(given))
    rows = sweep_each(program._along_inputs, [*given, direction.astype(program.dtype)], w, "inputs")[1]
    pieces = _split(rows[:, : direction.shape[1]], program)
    return pieces if batched else [piece[0] for piece in pieces]


def pull_back(program: Program, arrays: Sequence[ArrayLike], vector: ArrayLike, wrt: str, weights: Array | None) -> Any:
    """Multiply a vector with the Jacobian; see `Program.vjp`."""
    check_wrt(wrt)
    given, batched = program._read(arrays)
    n, shape, w = count(given), _result_shape(program), program._weights(weights)
    seeds = _read_vector(vector, (n, *shape) if batched else shape, "the result").reshape(n, -1)
    whole = [*_in_shape(program, given), seeds]
    found = program._weighted.value_and_grad(*whole, reduce="sum", wrt=wrt, weights=w)[1]
    return found if wrt == "parameters" else [piece if batched else piece[0] for piece in found[:-1]]


def push_forward(program: Program, arrays: Sequence[ArrayLike], vector: Any, wrt: str, weights: Array | None) -> Any:
    """Multiply the Jacobian with a vector; see `Program.jvp`."""
    check_wrt(wrt)
    given, batched = program._read(arrays)
    n, shape, w = count(given), _result_shape(program), program._weights(weights)
    whole = [*given, np.zeros((n, prod(shape)), program.dtype)]  # Σ s·(J·v) is linear in s: any s will do
    if wrt == "parameters":
        along = _read_vector(vector, w.shape, "the parameters")
        rows = sweep_each(program._weighted._second, whole, np.concatenate([w, along]), "inputs")[1]
    else:
        direction = _read_direction(program, vector, batched, n)
        whole.append(np.concatenate([direction, np.zeros((n, prod(shape)))], axis=1).astype(program.dtype))
        rows = sweep_each(program._weighted._along_inputs, whole, w, "inputs")[1]
    start = sum(len(argument.leaves) for argument in program.arguments)
    found = rows[:, start : start + prod(shape)].reshape(n, *shape)
    return found if batched else found[0]
