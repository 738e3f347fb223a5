"""Second derivatives by the parameters: against the engine, closed forms, JAX and PyTorch."""

import numpy as np
import pytest
from eager import lifted
from hypothesis import assume, given
from strategies import programs, wirings

import autograd
import nn
from autograd import (
    CompileError,
    DivisionByZeroError,
    NonFiniteGradientError,
    Value,
    exp,
    gradients,
    hypot,
    relu,
    sin,
    sqrt,
    square,
    tanh,
    where,
)
from autograd.compiler import execution
from autograd.compiler.instructions import MatrixProduct


def eager_hessian(f, batch, parameters):
    """Sum the engine's second derivatives over the examples; also the size of what is summed."""
    n = len(parameters)
    found, size = np.zeros((n, n)), 0.0
    for example in zip(*batch, strict=True):
        y = f(*(lifted(np.asarray(x)) for x in example))
        slopes = gradients(y, parameters, create_graph=True)
        one = np.array([gradients(slope, parameters) for slope in slopes]).reshape(n, n)
        found += one
        size += np.abs(one).max(initial=0.0)
    return found, size


@given(case=programs(steps=5) | wirings(parts=2))
def test_hessian_and_hvp_of_random_graphs(backend, case):
    assume(0 < len(case.parameters) <= 12 and len(case.batch[0]))
    parameters = list(case.parameters)
    try:
        due, size = eager_hessian(case.f, case.batch, parameters)
    except (ArithmeticError, ValueError, NonFiniteGradientError):
        assume(False)
    assume(np.isfinite(due).all() and size < 1e6)
    program = autograd.compile(case.f, *case.example, parameters=parameters, backend=backend)
    near = {"rtol": 1e-9, "atol": 1e-10 * max(1.0, size)}
    found = program.hessian(*case.batch, reduce="sum")
    np.testing.assert_allclose(found, due, **near)
    np.testing.assert_allclose(found, found.T, **near)
    vector = np.linspace(-1.0, 2.0, len(parameters))
    np.testing.assert_allclose(program.hvp(*case.batch, vector=vector, reduce="sum"), due @ vector, **near)
    np.testing.assert_allclose(program.hvp(*case.batch, vector=vector) * len(case.batch[0]), due @ vector, **near)


def test_closed_form(backend, dtype):
    """f = exp(a)·x + sin(b)·x²: the Hessian is diag(exp(a)·x, −sin(b)·x²)."""
    a, b = Value(0.5, "a"), Value(1.25, "b")
    program = autograd.compile(
        lambda x: exp(a) * x + sin(b) * square(x), 0.0, parameters=[a, b], backend=backend, dtype=dtype
    )
    X = np.array([1.0, 2.0, -1.0])
    due = np.diag([np.exp(0.5) * X.sum(), -np.sin(1.25) * (X**2).sum()])
    tolerance = {"rtol": 20 * float(np.finfo(dtype).eps), "atol": 1e-6 if dtype == "float32" else 1e-14}
    np.testing.assert_allclose(program.hessian(X, reduce="sum"), due, **tolerance)
    np.testing.assert_allclose(program.hessian(X), due / 3, **tolerance)
    np.testing.assert_allclose(program.hvp(X, vector=[2.0, 1.0], reduce="sum"), due @ [2.0, 1.0], **tolerance)
    a.data = 0.0
    np.testing.assert_allclose(program.hessian(X, reduce="sum")[0, 0], 2.0, **tolerance)
    np.testing.assert_allclose(program.hessian(X, reduce="sum", weights=[1.0, 1.25])[0, 0], 2 * np.e, **tolerance)


def test_large_batches_and_threads(backend, monkeypatch):
    model = nn.MLP(2, [3, 1], activation="tanh", seed=0)

    def f(x):
        return square(model(x)[0])

    X = np.random.default_rng(0).normal(size=(50, 2))
    whole = autograd.compile(f, X[0], parameters=model.parameters(), backend=backend)
    due = whole.hessian(X)
    monkeypatch.setattr(execution, "CACHE", 1)
    parts = autograd.compile(f, X[0], parameters=model.parameters(), backend=backend, threads=2)
    np.testing.assert_allclose(parts.hessian(X), due, rtol=1e-10, atol=1e-13)


def test_rates_along_weights_are_products_of_matrices(backend):
    """A sweep alone would have a row for each weight, with a column for each example."""
    model = nn.MLP(5, [20, 10, 1], activation="tanh", seed=0)
    program = autograd.compile(lambda x: square(model(x)[0]), [0.0] * 5, parameters=model.parameters(), backend=backend)
    layout = program._second.execution.layout
    assert [(each.n, each.k) for each in layout.batched if isinstance(each, MatrixProduct)][-2:] == [(10, 40), (1, 20)]
    assert layout.batched_rows < len(program.parameters)


