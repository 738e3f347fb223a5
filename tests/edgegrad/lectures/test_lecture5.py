"""Lecture 5, row by row, against PyTorch, closed forms and the sums over paths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from lecture_rows import close, run

import nn


def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is the reference of this test")


def test_L5_1_bias_as_a_weight() -> None:
    report = run("L5.1")
    state = nn.MLP(2, [3, 1], activation="tanh", output_activation="tanh", seed=0).state_dict()
    hidden = np.tanh(state["W1"] @ [0.7, -0.4] + state["b1"])
    close(report["hidden neurons"], hidden.tolist())
    close(report["output"], math.tanh(float(state["W2"][0] @ hidden + state["b2"][0])))


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
    state = nn.MLP(2, [3, 1], activation="sigmoid", output_activation="sigmoid", bias=False, seed=0).state_dict()
    W1, W2 = (T.tensor(state[name], requires_grad=True) for name in ("W1", "W2"))
    p = T.sigmoid(W2 @ T.sigmoid(W1 @ T.tensor([0.5, -1.0], dtype=T.float64)))
    ((1.0 - p) ** 2).sum().backward()
    report = run("L5.3")
    close(report["∂Q/∂w2"], W2.grad[0].tolist())
    close(report["∂Q/∂w1 of the second neuron"], W1.grad[1, 0].item())
    assert report["paths from Q to it"] == 1


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
    assert "u = identity(z, s, t) → output" in report.words[0]


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
