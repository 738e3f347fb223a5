"""LSTM: the loss of a recurrent network with diagonal weights over a sequence of characters' bits, and its gradient."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.gradbench.evaluation import (
    Array,
    Eval,
    Inputs,
    Run,
    casadi_gradient,
    flatten,
    jitted_gradient,
    load,
    torch_gradient,
)  # fmt: skip

__all__ = ["LSTM"]

BITS = 14  # of a character, as in GradBench's text
ADDED = 2.0  # the benchmark's own: log(2 + Σ exp y)


def inputs(layers: int, length: int) -> Inputs:
    """Draw parameters and states between 0 and 1, and a sequence of bits."""
    random = np.random.default_rng(0)
    return {
        "main": random.random((2 * layers, 4 * BITS)),
        "extra": random.random((3, BITS)),
        "state": random.random((2 * layers, BITS)),
        "sequence": random.integers(0, 2, (length, BITS)).astype(float),
    }


def edgegrad(given: Inputs) -> Run:
    """Record every step; the compiler finds the recurrence."""
    import autograd

    def leaves(array: Array) -> list[list[Any]]:
        return [[autograd.Value(number, parameter=True) for number in row] for row in array.tolist()]

    main, (w_in, w_out, b_out) = leaves(given["main"]), leaves(given["extra"])

    def layer(x: Any, hidden: list[Any], cell: list[Any], weights: list[Any], biases: list[Any]) -> None:
        for i in range(BITS):
            forget, ingate, outgate, change = (
                x_or_h[i] * w + b
                for x_or_h, w, b in zip((x, hidden, x, hidden), weights[i::BITS], biases[i::BITS], strict=True)
            )
            cell[i] = cell[i] * autograd.sigmoid(forget) + autograd.sigmoid(ingate) * autograd.tanh(change)
            hidden[i] = autograd.sigmoid(outgate) * autograd.tanh(cell[i])

    def loss(sequence: Any, state: Any) -> Any:
        states = [list(row) for row in state]
        terms = []
        for t in range(len(sequence) - 1):
            x = [number * w for number, w in zip(sequence[t], w_in, strict=True)]
            for i in range(0, len(states), 2):
                layer(x, states[i], states[i + 1], main[i], main[i + 1])
                x = states[i]
            y = [h * w + b for h, w, b in zip(x, w_out, b_out, strict=True)]
            normaliser = autograd.log(autograd.total([*map(autograd.exp, y), ADDED]))
            terms += [gold * (each - normaliser) for gold, each in zip(sequence[t + 1], y, strict=True)]
        return -autograd.total(terms) / len(terms)

    parameters = [leaf for row in (*main, w_in, w_out, b_out) for leaf in row]
    program = autograd.compile(loss, given["sequence"], given["state"], parameters=parameters)
    return lambda: flatten(*program.value_and_grad(given["sequence"], given["state"]))


def _layer(library: Any, x: Any, hidden: Any, cell: Any, weights: Any, biases: Any) -> tuple[Any, Any]:
    """Compute one layer's step on whole arrays, with the functions of PyTorch or of JAX."""
    sigmoid = library.sigmoid
    w, b = weights.reshape(4, BITS), biases.reshape(4, BITS)
    cell = cell * sigmoid(x * w[0] + b[0]) + sigmoid(hidden * w[1] + b[1]) * library.tanh(hidden * w[3] + b[3])
    return sigmoid(x * w[2] + b[2]) * library.tanh(cell), cell


def torch(given: Inputs) -> Run:
    """Go through the steps, a tensor a gate."""
    module = load("torch")

    def loss(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
        states, total = list(state), 0.0
        for x, gold in pairwise(sequence):
            x = x * extra[0]
            for i in range(0, len(states), 2):
                x, states[i + 1] = _layer(module, x, states[i], states[i + 1], main[i], main[i + 1])
                states[i] = x
            y = x * extra[1] + extra[2]
            total = total + (gold * (y - module.log(module.exp(y).sum() + ADDED))).sum()
        return -total / sequence[1:].numel()

    return torch_gradient(loss, [given["main"], given["extra"]], [given["state"], given["sequence"]])


def jax(given: Inputs) -> Run:
    """Go through the steps by `lax.scan`."""
    module = load("jax")
    numpy, nn = module.numpy, module.nn

    def loss(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
        def step(states: Any, pair: Any) -> tuple[Any, Any]:
            x, gold = pair
            x, states = x * extra[0], list(states)
            for i in range(0, len(states), 2):
                x, states[i + 1] = _layer(nn, x, states[i], states[i + 1], main[i], main[i + 1])
                states[i] = x
            y = x * extra[1] + extra[2]
            return tuple(states), numpy.sum(gold * (y - numpy.log(numpy.sum(numpy.exp(y)) + ADDED)))

        terms = module.lax.scan(step, tuple(state), (sequence[:-1], sequence[1:]))[1]
        return -numpy.sum(terms) / sequence[1:].size

    return jitted_gradient(loss, [given["main"], given["extra"]], [given["state"], given["sequence"]])


def casadi(given: Inputs) -> Run:
    """Build the expression of all steps, a vector a gate."""
    module = load("casadi")
    numbers = flatten(given["main"], given["extra"])
    x = module.SX.sym("x", len(numbers))
    pieces = [x[i : i + BITS] for i in range(0, len(numbers), BITS)]
    states, total = [module.SX(row.tolist()) for row in given["state"]], 0.0

    def sigmoid(x: Any) -> Any:
        return 1.0 / (1.0 + module.exp(-x))

    w_in, w_out, b_out = pieces[-3:]
    for bits, gold in pairwise(given["sequence"].tolist()):
        signal = module.SX(bits) * w_in
        for i in range(0, len(states), 2):
            w, b = pieces[4 * i : 4 * i + 4], pieces[4 * i + 4 : 4 * i + 8]
            forget, outgate = sigmoid(signal * w[0] + b[0]), sigmoid(signal * w[2] + b[2])
            change = sigmoid(states[i] * w[1] + b[1]) * module.tanh(states[i] * w[3] + b[3])
            states[i + 1] = states[i + 1] * forget + change
            signal = states[i] = outgate * module.tanh(states[i + 1])
        y = signal * w_out + b_out
        total = total + module.dot(module.SX(gold), y - module.log(module.sum1(module.exp(y)) + ADDED))
    return casadi_gradient(-total / given["sequence"][1:].size, x, numbers)


LSTM = Eval(
    "lstm",
    "the loss of a recurrent network and its gradient by the weights",
    inputs,
    {"edgegrad": edgegrad, "PyTorch": torch, "JAX": jax, "CasADi": casadi},
    ({"layers": 2, "length": 1024}, {"layers": 4, "length": 1024}),
    {"layers": 2, "length": 8},
    "one graph of all steps, found to be a loop",
)
