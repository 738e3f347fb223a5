"""Signatures: everything besides weights that the graph of a model depends on, read anew and compared at each call.

A function of the package depends on its arguments alone. A function of the user's may depend on more, and all of it is
read: its code and attributes, and the global, closed-over and class variables that the code names. Where something
cannot be read to the end, there is no signature.
"""

from __future__ import annotations

import builtins
import dis
import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import CATALOGUE, Op, Value, scope
from nn import arrays
from nn.module import Module
from nn.parameters import ParameterDict, Parameters

__all__ = ["Signature", "signature"]

OWN = frozenset({"autograd", "nn"})
STATELESS = OWN | {"math", "numpy"}  # modules whose contents nobody assigns
PLAIN = frozenset({int, float, bool, str, bytes, type(None)})
COMPARED_BY_IDENTITY = frozenset({scope, np.random.Generator, np.ufunc})
IS_PARAMETER = operator.attrgetter("is_parameter")
#: Builtins that read nothing but their arguments.
PURE = frozenset(
    {abs, all, any, bool, dict, divmod, enumerate, filter, float, frozenset, getattr, hasattr, int, isinstance}
    | {len, list, map, max, min, pow, property, range, reversed, round, set, slice, sorted, str, sum, super, tuple}
    | {type, zip}
)


@dataclass
class Signature:
    """What a program is made of.

    Attributes:
        facts: numbers, texts and types, which are compared by what they say.
        things: Values, code and the like, which are compared by identity.
        has_modes: whether it may compute something else in training than in evaluation.
    """

    facts: list[Any] = field(default_factory=list)
    things: list[Any] = field(default_factory=list)
    has_modes: bool = False

    def matches(self, other: Signature) -> bool:
        """Whether a program made of the one computes what a program made of the other does."""
        return (
            len(self.things) == len(other.things)
            and self.facts == other.facts
            and all(map(operator.is_, self.things, other.things))
        )


def signature(*things: Any, without: Iterable[NDArray[Any]] = ()) -> Signature | None:
    """Return the signature of what a program is made of; None where something in it may compute anything.

    Args:
        things: models, losses, penalties, parameters, and plain data.
        without: arrays whose numbers do not matter, such as running statistics in training.
    """
    reader = _Reader(frozenset(map(id, without)))
    try:
        reader.read(things)
        reader.read_states()
    except (_Unreadable, RecursionError):  # a list may hold itself
        return None
    return reader.found


class _Unreadable(Exception):  # noqa: N818  (never leaves this file)
    """Something depends on more than can be read."""


