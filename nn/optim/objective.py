"""Objective: a loss as a function of one flat vector of weights, with the derivatives that optimisers ask for.

`Objective.from_closure` builds one on the engine: it records the user's loss at the weights in question and sweeps it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import (
    DomainError,
    Graph,
    NonFiniteGradientError,
    Value,
    ValueOverflowError,
    gradients,
    no_grad,
    square,
    total,
)
from nn.optim import flat
from nn.optim.flat import Vector

__all__ = ["NO_FINITE_VALUE", "Matrix", "Objective", "second_derivatives"]

Matrix = NDArray[np.float64]

#: What the engine raises where the loss has no finite value or gradient: to a search, weights as bad as can be.
NO_FINITE_VALUE = (DomainError, ValueOverflowError, NonFiniteGradientError)


class Objective(ABC):
    """A loss E(w) over a fixed list of parameters, as optimisers see it.

    It is a fixed function: the same weights give the same loss. So a new mini-batch is a new objective, and
    optimisers may remember what they computed at the weights they stopped at.

    Attributes:
        parameters: the Values whose numbers are w, in order.
        evaluations: how often the loss or the residuals have been computed.
    """

    parameters: list[Value]
    evaluations: int = 0

    @staticmethod
    def from_closure(
        parameters: Iterable[Value],
        loss: Callable[[], Value] | None = None,
        residuals: Callable[[], list[Value]] | None = None,
    ) -> Objective:
        """Build an objective from functions that compute with the parameters and take no arguments.

        Args:
            parameters: the leaves to differentiate by, such as `model.parameters()`.
            loss: computes E; without it E is half the sum of the squared residuals.
            residuals: computes the errors e of all examples and outputs, for Levenberg–Marquardt.

        Raises:
            ValueError: neither function is given, or the parameters cannot be trained.

        Example:
            >>> w = Value(3.0, name="w")
            >>> objective = Objective.from_closure([w], lambda: (w - 1.0) ** 2)
            >>> objective.value_and_gradient(np.array([5.0]))
            (16.0, array([8.]))
            >>> w.data
            3.0
        """
        if loss is None and residuals is None:
            raise ValueError(
                "An Objective needs loss or residuals: pass loss=lambda: …, a function that gives a Value."
            )
        return _Recorded(flat.parameter_list(parameters, "Objective"), loss, residuals)

    @abstractmethod
    def value(self, w: Vector) -> float:
        """Compute E(w)."""

    @abstractmethod
    def value_and_gradient(self, w: Vector) -> tuple[float, Vector]:
        """Compute E(w) and ∇E(w); the entry of a frozen parameter is 0."""

    @abstractmethod
    def hessian(self, w: Vector) -> Matrix:
        """Compute the symmetric (n, n) matrix ∂²E/∂w∂w; rows and columns of frozen parameters are 0."""

    @abstractmethod
    def residuals(self, w: Vector) -> Vector:
        """Compute the (m,) vector e(w)."""

    @abstractmethod
    def residuals_and_jacobian(self, w: Vector) -> tuple[Vector, Matrix]:
        """Compute e(w) and the (m, n) matrix ∂e/∂w; columns of frozen parameters are 0."""

    @contextmanager
    def _at(self, w: Vector) -> Iterator[None]:
        """Put the weights w into the parameters, and what they held before back."""
        before = flat.weights(self.parameters)
        if len(w) != len(before):
            raise ValueError(f"The objective has {flat.count(len(before))}, but was asked at {len(w)} numbers.")
        if np.array_equal(before, w):
            yield
            return
        flat.assign(self.parameters, w)
        try:
            yield
        finally:
            flat.assign(self.parameters, before)


class _Recorded(Objective):
    """An objective that the eager engine computes: each call records the closure anew at the given weights."""

    def __init__(
        self,
        parameters: list[Value],
        loss: Callable[[], Value] | None,
        residuals: Callable[[], list[Value]] | None,
    ) -> None:
        self.parameters = parameters
        self._loss = loss
        self._residuals = residuals

    def value(self, w: Vector) -> float:
        with self._at(w), no_grad():
            return self._run_loss().data

    def value_and_gradient(self, w: Vector) -> tuple[float, Vector]:
        with self._at(w):
            loss = self._run_loss()
            slopes = self._gradient(loss)
            if not slopes.any():
                self._check_connected(loss)
            return loss.data, slopes

    def hessian(self, w: Vector) -> Matrix:
        with self._at(w):
            return second_derivatives(self._run_loss(), self.parameters)

    def residuals(self, w: Vector) -> Vector:
        with self._at(w), no_grad():
            return np.array([float(e) for e in self._run_residuals()])

    def residuals_and_jacobian(self, w: Vector) -> tuple[Vector, Matrix]:
        with self._at(w):
            errors = self._run_residuals()
            jacobian = np.array([self._gradient(e) for e in errors])
            if not jacobian.any():
                self._check_connected(*errors)
            return np.array([e.data for e in errors]), jacobian

    def _run_loss(self) -> Value:
        if self._loss is None:
            half: Value = 0.5 * total([square(e) for e in self._run_residuals()])
            return half
        self.evaluations += 1
        loss: Any = self._loss()
        if not isinstance(loss, Value):
            raise TypeError(
                f"The loss must be one Value, but the closure gave an object of type {type(loss).__name__}: return "
                "the Value itself, not float(loss), loss.data, or the list that a model gives."
            )
        return loss

    def _run_residuals(self) -> list[Value]:
        if self._residuals is None:
            raise ValueError(
                "This objective has no residuals: build it with Objective.from_closure(parameters, loss, "
                "residuals=lambda: [output − target of every example])."
            )
        self.evaluations += 1
        errors = list(self._residuals())
        if not errors:
            raise ValueError("The closure gave no residuals: return one Value for each example and output.")
        for i, e in enumerate(errors):
            if not isinstance(e, Value):
                raise TypeError(
                    f"Residuals must be Values, but residual {i} is of type {type(e).__name__}: return output − target "
                    "as Values."
                )
        return errors

    def _gradient(self, y: Value) -> Vector:
        slopes = np.array(gradients(y, self.parameters), dtype=np.float64)
        return np.where(flat.free(self.parameters), slopes, 0.0)

    def _check_connected(self, *outputs: Value) -> None:
        reached = set(Graph(*outputs).leaves)
        if not reached.intersection(self.parameters):
            raise ValueError(
                f"The loss depends on none of the objective's {flat.count(len(self.parameters))}, of which the first "
                f"is {flat.label(self.parameters, 0)}: it was computed from other Values, such as another model's. "
                "Build the loss and the objective from the same model."
            )


def second_derivatives(y: Value, parameters: list[Value]) -> Matrix:
    """Compute the symmetric (n, n) matrix ∂²y/∂w∂w by two sweeps; rows and columns of frozen parameters are 0."""
    free = np.flatnonzero(flat.free(parameters))
    chosen = [parameters[i] for i in free]
    matrix = np.zeros((len(parameters), len(parameters)))
    for i, slope in zip(free, gradients(y, chosen, create_graph=True), strict=True):
        if isinstance(slope, Value):
            matrix[i, free] = gradients(slope, chosen)
    return (matrix + matrix.T) / 2.0  # the two sweeps of a pair differ in the last bits
