"""Partitions of a graph's nodes whose boxes form no cycle: the arithmetic behind folding.

A graph is held as integers here. A rank that grows whenever a path enters another group is what keeps
groups that a path leaves and enters again apart.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence, Set
from functools import cached_property
from typing import Any, NamedTuple

from autograd.draw.ghosts import Start, find_starts
from autograd.draw.labels import operation, written_out
from autograd.value import Value

__all__ = [
    "MAX_CONSTANTS_APART",
    "MAX_EDGES_APART",
    "Group",
    "Key",
    "Partition",
    "Wiring",
    "constants",
    "frozen",
    "gather",
    "role",
    "split_by_use",
    "squeeze",
    "untangle",
]

MAX_CONSTANTS_APART = 4  # constants of one node that get a box each; more share one
MAX_EDGES_APART = 8  # parallel edges drawn one by one; more share an arrow that says how many

Key = tuple[Hashable, ...]


def role(node: Value) -> str:
    """Return what a node is in a drawing: ``operation``, ``parameter``, ``frozen`` or ``leaf``."""
    if not node.is_leaf:
        return "operation"
    if not node.requires_grad:
        return "frozen"
    return "parameter" if node.is_parameter else "leaf"


def frozen(node: Value) -> bool:
    """Whether a node is a leaf that gets no gradient."""
    return node.is_leaf and not node.requires_grad


def constants(node: Value) -> int:
    """Count the boxes that the float operands of a node take."""
    count = 0 if written_out(node) else node.slopes.count(None)
    return count if count <= MAX_CONSTANTS_APART else 1


class Wiring:
    """A graph as integers.

    Args:
        nodes: the Values, in topological order.

    Attributes:
        operands: for each node the places of the operands its edges start from.
        roles: for each node what it is in a drawing.
        constants: for each node how many boxes its float operands take.
        tops: the places of the nodes that no other is computed from.
        homes: for each node the path of the scope it lies in, "" for none. A parameter made outside any scope
            lies where it is used, if that is one place.
    """

    def __init__(self, nodes: Sequence[Value]) -> None:
        self.nodes = nodes
        place = {node: index for index, node in enumerate(nodes)}
        self.operands: list[tuple[int, ...]] = [
            ()
            if node.is_leaf
            else tuple([place[v] for v, s in zip(node.operands, node.slopes, strict=True) if s is not None])  # type: ignore[index]
            for node in nodes
        ]
        self.roles = [role(node) for node in nodes]
        self.constants = [constants(node) for node in nodes]
        self.tops = set(range(len(nodes))).difference(*self.operands)
        self.homes = [node.scope or "" for node in nodes]
        if any(self.homes):
            self._bring_home()

    def _bring_home(self) -> None:
        used_in: dict[int, str] = {}
        for index, operands in enumerate(self.operands):
            for x in operands:
                if not self.homes[x] and self.nodes[x].is_parameter:
                    here = self.homes[index]
                    used_in[x] = here if x not in used_in else _common(used_in[x], here)
        for x, home in used_in.items():
            self.homes[x] = home

    @property
    def depth(self) -> int:
        """How deep the scopes nest; 0 where there are none."""
        return max((home.count("/") + 1 for home in set(self.homes) if home), default=0)


class Group(NamedTuple):
    """What the nodes of one box have in common: its kind and its heading."""

    kind: str
    title: str = ""


class Extent(NamedTuple):
    """How large a drawing is: boxes, arrows, and how many levels all the arrows cross together."""

    boxes: int
    arrows: int
    reach: int


class Partition:
    """Nodes in groups.

    Args:
        wiring: the graph.
        keys: for each node what it shares with its group.
        finer: the partition that this one was made from, whose parts of scopes keep their numbers.

    Attributes:
        member: for each node the number of its group.
        keys: for each group its key.
        sizes: for each group how many nodes it has.
    """

    def __init__(self, wiring: Wiring, keys: Sequence[Key], finer: Partition | None = None) -> None:
        self.wiring = wiring
        self.finer = finer
        self.member, self.keys = _number(keys)
        counts = Counter(self.member)
        self.sizes = [counts[number] for number in range(len(self.keys))]

    @cached_property
    def pairs(self) -> dict[tuple[int, int], int]:
        """How many edges lead from each group to each other one."""
        member = self.member
        found: dict[tuple[int, int], int] = {}
        for index, operands in enumerate(self.wiring.operands):
            target = member[index]
            for x in operands:
                if member[x] != target:
                    pair = member[x], target
                    found[pair] = found.get(pair, 0) + 1
        return found

    @cached_property
    def levels(self) -> list[int]:
        """For each group the length of the longest path that leads to it; a source stands just before its use."""
        count = len(self.keys)
        waiting = [0] * count
        successors: list[list[int]] = [[] for _ in range(count)]
        for source, target in self.pairs:
            successors[source].append(target)
            waiting[target] += 1
        sources = [number for number in range(count) if not waiting[number]]
        levels = [0] * count
        ready = list(sources)
        while ready:
            number = ready.pop()
            for target in successors[number]:
                levels[target] = max(levels[target], levels[number] + 1)
                waiting[target] -= 1
                if not waiting[target]:
                    ready.append(target)
        for number in sources:
            levels[number] = min((levels[target] - 1 for target in successors[number]), default=0)
        return levels

    @cached_property
    def extent(self) -> Extent:
        """How large a drawing with a box for each group is."""
        sizes, levels = self.sizes, self.levels
        whole = len(sizes) == len(self.member)
        leaves = {number for number, operands in enumerate(self.wiring.operands) if not operands} if whole else set()
        links = list(self.pairs)
        starts = find_starts(links, leaves) if whole else [Start(0, levels[t] - levels[s]) for s, t in links]
        extras = zip(self.member, self.wiring.constants, strict=True)
        boxes = len(sizes) + sum(extra for number, extra in extras if sizes[number] == 1)
        arrows = reach = 0
        for ((source, target), edges), start in zip(self.pairs.items(), starts, strict=True):
            count = edges if sizes[source] == sizes[target] == 1 and edges <= MAX_EDGES_APART else 1
            arrows += count
            reach += count * start.levels
        return Extent(boxes, arrows, reach)

    @property
    def groups(self) -> list[Group]:
        """The kind and the heading of each group; parts of one scope are told apart."""
        known = (self.finer or self).keys
        scopes = [key for key in known if key[0] == "scope"]
        parts = Counter(key[1] for key in scopes)
        seen: Counter[Hashable] = Counter()
        titles = {}
        for key in scopes:
            seen[key[1]] += 1
            part = f" (part {seen[key[1]]} of {parts[key[1]]})" if parts[key[1]] > 1 else ""
            titles[key] = f"{key[1]}{part}"
        return [
            Group(
                str(key[0]), titles[key] if key in titles else str(key[1]) if key[0] in ("leaves", "op", "part") else ""
            )
            for key in self.keys
        ]


def _common(one: str, other: str) -> str:
    """Find the path that both lie in: ``a/b`` and ``a/c`` lie in ``a``."""
    shared = []
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right:
            break
        shared.append(left)
    return "/".join(shared)


def gather(
    wiring: Wiring,
    level: int,
    loose: str,
    most: float = math.inf,
    pins: Set[int] = frozenset(),
    apart: bool = False,
) -> Partition | None:
    """Gather what lies in the same scope, to `level` parts of its path.

    Args:
        level: 1 gathers by the outermost scopes; 0 by none.
        loose: what becomes of nodes that are not that deep in scopes: ``"single"``, each stays by itself;
            ``"leaves"``, the leaves of one role that feed the same boxes are gathered;
            ``"op"``, runs of one operation are gathered, and leaves by role.
        most: how many nodes may stay by themselves; with more the result is None.
        pins: the places of nodes that stay by themselves whatever is gathered.
        apart: whether the parameters of a scope have a box of their own.
    """
    keys: list[Key] = []
    prefixes: dict[str, Key | None] = {"": None}
    signs: dict[Any, Key] = {}
    singles = 0
    for index, (node, what, home) in enumerate(zip(wiring.nodes, wiring.roles, wiring.homes, strict=True)):
        if home not in prefixes:
            parts = home.split("/")
            prefixes[home] = ("scope", "/".join(parts[:level])) if 0 < level <= len(parts) else None
        scope = prefixes[home]
        if index in pins:
            keys.append(("node", index))
        elif scope is not None:
            keys.append(("leaves", what, scope) if apart and what != "operation" and node.is_parameter else scope)
        elif what != "operation" and loose != "single":
            keys.append(("leaves", what))
        elif loose == "op":
            if node.op not in signs:
                assert node.op is not None
                signs[node.op] = ("op", operation(node.op))
            keys.append(signs[node.op])
        else:
            keys.append(("node", index))
            singles += 1
            if singles > most:
                return None
    if loose == "leaves":
        split_by_use(wiring, keys)
    if loose == "op":
        merged = _number(keys)[0]
        ranks = _ranks(wiring, merged)
        keys = _rank(keys, ranks, [key[0] in ("op", "leaves") for key in keys])
        inner = any(wiring.operands[index] and index not in wiring.tops for index in pins)
        return Partition(wiring, untangle(wiring, keys, ranks) if level or inner else keys)
    return Partition(wiring, untangle(wiring, keys) if level else keys)


def untangle(wiring: Wiring, keys: list[Key], ranks: Sequence[int] | None = None) -> list[Key]:
    """Split the groups that a path leaves and enters again.

    Args:
        ranks: those of the groups before any was split: one potential for all of them.
    """
    member = _number(keys)[0]
    tangled = _in_cycles(_successors(wiring, member))
    if not tangled:
        return keys
    split = [key[0] != "node" and number in tangled for key, number in zip(keys, member, strict=True)]
    return _rank(keys, _ranks(wiring, member) if ranks is None else ranks, split)


def _rank(keys: Sequence[Key], ranks: Sequence[int], wanted: Sequence[bool]) -> list[Key]:
    return [(*key, rank) if split else key for key, rank, split in zip(keys, ranks, wanted, strict=True)]


def _number(keys: Sequence[Key]) -> tuple[list[int], list[Key]]:
    """Number the keys in the order in which they first come; give the numbers, and the keys by number."""
    numbers: dict[Key, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys], list(numbers)


def split_by_use(wiring: Wiring, keys: list[Key]) -> None:
    """Part the gathered leaves by the set of groups they feed."""
    feeds: dict[int, set[Key]] = {}
    for index, operands in enumerate(wiring.operands):
        for x in operands:
            if keys[x][0] == "leaves":
                feeds.setdefault(x, set()).add(keys[index])
    for x, fed in feeds.items():
        keys[x] = (*keys[x], frozenset(fed))


def _ranks(wiring: Wiring, member: Sequence[int]) -> list[int]:
    """Rank the nodes: along an edge the rank never falls, and it grows where the edge enters another group.

    So groups split by rank form no cycle. Leaves, which nothing holds back, move up to what they feed.
    """
    ranks = [0] * len(member)
    for index, operands in enumerate(wiring.operands):
        here = member[index]
        rank = 0
        for x in operands:
            least = ranks[x] if member[x] == here else ranks[x] + 1
            if least > rank:
                rank = least
        ranks[index] = rank
    latest: dict[int, int] = {}
    for index, operands in enumerate(wiring.operands):
        for x in operands:
            if not wiring.operands[x]:
                most = ranks[index] if member[x] == member[index] else ranks[index] - 1
                latest[x] = min(most, latest.get(x, most))
    for x, rank in latest.items():
        ranks[x] = rank
    return ranks


def _successors(wiring: Wiring, member: Sequence[int]) -> list[dict[int, None]]:
    successors: list[dict[int, None]] = [{} for _ in range(max(member, default=-1) + 1)]
    for index, operands in enumerate(wiring.operands):
        target = member[index]
        for x in operands:
            if member[x] != target:
                successors[member[x]][target] = None
    return successors


def _in_cycles(successors: Sequence[dict[int, None]]) -> set[int]:
    """Find the vertices that lie on a cycle: Tarjan's strongly connected components (1972), with a stack."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    held: list[int] = []
    on_hold: set[int] = set()
    tangled: set[int] = set()
    for start in range(len(successors)):
        if start in order:
            continue
        order[start] = low[start] = len(order)
        held.append(start)
        on_hold.add(start)
        work = [(start, iter(successors[start]))]
        while work:
            vertex, onward = work[-1]
            following = next(onward, None)
            if following is None:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[vertex])
                if low[vertex] == order[vertex]:
                    component: list[int] = []
                    while not component or component[-1] != vertex:
                        component.append(held.pop())
                        on_hold.discard(component[-1])
                    if len(component) > 1:
                        tangled.update(component)
            elif following not in order:
                order[following] = low[following] = len(order)
                held.append(following)
                on_hold.add(following)
                work.append((following, iter(successors[following])))
            elif following in on_hold:
                low[vertex] = min(low[vertex], order[following])
    return tangled


