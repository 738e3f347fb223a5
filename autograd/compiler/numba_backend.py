"""The numba backend: instructions as a table of numbers, carried out by a machine that is compiled once and kept.

A model costs no compile time of its own: only an operation that was never used before does.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.adjoint import Clear, Flow, Pass, Plan
from autograd.compiler.instructions import Instruction, Map, MatrixProduct, Products, Rows, Sum
from autograd.compiler.kernels import (
    ADD, ADJOINTS, BIAS, CLEAR, COPY, PRODUCT, PRODUCT_TRANSPOSED, PRODUCT_WEIGHTS, ROW_SUMS, SCATTER, SCRATCH, SHARED,
    SHARED_ADJOINTS, SHARED_SCRATCH, SLOPES, SPREAD, SUM, TAPE, TAPE_BACK, VALUES, WEIGHTED_FLOW, WEIGHTED_SUM,
)  # fmt: skip
from autograd.compiler.kernels import descend, run_flushed
from autograd.compiler.kernels import run as run_exactly
from autograd.compiler.numba_source import Kernels, rule_address
from autograd.compiler.reading import slope_formulas
from autograd.compiler.roll import Layout
from autograd.symbol import Symbol

__all__ = ["NumbaBackend"]

Array = NDArray[Any]
SHORT = 128  # places: operations on fewer cost less on a tape of single nodes than as instructions of their own
FEWEST = 32  # operations: a smaller program is not worth a tape
ALIGNED = 16  # numbers: regions start at whole cache lines


class Table:
    """Instructions as numbers, that are being written."""

    def __init__(self, kernels: Kernels, pool: list[int]) -> None:
        self.kernels = kernels
        self.pool = pool
        self.lines: list[tuple[int, ...]] = []
        self.scratch = self.shared_scratch = 0
        self._used = self._shared_used = 0
        self._indices: dict[bytes, int] = {}

    def array(self) -> Array:
        """Give the table as an array of whole numbers."""
        return np.array(self.lines, dtype=np.int64).reshape(-1, 6)

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

    # --- flows ---------------------------------------------------------------------------------------------------------

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
            k = instruction.k
            self._computed(flow, batched, lambda to: self.emit(SPREAD, batched, n, [to, adjoint], k))
        elif isinstance(instruction, Products):
            for flow in step.flows:
                if flow.slot == 2:
                    self._deliver(flow, adjoint, batched)
                    continue
                other = self.read((instruction.inputs, instruction.weights)[flow.slot], batched)
                k = instruction.k
                self._computed(
                    flow, batched, lambda to, other=other, k=k: self.emit(WEIGHTED_FLOW, batched, n, [to, other, adjoint], k)
                )  # fmt: skip
        else:
            self._pass_matrix(instruction, step.flows, adjoint, batched)
        self.done()

    def clear_but(self, output: Rows, layout: Layout) -> None:
        """Write zeros into every adjoint but the output's: along a tape flows are only added."""
        for shared, count in ((True, layout.shared_rows), (False, layout.batched_rows)):
            bounds = [0, count]
            if output.shared == shared:
                bounds[1:1] = [output.start, output.start + 1]
            for first, last in zip(bounds[::2], bounds[1::2], strict=True):
                if last > first:
                    self.backward(Clear(Rows(shared, first, last - first)))

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
                self._computed(
                    flow, False,
                    lambda to, turned=turned: self.emit(PRODUCT_WEIGHTS, batched, p.n, [to, adjoint, inputs, turned], p.k, p.m),
                )  # fmt: skip
            elif flow.slot == 1:
                self._computed(
                    flow, batched, lambda to: self.emit(PRODUCT_TRANSPOSED, batched, p.n, [to, weights, adjoint], p.k, p.m)
                )
            else:
                self._computed(flow, False, lambda to: self.emit(ROW_SUMS, batched, p.n, [to, adjoint], p.k, p.m))


