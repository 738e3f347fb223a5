"""Tapes in NumPy: one short function for each operation that occurs, called on rows one after the other.

Written out line by line, a long irregular graph would take Python's own compiler longer than thousands of runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.formulas import forward_formula, may_be_singular, slope_formulas
from autograd.compiler.instructions import Tape
from autograd.compiler.on_numpy.statements import INDENT, Statements
from autograd.op import Op
from autograd.symbol import Symbol

__all__ = ["TapePlayer"]

Array = NDArray[Any]
NAMES = ("out", "x0", "x1", "adjoint", "adjoint0", "adjoint1")


class TapePlayer:
    """A tape's operations as functions on rows.

    Args:
        tape: the tape.
        recorded: the operands that something flows to, (n, 2).
    """

    def __init__(self, tape: Tape, recorded: NDArray[np.bool_]) -> None:
        self._out, self._operands, self._batched = tape.out, tape.operands, tape.batched
        self._codes = tape.codes.tolist()
        self._forward = [_write_forward(op) for op in tape.ops]
        kinds = tape.codes * 4 + recorded @ np.array([1, 2])
        self._kinds = kinds.tolist()
        self._backward = {
            kind: _write_backward(tape.ops[kind // 4], [slot for slot in (0, 1) if kind % 4 >> slot & 1])
            for kind in np.unique(kinds).tolist()
            if kind % 4
        }

    def play(self, shared: Array, values: Array) -> None:
        """Compute the tape's results."""
        out, first, second = self._rows(shared, values)
        forward = self._forward
        for i, code in enumerate(self._codes):
            forward[code](out[i], first[i], second[i])

    def rewind(self, shared: Array, values: Array, shared_adjoints: Array, adjoints: Array) -> None:
        """Pass adjoints on from the tape's end."""
        out, first, second = self._rows(shared, values)
        above, first_adjoint, second_adjoint = self._rows(shared_adjoints, adjoints)
        backward = self._backward
        for i in range(len(self._kinds) - 1, -1, -1):
            if self._kinds[i] in backward:
                backward[self._kinds[i]](out[i], first[i], second[i], above[i], first_adjoint[i], second_adjoint[i])

    def _rows(self, shared: Array, batched: Array) -> tuple[Sequence[Array], Sequence[Array], Sequence[Array]]:
        """List the row of each result and of each operand."""
        memories = (list(shared), list(batched))
        operands = [
            [memories[kind][row] for row, kind in zip(rows, kinds, strict=True)]
            for rows, kinds in zip(self._operands.T.tolist(), self._batched.T.tolist(), strict=True)
        ]
        start, count = self._out.start, self._out.count
        return memories[self._out.batched][start : start + count], operands[0], operands[1]


def _letters(op: Op) -> list[Symbol]:
    return [Symbol(f"x{slot}") for slot in range(len(op.slopes))]


def _write_forward(op: Op) -> Callable[..., None]:
    """Write ``out[...] = op(x0, x1)`` as a function."""
    source = Statements((*NAMES, "flow", "play"))
    buffers: list[str] = []
    letters = _letters(op)
    given = {x.name: x.name for x in letters}
    [result] = source.compute([forward_formula(op, letters)], given, ["out"], lambda _: _add_buffer(source, buffers))
    if result != "out":
        source.write(f"out[...] = {result}")
    return _function(source, NAMES[:3], "out", buffers)


def _write_backward(op: Op, slots: Sequence[int]) -> Callable[..., None]:
    """Write ``adjoint0 += adjoint·∂op/∂x0`` and the like as a function."""
    source = Statements((*NAMES, "flow", "play"))
    buffers: list[str] = []
    letters = _letters(op)
    slopes = slope_formulas(op, Symbol("out"), letters, [slot in slots for slot in range(len(letters))])
    given = {x.name: x.name for x in letters} | {"out": "out"}
    chosen = [slopes[slot] for slot in slots]
    found = source.compute(chosen, given, [None] * len(slots), lambda _: _add_buffer(source, buffers))
    for slot, slope, expression in zip(slots, chosen, found, strict=True):
        source.write(f"flow = adjoint * {expression}")
        if may_be_singular(op, slope):  # nothing flows from an adjoint of zero, whatever the slope
            source.write(f"{source.numpy('putmask')}(flow, adjoint == 0.0, 0.0)")
        target = f"adjoint{slot}"
        source.write(f"{target} += flow if len({target}) == len(flow) else flow.sum()")
    return _function(source, NAMES, "adjoint", buffers)


def _add_buffer(source: Statements, buffers: list[str]) -> str:
    buffers.append(source.fresh("t"))
    return buffers[-1]


def _function(source: Statements, arguments: Sequence[str], like: str, buffers: Sequence[str]) -> Callable[..., None]:
    """Compile what was written to a function, which computes in arrays as large as one of its arguments."""
    head = [f"{INDENT}{name} = {source.numpy('empty_like')}({like})" for name in buffers]
    exec("\n".join([f"def play({', '.join(arguments)}):", *head, *source.lines]), source.objects)
    return source.objects["play"]  # type: ignore[no-any-return]
