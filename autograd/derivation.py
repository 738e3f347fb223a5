"""The numbers of a derivation: what flows to a Value along all paths, along the largest ones, and past its neighbours.

Everything is computed in floats where none of the numbers comes near the ends of their range, which is checked
afterwards; elsewhere in `Scaled` numbers, which round alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappushpop
from itertools import islice
from typing import Any, NamedTuple

from autograd.graph import Edge
from autograd.scaled import ZERO, Scaled, are_ordinary
from autograd.value import Value

__all__ = ["Derivation", "derive"]


class Derivation(NamedTuple):
    """What `derive` finds.

    Attributes:
        total: ∂output/∂value: the sum over all paths.
        number: how many paths there are.
        paths: the largest ones: their edges from the output down, and their products.
        terms: the nearest milestones above the value: node, adjoint, and the slope past no other milestone.
    """

    total: Scaled
    number: int
    paths: list[tuple[list[Edge], Scaled]]
    terms: list[tuple[Value, Scaled, Scaled]]


def derive(nodes: Sequence[Value], value: Value, wanted: int, most: int = 0) -> Derivation | None:
    """Compute ∂output/∂value for the last of the nodes; None where no path leads from one to the other.

    Args:
        nodes: operands before what uses them.
        value: one of them.
        wanted: how many paths to return at the most.
        most: of how many paths all are returned, though fewer are wanted.
    """
    above = _Above(nodes, value)
    if nodes[-1] is not above.nodes[-1]:
        return None
    wanted = max(wanted, most) if above.count[-1] <= most else wanted
    return above.derive(wanted, plain=True) or above.derive(wanted, plain=False)


class _Above:
    """A value and the nodes that depend on it, in order; each is known by its place in it.

    Attributes:
        nodes: the value, then the nodes above it, operands before what uses them.
        below: the edges of each on the way to the value: slot, place of the operand, slope.
        count: how many paths lead from each to the value.
    """

    def __init__(self, nodes: Sequence[Value], value: Value) -> None:
        self.nodes, self.count = [value], [1]
        self.below: list[list[tuple[int, int, Any]]] = [[]]
        count, places = self.count, {value: 0}
        place_of = places.get
        for node in nodes:
            x = node._x
            if x is None or node is value:
                continue
            if type(x) is tuple:
                edges = [
                    (slot, places[v], slope)
                    for slot, (v, slope) in enumerate(zip(x, node._y, strict=True))
                    if slope is not None and type(v) is Value and v in places
                ]
            else:
                edges = []
                if node._dx is not None and (place := place_of(x)) is not None:
                    edges.append((0, place, node._dx))
                if node._dy is not None and (place := place_of(node._y)) is not None:
                    edges.append((1, place, node._dy))
            if edges:
                places[node] = len(count)
                self.nodes.append(node)
                self.below.append(edges)
                count.append(sum([count[place] for _, place, _ in edges]) if len(edges) > 1 else count[edges[0][1]])

    def derive(self, wanted: int, *, plain: bool) -> Derivation | None:
        """Compute with floats, or with `Scaled` numbers; None where floats do not do."""
        below = self.below
        zero: Any = 0.0 if plain else ZERO
        one: Any = 1.0 if plain else Scaled(1.0)
        if plain:
            if not are_ordinary([slope for edges in below for _, _, slope in edges]):
                return None
        else:
            below = [[(slot, place, Scaled(slope)) for slot, place, slope in edges] for edges in below]
        total = [one]
        for edges in islice(below, 1, None):
            found = zero
            for _, operand, slope in edges:
                found = found + total[operand] * slope
            total.append(found)
        adjoints = self._sweep(below, zero, one)
        terms = self._terms(below, adjoints, zero, one)
        ranking = _Ranking(self, below, zero, one)
        paths = list(ranking.largest(min(wanted, self.count[-1])))
        if plain:
            parts = [number for _, number in paths] + [number for term in terms for number in term[1:]]
            if not all(map(are_ordinary, (total, adjoints, ranking.top, parts))):
                return None
        scale = Scaled if plain else lambda number: number
        return Derivation(
            scale(total[-1]),
            self.count[-1],
            [(edges, scale(number)) for edges, number in paths],
            [(node, scale(adjoint), scale(slope)) for node, adjoint, slope in terms],
        )

    def _sweep(self, below: list[list[tuple[int, int, Any]]], zero: Any, one: Any) -> list[Any]:
        """Compute the adjoint of every node above the value: no other is asked for, and none depends on others."""
        adjoints = [zero] * len(below)
        adjoints[-1] = one
        for place in range(len(below) - 1, 0, -1):
            adjoint = adjoints[place]
            if adjoint:
                for _, operand, slope in below[place]:
                    if slope:
                        adjoints[operand] = adjoints[operand] + adjoint * slope
        return adjoints

    def _terms(
        self, below: list[list[tuple[int, int, Any]]], adjoints: list[Any], zero: Any, one: Any
    ) -> list[tuple[Value, Any, Any]]:
        local: list[Any] = [one]  # ∂node/∂value past no milestone; None where all paths pass one
        terms = []
        for node, edges, adjoint in islice(zip(self.nodes, below, adjoints, strict=True), 1, None):
            found = None
            for _, operand, slope in edges:
                if (near := local[operand]) is not None:
                    found = (zero if found is None else found) + near * slope
            if found is not None and (node._name is not None or len(local) == len(below) - 1):
                terms.append((node, adjoint, found))
                found = None
            local.append(found)
        return terms


class _Ranking:
    """The largest paths down from each node, found one after the other as they are asked for.

    The next path below a node leaves it by the edge that promises the largest product; what it promises next is the
    next path below that edge. Source: Jiménez and Marzal 1999, Computing the K shortest paths.
    """

    def __init__(self, above: _Above, below: list[list[tuple[int, int, Any]]], zero: Any, one: Any) -> None:
        self.nodes, self.count, self.below, self.zero = above.nodes, above.count, below, zero
        self.top = top = [one]  # the largest product below each node
        self.first = [(0, 0, one)]  # the edge that leads to it
        for edges in islice(below, 1, None):
            edge = edges[0]
            largest = top[edge[1]] * edge[2] or zero
            for other in islice(edges, 1, None):
                number = top[other[1]] * other[2] or zero
                if _size(number) > _size(largest):
                    edge, largest = other, number
            top.append(largest)
            self.first.append(edge)
        #: Of each node that was asked for more than one: the paths found, and those that may come next. A path is
        #: (what sorts it, slot, rank among those below the operand, product, place of the operand, slope).
        self.found: list[list[Any] | None] = [None] * len(below)
        self.coming: list[list[Any]] = [[]] * len(below)

    def largest(self, wanted: int) -> Iterator[tuple[list[Edge], Any]]:
        """Yield the largest paths from the last node down, each with its product; of equal ones the leftmost first."""
        nodes, first, found, output = self.nodes, self.first, self.found, len(self.nodes) - 1
        made: list[Any] = [(None, None, None)] * len(nodes)  # the edge that was taken last from each node
        for rank in range(wanted):
            number = self._extend(output) if rank else self.top[output]
            edges, place = [], output
            while place:
                if rank:
                    _, slot, rank, _, operand, _ = found[place][rank]  # type: ignore[index]
                else:
                    slot, operand, _ = first[place]
                edge = made[place]
                if edge[2] != slot:
                    edge = made[place] = Edge(nodes[operand], nodes[place], slot)
                edges.append(edge)
                place = operand
            yield edges, number

    def _open(self, place: int) -> list[Any]:
        """Take the largest path below a node, and line up the first path along each other edge."""
        top, zero = self.top, self.zero
        coming = []
        for slot, operand, slope in self.below[place]:
            number = top[operand] * slope or zero
            size = -abs(number) if type(number) is float else _descending(number)
            coming.append((size, slot, 0, number, operand, slope))
        heapify(coming)
        self.found[place], self.coming[place] = found, _ = [heappop(coming)], coming
        return found

    def _extend(self, place: int) -> Any:
        """Find one more path below a node, and whatever paths below others it takes; return its product."""
        found, count, zero = self.found, self.count, self.zero
        stack = []
        while True:  # down, as long as what comes next is unknown
            known = found[place] or self._open(place)
            stack.append((known, self.coming[place]))
            _, _, rank, _, place, _ = known[-1]
            if count[place] == rank + 1:  # nothing comes next
                break
            below = found[place]
            if below is not None and len(below) > rank + 1:
                break
        for known, coming in reversed(stack):
            _, slot, rank, _, operand, slope = known[-1]
            rank += 1
            if count[operand] > rank:
                number = found[operand][rank][3] * slope or zero
                size = -abs(number) if type(number) is float else _descending(number)
                known.append(heappushpop(coming, (size, slot, rank, number, operand, slope)))
            else:
                known.append(heappop(coming))
        return known[-1][3]


def _size(number: Any) -> Any:
    return number.size if type(number) is Scaled else abs(number)


def _descending(number: Any) -> Any:
    """Return what sorts numbers by their sizes, the largest first."""
    if type(number) is not Scaled:
        return -abs(number)
    exponent, mantissa = number.size
    return -exponent, -mantissa
