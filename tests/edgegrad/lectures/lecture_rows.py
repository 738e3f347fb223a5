"""Rows of the lectures for their tests: each is run once."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from edgegrad.lectures import ROWS, Report

TABLE = Path(__file__).parents[3].parent / "shared" / "data" / "boston_housing.csv"


@functools.cache
def run(name: str, **options: Any) -> Report:
    """Run a row, and check what it compares itself."""
    report = ROWS[name](**options)
    for comparison in report.comparisons.values():
        difference = comparison.difference
        assert comparison.cells[3] != "differs", comparison.cells
        if difference is not None and comparison.source not in ("slide", "p"):
            assert difference < comparison.rounding, comparison.cells
    return report


def close(ours: Any, expected: Any, tolerance: float = 1e-12) -> None:
    """Assert that a quantity is what it should be, number by number."""
    assert ours == pytest.approx(expected, abs=tolerance, rel=0.0)
