"""Nested numbers: lists, tuples, named tuples, dicts and arrays, walked, measured and built again.

What is none of these is a leaf. Its place is what is written after the name of the whole to reach it: ``[0][1]``,
``['w']``, ``.slope``. Arrays are known by `__array__`, so that NumPy is not loaded for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from autograd.arrays import check_array, is_array, unbox

__all__ = ["leaves", "leaves_like", "leaves_with_places", "like", "map_leaves", "parts", "places", "rebuild", "shape"]

SEQUENCES = (list, tuple)
Test = Callable[[Any], bool]


def parts(x: Any) -> Iterable[Any] | None:
    """Return what a container holds, in order; None for a leaf."""
    if isinstance(x, SEQUENCES):
        return x
    if isinstance(x, dict):
        return x.values()
    return x if is_array(x) else None


def places(x: Any) -> list[str]:
    """Return the place of each part of a container."""
    if isinstance(x, dict):
        return [f"[{key!r}]" for key in x]
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return [f".{field}" for field in x._fields]
    return [f"[{i}]" for i in range(len(x))]


def like(x: Any, items: list[Any]) -> Any:
    """Make a container of the kind of `x` that holds other parts."""
    if isinstance(x, dict):
        return dict(zip(x, items, strict=True))
    if isinstance(x, tuple):
        return type(x)(*items) if hasattr(x, "_fields") else tuple(items)
    return items


def leaves(x: Any, is_leaf: Test | None = None) -> list[Any]:
    """Return the leaves in order.

    Args:
        x: a leaf, or a container of any depth.
        is_leaf: says of a container that it is not to be opened.

    Example:
        >>> leaves({"w": [1.0, 2.0], "b": (3.0,)})
        [1.0, 2.0, 3.0]
    """
    found: list[Any] = []
    _collect(x, is_leaf, found, {float})
    return found


def _collect(x: Any, is_leaf: Test | None, found: list[Any], single: set[type]) -> None:
    """Collect leaves; `single` gathers types that hold nothing, whose other objects need no look."""
    inner = parts(x)
    if inner is None or (is_leaf is not None and is_leaf(x)):
        found.append(unbox(x))
        if inner is None and not hasattr(x, "ndim"):
            single.add(type(x))
    elif is_array(x):
        found += entries(x)
    else:
        for part in inner:
            if type(part) in single:
                found.append(part)
            else:
                _collect(part, is_leaf, found, single)


def leaves_with_places(x: Any, place: str = "", is_leaf: Test | None = None) -> Iterator[tuple[str, Any]]:
    """Yield the place of each leaf behind `place`, and the leaf. Arguments as those of `leaves`.

    >>> list(leaves_with_places({"w": [1.0, 2.0]}, "p"))
    [("p['w'][0]", 1.0), ("p['w'][1]", 2.0)]
    """
    inner = parts(x)
    if inner is None or (is_leaf is not None and is_leaf(x)):
        yield place, unbox(x)
    else:
        for step, part in zip(places(x), inner, strict=True):
            yield from leaves_with_places(part, place + step, is_leaf)


def entries(array: Any) -> list[Any]:
    """Return the entries of an array in order, as Python's own numbers or as the objects that they are.

    Raises:
        OperandTypeError: the array means something else than its entries say: it is masked, say.
    """
    check_array(array, "An argument")
    return array.ravel().tolist()  # type: ignore[no-any-return]


def map_leaves(f: Callable[[Any], Any], x: Any, is_leaf: Test | None = None) -> Any:
    """Apply a function to each leaf and keep the nesting; arrays stay arrays. Arguments as those of `leaves`.

    >>> map_leaves(str, [1, (2, 3)])
    ['1', ('2', '3')]
    """
    inner = parts(x)
    if inner is None or (is_leaf is not None and is_leaf(x)):
        return f(unbox(x))
    if is_array(x):
        return _array(list(map(f, entries(x))), x.shape)
    return like(x, [f(part) if type(part) is float else map_leaves(f, part, is_leaf) for part in inner])


def rebuild(x: Any, others: Iterable[Any], kind: Any = None) -> Any:
    """Return `x` with other leaves in the places of its own; arrays stay arrays.

    Args:
        x: a leaf, or a container of any depth.
        others: the other leaves, in order.
        kind: what another leaf is like, of which an array without entries has the axes.

    >>> rebuild([0, (0, 0)], "abc")
    ['a', ('b', 'c')]
    """
    rest = iter(others)
    inner = parts(x)
    if inner is None:
        return next(rest)
    if is_array(x):
        return _array([next(rest) for _ in range(x.size)], x.shape, kind)
    return like(x, [rebuild(part, rest, kind) for part in inner])


def _array(entries: list[Any], shape: tuple[int, ...], kind: Any = None) -> Any:
    import numpy

    first = entries[0] if entries else kind
    if is_array(first):  # a row of a Hessian for each number
        rows = numpy.stack(entries) if entries else first[None][:0]
        return rows.reshape(shape + first.shape)
    inner = parts(first)
    if inner is not None:  # a gradient by a dict for each: a dict of Jacobians
        columns = [list(column) for column in zip(*map(parts, entries), strict=True)] or [[] for _ in inner]
        return like(first, [_array(column, shape, part) for column, part in zip(columns, inner, strict=True)])
    from autograd.vectors import as_values

    array = numpy.empty(len(entries), dtype=float if all(isinstance(x, float) for x in entries) else object)
    for place, entry in enumerate(entries):
        array[place] = entry
    return as_values(array.reshape(shape))


def shape(x: Any) -> tuple[int, ...]:
    """Return the shape of the array that nested sequences make.

    Raises:
        ValueError: the sequences of one level differ in length.

    Example:
        >>> shape([[1, 2, 3], [4, 5, 6]])
        (2, 3)
    """
    if is_array(x) and x.dtype != object:
        return tuple(x.shape)
    if not isinstance(x, SEQUENCES) and not is_array(x):
        return ()
    inner = {shape(part) for part in x}
    if len(inner) > 1:
        found = " and ".join(str(s) for s in sorted(inner))
        raise ValueError(f"The lists are ragged: side by side stand shapes {found}.")
    return (len(x), *(inner.pop() if inner else ()))


def leaves_like(x: Any, vector: Any, place: str = "") -> list[Any]:
    """Return the leaves of a vector in the order of those of the argument `x`, whose nesting it has to have.

    Raises:
        ValueError: it has another; the message says where.
    """
    where = f" at {place}" if place else ""
    inner, entries = parts(x), parts(vector)
    if inner is None:
        if entries is not None:
            raise ValueError(f"The vector has to have one number, like the argument{where}.")
        return [vector]
    if isinstance(x, dict):
        if not isinstance(vector, dict) or set(vector) != set(x):
            raise ValueError(f"The vector has to have the keys of the argument{where}: {', '.join(str(k) for k in x)}.")
        entries = [vector[key] for key in x]
    elif isinstance(vector, dict) or entries is None or len(vector) != len(x):
        raise ValueError(f"The vector has to have {len(x)} entries, like the argument{where}.")
    pairs = zip(places(x), inner, entries, strict=True)
    return [leaf for step, part, entry in pairs for leaf in leaves_like(part, entry, place + step)]
