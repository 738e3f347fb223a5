"""Embedding: a table of rows, one for each of a number of things, that are trained as weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Value, dot, equal, is_traced, total
from nn import arrays
from nn.arrays import Array
from nn.module import Module
from nn.modules.initializers import Seed, generator
from nn.modules.inputs import positive
from nn.parameters import Parameters, parameters

__all__ = ["Embedding"]


class Embedding(Module):
    """A table of rows: the input is a number from 0, or an array of such, and the output its row of the table.

    In a compiled program, where the number is another for each example, a row is chosen by a product of the table with
    brackets [x = k], each 1 or 0.

    Args:
        num_embeddings: how many rows there are.
        embedding_dim: how many numbers a row holds.
        W: given rows, of shape (num_embeddings, embedding_dim); drawn from N(0, 1) otherwise, as in PyTorch.
        seed: a whole number or generator for drawing.

    Example:
        >>> letters = Embedding(3, 2, W=[[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]])
        >>> [[float(x) for x in row] for row in letters([2, 1])]
        [[2.0, 20.0], [1.0, 10.0]]
    """

    axes = 1

    def __init__(self, num_embeddings: int, embedding_dim: int, W: Any = None, seed: Seed = None) -> None:
        self.num_embeddings = positive(num_embeddings, "num_embeddings", "Embedding")
        self.embedding_dim = positive(embedding_dim, "embedding_dim", "Embedding")
        drawn = generator(seed).normal(size=(self.num_embeddings, self.embedding_dim))
        self.W: Parameters = parameters(arrays.read_or_keep(drawn, W, "W", f"Embedding {self.extent()}"), "W")
        self.bind()

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Choose the rows of some numbers.

        Args:
            inputs: whole numbers from 0, of any shape.

        Returns:
            an array of that shape, with an axis more at the end for the row.

        Raises:
            ValueError: a number is no row's.
        """
        given = arrays.array(inputs)
        rows: list[Any] = []
        for x in arrays.flat(given):
            rows += self._choose(x) if is_traced(x) else self.W[self._read(x)].tolist()
        return arrays.make(rows, (*np.shape(given), self.embedding_dim))

    def _read(self, x: Any) -> int:
        number = x.data if isinstance(x, Value) else float(x)
        if not 0.0 <= number < self.num_embeddings or number != int(number):
            raise ValueError(f"{self.title} takes whole numbers from 0 to {self.num_embeddings - 1}, got {number:g}.")
        return int(number)

    def _choose(self, x: Value) -> list[Any]:
        """Choose a row by brackets; where none of them is 1, their sum divides by 0, which is an error and no row."""
        brackets = [equal(x, float(k)) for k in range(self.num_embeddings)]
        row = [dot(brackets, column) for column in self.W.T.tolist()]
        row[0] = row[0] / total(brackets)
        return row

    def extent(self) -> str:
        """Describe how many rows there are, and their width."""
        return f"{self.num_embeddings:,} → {self.embedding_dim:,}"
