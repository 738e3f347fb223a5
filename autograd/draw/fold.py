"""Folding: nodes gathered into boxes, so that a drawing of a graph of any size fits a page, acyclic and true.

Of the plans in `autograd.draw.plans` the first is taken that fits the budget and a page; where none does, only the two
ends of the graph are kept. Everything is linear in the graph.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from autograd.draw.labels import operation, sign, written_out
from autograd.draw.partition import MAX_EDGES_APART, Extent, Partition, Wiring, constants, frozen, role, squeeze
from autograd.draw.plans import Plan, make_plans
from autograd.draw.shape import fits_page
from autograd.errors import DrawingError
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.graph import Graph

__all__ = ["BUDGET", "Box", "Fold", "Link", "fold"]

BUDGET = 60  # boxes that a screen holds
MAX_BOXES_UNFOLDED = 1000  # that fold=None draws without being given a budget: Graphviz takes seconds from here on
MAX_BOXES_OFFERED = 5000  # boxes beyond which a drawing of everything is not even offered
MAX_LINKS_PER_BOX = 1.5  # arrows for each box of the budget, beyond which a drawing is a thicket
MAX_LEVELS_PER_BOX = 3  # levels that arrows cross for each box of the budget: what takes Graphviz longest
MIN_LEVELS_CROSSED = 1500  # levels that it crosses in a second or two, whatever the budget
MAX_SHARE_OF_A_SCOPE = 0.9  # share of the nodes in one scope from which on that scope says too little
SEVERAL = -1  # in place of the one node that a link starts at
MEANS = {"op": "operation", "weights": "what uses them"}  # words for what nodes are gathered by, where they differ
NUMBER = re.compile(r"[0-9]+")
LEVELS_KEPT_AT_ENDS = (6, 3, 1, 0)  # levels kept at either end of a graph that nothing else makes small


@dataclass(frozen=True, eq=False)
class Box:
    """One box of a folded graph.

    Attributes:
        nodes: the Values it stands for, in topological order; a single one is drawn in full.
        kind: what gathered them: ``"node"`` (a single one), ``"scope"``, ``"part"``, ``"leaves"``, ``"op"`` or
            ``"middle"``.
        title: its heading; empty for a single node.
    """

    nodes: tuple[Value, ...]
    kind: str
    title: str

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<Box {self.title or self.kind} of {len(self.nodes)}>"

    @cached_property
    def ends(self) -> tuple[Value, Value]:
        """The two nodes to name it by: of names that differ in their numbers alone, the least and the greatest."""
        first, last = self.nodes[0], self.nodes[-1]
        if self.kind == "leaves" and _words(first) == _words(last) and len({_words(v) for v in self.nodes}) == 1:
            return min(self.nodes, key=_numbers), max(self.nodes, key=_numbers)
        return first, last

    @cached_property
    def operations(self) -> dict[str, int]:
        """How many nodes of each operation, or role of leaf, are inside: the most frequent first."""
        signs = {op: operation(op) for op in {v.op for v in self.nodes} if op is not None}
        return dict(
            Counter(
                role(v) if v.op is None else sign(v) if written_out(v) else signs[v.op] for v in self.nodes
            ).most_common()
        )


def _words(node: Value) -> str:
    """Return a name without its numbers."""
    return NUMBER.sub("0", node.name or "")


def _numbers(node: Value) -> list[int]:
    return [int(number) for number in NUMBER.findall(node.name or "")]


class Link(NamedTuple):
    """All edges from one box to another.

    Attributes:
        source: index of the box with the operands.
        target: index of the box with what was computed from them.
        edges: how many edges it stands for.
        flow: what flows back along all of them, where all start at one node, so that the sum is this link's
            share of that node's gradient; else None, as before `backward()` and towards a frozen leaf.
    """

    source: int
    target: int
    edges: int
    flow: float | None


class Fold:
    """A graph whose nodes are gathered into boxes: what a drawing shows. Made by `Graph.fold`.

    Attributes:
        graph: the graph.
        boxes: in topological order; every node is in exactly one.
        links: pairs of boxes with edges between them. Boxes and links have no cycle.
        by: what nodes were gathered by: ``"weights"`` (those of one use), ``"example"``, ``"term"``, ``"step"`` or
            ``"block"`` (parts that repeat), ``"scope"``, ``"op"``, or None where each has a box of its own.
        whole: the budget that would draw every node; None where nothing is folded, and for thousands of nodes.
    """

    def __init__(
        self, graph: Graph, boxes: Sequence[Box], links: Sequence[Link], by: str | None, whole: int | None
    ) -> None:
        self.graph = graph
        self.boxes = tuple(boxes)
        self.links = tuple(links)
        self.by = by
        self.whole = whole

    @property
    def folded(self) -> int:
        """How many nodes have no box of their own."""
        return sum(len(box) for box in self.boxes if len(box) > 1)

    @property
    def size(self) -> int:
        """How many boxes a drawing has, those of constants included."""
        return sum(1 + constants(box.nodes[0]) if len(box) == 1 else 1 for box in self.boxes)

    def apart(self, link: Link) -> bool:
        """Whether the edges of a link are drawn one by one: few of them, between two single nodes."""
        return len(self.boxes[link.source]) == len(self.boxes[link.target]) == 1 and link.edges <= MAX_EDGES_APART

    @property
    def note(self) -> str:
        """Describe in a sentence or two what is folded and how to see more; "" where nothing is."""
        if not self.folded:
            return ""
        count = sum(len(box) > 1 for box in self.boxes)
        boxes = "1 box" if count == 1 else f"{count:,} boxes"
        more = "more: a larger budget"
        if self.whole is not None and self.whole <= MAX_BOXES_OFFERED:
            more = "all: fold=None" + (f", budget={self.whole}" if self.whole > MAX_BOXES_UNFOLDED else "")
        total = len(self.graph.nodes)
        means = MEANS.get(str(self.by), self.by)
        return f"{self.folded:,} of {total:,} nodes are folded into {boxes}, by {means}. To see {more}."

    def __repr__(self) -> str:
        return f"<Fold of {len(self.graph.nodes)} nodes into {len(self.boxes)} boxes, {len(self.links)} links>"


def fold(graph: Graph, by: str | None = "auto", *, budget: int | None = None, keep: Iterable[Value] = ()) -> Fold:
    """Gather the nodes of a graph into boxes. The outputs stay by themselves.

    Args:
        graph: the graph.
        by: ``"scope"`` gathers the parts of a model, at the deepest level that fits; ``"op"`` gathers runs of one
            operation, and leaves by their role; ``"auto"`` gathers only what is too large for a page: weights, then
            the examples of a batch or the steps of a loop, then parts of a model; None gathers nothing.
        budget: the most boxes to end with, constants included; 60 unless given. With None for `by`, 1,000.
        keep: Values of the graph that have a box of their own, as the outputs do.

    Raises:
        DrawingError: nothing is to be gathered, and the graph is larger than the budget.
        ValueError: an argument is none of these.
    """
    if by not in ("auto", "scope", "op", None):
        raise ValueError(f"fold must be 'auto', 'scope', 'op' or None, not {by!r}.")
    if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or budget < 1):
        raise ValueError(f"budget must be a whole number of boxes from 1, not {budget!r}.")
    wiring = Wiring(graph.nodes)
    pins = _find_pins(graph, keep)
    apart = Partition(wiring, [("node", index) for index in range(len(wiring.nodes))])
    if by is None:
        if (apart.extent.boxes if budget else _measure_budget(apart.extent)) > (budget or MAX_BOXES_UNFOLDED):
            raise _too_large(apart, budget)
        return _assemble(graph, apart, None, None)
    most = BUDGET if budget is None else budget
    if by == "auto" and _fits(apart, most) and (budget is not None or fits_page(apart)):
        return _assemble(graph, apart, None, None)
    whole = apart.extent.boxes if len(apart.keys) <= MAX_BOXES_OFFERED else None
    plan = _choose(wiring, by, pins, most, budget is None)
    return _assemble(graph, plan.partition, plan.by, whole)


def _find_pins(graph: Graph, keep: Iterable[Value]) -> frozenset[int]:
    """Return the places of the nodes that stay by themselves."""
    place = {node: index for index, node in enumerate(graph.nodes)}
    pins = {place[output] for output in graph.outputs}
    for node in keep:
        if node not in place:
            raise ValueError(f"{node!r} is to be kept, but it is not in the graph.")
        pins.add(place[node])
    return frozenset(pins)


def _choose(wiring: Wiring, by: str, pins: frozenset[int], most: int, page: bool) -> Plan:
    """Return the first plan that fits, and a page too if there is such a one."""
    wide = too_coarse = too_fine = None
    for plan in make_plans(wiring, by, pins, most):
        partition = plan.partition
        if not _fits(partition, most):
            too_fine = too_fine or (plan if plan.last else None)
        elif plan.level and max(partition.sizes) >= MAX_SHARE_OF_A_SCOPE * len(wiring.nodes):
            too_coarse = too_coarse or plan
        elif not page or fits_page(partition):
            return plan
        else:
            wide = wide or plan
    found = wide or (None if too_fine else too_coarse)
    if found is not None:
        return found
    if too_fine is None:
        return _squeeze(
            Plan("op", Partition(wiring, [("node", index) for index in range(len(wiring.nodes))])), most, pins
        )
    return _squeeze(too_fine, most, pins)


def _squeeze(plan: Plan, most: int, pins: frozenset[int]) -> Plan:
    """Keep the ends of a plan that does not fit, as much of them as does."""
    for kept in (pins, frozenset[int]()):
        for ends in LEVELS_KEPT_AT_ENDS:
            small = squeeze(plan.partition, most, ends, kept)
            if _fits(small, most):
                return plan._replace(partition=small)
    return plan._replace(partition=small)


def _fits(partition: Partition, budget: int) -> bool:
    return len(partition.keys) <= budget and _measure_budget(partition.extent) <= budget


def _measure_budget(extent: Extent) -> int:
    """Return the budget that a drawing fits."""
    reach = math.ceil(extent.reach / MAX_LEVELS_PER_BOX) if extent.reach > MIN_LEVELS_CROSSED else 0
    return max(extent.boxes, math.ceil(extent.arrows / MAX_LINKS_PER_BOX), reach)


def _too_large(partition: Partition, budget: int | None) -> DrawingError:
    boxes, arrows, _ = partition.extent
    limit = (
        f"{MAX_BOXES_UNFOLDED:,} boxes are drawn without a budget" if budget is None else f"the budget is {budget:,}"
    )
    if budget is None and boxes <= MAX_BOXES_UNFOLDED:
        limit = "its arrows are so many or so long that Graphviz takes minutes"
    advice = "Leave fold='auto', or draw the graph of an inner Value"
    if boxes <= MAX_BOXES_OFFERED:
        advice += f"; budget={boxes} draws it all, if you can wait"
    return DrawingError(f"fold=None would draw {boxes:,} boxes and {arrows:,} arrows, but {limit}. {advice}.")


def _assemble(graph: Graph, partition: Partition, by: str | None, whole: int | None) -> Fold:
    """Make the boxes of a partition, in topological order, and the links between them."""
    wiring, groups, edges = partition.wiring, partition.groups, partition.pairs
    inside: list[list[int]] = [[] for _ in groups]
    for index, number in enumerate(partition.member):
        inside[number].append(index)
    order = _topological(edges, [members[0] for members in inside])
    place = {number: position for position, number in enumerate(order)}
    boxes = []
    for number in order:
        nodes = tuple([wiring.nodes[index] for index in inside[number]])
        boxes.append(Box(nodes, *groups[number]) if len(nodes) > 1 else Box(nodes, "node", ""))
    flows = _flows(partition)
    links = [Link(place[s], place[t], count, flows.get((s, t))) for (s, t), count in edges.items()]
    links.sort(key=lambda link: (link.target, link.source))
    return Fold(graph, boxes, links, by if len(boxes) < len(wiring.nodes) else None, whole)


def _flows(partition: Partition) -> dict[tuple[int, int], float]:
    """Sum what flows back along each link whose edges all start at one node."""
    wiring, member = partition.wiring, partition.member
    start: dict[tuple[int, int], int] = {}
    sums: dict[tuple[int, int], float] = {}
    for index, operands in enumerate(wiring.operands):
        target = member[index]
        if all(member[x] == target for x in operands):
            continue
        for edge, x in zip(wiring.nodes[index].edges, operands, strict=True):
            pair = member[x], target
            if member[x] == target or start.get(pair) == SEVERAL:
                continue
            flow = None if frozen(edge.operand) else edge.flow
            if flow is None or start.setdefault(pair, x) != x:
                start[pair] = SEVERAL
                sums.pop(pair, None)
            else:
                sums[pair] = sums.get(pair, 0.0) + flow
    return sums


def _topological(pairs: Iterable[tuple[int, int]], first: Sequence[int]) -> list[int]:
    """Order the boxes, operands first; where there is a choice the one with the earliest node comes first."""
    waiting = [0] * len(first)
    successors: list[list[int]] = [[] for _ in first]
    for source, target in pairs:
        successors[source].append(target)
        waiting[target] += 1
    ready = [(first[number], number) for number in range(len(first)) if not waiting[number]]
    heapify(ready)
    order = []
    while ready:
        number = heappop(ready)[1]
        order.append(number)
        for target in successors[number]:
            waiting[target] -= 1
            if not waiting[target]:
                heappush(ready, (first[target], target))
    return order
