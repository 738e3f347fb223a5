"""Text that is safe to draw: any name becomes one short visible line, escaped for Graphviz, of known width.

Graphviz measures text with the fonts of the machine it runs on, and a reader sees it with others; boxes are
therefore never narrower than an estimate with a wide font.
"""

from __future__ import annotations

import unicodedata
from html import escape

from autograd.op import Op

__all__ = ["clean", "html", "operation", "shorten", "tooltip", "width"]

VISIBLE = str.maketrans({"\n": "↵", "\r": "↵", "\t": " ", "\v": " ", "\f": " ", "\u2028": "↵", "\u2029": "↵"})
BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LEFT_TO_RIGHT = "\u200e"
RIGHT_TO_LEFT = frozenset(("R", "AL"))

#: Operations whose notation alone would not say what they do.
SYMBOLS = {"mul": "×", "truediv": "÷", "pow": "xʸ", "neg": "−x", "total": "Σ", "dot": "Σ w·x", "prod": "Π"}

NARROW = frozenset("ijlftrI.,:;|!'`()[]{}/\\··-\"")
BROAD = frozenset("mwMWQOGDHNUC@%&+=<>−←→↑↓≤≥×÷±∞—–…жмшщюыфЖМШЩЮЫФДОНИ")


def clean(text: str) -> str:
    """Make one visible line of a text: controls, lone surrogates and bidirectional overrides are replaced.

    A text with letters written from right to left gets a mark behind it, so that what follows keeps its place.
    """
    line = "".join("\ufffd" if c in BIDI_CONTROLS or not _legal(c) else c for c in text.translate(VISIBLE))
    if not line.strip():
        return f"“{line}”"
    if any(unicodedata.bidirectional(c) in RIGHT_TO_LEFT for c in line):
        return line + LEFT_TO_RIGHT
    return line


def _legal(character: str) -> bool:
    """Say whether XML may hold a character: no control, lone surrogate or noncharacter."""
    return unicodedata.category(character) not in ("Cc", "Cs") and ord(character) & 0xFFFE != 0xFFFE


def shorten(text: str, limit: int) -> str:
    """Leave out the middle of a text that has more than `limit` characters, and say so with ``…``."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 3
    end = len(text) - tail
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return f"{text[: limit - 1 - tail]}…{text[end:]}"


def html(text: str) -> str:
    """Escape a text for a Graphviz HTML-like label, in which backslashes start an escape too."""
    return escape(text).replace("\\", "\\\\")


def tooltip(text: str, limit: int = 1000) -> str:
    """Escape a text for a Graphviz tooltip attribute, whose escapes are read twice."""
    return escape(shorten(text, limit), quote=False).replace("\\", "\\" * 4)


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate the width of a text in points, in a sans-serif font on the wide side (such as DejaVu Sans)."""
    em = 0.0
    for c in text:
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
    if op.name in SYMBOLS:
        return SYMBOLS[op.name]
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
