"""The catalogue: one record for each operation. Nothing else in the project knows a derivative.

Rules get the output first, then the operands. They use operators and the operations below, so that one
expression serves floats, Values, symbols and arrays alike.
"""

from __future__ import annotations

import math
import sys
from builtins import round as round_float
from collections.abc import Iterable, Sequence
from operator import mul as multiply
from typing import Any

from autograd.arrays import apply_to_arrays
from autograd.coefficients import (
    BERNOULLI,
    DIGAMMA,
    DIGAMMA_ROOT,
    DIGAMMA_SLOPE,
    NORMAL_QUANTILE,
    polynomial,
    rational,
)
from autograd.errors import OperandTypeError, PlaceError
from autograd.notation import DIFFERENCE, EXPONENTIAL, NEGATIVE, POWER, PRODUCT, QUOTIENT, SUM, Notation
from autograd.op import LIMITS, POSITIVE, REAL, Op, is_same
from autograd.symbol import Symbol

INFINITY = math.inf
LEAST_WITH_INVERSE = 2.0**-1024
SMALL, ENLARGEMENT = 2.0**-1000, 2.0**100  # numbers from which floats have fewer digits, and what spares them that
LOG2_E, LOG10_E = math.log2(math.e), math.log10(math.e)
SQRT_HALF = math.sqrt(0.5)
HALF_SQRT_PI = 0.5 * math.sqrt(math.pi)
TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
INVERSE_SQRT_TWO_PI = 1.0 / math.sqrt(2.0 * math.pi)


def _function(name: str, latex: str | None = None, book: str = "") -> Notation:
    """Write a function of one operand: ``name(x)``."""
    written = (latex or rf"\{name}").replace("{", "{{").replace("}", "}}")
    return Notation(f"{name}({{}})", rf"{written}\left({{}}\right)", "", book=book)


def _shown_as(plain: Any, computed: Any) -> Any:
    """Return what is computed; a formula shows what it is but for rounding and for poles."""
    if isinstance(computed, Symbol) and computed is not plain:
        computed.plain = plain
    return computed


def _guarded(x: Any, condition: Any) -> Any:
    """Add a condition that keeps a rule away from a pole; a formula shows x alone."""
    return _shown_as(x, x + condition)


# --- arithmetic -------------------------------------------------------------------------------------------------------


def _is(x: Any, number: float) -> bool:
    return not isinstance(x, Symbol) and is_same(x, number)


def _is_nothing(x: Any) -> bool:
    """Whether adding x changes no number: 0.0 would turn −0.0 into itself; the 0 that `sum` starts from stands for none."""
    return x == 0 if type(x) is int else _is(x, -0.0)


class _Start(float):
    """A float of another type: from Python 3.12 on, `sum` corrects the rounding of floats, and of nothing else."""

    def __add__(self, other: Any) -> Any:
        return -0.0 + other  # as a plain float, which leaves arrays their precision


#: Without it a slope read on floats would differ from the same slope read on other numbers, or in a kernel.
_START = -0.0 if sys.version_info < (3, 12) else _Start(-0.0)


def _sum(xs: Iterable[Any]) -> Any:
    """Add from the left, from the one number that changes none: −0.0 + −0.0 is −0.0, as IEEE 754 adds."""
    return sum(xs, _START)


add = Op(
    "add", lambda x, y: x + y, [lambda out, x, y: 1.0, lambda out, x, y: 1.0], array="add", notation=SUM,
    tidy=lambda x, y: y if _is_nothing(x) else x if _is_nothing(y) else None, doc="the sum", reference="lecture L1.3",
)
sub = Op(
    "sub", lambda x, y: x - y, [lambda out, x, y: 1.0, lambda out, x, y: -1.0], array="subtract", notation=DIFFERENCE,
    neutral={1: 0.0}, tidy=lambda x, y: -y if _is(x, -0.0) else None, doc="the difference", reference="lecture L1.3",
)
mul = Op(
    "mul", lambda x, y: x * y, [lambda out, x, y: y, lambda out, x, y: x], array="multiply", notation=PRODUCT,
    neutral={0: 1.0, 1: 1.0}, tidy=lambda x, y: -y if _is(x, -1.0) else -x if _is(y, -1.0) else None,
    doc="the product", reference="lecture L1.3",
)


def _quotient_limit(x: float, y: float) -> float:
    return math.nan if x == 0 or x != x else math.copysign(INFINITY, x) * math.copysign(1.0, y)


truediv = Op(
    "truediv", lambda x, y: x / y, [lambda out, x, y: 1.0 / y, lambda out, x, y: -out / y],
    array="divide", notation=QUOTIENT, needs="y ≠ 0", neutral={1: 1.0}, limit=_quotient_limit, doc="the quotient",
    reference="lecture L1.3", convention="y = 0 is an error",
)


def _power_slope(x: Any, y: Any) -> Any:
    """Differentiate x^y by x. An exponent that cannot vary needs no guard against 0 · x⁻¹, where x⁻¹ is infinite."""
    if isinstance(y, float) and not isinstance(x, float):
        return y * x ** (y - 1.0) if y else 0.0
    return y * _guarded(x, (1.0 - greater(abs(x), LEAST_WITH_INVERSE)) * equal(y, 0.0)) ** (y - 1.0)


