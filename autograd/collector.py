"""The garbage collector, held while graphs grow.

A graph of a million live nodes makes each of the collector's rounds long, and none of them is garbage: nodes form no
cycles, so that they go as soon as nothing refers to them.
"""

from __future__ import annotations

import functools
import gc
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar
from weakref import ref

__all__ = ["hold_collector"]

P = ParamSpec("P")
T = TypeVar("T")

#: Objects that gather before the collector looks at them inside a block: more than graphs that fit into memory have,
#: and still a bound to the garbage that a function may make while it is differentiated.
HELD = (50_000_000, 1_000, 1_000)

_lock = threading.RLock()  # a signal may come between two lines, and its handler differentiate
_holders: list[ref[hold_collector]] = []  # each block that is open, as often as it was entered
_before = HELD


class hold_collector:  # noqa: N801
    """Keep Python's garbage collector from running while graphs grow; it is as it was after the last block that ends.

    A context manager and a decorator, which everything of this package that records uses; a training loop by hand may
    too. Blocks may nest, end by an error, and overlap in several threads, for the whole process has one collector. Its
    thresholds are raised and its switch is left alone: what ``gc.enable()`` and ``gc.disable()`` say inside holds
    afterwards, and so do thresholds that are set inside.

    Example:
        >>> from autograd import Value, total
        >>> with hold_collector():
        ...     y = total([Value(1.0) * k for k in range(100_000)])
        ...     y.backward()
    """

    def __call__(self, f: Callable[P, T]) -> Callable[P, T]:
        """Hold the collector in each call of ``f``."""

        @functools.wraps(f)
        def held(*args: P.args, **kwargs: P.kwargs) -> T:
            with hold_collector():
                return f(*args, **kwargs)

        return held

    def __enter__(self) -> None:
        global _before
        with _lock:
            thresholds, first = gc.get_threshold(), not _open_blocks()
            if first and thresholds != HELD:
                _before = thresholds
            _holders.append(ref(self))
            if first:
                gc.set_threshold(*HELD)

    def __exit__(self, *_: object) -> None:
        with _lock:
            if len(_open_blocks()) == 1 and gc.get_threshold() == HELD:
                gc.set_threshold(*_before)
            _holders.remove(ref(self))


def _open_blocks() -> list[ref[hold_collector]]:
    """List the blocks that are open. Ctrl-C inside ``__enter__`` or ``__exit__`` skips the rest; such ones are gone."""
    _holders[:] = [holder for holder in _holders if holder() is not None]
    return _holders
