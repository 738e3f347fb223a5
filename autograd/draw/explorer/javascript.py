"""Operations as JavaScript: the records' own functions and slope rules, read with symbols and written as code.

So a page computes with the rules of the catalogue. Only what a symbol cannot read, such as `math.erf`, is a
primitive of the page (``primitives.js``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from autograd.op import Op
from autograd.symbol import Symbol

__all__ = ["PRIMITIVES", "expression", "key_of", "table"]

#: Functions that ``primitives.js`` holds, each under the name of its operation.
PRIMITIVES = frozenset((
    "pow", "greater", "equal", "step", "sign", "where", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt",
    "cbrt", "hypot", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh",
    "atanh", "erf", "erfc", "lgamma", "abs", "minimum", "maximum", "relu", "total", "dot", "logsumexp", "mod",
    "floordiv", "round", "choose",
))  # fmt: skip
INFIX = {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}


def key_of(op: Op, count: int, own: dict[Op, str]) -> str:
    """Name an operation of `count` operands in the table; `own` numbers those that are not of the catalogue."""
    if op.catalogued:
        return f"{op.name}/{count}" if op.nary else op.name
    number = own.setdefault(op, str(len(own) + 1))
    return f"{op.name}.{number}/{count}"


def table(wanted: Iterable[tuple[Op, int]], own: dict[Op, str]) -> tuple[str, set[str]]:
    """Write the table of operations: for each a function, and one that gives its slopes.

    Args:
        wanted: operations, each with its number of operands.
        own: see `key_of`.

    Returns:
        JavaScript that fills ``F`` (functions) and ``S`` (slopes), and the keys that are not in it because a rule
        does not read symbols.
    """
    lines: list[str] = []
    missing: set[str] = set()
    seen: set[str] = set()
    stack = list(wanted)[::-1]
    while stack:
        op, count = stack.pop()
        key = key_of(op, count, own)
        if key in seen:
            continue
        seen.add(key)
        formulas = _read(op, [Symbol(f"x{place}") for place in range(count)])
        if formulas is None:
            missing.add(key)
            continue
        code, used = _entry(op, count, key, formulas, own)
        lines.append(code)
        stack.extend(used)
    return "\n".join(lines), missing


def _is_primitive(op: Op) -> bool:
    return op.catalogued and op.name in PRIMITIVES


def _read(op: Op, operands: Sequence[Symbol]) -> tuple[Any, list[Any]] | None:
    """Read the formula of an operation, a primitive's is its name, and those of its slopes.

    Returns None for an operation whose functions compute with numbers only.
    """
    try:
        result = Symbol(op.name) if _is_primitive(op) else op.forward(*operands)
        slopes = op.slopes_at(Symbol("out"), operands)
    except Exception:  # a user's function may raise anything at what is no number
        return None
    return (result, slopes) if all(isinstance(x, Symbol | float | int) for x in (result, *slopes)) else None


def _entry(
    op: Op, count: int, key: str, formulas: tuple[Any, list[Any]], own: dict[Op, str]
) -> tuple[str, list[tuple[Op, int]]]:
    """Write the functions of an operation, and list the operations that they call."""
    result, slopes = formulas
    names = [f"x{place}" for place in range(count)]
    written = json.dumps(key).replace("<", "\\u003c")
    body, used = _function(slopes, own, whole=True)
    lines = [f"S[{written}] = ({', '.join(['out', *names])}) => {body};"]
    if not _is_primitive(op):
        body, more = _function([result], own, whole=False)
        lines.insert(0, f"F[{written}] = ({', '.join(names)}) => {body};")
        used = more + used
    elif op.nary:
        lines.insert(0, f"F[{written}] = F.{op.name};")
    return "\n".join(lines), used


def expression(x: Any, own: dict[Op, str] | None = None) -> str:
    """Write a symbol or float as one JavaScript expression.

    >>> expression(2.0 * Symbol("x") / (1.0 - Symbol("y")))
    '2.0 * x / (1.0 - y)'
    """
    code = _Code({} if own is None else own)
    code.read([x])
    return code.write(code.roots[0], shared=False)[0]


def _function(results: Sequence[Any], own: dict[Op, str], *, whole: bool) -> tuple[str, list[tuple[Op, int]]]:
    """Write the body of an arrow function that gives the results: as a list if `whole`."""
    code = _Code(own)
    code.read(results)
    constants = [f"const {code.names[number]} = {code.write(number, top=True)[0]};" for number in sorted(code.names)]
    outs = [code.write(root)[0] for root in code.roots]
    out = f"[{', '.join(outs)}]" if whole else outs[0]
    return (f"{{ {' '.join(constants)} return {out}; }}" if constants else out), code.used


class _Code:
    """Symbols as numbered values, each written once however often it is used (value numbering)."""

    def __init__(self, own: dict[Op, str]) -> None:
        self.own = own
        self.values: list[tuple[Op | None, Any]] = []  # an operation with its operands' numbers; or None and text
        self.numbers: dict[Any, int] = {}
        self.uses: list[int] = []
        self.roots: list[int] = []
        self.names: dict[int, str] = {}
        self.used: list[tuple[Op, int]] = []

    def read(self, results: Sequence[Any]) -> None:
        known: dict[int, int] = {}  # by address: what is shared is read once
        for result in results:
            done: list[int] = []
            stack: list[tuple[Any, bool]] = [(result, False)]
            while stack:
                x, ready = stack.pop()
                if not isinstance(x, Symbol):
                    done.append(self._number((None, _literal(float(x)))))
                elif x.op is None:
                    done.append(self._number((None, x.name)))
                elif id(x) in known:
                    done.append(known[id(x)])
                elif not ready:
                    stack.append((x, True))
                    stack.extend((operand, False) for operand in reversed(x.operands))
                else:
                    count = len(x.operands)
                    inner = tuple(done[len(done) - count :])
                    del done[len(done) - count :]
                    known[id(x)] = self._number((x.op, inner))
                    done.append(known[id(x)])
            self.roots.append(done[0])
        for op, inner in self.values:
            for number in inner if op is not None else ():
                self.uses[number] += 1
        for root in self.roots:
            self.uses[root] += 1
        shared = [n for n, (op, _) in enumerate(self.values) if op is not None and self.uses[n] > 1]
        self.names = {number: f"t{place}" for place, number in enumerate(shared)}

    def _number(self, value: tuple[Op | None, Any]) -> int:
        number = self.numbers.setdefault(value, len(self.values))
        if number == len(self.values):
            self.values.append(value)
            self.uses.append(0)
            if value[0] is not None:
                self.used.append((value[0], len(value[1])))
        return number

    def write(self, root: int, *, top: bool = False, shared: bool = True) -> tuple[str, int]:
        """Write a value as text with its precedence: 1 sum, 2 product, 3 sign, 4 atom."""
        done: list[tuple[str, int]] = []
        stack: list[tuple[int, bool]] = [(root, False)]
        while stack:
            number, ready = stack.pop()
            op, inner = self.values[number]
            if op is None:
                done.append((inner, 3 if inner.startswith("-") else 4))
            elif shared and number in self.names and not (top and number == root):
                done.append((self.names[number], 4))
            elif not ready:
                stack.append((number, True))
                stack.extend((operand, False) for operand in reversed(inner))
            else:
                parts = done[len(done) - len(inner) :] if inner else []
                del done[len(done) - len(inner) :]
                done.append(self._compose(op, parts))
        return done[0]

    def _compose(self, op: Op, parts: list[tuple[str, int]]) -> tuple[str, int]:
        name = op.name if op.catalogued else ""
        if name in INFIX:
            least = 1 if name in ("add", "sub") else 2
            (left, low), (right, high) = parts
            left = left if low >= least else f"({left})"
            right = right if high > least and high != 3 else f"({right})"  # from the left, as Python computes
            return f"{left} {INFIX[name]} {right}", least
        if name == "neg":
            return (f"-{parts[0][0]}" if parts[0][1] == 4 else f"-({parts[0][0]})"), 3
        call = f"F.{name}" if name in PRIMITIVES else f"F[{json.dumps(key_of(op, len(parts), self.own))}]"
        return f"{call}({', '.join(text for text, _ in parts)})".replace("<", "\\u003c"), 4


def _literal(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return repr(number).replace("inf", "Infinity")
