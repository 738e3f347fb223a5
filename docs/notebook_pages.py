"""A Sphinx extension that takes ``notebooks/*.ipynb`` into the site, as copies that Sphinx then reads.

On the site the notebooks are numbered in their order, and each can be downloaded as it is.
"""

from __future__ import annotations

import json
from pathlib import Path

from sphinx.application import Sphinx

SOURCE = Path(__file__).parent.parent / "notebooks"
FOLDER = Path(__file__).with_name("notebooks")

CONTENTS = """# The course

{count} notebooks, in the order of the lectures. Each runs in seconds, asks before it answers, and draws everything it
speaks of. Download one, or read it here with its results.

{lines}

To run them: `pip install '.[notebooks,plots]'`, then `jupyter lab`.

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


def contents() -> str:
    """Write the contents page as text."""
    lines, tree = [], []
    for number, (file, (title, about)) in enumerate(titles().items(), 1):
        lines.append(f"{number}. **[{title}]({file})**: {about}\n   {{download}}`Download <{file}>`")
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
