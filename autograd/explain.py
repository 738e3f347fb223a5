"""Derivations: ∂output/∂value as the chain of edges, in symbols, then in numbers, from the graph alone.

Named Values are the milestones of a derivation; what has no name between them is written out in the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.backward import pass_down
from autograd.errors import NotConnectedError, OperandTypeError
from autograd.graph import Edge, edges_of, expression, label, slope_symbol, topological
from autograd.scaled import ZERO, Scaled, multiply
from autograd.staleness import assigned_since
from autograd.symbol import Symbol, latex, latex_name, latex_number, number_text, printable, product, text
from autograd.value import Value

__all__ = ["Child", "Explanation", "Factor", "Path", "explain"]

MAX_FACTORS = 12  # factors of a chain that are written out
MAX_EDGES_MULTIPLIED = 60  # edges of a path whose formulas are multiplied out
FACTORS_AT_EACH_END = 4  # factors shown at each end of a longer chain


class Factor(NamedTuple):
    """One factor of a chain: ∂upper/∂lower between neighbouring milestones.

    Attributes:
        upper: the Value that is differentiated.
        lower: the Value it is differentiated by.
        edges: the edges between them, from the upper one down.
    """

    upper: Value
    lower: Value
    edges: tuple[Edge, ...]

    @property
    def symbol(self) -> Any:
        """The factor as one product of the edges' formulas."""
        return product([slope_symbol(edge, expression) for edge in self.edges])

    @property
    def number(self) -> float:
        """The factor as a number."""
        return float(_product(self.edges))


