"""Value: a number that remembers how it was made.

Each operation on Values makes a node that holds its result, its operands, and the slope ∂out/∂operand of
each edge. A node lays its operands out in slots, since millions of them are made:

=========  =====================  ==================================  ============================
slot       leaf                   one or two operands                 any number of operands
=========  =====================  ==================================  ============================
``_op``    None, or FROZEN        the `Op`                            the `Op`
``_x``     None                   first operand, Value or float       tuple of operands
``_y``     None, or a mark below  second operand, or None             tuple of slopes
``_dx``    None                   slope; None where it is a float     None
``_dy``    None                   slope; None where there is none     None
=========  =====================  ==================================  ============================
"""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from autograd.advice import Absent
from autograd.context import current
from autograd.errors import InteriorDataError, OperandTypeError
from autograd.floats import real_number, user_line
from autograd.op import Op
from autograd.symbol import number_text, printable

if TYPE_CHECKING:
    import os

    from autograd.draw.explorer.page import Page
    from autograd.graph import Edge, Graph
    from autograd.operations import Methods
else:
    Methods = object  # `autograd.recording` gives Value its operators and one method for each operation

__all__ = ["FROZEN", "LIFTED", "PARAMETER", "Value", "number_of"]

FROZEN = "frozen"
LIFTED = "lifted"  # made of a number given to a function that is differentiated
PARAMETER = "parameter"


