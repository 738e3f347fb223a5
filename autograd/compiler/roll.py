"""Re-rolling: from a scalar graph to instructions on arrays, by the shape of the graph alone.

What has the same operation at the same depth becomes one instruction. Weighted sums that share weights or inputs become
matrix products: a layer where all of them read the same inputs, a convolution where the weights go from place to place.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import ops
from autograd.compiler.composites import MIN_OPERANDS, write_composite
from autograd.compiler.instructions import Choice, Composite, Map, MatrixProduct, RowDots, Rows, Sum, Tape, rows
from autograd.compiler.simplify import Expressions
from autograd.compiler.tapes import is_short, write_tape
from autograd.op import Op

__all__ = ["Forward", "Layout", "roll"]

PLACES_WORTH_AN_INSTRUCTION = 128  # operations on fewer cost less on a tape of single nodes
#: Operations that follow each other, for each backend: Python's compiler takes long to read more lines than these.
MIN_OPERATIONS_FOR_A_TAPE = {"jax": 32, "numba": 32, "numpy": 512}
MIN_TERMS_OF_A_LONE_MATRIX = 3  # a weighted sum that shares nothing is a matrix of one row from so many terms on

Forward = Map | Sum | RowDots | MatrixProduct | Composite | Choice | Tape


@dataclass
class Layout:
    """Instructions, and where the numbers lie.

    Attributes:
        shared: instructions on shared rows, in order; they come first.
        batched: instructions on rows with a column for each example.
        shared_rows: rows of the shared memory.
        batched_rows: rows of the other.
        row: the row of each expression, in the memory that its `batched` says.
        expressions: what was laid out.
        literals: (row, number) of each literal.
        before: the layout whose results it keeps in fewer rows, each written again after its last reader; else None.
    """

    expressions: Expressions
    shared: list[Forward] = field(default_factory=list)
    batched: list[Forward] = field(default_factory=list)
    shared_rows: int = 0
    batched_rows: int = 0
    row: list[int] = field(default_factory=list)
    literals: list[tuple[int, float]] = field(default_factory=list)
    before: Layout | None = None
    _promoted: dict[int, int] = field(default_factory=dict)
    _promoted_literals: dict[int, int] = field(default_factory=dict)
    _literal_rows: dict[str, int] = field(default_factory=dict)

    def name_of(self, at: Rows) -> str:
        """Return what the graph calls rows: ``s1`` for the results of a layer."""
        count = 1 if at.repeated else at.count
        name = self._result_names.get((at.batched, at.start, count))
        if not name:
            x = int(self._expression_at[at.batched][at.start])
            name = self.expressions.name(x) if x >= 0 else "rows"
        return name.partition("[")[0]

    @cached_property
    def _result_names(self) -> dict[tuple[bool, int, int], str]:
        """The names of what instructions compute, and of matrices."""
        names: dict[tuple[bool, int, int], str] = {}
        for instruction in (*self.shared, *self.batched):
            out = instruction.out
            names[out.batched, out.start, out.count] = instruction.name
            if isinstance(instruction, MatrixProduct):
                w = instruction.weights
                names.setdefault((False, w.start, w.count), instruction.weights_name)
        return names

    @cached_property
    def _expression_at(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The expression in each shared and each batched row, or −1."""
        row, batched = np.array(self.row, np.int64), np.array(self.expressions.batched, np.bool_)
        found = np.full(self.shared_rows, -1), np.full(self.batched_rows, -1)
        for kind, expressions in zip((False, True), found, strict=True):
            chosen = np.flatnonzero((batched == kind) & (row >= 0))
            expressions[row[chosen]] = chosen
        return found

    def take(self, batched: bool, count: int) -> int:
        """Reserve rows that follow each other."""
        if batched:
            self.batched_rows += count
            return self.batched_rows - count
        self.shared_rows += count
        return self.shared_rows - count

    def _place(self, batched: bool, members: Sequence[int]) -> Rows:
        """Reserve rows for expressions, which follow each other."""
        start = self.take(batched, len(members))
        for offset, x in enumerate(members):
            self.row[x] = start + offset
        return Rows(batched, start, len(members))

    @property
    def has_tape(self) -> bool:
        """Whether some operations are carried out one by one."""
        return any(isinstance(instruction, Tape) for instruction in (*self.shared, *self.batched))

    def _emit(self, instruction: Forward) -> None:
        (self.batched if instruction.out.batched else self.shared).append(instruction)

    def read(self, members: Sequence[int], *, batched: bool = False) -> Rows:
        """Describe where expressions lie; where one is batched or `batched` says so, the shared ones are promoted."""
        kinds = {self.expressions.batched[x] for x in members}
        if kinds == {False} and not batched:
            return rows(False, [self.row[x] for x in members])
        if False in kinds:
            self._promote([x for x in members if not self.expressions.batched[x]])
        return rows(True, [self.row[x] if self.expressions.batched[x] else self._promoted[x] for x in members])

    def _promote(self, members: Sequence[int]) -> None:
        """Copy shared numbers into rows with a column for each example."""
        new = [x for x in dict.fromkeys(members) if x not in self._promoted]
        if new:
            start = self.take(True, len(new))
            for offset, x in enumerate(new):
                self._promoted[x] = start + offset
            source = rows(False, [self.row[x] for x in new])
            self._emit(Map(Rows(True, start, len(new)), ops.identity, (source,), "copies"))

    def literal(self, number: float, *, batched: bool = False) -> int:
        """Return the row of a number, or of a copy with a column for each example."""
        if not self._literal_rows:
            self._literal_rows = {repr(literal): row for row, literal in self.literals}  # repr tells 0 from −0
        row = self._literal_rows.get(repr(number))
        if row is None:
            row = self._literal_rows[repr(number)] = self.take(False, 1)
            self.literals.append((row, number))
        if not batched:
            return row
        if row not in self._promoted_literals:
            self._promoted_literals[row] = self.take(True, 1)
            copy = Rows(True, self._promoted_literals[row], 1)
            self._emit(Map(copy, ops.identity, (rows(False, [row]),), "number"))
        return self._promoted_literals[row]

    def _gather(self, source: Rows, name: str) -> Rows:
        """Copy rows so that they follow each other."""
        if source.index is None and (source.step == 1 or source.count == 1):
            return source
        out = Rows(source.batched, self.take(source.batched, source.count), source.count)
        self._emit(Map(out, ops.identity, (source,), name))
        return out


