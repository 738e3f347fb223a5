"""The shape of the loss around the weights: gradient, Hessian, and the learning rates that follow from it.

Around its minimum a loss is nearly the quadratic ½(w − w*)ᵀH(w − w*), on which descent can be computed exactly: along
an eigenvector of H with the eigenvalue λ each step multiplies the distance by 1 − ηλ (lectures L2.8 to L2.10).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import Value
from nn.losses.regularizers import Regularizer
from nn.module import Module
from nn.optim import flat
from nn.optim.flat import Vector
from nn.optim.objective import Matrix
from nn.training.checks import check_examples, mode, read_data
from nn.training.eager import EagerRunner
from nn.training.runner import BatchObjective, Loss

__all__ = [
    "eigenvalues",
    "gradient_norms",
    "hessian",
    "largest_stable_learning_rate",
    "loss_gradient",
    "optimal_learning_rate",
]

ROUNDING = 1e-10  # eigenvalues below this share of the largest are zero up to rounding


def hessian(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Loss = "mse",
    parameters: Sequence[Value] | None = None,
    *,
    regularizer: Regularizer | None = None,
) -> Matrix:
    """Compute the Hessian of the mean loss, ∂²E/∂wᵢ∂wⱼ, by two backward passes (lecture L2.10).

    The model is taken in evaluation mode; its weights, gradients and mode are left as they are.

    Args:
        model: the model.
        X: examples, one row each.
        y: their targets.
        loss: name of a loss, or a function ``(outputs, target) -> Value``.
        parameters: some of the model's parameters; all of them, in the order of ``parameters()``, unless given.
        regularizer: a penalty that belongs to the loss.

    Returns:
        a symmetric matrix (n, n). It takes n backward passes an example.

    Raises:
        ValueError: the data or the loss cannot be used.

    Example:
        >>> from nn.modules.layers import Layer
        >>> neuron = Layer(1, 1, bias=False, W=[[0.0]])
        >>> hessian(neuron, [[1.0], [3.0]], [0.0, 0.0], "half_squared_error")
        array([[5.]])
    """
    objective, w = _objective(model, X, y, loss, parameters, regularizer)
    with mode(model, training=False):
        return objective.hessian(w)


def loss_gradient(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Loss = "mse",
    parameters: Sequence[Value] | None = None,
    *,
    regularizer: Regularizer | None = None,
) -> Vector:
    """Compute the gradient of the mean loss as one flat vector (n,). Args and Raises as in `hessian`."""
    objective, w = _objective(model, X, y, loss, parameters, regularizer)
    with mode(model, training=False):
        return objective.value_and_gradient(w)[1]


def gradient_norms(model: Module, X: ArrayLike, y: ArrayLike, loss: str | Loss = "mse") -> dict[str, float]:
    """Measure the gradient's length layer by layer, which shows where it vanishes (lecture L4.9).

    Args and Raises as in `hessian`.

    Returns:
        for each array of weights, such as ``W1``, the length of ∂E/∂W; biases are left out.
    """
    slopes = loss_gradient(model, X, y, loss)
    squares: dict[str, float] = {}
    for (name, _), slope in zip(model.named_parameters(), slopes.tolist(), strict=True):
        array, *places = name.split("[")
        if len(places) > 1:
            squares[array] = squares.get(array, 0.0) + slope * slope
    return {array: square**0.5 for array, square in squares.items()}


def eigenvalues(H: ArrayLike) -> NDArray[np.float64]:
    """Compute the curvatures along the principal axes: the eigenvalues of a Hessian, the smallest first.

    Args:
        H: a symmetric matrix (n, n), or the second derivative by a single weight.

    Raises:
        ValueError: it is no symmetric matrix of finite numbers.
    """
    matrix = np.asarray(H, dtype=np.float64)
    matrix = matrix.reshape(1, 1) if matrix.size == 1 else matrix
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise ValueError(f"A Hessian is a square matrix of finite numbers, not an array of shape {matrix.shape}.")
    if not np.allclose(matrix, matrix.T, rtol=1e-9, atol=1e-12 * float(np.abs(matrix).max())):
        raise ValueError("A Hessian is symmetric, but this matrix is not: pass ∂²E/∂w∂w, not a Jacobian.")
    curvatures: NDArray[np.float64] = np.linalg.eigvalsh(matrix).astype(np.float64)
    return curvatures


def optimal_learning_rate(H: ArrayLike) -> float:
    """Return the learning rate with which batch descent on a quadratic converges fastest (lecture L2.9).

    With one weight it is 1/λ, the slide's (∂²E/∂w²)⁻¹, and a single step reaches the minimum. With several it is
    2/(λ_min + λ_max): the slowest direction and the steepest one then shrink alike, by (κ − 1)/(κ + 1) a step, where
    κ = λ_max/λ_min. Directions without any curvature do not count. Source: B. Polyak, Introduction to Optimization
    (1987), 1.4.

    Args:
        H: a Hessian (n, n), or the second derivative by a single weight.

    Raises:
        ValueError: the loss is not convex there, or flat, so that no such rate exists.

    Example:
        >>> optimal_learning_rate(4.0), optimal_learning_rate([[1.0, 0.0], [0.0, 3.0]])
        (0.25, 0.5)
    """
    curvatures = eigenvalues(H)
    largest = _steepest(curvatures)
    if curvatures[0] < -ROUNDING * largest:
        raise ValueError(
            f"The smallest eigenvalue of the Hessian is {curvatures[0]:.4g}: the loss bends down along its axis, so "
            "these weights are near no minimum, and no learning rate is the best one. Train further first."
        )
    return float(2.0 / (curvatures[curvatures > ROUNDING * largest][0] + largest))


def largest_stable_learning_rate(H: ArrayLike) -> float:
    """Return the learning rate above which batch descent on a quadratic diverges: η_max = 2/λ_max (lecture L2.10).

    It is a bound for full-batch descent without momentum, near a minimum. With one weight it is 2η_opt (L2.9).

    Args:
        H: a Hessian (n, n), or the second derivative by a single weight.

    Raises:
        ValueError: no eigenvalue is positive, so that nothing bounds the rate.

    Example:
        >>> largest_stable_learning_rate(4.0), largest_stable_learning_rate([[1.0, 0.0], [0.0, 4.0]])
        (0.5, 0.5)
    """
    return float(2.0 / _steepest(eigenvalues(H)))


def _steepest(curvatures: NDArray[np.float64]) -> float:
    largest = float(curvatures[-1])
    if largest <= 0.0:
        raise ValueError(
            f"The largest eigenvalue of the Hessian is {largest:.4g}: the loss bends up in no direction here, so "
            "nothing bounds the learning rate. Take the Hessian near a minimum."
        )
    return largest


def _objective(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Loss,
    parameters: Sequence[Value] | None,
    regularizer: Regularizer | None,
) -> tuple[BatchObjective, Vector]:
    examples, loss_of = read_data(model, (X, y), loss)
    check_examples(model, loss_of, examples, "y")
    chosen = flat.parameter_list(model.parameters() if parameters is None else parameters, "The Hessian")
    return EagerRunner(model, loss_of, chosen, regularizer).objective(*examples.arrays), flat.weights(chosen)
