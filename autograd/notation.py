"""Notation: how an operation is written as text, as in a textbook, as LaTeX and as Python."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

__all__ = [
    "ATOM", "DIFFERENCE", "EXPONENTIAL", "NEGATIVE", "POWER", "PRODUCT", "QUOTIENT", "SUM", "Notation", "Written",
    "write_call",
]  # fmt: skip

ATOM = 4  # the precedence of what never needs parentheses
SUPERSCRIPT = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")
RAISED_LETTERS = str.maketrans("abcdefghijklmnoprstuvwxyz−", "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ⁻")
LONGEST_SUPERSCRIPT = 1000  # whole exponents from here on are written after ^

#: A formula's text, and its precedence.
Written = tuple[str, int]


class Notation(NamedTuple):
    """How an operation is written, as templates with one ``{}`` for each operand.

    `precedence` is that of the result (1 sum, 2 product, 3 power, 4 atom); `operand` is the least
    precedence each operand may have without parentheses. `book` is how a textbook writes it, where that is not `text`.
    """

    text: str
    latex: str
    python: str
    precedence: int = ATOM
    operand: tuple[int, ...] = (0, 0, 0)
    book: str = ""

    def compose(self, operands: Sequence[Any], parts: Sequence[Written], style: str) -> Written:
        """Write an operation on operands that are written already.

        Args:
            operands: what the operation is applied to: symbols and floats.
            parts: how each is written.
            style: ``"text"``, ``"book"``, ``"latex"`` or ``"python"``; the last one's template is not empty.
        """
        template: str = getattr(self, style) or self.text
        left, right = ("\\left(", "\\right)") if style == "latex" else ("(", ")")
        # Python computes from the left, and a·(b·c) need not round as (a·b)·c does.
        exact = self.precedence + 1 if style == "python" and self.precedence < ATOM else 0
        braced = [before.endswith("{{") for before in re.split(r"\{\d?\}", template)] if style == "latex" else ()
        wrapped = [
            f"{left}{part}{right}"
            if not (braced and braced[index])
            and (
                precedence < (max(least, exact) if index else least)
                or (precedence == 2 and part[0] in "−-" and index and least)
            )
            else part
            for index, ((part, precedence), least) in enumerate(zip(parts, self.operand, strict=False))
        ]
        return template.format(*wrapped), self.precedence


class PowerNotation(Notation):
    """A power: small whole exponents are raised in text, single letters as well in a textbook, all of them in LaTeX."""

    __slots__ = ()

    def compose(self, operands: Sequence[Any], parts: Sequence[Written], style: str) -> Written:
        """Write a power."""
        if style == "python":
            return super().compose(operands, parts, style)
        (base, precedence), (raised, raised_precedence) = parts
        if style == "latex":
            base = base if precedence == ATOM else rf"\left({base}\right)"
            return f"{base}^{{{raised}}}", self.precedence
        base = base if precedence == ATOM else f"({base})"
        exponent = operands[1]
        if isinstance(exponent, float) and exponent.is_integer() and abs(exponent) < LONGEST_SUPERSCRIPT:
            return base + f"{exponent:.0f}".translate(SUPERSCRIPT), self.precedence
        if style == "book" and _can_be_raised(raised):
            return base + raised.translate(RAISED_LETTERS), self.precedence
        return f"{base}^{raised if raised_precedence == ATOM else f'({raised})'}", self.precedence


class ExponentialNotation(Notation):
    """A power of e: a single letter or a small whole number is raised, in LaTeX every exponent."""

    __slots__ = ()

    def compose(self, operands: Sequence[Any], parts: Sequence[Written], style: str) -> Written:
        """Write a power of e."""
        raised = parts[0][0]
        if style == "latex":
            return f"e^{{{raised}}}", POWER.precedence
        if style == "book" and _can_be_raised(raised):
            return "e" + raised.translate(RAISED_LETTERS), POWER.precedence
        return super().compose(operands, parts, style)


def _can_be_raised(written: str) -> bool:
    """Whether a letter, with or without a minus, has a raised form."""
    return len(written.removeprefix("−")) == 1 and ord(written[-1]) in RAISED_LETTERS and written != "−"


def write_call(name: str, inner: str, style: str) -> str:
    """Write a call: ``name(inner)``, in LaTeX with an upright name."""
    if style == "latex":
        return rf"\operatorname{{{name.replace('_', chr(92) + '_')}}}\left({inner}\right)"
    return f"{name}({inner})"


def call_notation(name: str, count: int) -> Notation:
    """Make the notation of an operation that has none of its own: ``name(x, y)``."""
    blanks = ", ".join(["{}"] * count)
    latex = write_call(name, "", "latex").replace("{", "{{").replace("}", "}}").replace(r"\left(", rf"\left({blanks}")
    return Notation(f"{name}({blanks})", latex, "")


SUM = Notation("{} + {}", "{} + {}", "{} + {}", 1, (1, 1))
DIFFERENCE = Notation("{} − {}", "{} - {}", "{} - {}", 1, (1, 2))
PRODUCT = Notation("{}·{}", r"{} \cdot {}", "{} * {}", 2, (2, 2))
QUOTIENT = Notation("{}/{}", r"\frac{{{}}}{{{}}}", "{} / {}", 2, (2, 3))
POWER = PowerNotation("{}^{}", "{}^{{{}}}", "{} ** {}", 3, (4, 4))
NEGATIVE = Notation("−{}", "-{}", "-{}", 2, (2,))
EXPONENTIAL = ExponentialNotation("exp({})", "e^{{{}}}", "")
