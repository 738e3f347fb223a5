"""Tapes: short operations of an irregular graph become one instruction that carries them out node by node.

On a tape each node has a code and the places of two operands; the forward run records their slopes, and the sweep goes
through them from the end without knowing any operation.
"""

from __future__ import annotations

import dataclasses
import itertools

from autograd import ops
from autograd.compiler.adjoint import Aim, Marks, mark_active
from autograd.compiler.instructions import Map, Rows, Tape
from autograd.compiler.roll import PLACES_WORTH_AN_INSTRUCTION, Forward, Layout, single

__all__ = ["put_on_tapes"]


def put_on_tapes(layout: Layout, aim: Aim | None) -> Layout:
    """Put stretches of short operations on tapes, for runs of single examples.

    Args:
        layout: the program.
        aim: of its sweep; None for a program that is only run forward.
    """
    active = mark_active(layout, aim.wanted if aim is not None else ())
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
    return tuple([slot for slot, at in enumerate(each.operands) if active.any(at)])
