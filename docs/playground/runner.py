"""Run a program in the playground, and show the number it ends with.

It runs in the page's worker, under Pyodide; a test runs it under the Python at hand. What is shown is sent on as it
comes about, in parts: ``console``, ``error``, ``values``, ``derivation``, ``picture`` and ``explorer``.
"""

from __future__ import annotations

import ast
import io
import linecache
import re
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from html import escape
from typing import Any

from autograd import Graph, Value, explain, explore
from autograd.draw.draw_dot import Picture
from autograd.draw.explorer.page import Page
from autograd.explain import Explanation
from autograd.symbol import number_text

Send = Callable[[str, Any], None]

FILE = "program.py"
MAX_CHARACTERS = 200_000  # characters a program may print: what is beyond is counted
MAX_NODES_EXPLAINED = 2_000  # nodes of a graph whose derivatives are written without being asked for
MAX_DERIVATIONS = 12  # leaves whose derivatives are written
MAX_ROWS = 200  # named numbers in the table
SECONDS = 0.05  # seconds between two messages of what is printed


class Console(io.TextIOBase):
    """What a program prints, sent on a few times a second rather than word by word."""

    def __init__(self, send: Send) -> None:
        self.send, self.waiting, self.printed, self.last = send, [], 0, 0.0

    def writable(self) -> bool:
        """Whether it can be written to: yes."""
        return True

    def write(self, text: str) -> int:
        """Take text."""
        room = MAX_CHARACTERS - self.printed
        self.printed += len(text)
        if room > 0:
            self.waiting.append(text[:room])
        if time.monotonic() - self.last > SECONDS:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Send what waits."""
        if self.waiting:
            self.send("console", "".join(self.waiting))
        self.waiting, self.last = [], time.monotonic()

    def end(self) -> None:
        """Send the rest, and say how much was left out."""
        if self.printed > MAX_CHARACTERS:
            self.waiting.append(f"\n… and {self.printed - MAX_CHARACTERS:,} characters more\n")
        self.flush()


def run(code: str, send: Send) -> None:
    """Run a program from an empty namespace, then send what its last line, or its newest number, is."""
    linecache.cache[FILE] = (len(code), None, code.splitlines(keepends=True), FILE)
    namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    console = Console(send)
    try:
        with redirect_stdout(console), redirect_stderr(console):
            last = _execute(code, namespace)
            if last is not None:
                print(repr(last))
    except BaseException as error:  # SystemExit too: it ends the program, not the page
        console.end()
        send("error", {"text": _describe(error), "line": _line_of(error)})
        return
    console.end()
    _show(last, namespace, send)
    del last
    _release(namespace)


def _release(namespace: dict[str, Any]) -> None:
    """Drop what a program made, number by number: a long chain that falls at once is too deep for a browser's stack."""
    held = [node for v in [*_values_in(namespace)] if not v.is_leaf for node in Graph(v).nodes]
    namespace.clear()
    while held:
        held.pop()


def _execute(code: str, namespace: dict[str, Any]) -> Any:
    """Run the statements; return the value of the last one where it is an expression."""
    tree = ast.parse(code, FILE)
    end = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, FILE, "exec", dont_inherit=True), namespace)
    if end is None:
        return None
    return eval(compile(ast.Expression(end.value), FILE, "eval", dont_inherit=True), namespace)


