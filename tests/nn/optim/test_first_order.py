"""SGD, QuickProp and RProp, and what all first-order optimisers share."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import (
    assert_same_path,
    follow,
    follow_torch,
    gradient_sequence,
    named,
    numbers,
    positive_definite,
    quadratic,
)

import autograd
from autograd import Value, relu
from nn.optim import adaptive, first_order
from nn.optim.adaptive import AdaDelta, AdaGrad, Adam, AdamW, RMSProp
from nn.optim.first_order import SGD, QuickProp, RProp

START, GRADIENTS = gradient_sequence()

ALL = {
    "sgd": SGD,
    "momentum": lambda w: SGD(w, 0.1, momentum=0.9, weight_decay=0.01, l1=0.003),
    "nesterov": lambda w: SGD(w, 0.1, momentum=0.9, nesterov=True),
    "quickprop": lambda w: QuickProp(w, 0.1, weight_decay=0.01),
    "rprop": RProp,
    "rprop-hold": lambda w: RProp(w, hold=True),
    "adagrad": lambda w: AdaGrad(w, 0.1, momentum=0.5, weight_decay=0.01),
    "adadelta": lambda w: AdaDelta(w, momentum=0.5, weight_decay=0.01),
    "rmsprop": RMSProp,
    "adam": lambda w: Adam(w, weight_decay=0.01),
    "adamw": AdamW,
}
every = pytest.mark.parametrize("name", ALL)

# --- SGD --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.05},
        {"lr": 0.05, "momentum": 0.9},
        {"lr": 0.05, "momentum": 0.9, "nesterov": True},
        {"lr": 0.05, "weight_decay": 0.02},
        {"lr": 0.05, "momentum": 0.7, "weight_decay": 0.02},
        {"lr": 0.05, "momentum": 0.7, "weight_decay": 0.02, "nesterov": True},
    ],
)
def test_sgd_steps_as_pytorch_does(options):
    theirs = follow_torch(lambda torch, w: torch.optim.SGD([w], **options), START, GRADIENTS)
    assert_same_path(follow(lambda w: SGD(w, **options), START, GRADIENTS), theirs)


def test_one_step_of_the_lectures_perceptron():
    """Lecture L1.4: W1 = ((1, 3), (−2, 4)), W2 = (0.5, 0.3), η = 0.1."""
    W1 = [named([1.0, 3.0], "a"), named([-2.0, 4.0], "b")]
    W2 = named([0.5, 0.3], "c")
    a = [relu(row[0] * 0.5 + row[1] * 0.7) for row in W1]
    (0.5 * (a[0] * W2[0] + a[1] * W2[1] - 1.0).square()).backward()
    SGD([*W1[0], *W1[1], *W2], lr=0.1).step()
    np.testing.assert_allclose(numbers(W2), [0.2816, 0.1488], rtol=1e-15)
    np.testing.assert_allclose(numbers([*W1[0], *W1[1]]), [0.979, 2.9706, -2.0126, 3.98236], rtol=1e-15)


def test_a_changed_rate_leaves_the_momentum_that_was_gathered():
    """ΔW_t = η_t∇E + μΔW_{t−1}, as lecture L4.10 writes it; PyTorch multiplies the whole of ΔW by the new rate."""
    w = named([0.0])
    optimizer = SGD(w, lr=1.0, momentum=0.5)
    w[0].grad = 1.0
    optimizer.step()
    optimizer.lr = 0.0
    optimizer.step()
    assert w[0].data == -1.5


def test_nesterov_takes_the_gradient_at_weights_shifted_by_the_momentum():
    """Lecture L4.14 with its sign put right, in the lecture's own variables W and ΔW; the parameters are W − μΔW."""
    A, b = positive_definite(5, seed=0), np.arange(5.0)
    lr, momentum = 0.01, 0.9
    objective = quadratic(A, b, np.ones(5))
    optimizer = SGD(objective.parameters, lr, momentum=momentum, nesterov=True)
    W, dW = np.ones(5), np.zeros(5)
    for _ in range(200):
        dW = lr * (A @ (W - momentum * dW) - b) + momentum * dW
        W = W - dW
        optimizer.step(objective)
        np.testing.assert_allclose(numbers(objective.parameters), W - momentum * dW, rtol=1e-11, atol=1e-12)


