"""Jacobians, Hessians and their products with vectors, by inputs and by parameters: against JAX, PyTorch and engine."""

import numpy as np
import pytest
from hypothesis import assume, given
from strategies import programs, wirings

import autograd
from autograd import (
    CompileError,
    DivisionByZeroError,
    NonFiniteGradientError,
    Value,
    dot,
    exp,
    no_grad,
    sin,
    sqrt,
    tanh,
)

W = np.array([0.3, -0.7])
X, T = np.random.default_rng(0).normal(size=(4, 2)), np.arange(4.0) + 0.5
SEEDS = np.random.default_rng(1).normal(size=(4, 2, 2))


def results(sin, exp, w, x, t):
    """Four numbers in two rows, from two weights, a vector and a number."""
    return [[sin(w[0] * x[0]) * t, w[1] ** 2 * x[1] * x[0]], [exp(w[0] * w[1]) * t * t, x[1] * 1.0]]


def compiled(backend, dtype="float64"):
    w = [Value(number, f"w[{i}]") for i, number in enumerate(W)]
    return autograd.compile(
        lambda x, t: results(sin, exp, w, x, t), X[0], 0.0, parameters=w, backend=backend, dtype=dtype
    )


@pytest.fixture(scope="session")  # a module is come back to for each backend and type
def jax_says():
    """Return what JAX has for each derivative of `results`, from one program."""
    jax = pytest.importorskip("jax", reason="JAX is the second opinion here")

    def f(w, x, t):
        return jax.numpy.array(results(jax.numpy.sin, jax.numpy.exp, w, x, t))

    @jax.jit
    def derivatives(w, x, t, seeds, along):
        each = jax.vmap(f, (None, 0, 0))
        return {
            "by parameters": jax.vmap(jax.jacobian(f), (None, 0, 0))(w, x, t),
            "by inputs": jax.vmap(jax.jacobian(f, (1, 2)), (None, 0, 0))(w, x, t),
            "hessian by parameters": jax.hessian(lambda w: each(w, x, t).sum(0))(w),
            "hessian by inputs": jax.vmap(jax.hessian(f, (1, 2)), (None, 0, 0))(w, x, t),
            "vjp": jax.vjp(each, w, x, t)[1](seeds),
            "jvp by parameters": jax.jvp(lambda w: each(w, x, t), (w,), (along,))[1],
            "jvp by inputs": jax.jvp(lambda x, t: each(w, x, t), (x, t), (x[::-1], t[::-1]))[1],
        }

    with jax.enable_x64(True):
        return derivatives(W, X, T, SEEDS, np.array([1.0, -2.0]))


class TestAgainstJax:
    @pytest.fixture
    def near(self, dtype):
        tolerance = 1e-12 if dtype == "float64" else 3e-6
        return lambda found, due: np.testing.assert_allclose(found, due, rtol=tolerance, atol=tolerance)

    def test_jacobians(self, backend, dtype, jax_says, near):
        program = compiled(backend, dtype)
        near(program.jacobian(X, T), jax_says["by parameters"])
        for found, due in zip(program.jacobian(X, T, wrt="inputs"), jax_says["by inputs"], strict=True):
            near(found, due)

    def test_hessians(self, backend, dtype, jax_says, near):
        program = compiled(backend, dtype)
        near(program.hessian(X, T, reduce="sum"), jax_says["hessian by parameters"])
        near(program.hessian(X, T), np.array(jax_says["hessian by parameters"]) / len(X))
        for row, dues in zip(program.hessian(X, T, wrt="inputs"), jax_says["hessian by inputs"], strict=True):
            for found, due in zip(row, dues, strict=True):
                near(found, due)

    def test_products(self, backend, dtype, jax_says, near):
        program = compiled(backend, dtype)
        by_w, *by_inputs = jax_says["vjp"]
        near(program.vjp(X, T, vector=SEEDS), by_w)
        for found, due in zip(program.vjp(X, T, vector=SEEDS, wrt="inputs"), by_inputs, strict=True):
            near(found, due)
        near(program.jvp(X, T, vector=[1.0, -2.0]), jax_says["jvp by parameters"])
        near(program.jvp(X, T, vector=[X[::-1], T[::-1]], wrt="inputs"), jax_says["jvp by inputs"])


def test_a_network_against_pytorch(backend):
    torch = pytest.importorskip("torch", reason="PyTorch is the second opinion here")
    generator = np.random.default_rng(3)
    A, b, x = generator.normal(size=(3, 4)), generator.normal(size=3), generator.normal(size=4)

    program = autograd.compile(
        lambda v: sum(tanh(dot(row, v)) * s for row, s in zip(A, b, strict=True)), x, backend=backend
    )
    f = lambda v: (torch.tanh(torch.tensor(A) @ v) * torch.tensor(b)).sum()  # noqa: E731
    at, along = torch.tensor(x), torch.tensor(x[::-1].copy())
    near = {"rtol": 1e-12, "atol": 1e-13}
    found = {
        "jacobian": program.jacobian(x, wrt="inputs")[0],
        "hessian": program.hessian(x, wrt="inputs")[0][0],
        "hvp": program.hvp(x, vector=[x[::-1]], wrt="inputs")[0],
    }
    np.testing.assert_allclose(found["jacobian"], torch.autograd.functional.jacobian(f, at), **near)
    np.testing.assert_allclose(found["hessian"], torch.autograd.functional.hessian(f, at), **near)
    np.testing.assert_allclose(found["hvp"], torch.autograd.functional.hvp(f, at, along)[1], **near)


