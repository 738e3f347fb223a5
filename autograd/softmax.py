"""Softmax: scores become probabilities, or their logarithms, by operations of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autograd.arrays import is_array
from autograd.context import current, extending, no_grad
from autograd.errors import ValueOverflowError
from autograd.ops import exp, largest, logsumexp, pack_some, sub, total
from autograd.value import Value

__all__ = ["log_softmax", "softmax"]


def softmax(xs: Iterable[Any]) -> Any:
    """Turn scores into probabilities: ``exp(x_i) / Σ_j exp(x_j)``, without overflow.

    The largest score is taken from all of them before, which changes no share. The derivative is the lectures',
    ∂y_i/∂x_j = y_i([i = j] − y_j). Source: lectures L1.2 and L4.4.

    Args:
        xs: scores, of any one kind of number, in a list or an array; of several axes the first counts.

    Returns:
        as many numbers in [0, 1], which sum to 1: a list, or an array for an array.

    Raises:
        ValueError: `xs` is empty.
    """
    operands = pack_some("softmax", xs)
    top = _largest_as_number(operands)
    try:
        weights = [exp(x - top) for x in operands]
    except ValueOverflowError:  # a difference is below the least float, and its exponential 0
        with extending():
            weights = [exp(x - top) for x in operands]
    whole = total(weights)
    return _like(xs, [weight / whole for weight in weights])


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
    top = _largest_as_number(operands)
    shifted = [sub(x, top) for x in operands]
    normaliser = logsumexp(shifted)
    return _like(xs, [x - normaliser for x in shifted])


def _largest_as_number(operands: Sequence[Any]) -> Any:
    """Find the largest score, held constant: what is taken from all scores alike has no slope."""
    if current().trace is None and all(type(x) is Value or type(x) is float for x in operands):
        return max([x.data if type(x) is Value else x for x in operands])
    with no_grad():
        return largest(operands)


def _like(xs: Any, numbers: list[Any]) -> Any:
    if not is_array(xs):
        return numbers
    import numpy

    return numpy.stack(numbers)
