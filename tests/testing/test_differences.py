"""Derivatives by differences: they are right, and their error is not understated."""

import math

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.testing.differences import differences


def one(f, x, side=0, noise=0.0):
    def outputs(t):
        try:
            return [f(t)]
        except (ValueError, ArithmeticError):
            return None

    [found] = differences(outputs, x, [noise], side=side)
    return found


@pytest.mark.parametrize(
    ("f", "oracle", "x", "rel"),
    [
        (math.sin, mpmath.sin, 1.0, 1e-13),
        (math.exp, mpmath.exp, 30.0, 1e-13),
        (math.log, mpmath.log, 1e-8, 1e-11),
        (math.log, mpmath.log, 1e8, 1e-11),
        (math.log, mpmath.log, 1e-3, 1e-11),
        (math.sqrt, mpmath.sqrt, 1e-3, 1e-11),
        (math.acosh, mpmath.acosh, 1.001, 1e-11),
        (math.sqrt, mpmath.sqrt, 1e-300, 1e-11),
        (math.log, mpmath.log, 1e-200, 1e-8),
        (lambda x: math.asinh(1e20 * x), lambda x: mpmath.asinh(10**20 * x), 3e-20, 1e-11),
        (lambda x: math.sin(1e6 * x), lambda x: mpmath.sin(10**6 * x), 1.0, 1e-8),
        (math.sin, mpmath.sin, 1e6, 1e-12),
        (lambda x: math.sin(16.0 * math.pi * x), lambda x: mpmath.sin(16 * mpmath.mpf(math.pi) * x), 0.3, 1e-12),
        (lambda x: 1e6 + math.sin(x), mpmath.sin, 0.3, 1e-7),
        (lambda x: 1e-200 * math.sin(x), lambda x: mpmath.mpf("1e-200") * mpmath.sin(x), 1.0, 1e-12),
        (lambda x: math.atan(1e4 * x), lambda x: mpmath.atan(10**4 * x), 1e-4, 1e-10),
    ],
)
def test_known_functions(f, oracle, x, rel):
    with mpmath.workdps(400):  # its step is as small as its digits are many
        due = float(mpmath.diff(oracle, mpmath.mpf(x)))
    value, error, _ = one(f, x)
    assert value == pytest.approx(due, rel=rel)
    assert abs(value - due) <= 10.0 * error
    assert error <= 1e3 * rel * abs(due)


@given(st.floats(-5.0, 5.0), st.sampled_from([math.tanh, math.sin, math.exp, math.erf, math.atan, math.asinh]))
def test_the_error_is_not_understated(x, f):
    with mpmath.workdps(50):
        due = float(mpmath.diff(getattr(mpmath, f.__name__), mpmath.mpf(x)))
    value, error, _ = one(f, x)
    assert abs(value - due) <= 10.0 * error
    assert error < 1e-10 * max(1.0, abs(due))


@pytest.mark.parametrize(("side", "slope"), [(-1, -2.0), (1, 3.0)])
def test_one_side(side, slope):
    value, error, _ = one(lambda x: 3.0 * x if x > 0 else -2.0 * x, 0.0, side)
    assert value == pytest.approx(slope, rel=1e-12)
    assert error < 1e-10
    value, _, _ = one(lambda x: math.exp(slope * x), 0.5, side)
    assert value == pytest.approx(slope * math.exp(slope * 0.5), rel=1e-10)


def test_the_end_of_a_domain():
    assert math.isnan(one(math.sqrt, 0.0).value)
    assert one(math.sqrt, 0.0).error == math.inf
    assert one(lambda x: x + math.sqrt(x) ** 4, 0.0, side=1).value == pytest.approx(1.0, rel=1e-10)
    assert math.isnan(one(math.log, -1.0, side=1).value)


def test_a_jump_has_no_derivative():
    value, error, _ = one(lambda x: 1.0 if x > 0.0 else 0.0, 0.0)
    assert error > 0.1 * abs(value)


def test_a_noisy_function_is_known_to_be_noisy():
    value, error, _ = one(lambda x: (x * 1e-14 + 1.0) - 1.0, 1.0, noise=4e-16)
    assert abs(value - 1e-14) <= 8.0 * error
    assert error < 1e-14


def test_outputs_are_measured_together():
    calls = []

    def f(x):
        calls.append(x)
        return [math.sin(x), math.cos(x), 7.0]

    found = differences(f, 0.4, [0.0, 0.0, 0.0])
    assert [each.value for each in found] == pytest.approx([math.cos(0.4), -math.sin(0.4), 0.0], rel=1e-12)
    assert len(calls) < 60
