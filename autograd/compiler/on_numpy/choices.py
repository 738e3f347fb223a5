"""Choices on arrays: a row of a table for each example."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["add_to_chosen", "choose", "find_chosen"]

Array = NDArray[Any]


def find_chosen(rows: Array, which: Array) -> tuple[Array, Array]:
    """Find the rows of a memory that are chosen.

    Args:
        rows: the rows to choose from, (n, k).
        which: the places, (n, examples); one row where all have the same.

    Returns:
        the chosen rows, (n, examples), and whether there are such.
    """
    k = rows.shape[1]
    which = np.broadcast_to(which, (len(rows), which.shape[1]))
    valid = (which >= 0) & (which < k) & (which == np.floor(which))
    return np.take_along_axis(rows, np.where(valid, which, 0).astype(np.int64), axis=1), valid


def choose(memory: Array, chosen: Array, valid: Array) -> Array:
    """Read the chosen rows, each in the column of its example where there is one; NaN where there is none."""
    columns = np.arange(chosen.shape[1]) if memory.shape[1] > 1 else 0
    return np.where(valid, memory[chosen, columns], np.nan)


def add_to_chosen(memory: Array, chosen: Array, valid: Array, flows: Array) -> None:
    """Add flows to the chosen rows."""
    columns = np.broadcast_to(np.arange(chosen.shape[1]) if memory.shape[1] > 1 else 0, chosen.shape)
    np.add.at(memory, (chosen[valid], columns[valid]), np.broadcast_to(flows, chosen.shape)[valid])
