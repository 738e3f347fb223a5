"""What every operation gives at 0, −0, kinks, ties, infinities, NaN, and beyond the largest float.

One row a point: the operands, then the value and each slope, or the error.
"""

import math

import mpmath
import pytest
from mpmath import mp

import autograd
from autograd import (
    CATALOGUE,
    DivisionByZeroError,
    DomainError,
    NonFiniteGradientError,
    Op,
    Value,
    ValueOverflowError,
    gradients,
    where,
)

INF, NAN = math.inf, math.nan
TINY, HUGE = 5e-324, 1e308
PI = math.pi
E, LN2 = math.e, math.log(2.0)
EULER = 0.5772156649015329
QUARTILE = 0.4769362762044699  # erfinv(½): half of all errors of a measurement are below this times √2·σ
ZETA3 = 1.2020569031595942  # ζ(3)


def row(name, operands, *due):
    operands = operands if isinstance(operands, tuple) else (operands,)
    return pytest.param(name, operands, due, id=f"{name}{operands}")


def unary(name, *points):
    return [row(name, point[0], *point[1:]) for point in points]


ROWS = [
    *unary("neg", (0.0, -0.0, -1.0), (-0.0, 0.0, -1.0), (INF, -INF, -1.0)),
    *unary("identity", (-0.0, -0.0, 1.0), (INF, INF, 1.0)),
    *unary("step", (0.0, 0.0, 0.0), (-0.0, 0.0, 0.0), (TINY, 1.0, 0.0), (-INF, 0.0, 0.0), (INF, 1.0, 0.0)),
    *unary("sign", (0.0, 0.0, 0.0), (-0.0, -0.0, 0.0), (TINY, 1.0, 0.0), (-TINY, -1.0, 0.0), (-INF, -1.0, 0.0)),
    *unary("exp", (0.0, 1.0, 1.0), (-0.0, 1.0, 1.0), (709.8, ValueOverflowError), (-746.0, 0.0, 0.0)),
    *unary("exp", (INF, INF, INF), (-INF, 0.0, 0.0)),
    *unary("expm1", (0.0, 0.0, 1.0), (-0.0, -0.0, 1.0), (710.0, ValueOverflowError), (-800.0, -1.0, 0.0)),
    *unary("expm1", (TINY, TINY, 1.0), (INF, INF, INF), (-INF, -1.0, 0.0)),
    *unary("log", (1.0, 0.0, 1.0), (0.0, DomainError), (-0.0, DomainError), (-1.0, DomainError), (INF, INF, 0.0)),
    *unary("log", (TINY, math.log(TINY), INF), (-INF, DomainError)),
    *unary("log1p", (0.0, 0.0, 1.0), (-0.0, -0.0, 1.0), (-1.0, DomainError), (-2.0, DomainError), (INF, INF, 0.0)),
    *unary("log2", (1.0, 0.0, 1.0 / LN2), (TINY, -1074.0, INF), (0.0, DomainError), (INF, INF, 0.0)),
    *unary("log10", (1.0, 0.0, math.log10(E)), (HUGE, 308.0, math.log10(E) / HUGE), (0.0, DomainError)),
    *unary("sqrt", (0.0, 0.0, INF), (-0.0, -0.0, -INF), (TINY, 2.0**-537, 2.0**536), (-TINY, DomainError)),
    *unary("sqrt", (INF, INF, 0.0), (-INF, DomainError)),
    *unary("cbrt", (0.0, 0.0, INF), (-0.0, -0.0, INF), (-8.0, -2.0, 1.0 / 12.0), (INF, INF, 0.0), (-INF, -INF, 0.0)),
    *unary("square", (0.0, 0.0, 0.0), (-0.0, 0.0, -0.0), (TINY, 0.0, 2 * TINY), (1e155, ValueOverflowError)),
    *unary("square", (-INF, INF, -INF)),
    *unary("reciprocal", (0.0, DivisionByZeroError), (-0.0, DivisionByZeroError), (TINY, ValueOverflowError)),
    *unary("reciprocal", (1e-200, 1e200, -INF), (HUGE, 1e-308, -0.0), (INF, 0.0, -0.0), (-INF, -0.0, -0.0)),
    *unary("sin", (0.0, 0.0, 1.0), (-0.0, -0.0, 1.0), (TINY, TINY, 1.0), (INF, DomainError), (-INF, DomainError)),
    *unary("cos", (0.0, 1.0, -0.0), (-0.0, 1.0, 0.0), (TINY, 1.0, -TINY), (INF, DomainError), (-INF, DomainError)),
    *unary("tan", (0.0, 0.0, 1.0), (-0.0, -0.0, 1.0), (INF, DomainError)),
    *unary("asin", (0.0, 0.0, 1.0), (1.0, PI / 2, INF), (-1.0, -PI / 2, INF), (1.0000001, DomainError)),
    *unary("acos", (1.0, 0.0, -INF), (-1.0, PI, -INF), (0.0, PI / 2, -1.0), (-1.1, DomainError)),
    *unary("atan", (0.0, 0.0, 1.0), (-0.0, -0.0, 1.0), (HUGE, PI / 2, 0.0), (-INF, -PI / 2, 0.0)),
    *unary("sinh", (0.0, 0.0, 1.0), (-0.0, -0.0, 1.0), (711.0, ValueOverflowError), (-711.0, ValueOverflowError)),
    *unary("sinh", (INF, INF, INF), (-INF, -INF, INF)),
    *unary("cosh", (0.0, 1.0, 0.0), (-0.0, 1.0, -0.0), (-711.0, ValueOverflowError), (-INF, INF, -INF)),
    *unary("tanh", (0.0, 0.0, 1.0), (-0.0, -0.0, 1.0), (HUGE, 1.0, 0.0), (INF, 1.0, 0.0), (-INF, -1.0, 0.0)),
    *unary("asinh", (0.0, 0.0, 1.0), (-0.0, -0.0, 1.0), (HUGE, math.asinh(HUGE), 1e-308), (-INF, -INF, 0.0)),
    *unary("acosh", (1.0, 0.0, INF), (HUGE, math.acosh(HUGE), 1e-308), (0.999, DomainError), (INF, INF, 0.0)),
    *unary("atanh", (0.0, 0.0, 1.0), (-0.0, -0.0, 1.0), (1.0, DomainError), (-1.0, DomainError), (INF, DomainError)),
    *unary("erf", (-0.0, -0.0, 2 / math.sqrt(PI)), (30.0, 1.0, 0.0), (HUGE, 1.0, 0.0), (-INF, -1.0, 0.0)),
    *unary("erfc", (0.0, 1.0, -2 / math.sqrt(PI)), (30.0, 0.0, -0.0), (-HUGE, 2.0, -0.0), (INF, 0.0, -0.0)),
    *unary("erfinv", (0.0, 0.0, math.sqrt(PI) / 2), (-0.0, -0.0, math.sqrt(PI) / 2), (1.0, DomainError)),
    *unary("erfinv", (-1.0, DomainError), (1.1, DomainError), (INF, DomainError), (-INF, DomainError)),
    *unary("erfinv", (1e-300, math.sqrt(PI) / 2 * 1e-300, math.sqrt(PI) / 2)),
    *unary("erfinv", (-0.5, -QUARTILE, math.sqrt(PI) / 2 * math.exp(QUARTILE**2))),
    *unary("lgamma", (1.0, 0.0, -EULER), (2.0, 0.0, 1.0 - EULER), (0.0, DomainError), (-1.0, DomainError)),
    *unary("lgamma", (INF, INF, INF), (1e306, ValueOverflowError)),
    *unary("lgamma", (0.5, math.log(PI) / 2, -EULER - 2 * LN2)),
    *unary("lgamma", (1e-300, 300 * math.log(10.0), -1e300)),
    *unary("digamma", (1.0, -EULER, PI**2 / 6), (0.0, DomainError), (-1.0, DomainError), (INF, INF, 0.0)),
    *unary("digamma", (HUGE, math.log(HUGE), 1.0 / HUGE), (1e-300, -1e300, INF), (0.5, -EULER - 2 * LN2, PI**2 / 2)),
    *unary("trigamma", (1.0, PI**2 / 6, -2 * ZETA3), (0.0, DomainError), (-2.0, DomainError)),
    *unary("digamma", (-INF, DomainError)),
    *unary(
        "trigamma",
        (INF, 0.0, -0.0),
        (1e-200, ValueOverflowError),
        (0.5, PI**2 / 2, -14 * ZETA3),
        (1e300, 1e-300, -0.0),
    ),
    *unary("abs", (0.0, 0.0, 0.0), (-0.0, 0.0, -0.0), (TINY, TINY, 1.0), (-INF, INF, -1.0)),
    *unary("sigmoid", (0.0, 0.5, 0.25), (800.0, 1.0, 0.0), (-800.0, 0.0, 0.0), (INF, 1.0, 0.0), (-INF, 0.0, 0.0)),
    *unary("softplus", (0.0, LN2, 0.5), (800.0, 800.0, 1.0), (-800.0, 0.0, 0.0), (INF, INF, 1.0), (-INF, 0.0, 0.0)),
    *unary("relu", (0.0, 0.0, 0.0), (-0.0, 0.0, 0.0), (TINY, TINY, 1.0), (-TINY, 0.0, 0.0), (INF, INF, 1.0)),
    *unary("silu", (0.0, 0.0, 0.5), (800.0, 800.0, 1.0), (-800.0, -0.0, 0.0), (INF, INF, NAN), (-INF, DomainError)),
    *unary("gelu", (0.0, 0.0, 0.5), (800.0, 800.0, 1.0), (-HUGE, -0.0, 0.0), (INF, INF, NAN), (-INF, DomainError)),
    row("add", (0.0, -0.0), 0.0, 1.0, 1.0),
    row("add", (-0.0, -0.0), -0.0, 1.0, 1.0),
    row("add", (HUGE, HUGE), ValueOverflowError),
    row("add", (INF, -INF), DomainError),
    row("sub", (0.0, 0.0), 0.0, 1.0, -1.0),
    row("sub", (-HUGE, HUGE), ValueOverflowError),
    row("sub", (INF, INF), DomainError),
    row("mul", (0.0, -1.0), -0.0, -1.0, 0.0),
    row("mul", (1e-200, 1e-200), 0.0, 1e-200, 1e-200),
    row("mul", (HUGE, -HUGE), ValueOverflowError),
    row("mul", (0.0, INF), DomainError),
    row("truediv", (1.0, 0.0), DivisionByZeroError),
    row("truediv", (0.0, 0.0), DivisionByZeroError),
    row("truediv", (1.0, -0.0), DivisionByZeroError),
    row("truediv", (1.0, TINY), ValueOverflowError),
    row("truediv", (0.0, TINY), 0.0, INF, -0.0),
    row("truediv", (1.0, INF), 0.0, 0.0, -0.0),
    row("truediv", (INF, INF), DomainError),
    row("mod", (7.5, 2.0), 1.5, 1.0, -3.0),
    row("mod", (-7.5, 2.0), 0.5, 1.0, 4.0),
    row("mod", (7.5, -2.0), -0.5, 1.0, 4.0),
    row("mod", (6.0, 2.0), 0.0, 1.0, -3.0),
    row("mod", (-0.0, 2.0), 0.0, 1.0, 0.0),
    row("mod", (1.0, 0.0), DivisionByZeroError),
    row("mod", (INF, 2.0), DomainError),
    row("mod", (1.0, INF), 1.0, 1.0, -0.0),
    row("floordiv", (7.5, 2.0), 3.0, 0.0, 0.0),
    row("floordiv", (-7.5, 2.0), -4.0, 0.0, 0.0),
    row("floordiv", (1.0, -0.0), DivisionByZeroError),
    row("floordiv", (HUGE, 0.1), ValueOverflowError),
    *unary("floor", (2.5, 2.0, 0.0), (-2.5, -3.0, 0.0), (2.0, 2.0, 0.0), (-0.0, -0.0, 0.0), (HUGE, HUGE, 0.0)),
    *unary("floor", (-TINY, -1.0, 0.0), (INF, DomainError)),
    *unary("ceil", (2.5, 3.0, 0.0), (-2.5, -2.0, 0.0), (2.0, 2.0, 0.0), (-0.0, -0.0, 0.0), (TINY, 1.0, 0.0)),
    row("round", (2.5, 0.0), 2.0, 0.0, 0.0),
    row("round", (3.5, 0.0), 4.0, 0.0, 0.0),
    row("round", (-0.4, 0.0), -0.0, 0.0, 0.0),
    row("round", (2.675, 2.0), 2.67, 0.0, 0.0),
    row("round", (1250.0, -2.0), 1200.0, 0.0, 0.0),
    row("round", (HUGE, 300.0), HUGE, 0.0, 0.0),
    row("clip", (0.5, 0.0, 1.0), 0.5, 1.0, 0.0, 0.0),
    row("clip", (0.0, 0.0, 1.0), 0.0, 0.0, 1.0, 0.0),
    row("clip", (1.0, 0.0, 1.0), 1.0, 0.0, 0.0, 1.0),
    row("clip", (-INF, 0.0, 1.0), 0.0, 0.0, 1.0, 0.0),
    row("clip", (HUGE, 0.0, 1.0), 1.0, 0.0, 0.0, 1.0),
    row("clip", (0.5, 2.0, 1.0), 1.0, 0.0, 0.0, 1.0),
    row("clip", (5.0, 0.0, INF), 5.0, 1.0, 0.0, 0.0),
    row("logaddexp", (0.0, 0.0), LN2, 0.5, 0.5),
    row("logaddexp", (0.0, -40.0), math.exp(-40.0), 1.0, math.exp(-40.0)),
    row("logaddexp", (1e17, 1e17), 1e17, 0.5, 0.5),
    row("logaddexp", (-HUGE, HUGE), HUGE, 0.0, 1.0),
    row("logaddexp", (-INF, 1.0), 1.0, 0.0, 1.0),
    row("logaddexp", (-INF, -INF), DomainError),
    row("mean", (1.0, 2.0, 6.0), 3.0, 1 / 3, 1 / 3, 1 / 3),
    row("mean", (INF, -INF), DomainError),
    row("mean", (-0.0, -0.0), -0.0, 0.5, 0.5),
    row("greater", (1.0, 1.0), 0.0, 0.0, 0.0),
    row("greater", (0.0, -0.0), 0.0, 0.0, 0.0),
    row("greater", (NAN, 1.0), 0.0, 0.0, 0.0),
    row("equal", (0.0, -0.0), 1.0, 0.0, 0.0),
    row("equal", (INF, INF), 1.0, 0.0, 0.0),
    row("equal", (NAN, NAN), 0.0, 0.0, 0.0),
    row("hypot", (0.0, 0.0), 0.0, 0.0, 0.0),
    row("hypot", (-0.0, 0.0), 0.0, -0.0, 0.0),
    row("hypot", (3e200, 4e200), 5e200, 0.6, 0.8),
    row("hypot", (TINY, TINY), TINY, math.sqrt(0.5), math.sqrt(0.5)),
    row("hypot", (3 * TINY, -4 * TINY), 5 * TINY, 0.6, -0.8),
    row("hypot", (1e-310, 1.0), 1.0, 1e-310, 1.0),
    row("hypot", (0.0, -2.0), 2.0, 0.0, -1.0),
    row("hypot", (1.5e308, 1.5e308), ValueOverflowError),
    row("hypot", (INF, 1.0), INF, NAN, 0.0),
    row("atan2", (0.0, 0.0), 0.0, NAN, NAN),
    row("atan2", (0.0, -1.0), PI, -1.0, -0.0),
    row("atan2", (-0.0, -1.0), -PI, -1.0, 0.0),
    row("atan2", (1e-200, 0.0), PI / 2, 0.0, -1e200),
    row("minimum", (2.0, 2.0), 2.0, 0.5, 0.5),
    row("minimum", (1.0, 2.0), 1.0, 1.0, 0.0),
    row("minimum", (-INF, INF), -INF, 1.0, 0.0),
    row("minimum", (NAN, 1.0), NAN, 0.0, 0.0),
    row("minimum", (1.0, NAN), NAN, 0.0, 0.0),
    row("maximum", (2.0, 2.0), 2.0, 0.5, 0.5),
    row("maximum", (0.0, -0.0), -0.0, 0.5, 0.5),
    row("maximum", (1.0, 2.0), 2.0, 0.0, 1.0),
    row("maximum", (INF, INF), INF, 0.5, 0.5),
    row("maximum", (NAN, 1.0), NAN, 0.0, 0.0),
    row("maximum", (1.0, NAN), NAN, 0.0, 0.0),
    row("leaky_relu", (0.0, 0.1), 0.0, 0.1, 0.0),
    row("leaky_relu", (-0.0, 0.1), 0.0, 0.1, -0.0),
    row("leaky_relu", (-INF, 0.1), -INF, 0.1, -INF),
    row("leaky_relu", (INF, 0.1), INF, 1.0, 0.0),
    row("elu", (0.0, 0.1), 0.0, 0.1, 0.0),
    row("elu", (-0.0, 0.1), 0.0, 0.1, -0.0),
    row("elu", (-800.0, 0.1), -0.1, 0.0, -1.0),
    row("elu", (800.0, 0.1), 800.0, 1.0, 0.0),
    row("elu", (-INF, 0.1), -0.1, 0.0, -1.0),
    row("where", (1.0, 3.0, 4.0), 3.0, 0.0, 1.0, 0.0),
    row("where", (0.0, 3.0, 4.0), 4.0, 0.0, 0.0, 1.0),
    row("where", (-0.0, 3.0, 4.0), 4.0, 0.0, 0.0, 1.0),
    row("where", (-2.5, 3.0, 4.0), 3.0, 0.0, 1.0, 0.0),
    row("where", (NAN, 3.0, 4.0), 3.0, 0.0, 1.0, 0.0),
    row("where", (1.0, 3.0, INF), 3.0, 0.0, 1.0, 0.0),
    row("total", (1.0, INF, -INF), DomainError),
    row("total", (HUGE, HUGE), ValueOverflowError),
    row("total", (-0.0,), -0.0, 1.0),
    row("total", (-0.0, -0.0, -0.0), -0.0, 1.0, 1.0, 1.0),
    row("total", (-0.0, 0.0), 0.0, 1.0, 1.0),
    row("dot", (0.0, INF), DomainError),
    row("dot", (1e200, 1e200), ValueOverflowError),
    row("dot", (1e200, 1e200, 1e200, -1e200), ValueOverflowError),
    row("dot", (2.0, 3.0, 5.0), 11.0, 3.0, 2.0, 1.0),
    row("dot", (7.0,), 7.0, 1.0),
    row("dot", (-0.0,), -0.0, 1.0),
    row("dot", (-0.0, 2.0), -0.0, 2.0, -0.0),
    row("dot", (-0.0, 1.0, -0.0), -0.0, 1.0, -0.0, 1.0),
    row("prod", (0.0, 2.0, 3.0), 0.0, 6.0, 0.0, 0.0),
    row("prod", (0.0, 0.0, 3.0), 0.0, 0.0, 0.0, 0.0),
    row("prod", (1e200, 1e200, 1e-200), ValueOverflowError),
    row("prod", (2.0,), 2.0, 1.0),
    row("prod", (-0.0,), -0.0, 1.0),
    row("prod", (-0.0, -0.0), 0.0, -0.0, -0.0),
    row("logsumexp", (3.0,), 3.0, 1.0),
    row("logsumexp", (HUGE, HUGE), HUGE, 0.5, 0.5),
    row("logsumexp", (1e17, 1e17, 1e17), 1e17, 1 / 3, 1 / 3, 1 / 3),
    row("logsumexp", (HUGE, -HUGE, HUGE), HUGE, 0.5, 0.0, 0.5),
    row("logsumexp", (0.0, -40.0), math.exp(-40.0), 1.0, math.exp(-40.0)),
    row("logsumexp", (-40.0, 0.0, -40.0), 2 * math.exp(-40.0), math.exp(-40.0), 1.0, math.exp(-40.0)),
    row("logsumexp", (-INF, 1.0), 1.0, 0.0, 1.0),
    row("logsumexp", (-INF, -INF), -INF, NAN, NAN),
    row("logsumexp", (INF, 1.0), INF, NAN, NAN),
    row("largest", (2.0, 1.0), 2.0, 1.0, 0.0),
    row("largest", (1.0, 2.0, 2.0), 2.0, 0.0, 0.5, 0.5),
    row("largest", (2.0, 2.0, 2.0), 2.0, 1 / 3, 1 / 3, 1 / 3),
    row("largest", (NAN, 1.0), NAN, NAN, NAN),
    row("largest", (1.0, NAN), NAN, NAN, NAN),
]

