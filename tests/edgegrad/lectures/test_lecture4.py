"""Lecture 4, row by row: against SciPy, PyTorch, truth tables, geometry and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from lecture_rows import close, run


def test_L4_1_membrane() -> None:
    integrate = pytest.importorskip("scipy.integrate", reason="SciPy is the reference of this test")

    def slope(_: float, state: np.ndarray, current: float, g_K: float = 36.0) -> list[float]:
        V, n, m, h = state
        leak = 0.3 * (V - 10.613)
        return [
            current - g_K * n**4 * (V + 12.0) - 120.0 * m**3 * h * (V - 115.0) - leak,
            0.01 * (10.0 - V) / math.expm1((10.0 - V) / 10.0) * (1 - n) - 0.125 * math.exp(-V / 80.0) * n,
            0.1 * (25.0 - V) / math.expm1((25.0 - V) / 10.0) * (1 - m) - 4.0 * math.exp(-V / 18.0) * m,
            0.07 * math.exp(-V / 20.0) * (1 - h) - h / (1.0 + math.exp((30.0 - V) / 10.0)),
        ]

    from nn import HodgkinHuxley

    rest = list(HodgkinHuxley().rest())

    def integrated(until: float, *numbers: float) -> np.ndarray:
        times = np.linspace(0.0, until, 2001)
        made = integrate.solve_ivp(slope, (0, until), rest, "LSODA", times, args=numbers, rtol=1e-10, atol=1e-12)
        return np.asarray(made.y[0])

    report = run("L4.1")
    for count, current in zip(report["spikes in 50 ms under 2, 3, 10 µA/cm²"], (2.0, 3.0, 10.0), strict=True):
        V = integrated(50.0, current)
        assert count == int(((V[:-1] < 50.0) & (V[1:] >= 50.0)).sum())
    h = 1e-3
    by_current = (integrated(2.0, 10 + h)[-1] - integrated(2.0, 10 - h)[-1]) / (2 * h)
    by_potassium = (integrated(2.0, 10.0, 36 + h)[-1] - integrated(2.0, 10.0, 36 - h)[-1]) / (2 * h)
    close(report["∂V/∂I and ∂V/∂g_K at 2 ms"], [by_current, by_potassium], 0.02)
    euler, rk4 = report["error of V at 2 ms, Euler and RK4, dt = 0.02 ms"]
    assert rk4 < 1e-3 * euler
    assert report["spikes under 2 µA/cm² with the slide's α_h"] > 0
    for word in ("leak", "with one sign", "0.07"):
        assert any("Three departures" in line and word in line for line in report.words)


def test_L4_2_spiking_network() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is the reference of this test")
    crossing = optimize.brentq(lambda t: 6.0 * (math.exp(-t / 10) - math.exp(-t / 5)) - 1.0, 0.0, 5.0, xtol=1e-14)
    report = run("L4.2")
    close(report["first spike of a, ms"], 1.5 + crossing, 1e-9)
    close(report["∂t/∂delay along the chain x → a → z"], [1.0, 1.0])
    near, far = (
        optimize.brentq(lambda t, w=w: w * (math.exp(-t / 10) - math.exp(-t / 5)) - 1.0, 0.0, 5.0, xtol=1e-14)
        for w in (6.0 - 1e-4, 6.0 + 1e-4)
    )
    close(report["∂t/∂w of one connection"], (far - near) / 2e-4, 1e-6)


def test_L4_3_gates() -> None:
    report = run("L4.3")
    assert report["AND of 00, 01, 10, 11"] == [0, 0, 0, 1]
    assert report["OR of 00, 01, 10, 11"] == [0, 1, 1, 1]
    assert report["NOT of 0, 1"] == [1, 0]


def test_L4_4_activations() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    report, s = run("L4.4"), torch.tensor([0.5, 0.0], dtype=torch.float64)
    for name in ("sigmoid", "tanh", "relu"):
        close(report[f"{name}(0.5)"], getattr(torch, name)(s)[0].item())
    close(report["softmax of (0.5, 0)"], torch.softmax(s, 0).tolist())
    for name in ("sigmoid", "tanh", "relu"):
        at = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
        getattr(torch, name)(at).backward()
        close(report[f"{name}′(0.5)"], at.grad.item())
    p = torch.sigmoid(s)[0].item()
    deviation = math.sqrt(p * (1 - p) / 4000)
    close(report["share of 4,000 draws that fire at s = 0.5"], p, 4 * deviation)


def test_L4_5_other_networks() -> None:
    report = run("L4.5")
    for kind in ("Elman", "LSTM"):
        first, last = report[f"{kind}, loss on a sine wave, first and last"]
        assert last < 0.1 * first
    assert report["Hopfield, points of a damaged L that are wrong after recall"] == 0
    energies = report["its energy along the way"]
    assert energies == sorted(energies, reverse=True)
    fields = report.comparisons["−∂E/∂s_i of Hopfield's energy"]
    assert set(np.sign(fields.ours)) == {-1.0, 1.0}, "the field pulls each neuron of a stored pattern to its state"
    close(report["Kohonen's step w + ηh(x − w), as one down ½h‖x − w‖²"], [0.4, 0.65])
    before, after = report["Kohonen map, neighbours torn apart, before and after"]
    assert after < 0.1 < 0.5 < before
    assert report["the same with vigilance 0.9"] == [0, 1, 2, 0]
    assert max(report["ART, classes of T, L, X, T with vigilance 0.3"]) < 2, "coarse classes are fewer"


def test_L4_6_how_many_layers() -> None:
    path = pytest.importorskip("matplotlib.path", reason="Matplotlib's polygons are the reference of this test")
    report = run("L4.6")
    for layers in ("one layer", "two layers", "three layers"):
        assert report[f"{layers}, points of 676 on the wrong side"] == 0
    from nn import any_region, polygon_sides

    parts = [[(0, 0), (2, 0.5), (0.3, 2.2)], [(2, 2), (3, 2), (3, 3), (2, 3)]]
    model = any_region([polygon_sides(corners) for corners in parts])
    for point in np.random.default_rng(0).uniform(-1.0, 4.0, (200, 2)).tolist():
        inside = any(path.Path(corners).contains_point(point) for corners in parts)
        assert model(point)[0].data == inside
    row = report.comparisons["a deep linear network, and the layer it equals"]
    assert row.difference is not None
    assert row.difference < 1e-14


def test_L4_7_losses() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    q, p = (torch.tensor(x, dtype=torch.float64) for x in ([0.2, 0.3, 0.5], [0.1, 0.6, 0.3]))
    report, F = run("L4.7"), torch.nn.functional
    close(report["mean squared"], F.mse_loss(q, p).item())
    close(report["cross-entropy with class 2"], F.nll_loss(q.log()[None], torch.tensor([2])).item())
    close(report["Kullback–Leibler"], F.kl_div(q.log(), p, reduction="sum").item())
    q.requires_grad_()
    for what, loss in (("mean squared", F.mse_loss(q, p)), ("Kullback–Leibler", F.kl_div(q.log(), p, reduction="sum"))):
        close(report[f"∂/∂q of {what}"], torch.autograd.grad(loss, q)[0].tolist())
    scores = q.detach().log().requires_grad_()
    [slopes] = torch.autograd.grad(F.cross_entropy(scores[None], torch.tensor([2])), scores)
    close(report["∂/∂s of cross-entropy with class 2"], slopes.tolist())


def test_L4_8_backprop() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    W1 = torch.tensor([[1.0, -2, 2], [2, 1, -4], [1, -1, 0]], dtype=torch.float64, requires_grad=True)
    W2 = torch.tensor([[-3.0, 1, -3], [0, 1, 2]], dtype=torch.float64)
    s = W1 @ torch.tensor([0.5, 0.9, -0.3], dtype=torch.float64)
    s.retain_grad()
    outputs = torch.sigmoid(W2 @ torch.sigmoid(s))
    (0.5 * (outputs - torch.tensor([0.9, 0.1], dtype=torch.float64)) ** 2).sum().backward()
    report = run("L4.8")
    close(report["δ_i = ∂y_i/∂s_i Σ_j δ_j w_ji"], s.grad.tolist())
    close(report["∂E/∂w = ∂E/∂y · ∂y/∂s · ∂s/∂w"], W1.grad[0, 1].item())


def test_L4_9_vanishing_gradient() -> None:
    report = run("L4.9")
    ratios = {name: report[f"‖∂E/∂W‖ of the first layer over the last, {name}"] for name in ("sigmoid", "tanh", "relu")}
    assert ratios["sigmoid"] < 0.25**6, "each of 8 layers multiplies by σ′ ≤ ¼"
    assert min(ratios["tanh"], ratios["relu"]) > 0.1
