"""HT: how far points are from a hand's surface that 26 angles and shifts pose, and the Jacobian of the distances.

Each point has a triangle of the surface and two numbers u that say where in it; GradBench gives the Jacobian by these
as two columns, since every error has its own two.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.gradbench.evaluation import Array, Eval, Inputs, Run, load

__all__ = ["HT"]


def inputs(points: int, fingers: int = 5, vertices: int = 10_000) -> Inputs:
    """Draw a hand of the shape of GradBench's: a wrist, four bones a finger, a forearm; and points."""
    random = np.random.default_rng(0)
    #: The bone each bone hangs on; the wrist hangs on none.
    parents = [-1, *(0 if i % 4 == 0 else i for i in range(4 * fingers)), 0]
    bones = len(parents)
    relative = np.tile(np.eye(4), (bones, 1, 1))
    relative[:, :3, :3] = np.linalg.qr(random.normal(size=(bones, 3, 3)))[0]
    relative[:, :3, 3] = random.normal(size=(bones, 3))
    absolute: list[Array] = []
    for parent, each in zip(parents, relative, strict=True):
        absolute.append(each if parent < 0 else absolute[parent] @ each)
    surface = np.concatenate([random.normal(size=(vertices, 3)), np.ones((vertices, 1))], 1)
    skin = random.random((vertices, bones)) * (random.random((vertices, bones)) < 0.1)
    corners = random.integers(0, vertices, (points, 3))
    return {
        "parents": parents,
        "bends": _bends(fingers),
        "theta": random.uniform(0.1, 0.9, 6 + 4 * fingers),
        "u": random.random((points, 2)) / 2,
        "points": random.normal(size=(points, 3)),
        "corners": (skin[corners][..., None] * surface[corners][:, :, None]),  # (points, 3, bones, 4)
        "relative": relative[:, :3],
        "inverse": np.linalg.inv(absolute)[:, :3],
    }


def _bends(fingers: int) -> Array:
    """Return which number of theta is which angle of which bone: (bones, 2), −1 where it stays 0."""
    bends = np.full((4 * fingers + 2, 2), -1)
    for finger in range(fingers):  # its first bone stays; the second has two angles, the others one
        theta = 6 + 4 * finger  # after the rotation and the shift of the whole hand
        bends[4 * finger + 2] = theta, theta + 1
        bends[4 * finger + 3 : 4 * finger + 5, 0] = theta + 2, theta + 3
    return bends


def _turn(cosine: Any, sine: Any, axis: Any) -> list[list[Any]]:
    """Return the rotation about an axis of length 1."""
    x, y, z = axis
    rest = 1.0 - cosine
    return [
        [x * x + (1.0 - x * x) * cosine, x * y * rest - z * sine, x * z * rest + y * sine],
        [x * y * rest + z * sine, y * y + (1.0 - y * y) * cosine, y * z * rest - x * sine],
        [x * z * rest - y * sine, z * y * rest + x * sine, z * z + (1.0 - z * z) * cosine],
    ]


def _bend(library: Any, x: Any, z: Any) -> list[list[Any]]:
    """Return the rotation by x about the first axis, then by z about the third."""
    (cx, sx), (cz, sz) = ((library.cos(angle), library.sin(angle)) for angle in (x, z))
    return [[cz, -sz * cx, sz * sx], [sz, cz * cx, -cz * sx], [0.0 * sx, sx, cx]]


