"""The compiled build beside the plain package: `hatch_build.py` compiles a copy of the same source."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Benchmark, Options, check_agreement, duration, table
from benchmarks.measure import spread
from benchmarks.worker import ROOT, Worker
from benchmarks.workload import ROUND, WORKLOADS
from hatch_build import build

__all__ = ["BENCHMARK"]

OPERATIONS = 100_000
REPETITIONS = 9
OURS = "edgegrad"
PLAIN, COMPILED = "plain Python", "compiled build"
#: The operations that the workloads use: what one tick compiles.
FEW = frozenset({"add", "sub", "mul", "truediv", "pow", "relu", "tanh", "sin", "exp"})


def run(options: Options) -> dict[str, Any]:
    """Build a copy if Cython and a C compiler are there, and measure it in turns beside the plain package."""
    operations, times = (ROUND, 1) if options.quick else (OPERATIONS, REPETITIONS)
    tools = {"Cython": _there("Cython"), "a C compiler": _compiler()}
    missing = [name for name, there in tools.items() if not there]
    result: dict[str, Any] = {"operations": operations, "repetitions": times, "missing": missing, "seconds": None}
    with ExitStack() as stack:
        paths: dict[str, list[str]] = {PLAIN: []}
        if not missing:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            start = time.perf_counter()
            build(ROOT, Path(folder), *((FEW, ("-O0",)) if options.quick else ()))
            result["seconds"] = time.perf_counter() - start
            paths[COMPILED] = [folder]
        workers = {name: stack.enter_context(Worker(*path)) for name, path in paths.items()}
        result["workloads"] = {workload: _measure(workload, workers, operations, times) for workload in WORKLOADS}
        result["parts"] = {name: worker.call("timing:extension_modules") for name, worker in workers.items()}
    return result


def _there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _compiler() -> bool:
    return sys.platform == "win32" or shutil.which("cc") is not None


def _measure(workload: str, workers: dict[str, Worker], operations: int, times: int) -> dict[str, Any]:
    expected = workers[PLAIN].call("timing:outcome", OURS, workload, operations)
    rows: dict[str, Any] = {}
    for name, worker in workers.items():
        found = worker.call("timing:outcome", OURS, workload, operations)
        rows[name] = {"agreement": check_agreement(name, found, expected, workload), True: [], False: []}
    for _ in range(times):
        for collector in (True, False):
            for name, worker in workers.items():
                rows[name][collector].append(worker.call("timing:repetition", OURS, workload, operations, collector))
    for row in rows.values():
        for collector, key in ((True, "on"), (False, "off")):
            samples = row.pop(collector)
            row[key] = {part: spread([each[part] for each in samples]) for part in samples[0]}
    return rows


INTRODUCTION = """
The plain package needs no compiler and is the truth. Where an install asks for it (see
[getting started](getting-started.md)), `hatch_build.py` compiles the same source: the sweep as it stands, its nodes
declared to be Values, and the recorders that are emitted from the catalogue, their numbers declared as C doubles. Their
nodes are kept from the cyclic collector, which has nothing to find there: an operation's operands are older than it. A
user's own operations keep their plain recorders.

Nanoseconds per operation as in S1; the goal for a compiled build is 350.
"""
HEAD = ("package", "record", "sweep", "total", "of it collector", "total, collector off")


def section(result: dict[str, Any]) -> str:
    """Write the section."""
    parts = [INTRODUCTION]
    for name, rows in result["workloads"].items():
        cells = [
            [
                label, *(duration(row["on"][part], with_range=False) for part in ("record", "sweep")),
                duration(row["on"]["total"]), duration(row["on"]["collector"], with_range=False),
                duration(row["off"]["total"], with_range=False),
            ]
            for label, row in rows.items()
        ]  # fmt: skip
        parts.append(f"**{name}**\n\n{table(HEAD, cells)}")
    if result["missing"]:
        parts.append(f"Not installed: {', '.join(result['missing'])}.\n")
    if result["seconds"]:
        parts.append(f"Compiling takes {result['seconds']:.0f} s.\n")
    return "\n".join(parts)


BENCHMARK = Benchmark("compiled", "The compiled build", run, section)
