"""Softmax: scores become probabilities, or their logarithms, by operations of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autograd.arrays import is_array
from autograd.context import extending
from autograd.errors import ValueOverflowError
from autograd.ops import exp, logsumexp, pack_some

__all__ = ["log_softmax", "softmax"]


def softmax(xs: Iterable[Any]) -> Any:
    """Turn scores into probabilities: ``exp(x_i) / Σ_j exp(x_j)``, without overflow.

    Each result is ``exp(x_i − logsumexp(xs))``, so its edges multiply to the lecture's
    ∂y_i/∂x_j = y_i([i = j] − y_j). Source: lectures L1.2 and L4.4.

    Args:
        xs: scores, of any one kind of number, in a list or an array; of several axes the first counts.

    Returns:
        as many numbers in [0, 1], which sum to 1: a list, or an array for an array.

    Raises:
        ValueError: `xs` is empty.
    """
    operands = pack_some("softmax", xs)
    normaliser = logsumexp(operands)
    try:
        probabilities = [exp(x - normaliser) for x in operands]
    except ValueOverflowError:  # a difference is below the least float, and its exponential 0
        with extending():
            probabilities = [exp(x - normaliser) for x in operands]
    return _like(xs, probabilities)


def log_softmax(xs: Iterable[Any]) -> Any:
    """Turn scores into logarithms of probabilities: ``x_i − logsumexp(xs)``, accurate for small ones.

    Args:
        xs: scores, of any one kind of number.

    Returns:
        as many numbers up to 0; an array where an array was given.

    Raises:
        ValueError: `xs` is empty.

    Example:
        >>> log_softmax([0.0, -800.0])
        [0.0, -800.0]
    """
    operands = pack_some("log_softmax", xs)
    normaliser = logsumexp(operands)
    return _like(xs, [x - normaliser for x in operands])


def _like(xs: Any, numbers: list[Any]) -> Any:
    if not is_array(xs):
        return numbers
    import numpy

    return numpy.stack(numbers)
