"""Taking a measurement: one pinned core, CPU time, medians with their spread, bytes."""

from __future__ import annotations

import gc
import math
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "THREADS", "Spread", "clock", "collector_clock", "exponent", "free_bytes", "peak_bytes", "per_call", "pin",
    "resident_bytes", "spread", "traced",
]  # fmt: skip

#: What keeps the numerical libraries to one thread; they read it when they are loaded.
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

#: CPU time of this process in ns, user and system: what else the machine does counts least this way.
clock = time.process_time_ns


class Spread(NamedTuple):
    """The median of some repetitions, with the least and the greatest."""

    median: float
    low: float
    high: float


def spread(samples: Sequence[float]) -> Spread:
    """Summarise repetitions."""
    return Spread(median(samples), min(samples), max(samples))


def per_call(run: Callable[[], object], budget: float) -> float:
    """Call again and again until `budget` ns are over; returns the ns of a call, on average."""
    calls, start = 0, clock()
    while True:
        run()
        calls += 1
        taken = clock() - start
        if taken >= budget:
            return taken / calls


def pin() -> None:
    """Keep this process on one core, the last that it may use, where the system allows."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


@contextmanager
def collector_clock() -> Iterator[list[int]]:
    """Collect how long each run of the cyclic collector takes, in ns."""
    runs: list[int] = []
    started = 0

    def note(phase: str, _: dict[str, int]) -> None:
        nonlocal started
        if phase == "start":
            started = clock()
        else:
            runs.append(clock() - started)

    gc.callbacks.append(note)
    try:
        yield runs
    finally:
        gc.callbacks.remove(note)


def resident_bytes() -> int:
    """Return how much memory this process holds; on systems without /proc, the most it ever held."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return peak_bytes()


def peak_bytes() -> int:
    """Return the most memory that this process ever held; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def free_bytes() -> int:
    """Return how much memory is free; 0 where the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0


def traced(build: Callable[[], Any]) -> int:
    """Return how many bytes of Python objects there are more after `build()`, while its result lives."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = build()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        del kept
    finally:
        tracemalloc.stop()
    return after - before


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Fit p of time = c·sizeᵖ by least squares in the logarithms; 1 is linear."""
    xs, ys = [math.log(size) for size in sizes], [math.log(time) for time in times]
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    covariance = sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True))
    return covariance / sum((x - x_mean) ** 2 for x in xs)
