"""The sweep of a program as instructions like its own: each of its instructions, backwards, passes adjoints on.

What flows along an edge is the slope times the adjoint, as everywhere; here for a whole array at once. While the
instructions are written it is known of every row whether something has flowed to it before: the first flow is written,
the others are added.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.formulas import slope_formulas
from autograd.compiler.instructions import (
    Clear,
    Instruction,
    Into,
    Map,
    MatrixProduct,
    OuterProduct,
    Rows,
    RowSums,
    Slopes,
    Spread,
    Sum,
    Tape,
    TapeSweep,
    TransposedProduct,
    reads,
    rows,
)
from autograd.compiler.roll import Forward, Layout
from autograd.symbol import Symbol

__all__ = ["Marks", "Sweep", "differentiate", "mark_active"]


class Sweep(NamedTuple):
    """The instructions of a sweep: first those on batched rows, then those on shared ones.

    Attributes:
        output: the row whose adjoint is written before it starts.
        wanted: the rows whose adjoints are complete after it.
        batched: instructions that read batched rows.
        shared: instructions on shared rows.
        without: what was left out.
    """

    output: Rows
    wanted: tuple[Rows, ...]
    batched: tuple[Instruction, ...]
    shared: tuple[Instruction, ...]
    without: frozenset[str]


class Marks(NamedTuple):
    """A mark for each row of values, or of adjoints."""

    shared: NDArray[np.bool_]
    batched: NDArray[np.bool_]

    @classmethod
    def none(cls, layout: Layout) -> Marks:
        """Mark no row."""
        return cls(np.zeros(layout.shared_rows, np.bool_), np.zeros(layout.batched_rows, np.bool_))

    def of(self, at: Rows) -> NDArray[np.bool_]:
        """Return the marks of the memory that rows lie in."""
        return self.batched if at.batched else self.shared


def differentiate(layout: Layout, output: Rows, wanted: Iterable[Rows], without: Collection[str] = ()) -> Sweep:
    """Write the sweep from one output to the rows that are asked for.

    Args:
        output: the row of the output, whose adjoint is written before the sweep starts.
        wanted: leaves; after the sweep their adjoints are complete, and zero where nothing flows.
        without: what to leave out: with ``"first"`` every flow is added to rows that start from zero.
    """
    wanted = tuple(wanted)
    writer = _Writer(layout, output, wanted, add_all="first" in without)
    lists = [writer.backwards(layout.batched), writer.backwards(layout.shared)]
    for leaves in wanted:
        lists[0 if leaves.batched else 1] += writer.clear(leaves)
    return Sweep(output, wanted, tuple(lists[0]), tuple(lists[1]), frozenset(without))


def mark_active(layout: Layout, wanted: Iterable[Rows]) -> Marks:
    """Mark every row on a way from a wanted leaf."""
    active = Marks.none(layout)
    for leaves in wanted:
        active.of(leaves)[leaves.key] = True
    for instruction in (*layout.shared, *layout.batched):
        for each in instruction.maps if isinstance(instruction, Tape) else (instruction,):
            if isinstance(each, Map) and each.op is ops.detached:
                continue
            if any(active.of(at)[at.key].any() for at in reads(each)):
                active.of(each.out)[each.out.key] = True
    return active


class _Writer:
    """Writes a sweep, instruction by instruction.

    Attributes:
        active: the rows on a way from a wanted leaf.
        touched: the rows to whose adjoint something has flowed.
    """

    def __init__(self, layout: Layout, output: Rows, wanted: Sequence[Rows], *, add_all: bool) -> None:
        self.layout, self.add_all = layout, add_all
        self.active = mark_active(layout, wanted)
        self.touched = Marks.none(layout)
        self.touched.of(output)[output.start] = True
        self.lines: list[Instruction] = []

    def backwards(self, instructions: Sequence[Forward]) -> list[Instruction]:
        """Write what passes the adjoints of instructions on, the last one's first."""
        self.lines = []
        for instruction in reversed(instructions):
            out = instruction.out
            if self.touched.of(out)[out.key].any() and self._is_active(out):
                self.lines += self.clear(out)
                self._pass(instruction)
        return self.lines

    def clear(self, at: Rows) -> list[Clear]:
        """Write zeros into those rows to which nothing has flowed."""
        marks = self.touched.of(at)
        numbers = np.unique(at.numbers[~marks[at.numbers]])
        if not len(numbers):
            return []
        marks[numbers] = True
        return [Clear(rows(at.batched, numbers).adjoints, self._name(at))]

    def _is_active(self, at: Rows | None) -> bool:
        return at is not None and bool(self.active.of(at)[at.key].any())

    def _name(self, *flowed_to: Rows) -> str:
        return f"adjoints of {', '.join(dict.fromkeys(map(self.layout.name_of, flowed_to)))}"

    def _into(self, at: Rows) -> Into:
        """Return how flows come to rows: the first are written, unless a row is met twice; others are added."""
        marks = self.touched.of(at)
        add = self.add_all or bool(marks[at.key].any()) or not (at.repeated or at.unique)
        if add:
            self.lines += self.clear(at)
        marks[at.key] = True
        return Into(at.adjoints, add)

    def _pass(self, instruction: Forward) -> None:
        adjoint = instruction.out.adjoints
        if isinstance(instruction, Map):
            self._pass_map(instruction)
        elif isinstance(instruction, Sum):
            self._spread(instruction.terms, adjoint, instruction.k)
        elif isinstance(instruction, MatrixProduct):
            self._pass_matrix(instruction)
        elif isinstance(instruction, Tape):
            self._pass_tape(instruction)
        else:
            self._spread(instruction.weights, adjoint, instruction.k, instruction.inputs)
            self._spread(instruction.inputs, adjoint, instruction.k, instruction.weights)
            self._spread(instruction.bias, adjoint)

    def _spread(self, at: Rows | None, source: Rows, k: int = 1, factors: Rows | None = None) -> None:
        if at is not None and self._is_active(at):
            self.lines.append(Spread(self._into(at), source, k, factors, self._name(at)))

    def _pass_map(self, instruction: Map) -> None:
        op, operands, adjoint = instruction.op, instruction.operands, instruction.out.adjoints
        wanted = [self._is_active(at) for at in operands]
        slopes = slope_formulas(op, Symbol("out"), [Symbol(f"x{i}") for i in range(len(operands))], wanted)
        slots = [slot for slot, slope in enumerate(slopes) if wanted[slot] and not _is_one(slope)]
        ones = [slot for slot, slope in enumerate(slopes) if wanted[slot] and _is_one(slope)]
        for slot in [slot for slot in ones if not slots or slot < slots[0]]:
            self._spread(operands[slot], adjoint)
        if slots:
            flowed_to = [operands[slot] for slot in slots]
            into = tuple(map(self._into, flowed_to))
            chosen = tuple([slopes[slot] for slot in slots])
            name = self._name(*flowed_to)
            self.lines.append(Slopes(into, op, tuple(slots), chosen, adjoint, instruction.out, operands, name))
        for slot in [slot for slot in ones if slots and slot > slots[0]]:
            self._spread(operands[slot], adjoint)

    def _pass_matrix(self, p: MatrixProduct) -> None:
        adjoint = p.out.adjoints
        if self._is_active(p.weights):
            into = self._into(p.weights)
            self.lines.append(OuterProduct(into, adjoint, p.n, p.k, p.inputs, p.m, self._name(p.weights)))
        if self._is_active(p.inputs):
            into = self._into(p.inputs)
            self.lines.append(TransposedProduct(into, p.weights, p.n, p.k, adjoint, p.m, self._name(p.inputs)))
        if p.bias is not None and self._is_active(p.bias):
            self.lines.append(RowSums(self._into(p.bias), adjoint, p.n, p.m, self._name(p.bias)))

    def _pass_tape(self, tape: Tape) -> None:
        """Write what passes adjoints on along a tape, where all are added."""
        into = []
        for each, slots in zip(tape.maps, tape.slots, strict=True):
            for slot in slots:
                at = each.operands[slot]
                self.lines += self.clear(at)
                into.append(Into(at.adjoints, True))
        self.lines.append(TapeSweep(tape, tuple(into), self._name(tape.out)))


def _is_one(slope: object) -> bool:
    return not isinstance(slope, Symbol) and slope == 1.0
