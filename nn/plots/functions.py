"""What functions and models answer: activations with their derivatives, and decisions over the plane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

import autograd
from nn.arrays import check_given
from nn.data.examples import read_columns
from nn.modules.activations import ACTIVATIONS, ActivationFunction, activation
from nn.plots.style import BLUE, INK, MARKERS, PALETTE, VERMILLION, apply_style, colormap, make_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn.module import Module

__all__ = ["activations", "decision"]

ROUNDING = 1e-6  # scores that all lie this near the threshold are at it


def _gallery(names: Iterable[str]) -> dict[str, Callable[[Any], Any]]:
    """Return activations as functions of one number, by label; one of a whole layer sees zeros beside it."""

    def of_layer(known: ActivationFunction) -> Callable[[Any], Any]:
        return lambda x: known([x, 0.0, 0.0])[0]

    return {
        f"{known} of (x, 0, 0)" if known.whole else str(known): of_layer(known) if known.whole else known
        for known in map(activation, names)
    }


@apply_style
def activations(
    functions: Mapping[str, Callable[[Any], Any]] | Iterable[str] = tuple(ACTIVATIONS),
    *,
    span: tuple[float, float] = (-4.0, 4.0),
) -> Figure:
    """Plot activation functions with their derivatives, which the engine computes (lecture L1.2).

    Args:
        functions: names of activations, all of them unless given; or, by label, a function of one Value.
        span: the interval to plot.

    Returns:
        the figure. A dot marks what is taken at 0 where the function jumps there, or its derivative.
    """
    if isinstance(functions, str):
        functions = (functions,)
    chosen = functions if isinstance(functions, Mapping) else _gallery(functions)
    rows = -(-len(chosen) // 4)
    figure, axes = make_figure(rows, -(-len(chosen) // rows), (2.1, 1.9))
    grid = np.linspace(*span, 401)
    sides = np.append(grid[grid < 0.0], -1e-12), np.append(1e-12, grid[grid > 0.0])
    for panel, (label, function) in zip(axes.flat, chosen.items(), strict=False):
        slope = autograd.grad(function)
        for f, name, colour, line in ((function, "f(x)", BLUE, "-"), (slope, "f′(x)", VERMILLION, "--")):
            before, at_zero, beyond = (float(f(x)) for x in (-1e-12, 0.0, 1e-12))
            jumps = max(abs(at_zero - before), abs(at_zero - beyond)) > 1e-6
            pieces = sides if jumps else (grid,)
            for index, xs in enumerate(pieces):
                ys = [float(f(x)) for x in xs]
                panel.plot(xs, ys, color=colour, linestyle=line, label=None if index else name)
            if jumps:
                panel.plot(0.0, at_zero, "o", color=colour, markersize=4.5, zorder=4)
        panel.set(title=label, xlim=span, ylim=(-1.6, 2.2))
        panel.locator_params(axis="x", integer=True, nbins=5)
        panel.axhline(0.0, color="#888888", linewidth=0.8, zorder=1)
        panel.axvline(0.0, color="#888888", linewidth=0.8, zorder=1)
    axes.flat[0].legend(loc="upper left")
    for panel in axes.flat[len(chosen) :]:
        panel.axis("off")
    return figure  # type: ignore[no-any-return]


@apply_style
def decision(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    *,
    threshold: float | None = None,
    resolution: int = 80,
    names: tuple[str, str] = ("x₁", "x₂"),
    ax: Axes | None = None,
) -> Figure:
    """Plot what a model answers over the plane, its decision boundary, and the examples (lecture L4.6).

    Args:
        model: takes two numbers; gives one score, or one for each class.
        X: examples, (n, 2).
        y: their classes, (n,) or (n, 1).
        threshold: of a single score; 0.5 where the model's scores all lie in [0, 1], else 0, unless given.
        resolution: points of the grid along each axis.
        names: labels of the axes.
        ax: the axes to draw on.

    Returns:
        the figure.

    Raises:
        ValueError: the examples are no points of a plane.
    """
    from nn.training.fit import predict

    check_given(y, "y")
    points, classes = read_columns(X), np.asarray(y).reshape(-1)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"A decision is plotted over two inputs: X must have the shape (n, 2), not {points.shape}.")
    figure, [[panel]] = make_figure(size=(5.0, 4.4), ax=ax)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.12 * (high - low)
    axes = [np.linspace(a, b, resolution) for a, b in zip(low - margin, high + margin, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1)
    scores = predict(model, grid.reshape(-1, 2)).reshape(resolution, resolution, -1)
    if scores.shape[2] == 1:
        _shade_score(figure, panel, axes, scores[..., 0], threshold)
    else:
        _shade_classes(panel, axes, scores)
    for index, label in enumerate(np.unique(classes)):
        inside = classes == label
        panel.scatter(
            *points[inside].T,
            s=26,
            marker=MARKERS[index % len(MARKERS)],
            color=PALETTE[index % len(PALETTE)],
            edgecolor="white",
            linewidth=0.7,
            label=f"{label:g}".replace("-", "−"),
            zorder=3,
        )
    panel.grid(visible=False)
    panel.set(xlabel=names[0], ylabel=names[1])
    panel.set_title("decision", loc="left")
    panel.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=6, borderpad=0.0, handletextpad=0.1, columnspacing=0.9
    )
    return figure  # type: ignore[no-any-return]


def _shade_score(figure: Any, panel: Any, axes: list[Any], score: Any, threshold: float | None) -> None:
    """Shade by a single score, and draw the line where it crosses the threshold."""
    middle = threshold if threshold is not None else 0.5 if score.min() >= 0.0 and score.max() <= 1.0 else 0.0
    reach = float(np.abs(score - middle).max())
    if reach <= ROUNDING:  # else rounding would be shaded, and a line drawn through it
        score, reach = np.full_like(score, middle), 0.5
    levels = np.linspace(middle - reach, middle + reach, 23)
    shade = panel.contourf(
        *axes, score, levels=levels, cmap=colormap("#63a6cf", "#b3d5e8", "#f8f8f8", "#f5cdb0", "#e39a63")
    )
    ticks = [middle - reach, middle, middle + reach]
    figure.colorbar(shade, ax=panel, label="score", ticks=ticks, format=lambda tick, _: _round(tick, reach))
    if score.min() < middle < score.max():
        panel.contour(*axes, score, levels=[middle], colors=INK, linewidths=1.6)


def _round(tick: float, reach: float) -> str:
    """Write a number of a scale: to two digits, and 0 for what is nearly 0 on it, such as a probability of 4e−07."""
    return "0" if abs(tick) < reach / 1000.0 else f"{tick:.2g}".replace("-", "−")


def _shade_classes(panel: Any, axes: list[Any], scores: Any) -> None:
    """Shade by the class with the largest score: where its lead over the best of the others is positive."""
    for k in range(scores.shape[2]):
        lead = scores[..., k] - np.delete(scores, k, axis=2).max(axis=2)
        if lead.max() > 0.0:
            panel.contourf(*axes, lead, levels=[0.0, np.inf], colors=[PALETTE[k % len(PALETTE)]], alpha=0.25)
        if lead.min() < 0.0 < lead.max():
            panel.contour(*axes, lead, levels=[0.0], colors=INK, linewidths=1.0)
