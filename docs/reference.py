"""A Sphinx extension that writes the reference: pages of names with what each is for, and a page for each name."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
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
LEAST_PARTS = 4  # methods of a class, or names of a module, that get a table before them
OURS = {"autograd", "nn", "edgegrad"}
BEFORE_NAPOLEON = BEFORE_THE_THEME = 400  # of 500

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


def pages() -> dict[str, str]:
    """Write all pages by their places: one for each group of names, and one for each name."""
    written = {}
    for group, (title, package, homes) in PAGES.items():
        order, found = homes.split(), dict[str, list[tuple[str, Any]]]()
        for name, thing, home in exported(package):
            if _place(home, order) < len(order):
                found.setdefault(home, []).append((f"{package.__name__}.{name}", thing))
        text = _heading(title, "=")
        for home in sorted(found, key=lambda home: (_place(home, order), home)):
            about = inspect.cleandoc(sys.modules[home].__doc__ or "").partition("\n\n")[0]
            text += f"{_heading(home.rpartition('.')[2].replace('_', ' ').capitalize(), '-')}{about}\n\n"
            text += _table((f":doc:`{name} <names/{name}>`", _first_sentence(thing)) for name, thing in found[home])
            written |= {f"names/{name}": _page(name, thing, title, group) for name, thing in found[home]}
        written[group] = text
    return written


def _place(home: str, order: list[str]) -> int:
    """Find the first entry of a list that a module is, or lies in."""
    return next((k for k, prefix in enumerate(order) if f"{home}.".startswith(f"{prefix}.")), len(order))


def _heading(title: str, rule: str) -> str:
    return f"{title}\n{rule * len(title)}\n\n"


def _page(name: str, thing: object, title: str, group: str) -> str:
    """Write the page of one name: the way back, a summary of its parts, and all that it says of itself."""
    text = f":orphan:\n\n{_heading(name, '=')}:doc:`← {title} <../{group}>`\n\n"
    # Keras' words are often those of nn: a reference such as `Layer` means the latter.
    hidden = "   :no-index:\n" if name.startswith("nn.keras") else ""
    if inspect.ismodule(thing):
        parts = [(f"{name}.{part}", getattr(thing, part)) for part in thing.__all__]
        package = sys.modules[name.partition(".")[0]]
        elsewhere = [
            part for part in thing.__all__ if inspect.isclass(getattr(thing, part)) and part in package.__all__
        ]
        options = f"   :members:\n   :exclude-members: {', '.join(elsewhere)}\n" if elsewhere else "   :members:\n"
        return text + _summary(parts, hidden) + f".. automodule:: {name}\n{options}{hidden}"
    if inspect.isclass(thing):
        if issubclass(thing, Exception):
            return text + f".. autoclass:: {name}\n{hidden}"
        parts = [
            (f"{name}.{part}", member)
            for part, member in vars(thing).items()
            if not part.startswith("_") and (inspect.isroutine(member) or isinstance(member, property))
            if inspect.getdoc(member)
        ]
        return text + _summary(parts, hidden) + f".. autoclass:: {name}\n   :members:\n{hidden}"
    if callable(thing):
        return text + f".. autofunction:: {name}\n{hidden}"
    assert hasattr(thing, "__iter__")
    names = ", ".join(f"``{each!r}``" if isinstance(each, str) else f"`{each.name}`" for each in thing)
    package, _, short = name.rpartition(".")
    return text + f".. py:data:: {short}\n   :module: {package}\n\n   {names}\n"


def _summary(parts: list[tuple[str, Any]], hidden: str) -> str:
    """Write a table of the parts of a class or module, where there are enough to lose sight of."""
    if len(parts) < LEAST_PARTS:
        return ""
    short = [(name.rpartition(".")[2], name, thing) for name, thing in parts]
    links = [(f"``{last}``" if hidden else f":py:obj:`{last} <{name}>`", _first_sentence(t)) for last, name, t in short]
    return _table(links)


def _table(rows: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f"   * - {name}\n     - {about}\n" for name, about in rows)
    return f".. list-table::\n   :widths: 35 65\n   :class: summary\n\n{lines}\n"


def _first_sentence(thing: Any) -> str:
    """Return the first sentence of what a thing says of itself; a table or list says nothing."""
    if not (inspect.isclass(thing) or inspect.ismodule(thing) or callable(thing) or isinstance(thing, property)):
        return ""
    paragraph = " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())
    return _escape(re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0])


def _escape(line: str) -> str:
    """Escape the bars of |x|, which reStructuredText takes for substitutions, outside code."""
    return re.sub(r"(`+[^`]*`+)|\|", lambda found: found[1] or r"\|", line)


def mend(app: Sphinx, kind: str, name: str, thing: object, options: Any, lines: list[str]) -> None:
    """Prepare a docstring for Napoleon: bars are text, and no property's first line is the name of a type."""
    for k, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[k] = _escape(line)
    if kind in ("attribute", "data", "property"):
        lines.insert(0, "")


def leave_out(app: Sphinx, kind: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what another library has put into a class of ours, as scikit-learn does; None for everything else."""
    home = getattr(thing, "__module__", None) or "autograd"
    return None if home.partition(".")[0] in OURS else True


def write(app: Sphinx) -> None:
    """Write the pages that have changed, and remove those of names that are gone."""
    (FOLDER / "names").mkdir(parents=True, exist_ok=True)
    wanted = {FOLDER / f"{place}.rst": text for place, text in pages().items()}
    for stale in set(FOLDER.rglob("*.rst")) - set(wanted):
        stale.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def share_sidebar() -> Callable[..., None]:
    """Make a listener that gives pages of names the sidebar of the first: they stand in no table of contents.

    Where pages are only checked, those of every folder share one, in which the links are the same.
    """
    made: dict[tuple[str, str], Any] = {}

    def share(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
        folder = page.rpartition("/")[0]
        if folder == "reference/names" or int(app.config.short):
            context["toctree"] = made.setdefault((template, folder), cache(context["toctree"]))

    return share


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx reads them."""
    app.connect("builder-inited", write)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("autodoc-process-docstring", mend, priority=BEFORE_NAPOLEON)
    app.connect("html-page-context", share_sidebar(), priority=BEFORE_THE_THEME)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
