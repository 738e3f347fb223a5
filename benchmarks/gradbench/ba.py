"""BA: the errors of points seen by cameras, and their sparse Jacobian: 15 numbers a row, one a weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.gradbench.evaluation import Array, Eval, Inputs, Run, load

__all__ = ["BA"]

#: Around which the numbers are drawn: rotation, centre, focal length, principal point, distortion; a point; a feature.
CAMERA = (-0.76, -1.11, -0.85, 34.6, 39.7, 53.9, 419.0, 5.9, -8.5, 0.088, 0.0027)
POINT, FEATURE = (7.2, 0.0011, 3.0), (272.0, 834.0)


def inputs(cameras: int, points: int, observations: int) -> Inputs:
    """Draw cameras, points, weights and features near GradBench's, and let cameras see points in turn."""
    random = np.random.default_rng(0)

    def near(numbers: tuple[float, ...], count: int) -> Array:
        return np.array(numbers) * random.uniform(0.95, 1.05, (count, len(numbers)))

    seen = np.arange(observations)
    return {
        "camera": near(CAMERA, cameras)[seen % cameras],
        "point": near(POINT, points)[seen % points],
        "weight": random.random(observations),
        "feature": near(FEATURE, observations),
        "columns": _columns(seen % cameras, 11 * cameras + 3 * (seen % points), 11 * cameras + 3 * points + seen),
    }


def _columns(camera: Array, point: Array, weight: Array) -> Array:
    """Return the columns of the sparse matrix, row by row: the errors' two rows an observation, then the weights'."""
    both = [11 * camera[:, None] + np.arange(11), point[:, None] + np.arange(3), weight[:, None]]
    return np.concatenate([np.repeat(np.concatenate(both, 1), 2, axis=0).ravel(), weight])


def _errors(library: Any, where: Any, camera: Any, point: Any, weight: Any, feature: Any) -> list[Any]:
    """Compute the two errors of one observation, number by number, with the functions of any library."""
    r, X = [camera[i] for i in range(3)], [point[i] - camera[3 + i] for i in range(3)]
    square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2]
    angle = library.sqrt(where(square, square, 1.0))
    w = [each / angle for each in r]
    cosine, sine = library.cos(angle), library.sin(angle)
    along = (w[0] * X[0] + w[1] * X[1] + w[2] * X[2]) * (1.0 - cosine)
    turned = [
        where(square, x * cosine + cross * sine + each * along, x + small)
        for x, cross, each, small in zip(X, _cross(w, X), w, _cross(r, X), strict=True)
    ]
    u = [turned[0] / turned[2], turned[1] / turned[2]]
    radius = u[0] * u[0] + u[1] * u[1]
    scale = (1.0 + camera[9] * radius + camera[10] * radius * radius) * camera[6]
    return [weight * (u[i] * scale + camera[7 + i] - feature[i]) for i in range(2)]


def _cross(a: list[Any], b: list[Any]) -> list[Any]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def _excess(weight: Any) -> Any:
    """Compute the third error of an observation: how far its weight is from 1."""
    return 1.0 - weight * weight


def _matrix(blocks: Any, excess: Any) -> Array:
    """Put the blocks by camera, point and weight, (observations, 2, …), into the order of the sparse matrix."""
    rows, start = 2 * len(excess), 0
    values = np.empty(15 * rows + len(excess))
    values[15 * rows :] = excess
    for block in blocks:
        columns = np.reshape(block, (rows, -1))
        values[: 15 * rows].reshape(rows, 15)[:, start : start + columns.shape[1]] = columns
        start += columns.shape[1]
    return values


def edgegrad(given: Inputs) -> Run:
    """Compute one observation, and run its Jacobian on all."""
    import autograd

    arguments = [given[name] for name in ("camera", "point", "weight", "feature")]
    program = autograd.compile(
        lambda *numbers: _errors(autograd, autograd.where, *numbers), *(array[0] for array in arguments)
    )
    excess = autograd.compile(_excess, 0.0)

    def run() -> Array:
        blocks = program.jacobian(*arguments, wrt="inputs")
        return _matrix(blocks[:3], excess.jacobian(given["weight"], wrt="inputs")[0])

    return run


def torch(given: Inputs) -> Run:
    """Map the Jacobian of one observation over all, by `torch.func`."""
    module = load("torch")
    arguments = [module.tensor(given[name]) for name in ("camera", "point", "weight", "feature")]

    def where(condition: Any, x: Any, y: Any) -> Any:
        return module.where(condition != 0, x, y)

    def errors(*numbers: Any) -> Any:
        return module.stack(_errors(module, where, *numbers))

    by = module.func.vmap(module.func.jacrev(errors, argnums=(0, 1, 2)))
    excess = module.func.vmap(module.func.grad(_excess))
    return lambda: _matrix(by(*arguments), excess(arguments[2]))


def jax(given: Inputs) -> Run:
    """Map the Jacobian of one observation over all, compiled."""
    module = load("jax")
    arguments = [module.numpy.asarray(given[name]) for name in ("camera", "point", "weight", "feature")]

    def errors(*numbers: Any) -> Any:
        return module.numpy.stack(_errors(module.numpy, module.numpy.where, *numbers))

    by = module.jit(module.vmap(module.jacrev(errors, argnums=(0, 1, 2))))
    excess = module.jit(module.vmap(module.grad(_excess)))
    return lambda: _matrix(by(*arguments), excess(arguments[2]))


def casadi(given: Inputs) -> Run:
    """Build the Jacobian of one observation, and map it over all."""
    module = load("casadi")
    sizes = {"camera": 11, "point": 3, "weight": 1, "feature": 2}
    symbols = [module.SX.sym(name, size) for name, size in sizes.items()]
    errors = module.vertcat(*_errors(module, module.if_else, *symbols))
    by = module.jacobian(errors, module.vertcat(*symbols[:3]))
    excess = module.gradient(_excess(symbols[2]), symbols[2])
    one = module.Function("one", symbols, [module.densify(by), excess])
    mapped = one.map(len(given["weight"]))
    arguments = [module.DM(given[name].reshape(-1, size).T) for name, size in sizes.items()]

    def run() -> Array:
        both, third = mapped(*arguments)
        blocks = both.full().reshape(2, -1, 15).transpose(1, 0, 2)
        return _matrix([blocks], third.full().ravel())

    return run


BA = Eval(
    "ba",
    "the errors' sparse Jacobian by cameras, points and weights",
    inputs,
    {"edgegrad": edgegrad, "PyTorch": torch, "JAX": jax, "CasADi": casadi},
    ({"cameras": 49, "points": 7776, "observations": 31_843},),
    {"cameras": 2, "points": 3, "observations": 5},
    "one observation, its Jacobian on a batch",
)
