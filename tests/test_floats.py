"""Floats that divide by zero as IEEE 754 says, which NumPy does too."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import CATALOGUE, Op, Value
from autograd.floats import Extended

INF, NAN = math.inf, math.nan
SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, 0.5, -0.5, 1e-310, 1e308, -1e308, 800.0, -800.0, INF, -INF, NAN]
#: Operations whose NumPy form is the same function, with the same limits.
LIKE_NUMPY = ["truediv", "pow", "reciprocal", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sinh", "cosh",
              "asin", "acos", "acosh", "square", "mul", "add", "sub"]  # fmt: skip


@pytest.mark.parametrize("name", LIKE_NUMPY)
def test_limits_are_those_of_ieee_754(name):
    op = getattr(autograd, name)
    for x in SPECIAL:
        for y in SPECIAL if len(op.slopes) == 2 else [None]:
            operands = (x,) if y is None else (x, y)
            with np.errstate(all="ignore"):
                due = float(op.apply(tuple(np.array([x]) for x in operands))[0])
            now = op(*map(Extended, operands))
            assert type(now) is Extended
            assert now == pytest.approx(due, rel=1e-13, abs=1e-300, nan_ok=True), operands
            assert math.copysign(1.0, now) == math.copysign(1.0, due) or due != due, operands


@given(st.sampled_from(CATALOGUE), st.lists(st.floats() | st.sampled_from(SPECIAL), min_size=3, max_size=3))
def test_nothing_raises(op, numbers):
    operands = numbers if op.nary else numbers[: len(op.slopes)]
    out = op.apply(tuple(map(Extended, operands)))
    slopes = op.slopes_at(Extended(out), tuple(map(Extended, operands)))
    assert all(isinstance(x, float) for x in (out, *slopes))


@given(st.sampled_from(CATALOGUE), st.lists(st.floats(-30.0, 30.0), min_size=3, max_size=3))
def test_finite_results_are_those_of_floats(op, numbers):
    operands = tuple(numbers if op.nary else numbers[: len(op.slopes)])
    try:
        due = op.apply(operands)
    except (ArithmeticError, ValueError):
        return
    assert op.apply(tuple(map(Extended, operands))) == due


def test_operators_both_ways_round():
    zero = Extended(0.0)
    assert 1.0 / zero == INF
    assert 1 / Extended(-0.0) == -INF
    assert math.isnan(zero / 0)
    assert zero**-1 == INF
    assert Extended(-0.0) ** -3 == -INF
    assert Extended(-2.0) ** 5001 == -INF
    assert 2 ** Extended(1e5) == INF
    assert -Extended(INF) == -INF
    assert abs(Extended(-INF)) == INF
    assert 1 - Extended(INF) == -INF
    assert math.isnan(Extended(-8.0) ** 0.5)


def test_a_division_inside_a_user_s_operation():
    """The sign of the infinity is that of the function, not that of its operand."""
    inverse_square = Op("inverse_square", lambda x: 1.0 / (x * x), [lambda out, x: -2.0 * out / x])
    assert inverse_square(Extended(-0.0)) == INF
    assert math.isnan(Op("log_like", lambda x: math.log(x - 1.0), [lambda out, x: 1.0 / (x - 1.0)])(Extended(0.5)))
    root = Op("root", lambda x: math.sqrt(x), [lambda out, x: x * inverse_square(out) / 2.0])
    assert math.isnan(root(Value(0.0)).slopes[0])


def test_a_user_s_operation_may_be_called_pow():
    one = Op("pow", lambda x: 1.0 / x, [lambda out, x: -out * out])
    assert one(Extended(0.0)) == INF
    two = Op("logistic", lambda x: math.sqrt(x), [lambda out, x: 0.5 / out])
    assert math.isnan(two(Extended(-1.0)))


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (autograd.sqrt, 0.0, INF), (autograd.cbrt, 0.0, INF), (autograd.asin, -1.0, INF), (autograd.acos, 1.0, -INF),
        (autograd.acosh, 1.0, INF), (lambda x: x**0.5, 0.0, INF), (lambda x: x / 1e-320, 0.0, INF),
        (autograd.reciprocal, 1e-170, -INF),
    ],
)  # fmt: skip
def test_infinite_slopes_are_recorded(f, x, slope):
    assert f(Value(x)).slopes[0] == slope
