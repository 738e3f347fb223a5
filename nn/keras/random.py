"""Keras' seed: what layers that are built, and orders that are drawn, are drawn from in this thread or task."""

from __future__ import annotations

from contextvars import ContextVar

from numpy.random import Generator

from nn.modules.initializers import generator

__all__ = ["set_seed"]

_chosen: ContextVar[Generator | None] = ContextVar("keras_generator", default=None)


def set_seed(seed: int) -> None:
    """Let everything that `nn.keras` draws from now on, in this thread or task, follow a seed."""
    _chosen.set(generator(seed))


def current_generator() -> Generator:
    """Return the generator that `set_seed` made, or a fresh one."""
    return _chosen.get() or generator(None)
