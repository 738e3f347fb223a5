"""Reading 2, Values: an operation on Values becomes a node of the graph, with its slopes.

Most operations are recorded by a function that `autograd.emit` writes from the record; `record` is the slow road, which
knows every case: traced and paused recording, operands of any type, results that are not finite. Both stand behind the
operators and methods of `Value`, which are put on it here, from the catalogue.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from autograd import ops
from autograd.arrays import apply_to_arrays, is_array, unbox
from autograd.context import current
from autograd.emit import GLOBALS, emit
from autograd.errors import OpDefinitionError, ParameterAssignmentError
from autograd.floats import apply_to_extended, failure, is_number, real_number, real_result, slopes_on_floats, user_line
from autograd.op import READINGS, Op
from autograd.operators import OPERATORS
from autograd.symbol import Symbol, printable
from autograd.value import PARAMETER, Value, number_of

__all__ = ["PLAIN", "evaluate", "is_traced", "new_node", "record", "record_many", "recorders", "refill"]


def record(op: Op, operands: tuple[Any, ...]) -> Any:
    """Apply an operation to Values and numbers and record its slopes, whatever the case at hand.

    Emitted recorders come here under `no_grad`, with unusual operand types, and where a formula is not finite.

    Raises:
        OperandTypeError: an operand is not a real number.
        DomainError: the operation is undefined at these operands.
        ValueOverflowError: finite operands, but the result is beyond the largest float.
    """
    context = current()
    for v in operands:  # in half the time of a set of their types
        if type(v) is not Value and type(v) is not float:
            if any(map(is_array, operands)):
                return apply_to_arrays(op, operands)
            operands = tuple([v if isinstance(v, Value) else unbox(v) for v in operands])
            operands = tuple([v if isinstance(v, Value) else real_number(v, op.name) for v in operands])
            break
    if context.trace is not None:
        return context.trace.record(op, operands, paused=context.paused)
    out, slopes = (extend if context.extended else evaluate)(op, operands)
    if context.paused:
        return Value(out, requires_grad=False)
    return new_node(op, operands, out, slopes)


def evaluate(op: Op, operands: tuple[Any, ...]) -> tuple[float, list[float | None]]:
    """Compute the result and the slopes of an operation on Values and floats.

    Raises:
        DomainError: the operation is undefined at these operands.
        ValueOverflowError: finite operands, but the result is beyond the largest float.
    """
    kinds = tuple([isinstance(v, Value) for v in operands])
    numbers = tuple([v._data if known else v for v, known in zip(operands, kinds, strict=True)])
    try:
        out = real_result(op, op.forward(*numbers), numbers)
    except OpDefinitionError:
        raise
    except (ArithmeticError, ValueError) as error:
        written = [_write_operand(v) if known else None for v, known in zip(operands, kinds, strict=True)]
        if all(symbol is None for symbol in written):  # the letters of the rule, unless they would mislead
            letters = op.name_operands(len(kinds))
            written = [Symbol(letter) if known else None for letter, known in zip(letters, kinds, strict=True)]
        raise failure(op, numbers, written, error) from None
    return out, slopes_on_floats(op, out, numbers, kinds)


def extend(op: Op, operands: tuple[Any, ...]) -> tuple[float, list[float | None]]:
    """Compute the result and the slopes of an operation on Values and floats as IEEE 754 says; nothing raises."""
    kinds = tuple([isinstance(v, Value) for v in operands])
    numbers = tuple(map(number_of, operands))
    out = float(apply_to_extended(op, numbers))
    return out, slopes_on_floats(op, out, numbers, kinds)


def new_node(op: Op, operands: tuple[Any, ...], out: float, slopes: Sequence[float | None]) -> Value:
    """Make the node of an operation whose result and slopes are known."""
    node: Value = new(Value)
    node._data = out
    node._op = op
    node._grad = node._name = None
    node._pending = 0
    node._scope = current().scope
    if len(operands) == 2 and not op.nary:
        node._x, node._y = operands
        node._dx, node._dy = slopes
    elif op.nary or len(operands) > 2:
        node._x, node._y = operands, tuple(slopes)
        node._dx = node._dy = None
    else:
        node._x, node._dx = operands[0], slopes[0]
        node._y = node._dy = None
    return node


def refill(node: Value, out: float, slopes: Sequence[float | None]) -> None:
    """Write a result and slopes into a node."""
    node._data = out
    if type(node._x) is tuple:
        node._y = tuple(slopes)
    else:
        node._dx, node._dy = (*slopes, None)[:2]


def is_traced(v: object) -> bool:
    """Whether v is computed, or differs from run to run, in a function that is being compiled in this thread."""
    trace = current().trace
    return trace is not None and trace.holds(v)


def _write_operand(v: Value) -> Any:
    """Write a Value for an error: its name, or how it was computed; None for a leaf without a name."""
    from autograd.expression import expression

    return expression(v) if v._name is not None or v._x is not None else None


def record_many(op: Op, operands: tuple[Any, ...]) -> Any:
    """Record an operation of any number of operands without detours; whatever is unusual is left to `record`."""
    context = current()
    if context.special:
        return record(op, operands)
    mixed = False
    try:
        numbers = [v._data for v in operands]
    except AttributeError:
        mixed = True
        if not PLAIN.issuperset(map(type, operands)):
            return record(op, operands)
        numbers = [v if type(v) is float else v._data for v in operands]
    try:
        out = op.forward(*numbers)
        slopes = op.slopes_at(out, numbers)
    except (ArithmeticError, ValueError, TypeError):
        return record(op, operands)
    if mixed:
        slopes = [None if type(v) is float else slope for v, slope in zip(operands, slopes, strict=True)]
    if type(out) is not float or out - out != 0.0:
        return record(op, operands)
    node = object.__new__(Value)
    node._data = out
    node._op = op
    node._x = operands
    node._y = tuple(slopes)
    node._grad = node._name = node._dx = node._dy = None
    node._pending = 0
    node._scope = context.scope
    return node


def recorders(op: Op) -> Any:
    """Return the emitted recorder of an operation (with its reflected twin for two operands), made once."""
    if op._recorder is None:
        object.__setattr__(op, "_recorder", emit(op))
        if len(op.slopes) == 1:
            object.__setattr__(op, "_kind", Value)
    return op._recorder


def apply_to_values(op: Op, operands: tuple[Any, ...]) -> Any:
    """Apply an operation where at least one operand is a Value."""
    if op.nary:
        return record_many(op, operands)
    if len(operands) > 2:
        return record(op, operands)
    if len(operands) == 1:
        return recorders(op)(*operands)
    first, second = operands
    direct, reflected = recorders(op)
    if type(first) is Value:
        return direct(first, second)
    return reflected(second, first)


new = object.__new__
PLAIN = frozenset({Value, float})  # operands that need no conversion
READINGS[Value] = apply_to_values
GLOBALS |= {"Value": Value, "record": record}


# --- operators and methods, from the catalogue ------------------------------------------------------------------------


def _later(op: Op, name: str, pick: Callable[[Any], Any]) -> Callable[..., Any]:
    """Make a method that emits the recorder when it is first called, and then gives way to it."""

    def first_call(self: Value, *others: Any, **named: Any) -> Any:
        method = pick(recorders(op))
        if getattr(Value, name) is first_call:  # a method that was taken from the class before comes here again
            setattr(Value, name, method)
        return method(self, *others, **named)

    first_call.__name__ = op.name
    first_call.__doc__ = op.doc
    return first_call


#: Which of an operation's recorders a method is, by the number of operands and whether they are reflected.
_PICK: dict[tuple[int, bool], Callable[[Any], Any]] = {
    (1, False): lambda recorder: recorder,
    (2, False): lambda pair: pair[0],
    (2, True): lambda pair: pair[1],
}


def _method(op: Op) -> Callable[..., Any]:
    """Make the method of an operation that has no emitted recorder."""

    def method(self: Value, *others: Any, **named: Any) -> Any:
        if named.get("out", 0) is None:  # which NumPy's own functions pass
            del named["out"]
        return op(self, *others, **named)

    method.__name__, method.__doc__ = op.name, op.doc
    return method


def _in_place(symbol: str, op: Op) -> Callable[[Value, Any], Any]:
    def method(self: Value, other: Any) -> Any:
        if self._y is PARAMETER and self._x is None:
            label = printable(self._name or "w")
            raise ParameterAssignmentError(
                f"{label} {symbol}= … would make a new Value and leave the model's parameter {label} as it was"
                f"{user_line()}. Write {label}.data {symbol}= …, or let an optimiser step."
            )
        return apply_to_values(op, (self, other))

    return method


def _right_add(self: Value, other: Any) -> Any:
    """Add from the left; the int 0 that `sum` starts from leaves no node."""
    if type(other) is int and other == 0:
        return self
    return recorders(ops.add)[1](self, other)


def _comparison(symbol: str, compare: Callable[[float, float], bool], bracket: Callable[..., Any]) -> Any:
    """Make a comparison of numbers; while a function is being traced it is a part of the graph, for `where`."""
    equality = symbol in ("==", "!=")

    def method(self: Value, other: Any) -> Any:
        if is_array(other) or (equality and not isinstance(other, Value) and not is_number(other)):
            return NotImplemented
        if isinstance(other, int):
            other = _round(other)
        trace = current().trace
        if trace is not None and (trace.holds(self) or trace.holds(other)):
            return bracket(self, other)
        return compare(self._data, other._data if isinstance(other, Value) else real_number(other, symbol))

    return method


def _round(whole: int) -> float:
    """Round a whole number to a float; one beyond the largest is infinite, as only its side counts."""
    try:
        return float(whole)
    except OverflowError:
        return math.inf if whole > 0 else -math.inf


def _install_methods() -> None:
    for name, (op, reflected) in OPERATORS.items():
        setattr(Value, name, _later(op, name, _PICK[len(op.slopes), reflected]))
    for op in ops.CATALOGUE:
        if not op.nary and op.operands[0] in ("x", "y"):
            # By NumPy's name as well, which its functions call on an array of Values.
            for name in (op.name, op.array) if isinstance(op.array, str) else (op.name,):
                if not hasattr(Value, name):
                    few = len(op.slopes) <= 2
                    setattr(Value, name, _later(op, name, _PICK[len(op.slopes), False]) if few else _method(op))
    for symbol, op in (
        ("+", ops.add),
        ("-", ops.sub),
        ("*", ops.mul),
        ("/", ops.truediv),
        ("**", ops.pow),
        ("%", ops.mod),
        ("//", ops.floordiv),
    ):
        setattr(Value, f"__i{op.name}__", _in_place(symbol, op))
    setattr(Value, "__radd__", _right_add)  # noqa: B010
    for name, rounding in (
        ("__round__", lambda self, digits=None: ops.round(self, digits or 0)),
        ("__floor__", lambda self: ops.floor(self)), ("__ceil__", lambda self: ops.ceil(self)),
        ("__trunc__", lambda self: ops.sign(self) * ops.floor(ops.abs(self))), ("rint", lambda self: ops.round(self)),
        ("conjugate", lambda self: self),
        ("__divmod__", lambda self, other: (self // other, self % other)),
        ("__rdivmod__", lambda self, other: (other // self, other % self)),
    ):  # fmt: skip
        setattr(Value, name, rounding)
    for name, symbol, compare, bracket in (
        ("__lt__", "<", operator.lt, lambda x, y: ops.greater(y, x)),
        ("__le__", "<=", operator.le, lambda x, y: ops.greater(y, x) + ops.equal(y, x)),
        ("__gt__", ">", operator.gt, lambda x, y: ops.greater(x, y)),
        ("__ge__", ">=", operator.ge, lambda x, y: ops.greater(x, y) + ops.equal(x, y)),
        ("__eq__", "==", operator.eq, lambda x, y: ops.equal(x, y)),
        ("__ne__", "!=", operator.ne, lambda x, y: 1.0 - ops.equal(x, y)),
    ):
        setattr(Value, name, _comparison(symbol, compare, bracket))
    setattr(Value, "__hash__", object.__hash__)  # noqa: B010 (of the object, though == compares numbers)


_install_methods()
