"""The sweep of a program as instructions like its own: each of its instructions, backwards, passes adjoints on.

What flows along an edge is the slope times the adjoint, as everywhere; here for a whole array at once. While the
instructions are written it is known of every row whether something has flowed to it before: the first flow is written,
the others are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.access import reads
from autograd.compiler.formulas import slope_formulas
from autograd.compiler.instructions import (
    Choice,
    ChoiceFlow,
    Clear,
    Composite,
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
    rows,
)
from autograd.compiler.roll import Forward, Layout
from autograd.op import Op
from autograd.symbol import Symbol

__all__ = ["Aim", "Marks", "Sweep", "differentiate", "mark_active", "recorded_slopes"]


class Aim(NamedTuple):
    """What a sweep goes from and to.

    Attributes:
        output: the row of the output, whose adjoint is written before the sweep starts.
        wanted: leaves; after the sweep their adjoints are complete, and zero where nothing flows.
        without: passes to leave out: with ``"first"`` every flow is added to rows that start from zero.
        further: rows of other results whose adjoints are written beforehand too.
    """

    output: Rows
    wanted: tuple[Rows, ...]
    without: frozenset[str] = frozenset()
    further: tuple[Rows, ...] = ()


class Sweep(NamedTuple):
    """The instructions of a sweep: first those on batched rows, then those on shared ones.

    Attributes:
        aim: what it goes from and to.
        batched: instructions that read batched rows.
        shared: instructions on shared rows.
    """

    aim: Aim
    batched: tuple[Instruction, ...]
    shared: tuple[Instruction, ...]

    def find_factors(self) -> set[Rows | None]:
        """Find the rows by which flows are multiplied: the slopes of composites that nothing flows to are not there."""
        return {each.factors for each in (*self.batched, *self.shared) if isinstance(each, Spread)}


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

    def any(self, at: Rows) -> bool:
        """Return whether one of some rows is marked."""
        marks = self.of(at)
        return bool(marks[at.start]) if at.count == 1 else bool(marks[at.key].any())

    def all(self, at: Rows) -> bool:
        """Return whether rows are all marked."""
        marks = self.of(at)
        return bool(marks[at.start]) if at.count == 1 else bool(marks[at.key].all())

    def at(self, tape: Tape) -> NDArray[np.bool_]:
        """Return the mark of each operand on a tape, (n, 2)."""
        marks = np.zeros(tape.operands.shape, np.bool_)
        for batched, memory in ((False, self.shared), (True, self.batched)):
            chosen = tape.batched == batched
            marks[chosen] = memory[tape.operands[chosen]]
        return marks

    def mark(self, at: Rows) -> None:
        """Mark rows."""
        self.of(at)[at.start if at.count == 1 else at.key] = True


def differentiate(layout: Layout, aim: Aim) -> Sweep:
    """Write a sweep through a program."""
    writer = _Writer(layout, aim)
    lists = [writer.backwards(layout.batched), writer.backwards(layout.shared)]
    for leaves in aim.wanted:
        lists[0 if leaves.batched else 1] += writer.clear(leaves)
    return Sweep(aim, tuple(lists[0]), tuple(lists[1]))


def mark_active(layout: Layout, wanted: Iterable[Rows]) -> Marks:
    """Mark every row on a way from a wanted leaf."""
    active = Marks.none(layout)
    for leaves in wanted:
        active.mark(leaves)
    for instruction in (*layout.shared, *layout.batched):
        if isinstance(instruction, Tape):
            _mark_active_on(instruction, active)
        elif isinstance(instruction, Map) and instruction.op is ops.detached:
            continue
        elif any(map(active.any, reads(instruction))):
            active.mark(instruction.out)
    return active


def _mark_active_on(tape: Tape, active: Marks) -> None:
    """Mark the rows of a tape, one by one, since each may follow from those before it."""
    start, inside, codes = tape.out.start, tape.inside, tape.codes.tolist()
    constant = [op is ops.detached for op in tape.ops]
    outside = active.at(tape) & ~inside
    from_outside = (outside[:, 0] | outside[:, 1]).tolist()
    places = np.where(inside, tape.operands - start, tape.out.count)  # the last mark is never set
    marks = bytearray(tape.out.count + 1)
    for i, (a, b) in enumerate(zip(*places.T.tolist(), strict=True)):  # two lists: a pair each would wake the collector
        if (from_outside[i] or marks[a] or marks[b]) and not constant[codes[i]]:
            marks[i] = 1
    active.of(tape.out)[start : start + tape.out.count] = np.frombuffer(marks, np.bool_, tape.out.count)


class _Writer:
    """Writes a sweep, instruction by instruction.

    Attributes:
        active: the rows on a way from a wanted leaf.
        touched: the rows to whose adjoint something has flowed.
    """

    def __init__(self, layout: Layout, aim: Aim) -> None:
        self.layout, self.add_all = layout, "first" in aim.without
        self.active = mark_active(layout, aim.wanted)
        self.touched = Marks.none(layout)
        for output in (aim.output, *aim.further):
            self.touched.mark(output)
        self.lines: list[Instruction] = []
        self._known: dict[tuple[Op, tuple[bool, ...]], Any] = {}

    def backwards(self, instructions: Sequence[Forward]) -> list[Instruction]:
        """Write what passes the adjoints of instructions on, the last one's first."""
        self.lines = []
        for instruction in reversed(instructions):
            out = instruction.out
            if self.touched.any(out) and self.active.any(out):
                self.lines += self.clear(out)
                self._pass(instruction)
        return self.lines

    def clear(self, at: Rows) -> list[Clear]:
        """Write zeros into those rows to which nothing has flowed."""
        if self.touched.all(at):
            return []
        marks = self.touched.of(at)
        numbers = np.unique(at.numbers[~marks[at.numbers]])
        marks[numbers] = True
        return [Clear(rows(at.batched, numbers).adjoints, self._name(at))]

    def _name(self, *flowed_to: Rows) -> str:
        return f"adjoints of {', '.join(dict.fromkeys(map(self.layout.name_of, flowed_to)))}"

    def _into(self, at: Rows) -> Into:
        """Return how flows come to rows: the first are written, unless a row is met twice; others are added."""
        add = self.add_all or self.touched.any(at) or not (at.repeated or at.unique)
        if add:
            self.lines += self.clear(at)
        self.touched.mark(at)
        return Into(at.adjoints, add)

    def _pass(self, instruction: Forward) -> None:
        adjoint = instruction.out.adjoints
        if isinstance(instruction, Map):
            self._pass_map(instruction)
        elif isinstance(instruction, Sum):
            self._spread(instruction.terms, adjoint, instruction.k)
        elif isinstance(instruction, MatrixProduct):
            self._pass_matrix(instruction)
        elif isinstance(instruction, Choice):
            self._pass_choice(instruction)
        elif isinstance(instruction, Composite):
            self._spread(instruction.operands, adjoint, instruction.k, instruction.slopes, instruction.singular)
        elif isinstance(instruction, Tape):
            self._pass_tape(instruction)
        else:
            self._spread(instruction.weights, adjoint, instruction.k, instruction.inputs)
            self._spread(instruction.inputs, adjoint, instruction.k, instruction.weights)
            self._spread(instruction.bias, adjoint)

    def _spread(
        self, at: Rows | None, source: Rows, k: int = 1, factors: Rows | None = None, singular: bool = False
    ) -> None:
        if at is not None and self.active.any(at):
            self.lines.append(Spread(self._into(at), source, k, factors, self._name(at), singular))

    def _pass_choice(self, choice: Choice) -> None:
        at = choice.choices
        if self.active.any(at):
            self.lines += self.clear(at)
            name = self._name(at)
            self.lines.append(ChoiceFlow(Into(at.adjoints, True), choice.which, choice.out.adjoints, choice.k, name))

    def _pass_map(self, instruction: Map) -> None:
        op, operands, adjoint = instruction.op, instruction.operands, instruction.out.adjoints
        slopes, slots, ones = self._slopes(op, tuple(map(self.active.any, operands)))
        for slot in [slot for slot in ones if not slots or slot < slots[0]]:
            self._spread(operands[slot], adjoint)
        if slots:
            flowed_to = [operands[slot] for slot in slots]
            into = tuple(map(self._into, flowed_to))
            chosen = tuple([slopes[slot] for slot in slots])
            name = self._name(*flowed_to)
            self.lines.append(Slopes(into, op, slots, chosen, adjoint, instruction.out, operands, name))
        for slot in [slot for slot in ones if slots and slot > slots[0]]:
            self._spread(operands[slot], adjoint)

    def _slopes(self, op: Op, wanted: tuple[bool, ...]) -> tuple[list[Any], tuple[int, ...], tuple[int, ...]]:
        """Return an operation's slopes, the slots of those that are wanted and not 1, and of those that are 1."""
        known = self._known.get((op, wanted))
        if known is None:
            letters = [Symbol(f"x{i}") for i in range(len(wanted))]
            slopes = slope_formulas(op, Symbol("out"), letters, wanted)
            ones = tuple([slot for slot, slope in enumerate(slopes) if wanted[slot] and _is_one(slope)])
            others = tuple([slot for slot, asked_for in enumerate(wanted) if asked_for and slot not in ones])
            self._known[op, wanted] = known = slopes, others, ones
        return known

    def _pass_matrix(self, p: MatrixProduct) -> None:
        adjoint = p.out.adjoints
        if self.active.any(p.weights):
            into = self._into(p.weights)
            self.lines.append(OuterProduct(into, adjoint, p.n, p.k, p.inputs, p.m, self._name(p.weights)))
        if self.active.any(p.inputs):
            into = self._into(p.inputs)
            self.lines.append(TransposedProduct(into, p.weights, p.n, p.k, adjoint, p.m, self._name(p.inputs)))
        if p.bias is not None and self.active.any(p.bias):
            self.lines.append(RowSums(self._into(p.bias), adjoint, p.n, p.m, self._name(p.bias)))

    def _pass_tape(self, tape: Tape) -> None:
        """Write what passes adjoints on along a tape, where all are added."""
        active = recorded_slopes(tape, self.active)
        into = []
        for every in (at for batched in (False, True) for at in tape.operands_in(batched, active)):
            self.lines += self.clear(every)
            into.append(Into(every.adjoints, True))
        self.lines.append(TapeSweep(tape, tuple(into), self._name(tape.out)))


def recorded_slopes(tape: Tape, active: Marks) -> NDArray[np.bool_]:
    """Find the operands on a tape that something flows to, (n, 2): their slopes are recorded."""
    flows = [(op is not ops.detached, op is not ops.detached and len(op.slopes) == 2) for op in tape.ops]
    found: NDArray[np.bool_] = active.at(tape) & np.array(flows, np.bool_)[tape.codes]
    return found


def _is_one(slope: object) -> bool:
    return not isinstance(slope, Symbol) and slope == 1.0
