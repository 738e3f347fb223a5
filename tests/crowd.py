"""Random programs and networks, on the engine and on every backend, against PyTorch and JAX, in blocks with seeds.

Where they differ, mpmath decides who is right.

A state can be stopped after any block and gone on with: a block's seed is its number.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import hypothesis
import mpmath
import numpy as np
from eager import rounding, rounding_of_sums, units
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mpmath import mp
from oracles import MPMATH, jax_apply, torch_apply

import autograd
from autograd import CATALOGUE, Graph, NonFiniteGradientError, Value, gradients, ops
from autograd.files import write
from autograd.testing.strategies import Expression, expressions, networks

BLOCK = 500  # programs, after which the state is written
BYTES = 4096  # of random choices for a program: twice what the largest network takes
#: PyTorch and JAX round as we do, each in its own way: so many units of rounding between two of us are no finding.
ALLOWED = 8.0
#: Each is tried on one program of so many; what compiles machine code takes a second for each.
EVERY = {"engine": 1, "numpy": 1, "numba": 20, "jax": 50, "engine beside JAX": 20}
BLOCKS_TRIED_OFTEN = 12  # in minutes, and more than a hundred of their programs are for each of numba and JAX
#: So many times rarer thereafter: a million programs take an hour or two, and not days of compiling.
RARER_THEREAFTER = {"engine": 1, "numpy": 4, "numba": 10, "jax": 10, "engine beside JAX": 10}
#: `round` takes digits as a constant in PyTorch and JAX; JAX's derivatives of these are not exact to 1e-12.
OPERATIONS = [op for op in CATALOGUE if op is not ops.round]
COARSE_IN_JAX = frozenset({"lgamma", "digamma", "trigamma", "erfinv", "erfc", "gelu", "cbrt"})

Found = tuple[float, list[float]]


def with_torch(expression: Expression) -> Found:
    """Compute a program and its gradient by PyTorch alone."""
    import torch

    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in expression.point]
    out = expression.run(leaves, torch_apply)
    if not out.requires_grad:
        return out.item(), [0.0] * len(leaves)
    slopes = torch.autograd.grad(out, leaves, allow_unused=True)
    return out.item(), [0.0 if slope is None else slope.item() for slope in slopes]


def with_mpmath(expression: Expression) -> Found:
    """Compute a program to many digits, and its gradient by differences of that."""
    with mpmath.workdps(80):

        def f(*xs: Any) -> Any:
            return expression.run(xs, lambda op, operands: MPMATH[op.name](*map(mp.mpf, operands)))

        point = [mp.mpf(x) for x in expression.point]
        places = range(len(point))
        slopes = [mpmath.diff(f, tuple(point), tuple(int(i == k) for k in places)) for i in places]
        return float(f(*point)), [float(slope) for slope in slopes]


def with_jax(expression: Expression) -> Found:
    """Compute a program and its gradient by JAX alone."""
    import jax

    with jax.enable_x64(True):
        value, slopes = jax.value_and_grad(lambda xs: expression.run(xs, jax_apply))(list(expression.point))
        return float(value), [float(slope) for slope in slopes]


def with_program(expression: Expression, backend: str) -> Found:
    """Compute a program and its gradient compiled, with all its numbers inputs, or parameters, or every other one."""
    leaves, point = expression.values(), np.array(expression.point)
    inputs = (slice(None), slice(0), slice(0, None, 2))[len(expression.steps) % 3]
    parameters = np.ones(len(point), bool)
    parameters[inputs] = False

    def f(xs: Any) -> Any:
        registers = list(leaves)
        registers[inputs] = list(xs)
        y = expression.run(registers)
        return y if isinstance(y, Value) else y + Value(0.0)

    taken = [leaf for leaf, is_parameter in zip(leaves, parameters, strict=True) if is_parameter]
    program = autograd.compile(f, point[inputs], parameters=taken, backend=backend)
    slopes = np.zeros(len(point))
    if parameters.any():
        values, slopes[parameters] = program.value_and_grad(point[inputs])
    if not parameters.all():
        values, (slopes[inputs],) = program.value_and_grad(point[inputs], wrt="inputs")
    return float(values), slopes.tolist()


class Bounds:
    """What rounding may do to a program's value and each derivative, in units in the last place of 1.

    Attributes:
        narrow: to first order, see `eager.rounding`, and to the second, where the first is 0: the square of a unit in
            the last place of the largest number.
        wide: also whatever the order does in which contributions to a derivative are added up.
    """

    def __init__(self, out: Value, leaves: Sequence[Value]) -> None:
        self._out, self._leaves = out, leaves

    @cached_property
    def narrow(self) -> np.ndarray:
        largest = max(abs(node.data) for node in Graph(self._out).nodes)
        slopes = gradients(self._out, self._leaves, create_graph=True)
        return np.maximum(list(map(rounding, [self._out, *slopes])), np.finfo(float).eps * largest**2)

    @cached_property
    def wide(self) -> np.ndarray:
        return self.narrow + np.array([0.0, *rounding_of_sums(self._out, self._leaves)])


def with_engine(expression: Expression) -> tuple[Found, Bounds]:
    """Compute a program and its gradient by the engine, and what rounding may do to each number."""
    leaves = expression.values()
    out = expression(*leaves)
    return (out.data, gradients(out, leaves)), Bounds(out, leaves)


def differences(expression: Expression, which: Sequence[str]) -> Iterator[tuple[str, float, bool]]:
    """Yield how far each one that is asked for is from PyTorch, or for the engine from JAX, in units of rounding.

    Where two differ by more than is allowed, mpmath decides: how far ours is from it is the difference, and if that is
    not allowed either, the order of additions counts as rounding, too. A number that is refused or not finite, where
    the engine's is, is infinitely far.
    """
    (value, slopes), bounds = with_engine(expression)

    def apart(now: Found, due: Found, bound: str = "narrow") -> float:
        numbers = np.array([[now[0], *now[1]], [due[0], *due[1]]])
        if not np.isfinite(numbers).all():
            return math.inf
        return units(*numbers, getattr(bounds, bound), "float64") if (numbers[0] != numbers[1]).any() else 0.0

    due = with_torch(expression)
    for name in which:
        if name == "engine beside JAX" and COARSE_IN_JAX & {step.op.name for step in expression.steps}:
            continue
        try:
            now = (value, slopes) if name.startswith("engine") else with_program(expression, name)
        except (ArithmeticError, ValueError):
            yield name, math.inf, False
            continue
        off = apart(now, with_jax(expression) if name == "engine beside JAX" else due)
        decided = off > ALLOWED
        if decided:
            exact = with_mpmath(expression)
            off = apart(now, exact)
            if off > ALLOWED:
                off = apart(now, exact, "wide")
        yield name, off, decided


def fresh() -> dict[str, Any]:
    """Make the state of no blocks."""
    return {
        "blocks": 0, "programs": 0, "seconds": 0.0, "refused": 0, "beyond": [], "hypothesis": hypothesis.__version__,
        "found": {
            name: {"compared": 0, "worst": 0.0, "decided": 0, "beyond": 0, "block": 0, "program": ""} for name in EVERY
        },
    }  # fmt: skip


def draw(block: int, size: int) -> list[Expression]:
    """Draw the programs of a block: two of three over the whole catalogue, the third a network.

    Its random bytes alone decide. Hypothesis' own choices also take numbers from whatever source it finds loaded.
    """
    drawn: list[Expression] = []

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.one_of(expressions(operations=OPERATIONS), expressions(operations=OPERATIONS), networks()))
    def keep(expression: Expression) -> None:
        drawn.append(expression)

    generator = random.Random(block)
    while len(drawn) < size:
        keep.hypothesis.fuzz_one_input(generator.randbytes(BYTES))
    return drawn


def run_block(block: int, size: int = BLOCK, every: dict[str, int] | None = None) -> dict[str, Any]:
    """Try one block of programs, and return what it shows: a state of this block alone."""
    state = fresh() | {"blocks": 1}
    if every is None:
        every = EVERY if block < BLOCKS_TRIED_OFTEN else {name: n * RARER_THEREAFTER[name] for name, n in EVERY.items()}
    for place, expression in enumerate(draw(block, size), block * BLOCK):
        state["programs"] += 1
        which = [name for name, n in every.items() if place % n == 0]
        try:
            for name, off, decided in differences(expression, which):
                found = state["found"][name]
                found["compared"] += 1
                found["decided"] += decided
                found["beyond"] += off > ALLOWED
                if off > ALLOWED:
                    state["beyond"].append(f"block {block}, {name}, {off:.3g}: {expression}")
                if off > found["worst"]:
                    found.update(worst=off, block=block, program=repr(expression))
        except NonFiniteGradientError:
            state["refused"] += 1
    return state


def add(state: dict[str, Any], block: dict[str, Any]) -> None:
    """Add what a block shows to the state of the blocks before it."""
    for key in ("blocks", "programs", "refused", "beyond"):
        state[key] += block[key]
    for name, more in block["found"].items():
        found = state["found"][name]
        for key in ("compared", "decided", "beyond"):
            found[key] += more[key]
        if more["worst"] > found["worst"]:
            found.update({key: more[key] for key in ("worst", "block", "program")})


def write_whole(path: Path, content: Any) -> None:
    """Write JSON so that whoever reads it, whenever we were stopped, finds the old or the new content, never a part."""
    write(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def go_on(
    count: int, path: Path, clock: Callable[[], float], say: Callable[[str], None] = print, jobs: int = 1
) -> dict[str, Any]:
    """Try blocks until there are `count` programs, from the state in a file if there is one, and keep the state there.

    Args:
        count: how many, from the first; the last block is whole.
        path: the file.
        clock: tells the seconds.
        say: is told after each block.
        jobs: blocks at a time, each in a process of its own where there are several.

    Raises:
        ValueError: the programs so far were drawn with another version of hypothesis.
    """
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else fresh()
    if state.get("hypothesis") != hypothesis.__version__:
        raise ValueError(
            f"{path} was begun with hypothesis {state.get('hypothesis')}, and {hypothesis.__version__} draws other "
            "programs: install that version, or take another file."
        )
    began, seconds = clock(), state["seconds"]
    first, blocks = state["blocks"], range(state["blocks"], -(-count // BLOCK))
    with ProcessPoolExecutor(jobs, get_context("spawn")) if jobs > 1 else nullcontext() as pool:
        try:
            for block in map(run_block, blocks) if pool is None else pool.map(run_block, blocks):
                add(state, block)
                state["seconds"] = seconds + clock() - began
                write_whole(path, state)
                left = len(blocks) - (state["blocks"] - first)
                minutes = left * (clock() - began) / (state["blocks"] - first) / 60
                worst = ", ".join(f"{name} {found['worst']:.2g}" for name, found in state["found"].items())
                say(f"{state['programs']:,} of {count:,}; {minutes:,.0f} minutes more; worst in rounding: {worst}")
        finally:
            if pool is not None:
                pool.shutdown(wait=False, cancel_futures=True)
    return state
