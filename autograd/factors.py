"""Products as they are written: a sign, numbers and powers above the fraction bar, others below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd import ops
from autograd.op import Op
from autograd.scaled import Scaled
from autograd.symbol import Symbol, call, number_text

__all__ = ["CONSTANTS", "PI", "POWERS", "Factor", "Product", "Term", "evaluate", "lay_out"]

LARGEST_DENOMINATOR = 1000  # of a fraction that a number is written as
LARGEST_LOGARITHM = 100  # whole number whose logarithm is known by its digits
ROUNDING = 4e-16  # relative; what a number may differ by from the fraction that it is written as

#: Operations that are powers with an exponent of their own.
POWERS: dict[Op, float] = {ops.square: 2.0, ops.reciprocal: -1.0, ops.sqrt: 0.5}

PI = Symbol("π", latex=r"\pi", number=math.pi)

#: Numbers that a textbook does not write with digits: what stands for each.
CONSTANTS: dict[float, Symbol] = {math.log(n): call(ops.log, [float(n)]) for n in range(2, LARGEST_LOGARITHM + 1)}
CONSTANTS |= {
    ops.LOG2_E: ops.truediv(1.0, CONSTANTS[math.log(2)]),
    ops.LOG10_E: ops.truediv(1.0, CONSTANTS[math.log(10)]),
    ops.SQRT_HALF: ops.truediv(1.0, call(ops.sqrt, [2.0])),
    ops.HALF_SQRT_PI: ops.truediv(ops.sqrt(PI), 2.0),
    ops.TWO_OVER_SQRT_PI: ops.truediv(2.0, ops.sqrt(PI)),
    ops.INVERSE_SQRT_TWO_PI: ops.truediv(1.0, ops.sqrt(ops.mul(2.0, PI))),
    math.pi: PI,
}

WITHOUT_NAMES = frozenset(map(id, [PI, *CONSTANTS.values()]))  # written behind what has names


class Factor(NamedTuple):
    """A power among the factors of a product: a symbol or a float, and its exponent."""

    base: Any
    exponent: Any

    @property
    def below(self) -> bool:
        """Whether it is written under the fraction bar."""
        return isinstance(self.exponent, float) and self.exponent < 0.0

    @property
    def single(self) -> bool:
        """Whether it is the base itself."""
        return isinstance(self.exponent, float) and self.exponent == 1.0

    @property
    def symbol(self) -> Any:
        """The power, without the sign that puts it under the bar."""
        exponent = -self.exponent if self.below else self.exponent
        if isinstance(exponent, float):
            if exponent == 1.0:
                return self.base
            if exponent == 0.5:
                return call(ops.sqrt, [self.base])
        return call(ops.pow, [self.base, exponent])


Term = tuple[Scaled, list[Factor]]  # of a sum: a number times powers


class Product(NamedTuple):
    """A product as it is written: a sign, numbers and powers above the fraction bar, others below."""

    negative: bool
    above: tuple[Any, ...]
    below: tuple[Any, ...]

    @property
    def symbol(self) -> Any:
        """The product as one symbol, or as a float."""
        top = _chain(ops.mul, self.above) if self.above else 1.0
        whole = call(ops.truediv, [top, _chain(ops.mul, self.below)]) if self.below else top
        if not self.negative:
            return whole
        return call(ops.neg, [whole]) if isinstance(whole, Symbol) else -whole


def lay_out(number: Scaled, factors: list[Factor]) -> Product:
    """Decide what of a product is written above the fraction bar, and what below."""
    size = number if number.mantissa >= 0.0 else number * Scaled(-1.0)
    negative = number.mantissa < 0.0
    if not number:
        return Product(False, (0.0,), ())
    factors = sorted(factors, key=lambda factor: id(factor.base) in WITHOUT_NAMES)
    above = [factor.symbol for factor in factors if not factor.below]
    below = [factor.symbol for factor in factors if factor.below]
    top, bottom = _fraction(size, bool(below))
    if isinstance(top, Symbol) or top != 1.0 or not (above or below or bottom != 1.0):
        above.insert(0, top)
    if bottom != 1.0:
        below.insert(0, bottom)
    return Product(negative, tuple(above), tuple(below))


def _fraction(size: Scaled, divided: bool) -> tuple[Any, float]:
    """Write the number of a product as what stands above and what stands below the bar."""
    far = size.decimal(6)
    if far is not None:  # no float, but what multiplies it may bring it back
        mantissa, exponent = far
        tens = f"{mantissa}e{exponent:+}".replace("-", "−")
        return Symbol(tens, latex=rf"{mantissa} \times 10^{{{exponent}}}", number=size), 1.0
    number = float(size)
    if not math.isfinite(number) or number > 1e15:
        return number, 1.0
    from fractions import Fraction  # loaded where it is needed: it takes longer than the rest of this module

    near = Fraction(number).limit_denominator(LARGEST_DENOMINATOR)
    if abs(near.numerator / near.denominator - number) > ROUNDING * number:
        return number, 1.0
    short = float(number_text(near.numerator / near.denominator)) == near.numerator / near.denominator
    if near.denominator == 1 or not short or (divided and near.numerator == 1):
        return float(near.numerator), float(near.denominator)
    return near.numerator / near.denominator, 1.0


def evaluate(x: Any) -> float | None:
    """Compute a symbol from the numbers of its names: NaN where it is undefined, None where a number is not known."""
    done: list[float] = []
    stack: list[tuple[Any, bool]] = [(x, False)]
    while stack:
        item, ready = stack.pop()
        if not isinstance(item, Symbol):
            done.append(float(item))
        elif item.op is None:
            if item.number is None:
                return None
            done.append(float(item.number))
        elif not ready:
            stack.append((item, True))
            stack.extend((operand, False) for operand in reversed(item.operands))
        else:
            count = len(item.operands)
            operands = tuple(done[len(done) - count :])
            del done[len(done) - count :]
            try:
                done.append(float(item.op.apply(operands)))
            except (ArithmeticError, ValueError):
                return math.nan
    return done[0]


def _chain(op: Op, parts: Sequence[Any]) -> Any:
    whole = parts[0]
    for part in parts[1:]:
        whole = call(op, [whole, part])
    return whole
