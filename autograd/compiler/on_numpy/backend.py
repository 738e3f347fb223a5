"""Run instructions with NumPy: the source is compiled once and bound to each memory that it works on."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.adjoint import Aim, differentiate
from autograd.compiler.descent import Steps
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
        file = f"<autograd program {hash(self.source) & 0xFFFFFFFF:08x}>"
        linecache.cache[file] = (len(self.source), None, self.source.splitlines(keepends=True), file)
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
        return tuple(names.get(name, _nothing) for name in FUNCTIONS)

    def take(self, steps: Steps, memory: Memory, memory_for: Callable[[str, int], Memory]) -> int:
        """Take steps, and count those before a number stopped being finite.

        Args:
            steps: what to do; its slots, losses and kept outputs are written.
            memory: the numbers for whole batches, whose weights are moved.
            memory_for: returns that for a smaller last one.
        """
        n, whole = steps.parameters, memory
        moved = [whole.shared[:n, 0], *steps.slots]
        with np.errstate(all="ignore"):
            for s, now in enumerate(steps.settings.tolist()):
                place = slice(s * steps.batch, (s + 1) * steps.batch)
                rows = steps.order[place]
                memory = whole if len(rows) == whole.examples else memory_for("parameters", len(rows))
                if memory is not whole:
                    memory.shared[...] = whole.shared
                memory.values[: steps.examples.shape[1]] = steps.examples[rows].T
                memory.forward_shared()
                memory.forward()
                steps.losses[s] = memory.numbers(steps.output).mean()
                for kept, at in zip(steps.kept[place].T, steps.others, strict=True):
                    kept[...] = memory.numbers(at)
                memory.seed(steps.output, 1.0 / len(rows))
                memory.backward()
                memory.backward_shared()
                before = None if steps.frozen is None else [array[steps.frozen] for array in moved]
                self._update(steps, now)([moved[0], memory.shared_adjoints[:n, 0], *steps.slots], now)
                if before is not None:
                    for array, old in zip(moved, before, strict=True):
                        array[steps.frozen] = old
                if not (np.isfinite(steps.losses[s]) and np.isfinite(moved[0]).all()):
                    return s
        return len(steps.settings)

    def _update(self, steps: Steps, settings: Sequence[float]) -> Callable[..., None]:
        """Compile the rule for settings of which the same are zero, once."""
        nonzero = tuple(map(bool, settings))
        if (steps.rule, nonzero) not in self._updates:
            self._updates[steps.rule, nonzero] = compile_update(steps.rule, len(steps.slots), nonzero, self._dtype)
        return self._updates[steps.rule, nonzero]


#: What a program consists of, in the order in which it runs.
FUNCTIONS = ("forward_shared", "forward", "backward", "backward_shared")


def _nothing() -> None:
    """Do nothing: a program without a sweep has nothing to pass back."""