def test_l1_drives_a_weight_without_slope_to_zero_and_leaves_it_there():
    w = named([0.25, -0.25, 0.0])
    optimizer = SGD(w, lr=0.125, l1=1.0)
    for _ in range(4):
        for p in w:
            p.grad = 0.0
        optimizer.step()
    assert numbers(w).tolist() == [0.0, 0.0, 0.0]


# --- QuickProp --------------------------------------------------------------------------------------------------------


def quickprop_of_one_weight(w, slope, steps, eta0=0.1, mu_max=1.75, decay=0.0, sign=1.0):
    """Transcribe lecture L4.11; sign = −1 reads its two conditions literally."""
    path, dW, before = [], 0.0, 0.0
    for _ in range(steps):
        S = slope(w) + decay * w
        eta = eta0 if dW == 0.0 or sign * dW * S > 0.0 else 0.0
        beta = S / (before - S) if before != S else math.inf
        gamma = S * sign * dW * beta
        mu = mu_max if beta > mu_max or gamma < 0.0 else beta
        dW = eta * S + mu * dW
        w, before = w - dW, S
        path.append(w)
    return path


def quartic(w):
    return (w - 1.0) * (w - 1.0) * (w - 1.0) + 0.5 * w - 1.0


@pytest.mark.parametrize("start", [-2.0, 0.3, 2.5])
def test_quickprop_follows_the_lecture(start):
    w = named([start])
    optimizer = QuickProp(w, lr=0.1, weight_decay=0.03)
    ours = []
    for _ in range(40):
        w[0].grad = quartic(w[0].data)
        optimizer.step()
        ours.append(w[0].data)
    lecture = quickprop_of_one_weight(start, quartic, 40, decay=0.03)
    np.testing.assert_allclose(ours, lecture, rtol=1e-9)
    assert abs(quartic(ours[-1]) + 0.03 * ours[-1]) < 1e-9


def test_quickprop_jumps_to_the_minimum_of_a_parabola():
    path = follow_parabola(QuickProp, curvature=2.0, start=3.0, steps=8, lr=0.3)
    assert path[1] == pytest.approx(3.0 - 0.3 * 6.0 - 0.3 * 2.4 - 2.4 / (6.0 - 2.4) * 1.8, abs=1e-12)
    assert abs(path[-1]) < 1e-12


def follow_parabola(kind, curvature, start, steps, **options):
    w = named([start])
    optimizer = kind(w, **options)
    path = []
    for _ in range(steps):
        w[0].grad = curvature * w[0].data
        optimizer.step()
        path.append(w[0].data)
    return path


def test_read_literally_the_slides_conditions_drive_quickprop_away():
    away = quickprop_of_one_weight(1.0, lambda w: w, 60, sign=-1.0)
    assert abs(away[-1]) > 1e6
    assert abs(follow_parabola(QuickProp, 1.0, 1.0, 60)[-1]) < 1e-12


def test_on_a_straight_slope_quickprop_grows_its_steps_by_mu_max():
    w = named([0.0])
    optimizer = QuickProp(w, lr=0.1, mu_max=1.5)
    steps = []
    for _ in range(5):
        before, w[0].grad = w[0].data, 1.0
        optimizer.step()
        steps.append(before - w[0].data)
    np.testing.assert_allclose(steps[1:], [0.1 + 1.5 * step for step in steps[:-1]])


def test_quickprop_stops_where_the_gradient_has_vanished():
    w = named([1.0])
    optimizer = QuickProp(w)
    for slope in (1.0, 1.0, 0.0, 0.0, 0.0):
        w[0].grad = slope
        optimizer.step()
    stopped = w[0].data
    optimizer.step()
    assert w[0].data == stopped


# --- RProp ------------------------------------------------------------------------------------------------------------


