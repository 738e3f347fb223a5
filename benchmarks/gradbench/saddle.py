"""SADDLE: the point where a function is least by one pair of numbers and greatest by another, by nested descents."""

from __future__ import annotations

from typing import Any

from benchmarks.gradbench.descent import argmin, record_as_it_goes
from benchmarks.gradbench.evaluation import Eval, Inputs

__all__ = ["SADDLE"]


def inputs(tries: int = 1_000_000) -> Inputs:
    """Return the point at which GradBench starts, and the steps that the outer descent may take."""
    return {"start": [1.0, 1.0], "tries": tries}


def _height(x: Any, y: Any) -> Any:
    return (x[0] * x[0] + x[1] * x[1]) - (y[0] * y[0] + y[1] * y[1])


def _saddle(outer: Any, inner: Any, given: Inputs) -> list[Any]:
    """Find where x is least for the best y; the outer gradient goes through the descent of y."""
    start = given["start"]

    def best(gradient: Any, x: Any) -> Any:
        return argmin(gradient, lambda y: -_height(x, y), start)

    x = argmin(outer, lambda x: _height(x, best(inner, x)), start, given["tries"])
    return [*x, *best(outer, x)]


SADDLE = Eval(
    "saddle",
    "min over x of max over y of |x|² − |y|²; the gradient goes through the inner descent",
    inputs,
    record_as_it_goes(_saddle),
    ({},),
    {"tries": 1},
    "the engine itself, `grad` within `grad`",
    (8.246324826140356e-06,) * 4,
)
