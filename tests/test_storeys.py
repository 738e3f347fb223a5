"""The page on the architecture: its picture is that of the imports, and every path on it exists."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from functools import cache
from pathlib import Path

from documents import script

ROOT = Path(__file__).parent.parent
storeys = script("storeys")
PATH = re.compile(r"`((?:[\w.]+/)+[\w.]*)`")


@cache
def draw():
    """Draw the picture once for all tests."""
    return storeys.draw()


def arrows():
    """List the arrows of the picture, each from the part that imports to the other."""
    return re.findall(r'"([\w.]+)" -> "([\w.]+)"', draw())


def test_every_path_exists():
    paths = PATH.findall((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))
    assert len(paths) > 30
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_picture_shows_every_part():
    words = "".join(ElementTree.fromstring(storeys.to_svg()).itertext())
    for package in storeys.STOREYS:
        assert f"import {package}" in words
        for path in (ROOT / package).iterdir():
            if (path / "__init__.py").exists() or (path.suffix == ".py" and not path.stem.startswith("__")):
                assert path.stem in words


def test_the_picture_is_the_same_every_time():
    command = [sys.executable, ROOT / "docs" / "storeys.py"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == draw()


def test_no_arrow_leads_up():
    heights = list(storeys.STOREYS)
    assert ("autograd.anomaly", "autograd.graph") in arrows()
    for upper, lower in arrows():
        assert heights.index(upper.partition(".")[0]) >= heights.index(lower.partition(".")[0])


def test_an_arrow_that_follows_from_others_is_left_out():
    assert "autograd.errors" in storeys.parts_loaded()["autograd.backward"]
    assert ("autograd.backward", "autograd.errors") not in arrows()


SOURCE = """
import nn.data
from nn.optim import flat, Optimizer
if TYPE_CHECKING:
    import nn.plots
else:
    x = __import__("nn.metrics")
def late():
    from nn import fit
    return importlib.import_module("nn." + name), import_module(f"nn.losses.{name}")
class Here:
    import nn.state
    async def later(self):
        import nn.errors
"""


def test_every_kind_of_import_is_found():
    assert storeys.imports_of(SOURCE) == [
        ("nn.data", "loading"),
        ("nn.optim.flat", "loading"),
        ("nn.optim", "loading"),
        ("nn.plots", "typing"),
        ("nn.metrics", "by name"),
        ("nn", "late"),
        ("nn", "by name"),
        ("nn.losses", "by name"),
        ("nn.state", "loading"),
        ("nn.errors", "late"),
    ]
