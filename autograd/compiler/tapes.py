"""Tapes: the short operations of an irregular graph become one instruction, which carries them out one by one.

A sum or weighted sum of a few terms is written out on it, term by term. Steps of a recurrence, such as those of a
solver or of a recurrent network, are found as what they are: the same operations again, a few rows further on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.instructions import Index, Loop, Rows, Tape
from autograd.compiler.simplify import Expressions
from autograd.op import Op

__all__ = ["is_short", "write_tape"]

MOST_PRODUCTS = 16  # of weighted sums that are computed together and still are short
PERIODS_TO_TRY = 8
MOST_LOOPS = 16  # that are looked for on one tape
MIN_STEPS = 3  # that make a loop
MIN_OPERATIONS_IN_A_LOOP = 64


def is_short(op: Op, operands: int, members: int) -> bool:
    """Whether an operation, or a few sums of a few terms, can be carried out one by one."""
    if op in (ops.total, ops.dot):
        return operands > 1 and operands * members <= 2 * MOST_PRODUCTS
    return not op.nary and operands <= 2


def write_tape(e: Expressions, members: Sequence[int], row: list[int], start: int, name: str) -> Tape:
    """Write a tape.

    Args:
        e: the expressions.
        members: those that the tape computes, all batched or all shared.
        row: the row of each expression that is computed before; those of the tape's results are written here.
        start: the tape's first row.
        name: what the last result is called.
    """
    batched = e.batched[members[0]]
    codes: list[int] = []
    firsts: list[int] = []
    seconds: list[int] = []
    kinds: dict[Op, int] = {}

    def place(x: int) -> int:
        return row[x] if e.batched[x] == batched else ~row[x]  # other rows are told by their sign

    def add(op: Op, first: int, second: int | None = None) -> int:
        out = start + len(codes)
        codes.append(kinds.setdefault(op, len(kinds)))
        firsts.append(first)
        seconds.append(out if second is None else second)
        return out

    for x in sorted(members):
        op, operands = e.op[x], [place(y) for y in e.operands[x]]
        assert op is not None
        if op is ops.total:
            terms = operands
        elif op is ops.dot:
            k = len(operands) // 2
            terms = [add(ops.mul, w, v) for w, v in zip(operands[:k], operands[k : 2 * k], strict=True)]
            terms += operands[2 * k :]
        else:
            row[x] = add(op, *operands)
            continue
        out = terms[0]
        for term in terms[1:]:
            out = add(ops.add, out, term)
        row[x] = out
    listed = np.array([firsts, seconds], np.int64).T
    other = listed < 0
    code = np.array(codes, np.int32)
    loops = tuple(find_loops(code, listed, start))
    return Tape(
        Rows(batched, start, len(codes)), tuple(kinds), code, np.where(other, ~listed, listed),
        np.where(other, not batched, batched), loops, name,
    )  # fmt: skip


def find_loops(codes: Index, operands: NDArray[np.int64], first_row: int) -> list[Loop]:
    """Find what repeats itself on a tape: the same operations again, each operand as many rows further on each time.

    Args:
        codes: the operations, (n,).
        operands: the rows of their operands, (n, 2); in another memory they are negative.
        first_row: the row of the first operation's result.
    """
    found: list[Loop] = []
    waiting = [(0, len(codes))]
    while waiting and len(found) < MOST_LOOPS:
        start, stop = waiting.pop()
        loop = _find_longest(codes[start:stop], operands[start:stop], first_row + start)
        if loop is not None:
            loop = loop._replace(start=start + loop.start)
            found.append(loop)
            waiting += [(start, loop.start), (loop.start + loop.period * loop.times, stop)]
    return sorted(found)


def _find_longest(codes: Index, operands: NDArray[np.int64], first_row: int) -> Loop | None:
    """Find the loop that covers most of a stretch; the shortest of several such."""
    longest: Loop | None = None
    if len(codes) < MIN_OPERATIONS_IN_A_LOOP:
        return None
    for period in _guess_periods(codes, operands, first_row):
        steps = operands[period:] - operands[:-period]
        again = (codes[period:] == codes[:-period]) & ((operands[period:] < 0) == (operands[:-period] < 0)).all(axis=1)
        regular = again[period:] & again[:-period] & (steps[period:] == steps[:-period]).all(axis=1)
        edges = np.flatnonzero(np.diff(np.r_[False, regular, False]))
        if not len(edges):
            continue
        starts, ends = edges[::2], edges[1::2]
        best = int(np.argmax(ends - starts))
        start, times = int(starts[best]), int(ends[best] - starts[best]) // period + 2
        if times >= MIN_STEPS and (longest is None or period * times > longest.period * longest.times):
            longest = Loop(start, period, times)
    if longest is None or longest.period * longest.times < MIN_OPERATIONS_IN_A_LOOP:
        return None
    return longest


def _guess_periods(codes: Index, operands: NDArray[np.int64], first_row: int) -> list[int]:
    """List the distances at which the same operation on an equally distant operand mostly comes again."""
    back = first_row + np.arange(len(codes))[:, None] - operands
    nearest = np.where(back > 0, back, len(codes)).min(axis=1)
    kind = codes.astype(np.int64) * (len(codes) + 1) + np.minimum(nearest, len(codes))
    order = np.argsort(kind, kind="stable")
    gaps = np.diff(order)[np.diff(kind[order]) == 0]
    distances, counts = np.unique(gaps, return_counts=True)
    likely = distances[np.argsort(-counts * distances, kind="stable")[:PERIODS_TO_TRY]]
    return sorted(int(period) for period in likely if MIN_STEPS * period <= len(codes))
