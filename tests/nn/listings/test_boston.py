"""Lecture 1's Keras program as its slides print it, on the Boston table by path, its imports changed."""

from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import explain
from edgegrad.lectures.slides import KERAS_MODEL as BUILD
from edgegrad.lectures.slides import KERAS_PREPARATION as PREPARE
from edgegrad.lectures.slides import KERAS_TRAINING as TRAIN
from nn import keras

TABLE = Path(__file__).parents[3].parent / "shared" / "data" / "boston_housing.csv"
pytestmark = pytest.mark.skipif(not TABLE.exists(), reason="needs the Boston housing table, which is not part of this")

IMPORTS = """
import numpy as np
from nn import keras
from nn import keras as tf
from nn.keras import layers

np.random.seed(42)
tf.random.set_seed(42)

from nn.keras.datasets import boston_housing

(train_data, train_targets), (test_data, test_targets) = boston_housing.load_data(path)
"""


def run(text, **names):
    exec(compile(text, "<slides>", "exec"), names)
    return names


@pytest.fixture(scope="module")
def prepared():
    return run(IMPORTS + PREPARE + BUILD, path=TABLE)


def test_the_whole_program(prepared, capsys):
    np.random.seed(42)  # the slides' first lines
    keras.random.set_seed(42)
    found = run("model = build_model()\n" + TRAIN, **prepared)
    history = found["history"].history
    assert list(history) == ["loss", "mae", "val_loss", "val_mae"]
    assert all(len(column) == 200 for column in history.values())
    assert found["model"].count_params() == 26_625
    assert found["predictions"].shape == (20, 1)
    assert found["test_mae_score"] < 4.0  # the mean of the training targets is 6.5 off
    assert found["test_mse_score"] < 30.0
    np.testing.assert_array_equal(
        found["predictions_denorm"],
        found["predictions"] * found["train_targets"].std() + found["train_targets"].mean(),
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/200"
    assert lines[1].startswith("21/21 ━━━━━━━━━━━━━━━━━━━━ ")
    assert [piece.partition(":")[0] for piece in lines[1].split(" - ")[1:]] == ["loss", "mae", "val_loss", "val_mae"]
    assert sum(line.startswith("Epoch ") for line in lines) == 200


def keras_by_definition(torch, weights, X, y, epochs):
    """Train as Keras defines it: RMSprop with ε under the root, batches of 16 in order; return losses and weights."""
    tensors = [torch.tensor(each, requires_grad=True) for each in weights]
    squares = [torch.zeros_like(each) for each in tensors]
    inputs, targets, losses = torch.tensor(X), torch.tensor(y)[:, None], []
    for _ in range(epochs):
        summed = 0.0
        for rows in range(0, len(X), 16):
            a = inputs[rows : rows + 16]
            for place in range(0, len(tensors), 2):
                a = a @ tensors[place] + tensors[place + 1]
                a = a.relu() if place + 2 < len(tensors) else a
            loss = ((a - targets[rows : rows + 16]) ** 2).mean()
            summed += loss.item() * len(a)
            slopes = torch.autograd.grad(loss, tensors)
            with torch.no_grad():
                for w, g, s in zip(tensors, slopes, squares, strict=True):
                    s.mul_(0.9).add_(0.1 * g * g)
                    w.sub_(0.001 * g / (s + 1e-7).sqrt())
        losses.append(summed / len(X))
    return losses, [each.detach().numpy() for each in tensors]


def test_its_training_is_keras_by_definition(prepared):
    torch = pytest.importorskip("torch", reason="the oracle")
    model = prepared["build_model"]()
    kept = 323  # ⌊404·0.8⌋
    X, y = prepared["train_data"], prepared["train_targets"]
    losses, weights = keras_by_definition(torch, model.get_weights(), X[:kept], y[:kept], 2)
    history = model.fit(X, y, epochs=2, batch_size=16, validation_split=0.2, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-8)
    for found, due in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(found, due, rtol=1e-5, atol=1e-9)
    val = np.mean((model.predict(X[kept:], verbose=0)[:, 0] - y[kept:]) ** 2)
    assert history.history["val_loss"][-1] == pytest.approx(val, rel=1e-12)


def test_a_derivative_can_be_explained(prepared):
    model = prepared["build_model"]()
    x, t = prepared["train_data"][0], prepared["train_targets"][0]
    loss = nn.mse(model(x), [t])
    w = model.network[3].W[0][0]
    loss.backward()
    hidden = model.network[2](model.network[1](model.network[0](x)))[0].data
    assert w.grad == pytest.approx(2.0 * (model(x)[0].data - t) * hidden, rel=1e-12)  # the slides' ∂MSE/∂w⁽⁴⁾
    assert "2·e[0]·a3[0]" in str(explain(loss, w))
