"""Trials: the numbers of a graph at random points around those recorded, and the derivatives between its nodes there.

Every trial stays on the recorded piece: where a ReLU is open or a `where` has chosen, it is so in all of them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol

from autograd.floats import slopes_on_floats
from autograd.op import Op
from autograd.value import Value

__all__ = ["Derivative", "Trial", "bound_rounding", "try_points"]

REACH = 0.5  # how far from its number a leaf is tried at first, relative to the larger of it and 1
HALVINGS = 20
EPSILON = 2.0**-52  # what a float may be off by, relative to it
JITTERS = 4  # times that the numbers are moved in their last digits


class Trial:
    """The numbers of a graph at one point.

    Attributes:
        nodes: of the graph, operands before what uses them.
        numbers: of each node.
        slopes: of each node that was computed, by its operands; ±∞ or NaN where they are infinite or undefined.
        piece: which side of its kink each operation is on.
    """

    def __init__(
        self, nodes: Sequence[Value], leaves: Mapping[Value, float], jitter: random.Random | None = None
    ) -> None:
        """Compute every node from the leaves; with a jitter, each number differs in its last digits.

        Raises:
            ArithmeticError: an operation is undefined there, or beyond the largest float.
            ValueError: likewise.
        """
        self.nodes = nodes
        self.numbers: dict[Value, float] = {}
        self.slopes: dict[Value, Sequence[Any]] = {}
        self.piece: list[float] = []
        for node in nodes:
            op = node.op
            if op is None:
                self.numbers[node] = _jitter(leaves.get(node, node.data), jitter)
                continue
            operands = tuple([self.numbers[v] if isinstance(v, Value) else float(v) for v in node.operands])
            out = self.numbers[node] = _jitter(float(op.apply(operands)), jitter)
            wanted = tuple([isinstance(v, Value) for v in node.operands])
            self.slopes[node] = slopes_on_floats(op, out, operands, wanted)
            if op.branch is not None and not op.nary:
                self.piece.append(_piece(op, operands))

    @property
    def leaves(self) -> dict[Value, float]:
        """The numbers of the leaves."""
        return {node: self.numbers[node] for node in self.nodes if node.op is None}

    def is_finite(self) -> bool:
        """Whether every number and every slope is finite."""
        slopes = chain.from_iterable(self.slopes.values())
        return all(map(math.isfinite, self.numbers.values())) and all(map(math.isfinite, filter(None, slopes)))

    def jittered(self) -> Iterator[Trial]:
        """Yield the trial again with numbers that differ in their last digits: what changes is rounding."""
        generator = random.Random(0)
        for _ in range(JITTERS):
            try:
                trial = Trial(self.nodes, self.leaves, generator)
            except (ArithmeticError, ValueError):
                continue
            if trial.piece == self.piece and trial.is_finite():
                yield trial

    def differentiate(
        self, upper: Value, lower: Value, fixed: Collection[Value] = (), size: Callable[[float], float] = float
    ) -> float:
        """Compute ∂upper/∂lower along all paths that pass none of the nodes that are held fixed.

        With `abs` as the size of a slope, what the paths contribute is added up without its signs.
        """
        flowing = {upper: 1.0}
        for node in reversed(self.nodes):
            adjoint = flowing.get(node)
            if node is lower:
                break
            if not adjoint or (node in fixed and node is not upper):
                continue
            for operand, slope in zip(node.operands, self.slopes.get(node, ()), strict=False):
                if slope and isinstance(operand, Value):
                    flowing[operand] = flowing.get(operand, 0.0) + adjoint * size(slope)
        return flowing.get(lower, 0.0)


class Derivative(Protocol):
    """A derivative at a point; with `abs` as the size of a slope, what its paths contribute, without their signs."""

    def __call__(self, trial: Trial, size: Callable[[float], float] = float) -> float:
        """Compute it."""


def bound_rounding(trial: Trial, derivatives: Sequence[Derivative]) -> list[float]:
    """Bound the rounding error of derivatives at a point: how far they move with the last digits of the numbers."""
    twins, share = list(trial.jittered()), len(trial.nodes) * EPSILON
    bounds = []
    for derivative in derivatives:
        number = derivative(trial)
        moved = max((abs(derivative(twin) - number) for twin in twins), default=0.0)
        bounds.append(2.0 * moved + share * derivative(trial, abs))
    return bounds


def _jitter(number: float, jitter: random.Random | None) -> float:
    return number if jitter is None else number * (1.0 + jitter.choice((-2.0, 2.0)) * EPSILON)


def _piece(op: Op, operands: tuple[float, ...]) -> float:
    """Tell the smooth pieces of an operation apart."""
    assert op.branch is not None
    number = float(op.branch(*operands))
    return math.copysign(1.0, number) if number and op.branch is op.kink else number


def try_points(here: Trial, count: int, *, fixed: Collection[Value] = (), seed: int = 0) -> list[Trial]:
    """Compute a graph at random points around one.

    Args:
        here: the point.
        count: how many points are wanted; fewer come back where the graph is defined at that one alone.
        fixed: leaves that keep their numbers.
        seed: of the random numbers.
    """
    generator = random.Random(seed)
    free = [leaf for leaf in here.leaves if leaf not in fixed and math.isfinite(here.leaves[leaf])]
    trials = _trials(here, free, count, generator)
    if len(trials) < count:  # a place of `choose`, say, has to stay what it is
        free = [leaf for leaf in free if _trials(here, [leaf], 1, generator)]
        trials = _trials(here, free, count, generator) if free else []
    return trials


def _trials(here: Trial, free: Sequence[Value], count: int, generator: random.Random) -> list[Trial]:
    found: list[Trial] = []
    reach = REACH
    for _ in range(HALVINGS):
        for _ in range(2 * count):
            leaves = dict(here.leaves)
            for leaf in free:
                leaves[leaf] += generator.uniform(-reach, reach) * max(1.0, abs(leaves[leaf]))
            try:
                trial = Trial(here.nodes, leaves)
            except (ArithmeticError, ValueError):
                continue
            if trial.piece == here.piece and trial.is_finite():
                found.append(trial)
            if len(found) == count:
                return found
        reach /= 2.0
    return found
