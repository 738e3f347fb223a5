"""Text that is safe to draw: any name becomes one short visible line, escaped for Graphviz, of known width.

Graphviz measures text with the fonts of the machine it runs on, and a reader sees it with others; boxes are
therefore never narrower than an estimate with a wide font.
"""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import Any

from autograd import ops
from autograd.op import Op
from autograd.symbol import Symbol, apply_to_symbols, text
from autograd.textbook import formula
from autograd.value import Value

__all__ = [
    "clean",
    "edge_formulas",
    "html",
    "operation",
    "shorten",
    "sign",
    "tooltip",
    "width",
    "written_out",
]

VISIBLE = str.maketrans({"\n": "↵", "\r": "↵", "\t": " ", "\v": " ", "\f": " ", "\u2028": "↵", "\u2029": "↵"})
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LEFT_TO_RIGHT = "\u200e"
RIGHT_TO_LEFT = frozenset(("R", "AL"))
#: The blocks that hold every letter written from right to left.
MAYBE_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]"
)

#: Operations whose notation alone would not say what they do.
SYMBOLS = {
    ops.mul: "×",
    ops.truediv: "÷",
    ops.pow: "x^y",
    ops.neg: "−x",
    ops.total: "Σ",
    ops.dot: "Σ w·x",
    ops.prod: "Π",
}

INDICES = re.compile(r"(?:\[\d+\])+(?:⟨\d+⟩)?$")

MAX_FORMULA_PARTS = 300  # parts of a formula that is written at all

NARROW = frozenset("ijlftrI.,:;|!'`()[]{}/\\··-\"")
BROAD = frozenset("mwMWQOGDHNUC@%&+=<>−←→↑↓≤≥×÷±∞—–…жмшщюыфЖМШЩЮЫФДОНИΩΦΨΘΣΠ∂")


def clean(name: str) -> str:
    """Make one visible line of a name: controls, lone surrogates and bidirectional overrides are replaced.

    A name with letters written from right to left gets a mark behind it, so that what follows keeps its place.
    """
    if name.isprintable() and name.strip() and not MAYBE_RIGHT_TO_LEFT.search(name):
        return name
    line = "".join("\ufffd" if c in BIDI_CONTROLS or not _legal(c) else c for c in name.translate(VISIBLE))
    if not line.strip():
        return f"“{line}”"
    if any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in line):
        return line + LEFT_TO_RIGHT
    return line


def _legal(character: str) -> bool:
    """Whether XML may hold a character: no control, lone surrogate or noncharacter."""
    return unicodedata.category(character) not in ("Cc", "Cs") and ord(character) & 0xFFFE != 0xFFFE


def shorten(line: str, limit: int) -> str:
    """Leave out the middle of a line that has more than `limit` characters, and say so with ``…``.

    The indices that a name ends in are kept: they tell it from its neighbours.

    >>> shorten("weights_of_the_layer[7][0]", 16)
    'weights_o…[7][0]'
    """
    if len(line) <= limit:
        return line
    indices = INDICES.search(line[-limit // 2 :])
    tail = max((limit - 1) // 3, len(indices[0]) if indices else 0)
    end = len(line) - tail
    while end < len(line) and unicodedata.combining(line[end]):
        end += 1
    return f"{line[: limit - 1 - tail]}…{line[end:]}"


def html(line: str) -> str:
    """Escape a line for a Graphviz HTML-like label, in which backslashes start an escape too."""
    return escape(line).replace("\\", "\\\\")


def tooltip(lines: str, limit: int = 1000) -> str:
    """Escape lines of text for a Graphviz tooltip attribute, whose escapes are read twice."""
    legal = "".join(c if c == "\n" or _legal(c) else "\ufffd" for c in shorten(lines, limit))
    return escape(legal, quote=False).replace("\\", "\\" * 4)


def width(line: str, size: float, *, bold: bool = False) -> float:
    """Estimate the width of a line in points, in a sans-serif font on the wide side (such as DejaVu Sans)."""
    em = 0.0
    for c in line:
        if unicodedata.combining(c) or unicodedata.category(c) == "Cf":
            continue
        if unicodedata.east_asian_width(c) in "WF":
            em += 1.05
        elif c in NARROW:
            em += 0.4
        elif c in BROAD:
            em += 0.87
        elif c == " ":
            em += 0.32
        else:
            em += 0.69 if c.isupper() else 0.63
    return em * size * (1.1 if bold else 1.0)


def operation(op: Op) -> str:
    """Write an operation as one short sign: ``+``, ``×``, ``tanh``, ``σ``, ``|x|``, ``Σ w·x``."""
    if op in SYMBOLS:
        return SYMBOLS[op]
    template = op.notation.text
    called, bracket, _ = template.partition("(")
    if bracket and called and "{" not in called:
        return called
    sign = template.replace("{}", "").strip()
    if len(op.operands) > 1 and sign in "+−":
        return sign
    written = template
    for name in "xyz"[: len(op.operands)]:
        written = written.replace("{}", name, 1)
    return written


def written_out(node: Value) -> bool:
    """Whether the sign of a node holds its constant: the exponent of a power, or its base."""
    if node.op is not ops.pow or node.slopes.count(None) != 1:
        return False
    return float(node.operands[node.slopes.index(None)]) not in (0.0, 1.0)  # x¹ would be written as x alone


def sign(node: Value) -> str:
    """Write the operation of a node as one short sign; that of a power with its constant: ``x³``, ``2^x``."""
    assert node.op is not None
    if not written_out(node):
        return operation(node.op)
    x = Symbol("x")
    return text(
        apply_to_symbols(
            node.op, tuple([v if s is None else x for v, s in zip(node.operands, node.slopes, strict=True)])
        ),
        4,
    )


def edge_formulas(node: Value, names: dict[Value, str], limit: int, precision: int) -> list[str | None]:
    """Write the slope of each operand of a node as a formula of names: the operation's own rule.

    Args:
        names: a name for every node.
        limit: characters of a name; what is longer loses its middle.
        precision: significant digits of numbers.

    Returns:
        one text for each operand; None for a constant, and where the rule does not read symbols.
    """

    def write(v: Value | float) -> Any:
        return Symbol(shorten(clean(names[v]), limit)) if isinstance(v, Value) else v

    op, operands = node.op, node.operands
    assert op is not None
    wanted = [slope is not None for slope in node.slopes]
    try:
        symbols = op.slopes_at(write(node), [write(v) for v in operands], wanted)
    except (TypeError, AttributeError, ArithmeticError, ValueError):  # a user's rule, written for floats only
        return [None] * len(operands)
    return [_formula(symbol, precision) if want else None for symbol, want in zip(symbols, wanted, strict=True)]


def _formula(symbol: Any, precision: int) -> str:
    stack, parts = [symbol], 0
    while stack:
        x = stack.pop()
        parts += 1
        if parts > MAX_FORMULA_PARTS:
            return "…"
        if isinstance(x, Symbol):
            stack.extend(x.operands)
    return formula(symbol, precision)
