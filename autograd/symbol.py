"""Reading 3, formulas: fed with symbols, a rule becomes its own formula as text, LaTeX and Python.

A `Symbol` is a name, or an operation on symbols and floats; operators and operations build larger ones.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from autograd.notation import ATOM, NEGATIVE, PRODUCT, Written, write_call
from autograd.op import READINGS, Op, is_same
from autograd.scaled import Scaled

__all__ = [
    "Symbol",
    "apply_to_symbols",
    "call",
    "card",
    "formulas",
    "is_generic",
    "latex",
    "number_text",
    "printable",
    "product",
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
        name: text of a leaf. `latex` is its LaTeX form, made from the name unless given.
    """

    __slots__ = ("_latex", "name", "op", "operands")

    def __init__(self, name: str, latex: str | None = None) -> None:
        self.name = name
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
    symbol.operands = tuple(x if isinstance(x, Symbol) else float(x) for x in operands)
    return symbol


def is_generic(op: Op) -> bool:
    """Whether the function of an operation reads symbols, and with them every kind of number."""
    try:
        return isinstance(op.forward(*map(Symbol, "xyz" if op.nary else op.operands)), Symbol)
    except Exception:  # whatever a user's function does with what is no number
        return False


def product(factors: Sequence[Any]) -> Any:
    """Multiply symbols and floats into one tidy product: the number first, signs and ones gathered into it.

    >>> str(product([2.0, Symbol("p") - Symbol("t"), -0.5]))
    '−(p − t)'
    """
    gathered = Scaled(1.0)
    rest: list[Any] = []
    stack = list(reversed(factors))
    while stack:
        x = stack.pop()
        if not isinstance(x, Symbol):
            gathered = gathered * Scaled(x)
        elif x.op is not None and x.op.notation is PRODUCT:
            stack.extend(reversed(x.operands))
        elif x.op is not None and x.op.notation is NEGATIVE:
            gathered = gathered * Scaled(-1.0)
            stack.append(x.operands[0])
        else:
            rest.append(x)
    coefficient = float(gathered)
    if not rest or not gathered:
        return coefficient
    size: Any = abs(coefficient)
    far = gathered.decimal(6)
    if far is not None:  # no float, but what multiplies it may bring it back
        mantissa = far[0].removeprefix("-")
        size = Symbol(f"{mantissa}e{far[1]:+}".replace("-", "−"), latex=rf"{mantissa} \times 10^{{{far[1]}}}")
    result = rest[0] if far is None and size == 1.0 else size * rest[0]
    for x in rest[1:]:
        result = result * x
    return -result if gathered.mantissa < 0 else result


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
    if style != "python" and _count_parts(x) > LONGEST_FORMULA:
        x = _cut(x, LEVELS_OF_A_LONG_FORMULA)
    stack: list[tuple[Any, bool]] = [(x, False)]
    while stack:
        item, ready = stack.pop()
        if not isinstance(item, Symbol):
            value = float(item)
            negative = value < 0 or (value == 0 and math.copysign(1, value) < 0)
            done.append((number(value), 2 if negative else ATOM))
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


def _count_parts(x: Any) -> int:
    """Count the names, numbers and operations that a formula writes: what is shared is written each time."""
    counts: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(x, False)]
    while stack:
        item, ready = stack.pop()
        operands = item.operands if isinstance(item, Symbol) else ()
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


LATEX_SPECIAL = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\hat{}", "~": r"\sim ", "\n": " ",
}  # fmt: skip
GREEK = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
))  # fmt: skip
GREEK_CAPITALS = frozenset(("gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega"))


def latex_name(name: str) -> str:
    """Write a name as LaTeX, with trailing digits and indices as a subscript: ``W1[0][1]`` as W_{1,0,1}."""
    stem = name.rstrip("0123456789[]")
    tail = name[len(stem) :]
    number, _, indices = tail.partition("[")
    places = [number] if number else []
    places += [piece for piece in indices.replace("]", "").split("[") if piece]
    stem = stem.removesuffix("_") if places else stem
    letter = (
        (unicodedata.name(stem, "") if len(stem) == 1 else "")
        .removeprefix("GREEK SMALL LETTER ")
        .removeprefix("GREEK CAPITAL LETTER ")
    )
    greek = letter.lower() if letter.lower() in GREEK else stem.lower() if stem.lower() in GREEK else ""
    capital = stem[:1].isupper()
    if greek and (not capital or greek in GREEK_CAPITALS):
        written = "\\" + (greek.capitalize() if capital else greek)
    else:
        written = "".join(LATEX_SPECIAL.get(character, character) for character in stem)
        if len(stem) != 1 or not stem.isascii():
            written = rf"\mathrm{{{written}}}"
    return f"{written}_{{{','.join(places)}}}" if places else written


def _latex_leaf(leaf: Symbol) -> str:
    return leaf._latex if leaf._latex is not None else latex_name(leaf.name)


def formulas(op: Op) -> tuple[Symbol, list[Any]]:
    """Read an operation with symbols: the call itself, and its slope for each operand."""
    operands = tuple(map(Symbol, op.letters if op.nary else op.operands))
    out = call(op, operands)
    return out, op.slopes_at(out, operands)


def card(op: Op) -> str:
    """Write the card of an operation that ``help(op)`` shows."""
    out, slopes = formulas(op)
    wrt = [text(operand) for operand in out.operands]
    lines = [f"{text(out)}: {op.doc}" if op.doc else text(out), ""]
    lines += [f"    ∂/∂{name} = {text(slope)}" for name, slope in zip(wrt, slopes, strict=True)]
    names = op.operands
    lines += ["", "Domain      " + ", ".join(i.describe(n) for i, n in zip(op.domain, names, strict=True))]
    if op.kink is not None:
        zero = "" if op.nary else f"where {text(op.kink(*map(Symbol, names)))} = 0: "
        lines.append(f"Kink        {zero}{op.convention}")
    elif op.convention:
        lines.append(f"Convention  {op.convention}")
    if op.reference:
        lines.append(f"Source      {op.reference}")
    return "\n".join(lines)
