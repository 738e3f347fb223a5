"""What a function reads from outside: Python's own numbers, flags and functions, which a trace freezes.

They are found from the function's code when it is traced, and looked at again at each call. Values are not among them:
a program reads their numbers at every run.
"""

from __future__ import annotations

import sys
import types
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from inspect import getmro
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from autograd.op import Op
from autograd.value import Value

__all__ = ["Surroundings"]

PLAIN = frozenset({int, float, bool, complex, str, bytes, type(None)})
MAPPINGS = (dict, types.MappingProxyType)
HOLDING = (*MAPPINGS, list, tuple, set, frozenset, deque)
CONTAINERS = (*HOLDING, array, bytearray, np.ndarray)
SAID = (list, tuple, np.generic, *CONTAINERS)  # the most frequent ones first
#: Packages whose modules and classes nobody assigns to.
CONSTANT = frozenset({
    "abc", "array", "autograd", "builtins", "cmath", "collections", "contextlib", "dataclasses", "enum", "functools",
    "itertools", "math", "nn", "numpy", "typing",
})  # fmt: skip
MAX_PLACES = 20_000

_GONE = object()


class _Place(NamedTuple):
    """How a thing is read: a variable, an attribute or a cell; what was there; and what a container held.

    An object is held weakly where it can be, so that a program keeps nothing alive that it does not compute with.
    """

    read: Callable[[], Any]
    thing: Any
    weak: bool
    held: Any

    def changed(self) -> bool:
        """Whether it says something else now."""
        now = self.read()
        thing = self.thing() if self.weak else self.thing
        if now is thing:
            return bool(self.held is not None and _say(now) != self.held)
        return bool(self.weak or _say(now) != (_say(thing) if self.held is None else self.held))


class Surroundings:
    """What a function reads from outside.

    Variables of its module and of functions around it, and of the functions and methods that it calls; what containers
    hold; attributes, slots and class attributes of objects; defaults; context variables. What is computed where it is
    read, as by a property in C, is not seen.

    Args:
        f: the function.
        owners: further things that it reads, such as the object that a method belongs to.
    """

    def __init__(self, f: Any, owners: Iterator[Any]) -> None:
        self._places: list[_Place] = []
        self._names: list[tuple[Any, list[str]]] = []  # of attributes
        self._met: set[int] = set()
        self._classes: set[type] = set()
        self._kept: list[Any] = []  # so that what was met keeps its identity meanwhile
        for thing in (f, *owners):
            self._visit(thing)
        self._kept.clear()
        self._classes.clear()

    def changed(self) -> bool:
        """Whether something else would be read now."""
        return any(place.changed() for place in self._places) or any(list(d) != names for d, names in self._names)

    def _note(self, read: Callable[[], Any]) -> None:
        thing = read()
        if thing is _GONE or isinstance(thing, Op) or len(self._places) >= MAX_PLACES:
            return
        if isinstance(thing, CONTAINERS):
            place = _Place(read, thing, False, _say(thing))
        elif type(thing) in PLAIN or not hasattr(type(thing), "__weakref__"):
            place = _Place(read, thing, False, None)
        else:
            place = _Place(read, ref(thing), True, None)
        self._places.append(place)
        self._visit(thing)

    def _note_attributes(self, holder: Any) -> None:
        """Note each variable of an object, a function or a class, and which there are."""
        self._names.append((holder, list(holder)))
        for name in list(holder):
            self._note(partial(holder.get, name, _GONE))

    def _visit(self, thing: Any) -> None:
        kind = type(thing)
        if kind in PLAIN or isinstance(thing, Value | Op | np.ndarray | np.generic) or id(thing) in self._met:
            return
        self._met.add(id(thing))
        self._kept.append(thing)
        if isinstance(thing, MAPPINGS):
            for part in thing.values():
                self._visit(part)
        elif isinstance(thing, HOLDING) and not all(type(x) is Value or type(x) in PLAIN for x in thing):
            for part in thing:
                self._visit(part)
        if isinstance(thing, types.FunctionType):
            self._visit_function(thing)
        elif isinstance(thing, types.MethodType):
            self._visit(thing.__func__)
            self._visit(thing.__self__)
        elif isinstance(thing, partial):
            for part in (thing.func, thing.args, thing.keywords):
                self._visit(part)
        elif isinstance(thing, ContextVar):
            self._note(partial(_read_variable, thing))
        elif isinstance(thing, type):
            self._visit_class(thing)
        elif kind.__module__.startswith("autograd."):
            self._visit(getattr(thing, "__wrapped__", None))  # another compiled function
        elif not isinstance(thing, types.ModuleType):
            self._visit_object(thing)

    def _visit_object(self, thing: Any) -> None:
        if hasattr(thing, "__dict__"):
            self._note_attributes(vars(thing))
        for base in type(thing).__mro__:
            if "__slots__" in vars(base):
                for name, content in vars(base).items():
                    if isinstance(content, types.MemberDescriptorType):
                        self._note(partial(_read_attribute, _refer(thing), name))
        self._visit_class(type(thing))

    def _visit_function(self, function: types.FunctionType) -> None:
        if _is_constant(function.__module__):
            return
        names = _names_in(function.__code__)
        for cell in function.__closure__ or ():
            self._note(partial(_read_cell, cell))
            self._visit_module(_read_cell(cell), names)
        for name in ("__code__", "__defaults__", "__kwdefaults__"):
            if getattr(function, name) is not None:
                self._note(partial(_read_attribute, _refer(function), name))
        if vars(function):
            self._note_attributes(vars(function))
        for name in names:
            found = function.__globals__.get(name, _GONE)
            if found is not _GONE:
                self._note(partial(function.__globals__.get, name, _GONE))
            for module in (found, *_imported(name, function.__globals__)):
                self._visit_module(module, names)

    def _visit_module(self, module: Any, names: set[str], around: tuple[Any, ...] = ()) -> None:
        """Note the variables of a module that code names, and of the modules in it."""
        if isinstance(module, types.ModuleType) and not _is_constant(module.__name__) and module not in around:
            for attribute in names & vars(module).keys():
                self._note(partial(vars(module).get, attribute, _GONE))
                self._visit_module(vars(module)[attribute], names, (*around, module))

    def _visit_class(self, kind: type) -> None:
        for base in (*getmro(kind), *getmro(type(kind))):
            if not _is_constant(base.__module__) and base not in self._classes:
                self._classes.add(base)
                self._names.append((vars(base), list(vars(base))))
                for name, content in list(vars(base).items()):
                    if not name.startswith("__") or name == "__call__":
                        self._note(partial(vars(base).get, name, _GONE))
                    for inner in ("fget", "__func__", "func", "__wrapped__"):
                        self._visit(getattr(content, inner, None))


