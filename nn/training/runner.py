"""What training needs computed: the outputs of a model, and the loss of a batch as a function of one flat vector.

`EagerRunner` computes it on the engine, `CompiledRunner` by a compiled program.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Value
from nn.optim.flat import Mask, Vector
from nn.optim.objective import Objective

__all__ = ["Array", "BatchObjective", "Loss", "Runner", "stack"]

Array = NDArray[Any]
Loss = Callable[[Any, Any], Any]


class BatchObjective(Objective):
    """The mean loss over one batch, with the penalty on the weights, as optimisers see it.

    Attributes:
        reached: which parameters some example's loss, or the penalty, has depended on so far.
    """

    reached: Mask

    @abstractmethod
    def outputs(self, w: Vector) -> Array:
        """Give the model's outputs for the batch at the weights w, (n, …); at no cost where w was asked about last."""


class Runner(ABC):
    """Computes a model on arrays of examples.

    Attributes:
        parameters: the Values whose numbers are the flat vector, in order.
        example: place in its batch of the example that is being computed, by which an error names its row; else None.
    """

    parameters: list[Value]
    example: int | None = None

    @abstractmethod
    def objective(self, X: Array, T: Array) -> BatchObjective:
        """Make the loss over a batch a function of the weights, in the model's present mode."""

    @abstractmethod
    def outputs(self, X: Array) -> Array:
        """Compute the outputs (n, …) in the model's present mode, without recording."""

    @abstractmethod
    def loss(self, X: Array, T: Array) -> tuple[float, Array]:
        """Compute the mean loss with the penalty, and the outputs, without recording."""


def stack(outputs: list[Array]) -> Array:
    """Stack the outputs of the examples into an array (n, …); single numbers become rows of one."""
    array = np.array(outputs)
    return array.reshape(-1, 1) if array.ndim == 1 else array