def test_rprop_with_hold_steps_as_pytorch_does():
    theirs = follow_torch(lambda torch, w: torch.optim.Rprop([w], lr=0.02), START, GRADIENTS)
    assert_same_path(follow(lambda w: RProp(w, lr=0.02, hold=True), START, GRADIENTS), theirs)


def test_rprop_follows_the_lecture():
    """Lecture L4.12, transcribed weight by weight: the slide takes its step also where the gradient turns."""
    path = []
    w, eta, before = START.copy(), [0.02] * len(START), [0.0] * len(START)
    for g in GRADIENTS:
        for i in range(len(w)):
            S = before[i] * g[i]
            if S > 0.0:
                eta[i] = min(50.0, 1.2 * eta[i])
            elif S < 0.0:
                eta[i] = max(1e-6, 0.5 * eta[i])
            w[i] -= eta[i] * (1.0 if g[i] > 0.0 else -1.0 if g[i] < 0.0 else 0.0)
        before = g
        path.append(w.copy())
    assert_same_path(follow(lambda w: RProp(w, lr=0.02), START, GRADIENTS), np.array(path))


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(1e-150, 1e150))
def test_rprop_looks_at_signs_only(scale):
    small = [g[:3] for g in GRADIENTS[:20]]
    ours = follow(RProp, START[:3], [scale * g for g in small])
    np.testing.assert_array_equal(ours, follow(RProp, START[:3], small))


def test_rprops_steps_stay_in_their_bounds():
    w = named([0.0, 0.0])
    optimizer = RProp(w, lr=0.1, step_sizes=(0.04, 0.3))
    for t in range(30):
        w[0].grad, w[1].grad = 1.0, (-1.0) ** t
        optimizer.step()
    assert optimizer.state["step"].tolist() == [0.3, 0.04]


# --- all first-order optimisers ---------------------------------------------------------------------------------------


@every
def test_more_weights_than_a_block_are_each_moved_by_the_rule(name):
    n = 2 * first_order.WEIGHTS_OF_A_BLOCK + 3
    rng = np.random.default_rng(1)
    w, g, again = rng.normal(size=n), rng.normal(size=n), rng.normal(size=n)
    optimizer = ALL[name](named(np.zeros(n)))
    moved = optimizer.update(optimizer.update(w, g), again)
    slots = [np.zeros(n) if slot != "step" else np.full(n, optimizer.lr) for slot in optimizer.slots]
    once, *slots = optimizer.rule(w, g, *slots, *optimizer.settings(1))
    twice, *slots = optimizer.rule(once, again, *slots, *optimizer.settings(2))
    np.testing.assert_array_equal(moved, twice)
    for slot, expected in zip(optimizer.slots, slots, strict=True):
        np.testing.assert_array_equal(optimizer.state[slot], expected)


@every
def test_updating_changes_neither_weights_nor_gradient_nor_the_old_state(name):
    optimizer = ALL[name](named(START))
    w, g = START.copy(), GRADIENTS[0].copy()
    optimizer.update(w, g)
    before = {key: np.copy(part) for key, part in optimizer.state.items()}
    held = dict(optimizer.state)
    optimizer.update(w, g)
    np.testing.assert_array_equal(w, START)
    np.testing.assert_array_equal(g, GRADIENTS[0])
    for key, part in held.items():
        np.testing.assert_array_equal(part, before[key])


@every
def test_a_rule_works_on_the_floats_of_one_weight(name):
    optimizer = ALL[name](named(START))
    path = follow(ALL[name], START[:4], [g[:4] for g in GRADIENTS[:10]])
    for i in range(4):
        w = float(START[i])
        slots = [0.0 if slot != "step" else optimizer.lr for slot in optimizer.slots]
        for t, g in enumerate(GRADIENTS[:10], start=1):
            w, *slots = map(float, optimizer.rule(w, float(g[i]), *slots, *optimizer.settings(t)))
        assert w == pytest.approx(path[-1][i], rel=1e-14)


