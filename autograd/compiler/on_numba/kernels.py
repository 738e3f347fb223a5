"""Kernels for the numba machine, written from the records: one loop for each operation and one for its slopes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from autograd import __version__, ops
from autograd.compiler.formulas import Operand, forward_formula, may_be_singular, slope_formulas, statements
from autograd.compiler.rules import read_rule
from autograd.compiler.simplify import Expressions
from autograd.errors import CompileError
from autograd.op import Op
from autograd.symbol import Symbol

__all__ = ["Kernels", "has_kernels", "head", "update_address"]

#: How operations are written that `math` lacks or has for one number at a time, or whose Python text is not numba's;
#: operands are names and numbers.
TEXTS = {
    ops.where: "{1} if {0} != zero else {2}",
    ops.greater: "one if {0} > {1} else zero",
    ops.equal: "one if {0} == {1} else zero",
    ops.sign: "one if {0} > zero else -one if {0} < zero else {0}",
    ops.minimum: "{0} if {0} < {1} or {0} != {0} else {1}",
    ops.maximum: "{0} if {0} > {1} or {0} != {0} else {1}",
    ops.cbrt: "np.cbrt({0})",
    ops.exp: "exp({0})",
    ops.expm1: "expm1({0})",
    ops.log: "log({0})",
    ops.log1p: "log1p({0})",
    ops.tanh: "tanh({0})",
}

HEAD = """import math

import numpy as np
from numba import cfunc

from autograd.compiler.on_numba.elementary import exp, expm1, log, log1p, tanh
from autograd.compiler.on_numba.intrinsics import vector
from autograd.compiler.on_numba.machine import place

# edgegrad {version}, machine {machine}
real = np.{real}
zero, one = real(0), real(1)
numbers, places = "CPointer({real})", "CPointer(int64)"
OPTIONS = {{"error_model": "numpy"}}

"""
INSTRUCTION = '@cfunc(f"void({numbers}, {places}, int64, {places}, {places}, int64, int64, int64, int64)", **OPTIONS)'
KERNEL = f"""{INSTRUCTION}
def {{name}}(memory, pool, at, base, width, n, columns, k, m):
    n *= columns
"""
PART = f"""from autograd.compiler.on_numba import parts

{{name}} = {INSTRUCTION[1:]}(parts.{{name}})
"""
UPDATE = """@cfunc(f"void({numbers}, {numbers}, {numbers}, {numbers}, CPointer(uint8), int64, int64)", **OPTIONS)
def update(w_at, g_at, slots, settings, frozen, any_frozen, n):
    w, g = vector(w_at, 0, n), vector(g_at, 0, n)
"""
TAPE = """@cfunc(f"void({numbers}, {places}, int64, int64, int64, int64, int64, int64)", **OPTIONS)
def tape(memory, pool, at, start, n, slopes, values, columns):
    for i in range(n):
        code = pool[at + 3 * i]
"""
ONE_EXAMPLE = """\
        x0_i, x1_i = memory[np.uint64(pool[at + 3 * i + 1])], memory[np.uint64(pool[at + 3 * i + 2])]
"""
SEVERAL_EXAMPLES = """\
        a, b = pool[at + 3 * i + 1], pool[at + 3 * i + 2]
        x0 = vector(memory, values + (a - values) * columns if a >= values else a, columns)
        x1 = vector(memory, values + (b - values) * columns if b >= values else b, columns)
        wide_a, wide_b = 1 if a >= values else 0, 1 if b >= values else 0
        out = vector(memory, start + i * columns, columns)
        first = vector(memory, slopes + 2 * i * columns, columns)
        second = vector(memory, slopes + (2 * i + 1) * columns, columns)
