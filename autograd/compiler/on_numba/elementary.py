"""Elementary functions without branches, which LLVM computes for several numbers at once; the error is under one ulp.

Each is a formula of `Number`, whose operators write instructions: one formula serves both formats, and numba has
nothing to infer. An argument is reduced to a small one, for which a Taylor series is summed (Cody and Waite 1980); what
rounding loses where it would show is carried along in a second number (Dekker 1971). Muller, Elementary Functions,
2016, explains both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property
from math import factorial, inf, ldexp, nan, sqrt
from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

__all__ = ["exp", "expm1", "log", "log1p", "tanh"]

EXACT_LN2 = Decimal(2).ln(Context(prec=60))
LN2 = float(EXACT_LN2)
LARGEST_RATIO = 3.0 - 2.0 * sqrt(2.0)  # |f/(2 + f)| where 1 + f lies in [√½, √2]
GUARD_BITS = 5  # of a series, beyond those of the result
CONTRACT = ("contract",)  # a product may be added without being rounded, where the processor can do that


@dataclass(frozen=True)
class Format:
    """A format of IEEE 754, and what the formulas need to know of it.

    Attributes:
        bits: of a number.
        digits: of its significand, in bits.
    """

    bits: int
    digits: int

    @cached_property
    def bias(self) -> int:
        """The largest exponent, which is added to the one that is stored."""
        return (1 << (self.bits - self.digits - 1)) - 1

    @cached_property
    def shifter(self) -> float:
        """What is added to round to a whole number, which then stands in the last bits of the sum."""
        return ldexp(1.5, self.digits - 1)

    @cached_property
    def ln2(self) -> tuple[float, float]:
        """The number ln 2 as the sum of two, of which the first has an exact product with every exponent."""
        places = self.digits - (self.bits - self.digits)
        first = ldexp(round(EXACT_LN2 * 2**places), -places)
        return first, float(EXACT_LN2 - Decimal(first))

    @cached_property
    def exponential(self) -> list[Fraction]:
        """The coefficients of (eʳ − 1 − r − r²/2)/r³, as many as |r| ≤ ½ ln 2 needs."""
        return self._enough([Fraction(1, factorial(n)) for n in range(3, 30)], 2, 0.5 * LN2)

    @cached_property
    def artanh(self) -> list[Fraction]:
        """The coefficients of (2 artanh s − 2s)/s³ by powers of s², as many as |s| ≤ 3 − 2√2 needs."""
        return self._enough([Fraction(2, 2 * n + 1) for n in range(1, 20)], 1, LARGEST_RATIO**2)

    def _enough(self, coefficients: list[Fraction], power: int, largest: float) -> list[Fraction]:
        """Leave off the terms that are too small to be seen; the first has the `power` of what is summed."""
        least = 2.0 ** -(self.digits + GUARD_BITS)
        return [c for n, c in enumerate(coefficients, power) if float(c) * largest**n > least]


FORMATS = {ir.DoubleType(): Format(64, 53), ir.FloatType(): Format(32, 24)}


class Number:
    """A number of the program that is being written: operators write what computes the next one."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value
        self.format = FORMATS[value.type]

    def _make(self, value: Any) -> Number:
        return Number(self.builder, value)

    def _read(self, x: Any) -> Any:
        return x.value if isinstance(x, Number) else ir.Constant(self.value.type, float(x))

    def constant(self, x: float) -> Number:
        """Return a constant of the same format."""
        return self._make(self._read(x))

    def __add__(self, other: Any) -> Number:
        return self._make(self.builder.fadd(self.value, self._read(other), flags=CONTRACT))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Number:
        return self._make(self.builder.fsub(self.value, self._read(other), flags=CONTRACT))

    def __rsub__(self, other: Any) -> Number:
        return self.constant(other) - self

    def __mul__(self, other: Any) -> Number:
        return self._make(self.builder.fmul(self.value, self._read(other), flags=CONTRACT))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Number:
        return self._make(self.builder.fdiv(self.value, self._read(other)))

    def __rtruediv__(self, other: Any) -> Number:
        return self.constant(other) / self

    def __neg__(self) -> Number:
        return self._make(self.builder.fneg(self.value))

    def fma(self, factor: Number, more: Number) -> Number:
        """Write self · factor + more, rounded once on every processor."""
        return self._make(self.builder.fma(self.value, factor.value, more.value))

    def where(self, sign: str, other: float, yes: Any, no: Any) -> Number:
        """Write a choice: `yes` where self ``sign`` other holds, and `no` elsewhere and for NaN."""
        holds = self.builder.fcmp_ordered(sign, self.value, self._read(other))
        return self._make(self.builder.select(holds, self._read(yes), self._read(no)))

    def clip(self, low: float, high: float) -> Number:
        """Write the nearest number of an interval; NaN stays."""
        above = self.where("<", low, low, self)
        return above.where(">", high, high, above)

    def polynomial(self, coefficients: Sequence[Fraction]) -> Number:
        """Write a polynomial by Horner's rule, coefficients from that of the constant."""
        *others, last = coefficients
        total = self.constant(float(last))
        for c in reversed(others):
            total = total * self + c
        return total

    @property
    def bits(self) -> Bits:
        """The bits of the number."""
        return Bits(self.builder, self.builder.bitcast(self.value, ir.IntType(self.format.bits)), self.value.type)


