"""The shape of a drawing before it is laid out: how wide it gets with its arrows to the right, and with them down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from autograd.draw.ghosts import place_levels
from autograd.draw.labels import width
from autograd.draw.palette import SIZE, SMALL
from autograd.draw.partition import MAX_EDGES_APART
from autograd.symbol import number_text
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.draw.fold import Box, Fold
    from autograd.draw.partition import Partition

__all__ = ["PAGE_POINTS", "Order", "Widths", "estimate_widths", "fits_page"]

PAGE_POINTS = 1100.0  # width of a drawing whose smallest letters, of 11 points, have 9 pixels on a page of 900
EASY_POINTS = 1040.0  # width of one that leads to the right though it would be narrower down
MAX_LEVELS_DOWN = 12  # levels of boxes, one below the other, that one still looks at as one picture
BETWEEN_LEVELS = 16.0  # points from a box to the next label and on to the next box
PADDING = 19.0  # points around all of it
BESIDE = 14.0  # points between neighbours
BESIDE_NUMBER = 58.0  # what stands in a box beside a number, and around it
BAR = 8.0  # the bar of a parameter
BESIDE_NAME = 24.0  # what stands beside a name
FOLDER_POINTS = 150.0  # a box of a part or a scope, about
LEAVES_POINTS = 185.0  # a box of gathered leaves, about
LABEL_POINTS = 62.0  # the label of an arrow, about
WIDE_LABEL_POINTS = 70.0  # and at most, but for long names
SHORT_LABEL_POINTS = 18.0  # that of a slope of 1, and of what stands before the flow


class Widths(NamedTuple):
    """Points that a drawing is wide, about."""

    right: float
    down: float

    @property
    def rankdir(self) -> str:
        """The direction to draw in: to the right where that fits a page easily."""
        return "LR" if self.right <= EASY_POINTS or self.right <= self.down else "TB"


def estimate_widths(levels: Sequence[int], boxes: Sequence[float], labels: Iterable[tuple[int, float]]) -> Widths:
    """Estimate how wide a drawing gets.

    Args:
        levels: the level of each box.
        boxes: its width in points.
        labels: for each arrow the level it leads to, and the width of its label.
    """
    low = min(levels, default=0)
    count = max(levels, default=0) - low + 1
    widest, together = [0.0] * count, [PADDING] * count
    widest_label, labels_together = [0.0] * (count + 1), [PADDING] * (count + 1)
    for level, wide in zip(levels, boxes, strict=True):
        widest[level - low] = max(widest[level - low], wide)
        together[level - low] += wide + BESIDE
    for level, wide in labels:
        widest_label[level - low] = max(widest_label[level - low], wide)
        labels_together[level - low] += wide + BESIDE
    right = PADDING + sum(widest) + sum(widest_label) + BETWEEN_LEVELS * (count - 1)
    return Widths(right, max(*together, *labels_together))


def _estimate_box(node: Value) -> float:
    """Estimate how wide the box of a node gets."""
    numbers = [node.data] if node.grad is None else [node.data, float(node.grad)]
    longest = max(width(number_text(number, 4), SMALL) for number in numbers)
    bar = BAR if node.is_parameter else 0.0
    return bar + max(BESIDE_NUMBER + longest, BESIDE_NAME + width(node.name or "", SIZE, bold=True))


def _estimate_labels(source: Value, target: Value) -> list[float | None]:
    """Estimate how wide the labels between two nodes get: without a formula where the slope is 1, else not known."""
    slopes = [slope for v, slope in zip(target.operands, target.slopes, strict=True) if v is source]
    if target.grad is None:
        return [SHORT_LABEL_POINTS if slope in (1.0, -1.0) else None for slope in slopes]
    flow = SHORT_LABEL_POINTS + width(number_text(float(target.grad), 4), SMALL)
    return [flow if slope in (1.0, -1.0) else None for slope in slopes]


def fits_page(partition: Partition) -> bool:
    """Whether a drawing of a partition fits a page, in one direction or the other."""
    levels, sizes = partition.levels, partition.sizes
    boxes = [LEAVES_POINTS if key[0] == "leaves" else FOLDER_POINTS for key in partition.keys]
    for number, node in zip(partition.member, partition.wiring.nodes, strict=True):
        if sizes[number] == 1:
            boxes[number] = _estimate_box(node)
    only = dict(zip(partition.member, partition.wiring.nodes, strict=True))
    labels: list[tuple[int, float | None]] = []
    for (source, target), edges in partition.pairs.items():
        if sizes[source] == sizes[target] == 1 and edges <= MAX_EDGES_APART:
            labels += [(levels[target], wide) for wide in _estimate_labels(only[source], only[target])]
        else:
            labels.append((levels[target], None))
    right = estimate_widths(levels, boxes, [(level, wide or LABEL_POINTS) for level, wide in labels]).right
    down = estimate_widths(levels, boxes, [(level, wide or WIDE_LABEL_POINTS) for level, wide in labels]).down
    high = max(levels, default=0) - min(levels, default=0) + 1
    return right <= PAGE_POINTS or (down <= PAGE_POINTS and high <= MAX_LEVELS_DOWN)


class Order:
    """How the boxes of a fold stand: on which level, beside which, and in which order.

    Attributes:
        levels: the level of each box, about as Graphviz places it.
    """

    def __init__(self, fold: Fold) -> None:
        self.fold = fold
        links = [(link.source, link.target) for link in fold.links]
        leaves = {place for place, box in enumerate(fold.boxes) if all(node.is_leaf for node in box.nodes)}
        found = place_levels(links, leaves)
        self.levels = [found.get(place, 0) for place in range(len(fold.boxes))]
        self.leaves = leaves
        self.targets: dict[int, set[int]] = {}
        for source, target in links:
            self.targets.setdefault(source, set()).add(target)
        #: For each node that another box uses, the place of its first use among all nodes.
        self.uses: dict[Value, int] = {}
        home = {node: number for number, box in enumerate(fold.boxes) for node in box.nodes}
        for index, node in enumerate(fold.graph.nodes):
            for operand in node.operands:
                if isinstance(operand, Value) and operand not in self.uses and home.get(operand) != home[node]:
                    self.uses[operand] = index

    def ways_out(self, box: Box) -> list[Value]:
        """Return the nodes of a box that others are computed from; all of them if there is none."""
        return [node for node in box.nodes if node in self.uses] or list(box.nodes)

    def peers(self, ghosts: Mapping[tuple[int, int], int]) -> list[list[int]]:
        """Return the boxes that stand side by side, in their order: neurons of a layer, examples, inputs, weights."""
        groups: dict[tuple[object, ...], list[int]] = {}
        again = {source for source, _ in ghosts}
        for place, box in enumerate(self.fold.boxes):
            if place not in self.leaves:
                what: object = box.nodes[0].op if len(box) == 1 else box.kind
                groups.setdefault(("computed", self.levels[place], what), []).append(place)
        group = {place: key for key, places in groups.items() for place in places}
        for place in sorted(self.leaves - again, key=lambda place: (self._first_use(place), place)):
            targets = self.targets.get(place, set())
            if len(targets) == 1:
                [only] = targets
                groups.setdefault(("own", group.get(only, only)), []).append(place)
            elif targets:
                groups.setdefault(("common", self.levels[place]), []).append(place)
        return [places for places in groups.values() if len(places) > 1]

    def _first_use(self, place: int) -> int:
        """Return where among all nodes a box is used first: weights of the first layer come before the others."""
        return min((self.uses[node] for node in self.fold.boxes[place].nodes if node in self.uses), default=0)