def roll(expressions: Expressions, without: Collection[str] = (), backend: str = "numba") -> Layout:
    """Lay out expressions and write the instructions that compute them.

    Args:
        expressions: what is to be computed.
        without: passes to leave out: ``"matrices"``, ``"tapes"``.
        backend: what is to carry them out.
    """
    least = len(expressions) if "tapes" in without else MIN_OPERATIONS_FOR_A_TAPE[backend]
    layout = Layout(expressions)
    layout.row = [-1] * len(expressions)
    leaves = [x for x, op in enumerate(expressions.op) if op is None]
    for batched in (True, False):
        layout._place(batched, [x for x in leaves if expressions.batched[x] == batched])  # they keep their order
    layout.literals = [(layout.row[x], number) for x in leaves if (number := expressions.literal[x]) is not None]
    signed = any(op is not None and op.signed for op in expressions.op)  # a matrix product loses the sign of zero
    groups = _groups(expressions)
    for (batched, short), part in itertools.groupby(groups, lambda group: group[:2]):
        stretch = [group.members for group in part]
        members = [x for group in stretch for x in group]
        if short and len(stretch) > least and len(members) < PLACES_WORTH_AN_INSTRUCTION * len(stretch):
            start = layout.batched_rows if batched else layout.shared_rows
            tape = write_tape(expressions, members, layout.row, start, _name(layout, stretch[-1]))
            layout.take(batched, tape.out.count)
            layout._emit(tape)
            continue
        for group in stretch:
            op = expressions.op[group[0]]
            assert op is not None
            if op is ops.dot:
                _weighted_sums(layout, group, alone="matrices" in without or signed)
            elif op is ops.total:
                _sums(layout, group)
            elif op is ops.choose:
                _choices(layout, group)
            else:
                _map(layout, op, group)
    return layout


class Group(NamedTuple):
    """Expressions that can be computed together.

    Attributes:
        batched: whether they have a column for each example.
        short: whether they may as well be computed one by one.
        members: the expressions.
    """

    batched: bool
    short: bool
    members: list[int]


