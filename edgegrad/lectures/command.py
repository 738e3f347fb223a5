"""The `edgegrad lectures` command: list the rows, run one, show its figures beside the slide's, leave its pictures."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from autograd.draw.files import check_place, write
from edgegrad.errors import CommandError, UsageError
from edgegrad.lectures import LECTURES, ROWS, Row
from edgegrad.lectures.console import show
from edgegrad.lectures.page import Run, page
from edgegrad.lectures.report import Report

__all__ = ["make_folder", "run"]

ALL = "all"  # stands for every row; with a folder, for the page of every row
PAGE = "lectures.html"


def run(names: Sequence[str], folder: str | None = None, epochs: int | None = None, data: str | None = None) -> None:
    """List the rows, or run some of them and print what they find.

    Args:
        names: of rows, such as ``L1.4``, or of whole lectures, such as ``L1``; ``all``; the list without.
        folder: where the pictures go, or for ``all`` the page of all rows; made if need be. None to make none.
        epochs: how long to train, in rows that train.
        data: the Boston table as a CSV file, for L1.8 and L1.10.

    Raises:
        UsageError: there is no such row, or it cannot do with an option.
        CommandError: the folder cannot be made, the table cannot be read, or a package is not installed.
    """
    if not names:
        _list()
        return
    rows = [row for name in names for row in _find(name)]
    options = {name: option for name, option in (("epochs", epochs), ("data", data)) if option is not None}
    chosen = [{name: option for name, option in options.items() if name in row.options} for row in rows]
    for name in options:
        if not any(name in some for some in chosen):
            takers = ", ".join(row.name for row in ROWS.values() if name in row.options)
            raise UsageError(f"--{name} says nothing to {' '.join(names)}. Rows that take it: {takers}.")
    out = None if folder is None else make_folder(folder)
    console = Console(highlight=False)
    if out is not None and list(names) == [ALL]:
        _write_page(console, out / PAGE, list(zip(rows, chosen, strict=True)))
        return
    for row, some in zip(rows, chosen, strict=True):
        show(console, _run(row, out, some))


def _run(row: Row, out: Path | None, options: dict[str, Any]) -> Report:
    """Run a row, and say what was wrong with the options or the machine in the command's own words."""
    try:
        return row(out, **options)
    except ImportError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{error.filename or row.name} cannot be read: {error.strerror or error}.") from None
    except ValueError as error:
        if not options:  # then it is nobody's option that is wrong
            raise
        raise UsageError(f"{row.name}: {error}") from None


def _write_page(console: Console, path: Path, rows: Sequence[tuple[Row, dict[str, Any]]]) -> None:
    """Run rows and write them on one page; where it is interrupted, those that have run.

    Raises:
        CommandError: rows could not run, as their packages are not installed; the page says which.
    """
    check_place(path)
    runs: list[Run] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as pictures:
        try:
            for row, options in rows:
                started = time.monotonic()
                try:
                    report, failure = _run(row, Path(pictures), options), ""
                except CommandError as error:
                    report, failure = None, str(error)
                runs.append(Run(row, report, time.monotonic() - started, failure))
                told = f"{runs[-1].seconds:>6.1f} s  [bold]{row.name:<6}[/bold] {row.title}"
                console.print(told if report is not None else f"{told}: {failure}", soft_wrap=True)
        finally:
            if runs:
                write(path, page(runs, time.monotonic() - began).encode())
    console.print(f"{len(runs)} rows in {time.monotonic() - began:.0f} s: [bold]{path}[/bold]", soft_wrap=True)
    failed = [run for run in runs if run.report is None]
    if failed:
        raise CommandError(f"{', '.join(run.row.name for run in failed)} could not run: {failed[0].failure}")


def _find(name: str) -> list[Row]:
    found = [row for row in ROWS.values() if name in (ALL, row.name, row.name.partition(".")[0])]
    if not found:
        raise UsageError(
            f"There is no row {name} in the lectures. They go from L1.1 to L5.7, and `edgegrad lectures` lists them."
        )
    return found


def make_folder(folder: str) -> Path:
    """Make a folder for pictures, if need be.

    Raises:
        CommandError: it cannot be made.
    """
    out = Path(folder)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(
            f"The folder {folder} cannot be made: {error.strerror}. Choose another with --out."
        ) from None
    return out


def _list() -> None:
    width = max(len(row.title) for row in ROWS.values())
    for lecture, title in LECTURES.items():
        print(f"{lecture}  {title}")
        for row in ROWS.values():
            if row.name.startswith(f"{lecture}."):
                print(f"  {row.name:<6} {row.title:<{width}}  {', '.join(row.where)}")
    print(f"\n{len(ROWS)} rows. Run one:  edgegrad lectures L1.4 --out pictures")
    print("All of them on one page:  edgegrad lectures all --out course")
