"""From DOT text to a picture: by an installed `dot`, else by the Graphviz that pygraphviz carries.

In a browser it is Viz.js, a Graphviz compiled for browsers, which the page registers with Pyodide as ``viz_js``.
A file appears whole or not at all, and holds nothing that changes from run to run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from autograd.draw.dot import Drawing
from autograd.draw.files import check_place, read_extension, unwritable, write
from autograd.errors import DrawingError

if TYPE_CHECKING:
    from autograd.draw.style import Style
    from autograd.graph import Graph

__all__ = ["fit_column", "render", "save", "to_svg"]

FORMATS = (".svg", ".dot", ".gv", ".png", ".pdf")
TIMEOUT_SECONDS = 600  # seconds for an installed `dot`
PNG_DOTS_PER_INCH = 192  # dots per inch of a PNG

MAX_ARROWS_IN_PROCESS = 150  # arrows beyond which Graphviz runs in a process of its own, which Ctrl-C ends
APART = """
import sys
from pygraphviz import AGraph
sheet = AGraph(string=sys.stdin.buffer.read().decode())
if sys.argv[2]:
    sheet.graph_attr["dpi"] = sys.argv[2]
sys.stdout.buffer.write(sheet.draw(format=sys.argv[1], prog="dot") or b"")
"""

LINK = re.compile(r'<a xlink:title="([^"]*)">')
NOTICES = (b"Fontconfig ", b"Pango-", b"(process:", b"Warning: graph has ")

COLUMN_POINTS = 580.0  # width of what a notebook shows of its output on a page of 900 pixels
FITTED = ' style="max-width: 100%; height: auto"'  # no wider than the page it stands on

_terminal = threading.Lock()
SIZE = re.compile(r'width="([0-9.]+)pt"\s+height="[0-9.]+pt"' + re.escape(FITTED))
COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def to_svg(graph: Graph, style: Style) -> str:
    """Draw a graph as an SVG element."""
    return svg(Drawing(graph, style).source)


def svg(source: str) -> str:
    """Lay out DOT text and return the SVG element alone: no prolog, no comments with versions or times.

    Graphviz writes a tooltip as a link that leads nowhere, which pages underline; here it is a title.
    """
    drawn = COMMENT.sub("", render(source, "svg").decode("utf-8"))
    drawn = LINK.sub(r"<title>\1</title>", drawn).replace("</a>", "")
    return re.sub(r"(?=\s+viewBox=)", FITTED, drawn[drawn.index("<svg") :], count=1)


def fit_column(drawn: str) -> str:
    """Let an SVG that is wider than the column of a notebook be as wide as that.

    An exported notebook has it in an ``<img>``, which takes the SVG's width and knows nothing of its style.
    """
    size = SIZE.search(drawn)
    if size is None or float(size[1]) <= COLUMN_POINTS:
        return drawn
    return drawn.replace(size[0], f'width="100%" style="max-width: {size[1]}pt; height: auto"', 1)


def render(source: str, form: str) -> bytes:
    """Lay out DOT text.

    Args:
        source: the DOT text.
        form: ``"svg"``, ``"png"`` or ``"pdf"``.

    Raises:
        DrawingError: nothing is there that can do it, or Graphviz fails.
    """
    if sys.platform == "emscripten":
        return _in_browser(source, form)
    program, trouble = shutil.which("dot"), None
    if program is not None:
        try:
            return _by_program(program, source, form)
        except subprocess.TimeoutExpired:  # in process it would take as long
            raise DrawingError(
                f"{program} has not finished the drawing after {TIMEOUT_SECONDS} seconds. Give a smaller budget, so "
                "that the graph is folded."
            ) from None
        except DrawingError as error:
            trouble = error
    try:
        drawn = _apart(source, form) if source.count("->") > MAX_ARROWS_IN_PROCESS else None
        return _in_process(source, form) if drawn is None else drawn
    except DrawingError as error:
        raise (trouble or error) from None


def _by_program(program: str, source: str, form: str) -> bytes:
    command = [program, f"-T{form}", *([f"-Gdpi={PNG_DOTS_PER_INCH}"] if form == "png" else [])]
    try:
        done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    except OSError as error:
        raise DrawingError(f"{program} cannot be run: {error.strerror}. Repair the Graphviz on the PATH.") from None
    if done.returncode or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        raise DrawingError(f"{program} failed: {said}. Repair the Graphviz on the PATH, or save as .svg.")
    return done.stdout


def _apart(source: str, form: str) -> bytes | None:
    """Let the Graphviz of pygraphviz draw in another process; None where that does not work out."""
    if not sys.executable or getattr(sys, "frozen", False):
        return None
    dots = str(PNG_DOTS_PER_INCH) if form == "png" else ""
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            [sys.executable, "-c", APART, form, dots],
            input=source.encode(),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            env=here,
        )
    except subprocess.TimeoutExpired:
        raise DrawingError(
            f"Graphviz has not finished the drawing after {TIMEOUT_SECONDS} seconds. Give a smaller budget, so that "
            "the graph is folded."
        ) from None
    except OSError:
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None


def _in_process(source: str, form: str) -> bytes:
    try:
        from pygraphviz import AGraph
    except ImportError:
        raise DrawingError(
            "There is nothing to lay out a graph with: no program 'dot' on the PATH, and pygraphviz cannot be "
            "imported. Install Graphviz from your system's packages (apt, apk, brew or winget install graphviz), or "
            "run: pip install pygraphviz, which has wheels for Linux with glibc, macOS, and Windows on x86-64. A .dot "
            "file can be saved without either."
        ) from None
    try:
        with _without_notices():
            sheet = AGraph(string=source)
            try:
                if form == "png":
                    sheet.graph_attr["dpi"] = str(PNG_DOTS_PER_INCH)
                drawn: bytes = sheet.draw(format=form, prog="dot")
            finally:
                sheet.close()
    except Exception as error:  # whatever the binding raises
        raise DrawingError(f"Graphviz failed in process: {error}. Report the .dot file, which can be saved.") from error
    if not drawn:
        raise DrawingError(
            f"The Graphviz that pygraphviz carries gave no {form.upper()}. Install Graphviz, or save as .svg."
        )
    return drawn


def _in_browser(source: str, form: str) -> bytes:
    try:
        import viz_js
    except ImportError:
        raise DrawingError(
            "There is nothing to lay out a graph with in this browser. Let the page load Viz.js and register it: "
            "pyodide.registerJsModule('viz_js', await Viz.instance()). A .dot file can be saved without it."
        ) from None
    if form != "svg":
        raise DrawingError(f"In a browser Graphviz writes no {form.upper()}. Save as .svg.")
    try:
        drawn: str = viz_js.renderString(source, format=form, engine="dot")
    except Exception as error:  # whatever JavaScript throws
        raise DrawingError(
            f"Graphviz failed in the browser: {error}. Report the .dot file, which can be saved."
        ) from error
    return drawn.encode()


@contextmanager
def _without_notices() -> Iterator[None]:
    """Keep the notices of font libraries off the terminal; whatever else is written to it appears afterwards."""
    with _terminal, TemporaryFile() as heard:
        try:
            terminal = os.dup(2)
        except OSError:  # a program without a terminal
            yield
            return
        try:
            sys.stderr.flush()
            os.dup2(heard.fileno(), 2)
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            heard.seek(0)
            for line in heard:
                if line.strip() and not line.startswith(NOTICES):
                    os.write(terminal, line)
            os.close(terminal)


def save(graph: Graph, path: str | os.PathLike[str], style: Style) -> None:
    """Draw a graph into a file. See `Graph.save`."""
    form = read_extension(path)
    if form not in FORMATS:
        what = f"{form!r} is no format of drawings" if form else "it has no extension"
        raise unwritable(path, f"{what}. Use .svg, .png, .pdf or .dot")
    check_place(path)
    source = Drawing(graph, style).source
    if form == ".svg":
        content = f'<?xml version="1.0" encoding="UTF-8"?>\n{svg(source)}'.encode()
    elif form in (".png", ".pdf"):
        content = render(source, form[1:])
    else:
        content = source.encode()
    write(path, content)
