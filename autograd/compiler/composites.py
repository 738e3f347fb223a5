"""Composites: an operation of many operands is computed by instructions on many rows, its slopes too.

A kernel for each number of operands would be compiled anew for each length of a list. The record's formulas are read
with as many letters as there are operands, and what they do alike for each of them becomes one instruction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.formulas import Numbered, forward_formula, may_be_singular, number_parts, slope_formulas
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
    names = [f"x{j}" for j in range(k)]
    symbols, letters = [*map(Symbol, names)], {name: j for j, name in enumerate([*names, "out"])}
    try:
        values = number_parts([forward_formula(op, symbols)], _is_one_instruction)
        rules = slope_formulas(op, Symbol("out"), symbols, [True] * k)
        slopes = number_parts(rules, _is_one_instruction)
    except CompileError:
        return None
    operands = layout.read([y for x in members for y in e.operands[x]], batched=batched)
    writer = _Writer(layout, batched, n, name)
    places = operands.numbers.reshape(n, k).T
    [found] = writer.write(values, places, letters)
    out = rows(batched, found)
    if not out.ordered or not writer.parts:  # an operand itself
        out = Rows(batched, layout.take(batched, n), n)
        writer.parts.append(Map(out, ops.identity, (rows(batched, found),), name))
    for i, x in enumerate(members):
        layout.row[x] = out.start + i
    parts, writer.parts = writer.parts, []
    factors = writer.write(slopes, np.vstack([places, out.numbers]), letters)
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

    def write(self, formulas: Numbered, places: Places, letters: Mapping[str, int]) -> Places:
        """Write formulas, and return the rows of the results, (results, n).

        Args:
            formulas: what is to be computed.
            places: the rows of each operand and, where it is there already, of the result, (letters, n).
            letters: which of them a letter of the formulas stands for.
        """
        parts = formulas.parts
        found = np.empty((len(parts), self.n), np.int64)
        there = {x: letters[name] for x, name in enumerate(parts) if isinstance(name, str)}
        if there:
            found[[*there]] = places[[*there.values()]]
        for x, number in enumerate(parts):
            if isinstance(number, float):
                found[x] = self.layout.literal(number, batched=self.batched)
        for op, members, operands in _group(formulas):
            order = np.argsort(found[operands[:, 0], 0], kind="stable")  # so that operands are slices
            given = found[operands[order]]  # (members, operands, n)
            count = len(members) * self.n
            out = Rows(self.batched, self.layout.take(self.batched, count), count)
            if op is ops.total:
                terms = rows(self.batched, given.swapaxes(1, 2).ravel())
                self.parts.append(Sum(out, terms, given.shape[1], self.name))
            else:
                slots = tuple(rows(self.batched, slot.ravel()) for slot in given.swapaxes(0, 1))
                self.parts.append(Map(out, op, slots, self.name))
            found[members[order]] = out.numbers.reshape(-1, self.n)
        return found[formulas.results]


def _group(formulas: Numbered) -> Iterator[tuple[Op, Places, Places]]:
    """Yield the operations of formulas in groups that one instruction computes, operands before what uses them.

    A group is the same operation on as many operands each, none of which is in it: the operation, the numbers of its
    members among the parts, and those of each member's operands, (members, operands).
    """
    parts, operands = formulas.parts, formulas.operands
    level = [0] * len(parts)
    for x, inner in enumerate(operands):
        if len(inner) == 2:  # as most have
            a, b = level[inner[0]], level[inner[1]]
            level[x] = (a if a > b else b) + 1
        elif inner:
            level[x] = max([level[y] for y in inner]) + 1
    listed = [*dict.fromkeys(part for part in parts if isinstance(part, Op))]
    kinds: dict[object, int] = {op: kind for kind, op in enumerate(listed)}
    width = np.fromiter(map(len, operands), np.int64, len(parts))
    flat = np.fromiter(chain.from_iterable(operands), np.int64, int(width.sum()))
    start = np.cumsum(width) - width
    alike = np.column_stack([level, [kinds.get(part, -1) for part in parts], width])
    order = np.lexsort(alike.T[::-1])
    order = order[width[order] > 0]
    ends = np.flatnonzero((np.diff(alike[order], axis=0) != 0).any(axis=1)) + 1
    for members in np.split(order, ends):
        if len(members):
            _, kind, count = alike[members[0]]
            yield listed[kind], members, flat[start[members, None] + np.arange(count)]
