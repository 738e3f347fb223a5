"""The loops that every library runs alike: plain Python over the library's own numbers.

Each is a deterministic list of scalar operations that stays within [−1, 1], and whose every result reaches the
output, so that "per node" means per operation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any, NamedTuple

__all__ = ["ROUND", "WORKLOADS", "Functions", "Workload"]

SLOTS = 128  # numbers that are alive at a time
ROUND = 5_000  # operations of one round, after which the slots are summed and start again from the leaves
TURN = 617  # steps by which each round begins later than the one before: no two rounds compute the same numbers


class Functions(NamedTuple):
    """The functions of one operand that a loop calls, as a library offers them; None where it has none."""

    relu: Callable[[Any], Any]
    tanh: Callable[[Any], Any] | None = None
    sin: Callable[[Any], Any] | None = None
    exp: Callable[[Any], Any] | None = None


class Step(NamedTuple):
    """One assignment ``v[i] = f(v[i], v[j])``; `kind` says which f."""

    kind: int
    i: int
    j: int


class Workload(NamedTuple):
    """A loop to record.

    Attributes:
        name: short name, as results and tables have it.
        title: what it is, for a reader.
        run: ``(leaves, functions, operations) -> output``; the operations are a multiple of `ROUND`.
        leaves: the numbers to start from.
        transcendental: whether it calls tanh, sin and exp.
    """

    name: str
    title: str
    run: Callable[[list[Any], Functions, int], Any]
    leaves: tuple[float, ...]
    transcendental: bool = False


def _slots() -> tuple[float, ...]:
    random = Random(1)
    return tuple([2.0 * random.random() - 1.0 for _ in range(SLOTS)])


def _wire(operations_of: tuple[int, ...], weights: tuple[int, ...]) -> list[Step]:
    """Draw steps of the given kinds until a round is full, its closing sum included.

    Args:
        operations_of: how many operations a step of each kind takes.
        weights: how often each kind is drawn.
    """
    random = Random(2)
    deck = [kind for kind, weight in enumerate(weights) for _ in range(weight)]
    left = ROUND - SLOTS
    steps: list[Step] = []
    while left:
        kind = deck[int(random.random() * len(deck))]
        if operations_of[kind] > left:
            continue
        i = int(random.random() * SLOTS)
        j = (i + 1 + int(random.random() * (SLOTS - 1))) % SLOTS
        steps.append(Step(kind, i, j))
        left -= operations_of[kind]
    return steps


def _turned(steps: list[Step], turn: int) -> list[Step]:
    """Begin at another step; what stood before it comes last."""
    first = TURN * turn % len(steps)
    return steps[first:] + steps[:first]


@cache
def _arithmetic_steps() -> list[Step]:
    return _wire((2, 1, 3, 2, 3), (4, 4, 1, 2, 1))


@cache
def _function_steps() -> list[Step]:
    return _wire((2, 1, 2, 2, 2, 2), (3, 4, 2, 2, 2, 2))


def _arithmetic(leaves: list[Any], functions: Functions, operations: int) -> Any:
    relu = functions.relu
    steps = _arithmetic_steps()
    total = 0.0
    for turn in range(operations // ROUND):
        v = list(leaves)
        for kind, i, j in _turned(steps, turn):
            if kind == 0:
                v[i] = (v[i] + v[j]) * 0.5
            elif kind == 1:
                v[i] = v[i] * v[j]
            elif kind == 2:
                v[i] = relu(v[i] * 0.75 + 0.25)
            elif kind == 3:
                v[i] = v[i] * -0.5 + 0.5
            else:
                v[i] = (v[i] * v[j] + 2.0) ** -0.5
        for x in v:
            total = total + x
    return total


def _transcendental(leaves: list[Any], functions: Functions, operations: int) -> Any:
    _, tanh, sin, exp = functions
    assert tanh is not None and sin is not None and exp is not None  # noqa: PT018
    steps = _function_steps()
    total = 0.0
    for turn in range(operations // ROUND):
        v = list(leaves)
        for kind, i, j in _turned(steps, turn):
            if kind == 0:
                v[i] = (v[i] + v[j]) * 0.5
            elif kind == 1:
                v[i] = v[i] * v[j]
            elif kind == 2:
                v[i] = tanh(v[i] + v[j])
            elif kind == 3:
                v[i] = sin(v[i] - v[j])
            elif kind == 4:
                v[i] = exp(v[i] - 1.0)
            else:
                v[i] = v[i] / (v[j] + 2.0)
        for x in v:
            total = total + x
    return total


def _chain(leaves: list[Any], functions: Functions, operations: int) -> Any:
    x, w, c = leaves
    for _ in range(operations // 2):
        x = x * w
        x = x + c
    return x


CHAIN = (0.5, 1.0 - 1e-7, 1e-7)  # start, factor, summand: neither x nor its adjoint leaves [0.1, 1] in 1e7 operations

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("chain", "one chain, `x = x * w; x = x + c`", _chain, CHAIN),
        Workload(
            "arithmetic",
            "pseudo-random wiring of `+`, `*`, `**` and `relu`, which is micrograd's vocabulary",
            _arithmetic,
            _slots(),
        ),
        Workload(
            "functions",
            "pseudo-random wiring of `+`, `−`, `*`, `/`, `tanh`, `sin` and `exp`",
            _transcendental,
            _slots(),
            transcendental=True,
        ),
    )
}