def _power_cusp(x: Any, y: Any) -> Any:
    """Return 0 where x^y has no mixed derivative: x⁰ and x¹ at x = 0, and so near to it that 1/x is beyond the floats."""
    if isinstance(x, float) or isinstance(y, float):
        return 1.0
    return greater(abs(x), LEAST_WITH_INVERSE) + (1.0 - equal(y, 0.0) - equal(y, 1.0))


def _power_limit(x: float, y: float) -> float:
    """Return the limit at x = 0 with a negative exponent, or beyond the largest float."""
    if x < 0.0 and y % 1.0:
        return math.nan
    return math.copysign(INFINITY, x) if y % 2.0 == 1.0 else INFINITY


pow = Op(  # noqa: A001
    "pow", lambda x, y: x**y,
    [lambda out, x, y: _power_slope(x, y), lambda out, x, y: out * log(_guarded(x, equal(x, 0.0)))],
    notation=POWER, domain=[POSITIVE, REAL], needs="x > 0, or a whole exponent", neutral={1: 1.0}, limit=_power_limit,
    cusp=_power_cusp, doc="x to the power y",
    convention="x⁰ has slope 0 in x, 0^y has slope 0 in y; for x < 0 there is no derivative in y",
    reference="lecture L1.3",
)
neg: Op = Op(
    "neg", lambda x: -x, [lambda out, x: -1.0], array="negative", notation=NEGATIVE,
    tidy=lambda x: x.operands[0] if isinstance(x, Symbol) and x.op is neg else None, doc="the negative",
    reference="lecture L1.3",
)
identity = Op(
    "identity", lambda x: x, [lambda out, x: 1.0], tidy=lambda x: x, doc="the number itself", reference="lecture L4.4",
)


# --- whole numbers ----------------------------------------------------------------------------------------------------


def _off_whole(x: Any) -> Any:
    return x - round(x)


