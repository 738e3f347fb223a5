"""S1: record scalar operations, then sweep back over them; time and memory per operation, beside the peers."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from benchmarks.benchmark import Benchmark, Options, check_agreement, duration, table
from benchmarks.measure import spread
from benchmarks.peers import PEERS
from benchmarks.worker import Worker
from benchmarks.workload import ROUND, WORKLOADS, Workload

__all__ = ["BENCHMARK"]

OPERATIONS = 100_000
REPETITIONS = 7
OURS = "edgegrad"
LOOP = "plain floats"


def run(options: Options) -> dict[str, Any]:
    """Measure every installed peer on every workload it has the functions for, taking turns."""
    operations, repetitions = (ROUND, 1) if options.quick else (OPERATIONS, REPETITIONS)
    with ExitStack() as stack:
        paths = {name: _paths(name, options) for name in PEERS}
        workers = {name: stack.enter_context(Worker(*path)) for name, path in paths.items() if path is not None}
        versions = {name: workers[name].call("timing:installed", name) if name in workers else None for name in PEERS}
        workers = {name: worker for name, worker in workers.items() if versions[name] is not None}
        measured = {
            workload.name: _compare(workload, workers, paths, operations, repetitions)
            for workload in WORKLOADS.values()
        }
    return {
        "operations": operations,
        "repetitions": repetitions,
        "versions": versions,
        "notes": {name: peer.note for name, peer in PEERS.items()},
        "workloads": measured,
    }


def _paths(name: str, options: Options) -> list[str] | None:
    """Say where a peer's worker looks for packages first; None where that place is missing."""
    if name == "HIPS autograd":
        return [options.hips] if options.hips is not None else None
    return []


def _compare(
    workload: Workload, workers: dict[str, Worker], paths: dict[str, list[str] | None], operations: int, times: int
) -> dict[str, Any]:
    able = {
        name: worker
        for name, worker in workers.items()
        if not (workload.transcendental and PEERS[name].arithmetic_only)
    }
    expected = able[OURS].call("timing:outcome", OURS, workload.name, operations)
    found = {name: worker.call("timing:outcome", name, workload.name, operations) for name, worker in able.items()}
    agreement = {name: check_agreement(name, each, expected, workload.name) for name, each in found.items()}
    samples: dict[str, dict[bool, list[dict[str, float]]]] = {name: {True: [], False: []} for name in able}
    for _ in range(times):
        for collector in (True, False):
            for name, worker in able.items():
                taken = worker.call("timing:repetition", name, workload.name, operations, collector)
                samples[name][collector].append(taken)
    rows = {}
    for name, by_collector in samples.items():
        on, off = (
            {part: spread([each[part] for each in by_collector[collector]]) for part in by_collector[True][0]}
            for collector in (True, False)
        )
        ours = samples[OURS][True]
        ratios = [each["total"] / our["total"] for each, our in zip(by_collector[True], ours, strict=True)]
        size = None
        if name != LOOP:
            with Worker(*paths[name] or []) as fresh:
                size = fresh.call("timing:memory", name, workload.name, operations)
        rows[name] = {
            "agreement": agreement[name], "on": on, "off": off, "ratio": spread(ratios), "bytes": size,
        }  # fmt: skip
    return rows


# --- the page -------------------------------------------------------------------------------------------------------

INTRODUCTION = """
{operations:,} operations on scalars are recorded by a plain Python loop, then swept back over; nanoseconds of CPU time
per operation, the median of {repetitions} repetitions, with the least and the most. The libraries take turns, each in a
process of its own on the same core, and each value and gradient agrees with edgegrad's to 1e-9 before anything is
timed. Python's cyclic collector is on, as it is by default; its part of the total is shown, and so is the total with
the collector off. Bytes are those of graph and gradients: Python's objects as `tracemalloc` counts them, or (°) the
growth of the process, for libraries whose graph lies outside Python.
"""
ADVICE = """
The collector looks through a growing graph several times and finds nothing: no cycle passes through it, and counting
references alone frees it. A loop that builds large graphs may do without: `gc.disable()` before it, `gc.enable()`
after.
"""
HEAD = ("library", "record", "sweep", "total", "× edgegrad", "of it collector", "total, collector off", "bytes")


def section(result: dict[str, Any]) -> str:
    """Write the section of S1."""
    parts = [INTRODUCTION.format(**result)]
    for name, rows in result["workloads"].items():
        parts.append(f"**{name}**: {WORKLOADS[name].title}\n\n" + table(HEAD, (_row(*item) for item in rows.items())))
    missing = [name for name, found in result["versions"].items() if found is None]
    versions = [f"{name} {found}" for name, found in result["versions"].items() if found is not None and name != LOOP]
    notes = "".join(f"- {name}: {note}.\n" for name, note in result["notes"].items() if note)
    parts.append(
        f"Versions: {', '.join(versions)}." + (f" Not installed: {', '.join(missing)}." if missing else "") + "\n"
    )
    parts.append(notes)
    parts.append(_targets(result))
    return "\n".join(parts)


def _row(name: str, row: dict[str, Any]) -> list[str]:
    on, off = row["on"], row["off"]
    if name == LOOP:
        return [name, duration(on["record"]), "", "", "", "", "", ""]
    size = f"{row['bytes']:,.0f}" + ("°" if PEERS[name].native else "")
    return [
        f"**{name}**" if name == OURS else name,
        duration(on["record"], with_range=False), duration(on["sweep"], with_range=False), duration(on["total"]),
        f"{row['ratio'][0]:.2f}", duration(on["collector"], with_range=False),
        duration(off["total"], with_range=False), size,
    ]  # fmt: skip


def _targets(result: dict[str, Any]) -> str:
    """Compare with what the design asks for, workload by workload."""
    rows = []
    for name, measured in result["workloads"].items():
        ours = measured[OURS]
        total, size = ours["on"]["total"][0], ours["bytes"]
        goals = [
            ("build and sweep at most 1,000 ns", total <= 1000, f"{total:,.0f}"),
            ("with the collector off", ours["off"]["total"][0] <= 1000, f"{ours['off']['total'][0]:,.0f}"),
            ("at most 300 bytes", size <= 300, f"{size:,.0f}"),
        ]
        for peer, factor in (("micrograd", 6.0), ("XAD", 1.0)):
            if peer in measured:
                ratio = measured[peer]["ratio"][0]
                goals.append(
                    (
                        f"{factor:g} times under {peer}" if factor > 1 else f"under {peer}",
                        ratio >= factor,
                        f"{ratio:.2f} times",
                    )
                )
        rows += [[name, goal, found, "yes" if reached else "**no**"] for goal, reached, found in goals]
    return (
        f"What the design asks of plain Python:\n\n{table(('workload', 'goal', 'measured', 'reached'), rows)}{ADVICE}"
    )


BENCHMARK = Benchmark("S1", "Recording and sweeping", run, section)