"""
PER_EXAMPLE = ("for j in range(columns):", "    x0_i, x1_i = x0[j * wide_a], x1[j * wide_b]")
STORE = (
    "        memory[np.uint64(start + i)] = out_i",
    "        memory[np.uint64(slopes + 2 * i)], memory[np.uint64(slopes + 2 * i + 1)] = s, t",
)
STORE_COLUMN = ("out[j] = out_i", "first[j], second[j] = s, t")  # zero, too: another width may have been here before


def primitive(op: Op) -> bool:
    """Whether a kernel computes an operation as such."""
    return bool(op.notation.python) or op in TEXTS or getattr(op.forward, "__module__", "") == "math"


def has_kernels(expressions: Expressions) -> bool:
    """Whether every operation of a program is worth a kernel.

    One that only Python knows cannot be written as such.
    """
    for op in {op for op in expressions.op if op not in (None, ops.total, ops.dot, ops.choose)}:
        letters = [Symbol(letter) for letter in op.name_operands(2 if op.nary else len(op.slopes))]
        try:
            statements([forward_formula(op, letters)], primitive)
        except CompileError:
            return False
    return True


class Kernels:
    """The kernels of a program's operations, each known by its address.

    Args:
        real: the NumPy type that they compute with.
    """

    def __init__(self, real: str) -> None:
        self.real = real
        self._codes: dict[tuple[Any, ...], int] = {}

    def part(self, name: str) -> int:
        """Return the address of a part of the machine."""
        if (name,) not in self._codes:
            self._codes[name,] = _address(head(self.real) + PART.replace("{name}", name), name)
        return self._codes[name,]

    def forward(self, op: Op, arity: int) -> int:
        """Return the address of an operation's kernel, which takes the places of out and then of its operands."""
        key = op, arity, "forward"
        if key not in self._codes:
            letters = [Symbol(f"x{i}") for i in range(arity)]
            self._add(key, ["out", *(x.name for x in letters)], [("out", forward_formula(op, letters), False)])
        return self._codes[key]

    def slopes(self, op: Op, arity: int, slots: Sequence[int]) -> int:
        """Return the address of the kernel of the flows through an operation.

        It takes the places of adjoint, out and operands, then of a flow for each slot.
        """
        key = op, arity, tuple(slots)
        if key not in self._codes:
            letters = [Symbol(f"x{i}") for i in range(arity)]
            slopes = slope_formulas(op, Symbol("out"), letters, [i in slots for i in range(arity)])
            flows = [(f"flow{i}", slopes[i], may_be_singular(op, slopes[i])) for i in slots]
            given = ["adjoint", "out", *(x.name for x in letters), *(name for name, _, _ in flows)]
            self._add(key, given, flows, passing=True)
        return self._codes[key]

    def tape(self, kinds: Sequence[tuple[Op, tuple[int, ...]]], several: bool) -> int:
        """Return the address of a loop over single nodes, which tells their operations by their place in `kinds`.

        Args:
            kinds: operations of one or two operands, each with the slots whose slopes it records.
            several: whether it computes a column for each of several examples.
        """
        lines = []
        for place, (op, slots) in enumerate(kinds):
            arity = len(op.slopes)
            letters = [Symbol(f"x{i}") for i in range(arity)]
            slopes = slope_formulas(op, Symbol("out"), letters, [i in slots for i in range(arity)])
            lines.append(f"        {'el' if place else ''}if code == {place}:")
            lines += [f"            {line}" for line in (PER_EXAMPLE if several else ())]
            indent = " " * (16 if several else 12)
            for names, formulas in (("out_i",), [forward_formula(op, letters)]), (("s", "t"), [*slopes, None][:2]):
                computed, found = _write([0.0 if formula is None else formula for formula in formulas])
                lines += [f"{indent}{line}" for line in computed]
                lines += [f"{indent}{name} = {text}" for name, text in zip(names, found, strict=False)]
            lines += [f"{indent}{line}" for line in (STORE_COLUMN if several else ())]
        if not several:
            lines += ["        else:", "            out_i = s = t = zero", *STORE]
        body = TAPE + (SEVERAL_EXAMPLES if several else ONE_EXAMPLE)
        return _address(head(self.real) + body + "\n".join(lines) + "\n", "tape")

    def _add(
        self, key: tuple[Any, ...], given: list[str], results: list[tuple[str, Any, bool]], *, passing: bool = False
    ) -> None:
        formulas = [formula for _, formula, _ in results]
        lines, found = _write(formulas)
        read = _letters(formulas) | ({"adjoint"} if passing else set())
        for (name, _, singular), number in zip(results, found, strict=True):
            if passing:
                product = f"adjoint_i * {number}"
                number = f"zero if adjoint_i == zero else {product}" if singular else product
            lines.append(f"{name}[i] = {number}")
        name = f"{key[0].name}_{'flows' if passing else 'values'}"
        body = [
            f"    {view} = vector(memory, place(pool[at + {i}], base, width), n)"
            for i, view in enumerate(given)
            if view in read or any(view == result for result, _, _ in results)
        ]
        loop = [f"        {x}_i = {x}[i]" for x in given if x in read] + [f"        {line}" for line in lines]
        source = head(self.real) + KERNEL.replace("{name}", name)
        source += "\n".join([*body, "    for i in range(n):", *loop]) + "\n"
        self._codes[key] = _address(source, name)


