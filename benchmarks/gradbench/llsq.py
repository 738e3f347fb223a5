"""LLSQ: half the sum of squares that a polynomial of 128 coefficients leaves of the sign of t, and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.gradbench.evaluation import (
    Eval,
    Inputs,
    Run,
    casadi_sum,
    flatten,
    jitted_gradient,
    load,
    torch_gradient,
)  # fmt: skip

__all__ = ["LLSQ"]


def inputs(n: int, m: int) -> Inputs:
    """Draw m coefficients; t is n numbers from −1 to 1."""
    t = -1.0 + np.arange(n) * 2.0 / (n - 1)
    return {"x": np.random.default_rng(0).random(m), "t": t, "s": np.sign(t)}


def edgegrad(given: Inputs) -> Run:
    """Compile the term of one t, and run it on all; the coefficients are parameters."""
    import autograd

    coefficients = [autograd.Value(number, parameter=True) for number in given["x"].tolist()]

    def term(t: Any, s: Any) -> Any:
        powers = [1.0]
        for _ in coefficients[1:]:
            powers.append(powers[-1] * t)
        return 0.5 * (s - autograd.dot(coefficients, powers)) ** 2

    program = autograd.compile(term, 0.0, 0.0, parameters=coefficients)
    return lambda: flatten(*program.value_and_grad(given["t"], given["s"], reduce="sum"))


def torch(given: Inputs) -> Run:
    """Multiply the coefficients with a matrix of powers."""
    module = load("torch")

    def objective(x: Any, t: Any, s: Any) -> Any:
        powers = module.cumprod(module.cat([module.ones(len(t), 1), t[:, None].expand(-1, len(x) - 1)], 1), 1)
        return 0.5 * ((s - powers @ x) ** 2).sum()

    return torch_gradient(objective, [given["x"]], [given["t"], given["s"]])


def jax(given: Inputs) -> Run:
    """Multiply the coefficients with a matrix of powers."""
    numpy = load("jax").numpy

    def objective(x: Any, t: Any, s: Any) -> Any:
        powers = numpy.cumprod(numpy.broadcast_to(t[:, None], (len(t), len(x))).at[:, 0].set(1.0), 1)
        return 0.5 * numpy.sum((s - powers @ x) ** 2)

    return jitted_gradient(objective, [given["x"]], [given["t"], given["s"]])


def casadi(given: Inputs) -> Run:
    """Build the term of one t, and map it over all."""
    module = load("casadi")
    x, example = module.SX.sym("x", len(given["x"])), module.SX.sym("example", 2)
    powers = [module.SX(1.0)]
    while len(powers) < len(given["x"]):
        powers.append(powers[-1] * example[0])
    term = 0.5 * (example[1] - module.dot(x, module.vertcat(*powers))) ** 2
    return casadi_sum(term, x, example, given["x"], np.stack([given["t"], given["s"]]))


LLSQ = Eval(
    "llsq",
    "½Σ(sᵢ − Σ xⱼtᵢʲ)² and its gradient by x",
    inputs,
    {"edgegrad": edgegrad, "PyTorch": torch, "JAX": jax, "CasADi": casadi},
    ({"n": 16, "m": 128}, {"n": 1024, "m": 128}, {"n": 16_392, "m": 128}),
    {"n": 16, "m": 8},
    "one t, on a batch",
)
