"""Programs that live with their model: what was compiled once is used again while nothing that it was made of changed.

A program reads weights at every run, but what else a model computes with (activations, sizes, running statistics) is
frozen into it. So a program is kept with the signature of model, loss and penalty, which is taken anew at each call.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from autograd import Program, Value
from nn.draws import Draws
from nn.module import Module
from nn.training.signature import Signature

__all__ = ["KeptProgram", "Programs", "programs_of"]

MAX_PROGRAMS_OF_A_MODEL = 8


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


class Programs:
    """The programs of one model.

    Attributes:
        lock: held while one of them runs, since a program has one memory.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._kept: dict[tuple[Hashable, str], KeptProgram] = {}

    def find(self, key: Hashable, backend: str, made_of: Signature | None) -> KeptProgram | None:
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

    def keep(self, key: Hashable, backend: str, kept: KeptProgram) -> None:
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
