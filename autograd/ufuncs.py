"""NumPy's functions on Values: ``np.exp(v)`` and ``np.float64(2) * v`` are recorded like any other operation."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from autograd import ops
from autograd.arrays import is_array
from autograd.context import current
from autograd.errors import OperandTypeError
from autograd.op import Op
from autograd.value import Value, number_of

__all__ = ["COMPARISONS", "CONDITIONS", "ELEMENTWISE", "UFUNCS", "apply_ufunc"]

#: The operations by their own names and by those that NumPy has for them.
UFUNCS: dict[str, Op] = {op.name: op for op in ops.CATALOGUE if not op.nary}
UFUNCS |= {op.array: op for op in UFUNCS.values() if isinstance(op.array, str)}
UFUNCS |= {"expit": ops.sigmoid, "gammaln": ops.lgamma, "psi": ops.digamma}  # scipy.special's
UFUNCS |= {"true_divide": ops.truediv, "power": ops.pow, "float_power": ops.pow, "fabs": ops.abs, "rint": ops.round}


def _compare(direct: Callable[[Any, Any], Any], swapped: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: direct(x, y) if isinstance(x, Value) else swapped(y, float(x))


#: NumPy's comparisons, which compare numbers as Python's do.
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "less": _compare(operator.lt, operator.gt),
    "less_equal": _compare(operator.le, operator.ge),
    "greater": _compare(operator.gt, operator.lt),
    "greater_equal": _compare(operator.ge, operator.le),
    "equal": _compare(operator.eq, operator.eq),
    "not_equal": _compare(operator.ne, operator.ne),
}


def _not_zero(x: Any) -> Any:
    return x != 0.0


#: How conditions go together, ``(v > 0) & (v < 1)``; those that are traced are numbers, 0 and 1.
LOGIC: dict[str, Callable[..., Any]] = {
    "logical_and": lambda x, y: _not_zero(x) * _not_zero(y),
    "logical_or": lambda x, y: _not_zero(_not_zero(x) + _not_zero(y)),
    "logical_xor": lambda x, y: _not_zero(x) != _not_zero(y),
    "logical_not": lambda x: x == 0.0,
}
LOGIC |= {"bitwise_" + name: LOGIC["logical_" + name] for name in ("and", "or", "xor")}
LOGIC["invert"] = LOGIC["logical_not"]


def _predicate(holds: Callable[[float], bool]) -> Callable[[Any], bool]:
    """Make a question about a number, whose answer no program may freeze."""

    def ask(x: Any) -> bool:
        trace = current().trace
        if trace is not None and isinstance(x, Value):
            trace.check_branching(x)
        return holds(number_of(x))

    return ask


PREDICATES = {
    "isfinite": _predicate(math.isfinite),
    "isinf": _predicate(math.isinf),
    "isnan": _predicate(math.isnan),
    "signbit": _predicate(lambda x: math.copysign(1.0, x) < 0.0),
}
CONDITIONS: dict[str, Callable[..., Any]] = COMPARISONS | LOGIC | PREDICATES


def _beside_nan(op: Op) -> Callable[[Any, Any], Any]:
    """Make of an operation one that leaves out NaN, as numpy.fmax does."""
    is_nan = PREDICATES["isnan"]
    return lambda x, y: y if is_nan(x) else x if is_nan(y) else op(x, y)


#: What is computed entry by entry, by NumPy's name for it.
ELEMENTWISE: dict[str, Callable[..., Any]] = {
    **UFUNCS,
    **CONDITIONS,
    "conjugate": lambda x: x,
    "deg2rad": lambda x: x * (math.pi / 180.0),
    "exp2": lambda x: 2.0**x,
    "fmax": _beside_nan(ops.maximum),
    "fmin": _beside_nan(ops.minimum),
    "positive": lambda x: x,
    "rad2deg": lambda x: x * (180.0 / math.pi),
}
ELEMENTWISE |= {"degrees": ELEMENTWISE["rad2deg"], "radians": ELEMENTWISE["deg2rad"]}


#: `numpy.sum`, `prod`, `max` and `min`, which take one number as they take an array.
REDUCTIONS = frozenset(["add", "multiply", "maximum", "minimum"])


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Apply the operation that a NumPy function is.

    Raises:
        OperandTypeError: there is no such operation.
    """
    if any(map(is_array, inputs)) or (method == "reduce" and ufunc.__name__ in REDUCTIONS):
        from autograd.vectors import apply_to_vectors

        return apply_to_vectors(ufunc, method, inputs, options)
    function = ELEMENTWISE.get(ufunc.__name__)
    if function is not None and (method != "__call__" or options):
        how = ", ".join(f"{option}=" for option in options) if method == "__call__" else f".{method}"
        raise OperandTypeError(
            f"numpy.{ufunc.__name__} with {how} does not work on one Value: write numpy.{ufunc.__name__}(v) alone."
        )
    if function is None:
        raise OperandTypeError(
            f"numpy.{ufunc.__name__} is not an operation of autograd: write float(v) for the bare number, or define an "
            "Op."
        )
    return function(*inputs)
