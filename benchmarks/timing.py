"""What runs in a library's own process: is it there, does it agree, how long does it take, how much does it hold."""

from __future__ import annotations

import gc
import sys
from functools import cache

from benchmarks.measure import clock, collector_clock, resident_bytes, traced
from benchmarks.peers import PEERS, Peer, Recording, version
from benchmarks.workload import ROUND, WORKLOADS

__all__ = ["extension_modules", "grown", "installed", "memory", "outcome", "repetition"]


@cache
def _open(name: str) -> Peer:
    return PEERS[name]()


def installed(name: str) -> str | None:
    """Return a peer's version, None where it is not installed."""
    try:
        _open(name)
    except ImportError:
        return None
    return version(name)


def _swept(name: str, workload: str, operations: int) -> Recording:
    recording = Recording(_open(name), WORKLOADS[workload], operations)
    recording.record()
    recording.sweep()
    return recording


def outcome(name: str, workload: str, operations: int) -> tuple[float, list[float]]:
    """Record and sweep a workload; returns value and gradient."""
    return _swept(name, workload, operations).read()


def repetition(name: str, workload: str, operations: int, collector: bool) -> dict[str, float]:
    """Take one measurement, in ns an operation; `collector` is the collector's part of the total."""
    recording = Recording(_open(name), WORKLOADS[workload], operations)
    gc.collect()
    if not collector:
        gc.disable()
    try:
        with collector_clock() as runs:
            start = clock()
            recording.record()
            recorded = clock()
            recording.sweep()
            swept = clock()
    finally:
        gc.enable()
    recording.read()
    return {
        "record": (recorded - start) / operations,
        "sweep": (swept - recorded) / operations,
        "total": (swept - start) / operations,
        "collector": sum(runs) / operations,
    }


def memory(name: str, workload: str, operations: int) -> float:
    """Measure bytes an operation, graph and gradients together: by the process's size for a native peer."""
    _swept(name, workload, ROUND).read()  # what is made once is not counted
    if not _open(name).native:
        return traced(lambda: _swept(name, workload, operations)) / operations
    return grown(name, workload, operations)


def grown(name: str, workload: str, operations: int) -> float:
    """Measure by how many bytes an operation the process grows, graph and gradients together."""
    _open(name)
    before = resident_bytes()
    kept = _swept(name, workload, operations)
    after = resident_bytes()
    kept.read()
    return (after - before) / operations


def extension_modules() -> list[str]:
    """Name the modules of the engine that are compiled."""
    import autograd  # noqa: F401

    files = {name: str(getattr(module, "__file__", "")) for name, module in list(sys.modules.items())}
    return sorted(name for name, file in files.items() if name.startswith("autograd.") and not file.endswith(".py"))
