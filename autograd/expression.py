"""Values in symbols: what has a name is written by it, what has none is written out, down to the nearest names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from autograd.notation import ATOM
from autograd.op import READINGS
from autograd.symbol import Symbol, apply_to_symbols, book, latex, number_text, printable
from autograd.value import Value

__all__ = ["NO_NAMES", "are_told_apart", "definition", "expression", "label", "slope_symbols"]

NO_NAMES: Mapping[Value, str] = MappingProxyType({})
MAX_FORMULA_DEPTH = 4  # operations that a formula writes out for an operand without a name
MAX_OPERANDS = 2 * MAX_FORMULA_DEPTH + 1  # operands of one operation that a formula writes out


def slope_symbols(
    node: Value, slot: int | None = None, names: Mapping[Value, str] = NO_NAMES, most: int = MAX_OPERANDS
) -> list[Any]:
    """Read the slope rules of a node with symbols: all of them, or the one of an operand (None for the others)."""
    operands = node.operands
    wanted = None if slot is None else [place == slot for place in range(len(operands))]
    many = len(operands) > MAX_OPERANDS
    written = tuple(
        [
            _Unread(v, names, most) if many and isinstance(v, Value) else expression(v, names, most=most)
            for v in operands
        ]
    )
    slopes: list[Any] = node._op.slopes_at(expression(node, names, most=most), written, wanted)
    return slopes


class _Unread(Symbol):
    """The symbol of one operand of many, written when a rule looks at it: few of them are in the slope of another."""

    __slots__ = ("most", "names", "value")

    def __init__(self, value: Value, names: Mapping[Value, str], most: int) -> None:
        self.value, self.names, self.most = value, names, most

    def __getattr__(self, slot: str) -> Any:
        if slot not in Symbol.__slots__:
            return super().__getattr__(slot)
        symbol = expression(self.value, self.names, most=self.most)
        for own in Symbol.__slots__:
            setattr(self, own, getattr(symbol, own))
        return getattr(self, slot)


READINGS[_Unread] = READINGS[Symbol]


def label(v: Value, names: Mapping[Value, str] = NO_NAMES, precision: int = 6) -> str:
    """Name a Value in one line of text: its name, or its expression in parentheses, cut at 40 characters.

    Args:
        v: the Value.
        names: what Values are called instead of their own names.
        precision: significant digits of numbers.
    """
    symbol = expression(v, names)
    if not isinstance(symbol, Symbol):  # a branch that was chosen once and for all may be a number
        return number_text(symbol, precision)
    if symbol.op is None:
        return str(symbol.name)
    written = book(symbol, precision)
    if not symbol.op.nary and symbol.op.notation.precedence < ATOM:
        written = f"({written})"
    return written if len(written) <= 40 else written[:38] + "…)"


def expression(
    v: Value | float,
    names: Mapping[Value, str] = NO_NAMES,
    depth: float = MAX_FORMULA_DEPTH,
    most: int = MAX_OPERANDS,
) -> Any:
    """Return a Value as a symbol over the nearest named Values, at most `depth` operations deep.

    What lies deeper is written as ``…``; a leaf without a name as its number.

    Args:
        v: a Value, or a float, which stays one.
        names: what Values are called instead of their own names.
        depth: operations that are written out; one more term of a sum or factor of a product counts as a part of one.
        most: operands of one operation that are written out.
    """
    if not isinstance(v, Value):
        return v
    name = names.get(v) or v._name
    if name:
        return Symbol(printable(name), number=v._data)
    if v._x is None:
        return Symbol(number_text(v._data), latex=latex(v._data), number=v._data)
    if depth <= 0:
        return Symbol("…", latex=r"\ldots", number=v._data)
    return definition(v, names, depth, most)


def definition(
    v: Value, names: Mapping[Value, str] = NO_NAMES, depth: float = MAX_FORMULA_DEPTH, most: int = MAX_OPERANDS
) -> Any:
    """Return the operation that made a Value as a symbol, though the Value has a name. Arguments as of `expression`."""
    operands = v.operands
    if v._op.nary and len(operands) > most:
        return Symbol(f"{v._op.name}(…)", latex=rf"\operatorname{{{v._op.name}}}(\ldots)", number=v._data)
    step = MAX_FORMULA_DEPTH / (most - 1)
    inner = tuple(
        expression(x, names, depth - (step if v._op.notation.precedence < 3 and _made_by(v._op, x) else 1), most)
        for x in operands
    )
    if v._op.nary and v._op.generic:
        return v._op.forward(*inner)
    return apply_to_symbols(v._op, inner)


def _made_by(op: Any, v: Value | float) -> bool:
    return isinstance(v, Value) and v._x is not None and v._op is op


def are_told_apart(output: Value) -> bool:
    """Whether the formulas of a node's edges write no two Values alike, and none without a name."""
    found: dict[str, Value] = {}
    stack: list[tuple[Any, int]] = [(x, 2 * MAX_FORMULA_DEPTH) for x in (output, *output.operands)]
    while stack:
        v, depth = stack.pop()
        if not isinstance(v, Value):
            continue
        if v._name:
            if found.setdefault(v._name, v) is not v:
                return False
        elif v._x is None:
            return False
        elif depth:
            stack.extend((x, depth - 1) for x in v.operands)
    return True
