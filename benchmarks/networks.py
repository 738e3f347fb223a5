"""The two trainings that every library runs alike: S3, a small classifier, and S4, the regression network of L1.8."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["S3", "S4", "Array", "Problem", "layers", "small"]

Array = NDArray[Any]


class Problem(NamedTuple):
    """A training: a ReLU network, its data, its loss and its optimiser.

    Attributes:
        name: short name, as the command line has it.
        title: what it is, for a reader.
        widths: of the inputs, of each hidden layer, of the output.
        examples: how many there are; as many as in a batch for full batches.
        batch: examples a step.
        block: steps that are taken in one go where a library can.
        loss: ``"hinge"`` or ``"mse"``, the mean over a batch.
        penalty: λ of λ·Σ w², over all parameters.
        optimizer: ``"SGD"`` or ``"RMSProp"``.
        settings: its learning rate; for RMSProp also α and ε.
    """

    name: str
    title: str
    widths: tuple[int, ...]
    examples: int
    batch: int
    block: int
    loss: str
    penalty: float
    optimizer: str
    settings: tuple[float, ...]

    @property
    def full(self) -> bool:
        """Whether a step takes all examples."""
        return self.batch == self.examples

    def parameters(self) -> int:
        """Count the parameters."""
        return sum((n + 1) * m for n, m in pairwise(self.widths))

    def data(self) -> tuple[Array, Array]:
        """Make the examples: X (examples, inputs); T (examples, 1), of −1 and 1 for the hinge loss."""
        if self.loss == "hinge":
            import nn

            X, y = nn.two_moons(self.examples, seed=1)
            return X, 2.0 * y[:, None] - 1.0
        X = np.random.default_rng(1).standard_normal((self.examples, self.widths[0]))
        return X, np.sin(X[:, :1]) + 0.3 * X[:, 1:2] * X[:, 2:3]

    def weights(self) -> Array:
        """Draw the initial parameters as one vector: each layer's W (outputs, inputs) and b."""
        random = np.random.default_rng(2)
        w = np.zeros(self.parameters())
        for W, b in layers(self.widths, w):
            W[...] = random.standard_normal(W.shape) * np.sqrt(2.0 / W.shape[1])
            b[...] = 0.1 * random.standard_normal(b.shape)
        return w

    def rows(self, steps: int, *, shuffled: bool) -> Array:
        """Give the rows of so many batches, (steps, batch)."""
        order = np.arange(self.examples)
        if shuffled and not self.full:
            np.random.default_rng(3).shuffle(order)
        return np.resize(order, (steps, self.batch))


def layers(widths: tuple[int, ...], w: Array) -> list[tuple[Array, Array]]:
    """Show the parts of a vector of parameters: W (outputs, inputs) and b of each layer."""
    parts, start = [], 0
    for n, m in pairwise(widths):
        end = start + n * m
        parts.append((w[start:end].reshape(m, n), w[end : end + m]))
        start = end + m
    return parts


S3 = Problem("S3", "2-16-16-1, margin loss, full batch", (2, 16, 16, 1), 100, 100, 100, "hinge", 1e-4, "SGD", (0.05,))
S4 = Problem(
    "S4", "13-128-128-64-1, batch 16, RMSProp", (13, 128, 128, 64, 1), 400, 16, 100, "mse", 0.0, "RMSProp",
    (1e-3, 0.9, 1e-7),
)  # fmt: skip


def small(problem: Problem) -> Problem:
    """Shrink a training, for one tick."""
    widths = (problem.widths[0], *(4 for _ in problem.widths[1:-1]), 1)
    batch = 10 if problem.full else 4
    return problem._replace(widths=widths, batch=batch, examples=batch if problem.full else 3 * batch, block=2)
