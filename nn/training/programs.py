"""Programs that live with their model: what was compiled once is used again while nothing that it was made of changed.

A program reads weights at every run, but what else a model computes with (activations, sizes, running statistics) is
frozen into it. So a program is kept with the signature of model, loss and penalty, which is taken anew at each call.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from autograd import Program, Value
from nn.draws import Draws
from nn.module import Module
from nn.training.runner import Array
from nn.training.signature import Signature

__all__ = ["KeptProgram", "NotWorthwhileError", "Programs", "describe_shapes", "programs_of"]

MAX_PROGRAMS_OF_A_MODEL = 8
MAX_SHAPES_COUNTED = 64
MIN_EXAMPLES_BEFORE = 16  # in earlier calls with a few: to compile takes as long as 5 to 10 of them on the engine


class NotWorthwhileError(Exception):
    """No program is known for a few examples, and they are computed sooner than one is compiled."""


def describe_shapes(X: Array, T: Array | None, weighted: bool) -> tuple[Any, ...]:
    """Return what examples have in common that one program serves."""
    return X.shape[1:], None if T is None else (T.shape[1:], T.dtype.kind), weighted


@dataclass(frozen=True)
class KeptProgram:
    """A program and what is known of it.

    Attributes:
        program: the program.
        shape: of the model's outputs for one example.
        draws: what an example draws at random, which is the program's last argument; None where it draws nothing.
        signature: what it was made of.
    """

    program: Program
    shape: tuple[int, ...]
    draws: Draws | None
    signature: Signature | None


@dataclass
class _Tally:
    """How many examples of one shape came a few at a time, and how many are enough to compile for them."""

    examples: int = 0
    enough: int = MIN_EXAMPLES_BEFORE


class Programs:
    """The programs of one model.

    Attributes:
        lock: held while one of them runs, since a program has one memory.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._kept: dict[tuple[tuple[Any, ...], str], KeptProgram] = {}
        self._tallies: dict[Hashable, _Tally] = {}

    def pays(self, shapes: Hashable, examples: int) -> bool:
        """Count a call with a few examples for which there is no program, and return whether to compile one now.

        It pays once there were enough examples in earlier calls, so that the first call never waits. After a program
        that did not last, as of a model that changes from call to call, there have to be twice as many.
        """
        with self.lock:
            while shapes not in self._tallies and len(self._tallies) >= MAX_SHAPES_COUNTED:
                del self._tallies[next(iter(self._tallies))]
            tally = self._tallies.setdefault(shapes, _Tally())
            if tally.examples < tally.enough:
                tally.examples += examples
                return False
            tally.examples, tally.enough = 0, 2 * tally.enough
            return True

    def backend_of(self, shapes: Hashable) -> str | None:
        """Return the backend of a program that is kept for such examples: machine code, if there is; else None."""
        backends = {backend for (_, _, *known, _), backend in list(self._kept) if tuple(known) == shapes}
        return next((backend for backend in ("auto", "numba", "numpy") if backend in backends), None)

    def find(self, key: tuple[Any, ...], backend: str, made_of: Signature | None) -> KeptProgram | None:
        """Return the program that was kept under a key, if it is made of the same; one for another backend is moved."""
        candidates = [(other, kept) for (known, other), kept in list(self._kept.items()) if known == key]
        for other, kept in sorted(candidates, key=lambda candidate: candidate[0] != backend):
            if made_of is None or kept.signature is None or not kept.signature.matches(made_of):
                continue
            if other != backend:
                kept = replace(kept, program=kept.program.on(backend))
                self.keep(key, backend, kept)
            return kept
        return None

    def keep(self, key: tuple[Any, ...], backend: str, kept: KeptProgram) -> None:
        """Keep a program, in place of an older one; nothing that has no signature, or was traced while paused."""
        if kept.signature is None or (Value(1.0) + 1.0).is_leaf:
            return
        with self.lock:
            self._kept.pop((key, backend), None)
            while len(self._kept) >= MAX_PROGRAMS_OF_A_MODEL:
                del self._kept[next(iter(self._kept))]
            self._kept[key, backend] = kept


# Beside the models, not in them: so the programs are neither copied, pickled nor compared with a model, and go with it.
_PROGRAMS: WeakKeyDictionary[Module, Programs] = WeakKeyDictionary()


def programs_of(model: Module) -> Programs:
    """Return the programs of a model; of one that cannot be hashed nothing is kept."""
    try:
        return _PROGRAMS.setdefault(model, Programs())
    except TypeError:
        return Programs()
