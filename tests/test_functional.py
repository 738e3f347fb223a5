"""Derivatives of functions: every shape of argument, nesting, and mpmath and PyTorch as second opinions."""

import math
import typing

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import MPMATH, torch_apply

import autograd
from autograd import (
    NonFiniteGradientError,
    OperandTypeError,
    Value,
    derivative,
    exp,
    grad,
    gradients,
    hessian,
    hvp,
    jacobian,
    jvp,
    no_grad,
    sin,
    tanh,
    value_and_grad,
    vjp,
    where,
)
from autograd.functional import argument_names
from autograd.testing.strategies import expressions, networks, numbers

PROGRAMS = expressions() | networks(width=3)


class Pair(typing.NamedTuple):
    w: float
    b: list


def near(numbers, rel=1e-10):
    flat = np.asarray(numbers, dtype=float)
    return pytest.approx(flat, rel=rel, abs=rel * max(1.0, float(np.max(np.abs(flat), initial=0.0))))


class TestGrad:
    def test_of_one_number(self):
        slope = grad(lambda x: x**3)(2.0)
        assert (slope, type(slope)) == (12.0, float)
        assert grad(lambda x: x**3)(2) == 12.0
        assert grad(lambda x: x**3)(np.float32(2.0)) == 12.0
        assert value_and_grad(lambda x: x**3)(2.0) == (8.0, 12.0)
        assert all(type(x) is float for x in value_and_grad(lambda x: x**3)(2.0))

    def test_argnums(self):
        def f(x, y, z):
            return x * y**2 + z

        assert grad(f)(2.0, 3.0, 4.0) == 9.0
        assert grad(f, 1)(2.0, 3.0, 4.0) == 12.0
        assert grad(f, -1)(2.0, 3.0, 4.0) == 1.0
        assert grad(f, (1, 0))(2.0, 3.0, 4.0) == (12.0, 9.0)
        assert grad(f, [0])(2.0, 3.0, 4.0) == (9.0,)
        assert value_and_grad(f, (0, 0))(2.0, 3.0, 4.0) == (22.0, (9.0, 9.0))
        with pytest.raises(TypeError) as raised:
            grad(f, 3)(2.0, 3.0, 4.0)
        assert str(raised.value) == "argnums names argument 3, but the function was called with 3 argument(s)."

    def test_shapes_of_arguments(self):
        point = {"w": (2.0, [3.0, 4]), "pair": Pair(5.0, [6.0]), "matrix": np.arange(4.0).reshape(2, 2), "none": []}

        def f(p):
            (a, (b, c)), pair = p["w"], p["pair"]
            m = p["matrix"]
            return a * b + c * c + pair.w * pair.b[0] + m[0][1] * m[1][0] + m[1][1] ** 2

        slopes = grad(f)(point)
        assert slopes["w"] == (3.0, [2.0, 8.0])
        assert slopes["pair"] == Pair(6.0, [5.0])
        assert type(slopes["pair"]) is Pair
        assert slopes["none"] == []
        assert isinstance(slopes["matrix"], np.ndarray)
        assert slopes["matrix"].dtype == np.float64
        np.testing.assert_array_equal(slopes["matrix"], [[0.0, 2.0], [1.0, 6.0]])

    def test_shapes_of_arrays(self):
        for shape in ((3,), (1,), (2, 3), (2, 1, 2), (0,), (2, 0)):
            xs = np.arange(1.0, 1.0 + math.prod(shape)).reshape(shape)

            slopes = grad(lambda v: (v * v).sum())(xs)
            assert slopes.shape == shape
            np.testing.assert_array_equal(slopes, 2.0 * xs)
        assert grad(lambda x: x * x)(np.array(3.0)) == 6.0

    def test_a_result_that_does_not_depend_on_the_argument(self):
        assert grad(lambda x: 3.0)(2.0) == 0.0
        assert grad(lambda x: Value(3.0) * 2.0)(2.0) == 0.0
        assert value_and_grad(lambda xs: np.float64(3.0))([2.0, 1.0]) == (3.0, [0.0, 0.0])
        assert grad(lambda x: x)(2.0) == 1.0
        assert hessian(lambda x: 3.0)([2.0, 1.0]) == [[0.0, 0.0], [0.0, 0.0]]
        assert hessian(lambda v: v[0])([2.0, 1.0]) == [[0.0, 0.0], [0.0, 0.0]]

    def test_a_result_that_is_no_number(self):
        def f(x):
            return [x, x]

        with pytest.raises(OperandTypeError) as raised:
            grad(f)(2.0)
        assert str(raised.value) == (
            "grad needs a function whose result is one Value, but f returned list. Use jacobian for several outputs, "
            "or return their total."
        )
        for wrong in (lambda x: None, lambda x: "1", lambda x: np.ones(2)):
            with pytest.raises(OperandTypeError, match=r"but <lambda> returned (NoneType|str|ndarray)\."):
                grad(wrong)(2.0)

    def test_arguments_that_are_no_numbers(self):
        for argument in ("a", None, 1j, [1.0, "b"], {"x": None}):
            with pytest.raises(OperandTypeError, match=r"^Value works on real numbers"):
                grad(lambda x: 0.0)(argument)

    def test_models_keep_their_gradients(self):
        w = Value(3.0)
        w.grad = 5.0
        assert grad(lambda x: w * x)(2.0) == 3.0
        assert w.grad == 5.0

    def test_a_singular_point_is_an_error(self):
        with pytest.raises(NonFiniteGradientError):
            grad(autograd.sqrt)(0.0)
        with pytest.raises(NonFiniteGradientError):
            hessian(lambda v: v[0] ** 1.5)([0.0])

    def test_a_captured_value_at_a_singular_point_is_not_asked_for(self):
        root = autograd.sqrt(Value(0.0))
        assert grad(lambda x: x * (2.0 + root))(3.0) == 2.0
        assert grad(grad(lambda x: x * x * (2.0 + root)))(3.0) == 4.0

    def test_inside_no_grad(self):
        """What is asked for is a derivative, whatever is recorded around it."""
        with no_grad():
            assert grad(lambda x: x**3)(2.0) == 12.0
            assert hessian(lambda v: v[0] * v[1])([2.0, 3.0]) == [[0.0, 1.0], [1.0, 0.0]]
            assert derivative(lambda x: x**3, 2)(2.0) == 12.0
            assert jvp(lambda x: x**3, [2.0], [1.0]) == (8.0, 12.0)
            assert hvp(lambda v: v[0] ** 3, [2.0], [1.0]) == [12.0]
            assert jacobian(lambda v: [v[0] ** 3])([2.0]) == [[12.0]]
            assert not (Value(1.0) * 2.0).requires_grad
        assert grad(no_grad()(lambda x: x**3))(2.0) == 0.0

    @pytest.mark.parametrize(
        ("take", "due"),
        [
            (lambda f, w: grad(f)(w), 12.0),
            (lambda f, w: value_and_grad(f)(w), (8.0, 12.0)),
            (lambda f, w: derivative(f, 2)(w), 12.0),
            (lambda f, w: jacobian(lambda v: [f(v), v])(w), [12.0, 1.0]),
            (lambda f, w: hessian(f)(w), 12.0),
            (lambda f, w: hvp(f, w, 1.0), 12.0),
            (lambda f, w: hvp(f, 2.0, w), 24.0),
            (lambda f, w: jvp(f, (w,), (1.0,)), (8.0, 12.0)),
            (lambda f, w: jvp(f, (2.0,), (w,)), (8.0, 24.0)),
            (lambda f, w: vjp(f, w)[0], 8.0),
            (lambda f, w: vjp(f, w)[1](w), (24.0,)),
            (lambda f, w: vjp(f, 2.0)[1](w), (24.0,)),
            (lambda f, w: grad(grad(f))(w), 12.0),
            (lambda f, w: grad(lambda y: w * f(y))(2.0), 24.0),
            (lambda f, w: grad(lambda v: (f(v), w * v), has_aux=True)(w), (12.0, 4.0)),
            (lambda f, w: autograd.compile(f).grad(w), 12.0),
        ],
    )
    def test_numbers_are_meant_inside_no_grad(self, take, due):
        w = Value(2.0, name="w")
        with no_grad():
            found = take(lambda x: x**3, w)
        assert found == due
        assert not any(isinstance(x, Value) for x in autograd.tree.leaves(found))

    def test_nothing_flows_through_a_derivative_that_no_grad_took(self):
        """As in PyTorch: x · ∂(x·y²)/∂y and x · ∂y³/∂y, with the derivative for a constant."""

        def of_a_captured_one(x):
            with no_grad():
                slope = grad(lambda y: x * y * y)(3.0)
            return x * slope

        def of_the_same_one(x):
            with no_grad():
                slope = grad(lambda y: y**3)(x)
            return x * slope

        for f in (of_a_captured_one, of_the_same_one):
            assert value_and_grad(f)(2.0) == (24.0, 12.0)
            with pytest.raises(autograd.ControlFlowError, match="outside no_grad"):
                autograd.compile(f)(2.0)