@every
def test_a_compiled_loop_takes_the_steps_of_a_rule(name):
    """The gradient of g·w by w is g, so that the loop takes the steps along given gradients."""
    pytest.importorskip("numba")
    optimizer = ALL[name](named(START))
    program = autograd.compile(
        lambda g: autograd.dot(g, optimizer.parameters), START, parameters=optimizer.parameters, backend="numba"
    )
    found = program.descend(
        np.array(GRADIENTS[:20]), order=np.arange(20), batch=1, weights=START, rule=optimizer.rule,
        slots=np.array([optimizer.state[slot] for slot in optimizer.slots]).reshape(-1, len(START)),
        settings=np.array([optimizer.settings(t) for t in range(1, 21)], dtype=float),
    )  # fmt: skip
    np.testing.assert_allclose(found.weights, follow(ALL[name], START, GRADIENTS[:20])[-1], rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from([name for name in ALL if not name.startswith("rprop")]),
    rows=st.lists(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3), min_size=2, max_size=5),
)
def test_a_rate_of_zero_leaves_the_weights(name, rows):
    start, *gradients = rows
    w = named(start)
    optimizer = ALL[name](w)
    optimizer.lr = 0.0
    for g in gradients:
        for p, slope in zip(w, g, strict=True):
            p.grad = slope
        optimizer.step()
    assert numbers(w).tolist() == start


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(list(ALL)),
    frozen=st.lists(st.booleans(), min_size=4, max_size=4),
    seed=st.integers(0, 99),
)
def test_frozen_parameters_take_no_part(name, frozen, seed):
    start, gradients = gradient_sequence(4, 6, seed)
    w = named(start)
    optimizer = ALL[name](w)

    def step(g):
        for p, slope in zip(w, g.tolist(), strict=True):
            p.grad = slope
        optimizer.step()

    step(gradients[0])
    held, state = numbers(w), dict(optimizer.state)
    for p, freeze in zip(w, frozen, strict=True):
        p.requires_grad = not freeze
    for g in gradients[1:]:
        step(g)
    free = [i for i in range(4) if not frozen[i]]
    alone = follow(ALL[name], start, gradients)[-1]
    for i in range(4):
        if frozen[i]:
            assert w[i].data == held[i]
            assert all(optimizer.state[slot][i] == state[slot][i] for slot in state if slot != "t")
    np.testing.assert_allclose(numbers(w)[free], alone[free], rtol=1e-14)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), momentum=st.sampled_from([0.0, 0.3]), share=st.floats(0.05, 0.6))
def test_below_the_largest_rate_gradient_descent_lowers_a_convex_quadratic(seed, momentum, share):
    A = positive_definite(4, seed, condition=10.0)
    objective = quadratic(A, np.ones(4), np.random.default_rng(seed).normal(size=4))
    bottom = objective.value(np.linalg.solve(A, np.ones(4)))
    optimizer = SGD(objective.parameters, lr=share * 2.0 / 10.0, momentum=momentum)
    losses = [optimizer.step(objective) for _ in range(30)]
    energy = np.array(losses) - bottom
    if momentum:
        assert energy[-1] < energy[0]
    else:
        assert (np.diff(energy) <= 1e-12 * abs(bottom)).all()


@every
def test_every_optimiser_comes_close_to_the_minimum_of_a_quadratic(name):
    """Constant steps end in a neighbourhood: all of them within a tenth of where they started."""
    A = positive_definite(3, seed=5, condition=5.0)
    objective = quadratic(A, [1.0, -1.0, 0.5], [2.0, 2.0, 2.0])
    optimizer = ALL[name](objective.parameters)
    optimizer.lr = max(optimizer.lr, 0.05)
    first = optimizer.step(objective)
    for _ in range(400):
        optimizer.step(objective)
    bottom = objective.value(np.linalg.solve(A, [1.0, -1.0, 0.5]))
    assert objective.value(numbers(objective.parameters)) - bottom < 0.1 * (first - bottom)


