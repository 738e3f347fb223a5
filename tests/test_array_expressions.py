"""Expressions in NumPy's notation on arrays of Values, against PyTorch on tensors: random ones, and compiled."""

import numpy as np
import pytest
from effort import THOROUGH

import autograd
from autograd import hessian, jacobian, value_and_grad

torch = pytest.importorskip("torch", reason="the oracle of these expressions")

CASES = 300 if THOROUGH else 60
LARGEST = 1e3  # what numbers may grow to, so that rounding stays small
FUNCTIONS = [
    "exp",
    "sin",
    "cos",
    "tanh",
    "square",
    "arctan",
    "arcsinh",
    "log1p_square",
    "sqrt_one_more",
    "sinh",
    "expm1",
]


class NumPy:
    """Names that NumPy and PyTorch spell differently."""

    concatenate, where, stack = np.concatenate, np.where, np.stack
    transpose = staticmethod(np.transpose)

    @staticmethod
    def apply(name, x):
        if name == "log1p_square":
            return np.log1p(x * x)
        return np.sqrt(1.0 + x * x) if name == "sqrt_one_more" else getattr(np, name)(x)


class Torch:
    """The same of PyTorch."""

    concatenate, where, stack = torch.cat, torch.where, torch.stack

    @staticmethod
    def transpose(x):
        return x.T if x.ndim == 2 else x

    @staticmethod
    def apply(name, x):
        if name == "log1p_square":
            return torch.log1p(x * x)
        return torch.sqrt(1.0 + x * x) if name == "sqrt_one_more" else getattr(torch, name)(x)


def steps(random):
    """Draw a step: a function of the library and of two arrays."""
    kind = random.integers(13)
    name = FUNCTIONS[random.integers(len(FUNCTIONS))]
    number, place, axis = float(np.round(random.normal(), 3)), int(random.integers(3)), int(random.integers(2))
    return [
        lambda m, a, b: m.apply(name, a),
        lambda m, a, b: a + b,
        lambda m, a, b: a * b - number,
        lambda m, a, b: number / (2.0 + a * a),
        lambda m, a, b: a @ b,
        lambda m, a, b: a.sum(axis) if a.ndim else a,
        lambda m, a, b: a[place:] - number * a[: a.shape[0] - place],
        lambda m, a, b: a.reshape(-1, 1) * b.reshape(1, -1),
        lambda m, a, b: m.concatenate([a.reshape(-1), b.reshape(-1)])[::2],
        lambda m, a, b: m.transpose(a) * number,
        lambda m, a, b: a.mean() + b,
        lambda m, a, b: m.stack([a, 2.0 * a]),
        lambda m, a, b: (a - b) ** 3,
    ][kind]  # fmt: skip


def draw(seed):
    """Draw an expression of one vector that both libraries read, and a point at which its numbers are tame."""
    random = np.random.default_rng(seed)
    x = random.normal(size=random.integers(2, 5))
    matrix = np.round(random.normal(size=(len(x), len(x))), 3)
    chosen = []
    values = [x, matrix @ x]
    for _ in range(40):
        if len(chosen) == 7:
            break
        step, i, j = steps(random), int(random.integers(len(values))), int(random.integers(len(values)))
        try:
            with np.errstate(all="ignore"):
                out = step(NumPy, values[i], values[j])
        except (ValueError, IndexError, TypeError):  # shapes that do not fit
            continue
        if np.ndim(out) and 0 < np.size(out) <= 24 and np.abs(out).max() < LARGEST:
            values.append(out)
            chosen.append((step, i, j))

    def expression(m, vector, constant):
        made = [vector, constant @ vector]
        for step, i, j in chosen:
            made.append(step(m, made[i], made[j]))
        return made[-1]

    return expression, x, matrix


def near(found, due):
    np.testing.assert_allclose(found, due, rtol=1e-9, atol=1e-9 * max(1.0, float(np.abs(due).max(initial=0.0))))


@pytest.mark.parametrize("seed", range(CASES))
def test_a_random_expression(seed):
    expression, x, matrix = draw(seed)

    def loss(v):
        return (expression(NumPy, v, matrix) ** 2).sum()

    tensor = torch.tensor(x, requires_grad=True)
    due = (expression(Torch, tensor, torch.tensor(matrix)) ** 2).sum()
    due.backward()
    value, slopes = value_and_grad(loss)(x)
    near(value, due.item())
    near(slopes, tensor.grad.numpy())
    program = autograd.compile(loss, x)
    value, [slopes] = program.value_and_grad(x, wrt="inputs")
    near(value, due.item())
    near(slopes, tensor.grad.numpy())


@pytest.mark.parametrize("seed", range(0, CASES, 10))
def test_jacobians_and_hessians(seed):
    expression, x, matrix = draw(seed)
    tensor, constant = torch.tensor(x), torch.tensor(matrix)
    near(
        jacobian(lambda v: expression(NumPy, v, matrix))(x),
        torch.autograd.functional.jacobian(lambda v: expression(Torch, v, constant), tensor).numpy(),
    )
    near(
        hessian(lambda v: expression(NumPy, v, matrix).sum())(x),
        torch.autograd.functional.hessian(lambda v: expression(Torch, v, constant).sum(), tensor).numpy(),
    )
