"""The garbage collector, held while graphs grow.

A graph of a million live nodes makes each of the collector's rounds long, and none of them is garbage: nodes form no
cycles, so that they go as soon as nothing refers to them.
"""

from __future__ import annotations

import gc
import threading
from contextlib import ContextDecorator

__all__ = ["hold_collector"]

#: Objects that gather before the collector looks at them inside a block: more than graphs that fit into memory have,
#: and still a bound to the garbage that a function may make while it is differentiated.
HELD = (50_000_000, 1_000, 1_000)

_lock = threading.RLock()  # a signal may come between two lines, and its handler differentiate
_holders = 0
_before = HELD


class hold_collector(ContextDecorator):  # noqa: N801
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

    def __enter__(self) -> None:
        global _holders, _before
        with _lock:
            _holders += 1
            if _holders == 1:
                _before = gc.get_threshold()
                gc.set_threshold(*HELD)

    def __exit__(self, *_: object) -> None:
        global _holders
        with _lock:
            _holders -= 1
            if _holders == 0 and gc.get_threshold() == HELD:
                gc.set_threshold(*_before)
