"""The table that ``print(model)`` and a notebook show: parts, shapes, activations, and the number of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from autograd import Value
from nn import arrays

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["count_in_words", "show", "table"]

Row = tuple[str, ...]

HEADINGS: Row = ("part", "class", "shape", "activation", "parameters", "frozen")
TEXT_COLUMNS = 4  # columns that are aligned on the left


def count_in_words(parameters: list[Value]) -> str:
    """Count parameters in words: ``1,792 parameters, 13 frozen``."""
    number = len(parameters)
    frozen = sum(not parameter.requires_grad for parameter in parameters)
    return f"{number:,} parameter{'s' * (number != 1)}" + (f", {frozen:,} frozen" if frozen else "")


def table(module: Module) -> str:
    """Write the table of a model, or one line for a module without parts. See `Module.describe`."""
    if not module.children():
        return f"<{module.title}: {count_in_words(module.parameters())}>"
    rows: list[Row] = [*_rows(module, ""), ("total", "", "", "", *_numbers(module.parameters()))]
    shown = [column for column in range(len(HEADINGS)) if any(row[column] for row in rows)]
    widths = [max(len(row[column]) for row in [HEADINGS, *rows]) for column in range(len(HEADINGS))]

    def line(row: Row) -> str:
        cells = [row[i].ljust(widths[i]) if i < TEXT_COLUMNS else row[i].rjust(widths[i]) for i in shown]
        return "  " + "   ".join(cells).rstrip()

    rule = "  " + "─" * (len(line(HEADINGS)) - 2)
    return "\n".join([module.title, line(HEADINGS), rule, *map(line, rows[:-1]), rule, line(rows[-1])])


def show(module: Module) -> str:
    """Write the table of a model in HTML, where a part that has parts opens to show those."""
    title = f"<div><strong>{escape(module.title)}</strong>: {count_in_words(module.parameters())}</div>"
    return title + _nest(module) if module.children() else title


def _rows(module: Module, above: str) -> Iterator[Row]:
    """Yield a row for each part, and within a part that has parts of its own for each of those."""
    for label, part in _parts(module):
        if part.children():
            yield from _rows(part, f"{above}{label}/")
        else:
            yield _row(above + label, part)
    yield from _own(module, above)


def _nest(module: Module) -> str:
    """Write the rows of a module's parts in HTML, those of a part with parts as a table in a row that opens."""
    lines = []
    for label, part in _parts(module):
        if part.children():
            words = f"{label}: {type(part).__name__} {part.extent()}".rstrip()
            summary = f"<summary>{escape(words)}, {count_in_words(part.parameters())}</summary>"
            cell = f"<details>{summary}{_nest(part)}</details>"
            lines.append(f'<td colspan="{len(HEADINGS)}" style="text-align: left">{cell}</td>')
        else:
            lines.append(_cells("td", _row(label, part)))
    lines += [_cells("td", row) for row in _own(module, "")]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{_cells('th', HEADINGS)}</tr></thead><tbody>{body}</tbody></table>"


def _cells(tag: str, row: Row) -> str:
    sides = ["left"] * TEXT_COLUMNS + ["right"] * (len(row) - TEXT_COLUMNS)
    return "".join(
        f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>' for side, cell in zip(sides, row, strict=True)
    )


def _parts(module: Module) -> Iterator[tuple[str, Module]]:
    return ((module.child_label(name, part), part) for name, part in module.children().items())


def _row(label: str, part: Module) -> Row:
    activation = str(getattr(part, "activation", ""))
    return label, type(part).__name__, part.extent(), activation, *_numbers(part.parameters())


def _own(module: Module, above: str) -> Iterator[Row]:
    """Yield a row for the parameters that a module holds beside its parts, if there are any."""
    own = [one for slot in module.slots() if slot.trained and slot.owner is module for one in arrays.flat(slot.content)]
    if own:
        yield above + "(own)", type(module).__name__, "", "", *_numbers(own)


def _numbers(parameters: list[Value]) -> tuple[str, str]:
    frozen = sum(not parameter.requires_grad for parameter in parameters)
    return f"{len(parameters):,}", f"{frozen:,}" if frozen else ""