class TestArrays:
    """Functions in NumPy's notation; the values are those that JAX and HIPS give."""

    def test_an_array_is_not_a_list(self):
        v = np.array([3.0, 1.0])
        value, slopes = value_and_grad(lambda v: (2 * v)[0] ** 2)(v)
        assert value == 36.0
        np.testing.assert_array_equal(slopes, [24.0, 0.0])
        np.testing.assert_array_equal(jacobian(lambda v: v + v)(v), 2.0 * np.eye(2))

    def test_matrices(self):
        matrix, v = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([3.0, 1.0])
        np.testing.assert_array_equal(hessian(lambda v: v @ matrix @ v)(v), matrix + matrix.T)
        np.testing.assert_array_equal(jacobian(lambda v: matrix @ v)(v), matrix)
        np.testing.assert_array_equal(hvp(lambda v: (v**3).sum(), v, np.array([1.0, 0.0])), [18.0, 0.0])
        out, change = jvp(lambda v: v * v, (v,), (np.array([1.0, 1.0]),))
        np.testing.assert_array_equal(out, [9.0, 1.0])
        np.testing.assert_array_equal(change, [6.0, 2.0])

    def test_jacobians_of_arrays_by_dicts_and_lists_are_dicts_and_lists_of_arrays(self):
        jax = pytest.importorskip("jax", reason="JAX is the second opinion here")
        point = {"w": np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]]), "rest": [2.0]}
        v = np.array([1.0, -2.0, 0.5])
        for ours, theirs, f in (
            (jacobian, jax.jacobian, lambda p: p["w"] @ v * p["rest"][0] ** 2),
            (jacobian, jax.jacobian, lambda p: p["w"][:0] * p["rest"][0]),
            (jacobian, jax.jacobian, lambda p: {"matrix": p["w"] @ p["w"].T, "number": p["rest"][0] ** 3}),
            (hessian, jax.hessian, lambda p: (p["w"] ** 3).sum() * p["rest"][0] ** 2),
        ):
            with jax.enable_x64(True):
                due = jax.tree.map(np.asarray, jax.jit(theirs(f))(point))
            found = jax.tree.map(np.asarray, ours(f)(point))
            jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-14, strict=True), found, due)

    def test_without_entries(self):
        assert jacobian(lambda v: v[:0])(np.ones(3)).shape == (0, 3)
        assert jacobian(lambda v: np.ones(2) + v.sum())(np.ones(0)).shape == (2, 0)
        assert hessian(lambda v: v.sum())(np.ones((0, 2))).shape == (0, 2, 0, 2)

    def test_inside_dicts_and_beside_lists(self):
        slopes = grad(lambda p: (p["w"] * p["b"][0]).sum())({"w": np.ones((2, 2)), "b": [3.0]})
        np.testing.assert_array_equal(slopes["w"], np.full((2, 2), 3.0))
        assert slopes["b"] == [4.0]

    def test_derivatives_entry_by_entry(self):
        def tanh(x):
            return (1.0 - np.exp(-2 * x)) / (1.0 + np.exp(-(2 * x)))

        x = np.linspace(-3.0, 3.0, 7)
        first = 1.0 - np.tanh(x) ** 2
        np.testing.assert_allclose(derivative(tanh)(x), first, rtol=1e-12)
        np.testing.assert_allclose(derivative(derivative(tanh))(x), -2.0 * np.tanh(x) * first, rtol=1e-11, atol=1e-15)
        np.testing.assert_allclose(derivative(tanh, order=2)(x), -2.0 * np.tanh(x) * first, rtol=1e-11, atol=1e-15)
        for f in (autograd.softmax, lambda v: v - v.mean(), np.cumsum, np.flip):
            with pytest.raises(
                OperandTypeError, match=r"number [01] of its result was computed from (several|number 1)"
            ):
                derivative(f)(np.array([1.0, 2.0]))
        with pytest.raises(OperandTypeError, match="takes an elementwise function, but 7 numbers became 1"):
            derivative(lambda x: x.sum())(x)

    @pytest.mark.parametrize(
        ("array", "sentence"),
        [
            (np.ma.array([1.0, 2.0], mask=[0, 1]), "An argument is a masked array, whose mask would be ignored"),
            (np.array([1j, 2.0]), "An argument is an array of complex128, which are no real numbers"),
            (np.array(["a"]), "An argument is an array of <U1, which are no real numbers"),
        ],
    )
    def test_arrays_that_mean_something_else_are_refused(self, array, sentence):
        with pytest.raises(OperandTypeError, match=sentence):
            grad(lambda v: (v * v).sum())(array)

    def test_a_captured_value_beside_an_array(self):
        w = Value(2.0, name="w")
        slopes = grad(lambda v: (w * v * v).sum())(np.array([1.0, 3.0]))
        assert slopes.dtype == object
        [slope] = gradients(slopes.sum(), [w])
        assert slope == 8.0


