"""Chains of two modules, whichever they are: where prediction and PyTorch both compute one, they agree."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from effort import every

import nn

torch = pytest.importorskip("torch", reason="PyTorch is the reference of these tests")

MODULES: dict[str, Callable[[], nn.Module]] = {
    "Reshape(2, 4)": lambda: nn.Reshape(2, 4),
    "Reshape(2, 2, 2)": lambda: nn.Reshape(2, 2, 2),
    "Flatten": nn.Flatten,
    "Flatten(axes=2)": lambda: nn.Flatten(axes=2),
    "Softmax(dim=1)": lambda: nn.Softmax(dim=1),
    "LogSoftmax(dim=-1)": lambda: nn.LogSoftmax(dim=-1),
    "softmax": lambda: nn.Activation("softmax"),
    "ReLU": nn.ReLU,
    "Dropout": nn.Dropout,
    "Layer(2, 8)": lambda: nn.Layer(2, 8, "softmax", seed=0),
    "Layer(8, 4)": lambda: nn.Layer(8, 4, "tanh", seed=0),
    "Layer(4, 2)": lambda: nn.Layer(4, 2, "relu", seed=0),
    "LayerNorm(2)": lambda: nn.LayerNorm(2),
    "LayerNorm((4, 2))": lambda: nn.LayerNorm((4, 2)),
    "RMSNorm(4)": lambda: nn.RMSNorm(4),
    "BatchNorm1d(8)": lambda: nn.BatchNorm1d(8),
    "BatchNorm2d(2)": lambda: nn.BatchNorm2d(2),
    "Conv1d": lambda: nn.Conv1d(4, 4, 1, seed=0),
    "Conv2d": lambda: nn.Conv2d(2, 2, 3, padding=1, seed=0),
    "MaxPool2d": lambda: nn.MaxPool2d(2),
    "AvgPool2d": lambda: nn.AvgPool2d(2),
    "Upsample": lambda: nn.Upsample(2),
    "GRU": lambda: nn.GRU(2, 2, seed=0),
    "LSTM, last": lambda: nn.LSTM(2, 4, last=True, seed=0),
    "MultiheadAttention": lambda: nn.MultiheadAttention(2, 1, seed=0),
}
#: Batches of three pictures, sequences and rows.
GIVEN = [np.random.default_rng(0).standard_normal(shape) for shape in ((3, 2, 4, 4), (3, 4, 2), (3, 8))]
REFUSALS = (TypeError, ValueError, RuntimeError, AssertionError)  # the last two are PyTorch's


@pytest.mark.parametrize("first", MODULES)
def test_where_both_compute_a_chain_they_agree(first: str) -> None:
    agreed = 0
    for second, x in every(product(MODULES, GIVEN), 2):
        try:
            model = nn.Sequential(MODULES[first](), MODULES[second]()).eval()
            found = nn.predict(model, x)
            due = nn.to_torch(model)(torch.tensor(x)).detach().numpy()
        except REFUSALS:
            continue
        np.testing.assert_allclose(found, due, rtol=1e-9, atol=1e-12, err_msg=f"{first}, {second}, {x.shape}")
        agreed += 1
    assert agreed > 3
