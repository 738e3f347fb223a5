"""Mistakes in slope rules: records that are wrong on purpose, each beside the catalogue's own."""

from __future__ import annotations

import math

from autograd import ops
from autograd.op import Op
from autograd.testing.check import check_gradients, check_op
from autograd.testing.gallery.exhibit import Exhibit

__all__ = ["RULES"]

POSITIVE = [(0.0, math.inf)]

tanh_of_input = Op("tanh", math.tanh, [lambda out, x: 1.0 - x * x])
sigmoid_twice = Op("sigmoid", ops.sigmoid, [lambda out, x: ops.sigmoid(out) * (1.0 - ops.sigmoid(out))])
relu_of_output = Op("relu", ops.relu, [lambda out, x: 1.0 - ops.greater(0.0, out)], kink=lambda x: x)
sqrt_upside_down = Op("sqrt", math.sqrt, [lambda out, x: 0.5 * out], domain=POSITIVE)
log10_as_log = Op("log10", math.log10, [lambda out, x: 1.0 / x], domain=POSITIVE)
own_slot = Op("mul", lambda x, y: x * y, [lambda out, x, y: x, lambda out, x, y: y])
quotient_without_sign = Op("truediv", lambda x, y: x / y, [lambda out, x, y: 1.0 / y, lambda out, x, y: out / y])
sin_for_once = Op("sin", math.sin, [lambda out, x: math.cos(x)])
relu_without_nan = Op("relu", lambda x: max(0.0, x), [lambda out, x: ops.step(x)], kink=lambda x: x)


def check_curvature(op: Op) -> None:
    """Check the slope and the curvature of an operation at 0.7 with `check_gradients`.

    Raises:
        GradientMismatch: one of them is wrong.
    """
    check_gradients(op, 0.7, order=2)


def check_nan(op: Op) -> None:
    """Feed an operation with NaN.

    Raises:
        AssertionError: the result is a number, and the bad one upstream goes unseen.
    """
    out = op(math.nan)
    if not math.isnan(out):
        raise AssertionError(f"{op.name}(nan) is {out:g}, where nan is due.")


RULES = (
    Exhibit(
        "slope from the input",
        tanh_of_input,
        ops.tanh,
        check_op,
        "Right near 0, where tanh(x) is almost x; beyond ±1 the slope is negative, and training runs uphill.",
        "1 − out² was read as 1 − x². A rule is handed both: the output first, then the operands.",
    ),
    Exhibit(
        "sigmoid of the sigmoid",
        sigmoid_twice,
        ops.sigmoid,
        check_op,
        "The loss falls, slowly: every slope lies between 0.197 and 0.25, so nothing ever saturates.",
        "σ′ = σ(x)·(1 − σ(x)), and the output is σ(x) already. The rule squashes it once more.",
    ),
    Exhibit(
        "ReLU that never closes",
        relu_of_output,
        ops.relu,
        check_op,
        "Neurons that are switched off learn as if they were on.",
        "The output is never negative, so `out >= 0` always holds. The condition is x > 0.",
    ),
    Exhibit(
        "square root upside down",
        sqrt_upside_down,
        ops.sqrt,
        check_op,
        "Right at 1, which is where it was tried.",
        "√x has slope 1/(2√x) = 0.5/out. Check a rule at more than one point, and never at 0 and 1 alone.",
    ),
    Exhibit(
        "logarithm of another base",
        log10_as_log,
        ops.log10,
        check_op,
        "A gradient that is 2.3 times too large, which a smaller learning rate hides.",
        "log₁₀ x = ln x / ln 10, and the constant stays.",
    ),
    Exhibit(
        "slots exchanged",
        own_slot,
        ops.mul,
        check_op,
        "x * x is right, and so is any test with equal operands. x * y is not.",
        "The slope of a product by one operand is the other one.",
    ),
    Exhibit(
        "quotient without its sign",
        quotient_without_sign,
        ops.truediv,
        check_op,
        "Numerators learn, denominators run away: softmax and normalisation diverge.",
        "∂(x/y)/∂y = −x/y². Minus is the first thing to get lost.",
    ),
    Exhibit(
        "rule of plain numbers",
        sin_for_once,
        ops.sin,
        check_curvature,
        "Every gradient is right. The first Hessian is an error here, and has zeros in engines that let it pass.",
        "`math.cos` makes a plain number of what it is given, so the slope has no graph to differentiate again. "
        "`autograd.cos` reads every kind of number.",
    ),
    Exhibit(
        "max(0, nan)",
        relu_without_nan,
        ops.relu,
        check_nan,
        "A network with a NaN inside gives clean zeros, and a loss that looks fine.",
        "A comparison with NaN is false, so Python's max keeps its first argument: `max(0.0, nan)` is 0. Compare with "
        "NaN in hand, or let the engine's relu do it.",
    ),
)
