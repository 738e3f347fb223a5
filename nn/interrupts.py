"""Ctrl-C in a training: it waits where a step is written down, and comes through where one is computed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

__all__ = ["allow_interrupts", "hold_interrupts", "let_interrupts_through"]

PATIENCE_SECONDS = 1.0  # after a Ctrl-C has waited so long, the next one comes through anywhere


class _Holder:
    """Stands before the handler of Ctrl-C.

    Args:
        handler: the handler, which usually raises KeyboardInterrupt.
    """

    def __init__(self, handler: Callable[[int, Any], Any]) -> None:
        self.handler = handler
        self.open = False
        self.came_through = False  # one at least
        self._came: float | None = None  # when the one that waits was pressed

    def __call__(self, number: int, frame: Any) -> None:
        now = time.monotonic()
        if self.open or (self._came is not None and now - self._came > PATIENCE_SECONDS):
            self._hand_on(number, frame)
        elif self._came is None:
            self._came = now

    def hand_on_what_waits(self) -> None:
        """Hand on a Ctrl-C that waits, if one does."""
        if self._came is not None:
            self._hand_on(signal.SIGINT, None)

    def _hand_on(self, number: int, frame: Any) -> None:
        before = self.open
        self.came_through = True
        self.open, self._came = False, None  # what cleans up after an exception is not interrupted once more
        self.handler(number, frame)
        self.open = before


@contextmanager
def hold_interrupts() -> Iterator[None]:
    """Let Ctrl-C wait during a block, but for what it does in `allow_interrupts`.

    One that still waits comes at the end, unless it only repeats one that came through. After one has waited for a
    second, the next comes through anywhere. In other threads, which Ctrl-C does not reach, nothing happens.
    """
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return
    holder = _Holder(handler)
    signal.signal(signal.SIGINT, holder)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is holder:  # and no handler of the user's, put there by a callback
            signal.signal(signal.SIGINT, handler)
        holder.open = True  # where someone has kept it, such as a callback that puts it back later
        if not holder.came_through:
            holder.hand_on_what_waits()


@contextmanager
def allow_interrupts() -> Iterator[None]:
    """Let Ctrl-C through during a block that changes nothing, or puts it back; one that waits comes at once.

    Context variables are put back here: a `scope` or a `no_grad` that it comes to as it opens or closes stays open.
    """
    holder = _find_holder()
    if holder is None:
        yield
        return
    before, variables = holder.open, copy_context()
    try:
        holder.open = True
        holder.hand_on_what_waits()
        yield
    except KeyboardInterrupt:
        for variable, content in variables.items():
            variable.set(content)
        raise
    finally:
        holder.open = before


def let_interrupts_through() -> None:
    """Let a Ctrl-C that waits come now."""
    holder = _find_holder()
    if holder is not None:
        holder.hand_on_what_waits()


def _find_holder() -> _Holder | None:
    """Return what holds Ctrl-C in this thread, if anything does."""
    handler = signal.getsignal(signal.SIGINT)
    here = threading.current_thread() is threading.main_thread()
    return handler if here and isinstance(handler, _Holder) else None
