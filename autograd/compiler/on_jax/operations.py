"""The catalogue's operations as functions of JAX arrays: computed by JAX, differentiated by their records.

What JAX knows of an operation's derivative is the record's rule, read as a formula, in which every operation is again
one of these. So JAX's derivatives of any order keep the conventions of the catalogue at kinks and ties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.custom_derivatives import SymbolicZero
from jax.scipy import special

from autograd import ops
from autograd.compiler.formulas import Operand, forward_formula, slope_formulas, statements
from autograd.op import Op
from autograd.symbol import Symbol
from autograd.ufuncs import UFUNCS

__all__ = ["apply", "compute"]

MOST_KEPT = 1024  # operations, so that those of programs that are gone go too


def _bracket(holds: Callable[[Any, Any], Array]) -> Callable[[Any, Any], Array]:
    return lambda x, y: holds(x, y).astype(jnp.result_type(x, y))


#: JAX's function for each operation that has one; the others are computed by the formula of their record.
FUNCTIONS: dict[Op, Callable[..., Any]] = {
    op: getattr(jnp, op.array) for op in UFUNCS.values() if isinstance(op.array, str) and hasattr(jnp, op.array)
} | {
    ops.pow: jnp.power,
    ops.greater: _bracket(jnp.greater),
    ops.equal: _bracket(jnp.equal),
    ops.where: lambda condition, x, y: jnp.where(condition != 0.0, x, y),
    ops.sign: lambda x: jnp.copysign(jnp.sign(x), x),  # of −0.0, −0.0
    ops.erf: special.erf,
    ops.erfc: special.erfc,
    ops.lgamma: special.gammaln,
}

#: Sums, products, brackets and choices, whose derivatives are no matter of convention: JAX's own are the records'.
PLAIN = frozenset({ops.add, ops.sub, ops.mul, ops.neg, ops.greater, ops.equal, ops.where})


def _function(op: Op) -> Callable[..., Any] | None:
    """Find JAX's function for an operation, or for the NumPy function that a user's record names."""
    found = FUNCTIONS.get(op)
    return getattr(jnp, op.array, None) if found is None and isinstance(op.array, str) else found


def compute(
    formulas: Sequence[Any],
    given: Mapping[str, Any],
    primitive: Callable[[Op], bool] = lambda op: True,
    carry_out: Callable[[Op, Sequence[Any]], Any] | None = None,
) -> list[Any]:
    """Compute formulas on arrays.

    Args:
        formulas: symbols or numbers.
        given: the array for each letter in them.
        primitive: which operations are carried out as such; the others are replaced by the formula of their function.
        carry_out: what carries an operation out; `apply` unless given.

    Raises:
        CompileError: an operation is no formula and JAX has no function for it.
    """
    listed, results = statements(formulas, primitive)
    found: dict[Any, Any] = {Operand(-1, letter): array for letter, array in given.items()}

    def look_up(x: Any) -> Any:
        return found[x] if isinstance(x, Operand) else x

    for place, (op, operands) in enumerate(listed):
        found[Operand(place, "")] = (carry_out or apply)(op, [look_up(x) for x in operands])
    return [look_up(x) for x in results]


def apply(op: Op, operands: Sequence[Any]) -> Any:
    """Apply an operation to arrays and Python's own numbers."""
    if op in PLAIN:
        return FUNCTIONS[op](*operands)
    if op is ops.identity:
        return operands[0]
    numbers = tuple([x if isinstance(x, float) else None for x in operands])
    function = _differentiable(op, numbers, tuple(map(repr, numbers)))  # repr tells 0 from −0
    return function(*[x for x, number in zip(operands, numbers, strict=True) if number is None])


@lru_cache(MOST_KEPT)
def _differentiable(op: Op, numbers: tuple[float | None, ...], _: tuple[str, ...]) -> Callable[..., Any]:
    """Make an operation, of which some operands are numbers, a function of the others that JAX can differentiate."""
    letters = [Symbol(f"x{slot}") if number is None else number for slot, number in enumerate(numbers)]
    names = [x.name for x in letters if isinstance(x, Symbol)]

    def forward(*arrays: Any) -> Any:
        formula = forward_formula(op, letters)  # type: ignore[arg-type]
        [result] = compute([formula], dict(zip(names, arrays, strict=True)), _has_function, _call)
        return jnp.broadcast_to(result, jnp.broadcast_shapes(*map(jnp.shape, arrays)))

    function = jax.custom_jvp(forward)

    def push(primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        out = function(*primals)
        moving = dict(zip(names, [not isinstance(t, SymbolicZero) for t in tangents], strict=True))
        wanted = [isinstance(x, Symbol) and moving[x.name] for x in letters]
        rules = slope_formulas(op, Symbol("out"), letters, wanted)  # type: ignore[arg-type]
        chosen = [rule for rule, asked in zip(rules, wanted, strict=True) if asked]
        slopes = compute(chosen, dict(zip(names, primals, strict=True), out=out))
        flows = [t for t in tangents if not isinstance(t, SymbolicZero)]
        tangent = sum((slope * flow for slope, flow in zip(slopes, flows, strict=True)), jnp.zeros_like(out))
        return out, tangent

    function.defjvp(push, symbolic_zeros=True)
    return function


def _has_function(op: Op) -> bool:
    return _function(op) is not None


def _call(op: Op, operands: Sequence[Any]) -> Any:
    function = _function(op)
    assert function is not None
    return function(*operands)
