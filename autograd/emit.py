"""Recorders: the functions that compute an operation on Values and remember its slopes.

An operation's recorder is written from its record: the forward function and the slope rules are read with
symbols, and their Python text becomes the body. So the fast path holds no rule of its own.
`record` does the same work without emitted code; every unusual case ends there.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable
from typing import Any

from autograd.context import current
from autograd.floats import apply_to_floats
from autograd.native import FACTORIES
from autograd.op import Op
from autograd.symbol import Symbol, call, python, read_slopes

__all__ = ["GLOBALS", "emit", "recorder_source", "scalar"]

#: Global names of every emitted recorder; `autograd.recording` adds Value and the slow road.
GLOBALS: dict[str, Any] = {"current": current, "new": object.__new__}

A, B, OUT = Symbol("_a"), Symbol("_b"), Symbol("_out")

INDENT = " " * 12
RESULT = "_result"
DEEPEST = 20  # levels of an expression that are written in one statement: Python reads at most 200 parentheses

EXACT = 2**53  # integers below become floats exactly

BODY = """
        try:
{forward}
{slopes}
        except {errors}:
            return record(_op, {operands})
        if {unsure}_out - _out != 0.0:
            return record(_op, {operands})
        _node = new(Value)
        _node._data = _out
        _node._grad = None
        _node._op = _op
        _node._name = None
        _node._x = {x}
        _node._y = {y}
        _node._dx = {dx}
        _node._dy = {dy}
        _node._pending = 0
        _node._scope = _context.scope
        return _node
"""
UNARY = """
    def _record(_x):
        _context = current()
        if _context.special:
            return record(_op, (_x,))
        _a = _x._data{body}
"""
BINARY = """
    def _record(_x, {second}):{renamed}
        _context = current()
        if _context.special:
            return record(_op, (_x, _y))
        _kind = type(_y)
        _a = _x._data
        if _kind is Value:
            _b = _y._data{both}
        if _kind is float:
            _b = _y
        elif _kind is int and -{exact} < _y < {exact}:
            _b = float(_y)
        else:
            return record(_op, (_x, _y)){left}
"""
REFLECTED = """
    def _reflected(_y, _x):
        _context = current()
        if _context.special:
            return record(_op, (_x, _y))
        if type(_x) is float:
            _a = _x
        elif type(_x) is int and -{exact} < _x < {exact}:
            _a = float(_x)
        else:
            return record(_op, (_x, _y))
        _b = _y._data{right}
"""


#: What the templates above call their own names by: no operation's function may take one of these.
RESERVED = frozenset(re.findall(r"\w+", BODY + UNARY + BINARY + REFLECTED)) | {"make"}


def scalar(op: Op) -> Callable[..., Any]:
    """Make the forward function on floats: the primitive itself, or the generic expression inlined."""
    if op.nary:
        return lambda operands: op.forward(*operands)
    if not op.generic:
        return op.forward if op.catalogued else lambda *operands: apply_to_floats(op, operands)
    operands = tuple(Symbol(f"_{place}") for place in range(len(op.slopes)))
    expression = op.forward(*operands)
    names: dict[Op, str] = {}
    _name_calls(expression, names)
    lines = _statements("return ", expression, names, "    ")
    found: dict[str, Any] = _functions(names)
    code = f"def {RESULT}({', '.join(x.name for x in operands)}):\n" + "\n".join(lines)
    exec(compile(code, f"<autograd {op.name}>", "exec"), found)
    return found[RESULT]  # type: ignore[no-any-return]


def _name_calls(expression: Any, names: dict[Op, str]) -> None:
    """Find a name of its own for each operation that an expression's Python text calls."""
    stack, seen = [expression], set()
    while stack:
        x = stack.pop()
        if isinstance(x, Symbol) and x.op is not None and id(x) not in seen:
            seen.add(id(x))
            stack.extend(x.operands)
            if (x.op.nary or not x.op.notation.python) and x.op not in names:
                names[x.op] = _free_name(x.op.name, names)


def _free_name(name: str, names: dict[Op, str]) -> str:
    while name in RESERVED or name in names.values() or name.startswith("_"):
        name = f"f{name}"
    return name


