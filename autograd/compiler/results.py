"""Results of a traced function: Values in nested lists and tuples, and the arrays of the same nesting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.errors import CompileError
from autograd.value import Value

__all__ = ["check_regular", "filled", "first", "leading", "shaped", "structure", "values"]

Array = NDArray[Any]


def values(result: Any) -> Iterator[Value]:
    """Give the Values of a result in order.

    Raises:
        CompileError: there is something else than numbers and Values in it.
    """
    if isinstance(result, list | tuple):
        for item in result:
            yield from values(item)
    elif isinstance(result, Value):
        yield result
    elif result is None or not hasattr(result, "__float__"):
        raise CompileError(
            f"The function that is being compiled gave an object of type {type(result).__name__} where a Value is due. "
            "Return a Value, or a list or tuple of Values; other results than numbers have no place in a program."
        )


def check_regular(result: Any) -> tuple[int, ...]:
    """Find the shape of a result, of which lists become arrays.

    Raises:
        CompileError: the parts of a list differ in shape, or one is a tuple.
    """
    if isinstance(result, tuple):
        for item in result:
            check_regular(item)
        return ()
    if not isinstance(result, list):
        return ()
    shapes = {check_regular(item) for item in result}
    if len(shapes) > 1 or any(isinstance(item, tuple) for item in result):
        raise CompileError(
            "The function that is being compiled gave a list whose parts differ in shape, which makes no array. Return "
            "a tuple of them."
        )
    return (len(result), *(shapes.pop() if shapes else ()))


def leading(result: Any) -> Any:
    """Give the part of a result that is differentiated: itself, or the first part of a tuple."""
    return result[0] if isinstance(result, tuple) and result else result


def shaped(result: Any, numbers: Iterator[Array], examples: int) -> Any:
    """Lay out the rows of a result: arrays (examples, …), in tuples as the function gave them."""
    if isinstance(result, tuple):
        return _like(result, [shaped(item, numbers, examples) for item in result])
    if isinstance(result, list):
        if not result:
            return np.empty((examples, 0))
        return np.stack([shaped(item, numbers, examples) for item in result], axis=1)
    return next(numbers).astype(np.float64) if isinstance(result, Value) else np.full(examples, float(result))


def first(arrays: Any) -> Any:
    """Take the first example of a result."""
    return _like(arrays, [first(array) for array in arrays]) if isinstance(arrays, tuple) else arrays[0]


def structure(result: Any, places: Iterator[int]) -> Any:
    """Describe the nesting of a result, each Value as its place among the outputs."""
    if isinstance(result, list | tuple):
        return _like(result, [structure(item, places) for item in result])
    return Place(next(places)) if isinstance(result, Value) else float(result)


class Place(int):
    """The place of an output, in a pickled result."""


def filled(nesting: Any, outputs: Sequence[Value]) -> Any:
    """Put Values into the nesting that `structure` described."""
    if isinstance(nesting, list | tuple):
        return _like(nesting, [filled(item, outputs) for item in nesting])
    return outputs[nesting] if isinstance(nesting, Place) else nesting


def _like(nesting: Any, items: list[Any]) -> Any:
    """Make a list or tuple of the same kind, also a named one."""
    if isinstance(nesting, list):
        return items
    return type(nesting)(*items) if hasattr(nesting, "_fields") else tuple(items)
