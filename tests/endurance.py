"""Do the same thing very often, and see whether memory grows: ``python tests/endurance.py``, in minutes."""

from __future__ import annotations

import gc
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from crowd import write_whole

import autograd
import nn
from autograd import Value, square, tanh, total

KEPT = Path(__file__).parent.parent / "docs" / "correctness" / "endurance.json"
KIBIBYTE = 1024


class Task(NamedTuple):
    """Something done again and again: what, how often on the page, how often at once, and a function that does it."""

    what: str
    times: int
    each: int
    make: Callable[[], Callable[[], Any]]


class Grown(NamedTuple):
    """What a task came to.

    Attributes:
        times: how often it was done.
        seconds: how long that took.
        blocks: how many more blocks of memory Python has given out after the second half than before it.
        objects: how many more objects the collector follows.
        kibibytes: how much more memory the process has from the system.
    """

    times: int
    seconds: float
    blocks: int
    objects: int
    kibibytes: float


def by_hand() -> Callable[[], Any]:
    """Train a small network by hand, step by step."""
    model = nn.MLP(2, [4, 1], "tanh", seed=0)
    optimizer = nn.Adam(model.parameters(), lr=0.001)
    X = np.random.default_rng(0).normal(size=(64, 2)).tolist()
    place = [0]

    def step() -> None:
        x = X[place[0] % len(X)]
        place[0] += 1
        optimizer.zero_grad()
        square(model(x)[0] - x[0] * x[1]).backward()
        optimizer.step()

    return step


def fitted(compiled: bool | str, steps: int) -> Callable[[], Callable[[], Any]]:
    """Train by `fit`, so many steps at a time."""

    def make() -> Callable[[], Any]:
        X = np.random.default_rng(0).normal(size=(steps, 2))
        model = nn.MLP(2, [4, 1], "tanh", seed=0)
        optimizer = nn.Adam(model.parameters(), lr=0.001)
        return lambda: nn.fit(
            model, X, X[:, 0] * X[:, 1], "mse", optimizer, batch_size=1, compile=compiled, progress=False
        )

    return make


def compiling() -> Callable[[], Any]:
    """Make a program, run it, and drop it."""
    place = [0]

    def make() -> None:
        w = Value(0.5, f"w{place[0]}")
        place[0] += 1
        program = autograd.compile(lambda x: tanh(w * x) + place[0] * w, 0.0, parameters=[w], backend="numpy")
        program.value_and_grad([0.5, 1.0])

    return make


def network_error() -> Value:
    """Record the error of a small network."""
    return square(total(nn.MLP(2, [3, 2], "tanh", seed=0)([0.5, -1.0])) - 1.0)


def page() -> Callable[[], Any]:
    """Make an explorer's page of a graph, and drop it."""
    return lambda: network_error().explore().html


def drawing() -> Callable[[], Any]:
    """Draw a graph, and drop the drawing."""
    return lambda: network_error().graph().to_svg()


TASKS = (
    Task("steps of training by hand", 100_000, 1, by_hand),
    Task("steps of `fit` on the engine", 100_000, 1_000, fitted(False, 1_000)),
    Task("steps of `fit` on a program", 100_000, 1_000, fitted("numpy", 1_000)),
    Task("programs made and dropped", 1_000, 1, compiling),
    Task("explorer pages", 1_000, 1, page),
    Task("drawings", 1_000, 1, drawing),
)


def resident() -> float:
    """Return how many kibibytes the process has from the system; 0 where that is not told."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / KIBIBYTE


def endure(task: Task, times: int) -> Grown:
    """Do a task so many times, and measure what the second half leaves behind; the first half fills what is kept.

    Python's own counts are taken: tracemalloc would keep the name of every program's source.
    """
    half = max(1, times // task.each // 2)
    act = task.make()
    began = time.perf_counter()

    def many() -> tuple[int, int, float]:
        for _ in range(half):
            act()
        for _ in range(3):
            gc.collect()
        return sys.getallocatedblocks(), len(gc.get_objects()), resident()

    before, after = many(), many()
    seconds = time.perf_counter() - began
    blocks, objects, kibibytes = (now - then for now, then in zip(after, before, strict=True))
    return Grown(2 * half * task.each, seconds, int(blocks), int(objects), kibibytes)


def threads(seconds: float, count: int = 8) -> dict[str, int]:
    """Differentiate in many threads at once, on leaves that they share, and compare each result with its formula."""
    w, end = Value(0.7, "w"), time.monotonic() + seconds
    done, wrong = [0] * count, [0] * count

    def work(k: int) -> None:
        while time.monotonic() < end:
            x = 0.1 * (done[k] % 20) + k
            y = tanh(w * x)
            [slope] = autograd.gradients(y, [w])
            wrong[k] += not math.isclose(slope, x / math.cosh(0.7 * x) ** 2, rel_tol=1e-9, abs_tol=1e-12)
            own = Value(x)
            (own * own * w).backward()
            wrong[k] += not math.isclose(own.grad, 1.4 * x, rel_tol=1e-12)
            done[k] += 1

    workers = [threading.Thread(target=work, args=(k,)) for k in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"threads": count, "seconds": round(seconds), "rounds": sum(done), "wrong": sum(wrong)}


def table(kept: dict[str, Any]) -> str:
    """Write the section of the page."""
    if not kept:
        return ""
    text = """
## Endurance

What is done again and again, and what the second half of it leaves behind: blocks of memory that Python has given out,
objects that the collector follows, and kibibytes that the process has from the system, of which the allocator keeps
some. `python tests/endurance.py` measures it anew.

| what | how often | minutes | blocks more | objects more | KiB more |
|---|--:|--:|--:|--:|--:|
"""
    for task in TASKS:
        if task.what in kept:
            grown = Grown(**kept[task.what])
            figures = f"{grown.seconds / 60:.1f} | {grown.blocks:,} | {grown.objects:,} | {grown.kibibytes:,.0f}"
            text += f"| {task.what} | {grown.times:,} | {figures} |\n".replace("-", "−")
    if "threads" in kept:
        t = kept["threads"]
        text += f"""
{t["threads"]} threads that share a weight took {t["rounds"]:,} derivatives each way in {t["seconds"]} seconds:
{t["wrong"]} were not those of the formula.
"""
    return text


def main(share: float = 1.0) -> None:
    """Measure every task; what is measured is kept at once."""
    kept: dict[str, Any] = {}
    for task in TASKS:
        kept[task.what] = endure(task, int(task.times * share))._asdict()
        print(task.what, kept[task.what], flush=True)
        write_whole(KEPT, kept)
    kept["threads"] = threads(60.0 * share)
    print(kept["threads"])
    write_whole(KEPT, kept)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