@cache
def update_address(rule: Callable[..., Any], slots: int, nonzero: tuple[bool, ...], real: str) -> int:
    """Return the address of the loop that applies an optimiser's rule to every weight.

    Args:
        rule: ``(w, g, *slots, *settings) -> (w, *slots)``.
        slots: how many numbers it remembers of each weight.
        nonzero: of each setting, whether it is not zero.
        real: the NumPy type that it computes with.

    Raises:
        CompileError: the rule cannot be read.
    """
    read = read_rule(rule, slots, nonzero)
    lines, found = _write(read.results)
    prelude = [f"    {slot} = vector(slots, {i} * n, n)" for i, slot in enumerate(read.slots)]
    prelude += [f"    {setting}_i = settings[{i}]" for i, setting in enumerate(read.settings)]
    arrays = (read.weight, read.gradient, *read.slots)
    body = [f"{x}_i = {x}[i]" for x in arrays] + lines
    body += [f"{x}[i] = {number}" for x, number in zip((read.weight, *read.slots), found, strict=True)]
    loops = ["    if any_frozen == 0:", "        for i in range(n):", *(f"            {line}" for line in body)]
    loops += ["    else:", "        for i in range(n):", "            if frozen[i] == 0:"]
    loops += [f"                {line}" for line in body]
    return _address(head(real) + UPDATE + "\n".join([*prelude, *loops]) + "\n", "update")


def _address(source: str, name: str) -> int:
    from autograd.compiler.on_numba.objects import addresses  # which needs LLVM

    return addresses(source, name)[0]


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(formulas: Sequence[Any]) -> tuple[list[str], list[str]]:
    """Write the lines that compute formulas for one place, and how each result is then found."""
    listed, found = statements(formulas, primitive)
    lines = [f"t{place} = {_text(op, [_part(x) for x in operands])}" for place, (op, operands) in enumerate(listed)]
    return lines, [_part(x) for x in found]


def _letters(formulas: Sequence[Any]) -> set[str]:
    """List the letters that formulas read."""
    listed, found = statements(formulas, primitive)
    parts = [x for statement in listed for x in statement.operands] + found
    return {x.name for x in parts if isinstance(x, Operand) and x.place < 0}


def _text(op: Op, parts: Sequence[str]) -> str:
    template = TEXTS.get(op) or op.notation.python
    return template.format(*parts) if template else f"math.{op.forward.__name__}({', '.join(parts)})"


def _part(x: Any) -> str:
    """Write an operand in the machine's type, so that float32 stays float32."""
    if isinstance(x, Operand):
        return f"t{x.place}" if x.place >= 0 else f"{x.name}_i"
    if x != x:
        return "real(np.nan)"
    if x in (float("inf"), float("-inf")):
        return "real(np.inf)" if x > 0 else "real(-np.inf)"
    return "one" if x == 1.0 else f"real({x!r})"


def head(real: str) -> str:
    """Return how generated source begins."""
    return HEAD.format(version=__version__, machine=_machine(), real=real) + "\n"


@cache
def _machine() -> str:
    """Name the text of the machine, which generated kernels contain parts of."""
    here = Path(__file__)
    texts = [
        here.with_name(name).read_bytes()
        for name in ("machine.py", "parts.py", "steps.py", "codes.py", "intrinsics.py", "elementary.py")
    ]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:12]
