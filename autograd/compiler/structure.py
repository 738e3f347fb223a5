"""What stands where in the arguments and results of a compiled function, without the numbers.

A structure is hashable: calls whose arguments have the same structure run the same program. Lists, tuples, dicts and
arrays of numbers are opened; whatever else an argument is, such as a mode, a model or a truth value, belongs to the
structure itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from autograd import tree
from autograd.arrays import check_array, is_array
from autograd.errors import CompileError
from autograd.floats import real_number
from autograd.value import Value

__all__ = [
    "NUMBER",
    "Numbers",
    "Row",
    "Static",
    "Structure",
    "describe",
    "fill",
    "read_argument",
    "read_result",
    "size",
    "statics",
]

Array = NDArray[Any]

#: What stands in a result as it is.
CONSTANTS = (bool, str, bytes, type(None), np.bool_)


class Block(NamedTuple):
    """Numbers in a row: one (shape None), a list of some, or an array."""

    shape: tuple[int, ...] | None
    is_array: bool = False


class Branch(NamedTuple):
    """A list, tuple, named tuple or dict with its keys, and the structures of its parts."""

    kind: type
    keys: tuple[Any, ...]
    parts: tuple[Structure, ...]


class Static:
    """What is no number. It is compared by what it says where that cannot change, and by identity elsewhere.

    What is compared by identity is not kept alive.

    Args:
        thing: what it is.
        where: what the argument is called.

    Raises:
        CompileError: it has no hash, so that calls with it cannot be told apart.
    """

    __slots__ = ("_hash", "_token", "_weak")

    def __init__(self, thing: Any, where: str) -> None:
        self._token = _token(thing)
        self._weak: ref[Any] | None = None
        try:
            self._hash = hash(self._token)
        except TypeError:
            kind = type(thing).__name__
            raise CompileError(
                f"{where} holds a {kind}, which is no number and has no hash, so that calls with another {kind} could "
                "not be told apart. Pass numbers, or lists, dicts and arrays of them, give the class a __hash__, or "
                "read it from outside the function."
            ) from None
        if getattr(type(thing), "__hash__", None) is object.__hash__:
            with contextlib.suppress(TypeError):  # some types cannot be held weakly
                self._weak, self._token = ref(thing), (type(thing),)

    @property
    def thing(self) -> Any:
        """What it is; None where it is no more."""
        return self._weak() if self._weak is not None else self._token[-1]

    @property
    def gone(self) -> bool:
        """Whether nobody can call with it again."""
        return self._weak is not None and self._weak() is None

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Static) or self._hash != other._hash or self._token[0] is not other._token[0]:
            return False
        if self._weak is not None or other._weak is not None:
            return self.thing is other.thing and not self.gone
        return bool(self._token == other._token)

    def __repr__(self) -> str:
        return repr(self.thing)


Structure = Block | Branch | Static
NUMBER = Block(None)


def _token(thing: Any) -> tuple[Any, ...]:
    """Write what a thing is compared by: 1, 1.0 and True differ, and so do 0.0 and −0.0."""
    if type(thing) is tuple:
        return (tuple, *map(_token, thing), thing)
    return (type(thing), repr(thing) if type(thing) is float else None, thing)


class Numbers:
    """The numbers that were read, in order.

    Attributes:
        found: floats, and arrays of one axis.
        holds_values: whether there were Values among them.
        holds_integers: whether there were Python's integers, which may be meant as counts.
    """

    def __init__(self) -> None:
        self.found: list[Any] = []
        self.holds_values = self.holds_integers = False

    def to_array(self) -> Array:
        """Return all of them in one row."""
        if any(type(x) is np.ndarray for x in self.found):
            return np.concatenate([x if type(x) is np.ndarray else np.array([x]) for x in self.found])
        return np.array(self.found, dtype=np.float64)


def read_argument(x: Any, where: str, numbers: Numbers) -> Structure:
    """Read the numbers of an argument, and return its structure.

    Raises:
        CompileError: there is something in it that has no hash.
        OperandTypeError: an array means something else than its entries say.
    """
    kind = type(x)
    if kind is float or kind is int:
        numbers.holds_integers = numbers.holds_integers or kind is int
        numbers.found.append(x if kind is float else real_number(x, where))
        return NUMBER
    if is_array(x):
        check_array(x, where)
        if x.dtype == object:
            entries = tree.entries(x)
            numbers.holds_values = numbers.holds_values or any(isinstance(entry, Value) for entry in entries)
            x = (
                x
                if numbers.holds_values
                else np.array([real_number(entry, where) for entry in entries]).reshape(x.shape)
            )
        if not numbers.holds_values:
            numbers.found.append(np.asarray(x, dtype=np.float64).ravel())
        return Block(tuple(x.shape), is_array=True)
    if isinstance(x, Value):
        numbers.holds_values = True
        return NUMBER
    if isinstance(x, list | tuple | dict):
        if kind is list and x and type(x[0]) is float and set(map(type, x)) == {float}:
            numbers.found += x
            return Block((len(x),))
        parts = x.values() if isinstance(x, dict) else x
        return _branch(x, [read_argument(part, where, numbers) for part in parts])
    if isinstance(x, bool | str | bytes) or x is None or not hasattr(x, "__float__"):
        return Static(x, where)
    numbers.found.append(real_number(x, where))
    return NUMBER


def read_result(x: Any, found: list[Any]) -> Structure:
    """Read the Values and numbers of a result, and return its structure; texts, None and truth values stand in it.

    Raises:
        CompileError: there is something in it that could hide a Value.
    """
    if isinstance(x, np.ndarray) and x.ndim == 0:
        x = x.item()
    if is_array(x):
        found += tree.entries(x)
        return Block(tuple(x.shape), is_array=True)
    if isinstance(x, list | tuple | dict):
        parts = x.values() if isinstance(x, dict) else x
        return _branch(x, [read_result(part, found) for part in parts])
    if isinstance(x, CONSTANTS):
        return Static(x, "The result")
    if isinstance(x, Value | int | float | np.number):
        found.append(x)
        return NUMBER
    raise CompileError(
        f"The function that is being compiled gave an object of type {type(x).__name__} where a Value is due. Return "
        "Values, numbers, and lists, tuples, dicts and arrays of them."
    )


def _branch(x: Any, parts: list[Structure]) -> Branch:
    if isinstance(x, dict):
        return Branch(dict, tuple(x), tuple(parts))
    kind = type(x) if hasattr(x, "_fields") else tuple if isinstance(x, tuple) else list
    return Branch(kind, (), tuple(parts))


class Row:
    """What the places of numbers in a structure are filled with, one after the other.

    Args:
        entries: an array of numbers or Values, or a list of anything.
    """

    def __init__(self, entries: Array | list[Any]) -> None:
        self._entries, self._place = entries, 0

    def take(self, block: Block) -> Any:
        """Return the next one, or a list or an array of the next ones."""
        start = self._place
        self._place = stop = start + prod(block.shape or ())
        if isinstance(self._entries, list):
            part = self._entries[start:stop]
            if block.shape is None:
                return part[0]
            return tree.rebuild(np.empty(block.shape), part) if block.is_array else part
        if block.shape is None:
            return self._entries.item(start)
        return self._entries[start:stop].reshape(block.shape) if block.is_array else self._entries[start:stop].tolist()


def fill(structure: Structure, row: Row) -> Any:
    """Build what has a structure."""
    if isinstance(structure, Block):
        return row.take(structure)
    if isinstance(structure, Static):
        return structure.thing
    parts = [fill(part, row) for part in structure.parts]
    if structure.kind is dict:
        return dict(zip(structure.keys, parts, strict=True))
    if structure.kind is list:
        return parts
    return tuple(parts) if structure.kind is tuple else structure.kind(*parts)


def size(structure: Structure) -> int:
    """Count the numbers in a structure."""
    if isinstance(structure, Block):
        return prod(structure.shape or ())
    return sum(map(size, structure.parts)) if isinstance(structure, Branch) else 0


def statics(structure: Structure) -> Iterator[Static]:
    """Yield what is no number in a structure."""
    if isinstance(structure, Static):
        yield structure
    elif isinstance(structure, Branch):
        for part in structure.parts:
            yield from statics(part)


def describe(name: str, structure: Structure) -> str:
    """Write an argument with its shape, such as ``x[3]`` or ``flag=True``.

    >>> describe("p", read_argument({"w": 1.0, "x": [[1.0, 2.0], [3.0, 4.0]], "mode": None}, "p", Numbers()))
    'p{w[], x[2, 2], mode=None}'
    """
    if isinstance(structure, Static):
        return f"{name}={structure.thing!r}"
    if isinstance(structure, Block):
        return f"{name}{list(structure.shape or ())}"
    if structure.kind is dict:
        return f"{name}{{{', '.join(map(describe, map(str, structure.keys), structure.parts))}}}"
    parts = [describe("", part) for part in structure.parts]
    if structure.kind is list and len(set(parts)) == 1 and parts[0].startswith("["):
        return f"{name}[{', '.join(filter(None, [str(len(parts)), parts[0][1:-1]]))}]"
    return f"{name}({', '.join(parts)})"