#: x**y by itself: a negative base, 0 to any power, infinite and undefined operands.
POWERS = [
    row("pow", (0.0, 0.0), 1.0, 0.0, 0.0),
    row("pow", (1e-309, 0.0), 1.0, 0.0, math.log(1e-309)),
    row("pow", (0.0, 0.5), 0.0, INF, 0.0),
    row("pow", (0.0, 1.0), 0.0, 1.0, 0.0),
    row("pow", (0.0, 2.0), 0.0, 0.0, 0.0),
    row("pow", (-0.0, 3.0), -0.0, 0.0, -0.0),
    row("pow", (0.0, -1.0), DivisionByZeroError),
    row("pow", (-0.0, -3.0), DivisionByZeroError),
    row("pow", (0.0, -0.5), DivisionByZeroError),
    row("pow", (-8.0, 1.0 / 3.0), DomainError),
    row("pow", (-8.0, 2.0), 64.0, -16.0, NAN),
    row("pow", (-8.0, 3.0), -512.0, 192.0, NAN),
    row("pow", (-8.0, -1.0), -0.125, -0.015625, NAN),
    row("pow", (-1e-110, -2.0), 1e220, INF, NAN),
    row("pow", (-1e-160, -1.0), -1e160, -INF, NAN),
    row("pow", (-2.0, 0.0), 1.0, -0.0, NAN),
    row("pow", (2.0, 0.0), 1.0, 0.0, LN2),
    row("pow", (4.0, 0.5), 2.0, 0.25, 4.0 * LN2),
    row("pow", (2.0, 1024.0), ValueOverflowError),
    row("pow", (-2.0, 1025.0), ValueOverflowError),
    row("pow", (1e200, 2.0), ValueOverflowError),
    row("pow", (2.0, -1100.0), 0.0, -0.0, 0.0),
    row("pow", (1e-300, 1.5), 0.0, 1.5e-150, -0.0),
    row("pow", (1.0, INF), 1.0, INF, 0.0),
    row("pow", (2.0, INF), INF, INF, INF),
    row("pow", (2.0, -INF), 0.0, NAN, 0.0),
    row("pow", (0.5, -INF), INF, -INF, -INF),
    row("pow", (INF, 2.0), INF, INF, INF),
    row("pow", (INF, -1.0), 0.0, -0.0, NAN),
    row("pow", (INF, 0.0), 1.0, 0.0, INF),
    row("pow", (-INF, 3.0), -INF, INF, NAN),
    row("pow", (NAN, 0.0), 1.0, NAN, NAN),
    row("pow", (NAN, 1.0), NAN, 1.0, NAN),
    row("pow", (1.0, NAN), 1.0, NAN, 0.0),
]


