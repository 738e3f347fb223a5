"""AdaGrad, AdaDelta, RMSProp, Adam and AdamW; what they share with SGD is tested in test_first_order.py."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import assert_same_path, follow, follow_torch, gradient_sequence, named

from autograd import Value
from nn.optim.adaptive import AdaDelta, AdaGrad, Adam, AdamW, RMSProp

START, GRADIENTS = gradient_sequence(seed=7)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda w: AdaGrad(w, 0.02), lambda torch, w: torch.optim.Adagrad([w], lr=0.02)),
        (AdaGrad, lambda torch, w: torch.optim.Adagrad([w])),
        (AdaDelta, lambda torch, w: torch.optim.Adadelta([w])),
        (
            lambda w: AdaDelta(w, lr=0.3, rho=0.8, eps=1e-4),
            lambda torch, w: torch.optim.Adadelta([w], lr=0.3, rho=0.8, eps=1e-4),
        ),
        # lecture L1.9: ε stands outside the root
        (RMSProp, lambda torch, w: torch.optim.RMSprop([w], lr=1e-3, alpha=0.9, eps=1e-7)),
        (
            lambda w: RMSProp(w, 0.01, alpha=0.99, eps=0.1),
            lambda torch, w: torch.optim.RMSprop([w], lr=0.01, alpha=0.99, eps=0.1),
        ),
        (
            lambda w: RMSProp(w, 0.01, eps=0.1, momentum=0.8, weight_decay=0.2),
            lambda torch, w: torch.optim.RMSprop([w], lr=0.01, alpha=0.9, eps=0.1, momentum=0.8, weight_decay=0.2),
        ),
        (
            lambda w: RMSProp(w, 0.01, alpha=0.7, eps=1e-4, centered=True),
            lambda torch, w: torch.optim.RMSprop([w], lr=0.01, alpha=0.7, eps=1e-4, centered=True),
        ),
        (
            lambda w: RMSProp(w, 0.01, momentum=0.5, centered=True),
            lambda torch, w: torch.optim.RMSprop([w], lr=0.01, alpha=0.9, eps=1e-7, momentum=0.5, centered=True),
        ),
        (lambda w: Adam(w, 0.05, amsgrad=True), lambda torch, w: torch.optim.Adam([w], lr=0.05, amsgrad=True)),
        (
            lambda w: AdamW(w, 0.05, betas=(0.5, 0.6), amsgrad=True),
            lambda torch, w: torch.optim.AdamW([w], lr=0.05, betas=(0.5, 0.6), amsgrad=True),
        ),
        (Adam, lambda torch, w: torch.optim.Adam([w])),
        (
            lambda w: Adam(w, 0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
            lambda torch, w: torch.optim.Adam([w], lr=0.01, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
        ),
        (AdamW, lambda torch, w: torch.optim.AdamW([w])),
        (
            lambda w: AdamW(w, 0.01, weight_decay=0.3),
            lambda torch, w: torch.optim.AdamW([w], lr=0.01, weight_decay=0.3),
        ),
    ],
)
def test_steps_as_pytorch_does(ours, theirs):
    assert_same_path(follow(ours, START, GRADIENTS), follow_torch(theirs, START, GRADIENTS))


def transcribed(rule):
    """Apply a rule on single numbers, with a memory of its own for each weight; list the weights after each step."""
    w, memories = START.tolist(), [{} for _ in START]
    path = []
    for g in GRADIENTS:
        w = [x - rule(x, float(slope), memory) for x, slope, memory in zip(w, g, memories, strict=True)]
        path.append(w)
    return np.array(path)


def test_adagrad_follows_the_lecture():
    """Lecture L4.15 with its momentum and its decay, which is not divided by the root; ε as PyTorch has it."""

    def change(w, g, memory):
        memory["sum"] = memory.get("sum", 0.0) + g * g
        divided = g / (math.sqrt(memory["sum"]) + 1e-10)
        memory["dW"] = 0.05 * (divided + 0.2 * w) + 0.6 * memory.get("dW", 0.0)
        return memory["dW"]

    ours = follow(lambda w: AdaGrad(w, 0.05, momentum=0.6, weight_decay=0.2), START, GRADIENTS)
    assert_same_path(ours, transcribed(change))


def test_adadelta_follows_the_lecture():
    """Lecture L4.15 with η = 1: D averages the squares of the steps ΔW taken so far, up to the last one."""

    def change(w, g, memory):
        memory["S"] = 0.9 * memory.get("S", 0.0) + (1 - 0.9) * g * g
        memory["D"] = 0.8 * memory.get("D", 0.0) + (1 - 0.8) * memory.get("dW", 0.0) ** 2
        memory["dW"] = math.sqrt(memory["D"] + 1e-6) / math.sqrt(memory["S"] + 1e-6) * g
        return memory["dW"]

    ours = follow(lambda w: AdaDelta(w, beta=0.8), START, GRADIENTS)
    assert_same_path(ours, transcribed(change))


def test_adadelta_with_momentum_and_decay():
    """As lecture L4.15 writes them, with D averaging the bare steps g (see the docstring)."""

    def change(w, g, memory):
        memory["S"] = 0.9 * memory.get("S", 0.0) + (1 - 0.9) * g * g
        g = math.sqrt(memory.get("D", 0.0) + 1e-6) / math.sqrt(memory["S"] + 1e-6) * g
        memory["D"] = 0.9 * memory.get("D", 0.0) + (1 - 0.9) * g * g
        memory["dW"] = 0.5 * (g + 0.1 * w) + 0.6 * memory.get("dW", 0.0)
        return memory["dW"]

    ours = follow(lambda w: AdaDelta(w, 0.5, momentum=0.6, weight_decay=0.1), START, GRADIENTS)
    assert_same_path(ours, transcribed(change))


def test_without_the_epsilon_that_the_slide_leaves_out_adadelta_never_moves():
    gradients = [np.ones(2)] * 5
    assert (follow(lambda w: AdaDelta(w, eps=0.0), [1.0, 2.0], gradients) == [1.0, 2.0]).all()
    assert (follow(AdaDelta, [1.0, 2.0], gradients)[-1] < [1.0, 2.0]).all()


@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from([AdaGrad, RMSProp, Adam]), scale=st.floats(1e-60, 1e60), slope=st.sampled_from([-1.0, 0.3]))
def test_without_epsilon_the_scale_of_the_gradient_does_not_matter(kind, scale, slope):
    gradients = [np.array([slope * (2.0 + math.sin(t))]) for t in range(10)]
    ours = follow(lambda w: kind(w, eps=0.0), [1.0], [scale * g for g in gradients])
    np.testing.assert_allclose(ours, follow(lambda w: kind(w, eps=0.0), [1.0], gradients), rtol=1e-12)


@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_the_first_step_of_adam_is_the_rate(kind):
    path = follow(lambda w: kind(w, lr=0.01, eps=0.0, weight_decay=0.0), [1.0, 1.0], [np.array([1e-9, -1e9])])
    np.testing.assert_allclose(path[0], [0.99, 1.01], rtol=1e-12)


W = [Value(1.0, name="w")]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: AdaGrad(W, eps=-1.0), "AdaGrad's eps must be a number from 0, not -1."),
        (lambda: AdaGrad(W, momentum=2.0), "AdaGrad's momentum must be a number from 0 to below 1, not 2."),
        (lambda: AdaDelta(W, rho=1.0), "AdaDelta's rho must be a number from 0 to below 1, not 1."),
        (lambda: AdaDelta(W, beta=-0.5), "AdaDelta's beta must be a number from 0 to below 1, not -0.5."),
        (lambda: RMSProp(W, alpha=1.5), "RMSProp's alpha must be a number from 0 to below 1, not 1.5."),
        (lambda: Adam(W, betas=(1.0, 0.9)), "Adam's betas[0] must be a number from 0 to below 1, not 1."),
        (lambda: AdamW(W, betas=(0.9, 1.0)), "AdamW's betas[1] must be a number from 0 to below 1, not 1."),
    ],
)
def test_options_out_of_range(make, sentence):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == sentence


def test_a_division_by_zero_is_an_error_and_changes_nothing():
    w = named([1.0])
    w[0].grad = 0.0
    with pytest.raises(ArithmeticError) as caught:
        RMSProp(w, eps=0.0).step()
    assert str(caught.value) == (
        "RMSProp did not step: w0 is 1, and the step with lr = 0.001 would make it infinite or NaN. The weights are as "
        "they were. Take a smaller lr, or clip the gradients."
    )
    assert w[0].data == 1.0
