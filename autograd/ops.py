"""The catalogue: one record for each operation. Nothing else in the project knows a derivative.

Rules get the output first, then the operands. They use operators and the operations below, so that one
expression serves floats, Values, symbols and arrays alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from operator import mul as multiply
from typing import Any

from autograd.floats import Extended
from autograd.op import POSITIVE, REAL, Notation, Op
from autograd.symbol import DIFFERENCE, NEGATIVE, POWER, PRODUCT, QUOTIENT, SUM, Symbol

INFINITY = math.inf
LOG2_E, LOG10_E = math.log2(math.e), math.log10(math.e)
SQRT_HALF = math.sqrt(0.5)
TWO_OVER_SQRT_PI = 2.0 / math.sqrt(math.pi)
INVERSE_SQRT_TWO_PI = 1.0 / math.sqrt(2.0 * math.pi)


def _function(name: str, latex: str | None = None) -> Notation:
    """Write a function of one operand: ``name(x)``."""
    written = (latex or rf"\{name}").replace("{", "{{").replace("}", "}}")
    return Notation(f"{name}({{}})", rf"{written}\left({{}}\right)", "")


# --- arithmetic -------------------------------------------------------------------------------------------------------

add = Op(
    "add", lambda x, y: x + y, [lambda out, x, y: 1.0, lambda out, x, y: 1.0],
    notation=SUM, doc="the sum", source="lecture L1.3",
)  # fmt: skip
sub = Op(
    "sub", lambda x, y: x - y, [lambda out, x, y: 1.0, lambda out, x, y: -1.0],
    notation=DIFFERENCE, doc="the difference", source="lecture L1.3",
)  # fmt: skip
mul = Op(
    "mul", lambda x, y: x * y, [lambda out, x, y: y, lambda out, x, y: x],
    notation=PRODUCT, doc="the product", source="lecture L1.3",
)  # fmt: skip
truediv = Op(
    "truediv", lambda x, y: x / y, [lambda out, x, y: 1.0 / y, lambda out, x, y: -out / y],
    notation=QUOTIENT, doc="the quotient", source="lecture L1.3", convention="y = 0 is an error",
)  # fmt: skip


def _power_slope(x: Any, y: Any) -> Any:
    """Differentiate x^y by x. An exponent that cannot vary needs no guard against 0 · 0⁻¹."""
    if isinstance(y, float) and not isinstance(x, float):
        return y * x ** (y - 1.0) if y else 0.0
    return y * (x + equal(x, 0.0) * equal(y, 0.0)) ** (y - 1.0)


pow = Op(  # noqa: A001
    "pow",
    lambda x, y: x**y,
    [
        lambda out, x, y: _power_slope(x, y),
        lambda out, x, y: out * log(x + equal(x, 0.0)),
    ],
    notation=POWER,
    domain=[POSITIVE, REAL],
    doc="x to the power y; x < 0 with a whole y as well",
    convention="x⁰ has slope 0 in x, 0^y has slope 0 in y; for x < 0 there is no derivative in y",
    source="lecture L1.3",
)
neg = Op("neg", lambda x: -x, [lambda out, x: -1.0], notation=NEGATIVE, doc="the negative", source="lecture L1.3")
identity = Op(
    "identity", lambda x: x, [lambda out, x: 1.0],
    doc="the number itself", source="lecture L4.4",
)  # fmt: skip

# --- brackets: 1 where a condition holds, else 0 ------------------------------------------------------------------------

greater = Op(
    "greater", lambda x, y: 1.0 if x > y else 0.0, [lambda out, x, y: 0.0, lambda out, x, y: 0.0],
    array=lambda x, y: 1.0 * (x > y),
    notation=Notation("[{} > {}]", "[{} > {}]", "(1.0 if {} > {} else 0.0)"),
    kink=lambda x, y: x - y, convention="slope 0", doc="1 where x > y, else 0 (Iverson's bracket)",
    source="Graham, Knuth, Patashnik, Concrete Mathematics, 2.1",
)  # fmt: skip
equal: Op = Op(
    "equal", lambda x, y: 1.0 if x <= y <= x else 0.0, [lambda out, x, y: 0.0, lambda out, x, y: 0.0],
    array=lambda x, y: 1.0 * (x == y),
    notation=Notation("[{} = {}]", "[{} = {}]", "(1.0 if {} == {} else 0.0)"),
    kink=lambda x, y: x - y, convention="slope 0", doc="1 where x = y, else 0 (Iverson's bracket)",
    source="Graham, Knuth, Patashnik, Concrete Mathematics, 2.1",
)  # fmt: skip
step = Op(
    "step", lambda x: 1.0 if x > 0.0 else 0.0, [lambda out, x: 0.0],
    array=lambda x: 1.0 * (x > 0.0),
    notation=Notation("[{} > 0]", "[{} > 0]", "(1.0 if {} > 0.0 else 0.0)"),
    kink=lambda x: x, convention="step(0) = 0, slope 0", doc="the threshold of the McCulloch–Pitts neuron",
    source="lectures L4.3, L4.4",
)  # fmt: skip


def _sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x


sign = Op(
    "sign", _sign, [lambda out, x: 0.0],
    array="sign", kink=lambda x: x, convention="sign(0) = 0, slope 0", doc="−1, 0 or 1", source="lecture L4.12",
)  # fmt: skip
where: Op = Op(
    "where",
    lambda condition, x, y: x if condition else y,
    [
        lambda out, condition, x, y: 0.0,
        lambda out, condition, x, y: where(condition, 1.0, 0.0),
        lambda out, condition, x, y: where(condition, 0.0, 1.0),
    ],
    array="where",
    notation=Notation("where({}, {}, {})", r"\operatorname{{where}}\left({}, {}, {}\right)", "({1} if {0} else {2})"),
    operands=["condition", "x", "y"],
    doc="x where the condition holds, else y",
    convention="the branch not taken gets gradient 0, whatever its own slope",
    source="lecture L1.2 (piecewise activations)",
)

# --- exponentials and logarithms ----------------------------------------------------------------------------------------

exp = Op(
    "exp", math.exp, [lambda out, x: out],
    array="exp", notation=_function("exp"), domain=[(-INFINITY, 709.78)], doc="e to the power x", source="lecture L1.3",
)  # fmt: skip
expm1 = Op(
    "expm1", math.expm1, [lambda out, x: exp(x)],
    array="expm1", domain=[(-INFINITY, 709.78)], doc="exp(x) − 1, accurate near 0", source="lecture L1.2 (ELU)",
)  # fmt: skip
log: Op = Op(
    "log", math.log, [lambda out, x: 1.0 / x],
    array="log", notation=_function("log", r"\ln"), domain=[POSITIVE], doc="the natural logarithm", source="lecture L1.3",
)  # fmt: skip
log1p = Op(
    "log1p", math.log1p, [lambda out, x: 1.0 / (1.0 + x)],
    array="log1p", domain=[(-1.0, INFINITY)], doc="log(1 + x), accurate near 0", source="lecture L2.5",
)  # fmt: skip
log2 = Op(
    "log2", math.log2, [lambda out, x: LOG2_E / x],
    array="log2", notation=_function("log2", r"\log_2"), domain=[POSITIVE], doc="the logarithm to base 2",
    source="Abramowitz and Stegun 4.1.18",
)  # fmt: skip
log10 = Op(
    "log10", math.log10, [lambda out, x: LOG10_E / x],
    array="log10", notation=_function("log10", r"\log_{10}"), domain=[POSITIVE], doc="the logarithm to base 10",
    source="Abramowitz and Stegun 4.1.18",
)  # fmt: skip

# --- roots and powers ---------------------------------------------------------------------------------------------------

sqrt = Op(
    "sqrt", math.sqrt, [lambda out, x: 0.5 / out],
    array="sqrt", notation=Notation("√{}", r"\sqrt{{{}}}", "", 3, (4,)), domain=[POSITIVE],
    convention="√0 = 0 with slope ∞, an error only if it flows", doc="the square root", source="lecture L1.9",
)  # fmt: skip
cbrt = Op(
    "cbrt", math.cbrt, [lambda out, x: 1.0 / (3.0 * out * out)],
    array="cbrt", notation=Notation("∛{}", r"\sqrt[3]{{{}}}", "", 3, (4,)), kink=lambda x: x, convention="slope ∞ at 0",
    doc="the real cube root", source="Abramowitz and Stegun 3.3.5",
)  # fmt: skip
square = Op(
    "square", lambda x: x * x, [lambda out, x: 2.0 * x],
    notation=Notation("{}²", "{}^{{2}}", "({0} * {0})", 3, (4,)), doc="x²", source="lecture L1.4",
)  # fmt: skip
reciprocal = Op(
    "reciprocal", lambda x: 1.0 / x, [lambda out, x: -square(out)],
    notation=Notation("1/{}", r"\frac{{1}}{{{}}}", "", 2, (3,)), domain=[POSITIVE], doc="1/x; x < 0 as well",
    convention="x = 0 is an error", source="lecture L1.3",
)  # fmt: skip
hypot = Op(
    "hypot", math.hypot,
    [lambda out, x, y: x / (out + equal(out, 0.0)), lambda out, x, y: y / (out + equal(out, 0.0))],
    array="hypot", kink=lambda x, y: abs(x) + abs(y), convention="slopes 0 at (0, 0)", doc="√(x² + y²) without overflow",
    source="Abramowitz and Stegun 3.3.5",
)  # fmt: skip

# --- trigonometry -------------------------------------------------------------------------------------------------------

HALF_PI = math.pi / 2.0
TRIGONOMETRY = "Abramowitz and Stegun 4.3.105–4.4.57"
sin = Op(
    "sin",
    math.sin,
    [lambda out, x: cos(x)],
    array="sin",
    notation=_function("sin"),
    doc="the sine",
    source="lecture L3.3",
)
cos: Op = Op(
    "cos",
    math.cos,
    [lambda out, x: -sin(x)],
    array="cos",
    notation=_function("cos"),
    doc="the cosine",
    source="lecture L3.3",
)
tan = Op(
    "tan", math.tan, [lambda out, x: 1.0 + square(out)],
    array="tan", notation=_function("tan"), domain=[(-HALF_PI, HALF_PI)], doc="the tangent; other x as well",
    source=TRIGONOMETRY,
)  # fmt: skip
asin = Op(
    "asin", math.asin, [lambda out, x: 1.0 / sqrt((1.0 - x) * (1.0 + x))],
    array="arcsin", domain=[(-1.0, 1.0)], convention="slope ∞ at ±1", doc="the inverse sine, in [−π/2, π/2]",
    source=TRIGONOMETRY,
)  # fmt: skip
acos = Op(
    "acos", math.acos, [lambda out, x: -1.0 / sqrt((1.0 - x) * (1.0 + x))],
    array="arccos", domain=[(-1.0, 1.0)], convention="slope −∞ at ±1", doc="the inverse cosine, in [0, π]",
    source=TRIGONOMETRY,
)  # fmt: skip
atan = Op(
    "atan", math.atan, [lambda out, x: 1.0 / (1.0 + square(x))],
    array="arctan", doc="the inverse tangent, in (−π/2, π/2)", source=TRIGONOMETRY,
)  # fmt: skip
atan2 = Op(
    "atan2", math.atan2,
    [lambda out, y, x: x / hypot(x, y) / hypot(x, y), lambda out, y, x: -y / hypot(x, y) / hypot(x, y)],
    array="arctan2", operands=["y", "x"], kink=lambda y, x: abs(x) + abs(y), convention="no slope at (0, 0)",
    doc="the angle of the point (x, y), in (−π, π]", source=TRIGONOMETRY,
)  # fmt: skip

# --- hyperbolic functions -----------------------------------------------------------------------------------------------

HYPERBOLIC = "Abramowitz and Stegun 4.5.71–4.6.40"
sinh = Op(
    "sinh", math.sinh, [lambda out, x: cosh(x)],
    array="sinh", notation=_function("sinh"), domain=[(-710.4, 710.4)], doc="the hyperbolic sine", source=HYPERBOLIC,
)  # fmt: skip
cosh: Op = Op(
    "cosh", math.cosh, [lambda out, x: sinh(x)],
    array="cosh", notation=_function("cosh"), domain=[(-710.4, 710.4)], doc="the hyperbolic cosine", source=HYPERBOLIC,
)  # fmt: skip
tanh = Op(
    "tanh", math.tanh, [lambda out, x: 1.0 - square(out)],
    array="tanh", notation=_function("tanh"), doc="the hyperbolic tangent, in (−1, 1)", source="lectures L1.2, L4.4",
)  # fmt: skip
asinh = Op(
    "asinh", math.asinh, [lambda out, x: 1.0 / hypot(x, 1.0)],
    array="arcsinh", doc="the inverse hyperbolic sine", source=HYPERBOLIC,
)  # fmt: skip
acosh = Op(
    "acosh", math.acosh, [lambda out, x: 1.0 / (sqrt(x - 1.0) * sqrt(x + 1.0))],
    array="arccosh", domain=[(1.0, INFINITY)], convention="slope ∞ at 1", doc="the inverse hyperbolic cosine",
    source=HYPERBOLIC,
)  # fmt: skip
atanh = Op(
    "atanh", math.atanh, [lambda out, x: 1.0 / ((1.0 - x) * (1.0 + x))],
    array="arctanh", domain=[(-1.0, 1.0)], doc="the inverse hyperbolic tangent", source=HYPERBOLIC,
)  # fmt: skip
erf = Op(
    "erf", math.erf, [lambda out, x: TWO_OVER_SQRT_PI * exp(-square(x))],
    doc="the error function", source="Abramowitz and Stegun 7.1.1",
)  # fmt: skip
erfc = Op(
    "erfc", math.erfc, [lambda out, x: -TWO_OVER_SQRT_PI * exp(-square(x))],
    doc="1 − erf(x), accurate for large x", source="Abramowitz and Stegun 7.1.2",
)  # fmt: skip

# --- pieces: absolute value, minimum, maximum ---------------------------------------------------------------------------


def _minimum(x: float, y: float) -> float:
    return x if x < y or x != x else y


def _maximum(x: float, y: float) -> float:
    return x if x > y or x != x else y


abs: Op = Op(  # noqa: A001
    "abs", math.fabs, [lambda out, x: sign(x)],
    array="abs", notation=Notation("|{}|", r"\left|{}\right|", ""), kink=lambda x: x, convention="slope 0 at 0",
    doc="the absolute value", source="lecture L5.6 (L1 regularisation)",
)  # fmt: skip
minimum = Op(
    "minimum", _minimum,
    [lambda out, x, y: greater(y, x) + 0.5 * equal(x, y), lambda out, x, y: greater(x, y) + 0.5 * equal(x, y)],
    array="minimum", kink=lambda x, y: x - y, convention="½ each at a tie", doc="the smaller of two; NaN if either is",
    source="lecture L4.12",
)  # fmt: skip
maximum = Op(
    "maximum", _maximum,
    [lambda out, x, y: greater(x, y) + 0.5 * equal(x, y), lambda out, x, y: greater(y, x) + 0.5 * equal(x, y)],
    array="maximum", kink=lambda x, y: x - y, convention="½ each at a tie", doc="the larger of two; NaN if either is",
    source="lecture L1.2 (ReLU)",
)  # fmt: skip

# --- activations --------------------------------------------------------------------------------------------------------

sigmoid = Op(
    "sigmoid", lambda x: exp(minimum(x, 0.0)) / (1.0 + exp(-abs(x))), [lambda out, x: out * (1.0 - out)],
    notation=Notation("σ({})", r"\sigma\left({}\right)", ""), doc="1/(1 + e^−x), in (0, 1)", source="lectures L1.2, L5.2",
)  # fmt: skip
softplus = Op(
    "softplus", lambda x: maximum(x, 0.0) + log1p(exp(-abs(x))), [lambda out, x: sigmoid(x)],
    doc="log(1 + eˣ), without overflow", source="Dugas et al. 2001",
)  # fmt: skip


def _relu(x: float) -> float:
    return 0.0 if x <= 0.0 else x


relu = Op(
    "relu", _relu, [lambda out, x: step(x)],
    array=lambda x: maximum.on_arrays((x, 0.0)),
    kink=lambda x: x, convention="slope 0 at 0 (the lectures': 0 for x ≤ 0)", doc="max(x, 0); NaN stays NaN",
    source="lecture L1.2",
)  # fmt: skip
leaky_relu = Op(
    "leaky_relu",
    lambda x, alpha: maximum(x, 0.0) + alpha * minimum(x, 0.0),
    [lambda out, x, alpha: step(x) + alpha * (1.0 - step(x)), lambda out, x, alpha: minimum(x, 0.0)],
    operands=["x", "alpha"], defaults=[0.01],
    kink=lambda x, alpha: x, convention="slope α at 0", doc="x where x > 0, else αx (the lecture's α is 0.1)",
    source="lecture L1.2",
)  # fmt: skip
elu = Op(
    "elu",
    lambda x, alpha: maximum(x, 0.0) + alpha * expm1(minimum(x, 0.0)),
    [
        lambda out, x, alpha: step(x) + alpha * (1.0 - step(x)) * exp(minimum(x, 0.0)),
        lambda out, x, alpha: expm1(minimum(x, 0.0)),
    ],
    operands=["x", "alpha"], defaults=[1.0],
    kink=lambda x, alpha: x, convention="slope α at 0", doc="x where x > 0, else α(eˣ − 1) (the lecture's α is 0.1)",
    source="lecture L1.2",
)  # fmt: skip
silu = Op(
    "silu", lambda x: x * sigmoid(x), [lambda out, x: sigmoid(x) + out * (1.0 - sigmoid(x))],
    doc="x·σ(x), also called swish", source="Hendrycks and Gimpel 2016",
)  # fmt: skip
gelu = Op(
    "gelu", lambda x: 0.5 * x * erfc(-SQRT_HALF * x),
    [lambda out, x: 0.5 * erfc(-SQRT_HALF * x) + INVERSE_SQRT_TWO_PI * x * exp(-0.5 * square(x))],
    doc="x·Φ(x), Φ the normal distribution function (the exact form)", source="Hendrycks and Gimpel 2016",
)  # fmt: skip

# --- operations of any number of operands -------------------------------------------------------------------------------


def _pack_list(xs: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(xs)


def _pack_filled(name: str, xs: Iterable[Any]) -> tuple[Any, ...]:
    operands = tuple(xs)
    if not operands:
        raise ValueError(f"{name}([]) is undefined: give at least one operand.")
    return operands


def _pack_dot(ws: Iterable[Any], xs: Iterable[Any], bias: Any = None) -> tuple[Any, ...]:
    ws, xs = tuple(ws), tuple(xs)
    if len(ws) != len(xs):
        raise ValueError(f"dot(ws, xs) needs as many weights as inputs: got {len(ws)} weights and {len(xs)} inputs.")
    return (*ws, *xs) if bias is None else (*ws, *xs, bias)


def _dot(*operands: Any) -> Any:
    half = len(operands) // 2
    out = sum(map(multiply, operands[:half], operands[half : 2 * half]), 0.0)
    return out + operands[-1] if len(operands) % 2 else out


def _dot_slopes(out: Any, operands: Sequence[Any]) -> list[Any]:
    half = len(operands) // 2
    slopes = [*operands[half : 2 * half], *operands[:half]]
    return [*slopes, 1.0] if len(operands) % 2 else slopes


def _prod(*operands: Any) -> Any:
    out = 1.0
    for x in operands:
        out = out * x
    return out


def _prod_slopes(out: Any, operands: Sequence[Any]) -> list[Any]:
    """Multiply the operands before and after each one: right at zeros, where out/x is not."""
    before, after = [1.0], [1.0]
    for x in operands[:-1]:
        before.append(before[-1] * x)
    for x in reversed(operands[1:]):
        after.append(after[-1] * x)
    return [b * a for b, a in zip(before, reversed(after), strict=True)]


def _total(*operands: Any) -> Any:
    return sum(operands, 0.0)


def _largest(*operands: Any) -> Any:
    out = operands[0]
    for x in operands[1:]:
        out = maximum(out, x)
    return out


def _logsumexp(*operands: float) -> float:
    shift = max(operands)
    if shift in (INFINITY, -INFINITY):
        return math.nan if any(x != x for x in operands) else shift
    # The largest operand gives exactly 1: what the others add is not lost beside it.
    return shift + math.log1p(math.fsum([math.exp(x - shift) for x in operands] + [-1.0]))


def _logsumexp_arrays(*operands: Any) -> Any:
    shift = _largest(*operands)
    # Where an operand is the shift itself the difference is 0, also where both are infinite.
    return shift + log(_total(*(exp(where(equal(x, shift), 0.0, x - shift)) for x in operands)))


def _largest_slopes(out: Any, operands: Sequence[Any]) -> list[Any]:
    ties = [equal(x, out) for x in operands]
    return [tie / _total(*ties) for tie in ties]


total = Op(
    "total", _total, lambda out, xs: [1.0] * len(xs), pack=_pack_list,
    doc="the sum of a list, as one node", source="lecture L5.1",
)  # fmt: skip
dot = Op(
    "dot", _dot, _dot_slopes, pack=_pack_dot,
    doc="the neuron's weighted sum Σ wᵢxᵢ (+ bias), as one node: dot(ws, xs, bias=None)", source="lectures L1.1, L5.1",
)  # fmt: skip
prod = Op(
    "prod", _prod, _prod_slopes, pack=_pack_list, doc="the product of a list, as one node", source="lecture L1.3",
)  # fmt: skip
logsumexp = Op(
    "logsumexp", _logsumexp, lambda out, xs: [exp(x - out) for x in xs],
    array=_logsumexp_arrays, pack=lambda xs: _pack_filled("logsumexp", xs),
    doc="log Σ exp(xᵢ), without overflow", source="lecture L2.5 (cross-entropy on logits)",
)  # fmt: skip
largest = Op(
    "largest", _largest, _largest_slopes, pack=lambda xs: _pack_filled("largest", xs),
    kink=lambda *xs: _gap(xs), convention="the tied operands share the slope equally",
    doc="the largest of a list; NaN if any is", source="lecture L3.6 (max pooling)",
)  # fmt: skip


def _gap(xs: Sequence[float]) -> float:
    top = sorted(xs)[-2:]
    return top[-1] - top[0] if len(top) == 2 else INFINITY


def softmax(xs: Iterable[Any]) -> list[Any]:
    """Turn a list of scores into probabilities: ``exp(x_i) / Σ_j exp(x_j)``, without overflow.

    Each result is ``exp(x_i − logsumexp(xs))``, so its edges multiply to the lecture's
    ∂y_i/∂x_j = y_i([i = j] − y_j). Source: lectures L1.2 and L4.4.

    Args:
        xs: scores, of any one kind of number.

    Returns:
        as many numbers in [0, 1], which sum to 1.

    Raises:
        ValueError: `xs` is empty.
    """
    operands = _pack_filled("softmax", xs)
    normaliser = logsumexp(operands)
    return [exp(x - normaliser) for x in operands]


#: The catalogue, in the order in which the documentation lists it.
CATALOGUE: tuple[Op, ...] = tuple(record for record in list(globals().values()) if isinstance(record, Op))

#: The number itself, held constant: what `detach()` leaves in a graph that is being compiled. Its slope is no derivative
#: but a decision, so it stands outside the catalogue.
detached = Op("detached", lambda x: x, [lambda out, x: 0.0], doc="the number itself, through which no gradient flows")

#: Operator methods of every number type that records or writes: (operation, whether the operands are reflected).
OPERATORS: dict[str, tuple[Op, bool]] = {
    "__add__": (add, False), "__radd__": (add, True), "__sub__": (sub, False), "__rsub__": (sub, True),
    "__mul__": (mul, False), "__rmul__": (mul, True), "__truediv__": (truediv, False), "__rtruediv__": (truediv, True),
    "__pow__": (pow, False), "__rpow__": (pow, True), "__neg__": (neg, False), "__abs__": (abs, False),
}  # fmt: skip


def _install(kind: type) -> None:
    """Give a number type its operators, each of which applies the catalogue's record."""

    def method(op: Op, reflected: bool) -> Any:
        if reflected:
            return lambda self, other: op(other, self)
        return lambda self, *others: op(self, *others)

    for name, (op, reflected) in OPERATORS.items():
        setattr(kind, name, method(op, reflected))


_install(Symbol)
_install(Extended)
