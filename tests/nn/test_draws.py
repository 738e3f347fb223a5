"""What a model draws at random, on the engine and in a program: the same numbers, in the same order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from nn.draws import Draws, draw, find_generators

X = np.random.default_rng(1).standard_normal((40, 3))
Y = X[:, 0] - X[:, 1]
GENERATORS = [np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64]


@pytest.mark.parametrize("kind", GENERATORS)
def test_a_sample_is_what_as_many_calls_draw(kind: Any) -> None:
    one, other = (np.random.Generator(kind(3)) for _ in range(2))
    again, twin = (np.random.Generator(kind(3)) for _ in range(2))

    def model(a: Any, b: Any) -> list[float]:
        return [*draw(a, 2, lambda u: 2.0 * u), *draw(b, 3, np.sqrt), *draw(a, 1, np.negative)]

    called = [model(one, other) for _ in range(4)]
    with Draws().catch() as draws:
        model(again, twin)
    assert draws.count == 6
    assert draws.sample(4).tolist() == called
    with Draws([1, 2, 3, 4, 5, 6]).catch():
        assert model(again, twin) == [1, 2, 3, 4, 5, 6]


def test_generators_are_found_once() -> None:
    random = np.random.default_rng(0)
    model = nn.Sequential(nn.Layer(2, 2), nn.Dropout(seed=random), nn.Dropout(seed=random), nn.Dropout(seed=1))
    assert find_generators(model)[0] is random
    assert len(find_generators(model)) == 2


def chain() -> nn.Module:
    return nn.Sequential(
        nn.Layer(3, 8, seed=1), nn.Dropout(0.4, seed=2), nn.Layer(8, 1, seed=3), nn.Dropout(0.1, seed=4)
    )


def shared() -> nn.Module:
    random = np.random.default_rng(7)
    return nn.Sequential(
        nn.Dropout(0.2, seed=random), nn.Layer(3, 8, seed=1), nn.Dropout(0.4, seed=random), nn.Layer(8, 1, seed=3)
    )


def normalised() -> nn.Module:
    return nn.Sequential(nn.Layer(3, 4, seed=1), nn.BatchNorm1d(4), nn.Dropout(0.4, seed=2), nn.Layer(4, 1, seed=3))


@pytest.mark.parametrize("build", [chain, shared, normalised])
@pytest.mark.parametrize("clip", [None, 0.3])
def test_dropout_is_trained_by_a_program_with_the_engines_draws(
    build: Callable[[], nn.Module], clip: float | None, backend: str
) -> None:
    def train(compiled: Any) -> tuple[nn.Module, nn.History]:
        model = build()
        options: Any = {"optimizer": "sgd", "epochs": 5, "batch_size": 16, "seed": 0, "clip_norm": clip}
        return model, nn.fit(model, X, Y, compile=compiled, metrics=["mae"], **options)

    due, by_hand = train(False)
    found, compiled = train(backend)
    assert compiled.notes[0].startswith("compiled: ")
    for name in ("loss", "mae"):
        assert compiled[name] == pytest.approx(by_hand[name], rel=1e-9)
    for key, array in due.state_dict().items():
        np.testing.assert_allclose(found.state_dict()[key], array, rtol=1e-8, atol=1e-12)
    for one, other in zip(find_generators(found), find_generators(due), strict=True):
        assert one.bit_generator.state == other.bit_generator.state
    np.testing.assert_allclose(nn.predict(found, X), [[float(x) for x in found.eval()(row)] for row in X], rtol=1e-12)


def test_a_step_that_diverges_draws_as_on_the_engine(backend: str) -> None:
    def train(compiled: Any) -> tuple[nn.Module, nn.History]:
        model = chain()
        with pytest.raises(nn.DivergedError) as caught:
            nn.fit(model, X, Y, optimizer=nn.SGD(model.parameters(), 1e3), epochs=300, seed=0, compile=compiled)
        return model, caught.value.history

    (due, by_hand), (found, compiled) = train(False), train(backend)
    assert compiled.epochs == by_hand.epochs
    assert compiled.stop_reason == by_hand.stop_reason
    for model in (due, found):
        assert np.isfinite(model.state_dict()["W1"]).all()


def test_a_generator_of_orders_and_of_dropout_is_drawn_from_in_turns(backend: str) -> None:
    def train(compiled: Any) -> list[float]:
        random = np.random.default_rng(5)
        model = nn.Sequential(nn.Layer(3, 4, seed=1), nn.Dropout(0.4, seed=random), nn.Layer(4, 1, seed=3))
        return nn.fit(model, X, Y, optimizer="sgd", epochs=6, batch_size=16, seed=random, compile=compiled)["loss"]

    assert train(backend) == pytest.approx(train(False), rel=1e-9)
