"""LSE: the logarithm of a sum of exponentials, with the greatest number taken out, and its gradient."""

from __future__ import annotations

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

__all__ = ["LSE"]


def inputs(n: int) -> Inputs:
    """Draw n numbers between 0 and 1."""
    return {"x": np.random.default_rng(0).random(n)}


def edgegrad(given: Inputs) -> Run:
    """Compile the formula; its numbers are the program's inputs."""
    import autograd

    def objective(x: Any) -> Any:
        greatest = autograd.largest(x)
        return greatest + autograd.log(autograd.total([autograd.exp(each - greatest) for each in x]))

    x = given["x"]
    program = autograd.compile(objective, x)

    def run() -> Array:
        value, slopes = program.value_and_grad(x, wrt="inputs")
        return flatten(value, *slopes)

    return run


def torch(given: Inputs) -> Run:
    """Compute on one tensor."""
    module = load("torch")

    def objective(x: Any) -> Any:
        greatest = module.max(x)
        return greatest + module.log(module.sum(module.exp(x - greatest)))

    return torch_gradient(objective, [given["x"]])


def jax(given: Inputs) -> Run:
    """Compute on one array."""
    numpy = load("jax").numpy

    def objective(x: Any) -> Any:
        greatest = numpy.max(x)
        return greatest + numpy.log(numpy.sum(numpy.exp(x - greatest)))

    return jitted_gradient(objective, [given["x"]])


def casadi(given: Inputs) -> Run:
    """Build the expression of all numbers."""
    module = load("casadi")
    x = module.SX.sym("x", len(given["x"]))
    greatest = module.mmax(x)
    return casadi_gradient(greatest + module.log(module.sum1(module.exp(x - greatest))), x, given["x"])


LSE = Eval(
    "lse",
    "log Σ exp xᵢ and its gradient",
    inputs,
    {"edgegrad": edgegrad, "PyTorch": torch, "JAX": jax, "CasADi": casadi},
    ({"n": 2500}, {"n": 20_000}, {"n": 160_000}),
    {"n": 50},
    "one graph of all numbers",
)
