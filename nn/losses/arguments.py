"""What losses are given: numbers of any kind in any nesting, read into flat lists and checked.

Checks read the numbers at hand and never choose a formula, so a recorded loss holds for other numbers too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd import DomainError, Symbol, Value, is_traced

__all__ = [
    "Flat",
    "Numbers",
    "check_distribution",
    "check_probabilities",
    "class_index",
    "is_constant",
    "read_number",
    "read_pair",
    "scores_and_target",
]

#: What a loss takes: a number of any kind, or a (nested) list or array of them.
Numbers = Any

SUM_TOLERANCE = 1e-6  # of a distribution: float32 softmax outputs pass
NUMBER_TYPES = frozenset({Value, float, int})


class Flat(NamedTuple):
    """The numbers of an argument in one list, the shape they came in, and what to call the argument."""

    numbers: list[Any]
    shape: tuple[int, ...]
    role: str

    def name(self, place: int) -> str:
        """Name one of the numbers: ``outputs[0][2] (O1)``."""
        indices: list[str] = []
        rest = place
        for length in reversed(self.shape):
            indices.append(f"[{rest % length}]")
            rest //= length
        x = self.numbers[place]
        name = f" ({x.name})" if isinstance(x, Value) and x.name else ""
        return self.role + "".join(reversed(indices)) + name


def flat(loss: str, role: str, given: Numbers) -> Flat:
    """Read a number, a nested list or an array into one list.

    Raises:
        ValueError: the lists are ragged.
        TypeError: something is no number.
    """
    if hasattr(given, "tolist"):
        given = given.tolist()
    if not isinstance(given, list | tuple):
        if not isinstance(given, Value | Symbol) and not hasattr(given, "__float__"):
            raise TypeError(f"{loss}: {role} must hold numbers, not {type(given).__name__} ({given!r}).")
        return Flat([given], (), role)
    if all(type(x) in NUMBER_TYPES for x in given):
        return Flat(list(given), (len(given),), role)
    parts = [flat(loss, role, item) for item in given]
    first = parts[0].shape
    for place, part in enumerate(parts):
        if part.shape != first:
            raise ValueError(
                f"{loss}: {role} is ragged: {role}[0] has shape {first} and {role}[{place}] has shape {part.shape}."
            )
    return Flat([number for part in parts for number in part.numbers], (len(parts), *first), role)


def read_pair(loss: str, outputs: Numbers, targets: Numbers) -> tuple[Flat, Flat]:
    """Read outputs and the targets that belong to them.

    Raises:
        ValueError: their shapes differ by more than axes of length 1, or there is nothing.
        TypeError: something is no number.
    """
    o, t = flat(loss, "outputs", outputs), flat(loss, "targets", targets)
    if o.shape != t.shape and [n for n in o.shape if n != 1] != [n for n in t.shape if n != 1]:
        raise ValueError(
            f"{loss}: outputs have shape {o.shape} and targets {t.shape}, which must match. Give each example one "
            "target for each output of the model."
        )
    if not o.numbers:
        raise ValueError(f"{loss} needs at least one output; got an empty list.")
    return o, t


def scores_and_target(loss: str, binary: str, scores: Numbers, target: Numbers) -> tuple[list[Any], Flat]:
    """Read the scores of one example for k ≥ 2 classes, and its target.

    Args:
        binary: the loss to use where there is only one output.

    Raises:
        ValueError: there are several examples, or fewer than two scores.
        TypeError: something is no number.
    """
    z, t = flat(loss, "scores", scores), flat(loss, "target", target)
    if len([n for n in z.shape if n != 1]) > 1:
        places = "; one of several places takes nn.CrossEntropyLoss() and a target for each"
        raise ValueError(
            f"{loss} takes the scores of one example, not an array of shape {z.shape}. Average it over the examples, "
            f"or let fit do so{places if loss == 'cross_entropy' else ''}."
        )
    if len(z.numbers) < 2:
        raise ValueError(
            f"{loss} needs the scores of at least two classes; got {len(z.numbers)}. For a single output use {binary}."
        )
    return z.numbers, t


def class_index(loss: str, target: Any, classes: int) -> Any:
    """Check a class: a plain number becomes an int, a Value stays one.

    Raises:
        ValueError: it is no whole number from 0 to classes − 1.
    """
    number = read_number(target)
    if number is None:
        return target
    if not 0 <= number < classes or number != int(number):
        raise ValueError(f"{loss}: the target class must be a whole number from 0 to {classes - 1}, not {number:g}.")
    return target if isinstance(target, Value) else int(number)


def check_probabilities(loss: str, given: Flat, instead: str = "") -> None:
    """Refuse numbers outside [0, 1].

    Args:
        instead: the loss that takes scores, to be named in the error.

    Raises:
        ValueError: there is one.
    """
    for place, x in enumerate(given.numbers):
        number = read_number(x)
        if number is not None and not 0.0 <= number <= 1.0:
            raise ValueError(
                f"{loss}: {given.name(place)} is {number!r}, but a probability lies in [0, 1]."
                + (f" For scores without an activation use {instead}." if instead else "")
            )


def check_distribution(loss: str, given: Flat, classes: int) -> None:
    """Refuse a target that is not one probability for each class, with sum 1.

    Raises:
        ValueError: it is not.
    """
    if len(given.numbers) != classes:
        raise ValueError(
            f"{loss}: the target holds {len(given.numbers)} numbers for {classes} classes. Give one probability for "
            "each class."
        )
    check_probabilities(loss, given)
    known = [number for number in map(read_number, given.numbers) if number is not None]
    if len(known) == classes and not -SUM_TOLERANCE <= sum(known) - 1.0 <= SUM_TOLERANCE:
        raise ValueError(f"{loss}: the target's probabilities must sum to 1; these sum to {sum(known):g}.")


def check_finite_loss(loss: str, impossible: float, outputs: Flat, targets: Flat, instead: str) -> None:
    """Refuse an output that gives probability 0 to what the target says may happen.

    Args:
        impossible: the output, 0 or 1, with which only the same target has a finite loss.
        instead: the loss that takes scores, to be named in the error.

    Raises:
        DomainError: there is one. It is a ValueError.
    """
    for place, (p, t) in enumerate(zip(outputs.numbers, targets.numbers, strict=True)):
        if read_number(p) == impossible and read_number(t) not in (impossible, None):
            raise DomainError(
                f"{loss} is infinite: {outputs.name(place)} is {impossible!r} where the target is {read_number(t)!r}. "
                f"Train on scores without an activation, with {instead}."
            )


def read_number(x: Any) -> float | None:
    """Read the number of a float or a Value; None for a symbol, or where every run has its own."""
    return None if isinstance(x, Symbol) or is_traced(x) else x.data if isinstance(x, Value) else float(x)


def is_constant(x: Any, number: float) -> bool:
    """Whether x is a plain number of this value, which no replay changes."""
    return not isinstance(x, Value | Symbol) and bool(x == number)
