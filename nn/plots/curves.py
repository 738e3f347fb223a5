"""Curves over the epochs of one or several trainings, and the length of the gradient over the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nn.plots.style import MARKERS, PALETTE, apply_style, make_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn.training.history import History

__all__ = ["compare", "gradient_norms", "history"]

SCALES = ("linear", "log", "change")
ROUNDING = 1e-18  # what lies below this share of the largest number is not shown on a logarithmic axis


@apply_style
def history(
    record: History,
    what: str | Sequence[str] | None = None,
    *,
    scale: str | Sequence[str] = "linear",
    ax: Axes | None = None,
) -> Figure:
    """Plot the columns of a history over the epochs: see `History.plot`."""
    if not record.epochs:
        raise ValueError("There is nothing to plot: no epoch was finished.")
    scales = [scale] if isinstance(scale, str) else list(scale)
    for one in scales:
        if one not in SCALES:
            raise ValueError(f"scale must be one of {', '.join(SCALES)}, not {one!r}.")
    chosen = [what] if isinstance(what, str) else list(what or [n for n in record if not n.startswith("val_")])
    figure, axes = make_figure(len(chosen), len(scales), ax=ax)
    for row, name in zip(axes, chosen, strict=True):
        for panel, one in zip(row, scales, strict=True):
            _curve(panel, record[name], one, "training", "-")
            if f"val_{name}" in record:
                _curve(panel, record[f"val_{name}"], one, "validation", "--")
                panel.legend()
            _label_epochs(panel, name, one)
    return figure  # type: ignore[no-any-return]


def _scale(column: Sequence[float], scale: str) -> tuple[Any, Any]:
    """Return the epochs and the numbers to plot; what has no logarithm is left out of a logarithmic plot."""
    epochs, numbers = np.arange(1, len(column) + 1), np.array(column)
    if scale == "change":
        return epochs[1:], np.diff(numbers)
    return epochs, np.where(numbers > 0.0, numbers, np.nan) if scale == "log" else numbers


def _curve(panel: Any, column: Sequence[float], scale: str, label: str, line: str) -> None:
    epochs, numbers = _scale(column, scale)
    marker = "o" if len(epochs) <= 20 else None
    panel.plot(epochs, numbers, line, label=label, marker=marker, markersize=4)


def _label_epochs(panel: Any, name: str, scale: str) -> None:
    from matplotlib.ticker import MaxNLocator

    title = {"linear": name, "log": f"{name}, logarithmic", "change": f"change of {name}"}[scale]
    panel.set(xlabel="epoch", title=title)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    if scale == "log":
        panel.set_yscale("log")
        bottom, top = panel.dataLim.intervaly
        if 0.0 < bottom < ROUNDING * top < np.inf:
            panel.set_ylim(bottom=ROUNDING * top)
    elif scale == "change":
        panel.axhline(0.0, color="#888888", linewidth=0.8, zorder=1)


@apply_style
def compare(
    histories: Mapping[str, History],
    what: str = "loss",
    *,
    scale: str = "log",
    start: int | None = None,
    ax: Axes | None = None,
) -> Figure:
    """Plot one column of several trainings together: optimisers, learning rates, batch sizes (L2.7, L2.8, L4.18).

    Args:
        histories: by label, what `fit` returned.
        what: the column.
        scale: ``"linear"``, ``"log"`` or ``"change"``.
        start: draw the first `start` epochs and the tail after them in panels of their own, as L4.18 does.
        ax: the axes to draw on, without `start`.

    Returns:
        the figure.

    Raises:
        ValueError: there is no history, or the scale is unknown.
    """
    if not histories or scale not in SCALES:
        raise ValueError(f"compare needs at least one history, and a scale out of {', '.join(SCALES)}.")
    figure, [panels] = make_figure(1, 1 if start is None else 2, ax=ax)
    for index, (label, record) in enumerate(histories.items()):
        epochs, column = _scale(record[what], scale)
        parts: list[Any] = [slice(None)] if start is None else [epochs <= start, epochs >= start]
        for panel, part in zip(panels, parts, strict=True):
            panel.plot(
                epochs[part],
                column[part],
                label=label,
                color=PALETTE[index % len(PALETTE)],
                linestyle=("-", "--", ":")[index // len(PALETTE) % 3],
            )
    for panel, where in zip(panels, ("",) if start is None else (": the start", ": the tail"), strict=True):
        _label_epochs(panel, what, scale)
        panel.set_title(panel.get_title() + where)
    if len(histories) > 6:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper")
    else:
        panels[0].legend()
    return figure  # type: ignore[no-any-return]


@apply_style
def gradient_norms(norms: Mapping[str, Mapping[str, float]], *, ax: Axes | None = None) -> Figure:
    """Plot the length of the gradient layer by layer, to see it vanish (lecture L4.9).

    Args:
        norms: by label of the model, what `nn.curvature.gradient_norms` gave for it.
        ax: the axes to draw on.

    Returns:
        the figure; the axis of the lengths is logarithmic.

    Raises:
        ValueError: there is no model.
    """
    if not norms:
        raise ValueError("gradient_norms needs the lengths of at least one model, from nn.curvature.gradient_norms.")
    figure, [[panel]] = make_figure(ax=ax)
    for index, (label, layers) in enumerate(norms.items()):
        places = np.arange(1, len(layers) + 1)
        panel.plot(places, list(layers.values()), label=label, marker=MARKERS[index % len(MARKERS)], markersize=5)
    longest = max(norms.values(), key=len)
    panel.set_xticks(np.arange(1, len(longest) + 1), list(longest))
    panel.set(yscale="log", xlabel="layer, from the input to the output", title="length of the gradient, ‖∂E/∂W‖")
    panel.legend()
    return figure  # type: ignore[no-any-return]
