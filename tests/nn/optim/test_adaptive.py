"""AdaGrad, AdaDelta, RMSProp, Adam and AdamW; what they share with SGD is tested in test_first_order.py."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import assert_same_path, follow, follow_torch, gradient_sequence, named

import nn
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


ADAMS = [("Adam", {}), ("Adam", {"amsgrad": True}), ("Adam", {"weight_decay": 0.1}), ("AdamW", {"weight_decay": 0.1})]


@pytest.mark.parametrize(("kind", "options"), ADAMS)
def test_adam_counts_the_steps_of_each_weight(kind, options):
    """One that is unfrozen late moves by lr at first, as in PyTorch, and not by what its count of all steps says."""
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    ours = [Value(1.0, parameter=True), Value(2.0, parameter=True)]
    theirs = [torch.tensor(w.data, dtype=torch.float64, requires_grad=True) for w in ours]
    descent = getattr(nn, kind)(ours, lr=0.01, **options)
    due = getattr(torch.optim, kind)(theirs, lr=0.01, **options)
    for step in range(200):
        free = step % 70 > 40
        ours[0].requires_grad = free
        theirs[0].requires_grad_(free)
        theirs[0].grad = None
        for (w, b), optimizer in ((ours, descent), (theirs, due)):
            optimizer.zero_grad()
            (3.0 * w * w + b * w.detach()).backward()
            optimizer.step()
        if step == 100:  # its state goes into another, with and without such counts
            saved = descent.state_dict()
            descent = getattr(nn, kind)(ours, lr=0.01, **options)
            descent.load_state_dict(saved)
        np.testing.assert_allclose([w.data for w in ours], [w.item() for w in theirs], rtol=1e-12)
    plain = getattr(nn, kind)([Value(1.0, parameter=True), Value(2.0, parameter=True)], **options)
    descent.load_state_dict(plain.state_dict())
    assert descent.state["t"] == 0
    assert descent.state["left1"].tolist() == [1.0, 1.0]


def test_adam_counts_steps_by_the_betas_of_each_group():
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    ours = [Value(1.0, parameter=True), Value(2.0, parameter=True)]
    theirs = [torch.tensor(w.data, dtype=torch.float64, requires_grad=True) for w in ours]
    descent, due = (
        kind([{"params": [w]}, {"params": [b], "betas": (0.5, 0.9)}], lr=0.01)
        for kind, (w, b) in ((nn.Adam, ours), (torch.optim.Adam, theirs))
    )
    for step in range(40):
        ours[1].requires_grad = not 5 <= step < 20
        theirs[1].requires_grad_(not 5 <= step < 20)
        theirs[1].grad = None
        for (w, b), optimizer in ((ours, descent), (theirs, due)):
            optimizer.zero_grad()
            (3.0 * w * w + b * b * w.detach()).backward()
            optimizer.step()
        np.testing.assert_allclose([w.data for w in ours], [w.item() for w in theirs], rtol=1e-12)


@pytest.mark.parametrize("way", [False, "numpy", "numba"])
@pytest.mark.parametrize("batch_size", [4, 12])
def test_fit_unfreezes_as_pytorch_does(way, batch_size):
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(12, 3)), rng.normal(size=(12, 2))
    model = nn.MLP(3, [4, 2], activation="tanh", seed=1)
    twin = nn.to_torch(model)

    class Unfreeze(nn.Callback):
        def on_epoch_begin(self, training):
            (model.layers[0].freeze if training.epoch <= 40 else model.layers[0].unfreeze)()

    groups = [{"params": model.layers[0].parameters(), "lr": 0.002}, {"params": model.layers[1].parameters()}]
    nn.fit(
        model, X, Y, "mse", nn.Adam(groups, lr=0.01), 60, batch_size,
        shuffle=False, compile=way, callbacks=[Unfreeze()],
    )  # fmt: skip
    first, second = (list(part.parameters()) for part in twin if list(part.parameters()))
    due = torch.optim.Adam([{"params": first, "lr": 0.002}, {"params": second}], lr=0.01)
    for epoch in range(60):
        for parameter in first:
            parameter.requires_grad_(epoch >= 40)
        for rows, targets in zip(torch.tensor(X).split(batch_size), torch.tensor(Y).split(batch_size), strict=True):
            due.zero_grad()
            torch.nn.functional.mse_loss(twin(rows), targets).backward()
            due.step()
    for ours, theirs in zip(nn.torch_state(model).values(), twin.state_dict().values(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)
