"""ODE: the last number of y′₀ = x₀, y′ᵢ = xᵢ·yᵢ₋₁ after some steps of Runge and Kutta, and its gradient."""

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

__all__ = ["ODE"]

END = 2.0  # the time at which y is asked for


def inputs(n: int, s: int) -> Inputs:
    """Draw n coefficients between 0 and 1; s is how many steps are taken."""
    return {"x": np.random.default_rng(0).random(n), "s": s}


def edgegrad(given: Inputs) -> Run:
    """Record every step; what does not reach the last number is left out."""
    import autograd

    program = autograd.compile(lambda x: _last(x, given["s"]), given["x"])

    def run() -> Array:
        value, slopes = program.value_and_grad(given["x"], wrt="inputs")
        return flatten(value, *slopes)

    return run


def _last(x: Any, s: int) -> Any:
    """Take one step after the other, number by number."""
    h = END / s

    def slope(x: Any, y: list[Any]) -> list[Any]:
        return [x[0], *(each * before for each, before in zip(x[1:], y, strict=False))]

    def along(y: list[Any], k: list[Any], t: float) -> list[Any]:
        return [each + t * change for each, change in zip(y, k, strict=True)]

    y: list[Any] = [0.0] * len(x)
    for _ in range(s):
        k1 = slope(x, y)
        k2 = slope(x, along(y, k1, h / 2))
        k3 = slope(x, along(y, k2, h / 2))
        k4 = slope(x, along(y, k3, h))
        y = [each + h / 6 * (a + 2 * b + 2 * c + d) for each, a, b, c, d in zip(y, k1, k2, k3, k4, strict=True)]
    return y[-1]


def _solve(slope: Any, y: Any, s: int) -> Any:
    """Take one step after the other on whole arrays."""
    h = END / s
    for _ in range(s):
        y = _step(slope, y, h)
    return y


def _step(slope: Any, y: Any, h: float) -> Any:
    k1 = slope(y)
    k2 = slope(y + h / 2 * k1)
    k3 = slope(y + h / 2 * k2)
    k4 = slope(y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def torch(given: Inputs) -> Run:
    """Take the steps on tensors."""
    module = load("torch")

    def objective(x: Any) -> Any:
        one = module.ones(1)
        return _solve(lambda y: x * module.cat([one, y[:-1]]), module.zeros(len(x)), given["s"])[-1]

    return torch_gradient(objective, [given["x"]])


def jax(given: Inputs) -> Run:
    """Take the steps by `lax.scan`."""
    module = load("jax")
    numpy = module.numpy

    def objective(x: Any) -> Any:
        def step(y: Any, _: Any) -> tuple[Any, None]:
            return _step(lambda y: x * numpy.roll(y, 1).at[0].set(1.0), y, END / given["s"]), None

        return module.lax.scan(step, numpy.zeros(len(x)), None, given["s"])[0][-1]

    return jitted_gradient(objective, [given["x"]])


def casadi(given: Inputs) -> Run:
    """Build the expression of all steps."""
    x = load("casadi").SX.sym("x", len(given["x"]))
    return casadi_gradient(_last([x[i] for i in range(len(given["x"]))], given["s"]), x, given["x"])


ODE = Eval(
    "ode",
    "the last of n unknowns after s steps and its gradient",
    inputs,
    {"edgegrad": edgegrad, "PyTorch": torch, "JAX": jax, "CasADi": casadi},
    ({"n": 10, "s": 10}, {"n": 1000, "s": 1}, {"n": 1000, "s": 10}),
    {"n": 5, "s": 3},
    "one graph of all steps",
)