def same(now, due):
    """Compare with the sign of zero, and to the last digits."""
    if math.isnan(due) or math.isinf(due) or due == 0.0:
        return (now != now) if due != due else now == due and math.copysign(1.0, now) == math.copysign(1.0, due)
    return math.isclose(now, due, rel_tol=1e-15)


@pytest.mark.parametrize(("name", "operands", "due"), [*ROWS, *POWERS])
def test_row(name, operands, due):
    op = getattr(autograd, name)
    leaves = tuple(map(Value, operands))
    if isinstance(due[0], type):
        with pytest.raises(due[0]):
            op.apply(leaves)
        with pytest.raises(due[0]):
            op.apply(operands)
        return
    out = op.apply(leaves)
    assert len(due) == 1 + len(operands)
    for now, wanted in zip((out.data, *out.slopes), due, strict=True):
        assert same(now, wanted), (now, wanted)
    value = op.apply(operands)
    assert same(value, due[0])


def test_every_operation_has_rows():
    named = {parameters.values[0] for parameters in [*ROWS, *POWERS]}
    assert named == {op.name for op in CATALOGUE}


#: What a NaN among ones does not make NaN: a bracket is 0 or 1, 1^NaN is 1, and where takes one of its branches.
SWALLOWED = {("greater", 0), ("greater", 1), ("equal", 0), ("equal", 1), ("step", 0), ("pow", 1), ("where", 0),
             ("where", 2)}  # fmt: skip