class Bits:
    """The bits of a number, as a whole number."""

    def __init__(self, builder: Any, value: Any, kind: Any) -> None:
        self.builder, self.value, self.kind = builder, value, kind
        self.format = FORMATS[kind]

    def _make(self, write: Callable[[Any, Any], Any], other: Any) -> Bits:
        given = other.value if isinstance(other, Bits) else ir.Constant(self.value.type, other)
        return Bits(self.builder, write(self.value, given), self.kind)

    def __add__(self, other: Any) -> Bits:
        return self._make(self.builder.add, other)

    def __sub__(self, other: Any) -> Bits:
        return self._make(self.builder.sub, other)

    def __and__(self, other: Any) -> Bits:
        return self._make(self.builder.and_, other)

    def __or__(self, other: Any) -> Bits:
        return self._make(self.builder.or_, other)

    def __lshift__(self, places: int) -> Bits:
        return self._make(self.builder.shl, places)

    def __rshift__(self, places: int) -> Bits:
        return self._make(self.builder.ashr, places)

    @property
    def number(self) -> Number:
        """The number that has these bits."""
        return Number(self.builder, self.builder.bitcast(self.value, self.kind))


# --- parts ------------------------------------------------------------------------------------------------------------


def round_to_bits(x: Number) -> tuple[Number, Bits]:
    """Write x rounded to a whole number, and bits of which the last ones hold it."""
    shifted = x + x.format.shifter
    return shifted - x.format.shifter, shifted.bits


def power_of_two(n: Bits) -> Number:
    """Write 2ⁿ for the n in the last bits, where that is a normal number."""
    return ((n + n.format.bias) << n.format.digits - 1).number


def scale(x: Number, n: Number, bits: Bits) -> Number:
    """Write x · 2ⁿ by two factors, each of them a normal number, though 2ⁿ may be none."""
    _, half = round_to_bits(0.5 * n)
    return x * power_of_two(half) * power_of_two(bits - half)


def reduce(x: Number) -> tuple[Number, Bits, Number, Number]:
    """Write x as n·ln 2 + r with |r| ≤ ½ ln 2: n, bits that hold it, r, and eʳ − 1 − r with what r itself lost."""
    first, second = x.format.ln2
    n, bits = round_to_bits(x * (1.0 / LN2))
    rest, less = x - n * first, n * second
    r = rest - less
    lost = (rest - r) - less
    square = r * r
    return n, bits, r, square * 0.5 + (square * r * r.polynomial(x.format.exponential) + (lost * r + lost))


def split(x: Number) -> tuple[Number, Bits, Number]:
    """Write a positive normal number as 2ⁿ·m with m in [√½, √2]: n, bits that hold it, and m."""
    form = x.format
    n = (x.bits - x.constant(sqrt(0.5)).bits) >> form.digits - 1
    bits = n + x.constant(form.shifter).bits
    return bits.number - form.shifter, bits, (x.bits - (n << form.digits - 1)).number


def log_from_parts(n: Number, f: Number, lost: Number | float) -> Number:
    """Write n·ln 2 + log(1 + f) + lost for 1 + f in [√½, √2].

    With s = f/(2 + f), log(1 + f) is 2 artanh s = f − f²/2 + s (f²/2 + z (2/3 + 2/5 z + …)), z = s².
    """
    first, second = f.format.ln2
    s = f / (2.0 + f)
    z, half_square = s * s, 0.5 * f * f
    small = s * (half_square + z * z.polynomial(f.format.artanh)) + (n * second + lost)
    return n * first - ((half_square - small) - f)


