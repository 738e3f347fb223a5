"""Formulas as people write them, made into Python's: ``4·y³``, ``2(y − 1)x``, ``√s``, ``|x|``, ``eˣ``, ``½``.

What a derivation prints can be typed back. Names of numbers may be anything that a graph calls its nodes.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple, NoReturn

from autograd.errors import ExpressionError
from autograd.notation import RAISED_LETTERS
from autograd.symbol import number_text

__all__ = ["CONSTANTS", "to_python"]

CONSTANTS = {"pi": math.pi}
WRITTEN_CONSTANTS = {"π": math.pi, "pi": math.pi, "e": math.e}
#: Other words for operations.
FUNCTIONS = {
    "ln": "log", "σ": "sigmoid", "√": "sqrt", "∛": "cbrt", "log₂": "log2", "log₁₀": "log10", "tg": "tan",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "max": "maximum", "min": "minimum",
}  # fmt: skip
SIGNS = {
    "**": "**", "^": "**", "//": "//", "<=": "<=", ">=": ">=", "==": "==", "≤": "<=", "≥": ">=", "=": "==", "<": "<",
    ">": ">", "+": "+", "-": "-", "−": "-", "–": "-", "*": "*", "·": "*", "⋅": "*", "∙": "*", "×": "*", "/": "/",
    "÷": "/", "∕": "/", "%": "%", ",": ",",
}  # fmt: skip
BRACKETS = {"(": ")", "[": "]", "{": "}", "⌊": "⌋"}
RAISED = {chr(raised): chr(plain) for plain, raised in RAISED_LETTERS.items()} | dict(
    zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True)
)
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+\-−]?\d+)?")
FRACTION = re.compile(r"\s*([¼½¾⅐-⅞])")  # that is one sign
DECIMAL_COMMA = re.compile(r"[+\-−]?\d+,\d+")
MAX_NAMES_LISTED = 12


class _Token(NamedTuple):
    kind: str  # "operand", "function", "sign", "raised", "bracket"
    text: str


def to_python(written: str, names: Collection[str], functions: Collection[str]) -> tuple[str, dict[str, str]]:
    """Write a formula as Python has it, its names as identifiers.

    Args:
        written: the formula.
        names: of the numbers that may occur in it; ``x₁`` is read as ``x1``, ``s_1`` as ``s⟨1⟩``.
        functions: names of operations.

    Returns:
        the formula, and the name that each identifier stands for.

    Raises:
        ExpressionError: it has a name or a sign that is not known, or a bracket too many or too few.

    Example:
        >>> to_python("4·y³", ["y"], [])
        ('4.0 * ((n0)**(3))', {'n0': 'y'})
    """
    if DECIMAL_COMMA.fullmatch(written.strip()):
        written = written.replace(",", ".")
    reader = _Spelling(written, names, functions)
    return reader.sequence("", reader.refuse), reader.used


class _Spelling:
    def __init__(self, written: str, names: Collection[str], functions: Collection[str]) -> None:
        self.written, self.functions = written, functions
        self.names = {name: name for name in names}
        for name in names:
            for other in _other_spellings(name):
                self.names.setdefault(other, name)
        self.longest_first = sorted(self.names, key=len, reverse=True)
        self.used: dict[str, str] = {}
        self.identifiers: dict[str, str] = {}
        self.tokens = list(self.split())
        self.at = 0

    def refuse(self, why: str) -> NoReturn:
        shown = self.written if len(self.written) <= 60 else self.written[:57] + "…"
        raise ExpressionError(f"{shown!r} cannot be read: {why}")

    def identifier(self, name: str) -> _Token:
        name = self.names[name]
        found = self.identifiers.setdefault(name, f"n{len(self.identifiers)}")
        self.used[found] = name
        return _Token("operand", found)

    def split(self) -> Iterator[_Token]:
        """Yield the formula's words and signs."""
        text, at = self.written, 0
        digits = ""  # the number that was read just before
        while at < len(text):
            character = text[at]
            if character.isspace():
                at += 1
                continue
            word = _word_at(text, at)
            name = next((name for name in self.longest_first if text.startswith(name, at)), "")
            number = NUMBER.match(text, at)
            raised = len(text[at:]) - len(text[at:].lstrip("".join(RAISED)))
            sign = next((sign for sign in (text[at : at + 2], character) if sign in SIGNS), "")
            before, digits = digits, ""
            if name and len(name) >= len(word):
                yield self.identifier(name)
                at += len(name)
            elif number:
                if before:
                    self.refuse(f"{before} {number[0]} may be one number or a product: write which.")
                digits = number[0]
                self.refuse_two_readings(number[0], at)
                beside = FRACTION.match(text, number.end())
                yield _Token("operand", self.mixed(number[0], beside[1] if beside else ""))
                at = beside.end() if beside else number.end()
            elif word:
                yield from self.word(word)
                at += len(word)
            elif raised:
                yield _Token("raised", self.raised("".join(RAISED[c] for c in text[at : at + raised])))
                at += raised
            elif character in "√∛":
                yield _Token("function", FUNCTIONS[character])
                at += 1
            elif sign:
                yield _Token("sign", SIGNS[sign])
                at += len(sign)
            elif character in "()[]{}⌊⌋|":
                yield _Token("bracket", character)
                at += 1
            elif (fraction := unicodedata.numeric(character, None)) is not None:
                yield _Token("operand", repr(fraction))
                at += 1
            else:
                self.refuse(f"the sign {character!r} means nothing here.")

    def mixed(self, number: str, fraction: str) -> str:
        """Return what a number is that a fraction may follow: 2½ is 2.5, not a product."""
        if fraction and not number.isdecimal():
            self.refuse(f"{number}{fraction} may be a sum or a product: write which.")
        whole = float(number.replace("−", "-")) + (unicodedata.numeric(fraction) if fraction else 0.0)
        return repr(whole).replace("inf", "1e999")

    def refuse_two_readings(self, number: str, at: int) -> None:
        """Refuse ``2E2`` where E2 is a name: it may be that name doubled, or 200."""
        mantissa = re.split("[eE]", number)[0]
        name = next((name for name in self.longest_first if self.written.startswith(name, at + len(mantissa))), "")
        if len(name) > 1 and mantissa != number:
            self.refuse(
                f"{number} may be {mantissa}·{name} or {number_text(float(number.replace('−', '-')))}: write which."
            )

    def word(self, word: str) -> Iterator[_Token]:
        """Read a word: an operation, a constant, or names written without a sign between them."""
        function = FUNCTIONS.get(word, word)
        if function in self.functions:
            yield _Token("function", function)
        elif word in WRITTEN_CONSTANTS:
            yield _Token("operand", repr(WRITTEN_CONSTANTS[word]))
        else:
            rest = word
            parts = []
            while rest:
                name = next((name for name in self.longest_first if rest.startswith(name)), "")
                if not name:
                    self.refuse_word(word)
                parts.append(name)
                rest = rest[len(name) :]
            yield from map(self.identifier, parts)

    def refuse_word(self, word: str) -> NoReturn:
        known = list(dict.fromkeys(self.names.values()))
        close = difflib.get_close_matches(word, [*known, *self.functions, *FUNCTIONS], n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        more = ", …" if len(known) > MAX_NAMES_LISTED else ""
        self.refuse(f"there is no {word} here.{hint} The names are {', '.join(known[:MAX_NAMES_LISTED])}{more}.")

    def raised(self, exponent: str) -> str:
        """Write what was raised: a number, or a name of one letter, with a sign or without."""
        stem = exponent.lstrip("+-")
        if stem.isdigit():
            return exponent
        if not stem or stem[0].isdigit():
            self.refuse(f"write the exponent {exponent} after ^.")
        return "*".join([exponent[: len(exponent) - len(stem)] + "1", *(token.text for token in self.word(stem))])

    # --- the formula --------------------------------------------------------------------------------------------------

    def sequence(self, end: str, missing: Callable[[str], NoReturn]) -> str:
        """Write what comes before a closing bracket, or all there is; with × between two that have no sign."""
        parts: list[str] = []
        after = False  # whether an operand has just been written
        while self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            if kind == "bracket" and text == end and (after or text != "|"):
                self.at += 1
                return " ".join(parts)
            if kind == "sign":
                self.at += 1
                parts.append(text)
                after = False
            else:
                parts += ["*", self.atom()] if after else [self.atom()]
                after = True
        if end:
            missing(f"a {end} is missing.")
        return " ".join(parts)

    def atom(self) -> str:
        """Write one operand, with what it is raised to."""
        if self.at == len(self.tokens):
            self.refuse("something is missing at its end.")
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "bracket":
            written = self.bracket(text)
        elif kind == "function":
            power = self.take_raised()
            if self.at < len(self.tokens) and self.tokens[self.at] == ("bracket", "("):
                self.at += 1
                written = f"{text}({self.sequence(')', self.refuse)})"
            else:
                written = f"{text}({self.atom()})"
                self.refuse_open_end(text)
            written = f"({written}**({power}))" if power else written
        elif kind == "operand":
            written = text
        else:
            self.refuse(f"something is missing before {text}.")
        power = self.take_raised()
        return f"(({written})**({power}))" if power else written

    def refuse_open_end(self, function: str) -> None:
        """Refuse ``sin 2s``: it may be sin(2)·s or sin(2s)."""
        if self.at < len(self.tokens):
            kind, text = self.tokens[self.at]
            if kind == "operand" or text in BRACKETS:
                self.refuse(f"where does {function} end? Write {function}(…) with brackets.")

    def bracket(self, opening: str) -> str:
        if opening == "|":
            return f"abs({self.sequence('|', self.refuse)})"
        if opening not in BRACKETS:
            self.refuse(f"the {opening} closes nothing.")
        inner = self.sequence(BRACKETS[opening], self.refuse)
        if opening == "⌊":
            return f"(({inner}) // 1)"
        return f"[{inner}]" if opening == "[" else f"({inner})"

    def take_raised(self) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at].kind == "raised":
            self.at += 1
            return self.tokens[self.at - 1].text
        return ""


def _word_at(text: str, at: int) -> str:
    """Return the letters and digits from a place on, if they begin with a letter."""
    end = at
    while end < len(text) and (text[end].isalnum() or text[end] == "_") and text[end] not in RAISED:
        end += 1
    word = text[at:end]
    return "" if not word or unicodedata.numeric(word[0], None) is not None else word


def _other_spellings(name: str) -> Iterator[str]:
    """Yield how a name may be written as well: ``x₁`` for ``x1``, ``s_1`` for ``s⟨1⟩``."""
    stem = name.rstrip("0123456789")
    if stem and stem != name:
        yield stem + name[len(stem) :].translate(LOWERED)
    if name.endswith("⟩") and "⟨" in name:
        yield name[:-1].replace("⟨", "_")
