import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import value_and_grad
from nn.optim.line_search import Point, strong_wolfe

C1, C2 = 1e-4, 0.1


class Line:
    """A function of one number, probed and counted; the engine gives its slope."""

    def __init__(self, function):
        self.function = value_and_grad(function)
        self.probes = 0

    def __call__(self, step):
        self.probes += 1
        try:
            value, slope = self.function(step)
        except ArithmeticError:
            value, slope = math.inf, math.nan
        return Point(step, value, slope, np.array([step]), np.array([slope]))


def satisfies(start, end, c1=C1, c2=C2):
    return end.value <= start.value + c1 * end.step * start.slope and abs(end.slope) <= c2 * abs(start.slope)


def oscillating(a, beta=0.01, waves=39.0):
    if abs(a.data - 1.0) < beta:
        base = (a - 1.0).square() / (2.0 * beta) + beta / 2.0
    else:
        base = 1.0 - a if a < 1.0 else a - 1.0
    return base + 2.0 * (1.0 - beta) / (waves * math.pi) * (waves * math.pi / 2.0 * a).sin()


def valley(left, right):
    def bend(b):
        return math.sqrt(1.0 + b * b) - b

    return lambda a: (
        bend(left) * ((1.0 - a).square() + right * right).sqrt() + bend(right) * (a * a + left * left).sqrt()
    )


#: The functions that J. Moré and D. Thuente test searches with, and their c₁ and c₂ (ACM TOMS 20 (1994) 286, part 5).
FUNCTIONS = {
    "rational": (lambda a: -a / (a * a + 2.0), 0.001, 0.1),
    "quintic": (lambda a: (a + 0.004) ** 5.0 - 2.0 * (a + 0.004) ** 4.0, 0.1, 0.1001),
    "oscillating": (oscillating, 0.1, 0.1001),
    "narrow valley": (valley(0.001, 0.001), 0.001, 0.0011),
    "steep left": (valley(0.01, 0.001), 0.001, 0.0011),
    "steep right": (valley(0.001, 0.01), 0.001, 0.0011),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("first", [1e-3, 1e-1, 1e1, 1e3])
def test_functions_that_are_hard_to_search(name, first):
    function, c1, c2 = FUNCTIONS[name]
    line = Line(function)
    start = line(0.0)
    end = strong_wolfe(line, start, first, c1=c1, c2=c2)
    assert satisfies(start, end, c1, c2)
    assert line.probes <= 14


def test_a_step_that_satisfies_both_conditions_is_taken_at_once():
    line = Line(lambda a: (a - 1.0) * (a - 1.0))
    end = strong_wolfe(line, line(0.0), 1.0)
    assert (end.step, line.probes) == (1.0, 2)


@pytest.mark.parametrize("first", [1e-6, 0.3, 40.0])
def test_on_a_parabola_the_second_step_inside_the_bracket_is_exact(first):
    line = Line(lambda a: 3.0 * (a - 2.0) * (a - 2.0) + 5.0)
    end = strong_wolfe(line, line(0.0), first, c2=1e-9)
    assert end.step == pytest.approx(2.0, rel=1e-9)
    assert line.probes <= 10


def test_where_the_loss_has_no_value_the_step_is_shortened():
    line = Line(lambda a: (200.0 * a).exp() - 1000.0 * a)  # overflows from a = 3.5 on
    start = line(0.0)
    end = strong_wolfe(line, start, 1000.0)
    assert satisfies(start, end, c2=0.9)


def test_a_loss_that_falls_for_ever_gives_the_lowest_step_met():
    line = Line(lambda a: -a)
    end = strong_wolfe(line, line(0.0), 1.0, limit=7)
    assert end.step == 1e6
    assert line.probes == 8


def test_losses_that_differ_by_rounding_only_count_as_equal():
    line = Line(lambda a: 1.0 + 4e-16 * a)
    start = line(0.0)._replace(slope=-1e-14)
    end = strong_wolfe(line, start, 1.0)
    assert end.value > start.value
    assert (end.step, line.probes) == (1.0, 2)


def broken_line(*corners):
    """Make the function that joins corners (a, φ) by straight lines."""

    def function(a):
        pairs = itertools.pairwise(corners)
        (left, low), (right, high) = next(pair for pair in pairs if a < pair[1][0])
        return low + (high - low) / (right - left) * (a - left)

    return function


def test_a_step_that_is_low_enough_but_higher_than_the_last_closes_the_bracket():
    line = Line(broken_line((0.0, 0.0), (2.0, -2.0), (9.0, 0.5), (100.0, -90.5)))
    end = strong_wolfe(line, line(0.0), 1.0, c2=0.1)  # tries 1, then 10, where the loss is falling again
    assert end.step == pytest.approx(2.0, abs=1e-3)
    assert end.value == pytest.approx(-2.0, abs=1e-3)


def test_a_bracket_that_the_cubic_does_not_shrink_is_halved():
    """As in a network of ReLUs: the steep side of the kink draws every cubic's minimum to the other end."""
    line = Line(broken_line((0.0, 0.0), (0.4, -0.4), (0.7, -4.0), (1.0, 1e5)))
    end = strong_wolfe(line, line(0.0), 0.99, c2=1e-6)
    assert end.step == pytest.approx(0.7, abs=1e-3)


def test_there_may_be_no_lower_point():
    line = Line(lambda a: a)  # rises, though a slope of −1 is claimed
    assert strong_wolfe(line, line(0.0)._replace(slope=-1.0), 1.0) is None
    assert line.probes <= 31


def test_the_search_ends_when_no_step_is_left_that_moves_a_weight():
    line = Line(lambda a: a)

    def far_out(step):
        return line(step)._replace(weights=np.array([1e16 + step]))

    assert strong_wolfe(far_out, far_out(0.0)._replace(slope=-1.0), 64.0) is None
    assert line.probes <= 6


@settings(max_examples=75, deadline=None)
@given(
    cubed=st.floats(-3.0, 3.0),
    squared=st.floats(-3.0, 3.0),
    fall=st.floats(1e-3, 10.0),
    waves=st.floats(0.0, 2.0),
    first=st.floats(1e-4, 1e2),
    c2=st.floats(0.01, 0.9),
)
def test_what_is_found_satisfies_the_strong_wolfe_conditions(cubed, squared, fall, waves, first, c2):
    """On functions that begin with the slope −fall, and grow in the end."""

    def function(a):
        polynomial = 0.05 * a * a * a * a + cubed * a * a * a + squared * a * a
        return polynomial - (fall + 5.0 * waves) * a + waves * (5.0 * a).sin()

    line = Line(function)
    start = line(0.0)
    end = strong_wolfe(line, start, first, c2=c2, limit=60)
    assert end is not None
    assert end.value < start.value
    bend = 0.6 * end.step**2 + 6.0 * abs(cubed) * end.step + 2.0 * abs(squared) + 25.0 * waves
    flat = math.sqrt(2.0 * bend * 4.0 * math.ulp(end.value))  # the slope at which values cannot tell two steps apart
    assert satisfies(start, end, c2=max(c2, flat / fall))
