"""Answers to questions about derivatives: whether a number or a formula is right, and what is wrong if it is not.

A formula is right where it agrees with the graph's own derivative at random points, however it is written. Of a wrong
one only that is said which holds at every point: the sign, a factor, a path that is missing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from autograd.errors import AutogradError, ExpressionError
from autograd.floats import real_number
from autograd.formula import Answer, read_answer
from autograd.symbol import number_text
from autograd.trials import EPSILON, Derivative, Trial, bound_rounding

__all__ = ["Due", "Verdict", "judge"]

TOLERANCE = 1e-7  # relative, of formulas at random points
TOLERANCE_OF_ARITHMETIC = 5e-4  # relative, of arithmetic such as 0.84*2.6, whose numbers were rounded
FEWEST_DIGITS = 3  # significant digits of a number that are enough
FEWEST_POINTS = 3  # points at which a formula has to have a value
NEARLY = 0.02  # relative; a factor nearer to 1 is a number that was rounded
PLAIN_NUMBER = re.compile(r"[+\-−]?(\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE]([+\-−]?\d+))?")


class Verdict(NamedTuple):
    """What is said to an answer; it counts as true where the answer is right.

    Attributes:
        right: whether it is.
        words: a sentence.
    """

    right: bool
    words: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return self.words


class Pair(NamedTuple):
    """An answer and what it should be, at one point.

    Attributes:
        trial: the point.
        got: what the answer gives.
        expected: what it should.
        rounding: bounds the rounding error of both.
    """

    trial: Trial
    got: float
    expected: float
    rounding: float


class Due(NamedTuple):
    """What the answer to a question should be.

    Attributes:
        derivative: computes it at a point, with the sizes of the slopes instead of these where that is asked for.
        here: the recorded point.
        trials: random points; the numbers of frozen leaves vary as well.
        names: what the answer may speak of: numbers at a point, by name.
        factors: what the answer may be made of: each by its name, to be computed at a point.
        paths: what the paths contribute of which it is the sum, if it is one.
        frozen: points at which the frozen leaves have their own numbers.
        stuck: names that have one number at all points, since no leaf below them can move.
    """

    derivative: Derivative
    here: Trial
    trials: Sequence[Trial]
    names: Callable[[Trial], Mapping[str, float]]
    factors: Mapping[str, Callable[[Trial], float]]
    paths: Sequence[Callable[[Trial], float]]
    frozen: Callable[[], Sequence[Trial]]
    stuck: Callable[[], Sequence[str]]

    def rounding(self, trial: Trial) -> float:
        """Bound its rounding error at a point: a number as near to it as that cannot be told from it."""
        return bound_rounding(trial, [self.derivative])[0]


def judge(written: str | float, due: Due) -> Verdict:
    """Judge an answer.

    Args:
        written: a number, or text: a number, arithmetic, or a formula of the names.
        due: what it should be.

    Raises:
        ExpressionError: it cannot be read.
    """
    if not isinstance(written, str):
        return _judge_number(repr(real_number(written, "an answer")), due)
    text, names = written.strip(), list(due.names(due.here))
    if PLAIN_NUMBER.fullmatch(text) and not any(len(name) > 1 and name[0] in "eE" and name in text for name in names):
        return _judge_number(text, due)
    answer = read_answer(text, names)
    return _judge_formula(answer, due) if answer.names else _judge_arithmetic(answer, due)


def _judge_number(text: str, due: Due) -> Verdict:
    number, digits, unit = _read_number(text)
    if not math.isfinite(number):
        raise ExpressionError(f"{text} is beyond the largest float, about 1.8e308.")
    expected, rounding = due.derivative(due.here), due.rounding(due.here)

    def fits(target: float) -> bool:
        """Whether the number is that one, rounded to the digits that were written."""
        return _agree(number, target, TOLERANCE, _scale(rounding, target, expected)) or (
            digits > 1 and abs(number - target) <= 0.5000001 * unit
        )

    if _agree(number, expected, TOLERANCE, rounding) or (digits >= FEWEST_DIGITS and fits(expected)):
        return Verdict(True, "Right.")
    if fits(-expected):
        return Verdict(False, "The sign is wrong.")
    if fits(expected):
        return Verdict(False, f"Right to {digits} digits: give {FEWEST_DIGITS} or more.")
    if digits >= FEWEST_DIGITS and abs(number - expected) < unit:
        return Verdict(False, "Nearly: the last digit is off.")
    return Verdict(False, _compare_numbers(fits, expected, due) or "No.")


def _judge_arithmetic(answer: Answer, due: Due) -> Verdict:
    try:
        number = answer.compute({})
    except (ArithmeticError, AutogradError) as error:
        return Verdict(False, f"It has no value: {error}")
    if not math.isfinite(number):
        return Verdict(False, "It has no value.")
    expected, rounding = due.derivative(due.here), due.rounding(due.here)

    def fits(target: float) -> bool:
        return _agree(number, target, TOLERANCE_OF_ARITHMETIC, _scale(rounding, target, expected))

    if fits(expected):
        return Verdict(True, "Right.")
    if fits(-expected):
        return Verdict(False, "The sign is wrong.")
    return Verdict(False, _compare_numbers(fits, expected, due) or f"That is {number_text(number + 0.0)}: no.")


def _compare_numbers(fits: Callable[[float], bool], expected: float, due: Due) -> str:
    """Say of a wrong number what it would be right with; nothing where several things would do."""
    if any(fits(path(due.here)) for path in due.paths) and len(due.paths) > 1:
        return f"That is one of the {len(due.paths)} paths: add up the others."
    if not expected:
        return "No: something on the way is 0."
    numbers = {name: factor(due.here) for name, factor in due.factors.items()}
    missing = [name for name, number in numbers.items() if _is_factor(number) and fits(expected / number)]
    if len({numbers[name] for name in missing}) == 1:
        return f"Is the factor {missing[0]} missing? With it the number is right."
    if not missing and fits(expected / 2.0):
        return "Half of it: a factor 2 is missing."
    if not missing and fits(2.0 * expected):
        return "Twice too large."
    return ""


def _is_factor(number: float) -> bool:
    return number != 0.0 and abs(number) != 1.0 and math.isfinite(number)


def _judge_formula(answer: Answer, due: Due) -> Verdict:
    stuck = [name for name in due.stuck() if name in answer.names]
    if stuck:
        return Verdict(
            False,
            f"A formula cannot be compared here: {stuck[0]} sits at a kink or an end of its domain. Give the number.",
        )
    pairs = _compare(answer, due, due.trials)
    if isinstance(pairs, Verdict):
        return pairs
    if _all_agree(pairs):
        return Verdict(True, "Right.")
    frozen = due.frozen()
    if frozen and _all_agree(_compare(answer, due, frozen)):
        return Verdict(True, "Right, with the numbers that stay as they are put in.")
    ratios = [pair.got / pair.expected for pair in pairs if pair.expected]
    if _all_agree([pair._replace(got=-pair.got) for pair in pairs]):
        return Verdict(False, "The sign is wrong.")
    for path in due.paths if len(due.paths) > 1 else ():
        if _all_agree([pair._replace(expected=path(pair.trial)) for pair in pairs]):
            return Verdict(False, f"That is one of the {len(due.paths)} paths: add up the others.")
    if (
        len(ratios) == len(pairs)
        and ratios
        and ratios[0]
        and all(_agree(ratio, ratios[0], TOLERANCE) for ratio in ratios)
    ):
        return Verdict(False, _say_factor(ratios[0]))
    for name, factor in due.factors.items():
        factors = [factor(pair.trial) for pair in pairs]
        if not any(factors):  # with it everything agrees
            continue
        if _all_agree([pair._replace(got=pair.got * f) for pair, f in zip(pairs, factors, strict=True)]):
            return Verdict(False, f"The factor {name} is missing.")
        if _all_agree(
            [
                pair._replace(expected=pair.expected * f, rounding=pair.rounding * abs(f))
                for pair, f in zip(pairs, factors, strict=True)
            ]
        ):
            return Verdict(False, f"The factor {name} is one too many.")
    return _say_here(answer, due)


def _say_here(answer: Answer, due: Due) -> Verdict:
    """Say what a wrong formula gives at the recorded numbers."""
    try:
        number = answer.compute(due.names(due.here))
    except (ArithmeticError, AutogradError):
        return Verdict(False, "No.")
    if _agree(number, due.derivative(due.here), TOLERANCE, due.rounding(due.here)):
        return Verdict(False, "The number is right here, but at other numbers the formula is not.")
    return Verdict(False, f"No: with the numbers here it gives {number_text(number + 0.0)}.")


def _say_factor(ratio: float) -> str:
    if abs(ratio - 1.0) < NEARLY:
        return "Nearly: a number in it was rounded, or is not quite right."
    for number in (2.0, 3.0, 4.0):
        for sign, words in ((1.0, ""), (-1.0, "The sign is wrong, and ")):
            if _agree(sign * ratio * number, 1.0, TOLERANCE):
                return _capitalise(f"{words}a factor {number:g} is missing.")
            if _agree(sign * ratio, number, TOLERANCE):
                return _capitalise(f"{words}a factor {number:g} is too many.")
    return f"It is {number_text(ratio)} times what it should be: a number in it is wrong."


def _capitalise(words: str) -> str:
    return words[0].upper() + words[1:]


def _compare(answer: Answer, due: Due, trials: Sequence[Trial]) -> list[Pair] | Verdict:
    """Compute an answer and what it should be at each point at which it has a value; say so where it has none."""
    pairs = []
    trouble: Exception | None = None
    for trial in [due.here, *trials]:
        try:
            names = due.names(trial)
            got = answer.compute(names)
        except (ArithmeticError, AutogradError) as error:
            if isinstance(error, ExpressionError):
                raise
            trouble = error
            continue
        if math.isfinite(got):
            rounding = due.rounding(trial) + _rounding_of(answer, names, got)
            pairs.append(Pair(trial, got, due.derivative(trial), rounding))
    if len(pairs) < min(FEWEST_POINTS, 1 + len(trials)):
        return Verdict(False, f"It has no value at these numbers: {trouble}" if trouble else "It has no finite value.")
    return pairs


def _scale(rounding: float, target: float, expected: float) -> float:
    """Bound the rounding error of a multiple of what is expected, such as its opposite."""
    return rounding * abs(target / expected) if expected else rounding


def _rounding_of(answer: Answer, names: Mapping[str, float], got: float) -> float:
    """Bound the rounding error of a formula by how far it moves with the last digits of the numbers in it."""
    moved = 0.0
    for name in answer.names:
        try:
            there = answer.compute({**names, name: names[name] * (1.0 + 4.0 * EPSILON)})
            back = answer.compute({**names, name: names[name] * (1.0 - 4.0 * EPSILON)})
        except (ArithmeticError, AutogradError):
            continue
        moved += max((abs(number - got) for number in (there, back) if math.isfinite(number)), default=0.0)
    return moved


def _all_agree(pairs: Sequence[Pair] | Verdict) -> bool:
    return not isinstance(pairs, Verdict) and all(
        _agree(pair.got, pair.expected, TOLERANCE, pair.rounding) for pair in pairs
    )


def _agree(one: float, other: float, tolerance: float, rounding: float = 0.0) -> bool:
    if not (math.isfinite(one) and math.isfinite(other)):
        return one == other
    return abs(one - other) <= max(tolerance * max(abs(one), abs(other)), rounding)


def _read_number(text: str) -> tuple[float, int, float]:
    """Return a number, how many significant digits it was written with, and what 1 in the last of them is worth."""
    text = text.replace(",", ".").replace("−", "-")
    mantissa, _, exponent = text.lower().partition("e")
    _, _, decimals = mantissa.partition(".")
    digits = mantissa.lstrip("+-").replace(".", "").lstrip("0")
    return float(text), len(digits), float(f"1e{int(exponent or 0) - len(decimals)}")
