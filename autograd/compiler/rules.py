"""An optimiser's rule, read with symbols: one formula for the new weight and one for each number remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autograd.errors import CompileError
from autograd.op import READINGS
from autograd.symbol import Symbol

__all__ = ["Rule", "read_rule"]


class Rule(NamedTuple):
    """A rule as formulas.

    Attributes:
        weight: the letter of a weight.
        gradient: the letter of its gradient.
        slots: the letters of what is remembered of it.
        settings: the letters of the settings.
        results: formulas of the new weight and of what is then remembered, in these letters.
    """

    weight: str
    gradient: str
    slots: tuple[str, ...]
    settings: tuple[str, ...]
    results: tuple[Any, ...]


class Setting(Symbol):
    """A setting that is not zero, so that ``if momentum:`` knows its way."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True


READINGS[Setting] = READINGS[Symbol]


def read_rule(rule: Callable[..., Any], slots: int, nonzero: Sequence[bool]) -> Rule:
    """Read a rule as formulas.

    Args:
        rule: ``(w, g, *slots, *settings) -> (w, *slots)``, written with operators and operations. It may branch on
            whether a setting is zero.
        slots: how many numbers it remembers of each weight.
        nonzero: of each setting, whether it is not zero.

    Raises:
        CompileError: the rule is written otherwise.
    """
    remembered = tuple([f"s{i}" for i in range(slots)])
    settings = tuple([f"c{i}" for i in range(len(nonzero))])
    symbols = map(Symbol, ("w", "g", *remembered))
    try:
        given = [Setting(name) if known else 0.0 for name, known in zip(settings, nonzero, strict=True)]
        results = rule(*symbols, *given)
    except (TypeError, AttributeError) as error:
        raise CompileError(
            "An optimiser's rule must be written with operators and autograd's own functions, and must not branch on "
            f"its weights: choose with where, greater and equal. Here: {error}"
        ) from error
    if not isinstance(results, tuple | list):
        raise CompileError(
            f"An optimiser's rule must return a tuple of the new weight and of what it remembers, not "
            f"{'None' if results is None else 'one number'}: end it with `return (w,)`."
        )
    if len(results) != 1 + slots:
        raise CompileError(
            f"An optimiser's rule that is given {slots} slot(s) must return the new weight and as many slots, not "
            f"{len(results)} number(s)."
        )
    return Rule("w", "g", remembered, settings, tuple(results))
