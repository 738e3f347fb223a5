"""Listing: what instructions do, in a few words, and what comes again how often; what is printed of a program."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.access import products
from autograd.compiler.instructions import (
    Choice,
    ChoiceFlow,
    Clear,
    Composite,
    Instruction,
    Loop,
    Map,
    MatrixProduct,
    OuterProduct,
    RowDots,
    RowSums,
    Slopes,
    Spread,
    Sum,
    Tape,
    TapeSweep,
    TransposedProduct,
)

if TYPE_CHECKING:
    from autograd.compiler.program import Program

__all__ = ["Instructions", "brief", "count_up", "describe", "show", "summarize"]

MIN_STEPS_TO_FOLD = 3  # that follow each other before they are written as one
MAX_STEP_TO_FOLD = 64  # instructions


class Instructions(tuple[Instruction, ...]):
    """Instructions in order; printed, they are a line of what they do, and of what comes again how often."""

    __slots__ = ()

    @property
    def products(self) -> int:
        """How many products an example takes in weighted sums, forward."""
        return sum(map(products, self))

    @property
    def lines(self) -> list[str]:
        """What they do, one after the other; what follows itself is one line."""
        return _fold(list(map(brief, self))) or ["nothing to compute"]

    def __str__(self) -> str:
        return " · ".join(self.lines)


def _fold(parts: list[str]) -> list[str]:
    """Write what comes several times in a row as ``3 × (…)``."""
    folded, at = [], 0
    while at < len(parts):
        period, times = max(
            ((period, _count_repeats(parts, at, period)) for period in range(1, MAX_STEP_TO_FOLD)),
            key=lambda found: (found[1] - 1) * found[0],  # what is saved
        )
        if times < MIN_STEPS_TO_FOLD:
            period, times = 1, 1
        step = " · ".join(parts[at : at + period])
        folded.append(f"{times:,} × ({step})" if times > 1 else step)
        at += period * times
    return folded


def _count_repeats(parts: list[str], at: int, period: int) -> int:
    times = 1
    while parts[at : at + period] == parts[at + times * period : at + (times + 1) * period]:
        times += 1
    return times if at + period <= len(parts) else 1


def brief(instruction: Instruction) -> str:
    """Describe what an instruction does, without where its result goes."""
    match instruction:
        case MatrixProduct(n=n, k=k, m=m):
            kind = "dense" if m == 1 else f"convolution at {m:,} places"
            return f"{kind} {n}×{k} ({n * k * m:,} products)"
        case TransposedProduct(n=n, k=k, m=m):
            return f"transposed {k}×{n} ({n * k * m:,} products)"
        case OuterProduct(n=n, k=k, m=m):
            return f"outer {n}×{k} ({n * k * m:,} products)"
        case RowSums(n=n, m=m):
            return f"row sums {n:,}×{m:,}"
        case Map(out=out, op=op):
            return f"{op.name} {out.count:,}"
        case Slopes(op=op, result=result):
            return f"slopes of {op.name} {result.count:,}"
        case Choice(out=out, k=k):
            return f"choose {out.count:,} of {k:,}"
        case ChoiceFlow(source=source, k=k):
            return f"add to the chosen {source.count:,} of {k:,}"
        case Composite(out=out, op=op, k=k):
            return f"{op.name} {out.count:,}×{k:,}"
        case Sum(out=out, k=k):
            return f"sum {out.count:,}×{k:,}"
        case RowDots(out=out, k=k):
            return f"weighted sums {out.count:,}×{k:,}"
        case Spread(source=source, k=k, factors=factors):
            kind = "spread" if factors is None else "weighted spread"
            return f"pass on {source.count:,}" if factors is None and k == 1 else f"{kind} {source.count:,}×{k:,}"
        case Clear(out=out):
            return f"clear {out.count:,}"
        case Tape():
            return _brief_tape(instruction)
        case TapeSweep(tape=tape):
            return f"sweep of a tape {tape.out.count:,}"


def _brief_tape(tape: Tape) -> str:
    """Describe a tape: how many of each operation it has, and what is repeated how often."""
    parts, done = [], 0
    for loop in (*tape.loops, Loop(tape.out.count, 0, 0)):
        if loop.start > done:
            parts.append(f"({_count_operations(tape, done, loop.start)})")
        if loop.times:
            parts.append(f"{loop.times:,} × ({_count_operations(tape, loop.start, loop.start + loop.period)})")
        done = loop.start + loop.period * loop.times
    return f"tape {' · '.join(parts)}"


def _count_operations(tape: Tape, start: int, stop: int) -> str:
    counts = np.bincount(tape.codes[start:stop], minlength=len(tape.ops))
    return ", ".join(f"{op.name} {count:,}" for op, count in zip(tape.ops, counts, strict=True) if count)


def describe(instruction: Instruction) -> str:
    """Describe in a few words what an instruction does, and what its result is called."""
    return f"{brief(instruction)} → {instruction.name}"


def count_up(program: Program) -> dict[str, Any]:
    """Count what a program is made of, as its ``stats`` say."""
    size, instructions, layout = program.dtype.itemsize, program.instructions, program.execution.layout
    return {
        "nodes": len(program._traced.nodes),
        "edges": program._traced.edges,
        "operations": len(instructions),
        "products": instructions.products,
        "bytes": 2 * size * layout.batched_rows,
        "shared_bytes": 2 * size * layout.shared_rows,
        "compile_seconds": program.execution.seconds,
    }


def summarize(program: Program) -> str:
    """Describe a program in one line: what it takes, how large it is, and what runs it."""
    stats = program.stats
    taken = ", ".join(f"{argument.name}{list(argument.shape)}" for argument in program.arguments)
    return (
        f"<Program({taken}) of {stats['nodes']:,} nodes in {stats['operations']:,} array operations, "
        f"{len(program.parameters):,} parameters, {program.dtype}, {program.backend}>"
    )


def show(program: Program) -> str:
    """Write a program in HTML: its line, and its instructions forward and backward, each to be opened."""
    backward = _write_list("backward", program.backward) if program._swept else ""
    line = f"<div><code>{escape(summarize(program))}</code></div>"
    return line + _write_list("forward", program.instructions) + backward


def _write_list(name: str, instructions: Instructions) -> str:
    number = f"{len(instructions):,} array operation{'s' * (len(instructions) != 1)}"
    steps = "".join(f"<li>{escape(line)}</li>" for line in instructions.lines)
    return f"<details><summary>{name}: {number}</summary><ol>{steps}</ol></details>"
