"""What ``backend="auto"`` chooses, beside each backend: it should be the faster one whatever the program."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from benchmarks.benchmark import TOLERANCE, Benchmark, Options, check_agreement, table
from benchmarks.gradbench.evals import EVALS
from benchmarks.gradbench.evaluation import Run, flatten
from benchmarks.gradbench.runs import summarise
from benchmarks.measure import per_call, spread
from benchmarks.networks import S3, S4, Problem
from benchmarks.replay import Compiled as Replay
from benchmarks.trainers import Compiled as Trainer
from benchmarks.worker import Worker
from benchmarks.workload import ROUND, WORKLOADS

__all__ = ["BENCHMARK"]

AUTO, BACKENDS = "auto", ("numba", "numpy")
REPETITIONS = 7
BUDGET = 60e6  # ns of a repetition
NEAR = 1.1  # times the best backend that is good enough
TOLERANCES = {"float64": TOLERANCE, "float32": 1e-3}

# --- in the workers -------------------------------------------------------------------------------------------------


def _replay(workload: str, backend: str) -> Run:
    replay = Replay(backend, WORKLOADS[workload], ROUND)
    return lambda: flatten(*replay.run())


def _trainer(problem: Problem, dtype: str, backend: str) -> Trainer:
    class Chosen(Trainer):
        pass

    Chosen.backend = backend
    return Chosen(problem, dtype)


def _train(problem: Problem, dtype: str, backend: str) -> Run:
    trainer, rows = _trainer(problem, dtype, backend), problem.rows(problem.block, shuffled=True)

    def run() -> Any:
        trainer.reset()
        trainer.train(rows)
        return trainer.weights()

    return run


def _multiply_hessian(problem: Problem, backend: str) -> Run:
    trainer = _trainer(problem, "float64", backend)
    X, T = trainer.batch(problem.rows(1, shuffled=False)[0])
    vector = problem.weights()
    return lambda: flatten(trainer.program.hvp(X, T, vector=vector, weights=vector))


def _sweep_network(activation: str, backend: str) -> Run:
    import autograd
    import nn

    model, X = nn.MLP(13, [64, 64, 1], activation=activation, seed=0), np.random.default_rng(0).normal(size=(1024, 13))
    program = autograd.compile(lambda x: model(x)[0] ** 2, X[0], parameters=model.parameters(), backend=backend)
    return lambda: flatten(*program.value_and_grad(X))


def _evaluate(name: str, size: dict[str, int], backend: str) -> Run:
    import autograd

    evaluation, compile_ = EVALS[name], autograd.compile
    autograd.compile = partial(compile_, backend=backend)  # type: ignore[assignment]
    try:
        run = evaluation.libraries["edgegrad"](evaluation.inputs(**size))
    finally:
        autograd.compile = compile_
    return lambda: flatten(run())


#: What is measured, by its name in the table.
PROGRAMS: dict[str, Callable[[str], Run]] = {
    **{f"S2, {name}, {ROUND:,} operations": partial(_replay, name) for name in WORKLOADS},
    **{f"{problem.name}, {dtype}": partial(_train, problem, dtype) for problem in (S3, S4) for dtype in TOLERANCES},
    **{f"{problem.name}, Hessian times a vector": partial(_multiply_hessian, problem) for problem in (S3, S4)},
    **{f"13-64-64-1, {name}, batch 1,024": partial(_sweep_network, name) for name in ("relu", "tanh")},
    **{
        ", ".join([f"GradBench, {name}", *(f"{what} {number:,}" for what, number in size.items())]): partial(
            _evaluate, name, dict(size)
        )
        for name, evaluation in EVALS.items()
        if not evaluation.reference  # those compile nothing
        for size in evaluation.sizes
    },
}
TICK = "S2, arithmetic"  # the one that a tick computes


@lru_cache(maxsize=1)
def _made(name: str, backend: str) -> Run:
    return PROGRAMS[name](backend)


def outcome(name: str, backend: str) -> list[float]:
    """Compute a program once."""
    return summarise(_made(name, backend)())


def repetition(name: str, backend: str, budget: float) -> float:
    """Compute it for `budget` ns; returns the ns of one time."""
    return per_call(_made(name, backend), budget)


# --- in the caller --------------------------------------------------------------------------------------------------


def run(options: Options) -> dict[str, Any]:
    """Measure every program on every backend, taking turns."""
    times, budget = (1, 0.0) if options.quick else (REPETITIONS, BUDGET)
    with Worker() as auto, Worker() as numba, Worker() as numpy:
        workers = dict(zip((AUTO, *BACKENDS), (auto, numba, numpy), strict=True))
        if numba.call("training:installed", "numba") is None:
            return {"rows": {}}
        names = [name for name in PROGRAMS if not options.quick or name.startswith(TICK)]
        return {"rows": {name: _compare(name, workers, times, budget) for name in names}}


def _compare(name: str, workers: dict[str, Worker], times: int, budget: float) -> dict[str, Any]:
    found = {backend: worker.call("auto:outcome", name, backend) for backend, worker in workers.items()}
    expected, tolerance = found["numpy"], TOLERANCES["float32" if "float32" in name else "float64"]
    for backend, numbers in found.items():
        check_agreement(backend, (numbers[0], numbers), (expected[0], expected), name, tolerance)
    samples: dict[str, list[float]] = {backend: [] for backend in workers}
    for _ in range(times):
        for backend, worker in workers.items():
            samples[backend].append(worker.call("auto:repetition", name, backend, budget))
    best = min(BACKENDS, key=lambda backend: spread(samples[backend]).median)
    ratios = [mine / one for mine, one in zip(samples[AUTO], samples[best], strict=True)]
    return {"ratio": spread(ratios), **{backend: spread(taken) for backend, taken in samples.items()}}


INTRODUCTION = f"""
The programs of this page on each backend, microseconds of CPU time a run (of S3 and S4 the steps of one call), medians;
their numbers agree. `backend="auto"` is to be at most {NEAR:.1f} times as slow as the faster one.
"""
HEAD = ("program", "auto", "numba", "NumPy", "auto beside the best", "reached")


def section(result: dict[str, Any]) -> str:
    """Write the section."""
    cells = [
        [
            name, *(f"{row[backend][0] / 1e3:,.1f}" for backend in (AUTO, *BACKENDS)),
            "{:.2f} ({:.2f}–{:.2f})".format(*row["ratio"]), "yes" if row["ratio"][0] <= NEAR else "**no**",
        ]
        for name, row in result["rows"].items()
    ]  # fmt: skip
    return f"{INTRODUCTION}\n{table(HEAD, cells)}" if cells else f"{INTRODUCTION}\nNot installed: numba.\n"


BENCHMARK = Benchmark("auto", "What auto chooses", run, section)