def test_at_a_kink(backend):
    w = Value(2.0)
    program = autograd.compile(lambda x: square(relu(w * x)), 0.0, parameters=[w], backend=backend)
    assert program.hessian([3.0, 0.0, -3.0], reduce="sum").tolist() == [[18.0]]


NONE = "there is no second derivative, or it is beyond the floats on the way"

#: Functions of two parameters and c = 0 at singular points: the Hessian, or that there is none.
SINGULAR = {
    "hypot": (lambda p, c: hypot(*p), (0.0, 0.0), NONE),
    "hypot at signed zeros": (lambda p, c: hypot(*p), (-0.0, 0.0), NONE),
    "hypot squared": (lambda p, c: hypot(*p) ** 2, (0.0, 0.0), NONE),
    "square of hypot": (lambda p, c: square(hypot(*p)) * exp(p[0]), (0.0, 0.0), NONE),
    "hypot near the cusp": (lambda p, c: hypot(*p) ** 2, (1e-170, 1e-170), [[2.0, 0.0], [0.0, 2.0]]),
    "hypot of tiny numbers": (lambda p, c: hypot(*p) * p[0], (5e-324, 5e-324), NONE),  # 1/h is beyond the floats
    "written out": (lambda p, c: p[0] * p[0] + p[1] * p[1], (0.0, 0.0), [[2.0, 0.0], [0.0, 2.0]]),
    "a branch not taken": (lambda p, c: where(p[0] > 0, hypot(*p), p[0] * p[1]), (0.0, 0.0), [[0.0, 1.0], [1.0, 0.0]]),
    "a branch taken": (lambda p, c: where(p[0] > -1, hypot(*p), p[0] * p[1]), (0.0, 0.0), NONE),
    "cut off": (lambda p, c: relu(-hypot(*p) - 1.0) + p[0] * p[1], (0.0, 0.0), [[0.0, 1.0], [1.0, 0.0]]),
    "a factor given as 0": (lambda p, c: c * hypot(*p) + p[0] ** 2, (0.0, 0.0), [[2.0, 0.0], [0.0, 0.0]]),
    "0 times it": (lambda p, c: -(0.0 * hypot(*p)) + p[0] ** 2, (0.0, 0.0), [[2.0, 0.0], [0.0, 0.0]]),
    "x^y at (0, 1)": (lambda p, c: p[0] ** p[1], (0.0, 1.0), NONE),
    "x^y at (−0, 1)": (lambda p, c: p[0] ** p[1], (-0.0, 1.0), NONE),
    "x^y at (0, 0)": (lambda p, c: p[0] ** p[1], (0.0, 0.0), NONE),
    "x^y at (0, ½)": (lambda p, c: p[0] ** p[1], (0.0, 0.5), NONE),
    "x^y at (0, 2)": (lambda p, c: p[0] ** p[1], (0.0, 2.0), [[2.0, 0.0], [0.0, 0.0]]),
    "x^y at (0, 3)": (lambda p, c: p[0] ** p[1], (0.0, 3.0), [[0.0, 0.0], [0.0, 0.0]]),
    "x^y at (tiny, 0)": (lambda p, c: p[0] ** p[1], (1e-300, 0.0), [[0.0, 1e300], [1e300, np.log(1e-300) ** 2]]),
    "x^y at (tinier, 0)": (lambda p, c: p[0] ** p[1], (1e-309, 0.0), NONE),
    "x^y at (1, 0)": (lambda p, c: p[0] ** p[1], (1.0, 0.0), [[0.0, 1.0], [1.0, 0.0]]),
    "x^y left of 0": (lambda p, c: p[0] ** p[1], (-2.0, 3.0), NONE),
    "x^c left of 0": (lambda p, c: p[0] ** (c + 3.0) + p[1] ** 0, (-2.0, 0.0), [[-12.0, 0.0], [0.0, 0.0]]),
    "x¹": (lambda p, c: p[0] ** 1.0 * p[1] + p[1] ** 0.0, (0.0, 0.0), [[0.0, 1.0], [1.0, 0.0]]),
}  # fmt: skip
#: Where a Hessian that is itself compiled has no number on a branch that is not taken.
REFUSED_INSIDE = {"a branch not taken", "cut off", "x^y at (tiny, 0)"}


