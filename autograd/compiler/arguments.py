"""What a program is given: arrays, checked and laid out as one row of numbers an example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.arrays import check_unmasked
from autograd.compiler.trace import Argument
from autograd.errors import CompileError, ValueOverflowError
from autograd.value import Value

__all__ = ["read_arrays", "read_numbers", "read_weights", "split_gradient"]

Array = NDArray[Any]
DOUBLE = np.dtype(np.float64)


def read_arrays(
    arrays: Sequence[ArrayLike], arguments: Sequence[Argument], dtype: np.dtype[Any]
) -> tuple[list[Array], bool]:
    """Read arrays into (examples, numbers) each, and return whether they had a batch axis.

    Raises:
        CompileError: an array does not fit its argument, or they hold different numbers of examples.
        ValueOverflowError: a number is beyond the largest float of the program.
    """
    if len(arrays) != len(arguments):
        names = ", ".join(argument.name for argument in arguments)
        raise CompileError(f"The program takes {len(arguments)} array(s) ({names}), not {len(arrays)}.")
    read = [read_numbers(array, argument.name, dtype) for array, argument in zip(arrays, arguments, strict=True)]
    if [array.shape for array in read] == [argument.shape for argument in arguments]:
        return [a.reshape(1, len(argument.leaves)) for a, argument in zip(read, arguments, strict=True)], False
    laid_out = []
    for array, argument in zip(read, arguments, strict=True):
        if array.ndim == 1 and len(argument.leaves) == 1:
            array = array.reshape(-1, *argument.shape)
        if array.shape[1:] != argument.shape or array.ndim != len(argument.shape) + 1:
            raise CompileError(
                f"{argument.name} has shape {array.shape}, but the program was compiled for "
                f"{('examples', *argument.shape)}".replace("'", "")
                + ". Compile it for an example of this shape, or reshape the array."
            )
        laid_out.append(array.reshape(len(array), len(argument.leaves)))
    if len(set(map(len, laid_out))) > 1:
        found = ", ".join(f"{argument.name} has {len(a)}" for argument, a in zip(arguments, laid_out, strict=True))
        raise CompileError(f"All arrays must hold the same number of examples: {found}.")
    return laid_out, True


def read_numbers(given: ArrayLike, name: str, dtype: np.dtype[Any] = DOUBLE) -> Array:
    """Turn what is given under a name into an array of numbers.

    Raises:
        CompileError: it is ragged, or holds what is no real number.
        OperandTypeError: it is masked.
        ValueOverflowError: a number is beyond the largest of the type.
    """
    check_unmasked(given, name)
    try:
        array = np.asarray(given)
    except ValueError:
        raise CompileError(f"{name} is ragged: give it rows of one shape.") from None
    if array.dtype == object and any(isinstance(entry, Value) for entry in array.ravel().tolist()):
        raise CompileError(
            f"{name} holds Values, but a program takes and gives numbers, through which no derivative flows. Compile "
            "the function without an example, which takes Values too, or pass their numbers: v.data."
        )
    if array.dtype.kind not in "biuf":
        raise CompileError(
            f"{name} must hold real numbers, not entries of type {array.dtype}: encode words, and leave gaps out."
        )
    if array.dtype == dtype:
        return array
    with np.errstate(over="ignore"):
        cast = array.astype(dtype, copy=False)
    if (np.isinf(cast) & np.isfinite(array)).any():
        raise ValueOverflowError(
            f'{name} holds numbers beyond the largest {dtype}. Scale the data, or compile with dtype="float64".'
        )
    return cast


def read_weights(weights: ArrayLike, parameters: int) -> Array:
    """Read numbers to use for the parameters.

    Raises:
        CompileError: there are more or fewer than parameters, or they are no real numbers.
    """
    w = read_numbers(weights, "weights")
    if w.shape != (parameters,):
        raise CompileError(
            f"weights must hold one number for each of the {parameters} parameters, not shape {w.shape}."
        )
    return w


def split_gradient(gradient: Array, arguments: Sequence[Argument], batched: bool) -> list[Array]:
    """Split the gradient by all inputs, (numbers, examples), into an array for each argument, in its shape."""
    pieces, start = [], 0
    for argument in arguments:
        size = len(argument.leaves)
        piece = gradient[start : start + size].T.reshape(gradient.shape[1], *argument.shape)
        pieces.append((piece if batched else piece[0]).astype(np.float64, copy=False))
        start += size
    return pieces
