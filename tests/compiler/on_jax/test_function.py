"""`program.function`: a pure function, which JAX differentiates by the program's own sweep."""

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the JAX backend is the extra 'jax'")

import autograd  # noqa: E402
import nn  # noqa: E402
from autograd import CompileError, Value, abs, hypot, maximum, relu, sqrt, total  # noqa: A004, E402
from autograd.compiler.exchange import methods  # noqa: E402

jnp = jax.numpy


@pytest.fixture(autouse=True)
def _in_double():
    with jax.enable_x64(True):
        yield


def test_it_is_the_program():
    model = nn.MLP(3, [4, 2], activation="tanh", seed=1)
    program = autograd.compile(
        lambda x, t: nn.mse(model(x), t), [0.0] * 3, [0.0] * 2, parameters=model.parameters(), backend="numpy"
    )
    rng = np.random.default_rng(0)
    X, T, w = rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), program.weights()
    f = program.function
    value, gradient = program.value_and_grad(X, T)
    whole = lambda w: f(w, X, T).mean()  # noqa: E731
    by_example = lambda w: jax.vmap(f, (None, 0, 0))(w, X, T).mean()  # noqa: E731
    for mean in (whole, by_example):
        found, slopes = jax.jit(jax.value_and_grad(mean))(w)
        assert float(found) == pytest.approx(value, rel=1e-14)
        np.testing.assert_allclose(slopes, gradient, rtol=1e-12, atol=1e-15)
    each = jax.jit(jax.vmap(jax.grad(f), (None, 0, 0)))
    np.testing.assert_allclose(each(w, X, T), program.gradients(X, T), rtol=1e-12)
    [by_x, by_t] = program.value_and_grad(X[0], T[0], wrt="inputs")[1]
    found = jax.jit(jax.grad(f, argnums=(1, 2)))(w, X[0], T[0])
    np.testing.assert_allclose(found[0], by_x, rtol=1e-12)
    np.testing.assert_allclose(found[1], by_t, rtol=1e-12)
    due = program.hessian(X, T)
    np.testing.assert_allclose(jax.jit(jax.hessian(whole))(w), due, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(jax.jit(jax.jacrev(jax.grad(whole)))(w), due, rtol=1e-10, atol=1e-13)


def slope(f, *point):
    """Differentiate a compiled function at a point, by its inputs, with JAX."""
    program = autograd.compile(f, *point, backend="numpy")
    slopes = jax.jit(jax.grad(program.function, argnums=tuple(range(1, 1 + len(point)))))
    return tuple(map(float, slopes(jnp.zeros(0), *point)))


@pytest.mark.parametrize(
    ("f", "point", "due"),
    [
        (relu, (0.0,), (0.0,)),
        (abs, (0.0,), (0.0,)),
        (maximum, (1.0, 1.0), (0.5, 0.5)),
        (lambda x, y: autograd.largest([x, y, x]), (2.0, 2.0), (2 / 3, 1 / 3)),
        (hypot, (0.0, 0.0), (0.0, 0.0)),
        (lambda x, y: y * sqrt(x), (0.0, 0.0), (0.0, 0.0)),
        (lambda x: x**0, (0.0,), (0.0,)),
    ],
    ids=["relu", "abs", "maximum", "largest", "hypot", "a zero adjoint", "x⁰"],
)
def test_kinks_keep_the_conventions_of_the_catalogue(f, point, due):
    assert slope(f, *point) == pytest.approx(due)


def test_second_order_keeps_them_too():
    """JAX differentiates relu(x)² twice through the number relu gave; its own maximum(x, 0) would give 1 there."""
    program = autograd.compile(lambda x: relu(x) ** 2 + relu(x) * x, 0.0, backend="numpy")
    for again in (jax.grad, jax.jacfwd):
        second = jax.jit(again(jax.grad(program.function, 1), 1))
        assert float(second(jnp.zeros(0), 0.0)) == 0.0


def test_results_of_every_shape():
    w, shift = Value(2.0, "w"), Value(0.5, "shift")
    program = autograd.compile(
        lambda x, k: (w * x[0], [[x[0], 3.0], [x[1] * k, shift]], [w]), [0.0, 0.0], 1.0, parameters=[w], backend="numpy"
    )
    f = program.function
    first, table, last = f([3.0], [1.0, 2.0], 4.0)
    assert (float(first), table.tolist(), last.tolist()) == (3.0, [[1.0, 3.0], [8.0, 0.5]], [3.0])
    first, table, last = f(jnp.array([3.0]), np.ones((5, 2)), np.arange(5.0))
    assert (first.shape, table.shape, last.shape) == ((5,), (5, 2, 2), (5, 1))
    assert table[4].tolist() == [[1.0, 3.0], [4.0, 0.5]]
    back = jax.jit(jax.grad(lambda w, x: sum(part.sum() for part in f(w, x, 4.0)), argnums=(0, 1)))
    slopes = back(jnp.array([3.0]), jnp.array([1.0, 2.0]))
    assert [part.tolist() for part in slopes] == [[2.0], [4.0, 4.0]]


def test_it_computes_in_the_type_of_what_it_is_given():
    f = autograd.compile(lambda x: x / 3.0, 0.0, backend="jax").function
    assert f(jnp.zeros(0), np.float32(1.0)).dtype == np.float32
    assert f(jnp.zeros(0), np.float64(1.0)).dtype == np.float64
    with jax.enable_x64(False):
        assert f(np.zeros(0), 1.0).dtype == np.float32


def test_a_recurrence():
    def chain(x, w):
        for _ in range(100):
            x = autograd.tanh(x * w + 0.1)
        return x

    program = autograd.compile(chain, 0.0, 0.0, backend="jax")
    [[by_x], [by_w]] = program.value_and_grad([0.5], [0.9], wrt="inputs")[1]
    found = jax.jit(jax.grad(program.function, argnums=(1, 2)))(jnp.zeros(0), 0.5, 0.9)
    assert tuple(map(float, found)) == pytest.approx((by_x, by_w), rel=1e-12)
    second = jax.jit(jax.hessian(program.function, argnums=2))(jnp.zeros(0), 0.5, 0.9)
    assert float(second) == pytest.approx(float(program.hessian(0.5, 0.9, wrt="inputs")[1][1]), rel=1e-10)


class TestRefusals:
    def refused(self, *arguments):
        program = autograd.compile(lambda x, t: total(x) - t, [0.0, 0.0], 0.0, backend="numpy")
        with pytest.raises(CompileError) as raised:
            program.function(*arguments)
        return str(raised.value)

    def test_arguments(self):
        assert self.refused(jnp.zeros(0)) == "The function takes weights, x, t, not 1 argument(s)."
        assert self.refused(jnp.zeros(1), [0.0, 0.0], 0.0) == (
            "weights must hold one number for each of the 0 parameters, not shape (1,)."
        )
        assert self.refused(jnp.zeros(0), jnp.zeros(3), 0.0) == (
            "x has shape (3,), which does not end with (2,), as the program was compiled for."
        )
        assert self.refused(jnp.zeros(0), jnp.zeros((3, 2)), jnp.zeros(4)) == (
            "All arrays must hold the same number of examples: their leading axes are (3,), (4,)."
        )

    def test_jax_is_not_installed(self, monkeypatch):
        program = autograd.compile(lambda x: x, 0.0, backend="numpy")
        monkeypatch.setattr(methods.util, "find_spec", lambda name: None)
        with pytest.raises(CompileError) as raised:
            program.function  # noqa: B018
        assert str(raised.value) == (
            "program.function needs jax, which is not installed: run pip install 'edgegrad[jax]'."
        )
