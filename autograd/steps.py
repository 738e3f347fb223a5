"""The steps of a derivation, whatever writes them: text, LaTeX and MathML say the same, in the same order.

A pen (`autograd.pens`) writes one piece, such as a number or a product; `Steps` says what the pieces are, and which of
them are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, count
from operator import is_not
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from autograd.ellipsis import FIRST_TERMS, by_numbers, shorten
from autograd.symbol import Symbol, book, printable

if TYPE_CHECKING:
    from autograd.explain import Explanation
    from autograd.graph import Edge
    from autograd.pens import Pen
    from autograd.scaled import Scaled
    from autograd.value import Value

__all__ = ["MAX_FACTORS", "Steps", "elide"]

MAX_FACTORS = 12  # factors of a chain that are written out
FACTORS_AT_EACH_END = 4  # factors shown at each end of a longer chain
MAX_FORMULA_CHARACTERS = 12  # of a node without a name that is told by its formula
MANY = 5  # paths, or terms of a sum over children, up to which each is looked at for itself
MAX_SUM_CHARACTERS = 40  # characters of a formula below a sum over children, where its terms are few and not alike

T = TypeVar("T")


class Steps(Generic[T]):
    """A derivation as rows of pieces, each equal to the one before it.

    Args:
        explanation: the derivation.
        pen: what writes its pieces.
    """

    def __init__(self, explanation: Explanation, pen: Pen[T]) -> None:
        self._one, self._pen = explanation, pen

    def definitions(self) -> list[list[T]]:
        """Define the output and the value, where the derivation gives them their names."""
        one, pen = self._one, self._pen
        ends = [one.output, one.value] if one.output is not one.value else []
        given = [v for v in ends if v._name is None and v._x is not None]
        return [[pen.name(self._name(v)), pen.formula(one._chains.define(v))] for v in given]

    def derivative(self) -> list[list[T]]:
        """Write the derivative: along its only path, or as the sum of several, in symbols, in numbers, as a formula."""
        one, pen = self._one, self._pen
        head = self._fraction(one.output, one.value)
        if one.count == 1:
            return [[head, *self.path(0)]]
        whole = [] if one._sum is None else [pen.formula(one._sum)]
        total = pen.number(one._total)
        if len(one.children) < 2:
            return [[head, *whole, total]]
        symbols, numbers = self._terms()
        below = [whole] if self._is_worth_a_row(one._sum) else []
        return [[head, pen.join(symbols, "+")], [pen.join(numbers, "+"), total], *below]

    def _is_worth_a_row(self, whole: Any) -> bool:
        """Whether a formula for the derivative says more than the sum over children above it."""
        if whole is None or self._one.count > MANY:
            return whole is not None
        short = 0 < len(book(whole, self._one.precision)) <= MAX_SUM_CHARACTERS
        return short or "…" in book(shorten(whole, 2, 1))

    def _terms(self) -> tuple[list[T], list[T]]:
        """Write the lecture's sum over children, E_x = E_z·∂z/∂x + E_s·∂s/∂x + …, in symbols and in numbers."""
        one, pen = self._one, self._pen
        symbols: list[T] = []
        numbers: list[T] = []
        for shown in self._shown_terms():
            if shown is None:
                symbols.append(pen.dots)
                numbers.append(pen.dots)
                continue
            node, adjoint, slope = shown
            below = self._fraction(node, one.value)
            direct = node is one.output
            symbols.append(pen.directly(below) if direct else pen.join([self._fraction(one.output, node), below], "·"))
            term = pen.number(slope) if direct else self._multiply([adjoint, slope])
            begins = pen.number(slope if direct else adjoint)
            numbers.append(pen.brace(term) if numbers and pen.is_negative(begins) else term)
        return symbols, numbers

    def _shown_terms(self) -> list[tuple[Value, Scaled, Scaled] | None]:
        """List the terms of the sum over children that are written out; None stands for those between them."""
        terms = self._one._terms
        if len(terms) <= MANY:
            return list(terms)
        ordered = sorted(terms, key=lambda term: by_numbers(self._name(term[0])))
        return [*ordered[:FIRST_TERMS], None, ordered[-1]]

    def path(self, index: int) -> list[T]:
        """Write one path: ∂E/∂O · ∂O/∂w = (O − t)·a = 0.84 × 2.6 = 2.184."""
        one, pen = self._one, self._pen
        line, factors = one._chains.lines[index], one.paths[index]._shown()
        steps: list[T] = []
        if len(factors) > 1:
            steps.append(pen.join([self._fraction(f.upper, f.lower) if f else pen.dots for f in factors], " · "))
        if isinstance(line.symbol, Symbol):
            steps.append(pen.formula(line.written))
        if len(factors) > 1 and len(line.above) + len(line.below) > 1:
            product = self._multiply(line.above)
            if line.negative:
                begins = line.above[0] is not None and pen.is_negative(pen.number(line.above[0]))
                product = pen.minus(pen.brace(product) if begins else product)
            steps.append(pen.quotient(product, self._multiply(line.below)) if line.below else product)
        result = pen.number(one._products[index])
        return steps if steps and steps[-1] == result else [*steps, result]

    def ways(self, quote: Callable[[T], str] = str) -> list[str]:
        """Say of each path which way it takes, where another is written alike; "" where none is.

        Args:
            quote: sets a name or a formula into a sentence.
        """
        paths = self._one.paths
        alike: dict[str, list[int]] = {}
        for index in range(len(paths)):
            alike.setdefault(str(self.path(index)), []).append(index)
        notes = [""] * len(paths)
        for group in [group for group in alike.values() if len(group) > 1]:
            slots: dict[Value, int] = {}
            apart = _leave_out_common([paths[index].edges for index in group])
            forks: dict[Value, dict[Edge, None]] = {node: {} for edges in apart for node in _parting(edges, slots)}
            for edge in (edge for edges in apart for edge in edges if edge.output in forks):
                forks[edge.output][edge] = None
            for index, edges in zip(group, apart, strict=True):
                taken = [edge for edge in edges if edge.output in forks]
                ways = [self._tell_apart(edge, forks[edge.output], quote) for edge in taken]
                notes[index] = f"   ({', '.join(elide(ways, '…'))})"
        return notes

    def _tell_apart(self, edge: Edge, others: Iterable[Edge], quote: Callable[[T], str]) -> str:
        if edge.operand is not self._one.value and sum(other.operand is edge.operand for other in others) == 1:
            return f"through {quote(self._pen.name(printable(self._one._chains.every[edge.operand])))}"
        return f"operand {edge.slot + 1} of {quote(self._identify(edge.output))}"

    def _identify(self, node: Value) -> T:
        """Write the name of a node; of one without, that no other line writes, its formula if that is short."""
        chains = self._one._chains
        formula = chains.write(node)
        if node in chains.names or len(book(formula, self._one.precision)) > MAX_FORMULA_CHARACTERS:
            return self._pen.name(printable(chains.every[node]))
        return self._pen.formula(formula)

    def _multiply(self, numbers: Sequence[Scaled | None]) -> T:
        """Write a product of numbers, a negative one after the first in parentheses."""
        pen = self._pen
        written = [pen.dots if number is None else pen.number(number) for number in numbers]
        factors = [pen.brace(number) if k and pen.is_negative(number) else number for k, number in enumerate(written)]
        return pen.join(elide(factors, pen.dots), "×")

    def _name(self, v: Value) -> str:
        return printable(self._one._chains.names[v])

    def _fraction(self, upper: Value, lower: Value) -> T:
        return self._pen.fraction(self._name(upper), self._name(lower))


def _leave_out_common(paths: Sequence[Sequence[Edge]]) -> list[Sequence[Edge]]:
    """Leave out the edges that all paths take before they part and after they have met for the last time."""
    first, *others = paths
    above = min(next(compress(count(), map(is_not, first, edges)), 0) for edges in others)
    below = min(next(compress(count(), map(is_not, reversed(first), reversed(edges))), 0) for edges in others)
    return [edges[above : len(edges) - below] for edges in paths]


def _parting(edges: Iterable[Edge], slots: dict[Value, int]) -> Iterator[Value]:
    """Yield the nodes that a path leaves by another slot than the paths before it, and note its own slots."""
    for edge in edges:
        if slots.setdefault(edge.output, edge.slot) != edge.slot:
            yield edge.output


def elide(items: list[Any], dots: Any) -> list[Any]:
    """Leave out the middle of many items."""
    return items if len(items) <= MAX_FACTORS else [*items[:FACTORS_AT_EACH_END], dots, *items[-FACTORS_AT_EACH_END:]]
