"""The colours of a page: the palette of every drawing here for light, and a dark one of the same hues.

The style sheet knows variables only; text in each keeps a contrast of at least 4.5 : 1 on every ground it stands on.
"""

from __future__ import annotations

from autograd.draw.palette import FLOW, INK, LINE, LOOKS, MUTED, PAPER, QUIET, RULE

__all__ = ["DARK", "LIGHT", "variables"]

ROLES = ("operation", "output", "leaf", "parameter", "frozen", "fold")

LIGHT: dict[str, str] = (
    {
        "paper": PAPER,
        "raised": "#FFFFFF",
        "sunk": "#F3F5F7",
        "ink": INK,
        "muted": MUTED,
        "line": LINE,
        "quiet": QUIET,
        "rule": RULE,
        "edge": "#868F99",
        "flow": FLOW,
        "flow-line": "#C4733D",
        "forward": LOOKS["leaf"].border,
        "on-forward": "#FFFFFF",
        "glow": "#0063A066",
        "focus": "#8250DF",
        "shadow": "0 6px 24px #1C212833",
    }
    | {role: LOOKS[role].border for role in ROLES}
    | {f"{role}-fill": LOOKS[role].fill for role in ROLES}
)

DARK: dict[str, str] = {
    "paper": "#11151A",
    "raised": "#171C22",
    "sunk": "#222932",
    "ink": "#E8EDF2",
    "muted": "#A7B1BC",
    "line": "#7F8A96",
    "quiet": "#525C67",
    "rule": "#2E3640",
    "edge": "#6B7682",
    "flow": "#FFA36B",
    "flow-line": "#C97B48",
    "forward": "#62B5F2",
    "on-forward": "#0B1721",
    "glow": "#62B5F266",
    "focus": "#C297FF",
    "shadow": "0 6px 24px #000000AA",
    "operation": "#8B96A2",
    "operation-fill": "#1A2027",
    "output": "#45C79B",
    "output-fill": "#10261E",
    "leaf": "#62B5F2",
    "leaf-fill": "#10253A",
    "parameter": "#EDA63F",
    "parameter-fill": "#2E2210",
    "frozen": "#97A2AE",
    "frozen-fill": "#1D232A",
    "fold": "#C99BE2",
    "fold-fill": "#281C31",
}


def variables() -> str:
    """Write both sets as custom properties: dark where the reader's system is, or where the page's switch says so."""
    light, dark = ("".join(f"--{name}:{colour};" for name, colour in colours.items()) for colours in (LIGHT, DARK))
    return (
        f":root{{color-scheme:light;{light}}}"
        f"@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
    )
