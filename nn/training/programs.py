"""Programs that live with their model: what was compiled once is used again while nothing that it was made of changed.

A program reads weights at every run, but what else a model computes with (activations, sizes, running statistics) is
frozen into it. So a program is kept with the signature of model, loss and penalty, which is taken anew at each call and
compared. Only what is made of the package's own classes has one: a class or function of the user's may read anything.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Hashable
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from autograd import CATALOGUE, Op, Program, Value, scope
from nn import arrays
from nn.module import Module
from nn.optim.flat import Mask

__all__ = ["KeptProgram", "Programs", "Signature", "programs_of", "reached_by", "signature"]

MAX_PROGRAMS_OF_A_MODEL = 8


@dataclass
class Signature:
    """What a program is made of.

    Attributes:
        facts: numbers, texts and types, which are compared by what they say.
        things: parameters, functions and the like, which are compared by identity.
    """

    facts: list[Any] = field(default_factory=list)
    things: list[Any] = field(default_factory=list)

    def matches(self, other: Signature) -> bool:
        """Whether a program made of the one computes what a program made of the other does."""
        return (
            len(self.things) == len(other.things)
            and self.facts == other.facts
            and all(map(operator.is_, self.things, other.things))
        )


@dataclass(frozen=True)
class KeptProgram:
    """A program and what is known of it.

    Attributes:
        program: the program.
        shape: of the model's outputs for one example.
        reached: which parameters its first result depends on.
        signature: what it was made of.
    """

    program: Program
    shape: tuple[int, ...]
    reached: Mask
    signature: Signature | None


class Programs:
    """The programs of one model.

    Attributes:
        lock: held while one of them runs, since a program has one memory.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._kept: dict[Hashable, KeptProgram] = {}

    def find(self, key: Hashable, made_of: Signature | None) -> KeptProgram | None:
        """Return the program that was kept under a key, if it is made of the same."""
        kept = self._kept.get(key)
        if kept is None or made_of is None or kept.signature is None or not kept.signature.matches(made_of):
            return None
        return kept

    def keep(self, key: Hashable, kept: KeptProgram) -> None:
        """Keep a program, in place of an older one; nothing that has no signature, or was traced while paused."""
        if kept.signature is None or (Value(1.0) + 1.0).is_leaf:
            return
        with self.lock:
            self._kept.pop(key, None)
            while len(self._kept) >= MAX_PROGRAMS_OF_A_MODEL:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = kept


# Beside the models, not in them: so the programs are neither copied, pickled nor compared with a model, and go with it.
_PROGRAMS: WeakKeyDictionary[Module, Programs] = WeakKeyDictionary()


def programs_of(model: Module) -> Programs:
    """Return the programs of a model; of one that cannot be hashed nothing is kept."""
    try:
        return _PROGRAMS.setdefault(model, Programs())
    except TypeError:
        return Programs()


def signature(*things: Any) -> Signature | None:
    """Take the signature of what a program is made of; None where it holds something that may compute anything.

    Args:
        things: models, losses, penalties, parameters, and plain data.
    """
    found = Signature()
    try:
        _Reader(found).read(things)
    except _Foreign:
        return None
    return found


class _Foreign(Exception):  # noqa: N818  (never leaves this file)
    """Something is not made of the package's own classes."""


class _Reader:
    """Writes a signature."""

    def __init__(self, into: Signature) -> None:
        self.facts, self.things = into.facts, into.things
        self._places: dict[int, int] = {}  # of objects that were met before

    def read(self, thing: Any) -> None:
        """Read a thing and what it is made of."""
        kind = type(thing)
        if kind is list or kind is tuple:
            self.facts += (kind, len(thing))
            if thing and type(thing[0]) is Value and set(map(type, thing)) == {Value}:  # most of a model, quickly
                self.things += thing
            else:
                for inner in thing:
                    self.read(inner)
        elif kind in PLAIN:
            self.facts += (kind, repr(thing) if kind is float else thing)  # 0.0 and −0.0 are two numbers
        elif kind is dict:
            self.facts += (kind, len(thing))
            for key, inner in thing.items():
                self.read(key)
                self.read(inner)
        elif isinstance(thing, np.ndarray | np.generic) and thing.dtype != object:
            self.facts += (thing.dtype.str, thing.shape, thing.tobytes())
        elif kind in COMPARED_BY_IDENTITY or (kind is Op and thing in CATALOGUE):
            self.things.append(thing)
        elif kind is FunctionType:
            self._read_function(thing)
        elif kind is MethodType:
            self.read(thing.__func__)
            self.read(thing.__self__)
        elif _is_own(kind.__module__) and hasattr(thing, "__dict__"):
            self._read_object(thing)
        else:
            raise _Foreign

    def _read_function(self, function: FunctionType) -> None:
        """Read a function of the package; each call of the same ``def`` or ``lambda`` makes another one."""
        if not _is_own(function.__globals__["__name__"]):
            raise _Foreign
        self.things.append(function.__code__)
        self.read(function.__defaults__)
        self.read([cell.cell_contents for cell in function.__closure__ or ()])

    def _read_object(self, thing: Any) -> None:
        """Read an object's class and attributes; one that was met before by its place."""
        place = self._places.setdefault(id(thing), len(self._places))
        self.facts += (type(thing), place)
        if place < len(self._places) - 1:
            return
        if isinstance(thing, Module):
            self.facts.append(thing.training)
            self.read(type(thing).forward)
        for name, content in vars(thing).items():
            self.facts.append(name)
            if name.startswith("_") and isinstance(content, list | tuple | dict) and _is_derived(content):
                self.things.append(content)
            else:
                self.read(content)


PLAIN = frozenset({int, float, bool, str, bytes, type(None)})
COMPARED_BY_IDENTITY = frozenset({Value, scope, np.random.Generator, operator.methodcaller})


def _is_own(module: str) -> bool:
    return module.partition(".")[0] in ("autograd", "nn")


def _is_derived(content: Any) -> bool:
    """Whether it holds no parts: what a module prepares for itself, such as names, it replaces and never changes."""
    return not isinstance(arrays.first(content), Module | Value)


def reached_by(program: Program) -> Mask:
    """Find the parameters that a program depends on."""
    leaves = set(program.graph.leaves)
    return np.array([parameter in leaves for parameter in program.parameters], dtype=np.bool_)
