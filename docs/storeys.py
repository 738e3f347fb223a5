"""Which module imports which, read from the source, and the picture of the three storeys drawn from that.

``python docs/storeys.py`` prints the picture's DOT text; the site draws it at every build.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from autograd.draw.render import svg

__all__ = ["ROOT", "STOREYS", "Import", "draw", "imports_of", "modules_of", "parts_loaded", "to_svg"]

ROOT = Path(__file__).parent.parent
#: Each storey with its colour, the lowest first: a package may import those before it, and none after it.
STOREYS = {"autograd": "#e8f1fb", "nn": "#eaf6ea", "edgegrad": "#fdf1e1"}
#: Functions that take a module's name.
BY_NAME = {"import_module", "__import__", "find_spec", "run_module", "resolve_name"}

When: TypeAlias = Literal["loading", "late", "typing", "by name"]
Needs: TypeAlias = dict[str, set[str]]

STYLE = """\
  rankdir=TB; nodesep=0.15; ranksep=0.3; bgcolor="transparent"; fontname="sans-serif"; labeljust=l
  node [shape=box, style="filled,rounded", fillcolor=white, color="#8a94a0", height=0.3, margin="0.09,0.04"]
  node [fontname="sans-serif", fontsize=11]
  edge [color="#8a94a0", arrowsize=0.5]
"""


class Import(NamedTuple):
    """An import that a source makes: of which module, and when."""

    module: str
    when: When


def imports_of(source: str) -> list[Import]:
    """Return every import of a source: while it loads, inside functions, for type checkers, and by a module's name."""
    reader = _Reader()
    reader.visit(ast.parse(source))
    return reader.found


def modules_of(package: str) -> dict[str, Path]:
    """Return the files of a package by their modules' names: ``nn.optim.flat``."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((ROOT / package).rglob("*.py"))
    }


class _Reader(ast.NodeVisitor):
    def __init__(self) -> None:
        self.found: list[Import] = []
        self.when: When = "loading"

    def visit_Import(self, node: ast.Import) -> None:
        self.found += [Import(alias.name, self.when) for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert node.module is not None, "modules are imported by their whole names"
        assert node.level == 0, "modules are imported by their whole names"
        self.found += [Import(_module(node.module, alias.name), self.when) for alias in node.names]

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in BY_NAME:
            self.found += [Import(name, "by name") for argument in node.args for name in _strings(argument)]
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        self._visit(node, "typing" if "TYPE_CHECKING" in ast.unparse(node.test) else self.when)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit(node, "late")

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit(node, "late")

    def _visit(self, node: ast.AST, when: When) -> None:
        before, self.when = self.when, when
        self.generic_visit(node)
        self.when = before


def _strings(node: ast.expr) -> Iterator[str]:
    """Yield the strings in an expression; of an f-string the parts that are written out."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value.rstrip(".")


def _module(module: str, name: str) -> str:
    """Return the module that ``from module import name`` loads: the name may be a module itself."""
    inner = ROOT.joinpath(*module.split("."), name)
    return f"{module}.{name}" if inner.with_suffix(".py").exists() or (inner / "__init__.py").exists() else module


def parts_loaded() -> Needs:
    """Return for each part of the packages the parts that it loads.

    A part is a module such as `autograd.value`, a folder such as `nn.optim`, or a package's own `__init__`, which is
    the door of its storey.
    """
    needs: Needs = {}
    for package in STOREYS:
        for name, path in modules_of(package).items():
            if not name.endswith("__main__"):
                found = imports_of(path.read_text(encoding="utf-8"))
                loaded = {_part(module) for module, when in found if when == "loading" and _storey(module) in STOREYS}
                needs.setdefault(_part(name), set()).update(loaded - {_part(name)})
    return needs


def _storey(module: str) -> str:
    return module.partition(".")[0]


def _part(module: str) -> str:
    return ".".join(module.split(".")[:2])


def _reach(needs: Mapping[str, Set[str]]) -> Needs:
    """Return all that each part loads, directly or through others."""
    reached: Needs = {}
    for part in needs:
        waiting, reached[part] = list(needs[part]), set()
        while waiting:
            other = waiting.pop()
            if other not in reached[part]:
                reached[part].add(other)
                waiting += needs[other]
    return reached


def draw() -> str:
    """Write the picture as DOT text: an arrow for each import that does not follow from the others."""
    needs = parts_loaded()
    reached = _reach(needs)
    # Folders whose modules need each other share a box, called by the first of them.
    box = {part: min({part} | {other for other in reached[part] if part in reached[other]}) for part in needs}
    below: Needs = {first: set() for first in box.values()}
    for part, others in needs.items():
        below[box[part]] |= {box[other] for other in others} - {box[part]}
    reached = _reach(below)
    lines = []
    for package, colour in STOREYS.items():
        lines.append(f'  subgraph cluster_{package} {{ label=<<b>{package}</b>>; style=filled; color="{colour}"')
        for first in sorted(below):
            if _storey(first) == package:
                inside = [_word(part) for part in sorted(box) if box[part] == first]
                lines.append(f'    "{first}" [label="{" · ".join(inside)}"]')
        lines.append("  }")
    for first, others in sorted(below.items()):
        direct = {other for other in others if not any(other in reached[between] for between in others)}
        lines += [f'  "{first}" -> "{other}"' for other in sorted(direct)]
    return "digraph {\n" + STYLE + "\n".join(lines) + "\n}\n"


def _word(part: str) -> str:
    return part.partition(".")[2] or f"import {part}"


def to_svg() -> str:
    """Draw the picture."""
    return svg(draw())


if __name__ == "__main__":
    print(draw(), end="")
