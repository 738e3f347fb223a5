"""A Sphinx extension that writes the bug gallery's page; each exhibit is caught while it is written."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from sphinx.application import Sphinx

from autograd.testing.gallery import GALLERY, Exhibit, programs, rules, sweeps

PAGE = Path(__file__).with_name("gallery.md")
PARTS = {
    "Mistakes in the sweep": (sweeps, sweeps.SWEEPS),
    "Mistakes in slope rules": (rules, rules.RULES),
    "Mistakes in programs": (programs, programs.PROGRAMS),
}

INTRODUCTION = f"""# Bug gallery

The classic mistakes of automatic differentiation: {len(GALLERY)} of them, each as code that runs, with what one sees,
why it happens, and what the check says that finds it. `print(GALLERY["recursion"])` shows one; `exhibit.wrong` and
`exhibit.right` are there to play with, and `check_engine` takes an engine of your own. The
[notebook](notebooks/bug_gallery.ipynb) shows them at work.
"""

EXHIBIT = """### {name}

::::{{grid}} 1 1 2 2
:gutter: 2

:::{{grid-item}}
```{{code-block}} python
:caption: wrong

{wrong}
```
:::

:::{{grid-item}}
```{{code-block}} {language}
:caption: right

{right}
```
:::
::::

**What one sees.** {seen}

**Why.** {why}

**Caught by** `{check}`:

```{{code-block}} text
{caught}
```
"""


def section(exhibit: Exhibit) -> str:
    """Write one exhibit; of a sentence that names a line of the caller's code, without the line."""
    right = exhibit.code(exhibit.right).rstrip()
    return EXHIBIT.format(
        name=exhibit.name[0].upper() + exhibit.name[1:],
        wrong=exhibit.code(exhibit.wrong).rstrip(),
        right=right,
        language="text" if right.startswith("∂") else "python",
        seen=exhibit.seen,
        why=exhibit.why,
        check=exhibit.check.__name__,
        caught=re.sub(r", in \S+:\d+ \(`.*?`\)", "", exhibit.caught()),
    )


def write(app: Sphinx) -> None:
    """Write the page, if it has changed."""
    text = INTRODUCTION
    for title, (module, exhibits) in PARTS.items():
        text += f"\n## {title}\n\n{(module.__doc__ or '').strip()}\n\n"
        if module is sweeps:
            text += f"```{{code-block}} python\n:caption: the toy\n\n{inspect.getsource(sweeps.Toy)}```\n\n"
        text += "\n".join(map(section, exhibits))
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        PAGE.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write before Sphinx reads the pages."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
