"""A process of its own for each library, pinned to one core, that runs functions by name and answers in JSON.

So no library's heap, threads or settings weigh on another's figures, two packages of one name can be compared, and
the caller takes the repetitions in turn.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.measure import THREADS, pin

__all__ = ["Worker", "WorkerError"]

ROOT = Path(__file__).parent.parent
STACK = 512 * 2**20  # bytes, for libraries that recurse through the graph


class WorkerError(RuntimeError):
    """A function failed in a worker; the message is the worker's own traceback."""


class Worker:
    """A process that runs functions of this package.

    Args:
        paths: folders to look for packages in before all others.
        cache: the user's folder of caches, instead of the own one.
    """

    def __init__(self, *paths: str, cache: str | None = None) -> None:
        own = {} if cache is None else {"XDG_CACHE_HOME": cache}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", *paths],
            cwd=ROOT, env={**os.environ, **THREADS, **own}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def call(self, function: str, *arguments: Any) -> Any:
        """Run ``module:function`` of this package in the worker.

        Args:
            function: such as ``record:repetition``.
            arguments: what JSON can carry.

        Returns:
            what it returned, as JSON carries it.

        Raises:
            WorkerError: it raised, or the process ended.
        """
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018
        try:
            print(json.dumps([function, arguments]), file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise WorkerError(f"The process that ran {function}{arguments} ended with status {self._process.wait()}.")
        outcome = json.loads(answer)
        if "error" in outcome:
            raise WorkerError(f"{function}{arguments} failed in its process:\n{outcome['error']}")
        return outcome["result"]

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()


def _serve(answers: int) -> None:
    with os.fdopen(answers, "w", encoding="utf-8") as out:
        for line in sys.stdin:
            function, arguments = json.loads(line)
            module, _, name = function.partition(":")
            try:
                found = getattr(importlib.import_module(f"benchmarks.{module}"), name)
                outcome = {"result": found(*arguments)}
            except Exception:
                outcome = {"error": traceback.format_exc()}
            print(json.dumps(outcome), file=out, flush=True)


def main() -> None:
    """Answer calls from standard input until it ends."""
    sys.path[:0] = sys.argv[1:]
    pin()
    sys.setrecursionlimit(10_000_000)
    threading.stack_size(STACK)
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is not an answer
    thread = threading.Thread(target=_serve, args=(answers,))
    thread.start()
    thread.join()
    os._exit(0)  # every answer is written, and what libraries do at their end takes long


if __name__ == "__main__":
    main()
