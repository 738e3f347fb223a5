"""Conjugate gradients, BFGS, L-BFGS and Newton: against SciPy, on quadratics, and where the curvature is difficult."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import named, network, numbers, positive_definite, quadratic, rosenbrock, train
from scipy import optimize

from autograd import AutogradError, Value, dot, log
from nn.optim.objective import Objective
from nn.optim.second_order import BFGS, LBFGS, ConjugateGradients, Newton


def fletcher_reeves(w, **options):
    return ConjugateGradients(w, method="fletcher-reeves", **options)


def polak_ribiere(w, **options):
    return ConjugateGradients(w, method="polak-ribiere", **options)


#: Each method with its relative in SciPy, and by how much its evaluations may exceed the relative's.
METHODS = {
    "fletcher-reeves": (fletcher_reeves, "CG", 1.6),
    "polak-ribiere": (polak_ribiere, "CG", 1.6),
    "bfgs": (BFGS, "BFGS", 1.5),
    "lbfgs": (LBFGS, "L-BFGS-B", 1.5),
    "newton": (Newton, "trust-exact", 2.5),
}
every = pytest.mark.parametrize("name", METHODS)


def by_scipy(objective, method, tolerance):
    """Minimise with SciPy; give its result, whose `nfev` counts evaluations of loss and gradient."""
    options = {"gtol": tolerance} | ({"ftol": 1e-30} if method == "L-BFGS-B" else {})
    hessian = objective.hessian if method == "trust-exact" else None
    start = numbers(objective.parameters)
    return optimize.minimize(
        objective.value_and_gradient, start, jac=True, method=method, hess=hessian, options=options
    )


@every
@pytest.mark.parametrize("start", [[-1.2, 1.0], [-1.2, 1.0, -1.2], [2.0, 3.0, -0.5]])
def test_rosenbrock_as_scipy(name, start):
    make, method, margin = METHODS[name]
    objective = rosenbrock(start)
    theirs = by_scipy(objective, method, 1e-8)
    objective.evaluations = 0
    _, evaluations = train(make(objective.parameters), objective)
    np.testing.assert_allclose(numbers(objective.parameters), np.ones(len(start)), atol=1e-7)
    np.testing.assert_allclose(theirs.x, np.ones(len(start)), atol=1e-4)
    hessians = 2 if name == "newton" else 1  # each Hessian is an evaluation of its own
    assert evaluations <= hessians * margin * theirs.nfev + 5


@every
@pytest.mark.parametrize("seed", [0, 3])
def test_a_network_as_scipy(name, seed):
    make, method, margin = METHODS[name]
    objective = network(seed)
    theirs = by_scipy(objective, method, 1e-7)
    objective.evaluations = 0
    _, evaluations = train(make(objective.parameters), objective, tolerance=1e-7)
    assert objective.value(numbers(objective.parameters)) == pytest.approx(theirs.fun, rel=1e-9)
    # A unit with all its weights negated, or in another place, is the same unit.
    np.testing.assert_allclose(np.sort(np.abs(numbers(objective.parameters))), np.sort(np.abs(theirs.x)), atol=1e-3)
    hessians = 2 if name == "newton" else 1
    assert evaluations <= hessians * margin * theirs.nfev + 5


# --- quadratics -------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 1000), search=st.booleans())
def test_newton_reaches_the_minimum_of_a_quadratic_in_one_step(n, seed, search):
    A, b = positive_definite(n, seed), np.random.default_rng(seed).normal(size=n)
    objective = quadratic(A, b, 10.0 * np.ones(n))
    Newton(objective.parameters, line_search=search).step(objective)
    np.testing.assert_allclose(numbers(objective.parameters), np.linalg.solve(A, b), rtol=1e-9, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 1000), make=st.sampled_from([fletcher_reeves, polak_ribiere]))
def test_conjugate_gradients_reach_the_minimum_of_n_weights_in_n_steps(n, seed, make):
    A, b = positive_definite(n, seed, condition=30.0), np.random.default_rng(seed).normal(size=n)
    objective = quadratic(A, b, 3.0 * np.ones(n))
    optimizer = make(objective.parameters, c1=1e-12, c2=1e-10)
    for _ in range(n):
        optimizer.step(objective)
    np.testing.assert_allclose(numbers(objective.parameters), np.linalg.solve(A, b), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("make", [fletcher_reeves, polak_ribiere])
def test_directions_are_conjugate_and_reset_every_n_cycles(make):
    A = positive_definite(4, seed=3, condition=20.0)
    objective = quadratic(A, np.ones(4), np.array([2.0, -1.0, 3.0, 0.5]))
    optimizer = make(objective.parameters, reset_every=3, c1=1e-12, c2=1e-9)
    directions, gradients = [], []
    for _ in range(4):
        gradients.append(objective.value_and_gradient(numbers(objective.parameters))[1])
        optimizer.step(objective)
        directions.append(optimizer.state["p"])
    for i in range(3):
        for j in range(i):
            size = math.sqrt((directions[i] @ A @ directions[i]) * (directions[j] @ A @ directions[j]))
            assert abs(directions[i] @ A @ directions[j]) < 1e-6 * size
    np.testing.assert_array_equal(directions[0], gradients[0])
    np.testing.assert_array_equal(directions[3], gradients[3])
    assert not np.allclose(directions[2], gradients[2])


@pytest.mark.parametrize(("make", "upper"), [(fletcher_reeves, False), (polak_ribiere, True)])
def test_the_conjugate_direction_is_the_lectures(make, upper):
    """Lecture L4.13: p = ∇E + βp, on a loss that is no quadratic."""
    objective = rosenbrock([-1.2, 1.0, 0.3])
    optimizer = make(objective.parameters)
    before = objective.value_and_gradient(numbers(objective.parameters))[1]
    optimizer.step(objective)
    after = objective.value_and_gradient(numbers(objective.parameters))[1]
    optimizer.step(objective)
    beta = after @ (after - before) / (before @ before) if upper else after @ after / (before @ before)
    np.testing.assert_allclose(optimizer.state["p"], after + max(0.0, beta) * before, rtol=1e-12)


def test_a_negative_beta_of_polak_ribiere_resets_the_direction():
    objective = quadratic(np.diag([1.0, 2.0]), [0.0, 0.0], [1.0, 1.0])
    optimizer = polak_ribiere(objective.parameters)
    gradient = np.array([1.0, 2.0])
    optimizer.state = {"p": np.array([5.0, 1.0]), "g": 2.0 * gradient, "cycle": 1, "fall": 0.0}
    optimizer.step(objective)
    assert optimizer.state["p"].tolist() == gradient.tolist()


def test_bfgs_starts_from_the_size_of_the_first_change():
    """The directions across s and r have the curvature rᵀr/sᵀr after the first step."""
    objective = rosenbrock([-1.2, 1.0, 0.3])
    optimizer = BFGS(objective.parameters)
    before = numbers(objective.parameters)
    optimizer.step(objective)
    after = numbers(objective.parameters)
    s, r = after - before, np.subtract(*(objective.value_and_gradient(w)[1] for w in (after, before)))
    across = np.cross(s, r)
    np.testing.assert_allclose(optimizer.state["V"] @ across, (s @ r) / (r @ r) * across, rtol=1e-9)


def test_bfgs_learns_the_inverse_hessian():
    A = positive_definite(5, seed=8, condition=50.0)
    objective = quadratic(A, np.arange(5.0), np.ones(5))
    optimizer = BFGS(objective.parameters, c1=1e-12, c2=1e-10)
    for _ in range(5):
        optimizer.step(objective)
    np.testing.assert_allclose(optimizer.state["V"], np.linalg.inv(A), atol=1e-6)


def test_the_update_of_bfgs_satisfies_the_secant_equation():
    objective = rosenbrock([-1.2, 1.0, 0.3])
    optimizer = BFGS(objective.parameters)
    for _ in range(6):
        before = numbers(objective.parameters)
        optimizer.step(objective)
        after = numbers(objective.parameters)
        s = after - before
        r = objective.value_and_gradient(after)[1] - objective.value_and_gradient(before)[1]
        V = optimizer.state["V"]
        np.testing.assert_allclose(V @ r, s, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(V, V.T, atol=1e-12)
        assert (np.linalg.eigvalsh(V) > 0.0).all()


def test_the_two_loops_of_lbfgs_multiply_by_the_matrix_of_bfgs():
    objective = rosenbrock([-1.2, 1.0, 0.3, 2.0])
    optimizer = LBFGS(objective.parameters, history_size=3)
    for _ in range(7):
        optimizer.step(objective)
    s, r = optimizer.state["s"], optimizer.state["r"]
    assert s.shape == r.shape == (3, 4)
    V = np.eye(4) * (s[-1] @ r[-1]) / (r[-1] @ r[-1])
    for si, ri in zip(s, r, strict=True):
        left = np.eye(4) - np.outer(si, ri) / (si @ ri)
        V = left @ V @ left.T + np.outer(si, si) / (si @ ri)
    before = numbers(objective.parameters)
    gradient = objective.value_and_gradient(before)[1]
    optimizer.step(objective)
    step = numbers(objective.parameters) - before
    along = step @ (-V @ gradient) / np.linalg.norm(step) / np.linalg.norm(V @ gradient)
    assert along == pytest.approx(1.0, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(list(METHODS)),
    start=st.lists(st.floats(-3.0, 3.0), min_size=3, max_size=3),
)
def test_every_step_lowers_the_loss(name, start):
    objective = rosenbrock(start)
    optimizer = METHODS[name][0](objective.parameters)
    losses = [optimizer.step(objective) for _ in range(12)]
    noise = 1e-14 * abs(losses[0])
    assert all(b <= a + noise for a, b in itertools.pairwise(losses))


@every
def test_a_rate_of_zero_leaves_the_weights(name):
    objective = rosenbrock([-1.2, 1.0])
    optimizer = METHODS[name][0](objective.parameters, lr=0.0)
    assert optimizer.step(objective) == pytest.approx(24.2)
    assert numbers(objective.parameters).tolist() == [-1.2, 1.0]


@every
def test_at_the_minimum_nothing_moves_and_stalled_says_so(name):
    objective = rosenbrock([1.0, 1.0])
    optimizer = METHODS[name][0](objective.parameters)
    assert optimizer.step(objective) == 0.0
    assert optimizer.stalled
    assert numbers(objective.parameters).tolist() == [1.0, 1.0]
    objective.parameters[0].data = 0.0
    optimizer.step(objective)
    assert not optimizer.stalled


def test_what_the_search_computed_last_is_not_computed_again():
    objective = quadratic(np.eye(2), [0.0, 0.0], [0.5, 0.25])
    optimizer = BFGS(objective.parameters)
    optimizer.step(objective)
    after_one = objective.evaluations
    optimizer.step(objective)
    assert objective.evaluations <= after_one + 1
    objective.parameters[0].data = 5.0  # weights that were assigned in between are looked at anew
    before = objective.evaluations
    assert optimizer.step(objective) == pytest.approx(12.5, abs=1e-6)
    assert objective.evaluations > before + 1


def test_a_parameter_that_is_unfrozen_moves_in_the_next_step():
    objective = rosenbrock([-1.2, 1.0])
    w = objective.parameters
    w[0].requires_grad = False
    optimizer = BFGS(w)
    while not optimizer.stalled:
        optimizer.step(objective)
    assert numbers(w) == pytest.approx([-1.2, 1.44])
    w[0].requires_grad = True
    optimizer.step(objective)
    assert w[0].data != -1.2


def test_at_the_minimum_what_was_learned_is_kept():
    objective = rosenbrock([-1.2, 1.0])
    optimizer = BFGS(objective.parameters)
    while not optimizer.stalled:
        V = optimizer.state["V"]
        optimizer.step(objective)
    assert optimizer.state["V"] is V
    np.testing.assert_allclose(V, np.linalg.inv(objective.hessian(np.ones(2))), rtol=0.1)


@every
def test_at_a_known_minimum_nothing_is_searched_again(name):
    objective = quadratic(np.eye(2), [1.0, 2.0], [1.0, 2.0])
    optimizer = METHODS[name][0](objective.parameters)
    optimizer.step(objective)
    before = objective.evaluations
    assert optimizer.step(objective) == -2.5
    assert objective.evaluations == before


@every
def test_where_the_loss_is_undefined_the_search_turns_back(name):
    w = named([1e-3, 4.0])
    objective = Objective.from_closure(w, lambda: w[0] - log(w[0]) + (w[1] - w[0]).square())
    train(METHODS[name][0](w), objective, steps=60, tolerance=1e-7)
    np.testing.assert_allclose(numbers(w), [1.0, 1.0], atol=1e-6)


@every
def test_a_parameter_that_the_loss_does_not_depend_on_stays(name):
    w = named([3.0, 7.0])
    objective = Objective.from_closure(w, lambda: (w[0] - 1.0).square())
    train(METHODS[name][0](w), objective, tolerance=1e-9)
    assert w[1].data == 7.0
    assert w[0].data == pytest.approx(1.0, abs=1e-8)


# --- Newton where the Hessian is not positive definite ----------------------------------------------------------------


def saddle():
    w = named([0.1, 1.0])
    return Objective.from_closure(w, lambda: w[0].square().square() - w[0].square() + w[1].square())


def test_newton_leaves_a_saddle_where_the_bare_formula_runs_into_it():
    objective = saddle()
    train(Newton(objective.parameters), objective)
    assert abs(objective.parameters[0].data) == pytest.approx(math.sqrt(0.5), abs=1e-8)
    w = np.array([0.1, 1.0])
    for _ in range(10):
        w = w - np.linalg.solve(saddle().hessian(w), saddle().value_and_gradient(w)[1])
    np.testing.assert_allclose(w, 0.0, atol=1e-9)


def test_newton_turns_negative_curvature_over():
    objective = quadratic(np.diag([-2.0, 4.0]), [0.0, 0.0], [1.0, 1.0])
    Newton(objective.parameters, line_search=False).step(objective)
    np.testing.assert_allclose(numbers(objective.parameters), [2.0, 0.0], atol=1e-12)


def test_newton_with_a_singular_hessian():
    w = named([3.0, -1.0, 2.0])
    objective = Objective.from_closure(w, lambda: (dot([1.0, 2.0, -1.0], w) - 4.0).square())
    assert np.linalg.matrix_rank(objective.hessian(numbers(w))) == 1
    Newton(w).step(objective)
    assert objective.value(numbers(w)) < 1e-20
    shift = numbers(w) - [3.0, -1.0, 2.0]
    np.testing.assert_allclose(shift, np.array([1.0, 2.0, -1.0]) * shift[0], atol=1e-6)


def test_newton_without_any_curvature_goes_down_the_gradient():
    w = named([0.5, 0.5])
    objective = Objective.from_closure(w, lambda: 3.0 * w[0] + w[1])
    Newton(w, line_search=False, lr=0.1).step(objective)
    np.testing.assert_allclose(numbers(w), [0.2, 0.4])


def test_newton_without_a_search_takes_the_whole_step():
    objective = rosenbrock([-1.2, 1.0])
    w = numbers(objective.parameters)
    expected = w - np.linalg.solve(objective.hessian(w), objective.value_and_gradient(w)[1])
    Newton(objective.parameters, line_search=False).step(objective)
    np.testing.assert_allclose(numbers(objective.parameters), expected, rtol=1e-10)


def test_newton_without_a_search_does_not_step_out_of_the_domain():
    w = named([3.0])
    objective = Objective.from_closure(w, lambda: w[0] - log(w[0]))
    with pytest.raises(ValueError, match="log"):
        Newton(w, line_search=False).step(objective)
    assert w[0].data == 3.0


# --- errors -----------------------------------------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_at_the_present_weights():
    w = named([1.0])
    objective = Objective.from_closure(w, lambda: w[0] * Value(math.inf, requires_grad=False))
    for kind in (BFGS, Newton):
        with pytest.raises(AutogradError) as caught:
            kind(w).step(objective)
        assert str(caught.value) == (
            f"{kind.__name__} did not step: the loss is inf at the present weights, which are as they were. Look for "
            "NaN in the data, or start from smaller weights."
        )
    assert w[0].data == 1.0


W = [Value(1.0, name="w")]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: BFGS(W, -1.0), "BFGS's lr must be a number from 0, not -1."),
        (lambda: BFGS(W, c2=1.0), "BFGS's c2 must be a number from 0 to below 1, not 1."),
        (lambda: BFGS(W, c1=0.95), "BFGS's c1 must be a number from 0 to below 0.9, not 0.95."),
        (lambda: LBFGS(W, history_size=0), "LBFGS's history_size must be a whole number from 1, not 0."),
        (lambda: Newton(W, damping=1.0), "Newton's damping must be a number from 0 to below 1, not 1."),
        (
            lambda: ConjugateGradients(W, method="hestenes-stiefel"),
            "ConjugateGradients knows the methods 'fletcher-reeves' and 'polak-ribiere', not 'hestenes-stiefel'.",
        ),
        (
            lambda: ConjugateGradients(W, reset_every=0),
            "ConjugateGradients's reset_every must be a whole number from 1, not 0.",
        ),
    ],
)
def test_options_out_of_range(make, sentence):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == sentence
