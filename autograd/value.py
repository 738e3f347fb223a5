"""Value: a number that remembers how it was made.

Each operation on Values makes a node that holds its result, its operands, and the slope ∂out/∂operand of
each edge. A node lays its operands out in slots, since millions of them are made:

=========  =====================  ==================================  ============================
slot       leaf                   one or two operands                 any number of operands
=========  =====================  ==================================  ============================
``_op``    None, or FROZEN        the `Op`                            the `Op`
``_x``     None                   first operand, Value or float       tuple of operands
``_y``     None, or PARAMETER     second operand, or None             tuple of slopes
``_dx``    None                   slope; None where it is a float     None
``_dy``    None                   slope; None where there is none     None
=========  =====================  ==================================  ============================
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ContextDecorator
from typing import TYPE_CHECKING, Any

from autograd import ops
from autograd.emit import NAMESPACE, emit
from autograd.errors import (
    ControlFlowError,
    InteriorDataError,
    OpDefinitionError,
    OperandTypeError,
    ParameterAssignmentError,
)
from autograd.floats import Extended
from autograd.op import READINGS, Op, failure, is_array, real_number, real_result, user_line
from autograd.symbol import Symbol, number_text

if TYPE_CHECKING:
    import os

    from autograd.draw.explorer.page import Page
    from autograd.graph import Edge, Graph

__all__ = ["Value", "no_grad", "scope"]

FROZEN = "frozen"
PARAMETER = "parameter"


class Value:
    """A real number that remembers how it was made.

    Args:
        data: the number: an int, a float or a NumPy scalar.
        name: what formulas and drawings call it.
        requires_grad: whether `backward()` gives it a gradient. False for a constant that is to be drawn.
        parameter: whether a model trains it. In-place operators on a parameter are errors.

    Raises:
        OperandTypeError: `data` is not a real number.

    Example:
        >>> x = Value(3.0, name="x")
        >>> y = x * x
        >>> y.backward()
        >>> x.grad
        6.0
    """

    __slots__ = ("_data", "_dx", "_dy", "_grad", "_name", "_op", "_pending", "_scope", "_x", "_y")

    _data: float
    _grad: Any
    _op: Any
    _name: str | None
    _x: Any
    _y: Any
    _dx: float | None
    _dy: float | None
    _pending: int
    _scope: str | None

    def __init__(
        self, data: float, name: str | None = None, *, requires_grad: bool = True, parameter: bool = False
    ) -> None:
        given: object = data
        if isinstance(given, Value):
            raise OperandTypeError(
                "Value works on real numbers, not on a Value. Write v.detach() for a new leaf of v's number."
            )
        self._data = real_number(data, "Value")
        self._name = _checked_name(name)
        self._op = None if requires_grad else FROZEN
        self._y = PARAMETER if parameter else None
        self._grad = self._x = self._dx = self._dy = None
        self._pending = 0
        self._scope = NAMESPACE["scope"]

    @property
    def data(self) -> float:
        """The number. It may be assigned on a leaf; graphs recorded before keep their slopes."""
        if NAMESPACE["special"] and is_traced(self):
            raise _baked(self, "data")
        return self._data

    @data.setter
    def data(self, number: float) -> None:
        if self._x is not None:
            raise InteriorDataError(
                f"data of {self.describe()} cannot be assigned: {self._op.name} computed it from its operands. "
                "Assign the leaves and compute again, or make a new leaf with Value(number)."
            )
        if NAMESPACE["special"] and is_traced(self):
            raise _baked(self, "an assignment to data")
        self._data = real_number(number, "Value.data")

    @property
    def grad(self) -> Any:
        """∂output/∂self of the last backward pass (summed over passes on a leaf); None until computed.

        A float, or a Value after ``backward(create_graph=True)``. It may be assigned on a leaf.
        """
        return self._grad

    @grad.setter
    def grad(self, gradient: float | Value | None) -> None:
        keep = gradient is None or isinstance(gradient, Value)
        self._grad = gradient if keep else real_number(gradient, "Value.grad")

    @property
    def name(self) -> str | None:
        """What formulas and drawings call this Value; may be assigned."""
        return self._name

    @name.setter
    def name(self, name: str | None) -> None:
        self._name = _checked_name(name)

    @property
    def scope(self) -> str | None:
        """The part of a model this Value was made in, such as ``layer1/neuron2``; drawings fold by it."""
        return self._scope

    @property
    def op(self) -> Op | None:
        """The operation that made this Value; None for a leaf."""
        return self._op if self._x is not None else None

    @property
    def operands(self) -> tuple[Value | float, ...]:
        """What the operation was applied to, in order: ``x * x`` has two operands. Constants are floats."""
        if self._x is None:
            return ()
        if type(self._x) is tuple:
            return self._x
        return (self._x,) if self._y is None else (self._x, self._y)

    @property
    def slopes(self) -> tuple[float | None, ...]:
        """∂self/∂operand for each operand, as recorded; None for a constant."""
        if self._x is None:
            return ()
        if type(self._x) is tuple:
            return self._y  # type: ignore[no-any-return]
        return (self._dx,) if self._y is None else (self._dx, self._dy)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges to the operands that are Values, each with its slope and formula."""
        from autograd.graph import edges_of

        return edges_of(self)

    @property
    def is_leaf(self) -> bool:
        """Whether no operation made this Value."""
        return self._x is None

    @property
    def is_parameter(self) -> bool:
        """Whether a model trains this leaf."""
        return self._x is None and self._y is PARAMETER

    @property
    def requires_grad(self) -> bool:
        """Whether a backward pass gives this Value a gradient; may be assigned on a leaf (freezing)."""
        return self._op is not FROZEN

    @requires_grad.setter
    def requires_grad(self, required: bool) -> None:
        if self._x is not None:
            raise InteriorDataError(
                f"requires_grad of {self.describe()} cannot be assigned: it is not a leaf. Use detach() to cut the "
                "graph here."
            )
        self._op = None if required else FROZEN

    def backward(self, seed: float = 1.0, *, create_graph: bool = False) -> None:
        """Compute ∂self/∂node for every node below, by one sweep of the chain rule.

        Leaves add the result to `grad`; interior nodes show that of this pass. Every pass is exact:
        a second one doubles the leaves.

        Args:
            seed: the gradient of self, 1 unless self is part of something larger.
            create_graph: give gradients that are Values, to be differentiated again.

        Raises:
            NoGradientError: nothing below self needs a gradient.
            NonFiniteGradientError: a slope on the way is infinite or NaN; no gradient is changed.
            StaleGraphError: with `create_graph`, a leaf was assigned since the graph was recorded.
        """
        from autograd.backward import backward

        backward(self, seed, create_graph=create_graph)

    def detach(self) -> Value:
        """Make a frozen leaf of the same number and name: what is built on it does not reach back to self."""
        if NAMESPACE["special"] and is_traced(self):
            return _thread.trace.detach(self)  # type: ignore[no-any-return]
        return Value(self._data, self._name, requires_grad=False)

    def graph(self) -> Graph:
        """Collect everything this Value was computed from."""
        from autograd.graph import Graph

        return Graph(self)

    def tree(self, depth: int = 12) -> Any:
        """Show the graph as a tree for ``print``: operations, numbers, and the slope on each branch."""
        from autograd.draw.tree import Tree

        return Tree(self, depth)

    def explore(self, path: str | os.PathLike[str] | None = None) -> Page:
        """Make a page that steps through the graph, forward and backward; see `autograd.explore`."""
        from autograd.draw.explorer import explore

        return explore(self, path)

    def describe(self) -> str:
        """Say in a few words which Value this is: ``x = 0.5`` or ``tanh = 0.4621``."""
        label = self._name or (self._op.name if self._x is not None else "")
        return f"{label} = {number_text(self._data)}" if label else number_text(self._data)

    def __repr__(self) -> str:
        parts = [repr(self._data)]
        if self._name is not None:
            parts.append(f"name={self._name!r}")
        if self._x is not None:
            parts.append(f"op={self._op.name}")
        elif self._op is FROZEN:
            parts.append("requires_grad=False")
        if self._grad is not None:
            parts.append(f"grad={float(self._grad)!r}")
        return f"Value({', '.join(parts)})"

    def _repr_svg_(self) -> str:
        return self.graph().to_svg()

    def __format__(self, spec: str) -> str:
        return format(self._data, spec) if spec else repr(self)

    def __float__(self) -> float:
        if NAMESPACE["special"] and is_traced(self):
            raise _baked(self, "float()")
        return self._data

    def __bool__(self) -> bool:
        if NAMESPACE["special"] and is_traced(self):
            raise ControlFlowError(
                f"The function that is being compiled takes a branch that depends on a traced number{user_line()}: the "
                "branch of this one example would be taken for every other. Write where(x > 0, a, b), or maximum, "
                "minimum, largest for a choice by size."
            )
        return self._data != 0.0

    # While a function is being traced, a comparison is part of the graph, for `where` to choose by.

    def __lt__(self, other: Value | float) -> Any:
        if NAMESPACE["special"] and (is_traced(self) or is_traced(other)):
            return ops.greater(other, self)
        return self._data < _number(other, "<")

    def __le__(self, other: Value | float) -> Any:
        if NAMESPACE["special"] and (is_traced(self) or is_traced(other)):
            return ops.greater(other, self) + ops.equal(other, self)
        return self._data <= _number(other, "<=")

    def __gt__(self, other: Value | float) -> Any:
        if NAMESPACE["special"] and (is_traced(self) or is_traced(other)):
            return ops.greater(self, other)
        return self._data > _number(other, ">")

    def __ge__(self, other: Value | float) -> Any:
        if NAMESPACE["special"] and (is_traced(self) or is_traced(other)):
            return ops.greater(self, other) + ops.equal(self, other)
        return self._data >= _number(other, ">=")

    def __pos__(self) -> Value:
        return self

    def __iter__(self) -> Iterator[Any]:
        raise OperandTypeError("A Value is one number and cannot be iterated over: make a list of Values.")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise OperandTypeError(
            "A Value does not become a NumPy array by itself, as that would lose its graph. Write float(v) for the "
            "number, or numpy.array([float(v) for v in values])."
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Apply the operation of the same name, so that ``np.exp(v)`` and ``np.float64(2) * v`` are recorded."""
        op = UFUNCS.get(ufunc.__name__)
        compare = COMPARISONS.get(ufunc.__name__)
        if any(is_array(x) for x in inputs):
            raise OperandTypeError(
                f"numpy.{ufunc.__name__} was given an array and a Value. A Value is one number: write "
                "[f(a, v) for a in array], or autograd.dot over a list of Values."
            )
        if compare is not None and method == "__call__" and not options:
            return compare(*inputs)
        if op is None or method != "__call__" or options:
            raise OperandTypeError(
                f"numpy.{ufunc.__name__} is not an operation of autograd: write float(v) for the bare number, or "
                "define an Op."
            )
        return op(*inputs)

    def __init_subclass__(cls) -> None:
        raise TypeError("Value cannot be subclassed: an operation would give a Value. Keep a Value as an attribute.")

    def __copy__(self) -> Value:
        from autograd.copying import copy

        return copy(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        from autograd.copying import reduce

        return reduce(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from autograd.copying import deepcopy

        return deepcopy(self, memo)

    if TYPE_CHECKING:

        def __add__(self, other: Value | float) -> Value: ...
        def __radd__(self, other: float) -> Value: ...
        def __sub__(self, other: Value | float) -> Value: ...
        def __rsub__(self, other: float) -> Value: ...
        def __mul__(self, other: Value | float) -> Value: ...
        def __rmul__(self, other: float) -> Value: ...
        def __truediv__(self, other: Value | float) -> Value: ...
        def __rtruediv__(self, other: float) -> Value: ...
        def __pow__(self, other: Value | float) -> Value: ...
        def __rpow__(self, other: float) -> Value: ...
        def __neg__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def exp(self) -> Value: ...
        def expm1(self) -> Value: ...
        def log(self) -> Value: ...
        def log1p(self) -> Value: ...
        def log2(self) -> Value: ...
        def log10(self) -> Value: ...
        def sqrt(self) -> Value: ...
        def cbrt(self) -> Value: ...
        def square(self) -> Value: ...
        def reciprocal(self) -> Value: ...
        def sin(self) -> Value: ...
        def cos(self) -> Value: ...
        def tan(self) -> Value: ...
        def asin(self) -> Value: ...
        def acos(self) -> Value: ...
        def atan(self) -> Value: ...
        def sinh(self) -> Value: ...
        def cosh(self) -> Value: ...
        def tanh(self) -> Value: ...
        def asinh(self) -> Value: ...
        def acosh(self) -> Value: ...
        def atanh(self) -> Value: ...
        def erf(self) -> Value: ...
        def erfc(self) -> Value: ...
        def sigmoid(self) -> Value: ...
        def softplus(self) -> Value: ...
        def relu(self) -> Value: ...
        def silu(self) -> Value: ...
        def gelu(self) -> Value: ...
        def sign(self) -> Value: ...
        def step(self) -> Value: ...
        def abs(self) -> Value: ...
        def neg(self) -> Value: ...
        def identity(self) -> Value: ...
        def add(self, other: Value | float) -> Value: ...
        def sub(self, other: Value | float) -> Value: ...
        def mul(self, other: Value | float) -> Value: ...
        def truediv(self, other: Value | float) -> Value: ...
        def pow(self, other: Value | float) -> Value: ...
        def minimum(self, other: Value | float) -> Value: ...
        def maximum(self, other: Value | float) -> Value: ...
        def hypot(self, other: Value | float) -> Value: ...
        def greater(self, other: Value | float) -> Value: ...
        def equal(self, other: Value | float) -> Value: ...
        def atan2(self, other: Value | float) -> Value: ...
        def leaky_relu(self, alpha: Value | float = 0.01) -> Value: ...
        def elu(self, alpha: Value | float = 1.0) -> Value: ...


def _checked_name(name: Any) -> str | None:
    if name is not None and not isinstance(name, str):
        raise OperandTypeError(f"A Value's name must be a str, not {type(name).__name__}: write name={str(name)!r}.")
    return name or None


def _number(other: Any, where: str) -> float:
    return other._data if isinstance(other, Value) else real_number(other, where)


def record(op: Op, operands: tuple[Any, ...]) -> Value:
    """Apply an operation to Values and numbers and record its slopes, whatever the case at hand.

    Emitted recorders come here under `no_grad`, with unusual operand types, and where a formula is not finite.

    Raises:
        OperandTypeError: an operand is not a real number.
        DomainError: the operation is undefined at these operands.
        ValueOverflowError: finite operands, but the result is beyond the largest float.
    """
    if NAMESPACE["special"] and getattr(_thread, "trace", None) is not None:
        return _thread.trace.record(op, operands, paused=getattr(_thread, "paused", 0) > 0)  # type: ignore[no-any-return]
    if not all(isinstance(v, Value) for v in operands):
        operands = tuple([v if isinstance(v, Value) else real_number(v, op.name) for v in operands])
    out, slopes = computed(op, operands)
    if NAMESPACE["special"] and getattr(_thread, "paused", 0):
        return Value(out, requires_grad=False)
    return made(op, operands, out, slopes)


def computed(op: Op, operands: tuple[Any, ...]) -> tuple[float, list[float | None]]:
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
        written = [_written(v) if known else None for v, known in zip(operands, kinds, strict=True)]
        if all(symbol is None for symbol in written):  # the letters of the rule, unless they would mislead
            written = [
                Symbol(letter) if known else None for letter, known in zip(op.letters(len(kinds)), kinds, strict=True)
            ]
        raise failure(op, numbers, written, error) from None
    return out, slopes_on_floats(op, out, numbers, kinds)


def made(op: Op, operands: tuple[Any, ...], out: float, slopes: Sequence[float | None]) -> Value:
    """Make the node of an operation whose result and slopes are known."""
    node = object.__new__(Value)
    node._op = op
    node._x = operands[0] if len(operands) <= 2 and not op.nary else operands
    node._grad = node._name = node._y = node._dy = None
    node._pending = 0
    node._scope = NAMESPACE["scope"]
    renew(node, out, slopes, operands[1] if len(operands) == 2 and not op.nary else None)
    return node


def renew(node: Value, out: float, slopes: Sequence[float | None], second: Any = None) -> None:
    """Put a result and slopes into a node; `second` is its second operand, if it is new."""
    node._data = out
    if type(node._x) is tuple:
        node._y, node._dx = tuple(slopes), None
        return
    node._dx = slopes[0]
    if len(slopes) == 2:
        node._y = node._y if second is None else second
        node._dy = slopes[1]


def is_traced(v: object) -> bool:
    """Say whether v is computed, or differs from run to run, in a function that is being compiled in this thread."""
    trace = getattr(_thread, "trace", None)
    return trace is not None and type(v) is Value and (v._x is not None or v._y is PARAMETER or v in trace.arguments)


def _baked(v: Value, how: str) -> ControlFlowError:
    return ControlFlowError(
        f"The function that is being compiled takes the number out of {v.describe()} with {how}{user_line()}: the "
        "number of this one example would be used for every other. Compute with the Value itself, and take numbers out "
        "of the program's results."
    )


def _written(v: Value) -> Any:
    """Write a Value for an error: its name, or how it was computed; None for a leaf without a name."""
    from autograd.graph import expression

    return expression(v) if v._name is not None or v._x is not None else None


def record_many(op: Op, operands: tuple[Any, ...]) -> Value:
    """Record an operation of any number of operands without detours; whatever is unusual is left to `record`."""
    if NAMESPACE["special"]:
        return record(op, operands)
    mixed = False
    try:
        numbers = [v._data for v in operands]
    except AttributeError:
        mixed = True
        if not set(map(type, operands)) <= PLAIN:
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
    node._scope = NAMESPACE["scope"]
    return node


def slopes_on_floats(op: Op, out: float, numbers: tuple[float, ...], wanted: tuple[bool, ...]) -> list[float | None]:
    """Evaluate the slope rules on floats; where a slope is infinite or undefined it is ±∞ or NaN."""
    keep = None if all(wanted) else wanted
    try:
        return op.slopes_at(out, numbers, keep)
    except (ArithmeticError, ValueError):
        read = op.slopes_at(Extended(out), tuple(map(Extended, numbers)), keep)
        return [None if slope is None else float(slope) for slope in read]


def recorders(op: Op) -> Any:
    """Return the emitted recorder of an operation (with its reflected twin for two operands), made once."""
    if op._recorder is None:
        object.__setattr__(op, "_recorder", emit(op))
        if len(op.slopes) == 1:
            object.__setattr__(op, "_kind", Value)
    return op._recorder


def value_reading(op: Op, operands: tuple[Any, ...]) -> Value:
    """Apply an operation where at least one operand is a Value."""
    if op.nary:
        return record_many(op, operands)
    if len(operands) > 2:
        return record(op, operands)
    if len(operands) == 1:
        return recorders(op)(*operands)  # type: ignore[no-any-return]
    first, second = operands
    direct, reflected = recorders(op)
    if type(first) is Value:
        return direct(first, second)  # type: ignore[no-any-return]
    return reflected(second, first)  # type: ignore[no-any-return]


PLAIN = {Value, float}  # operands that need no conversion
READINGS[Value] = value_reading
NAMESPACE |= {"Value": Value, "record": record}
_thread = threading.local()
_lock = threading.Lock()


class no_grad(ContextDecorator):  # noqa: N801
    """Compute without recording: results are frozen leaves, and cost no memory beyond their number.

    A context manager and a decorator; it affects the current thread only.

    Example:
        >>> x = Value(2.0)
        >>> with no_grad():
        ...     y = x * x
        >>> y
        Value(4.0, requires_grad=False)
    """

    def __enter__(self) -> no_grad:
        with _lock:
            NAMESPACE["special"] += 1
        _thread.paused = getattr(_thread, "paused", 0) + 1
        return self

    def __exit__(self, *_: object) -> None:
        _thread.paused -= 1
        with _lock:
            NAMESPACE["special"] -= 1


class recording(ContextDecorator):  # noqa: N801
    """Record even inside `no_grad`: a derivative is computed from a graph, wherever it is asked for."""

    def __enter__(self) -> None:
        _thread.__dict__.setdefault("held", []).append(getattr(_thread, "paused", 0))
        _thread.paused = 0

    def __exit__(self, *_: object) -> None:
        _thread.paused = _thread.held.pop()


class scope(ContextDecorator):  # noqa: N801
    """Label the Values made inside, so that drawings can fold them into one box.

    A label changes no number. It holds for the process: threads that record at the same time share it.

    Args:
        name: label of the part; scopes nest into ``outer/inner``.

    Example:
        >>> with scope("neuron"):
        ...     y = Value(1.0) + 2.0
        >>> y.scope
        'neuron'
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._outer: list[str | None] = []

    def __enter__(self) -> scope:
        outer = NAMESPACE["scope"]
        self._outer.append(outer)
        NAMESPACE["scope"] = f"{outer}/{self.name}" if outer else self.name
        return self

    def __exit__(self, *_: object) -> None:
        NAMESPACE["scope"] = self._outer.pop()


# --- methods, from the catalogue --------------------------------------------------------------------------------------


def _later(op: Op, name: str, pick: Callable[[Any], Any]) -> Callable[..., Any]:
    """Make a method that emits the recorder when it is first called, and then gives way to it."""

    def first_call(self: Value, *others: Any, **named: Any) -> Any:
        method = pick(recorders(op))
        if getattr(Value, name) is first_call:  # a method that was taken from the class before comes here again
            setattr(Value, name, method)
        return method(self, *others, **named)

    first_call.__name__ = op.name
    first_call.__doc__ = op.summary
    return first_call


#: Which of an operation's recorders a method is, by the number of operands and whether they are reflected.
_PICK: dict[tuple[int, bool], Callable[[Any], Any]] = {
    (1, False): lambda made: made,
    (2, False): lambda made: made[0],
    (2, True): lambda made: made[1],
}


def _install_methods() -> None:
    for name, (op, reflected) in ops.OPERATORS.items():
        setattr(Value, name, _later(op, name, _PICK[len(op.slopes), reflected]))
    for op in ops.CATALOGUE:
        if not op.nary and op.operands[0] in ("x", "y") and not hasattr(Value, op.name):
            setattr(Value, op.name, _later(op, op.name, _PICK[len(op.slopes), False]))
    for symbol, op in (("+", ops.add), ("-", ops.sub), ("*", ops.mul), ("/", ops.truediv), ("**", ops.pow)):
        setattr(Value, f"__i{op.name}__", _in_place(symbol, op))
    Value.__radd__ = _right_add  # type: ignore[method-assign]


def _in_place(symbol: str, op: Op) -> Callable[[Value, Any], Value]:
    def method(self: Value, other: Any) -> Value:
        if self._y is PARAMETER and self._x is None:
            label = self._name or "w"
            raise ParameterAssignmentError(
                f"{label} {symbol}= … would make a new Value and leave the model's parameter {label} as it was"
                f"{user_line()}. Write {label}.data {symbol}= …, or let an optimiser step."
            )
        return value_reading(op, (self, other))

    return method


def _right_add(self: Value, other: Any) -> Value:
    """Add from the left; the int 0 that `sum` starts from leaves no node."""
    if type(other) is int and other == 0:
        return self
    return recorders(ops.add)[1](self, other)  # type: ignore[no-any-return]


_install_methods()

#: NumPy's names of the operations; the rest are the same.
UFUNCS: dict[str, Op] = {op.name: op for op in ops.CATALOGUE if not op.nary} | {
    "subtract": ops.sub, "multiply": ops.mul, "divide": ops.truediv, "true_divide": ops.truediv, "power": ops.pow,
    "float_power": ops.pow, "negative": ops.neg, "absolute": ops.abs, "fabs": ops.abs, "arcsin": ops.asin,
    "arccos": ops.acos, "arctan": ops.atan, "arctan2": ops.atan2, "arcsinh": ops.asinh, "arccosh": ops.acosh,
    "arctanh": ops.atanh,
}  # fmt: skip
#: NumPy's comparisons, which compare as Python's do: numbers by their size, Values for equality by identity.
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "less": lambda x, y: x < y if isinstance(x, Value) else y > float(x),
    "less_equal": lambda x, y: x <= y if isinstance(x, Value) else y >= float(x),
    "greater": lambda x, y: x > y if isinstance(x, Value) else y < float(x),
    "greater_equal": lambda x, y: x >= y if isinstance(x, Value) else y <= float(x),
    "equal": operator.is_, "not_equal": operator.is_not,
}  # fmt: skip
