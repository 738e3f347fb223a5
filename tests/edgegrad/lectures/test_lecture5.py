"""Lecture 5, row by row, against PyTorch, closed forms and the sums over paths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from lecture_rows import close, run

import nn
from autograd import Graph
from edgegrad.lectures import ROWS, Report


def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is the reference of this test")


def test_L5_1_bias_as_a_weight() -> None:
    report = run("L5.1")
    state = nn.MLP(2, [2, 1], activation="tanh", output_activation="tanh", seed=0).state_dict()
    hidden = np.tanh(state["W1"] @ [0.7, -0.4] + state["b1"])
    close(report["hidden neurons"], hidden.tolist())
    close(report["output"], math.tanh(float(state["W2"][0] @ hidden + state["b2"][0])))


@pytest.mark.parametrize("name", ["L5.1", "L5.2", "L5.3", "L5.7"])
def test_no_two_nodes_of_a_picture_share_a_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Graph] = []
    monkeypatch.setattr(Report, "picture", lambda _, name, make, keep=(): drawn.append(make()))
    ROWS[name]()
    assert drawn
    for graph in drawn:
        names = [node.name for node in graph if node.name]
        assert len(names) == len(set(names))


def test_L5_2_one_neuron() -> None:
    T = torch()
    w = T.tensor([0.2, -0.6, 0.4], dtype=T.float64, requires_grad=True)
    X = T.tensor([[1.0, 0.5, -1.0], [1.0, -0.3, 0.8], [1.0, 1.2, 0.4]], dtype=T.float64)
    ((T.tensor([1.0, 0.0, 1.0], dtype=T.float64) - T.sigmoid(X @ w)) ** 2).sum().backward()
    report = run("L5.2")
    close(report["∂Q/∂w"], w.grad.tolist())
    p = 1 / (1 + math.exp(0.3))
    close(report["the product of the 4 edges from L to w"], -2 * (1 - p) * p * (1 - p) * 0.5)


def test_L5_3_one_hidden_layer() -> None:
    T = torch()
    numbers = np.random.default_rng(0)
    W1 = T.tensor(numbers.normal(0.0, 1.0, (2, 2)).round(2), requires_grad=True)
    W2 = T.tensor(numbers.normal(0.0, 1.0, (1, 2)).round(2), requires_grad=True)
    X, y = T.tensor([[0.5, -1.0], [-0.4, 0.7]], dtype=T.float64), T.tensor([[1.0], [0.0]], dtype=T.float64)
    ((y - T.sigmoid(T.sigmoid(X @ W1.T) @ W2.T)) ** 2).sum().backward()
    report = run("L5.3")
    close(report["∂Q/∂w2"], W2.grad[0].tolist())
    close(report["∂Q/∂w1"], W1.grad.ravel().tolist())
    assert report["paths from L(1) to w1 of the second neuron, to z1, to z2"] == [1, 1, 1]
    assert report["paths from z1 to it: its term s = 1 of the sum"] == 0


def test_L5_4_the_sum_over_children() -> None:
    T = torch()
    x, y = (T.tensor(v, dtype=T.float64, requires_grad=True) for v in (0.7, -0.4))
    z = T.sigmoid(0.8 * x - 0.5 * y)
    s = T.tanh(0.3 * x + 1.1 * z)
    t = T.tanh(-0.7 * x + 0.9 * s)
    nodes = (x, y, z, s, t)
    for node in nodes:
        node.retain_grad()
    ((t - 1.0) ** 2 + 0.5 * z).backward()
    report = run("L5.4")
    close(report["E_x, E_y, E_z, E_s, E_t"], [node.grad.item() for node in nodes])
    close(report["the same, as what flows in along the edges"], [node.grad.item() for node in nodes])
    close(report["E_x = E_z ∂z/∂x + E_s ∂s/∂x + E_t ∂t/∂x"], x.grad.item())


def test_L5_5_any_wiring() -> None:
    report = run("L5.5")
    assert report["exclusive or, learned by Adam"] == [0, 1, 1, 0]
    assert report["loss at the end"] < 0.01
    assert any("u = identity(z, s, t) → output" in line for line in report.words)
    assert any(line.startswith("∂Q/∂z") for line in report.words)


def test_L5_6_regularisation() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is the reference of this test")
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 4))
    y = X @ [2.0, 0.0, -1.0, 0.0] + random.normal(0.0, 0.1, 40)

    def loss(w: Any, l1: float, l2: float) -> Any:
        return np.mean((X @ w - y) ** 2) + l1 * np.abs(w).sum() + 0.5 * l2 * (w @ w)

    ridge = optimize.minimize(loss, np.zeros(4), (0.0, 0.5), tol=1e-12).x
    lasso = optimize.minimize(loss, np.zeros(4), (0.5, 0.0), method="Powell", tol=1e-10).x
    report = run("L5.6")
    close(report["w with L2"], ridge.tolist(), 1e-5)
    close(report["w with L1, where useless weights vanish"], lasso.tolist(), 0.02)
    close(report["∂Q/∂w of Q = L + R"], [1.6, -2.6])


def test_L5_7_outputs_examples_and_the_penalty() -> None:
    T = torch()
    numbers = np.random.default_rng(0)
    W1, W2 = (T.tensor(numbers.normal(0.0, 1.0, (2, 2)).round(2), requires_grad=True) for _ in range(2))
    X, Y = T.tensor([[0.5, -1.0], [-0.4, 0.7]], dtype=T.float64), T.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=T.float64)
    losses = ((Y - T.sigmoid(T.sigmoid(X @ W1.T) @ W2.T)) ** 2).sum()
    (losses + 0.05 * ((W1**2).sum() + (W2**2).sum())).backward()
    report = run("L5.7")
    close(report["∂Q/∂w²"], W2.grad.ravel().tolist())
    close(report["∂Q/∂w¹"], W1.grad.ravel().tolist())
    assert report["paths from Q to w1[2,1]"] == 2 * 2 + 1
