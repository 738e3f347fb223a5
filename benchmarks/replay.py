"""S2: the graphs of S1 once recorded, then replayed for new numbers: value and gradient, beside the peers."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from importlib import metadata
from typing import Any, Protocol

from benchmarks.benchmark import Benchmark, Options, check_agreement, duration, table
from benchmarks.measure import clock, per_call, spread
from benchmarks.peers import PEERS, Recording
from benchmarks.worker import Worker
from benchmarks.workload import ROUND, WORKLOADS, Workload

__all__ = ["BENCHMARK"]

OPERATIONS = 100_000
REPETITIONS = 9
BUDGET = 40e6  # ns of replaying a repetition
NUMPY_CHAIN = 1_000  # operations, each of which is an array operation of its own
OURS = "edgegrad, numba"
NUMPY = "edgegrad, NumPy"
BOUND = "bound"

# --- in the workers -------------------------------------------------------------------------------------------------


class Replay(Protocol):
    """A graph that was recorded and can be replayed."""

    def run(self) -> tuple[float, Any]:
        """Give value and gradient."""


class Compiled:
    """Edgegrad's program of a workload."""

    def __init__(self, backend: str, workload: Workload, operations: int) -> None:
        import autograd

        functions = PEERS["edgegrad"]().functions
        self._leaves = [list(workload.leaves)]
        self._program = autograd.compile(
            lambda leaves: workload.run(leaves, functions, operations), list(workload.leaves), backend=backend
        )

    def run(self) -> tuple[float, Any]:
        value, (gradient,) = self._program.value_and_grad(self._leaves, wrt="inputs")
        return float(value), gradient[0]


class CasadiFunction:
    """CasADi's function of value and gradient, on its own virtual machine."""

    def __init__(self, workload: Workload, operations: int) -> None:
        import casadi

        peer = PEERS["CasADi SX"]()
        leaves = peer.lift(list(workload.leaves))
        output, xs = workload.run(leaves, peer.functions, operations), casadi.vertcat(*leaves)
        self._function = casadi.Function("f", [xs], [output, casadi.gradient(output, xs)])
        self._leaves = casadi.DM(workload.leaves)

    def run(self) -> tuple[float, Any]:
        value, gradient = self._function(self._leaves)
        return float(value), gradient.full().ravel()


def _taped(workload: Workload, operations: int) -> Any:
    from benchmarks.tape import Tape

    recording = Recording(PEERS["edgegrad"](), workload, operations)
    recording.record()
    return Tape(recording.output, recording.leaves)


#: How each is made, and the package that it needs.
REPLAYS: dict[str, tuple[str, Any]] = {
    OURS: ("numba", lambda *given: Compiled("numba", *given)),
    NUMPY: ("numpy", lambda *given: Compiled("numpy", *given)),
    "CasADi SX": ("casadi", CasadiFunction),
    "tape by hand, numba": ("numba", _taped),
    BOUND: ("numba", lambda *given: _taped(*given).without_wiring()),
}


def installed(name: str) -> str | None:
    """Return the version of the package that a replay needs, None where it is not installed."""
    try:
        return metadata.version(REPLAYS[name][0])
    except metadata.PackageNotFoundError:
        return None


@cache
def _made(name: str, workload: str, operations: int) -> tuple[Replay, float, tuple[float, Any]]:
    start = clock()
    replay = REPLAYS[name][1](WORKLOADS[workload], operations)
    first = replay.run()
    return replay, (clock() - start) / operations, first


def outcome(name: str, workload: str, operations: int) -> tuple[float, list[float], float]:
    """Give value, gradient, and the time until they were there the first time, in ns an operation."""
    _, taken, (value, gradient) = _made(name, workload, operations)
    return value, [float(slope) for slope in gradient], taken


def repetition(name: str, workload: str, operations: int, budget: float) -> float:
    """Replay for `budget` ns; returns ns an operation."""
    return per_call(_made(name, workload, operations)[0].run, budget) / operations


# --- in the caller --------------------------------------------------------------------------------------------------


