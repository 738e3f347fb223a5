"""Gradient check: the engine's derivatives against differences of the function itself, input by input.

A disagreement is told to be a bug, a kink or rounding; for a bug, the operation whose rule is wrong is named.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from autograd.collector import hold_collector
from autograd.errors import DomainError, ValueOverflowError
from autograd.floats import slopes_on_floats
from autograd.op import Interval, Op
from autograd.symbol import number_text
from autograd.testing.differences import Difference
from autograd.testing.subject import Subject
from autograd.value import Value

__all__ = ["GradientMismatch", "check_gradients", "check_op"]

RTOL = 1e-7
LEAST_NORMAL = sys.float_info.min  # below it floats have few digits, or none: differences are exact to that at best
POINTS_PROBED = 24  # at which `check_op` probes


class GradientMismatch(AssertionError):  # noqa: N818 (a failed test, not an error of the engine)
    """A derivative of the engine and the differences of the function disagree.

    Cause: the verdict. ``"bug"``: a slope rule is wrong, or a number left the graph (``v.data``, a function
    of `math`); ``"kink"``: the function has no derivative there, and the slope is a convention;
    ``"rounding"``: the differences are too inaccurate to tell.
    Cure: for a bug, the rule that the message names; otherwise, check at another point. `allow_kinks`
    accepts kinks.

    Attributes:
        input: name of the input, such as ``w[1]``.
        order: order of the derivative, from 1.
        engine: the engine's number.
        measured: the differences' number.
        error: how far off `measured` may be.
        verdict: ``"bug"``, ``"kink"`` or ``"rounding"``.
    """

    def __init__(
        self, message: str, name: str, order: int, engine: float, measured: float, error: float, verdict: str
    ) -> None:
        super().__init__(message)
        self.input, self.order, self.verdict = name, order, verdict
        self.engine, self.measured, self.error = engine, measured, error


class _Mismatch(NamedTuple):
    """One derivative that differs: of output number `row` by input number `column`."""

    order: int
    row: int
    column: int
    engine: float
    measured: Difference
    verdict: str
    reason: str


@hold_collector()
def check_gradients(
    f: Callable[..., Any], *xs: Any, order: int = 2, rtol: float = RTOL, allow_kinks: bool = False
) -> None:
    """Compare the engine's derivatives of a function with differences.

    The first order is compared with differences of f, the second with differences of the engine's
    gradient, and so on; steps shrink until the estimate is best, so about 10 digits are compared.

    Args:
        f: a function of numbers, or of lists, tuples, dicts and arrays of numbers, whose result is one
            number or a list of numbers. It is called with Values.
        xs: where to compare: the arguments of f. A Value counts as its number, and lends its name.
        order: the highest order of derivative, from 1. Order n compares outputs × inputsⁿ numbers.
        rtol: relative difference to accept; the differences' own error comes on top of it.
        allow_kinks: accept the engine's convention where f has a kink.

    Raises:
        GradientMismatch: they differ; the message names input, both numbers and the likely reason.
        ValueError: order is no whole number from 1, or f gives different numbers when called twice.
        NonFiniteGradientError: a derivative at xs is infinite.

    Example:
        >>> from autograd import tanh
        >>> check_gradients(lambda w, x: tanh(w[0] * x + w[1]), [0.5, -0.2], 0.7)
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"order must be a whole number from 1, not {order!r}.")
    subject = Subject.of(f, xs)
    if subject.partials(0) != subject.partials(0):
        raise ValueError(f"{subject.name} gives different numbers when called twice: seed its random numbers.")
    for level in range(order):
        found = [each for each in _mismatches(subject, level, rtol) if not (allow_kinks and each.verdict == "kink")]
        if found:
            raise _failure(subject, found)


def _mismatches(subject: Subject, level: int, rtol: float) -> Iterator[_Mismatch]:
    """Compare the engine's derivatives of order `level` + 1 with differences of those of order `level`."""
    higher = subject.partials(level + 1)
    width = len(subject.numbers)
    for column in range(width):
        for row, measured in enumerate(subject.measure(column, level)):
            engine = higher[row * width + column]
            if not _agree(engine, measured, rtol):
                mismatch = _judge(subject, level, row, column, engine, rtol)
                if mismatch is not None:
                    yield mismatch


def _agree(engine: float, measured: Difference, rtol: float) -> bool:
    gap, size = abs(engine - measured.value), max(abs(engine), abs(measured.value))
    return gap <= max(rtol * size, LEAST_NORMAL) or (gap <= 8.0 * measured.error and _precise(measured, engine))