def _describe(error: BaseException) -> str:
    """Write an error as Python does, from the program's own line on."""
    if isinstance(error, ModuleNotFoundError):
        error.add_note("The playground holds autograd and Python's own library. Install edgegrad for nn and compile.")
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != FILE:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def _line_of(error: BaseException) -> int | None:
    """Return the line of the program where it stopped."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return error.lineno
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == FILE]
    return lines[-1] if lines else None


def _show(last: Any, namespace: dict[str, Any], send: Send) -> None:
    """Send each part that there is of a result; a part that fails says why, in its own place."""
    value = _result(last, namespace)
    if value is None:
        send("nothing", "Nothing was recorded: end with a Value, such as E, to see how it was made.")
        return
    graph = Graph(value)
    send("values", {"title": f"{graph.names[value]} = {number_text(value.data)}", "html": _table(graph, value)})
    parts: dict[str, Callable[[], str]] = {
        "derivation": lambda: _derivations(last, graph, value),
        "picture": lambda: last._repr_svg_() if isinstance(last, Graph | Picture) else graph.to_svg(),
        "explorer": lambda: (last if isinstance(last, Page) else explore(value)).html,
    }
    for kind, write in parts.items():
        try:
            send(kind, {"name": graph.names[value], "html": write()})
        except Exception as error:
            send(kind, {"trouble": f"{type(error).__name__}: {error}"})


def _result(last: Any, namespace: dict[str, Any]) -> Value | None:
    """Find the number that is shown: the last line's, else the newest that was computed."""
    if isinstance(last, Explanation):
        return last.output
    if isinstance(last, Picture):
        last = last.graph
    if isinstance(last, Graph):
        last = last.outputs
    found = [*_values_in(last)]
    found += [v for v in reversed(namespace.values()) if isinstance(v, Value) and not v.is_leaf]
    return found[0] if found else None


def _values_in(x: Any) -> Iterator[Value]:
    """Find the Values in an object: itself, or what a list or a dict holds."""
    if isinstance(x, Value):
        yield x
    elif isinstance(x, list | tuple):
        for each in x:
            yield from _values_in(each)
    elif isinstance(x, dict):
        yield from _values_in(list(x.values()))


def _in_order(graph: Graph, values: Iterable[Value]) -> list[Value]:
    """Sort by name, as people count: w2 before w10."""
    return sorted(values, key=lambda v: [(int(n or 0), word) for n, word in re.findall(r"(\d+)|(\D+)", graph.names[v])])


def _table(graph: Graph, value: Value) -> str:
    """Write the numbers that have names as a table, the result first."""
    named = [v for v in reversed(graph.nodes) if v.name is not None and v is not value]
    rows = [value, *(v for v in named if not v.is_leaf), *_in_order(graph, (v for v in named if v.is_leaf))]
    body = "".join(
        f'<tr class="{_role(v, value)}"><th>{escape(graph.names[v])}</th><td>{number_text(v.data)}</td>'
        f"<td>{_gradient(v)}</td></tr>"
        for v in rows[:MAX_ROWS]
    )
    note = f"{len(graph.nodes):,} node{'s were' if len(graph.nodes) != 1 else ' was'} recorded."
    if len(rows) > MAX_ROWS:
        note += f" {len(rows) - MAX_ROWS:,} more have names."
    if value.grad is None and len(graph.nodes) > 1:
        note += f" There is no gradient yet: {value.name or 'result'}.backward() sweeps."
    head = f"<tr><th>number</th><th>value</th><th>∂{escape(graph.names[value])}/∂·</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{body}</tbody></table><p>{escape(note)}</p>"


def _role(v: Value, result: Value) -> str:
    if v is result:
        return "output"
    return "operation" if not v.is_leaf else "leaf" if v.requires_grad else "frozen"


def _gradient(v: Value) -> str:
    if not v.requires_grad:
        return "frozen"
    return "—" if v.grad is None else number_text(float(v.grad.data if isinstance(v.grad, Value) else v.grad))


def _derivations(last: Any, graph: Graph, value: Value) -> str:
    """Write the derivative by each leaf that takes one, or the one that was asked for."""
    if isinstance(last, Explanation):
        return last.mathml()
    leaves = _in_order(graph, (leaf for leaf in graph.leaves if leaf.requires_grad and leaf is not value))
    if not leaves:
        return "<p>It hangs on no number that requires a gradient.</p>"
    if len(graph.nodes) > MAX_NODES_EXPLAINED:
        asked = f"explain({value.name or 'result'}, {leaves[0].name or 'leaf'})"
        return f"<p>{len(graph.nodes):,} nodes are many for formulas. End with one that you want: {escape(asked)}.</p>"
    written = [explain(value, leaf).mathml() for leaf in leaves[:MAX_DERIVATIONS]]
    if len(leaves) > MAX_DERIVATIONS:
        written.append(f"<p>and by {len(leaves) - MAX_DERIVATIONS:,} more numbers: end with explain(…) for one.</p>")
    return "".join(written)
