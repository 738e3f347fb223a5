"""The rows that run the slides' own listings, and the listings' text."""

from __future__ import annotations

import numpy as np
import pytest
from lecture_rows import TABLE, close, run

from edgegrad.lectures import slides


def test_L1_10_the_keras_listing() -> None:
    if not TABLE.exists():
        pytest.importorskip("sklearn", reason="neither the Boston table nor scikit-learn's diabetes set is here")
        assert "diabetes" in run("L1.10", epochs=3).title
        return
    report = run("L1.10", data=TABLE)
    assert report["parameters"] == 26_625
    assert report["MAE on the test examples"] < 4.5 < 6.5, "which is that of always saying the mean"
    assert report["mean error of the 20 predictions as they are"] < 5
    assert report["and after predictions · std + mean"] > 50, "the targets were not normalised"
    assert report["the same where the targets were normalised too"] < 5
    [derivation] = [line for line in report.words if line.startswith("∂MSE/∂W4[0][0]")]
    assert "a3[0]" in derivation
    assert slides.KERAS_MODEL.strip() in report.words


def test_L2_13_the_training_listing() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    report = run("L2.13")
    assert report["epochs, and steps an epoch"] == [250, 2]
    first, last = report["loss of the first and the last epoch"]
    assert last < 0.5 * first
    p = torch.tensor([0.3, 0.9, 0.6], dtype=torch.float64, requires_grad=True)
    loss = torch.nn.functional.binary_cross_entropy(p, torch.tensor([0.0, 1, 1], dtype=torch.float64), reduction="sum")
    loss.backward()
    close(report["the laboratory's log-loss"], loss.item())
    close(report["its ∂/∂p"], p.grad.tolist())
    assert slides.TRAINING_LOOP.strip() in report.words


def test_L3_8_the_u_net_listing() -> None:
    report = run("L3.8")
    assert report["shape of the scores"] == [2, 1, 16, 16]
    before, after = report["loss before and after a step down the gradient"]
    assert after < before
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    [apart] = [line for line in report.words if "PyTorch's scores" in line]
    assert float(apart.rpartition(": ")[2].replace("−", "-")) < 1e-9
    assert np.isfinite([before, after]).all()
