"""One model in eight threads at once: the numbers of one after the other, and nobody's mode or scope is changed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

import autograd
import nn
from autograd import Value, grad, no_grad, scope


def in_threads(work: Callable[[int], None], count: int = 8) -> None:
    """Run a function in several threads, and raise what one of them raised."""
    errors: list[Exception] = []

    def run(number: int) -> None:
        try:
            work(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def model(*, training: bool) -> nn.Sequential:
    layers = nn.Layer(3, 8, "tanh", seed=0), nn.Dropout(0.5, seed=1), nn.Layer(8, 1, seed=2)
    return nn.Sequential(*layers).train(training)


X = np.random.default_rng(0).normal(size=(100, 3))
y = X.sum(axis=1)


@pytest.mark.parametrize("training", [True, False])
def test_evaluation_is_a_matter_of_the_call(training: bool) -> None:
    net = model(training=training)
    outputs, scores = nn.predict(net, X), nn.evaluate(net, X, y)
    np.testing.assert_array_equal(outputs, nn.predict(model(training=False), X))
    wrong: Counter[str] = Counter()

    def work(number: int) -> None:
        for _ in range(5):
            wrong["predict"] += not np.array_equal(nn.predict(net, X), outputs)
            wrong["evaluate"] += nn.evaluate(net, X, y) != scores
            wrong["mode"] += any(module.training is not training for module in net.modules())

    in_threads(work)
    assert +wrong == Counter()


def test_what_a_thread_does_is_its_own() -> None:
    wrong: Counter[str] = Counter()

    def work(number: int) -> None:
        for _ in range(10):
            with scope(f"part{number}"):
                v = Value(1.0, name="v") * 2.0
                wrong["scope"] += v.scope != f"part{number}"
            with no_grad():
                wrong["paused"] += not (Value(1.0) * 2.0).is_leaf
            wrong["grad"] += grad(lambda x: x**3)(2.0) != 12.0
            wrong["compile"] += autograd.compile(lambda x: x * x, 1.0)(3.0) != 9.0
            wrong["drawing"] += "<svg" not in v.graph().to_svg()

    in_threads(work)
    assert +wrong == Counter()


def test_a_model_evaluated_inside_its_training_goes_on_training() -> None:
    net = model(training=False)
    modes: list[bool] = []

    class Look(nn.Callback):
        def on_epoch_end(self, training: nn.Training) -> None:
            nn.predict(net, X[:5])
            modes.append(net[1].training)

    optimizer = nn.SGD(net.parameters(), lr=0.01)
    nn.fit(net, X, y, loss="mse", optimizer=optimizer, epochs=2, callbacks=[Look()], progress=False, compile=False)
    assert modes == [True, True]
    assert not net[1].training