def _precise(measured: Difference, engine: float) -> bool:
    """Whether a measured derivative is good enough to contradict the engine."""
    return measured.error <= max(1e-4 * abs(measured.value), 1e-4 * abs(engine), measured.floor)


def _judge(subject: Subject, level: int, row: int, column: int, engine: float, rtol: float) -> _Mismatch | None:
    """Return why two derivatives differ; None where the one-sided differences settle that they do not."""

    def mismatch(verdict: str, reason: str = "") -> _Mismatch:
        if verdict != "rounding" and not subject.single:
            wrong = _wrong_rule(subject, level + 1, rtol)
            if wrong or verdict == "bug":
                verdict, reason = "bug", wrong or _lost_number(subject)
        return _Mismatch(level + 1, row, column, engine, measured, verdict, reason)

    measured = subject.measure(column, level, rough=True)[row]
    if _agree(engine, measured, rtol):
        return None
    kinks = subject.kinks(column)
    if level == 0:
        both = [subject.one_sided(column, row, side) for side in (-1, 1)]
        sides = [each for each in both if _precise(each, engine)]
        if len(sides) == 2 or (sides and not kinks):  # one side only: the end of the domain
            if all(_agree(engine, each, rtol) for each in sides):
                return None
            if kinks or not _agree(sides[0].value, sides[-1], rtol):
                slopes = " and ".join(map(_round, sides))
                return mismatch("kink", f"{_list(kinks or ['the function'])}, with slopes {slopes} on its sides")
            measured = sides[0]
    if kinks and (subject.at_kink(column) or not _precise(measured, engine)):
        return mismatch("kink", _list(kinks))
    return mismatch("bug" if _precise(measured, engine) else "rounding")


def _round(measured: Difference) -> str:
    return "0" if abs(measured.value) <= measured.error else number_text(measured.value)


def _list(kinks: Sequence[str]) -> str:
    return "a kink of " + " and ".join(dict.fromkeys(kinks))


def _failure(subject: Subject, found: list[_Mismatch]) -> GradientMismatch:
    worst = min(found, key=lambda each: ("bug", "kink", "rounding").index(each.verdict))
    name, number = subject.names[worst.column], subject.numbers[worst.column]
    measured = worst.measured
    said = "cannot tell" if math.isnan(measured.value) else f"say {_digits(measured.value)} ± {measured.error:.0e}"
    message = (
        f"{subject.partial_name(worst.order, worst.row, name)} at {name} = {_digits(number)}: the engine says "
        f"{_digits(worst.engine)}, differences {said}. "
    )
    if worst.verdict == "kink":
        message += f"This looks like {worst.reason}; the engine's slope there is a convention."
    elif worst.verdict == "rounding":
        message += "This looks like rounding: the differences are too inaccurate here; check at another point."
    else:
        message += f"This looks like a bug{worst.reason and ': '}{worst.reason}."
    if len(found) > 1:
        message += f" ({len(found)} derivatives of order {worst.order} differ.)"
    return GradientMismatch(message, name, worst.order, worst.engine, measured.value, measured.error, worst.verdict)


def _wrong_rule(subject: Subject, order: int, rtol: float) -> str:
    """Check each operation of the graph by itself, and say which is the first whose rule is wrong."""
    for node in subject.nodes[:1000]:
        if node.op is None:
            continue
        single = Subject.of_node(node)
        for level in range(order):
            for each in _mismatches(single, level, rtol):
                if each.verdict == "bug":
                    what = single.partial_name(level + 1, each.row, single.names[each.column])
                    at = ", ".join(f"{n} = {_digits(x)}" for n, x in zip(single.names, single.numbers, strict=True))
                    rule = "slope rule" if level == 0 else "slope rule, differentiated again,"
                    return (
                        f"the {rule} of {node.op.name} gives {what} = {_digits(each.engine)} at {at}, where "
                        f"differences give {_digits(each.measured.value)}"
                    )
    return ""


def _lost_number(subject: Subject) -> str:
    if not subject.connected:
        return (
            f"{subject.name} did not give a Value, so its result depends on no input. Use autograd's functions, not "
            "those of math, and no .data or float()"
        )
    return (
        "every operation's own slopes are right, so a number left the graph: look for .data, float() or a function of "
        "math"
    )


def _digits(number: float) -> str:
    return number_text(number, 12)


