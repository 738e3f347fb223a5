"""Losses built from Values that the tests of the optimisers share."""

import itertools

import numpy as np
import pytest

from autograd import Value, dot, total
from nn.optim.objective import Objective


def named(numbers, prefix="w"):
    """Make trainable leaves w0, w1, …."""
    return [Value(float(x), name=f"{prefix}{i}", parameter=True) for i, x in enumerate(numbers)]


def numbers(parameters):
    return np.array([p.data for p in parameters])


def rosenbrock(start):
    """Build Σ 100(w_{i+1} − w_i²)² + (1 − w_i)², with its residuals; the minimum is 0 at (1, …, 1)."""
    w = named(start)

    def residuals():
        pairs = [(10.0 * (b - a.square()), 1.0 - a) for a, b in itertools.pairwise(w)]
        return [e for pair in pairs for e in pair]

    return Objective.from_closure(w, lambda: total([e.square() for e in residuals()]), residuals)


def quadratic(A, b, start):
    """Build ½wᵀAw − bᵀw, whose minimum is A⁻¹b."""
    w = named(start)
    A, b = np.asarray(A, dtype=float), np.asarray(b, dtype=float)

    def loss():
        rows = [dot(list(map(float, row)), w) for row in A]
        return 0.5 * dot(rows, w) - dot(list(map(float, b)), w)

    return Objective.from_closure(w, loss)


def positive_definite(n, seed, condition=100.0):
    """Draw a symmetric matrix with eigenvalues from 1 to `condition`."""
    axes, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))
    return (axes * np.geomspace(1.0, condition, n)) @ axes.T


def network(seed=0, hidden=3, examples=10, decay=1e-2):
    """Build a 2-hidden-1 tanh network on a smooth target: half the squared errors, and a small L2 penalty.

    The penalty is written as residuals too, so that every method minimises the same loss.
    """
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1.0, 1.0, size=(examples, 2))
    T = np.sin(2.0 * X[:, 0]) * X[:, 1]
    w = named(rng.normal(scale=0.7, size=4 * hidden + 1))

    def residuals():
        errors = []
        for x, t in zip(X.tolist(), T.tolist(), strict=True):
            h = [dot(w[3 * j : 3 * j + 2], x, w[3 * j + 2]).tanh() for j in range(hidden)]
            errors.append(dot(w[3 * hidden : 4 * hidden], h, w[4 * hidden]) - t)
        return errors + [decay**0.5 * p for p in w]

    return Objective.from_closure(w, lambda: 0.5 * total([e.square() for e in residuals()]), residuals)


def train(optimizer, objective, steps=1000, tolerance=1e-8):
    """Step until no entry of the gradient exceeds the tolerance; give the number of steps and of evaluations."""
    for count in range(1, steps + 1):
        optimizer.step(objective)
        before = objective.evaluations
        gradient = objective.value_and_gradient(numbers(objective.parameters))[1]
        objective.evaluations = before
        if np.abs(gradient).max() <= tolerance or getattr(optimizer, "stalled", False):
            return count, objective.evaluations
    raise AssertionError(f"{optimizer!r} did not converge in {steps} steps: the gradient is {gradient}.")


def gradient_sequence(n=40, steps=300, seed=0):
    """Draw weights and gradients of many scales, some of them zero, whose signs often hold for a while."""
    rng = np.random.default_rng(seed)
    scales = np.geomspace(1e-6, 1e4, n)
    drift = np.sign(rng.normal(size=n))
    gradients = [scales * (0.7 * drift * np.cos(0.05 * t) + 0.5 * rng.normal(size=n)) for t in range(steps)]
    for g in gradients:
        g[rng.random(n) < 0.05] = 0.0
    return rng.normal(size=n), gradients


def follow(make, start, gradients):
    """Step through given gradients; list the weights after each step."""
    w = named(start)
    optimizer = make(w)
    path = []
    for g in gradients:
        for parameter, slope in zip(w, g.tolist(), strict=True):
            parameter.grad = slope
        optimizer.step()
        path.append(numbers(w))
    return np.array(path)


def assert_same_path(ours, theirs, tolerance=1e-12):
    """Compare the paths of weights, each relative to the largest it becomes, as some pass through zero."""
    error = np.abs(ours - theirs) / np.abs(theirs).max(axis=0)
    assert error.max() <= tolerance


def follow_torch(make, start, gradients):
    """Step a PyTorch optimiser through given gradients; list the weights after each step."""
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")

    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = make(torch, w)
    path = []
    for g in gradients:
        w.grad = torch.tensor(g, dtype=torch.float64)
        optimizer.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)
