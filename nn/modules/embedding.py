"""Embedding: a table of rows, one for each of a number of things, that are trained as weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import PlaceError, Value, choose, is_traced
from nn import arrays
from nn.arrays import Array
from nn.module import Module
from nn.modules.initializers import Seed, generator
from nn.modules.inputs import positive
from nn.parameters import Parameters, parameters

__all__ = ["Embedding"]


class Embedding(Module):
    """A table of rows: the input is a number from 0, or an array of such, and the output its row of the table.

    In a compiled program, where the number is another for each example, a row is chosen by `autograd.choose`.

    Args:
        num_embeddings: how many rows there are.
        embedding_dim: how many numbers a row holds.
        W: given rows, of shape (num_embeddings, embedding_dim); drawn from N(0, 1) otherwise, as in PyTorch.
        seed: a whole number or generator for drawing.
        padding_idx: the row that stands for nothing, such as what fills up short sentences: no gradient reaches it, and
            unless W is given it is 0. From the end where negative.

    Raises:
        ValueError: there is no row `padding_idx`.

    Example:
        >>> letters = Embedding(3, 2, W=[[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]])
        >>> [[float(x) for x in row] for row in letters([2, 1])]
        [[2.0, 20.0], [1.0, 10.0]]
    """

    axes = 1

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        W: Any = None,
        seed: Seed = None,
        *,
        padding_idx: int | None = None,
    ) -> None:
        self.num_embeddings = positive(num_embeddings, "num_embeddings", "Embedding")
        self.embedding_dim = positive(embedding_dim, "embedding_dim", "Embedding")
        self.padding_idx = padding_idx
        drawn = generator(seed).normal(size=(self.num_embeddings, self.embedding_dim))
        if padding_idx is not None:
            if not -self.num_embeddings <= padding_idx < self.num_embeddings:
                raise ValueError(f"Embedding {self.extent()} has no row {padding_idx} for padding_idx.")
            self.padding_idx = padding_idx % self.num_embeddings
            drawn[self.padding_idx] = 0.0
        self.W: Parameters = parameters(arrays.read_or_keep(drawn, W, "W", f"Embedding {self.extent()}"), "W")
        if self.padding_idx is not None:
            for v in self.W[self.padding_idx].tolist():
                v.requires_grad = False
        self.bind()

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Choose the rows of some numbers.

        Args:
            inputs: whole numbers from 0, of any shape.

        Returns:
            an array of that shape, with an axis more at the end for the row.

        Raises:
            PlaceError: a number is no row's, which is an IndexError and a ValueError.
        """
        given, table = arrays.array(arrays.read_foreign(inputs)), self.W.tolist()
        if self.padding_idx is not None:
            # Frozen already, unless the whole model was unfrozen.
            table[self.padding_idx] = [v.detach() for v in table[self.padding_idx]]
        rows: list[Any] = []
        for place, x in enumerate(arrays.flat(given)):
            rows += choose(x, table) if is_traced(x) else table[self._read(x, np.shape(given), place)]
        return arrays.make(rows, (*np.shape(given), self.embedding_dim))

    def forward_batch(self, examples: Sequence[Any]) -> list[Any]:
        """Choose the rows of several examples; an error says in which a number is wrong."""
        outputs = []
        for number, example in enumerate(examples):
            try:
                outputs.append(self.forward(example))
            except PlaceError as error:
                error.add_note(f"This happened at example {number} of the batch.")
                raise
        return outputs

    def _read(self, x: Any, shape: tuple[int, ...], place: int) -> int:
        number = x.data if isinstance(x, Value) else float(x)
        if not 0.0 <= number < self.num_embeddings or number != int(number):
            where = "".join(f"[{index}]" for index in np.unravel_index(place, shape))
            raise PlaceError(
                f"{self.title} has {self.num_embeddings:,} rows, from 0 to {self.num_embeddings - 1}, and none at "
                f"{number:g}, which stands {f'in place {where} of' if where else 'as'} its input."
            )
        return int(number)

    def extent(self) -> str:
        """Describe how many rows there are, and their width."""
        return f"{self.num_embeddings:,} → {self.embedding_dim:,}"
