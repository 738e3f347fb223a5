"""What writes the pieces of a derivation: as text and as LaTeX. `autograd.steps` says what the pieces are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from autograd.latex_names import latex_name
from autograd.symbol import book, latex, latex_number, number_text

if TYPE_CHECKING:
    from autograd.scaled import Scaled

__all__ = ["Pen", "make_latex_pen", "make_text_pen"]

T = TypeVar("T")


class Pen(NamedTuple, Generic[T]):
    """How each piece of a derivation is written.

    Attributes:
        name: a name.
        fraction: the derivative of what has one name by what has another.
        directly: says of a derivative that it is the one along the edges that lead straight there.
        formula: a symbol.
        number: a number, also one beyond the floats.
        dots: what stands for pieces that are left out.
        join: pieces with a sign between them: ``+``, ``×``, ``·``, or ``" · "`` in a chain.
        brace: parentheses.
        minus: a minus before a piece.
        quotient: one piece over another.
        is_negative: whether a piece begins with a minus.
    """

    name: Callable[[str], T]
    fraction: Callable[[str, str], T]
    directly: Callable[[T], T]
    formula: Callable[[Any], T]
    number: Callable[[Scaled], T]
    dots: T
    join: Callable[[Sequence[T], str], T]
    brace: Callable[[T], T]
    minus: Callable[[T], T]
    quotient: Callable[[T, T], T]
    is_negative: Callable[[T], bool]


def make_text_pen(precision: int) -> Pen[str]:
    """Make the pen that writes text with so many significant digits."""

    def number(x: Scaled) -> str:
        far = x.decimal(precision)
        return f"{far[0]}e{far[1]:+}".replace("-", "−") if far else number_text(float(x), precision)

    signs = {"+": " + ", "×": " × "}
    return Pen(
        name=str,
        fraction=lambda upper, lower: f"∂{upper}/∂{lower}",
        directly=lambda fraction: f"{fraction} directly",
        formula=lambda symbol: book(symbol, precision),
        number=number,
        dots="…",
        join=lambda pieces, sign: signs.get(sign, sign).join(pieces),
        brace=lambda piece: f"({piece})",
        minus=lambda piece: f"−{piece}",
        quotient=lambda above, below: (
            f"{above} / ({below})" if " " in below or below[0] == "−" else f"{above} / {below}"
        ),
        is_negative=lambda piece: piece.startswith("−"),
    )


def make_latex_pen(precision: int) -> Pen[str]:
    """Make the pen that writes LaTeX with so many significant digits, and names as the lectures do."""

    def number(x: Scaled) -> str:
        far = x.decimal(precision)
        return rf"{far[0]} \times 10^{{{far[1]}}}" if far else latex_number(float(x), precision)

    signs = {"+": " + ", "×": r" \times ", "·": r" \cdot "}
    return Pen(
        name=latex_name,
        fraction=lambda upper, lower: rf"\frac{{\partial {latex_name(upper)}}}{{\partial {latex_name(lower)}}}",
        directly=lambda fraction: rf"{fraction}\Big|_{{\text{{direct}}}}",
        formula=lambda symbol: latex(symbol, precision),
        number=number,
        dots=r"\cdots",
        join=lambda pieces, sign: signs[sign.strip()].join(pieces),
        brace=lambda piece: rf"\left({piece}\right)",
        minus=lambda piece: f"-{piece}",
        quotient=lambda above, below: rf"\frac{{{above}}}{{{below}}}",
        is_negative=lambda piece: piece.startswith("-"),
    )
