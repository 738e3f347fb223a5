"""Copies and pickles of graphs of any depth: nodes are taken in topological order, never by recursion."""

from __future__ import annotations

from typing import Any
from weakref import WeakValueDictionary

from autograd.graph import topological
from autograd.value import FROZEN, PARAMETER, Value

__all__ = ["copy", "deepcopy", "reduce"]

SLOTS = ("_data", "_grad", "_op", "_name", "_x", "_y", "_dx", "_dy", "_scope")


def copy(node: Value) -> Value:
    """Copy one Value: the same number, made from the same operands."""
    twin = object.__new__(Value)
    for slot in SLOTS:
        setattr(twin, slot, getattr(node, slot))
    twin._pending = 0
    return twin


def deepcopy(root: Value, memo: dict[int, Any]) -> Value:
    """Copy a Value with everything it was computed from; what `memo` holds already is shared."""
    for node in topological([root]):
        if id(node) in memo:
            continue
        twin = copy(node)
        if isinstance(node._grad, Value):
            twin._grad = node._grad.data
        if type(node._x) is tuple:
            twin._x = tuple(memo[id(v)] if isinstance(v, Value) else v for v in node._x)
        else:
            if isinstance(node._x, Value):
                twin._x = memo[id(node._x)]
            if isinstance(node._y, Value):
                twin._y = memo[id(node._y)]
        memo[id(node)] = twin
        memo.setdefault(id(memo), []).append(node)  # keeps ids from being reused, as the copy module does
    return memo[id(root)]  # type: ignore[no-any-return]


class _Pickled:
    """Stands for one node in a pickle: it becomes a Value again, from operands that stand before it."""

    __slots__ = ("__weakref__", "node")

    def __init__(self, node: Value) -> None:
        self.node = node

    def __reduce__(self) -> Any:
        node = self.node
        operands = node.operands
        stand_ins = tuple(_stand_in(v) if isinstance(v, Value) else v for v in operands)
        grad = node._grad.data if isinstance(node._grad, Value) else node._grad
        marks = (node.requires_grad, node.is_parameter)
        many = type(node._x) is tuple
        return _restore, (node.op, node._data, grad, node._name, node._scope, stand_ins, node.slopes, many, marks)


#: The stand-in of each node that some pickler is holding, so that a node is pickled once in each pickle.
_standing: WeakValueDictionary[int, _Pickled] = WeakValueDictionary()


def _stand_in(node: Value) -> _Pickled:
    stand_in = _standing.get(id(node))
    if stand_in is None:
        stand_in = _standing[id(node)] = _Pickled(node)
    return stand_in


def reduce(root: Value) -> Any:
    """Return what pickle makes a Value from: all stand-ins in topological order, and which of them is the Value."""
    if root._x is None:
        return _last, ((_stand_in(root),),)
    return _last, ([_stand_in(node) for node in topological([root])],)


def _last(nodes: list[Value]) -> Value:
    return nodes[-1]


def _restore(
    op: Any,
    data: float,
    grad: float | None,
    name: str | None,
    scope: str | None,
    operands: tuple[Any, ...],
    slopes: tuple[float | None, ...],
    many: bool,
    marks: tuple[bool, bool],
) -> Value:
    """Make a node from what `_Pickled` wrote."""
    node = object.__new__(Value)
    node._op, node._data, node._grad, node._name, node._scope = op, data, grad, name, scope
    node._x, node._y, node._dx, node._dy, node._pending = None, None, None, None, 0
    if many:
        node._x, node._y = operands, slopes
    elif operands:
        node._x, node._dx = operands[0], slopes[0]
        if len(operands) == 2:
            node._y, node._dy = operands[1], slopes[1]
    else:
        requires_grad, parameter = marks
        node._op, node._y = None if requires_grad else FROZEN, PARAMETER if parameter else None
    return node
