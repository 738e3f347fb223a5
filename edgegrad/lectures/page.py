"""Rows as one page: figures beside the slide's, derivations set as mathematics, pictures inside; no network.

The pieces of a row, `figures`, `reading` and `snippet`, are also what the site's page of that row is made of.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import autograd
from edgegrad.lectures import LECTURES, ROWS
from edgegrad.lectures.report import Derivation, Report, Row

__all__ = ["Run", "figures", "page", "reading", "snippet"]

STYLE = Path(__file__).with_name("page.css")
HEADINGS = ("figure", "slide", "ours", "difference", "checked against")
KINDS = {".svg": "svg+xml", ".png": "png"}
ALIGNED = re.compile(r"\n|^ |\S {2,}\S")  # what shows that a text is a listing or a line of a table

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The lectures, run on edgegrad</title>
<style>
{style}</style>
</head>
<body>
<main class="lecture">
<h1>The lectures, run on edgegrad</h1>
<p>{summary}</p>
<p>The column “slide” holds what a slide prints and nothing else; a dash says that no slide prints this figure. The last
column names what ours is held against: “exact” is arithmetic in fractions or to 50 digits, “closed form” a formula
worked out on paper. Slides round: a difference in their last digit is theirs.</p>
<nav aria-label="Contents">
{contents}</nav>
{rows}</main>
</body>
</html>
"""


class Run(NamedTuple):
    """A row that was run.

    Attributes:
        row: the row.
        report: what it found; None where it could not run.
        seconds: how long it took.
        failure: why it could not run.
    """

    row: Row
    report: Report | None
    seconds: float
    failure: str = ""


def page(runs: Sequence[Run], seconds: float) -> str:
    """Write the page of some rows as HTML, which says how many of the lectures' rows it has.

    Args:
        runs: the rows that were run.
        seconds: how long all of it took.
    """
    missing = len(ROWS) - len(runs)
    failed = sum(run.report is None for run in runs)
    counted = f"{len(runs)} of {len(ROWS)} rows" if missing else f"All {len(ROWS)} rows"
    unable = f", {failed} of which could not run," if failed else ""
    stopped = ": the run was interrupted" if missing else ""
    summary = f"{counted}{unable} in {_duration(seconds)}, with edgegrad {autograd.__version__}{stopped}."
    contents, rows = [], []
    for letter, title in LECTURES.items():
        some = [run for run in runs if run.row.name.startswith(f"{letter}.")]
        if some:
            links = "".join(f'<li><a href="#{run.row.name}">{_heading(run)}</a></li>\n' for run in some)
            contents.append(f"<h2>{letter} · {escape(title)}</h2>\n<ul>\n{links}</ul>\n")
            rows.append(f"<h2>{letter} · {escape(title)}</h2>\n{''.join(map(_section, some))}")
    style = STYLE.read_text(encoding="utf-8")
    return PAGE.format(style=style, summary=summary, contents="".join(contents), rows="".join(rows))


def figures(report: Report) -> str:
    """Write a row's figures as a table, beside those of the slide."""
    heads = "".join(f"<th>{heading}</th>" for heading in HEADINGS)
    lines = []
    for comparison in report.comparisons.values():
        cells = zip(HEADINGS, comparison.cells, strict=True)
        lines.append("".join(f'<td data-heading="{heading}">{escape(cell)}</td>' for heading, cell in cells))
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return f'<table class="figures">\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n'


def reading(report: Report) -> str:
    """Write a row's words: derivations as mathematics, sentences as text, tables and listings as they are aligned."""
    rest = [words for words in report.words if words not in report.sights]
    written = []
    for kind, some in groupby(rest, _kind):
        if kind == "derivation":
            written += [words.markup for words in some if isinstance(words, Derivation)]
        elif kind == "aligned":
            written.append(f"<pre>{escape(chr(10).join(some))}</pre>")
        else:
            written += [f"<p>{escape(words)}</p>" for words in some]
    return "\n".join(written) + "\n"


def snippet(row: Row) -> str:
    """Write a row's lines to type."""
    return f'<pre class="snippet">{escape(row.snippet)}</pre>\n' if row.snippet else ""


def _kind(words: str) -> str:
    if isinstance(words, Derivation):
        return "derivation"
    return "aligned" if ALIGNED.search(words) else "sentence"


def _heading(run: Run) -> str:
    title = run.row.title if run.report is None else run.report.title
    return f"<b>{run.row.name}</b> {escape(title)}"


def _section(run: Run) -> str:
    """Write a row: its sentence, its figures, its pictures, its derivations, and the lines that give it."""
    head = f'<section id="{run.row.name}">\n<h3>{_heading(run)}</h3>\n'
    if run.report is None:
        return f"{head}<p>It could not run: {escape(run.failure)}</p>\n</section>\n"
    report = run.report
    where = ", ".join(f"<code>{escape(name)}</code>" for name in run.row.where)
    return "".join((
        head,
        *(f'<p class="sight">{escape(sentence)}</p>\n' for sentence in report.sights),
        *_pictures(report.pictures, report),
        figures(report),
        reading(report),
        snippet(run.row),
        f'<p class="where">Shown with {where}, in {_duration(run.seconds)}.</p>\n</section>\n',
    ))  # fmt: skip


def _pictures(paths: Iterable[Path], report: Report) -> Iterable[str]:
    for path in paths:
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        about = f"{report.row.name}: {path.stem.partition('-')[2].replace('-', ' ')}"
        source = f"data:image/{KINDS[path.suffix]};base64,{data}"
        yield (
            f'<figure><label><input type="checkbox" aria-label="Enlarge the picture"><img src="{source}" '
            f'alt="{escape(about)}"></label></figure>\n'
        )


def _duration(seconds: float) -> str:
    """Write a time as a person says it.

    >>> _duration(0.24), _duration(83.0)
    ('0.2 s', '1 min 23 s')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