class Path(NamedTuple):
    """One path of edges from the output down, and the product of its slopes."""

    edges: tuple[Edge, ...]
    number: float

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The path cut at its named Values."""
        factors: list[Factor] = []
        run: list[Edge] = []
        for edge in self.edges:
            run.append(edge)
            if edge.operand.name is not None or edge is self.edges[-1]:
                factors.append(Factor(run[0].output, edge.operand, tuple(run)))
                run = []
        return tuple(factors)


class Child(NamedTuple):
    """A term of the sum over children: E_node · ∂node/∂value.

    Attributes:
        node: a named Value above, or the output.
        adjoint: E_node, the derivative of the output by it.
        slope: ∂node/∂value along the edges that pass no other named Value.
    """

    node: Value
    adjoint: float
    slope: float


class Explanation:
    """The derivation of ∂output/∂value: ``print`` it, or take its `latex()`.

    Attributes:
        output: the Value that is differentiated.
        value: the Value it is differentiated by.
        total: the derivative: the sum over all paths.
        count: how many paths there are.
        paths: the paths with the largest products, largest first.
        rest: what the other paths add up to.
        children: the nearest named Values above `value` (and the output); total = Σ E·slope over them (lecture L5.4).
    """

    def __init__(self, output: Value, value: Value, paths: int, precision: int) -> None:
        self.output, self.value, self.precision = output, value, precision
        nodes = topological([output])
        ranked, counts, totals = _from_below(nodes, value, paths)
        if output not in counts:
            raise NotConnectedError(
                f"{output._describe()} does not depend on {value._describe()}: no path of edges leads from one to the "
                "other. Pass the very Value that the output was computed from, not a copy of the same name."
            )
        self._total, self.count = totals[output], counts[output]
        self.total = float(self._total)
        self.paths = tuple(_path(output, value, ranked, rank) for rank in range(len(ranked[output])))
        self._rest = self._total
        for path in self.paths:
            self._rest = self._rest - _product(path.edges)
        self.rest = float(self._rest) if self.count > len(self.paths) else 0.0
        seeds: dict[Value, Any] = {**dict.fromkeys(nodes, ZERO), output: Scaled(1.0)}
        adjoints = pass_down(
            nodes, seeds, lambda node, adjoint: [Scaled(s) if s else None for s in node.slopes] if adjoint else ()
        )
        assigned = assigned_since(nodes)
        self._notes: dict[str, list[Value]] = {}
        for leaf in nodes:
            if assigned.note(leaf):
                self._notes.setdefault(assigned.note(leaf), []).append(leaf)
        self._terms = _terms(nodes, output, value, adjoints)
        self.children = tuple(Child(node, float(adjoint), float(slope)) for node, adjoint, slope in self._terms)

    def __str__(self) -> str:
        return "\n".join([*self._lines(), *filter(None, [self._recorded()])])

    def _recorded(self) -> str:
        """Say which leaves were assigned since; nothing where none was."""
        parts = []
        for note, leaves in self._notes.items():
            more = f" and {len(leaves) - MAX_FACTORS} more" if len(leaves) > MAX_FACTORS else ""
            parts.append(f"{', '.join(leaf._describe() for leaf in leaves[:MAX_FACTORS])}{more} {note}")
        return f"as recorded: {'; '.join(parts)}" if parts else ""

    def _latex_recorded(self) -> str:
        if not self._notes:
            return ""
        parts = [
            f"{', '.join(f'${self._latex_label(leaf)}$' for leaf in leaves[:MAX_FACTORS])} {note}"
            for note, leaves in self._notes.items()
        ]
        return rf"\quad\text{{(as recorded: {'; '.join(parts)})}}"

    def _lines(self) -> list[str]:
        lines = []
        if self.output.name is None and self.output is not self.value:
            lines.append(f"{self._label(self.output)} = {text(expression(self.output), self.precision)}")
        if self.count == 1:
            return [*lines, f"{self._head()} = {self._path(self.paths[0])}"]
        if len(self.children) > 1:
            lines.append(self._by_children())
        else:
            lines.append(f"{self._head()} = {self._number(self._total)}")
        lines.append(f"the sum over {self.count:,} paths:")
        width = len(str(len(self.paths)))
        for index, path in enumerate(self.paths, 1):
            lines.append(f"  {index:>{width}}. {self._path(path)}")
        others = self.count - len(self.paths)
        if others:
            lines.append(f"  {'':>{width}}  the other {others:,} together: {self._number(self._rest)}")
        return lines

    def __repr__(self) -> str:
        return str(self)

    def latex(self) -> str:
        r"""Write the derivation as LaTeX: one line, or an ``aligned`` environment with a line for each path."""
        head = self._fraction(self.output, self.value)
        if self.count == 1:
            return f"{head} = {self._latex_path(self.paths[0])}{self._latex_recorded()}"
        total = self._latex_number(self._total)
        rows = [f"{head} &= {total}"]
        if len(self.children) > 1:
            terms = []
            for child in self.children[:MAX_FACTORS]:
                direct = self._fraction(child.node, self.value)
                if child.node is self.output:
                    terms.append(direct + r"\Big|_{\text{direct}}")
                else:
                    terms.append(rf"{self._fraction(self.output, child.node)} \cdot {direct}")
            rows = [f"{head} &= {' + '.join(terms)} = {total}"]
        rows += [f"{'+' if index else ' '}&\\quad {self._latex_path(path)}" for index, path in enumerate(self.paths)]
        if self.count > len(self.paths):
            others = self.count - len(self.paths)
            rows.append(rf"+&\quad {self._latex_number(self._rest)} \quad\text{{({others:,} more paths)}}")
        rows[-1] += self._latex_recorded()
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _label(self, v: Value) -> str:
        return "y" if v is self.output and v.name is None else label(v, self.precision)

    def _head(self) -> str:
        return f"∂{self._label(self.output)}/∂{self._label(self.value)}"

    def _number(self, number: Scaled) -> str:
        far = number.decimal(self.precision)
        if far is None:
            return number_text(float(number), self.precision)
        return f"{far[0]}e{far[1]:+}".replace("-", "−")

    def _latex_number(self, number: Scaled) -> str:
        far = number.decimal(self.precision)
        if far is None:
            return latex_number(float(number), self.precision)
        return rf"{far[0]} \times 10^{{{far[1]}}}"

    def _times(self, numbers: Sequence[Scaled]) -> str:
        written = map(self._number, numbers)
        return " × ".join(_elide([f"({n})" if n.startswith("−") and i else n for i, n in enumerate(written)]))

    def _by_children(self) -> str:
        """Write the lecture's sum over children: E_x = E_z·∂z/∂x + E_s·∂s/∂x + …"""
        top, low = self._label(self.output), self._label(self.value)
        symbols, numbers = [], []
        for node, adjoint, slope in self._terms[:MAX_FACTORS]:
            middle = self._label(node)
            direct = node is self.output
            symbols.append(f"∂{top}/∂{low} directly" if direct else f"∂{top}/∂{middle}·∂{middle}/∂{low}")
            numbers.append(self._number(slope) if direct else self._times([adjoint, slope]))
        rest = len(self.children) - MAX_FACTORS
        more = f" + … {rest} more …" if rest > 0 else ""
        total = self._number(self._total)
        return f"{self._head()} = {' + '.join(symbols)}{more}\n  = {' + '.join(numbers)}{more} = {total}"

    def _path(self, path: Path) -> str:
        """Write one path: ∂E/∂O · ∂O/∂w = (O − t)·a = 0.84 × 2.6 = 2.184."""
        factors = path.factors
        steps: list[str] = []
        if len(factors) > 1:
            steps.append(" · ".join(_elide([f"∂{self._label(f.upper)}/∂{self._label(f.lower)}" for f in factors])))
        symbols = product([f.symbol for f in factors]) if len(path.edges) <= MAX_EDGES_MULTIPLIED else 0.0
        if isinstance(symbols, Symbol):
            steps.append(text(symbols, self.precision))
        if len(factors) > 1:
            steps.append(self._times([_product(f.edges) for f in factors]))
        result = self._number(_product(path.edges))
        if not steps or steps[-1] != result:
            steps.append(result)
        return " = ".join(steps)

    def _fraction(self, upper: Value, lower: Value) -> str:
        return rf"\frac{{\partial {self._latex_label(upper)}}}{{\partial {self._latex_label(lower)}}}"

    def _latex_label(self, v: Value) -> str:
        if v.name is not None:
            return latex_name(printable(v.name))
        if v is self.output:
            return "y"
        written = latex(expression(v), self.precision)
        return written if v._x is None else rf"\left({written}\right)"

    def _latex_path(self, path: Path) -> str:
        factors = path.factors
        steps: list[str] = []
        if len(factors) > 1:
            chain = [self._fraction(f.upper, f.lower) for f in factors]
            steps.append(r" \cdot ".join(_elide(chain, r"\cdots")))
        symbols = product([f.symbol for f in factors]) if len(path.edges) <= MAX_EDGES_MULTIPLIED else 0.0
        if isinstance(symbols, Symbol):
            steps.append(latex(symbols, self.precision))
        if len(factors) > 1:
            numbers = [self._latex_number(_product(f.edges)) for f in factors]
            wrapped = [rf"\left({n}\right)" if n.startswith("-") and i else n for i, n in enumerate(numbers)]
            steps.append(r" \times ".join(_elide(wrapped, r"\cdots")))
        result = self._latex_number(_product(path.edges))
        if not steps or steps[-1] != result:
            steps.append(result)
        return " = ".join(steps)


