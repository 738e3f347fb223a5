"""NumPy's functions on Values: ``np.exp(v)`` and ``np.float64(2) * v`` are recorded like any other operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd import ops
from autograd.arrays import apply_to_arrays, box, is_array
from autograd.errors import OperandTypeError
from autograd.op import Op
from autograd.value import Value

__all__ = ["UFUNCS", "apply_ufunc"]

#: The operations by their own names and by those that NumPy has for them.
UFUNCS: dict[str, Op] = {op.name: op for op in ops.CATALOGUE if not op.nary}
UFUNCS |= {op.array: op for op in UFUNCS.values() if isinstance(op.array, str)}
UFUNCS |= {"true_divide": ops.truediv, "power": ops.pow, "float_power": ops.pow, "fabs": ops.abs, "rint": ops.round}

#: NumPy's comparisons, which compare numbers as Python's do.
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "less": lambda x, y: x < y if isinstance(x, Value) else y > float(x),
    "less_equal": lambda x, y: x <= y if isinstance(x, Value) else y >= float(x),
    "greater": lambda x, y: x > y if isinstance(x, Value) else y < float(x),
    "greater_equal": lambda x, y: x >= y if isinstance(x, Value) else y <= float(x),
    "equal": lambda x, y: x == y if isinstance(x, Value) else y == float(x),
    "not_equal": lambda x, y: x != y if isinstance(x, Value) else y != float(x),
}


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Apply the operation that a NumPy function is.

    Raises:
        OperandTypeError: an operand is an array, or there is no such operation.
    """
    op = UFUNCS.get(ufunc.__name__)
    compare = COMPARISONS.get(ufunc.__name__)
    if any(map(is_array, inputs)) and method == "__call__" and not options:
        return apply_to_arrays(op, inputs) if op is not None else ufunc(*map(box, inputs))
    if compare is not None and method == "__call__" and not options:
        return compare(*inputs)
    if op is None or method != "__call__" or options:
        raise OperandTypeError(
            f"numpy.{ufunc.__name__} is not an operation of autograd: write float(v) for the bare number, or define an "
            "Op."
        )
    return op(*inputs)
