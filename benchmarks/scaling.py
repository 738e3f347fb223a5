"""How a compiled training step grows: with the parameters, with the batch, with the depth; its time and its memory."""

from __future__ import annotations

from typing import Any

from benchmarks.benchmark import Benchmark, Options, table
from benchmarks.measure import clock, exponent, free_bytes, peak_bytes, per_call, resident_bytes, spread
from benchmarks.networks import S4, small
from benchmarks.trainers import Compiled, CompiledNumpy, new_network
from benchmarks.training import installed
from benchmarks.worker import Worker

__all__ = ["BENCHMARK"]

#: Neurons in each of two hidden layers: 10² to 10⁷ parameters.
WIDTHS = (5, 25, 93, 309, 992, 3155)
BATCHES = (1, 4, 16, 64, 256, 1024)
DEPTHS = (1, 4, 16, 64, 256)
NEURONS = 16  # in each layer of the deep networks
REPETITIONS = 5
BUDGET = 100e6  # ns of training a repetition
PRODUCTS = 10_000_000  # in a block of steps, unless a single step has more
NEEDED = 800  # bytes of memory a parameter, without which a network is left out

# --- in the workers -------------------------------------------------------------------------------------------------


def point(widths: list[int], batch: int, times: int, budget: float) -> dict[str, Any]:
    """Make a network, compile it, and train it with RMSProp on batches of one size.

    Returns:
        ns a step; seconds of making the model alone, and from nothing to the first step; bytes a parameter: that the
        model holds, that all holds in the end, and that all held at the most.
    """
    kind = Compiled if installed("numba") is not None else CompiledNumpy
    first = small(S4)
    kind(first, "float64").train(first.rows(1, shuffled=False))  # what is loaded once belongs to no network
    problem = S4._replace(widths=tuple(widths), batch=batch, examples=2 * batch)
    n = problem.parameters()
    before, start = resident_bytes(), clock()
    network = new_network(problem)
    made, held = clock(), resident_bytes()
    trainer = kind(problem, "float64", network)
    trainer.train(problem.rows(1, shuffled=False))
    stepped = clock()
    rows = problem.rows(max(1, min(S4.block, PRODUCTS // (n * batch))), shuffled=True)
    steps = [per_call(lambda: trainer.train(rows), budget) / len(rows) for _ in range(times)]
    return {
        "parameters": n,
        "step": spread(steps),
        "model": (made - start) / 1e9,
        "first": (stepped - start) / 1e9,
        "bytes": [(each - before) / n for each in (held, resident_bytes(), max(peak_bytes(), resident_bytes()))],
    }


# --- in the caller --------------------------------------------------------------------------------------------------


def run(options: Options) -> dict[str, Any]:
    """Measure the three curves, each point in a process of its own."""
    times, budget = (1, 0.0) if options.quick else (REPETITIONS, BUDGET)
    network = (small(S4) if options.quick else S4).widths
    first, last = network[0], network[-1]
    hidden, batches, depths = ((3, 6), (1, 2), (1, 2)) if options.quick else (WIDTHS, BATCHES, DEPTHS)
    curves: dict[str, dict[int, tuple[list[int], int]]] = {
        "parameters": {_count([first, n, n, last]): ([first, n, n, last], S4.batch) for n in hidden},
        "batch": {batch: (list(network), batch) for batch in batches},
        "depth": {depth: ([first, *[NEURONS] * depth, last], S4.batch) for depth in depths},
    }
    result: dict[str, Any] = {"left out": [], "curves": {}}
    for name, points in curves.items():
        result["curves"][name] = []
        for size, (widths, batch) in points.items():
            if _count(widths) * NEEDED > free_bytes() > 0:
                result["left out"].append(f"{size:,} in {name}")
                continue
            with Worker() as worker:
                found = worker.call("scaling:point", widths, batch, times, budget)
            result["curves"][name].append({"size": size, **found})
    return result


def _count(widths: list[int]) -> int:
    return S4._replace(widths=tuple(widths)).parameters()


INTRODUCTION = """
![Seconds a step and for the first step, by parameters, by batch and by depth](scaling.svg)

A training step of RMSProp in the compiled program, float64: microseconds of CPU time, medians. *model* is what `nn.MLP`
takes to make its Values, *first step* what it takes from nothing to the end of the first step, with model, tracing and
compiling, in seconds. Bytes are the growth of the process for each parameter: by the model alone, in the end, and at
the most. A cost of c·nᵖ has the exponent p; it is fitted to all sizes, and to the upper half of them, where what does
not grow weighs less.
"""
TITLES = {
    "parameters": "parameters: 13-n-n-1, batch 16",
    "batch": "batch: 13-128-128-64-1",
    "depth": "depth: hidden layers of 16 neurons, batch 16",
}


def section(result: dict[str, Any]) -> str:
    """Write the section, with the exponents of each curve."""
    parts = [INTRODUCTION]
    for name, curve in result["curves"].items():
        rows = [
            [
                f"{point['size']:,}", f"{point['step'][0] / 1e3:,.1f}", f"{_per(name, point):,.2f}",
                _seconds(point["model"]), _seconds(point["first"]), *(f"{size:,.0f}" for size in point["bytes"]),
            ]
            for point in curve
        ]  # fmt: skip
        unit = "ns a parameter and example" if name != "batch" else "µs an example"
        head = (name, "µs a step", unit, "model", "first step", "bytes: model", "in the end", "at the most")
        parts.append(f"**{TITLES[name]}**\n\n{table(head, rows)}")
        if len(curve) > 1:
            parts.append(f"Fitted p of a step: {_fits(curve, 'step')}; of the first step: {_fits(curve, 'first')}.\n")
    if result["left out"]:
        parts.append(f"Left out for want of memory: {', '.join(result['left out'])}.\n")
    return "\n".join(parts)


def _seconds(time: float) -> str:
    return f"{time:,.1f}" if time >= 10 else f"{time:.2g}"


def _per(curve: str, point: dict[str, Any]) -> float:
    per: float = 1e3 * point["size"] if curve == "batch" else point["parameters"] * S4.batch
    return float(point["step"][0]) / per


def _fits(curve: list[dict[str, Any]], what: str) -> str:
    upper = curve[len(curve) // 2 :] if len(curve) > 3 else curve
    found = []
    for part in (curve, upper):
        times = [point[what][0] if what == "step" else point[what] for point in part]
        found.append(exponent([point["size"] for point in part], times))
    return f"{found[0]:.2f}, in the upper half {found[1]:.2f}"


BENCHMARK = Benchmark("scaling", "Growth of a training step", run, section)
