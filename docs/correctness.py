"""Write docs/correctness.md, what was tried and how far it was off: ``python docs/correctness.py``, in minutes.

``python docs/correctness.py --programs 1000000`` goes on to so many random programs; stop it when you like, and start
it again. ``--page`` writes the page from the figures that are kept; ``python tests/mutants.py 40`` and
``python tests/endurance.py`` make those of the last two tables.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the oracles

import endurance  # noqa: E402
import mutants  # noqa: E402
from accuracy import KINDS, STEPS, measure  # noqa: E402
from crowd import ALLOWED, BLOCK, BLOCKS_TRIED_OFTEN, EVERY, RARER_THEREAFTER, go_on, write_whole  # noqa: E402

from autograd import CATALOGUE  # noqa: E402

PAGE = Path(__file__).with_name("correctness.md")
KEPT = Path(__file__).with_name("correctness")
FIGURES, MUTANTS, ENDURANCE = (KEPT / f"{name}.json" for name in ("figures", "mutants", "endurance"))
SEED, POINTS, PROGRAMS = 0, 300, 6000
EXPECTED = 16.0  # units in the last place that nobody asks about: an error beyond has its reason below the table

INTRODUCTION = """# Correctness

<!-- Written by docs/correctness.py from the figures in docs/correctness/: run that. -->

What was tried, against whom, and how far it was off: with the seeds, so that you can try it again. Nothing in the
tables is compared with edgegrad itself. `python docs/correctness.py` measures the first two anew, in four minutes.

"""

OPERATIONS = """## Every operation, against mpmath

The value, the slopes and the second derivatives of each operation, at {points} random points (seed {seed}) and at its
special ones: any size of number from 1e−150 to 1e16, ordinary ones, ones beside ends of the domain, roots and poles,
and operands that nearly cancel. mpmath differentiates the definition with 140 digits or more. {compared} numbers were
compared.

An error is in **ulps**, units in the last place of the exact result: ½ is as good as a float can be. Beside it stands
where that was. The last column is the largest error of the row as a share of what rounding may do on the way there (8
units in the last place of every intermediate number, carried to the result): up to 1, nothing but rounding is at
work.

| operation | value | slope | second | share of rounding |
|---|---|---|---|--:|
"""
REASONS = """
### Errors beyond {expected} ulps, and why

They are where the result is small beside the numbers it is a difference of, or where a rounded argument decides. The
absolute error is that of the table's point.

| operation | which | absolute error | why |
|---|---|--:|---|
"""

NEAR_ONE = "1 minus a number near 1: exact to 1e−16 of 1, all digits of the tiny result are lost"
NEAR_ZERO = "a sum of opposite terms beside x = 0: exact to 1e−16 of 1"
EXPONENT = "the exponent is rounded, and e to it magnifies that: relative error of the exponent's size times 1e−16"
WHY = {
    ("pow", "slope"): EXPONENT,
    ("pow", "second"): EXPONENT,
    ("asin", "second"): NEAR_ZERO,
    ("acos", "second"): NEAR_ZERO,
    ("atanh", "second"): NEAR_ZERO,
    ("atan2", "second"): "(y² − x²)/(x² + y²)² where x and y are of nearly the same size",
    ("tanh", "slope"): NEAR_ONE,
    ("tanh", "second"): NEAR_ONE,
    ("sigmoid", "slope"): NEAR_ONE,
    ("sigmoid", "second"): "1 − 2σ(x) beside x = 0, and 1 − σ(x) for large x: exact to 1e−16 of 1",
    ("softplus", "second"): NEAR_ONE,
    ("silu", "slope"): "beside the lowest point of the curve, where the slope is 0, and 1 − σ(x) for large x",
    ("silu", "second"): NEAR_ONE,
    ("erf", "slope"): EXPONENT,
    ("erf", "second"): EXPONENT,
    ("erfc", "slope"): EXPONENT,
    ("erfc", "second"): EXPONENT,
    ("erfinv", "slope"): "beside ±1, e to the square of a large result: an error of the result is magnified",
    ("erfinv", "second"): "beside ±1, e to the square of a large result: an error of the result is magnified",
    ("lgamma", "value"): "beside its roots at 1 and 2: Python's own function is exact to a share of 1",
    ("lgamma", "slope"): "beside a root left of 0, where two large terms cancel",
    ("digamma", "value"): "beside a root left of 0, where two large terms cancel",
    ("digamma", "second"): "beside x = −½, −1½, …, where it is a small difference of large terms",
    ("trigamma", "slope"): "beside x = −½, −1½, …, where it is a small difference of large terms",
    ("gelu", "value"): "far left, e to a rounded square: " + EXPONENT,
    ("gelu", "slope"): "far left, e to a rounded square, and beside the lowest point of the curve",
    ("gelu", "second"): "far out, e to a rounded square, and beside the turning points",
    ("logsumexp", "slope"): EXPONENT,
    ("logsumexp", "second"): EXPONENT,
    ("logaddexp", "slope"): EXPONENT,
    ("logaddexp", "second"): NEAR_ONE,
}
CROWD = """
## Random programs and networks, against PyTorch and JAX

{programs} programs: two of three with up to 12 operations of the whole catalogue, shared numbers, and sums or products
of their loose ends; the third a small network. The value and every derivative in float64; in about a quarter every
derivative is 0, as they go through `step`, `floor` or the like. A difference is in units of rounding: 1 is one unit
in the last place of every number on the way, carried to the result. Where two differ by more than {allowed:.0f},
mpmath decides, and our difference from it counts: PyTorch's `gelu`, say, loses its digits far left. Where that is
more, too, the order in which contributions to a derivative are added up counts as rounding: 1 + tiny − 1 may leave no
digit of what is tiny. Block b has the seed b (drawn with hypothesis {hypothesis}); the whole took {minutes} minutes.

