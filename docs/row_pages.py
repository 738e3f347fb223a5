"""A Sphinx extension that runs every row of the lectures and writes its page, out of the pieces of `edgegrad.lectures`.

Nothing is run again until a source changes. ``-D boston_table=boston_housing.csv`` gives the table that two rows want,
``-D short=1`` keeps trainings short, those of the examples too, and ``-D run_rows=L1`` runs the rows of one lecture
alone, where the pages are only checked.
"""

from __future__ import annotations

import hashlib
import importlib
import shutil
from pathlib import Path

from notebook_pages import rows_of, titles
from sphinx.application import Sphinx

from autograd import Op
from edgegrad.lectures import LECTURES, ROWS, Report, Row
from edgegrad.lectures.page import STYLE, figures, reading

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).with_name("rows")
STAMP = FOLDER / "made-from.txt"
NOTEBOOKS = ROOT / "notebooks"
SHORT = {"epochs": 1, "steps": 12}  # L4.18 tells the error after ten

PAGE = """# {name} · {title}

{sights}

{pictures}

## Three lines

```python
{snippet}
```

## Beside the slide

```{{raw}} html
<div class="lecture">
{figures}</div>
```

## What it says

```{{raw}} html
<div class="lecture">
{reading}</div>
```

## Where to go on

Where it runs: {where}; the row itself stands in `{module}`.{notebooks}
`edgegrad lectures {name} --out pictures` runs it. It belongs to [{letter} · {lecture}](../lectures.md).
"""


def page(report: Report, courses: dict[str, str]) -> str:
    """Write a row's page as text."""
    row = report.row
    letter = row.name.partition(".")[0]
    links = [f"[{title}](../notebooks/{file})" for file, title in courses.items() if row.name in rows_of(file)]
    return PAGE.format(
        name=row.name,
        title=report.title,
        sights="\n\n".join(f"*{sentence}*" for sentence in report.sights),
        pictures="\n\n".join(map(_picture, report.pictures)),
        snippet=row.snippet,
        figures=figures(report),
        reading=reading(report),
        where=", ".join(map(_reference, row.where)),
        module=row.function.__module__,
        notebooks=f" In the course: {', '.join(links)}." if links else "",
        letter=letter,
        lecture=LECTURES[letter],
    )


def _picture(path: Path) -> str:
    """Show a picture, which opens by itself where it is chosen, as on a phone."""
    row, _, name = path.stem.partition("-")
    return f"[![{row}: {name.replace('-', ' ')}](pictures/{path.name})](pictures/{path.name})"


def _reference(name: str) -> str:
    """Link a public name: an operation to the table of operations, everything else to its page of the reference."""
    package, *parts = name.split(".")
    thing = importlib.import_module(package)
    for part in parts:
        thing = getattr(thing, part, None)
    return f"[`{name}`](../operations.md)" if isinstance(thing, Op) else f"{{py:obj}}`{name}`"


def _sources(app: Sphinx) -> str:
    """Compute what tells one state of the sources, and of the options, from another."""
    state = hashlib.sha256(f"{app.config.boston_table} {app.config.short} {app.config.run_rows}".encode())
    packages = [path for package in ("autograd", "nn", "edgegrad") for path in (ROOT / package).rglob("*.py")]
    for path in sorted([Path(__file__), *packages, *NOTEBOOKS.glob("*.ipynb")]):
        state.update(path.read_bytes())
    return state.hexdigest()


def _options(row: Row, app: Sphinx) -> dict[str, object]:
    wanted = {"data": app.config.boston_table} if app.config.boston_table else {}
    wanted |= SHORT if int(app.config.short) else {}
    return {name: given for name, given in wanted.items() if name in row.options}


def write(app: Sphinx) -> None:
    """Run the rows and write their pages, unless they are those of these sources."""
    state = _sources(app)
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == state:
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "pictures").mkdir(parents=True)
    courses = {file: title for file, (title, _) in titles().items()}
    for row in ROWS.values():
        runs = row.name.startswith(app.config.run_rows)
        report = row(FOLDER / "pictures", **_options(row, app)) if runs else Report(row)
        (FOLDER / f"{row.name}.md").write_text(page(report, courses), encoding="utf-8")
    STAMP.write_text(state, encoding="utf-8")


def add_style(app: Sphinx, error: Exception | None) -> None:
    """Put the rules of the lectures' page beside the site's, those under ``.lecture``."""
    if error is None and app.builder.format == "html":
        rules = STYLE.read_text(encoding="utf-8")
        (Path(app.outdir) / "_static" / "lectures.css").write_text(rules[rules.index(".lecture") :], encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx reads them."""
    app.add_config_value("boston_table", "", "env", [str])
    app.add_config_value("short", "0", "env", [str, int])
    app.add_config_value("run_rows", "L", "env", [str])
    app.connect("builder-inited", write)
    app.connect("build-finished", add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
