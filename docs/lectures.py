"""Write docs/lectures.md and docs/figures/: ``python docs/lectures.py --data boston_housing.csv`` runs every row.

The first is an overview, a line a row; in the folder is the record of every figure, a page a lecture.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from edgegrad.lectures import LECTURES, ROWS, Comparison, Report

OVERVIEW = Path(__file__).with_name("lectures.md")
FOLDER = Path(__file__).with_name("figures")

NO_BREAK = "\u00a0"  # a space at which no line ends

INTRODUCTION = """# Lectures

<!-- Written by docs/lectures.py, which runs the rows in edgegrad/lectures/: change those. -->

Every system of the five lectures, run on the engine. Each row has a page with its pictures, its derivation, its figures
beside the slide's, and three lines of code that give it. In the terminal
`edgegrad lectures` lists the rows, `edgegrad lectures L1.4 --out pictures` runs one and leaves its pictures, and
`edgegrad lectures all --out course` makes one page of them all, for a projector, a phone or paper.

Below stand how many figures a row compares, how many of them a slide prints, and by how much the figures are away, at
most, from what they are held against.
"""

HEAD = """
## {letter} · {title}

[All figures of this lecture](figures/{letter}.md) on one page.

| row | what it is | figures | on slides | away by |
|---|---|--:|--:|---|
"""

TREE = """
```{{toctree}}
:hidden:

{rows}
```
"""

RECORD = """# Figures of {letter} · {title}

<!-- Written by docs/lectures.py, which runs the rows in edgegrad/lectures/: change those. -->

The figure that the slide prints, what comes out here, how it was checked, and how far apart the two are. The column
"slide" holds what a slide prints and nothing else; a dash says that no slide prints this figure. The last column names
what ours is held against, which is more exact than a slide where that can be: "exact" is arithmetic in fractions or to
50 digits, "closed form" a formula worked out on paper. Slides round: a difference in their last digit is theirs.
"""

BOSTON = """
L1.8 and L1.10 ran on the Boston table, which is not shipped: `edgegrad lectures L1.8 L1.10 --data boston_housing.csv`.
Without it they run on scikit-learn's diabetes set, as on this site's pages of the two.
"""

RECORD_HEAD = """
## {name} · {title}

| figure | slide | ours | difference | checked against |
|---|---|---|---|---|
"""


def _cell(written: str) -> str:
    return written.replace("|", "\\|")


def line(comparison: Comparison) -> str:
    """Write a figure's line of the record."""
    return "| " + " | ".join(map(_cell, comparison.cells)) + " |"


def lines(report: Report) -> list[str]:
    """Write the lines of a row in the record."""
    return [line(comparison) for comparison in report.comparisons.values()]


def summary(report: Report) -> str:
    """Write a row's line of the overview."""
    found = list(report.comparisons.values())
    printed = sum(comparison.printed is not None for comparison in found)
    cells = (str(len(found)), str(printed or "—"), _largest(found))
    return f"| [{report.row.name}](rows/{report.row.name}.md) | {_cell(report.row.title)} | {' | '.join(cells)} |"


def _largest(comparisons: Sequence[Comparison]) -> str:
    """Write the largest difference of the figures from something exact, or else from the slide."""
    known = [c for c in comparisons if c.difference is not None]
    held = [c for c in known if c.source not in ("slide", "p")] or [c for c in known if c.source == "slide"]
    if not held:
        return "—"
    return max(held, key=lambda c: max(c.difference or 0.0, c.rounding)).cells[3].replace(" ", NO_BREAK)


def overview(reports: Sequence[Report]) -> str:
    """Write the overview as text."""
    text, rows = INTRODUCTION, []
    for letter, title in LECTURES.items():
        some = _of_lecture(letter, reports)
        text += HEAD.format(letter=letter, title=title) + "".join(f"{summary(report)}\n" for report in some)
        rows += [f"figures/{letter}", *(f"rows/{report.row.name}" for report in some)]
    return text + TREE.format(rows="\n".join(rows))


def record(letter: str, reports: Sequence[Report]) -> str:
    """Write the record of a lecture's figures as text."""
    text = RECORD.format(letter=letter, title=LECTURES[letter])
    some = _of_lecture(letter, reports)
    text += BOSTON if any("data" in report.row.options for report in some) else ""
    for report in some:
        text += RECORD_HEAD.format(name=report.row.name, title=report.title)
        text += "".join(f"{line}\n" for line in lines(report))
    return text


def _of_lecture(letter: str, reports: Sequence[Report]) -> list[Report]:
    return [report for report in reports if report.row.name.startswith(f"{letter}.")]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the Boston table as a CSV file, for L1.8 and L1.10")
    data = parser.parse_args().data
    found = [row(data=data) if "data" in row.options else row() for row in ROWS.values()]
    OVERVIEW.write_text(overview(found), encoding="utf-8")
    FOLDER.mkdir(exist_ok=True)
    for lecture in LECTURES:
        (FOLDER / f"{lecture}.md").write_text(record(lecture, found), encoding="utf-8")
