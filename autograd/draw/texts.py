"""What a drawing says of a node: its name, its numbers and, in a tooltip, all about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autograd.draw.labels import clean, shorten
from autograd.draw.palette import INK, MUTED
from autograd.draw.partition import frozen, role
from autograd.staleness import assigned_since
from autograd.symbol import Symbol, apply_to_symbols, number_text, text
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.graph import Graph

__all__ = ["TOOLTIP_CHARACTERS", "Texts"]

TOOLTIP_CHARACTERS = 120  # characters of a name in a tooltip
MAX_OPERANDS_WRITTEN = 50  # operands of an expression that a tooltip writes
ASSIGNED, PERHAPS = "*", "?"  # beside the number of a leaf that was assigned, or may have been, after it was used
NOT_COMPUTED = "—"  # a gradient that is not computed


class Texts:
    """The texts of a graph's nodes.

    Args:
        graph: the graph.
        precision: significant digits of the numbers.

    Attributes:
        names: a name for each node, no two alike.
        numbered: the nodes whose own name is another's too.
        swept: whether a backward pass has run.
        signs: what occurs in the texts and is to be explained: words of the legend.
    """

    def __init__(self, graph: Graph, precision: int) -> None:
        self.precision = precision
        self.names = graph.names
        self.numbered = {node for node, name in self.names.items() if node.name and name != node.name}
        self.assigned = assigned_since(graph.nodes)
        self.swept = any(output.grad is not None for output in graph.outputs)
        self.signs = {"flow"} if self.swept else {"uncomputed"}
        if self.assigned.surely:
            self.signs.add("assigned")
        if self.assigned.perhaps:
            self.signs.add("perhaps")

    def name(self, node: Value, limit: int) -> str:
        """Write a node's name with at most `limit` characters."""
        return shorten(clean(self.names[node]), limit)

    def number(self, number: float) -> str:
        """Write a number with the digits that are wanted."""
        return number_text(number + 0.0, self.precision)  # −0 is written 0

    def data(self, node: Value) -> str:
        """Write a node's number, with a sign where it is newer than what was computed from it."""
        mark = ASSIGNED if node in self.assigned.surely else PERHAPS if node in self.assigned.perhaps else ""
        return f"{self.number(node.data)} {mark}".strip()

    def range(self, numbers: Sequence[float]) -> str:
        """Write the lowest and the highest of some numbers."""
        if any(x != x for x in numbers):
            return f"with {number_text(math.nan)}"
        low, high = self.number(min(numbers)), self.number(max(numbers))
        return low if low == high else f"{low} … {high}"

    def grad(self, node: Value) -> tuple[str, str]:
        """Write a node's gradient: a number, or why there is none."""
        if node.grad is not None:
            return self.number(float(node.grad)), INK
        if frozen(node):
            return "frozen", MUTED
        self.signs.add("no path" if self.swept else "uncomputed")
        return ("no path" if self.swept else NOT_COMPUTED), MUTED

    def about(self, node: Value) -> str:
        """Describe a node in full, for its tooltip."""
        name = self.name(node, TOOLTIP_CHARACTERS)
        lines = []
        if node.op is None:
            lines.append(f"{name}: {'frozen leaf' if role(node) == 'frozen' else role(node)}")
        else:
            inner = (Symbol(self.name(v, TOOLTIP_CHARACTERS)) if isinstance(v, Value) else v for v in node.operands)
            short = len(node.operands) <= MAX_OPERANDS_WRITTEN
            lines.append(f"{name} = {text(apply_to_symbols(node.op, tuple(inner)))}" if short else name)
            lines.append(f"operation {node.op.name}" + (f": {node.op.doc}" if node.op.doc else ""))
        note = self.assigned.note(node)
        lines.append(
            f"data {node.data!r}" + (f", {note}: what was computed from it shows the number before" if note else "")
        )
        grad, _ = self.grad(node)
        reasons = {
            NOT_COMPUTED: "not computed yet: call backward()",
            "frozen": "none: it is frozen",
            "no path": "none: backward() came along no path from its output",
        }
        lines.append(f"grad {reasons.get(grad, '')}" if node.grad is None else f"grad {float(node.grad)!r}")
        if node.scope:
            lines.append(f"scope {shorten(clean(node.scope), TOOLTIP_CHARACTERS)}")
        return "\n".join(lines)