def explain(output: Value, value: Value, *, paths: int = 5, precision: int = 6) -> Explanation:
    """Derive ∂output/∂value from the graph: symbols, numbers, product; for several paths their sum.

    It needs no `backward()`: slopes stand on the edges from the start.

    Args:
        output: the Value to differentiate.
        value: the Value to differentiate by: a leaf, or any Value in between (the lectures' δ).
        paths: how many paths to write out, those with the largest products; the others are one number.
        precision: significant digits.

    Returns:
        an `Explanation` that prints as text, gives `latex()`, and holds the numbers.

    Raises:
        NotConnectedError: the output does not depend on the value.
        OperandTypeError: an argument is no Value.

    Example:
        >>> w, x = Value(3.0, name="w"), Value(0.7, name="x")
        >>> s = w * x
        >>> s.name = "s"
        >>> print(explain(s**2, w))
        y = s²
        ∂y/∂w = ∂y/∂s · ∂s/∂w = 2·s·x = 4.2 × 0.7 = 2.94
    """
    for argument in (output, value):
        if not isinstance(argument, Value):
            raise OperandTypeError(
                f"explain takes two Values, the output and one it was computed from, not {type(argument).__name__}."
            )
    if not isinstance(paths, int) or paths < 1:
        raise ValueError(f"paths must be a whole number from 1, not {paths!r}.")
    if not isinstance(precision, int) or not 1 <= precision <= 17:
        raise ValueError(f"precision must be from 1 to 17 digits, not {precision!r}.")
    return Explanation(output, value, paths, precision)


