"""AvgPool2d against PyTorch; MaxPool2d is tested with the convolutions."""

import numpy as np
import pytest
from against_torch import compare, torch

import nn


def drawn(*shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("sizes", [(2,), (3, 1, 1), ((2, 3), (1, 2), (1, 0)), (3, 2, 1), (1,)])
def test_means_are_pytorchs(sizes, count_include_pad):
    ours = nn.AvgPool2d(*sizes, count_include_pad=count_include_pad)
    compare(ours, torch.nn.AvgPool2d(*sizes, count_include_pad=count_include_pad), {}, drawn(2, 6, 7))


def test_what_does_not_fit():
    with pytest.raises(ValueError) as raised:
        nn.AvgPool2d(2, padding=2)
    assert str(raised.value) == "padding of AvgPool2d must be at most half its kernel_size."
    with pytest.raises(nn.ShapeError) as raised:
        nn.AvgPool2d((3, 4))(drawn(1, 2, 9))
    assert str(raised.value) == "AvgPool2d 3×4 takes pictures of at least 3 × 4, got 2 × 9."