class TestNamedArguments:
    """What is given by name goes through to f, as it is."""

    def test_every_function(self):
        def f(x, *, power=1, flags=("on",)):
            assert flags == ("off",)
            return x**power

        named = {"power": 3, "flags": ("off",)}
        assert grad(f)(2.0, **named) == 12.0
        assert value_and_grad(f)(2.0, **named) == (8.0, 12.0)
        assert jacobian(f)(2.0, **named) == 12.0
        assert hessian(f)(2.0, **named) == 12.0
        assert derivative(f, order=3)(2.0, **named) == 6.0

    def test_a_value_among_them_makes_the_result_a_value(self):
        w = Value(3.0, "w")
        slope = grad(lambda x, w: w * x**2)(2.0, w=w)
        assert isinstance(slope, Value)
        assert gradients(slope, [w]) == [4.0]

    def test_what_is_differentiated_by_has_a_place(self):
        with pytest.raises(TypeError) as raised:
            grad(lambda x: x * x)(x=2.0)
        assert str(raised.value) == (
            "argnums names argument 0, but the function was called with 0 argument(s): give those to differentiate by "
            "their place, not their name."
        )

    def test_the_names_of_f_are_kept(self):
        def energy(x):
            return x * x

        assert [take(energy).__name__ for take in (grad, value_and_grad, jacobian, hessian)] == ["energy"] * 4
        assert argument_names(grad(energy), 1) == ["x"]


