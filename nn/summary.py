"""The table that ``print(model)`` shows: parts, shapes, activations, and how many parameters there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograd import Value
from nn import arrays

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["count_in_words", "table"]

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


def _rows(module: Module, above: str) -> Iterator[Row]:
    """Yield a row for each part, and within a part that has parts of its own for each of those."""
    for name, part in module.children().items():
        label = above + module.child_label(name, part)
        if part.children():
            yield from _rows(part, f"{label}/")
        else:
            activation = str(getattr(part, "activation", ""))
            yield label, type(part).__name__, part.extent(), activation, *_numbers(part.parameters())
    own = [one for slot in module.slots() if slot.trained and slot.owner is module for one in arrays.flat(slot.content)]
    if own:
        yield above + "(own)", type(module).__name__, "", "", *_numbers(own)


def _numbers(parameters: list[Value]) -> tuple[str, str]:
    frozen = sum(not parameter.requires_grad for parameter in parameters)
    return f"{len(parameters):,}", f"{frozen:,}" if frozen else ""
