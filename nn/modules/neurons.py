"""Single neurons: the lectures' y = σ(⟨x, w⟩ + b), the stochastic neuron, and McCulloch and Pitts' threshold neuron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from autograd import Value, dot
from nn import arrays
from nn.arrays import Array
from nn.module import Module
from nn.modules.activations import ActivationSpec, Chosen
from nn.modules.initializers import Initializer, Seed, generator, initial_weights
from nn.modules.inputs import positive, row
from nn.parameters import Parameters, parameters

__all__ = ["Neuron", "StochasticNeuron", "ThresholdNeuron", "and_gate", "fire", "not_gate", "or_gate"]


class Neuron(Module):
    """One neuron: y = σ(⟨x, w⟩ + b). Source: lectures L3.1, L5.2; with σ = identity it is linear regression.

    Args:
        n_in: number of inputs.
        activation: σ: a name of `ACTIVATIONS`, or a function of one number.
        bias: whether it has a b.
        w: given weights, of shape (n_in,); drawn by `init` otherwise.
        b: a given bias.
        init: the initialiser, see `nn.INITIALIZERS`.
        seed: a whole number or generator for drawing.

    Example:
        >>> neuron = Neuron(2, "sigmoid", w=[1.0, -1.0], b=0.0)
        >>> neuron([0.5, 0.5])
        array([Value(0.5, name='a[0]', op=sigmoid)], dtype=object)
    """

    kind = "neuron"
    axes = 1
    activation = Chosen("{activation} is an activation of a whole layer, but {owner} is one neuron: use Layer.")
    unsaved = Module.unsaved | {"w"}

    def __init__(
        self,
        n_in: int,
        activation: ActivationSpec = "identity",
        bias: bool = True,
        *,
        w: Sequence[float] | None = None,
        b: float | None = None,
        init: str | Initializer = "fan_in_uniform",
        seed: Seed = None,
    ) -> None:
        self.n_in = positive(n_in, "n_in", type(self).__name__)
        self.n_out = 1
        self.activation = activation
        self.bias = bool(bias)
        weights, biases = initial_weights(init, (n_in,), (), seed)
        owner = f"{type(self).__name__} {self.extent()}"
        if b is not None and not bias:
            raise ValueError(f"{owner} was given b and bias=False: leave one of them out.")
        weights, biases = arrays.read_or_keep(weights, w, "w", owner), arrays.read_or_keep(biases, b, "b", owner)
        self.w: Parameters = parameters(weights, "w")
        self.b: Value | None = parameters(biases, "b") if self.bias else None
        self.bind()

    def name_nodes(self) -> None:
        """Name the sum ``s[0]`` and the output ``a[0]``."""
        self._sum_name, self._name = self.qualify("s") + "[0]", self.qualify("a") + "[0]"

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Compute σ(⟨x, w⟩ + b).

        Args:
            inputs: n_in numbers or Values.

        Returns:
            an array of one Value.
        """
        s = dot(self.w.tolist(), row(inputs, self.n_in, self), self.b)
        s.name = self._sum_name
        a = self.activation.on_value(s)
        a.name = self._name
        return arrays.make([a])

    def extent(self) -> str:
        """Describe how many inputs and outputs there are."""
        return f"{self.n_in} → 1"


class StochasticNeuron(Neuron):
    """A neuron that fires by chance: 1 with p = 1/(1 + e^−s), else 0, in training and in evaluation.

    Its output has no derivative; with `straight_through` the gradient is that of p (Bengio, Léonard, Courville
    2013: the output is p + (sample − p), the bracket constant). Source: lecture L4.4.

    Args:
        n_in: number of inputs.
        bias: whether it has a b.
        straight_through: whether the gradient of p stands for the output's; otherwise the output is a constant.
        w: given weights, of shape (n_in,); drawn otherwise.
        b: a given bias.
        seed: a whole number or generator, for drawing weights and then for firing.
    """

    def __init__(
        self,
        n_in: int,
        bias: bool = True,
        straight_through: bool = True,
        *,
        w: Sequence[float] | None = None,
        b: float | None = None,
        seed: Seed = None,
    ) -> None:
        self._random = generator(seed)
        self.straight_through = bool(straight_through)
        super().__init__(n_in, "sigmoid", bias, w=w, b=b, seed=self._random)

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Draw 1 with the probability σ(⟨x, w⟩ + b), else 0."""
        [p] = super().forward(inputs)
        p.name = self.qualify("p") + "[0]"
        a = fire(p, self._random.random(), self.straight_through)
        a.name = self._name
        return arrays.make([a])


def fire(p: Value, chance: float, straight_through: bool) -> Value:
    """Return 1 for a probability where `chance` (from U[0, 1)) is below it, else 0.

    The sum p + (sample − p) is exactly 0 or 1 in floating point: where p < ½ the rounding of 1 − p is at most
    half the distance of 1 to its neighbours, and ties go to the even 1.
    """
    sample = 1.0 if chance < p.data else 0.0
    return p + (sample - p.data) if straight_through else Value(sample, requires_grad=False)


class ThresholdNeuron(Neuron):
    """McCulloch and Pitts' neuron: 1 where Σ w_i x_i > w_0, else 0, with fixed weights. Source: lecture L4.3.

    Args:
        weights: w_1 … w_n.
        threshold: w_0.

    Example:
        >>> [float(ThresholdNeuron([1, 1], 1.5)([x, y])[0]) for x in (0, 1) for y in (0, 1)]
        [0.0, 0.0, 0.0, 1.0]
    """

    def __init__(self, weights: Sequence[float], threshold: float) -> None:
        super().__init__(len(weights), "step", w=weights, b=-threshold)
        self.freeze()

    @property
    def weights(self) -> list[float]:
        """The weights w_1 … w_n."""
        return [w.data for w in self.w]

    @property
    def threshold(self) -> float:
        """The threshold w_0."""
        assert self.b is not None
        return -self.b.data


def and_gate(n: int = 2) -> ThresholdNeuron:
    """Make the neuron that fires where all of n inputs (0 or 1) are 1."""
    return ThresholdNeuron([1.0] * positive(n, "n", "and_gate"), n - 0.5)


def or_gate(n: int = 2) -> ThresholdNeuron:
    """Make the neuron that fires where at least one of n inputs (0 or 1) is 1."""
    return ThresholdNeuron([1.0] * positive(n, "n", "or_gate"), 0.5)


def not_gate() -> ThresholdNeuron:
    """Make the neuron that fires where its input is 0."""
    return ThresholdNeuron([-1.0], -0.5)