@given(case=programs(steps=5) | wirings(parts=2))
def test_random_graphs_against_the_engine(backend, case):
    assume(len(case.batch[0]))
    places = tuple(range(len(case.batch)))
    try:
        due = []
        for example in zip(*case.batch, strict=True):
            numbers = [np.asarray(x).tolist() for x in example]
            with no_grad():
                due.append((autograd.jacobian(case.f, places)(*numbers), autograd.hessian(case.f, places)(*numbers)))
    except (ArithmeticError, ValueError, NonFiniteGradientError):
        assume(False)
    program = autograd.compile(case.f, *case.example, parameters=case.parameters, backend=backend)
    slopes, blocks = program.jacobian(*case.batch, wrt="inputs"), program.hessian(*case.batch, wrt="inputs")
    for i, (jacobians, hessians) in enumerate(due):
        for k in places:
            check_near(slopes[k][i], jacobians[k])
            for j in places:
                check_near(blocks[k][j][i], hessians[k][j])


def check_near(found, due):
    due = np.reshape(due, np.shape(found))
    size = np.abs(due).max(initial=1.0)
    assume(np.isfinite(size) and size < 1e8)
    np.testing.assert_allclose(found, due, rtol=1e-8, atol=1e-9 * size)


class TestShapes:
    def test_a_single_example_has_no_batch_axis(self, backend):
        program = compiled(backend)
        assert program.jacobian(X[0], T[0]).shape == (2, 2, 2)
        assert [piece.shape for piece in program.jacobian(X[0], T[0], wrt="inputs")] == [(2, 2, 2), (2, 2)]
        blocks = program.hessian(X[0], T[0], wrt="inputs")
        assert [[block.shape for block in row] for row in blocks] == [[(2, 2, 2, 2), (2, 2, 2)], [(2, 2, 2), (2, 2)]]
        assert program.jvp(X[0], T[0], vector=[X[1], T[1]], wrt="inputs").shape == (2, 2)
        by_x, by_t = program.vjp(X[0], T[0], vector=SEEDS[0], wrt="inputs")
        assert (by_x.shape, np.shape(by_t)) == ((2,), ())
        np.testing.assert_array_equal(blocks[0][0], program.hessian(X[:1], T[:1], wrt="inputs")[0][0][0])

    def test_one_number_by_one(self, backend):
        program = autograd.compile(lambda x: x**3, 0.0, backend=backend)
        assert (program.jacobian(2.0, wrt="inputs"), program.hessian(2.0, wrt="inputs")) == ([12.0], [[12.0]])
        assert program.hvp(2.0, vector=[0.5], wrt="inputs") == [6.0]
        assert program.jvp([1.0, 2.0], vector=[[1.0, 1.0]], wrt="inputs").tolist() == [3.0, 12.0]
        assert program.jacobian([1.0, 2.0]).shape == (2, 0)
        assert program.hessian([1.0, 2.0]).shape == (0, 0)

    def test_no_examples_and_no_arguments(self, backend):
        program = autograd.compile(lambda x: [x[0] * x[1]], [0.0, 0.0], backend=backend)
        none = np.zeros((0, 2))
        assert program.jacobian(none, wrt="inputs")[0].shape == (0, 1, 2)
        assert program.hessian(none, wrt="inputs")[0][0].shape == (0, 1, 2, 2)
        w = Value(3.0)
        program = autograd.compile(lambda: [w * w, w], parameters=[w], backend=backend)
        assert program.jacobian().tolist() == [[6.0], [1.0]]
        assert program.hessian().tolist() == [[[2.0]], [[0.0]]]
        assert program.jacobian(wrt="inputs") == []

    def test_no_numbers(self, backend):
        program = autograd.compile(lambda x: ([], x * x), 0.0, backend=backend)
        assert program.jacobian([1.0, 2.0], wrt="inputs")[0].shape == (2, 0)
        assert program.vjp([1.0, 2.0], vector=np.zeros((2, 0)), wrt="inputs")[0].tolist() == [0.0, 0.0]
        program = autograd.compile(lambda none: Value(1.0) * 2.0, [], backend=backend)
        assert program.hessian(np.zeros((3, 0)), wrt="inputs")[0][0].shape == (3, 0, 0)
        assert program.jvp(np.zeros((3, 0)), vector=[]).tolist() == [0.0, 0.0, 0.0]

    def test_results_that_are_plain_numbers(self, backend):
        program = autograd.compile(lambda x: [x * x, 3.0], 0.0, backend=backend)
        assert program.jacobian([1.0, 2.0], wrt="inputs")[0].tolist() == [[2.0, 0.0], [4.0, 0.0]]

    def test_the_first_of_a_tuple(self, backend):
        program = autograd.compile(lambda x: ([x * x, x], x * 5), 0.0, backend=backend)
        assert program.jacobian(3.0, wrt="inputs")[0].tolist() == [6.0, 1.0]
        program = autograd.compile(lambda x: ((x * x, x), x), 0.0, backend=backend)
        with pytest.raises(CompileError) as raised:
            program.jacobian(3.0, wrt="inputs")
        assert str(raised.value) == (
            "The first part of the function's result is a tuple, which has no one Jacobian: return what is to be "
            "differentiated as a Value or a list."
        )


