"""Access: which rows an instruction reads and writes, and which instructions carry it out."""

from __future__ import annotations

from typing import Any

from autograd.compiler.instructions import (
    Choice,
    ChoiceFlow,
    Clear,
    Composite,
    Instruction,
    Into,
    Map,
    MatrixProduct,
    OuterProduct,
    RowDots,
    Rows,
    RowSums,
    Slopes,
    Spread,
    Sum,
    Tape,
    TapeSweep,
    TransposedProduct,
)

__all__ = ["operands_of", "parts_of", "products", "reads", "values_of", "writes"]


def operands_of(instruction: Map | Sum | RowDots | MatrixProduct) -> tuple[Rows | None, ...]:
    """List the rows that a forward instruction reads, slot by slot."""
    if isinstance(instruction, Map):
        return instruction.operands
    if isinstance(instruction, Sum):
        return (instruction.terms,)
    return (instruction.weights, instruction.inputs, instruction.bias)


def values_of(instruction: Any) -> tuple[Any, ...]:
    """List the instructions that compute the results of one: itself, or the parts of a composite without its slopes."""
    return instruction.parts if isinstance(instruction, Composite) else (instruction,)


def parts_of(instruction: Any) -> tuple[Any, ...]:
    """List the instructions that one is carried out by: itself, or the parts of a composite and of its slopes."""
    return (*instruction.parts, *instruction.slope_parts) if isinstance(instruction, Composite) else (instruction,)


def reads(instruction: Instruction) -> tuple[Rows, ...]:
    """List the rows that an instruction reads; of a tape those from outside it."""
    match instruction:
        case Slopes(adjoint=adjoint, result=result, operands=operands):
            return (adjoint, result, *operands)
        case Spread(source=source, factors=factors):
            return (source,) if factors is None else (source, factors)
        case TransposedProduct(weights=weights, adjoint=adjoint):
            return (weights, adjoint)
        case OuterProduct(adjoint=adjoint, inputs=inputs):
            return (adjoint, inputs)
        case RowSums(adjoint=adjoint):
            return (adjoint,)
        case Clear():
            return ()
        case Composite(operands=operands):
            return (operands,)
        case Choice(which=which, choices=choices):
            return (which, choices)
        case ChoiceFlow(which=which, source=source):
            return (which, source)
        case Tape():
            return tuple(
                at for batched in (False, True) for at in instruction.operands_in(batched, ~instruction.inside)
            )
        case TapeSweep(tape=tape):
            return (tape.out.adjoints,)
        case _:
            return tuple([at for at in operands_of(instruction) if at is not None])


def writes(instruction: Instruction) -> tuple[Into, ...]:
    """List the rows that an instruction writes or adds to."""
    if isinstance(instruction, Slopes | TapeSweep):
        return instruction.into
    if isinstance(instruction, Spread | TransposedProduct | OuterProduct | RowSums | ChoiceFlow):
        return (instruction.into,)
    return (Into(instruction.out, False),)


def products(instruction: Instruction) -> int:
    """Count the products in a forward instruction's weighted sums, for an example."""
    if isinstance(instruction, MatrixProduct):
        return instruction.n * instruction.k * instruction.m
    return instruction.out.count * instruction.k if isinstance(instruction, RowDots) else 0
