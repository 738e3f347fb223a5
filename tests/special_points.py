"""Every operation at special points: value, slopes and second derivatives of the engine, compiled, and of mpmath.

``python tests/special_points.py numba`` sweeps all points and prints what differs; a test takes some of them.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from mpmath import mp
from oracles import exact, exact_slope

import autograd
from autograd import CATALOGUE, Op, Value, gradients, ops

TINY, ULP = 5e-324, 2.0**-52
POSITIVE = (
    TINY, 1e-310, 1e-160, 1e-8, 0.5, 1.0 - ULP / 2, 1.0, 1.0 + ULP, 1.5, 2.0, 3.0, 20.0, 40.0, 709.0, 1e5, 1e16, 1e155,
    1e300,
)  # fmt: skip
ONE = (0.0, -0.0, *POSITIVE, *(-x for x in POSITIVE))
TWO = (0.0, -0.0, TINY, 1e-200, 0.5, 1.0, -40.0, 2.0, 3.0, -1.0, -2.0, -0.5, 1e17, -1e200)
THREE = (0.0, -0.0, 1.0, -1.0, 2.0, 1e-200, 1e17)
REFUSED = (ArithmeticError, ValueError)
NEGLIGIBLE = 1e-60  # what mpmath's differences may leave of 0


#: Where a slope is infinite though the function is not: there is no difference to compare with.
ENDS = {("sqrt", 0.0), ("cbrt", 0.0), ("acosh", 1.0), ("asin", 1.0), ("asin", -1.0), ("acos", 1.0), ("acos", -1.0)}


class Cell(NamedTuple):
    """One number at one point: which it is, and what the engine, the program and mpmath make of it.

    A number that is refused is None; what mpmath is not asked for is NaN.
    """

    op: Op
    operands: tuple[float, ...]
    name: str
    engine: float | None
    compiled: float | None
    due: Any
    allowed: float

    @property
    def agrees(self) -> bool:
        """Whether the program gives what the engine gives."""
        if self.engine is None or self.compiled is None:
            return self.engine is self.compiled
        if self.name == "value" and self.engine == 0.0 and self.operands[0] in (0.0, 1.0, -1.0):  # else it is rounding
            return self.compiled == 0.0 and math.copysign(1.0, self.compiled) == math.copysign(1.0, self.engine)
        return close(self.compiled, self.engine, self.allowed)

    @property
    def right(self) -> bool:
        """Whether the engine's number is mpmath's; a refusal is."""
        return self.engine is None or self.due != self.due or close(self.engine, self.due, self.allowed)


def close(found: float, due: Any, allowed: float) -> bool:
    """Whether two numbers agree but for rounding; what is beyond the floats is infinite."""
    if found == due or (found != found and due != due):
        return True
    if not mp.isfinite(found) or not mp.isfinite(due):
        return bool(abs(found) == abs(due) if mp.isfinite(found) else abs(due) > 1.7e308)
    if max(abs(found), abs(due)) < NEGLIGIBLE and isinstance(due, mp.mpf):
        return True
    return bool(abs(mp.mpf(found) - due) <= 1e-12 * abs(due) + allowed + 1e-305)


def points_of(op: Op, few: bool = False) -> Iterator[tuple[float, ...]]:
    """List operands: products of special numbers, so that equal ones occur."""
    step = 3 if few else 1
    if op.nary:
        yield from [(x,) for x in TWO[::step]]
        yield from product(TWO[:: 2 * step], repeat=2)
        yield from product(THREE[:: 2 * step], repeat=4 if op.name == "dot" else 3)
    elif len(op.slopes) == 1:
        yield from [(x,) for x in ONE[::step]]
    elif len(op.slopes) == 2:
        yield from product(TWO[::step], repeat=2)
    else:
        yield from product(THREE[:: 2 * step], repeat=3)


@cache
def program_of(op: Op, count: int, backend: str) -> Any:
    """Compile an operation by its operands."""
    p = tuple([Value(0.5, f"p[{i}]") for i in range(count)])
    return autograd.compile(lambda c: op.apply(p) * (c + 1.0), 0.0, parameters=p, backend=backend)


def attempt(f: Any) -> Any:
    """Return a result, or None where it is refused."""
    try:
        return f()
    except REFUSED:
        return None


def rounding(slope: Any) -> float:
    """Bound what rounding may do to a number that was computed with Values."""
    if not isinstance(slope, Value):
        return 0.0
    nodes = slope.graph().nodes
    terms = [abs(g * v.data) for g, v in zip(attempt(lambda: gradients(slope, list(nodes))) or [], nodes, strict=False)]
    return 8.0 * ULP * sum(x for x in terms if x < math.inf)


def exactly(op: Op, operands: Sequence[float], orders: Sequence[int]) -> Any:
    """Ask mpmath, where the operation is smooth and its numbers are not astronomical."""
    digits = 60 + int(2.2 * max(abs(math.log10(abs(x))) if x else 0.0 for x in operands))
    if op.name in ("round", "where", "floordiv", "mod", "floor", "ceil", "atan2") or max(map(abs, operands)) > 1e17:
        return mp.nan
    kink = 1.0 if op.kink is None else attempt(lambda: op.kink(*operands))
    if not kink or (op.cusp is not None and sum(orders) and not op.cusp(*map(Value, operands)).data):
        return mp.nan
    if op.name == "pow" and operands[0] <= 0.0 and (sum(orders) or operands[0] == 0.0):
        return mp.nan
    if sum(orders) and (op.name, operands[0]) in ENDS:
        return mp.nan
    if not sum(orders):
        return exact(op.name, operands, digits)
    return mp.re(exact_slope(op.name, operands, list(orders), digits))


def cells(op: Op, operands: tuple[float, ...], backend: str, oracle: bool = True) -> Iterator[Cell]:
    """Compute every number of an operation at one point."""
    n = len(operands)
    program = program_of(op, n, backend)
    weights = np.array(operands)
    leaves = [Value(x) for x in operands]
    ask = (
        (lambda orders: attempt(lambda: exactly(op, operands, orders)) or mp.zero) if oracle else lambda orders: mp.nan
    )
    out = attempt(lambda: op.apply(tuple(leaves)))
    value = attempt(lambda: float(program([0.0], weights=weights)[0]))
    yield Cell(op, operands, "value", None if out is None else out.data, value, ask([0] * n), rounding(out))
    if out is None:
        return
    slopes = attempt(lambda: gradients(out, leaves))
    found = attempt(lambda: program.gradients([0.0], weights=weights)[0].tolist())
    graphs = attempt(lambda: gradients(out, leaves, create_graph=True)) or [None] * n
    for i in range(n):
        orders = [int(i == k) for k in range(n)]
        yield Cell(
            op,
            operands,
            f"slope {i}",
            slopes and slopes[i],
            found and found[i],
            ask(orders) if slopes else mp.nan,
            rounding(graphs[i]),
        )
    if slopes is None:
        return
    curvature = attempt(lambda: autograd.hessian(lambda v: op.apply(tuple(v)))(list(operands)))
    compiled = attempt(lambda: program.hessian([0.0], weights=weights).tolist())
    second = [
        attempt(lambda g=g: gradients(g, leaves, create_graph=True)) if isinstance(g, Value) else None for g in graphs
    ]
    for i, k in product(range(n), repeat=2):
        if k < i:
            continue
        orders = [(i == j) + (k == j) for j in range(n)]
        noise = rounding(second[i][k]) if second[i] else 0.0
        yield Cell(
            op,
            operands,
            f"second {i}{k}",
            curvature and curvature[i][k],
            compiled and compiled[i][k],
            ask(orders) if curvature else mp.nan,
            noise,
        )


def sweep(backend: str, only: Sequence[str] = (), few: bool = False) -> Counter[str]:
    """Compare at every point, and print what differs."""
    counts: Counter[str] = Counter()
    for op in CATALOGUE:
        if (only and op.name not in only) or (op is ops.round and backend == "numba"):
            continue
        for operands in points_of(op, few):
            for cell in cells(op, operands, backend):
                counts["cells"] += 1
                counts["refused"] += cell.engine is None
                counts["asked of mpmath"] += cell.engine is not None and cell.due == cell.due
                for what, fine in (("compiled differs", cell.agrees), ("not as mpmath", cell.right)):
                    if not fine:
                        counts[what] += 1
                        found = f"engine {cell.engine}, compiled {cell.compiled}, mpmath {mp.nstr(cell.due, 17)}"
                        print(f"{what}: {op.name}{operands} {cell.name}: {found}", flush=True)
    return counts


if __name__ == "__main__":
    print(dict(sweep(sys.argv[1] if len(sys.argv) > 1 else "numpy", sys.argv[2:])))
