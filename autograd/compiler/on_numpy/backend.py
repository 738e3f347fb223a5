"""Run instructions with NumPy: the source is compiled once and bound to each memory that it works on."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any
from weakref import finalize

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.adjoint import Aim, differentiate
from autograd.compiler.descent import Descent, Steps
from autograd.compiler.instructions import Rows
from autograd.compiler.memory import Memory
from autograd.compiler.on_numpy.source import numpy_source
from autograd.compiler.on_numpy.update import compile_update
from autograd.compiler.roll import Layout

__all__ = ["NumpyBackend"]

Array = NDArray[Any]
Functions = tuple[Callable[[], None], ...]


class NumpyBackend:
    """A program as NumPy source, which is run for each memory that it is to work on.

    Args:
        layout: the program's instructions.
        aim: of its sweep; None for a program that is only run forward.
        dtype: of its numbers.

    Attributes:
        source: the source.
    """

    def __init__(self, layout: Layout, aim: Aim | None, dtype: np.dtype[Any]) -> None:
        self._updates: dict[Any, Callable[..., None]] = {}
        self._rows, self._dtype = (layout.shared_rows, layout.batched_rows), dtype
        self.source, self._objects = numpy_source(layout, None if aim is None else differentiate(layout, aim))
        file = f"<autograd program {id(self):x}>"
        linecache.cache[file] = (len(self.source), None, self.source.splitlines(keepends=True), file)
        finalize(self, linecache.cache.pop, file, None).atexit = False
        self._code = compile(self.source, file, "exec")

    def allocate(self, examples: int) -> tuple[Array, ...]:
        """Make the four memories."""
        rows, dtype = self._rows, self._dtype
        shapes = [(rows[0], 1), (rows[1], examples)] * 2
        return tuple(np.zeros(shape, dtype) for shape in shapes)

    def bind(self, memory: Memory) -> Functions:
        """Make the program's functions for a memory."""
        examples, dtype = memory.examples, memory.values.dtype
        names = self._objects | {
            "shared": memory.shared, "values": memory.values, "shared_adjoints": memory.shared_adjoints,
            "adjoints": memory.adjoints, "examples": examples,
            "empty": lambda count, columns: np.empty((count, columns), dtype),
        }  # fmt: skip
        exec(self._code, names)
        return tuple([names.pop(name, _nothing) for name in FUNCTIONS])  # or they would hold each other, and the memory

    def take(
        self, descent: Descent, results: Sequence[Rows], memory: Memory, memory_for: Callable[[str, int], Memory]
    ) -> Steps:
        """Take steps, up to the one before a number stops being finite.

        Args:
            descent: what to do.
            results: the rows of the function's results, of which the first is the loss.
            memory: the numbers for whole batches, whose weights are moved.
            memory_for: returns that for a smaller last one.
        """
        (loss, *others), n, whole = results, len(descent.weights), memory
        steps = Steps.start(descent, whole.shared[:n, 0], len(others))
        moved = [steps.weights, *steps.slots]
        with np.errstate(all="ignore"):
            for s, now in enumerate(descent.settings.tolist()):
                place = slice(s * descent.batch, (s + 1) * descent.batch)
                rows = descent.order[place]
                memory = whole if len(rows) == whole.examples else memory_for("parameters", len(rows))
                if memory is not whole:
                    memory.shared[...] = whole.shared
                memory.values[: descent.examples.shape[1]] = descent.examples[rows].T
                memory.forward_shared()
                memory.forward()
                steps.losses[s] = memory.numbers(loss).mean()
                for outputs, at in zip(steps.outputs[place].T, others, strict=True):
                    outputs[...] = memory.numbers(at)
                memory.seed(loss, 1.0 / len(rows))
                memory.backward()
                memory.backward_shared()
                slopes = memory.shared_adjoints[:n, 0]
                if descent.clip_norm:
                    _shorten(slopes, descent.clip_norm, descent.frozen)
                before = None if descent.frozen is None else [array[descent.frozen] for array in moved]
                self._update(descent, now)([steps.weights, slopes, *steps.slots], now)
                if before is not None:
                    for array, old in zip(moved, before, strict=True):
                        array[descent.frozen] = old
                if not (np.isfinite(steps.losses[s]) and np.isfinite(steps.weights).all()):
                    return steps.first(s, descent.batch)
        return steps

    def _update(self, descent: Descent, settings: Sequence[float]) -> Callable[..., None]:
        """Compile the rule for settings of which the same are zero, once."""
        rule, nonzero = descent.rule, tuple(map(bool, settings))
        if (rule, nonzero) not in self._updates:
            self._updates[rule, nonzero] = compile_update(rule, len(descent.slots), nonzero, self._dtype)
        return self._updates[rule, nonzero]


def _shorten(slopes: Array, limit: float, frozen: Array | None) -> None:
    """Shorten a gradient in place where it is longer than a limit; scaled, so that no square overflows or vanishes."""
    free = slopes if frozen is None else slopes[~frozen]
    largest = float(np.abs(free).max(initial=0.0))
    if 0.0 < largest < np.inf:
        length = largest * float(np.linalg.norm(free / largest))
        if length > limit:
            slopes *= limit / length


#: What a program consists of, in the order in which it runs.
FUNCTIONS = ("forward_shared", "forward", "backward", "backward_shared")


def _nothing() -> None:
    """Do nothing: a program without a sweep has nothing to pass back."""
