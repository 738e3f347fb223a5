"""Row allocation: a row is reused after its last reader (linear scan), so that a forward run takes little memory."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.access import reads, values_of
from autograd.compiler.instructions import Choice, Map, MatrixProduct, RowDots, Rows, Sum, rows
from autograd.compiler.roll import Forward, Layout

__all__ = ["reuse"]


def reuse(layout: Layout, inputs: int) -> Layout:
    """Lay out a program that is only run forward anew, each row only as long as something reads it.

    Args:
        layout: the program.
        inputs: its first rows, which keep their places, as outputs do from when they are computed.
    """
    forward = [part for instruction in layout.batched for part in values_of(instruction)]
    last = _last_readers(layout, forward)
    moved = np.arange(layout.batched_rows)
    free: list[tuple[int, int]] = []  # (start, count) of rows that nobody reads any more
    dying: dict[int, list[Rows]] = defaultdict(list)
    top = inputs
    instructions: list[Forward] = []
    for place, instruction in enumerate(forward):
        out = instruction.out
        start = _take(free, out.count)
        if start is None:
            start, top = top, top + out.count
        moved[out.start : out.start + out.count] = np.arange(start, start + out.count)
        new = _move(instruction, moved, Rows(True, start, out.count))
        if isinstance(new, MatrixProduct) and new.inputs.index is not None:  # a matrix needs its rows side by side
            panel = Rows(True, top, new.inputs.count)
            top += panel.count
            instructions.append(Map(panel, ops.identity, (new.inputs,), "panel"))
            new = dataclasses.replace(new, inputs=panel)
            dying[place].append(panel)
        instructions.append(new)
        dying[max(place, int(last[out.key].max()))].append(Rows(True, start, out.count))
        for block in dying.pop(place, ()):  # only now: an instruction does not write over what it reads
            _give_back(free, block)
    batched = layout.expressions.batched
    row = [int(moved[r]) if r >= 0 and batched[x] else r for x, r in enumerate(layout.row)]
    return dataclasses.replace(layout, batched=instructions, batched_rows=top, row=row, before=layout)


def _last_readers(layout: Layout, forward: Sequence[Forward]) -> NDArray[np.int64]:
    """Find the place of the last instruction that reads each batched row; results are read after all of them."""
    last = np.full(layout.batched_rows, -1)
    for place, instruction in enumerate(forward):
        for at in reads(instruction):
            if at.batched:
                last[at.key] = place
    for x in layout.expressions.outputs:
        if layout.expressions.batched[x]:
            last[layout.row[x]] = len(forward)
    return last


def _take(free: list[tuple[int, int]], count: int) -> int | None:
    """Take the smallest stretch of free rows that is long enough."""
    fitting = [stretch for stretch in free if stretch[1] >= count]
    if not fitting:
        return None
    start, length = min(fitting, key=lambda stretch: stretch[1])
    free.remove((start, length))
    if length > count:
        free.append((start + count, length - count))
    return start


def _give_back(free: list[tuple[int, int]], block: Rows) -> None:
    """Give rows back, joined to free ones beside them."""
    start, stop = block.start, block.start + block.count
    for other in list(free):
        if other[0] + other[1] == start or other[0] == stop:
            free.remove(other)
            start, stop = min(start, other[0]), max(stop, other[0] + other[1])
    free.append((start, stop - start))


def _move(instruction: Forward, moved: NDArray[np.int64], out: Rows) -> Forward:
    """Write an instruction for the rows' new places."""

    def at(read: Rows) -> Rows:
        return rows(True, moved[read.numbers]) if read.batched else read

    if isinstance(instruction, Map):
        return dataclasses.replace(instruction, out=out, operands=tuple(map(at, instruction.operands)))
    if isinstance(instruction, Sum):
        return dataclasses.replace(instruction, out=out, terms=at(instruction.terms))
    if isinstance(instruction, Choice):
        return dataclasses.replace(instruction, out=out, which=at(instruction.which), choices=at(instruction.choices))
    assert isinstance(instruction, RowDots | MatrixProduct)
    bias = None if instruction.bias is None else at(instruction.bias)
    inputs = at(instruction.inputs)
    return dataclasses.replace(instruction, out=out, weights=at(instruction.weights), inputs=inputs, bias=bias)
