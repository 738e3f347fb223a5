"""Second derivatives: what a gradient that is a graph costs, and the sweep over that graph, beside torch."""

from __future__ import annotations

import gc
from functools import partial
from itertools import pairwise
from typing import Any

from benchmarks.benchmark import Benchmark, Options, check_agreement, table
from benchmarks.measure import clock, spread
from benchmarks.worker import Worker
from benchmarks.workload import ROUND, WORKLOADS, Functions

__all__ = ["BENCHMARK"]

WORKLOAD = "functions"
OPERATIONS = 4 * ROUND
REPETITIONS = 7
STEPS = ("record", "gradient", "differentiable gradient", "second sweep")

# --- in the workers -------------------------------------------------------------------------------------------------


def installed(name: str) -> bool:
    """Say whether a library can be imported."""
    try:
        _tools(name)
    except ImportError:
        return False
    return True


def _tools(name: str) -> tuple[Any, Any, Any]:
    """Give a library's leaf, its functions, and its gradient function ``(y, xs, create_graph)``."""
    if name == "torch":
        import torch

        torch.set_num_threads(1)
        leaf = partial(torch.tensor, dtype=torch.float64, requires_grad=True)
        functions = Functions(torch.relu, torch.tanh, torch.sin, torch.exp)
        return leaf, functions, lambda y, xs, graph: torch.autograd.grad(y, xs, create_graph=graph, retain_graph=True)
    import autograd

    functions = Functions(autograd.relu, autograd.tanh, autograd.sin, autograd.exp)
    return autograd.Value, functions, lambda y, xs, graph: autograd.gradients(y, xs, create_graph=graph)


def repetition(name: str, operations: int) -> tuple[list[float], float, list[float]]:
    """Time each step, in ns an operation of the first graph.

    Returns:
        the times; the sum of the first derivatives; the derivatives of that sum.
    """
    leaf, functions, gradient = _tools(name)
    workload = WORKLOADS[WORKLOAD]
    xs = [leaf(number) for number in workload.leaves]
    gc.collect()
    times = [clock()]
    y = workload.run(xs, functions, operations)
    times.append(clock())
    gradient(y, xs, False)
    times.append(clock())
    first = gradient(y, xs, True)
    times.append(clock())
    total = first[0]
    for slope in first[1:]:
        total = total + slope
    second = gradient(total, xs, False)
    times.append(clock())
    taken = [(after - before) / operations for before, after in pairwise(times)]
    return taken, total.item() if name == "torch" else total.data, [float(slope) for slope in second]


def nodes(operations: int) -> float:
    """Count how many nodes edgegrad's gradient graph has, the first graph included, an operation."""
    from autograd import Graph

    leaf, functions, gradient = _tools("edgegrad")
    workload = WORKLOADS[WORKLOAD]
    xs = [leaf(number) for number in workload.leaves]
    first = gradient(workload.run(xs, functions, operations), xs, True)
    return len(Graph(*first)) / operations


# --- in the caller --------------------------------------------------------------------------------------------------


def run(options: Options) -> dict[str, Any]:
    """Measure edgegrad and torch, taking turns."""
    operations, times = (ROUND, 1) if options.quick else (OPERATIONS, REPETITIONS)
    with Worker() as ours, Worker() as theirs:
        workers = {"edgegrad": ours}
        if theirs.call("second:installed", "torch"):
            workers["torch"] = theirs
        samples: dict[str, list[list[float]]] = {name: [] for name in workers}
        agreement = {}
        for _ in range(times):
            expected = None
            for name, worker in workers.items():
                taken, value, gradient = worker.call("second:repetition", name, operations)
                expected = expected or (value, gradient)
                agreement[name] = check_agreement(name, (value, gradient), expected, "second derivatives")
                samples[name].append(taken)
        grown = ours.call("second:nodes", operations)
    return {
        "operations": operations,
        "agreement": agreement,
        "nodes": grown,
        "steps": {name: [spread(each) for each in zip(*rows, strict=True)] for name, rows in samples.items()},
    }


INTRODUCTION = """
A graph of {operations:,} operations (the *functions* workload), its gradient as numbers, its gradient as graphs
(`create_graph=True`), and a second sweep over the sum of those; nanoseconds per operation of the first graph. First and
second derivatives agree to 1e-9. With its gradients the graph has {nodes:.1f} nodes an operation.
"""


def section(result: dict[str, Any]) -> str:
    """Write the section."""
    rows = [[name, *(f"{step[0]:,.0f}" for step in steps)] for name, steps in result["steps"].items()]
    return f"{INTRODUCTION.format(**result)}\n{table(('library', *STEPS), rows)}"


BENCHMARK = Benchmark("second", "Second derivatives", run, section)
