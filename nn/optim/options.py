"""Options of optimisers: attributes that check what is assigned, by the constructor, by hand or for a group."""

from __future__ import annotations

from typing import Any, Self, overload

import numpy as np

from nn.arrays import read_flag

__all__ = ["Flag", "Number", "read_number", "unpack"]


def read_number(kind: str, option: str, number: Any, low: float = 0.0, high: float = np.inf) -> float:
    """Check that an option of a kind of optimiser is a number in [low, high).

    Raises:
        TypeError: it is no number.
        ValueError: it is outside.
    """
    if isinstance(number, bool) or not isinstance(number, int | float | np.integer | np.floating):
        raise TypeError(f"{kind}'s {option} must be a number, not {number!r}.")
    if not low <= number < high:
        span = f"from {low:g}" if high == np.inf else f"from {low:g} to below {high:g}"
        raise ValueError(f"{kind}'s {option} must be a number {span}, not {float(number):g}.")
    return float(number)


def unpack(kind: str, option: str, given: Any, count: int) -> tuple[Any, ...]:
    """Return the numbers of an option that is several at once, such as `betas`.

    Raises:
        ValueError: they are not as many.
    """
    if not isinstance(given, list | tuple) or len(given) != count:
        raise ValueError(f"{kind}'s {option} are {count} numbers, not {given!r}.")
    return tuple(given)


class Number:
    """A number in [low, high).

    Args:
        low: the least.
        high: what it stays below.
        called: its name in messages, where the constructor takes it under another: ``betas[0]``.

    Example:
        >>> import nn
        >>> from autograd import Value
        >>> optimizer = nn.SGD([Value(1.0)])
        >>> optimizer.momentum = -3
        Traceback (most recent call last):
        ...
        ValueError: SGD's momentum must be a number from 0 to below 1, not -3.
    """

    def __init__(self, low: float = 0.0, high: float = np.inf, called: str = "") -> None:
        self.low, self.high, self.called = low, high, called

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.called = self.called or name

    @overload
    def __get__(self, optimizer: None, kind: type) -> Self: ...

    @overload
    def __get__(self, optimizer: object, kind: type | None = None) -> float: ...

    def __get__(self, optimizer: object | None, kind: type | None = None) -> Self | float:
        if optimizer is None:
            return self
        number: float = vars(optimizer)[self.name]
        return number

    def __set__(self, optimizer: object, content: float) -> None:
        vars(optimizer)[self.name] = self.check(type(optimizer).__name__, content)

    def check(self, kind: str, content: Any) -> float:
        """Return what is to be assigned, as a float.

        Raises:
            TypeError, ValueError: as in `read_number`.
        """
        return read_number(kind, self.called, content, self.low, self.high)


class Flag(Number):
    """A yes or no."""

    @overload
    def __get__(self, optimizer: None, kind: type) -> Self: ...

    @overload
    def __get__(self, optimizer: object, kind: type | None = None) -> bool: ...

    def __get__(self, optimizer: object | None, kind: type | None = None) -> Self | bool:
        return self if optimizer is None else bool(vars(optimizer)[self.name])

    def check(self, kind: str, content: Any) -> bool:
        """Return what is to be assigned, as a bool.

        Raises:
            TypeError: it is neither a bool nor a number.
        """
        return read_flag(content, f"{kind}'s {self.called}")
