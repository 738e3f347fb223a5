"""Lecture 1, row by row, against the lecture's figures, exact arithmetic, and PyTorch."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from lecture_rows import TABLE, close, run

from edgegrad.lectures import ROWS


def test_L1_1_weighted_sums() -> None:
    report = run("L1.1")
    close(report["hidden sums by hand"], [2.6, 1.8])
    close(report["hidden sums of the layer"], [2.6, 1.8])
    close([report["output by hand"], report["output of the network"]], [1.84, 1.84])


def test_L1_2_activations_and_their_derivatives() -> None:
    report = run("L1.2")
    mpmath = pytest.importorskip("mpmath", reason="mpmath is the reference of this test")
    for name, f in (
        ("sigmoid", lambda x: 1 / (1 + mpmath.exp(-x))),
        ("tanh", mpmath.tanh),
        ("elu(0.1)", lambda x: x if x > 0 else (mpmath.exp(x) - 1) / 10),
        ("leaky_relu(0.1)", lambda x: x if x > 0 else x / 10),
    ):
        close([report[f"{name} at −2, 0, 2"][k] for k in (0, 2)], [float(f(x)) for x in (-2, 2)])
        slopes = [float(mpmath.diff(f, x)) for x in (-2, 2)]
        close([report[f"its derivative, {name}′"][k] for k in (0, 2)], slopes)
    assert report["its derivative, relu′"] == [0.0, 0.0, 1.0]


def test_L1_3_partial_derivatives() -> None:
    report = run("L1.3")
    close(report["∇(2x + y⁴) at (3, 2)"], [2.0, 4 * 2.0**3])
    close(report["(2x⁴)′ at 1.5"], 8 * 1.5**3)
    logarithm = math.log(1.7)
    f, slope_of_u = 1.7 ** (2 * 1.7 * logarithm), 2 * logarithm * (logarithm + 2)  # f = e^u, u = 2x ln²x
    close(report["u′ at 1.7"], slope_of_u)
    close([report["f′ of f = e^u"], report["the same of x^(2x ln x)"]], [f * slope_of_u] * 2)
    begun = [line.partition(" =")[0] for line in report.words]
    for derivative in ("∂f/∂y", "∂q/∂x", "∂g/∂x", "∂g/∂y", "∂h/∂x", "∂h/∂y", "∂h/∂z", "∂f/∂u"):
        assert derivative in begun


def test_L1_4_one_full_step_of_the_perceptron() -> None:
    report = run("L1.4")
    for what, expected in (
        ("E", 0.3528), ("∂E/∂O", 0.84), ("∂E/∂W2", [2.184, 1.512]), ("δ2 = ∂E/∂a", [0.42, 0.252]),
        ("∂E/∂W1", [0.21, 0.294, 0.126, 0.1764]), ("new W2", [0.2816, 0.1488]),
        ("new W1", [0.979, 2.9706, -2.0126, 3.98236]),
    ):  # fmt: skip
        close(report[what], expected)


def test_L1_5_the_output_again() -> None:
    report = run("L1.5")
    mixed = Fraction("1.8188656")
    close(report["O from the new W1 and the old W2"], float(mixed))
    close(report["its E"], float((mixed - 1) ** 2 / 2), 1e-15)
    close(report["O with both new"], 0.9884730496)
    close(report["its E, as in the lecture's table"], 6.64352927620e-05, 1e-15)
    rounded = report.comparisons["its E"].printed
    assert report["its E"] - rounded == pytest.approx(5.37e-05, rel=1e-3), "the slide rounded 1.8188"
    close(report["L₂ = W1·I with the new W1"], [2.56892, 1.781352])


def test_L1_6_table_of_epochs() -> None:
    report = run("L1.6")
    close(report["O before each update"], [1.84, 0.9884730496, 0.99982533636, 0.99999739796, 0.99999996125], 5e-12)
    assert [f"{E:.4e}" for E in report["E before each update"]] == [
        "3.5280e-01", "6.6435e-05", "1.5254e-08", "3.3853e-12", "7.5092e-16",
    ]  # fmt: skip
    assert list(report.comparisons["change of E"].printed) == [
        "+0.000000", "−0.352734", "−0.000066", "−0.000000", "—",
    ]  # fmt: skip
    for line in (line for line in report.words if "  0." in line and "ends" not in line):
        ours, slides = line.split()[1:4], line.split()[4:]
        assert ours == slides, "the slide's line, digit by digit"


def test_L1_7_its_five_plots(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib draws the plots")
    report = ROWS["L1.7"](tmp_path)
    plots = ["error", "output", "log-error", "change", "error-over-W2"]
    assert [path.name for path in report.pictures] == [f"L1.7-{plot}.png" for plot in plots]
    close(report["log₁₀E"], np.log10([0.3528, 6.6435e-05, 1.5254e-08, 3.3853e-12, 7.5092e-16]).tolist(), 1e-5)
    close(report["slope of E over W2[0] where it starts"], 2.184)
    close(report["W2[0] where that E is least"], float((1 - Fraction("0.3") * Fraction("1.8")) / Fraction("2.6")))


def test_L1_8_house_prices() -> None:
    if not TABLE.exists():
        pytest.importorskip("sklearn", reason="neither the Boston table nor scikit-learn's diabetes set is here")
        report = run("L1.8", epochs=20)
        assert report["MAE after 20 epochs"] < 0.9 * report["MAE of always saying the mean"]
        assert report.title.startswith("Predict diabetes")
        return
    report = run("L1.8", epochs=20, data=TABLE)
    assert report["parameters"] == 13 * 128 + 128 + 128 * 128 + 128 + 128 * 64 + 64 + 64 + 1 == 26_625
    assert report["examples for training and test"] == [404, 102]
    assert report["MAE after 20 epochs"] < 3.5 < report["MAE of always saying the mean"]
    assert report["data"] == "Boston housing"
    assert sum(bool(re.fullmatch(r" *[\d.]+ +[\d.]+", line)) for line in report.words) == 20, "20 predictions"


def test_L1_8_without_the_table_says_that_its_data_are_others() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn has the diabetes set")
    report = run("L1.8", epochs=1)
    assert "diabetes" in report.title
    assert report["data"] == "diabetes (scikit-learn), no houses"
    assert next(iter(report.comparisons)) == "data", "it is the first line"
    assert any("progress of the illness" in line for line in report.words)


def test_L1_9_rmsprop() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    w = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.RMSprop([w], lr=0.1, alpha=0.9, eps=1e-7)
    path = []
    for _ in range(5):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
        path.append(w.item())
    close(run("L1.9")["w on E = w² in five steps"], path)


def test_L1_9_the_perceptron_by_rmsprop_as_pytorch_takes_it() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    W1 = torch.tensor([[1.0, 3.0], [-2.0, 4.0]], dtype=torch.float64, requires_grad=True)
    W2 = torch.tensor([0.5, 0.3], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.RMSprop([W1, W2], lr=0.01, alpha=0.9, eps=1e-7)
    for _ in range(15):
        optimizer.zero_grad()
        output = W2 @ torch.relu(W1 @ torch.tensor([0.5, 0.7], dtype=torch.float64))
        (0.5 * (output - 1) ** 2).backward()
        optimizer.step()
    last = next(line for line in run("L1.9").words if line.startswith("   15 "))
    assert float(last.split()[-1]) == pytest.approx(W2[0].item(), abs=1e-5)


def test_L1_11_the_gradient_points_where_growth_is_fastest() -> None:
    report = run("L1.11")
    close(report["its speed"], math.hypot(2.0, 4 * 0.8**3))
    assert report["fastest of 36 directions, in degrees from ∇f"] == 0


def test_L1_12_formulas_of_the_listing() -> None:
    report = run("L1.12")
    assert [report[f"shape of W⁽{k}⁾"] for k in "¹²³⁴"] == [[128, 13], [128, 128], [64, 128], [1, 64]]
    for name in ("MSE", "MAE"):
        assert report[f"∂{name}/∂w⁽⁴⁾ of all 64 weights, n = 4: largest distance from the formula"] == 0.0
    assert report["and from the slide's, with the square"] > 1.0
    derivations = [line for line in report.words if line.startswith(("∂MSE/∂w1", "∂MAE/∂w1"))]
    assert len(derivations) == 2
    assert all("4 paths" in derivation for derivation in derivations), "one an example"
