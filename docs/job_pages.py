"""A Sphinx extension for the jobs: it draws the pictures that their programs draw, and says how long each took.

The times are those that ``python -m benchmarks --only jobs --write`` stored; on the pages stands a mark.
"""

from __future__ import annotations

import doctest
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import chdir
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).with_name("jobs")
PICTURES = FOLDER / "pictures"
STAMP = PICTURES / "made-from.txt"
RESULTS = ROOT / "benchmarks" / "results" / "jobs.json"
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
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, __file__, *map(str, pages)], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"A job fails:\n{done.stderr}")
    STAMP.write_text(state.hexdigest(), encoding="utf-8")


def run(path: Path) -> None:
    """Run the code of a page up to the block that saves its picture, in an empty folder, and keep the picture."""
    blocks = BLOCK.findall(path.read_text(encoding="utf-8"))
    last = next(at for at, block in enumerate(blocks) if '.svg")' in block)
    parser = doctest.DocTestParser()
    code = "".join(example.source for block in blocks[: last + 1] for example in parser.get_examples(block))
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        exec(compile(code, str(path), "exec", dont_inherit=True), {"__name__": path.stem})
        for picture in Path(folder).glob("*.svg"):
            shutil.copy(picture, PICTURES)


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
    agreement = f"{row['agreement']:.0e}".replace("-", "−")
    return (
        "## How long it takes\n\n"
        "| milliseconds | in a new process | again |\n|---|---:|---:|\n"
        f"| this program | {_ms(mine['first'])} | {_ms(mine['again'][0])} |\n"
        f"| {row['with']} | {_ms(peer['first'])} | {_ms(peer['again'][0])} |\n\n"
        "The first program of this page beside the same work done there, from the same start; their numbers agree to "
        f"{agreement}. CPU time on one core: with imports in a new process, compiling always; "
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


if __name__ == "__main__":  # a process of their own, in which packages are loaded once
    for name in sys.argv[1:]:
        run(Path(name))
