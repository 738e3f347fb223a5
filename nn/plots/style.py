"""How every plot looks: one palette, one style, and figures that are returned and never shown."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import numpy as np

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

__all__ = [
    "BLUE",
    "GREEN",
    "INK",
    "MARKERS",
    "ORANGE",
    "PALETTE",
    "PURPLE",
    "VERMILLION",
    "apply_style",
    "colormap",
    "diverging",
    "make_figure",
]

Options = ParamSpec("Options")

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, INK = "#E69F00", "#56B4E9", "#222222"
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, INK)
MARKERS = "osD^vPX*"
ALONE = (5.2, 3.6)  # inches of a panel
BESIDE = (4.2, 3.2)  # of one beside others: the letters of two on a page of 900 pixels stay large
PADDING = 0.06  # inches around each panel: with less, titles touch the edge
STYLE: dict[Any, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.labelcolor": INK,
    "axes.titlesize": "medium",
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "lines.linewidth": 1.8,
    "contour.negative_linestyle": "solid",  # below 0 is no other kind of height
    "legend.frameon": False,
    "legend.fontsize": "small",
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "font.size": 10,
}


def apply_style(plot: Callable[Options, Figure]) -> Callable[Options, Figure]:
    """Draw with this module's style, whatever the user's own settings are."""

    @wraps(plot)
    def apply_style(*args: Options.args, **kwargs: Options.kwargs) -> Figure:
        try:
            import matplotlib
        except ImportError:
            raise ImportError(
                "Plots need matplotlib, which is not installed. Run: pip install 'edgegrad[plots]'"
            ) from None
        from cycler import cycler

        with matplotlib.rc_context({**STYLE, "axes.prop_cycle": cycler(color=PALETTE)}):
            return plot(*args, **kwargs)

    return apply_style


def make_figure(
    rows: int = 1, columns: int = 1, size: tuple[float, float] | None = None, ax: Any = None
) -> tuple[Any, Any]:
    """Make a figure with a grid of axes, or take the user's own axes.

    Args:
        rows: of panels.
        columns: of panels.
        size: of a panel in inches; unless given as large as fits a page, alone or beside another.
        ax: the user's axes.
    """
    if ax is not None:
        if rows * columns != 1:
            raise ValueError(f"ax is one pair of axes, but this plot has {rows * columns} panels: leave ax out.")
        return ax.figure, np.array([[ax]])
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    width, height = size or (ALONE if columns == 1 else BESIDE)
    layout = ConstrainedLayoutEngine(w_pad=PADDING, h_pad=PADDING)
    figure = Figure(figsize=(width * columns, height * rows), layout=layout)
    figure._repr_png_ = lambda: _png(figure)  # type: ignore[attr-defined]  # notebooks show a figure without pyplot so
    return figure, figure.subplots(rows, columns, squeeze=False)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def colormap(*colours: str) -> Colormap:
    """Make a map that passes evenly through some colours."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("edgegrad", colours)


def diverging() -> Colormap:
    """Make the map for numbers of both signs: blue below zero, vermillion above."""
    return colormap("#00466e", BLUE, "#8fc1de", "#f7f7f7", "#f2b48c", VERMILLION, "#7f3800")
