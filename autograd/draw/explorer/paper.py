"""The panel on paper: the gradients, and the sums that they come from, for print and for readers without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from autograd.draw.labels import clean, shorten
from autograd.draw.partition import frozen
from autograd.graph import Edge, Graph
from autograd.symbol import number_text
from autograd.value import Value

__all__ = ["write_paper"]

MAX_ROWS = 60  # leaves that are listed, and sums
MAX_TERMS = 4  # terms of a sum that are written out
NAME_CHARACTERS = 30  # characters of a name


def write_paper(graph: Graph, adjoints: Sequence[float | None]) -> str:
    """Write the gradients of the leaves as a table of HTML, and below it the sum of each node, the output's first.

    Args:
        graph: of one output.
        adjoints: the derivative of the output by each node, None for frozen leaves.
    """
    names = graph.names

    def called(node: Value) -> str:
        return escape(shorten(clean(names[node]), NAME_CHARACTERS))

    top = called(graph.outputs[0])
    adjoint = dict(zip(graph.nodes, adjoints, strict=True))
    leaves = [node for node in graph.leaves if not frozen(node)]
    rows = [
        f'<tr><th scope="row">{called(leaf)}</th><td>{_number(leaf.data)}</td><td>{_number(adjoint[leaf])}</td></tr>'
        for leaf in leaves[:MAX_ROWS]
    ]
    inner = [node for node in reversed(graph.nodes) if node is not graph.outputs[0] and not frozen(node)]
    above: dict[Value, list[Edge]] = {node: [] for node in inner[:MAX_ROWS]}
    for node in reversed(graph.nodes):
        if not above.keys().isdisjoint(node.operands):
            for edge in node.edges:
                if edge.operand in above:
                    above[edge.operand].append(edge)
    sums = [f"<li>{_sum(node, edges, called, top, adjoint)}</li>" for node, edges in above.items()]
    parts = []
    if rows:
        parts.append(
            f'<h2>Gradients</h2><table><thead><tr><th scope="col">leaf</th><th scope="col">data</th>'
            f'<th scope="col">∂{top}/∂leaf</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
            f"{_rest(leaves, 'leaves')}"
        )
    if sums:
        parts.append(f"<h2>Where they come from</h2><ul>{''.join(sums)}</ul>{_rest(inner, 'nodes')}")
    return "".join(parts)


def _sum(
    node: Value, edges: Sequence[Edge], called: Callable[[Value], str], top: str, adjoint: dict[Value, float | None]
) -> str:
    """Write the gradient of a node as a sum over the nodes computed from it: in symbols, in numbers, the result."""
    symbols, numbers = [], []
    for edge in edges[:MAX_TERMS]:
        out = called(edge.output)
        symbols.append(f"∂{top}/∂{out} · ∂{out}/∂{called(node)}")
        numbers.append(f"{_factor(adjoint[edge.output])} × {_factor(edge.slope)}")
    if len(edges) > MAX_TERMS:
        symbols.append("…")
        numbers.append("…")
    return f"∂{top}/∂{called(node)} = {' + '.join(symbols)} = {' + '.join(numbers)} = {_number(adjoint[node])}"


def _number(number: float | None) -> str:
    return "frozen" if number is None else number_text(number + 0.0, 6)


def _factor(number: float | None) -> str:
    written = _number(number)
    return f"({written})" if written.startswith("−") else written


def _rest(every: Sequence[Value], what: str) -> str:
    return f"<p>and {len(every) - MAX_ROWS:,} more {what}</p>" if len(every) > MAX_ROWS else ""
