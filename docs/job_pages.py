"""A Sphinx extension for the jobs: it draws the pictures that their programs draw, and says how long each took.

The times are those that ``python -m benchmarks --only jobs --write`` stored; on the pages stands a mark.
"""

from __future__ import annotations

import contextlib
import doctest
import hashlib
import io
import json
import os
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

FOLDER = Path(__file__).with_name("jobs")
PICTURES = FOLDER / "pictures"
STAMP = PICTURES / "made-from.txt"
RESULTS = Path(__file__).parent.parent / "benchmarks" / "results" / "jobs.json"
MARK = "<!-- time -->"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def draw(app: Sphinx) -> None:
    """Run the pages that draw, as far as their last picture, unless they are those that ran before."""
    state = hashlib.sha256()
    pages = [path for path in sorted(FOLDER.glob("*.md")) if '.svg")' in path.read_text(encoding="utf-8")]
    for path in [Path(__file__), *pages]:
        state.update(path.read_bytes())
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == state.hexdigest():
        return
    PICTURES.mkdir(exist_ok=True)
    before = Path.cwd()
    os.chdir(PICTURES)
    try:
        for path in pages:
            run(path)
        for path in (*PICTURES.glob("*.safetensors"), *PICTURES.glob("*.pdf")):
            path.unlink()
    finally:
        os.chdir(before)
    STAMP.write_text(state.hexdigest(), encoding="utf-8")


def run(path: Path) -> None:
    """Run the code of a page up to the block that saves its picture."""
    names: dict[str, Any] = {"__name__": "page"}
    for block in BLOCK.findall(path.read_text(encoding="utf-8")):
        code = "".join(example.source for example in doctest.DocTestParser().get_examples(block))
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(code, path.name, "exec"), names)
        if '.svg")' in code:
            return


def say_time(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the time of a job in the place of its mark."""
    folder, _, name = page.rpartition("/")
    if folder == "jobs" and MARK in source[0]:
        source[0] = source[0].replace(MARK, time(name))


def time(name: str) -> str:
    """Write how long a job took, ours and the peer's; nothing where it was not measured."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    row = kept["result"]["rows"].get(name)
    if row is None:
        return ""
    mine, peer = row["edgegrad"], row["peer"]
    return (
        "## How long it takes\n\n"
        "| milliseconds | in a new process | again |\n|---|---:|---:|\n"
        f"| this program | {_ms(mine['first'])} | {_ms(mine['again'][0])} |\n"
        f"| {row['with']} | {_ms(peer['first'])} | {_ms(peer['again'][0])} |\n\n"
        "The first program of this page beside the same work done there, from the same start; their numbers agree to "
        f"{row['agreement']:.0e}. CPU time on one core: imports included in a new process, compiling always; "
        f"{kept['machine']['day']}. "
        "See [Performance](../performance.md#the-jobs)."
    )


def _ms(ns: float) -> str:
    return f"{ns / 1e6:,.0f}" if ns >= 20e6 else f"{ns / 1e6:.1f}"


def setup(app: Sphinx) -> dict[str, bool]:
    """Draw before Sphinx reads the pages, and fill each in as it is read."""
    app.connect("builder-inited", draw)
    app.connect("source-read", say_time)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
