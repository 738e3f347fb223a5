"""What a function reads from outside: Python's own numbers, flags and functions, which a trace freezes.

They are found from the function's code when it is traced, and looked at again at each call. Values are not among them:
a program reads their numbers at every run.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from autograd.op import Op
from autograd.value import Value

__all__ = ["Surroundings"]

PLAIN = frozenset({int, float, bool, complex, str, bytes, type(None)})
CONTAINERS = (list, tuple, dict, set, frozenset, np.ndarray)
#: Packages whose modules nobody assigns to.
CONSTANT = frozenset({"autograd", "nn", "numpy", "math", "cmath", "builtins", "typing", "functools", "itertools"})
MAX_PLACES = 20_000

_GONE = object()


class _Place(NamedTuple):
    """Where a thing is read: a variable, an attribute or a cell; what was there; and what a container held.

    An object is held weakly where it can be, so that a program keeps nothing alive that it does not compute with.
    """

    holder: Any
    name: str
    thing: Any
    weak: bool
    held: Any

    def changed(self) -> bool:
        """Whether it says something else now."""
        now = _look_up(self.holder, self.name)
        thing = self.thing() if self.weak else self.thing
        if now is thing:
            return bool(self.held is not None and _say(now) != self.held)
        return bool(self.weak or _say(now) != (_say(thing) if self.held is None else self.held))


class Surroundings:
    """What a function reads from outside.

    Args:
        f: the function.
        owners: further things that it reads, such as the object that a method belongs to.
    """

    def __init__(self, f: Any, owners: Iterator[Any]) -> None:
        self._places: list[_Place] = []
        self._names: list[tuple[dict[str, Any], list[str]]] = []  # of attributes
        self._met: set[int] = set()
        self._kept: list[Any] = []  # so that what was met keeps its identity meanwhile
        for thing in (f, *owners):
            self._visit(thing)
        self._kept.clear()

    def changed(self) -> bool:
        """Whether something else would be read now."""
        return any(place.changed() for place in self._places) or any(list(d) != names for d, names in self._names)

    def _note(self, holder: Any, name: str) -> None:
        thing = _look_up(holder, name)
        if thing is _GONE or isinstance(thing, Op) or len(self._places) >= MAX_PLACES:
            return
        if isinstance(thing, CONTAINERS):
            place = _Place(holder, name, thing, False, _say(thing))
        elif type(thing) in PLAIN or not hasattr(type(thing), "__weakref__"):
            place = _Place(holder, name, thing, False, None)
        else:
            place = _Place(holder, name, ref(thing), True, None)
        self._places.append(place)
        self._visit(thing)

    def _visit(self, thing: Any) -> None:
        kind = type(thing)
        if kind in PLAIN or isinstance(thing, Value | Op | np.ndarray | np.generic) or id(thing) in self._met:
            return
        self._met.add(id(thing))
        self._kept.append(thing)
        if isinstance(thing, list | tuple | set | frozenset | dict):
            if not all(type(x) is Value or type(x) in PLAIN for x in thing) or isinstance(thing, dict):
                for part in thing.values() if isinstance(thing, dict) else thing:
                    self._visit(part)
        elif isinstance(thing, types.FunctionType):
            self._visit_function(thing)
        elif isinstance(thing, types.MethodType):
            self._visit(thing.__func__)
            self._visit(thing.__self__)
        elif isinstance(thing, partial):
            for part in (thing.func, thing.args, thing.keywords):
                self._visit(part)
        elif isinstance(thing, type):
            self._visit_class(thing)
        elif kind.__module__.startswith("autograd."):
            self._visit(getattr(thing, "__wrapped__", None))  # another compiled function
        elif not isinstance(thing, types.ModuleType) and hasattr(thing, "__dict__"):
            self._names.append((vars(thing), list(vars(thing))))
            for name in list(vars(thing)):
                self._note(vars(thing), name)
            self._visit_class(kind)

    def _visit_function(self, function: types.FunctionType) -> None:
        if _is_constant(function.__module__):
            return
        for cell in function.__closure__ or ():
            self._note(cell, "cell_contents")
        for part in (function.__defaults__, function.__kwdefaults__):
            self._visit(part)
        names = _names_in(function.__code__)
        for name in names & function.__globals__.keys():
            self._note(function.__globals__, name)
            module = function.__globals__[name]
            if isinstance(module, types.ModuleType) and not _is_constant(module.__name__):
                for attribute in names & vars(module).keys():
                    self._note(vars(module), attribute)

    def _visit_class(self, kind: type) -> None:
        for base in kind.__mro__:
            if not _is_constant(base.__module__) and id(base) not in self._met:
                self._met.add(id(base))
                self._kept.append(base)
                for name, content in list(vars(base).items()):
                    if not name.startswith("__") or name == "__call__":
                        self._note(vars(base), name)
                    for inner in ("fget", "__func__", "func", "__wrapped__"):
                        self._visit(getattr(content, inner, None))


def _look_up(holder: Any, name: str) -> Any:
    if isinstance(holder, types.CellType):
        try:
            return holder.cell_contents
        except ValueError:
            return _GONE
    return holder.get(name, _GONE)


def _say(thing: Any) -> Any:
    """Write what is compared: numbers and texts by what they say, containers by what they hold, others by identity."""
    kind = type(thing)
    if kind in PLAIN:
        return kind, repr(thing) if kind is float else thing
    if isinstance(thing, np.ndarray) and not thing.dtype.hasobject:
        return kind, thing.dtype.str, thing.shape, thing.tobytes()
    if isinstance(thing, np.ndarray) and thing.flags.writeable:
        return kind, thing.shape, tuple(map(_say, thing.ravel().tolist()))
    if isinstance(thing, np.generic):
        return kind, thing.tobytes()
    if kind is dict:
        return kind, tuple([(_say(key), _say(part)) for key, part in thing.items()])
    if kind is list or kind is tuple:
        return kind, tuple(map(_say, thing))
    return kind, id(thing)


def _names_in(code: types.CodeType) -> set[str]:
    """List the names that code reads, in nested functions too."""
    names = set(code.co_names)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            names |= _names_in(inner)
    return names


def _is_constant(module: str | None) -> bool:
    return str(module).partition(".")[0] in CONSTANT
