"""Compiled: a function that is compiled at its first call with arguments of a kind, and stands where it stood."""

import copy
import gc
import pickle
import threading
import typing
import weakref

import numpy as np
import pytest

import autograd
from autograd import CompileError, ControlFlowError, OperandTypeError, Value, dot, exp, no_grad, sin, where
from autograd.compiler import Compiled, Program, compiled


class Point(typing.NamedTuple):
    x: float
    y: float


@pytest.fixture(params=["at once", "with options", "as an option"])
def made(request, backend):
    """Return the ways to write it."""
    if request.param == "as an option":
        return lambda f: autograd.compile(f, backend=backend)
    return autograd.compile(backend=backend) if request.param == "with options" else autograd.compile


def sentence(raised):
    return str(raised.value)


@autograd.compile
def cube(x):
    """Compute x³."""
    return x**3


class TestCall:
    def test_one_number(self, made):
        f = made(lambda x: x**3 + sin(x))
        assert isinstance(f, Compiled)
        found = f(2.0)
        assert (type(found), found) == (float, pytest.approx(8.0 + np.sin(2.0)))
        assert [f(3), f(np.float32(3.0)), f(np.array(3.0)), f(x=3.0)] == [pytest.approx(27.0 + np.sin(3.0))] * 4
        assert len(f.programs) == 2  # by place, and by name

    def test_it_takes_and_gives_what_the_function_does(self, backend):
        def f(x, p, *rest, scale=1.0, mode=None):
            return {
                "list": [x[0] * p["k"], 3, None, "text", True],
                "array": x * scale,
                "point": Point(sum(rest, p["k"] * 1.0), dot(x, x)),
                "constant": np.array([[1.0], [2.0]]),
                "nested": ([[p["k"] ** 2]], mode),
            }

        g = autograd.compile(f, backend=backend)
        calls = [
            ((np.array([1.0, 2.0]), {"k": 3.0}), {}),
            ((np.array([1.0, 2.0]), {"k": 3.0}, 4.0, 5.0), {"scale": 2.0, "mode": "on"}),
        ]
        for args, named in calls:
            due, found = f(*args, **named), g(*args, **named)
            assert (found["list"], found["nested"], found["point"]) == (due["list"], due["nested"], due["point"])
            assert type(found["point"]) is Point
            for name in ("array", "constant"):
                np.testing.assert_array_equal(found[name], due[name])
        assert len(g.programs) == 2

    @pytest.mark.parametrize("shape", [(0,), (1,), (3,), (2, 3)])
    def test_arrays_keep_their_shape(self, made, shape):
        x = np.arange(float(np.prod(shape))).reshape(shape)
        f = made(lambda x: x * x)
        np.testing.assert_array_equal(f(x), x * x)
        assert f(x).shape == shape
        assert f(x.astype(np.float32)).dtype == f(x.astype(int)).dtype == np.float64
        assert len(f.programs) == 1
        found = f(x)
        found[...] = 7.0  # the next result is another array
        np.testing.assert_array_equal(f(x), x * x)

    def test_one_program_for_each_structure(self):
        f = autograd.compile(lambda xs: sum(xs) * 1.0, backend="numpy")
        for xs in ([1.0, 2.0], (1.0, 2.0), np.array([1.0, 2.0]), [1.0, 2.0, 3.0], [1, 2.0], [3, 4.0]):
            assert f(xs) == sum(xs)
        assert len(f.programs) == 5

    def test_results_that_depend_on_nothing(self, made):
        assert made(lambda x: 3.0)(1.0) == 3.0
        assert made(lambda x: None)(1.0) is None
        assert made(lambda x: [])(1.0) == []
        assert made(lambda xs: [])([]) == []
        assert made(lambda x: 3.0).grad(1.0) == 0.0

    def test_float32(self, backend):
        f = autograd.compile(lambda x: x / 3.0, dtype="float32", backend=backend)
        assert f(1.0) == float(np.float32(1.0) / np.float32(3.0))

    def test_without_arguments_it_is_compiled_at_once(self):
        w = Value(2.0)
        program = autograd.compile(lambda: w * w, parameters=[w], backend="numpy")
        assert isinstance(program, Program)
        assert program.value_and_grad()[0] == 4.0

    def test_the_function_is_called_twice_and_no_more(self):
        calls = []
        f = autograd.compile(lambda x: (calls.append(1), x * 2.0)[1], backend="numpy")
        assert [f(1.0), f(2.0), f.grad(3.0), f.hessian(3.0), len(calls)] == [2.0, 4.0, 2.0, 0.0, 2]

    def test_an_operation(self, made):
        assert made(exp)(0.0) == 1.0


