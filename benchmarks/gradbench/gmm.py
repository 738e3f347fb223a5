"""GMM: the log-posterior of a mixture of Gaussians with a Wishart prior, and its gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from benchmarks.gradbench.evaluation import (
    Array,
    Eval,
    Inputs,
    Run,
    casadi_sum,
    flatten,
    jitted_gradient,
    load,
    torch_gradient,
)  # fmt: skip

__all__ = ["GMM"]

GAMMA, M = 1.0, 0  # the prior's precision, and its degrees of freedom beyond d + 1


def inputs(d: int, K: int, N: int = 1000) -> Inputs:
    """Draw points and parameters as GradBench does."""
    random = np.random.default_rng(31337)
    return {
        "x": random.normal(size=(N, d)),
        "alpha": random.normal(size=K),
        "mu": random.uniform(size=(K, d)),
        "q": random.normal(size=(K, d)),
        "l": random.normal(size=(K, d * (d - 1) // 2)),
    }


def _constant(d: int, K: int, N: int) -> float:
    """Compute what depends on no parameter: K·(n·d·log(γ/√2) − log Γ_d(n/2)) − N·d/2·log 2π."""
    n = d + M + 1
    gamma = d * (d - 1) / 4 * math.log(math.pi) + sum(math.lgamma((n - j) / 2) for j in range(d))
    return K * (n * d * math.log(GAMMA / math.sqrt(2)) - gamma) - N * d / 2 * math.log(2 * math.pi)


def _below_diagonal(d: int) -> tuple[Array, Array]:
    """Return the rows and columns of the numbers below the diagonal, column by column."""
    columns, rows = np.triu_indices(d, 1)
    return rows, columns


def edgegrad(given: Inputs) -> Run:
    """Compute the term of one point, with its share of the prior, and run it on all; the sum is the posterior."""
    import autograd

    def leaves(array: Array) -> list[list[Any]]:
        return [[autograd.Value(number, parameter=True) for number in row] for row in array.tolist()]

    (alpha,), mu, q, l = leaves(given["alpha"][None]), leaves(given["mu"]), leaves(given["q"]), leaves(given["l"])
    (N, d), K = given["x"].shape, len(alpha)
    places = {place: i for i, place in enumerate(zip(*_below_diagonal(d), strict=True))}

    def term(x: Any) -> Any:
        diagonals = [[autograd.exp(each) for each in row] for row in q]
        sums = [autograd.total(row) for row in q]
        beta = []
        for k in range(K):
            rows = [[*(l[k][places[i, j]] for j in range(i)), diagonals[k][i], *[0.0] * (d - i - 1)] for i in range(d)]
            transformed = [autograd.dot(row, x, bias=-autograd.dot(row, mu[k])) for row in rows]
            beta.append(alpha[k] + sums[k] - 0.5 * autograd.total([autograd.square(each) for each in transformed]))
        squares = [each * each for row in (*diagonals, *l) for each in row]
        prior = M * autograd.total(sums) - 0.5 * GAMMA**2 * autograd.total(squares)
        return autograd.logsumexp(beta) - autograd.logsumexp(alpha) + (prior + _constant(d, K, N)) / N

    parameters = [leaf for row in (alpha, *mu, *q, *l) for leaf in row]
    program = autograd.compile(term, given["x"][0], parameters=parameters)
    return lambda: flatten(*program.value_and_grad(given["x"], reduce="sum"))


def torch(given: Inputs) -> Run:
    """Compute on tensors, as GradBench's PyTorch does."""
    module = load("torch")
    (N, d), K = given["x"].shape, len(given["alpha"])
    rows, columns = map(module.tensor, _below_diagonal(d))

    def objective(alpha: Any, mu: Any, q: Any, l: Any, x: Any) -> Any:
        Q = module.diag_embed(module.exp(q)).index_put((module.arange(K)[:, None], rows, columns), l)
        transformed = module.einsum("kij,nj->nki", Q, x) - module.einsum("kij,kj->ki", Q, mu)
        beta = alpha + q.sum(1) - 0.5 * (transformed**2).sum(2)
        prior = M * q.sum() - 0.5 * GAMMA**2 * (Q**2).sum()
        return module.logsumexp(beta, 1).sum() - N * module.logsumexp(alpha, 0) + prior + _constant(d, K, N)

    return torch_gradient(objective, [given[name] for name in ("alpha", "mu", "q", "l")], [given["x"]])


def jax(given: Inputs) -> Run:
    """Compute on arrays."""
    module = load("jax")
    numpy, logsumexp = module.numpy, module.scipy.special.logsumexp
    (N, d), K = given["x"].shape, len(given["alpha"])
    rows, columns = _below_diagonal(d)

    def objective(alpha: Any, mu: Any, q: Any, l: Any, x: Any) -> Any:
        Q = (numpy.exp(q)[:, :, None] * numpy.eye(d)).at[:, rows, columns].set(l)
        transformed = numpy.einsum("kij,nj->nki", Q, x) - numpy.einsum("kij,kj->ki", Q, mu)
        beta = alpha + q.sum(1) - 0.5 * (transformed**2).sum(2)
        prior = M * q.sum() - 0.5 * GAMMA**2 * (Q**2).sum()
        return logsumexp(beta, 1).sum() - N * logsumexp(alpha) + prior + _constant(d, K, N)

    return jitted_gradient(objective, [given[name] for name in ("alpha", "mu", "q", "l")], [given["x"]])


def casadi(given: Inputs) -> Run:
    """Build the term of one point, and map it over all."""
    module = load("casadi")
    (N, d), K = given["x"].shape, len(given["alpha"])
    pieces = [given[name] for name in ("alpha", "mu", "q", "l")]
    alpha, mu, q, l = (module.SX.sym(name, *np.shape(array.T)) for name, array in zip("amql", pieces, strict=True))
    example, beta, squares = module.SX.sym("x", d), [], 0.0
    for k in range(K):
        Q = module.diag(module.exp(q[:, k]))
        for place, (i, j) in enumerate(zip(*_below_diagonal(d), strict=True)):
            Q[i, j] = l[place, k]
        beta.append(alpha[k] + module.sum1(q[:, k]) - 0.5 * module.sumsqr(Q @ (example - mu[:, k])))
        squares = squares + module.sumsqr(Q)
    prior = M * module.sum1(module.sum2(q)) - 0.5 * GAMMA**2 * squares
    term = module.logsumexp(module.vertcat(*beta)) - module.logsumexp(alpha) + (prior + _constant(d, K, N)) / N
    x = module.vertcat(*(module.vec(each) for each in (alpha, mu, q, l)))
    return casadi_sum(term, x, example, flatten(*pieces), given["x"].T)


GMM = Eval(
    "gmm",
    "the log-posterior of 1,000 points and its gradient by all parameters",
    inputs,
    {"edgegrad": edgegrad, "PyTorch": torch, "JAX": jax, "CasADi": casadi},
    ({"d": 2, "K": 5}, {"d": 10, "K": 25}, {"d": 20, "K": 50}),
    {"d": 2, "K": 2, "N": 10},
    "one point, on a batch; the prior is computed once",
)
