"""Operators: what ``+``, ``-``, ``*`` and the others do for every number type that records or writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import ops
from autograd.floats import Extended
from autograd.op import Op
from autograd.symbol import Symbol

__all__ = ["OPERATORS"]

#: Python's operator methods: for each the operation, and whether it gets the operands the other way round.
OPERATORS: dict[str, tuple[Op, bool]] = {
    "__neg__": (ops.neg, False),
    "__abs__": (ops.abs, False),
}
for _op in (ops.add, ops.sub, ops.mul, ops.truediv, ops.pow, ops.mod, ops.floordiv):
    OPERATORS |= {f"__{_op.name}__": (_op, False), f"__r{_op.name}__": (_op, True)}


def _method(op: Op, reflected: bool) -> Callable[..., Any]:
    if reflected:
        return lambda self, other: op(other, self)
    return lambda self, *others: op(self, *others)


for _kind in (Symbol, Extended):
    for _name, _operation in OPERATORS.items():
        setattr(_kind, _name, _method(*_operation))
