"""Derivations: ∂output/∂value as the chain of edges, in symbols, then in numbers, from the graph alone.

Named Values are the milestones of a derivation; what has no name between them is written out in the formulas.
"""

from __future__ import annotations

from functools import cached_property
from itertools import compress, count
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from autograd.chains import Chain, Chains, along
from autograd.collector import hold_collector
from autograd.derivation import derive
from autograd.ellipsis import FIRST_TERMS, MAX_TERMS, shorten
from autograd.errors import NotConnectedError, OperandTypeError
from autograd.graph import Edge, topological
from autograd.latex_names import latex_name, note_counting
from autograd.pens import make_latex_pen, make_text_pen
from autograd.scaled import ZERO, Scaled
from autograd.staleness import assigned_since
from autograd.steps import MANY, MAX_FACTORS, Steps, elide
from autograd.symbol import book, names_in, number_text, printable
from autograd.textbook import Writer
from autograd.value import Value

__all__ = ["Child", "Explanation", "Factor", "Path", "explain"]

MAX_PATHS_ADDED = 100  # paths of a derivative that is written as one formula, however few of them are shown
MAX_TOTAL_CHARACTERS = 90  # characters of a sum over paths that is written as one formula
MAX_CLOSED_CHARACTERS = 130  # and of one over many
ROUNDING = 1e-15  # relative to the largest path; what is left of the sum below it is rounding


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
        names = map(attrgetter("_name"), map(itemgetter(0), self.edges[:-1]))
        ends = list(compress(count(1), names))
        return list(zip([0, *ends], [*ends, len(self.edges)], strict=True)) if self.edges else []

    def _factor(self, span: tuple[int, int]) -> Factor:
        edges = self.edges[slice(*span)]
        return Factor(edges[0].output, edges[-1].operand, edges)

    def _shown(self) -> list[Factor | None]:
        """Return the factors that are written out; None stands for those between them."""
        return [None if span is None else self._factor(span) for span in elide(self._spans(), None)]


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
            told = ", ".join(leaf._describe(self._chains.names) for leaf in leaves[:MAX_FACTORS])
            parts.append(f"{told}{more} {note}")
        return f"as recorded: {'; '.join(parts)}" if parts else ""

    def _latex_recorded(self) -> str:
        if not self._notes:
            return ""
        names = self._chains.names
        parts = [
            f"{', '.join(f'${latex_name(printable(names[leaf]))}$' for leaf in leaves[:MAX_FACTORS])} {note}"
            for note, leaves in self._notes.items()
        ]
        return rf"\quad\text{{(as recorded: {'; '.join(parts)})}}"

    @cached_property
    def _chains(self) -> Chains:
        paths = [
            Chain(path.edges, [factor.edges if factor else None for factor in path._shown()], number)
            for path, number in zip(self._every, self._products, strict=True)
        ]
        return Chains(self._nodes, self.output, self.value, paths, current=not self._notes)

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

    def _lines(self) -> list[str]:
        pen = make_text_pen(self.precision)
        steps = Steps(self, pen)
        lines = [" = ".join(row) for row in steps.definitions()]
        first, *others = [" = ".join(row) for row in steps.derivative()]
        if self.count == 1:
            return [*lines, f"{first}{self._rules(self.paths[0])}"]
        lines += [first, *(f"  = {row}" for row in others), f"the sum over {self.count:,} paths:"]
        width = len(str(len(self.paths)))
        ways = steps.ways()
        for index, path in enumerate(self.paths):
            lines.append(f"  {index + 1:>{width}}. {' = '.join(steps.path(index))}{ways[index]}{self._rules(path)}")
        left = self.count - len(self.paths)
        if left:
            lines.append(f"  {'':>{width}}  the other {left:,} together: {pen.number(self._rest)}")
        return lines

    def __repr__(self) -> str:
        return str(self)

    def latex(self) -> str:
        r"""Write the derivation as LaTeX: one line, or an ``aligned`` environment with a line for each path.

        Indices are counted from 1, as in the lectures: ``W1[0][1]``, which leads from input 1 to neuron 0 of layer 1,
        is ``w^{(1)}_{12}``.
        """
        pen = make_latex_pen(self.precision)
        steps = Steps(self, pen)
        first, *others = steps.derivative()
        heads = [*steps.definitions(), first]
        if self.count == 1 and len(heads) == 1:
            return f"{' = '.join(first)}{self._latex_recorded()}"
        rows = [f"{head} &= {' = '.join(rest)}" for head, *rest in heads] + [f"&= {' = '.join(row)}" for row in others]
        if self.count > 1:
            ways = steps.ways(lambda piece: f"${piece}$")
            rows += [
                f"{'+' if k else ' '}&\\quad {' = '.join(steps.path(k))}{_latex_note(way)}"
                for k, way in enumerate(ways)
            ]
        if self.count > len(self.paths):
            left = self.count - len(self.paths)
            rows.append(rf"+&\quad {pen.number(self._rest)} \quad\text{{({left:,} more paths)}}")
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

        return load().simplify(differentiate(self.output, self.value, self._chains.names))

    def _repr_latex_(self) -> str:
        written, chains = self.latex(), self._chains
        passed = (edge.operand for path in self.paths for edge in reversed(path.edges) if edge.operand in chains.names)
        symbols = [*map(chains.write, (self.value, *passed, self.output)), *(line.symbol for line in chains.lines)]
        return f"$\\displaystyle {written}{note_counting(written, names_in(symbols))}$"

    def _rules(self, path: Path) -> str:
        if not self.rules or not path.edges:
            return ""
        from autograd.rule_names import name_rules

        return f"   ({name_rules(path.edges)})"


def _latex_note(note: str) -> str:
    return rf"\quad\text{{{note.strip()}}}" if note else ""


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
