"""Functions chosen by name, with numbers where they take any: ``"relu"``, ``"leaky_relu(0.2)"``."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from typing import TypeVar

__all__ = ["look_up", "spell"]

T = TypeVar("T")

CALL = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*")


def look_up(written: str, known: Mapping[str, T], what: str) -> tuple[T, tuple[float, ...]]:
    """Find what ``name`` or ``name(number, …)`` stands for.

    Args:
        written: the name, with numbers in parentheses or without.
        known: everything that has a name.
        what: what is being looked up, for the message: ``"activation"``.

    Returns:
        what the name stands for, and the numbers.

    Raises:
        ValueError: the name is unknown, or the parentheses hold something other than numbers.

    Example:
        >>> look_up("normal(0, 0.1)", {"normal": "bell"}, "initialiser")
        ('bell', (0.0, 0.1))
    """
    found = CALL.fullmatch(written)
    if found is None or found[1] not in known:
        name = found[1] if found else written
        spelt = {each.lower(): each for each in known}
        close = difflib.get_close_matches(name.lower(), spelt, n=1)
        hint = f" Did you mean {spelt[close[0]]!r}?" if close else ""
        raise ValueError(f"{written!r} is no {what}.{hint} Known: {', '.join(known)}.")
    try:
        numbers = tuple(float(piece) for piece in found[2].split(",")) if found[2] else ()
    except ValueError:
        numbers = (math.nan,)
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{written!r}: only numbers go into the parentheses, as in '{found[1]}(0.1)'.")
    return known[found[1]], numbers


def spell(name: str, numbers: tuple[float, ...]) -> str:
    """Write a name with its numbers, so that `look_up` reads it back.

    >>> spell("leaky_relu", (0.2,))
    'leaky_relu(0.2)'
    """
    return f"{name}({', '.join(map(repr, numbers))})" if numbers else name
