"""The garbage collector, held while graphs grow.

A graph of a million live nodes makes each of the collector's rounds long, and none of them is garbage: nodes form no
cycles, so that they go as soon as nothing refers to them.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["hold_collector"]

_lock = threading.Lock()
_holders = 0
_was_enabled = False


@contextmanager
def hold_collector() -> Iterator[None]:
    """Keep the collector from running inside the block, and put it back as it was after the last block that ends.

    Blocks may nest, and overlap in several threads.
    """
    global _holders, _was_enabled
    with _lock:
        if _holders == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if _holders == 0 and _was_enabled:
                gc.enable()
