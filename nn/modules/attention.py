"""Attention: each step of a sequence mixes what it finds at the others, by how well their keys answer its query."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autograd
from autograd import dot, total
from nn import arrays
from nn.arrays import Array
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.initializers import Initializer, Seed, generator, initialize
from nn.modules.inputs import positive, sequence
from nn.parameters import Parameters, parameters

__all__ = ["MultiheadAttention"]

Rows = list[list[Any]]


class MultiheadAttention(Module):
    """Multi-head attention: out = W_out·[head₁, …, head_h] + b_out, head = softmax(q·k/√d)·v, d = embed_dim/num_heads.

    Source: Vaswani and others 2017, 3.2. Queries, keys and values are W_in·x + b_in in three blocks of embed_dim rows,
    as in PyTorch. The weight with which step t looks at step s is the node ``alpha[head][t][s]``.

    Called with a sequence alone it attends to itself and gives the outputs, so that it can be chained; called with
    query, key and value it gives outputs and weights, as in PyTorch.

    Args:
        embed_dim: numbers of a step.
        num_heads: parts that these fall into; each attends by itself.
        bias: whether there are biases.
        causal: whether a step looks at itself and the steps before it alone.
        W_in: given weights of queries, keys and values, of shape (3·embed_dim, embed_dim); drawn by `init` otherwise.
        b_in: given biases of these, of shape (3·embed_dim,); 0 otherwise.
        W_out: given weights of the output, of shape (embed_dim, embed_dim); drawn as PyTorch does, or by `init`.
        b_out: given biases of the output, of shape (embed_dim,); 0 otherwise.
        seed: a whole number or generator for drawing.
        init: the initialiser of all weights; PyTorch's, Xavier's for W_in, unless given.

    Raises:
        ValueError: num_heads does not divide embed_dim, or biases are given and bias is False.

    Example:
        >>> attention = MultiheadAttention(2, 1, bias=False, causal=True, seed=0)
        >>> attention([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]).shape
        (3, 2)
        >>> outputs, weights = attention([[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]])
        >>> weights[0].tolist()
        [Value(1.0, op=truediv), 0.0]
    """

    kind = "attention"
    axes = 2
    unsaved = Module.unsaved | {"W_in", "b_in", "W_out", "b_out"}

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        bias: bool = True,
        causal: bool = False,
        *,
        W_in: Any = None,
        b_in: Any = None,
        W_out: Any = None,
        b_out: Any = None,
        seed: Seed = None,
        init: str | Initializer | None = None,
    ) -> None:
        self.embed_dim = positive(embed_dim, "embed_dim", "MultiheadAttention")
        self.num_heads = positive(num_heads, "num_heads", "MultiheadAttention")
        self.bias, self.causal = bool(bias), bool(causal)
        if embed_dim % num_heads:
            raise ValueError(
                f"MultiheadAttention needs an embed_dim that num_heads divides, not {embed_dim} and {num_heads}."
            )
        if not bias and (b_in is not None or b_out is not None):
            raise ValueError("MultiheadAttention was given biases and bias=False: leave one of them out.")
        random, n = generator(seed), self.embed_dim
        described = f"MultiheadAttention {self.extent()}"
        made = {}
        for name, given, shape, drawn in (
            ("W_in", W_in, (3 * n, n), init or "xavier_uniform"),
            ("W_out", W_out, (n, n), init or "fan_in_uniform"),
            ("b_in", b_in, (3 * n,), "zeros"),
            ("b_out", b_out, (n,), "zeros"),
        ):
            start = initialize(drawn, shape, random)
            made[name] = parameters(arrays.read_or_keep(start, given, name, described), name)
        self.W_in: Parameters = made["W_in"]
        self.W_out: Parameters = made["W_out"]
        self.b_in: Parameters | None = made["b_in"] if bias else None
        self.b_out: Parameters | None = made["b_out"] if bias else None
        self.bind()

    def forward(self, query: Array, key: Array | None = None, value: Array | None = None, attn_mask: Any = None) -> Any:
        """Attend from the steps of one sequence to those of another, or of the same.

        Args:
            query: one sequence, (steps, embed_dim).
            key: another, (others, embed_dim); the query's own unless given.
            value: what is mixed, as many steps as `key`; `key` unless given.
            attn_mask: (steps, others): True where a step must not look, or numbers to add to the scores.

        Returns:
            the outputs, (steps, embed_dim); with `key` a pair of them and the weights, (steps, others), the means over
            the heads.

        Raises:
            ShapeError: the sequences do not fit each other or the mask.
            ValueError: a step must look nowhere.
        """
        sources = [sequence(query, self.embed_dim, self)]
        sources += [sources[0] if key is None else sequence(key, self.embed_dim, self)]
        sources += [sources[1] if value is None else sequence(value, self.embed_dim, self)]
        if len(sources[1]) != len(sources[2]):
            raise ShapeError(
                f"{self.title} was given {len(sources[1])} keys and {len(sources[2])} values: as many of each."
            )
        allowed, added = self._read_mask(attn_mask, len(sources[0]), len(sources[1]))
        q, k, v = (self._project(block, steps) for block, steps in enumerate(sources))
        width = self.embed_dim // self.num_heads
        mixed: Rows = [[] for _ in q]
        weights = np.zeros((self.num_heads, len(q), len(k)), dtype=object)
        for head in range(self.num_heads):
            own = slice(head * width, (head + 1) * width)
            for t, places in enumerate(allowed):
                scores = [dot(q[t][own], k[s][own]) / math.sqrt(width) for s in places]
                if added is not None:
                    scores = [score + float(added[t, s]) for score, s in zip(scores, places, strict=True)]
                found = list(autograd.softmax(scores))
                for s, weight in zip(places, found, strict=True):
                    self.name_node(weight, f"alpha[{head}][{t}][{s}]")
                weights[head, t, places] = found
                mixed[t] += [dot(found, [v[s][j] for s in places]) for j in range(*own.indices(self.embed_dim))]
        outputs = arrays.make(
            [y for row in mixed for y in self._sums(self.W_out, self.b_out, row)], (len(q), self.embed_dim)
        )
        if key is None:
            return outputs
        means = [total(list(several)) / self.num_heads for several in weights.reshape(self.num_heads, -1).T]
        return outputs, arrays.make(means, (len(q), len(k)))

    def _project(self, block: int, steps: Sequence[Sequence[Any]]) -> Rows:
        """Compute the queries, the keys or the values of all steps."""
        rows = slice(block * self.embed_dim, (block + 1) * self.embed_dim)
        return [self._sums(self.W_in[rows], None if self.b_in is None else self.b_in[rows], xs) for xs in steps]

    @staticmethod
    def _sums(W: NDArray[Any], b: NDArray[Any] | None, xs: Sequence[Any]) -> list[Any]:
        biases = [None] * len(W) if b is None else b.tolist()
        return [dot(weights, xs, bias) for weights, bias in zip(W.tolist(), biases, strict=True)]

    def _read_mask(self, mask: Any, steps: int, others: int) -> tuple[list[list[int]], NDArray[Any] | None]:
        """List at which steps each may look, and return what is added to scores."""
        allowed, added = np.ones((steps, others), dtype=bool), None
        if self.causal:
            allowed = np.tri(steps, others, dtype=bool)
        if mask is not None:
            given = np.asarray(mask)
            if given.shape != (steps, others):
                raise ShapeError(f"attn_mask of {self.title} has shape {given.shape} instead of {(steps, others)}.")
            if given.dtype == bool:
                allowed &= ~given
            else:
                allowed &= given > -np.inf
                added = given
        for t in np.flatnonzero(~allowed.any(axis=1))[:1]:
            raise ValueError(
                f"Step {t} of {self.title} must look nowhere, so that it has nothing to mix: change the mask."
            )
        return [np.flatnonzero(line).tolist() for line in allowed], added

    def extent(self) -> str:
        """Describe how many numbers a step has, and how many heads there are."""
        return f"{self.embed_dim}, {self.num_heads} head{'s' * (self.num_heads != 1)}"
