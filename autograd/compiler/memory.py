"""Memory: the numbers of a program for so many examples at a time, and the functions that work on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.instructions import Rows
from autograd.compiler.roll import Layout

__all__ = ["Memory"]

Array = NDArray[Any]


class Memory:
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
        self.shared, self.values, self.shared_adjoints, self.adjoints, *self.state = backend.allocate(examples)
        for row, number in layout.literals:
            self.shared[row] = number
        self.forward_shared, self.forward, self.backward, self.backward_shared = backend.bind(self)

    def load(self, weights: Array, constants: Sequence[float]) -> None:
        """Write numbers into the parameters and the other leaves."""
        n = len(weights)
        self.shared[:n, 0] = weights
        self.shared[n : n + len(constants), 0] = constants

    def numbers(self, at: Rows) -> Array:
        """Read one row, for each example."""
        if not at.batched:
            return np.broadcast_to(self.shared[at.start], (self.examples,))
        row: Array = self.values[at.start]
        return row

    def seed(self, output: Rows, share: float) -> None:
        """Start a sweep: the adjoint of the output."""
        if output.batched:
            self.adjoints[output.start] = share
        else:
            self.shared_adjoints[output.start] = share * self.examples
