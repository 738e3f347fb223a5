"""A program in SciPy's hands: minima, fits and roots, beside SciPy's own."""

import numpy as np
import pytest

optimize = pytest.importorskip("scipy.optimize", reason="SciPy's optimisers are what is tried")

import autograd  # noqa: E402
from autograd import CompileError, DomainError, OperandTypeError, Value, exp, log  # noqa: E402


def valley(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


@pytest.fixture(scope="module")
def rosenbrock():
    return autograd.compile(valley, [0.0, 0.0], backend="numpy")


@pytest.mark.parametrize(
    ("method", "second"),
    [("BFGS", None), ("Newton-CG", "hessp"), ("trust-ncg", "hessp"), ("trust-exact", "hess"), ("L-BFGS-B", None)],
)
def test_rosenbrock(rosenbrock, method, second):
    start = np.array([-1.2, 1.0])
    objective = rosenbrock.objective(start, wrt="inputs", second=second)
    assert objective.fun(start) == pytest.approx(optimize.rosen(start), rel=1e-15)
    np.testing.assert_allclose(objective.jac(start), optimize.rosen_der(start), rtol=1e-14)
    if second == "hess":
        np.testing.assert_allclose(objective["hess"](start), optimize.rosen_hess(start), rtol=1e-14)
    if second == "hessp":
        along = np.array([0.3, -2.0])
        np.testing.assert_allclose(objective["hessp"](start, along), optimize.rosen_hess_prod(start, along), rtol=1e-14)
    assert optimize.minimize(**objective, method=method, tol=1e-10).x == pytest.approx([1.0, 1.0], abs=1e-4)


@pytest.fixture(scope="module")
def decay():
    a, b, c = (Value(x, name) for name, x in (("a", 1.0), ("b", 1.0), ("c", 0.0)))
    return autograd.compile(lambda x, t: a * exp(-b * x) + c - t, 0.0, 0.0, parameters=[a, b, c], backend="numpy")


X = np.linspace(0.0, 4.0, 30)
T = 2.5 * np.exp(-1.3 * X) + 0.5 + 0.05 * np.random.default_rng(0).normal(size=30)


def test_a_curve_is_fitted(decay):
    due, _ = optimize.curve_fit(lambda x, a, b, c: a * np.exp(-b * x) + c, X, T, p0=[1.0, 1.0, 0.0])
    residuals = decay.residuals(X, T)
    assert residuals.jac(due).shape == (30, 3)
    assert optimize.check_grad(lambda w: residuals.fun(w)[7], lambda w: residuals.jac(w)[7], due) < 1e-6
    assert optimize.least_squares(**residuals).x == pytest.approx(due, rel=1e-5)
    assert optimize.root(**residuals, method="lm").x == pytest.approx(due, rel=1e-5)


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_the_same_curve_by_its_squares(decay, reduce):
    a, b, c = decay.parameters
    squares = autograd.compile(
        lambda x, t: (a * exp(-b * x) + c - t) ** 2, 0.0, 0.0, parameters=[a, b, c], backend="numpy"
    )
    found = optimize.minimize(**squares.objective(X, T, reduce=reduce, second="hess"), method="trust-exact").x
    assert found == pytest.approx(optimize.least_squares(**decay.residuals(X, T)).x, rel=1e-4)
    assert [p.data for p in decay.parameters] == [1.0, 1.0, 0.0]


def test_a_root():
    both = autograd.compile(lambda x, y: [x[0] ** 2 + y**2 - 4.0, x[0] - y], [0.0], 0.0, backend="numpy")
    residuals = both.residuals([1.0], 2.0, wrt="inputs")
    assert residuals.jac(np.array([3.0, 5.0])).tolist() == [[6.0, 10.0], [1.0, -1.0]]
    assert optimize.root(**residuals).x == pytest.approx([2**0.5] * 2)


def test_of_a_tuple_the_first_part_counts():
    program = autograd.compile(lambda x: ([x[0] - 1.0, x[1]], x[0]), [0.0, 0.0], backend="numpy")
    residuals = program.residuals([3.0, 4.0], wrt="inputs")
    assert residuals.fun(residuals.x0).tolist() == [2.0, 4.0]
    assert residuals.jac(residuals.x0).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    loss = autograd.compile(lambda x: (x * x, x), 0.0, backend="numpy").objective(3.0, wrt="inputs")
    assert (loss.fun(loss.x0), loss.jac(loss.x0).tolist()) == (9.0, [6.0])


def test_each_point_is_swept_once(rosenbrock, monkeypatch):
    asked = []
    sweep = type(rosenbrock.execution).sweep
    monkeypatch.setattr(type(rosenbrock.execution), "sweep", lambda *given: asked.append(given) or sweep(*given))
    objective = rosenbrock.objective([0.0, 0.0], wrt="inputs")
    x = objective.x0.copy()
    assert (objective.fun(x), objective.jac(x).tolist()) == (1.0, [-2.0, 0.0])
    x += 1.0  # an optimiser may move in place
    assert (objective.fun(x), len(asked)) == (0.0, 2)


def test_what_is_undefined_says_so():
    objective = autograd.compile(lambda x: log(x), 1.0, backend="numpy").objective(1.0, wrt="inputs")
    with pytest.raises(DomainError):
        objective.fun(np.array([-1.0]))


class TestRefusals:
    def refused(self, call):
        with pytest.raises(CompileError) as raised:
            call()
        return str(raised.value)

    def test_options(self, rosenbrock):
        assert self.refused(lambda: rosenbrock.objective([0.0, 0.0], wrt="inputs", second="hessian")) == (
            'second must be None, "hess" or "hessp", not \'hessian\'.'
        )
        assert self.refused(lambda: rosenbrock.objective([0.0, 0.0], wrt="x")).startswith("wrt must be")

    def test_several_examples(self, rosenbrock):
        assert self.refused(lambda: rosenbrock.objective(np.zeros((3, 2)), wrt="inputs")) == (
            "By its inputs a function is searched from one example: give each argument without a batch."
        )

    def test_several_numbers(self):
        program = autograd.compile(lambda x: [x, x], 0.0, backend="numpy")
        assert self.refused(lambda: program.objective(1.0, wrt="inputs")).startswith("The function gives several")

    def test_no_parameters(self, rosenbrock):
        for search in (rosenbrock.objective, rosenbrock.residuals):
            assert self.refused(lambda search=search: search([0.0, 0.0])) == (
                'The program has no parameters. To search by x, give wrt="inputs" and where to start.'
            )

    def test_a_mask_is_not_ignored(self, decay):
        with pytest.raises(OperandTypeError, match=r"^x is a masked array"):
            decay.residuals(np.ma.masked_array(X, X > 3.0), T).fun([1.0, 1.0, 0.0])

    def test_data_that_do_not_fit(self, decay):
        assert self.refused(lambda: decay.residuals(X)) == "The program takes 2 array(s) (x, t), not 1."


def test_what_it_prints(rosenbrock):
    assert repr(rosenbrock.objective([0.0, 0.0], wrt="inputs", second="hess")).startswith(
        "<Objective of 2 unknowns: fun, jac, hess, x0, <Program(x[2])"
    )
