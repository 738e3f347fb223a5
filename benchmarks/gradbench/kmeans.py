"""KMEANS: one step of Newton for the centres of clusters: the gradient over the diagonal of the Hessian."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.gradbench.evaluation import Array, Eval, Inputs, Run, flatten, load

__all__ = ["KMEANS"]


def inputs(k: int, n: int, d: int) -> Inputs:
    """Draw n points; the last k of them are the centres, so that each has one."""
    points = np.random.default_rng(0).random((n, d))
    return {"points": points, "centres": points[-k:].copy()}


def edgegrad(given: Inputs) -> Run:
    """Compute the cost of one point, and run it on all; the Hessian is diagonal, so its product with ones is it."""
    import autograd

    centres = [[autograd.Value(number, parameter=True) for number in row] for row in given["centres"].tolist()]
    ones = [[1.0] * len(row) for row in centres]

    def cost(point: Any, centres: Any = centres) -> Any:
        doubled = [2 * each for each in point]
        nearness = [
            autograd.dot(centre, doubled) - autograd.total([each * each for each in centre]) for centre in centres
        ]
        return autograd.total([each * each for each in point]) - autograd.largest(nearness)

    def slope(point: Any) -> Any:
        return autograd.jvp(lambda centres: cost(point, centres), (centres,), (ones,))[1]

    first, second = (
        autograd.compile(f, given["points"][0], parameters=[leaf for row in centres for leaf in row])
        for f in (lambda point: cost(point), slope)
    )

    def run() -> Array:
        value, slopes = first.value_and_grad(given["points"], reduce="sum")
        return flatten(value, slopes / second.value_and_grad(given["points"], reduce="sum")[1])

    return run


def _cost(centres: Any, points: Any) -> Any:
    """Compute the cost of all points from squares and products; with tensors of PyTorch or arrays of JAX."""
    distances = (points**2).sum(1)[:, None] + (centres**2).sum(1) - 2 * points @ centres.T
    return distances.min(1)


def torch(given: Inputs) -> Run:
    """Differentiate twice, with ones as the direction."""
    module = load("torch")
    points, centres = module.tensor(given["points"]), module.tensor(given["centres"], requires_grad=True)

    def run() -> Array:
        value = _cost(centres, points).values.sum()
        (slopes,) = module.autograd.grad(value, centres, create_graph=True)
        (curvature,) = module.autograd.grad(slopes.sum(), centres)
        return flatten(value.detach(), (slopes / curvature).detach())

    return run


def jax(given: Inputs) -> Run:
    """Push ones forward through the gradient."""
    module = load("jax")
    points, centres = module.numpy.asarray(given["points"]), module.numpy.asarray(given["centres"])

    @module.jit  # type: ignore[untyped-decorator]
    def both(points: Any, centres: Any) -> Any:
        sweep = module.value_and_grad(lambda centres: _cost(centres, points).sum())
        (value, slopes), (_, curvature) = module.jvp(sweep, (centres,), (module.numpy.ones_like(centres),))
        return value, slopes / curvature

    return lambda: flatten(*both(points, centres))


KMEANS = Eval(
    "kmeans",
    "the cost of n points and a Newton step of the k centres",
    inputs,
    {"edgegrad": edgegrad, "PyTorch": torch, "JAX": jax},
    ({"k": 10, "n": 1000, "d": 8}, {"k": 100, "n": 1000, "d": 8}),
    {"k": 2, "n": 10, "d": 2},
    "one point, on a batch; a second program is the slope along ones",
)
