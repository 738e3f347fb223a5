"""A Sphinx extension that takes ``notebooks/*.ipynb`` into the site, as copies that Sphinx then reads.

On the site the notebooks are numbered in their order, beside the rows of the lectures that they show; each can be
downloaded as it is.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from sphinx.application import Sphinx

SOURCE = Path(__file__).parent.parent / "notebooks"
FOLDER = Path(__file__).with_name("notebooks")

CONTENTS = """# The course

{count} notebooks, from the perceptron by hand to spiking neurons, and at the end the mistakes of those who write an
engine. Each runs in less than a minute, asks before it answers, and draws what it speaks of. Together they show every
row of [the lectures](../lectures.md). Read one here with its results, or download it.

{lines}

To run them, in the folder of edgegrad: `pip install '.[notebooks,plots]'`, then `jupyter lab notebooks`.

```{{toctree}}
:hidden:

{tree}
```
"""


def titles() -> dict[str, tuple[str, str]]:
    """Return each notebook's title and first paragraph, by its file, in the order of the course."""
    found = {}
    for path in sorted(SOURCE.glob("*.ipynb")):
        text = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        title, _, rest = text.partition("\n")
        about = " ".join(rest.strip().partition("\n\n")[0].split())
        found[path.name] = (title.removeprefix("# "), about)
    return found


def rows_of(notebook: str) -> list[str]:
    """List the rows of the lectures that a notebook speaks of, by its file, in the order of the lectures."""
    named = set(re.findall(r"\bL\d\.\d+\b", (SOURCE / notebook).read_text(encoding="utf-8")))
    return sorted(named, key=lambda row: [int(number) for number in row[1:].split(".")])


def contents() -> str:
    """Write the contents page as text."""
    lines, tree = [], []
    for number, (file, (title, about)) in enumerate(titles().items(), 1):
        rows = " ".join(f"[{row}](../rows/{row}.md)" for row in rows_of(file))
        lines.append(f"{number}. **[{title}]({file})**: {about}\n   {rows} {{download}}`Download <{file}>`")
        tree.append(f"{number} · {title} <{file.removesuffix('.ipynb')}>")
    return CONTENTS.format(count=len(lines), lines="\n".join(lines), tree="\n".join(tree))


def copy(app: Sphinx) -> None:
    """Copy each notebook that has changed, remove copies of those that are gone, and write the contents page."""
    FOLDER.mkdir(exist_ok=True)
    for stale in {path.name for path in FOLDER.glob("*.ipynb")} - {path.name for path in SOURCE.glob("*.ipynb")}:
        (FOLDER / stale).unlink()
    wanted = {path.name: path.read_bytes() for path in SOURCE.glob("*.ipynb")} | {"index.md": contents().encode()}
    for name, content in wanted.items():
        page = FOLDER / name
        if not page.exists() or page.read_bytes() != content:
            page.write_bytes(content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Copy before Sphinx reads the pages."""
    app.connect("builder-inited", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
