"""A derivation in symbols: for each path the product of its slopes, factor by factor beside their numbers.

The numbers of a line are those of its factors as they are written, one for each. They are multiplied, and compared with
the path's own product, before they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from autograd.ellipsis import shorten
from autograd.expression import definition, expression, slope_symbols
from autograd.factors import PI, Product, evaluate
from autograd.graph import Edge
from autograd.naming import name_nodes
from autograd.scaled import Scaled, multiply
from autograd.symbol import Symbol, count_parts
from autograd.textbook import Writer
from autograd.value import Value

__all__ = ["Chain", "Chains", "Line", "along"]

MAX_EDGES_MULTIPLIED = 60  # edges of a path whose formulas are multiplied out
MAX_PARTS = 80  # of a formula for the output that is written in full
MAX_PARTS_OF_A_LINE = 300  # of the formula of a path; beyond, the numbers alone are written
MAX_OPERANDS = 200  # of one operation that formulas are taken apart with, where they are not larger than the next
MAX_PARTS_READ = 2_000  # of a formula that is taken apart: what is shared counts each time
MAX_NAMED = 200  # formulas with a name that are looked for
TOLERANCE = 1e-9  # relative; formulas that differ by more from the slopes are not what was computed


class Line(NamedTuple):
    """The product of a path's slopes.

    Attributes:
        symbol: the product in symbols; a float where no name is in it, None where it is too long.
        above: the numbers of the factors above the fraction bar; None for those that are left out.
        below: those of the factors below it.
        negative: whether a minus stands before the product.
    """

    symbol: Any
    above: tuple[Scaled | None, ...]
    below: tuple[Scaled, ...] = ()
    negative: bool = False

    @property
    def written(self) -> Any:
        """The product in symbols, as it is printed: with dots for most of many like terms."""
        return shorten(self.symbol)


def along(edges: Sequence[Edge]) -> Scaled:
    """Multiply the slopes of edges that follow one another, from below as a sum over paths does."""
    return multiply(edge.slope for edge in reversed(edges))


class Chain(NamedTuple):
    """A path down from the output.

    Attributes:
        edges: all of its edges.
        factors: the edges between its milestones; None for those that are left out.
        number: the product of the slopes.
    """

    edges: Sequence[Edge]
    factors: Sequence[Sequence[Edge] | None]
    number: Scaled


class Chains:
    """The paths of a derivation in symbols: what its Values are called, a line for each path, and the sum.

    Args:
        nodes: those of the output's graph.
        output: the Value that is differentiated.
        value: the Value it is differentiated by.
        paths: the paths that are written.
        current: whether the nodes still have the numbers that the slopes were computed from.

    Attributes:
        every: what all nodes are called.
        names: what the milestones are called: all that have a name, the leaves, the output and the value.
    """

    def __init__(
        self, nodes: Sequence[Value], output: Value, value: Value, paths: Sequence[Chain], *, current: bool
    ) -> None:
        self._paths, self._current = paths, current
        self._slopes: dict[Value, list[Any]] = {}
        self.every = name_nodes(nodes, [output])
        self.names: Mapping[Value, str] = {
            node: name
            for node, name in self.every.items()
            if node._name or node._x is None or node is output or node is value
        }
        written = [path.edges for path in paths if len(path.edges) <= MAX_EDGES_MULTIPLIED]
        passed = dict.fromkeys(edge.output for edges in written for edge in edges)
        beside = dict.fromkeys(v for node in passed for v in node.operands if isinstance(v, Value)) | passed
        named = [v for v in beside if v in self.names and v._x is not None]
        self._writer = Writer((definition(v, self.names, **self._room(v)), self.write(v)) for v in named[:MAX_NAMED])

    def define(self, v: Value) -> Any:
        """Return the operation that made a Value, as it is printed."""
        whole = shorten(definition(v, self.names, **self._room(v)))
        if count_parts(whole) > MAX_PARTS:
            whole = shorten(definition(v, self.names))
        return whole if count_parts(whole) <= MAX_PARTS else definition(v, self.every, depth=1)

    def write(self, v: Value | float) -> Any:
        """Return the symbol of a Value over the milestones."""
        return expression(v, self.names, **self._room(v))

    def _room(self, v: Value | float) -> dict[str, int]:
        """Allow many operands in a formula that stays of a size: x squared twenty times is a million of them."""
        parts, stack = 0, [v]
        while stack and parts <= MAX_PARTS_READ:
            node = stack.pop()
            parts += 1
            if isinstance(node, Value) and (node is v or node not in self.names):
                stack += node.operands
        return {"most": MAX_OPERANDS} if parts <= MAX_PARTS_READ else {}

    @cached_property
    def lines(self) -> list[Line]:
        """One line for each path."""
        return [self._write_line(path) for path in self._paths]

    def add_up(self, total: Scaled) -> Symbol | None:
        """Add the paths up in symbols, in the graph's order; None where that gives no symbol, or not the `total`."""
        pairs = zip(self._paths, self.lines, strict=True)
        ordered = sorted(pairs, key=lambda pair: [edge.slot for edge in pair[0].edges])
        symbols = [line.symbol for _, line in ordered]
        if any(symbol is None for symbol in symbols):
            return None
        product = self._writer.add(symbols)
        if not isinstance(product.symbol, Symbol):
            return None
        largest = max((path.number for path in self._paths), key=lambda number: number.size)
        return product.symbol if not self._current or holds(product, total, largest) else None

    def _write_line(self, path: Chain) -> Line:
        """Multiply the slopes of a path in symbols and in numbers."""
        steps = tuple([None if edges is None else along(edges) for edges in path.factors])
        if len(path.edges) > MAX_EDGES_MULTIPLIED:
            return Line(None, steps)
        rules = [self._read(edge) for edge in path.edges]
        product = self._writer.multiply(rules)
        symbol = product.symbol
        if (
            not isinstance(symbol, Symbol)
            or not _has_names(symbol)
            or count_parts(shorten(symbol)) > MAX_PARTS_OF_A_LINE
        ):
            return Line(float(path.number), steps)
        if not self._current:
            return Line(symbol, steps)
        if holds(product, path.number):
            above, below = ([_number(part) for part in parts] for parts in (product.above, product.below))
            return Line(symbol, tuple(above) or (Scaled(1.0),), tuple(below), product.negative)
        whole = rules[0]
        for rule in rules[1:]:
            whole = whole * rule
        return Line(whole, steps)

    def _read(self, edge: Edge) -> Any:
        """Read the slope of an edge with symbols; those of one node once for all."""
        node = edge.output
        if node not in self._slopes:
            self._slopes[node] = slope_symbols(node, None, self.names, **self._room(node))
        return self._slopes[node][edge.slot]


