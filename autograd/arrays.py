"""Reading 4, batches: an operation computed elementwise on NumPy arrays, which are known by what they can do."""

from __future__ import annotations

from typing import Any

from autograd.floats import apply_to_extended, apply_to_floats, real_number
from autograd.op import READINGS, Op

__all__ = ["apply_to_arrays", "is_array"]


def is_array(operand: object) -> bool:
    """Whether an operand is a NumPy array of one or more axes (without importing NumPy)."""
    return hasattr(operand, "__array__") and getattr(operand, "ndim", 0) > 0


def apply_to_arrays(op: Op, operands: tuple[Any, ...]) -> Any:
    """Compute an operation elementwise on NumPy arrays (IEEE rules: infinities and NaN, no errors)."""
    import numpy

    # Whole numbers would overflow, and truth values add as "or".
    operands = tuple([x.astype(float) if is_array(x) and x.dtype.kind in "iub" else x for x in operands])
    if isinstance(op.array, str):
        return getattr(numpy, op.array)(*operands)
    if op.array is not None:
        return op.array(*operands)
    if op.generic:
        return op.forward(*operands)
    return numpy.vectorize(lambda *numbers: apply_to_extended(op, numbers), otypes=[float])(*operands)


def _apply_to_others(op: Op, operands: tuple[Any, ...]) -> Any:
    """Apply an operation where an operand is neither a float nor of a type that is registered."""
    if any(map(is_array, operands)):
        return apply_to_arrays(op, operands)
    return apply_to_floats(op, tuple(real_number(operand, op.name) for operand in operands))


READINGS[object] = _apply_to_others
