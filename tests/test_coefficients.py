"""The approximations in the catalogue, in units in the last place of mpmath's numbers."""

import math
import random
import statistics

import pytest
from mpmath import mp

import autograd
from autograd import ops
from autograd.coefficients import BERNOULLI, NORMAL_QUANTILE, polynomial, rational

DRAWS = random.Random(0)
TAILS = [1.0 - 10.0 ** DRAWS.uniform(-15.9, -1.0) for _ in range(200)]
SPAN = [10.0 ** DRAWS.uniform(-100.0, 100.0) for _ in range(200)]
MIDDLE = [DRAWS.uniform(0.0, 12.0) for _ in range(400)]
ROOT = [1.4616321449683622, 1.4616321449683623, 1.4616321449683625, *(DRAWS.uniform(1.4, 1.5) for _ in range(200))]
LEFT = [-DRAWS.uniform(0.0, 8.0) for _ in range(200)]


@pytest.mark.parametrize(
    ("f", "exact", "points", "units"),
    [
        (autograd.erfinv, mp.erfinv, [*TAILS, *(DRAWS.uniform(-1.0, 1.0) for _ in range(400)), 1.0 - 2.0**-53], 6),
        (autograd.digamma, mp.digamma, [*SPAN, *MIDDLE, *ROOT], 7),
        (autograd.trigamma, lambda x: mp.psi(1, x), [*SPAN, *MIDDLE, *LEFT], 6),
        (lambda x: ops.polygamma(2.0, x), lambda x: mp.psi(2, x), [*SPAN, *MIDDLE], 7),
        (lambda x: ops.polygamma(5.0, x), lambda x: mp.psi(5, x), MIDDLE, 12),
    ],
    ids=["erfinv", "digamma", "trigamma", "polygamma 2", "polygamma 5"],
)
def test_accuracy(f, exact, points, units):
    with mp.workdps(40):
        for x in points:
            due = exact(mp.mpf(x))
            assert abs(mp.mpf(f(x)) - due) <= units * mp.mpf(math.ulp(float(due))), x


@pytest.mark.parametrize("order", range(4))
def test_left_of_zero_every_derivative_follows(order):
    """Beside its own size an error is measured by that of the terms that cancel near a root."""
    derivative = autograd.derivative(autograd.digamma, order=order)
    for x in [*LEFT, -0.5, -1e-8, -7.999999, -100.25]:
        with mp.workdps(40):
            due = float(mp.psi(order, mp.mpf(x)))
        scale = abs(math.pi / math.sin(math.pi * (x - round(x)))) ** (order + 1) + 10.0
        assert derivative(x) == pytest.approx(due, rel=1e-13, abs=1e-13 * scale), x


def test_the_quantile_is_that_of_the_standard_library():
    """Which computes by the same algorithm, from another copy of its coefficients."""
    for x in (-0.99, -0.3, 0.0, 0.2, 0.7):
        due = statistics.NormalDist().inv_cdf((1.0 + x) / 2.0) / math.sqrt(2.0)
        assert autograd.erfinv(x) == pytest.approx(due, rel=1e-13)
    assert all(len(side) == 8 for part in NORMAL_QUANTILE for side in part)


def test_bernoulli_numbers():
    assert list(BERNOULLI) == [pytest.approx(float(mp.bernoulli(2 * j)), rel=1e-16) for j in range(1, 9)]


def test_polynomials():
    assert polynomial([7.0], 2.0) == 7.0
    assert polynomial([1.0, 2.0, 3.0], 2.0) == 17.0
    assert rational(([1.0, 1.0], [2.0, 0.0, 1.0]), 2.0) == 0.5
