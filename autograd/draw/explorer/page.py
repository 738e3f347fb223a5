"""The page itself: picture, record, style and script in one file that reaches for nothing outside it.

Whatever comes from the graph is escaped text or inert JSON; script and style run by the hashes in the page's policy.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import zlib
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from autograd.draw.explorer.exercise import ANSWERS, exercise_of, find_exercise
from autograd.draw.explorer.film import film_of
from autograd.draw.explorer.frames import Frames
from autograd.draw.explorer.page_data import adjoints_of, count_edges, record_of, safe_json
from autograd.draw.explorer.paper import write_paper
from autograd.draw.explorer.picture import draw
from autograd.draw.explorer.theme import variables
from autograd.draw.files import check_place, read_extension, unwritable, write
from autograd.draw.labels import clean, shorten
from autograd.draw.render import FITTED
from autograd.exercise import Exercise
from autograd.graph import Graph
from autograd.symbol import number_text
from autograd.value import Value

__all__ = ["Page"]

SCRIPTS = (
    "record",
    "engine",
    "reading",
    "formula",
    "layers",
    "arrange",
    "heat",
    "parts",
    "summary",
    "cards",
    "fold",
    "picture",
    "walk",
    "camera",
    "minimap",
    "tangent",
    "panel",
    "node",
    "part",
    "player",
    "app",
    "opening",
    "pointer",
    "keys",
    "present",
    "main",
)
FILM = ("chart", "gradients", "plane", "film")  # only in a film, and last
PRACTICE = ("practice", "asking")  # only in an exercise: its engine first, its questions last
HOLE = re.compile(r"\{\{(\w+)\}\}")
FILM_KEYS = (
    "<dt>, .</dt><dd>a step of training back, forward</dd><dt>&lt; &gt;</dt><dd>first, last step of training</dd>"
    "<dt>t</dt><dd>play, pause the training</dd><dt>g</dt><dd>gradients of each layer, or the loss</dd>"
    "<dt>d</dt><dd>the decision, larger and back</dd>"
)
GHOSTS = '<li><i class="key leaf ghost"></i>a node again, where it is used far from its own card</li>\n'
PRACTICE_SECTION = '<section id="practice" class="live" aria-label="Practice"></section>\n'
EMPTY = (
    '<svg id="picture" xmlns="http://www.w3.org/2000/svg" width="1" height="1" role="group" aria-label="Graph">'
    '<g id="world"><g id="edges"></g><g id="cards"></g><g id="above"></g></g></svg>'
)
MAX_NODES_DRAWN = 600  # nodes of a graph that is drawn whole; of a larger one parts are drawn when they are opened
MAX_CHARACTERS_PLAIN = 1_000_000  # characters of a record that is not compressed
TITLE_CHARACTERS = 60  # characters of a name in the title
FRAME_PIXELS = 640  # pixels of the frame in a notebook


class Page:
    """A page that steps through a graph; made by `explore`.

    Shown by itself at the end of a notebook's cell; `save` writes it to a file.

    Attributes:
        html: the whole page as text.
        steps: how many steps it has: one for each node forward, then one for each edge backward.
    """

    def __init__(self, output: Value, frames: Frames | None = None, practice: Exercise | bool = False) -> None:
        graph = Graph(output)
        exercise = find_exercise(output, practice)
        adjoints = adjoints_of(graph)
        record, table = record_of(graph, adjoints, ANSWERS if exercise else ())
        if exercise is not None:
            closed = set(record["closed"])
            pairs = zip(graph.nodes, record["nodes"], strict=True)
            record["practice"] = exercise_of(exercise, {node for node, entry in pairs if entry.get("op") in closed})
        if frames is not None:
            record["film"] = film_of(graph, frames)
        edges = count_edges(graph)
        self.steps = len(graph.nodes) + edges
        self._about = f"{len(graph.nodes):,} node{'s' * (len(graph.nodes) != 1)}, {edges:,} edge{'s' * (edges != 1)}"
        name = shorten(clean(graph.names[output]), TITLE_CHARACTERS)
        style = variables() + asset("explorer.css") + (asset("film.css") if frames else "")
        style += asset("practice.css") if exercise else ""
        scripts = [*SCRIPTS, *(FILM if frames else ())]
        if exercise is not None:
            scripts[scripts.index("app") : scripts.index("app")] = PRACTICE[:1]
            scripts += PRACTICE[1:]
        modules = "\n".join(asset(f"{module}.js") for module in scripts)
        script = f'"use strict";\n(async () => {{\n{asset("primitives.js")}\n{table}\n\n{modules}}})();\n'
        policy = (
            f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        )
        if len(graph.nodes) <= MAX_NODES_DRAWN:
            picture, record["turned"] = draw(graph)
        else:
            drawn = graph.to_svg().replace(FITTED, "")  # the policy allows no style of an element's own
            picture = f'{EMPTY}<div id="overview" class="paper">{drawn}</div>'
        self._drawn = None if exercise else graph  # a drawing would tell the answers
        kind, written = _write(record)
        holes = {
            "ghosts": GHOSTS if ' ghost" data-of=' in picture else "",
            "policy": policy,
            "title": escape(f"{name} = {number_text(output.data + 0.0)}"),
            "counts": escape(self._about),
            "output": escape(name),
            "style": style,
            "film": asset("film.html") if frames else "",
            "practice": PRACTICE_SECTION if exercise else "",
            "paper": "" if exercise else write_paper(graph, adjoints),
            "when": " after the last step of the training" if frames else "",
            "keys": FILM_KEYS if frames else "",
            "picture": picture,
            "kind": kind,
            "record": written,
            "script": script,
        }
        self.html: str = HOLE.sub(lambda hole: holes[hole.group(1)], asset("page.html"))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, which appears whole or not at all.

        Args:
            path: where to; its extension is ``.html`` or ``.htm``.

        Raises:
            TypeError: the path is neither a str nor a Path.
            DrawingError: it cannot be written; the message says why and what to do.
        """
        if read_extension(path) not in (".html", ".htm"):
            raise unwritable(path, "a page is an .html file. Give it that extension")
        check_place(path)
        write(path, self.html.encode("utf-8"))

    def _repr_html_(self) -> str:
        """Show the page in a notebook: in a frame of its own, which sees nothing of the notebook.

        Where frames are taken out, as on GitHub, the drawing below is left.
        """
        return (
            f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" width="100%" height="{FRAME_PIXELS}" '
            f'title="Explorer: {escape(self._about)}" style="border: 1px solid #8886; border-radius: 8px"></iframe>'
            f"{self._write_drawing()}"
        )

    def _write_drawing(self) -> str:
        if self._drawn is None:
            return ""
        drawing = base64.b64encode(self._drawn.to_svg().encode("utf-8")).decode("ascii")
        return (
            "<details><summary>Drawing, with the numbers as they are when it is shown</summary>"
            f'<img src="data:image/svg+xml;base64,{drawing}" alt="Graph of {escape(self._about)}"></details>'
        )

    def __repr__(self) -> str:
        return f"<Page of {self._about}, {len(self.html.encode('utf-8')) / 1000:,.0f} kB>"


@cache
def asset(name: str) -> str:
    """Read a file of the page that comes with the package."""
    return files("autograd.draw.explorer").joinpath("assets", name).read_text(encoding="utf-8")


def _write(record: dict[str, Any]) -> tuple[str, str]:
    """Write a record as a page holds it, with its media type: a large one compressed."""
    written = safe_json(record)
    if len(written) <= MAX_CHARACTERS_PLAIN:
        return "application/json", written
    return "application/zlib", base64.b64encode(zlib.compress(written.encode("utf-8"))).decode("ascii")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
