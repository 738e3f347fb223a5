"""The jobs that compute more than they train, in scikit-learn, NumPy, SciPy and JAX; each returns what is compared."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["greeks", "implicit", "laplace", "logistic", "ode", "physics"]

Start = dict[str, Any]


def _jax() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def logistic(start: Start) -> list[float]:
    """Fit scikit-learn's logistic regression, and compute its AUC."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
    scaler = StandardScaler().fit(X)
    model = LogisticRegression(tol=1e-8, max_iter=1000).fit(scaler.transform(X), y)
    scores = model.decision_function(scaler.transform(X_test))
    return [float(roc_auc_score(y_test, scores)), *model.coef_[0].tolist()]


def laplace(start: Start) -> list[float]:
    """Find the minimum by Newton's method and moderate the outputs, all by hand in NumPy."""
    generator = np.random.default_rng(1)
    X = np.concatenate([generator.normal(-1.0, 1.0, (15, 2)), generator.normal(1.0, 1.0, (15, 2))])
    t, rows, w = np.repeat([0.0, 1.0], 15), np.column_stack([X, np.ones(30)]), np.zeros(3)
    H = np.eye(3)
    for _ in range(12):
        p = 1 / (1 + np.exp(-rows @ w))
        H = (rows.T * (p * (1 - p))) @ rows + 0.1 * np.eye(3)
        w = w - np.linalg.solve(H, rows.T @ (p - t) + 0.1 * w)
    points = np.array([[1.0, 1.0, 1.0], [4.0, 4.0, 1.0], [4.0, -3.0, 1.0]])
    a = points @ w
    variance = np.einsum("ij,jk,ik->i", points, np.linalg.inv(H), points)
    plain, moderated = 1 / (1 + np.exp(-a)), 1 / (1 + np.exp(-a / np.sqrt(1 + np.pi * variance / 8)))
    return [*plain.tolist(), *moderated.tolist()]


def physics(start: Start) -> list[float]:
    """Solve the oscillation by a network with JAX's derivatives and SciPy's least squares."""
    jax = _jax()
    from jax import numpy as jnp
    from scipy.optimize import least_squares

    def u(w: Any, x: Any) -> Any:
        return jnp.tanh(w[:12] * x + w[12:24]) @ w[24:36] + w[36]

    points = np.linspace(0.0, 4.0, 40)
    slope = jax.grad(u, argnums=1)
    second = jax.grad(slope, argnums=1)

    def residuals(w: Any) -> Any:
        inside = jax.vmap(lambda x: second(w, x) + 0.5 * slope(w, x) + 4.0 * u(w, x))(points)
        return jnp.append(inside, jnp.array([10 * (u(w, 0.0) - 1.0), 10 * slope(w, 0.0)]))

    f, jacobian = jax.jit(residuals), jax.jit(jax.jacrev(residuals))
    found = least_squares(
        lambda w: np.asarray(f(w)), start["weights"], lambda w: np.asarray(jacobian(w)), method="lm", max_nfev=300
    )
    return np.asarray(jax.vmap(lambda x: u(found.x, x))(points)).tolist()  # type: ignore[no-any-return]


def ode(start: Start) -> list[float]:
    """Differentiate Runge and Kutta's method by the parameters with JAX."""
    jax = _jax()
    from jax import numpy as jnp

    def rate(y: Any, p: Any) -> Any:
        return jnp.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])

    def solve(p: Any) -> Any:
        h = 10.0 / 200

        def step(y: Any, _: Any) -> Any:
            k1 = rate(y, p)
            k2 = rate(y + h / 2 * k1, p)
            k3 = rate(y + h / 2 * k2, p)
            k4 = rate(y + h * k3, p)
            return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

        return jax.lax.scan(step, jnp.array([10.0, 5.0]), None, length=200)[0]

    p = jnp.array([1.1, 0.4, 0.1, 0.4])
    state, slopes = jax.jit(solve)(p), jax.jit(jax.jacrev(solve))(p)
    return [*state.tolist(), *slopes.ravel().tolist()]


def greeks(start: Start) -> list[float]:
    """Compute a thousand options' prices and Greeks with JAX."""
    jax = _jax()
    from jax import numpy as jnp
    from jax.scipy.stats import norm

    def call(S: Any, K: Any, r: Any, sigma: Any, T: Any) -> Any:
        d1 = (jnp.log(S / K) + (r + sigma * sigma / 2) * T) / (sigma * jnp.sqrt(T))
        return S * norm.cdf(d1) - K * jnp.exp(-r * T) * norm.cdf(d1 - sigma * jnp.sqrt(T))

    generator = np.random.default_rng(0)
    S, K = generator.uniform(80, 120, (2, 1000))
    r, sigma, T = (generator.uniform(*ends, 1000) for ends in ((0.0, 0.08), (0.1, 0.5), (0.1, 2.0)))

    def every(f: Any) -> Any:
        return jax.jit(jax.vmap(f))(S, K, r, sigma, T)

    prices, (delta, rho, vega, fall) = every(jax.value_and_grad(call, argnums=(0, 2, 3, 4)))
    gamma = every(jax.grad(jax.grad(call)))
    return np.concatenate([prices, delta, gamma, vega, -fall, rho]).tolist()  # type: ignore[no-any-return]


def implicit(start: Start) -> list[float]:
    """Solve an equilibrium with SciPy, and differentiate it with JAX's Jacobians."""
    jax = _jax()
    from jax import numpy as jnp
    from scipy.optimize import root

    def balance(x: Any, theta: Any) -> Any:
        a, b, c = x
        return jnp.array([theta[0] * a * b - c, a + c - theta[1], b + 2 * c - theta[2]])

    theta = np.array([4.0, 1.0, 1.5])
    f, jacobians = jax.jit(balance), jax.jit(jax.jacrev(balance, argnums=(0, 1)))
    x = root(
        lambda x: np.asarray(f(x, theta)), [0.5] * 3, jac=lambda x: np.asarray(jacobians(x, theta)[0]), tol=1e-13
    ).x
    by_x, by_theta = jacobians(x, theta)
    return [*x.tolist(), *(-np.linalg.solve(by_x, by_theta)).ravel().tolist()]
