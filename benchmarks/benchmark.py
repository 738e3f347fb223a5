"""What a benchmark is: a name, a function that measures, and a function that writes what it measured as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from benchmarks.measure import Spread

__all__ = ["Benchmark", "DisagreementError", "Options", "check_agreement", "duration", "table"]

TOLERANCE = 1e-9  # relative, between a peer's results and edgegrad's


class Options(NamedTuple):
    """What the command line chose.

    Attributes:
        quick: take one tick of everything, to see that it runs; its times mean nothing.
        hips: a folder that holds HIPS autograd, installed with ``pip install --target``.
    """

    quick: bool = False
    hips: str | None = None


class Benchmark(NamedTuple):
    """One benchmark.

    Attributes:
        name: its name on the command line, and of the file of its results.
        title: heading of its section in docs/performance.md.
        run: measures; the result is what JSON can carry.
        section: writes the section from the result.
    """

    name: str
    title: str
    run: Callable[[Options], dict[str, Any]]
    section: Callable[[dict[str, Any]], str]


class DisagreementError(AssertionError):
    """Two libraries computed different numbers from one workload, so that comparing their times means nothing."""


def check_agreement(
    name: str,
    found: tuple[float, Sequence[float]],
    expected: tuple[float, Sequence[float]],
    workload: str,
    tolerance: float = TOLERANCE,
) -> float:
    """Compare a peer's value and gradient with edgegrad's; an empty gradient is not compared.

    Returns:
        the larger of the two relative differences.

    Raises:
        DisagreementError: they differ by more than `tolerance`, relative to the largest number compared.
    """
    differences = {"value": _difference([found[0]], [expected[0]])}
    if found[1]:
        differences["gradient"] = _difference(found[1], expected[1])
    for what, difference in differences.items():
        if not difference <= tolerance:
            raise DisagreementError(
                f"{name} and edgegrad disagree on workload {workload!r}: their {what}s differ by {difference:.1e} "
                f"relative, more than {tolerance:.0e}. Times of different results are not compared."
            )
    return max(differences.values())


def _difference(found: Sequence[float], expected: Sequence[float]) -> float:
    scale = max(map(abs, expected)) or 1.0
    return max(abs(x - y) for x, y in zip(found, expected, strict=True)) / scale


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown; all columns but the first are aligned to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def duration(samples: Spread | Sequence[float], *, with_range: bool = True) -> str:
    """Write nanoseconds in a readable unit, with the least and the most in parentheses: ``1,013 (998–1,210)``."""
    median, low, high = samples
    if not with_range:
        return _number(median)
    return f"{_number(median)} ({_number(low)}–{_number(high)})"


def _number(x: float) -> str:
    return f"{x:,.0f}" if x >= 20 else f"{x:.1f}"