class TestDerivatives:
    """The words and shapes of `autograd`'s functions, which are the oracle."""

    ARGUMENTS = ([0.5, -1.5], np.array([[1.0, 2.0], [3.0, 4.0]]), {"k": 2.0})

    @staticmethod
    def scalar(v, m, p):
        return sin(v[0] * v[1]) * p["k"] ** 2 + (m * m).sum() * v[0]

    @staticmethod
    def several(v, m, p):
        return {"a": [v[0] * p["k"], 3.0], "m": m @ m * v[1]}

    @pytest.mark.parametrize("argnums", [None, 0, 1, 2, -1, (0, 1), (2, 0), [1]])
    @pytest.mark.parametrize("word", ["grad", "value_and_grad", "hessian", "jacobian"])
    def test_as_the_engine_has_them(self, backend, word, argnums):
        f = autograd.compile(self.scalar, backend=backend)
        due = getattr(autograd, word)(self.scalar, argnums or 0)(*self.ARGUMENTS)
        found = getattr(f, word)(*self.ARGUMENTS, argnums=argnums)
        check_same(found, due)

    @pytest.mark.parametrize("word", ["grad", "value_and_grad", "jacobian", "hessian"])
    @pytest.mark.parametrize(
        ("f", "arguments"),
        [
            (lambda x, n: x**n, (-2.0, 3)),
            (lambda x, c: x * x + autograd.sqrt(c), (1.0, 0.0)),
            (lambda x, c: x * autograd.hypot(c, 0.0), (1.0, 0.0)),
            (lambda x, m: x * np.linalg.norm(m), (1.0, np.zeros(3))),
        ],
        ids=["power", "root", "distance", "norm"],
    )
    def test_a_slope_that_nobody_asks_for_need_not_exist(self, backend, word, f, arguments):
        compiled = getattr(autograd.compile(f, backend=backend), word)
        check_same(compiled(*arguments), getattr(autograd, word)(f)(*arguments))
        check_same(compiled(*arguments, argnums=(0,)), getattr(autograd, word)(f, (0,))(*arguments))

    @pytest.mark.parametrize("word", ["grad", "value_and_grad", "jacobian", "hessian"])
    @pytest.mark.parametrize("x", [2.0, -2.0])
    def test_numbers_come_out_wherever_the_argument_is(self, backend, word, x):
        w = Value(2.0, "w")
        compiled = getattr(autograd.compile(lambda x, n: w * x**n, parameters=[w], backend=backend), word)
        check_same(compiled(x, 3, argnums=0), getattr(autograd, word)(lambda x, n: 2.0 * x**n)(x, 3))
        twice = getattr(autograd, word)(lambda x, n: 2.0 * x**n, (0, 0))(x, 3)
        check_same(compiled(x, 3, argnums=(0, 0)), twice)
        assert w.grad is None

    def test_an_overflow_is_no_slope_that_nobody_asks_for(self):
        compiled = autograd.compile(lambda x, n: x**n, backend="numpy", dtype="float32")
        for argnums in (0, (0, 1)):
            with pytest.raises(autograd.ValueOverflowError, match="beyond the largest float32"):
                compiled.grad(1e20, 2, argnums=argnums)

    def test_one_that_is_asked_for_has_to(self, backend):
        with pytest.raises(autograd.NonFiniteGradientError, match="slope nan with respect to n"):
            autograd.compile(lambda x, n: x**n, backend=backend).grad(-2.0, 3, argnums=(0, 1))

    @pytest.mark.parametrize("argnums", [None, 1, (2, 1, 0)])
    def test_jacobians_of_several(self, backend, argnums):
        due = autograd.jacobian(self.several, argnums or 0)(*self.ARGUMENTS)
        check_same(autograd.compile(self.several, backend=backend).jacobian(*self.ARGUMENTS, argnums=argnums), due)

    def test_no_single_number(self):
        with pytest.raises(OperandTypeError, match=r"^grad needs a function whose result is one Value"):
            autograd.compile(lambda x: [x, x], backend="numpy").grad(2.0)

    def test_no_such_argument(self):
        with pytest.raises(TypeError, match=r"^argnums names argument 1, but the function was called with 1 argument"):
            autograd.compile(lambda x: x * x, backend="numpy").grad(2.0, argnums=1)

    def test_by_parameters(self, backend):
        w, b = Value(3.0, "w"), Value(1.0, "b")
        f = autograd.compile(lambda x: w**2 * x + b, parameters=[w, b], backend=backend)
        assert f(2.0) == 19.0
        value, gradient = f.value_and_grad(2.0)
        assert (value, gradient.tolist(), f.grad(2.0, argnums=0)) == (19.0, [12.0, 1.0], 9.0)
        assert f.hessian(2.0).tolist() == [[4.0, 0.0], [0.0, 0.0]]
        assert f.jacobian(2.0).tolist() == [12.0, 1.0]
        w.data = 1.0
        assert (f(2.0), f.grad(2.0).tolist()) == (3.0, [4.0, 1.0])
        g = autograd.compile(lambda x: [w * x, b * x], parameters=[w, b], backend=backend)
        assert [row.tolist() for row in g.jacobian(2.0)] == [[2.0, 0.0], [0.0, 2.0]]

    def test_with_scipy(self):
        optimize = pytest.importorskip("scipy.optimize")

        @autograd.compile
        def rosenbrock(x):
            return 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2

        start = np.array([-1.2, 1.0])
        found = optimize.minimize(
            rosenbrock, start, jac=rosenbrock.grad, hess=rosenbrock.hessian, method="trust-exact", tol=1e-10
        )
        np.testing.assert_allclose(found.x, [1.0, 1.0], rtol=1e-8)


def check_same(found, due):
    if isinstance(due, dict):
        assert list(found) == list(due)
        found, due = list(found.values()), list(due.values())
    if isinstance(due, list | tuple):
        assert (type(found), len(found)) == (type(due), len(due))
        for one, other in zip(found, due, strict=True):
            check_same(one, other)
    elif np.asarray(due).dtype.hasobject:
        assert found.shape == due.shape
        check_same(found.ravel().tolist(), due.ravel().tolist())
    else:
        assert np.shape(found) == np.shape(due)
        np.testing.assert_allclose(found, due, rtol=1e-12, atol=1e-13)


class TestWhereTheFunctionStands:
    """Where its result has to be a Value the function itself is called, so that nothing is lost."""

    def test_values_are_passed_on(self):
        x = Value(2.0, "x")
        y = cube(x)
        y.backward()
        assert (y.data, x.grad) == (8.0, 12.0)
        assert isinstance(autograd.compile(lambda xs: xs[1] * 2.0)(np.array([x, x])), Value)

    def test_inside_other_derivatives(self):
        assert autograd.grad(cube)(2.0) == 12.0
        assert autograd.hessian(lambda v: cube(v[0]) * v[1])([2.0, 3.0]) == [[36.0, 12.0], [12.0, 0.0]]
        assert autograd.derivative(cube, order=3)(2.0) == 6.0
        assert autograd.grad(lambda x: cube.grad(x) * x)(2.0) == 36.0
        w = Value(3.0, "w")
        f = autograd.compile(lambda x: w * x, parameters=[w])
        assert autograd.grad(lambda x: x * f(1.0))(2.0).data == 3.0

    def test_a_derivative_can_be_compiled(self, backend):
        f = autograd.compile(autograd.grad(lambda v: v[0] ** 3 * v[1]), backend=backend)
        assert f([2.0, 3.0]) == [36.0, 8.0]
        assert autograd.compile(autograd.hessian(cube), backend=backend)(2.0) == 12.0

    def test_inside_another_compiled_function(self, backend):
        s = Value(2.0, requires_grad=False)
        inner = autograd.compile(lambda x: s * x, backend=backend)
        program = autograd.compile(lambda x: inner(1.0) * x, 0.0, backend=backend)
        assert (program([3.0]).tolist(), inner(1.0)) == ([6.0], 2.0)
        s.data = 5.0
        assert program([3.0]).tolist() == [15.0]

    def test_what_it_captures_and_takes_a_gradient(self, backend):
        w = Value(3.0, "w")
        f = autograd.compile(lambda x: w * x, backend=backend)
        y = f(2.0)
        y.backward()
        assert (y.data, w.grad, f.grad(2.0).data) == (6.0, 2.0, 3.0)
        assert str(f).endswith(
            "inside no_grad. Elsewhere the function itself is called, for it captures w = 3, which takes a gradient: "
            "name it in parameters to get numbers."
        )
        with no_grad():
            assert (type(f(2.0)), f(2.0)) == (float, 6.0)
        w.requires_grad = False
        assert (type(f(2.0)), f(2.0)) == (float, 6.0)

    def test_what_it_makes_itself_is_not_captured(self, backend):
        f = autograd.compile(lambda xs: sum([x * x for x in xs], Value(0.0)), backend=backend)
        assert (f([1.0, 2.0]), f.grad([1.0, 2.0])) == (5.0, [2.0, 4.0])

    def test_a_gradient_by_parameters_that_would_be_lost(self):
        w = Value(3.0, "w")
        f = autograd.compile(lambda x: w * x, parameters=[w], backend="numpy")
        with pytest.raises(CompileError) as raised:
            autograd.grad(lambda x: f.value_and_grad(x)[0])(2.0)
        assert sentence(raised) == (
            "value_and_grad by the parameters gives numbers, which would be lost to the derivative that is being taken "
            "around it. Call the function, and take gradients(y, parameters, create_graph=True) of its result."
        )


