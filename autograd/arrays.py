"""Reading 4, batches: an operation computed elementwise on NumPy arrays, which are known by what they can do."""

from __future__ import annotations

from typing import Any

from autograd.errors import OperandTypeError
from autograd.floats import apply_to_extended, apply_to_floats, real_number
from autograd.op import READINGS, Op

__all__ = ["apply_to_arrays", "box", "check_array", "check_unmasked", "is_array", "is_object", "unbox"]


def is_array(operand: object) -> bool:
    """Whether an operand is a NumPy array of one or more axes (without importing NumPy)."""
    return hasattr(operand, "__array__") and getattr(operand, "ndim", 0) > 0


def check_unmasked(x: Any, where: str) -> None:
    """Check that an array has no mask.

    Raises:
        OperandTypeError: it has one.
    """
    if hasattr(x, "mask") and hasattr(x, "filled"):
        raise OperandTypeError(
            f"{where} is a masked array, whose mask would be ignored. Write x.compressed() for the entries that are "
            "not masked, or x.filled(number)."
        )


def check_array(x: Any, where: str) -> None:
    """Check that an array means what its entries say.

    Raises:
        OperandTypeError: it is masked, a matrix, or of numbers that are not real.
    """
    check_unmasked(x, where)
    kind = type(x).__name__
    if kind == "matrix":
        raise OperandTypeError(f"{where} is a numpy.matrix, in which * means another product. Write numpy.asarray(x).")
    if not hasattr(getattr(x, "dtype", None), "kind"):
        raise OperandTypeError(
            f"{where} is an array of another library ({type(x).__module__}.{kind}). Write numpy.asarray(x)."
        )
    if x.dtype.kind not in "biufO":
        raise OperandTypeError(
            f"{where} is an array of {x.dtype}, which are no real numbers. Use .real and .imag as two arrays, or "
            "x.astype(float)."
        )


def apply_to_arrays(op: Op, operands: tuple[Any, ...]) -> Any:
    """Compute an operation elementwise on arrays.

    On numbers IEEE rules hold: infinities and NaN, no errors. Where there is a Value, beside an array or in one, the
    result is an array of Values, broadcast as NumPy does, and each entry follows the rules of Values.
    """
    import numpy

    for operand in operands:
        if is_array(operand):
            check_array(operand, f"An operand of {op.name}")
    if any(is_object(x) for x in operands):
        from autograd.vectors import as_values

        entries = [box(x).view(numpy.ndarray) for x in operands]
        return as_values(numpy.frompyfunc(lambda *numbers: op.apply(numbers), len(operands), 1)(*entries))
    # Whole numbers would overflow, and truth values add as "or".
    operands = tuple([x.astype(float) if is_array(x) and x.dtype.kind in "iub" else x for x in operands])
    if isinstance(op.array, str):
        return getattr(numpy, op.array)(*operands)
    if op.array is None and op.generic:
        return op.forward(*operands)
    each = op.array or numpy.vectorize(lambda *numbers: apply_to_extended(op, numbers), otypes=[float])
    # Truth values become 0 and 1, and float32 stays float32.
    return numpy.asarray(each(*operands)).astype(numpy.result_type(numpy.float16, *operands), copy=False)


def is_object(operand: object) -> bool:
    """Whether an operand makes the result an array of objects: such an array, or a type that is registered."""
    if is_array(operand):
        return operand.dtype == object  # type: ignore[attr-defined, no-any-return]
    return type(operand) is not float and type(operand) in READINGS


def box(x: Any) -> Any:
    """Return an array as it is, and one operand in an array without axes, so that NumPy takes it as it is."""
    import numpy

    if is_array(x):
        return x
    array = numpy.empty((), dtype=object)
    array[()] = x
    return array


def unbox(x: Any) -> Any:
    """Return the entry of an array of objects without axes, such as ``np.array(v)``, and anything else as it is."""
    return x.item() if hasattr(x, "__array__") and getattr(x, "shape", None) == () and x.dtype == object else x


def _apply_to_others(op: Op, operands: tuple[Any, ...]) -> Any:
    """Apply an operation where an operand is neither a float nor of a type that is registered."""
    if any(map(is_array, operands)):
        return apply_to_arrays(op, operands)
    entries = tuple(map(unbox, operands))
    if any(entry is not operand for entry, operand in zip(entries, operands, strict=True)):
        return op.apply(entries)
    return apply_to_floats(op, tuple(real_number(operand, op.name) for operand in operands))


READINGS[object] = _apply_to_others
