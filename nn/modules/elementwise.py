"""Modules that look at each number by itself: activations, dropout, neurons that fire by chance."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Value, sigmoid
from nn import arrays
from nn.arrays import CONTAINERS, Array, Number
from nn.draws import draw
from nn.module import Module
from nn.modules.activations import ActivationSpec, Chosen
from nn.modules.initializers import Seed, generator
from nn.modules.inputs import row
from nn.modules.neurons import fire

__all__ = ["Activation", "Dropout", "Identity", "Stochastic"]


class Activation(Module):
    """An activation on its own: of each number of a row or picture; of the whole row if it is softmax.

    Args:
        activation: a name of `ACTIVATIONS`, or a function of one number.
    """

    kind = "activation"
    keeps_width = True
    activation = Chosen()

    def __init__(self, activation: ActivationSpec) -> None:
        self.activation = activation

    @property
    def axes(self) -> int | None:  # type: ignore[override]
        """Of how many axes an example is: 1 for an activation of a whole row."""
        return 1 if self.activation.whole else None

    def forward(self, inputs: Array) -> Array:
        """Apply the activation to numbers in an array or in nested lists of any depth."""
        if self.activation.whole:
            return arrays.array(self.activation(arrays.make(row(inputs, None, self))))
        return arrays.map_numbers(self.activation, inputs)


class Stochastic(Module):
    """Neurons that fire by chance: each sum s becomes 1 with p = 1/(1 + e^−s), else 0. Source: lecture L4.4.

    It draws in training and in evaluation. See `StochasticNeuron` for the gradient.

    Args:
        straight_through: whether the gradient of p stands for the output's, which has none.
        seed: a whole number or generator for drawing.
    """

    kind = "stochastic"
    keeps_width = True

    def __init__(self, straight_through: bool = True, *, seed: Seed = None) -> None:
        self.straight_through = bool(straight_through)
        self._random = generator(seed)

    def forward(self, sums: Array) -> Array:
        """Draw 0 or 1 for each sum."""
        return arrays.map_numbers(self._fire, sums)

    def _fire(self, s: Number) -> Value:
        p = sigmoid(s if isinstance(s, Value) else Value(s, requires_grad=False))
        return fire(p, self._random.random(), self.straight_through)


class Dropout(Module):
    """Inverted dropout: in training each number becomes 0 with probability p, and x/(1 − p) otherwise.

    In evaluation numbers pass unchanged. Source: Srivastava et al. 2014.

    Args:
        p: probability of dropping, in [0, 1].
        inplace: taken, as PyTorch does, and changes nothing.
        seed: a whole number or generator for drawing.

    Raises:
        ValueError: p is outside [0, 1].
    """

    kind = "dropout"
    keeps_width = True

    def __init__(self, p: float = 0.5, inplace: bool = False, *, seed: Seed = None) -> None:
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"p of Dropout must lie between 0 and 1, not {p!r}: it is the probability of dropping.")
        self.p, self.inplace = float(p), bool(inplace)
        self._random = generator(seed)

    def forward(self, inputs: Array) -> Array:
        """Drop numbers of an array, or of nested lists of any depth. A dropped one stays in the graph, with slope 0."""
        inputs = arrays.read_foreign(inputs)
        if not self.training or self.p == 0.0:
            return arrays.array(inputs)
        numbers = arrays.flat(inputs)
        factors = draw(self._random, len(numbers), partial(_keep, self.p))
        kept = [x * factor for x, factor in zip(numbers, factors, strict=True)]
        return arrays.make(kept, arrays.shape(inputs)) if isinstance(inputs, CONTAINERS) else kept[0]

    def extent(self) -> str:
        """Describe how probable dropping is."""
        return f"p = {self.p:g}"


def _keep(p: float, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn numbers drawn from [0, 1) into factors of dropout: 0 below p, else 1/(1 − p)."""
    return np.where(drawn >= p, 1.0 / (1.0 - p) if p < 1.0 else 0.0, 0.0)


class Identity(Module):
    """A module that passes its input on, for a branch that skips others."""

    kind = "identity"
    keeps_width = True

    def forward(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs
