"""The gradient check: it catches planted errors of first and second order, names them, and knows a kink."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    CATALOGUE,
    DomainError,
    NonFiniteGradientError,
    Op,
    OpDefinitionError,
    OperandTypeError,
    Value,
    cos,
    maximum,
    relu,
    sin,
    tanh,
    where,
)
from autograd.testing import GradientMismatch, check_gradients, check_op
from autograd.testing.strategies import expressions, networks


def verdict_of(f, *xs, **options):
    with pytest.raises(GradientMismatch) as raised:
        check_gradients(f, *xs, **options)
    return raised.value


def constant_on_values(rule):
    """A rule that reads numbers and symbols, but whose result on Values is a number: right slope, no second order."""

    def detached(out, x):
        return float(rule(x.data)) if isinstance(x, Value) else rule(x)

    return detached


wrong_first = Op("cube", lambda x: x * x * x, [lambda out, x: 2.0 * x * x])
wrong_second = Op("wave", math.sin, [constant_on_values(cos)])
wrong_slot = Op("scaled", lambda x, y: x * sin(y), [lambda out, x, y: sin(y), lambda out, x, y: x * sin(y)])
wrong_sign = Op("well", lambda x: x * x, [lambda out, x: -2.0 * x])
slightly_wrong = Op("almost", math.tanh, [lambda out, x: (1.0 - out * out) * (1.0 + 1e-6)])
wrong_nary = Op("mean", lambda *xs: sum(xs) / len(xs), lambda out, xs: [1.0] * len(xs), pack=lambda xs: tuple(xs))


class TestPlantedErrors:
    def test_a_wrong_slope(self):
        failure = verdict_of(lambda w, x: wrong_first(w[0] * x) + w[1], [0.5, -0.2], 0.7)
        assert (failure.verdict, failure.order, failure.input) == ("bug", 1, "w[0]")
        assert failure.engine == pytest.approx(0.1715)
        assert failure.measured == pytest.approx(0.25725)
        assert failure.error < 1e-12
        assert str(failure).startswith("∂f/∂w[0] at w[0] = 0.5: the engine says 0.1715, differences say 0.25725 ± ")
        assert str(failure).endswith(
            ". This looks like a bug: the slope rule of cube gives ∂cube/∂x = 0.245 at x = 0.35, where differences "
            "give 0.3675. (2 derivatives of order 1 differ.)"
        )

    def test_a_wrong_second_order(self):
        check_gradients(lambda x: wrong_second(x) * x, 0.7, order=1)
        failure = verdict_of(lambda x: wrong_second(x) * x, 0.7)
        assert (failure.verdict, failure.order, failure.input) == ("bug", 2, "x")
        assert "∂²f/∂x∂x at x = 0.7: the engine says " in str(failure)
        assert "This looks like a bug: the slope rule, differentiated again, of wave gives ∂²wave/∂x∂x = 0 at " in str(
            failure
        )

    @pytest.mark.parametrize(
        ("f", "point", "name"),
        [
            (lambda x, y: wrong_slot(x, y), (0.5, 0.7), "y"),
            (lambda x, y: wrong_slot(2.0, tanh(y)) * x, (0.5, 0.7), "y"),
            (lambda x: wrong_sign(sin(x)), (0.5,), "x"),
            (lambda x: slightly_wrong(x), (0.5,), "x"),
            (lambda x, y: wrong_nary([x, y, x]), (0.5, 0.7), "x"),
        ],
    )
    def test_each_is_caught(self, f, point, name):
        failure = verdict_of(f, *point)
        assert (failure.verdict, failure.input) == ("bug", name)

    @pytest.mark.parametrize("op", [wrong_first, wrong_second, wrong_slot, wrong_sign, slightly_wrong, wrong_nary])
    def test_check_op_catches_them(self, op):
        with pytest.raises(GradientMismatch) as raised:
            check_op(op)
        assert raised.value.verdict == "bug"
        assert op.name in str(raised.value)

    @settings(max_examples=10)
    @given(expressions(steps=6), st.sampled_from([wrong_first, wrong_second, wrong_sign]))
    def test_they_are_found_in_any_graph(self, program, wrong):
        def f(x, *xs):
            return program(*xs) + wrong(x)

        failure = verdict_of(f, 0.6, *program.point)
        assert (failure.verdict, failure.input) == ("bug", "x")
        assert wrong.name in str(failure)

    def test_a_bug_is_told_from_a_kink_beside_it(self):
        for allow_kinks in (False, True):
            failure = verdict_of(lambda x: wrong_first(x + 1.0) + relu(x), 0.0, allow_kinks=allow_kinks)
            assert failure.verdict == "bug"
        failure = verdict_of(lambda x, z: wrong_first(x) + relu(z), 1.0, 0.0)
        assert (failure.verdict, failure.input) == ("bug", "x")

    def test_a_number_that_left_the_graph(self):
        failure = verdict_of(lambda x: x * x.data, 2.0)
        assert failure.verdict == "bug"
        assert str(failure).endswith(
            "This looks like a bug: every operation's own slopes are right, so a number left the graph: look for "
            ".data, float() or a function of math."
        )
        failure = verdict_of(lambda x: math.sin(x), 2.0)
        assert str(failure).endswith(
            "This looks like a bug: f did not give a Value, so its result depends on no input. Use autograd's "
            "functions, not those of math, and no .data or float()."
        )


class TestKinks:
    @pytest.mark.parametrize(
        ("f", "point", "operation", "sides"),
        [
            (lambda x: 3.0 * relu(x), (0.0,), "relu", "0 and 3"),
            (lambda x: abs(x), (0.0,), "abs", "−1 and 1"),
            (lambda x: autograd.leaky_relu(x), (0.0,), "leaky_relu", "0.01 and 1"),
            (lambda x, y: maximum(x, y), (1.5, 1.5), "maximum", "0 and 1"),
            (lambda x, y: autograd.minimum(x, y), (1.5, 1.5), "minimum", "1 and 0"),
            (lambda x, y: autograd.largest([x, y, 0.0]), (1.5, 1.5), "largest", "0 and 1"),
            (lambda x, y: autograd.hypot(x, y), (0.0, 0.0), "hypot", "−1 and 1"),
            (lambda x: x * 2.0 if x > 1.0 else x * 3.0 - 1.0, (1.0,), "a branch of the function", "3 and 2"),
            (lambda x: where(x > 1.0, x * 2.0, x * 3.0 - 1.0), (1.0,), "where", "3 and 2"),
        ],
    )
    def test_each_is_told(self, f, point, operation, sides):
        failure = verdict_of(f, *point)
        assert (failure.verdict, failure.order, failure.input) == ("kink", 1, "x")
        assert f"This looks like a kink of {operation}, with slopes {sides} on its sides; the engine's" in str(failure)
        check_gradients(f, *point, order=1 if operation == "hypot" else 2, allow_kinks=True)

    @pytest.mark.parametrize(
        ("f", "point"), [(autograd.floor, (2.0,)), (autograd.mod, (4.0, 2.0)), (autograd.atan2, (0.0, -1.9))]
    )
    def test_a_jump_is_told(self, f, point):
        failure = verdict_of(f, *point)
        assert (failure.verdict, failure.order) == ("kink", 1)
        assert f"This looks like a kink of {f.name}; the engine's slope there is a convention." in str(failure)
        check_gradients(f, *point, allow_kinks=True)
        check_gradients(f, *(x + 0.3 for x in point))

    def test_a_kink_that_no_record_tells_of(self):
        bent = Op("bent", lambda x: max(x, 2.0 * x), [lambda out, x: 1.0 + autograd.greater(x, 0.0)])
        assert verdict_of(lambda x: bent(x), 0.0).verdict == "kink"
        check_gradients(lambda x: bent(x), 1e-3)

    def test_conventions_that_do_not_add_up(self):
        """relu(x) − relu(−x) is x, but the slopes 0 at 0 sum to 0."""
        failure = verdict_of(lambda x: relu(x) - relu(-x), 0.0)
        assert (failure.verdict, failure.engine) == ("kink", 0.0)
        assert "with slopes 1 and 1 on its sides" in str(failure)

    def test_a_smooth_function_through_a_kink(self):
        check_gradients(lambda x: relu(x) ** 2, 0.0, order=1)
        check_gradients(lambda x: x * abs(x), 0.0, order=1)
        failure = verdict_of(lambda x: relu(x) ** 2, 0.0)
        assert (failure.verdict, failure.order) == ("kink", 2)
        check_gradients(lambda x: relu(x) ** 2, 0.0, allow_kinks=True)

    @pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5, -1e-5])
    def test_no_difference_is_taken_across_a_kink(self, distance):
        check_gradients(lambda x: relu(x) + x * abs(x), distance)
        check_gradients(lambda x, y: maximum(x * y, y), 1.0 + distance, 0.7)

    def test_too_close_to_a_kink(self):
        assert verdict_of(lambda x: relu(x) + 1.0, 1e-13).verdict == "kink"

    def test_a_kink_elsewhere_does_not_matter(self):
        check_gradients(lambda x: sin(x) + relu(Value(0.0)), 0.5)
        failure = verdict_of(lambda x, z: sin(x) + relu(z), 0.5, 0.0)
        assert (failure.verdict, failure.input) == ("kink", "z")


class TestRounding:
    @pytest.mark.parametrize(
        ("f", "x"), [(lambda x: x * autograd.sqrt(x), 0.0), (lambda x: x + 1e-3 * math.sin(1e12 * x.data), 0.7)]
    )
    def test_a_function_too_rough_to_tell(self, f, x):
        failure = verdict_of(f, x, order=1)
        assert failure.verdict == "rounding"
        assert str(failure).endswith(
            "This looks like rounding: the differences are too inaccurate here; check at another point."
        )

    def test_a_slope_that_drowns_in_rounding_is_none_to_complain_of(self):
        check_gradients(lambda x: (x * 1e-14 + 1.0) - 1.0, 1.0)
        failure = verdict_of(lambda x: (x * 1e-14 + 1.0) - 1.0 + wrong_first(x) * 1e-10, 1.0)
        assert failure.verdict == "bug"

    @pytest.mark.parametrize("x", [1e-100, 1e-15, 1e-8, 1e-3, 1.0, 1e3, 1e6])
    def test_any_size_of_input(self, x):
        check_gradients(lambda x: autograd.log(x) * x, x)
        check_gradients(lambda x: autograd.sqrt(x) / (1.0 + x), x)

    @pytest.mark.parametrize("x", [8.0, 12.0, 17.0, 40.0])
    def test_saturated_functions(self, x):
        for f in (tanh, autograd.sigmoid, autograd.erf, autograd.gelu, autograd.silu, autograd.softplus):
            check_gradients(lambda x, f=f: f(x), x)
            check_gradients(lambda x, f=f: f(x), -x)

    @pytest.mark.parametrize("x", [-708.0, -720.0, -740.0, -745.0, -800.0])
    def test_slopes_below_the_least_normal_float(self, x):
        check_gradients(autograd.exp, x)
        check_gradients(lambda x: autograd.sigmoid(x) + autograd.softplus(x), x)

    def test_the_end_of_a_domain(self):
        check_gradients(lambda x: autograd.sqrt(1.0 - x) * 0.0 + x * x, 1.0 - 1e-6)
        with pytest.raises(NonFiniteGradientError):
            check_gradients(autograd.sqrt, 0.0)
        with pytest.raises(DomainError):
            check_gradients(autograd.log, -1.0)


class Line(NamedTuple):
    slope: float
    offset: float


class TestArguments:
    def test_structures(self):
        check_gradients(
            lambda p, q, *rest: p["a"] * p["b"][0] + p["b"][1][1] * q.slope + sin(q.offset) * rest[0] * rest[1],
            {"a": 1.0, "b": ([2.0, 0.5][0], np.array([1.0, 3.0]))}, Line(0.5, 0.25), 2.0, 3,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("f", "xs", "name"),
        [
            (lambda p: wrong_sign(p["a"][1]), ({"a": [0.0, 1.0]},), "p['a'][1]"),
            (lambda line: wrong_sign(line.offset), (Line(1.0, 2.0),), "line.offset"),
            (lambda *xs: wrong_sign(xs[1]), (1.0, 2.0), "xs[1]"),
            (lambda m: wrong_sign(m[1][0]), (np.ones((2, 2)),), "m[1][0]"),
            (lambda m: wrong_sign(m[1]), ([1.0, Value(2.0, name="W1[0][1]")],), "W1[0][1]"),
            (wrong_sign, (1.0,), "x"),
            (wrong_nary, ([1.0, 2.0],), "arguments[0][0]"),
        ],
    )
    def test_inputs_have_names(self, f, xs, name):
        assert verdict_of(f, *xs).input == name

    def test_several_outputs(self):
        check_gradients(lambda xs: autograd.softmax(xs), [0.3, -1.0, 2.0])
        check_gradients(lambda x: {"a": x * x, "b": (sin(x), 1.0)}, 0.5, order=3)

        def pair(x, y):
            return [x * y, wrong_first(y)]

        assert str(verdict_of(pair, 2.0, 3.0)).startswith(
            "∂pair[1]/∂y at y = 3: the engine says 18, differences say 27 ±"
        )
        assert str(verdict_of(lambda x, y: [x, wrong_second(y) * x], 2.0, 0.7)).startswith("∂²f[1]/∂y∂y at y = 0.7")

    @pytest.mark.parametrize("order", [0, -1, 1.5, None])
    def test_an_order_that_is_none(self, order):
        with pytest.raises(ValueError) as raised:
            check_gradients(sin, 1.0, order=order)
        assert str(raised.value) == f"order must be a whole number from 1, not {order!r}."

    def test_third_order(self):
        check_gradients(lambda x, y: tanh(x * y) * x, 0.5, 0.7, order=3)
        third = Op("f", math.sin, [lambda out, x: wrong_second(x + math.pi / 2.0)])
        check_gradients(lambda x: third(x), 0.4, order=2)
        assert verdict_of(lambda x: third(x), 0.4, order=3).order == 3

    def test_a_function_that_draws_numbers(self):
        generator = np.random.default_rng(0)

        def noisy(x):
            return x * generator.normal()

        with pytest.raises(ValueError) as raised:
            check_gradients(noisy, 1.0)
        assert str(raised.value) == "noisy gives different numbers when called twice: seed its random numbers."

    def test_no_number(self):
        with pytest.raises(OperandTypeError):
            check_gradients(sin, "a")
        with pytest.raises(OperandTypeError):
            check_gradients(lambda x: "a", 1.0)

    def test_a_constant(self):
        check_gradients(lambda x: 3.0, 1.0)
        check_gradients(lambda x: [], 1.0)
        check_gradients(lambda: 3.0)
        check_gradients(lambda x: x, 1.0, order=3)

    def test_nothing_is_left_behind(self):
        w = Value(2.0)
        check_gradients(lambda x: w * x * x, 1.0)
        assert w.grad is None


class TestCheckOp:
    @pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
    def test_the_third_order_of_the_catalogue(self, op):
        points = {"acosh": [(1.7,), (5.0,)], "atanh": [(0.4,)], "asin": [(0.4,)], "acos": [(-0.3,)], "erfinv": [(0.4,)]}
        count = 3 if op.nary else len(op.slopes)
        check_op(op, points.get(op.name, [(0.4, 1.3, 0.8)[:count], (1.2, 0.7, 2.1)[:count]]), order=3)

    def test_a_domain_that_is_too_wide(self):
        op = Op("root", math.sqrt, [lambda out, x: 0.5 / out])
        with pytest.raises(DomainError) as raised:
            check_op(op)
        assert raised.value.__notes__[0].startswith("The record of root states the domain any x, which holds (-")
        check_op(Op("root", math.sqrt, [lambda out, x: 0.5 / out], domain=[(0.0, math.inf)]))

    def test_a_rule_that_reads_no_symbols(self):
        with pytest.raises(OpDefinitionError, match=r"^A slope rule of operation 'f' does not read symbols \("):
            check_op(Op("f", math.sin, [lambda out, x: math.cos(x)]))
        three = Op("g", lambda x, y, z: x, [lambda out, x, y, z: 1.0 if x > 0 else 2.0] * 3)
        with pytest.raises(OpDefinitionError, match=r"^A slope rule of operation 'g' does not read symbols \("):
            check_op(three)

    def test_readings_that_differ(self):
        op = Op("f", math.sin, [lambda out, x: cos(x)], array=lambda x: 2.0 * np.sin(x))
        with pytest.raises(AssertionError) as raised:
            check_op(op, [(1.0,)])
        assert str(raised.value) == (
            "f at (1.0,): on NumPy arrays, the result is 1.68294196962, on floats 0.841470984808."
        )
        slope = Op("g", math.sin, [lambda out, x: cos(x) * (1.0 + 0.0 * x)])
        check_op(slope)

    def test_points(self):
        check_op(autograd.log, [(1e-3,), (1,)])
        check_op(autograd.exp, [(1000.0,), (1.0,)])
        with pytest.raises(ValueError) as raised:
            check_op(relu, [(0.0,)])
        assert str(raised.value) == "No point was left to check relu at: give points where it is smooth and finite."

    def test_a_wrong_rule_in_a_corner_of_the_domain(self):
        op = Op(
            "corner", lambda x: x * x if x < 5.0 else 25.0 + 3.0 * (x - 5.0), [lambda out, x: 2.0 * x],
            kink=lambda x: x - 5.0, convention="none",
        )  # fmt: skip
        with pytest.raises(GradientMismatch):
            check_op(op)


@given(expressions())
def test_every_smooth_expression_passes(program):
    check_gradients(program, *program.point)


@settings(max_examples=settings.default.max_examples // 2)
@given(expressions(smooth=False, operations=[relu, autograd.abs, maximum, autograd.add, autograd.mul, autograd.neg]))
def test_every_piecewise_expression_passes_but_for_kinks(program):
    check_gradients(program, *program.point, allow_kinks=True)


@settings(max_examples=10)
@given(networks(width=3))
def test_every_network_passes(program):
    check_gradients(program, *program.point)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_point_that_is_not_finite_is_refused(number):
    for f, point, name in ((autograd.sin, number, "x"), (lambda v: v[0] * v[1], [1.0, number], "v[1]")):
        with pytest.raises(ValueError) as refusal:
            check_gradients(f, point)
        assert str(refusal.value) == (
            f"check_gradients compares with differences, and there are none at {name} = {number}: give finite numbers."
        )
