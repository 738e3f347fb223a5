"""Linear cost: the time and the memory of one operation from ten thousand operations to ten million."""

from __future__ import annotations

from typing import Any

from benchmarks.benchmark import Benchmark, Options, table
from benchmarks.measure import exponent, spread
from benchmarks.worker import Worker
from benchmarks.workload import ROUND, WORKLOADS

__all__ = ["BENCHMARK"]

OURS = "edgegrad"
#: How many operations, and how often each is measured.
SIZES = {10_000: 15, 100_000: 9, 1_000_000: 5, 10_000_000: 1}
QUICK = {ROUND: 1, 2 * ROUND: 1}
SHOWN = ("chain", "functions")


def run(options: Options) -> dict[str, Any]:
    """Measure both wirings at every size, with the collector on and off."""
    sizes = QUICK if options.quick else SIZES
    curves = {}
    for workload in SHOWN:
        curve = []
        for operations, times in sizes.items():
            with Worker() as worker:
                worker.call("timing:outcome", OURS, workload, ROUND)
                on = [worker.call("timing:repetition", OURS, workload, operations, True) for _ in range(times)]
                off = [worker.call("timing:repetition", OURS, workload, operations, False) for _ in range(times)]
            with Worker() as worker:
                size = worker.call("timing:grown", OURS, workload, operations)
            curve.append(
                {
                    "operations": operations,
                    "on": spread([each["total"] for each in on]),
                    "off": spread([each["total"] for each in off]),
                    "collector": spread([each["collector"] for each in on]),
                    "bytes": size,
                }
            )
        curves[workload] = curve
    return {"curves": curves}


INTRODUCTION = """
The same loops, longer: nanoseconds and bytes per operation, build and sweep together. A cost of c·nᵖ has p = 1 where it
is linear; larger graphs fall out of the processor's caches, and the cyclic collector looks through all that lives each
time that it has grown by a quarter. The bytes are the growth of the process.
"""


def section(result: dict[str, Any]) -> str:
    """Write the section, with the exponent of each curve."""
    parts = [INTRODUCTION]
    for name, curve in result["curves"].items():
        sizes = [point["operations"] for point in curve]
        fits = {
            switch: exponent(sizes, [point[switch][0] * point["operations"] for point in curve])
            for switch in ("on", "off")
        }
        rows = [
            [
                f"{point['operations']:,}", f"{point['off'][0]:,.0f}", f"{point['on'][0]:,.0f}",
                f"{point['collector'][0]:,.0f}", f"{point['bytes']:,.0f}",
            ]
            for point in curve
        ]  # fmt: skip
        head = ("operations", "collector off", "collector on", "of it collector", "bytes")
        parts.append(f"**{name}**: {WORKLOADS[name].title}\n\n{table(head, rows)}")
        parts.append(f"Fitted p: {fits['off']:.3f} with the collector off, {fits['on']:.3f} with it on.\n")
    return "\n".join(parts)


BENCHMARK = Benchmark("linear", "Linear cost", run, section)
