"""GradBench's evals on edgegrad, beside PyTorch, JAX and CasADi: the first result and each further one."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any

from benchmarks.benchmark import Benchmark, Options, check_agreement, duration, table
from benchmarks.gradbench.evals import EVALS
from benchmarks.measure import spread
from benchmarks.worker import Worker

__all__ = ["BENCHMARK", "LIBRARIES", "measure_eval"]

OURS = "edgegrad"
LIBRARIES = (OURS, "PyTorch", "JAX", "CasADi")
REPETITIONS = 5
BUDGET = 2e8  # ns for one repetition


def run(options: Options) -> dict[str, Any]:
    """Measure every eval in every size, where all libraries' results agree."""
    return {"rows": _tick() if options.quick else _measure()}


def _tick() -> list[dict[str, Any]]:
    """Compute each eval once in its smallest size, all evals of a library in one process."""
    with Worker() as ours, Worker() as torch, Worker() as jax, Worker() as casadi:
        workers = dict(zip(LIBRARIES, (ours, torch, jax, casadi), strict=True))
        jax.call("gradbench.runs:compile_quickly")
        return [measure_eval(name, evaluation.tick, workers, 1, 0.0) for name, evaluation in EVALS.items()]


def _measure() -> list[dict[str, Any]]:
    """Measure each eval in processes of its own; once more edgegrad's first result with no kernel kept."""
    rows = []
    for name, evaluation in EVALS.items():
        for size in evaluation.sizes:
            with Worker() as ours, Worker() as torch, Worker() as jax, Worker() as casadi:
                workers = dict(zip(LIBRARIES, (ours, torch, jax, casadi), strict=True))
                rows.append(measure_eval(name, size, workers, REPETITIONS, BUDGET))
        with tempfile.TemporaryDirectory() as folder, Worker(cache=folder) as fresh:
            start = len(rows) - len(evaluation.sizes)
            rows[start]["from nothing"] = fresh.call("gradbench.runs:first", OURS, name, evaluation.sizes[0])[0]
    return rows


def measure_eval(
    name: str, size: Mapping[str, int], workers: Mapping[str, Worker], times: int, budget: float
) -> dict[str, Any]:
    """Compute an eval in every library that has it, compare, and take times.

    Args:
        name: the eval's.
        size: what its inputs are made by.
        workers: by library, the process that it runs in.
        times: how often each library has its turn.
        budget: ns of each turn.

    Raises:
        DisagreementError: a library's numbers, or those that GradBench expects, differ from edgegrad's.
    """
    where = " ".join([name, *(f"{what}={number}" for what, number in size.items())])
    found = {}
    for library, worker in workers.items():
        outcome = worker.call("gradbench.runs:first", library, name, size)
        if outcome is not None:
            found[library] = outcome
    expected = found[OURS][1]
    reference = EVALS[name].reference
    if reference and size in EVALS[name].sizes:
        check_agreement("GradBench", (reference[0], reference), (expected[0], expected), where)
    agreement = {
        library: check_agreement(library, (numbers[0], numbers), (expected[0], expected), where)
        for library, (_, numbers) in found.items()
    }
    samples: dict[str, list[float]] = {library: [] for library in found}
    for _ in range(times):
        for library, each in samples.items():
            each.append(workers[library].call("gradbench.runs:again", library, name, budget))
    return {
        "eval": name,
        "size": dict(size),
        "first": {library: taken for library, (taken, _) in found.items()},
        "again": {library: spread(each) for library, each in samples.items()},
        "agreement": agreement,
    }


INTRODUCTION = """
[GradBench](https://github.com/gradbench/gradbench) defines these functions, their inputs and their sizes; it runs them
on some forty tools. Here they are written anew, for each library in the form that suits it best, and run on one core
with inputs drawn at random in GradBench's shapes. Values and derivatives agree to 1e-9; those of saddle and particle
agree with what GradBench expects.

{evals}

The first result from a running Python, in seconds: the library is imported, and the function recorded, compiled, and
computed once with its derivative. In parentheses: edgegrad with no kernel kept from an earlier process.

{first}
Each further result, in milliseconds. A dash: not written for that library. The loops of saddle and particle end when
the numbers say so, and reverse mode in JAX cannot go through such a loop.

{again}
In ode the last of n unknowns is 0 until n/4 steps are taken, and so is its gradient. That is so in all of GradBench's
sizes; the smallest here is one of our own, where it is not."""


def section(result: dict[str, Any]) -> str:
    """Write the section."""
    rows = result["rows"]
    present = [library for library in LIBRARIES if any(library in row["again"] for row in rows)]
    firsts, agains = [], []
    for row in rows:
        head = ", ".join([f"**{row['eval']}**", *(f"{name} {number:,}" for name, number in row["size"].items())])
        first = {library: f"{taken / 1e9:.2f}" for library, taken in row["first"].items()}
        if "from nothing" in row:
            first[OURS] += f" ({row['from nothing'] / 1e9:.1f})"
        again = {library: _milliseconds(taken) for library, taken in row["again"].items()}
        firsts.append([head, *(first.get(library, "—") for library in present)])
        agains.append([head, *(again.get(library, "—") for library in present)])
    evals = [f"- **{each.name}**: {each.what}. In edgegrad: {each.edgegrad}." for each in EVALS.values()]
    return INTRODUCTION.format(
        evals="\n".join(evals),
        first=table(("first, s", *present), firsts),
        again=table(("again, ms", *present), agains),
    )


def _milliseconds(samples: Any) -> str:
    median, low, high = (taken / 1e6 for taken in samples)
    return duration((median, low, high)) if median >= 2 else f"{median:.3f} ({low:.3f}–{high:.3f})"


BENCHMARK = Benchmark("gradbench", "GradBench", run, section)