| who | beside | compared | decided by mpmath | worst difference | beyond {allowed:.0f} | seed of the worst |
|---|---|--:|--:|--:|--:|--:|
"""
MILLION = """
`python docs/correctness.py --programs 1000000 --jobs 2` tries a million; after the first {often:,}, NumPy gets one of
{numpy}, and numba and JAX {rarer} times fewer than before. It says how long it still takes, can be stopped at any
time, and goes on from `build/programs.json`.
"""


def short(x: float) -> str:
    """Write an error with two digits."""
    return f"{x:.1e}" if x and not 0.01 <= x < 10000 else f"{x:.2g}" if x < 100 else f"{x:.0f}"


def signed(text: str) -> str:
    """Write minus signs as such."""
    return text.replace("-", "−")


def place(operands: list[float], which: list[int]) -> str:
    """Write a point, and by which operands the derivative there is taken."""
    at = ", ".join(f"{x!r}" if len(repr(x)) < 9 else f"{x:.6g}" for x in operands)
    by = f" by {', '.join(str(i + 1) for i in which)}" if len(operands) > 1 and which else ""
    return signed(f"({at}){by}")


def cell(found: dict[str, Any]) -> str:
    """Write the largest error of one kind of number and where it is."""
    if not found["count"]:
        return "—"
    return f"{signed(short(found['ulps']))} at {place(found['operands'], found['which'])}" if found["ulps"] else "0"


def operations_table(figures: dict[str, Any]) -> str:
    """Write the table of operations, and the reasons for what is large in it."""
    found = figures["operations"]
    compared = sum(row[kind]["count"] for row in found.values() for kind in KINDS)
    text = OPERATIONS.format(points=figures["points"], seed=figures["seed"], compared=f"{compared:,}")
    for name, row in found.items():
        cells = [cell(row[kind]) for kind in KINDS]
        share = max(row[kind]["share"] for kind in KINDS)
        text += f"| `{name}` | {' | '.join(cells)} | {signed(short(share))} |\n"
    steps = ", ".join(f"`{op.name}`" for op in CATALOGUE if op.name in STEPS)
    text += f"\nA dash: the slopes of {steps} are those of the pieces, by convention.\n"
    text += REASONS.format(expected=f"{EXPECTED:.0f}")
    for name, kind in large(found):
        worst = found[name][kind]
        text += f"| `{name}` | {kind} | {signed(short(worst['absolute']))} | {WHY[name, kind]} |\n"
    return text


def large(found: dict[str, Any]) -> list[tuple[str, str]]:
    """List which errors need a reason."""
    return [(name, kind) for name, row in found.items() for kind in KINDS if row[kind]["ulps"] > EXPECTED]


def programs_table(state: dict[str, Any]) -> str:
    """Write the table of random programs."""
    text = CROWD.format(
        programs=f"{state['programs']:,}",
        allowed=ALLOWED,
        hypothesis=state["hypothesis"],
        minutes=f"{math.ceil(state['seconds'] / 60):,}",
    )
    for name in EVERY:
        who, _, beside = name.partition(" beside ")
        row = state["found"][name]
        figures = f"{row['compared']:,} | {row['decided']} | {row['worst']:.2g} | {row['beyond']} | {row['block']}"
        text += f"| {who} | {beside or 'PyTorch'} | {figures} |\n"
    if state["refused"]:
        text += f"\nEngine refused: {state['refused']}.\n"
    rarer = RARER_THEREAFTER
    return text + MILLION.format(often=BLOCKS_TRIED_OFTEN * BLOCK, numpy=rarer["numpy"], rarer=rarer["jax"])


def read(path: Path) -> Any:
    """Read the figures that are kept in a file; none where there is none yet."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def page() -> str:
    """Write the page from the figures that are kept."""
    figures = read(FIGURES)
    text = INTRODUCTION + operations_table(figures) + programs_table(figures["programs"])
    return text + mutants.table(read(MUTANTS)) + endurance.table(read(ENDURANCE))


def measure_operations(points: int, say: Any = print) -> dict[str, Any]:
    """Measure every operation of the catalogue."""
    found = {}
    for op in CATALOGUE:
        found[op.name] = {kind: worst._asdict() for kind, worst in measure(op, SEED, points).items()}
        say(f"{op.name}: " + ", ".join(f"{kind} {short(found[op.name][kind]['ulps'])}" for kind in KINDS))
    return found


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--programs", type=int, help="go on to so many random programs, and do nothing else")
    parser.add_argument("--jobs", type=int, default=1, help="how many blocks of programs at a time")
    parser.add_argument("--state", type=Path, default=ROOT / "build" / "programs.json", help="where they are kept")
    parser.add_argument("--page", action="store_true", help="write the page from the figures that are kept")
    asked = parser.parse_args()
    figures = read(FIGURES)
    asked.state.parent.mkdir(parents=True, exist_ok=True)
    if asked.programs:
        figures["programs"] = go_on(asked.programs, asked.state, time.perf_counter, jobs=asked.jobs)
    elif not asked.page:
        figures |= {"seed": SEED, "points": POINTS, "operations": measure_operations(POINTS)}
        asked.state.unlink(missing_ok=True)
        figures["programs"] = go_on(PROGRAMS, asked.state, time.perf_counter, jobs=asked.jobs)
    write_whole(FIGURES, figures)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