@pytest.mark.parametrize("name", SINGULAR)
def test_singular_points(backend, name):
    """The engine, programs, and Hessians that are compiled give the same second derivatives, or refuse them."""
    f, at, due = SINGULAR[name]
    p = [Value(x, f"p[{i}]") for i, x in enumerate(at)]
    program = autograd.compile(lambda c: f(p, c), 1.0, parameters=p, backend=backend)
    ways = (
        lambda: autograd.hessian(lambda v: f(v, 0.0))(list(at)),
        lambda: autograd.jacobian(autograd.grad(lambda v: f(v, 0.0)))(list(at)),
        lambda: program.hessian([0.0]).tolist(),
    )
    refused = (NonFiniteGradientError, autograd.DomainError, autograd.ValueOverflowError)
    for way in ways:
        if due is NONE:
            with pytest.raises(refused):
                way()
        else:
            np.testing.assert_allclose(way(), due, rtol=1e-13, atol=1e-300)
    inside = autograd.compile(autograd.hessian(lambda v: f(v, 0.0)), [0.5, 0.5], backend=backend)
    if due is NONE or name in REFUSED_INSIDE:
        with pytest.raises(refused):
            inside(list(at))
    else:
        np.testing.assert_allclose(inside(list(at)), due, rtol=1e-13, atol=1e-300)


@pytest.mark.xfail(reason="the slope 0.5/√0 is computed as a number of the second program", raises=DivisionByZeroError)
def test_nothing_flows_from_a_zero_adjoint(backend):
    """x·√w at w = 0: where x = 0 the engine's second derivative is 0, for nothing flows into the root."""
    w = Value(0.0, "w")

    def f(x):
        return x * sqrt(w)

    assert eager_hessian(f, ([0.0],), [w])[0].tolist() == [[0.0]]
    assert autograd.compile(f, 0.0, parameters=[w], backend=backend).hessian([0.0]).tolist() == [[0.0]]


def test_a_vector_that_does_not_fit(backend):
    w = Value(2.0)
    program = autograd.compile(lambda x: square(w) * x, 0.0, parameters=[w], backend=backend)
    for vector, shape in (([1.0, 2.0], "(2,)"), (1.0, "()"), ([[1.0]], "(1, 1)")):
        with pytest.raises(CompileError) as raised:
            program.hvp([1.0], vector=vector)
        assert str(raised.value) == f"vector must have one number for each of the 1 parameters, not shape {shape}."
    several = autograd.compile(lambda x: [w * x], 0.0, parameters=[w], backend=backend)
    with pytest.raises(CompileError, match=r"^The function gives several numbers, so it has no one gradient"):
        several.hvp([1.0], vector=[1.0])


WEIGHTS = np.random.default_rng(7).normal(size=13) * 0.5
X, T = np.random.default_rng(8).normal(size=(6, 3)), np.random.default_rng(9).normal(size=6)


def network(w, x, t, tanh):
    """Half the squared error of 2 hidden neurons of 3 inputs and an output, for numbers or columns of any kind."""
    hidden = [tanh(w[4 * i] * x[0] + w[4 * i + 1] * x[1] + w[4 * i + 2] * x[2] + w[4 * i + 3]) for i in range(2)]
    return (w[8] * hidden[0] + w[9] * hidden[1] + w[10] * hidden[0] * hidden[1] + w[11] * w[12] - t) ** 2 * 0.5


def check_network(due, backend, dtype, tolerance):
    w = [Value(number, f"w[{i}]") for i, number in enumerate(WEIGHTS)]
    program = autograd.compile(
        lambda x, t: network(w, x, t, tanh), X[0], 0.0, parameters=w, backend=backend, dtype=dtype
    )
    np.testing.assert_allclose(program.hessian(X, T, reduce="sum"), due, rtol=tolerance, atol=tolerance)


@pytest.fixture(scope="session")  # a module is come back to for each backend and type
def jax_hessian():
    jax = pytest.importorskip("jax", reason="JAX is the second opinion here")
    with jax.enable_x64(True):
        return np.asarray(jax.jit(jax.hessian(lambda w: network(w, X.T, T, jax.numpy.tanh).sum()))(WEIGHTS))


def test_a_network_against_jax(jax_hessian, backend, dtype):
    check_network(jax_hessian, backend, dtype, 1e-12 if dtype == "float64" else 2e-5)


def test_a_network_against_pytorch(backend):
    torch = pytest.importorskip("torch", reason="PyTorch is the second opinion here")
    columns, targets = torch.tensor(X.T), torch.tensor(T)
    due = torch.autograd.functional.hessian(
        lambda w: network(w, columns, targets, torch.tanh).sum(), torch.tensor(WEIGHTS)
    )
    check_network(due.numpy(), backend, "float64", 1e-12)