def holds(product: Product, number: Scaled, scale: Scaled | None = None) -> bool:
    """Whether a product in symbols has a number, or a value that is not known.

    Args:
        product: what is written.
        number: what it has to be.
        scale: what rounding is measured by; the number itself unless given.
    """
    value = Scaled(-1.0 if product.negative else 1.0)
    for part in product.above:
        value = value * _number(part)
    for part in product.below:
        value = value * _number(part).inverse()
    if value.mantissa != value.mantissa:
        return number.mantissa != number.mantissa
    if value.mantissa == number.mantissa and value.exponent == number.exponent:
        return True
    difference, allowed = value - number, (scale or number) * Scaled(TOLERANCE)
    return abs(difference.mantissa) < float("inf") and difference.size <= allowed.size


def _number(part: Any) -> Scaled:
    """Compute a factor: NaN where it is undefined. A number beyond the floats says itself what it is."""
    if isinstance(part, Symbol) and isinstance(part.number, Scaled):
        return part.number
    value = evaluate(part)
    return Scaled(float("nan") if value is None else value)


def _has_names(x: Any) -> bool:
    stack = [x]
    while stack:
        item = stack.pop()
        if isinstance(item, Symbol):
            if item.op is None and item is not PI and not isinstance(item.number, Scaled):
                return True
            stack.extend(item.operands)
    return False
