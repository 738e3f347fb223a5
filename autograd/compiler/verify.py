"""Verifying: what must hold of every program's instructions, whatever made them and whatever will carry them out."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.access import parts_of, reads, values_of, writes
from autograd.compiler.adjoint import Sweep
from autograd.compiler.instructions import (
    Clear,
    Instruction,
    Map,
    MatrixProduct,
    OuterProduct,
    Rows,
    RowSums,
    Slopes,
    Tape,
    TransposedProduct,
)
from autograd.compiler.listing import describe
from autograd.compiler.roll import Layout
from autograd.errors import CompileError

__all__ = ["verify"]

#: Which rows are written, of each memory: (batched, adjoint).
Written = dict[tuple[bool, bool], NDArray[np.bool_]]


def verify(layout: Layout, sweep: Sweep | None = None) -> None:
    """Check that rows are in bounds, written before they are read or added to, and written once, in matrices in order.

    Args:
        layout: a program; where it reuses rows, each must still hold what its reader is to read.
        sweep: its sweep, if there is one, which must reach all that is wanted.

    Raises:
        CompileError: an instruction breaks a rule.
    """
    counts, e = (layout.shared_rows, layout.batched_rows), layout.expressions
    written = {(b, adjoint): np.zeros(counts[b], np.bool_) for b in (False, True) for adjoint in (False, True)}
    for x, row in enumerate(layout.row):
        if e.op[x] is None and row >= 0:
            written[e.batched[x], False][row] = True
    written[False, False][[row for row, _ in layout.literals]] = True
    for instruction in (*layout.shared, *layout.batched):
        for part in parts_of(instruction):
            _check(part, written, once=layout.before is None)
    if not all(written[e.batched[x], False][layout.row[x]] for x in e.outputs):
        raise CompileError("A result is never computed." + FAULT)
    if layout.before is not None:
        _check_reuse(layout, layout.before)
    if sweep is None:
        return
    written[sweep.aim.output.batched, True][sweep.aim.output.start] = True
    for flow in (*sweep.batched, *sweep.shared):
        _check(flow, written, once=True)
    if not all(written[at.batched, True][at.key].all() for at in sweep.aim.wanted):
        raise CompileError("The sweep leaves adjoints that are asked for as an earlier run left them." + FAULT)


FAULT = " This is a fault of the compiler, not of your function: please report both."


def _check_reuse(layout: Layout, before: Layout) -> None:
    """Check that rows which are written again hold, whenever they are read, what was read before rows were reused."""
    e = layout.expressions
    held = np.full(layout.batched_rows, -1)  # the row in `before` whose numbers each row holds
    for x in range(len(e)):
        if e.op[x] is None and e.batched[x]:
            held[layout.row[x]] = before.row[x]
    originals = [part for instruction in before.batched for part in values_of(instruction)][::-1]
    for instruction in layout.batched:
        taken = _batched_reads(instruction)
        if isinstance(instruction, Map) and isinstance(originals[-1], MatrixProduct):  # puts its inputs side by side
            result = held[taken[0]]
        else:
            original = originals.pop()
            for numbers, wanted in zip(taken, _batched_reads(original), strict=True):
                if not np.array_equal(held[numbers], wanted):
                    _refuse(instruction, "reads rows in which another result has replaced the one that it needs")
            result = original.out.numbers
        if taken and np.isin(instruction.out.numbers, np.concatenate(taken)).any():
            _refuse(instruction, "writes rows that it reads")
        held[instruction.out.numbers] = result
    if any(held[layout.row[x]] != before.row[x] for x in e.outputs if e.batched[x]):
        raise CompileError("A result is written over before the run ends." + FAULT)


def _batched_reads(instruction: Instruction) -> list[NDArray[np.int64]]:
    return [at.numbers for at in reads(instruction) if at.batched]


def _refuse(instruction: Instruction, what: str) -> NoReturn:
    raise CompileError(f"The instruction {describe(instruction)!r} {what}." + FAULT)


def _check(instruction: Instruction, written: Written, *, once: bool) -> None:
    for at in (*reads(instruction), *(into.rows for into in writes(instruction))):
        if at.numbers.min() < 0 or at.numbers.max() >= len(written[at.batched, at.adjoint]):
            _refuse(instruction, "names rows that do not exist")
    if isinstance(instruction, Tape):
        own = instruction.out.numbers[:, None]
        one = np.array([len(op.slopes) == 1 for op in instruction.ops])[instruction.codes]
        if (instruction.inside & (instruction.operands >= own + np.column_stack([one & False, one]))).any():
            _refuse(instruction, "reads what it computes only later")
    for at, count in _in_order(instruction):
        if not at.ordered or at.count != count:
            _refuse(instruction, f"needs {count:,} rows that follow each other")
    for at in reads(instruction):
        if not written[at.batched, at.adjoint][at.key].all():
            _refuse(instruction, "reads rows that nothing has written")
    for at, add in writes(instruction):
        marks = written[at.batched, at.adjoint]
        if add and not marks[at.key].all():
            _refuse(instruction, "adds to rows that nothing has written")
        if not add and (not (at.unique or at.repeated) or (once and marks[at.key].any())):
            _refuse(instruction, "writes a row a second time")
        marks[at.key] = True


def _in_order(instruction: Instruction) -> list[tuple[Rows, int]]:
    """List the rows that an instruction takes one after the other, with how many it needs."""
    match instruction:
        case MatrixProduct(out=out, weights=weights, n=n, k=k, inputs=inputs, m=m):
            return [(out, n * m), (weights, n * k), (inputs, k * m)]
        case TransposedProduct(into=into, weights=weights, n=n, k=k, adjoint=adjoint, m=m):
            return [(into.rows, k * m), (weights, n * k), (adjoint, n * m)]
        case OuterProduct(into=into, adjoint=adjoint, n=n, k=k, inputs=inputs, m=m):
            return [(into.rows, n * k), (adjoint, n * m), (inputs, k * m)]
        case RowSums(adjoint=adjoint, n=n, m=m):
            return [(adjoint, n * m)]
        case Slopes(adjoint=adjoint, result=result):
            return [(adjoint, result.count), (result, result.count)]
        case _:
            return [
                (into.rows, into.rows.count)
                for into in writes(instruction)
                if not into.rows.adjoint and not isinstance(instruction, Clear)
            ]
