"""Machine: the memory of a program for one number of examples, and the functions that work on it."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.adjoint import Plan
from autograd.compiler.in_place import InPlaceRule
from autograd.compiler.instructions import Rows
from autograd.compiler.numpy_source import numpy_source
from autograd.compiler.roll import Layout

__all__ = ["Machine", "NumpyBackend", "Steps"]

Array = NDArray[Any]
Functions = tuple[Callable[[], None], ...]


@dataclass
class Steps:
    """Steps of a descent, each on the mean over a batch.

    Attributes:
        examples: all of them, (examples, numbers).
        order: which to take, one batch after the other.
        batch: examples in a batch.
        output: the row of the loss.
        others: rows of the further results.
        rule: of the optimiser.
        slots: what it remembers, (number of slots, n); written.
        settings: what it takes besides, (steps, numbers).
        frozen: which parameters stay as they are; None for none.
        parameters: how many there are.
        losses: written: of each step.
        kept: written: the further results of each example.
    """

    examples: Array
    order: Array
    batch: int
    output: Rows
    others: Sequence[Rows]
    rule: Callable[..., Any]
    slots: Array
    settings: Array
    frozen: Array | None
    parameters: int
    losses: Array
    kept: Array


class NumpyBackend:
    """A program as NumPy source, which is run for each memory that it is to work on.

    Args:
        layout: the program's instructions.
        sweep: its sweep; None for a program that is only run forward.
        dtype: of its numbers.

    Attributes:
        source: the source.
    """

    def __init__(self, layout: Layout, sweep: Plan | None, dtype: np.dtype[Any]) -> None:
        self._rules: dict[Any, InPlaceRule] = {}
        self._rows, self._dtype = (layout.shared_rows, layout.batched_rows), dtype
        self.source, self._objects = numpy_source(layout, sweep)
        file = f"<autograd program {hash(self.source) & 0xFFFFFFFF:08x}>"
        linecache.cache[file] = (len(self.source), None, self.source.splitlines(keepends=True), file)
        self._code = compile(self.source, file, "exec")

    def memory(self, examples: int) -> tuple[Array, ...]:
        """Make the two memories, and the two of their adjoints."""
        rows, dtype = self._rows, self._dtype
        shapes = [(rows[0], 1), (rows[1], examples)] * 2
        return tuple(np.zeros(shape, dtype) for shape in shapes)

    def bind(self, machine: Machine) -> Functions:
        """Make the program's functions for a memory."""
        examples, dtype = machine.examples, machine.values.dtype
        names = self._objects | {
            "shared": machine.shared, "values": machine.values, "shared_adjoints": machine.shared_adjoints,
            "adjoints": machine.adjoints, "examples": examples,
            "empty": lambda count, columns: np.empty((count, columns), dtype),
        }  # fmt: skip
        exec(self._code, names)
        return tuple(names.get(name, _nothing) for name in FUNCTIONS)

    def take(self, steps: Steps, machine: Machine, machine_for: Callable[[str, int], Machine]) -> int:
        """Take steps, and say how many were taken before a number stopped being finite.

        Args:
            steps: what to do; its slots, losses and kept outputs are written.
            machine: the memory for whole batches, whose weights are moved.
            machine_for: gives that for a smaller last one.
        """
        n, whole = steps.parameters, machine
        moved = [whole.shared[:n, 0], *steps.slots]
        with np.errstate(all="ignore"):
            for s, now in enumerate(steps.settings.tolist()):
                place = slice(s * steps.batch, (s + 1) * steps.batch)
                rows = steps.order[place]
                machine = whole if len(rows) == whole.examples else machine_for("parameters", len(rows))
                if machine is not whole:
                    machine.shared[...] = whole.shared
                machine.values[: steps.examples.shape[1]] = steps.examples[rows].T
                machine.forward_shared()
                machine.forward()
                steps.losses[s] = machine.numbers(steps.output).mean()
                for kept, at in zip(steps.kept[place].T, steps.others, strict=True):
                    kept[...] = machine.numbers(at)
                machine.seed(steps.output, 1.0 / len(rows))
                machine.backward()
                machine.backward_shared()
                before = None if steps.frozen is None else [array[steps.frozen] for array in moved]
                self._update(steps.rule, now)([moved[0], machine.shared_adjoints[:n, 0], *steps.slots], now)
                if before is not None:
                    for array, old in zip(moved, before, strict=True):
                        array[steps.frozen] = old
                if not (np.isfinite(steps.losses[s]) and np.isfinite(moved[0]).all()):
                    return s
        return len(steps.settings)

    def _update(self, rule: Callable[..., Any], settings: Sequence[float]) -> InPlaceRule:
        """Give the rule in place, for settings of which the same are zero."""
        key = rule, *map(bool, settings)
        if key not in self._rules:
            slots = len(inspect.signature(rule).parameters) - 2 - len(settings)
            self._rules[key] = InPlaceRule(rule, slots, settings, self._dtype)
        return self._rules[key]


#: What a program consists of, in the order in which it runs.
FUNCTIONS = ("forward_shared", "forward", "backward", "backward_shared")


def _nothing() -> None:
    """Do nothing: a program without a sweep has nothing to pass back."""


class Machine:
    """The numbers of a program for so many examples at a time.

    Attributes:
        examples: how many.
        shared: the shared rows, (rows, 1).
        values: the others, (rows, examples).
        shared_adjoints: adjoints of the shared rows.
        adjoints: adjoints of the others.
        state: what else the backend keeps.
    """

    def __init__(self, backend: Any, layout: Layout, examples: int) -> None:
        self.examples = examples
        self.shared, self.values, self.shared_adjoints, self.adjoints, *self.state = backend.memory(examples)
        for row, number in layout.literals:
            self.shared[row] = number
        self.forward_shared, self.forward, self.backward, self.backward_shared = backend.bind(self)

    def load(self, weights: Array, constants: Sequence[float]) -> None:
        """Put numbers into the parameters and the other leaves."""
        n = len(weights)
        self.shared[:n, 0] = weights
        self.shared[n : n + len(constants), 0] = constants

    def numbers(self, at: Rows) -> Array:
        """Read one row, for each example."""
        if at.shared:
            return np.broadcast_to(self.shared[at.start], (self.examples,))
        row: Array = self.values[at.start]
        return row

    def seed(self, output: Rows, share: float) -> None:
        """Start a sweep: the adjoint of the output."""
        if output.shared:
            self.shared_adjoints[output.start] = share * self.examples
        else:
            self.adjoints[output.start] = share
