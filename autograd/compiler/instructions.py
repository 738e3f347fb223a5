"""Instructions: operations on whole arrays, which is what a program is made of, forward and backward.

Numbers live in four memories: values and their adjoints, each for shared rows (parameters and what follows from them
alone) and for batched rows, which have a column for each example. An instruction reads rows and writes rows, or adds to
them; where it reads batched rows and writes shared ones, it sums over the examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.op import Op

__all__ = [
    "Choice",
    "ChoiceFlow",
    "Clear",
    "Composite",
    "Instruction",
    "Into",
    "Loop",
    "Map",
    "MatrixProduct",
    "OuterProduct",
    "RowDots",
    "RowSums",
    "Rows",
    "Slopes",
    "Spread",
    "Sum",
    "Tape",
    "TapeSweep",
    "TransposedProduct",
    "rows",
]

Index = NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """Rows of one memory, in the order in which an instruction takes them.

    Attributes:
        batched: whether they have a column for each example.
        start: the first row.
        count: how many.
        step: 1 for rows that follow each other, 0 for one row that is taken again and again.
        index: the rows one by one, where they follow no such order; else None.
        adjoint: whether they are adjoints rather than values.
    """

    batched: bool
    start: int
    count: int
    step: int = 1
    index: Index | None = None
    adjoint: bool = False

    @property
    def adjoints(self) -> Rows:
        """The adjoints of these rows."""
        return Rows(self.batched, self.start, self.count, self.step, self.index, True)

    @property
    def ordered(self) -> bool:
        """Whether the rows lie one after the other."""
        return self.index is None and self.step == 1

    @property
    def repeated(self) -> bool:
        """Whether all are one row."""
        return self.index is None and self.step == 0

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


def rows(batched: bool, numbers: Sequence[int] | NDArray[np.int64]) -> Rows:
    """Describe rows in the shortest way: a slice, one row repeated, or an index."""
    count, start = len(numbers), int(numbers[0])
    if count == 1:
        return Rows(batched, start, 1)
    listed = np.asarray(numbers, dtype=np.int64)
    if (listed == start + np.arange(count)).all():
        return Rows(batched, start, count)
    if (listed == start).all():
        return Rows(batched, start, count, 0)
    return Rows(batched, start, count, 1, listed.astype(np.int32))


class Into(NamedTuple):
    """Rows that an instruction writes.

    Attributes:
        rows: which; a row that stands there several times takes the sum of what comes to it.
        add: whether what is written is added to what the rows hold.
    """

    rows: Rows
    add: bool


# --- forward ----------------------------------------------------------------------------------------------------------


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
class RowDots:
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


@dataclass(frozen=True)
class Composite:
    """One operation of many operands at many places, carried out by other instructions.

    Attributes:
        out: rows it writes.
        op: the operation.
        operands: n·k rows, k for each result.
        k: how many operands there are.
        parts: what computes the results.
        slopes: n·k rows of slopes.
        slope_parts: what computes them.
        singular: whether a slope may be infinite or NaN.
        name: what the rows are called.
    """

    out: Rows
    op: Op
    operands: Rows
    k: int
    parts: tuple[Map | Sum, ...]
    slopes: Rows
    slope_parts: tuple[Map | Sum, ...]
    singular: bool
    name: str


@dataclass(frozen=True)
class Choice:
    """Rows by their place in a table: ``out[i] = choices[i·k + which[i]]``; NaN where there is no such place.

    Attributes:
        out: n rows it writes.
        which: n rows of places.
        choices: n·k rows, k for each result.
        k: how many there are to choose from.
        name: what the results are called.
    """

    out: Rows
    which: Rows
    choices: Rows
    k: int
    name: str


# --- backward ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slopes:
    """The flows through one operation at many places: ``into[s][i] = adjoint[i]·∂op/∂x_s`` for each of some operands.

    Attributes:
        into: adjoints of the operands that something flows to.
        op: the operation.
        slots: which operands those are.
        slopes: the formula of each slope, or a number, in symbols ``out``, ``x0``, ``x1``, …
        adjoint: adjoints of the results.
        result: the results.
        operands: rows for each operand.
        name: what the adjoints are called.
    """

    into: tuple[Into, ...]
    op: Op
    slots: tuple[int, ...]
    slopes: tuple[Any, ...]
    adjoint: Rows
    result: Rows
    operands: tuple[Rows, ...]
    name: str


@dataclass(frozen=True)
class Spread:
    """Rows that are each passed on to k others: ``into[i·k + j] = factors[i·k + j]·source[i]``.

    Attributes:
        factors: n·k rows; None for ones.
        singular: whether a factor may be infinite or NaN; then zero passes nothing on, whatever the factor.
    """

    into: Into
    source: Rows
    k: int
    factors: Rows | None
    name: str
    singular: bool = False


@dataclass(frozen=True)
class TransposedProduct:
    """The flow of a matrix product to its inputs: ``into[j·m + p] = Σ_i W[i, j]·adjoint[i·m + p]``."""

    into: Into
    weights: Rows
    n: int
    k: int
    adjoint: Rows
    m: int
    name: str


@dataclass(frozen=True)
class OuterProduct:
    """The flow of a matrix product to its weights: ``into[i, j] = Σ_p adjoint[i·m + p]·inputs[j·m + p]``."""

    into: Into
    adjoint: Rows
    n: int
    k: int
    inputs: Rows
    m: int
    name: str


@dataclass(frozen=True)
class RowSums:
    """The flow of a matrix product to its bias: ``into[i] = Σ_p adjoint[i·m + p]``."""

    into: Into
    adjoint: Rows
    n: int
    m: int
    name: str


@dataclass(frozen=True)
class ChoiceFlow:
    """The flows of a choice to what was chosen: ``into[i·k + which[i]] += source[i]``."""

    into: Into
    which: Rows
    source: Rows
    k: int
    name: str


@dataclass(frozen=True)
class Clear:
    """Rows that start from zero, since flows reach only some of them, or one of them several times."""

    out: Rows
    name: str


# --- node by node -----------------------------------------------------------------------------------------------------


class Loop(NamedTuple):
    """A stretch of a tape that repeats itself, each time a fixed number of rows further on: a step of a recurrence.

    Attributes:
        start: the place of its first operation on the tape.
        period: how many operations a step has.
        times: how many steps there are.
    """

    start: int
    period: int
    times: int


@dataclass(frozen=True, eq=False)
class Tape:
    """Operations of one or two operands that are carried out one by one: ``out[i] = op[i](a[i], b[i])``.

    Attributes:
        out: the rows of all their results, one after the other.
        ops: the operations that occur.
        codes: which of them each is, (n,).
        operands: the rows of each one's operands, (n, 2); where there is one, the second is the result's own.
        batched: the memory that each of these lies in, (n, 2).
        loops: the stretches that repeat themselves, in order.
        name: what the last result is called.
    """

    out: Rows
    ops: tuple[Op, ...]
    codes: Index
    operands: NDArray[np.int64]
    batched: NDArray[np.bool_]
    loops: tuple[Loop, ...]
    name: str

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which operands are results of the tape itself, (n, 2)."""
        inside: NDArray[np.bool_] = (self.batched == self.out.batched) & (self.operands >= self.out.start)
        return inside & (self.operands < self.out.start + self.out.count)

    def operands_in(self, batched: bool, chosen: NDArray[np.bool_]) -> tuple[Rows, ...]:
        """Describe the rows of one memory that chosen operands, (n, 2), lie in: each once, in one piece or none."""
        numbers = np.unique(self.operands[chosen & (self.batched == batched)])
        return (rows(batched, numbers),) if len(numbers) else ()


@dataclass(frozen=True)
class TapeSweep:
    """The flows through a tape from its end, along the recorded slopes; all are added."""

    tape: Tape
    into: tuple[Into, ...]
    name: str


Instruction = (
    Map | Sum | RowDots | MatrixProduct | Composite | Choice | Tape
    | Slopes | Spread | TransposedProduct | OuterProduct | RowSums | ChoiceFlow | Clear | TapeSweep
)  # fmt: skip
