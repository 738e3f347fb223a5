"""A Sphinx extension that writes mathematics as MathML, which browsers show without a script."""

from __future__ import annotations

import re
from typing import Any

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.application import Sphinx

THIN_SPACE = '<mspace width="0.167em" />'
BEFORE_A_NAME = re.compile(r"(</m(?:i|n|sub|sup|frac)>)(?=<mi>[a-z]{2,}</mi>)")
AFTER_A_NAME = re.compile(r"(<mi>[a-z]{2,}</mi>)(?=<m(?!o|space))")


def write(latex: str, display: str = "inline") -> str:
    """Write a formula as MathML.

    latex2mathml knows no ``aligned``, and would show its ``&`` as a letter; it would show t ln p as tlnp, and := as two
    signs.
    """
    text = str(convert(latex.replace("{aligned}", "{align*}"), display=display))
    text = text.replace("<mi>:</mi><mo>&#x0003D;</mo>", "<mo>&#x02254;</mo>")
    return AFTER_A_NAME.sub(rf"\1{THIN_SPACE}", BEFORE_A_NAME.sub(rf"\1{THIN_SPACE}", text))


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
