"""Which runner computes a model, and what is said about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from autograd import CompileError, ControlFlowError, Value
from nn import fit

MOONS, CLASSES = nn.two_moons(60, noise=0.1, seed=0)
SIGNS = 2.0 * CLASSES - 1.0


def small() -> nn.Module:
    return nn.MLP(2, [5, 1], activation="tanh", seed=1)


def test_what_cannot_be_traced_runs_on_the_engine_and_says_why() -> None:
    random = np.random.default_rng(0)

    class Noisy(nn.Layer):
        def forward(self, inputs: Any) -> Any:
            return super().forward(inputs) + random.normal()

    model = nn.Sequential(Noisy(2, 4, seed=0), nn.Layer(4, 1, seed=1))
    history = fit(model, MOONS, SIGNS, "mse", "adam", 3, seed=0)
    [note] = history.notes
    assert note == (
        "not compiled, but run on the engine: the function that is being compiled gives another graph each time it is "
        "called, for the same example"
    )
    with pytest.raises(CompileError, match="Random numbers"):
        fit(model, MOONS, SIGNS, "mse", "adam", 3, seed=0, compile=True)

    def branching(outputs: list[Value], target: Any) -> Value:
        error = outputs[0] - target
        return error if error > 0 else -error

    with pytest.raises(ControlFlowError, match=r"takes a branch that depends on a traced number, in test_choice\.py"):
        fit(small(), MOONS, SIGNS, branching, "adam", 3, compile=True)
    assert fit(small(), MOONS, SIGNS, branching, "adam", 3, seed=0).notes[0].startswith("not compiled, but run on the")


def test_a_few_examples_are_left_to_the_engine() -> None:
    assert fit(small(), MOONS[:4], SIGNS[:4], epochs=2, batch_size=4).notes == []
