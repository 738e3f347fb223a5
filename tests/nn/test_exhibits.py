"""What the lectures train, with the lectures' settings and figures."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from effort import THOROUGH

from autograd import dot, relu
from nn import plots
from nn.data.datasets import two_gaussians, two_moons, xor
from nn.data.loading import train_test_split
from nn.data.real_data import digits
from nn.losses.regularizers import L2
from nn.modules.layers import MLP, Layer, Sequential
from nn.optim.optimizers import OPTIMIZERS, SGD, Adam, RMSProp, optimizer
from nn.training.callbacks import Callback, WeightPath
from nn.training.fit import evaluate, fit, predict
from nn.training.history import History

# --- L1.4 to L1.7: the perceptron -------------------------------------------------------------------------------------

INPUT, TARGET, RATE = [0.5, 0.7], [1.0], 0.1


def perceptron() -> Sequential:
    return Sequential(
        Layer(2, 2, "relu", bias=False, W=[[1, 3], [-2, 4]]), Layer(2, 1, bias=False, W=[[0.5, 0.3]])
    )  # fmt: skip


def by_fractions(epochs: int) -> list[tuple[float, float, list[float]]]:
    """Train the perceptron in exact arithmetic: output and error before each update, and the weights after it."""
    x = [Fraction("0.5"), Fraction("0.7")]
    W1 = [[Fraction(1), Fraction(3)], [Fraction(-2), Fraction(4)]]
    W2 = [Fraction("0.5"), Fraction("0.3")]
    table = []
    for _ in range(epochs):
        h = [w[0] * x[0] + w[1] * x[1] for w in W1]
        assert all(s > 0 for s in h), "both ReLUs are open"
        error = W2[0] * h[0] + W2[1] * h[1] - 1
        delta = [error * w for w in W2]
        W2 = [w - error * s / 10 for w, s in zip(W2, h, strict=True)]
        W1 = [[w - d * xi / 10 for w, xi in zip(row, x, strict=True)] for row, d in zip(W1, delta, strict=True)]
        weights = [float(w) for w in (*W1[0], *W1[1], *W2)]
        table.append((float(1 + error), float(error**2 / 2), weights))
    return table


def trained_perceptron(epochs: int) -> tuple[Sequential, History, WeightPath]:
    model = perceptron()
    path = WeightPath(model.parameters())
    history = fit(model, [INPUT], TARGET, "half_squared_error", SGD(model.parameters(), lr=RATE), epochs, None,
                  metrics={"output": lambda outputs, _: outputs[0, 0]}, callbacks=[path])  # fmt: skip
    return model, history, path


def test_one_full_step_of_the_perceptron() -> None:
    """L1.4: E, the gradient and the new weights."""
    model, history, path = trained_perceptron(1)
    assert history["output"] == [pytest.approx(1.84, abs=1e-12)]
    assert history["loss"] == [pytest.approx(0.3528, abs=1e-12)]
    slopes = (path.points[0] - path.points[1]) / RATE
    np.testing.assert_allclose(slopes, [0.21, 0.294, 0.126, 0.1764, 2.184, 1.512], atol=1e-12, rtol=0)
    np.testing.assert_allclose(
        path.points[1], [0.979, 2.9706, -2.0126, 3.98236, 0.2816, 0.1488], atol=1e-12, rtol=0
    )  # fmt: skip
    assert list(model.state_dict()) == ["W1", "W2"]


def test_the_recomputed_output() -> None:
    """L1.5: the slide put new W1 beside old W2 (1.8188656); with both new the output is the table's."""
    model, _, _ = trained_perceptron(1)
    W1 = model.state_dict()["W1"].tolist()
    hidden = [relu(dot(row, INPUT)) for row in W1]
    half_old = dot([0.5, 0.3], hidden)
    assert half_old == pytest.approx(1.8188656, abs=1e-12)
    assert 0.5 * (half_old - 1.0) ** 2 == pytest.approx(0.33527043543, abs=1e-11)
    result = evaluate(model, [INPUT], TARGET, "half_squared_error")
    assert predict(model, [INPUT])[0, 0] == pytest.approx(0.9884730496, abs=1e-12)
    assert result["loss"] == pytest.approx(6.64352927620e-05, abs=1e-15)


