"""Rows of a program as JAX arrays: what an instruction writes is one array, and what another reads is cut out of some.

No memory is written in place. The last axis counts rows; those before it are the examples, of which there may be none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from autograd.compiler.instructions import Index, Rows

__all__ = ["Flows", "Numbers", "find_runs"]

Array = Any
MOST_SLICES = 8  # that are joined instead of gathering row by row


class Numbers:
    """The rows of one memory, in pieces as they were written.

    Args:
        leading: the axes of the examples.
        dtype: of the numbers.
        starts: the first row of each piece that is there already.
        pieces: these pieces.
    """

    def __init__(
        self, leading: tuple[int, ...], dtype: Any, starts: Sequence[int] = (), pieces: Sequence[Array] = ()
    ) -> None:
        self._leading, self._dtype = leading, dtype
        self._starts, self._pieces = list(starts), list(pieces)

    def parts(self) -> tuple[list[Array], tuple[int, ...]]:
        """Return the pieces and the first row of each."""
        return self._pieces, tuple(self._starts)

    def write(self, start: int, count: int, numbers: Array) -> None:
        """Write rows that follow each other, each row once."""
        place = bisect_right(self._starts, start)
        self._starts.insert(place, start)
        self._pieces.insert(place, jnp.broadcast_to(jnp.asarray(numbers, self._dtype), (*self._leading, count)))

    def read(self, at: Rows) -> Array:
        """Read rows; one that is taken again and again once."""
        if at.index is None:
            return self._stretch(at.start, at.start + (at.count if at.step else 1))
        runs = find_runs(at.index)
        if len(runs) <= MOST_SLICES:
            return jnp.concatenate([self._stretch(row, row + count) for _, row, count in runs], axis=-1)
        places = np.searchsorted(self._starts, at.index, side="right") - 1
        touched, chosen = np.unique(places, return_inverse=True)
        counts = [self._pieces[place].shape[-1] for place in touched]
        shifts = np.cumsum([0, *counts[:-1]]) - np.array(self._starts)[touched]
        return jnp.take(_join([self._pieces[place] for place in touched]), at.index + shifts[chosen], axis=-1)

    def _stretch(self, start: int, stop: int) -> Array:
        """Read rows that follow each other."""
        place = max(0, bisect_right(self._starts, start) - 1)
        parts, row = [], start
        while row < stop and place < len(self._starts):
            first, piece = self._starts[place], self._pieces[place]
            last = first + piece.shape[-1]
            if first > row:
                break
            if last > row:
                parts.append(piece[..., row - first : min(last, stop) - first])
                row = min(last, stop)
            place += 1
        assert row == stop, "rows are read that were not written"
        return _join(parts)


def _join(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=-1)


def find_runs(index: Index) -> list[tuple[int, int, int]]:
    """Find the stretches of rows that follow each other: (place in the index, first row, how many) of each."""
    starts = np.flatnonzero(np.r_[True, np.diff(index) != 1])
    counts = np.diff(np.r_[starts, len(index)])
    return list(zip(starts.tolist(), index[starts].tolist(), counts.tolist(), strict=True))


class Flows:
    """The adjoints of the rows of one memory: zero, and whatever flows is added.

    Args:
        leading: the axes of the examples.
        dtype: of the numbers.
        pieces: (start, count) of the rows that are written together.
    """

    def __init__(self, leading: tuple[int, ...], dtype: Any, pieces: list[tuple[int, int]]) -> None:
        self._leading, self._dtype = leading, dtype
        self._pieces = sorted(pieces)
        self._starts = [start for start, _ in self._pieces]
        self._sums: dict[int, Array] = {}

    def read(self, at: Rows) -> Array:
        """Read adjoints."""
        numbers = Numbers(self._leading, self._dtype)
        for place in np.unique(np.searchsorted(self._starts, at.numbers, side="right") - 1).tolist():
            start, count = self._pieces[place]
            numbers.write(start, count, self._sums.get(place, 0.0))
        return numbers.read(at)

    def add(self, at: Rows, flows: Array) -> None:
        """Add flows, (…, rows), to the rows that they flow to."""
        if at.repeated and at.count > 1:
            flows = flows.sum(axis=-1, keepdims=True)
        if at.index is None:
            self._add(at.start, flows)
            return
        runs = find_runs(at.index)
        if len(runs) <= MOST_SLICES:
            for place, row, count in runs:
                self._add(row, flows[..., place : place + count])
            return
        order = np.argsort(at.index, kind="stable")
        places = np.searchsorted(self._starts, at.index[order], side="right") - 1
        for place in np.unique(places).tolist():
            chosen = order[places == place]
            start, count = self._pieces[place]
            zeros = jnp.zeros((*flows.shape[:-1], count), self._dtype)
            part = (
                flows if len(chosen) == len(order) and (chosen == np.arange(len(order))).all() else flows[..., chosen]
            )
            self._put(place, zeros.at[..., at.index[chosen] - start].add(part))

    def _add(self, row: int, flows: Array) -> None:
        """Add flows to rows that follow each other."""
        stop, taken = row + flows.shape[-1], 0
        while row < stop:
            place = bisect_right(self._starts, row) - 1
            start, count = self._pieces[place]
            size = min(stop, start + count) - row
            part = flows[..., taken : taken + size]
            if size < count:
                padding = [(0, 0)] * (flows.ndim - 1) + [(row - start, start + count - row - size)]
                part = jnp.pad(part, padding)
            self._put(place, part)
            row, taken = row + size, taken + size

    def _put(self, place: int, flows: Array) -> None:
        known = self._sums.get(place)
        self._sums[place] = flows if known is None else known + flows
