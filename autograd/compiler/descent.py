"""A descent in one go: what a backend does in many steps, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from numpy.typing import NDArray

from autograd.compiler.instructions import Rows

__all__ = ["Descent", "Steps"]

Array = NDArray[Any]


class Descent(NamedTuple):
    """What `Program.descend` returns.

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
