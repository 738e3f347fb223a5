"""Derivations: ∂output/∂value as the chain of edges, in symbols, then in numbers, from the graph alone.

Named Values are the milestones of a derivation; what has no name between them is written out in the formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from autograd.chains import Chain, Chains, Line, along
from autograd.collector import hold_collector
from autograd.derivation import derive
from autograd.ellipsis import FIRST_TERMS, MAX_TERMS, by_numbers, shorten
from autograd.errors import NotConnectedError, OperandTypeError
from autograd.expression import label
from autograd.graph import Edge, topological
from autograd.latex_names import latex_name
from autograd.naming import name_nodes
from autograd.scaled import ZERO, Scaled
from autograd.staleness import assigned_since
from autograd.symbol import Symbol, book, latex, latex_number, number_text, printable
from autograd.textbook import Writer
from autograd.value import Value

__all__ = ["Child", "Explanation", "Factor", "Path", "explain"]

MAX_FACTORS = 12  # factors of a chain that are written out
MAX_PATHS_ADDED = 100  # paths of a derivative that is written as one formula, however few of them are shown
MANY = 5  # paths, or terms of a sum over children, up to which each is looked at for itself
MAX_TOTAL_CHARACTERS = 90  # characters of a sum over paths that is written as one formula
MAX_CLOSED_CHARACTERS = 130  # and of one over many
MAX_SUM_CHARACTERS = 40  # and of one below a sum over children, where its terms are few and not alike
ROUNDING = 1e-15  # relative to the largest path; what is left of the sum below it is rounding
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
        return Writer().multiply([edge.symbol for edge in self.edges]).symbol

    @property
    def number(self) -> float:
        """The factor as a number."""
        return float(along(self.edges))


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
    def __init__(self, output: Value, value: Value, paths: int, precision: int, rules: bool = False) -> None:
        self.output, self.value, self.precision, self.rules = output, value, precision, rules
        output._check_trace("explain()")
        nodes = self._nodes = topological([output])
        found = derive(nodes, value, paths, MAX_PATHS_ADDED)
        if found is None:
            raise NotConnectedError(
                f"{_identify(output)} does not depend on {_identify(value)}: no path of edges leads from one to the "
                "other. Pass the very Value that the output was computed from, not a copy of the same name."
            )
        self._total, self.count, self._terms = found.total, found.number, found.terms
        self.total = float(self._total)
        self._every = tuple([Path(tuple(edges), float(number)) for edges, number in found.paths])
        self._products = [number for _, number in found.paths]
        self.paths = self._every[:paths]
        self._rest = self._total
        for number in self._products[:paths]:
            self._rest = self._rest - number
        if self.count == len(self.paths) or self._rest.size <= (self._products[0] * Scaled(ROUNDING)).size:
            self._rest = ZERO
        self.rest = float(self._rest)
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

    @cached_property
    def _chains(self) -> Chains:
        paths = [
            Chain(path.edges, [factor.edges if factor else None for factor in path._shown()], number)
            for path, number in zip(self._every, self._products, strict=True)
        ]
        return Chains(self._nodes, self.output, paths, current=not self._notes)

    @cached_property
    def _sum(self) -> Any:
        """The derivative as one formula; None where that is long, or there are too many paths."""
        if self.count != len(self._every):
            return None
        whole = self._chains.add_up(self._total)
        room = MAX_TOTAL_CHARACTERS if self.count <= MANY else MAX_CLOSED_CHARACTERS
        if whole is None:
            return None
        forms = (shorten(whole, most, first) for most, first in ((MAX_TERMS, FIRST_TERMS), (3, 2), (2, 1)))
        return next((form for form in forms if len(book(form, self.precision)) <= room), None)

    @cached_property
    def _closed(self) -> Any:
        """The sum as it is written below that over children; None where it says no more than the paths do."""
        if self._sum is None or self.count > MANY:
            return self._sum
        short = 0 < len(book(self._sum, self.precision)) <= MAX_SUM_CHARACTERS
        return self._sum if short or "…" in book(shorten(self._sum, 2, 1)) else None

    @cached_property
    def _shown_terms(self) -> list[tuple[Value, Scaled, Scaled] | None]:
        """The terms of the sum over children that are written out; None stands for those between them."""
        if len(self._terms) <= MANY:
            return list(self._terms)
        ordered = sorted(self._terms, key=lambda term: by_numbers(self._label(term[0])))
        return [*ordered[:FIRST_TERMS], None, ordered[-1]]

    def _lines(self) -> list[str]:
        lines = []
        if self.output.name is None and self.output is not self.value and self.output._x is not None:
            whole = book(self._chains.definition, self.precision)
            lines.append(f"{self._label(self.output)} = {whole}")
        if self.count == 1:
            return [*lines, f"{self._head()} = {self._path(0)}{self._rules(self.paths[0])}"]
        if len(self.children) > 1:
            lines += self._by_children()
        else:
            steps = [book(self._sum, self.precision)] if self._sum is not None else []
            lines.append(" = ".join([self._head(), *steps, self._number(self._total)]))
        lines.append(f"the sum over {self.count:,} paths:")
        width = len(str(len(self.paths)))
        for index in range(len(self.paths)):
            lines.append(f"  {index + 1:>{width}}. {self._path(index)}{self._rules(self.paths[index])}")
        others = self.count - len(self.paths)
        if others:
            lines.append(f"  {'':>{width}}  the other {others:,} together: {self._number(self._rest)}")
        return lines

    def __repr__(self) -> str:
        return str(self)

    def latex(self) -> str:
        r"""Write the derivation as LaTeX: one line, or an ``aligned`` environment with a line for each path.

        Indices are counted from 1, as in the lectures: ``W1[0][1]``, which leads from input 1 to neuron 0 of layer 1,
        is ``w^{(1)}_{12}``.
        """
        head = self._fraction(self.output, self.value)
        if self.count == 1:
            return f"{head} = {self._latex_path(0)}{self._latex_recorded()}"
        total = self._latex_number(self._total)
        steps = [latex(self._sum, self.precision)] if self._sum is not None else []
        rows = [" = ".join([f"{head} &", *steps, total]).replace("& = ", "&= ", 1)]
        if len(self.children) > 1:
            terms = []
            for term in self._shown_terms:
                direct = self._fraction(term[0], self.value) if term else r"\cdots"
                if term and term[0] is self.output:
                    direct += r"\Big|_{\text{direct}}"
                elif term:
                    direct = rf"{self._fraction(self.output, term[0])} \cdot {direct}"
                terms.append(direct)
            closed = [latex(self._closed, self.precision)] if self._closed is not None else []
            rows = [f"{head} &= {' = '.join([' + '.join(terms), *closed, total])}"]
        rows += [f"{'+' if index else ' '}&\\quad {self._latex_path(index)}" for index in range(len(self.paths))]
        if self.count > len(self.paths):
            others = self.count - len(self.paths)
            rows.append(rf"+&\quad {self._latex_number(self._rest)} \quad\text{{({others:,} more paths)}}")
        rows[-1] += self._latex_recorded()
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def mathml(self) -> str:
        """Write the derivation as HTML, its formulas as MathML, which browsers show without a script."""
        from autograd.draw.derivations import write_derivation

        return write_derivation(self)

    def simplified(self) -> Any:
        """Return the derivative as the SymPy expression of the leaves that SymPy finds simplest.

        It is made from the rules on the edges; SymPy differentiates nothing.

        Raises:
            ImportError: SymPy is not installed.

        Example:
            >>> x = Value(1.5, name="x")
            >>> explain(x ** (2 * x * x.log()), x).simplified()
            2*x**(2*x*log(x))*(log(x) + 2)*log(x)
        """
        from autograd.symbolic import differentiate, load

        names = {**name_nodes(self._nodes, [self.output]), self.value: self._label(self.value)}
        return load().simplify(differentiate(self.output, self.value, names))

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def _label(self, v: Value) -> str:
        return label(v, self._chains.names, self.precision)

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
        return " × ".join(_elide([f"({n})" if n.startswith("−") and i else n for i, n in enumerate(written)], "…"))

    def _by_children(self) -> list[str]:
        """Write the lecture's sum over children: E_x = E_z·∂z/∂x + E_s·∂s/∂x + …"""
        top, low = self._label(self.output), self._label(self.value)
        symbols: list[str] = []
        numbers: list[str] = []
        for shown in self._shown_terms:
            if shown is None:
                symbols.append("…")
                numbers.append("…")
                continue
            node, adjoint, slope = shown
            middle = self._label(node)
            direct = node is self.output
            symbols.append(f"∂{top}/∂{low} directly" if direct else f"∂{top}/∂{middle}·∂{middle}/∂{low}")
            term = self._number(slope) if direct else self._times([adjoint, slope])
            numbers.append(f"({term})" if numbers and term.startswith("−") else term)
        total = self._number(self._total)
        lines = [f"{self._head()} = {' + '.join(symbols)}", f"  = {' + '.join(numbers)} = {total}"]
        return lines if self._closed is None else [*lines, f"  = {book(self._closed, self.precision)}"]

    def _path(self, index: int) -> str:
        """Write one path: ∂E/∂O · ∂O/∂w = (O − t)·a = 0.84 × 2.6 = 2.184."""
        path, line = self.paths[index], self._chains.lines[index]
        factors = path._shown()
        steps: list[str] = []
        if len(factors) > 1:
            chain = [f"∂{self._label(f.upper)}/∂{self._label(f.lower)}" if f else "…" for f in factors]
            steps.append(" · ".join(chain))
        if isinstance(line.symbol, Symbol):
            steps.append(book(line.written, self.precision))
        if len(factors) > 1 and len(line.above) + len(line.below) > 1:
            steps.append(self._numbers(line))
        result = self._number(self._products[index])
        if not steps or steps[-1] != result:
            steps.append(result)
        return " = ".join(steps)

    def _rules(self, path: Path) -> str:
        if not self.rules or not path.edges:
            return ""
        from autograd.rule_names import name_rules

        return f"   ({name_rules(path.edges)})"

    def _numbers(self, line: Line) -> str:
        above, below = self._times(line.above), self._times(line.below)
        if line.negative:
            above = f"−({above})" if above.startswith("−") and len(line.above) == 1 else f"−{above}"
        if not line.below:
            return above
        return f"{above} / ({below})" if len(line.below) > 1 or below.startswith("−") else f"{above} / {below}"

    def _fraction(self, upper: Value, lower: Value) -> str:
        return rf"\frac{{\partial {self._latex_label(upper)}}}{{\partial {self._latex_label(lower)}}}"

    def _latex_label(self, v: Value) -> str:
        name = self._chains.names.get(v)
        if name is not None:
            return latex_name(printable(name))
        return rf"\left({latex(self._chains.write(v), self.precision)}\right)"

    def _latex_path(self, index: int) -> str:
        path, line = self.paths[index], self._chains.lines[index]
        factors = path._shown()
        steps: list[str] = []
        if len(factors) > 1:
            chain = [self._fraction(f.upper, f.lower) if f else r"\cdots" for f in factors]
            steps.append(r" \cdot ".join(chain))
        if isinstance(line.symbol, Symbol):
            steps.append(latex(line.written, self.precision))
        if len(factors) > 1 and len(line.above) + len(line.below) > 1:
            above, below = self._latex_times(line.above), self._latex_times(line.below)
            above = f"-{above}" if line.negative and above[0] != "-" else f"-({above})" if line.negative else above
            steps.append(rf"\frac{{{above}}}{{{below}}}" if line.below else above)
        result = self._latex_number(self._products[index])
        if not steps or steps[-1] != result:
            steps.append(result)
        return " = ".join(steps)

    def _latex_times(self, numbers: Sequence[Scaled | None]) -> str:
        written = [r"\cdots" if number is None else self._latex_number(number) for number in numbers]
        wrapped = [rf"\left({n}\right)" if n.startswith("-") and i else n for i, n in enumerate(written)]
        return r" \times ".join(_elide(wrapped, r"\cdots"))


def explain(output: Value, value: Value, *, paths: int = 5, precision: int = 6, rules: bool = False) -> Explanation:
    """Derive ∂output/∂value from the graph: symbols, numbers, product; for several paths their sum.

    It needs no `backward()`: slopes stand on the edges from the start.

    Args:
        output: the Value to differentiate.
        value: the Value to differentiate by: a leaf, or any Value in between (the lectures' δ).
        paths: how many paths to write out, those with the largest products; the others are one number.
        precision: significant digits.
        rules: name the rules of differentiation that each line follows.

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
        ∂y/∂w = ∂y/∂s · ∂s/∂w = 2·s·x = 2 × 2.1 × 0.7 = 2.94
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
    return Explanation(output, value, paths, precision, rules)


def _identify(v: Value) -> str:
    """Say which Value this is, also where it has no name."""
    if v.name is None:
        return f"the unnamed {'leaf' if v._x is None else v._op.name} {number_text(v._data)}"
    return v._describe()


def _elide(items: list[Any], dots: Any) -> list[Any]:
    return items if len(items) <= MAX_FACTORS else [*items[:FACTORS_AT_EACH_END], dots, *items[-FACTORS_AT_EACH_END:]]
