"""The legend below a drawing: what each sign means that occurs in it, each box in its own colours."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from autograd.draw.cells import cell
from autograd.draw.labels import html, width
from autograd.draw.palette import INK, LOOKS, MUTED

__all__ = ["write_legend"]

MIN_POINTS = 330.0  # points that a legend may always be wide
MAX_POINTS = 1000.0  # and at most
BETWEEN_CHIPS = 6  # points between neighbours

CHIPS = {
    "output": "output",
    "operation": "operation",
    "parameter": "parameter",
    "leaf": "leaf",
    "frozen": "frozen: gets no gradient",
    "constant": "number",
    "fold": "several nodes in one box",
}
SIGNS = {
    "slope": "on an arrow: ∂out/∂in, as formula = number",
    "flow": "{back} flows back: slope × grad of out",
    "uncomputed": "grad —: not computed, call backward()",
    "no path": "no path: backward() came along none",
    "dashed": "dashed: nothing flows to what is frozen",
    "dotted": "dotted: 0 flows back",
    "thick": "thick: several edges in one arrow",
    "plain": "without a text: one edge",
    "ghost": "small box: a node again, where it is used far from its own box",
    "dot": "Σ w·x: products of weights and inputs, added up",
    "step": "[…]: 1 where it holds, else 0",
    "numbered": "s⟨1⟩, s⟨2⟩: nodes of one name, in their order",
    "range": "… in a box: from the lowest to the highest",
    "assigned": "* assigned since: what was computed from it shows the numbers before",
    "perhaps": "? assigned since, this or one beside it: what was computed shows the numbers before",
}


def write_legend(signs: Iterable[str], back: str, note: str, size: float, wide: float) -> list[list[str]]:
    """Write the rows of a legend.

    Args:
        signs: what occurs in the drawing, by its word here.
        back: the sign of what flows back.
        note: what is folded; "" where nothing is.
        size: points of its letters.
        wide: points that the drawing is wide, about, which the legend keeps to.
    """
    occurs = set(signs)
    limit = min(max(wide, MIN_POINTS), MAX_POINTS)
    chips = [_chip(kind, said, size) for kind, said in CHIPS.items() if kind in occurs]
    rows = [_line(part, size) for part in _wrap(chips, limit)]
    said = [text.format(back=back) for sign, text in SIGNS.items() if sign in occurs]
    pieces = [(text + " · ", width(text + " · ", size)) for text in said]
    rows += [_text(line, MUTED, size) for line in _wrap(pieces, limit)]
    words = [(word + " ", width(word + " ", size)) for word in note.split()]
    return rows + [_text(line, INK, size) for line in _wrap(words, limit)]


def _wrap(pieces: Sequence[tuple[str, float]], limit: float) -> list[list[tuple[str, float]]]:
    """Share out pieces of known width over lines."""
    lines: list[list[tuple[str, float]]] = []
    left = 0.0
    for piece, wide in pieces:
        if not lines or wide > left:
            lines.append([])
            left = limit
        lines[-1].append((piece, wide))
        left -= wide
    return lines


def _text(line: Sequence[tuple[str, float]], colour: str, size: float) -> list[str]:
    return [cell("".join(piece for piece, _ in line).rstrip(" ·"), colour, size, left=True)]


def _chip(kind: str, said: str, size: float) -> tuple[str, float]:
    """Write a small box in the look of a kind of box, with its word in it."""
    look = LOOKS[kind]
    wide = math.ceil(width(said, size)) + 10
    style = "dashed" if "dashed" in look.style else "rounded" if "rounded" in look.style else "solid"
    border = 2 if look.peripheries > 1 else 1
    bar = f'<TD BGCOLOR="{look.border}" WIDTH="3" BORDER="0"></TD>' if look.bar else ""
    content = f'<FONT COLOR="{INK}" POINT-SIZE="{size:g}">{html(said)}</FONT>'
    return (
        f'{bar}<TD BORDER="{border}" STYLE="{style}" COLOR="{look.border}" BGCOLOR="{look.fill}" '
        f'WIDTH="{wide}">{content}</TD><TD BORDER="0" WIDTH="{BETWEEN_CHIPS}"></TD>'
    ), wide + BETWEEN_CHIPS + (5 if bar else 0)


def _line(chips: Sequence[tuple[str, float]], size: float) -> list[str]:
    """Write a line of small boxes, which a wider line below does not pull apart."""
    inner = "".join(chip for chip, _ in chips)
    wide, high = sum(wide for _, wide in chips) + 2, size * 1.4 + 8
    table = (
        f'<TABLE ALIGN="LEFT" BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1" FIXEDSIZE="TRUE" '
        f'WIDTH="{wide:.0f}" HEIGHT="{high:.0f}"><TR>{inner}</TR></TABLE>'
    )
    return [f'<TD ALIGN="LEFT">{table}</TD>']