class NumbaBackend:
    """A program as tables for the numba machine.

    Args:
        layout: the program's instructions.
        sweep: its sweep; None for a program that is only run forward.
        dtype: of its numbers.
    """

    def __init__(self, layout: Layout, sweep: Plan | None, dtype: np.dtype[Any]) -> None:
        self.layout, self.dtype = layout, dtype
        self.kernels = Kernels(dtype.name)
        self._sweep = sweep
        self.slopes = 0
        self._tapes: tuple[list[Array], Array] | None = None
        pool: list[int] = []
        steps: list[tuple[Any, ...]] = [(layout.shared,), (layout.batched,)]
        steps += [(sweep.batched,), (sweep.shared,)] if sweep is not None else [((),), ((),)]
        self.tables: list[Array] = []
        self.scratch = self.shared_scratch = 0
        for place, (listed,) in enumerate(steps):
            table = Table(self.kernels, pool)
            for step in listed:
                (table.forward if place < 2 else table.backward)(step)
            self.tables.append(table.array())
            self.scratch = max(self.scratch, table.scratch)
            self.shared_scratch = max(self.shared_scratch, table.shared_scratch)
        self.pool = np.array(pool or [0], dtype=np.int64)

    def memory(self, examples: int) -> tuple[Array, ...]:
        """Lay out one flat memory: its regions, and where they start and how wide they are."""
        rows = (self.layout.shared_rows, self.layout.batched_rows)
        counts = [rows[0], rows[1] * examples] * 2 + [self.scratch * examples, self.shared_scratch, 2 * rows[1]]
        if examples > 1 or not self.irregular:
            counts[-1] = 0
        starts = np.cumsum([0, *(-(-count // ALIGNED) * ALIGNED for count in counts)])
        raw = np.zeros(int(starts[-1]) + ALIGNED, self.dtype)
        shift = (-raw.ctypes.data // self.dtype.itemsize) % ALIGNED
        flat = raw[shift : shift + int(starts[-1])]
        base = starts[:-1].astype(np.int64)
        width = np.array([1, examples, 1, examples, examples, 1, 1], dtype=np.int64)
        parts = [flat[start : start + count] for start, count in zip(base, counts, strict=True)][:4]
        shapes = [(rows[0], 1), (rows[1], examples)] * 2
        return (*(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)), flat, base, width)

    @property
    def irregular(self) -> bool:
        """Whether the graph falls into so many short operations that single examples run on a tape."""
        maps = [i.out.count for i in self.layout.batched if on_tape(i)]
        return len(maps) > FEWEST and sum(maps) < SHORT * len(maps)

    def bind(self, machine: Any) -> tuple[Callable[[], None], ...]:
        """Make the program's functions for a memory."""
        flat, base, width = machine.state
        run = run_flushed if self.dtype == np.float32 else run_exactly
        tables, pool = self.tables, self.pool
        if machine.examples == 1 and self.irregular:
            tables, pool = self._on_tapes(base)
        return tuple(
            (lambda table=table: run(table, pool, flat, base, width)) if len(table) else _nothing for table in tables
        )

    def _on_tapes(self, base: Array) -> tuple[list[Array], Array]:
        """Write the tables for single examples: stretches of short operations become tapes."""
        if self._tapes is None:
            pool: list[int] = self.pool.tolist()
            forward, backward = Table(self.kernels, pool), Table(self.kernels, pool)
            passes: dict[int, list[Pass | Clear]] = {}  # what the sweep does at each instruction
            waiting: list[Pass | Clear] = []
            for step in self._sweep.batched if self._sweep is not None else ():
                waiting.append(step)
                if isinstance(step, Pass):
                    passes[id(step.instruction)], waiting = waiting, []
            swept: list[list[tuple[int, ...]]] = []
            for stretch in _stretches(self.layout.batched):
                backward.lines = []
                if on_tape(stretch[0]) and sum(i.out.count for i in stretch) < SHORT * len(stretch):
                    self._tape(stretch, passes, forward, backward, base)
                else:
                    for instruction in stretch:
                        forward.forward(instruction)
                    for instruction in reversed(stretch):
                        for step in passes.get(id(instruction), ()):
                            backward.backward(step)
                swept.append(backward.lines)
            lines = [line for part in reversed(swept) for line in part]
            backward.lines = []
            if self._sweep is not None:
                backward.clear_but(self._sweep.output, self.layout)
            lines = backward.lines + lines
            backward.lines = []
            for step in waiting:
                backward.backward(step)
            backward.lines = lines + backward.lines
            self._tapes = [self.tables[0], forward.array(), backward.array(), self.tables[3]], np.array(pool)
        return self._tapes

    def _tape(
        self, stretch: list[Map], passes: dict[int, list[Pass | Clear]], forward: Table, backward: Table, base: Array
    ) -> None:
        """Write a stretch of operations node by node: code and places of the operands."""
        kinds: dict[tuple[Any, tuple[int, ...]], int] = {}
        nodes: list[Array] = []
        for instruction in stretch:
            steps = [step for step in passes.get(id(instruction), ()) if isinstance(step, Pass)]
            slots = tuple(flow.slot for step in steps for flow in step.flows)
            code = kinds.setdefault((instruction.op, slots), len(kinds))
            own = instruction.out.numbers + base[VALUES]
            read = [at.numbers + base[SHARED if at.shared else VALUES] for at in instruction.operands]
            nodes.append(np.stack([np.full(len(own), code), read[0], read[1] if len(read) > 1 else own], axis=1))
        listed = np.concatenate(nodes)
        start = stretch[0].out.start
        at = len(forward.pool)
        forward.pool += [start * 8 + VALUES, 2 * start * 8 + SLOPES, self.kernels.tape(list(kinds))]
        forward.pool += listed.ravel().tolist()
        forward.lines.append((TAPE, 1, len(listed), at, 0, 1))
        backward.lines.append((TAPE_BACK, 1, len(listed), at, 0, 1))

    def descend(
        self,
        program: Any,
        machine: Any,
        examples: Array,
        order: Array,
        batch: int,
        output: Rows,
        others: Sequence[Rows],
        losses: Array,
        kept: Array,
        rule: Callable[..., Any],
        slots: Array,
        settings: Array,
        frozen: Array | None,
    ) -> int:
        """Take a step for each row of settings, and say how many were taken before a number stopped being finite."""
        flat, base, width = machine.state
        places = np.array([_written(at) for at in others], dtype=np.int64)
        update = rule_address(rule, len(slots), settings.shape[1], self.dtype.name)
        marks = np.full(1, 2, np.uint8) if frozen is None else frozen.astype(np.uint8)
        shared, batched, sweep, shared_sweep = self.tables
        return int(
            descend(
                np.concatenate([shared, batched]), np.concatenate([sweep, shared_sweep]), self.pool, flat, base,
                width.copy(), examples, order, batch, _written(output), places, losses, kept, update, slots, settings,
                marks, len(program.parameters),
            )
        )  # fmt: skip


def on_tape(instruction: Instruction) -> bool:
    """Say whether an instruction can be carried out node by node."""
    return isinstance(instruction, Map) and len(instruction.operands) <= 2 and not instruction.op.nary


def _stretches(instructions: Sequence[Instruction]) -> list[list[Any]]:
    """Part instructions into stretches of those that can be on a tape and of those that cannot."""
    return [list(part) for _, part in itertools.groupby(instructions, on_tape)]


def _written(at: Rows) -> int:
    """Write a place of values as the machine does."""
    return at.start * 8 + (SHARED if at.shared else VALUES)


def _nothing() -> None:
    """Do nothing: there is no such instruction."""
