"""Lecture 4's optimisers, row by row, against PyTorch and SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from lecture_rows import close, run

from edgegrad.lectures.exhibit import optimisers

MINIMUM = np.linalg.solve([[4.0, 1.0], [1.0, 1.0]], [1.0, 0.0]).tolist()


def by_torch(make: Callable[[Any, list[Any]], Any], steps: int = 6) -> list[float]:
    """Take PyTorch's steps on the rows' bowl, E = 2w₁² + w₁w₂ + ½w₂² − w₁."""
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    w = torch.tensor([2.0, -1.5], dtype=torch.float64, requires_grad=True)
    optimizer = make(torch.optim, [w])
    for _ in range(steps):
        optimizer.zero_grad()
        (2 * w[0] ** 2 + w[0] * w[1] + 0.5 * w[1] ** 2 - w[0]).backward()
        optimizer.step()
    return w.tolist()


def test_L4_10_momentum_and_decay() -> None:
    report = run("L4.10")
    for label, momentum, decay in (
        ("plain", 0.0, 0.0),
        ("momentum μ = 0.9", 0.9, 0.0),
        ("momentum and ρ = 0.1", 0.9, 0.1),
    ):
        theirs = by_torch(lambda o, w, m=momentum, d=decay: o.SGD(w, lr=0.1, momentum=m, weight_decay=d))
        close(report[f"w after 6 steps, {label}"], theirs)


def test_L4_11_quickprop() -> None:
    """On a bowl of one weight the second step lands at the bottom: the parabola is the loss."""
    from autograd import Value
    from nn import QuickProp

    w = Value(2.0, name="w")
    optimizer = QuickProp([w], lr=0.1, mu_max=10.0)
    for _ in range(2):
        optimizer.zero_grad()
        ((w - 0.5) ** 2).backward()
        optimizer.step()
        optimizer.lr = 0.0  # Fahlman adds the plain step while the slope holds; the secant alone reaches the bottom
    close(w.data, 0.5)
    first, second = run("L4.11")["w after 6 steps, quickProp"]
    assert np.hypot(first - MINIMUM[0], second - MINIMUM[1]) < np.hypot(2.0 - MINIMUM[0], -1.5 - MINIMUM[1])


def test_L4_12_rprop() -> None:
    """The row holds its own rule to NumPy; with `hold` it is PyTorch's, which pauses a weight whose gradient turns."""
    from autograd import Value
    from edgegrad.lectures.lecture4_optimizers import bowl
    from nn import Objective, RProp

    w = [Value(2.0), Value(-1.5)]
    optimizer, objective = RProp(w, lr=0.1, hold=True), Objective.from_closure(w, lambda: bowl(w))
    for _ in range(6):
        optimizer.step(objective)
    close([x.data for x in w], by_torch(lambda o, w: o.Rprop(w, lr=0.1)))
    assert "w after 6 steps, rProp" in run("L4.12").comparisons


def test_L4_13_conjugate_gradients() -> None:
    report = run("L4.13")
    for method in ("Fletcher–Reeves", "Polak–Ribière"):
        close(report[f"w after 2 steps, {method}"], MINIMUM, 1e-5)


def test_L4_14_nesterov() -> None:
    theirs = by_torch(lambda o, w: o.SGD(w, lr=0.1, momentum=0.9, nesterov=True))
    close(run("L4.14")["W − μΔW after 6 steps"], theirs)


def test_L4_15_adagrad_and_adadelta() -> None:
    report = run("L4.15")
    close(report["w after 6 steps, AdaGrad"], by_torch(lambda o, w: o.Adagrad(w, lr=0.5)))
    close(report["w after 6 steps, AdaDelta"], by_torch(lambda o, w: o.Adadelta(w, lr=1.0, rho=0.9, eps=1e-6)))
    assert report.comparisons["w after 6 steps, AdaGrad, μ = 0.5, ρ = 0.1"].printed == "η(g + ρW) + μΔW"
    close(report["w after 6 steps, the slide's AdaDelta, μ = 0.5, ρ = 0.01"], [1.4767, -1.4257], 5e-5)
    close(report["first step of AdaDelta"], 0.0031623, 1e-6)
    assert all(c.printed is None for what, c in report.comparisons.items() if "steps, AdaDelta" in what)
    assert report["w of AdaDelta without the ε that the slide leaves out"] == [2.0, -1.5]


