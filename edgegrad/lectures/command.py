"""The `edgegrad lectures` command: list the rows, run one, show its figures beside the slide's, leave its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from edgegrad.errors import CommandError, UsageError
from edgegrad.lectures import LECTURES, ROWS, Row
from edgegrad.lectures.console import show

__all__ = ["make_folder", "run"]


def run(names: Sequence[str], folder: str | None = None, epochs: int | None = None, data: str | None = None) -> None:
    """List the rows, or run some of them and print what they find.

    Args:
        names: of rows, such as ``L1.4``, or of whole lectures, such as ``L1``; the list of all without.
        folder: where the pictures go; made if need be. None to make none.
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
    for row, some in zip(rows, chosen, strict=True):
        try:
            report = row(out, **some)
        except ImportError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or row.name} cannot be read: {error.strerror or error}.") from None
        except ValueError as error:
            if not some:  # then it is nobody's option that is wrong
                raise
            raise UsageError(f"{row.name}: {error}") from None
        show(console, report)


def _find(name: str) -> list[Row]:
    found = [row for row in ROWS.values() if name in (row.name, row.name.partition(".")[0])]
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
