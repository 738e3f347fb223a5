"""How the command shows a row: a ruled table of the figures, then the words, then where the pictures are."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edgegrad.lectures.report import Comparison, Report

__all__ = ["show"]

WIDTH_OF_OTHERS = 40  # characters that names and differences take of a line; the slide and ours share the rest
WIDTH_OF_SOURCES = 20  # characters of the last column
NARROW = 100  # columns of a terminal below which the last column is left out
COLUMNS = (("what", ""), ("slide", "cyan"), ("ours", "bold"), ("difference", "dim"), ("checked against", "dim"))


def show(console: Console, report: Report) -> None:
    """Print what a row found."""
    row = report.row
    module = inspect.getmodule(row.function)
    assert module is not None
    title = f"[bold]{row.name}  {report.title}[/bold]\n[dim]{', '.join(row.where)}   ({module.__name__})[/dim]"
    table = Table(title=title, title_justify="left", title_style="", box=SIMPLE_HEAD)
    narrow = console.width < NARROW
    others = WIDTH_OF_OTHERS + (0 if narrow else WIDTH_OF_SOURCES)
    for heading, style in COLUMNS[: -1 if narrow else None]:
        table.add_column(heading, style=style, overflow="fold")
    for comparison in report.comparisons.values():
        for line in _lines(comparison, (console.width - others) // 2):
            table.add_row(*map(escape, line.cells[: len(table.columns)]))
    console.print(table)
    for words in report.words:
        console.print(words, soft_wrap=True, markup=False)
    for path in report.pictures:
        console.print(f"[dim]→[/dim] {path}", soft_wrap=True)


def _lines(comparison: Comparison, width: int) -> Iterator[Comparison]:
    """Yield a comparison, or one for each of its numbers where together they are wider than `width` characters."""
    ours, expected = comparison.ours, comparison.expected
    if not isinstance(ours, Sequence) or isinstance(ours, str) or max(map(len, comparison.cells[1:3])) <= width:
        yield comparison
        return
    for k, number in enumerate(ours):
        what, slide, due = comparison.what if k == 0 else "", comparison.slide, expected
        if isinstance(slide, str):
            slide = slide if k == 0 else None
        elif isinstance(slide, Sequence):
            slide = slide[k]
        if isinstance(due, Sequence) and not isinstance(due, str):
            due = due[k]
        yield replace(comparison, what=what, ours=number, expected=due, slide=slide)
