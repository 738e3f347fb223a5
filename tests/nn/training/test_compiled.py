"""Compiled training: the same numbers as on the engine, for every optimiser, loss and kind of model."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

import nn
from nn import Callback, DivergedError, fit

BACKENDS = ["numpy", "numba"] if importlib.util.find_spec("numba") and importlib.util.find_spec("scipy") else ["numpy"]
MOONS, CLASSES = nn.two_moons(60, noise=0.1, seed=0)
SIGNS = 2.0 * CLASSES - 1.0


def trained(compiled: bool | str, make: Any, X: Any, y: Any, loss: Any, optimizer: Any, **options: Any) -> Any:
    model = make()
    chosen = optimizer(model.parameters()) if callable(optimizer) else optimizer
    history = fit(model, X, y, loss, chosen, seed=0, compile=compiled, progress=False, **options)
    return history, np.array([p.data for p in model.parameters()])


def assert_same(make: Any, X: Any, y: Any, loss: Any, optimizer: Any, backend: str, **options: Any) -> Any:
    eager, expected = trained(False, make, X, y, loss, optimizer, **options)
    compiled, found = trained(backend, make, X, y, loss, optimizer, **options)
    assert [*compiled] == [*eager]
    for column in eager:
        np.testing.assert_allclose(compiled[column], eager[column], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
    assert any(note.startswith("compiled: ") for note in compiled.notes)
    return compiled


def small() -> nn.Module:
    return nn.MLP(2, [5, 1], activation="tanh", seed=1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_L1_6_the_perceptron_trains_to_the_same_table(backend: str) -> None:
    def perceptron() -> nn.Module:
        return nn.Sequential(
            nn.Layer(2, 2, activation="relu", bias=False, W=[[1, 3], [-2, 4]]),
            nn.Layer(2, 1, activation="identity", bias=False, W=[[0.5, 0.3]]),
        )

    history = assert_same(
        perceptron, [[0.5, 0.7]], [1.0], "half_squared_error", lambda ps: nn.SGD(ps, lr=0.1), backend, epochs=4
    )
    exact = [0.3528, 6.64352927620e-05, 1.5254e-08, 3.3853e-12]
    np.testing.assert_allclose(history["loss"], exact, rtol=1e-4)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_demo_of_micrograd(backend: str) -> None:
    def net() -> nn.Module:
        return nn.MLP(2, [16, 16, 1], activation="relu", seed=3)

    assert_same(
        net, MOONS, SIGNS, "hinge", lambda ps: nn.SGD(ps, lr=0.5), backend, epochs=8, batch_size=None,
        regularizer=nn.L2(1e-4), metrics=["accuracy_with_logits"],
    )  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
def test_L1_8_one_epoch_of_the_network_for_housing(backend: str) -> None:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(40, 13)), random.normal(size=40)

    def net() -> nn.Module:
        return nn.MLP(13, [128, 128, 64, 1], activation="relu", seed=0)

    assert_same(
        net, X, y, "mse", lambda ps: nn.RMSProp(ps, lr=1e-3, alpha=0.9, eps=1e-7), backend, epochs=1, batch_size=16,
        validation_split=0.2, metrics=["mae"],
    )  # fmt: skip


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("optimizer", sorted(nn.OPTIMIZERS))
def test_every_optimiser(optimizer: str, backend: str) -> None:
    full = nn.OPTIMIZERS[optimizer].needs != "gradient" or optimizer in ("rprop", "quickprop")
    assert_same(small, MOONS[:24], SIGNS[:24], "mse", optimizer, backend, epochs=3, batch_size=None if full else 7)


def test_levenberg_marquardt_with_several_outputs_and_a_penalty() -> None:
    y = np.stack([SIGNS, -0.5 * SIGNS], axis=1)[:30]
    for loss in ("mse", "half_squared_error"):
        assert_same(
            lambda: nn.MLP(2, [4, 2], activation="tanh", seed=2), MOONS[:30], y, loss, "levenberg_marquardt", "numpy",
            epochs=4, batch_size=None, regularizer=nn.L2(1e-3),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("loss", "outputs", "y"),
    [
        ("mae", 1, SIGNS), ("huber(0.5)", 1, SIGNS), ("hinge", 1, SIGNS), ("bce_with_logits", 1, CLASSES),
        ("cross_entropy", 3, CLASSES), ("multi_margin", 3, CLASSES),
        ("kl_with_logits", 2, np.stack([0.25 + 0.5 * CLASSES, 0.75 - 0.5 * CLASSES], axis=1)),
    ],
)  # fmt: skip
def test_losses(loss: str, outputs: int, y: Any) -> None:
    assert_same(lambda: nn.MLP(2, [4, outputs], activation="tanh", seed=2), MOONS, y, loss, "adam", "numpy", epochs=2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_model_that_looks_at_whole_batches(backend: str) -> None:
    def net() -> nn.Module:
        return nn.Sequential(
            nn.Layer(2, 4, seed=0, bias=False), nn.BatchNorm1d(4), nn.Activation("tanh"), nn.Layer(4, 1, seed=1)
        )

    models: list[nn.Module] = []

    def kept() -> nn.Module:
        models.append(net())
        return models[-1]

    assert_same(
        kept, MOONS[:26], SIGNS[:26], "mse", lambda ps: nn.SGD(ps, lr=0.05), backend, epochs=3, batch_size=8,
        validation_split=0.2, metrics=["mae"],
    )  # fmt: skip
    eager, compiled = (model.state_dict() for model in models)
    for name, content in eager.items():
        np.testing.assert_allclose(compiled[name], content, rtol=1e-10, atol=1e-12)


def test_convolutions_and_recurrent_layers() -> None:
    random = np.random.default_rng(1)

    def pictures() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, 2, 3, padding=1, seed=0), nn.Activation("relu"), nn.MaxPool2d(2), nn.Flatten(),
            nn.Layer(8, 1, seed=1),
        )  # fmt: skip

    assert_same(pictures, random.normal(size=(10, 1, 4, 4)), random.normal(size=10), "mse", "adam", "numpy", epochs=8)
    X = random.normal(size=(10, 5, 2))
    assert_same(lambda: nn.LSTM(2, 3, seed=0), X, random.normal(size=(10, 5, 3)), "mse", "adam", "numpy", epochs=8)


def test_frozen_weights_stay_and_schedules_and_clipping_hold() -> None:
    def half_frozen() -> nn.Module:
        model = small()
        model.parameters()[0].requires_grad = False
        return model

    for backend in BACKENDS:
        assert_same(half_frozen, MOONS, SIGNS, "mse", "adam", backend, epochs=3)
    assert_same(small, MOONS, SIGNS, "mse", "sgd", "numpy", epochs=3, schedule=lambda epoch: 0.5**epoch, clip_norm=0.1)


def test_callbacks_see_the_weights_of_their_moment() -> None:
    class Journal(Callback):
        def __init__(self, model: nn.Module) -> None:
            self.weight, self.seen = model.parameters()[0], list[float]()

        def on_epoch_end(self, training: Any) -> None:
            self.seen.append(self.weight.data)

    journals = []
    for compiled in (False, "numpy"):
        model = small()
        journals.append(Journal(model))
        fit(model, MOONS, SIGNS, "mse", "adam", 3, seed=0, compile=compiled, callbacks=[journals[-1]])
    np.testing.assert_allclose(journals[1].seen, journals[0].seen, rtol=1e-12)
    assert len(set(journals[1].seen)) == 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_divergence_is_told_as_on_the_engine(backend: str) -> None:
    messages = []
    for compiled in (False, backend):
        model = nn.MLP(2, [3, 1], activation="identity", seed=0)
        with pytest.raises(DivergedError) as caught:
            fit(model, MOONS * 1e3, SIGNS, "mse", nn.SGD(model.parameters(), lr=10.0), 40, 20, compile=compiled, seed=0)
        messages.append(str(caught.value).partition(":")[0])
        assert np.isfinite([p.data for p in model.parameters()]).all()
    assert messages[0] == messages[1]
