"""Re-rolling: from a scalar graph to instructions on arrays, by the shape of the graph alone.

What has the same operation at the same depth becomes one instruction. Weighted sums that share weights or inputs become
matrix products: a layer where all of them read the same inputs, a convolution where the weights go from place to place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd import ops
from autograd.compiler.instructions import Instruction, Map, MatrixProduct, Products, Rows, Sum, rows
from autograd.compiler.simplify import Expressions
from autograd.op import Op

__all__ = ["SHORT", "Layout", "irregular", "roll", "single"]

SHORT = 128  # places: operations on fewer cost less on a tape of single nodes than as instructions of their own
FEWEST = 32  # operations: a smaller program is not worth a tape
FEW = 3  # a weighted sum that shares nothing is a matrix product of one row from so many terms on


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
    """

    expressions: Expressions
    shared: list[Instruction] = field(default_factory=list)
    batched: list[Instruction] = field(default_factory=list)
    shared_rows: int = 0
    batched_rows: int = 0
    row: list[int] = field(default_factory=list)
    literals: list[tuple[int, float]] = field(default_factory=list)
    _promoted: dict[int, int] = field(default_factory=dict)

    def _take(self, shared: bool, count: int) -> int:
        """Reserve rows that follow each other."""
        if shared:
            self.shared_rows += count
            return self.shared_rows - count
        self.batched_rows += count
        return self.batched_rows - count

    def _place(self, shared: bool, members: Sequence[int]) -> Rows:
        """Give expressions rows that follow each other."""
        start = self._take(shared, len(members))
        for offset, x in enumerate(members):
            self.row[x] = start + offset
        return Rows(shared, start, len(members))

    def _emit(self, instruction: Instruction) -> None:
        (self.shared if instruction.out.shared else self.batched).append(instruction)

    def _read(self, members: Sequence[int], *, shared: bool | None = None) -> Rows:
        """Describe where expressions lie; where some are shared and some are not, all are given a column an example."""
        batched = self.expressions.batched
        kinds = {batched[x] for x in members}
        if kinds == {False} and shared is not False:
            return rows(True, [self.row[x] for x in members])
        if False in kinds:
            self._promote([x for x in members if not batched[x]])
        return rows(False, [self.row[x] if batched[x] else self._promoted[x] for x in members])

    def _promote(self, members: Sequence[int]) -> None:
        new = [x for x in dict.fromkeys(members) if x not in self._promoted]
        if new:
            start = self._take(False, len(new))
            for offset, x in enumerate(new):
                self._promoted[x] = start + offset
            source = rows(True, [self.row[x] for x in new])
            self._emit(Map(Rows(False, start, len(new)), ops.identity, (source,), "copies"))

    def _gather(self, source: Rows, name: str) -> Rows:
        """Copy rows so that they follow each other."""
        if source.index is None and (source.step == 1 or source.count == 1):
            return source
        out = Rows(source.shared, self._take(source.shared, source.count), source.count)
        self._emit(Map(out, ops.identity, (source,), name))
        return out


def roll(expressions: Expressions) -> Layout:
    """Lay out expressions and write the instructions that compute them."""
    layout = Layout(expressions)
    layout.row = [-1] * len(expressions)
    for x in range(len(expressions)):  # leaves keep their order
        if expressions.op[x] is None:
            layout.row[x] = layout._take(not expressions.batched[x], 1)
            literal = expressions.literal[x]
            if literal is not None:
                layout.literals.append((layout.row[x], literal))
    for (_, _, op, *_), members in _groups(expressions):
        assert op is not None
        if op is ops.dot:
            _weighted_sums(layout, members)
        elif op is ops.total:
            _sums(layout, members)
        else:
            _map(layout, op, members)
    return layout


def _groups(e: Expressions) -> list[tuple[tuple[bool, int, Op | None, int, tuple[bool, ...]], list[int]]]:
    """Gather expressions that can be computed together, in an order in which they can be."""
    level = [0] * len(e)
    groups: dict[tuple[bool, int, Op | None, int, tuple[bool, ...]], list[int]] = defaultdict(list)
    for x, op in enumerate(e.op):
        if op is None:
            continue
        operands = e.operands[x]
        # What depends on parameters alone is computed beforehand, so it counts as a leaf here.
        level[x] = 1 + max([level[y] for y in operands if e.batched[y] == e.batched[x]], default=0)
        kinds = () if op in (ops.dot, ops.total) else tuple([e.batched[y] for y in operands])
        groups[e.batched[x], level[x], op, len(operands), kinds].append(x)
    order = {key: place for place, key in enumerate(groups)}
    return sorted(groups.items(), key=lambda item: (item[0][0], item[0][1], order[item[0]]))


def _name(layout: Layout, members: Sequence[int]) -> str:
    """Name rows together: ``s1`` for s1[0], s1[1], …"""
    e = layout.expressions
    stems = {e.name(x).partition("[")[0] for x in members[:50]}
    if len(stems) == 1:
        return stems.pop()
    op = e.op[members[0]]
    return op.name if op is not None else "leaves"


