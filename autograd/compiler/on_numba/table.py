"""Tables: instructions as rows of whole numbers, which the numba machine reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.adjoint import Clear, Flow, Pass, Plan
from autograd.compiler.formulas import slope_formulas
from autograd.compiler.instructions import Instruction, Map, MatrixProduct, Products, Rows, Sum
from autograd.compiler.on_numba.kernels import Kernels
from autograd.compiler.on_numba.machine import (
    ADD,
    ADJOINTS,
    BIAS,
    CLEAR,
    COPY,
    PRODUCT,
    PRODUCT_TRANSPOSED,
    PRODUCT_WEIGHTS,
    ROW_SUMS,
    SCATTER,
    SCRATCH,
    SHARED,
    SHARED_ADJOINTS,
    SHARED_SCRATCH,
    SPREAD,
    SUM,
    VALUES,
    WEIGHTED_FLOW,
    WEIGHTED_SUM,
)  # fmt: skip
from autograd.compiler.roll import Layout
from autograd.symbol import Symbol

__all__ = ["Table", "Tables", "written"]

Array = NDArray[Any]


class Tables(NamedTuple):
    """A program for the machine.

    Attributes:
        lines: instructions on shared rows and on the others, forward; then on the others and on shared ones, backward.
        pool: the places that they refer to.
        scratch: rows with columns that they compute in.
        shared_scratch: rows without.
        slopes: numbers that tapes record.
        forward: the first two tables as one.
        backward: the other two as one.
    """

    lines: list[Array]
    pool: Array
    scratch: int
    shared_scratch: int
    slopes: int
    forward: Array
    backward: Array


class Table:
    """Instructions as numbers, that are being written."""

    def __init__(self, kernels: Kernels, pool: list[int]) -> None:
        self.kernels = kernels
        self.pool = pool
        self.lines: list[tuple[int, ...]] = []
        self.scratch = self.shared_scratch = 0
        self._used = self._shared_used = 0
        self._indices: dict[bytes, int] = {}

    def taken(self) -> Array:
        """Take the instructions that were written, and begin anew."""
        lines, self.lines = np.array(self.lines, dtype=np.int64).reshape(-1, 6), []
        return lines

    def finished(self, lines: list[Array], slopes: int) -> Tables:
        """Gather a program's tables."""
        pool = np.array(self.pool or [0], dtype=np.int64)
        both = np.concatenate(lines[:2]), np.concatenate(lines[2:])
        return Tables(lines, pool, self.scratch, self.shared_scratch, slopes, *both)

    def emit(self, code: int, batched: bool, n: int, places: list[int], k: int = 0, m: int = 1) -> None:
        """Write one instruction."""
        at = len(self.pool)
        self.pool += places + [places[0]] * (3 - len(places))  # the machine reads three at least
        self.lines.append((code, int(batched), n, at, k, m))

    def temporary(self, batched: bool, count: int) -> int:
        """Reserve rows to compute in, until the instruction is done."""
        if batched:
            self._used += count
            self.scratch = max(self.scratch, self._used)
            return (self._used - count) * 8 + SCRATCH
        self._shared_used += count
        self.shared_scratch = max(self.shared_scratch, self._shared_used)
        return (self._shared_used - count) * 8 + SHARED_SCRATCH

    def done(self) -> None:
        """Give the rows that were computed in free."""
        self._used = self._shared_used = 0

    def index(self, at: Rows) -> int:
        """Write the rows of an index down; −1 where rows are in order."""
        if at.index is None:
            return -1
        key = at.index.tobytes()
        if key not in self._indices:
            self._indices[key] = len(self.pool)
            self.pool += at.index.tolist()
        return self._indices[key]

    def read(self, at: Rows, batched: bool) -> int:
        """Find rows of values one after the other, with as many columns as the instruction has: copied, if need be."""
        if at.index is None and (at.step == 1 or at.count == 1) and at.shared != batched:
            return at.start * 8 + (SHARED if at.shared else VALUES)
        target = self.temporary(batched, at.count)
        self._copy(target, at, batched)
        return target

    def _copy(self, target: int, at: Rows, batched: bool) -> None:
        source = at.start * 8 + (SHARED if at.shared else VALUES)
        self.emit(COPY, batched, at.count, [target, source, at.step, self.index(at)])

    def forward(self, instruction: Instruction) -> None:
        """Write what computes an instruction."""
        batched = not instruction.out.shared
        n = instruction.out.count
        out = instruction.out.start * 8 + (VALUES if batched else SHARED)
        if isinstance(instruction, Map):
            if instruction.op in (ops.identity, ops.detached):
                self._copy(out, instruction.operands[0], batched)
            else:
                read = [self.read(at, batched) for at in instruction.operands]
                self.emit(self.kernels.forward(instruction.op, len(read)), batched, n, [out, *read])
        elif isinstance(instruction, Sum):
            self.emit(SUM, batched, n, [out, self.read(instruction.terms, batched)], instruction.k)
        elif isinstance(instruction, Products):
            read = [self.read(at, batched) for at in (instruction.weights, instruction.inputs)]
            self.emit(WEIGHTED_SUM, batched, n, [out, *read], instruction.k)
            if instruction.bias is not None:
                self.emit(ADD, batched, n, [out, self.read(instruction.bias, batched)])
        else:
            p = instruction
            weights, inputs = p.weights.start * 8 + SHARED, self.read(p.inputs, batched)
            self.emit(PRODUCT, batched, p.n, [out, weights, inputs], p.k, p.m)
            if p.bias is not None:
                self.emit(BIAS, batched, p.n, [out, self.read(p.bias, False)], p.k, p.m)
        self.done()

    # --- flows --------------------------------------------------------------------------------------------------------

    def _target(self, flow: Flow, batched: bool) -> int | None:
        """Find the adjoints that a flow can be computed into directly."""
        into = flow.into
        if flow.add or into.index is not None or (into.step == 0 and into.count > 1) or into.shared == batched:
            return None
        return into.start * 8 + (SHARED_ADJOINTS if into.shared else ADJOINTS)

    def _deliver(self, flow: Flow, source: int, batched: bool) -> None:
        """Write what brings computed flows to the adjoints."""
        into = flow.into
        target = into.start * 8 + (SHARED_ADJOINTS if into.shared else ADJOINTS)
        plain = into.index is None and (into.step == 1 or into.count == 1) and into.shared != batched
        if plain and flow.add:
            self.emit(ADD, batched, into.count, [target, source])
        else:
            step = 1 if into.count == 1 else into.step
            self.emit(SCATTER, batched, into.count, [source, target, step, self.index(into), int(flow.add)])

    def _computed(self, flow: Flow, batched: bool, emit: Callable[[int], None]) -> None:
        """Write flows into place: directly, or into rows to compute in that are delivered then."""
        target = self._target(flow, batched)
        if target is not None:
            emit(target)
            return
        source = self.temporary(batched, flow.into.count)
        emit(source)
        self._deliver(flow, source, batched)

    def backward(self, step: Pass | Clear) -> None:
        """Write what passes an instruction's adjoints on."""
        if isinstance(step, Clear):
            into = step.into
            target = into.start * 8 + (SHARED_ADJOINTS if into.shared else ADJOINTS)
            self.emit(CLEAR, False, into.count, [target, 0, self.index(into)])
            return
        instruction = step.instruction
        batched = not instruction.out.shared
        n = instruction.out.count
        adjoint = instruction.out.start * 8 + (ADJOINTS if batched else SHARED_ADJOINTS)
        if isinstance(instruction, Map):
            self._pass_map(instruction, step.flows, adjoint, batched)
        elif isinstance(instruction, Sum):
            [flow] = step.flows
            self._computed(flow, batched, _emitting(self, SPREAD, batched, n, [adjoint], instruction.k))
        elif isinstance(instruction, Products):
            for flow in step.flows:
                if flow.slot == 2:
                    self._deliver(flow, adjoint, batched)
                    continue
                other = self.read((instruction.inputs, instruction.weights)[flow.slot], batched)
                emit = _emitting(self, WEIGHTED_FLOW, batched, n, [other, adjoint], instruction.k)
                self._computed(flow, batched, emit)
        else:
            self._pass_matrix(instruction, step.flows, adjoint, batched)
        self.done()

    def _pass_map(self, instruction: Map, flows: tuple[Flow, ...], adjoint: int, batched: bool) -> None:
        arity, n = len(instruction.operands), instruction.out.count
        wanted = [any(flow.slot == slot for flow in flows) for slot in range(arity)]
        letters = [Symbol(f"x{i}") for i in range(arity)]
        slopes = slope_formulas(instruction.op, Symbol("out"), letters, wanted)
        computed = [flow for flow in flows if isinstance(slopes[flow.slot], Symbol) or slopes[flow.slot] != 1.0]
        targets: list[int] = []
        if computed:
            out = instruction.out.start * 8 + (VALUES if batched else SHARED)
            read = [self.read(at, batched) for at in instruction.operands]
            code = self.kernels.backward(instruction.op, arity, [flow.slot for flow in computed])
            found = [self._target(flow, batched) for flow in computed]
            targets = [self.temporary(batched, n) if to is None else to for to in found]
            self.emit(code, batched, n, [adjoint, out, *read, *targets])
        for flow in flows:
            if flow not in computed:
                self._deliver(flow, adjoint, batched)
            elif self._target(flow, batched) is None:
                self._deliver(flow, targets[computed.index(flow)], batched)

    def _pass_matrix(self, p: MatrixProduct, flows: tuple[Flow, ...], adjoint: int, batched: bool) -> None:
        inputs = self.read(p.inputs, batched)
        weights = p.weights.start * 8 + SHARED
        for flow in flows:
            if flow.slot == 0:
                turned = self.temporary(batched, p.k * p.m)
                places = [adjoint, inputs, turned]
                self._computed(flow, False, _emitting(self, PRODUCT_WEIGHTS, batched, p.n, places, p.k, p.m))
            elif flow.slot == 1:
                places = [weights, adjoint]
                self._computed(flow, batched, _emitting(self, PRODUCT_TRANSPOSED, batched, p.n, places, p.k, p.m))
            else:
                self._computed(flow, False, _emitting(self, ROW_SUMS, batched, p.n, [adjoint], p.k, p.m))


def _emitting(table: Table, code: int, batched: bool, n: int, places: list[int], k: int, m: int = 1) -> Any:
    """Make what writes an instruction once it is known where its flows go."""
    return lambda target: table.emit(code, batched, n, [target, *places], k, m)


def written(kernels: Kernels, layout: Layout, sweep: Plan) -> Tables:
    """Write a program's tables, each instruction on whole arrays."""
    table = Table(kernels, [])
    lines = []
    for steps in (layout.shared, layout.batched):
        for step in steps:
            table.forward(step)
        lines.append(table.taken())
    for swept in (sweep.batched, sweep.shared):
        for passed in swept:
            table.backward(passed)
        lines.append(table.taken())
    return table.finished(lines, 0)
