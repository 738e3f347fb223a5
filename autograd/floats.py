"""Reading 1, numbers: an operation computed on floats, with infinities, and the wording of what goes wrong."""

from __future__ import annotations

import linecache
import math
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

from autograd.errors import (
    DivisionByZeroError,
    DomainError,
    OpDefinitionError,
    OperandTypeError,
    PlaceError,
    ValueOverflowError,
)
from autograd.notation import QUOTIENT
from autograd.op import READINGS, REAL, Op
from autograd.symbol import Symbol, apply_to_symbols, text

__all__ = [
    "Extended", "apply_to_extended", "apply_to_floats", "failure", "real_number", "real_result", "slopes_on_floats",
    "user_line",
]  # fmt: skip


def apply_to_floats(op: Op, operands: tuple[float, ...]) -> float:
    """Compute an operation on floats.

    Raises:
        DomainError: the operation is undefined there.
        ValueOverflowError: finite operands, but the result is beyond the largest float.
    """
    try:
        out = op.forward(*operands)
        if type(out) is float and out - out == 0.0:
            return out
        return real_result(op, out, operands)
    except OpDefinitionError:
        raise
    except (ArithmeticError, ValueError) as error:
        letters = [Symbol(letter) for letter in op.name_operands(len(operands))]
        raise failure(op, operands, letters, error) from None


READINGS[float] = apply_to_floats


class Extended(float):
    """A float whose operations give ±∞ and NaN, as IEEE 754 says, where a float's raise.

    A slope may be infinite where the function itself is finite, such as that of √x at 0: the rule is then read with
    these numbers, and the edge shows ∞.
    """

    __slots__ = ()


def apply_to_extended(op: Op, operands: tuple[Any, ...]) -> Extended:
    """Compute an operation on extended floats."""
    numbers = tuple(map(float, operands))
    try:
        return Extended(op.forward(*numbers))
    except (ArithmeticError, ValueError, TypeError) as error:  # TypeError: a complex power
        if op.limit is not None:
            return Extended(op.limit(*numbers))
        if isinstance(error, ZeroDivisionError):  # a division inside, which extended floats do
            return Extended(op.forward(*map(Extended, numbers)))
        return Extended(math.inf if isinstance(error, OverflowError) else math.nan)


READINGS[Extended] = apply_to_extended


def slopes_on_floats(op: Op, out: float, numbers: tuple[float, ...], wanted: tuple[bool, ...]) -> list[float | None]:
    """Evaluate the slope rules on floats; where a slope is infinite or undefined it is ±∞ or NaN."""
    keep = None if all(wanted) else wanted
    try:
        return op.slopes_at(out, numbers, keep)
    except (ArithmeticError, ValueError):
        read = op.slopes_at(Extended(out), tuple(map(Extended, numbers)), keep)
        return [None if slope is None else float(slope) for slope in read]


def is_number(operand: object) -> bool:
    """Whether an operand is one real number: an int, a float, or what turns into one by itself."""
    return isinstance(operand, float | int) or (
        hasattr(operand, "__float__") and getattr(operand, "ndim", 0) == 0 and not isinstance(operand, str)
    )


def real_number(operand: object, where: str) -> float:
    """Turn an int, float, bool or NumPy scalar into a float.

    Raises:
        OperandTypeError: it is something else; the message says what to write instead.
        ValueOverflowError: it is an integer beyond the largest float.
    """
    if isinstance(operand, float | int):
        try:
            return float(operand)
        except OverflowError:
            raise ValueOverflowError(
                f"{where} was given an integer beyond the largest float, 1.8e308. Scale it down."
            ) from None
    kind = type(operand).__name__
    if isinstance(operand, str):
        named = "Give a number." if where.startswith("Value.") else "Names go into Value(number, name=…)."
        advice = f"Write float({operand!r})." if _is_numeral(operand) else named
    elif operand is None:
        advice = "A function without a return statement gives None."
    elif isinstance(operand, complex) or "complex" in kind:
        advice = "Only real numbers can be differentiated here: use .real and .imag as two Values."
    elif hasattr(operand, "__array__") and getattr(operand, "shape", ()) != ():
        advice = "A Value is one number: write [f(x) for x in array], or autograd.dot and autograd.total over a list."
    elif isinstance(operand, list | tuple):
        advice = "A Value is one number: write [f(x) for x in xs], or autograd.dot and autograd.total over a list."
    elif hasattr(operand, "__float__") and getattr(operand, "ndim", 0) == 0:
        return float(operand)
    elif hasattr(operand, "__float__"):
        advice = "Take the number out of the array with .item()."
    else:
        advice = "Give an int, a float, a NumPy scalar or a Value."
    if where == "Value.grad":
        advice += " None clears a gradient."
    raise OperandTypeError(f"{where} works on real numbers, not on {_a(kind)}. {advice}")


