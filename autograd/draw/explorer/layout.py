"""Places for cards and routes for arrows, from Graphviz: sizes go in, points come out.

No name ever reaches Graphviz here; its SVG is read for the geometry alone.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from autograd.draw.render import svg

__all__ = ["Layout", "Line", "Size", "arrange"]

POINTS_PER_INCH = 72.0
ROUNDS = 1  # times the number of cards that Graphviz moves one to straighten the arrows; small pictures need fewer
NEARLY = 16.0  # points that an arrow may bend to the side, and is drawn straight
CORNER = 8.0  # points from the corner of a card within which no arrow meets it
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
GROUP = re.compile(r'<g id="(card|text|to|from)(\d+)" class="(?:node|edge)">(.*?)\n</g>', re.DOTALL)
SHAPE = re.compile(r'<polygon[^>]* points="([^"]*)"')
ROUTE = re.compile(r'<path[^>]* d="([^"]*)"')
#: For each direction its name in Graphviz, the inches between cards and texts, and where an arrow comes to its text and
#: leaves it: through its middle, or along its left.
PORTS = {"right": ("LR", 0.2, "w", "e"), "down": ("TB", 0.12, "nw", "sw")}

Point = tuple[float, float]


class Size(NamedTuple):
    """Width and height in points."""

    width: float
    height: float


class Line(NamedTuple):
    """An arrow to route.

    Attributes:
        source: number of the card it starts at.
        target: number of the card it leads to.
        label: the size of the text that stands on it.
        straight: whether it should rather run straight than others.
    """

    source: int
    target: int
    label: Size
    straight: bool


class Layout(NamedTuple):
    """Where everything is, in points from the upper left corner.

    Attributes:
        size: of the whole.
        cards: the upper left corner of each card.
        routes: the points of each arrow: a start, then three for each cubic Bézier curve.
        labels: the upper left corner of each arrow's text.
    """

    size: Size
    cards: list[Point]
    routes: list[list[Point]]
    labels: list[Point]


def arrange(cards: Sequence[Size], lines: Sequence[Line], direction: str = "right", *, margin: float = 9.0) -> Layout:
    """Arrange cards along the arrows between them. Each arrow runs through the place of its own text.

    Args:
        cards: the size of each.
        lines: the arrows.
        direction: ``"right"`` or ``"down"``.
        margin: points left free on all sides.

    Raises:
        DrawingError: there is no Graphviz, or it fails.
    """
    rows = _rows(cards, lines)
    lines = _widened(lines, rows)
    drawn = svg(_source(cards, lines, direction))
    found = {(kind, int(number)): body for kind, number, body in GROUP.findall(drawn)}
    boxes = [_corner(found["card", number]) for number in range(len(cards))]
    labels = [_corner(found["text", number]) for number in range(len(lines))]
    axis = 1 if direction == "right" else 0
    routes = []
    for number, line in enumerate(lines):
        route = _join(_points(ROUTE.search(found["to", number])), _points(ROUTE.search(found["from", number])))
        ends = [(boxes[card][axis], boxes[card][axis] + cards[card][axis]) for card in line[:2]]
        routes.append(_straighten(route, axis, ends))
    card_places, line_places = list(range(len(cards))), list(range(len(lines)))
    for row in rows:
        for number, place in zip(row, sorted(row, key=lambda number: boxes[lines[number].source][axis]), strict=True):
            line_places[number], card_places[lines[number].source] = place, lines[place].source
    boxes = [boxes[place] for place in card_places]
    labels, routes = [labels[place] for place in line_places], [routes[place] for place in line_places]
    every = boxes + labels + [point for route in routes for point in route]
    left, top = (min(point[axis] for point in every) - margin for axis in (0, 1))
    ends = [(x + size.width, y + size.height) for (x, y), size in zip(boxes, cards, strict=True)]
    ends += [(x + line.label.width, y + line.label.height) for (x, y), line in zip(labels, lines, strict=True)]
    right, bottom = (max(point[axis] for point in ends + every) + margin for axis in (0, 1))

    def move(points: Sequence[Point]) -> list[Point]:
        return [(round(x - left, 1), round(y - top, 1)) for x, y in points]

    return Layout(
        Size(round(right - left, 1), round(bottom - top, 1)), move(boxes), [move(r) for r in routes], move(labels)
    )


def _rows(cards: Sequence[Size], lines: Sequence[Line]) -> list[list[int]]:
    """Find arrows that could change places: from cards of one size, with no other arrow, to the same card.

    Graphviz lets those stand in any order. A reader expects the order in which they are given.
    """
    arrows = Counter(card for line in lines for card in line[:2])
    rows = defaultdict(list)
    for number, line in enumerate(lines):
        if arrows[line.source] == 1:
            rows[line.target, cards[line.source], line.straight].append(number)
    return [row for row in rows.values() if len(row) > 1]


def _widened(lines: Sequence[Line], rows: list[list[int]]) -> list[Line]:
    """Give the texts of each row the size of its largest, so that each fits in the place of each."""
    wide = list(lines)
    for row in rows:
        size = Size(*map(max, zip(*(lines[number].label for number in row), strict=True)))
        for number in row:
            wide[number] = lines[number]._replace(label=size)
    return wide


def _source(cards: Sequence[Size], lines: Sequence[Line], direction: str) -> str:
    rankdir, gap, before, behind = PORTS[direction]
    rows = [
        "digraph {",
        f"rankdir={rankdir}; nodesep=0.11; ranksep={gap}; nslimit={ROUNDS};",
        'node [shape=box, fixedsize=true, label=""]; edge [arrowhead=none];',
    ]
    for kind, sizes in (("card", cards), ("text", [line.label for line in lines])):
        for number, (wide, high) in enumerate(sizes):
            inches = f"width={wide / POINTS_PER_INCH:.4f}, height={high / POINTS_PER_INCH:.4f}"
            rows.append(f'{kind}{number} [id="{kind}{number}", {inches}];')
    for number, (source, target, _, straight) in enumerate(lines):
        weight = 4 if straight else 1  # of a long arrow the text stands near its end, which few others share
        rows.append(f'card{source} -> text{number}:{before} [id="to{number}", weight={weight}];')
        rows.append(f'text{number}:{behind} -> card{target} [id="from{number}", weight={weight + 1}];')
    return "\n".join([*rows, "}"])


def _join(to: list[Point], onward: list[Point]) -> list[Point]:
    """Lead a route to a text on, straight, to where the route from it begins."""
    (x, y), (u, v) = to[-1], onward[0]
    return [*to, ((2 * x + u) / 3, (2 * y + v) / 3), ((x + 2 * u) / 3, (y + 2 * v) / 3), *onward]


def _straighten(route: list[Point], axis: int, ends: Sequence[Point]) -> list[Point]:
    """Lead a route that is nearly straight along a straight line, that of its text, if that meets both cards."""
    middle = route[len(route) // 2][axis]
    bend = max(abs(point[axis] - middle) for point in route)
    if bend > NEARLY or not all(low + CORNER <= middle <= high - CORNER for low, high in ends):
        return route
    return [(x, middle) if axis else (middle, y) for x, y in route]


def _points(found: re.Match[str] | None) -> list[Point]:
    assert found is not None, "Graphviz drew no such shape"
    numbers = [float(number) for number in NUMBER.findall(found.group(1))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _corner(body: str) -> Point:
    points = _points(SHAPE.search(body))
    return min(x for x, _ in points), min(y for _, y in points)
