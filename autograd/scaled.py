"""Numbers far beyond the floats, for products that leave their range on the way: a float and a power of two.

They round as floats do, so that a product which stays in range comes out the same, to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate
from math import frexp, ldexp
from operator import mul

__all__ = ["ZERO", "Scaled", "are_ordinary", "multiply"]

SMALLEST_NORMAL = 2.0**-1022  # below it, floats have fewer digits
SMALLEST_ORDINARY, LARGEST_ORDINARY = 2.0**-450, 2.0**450  # the product of two is a normal float
MAX_SHIFT = 1100  # binary places between two numbers, beyond which the smaller adds nothing


class Scaled:
    """A number as mantissa × 2 ** exponent, its mantissa from ½ to 1. Zeros, infinities and NaN are mantissas.

    Args:
        number: the mantissa.
        exponent: the power of two.
    """

    __slots__ = ("exponent", "mantissa")

    def __init__(self, number: float, exponent: int = 0) -> None:
        self.mantissa, shift = frexp(number)
        self.exponent = exponent + shift

    def __mul__(self, other: Scaled) -> Scaled:
        """Multiply; zero times anything is zero, as in the sweep, where a zero adjoint passes zeros."""
        mantissa = self.mantissa * other.mantissa
        if not self.mantissa or not other.mantissa:
            return ZERO
        product: Scaled = new(Scaled)
        if -0.5 < mantissa < 0.5:
            product.mantissa, product.exponent = 2.0 * mantissa, self.exponent + other.exponent - 1
        else:
            product.mantissa, product.exponent = mantissa, self.exponent + other.exponent
        return product

    def __add__(self, other: Scaled) -> Scaled:
        if not self.mantissa:
            return other
        if not other.mantissa:
            return self
        shift = other.exponent - self.exponent
        if shift <= 0:
            return Scaled(self.mantissa + ldexp(other.mantissa, max(shift, -MAX_SHIFT)), self.exponent)
        return Scaled(ldexp(self.mantissa, max(-shift, -MAX_SHIFT)) + other.mantissa, other.exponent)

    def __sub__(self, other: Scaled) -> Scaled:
        return self + Scaled(-other.mantissa, other.exponent)

    def inverse(self) -> Scaled:
        """Compute 1 divided by it; ∞ for zero."""
        return Scaled(1.0 / self.mantissa, -self.exponent) if self.mantissa else Scaled(math.inf)

    def __float__(self) -> float:
        """Round to a float: 0 or ±∞ where it is beyond them."""
        try:
            return ldexp(self.mantissa, self.exponent)
        except OverflowError:
            return math.copysign(math.inf, self.mantissa)

    def __bool__(self) -> bool:
        return self.mantissa != 0.0

    @property
    def size(self) -> tuple[float, float]:
        """What sorts numbers by their absolute values; NaN and infinities are the largest."""
        size = abs(self.mantissa)
        if 0.0 < size < math.inf:
            return self.exponent, size
        return (math.inf, math.inf) if size else (-math.inf, 0.0)

    def decimal(self, digits: int) -> tuple[str, int] | None:
        """Write it with some significant digits and a power of ten; None where a float says all of it."""
        number = float(self)
        if number - number == 0.0 and (abs(number) >= SMALLEST_NORMAL or not self.mantissa):
            return None
        if self.mantissa - self.mantissa != 0.0:
            return None
        from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal  # loaded where it is needed, as hardly ever

        context = Context(prec=digits + 20, Emax=MAX_EMAX, Emin=MIN_EMIN)
        exact = context.multiply(Decimal(self.mantissa), context.power(Decimal(2), Decimal(self.exponent)))
        mantissa, _, exponent = f"{exact:.{digits - 1}e}".partition("e")
        return (mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa), int(exponent)


new = object.__new__
ZERO = Scaled(0.0)


def multiply(numbers: Iterable[float]) -> Scaled:
    """Multiply floats, in order."""
    numbers = list(numbers)
    products = list(accumulate(numbers, mul, initial=1.0))
    if are_ordinary(numbers) and are_ordinary(products):
        return Scaled(products[-1] or 0.0)
    product = Scaled(1.0)
    for number in numbers:
        product = product * Scaled(number)
    return product


def are_ordinary(numbers: Iterable[float]) -> bool:
    """Whether all floats are zero, or so far from the ends of their range that products of two round as they should."""
    sizes = list(map(abs, numbers))
    total = sum(sizes)
    return (
        total - total == 0.0  # none is infinite or NaN
        and max(sizes, default=0.0) < LARGEST_ORDINARY
        and min(filter(None, sizes), default=1.0) > SMALLEST_ORDINARY
    )
