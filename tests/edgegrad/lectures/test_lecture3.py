"""Lecture 3, row by row, against SciPy, closed forms and the slides' steps."""

from __future__ import annotations

import numpy as np
import pytest
from lecture_rows import close, run

from nn import wavy_function


def test_L3_1_one_neuron_as_regression() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is the reference of this test")
    random = np.random.default_rng(0)
    x = random.uniform(-2.0, 2.0, 60)
    y = 1.5 * x + 0.4 + random.normal(0.0, 0.5, 60)
    line = np.column_stack([x, np.ones(60)])
    close(run("L3.1")["w and b, σ = identity"], optimize.lsq_linear(line, y).x.tolist(), 1e-8)
    X = random.normal(size=(60, 2))
    signs = np.where(X @ [1.5, -0.7] + random.normal(0.0, 0.8, 60) > 0, 1.0, -1.0)
    columns = np.column_stack([X, np.ones(60)])
    least = optimize.minimize(lambda w: np.logaddexp(0.0, -signs * (columns @ w)).sum(), np.zeros(3), tol=1e-12)
    close(run("L3.1")["w and b, σ = logistic"], least.x.tolist(), 1e-4)


def test_L3_2_layers_of_neurons() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from nn import MLP

    W1, b1, W2, b2 = map(torch.tensor, MLP(3, [4, 2], seed=0).state_dict().values())
    hidden = torch.sigmoid(W1 @ torch.tensor([0.4, -1.2, 0.7], dtype=torch.float64) + b1)
    report = run("L3.2")
    close(report["one layer, as 4 neurons"], hidden.tolist())
    close(report["two layers, as 6 neurons"], torch.sigmoid(W2 @ hidden + b2).tolist())


def test_L3_3_universal_approximation_by_hand() -> None:
    report = run("L3.3")
    for what, expected in (("0.5) of 1 neuron", 0.8), ("0.9) of 2 neurons", 0.0), ("0.9) of 3 neurons", 1.5)):
        close(report[f"y({what}"], expected)
    errors = report["largest error |y − f| of 5, 20, 80 pairs of steps"]
    grid = np.linspace(0.0, 1.0, 20_001)
    steepest = np.abs(np.diff([wavy_function(x) for x in grid.tolist()])).max() * 20_000
    for pairs, error in zip((5, 20, 80), errors, strict=True):
        assert error <= 1.001 * steepest / (2 * pairs)
    assert errors == sorted(errors, reverse=True)
    smooth = report["the same of 96 pairs of sigmoids on [−0.1, 1.1], k = 20, 60, 240"]
    assert smooth == sorted(smooth, reverse=True)
    assert any("0.35" in line and "0.7" in line for line in report.words), "it says that the slide has a misprint"


def test_L3_4_the_same_function_learned() -> None:
    report = run("L3.4")
    first, middle, last = report["placed: root mean squared error after 1, 1000, 10000 epochs"]
    assert last < middle < first
    *_, random = report["random: root mean squared error after 1, 1000, 10000 epochs"]
    assert last < random < report["that of a constant"]
    for word in ("Placed", "Random", "θ − η∇L"):
        assert any(word in line for line in report.words), "it says how the weights begin, and what trains them"
    assert last < 0.25 * report["that of a constant"]


def test_L3_5_kinds_of_descent() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from nn import two_gaussians

    X, t = map(torch.tensor, two_gaussians(8, seed=0))
    for label, size in (("batch", 8), ("mini-batch of 2", 2), ("stochastic", 1)):
        theta = torch.tensor([0.5, -0.5], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([theta], lr=0.1)
        for rows in torch.arange(8).split(size):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(X[rows] @ theta, t[rows]).backward()
            optimizer.step()
        close(run("L3.5")[f"θ after an epoch, {label}"], theta.tolist())


def test_L3_6_u_net() -> None:
    """Outputs and gradients are PyTorch's: see `test_L3_6_…` of the U-Net's own tests."""
    report = run("L3.6")
    assert report["levels down and up of the slide's network"] == [4, 4]
    first, last = report["loss of the first and the last epoch"]
    assert last < 0.6 * first
    assert report["overlap with the boundaries of unseen cells"] > report["overlap of the best threshold on brightness"]


def test_L3_7_gradients_of_a_two_layer_network() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from nn import MLP

    state = {name: torch.tensor(array, requires_grad=True) for name, array in
             MLP(2, [2, 1], activation="sigmoid", seed=0).state_dict().items()}  # fmt: skip
    hidden = torch.sigmoid(state["W1"] @ torch.tensor([0.6, -0.3], dtype=torch.float64) + state["b1"])
    ((state["W2"] @ hidden + state["b2"] - 1.0) ** 2).sum().backward()
    expected = [state["W2"].grad[0, 0].item(), state["W1"].grad[0, 0].item()]
    report = run("L3.7")
    close(report["∂L/∂W2[0][0] and ∂L/∂W1[0][0]"], expected)
    assert sum(line.startswith("∂L/∂") for line in report.words) == 9, "a derivation for each weight"


def test_L3_9_rosenblatt_and_what_one_neuron_cannot_learn() -> None:
    report = run("L3.9")
    for gate in ("AND", "OR"):
        assert report[f"Rosenblatt, wrong in the last round: {gate}"] == 0
        assert report[f"rounds until then: {gate}"] < 10
    assert report["Rosenblatt, fewest wrong in a round of 200: XOR"] >= 1
    assert report["two layers on XOR"] == [0, 1, 1, 0]
    close(report["one sigmoid neuron on XOR: its loss"], np.log(2.0), 1e-6)
