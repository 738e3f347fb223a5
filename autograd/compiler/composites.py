"""Composites: an operation of many operands is computed by instructions on many rows, its slopes too.

A kernel for each number of operands would be compiled anew for each length of a list. The record's formulas are read
with as many letters as there are operands, and what they do alike for each of them becomes one instruction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.formulas import Operand, Statement, forward_formula, may_be_singular, slope_formulas, statements
from autograd.compiler.instructions import Composite, Map, Rows, Sum, rows
from autograd.errors import CompileError
from autograd.op import Op
from autograd.symbol import Symbol

if TYPE_CHECKING:
    from autograd.compiler.roll import Layout

__all__ = ["MIN_OPERANDS", "write_composite"]

MIN_OPERANDS = 4  # of an operation that no longer is one instruction

Places = NDArray[np.int64]


def write_composite(layout: Layout, op: Op, members: Sequence[int], name: str) -> Composite | None:
    """Write what computes an operation of many operands, and the slopes by all of them.

    Args:
        layout: what is being laid out; the results' rows are written there.
        op: the operation.
        members: the expressions that it computes, all batched or all shared, of as many operands each.
        name: what they are called.

    Returns:
        the composite; None where the operation is no formula.
    """
    e = layout.expressions
    batched, n, k = e.batched[members[0]], len(members), len(e.operands[members[0]])
    letters = [Symbol(f"x{j}") for j in range(k)]
    try:
        values = statements([forward_formula(op, letters)], _is_one_instruction)
        rules = slope_formulas(op, Symbol("out"), letters, [True] * k)
        slopes = statements(rules, _is_one_instruction)
    except CompileError:
        return None
    operands = layout.read([y for x in members for y in e.operands[x]], batched=batched)
    writer = _Writer(layout, batched, n, name)
    numbers = operands.numbers
    places = {letter.name: numbers[j::k] for j, letter in enumerate(letters)}
    [found] = writer.write(*values, places)
    out = rows(batched, found)
    if not out.ordered or not values[0]:  # an operand itself
        out = Rows(batched, layout.take(batched, n), n)
        writer.parts.append(Map(out, ops.identity, (rows(batched, found),), name))
    for i, x in enumerate(members):
        layout.row[x] = out.start + i
    parts, writer.parts = writer.parts, []
    factors = np.array(writer.write(*slopes, places | {"out": out.numbers}))
    singular = any(may_be_singular(op, rule) for rule in rules)
    at = rows(batched, factors.T.ravel())
    return Composite(out, op, operands, k, tuple(parts), at, tuple(writer.parts), singular, name)


def _is_one_instruction(op: Op) -> bool:
    return not op.nary or op is ops.total


class _Writer:
    """Writes statements as instructions, each for all members.

    Attributes:
        parts: the instructions.
    """

    def __init__(self, layout: Layout, batched: bool, n: int, name: str) -> None:
        self.layout, self.batched, self.n, self.name = layout, batched, n, name
        self.parts: list[Map | Sum] = []

    def write(self, listed: Sequence[Statement], results: Sequence[Any], places: Mapping[str, Places]) -> list[Places]:
        """Write statements, and return the rows of the results, (n,) each.

        Args:
            listed: the statements.
            results: for each result the operand that it is found by, or a number.
            places: the rows of each letter, (n,).
        """
        found: dict[Any, Places] = {Operand(-1, letter): rows for letter, rows in places.items()}
        level: dict[Any, int] = {}
        groups: dict[tuple[int, Op, int], list[int]] = defaultdict(list)
        for place, (op, operands) in enumerate(listed):
            deepest = max([level.get(x, 0) for x in operands if isinstance(x, Operand)], default=0)
            level[Operand(place, "")] = deepest + 1
            groups[deepest + 1, op, len(operands)].append(place)
        for (_, op, _), members in sorted(groups.items(), key=lambda item: item[0][0]):
            count = len(members) * self.n
            out = Rows(self.batched, self.layout.take(self.batched, count), count)
            given = [[self._place(x, found) for x in listed[place].operands] for place in members]
            if op is ops.total:
                terms = np.concatenate([np.array(operands).T.ravel() for operands in given])
                self.parts.append(Sum(out, rows(self.batched, terms), len(given[0]), self.name))
            else:
                slots = [np.concatenate(slot) for slot in zip(*given, strict=True)]
                self.parts.append(Map(out, op, tuple(rows(self.batched, slot) for slot in slots), self.name))
            for i, place in enumerate(members):
                found[Operand(place, "")] = out.start + i * self.n + np.arange(self.n)
        return [self._place(x, found) for x in results]

    def _place(self, x: Any, found: Mapping[Any, Places]) -> Places:
        """Return the rows of an operand; a number has one row for all."""
        if isinstance(x, Operand):
            return found[x]
        return np.full(self.n, self.layout.literal(x, batched=self.batched))
