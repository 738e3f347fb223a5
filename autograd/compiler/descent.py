"""A descent in one go: the steps that a program is asked to take, and what came of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["Descent", "Steps"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Descent:
    """Steps that a program is asked to take, each on the mean over a batch.

    Attributes:
        examples: all of them, (examples, numbers).
        order: which to take, one batch after the other.
        batch: examples in a batch.
        weights: where the descent starts, (n,).
        rule: of the optimiser.
        slots: what it remembers, (number of slots, n).
        settings: what it takes besides, (steps, numbers).
        frozen: which parameters stay as they are; None for none.
        clip_norm: the longest that the gradient of a step may be; None for no limit.
    """

    examples: Array
    order: Array
    batch: int
    weights: Array
    rule: Callable[..., Any]
    slots: Array
    settings: Array
    frozen: Array | None
    clip_norm: float | None = None


class Steps(NamedTuple):
    """What came of a descent.

    Attributes:
        weights: the weights after the last step, (n,).
        slots: what the rule remembers then, (number of slots, n).
        losses: the mean of each batch before its step; fewer than asked for where the next would not be finite.
        outputs: the further numbers of the function's result for each example taken, (m, others).
    """

    weights: Array
    slots: Array
    losses: Array
    outputs: Array

    @classmethod
    def start(cls, descent: Descent, weights: Array, others: int) -> Self:
        """Make room for what comes of a descent that moves weights, with so many further results."""
        return cls(
            weights,
            descent.slots.copy(),
            np.zeros(len(descent.settings), weights.dtype),
            np.zeros((len(descent.order), others), weights.dtype),
        )

    def first(self, done: int, batch: int) -> Self:
        """Keep the losses and outputs of the first steps."""
        return self._replace(losses=self.losses[:done], outputs=self.outputs[: done * batch])