class TestWhatIsGiven:
    @pytest.mark.parametrize("word", ["jacobian", "hessian"])
    def test_by_what(self, word):
        with pytest.raises(CompileError) as raised:
            getattr(compiled("numpy"), word)(X, T, wrt="x")
        assert str(raised.value) == 'wrt must be "parameters" or "inputs", not \'x\'.'

    def test_vectors(self):
        program = compiled("numpy")
        with pytest.raises(CompileError) as raised:
            program.vjp(X, T, vector=SEEDS[0])
        assert str(raised.value) == "vector must have the shape (4, 2, 2), like the result, not (2, 2)."
        with pytest.raises(CompileError) as raised:
            program.jvp(X, T, vector=[1.0])
        assert str(raised.value) == "vector must have the shape (2,), like the parameters, not (1,)."
        with pytest.raises(CompileError) as raised:
            program.jvp(X, T, vector=[X[0], T[0]], wrt="inputs")
        assert str(raised.value) == (
            "vector must hold an array for each argument, each in the shape of what is given for it."
        )

    def test_vectors_of_other_things_than_numbers(self):
        w = Value(1.0)
        program = autograd.compile(lambda x: x[0] * x[1] * w, [0.0, 0.0], parameters=[w], backend="numpy")
        for call in (program.hvp, program.jvp):
            with pytest.raises(CompileError, match=r"^vector must hold real numbers, not entries of type object"):
                call([1.0, 2.0], vector=[None])
            with pytest.raises(autograd.OperandTypeError, match=r"^vector is a masked array"):
                call([1.0, 2.0], vector=np.ma.masked_array([1.0], [True]))

    def test_nothing_is_reduced_by_inputs(self):
        with pytest.raises(CompileError) as raised:
            compiled("numpy").hessian(X, T, wrt="inputs", reduce="sum")
        assert str(raised.value) == "Each example has a Hessian of its own by its inputs: leave reduce out."

    def test_other_weights_and_last_run(self, backend):
        program = compiled(backend)
        np.testing.assert_allclose(
            program.jacobian(X, T, wrt="inputs", weights=[1.0, 2.0])[1][:, 1, 0], 2 * np.exp(2.0) * T, rtol=1e-14
        )
        assert program.at(2)[1][1].data == X[2, 1]


class TestSingularPoints:
    def test_which_example_it_was(self, backend):
        program = autograd.compile(lambda x: [x[0] * x[1], sqrt(x[0])], [0.0, 0.0], backend=backend)
        with pytest.raises(NonFiniteGradientError) as raised:
            program.jacobian([[1.0, 1.0], [0.0, 1.0]], wrt="inputs")
        assert raised.value.__notes__ == ["This happened at example 1 of the run."]
        scalar = autograd.compile(lambda x: x[1] * sqrt(x[0]), [0.0, 0.0], backend=backend)
        with pytest.raises(DivisionByZeroError) as raised:
            scalar.hessian([[1.0, 1.0], [2.0, 1.0], [0.0, 1.0]], wrt="inputs")
        assert raised.value.__notes__ == ["This happened at example 2 of the run."]

    def test_nothing_flows_from_a_weight_of_zero(self, backend):
        program = autograd.compile(lambda x: [x[0] * x[1], sqrt(x[0])], [0.0, 0.0], backend=backend)
        assert program.vjp([0.0, 3.0], vector=[1.0, 0.0], wrt="inputs")[0].tolist() == [3.0, 0.0]


def test_inside_no_grad(backend):
    """A derivative is recorded wherever it is first asked for."""
    w = Value(2.0)
    program = autograd.compile(lambda x: w**3 * x**2, 0.0, parameters=[w], backend=backend)
    with no_grad():
        assert program.hessian([1.0, 1.0]).tolist() == [[12.0]]
        assert program.hessian(3.0, wrt="inputs") == [[16.0]]
        assert program.vjp(3.0, vector=2.0).tolist() == [2 * 12.0 * 9.0]
