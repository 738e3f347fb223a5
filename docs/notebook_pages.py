"""A Sphinx extension that takes ``notebooks/*.ipynb`` into the site, as copies that Sphinx then reads."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

SOURCE = Path(__file__).parent.parent / "notebooks"
FOLDER = Path(__file__).with_name("notebooks")


def copy(app: Sphinx) -> None:
    """Copy each notebook that has changed, and remove copies of those that are gone."""
    FOLDER.mkdir(exist_ok=True)
    for stale in {path.name for path in FOLDER.glob("*.ipynb")} - {path.name for path in SOURCE.glob("*.ipynb")}:
        (FOLDER / stale).unlink()
    for path in SOURCE.glob("*.ipynb"):
        page = FOLDER / path.name
        if not page.exists() or page.read_bytes() != path.read_bytes():
            page.write_bytes(path.read_bytes())


def setup(app: Sphinx) -> dict[str, bool]:
    """Copy before Sphinx reads the pages."""
    app.connect("builder-inited", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
