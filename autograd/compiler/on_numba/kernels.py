"""Kernels for the numba machine, written from the records: one loop for each operation and one for its slopes."""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from autograd import __version__, ops
from autograd.compiler.formulas import Operand, forward_formula, may_be_singular, slope_formulas, statements
from autograd.compiler.instructions import Map
from autograd.compiler.on_numba.cache import imported
from autograd.compiler.roll import Layout
from autograd.errors import CompileError
from autograd.op import Op
from autograd.symbol import Symbol

__all__ = ["Kernels", "has_kernels", "rule_address"]

#: Functions of the records that are neither operators nor in the standard library's `math`; their text is taken over.
PLAIN = {
    op: op.forward
    for op in (ops.sign, ops.minimum, ops.maximum)
    if getattr(op.forward, "__module__", "") == "autograd.ops"
}
WIDEST = 24  # operands
NUMBER = re.compile(r"(?<![\w.])\d+\.\d*(?:e[+-]?\d+)?(?![\w.])")


def primitive(op: Op) -> bool:
    """Whether a kernel computes an operation as such."""
    return bool(op.notation.python) or op in PLAIN or getattr(op.forward, "__module__", "") == "math"


HEAD = """import math

import numpy as np
from numba import cfunc, njit

from autograd.compiler.on_numba.machine import place
from autograd.compiler.on_numba.intrinsics import vector

# edgegrad {version}, machine {machine}
real = np.{real}
zero, one = real(0), real(1)
numbers, places = "CPointer({real})", "CPointer(int64)"
OPTIONS = {{"error_model": "numpy", "cache": True}}

"""
KERNEL = """@cfunc(f"void({{numbers}}, {{places}}, int64, {{places}}, {{places}}, int64)", **OPTIONS)
def {name}(memory, pool, at, base, width, n):
"""
UPDATE = """@cfunc(f"void({numbers}, {numbers}, {numbers}, {numbers}, CPointer(uint8), int64)", **OPTIONS)
def update(w_at, g_at, slots, settings, frozen, n):
    w, g = vector(w_at, 0, n), vector(g_at, 0, n)
"""


TAPE = """@cfunc(f"void({numbers}, {places}, int64, int64, int64, int64)", **OPTIONS)
def tape(memory, pool, at, start, n, slopes):
    for i in range(n):
        code = pool[at + 3 * i]
        x0_i, x1_i = memory[np.uint64(pool[at + 3 * i + 1])], memory[np.uint64(pool[at + 3 * i + 2])]
"""


def has_kernels(layout: Layout) -> bool:
    """Say whether every operation of a program is worth a kernel.

    One that only Python knows cannot be written as such; one of many operands is written out operand by operand, which
    takes long to compile.
    """
    if any(isinstance(step, Map) and len(step.operands) > WIDEST for step in (*layout.shared, *layout.batched)):
        return False
    for op in {step.op for step in (*layout.shared, *layout.batched) if isinstance(step, Map)}:
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

    def forward(self, op: Op, arity: int) -> int:
        """Give the address of an operation's kernel, which takes the places of out and then of its operands."""
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

    def tape(self, kinds: Sequence[tuple[Op, tuple[int, ...]]]) -> int:
        """Give the address of a loop over single nodes, which tells their operations by their place in `kinds`.

        Args:
            kinds: operations of one or two operands, each with the slots whose slopes it records.
        """
        used: dict[str, Callable[..., Any]] = {}
        lines = []
        for place, (op, slots) in enumerate(kinds):
            arity = len(op.slopes)
            letters = [Symbol(f"x{i}") for i in range(arity)]
            slopes = slope_formulas(op, Symbol("out"), letters, [i in slots for i in range(arity)])
            lines.append(f"        {'el' if place else ''}if code == {place}:")
            for names, formulas in (("out_i",), [forward_formula(op, letters)]), (("s", "t"), [*slopes, None][:2]):
                listed, found = statements([0.0 if formula is None else formula for formula in formulas], primitive)
                lines += [f"            t{i} = {self._text(s.op, s.operands, used)}" for i, s in enumerate(listed)]
                lines += [f"            {name} = {self._part(x)}" for name, x in zip(names, found, strict=False)]
        lines += [
            "        else:", "            out_i = s = t = zero",
            "        memory[np.uint64(start + i)] = out_i",
            "        memory[np.uint64(slopes + 2 * i)], memory[np.uint64(slopes + 2 * i + 1)] = s, t",
        ]  # fmt: skip
        source = self._head(used) + TAPE + "\n".join(lines) + "\n"
        return int(imported(source).tape.address)

    def _head(self, used: Mapping[str, Callable[..., Any]]) -> str:
        """Write the beginning of a module, with the functions that its kernels call."""
        plain = "".join(f"@njit\n{typed(function, name)}\n\n\n" for name, function in used.items())
        return HEAD.format(version=__version__, machine=_machine(), real=self.real) + "\n" + plain

    def _add(
        self, key: tuple[Any, ...], given: list[str], results: list[tuple[str, Any, bool]], *, passing: bool = False
    ) -> None:
        used: dict[str, Callable[..., Any]] = {}
        listed, found = statements([formula for _, formula, _ in results], primitive)
        lines = [f"t{place} = {self._text(s.op, s.operands, used)}" for place, s in enumerate(listed)]
        read = {o.name for s in listed for o in s.operands if isinstance(o, Operand) and o.place < 0}
        read |= {o.name for o in found if isinstance(o, Operand) and o.place < 0} | ({"adjoint"} if passing else set())
        for (name, _, singular), operand in zip(results, found, strict=True):
            number = self._part(operand)
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
        source = self._head(used) + KERNEL.format(name=name)
        source += "\n".join([*body, "    for i in range(n):", *loop]) + "\n"
        self._codes[key] = int(getattr(imported(source), name).address)

    def _text(self, op: Op, operands: Sequence[Any], used: dict[str, Callable[..., Any]]) -> str:
        parts = [self._part(operand) for operand in operands]
        if op is ops.where:
            return f"{parts[1]} if {parts[0]} != zero else {parts[2]}"
        if op.notation.python:
            brackets = {ops.greater: ">", ops.equal: "=="}
            if op in brackets:
                return f"one if {parts[0]} {brackets[op]} {parts[1]} else zero"
            return op.notation.python.format(*parts)
        if op in PLAIN:
            name = op.forward.__name__.strip("_")
            used[name] = op.forward
            return f"{name}({', '.join(parts)})"
        if op is ops.cbrt:
            return f"np.cbrt({parts[0]})"
        return f"math.{op.forward.__name__}({', '.join(parts)})"

    def _part(self, operand: Any) -> str:
        if isinstance(operand, Operand):
            return f"t{operand.place}" if operand.place >= 0 else f"{operand.name}_i"
        if operand != operand or operand in (float("inf"), float("-inf")):
            return f"real({str(operand)!r})".replace("real('nan')", "real(np.nan)").replace(
                "real('inf')", "real(np.inf)").replace("real('-inf')", "real(-np.inf)")  # fmt: skip
        return "one" if operand == 1.0 else f"real({operand!r})"


