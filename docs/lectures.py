"""Write docs/lectures.md by running every row: ``python docs/lectures.py --data boston_housing.csv``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from edgegrad.lectures import LECTURES, ROWS, Comparison, Report, Row

PAGE = Path(__file__).with_name("lectures.md")

INTRODUCTION = """# Lectures

<!-- Written by docs/lectures.py, which runs the rows in edgegrad/lectures/: change those. -->

Every system of the five lectures, run on the engine: the figure that the slide prints, what comes out here, how it was
checked, and how far apart the two are. The column "slide" holds what a slide prints and nothing else; a dash says that
no slide prints this figure. The last column names what ours is held against, which is more exact than a slide where
that can be: "exact" is arithmetic in fractions or to 50 digits, "closed form" a formula worked out on paper. Slides
round: a difference in their last digit is theirs.

`edgegrad lectures` lists the rows, and `edgegrad lectures L1.4 --out pictures` runs one and leaves its pictures.
`edgegrad lectures L1.8 L1.10 --data boston_housing.csv` trains on the Boston table; without it, on scikit-learn's
diabetes set.
"""

HEAD = """
## {letter} · {title}

| row | what it is | where it runs | figure | slide | ours | difference | checked against |
|---|---|---|---|---|---|---|---|
"""


def _cell(written: str) -> str:
    return written.replace("|", "\\|")


def line(comparison: Comparison, row: Row | None) -> str:
    """Write a line of the table; the first of a row names it."""
    names = ("", "", "") if row is None else (
        row.name, row.title, "<br>".join(f"`{name}`" for name in row.where),
    )  # fmt: skip
    return "| " + " | ".join(map(_cell, (*names, *comparison.cells))) + " |"


def lines(report: Report) -> list[str]:
    """Write the lines of a row."""
    comparisons = list(report.comparisons.values())
    return [line(comparison, None if k else report.row) for k, comparison in enumerate(comparisons)]


def page(reports: Iterable[Report]) -> str:
    """Write the page as text."""
    by_name = {report.row.name: report for report in reports}
    text = INTRODUCTION
    for letter, title in LECTURES.items():
        text += HEAD.format(letter=letter, title=title)
        for name, report in by_name.items():
            if name.startswith(f"{letter}."):
                text += "".join(f"{line}\n" for line in lines(report))
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the Boston table as a CSV file, for L1.8 and L1.10")
    data = parser.parse_args().data
    found = (row(data=data) if "data" in row.options else row() for row in ROWS.values())
    PAGE.write_text(page(found), encoding="utf-8")
