"""Derivatives by differences: central or one-sided, extrapolated over shrinking steps, with their own error.

Only the function's numbers are used, so that the result is independent of every slope rule.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

__all__ = ["Difference", "differences"]

EPSILON = sys.float_info.epsilon
HALVINGS = 44  # from about 0.4 down to 2e-14
COLUMNS = 8  # of the extrapolation: the error is then of order h¹⁶
PATIENCE = 4  # halvings without a much better estimate, after which rounding has taken over
PROBE = 1e-7  # a step at which a plain quotient is right to some digits

Outputs = Sequence[float] | None


class Difference(NamedTuple):
    """A derivative that was measured.

    Attributes:
        value: the estimate; NaN where no step was usable.
        error: how far off it may be; ∞ where no step was usable.
        floor: slopes below are small for a function of this size.
    """

    value: float
    error: float
    floor: float = 0.0


UNKNOWN = Difference(math.nan, math.inf)


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
    probes = _probes(quotient, scale, count)
    best, doubtful = [UNKNOWN] * count, [UNKNOWN] * count
    table: list[list[float]] | None = None  # the last row of the extrapolation, for each output
    stale = rows = 0
    step = 0.37 * scale  # no simple multiple of a period
    for _ in range(HALVINGS):
        step *= 0.5
        taken = quotient(step)
        if taken is None:
            table, rows = None, 0
            continue
        slopes, noises = taken
        finer = [_extrapolate(slope, table[i] if table else [], quotient.base) for i, slope in enumerate(slopes)]
        improved = False
        for i, (rounding, probe) in enumerate(zip(noises, probes, strict=True)):
            estimate = _best_of(finer[i], table[i] if table else [], rounding)
            kept = best if abs(estimate.value - probe.value) <= probe.error + estimate.error else doubtful
            improved = improved or estimate.error < 0.1 * kept[i].error
            if estimate.error < kept[i].error:
                kept[i] = estimate
        table, rows = finer, rows + 1
        stale = 0 if improved else stale + 1
        if stale >= PATIENCE and rows > PATIENCE and all(each.error < math.inf for each in best):
            break
    return [
        Difference(
            *(sure[:2] if sure.error < math.inf else (unsure.value, abs(unsure.value - probe.value) + unsure.error)),
            floor=1e-8 * size / scale,
        )
        for sure, unsure, probe, size in zip(best, doubtful, probes, quotient.largest, strict=True)
    ]


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


def _probes(quotient: _Quotient, scale: float, count: int) -> list[Difference]:
    coarse, fine = quotient(PROBE * scale), quotient(0.5 * PROBE * scale)
    if coarse is None or fine is None:
        return [Difference(0.0, math.inf)] * count
    return [
        Difference(b, 4.0 * abs(a - b) + 1e-6 * abs(b) + 50.0 * noise)
        for a, b, noise in zip(coarse[0], fine[0], fine[1], strict=True)
    ]


def _extrapolate(quotient: float, coarser: list[float], base: float) -> list[float]:
    """Add a row to Neville's table: each column removes one more power of the step from the error."""
    row = [quotient]
    factor = base
    for before in coarser[: COLUMNS - 1]:
        row.append(row[-1] + (row[-1] - before) / (factor - 1.0))
        factor *= base
    return row


def _best_of(row: list[float], coarser: list[float], noise: float) -> Difference:
    best = UNKNOWN
    for column in range(1, len(row)):
        moved = max(abs(row[column] - row[column - 1]), abs(row[column] - coarser[column - 1]))
        if moved + noise < best.error:
            best = Difference(row[column], moved + noise)
    return best