def at_the_ends(x: Number, pole: float, result: Number) -> Number:
    """Write a logarithm whose pole, and whose values beyond it and at infinity, are those of IEEE 754."""
    return x.where("<", inf, x.where(">", pole, result, x.where("==", pole, -inf, nan)), x)


# --- functions --------------------------------------------------------------------------------------------------------


def write_exp(x: Number) -> Number:
    """Write eˣ = 2ⁿ·eʳ; what is too large or too small overflows or vanishes by scaling."""
    form = x.format
    n, bits, r, more = reduce(x.clip(-LN2 * (form.bias + form.digits) - 1.0, LN2 * (form.bias + 1) + 1.0))
    return scale(1.0 + (r + more), n, bits)


def write_expm1(x: Number) -> Number:
    """Write eˣ − 1 = 2ⁿ·((1 − 2⁻ⁿ) + (eʳ − 1))."""
    form = x.format
    far = form.digits + GUARD_BITS  # an n from which 2⁻ⁿ does not count; as −n, one from which 2ⁿ does not
    n, bits, r, more = reduce(x.clip(-LN2 * far, LN2 * (form.bias + 1) + 1.0))
    inverse = power_of_two(round_to_bits(-n.where(">", far, far, n))[1])
    whole = 1.0 - inverse
    total = whole + r
    lost = (r - (total - whole)) + ((1.0 - whole) - inverse)
    return x.where("==", 0.0, x, scale(total + (lost + more), n, bits))


def write_tanh(x: Number) -> Number:
    """Write tanh x = ((1 − 2⁻ⁿ) + (eʳ − 1)) / ((1 + 2⁻ⁿ) + (eʳ − 1)) for 2|x| = n·ln 2 + r.

    Numerator and denominator are sums of two numbers; a quotient of the first ones is mended by what it leaves over.
    """
    form = x.format
    sign_bit = -1 << form.bits - 1
    size = (x.bits & ~sign_bit).number
    far = 0.5 * LN2 * (form.digits + GUARD_BITS)  # where the result has long been 1
    n, _, r, more = reduce(2.0 * size.where(">", far, far, size))
    inverse = power_of_two(round_to_bits(-n)[1])
    rise = r + more
    rise_lost = more - (rise - r)
    minus, plus = 1.0 - inverse, 1.0 + inverse
    above, below = minus + rise, plus + rise
    above_lost = (rise - (above - minus)) + (((1.0 - minus) - inverse) + rise_lost)
    below_lost = (rise - (below - plus)) + (((1.0 - plus) + inverse) + rise_lost)
    reciprocal = 1.0 / below
    quotient = above * reciprocal
    left = (-quotient).fma(below, above) + (above_lost - quotient * below_lost)
    return ((quotient + left * reciprocal).bits | (x.bits & sign_bit)).number


def write_log(x: Number) -> Number:
    """Write log x = n·ln 2 + log m; a subnormal number is made a normal one first."""
    form = x.format
    normal, places = ldexp(1.0, 1 - form.bias), form.digits + 1
    n, _, m = split(x.where("<", normal, x * ldexp(1.0, places), x))
    return at_the_ends(x, 0.0, log_from_parts(x.where("<", normal, n - places, n), m - 1.0, 0.0))


def write_log1p(x: Number) -> Number:
    """Write log(1 + x) = n·ln 2 + log m with what the sum 1 + x lost."""
    total = 1.0 + x
    n, bits, m = split(total)
    lost = x.where(">", 1.0, 1.0 - (total - x), x - (total - 1.0))
    lost = lost * power_of_two(x.constant(x.format.shifter).bits - bits)
    whole = m - 1.0
    f = whole + lost
    result = log_from_parts(n, f, lost - (f - whole))
    return x.where("==", 0.0, x, at_the_ends(x, -1.0, result))


def _make(write: Callable[[Number], Number]) -> Any:
    """Make what numba calls."""

    @intrinsic
    def function(typing: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return write(Number(builder, arguments[0])).value

        return x(x), generate

    return function


exp, expm1, tanh, log, log1p = map(_make, (write_exp, write_expm1, write_tanh, write_log, write_log1p))
