"""Places for cards and routes for arrows, from Graphviz: sizes go in, points come out.

No name ever reaches Graphviz here; its SVG is read for the geometry alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from autograd.draw.render import svg

__all__ = ["Layout", "Line", "Size", "arrange"]

POINTS_PER_INCH = 72.0
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
GROUP = re.compile(r'<g id="(n|e)(\d+)" class="(?:node|edge)">(.*?)\n</g>', re.DOTALL)
SHAPE = re.compile(r'<polygon[^>]* points="([^"]*)"')
ROUTE = re.compile(r'<path[^>]* d="([^"]*)"')

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


def arrange(cards: Sequence[Size], lines: Sequence[Line], *, margin: float = 24.0) -> Layout:
    """Arrange cards from left to right along the arrows between them.

    Args:
        cards: the size of each.
        lines: the arrows.
        margin: points left free on all sides.

    Raises:
        DrawingError: there is no Graphviz, or it fails.
    """
    found = {(kind, int(number)): body for kind, number, body in GROUP.findall(svg(_source(cards, lines)))}
    boxes = [_corner(found["n", number]) for number in range(len(cards))]
    labels = [_corner(found["e", number]) for number in range(len(lines))]
    routes = [_points(ROUTE.search(found["e", number])) for number in range(len(lines))]
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


def _source(cards: Sequence[Size], lines: Sequence[Line]) -> str:
    rows = [
        "digraph {",
        "rankdir=LR; nodesep=0.25; ranksep=0.2;",
        'node [shape=box, fixedsize=true, label=""]; edge [arrowhead=none];',
    ]
    for number, (wide, high) in enumerate(cards):
        inches = f"width={wide / POINTS_PER_INCH:.4f}, height={high / POINTS_PER_INCH:.4f}"
        rows.append(f'n{number} [id="n{number}", {inches}];')
    for number, (source, target, (wide, high), straight) in enumerate(lines):
        cell = f'<TD FIXEDSIZE="TRUE" WIDTH="{wide:.0f}" HEIGHT="{high:.0f}" BGCOLOR="black"></TD>'
        table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>{cell}</TR></TABLE>'
        weight = 4 if straight else 1
        rows.append(f'n{source} -> n{target} [id="e{number}", label=<{table}>, weight={weight}];')
    return "\n".join([*rows, "}"])


def _points(found: re.Match[str] | None) -> list[Point]:
    assert found is not None, "Graphviz drew no such shape"
    numbers = [float(number) for number in NUMBER.findall(found.group(1))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _corner(body: str) -> Point:
    points = _points(SHAPE.search(body))
    return min(x for x, _ in points), min(y for _, y in points)
