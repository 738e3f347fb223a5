"""Arrays of Values, and nested lists of them: made, walked, measured, read back.

What a module gives is a NumPy array (dtype object); what it takes may also be nested lists. `read_given` checks what a
user passes for parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Value, Values
from nn.errors import ShapeError

__all__ = [
    "CONTAINERS",
    "Array",
    "Number",
    "array",
    "check_given",
    "check_loader",
    "check_mask",
    "depth",
    "entries",
    "first",
    "flat",
    "make",
    "map_numbers",
    "numbers",
    "places",
    "read_array",
    "read_flag",
    "read_foreign",
    "read_given",
    "read_or_keep",
    "rows",
    "shape",
    "stack",
]

Number = Value | float
#: Numbers in an array or in nested lists, of any depth; a single Value has depth 0.
Array = Any

CONTAINERS = (list, tuple, dict, np.ndarray)  # isinstance takes four times as long with list | tuple | …


def make(values: Sequence[Any], shape: tuple[int, ...] | None = None) -> NDArray[Any]:
    """Make an array of Values, row by row; of float64 where all are plain numbers.

    >>> make([Value(1.0), 2.0])
    array([Value(1.0), 2.0], dtype=object)
    """
    plain = not (values and type(values[0]) is Value) and all(isinstance(x, float | int | np.number) for x in values)
    filled = np.fromiter(values, np.float64 if plain else object, len(values))
    filled = filled if shape is None else filled.reshape(shape)
    return filled if plain else filled.view(Values)


def array(nested: Array) -> Array:
    """Return nested lists as an array; an array or a single number as it is.

    Raises:
        ShapeError: the lists on one level differ in length.
    """
    return make(flat(nested), shape(nested)) if isinstance(nested, list | tuple) else nested


def first(nested: Any) -> Any:
    """Return the first thing that is no list, tuple, dict or array; None where there is nothing."""
    while isinstance(nested, CONTAINERS):
        if isinstance(nested, np.ndarray):
            return nested.item(0) if nested.size else None
        if not nested:
            return None
        nested = next(iter(nested.values() if isinstance(nested, dict) else nested))
    return nested


def places(shape: tuple[int, ...]) -> list[str]:
    """List the places of an array of a shape, row by row: ``[0][0]``, ``[0][1]``, …"""
    return ["".join(place) for place in product(*([f"[{i}]" for i in range(size)] for size in shape))]


def entries(nested: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Walk arrays, nested lists and dicts in order: the place of each entry, such as ``[0][1]``, and the entry."""
    if isinstance(nested, np.ndarray):
        yield from zip([place + rest for rest in places(nested.shape)], nested.ravel().tolist(), strict=True)
    elif isinstance(nested, list | tuple | dict):
        for index, inner in nested.items() if isinstance(nested, dict) else enumerate(nested):
            yield from entries(inner, f"{place}[{index!r}]")
    else:
        yield place, nested


def flat(nested: Any) -> list[Any]:
    """List the entries of arrays, nested lists and dicts in order.

    >>> flat([[1, 2], [3]])
    [1, 2, 3]
    """
    if isinstance(nested, np.ndarray):
        return nested.ravel().tolist()
    if not isinstance(nested, CONTAINERS):
        return [nested]
    inner = nested.values() if isinstance(nested, dict) else nested
    return [entry for one in inner for entry in (flat(one) if isinstance(one, CONTAINERS) else (one,))]


def shape(nested: Array) -> tuple[int, ...]:
    """Measure an array or nested lists.

    Raises:
        ShapeError: the lists on one level differ in length.

    Example:
        >>> shape([[1, 2, 3], [4, 5, 6]])
        (2, 3)
    """
    if isinstance(nested, np.ndarray):
        return tuple(nested.shape)
    if not isinstance(nested, list | tuple):
        return ()
    inner = {shape(each) for each in nested}
    if len(inner) > 1:
        raise ShapeError(f"The lists are ragged: side by side stand shapes {' and '.join(map(str, sorted(inner)))}.")
    return (len(nested), *(inner.pop() if inner else ()))


def depth(nested: Any) -> int:
    """Count the axes of an array or of nested lists, as far as the first entries show them.

    >>> depth([[1.0, 2.0]]), depth(3.0)
    (2, 0)
    """
    axes = 0
    while isinstance(nested, list | tuple):
        axes += 1
        if not nested:
            return axes
        nested = nested[0]
    return axes + int(getattr(nested, "ndim", 0))


def rows(nested: Any) -> list[Any]:
    """List the examples of a batch: what stands side by side on its first axis."""
    return list(nested if isinstance(nested, list | tuple | np.ndarray) else read_array(nested))


def stack(parts: Sequence[Array]) -> NDArray[Any]:
    """Make one array of arrays or numbers of one shape, with an axis more in front.

    Raises:
        ShapeError: there are none, or they differ in shape.
    """
    shapes = dict.fromkeys(map(shape, parts))
    if len(shapes) != 1:
        raise ShapeError(
            f"The examples of a batch differ in shape: {' and '.join(map(str, shapes))}."
            if shapes
            else "A batch holds one example or more, but this one is empty."
        )
    return make([entry for part in parts for entry in flat(part)], (len(parts), *next(iter(shapes))))


def numbers(nested: Array) -> NDArray[np.float64]:
    """Read the numbers of Values or numbers, in an array or nested lists, into an array of the same shape."""
    read = [entry.data if isinstance(entry, Value) else float(entry) for entry in flat(nested)]
    return np.array(read, dtype=np.float64).reshape(shape(nested))


def map_numbers(f: Callable[[Any], Any], nested: Array) -> Array:
    """Apply a function to each number: a single one gives what f gives, others an array of their shape."""
    nested = read_foreign(nested)
    if not isinstance(nested, list | tuple | np.ndarray):
        return f(nested)
    return make([f(entry) for entry in flat(nested)], shape(nested))


