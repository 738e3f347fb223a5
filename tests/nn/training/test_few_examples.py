"""Calls with a few examples: on the engine at first, by a program once there were many, and right all the way."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import no_grad
from nn.training import compiled
from nn.training.programs import MAX_SHAPES_COUNTED, MIN_EXAMPLES_BEFORE, programs_of

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(3, 2))
T = RANDOM.normal(size=(3, 2))
CALLS = 1 + -(-MIN_EXAMPLES_BEFORE // len(X))  # until there is a program


def model() -> nn.Sequential:
    return nn.Sequential(nn.Layer(2, 2, "tanh", seed=0), nn.Dropout(0.5, seed=1), nn.Layer(2, 2, "tanh", seed=1))


def by_hand(net: nn.Module) -> Any:
    """The outputs in evaluation mode on the engine."""
    training = net.training
    net.eval()
    with no_grad():
        outputs = [[float(y) for y in net(row)] for row in X.tolist()]
    net.train(training)
    return np.array(outputs)


def assert_right(net: nn.Module) -> None:
    expected = by_hand(net)
    np.testing.assert_allclose(nn.predict(net, X), expected, rtol=1e-12, atol=1e-14)
    assert nn.evaluate(net, X, T)["loss"] == pytest.approx(np.mean((expected - T) ** 2), rel=1e-12)


def repeat(net: nn.Module, calls: int = CALLS) -> None:
    for _ in range(calls):
        assert_right(net)


def test_many_calls_get_one_program(compilations: list[Any]) -> None:
    net = model()
    repeat(net, CALLS - 1)
    assert not compilations
    repeat(net, 3 * CALLS)
    assert len(compilations) == 2  # of the outputs, and of loss and outputs
    assert {backend for _, backend in programs_of(net)._kept} == {"numpy"}


def test_one_call_with_a_few_is_left_to_the_engine(compilations: list[Any]) -> None:
    nn.predict(model(), RANDOM.normal(size=(63, 2)))
    assert not compilations


def test_one_example_takes_the_program_of_many(compilations: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    net = model()
    nn.predict(net, RANDOM.normal(size=(80, 2)))
    monkeypatch.setattr(compiled.EagerRunner, "outputs", lambda *_: pytest.fail("computed on the engine"))
    nn.predict(net, X[:1])
    assert len(compilations) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda net: setattr(net.parameters()[0], "data", 2.0),
        lambda net: net.load_state_dict({key: 0.5 * array for key, array in net.state_dict().items()}),
        lambda net: nn.fit(net, X, T, epochs=2),
        lambda net: setattr(net, "layers", [*net.layers, nn.Layer(2, 2, "relu", seed=3)]),
        lambda net: setattr(net.layers[1], "p", 0.25),
        lambda net: net.train(),
        lambda net: net.eval(),
        lambda net: net.freeze(),
    ],
)
def test_after_a_change_the_answers_are_those_of_the_model_as_it_is(change: Callable[[Any], Any]) -> None:
    net = model()
    repeat(net)
    change(net)
    repeat(net, 2 * CALLS)


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_count_for_themselves(copied: Any) -> None:
    net = model()
    repeat(net)
    other = copied(net)
    assert not programs_of(other)._kept
    net.parameters()[0].data = 2.0
    assert_right(other)
    assert_right(net)


def test_running_statistics_are_those_of_now() -> None:
    net = nn.Sequential(nn.Layer(2, 2, "tanh", seed=0), nn.BatchNorm1d(2))
    repeat(net)
    nn.fit(net, RANDOM.normal(size=(16, 2)), RANDOM.normal(size=(16, 2)), epochs=2, batch_size=8)
    repeat(net)


def test_a_model_that_changes_from_call_to_call_is_hardly_ever_compiled(compilations: list[Any]) -> None:
    class Counting(nn.Layer):
        def forward(self, inputs: Any) -> Any:
            return [self.factor * y for y in super().forward(inputs)]

    net = Counting(2, 2, seed=0)
    for calls in range(10 * CALLS):
        net.factor = float(calls)
        np.testing.assert_allclose(nn.predict(net, X), by_hand(net), rtol=1e-12, atol=1e-14)
    assert 1 <= len(compilations) <= 4


def test_what_cannot_be_traced_stays_on_the_engine(compilations: list[Any]) -> None:
    class Branching(nn.Layer):
        def forward(self, inputs: Any) -> Any:
            outputs = super().forward(inputs)
            return outputs if outputs[0] > 0.0 else [2.0 * y for y in outputs]

    repeat(Branching(2, 2, "tanh", seed=0), 10 * CALLS)
    assert len(compilations) <= 2 * 4


def test_lengths_that_come_once_are_not_compiled_for(compilations: list[Any]) -> None:
    net = nn.LSTM(1, 1, seed=0)
    for steps in range(1, MAX_SHAPES_COUNTED + 5):
        nn.predict(net, np.ones((1, steps, 1)))
    assert not compilations
    assert len(programs_of(net)._tallies) == MAX_SHAPES_COUNTED


def test_a_mistake_is_refused_before_and_after_alike() -> None:
    net = model()

    def refusals() -> list[str]:
        said = []
        for inputs, targets in ((np.ones((1, 5)), T[:1]), (X, np.ones((3, 7)))):
            with pytest.raises(ValueError, match=r"\w") as refused:
                nn.evaluate(net, inputs, targets)
            said.append(str(refused.value))
        return said

    before = refusals()
    repeat(net)
    assert refusals() == before
