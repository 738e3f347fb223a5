"""Graphviz's HTML-like labels: rows of cells, each at least as wide as its text in a wide font."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from autograd.draw.labels import html, width
from autograd.draw.palette import MUTED, SMALL

__all__ = ["GAP_POINTS", "cell", "label", "measure", "row", "table"]

WIDTH = re.compile(r'WIDTH="(\d+)"')

GAP_POINTS = 9  # points between what a number is and the number


def label(table: str) -> str:
    """Mark a table as a label that is no plain text."""
    return f"<{table}>"


def measure(rows: Sequence[Sequence[str]]) -> float:
    """Return the points that rows of cells are wide."""
    return max(sum(int(found) for cells in line for found in WIDTH.findall(cells)) for line in rows)


def table(rows: Sequence[Sequence[str]], bar: str = "") -> str:
    """Write a table of rows of cells; on their left a bar of colour."""
    lines = ["".join(cells) for cells in rows]
    down = f'<TD ROWSPAN="{len(rows)}"'
    if bar:
        lines[0] = f'{down} BGCOLOR="{bar}" WIDTH="3"></TD>{down} WIDTH="5"></TD>{lines[0]}'
    inner = "".join(f"<TR>{line}</TR>" for line in lines)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{inner}</TABLE>'


def row(what: str, shown: str, colour: str) -> list[str]:
    """Write a row of a word and its number."""
    return [cell(what, MUTED, SMALL, left=True, gap=GAP_POINTS), cell(shown, colour, SMALL, left=True, span=2)]


def cell(
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
