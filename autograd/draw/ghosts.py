"""Far uses of a node: each has a small card of its own beside it, a ghost, so that no arrow crosses a whole picture.

An unrolled recurrence uses the same weights at every step. Drawn as arrows from one card, they cross all the levels
between, and Graphviz takes minutes to sort them; drawn from ghosts the picture is that of the textbooks.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple

__all__ = ["Start", "find_starts", "place_levels"]

FAR = 6  # levels from the first use of a card, from which on a use has a card of its own
MAX_LEVELS_CROSSED = 400  # levels that the arrows of a picture cross before its leaves get ghosts
MAX_LEVELS_CROSSED_BY_RESULTS = 1500  # and those they cross then, before computed nodes get them too


class Start(NamedTuple):
    """Where an arrow starts.

    Attributes:
        ghost: 0 for the card of its source itself, or the number of a ghost, from 1.
        levels: how many levels the arrow leads on, from 1.
    """

    ghost: int
    levels: int


def find_starts(links: Sequence[tuple[int, int]], leaves: Set[int]) -> list[Start]:
    """Say which card of its source each link starts at.

    Args:
        links: (source, target) of each, by places in a topological order, those to lower targets first.
        leaves: the places that nothing leads to.
    """
    level = place_levels(links, leaves)
    uses: dict[int, set[int]] = {}
    for source, target in links:
        uses.setdefault(source, set()).add(level[target])
    starts = [Start(0, level[target] - level[source]) for source, target in links]
    for sources, most in ((leaves, MAX_LEVELS_CROSSED), (uses.keys(), MAX_LEVELS_CROSSED_BY_RESULTS)):
        if sum(start.levels - 1 for start in starts) <= most:
            break
        cards = _share_out({source: uses[source] for source in sources & uses.keys()}, level)
        starts = [
            cards.get((source, level[target]), start) for (source, target), start in zip(links, starts, strict=True)
        ]
    return starts


def place_levels(links: Sequence[tuple[int, int]], leaves: Set[int]) -> dict[int, int]:
    """Give each place a level, about as Graphviz does: as early as can be, but late where that shortens arrows."""
    level: dict[int, int] = {}
    targets: dict[int, list[int]] = {}
    held: dict[int, int] = {}  # how many computed places each is computed from
    for source, target in links:
        level[target] = max(level.get(target, 0), level.setdefault(source, 0) + 1)
        targets.setdefault(source, []).append(target)
        held[target] = held.get(target, 0) + (source not in leaves)
    for place in sorted(targets, reverse=True):
        if held.get(place, 0) < len(targets[place]):
            level[place] = min(level[target] for target in targets[place]) - 1
    return level


def _share_out(uses: dict[int, set[int]], level: dict[int, int]) -> dict[tuple[int, int], Start]:
    """Give each level at which a source is used one of its cards: a new one where the last is far."""
    cards: dict[tuple[int, int], Start] = {}
    for source, levels in uses.items():
        ghost, first = 0, level[source] + 1
        for at in sorted(levels):
            if at - first >= FAR:
                ghost, first = ghost + 1, at
            cards[source, at] = Start(ghost, at - first + 1)
    return cards
