"""DET: the determinant of a matrix, expanded by minors, and its gradient."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from benchmarks.gradbench.evaluation import (
    Array,
    Eval,
    Inputs,
    Run,
    casadi_gradient,
    flatten,
    jitted_gradient,
    load,
    torch_gradient,
)  # fmt: skip

__all__ = ["DET"]


def inputs(n: int) -> Inputs:
    """Draw a matrix of numbers between 0 and 1."""
    return {"A": np.random.default_rng(0).random((n, n))}


def edgegrad(given: Inputs) -> Run:
    """Record the recursion, which remembers the minors it has: 2ⁿ of them in place of n!."""
    import autograd

    program = autograd.compile(lambda A: _expand(A, autograd.dot), given["A"])

    def run() -> Array:
        value, slopes = program.value_and_grad(given["A"], wrt="inputs")
        return flatten(value, *slopes)

    return run


def _expand(A: Any, dot: Any) -> Any:
    """Expand a determinant along its first row."""

    @cache
    def minor(columns: tuple[int, ...]) -> Any:
        row = A[len(A) - len(columns)]
        if len(columns) == 1:
            return row[columns[0]]
        others = [minor(columns[:j] + columns[j + 1 :]) for j in range(len(columns))]
        return dot([row[c] if j % 2 == 0 else -row[c] for j, c in enumerate(columns)], others)

    return minor(tuple(range(len(A))))


def _levels(n: int) -> list[tuple[Array, Array]]:
    """Return for minors of 2, 3, … n columns, in order, each one's columns, and its smaller minors' places."""
    levels = []
    places = {(column,): column for column in range(n)}
    for size in range(2, n + 1):
        sets = list(combinations(range(n), size))
        smaller = [[places[columns[:j] + columns[j + 1 :]] for j in range(size)] for columns in sets]
        levels.append((np.array(sets), np.array(smaller)))
        places = {columns: place for place, columns in enumerate(sets)}
    return levels


def _determinant(A: Any, levels: list[tuple[Any, Any]], signs: Any) -> Any:
    """Compute all minors of one size at once, from those of one less."""
    minors = A[-1]
    for columns, smaller in levels:
        minors = (signs[: columns.shape[1]] * A[len(A) - columns.shape[1]][columns] * minors[smaller]).sum(1)
    return minors[0]


def torch(given: Inputs) -> Run:
    """Gather minors by tables of places, a tensor a size."""
    module = load("torch")
    levels = [(module.tensor(columns), module.tensor(smaller)) for columns, smaller in _levels(len(given["A"]))]
    signs = module.tensor((-1.0) ** np.arange(len(given["A"])))
    return torch_gradient(lambda A: _determinant(A, levels, signs), [given["A"]])


def jax(given: Inputs) -> Run:
    """Gather minors by tables of places, an array a size."""
    numpy = load("jax").numpy
    levels = [(numpy.asarray(columns), numpy.asarray(smaller)) for columns, smaller in _levels(len(given["A"]))]
    signs = numpy.asarray((-1.0) ** np.arange(len(given["A"])))
    return jitted_gradient(lambda A: _determinant(A, levels, signs), [given["A"]])


def casadi(given: Inputs) -> Run:
    """Build the expression by the recursion that edgegrad records."""
    n, x = len(given["A"]), load("casadi").SX.sym("x", given["A"].size)
    rows = [[x[n * i + j] for j in range(n)] for i in range(n)]

    def dot(a: Any, b: Any) -> Any:
        return sum(first * second for first, second in zip(a, b, strict=True))

    return casadi_gradient(_expand(rows, dot), x, given["A"])


DET = Eval(
    "det",
    "the determinant by minors and its gradient",
    inputs,
    {"edgegrad": edgegrad, "PyTorch": torch, "JAX": jax, "CasADi": casadi},
    ({"n": 5}, {"n": 8}, {"n": 11}),
    {"n": 4},
    "the recursion, recorded once a minor",
)
