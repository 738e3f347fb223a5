"""Tapes: short operations of an irregular graph become one instruction that carries them out node by node.

On a tape each node has a code and the places of two operands; the forward run records their slopes, and the sweep goes
through them from the end without knowing any operation.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable

from autograd import ops
from autograd.compiler.adjoint import Marks, Sweep, differentiate, mark_active
from autograd.compiler.instructions import Map, Rows, Tape
from autograd.compiler.roll import PLACES_WORTH_AN_INSTRUCTION, Forward, Layout, single

__all__ = ["on_tapes"]


def on_tapes(layout: Layout, sweep: Sweep | None) -> tuple[Layout, Sweep | None]:
    """Write a program and its sweep for runs of single examples: stretches of short operations go on tapes."""
    taped = _put_on_tapes(layout, sweep.wanted if sweep is not None else ())
    return taped, None if sweep is None else differentiate(taped, sweep.output, sweep.wanted, sweep.without)


def _put_on_tapes(layout: Layout, wanted: Iterable[Rows]) -> Layout:
    """Put stretches of short operations on tapes.

    Args:
        layout: the program.
        wanted: the rows that a sweep goes to.
    """
    active = mark_active(layout, wanted)
    batched: list[Forward] = []
    for alone, part in itertools.groupby(layout.batched, single):
        stretch = list(part)
        if alone and sum(each.out.count for each in stretch) < PLACES_WORTH_AN_INSTRUCTION * len(stretch):
            maps = tuple([each for each in stretch if isinstance(each, Map)])
            count = sum(each.out.count for each in maps)
            slots = tuple([_slots(each, active) for each in maps])
            batched.append(Tape(Rows(True, maps[0].out.start, count), maps, slots, maps[-1].name))
        else:
            batched += stretch
    return dataclasses.replace(layout, batched=batched)


def _slots(each: Map, active: Marks) -> tuple[int, ...]:
    """Find the operands that something flows to."""
    if each.op is ops.detached:
        return ()
    return tuple([slot for slot, at in enumerate(each.operands) if active.of(at)[at.key].any()])
