"""S3 and S4: one step of training two networks, beside frameworks, code by hand, and what no step can do without."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache, partial
from importlib import metadata
from statistics import median
from typing import Any

from benchmarks import frameworks, trainers
from benchmarks.benchmark import TOLERANCE, Benchmark, Options, check_agreement, table
from benchmarks.measure import Spread, per_call, spread
from benchmarks.networks import S3, S4, Problem, small
from benchmarks.trainers import Trainer
from benchmarks.worker import Worker

__all__ = ["BENCHMARKS", "TRAINERS"]

CHECKED = 2  # steps after which weights are compared
REPETITIONS = 9
BUDGET = 100e6  # ns of training a repetition
DTYPES = {"float64": TOLERANCE, "float32": 1e-4}
OURS = "edgegrad, numba"
NUMPY = "edgegrad, NumPy"
BOUND = "bound"
TRAINERS: dict[str, type[Trainer]] = {
    OURS: trainers.Compiled,
    NUMPY: trainers.CompiledNumpy,
    "edgegrad, JAX": trainers.CompiledJax,
    "edgegrad, nn.fit": trainers.Fit,
    "edgegrad, engine": trainers.EagerFit,
    "NumPy by hand": trainers.ManualNumpy,
    "torch": frameworks.Torch,
    "JAX jit": frameworks.JaxJit,
    "JAX scan": frameworks.JaxScan,
    "CasADi": frameworks.Casadi,
    "micrograd": frameworks.Micrograd,
}

# --- in the workers -------------------------------------------------------------------------------------------------


def installed(package: str) -> str | None:
    """Return a package's version, None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _problem(name: str, quick: bool) -> Problem:
    problem = {"S3": S3, "S4": S4}[name]
    return small(problem) if quick else problem


@cache
def _opened(name: str, problem: str, dtype: str, quick: bool) -> Trainer:
    return TRAINERS[name](_problem(problem, quick), dtype)


def outcome(name: str, problem: str, dtype: str, quick: bool) -> tuple[float, list[float], float, list[float]]:
    """Give loss and gradient of the first batch, then loss and weights after the first steps."""
    trainer = _opened(name, problem, dtype, quick)
    rows = trainer.problem.rows(CHECKED, shuffled=False)
    trainer.reset()
    loss, gradient = trainer.gradient(rows[0])
    trainer.reset()
    trainer.train(rows)
    weights = [float(w) for w in trainer.weights()]
    after, _ = trainer.gradient(rows[0])
    return float(loss), [float(slope) for slope in gradient], float(after), weights


def repetition(name: str, problem: str, dtype: str, quick: bool, budget: float) -> float:
    """Train from the initial weights for `budget` ns; returns the ns of a step."""
    trainer = _opened(name, problem, dtype, quick)
    rows = trainer.problem.rows(trainer.steps(trainer.problem), shuffled=True)
    trainer.reset()
    return per_call(lambda: trainer.train(rows), budget) / len(rows)


@cache
def _bound(problem: str, dtype: str, quick: bool) -> Any:
    from benchmarks.bound import Bound

    made = Bound(_problem(problem, quick), dtype)
    made.multiply(1)
    made.update(1)
    return made


def bound(problem: str, dtype: str, quick: bool, budget: float) -> tuple[float, float]:
    """Measure what no step can do without: the ns of its products, and of its update."""
    made = _bound(problem, dtype, quick)
    return per_call(lambda: made.multiply(100), budget / 2) / 100, per_call(lambda: made.update(100), budget / 2) / 100


# --- in the caller --------------------------------------------------------------------------------------------------


def run(options: Options, problem: Problem) -> dict[str, Any]:
    """Measure every installed peer in each precision, taking turns."""
    quick = options.quick
    measuring = _problem(problem.name, quick)
    times, budget = (1, 0.0) if quick else (REPETITIONS, BUDGET)
    chosen = {name: trainer for name, trainer in TRAINERS.items() if problem.name in trainer.problems}
    packages = sorted({trainer.package for trainer in chosen.values()})
    with ExitStack() as stack:
        workers = {package: stack.enter_context(Worker()) for package in packages}
        versions = {package: worker.call("training:installed", package) for package, worker in workers.items()}
        able = {name: trainer for name, trainer in chosen.items() if versions[trainer.package] is not None}
        measured = {}
        for dtype, tolerance in DTYPES.items() if problem is S4 else [("float64", TOLERANCE)]:
            taking = {name: workers[trainer.package] for name, trainer in able.items() if dtype in trainer.dtypes}
            floor = workers["numba"] if versions["numba"] is not None else None
            measured[dtype] = _compare(
                problem.name, dtype, tolerance, quick, taking, workers["numpy"], floor, times, budget
            )
    return {
        "problem": problem.title,
        "parameters": measuring.parameters(),
        "repetitions": times,
        "versions": versions,
        "steps": {name: trainer.steps(measuring) for name, trainer in able.items()},
        "notes": {name: trainer.note for name, trainer in able.items()},
        "precisions": measured,
    }


