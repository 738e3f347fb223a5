"""Reading 3, formulas: fed with symbols, a rule becomes its own formula as text, LaTeX and Python.

A `Symbol` is a name, or an operation on symbols and floats; operators and operations build larger ones.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autograd.errors import OpDefinitionError
from autograd.latex_names import latex_name
from autograd.notation import ATOM, Written, write_call
from autograd.op import READINGS, Op, is_same

__all__ = [
    "Symbol",
    "apply_to_symbols",
    "book",
    "call",
    "card",
    "count_parts",
    "formulas",
    "is_generic",
    "latex",
    "names_in",
    "number_text",
    "printable",
    "python",
    "text",
]

SURROGATE = re.compile("[\ud800-\udfff]")
LONGEST_FORMULA = 100_000  # parts; a longer one, which only a program writes, is cut
LEVELS_OF_A_LONG_FORMULA = 4

NO_NAMES: Mapping[Op, str] = MappingProxyType({})


class Symbol:
    """A number that is only written: a name, or an operation on symbols and floats.

    Args:
        name: text of a leaf.
        latex: its LaTeX form, made from the name unless given.
        number: the number that it stands for, where that is known.

    Attributes:
        plain: what a textbook writes instead: the same, without what keeps a rule away from a pole.
    """

    __slots__ = ("_latex", "name", "number", "op", "operands", "plain")

    def __init__(self, name: str, latex: str | None = None, number: Any = None) -> None:
        self.name = name
        self.number = number
        self.plain: Any = None
        self._latex = latex
        self.op: Op | None = None
        self.operands: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return f"Symbol({text(self)!r})"

    def __str__(self) -> str:
        return text(self)

    def __bool__(self) -> bool:
        raise TypeError("A symbol has no truth value: choose with autograd.where.")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"A symbol has no {name!r}: write rules with operators and autograd's own functions.")

    def __eq__(self, other: object) -> bool:
        raise TypeError("A symbol is not compared: write equal(x, y) or greater(x, y).")

    __hash__ = None  # type: ignore[assignment]


def apply_to_symbols(op: Op, operands: tuple[Any, ...]) -> Any:
    """Write an operation on symbols: the larger symbol, with 1·x, x + 0 and the like written shorter."""
    for place, number in op.neutral.items():
        if not isinstance(operands[place], Symbol) and is_same(operands[place], number):
            return operands[1 - place]
    short = None if op.tidy is None else op.tidy(*operands)
    return call(op, operands) if short is None else short


READINGS[Symbol] = apply_to_symbols


def call(op: Op, operands: Sequence[Any]) -> Symbol:
    """Make the symbol of an operation as it stands, whatever it is applied to."""
    symbol = Symbol(op.name)
    symbol.op = op
    symbol.operands = tuple([x if isinstance(x, Symbol) else float(x) for x in operands])
    return symbol


def is_generic(op: Op) -> bool:
    """Whether the function of an operation reads symbols, and with them every kind of number."""
    try:
        return isinstance(op.forward(*map(Symbol, "xyz" if op.nary else op.operands)), Symbol)
    except Exception:  # whatever a user's function does with what is no number
        return False


def number_text(number: float, precision: int = 6) -> str:
    """Write a number with `precision` significant digits and a typographic minus: ``−0.0163117``."""
    if math.isinf(number):
        return "−∞" if number < 0 else "∞"
    return f"{number:.{precision}g}".replace("-", "−")


def printable(name: str) -> str:
    """Replace the lone surrogates of a name, which no file or terminal takes, by U+FFFD."""
    return name if name.isascii() else SURROGATE.sub("\ufffd", name)


def _render(
    x: Any,
    leaf: Callable[[Symbol], str],
    number: Callable[[float], str],
    style: str,
    names: Mapping[Op, str] = NO_NAMES,
) -> str:
    """Write a symbol with parentheses only where precedence asks for them, without recursion."""
    done: list[Written] = []
    if style != "python" and count_parts(x) > LONGEST_FORMULA:
        x = _cut(x, LEVELS_OF_A_LONG_FORMULA)
    stack: list[tuple[Any, bool]] = [(x, False)]
    while stack:
        item, ready = stack.pop()
        if not isinstance(item, Symbol):
            value = float(item)
            written = number(value)
            product = math.copysign(1.0, value) < 0.0 or r"\times" in written
            done.append((written, 2 if product else ATOM))
        elif item.op is None:
            done.append((leaf(item), ATOM))
        elif not ready:
            stack.append((item, True))
            stack.extend((operand, False) for operand in reversed(item.operands))
        else:
            count = len(item.operands)
            parts = done[len(done) - count :] if count else []
            del done[len(done) - count :]
            done.append(_compose(item.op, item.operands, parts, style, names.get(item.op, item.op.name)))
    return done[0][0]


def names_in(symbols: Iterable[Any]) -> Iterator[str]:
    """Yield the names in formulas, from the left."""
    for whole in symbols:
        seen: set[int] = set()
        stack = [whole]
        while stack:
            item = stack.pop()
            if isinstance(item, Symbol) and id(item) not in seen:
                seen.add(id(item))
                stack.extend(reversed(item.operands))
                if item.op is None:
                    yield item.name


def count_parts(x: Any, *, plain: bool = False) -> int:
    """Count the names, numbers and operations that a formula writes: what is shared is written each time.

    Args:
        x: the formula.
        plain: count what a textbook writes.
    """
    counts: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(x, False)]
    while stack:
        item, ready = stack.pop()
        operands = item.operands if isinstance(item, Symbol) else ()
        if operands and plain and item.plain is not None:
            operands = (item.plain,)
        if ready:
            counts[id(item)] = 1 + sum(counts.get(id(operand), 1) for operand in operands)
        elif operands and id(item) not in counts:
            stack.append((item, True))
            stack.extend((operand, False) for operand in operands)
    return counts.get(id(x), 1)


def _cut(x: Any, levels: int) -> Any:
    """Return the outer levels of a formula, with … for what is inside."""
    if not isinstance(x, Symbol) or x.op is None:
        return x
    return call(x.op, [_cut(operand, levels - 1) for operand in x.operands]) if levels else Symbol("…", r"\ldots")


def _compose(op: Op, operands: tuple[Any, ...], parts: list[Written], style: str, name: str) -> Written:
    inner = ", ".join(part for part, _ in parts)
    if op.nary:
        return write_call(name, f"[{inner}]" if style == "python" else inner, style), ATOM
    if style == "python" and not op.notation.python:
        return write_call(name, inner, style), ATOM
    return op.notation.compose(operands, parts, style)


def text(x: Any, precision: int = 6) -> str:
    """Write a symbol or float as a line of text: ``2·x·(1 − y)``."""
    return _render(x, lambda leaf: leaf.name, lambda number: number_text(number, precision), "text")


def book(x: Any, precision: int = 6) -> str:
    """Write a symbol or float as a line of text with a textbook's signs: ``ln(x)``, ``eˣ``."""
    return _render(x, lambda leaf: leaf.name, lambda number: number_text(number, precision), "book")


