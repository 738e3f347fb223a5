"""Line search: how far to go along a direction, by the strong Wolfe conditions.

A step is long enough when the slope has flattened, and short enough when the loss has fallen in proportion to it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nn.optim.flat import Vector

__all__ = ["Point", "strong_wolfe"]

EPSILON = float(np.finfo(np.float64).eps)
ROUNDING = 8.0 * EPSILON  # relative error a computed loss may have: two that differ by less are equal
STEP_GROWTH = (1.01, 10.0)  # how far beyond the last step the next may go while no minimum is bracketed
BRACKET_MARGIN = 0.01  # share of a bracket that a new step keeps from its ends
MAX_BRACKET_RATIO = 0.66  # a bracket that two steps shrink less than this is halved


class Point(NamedTuple):
    """What is known of the loss at one step along a line.

    Attributes:
        step: how far along the direction, in multiples of it.
        value: the loss there; ∞ where it has none.
        slope: the derivative of the loss by the step.
        weights: the weights there, (n,).
        gradient: the gradient there, (n,).
    """

    step: float
    value: float
    slope: float
    weights: Vector
    gradient: Vector


def strong_wolfe(
    probe: Callable[[float], Point], start: Point, first: float, *, c1: float = 1e-4, c2: float = 0.9, limit: int = 30
) -> Point | None:
    """Find a step a with φ(a) ≤ φ(0) + c₁aφ′(0) and |φ′(a)| ≤ c₂|φ′(0)|.

    While no minimum is bracketed steps grow; then the bracket is narrowed ("zoom"). Its end `lo` is always the lowest
    step so far that satisfies the first condition, and the loss falls from there into the bracket. New steps minimise
    the cubic through both ends (formula 3.59), kept off the ends, and bisect where that does not shrink the bracket.

    Source: J. Nocedal, S. Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6. Their conditions are tested
    with the rounding error of the loss allowed for, so that the search also ends well where the loss is flat to the
    last digits but its slope is not (W. Hager, H. Zhang, SIAM J. Optim. 16 (2005) 170).

    Args:
        probe: computes the loss, its slope and all else at a step.
        start: what it is at step 0, with a negative slope.
        first: the step to try first, positive.
        c1: how much of the fall that the first slope promises is asked for, in (0, c2).
        c2: how much of the first slope may be left, in (c1, 1). Small values ask for an exact minimum.
        limit: the most steps to try.

    Returns:
        the accepted point; the lowest one met, if none satisfied both conditions; None where none was lower.
    """
    noise = ROUNDING * abs(start.value)

    def falls(p: Point) -> bool:
        return p.value <= start.value + c1 * p.step * start.slope + noise

    lo, hi, step = start, None, first
    widths = [math.inf, math.inf]
    for _ in range(limit):
        p = probe(step)
        if falls(p) and abs(p.slope) <= -c2 * start.slope:
            return p
        previous = lo
        if not falls(p) or p.value >= lo.value:
            hi = p
        else:
            inward = 1.0 if hi is None else hi.step - lo.step
            if p.slope * inward >= 0.0:
                hi = lo
            lo = p
        if hi is None:
            step = _step_beyond(previous, lo)
            continue
        width = abs(hi.step - lo.step)
        if np.array_equal(lo.weights, hi.weights):
            break  # no step in between moves a weight
        step = _step_between(lo, hi, halve=width > MAX_BRACKET_RATIO * widths[-2])
        widths.append(width)
    return None if lo is start else lo


def _step_beyond(previous: Point, last: Point) -> float:
    """Choose a longer step, where the loss still falls at the last one."""
    low, high = (last.step * factor for factor in STEP_GROWTH)
    guess = _cubic_minimum(previous, last)
    return min(max(guess, low), high) if guess > last.step else high


def _step_between(lo: Point, hi: Point, *, halve: bool) -> float:
    """Choose a step inside the bracket."""
    width = hi.step - lo.step
    if not math.isfinite(hi.value):
        return lo.step + 0.1 * width  # a loss without a value may be far beyond: go back fast
    guess = math.nan if halve else _cubic_minimum(lo, hi)
    if not math.isfinite(guess):
        return lo.step + 0.5 * width
    ends = sorted((lo.step + BRACKET_MARGIN * width, hi.step - BRACKET_MARGIN * width))
    return min(max(guess, ends[0]), ends[1])


def _cubic_minimum(a: Point, b: Point) -> float:
    """Minimise the cubic with the values and slopes of two points (Nocedal & Wright, formula 3.59); NaN if none."""
    apart = b.step - a.step
    middle = a.slope + b.slope - 3.0 * (b.value - a.value) / apart
    radicand = middle * middle - a.slope * b.slope
    if not radicand >= 0.0:
        return math.nan
    root = math.copysign(math.sqrt(radicand), apart)
    bottom = b.slope - a.slope + 2.0 * root
    return b.step - apart * (b.slope + root - middle) / bottom if bottom else math.nan
