"""What a module is fed with, checked: a row of numbers, a picture, a sequence; and the sizes that it is built with."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from operator import index
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd import Value, Values
from nn import arrays
from nn.arrays import Array, Number
from nn.errors import ShapeError

__all__ = ["Pair", "count", "picture", "positive", "read_sizes", "read_widths", "row", "sequence", "short"]

#: A size for rows and columns together, or for each.
Pair: TypeAlias = int | Sequence[int]


class Titled(Protocol):
    """Something that says in an error what it is: a module."""

    @property
    def title(self) -> str:
        """What it is called."""
        ...


def row(inputs: Any, width: int | None, owner: Titled, where: str = "") -> tuple[Number, ...]:
    """Check one example: a flat list of numbers and Values.

    Args:
        inputs: a list, tuple or one-dimensional array.
        width: how many there must be; None for any number.
        owner: the module that takes it, for the message.
        where: what to say behind its name: ``", step 3,"``.

    Raises:
        ShapeError: there are more or fewer, or it is a batch.
        TypeError: it is no list.
    """
    plain = _is_plain(inputs) and inputs.ndim == 1
    xs = inputs.tolist() if plain else _read_list(inputs, owner, "a list of numbers", where)
    if not plain and _is_nested(xs):
        wanted = "a flat list" if width is None else f"a flat list of {count(width, 'number')}"
        several = "" if where else ", or a list of examples"
        raise ShapeError(f"{owner.title}{where} takes one example, {wanted}{several}, got {_shape(xs)}.")
    if width is not None and len(xs) != width:
        raise ShapeError(f"{owner.title}{where} takes {count(width, 'input')}, got {len(xs)}.")
    return tuple(xs)


def picture(inputs: Any, channels: int | None, owner: Titled) -> NDArray[Any]:
    """Check a picture: an array (channels, rows, columns) of numbers or Values, or nested lists.

    Args:
        inputs: the picture.
        channels: how many there must be; None for any number.
        owner: the module that takes it, for the message.

    Raises:
        ShapeError: it has another number of axes or channels, or is ragged.
        TypeError: it is no list.
    """
    planes = inputs if _is_plain(inputs) else _read_list(inputs, owner, "a picture, [channel][row][column]")
    found = _shape(planes)
    if not isinstance(found, tuple) or len(found) != 3:
        raise ShapeError(f"{owner.title} takes one picture, [channel][row][column], got {found}.")
    if channels is not None and found[0] != channels:
        raise ShapeError(f"{owner.title} takes {count(channels, 'channel')}, got {found[0]}.")
    return planes if isinstance(planes, np.ndarray) else arrays.make(arrays.flat(planes), found)


def sequence(inputs: Any, width: int, owner: Titled) -> list[tuple[Number, ...]]:
    """Check a sequence: a list of rows of one width, or an array (steps, width).

    Raises:
        ShapeError: it is empty, or a row has another width; the message says which.
        TypeError: it is no list of rows.
    """
    steps = _read_list(inputs, owner, "a sequence, a list of rows")
    if not steps:
        raise ShapeError(f"{owner.title} takes a sequence of one step or more, got an empty one.")
    return [row(step, width, owner, f", step {time},") for time, step in enumerate(steps)]


def positive(number: Any, name: str, owner: str, least: int = 1) -> int:
    """Check a size: a whole number of at least `least`.

    Raises:
        ValueError: it is something else.
    """
    with suppress(TypeError):  # such as an array of several numbers
        if not isinstance(number, bool) and index(number) >= least:
            return index(number)
    raise ValueError(f"{name} of {owner} must be a whole number from {least}, not {number!r}.")


def read_sizes(content: Any, name: str, owner: str, count: int = 2, least: int = 1) -> tuple[int, ...]:
    """Read a size that is given for each axis, or once for all.

    Raises:
        ValueError: it is no whole number of at least `least`, or there are more or fewer than axes.
    """
    if not isinstance(content, list | tuple):
        return (positive(content, name, owner, least),) * count
    if len(content) != count:
        several = ", or two for rows and columns" if count == 2 else ""
        raise ValueError(f"{name} of {owner} is one whole number{several}, not {content!r}.")
    return tuple([positive(size, name, owner, least) for size in content])


def read_widths(content: Any, name: str, owner: str) -> list[int]:
    """Read the numbers of neurons of hidden layers; a whole number is one layer.

    Raises:
        ValueError: it is something else.
    """
    sizes = content.tolist() if hasattr(content, "tolist") else content
    several = isinstance(sizes, Sequence) and not isinstance(sizes, str | bytes)
    try:
        return [positive(size, name, owner) for size in (sizes if several else [sizes])]
    except ValueError:
        raise ValueError(
            f"{name} of {owner} must be a whole number from 1, or several, one a hidden layer, such as (32, 16), not "
            f"{content!r}."
        ) from None


def short(sizes: Any) -> str:
    """Write sizes shortly: once where all are equal.

    >>> short((2, 2)), short((2, 3))
    ('2', '(2, 3)')
    """
    return str(sizes[0]) if isinstance(sizes, tuple) and len(set(sizes)) == 1 else str(sizes)


def _is_plain(inputs: Any) -> bool:
    """Whether it is an array of Values or of floats that can be taken as it is."""
    return type(inputs) in (np.ndarray, Values) and inputs.dtype.char in "dO"


def _read_list(inputs: Any, owner: Titled, wanted: str, where: str = "") -> list[Any]:
    if isinstance(inputs, list):
        return inputs
    if isinstance(inputs, tuple):
        return list(inputs)
    if hasattr(inputs, "__array__") and not isinstance(inputs, Value):
        arrays.check_mask(inputs, "x")
        array = np.asarray(inputs)
        if array.ndim and array.dtype.kind in "fiub":
            return array.astype(np.float64).tolist()  # type: ignore[no-any-return]
        if array.ndim and array.dtype == object:
            return array.tolist()  # type: ignore[no-any-return]
        if array.ndim:
            raise TypeError(f"{owner.title}{where} takes {wanted}, got an array of {array.dtype}.")
    arrays.check_loader(inputs, "x")
    given = repr(inputs) if isinstance(inputs, int | float | Value) else type(inputs).__name__
    raise TypeError(f"{owner.title}{where} takes {wanted}, got {given}: write [x] for a single number x.")


def _is_nested(xs: list[Any]) -> bool:
    return bool(xs) and (isinstance(xs[0], list | tuple) or getattr(xs[0], "ndim", 0) > 0)


def _shape(nested: Array) -> tuple[int, ...] | str:
    """Measure what was given, for a message."""
    try:
        return arrays.shape(nested)
    except ShapeError:
        return "ragged lists"


def count(number: int, noun: str) -> str:
    """Write a number of things: ``3 inputs``."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
