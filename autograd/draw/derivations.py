"""Derivations as MathML: what `explain` says in a line of text, set as mathematics.

A derivation is a paragraph for each line, and a line is a row of formulas, ``∂E/∂w``, ``= 2·s·x``, ``= 2.94``, between
which a narrow page may break.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from autograd.draw.explorer.mathml import Tree, formula, markup, name_tree, number_tree
from autograd.notation import ATOM
from autograd.symbol import Symbol, printable

if TYPE_CHECKING:
    from autograd.explain import Explanation
    from autograd.scaled import Scaled
    from autograd.value import Value

__all__ = ["write_derivation"]

DOTS: Tree = ["mo", "…"]
TIMES: Tree = ["mo", "×"]
POINT: Tree = ["mo", "·"]


def write_derivation(explanation: Explanation) -> str:
    """Write a derivation as HTML: the derivative, and a list of its paths where there are several."""
    return _Derivation(explanation).write()


class _Derivation:
    """The steps of a derivation as trees of MathML."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation
        self.precision = explanation.precision
        self.names = explanation._chains.names

    def write(self) -> str:
        """Write the derivation."""
        one = self.explanation
        lines = []
        if one.output.name is None and one.output is not one.value and one.output._x is not None:
            lines.append(_line([self.label(one.output), self.formula(one._chains.definition)]))
        head = self.fraction(one.output, one.value)
        if one.count == 1:
            lines.append(_line([head, *self.path(0)], one._rules(one.paths[0])))
            return self._wrap(lines)
        lines.append(_line([head, *self.sum()]))
        items = [_line(self.path(k), one._rules(path), "li") for k, path in enumerate(one.paths)]
        others = one.count - len(one.paths)
        if others:
            items.append(f"<li>the other {others:,} together: {_math([self.number(one._rest)])}</li>")
        lines.append(f"<p>the sum over {one.count:,} paths:</p><ol>{''.join(items)}</ol>")
        return self._wrap(lines)

    def _wrap(self, lines: list[str]) -> str:
        note = escape(self.explanation._recorded())
        return "".join(['<div class="derivation">', *lines, f"<p>{note}</p>" if note else "", "</div>"])

    def sum(self) -> list[Tree]:
        """Set the derivative by several paths: the sum over children with its numbers, or one formula."""
        one = self.explanation
        if len(one.children) < 2:
            whole = [] if one._sum is None else [self.formula(one._sum)]
            return [*whole, self.number(one._total)]
        symbols: list[Tree] = []
        numbers: list[Tree] = []
        for shown in one._shown_terms:
            if shown is None:
                symbols.append(DOTS)
                numbers.append(DOTS)
                continue
            node, adjoint, slope = shown
            below = self.fraction(node, one.value)
            direct = node is one.output
            ways = [(one.output, node), (node, one.value)]
            symbols.append(_row([below, ["mtext", "\u00a0directly"]]) if direct else self._chain(ways))
            number = self.number(slope) if direct else self.times([adjoint, slope])
            numbers.append(
                _brace(number) if numbers and _is_negative(self.number(slope if direct else adjoint)) else number
            )
        steps = [_join(symbols, ["mo", "+"]), _join(numbers, ["mo", "+"]), self.number(one._total)]
        return steps if one._closed is None else [*steps, self.formula(one._closed)]

    def path(self, index: int) -> list[Tree]:
        """Set one path: the chain of factors, their product in symbols, in numbers, and the result."""
        one = self.explanation
        line, factors = one._chains.lines[index], one.paths[index]._shown()
        steps: list[Tree] = []
        if len(factors) > 1:
            steps.append(self._chain([(f.upper, f.lower) if f else None for f in factors]))
        if isinstance(line.symbol, Symbol):
            steps.append(self.formula(line.written))
        if len(factors) > 1 and len(line.above) + len(line.below) > 1:
            product = self.times(line.above)
            if line.negative:
                begins = line.above[0] is not None and _is_negative(self.number(line.above[0]))
                product = _row([["mo", "−"], _brace(product) if begins else product])
            steps.append(["mfrac", product, self.times(line.below)] if line.below else product)
        result = self.number(one._products[index])
        return steps if steps and steps[-1] == result else [*steps, result]

    def formula(self, symbol: Any) -> Tree:
        """Set a formula."""
        return formula(symbol, self.precision)

    def label(self, v: Value) -> Tree:
        """Set what a Value is called, or how it was computed."""
        name = self.names.get(v)
        if name is not None:
            return name_tree(printable(name))
        symbol = self.explanation._chains.write(v)
        tree = self.formula(symbol)
        operation = isinstance(symbol, Symbol) and symbol.op is not None
        return _brace(tree) if operation and symbol.op.notation.precedence < ATOM else tree

    def fraction(self, upper: Value, lower: Value) -> Tree:
        """Set a derivative, ∂upper/∂lower."""
        return ["mfrac", *(["mrow", ["mo", "∂"], self.label(v)] for v in (upper, lower))]

    def _chain(self, factors: Iterable[tuple[Value, Value] | None]) -> Tree:
        return _join([self.fraction(*pair) if pair else DOTS for pair in factors], POINT)

    def number(self, number: Scaled) -> Tree:
        """Set a number, also one beyond the floats."""
        far = number.decimal(self.precision)
        if far is None:
            return number_tree(float(number), self.precision)
        power: Tree = ["msup", ["mn", "10"], ["mn", str(far[1]).replace("-", "−")]]
        return _row([["mn", str(far[0]).replace("-", "−")], TIMES, power])

    def times(self, numbers: Sequence[Scaled | None]) -> Tree:
        """Set a product of numbers; a negative one after the first in parentheses."""
        from autograd.explain import _elide

        trees = [DOTS if number is None else self.number(number) for number in numbers]
        return _join(_elide([_brace(t) if k and _is_negative(t) else t for k, t in enumerate(trees)], DOTS), TIMES)


def _is_negative(tree: Tree) -> bool:
    return bool(tree[0] == "mrow" and tree[1] == ["mo", "−"])


def _row(parts: Sequence[Tree]) -> Tree:
    return ["mrow", *parts]


def _brace(tree: Tree) -> Tree:
    return ["mrow", ["mo", "("], tree, ["mo", ")"]]


def _join(trees: Sequence[Tree], between: Tree) -> Tree:
    if len(trees) == 1:
        return trees[0]
    return _row([part for k, tree in enumerate(trees) for part in ((between, tree) if k else (tree,))])


def _math(trees: Sequence[Tree]) -> str:
    return f'<math displaystyle="true">{"".join(map(markup, trees))}</math>'


def _line(steps: Sequence[Tree], note: str = "", tag: str = "p") -> str:
    """Write what is equal as formulas of their own, each but the first behind its equals sign."""
    written = [_math([step] if k == 0 else [["mo", "="], step]) for k, step in enumerate(steps)]
    return f"<{tag}>{' '.join(written)}{escape(note)}</{tag}>"
