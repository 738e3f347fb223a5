"""`fit(compile="jax")` computes what the engine computes."""

import numpy as np
import pytest
from effort import every

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


def with_batch_norm():
    return nn.Sequential(nn.Layer(3, 4, seed=1), nn.BatchNorm1d(4), nn.Layer(4, 1, seed=2))


def some_frozen():
    model = mlp()
    for p in model.parameters()[:5]:
        p.requires_grad = False
    return model


FIRST_ORDER = ["sgd", "rprop", "quickprop", "adagrad", "adadelta", "rmsprop", "adam", "adamw"]


@pytest.mark.parametrize("optimizer", every(FIRST_ORDER, 3))
def test_every_first_order_optimiser(optimizer):
    for found, due in zip(*(trained(mlp, way, optimizer=optimizer)[:2] for way in ("jax", False)), strict=True):
        np.testing.assert_allclose(found, due, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (with_dropout, {"optimizer": "adam"}),
        (with_batch_norm, {}),
        (some_frozen, {"clip_norm": 0.05, "regularizer": nn.L2(1e-3)}),
        (mlp, {"optimizer": "bfgs", "batch_size": None}),
    ],
    ids=["dropout", "batch normalisation", "frozen, shortened and penalised", "second order"],
)
def test_every_way_of_training(make, options):
    *found, history = trained(make, "jax", **options)
    assert "(jax, float64)" in history.notes[0]
    for ours, due in zip(found, trained(make, False, **options)[:2], strict=True):
        np.testing.assert_allclose(ours, due, rtol=1e-10, atol=1e-12)
