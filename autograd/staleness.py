"""Leaves that were assigned after a graph was recorded: what was computed from them still shows the numbers before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.floats import slopes_on_floats
from autograd.recording import is_traced
from autograd.value import Value

__all__ = ["Assigned", "assigned_since"]

TOLERANCE = 1e-9  # relative; a smaller change is the rounding of another way to compute the same
MAX_OPERANDS_TRIED = 64  # operands of a node that are told apart


class Assigned(NamedTuple):
    """Which leaves were assigned since, and which may have been: the numbers do not tell them apart.

    Attributes:
        surely: the leaves that were.
        perhaps: leaves that stand beside one that was, or are it.
    """

    surely: frozenset[Value]
    perhaps: frozenset[Value]

    def __bool__(self) -> bool:
        return bool(self.surely or self.perhaps)

    def note(self, leaf: Value) -> str:
        """Say in words whether a leaf was assigned; nothing where it was not."""
        return "assigned since" if leaf in self.surely else "perhaps assigned since" if leaf in self.perhaps else ""


def assigned_since(nodes: Sequence[Value]) -> Assigned:
    """Find the leaves that were assigned after they had been used, by computing again what stands next to leaves.

    Args:
        nodes: the nodes of a graph.
    """
    clear: list[Value] = []
    groups: list[list[Value]] = []
    for node in nodes:
        leaves: list[Value] = []
        numbers: list[float] = []
        for v in node.operands:
            if not isinstance(v, Value):
                numbers.append(v)
                continue
            numbers.append(v._data)
            if v._x is None:
                leaves.append(v)
        if not leaves or is_traced(node):
            continue
        recorded, now = [node._data, *node._slopes], _compute(node, numbers)
        if now == recorded or (now is not None and all(map(_same, now, recorded))):
            clear.append(node)
        else:
            groups.append(_narrow(node, list(dict.fromkeys(leaves)), numbers, now))
    cleared: set[Value] = set()
    for node in clear if groups else ():
        slopes = zip(node.operands, node._slopes, strict=True)
        cleared.update(v for v, slope in slopes if slope and isinstance(v, Value))
    surely: set[Value] = set()
    perhaps: set[Value] = set()
    for leaves in groups:
        suspects = [leaf for leaf in leaves if leaf not in cleared] or leaves
        (surely if len(suspects) == 1 else perhaps).update(suspects)
    return Assigned(frozenset(surely), frozenset(perhaps - surely))


def _narrow(node: Value, leaves: list[Value], numbers: Sequence[float], now: list[Any] | None) -> list[Value]:
    """Leave out the leaves of a node that a slope of it depends on which is as it was recorded."""
    if now is None or len(leaves) == 1 or len(numbers) > MAX_OPERANDS_TRIED:
        return leaves
    as_recorded = [
        place for place, slope in enumerate(node.slopes, 1) if slope is not None and _same(now[place], slope)
    ]
    innocent: set[Value] = set()
    for place, operand in enumerate(node.operands):
        moved = (*numbers[:place], 1.5 * numbers[place] + 1.0, *numbers[place + 1 :])
        then = _compute(node, moved)
        if isinstance(operand, Value) and then is not None and any(not _same(then[k], now[k]) for k in as_recorded):
            innocent.add(operand)
    return [leaf for leaf in leaves if leaf not in innocent] or leaves


def _compute(node: Value, numbers: Sequence[float]) -> list[Any] | None:
    """Compute a node and its slopes from numbers; None where that fails."""
    try:
        out = float(node._op.forward(*numbers))
        wanted = tuple([slope is not None for slope in node._slopes])
        return [out, *slopes_on_floats(node._op, out, tuple(numbers), wanted)]
    except (ArithmeticError, ValueError, TypeError):  # TypeError: a complex power
        return None


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=TOLERANCE) or (one != one and other != other)