def _compare(
    problem: str, dtype: str, tolerance: float, quick: bool, workers: dict[str, Worker], plain: Worker,
    floor: Worker | None, times: int, budget: float,
) -> dict[str, Any]:  # fmt: skip
    loss, gradient, after, weights = plain.call("training:outcome", NUMPY, problem, "float64", quick)
    agreement = {}
    for name, worker in workers.items():
        found = worker.call("training:outcome", name, problem, dtype, quick)
        first = check_agreement(name, (found[0], found[1]), (loss, gradient), problem, tolerance)
        # A gradient that is rounding alone moves a weight by a whole step of RMSProp: in float32 that shows.
        moved = (found[2], found[3]) if dtype == "float64" else (found[2], [])
        agreement[name] = max(first, check_agreement(name, moved, (after, weights), f"{problem}, trained", tolerance))
        worker.call("training:repetition", name, problem, dtype, quick, 0.0)  # the first call may compile
    samples: dict[str, list[float]] = {name: [] for name in workers}
    parts: list[tuple[float, float]] = []
    for _ in range(times):
        for name, worker in workers.items():
            samples[name].append(worker.call("training:repetition", name, problem, dtype, quick, budget))
        if floor is not None:
            parts.append(floor.call("training:bound", problem, dtype, quick, budget))
    least = [sum(both) for both in parts]
    reference = OURS if OURS in samples else NUMPY
    rows = {
        name: {
            "agreement": agreement.get(name),
            "step": spread(taken),
            "ratio": _ratio(taken, samples[reference]),
            "distance": _ratio(taken, least) if least else None,
        }
        for name, taken in (samples | ({BOUND: least} if least else {})).items()
    }
    split = [median(part) for part in zip(*parts, strict=True)]
    return {"reference": reference, "rows": rows, "bound": split}


def _ratio(samples: list[float], others: list[float]) -> Spread:
    return spread([mine / other for mine, other in zip(samples, others, strict=True)])


INTRODUCTION = """
{problem}, {parameters:,} parameters: microseconds of CPU time a step, the median of {repetitions} repetitions with the
least and the most, each from the same initial weights. Loss, gradient and the weights after two steps agree with the
program's on NumPy in float64 to 1e-9; in float32 the losses and the gradient do, to 1e-4.
"""
FLOOR = """
The *bound* is what no step can do without, measured beside the others: its matrix products ({products:,.1f} µs), each
in its best layout on numba's BLAS, and one pass of the optimiser over the parameters ({update:,.2f} µs). Bias, ReLU,
loss, the gathering of a batch and Python are not in it.
"""
HEAD = ("library", "µs a step", "times edgegrad", "times the bound")


def section(result: dict[str, Any]) -> str:
    """Write the section of a training."""
    parts = [INTRODUCTION.format(**result)]
    for dtype, measured in result["precisions"].items():
        rows = [
            [
                f"**{name}**" if name == measured["reference"] else name, _microseconds(row["step"]),
                _times(row["ratio"]), "" if row["distance"] is None else _times(row["distance"]),
            ]
            for name, row in measured["rows"].items()
        ]  # fmt: skip
        parts.append(f"**{dtype}**\n\n{table(HEAD, rows)}")
        if measured["bound"]:
            products, update = (time / 1e3 for time in measured["bound"])
            parts.append(FLOOR.format(products=products, update=update).lstrip("\n"))
    steps = result["steps"]
    notes = [f"- {name}: {note}; {steps[name]:,} steps a call.\n" for name, note in result["notes"].items() if note]
    parts.append("".join(notes))
    versions = [f"{package} {found}" for package, found in result["versions"].items() if found is not None]
    missing = [package for package, found in result["versions"].items() if found is None]
    parts.append(f"Versions: {', '.join(versions)}." + (f" Not installed: {', '.join(missing)}." if missing else ""))
    return "\n".join(parts) + "\n"


def _times(ratio: Spread) -> str:
    return f"{ratio[0]:,.2f}" if ratio[0] < 100 else f"{ratio[0]:,.0f}"


def _microseconds(step: Spread) -> str:
    median, low, high = (time / 1e3 for time in step)
    digits = 0 if median >= 1000 else 1
    return f"{median:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


BENCHMARKS = (
    Benchmark("S3", "Training a small classifier", partial(run, problem=S3), section),
    Benchmark("S4", "Training a regression network", partial(run, problem=S4), section),
)
