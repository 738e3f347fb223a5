"""Formulas as presentation MathML: the same symbols that become text and LaTeX become trees of elements.

A tree is ``[tag, child, …]`` with text or trees for children, so that a page builds it node by node and no name is
ever read as markup. ``["slot", place]`` stands for an operand, whose name or number the page fills in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html import escape
from typing import Any

from autograd import ops
from autograd.draw.labels import clean
from autograd.notation import ATOM
from autograd.op import Op
from autograd.symbol import Symbol, number_text

__all__ = ["Tree", "formula", "markup", "name_tree", "number_tree", "slot"]

Tree = list[Any]

MAX_TERMS = 6  # terms of a sum that are written out
MAX_FORMULA_PARTS = 300  # parts of a formula that is written at all
WORD = re.compile(r"[^\W\d_]\w*|\d+(?:\.\d+)?|\S")
DOTS: Tree = ["mo", "…"]
SLOT = "\0"  # begins the names of symbols that stand for operands


def slot(place: int) -> Symbol:
    """Make the symbol of the operand number `place`; of the result for −1."""
    return Symbol(f"{SLOT}{place}")


def name_tree(name: str) -> Tree:
    """Write a name as it was given, as the pictures beside the formula do.

    >>> markup(name_tree("W1[0][1]"))
    '<mi>W1[0][1]</mi>'
    """
    return ["mi", clean(name)]


def number_tree(number: float, precision: int = 6) -> Tree:
    """Write a number: ``−1.5 × 10⁻⁷``."""
    shown = number_text(number + 0.0, precision)
    negative, digits = shown.startswith("−"), shown.removeprefix("−")
    mantissa, e, exponent = digits.partition("e")
    tree: Tree = ["mn", mantissa] if digits[:1].isdigit() else ["mi", digits]
    if e:
        power = str(int(exponent.replace("−", "-"))).replace("-", "−")
        tree = ["mrow", tree, ["mo", "×"], ["msup", ["mn", "10"], ["mn", power]]]
    return ["mrow", ["mo", "−"], tree] if negative else tree


def formula(x: Any, precision: int = 6) -> Tree:
    """Write a symbol or float as a tree, without recursion; a very large one as ``…``."""
    done: list[tuple[Tree, int]] = []
    stack: list[tuple[Any, bool]] = [(x, False)]
    parts = 0
    while stack:
        item, ready = stack.pop()
        parts += not ready
        if parts > MAX_FORMULA_PARTS:
            return DOTS
        if not isinstance(item, Symbol):
            number = float(item)
            negative = math.copysign(1.0, number) < 0
            done.append((number_tree(number, precision), 2 if negative else ATOM))
        elif item.op is None:
            named = item.name.startswith(SLOT)
            done.append((["slot", int(item.name[1:])] if named else name_tree(item.name), ATOM))
        else:
            operands = _terms(item) or item.operands
            if ready:
                count = len(operands)
                inner = done[len(done) - count :] if count else []
                del done[len(done) - count :]
                done.append((_sum(inner), 1) if _is_sum(item) else _compose(item.op, inner))
            else:
                stack.append((item, True))
                stack.extend((operand, False) for operand in reversed(operands))
    return done[0][0]


def _is_sum(x: Any) -> bool:
    return isinstance(x, Symbol) and x.op is ops.add


def _terms(x: Symbol) -> tuple[Any, ...]:
    """List the terms of a sum that was added up from the left, those in the middle of a long one as dots."""
    terms: list[Any] = []
    rest: Any = x
    while _is_sum(rest):
        terms.append(rest.operands[1])
        rest = rest.operands[0]
    if not terms:
        return ()
    terms = [rest, *reversed(terms)]
    return tuple(terms if len(terms) <= MAX_TERMS else [*terms[:3], Symbol("…"), *terms[-2:]])


def _sum(terms: Sequence[tuple[Tree, int]]) -> Tree:
    row: Tree = ["mrow"]
    for index, (tree, _) in enumerate(terms):
        row += [["mo", "+"], tree] if index else [tree]
    return row


def _row(*parts: Tree) -> Tree:
    return ["mrow", *parts]


def _brace(tree: Tree) -> Tree:
    return _row(["mo", "("], tree, ["mo", ")"])


def _compose(op: Op, parts: Sequence[tuple[Tree, int]]) -> tuple[Tree, int]:
    """Write an operation on written operands: by its layout, or else by its notation for text."""
    trees = [tree for tree, _ in parts]
    if op is ops.truediv:
        return ["mfrac", *trees], 2
    if op is ops.reciprocal:
        return ["mfrac", ["mn", "1"], *trees], 2
    if op in (ops.pow, ops.square):
        base, precedence = parts[0]
        exponent = trees[1] if op is ops.pow else ["mn", "2"]
        return ["msup", base if precedence == ATOM else _brace(base), exponent], 3
    if op is ops.exp:
        return ["msup", ["mi", "e"], trees[0]], 3
    if op is ops.sqrt:
        return ["msqrt", *trees], ATOM
    if op is ops.cbrt:
        return ["mroot", *trees, ["mn", "3"]], ATOM
    if op.nary:
        inner: Tree = ["mrow"]
        shown = trees if len(trees) <= MAX_TERMS else [*trees[:3], DOTS, *trees[-2:]]
        for index, tree in enumerate(shown):
            inner += [["mo", ","], tree] if index else [tree]
        return _row(["mi", op.name], _brace(inner)), ATOM
    pieces = (op.notation.book or op.notation.text).split("{}")
    row: Tree = ["mrow"]
    for index, piece in enumerate(pieces):
        row += [
            ["mi" if word[0].isalpha() else "mn" if word[0].isdigit() else "mo", word] for word in WORD.findall(piece)
        ]
        if index < len(parts):
            tree, precedence = parts[index]
            least = op.notation.operand[index] if index < len(op.notation.operand) else 0
            negative = precedence == 2 and index and least and tree[0] == "mrow" and tree[1] == ["mo", "−"]
            row.append(_brace(tree) if precedence < least or negative else tree)
    return row, op.notation.precedence


def markup(tree: Tree, names: Sequence[Tree] = ()) -> str:
    """Write a tree as MathML text, with `names` in its slots.

    >>> markup(formula(Symbol("x") ** 2.0))
    '<msup><mi>x</mi><mn>2</mn></msup>'
    """
    written: list[str] = []
    stack: list[Any] = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            written.append(item[0])
        elif isinstance(item, str):
            written.append(escape(item))
        elif item[0] == "slot":
            stack.append(names[item[1]])
        else:
            written.append(f"<{item[0]}>")
            stack.append((f"</{item[0]}>",))
            stack.extend(reversed(item[1:]))
    return "".join(written)
