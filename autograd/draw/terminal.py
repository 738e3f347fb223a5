"""A graph as a tree for the terminal: operation, name, numbers, and the slope on each branch.

What is used several times is shown once and referred to afterwards; what lies too deep is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from autograd.draw.labels import clean, edge_formulas, operation, shorten
from autograd.draw.partition import frozen, role
from autograd.graph import Graph
from autograd.staleness import assigned_since
from autograd.symbol import number_text
from autograd.value import Value

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["Tree"]

NAME_CHARACTERS = 40  # characters of a name
FORMULA_CHARACTERS = 40  # characters of a slope's formula
MAX_OPERANDS_SHOWN = 12  # operands of one node that get a line each
STYLES = {"name": "bold", "operation": "cyan", "data": "", "grad": "green", "slope": "yellow", "note": "dim"}
MAX_LEVELS = 200  # levels that are shown whatever is asked for: lines grow with the depth


class Line(NamedTuple):
    """One line of the tree, before it is drawn.

    Attributes:
        depth: how many branches lead to it.
        last: whether nothing follows it on its branch.
        parts: its pieces, each a kind (``name``, ``operation``, ``data``, ``grad``, ``slope``, ``note``) and a text.
    """

    depth: int
    last: bool
    parts: tuple[tuple[str, str], ...]


class Tree:
    """The tree of everything a Value was computed from: ``print(y.tree())``.

    As text it is plain; ``rich.print(y.tree())`` colours it on a terminal.

    Args:
        root: the Value at the top.
        depth: how many levels to show, from 0.
        precision: significant digits.

    Raises:
        ValueError: depth is negative or no whole number.
    """

    def __init__(self, root: Value, depth: int = 12, precision: int = 6) -> None:
        if isinstance(depth, bool) or not isinstance(depth, int) or depth < 0:
            raise ValueError(f"depth must be a whole number of levels from 0, not {depth!r}.")
        self.root = root
        self.depth = min(depth, MAX_LEVELS)
        self.precision = precision

    def __str__(self) -> str:
        return "\n".join(guide + "  ".join(text for _, text in line.parts) for guide, line in self._draw_branches())

    def __repr__(self) -> str:
        return str(self)

    def __rich__(self) -> Text:
        from rich.text import Text

        page = Text(overflow="fold")
        for guide, line in self._draw_branches():
            page.append(("\n" if page else "") + guide, style="dim")
            for number, (kind, text) in enumerate(line.parts):
                page.append("  " if number else "")
                page.append(text, style=STYLES[kind])
        return page

    def _draw_branches(self) -> Iterator[tuple[str, Line]]:
        """Yield each line with the branches that lead to it."""
        above: list[bool] = []  # for each branch, whether more follows on it
        for line in self.lines():
            del above[max(line.depth - 1, 0) :]
            guide = "".join("│   " if more else "    " for more in above)
            if line.depth:
                guide += "└── " if line.last else "├── "
                above.append(not line.last)
            yield guide, line

    def lines(self) -> list[Line]:
        """List the lines from the top."""
        graph = Graph(self.root)
        names = graph.names
        self._assigned = assigned_since(graph.nodes)
        found: list[Line | _Cut] = []
        shown: set[Value] = set()
        expanded: set[Value] = set()
        stack: list[_Branch | _Cut] = [_Branch(self.root, 0, True, "")]
        while stack:
            item = stack.pop()
            if isinstance(item, _Cut):
                found.append(item)
                continue
            node, depth, last, slope = item
            if not isinstance(node, Value):
                found.append(Line(depth, last, (("data", number_text(node, self.precision)),)))
                continue
            again = node in expanded or (node.is_leaf and node in shown)
            shown.add(node)
            found.append(Line(depth, last, self._parts(node, names, slope, again)))
            if again or node.is_leaf:
                continue
            if depth == self.depth:
                stack.append(_Cut(depth + 1, node.operands, "…", last=True))
                continue
            expanded.add(node)
            stack.extend(reversed(self._branches(node, depth + 1, names)))
        return list(_count_hidden(found, shown))

    def _branches(self, node: Value, depth: int, names: dict[Value, str]) -> list[_Branch | _Cut]:
        """Make the branches to a node's operands."""
        count = len(node.operands)
        head = tail = count
        if count > MAX_OPERANDS_SHOWN + 1:
            head, tail = MAX_OPERANDS_SHOWN // 2, count - MAX_OPERANDS_SHOWN // 2
        formulas = edge_formulas(node, names, NAME_CHARACTERS, self.precision)
        branches: list[_Branch | _Cut] = []
        for slot, (operand, slope) in enumerate(zip(node.operands, node.slopes, strict=True)):
            if slot == head:
                branches.append(_Cut(depth, node.operands[head:tail], f"… {tail - head:,} more operands"))
            if head <= slot < tail:
                continue
            written = ""
            if isinstance(operand, Value) and slope is not None:
                number, formula = number_text(slope, self.precision), formulas[slot]
                written = f"∂{_name(names[node])}/∂{_name(names[operand])} = "
                if formula not in (None, number):
                    written += f"{shorten(str(formula), FORMULA_CHARACTERS)} = "
                written += number
            branches.append(_Branch(operand, depth, slot == count - 1, written))
        return branches

    def _parts(self, node: Value, names: dict[Value, str], slope: str, again: bool) -> tuple[tuple[str, str], ...]:
        parts = [("name", f"{_name(names[node])} = {number_text(node.data, self.precision)}")]
        if node.op is not None:
            parts.append(("operation", f"({operation(node.op)})"))
        elif role(node) != "leaf":
            parts.append(("operation", f"({role(node)})"))
        if not frozen(node):
            grad = "—" if node.grad is None else number_text(float(node.grad) + 0.0, self.precision)
            parts.append(("grad", f"grad {grad}"))
        if slope:
            parts.append(("slope", slope))
        note = self._assigned.note(node)
        if note:
            parts.append(("note", f"{note}: above it are the numbers before"))
        if again:
            parts.append(("note", "↑ shown above"))
        return tuple(parts)


class _Branch(NamedTuple):
    """A branch that is still to be drawn, to a Value or a constant."""

    node: Value | float
    depth: int
    last: bool
    slope: str


class _Cut(NamedTuple):
    """A place where something is left out."""

    depth: int
    operands: tuple[Value | float, ...]
    note: str
    last: bool = False


def _count_hidden(found: list[Line | _Cut], shown: set[Value]) -> Iterator[Line]:
    """Yield the lines; for each cut, one with the number of nodes that it hides, each counted once."""
    seen = set(shown)
    for line in found:
        if isinstance(line, Line):
            yield line
            continue
        count = 0
        stack = list(line.operands)
        while stack:
            node = stack.pop()
            if isinstance(node, Value) and node not in seen:
                seen.add(node)
                count += 1
                stack.extend(node.operands)
        if line.note == "…":
            note = f"… {count:,} more" if count else "… shown elsewhere"
        else:
            note = f"{line.note}, {count:,} more nodes" if count > len(line.operands) else line.note
        yield Line(line.depth, line.last, (("note", note),))


def _name(name: str) -> str:
    return shorten(clean(name), NAME_CHARACTERS)
