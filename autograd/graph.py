"""Graph and Edge: everything a Value was computed from, in order, each derivative on its own edge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.advice import Absent
from autograd.expression import NO_NAMES, are_told_apart, expression, label, slope_symbols
from autograd.latex_names import note_counting
from autograd.naming import name_nodes
from autograd.symbol import latex_number, names_in, number_text
from autograd.textbook import formula, latex_formula
from autograd.value import Value, number_of

if TYPE_CHECKING:
    import os

    from autograd.draw.fold import Fold

__all__ = ["Edge", "Graph", "edges_of", "reaching", "same_number", "topological"]


class Edge(NamedTuple):
    """One derivative: how much `output` changes with `operand`, its operand number `slot`.

    Attributes:
        operand: the Value the edge starts from.
        output: the Value that was computed from it.
        slot: position of the operand, from 0; ``x * x`` has two edges that differ in nothing else.
        graph: the graph it was taken from, whose names its formula has; that of the output unless given.
    """

    operand: Value
    output: Value
    slot: int
    graph: Graph | None = None

    @property
    def slope(self) -> float:
        """∂output/∂operand as a number, as recorded."""
        slope = self.output._slopes[self.slot]
        assert slope is not None
        return slope

    @property
    def flow(self) -> float | None:
        """What flows back along the edge: slope × output.grad; None before `backward()`."""
        adjoint = self.output.grad
        if adjoint is None:
            return None
        return number_of(adjoint) * self.slope if number_of(adjoint) else 0.0

    @property
    def symbol(self) -> Any:
        """∂output/∂operand as a `Symbol` over the operands' names: the operation's own rule, as it is computed."""
        return slope_symbols(self.output, self.slot, self._names())[self.slot]

    @property
    def formula(self) -> str:
        """∂output/∂operand in symbols: the operation's own rule, read with the operands' names as a textbook has it."""
        return formula(self.symbol)

    @property
    def latex(self) -> str:
        """The formula as LaTeX."""
        return latex_formula(self.symbol)

    def _names(self) -> Mapping[Value, str]:
        """Take the names from the graph where those of the Values themselves do not tell them apart."""
        if are_told_apart(self.output):
            return NO_NAMES
        graph = self.graph or Graph(self.output)
        return {node: name for node, name in graph.names.items() if node._name or node._x is None}

    def __eq__(self, other: object) -> bool:
        """Whether it is the edge of the same nodes, as objects."""
        if not isinstance(other, Edge):
            return NotImplemented
        return self.operand is other.operand and self.output is other.output and self.slot == other.slot

    def __hash__(self) -> int:
        return hash((id(self.operand), id(self.output), self.slot))

    def __repr__(self) -> str:
        names, written, number = self._names(), self.formula, number_text(self.slope)
        shown = number if written == number else f"{written} = {number}"
        return f"<Edge ∂{label(self.output, names)}/∂{label(self.operand, names)} = {shown}>"

    def _repr_latex_(self) -> str:
        names, written, number = self._names(), self.latex, latex_number(self.slope)
        output, operand = (_latex_node(node, names) for node in (self.output, self.operand))
        shown = number if written == number else f"{written} = {number}"
        flow = "" if self.flow is None else rf"\qquad \text{{flow }} {latex_number(self.flow)}"
        whole = rf"\frac{{\partial {output}}}{{\partial {operand}}} = {shown}{flow}"
        symbols = [expression(self.operand, names), expression(self.output, names), self.symbol]
        return rf"$\displaystyle {whole}{note_counting(whole, names_in(symbols))}$"


def _latex_node(node: Value, names: Mapping[Value, str]) -> str:
    symbol = expression(node, names)
    written = latex_formula(symbol)
    return rf"\left({written}\right)" if getattr(symbol, "op", None) is not None else written


def edges_of(node: Value, graph: Graph | None = None) -> tuple[Edge, ...]:
    """Make the edges from a node to those of its operands that are Values."""
    return tuple(
        Edge(operand, node, slot, graph)
        for slot, (operand, slope) in enumerate(zip(node.operands, node._slopes, strict=True))
        if slope is not None and isinstance(operand, Value)
    )


def topological(roots: Sequence[Value], until: Set[Value] = frozenset()) -> list[Value]:
    """Return everything that the roots were computed from, operands before what uses them, left before right.

    Args:
        until: nodes whose operands are left out.
    """
    order: list[Value] = []
    seen: set[Value] = set()
    stack: list[Any] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if type(node) is tuple:
            order.append(node[0])
            continue
        if node in seen:
            continue
        seen.add(node)
        first = node._x
        if first is None or node in until:
            order.append(node)
            continue
        stack.append((node,))
        if type(first) is tuple:
            waiting = [v for v in first if isinstance(v, Value) and v not in seen]
            waiting.reverse()
            stack += waiting
            continue
        second = node._y
        if node._dy is not None and second not in seen:
            stack.append(second)
        if node._dx is not None and first not in seen:
            stack.append(first)
    return order


class Graph:
    """Everything that one or several Values were computed from.

    Args:
        outputs: the Values at the top.

    Raises:
        TypeError: an output is no Value.

    Example:
        >>> x = Value(3.0, name="x")
        >>> graph = (x * x + 1.0).graph()
        >>> graph
        <Graph of 3 nodes, 3 edges, 1 leaf>
        >>> [edge.formula for edge in graph.edges]
        ['x', 'x', '1']
    """

    def __init__(self, *outputs: Value) -> None:
        for output in outputs:
            if not isinstance(output, Value):
                raise TypeError(f"A Graph is made of Values, not of {type(output).__name__}: pass the output Value.")
        self.outputs = outputs
        self.nodes: tuple[Value, ...] = tuple(topological(outputs))
        self._named: list[str | None] | None = None  # the nodes' own names when `_names` was made
        self._names: dict[Value, str] = {}

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge, in the order of the nodes they lead to."""
        return tuple(edge for node in self.nodes for edge in edges_of(node, self))

    @property
    def leaves(self) -> tuple[Value, ...]:
        """The Values that no operation made."""
        return tuple(node for node in self.nodes if node._x is None)

    @property
    def names(self) -> dict[Value, str]:
        """A name for each node, no two alike. Deterministic.

        Nodes of one name are numbered in their order (``s⟨1⟩``, ``s⟨2⟩``); without one a leaf is ``x`` (several are
        ``x1``, ``x2``, …), the only output is ``y``, and what stands between ``v1``, ``v2``, …
        """
        own = [node._name for node in self.nodes]
        if self._named != own:
            self._named, self._names = own, name_nodes(self.nodes, self.outputs)
        return dict(self._names)

    def paths(self, output: Value, operand: Value) -> Iterator[tuple[Edge, ...]]:
        """Yield every path of edges from `output` down to `operand`.

        There may be exponentially many: take as many as you need, for instance with `itertools.islice`.
        """
        below = reaching(self.nodes, {operand})
        if output not in below:
            return
        trail: list[Edge] = []
        stack: list[Iterator[Edge]] = [iter(edges_of(output))]
        if output is operand:
            yield ()
            return
        while stack:
            edge = next(stack[-1], None)
            if edge is None:
                stack.pop()
                if trail:
                    trail.pop()
                continue
            if edge.operand not in below:
                continue
            if edge.operand is operand:
                yield (*trail, edge)
                continue
            trail.append(edge)
            stack.append(iter(edges_of(edge.operand)))

    def fold(self, by: str | None = "auto", *, budget: int | None = None, keep: Iterable[Value] = ()) -> Fold:
        """Gather nodes into boxes for a drawing that fits; equal graphs give equal folds. Outputs stay by themselves.

        Args:
            by: ``"scope"`` (the parts of a model, at the deepest level that fits), ``"op"`` (runs of one operation),
                ``"auto"`` (only what is too large for a page: weights, then examples, steps, layers), or None for
                nothing.
            budget: the most boxes to end with; 60 unless given, and no more than fit a page 900 pixels wide.
            keep: Values of the graph, such as the leaves whose gradients are wanted, that stay by themselves too.

        Returns:
            a `Fold` with `boxes`, `links` between them, and a `note` that says what was folded.

        Raises:
            DrawingError: nothing is to be gathered, and the graph is larger than the budget.
            ValueError: an argument is none of these.
        """
        from autograd.draw.fold import fold

        return fold(self, by, budget=budget, keep=keep)

    def to_dot(
        self,
        *,
        rankdir: str | None = None,
        precision: int = 4,
        budget: int | None = None,
        fold: str | None = "auto",
        keep: Iterable[Value] = (),
    ) -> str:
        """Write the graph in Graphviz's DOT language. Options as in `save`."""
        from autograd.draw.dot import Drawing
        from autograd.draw.style import Style

        return Drawing(self, Style(rankdir, precision, budget, fold, tuple(keep))).source

    def to_svg(
        self,
        *,
        rankdir: str | None = None,
        precision: int = 4,
        budget: int | None = None,
        fold: str | None = "auto",
        keep: Iterable[Value] = (),
    ) -> str:
        """Draw the graph as an SVG element, as text. Options as in `save`."""
        from autograd.draw.render import to_svg
        from autograd.draw.style import Style

        return to_svg(self, Style(rankdir, precision, budget, fold, tuple(keep)))

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        rankdir: str | None = None,
        precision: int = 4,
        budget: int | None = None,
        fold: str | None = "auto",
        keep: Iterable[Value] = (),
    ) -> None:
        """Draw the graph into a file: ``.svg``, ``.png``, ``.pdf`` or ``.dot``.

        Args:
            path: where to; the file appears whole or not at all.
            rankdir: where the arrows lead: ``"LR"`` (left to right), ``"TB"`` (down), ``"RL"`` or ``"BT"``; None
                for what fits a page.
            precision: significant digits, 1 to 17; the tooltips of an SVG have them all.
            budget: the most boxes before the graph is folded, those of constants included: 60 unless given.
                A folded drawing says so below.
            fold: as `by` of `fold`; None draws every node, up to 1,000 boxes or as many as `budget` says.
            keep: as in `fold`.

        Raises:
            TypeError: the path is neither a str nor a Path.
            DrawingError: the format or the path cannot be written, or the graph is too large for ``fold=None``; the
                message says what to do.
            ValueError: an option is none of these.
        """
        from autograd.draw.render import save
        from autograd.draw.style import Style

        save(self, path, Style(rankdir, precision, budget, fold, tuple(keep)))

    def to_sympy(self) -> Any:
        """Write the output as a SymPy expression of the leaves, or several as a tuple.

        Its symbols are real: to differentiate by x is ``sympy.diff(e, sympy.Symbol("x", real=True))``, as SymPy takes a
        symbol without that for another one.

        Raises:
            ImportError: SymPy is not installed.
        """
        from autograd.symbolic import to_sympy

        return to_sympy(self)

    def __reduce__(self) -> Any:
        return Graph, self.outputs  # pickled one by one, each node would list all that lie below it

    def _repr_svg_(self) -> str:
        from autograd.draw.render import fit_column

        return fit_column(self.to_svg())

    if not TYPE_CHECKING:
        _shown = "graph.save('g.svg') draws it, print(output.tree()) shows it here"
        draw, plot, show = Absent(_shown), Absent(_shown), Absent(_shown)
        del _shown

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.nodes)

    def __contains__(self, node: object) -> bool:
        return any(node is one for one in self.nodes)

    def __eq__(self, other: object) -> bool:
        """Whether two graphs have the same structure: operations, wiring, numbers and names."""
        if not isinstance(other, Graph):
            return NotImplemented
        return _describe(self) == _describe(other)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        """Describe the graph, and say what shows it: what ``print`` writes."""
        return (
            f"{self!r}\nDraw it with graph.save('g.svg'), step through it with output.explore(), print output.tree()."
        )

    def __repr__(self) -> str:
        leaves, edges = len(self.leaves), sum(len(edges_of(node)) for node in self.nodes)
        return (
            f"<Graph of {len(self.nodes)} node{'s' * (len(self.nodes) != 1)}, {edges} edge{'s' * (edges != 1)}, "
            f"{leaves} lea{'f' if leaves == 1 else 'ves'}>"
        )


def reaching(nodes: Sequence[Value], wanted: Set[Value]) -> set[Value]:
    """Return the nodes from which edges lead down to a wanted one, themselves included.

    Args:
        nodes: operands before what uses them.
    """
    found = set(wanted)
    for node in nodes:
        if any(isinstance(v, Value) and v in found for v in node.operands):
            found.add(node)
    return found


def same_number(one: Any, other: Any) -> bool:
    """Whether two numbers are equal, or both NaN."""
    return bool(one == other or (one != one and other != other))


def _describe(graph: Graph) -> list[Any]:
    """Return what two graphs of the same structure have in common, with places for nodes."""
    place = {node: index for index, node in enumerate(graph.nodes)}

    def comparable(number: float) -> Any:
        return "NaN" if math.isnan(number) else number

    rows: list[Any] = [[place[output] for output in graph.outputs]]
    for node in graph.nodes:
        wiring = tuple(("node", place[v]) if isinstance(v, Value) else comparable(v) for v in node.operands)
        slopes = tuple(s if s is None else comparable(s) for s in node._slopes)
        rows.append((node.op, comparable(node.data), node.name, node.requires_grad, wiring, slopes))
    return rows
