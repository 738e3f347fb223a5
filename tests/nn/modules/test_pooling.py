"""AvgPool2d and MaxPool2d against PyTorch, and at ties by the engine's rule: PyTorch takes the first of the largest."""

import numpy as np
import pytest
from against_torch import compare, torch

import nn
from autograd import Value
from nn import arrays


def drawn(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("sizes", [(2,), (3, 1, 1), ((2, 3), (1, 2), (1, 0)), (3, 2, 1), (1,)])
def test_means_are_pytorchs(sizes, count_include_pad):
    ours = nn.AvgPool2d(*sizes, count_include_pad=count_include_pad)
    compare(ours, torch.nn.AvgPool2d(*sizes, count_include_pad=count_include_pad), {}, drawn(2, 6, 7))


@pytest.mark.parametrize("options", [
    {"kernel_size": 2}, {"kernel_size": 3, "stride": 2}, {"kernel_size": (3, 2), "stride": (1, 2), "padding": (1, 0)},
])  # fmt: skip
def test_the_largest_are_pytorchs(options):
    compare(nn.MaxPool2d(**options), torch.nn.MaxPool2d(**options), {}, drawn(2, 5, 6))


def test_the_largest_share_the_gradient_at_ties():
    x = arrays.map_numbers(Value, [[[3.0, 3.0], [2.0, 0.0]]])
    nn.MaxPool2d(2)(x)[0][0][0].backward()
    assert [[v.grad for v in line] for line in x[0]] == [[0.5, 0.5], [0.0, 0.0]]


def test_what_does_not_fit():
    with pytest.raises(ValueError) as raised:
        nn.AvgPool2d(2, padding=2)
    assert str(raised.value) == "padding of AvgPool2d must be at most half its kernel_size."
    with pytest.raises(nn.ShapeError) as raised:
        nn.AvgPool2d((3, 4))(drawn(1, 2, 9))
    assert str(raised.value) == "AvgPool2d 3×4 takes pictures of at least 3 × 4, got 2 × 9."
