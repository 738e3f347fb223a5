"""The numba backend: instructions as a table of numbers, carried out by a machine whose parts are compiled once.

A model costs no compile time of its own: only an operation that was never used before does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.adjoint import Aim, Sweep, differentiate
from autograd.compiler.descent import Descent, Steps
from autograd.compiler.instructions import Rows
from autograd.compiler.memory import Memory
from autograd.compiler.on_numba.entries import entries, shortener
from autograd.compiler.on_numba.kernels import Kernels, update_address
from autograd.compiler.on_numba.table import Tables, place_of, write_tables
from autograd.compiler.roll import Layout

__all__ = ["NumbaBackend"]

Array = NDArray[Any]
ALIGNED = 16  # numbers: regions start at whole cache lines


class NumbaBackend:
    """A program as tables for the numba machine.

    Args:
        layout: the program's instructions.
        aim: of its sweep; None for a program that is only run forward.
        dtype: of its numbers.
    """

    def __init__(self, layout: Layout, aim: Aim | None, dtype: np.dtype[Any]) -> None:
        self.layout, self.aim, self.dtype = layout, aim, dtype
        self.kernels = Kernels(dtype.name)
        self._tables: dict[bool, Tables] = {}

    @cached_property
    def _sweep(self) -> Sweep | None:
        return None if self.aim is None else differentiate(self.layout, self.aim)

    def tables(self, examples: int) -> Tables:
        """Return the tables to compute so many examples at a time; only tapes differ for one and for several."""
        several = examples > 1 and self.layout.has_tape
        if several not in self._tables:
            values = _align(self.layout.shared_rows)
            self._tables[several] = write_tables(self.kernels, self.layout, self._sweep, values, several)
        return self._tables[several]

    def allocate(self, examples: int) -> tuple[Array, ...]:
        """Make one flat memory: its regions, where they start and how wide they are, and the pool of places in it."""
        tables = self.tables(examples)
        rows = (self.layout.shared_rows, self.layout.batched_rows)
        counts = [rows[0], rows[1] * examples] * 2 + [
            tables.scratch * examples,
            tables.shared_scratch,
            tables.slopes * examples,
        ]
        starts = np.cumsum([0, *map(_align, counts)])
        raw = np.zeros(int(starts[-1]) + ALIGNED, self.dtype)
        shift = (-raw.ctypes.data // self.dtype.itemsize) % ALIGNED
        flat = raw[shift : shift + int(starts[-1])]
        base = starts[:-1].astype(np.int64)
        width = np.array([1, examples, 1, examples, examples, 1, examples], dtype=np.int64)
        parts = [flat[start : start + count] for start, count in zip(base, counts, strict=True)][:4]
        shapes = [(rows[0], 1), (rows[1], examples)] * 2
        pool = tables.pool.copy() if tables.loops else tables.pool
        return (*(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)), flat, base, width, pool)

    def bind(self, memory: Any) -> tuple[Callable[[], None], ...]:
        """Make the program's functions for a memory."""
        flat, base, width, pool = memory.state
        play, tables = entries(self.dtype.name).play, self.tables(memory.examples)

        def bound(table: Array) -> Callable[[], None]:
            places = [array.ctypes.data for array in (pool, flat, base, width)]
            arguments = (table.ctypes.data, *table.shape, *places, self.dtype == np.float32)
            return lambda: play(*arguments)

        memory.held = tables  # as long as their addresses are
        return tuple(bound(table) if len(table) else _nothing for table in tables.lines)

    def take(
        self, descent: Descent, results: Sequence[Rows], memory: Memory, memory_for: Callable[[str, int], Memory]
    ) -> Steps:
        """Take steps without returning to Python, up to the one before a number stops being finite."""
        flat, base, width, pool = memory.state
        loss, n = results[0], len(descent.weights)
        steps = Steps.start(descent, memory.shared[:n, 0], len(results) - 1)
        nonzero = descent.settings != 0.0
        every = nonzero[:1] if (nonzero == nonzero[:1]).all() else nonzero
        rules = [update_address(descent.rule, len(steps.slots), tuple(x.tolist()), self.dtype.name) for x in every]
        frozen = np.zeros(1, np.uint8) if descent.frozen is None else descent.frozen.astype(np.uint8)
        others = np.array([place_of(at) for at in results[1:]], dtype=np.int64)
        tables = self.tables(memory.examples)
        width, updates = width.copy(), np.resize(np.array(rules, np.int64), len(nonzero))
        arrays = {
            "forward": tables.forward, "backward": tables.backward, "pool": pool, "memory": flat, "base": base,
            "width": width, "examples": descent.examples, "order": descent.order, "kept": others,
            "losses": steps.losses, "outputs": steps.outputs, "updates": updates, "slots": steps.slots,
            "settings": descent.settings, "frozen": frozen,
        }  # fmt: skip
        at = {name: _address(array) for name, array in arrays.items()}
        done = entries(self.dtype.name).descend(
            at["forward"], len(tables.forward), at["backward"], *tables.backward.shape, at["pool"], at["memory"],
            at["base"], at["width"], at["examples"], descent.examples.shape[1], at["order"], len(descent.order),
            descent.batch, place_of(loss), place_of(loss.adjoints), at["kept"], len(others), at["losses"],
            at["outputs"], at["updates"], at["slots"], at["settings"], *descent.settings.shape, at["frozen"],
            int(descent.frozen is not None), shortener(self.dtype.name) if descent.clip_norm else 0,
            descent.clip_norm or 0.0, n,
        )  # fmt: skip
        return steps.first(int(done), descent.batch)


def _align(count: int) -> int:
    """Round a number of numbers up to whole cache lines."""
    return -(-count // ALIGNED) * ALIGNED


def _address(array: Array) -> int:
    """Return where an array begins, whose numbers have to follow each other."""
    assert array.flags.c_contiguous
    return int(array.ctypes.data)


def _nothing() -> None:
    """Do nothing: there is no such instruction."""
