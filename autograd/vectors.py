"""Arrays of Values: what an array becomes that goes into a function, a program or a model.

NumPy's own loops on objects compare and call methods: at a tie ``np.maximum`` would take the first number for the
larger one, and ``np.isnan`` knows no objects. Here NumPy's functions are the operations of the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import ops
from autograd.arrays import apply_to_arrays, box, is_object
from autograd.context import current
from autograd.errors import AutogradError, OperandTypeError
from autograd.floats import user_line
from autograd.ufuncs import COMPARISONS, CONDITIONS, ELEMENTWISE, UFUNCS
from autograd.value import Value

__all__ = ["Values", "apply_to_vectors", "as_values"]

#: What NumPy computes on objects with Python's operators, which record the same operations.
OPERATORS = frozenset([
    np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.remainder, np.power, np.negative, np.positive,
    np.absolute, np.square, np.reciprocal, np.conjugate,
])  # fmt: skip
#: What NumPy computes on objects with their methods, which floats among them have not.
METHODS = frozenset(name for name, op in UFUNCS.items() if len(op.slopes) == 1 and hasattr(Value, name) and not op.kink)
#: The largest and the least of many numbers, which share the slope where they tie.
CHOICES = {"maximum": ops.largest, "minimum": lambda xs: -ops.largest([-x for x in xs])}
#: What `numpy.ufunc.reduce` takes an option for that was not given.
DEFAULTS = {"dtype": None, "out": None, "initial": np._NoValue, "where": True}
#: Loops that were made, by the name of NumPy's function.
_loops: dict[str, Any] = {}


class Values(np.ndarray[Any, np.dtype[np.object_]]):
    """An array of Values (dtype object), on which NumPy's functions record the operations of the catalogue.

    It is what an array becomes that goes into `grad`, `compile` or a model, and what is computed from one.
    """

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Record ``np.maximum(v, 0)``, ``np.exp(v)`` and ``v + 1`` elementwise."""
        if ufunc in OPERATORS and method == "__call__" and not options:  # most are: without a detour
            return as_values(ufunc(*[x.view(np.ndarray) if isinstance(x, Values) else x for x in inputs]))
        return apply_to_vectors(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        """Compute what NumPy writes with its functions on arrays; say of one that it knows no Values."""
        try:
            if function in FUNCTIONS:
                return FUNCTIONS[function](*inputs, **options)
            result = super().__array_function__(function, types, inputs, options)
        except AutogradError:
            raise
        except (TypeError, AttributeError) as error:
            raise _unknown(f"{function.__module__}.{function.__name__}", error) from error
        return type(result)(map(as_values, result)) if type(result) in (list, tuple) else as_values(result)

    def backward(self) -> None:
        """Compute gradients from the only Value of the array.

        Raises:
            OperandTypeError: it holds another number of them.
        """
        values = self.ravel().tolist()
        if len(values) != 1 or not isinstance(values[0], Value):
            raise OperandTypeError(
                f"backward() starts at one number, but this array has shape {self.shape}: write v.sum().backward(), or "
                "v[0].backward() for one of them."
            )
        values[0].backward()

    def __setattr__(self, name: str, content: Any) -> None:
        if hasattr(Value, name) and not hasattr(np.ndarray, name):
            raise AttributeError(
                f"An array has no {name!r} of its own, but each of its Values has: write for v in array.flat: "
                f"v.{name} = {content!r}."
            )
        super().__setattr__(name, content)

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


def apply_to_vectors(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Apply one of NumPy's functions to arrays of Values, elementwise or along an axis.

    Raises:
        OperandTypeError: it is no operation of the catalogue.
    """
    name = ufunc.__name__
    out = options.get("out")
    if out is not None:
        options["out"] = tuple(map(_plain, out))
    if method == "reduce":
        options = {key: given for key, given in options.items() if given is not DEFAULTS.get(key, DEFAULTS)}
        if name in CHOICES and options.keys() <= {"axis", "keepdims"}:
            return _choose(CHOICES[name], _plain(inputs[0]), **options)
        if "where" in options:
            options.setdefault("initial", ufunc.identity)
    numbers = list(map(_plain, inputs))
    try:
        try:
            result = getattr(_loop(ufunc), method)(*numbers, **options)
        except TypeError:
            if name not in METHODS:
                raise
            result = getattr(_make_loop(ufunc), method)(*numbers, **options)  # with floats among the Values
    except AutogradError:
        raise
    except (TypeError, AttributeError) as error:
        raise _unknown(f"numpy.{name}", error) from error
    if out is not None:
        return out[0] if len(out) == 1 else out
    if name in CONDITIONS and not _holds_values(result):
        return np.asarray(result, dtype=bool)[()]
    return tuple(map(as_values, result)) if isinstance(result, tuple) else as_values(result)


def _where(condition: Any, *choices: Any) -> Any:
    """Choose by conditions that are traced, or by truth values."""
    if len(choices) == 2 and _holds_values(condition):
        return apply_to_arrays(ops.where, (condition, *choices))
    return as_values(np.where(_plain(condition), *map(_plain, choices)))


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002 (NumPy's name)
    """Compute a norm as `numpy.linalg.norm` does, whose largest number shares its slope where several tie."""
    x = np.asanyarray(x)
    if ord not in (np.inf, -np.inf) or not (x.ndim == 1 or isinstance(axis, int)):
        return as_values(np.linalg.norm(_plain(x), ord, axis, keepdims))
    return (np.max if ord > 0 else np.min)(np.abs(x), axis=axis, keepdims=keepdims)


#: What NumPy would compute on its own arrays, without asking Values.
FUNCTIONS: dict[Any, Callable[..., Any]] = {np.where: _where, np.linalg.norm: _norm}


def as_values(x: Any) -> Any:
    """Return an array of objects as an array of Values, and anything else as it is."""
    return x.view(Values) if type(x) is np.ndarray and x.dtype == object else x


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, Values) else box(x) if isinstance(x, Value) else x


def _loop(ufunc: Any) -> Any:
    """Return what computes one of NumPy's functions on arrays of objects."""
    name = ufunc.__name__
    own = ufunc in OPERATORS or name in METHODS or (name in COMPARISONS and current().trace is None)
    return ufunc if own or name not in ELEMENTWISE else _make_loop(ufunc)


def _make_loop(ufunc: Any) -> Any:
    """Make a NumPy function that applies the operation of the catalogue to each entry."""
    name = ufunc.__name__
    if name not in _loops:
        function = ELEMENTWISE[name]  # called by a function, as NumPy would ask an Op for its attributes
        _loops[name] = np.frompyfunc(lambda *numbers: function(*numbers), ufunc.nin, 1, identity=ufunc.identity)
    return _loops[name]


def _choose(choice: Any, x: Any, axis: Any = 0, keepdims: bool = False) -> Any:
    """Compute the largest or the least number along axes, as `numpy.maximum.reduce` does."""
    if not x.ndim and axis in (0, -1):  # which NumPy takes for one number, too
        axis = None
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = {np.lib.array_utils.normalize_axis_index(one, x.ndim) for one in axes}
    kept = [one for one in range(x.ndim) if one not in gone]
    rows = x.transpose(kept + sorted(gone)).reshape([x.shape[one] for one in kept] + [-1])
    chosen = np.empty(rows.shape[:-1], dtype=object)
    for place in np.ndindex(chosen.shape):
        chosen[place] = choice(rows[place].tolist())
    if keepdims:
        chosen = chosen.reshape([1 if one in gone else size for one, size in enumerate(x.shape)])
    return as_values(chosen[()])


def _holds_values(x: Any) -> bool:
    return isinstance(x, Value) or (is_object(x) and any(isinstance(v, Value) for v in x.flat))


def _unknown(name: str, error: Exception) -> OperandTypeError:
    return OperandTypeError(
        f"{name} does not work on an array of Values{user_line()}: {str(error).rstrip('.')}. Write it with operations "
        "of autograd, whose functions work elementwise; or, where constants are meant, take the numbers out: "
        "numpy.array([x.data for x in v.flat])."
    )
