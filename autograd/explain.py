"""Derivations: ∂output/∂value as the chain of edges, in symbols, then in numbers, from the graph alone.

Named Values are the milestones of a derivation; what has no name between them is written out in the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd.collector import hold_collector
from autograd.derivation import derive
from autograd.errors import NotConnectedError, OperandTypeError
from autograd.graph import Edge, expression, label, slope_symbols, topological
from autograd.scaled import Scaled, multiply
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
        return product([edge.symbol for edge in self.edges])

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
        return tuple([self._factor(span) for span in self._spans()])

    def _spans(self) -> list[tuple[int, int]]:
        ends = [place for place, edge in enumerate(self.edges[:-1], 1) if edge[0]._name is not None]
        return list(zip([0, *ends], [*ends, len(self.edges)], strict=True)) if self.edges else []

    def _factor(self, span: tuple[int, int]) -> Factor:
        edges = self.edges[slice(*span)]
        return Factor(edges[0].output, edges[-1].operand, edges)

    def _shown(self) -> list[Factor | None]:
        """Return the factors that are written out; None stands for those between them."""
        return [None if span is None else self._factor(span) for span in _elide(self._spans(), None)]


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

    @hold_collector()
    def __init__(self, output: Value, value: Value, paths: int, precision: int) -> None:
        self.output, self.value, self.precision = output, value, precision
        output._check_trace("explain()")
        nodes = topological([output])
        found = derive(nodes, value, paths)
        if found is None:
            raise NotConnectedError(
                f"{output._describe()} does not depend on {value._describe()}: no path of edges leads from one to the "
                "other. Pass the very Value that the output was computed from, not a copy of the same name."
            )
        self._total, self.count, self._terms = found.total, found.number, found.terms
        self.total = float(self._total)
        self.paths = tuple([Path(tuple(edges), float(number)) for edges, number in found.paths])
        self._products = [number for _, number in found.paths]
        self._rest = self._total
        for number in self._products:
            self._rest = self._rest - number
        self.rest = float(self._rest) if self.count > len(self.paths) else 0.0
        self._slopes: dict[Value, list[Any]] = {}
        assigned = assigned_since(nodes)
        self._notes: dict[str, list[Value]] = {}
        for leaf in nodes:
            if assigned.note(leaf):
                self._notes.setdefault(assigned.note(leaf), []).append(leaf)
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
            return [*lines, f"{self._head()} = {self._path(self.paths[0], self._products[0])}"]
        if len(self.children) > 1:
            lines.append(self._by_children())
        else:
            lines.append(f"{self._head()} = {self._number(self._total)}")
        lines.append(f"the sum over {self.count:,} paths:")
        width = len(str(len(self.paths)))
        for index, (path, number) in enumerate(zip(self.paths, self._products, strict=True), 1):
            lines.append(f"  {index:>{width}}. {self._path(path, number)}")
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
            return f"{head} = {self._latex_path(self.paths[0], self._products[0])}{self._latex_recorded()}"
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
        for index, (path, number) in enumerate(zip(self.paths, self._products, strict=True)):
            rows.append(f"{'+' if index else ' '}&\\quad {self._latex_path(path, number)}")
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

    def _times(self, numbers: Sequence[Scaled | None]) -> str:
        written = ["…" if number is None else self._number(number) for number in numbers]
        return " × ".join([f"({n})" if n.startswith("−") and i else n for i, n in enumerate(written)])

    def _multiply_out(self, path: Path) -> Any:
        """Multiply the formulas of a path's edges; a number where there are too many to write."""
        if len(path.edges) > MAX_EDGES_MULTIPLIED:
            return 0.0
        return product([product([self._symbol(edge) for edge in factor.edges]) for factor in path.factors])

    def _symbol(self, edge: Edge) -> Any:
        """Read the slope of an edge with symbols; those of a node with many operands once for all."""
        node = edge.output
        if not node._op.nary:
            return edge.symbol
        if node not in self._slopes:
            self._slopes[node] = slope_symbols(node)
        return self._slopes[node][edge.slot]

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

    def _path(self, path: Path, number: Scaled) -> str:
        """Write one path: ∂E/∂O · ∂O/∂w = (O − t)·a = 0.84 × 2.6 = 2.184."""
        factors = path._shown()
        steps: list[str] = []
        if len(factors) > 1:
            chain = [f"∂{self._label(f.upper)}/∂{self._label(f.lower)}" if f else "…" for f in factors]
            steps.append(" · ".join(chain))
        symbols = self._multiply_out(path)
        if isinstance(symbols, Symbol):
            steps.append(text(symbols, self.precision))
        if len(factors) > 1:
            steps.append(self._times([_product(f.edges) if f else None for f in factors]))
        result = self._number(number)
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

    def _latex_path(self, path: Path, number: Scaled) -> str:
        factors = path._shown()
        steps: list[str] = []
        if len(factors) > 1:
            chain = [self._fraction(f.upper, f.lower) if f else r"\cdots" for f in factors]
            steps.append(r" \cdot ".join(chain))
        symbols = self._multiply_out(path)
        if isinstance(symbols, Symbol):
            steps.append(latex(symbols, self.precision))
        if len(factors) > 1:
            numbers = [self._latex_number(_product(f.edges)) if f else r"\cdots" for f in factors]
            wrapped = [rf"\left({n}\right)" if n.startswith("-") and i else n for i, n in enumerate(numbers)]
            steps.append(r" \times ".join(wrapped))
        result = self._latex_number(number)
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
    """Multiply the slopes of edges that follow one another, from below as `derive` does."""
    return multiply(edge.slope for edge in reversed(edges))


def _elide(items: list[Any], dots: Any) -> list[Any]:
    return items if len(items) <= MAX_FACTORS else [*items[:FACTORS_AT_EACH_END], dots, *items[-FACTORS_AT_EACH_END:]]