mod = Op(
    "mod", lambda x, y: x % y, [lambda out, x, y: 1.0, lambda out, x, y: -(x // y)],
    array="remainder", needs="y ≠ 0", limit=lambda x, y: math.nan,
    notation=Notation("{} mod {}", r"{} \bmod {}", "({} % {})", 1, (2, 3)), kink=lambda x, y: _off_whole(x / y),
    branch=lambda x, y: x // y, convention="slope 1 in x, as between the jumps; y = 0 is an error",
    doc="what is left of x after whole y, with the sign of y", reference="Knuth, TAOCP 1, 1.2.4",
)
floordiv = Op(
    "floordiv", lambda x, y: x // y, [lambda out, x, y: 0.0, lambda out, x, y: 0.0],
    array="floor_divide", needs="y ≠ 0", limit=_quotient_limit,
    notation=Notation("⌊{}/{}⌋", r"\left\lfloor\frac{{{}}}{{{}}}\right\rfloor", "({} // {})", 4, (2, 3)),
    kink=lambda x, y: _off_whole(x / y), branch=lambda x, y: x // y,
    convention="slope 0, as between the jumps; y = 0 is an error", doc="how often y goes into x",
    reference="Knuth, TAOCP 1, 1.2.4",
)
floor = Op(
    "floor", lambda x: x // 1.0, [lambda out, x: 0.0],
    notation=Notation("⌊{}⌋", r"\left\lfloor {} \right\rfloor", ""), kink=_off_whole, branch=lambda x: x // 1.0 - -x // 1.0,
    convention="slope 0", doc="the largest whole number up to x", reference="Knuth, TAOCP 1, 1.2.4",
)
ceil = Op(
    "ceil", lambda x: -(-x // 1.0), [lambda out, x: 0.0],
    notation=Notation("⌈{}⌉", r"\left\lceil {} \right\rceil", ""), kink=_off_whole, branch=lambda x: x // 1.0 - -x // 1.0,
    convention="slope 0", doc="the smallest whole number from x", reference="Knuth, TAOCP 1, 1.2.4",
)


def _round(x: float, digits: float) -> float:
    return round_float(x, round_float(digits)) if digits == digits else digits


def _round_arrays(x: Any, digits: Any) -> Any:
    import numpy

    return numpy.vectorize(_round, otypes=[float])(x, digits)


round: Op = Op(  # noqa: A001
    "round", _round, [lambda out, x, digits: 0.0, lambda out, x, digits: 0.0], array=_round_arrays,
    operands=["x", "digits"], defaults=[0.0], domain=[REAL, (-0.5, 0.5)], needs="a whole number of digits",
    kink=lambda x, digits: floor(x * 10.0**digits) + 0.5 - x * 10.0**digits, branch=_round,
    convention="slope 0", doc="x to so many decimal digits, a half to the even side, as Python rounds",
    reference="IEEE 754-2019, 4.3.1",
)

# --- brackets: 1 where a condition holds, else 0 ----------------------------------------------------------------------

greater = Op(
    "greater", lambda x, y: 1.0 if x > y else 0.0, [lambda out, x, y: 0.0, lambda out, x, y: 0.0],
    array=lambda x, y: x > y, notation=Notation("[{} > {}]", "[{} > {}]", "(1.0 if {} > {} else 0.0)"),
    kink=lambda x, y: x - y, convention="slope 0", doc="1 where x > y, else 0 (Iverson's bracket)",
    reference="Graham, Knuth, Patashnik, Concrete Mathematics, 2.1",
)
equal: Op = Op(
    "equal", lambda x, y: 1.0 if x <= y <= x else 0.0, [lambda out, x, y: 0.0, lambda out, x, y: 0.0],
    array=lambda x, y: x == y, notation=Notation("[{} = {}]", "[{} = {}]", "(1.0 if {} == {} else 0.0)"),
    kink=lambda x, y: x - y, convention="slope 0", doc="1 where x = y, else 0 (Iverson's bracket)",
    reference="Graham, Knuth, Patashnik, Concrete Mathematics, 2.1",
)
step = Op(
    "step", lambda x: 1.0 if x > 0.0 else 0.0, [lambda out, x: 0.0],
    array=lambda x: x > 0.0, notation=Notation("[{} > 0]", "[{} > 0]", "(1.0 if {} > 0.0 else 0.0)"),
    kink=lambda x: x, convention="step(0) = 0, slope 0", doc="the threshold of the McCulloch–Pitts neuron",
    reference="lectures L4.3, L4.4",
)


def _sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x


def _sign_of_arrays(x: Any) -> Any:
    import numpy

    return numpy.copysign(numpy.sign(x), x)  # numpy.sign(−0.0) is 0.0


sign = Op(
    "sign", _sign, [lambda out, x: 0.0],
    array=_sign_of_arrays, kink=lambda x: x, convention="sign(0) = 0, slope 0", doc="−1, 0 or 1", reference="lecture L4.12",
)
where: Op = Op(
    "where", lambda condition, x, y: x if condition else y,
    [
        lambda out, condition, x, y: 0.0,
        lambda out, condition, x, y: where(condition, 1.0, 0.0),
        lambda out, condition, x, y: where(condition, 0.0, 1.0),
    ],
    array="where",
    notation=Notation("where({}, {}, {})", r"\operatorname{{where}}\left({}, {}, {}\right)", "({1} if {0} else {2})"),
    operands=["condition", "x", "y"],
    tidy=lambda condition, x, y: None if isinstance(condition, Symbol) else x if condition else y,
    branch=lambda condition, x, y: 1.0 if condition else -1.0, doc="x where the condition holds, else y",
    convention="the branch not taken gets gradient 0, whatever its own slope",
    reference="lecture L1.2 (piecewise activations)",
)

# --- exponentials and logarithms --------------------------------------------------------------------------------------

exp = Op(
    "exp", math.exp, [lambda out, x: out], array="exp", notation=EXPONENTIAL, domain=[(-INFINITY, 709.78)],
    needs="any x; from 709.79 on the result is too large", doc="e to the power x", reference="lecture L1.3",
)
expm1 = Op(
    "expm1", math.expm1, [lambda out, x: exp(x)],
    array="expm1", domain=[(-INFINITY, 709.78)], needs="any x; from 709.79 on the result is too large",
    doc="exp(x) − 1, accurate near 0", reference="lecture L1.2 (ELU)",
)


def _at_pole(pole: float) -> Any:
    """Make the limit of a logarithm, which is −∞ at its pole and undefined left of it."""
    return lambda x: -INFINITY if x == pole else math.nan


log: Op = Op(
    "log", math.log, [lambda out, x: 1.0 / x], array="log", limit=_at_pole(0.0),
    notation=_function("log", r"\ln", "ln({})"), domain=[POSITIVE], doc="the natural logarithm", reference="lecture L1.3",
)
log1p = Op(
    "log1p", math.log1p, [lambda out, x: 1.0 / (1.0 + x)], array="log1p", limit=_at_pole(-1.0),
    domain=[(-1.0, INFINITY)], doc="log(1 + x), accurate near 0", reference="lecture L2.5",
)
log2 = Op(
    "log2", math.log2, [lambda out, x: LOG2_E / x],
    array="log2", limit=_at_pole(0.0), notation=_function("log2", r"\log_2", "log₂({})"), domain=[POSITIVE],
    doc="the logarithm to base 2", reference="Abramowitz and Stegun 4.1.18",
)
log10 = Op(
    "log10", math.log10, [lambda out, x: LOG10_E / x],
    array="log10", limit=_at_pole(0.0), notation=_function("log10", r"\log_{10}", "log₁₀({})"), domain=[POSITIVE],
    doc="the logarithm to base 10", reference="Abramowitz and Stegun 4.1.18",
)

# --- roots and powers -------------------------------------------------------------------------------------------------

sqrt = Op(
    "sqrt", math.sqrt, [lambda out, x: 0.5 / out],
    array="sqrt", notation=Notation("√{}", r"\sqrt{{{}}}", "", 3, (4,)), domain=[POSITIVE], needs="x ≥ 0",
    convention="√0 = 0 with slope ∞, an error only if it flows", doc="the square root", reference="lecture L1.9",
)
cbrt = Op(
    "cbrt", math.cbrt, [lambda out, x: 1.0 / (3.0 * out * out)],
    array="cbrt", notation=Notation("∛{}", r"\sqrt[3]{{{}}}", "", 3, (4,)), kink=lambda x: x,
    convention="slope ∞ at 0", doc="the real cube root", reference="Abramowitz and Stegun 3.3.5",
)
square = Op(
    "square", lambda x: x * x, [lambda out, x: 2.0 * x],
    notation=Notation("{}²", "{}^{{2}}", "({0} * {0})", 3, (4,)), doc="x²", reference="lecture L1.4",
)
reciprocal = Op(
    "reciprocal", lambda x: 1.0 / x, [lambda out, x: -square(out)],
    notation=Notation("1/{}", r"\frac{{1}}{{{}}}", "", 2, (3,)), domain=[POSITIVE], needs="x ≠ 0", doc="1/x",
    convention="x = 0 is an error", reference="lecture L1.3",
)


def _unit(x: Any, y: Any) -> Any:
    """Divide x by the length of (x, y), which has too few digits below the smallest normal float."""
    scale = where(greater(SMALL, abs(x) + abs(y)), ENLARGEMENT, 1.0)
    length = hypot(x * scale, y * scale)
    return x * scale / _guarded(length, equal(length, 0.0))


#: The cosine of the angle between (x, y) and the x-axis, 0 at (0, 0): what the slopes of `hypot` are.
unit: Op = Op(
    "unit", _unit,
    [
        lambda out, x, y: square(unit(y, x)) / hypot(x, y),
        lambda out, x, y: -out * unit(y, x) / hypot(x, y),
    ],
    notation=Notation("{0}/hypot({0}, {1})", r"\frac{{{0}}}{{\operatorname{{hypot}}\left({0}, {1}\right)}}", "", 2, (3, 0)),
    doc="x/√(x² + y²), 0 at (0, 0)",
)  # fmt: skip
hypot: Op = Op(
    "hypot", math.hypot, [lambda out, x, y: unit(x, y), lambda out, x, y: unit(y, x)],
    array="hypot", kink=lambda x, y: abs(x) + abs(y), cusp=lambda x, y: maximum(abs(x), abs(y)),
    convention="slopes 0 at (0, 0), no second derivative",
    doc="√(x² + y²) without overflow", reference="Abramowitz and Stegun 3.3.5",
)

# --- trigonometry -----------------------------------------------------------------------------------------------------

HALF_PI = math.pi / 2.0
TRIGONOMETRY = "Abramowitz and Stegun 4.3.105–4.4.57"
sin = Op(
    "sin", math.sin, [lambda out, x: cos(x)],
    array="sin", notation=_function("sin"), doc="the sine", reference="lecture L3.3",
)
cos: Op = Op(
    "cos", math.cos, [lambda out, x: -sin(x)],
    array="cos", notation=_function("cos"), doc="the cosine", reference="lecture L3.3",
)
tan = Op(
    "tan", math.tan, [lambda out, x: 1.0 + square(out)], array="tan", notation=_function("tan"),
    domain=[(-HALF_PI, HALF_PI)], needs="x ≠ π/2 + kπ", doc="the tangent", reference=TRIGONOMETRY,
)
asin = Op(
    "asin", math.asin, [lambda out, x: 1.0 / sqrt((1.0 - x) * (1.0 + x))], array="arcsin", domain=[(-1.0, 1.0)],
    needs="−1 ≤ x ≤ 1", convention="slope ∞ at ±1", doc="the inverse sine, in [−π/2, π/2]", reference=TRIGONOMETRY,
)
acos = Op(
    "acos", math.acos, [lambda out, x: -1.0 / sqrt((1.0 - x) * (1.0 + x))], array="arccos", domain=[(-1.0, 1.0)],
    needs="−1 ≤ x ≤ 1", convention="slope −∞ at ±1", doc="the inverse cosine, in [0, π]", reference=TRIGONOMETRY,
)
atan = Op(
    "atan", math.atan, [lambda out, x: 1.0 / (1.0 + square(x))],
    array="arctan", doc="the inverse tangent, in (−π/2, π/2)", reference=TRIGONOMETRY,
)
atan2 = Op(
    "atan2", math.atan2,
    [lambda out, y, x: x / hypot(x, y) / hypot(x, y), lambda out, y, x: -y / hypot(x, y) / hypot(x, y)],
    array="arctan2", operands=["y", "x"], kink=lambda y, x: abs(y) + (abs(x) + x), signed=True,
    convention="no slope at (0, 0), that beside the jump by 2π at y = 0, x < 0",
    doc="the angle of the point (x, y), in (−π, π]", reference=TRIGONOMETRY,
)

# --- hyperbolic functions ---------------------------------------------------------------------------------------------

HYPERBOLIC = "Abramowitz and Stegun 4.5.71–4.6.40"
sinh = Op(
    "sinh", math.sinh, [lambda out, x: cosh(x)], array="sinh", limit=lambda x: math.copysign(INFINITY, x),
    notation=_function("sinh"), domain=[(-710.4, 710.4)], needs="any x; beyond ±710.47 the result is too large",
    doc="the hyperbolic sine", reference=HYPERBOLIC,
)
cosh: Op = Op(
    "cosh", math.cosh, [lambda out, x: sinh(x)], array="cosh", notation=_function("cosh"), domain=[(-710.4, 710.4)],
    needs="any x; beyond ±710.47 the result is too large", doc="the hyperbolic cosine", reference=HYPERBOLIC,
)
tanh = Op(
    "tanh", math.tanh, [lambda out, x: 1.0 - square(out)], array="tanh", notation=_function("tanh"),
    doc="the hyperbolic tangent, in (−1, 1)", reference="lectures L1.2, L4.4",
)
asinh = Op(
    "asinh", math.asinh, [lambda out, x: 1.0 / hypot(x, 1.0)],
    array="arcsinh", doc="the inverse hyperbolic sine", reference=HYPERBOLIC,
)
acosh = Op(
    "acosh", math.acosh, [lambda out, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0))], array="arccosh",
    domain=[(1.0, INFINITY)], needs="x ≥ 1", convention="slope ∞ at 1", doc="the inverse hyperbolic cosine", reference=HYPERBOLIC,
)
atanh = Op(
    "atanh", math.atanh, [lambda out, x: 1.0 / ((1.0 - x) * (1.0 + x))],
    array="arctanh", domain=[(-1.0, 1.0)], doc="the inverse hyperbolic tangent", reference=HYPERBOLIC,
)
erf = Op(
    "erf", math.erf, [lambda out, x: TWO_OVER_SQRT_PI * exp(-square(x))],
    doc="the error function", reference="Abramowitz and Stegun 7.1.1",
)
erfc = Op(
    "erfc", math.erfc, [lambda out, x: -TWO_OVER_SQRT_PI * exp(-square(x))],
    doc="1 − erf(x), accurate for large x", reference="Abramowitz and Stegun 7.1.2",
)



def _erfinv(x: Any) -> Any:
    """Take the normal quantile of (1 + x)/2, over √2; the tail (1 − |x|)/2 is exact, however short."""
    middle, tail, far_tail = NORMAL_QUANTILE
    half = 0.5 * x
    r = sqrt(-log(0.5 - abs(half)))
    outside = sign(x) * where(greater(r, 5.0), rational(far_tail, r - 5.0), rational(tail, minimum(r, 5.0) - 1.6))
    return SQRT_HALF * where(greater(abs(half), 0.425), outside, half * rational(middle, 0.180625 - half * half))


erfinv = Op(
    "erfinv", _erfinv, [lambda out, x: HALF_SQRT_PI * exp(square(out))], domain=[(-1.0, 1.0)],
    limit=lambda x: math.copysign(INFINITY, x) if math.fabs(x) == 1.0 else math.nan,
    doc="the inverse of the error function", reference="Wichura 1988, algorithm AS 241",
)

# --- the gamma function -----------------------------------------------------------------------------------------------


def _reflected(x: Any) -> Any:
    """Return x where it is positive, else 1 − x, which the reflection formulas lead to."""
    return where(greater(x, 0.0), x, 1.0 - x)


def _angle(x: Any) -> Any:
    """Return π times the distance of x ≤ 0 from the nearest whole number, where the poles are; π/2 for x > 0."""
    return math.pi * where(greater(x, 0.0), 0.5, x - (x + 0.5) // 1.0)


def _digamma(x: Any) -> Any:
    z = _reflected(x)
    # Up to 3, a step to [1, 2], where the root is; beyond, seven steps to 10, from where the asymptotic series holds.
    near = minimum(z, 3.0)
    low, high = greater(1.0, near), greater(near, 2.0)
    u = near + low - high
    gap = u - DIGAMMA_ROOT[0] - DIGAMMA_ROOT[1] - DIGAMMA_ROOT[2]
    inside = gap * DIGAMMA_SLOPE + gap * rational(DIGAMMA, u - 1.0) - low / near + high / u
    w = z + 7.0
    series = [b / (2.0 * j) for j, b in enumerate(BERNOULLI, start=1)]
    far = log(w) - 0.5 / w - square(1.0 / w) * polynomial(series, square(1.0 / w))
    far = far - _sum(1.0 / (z + k) for k in reversed(range(7)))
    return where(greater(z, 3.0), far, inside) - where(greater(x, 0.0), 0.0, math.pi / tan(_angle(x)))


def _trigamma(x: Any) -> Any:
    z = _reflected(x)
    inverse = 1.0 / (z + 10.0)
    series = inverse * (1.0 + 0.5 * inverse + square(inverse) * polynomial(BERNOULLI, square(inverse)))
    positive = _sum(1.0 / (z + k) * (1.0 / (z + k)) for k in reversed(range(10))) + series
    return where(greater(x, 0.0), positive, square(math.pi / sin(_angle(x))) - positive)


def _trigamma_slope(x: Any) -> Any:
    angle = _angle(x)
    turned = where(greater(x, 0.0), 0.0, 2.0 * math.pi**3 * cos(angle) / sin(angle) ** 3.0)
    return _shown_as(polygamma(2.0, x), polygamma(2.0, _reflected(x)) - turned)


def _polygamma(n: Any, x: Any) -> Any:
    """Sum by Euler and Maclaurin: (−1)ⁿ⁺¹ n! ζ(n + 1, x)."""
    w = x + 16.0
    falling, power = square(1.0 / w), (n + 1.0) / w
    tail: Any = 0.5
    for j, bernoulli in enumerate(BERNOULLI, start=1):
        tail = tail + bernoulli / math.factorial(2 * j) * power
        power = power * (n + 2.0 * j) * (n + 2.0 * j + 1.0) * falling
    zeta = _sum((x + k) ** (-n - 1.0) for k in reversed(range(16))) + w ** (-n - 1.0) * tail + w**-n / n
    return (2.0 * mod(n, 2.0) - 1.0) * exp(lgamma(n + 1.0)) * zeta


lgamma: Op = Op(
    "lgamma", math.lgamma, [lambda out, x: digamma(x)], domain=[POSITIVE], needs="x > 0, or x < 0 and not whole",
    limit=lambda x: INFINITY, doc="log |Γ(x)|", convention="whole x ≤ 0 is an error", reference="Abramowitz and Stegun 6.1.1",
)
digamma: Op = Op(
    "digamma", _digamma, [lambda out, x: trigamma(x)], domain=[POSITIVE], needs="x > 0, or x < 0 and not whole",
    limit=lambda x: math.nan, doc="ψ(x), the slope of lgamma", convention="whole x ≤ 0 is an error",
    reference="Abramowitz and Stegun 6.3.1",
)
trigamma: Op = Op(
    "trigamma", _trigamma, [lambda out, x: _trigamma_slope(x)], domain=[POSITIVE],
    needs="x > 0, or x < 0 and not whole", limit=lambda x: INFINITY, doc="ψ′(x), the slope of digamma", convention="whole x ≤ 0 is an error",
    reference="Abramowitz and Stegun 6.4.1",
)
#: The n-th derivative of digamma for a whole n from 1 and x > 0, which the slopes of `trigamma` are made of.
polygamma: Op = Op(
    "polygamma", _polygamma, [lambda out, n, x: math.nan, lambda out, n, x: polygamma(n + 1.0, x)],
    operands=["n", "x"], domain=[POSITIVE, POSITIVE], doc="the n-th derivative of digamma",
)

# --- pieces: absolute value, minimum, maximum -------------------------------------------------------------------------


def _minimum(x: float, y: float) -> float:
    return x if x < y or x != x else y


def _maximum(x: float, y: float) -> float:
    return x if x > y or x != x else y


abs: Op = Op(  # noqa: A001
    "abs", math.fabs, [lambda out, x: sign(x)],
    array="absolute", notation=Notation("|{}|", r"\left|{}\right|", ""), kink=lambda x: x, convention="slope 0 at 0",
    doc="the absolute value", reference="lecture L5.6 (L1 regularisation)",
)
minimum = Op(
    "minimum", _minimum,
    [lambda out, x, y: greater(y, x) + 0.5 * equal(x, y), lambda out, x, y: greater(x, y) + 0.5 * equal(x, y)],
    array="minimum", kink=lambda x, y: x - y, convention="½ each at a tie", doc="the smaller of two; NaN if either is",
    reference="lecture L4.12",
)
maximum: Op = Op(
    "maximum", _maximum,
    [lambda out, x, y: greater(x, y) + 0.5 * equal(x, y), lambda out, x, y: greater(y, x) + 0.5 * equal(x, y)],
    array="maximum", kink=lambda x, y: x - y, convention="½ each at a tie", doc="the larger of two; NaN if either is",
    reference="lecture L1.2 (ReLU)",
)

clip = Op(
    "clip", lambda x, low, high: minimum(maximum(x, low), high),
    [
        lambda out, x, low, high: greater(x, low) * greater(high, x),
        lambda out, x, low, high: (1.0 - greater(x, low)) * greater(high, low),
        lambda out, x, low, high: 1.0 - greater(high, maximum(x, low)),
    ],
    operands=["x", "low", "high"], kink=lambda x, low, high: (x - low) * (high - x) * (high - low),
    branch=lambda x, low, high: sign(x - low) + 3.0 * sign(x - high) + 9.0 * sign(high - low),
    convention="slope 0 in x at both ends, 1 in the end itself", doc="x, or the end of [low, high] that it is beyond",
    reference="lecture L4.12",
)

# --- activations ------------------------------------------------------------------------------------------------------

sigmoid = Op(
    "sigmoid", lambda x: exp(minimum(x, 0.0)) / (1.0 + exp(-abs(x))), [lambda out, x: out * (1.0 - out)],
    notation=Notation("σ({})", r"\sigma\left({}\right)", ""), doc="1/(1 + e^−x), in (0, 1)",
    reference="lectures L1.2, L5.2",
)
softplus = Op(
    "softplus", lambda x: maximum(x, 0.0) + log1p(exp(-abs(x))), [lambda out, x: sigmoid(x)],
    doc="log(1 + eˣ), without overflow", reference="Dugas et al. 2001",
)


def _relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x


relu = Op(
    "relu", _relu, [lambda out, x: step(x)], array=lambda x: apply_to_arrays(maximum, (x, 0.0)), kink=lambda x: x,
    convention="slope 0 at 0 (the lectures': 0 for x ≤ 0)", doc="max(x, 0); NaN stays NaN", reference="lecture L1.2",
)


def _left(x: Any) -> Any:
    """Compute min(x, 0) with the slope 1 at 0: there, both operations below are what they are left of it."""
    return _shown_as(minimum(x, 0.0), where(step(x), 0.0, x))


leaky_relu = Op(
    "leaky_relu", lambda x, alpha: maximum(x, 0.0) + alpha * minimum(x, 0.0),
    [lambda out, x, alpha: step(x) + alpha * (1.0 - step(x)), lambda out, x, alpha: _left(x)],
    operands=["x", "alpha"], defaults=[0.01], kink=lambda x, alpha: x, convention="slope α at 0",
    doc="x where x > 0, else αx (the lecture's α is 0.1)", reference="lecture L1.2",
)
elu = Op(
    "elu", lambda x, alpha: maximum(x, 0.0) + alpha * expm1(minimum(x, 0.0)),
    [
        lambda out, x, alpha: step(x) + alpha * (1.0 - step(x)) * exp(_left(x)),
        lambda out, x, alpha: expm1(_left(x)),
    ],
    operands=["x", "alpha"], defaults=[1.0], kink=lambda x, alpha: x, convention="slope α at 0",
    doc="x where x > 0, else α(eˣ − 1) (the lecture's α is 0.1)", reference="lecture L1.2",
)
silu = Op(
    "silu", lambda x: x * sigmoid(x), [lambda out, x: sigmoid(x) + out * (1.0 - sigmoid(x))],
    doc="x·σ(x), also called swish", reference="Hendrycks and Gimpel 2016",
)
gelu = Op(
    "gelu", lambda x: 0.5 * x * erfc(-SQRT_HALF * x),
    [lambda out, x: 0.5 * erfc(-SQRT_HALF * x) + INVERSE_SQRT_TWO_PI * x * exp(-0.5 * square(x))],
    doc="x·Φ(x), Φ the normal distribution function (the exact form)", reference="Hendrycks and Gimpel 2016",
)

# --- operations of any number of operands -----------------------------------------------------------------------------


def pack_some(name: str, xs: Iterable[Any]) -> tuple[Any, ...]:
    """Take at least one operand."""
    operands = pack(name, xs)
    if not operands:
        raise ValueError(f"{name}([]) is undefined: give at least one operand.")
    return operands


def pack(name: str, xs: Iterable[Any]) -> tuple[Any, ...]:
    """Take a list of operands.

    Raises:
        OperandTypeError: it is a single one.
    """
    try:
        return tuple(xs)
    except TypeError:
        if hasattr(xs, "__iter__"):
            raise
    raise OperandTypeError(f"{name} works on a list of numbers, not on a {type(xs).__name__}: write {name}([x, …]).")


def _pack_dot(ws: Iterable[Any], xs: Iterable[Any], bias: Any = None) -> tuple[Any, ...]:
    ws, xs = tuple(ws), tuple(xs)
    if len(ws) != len(xs):
        raise ValueError(f"dot(ws, xs) needs as many weights as inputs: got {len(ws)} weights and {len(xs)} inputs.")
    return (*ws, *xs) if bias is None else (*ws, *xs, bias)


def _dot(*operands: Any) -> Any:
    half = len(operands) // 2
    out = _sum(map(multiply, operands[:half], operands[half : 2 * half])) if operands else 0.0
    return out + operands[-1] if len(operands) % 2 else out


def _dot_slopes(out: Any, operands: Sequence[Any]) -> list[Any]:
    half = len(operands) // 2
    slopes = [*operands[half : 2 * half], *operands[:half]]
    return [*slopes, 1.0] if len(operands) % 2 else slopes


def _prod_slopes(out: Any, operands: Sequence[Any]) -> list[Any]:
    """Multiply the operands before and after each one: right at zeros, where out/x is not."""
    before, after = [1.0], [1.0]
    for x in operands[:-1]:
        before.append(before[-1] * x)
    for x in reversed(operands[1:]):
        after.append(after[-1] * x)
    return [b * a for b, a in zip(before, reversed(after), strict=True)]


def _total(*operands: Any) -> Any:
    return _sum(operands) if operands else 0.0


def _largest(*operands: Any) -> Any:
    rest = operands
    while len(rest) > 1:  # one half with the other, which can be compared all at once
        half = len(rest) // 2
        rest = (*map(maximum, rest[:half], rest[half : 2 * half]), *rest[2 * half :])
    return rest[0]


def _logsumexp(*operands: float) -> float:
    shift = max(operands)
    if shift in (INFINITY, -INFINITY):
        return math.nan if any(x != x for x in operands) else shift
    # The largest operand gives exactly 1: what the others add is not lost beside it.
    return shift + math.log1p(math.fsum([math.exp(x - shift) for x in operands] + [-1.0]))


def _logsumexp_arrays(*operands: Any) -> Any:
    shift = _largest(*operands)
    ties = [equal(x, shift) for x in operands]
    # An operand that is the shift itself gives 1, also where both are infinite; one of these is the 1 of log1p.
    others = total([where(tie, 0.0, exp(x - shift)) for tie, x in zip(ties, operands, strict=True)])
    return shift + log1p(others + (total(ties) - 1.0))


def _logsumexp_slopes(out: Any, operands: Sequence[Any]) -> list[Any]:
    """Divide by the sum of the shares: it is 1 but for the rounding of `out`, which for large operands is all there is."""
    shares = [exp(x - out) for x in operands]
    whole = total(shares)
    return [_shown_as(share, share / whole) for share in shares]


def _mean(*xs: Any) -> Any:
    out = _sum(xs) / len(xs)
    beyond = isinstance(out, float) and out - out != 0.0  # the sum is, and the mean perhaps not
    return _sum(x / len(xs) for x in xs) if beyond else out


def _gap(*xs: float) -> float:
    top = sorted(xs)[-2:]
    return top[-1] - top[0] if len(top) == 2 else INFINITY


def _largest_slopes(out: Any, operands: Sequence[Any]) -> list[Any]:
    ties = [equal(x, out) for x in operands]
    count = total(ties)
    return [tie / count for tie in ties]


total: Op = Op(
    "total", _total, lambda out, xs: [1.0] * len(xs),
    pack=lambda xs: pack("total", xs), doc="the sum of a list, as one node", reference="lecture L5.1",
)
mean = Op(
    "mean", _mean, lambda out, xs: [1.0 / len(xs)] * len(xs),
    pack=lambda xs: pack_some("mean", xs), doc="the mean of a list, as one node", reference="lecture L5.1",
)
dot = Op(
    "dot", _dot, _dot_slopes, pack=_pack_dot, letters=["w₁", "w₂", "x₁", "x₂", "bias"],
    doc="the neuron's weighted sum Σ wᵢxᵢ (+ bias), as one node: dot(ws, xs, bias=None)",
    reference="lectures L1.1, L5.1",
)
prod = Op(
    "prod", lambda *xs: math.prod(xs, start=1.0), _prod_slopes,
    pack=lambda xs: pack("prod", xs), doc="the product of a list, as one node", reference="lecture L1.3",
)
logsumexp = Op(
    "logsumexp", _logsumexp, _logsumexp_slopes,
    array=_logsumexp_arrays, pack=lambda xs: pack_some("logsumexp", xs), doc="log Σ exp(xᵢ), without overflow",
    reference="lecture L2.5 (cross-entropy on logits)",
)
logaddexp = Op(
    "logaddexp", lambda x, y: maximum(x, y) + log1p(exp(-abs(x - y))),
    [lambda out, x, y: sigmoid(x - y), lambda out, x, y: sigmoid(y - x)],
    doc="log(eˣ + eʸ), without overflow", reference="lecture L2.5 (cross-entropy on logits)",
)
largest = Op(
    "largest", _largest, _largest_slopes, pack=lambda xs: pack_some("largest", xs), kink=_gap,
    convention="the tied operands share the slope equally", doc="the largest of a list; NaN if any is",
    reference="lecture L3.6 (max pooling)",
)

#: The catalogue, in the order in which the documentation lists it.
CATALOGUE: tuple[Op, ...] = tuple(
    record for record in list(globals().values()) if isinstance(record, Op) and record not in (unit, polygamma)
)
LIMITS |= {op.forward: op.limit for op in CATALOGUE if op.limit is not None}

#: The number itself, held constant: what `detach()` leaves in a graph that is being compiled. Its slope is a decision,
#: no derivative, so it stands outside the catalogue.
detached = Op("detached", lambda x: x, [lambda out, x: 0.0], doc="the number itself, through which no gradient flows")

#: A slope by convention, or what an infinite slope passes on from an adjoint of 0: it has no derivative of its own.
bent = Op(
    "bent", lambda x, y, adjoint, cusp: x,
    [
        lambda out, x, y, adjoint, cusp: where(equal(cusp, 0.0), math.nan, 1.0),
        lambda out, x, y, adjoint, cusp: where(equal(cusp, 0.0), math.nan, 0.0),
        lambda out, x, y, adjoint, cusp: 0.0,
        lambda out, x, y, adjoint, cusp: 0.0,
    ],
    operands=["x", "y", "adjoint", "cusp"],
    doc="a slope x of the node y, that cannot be differentiated again where cusp = 0",
)  # fmt: skip


def _choose(which: float, *choices: float) -> float:
    place = int(which) if which - which == 0.0 else -1
    if place != which or not 0 <= place < len(choices):
        raise PlaceError("no such place")
    return choices[place]


#: One of several numbers, by its place. The place is no quantity to differentiate by, so it stands outside the catalogue.
choose = Op(
    "choose", _choose, lambda out, xs: [0.0, *(equal(xs[0], float(place)) for place in range(len(xs) - 1))],
    pack=lambda which, choices: (which, *choices), needs="a place: a whole number from 0, below the number of choices",
    doc="the choice at a place", reference="NumPy's choose",
)  # fmt: skip
