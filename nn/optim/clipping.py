"""Gradient clipping, by norm and by value, so that one bad batch cannot throw the weights far away."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from autograd import Value
from nn import arrays
from nn.optim import flat
from nn.optim.flat import Vector
from nn.optim.optimizer import StepError

__all__ = ["clip_by_norm", "clip_by_value", "clip_grad_norm", "clip_grad_value"]


def clip_by_norm(g: Vector, max_norm: float, norm_type: float = 2.0) -> Vector:
    """Shorten a gradient to a length, and keep its direction: ``g·min(1, c/‖g‖ₚ)``.

    Source: R. Pascanu, T. Mikolov, Y. Bengio, ICML 2013, algorithm 1.

    Args:
        g: the gradient, (n,).
        max_norm: c, positive.
        norm_type: p, positive.

    Raises:
        ValueError: max_norm or norm_type is not positive.
    """
    _check_limit("max_norm", max_norm)
    length = _length(g, norm_type)
    return g * (max_norm / length) if length > max_norm else g


def clip_by_value(g: Vector, clip_value: float) -> Vector:
    """Cut each entry of a gradient to ``[−c, c]``, which may turn its direction.

    Args:
        g: the gradient, (n,).
        clip_value: c, positive.

    Raises:
        ValueError: clip_value is not positive.
    """
    _check_limit("clip_value", clip_value)
    return np.clip(g, -clip_value, clip_value)


def clip_grad_norm(parameters: Iterable[Value], max_norm: float, norm_type: float = 2.0) -> float:
    """Shorten the `grad` of all parameters together to a length, between ``backward()`` and ``step()``.

    Parameters without a gradient are left without one.

    Args:
        parameters: leaves, such as `model.parameters()`; or arrays of them.
        max_norm: the longest the gradient may be, positive.
        norm_type: p of the norm ``(Σ |g|ᵖ)^(1/p)``, positive; infinity for the largest entry.

    Returns:
        how long it was.

    Raises:
        ValueError: max_norm or norm_type is not positive.
        StepError: a gradient is not finite; none is changed.

    Example:
        >>> w = Value(1.0, name="w")
        >>> w.grad = 50.0
        >>> clip_grad_norm([w], 1.0), w.grad
        (50.0, 1.0)
    """
    chosen, g = _gradient(parameters)
    _write(chosen, clip_by_norm(g, max_norm, norm_type))
    return _length(g, norm_type)


def clip_grad_value(parameters: Iterable[Value], clip_value: float) -> None:
    """Cut the `grad` of each parameter to ``[−c, c]``, between ``backward()`` and ``step()``.

    Args:
        parameters: leaves, such as `model.parameters()`; or arrays of them.
        clip_value: c, positive.

    Raises:
        ValueError: clip_value is not positive.
        StepError: a gradient is not finite; none is changed.
    """
    chosen, g = _gradient(parameters)
    _write(chosen, clip_by_value(g, clip_value))


def _gradient(parameters: Iterable[Value]) -> tuple[list[Value], Vector]:
    chosen = [parameter for parameter in arrays.flat(list(parameters)) if parameter.grad is not None]
    g = flat.gradient(chosen)
    index = flat.first_not_finite(g) if chosen else None
    if index is not None:
        raise StepError(
            f"The gradient of {flat.label(chosen, index)} is {g[index]:g}, which no clipping makes a direction. "
            "No gradient was changed. Look for NaN in the data, or take a smaller lr."
        )
    return chosen, g


def _write(parameters: list[Value], g: Vector) -> None:
    for parameter, slope in zip(parameters, g.tolist(), strict=True):
        parameter.grad = slope


def _length(g: Vector, p: float = 2.0) -> float:
    """Compute ‖g‖ₚ; scaled, so that powers neither overflow nor vanish."""
    if not p > 0.0:
        raise ValueError(f"norm_type must be a positive number or infinity, not {p!r}.")
    largest = float(np.abs(g).max(initial=0.0))
    return largest * float(np.linalg.norm(g / largest, p)) if 0.0 < largest < np.inf else largest


def _check_limit(what: str, limit: float) -> None:
    if not limit > 0.0:
        raise ValueError(f"{what} must be a positive number, not {limit!r}: 0 would stop the training.")
