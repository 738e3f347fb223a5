"""Formulas as NumPy statements: each operation writes into an array that is there already."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from autograd import ops
from autograd.compiler.formulas import Operand, forward_formula, statements
from autograd.op import Op
from autograd.symbol import Symbol
from autograd.ufuncs import UFUNCS

__all__ = ["INDENT", "NUMPY", "Statements"]

#: NumPy's function for each operation that has one, with an ``out=``, and whose record names no other.
NUMPY: dict[Op, str] = {op: name for name, op in UFUNCS.items() if hasattr(np, name) and not callable(op.array)} | {
    op: op.array for op in UFUNCS.values() if isinstance(op.array, str) and isinstance(getattr(np, op.array), np.ufunc)
}
NUMPY |= {ops.add: "add", ops.pow: "power", ops.abs: "absolute", ops.truediv: "divide"}

INDENT = " " * 4


def primitive(op: Op) -> bool:
    """Whether the backend computes an operation as such: NumPy has it, or its record is no formula."""
    if op in NUMPY:
        return True
    letters = [Symbol(letter) for letter in op.name_operands(2 if op.nary else len(op.slopes))]
    formula = forward_formula(op, letters)
    return isinstance(formula, Symbol) and formula.op is op


class Statements:
    """Lines of a Python function that are being written, and the objects that they name.

    Args:
        taken: names that stand for something else.

    Attributes:
        lines: the lines.
        objects: what they take from outside: NumPy functions, records, row numbers.
    """

    def __init__(self, taken: Collection[str]) -> None:
        self.lines: list[str] = []
        self.objects: dict[str, Any] = {}
        self._taken = {*taken, *NUMPY.values(), "float"}
        self._counts: dict[str, int] = {}
        self._functions: dict[tuple[Op, Callable[..., Any]], str] = {}

    def write(self, line: str) -> None:
        """Write one line."""
        self.lines.append(INDENT + line)

    def fresh(self, stem: str) -> str:
        """Make a new name from any text."""
        stem = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_")[:40]
        if not stem or not stem.isidentifier() or keyword.iskeyword(stem):
            stem = f"v{stem}" if f"v{stem}".isidentifier() else "v"
        name = stem
        while name in self._taken:
            self._counts[stem] = self._counts.get(stem, 1) + 1
            name = f"{stem}_{self._counts[stem]}"
        self._taken.add(name)
        return name

    def numpy(self, name: str) -> str:
        """Take a function from NumPy."""
        self.objects.setdefault(name, getattr(np, name))
        return name

    def compute(
        self,
        formulas: Sequence[Any],
        given: Mapping[str, str],
        targets: Sequence[str | None],
        temporary: Callable[[int], str],
        numbers: Collection[str] = (),
    ) -> list[str]:
        """Write the statements that compute formulas on arrays.

        Args:
            formulas: symbols or numbers.
            given: the expression for each letter in them.
            targets: an array for each result, if there is one that it may be computed into.
            temporary: names an array to compute in, by its number from 0.
            numbers: letters that stand for single numbers instead of arrays.

        Returns:
            the expression that each result is then found by.
        """
        listed, results = statements(formulas, primitive)
        last = _last_readers(listed, results, given)
        final = {r.place: slot for slot, r in enumerate(results) if isinstance(r, Operand) and r.place >= 0}
        found: dict[Any, str] = {Operand(-1, letter): text for letter, text in given.items()}
        single = {Operand(-1, letter) for letter in numbers}
        free: list[str] = []
        used = 0
        for place, (op, operands) in enumerate(listed):
            parts = [found[x] if isinstance(x, Operand) else _number(x) for x in operands]
            this = Operand(place, "")
            if numbers and all(x in single for x in operands if isinstance(x, Operand)):
                found[this] = self.fresh("c")
                self.write(f"{found[this]} = float({self._call(op, parts)})")  # no NumPy number: float32 stays float32
                single.add(this)
                continue
            target = targets[final[place]] if place in final else None
            if target is not None and place < max(last.get(this, -1), last.get(target, -1)):
                target = None  # what is read again is written over last
            if target is None:
                if not free:
                    free.append(temporary(used))
                    used += 1
                target = free.pop()
            self._write_into(op, parts, target)
            found[this] = target
            for x in set(operands):
                computed = isinstance(x, Operand) and x.place >= 0 and x not in single
                if computed and last.get(x) == place and x.place not in final:
                    free.append(found[x])
        return [found[r] if isinstance(r, Operand) else _number(r) for r in results]

    def _call(self, op: Op, parts: list[str]) -> str:
        if op in NUMPY:
            return f"{self.numpy(NUMPY[op])}({', '.join(parts)})"
        return f"{self._function(op, op.apply)}(({', '.join(parts)}{',' if len(parts) == 1 else ''}))"

    def _function(self, op: Op, function: Callable[..., Any]) -> str:
        """Name a function that computes an operation."""
        if (op, function) not in self._functions:
            self._functions[op, function] = self.fresh(f"{op.name}_on_arrays")
            self.objects[self._functions[op, function]] = function
        return self._functions[op, function]

    def _write_into(self, op: Op, parts: list[str], target: str) -> None:
        if op in NUMPY and op is not ops.where:
            self.write(f"{self.numpy(NUMPY[op])}({', '.join(parts)}, out={target})")
        elif callable(op.array):  # past the checks of `apply`: these are arrays of floats
            self.write(f"{target}[...] = {self._function(op, op.array)}({', '.join(parts)})")
        else:
            self.write(f"{target}[...] = {self._call(op, parts)}")


def _last_readers(listed: Sequence[Any], results: Sequence[Any], given: Mapping[str, str]) -> dict[Any, int]:
    """Find the last statement that reads each other one, and each expression; results are read after all."""
    last: dict[Any, int] = {}
    for place, statement in enumerate(listed):
        for x in statement.operands:
            if isinstance(x, Operand):
                last[x if x.place >= 0 else given[x.name]] = place
    for x in results:
        if isinstance(x, Operand) and x.place < 0:
            last[given[x.name]] = len(listed)
    return last


def _number(number: float) -> str:
    if number != number:
        return "float('nan')"
    return repr(float(number)) if abs(number) != float("inf") else f"float('{number}')"
