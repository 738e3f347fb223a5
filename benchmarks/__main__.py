"""Run the benchmarks: ``python -m benchmarks [--quick] [--only NAME] [--write] [--page] [--hips FOLDER]``."""

from __future__ import annotations

import argparse
import sys

from benchmarks import (
    auto,
    compiled,
    first,
    gradbench,
    jobs,
    linear,
    neuron,
    record,
    replay,
    scaling,
    second,
    startup,
    training,
)
from benchmarks.benchmark import Benchmark, Options
from benchmarks.page import store, write_page

#: In the order of the page.
BENCHMARKS: tuple[Benchmark, ...] = (
    record.BENCHMARK, replay.BENCHMARK, *training.BENCHMARKS, scaling.BENCHMARK, first.BENCHMARK, linear.BENCHMARK,
    neuron.BENCHMARK, second.BENCHMARK, startup.BENCHMARK, compiled.BENCHMARK, gradbench.BENCHMARK,
    auto.BENCHMARK, jobs.BENCHMARK,
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line names, print it, and with ``--write`` bring docs/performance.md up to date.

    Returns:
        the exit status.
    """
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Benchmarks of edgegrad beside its peers."
    )
    parser.add_argument("--quick", action="store_true", help="one tick of everything; the times mean nothing")
    parser.add_argument("--only", action="append", choices=names, help="run one benchmark; may be given several times")
    parser.add_argument("--write", action="store_true", help="store the results and write docs/performance.md")
    parser.add_argument("--page", action="store_true", help="measure nothing: write the page from the stored results")
    parser.add_argument(
        "--hips", metavar="FOLDER", help="where `pip install --target FOLDER autograd` put HIPS autograd"
    )
    chosen = parser.parse_args(arguments)
    if chosen.quick and chosen.write:
        parser.error("--quick gives no figures to --write")
    if chosen.page:
        write_page(BENCHMARKS)
        return 0
    options = Options(chosen.quick, chosen.hips)
    for benchmark in BENCHMARKS:
        if chosen.only and benchmark.name not in chosen.only:
            continue
        result = benchmark.run(options)
        print(f"## {benchmark.title}\n{benchmark.section(result)}", flush=True)
        if chosen.write:
            store(benchmark, result)
    if chosen.write:
        write_page(BENCHMARKS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