class Value(Methods):
    """A real number that remembers how it was made.

    Args:
        data: the number: an int, a float or a NumPy scalar.
        name: what formulas and drawings call it; micrograd's `label` is the same.
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
        self,
        data: float,
        name: str | None = None,
        *,
        requires_grad: bool = True,
        parameter: bool = False,
        label: str | None = None,
    ) -> None:
        given: object = data
        if isinstance(given, Value):
            raise OperandTypeError(
                "Value works on real numbers, not on a Value. Write v.detach() for a new leaf of v's number."
            )
        self._data = real_number(data, "Value")
        self._name = _check_name(label if name is None else name)
        self._op = None if requires_grad else FROZEN
        self._y = PARAMETER if parameter else None
        self._grad = self._x = self._dx = self._dy = None
        self._pending = 0
        self._scope = current().scope

    @property
    def data(self) -> float:
        """The number. It may be assigned on a leaf; graphs recorded before keep their slopes."""
        trace = current().trace
        if trace is not None:
            trace.check_leaving(self, "data")
        return self._data

    @data.setter
    def data(self, number: float) -> None:
        if self._x is not None:
            raise InteriorDataError(
                f"data of {self._describe()} cannot be assigned: {self._op.name} computed it from its operands. "
                "Assign the leaves and compute again, or make a new leaf with Value(number)."
            )
        self._check_trace("an assignment to data")
        self._data = real_number(number, "Value.data")

    @property
    def grad(self) -> Any:
        """∂output/∂self of the last backward pass (summed over passes on a leaf); None until computed.

        A float, or a Value after ``backward(create_graph=True)``. It may be assigned on a leaf.
        """
        if self._grad is not None:
            self._check_trace("grad")
        return self._grad

    @grad.setter
    def grad(self, gradient: float | Value | None) -> None:
        if isinstance(gradient, Value):
            from autograd.native import show_collector

            show_collector([gradient])
            self._grad = gradient
        else:
            self._grad = None if gradient is None else real_number(gradient, "Value.grad")

    @property
    def real(self) -> Value:
        """The Value itself, as of every real number."""
        return self

    @property
    def imag(self) -> float:
        """0, as of every real number."""
        return 0.0

    @property
    def name(self) -> str | None:
        """What formulas and drawings call this Value; may be assigned."""
        return self._name

    @name.setter
    def name(self, name: str | None) -> None:
        self._name = _check_name(name)

    label = name  # micrograd's word

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
        self._check_trace("slopes")
        return self._slopes

    @property
    def _slopes(self) -> tuple[float | None, ...]:
        if self._x is None:
            return ()
        if type(self._x) is tuple:
            return self._y  # type: ignore[no-any-return]
        return (self._dx,) if self._y is None else (self._dx, self._dy)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """The edges to the operands that are Values, each with its slope and formula."""
        from autograd.graph import edges_of

        self._check_trace("edges")
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
                f"requires_grad of {self._describe()} cannot be assigned: it is not a leaf. Use detach() to cut the "
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
        trace = current().trace
        if trace is not None and trace.holds(self):
            return trace.detach(self)  # type: ignore[no-any-return]
        return Value(self._data, self._name, requires_grad=False)

    def graph(self) -> Graph:
        """Collect everything this Value was computed from."""
        from autograd.graph import Graph

        return Graph(self)

    def tree(self, depth: int = 12) -> Any:
        """Show the graph as a tree for ``print``: operations, numbers, and the slope on each branch."""
        from autograd.draw.terminal import Tree

        return Tree(self, depth)

    def explore(self, path: str | os.PathLike[str] | None = None) -> Page:
        """Make a page that steps through the graph, forward and backward; see `autograd.explore`."""
        from autograd.draw.explorer import explore

        return explore(self, path)

    def describe(self) -> str:
        """Return in a few words which Value this is: ``x = 0.5`` or ``tanh = 0.4621``."""
        self._check_trace("describe()")
        return self._describe()

    def _describe(self, names: Mapping[Value, str] | None = None) -> str:
        """Name the Value, as its graph does where that is known, and say its number."""
        name = (names or {}).get(self) or self._name
        number = number_text(self._data)
        if self._x is not None and not self._name:
            return f"{name} = {number} ({self._op.name})" if name else f"{self._op.name} = {number}"
        return f"{printable(name)} = {number}" if name else number

    def __repr__(self) -> str:
        self._check_trace("repr()")
        parts = [repr(self._data)]
        if self._name is not None:
            parts.append(f"name={self._name!r}")
        if self._x is not None:
            parts.append(f"op={self._op.name}")
        elif self._op is FROZEN:
            parts.append("requires_grad=False")
        if self._grad is not None:
            parts.append(f"grad={number_of(self._grad)!r}")
        return f"Value({', '.join(parts)})"

    def _repr_svg_(self) -> str:
        return self.graph()._repr_svg_()

    def __format__(self, spec: str) -> str:
        if current().watched and spec:
            self._check_leaving("format()")
        return format(self._data, spec) if spec else repr(self)

    def __float__(self) -> float:
        if current().watched:
            self._check_leaving("float()")
        return self._data

    def item(self) -> float:
        """Return the number as a float, as ``float(v)`` does: PyTorch's word."""
        return float(self)

    def __int__(self) -> int:
        if current().watched:
            self._check_leaving("int()")
        return int(self._data)

    def __complex__(self) -> complex:
        if current().watched:
            self._check_leaving("complex()")
        return complex(self._data)

    def __bool__(self) -> bool:
        trace = current().trace
        if trace is not None:
            trace.check_branching(self)
        return self._data != 0.0

    def __pos__(self) -> Value:
        return self

    def __iter__(self) -> Iterator[Any]:
        raise OperandTypeError("A Value is one number and cannot be iterated over: make a list of Values.")

    def __matmul__(self, other: Any) -> Any:
        if isinstance(other, Value | int | float | list | tuple):
            raise OperandTypeError("@ multiplies vectors and matrices, and a Value is one number: write v * w or dot.")
        return NotImplemented

    __rmatmul__ = __matmul__

    def as_integer_ratio(self) -> NoReturn:
        """Refuse to become a fraction, which `statistics.mean` makes of every number.

        Raises:
            OperandTypeError: always.
        """
        raise OperandTypeError(
            f"A fraction has no place for the graph of {self._describe()}: write autograd.mean(values) for a mean, or "
            "v.data for the plain number."
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Become an array of one object, so that ``np.array([v, w])`` is an array of Values.

        Raises:
            OperandTypeError: an array of plain numbers was asked for, which would lose the graph.
        """
        import numpy

        if dtype is not None and numpy.dtype(dtype) != numpy.dtype(object):
            raise OperandTypeError(
                f"An array of {dtype} has no place for the graph of {self._describe()}{user_line()}. Write "
                "numpy.array(values) for an array of Values, or numpy.array([v.data for v in values]) for their "
                "numbers."
            )
        array = numpy.empty((), dtype=object)
        array[()] = self
        return array

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Record ``np.exp(v)`` and ``np.float64(2) * v`` like any other operation."""
        from autograd.ufuncs import apply_ufunc

        return apply_ufunc(ufunc, method, inputs, options)

    if not TYPE_CHECKING:
        _shown = "v.graph().save('v.svg') draws its graph, print(v.tree()) shows it here, v.explore() steps through it"
        draw, plot, save, show = Absent(_shown), Absent(_shown), Absent(_shown), Absent(_shown)
        zero_grad = Absent("v.grad = None clears its gradient")
        _prev, _children = Absent("v.operands are what it was computed from"), Absent("v.operands are these")
        _backward = Absent("for edge in v.edges: edge.operand.grad += edge.flow passes its gradient on")
        del _shown

    def __init_subclass__(cls) -> None:
        raise TypeError("Value cannot be subclassed: an operation would give a Value. Keep a Value as an attribute.")

    def _check_trace(self, how: str) -> None:
        trace = current().trace
        if trace is not None:
            trace.check_leaving(self, how)

    def _check_leaving(self, how: str) -> None:
        from autograd.leaving import check_leaving

        check_leaving(self, how)

    def __copy__(self) -> Value:
        from autograd.copying import copy

        if current().watched:
            self._check_leaving("copy()")
        return copy(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        from autograd.copying import reduce

        if current().watched:
            self._check_leaving("pickle")
        return reduce(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from autograd.copying import deepcopy

        if current().watched:
            self._check_leaving("deepcopy()")
        return deepcopy(self, memo)


numbers.Real.register(Value)  # for who asks whether it is a number: pytest.approx, numpy.isscalar


def number_of(x: Value | float) -> float:
    """Return the number of a Value, which the engine itself takes out knowingly, or the number itself."""
    return x._data if isinstance(x, Value) else x


def _check_name(name: Any) -> str | None:
    if name is not None and not isinstance(name, str):
        raise OperandTypeError(f"A Value's name must be a str, not {type(name).__name__}: write name={str(name)!r}.")
    return name or None