def latex(x: Any, precision: int = 6) -> str:
    r"""Write a symbol or float as LaTeX: ``2 \cdot x \cdot \left(1 - y\right)``."""
    return _render(x, _latex_leaf, lambda number: latex_number(number, precision), "latex")


def python(x: Any, names: Mapping[Op, str] = NO_NAMES) -> str:
    """Write a symbol or float as a Python expression that computes it exactly.

    Args:
        names: what to call operations; their own names unless given.
    """
    return _render(x, lambda leaf: leaf.name, _python_number, "python", names)


def _python_number(number: float) -> str:
    if math.isnan(number):
        return "(1e999 - 1e999)"
    return repr(number).replace("inf", "1e999")


def latex_number(number: float, precision: int = 6) -> str:
    r"""Write a number as LaTeX: ``-1.5 \times 10^{-7}``."""
    if math.isinf(number):
        return r"-\infty" if number < 0 else r"\infty"
    if math.isnan(number):
        return r"\mathrm{NaN}"
    mantissa, _, exponent = f"{number:.{precision}g}".partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if exponent else mantissa


def _latex_leaf(leaf: Symbol) -> str:
    if leaf._latex is not None:
        return leaf._latex
    written = latex_name(leaf.name)
    return f"{{{written}}}" if "^" in written else written  # so that it can be raised to a power


def read_slopes(op: Op, out: Symbol, operands: tuple[Symbol, ...]) -> list[Any]:
    """Read the slope rules of an operation with symbols.

    Raises:
        OpDefinitionError: one does not read them.
    """
    try:
        slopes = op.slopes_at(out, operands)
        problem = "" if all(isinstance(slope, Symbol | float | int) for slope in slopes) else "it gives no number"
    except (TypeError, AttributeError) as error:
        problem = str(error)
    if problem:
        raise OpDefinitionError(
            f"A slope rule of operation {op.name!r} does not read symbols ({problem}): write it with operators and "
            "autograd's own functions (autograd.cos, not math.cos; where, not if), so that it reads every kind of "
            "number."
        )
    return slopes


def formulas(op: Op) -> tuple[Symbol, list[Any]]:
    """Read an operation with symbols: the call itself, and its slope for each operand.

    Raises:
        OpDefinitionError: a rule does not read them.
    """
    operands = tuple(map(Symbol, op.letters if op.nary else op.operands))
    out = call(op, operands)
    return out, read_slopes(op, out, operands)


def card(op: Op) -> str:
    """Write the card of an operation that ``help(op)`` shows."""
    from autograd.textbook import formula

    out, slopes = formulas(op)
    wrt = [text(operand) for operand in out.operands]
    lines = [f"{text(out)}: {op.doc}" if op.doc else text(out), ""]
    lines += [f"    ∂/∂{name} = {formula(slope)}" for name, slope in zip(wrt, slopes, strict=True)]
    names = op.operands
    lines += ["", "Domain      " + op.describe_domain()]
    if op.kink is not None:
        zero = "" if op.nary else f"where {text(op.kink(*map(Symbol, names)))} = 0: "
        lines.append(f"Kink        {zero}{op.convention}")
    elif op.convention:
        lines.append(f"Convention  {op.convention}")
    if op.reference:
        lines.append(f"Source      {op.reference}")
    return "\n".join(lines)
