"""PARTICLE: where to put a charge so that a particle crosses an axis at 0: a descent over a path of many gradients."""

from __future__ import annotations

from typing import Any

from benchmarks.gradbench.descent import argmin, record_as_it_goes
from benchmarks.gradbench.evaluation import Eval, Inputs

__all__ = ["PARTICLE"]

STEP = 0.1  # of time, in Euler's method


def inputs(tries: int = 1_000_000) -> Inputs:
    """Return the control at which GradBench starts, and the steps that the descent may take."""
    return {"w": 0.0, "tries": tries}


def _crossing(gradient: Any, w: Any) -> Any:
    """Return the square of the place at which the particle crosses the axis."""
    charges = ((10.0, 10.0 - w), (10.0, 0.0))

    def potential(x: Any) -> Any:
        return sum(1.0 / ((x[0] - a) * (x[0] - a) + (x[1] - b) * (x[1] - b)) ** 0.5 for a, b in charges)

    force = gradient(potential)
    x: list[Any] = [0.0, 8.0]
    speed: list[Any] = [0.75, 0.0]
    while True:
        moved = [place + STEP * rate for place, rate in zip(x, speed, strict=True)]
        if not moved[1] > 0.0:
            place = x[0] - x[1] / speed[1] * speed[0]
            return place * place
        speed = [rate - STEP * slope for rate, slope in zip(speed, force(x), strict=True)]
        x = moved


def _control(outer: Any, inner: Any, given: Inputs) -> Any:
    """Find the control whose crossing is at 0; the outer gradient goes through the whole path."""
    return argmin(outer, lambda w: _crossing(inner, w[0]), [given["w"]], given["tries"])


PARTICLE = Eval(
    "particle",
    "the control of a charge; the gradient goes through a path whose forces are gradients",
    inputs,
    record_as_it_goes(_control),
    ({},),
    {"tries": 1},
    "the engine itself, `grad` within `grad`",
    (0.2071918746486116,),
)