def test_nan_stays_visible():
    swallowed = set()
    for op in CATALOGUE:
        for place in range(2 if op.nary else len(op.slopes)):
            operands = [1.0] * (2 if op.nary else len(op.slopes))
            operands[place] = NAN
            if not math.isnan(op.apply(tuple(map(Value, operands))).data):
                swallowed.add((op.name, place))
    assert swallowed == SWALLOWED


@pytest.mark.parametrize("op", [op for op in CATALOGUE if not op.nary and len(op.slopes) < 3], ids=lambda op: op.name)
def test_infinite_operands_never_count_as_overflow(op):
    for x in (INF, -INF):
        operands = (x, 1.0)[: len(op.slopes)]
        try:
            out = op.apply(tuple(map(Value, operands)))
        except DomainError:
            assert op.name in {"log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "acosh",
                               "atanh", "erfinv", "digamma", "trigamma",
                               "silu", "gelu", "mod", "floordiv", "floor", "ceil"}  # fmt: skip
        else:
            assert isinstance(out.data, float)


def test_the_conventions_at_kinks():
    """The lectures' where they have one. The numbers are in the rows; each record states its own in words."""
    assert autograd.leaky_relu(Value(0.0)).slopes == (0.01, None)
    assert autograd.elu(Value(0.0)).slopes == (1.0, None)
    for name, words in {
        "relu": "slope 0 at 0", "leaky_relu": "slope α at 0", "elu": "slope α at 0", "abs": "slope 0 at 0",
        "step": "step(0) = 0, slope 0", "maximum": "½ each at a tie", "minimum": "½ each at a tie",
        "hypot": "slopes 0 at (0, 0)", "largest": "the tied operands share the slope equally",
    }.items():  # fmt: skip
        assert words in getattr(autograd, name).convention


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("condition", [lambda x: x > 0, autograd.step, lambda x: autograd.greater(x, 0.0)])
@pytest.mark.parametrize(
    "spoilt", [autograd.sqrt, lambda x: autograd.sqrt(x * x), autograd.cbrt, lambda x: (x + 1.0) ** 0.5 * x**0.5]
)
def test_where_keeps_out_the_branch_not_taken(condition, spoilt, create_graph):
    x = Value(0.0, name="x")
    [slope] = gradients(where(condition(x), spoilt(x), 2.0 * x), [x], create_graph=create_graph)
    assert float(slope) == 2.0


