"""Repeats: what a graph does again and again, the examples of a batch, the steps of a loop, the blocks of a stack.

No scope is needed for it. Nodes that were made by the same few operations look alike. Where those of one look stand
side by side, each begins a part of its own; where each was computed from the one before, each ends one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from autograd.draw.partition import Wiring

__all__ = ["Repeats", "find_repeats"]

DEPTHS = (4, 3, 2, 1, 0)  # operations below a node that its look takes in
DEPTHS_OF_LARGE = (0, 2)  # the same for large graphs
LARGE = 100_000  # edges from which on a graph is large
MAX_STRIDE = 8  # nodes of one look in one part
MAX_STRIDE_DEPTH = 1  # depth from which on the weights below tell the units of one part apart
MAX_CLASSES = 8  # looks that are tried for each depth
MAX_EDGES_TRIED = 400_000  # edges looked at in all
MIN_SHARE = 0.6  # share of the nodes that the parts hold together
MIN_SHARE_OF_COPIES = 0.75  # the same, from which on parts side by side are taken before a chain
MIN_SHARE_OF_PERFECT = 0.95  # and the same, from which on parts that all have the same operations are not bettered
PERFECT = 2.0  # the figure of what cannot be bettered
MAX_UNEVENNESS = 4.0  # times the usual size that the largest part may have
ALIKE = 0.2  # what it is worth that all parts have the same operations, beside that they hold all nodes and are even
DOUBLED = 0.03  # what it is worth that there are twice as many parts
MIN_STEPS = 3  # parts of a chain
MIN_COPIES = 2  # parts that stand side by side
SIDES_JOINED = 3  # parts that a node joins, from which on it belongs to none of them
OPEN = 1 << 60  # in place of the next part, where none follows


class Repeats(NamedTuple):
    """The parts of a graph that look alike.

    Attributes:
        kind: ``"example"`` (side by side, with common weights), ``"term"`` (side by side, with nothing in common),
            ``"step"`` (one after the other) or ``"block"`` (one after the other, each with parameters of its own).
        part: for each node its part, from 1; 0 for what is there before them or for several of them, and `total` + 1
            for what comes after.
        total: how many parts there are.
    """

    kind: str
    part: list[int]
    total: int

    @property
    def side_by_side(self) -> bool:
        """Whether no part is computed from another."""
        return self.kind in ("example", "term")


def find_repeats(wiring: Wiring) -> Repeats | None:
    """Find the parts that repeat; None where nothing does."""
    uses: list[list[int]] = [[] for _ in wiring.nodes]
    edges = 0
    for index, operands in enumerate(wiring.operands):
        edges += len(operands)
        for x in operands:
            uses[x].append(index)
    search = _Search(wiring, uses)
    best: Repeats | None = None
    score: tuple[float, ...] = (0.0,)
    perfect = False
    tries = max(MAX_EDGES_TRIED // (edges + 1), 2)
    for depth, looks in search.looks(DEPTHS if edges < LARGE else DEPTHS_OF_LARGE):
        most = MAX_STRIDE if depth <= MAX_STRIDE_DEPTH else 1
        for members in _classes(looks, wiring):
            for stride in range(1, max(min(most, len(members) // MIN_STEPS), 1) + 1):
                first = 0 if len(members) % stride else stride - 1  # the last part may lack what nothing uses
                found = search.split(members[first::stride], looks)
                judged = search.judge(found) if found is not None else score
                if judged > score:
                    best, score = found, judged
                tries -= 1
                perfect = perfect or (stride == 1 and judged[2:3] == (PERFECT,))
                if tries <= 0:
                    return best
        if perfect:
            break
    return best


def _classes(looks: Sequence[int], wiring: Wiring) -> list[list[int]]:
    """Return the computed nodes of each look, those that end nearest to the output first."""
    classes: dict[int, list[int]] = {}
    for index, look in enumerate(looks):
        if wiring.operands[index]:
            classes.setdefault(look, []).append(index)
    several = [members for members in classes.values() if len(members) >= MIN_COPIES]
    return sorted(several, key=lambda members: -members[-1])[:MAX_CLASSES]


class _Search:
    """What is known of a graph while repeats are looked for in it.

    Args:
        wiring: the graph.
        uses: for each node the places of those computed from it.
    """

    def __init__(self, wiring: Wiring, uses: list[list[int]]) -> None:
        self.wiring, self.uses = wiring, uses
        self.trained = [
            not operands and node.requires_grad for operands, node in zip(wiring.operands, wiring.nodes, strict=True)
        ]
        leaves = [index for index, operands in enumerate(wiring.operands) if not operands]
        self.used_once = [(index, uses[index][0]) for index in leaves if len(uses[index]) == 1]
        self.other_leaves = [index for index in leaves if len(uses[index]) != 1]
        self.parameter = [node.is_parameter for node in wiring.nodes]

    def looks(self, depths: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """Yield each depth and the look of each node as a number: the deepest first."""
        numbers: dict[object, int] = {}
        # A weight that is used again is known by itself; other leaves look alike.
        start: list[object] = []
        for index, node in enumerate(self.wiring.nodes):
            if node.op is not None:
                start.append(node.op)
            elif self.trained[index] and len(self.uses[index]) > 1:
                start.append(index)
            else:
                start.append("parameter" if self.parameter[index] else "leaf")
        looks = [numbers.setdefault(what, len(numbers)) for what in start]
        found = {0: looks}
        for depth in range(1, max(depths) + 1):
            looks = [
                numbers.setdefault((depth, first, *[looks[x] for x in operands]), len(numbers)) if operands else first
                for first, operands in zip(found[0], self.wiring.operands, strict=True)
            ]
            found[depth] = looks
        yield from ((depth, found[depth]) for depth in depths)

    def split(self, members: list[int], looks: list[int]) -> Repeats | None:
        """Split the graph into the parts that the members end, or that they lie in; None where they do neither."""
        found = self._chain(members, looks) if len(members) >= MIN_STEPS else None
        return found or self._copies(members)

    # --- one after the other ------------------------------------------------------------------------------------------

    def _chain(self, members: list[int], looks: list[int]) -> Repeats | None:
        operands, nodes, count = self.wiring.operands, self.wiring.nodes, len(members)
        place = {index: number for number, index in enumerate(members, 1)}
        after = [0] * len(nodes)  # the last end that each node was computed from
        for index, inner in enumerate(operands):
            last = 0
            for x in inner:
                last = max(last, after[x])
            number = place.get(index)
            if number is not None:
                if last != number - 1:
                    return None
                last = number
            after[index] = last
        before = [OPEN] * len(nodes)  # the first end that is computed from each node
        for index in range(len(nodes) - 1, -1, -1):
            if index in place:
                before[index] = place[index]
            for x in operands[index]:
                before[x] = min(before[x], before[index])
        turn = self._turns(looks, after, count)
        part = [0] * len(nodes)
        common = self._common()
        for index, inner in enumerate(operands):
            if not inner or common[index]:
                continue
            least = 1
            sides = set()
            for x in inner:
                if operands[x]:
                    least = max(least, part[x])
                    sides.add(part[x])
            if index in place:
                here = place[index]
            elif given := turn.get(index):
                here = given
            elif before[index] < OPEN:
                here = before[index]
            else:
                here = count + 1 if after[index] in (0, count) or len(sides) >= SIDES_JOINED else after[index]
            part[index] = max(here, least)
        self._take_leaves(part, count)
        owned = {part[x] for x, mine in enumerate(self.parameter) if mine and not operands[x]}
        kind = "block" if len(owned & set(range(1, count + 1))) > count / 2 else "step"
        return Repeats(kind, part, count)

    def _turns(self, looks: list[int], after: list[int], count: int) -> dict[int, int]:
        """Return the part of the nodes whose look comes equally often in each of `count` parts, in their order."""
        classes: dict[int, list[int]] = {}
        for index, look in enumerate(looks):
            if self.wiring.operands[index]:
                classes.setdefault(look, []).append(index)
        turn: dict[int, int] = {}
        for members in classes.values():
            inner = [index for index in members if after[index] < count]  # without what comes after the last part
            for some in (members, inner):
                each = -(-len(some) // count)
                if each == 1 and len(some) < count:
                    continue
                found = {index: number // each + 1 for number, index in enumerate(some)}
                if all(part - 1 <= after[index] <= part for index, part in found.items()):
                    turn |= found
                    break
        return turn

    def _common(self) -> list[bool]:
        """Say of each computed node whether it is made of weights alone and used several times."""
        pure = [trained and len(uses) > 1 for trained, uses in zip(self.trained, self.uses, strict=True)]
        common = [False] * len(pure)
        for index, inner in enumerate(self.wiring.operands):
            if inner:
                pure[index] = not self.wiring.constants[index] and all(pure[x] for x in inner)
                common[index] = pure[index] and len(self.uses[index]) > 1
        for index in range(len(pure) - 1, -1, -1):  # what is below a common node is before the parts, too
            if common[index]:
                for x in self.wiring.operands[index]:
                    common[x] = bool(self.wiring.operands[x])
        return common

    # --- side by side -------------------------------------------------------------------------------------------------

    def _copies(self, members: list[int]) -> Repeats | None:
        operands, count = self.wiring.operands, len(members)
        place = {index: number for number, index in enumerate(members, 1)}
        part = [0] * len(operands)
        for index, inner in enumerate(operands):
            here = place.get(index, 0)
            for x in inner:
                if part[x] and part[x] != here:
                    if index in place:
                        return None
                    here = part[x] if not here else count + 1
            part[index] = here
        for index in range(len(operands) - 1, -1, -1):
            if not part[index] and operands[index]:
                part[index] = self._only_use(part, index, count)
        self._take_leaves(part, count)
        shared = False
        for index, trained in enumerate(self.trained):
            if self.parameter[index] and 1 <= part[index] <= count:
                return None  # neurons of a layer, not examples
            shared = shared or (trained and not part[index])
        outside = any(operands[x] and not part[x] for index in members for x in operands[index])
        if outside and not shared:
            return None
        return Repeats("example" if shared else "term", part, count)

    def _take_leaves(self, part: list[int], count: int) -> None:
        """Put each leaf into the one part that uses it."""
        for index, user in self.used_once:
            part[index] = part[user] if part[user] <= count else 0
        for index in self.other_leaves:
            part[index] = self._only_use(part, index, count)

    def _only_use(self, part: list[int], index: int, count: int) -> int:
        """Return the one part that a node is used in; 0 for several, and for what comes after them."""
        uses = self.uses[index]
        only = part[uses[0]] if uses else 0
        return only if only <= count and all(part[user] == only for user in uses[1:]) else 0

    # --- which is best ------------------------------------------------------------------------------------------------

    def judge(self, found: Repeats) -> tuple[float, ...]:
        """Rate a split: parts side by side, that hold most and look alike, near the output, and many of them."""
        looks: dict[int, Counter[object]] = {}
        sizes: Counter[int] = Counter()
        for part, node in zip(found.part, self.wiring.nodes, strict=True):
            sizes[part] += 1
            if node.op is not None:
                looks.setdefault(part, Counter())[node.op] += 1
        inside = [sizes[number] for number in range(1, found.total + 1)]
        usual = sorted(inside)[len(inside) // 2]
        if not min(inside) or max(inside) > MAX_UNEVENNESS * usual:
            return (0.0,)
        weights = sum(trained and not part for trained, part in zip(self.trained, found.part, strict=True))
        share = sum(inside) / max(len(found.part) - weights, 1)
        if share < MIN_SHARE:
            return (0.0,)
        common = Counter(frozenset(looks.get(number, Counter()).items()) for number in range(1, found.total + 1))
        alike = max(common.values()) / found.total
        uneven = sum(abs(size - usual) for size in inside) / sum(inside)
        ahead = found.side_by_side and share >= MIN_SHARE_OF_COPIES
        last = max(index for index, part in enumerate(found.part) if part == found.total)
        rate = share * (1 - uneven) + ALIKE * alike + DOUBLED * math.log2(found.total)
        perfect = alike == 1.0 and share >= MIN_SHARE_OF_PERFECT and found.kind != "block"
        return (1.0, ahead, PERFECT if perfect else 1.0, found.kind != "block", round(rate, 3), last)
