"""The picture of a page: an SVG that is complete without any script, its looks left to the style sheet.

Ids are those of every drawing here: ``n3`` is the node at place 3 of the topological order, ``n3e0`` the edge from
its first operand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from autograd.draw.explorer.layout import Layout, Line, Point, Size, arrange
from autograd.draw.explorer.page_data import adjoints_of
from autograd.draw.ghosts import find_starts
from autograd.draw.labels import clean, edge_formulas, operation, shorten, width
from autograd.draw.partition import frozen, role
from autograd.graph import Edge, Graph
from autograd.symbol import Symbol, apply_to_symbols, number_text, text
from autograd.value import Value

__all__ = ["Picture", "draw"]

NAME_CHARACTERS = 22  # characters of a name on its card
INNER_CHARACTERS = 12  # characters of a name inside a formula
SIGN_CHARACTERS = 18  # characters of a formula on a card
RULE_CHARACTERS = 18  # characters of a formula on an edge
DIGITS = 4
PAD, GAP = 10.0, 12.0
TITLE, NUMBERS, LABEL = 14.0, 12.5, 11.5  # points, as in the style sheet
WORD_POINTS = 33.0  # points from the start of "data" to its number
WIDEST_ON_A_CARD = "−0.1234"  # a number that a card leaves room for
WIDEST_ON_AN_EDGE = "−0.123"  # and one that an edge does
CARD_POINTS = 54.0
NAME_LINE, DATA_LINE, GRAD_LINE = 17, 33, 47  # points down to the lines of a card
GHOST_POINTS = 23.0
LABEL_POINTS = {"right": 34.0, "down": 28.0}  # the arrow runs between the lines of an edge's text, or left of both
SLOPE_LINE, FLOW_LINE = 12, 30  # points down to them; the style sheet moves those that stand beside their arrow
LABEL_PAD = 6.0
MAX_CARDS_TURNED = 60  # cards up to which a picture is laid out in both directions
SCREEN = Size(4.0, 3.0)  # the shape that a picture without a script is laid out for
ARROWHEAD = (8.0, 3.2)  # length and half the width of an arrowhead


class _Card(NamedTuple):
    """The texts of a node."""

    name: str
    sign: str
    data: str
    grad: str

    @property
    def size(self) -> Size:
        """How large the card has to be."""
        head = width(self.name, TITLE, bold=True) + (GAP + width(self.sign, NUMBERS) if self.sign else 0.0)
        numbers = max(width(shown, NUMBERS) for shown in (self.data, self.grad, WIDEST_ON_A_CARD))
        return Size(math.ceil(2 * PAD + max(head, WORD_POINTS + numbers)), CARD_POINTS)


class _Label(NamedTuple):
    """The texts of an edge: the rule in symbols (empty where it is a number), the slope, and what flows."""

    rule: str
    slope: str
    flow: str

    def size(self, direction: str) -> Size:
        """How much room the text takes."""
        numbers = max(width(shown, LABEL) for shown in (self.slope, WIDEST_ON_AN_EDGE))
        first = width(f"{self.rule} = " if self.rule else "", LABEL) + numbers
        return Size(math.ceil(max(first, width(f"← {self.flow}", LABEL))) + 2 * LABEL_PAD, LABEL_POINTS[direction])


class Picture(NamedTuple):
    """A drawing of a graph, and how it lies in the other direction.

    Attributes:
        svg: an SVG element with every number on it.
        turned: places as JSON has them: the direction, the size, the corners of cards and of ghosts, and of each arrow
            its path, its head and the corner of its text; None for a large graph.
    """

    svg: str
    turned: dict[str, Any] | None


def draw(graph: Graph) -> Picture:
    """Draw a graph with every number on it.

    Args:
        graph: of one output, whose derivatives it shows as the gradients.

    Raises:
        DrawingError: there is no Graphviz, or it fails.
    """
    names = graph.names
    place = {node: index for index, node in enumerate(graph.nodes)}
    adjoints = adjoints_of(graph)
    cards = [_card(node, names, adjoint) for node, adjoint in zip(graph.nodes, adjoints, strict=True)]
    labels: list[_Label] = []
    edges: list[Edge] = []
    for node, adjoint in zip(graph.nodes, adjoints, strict=True):
        rules = edge_formulas(node, names, INNER_CHARACTERS, DIGITS) if node.op is not None else []
        for edge in node.edges:
            edges.append(edge)
            labels.append(_label(edge, rules[edge.slot], 0.0 if adjoint is None else adjoint))
    sizes = [card.size for card in cards]
    ghosts, starts = _ghosts(graph, place, edges)
    sizes += [_ghost_size(cards[of]) for of, _ in ghosts]
    ways = ["right", "down"] if len(cards) <= MAX_CARDS_TURNED else ["right"]
    layouts = {way: arrange(sizes, _lines(starts, edges, labels, place, way), way) for way in ways}
    ways.sort(key=lambda way: max(layouts[way].size.width / SCREEN.width, layouts[way].size.height / SCREEN.height))
    whole, corners, routes, spots = layouts[ways[0]]
    rows = [
        f'<svg id="picture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole.width:g} {whole.height:g}" '
        f'width="{whole.width:g}" height="{whole.height:g}" role="group" aria-label="Graph of {len(cards)} nodes">',
        f'<g id="world" class="{ways[0]}">',
        '<g id="edges">',
    ]
    for edge, start, label, route, spot in zip(edges, starts, labels, routes, spots, strict=True):
        ghost = ghosts[start - len(cards)] if start >= len(cards) else None
        size = label.size(ways[0])
        rows.append(_edge(edge, place[edge.output], label, size, route, spot, place[edge.operand], ghost))
    rows.append('</g><g id="cards">')
    for (of, number), size, corner in zip(ghosts, sizes[len(cards) :], corners[len(cards) :], strict=True):
        rows.append(_draw_ghost(of, number, cards[of], size, corner, role(graph.nodes[of])))
    for index, (node, card, size, corner) in enumerate(zip(graph.nodes, cards, sizes, corners, strict=False)):
        look = "output" if not node.is_leaf and any(node is output for output in graph.outputs) else role(node)
        kind = role(node) if node.op is None else node.op.name
        about = f"{card.name}, {kind}, data {card.data}, grad {card.grad}"
        rows.append(_draw_card(index, look, card, size, corner, about, bool(node.name)))
    rows.append('</g><g id="above"></g></g></svg>')
    return Picture("\n".join(rows), _places(layouts[ways[1]], len(cards), ways[1]) if len(ways) > 1 else None)


def _lines(
    starts: Sequence[int], edges: Sequence[Edge], labels: Sequence[_Label], place: dict[Value, int], direction: str
) -> list[Line]:
    return [
        Line(start, place[edge.output], label.size(direction), not edge.operand.is_leaf)
        for edge, label, start in zip(edges, labels, starts, strict=True)
    ]


def _places(layout: Layout, count: int, direction: str) -> dict[str, Any]:
    """Write the places of a layout whose first `count` cards are nodes and whose others are ghosts."""
    arrows = zip(layout.routes, layout.labels, strict=True)
    return {
        "direction": direction,
        "size": layout.size,
        "cards": layout.cards[:count],
        "ghosts": layout.cards[count:],
        "lines": [[_path(route), _tip(route), *spot] for route, spot in arrows],
    }


def _ghosts(graph: Graph, place: dict[Value, int], edges: Sequence[Edge]) -> tuple[list[tuple[int, int]], list[int]]:
    """List the ghosts, each with the node it stands for and its number, and say which card each edge starts at."""
    links = [(place[edge.operand], place[edge.output]) for edge in edges]
    starts = find_starts(links, {index for index, node in enumerate(graph.nodes) if node.is_leaf})
    keys = [(source, start.ghost) for (source, _), start in zip(links, starts, strict=True)]
    ghosts = sorted({key for key in keys if key[1]})
    card = {key: len(graph.nodes) + index for index, key in enumerate(ghosts)}
    return ghosts, [card.get(key, key[0]) for key in keys]


def _ghost_size(card: _Card) -> Size:
    return Size(math.ceil(2 * PAD + width(card.name, NUMBERS)), GHOST_POINTS)


def _draw_ghost(of: int, number: int, card: _Card, size: Size, corner: Point, look: str) -> str:
    """Draw the small card that stands for a node where it is used far from its own."""
    wide, high = size
    return (
        f'<g id="n{of}g{number}" class="node {look} ghost" data-of="{of}" aria-hidden="true" '
        f'transform="translate({corner[0]:g} {corner[1]:g})">'
        f'<rect class="card" width="{wide:g}" height="{high:g}" rx="{high / 2:g}"/>'
        f'<text class="name" x="{PAD:g}" y="16">{escape(card.name)}</text></g>'
    )


def _card(node: Value, names: dict[Value, str], adjoint: float | None) -> _Card:
    grad = "frozen" if adjoint is None else _number(adjoint)
    return _Card(shorten(clean(names[node]), NAME_CHARACTERS), _sign(node, names), _number(node.data), grad)


def _sign(node: Value, names: dict[Value, str]) -> str:
    """Write the operation: as a formula of names where it is short, else as a sign. A leaf has none."""
    if node.op is None:
        return ""
    if not node.op.nary:
        inner = tuple(
            [Symbol(shorten(clean(names[v]), INNER_CHARACTERS)) if isinstance(v, Value) else v for v in node.operands]
        )
        written = apply_to_symbols(node.op, inner)
        chosen = len(inner) > 1 and any(written is each for each in inner)  # as of where
        if not chosen and len(text(written, DIGITS)) <= SIGN_CHARACTERS:
            return text(written, DIGITS)
    return operation(node.op)


def _label(edge: Edge, rule: str | None, adjoint: float) -> _Label:
    slope = _number(edge.slope)
    shown = "" if rule is None or rule == slope or len(rule) > RULE_CHARACTERS else rule
    flow = "" if frozen(edge.operand) else _number(adjoint * edge.slope if adjoint else 0.0)
    return _Label(shown, slope, flow)


def _number(number: float) -> str:
    return number_text(number + 0.0, DIGITS)


def _draw_card(index: int, look: str, card: _Card, size: Size, corner: Point, about: str, named: bool) -> str:
    wide, high = size
    radius = {"leaf": 16, "frozen": 16, "parameter": 3}.get(look, 6)
    parts = [
        f'<g id="n{index}" class="node {look}{"" if named else " unnamed"}" tabindex="0" role="button" '
        f'transform="translate({corner[0]:g} {corner[1]:g})" aria-label="{escape(about)}">',
        f'<rect class="card" width="{wide:g}" height="{high:g}" rx="{radius}"/>',
    ]
    if look == "output":
        parts.append(f'<rect class="inner" x="3" y="3" width="{wide - 6:g}" height="{high - 6:g}" rx="4"/>')
    if look == "parameter":
        parts.append(f'<rect class="bar" width="5" height="{high:g}" rx="2"/>')
    parts.append(f'<text class="name" x="{PAD:g}" y="{NAME_LINE}">{escape(card.name)}</text>')
    if card.sign:
        parts.append(f'<text class="sign" x="{wide - PAD:g}" y="{NAME_LINE}">{escape(card.sign)}</text>')
    for word, shown, y in (("data", card.data, DATA_LINE), ("grad", card.grad, GRAD_LINE)):
        parts.append(f'<text class="word" x="{PAD:g}" y="{y}">{word}</text>')
        parts.append(f'<text class="{word}" x="{PAD + WORD_POINTS:g}" y="{y}">{shown}</text>')
    return "".join([*parts, "</g>"])


def _edge(
    edge: Edge,
    target: int,
    label: _Label,
    size: Size,
    route: Sequence[Point],
    spot: Point,
    source: int,
    ghost: tuple[int, int] | None,
) -> str:
    rule = f'<tspan class="rule">{escape(label.rule)} = </tspan>' if label.rule else ""
    flow = f"← {label.flow}" if label.flow else ""
    look = " still" if frozen(edge.operand) else ""
    wide, high = size
    start = f' data-ghost="n{ghost[0]}g{ghost[1]}"' if ghost else ""
    return (
        f'<g id="n{target}e{edge.slot}" class="edge{look}" data-source="{source}"{start}>'
        f'<path class="line" d="{_path(route)}"/><path class="tip" d="{_tip(route)}"/>'
        f'<g class="label" transform="translate({spot[0]:g} {spot[1]:g})"><rect width="{wide:g}" height="{high:g}"/>'
        f'<text class="slope" x="{LABEL_PAD:g}" y="{SLOPE_LINE}">{rule}'
        f'<tspan class="number">{label.slope}</tspan></text>'
        f'<text class="flow" x="{LABEL_PAD:g}" y="{FLOW_LINE}">{flow}</text></g></g>'
    )


def _path(route: Sequence[Point]) -> str:
    """Write a route as the path of an SVG."""
    first, *rest = route
    return f"M{first[0]:g} {first[1]:g}C" + " ".join(f"{x:g} {y:g}" for x, y in rest)


def _tip(route: Sequence[Point]) -> str:
    """Draw the arrowhead at the end of a route, in the direction it arrives from."""
    (x, y), before = route[-1], next((point for point in reversed(route[:-1]) if point != route[-1]), (0.0, 0.0))
    far = math.hypot(x - before[0], y - before[1])
    u, v = (x - before[0]) / far, (y - before[1]) / far
    long, half = ARROWHEAD
    left = x - long * u - half * v, y - long * v + half * u
    right = x - long * u + half * v, y - long * v - half * u
    return f"M{x:g} {y:g}L{left[0]:.1f} {left[1]:.1f} {right[0]:.1f} {right[1]:.1f}Z"