class TestStatic:
    def test_a_count(self, backend):
        @autograd.compile(static="n", backend=backend)
        def power(x, n):
            y = x
            for _ in range(n - 1):
                y = y * x
            return y

        assert [power(2.0, 3), power(2.0, n=4), power(x=2.0, n=5), power.grad(2.0, 3)] == [8.0, 16.0, 32.0, 12.0]
        assert len(power.programs) == 3

    def test_places_and_kinds(self):
        f = autograd.compile(lambda kind, x: x * (2.0 if kind is True else 1.0), static=[0], backend="numpy")
        assert [f(1, 3.0), f(True, 3.0), f(1.0, 3.0), f(0.0, 3.0), f(-0.0, 3.0)] == [3.0, 6.0, 3.0, 3.0, 3.0]
        assert len(f.programs) == 5

    def test_truth_values_texts_and_objects_are_so_by_themselves(self):
        def f(x, flag, kind="sin"):
            return (sin(x) if kind == "sin" else exp(x)) if flag else x

        g = autograd.compile(f, backend="numpy")
        for args in ((0.5, True), (0.5, False), (0.5, True, "exp")):
            assert g(*args) == pytest.approx(f(*args))

    def test_what_a_branch_is_told(self):
        with pytest.raises(ControlFlowError) as raised:
            autograd.compile(lambda x: x if x > 0 else -x)(1.0)
        assert raised.value.__notes__ == [
            "If an argument with few values decides here, such as a count, name it in static: compile(f, static='n') "
            "compiles once for each."
        ]
        assert autograd.compile(lambda x: where(x > 0, x, -x))(-2.0) == 2.0

    def test_what_a_count_is_told(self):
        with pytest.raises(TypeError) as raised:
            autograd.compile(lambda xs, i: xs[i])([1.0, 2.0], 1)
        assert raised.value.__notes__[0].startswith("If an argument with few values decides here, such as a count")
        with pytest.raises(TypeError) as raised:
            autograd.compile(lambda x, y: x * y)(1.0)
        assert not hasattr(raised.value, "__notes__")

    @pytest.mark.parametrize("static", ["n", 1, -1, np.int64(1), ["n"], [np.int8(1)], np.array([1])])
    def test_ways_to_name_what_is_static(self, static):
        power = autograd.compile(lambda x, n: x if n < 2 else x**n, static=static)
        assert [power(3.0, 1), power(3.0, 2), power(3.0, n=3)] == [3.0, 9.0, 27.0]

    def test_what_is_no_number_has_no_derivative(self):
        with pytest.raises(TypeError) as raised:
            autograd.compile(lambda kind, x: x * 2.0).grad("a", 2.0)
        assert sentence(raised) == "argnums names argument 0, but 'a' is no number to differentiate by."
        with pytest.raises(
            TypeError, match=r"0 argument\(s\): give those to differentiate by their place, not their name\.$"
        ):
            autograd.compile(lambda x: x * 2.0).grad(x=2.0)

    def test_what_is_refused(self):
        with pytest.raises(CompileError) as raised:
            autograd.compile(lambda x, n: x, static="m")
        assert sentence(raised) == "static names 'm', but the function takes x, n."
        for wrong in (2, -3, 0.5, [None]):
            with pytest.raises(CompileError, match=r"^static names .*, but the function takes x, n\.$"):
                autograd.compile(lambda x, n: x, static=wrong)
        with pytest.raises(CompileError) as raised:
            autograd.compile(lambda x: x, 0.0, static="x")
        assert (
            sentence(raised) == "static is for functions that are compiled without an example: leave one of them out."
        )
        with pytest.raises(CompileError) as raised:
            autograd.compile(lambda x, s: x)(1.0, {1, 2})
        assert sentence(raised) == (
            "The argument s holds a set, which is no number and has no hash, so that calls with another set could not "
            "be told apart. Pass numbers, or lists, dicts and arrays of them, give the class a __hash__, or read it "
            "from outside the function."
        )
        with pytest.raises(CompileError, match=r"^The function that is being compiled gave an object of type Hidden"):
            autograd.compile(lambda x: type("Hidden", (), {})())(1.0)
        with pytest.raises(CompileError, match=r"^The function that is being compiled gives other results each time"):
            autograd.compile(lambda x: [x, np.random.default_rng().normal()])(1.0)
        with pytest.raises(OperandTypeError, match="masked"):
            cube(np.ma.masked_array([1.0], [True]))
        with pytest.raises(CompileError, match=r"^parameters\[0\] is no Value"):
            autograd.compile(lambda x: x, parameters=[1.0])(1.0)