def check_op(op: Op, points: Iterable[Sequence[float]] | None = None, *, order: int = 2, rtol: float = RTOL) -> None:
    """Check the record of an operation: its rules against differences, and all its readings against one another.

    At each point the slopes up to `order` are compared with differences; Values, floats and NumPy arrays
    have to give the same result and slopes; and the rules have to read symbols. Points within 0.001 of a
    kink, and points whose result overflows, are left out.

    Args:
        op: the record, of the catalogue or your own.
        points: operands to check at; without them, numbers all over the record's domain.
        order: the highest order of derivative, from 1.
        rtol: relative difference to accept.

    Raises:
        GradientMismatch: a rule is wrong.
        AssertionError: two readings differ.
        OpDefinitionError: a rule does not read symbols.
        DomainError: the operation is undefined at a point of the domain that its record states.

    Example:
        >>> check_op(Op("cube", lambda x: x * x * x, [lambda out, x: 3.0 * x * x]))
    """
    _ = op.card  # its rules read symbols
    checked = 0
    for operands in _probes(op) if points is None else [tuple(map(float, point)) for point in points]:
        try:
            out = op.apply(operands)
        except ValueOverflowError:
            continue
        except DomainError as error:
            error.add_note(f"The record of {op.name} states the domain {_domain(op)}, which holds {operands}.")
            raise
        if op.kink is not None and abs(op.kink(*operands)) < 1e-3:
            continue
        _compare_readings(op, out, operands)
        subject = Subject.of_op(op, operands)
        for level in range(order):
            found = list(_mismatches(subject, level, rtol))
            if found:
                raise _failure(subject, found)
        checked += 1
    if not checked:
        raise ValueError(f"No point was left to check {op.name} at: give points where it is smooth and finite.")


def _domain(op: Op) -> str:
    return ", ".join(interval.describe(name) for interval, name in zip(op.domain, op.operands, strict=True))


def _compare_readings(op: Op, out: float, operands: tuple[float, ...]) -> None:
    import numpy

    slopes = slopes_on_floats(op, out, operands, (True,) * len(operands))
    node = op.apply(tuple(map(Value, operands)))
    _same_numbers(op, "Values", operands, [node.data, *node.slopes], [out, *slopes], 0.0)
    with numpy.errstate(all="ignore"):
        arrays = tuple(numpy.full(2, x) for x in operands)
        batch = op.apply(arrays)
        read = [float(numpy.broadcast_to(x, 2)[1]) for x in (batch, *op.slopes_at(batch, arrays))]
    # NumPy's functions may differ from those of math in the last digits.
    _same_numbers(op, "NumPy arrays", operands, read, [out, *slopes], 1e-13)


def _same_numbers(
    op: Op, kind: str, operands: Sequence[float], read: Sequence[Any], due: Sequence[Any], rtol: float
) -> None:
    size = max((abs(x) for x in due if math.isfinite(x)), default=1.0)
    for place, (now, expected) in enumerate(zip(read, due, strict=True)):
        if now != expected and not abs(now - expected) <= rtol * max(size, 1.0):
            what = "the result" if place == 0 else f"the slope of operand {place}"
            raise AssertionError(
                f"{op.name} at {tuple(operands)}: on {kind}, {what} is {_digits(now)}, on floats {_digits(expected)}."
            )


def _probes(op: Op) -> Iterator[tuple[float, ...]]:
    """Spread points over the domain by multiples of irrational numbers, denser near 0 and near its ends."""
    counts = (1, 2, 3, 5) if op.nary else (len(op.slopes),)
    for count in counts:
        for k in range(1, POINTS_PROBED // len(counts) + 1):
            fractions = [(0.5 + k * math.sqrt(prime)) % 1.0 for prime in (2, 3, 5, 7, 11)[:count]]
            intervals = op.domain * count if op.nary else op.domain
            yield tuple(_place(u, interval) for u, interval in zip(fractions, intervals, strict=True))


def _place(fraction: float, interval: Interval) -> float:
    """Map a number of (0, 1) into an interval: evenly where it is short, else mostly near 0."""
    low, high = interval
    if high - low <= 40.0:
        return low + (high - low) * fraction
    spread = math.sinh(8.0 * (fraction - 0.5)) / 2.0  # −14 … 14
    if low < spread < high:
        return spread
    beyond = math.exp(6.0 * (fraction - 0.5))
    return high - beyond if math.isinf(low) else low + beyond
