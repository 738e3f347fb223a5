"""Choosing by a whole number that a program gets as an input: rows of a table of embeddings, the score of a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autograd import ops
from autograd.arrays import is_array
from autograd.errors import OperandTypeError, PlaceError
from autograd.value import Value

__all__ = ["choose"]


def choose(which: Any, choices: Sequence[Any]) -> Any:
    """Return the choice at a place, from 0: a number, or a row of them.

    A place that is a plain number is looked up. One that is a Value, such as an input of a function that is being
    compiled, is an operation: the derivative by the choice at that place is 1, by the others 0. In a program it is a
    gather, whose cost does not grow with the number of choices.

    Args:
        which: the place: a whole number.
        choices: numbers, or rows of numbers of one length: lists or an array of two axes.

    Raises:
        PlaceError: there is no such place.
        OperandTypeError: `choices` is a single number.

    Example:
        >>> choose(1, [0.5, 0.25])
        0.25
        >>> choose(1.0, [[1.0, 2.0], [3.0, 4.0]])
        [3.0, 4.0]
    """
    try:
        count = len(choices)
    except TypeError:
        raise OperandTypeError("choose works on a list of choices, or on rows of them, not on one number.") from None
    if not isinstance(which, Value):
        place = int(which) if which - which == 0 else -1
        if place != which or not 0 <= place < count:
            raise PlaceError(f"choose needs a whole number from 0 to {count - 1}, one for each choice, not {which!r}.")
        return choices[place]
    if not any(is_array(choice) or isinstance(choice, list | tuple) for choice in choices):
        return ops.choose(which, list(choices))
    row = [ops.choose(which, column) for column in zip(*choices, strict=True)]
    if not is_array(choices):
        return row
    import numpy

    from autograd.vectors import as_values

    return as_values(numpy.array(row))
