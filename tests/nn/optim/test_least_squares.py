"""Levenberg–Marquardt: against SciPy, the lecture's formula, and μ."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import named, network, numbers, rosenbrock, train
from scipy import optimize

from autograd import AutogradError, Value, dot, log
from nn.optim.least_squares import LevenbergMarquardt
from nn.optim.objective import Objective


def by_scipy(objective):
    """Minimise with MINPACK's own Levenberg–Marquardt."""
    return optimize.least_squares(
        objective.residuals, numbers(objective.parameters), lambda w: objective.residuals_and_jacobian(w)[1],
        method="lm", ftol=1e-15, xtol=1e-15, gtol=1e-8,
    )  # fmt: skip


def test_rosenbrock_as_scipy():
    objective = rosenbrock([-1.2, 1.0])
    theirs = by_scipy(objective)
    steps, _ = train(LevenbergMarquardt(objective.parameters), objective)
    np.testing.assert_allclose(numbers(objective.parameters), theirs.x, atol=1e-8)
    assert steps <= 2 * theirs.njev


@pytest.mark.parametrize("seed", [0, 3])
def test_a_network_as_scipy(seed):
    objective = network(seed)
    theirs = by_scipy(objective)
    steps, _ = train(LevenbergMarquardt(objective.parameters), objective, tolerance=1e-7)
    assert objective.value(numbers(objective.parameters)) == pytest.approx(theirs.cost, rel=1e-9)
    # A unit with all its weights negated, or in another place, is the same unit.
    np.testing.assert_allclose(np.sort(np.abs(numbers(objective.parameters))), np.sort(np.abs(theirs.x)), atol=1e-3)
    assert steps <= 2 * theirs.njev


def test_a_step_is_the_lectures_formula():
    """Lecture L4.17: ΔW = (JᵀJ + μ diag(JᵀJ))⁻¹Jᵀe."""
    objective = network(seed=5, hidden=2, examples=6)
    w = numbers(objective.parameters)
    e, J = objective.residuals_and_jacobian(w)
    JJ = J.T @ J
    LevenbergMarquardt(objective.parameters, mu=0.5).step(objective)
    expected = w - np.linalg.solve(JJ + 0.5 * np.diag(np.diag(JJ)), J.T @ e)
    np.testing.assert_allclose(numbers(objective.parameters), expected, rtol=1e-9)


def test_errors_counted_the_other_way_round_give_the_same_steps():
    """The slide's e = d − o; here e is usually o − d."""
    first, second = network(seed=5, hidden=2, examples=6), network(seed=5, hidden=2, examples=6)
    residuals = second._residuals
    turned = Objective.from_closure(second.parameters, residuals=lambda: [-e for e in residuals()])
    one, other = LevenbergMarquardt(first.parameters), LevenbergMarquardt(second.parameters)
    for _ in range(5):
        assert one.step(first) == pytest.approx(other.step(turned), rel=1e-13)
    np.testing.assert_allclose(numbers(first.parameters), numbers(second.parameters), rtol=1e-10)


def test_linear_errors_need_one_step():
    w = named([5.0, -3.0, 1.0])
    A = np.random.default_rng(0).normal(size=(6, 3))
    b = np.arange(6.0)
    objective = Objective.from_closure(
        w, residuals=lambda: [dot(row, w) - t for row, t in zip(A.tolist(), b.tolist(), strict=True)]
    )
    LevenbergMarquardt(w, mu=1e-14).step(objective)
    np.testing.assert_allclose(numbers(w), np.linalg.lstsq(A, b, rcond=None)[0], rtol=1e-9)


def test_errors_of_very_different_scale_are_solved_without_squaring_the_condition():
    w = named([0.0, 0.0])
    objective = Objective.from_closure(w, residuals=lambda: [w[0] + w[1] - 2.0, 1e-9 * (w[0] - w[1])])
    LevenbergMarquardt(w, mu=1e-30).step(objective)
    np.testing.assert_allclose(numbers(w), [1.0, 1.0], rtol=1e-6)


def test_weights_of_very_different_scale_are_solved_together():
    w = named([0.0, 0.0])
    objective = Objective.from_closure(w, residuals=lambda: [w[0] + 1e-20 * w[1] - 2.0, w[0] - 1e-20 * w[1]])
    LevenbergMarquardt(w, mu=1e-14).step(objective)
    np.testing.assert_allclose(numbers(w), [1.0, 1e20], rtol=1e-9)


