"""Lecture 2, row by row, against the lecture's figures, PyTorch and closed forms."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from lecture_rows import close, run

from edgegrad.lectures import ROWS

OUTPUTS = [0.34584136460, 0.85314921077]


def test_L2_1_inference() -> None:
    report = run("L2.1")
    close(report["hidden sums"], [-1.9, 3.1, -0.4])
    close(report["hidden neurons"], [0.13010847436, 0.95689274506, 0.40131233989], 1e-11)
    close(report["outputs"], OUTPUTS, 1e-11)
    assert [f"{y:.2f}" for y in report["outputs"]] == ["0.35", "0.85"]
    close(report["output sums"], [math.log(y / (1 - y)) for y in OUTPUTS], 1e-9)


def test_L2_1_both_outputs_are_drawn(tmp_path: Path) -> None:
    [picture] = ROWS["L2.1"](tmp_path).pictures
    drawn = picture.read_text(encoding="utf-8")
    for name in ("H1", "H2", "H3", "O1", "O2", "W2[1][2]"):
        assert f">{name}<" in drawn


def test_L2_2_matrix_form() -> None:
    report = run("L2.2")
    close(report["W·x"], [-1.9, 3.1, -0.4])
    close(report["outputs of two calls"], OUTPUTS, 1e-11)
    close(report["outputs as a row of a batch"], OUTPUTS, 1e-11)


def test_L2_3_training_procedure() -> None:
    report = run("L2.3", epochs=40)
    row = report.comparisons["loss of the last epoch"]
    assert row.expected is not None, "that of nn.fit"
    assert row.ours < 0.75 * report["loss of the first epoch"]  # type: ignore[operator]


def test_L2_4_one_chain_of_factors() -> None:
    report = run("L2.4")
    hidden = 1 / (1 + math.exp(1.9))  # the first hidden neuron of L2.1
    close(report["∂E/∂w"], (OUTPUTS[0] - 0.9) * OUTPUTS[0] * (1 - OUTPUTS[0]) * hidden, 1e-11)
    assert report.words[0].startswith("∂E/∂W2[0][0] = ")


def test_L2_5_losses() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    report = run("L2.5")
    p, t = (torch.tensor(x, dtype=torch.float64) for x in ([0.8, 0.3, 0.6], [1.0, 0.0, 1.0]))
    logits = torch.tensor([[2.0, -1.0, 0.5]], dtype=torch.float64)
    F = torch.nn.functional
    close(report["least squares"], F.mse_loss(p, t).item())
    close(report["binary cross-entropy"], F.binary_cross_entropy(p, t).item())
    close(report["summed log-loss of the lab"], F.binary_cross_entropy(p, t, reduction="sum").item())
    close(report["log-loss on logits"], F.binary_cross_entropy_with_logits(torch.logit(p), t).item())
    close(report["cross-entropy on logits, class 3"], F.cross_entropy(logits, torch.tensor([2])).item())
    p.requires_grad_()
    for what, loss in (("least squares", F.mse_loss), ("binary cross-entropy", F.binary_cross_entropy)):
        [slopes] = torch.autograd.grad(loss(p, t), p)
        close(report[f"∂/∂p of {what}"], slopes.tolist())
    logits.requires_grad_()
    [slopes] = torch.autograd.grad(F.cross_entropy(logits, torch.tensor([2])), logits)
    close(report["∂/∂s of cross-entropy: softmax − t"], slopes[0].tolist())


def test_L2_6_modules() -> None:
    report = run("L2.6")
    s = np.array([[0.5, -1.0], [2.0, 0.25]]) @ [0.6, -0.4] + [0.1, -0.2]
    y = 1 / (1 + np.exp(-s))
    delta = [1.0, -2.0] * y * (1 - y)
    close(report["δB = δI"], delta.tolist())
    close(report["δI = ωᵀδO"], (delta @ [[0.5, -1.0], [2.0, 0.25]]).tolist())
    close(report["δω = δO·Iᵀ"], np.outer(delta, [0.6, -0.4]).ravel().tolist())


def test_L2_7_stochastic_descent_uses_redundancy() -> None:
    report = run("L2.7")
    assert report["how many times fewer"] >= 10
    for label, seen in (("batch", 1200), ("mini-batch of 10", 400), ("stochastic", 200)):
        assert 1.0 < report[f"{label}: loss over the lowest after them"] < 2.0
        assert report[f"{label}: steps, and examples seen"][1] == seen


def test_L2_8_learning_rates_on_one_weight() -> None:
    report = run("L2.8")
    close(report["w after 5 steps, too small"], 1 + 3 * 0.9**5)
    close(report["w after 5 steps, right"], 1.0)
    close(report["w after 5 steps, above it"], 1 - 3 * 0.7**5)
    close(report["w after 5 steps, too large"], 1 - 3 * 1.1**5)


def test_L2_9_optimal_learning_rate() -> None:
    report = run("L2.9")
    assert report["∂²E/∂w², backward through backward"] == (2.0**2 + 1.0**2) / 2
    assert report["η_max = 2η_opt"] == 2 * report["η_opt = 1/(∂²E/∂w²)"] == 0.8
    close(report["w after one step"], 1.0, 1e-15)
    assert report["∂E/∂w at 4, and its own derivative"] == [7.5, 2.5]


def test_L2_10_two_gaussians() -> None:
    report = run("L2.10")
    close(report["λ_max"], 0.84)
    assert f"{report['η_max = 2/λ_max']:.2f}" == "2.38"
    assert [report[f"batch, η = {rate}"] for rate in (2.3, 2.5)] == ["converges", "diverges"]
    assert 1.0 < report["its loss over the lowest"] < 1.5


def test_L2_11_when_descent_stops() -> None:
    report = run("L2.11")
    assert 1.25 * 0.75 ** (2 * 13) <= 1e-3 < 1.25 * 0.75 ** (2 * 12), "E before the 14th step is the first below 0.001"
    assert report["epochs until E ≤ 0.001"] == 14
    assert report["epochs where 5 are the most"] == 5


def test_L2_12_over_fitting() -> None:
    report = run("L2.12")
    at_best, at_last = report["training loss at the best epoch, and at the last"]
    lowest, late = report["validation loss at the best epoch, and at the last"]
    assert at_last < 0.5 * at_best
    assert late > 1.2 * lowest
    assert report["validation loss of its weights"] < 0.9 * late
    (known, unseen), (known_late, unseen_late) = (
        report[f"accuracy at the {when}"] for when in ("best epoch, training and validation", "last")
    )
    assert known_late > known
    assert unseen_late < unseen


def test_L2_14_the_average_error_and_both_loops() -> None:
    report = run("L2.14")
    [derivation] = [line for line in report.words if line.startswith("∂E/∂w")]
    assert "3 paths" in derivation
    X, t = np.array([[0.5, 1.0], [-1.0, 1.0], [2.0, 1.0]]), np.array([1.0, 0.0, 1.5])
    inside = after = np.array([0.4, -0.1])
    for _ in range(4):
        for x, y in zip(X, t, strict=True):
            inside = inside - 0.1 * (inside @ x - y) * x
        after = after - 0.1 * X.T @ (X @ after - t) / 3
    close(report["w and b after 4 rounds, update inside the loop"], inside.tolist())
    close(report["w and b after 4 rounds, update after the loop"], after.tolist())
