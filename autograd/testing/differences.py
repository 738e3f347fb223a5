"""Derivatives by differences: central or one-sided, extrapolated over shrinking steps, with their own error.

Only the function's numbers are used, so that the result is independent of every slope rule.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Difference", "differences", "roughness"]

EPSILON = sys.float_info.epsilon
FIRST_STEP = 0.37  # no simple multiple of a period
MAX_HALVINGS = 44
FINEST = FIRST_STEP * 0.5**MAX_HALVINGS  # about 2e-14
MAX_COLUMNS = 8  # of the extrapolation: the error is then of order h¹⁶
MAX_HALVINGS_WITHOUT_GAIN = 5  # halvings without a much better estimate, after which rounding has taken over
PROBE_STEP = 1e-7  # a step at which a plain quotient is right to some digits, relative to 1; 0.01 relative to x

Outputs = Sequence[float] | None


class Difference(NamedTuple):
    """A derivative that was measured.

    Attributes:
        value: the estimate; NaN where no step was usable.
        error: how far off it may be; ∞ where no step was usable.
        floor: slopes below cannot be told from 0, or are small for a function of this size.
    """

    value: float
    error: float
    floor: float = 0.0


UNKNOWN = Difference(math.nan, math.inf)


class _Row(NamedTuple):
    """A row of Neville's table, for one step: each column removes one more power of the step from the error."""

    estimates: list[float]
    moves: list[float]  # how far each estimate is from those it was made of

    @classmethod
    def below(cls, coarser: _Row, quotient: float, base: float) -> _Row:
        """Make the row of a halved step."""
        estimates, moves = [quotient], [math.inf]
        factor = base
        for before in coarser.estimates[: MAX_COLUMNS - 1]:
            last = estimates[-1]
            estimates.append(last + (last - before) / (factor - 1.0))
            moves.append(max(abs(estimates[-1] - last), abs(estimates[-1] - before)))
            factor *= base
        return cls(estimates, moves)

    def best(self, coarser: _Row, noise: float) -> Difference:
        """Choose the estimate that moved least, in this row and the one before: one small move may be chance."""
        found = UNKNOWN
        for column in range(1, len(self.moves)):
            error = max(self.moves[column], coarser.moves[min(column, len(coarser.moves) - 1)]) + noise
            if error < found.error:
                found = Difference(self.estimates[column], error)
        return found


NO_ROW = _Row([], [])


def differences(f: Callable[[float], Outputs], x: float, noise: Sequence[float], *, side: int = 0) -> list[Difference]:
    """Differentiate each of `count` outputs of a function of one number.

    Difference quotients over halved steps are extrapolated to step 0, and the estimate with the smallest
    error is kept. Its error is how much the extrapolation still moved, plus the rounding of the quotient.
    Estimates that a plain quotient over a tiny step contradicts are left out: coarse steps may agree with
    one another by chance where the function oscillates. Source: Ridders 1982, Advances in Engineering
    Software 4(2), 75–76.

    Args:
        f: gives the outputs at a number, or None where they cannot be used (outside the domain, say).
        x: where to differentiate.
        noise: the rounding error of each output; that of its own last digit is taken into account anyway.
        side: 0 for central differences, 1 from the right only, −1 from the left only.

    Returns:
        one estimate for each output.
    """
    count = len(noise)
    quotient = _Quotient(f, x, side, noise)
    scale = max(abs(x), 1.0)
    probes = _probes(quotient, min(PROBE_STEP * scale, 0.01 * abs(x)) or PROBE_STEP, count)
    best, doubtful = [UNKNOWN] * count, [UNKNOWN] * count
    table = [NO_ROW] * count  # the last row of the extrapolation of each output
    stale = rows = 0
    for step in _steps(x, scale, lambda: all(each.error < math.inf for each in best)):
        taken = quotient(step)
        if taken is None:
            table, rows = [NO_ROW] * count, 0
            continue
        improved, settled = False, True
        for i, (slope, rounding, probe) in enumerate(zip(*taken, probes, strict=True)):
            row = _Row.below(table[i], slope, quotient.base)
            estimate = row.best(table[i], rounding)
            table[i] = row
            kept = best if abs(estimate.value - probe.value) <= probe.error + estimate.error else doubtful
            improved = improved or estimate.error < 0.4 * kept[i].error
            if estimate.error < kept[i].error:
                kept[i] = estimate
            settled = settled and best[i].error <= 1e-8 * abs(best[i].value) + 100.0 * rounding
        rows += 1
        stale = 0 if improved else stale + 1
        if stale >= MAX_HALVINGS_WITHOUT_GAIN and rows > MAX_HALVINGS_WITHOUT_GAIN and settled:
            break
    found = []
    for sure, unsure, probe, size in zip(best, doubtful, probes, quotient.largest, strict=True):
        if sure.error == math.inf > unsure.error:
            sure = Difference(unsure.value, abs(unsure.value - probe.value) + unsure.error)
        found.append(sure._replace(floor=1e-8 * size / scale))
    return found