def _groups(e: Expressions) -> list[Group]:
    """Gather expressions that can be computed together, in an order in which they can be."""
    batched, level = e.batched, [0] * len(e)
    found: dict[tuple[bool, int, Op, int, tuple[bool, ...]], list[int]] = defaultdict(list)
    for x, op in enumerate(e.op):
        if op is None:
            continue
        operands, kind, deepest = e.operands[x], batched[x], 0
        for y in operands:
            # What depends on parameters alone is computed beforehand, so it counts as a leaf here.
            if level[y] > deepest and batched[y] is kind:
                deepest = level[y]
        level[x] = deepest + 1
        kinds = () if op is ops.dot or op is ops.total else tuple([batched[y] for y in operands])
        found[kind, deepest + 1, op, len(operands), kinds].append(x)
    ordered = sorted(found.items(), key=lambda item: item[0][:2])  # those of one level as they were found
    return [Group(key[0], is_short(key[2], key[3], len(members)), members) for key, members in ordered]


def _name(layout: Layout, members: Sequence[int]) -> str:
    """Name rows together: ``s1`` for s1[0], s1[1], …"""
    e = layout.expressions
    stems = {name.partition("[")[0] for name in {e.name(x) for x in members[:50]}}
    if len(stems) == 1:
        return stems.pop()
    op = e.op[members[0]]
    return op.name if op is not None else "leaves"


def _map(layout: Layout, op: Op, members: list[int]) -> None:
    e = layout.expressions
    if op.nary and len(e.operands[members[0]]) >= MIN_OPERANDS:
        composite = write_composite(layout, op, sorted(members), _name(layout, members))
        if composite is not None:
            layout._emit(composite)
            return
    leading = next((slot for slot, y in enumerate(e.operands[members[0]]) if e.batched[y] == e.batched[members[0]]), 0)
    # In the order of what they are computed from, so that operands are slices.
    row, places = layout.row, e.operands
    members = [x for _, x in sorted(zip([row[places[x][leading]] for x in members], members, strict=True))]
    operands = tuple(layout.read([e.operands[x][slot] for x in members]) for slot in range(len(e.operands[members[0]])))
    name = _name(layout, members)
    layout._emit(Map(layout._place(e.batched[members[0]], members), op, operands, name))


def _choices(layout: Layout, members: list[int]) -> None:
    e = layout.expressions
    batched, k = e.batched[members[0]], len(e.operands[members[0]]) - 1
    which = layout.read([e.operands[x][0] for x in members], batched=batched)
    choices = layout.read([y for x in members for y in e.operands[x][1:]])
    layout._emit(Choice(layout._place(batched, members), which, choices, k, _name(layout, members)))


def _sums(layout: Layout, members: list[int]) -> None:
    e = layout.expressions
    k = len(e.operands[members[0]])
    batched = e.batched[members[0]]
    if k == 0:  # the total of nothing
        zero = rows(False, [layout.literal(0.0)] * len(members))
        layout._emit(Map(layout._place(batched, members), ops.identity, (zero,), "zero"))
        return
    members = sorted(members, key=lambda x: layout.row[e.operands[x][0]])
    terms = layout.read([y for x in members for y in e.operands[x]], batched=batched)
    layout._emit(Sum(layout._place(batched, members), terms, k, _name(layout, members)))


def _weighted_sums(layout: Layout, members: list[int], *, alone: bool) -> None:
    """Lay out weighted sums of as many terms each, as matrix products unless each is to stand alone."""
    e = layout.expressions
    size = len(e.operands[members[0]])
    k, biased = size // 2, size % 2 == 1
    if k == 0:
        _map(layout, ops.identity, members) if biased else _sums(layout, members)
        return
    batched = e.batched[members[0]]
    lone: list[int] = list(members) if alone else []
    for side, part in _sides(e, [] if alone else members, k):
        grids = _grids(layout, part, k, side)
        lone_sums = [cells for _, _, cells in grids if len(cells) == 1]
        several = not batched and len(lone_sums) > 1  # which one RowDots computes together
        for grid in grids:
            weights, inputs, cells = grid
            ways = len(weights) * len(inputs)
            same_bias = not biased or all(
                len({e.operands[cells[i, p]][-1] for p in range(len(inputs))}) == 1
                and not e.batched[e.operands[cells[i, 0]][-1]]
                for i in range(len(weights))
            )
            if (
                not same_bias
                or (ways == 1 and (several or k < MIN_TERMS_OF_A_LONE_MATRIX))
                or any(e.batched[w] for row in weights for w in row)
            ):
                lone += cells.values()
            else:
                _matrix_product(layout, grid, k, biased, batched)
    if lone:
        _row_dots(layout, sorted(lone), k, biased, batched)