def test_where_with_a_safe_operand_inside():
    x = Value(0.0)
    y = where(x > 0, autograd.log(where(x > 0, x, 1.0)), -1.0)
    assert gradients(y, [x]) == [0.0]


def test_an_infinite_slope_is_an_error_only_if_it_flows():
    x = Value(0.0, name="x")
    root = autograd.sqrt(x)
    assert root.slopes == (INF,)
    assert gradients(0.0 * root, [x]) == [0.0]
    with pytest.raises(NonFiniteGradientError):
        root.backward()
    assert x.grad is None


class TestInfiniteNumbers:
    """What comes out NaN though no number is NaN is an error, in a result as in a gradient (PyTorch gives NaN)."""

    @pytest.mark.parametrize(
        "f",
        [
            lambda x: x * 0, lambda x: 0.0 * x, lambda x: x - x, lambda x: x + -INF, lambda x: x / x,
            lambda x: autograd.total([x, -INF]), lambda x: autograd.dot([x, 1.0], [0.0, 1.0]),
            lambda x: autograd.prod([x, 0.0]), lambda x: autograd.silu(-x), lambda x: autograd.gelu(-x),
        ],
    )  # fmt: skip
    def test_a_result_that_is_undefined(self, f):
        with pytest.raises(DomainError, match=r"is undefined at .* = −?inf"):
            f(Value(INF, name="x"))

    @pytest.mark.parametrize(
        ("f", "at"),
        [
            (autograd.logsumexp, [-INF, -INF]), (autograd.logsumexp, [INF, 1.0]),
            (lambda v: autograd.hypot(*v), [INF, 1.0]),
            (lambda v: autograd.silu(v[0]), [INF]), (lambda v: autograd.gelu(v[0]), [INF]),
            (lambda v: autograd.largest(v) / 2.0 + autograd.atan2(*v), [0.0, 0.0]),
        ],
    )  # fmt: skip
    def test_a_gradient_that_is_undefined(self, f, at):
        for derivative in (autograd.grad, autograd.hessian, autograd.jacobian):
            with pytest.raises(NonFiniteGradientError, match=r"^The gradient stops being finite at "):
                derivative(f)(at)

    def test_both_infinities_in_one_sum(self):
        x = Value(2.0, name="x")
        with pytest.raises(NonFiniteGradientError) as raised:
            (x * INF * (3.0 - x)).backward()
        assert "holds ∞ and −∞. Keep the operands finite." in str(raised.value)
        assert x.grad is None

    def test_what_is_infinite_and_defined_stays(self):
        assert autograd.grad(autograd.exp)(INF) == INF
        assert autograd.grad(lambda x: x * x)(INF) == INF
        assert math.isnan(autograd.grad(lambda x: x * x)(NAN))
        assert autograd.softmax([Value(-INF), Value(0.0)])[0].data == 0.0


