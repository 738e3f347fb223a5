"""Graph and Edge: everything a Value was computed from, in order, each derivative on its own edge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.notation import ATOM
from autograd.op import READINGS
from autograd.symbol import Symbol, apply_to_symbols, latex, number_text, printable, text
from autograd.value import Value, number_of

if TYPE_CHECKING:
    import os

    from autograd.draw.fold import Fold

__all__ = [
    "Edge",
    "Graph",
    "edges_of",
    "expression",
    "label",
    "reaching",
    "same_number",
    "slope_symbols",
    "topological",
]

MAX_FORMULA_DEPTH = 4  # operations that a formula writes out for an operand without a name
MAX_OPERANDS = 2 * MAX_FORMULA_DEPTH + 1  # operands of one operation that a formula writes out


class Edge(NamedTuple):
    """One derivative: how much `output` changes with `operand`, its operand number `slot`.

    Attributes:
        operand: the Value the edge starts from.
        output: the Value that was computed from it.
        slot: position of the operand, from 0; ``x * x`` has two edges that differ in nothing else.
    """

    operand: Value
    output: Value
    slot: int

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
        """∂output/∂operand as a `Symbol` over the names of the operands."""
        return slope_symbols(self.output, self.slot)[self.slot]

    @property
    def formula(self) -> str:
        """∂output/∂operand in symbols: the operation's own rule, read with the operands' names."""
        return text(self.symbol)

    @property
    def latex(self) -> str:
        """The formula as LaTeX."""
        return latex(self.symbol)

    def __eq__(self, other: object) -> bool:
        """Whether it is the edge of the same nodes, as objects."""
        if not isinstance(other, Edge):
            return NotImplemented
        return self.operand is other.operand and self.output is other.output and self.slot == other.slot

    def __hash__(self) -> int:
        return hash((id(self.operand), id(self.output), self.slot))

    def __repr__(self) -> str:
        formula, number = self.formula, number_text(self.slope)
        shown = number if formula == number else f"{formula} = {number}"
        return f"<Edge ∂{label(self.output)}/∂{label(self.operand)} = {shown}>"


def slope_symbols(node: Value, slot: int | None = None) -> list[Any]:
    """Read the slope rules of a node with symbols: all of them, or the one of an operand (None for the others)."""
    operands = node.operands
    wanted = None if slot is None else [place == slot for place in range(len(operands))]
    many = len(operands) > MAX_OPERANDS
    written = tuple([_Unread(v) if many and isinstance(v, Value) else expression(v) for v in operands])
    slopes: list[Any] = node._op.slopes_at(expression(node), written, wanted)
    return slopes


class _Unread(Symbol):
    """The symbol of one operand of many, written when a rule looks at it: few of them are in the slope of another."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    def __getattr__(self, slot: str) -> Any:
        if slot not in Symbol.__slots__:
            return super().__getattr__(slot)
        symbol = expression(self.value)
        self.name, self._latex, self.op, self.operands = symbol.name, symbol._latex, symbol.op, symbol.operands
        return getattr(self, slot)


READINGS[_Unread] = READINGS[Symbol]


def label(v: Value, precision: int = 6) -> str:
    """Name a Value in one line of text: its name, or its expression in parentheses, cut at 40 characters."""
    if v.name is not None:
        return printable(v.name)
    symbol = expression(v)
    written = text(symbol, precision)
    if symbol.op is not None and not symbol.op.nary and symbol.op.notation.precedence < ATOM:
        written = f"({written})"
    return written if len(written) <= 40 else written[:38] + "…)"


def expression(v: Value | float, depth: int = MAX_FORMULA_DEPTH) -> Any:
    """Return a Value as a symbol over the nearest named Values, at most `depth` operations deep.

    What lies deeper is written as ``…``; a leaf without a name as its number.
    """
    if not isinstance(v, Value):
        return v
    if v.name is not None:
        return Symbol(printable(v.name))
    if v._x is None:
        return Symbol(number_text(v.data), latex=latex(v.data))
    if depth == 0:
        return Symbol("…", latex=r"\ldots")
    operands = v.operands
    if v._op.nary and len(operands) > MAX_OPERANDS:
        return Symbol(f"{v._op.name}(…)", latex=rf"\operatorname{{{v._op.name}}}(\ldots)")
    inner = tuple(expression(x, depth - 1) for x in operands)
    if v._op.nary and v._op.generic:
        return v._op.forward(*inner)
    return apply_to_symbols(v._op, inner)


def edges_of(node: Value) -> tuple[Edge, ...]:
    """Make the edges from a node to those of its operands that are Values."""
    return tuple(
        Edge(operand, node, slot)
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

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every edge, in the order of the nodes they lead to."""
        return tuple(edge for node in self.nodes for edge in edges_of(node))

    @property
    def leaves(self) -> tuple[Value, ...]:
        """The Values that no operation made."""
        return tuple(node for node in self.nodes if node._x is None)

    @property
    def names(self) -> dict[Value, str]:
        """A name for each node: its own, or ``v1``, ``v2``, … in topological order. Deterministic."""
        taken = {node.name for node in self.nodes if node.name}
        names: dict[Value, str] = {}
        number = 0
        for node in self.nodes:
            if node.name:
                names[node] = node.name
                continue
            number += 1
            while f"v{number}" in taken:
                number += 1
            names[node] = f"v{number}"
        return names

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
            DrawingError: the format or the path cannot be written, or the graph is too large for ``fold=None``; the
                message says what to do.
            ValueError: an option is none of these.
        """
        from autograd.draw.render import save
        from autograd.draw.style import Style

        save(self, path, Style(rankdir, precision, budget, fold, tuple(keep)))

    def __reduce__(self) -> Any:
        return Graph, self.outputs  # pickled one by one, each node would list all that lie below it

    def _repr_svg_(self) -> str:
        return self.to_svg()

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
