"""docs/performance.md, written from the stored results, each with the machine and the day it was taken on."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Benchmark
from benchmarks.figure import draw, draw_growth

__all__ = ["PAGE", "RESULTS", "load", "page", "store", "write_page"]

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "performance.md"

INTRODUCTION = """# Performance

<!-- Written by python -m benchmarks --write from benchmarks/results: change those. -->

What edgegrad costs, beside its peers. Every table is from one run, in which the libraries took turns on one core: the
ratios say more than the times, which belong to the machine. `python -m benchmarks` measures yours.

![Cost per operation by size of the graph; cost per product by width of a neuron](performance.svg)
"""


def machine() -> dict[str, str]:
    """Describe what a result depends on: processor, system, Python, the day."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as cpuinfo:
            for line in cpuinfo:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"


def store(benchmark: Benchmark, result: dict[str, Any]) -> None:
    """Keep a result, in benchmarks/results."""
    RESULTS.mkdir(exist_ok=True)
    kept = {"machine": machine(), "result": result}
    path = RESULTS / f"{benchmark.name}.json"
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(benchmark: Benchmark) -> dict[str, Any] | None:
    """Read the stored result of a benchmark, with its machine; None where there is none."""
    path = RESULTS / f"{benchmark.name}.json"
    if not path.exists():
        return None
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def page(benchmarks: Iterable[Benchmark]) -> str:
    """Write the page from what is stored."""
    parts = [INTRODUCTION]
    for benchmark in benchmarks:
        kept = load(benchmark)
        if kept is not None:
            where = "{processor}, {cores} cores; {system}; {python}; {day}".format(**kept["machine"])
            parts.append(f"## {benchmark.title}\n{benchmark.section(kept['result'])}\n*{where}.*\n")
    return "\n".join(parts)


def write_page(benchmarks: Iterable[Benchmark]) -> None:
    """Bring docs/performance.md and its figures up to date."""
    benchmarks = list(benchmarks)
    PAGE.write_text(page(benchmarks), encoding="utf-8")
    kept = {benchmark.name: load(benchmark) for benchmark in benchmarks}
    linear, neuron = kept.get("linear"), kept.get("dot")
    if linear is not None and neuron is not None:
        draw(linear["result"], neuron["result"], PAGE.with_suffix(".svg"))
    scaling = kept.get("scaling")
    if scaling is not None:
        draw_growth(scaling["result"], PAGE.with_name("scaling.svg"))