def edgegrad(given: Inputs) -> Run:
    """Compute the rates of one point's errors along each direction, and run them on all; the pose is computed once."""
    import autograd

    bends = given["bends"].tolist()

    def multiply(A: Any, B: Any) -> list[list[Any]]:
        """Multiply a matrix (3, 3) or a map (3, 4) with a map, whose fourth row is 0, 0, 0, 1."""
        columns = list(zip(*B, strict=True))
        return [
            [autograd.dot(row[:3], column, bias=row[3] if j == 3 and len(row) > 3 else 0.0)
             for j, column in enumerate(columns)]
            for row in A
        ]  # fmt: skip

    def pose(theta: Any) -> list[list[list[Any]]]:
        norm = autograd.sqrt(autograd.total([each * each for each in theta[:3]]))
        turn = _turn(autograd.cos(norm), autograd.sin(norm), [each / norm for each in theta[:3]])
        absolute: list[Any] = []
        for parent, own, (x, z) in zip(given["parents"], given["relative"].tolist(), bends, strict=True):
            if x >= 0:
                bent = _bend(autograd, theta[x], theta[z] if z >= 0 else 0.0)
                own = multiply(own, [[*row, 0.0] for row in bent])
            absolute.append(own if parent < 0 else multiply(absolute[parent], own))
        bones = zip(absolute, given["inverse"].tolist(), strict=True)
        return [multiply(turn, multiply(each, inverse)) for each, inverse in bones]

    def errors(theta: Any, u: Any, point: Any, corners: Any) -> list[Any]:
        bones, parts = pose(theta), (u[0], u[1], 1.0 - u[0] - u[1])
        found = []
        for i in range(3):
            row = [number for bone in bones for number in bone[i]]
            each = [autograd.dot(row, [number for bone in corner for number in bone]) for corner in corners]
            found.append(point[i] - autograd.dot(parts, each) - theta[3 + i])
        return found

    theta = [autograd.Value(number, parameter=True) for number in given["theta"].tolist()]
    directions = np.eye(2 + len(theta)).tolist()

    def rates(u: Any, point: Any, corners: Any) -> list[list[Any]]:
        def moved(theta: Any, u: Any) -> list[Any]:
            return errors(theta, u, point, corners)

        return [autograd.jvp(moved, (theta, u), (each[2:], each[:2]))[1] for each in directions]

    arguments = [given[name] for name in ("u", "points", "corners")]
    program = autograd.compile(rates, *(array[0] for array in arguments), parameters=theta)
    return lambda: program(*arguments).transpose(0, 2, 1)


def _errors(library: Any, theta: Any, shift: Any, given: Inputs, parents: list[int]) -> Any:
    """Compute all points' errors, each u moved by `shift`; with tensors of PyTorch or arrays of JAX."""
    x, z = library.concatenate([theta, 0.0 * theta[:1]])[given["bends"]].T
    bent = _stack(library, _bend(library, x, z))
    own = library.concatenate([given["relative"][:, :, :3] @ bent, given["relative"][:, :, 3:]], 2)
    absolute: list[Any] = []
    for parent, each in zip(parents, own, strict=True):
        absolute.append(each if parent < 0 else _chain(library, absolute[parent], each))
    norm = library.sqrt((theta[:3] ** 2).sum())
    turn = _stack(library, _turn(library.cos(norm), library.sin(norm), theta[:3] / norm))
    bones = turn @ _chain(library, library.stack(absolute), given["inverse"])
    places = library.einsum("bij,pvbj->pvi", bones, given["corners"])
    u = given["u"] + shift
    parts = library.stack([u[:, 0], u[:, 1], 1.0 - u[:, 0] - u[:, 1]])
    return given["points"] - library.einsum("vp,pvi->pi", parts, places) - theta[3:6]


def _stack(library: Any, rows: list[list[Any]]) -> Any:
    """Make matrices (…, 3, 3) of their numbers."""
    return library.stack([library.stack(row, -1) for row in rows], -2)


def _chain(library: Any, A: Any, B: Any) -> Any:
    """Multiply maps (…, 3, 4), whose fourth row is 0, 0, 0, 1."""
    return library.concatenate([A[..., :3] @ B[..., :3], A[..., :3] @ B[..., 3:] + A[..., 3:]], -1)


def torch(given: Inputs) -> Run:
    """Push all directions forward at once, by `torch.func.jacfwd`."""
    module = load("torch")
    tensors = {name: module.tensor(array) for name, array in given.items() if name != "parents"}
    by = module.func.jacfwd(
        lambda theta, shift: _errors(module, theta, shift, tensors, given["parents"]), argnums=(1, 0)
    )
    shift = module.zeros(2)
    return lambda: np.concatenate(by(tensors["theta"], shift), 2)


def jax(given: Inputs) -> Run:
    """Push all directions forward at once, by `jax.jacfwd`, compiled."""
    module = load("jax")
    arrays = {name: module.numpy.asarray(array) for name, array in given.items() if name != "parents"}

    def errors(theta: Any, shift: Any, arrays: Any) -> Any:
        return _errors(module.numpy, theta, shift, arrays, given["parents"])

    by = module.jit(module.jacfwd(errors, argnums=(1, 0)))
    shift = module.numpy.zeros(2)
    return lambda: np.concatenate(by(arrays["theta"], shift, arrays), 2)


HT = Eval(
    "ht",
    "the errors' Jacobian by the pose, and by each point's own two numbers",
    inputs,
    {"edgegrad": edgegrad, "PyTorch": torch, "JAX": jax},
    ({"points": 100}, {"points": 1600}),
    {"points": 3, "fingers": 1, "vertices": 20},
    "one point and its rates forward, on a batch; the pose is computed once",
)
