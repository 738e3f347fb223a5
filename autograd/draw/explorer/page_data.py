"""A graph as plain data for a page: wiring, names, formulas, and the numbers that Python computed.

The page needs nothing else: it draws, steps and computes again from this record, the picture and the table of
operations. A record holds a list of frames, so that a film over training steps is the same record with more of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from autograd import ops
from autograd.backward import check_fresh, pass_down
from autograd.draw.explorer.javascript import key_of, table
from autograd.draw.explorer.mathml import Tree, formula, slot
from autograd.draw.labels import clean, operation, shorten
from autograd.draw.partition import Wiring, frozen, role
from autograd.draw.parts import name_parts
from autograd.errors import DrawingError
from autograd.graph import Graph
from autograd.op import REAL, Op
from autograd.symbol import Symbol, apply_to_symbols
from autograd.textbook import textbook
from autograd.value import Value

__all__ = ["MAX_NODES", "adjoints_of", "check_size", "count_edges", "plain", "record_of", "safe_json"]

FORMAT = 1
MAX_NODES = 60_000  # nodes of a graph that a page holds
MAX_EDGES = 250_000
NAME_CHARACTERS = 120  # characters of a name
PART_CHARACTERS = 40  # characters of the name of a part
TOGETHER = "A page shows numbers that belong together: compute it again, then explore."
MAX_OPERANDS_WRITTEN = 40  # operands of an operation whose formula is written out


def record_of(
    graph: Graph, adjoints: Sequence[float | None], more: Sequence[tuple[Op, int]] = ()
) -> tuple[dict[str, Any], str]:
    """Make the record of a graph, and its table of operations as JavaScript.

    Args:
        graph: of one output.
        adjoints: the derivative of the output by each node, None for frozen leaves.
        more: operations, each with its number of operands, that the table holds as well.

    Returns:
        a dictionary that JSON can hold (see the comment at the head of ``engine.js`` for its fields), and the code.

    Raises:
        DrawingError: the graph is too large for a page.
        StaleGraphError: a leaf was assigned since the graph was recorded.
    """
    check_size(graph)
    [output] = graph.outputs
    for node in graph.nodes:
        check_fresh(node, TOGETHER, output)
    place = {node: index for index, node in enumerate(graph.nodes)}
    names = [shorten(clean(name), NAME_CHARACTERS) for name in graph.names.values()]
    own: dict[Op, str] = {}
    used = {(node.op, len(node.operands)): None for node in graph.nodes if node.op is not None}
    code, missing = table([*used, *more], own)
    formulas = _Formulas()
    homes = name_parts(Wiring(graph.nodes), names)
    scopes = {home: "/".join(shorten(clean(part), PART_CHARACTERS) for part in home.split("/")) for home in set(homes)}
    nodes = []
    for node, name, home in zip(graph.nodes, names, homes, strict=True):
        entry: dict[str, Any] = {"name": name, "role": role(node)}
        if not node.name:
            entry["unnamed"] = True
        if home:
            entry["scope"] = scopes[home]
        if node.op is not None:
            entry["op"] = key_of(node.op, len(node.operands), own)
            entry["operands"] = [place[v] if isinstance(v, Value) else [plain(v)] for v in node.operands]
            entry["formula"], entry["slopes"] = formulas.of(node)
        nodes.append(entry)
    record = {
        "format": FORMAT,
        "output": place[output],
        "nodes": nodes,
        "formulas": formulas.trees,
        "operations": {key_of(op, count, own): _about(op, count) for op, count in used},
        "closed": sorted(missing),
        "frames": [_frame(graph, adjoints)],
    }
    return record, code


def adjoints_of(graph: Graph) -> list[float | None]:
    """Compute ∂output/∂node for every node, by one sweep; None for a frozen leaf. No `grad` is touched.

    Infinite and undefined ones are given as they come, as the page shows them at their nodes.
    """
    seeds = dict.fromkeys(graph.nodes, 0.0) | dict.fromkeys(graph.outputs, 1.0)
    adjoints = pass_down(graph.nodes, seeds, lambda node, adjoint: node.slopes if adjoint else ())
    return [None if frozen(node) else adjoints[node] for node in graph.nodes]


def safe_json(data: Any) -> str:
    """Write data as JSON that no HTML parser can leave early: without ``<``, ``>``, ``&`` and line separators."""
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written


def _frame(graph: Graph, adjoints: Sequence[float | None]) -> dict[str, Any]:
    """Collect the numbers of the graph: of each node, of each slope, and the adjoints."""
    return {
        "data": [plain(node.data) for node in graph.nodes],
        "slopes": [[None if s is None else plain(s) for s in node.slopes] for node in graph.nodes],
        "grads": [None if g is None else plain(g) for g in adjoints],
    }


def plain(number: Any) -> float | str:
    """Return a number as JSON has it: JSON knows no infinities and no NaN, which are texts here."""
    x = float(number)
    if math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def _about(op: Op, count: int) -> dict[str, Any]:
    """Return what the page tells about an operation, and where it is defined."""
    about: dict[str, Any] = {"name": op.name, "sign": operation(op)}
    if op.doc:
        about["summary"] = op.doc
    if op.convention:
        about["convention"] = op.convention
    if op.needs:
        about["needs"] = op.needs
    if not op.nary and any(interval != REAL for interval in op.domain):
        about["domain"] = [[plain(low), plain(high)] for low, high in op.domain]
        pairs = zip(op.operands, op.domain, strict=True)
        needs = " and ".join(interval.describe(name) for name, interval in pairs if interval != REAL)
        about.setdefault("needs", needs)
    return about


class _Formulas:
    """Formulas with slots for operands, each kept once: nodes of one operation share theirs."""

    def __init__(self) -> None:
        self.trees: list[Tree] = []
        self._numbers: dict[str, int] = {}
        self._known: dict[tuple[Any, ...], tuple[int, list[int | None]]] = {}

    def of(self, node: Value) -> tuple[int, list[int | None]]:
        """Return the numbers of a node's formula and of those of its slopes, None for constants."""
        key = (node.op, *[None if isinstance(v, Value) else (type(v), float(v)) for v in node.operands])
        if key not in self._known:
            self._known[key] = self._read(node)
        return self._known[key]

    def _read(self, node: Value) -> tuple[int, list[int | None]]:
        op = node.op
        assert op is not None
        operands = tuple(slot(i) if isinstance(v, Value) else v for i, v in enumerate(node.operands))
        wanted = [slope is not None for slope in node.slopes]
        whole = self._number(formula(_write(op, operands)))
        try:
            read = op.slopes_at(slot(-1), operands, wanted)
        except Exception:  # a user's rule, written for floats only
            return whole, [None] * len(operands)
        slopes = [textbook(slope) if want else None for slope, want in zip(read, wanted, strict=True)]
        return whole, [None if slope is None else self._number(formula(slope)) for slope in slopes]

    def _number(self, tree: Tree) -> int:
        key = json.dumps(tree)
        if key not in self._numbers:
            self._numbers[key] = len(self.trees)
            self.trees.append(tree)
        return self._numbers[key]


def _write(op: Op, operands: Sequence[Any]) -> Any:
    """Write an operation on symbols; sums and products of any number of operands are written out."""
    if op.nary and len(operands) <= MAX_OPERANDS_WRITTEN and op.generic:
        made = op.forward(*operands)
        if isinstance(made, Symbol) and made.op in (ops.add, ops.mul):
            return made
    return apply_to_symbols(op, tuple(operands))


def count_edges(graph: Graph) -> int:
    """Count the edges of a graph."""
    return sum(len(node.slopes) - node.slopes.count(None) for node in graph.nodes)


def check_size(graph: Graph) -> None:
    """Check that a page can hold a graph.

    Raises:
        DrawingError: it is too large.
    """
    edges = count_edges(graph)
    if len(graph.nodes) > MAX_NODES or edges > MAX_EDGES:
        raise DrawingError(
            f"The graph has {len(graph.nodes):,} nodes and {edges:,} edges; a page of the explorer holds at most "
            f"{MAX_NODES:,} and {MAX_EDGES:,}. Explore an inner Value, such as one neuron, or draw a folded overview "
            "with graph().save('g.svg')."
        )
