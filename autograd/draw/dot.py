"""DOT text of a graph: a box for each node with its numbers, an arrow for each edge with its derivative.

Everything is named by its place in the topological order (n0, n1, …), so equal graphs give equal text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.draw.cells import GAP_POINTS, cell, label, measure, row, table
from autograd.draw.fold import Box, Fold, Link
from autograd.draw.fold import fold as gather
from autograd.draw.ghosts import find_starts
from autograd.draw.labels import clean, edge_formulas, shorten, sign, tooltip, width, written_out
from autograd.draw.legend import write_legend
from autograd.draw.palette import FINE, FLOW, FONT, INK, LINE, LOOKS, MUTED, PAPER, QUIET, SIZE, SMALL
from autograd.draw.partition import MAX_CONSTANTS_APART, frozen, role
from autograd.draw.shape import Order, estimate_widths
from autograd.draw.style import RANKDIRS, Style
from autograd.draw.texts import TOOLTIP_CHARACTERS, Texts
from autograd.ops import dot as weighted_sum
from autograd.symbol import number_text
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.graph import Edge, Graph

__all__ = ["Drawing"]

NAME_CHARACTERS = 22  # characters of a name on its box
INNER_CHARACTERS = 14  # characters of a name inside a formula
FORMULA_CHARACTERS = 30  # characters of a formula on an edge
LINE_POINTS = 62.0  # points of a label, from which on formula and number have a line each
MAX_OPERATIONS_LISTED = 4  # operations that a folded box lists
MAX_NAMES_LISTED = 40  # names in the tooltip of a folded box
MAX_LINKS_LABELLED = 40  # links of a folded graph, beyond which those of a single edge keep their text for the tooltip
MAX_CONSTANTS_LISTED = 3  # numbers that a box of many constants lists
TOOLTIP_DIGITS = 12  # significant digits of numbers in the formula of a tooltip
FINE_POINTS = 550.0  # estimated width of a drawing up to which its legend may have small letters


class Card(NamedTuple):
    """A box before it is written.

    Attributes:
        key: its name in the DOT text.
        rows: its cells.
        look: its entry in `LOOKS`.
        about: its tooltip.
        wide: how wide it gets, in points.
    """

    key: str
    rows: list[list[str]]
    look: str
    about: str
    wide: float


class Arrow(NamedTuple):
    """An arrow before it is written.

    Attributes:
        key: its name in the DOT text, which its label has.
        start: the name of the box, or of the ghost, that it starts at.
        end: the name of the box it leads to.
        link: the link it belongs to.
        lines: the lines of its label, each a text and a colour.
        flow: what flows back along it; None where nothing is written.
        about: its tooltip.
        style: Graphviz's attributes.
        kind: its class: ``edge`` or ``link``.
    """

    key: str
    start: str
    end: str
    link: Link
    lines: list[tuple[str, str]]
    flow: float | None
    about: str
    style: dict[str, str]
    kind: str

    def rows(self, back: str, precision: int) -> list[list[str]]:
        """Write the cells of the label."""
        rows = [[cell(said, colour, SMALL, left=True)] for said, colour in self.lines]
        if self.flow is not None:
            said = f"{back} {number_text(self.flow + 0.0, precision)}"
            rows.append([cell(said, FLOW if self.flow else MUTED, SMALL, left=True)])
        return rows


class Drawing:
    """The DOT text of a graph, and what it was made from.

    Args:
        graph: the graph.
        style: how to draw it.

    Attributes:
        fold: what is drawn as one box each.
        source: the DOT text.

    Raises:
        DrawingError: the graph is too large for `fold=None`.
        ValueError: `fold` or `budget` of the style is none.
    """

    def __init__(self, graph: Graph, style: Style) -> None:
        self.graph, self.style = graph, style
        self.texts = Texts(graph, style.precision)
        self.signs = self.texts.signs
        self.fold: Fold = gather(graph, style.fold, budget=style.budget, keep=style.keep)
        self.crowded = self.fold.folded > 0 and len(self.fold.links) > MAX_LINKS_LABELLED
        self.order = Order(self.fold)
        self.ghosts = self._find_ghosts()
        if any(box.nodes[0] in self.texts.numbered for box in self.fold.boxes if len(box) == 1):
            self.signs.add("numbered")
        self.source: str = self._write()

    def _find_ghosts(self) -> dict[tuple[int, int], int]:
        """Number the ghost that a link starts at, where it starts at one."""
        links = [(link.source, link.target) for link in self.fold.links]
        leaves = {place for place, box in enumerate(self.fold.boxes) if all(node.is_leaf for node in box.nodes)}
        return {link: start.ghost for link, start in zip(links, find_starts(links, leaves), strict=True) if start.ghost}

    def _write(self) -> str:
        from graphviz import Digraph

        place = {node: index for index, node in enumerate(self.graph.nodes)}
        boxes = self.fold.boxes
        ids = [f"n{place[box.nodes[0]]}" if len(box) == 1 else f"f{number}" for number, box in enumerate(boxes)]
        cards = [
            self._box(box.nodes[0], key) if len(box) == 1 else self._folded_box(box, key)
            for box, key in zip(boxes, ids, strict=True)
        ]
        arrows = [
            arrow
            for target, links in groupby(self.fold.links, key=lambda link: link.target)
            for arrow in self._arrows(target, list(links), ids)
        ]
        labels = [
            (self.order.levels[arrow.link.target], measure(arrow.rows("←", self.style.precision)))
            for arrow in arrows
            if arrow.lines
        ]
        widths = estimate_widths(self.order.levels, [card.wide for card in cards], labels)
        rankdir = self.style.rankdir or widths.rankdir
        back, upright = RANKDIRS[rankdir], rankdir in ("TB", "BT")
        wide = widths.down if upright else widths.right
        body = Digraph()
        for card, box in zip(cards, boxes, strict=True):
            self._node(body, card)
            if len(box) == 1:
                self._constants(body, box.nodes[0], card.key)
        for source, ghost in sorted({(source, ghost) for (source, _), ghost in self.ghosts.items()}):
            self._ghost(body, boxes[source], f"{ids[source]}g{ghost}")
        for arrow in arrows:
            self._arrow(body, arrow, back)
        for peers in self.order.peers(self.ghosts):
            with body.subgraph() as rank:
                rank.attr(rank="same")
                for one, other in pairwise(peers):
                    rank.edge(ids[one], ids[other], style="invis")
        size = FINE if wide <= FINE_POINTS else SMALL
        legend = write_legend(self.signs, back, self.fold.note, size, wide)
        attributes = {
            "rankdir": rankdir,
            "bgcolor": PAPER,
            "pad": "0.1",
            "ranksep": "0.2" if upright else "0.1",
            "nodesep": "0.16",
            "outputorder": "edgesfirst",
            "fontname": FONT,
            "fontsize": f"{size:g}",
            "fontcolor": MUTED,
            "label": label(table(legend)),
            "labelloc": "b",
            "labeljust": "l",
        }
        count = len(self.graph.nodes)
        dot = Digraph(
            name=f"computation graph of {count:,} node{'s' * (count != 1)}",
            graph_attr=attributes,
            node_attr={"fontname": FONT, "fontsize": f"{SMALL:g}", "fontcolor": INK, "margin": "0.06,0.03"},
            edge_attr={"color": LINE, "arrowsize": "0.7"},
        )
        dot.body = body.body
        return str(dot.source)

    # --- boxes --------------------------------------------------------------------------------------------------------

    def _box(self, node: Value, key: str) -> Card:
        kind = role(node)
        look = "output" if kind == "operation" and any(node is output for output in self.graph.outputs) else kind
        written = sign(node) if node.op is not None else ""
        if node.op is weighted_sum:
            self.signs.add("dot")
        name = self.texts.name(node, NAME_CHARACTERS)
        grad, colour = self.texts.grad(node)
        rows = [
            [
                cell(name, INK if node.name else MUTED, SIZE, bold=bool(node.name), left=True, span=2),
                cell(written, INK, SIZE, gap=GAP_POINTS),
            ],
            row("data", self.texts.data(node), FLOW if self.texts.assigned.note(node) else INK),
            row("grad", grad, colour),
        ]
        return self._card(key, rows, look, self.texts.about(node))

    def _card(self, key: str, rows: list[list[str]], look: str, about: str) -> Card:
        self.signs.add(look)
        return Card(key, rows, look, about, measure(rows) + (26 if LOOKS[look].bar else 18))

    def _folded_box(self, box: Box, key: str) -> Card:
        inside = box.operations
        first, last = (self.texts.name(v, INNER_CHARACTERS) for v in box.ends)
        title, count = f"{first} … {last}", f"{len(box):,} nodes"
        if box.kind == "leaves":
            count = f"{len(box):,} {_plural(box.title)}"
        elif box.kind == "op":
            count = f"{len(box):,} nodes {box.title}"
        elif box.kind == "middle":
            title = "…"
        else:
            title = shorten(clean(box.title), 2 * NAME_CHARACTERS)
        rows = [[cell(title, INK, SIZE, bold=True, left=True, span=3)], [cell(count, INK, SMALL, left=True, span=3)]]
        if box.kind in ("scope", "part", "middle"):
            kinds = list(inside.items())
            shown = kinds if len(kinds) <= MAX_OPERATIONS_LISTED + 1 else kinds[:MAX_OPERATIONS_LISTED]
            rows += [row(written, f"{n:,}", MUTED) for written, n in shown]
            if len(kinds) > len(shown):
                rows.append(row("other", f"{sum(n for _, n in kinds[MAX_OPERATIONS_LISTED:]):,}", MUTED))
        if any(node.op is weighted_sum for node in box.nodes):
            self.signs.add("dot")
        seen = self.order.ways_out(box)
        numbers = [v.data for v in seen]
        grads = [float(v.grad) for v in seen if v.grad is not None]
        if len(numbers) > 1:
            self.signs.add("range")
        rows.append(row("data" if len(seen) == len(box) else "out", self.texts.range(numbers), INK))
        grad = self.texts.range(grads) if grads else self.texts.grad(seen[0])[0]
        rows.append(row("grad", grad, INK if grads else MUTED))
        listed = ", ".join(self.texts.name(v, TOOLTIP_CHARACTERS) for v in box.nodes[:MAX_NAMES_LISTED])
        about = [
            box.title or "between the two ends of the graph",
            f"{len(box):,} nodes: {', '.join(f'{n:,} {sign}' for sign, n in inside.items())}",
            listed + (", …" if len(box) > MAX_NAMES_LISTED else ""),
        ]
        return self._card(key, rows, "fold", "\n".join(about))

    def _ghost(self, dot: Any, box: Box, key: str) -> None:
        """Write the small box that stands for another where that is used far from its own place."""
        node = box.nodes[0]
        self.signs.add("ghost")
        if len(box) == 1:
            shown = f"{self.texts.name(node, NAME_CHARACTERS)} = {self.texts.data(node)}"
            about, look = self.texts.about(node), role(node)
        else:
            first, last = (self.texts.name(v, INNER_CHARACTERS) for v in box.ends)
            shown, about, look = f"{first} … {last}", box.title, "fold"
        card = Card(
            key, [[cell(shown, MUTED, SMALL)]], look, f"{about}\nits own box stands elsewhere in the picture", 0
        )
        self._node(dot, card, ghost=True)

    def _node(self, dot: Any, card: Card, *, ghost: bool = False) -> None:
        key, rows, look, about, _ = card
        style = LOOKS[look]
        dot.node(
            key,
            label(table(rows, style.border if style.bar else "")),
            shape=style.shape,
            style=style.style,
            color=style.border,
            fillcolor=style.fill,
            penwidth=f"{style.width:g}",
            peripheries=str(style.peripheries),
            tooltip=tooltip(about),
            id=key,
            **({"class": f"{look} ghost", "height": "0.2"} if ghost else {"class": look}),
        )

    def _constants(self, dot: Any, node: Value, key: str) -> None:
        """Write a small box for each float operand, or one for many."""
        slots = [] if written_out(node) else [slot for slot, slope in enumerate(node.slopes) if slope is None]
        numbers = [node.operands[slot] for slot in slots]
        if len(slots) > MAX_CONSTANTS_APART:
            shown = ", ".join(number_text(float(x), self.style.precision) for x in numbers[:MAX_CONSTANTS_LISTED])
            boxes = [(slots[0], f"{len(slots)} numbers: {shown}, …", ", ".join(repr(float(x)) for x in numbers))]
        else:
            boxes = [
                (slot, self.texts.number(float(x)), repr(float(x))) for slot, x in zip(slots, numbers, strict=True)
            ]
        style = LOOKS["constant"]
        for slot, shown, exact in boxes:
            self.signs.add("constant")
            name = f"{key}c{slot}"
            dot.node(
                name,
                label(table([[cell(shown, MUTED, SMALL)]])),
                shape=style.shape,
                style=style.style,
                color=style.border,
                fillcolor=style.fill,
                penwidth=f"{style.width:g}",
                margin="0.05,0",
                height="0.2",
                width="0.2",
                tooltip=tooltip(f"constant {exact}"),
                id=name,
                **{"class": "constant"},
            )
            dot.edge(
                name,
                key,
                color=QUIET,
                arrowsize="0.5",
                penwidth="0.8",
                style="dashed",
                id=f"{key}e{slot}",
                edgetooltip=tooltip("a constant: nothing flows back to it"),
            )

    # --- arrows -------------------------------------------------------------------------------------------------------

    def _arrows(self, target: int, links: list[Link], ids: Sequence[str]) -> list[Arrow]:
        """Make the arrows that lead to one box."""
        apart = {link.source for link in links if self.fold.apart(link)}
        edges: dict[Value, list[Edge]] = {self.fold.boxes[source].nodes[0]: [] for source in apart}
        short: list[str | None] = []
        full: list[str | None] = []
        if apart:
            node = self.fold.boxes[target].nodes[0]
            short = edge_formulas(node, self.texts.names, INNER_CHARACTERS, self.style.precision)
            full = edge_formulas(node, self.texts.names, TOOLTIP_CHARACTERS, TOOLTIP_DIGITS)
            for edge in node.edges:
                if edge.operand in edges:
                    edges[edge.operand].append(edge)
        arrows = []
        for link in links:
            ghost = self.ghosts.get((link.source, target))
            ends = ids[link.source] + (f"g{ghost}" if ghost else ""), ids[target]
            if link.source in apart:
                found = edges[self.fold.boxes[link.source].nodes[0]]
                arrows += [self._edge(edge, short[edge.slot], full[edge.slot], ends, link) for edge in found]
            else:
                arrows.append(self._link(link, ends))
        return arrows

    def _edge(self, edge: Edge, short: str | None, full: str | None, ends: tuple[str, str], link: Link) -> Arrow:
        number = self.texts.number(edge.slope)
        lines = [(number, INK)]
        if short is not None and short != number:
            formula = shorten(short, FORMULA_CHARACTERS)
            together = f"{formula} = {number}"
            wide = width(together, SMALL) > LINE_POINTS
            lines = [(formula, INK), (f"= {number}", INK)] if wide else [(together, INK)]
            if "[" in formula and any(sign in formula for sign in ("<", ">", "≤", "≥", "≠", " = ")):
                self.signs.add("step")
            self.signs.add("slope")
        exact = repr(edge.slope) if full in (None, number) else f"{full} = {edge.slope!r}"
        out, operand = (self.texts.name(v, TOOLTIP_CHARACTERS) for v in (edge.output, edge.operand))
        about = [f"∂{out}/∂{operand} = {exact}"]
        flow = None if frozen(edge.operand) else edge.flow
        if frozen(edge.operand):
            about.append(f"nothing flows back: {operand} is frozen")
        elif flow is None:
            about.append("flow: not computed yet, call backward()")
        else:
            about.append(f"flow = slope × grad of {out} = {edge.slope!r} × {float(edge.output.grad)!r} = {flow!r}")
        style = {"weight": "2" if edge.operand.is_leaf else "8"}  # what was computed runs straight
        if frozen(edge.operand):
            style |= {"style": "dashed", "color": QUIET}
            self.signs.add("dashed")
        elif flow == 0.0:
            style |= {"style": "dotted"}
            self.signs.add("dotted")
        return Arrow(f"{ends[1]}e{edge.slot}", *ends, link, lines, flow, "\n".join(about), style, "edge")

    def _link(self, link: Link, ends: tuple[str, str]) -> Arrow:
        """Make one arrow for many edges."""
        about = f"{link.edges:,} edge{'s' * (link.edges != 1)}"
        plain = link.edges == 1 and self.crowded
        lines = [] if plain else [(about, MUTED)]
        if link.flow is not None:
            they = "they add {} to the gradient of the node they start at"
            it = "it adds {} to the gradient of the node it starts at"
            about += "\n" + (it if link.edges == 1 else they).format(repr(link.flow))
        computed = not self.fold.boxes[link.source].nodes[-1].is_leaf
        style = {"penwidth": f"{1 + 0.5 * math.log10(link.edges):.2g}", "weight": "8" if computed else "2"}
        self.signs.add("plain" if plain else "thick" if link.edges > 1 else "slope")
        return Arrow(f"{ends[1]}_{ends[0]}", *ends, link, lines, link.flow, about, style, "link")

    def _arrow(self, dot: Any, arrow: Arrow, back: str) -> None:
        """Write an arrow, through its label, so that one cannot be taken for another's."""
        said = tooltip(arrow.about)
        if not arrow.lines:
            dot.edge(
                arrow.start, arrow.end, edgetooltip=said, id=arrow.key, minlen="2", **arrow.style,
                **{"class": arrow.kind},
            )  # fmt: skip
            return
        dot.node(
            arrow.key,
            label(table(arrow.rows(back, self.style.precision))),
            shape="plaintext",
            margin="0.01,0",
            width="0.1",
            height="0.1",
            tooltip=said,
            id=arrow.key,
            **{"class": arrow.kind},
        )
        half: dict[str, str] = {"edgetooltip": said, **arrow.style, "class": arrow.kind}
        dot.edge(arrow.start, arrow.key, arrowhead="none", id=f"{arrow.key}a", **half)
        dot.edge(arrow.key, arrow.end, id=f"{arrow.key}b", **half)


def _plural(kind: str) -> str:
    return {"leaf": "leaves", "parameter": "parameters", "frozen": "frozen leaves"}[kind]
