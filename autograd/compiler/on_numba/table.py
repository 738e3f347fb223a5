"""Tables: instructions as rows of whole numbers, which the numba machine reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.access import parts_of, values_of
from autograd.compiler.adjoint import Marks, Sweep, mark_active, recorded_slopes
from autograd.compiler.instructions import (
    Choice,
    ChoiceFlow,
    Clear,
    Composite,
    Instruction,
    Into,
    Loop,
    Map,
    MatrixProduct,
    OuterProduct,
    RowDots,
    Rows,
    RowSums,
    Slopes,
    Spread,
    Sum,
    Tape,
    TapeSweep,
    TransposedProduct,
)
from autograd.compiler.on_numba import codes
from autograd.compiler.on_numba.kernels import Kernels
from autograd.compiler.roll import Layout

__all__ = ["Tables", "place_of", "write_tables"]

Array = NDArray[Any]
IN_ORDER = -1  # instead of an index
OPERATIONS_WORTH_A_TURN = 256  # of a loop, beside which its own cost is small

REGIONS = {
    (False, False): codes.SHARED,
    (True, False): codes.VALUES,
    (False, True): codes.SHARED_ADJOINTS,
    (True, True): codes.ADJOINTS,
}


class Tables(NamedTuple):
    """A program for the machine.

    Attributes:
        lines: instructions on shared rows and on the others, forward; then on the others and on shared ones, backward.
        pool: the places that they refer to.
        scratch: rows with columns that they compute in.
        shared_scratch: rows without.
        slopes: rows for the slopes that tapes record.
        loops: whether places move on while it runs, so that each memory needs a pool of its own.
        forward: the first two tables as one.
        backward: the other two as one.
    """

    lines: list[Array]
    pool: Array
    scratch: int
    shared_scratch: int
    slopes: int
    loops: bool
    forward: Array
    backward: Array


def place_of(at: Rows) -> int:
    """Write the place of the first of some rows as the machine does."""
    return codes.write_place(at.start, REGIONS[at.batched, at.adjoint])


class Table:
    """Instructions as numbers, that are being written.

    Args:
        kernels: of the operations.
        values: where the batched values start in the memory; the shared ones start at 0.
        several: whether it is for several examples at a time.
        active: the rows on a way from a wanted leaf.
        factors: the rows by which the sweep multiplies.
    """

    def __init__(
        self, kernels: Kernels, values: int, several: bool, active: Marks, factors: Collection[Rows | None]
    ) -> None:
        self.kernels, self.values, self.several, self.active, self.factors = kernels, values, several, active, factors
        self.pool: list[int] = []
        self.lines: list[tuple[int, ...]] = []
        self.scratch = self.shared_scratch = self.slopes = 0
        self.loops = False
        self._used = self._shared_used = 0
        self._indices: dict[bytes, int] = {}
        self._tapes: dict[int, list[tuple[int, ...]]] = {}

    def table(self, instructions: Iterable[Instruction]) -> Array:
        """Write a table of instructions."""
        self.lines = []
        for instruction in instructions:
            self._instruction(instruction)
            self._used = self._shared_used = 0  # the rows that it computed in are free
        return np.array(self.lines, dtype=np.int64).reshape(-1, 6)

    def emit(self, code: int | str, batched: bool, n: int, places: list[int], k: int = 0, m: int = 1) -> None:
        """Write one line: a kernel by its address or a part of the machine by its name, and what it is given."""
        at = len(self.pool)
        self.pool += places
        address = self.kernels.part(code) if isinstance(code, str) else code
        self.lines.append((address, int(batched), n, at, k, m))

    def temporary(self, batched: bool, count: int) -> int:
        """Reserve rows to compute in, until the instruction is done."""
        if batched:
            self._used += count
            self.scratch = max(self.scratch, self._used)
            return codes.write_place(self._used - count, codes.SCRATCH)
        self._shared_used += count
        self.shared_scratch = max(self.shared_scratch, self._shared_used)
        return codes.write_place(self._shared_used - count, codes.SHARED_SCRATCH)

    def index(self, at: Rows) -> int:
        """Write the rows of an index down, and return where they stand."""
        if at.index is None:
            return IN_ORDER
        key = at.index.tobytes()
        if key not in self._indices:
            self._indices[key] = len(self.pool)
            self.pool += at.index.tolist()
        return self._indices[key]

    # --- reading and writing rows -------------------------------------------------------------------------------------

    def read(self, at: Rows, batched: bool) -> int:
        """Find rows one after the other, with as many columns as the instruction has: copied, if need be."""
        if at.ordered and at.batched == batched:
            return place_of(at)
        target = self.temporary(batched, at.count)
        self._copy(target, at, batched)
        return target

    def _copy(self, target: int, at: Rows, batched: bool) -> None:
        self.emit("copy", batched, at.count, [target, place_of(at), at.step, self.index(at)])

    def _target(self, into: Into, batched: bool) -> int | None:
        """Find the rows that flows can be computed into directly."""
        direct = not into.add and into.rows.ordered and into.rows.batched == batched
        return place_of(into.rows) if direct else None

    def _deliver(self, into: Into, flows: int, batched: bool) -> None:
        """Write what brings computed flows to the rows they flow to."""
        at, target = into.rows, place_of(into.rows)
        if into.add and at.ordered and at.batched == batched:
            self.emit("add", batched, at.count, [target, flows])
        else:
            self.emit("scatter", batched, at.count, [flows, target, at.step, self.index(at), int(into.add)])

    def _compute(self, into: Into, batched: bool, emit: Callable[[int], None]) -> None:
        """Write flows into place: directly, or into rows to compute in that are delivered then."""
        target = self._target(into, batched)
        if target is not None:
            emit(target)
            return
        flows = self.temporary(batched, into.rows.count)
        emit(flows)
        self._deliver(into, flows, batched)

    # --- instructions -------------------------------------------------------------------------------------------------

    def _instruction(self, instruction: Instruction) -> None:
        """Write what carries out an instruction."""
        match instruction:
            case Map():
                self._map(instruction)
            case Sum(out=out, terms=terms, k=k):
                self.emit("sum_blocks", out.batched, out.count, [place_of(out), self.read(terms, out.batched)], k)
            case RowDots(out=out, weights=weights, inputs=inputs, k=k, bias=bias):
                read = [self.read(at, out.batched) for at in (weights, inputs)]
                self.emit("weighted_sums", out.batched, out.count, [place_of(out), *read], k)
                if bias is not None:
                    self.emit("add", out.batched, out.count, [place_of(out), self.read(bias, out.batched)])
            case MatrixProduct(out=out, weights=weights, n=n, k=k, inputs=inputs, m=m, bias=bias):
                places = [place_of(out), place_of(weights), self.read(inputs, out.batched)]
                self.emit("product", out.batched, n, places, k, m)
                if bias is not None:
                    self.emit("bias", out.batched, n, [place_of(out), self.read(bias, False)], k, m)
            case Slopes():
                self._slopes(instruction)
            case Spread():
                self._spread(instruction)
            case TransposedProduct(into=into, weights=weights, n=n, k=k, adjoint=adjoint, m=m):
                places = [place_of(weights), place_of(adjoint)]
                self._compute(
                    into,
                    adjoint.batched,
                    lambda to: self.emit("product_transposed", adjoint.batched, n, [to, *places], k, m),
                )
            case OuterProduct(into=into, adjoint=adjoint, n=n, k=k, inputs=inputs, m=m):
                turned = self.temporary(adjoint.batched, k * m if n > 1 else 0)
                places = [place_of(adjoint), self.read(inputs, adjoint.batched), turned]
                self._compute(
                    into, False, lambda to: self.emit("product_weights", adjoint.batched, n, [to, *places], k, m)
                )
            case RowSums(into=into, adjoint=adjoint, n=n, m=m):
                source = place_of(adjoint)
                self._compute(into, False, lambda to: self.emit("row_sums", adjoint.batched, n, [to, source], 0, m))
            case Clear(out=out):
                self.emit("clear", False, out.count, [place_of(out), 0, self.index(out)])
            case Choice(out=out, which=which, choices=choices, k=k):
                places = [place_of(out), self.read(which, out.batched), place_of(choices), choices.step]
                self.emit("choose", out.batched, out.count, [*places, self.index(choices), 0], k)
            case ChoiceFlow(into=into, which=which, source=source, k=k):
                places = [place_of(source), self.read(which, source.batched), place_of(into.rows), into.rows.step]
                self.emit("choose", source.batched, source.count, [*places, self.index(into.rows), 1], k)
            case Composite():
                for part in (parts_of if instruction.slopes in self.factors else values_of)(instruction):
                    self._instruction(part)
            case Tape():
                self._tape(instruction)
            case TapeSweep(tape=tape):
                back = self.kernels.part("rewind_tape")
                self.lines += [(back, *line[1:]) for line in reversed(self._tapes[id(tape)])]

    def _map(self, instruction: Map) -> None:
        out, batched = place_of(instruction.out), instruction.out.batched
        if instruction.op in (ops.identity, ops.detached):
            self._copy(out, instruction.operands[0], batched)
        else:
            read = [self.read(at, batched) for at in instruction.operands]
            code = self.kernels.forward(instruction.op, len(read))
            self.emit(code, batched, instruction.out.count, [out, *read])

    def _slopes(self, instruction: Slopes) -> None:
        batched, n = instruction.result.batched, instruction.result.count
        read = [self.read(at, batched) for at in instruction.operands]
        direct = [self._target(into, batched) for into in instruction.into]
        targets = [self.temporary(batched, n) if to is None else to for to in direct]
        code = self.kernels.slopes(instruction.op, len(read), instruction.slots)
        self.emit(code, batched, n, [place_of(instruction.adjoint), place_of(instruction.result), *read, *targets])
        for into, flows, to in zip(instruction.into, targets, direct, strict=True):
            if to is None:
                self._deliver(into, flows, batched)

    def _spread(self, instruction: Spread) -> None:
        into, k, factors = instruction.into, instruction.k, instruction.factors
        source, batched, n = place_of(instruction.source), instruction.source.batched, instruction.source.count
        if factors is not None:
            places = [self.read(factors, batched), source, int(instruction.singular)]
            self._compute(into, batched, lambda to: self.emit("weighted_flows", batched, n, [to, *places], k))
        elif k == 1:
            self._deliver(into, source, batched)
        else:
            self._compute(into, batched, lambda to: self.emit("spread", batched, n, [to, source], k))

    def _tape(self, tape: Tape) -> None:
        """Write operations one by one: the code of each, and where its two operands lie; of a loop those of a step."""
        recorded = recorded_slopes(tape, self.active)
        for start, period, times in tape.loops:  # what one step records, all record
            steps = recorded[start : start + period * times].reshape(times, period, 2)
            steps[...] = steps.any(axis=0)
        kinds = tape.codes * 4 + recorded @ np.array([1, 2])
        occurring, which = np.unique(kinds, return_inverse=True)
        listed = [(tape.ops[kind // 4], tuple(slot for slot in (0, 1) if kind % 4 >> slot & 1)) for kind in occurring]
        order = sorted(range(len(listed)), key=lambda kind: (listed[kind][0].name, listed[kind][1]))
        kernel = self.kernels.tape([listed[kind] for kind in order], self.several)  # in one order: graphs share it
        places = tape.operands + np.where(tape.batched, self.values, 0)
        nodes = np.column_stack([np.argsort(order)[which], places])
        lines: list[tuple[int, ...]] = []
        for start, period, times in _stretches(tape):
            at, first = len(self.pool), dataclasses.replace(tape.out, start=tape.out.start + start, count=1)
            self.pool += [place_of(first), codes.write_place(self.slopes, codes.SLOPES), kernel]
            self.pool += nodes[start : start + period].ravel().tolist()
            if times > 1:
                self.loops = True
                self.pool += (
                    (nodes[start + period : start + 2 * period] - nodes[start : start + period]).ravel().tolist()
                )
            self.slopes += 2 * period * times
            lines.append((self.kernels.part("play_tape"), int(tape.out.batched), period, at, times, 1))
        self.lines += lines
        self._tapes[id(tape)] = lines


def _stretches(tape: Tape) -> list[Loop]:
    """Part a tape into loops, whose steps are taken together until they are worth a turn, and what lies between."""
    stretches, done = [], 0
    for start, period, times in (*tape.loops, Loop(tape.out.count, 0, 0)):
        together = max(1, OPERATIONS_WORTH_A_TURN // max(1, period))
        if times < 2 * together:
            continue
        if start > done:
            stretches.append(Loop(done, start - done, 1))
        stretches.append(Loop(start, period * together, times // together))
        done = start + stretches[-1].period * stretches[-1].times
    if tape.out.count > done:
        stretches.append(Loop(done, tape.out.count - done, 1))
    return stretches


def write_tables(kernels: Kernels, layout: Layout, sweep: Sweep | None, values: int, several: bool) -> Tables:
    """Write a program's tables.

    Args:
        kernels: of the operations.
        layout: the program's instructions.
        sweep: its sweep, if there is one.
        values: where the batched values start in the memory.
        several: whether they are for several examples at a time.
    """
    active = mark_active(layout, () if sweep is None else sweep.aim.wanted)
    table = Table(kernels, values, several, active, () if sweep is None else sweep.find_factors())
    swept = ((), ()) if sweep is None else (sweep.batched, sweep.shared)
    lines = [table.table(part) for part in (layout.shared, layout.batched, *swept)]
    pool = np.array(table.pool or [0], dtype=np.int64)
    both = np.concatenate(lines[:2]), np.concatenate(lines[2:])
    return Tables(lines, pool, table.scratch, table.shared_scratch, table.slopes, table.loops, *both)
