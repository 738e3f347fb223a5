"""`fit(compile="jax")` computes what the engine computes."""

import numpy as np
import pytest

pytest.importorskip("jax", reason="the JAX backend is the extra 'jax'")

import nn

X = np.random.default_rng(0).normal(size=(22, 3))
y = np.sin(X.sum(axis=1))


def trained(make, compiled, **options):
    model = make()
    given = {"loss": "mse", "epochs": 2, "batch_size": 8, "seed": 0, "progress": False} | options
    history = nn.fit(model, X, y, compile=compiled, **given)
    return np.array(history["loss"]), np.array([p.data for p in model.parameters()]), history


def mlp():
    return nn.MLP(3, [4, 1], activation="tanh", seed=1)


def with_dropout():
    return nn.Sequential(nn.Layer(3, 4, activation="relu", seed=1), nn.Dropout(0.4, seed=2), nn.Layer(4, 1, seed=3))


def some_frozen():
    model = mlp()
    for p in model.parameters()[:5]:
        p.requires_grad = False
    return model


@pytest.mark.parametrize("optimizer", ["sgd", "rprop", "quickprop", "adagrad", "adadelta", "rmsprop", "adam", "adamw"])
def test_every_first_order_optimiser(optimizer):
    for found, due in zip(*(trained(mlp, way, optimizer=optimizer)[:2] for way in ("jax", False)), strict=True):
        np.testing.assert_allclose(found, due, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (with_dropout, {"optimizer": "adam"}),
        (some_frozen, {"clip_norm": 0.05, "regularizer": nn.L2(1e-3)}),
        (mlp, {"optimizer": "bfgs", "batch_size": None}),
    ],
    ids=["dropout", "frozen, shortened and penalised", "second order"],
)
def test_every_way_of_training(make, options):
    for found, due in zip(trained(make, "jax", **options)[:2], trained(make, False, **options)[:2], strict=True):
        np.testing.assert_allclose(found, due, rtol=1e-10, atol=1e-12)


def test_batch_norm_looks_at_whole_batches():
    def make():
        return nn.Sequential(nn.Layer(3, 4, seed=1), nn.BatchNorm1d(4), nn.Layer(4, 1, seed=2))

    for found, due in zip(trained(make, "jax")[:2], trained(make, False)[:2], strict=True):
        np.testing.assert_allclose(found, due, rtol=1e-10, atol=1e-12)


def test_it_says_what_computes():
    history = trained(mlp, "jax")[2]
    assert any("(jax, float64)" in note for note in history.notes)