class TestAux:
    def test_numbers_and_other_things_pass(self):
        def f(x, y):
            return x * x * y, {"parts": [x, np.array([2.0, 3.0])], "text": "said", "none": None}

        gradient, aux = grad(f, has_aux=True)(3.0, 2.0)
        assert (gradient, aux["parts"][0], aux["text"], aux["none"]) == (12.0, 3.0, "said", None)
        assert type(aux["parts"][0]) is float
        assert aux["parts"][1].tolist() == [2.0, 3.0]
        (value, aux), gradient = value_and_grad(f, argnums=(0, 1), has_aux=True)(3.0, 2.0)
        assert (value, gradient, aux["parts"][0]) == (18.0, (12.0, 9.0), 3.0)

    def test_values_stay_where_they_can_be_differentiated(self):
        w = Value(3.0, "w")
        _, aux = grad(lambda x: (x * x, w * x), has_aux=True)(2.0)
        assert gradients(aux, [w]) == [2.0]
        second = grad(lambda x: grad(lambda y: (y**3, y * x), has_aux=True)(x)[1])(2.0)
        assert second == 4.0

    @pytest.mark.parametrize(
        ("f", "found"), [(lambda x: x, "Value"), (lambda x: (x, x, x), "a tuple of 3"), (lambda x: [x, x], "list")]
    )
    def test_no_pair(self, f, found):
        with pytest.raises(OperandTypeError) as raised:
            grad(f, has_aux=True)(2.0)
        assert str(raised.value) == (
            f"has_aux=True needs a function that returns a pair (value, aux), but <lambda> returned {found}."
        )

    def test_a_pair_without_it(self):
        with pytest.raises(OperandTypeError) as raised:
            grad(lambda x: (x, x))(2.0)
        assert str(raised.value).endswith("If the second of the pair is not to be differentiated, write has_aux=True.")


class TestSeveralArguments:
    def test_against_jax(self):
        jax = pytest.importorskip("jax", reason="JAX is the second opinion here")

        def f(sin, x, y):
            return [sin(x[0]) * y, x[1] ** 2 * y, x[0] * y**3]

        x, y = [0.5, -1.5], 2.0
        with jax.enable_x64(True):
            due = jax.jit(jax.jacobian(lambda *args: jax.numpy.stack(f(jax.numpy.sin, *args)), (0, 1)))(np.array(x), y)
            second = jax.jit(jax.hessian(lambda *args: sum(f(jax.numpy.sin, *args)), (0, 1)))(np.array(x), y)
        found = jacobian(lambda x, y: f(autograd.sin, x, y), argnums=(0, 1))(x, y)
        blocks = hessian(lambda x, y: autograd.total(f(autograd.sin, x, y)), argnums=(0, 1))(x, y)
        for matrix, other in zip(found, due, strict=True):
            np.testing.assert_allclose(matrix, other, rtol=1e-14)
        for row, others in zip(blocks, second, strict=True):
            for block, other in zip(row, others, strict=True):
                np.testing.assert_allclose(block, other, rtol=1e-13, atol=1e-15)

    def test_their_order_and_shapes(self):
        def f(a, b):
            return {"product": a["w"] * b, "sum": a["w"] + b}

        by_b, by_a = jacobian(f, argnums=(1, 0))({"w": 2.0}, 3.0)
        assert by_b == {"product": 2.0, "sum": 1.0}
        assert by_a == {"product": {"w": 3.0}, "sum": {"w": 1.0}}
        assert jacobian(f, argnums=[-1])({"w": 2.0}, 3.0) == (by_b,)
        assert hessian(lambda a, b: a["w"] ** 2 * b, argnums=(1, 0))({"w": 2.0}, 3.0) == (
            (0.0, {"w": 4.0}),
            ({"w": 4.0}, {"w": {"w": 6.0}}),
        )


class TestVjp:
    def test_against_jax(self):
        jax = pytest.importorskip("jax", reason="JAX is the second opinion here")

        def f(sin, x, y):
            return [sin(x[0]) * y, x[1] ** 2 * y]

        x, y, vector = [0.5, -1.5], 2.0, [0.25, -3.0]
        with jax.enable_x64(True):
            out, back = jax.vjp(lambda *args: jax.numpy.stack(f(jax.numpy.sin, *args)), np.array(x), y)
            due = back(np.array(vector))
        found, pull_back = vjp(lambda x, y: f(autograd.sin, x, y), x, y)
        assert found == near(out.tolist())
        by_x, by_y = pull_back(vector)
        assert (by_x, by_y) == (near(due[0].tolist()), near(float(due[1])))
        assert pull_back([0.0, 0.0]) == ([0.0, 0.0], 0.0)

    def test_shapes(self):
        out, pull_back = vjp(lambda v, t: {"a": v * t["s"], "b": 7.0}, np.array([1.0, 2.0]), {"s": 3.0})
        assert (out["a"].tolist(), out["b"]) == ([3.0, 6.0], 7.0)
        by_v, by_t = pull_back({"a": [1.0, 10.0], "b": 1.0})
        assert (by_v.tolist(), by_t) == ([3.0, 30.0], {"s": 21.0})
        assert vjp(lambda v: [], [1.0])[1]([]) == ([0.0],)
        with pytest.raises(ValueError, match=r"^The vector has to have the keys of the argument: a, b\.$"):
            pull_back({"a": [1.0, 10.0]})

    def test_nothing_flows_from_a_weight_of_zero(self):
        _, pull_back = vjp(lambda x: [autograd.sqrt(x), 2 * x], 0.0)
        assert pull_back([0.0, 1.0]) == (2.0,)

    def test_it_nests(self):
        assert grad(lambda x: vjp(lambda y: y**3, x)[1](1.0)[0])(2.0) == 12.0
        assert grad(lambda s: vjp(lambda y: y**3, 2.0)[1](s)[0])(5.0) == 12.0
        w = Value(3.0, "w")
        out, pull_back = vjp(lambda x: w * x**2, 2.0)
        assert gradients(out, [w]) == [4.0]
        assert gradients(pull_back(1.0)[0], [w]) == [4.0]


