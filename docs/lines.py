"""Count the lines of the project by folder, into CONTRIBUTING.md: ``python docs/lines.py``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

__all__ = ["PAGE", "Folder", "count", "page", "read_table", "table"]

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "CONTRIBUTING.md"
PACKAGES = ("autograd", "nn", "edgegrad")  # whose folders are counted one by one
OTHERS = ("tests", "benchmarks", "docs", "examples")
SOURCES = {".py", ".pyi", ".js", ".css", ".html"}
TABLE = re.compile(r"(?<=<!-- lines: written by docs/lines.py -->\n).*?(?=\n<!-- end of lines -->)", re.DOTALL)
ROW = re.compile(r"^\| `([\w/]+)/` \| ([\d,]+) \| ([\d,]+) \|", re.MULTILINE)


class Folder(NamedTuple):
    """What is in a folder.

    Attributes:
        name: of the folder.
        files: how many sources are in it.
        lines: how many lines they have.
        longest: the source with the most lines.
        most: its lines.
    """

    name: str
    files: int
    lines: int
    longest: str
    most: int


def count() -> list[Folder]:
    """Count the lines of each folder: in the packages one by one, elsewhere with what is below."""
    found: dict[str, dict[str, int]] = {}
    for top in (*PACKAGES, *OTHERS):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in SOURCES:
                place = path.relative_to(ROOT)
                folder = str(place.parent) if top in PACKAGES else top
                lines = len(path.read_text(encoding="utf-8").splitlines())
                found.setdefault(folder, {})[str(place.relative_to(folder))] = lines
    folders = []
    for name, files in sorted(found.items(), key=lambda item: [*PACKAGES, *OTHERS].index(item[0].partition("/")[0])):
        longest = max(files, key=lambda file: files[file])
        folders.append(Folder(name, len(files), sum(files.values()), longest, files[longest]))
    return folders


def table() -> str:
    """Write the table, with a sum for each package."""
    folders = count()
    lines = ["| folder | files | lines | longest file |", "|---|--:|--:|---|"]
    lines += [f"| `{f.name}/` | {f.files:,} | {f.lines:,} | `{f.longest}`, {f.most:,} |" for f in folders]
    for package in PACKAGES:
        inside = [f for f in folders if f.name.partition("/")[0] == package]
        lines.append(
            f"| **{package}** in all | {sum(f.files for f in inside):,} | {sum(f.lines for f in inside):,} | |"
        )
    return "\n".join(lines)


def page() -> str:
    """Write the page with the table of now."""
    return TABLE.sub(lambda _: table(), PAGE.read_text(encoding="utf-8"))


def read_table(text: str) -> dict[str, int]:
    """Return the lines of each folder that a page states."""
    return {name: int(lines.replace(",", "")) for name, _, lines in ROW.findall(text)}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