def run(options: Options) -> dict[str, Any]:
    """Measure every installed peer on every workload, taking turns."""
    operations, times, budget = (ROUND, 1, 0.0) if options.quick else (OPERATIONS, REPETITIONS, BUDGET)
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker()) for name in REPLAYS}
        versions = {name: worker.call("replay:installed", name) for name, worker in workers.items()}
        workers = {name: worker for name, worker in workers.items() if versions[name] is not None}
        for name, worker in workers.items():  # what is loaded or compiled once belongs to no graph
            worker.call("replay:outcome", name, "chain", 2)
            if not options.quick:
                for workload in WORKLOADS:
                    worker.call("replay:outcome", name, workload, ROUND)
        measured = {name: _compare(name, workers, operations, times, budget) for name in WORKLOADS}
    return {"operations": operations, "repetitions": times, "versions": versions, "workloads": measured}


def _size(name: str, workload: str, operations: int) -> int:
    """Say how many operations a replay is measured with."""
    if name != NUMPY:
        return operations
    return min(operations, NUMPY_CHAIN if workload == "chain" else ROUND)


def _compare(workload: str, workers: dict[str, Worker], operations: int, times: int, budget: float) -> dict[str, Any]:
    rows: dict[str, dict[str, Any]] = {}
    expected: dict[int, tuple[float, list[float]]] = {}
    with Worker() as engine:
        for size in {_size(name, workload, operations) for name in workers}:
            expected[size] = engine.call("timing:outcome", "edgegrad", workload, size)
    for name, worker in workers.items():
        size = _size(name, workload, operations)
        value, gradient, taken = worker.call("replay:outcome", name, workload, size)
        agreed = None if name == BOUND else check_agreement(name, (value, gradient), expected[size], workload)
        rows[name] = {"agreement": agreed, "construct": taken, "operations": size}
    samples: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(times):
        for name, worker in workers.items():
            samples[name].append(worker.call("replay:repetition", name, workload, rows[name]["operations"], budget))
    for name, taken in samples.items():
        rows[name]["replay"] = spread(taken)
        for other, key in ((OURS, "ratio"), (BOUND, "distance")):
            if other in samples:
                rows[name][key] = spread([mine / one for mine, one in zip(taken, samples[other], strict=True)])
    return rows


INTRODUCTION = """
The {operations:,} operations of S1, recorded once and then replayed for new numbers: value and gradient, nanoseconds of
CPU time per operation that was recorded, the median of {repetitions} repetitions with the least and the most; *first*
is the time until the first result is there, for a graph never seen before. Every value and gradient agrees with the
engine's own to 1e-9. The *bound* is the tape by hand with its wiring taken out: as many operations of each kind, one
kind after the other, on numbers that lie in order in the first cache.

edgegrad is `compile(f, …)`; it may compute equal expressions once and add up a chain of sums in one go, which the tape
and CasADi do not. Its NumPy backend starts an array operation for each kind at each depth, which is not made for graphs
without layers: it is measured with {round:,} operations, the chain with {chain:,}.
"""
HEAD = ("library", "first", "replay", "times edgegrad", "times the bound")


def section(result: dict[str, Any]) -> str:
    """Write the section of S2."""
    parts = [INTRODUCTION.format(round=ROUND, chain=NUMPY_CHAIN, **result)]
    for workload, rows in result["workloads"].items():
        cells = [
            [
                f"**{name}**" if name == OURS else name,
                "" if name == BOUND else duration([row["construct"]] * 3, with_range=False), duration(row["replay"]),
                *(f"{row[key][0]:.2f}" if key in row else "" for key in ("ratio", "distance")),
            ]
            for name, row in rows.items()
        ]  # fmt: skip
        parts.append(f"**{workload}**: {WORKLOADS[workload].title}\n\n{table(HEAD, cells)}")
    missing = sorted({REPLAYS[name][0] for name, found in result["versions"].items() if found is None})
    if missing:
        parts.append(f"Not installed: {', '.join(missing)}.\n")
    return "\n".join(parts)


BENCHMARK = Benchmark("S2", "Replaying a recorded graph", run, section)
