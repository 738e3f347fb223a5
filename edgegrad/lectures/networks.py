"""The networks that the slides draw, with the slides' weights."""

from __future__ import annotations

import nn
from autograd import Value

__all__ = ["PERCEPTRON_INPUT", "SIGMOID_INPUT", "deep", "inputs", "perceptron", "run_perceptron", "sigmoid_network"]

PERCEPTRON_INPUT = [0.5, 0.7]
SIGMOID_INPUT = [0.5, 0.9, -0.3]


def perceptron() -> nn.Sequential:
    """Make the 2-2-1 ReLU perceptron of lecture L1.1, without biases."""
    return nn.Sequential(
        nn.Layer(2, 2, "relu", bias=False, W=[[1, 3], [-2, 4]]), nn.Layer(2, 1, bias=False, W=[[0.5, 0.3]])
    )


def run_perceptron(model: nn.Sequential) -> Value:
    """Return the perceptron's error on the slides' input, E = ½(O − t)² with t = 1 (lecture L1.4)."""
    [output] = model(inputs(PERCEPTRON_INPUT))
    output.name = "O"
    error: Value = 0.5 * (output - Value(1, name="t", requires_grad=False)) ** 2
    error.name = "E"
    return error


def sigmoid_network() -> nn.Sequential:
    """Make the 3-3-2 sigmoid network of lecture L2.1, without biases."""
    return nn.Sequential(
        nn.Layer(3, 3, "sigmoid", bias=False, W=[[1, -2, 2], [2, 1, -4], [1, -1, 0]]),
        nn.Layer(3, 2, "sigmoid", bias=False, W=[[-3, 1, -3], [0, 1, 2]]),
    )


def deep(activation: str, layers: int = 8) -> nn.MLP:
    """Make a deep narrow network, in which gradients vanish or not (lecture L4.9)."""
    init = "he_normal" if activation == "relu" else "glorot_uniform"
    return nn.MLP(2, [6] * layers + [1], activation=activation, seed=1, init=init)


def inputs(numbers: list[float]) -> list[Value]:
    """Make inputs x1, x2, … that need no gradient."""
    return [Value(x, name=f"x{i}", requires_grad=False) for i, x in enumerate(numbers, 1)]
