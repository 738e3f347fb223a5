"""A program as a pure function for JAX, whose derivative is the program's own sweep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from autograd import tree
from autograd.compiler.adjoint import Aim
from autograd.compiler.instructions import Rows
from autograd.compiler.on_jax.replay import Plan, Replay
from autograd.compiler.results import is_array_part
from autograd.compiler.roll import roll
from autograd.errors import CompileError
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.compiler.program import Program

__all__ = ["pure_function"]

Array = Any


def pure_function(program: Program) -> Callable[..., Any]:
    """Write a program as a function ``(weights, *inputs) -> result`` of one example, for JAX.

    Numbers that the program reads besides its parameters are those of this moment.
    """
    execution = program.execution
    layout = execution.layout
    if execution.backend != "jax":
        layout = roll(layout.expressions, execution.options.without, "jax")
    expressions, constants = layout.expressions, program._constants()
    places = [Rows(expressions.batched[x], layout.row[x], 1) for x in expressions.outputs]
    wanted = (Rows(False, 0, execution.parameters), Rows(True, 0, execution.inputs))
    first, *others = places or [None]
    aim = None
    if first is not None:
        aim = Aim(first, tuple(at for at in wanted if at.count), execution.options.without, tuple(others))
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
        given = [jnp.asarray(x) for x in (weights, *inputs)]
        shapes = [(count,), *(argument.shape for argument in arguments)]
        names = ["weights", *(argument.name for argument in arguments)]
        for x, shape, name in zip(given, shapes, names, strict=True):
            if x.shape != shape:
                raise CompileError(
                    f"{name} has shape {x.shape}, but the function takes one example, {shape}: "
                    "use jax.vmap for several."
                )
        dtype = jnp.result_type(*given, jnp.float32) if any(x.size for x in given) else jnp.zeros(()).dtype
        given = [x.astype(dtype) for x in given]
        row = jnp.concatenate([x.ravel() for x in given[1:]]) if len(given) > 1 else jnp.zeros(0, dtype)
        numbers = iter(compute(given[0], row))
        return tree.map_leaves(lambda part: _stack(part, numbers, dtype), result, is_leaf=is_array_part)

    function.__doc__ = f"Compute {program!r} for one example, with JAX."
    return function


def _stack(part: Any, numbers: Any, dtype: Any) -> Array:
    """Stack the numbers of a part of a result into one array."""
    found = [next(numbers) if isinstance(leaf, Value) else jnp.asarray(float(leaf), dtype) for leaf in tree.leaves(part)]
    return jnp.reshape(jnp.stack(found), tree.shape(part)) if found else jnp.zeros(tree.shape(part), dtype)