class TestNesting:
    def test_the_rate_of_an_operation_on_a_list_is_one_dot(self):
        """Of which a program makes a product of matrices."""
        xs = [Value(2.0), Value(3.0), Value(5.0)]
        _, rate = jvp(lambda ws: autograd.dot(ws, xs), ([1.0, 1.0, 1.0],), ([3.0, 2.0, 10.0],))
        assert rate.op is autograd.dot
        assert rate.data == 62.0
        assert gradients(rate, xs) == [3.0, 2.0, 10.0]

    @pytest.mark.parametrize("take", [lambda f: grad(f), lambda f: lambda x: jacobian(lambda x: [f(x)])(x)[0]])
    def test_the_argument_of_an_inner_derivative_is_a_constant(self, take):
        """A descent inside the function ends at numbers, which nobody trains: the outer derivative is a float."""

        def deepest(x):
            y = [1.0]
            for _ in range(3):
                slope = take(lambda y: x[0] * y[0] ** 2)(y)
                y = [y[0] - 0.1 * slope[0]]
            return x[0] * y[0]

        (slope,) = take(deepest)([1.0])  # y = (1 − x/5)³
        assert type(slope) is float
        assert slope == pytest.approx(0.8**3 - 3 * 0.8**2 / 5, rel=1e-14)
        w = Value(2.0)
        (slope,) = take(lambda x: w * deepest(x))([1.0])
        assert gradients(slope, [w]) == [pytest.approx(0.128, rel=1e-13)]

    def test_grad_of_grad(self):
        f = lambda x: x**4  # noqa: E731
        for order, due in enumerate((16.0, 32.0, 48.0, 48.0, 24.0, 0.0)):
            assert f(2.0) == due, order
            f = grad(f)

    def test_a_number_that_an_inner_derivative_captures(self):
        """∂/∂w ∂/∂x (w·x²) = 2x: the inner result depends on w although its argument is a number."""
        assert grad(lambda w: grad(lambda x: w * x * x)(3.0))(2.0) == 6.0
        assert grad(lambda w: value_and_grad(lambda x: w * w * x)(3.0)[1])(2.0) == 4.0
        assert grad(lambda w: derivative(lambda x: w * x**3, 2)(3.0))(2.0) == 18.0
        assert grad(lambda w: jacobian(lambda v: [w * v[0]])([3.0])[0][0])(2.0) == 1.0
        assert grad(lambda w: hessian(lambda v: w * v[0] ** 2)([3.0])[0][0])(2.0) == 2.0
        assert grad(lambda w: hvp(lambda v: w * v[0] ** 2, [3.0], [1.0])[0])(2.0) == 2.0
        assert grad(lambda w: jvp(lambda x: w * x * x, [3.0], [1.0])[1])(2.0) == 6.0
        assert derivative(lambda w: derivative(lambda x: w * x)(1.0))(5.0) == 1.0
        assert grad(grad(lambda w: grad(lambda x: w**3 * x)(3.0)))(2.0) == 12.0

    def test_the_classic_confusion_of_perturbations(self):
        """d/dx (x · d/dy (x + y)) = 1, not 2. Source: Siskind and Pearlmutter 2005."""
        assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
        assert derivative(lambda x: x * derivative(lambda y: x * y)(x))(3.0) == 6.0

    def test_inner_numbers_stay_numbers(self):
        kinds = []

        def outer(w):
            kinds.append(type(grad(lambda x: x * x)(3.0)))
            kinds.append(type(grad(lambda x: w * x)(3.0)))
            return w

        grad(outer)(2.0)
        assert kinds == [float, Value]
        w = Value(2.0, requires_grad=False)
        assert type(grad(lambda x: w * x)(3.0)) is float

    @pytest.mark.parametrize("take", [
        lambda f: grad(f)(0.3),
        lambda f: value_and_grad(f)(0.3)[1],
        lambda f: derivative(f)(0.3),
        lambda f: jacobian(lambda v: [f(v[0])])([0.3])[0][0],
        lambda f: jvp(f, [0.3], [1.0])[1],
    ])  # fmt: skip
    def test_a_derivative_is_trained_with_what_it_captures(self, take):
        """A model that differentiates by its input: ∂/∂w of w·cos(w·x) is cos(w·x) − w·x·sin(w·x)."""
        w = Value(0.5, name="w", parameter=True)
        inner = take(lambda x: sin(w * x))
        assert isinstance(inner, Value)
        assert inner.data == pytest.approx(0.5 * math.cos(0.15), rel=1e-14)
        assert gradients(inner, [w]) == [pytest.approx(math.cos(0.15) - 0.15 * math.sin(0.15), rel=1e-14)]
        with no_grad():
            assert type(take(lambda x: sin(w * x))) is float

    def test_values_in_values_out(self):
        x, w = Value(3.0, name="x"), Value(2.0)
        slope = grad(lambda v: w * v * v)(x)
        assert isinstance(slope, Value)
        assert gradients(slope, [x, w]) == [4.0, 6.0]
        value, slope = value_and_grad(lambda v, k: k * v)(3.0, w)
        assert isinstance(value, Value)
        assert isinstance(slope, Value)
        assert gradients(slope, [w]) == [1.0]
        [[curvature]] = hessian(lambda v: v[0] ** 3 * w)([x])
        assert gradients(curvature, [x, w]) == [12.0, 18.0]
        seen = []
        grad(lambda v: seen.append(v.name) or v)(x)
        assert seen == ["x"]

    def test_a_direction_may_be_a_value(self):
        t = Value(2.0)
        _, change = jvp(lambda x: x**3, [2.0], [t])
        assert gradients(change, [t]) == [12.0]
        [along] = hvp(lambda v: v[0] ** 3, [2.0], [t])
        assert gradients(along, [t]) == [12.0]

    def test_object_arrays_of_values(self):
        x = Value(3.0)
        xs = np.empty(2, dtype=object)
        xs[0], xs[1] = x, 2.0
        slopes = grad(lambda v: v[0] ** 2 * v[1])(xs)
        assert slopes.dtype == object
        assert (slopes[0].data, slopes[1].data) == (12.0, 9.0)
        assert gradients(slopes[0], [x]) == [4.0]

    @given(expressions(inputs=3, steps=8))
    def test_grad_of_grad_is_the_hessian(self, program):
        point = list(program.point)
        rows = hessian(lambda v: program(*v))(point)
        for i, row in enumerate(rows):
            again = grad(lambda v, i=i: grad(lambda u: program(*u))(v)[i])(point)
            assert again == near(row, 1e-12)


