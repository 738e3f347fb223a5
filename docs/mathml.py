"""A Sphinx extension that writes mathematics as MathML, which browsers show without a script."""

from __future__ import annotations

from typing import Any

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.application import Sphinx


def write(latex: str, display: str = "inline") -> str:
    """Write a formula as MathML; latex2mathml knows no ``aligned``, and would show its ``&`` as a letter."""
    return str(convert(latex.replace("{aligned}", "{align*}"), display=display))


def inline(translator: Any, node: Any) -> None:
    """Write a formula in a line of text."""
    translator.body.append(write(node.astext()))
    raise SkipNode


def display(translator: Any, node: Any) -> None:
    """Write a formula on lines of its own."""
    translator.body.append(f'<div class="math">{write(node.astext(), "block")}</div>')
    raise SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer; ``html_math_renderer = "mathml"`` chooses it."""
    app.add_html_math_renderer("mathml", (inline, None), (display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