def normal(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def logistic(x):
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def rise(x):
    return logistic(x) * logistic(-x)


#: Functions with their first and second derivatives, as mpmath computes them where differences cannot.
MPMATH_FAR = {
    "atan": (mp.atan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    "erf": (
        mp.erf, lambda x: 2 * mp.exp(-x * x) / mp.sqrt(mp.pi), lambda x: -4 * x * mp.exp(-x * x) / mp.sqrt(mp.pi),
    ),
    "erfc": (
        lambda x: mp.mpf(2 if x < 0 else 0), lambda x: -2 * mp.exp(-x * x) / mp.sqrt(mp.pi),
        lambda x: 4 * x * mp.exp(-x * x) / mp.sqrt(mp.pi),
    ),
    "gelu": (
        lambda x: x * (x > 0), lambda x: (x > 0) + x * normal(x), lambda x: (2 - x * x) * normal(x),
    ),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2, lambda x: -2 * mp.tanh(x) * mp.sech(x) ** 2),
    "sigmoid": (logistic, rise, lambda x: rise(x) * (1 - 2 * logistic(x))),
    "silu": (
        lambda x: x * logistic(x), lambda x: logistic(x) + x * rise(x),
        lambda x: rise(x) * (2 + x * (1 - 2 * logistic(x))),
    ),
    "softplus": (lambda x: x * (x > 0), logistic, rise),
    "asinh": (
        mp.asinh, lambda x: 1 / mp.sqrt(1 + x * x), lambda x: -x / (1 + x * x) ** mp.mpf(1.5),
    ),
}  # fmt: skip


class TestBeyondTheLargestFloat:
    """A derivative is right where it is a number, also where its formula is beyond the largest float on the way."""

    @pytest.mark.parametrize("x", [-1e308, -1e200, -1e160, -1e155, -2e154, 1e154, 1e160, 1e200, 1e308])
    @pytest.mark.parametrize("name", ["atan", "erf", "erfc", "gelu", "tanh", "sigmoid", "silu", "softplus", "asinh"])
    def test_far_out(self, name, x):
        op = getattr(autograd, name)
        for order in range(3):
            with mpmath.workdps(700):
                due = MPMATH_FAR[name][order](mpmath.mpf(x))
            now = autograd.derivative(op, order=order)(x)
            assert abs(now - due) <= 1e-13 * abs(due) + 1e-300, (order, now, due)

    def test_a_mean_whose_sum_is_beyond(self):
        assert autograd.mean([HUGE, Value(HUGE)]).data == autograd.mean([HUGE, HUGE]) == HUGE

    def test_shares_of_scores_far_apart(self):
        for kind in (float, Value):
            shares = autograd.softmax([kind(-1e308), kind(1e308)])
            assert [float(share) for share in shares] == [0.0, 1.0]
        assert autograd.jacobian(autograd.softmax)([-1e308, 1e308]) == [[0.0, 0.0], [0.0, 0.0]]
        assert autograd.hessian(lambda v: autograd.softmax(v)[0])([-1e308, 1e308]) == [[0.0, 0.0], [0.0, 0.0]]
        assert autograd.hessian(autograd.logsumexp)([-1e308, 1e308]) == [[0.0, 0.0], [0.0, 0.0]]

    def test_a_power_of_zero_of_the_smallest_numbers(self):
        for x in (1e-309, -1e-309, TINY, 5.5e-309, 1.0 / HUGE):
            assert (Value(x) ** 0).slopes == (0.0, None)
            assert (Value(x) ** Value(0.0)).slopes[0] == 0.0
            assert autograd.derivative(lambda x: x**0, order=2)(x) == 0.0
        assert autograd.hessian(lambda v: v[0] ** v[1])([1e-3, 0.0])[0][1] == pytest.approx(1e3, rel=1e-14)

    def test_a_rule_of_ones_own(self):
        bell = Op("bell", lambda x: 1.0 / (1.0 + x * x), [lambda out, x: -2.0 * x / autograd.square(1.0 + x * x)])
        assert autograd.derivative(bell, order=2)(1e200) == 0.0
        assert autograd.hessian(lambda v: bell(v[0]) * v[1])([1e160, 1.0]) == [[0.0, 0.0], [0.0, 0.0]]


class TestSecondOrderAtKinks:
    """A second derivative at a kink is right, by a convention that the card states, or an error."""

    @pytest.mark.parametrize(
        ("f", "at"),
        [
            (lambda v: autograd.hypot(*v), [0.0, 0.0]),
            (lambda v: autograd.square(autograd.hypot(*v)), [0.0, 0.0]),  # right would be 2·I, PyTorch gives NaN
            (lambda v: autograd.hypot(*v) ** 2 * autograd.exp(v[0]), [0.0, 0.0]),
            (lambda v: autograd.sqrt(v[0] ** 2 + v[1] ** 2) ** 2, [0.0, 0.0]),
            (lambda v: autograd.sqrt(v[0]) ** 2, [0.0]),
            (lambda v: autograd.cbrt(v[0]) ** 3, [0.0]),
            (lambda v: autograd.asin(v[0]) * (1.0 - v[0]), [1.0]),
            (lambda v: v[0] ** v[1], [0.0, 1.0]),  # the mixed derivative is −∞, PyTorch gives 1
            (lambda v: v[0] ** v[1], [-0.0, 1.0]),
            (lambda v: v[0] ** v[1], [0.0, 0.0]),
            (lambda v: v[0] ** v[1], [1e-309, 0.0]),
            (lambda v: v[0] ** v[1], [0.0, 1.5]),
            (lambda v: v[0] ** v[1], [-2.0, 3.0]),
        ],
    )
    def test_refused(self, f, at):
        tangent = [1.0, *[0.0] * (len(at) - 1)]
        for second in (
            lambda: autograd.hessian(f)(at),
            lambda: autograd.hvp(f, at, tangent),
            lambda: autograd.jvp(autograd.grad(f), (at,), (tangent,)),
            lambda: autograd.jacobian(autograd.grad(f))(at),
        ):
            with pytest.raises(NonFiniteGradientError, match=r"second derivative does not exist|stops being"):
                second()

    def test_the_message(self):
        with pytest.raises(NonFiniteGradientError) as raised:
            autograd.hessian(lambda v: autograd.hypot(v[0], v[1]) ** 2)([0.0, 0.0])
        assert str(raised.value) == (
            "The second derivative does not exist at v1 = 0 (hypot): hypot has no second derivative where its operands "
            "are x1 = 0, x2 = 0. Write x*x + y*y for hypot(x, y)**2, or move the operands off that point. No gradient "
            "was changed."
        )
        assert autograd.hessian(lambda v: v[0] * v[0] + v[1] * v[1])([0.0, 0.0]) == [[2.0, 0.0], [0.0, 2.0]]

    def test_the_first_order_stays(self):
        assert autograd.grad(lambda v: autograd.hypot(*v))([0.0, 0.0]) == [0.0, 0.0]
        assert autograd.derivative(lambda x: autograd.hypot(x, 0.0))(0.0) == 0.0
        assert autograd.derivative(lambda x: 0.0 * autograd.sqrt(x))(0.0) == 0.0
        x, y = Value(0.0), Value(0.0)
        autograd.hypot(x, y).backward(create_graph=True)
        assert (x.grad.data, y.grad.data) == (0.0, 0.0)

    @pytest.mark.parametrize(
        ("f", "at", "due"),
        [
            (lambda x: where(x > 0, autograd.hypot(x, 0.0), x * x), 0.0, 2.0),
            (lambda x: where(x > 0, autograd.sqrt(x), 3.0 * x * x), 0.0, 6.0),
            (lambda x: autograd.relu(-autograd.hypot(x, 0.0) - 1.0) + x * x, 0.0, 2.0),
            (lambda x: 0.0 * autograd.sqrt(x) + x**3, 0.0, 0.0),
            (lambda x: autograd.step(x) * autograd.sqrt(x) + x * x, 0.0, 2.0),
            (lambda x: -(autograd.greater(x, 0.0) * 2.0) / 3.0 * autograd.sqrt(x) + x * x, 0.0, 2.0),
            (autograd.hypot, None, None),
        ],
    )
    def test_what_is_cut_off_is_left_out(self, f, at, due):
        if at is None:
            assert autograd.hessian(lambda v: f(*v))([3.0, 4.0])[0][0] == pytest.approx(16.0 / 125.0, rel=1e-14)
        else:
            assert autograd.derivative(f, order=2)(at) == due

    def test_a_factor_that_is_given_as_zero(self):
        """x·√w is 0 for every w where x is 0; the mixed derivative is infinite."""
        x, w = Value(0.0), Value(0.0)
        [slope] = gradients(x * autograd.sqrt(w), [w], create_graph=True)
        assert gradients(slope, [w]) == [0.0]
        assert gradients(slope, [w], create_graph=True)[0].data == 0.0
        for create_graph in (False, True):
            with pytest.raises(NonFiniteGradientError):
                gradients(slope, [x, w], create_graph=create_graph)

    @pytest.mark.parametrize("name", ["abs", "relu", "leaky_relu", "step", "sign", "floor", "ceil", "round"])
    def test_what_is_straight_on_both_sides_has_none(self, name):
        assert autograd.derivative(lambda x: getattr(autograd, name)(x), order=2)(0.0) == 0.0