class TestJacobian:
    def test_shapes(self):
        assert jacobian(lambda x: x * x)(3.0) == 6.0
        assert jacobian(lambda x: [x, x * x])(3.0) == [1.0, 6.0]
        assert jacobian(lambda v: v[0] * v[1])([3.0, 4.0]) == [4.0, 3.0]
        assert jacobian(lambda v: {"p": v[0] * v[1], "q": (v[0], 1.0)})([3.0, 4.0]) == {
            "p": [4.0, 3.0],
            "q": ([1.0, 0.0], [0.0, 0.0]),
        }
        assert jacobian(lambda x, y: [x * y, y], argnums=1)(2.0, 3.0) == [2.0, 1.0]
        rows = jacobian(lambda v: [v[0] * v[1], v[1]])(np.array([3.0, 4.0]))
        np.testing.assert_array_equal(rows, [[4.0, 3.0], [0.0, 1.0]])

    def test_what_holds_no_numbers_is_no_constant(self):
        class Point:
            def __init__(self, x):
                self.x = x

        for f, returned in [
            (lambda v: map(sin, v), "returned map. Make a list of it."),
            (lambda v: (sin(x) for x in v), "returned generator. Make a list of it."),
            (lambda v: {"a": v[0]}.values(), "returned dict_values. Make a list of it."),
            (lambda v: {v[0]}, "returned set. Make a list of it."),
            (lambda v: Point(v[0]), "returned Point. Return numbers alone."),
            (lambda v: [v[0], 1j], "has complex in its result. Return numbers alone."),
            (lambda v: "abc", "returned str. Return numbers alone."),
            (lambda v: None, "returned None. Is a return missing?"),
        ]:
            for take in (
                lambda f: jacobian(f)([1.0, 2.0]),
                lambda f: vjp(f, [1.0, 2.0]),
                lambda f: jvp(f, ([1.0, 2.0],), ([1.0, 0.0],)),
            ):
                with pytest.raises(OperandTypeError) as refusal:
                    take(f)
                assert str(refusal.value).endswith(returned)
        with pytest.raises(OperandTypeError, match=r"has None in its result"):
            jacobian(lambda v: np.array(None))([1.0])
        constants = lambda v: [v[0], True, 2, np.float32(3.0)]  # noqa: E731
        assert jacobian(constants)([1.0, 2.0]) == [[1.0, 0.0], *[[0.0, 0.0]] * 3]


@pytest.mark.parametrize(
    "f",
    [
        lambda v: np.squeeze(v**2),
        lambda v: (v**2).reshape(()),
        lambda v: np.asarray(np.sum(v**2)),
        lambda v: np.array(v[0] ** 2),
        lambda v: (v**2)[0, ...],
    ],
    ids=["squeeze", "reshape", "asarray", "array", "ellipsis"],
)
def test_an_array_without_axes_is_the_value_in_it(f):
    x = np.array([3.0])
    for slopes in (jacobian(f)(x), grad(f)(x), vjp(f, x)[1](1.0)[0], value_and_grad(f)(x)[1]):
        np.testing.assert_array_equal(slopes, [6.0])
    assert jvp(f, (x,), ([1.0],)) == (9.0, 6.0)
    assert jacobian(lambda v: {"a": [f(v)]})(x) == {"a": [[6.0]]}
    value, aux = value_and_grad(lambda v: (v[0], [f(v)]), has_aux=True)(x)[0]
    assert (value, aux) == (3.0, [9.0])
    assert type(aux[0]) is float
    np.testing.assert_array_equal(hessian(f)(x), [[2.0]])


def test_whole_numbers_of_numpy_count_arguments_and_orders():
    def f(x, y):
        return x * x * y

    two, none = np.int64(2), np.int64(0)
    assert derivative(lambda x: x**3, order=two)(2.0) == 12.0
    for g in (grad(f, np.int8(1)), lambda x, y: autograd.compile(f).grad(x, y, argnums=np.int8(1))):
        assert g(3.0, 2.0) == 9.0
    for chosen in ((none, np.int64(1)), np.array([0, 1])):
        due = ((4.0, 6.0), (6.0, 0.0))
        assert hessian(f, chosen)(3.0, 2.0) == autograd.compile(f).hessian(3.0, 2.0, argnums=chosen) == due
        assert jacobian(f, chosen)(3.0, 2.0) == autograd.compile(f).jacobian(3.0, 2.0, argnums=chosen) == (12.0, 9.0)
    with pytest.raises(TypeError, match=r"^argnums must be the position of an argument"):
        grad(f, 0.5)


