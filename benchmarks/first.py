"""The first result: what a fresh process computes until it is there, with and without an earlier process's kernels."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import replay, training
from benchmarks.benchmark import Benchmark, Options, table
from benchmarks.measure import Spread, clock, spread
from benchmarks.networks import S4, small
from benchmarks.worker import Worker
from benchmarks.workload import ROUND, WORKLOADS

__all__ = ["BENCHMARK"]

OPERATIONS = 100_000
WORKLOAD = "functions"
REPETITIONS = 3
TRAINED = ("edgegrad, numba", "edgegrad, NumPy", "NumPy by hand", "torch", "JAX jit", "JAX scan")
REPLAYED = ("edgegrad, numba", "CasADi SX")
CACHED = ", cached"
#: Whose kernels an earlier process leaves behind.
CACHING = ("edgegrad, numba",)

# --- in the workers -------------------------------------------------------------------------------------------------


def trained(name: str, quick: bool) -> list[float]:
    """Open a trainer of S4 and train two blocks: seconds of making it, of each block, and of the process so far."""
    start = clock()
    trainer = training.TRAINERS[name](small(S4) if quick else S4, "float64")
    rows = trainer.problem.rows(trainer.steps(trainer.problem), shuffled=True)
    return _stages(start, lambda: trainer.train(rows))


def replayed(name: str, operations: int) -> list[float]:
    """Record a graph and replay it twice; as `trained`."""
    start = clock()
    made = replay.REPLAYS[name][1](WORKLOADS[WORKLOAD], operations)
    return _stages(start, made.run)


def _stages(start: int, run: Any) -> list[float]:
    made = clock()
    run()
    first = clock()
    run()
    second = clock()
    return [(made - start) / 1e9, (first - made) / 1e9, (second - first) / 1e9, first / 1e9]


# --- in the caller --------------------------------------------------------------------------------------------------


def run(options: Options) -> dict[str, Any]:
    """Measure each in fresh processes, taking turns; what leaves kernels behind twice in a row."""
    quick = options.quick
    times, operations = (1, ROUND) if quick else (REPETITIONS, OPERATIONS)
    trained = TRAINED[:2] if quick else TRAINED
    with Worker() as worker:
        packages = {name: training.TRAINERS[name].package for name in TRAINED}
        there = {name for name, package in packages.items() if worker.call("training:installed", package) is not None}
        known = {name for name in REPLAYED if worker.call("replay:installed", name) is not None}
    cases: list[tuple[str, str, int]] = [("trained", name, quick) for name in trained if name in there]
    cases += [("replayed", name, operations) for name in REPLAYED if name in known]
    samples: dict[str, dict[str, list[list[float]]]] = {"trained": {}, "replayed": {}}
    for _ in range(times):
        for what, name, argument in cases:
            with TemporaryDirectory() as folder:
                for label in (name, name + CACHED) if name in CACHING else (name,):
                    with Worker(cache=folder) as fresh:
                        taken = fresh.call(f"first:{what}", name, argument)
                    samples[what].setdefault(label, []).append(taken)
    rows = {
        what: {label: [spread(stage) for stage in zip(*found, strict=True)] for label, found in each.items()}
        for what, each in samples.items()
    }
    missing = sorted({packages[name] for name in trained} - {packages[name] for name in there})
    return {"operations": operations, "repetitions": times, "missing": missing, "rows": rows}


INTRODUCTION = """
Seconds of CPU time in a fresh process, the median of {repetitions} with the least and the most. *made* is from the
first import to the object that can be run; *first* and *second* are two runs of it; *process* is all that the process
has computed when it has its first result, Python's own start included. edgegrad's kernels are compiled by numba where
they were never needed before, and kept in the user's cache folder: first with that folder empty, then (*cached*) in the
next process.
"""
TITLES = {
    "trained": "S4's network of 26,625 parameters, a block of 25 steps",
    "replayed": "a graph of {operations:,} scalar operations (the *functions* workload), value and gradient",
}
HEAD = ("library", "made", "first", "second", "process")


def section(result: dict[str, Any]) -> str:
    """Write the section."""
    parts = [INTRODUCTION.format(**result)]
    for what, rows in result["rows"].items():
        cells = [[label, *map(_seconds, stages)] for label, stages in rows.items()]
        parts.append(f"**{TITLES[what].format(**result)}**\n\n{table(HEAD, cells)}")
    if result["missing"]:
        parts.append(f"Not installed: {', '.join(result['missing'])}.\n")
    return "\n".join(parts)


def _seconds(stage: Spread) -> str:
    median, low, high = stage
    return f"{median:.4f}" if median < 0.01 else f"{median:.2f} ({low:.2f}–{high:.2f})"


BENCHMARK = Benchmark("first", "The first result", run, section)
