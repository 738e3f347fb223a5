"""Results of a traced function: Values in nested lists and tuples, arrays of the same nesting, and sums of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import tree
from autograd.arrays import is_array
from autograd.errors import CompileError
from autograd.value import Value

__all__ = [
    "add_up",
    "all_finite",
    "build_arrays",
    "check_regular",
    "describe_structure",
    "fill_structure",
    "is_array_part",
    "take_differentiated",
    "take_first_example",
    "values",
]

Array = NDArray[Any]


def values(result: Any) -> Iterator[Value]:
    """Yield the Values of a result in order.

    Raises:
        CompileError: there is something else than numbers and Values in it.
    """
    for leaf in tree.leaves(result, is_leaf=lambda part: isinstance(part, dict)):
        if isinstance(leaf, Value):
            yield leaf
        elif leaf is None or not hasattr(leaf, "__float__"):
            raise CompileError(
                f"The function that is being compiled gave an object of type {type(leaf).__name__} where a Value is "
                "due. Return a Value, or a list or tuple of Values; other results than numbers have no place in a "
                "program."
            )


def _is_tuple(part: Any) -> bool:
    return isinstance(part, tuple)


def is_array_part(part: Any) -> bool:
    """Whether a part of a result becomes one array: all but tuples do."""
    return not isinstance(part, tuple)


def check_regular(result: Any) -> None:
    """Check that each list of a result makes an array.

    Raises:
        CompileError: the parts of a list differ in shape, or one is a tuple.
    """
    for part in tree.leaves(result, is_leaf=is_array_part):
        try:
            tree.shape(part)
            regular = not any(map(_is_tuple, tree.leaves(part, is_leaf=_is_tuple)))
        except ValueError:
            regular = False
        if not regular:
            raise CompileError(
                "The function that is being compiled gave a list whose parts differ in shape, which makes no array. "
                "Return a tuple of them."
            )


def take_differentiated(result: Any) -> Any:
    """Return the part of a result that is differentiated: itself, or the first part of a tuple."""
    return result[0] if isinstance(result, tuple) and result else result


def build_arrays(result: Any, numbers: Iterator[Array], examples: int) -> Any:
    """Return the rows of a result as arrays (examples, …), in tuples as the function gave them."""
    return tree.map_leaves(lambda part: _stack(part, numbers, examples), result, is_leaf=is_array_part)


def _stack(part: Any, numbers: Iterator[Array], examples: int) -> Array:
    if is_array(part):
        rows = [_stack(entry, numbers, examples) for entry in tree.entries(part)]
        return np.reshape(np.transpose(rows) if rows else [], (examples, *part.shape))
    if isinstance(part, list):
        rows = [_stack(entry, numbers, examples) for entry in part]
        return np.stack(rows, axis=1) if rows else np.empty((examples, 0))
    return next(numbers).astype(np.float64) if isinstance(part, Value) else np.full(examples, float(part))


def add_up(each: Array, share: float) -> float:
    """Add up the examples' values, or take their mean: `share` of the sum."""
    if len(each) == 1:
        return float(each[0]) * share
    with np.errstate(all="ignore"):
        return float(each.sum(dtype=np.float64) * share)


def all_finite(numbers: Array | float) -> bool:
    """Whether every number is finite."""
    return isfinite(numbers) if isinstance(numbers, float) else bool(np.isfinite(numbers).all())


def take_first_example(arrays: Any) -> Any:
    """Return the first example of a result."""
    return tree.map_leaves(lambda array: array[0], arrays, is_leaf=is_array_part)


def describe_structure(result: Any, places: Iterator[int]) -> Any:
    """Describe the nesting of a result, each Value as its place among the outputs."""
    return tree.map_leaves(lambda leaf: Place(next(places)) if isinstance(leaf, Value) else float(leaf), result)


class Place(int):
    """The place of an output, in a pickled result."""


def fill_structure(nesting: Any, outputs: Sequence[Value]) -> Any:
    """Return the nesting that `describe_structure` described, with Values in it."""
    return tree.map_leaves(lambda leaf: outputs[leaf] if isinstance(leaf, Place) else leaf, nesting)