def _product(edges: Sequence[Edge]) -> Scaled:
    """Multiply the slopes of edges that follow one another, from below as `_from_below` does."""
    return multiply(edge.slope for edge in reversed(edges))


class _Step(NamedTuple):
    """One of the largest paths down from a node: its product, its first edge, and its rank below that edge."""

    number: Scaled
    edge: Edge | None
    rank: int


def _from_below(
    nodes: Sequence[Value], value: Value, wanted: int
) -> tuple[dict[Value, list[_Step]], dict[Value, int], dict[Value, Scaled]]:
    """For each node above `value`: its `wanted` largest paths down, the number of paths, and their sum."""
    one = Scaled(1.0)
    ranked, count, total = {value: [_Step(one, None, 0)]}, {value: 1}, {value: one}
    for node in nodes:
        below = [edge for edge in edges_of(node) if edge.operand in count] if node is not value else []
        if below:
            slopes = [(Scaled(edge.slope), edge) for edge in below]
            count[node] = sum(count[edge.operand] for edge in below)
            total[node] = sum((total[edge.operand] * slope for slope, edge in slopes), start=ZERO)
            steps = [
                _Step(step.number * slope, edge, rank)
                for slope, edge in slopes
                for rank, step in enumerate(ranked[edge.operand])
            ]
            if len(steps) > 1:
                steps.sort(key=lambda step: step.number.size, reverse=True)
            ranked[node] = steps[:wanted]
    return ranked, count, total


def _path(output: Value, value: Value, ranked: dict[Value, list[_Step]], rank: int) -> Path:
    """Follow one of the largest paths from the output down."""
    number = float(ranked[output][rank].number)
    edges: list[Edge] = []
    node = output
    while node is not value:
        _, edge, rank = ranked[node][rank]
        assert edge is not None
        edges.append(edge)
        node = edge.operand
    return Path(tuple(edges), number)


def _terms(
    nodes: Sequence[Value], output: Value, value: Value, adjoints: dict[Value, Scaled]
) -> list[tuple[Value, Scaled, Scaled]]:
    """Collect the nearest milestones above `value`, each with its adjoint and its slope along unnamed Values only."""
    local = {value: Scaled(1.0)}
    terms: list[tuple[Value, Scaled, Scaled]] = []
    for node in nodes:
        below = [edge for edge in edges_of(node) if edge.operand in local]
        if not below or node is value:
            continue
        slope = sum((local[edge.operand] * Scaled(edge.slope) for edge in below), start=ZERO)
        if node.name is not None or node is output:
            terms.append((node, adjoints[node], slope))
        else:
            local[node] = slope
    return terms


def _elide(items: list[str], dots: str = "…") -> list[str]:
    return items if len(items) <= MAX_FACTORS else [*items[:FACTORS_AT_EACH_END], dots, *items[-FACTORS_AT_EACH_END:]]
