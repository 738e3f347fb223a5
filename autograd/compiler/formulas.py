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

__all__ = [
    "Numbered", "Operand", "Statement", "check_weighted_sums", "forward_formula", "may_be_singular", "number_parts",
    "slope_formulas", "statements",
]  # fmt: skip

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


class Numbered(NamedTuple):
    """Formulas as numbered parts, operands before what uses them, each part that several share once.

    Attributes:
        parts: operations, names of letters, and plain numbers.
        operands: of each operation the numbers of its operands.
        results: the number of each formula.
    """

    parts: list[Op | str | float]
    operands: list[tuple[int, ...]]
    results: list[int]


def number_parts(formulas: Sequence[Any], primitive: Callable[[Op], bool]) -> Numbered:
    """Number the parts of formulas.

    Args:
        formulas: symbols or numbers.
        primitive: whether an operation is computed as such; others are replaced by the formula of their function.
    """
    parts: list[Op | str | float] = []
    operands: list[tuple[int, ...]] = []
    known: dict[int, int] = {}  # by the address of a symbol: none is freed before the end
    expanded: dict[int, Any] = {}
    leaves: dict[tuple[type, str], int] = {}
    places: dict[Op, dict[tuple[int, ...], int] | None] = {}  # of each primitive operation, by its operands

    def add_leaf(x: Any) -> int:
        part: str | float = x.name if isinstance(x, Symbol) else float(x)
        place = leaves.setdefault((type(part), str(part)), len(parts))  # as texts 0 and −0 differ
        if place == len(parts):
            parts.append(part)
            operands.append(())
        return place

    for formula in formulas:
        stack: list[Any] = [formula]
        while stack:
            x = stack[-1]
            if not isinstance(x, Symbol) or id(x) in known:
                stack.pop()
                continue
            op = x.op
            if op is None:
                known[id(x)] = add_leaf(x)
                continue
            if op not in places:
                places[op] = {} if primitive(op) else None
            of_op = places[op]
            if of_op is None:
                if id(x) not in expanded:
                    expanded[id(x)] = forward_formula(op, x.operands)
                inner = expanded[id(x)]
                if isinstance(inner, Symbol) and inner.op is op:
                    raise CompileError(f"Operation {op.name!r} has no form for arrays: give its Op an array=.")
                if not isinstance(inner, Symbol):
                    known[id(x)] = add_leaf(inner)
                elif id(inner) in known:
                    known[id(x)] = known[id(inner)]
                else:
                    stack.append(inner)
                continue
            found, waiting = [], []
            for y in x.operands:
                place = known.get(id(y))
                if place is not None:
                    found.append(place)
                elif not isinstance(y, Symbol) or y.op is None:
                    found.append(add_leaf(y))
                else:
                    waiting.append(y)
            if waiting:
                waiting.reverse()
                stack += waiting
                continue
            ready = tuple(found)
            known[id(x)] = place = of_op.setdefault(ready, len(parts))
            if place == len(parts):
                parts.append(op)
                operands.append(ready)
            stack.pop()
    results = [known[id(x)] if isinstance(x, Symbol) else add_leaf(x) for x in formulas]
    return Numbered(parts, operands, results)


def statements(formulas: Sequence[Any], primitive: Callable[[Op], bool]) -> tuple[list[Statement], list[Any]]:
    """List the operations of formulas, operands first, each part that several share once.

    Args:
        formulas, primitive: as for `number_parts`.

    Returns:
        the statements, and for each formula its `Operand` or number.
    """
    parts, operands, results = number_parts(formulas, primitive)
    listed: list[Statement] = []
    found: list[Any] = []
    for part, inner in zip(parts, operands, strict=True):
        if isinstance(part, Op):
            found.append(Operand(len(listed), ""))
            listed.append(Statement(part, tuple([found[place] for place in inner])))
        else:
            found.append(Operand(-1, part) if isinstance(part, str) else part)
    return listed, [found[place] for place in results]


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
        growth, deciding = _read_growth(op, x)
        if isinstance(growth, int):
            known[id(x)] = growth
        elif ready:
            known[id(x)] = growth([known[id(y)] for y in deciding])
        elif id(x) not in known:
            stack.append((x, True))
            stack.extend((y, False) for y in deciding)
    return known[id(formula)]


def _read_growth(op: Op, x: Any) -> tuple[int | Callable[[list[int]], int], tuple[Any, ...]]:
    """Return how a part of a formula grows; or how that follows from the growth of some operands, and these."""
    if not isinstance(x, Symbol):
        return 0 if abs(x) < 1e100 else 2, ()
    if x.op is None:
        return 0 if x.name == "out" and op in BOUNDED else 1, ()
    if x.op in BOUNDED:
        return 0, ()
    if x.op is ops.mul:
        return lambda inner: min(2, sum(inner)), x.operands
    if x.op is ops.square:
        return lambda inner: min(2, 2 * inner[0]), x.operands
    if x.op in (ops.add, ops.sub, ops.neg, ops.where):
        return max, x.operands
    if x.op is ops.truediv and x.operands[1].__class__ is float and x.operands[1] != 0.0:
        return max, x.operands[:1]
    return 2, ()


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