class Spring:
    def __init__(self, stiffness):
        self.stiffness = stiffness

    @autograd.compile
    def energy(self, x):
        """Compute ½·k·x²."""
        return 0.5 * self.stiffness * x**2


class TestMethods:
    def test_each_object_has_its_own(self):
        soft, hard = Spring(2.0), Spring(4.0)
        assert [soft.energy(3.0), hard.energy(3.0), soft.energy.grad(3.0), hard.energy.hessian(3.0)] == [9, 18, 6, 4]
        assert soft.energy.value_and_grad(3.0, argnums=-1) == (9.0, 6.0)
        with pytest.raises(TypeError, match=r"^argnums names argument 1, but the function was called with 1 argument"):
            soft.energy.grad(3.0, argnums=1)

    def test_objects_are_let_go(self):
        spring = Spring(2.0)
        spring.energy(1.0)
        gone = weakref.ref(spring)
        del spring
        gc.collect()
        assert gone() is None
        other = Spring(2.0)
        other.energy(1.0)
        assert all(not static.gone for key in Spring.energy._kept for static in key[0] if hasattr(static, "gone"))


class TestItself:
    def test_how_it_prints(self):
        f = autograd.compile(lambda v, p: v[0] * p["k"], backend="numpy")
        assert str(f) == "TestItself.test_how_it_prints.<lambda>: compiled at its first call."
        f([1.0, 2.0], {"k": 3.0, "mode": "a"})
        assert repr(f) == "<compiled TestItself.test_how_it_prints.<lambda>, 1 program>"
        assert str(f) == "TestItself.test_how_it_prints.<lambda>(v[2], p{k[], mode='a'}): mul 1"

    def test_it_bears_the_functions_name(self):
        assert (cube.__name__, cube.__doc__, cube.__wrapped__(2.0)) == ("cube", "Compute x³.", 8.0)

    def test_names_in_errors(self):
        f = autograd.compile(lambda v, p: autograd.log(p["rate"] * v[1]), backend="numpy")
        with pytest.raises(autograd.DomainError, match=r"p\['rate'\]·v\[1\]"):
            f([1.0, -2.0], {"rate": 3.0})
        with pytest.raises(autograd.DomainError) as raised:
            f([1.0, -2.0], {"rate": 3.0})
        assert not hasattr(raised.value, "__notes__")

    def test_copies_and_pickles(self):
        assert copy.deepcopy(cube) is cube
        assert pickle.loads(pickle.dumps(cube)) is cube
        spring = Spring(2.0)
        assert pickle.loads(pickle.dumps(spring.energy))(3.0) == 9.0
        assert copy.deepcopy(spring).energy(3.0) == 9.0

    def test_the_oldest_are_forgotten(self, monkeypatch):
        monkeypatch.setattr(compiled, "MAX_PROGRAMS_KEPT", 3)
        f = autograd.compile(lambda xs: sum(xs) * 1.0, backend="numpy")
        for n in range(1, 6):
            assert f([1.0] * n) == n
        assert [len(program.arguments[0].leaves) for program in f.programs] == [3, 4, 5]

    def test_threads(self):
        f = autograd.compile(lambda x: x * x, backend="numpy")
        wrong = []

        def run(k):
            wrong.extend(1 for i in range(200) if f(float(k + i)) != float(k + i) ** 2)

        threads = [threading.Thread(target=run, args=(1000.0 * k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (wrong, len(f.programs)) == ([], 1)
