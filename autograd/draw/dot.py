"""DOT text of a graph: a box for each node with its numbers, an arrow for each edge with its derivative.

Everything is named by its place in the topological order (n0, n1, …), so equal graphs give equal text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from autograd.draw.fold import Box, Fold, Link
from autograd.draw.fold import fold as gather
from autograd.draw.ghosts import find_starts
from autograd.draw.labels import clean, edge_formulas, html, operation, shorten, tooltip, width
from autograd.draw.palette import FINE, FLOW, FONT, INK, LINE, LOOKS, MUTED, PAPER, QUIET, SIZE, SMALL
from autograd.draw.partition import MAX_CONSTANTS_APART, frozen, role
from autograd.draw.style import Style
from autograd.staleness import assigned_since
from autograd.symbol import Symbol, apply_to_symbols, number_text, text
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.graph import Edge, Graph

__all__ = ["Drawing"]

NAME_CHARACTERS = 22  # characters of a name on its box
INNER_CHARACTERS = 14  # characters of a name inside a formula
TOOLTIP_CHARACTERS = 120  # characters of a name in a tooltip
FORMULA_CHARACTERS = 30  # characters of a formula on an edge
MAX_OPERANDS_WRITTEN = 50  # operands of an expression that a tooltip writes
MAX_OPERATIONS_LISTED = 4  # operations that a folded box lists
MAX_NAMES_LISTED = 40  # names in the tooltip of a folded box
MAX_LINKS_LABELLED = 40  # links of a folded graph, beyond which those of a single edge keep their text for the tooltip
MAX_CONSTANTS_LISTED = 3  # numbers that a box of many constants lists
TOOLTIP_DIGITS = 12  # significant digits of numbers in the formula of a tooltip
GAP_POINTS = 9  # points between what a number is and the number
ASSIGNED, PERHAPS = "*", "?"  # beside the number of a leaf that was assigned, or may have been, after it was used
NOT_COMPUTED = "—"  # a gradient that is not computed


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
        self.precision = style.precision
        self.indent = GAP_POINTS if style.upright else 0  # labels stand beside an arrow that runs up or down
        self.fold: Fold = gather(graph, style.fold, budget=style.budget)
        self.crowded = self.fold.folded > 0 and len(self.fold.links) > MAX_LINKS_LABELLED
        self.names = graph.names
        self.assigned = assigned_since(graph.nodes)
        self.ghosts = self._find_ghosts()
        self.swept = any(output.grad is not None for output in graph.outputs)
        self.source: str = self._write()

    def _find_ghosts(self) -> dict[tuple[int, int], int]:
        """Number the ghost that a link starts at, where it starts at one; a folded picture has none."""
        if self.fold.folded:
            return {}
        links = [(link.source, link.target) for link in self.fold.links]
        leaves = {place for place, box in enumerate(self.fold.boxes) if box.nodes[0].is_leaf}
        return {link: start.ghost for link, start in zip(links, find_starts(links, leaves), strict=True) if start.ghost}

    def _write(self) -> str:
        from graphviz import Digraph

        back = f"{self.style.back} flows back: slope × grad" if self.swept else "grad —: not computed, call backward()"
        caption = ["on an arrow: ∂out/∂in, as formula = number", back, self.fold.note]
        if self.crowded:
            caption.append("an arrow without a text between folded boxes stands for 1 edge")
        if self.ghosts:
            caption.append("a small box: a node again, where it is used far from its own box")
        if self.assigned.surely:
            caption.append(f"{ASSIGNED} assigned since: what was computed from it shows the numbers before")
        if self.assigned.perhaps:
            caption.append(
                f"{PERHAPS} assigned since, this or one beside it: what was computed shows the numbers before"
            )
        rows = [[_cell(line, MUTED, FINE, left=True)] for line in caption if line]
        attributes = {
            "rankdir": self.style.rankdir,
            "bgcolor": PAPER,
            "pad": "0.25",
            "ranksep": "1.2" if self.crowded else "0.45",
            "nodesep": "0.4" if self.indent else "0.22",
            "outputorder": "edgesfirst",
            "fontname": FONT,
            "fontsize": f"{FINE:g}",
            "fontcolor": MUTED,
            "label": _label(_table(rows)),
            "labelloc": "b",
            "labeljust": "l",
        }
        count = len(self.graph.nodes)
        dot = Digraph(
            name=f"computation graph of {count:,} node{'s' * (count != 1)}",
            graph_attr=attributes,
            node_attr={"fontname": FONT, "fontsize": f"{SMALL:g}", "fontcolor": INK, "margin": "0.09,0.04"},
            edge_attr={"fontname": FONT, "fontsize": f"{SMALL:g}", "fontcolor": INK, "color": LINE, "arrowsize": "0.7"},
        )
        place = {node: index for index, node in enumerate(self.graph.nodes)}
        ids = []
        for number, box in enumerate(self.fold.boxes):
            ids.append(f"n{place[box.nodes[0]]}" if len(box) == 1 else f"f{number}")
        for box, key in zip(self.fold.boxes, ids, strict=True):
            if len(box) == 1:
                self._box(dot, box.nodes[0], key)
            else:
                self._folded_box(dot, box, key)
        for source, ghost in sorted({(source, ghost) for (source, _), ghost in self.ghosts.items()}):
            self._ghost(dot, self.fold.boxes[source].nodes[0], f"{ids[source]}g{ghost}")
        for target, links in groupby(self.fold.links, key=lambda link: link.target):
            self._arrows(dot, target, list(links), ids)
        return str(dot.source)

    # --- boxes --------------------------------------------------------------------------------------------------------

    def _box(self, dot: Any, node: Value, key: str) -> None:
        kind = role(node)
        look = "output" if kind == "operation" and any(node is output for output in self.graph.outputs) else kind
        sign = operation(node.op) if node.op is not None else {"leaf": "", "parameter": "param"}.get(kind, kind)
        name = self._name(node, NAME_CHARACTERS)
        grad, colour = self._grad(node)
        rows = [
            [
                _cell(name, INK if node.name else MUTED, SIZE, bold=bool(node.name), left=True, span=2),
                _cell(sign, *((INK, SIZE) if node.op is not None else (MUTED, SMALL)), gap=GAP_POINTS),
            ],
            _row("data", self._data(node), FLOW if self.assigned.note(node) else INK),
            _row("grad", grad, colour),
        ]
        self._node(dot, key, rows, look, self._about(node))
        self._constants(dot, node, key)

    def _folded_box(self, dot: Any, box: Box, key: str) -> None:
        inside = box.operations
        first, last = (self._name(v, INNER_CHARACTERS) for v in (box.nodes[0], box.nodes[-1]))
        title, count = f"{first} … {last}", f"{len(box):,} nodes"
        if box.kind == "leaves":
            count = f"{len(box):,} {_plural(box.title)}"
        elif box.kind == "op":
            count = f"{len(box):,} nodes {box.title}"
        elif box.kind == "middle":
            title = "…"
        else:
            title = shorten(clean(box.title), 2 * NAME_CHARACTERS)
        rows = [[_cell(title, INK, SIZE, bold=True, left=True, span=3)], [_cell(count, INK, SMALL, left=True, span=3)]]
        if box.kind in ("scope", "middle"):
            kinds = list(inside.items())
            shown = kinds if len(kinds) <= MAX_OPERATIONS_LISTED + 1 else kinds[:MAX_OPERATIONS_LISTED]
            rows += [_row(sign, f"{n:,}", MUTED) for sign, n in shown]
            if len(kinds) > len(shown):
                rows.append(_row("other", f"{sum(n for _, n in kinds[MAX_OPERATIONS_LISTED:]):,}", MUTED))
        grads = [float(v.grad) for v in box.nodes if v.grad is not None]
        rows.append(_row("data", self._range([v.data for v in box.nodes]), INK))
        grad = self._range(grads) if grads else self._grad(box.nodes[0])[0]
        rows.append(_row("grad", grad, INK if grads else MUTED))
        listed = ", ".join(self._name(v, TOOLTIP_CHARACTERS) for v in box.nodes[:MAX_NAMES_LISTED])
        about = [
            box.title or "between the two ends of the graph",
            f"{len(box):,} nodes: {', '.join(f'{n:,} {sign}' for sign, n in inside.items())}",
            listed + (", …" if len(box) > MAX_NAMES_LISTED else ""),
        ]
        self._node(dot, key, rows, "fold", "\n".join(about))

    def _ghost(self, dot: Any, node: Value, key: str) -> None:
        """Write the small box that stands for a node where it is used far from its own."""
        shown = f"{self._name(node, NAME_CHARACTERS)} = {self._data(node)}"
        about = f"{self._about(node)}\nits own box stands elsewhere in the picture"
        self._node(dot, key, [[_cell(shown, MUTED, SMALL)]], role(node), about, ghost=True)

    def _node(self, dot: Any, key: str, rows: list[list[str]], look: str, about: str, *, ghost: bool = False) -> None:
        style = LOOKS[look]
        dot.node(
            key,
            _label(_table(rows, style.border if style.bar else "")),
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
        slots = [slot for slot, slope in enumerate(node.slopes) if slope is None]
        numbers = [node.operands[slot] for slot in slots]
        if len(slots) > MAX_CONSTANTS_APART:
            shown = ", ".join(number_text(float(x), self.precision) for x in numbers[:MAX_CONSTANTS_LISTED])
            boxes = [(slots[0], f"{len(slots)} numbers: {shown}, …", ", ".join(repr(float(x)) for x in numbers))]
        else:
            boxes = [(slot, self._number(float(x)), repr(float(x))) for slot, x in zip(slots, numbers, strict=True)]
        style = LOOKS["constant"]
        for slot, shown, exact in boxes:
            name = f"{key}c{slot}"
            dot.node(
                name,
                _label(_table([[_cell(shown, MUTED, SMALL)]])),
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

    def _arrows(self, dot: Any, target: int, links: list[Link], ids: Sequence[str]) -> None:
        """Write the arrows that lead to one box."""
        apart = {link.source for link in links if self.fold.apart(link)}
        edges: dict[Value, list[Edge]] = {self.fold.boxes[source].nodes[0]: [] for source in apart}
        short: list[str | None] = []
        full: list[str | None] = []
        if apart:
            node = self.fold.boxes[target].nodes[0]
            short = edge_formulas(node, self.names, INNER_CHARACTERS, self.precision)
            full = edge_formulas(node, self.names, TOOLTIP_CHARACTERS, TOOLTIP_DIGITS)
            for edge in node.edges:
                if edge.operand in edges:
                    edges[edge.operand].append(edge)
        for link in links:
            ghost = self.ghosts.get((link.source, target))
            ends = ids[link.source] + (f"g{ghost}" if ghost else ""), ids[target]
            if link.source not in apart:
                self._link(dot, link, ends)
                continue
            for edge in edges[self.fold.boxes[link.source].nodes[0]]:
                self._edge(dot, edge, short[edge.slot], full[edge.slot], ends)

    def _edge(self, dot: Any, edge: Edge, short: str | None, full: str | None, ends: tuple[str, str]) -> None:
        number = self._number(edge.slope)
        known = short is None or short == number
        shown = number if known else f"{shorten(str(short), FORMULA_CHARACTERS)} = {number}"
        rows = [[_cell(shown, INK, SMALL, left=True)]]
        exact = repr(edge.slope) if full in (None, number) else f"{full} = {edge.slope!r}"
        out, operand = (self._name(v, TOOLTIP_CHARACTERS) for v in (edge.output, edge.operand))
        about = [f"∂{out}/∂{operand} = {exact}"]
        flow = None if frozen(edge.operand) else edge.flow
        if frozen(edge.operand):
            about.append(f"nothing flows back: {operand} is frozen")
        elif flow is None:
            about.append("flow: not computed yet, call backward()")
        else:
            rows.append([self._flow(flow)])
            about.append(f"flow = slope × grad of {out} = {edge.slope!r} × {float(edge.output.grad)!r} = {flow!r}")
        style = {} if edge.operand.is_leaf else {"weight": "4"}  # what was computed runs straight
        if frozen(edge.operand):
            style |= {"style": "dashed", "color": QUIET}
        elif flow == 0.0:
            style |= {"style": "dotted"}
        said = tooltip("\n".join(about))
        dot.edge(
            *ends,
            _label(_table(rows, indent=self.indent)),
            edgetooltip=said,
            labeltooltip=said,
            id=f"{ends[1]}e{edge.slot}",
            **style,
            **{"class": "edge"},
        )

    def _link(self, dot: Any, link: Link, ends: tuple[str, str]) -> None:
        """Write one arrow for many edges."""
        about = f"{link.edges:,} edge{'s' * (link.edges != 1)}"
        rows = [[_cell(about, MUTED, SMALL, left=True)]]
        if link.flow is not None:
            rows.append([self._flow(link.flow)])
            they = "they add {} to the gradient of the node they start at"
            it = "it adds {} to the gradient of the node it starts at"
            about += "\n" + (it if link.edges == 1 else they).format(repr(link.flow))
        said = tooltip(about)
        computed = not self.fold.boxes[link.source].nodes[-1].is_leaf
        plain = link.edges == 1 and self.crowded
        thickness = f"{1 + 0.5 * math.log10(link.edges):.2g}"
        dot.edge(
            *ends,
            None if plain else _label(_table(rows, indent=self.indent)),
            edgetooltip=said,
            labeltooltip=said,
            id=f"{ends[1]}_{ends[0]}",
            penwidth=thickness,
            weight="4" if computed else "1",
            **{"class": "link"},
        )

    # --- texts --------------------------------------------------------------------------------------------------------

    def _name(self, node: Value, limit: int) -> str:
        return shorten(clean(self.names[node]), limit)

    def _number(self, number: float) -> str:
        return number_text(number + 0.0, self.precision)  # −0 is written 0

    def _data(self, node: Value) -> str:
        """Write a node's number, with a sign where it is newer than what was computed from it."""
        sign = ASSIGNED if node in self.assigned.surely else PERHAPS if node in self.assigned.perhaps else ""
        return f"{self._number(node.data)} {sign}".strip()

    def _range(self, numbers: Sequence[float]) -> str:
        if any(x != x for x in numbers):
            return f"with {number_text(math.nan)}"
        low, high = self._number(min(numbers)), self._number(max(numbers))
        return low if low == high else f"{low} … {high}"

    def _flow(self, flow: float) -> str:
        return _cell(f"{self.style.back} {self._number(flow)}", FLOW if flow else MUTED, SMALL, left=True)

    def _grad(self, node: Value) -> tuple[str, str]:
        """Write a node's gradient: a number, or why there is none."""
        if node.grad is not None:
            return self._number(float(node.grad)), INK
        if frozen(node):
            return "none", MUTED
        return ("no path" if self.swept else NOT_COMPUTED), MUTED

    def _about(self, node: Value) -> str:
        """Describe a node in full, for its tooltip."""
        name = self._name(node, TOOLTIP_CHARACTERS)
        lines = []
        if node.op is None:
            lines.append(f"{name}: {'frozen leaf' if role(node) == 'frozen' else role(node)}")
        else:
            inner = (Symbol(self._name(v, TOOLTIP_CHARACTERS)) if isinstance(v, Value) else v for v in node.operands)
            short = len(node.operands) <= MAX_OPERANDS_WRITTEN
            lines.append(f"{name} = {text(apply_to_symbols(node.op, tuple(inner)))}" if short else name)
            lines.append(f"operation {node.op.name}" + (f": {node.op.doc}" if node.op.doc else ""))
        note = self.assigned.note(node)
        lines.append(
            f"data {node.data!r}" + (f", {note}: what was computed from it shows the number before" if note else "")
        )
        grad, _ = self._grad(node)
        reasons = {
            NOT_COMPUTED: "not computed yet: call backward()",
            "none": "none: it is frozen",
            "no path": "none: backward() came along no path from its output",
        }
        lines.append(f"grad {reasons.get(grad, '')}" if node.grad is None else f"grad {float(node.grad)!r}")
        if node.scope:
            lines.append(f"scope {shorten(clean(node.scope), TOOLTIP_CHARACTERS)}")
        return "\n".join(lines)


