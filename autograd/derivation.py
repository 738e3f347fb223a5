"""The numbers of a derivation: what flows to a Value along all paths, along the largest ones, and past its neighbours.

Everything is computed in floats where none of the numbers comes near the ends of their range, which is checked
afterwards; elsewhere in `Scaled` numbers, which round alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
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
    if nodes[-1] not in above.count:
        return None
    wanted = max(wanted, most) if above.count[nodes[-1]] <= most else wanted
    return above.derive(wanted, plain=True) or above.derive(wanted, plain=False)


class _Above:
    """The nodes that depend on a value, each with its edges on the way to it."""

    def __init__(self, nodes: Sequence[Value], value: Value) -> None:
        self.nodes, self.value, self.output = nodes, value, nodes[-1]
        self.count = count = {value: 1}
        self.below: dict[Value, list[tuple[int, Value, Any]]] = {}
        for node in nodes:
            x = node._x
            if x is None or node is value:
                continue
            if type(x) is tuple:
                edges = [
                    (slot, v, slope)
                    for slot, (v, slope) in enumerate(zip(x, node._y, strict=True))
                    if slope is not None and type(v) is Value and v in count
                ]
            else:
                edges = [(0, x, node._dx)] if node._dx is not None and x in count else []
                if node._dy is not None and node._y in count:
                    edges.append((1, node._y, node._dy))
            if edges:
                self.below[node] = edges
                count[node] = sum([count[edge[1]] for edge in edges]) if len(edges) > 1 else count[edges[0][1]]

    def derive(self, wanted: int, *, plain: bool) -> Derivation | None:
        """Compute with floats, or with `Scaled` numbers; None where floats do not do."""
        zero: Any = 0.0 if plain else ZERO
        below = self.below
        if not plain:
            below = {node: [(slot, v, Scaled(slope)) for slot, v, slope in edges] for node, edges in below.items()}
        total: dict[Value, Any] = {self.value: 1.0 if plain else Scaled(1.0)}
        for node, edges in below.items():
            found = zero
            for _, operand, slope in edges:
                found = found + total[operand] * slope
            total[node] = found
        adjoints = self._sweep(plain, zero)
        terms = self._terms(below, adjoints, zero, total[self.value])
        ranking = _Ranking(below, self.value, total[self.value], zero)
        paths = list(ranking.largest(self.output, min(wanted, self.count[self.output])))
        if plain:
            slopes = [slope for edges in below.values() for _, _, slope in edges]
            products = [number for _, number in paths]
            parts = [number for term in terms for number in term[1:]]
            if not all(map(are_ordinary, (slopes, total.values(), adjoints.values(), ranking.top.values()))):
                return None
            if not (are_ordinary(products) and are_ordinary(parts)):
                return None
        scale = Scaled if plain else lambda number: number
        return Derivation(
            scale(total[self.output]),
            self.count[self.output],
            [(edges, scale(number)) for edges, number in paths],
            [(node, scale(adjoint), scale(slope)) for node, adjoint, slope in terms],
        )

    def _sweep(self, plain: bool, zero: Any) -> dict[Value, Any]:
        """Compute the adjoint of every node above the value: no other is asked for, and none depends on others."""
        adjoints: dict[Value, Any] = {self.output: 1.0 if plain else Scaled(1.0)}
        for node in reversed(self.below):
            adjoint = adjoints.get(node, zero)
            if adjoint:
                for _, operand, slope in self.below[node]:
                    if slope:
                        flow = adjoint * (slope if plain else Scaled(slope))
                        adjoints[operand] = adjoints.get(operand, zero) + flow
        return adjoints

    def _terms(self, below: Any, adjoints: dict[Value, Any], zero: Any, one: Any) -> list[tuple[Value, Any, Any]]:
        local: dict[Value, Any] = {self.value: one}
        terms = []
        for node, edges in below.items():
            near = [(operand, slope) for _, operand, slope in edges if operand in local]
            if not near:
                continue
            found = zero
            for operand, slope in near:
                found = found + local[operand] * slope
            if node._name is not None or node is self.output:
                terms.append((node, adjoints.get(node, zero), found))
            else:
                local[node] = found
        return terms


class _Ranking:
    """The largest paths down from each node, found one after the other as they are asked for.

    The next path below a node leaves it by the edge that promises the largest product; what it promises next is the
    next path below that edge. Source: Jiménez and Marzal 1999, Computing the K shortest paths.
    """

    def __init__(self, below: dict[Value, list[tuple[int, Value, Any]]], value: Value, one: Any, zero: Any) -> None:
        self.below, self.value, self.zero = below, value, zero
        self.top: dict[Value, Any] = {value: one}  # the largest product
        for node, edges in below.items():
            if len(edges) == 1:
                self.top[node] = self.top[edges[0][1]] * edges[0][2] or zero
            else:
                products = [self.top[operand] * slope or zero for _, operand, slope in edges]
                self.top[node] = max(products, key=_size)
        #: For each node that was asked: paths found, as (product, slot, operand, slope, rank below), and those to come.
        self.found: dict[Value, list[Any]] = {}
        self.coming: dict[Value, list[Any]] = {}

    def largest(self, output: Value, wanted: int) -> Iterator[tuple[list[Edge], Any]]:
        """Yield the largest paths from the output down, each with its product; of equal ones the leftmost first."""
        edges_made: dict[tuple[Value, int], Edge] = {}
        for rank in range(wanted):
            if output is self.value:
                yield [], self.top[output]
                return
            if rank == 0:
                self._open(output)
            else:
                self._extend(output)
            number = self.found[output][rank][0]
            edges, node = [], output
            while node is not self.value:
                if node not in self.found:
                    self._open(node)
                _, slot, operand, _, rank = self.found[node][rank]
                edge = edges_made.get((node, slot))
                if edge is None:
                    edge = edges_made[node, slot] = Edge(operand, node, slot)
                edges.append(edge)
                node = operand
            yield edges, number

    def _open(self, node: Value) -> None:
        """Find the largest path below a node."""
        top, zero, edges = self.top, self.zero, self.below[node]
        if len(edges) == 1:
            slot, operand, slope = edges[0]
            self.found[node], self.coming[node] = [(top[node], slot, operand, slope, 0)], []
            return
        coming = []
        for slot, operand, slope in edges:
            number = top[operand] * slope or zero
            coming.append((_descending(number), slot, 0, number, operand, slope))
        heapify(coming)
        _, slot, rank, number, operand, slope = heappop(coming)
        self.found[node], self.coming[node] = [(number, slot, operand, slope, rank)], coming

    def _extend(self, node: Value) -> None:
        """Find one more path below a node, and whatever paths below others it takes."""
        found, coming, value = self.found, self.coming, self.value
        stack = [node]
        while True:  # down, as long as what comes next is unknown
            _, _, operand, _, rank = found[stack[-1]][-1]
            if operand is value:
                break
            if operand not in found:
                self._open(operand)
            if len(found[operand]) > rank + 1 or (found[operand][-1] is None):
                break
            stack.append(operand)
        for node in reversed(stack):
            _, slot, operand, slope, rank = found[node][-1]
            below = found.get(operand, ())
            if len(below) > rank + 1 and below[rank + 1] is not None:
                number = below[rank + 1][0] * slope or self.zero
                heappush(coming[node], (_descending(number), slot, rank + 1, number, operand, slope))
            if coming[node]:
                _, slot, rank, number, operand, slope = heappop(coming[node])
                found[node].append((number, slot, operand, slope, rank))
            else:
                found[node].append(None)  # there is none


def _size(number: Any) -> Any:
    return number.size if type(number) is Scaled else abs(number)


def _descending(number: Any) -> Any:
    """Return what sorts numbers by their sizes, the largest first."""
    if type(number) is not Scaled:
        return -abs(number)
    exponent, mantissa = number.size
    return -exponent, -mantissa