def test_the_table_of_epochs() -> None:
    """L1.6, to 1e-12 against exact arithmetic, and the lecture's own figures beside it."""
    _, history, path = trained_perceptron(5)
    for epoch, (output, error, weights) in enumerate(by_fractions(5)):
        assert history["output"][epoch] == pytest.approx(output, abs=1e-12)
        assert history["loss"][epoch] == pytest.approx(error, abs=1e-12)
        np.testing.assert_allclose(path.points[epoch + 1], weights, rtol=0, atol=1e-12)
    assert [round(output, 11) for output in history["output"]] == [
        1.84, 0.9884730496, 0.99982533636, 0.99999739796, 0.99999996125,
    ]  # fmt: skip
    assert [f"{error:.4e}" for error in history["loss"]] == [
        "3.5280e-01", "6.6435e-05", "1.5254e-08", "3.3853e-12", "7.5092e-16",
    ]  # fmt: skip
    assert [f"{change:+.6f}" for change in np.diff(history["loss"])[:3]] == ["-0.352734", "-0.000066", "-0.000000"]


# --- L1.8: the network for Boston housing -----------------------------------------------------------------------------


def test_the_whole_architecture_against_pytorch() -> None:
    """L1.8: 13-128-128-64-1, batches of 16; the first steps agree to 1e-9 (`examples/boston.py` goes the whole way)."""
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    widths, steps = [13, 128, 128, 64, 1], 3
    random = np.random.default_rng(1)
    X, y = random.normal(size=(16 * steps, 13)), random.normal(22.5, 9.2, size=16 * steps)
    model = MLP(widths[0], widths[1:], activation="relu", seed=0)
    assert len(model.parameters()) == 26_625
    state = model.state_dict()
    layers: list[Any] = []
    for k, (n_in, n_out) in enumerate(pairwise(widths), 1):
        layer = torch.nn.Linear(n_in, n_out, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(state[f"W{k}"]))
            layer.bias.copy_(torch.tensor(state[f"b{k}"]))
        layers += [layer, torch.nn.ReLU()]
    twin = torch.nn.Sequential(*layers[:-1])
    losses: list[float] = []

    class AfterStep(Callback):
        def on_step_end(self, training: Any) -> None:
            losses.append(training.loss)

    descent = RMSProp(model.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    fit(model, X, y, "mse", descent, 1, 16, shuffle=False, callbacks=[AfterStep()])
    theirs = torch.optim.RMSprop(twin.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
    expected = []
    for rows in np.split(np.arange(16 * steps), steps):
        theirs.zero_grad()
        loss = torch.nn.functional.mse_loss(twin(torch.tensor(X[rows]))[:, 0], torch.tensor(y[rows]))
        loss.backward()
        theirs.step()
        expected.append(loss.item())
    np.testing.assert_allclose(losses, expected, rtol=1e-9)
    state = model.state_dict()
    for k, layer in enumerate(layers[::2], 1):
        np.testing.assert_allclose(state[f"W{k}"], layer.weight.detach().numpy(), rtol=1e-9, atol=1e-12)


# --- classification ---------------------------------------------------------------------------------------------------


def test_micrograds_demo_is_learned_to_the_last_point() -> None:
    """2-16-16-1 on two moons: margin loss, L2 with 1e−4·Σw², and a rate that falls from 1 to 0.1 in 100 steps."""
    X, y = two_moons(100, noise=0.1, seed=1)
    signs = 2 * y - 1
    model = MLP(2, [16, 16, 1], activation="relu", seed=0, init="uniform(-1, 1)")
    assert len(model.parameters()) == 337
    history = fit(model, X, signs, "hinge", SGD(model.parameters(), lr=1.0), 100, None, regularizer=L2(2e-4),
                  schedule=lambda t: 1.0 - 0.9 * t / 100, metrics=["accuracy_with_logits"])  # fmt: skip
    assert evaluate(model, X, signs, "hinge", ["accuracy_with_logits"])["accuracy_with_logits"] == 1.0
    assert history["loss"][-1] < 0.05


def test_exclusive_or() -> None:
    X, y = xor()
    model = MLP(2, [4, 1], activation="tanh", seed=1)
    fit(model, X, y, "bce_with_logits", Adam(model.parameters(), lr=0.1), 150, None)
    assert ((predict(model, X)[:, 0] > 0.0) == y).all()
    single = Layer(2, 1, seed=1)
    fit(single, X, y, "bce_with_logits", "newton", 20, None)
    assert evaluate(single, X, y, "bce_with_logits")["loss"] == pytest.approx(np.log(2.0), rel=1e-6), (
        "no single neuron does better than chance"
    )


def test_digits_above_95_per_cent() -> None:
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    X, y = digits()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, seed=0)
    hidden, epochs = (32, 12) if THOROUGH else (24, 4)
    model = MLP(64, [hidden, 10], activation="relu", seed=0)
    history = fit(model, X_train, y_train, "cross_entropy", Adam(model.parameters(), lr=0.02), epochs, 16, seed=0,
                  schedule=lambda t: 1.0 - t / epochs)  # fmt: skip
    result = evaluate(model, X_test, y_test, "cross_entropy", ["accuracy"])
    assert result["accuracy"] > 0.95, str(history)


# --- descent ----------------------------------------------------------------------------------------------------------


def test_stochastic_descent_uses_redundancy() -> None:
    """L2.7: on 100 examples repeated ten times, full batches need about ten times the passes over an example."""
    X, t = two_gaussians(100, seed=3)
    many, repeated = np.tile(X, (10, 1)), np.tile(t, 10)
    best = np.linalg.lstsq(X, t, rcond=None)[0]
    lowest = float(np.mean((X @ best - t) ** 2) / 2.0)

    def passes(batch_size: int | None, rate: float) -> int:
        """Count the examples that were looked at until the loss is within 10 % of the lowest."""
        model = Layer(2, 1, bias=False, W=[[-1.0, 1.0]])
        descent = SGD(model.parameters(), lr=rate)
        step = len(many) if batch_size is None else 100
        for count in range(1, 60):
            rows = (
                slice(None) if batch_size is None else slice(100 * (count - 1) % 1000, 100 * (count - 1) % 1000 + 100)
            )
            fit(model, many[rows], repeated[rows], "half_squared_error", descent, 1, batch_size, seed=count)
            if evaluate(model, X, t, "half_squared_error")["loss"] < 1.1 * lowest:
                return count * step
        raise AssertionError("it did not get there")

    assert passes(None, 2.3) >= 10 * passes(1, 0.05)


@pytest.fixture(scope="module")
def moons() -> tuple[Any, Any, Any, Any]:
    X, y = two_moons(90, noise=0.15, seed=5)
    return X[:60], y[:60], X[60:], y[60:]


#: Learning rates for which 40 full-batch epochs show what each method can do.
RATES: dict[str, dict[str, float]] = {
    "sgd": {"lr": 0.5, "momentum": 0.9}, "quickprop": {"lr": 0.5}, "rprop": {}, "adagrad": {"lr": 0.3},
    "adadelta": {"lr": 10.0}, "rmsprop": {"lr": 0.03}, "adam": {"lr": 0.1}, "adamw": {"lr": 0.1},
}  # fmt: skip


def exhibit(name: str, moons: tuple[Any, Any, Any, Any]) -> tuple[MLP, History, float]:
    """Train the same small network from the same weights with one optimiser."""
    X, y, X_test, y_test = moons
    model = MLP(2, [6, 1], activation="tanh", seed=3)
    model.layers[-1].load_state_dict({"W": 0.5 * model.layers[-1].state_dict()["W"], "b": [0.0]})
    descent = optimizer(name, model.parameters(), **RATES.get(name, {}))
    loss = "mse" if name == "levenberg_marquardt" else "bce_with_logits"
    target, target_test = (2.0 * y - 1.0, 2.0 * y_test - 1.0) if loss == "mse" else (y, y_test)
    epochs = 12 if name in ("newton", "levenberg_marquardt") else 40
    history = fit(model, X, target, loss, descent, epochs, None)
    score = evaluate(model, X_test, target_test, loss, ["accuracy_with_logits"])["accuracy_with_logits"]
    return model, history, score


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_optimiser_on_the_same_exhibit(name: str, moons: tuple[Any, Any, Any, Any]) -> None:
    """L4.18: the error history's start and tail, the decision on test data, the first layer's weights."""
    model, history, score = exhibit(name, moons)
    start, tail = history["loss"][0], history["loss"][-1]
    assert start == pytest.approx(exhibit_start(name, moons), rel=1e-12), "all start from the same weights"
    assert tail < 0.55 * start
    assert score >= 0.8
    assert len(plots.compare({name: history}, start=5).axes) == 2
    if name == "adam":
        figure = plots.decision(model, moons[2], moons[3], threshold=0.0, resolution=15)
        assert figure.axes[0].get_xlabel() == "x₁"
        [image] = plots.weights(model).axes[0].get_images()
        np.testing.assert_array_equal(image.get_array(), model.state_dict()["W1"])


def exhibit_start(name: str, moons: tuple[Any, Any, Any, Any]) -> float:
    X, y, _, _ = moons
    model = MLP(2, [6, 1], activation="tanh", seed=3)
    model.layers[-1].load_state_dict({"W": 0.5 * model.layers[-1].state_dict()["W"], "b": [0.0]})
    if name == "levenberg_marquardt":
        return evaluate(model, X, 2.0 * y - 1.0)["loss"]
    return evaluate(model, X, y, "bce_with_logits")["loss"]
