"""Pictures that only the lectures need: functions beside each other, spike trains, patterns, maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from edgegrad.lectures.exhibit import Trained, moons
from nn.plots import decision
from nn.plots.style import BLUE, INK, MARKERS, PALETTE, SKY, VERMILLION, apply_style, diverging, make_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nn import Module

__all__ = [
    "contours",
    "curves",
    "decide",
    "exhibit",
    "gradient_arrows",
    "map_grid",
    "patterns",
    "rolling",
    "spike_trains",
    "stages",
]


@apply_style
def curves(
    x: ArrayLike,
    columns: Mapping[str, ArrayLike],
    *,
    labels: tuple[str, str] = ("x", "y"),
    title: str = "",
    points: tuple[ArrayLike, ArrayLike] | None = None,
) -> Figure:
    """Plot functions over one axis, and points; without points the first is drawn dark, as what the others near."""
    figure, [[panel]] = make_figure(size=(6.4, 3.6))
    dark = int(len(columns) > 1 and points is None)
    for k, (label, column) in enumerate(columns.items()):
        colour = INK if k < dark else PALETTE[(k - dark) % len(PALETTE)]
        panel.plot(np.asarray(x), np.asarray(column, dtype=np.float64), color=colour, label=label)
    if points is not None:
        panel.plot(*map(np.asarray, points), "o", color=INK, markersize=3)
    panel.set(xlabel=labels[0], ylabel=labels[1], title=title)
    if len(columns) > 1:  # above the panel, for inside it the legend would lie on curves
        figure.legend(loc="outside upper center", ncols=5 if sum(map(len, columns)) < 60 else 3)
    return figure  # type: ignore[no-any-return]


@apply_style
def stages(x: ArrayLike, target: ArrayLike, columns: Mapping[str, ArrayLike]) -> Figure:
    """Plot functions one to a panel, each on what it comes close to."""
    figure, axes = make_figure(-(-len(columns) // 2), 2, (4.0, 2.4))
    for panel, (label, column) in zip(axes.flat, columns.items(), strict=False):
        panel.plot(np.asarray(x), np.asarray(target), color="#999999", linewidth=1.2)
        panel.plot(np.asarray(x), np.asarray(column), color=VERMILLION)
        panel.set_title(label, fontsize="small")
    return figure  # type: ignore[no-any-return]


@apply_style
def contours(f: Callable[[float, float], float], paths: Mapping[str, ArrayLike], *, title: str = "") -> Figure:
    """Draw paths of descent on the contours of a function of two weights; each ends in a star."""
    figure, [[panel]] = make_figure(size=(5.6, 4.6))
    ways = {label: np.asarray(path, dtype=np.float64) for label, path in paths.items()}
    points = np.concatenate(list(ways.values()))
    low, high = points.min(axis=0), points.max(axis=0)
    reach = 0.2 * (high - low) + 0.2
    axes = [np.linspace(low[k] - reach[k], high[k] + reach[k], 61) for k in (0, 1)]
    heights = np.array([[f(x, y) for x in axes[0].tolist()] for y in axes[1].tolist()])
    least = float(heights.min())
    levels = least + (float(heights.max()) - least) * np.linspace(0.0, 1.0, 14) ** 2
    panel.contour(*axes, heights, levels=levels, colors="#b9d7ea", linewidths=0.9)
    for k, (label, way) in enumerate(ways.items()):
        colour, marker = PALETTE[k % len(PALETTE)], MARKERS[k % len(MARKERS)]
        panel.plot(*way.T, "-", color=colour, marker=marker if len(way) < 40 else None, markersize=4, label=label)
        panel.plot(*way[-1], "*", color=colour, markersize=12, markeredgecolor="white", zorder=4)
    panel.grid(visible=False)
    panel.set(xlabel="w1", ylabel="w2", title=title)
    figure.legend(loc="outside upper center", ncols=3)
    return figure  # type: ignore[no-any-return]


@apply_style
def decide(model: Module, points: ArrayLike, classes: ArrayLike, title: str, **options: Any) -> Figure:
    """Plot what a model answers over the plane, under a title; the options are those of `nn.plots.decision`."""
    figure = decision(model, points, classes, **options)
    figure.axes[0].set_title(title, loc="left")
    return figure


@apply_style
def exhibit(shown: Mapping[str, Trained]) -> Figure:
    """Draw for each optimiser the start and the tail of its errors, its decision on test data, its first layer."""
    _, _, X_test, t_test = moons()
    figure, axes = make_figure(len(shown), 4, (2.3, 2.0))
    for (label, one), (start, tail, plane, layer) in zip(shown.items(), axes, strict=True):
        losses = one.history["loss"]
        steps = np.arange(len(losses))
        for panel, part in ((start, slice(0, 11)), (tail, slice(10, None))):
            panel.semilogy(steps[part], losses[part])
        start.set_ylabel(label, fontweight="bold")
        decision(one.model, X_test, t_test, threshold=0.0, resolution=24, ax=plane)
        plane.set(xlabel="", ylabel="")
        plane.set_title("")
        weights = one.model.state_dict()["W1"]
        reach = np.abs(weights).max()
        layer.imshow(weights, cmap=diverging(), vmin=-reach, vmax=reach, aspect="auto")
        layer.grid(visible=False)
        tail.set_title(f"{one.evaluations} evaluations", fontsize="small")
        layer.set_title(f"W1, test {one.accuracy:.0%}", fontsize="small")
    axes[0, 0].set_title("E, 10 steps", fontsize="small")
    return figure  # type: ignore[no-any-return]


@apply_style
def gradient_arrows(
    f: Callable[[float, float], float],
    slopes: Callable[[float, float], tuple[float, float]],
    span: tuple[float, float],
    angles: ArrayLike,
    speeds: ArrayLike,
) -> Figure:
    """Draw the gradient of a function of two numbers as arrows on its contours, and its growth by direction."""
    figure, [[panel, beside]] = make_figure(1, 2, (4.2, 3.8))
    fine, coarse = np.linspace(*span, 81), np.linspace(*span, 7)[1:-1]
    heights = np.array([[f(x, y) for x in fine.tolist()] for y in fine.tolist()])
    panel.contour(fine, fine, heights, levels=14, colors=SKY, linewidths=0.9)
    feet = [(x, y) for x in coarse.tolist() for y in coarse.tolist()]
    arrows = np.array([slopes(x, y) for x, y in feet])
    panel.quiver(*np.array(feet).T, *arrows.T, color=VERMILLION, angles="xy", scale_units="xy", scale=8.0, width=0.007)
    panel.grid(visible=False)
    panel.set(xlabel="x", ylabel="y", title="∇f across the contours of f", aspect="equal")
    beside.plot(np.asarray(angles), np.asarray(speeds), "o", color=BLUE, markersize=4)
    beside.axhline(0.0, color="#888888", linewidth=0.8)
    beside.set(xlabel="degrees from ∇f", title="speed of growth at (0.5, 0.8)", xticks=range(0, 361, 90))
    return figure  # type: ignore[no-any-return]


@apply_style
def rolling(
    x: ArrayLike, heights: ArrayLike, ways: Mapping[str, Sequence[float]], f: Callable[[float], float]
) -> Figure:
    """Draw descents on the curve that they run down, a panel each."""
    figure, [panels] = make_figure(1, len(ways), (4.0, 3.0))
    for panel, (label, way) in zip(panels, ways.items(), strict=True):
        panel.plot(np.asarray(x), np.asarray(heights), color="#999999")
        panel.plot(way, [f(w) for w in way], "o-", color=BLUE, markersize=3, linewidth=0.6)
        panel.plot(way[-1], f(way[-1]), "*", color=VERMILLION, markersize=13)
        panel.set(xlabel="w", title=label)
    return figure  # type: ignore[no-any-return]


@apply_style
def spike_trains(trains: Mapping[str, Sequence[float]], until: float) -> Figure:
    """Draw a stroke for each spike, a line for each input and neuron."""
    figure, [[panel]] = make_figure(size=(6.4, 0.8 + 0.4 * len(trains)))
    for k, times in enumerate(trains.values()):
        panel.vlines(list(map(float, times)), k - 0.35, k + 0.35, color=PALETTE[k % len(PALETTE)], linewidth=2)
    panel.set(xlabel="t, ms", xlim=(-0.01 * until, until), ylim=(len(trains) - 0.5, -0.5))
    panel.set_yticks(range(len(trains)), list(trains))
    return figure  # type: ignore[no-any-return]


@apply_style
def patterns(pictures: Mapping[str, Any]) -> Figure:
    """Show arrays of two axes beside and below one another, dark where they are large."""
    columns = len(pictures) if len(pictures) <= 4 else 3
    figure, axes = make_figure(-(-len(pictures) // columns), columns, (1.9, 2.1))
    for panel, (label, array) in zip(axes.flat, pictures.items(), strict=False):
        panel.imshow(np.asarray(array), cmap="Greys")
        panel.set_title(label, fontsize="small")
        panel.set(xticks=(), yticks=())
        panel.spines[:].set_visible(True)
    for panel in axes.flat[len(pictures) :]:
        panel.axis("off")
    return figure  # type: ignore[no-any-return]


@apply_style
def map_grid(before: Any, after: Any, X: ArrayLike) -> Figure:
    """Draw a map's neurons on two inputs, joined as on the grid, before and after it was trained."""
    figure, [panels] = make_figure(1, 2, (3.6, 3.6))
    for panel, W, title in zip(panels, (before, after), ("before", "after"), strict=True):
        panel.plot(*np.asarray(X).T, ".", color="#cccccc", markersize=3)
        for lines in (W, W.transpose(1, 0, 2)):
            for line in lines:
                panel.plot(*line.T, color=BLUE, linewidth=1.0)
        panel.set(title=title, aspect="equal")
    return figure  # type: ignore[no-any-return]
