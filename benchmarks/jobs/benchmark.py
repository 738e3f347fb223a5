"""Each page of docs/jobs, whole, beside a peer: the numbers agree before a time is taken."""

from __future__ import annotations

import importlib.util
from typing import Any

from benchmarks.benchmark import Benchmark, Options, check_agreement, table
from benchmarks.jobs.programs import JOBS, ours
from benchmarks.measure import clock, spread
from benchmarks.worker import Worker

__all__ = ["BENCHMARK", "do"]

REPETITIONS = 5
TICK = "option-greeks"  # the one that a tick does


def do(name: str, start: dict[str, Any] | None) -> tuple[float, list[float]]:
    """Do a job, the peer's way where `start` is given. Return the ns, those of imports among them, and its numbers."""
    began = clock()
    numbers = ours(name) if start is None else JOBS[name].theirs(start)
    return clock() - began, [float(number) for number in numbers]


def run(options: Options) -> dict[str, Any]:
    """Do each job on both sides, each in a process of its own, taking turns."""
    rows, missing = {}, {}
    for name, job in JOBS.items():
        if options.quick and name != TICK:
            continue
        lacking = [package for package in job.packages if importlib.util.find_spec(package) is None]
        if lacking:
            missing[name] = lacking
        else:
            rows[name] = _compare(name, 1 if options.quick else REPETITIONS)
    return {"rows": rows, "missing": missing}


def _compare(name: str, times: int) -> dict[str, Any]:
    job, samples = JOBS[name], {"edgegrad": list[float](), "peer": list[float]()}
    with Worker() as mine, Worker() as peer, Worker() as third:
        start = third.call("jobs.programs:begin", name)
        sides = {"edgegrad": (mine, None), "peer": (peer, start)}
        first, numbers = {}, {}
        for side, (worker, given) in sides.items():
            first[side], numbers[side] = worker.call("jobs.benchmark:do", name, given)
        agreement = check_agreement(
            job.peer, (numbers["peer"][0], numbers["peer"]), (numbers["edgegrad"][0], numbers["edgegrad"]), name,
            job.tolerance,
        )  # fmt: skip
        for _ in range(times):
            for side, (worker, given) in sides.items():
                samples[side].append(worker.call("jobs.benchmark:do", name, given)[0])
    sides_of: dict[str, dict[str, Any]] = {
        side: {"first": first[side], "again": spread(taken)} for side, taken in samples.items()
    }
    return {"with": job.peer, "agreement": agreement, **sides_of}


INTRODUCTION = """
The programs of [the jobs](jobs/index.md), whole, from the data to the numbers, milliseconds of CPU time on one core.
*First* is in a new process, with all imports but NumPy's; *again* is the same in that process, the median of five. What
a side compiles, it compiles each time. Both begin with the same weights and end with the same numbers, to the
difference in the last column.
"""
HEAD = ("job", "beside", "first", "peer", "again", "peer", "agree to")


def section(result: dict[str, Any]) -> str:
    """Write the section."""
    cells = [
        [
            f"[{name}](jobs/{name}.md)", row["with"], _ms(row["edgegrad"]["first"]), _ms(row["peer"]["first"]),
            _ms(row["edgegrad"]["again"][0]), _ms(row["peer"]["again"][0]), f"{row['agreement']:.0e}",
        ]
        for name, row in result["rows"].items()
    ]  # fmt: skip
    missing = "".join(
        f"\nNot done, for want of {', '.join(lacking)}: {name}.\n" for name, lacking in result["missing"].items()
    )
    return f"{INTRODUCTION}\n{table(HEAD, cells)}{missing}"


def _ms(ns: float) -> str:
    return f"{ns / 1e6:,.0f}" if ns >= 20e6 else f"{ns / 1e6:.1f}"


BENCHMARK = Benchmark("jobs", "The jobs", run, section)