def typed(function: Callable[..., Any], name: str) -> str:
    """Write a function's text with every number in the machine's type, so that float32 stays float32.

    Raises:
        CompileError: its text cannot be read.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError) as error:
        raise CompileError(f"The text of {function!r} cannot be read, so it cannot be compiled.") from error
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise CompileError(f"{function!r} cannot be compiled: write it as a def, not as a lambda.")
    definition.name, definition.decorator_list, definition.returns = name, [], None
    for argument in definition.args.args:
        argument.annotation = None
    if isinstance(definition.body[0], ast.Expr):
        del definition.body[0]
    return ast.unparse(ast.fix_missing_locations(_Typed().visit(tree)))


class _Typed(ast.NodeTransformer):
    """Wraps numbers in `real(…)`, but not exponents, which choose how a power is computed."""

    def visit_Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return ast.Call(ast.Name("real", ast.Load()), [ast.Constant(node.value)], [])
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant):
            node.left = self.visit(node.left)
            return node
        return self.generic_visit(node)


@cache
def _machine() -> str:
    """Name the text of the machine, which generated kernels contain parts of."""
    here = Path(__file__)
    texts = [here.with_name(name).read_bytes() for name in ("machine.py", "intrinsics.py")]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:12]


@cache
def rule_address(rule: Callable[..., Any], slots: int, settings: int, real: str) -> int:
    """Give the address of the loop that applies an optimiser's rule to every weight.

    Args:
        rule: ``(w, g, *slots, *settings) -> (w, *slots)``, branch-free.
        slots: how many numbers it remembers of each weight.
        settings: how many numbers it takes besides.
        real: the NumPy type that it computes with.

    Raises:
        CompileError: the rule's text cannot be read.
    """
    remembered = [f"s{i}[i]" for i in range(slots)]
    given = ", ".join(["w[i]", "g[i]", *remembered, *(f"c{i}" for i in range(settings))])
    results = ", ".join(["w[i]", *remembered]) if slots else "(w[i],)"
    head = [f"    s{i} = vector(slots, {i} * n, n)" for i in range(slots)]
    head += [f"    c{i} = settings[{i}]" for i in range(settings)]
    loops = [
        "    if frozen[0] == 2:", "        for i in range(n):", f"            {results} = rule({given})",
        "    else:", "        for i in range(n):", "            if frozen[i] == 0:",
        f"                {results} = rule({given})",
    ]  # fmt: skip
    source = (
        HEAD.format(version=__version__, machine=_machine(), real=real)
        + f'\n@njit(error_model="numpy")\n{typed(rule, "rule")}\n\n\n'
    )
    return int(imported(source + UPDATE + "\n".join([*head, *loops]) + "\n").update.address)
