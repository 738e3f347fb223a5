"""What runs in a library's own process: make an eval ready, compute it, and show enough of the result to compare."""

from __future__ import annotations

import os

import numpy as np

from benchmarks.gradbench.evals import EVALS
from benchmarks.gradbench.evaluation import Array, Run, flatten
from benchmarks.measure import clock, per_call

__all__ = ["again", "compile_quickly", "first", "summarise"]

SHOWN = 1000  # numbers of a result at most; where it has more, each is a sum of many, none of which is left out

_ready: dict[tuple[str, str], Run] = {}


def compile_quickly() -> None:
    """Let JAX, which is not loaded yet, compile for a single run."""
    os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


def first(library: str, name: str, size: dict[str, int]) -> tuple[float, list[float]] | None:
    """Load a library, make an eval ready and compute it once.

    Returns:
        the ns that this takes, and the result; None where the library is not installed, or has no such eval.
    """
    evaluation = EVALS[name]
    if library not in evaluation.libraries:
        return None
    given = evaluation.inputs(**size)
    start = clock()
    try:
        run = _ready[library, name] = evaluation.libraries[library](given)
    except ImportError:
        return None
    numbers = run()
    return clock() - start, summarise(flatten(numbers))


def again(library: str, name: str, budget: float) -> float:
    """Compute an eval again and again until `budget` ns are over: the ns of one time."""
    return per_call(_ready[library, name], budget)


def summarise(numbers: Array) -> list[float]:
    """Return the numbers, or sums of neighbours with weights that differ."""
    if len(numbers) > SHOWN:
        weighed = numbers * (1.5 + np.cos(np.arange(len(numbers))))
        numbers = np.add.reduceat(weighed, np.linspace(0, len(numbers), SHOWN, endpoint=False).astype(int))
    return [float(number) for number in numbers]
