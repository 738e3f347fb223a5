"""Tapes: short operations of an irregular graph, carried out node by node.

On a tape each node has a code and the places of two operands; the forward run records their slopes, and the sweep goes
through them from the end without knowing any operation.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd.compiler.adjoint import Clear, Pass, Plan
from autograd.compiler.instructions import Instruction, Map, Rows
from autograd.compiler.on_numba.kernels import Kernels
from autograd.compiler.on_numba.machine import SLOPES, TAPE, TAPE_BACK, VALUES
from autograd.compiler.on_numba.table import Table, Tables
from autograd.compiler.roll import SHORT, Layout, single

__all__ = ["on_tapes"]


def on_tapes(kernels: Kernels, layout: Layout, sweep: Plan, values: int) -> Tables:
    """Write the tables for single examples: stretches of short operations become tapes.

    Args:
        values: where the memory of values starts; that of shared numbers starts at 0.
    """
    passes: dict[int, list[Pass | Clear]] = {}  # what the sweep does at each instruction
    waiting: list[Pass | Clear] = []
    for step in sweep.batched:
        waiting.append(step)
        if isinstance(step, Pass):
            passes[id(step.instruction)], waiting = waiting, []
    table = Table(kernels, [])
    for instruction in layout.shared:
        table.forward(instruction)
    shared = table.taken()
    forward, backward = [], []
    for stretch in _stretches(layout.batched):
        if single(stretch[0]) and sum(i.out.count for i in stretch) < SHORT * len(stretch):
            at, count = _tape(table, stretch, passes, values)
            forward.append(np.array([(TAPE, 1, count, at, 0, 1)]))
            backward.append(np.array([(TAPE_BACK, 1, count, at, 0, 1)]))
            continue
        for instruction in stretch:
            table.forward(instruction)
        forward.append(table.taken())
        for instruction in reversed(stretch):
            for step in passes.get(id(instruction), ()):
                table.backward(step)
        backward.append(table.taken())
    for step in (*_clear_but(sweep.output, layout), *sweep.shared):
        table.backward(step)
    cleared = table.taken()
    first = len(_clear_but(sweep.output, layout))
    for step in waiting:
        table.backward(step)
    backward.insert(0, table.taken())
    empty = np.zeros((0, 6), np.int64)
    swept = [cleared[:first], *reversed(backward)] if sweep.batched else []
    lines = [shared, np.concatenate([empty, *forward]), np.concatenate([empty, *swept]), cleared[first:]]
    return table.finished(lines, 2 * layout.batched_rows)


def _stretches(instructions: Sequence[Instruction]) -> list[list[Any]]:
    """Part instructions into stretches of those that can be on a tape and of those that cannot."""
    return [list(part) for _, part in itertools.groupby(instructions, single)]


def _tape(table: Table, stretch: list[Map], passes: dict[int, list[Pass | Clear]], values: int) -> tuple[int, int]:
    """Write a stretch of operations node by node, and say where it stands and how long it is."""
    kinds = [(instruction.op, _slots(instruction, passes)) for instruction in stretch]
    listed = sorted(set(kinds), key=lambda kind: (kind[0].name, kind[1]))  # in one order, so that graphs share a kernel
    codes = {kind: code for code, kind in enumerate(listed)}
    start, count = stretch[0].out.start, sum(instruction.out.count for instruction in stretch)
    nodes = np.zeros((count, 3), np.int64)
    place = 0
    for instruction, kind in zip(stretch, kinds, strict=True):
        part = nodes[place : place + instruction.out.count]
        part[:, 0] = codes[kind]
        read = [at.numbers + (0 if at.shared else values) for at in instruction.operands]
        part[:, 1] = read[0]
        part[:, 2] = read[1] if len(read) > 1 else instruction.out.numbers + values  # itself, with slope 0
        place += len(part)
    at = len(table.pool)
    table.pool += [start * 8 + VALUES, 2 * start * 8 + SLOPES, table.kernels.tape(listed)]
    table.pool += nodes.ravel().tolist()
    return at, count


def _slots(instruction: Map, passes: dict[int, list[Pass | Clear]]) -> tuple[int, ...]:
    """Find the operands that something flows to."""
    steps = passes.get(id(instruction), ())
    return tuple([flow.slot for step in steps if isinstance(step, Pass) for flow in step.flows])


def _clear_but(output: Rows, layout: Layout) -> list[Clear]:
    """Give what writes zeros into every adjoint but the output's: along a tape flows are only added."""
    found = []
    for shared, count in ((True, layout.shared_rows), (False, layout.batched_rows)):
        bounds = [0, output.start, output.start + 1, count] if output.shared == shared else [0, count]
        for first, last in zip(bounds[::2], bounds[1::2], strict=True):
            if last > first:
                found.append(Clear(Rows(shared, first, last - first)))
    return found