def test_L4_16_newton_and_bfgs() -> None:
    report = run("L4.16")
    close(report["w after 1 step of Newton"], MINIMUM, 1e-12)
    assert report["H, by backward through backward"] == [4.0, 1.0, 1.0, 1.0]
    slides = np.reshape(report["the slide's formula after the same two steps"], (2, 2))
    for due in ([[4.0, 1.0], [1.0, 1.0]], np.linalg.inv([[4.0, 1.0], [1.0, 1.0]])):
        assert np.abs(slides - due).max() > 0.5, "it is neither H nor its inverse"
    close(report["w after 3 steps of BFGS"], MINIMUM, 1e-6)
    close(report["its estimate of H⁻¹"], np.linalg.inv([[4.0, 1.0], [1.0, 1.0]]).ravel().tolist(), 1e-4)


def test_L4_17_levenberg_marquardt() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is the reference of this test")
    x, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([2.1, 1.1, 0.8, 0.3])
    fitted = optimize.least_squares(lambda w: w[0] * np.exp(-w[1] * x) - y, [1.0, 0.3], method="lm", xtol=1e-14)
    report = run("L4.17")
    close(report["squared error where it ends"], 2 * fitted.cost, 1e-12)
    close(report["J by w1"], np.exp(-0.3 * x).tolist())
    close(report["J by w2"], (-x * np.exp(-0.3 * x)).tolist())


def test_L4_18_every_optimiser_on_the_same_exhibit() -> None:
    report = run("L4.18")
    assert len(optimisers()) == 13, "those of L4.10 to L4.17, with their variants"
    starts = set()
    for label in optimisers():
        start, _, tail = report[f"{label}: E at the start, after 10 steps, at the end"]
        evaluations, accuracy = report[f"{label}: evaluations, and accuracy on test data"]
        starts.add(start)
        assert tail < 0.4 * start
        assert accuracy > 0.7
        assert evaluations >= 60
    assert len(starts) == 1, "all start from the same weights"


def test_L4_20_momentum_and_noise_leave_a_local_minimum() -> None:
    report = run("L4.20")
    deep, _, shallow = np.sort(np.roots([4.0, 0.0, -4.0, 0.3]).real)
    close(report["plain: w at the end, from 1.6"], shallow, 1e-9)
    close(report["momentum: w at the end, from 1.6"], deep, 1e-5)
    fixed, falling = report["spread of w over those steps, η fixed and η falling"]
    assert falling < 0.3 * fixed


def test_L4_21_decay_resets_and_the_jacobian() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from nn import MLP

    report = run("L4.21")
    (known, unseen), (known_held, unseen_held) = (
        report[f"ρ = {rho}: loss on training and on unseen examples"] for rho in ("0", "0.003")
    )
    assert known < known_held
    assert unseen_held < unseen
    assert report["ρ = 0.003: ‖W‖"] < 0.7 * report["ρ = 0: ‖W‖"]
    often, never = report["Fletcher–Reeves in a bent valley: E after 20 steps, reset every 2 and never"]
    assert often < 0.01 * never
    assert report["shape of J: M·P = 2·3 errors, n weights"] == [6, 12]
    state = {
        name: torch.tensor(array) for name, array in MLP(2, [2, 2], activation="tanh", seed=0).state_dict().items()
    }
    W1 = state["W1"].requires_grad_()
    x = torch.tensor([0.5, -1.0], dtype=torch.float64)
    outputs = state["W2"] @ torch.tanh(W1 @ x + state["b1"]) + state["b2"]
    [slopes] = torch.autograd.grad(outputs[1], W1)
    close(report["its entry ∂e₂₁/∂W1[0][0]"], slopes[0, 0].item())


def test_L4_19_practice() -> None:
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    report = run("L4.19")
    assert report["examples for training and test"] == [1347, 450]
    assert report["accuracy on the test examples"] > 0.93
    assert report.words[1].startswith("true / predicted")
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference of this test")
    counts = [list(map(int, line.replace("·", "0").split()[1:])) for line in report.words[1].splitlines()[1:]]
    true = [k for k, line in enumerate(counts) for count in line for _ in range(count)]
    predicted = [j for line in counts for j, count in enumerate(line) for _ in range(count)]
    due = metrics.precision_recall_fscore_support(true, predicted, average="macro")[:3]
    close(report["precision, recall and F1, mean of the ten classes"], list(due))
