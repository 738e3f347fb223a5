"""The NumPy backend: instructions written as Python source, one array statement after the other.

The source is what `print(program.source)` shows. Its functions work on two memories, whose rows are named as the
numbers in them are.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import ops
from autograd.compiler.adjoint import Clear, Flow, Pass, Plan
from autograd.compiler.formulas import Operand, forward_formula, may_be_singular, slope_formulas, statements
from autograd.compiler.instructions import Instruction, Map, MatrixProduct, Products, Rows, Sum, describe, operands_of
from autograd.compiler.roll import Layout
from autograd.op import Op
from autograd.symbol import Symbol
from autograd.ufuncs import UFUNCS

__all__ = ["Source", "numpy_source"]

#: NumPy's function for each operation that has one, with an ``out=``.
NUMPY: dict[Op, str] = {op: name for name, op in UFUNCS.items() if hasattr(np, name)} | {
    op: op.array for op in UFUNCS.values() if isinstance(op.array, str) and isinstance(getattr(np, op.array), np.ufunc)
}
NUMPY |= {ops.add: "add", ops.pow: "power", ops.abs: "absolute", ops.truediv: "divide"}

INDENT = " " * 4
MANY = 9  # rounds of additions, as a convolution of 3×3 takes them


def primitive(op: Op) -> bool:
    """Whether the backend computes an operation as such: NumPy has it, or its record is no formula."""
    if op in NUMPY:
        return True
    letters = [Symbol(letter) for letter in op.name_operands(2 if op.nary else len(op.slopes))]
    formula = forward_formula(op, letters)
    return isinstance(formula, Symbol) and formula.op is op


class Source:
    """Python source that is being written, and the objects that it names.

    Attributes:
        objects: what the source takes from outside: NumPy functions, records, row numbers.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.objects: dict[str, Any] = {}
        self._views: dict[tuple[str, bool, int, int], str] = {}
        self._view_lines: list[str] = []
        self._taken: set[str] = {"shared", "values", "shared_adjoints", "adjoints", "examples", "empty", "float"}
        self._taken |= {*NUMPY.values(), "matmul", "sum", "putmask", "broadcast_to", "terms", "sum_runs", "copyto"}
        self._taken |= {"forward_shared", "forward", "backward", "backward_shared"}
        self._numbers: dict[str, int] = {}
        self._functions: dict[Op, str] = {}
        self._indices: dict[bytes, str] = {}
        self._temporaries: dict[tuple[int, int, bool], str] = {}
        self._name_rows()
        self.lines: list[str] = []

    # --- names ---------------------------------------------------------------------------------------------------

    def _name_rows(self) -> None:
        """Name the rows of every instruction's result, and those of matrices, as the graph names them."""
        self._stems: dict[tuple[bool, int, int], str] = {}
        for instruction in (*self.layout.shared, *self.layout.batched):
            out = instruction.out
            self._stems[out.shared, out.start, out.count] = instruction.name
            if isinstance(instruction, MatrixProduct):
                w = instruction.weights
                self._stems.setdefault((True, w.start, w.count), instruction.weights_name)
        e = self.layout.expressions
        self._names = {
            (not e.batched[x], self.layout.row[x]): e.name(x) for x in range(len(e)) if self.layout.row[x] >= 0
        }

    def _fresh(self, stem: str) -> str:
        stem = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_")[:40]
        if not stem or not stem.isidentifier() or keyword.iskeyword(stem):
            stem = f"v{stem}" if f"v{stem}".isidentifier() else "v"
        name = stem
        while name in self._taken:
            self._numbers[stem] = self._numbers.get(stem, 1) + 1
            name = f"{stem}_{self._numbers[stem]}"
        self._taken.add(name)
        return name

    def view(self, memory: str, at: Rows) -> str:
        """Name a slice of rows of a memory (values or adjoints), as an array of two axes."""
        count = 1 if at.step == 0 else at.count
        key = memory, at.shared, at.start, count
        if key not in self._views:
            stem = self._stems.get((at.shared, at.start, count)) or self._names.get((at.shared, at.start), "rows")
            stem = stem.partition("[")[0] + ("_adjoint" if memory == "adjoints" else "")
            name = self._fresh(stem)
            whole = ("shared_adjoints" if memory == "adjoints" else "shared") if at.shared else memory
            self._views[key] = name
            self._view_lines.append(f"{name} = {whole}[{at.start}:{at.start + count}]")
        return self._views[key]

    def _index(self, at: Rows) -> str:
        return self._array(at.index)

    def _array(self, index: Any) -> str:
        key = index.tobytes()
        if key not in self._indices:
            name = self._fresh("places")
            self.objects[name] = index
            self._indices[key] = name
        return self._indices[key]

    def _numpy(self, name: str) -> str:
        self.objects.setdefault(name, getattr(np, name))
        return name

    def temporary(self, count: int, number: int, batched: bool) -> str:
        """Name an array of so many rows to compute in, with a column for each example or one for all."""
        key = count, number, batched
        if key not in self._temporaries:
            name = self._fresh(f"t{number}")
            self._temporaries[key] = name
            self._view_lines.append(f"{name} = empty({count}, {'examples' if batched else 1})")
        return self._temporaries[key]

    def _turned(self, product: MatrixProduct) -> str:
        """Name an array for the inputs of a product, turned."""
        columns = 1 if product.out.shared else "examples"
        key = f"turned {columns}", False, product.k * product.m, product.k
        if key not in self._views:
            self._views[key] = name = self._fresh("turned")
            self._view_lines.append(f"{name} = empty({product.k * product.m}, {columns}).reshape(-1, {product.k})")
        return self._views[key]

    def _write(self, line: str) -> None:
        self.lines.append(INDENT + line)

    def _comment(self, text: str) -> None:
        self._write("# " + "".join(letter if letter.isprintable() else " " for letter in text))  # a name may hold lines

    # --- reading and writing rows -----------------------------------------------------------------------------------

    def read(self, at: Rows) -> str:
        """Write the expression for rows of numbers."""
        if at.index is not None:
            return f"{'shared' if at.shared else 'values'}[{self._index(at)}]"
        return self.view("values", at)

    def _deliver(self, flow: Flow, made: str, count: int, batched: bool) -> None:
        """Write what adds rows of flows, an array (count, examples), to the adjoints of what they flow to."""
        into = flow.into
        memory = "shared_adjoints" if into.shared else "adjoints"
        if into.step == 0 and into.index is None:
            summed = f"{made}.sum()" if into.shared else f"{made}.sum(axis=0)"
            view = self.view("adjoints", into)
            self._write(self._added(view, summed) if flow.add else f"{view}[...] = {summed}")
            return
        if into.shared and batched:
            made = f"{made}.sum(axis=1, keepdims=True)"
        if into.index is None:
            view = self.view("adjoints", into)
            if flow.add:
                self._write(self._added(view, made))
            elif made != view:
                self._write(f"{view}[...] = {made}")
            return
        if not flow.add:
            self._write(f"{memory}[{self._index(into)}] = {made}")
        elif into.unique:
            self._write(f"{memory}[{self._index(into)}] += {made}")
        else:
            if not made.isidentifier():
                name = self._fresh("flows")
                self._write(f"{name} = {made}")
                made = name
            rounds = _rounds(into.numbers)
            if (
                len(rounds) > MANY
            ):  # a row that is reached so often: flows are sorted by where they go, and summed there
                order = np.argsort(into.numbers, kind="stable")
                reached, starts = np.unique(into.numbers[order], return_index=True)
                sorted_, bounds, places = (
                    self._array(part.astype(np.int32)) for part in (order, starts, reached)
                )  # fmt: skip
                self.objects.setdefault("sum_runs", np.add.reduceat)
                self._write(f"{memory}[{places}] += sum_runs({made}[{sorted_}], {bounds}, axis=0)")
                return
            for chosen in rounds:
                picked, places = self._array(chosen.astype(np.int32)), self._array(into.index[chosen])
                self._write(f"{memory}[{places}] += {made}[{picked}]")

    def _added(self, view: str, more: str) -> str:
        return f"{self._numpy('add')}({view}, {more}, out={view})"

    def target(self, flow: Flow, batched: bool) -> str | None:
        """Name the rows that a flow may be computed into directly, if there are."""
        into = flow.into
        direct = not flow.add and into.index is None and into.step == 1 and not (into.shared and batched)
        return self.view("adjoints", into) if direct else None

    # --- formulas -----------------------------------------------------------------------------------------------------

    def compute(
        self, formulas: Sequence[Any], given: dict[str, str], out: Rows, targets: Sequence[str | None]
    ) -> list[str]:
        """Write the statements that compute formulas on arrays; give the expression that each is then found by."""
        listed, results = statements(formulas, primitive)
        last = {}  # the last statement that reads each
        for place, statement in enumerate(listed):
            for operand in statement.operands:
                if isinstance(operand, Operand) and operand.place >= 0:
                    last[operand.place] = place
        final = {r.place: slot for slot, r in enumerate(results) if isinstance(r, Operand) and r.place >= 0}
        where: dict[int, str] = {}
        free: list[str] = []
        used = 0
        for place, statement in enumerate(listed):
            target = targets[final[place]] if place in final else None
            if target is not None and place < last.get(place, -1):
                target = None  # the rows of the result are written last
            if target is None:
                if not free:
                    free.append(self.temporary(out.count, used, not out.shared))
                    used += 1
                target = free.pop()
            parts = [self._part(operand, given, where) for operand in statement.operands]
            self._statement(statement.op, parts, target)
            where[place] = target
            for operand in set(statement.operands):
                if isinstance(operand, Operand) and last.get(operand.place) == place and operand.place not in final:
                    free.append(where[operand.place])
        return [self._part(r, given, where) for r in results]

    def _part(self, operand: Any, given: dict[str, str], where: dict[int, str]) -> str:
        if not isinstance(operand, Operand):
            return _number(operand)
        return where[operand.place] if operand.place >= 0 else given[operand.name]

    def _statement(self, op: Op, parts: list[str], target: str) -> None:
        if op is ops.where:
            self._write(f"{target}[...] = {self._numpy('where')}({', '.join(parts)})")
        elif op in NUMPY:
            self._write(f"{self._numpy(NUMPY[op])}({', '.join(parts)}, out={target})")
        else:
            if op not in self._functions:
                self._functions[op] = self._fresh(f"{op.name}_on_arrays")
                self.objects[self._functions[op]] = op.apply
            self._write(f"{target}[...] = {self._functions[op]}(({', '.join(parts)}{',' if len(parts) == 1 else ''}))")

    # --- instructions -------------------------------------------------------------------------------------------------

    def forward(self, instruction: Instruction) -> None:
        """Write what computes an instruction."""
        self._comment(describe(instruction))
        out = self.view("values", instruction.out)
        if isinstance(instruction, Map):
            self._map(instruction, out)
        elif isinstance(instruction, Sum):
            self._write(f"{self._numpy('sum')}({self._blocks(instruction.terms, instruction.k)}, axis=1, out={out})")
        elif isinstance(instruction, Products):
            weights, inputs = (self._blocks(part, instruction.k) for part in (instruction.weights, instruction.inputs))
            if weights == inputs and instruction.weights.index is not None:
                self._write(f"terms = {weights}")
                weights = inputs = "terms"
            if instruction.weights.shared and instruction.inputs.shared:  # the bias alone may have a column an example
                self._write(f"{out}[...] = ({weights} * {inputs}).sum(axis=1)")
            else:
                self._write(f"{self._numpy('sum')}({weights} * {inputs}, axis=1, out={out})")
            self._bias(instruction.bias, out)
        else:
            weights, inputs, result = self._matrices(instruction, "values")
            self._write(f"{self._numpy('matmul')}({weights}, {inputs}, out={result})")
            self._bias(instruction.bias, result)

    def _bias(self, bias: Rows | None, result: str) -> None:
        if bias is not None:
            self._write(f"{self._numpy('add')}({result}, {self.read(bias)}, out={result})")

    def _matrices(self, product: MatrixProduct, memory: str) -> tuple[str, str, str]:
        """Name a matrix, its inputs and its results as arrays of two axes, in the memory of values or of adjoints."""
        return (
            self._shaped(memory, product.weights, f"{product.n}, {product.k}"),
            self._rows_of(memory, product.inputs, product.k, product.m),
            self._rows_of(memory, product.out, product.n, product.m),
        )  # fmt: skip

    def _rows_of(self, memory: str, at: Rows, count: int, m: int) -> str:
        return self.view(memory, at) if m == 1 else self._shaped(memory, at, f"{count}, -1")

    def _shaped(self, memory: str, at: Rows, shape: str) -> str:
        key = f"{memory} {shape}", at.shared, at.start, at.count
        if key not in self._views:
            flat = self.view(memory, at)
            name = self._fresh(f"{flat}_matrix")
            self._views[key] = name
            self._view_lines.append(f"{name} = {flat}.reshape({shape})")
        return self._views[key]

    def _blocks(self, at: Rows, k: int) -> str:
        """Write rows as an array of three axes: sum, term, example."""
        if at.index is None and at.step == 1:
            return self._shaped("values", at, f"{at.count // k}, {k}, -1")
        if at.index is None:
            view = self.view("values", at)
            return f"{self._numpy('broadcast_to')}({view}, ({at.count // k}, {k}, {view}.shape[1]))"
        return f"{self.read(at)}.reshape({at.count // k}, {k}, -1)"

    def _map(self, instruction: Map, out: str) -> None:
        letters = [f"x{slot}" for slot in range(len(instruction.operands))]
        formula = forward_formula(instruction.op, [Symbol(letter) for letter in letters])
        given = self._operands(letters, instruction.operands)
        [result] = self.compute([formula], given, instruction.out, [out])
        if result != out:
            self._write(f"{out}[...] = {result}")

    def _operands(self, letters: list[str], operands: tuple[Rows, ...]) -> dict[str, str]:
        """Name the arrays of operands; gathered rows are gathered once."""
        given: dict[str, str] = {}
        for letter, at in zip(letters, operands, strict=True):
            given[letter] = self.read(at)
        return given

    def backward(self, step: Pass | Clear) -> None:
        """Write what passes an instruction's adjoints on."""
        if isinstance(step, Clear):
            memory = "shared_adjoints" if step.into.shared else "adjoints"
            place = (
                self._index(step.into)
                if step.into.index is not None
                else f"{step.into.start}:{step.into.start + step.into.count}"
            )
            self._write(f"{memory}[{place}] = 0.0")
            return
        instruction = step.instruction
        self._comment(describe(instruction))
        batched = not instruction.out.shared
        adjoint = self.view("adjoints", instruction.out)
        if isinstance(instruction, Map):
            self._pass_map(instruction, step.flows, adjoint, batched)
        elif isinstance(instruction, Sum):
            [flow] = step.flows
            self._deliver_blocks(flow, f"{adjoint}[:, None]", instruction.k, batched)
        elif isinstance(instruction, Products):
            for flow in step.flows:
                if flow.slot == 2:
                    self._deliver(flow, adjoint, instruction.out.count, batched)
                else:
                    other = self._blocks(operands_of(instruction)[1 - flow.slot], instruction.k)  # type: ignore[arg-type]
                    self._deliver_blocks(flow, f"{other} * {adjoint}[:, None]", instruction.k, batched)
        else:
            self._pass_matrix(instruction, step.flows, batched)

    def _deliver_blocks(self, flow: Flow, blocks: str, k: int, batched: bool) -> None:
        """Write what adds blocks (sums, terms or 1, examples) to the adjoints of the terms."""
        into = flow.into
        if into.index is None and into.step == 1 and not (into.shared and batched):
            view = self._shaped("adjoints", into, f"{into.count // k}, {k}, -1")
            self._write(self._added(view, blocks) if flow.add else f"{view}[...] = {blocks}")
            return
        name, columns = self._fresh("flows"), "examples" if batched else 1
        self._write(f"{name} = {self._numpy('broadcast_to')}({blocks}, ({into.count // k}, {k}, {columns}))")
        self._deliver(flow, f"{name}.reshape({into.count}, -1)", into.count, batched)

    def _pass_map(self, instruction: Map, flows: tuple[Flow, ...], adjoint: str, batched: bool) -> None:
        letters = [f"x{slot}" for slot in range(len(instruction.operands))]
        wanted = [any(flow.slot == slot for flow in flows) for slot in range(len(letters))]
        out = Symbol("out")
        slopes = slope_formulas(instruction.op, out, [Symbol(letter) for letter in letters], wanted)
        chosen = [slopes[flow.slot] for flow in flows]
        count = instruction.out.count
        given = self._operands(letters, instruction.operands) | {"out": self.view("values", instruction.out)}
        found = self.compute(chosen, given, instruction.out, [None] * len(flows))
        for flow, slope, expression in zip(flows, chosen, found, strict=True):
            if expression == "1.0":
                self._deliver(flow, adjoint, count, batched)
                continue
            target = self.target(flow, batched) or self.temporary(count, 90, batched)
            self._write(f"{self._numpy('multiply')}({adjoint}, {expression}, out={target})")
            if may_be_singular(instruction.op, slope):  # nothing flows from an adjoint of zero, whatever the slope
                self._write(f"{self._numpy('putmask')}({target}, {adjoint} == 0.0, 0.0)")
            self._deliver(flow, target, count, batched)

    def _pass_matrix(self, product: MatrixProduct, flows: tuple[Flow, ...], batched: bool) -> None:
        weights, inputs, _ = self._matrices(product, "values")
        weights_adjoint, inputs_adjoint, result_adjoint = self._matrices(product, "adjoints")
        for flow in flows:
            if flow.slot == 2:
                at = flow.into
                if at.index is None and at.step == 1 and not flow.add:
                    view = self.view("adjoints", at)
                    self._write(f"{self._numpy('sum')}({result_adjoint}, axis=1, keepdims=True, out={view})")
                else:
                    self._deliver(flow, f"{result_adjoint}.sum(axis=1, keepdims=True)", product.n, False)
                continue
            factors = (f"{weights}.T", result_adjoint)
            if flow.slot == 0:  # a turned copy, since the product of two matrices that lie in rows is the fastest
                turned = self._turned(product)
                self._write(f"{self._numpy('copyto')}({turned}, {inputs}.T)")
                factors = (result_adjoint, turned)
            target = weights_adjoint if flow.slot == 0 else inputs_adjoint
            if flow.add:
                self._write(self._added(target, " @ ".join(factors)))
            else:
                self._write(f"{self._numpy('matmul')}({', '.join(factors)}, out={target})")

    def text(self, functions: dict[str, list[str]]) -> str:
        """Write the whole: names of rows, then the functions."""
        lines = ["# rows of the two memories, by name", *self._view_lines]
        for name, body in functions.items():
            lines += ["", "", f"def {name}():", *(body or [INDENT + "pass"])]
        return "\n".join(lines) + "\n"


def _rounds(numbers: Any) -> list[Any]:
    """Split places into rounds, in none of which a row occurs twice."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    occurrence = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.r_[starts, len(ordered)]))
    return [np.sort(order[occurrence == number]) for number in range(int(occurrence.max()) + 1)]


def _number(number: float) -> str:
    if number != number:
        return "float('nan')"
    return repr(float(number)) if abs(number) != float("inf") else f"float('{number}')"


def numpy_source(layout: Layout, sweep: Plan | None) -> tuple[str, dict[str, Any]]:
    """Write a program in NumPy.

    Args:
        layout: its instructions.
        sweep: the sweep, if there is one.

    Returns:
        the source, which is run in a namespace with the memories of one batch size, and the objects that it names.
    """
    source = Source(layout)
    functions: dict[str, list[str]] = {}
    parts: list[tuple[str, Any, Any]] = [
        ("forward_shared", source.forward, layout.shared), ("forward", source.forward, layout.batched),
    ]  # fmt: skip
    if sweep is not None:
        parts += [("backward", source.backward, sweep.batched), ("backward_shared", source.backward, sweep.shared)]
    for name, write, steps in parts:
        source.lines = []
        for step in steps:
            write(step)
        functions[name] = source.lines
    return source.text(functions), source.objects
