"""Simplifying: a traced graph as a list of operations on numbered places.

Equal expressions become one, constants are folded, chains of additions become one sum, and sums of products become
`dot` nodes, so that neurons written with + and * compile as those written with `dot`. Numbers stay what they are but
for the last bits of sums.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, islice

import numpy as np

from autograd import ops
from autograd.compiler.trace import Traced
from autograd.op import Op, is_same
from autograd.value import Value

__all__ = ["Expressions", "simplify"]


class Expressions:
    """Numbered expressions, operands before what uses them.

    Args:
        without: passes to leave out: ``"fold"``, ``"neutral"``, ``"share"``.

    Attributes:
        op: the operation of each expression; None for a leaf.
        operands: the numbers of its operands.
        batched: whether it differs from example to example.
        literal: its number, for a literal.
        node: the Value it stands for, from which it has its name; None for what simplifying made.
        outputs: the numbers of the results.
    """

    def __init__(self, without: Collection[str] = ()) -> None:
        self._without, self._keep_all = without, "share" in without
        self.op: list[Op | None] = []
        self.operands: list[tuple[int, ...]] = []
        self.batched: list[bool] = []
        self.literal: list[float | None] = []
        self.node: list[Value | None] = []
        self.outputs: list[int] = []
        self._literals: dict[float | bytes, int] = {}
        self._numbers: set[int] = set()  # which expressions are literals
        self._known: dict[tuple[Op, tuple[int, ...]], int] = {}

    def __len__(self) -> int:
        return len(self.op)

    def leaves(self, nodes: Sequence[Value | None], *, batched: bool) -> range:
        """Add leaves, and return their numbers."""
        start, count = len(self.op), len(nodes)
        self.op += [None] * count
        self.operands += [()] * count
        self.batched += [batched] * count
        self.literal += [None] * count
        self.node += nodes
        return range(start, start + count)

    def constant(self, number: float) -> int:
        """Add a literal, each number once."""
        key = number or struct.pack("d", number)  # keeps 0 and −0 apart
        found = self._literals.get(key)
        if found is None:
            [found] = self.leaves([None], batched=False)
            self._literals[key], self.literal[found] = found, number
            self._numbers.add(found)
        return found

    def apply(self, op: Op, operands: tuple[int, ...], node: Value | None = None) -> int:
        """Fold an operation of literals, drop a neutral one, and add any other."""
        if not self._numbers.isdisjoint(operands):
            literals = [self.literal[x] for x in operands]
            if "neutral" not in self._without:
                for place, number in op.neutral.items():
                    literal = literals[place]
                    if literal is not None and is_same(literal, number):
                        return operands[1 - place]
                if op is ops.pow and literals[1] == 2.0:
                    return self.apply(ops.square, (operands[0],), node)
            if None not in literals and "fold" not in self._without:
                try:
                    return self.constant(op.apply(tuple(literals)))
                except (ArithmeticError, ValueError):
                    pass  # the program meets it when it runs
        return self.add(op, operands, node)

    def add(self, op: Op, operands: tuple[int, ...], node: Value | None = None) -> int:
        """Add an operation that is rewritten or the same as one before, or else as it is."""
        if op is ops.identity:
            return operands[0]
        key = op, operands
        batched, new = self.batched, len(self.batched)
        found = new if self._keep_all else self._known.setdefault(key, new)
        if found == new:
            if len(operands) == 2:  # as most have
                whether = batched[operands[0]] or batched[operands[1]]
            else:
                whether = True in [batched[x] for x in operands]
            self.op.append(op)
            self.operands.append(operands)
            batched.append(whether)
            self.literal.append(None)
            self.node.append(node)
        elif self.node[found] is None or (node is not None and node._name and not self.node[found]._name):  # type: ignore[union-attr]
            self.node[found] = node or self.node[found]
        return found

    def name(self, x: int) -> str:
        """Name an expression: as its Value is named, or by its operation; a literal by its number."""
        node, op = self.node[x], self.op[x]
        if node is not None and node._name:
            return node._name
        return op.name if op is not None else f"{self.literal[x]:g}" if self.literal[x] is not None else "leaf"


def simplify(traced: Traced, outputs: Iterable[Value], without: Collection[str] = ()) -> Expressions:
    """Number a traced graph's expressions, simplified.

    Args:
        traced: the graph.
        outputs: its results.
        without: passes to leave out: those of `Expressions`, and ``"sums"``.
    """
    first = Expressions(without)
    inputs = [leaf for argument in traced.arguments for leaf in argument.leaves]
    others = [*traced.parameters, *traced.constants]
    place = dict(zip(inputs, first.leaves(inputs, batched=True), strict=True))
    place.update(zip(others, first.leaves(others, batched=False), strict=True))
    constant, apply, add, literals = first.constant, first.apply, first.add, first._numbers
    for node in traced.nodes:
        x, y = node._x, node._y
        if x is None:
            continue
        if type(x) is tuple:
            inner = tuple([place[v] if isinstance(v, Value) else constant(v) for v in x])
        else:
            lower = place[x] if isinstance(x, Value) else constant(x)
            inner = (lower,) if y is None else (lower, place[y] if isinstance(y, Value) else constant(y))
        place[node] = (add if literals.isdisjoint(inner) else apply)(node._op, inner, node)
    first.outputs = [place[y] for y in outputs]
    after = Expressions(without)
    after.leaves(inputs, batched=True)
    after.leaves(others, batched=False)
    return _gather(first, after, without)


def _gather(before: Expressions, after: Expressions, without: Collection[str]) -> Expressions:
    """Turn chains of additions into sums and sums of products, and leave out what nothing uses.

    Args:
        before: the expressions.
        after: where to write them; it has their leaves already, which come first in both.
    """
    leaves = len(after)
    uses = np.bincount(np.fromiter(chain.from_iterable(before.operands), np.int64), minlength=len(before)).tolist()
    for x in before.outputs:
        uses[x] += 2  # an output is never taken apart
    absorbed = set() if "sums" in without else _find_absorbed(before, uses)
    needed = _find_needed(before) if 0 in islice(uses, leaves, None) else b"\1" * len(before)
    if not absorbed and 0 not in islice(needed, leaves, None):
        return before
    moved = [*range(leaves), *[-1] * (len(before) - leaves)]
    every = zip(before.op, before.operands, before.node, before.literal, strict=True)
    for x, (op, operands, node, literal) in islice(enumerate(every), leaves, None):
        if op is None:
            assert literal is not None
            moved[x] = after.constant(literal)
        elif x in absorbed or not needed[x]:
            continue
        elif (op is ops.add or op is ops.total) and not absorbed.isdisjoint(operands):
            moved[x] = _sum(before, after, moved, x, absorbed)
        else:
            moved[x] = after.add(op, tuple([moved[y] for y in operands]), node)
    after.outputs = [moved[x] for x in before.outputs]
    return after


def _find_needed(expressions: Expressions) -> bytearray:
    needed = bytearray(len(expressions))
    for x in expressions.outputs:
        needed[x] = 1
    for x in range(len(expressions) - 1, -1, -1):
        if needed[x]:
            for y in expressions.operands[x]:
                needed[y] = 1
    return needed


def _find_absorbed(e: Expressions, uses: list[int]) -> set[int]:
    """Find what becomes part of a larger sum: additions used once, by an addition, and products used once, by a sum."""
    absorbed: set[int] = set()
    for x in range(len(e) - 1, -1, -1):
        op = e.op[x]
        if op is not ops.add and op is not ops.total:
            continue
        for y in e.operands[x]:
            inner = e.op[y]
            if uses[y] != 1 or e.batched[y] != e.batched[x]:
                continue
            if inner is ops.mul or (inner is ops.add and op is ops.add):
                absorbed.add(y)
        if op is ops.add:
            # A bias that is added to a weighted sum takes its place in it.
            a, b = e.operands[x]
            for y in (a, b):
                free = uses[y] == 1 and x not in absorbed and y not in absorbed and e.batched[y] == e.batched[x]
                if e.op[y] is ops.dot and free:
                    other = b if y == a else a
                    if len(e.operands[y]) % 2 == 0 and e.op[other] not in (ops.add, ops.mul) and other != y:
                        absorbed.add(y)
                        break
    return absorbed


def _sum(before: Expressions, after: Expressions, moved: list[int], x: int, absorbed: set[int]) -> int:
    """Write a sum with everything that it has absorbed: a dot where it holds products, else a sum or an addition."""
    weights: list[int] = []
    inputs: list[int] = []
    others: list[int] = []
    product = None  # the Value of the last
    stack = list(reversed(before.operands[x]))
    while stack:
        y = stack.pop()
        inner = before.op[y]
        if y not in absorbed:
            others.append(moved[y])
        elif inner is ops.mul:
            a, b = (moved[z] for z in before.operands[y])
            if after.batched[a] and not after.batched[b]:
                a, b = b, a
            weights.append(a)
            inputs.append(b)
            product = before.node[y]
        elif inner is ops.dot:
            half = len(before.operands[y]) // 2
            weights += [moved[z] for z in before.operands[y][:half]]
            inputs += [moved[z] for z in before.operands[y][half:]]
        else:
            stack.extend(reversed(before.operands[y]))
    node = before.node[x]
    if not weights:
        if len(others) == 2:
            return after.add(ops.add, tuple(others), node)
        return after.add(ops.total, tuple(others), node)
    if len(weights) == 1:  # a·x + b is no weighted sum worth a matrix
        term = after.add(ops.mul, (weights[0], inputs[0]), product)
        return after.add(ops.add if len(others) == 1 else ops.total, (*others, term), node)
    bias = () if not others else (others[0] if len(others) == 1 else after.add(ops.total, tuple(others)),)
    return after.add(ops.dot, (*weights, *inputs, *bias), node)
