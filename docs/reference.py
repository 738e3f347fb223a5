"""A Sphinx extension that writes the reference's pages: each public name once, under the module that defines it."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx

import autograd
import autograd.testing
import nn
from autograd import Op
from autograd.testing import gallery

FOLDER = Path(__file__).with_name("reference")

#: Pages, each with its title, the package that exports the names, and where they are defined, in order.
PAGES = {
    "engine": (
        "The engine",
        autograd,
        "autograd.value autograd.context autograd.collector autograd.recording autograd.graph autograd.backward "
        "autograd.functional autograd.products autograd.explain autograd.practice autograd.exercise autograd.draw "
        "autograd.compiler autograd.op autograd.notation autograd.ops autograd.softmax autograd.choosing "
        "autograd.vectors autograd.symbol autograd.errors",
    ),
    "testing": ("Tests of derivatives", autograd.testing, "autograd.testing"),
    "exhibits": ("The gallery's exhibits", gallery, "autograd.testing.gallery"),
    "modules": ("Modules", nn, "nn.module nn.modules"),
    "losses": ("Losses and metrics", nn, "nn.losses nn.functional nn.metrics"),
    "optim": (
        "Optimisers",
        nn,
        "nn.optim.optimizer nn.optim.first_order nn.optim.adaptive nn.optim",
    ),
    "training": ("Training", nn, "nn.training.fit nn.training nn.plots"),
    "data": ("Data and files", nn, "nn.data nn.saving nn.exchange nn.errors"),
    "models": ("The lectures' models", nn, "nn.models"),
    "keras": ("Keras' words", nn.keras, "nn.keras.model nn.keras"),
    "sklearn": ("scikit-learn's words", nn.sklearn, "nn.sklearn"),
}

#: Where the tables and lists are written down, which do not know it themselves.
TABLES = {
    "CATALOGUE": "autograd.ops",
    "GALLERY": "autograd.testing.gallery",
    "ACTIVATIONS": "nn.modules.activations",
    "INITIALIZERS": "nn.modules.initializers",
    "LOSSES": "nn.losses.losses",
    "METRICS": "nn.metrics",
    "OPTIMIZERS": "nn.optim.optimizers",
    "BOSTON_COLUMNS": "nn.data.real_data",
}


def exported(package: ModuleType) -> Iterator[tuple[str, Any, str]]:
    """List a package's public names, each with the thing and the module that defines it; a record has none."""
    python_has_too = [name for name in ("compile",) if hasattr(package, name)]  # public, but left out by import *
    for name in [*package.__all__, *python_has_too]:
        thing = getattr(package, name)
        if inspect.ismodule(thing):
            yield name, thing, thing.__name__
        elif not isinstance(thing, Op):
            yield name, thing, TABLES.get(name) or thing.__module__


def page(title: str, package: ModuleType, homes: str) -> str:
    """Write one page: a section for each module, which the module's docstring opens."""
    order, found = homes.split(), dict[str, list[str]]()
    for name, thing, home in exported(package):
        if _place(home, order) < len(order):
            found.setdefault(home, []).append(_entry(f"{package.__name__}.{name}", thing))
    text = _heading(title, "=")
    for home in sorted(found, key=lambda home: (_place(home, order), home)):
        about = inspect.cleandoc(sys.modules[home].__doc__ or "").partition("Example:")[0].strip()
        text += f"{_heading(home.rpartition('.')[2].replace('_', ' ').capitalize(), '-')}{about}\n\n"
        text += "\n".join(found[home]) + "\n"
    return text


def _place(home: str, order: list[str]) -> int:
    """Find the first entry of a list that a module is, or lies in."""
    return next((k for k, prefix in enumerate(order) if f"{home}.".startswith(f"{prefix}.")), len(order))


def _heading(title: str, rule: str) -> str:
    return f"{title}\n{rule * len(title)}\n\n"


def _entry(name: str, thing: object) -> str:
    # Keras' words are often those of nn: a reference such as `Layer` means the latter.
    hidden = "   :no-index:\n" if name.startswith("nn.keras") else ""
    if inspect.ismodule(thing):
        return f".. automodule:: {name}\n   :members:\n{hidden}"
    if inspect.isclass(thing):
        members = "" if issubclass(thing, Exception) else "   :members:\n"
        return f".. autoclass:: {name}\n{members}{hidden}"
    if callable(thing):
        return f".. autofunction:: {name}\n"
    names = ", ".join(f"``{each!r}``" if isinstance(each, str) else f"`{each.name}`" for each in thing)
    package, _, short = name.rpartition(".")
    return f".. py:data:: {short}\n   :module: {package}\n\n   {names}\n"


def escape_bars(app: Sphinx, kind: str, name: str, thing: object, options: Any, lines: list[str]) -> None:
    """Keep the bars of |x|, which reStructuredText takes for substitutions, outside code."""
    for k, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[k] = re.sub(r"(`+[^`]*`+)|\|", lambda found: found[1] or r"\|", line)


def write(app: Sphinx) -> None:
    """Write the pages that have changed."""
    FOLDER.mkdir(exist_ok=True)
    for name, (title, package, homes) in PAGES.items():
        path, text = FOLDER / f"{name}.rst", page(title, package, homes)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx reads them."""
    app.connect("builder-inited", write)
    app.connect("autodoc-process-docstring", escape_bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