def _label(table: str) -> str:
    return f"<{table}>"


def _table(rows: Sequence[Sequence[str]], bar: str = "", indent: int = 0) -> str:
    """Write a table of rows of cells; on their left a bar of colour, or some points of nothing."""
    lines = ["".join(row) for row in rows]
    down = f'<TD ROWSPAN="{len(rows)}"'
    if bar:
        lines[0] = f'{down} BGCOLOR="{bar}" WIDTH="3"></TD>{down} WIDTH="5"></TD>{lines[0]}'
    if indent:
        lines[0] = f'{down} WIDTH="{indent}"></TD>{lines[0]}'
    inner = "".join(f"<TR>{line}</TR>" for line in lines)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{inner}</TABLE>'


def _row(what: str, shown: str, colour: str) -> list[str]:
    """Write a row of a word and its number."""
    return [_cell(what, MUTED, SMALL, left=True, gap=GAP_POINTS), _cell(shown, colour, SMALL, left=True, span=2)]


def _cell(
    content: str, colour: str, size: float, *, bold: bool = False, left: bool = False, span: int = 1, gap: float = 0
) -> str:
    """Write one line of a label, at least as wide as a wide font needs, and `gap` points more."""
    if not content:
        return "<TD></TD>"
    written = html(content)
    if bold:
        written = f"<B>{written}</B>"
    written = f'<FONT COLOR="{colour}" POINT-SIZE="{size:g}">{written}</FONT>'
    return _td(written, width(content, size, bold=bold) + gap, left, span)


def _td(written: str, wide: float, left: bool, span: int) -> str:
    align = "LEFT" if left else "RIGHT"
    columns = f' COLSPAN="{span}"' if span > 1 else ""
    return f'<TD ALIGN="{align}" WIDTH="{math.ceil(wide) + 2}"{columns}>{written}</TD>'


def _plural(kind: str) -> str:
    return {"leaf": "leaves", "parameter": "parameters", "frozen": "frozen leaves"}[kind]