@every
def test_with_an_objective_the_steps_are_those_by_hand(name):
    objective = quadratic(positive_definite(3, seed=2), np.ones(3), [0.5, -1.0, 2.0])
    by_hand = named([0.5, -1.0, 2.0])
    first, second = ALL[name](objective.parameters), ALL[name](by_hand)
    for _ in range(5):
        loss, gradient = objective.value_and_gradient(numbers(by_hand))
        assert first.step(objective) == loss
        for p, slope in zip(by_hand, gradient.tolist(), strict=True):
            p.grad = slope
        assert second.step() is None
        assert numbers(by_hand).tolist() == numbers(objective.parameters).tolist()


def test_a_missing_gradient_counts_as_zero():
    w = named([1.0, 1.0])
    w[0].grad = 1.0
    SGD(w, lr=0.5).step()
    assert numbers(w).tolist() == [0.5, 1.0]


def test_with_all_parameters_frozen_nothing_is_to_do():
    w = named([1.0])
    w[0].requires_grad = False
    assert SGD(w, lr=0.5, weight_decay=0.1).step() is None
    assert w[0].data == 1.0


def test_no_gradient_at_all():
    w = named([1.0, 2.0])
    with pytest.raises(ValueError) as caught:
        SGD(w).step()
    assert str(caught.value) == (
        "SGD.step() found no gradient: none of its 2 parameters, of which the first is w0, has one. Call "
        "loss.backward() first, on a loss computed from these very parameters; those of another model are other "
        "Values."
    )


W = [Value(1.0, name="w")]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: SGD(W, -0.1), "SGD's lr must be a number from 0, not -0.1."),
        (lambda: SGD(W, math.nan), "SGD's lr must be a number from 0, not nan."),
        (lambda: SGD(W, math.inf), "SGD's lr must be a number from 0, not inf."),
        (lambda: SGD(W, momentum=1.0), "SGD's momentum must be a number from 0 to below 1, not 1."),
        (lambda: SGD(W, weight_decay=-1), "SGD's weight_decay must be a number from 0, not -1."),
        (lambda: SGD(W, l1=-1), "SGD's l1 must be a number from 0, not -1."),
        (
            lambda: SGD(W, nesterov=True),
            "SGD with nesterov=True shifts the weights by the momentum: give momentum, such as 0.9.",
        ),
        (lambda: QuickProp(W, mu_max=-1.0), "QuickProp's mu_max must be a number from 0, not -1."),
        (lambda: RProp(W, 0.0), "RProp's lr is the first step of every weight and must be positive, not 0."),
        (lambda: RProp(W, etas=(1.2, 0.5)), "RProp's etas[0] must be a number from 0 to below 1, not 1.2."),
        (lambda: RProp(W, etas=(0.5, 0.9)), "RProp's etas[1] must be a number from 1, not 0.9."),
        (lambda: RProp(W, step_sizes=(1.0, 0.1)), "RProp's step_sizes[1] must be a number from 1, not 0.1."),
    ],
)
def test_options_out_of_range(make, sentence):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == sentence


def test_no_rule_is_left_untested():
    kinds = {kind for module in (first_order, adaptive) for kind in map(module.__dict__.get, module.__all__)}
    assert kinds - {first_order.FirstOrder} == {type(make(W)) for make in ALL.values()}


@pytest.mark.parametrize(
    ("rule", "slots", "message"),
    [
        (lambda w, g, lr: w - lr * g, (), "The rule of Own must return a tuple of 1, the new weight and the 0 slot(s) "
         "that it remembers, not a ndarray: end it with `return (w,)`."),
        (lambda w, g, v, lr: (w - lr * g,), ("v",), "The rule of Own must return a tuple of 2, the new weight and the "
         "1 slot(s) that it remembers, not 1: end it with `return (w, v)`."),
    ],
)  # fmt: skip
def test_what_a_rule_returns_is_checked(rule, slots, message):
    class Own(first_order.FirstOrder):
        pass

    Own.rule, Own.slots = staticmethod(rule), slots
    w = Value(1.0, "w", parameter=True)
    optimizer = Own([w], lr=0.1)
    (w * w).backward()
    with pytest.raises(TypeError) as refusal:
        optimizer.step()
    assert str(refusal.value) == message
    assert w.data == 1.0
