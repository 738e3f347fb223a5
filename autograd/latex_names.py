"""Names in LaTeX as the lectures write them: ``W1[0][1]`` is w₁₂ of layer 1.

Python counts from 0, the lectures from 1. So the weight ``W1[0][1]``, from input 1 to neuron 0 of the first layer, is
written w₁₂ with a (1) above: first the neuron that it goes into, then where it comes from, both counted from 1. A
number without brackets stays as it is: ``x1`` is x₁.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["NameParts", "latex_name", "note_counting", "split_name"]

#: A stem, a number, indices in brackets, and what tells nodes of one name apart.
NAME = re.compile(r"(?P<stem>.*?)_?(?P<number>\d*)(?P<indices>(?:\[\d+\])*)(?:⟨(?P<which>\d+)⟩)?", re.DOTALL)
LATEX_SPECIAL = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\hat{}", "~": r"\sim ", "\n": " ", **{sign: f"{{{sign}}}" for sign in "<>=+-"},  # no relation, no operator
}  # fmt: skip
GREEK = frozenset((
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
))  # fmt: skip
GREEK_CAPITALS = frozenset(("gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega"))


class NameParts(NamedTuple):
    """What a name is written with.

    Attributes:
        stem: the letter or word.
        above: what stands above it: the layer, what tells nodes of one name apart.
        below: its indices.
    """

    stem: str
    above: tuple[str, ...] = ()
    below: str = ""


def split_name(name: str) -> NameParts:
    """Split a name into what stands in the line, above and below.

    >>> split_name("W1[0][1]")
    NameParts(stem='w', above=('(1)',), below='12')
    """
    found = NAME.fullmatch(name)
    assert found is not None
    stem, number, which = found["stem"], found["number"], found["which"]
    if not stem:
        return NameParts(name)
    places = [str(int(index) + 1) for index in re.findall(r"\d+", found["indices"])]
    letter, _, word = stem.partition("_")
    split = len(letter) == 1 and word.isascii() and word.isalnum()
    above = [word] if split and places else []
    below = ("" if all(len(place) == 1 for place in places) else ",").join(places)
    if places and (len(places) > 1 or letter == "W") and (split or len(stem) == 1):
        letter = letter.lower()  # an entry of the matrix W is w
    if number and places:
        above.append(f"({number})")
    elif number:
        below = number
    if split and not places:
        below = f"{word}{',' if number else ''}{number}"
    if which:
        above.append(f"⟨{which}⟩")
    return NameParts(letter if split or len(stem) == 1 else stem, tuple(above), below)


def latex_name(name: str) -> str:
    r"""Write a name as LaTeX.

    >>> latex_name("W1[0][1]"), latex_name("W_hh[0][0]"), latex_name("x1"), latex_name("theta_1")
    ('w^{(1)}_{12}', 'w^{hh}_{11}', 'x_{1}', '\\theta_{1}')
    """
    stem, parts, below = split_name(name)
    above = " ".join(parts).replace("⟨", r"\langle ").replace("⟩", r" \rangle")
    return _letters(stem) + (f"^{{{above}}}" if above else "") + (f"_{{{below}}}" if below else "")


def note_counting(written: str, names: Iterable[str]) -> str:
    r"""Say how the first name that has its indices counted from 1 in a formula is typed; nothing where there is none.

    >>> note_counting(r"2 \cdot w_{12}", ["x1", "w[0][1]"])
    '\\qquad \\left(w_{12} \\text{ is } \\mathtt{w[0][1]}\\text{, counted from 0}\\right)'
    """
    for name in names:
        found = NAME.fullmatch(name)
        if found is not None and found["indices"] and latex_name(name) in written:
            typed = rf"\mathtt{{{_escape(name)}}}"
            return rf"\qquad \left({latex_name(name)} \text{{ is }} {typed}\text{{, counted from 0}}\right)"
    return ""


def _letters(stem: str) -> str:
    """Write a name without indices: one letter in italics, a word upright, the name of a Greek letter as the letter."""
    letter = (
        (unicodedata.name(stem, "") if len(stem) == 1 else "")
        .removeprefix("GREEK SMALL LETTER ")
        .removeprefix("GREEK CAPITAL LETTER ")
    )
    greek = letter.lower() if letter.lower() in GREEK else stem.lower() if stem.lower() in GREEK else ""
    capital = stem[:1].isupper()
    if greek and (not capital or greek in GREEK_CAPITALS):
        return "\\" + (greek.capitalize() if capital else greek)
    written = _escape(stem)
    return written if len(stem) == 1 and stem.isascii() else rf"\mathrm{{{written}}}"


def _escape(text: str) -> str:
    return "".join(LATEX_SPECIAL.get(character, character) for character in text)