def test_mu_shrinks_after_good_steps_and_grows_where_a_step_fails():
    objective = rosenbrock([-1.2, 1.0])
    optimizer = LevenbergMarquardt(objective.parameters, mu=1e-6)
    optimizer.step(objective)  # the bare Gauss–Newton step from here raises the error
    assert optimizer.state["mu"] > 1e-6
    train(optimizer, objective)
    grown = optimizer.state["mu"]
    objective.parameters[0].data = 0.9
    optimizer.step(objective)
    assert optimizer.state["mu"] == pytest.approx(grown / 3.0)


@settings(max_examples=30, deadline=None)
@given(start=st.lists(st.floats(-4.0, 4.0), min_size=3, max_size=3), mu=st.floats(1e-9, 1e3))
def test_the_error_never_rises(start, mu):
    objective = rosenbrock(start)
    optimizer = LevenbergMarquardt(objective.parameters, mu=mu)
    errors = []
    for _ in range(10):
        optimizer.step(objective)
        e = objective.residuals(numbers(objective.parameters))
        errors.append(float(e @ e))
    assert all(b <= a for a, b in itertools.pairwise(errors))


def test_a_weight_that_no_error_depends_on_stays():
    w = named([3.0, 7.0])
    objective = Objective.from_closure(w, residuals=lambda: [w[0] - 1.0, 2.0 * w[0] - 2.0])
    train(LevenbergMarquardt(w), objective, tolerance=1e-9)
    assert w[1].data == 7.0


def test_more_weights_than_errors():
    w = named([1.0, 2.0, 3.0])
    objective = Objective.from_closure(w, residuals=lambda: [w[0] * w[1] - w[2]])
    optimizer = LevenbergMarquardt(w)
    for _ in range(6):
        optimizer.step(objective)
    assert abs(objective.residuals(numbers(w))[0]) < 1e-10


def test_where_errors_are_undefined_the_step_is_shortened():
    w = named([5.0])
    objective = Objective.from_closure(w, residuals=lambda: [log(w[0])])  # the first bare step leads to 5 − 5·ln 5 < 0
    train(LevenbergMarquardt(w), objective, tolerance=1e-9)
    assert w[0].data == pytest.approx(1.0, abs=1e-8)


def test_at_a_minimum_with_an_error_left_it_stalls():
    w = named([0.5])
    objective = Objective.from_closure(w, residuals=lambda: [w[0] - 1.0, w[0] + 1.0])
    optimizer = LevenbergMarquardt(w)
    for _ in range(60):
        optimizer.step(objective)
    assert optimizer.stalled
    assert w[0].data == pytest.approx(0.0, abs=1e-8)
    assert optimizer.state["mu"] > 0.0


def test_the_loss_that_is_returned_is_the_objectives_own():
    w = named([3.0])
    objective = Objective.from_closure(w, lambda: (w[0] - 1.0).square() * 10.0, lambda: [w[0] - 1.0])
    optimizer = LevenbergMarquardt(w)
    assert optimizer.step(objective) == 40.0
    half = Objective.from_closure(w, residuals=lambda: [w[0] - 1.0])
    assert optimizer.step(half) == pytest.approx(0.5 * (w[0].data - 1.0) ** 2, abs=1e-5)


def test_a_rate_of_zero_leaves_the_weights():
    objective = rosenbrock([-1.2, 1.0])
    LevenbergMarquardt(objective.parameters, lr=0.0).step(objective)
    assert numbers(objective.parameters).tolist() == [-1.2, 1.0]


def test_an_objective_without_residuals():
    w = named([1.0])
    with pytest.raises(ValueError) as caught:
        LevenbergMarquardt(w).step(Objective.from_closure(w, lambda: w[0].square()))
    assert str(caught.value) == (
        "This objective has no residuals: build it with Objective.from_closure(parameters, loss, "
        "residuals=lambda: [output − target of every example])."
    )


def test_a_residual_that_is_not_finite():
    w = named([1.0])
    objective = Objective.from_closure(w, residuals=lambda: [w[0], w[0] * math.nan])
    with pytest.raises(AutogradError) as caught:
        LevenbergMarquardt(w).step(objective)
    assert str(caught.value) == (
        "LevenbergMarquardt did not step: residual 1 is nan at the present weights, which are as they were. Look for "
        "NaN in the data, or start from smaller weights."
    )
    assert w[0].data == 1.0


@pytest.mark.parametrize(
    ("mu", "sentence"),
    [
        (0.0, "LevenbergMarquardt's mu must be positive, not 0: it grows and shrinks by factors."),
        (-1.0, "LevenbergMarquardt's mu must be a number from 0, not -1."),
    ],
)
def test_options_out_of_range(mu, sentence):
    with pytest.raises(ValueError) as caught:
        LevenbergMarquardt([Value(1.0)], mu=mu)
    assert str(caught.value) == sentence
