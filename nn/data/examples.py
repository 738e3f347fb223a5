"""Examples as arrays: what a user passes for X and y is read, checked, and an entry that cannot be used is named.

Nothing is trained or computed on data that did not pass here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.arrays import check_given, read_array

__all__ = ["Examples", "read_columns", "read_examples", "read_inputs", "read_targets", "separate"]

Array = NDArray[Any]


class Examples(NamedTuple):
    """Inputs (n, …) and their targets, as many; and how much each example counts, if not all count alike.

    Where some of those that a user gave are left out, `given` holds the rows that the others had there.
    """

    X: Array
    T: Array
    weights: Array | None = None
    given: Array | None = None

    def rows(self, rows: Array) -> Examples:
        """Return the examples of some rows."""
        weights, given = (None if column is None else column[rows] for column in (self.weights, self.given))
        return Examples(self.X[rows], self.T[rows], weights, given)

    def keep(self, kept: Array) -> Examples:
        """Leave out the examples that are not kept."""
        rows = np.flatnonzero(kept)
        return self.rows(rows)._replace(given=rows)

    def number(self, row: int) -> int:
        """Return which row of those that a user gave it is."""
        return row if self.given is None else int(self.given[row])

    @property
    def arrays(self) -> tuple[Array, ...]:
        """The arrays that there are: with the weights or without."""
        return (self.X, self.T) if self.weights is None else (self.X, self.T, self.weights)


def separate(array: Array) -> list[Any]:
    """Return what a model or loss gets for each example: an array that it may write to, or a number."""
    return array.tolist() if array.ndim == 1 else [row.copy() for row in array]


def read_inputs(X: ArrayLike, name: str = "X") -> Array:
    """Read inputs into a float64 array of shape (n, …), one row an example.

    Args:
        X: an array, nested lists or a data frame; at least one example, at least two axes.
        name: what to call it in errors.

    Raises:
        ValueError: it is empty, ragged, flat, or holds NaN or an infinity; row and column are named.
        TypeError: an entry is no real number.
    """
    array = _read_numbers(X, name).astype(np.float64)
    if array.ndim == 0:
        raise ValueError(f"{name} is the single number {array.item():g}: for one example write [[{array.item():g}]].")
    if array.ndim == 1 and array.size:
        raise ValueError(
            f"{name} must have one row for each example, but it is flat, with shape {array.shape}. For examples of one "
            f"number each write {name}.reshape(-1, 1); for a single example [{name}]."
        )
    if array.size == 0:
        raise ValueError(
            f"{name} is empty, with shape {array.shape}: give at least one example of at least one number."
        )
    _check_finite(array, name)
    return array


def read_targets(y: ArrayLike, name: str = "y") -> Array:
    """Read targets into an array of shape (n,) or (n, …): int64 for whole numbers such as classes, else float64.

    Raises:
        ValueError: it is empty, ragged, or holds NaN or an infinity; row and column are named.
        TypeError: an entry is no real number.
    """
    return _read(y, name, "give one target for each example.")


def read_columns(X: ArrayLike, name: str = "X") -> NDArray[np.float64]:
    """Read data of any number of axes from one on, such as inputs or targets to standardise, into float64.

    Raises:
        ValueError: it is empty, ragged, or holds NaN or an infinity; row and column are named.
        TypeError: an entry is no real number.
    """
    return _read(X, name, "give at least one row of at least one number.").astype(np.float64)


def _read(given: ArrayLike, name: str, lacking: str) -> Array:
    array = _read_numbers(given, name)
    if array.ndim == 0:
        raise ValueError(f"{name} is the single number {array.item():g}: {lacking}")
    if array.size == 0:
        raise ValueError(f"{name} is empty, with shape {array.shape}: {lacking}")
    whole = array.dtype.kind in "iu" and array.max() <= np.iinfo(np.int64).max
    array = array.astype(np.int64 if whole else np.float64)
    _check_finite(array, name)
    return array


def read_examples(X: ArrayLike, y: ArrayLike | None, names: tuple[str, str] = ("X", "y")) -> tuple[Array, Array]:
    """Read inputs and their targets, one for each.

    Raises:
        ValueError: one of them is not usable (see `read_inputs`), or they differ in length.
        TypeError: an entry is no real number, or there are no targets.
    """
    inputs = read_inputs(X, names[0])
    if y is None:
        raise TypeError(f"{names[1]} is missing: give one target for each example.")
    targets = read_targets(y, names[1])
    if len(inputs) != len(targets):
        raise ValueError(
            f"{names[0]} has {len(inputs)} rows but {names[1]} has {len(targets)}: each example needs its target."
        )
    return inputs, targets


def _read_numbers(given: ArrayLike, name: str) -> Array:
    check_given(given, name)
    try:
        array = read_array(given)
    except ValueError:
        raise ValueError(_describe_ragged(given, name)) from None
    except TypeError as error:
        raise TypeError(f"{name} is {error}.") from None
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind in "mM":
        raise TypeError(f"{name} holds entries of type {array.dtype}, which are no real numbers: count days, say.")
    if array is not given:  # NumPy turns a number beside a text into a text: look at what the user wrote
        array = np.asarray(given, dtype=object)
    for place in np.ndindex(array.shape):
        entry: Any = array[place]
        if isinstance(entry, list | tuple):
            raise ValueError(_describe_ragged(given, name))
        if isinstance(entry, str | complex) or not hasattr(entry, "__float__"):
            kind = f"of type {type(entry).__name__}"
            shown = f"{entry!r}, {kind}" if place or entry is None or isinstance(entry, str) else kind
            raise TypeError(f"{_place(name, place)} is {shown}, which is no real number. {_cure(name, place, entry)}")
        if isinstance(entry, int) and abs(entry) > sys.float_info.max:
            raise ValueError(f"{_place(name, place)} is larger than the largest float: scale it down.")
    return array.astype(np.float64)


def _cure(name: str, place: tuple[int, ...], entry: Any) -> str:
    """Say what to write instead of what is no number."""
    if isinstance(entry, Iterator) and not place:
        return f"Write list({name})."
    if isinstance(entry, Mapping) and not place:
        return f"For a table of columns write numpy.column_stack(list({name}.values()))."
    if isinstance(entry, str) and not place:
        return "Read the file or the data set that it names first."
    if isinstance(entry, complex):
        return "Give its real and imaginary part as two columns."
    if entry is None:
        return "Give numbers only: leave such examples out, or fill the gaps in first."
    return "Give numbers only: encode categories first."


def _describe_ragged(rows: Any, name: str) -> str:
    """Describe which row differs from the first, and how."""
    cure = "Give every example the same shape."
    shapes = [np.shape(row) if _regular(row) else None for row in rows]
    odd = next(row for row, shape in enumerate(shapes) if shape is None or shape != shapes[0])
    if shapes[odd] is None:
        return f"{name} is ragged within row {odd}: its lists differ in length. {cure}"
    if all(len(shape or ()) == 1 for shape in (shapes[0], shapes[odd])):
        lengths = [shape[0] for shape in (shapes[0], shapes[odd]) if shape]
        return f"{name} is ragged: row 0 has length {lengths[0]} and row {odd} has length {lengths[1]}. {cure}"
    return f"{name} is ragged: row 0 has shape {shapes[0]} and row {odd} has shape {shapes[odd]}. {cure}"


def _regular(row: Any) -> bool:
    try:
        return np.asarray(row).dtype.kind != "O"
    except ValueError:
        return False


def _check_finite(array: Array, name: str) -> None:
    finite = np.isfinite(array)
    if finite.all():
        return
    bad = np.argwhere(~finite)
    place = tuple(int(i) for i in bad[0])
    more = f" It is the first of {len(bad)} such entries." if len(bad) > 1 else ""
    number = str(array[place].item()).replace("nan", "NaN").replace("-", "−")
    raise ValueError(f"{_place(name, place)} is {number}.{more} Leave such examples out, or fill the gaps in first.")


def _place(name: str, place: tuple[int, ...]) -> str:
    indices = "".join(f"[{i}]" for i in place)
    if len(place) == 2:
        return f"{name}{indices} (row {place[0]}, column {place[1]})"
    return f"{name}{indices} (row {place[0]})" if place else name