class TestHessian:
    def test_shapes(self):
        assert hessian(lambda x: x**3)(2.0) == 12.0
        assert hessian(lambda v: v[0] ** 2 * v[1])([3.0, 5.0]) == [[10.0, 6.0], [6.0, 0.0]]
        assert hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 3.0, "b": 5.0}) == {
            "a": {"a": 10.0, "b": 6.0},
            "b": {"a": 6.0, "b": 0.0},
        }
        assert hessian(lambda x, y: x * y**3, argnums=1)(2.0, 3.0) == 36.0
        rows = hessian(lambda v: v[0] ** 2 * v[1])(np.array([3.0, 5.0]))
        np.testing.assert_array_equal(rows, [[10.0, 6.0], [6.0, 0.0]])
        square = hessian(lambda m: m[0][0] * m[1][1])(np.ones((2, 2)))
        assert square.shape == (2, 2, 2, 2)
        assert (square[0, 0, 1, 1], square[1, 1, 0, 0], square.sum()) == (1.0, 1.0, 2.0)

    @given(PROGRAMS)
    def test_hvp_is_its_product(self, program):
        point = list(program.point)
        rows = np.array(hessian(lambda v: program(*v))(point))
        direction = [((7 * i) % 5 - 2) / 3.0 for i in range(len(point))]
        assert hvp(lambda v: program(*v), point, direction) == near(rows @ direction)

    @given(expressions(inputs=3, steps=6))
    def test_pytorch_agrees(self, program):
        torch = pytest.importorskip("torch", reason="PyTorch is not installed")
        point = list(program.point)

        def f(xs):
            return program.run(list(xs), torch_apply) + 0.0 * xs.sum()

        due = torch.autograd.functional.hessian(f, torch.tensor(point, dtype=torch.float64))
        assert hessian(lambda v: program(*v))(point) == near(due.numpy(), 1e-8)

    @given(expressions(inputs=3, steps=5))
    def test_mpmath_agrees(self, program):
        def f(*xs):
            return program.run(xs, lambda op, operands: MPMATH[op.name](*map(mpmath.mpf, operands)))

        point = program.point
        rows = hessian(lambda v: program(*v))(list(point))
        with mpmath.workdps(60):
            for i, row in enumerate(rows):
                for j, curvature in enumerate(row):
                    orders = tuple((i == k) + (j == k) for k in range(len(point)))
                    due = mpmath.diff(f, tuple(map(mpmath.mpf, point)), orders)
                    assert curvature == pytest.approx(float(due), rel=1e-9, abs=1e-9)


class TestJvp:
    def test_flows_are_added_from_the_left_on_every_python(self):
        """As in the sweep; from 3.12 on, Python's sum of floats corrects its rounding."""
        rate = jvp(lambda xs: autograd.dot([1e16, 1.0, -1e16], xs), ([1.0, 1.0, 1.0],), ([1.0, 1.0, 1.0],))
        assert rate == (0.0, 0.0)

    def test_shapes(self):
        assert jvp(lambda x, y: x * y, (3.0, 2.0), (1.0, 0.0)) == (6.0, 2.0)
        assert jvp(lambda v, p: {"s": [v[0] * p["a"], v[1]]}, ([1.0, 2.0], {"a": 3.0}), ([1.0, 0.5], {"a": 2.0})) == (
            {"s": [3.0, 2.0]},
            {"s": [5.0, 0.5]},
        )
        assert jvp(lambda x: [x, 3.0], (2.0,), (1.0,)) == ([2.0, 3.0], [1.0, 0.0])
        assert jvp(lambda: 3.0, (), ()) == (3.0, 0.0)
        values, changes = jvp(lambda v: v[0] * v[1], (np.array([2.0, 3.0]),), (np.array([1.0, 1.0]),))
        assert (values, changes) == (6.0, 5.0)

    def test_keys(self):
        assert hvp(lambda d: d["a"] ** 3 + d["b"], {"a": 2.0, "b": 1.0}, {"b": 0.0, "a": 1.0}) == {"a": 12.0, "b": 0.0}
        with pytest.raises(ValueError) as raised:
            jvp(lambda d: d["p"]["a"], ({"p": {"a": 2.0}},), ({"p": {"b": 2.0}},))
        assert str(raised.value) == "The vector has to have the keys of the argument at ['p']: a."

    def test_lengths(self):
        with pytest.raises(ValueError) as raised:
            jvp(lambda x, y: x * y, (3.0, 2.0), (1.0,))
        assert str(raised.value) == "jvp needs a tangent for each of the 2 primals, got 1."
        with pytest.raises(ValueError) as raised:
            jvp(lambda v: v[0], ([3.0, 2.0],), ([1.0],))
        assert str(raised.value) == "The vector has to have 2 entries, like the argument."
        with pytest.raises(ValueError):
            hvp(lambda v: v[0], [3.0, 2.0], [1.0])
        with pytest.raises(OperandTypeError):
            jvp(lambda x: x, (3.0,), ("1",))

    def test_nothing_flows_through_the_branch_not_taken(self):
        assert jvp(lambda x: where(x > 0, autograd.sqrt(x), 2.0 * x), (0.0,), (1.0,)) == (0.0, 2.0)
        assert jvp(lambda x, y: autograd.sqrt(x) + y, (0.0, 1.0), (0.0, 1.0)) == (1.0, 1.0)
        for condition in (lambda x: x > 0, autograd.step):
            value, change = jvp(lambda x, c=condition: where(c(x), autograd.sqrt(x), 2.0 * x), (Value(0.0),), (1.0,))
            assert (value.data, float(change)) == (0.0, 2.0)
        with pytest.raises(autograd.DivisionByZeroError):
            jvp(autograd.sqrt, (Value(0.0),), (1.0,))
        with pytest.raises(NonFiniteGradientError, match=r"^The gradient stops being finite at y = 0 \(sqrt\): "):
            jvp(autograd.sqrt, (0.0,), (1.0,))
        assert jvp(lambda x: 0.0 * autograd.sqrt(x), (0.0,), (1.0,)) == (0.0, 0.0)
        assert jvp(autograd.exp, (math.inf,), (1.0,)) == (math.inf, math.inf)
        with pytest.raises(autograd.DivisionByZeroError):
            jvp(lambda x: 2.0 * (autograd.sqrt(x) + 1.0), (Value(0.0),), (1.0,))

    @given(PROGRAMS, st.data())
    def test_forward_and_backward_agree(self, program, data):
        """u·(J v) = (uᵀJ)·v, for several outputs."""
        point = list(program.point)
        v = [data.draw(numbers(-1.0, 1.0)) for _ in point]

        def f(xs):
            y = program(*xs)
            nodes = [node for node in autograd.Graph(y).nodes if not node.is_leaf] if isinstance(y, Value) else []
            return [y, *nodes[::3]]

        outputs, changes = jvp(f, (point,), (v,))
        u = [((5 * i) % 7 - 3) / 2.0 for i in range(len(outputs))]
        back = grad(lambda xs: autograd.dot(u, f(xs)))(point)
        size = sum(abs(a * b) for a, b in zip(u, changes, strict=True)) + 1.0
        assert math.fsum(a * b for a, b in zip(u, changes, strict=True)) == pytest.approx(
            math.fsum(a * b for a, b in zip(back, v, strict=True)), rel=1e-10, abs=1e-10 * size
        )

    @given(expressions(inputs=3, steps=8))
    def test_it_nests(self, program):
        """Forward over forward is the second derivative along a line."""
        point = list(program.point)
        v = [1.0 - 0.5 * i for i in range(len(point))]

        def slope(xs):
            return jvp(lambda *ys: program(*ys), xs, v)[1]

        twice = jvp(lambda *xs: slope(xs), point, v)[1]
        rows = np.array(hessian(lambda xs: program(*xs))(point))
        assert twice == near(np.array(v) @ rows @ np.array(v), 1e-9)