def _refer(thing: Any) -> Callable[[], Any]:
    """Return what gives a thing; weakly where it can be."""
    return ref(thing) if hasattr(type(thing), "__weakref__") else lambda: thing


def _read_attribute(refer: Callable[[], Any], name: str) -> Any:
    return getattr(refer(), name, _GONE)


def _read_cell(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _GONE


def _read_variable(variable: ContextVar[Any]) -> Any:
    try:
        return variable.get()
    except LookupError:
        return _GONE


def _imported(name: str, variables: dict[str, Any]) -> list[types.ModuleType]:
    """List the modules that a name may stand for where a function imports it itself."""
    package = variables.get("__package__")
    return [sys.modules[full] for full in (name, f"{package}.{name}") if full in sys.modules]


def _say(thing: Any) -> Any:
    """Write what is compared: numbers and texts by what they say, containers by what they hold, others by identity."""
    kind = type(thing)
    if kind in PLAIN:
        return kind, repr(thing) if kind is float else thing
    if not issubclass(kind, SAID):
        return kind, id(thing)
    if kind is list or kind is tuple:
        return kind, tuple(map(_say, thing))
    if isinstance(thing, np.ndarray) and not thing.dtype.hasobject:
        return kind, thing.dtype.str, thing.shape, thing.tobytes()
    if isinstance(thing, np.ndarray):
        return kind, thing.shape, tuple(map(_say, thing.ravel().tolist())) if thing.flags.writeable else id(thing)
    if isinstance(thing, (np.generic, array)):
        return kind, thing.tobytes()
    if isinstance(thing, MAPPINGS):
        return kind, tuple([(_say(key), _say(part)) for key, part in thing.items()])
    if isinstance(thing, (set, frozenset)):
        return kind, frozenset(map(_say, thing))
    return kind, bytes(thing) if isinstance(thing, bytearray) else tuple(map(_say, thing))


def _names_in(code: types.CodeType) -> set[str]:
    """List the names that code reads, in nested functions too."""
    names = set(code.co_names)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            names |= _names_in(inner)
    return names


def _is_constant(module: str | None) -> bool:
    return str(module).partition(".")[0] in CONSTANT
