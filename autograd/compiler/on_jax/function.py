"""A program as a pure function for JAX, whose derivative is the program's own sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from autograd import tree
from autograd.compiler.adjoint import Aim
from autograd.compiler.instructions import Rows
from autograd.compiler.on_jax.replay import Plan, Replay
from autograd.compiler.results import is_array_part
from autograd.compiler.roll import roll
from autograd.compiler.trace import Argument
from autograd.errors import CompileError
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.program import Program

__all__ = ["pure_function"]

Array = Any


def pure_function(program: Program) -> Callable[..., Any]:
    """Write a program as a function ``(weights, *inputs) -> result`` of arrays, for JAX.

    Numbers that the program reads besides its parameters are those of this moment.
    """
    execution = program.execution
    layout = execution.layout
    if execution.backend != "jax":
        layout = roll(layout.expressions, execution.options.without, "jax")
    expressions, constants = layout.expressions, program._constants()
    places = [Rows(expressions.batched[x], layout.row[x], 1) for x in expressions.outputs]
    wanted = (Rows(False, 0, execution.parameters), Rows(True, 0, execution.inputs))
    aim = None
    if places:
        leaves = tuple(at for at in wanted if at.count)
        aim = Aim(places[0], leaves, execution.options.without, further=tuple(places[1:]))
    plan, forward = Plan(layout, aim), Plan(layout, None)

    def results_of(run: Replay) -> tuple[Array, ...]:
        return tuple([run.result(at) for at in places])

    @jax.custom_vjp
    def compute(weights: Array, inputs: Array) -> tuple[Array, ...]:
        return results_of(Replay(forward, weights, constants, inputs))

    def record(weights: Array, inputs: Array) -> tuple[tuple[Array, ...], Any]:
        run = Replay(plan, weights, constants, inputs)
        return results_of(run), run

    def pull_back(run: Replay, seeds: Sequence[Array]) -> tuple[Array, Array]:
        flows = run.pull_back(list(zip(places, seeds, strict=True)))
        by_weights, by_inputs = (flows[at.batched].read(at) if at.count else jnp.zeros(0, run.dtype) for at in wanted)
        return by_weights, by_inputs

    compute.defvjp(record, pull_back)
    return _shape_like(program, compute)


def _shape_like(program: Program, compute: Callable[..., tuple[Array, ...]]) -> Callable[..., Any]:
    """Give a function of rows of numbers the arguments and the result of the program."""
    arguments, count, result = program.arguments, len(program.parameters), program._traced.result

    def function(weights: Array, *inputs: Array) -> Any:
        if len(inputs) != len(arguments):
            names = ", ".join(("weights", *(argument.name for argument in arguments)))
            raise CompileError(f"The function takes {names}, not {1 + len(inputs)} argument(s).")
        w, *given = (jnp.asarray(x) for x in (weights, *inputs))
        if w.shape != (count,):
            raise CompileError(f"weights must hold one number for each of the {count} parameters, not shape {w.shape}.")
        leading = _leading(given, arguments)
        dtype = _float_type([x for x in (w, *given) if x.size])
        rows = [
            jnp.broadcast_to(x.astype(dtype), (*leading, *argument.shape)).reshape(*leading, len(argument.leaves))
            for x, argument in zip(given, arguments, strict=True)
        ]
        row = jnp.concatenate(rows, axis=-1) if rows else jnp.zeros((*leading, 0), dtype)
        numbers = iter(compute(w.astype(dtype), row))
        return tree.map_leaves(lambda part: _stack(part, numbers, leading, dtype), result, is_leaf=is_array_part)

    function.__doc__ = f"Compute {program!r} with JAX."
    return function


def _float_type(given: Sequence[Array]) -> Any:
    """Return the type to compute in: that of what is given, or JAX's own for whole numbers and for nothing."""
    dtype = jnp.result_type(*given) if given else jnp.result_type(int)
    return dtype if jnp.issubdtype(dtype, jnp.floating) else jnp.result_type(float)


def _leading(given: Sequence[Array], arguments: Sequence[Argument]) -> tuple[int, ...]:
    """Return the axes of the examples, which stand before those of the arguments.

    Raises:
        CompileError: an array has not the shape of its argument, or the arrays hold different numbers of examples.
    """
    found = []
    for x, argument in zip(given, arguments, strict=True):
        axes = x.ndim - len(argument.shape)
        if axes < 0 or x.shape[axes:] != argument.shape:
            raise CompileError(
                f"{argument.name} has shape {x.shape}, which does not end with {argument.shape}, as the program was "
                "compiled for."
            )
        found.append(x.shape[:axes])
    try:
        return jnp.broadcast_shapes(*found)
    except ValueError:
        raise CompileError(
            f"All arrays must hold the same number of examples: their leading axes are {', '.join(map(str, found))}."
        ) from None


def _stack(part: Any, numbers: Iterator[Array], leading: tuple[int, ...], dtype: Any) -> Array:
    """Stack the numbers of a part of a result into one array, after the axes of the examples."""
    found = [
        next(numbers) if isinstance(leaf, Value) else jnp.full(leading, float(leaf), dtype)
        for leaf in tree.leaves(part)
    ]
    shape = (*leading, *tree.shape(part))
    return jnp.stack(found, axis=-1).reshape(shape) if found else jnp.zeros(shape, dtype)