def _statements(start: str, expression: Any, names: dict[Op, str], indent: str) -> list[str]:
    """Write an expression as the statement ``start expression``.

    Statements before it give names to what occurs several times and to what is nested deeply, so that the text is no
    longer than the expression, however its function came to it.
    """
    uses: dict[int, int] = {}
    order: list[Symbol] = []
    stack: list[tuple[Any, bool]] = [(expression, False)]
    while stack:
        x, ready = stack.pop()
        if not isinstance(x, Symbol) or x.op is None:
            continue
        if ready:
            order.append(x)
        elif id(x) in uses:
            uses[id(x)] += 1
        else:
            uses[id(x)] = 1
            stack.append((x, True))
            twice = 2 if "{0} * {0}" in x.op.notation.python else 1  # the square, whose operand is written twice
            stack.extend((operand, False) for operand in (*x.operands,) * twice)
    lines: list[str] = []
    written: dict[int, tuple[Any, int]] = {}  # what stands for a symbol in the text, and how deeply it is nested
    for x in order:
        parts = [written.get(id(operand), (operand, 0)) for operand in x.operands]
        depth = 1 + max((depth for _, depth in parts), default=0)
        assert x.op is not None
        short = call(x.op, [part for part, _ in parts])
        if (uses[id(x)] > 1 or depth > DEEPEST) and x is not expression:
            name = f"_s{len(lines)}"
            lines.append(f"{indent}{name} = {python(short, names)}")
            short, depth = Symbol(name), 0
        written[id(x)] = short, depth
    final = written[id(expression)][0] if order else expression
    return [*lines, f"{indent}{start}{python(final, names)}"]


def _functions(names: dict[Op, str]) -> dict[str, Callable[..., Any]]:
    return {name: scalar(op) for op, name in names.items()}


def _read(op: Op) -> tuple[list[str], list[list[str]], dict[str, Any]]:
    """Write the statements that compute the result and each slope, and find the functions that they call."""
    operands = (A, B)[: len(op.slopes)]
    names: dict[Op, str] = {}
    generic = op.generic
    forward = op.forward(*operands) if generic else None
    slopes = read_slopes(op, OUT, operands)
    for expression in (forward, *slopes):
        _name_calls(expression, names)
    texts = [
        _statements(f"_d{name} = ", slope if isinstance(slope, Symbol) else float(slope), names, INDENT)
        for name, slope in zip("ab", slopes, strict=False)
    ]
    used = _functions(names)
    if generic:
        return _statements("_out = ", forward, names, INDENT), texts, used
    primitive = _free_name(op.name, names)
    used[primitive] = op.forward
    return [f"{INDENT}_out = {primitive}({', '.join(map(python, operands))})"], texts, used


def recorder_source(op: Op) -> tuple[str, dict[str, Any]]:
    """Write the recorder (and for two operands the reflected one) of an operation of one or two operands.

    Returns:
        the source of a factory, and the functions it takes: those that the formulas call.
    """
    forward, slopes, used = _read(op)
    # Floats stay floats under + − * / and the functions of math; a power may be complex, other code give an int.
    closed = op.generic and not any("**" in line for line in forward)
    floats = op.catalogued and (getattr(op.forward, "__module__", "") == "math" or closed)
    unsure = "" if floats else "type(_out) is not float or "
    errors = "(ArithmeticError, ValueError)" if op.catalogued else "(ArithmeticError, ValueError, TypeError)"

    def body(recorded: tuple[bool, ...]) -> str:
        taken = [line for slope, wanted in zip(slopes, recorded, strict=False) if wanted for line in slope]
        binary = len(recorded) == 2
        return BODY.format(
            forward="\n".join(forward), errors=errors, unsure=unsure, slopes="\n".join(taken),
            operands="(_x, _y)" if binary else "(_x,)",
            x="_x" if recorded[0] else "_a", y=("_y" if recorded[1] else "_b") if binary else "None",
            dx="_da" if recorded[0] else "None", dy="_db" if binary and recorded[1] else "None",
        )  # fmt: skip

    if len(slopes) == 1:
        functions = UNARY.format(body=body((True,)))
        result = "_record"
    else:
        second, renamed = "_y", ""
        if op.defaults:  # an operand that may be left out may be given by its name
            name = op.operands[1] if op.catalogued else "_y"
            second, renamed = f"{name}={python(op.defaults[-1])}", "" if name == "_y" else f"\n        _y = {name}"
        # Branches end with a return, so they need no else.
        both, left, right = (body(case) for case in ((True, True), (True, False), (False, True)))
        both = both.replace("\n    ", "\n        ")
        functions = BINARY.format(second=second, renamed=renamed, both=both, left=left, exact=EXACT)
        functions += REFLECTED.format(right=right, exact=EXACT)
        result = "_record, _reflected"
    return f"def make(_op, {', '.join(used)}):\n{functions}\n    return {result}\n", used


def emit(op: Op) -> Any:
    """Compile the recorder of an operation: one function, or (recorder, reflected) for two operands."""
    source, used = recorder_source(op)
    if op.catalogued and op.name in FACTORIES:
        made = FACTORIES[op.name](op, GLOBALS["record"], **used)
    else:
        file = f"<autograd {op.name}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        locals_: dict[str, Any] = {}
        exec(compile(source, file, "exec"), GLOBALS, locals_)
        made = locals_["make"](op, **used)
    for function in made if isinstance(made, tuple) else (made,):
        function.__name__ = function.__qualname__ = op.name
    return made
