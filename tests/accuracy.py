"""How far every operation of the catalogue is from mpmath, in units in the last place, at points with a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from mpmath import mp
from oracles import exact, exact_slope
from special_points import ULP, attempt, points_of

from autograd import Op, Value, gradients, ops

LARGEST = 1e16  # beyond it the points are multiples of 2, and mpmath needs hundreds of digits to reduce an angle
SMALLEST = 1e-150  # below it second derivatives leave the floats
KINDS = ("value", "slope", "second")
#: Where an operation is delicate: roots, poles, and places from which its formula changes.
DELICATE = (
    0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 37.0, 700.0, math.pi / 2, math.pi, 2 * math.pi, 100 * math.pi,
    1.4616321449683622, -0.5040830082644554, -1.0, -2.0, -3.0, -10.0,
)  # fmt: skip
#: Operations whose results are compared with nothing but the convention, or by another test (whole numbers and pieces).
STEPS = frozenset({"floor", "ceil", "round", "floordiv", "mod", "greater", "equal", "step", "sign"})


class Worst(NamedTuple):
    """The largest error found for one kind of number.

    Attributes:
        ulps: the error in units in the last place of the exact number; of a number that is 0, as `share`.
        share: the largest error as a share of what rounding may do to it, here or elsewhere; see `rounding`.
        absolute: the error that `ulps` measures, by itself.
        operands: where that is.
        which: by which operands the derivative is taken, by their places.
        count: how many numbers were compared.
    """

    ulps: float = 0.0
    share: float = 0.0
    absolute: float = 0.0
    operands: tuple[float, ...] = ()
    which: tuple[int, ...] = ()
    count: int = 0


def number(rng: random.Random, low: float, high: float) -> float:
    """Draw a number of an interval: any size, an ordinary one, or one beside an end or a delicate place."""
    kind = rng.randrange(4)
    for _ in range(1000):
        sign = rng.choice((-1.0, 1.0))
        size = 10.0 ** rng.uniform(-16.0, 0.0)
        if kind == 0:
            x = sign * 10.0 ** rng.uniform(math.log10(SMALLEST), math.log10(LARGEST))
        elif kind == 1:
            x = rng.uniform(max(low, -10.0), min(high, 10.0))
        elif kind == 2:
            x = rng.choice(DELICATE)
            x += sign * size * max(1.0, abs(x))
        else:
            ends = [end for end in (low, high) if math.isfinite(end)] or [0.0]
            x = rng.choice(ends)
            x += sign * size * max(1.0, abs(x))
        if low < x < high:
            return x
        kind = rng.randrange(4)
    raise LookupError(f"no number between {low} and {high}")


def draw_points(op: Op, seed: int) -> Iterator[tuple[float, ...]]:
    """Draw operands without end: independent ones, and close ones, which cancel."""
    rng = random.Random(f"{op.name} {seed}")
    while True:
        count = rng.randint(1, 5) if op.nary else len(op.slopes)
        intervals = op.domain * count if op.nary else op.domain
        operands = [number(rng, low, high) for low, high in intervals]
        if op is ops.lgamma or op is ops.digamma or op is ops.trigamma:
            operands = [x if rng.random() < 0.5 else -abs(number(rng, -50.0, 50.0)) for x in operands]
        if count > 1 and rng.random() < 0.3:  # beside the first, or its opposite
            near = operands[0] * rng.choice((1.0, -1.0)) * (1.0 + 10.0 ** rng.uniform(-16.0, -1.0))
            low, high = intervals[1]
            operands[1] = near if low < near < high else operands[1]
        yield tuple(operands)


def smooth(op: Op, operands: Sequence[float]) -> bool:
    """Whether the derivatives are due there, and not a convention."""
    if op is ops.where:
        return operands[0] != 0.0
    if op is ops.pow:
        power = attempt(lambda: math.log(operands[0]) * operands[1])
        return power is not None and abs(power) < 300.0
    kink = 1.0 if op.kink is None else attempt(lambda: op.kink(*operands))
    return bool(kink) and abs(kink) == abs(kink)


def rounding(result: Any) -> float:
    """Bound what rounding may do: 8 units in the last place of each number that one was computed from, as they flow."""
    if not isinstance(result, Value):
        return 0.0
    nodes = list(result.graph().nodes)
    slopes = attempt(lambda: gradients(result, nodes))
    return math.inf if slopes is None else 8.0 * ULP * sum(abs(g * v.data) for g, v in zip(slopes, nodes, strict=True))


def error(found: float, due: Any, bound: float) -> tuple[float, float, float]:
    """Measure an error in units in the last place, as a share of what rounding may do, and by itself."""
    gap = abs(mp.mpf(found) - due)
    unit = math.ulp(float(due))
    share = float(gap / (bound + 8.0 * unit))  # 0 where the bound is beyond the floats
    return (float(gap / unit) if due else share), share, float(gap)


def ask(op: Op, operands: tuple[float, ...], orders: list[int]) -> Any:
    """Ask mpmath for a number; None where it is beyond the floats, or among the smallest.

    What differences leave of a 0 is told from a small number by asking again with more digits.
    """
    size = max((abs(math.log10(abs(x))) for x in operands if x), default=0.0)
    digits = 60 + int(2.2 * size)
    value = exact(op.name, operands, digits)
    if not sum(orders):
        due = mp.re(value)
    else:
        for more in (digits + 80, 2 * digits + 860):
            due = mp.re(exact_slope(op.name, operands, orders, more))
            scale = abs(value) + 1
            for x, order in zip(operands, orders, strict=True):
                scale /= abs(mp.mpf(x or 1.0)) ** order
            if abs(due) > scale * mp.mpf(10) ** (40 - more):
                break
        else:
            due = mp.zero
    return due if mp.isfinite(due) and (due == 0 or 1e-290 < abs(due) < 1e300) else None


def compare(op: Op, operands: tuple[float, ...]) -> Iterator[tuple[str, tuple[int, ...], float, Any, float]]:
    """Compute every number of an operation at one point: its kind, by which operands, ours, mpmath's, the bound.

    What is refused, and what is beyond the floats or has no derivative there, is left out.
    """
    n = len(operands)
    leaves = [Value(x) for x in operands]
    out = attempt(lambda: op.apply(tuple(leaves)))
    if out is None or not math.isfinite(out.data):
        return
    due = ask(op, operands, [0] * n)
    if due is not None:
        yield "value", (), out.data, due, rounding(out)
    if op.name in STEPS or not smooth(op, operands):
        return
    slopes = attempt(lambda: gradients(out, leaves, create_graph=True)) or []
    for i, slope in enumerate(slopes):
        plain = out.slopes[i]
        if not math.isfinite(plain):
            continue
        due = ask(op, operands, [int(i == k) for k in range(n)])
        if due is None:
            continue
        yield "slope", (i,), plain, due, rounding(slope)
        if not isinstance(slope, Value) or max(map(abs, operands)) > 1e8:
            continue
        seconds = attempt(lambda y=slope, xs=leaves[i:]: gradients(y, xs, create_graph=True)) or []
        for k, second in enumerate(seconds, start=i):
            now = second.data if isinstance(second, Value) else second
            due = ask(op, operands, [(i == j) + (k == j) for j in range(n)])
            if due is not None and math.isfinite(now):
                yield "second", (i, k), now, due, rounding(second)


def measure(op: Op, seed: int, count: int, special: bool = True) -> dict[str, Worst]:
    """Find the largest errors of an operation at its special points, unless left out, and at `count` random ones."""
    worst = {kind: Worst() for kind in KINDS}
    known = [xs for xs in points_of(op, few=True) if all(x == 0.0 or SMALLEST < abs(x) < LARGEST for x in xs)]
    for operands in [*(known if special else ()), *islice(draw_points(op, seed), count)]:
        for kind, which, found, due, bound in compare(op, operands):
            ulps, share, absolute = error(found, due, bound)
            last = worst[kind]
            most, known = max(share, last.share), last.count + 1
            if ulps > last.ulps or known == 1:
                last = Worst(ulps, absolute=absolute, operands=operands, which=which)
            worst[kind] = last._replace(share=most, count=known)
    return worst