def real_result(op: Op, out: Any, numbers: Sequence[float]) -> float:
    """Turn what a forward function gave into a float, which is finite where the operands are.

    Raises:
        ValueError: it is complex, or NaN where no operand is.
        OverflowError: it is infinite from finite operands.
        OpDefinitionError: it is no number.
    """
    if isinstance(out, complex):
        raise ValueError("complex result")
    if not hasattr(out, "__float__") or isinstance(out, str):
        raise OpDefinitionError(
            f"The forward function of operation {op.name!r} gave {_a(type(out).__name__)}, where a float is due."
        )
    result = float(out)
    if result - result != 0.0:
        finite = all(x - x == 0.0 for x in numbers)
        # Among many finite operands ∞ − ∞ is an overflow; 0·∞ and the like are no number.
        if result != result and not (finite and op.nary) and all(x == x for x in numbers):
            raise ValueError("no number")
        if finite:
            raise OverflowError
    return result


def _a(noun: str) -> str:
    if noun == "NoneType":
        return "None"
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def _is_numeral(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def failure(op: Op, numbers: Sequence[float], symbols: Sequence[Any], error: Exception) -> ArithmeticError | ValueError:
    """Make the error for an operation that has no finite result, naming operands and the user's line.

    Args:
        numbers: the operands' numbers.
        symbols: how each operand is written; None for one that is written as its number.
        error: what the forward function raised.
    """
    called = [number if symbol is None else symbol for symbol, number in zip(symbols, numbers, strict=True)]
    shown = called
    if op.nary and len(called) > 6:
        shown = [*called[:3], Symbol(f"… {len(called) - 5} more …"), *called[-2:]]
    call = text(apply_to_symbols(op, tuple(shown)))
    given = [
        f"{text(x)} = {v!r}".replace("-", "−") for x, v in zip(called, numbers, strict=True) if isinstance(x, Symbol)
    ]
    at = ", ".join(given if len(given) <= 6 else [*given[:3], f"… {len(given) - 5} more …", *given[-2:]])
    at, where = at and f" at {at}", user_line()
    cure = _cure_in_where(op, called, numbers, isinstance(error, ZeroDivisionError))
    if isinstance(error, ZeroDivisionError):
        return DivisionByZeroError(
            f"{call} divides by zero{at}{where}. Keep the divisor away from 0, for instance by adding a small number "
            f"to it.{cure}"
        )
    if isinstance(error, IndexError):
        return PlaceError(
            f"{call} has no choice at {numbers[0]:g}{where}: it needs a whole number from 0 to {len(numbers) - 2}, as "
            f"there are {len(numbers) - 1} choices."
        )
    if isinstance(error, OverflowError):
        return ValueOverflowError(
            f"{call} is larger than the largest float, 1.8e308,{at}{where}. Scale the operands down, or use a stable "
            f"form (logsumexp, softplus, cross-entropy on logits).{cure}"
        )
    intervals = [i.describe(n) for n, i in zip(op.operands, op.domain, strict=True) if i != REAL and n.islower()]
    needs = op.needs or " and ".join(intervals)
    return DomainError(f"{call} is undefined{at}{where}" + (f"; {op.name} needs {needs}." if needs else ".") + cure)


def _cure_in_where(op: Op, operands: Sequence[Any], numbers: Sequence[float], division: bool) -> str:
    """Write an operand that can be computed with in the branch that `where` does not take, if the user's code has one.

    `where` is a function: both of its branches are computed, whichever is taken.
    """
    frame = _user_frame()
    code = None if frame is None else frame.f_code
    if code is None or "where" not in (*code.co_names, *code.co_freevars, *code.co_varnames) or op.nary:
        return ""
    place = len(operands) - 1 if op.notation is QUOTIENT else 0
    x, interval = operands[place], REAL if division else op.domain[place]
    if not isinstance(x, Symbol) or (numbers[place] in interval and not division):
        return ""
    letter = x.name if x.op is None else op.operands[place]
    inside = f"where({letter} == 0, 1.0, {letter})"
    if not division:
        low, high = interval
        condition = f"abs({letter}) < {high:g}" if low == -high else interval.describe(letter).replace("−", "-")
        inside = f"where({condition}, {letter}, {next(x for x in (1.0, 0.0, low + 1.0) if x in interval)})"
    written = {"truediv": f"… / {inside}", "pow": f"{inside} ** …"}.get(op.name, f"{op.name}({inside})")
    return f" Both branches of where are computed, also the one that is not taken: write {written}."


def user_line() -> str:
    """Return which line of the user's own code is running: `` at train.py:12 (`loss = log(p)`)``."""
    frame = _user_frame()
    if frame is None:
        return ""
    file = frame.f_code.co_filename
    code = linecache.getline(file, frame.f_lineno, frame.f_globals).strip()
    place = file.replace("\\", "/").rpartition("/")[2]
    code = code if len(code) <= 80 else code[:79] + "…"
    return f", in {place}:{frame.f_lineno}" + (f" (`{code}`)" if code else "")


def _user_frame() -> FrameType | None:
    """Return the innermost frame of the user's own code; None for a command, whose formula has no line."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if frame.f_globals.get("HAS_NO_LINES"):  # what is running was not read from a file
            return None
        package = module.partition(".")[0]
        ours = package in ("contextlib", "copy", "numpy") or getattr(sys.modules.get(package), "_NOT_THE_USERS", False)
        if not ours and not frame.f_code.co_filename.startswith("<autograd"):
            return frame
        frame = frame.f_back
    return None
