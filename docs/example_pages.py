"""A Sphinx extension that runs every example and shows it: its code, what it prints, and its pictures as thumbnails.

An example that wants data or time gets short options here; one whose data are not there is shown without a run.
"""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "examples"
FOLDER = Path(__file__).with_name("examples")
STAMP = FOLDER / "made-from.txt"
WANTED = {"many_devices": "jax"}  # packages that the site can do without
STEPS, SHORT = 300, 12  # of GPT; few where the pages are only checked
SECONDS = 900.0  # an example may run, on a machine that is busy

CONTENTS = """# Examples

Each is one file of `examples/`, and ran when this page was made.

::::{{grid}} 1 2 2 3
:gutter: 3

{cards}
::::

```{{toctree}}
:hidden:

{tree}
```
"""

CARD = """:::{{grid-item-card}} {title}
:link: {name}
:link-type: doc
{picture}
{about}
:::
"""

PAGE = """# {title}

{about}

{pictures}

{printed}

```{{literalinclude}} ../../examples/{name}.py
:language: python
```
"""


def arguments(name: str, out: Path, table: str, steps: int) -> list[str] | None:
    """Return the options that an example gets here; None where its data or its package are missing."""
    if name in WANTED and find_spec(WANTED[name]) is None:
        return None
    if name == "boston" and not table:
        return None
    given = {"boston": ["--data", table, "--epochs", "5"], "gpt": ["--steps", str(steps)]}.get(name, [])
    draws = '"--out"' in (SOURCE / f"{name}.py").read_text(encoding="utf-8")
    return [*given, *(["--out", str(out)] if draws else [])]


def run(name: str, table: str, steps: int) -> tuple[list[str], str]:
    """Run an example; return the names of its pictures, and what it prints."""
    out = FOLDER / name
    out.mkdir(parents=True)
    given = arguments(name, out, table, steps)
    if given is None:
        return [], ""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    command = [sys.executable, str(SOURCE / f"{name}.py"), *given]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=SECONDS, cwd=out, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"The example {name} fails:\n{done.stderr}")
    return sorted(path.name for path in out.iterdir()), done.stdout


def describe(name: str) -> tuple[str, str]:
    """Return an example's title and sentence, from its docstring's first line ``Title: sentence.``"""
    docstring = ast.get_docstring(ast.parse((SOURCE / f"{name}.py").read_text(encoding="utf-8"))) or ""
    title, _, about = " ".join(docstring.partition("\n\n")[0].split()).partition(": ")
    return title, about[0].upper() + about[1:]


def write(app: Sphinx) -> None:
    """Run the examples and write their pages, unless they are those of these sources."""
    table = str(Path(app.config.boston_table).resolve()) if app.config.boston_table else ""
    steps = SHORT if int(app.config.short) else STEPS
    state = hashlib.sha256(f"{table} {steps}".encode())
    packages = [path for package in ("autograd", "nn") for path in (ROOT / package).rglob("*.py")]
    for path in sorted([Path(__file__), *SOURCE.glob("*.py"), *packages]):
        state.update(path.read_bytes())
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == state.hexdigest():
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    cards: dict[str, str] = {}
    names = [path.stem for path in sorted(SOURCE.glob("*.py"))]
    for name in names:
        pictures, printed = run(name, table, steps)
        title, about = describe(name)
        first = f":img-top: {name}/{pictures[0]}\n" if pictures else ""
        cards[name] = CARD.format(title=title, name=name, picture=first, about=about)
        shown = "\n\n".join(f"![{title}]({name}/{picture})" for picture in pictures)
        text = (
            f"```text\n{printed.rstrip()}\n```"
            if printed
            else "It did not run here, as its data or a package are not there."
        )
        page = PAGE.format(title=title, about=about, name=name, pictures=shown, printed=text)
        (FOLDER / f"{name}.md").write_text(page, encoding="utf-8")
    names.sort(key=lambda name: ":img-top:" not in cards[name])  # those with a picture first
    shown = "".join(cards[name] for name in names)
    (FOLDER / "index.md").write_text(CONTENTS.format(cards=shown, tree="\n".join(names)), encoding="utf-8")
    STAMP.write_text(state.hexdigest(), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Run before Sphinx reads the pages."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
