"""The parameters of a model as one flat vector of float64, in the order of `parameters()`.

Every optimiser works on such vectors; here they are read from Values, written back whole or not at all, and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Value
from nn import arrays

__all__ = [
    "Mask",
    "Vector",
    "assign",
    "count",
    "first_not_finite",
    "free",
    "gradient",
    "label",
    "parameter_list",
    "weights",
]

Vector = NDArray[np.float64]
Mask = NDArray[np.bool_]


def parameter_list(parameters: Iterable[Value], owner: str) -> list[Value]:
    """Check what an optimiser is to train, and list it.

    Args:
        parameters: leaves, such as a model's `parameters()`; or arrays of them.
        owner: who asks, for the messages.

    Raises:
        TypeError: these are no Values, or a model was passed itself.
        ValueError: there are none, one stands there twice, or one is no leaf.
    """
    if hasattr(parameters, "parameters"):
        raise TypeError(f"{owner} takes the parameters, not the model: pass model.parameters().")
    if isinstance(parameters, Value | str) or not isinstance(parameters, Iterable):
        raise TypeError(f"{owner} takes a list of Values, not one {type(parameters).__name__}: pass [w1, w2, …].")
    parameters = list(parameters)
    if any(isinstance(each, Mapping) for each in parameters):
        raise TypeError(
            f"{owner} takes parameters without groups, as its steps look at all of them together: pass one list, or "
            "take a first-order optimiser such as Adam."
        )
    listed = arrays.flat(parameters)
    if not listed:
        raise ValueError(
            f"{owner} was given no parameters, so it has nothing to train. A model without weights has none; an "
            "iterator that was used before is empty: pass model.parameters() again."
        )
    seen: dict[Value, int] = {}
    for index, parameter in enumerate(listed):
        if not isinstance(parameter, Value):
            raise TypeError(
                f"{owner} takes Values, but parameter {index} is of type {type(parameter).__name__}: make it with "
                "Value(number, name=…), or pass model.parameters()."
            )
        if not parameter.is_leaf:
            raise ValueError(
                f"{owner} cannot train {parameter.describe()} (parameter {index}): an operation computed it. Pass the "
                "leaves that it was computed from."
            )
        if parameter in seen:
            raise ValueError(
                f"{owner} was given {parameter.describe()} twice, as parameters {seen[parameter]} and {index}: it "
                "would be moved twice a step. Pass each Value once."
            )
        seen[parameter] = index
    return listed


def label(parameters: list[Value], index: int) -> str:
    """Name a parameter: ``W1[0][1]``, or its place in the list where it has no name."""
    return parameters[index].name or f"parameter {index}"


def count(n: int) -> str:
    """Write a number of parameters: ``1 parameter``, ``26,625 parameters``."""
    return f"{n:,} parameter{'s' * (n != 1)}"


def weights(parameters: list[Value]) -> Vector:
    """Read the numbers of the parameters."""
    return np.array([parameter.data for parameter in parameters], dtype=np.float64)


def gradient(parameters: list[Value]) -> Vector:
    """Read the gradients of the parameters; one that is not computed counts as 0."""
    return np.array(
        [0.0 if parameter.grad is None else float(parameter.grad) for parameter in parameters], dtype=np.float64
    )


def free(parameters: list[Value]) -> Mask:
    """Return which parameters may move: those that are not frozen."""
    return np.array([parameter.requires_grad for parameter in parameters], dtype=np.bool_)


def assign(parameters: list[Value], w: Vector) -> None:
    """Write numbers into the parameters: all of them, or after any interruption none."""
    before = [parameter.data for parameter in parameters]
    try:
        for parameter, number in zip(parameters, w.tolist(), strict=True):
            parameter.data = number
    except BaseException:
        for parameter, number in zip(parameters, before, strict=True):
            parameter.data = number
        raise


def first_not_finite(v: Any) -> int | None:
    """Return the place of the first infinite or NaN number along the last axis; None where all are finite."""
    bad = ~np.isfinite(v)
    if not bad.any():
        return None
    return int(np.argmax(bad.reshape(-1, bad.shape[-1]).any(axis=0)))
