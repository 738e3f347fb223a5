"""Floats that divide by zero as IEEE 754 says: infinities and NaN instead of errors.

A slope may be infinite where the function itself is finite, such as that of √x at 0: the rule is then
read with these numbers, and the edge shows ∞.
"""

from __future__ import annotations

import math
from typing import Any

from autograd.op import READINGS, Op

__all__ = ["Extended"]


class Extended(float):
    """A float whose operations give ±∞ and NaN where a float's raise."""

    __slots__ = ()


def extended_reading(op: Op, operands: tuple[Any, ...]) -> Extended:
    """Compute an operation on extended floats; undefined results are NaN, unbounded ones ±∞."""
    numbers = tuple(float(x) for x in operands)
    name = op.name if op.catalogued else ""
    try:
        return Extended(op.forward(*numbers))
    except OverflowError:
        negative = name == "pow" and numbers[0] < 0 and numbers[1] % 2 == 1
        return Extended(-math.inf if negative or (name == "sinh" and numbers[0] < 0) else math.inf)
    except ZeroDivisionError:
        if name == "pow":
            odd = numbers[1] % 2 == 1
            return Extended(math.copysign(math.inf, numbers[0]) if odd else math.inf)
        if name != "truediv":  # a division inside, which extended floats do
            return Extended(op.forward(*map(Extended, numbers)))
        x, y = numbers
        return Extended(math.nan if x == 0 or x != x else math.copysign(math.inf, x) * math.copysign(1.0, y))
    except (ValueError, TypeError):  # TypeError: a complex power
        if name.startswith("log"):
            at_pole = numbers[0] == (-1.0 if name == "log1p" else 0.0)
            return Extended(-math.inf if at_pole else math.nan)
        return Extended(math.nan)


READINGS[Extended] = extended_reading