class _Quotient:
    """The difference quotients of a function at x, each with the rounding error it may have."""

    def __init__(self, f: Callable[[float], Outputs], x: float, side: int, noise: Sequence[float]) -> None:
        self.f, self.x, self.side, self.noise = f, x, side, noise
        self.largest = [0.0] * len(noise)
        self.base = 2.0 if side else 4.0  # powers of the step in the error: all of them, or the even ones
        self.centre = f(x) if side else None

    def __call__(self, step: float) -> tuple[list[float], list[float]] | None:
        high = self.x + (self.side or 1) * step
        low = self.x if self.side else self.x - step
        width = high - low
        if width == 0.0:
            return None
        above = self.f(high)
        below = self.centre if self.side else self.f(low) if above is not None else None
        if above is None or below is None:
            return None
        sizes = [max(abs(a), abs(b)) for a, b in zip(above, below, strict=True)]
        self.largest = list(map(max, self.largest, sizes))
        slopes = [(a - b) / width for a, b in zip(above, below, strict=True)]
        return slopes, [2.0 * max(EPSILON * s, n) / abs(width) for s, n in zip(sizes, self.noise, strict=True)]


def _steps(x: float, scale: float, enough: Callable[[], bool]) -> Iterator[float]:
    """Halve a step from the scale down; if that was not enough, from the size of x down, where x is smaller still."""
    for size in (scale, abs(x)):
        yield from (FIRST_STEP * size * 0.5**k for k in range(1, MAX_HALVINGS + 1))
        if enough() or not 0.0 < abs(x) < FINEST * scale:
            return
        yield 0.0  # which has no quotient: the extrapolation begins anew


def _probes(quotient: _Quotient, step: float, count: int) -> list[Difference]:
    coarse, fine = quotient(step), quotient(0.5 * step)
    if coarse is None or fine is None:
        return [Difference(0.0, math.inf)] * count
    return [
        Difference(b, 4.0 * abs(a - b) + 1e-6 * abs(b) + 50.0 * noise)
        for a, b, noise in zip(coarse[0], fine[0], fine[1], strict=True)
    ]


def roughness(f: Callable[[float], Outputs], x: float, count: int) -> list[float]:
    """Estimate the noise of each output from its fourth differences over tiny steps, which a smooth function has not.

    Source: Moré and Wild 2011, Estimating computational noise, SIAM Journal on Scientific Computing 33(3).

    Args:
        f: as for `differences`.
        count: the number of outputs.
    """
    step = 1e-11 * max(abs(x), 1.0)
    rows = [f(x + k * step) for k in range(-4, 5)]
    if any(row is None for row in rows):
        return [0.0] * count
    found = []
    for column in zip(*(row for row in rows if row is not None), strict=True):
        values = list(column)
        for _ in range(4):
            values = [b - a for a, b in pairwise(values)]
        found.append(math.sqrt(sum(v * v for v in values) / len(values) / 70.0))  # 70 = 8!/(4!)²
    return found