class _Reader:
    """Writes a signature."""

    def __init__(self, without: frozenset[int]) -> None:
        self.found = Signature()
        self._without = without
        self._places: dict[int, int] = {}  # of objects that were met before
        self._of_users = False  # whether a function of the user's was met
        self._modes: list[bool] = []  # of the modules

    def read(self, thing: Any) -> None:
        """Read a thing and what it is made of."""
        facts, things, kind = self.found.facts, self.found.things, type(thing)
        if kind is list or kind is tuple:
            facts += (kind, len(thing))
            if thing and type(thing[0]) is Value and set(map(type, thing)) == {Value}:  # most of a model, quickly
                self._read_values(thing)
            else:
                for inner in thing:
                    self.read(inner)
        elif kind in PLAIN:
            facts += (kind, repr(thing) if kind is float else thing)  # 0.0 and −0.0 are two numbers
        elif kind is dict or kind is ParameterDict:
            facts += (kind, len(thing))
            for key, inner in thing.items():
                self.read(key)
                self.read(inner)
        elif kind is Parameters:  # nothing is ever put into one
            things.append(thing)
        elif isinstance(thing, np.ndarray) and thing.dtype == object:
            facts += (kind, thing.shape)
            self.read(thing.ravel().tolist())
        elif (kind is np.ndarray or isinstance(thing, np.generic)) and not thing.dtype.hasobject:
            facts += (kind, thing.dtype, thing.shape)
            if id(thing) not in self._without:
                facts.append(thing.tobytes())
        elif kind is Value:
            self._read_values([thing])
        elif _is_unchanging(thing):
            things.append(thing)
        elif kind is MethodType:
            self.read(thing.__func__)
            self.read(thing.__self__)
        elif kind is operator.methodcaller:
            self._read_method_call(thing)
        elif kind is staticmethod or kind is classmethod:
            self.read(thing.__func__)
        elif kind is property:
            self.read([thing.fget, thing.fset, thing.fdel])
        elif isinstance(thing, type):
            self._read_class(thing)
        elif kind is FunctionType and self._is_new(thing):
            self._read_function(thing)
        elif kind is not FunctionType and (isinstance(thing, Module) or _root(kind.__module__) in OWN):
            self._read_object(thing)
        elif kind is not FunctionType:
            raise _Unreadable

    def _read_values(self, values: Sequence[Value]) -> None:
        """Read Values: their numbers are read at every run, but code may look at those of no parameter while traced."""
        self.found.things += values
        if not all(map(IS_PARAMETER, values)):
            self.found.facts += [repr(v.data) for v in values if not v.is_parameter]

    def read_states(self) -> None:
        """Read at the end what functions of the package do not ask for: who is frozen, and, most of them, the mode."""
        self.found.has_modes |= self._of_users
        if self.found.has_modes:
            self.found.facts += self._modes
        if self._of_users:
            for thing in self.found.things:
                if type(thing) is Value or type(thing) is Parameters:
                    self.found.facts += [value.requires_grad for value in arrays.flat(thing)]

    def _is_new(self, thing: Any) -> bool:
        """Whether a thing was not met before; its place in the order of meeting is a fact."""
        new = id(thing) not in self._places
        self.found.facts.append(self._places.setdefault(id(thing), len(self._places)))
        return new

    def _read_object(self, thing: Any) -> None:
        if not hasattr(thing, "__dict__"):
            raise _Unreadable
        self.read(type(thing))
        if not self._is_new(thing):
            return
        if isinstance(thing, Module):
            self._modes.append(thing.training)
            self.found.has_modes |= _asks_for_mode(type(thing).__mro__)
            self.read(type(thing).forward)
        for name, content in vars(thing).items():
            if name == "_training":
                continue
            self.found.facts.append(name)
            if _root(type(thing).__module__) in OWN and name.startswith("_") and _is_derived(content):
                self.found.things.append(content)
            else:
                self.read(content)

    def _read_class(self, kind: type) -> None:
        """Read a class: of one of the user's the variables and methods as well, its own and those that it inherits."""
        self.found.things += kind.__mro__
        for base in kind.__mro__:
            if not (_root(base.__module__) in OWN or _is_builtin(base)) and self._is_new(base):
                self.read(type(base))
                for name, content in vars(base).items():
                    if name not in ("__dict__", "__weakref__", "__annotations__"):
                        self.found.facts.append(name)
                        self.read(content)

    def _read_method_call(self, call: Any) -> None:
        made_by, arguments = call.__reduce__()
        if made_by is not operator.methodcaller:  # one with keywords is made by a partial function
            raise _Unreadable
        self.read(arguments)

    def _read_function(self, function: FunctionType) -> None:
        """Read a function; each run of a ``def`` or ``lambda`` makes another one of the same code."""
        self.found.things.append(function.__code__)
        self.read([function.__defaults__, function.__kwdefaults__, function.__doc__, vars(function)])
        for cell in function.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:  # an empty cell
                raise _Unreadable from None
            self.read(content)
        if _root(function.__globals__.get("__name__")) in OWN:
            return
        self._of_users = True
        names = _globals_of(function.__code__)
        if names is None:
            raise _Unreadable
        for name in names:
            if name in function.__globals__:
                self.read(function.__globals__[name])
            elif not _is_pure(getattr(builtins, name, None)):
                raise _Unreadable


def _root(module: Any) -> str:
    """Return the package that a module's name begins with; what was made by ``exec`` may have no module."""
    return str(module).partition(".")[0]


def _is_builtin(kind: type) -> bool:
    return getattr(builtins, kind.__name__, None) is kind


def _is_pure(builtin: Any) -> bool:
    return builtin in PURE or (isinstance(builtin, type) and issubclass(builtin, BaseException))


def _is_unchanging(thing: Any) -> bool:
    """Whether a thing computes the same as long as it is the same."""
    kind = type(thing)
    if kind is BuiltinFunctionType:
        return _root(thing.__module__) in STATELESS or thing in PURE
    if isinstance(thing, ModuleType):
        return _root(thing.__name__) in STATELESS
    return kind in COMPARED_BY_IDENTITY or (kind is Op and thing in CATALOGUE)


@lru_cache(maxsize=1024)
def _asks_for_mode(bases: tuple[type, ...]) -> bool:
    """Whether a method of a module's classes, beside those that every module has, asks whether it is in training."""
    methods = [content for base in bases if base is not Module for content in vars(base).values()]
    return any("training" in method.__code__.co_names for method in methods if type(method) is FunctionType)


@lru_cache(maxsize=1024)
def _globals_of(code: CodeType) -> tuple[str, ...] | None:
    """List the global variables that code reads, in nested functions too; None where it imports or assigns some."""
    names: set[str] = set()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
            names.add(instruction.argval)
        elif instruction.opname in ("IMPORT_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"):
            return None
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found = _globals_of(inner)
            if found is None:
                return None
            names.update(found)
    return tuple(sorted(names))


def _is_derived(content: Any) -> bool:
    """Whether it holds no parts: what a module prepares for itself, such as names, it replaces and never changes."""
    return isinstance(content, list | tuple | dict) and not isinstance(arrays.first(content), Module | Value)