def read_array(content: Any) -> NDArray[Any]:
    """Read an array as NumPy does; of PyTorch's tensors the numbers, however they are held.

    Raises:
        TypeError: a tensor has no numbers yet.
        ValueError: the lists on one level differ in length.
    """
    if isinstance(content, list | tuple) and content and hasattr(content[0], "resolve_neg"):
        content = [read_array(row) for row in content]
    if not hasattr(content, "resolve_neg"):
        return np.asarray(content)
    if content.is_meta:
        raise TypeError("a tensor on the device 'meta', which has no numbers")
    content = content.detach().cpu()
    content = content.dequantize() if content.is_quantized else content.to_dense()
    narrow = content.is_floating_point() and content.dtype.itemsize < 4  # some of which NumPy does not know
    return np.asarray((content.float() if narrow else content).resolve_conj().resolve_neg().numpy())


def read_foreign(nested: Any) -> Any:
    """Read the array of another library, or a list of tensors, as NumPy's array; return anything else as it is."""
    if isinstance(nested, list | tuple):
        foreign = bool(nested) and hasattr(nested[0], "resolve_neg")
    else:
        foreign = hasattr(nested, "__array__") and not isinstance(nested, np.ndarray | np.generic | Value)
    return read_array(nested) if foreign else nested


def check_mask(content: Any, name: str) -> None:
    """Check that an array has no mask, which NumPy's other arrays would not know of.

    Raises:
        TypeError: it is a masked array.
    """
    if np.ma.isMaskedArray(content):
        raise TypeError(
            f"{name} is a masked array, whose mask would be ignored: leave such examples out, or write "
            f"{name}.filled(number)."
        )


def check_loader(content: Any, name: str) -> None:
    """Check that it is no loader and no data set, PyTorch's or ours; one that is an array, as in a file of HDF5, is.

    Raises:
        TypeError: it is one.
    """
    kinds = () if hasattr(content, "__array__") else type(content).__mro__
    if any(kind.__name__ in ("DataLoader", "Dataset") for kind in kinds):
        raise TypeError(
            f"{name} is a {type(content).__name__}, which hands out examples in a loop: give the arrays of inputs and "
            "of targets that it was made of; fit and nn.DataLoader take batch_size= and shuffle= themselves."
        )


def check_given(content: Any, name: str) -> None:
    """Check that what stands for an array has no mask, and is no loader.

    Raises:
        TypeError: it has one, or is one.
    """
    check_mask(content, name)
    check_loader(content, name)


def read_flag(content: Any, name: str) -> bool:
    """Read an option that is a yes or a no, which a text such as "no" is neither.

    Raises:
        TypeError: it is neither a bool nor a number.
    """
    if not isinstance(content, bool | int | float | np.bool_ | np.integer | np.floating):
        raise TypeError(f"{name} must be True or False, not {content!r}.")
    return bool(content)


def read_given(content: Any, wanted: tuple[int, ...], name: str, owner: str) -> NDArray[np.float64]:
    """Check an array that a user passed for parameters.

    Args:
        content: nested lists, or anything that NumPy reads.
        wanted: the shape that it must have.
        name: what it is called: ``W``.
        owner: what it was given to: ``Layer 2 → 3``.

    Returns:
        a float64 copy.

    Raises:
        ShapeError: it is ragged or of another shape; the message says if it looks transposed.
        TypeError: it holds something other than real numbers.
        ValueError: a number is NaN or infinite; the message says which.
    """
    of = f"{name} of {owner}"
    want = f"({', '.join(map(str, wanted))}{',' * (len(wanted) == 1)})"
    check_mask(content, name)
    if not hasattr(content, "__array__") and not isinstance(content, Value):
        try:
            shape(content)
        except ShapeError:
            raise ShapeError(f"{of} is ragged{_lengths(content)}. Its shape must be {want}.") from None
    try:
        array = read_array(content)
        if array.dtype.kind not in "fiub":
            raise TypeError
    except (TypeError, ValueError):
        kind = next((type(entry).__name__ for entry in flat(content) if not _is_number(entry)), "text")
        raise TypeError(
            f"{of} must hold plain numbers, not {kind}. "
            + ("Share parameters by assigning a module's array: b.W = a.W." if kind == "Value" else "Give floats.")
        ) from None
    if array.shape != wanted:
        transposed = array.ndim == 2 and array.T.shape == wanted
        raise ShapeError(
            f"{of} has shape {array.shape}, expected {want}"
            + (": it is (n_out, n_in), one row a neuron, so pass the transpose." if transposed else ".")
        )
    array = array.astype(np.float64)
    for index in np.argwhere(~np.isfinite(array))[:1]:
        place = "".join(f"[{i}]" for i in index)
        raise ValueError(f"{name}{place} of {owner} is {array[tuple(index)]}: give finite numbers.")
    return array


def read_or_keep(drawn: Array, content: Any, key: str, owner: str) -> Array:
    """Return the numbers that a user gave, in the shape of those that were drawn; without any, the drawn ones.

    Raises: as `read_given` does.
    """
    return drawn if content is None else read_given(content, np.shape(drawn), key, owner)


def _is_number(entry: Any) -> bool:
    return isinstance(entry, int | float | np.integer | np.floating)


def _lengths(rows: Any) -> str:
    if all(isinstance(row, list | tuple) for row in rows):
        lengths = [str(len(row)) for row in rows]
        if len(set(lengths)) > 1:
            return f": its rows have {', '.join(lengths[:-1])} and {lengths[-1]} numbers"
    return ": its lists differ in length or depth"
