"""Instructions: operations on whole arrays, which is what a program is made of.

Numbers live in two memories: one row for each shared number (parameters and what follows from them alone), and one row
with a column for each example for every other. An instruction reads rows and writes rows that lie one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd.op import Op

__all__ = ["Instruction", "Map", "MatrixProduct", "Products", "Rows", "Sum", "rows"]

Index = NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Rows of one memory, in the order in which an instruction takes them.

    Attributes:
        shared: which memory they are in.
        start: the first row.
        count: how many.
        step: 1 for rows that follow each other, 0 for one row that is taken again and again.
        index: the rows one by one, where they follow no such order; else None.
    """

    shared: bool
    start: int
    count: int
    step: int = 1
    index: Index | None = None

    @property
    def numbers(self) -> NDArray[np.int64]:
        """The row numbers, (count,)."""
        if self.index is not None:
            return self.index.astype(np.int64)
        return self.start + self.step * np.arange(self.count)

    @property
    def key(self) -> slice | Index:
        """What selects the rows in an array: each at least once."""
        if self.index is not None:
            return self.index
        return slice(self.start, self.start + (self.count if self.step else 1))

    @property
    def unique(self) -> bool:
        """Whether no row is taken twice."""
        if self.index is not None:
            return len(np.unique(self.index)) == self.count
        return self.step == 1 or self.count == 1


def rows(shared: bool, numbers: Sequence[int] | NDArray[np.int64]) -> Rows:
    """Describe rows in the shortest way: a slice, one row repeated, or an index."""
    count, start = len(numbers), int(numbers[0])
    if count == 1:
        return Rows(shared, start, 1)
    listed = np.asarray(numbers, dtype=np.int64)
    if (listed == start + np.arange(count)).all():
        return Rows(shared, start, count)
    if (listed == start).all():
        return Rows(shared, start, count, 0)
    return Rows(shared, start, count, 1, listed.astype(np.int32))


@dataclass(frozen=True)
class Map:
    """One operation on many places: ``out[i] = op(a[i], b[i], …)``.

    Attributes:
        out: rows it writes.
        op: the operation; of any number of operands, if it is one of those.
        operands: rows for each operand, as many as `out` has.
        name: what the rows are called.
    """

    out: Rows
    op: Op
    operands: tuple[Rows, ...]
    name: str


@dataclass(frozen=True)
class Sum:
    """Sums of k rows each: ``out[i] = Σ_j terms[i·k + j]``."""

    out: Rows
    terms: Rows
    k: int
    name: str


@dataclass(frozen=True)
class Products:
    """Weighted sums that share nothing: ``out[i] = Σ_j weights[i·k + j]·inputs[i·k + j] + bias[i]``."""

    out: Rows
    weights: Rows
    inputs: Rows
    k: int
    bias: Rows | None
    name: str


@dataclass(frozen=True)
class MatrixProduct:
    """Weighted sums that share weights or inputs: ``out[i·m + p] = Σ_j W[i, j]·inputs[j·m + p] + bias[i]``.

    A layer has m = 1; a convolution has a position p for each place its kernel goes to.

    Attributes:
        out: n·m rows.
        weights: n·k shared rows, one after the other.
        n: rows of W.
        k: columns of W.
        inputs: k·m rows, one after the other.
        m: positions.
        bias: n shared rows, or None.
        name: what the sums are called.
        weights_name: what W is called.
    """

    out: Rows
    weights: Rows
    n: int
    k: int
    inputs: Rows
    m: int
    bias: Rows | None
    name: str
    weights_name: str


Instruction = Map | Sum | Products | MatrixProduct


def operands_of(instruction: Instruction) -> tuple[Rows | None, ...]:
    """List the rows that an instruction reads, slot by slot."""
    if isinstance(instruction, Map):
        return instruction.operands
    if isinstance(instruction, Sum):
        return (instruction.terms,)
    return (instruction.weights, instruction.inputs, instruction.bias)


def products(instruction: Instruction) -> int:
    """Count the products in an instruction's weighted sums, for an example."""
    if isinstance(instruction, MatrixProduct):
        return instruction.n * instruction.k * instruction.m
    return instruction.out.count * instruction.k if isinstance(instruction, Products) else 0


def brief(instruction: Instruction) -> str:
    """Say what an instruction does without saying where its result goes."""
    if isinstance(instruction, MatrixProduct):
        kind = "dense" if instruction.m == 1 else f"convolution at {instruction.m:,} places"
        return f"{kind} {instruction.n}×{instruction.k} ({instruction.n * instruction.k * instruction.m:,} products)"
    if isinstance(instruction, Map):
        return f"{instruction.op.name} {instruction.out.count:,}"
    if isinstance(instruction, Sum):
        return f"sum {instruction.out.count:,}×{instruction.k:,}"
    assert isinstance(instruction, Products)
    return f"weighted sums {instruction.out.count:,}×{instruction.k:,}"


def describe(instruction: Instruction) -> str:
    """Say in a few words what an instruction does, and what its result is called."""
    return f"{brief(instruction)} → {instruction.name}"
