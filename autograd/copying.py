"""Copies and pickles of graphs of any depth: nodes are taken in topological order, never by recursion.

A pickle holds nodes in columns: their operations, their numbers, their names, the places of their operands. A Value
that the same pickler meets again, on its own or in another graph, is found in the columns that it has written.
"""

from __future__ import annotations

import threading
from itertools import count
from operator import getitem
from typing import Any
from weakref import ref

from autograd.collector import hold_collector
from autograd.graph import topological
from autograd.value import FROZEN, LIFTED, PARAMETER, Value, number_of

__all__ = ["copy", "deepcopy", "reduce"]

#: What marks a leaf: the very texts, as they are compared with ``is``.
MARKS = {mark: mark for mark in (LIFTED, PARAMETER)}


def copy(node: Value) -> Value:
    """Copy one Value: the same number, made from the same operands."""
    twin = object.__new__(Value)
    twin._op, twin._data, twin._grad, twin._name, twin._scope = (
        node._op,
        node._data,
        node._grad,
        node._name,
        node._scope,
    )
    twin._x, twin._y, twin._dx, twin._dy, twin._pending = node._x, node._y, node._dx, node._dy, 0
    return twin


@hold_collector()
def deepcopy(root: Value, memo: dict[int, Any]) -> Value:
    """Copy a Value with everything it was computed from; what `memo` holds already is shared."""
    for node in topological([root]):
        if id(node) in memo:
            continue
        memo[id(node)] = twin = copy(node)
        x, y = node._x, node._y
        twin._grad = number_of(node._grad)
        if type(x) is tuple:
            twin._x = tuple([memo[id(v)] if type(v) is Value else v for v in x])
        else:
            if type(x) is Value:
                twin._x = memo[id(x)]
            if type(y) is Value:
                twin._y = memo[id(y)]
    return memo[id(root)]  # type: ignore[no-any-return]


def reduce(root: Value) -> Any:
    """Return what pickle makes a Value from: the part of a pickle in which it stands, and its place there."""
    part = _part_of(root) or (_Part([root], {root: 0}, []) if root._x is None else _gather(root))
    return getitem, (part, part.places[root])


class _Standing(threading.local):
    """Where nodes stand in the pickles that this thread is writing: each in one part, as long as that is alive."""

    def __init__(self) -> None:
        self.parts: dict[Value, ref[_Part]] = {}


_standing = _Standing()
_numbers = count()


def _part_of(node: Value) -> _Part | None:
    found = _standing.parts.get(node)
    return None if found is None else found()


@hold_collector()
def _gather(root: Value) -> _Part:
    """Make a part of a Value and what it was computed from, but for what stands in earlier parts."""
    nodes: list[Value] = []
    places: dict[Value, int] = {}
    borrowed: list[tuple[_Part, int]] = []
    for node in topological([root], _standing.parts.keys()):
        part = _part_of(node)
        if part is None:
            places[node] = len(nodes)
            nodes.append(node)
        else:
            borrowed.append((part, part.places[node]))
            places[node] = -len(borrowed)
    return _Part(nodes, places, borrowed)


class _Part:
    """Nodes that are pickled together. A pickler keeps the parts that it has written, and so do later parts.

    Attributes:
        nodes: operands before what uses them.
        places: the place of each of them; −1, −2, … for the nodes of earlier parts that they were computed from.
        borrowed: the part in which each of these stands, and its place there.
        number: counts the parts, so that those below have smaller ones.
        written: whether a pickler has written it, and with it those below.
    """

    __slots__ = ("__weakref__", "borrowed", "nodes", "number", "places", "standing", "written")

    def __init__(self, nodes: list[Value], places: dict[Value, int], borrowed: list[tuple[_Part, int]]) -> None:
        self.nodes, self.places, self.borrowed = nodes, places, borrowed
        self.number, self.written, self.standing = next(_numbers), False, _standing.parts
        self.standing.update(dict.fromkeys(nodes, ref(self)))

    def __del__(self) -> None:
        for node in self.nodes:
            self.standing.pop(node, None)

    def __reduce__(self) -> Any:
        if self.borrowed or len(self.nodes) > 1:
            return self._columns()
        [leaf] = self.nodes
        return _leaf, (leaf._op, leaf._data, number_of(leaf._grad), leaf._name, leaf._scope, leaf._y)

    @hold_collector()
    def _columns(self) -> Any:
        places, nodes = self.places, self.nodes
        table: dict[Any, int] = {}
        ops, grads, xs, ys = [], [], [], []
        for node in nodes:
            x, y = node._x, node._y
            if type(x) is Value:
                x = places[x]
            elif type(x) is tuple:
                x = tuple([places[v] if type(v) is Value else v for v in x])
            ops.append(table.setdefault(node._op, len(table)))
            grads.append(number_of(node._grad))
            xs.append(x)
            ys.append(places[y] if type(y) is Value else y)
        below = self._list_below() if self.written else []
        self.written = True
        return _restore, (
            below, self.borrowed, list(table), ops, [v._data for v in nodes], grads, [v._name for v in nodes],
            [v._scope for v in nodes], xs, ys, [v._dx for v in nodes], [v._dy for v in nodes],
        )  # fmt: skip

    def _list_below(self) -> list[_Part]:
        """List the parts below, which a second pickler has to write too: in order, lest it goes down them."""
        found: set[_Part] = set()
        stack = [self]
        while stack:
            new = {part for part, _ in stack.pop().borrowed} - found
            found |= new
            stack += new
        for part in found:
            part.written = False
        return sorted(found, key=lambda part: part.number)


@hold_collector()
def _restore(
    _: list[list[Value]],
    borrowed: list[tuple[list[Value], int]],
    table: list[Any],
    ops: list[int],
    *columns: list[Any],
) -> list[Value]:
    """Make the nodes of a part from what `_Part` wrote."""
    new = object.__new__
    table = [FROZEN if op == FROZEN else op for op in table]
    nodes: list[Any] = [None] * len(ops)
    nodes += [part[place] for part, place in reversed(borrowed)]
    for at, (op, data, grad, name, scope, x, y, dx, dy) in enumerate(zip(ops, *columns, strict=True)):
        nodes[at] = node = new(Value)
        if type(x) is int:
            x = nodes[x]
        elif type(x) is tuple:
            x = tuple([nodes[v] if type(v) is int else v for v in x])
        elif x is None:
            y = MARKS[y] if y else None
        node._op, node._data, node._grad, node._name, node._scope = table[op], data, grad, name, scope
        node._x, node._y, node._dx, node._dy, node._pending = x, nodes[y] if type(y) is int else y, dx, dy, 0
    del nodes[len(ops) :]
    return nodes


def _leaf(
    op: str | None, data: float, grad: float | None, name: str | None, scope: str | None, y: str | None
) -> list[Value]:
    """Make the one node of a part that is a leaf, as the parameters of a model are when it is pickled."""
    leaf = Value(data, name, requires_grad=op is None)
    leaf._grad, leaf._scope, leaf._y = grad, scope, MARKS[y] if y else None
    return [leaf]
