"""Long sums and calls as one writes them on a board: s₀ + s₁ + … + s₉, where all terms are alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from autograd.notation import DIFFERENCE, SUM
from autograd.op import Op
from autograd.symbol import Symbol, call

__all__ = ["FIRST_TERMS", "MAX_TERMS", "by_numbers", "shorten"]

MAX_TERMS = 6  # terms that are alike and all written
FIRST_TERMS = 2  # written before the dots, behind which is the last one

DOTS = Symbol("…", r"\ldots")


def shorten(x: Any, most: int = MAX_TERMS, first: int = FIRST_TERMS) -> Any:
    """Write the first and the last of many terms of a sum, or operands of a call, that differ in names and numbers.

    Args:
        x: the formula.
        most: terms that are alike and all written.
        first: of more, how many are written before the dots.

    >>> from autograd.symbol import book
    >>> x, terms = Symbol("x"), [Symbol(f"a{k}") * Symbol(f"b{k}") for k in range(20)]
    >>> book(shorten(sum(terms, x)))
    'x + a0·b0 + a1·b1 + … + a19·b19'
    """
    done: dict[int, Any] = {}
    stack: list[tuple[Any, bool]] = [(x, False)]
    while stack:
        item, ready = stack.pop()
        if not isinstance(item, Symbol) or item.op is None or id(item) in done:
            continue
        parts = _terms(item)
        if not ready:
            stack.append((item, True))
            stack.extend((part, False) for _, part in parts)
            continue
        written = [(sign, done.get(id(part), part)) for sign, part in parts]
        if any(new is not old for (_, new), (_, old) in zip(written, parts, strict=True)) or len(parts) > most:
            done[id(item)] = _write(item.op, list(_dotted(parts, written, most, first)))
    return done.get(id(x), x)


def _terms(x: Symbol) -> list[tuple[Op | None, Any]]:
    """List the terms of a sum, each with what joins it to those before; of anything else the operands."""
    terms: list[tuple[Op | None, Any]] = []
    rest: Any = x
    while _is_sum(rest) and not (terms and _is_sum(terms[-1][1]) and _shape(rest) == _shape(terms[-1][1])):
        terms.append((rest.op, rest.operands[1]))
        rest = rest.operands[0]
    if not terms:
        return [(None, operand) for operand in x.operands]
    return [(None, rest), *reversed(terms)]


def _is_sum(x: Any) -> bool:
    return isinstance(x, Symbol) and x.op is not None and x.op.notation in (SUM, DIFFERENCE)


def _dotted(
    parts: Sequence[tuple[Op | None, Any]], written: Sequence[tuple[Op | None, Any]], most: int, first: int
) -> Iterator[tuple[Op | None, Any]]:
    """Yield terms as they are written, with dots for most of those that follow one another and are alike."""
    signs = [sign or (parts[1][0] if len(parts) > 1 else None) for sign, _ in parts]
    if parts[-1][0] is not None and signs[0] is not None and signs[0].notation is DIFFERENCE:
        signs[0] = None  # what stands first in a − b − c is not taken away
    shapes = [(sign and sign.notation, _shape(part)) for sign, (_, part) in zip(signs, parts, strict=True)]
    for _, run in groupby(range(len(parts)), shapes.__getitem__):
        places = list(run)
        if len(places) <= most:
            yield from (written[place] for place in places)
            continue
        sign = written[places[1]][0]
        places.sort(key=lambda place: _order(parts[place][1]))
        for count, place in enumerate([*places[:first], None, places[-1]]):
            yield None if count == 0 and 0 in places else sign, DOTS if place is None else written[place][1]


def _write(op: Op, parts: Sequence[tuple[Op | None, Any]]) -> Symbol:
    if op.notation not in (SUM, DIFFERENCE):
        return call(op, [part for _, part in parts])
    whole: Symbol = parts[0][1]
    for sign, part in parts[1:]:
        whole = call(sign or op, [whole, part])
    return whole


def _shape(x: Any) -> tuple[Any, ...]:
    """Return what is the same for formulas that differ in names and numbers only."""
    shape: list[Any] = []
    stack = [x]
    while stack:
        item = stack.pop()
        if isinstance(item, Symbol) and item.op is not None:
            shape.append((item.op, len(item.operands)))
            stack.extend(item.operands)
        else:
            shape.append(isinstance(item, Symbol))
    return tuple(shape)


def by_numbers(name: str) -> list[Any]:
    """Return what sorts names by the whole numbers they hold: s2, s10."""
    return [int(piece) if place % 2 else piece for place, piece in enumerate(re.split(r"([0-9]+)", name))]


def _order(x: Any) -> list[Any]:
    """Return what sorts formulas by the first name in them."""
    while isinstance(x, Symbol) and x.op is not None:
        x = next((part for part in x.operands if isinstance(part, Symbol)), None)
    return by_numbers(x.name if isinstance(x, Symbol) else "")