def _map(layout: Layout, op: Op, members: list[int]) -> None:
    e = layout.expressions
    leading = next((slot for slot, y in enumerate(e.operands[members[0]]) if e.batched[y] == e.batched[members[0]]), 0)
    # In the order of what they are computed from, so that operands are slices.
    members = sorted(members, key=lambda x: layout.row[e.operands[x][leading]])
    operands = tuple(
        layout._read([e.operands[x][slot] for x in members]) for slot in range(len(e.operands[members[0]]))
    )
    name = _name(layout, members)
    layout._emit(Map(layout._place(not e.batched[members[0]], members), op, operands, name))


def _sums(layout: Layout, members: list[int]) -> None:
    e = layout.expressions
    k = len(e.operands[members[0]])
    shared = not e.batched[members[0]]
    if k == 0:  # the total of nothing
        zero = rows(True, [_literal_row(layout, 0.0)] * len(members))
        layout._emit(Map(layout._place(shared, members), ops.identity, (zero,), "zero"))
        return
    members = sorted(members, key=lambda x: layout.row[e.operands[x][0]])
    terms = layout._read([y for x in members for y in e.operands[x]], shared=shared)
    layout._emit(Sum(layout._place(shared, members), terms, k, _name(layout, members)))


def _literal_row(layout: Layout, number: float) -> int:
    for row, literal in layout.literals:
        if literal == number:
            return row
    row = layout._take(True, 1)
    layout.literals.append((row, number))
    return row


def _weighted_sums(layout: Layout, members: list[int]) -> None:
    """Lay out weighted sums of as many terms each."""
    e = layout.expressions
    size = len(e.operands[members[0]])
    k, biased = size // 2, size % 2 == 1
    if k == 0:
        _map(layout, ops.identity, members) if biased else _sums(layout, members)
        return
    shared = not e.batched[members[0]]
    lone: list[int] = []
    for side, part in _sides(e, members, k):
        for grid in _grids(layout, part, k, side):
            weights, inputs, cells = grid
            ways = len(weights) * len(inputs)
            same_bias = not biased or all(
                len({e.operands[cells[i, p]][-1] for p in range(len(inputs))}) == 1
                and not e.batched[e.operands[cells[i, 0]][-1]]
                for i in range(len(weights))
            )
            if not same_bias or (ways == 1 and k < FEW) or any(e.batched[w] for row in weights for w in row):
                lone += cells.values()
            else:
                _matrix_product(layout, grid, k, biased, shared)
    if lone:
        _products(layout, sorted(lone), k, biased, shared)


Sides = tuple[tuple[int, ...], tuple[int, ...]]


def _sides(e: Expressions, members: list[int], k: int) -> list[tuple[int, list[int]]]:
    """Tell the weighted sums whose weights stand first from those whose weights stand second."""
    swapped = [x for x in members if not any(e.batched[y] for y in e.operands[x][k : 2 * k]) and e.batched[x]]
    taken = set(swapped)
    straight = [x for x in members if x not in taken]
    return [(side, part) for side, part in ((0, straight), (1, swapped)) if part]


def _split(e: Expressions, x: int, k: int, side: int) -> Sides:
    operands = e.operands[x]
    first, second = operands[:k], operands[k : 2 * k]
    return (second, first) if side else (first, second)


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


def _matrix_product(layout: Layout, grid: Grid, k: int, biased: bool, shared: bool) -> None:
    e = layout.expressions
    weights, inputs, cells = grid
    n, m = len(weights), len(inputs)
    members = [cells[i, p] for i in range(n) for p in range(m)]
    name, weights_name = _name(layout, members), _name(layout, [w for row in weights for w in row][:50])
    matrix = layout._gather(rows(True, [layout.row[w] for row in weights for w in row]), weights_name)
    panel = layout._read([inputs[p][j] for j in range(k) for p in range(m)], shared=shared)
    panel = layout._gather(panel, "panel")
    bias = layout._read([e.operands[cells[i, 0]][-1] for i in range(n)]) if biased else None
    out = layout._place(shared, members)
    layout._emit(MatrixProduct(out, matrix, n, k, panel, m, bias, name, weights_name))


def _products(layout: Layout, members: list[int], k: int, biased: bool, shared: bool) -> None:
    e = layout.expressions
    weights = layout._read([w for x in members for w in e.operands[x][:k]])
    inputs = layout._read([v for x in members for v in e.operands[x][k : 2 * k]])
    bias = layout._read([e.operands[x][-1] for x in members]) if biased else None
    out = layout._place(shared, members)
    layout._emit(Products(out, weights, inputs, k, bias, _name(layout, members)))


def irregular(layout: Layout) -> bool:
    """Say whether a graph falls into so many short operations that single examples run on a tape."""
    counts = [instruction.out.count for instruction in layout.batched if single(instruction)]
    return len(counts) > FEWEST and sum(counts) < SHORT * len(counts)


def single(instruction: Instruction) -> bool:
    """Say whether an instruction can be carried out node by node."""
    return isinstance(instruction, Map) and len(instruction.operands) <= 2 and not instruction.op.nary
