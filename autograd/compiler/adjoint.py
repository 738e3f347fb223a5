"""The sweep of a program: its instructions backwards, each passing the adjoints of its rows on to what it read.

What flows along an edge is the slope times the adjoint, as everywhere; here for a whole array at once. The plan knows
of every row whether something has flowed to it before: the first flow is written, the others are added.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.instructions import Instruction, Rows, operands_of, rows
from autograd.compiler.roll import Layout

__all__ = ["Clear", "Flow", "Pass", "Plan", "plan"]

Marks = NDArray[np.bool_]


class Flow(NamedTuple):
    """What an instruction passes to one of its operands.

    Attributes:
        slot: which operand.
        into: the rows that it flows to.
        add: whether something has flowed to them before.
    """

    slot: int
    into: Rows
    add: bool


class Clear(NamedTuple):
    """Rows whose adjoint starts from zero, since flows reach only some of them, or one of them several times."""

    into: Rows


class Pass(NamedTuple):
    """One instruction, passed backwards."""

    instruction: Instruction
    flows: tuple[Flow, ...]


class Plan(NamedTuple):
    """A sweep: first the rows with a column for each example, then the shared ones.

    Attributes:
        output: the row whose adjoint is written before it starts.
        batched: steps on rows with columns.
        shared: steps on shared rows.
    """

    output: Rows
    batched: tuple[Pass | Clear, ...]
    shared: tuple[Pass | Clear, ...]


class _Memory(NamedTuple):
    """A mark for each row of both memories."""

    shared: Marks
    batched: Marks

    def of(self, at: Rows) -> Marks:
        return self.shared if at.shared else self.batched


def _memory(layout: Layout) -> _Memory:
    return _Memory(np.zeros(layout.shared_rows, np.bool_), np.zeros(layout.batched_rows, np.bool_))


def plan(layout: Layout, output: Rows, wanted: Iterable[Rows]) -> Plan:
    """Plan the sweep from one output to the rows that are asked for.

    Args:
        output: the row of the output, whose adjoint is written before the sweep starts.
        wanted: leaves; after the sweep their adjoints are complete, and zero where nothing flows.
    """
    wanted = list(wanted)
    active = _active(layout, wanted)
    touched = _memory(layout)
    touched.of(output)[output.start] = True
    steps: tuple[list[Pass | Clear], list[Pass | Clear]] = ([], [])
    for where, instructions in zip(steps, (layout.batched, layout.shared), strict=True):
        for instruction in reversed(instructions):
            _pass(instruction, active, touched, where)
    for leaves in wanted:
        untouched = leaves.numbers[~touched.of(leaves)[leaves.numbers]]
        if len(untouched):
            steps[1 if leaves.shared else 0].append(Clear(rows(leaves.shared, untouched)))
    return Plan(output, tuple(steps[0]), tuple(steps[1]))


def _active(layout: Layout, wanted: Iterable[Rows]) -> _Memory:
    """Mark every row on a way from a wanted leaf."""
    active = _memory(layout)
    for leaves in wanted:
        active.of(leaves)[leaves.key] = True
    for instruction in (*layout.shared, *layout.batched):
        if getattr(instruction, "op", None) is ops.detached:
            continue
        if any(active.of(read)[read.key].any() for read in operands_of(instruction) if read is not None):
            active.of(instruction.out)[instruction.out.key] = True
    return active


def _pass(instruction: Instruction, active: _Memory, touched: _Memory, steps: list[Pass | Clear]) -> None:
    out = instruction.out
    reached = touched.of(out)[out.key]
    if not reached.any() or not active.of(out)[out.key].any():
        return
    if not reached.all():
        steps.append(Clear(rows(out.shared, out.numbers[~reached])))
    flows: list[Flow] = []
    for slot, read in enumerate(operands_of(instruction)):
        if read is None or not active.of(read)[read.key].any():
            continue
        marks = touched.of(read)
        before = marks[read.key]
        one_row = read.step == 0 and read.index is None
        if not before.any() and (one_row or read.unique):
            flows.append(Flow(slot, read, False))
        else:
            if not before.all():
                chosen = np.arange(len(marks))[read.key][~before]
                steps.append(Clear(rows(read.shared, np.unique(chosen))))
            flows.append(Flow(slot, read, True))
        marks[read.key] = True
    if flows:
        steps.append(Pass(instruction, tuple(flows)))