Sides = tuple[tuple[int, ...], tuple[int, ...]]


def _sides(e: Expressions, members: list[int], k: int) -> list[tuple[int, list[int]]]:
    """Part the weighted sums whose weights stand first from those whose weights stand second."""
    swapped = [x for x in members if not any(e.batched[y] for y in e.operands[x][k : 2 * k]) and e.batched[x]]
    taken = set(swapped)
    straight = [x for x in members if x not in taken]
    return [(side, part) for side, part in ((0, straight), (1, swapped)) if part]


def _split(e: Expressions, x: int, k: int, side: int) -> Sides:
    operands = e.operands[x]
    first, second = operands[:k], operands[k : 2 * k]
    if side:
        return second, first
    pairs = [(y, x) if e.batched[x] and not e.batched[y] else (x, y) for x, y in zip(first, second, strict=True)]
    return tuple(x for x, _ in pairs), tuple(y for _, y in pairs)


Grid = tuple[list[tuple[int, ...]], list[tuple[int, ...]], dict[tuple[int, int], int]]


def _grids(layout: Layout, members: list[int], k: int, side: int) -> list[Grid]:
    """Sort weighted sums into grids, in each of which every weight vector meets every input vector once."""
    e = layout.expressions
    split = {x: _split(e, x, k, side) for x in members}
    if all(e.batched[split[x][0][0]] for x in members) and e.batched[members[0]]:
        return [([split[x][0]], [split[x][1]], {(0, 0): x}) for x in members]
    parent: dict[object, object] = {}

    def root(x: object) -> object:
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for x in members:
        w, v = split[x]
        parent[root(("w", w))] = root(("x", v))
    parts: dict[object, list[int]] = defaultdict(list)
    for x in members:
        parts[root(("w", split[x][0]))].append(x)
    grids: list[Grid] = []
    for part in parts.values():
        weights = sorted(dict.fromkeys(split[x][0] for x in part), key=lambda w: layout.row[w[0]])
        inputs = sorted(dict.fromkeys(split[x][1] for x in part), key=lambda v: layout.row[v[0]])
        at, to = {w: i for i, w in enumerate(weights)}, {v: p for p, v in enumerate(inputs)}
        cells = {(at[split[x][0]], to[split[x][1]]): x for x in part}
        if len(part) == len(cells) == len(weights) * len(inputs):
            grids.append((weights, inputs, cells))
        else:  # some are missing, or differ in their bias alone
            grids += [([split[x][0]], [split[x][1]], {(0, 0): x}) for x in part]
    return grids


def _matrix_product(layout: Layout, grid: Grid, k: int, biased: bool, batched: bool) -> None:
    e = layout.expressions
    weights, inputs, cells = grid
    n, m = len(weights), len(inputs)
    members = [cells[i, p] for i in range(n) for p in range(m)]
    name, weights_name = _name(layout, members), _name(layout, [w for row in weights for w in row][:50])
    matrix = layout._gather(rows(False, [layout.row[w] for row in weights for w in row]), weights_name)
    panel = layout.read([inputs[p][j] for j in range(k) for p in range(m)], batched=batched)
    panel = layout._gather(panel, "panel")
    bias = layout.read([e.operands[cells[i, 0]][-1] for i in range(n)]) if biased else None
    out = layout._place(batched, members)
    layout._emit(MatrixProduct(out, matrix, n, k, panel, m, bias, name, weights_name))


def _row_dots(layout: Layout, members: list[int], k: int, biased: bool, batched: bool) -> None:
    e = layout.expressions
    weights = layout.read([w for x in members for w in e.operands[x][:k]])
    inputs = layout.read([v for x in members for v in e.operands[x][k : 2 * k]])
    bias = layout.read([e.operands[x][-1] for x in members]) if biased else None
    out = layout._place(batched, members)
    layout._emit(RowDots(out, weights, inputs, k, bias, _name(layout, members)))