class TestDerivative:
    @pytest.mark.parametrize("order", range(8))
    def test_orders(self, order):
        assert derivative(lambda x: exp(2.0 * x), order)(0.3) == pytest.approx(2.0**order * math.exp(0.6), rel=1e-14)
        with mpmath.workdps(40):
            for f, oracle in ((tanh, mpmath.tanh), (lambda x: sin(x * x), lambda x: mpmath.sin(x * x))):
                due = float(mpmath.diff(oracle, mpmath.mpf(0.7), order))
                assert derivative(f, order)(0.7) == pytest.approx(due, rel=1e-11)

    def test_of_a_value(self):
        x = Value(2.0)
        second = derivative(lambda v: v**4, 2)(x)
        assert isinstance(second, Value)
        assert gradients(second, [x]) == [48.0]

    def test_of_a_constant(self):
        assert derivative(lambda x: 3.0)(2.0) == 0.0
        assert derivative(lambda x: 3.0, 0)(2.0) == 3.0
        assert derivative(lambda x: x, 3)(2.0) == 0.0

    @pytest.mark.parametrize("order", [-1, 1.0, "1", None, np.array([2, 1]), np.array(1.5)])
    def test_an_order_that_is_none(self, order):
        with pytest.raises(ValueError) as raised:
            derivative(sin, order)
        assert str(raised.value) == f"order must be a whole number from 0, not {order!r}."

    def test_an_argument_that_is_no_number(self):
        for argument in ([1.0], (1.0,), {"x": 1.0}):
            with pytest.raises(OperandTypeError) as raised:
                derivative(lambda x: x)(argument)
            assert str(raised.value) == (
                "derivative works on functions of one number: use grad or jacobian for a list."
            )

    def test_a_function_of_several_numbers(self):
        with pytest.raises(OperandTypeError) as raised:
            derivative(lambda x, y: x * y)(2.0, 3.0)
        assert str(raised.value) == (
            "derivative works on functions of one number, but 2 arguments were given: use grad, whose argnums say "
            "which to differentiate by."
        )


def test_what_is_no_position_is_refused():
    with pytest.raises(TypeError) as refusal:
        grad(lambda x: x, argnums="x")(1.0)
    assert str(refusal.value) == "argnums must be the position of an argument, or a tuple of positions, not 'x'."


@pytest.mark.parametrize("make", [grad, value_and_grad, jacobian, hessian, derivative])
def test_what_is_no_function_is_refused_at_once(make):
    a, b = Value(2.0, name="a"), Value(3.0, name="b")
    name = make.__name__
    with pytest.raises(OperandTypeError) as raised:
        make(a * b)
    assert str(raised.value) == (
        f"{name} takes a function, not the Value mul = 6: write {name}(lambda x: …), or call backward() on the Value "
        "and read the gradients of its leaves."
    )
    with pytest.raises(OperandTypeError) as raised:
        make(3.0)
    assert str(raised.value) == "What is differentiated must be a function of numbers, not a float."
