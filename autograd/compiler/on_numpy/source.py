"""Instructions written as Python source for NumPy, one array statement after the other.

The source is what `print(program.source)` shows. Its functions work on four memories, whose rows are named as the
numbers in them are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd.compiler.access import parts_of, values_of
from autograd.compiler.adjoint import Sweep, mark_active, recorded_slopes
from autograd.compiler.formulas import forward_formula, may_be_singular
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
from autograd.compiler.listing import describe
from autograd.compiler.on_numpy.choices import add_to_chosen, choose, find_chosen
from autograd.compiler.on_numpy.statements import INDENT, Statements
from autograd.compiler.on_numpy.tapes import TapePlayer
from autograd.compiler.roll import Layout
from autograd.symbol import Symbol

__all__ = ["Source", "numpy_source"]

#: The arrays of the memories, by whether their rows are batched and whether they are adjoints.
MEMORIES = {
    (False, False): "shared",
    (True, False): "values",
    (False, True): "shared_adjoints",
    (True, True): "adjoints",
}
TAKEN = (
    *MEMORIES.values(), "examples", "empty", "matmul", "sum", "putmask", "broadcast_to", "terms", "sum_runs", "copyto",
    "find_chosen", "choose", "add_to_chosen", "chosen", "places",
    "forward_shared", "forward", "backward", "backward_shared",
)  # fmt: skip
MOST_ROUNDS = 9  # of additions to rows that are met several times, as a convolution of 3×3 takes them


class Source(Statements):
    """Python source of a program that is being written."""

    def __init__(self, layout: Layout, sweep: Sweep | None) -> None:
        super().__init__(TAKEN)
        self.layout, self._factors = layout, set() if sweep is None else sweep.find_factors()
        self._active = mark_active(layout, () if sweep is None else sweep.aim.wanted)
        self._tapes: dict[int, str] = {}
        self._views: dict[tuple[Any, ...], str] = {}
        self._view_lines: list[str] = []
        self._indices: dict[bytes, str] = {}

    # --- names --------------------------------------------------------------------------------------------------------

    def _define(self, key: tuple[Any, ...], stem: str, expression: str) -> str:
        """Name what is made once for all runs."""
        if key not in self._views:
            self._views[key] = name = self.fresh(stem)
            self._view_lines.append(f"{name} = {expression}")
        return self._views[key]

    def view(self, at: Rows) -> str:
        """Name a slice of rows as an array of two axes."""
        count = 1 if at.repeated else at.count
        memory = MEMORIES[at.batched, at.adjoint]
        stem = self.layout.name_of(at) + ("_adjoint" if at.adjoint else "")
        return self._define(("rows", memory, at.start, count), stem, f"{memory}[{at.start}:{at.start + count}]")

    def reshape(self, at: Rows, *shape: int) -> str:
        """Name rows as an array of other axes."""
        flat = self.view(at)
        return self._define(
            ("reshaped", flat, *shape), f"{flat}_matrix", f"{flat}.reshape({', '.join(map(str, shape))})"
        )

    def temporary(self, count: int, kind: str, batched: bool) -> str:
        """Name an array of so many rows to compute in, with a column for each example or one for all."""
        return self._define(
            ("temporary", kind, count, batched), kind, f"empty({count}, {'examples' if batched else 1})"
        )

    def array(self, index: Any) -> str:
        """Name an array of row numbers."""
        key = index.tobytes()
        if key not in self._indices:
            self._indices[key] = name = self.fresh("places")
            self.objects[name] = index
        return self._indices[key]

    def _comment(self, text: str) -> None:
        self.write("# " + "".join(letter if letter.isprintable() else " " for letter in text))  # a name may hold lines

    # --- reading and writing rows -------------------------------------------------------------------------------------

    def read(self, at: Rows) -> str:
        """Write the expression for rows."""
        if at.index is not None:
            return f"{MEMORIES[at.batched, at.adjoint]}[{self.array(at.index)}]"
        return self.view(at)

    def _blocks(self, at: Rows, k: int) -> str:
        """Write rows as an array of three axes: sum, term, example."""
        if at.ordered:
            return self.reshape(at, at.count // k, k, -1)
        if at.repeated:
            view = self.view(at)
            return f"{self.numpy('broadcast_to')}({view}, ({at.count // k}, {k}, {view}.shape[1]))"
        return f"{self.read(at)}.reshape({at.count // k}, {k}, -1)"

    def _add_to(self, view: str, more: str) -> None:
        self.write(f"{self.numpy('add')}({view}, {more}, out={view})")

    def _put(self, view: str, more: str, add: bool) -> None:
        if add:
            self._add_to(view, more)
        elif view != more:
            self.write(f"{view}[...] = {more}")

    def target(self, into: Into, batched: bool) -> str | None:
        """Name the rows that flows may be computed into directly, if there are."""
        direct = not into.add and into.rows.ordered and into.rows.batched == batched
        return self.view(into.rows) if direct else None

    def deliver(self, into: Into, flows: str, batched: bool) -> None:
        """Write what brings flows, an array (count, examples), to the rows they flow to."""
        at = into.rows
        if at.repeated:
            self._put(self.view(at), f"{flows}.sum(axis=0)" if at.batched else f"{flows}.sum()", into.add)
            return
        if batched and not at.batched:
            flows = f"{flows}.sum(axis=1, keepdims=True)"
        if at.index is None:
            self._put(self.view(at), flows, into.add)
        elif at.unique or not into.add:
            self.write(f"{self.read(at)} {'+=' if into.add else '='} {flows}")
        else:
            self._scatter(at, flows)

    def _scatter(self, at: Rows, flows: str) -> None:
        """Write what adds flows to rows, some of which are met several times."""
        assert at.index is not None
        memory = MEMORIES[at.batched, at.adjoint]
        if not flows.isidentifier():
            name = self.fresh("flows")
            self.write(f"{name} = {flows}")
            flows = name
        rounds = _rounds(at.numbers)
        if len(rounds) > MOST_ROUNDS:  # flows are sorted by where they go, and summed there
            order = np.argsort(at.numbers, kind="stable")
            reached, starts = np.unique(at.numbers[order], return_index=True)
            ordered, bounds, places = (self.array(part.astype(np.int32)) for part in (order, starts, reached))
            self.objects.setdefault("sum_runs", np.add.reduceat)
            self.write(f"{memory}[{places}] += sum_runs({flows}[{ordered}], {bounds}, axis=0)")
            return
        for chosen in rounds:
            picked, places = self.array(chosen.astype(np.int32)), self.array(at.index[chosen])
            self.write(f"{memory}[{places}] += {flows}[{picked}]")

    # --- instructions -------------------------------------------------------------------------------------------------

    def instruction(self, instruction: Instruction) -> None:
        """Write what carries out an instruction."""
        self._comment(describe(instruction))
        match instruction:
            case Map():
                self._map(instruction)
            case Sum(out=out, terms=terms, k=k):
                self.write(f"{self._sum()}({self._blocks(terms, k)}, axis=1, out={self.view(out)}, initial=-0.0)")
            case RowDots():
                self._row_dots(instruction)
            case MatrixProduct(weights=weights, n=n, k=k, inputs=inputs, m=m):
                result = self._matrix(instruction.out, n, m)
                self._multiply(self.reshape(weights, n, k), self._matrix(inputs, k, m), result, add=False)
                self._bias(instruction.bias, result)
            case Slopes():
                self._slopes(instruction)
            case Spread():
                self._spread(instruction)
            case TransposedProduct(into=into, weights=weights, n=n, k=k, adjoint=adjoint, m=m):
                turned = f"{self.reshape(weights, n, k)}.T"
                self._multiply(turned, self._matrix(adjoint, n, m), self._matrix(into.rows, k, m), into.add)
            case OuterProduct(into=into, adjoint=adjoint, n=n, k=k, inputs=inputs, m=m):
                # A turned copy, since the product of two matrices that lie in rows is the fastest.
                columns = "examples" if inputs.batched else "1"
                turned = self._define(
                    ("turned", columns, k, m), "turned", f"empty({k * m}, {columns}).reshape(-1, {k})"
                )
                self.write(f"{self.numpy('copyto')}({turned}, {self._matrix(inputs, k, m)}.T)")
                self._multiply(self._matrix(adjoint, n, m), turned, self.reshape(into.rows, n, k), into.add)
            case RowSums(into=into, adjoint=adjoint, n=n, m=m):
                matrix = self._matrix(adjoint, n, m)
                if into.rows.ordered and not into.add:
                    self.write(f"{self._sum()}({matrix}, axis=1, keepdims=True, out={self.view(into.rows)})")
                else:
                    self.deliver(into, f"{matrix}.sum(axis=1, keepdims=True)", False)
            case Choice(out=out, which=which, choices=choices, k=k):
                self._pick(choices, which, k)
                self.write(f"{self.view(out)}[...] = choose({MEMORIES[choices.batched, False]}, chosen, places)")
            case ChoiceFlow(into=into, which=which, source=source, k=k):
                self._pick(into.rows, which, k)
                memory = MEMORIES[into.rows.batched, True]
                self.write(f"add_to_chosen({memory}, chosen, places, {self.read(source)})")
            case Composite():
                for part in (parts_of if instruction.slopes in self._factors else values_of)(instruction):
                    self.instruction(part)
            case Tape():
                name = self._tapes[id(instruction)] = self.fresh("tape")
                self.objects[name] = TapePlayer(instruction, recorded_slopes(instruction, self._active))
                self.write(f"{name}.play(shared, values)")
            case TapeSweep(tape=tape):
                self.write(f"{self._tapes[id(tape)]}.rewind(shared, values, shared_adjoints, adjoints)")
            case Clear(out=out):
                memory = MEMORIES[out.batched, out.adjoint]
                place = f"{out.start}:{out.start + out.count}" if out.index is None else self.array(out.index)
                self.write(f"{memory}[{place}] = 0.0")

    def _sum(self) -> str:
        """Take the sum along an axis, as NumPy's own `sum` does it after looking at its arguments."""
        self.objects.setdefault("sum", np.add.reduce)
        return "sum"

    def _matrix(self, at: Rows, count: int, m: int) -> str:
        """Name rows as a matrix: one row for each of `count`, whose columns are positions and examples."""
        return self.view(at) if m == 1 else self.reshape(at, count, -1)

    def _multiply(self, one: str, other: str, target: str, add: bool) -> None:
        if add:
            self._add_to(target, f"{one} @ {other}")
        else:
            self.write(f"{self.numpy('matmul')}({one}, {other}, out={target})")

    def _bias(self, bias: Rows | None, result: str) -> None:
        if bias is not None:
            self._add_to(result, self.read(bias))

    def _pick(self, table: Rows, which: Rows, k: int) -> None:
        """Write which rows of a table are chosen."""
        self.objects |= {"find_chosen": find_chosen, "choose": choose, "add_to_chosen": add_to_chosen}
        rows = self.array(table.numbers.reshape(-1, k))
        self.write(f"chosen, places = find_chosen({rows}, {self.read(which)})")

    def _map(self, instruction: Map) -> None:
        out = instruction.out
        letters = [Symbol(f"x{slot}") for slot in range(len(instruction.operands))]
        given = {x.name: self.read(at) for x, at in zip(letters, instruction.operands, strict=True)}
        [result] = self.compute(
            [forward_formula(instruction.op, letters)],
            given,
            [self.view(out)],
            lambda number: self.temporary(out.count, f"t{number}", out.batched),
        )
        self._put(self.view(out), result, add=False)

    def _row_dots(self, instruction: RowDots) -> None:
        out = self.view(instruction.out)
        weights, inputs = (self._blocks(part, instruction.k) for part in (instruction.weights, instruction.inputs))
        if weights == inputs and instruction.weights.index is not None:
            self.write(f"terms = {weights}")
            weights = inputs = "terms"
        if instruction.weights.batched or instruction.inputs.batched:
            self.write(f"{self._sum()}({weights} * {inputs}, axis=1, out={out}, initial=-0.0)")
        else:  # the bias alone may have a column for each example
            self.write(f"{out}[...] = ({weights} * {inputs}).sum(axis=1, initial=-0.0)")
        self._bias(instruction.bias, out)

    def _slopes(self, instruction: Slopes) -> None:
        count, batched = instruction.result.count, instruction.result.batched
        given = {f"x{slot}": self.read(at) for slot, at in enumerate(instruction.operands)}
        given["out"], adjoint = self.view(instruction.result), self.view(instruction.adjoint)
        found = self.compute(
            instruction.slopes,
            given,
            [None] * len(instruction.slopes),
            lambda number: self.temporary(count, f"t{number}", batched),
        )
        for into, slope, expression in zip(instruction.into, instruction.slopes, found, strict=True):
            target = self.target(into, batched) or self.temporary(count, "flow", batched)
            self.write(f"{self.numpy('multiply')}({adjoint}, {expression}, out={target})")
            if may_be_singular(instruction.op, slope):  # nothing flows from an adjoint of zero, whatever the slope
                self.write(f"{self.numpy('putmask')}({target}, {adjoint} == 0.0, 0.0)")
            self.deliver(into, target, batched)

    def _spread(self, instruction: Spread) -> None:
        into, source, k = instruction.into, instruction.source, instruction.k
        at, batched = into.rows, source.batched
        if k == 1 and instruction.factors is None:
            self.deliver(into, self.read(source), batched)
            return
        blocks = f"{self.read(source)}[:, None]"
        if instruction.factors is not None:
            flows = f"{self._blocks(instruction.factors, k)} * {blocks}"
            blocks = f"{self.numpy('where')}({blocks} == 0.0, 0.0, {flows})" if instruction.singular else flows
        if at.ordered and at.batched == batched:
            self._put(self.reshape(at, source.count, k, -1), blocks, into.add)
            return
        name, columns = self.fresh("flows"), "examples" if batched else 1
        self.write(f"{name} = {self.numpy('broadcast_to')}({blocks}, ({source.count}, {k}, {columns}))")
        self.deliver(into, f"{name}.reshape({at.count}, -1)", batched)

    def function(self, instructions: Iterable[Instruction]) -> list[str]:
        """Write the body of a function that carries out instructions."""
        self.lines = []
        for instruction in instructions:
            self.instruction(instruction)
        return self.lines or [INDENT + "pass"]

    def text(self, functions: dict[str, list[str]]) -> str:
        """Write the whole: names of rows, then the functions."""
        lines = ["# rows of the memories, by name", *self._view_lines]
        for name, body in functions.items():
            lines += ["", "", f"def {name}():", *body]
        return "\n".join(lines) + "\n"


def _rounds(numbers: Any) -> list[Any]:
    """Split places into rounds, in none of which a row occurs twice."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    occurrence = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    return [np.sort(order[occurrence == number]) for number in range(int(occurrence.max()) + 1)]


def numpy_source(layout: Layout, sweep: Sweep | None) -> tuple[str, dict[str, Any]]:
    """Write a program in NumPy.

    Args:
        layout: its instructions.
        sweep: the sweep, if there is one.

    Returns:
        the source, which is run in a namespace with the memories of one batch size, and the objects that it names.
    """
    source = Source(layout, sweep)
    functions = {"forward_shared": source.function(layout.shared), "forward": source.function(layout.batched)}
    if sweep is not None:
        functions["backward"] = source.function(sweep.batched)
        functions["backward_shared"] = source.function(sweep.shared)
    return source.text(functions), source.objects
