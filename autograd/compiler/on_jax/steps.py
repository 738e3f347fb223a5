"""Steps of a recurrence: where the operands of a stretch of a tape that repeats itself lie, each time that it comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

__all__ = ["Steps", "scan"]

Array = Any
MOST_HANDED_ON = 256  # results from step to step


class Steps:
    """Where the operands of a step lie, each time that it comes.

    Args:
        first: the row of the first step's first result.
        period: operations in a step.
        places: rows of the operands, (times, period, 2).

    Attributes:
        sources: for each operand, where it is from and its place there: among the results of the ``"same"`` step, those
            of ``"earlier"`` ones, or the rows from ``"outside"``.
        reach: how many of the rows before it a step may read.
        outside: the rows from outside that each step reads, (times, rows).
        regular: whether each operand is from the same place, seen from its step, every time.
    """

    def __init__(self, first: int, period: int, places: NDArray[np.int64]) -> None:
        self.first, self._period, self._times = first, period, len(places)
        distance = places - (first + period * np.arange(len(places)))[:, None, None]
        constant, same, outside = (
            np.all(each, axis=0) for each in (distance == distance[0], distance >= 0, places < first)
        )
        earlier = constant & ~same & ~outside
        self.reach = int(-distance[0][earlier].min(initial=0))
        self.regular = self.reach <= MOST_HANDED_ON and bool((outside | (constant & same) | earlier).all())
        self.sources: dict[tuple[int, int], tuple[str, int]] = {}
        columns: list[NDArray[np.int64]] = []
        for j, slot in np.ndindex(period, 2):
            if outside[j, slot]:
                self.sources[j, slot] = "outside", len(columns)
                columns.append(places[:, j, slot])
            elif same[j, slot]:
                self.sources[j, slot] = "same", int(distance[0, j, slot])
            else:
                self.sources[j, slot] = "earlier", self.reach + int(distance[0, j, slot])
        self.outside = np.stack(columns, axis=1) if columns else np.zeros((len(places), 0), np.int64)

    def operand(self, j: int, slot: int, own: Any, window: Array, outside: Array) -> Array:
        """Return an operand of a step: of its own results, of the rows before them, or from outside."""
        kind, place = self.sources[j, slot]
        return {"same": own, "earlier": window, "outside": outside}[kind][place]

    def window(self, x: Array) -> Array:
        """Return the rows before the first step that it may read; before the first row there is nothing."""
        missing = jnp.zeros((max(0, self.reach - self.first), *x.shape[1:]), x.dtype)
        return jnp.concatenate([missing, x[max(0, self.first - self.reach) : self.first]])

    def windows(self, x: Array) -> Array:
        """Return the rows before each step that it may read, (times, reach, …)."""
        rows = self.first - self.reach + self._period * np.arange(self._times)[:, None] + np.arange(self.reach)
        return x[np.maximum(rows, 0)]


def scan(
    step: Callable[..., Any], start: Array, given: Any, times: int, *, reverse: bool = False
) -> tuple[Array, Array]:
    """Take steps one after the other; a single one without a loop."""
    if times > 1:
        end, made = lax.scan(step, start, given, reverse=reverse)
        return end, made
    end, made = step(start, jax.tree.map(lambda rows: rows[0], given))
    return end, made[None]
