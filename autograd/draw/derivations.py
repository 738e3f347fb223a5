"""Derivations as MathML: what `explain` says in a line of text, set as mathematics.

A derivation is a paragraph for each line, and a line is a row of formulas, ``∂E/∂w``, ``= 2·s·x``, ``= 2.94``, between
which a narrow page may break.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from autograd.draw.explorer.mathml import Tree, formula, markup, name_tree, number_tree
from autograd.pens import Pen, make_text_pen
from autograd.steps import Steps

if TYPE_CHECKING:
    from autograd.explain import Explanation
    from autograd.scaled import Scaled

__all__ = ["make_math_pen", "write_derivation"]


def write_derivation(explanation: Explanation) -> str:
    """Write a derivation as HTML: the derivative, and a list of its paths where there are several."""
    one, pen = explanation, make_math_pen(explanation.precision)
    steps = Steps(one, pen)
    lines = [_line(row) for row in steps.definitions()]
    derivative = [piece for row in steps.derivative() for piece in row]
    if one.count == 1:
        lines.append(_line(derivative, one._rules(one.paths[0])))
    else:
        ways = Steps(one, make_text_pen(one.precision)).ways()
        items = [_line(steps.path(k), ways[k] + one._rules(path), "li") for k, path in enumerate(one.paths)]
        left = one.count - len(one.paths)
        if left:
            items.append(f"<li>the other {left:,} together: {_math([pen.number(one._rest)])}</li>")
        lines += [_line(derivative), f"<p>the sum over {one.count:,} paths:</p><ol>{''.join(items)}</ol>"]
    note = escape(one._recorded())
    return "".join(['<div class="derivation">', *lines, f"<p>{note}</p>" if note else "", "</div>"])


def make_math_pen(precision: int) -> Pen[Tree]:
    """Make the pen that sets MathML with so many significant digits."""

    def number(x: Scaled) -> Tree:
        far = x.decimal(precision)
        if far is None:
            return number_tree(float(x), precision)
        digits, power = (["mn", str(part).replace("-", "−")] for part in far)
        return ["mrow", digits, ["mo", "×"], ["msup", ["mn", "10"], power]]

    def join(pieces: Sequence[Tree], sign: str) -> Tree:
        between: Tree = ["mo", sign.strip()]
        row = [part for k, piece in enumerate(pieces) for part in ((between, piece) if k else (piece,))]
        return ["mrow", *row] if len(row) > 1 else row[0]

    return Pen(
        name=name_tree,
        fraction=lambda upper, lower: ["mfrac", *(["mrow", ["mo", "∂"], name_tree(name)] for name in (upper, lower))],
        directly=lambda fraction: ["mrow", fraction, ["mtext", "\u00a0directly"]],
        formula=lambda symbol: formula(symbol, precision),
        number=number,
        dots=["mo", "…"],
        join=join,
        brace=lambda piece: ["mrow", ["mo", "("], piece, ["mo", ")"]],
        minus=lambda piece: ["mrow", ["mo", "−"], piece],
        quotient=lambda above, below: ["mfrac", above, below],
        is_negative=lambda piece: bool(piece[0] == "mrow" and piece[1] == ["mo", "−"]),
    )


def _math(trees: Sequence[Tree]) -> str:
    return f'<math displaystyle="true">{"".join(map(markup, trees))}</math>'


def _line(steps: Sequence[Tree], note: str = "", tag: str = "p") -> str:
    """Write what is equal as formulas of their own, each but the first behind its equals sign."""
    written = [_math([step] if k == 0 else [["mo", "="], step]) for k, step in enumerate(steps)]
    return f"<{tag}>{' '.join(written)}{escape(note)}</{tag}>"
