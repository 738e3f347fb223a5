"""Levenberg–Marquardt: the optimiser for sums of squares, between Gauss–Newton and gradient descent.

It needs the error of every example by itself, and the Jacobian of these errors, from the engine.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from autograd import Value
from nn.optim import flat
from nn.optim.flat import Mask, Vector
from nn.optim.line_search import EPSILON
from nn.optim.objective import NO_FINITE_VALUE, Matrix, Objective
from nn.optim.optimizer import Optimizer, StepError

__all__ = ["LevenbergMarquardt"]


class LevenbergMarquardt(Optimizer):
    """Levenberg–Marquardt: least squares through the Jacobian of the errors (lecture L4.17).

    ::

        ΔW = (JᵀJ + μ diag(JᵀJ))⁻¹ Jᵀe,   W = W − ηΔW,   J = ∂e/∂w

    J comes from the engine. A step is taken only if the sum of squares ‖e‖² falls; otherwise μ grows and the step
    is computed anew. After a step μ is multiplied by max(⅓, 1 − (2γ − 1)³), where γ is the fall over the fall that the
    linear model promised; after failures by 2, 4, 8, …. The slide's e = d − o turns the signs of e and J, which
    leaves ΔW as it is. A weight that no error depends on (a zero on the diagonal) stays.
    Source: D. Marquardt, J. SIAM 11 (1963) 431; H. Nielsen, report IMM-REP-1999-05, for μ.

    Attributes:
        stalled: whether the last step found no smaller sum of squares: the weights are at a minimum.

    Args:
        parameters: leaves to train, at most 10,000.
        lr: η; 1 is the method itself, 0 leaves the weights as they are.
        mu: the first μ, positive.

    Raises:
        ValueError: an option is out of its range, or there are too many parameters.
    """

    needs = "residuals"
    options = ("lr",)
    positive = frozenset({"mu", "nu"})

    def __init__(self, parameters: Iterable[Value], lr: float = 1.0, mu: float = 1e-3) -> None:
        super().__init__(parameters, lr)
        self._check_matrix()
        if not self._number("mu", mu):
            raise ValueError("LevenbergMarquardt's mu must be positive, not 0: it grows and shrinks by factors.")
        self.stalled = False
        self.state = {"mu": float(mu), "nu": 2.0}

    def _advance(self, w: Vector, free: Mask, objective: Objective | None) -> tuple[float | None, Vector]:
        assert objective is not None
        e, J = objective.residuals_and_jacobian(w)
        self._check_model(w, e, J)
        loss = objective.value(w)
        if not self.lr:
            return loss, w
        error, g = float(e @ e), J.T @ e
        mu, nu = self.state["mu"], self.state["nu"]
        scale = np.sqrt((J * J).sum(axis=0))
        scale[scale == 0.0] = 1.0
        while True:
            change = self._solve(J, e, mu, scale)
            moved = w - self.lr * change
            promised = float(change @ (mu * scale**2 * change + g))
            if not promised > EPSILON * EPSILON * error or np.array_equal(moved, w):
                self.stalled = True
                return loss, w
            fall = error - self._error(moved, objective)
            if fall > 0.0:
                ratio = fall / promised
                self.stalled = False
                self.state = {"mu": mu * max(1.0 / 3.0, 1.0 - (2.0 * ratio - 1.0) ** 3), "nu": 2.0}
                return loss, moved
            mu, nu = mu * nu, nu * 2.0

    @staticmethod
    def _solve(J: Matrix, e: Vector, mu: float, scale: Vector) -> Vector:
        # Least squares of [J; √μ·D]ΔW = [e; 0] is the same equation, without the squared condition number of JᵀJ; in
        # the variables D·ΔW all columns have length 1, so that none is taken for zero.
        n = len(scale)
        rows = np.vstack([J / scale, np.sqrt(mu) * np.eye(n)])
        change: Vector = np.linalg.lstsq(rows, np.concatenate([e, np.zeros(n)]), rcond=None)[0] / scale
        return change

    @staticmethod
    def _error(w: Vector, objective: Objective) -> float:
        """Compute the sum of squares; ∞ where it has no value."""
        try:
            e = objective.residuals(w)
        except NO_FINITE_VALUE:
            return np.inf
        error = float(e @ e)
        return error if np.isfinite(error) else np.inf

    def _check_model(self, w: Vector, e: Vector, J: Matrix) -> None:
        index = flat.first_not_finite(e)
        if index is not None:
            raise StepError(
                f"LevenbergMarquardt did not step: residual {index} is {e[index]:g} at the present weights, which are "
                "as they were. Look for NaN in the data, or start from smaller weights."
            )
        index = flat.first_not_finite(J)
        if index is not None:
            raise StepError(
                "LevenbergMarquardt did not step: the derivative of a residual by "
                f"{flat.label(self.parameters, index)}, which is {w[index]:g}, is infinite or NaN. The weights are as "
                "they were. Look for an operation at the edge of its domain."
            )
