"""Clipping: on vectors, on parameters, and against PyTorch."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import named

from autograd import AutogradError, Value
from nn.optim.clipping import clip_by_norm, clip_by_value, clip_grad_norm, clip_grad_value

gradients = st.lists(st.floats(-1e200, 1e200), min_size=1, max_size=6)


def scaled(g):
    """Scale the largest entry to ±1, and give the length too: squares neither overflow nor vanish."""
    largest = np.abs(g).max()
    unit = g / largest if largest else g
    return unit, largest * np.linalg.norm(unit)


@given(g=gradients, limit=st.floats(1e-3, 1e3))
def test_the_norm_is_bounded_and_the_direction_kept(g, limit):
    g = np.array(g)
    (before, norm), (after, clipped_norm) = scaled(g), scaled(clip_by_norm(g, limit))
    assert clipped_norm == pytest.approx(min(norm, limit), rel=1e-12)
    np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-300)


@given(g=gradients, limit=st.floats(1e-3, 1e3))
def test_values_are_bounded(g, limit):
    assert clip_by_value(np.array(g), limit).tolist() == [min(max(x, -limit), limit) for x in g]


def with_gradients(slopes):
    w = named(np.zeros(len(slopes)))
    for p, slope in zip(w, slopes, strict=True):
        p.grad = slope
    return w


@pytest.mark.parametrize("limit", [0.5, 5.0, 50.0])
def test_values_are_clipped_as_pytorch_does(limit):
    torch = pytest.importorskip("torch")
    slopes = [3.0, -4.0, 12.0]
    w, theirs = with_gradients(slopes), torch.zeros(3, dtype=torch.float64, requires_grad=True)
    theirs.grad = torch.tensor(slopes, dtype=torch.float64)
    torch.nn.utils.clip_grad_value_([theirs], limit)
    clip_grad_value(w, limit)
    assert [p.grad for p in w] == theirs.grad.tolist()


def test_missing_gradients_stay_missing():
    w = with_gradients([3.0, None, 4.0])
    assert clip_grad_norm(w, 1.0) == 5.0
    assert [p.grad for p in w] == pytest.approx([0.6, None, 0.8])
    nothing = named([1.0])
    assert clip_grad_norm(nothing, 1.0) == 0.0
    clip_grad_value(nothing, 1.0)
    assert nothing[0].grad is None


def test_huge_gradients_are_clipped_too():
    w = with_gradients([3e200, 4e200])
    assert clip_grad_norm(w, 1.0) == pytest.approx(5e200)
    assert [p.grad for p in w] == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize("clip", [clip_grad_norm, clip_grad_value])
def test_gradients_that_are_not_finite(clip):
    w = with_gradients([3.0, None, math.nan])
    with pytest.raises(AutogradError) as caught:
        clip(w, 1.0)
    assert str(caught.value) == (
        "The gradient of w2 is nan, which no clipping makes a direction. No gradient was changed. Look for NaN in the "
        "data, or take a smaller lr."
    )
    assert w[0].grad == 3.0


@pytest.mark.parametrize(
    ("clip", "sentence"),
    [
        (clip_by_norm, "max_norm must be a positive number, not 0.0: 0 would stop the training."),
        (clip_by_value, "clip_value must be a positive number, not 0.0: 0 would stop the training."),
    ],
)
def test_limits_that_stop_the_training(clip, sentence):
    with pytest.raises(ValueError) as caught:
        clip(np.ones(2), 0.0)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("p", [0.5, 1.0, 2.0, 3.0, math.inf])
@pytest.mark.parametrize("longest", [0.5, 100.0])
def test_norms_are_clipped_as_pytorch_does(p, longest):
    torch = pytest.importorskip("torch")
    g = [3.0, -4.0, 0.5]
    ours, theirs = with_gradients(g), torch.zeros(3, dtype=torch.float64, requires_grad=True)
    theirs.grad = torch.tensor(g, dtype=torch.float64)
    length = torch.nn.utils.clip_grad_norm_([theirs], longest, norm_type=p)
    assert clip_grad_norm(ours, longest, norm_type=p) == pytest.approx(length.item(), rel=1e-12)
    assert [w.grad for w in ours] == pytest.approx(theirs.grad.tolist(), rel=1e-6)  # PyTorch adds 1e-6 to the length


def test_a_norm_has_a_positive_power():
    w = Value(1.0)
    w.grad = 1.0
    with pytest.raises(ValueError) as raised:
        clip_grad_norm([w], 1.0, norm_type=0)
    assert str(raised.value) == "norm_type must be a positive number or infinity, not 0."
