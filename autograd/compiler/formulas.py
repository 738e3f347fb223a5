"""What the backends read from the catalogue's records: formulas for arrays, whose parts are computed one by one.

A rule is fed with symbols, and the symbol's operations are listed, each once, until only operations remain that a
backend knows. Nothing here is a derivative: they all come out of the records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd import ops
from autograd.errors import CompileError
from autograd.op import Op
from autograd.symbol import Symbol, call

__all__ = ["Statement", "check_weighted_sums", "forward_formula", "may_be_singular", "slope_formulas", "statements"]

#: Functions that read as plain numbers only, as a formula of others.
FORMS: dict[Op, Callable[..., Any]] = {
    ops.step: lambda x: ops.greater(x, 0.0),
    ops.relu: lambda x: ops.maximum(x, 0.0),
}


class Statement(NamedTuple):
    """One operation of a formula: its operands are numbers, or each an `Operand`."""

    op: Op
    operands: tuple[Any, ...]


class Operand(NamedTuple):
    """An operand of a statement: the statement `place`, or the name of what is given."""

    place: int
    name: str


def forward_formula(op: Op, operands: Sequence[Symbol]) -> Any:
    """Read the function itself; a primitive is left as a call."""
    if op.nary and callable(op.array):
        return op.array(*operands)
    if op in FORMS:
        return FORMS[op](*operands)
    if op.generic and not isinstance(op.array, str):
        return op.forward(*operands)
    return call(op, operands)


def slope_formulas(op: Op, out: Symbol, operands: Sequence[Symbol], wanted: Sequence[bool]) -> list[Any]:
    """Read the slopes of the wanted operands: symbols or numbers; None for the others."""
    return op.slopes_at(out, tuple(operands), wanted)


def statements(formulas: Sequence[Any], primitive: Callable[[Op], bool]) -> tuple[list[Statement], list[Any]]:
    """List the operations of formulas, operands first, each part that several share once.

    Args:
        formulas: symbols or numbers.
        primitive: whether an operation is computed as such; others are replaced by the formula of their function.

    Returns:
        the statements, and for each formula its `Operand` or number.
    """
    listed: list[Statement] = []
    known: dict[int, Operand] = {}
    places: dict[tuple[Any, ...], Operand] = {}
    expanded: dict[int, Any] = {}
    keep: list[Symbol] = []  # symbols are known by their address, so none may be freed

    def look_up(x: Any) -> Any:
        return known[id(x)] if isinstance(x, Symbol) else float(x)

    for formula in formulas:
        stack: list[Any] = [formula]
        while stack:
            x = stack[-1]
            if not isinstance(x, Symbol) or id(x) in known:
                stack.pop()
            elif x.op is None:
                keep.append(x)
                known[id(x)] = Operand(-1, x.name)
            else:
                keep.append(x)
                if not primitive(x.op):
                    if id(x) not in expanded:
                        expanded[id(x)] = forward_formula(x.op, x.operands)
                    inner = expanded[id(x)]
                    if isinstance(inner, Symbol) and inner.op is x.op:
                        raise CompileError(f"Operation {x.op.name!r} has no form for arrays: give its Op an array=.")
                    if isinstance(inner, Symbol) and id(inner) not in known:
                        stack.append(inner)
                        continue
                    known[id(x)] = look_up(inner)
                    continue
                waiting = [y for y in x.operands if isinstance(y, Symbol) and id(y) not in known]
                if waiting:
                    stack.extend(waiting)
                    continue
                operands = tuple([look_up(y) for y in x.operands])
                key = x.op, *[repr(y) if type(y) is float else y for y in operands]  # repr tells 0 from −0
                if key not in places:
                    places[key] = Operand(len(listed), "")
                    listed.append(Statement(x.op, operands))
                known[id(x)] = places[key]
    return listed, [look_up(formula) for formula in formulas]


#: Operations whose result lies between −2 and 2, whatever they are applied to.
BOUNDED = frozenset({
    ops.greater, ops.equal, ops.step, ops.sign, ops.sigmoid, ops.tanh, ops.sin, ops.cos, ops.erf, ops.erfc, ops.atan,
})  # fmt: skip


def may_be_singular(op: Op, formula: Any) -> bool:
    """Return whether a slope of `op` may be infinite or NaN though its operands and result are finite.

    Such a slope needs care where the adjoint is zero: zero has to flow on, while 0·∞ is NaN. One that is bounded, or a
    multiple of one operand, needs none. A slope that is bent is to be seen, also where the adjoint is zero.
    """
    return op is not ops.bent and _growth(op, formula) > 1


def _growth(op: Op, formula: Any) -> int:
    """Estimate how a formula grows: 0 bounded, 1 like an operand, 2 anyhow else."""
    known: dict[int, int] = {}  # by address: what is shared is looked at once
    stack: list[tuple[Any, bool]] = [(formula, False)]
    while stack:
        x, ready = stack.pop()
        if ready or not isinstance(x, Symbol) or x.op is None:
            known[id(x)] = _growth_from(op, x, [known[id(y)] for y in getattr(x, "operands", ())])
        elif id(x) not in known:
            stack.append((x, True))
            stack.extend((y, False) for y in x.operands)
    return known[id(formula)]


def _growth_from(op: Op, formula: Any, inner: list[int]) -> int:
    if not isinstance(formula, Symbol):
        return 0 if abs(formula) < 1e100 else 2
    if formula.op is None:
        return 0 if formula.name == "out" and op in BOUNDED else 1
    if formula.op in BOUNDED:
        return 0
    if formula.op in (ops.add, ops.sub, ops.neg, ops.where):
        return max(inner)
    if formula.op is ops.mul:
        return min(2, sum(inner))
    if formula.op is ops.truediv and formula.operands[1].__class__ is float and formula.operands[1] != 0.0:
        return inner[0]
    return 0 if formula.op is ops.square and inner == [0] else 2


def check_weighted_sums() -> None:
    """Check that the records of `dot` and `total` are what matrix products and sums compute.

    The slope of a weighted sum by a weight is its input and the other way round, by the bias 1; that of a sum is 1.

    Raises:
        CompileError: the records say otherwise.
    """
    w, v, u, x, b, out = map(Symbol, ("w", "v", "u", "x", "b", "out"))
    found = ops.dot.slopes_at(out, (w, v, u, x, b))
    expected = (u, x, w, v)
    if not all(a is e for a, e in zip(found[:4], expected, strict=True)) or found[4:] != [1.0]:
        raise CompileError("The record of dot is not that of a weighted sum: matrix products would compute another.")
    if ops.total.slopes_at(out, (w, v)) != [1.0, 1.0]:
        raise CompileError("The record of total is not that of a sum.")