def squeeze(partition: Partition, budget: int, ends: int, pins: Set[int] = frozenset()) -> Partition:
    """Keep at most `ends` levels of boxes at either end of the graph, and put all between into one box.

    Args:
        budget: the most boxes, those of constants included.
        pins: the places of nodes that stay by themselves.
    """
    levels = partition.levels
    kept = {partition.member[index] for index in pins}
    cost = [0] * (max(levels, default=0) + 1)
    for number, level in enumerate(levels):
        cost[level] += number not in kept
    for number, extra in zip(partition.member, partition.wiring.constants, strict=True):
        if extra and partition.sizes[number] == 1:
            cost[levels[number]] += extra
    low, high, left = 0, len(cost) - 1, budget - 1 - len(kept)
    for _ in range(ends):
        if low <= high and cost[high] <= left:
            left -= cost[high]
            high -= 1
        if low <= high and cost[low] <= left:
            left -= cost[low]
            low += 1
    middle: Key = ("middle", "")
    keys = [
        middle if low <= level <= high and number not in kept else key
        for number, (key, level) in enumerate(zip(partition.keys, levels, strict=True))
    ]
    if keys.count(middle) < 2:
        return partition
    found = untangle(partition.wiring, [keys[number] for number in partition.member])
    return Partition(partition.wiring, found, partition)
