"""The loss as a landscape over one or two weights, with the paths that descents took on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import Value
from nn.plots.style import GREEN, INK, MARKERS, ORANGE, PALETTE, PURPLE, VERMILLION, apply_style, colormap, make_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nn.module import Module

__all__ = ["loss_curve", "loss_surface"]

Array = NDArray[np.float64]

NAMES_LISTED = 6  # parameters named in a refusal


def _losses(model: Module, X: ArrayLike, y: ArrayLike, loss: Any, parameters: Sequence[Value], points: Array) -> Array:
    """Compute the mean loss at points (n, weights), and leave the weights as they were."""
    from nn.training.checks import mode, read_data
    from nn.training.choice import choose_runner

    examples, loss_of = read_data(model, (X, y), loss)
    count = len(points) * len(examples.X)
    with mode(model, training=False):
        runner, _ = choose_runner(model, loss_of, examples.X, examples.T, parameters, examples=count)
        objective = runner.objective(*examples.arrays)
        return np.array([objective.value(point) for point in points])


def _check_weights(model: Module, parameters: Sequence[Value]) -> None:
    """Refuse a Value that the model does not hold: the loss would be level, whatever the weights are."""
    names = [name for name, _ in model.named_parameters()]
    listed = [*names[:NAMES_LISTED], *(["…"] if len(names) > NAMES_LISTED else [])]
    for parameter in parameters:
        if not any(parameter is known for known in model.parameters()):
            stray = parameter.name or repr(parameter)
            raise ValueError(
                f"{stray} is no parameter of this model, so its loss does not depend on it. Pass the very Value that "
                f"the model holds: {', '.join(listed)}."
            )


def _paths(paths: Mapping[str, ArrayLike] | None, weights: int) -> dict[str, Array]:
    return {label: np.asarray(path, dtype=np.float64).reshape(-1, weights) for label, path in (paths or {}).items()}


def _span(
    around: float, paths: Mapping[str, Array], axis: int, span: tuple[float, float] | None
) -> tuple[float, float]:
    if span is not None:
        return span
    visited = np.concatenate([[around], *(path[:, axis] for path in paths.values())])
    low, high = float(visited.min()), float(visited.max())
    reach = 0.25 * (high - low) if high > low else 1.0 + abs(around)
    return low - reach, high + reach


@apply_style
def loss_curve(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Callable[..., Any],
    parameter: Value,
    *,
    span: tuple[float, float] | None = None,
    paths: Mapping[str, ArrayLike] | None = None,
    resolution: int = 121,
    ax: Axes | None = None,
) -> Figure:
    """Plot the loss as a function of one weight, the others fixed, with paths of descent on it (L1.7, L2.8).

    Args:
        model: the model; its weights are left as they are.
        X: examples.
        y: their targets.
        loss: name of a loss, or a function ``(outputs, targets) -> Value``.
        parameter: the weight.
        span: its smallest and largest number; chosen from the paths unless given.
        paths: by label, the weight after each step, such as ``WeightPath.points``.
        resolution: points of the curve.
        ax: the axes to draw on.

    Returns:
        the figure.

    Raises:
        ValueError: the weight is no parameter of the model.
    """
    from nn.training.curvature import loss_gradient

    _check_weights(model, [parameter])
    ways = _paths(paths, 1)
    figure, [[panel]] = make_figure(ax=ax)
    grid = np.linspace(*_span(parameter.data, ways, 0, span), resolution)
    curve = _losses(model, X, y, loss, [parameter], grid[:, None])
    panel.plot(grid, curve, color=INK, label="E")
    name = parameter.name or "w"
    for index, (label, path) in enumerate(ways.items()):
        heights = _losses(model, X, y, loss, [parameter], path)
        panel.plot(
            path[:, 0],
            heights,
            "-",
            color=PALETTE[index % len(PALETTE)],
            marker=MARKERS[index % len(MARKERS)],
            markersize=5,
            linewidth=1.0,
            label=label,
        )
    if not ways:
        height = _losses(model, X, y, loss, [parameter], np.array([[parameter.data]]))[0]
        [slope] = loss_gradient(model, X, y, loss, [parameter])
        near = parameter.data + np.array([-0.12, 0.12]) * (grid[-1] - grid[0])
        caption = f"∂E/∂{name} = " + f"{slope:.4g}".replace("-", "−")
        panel.plot(near, height + slope * (near - parameter.data), "--", color=VERMILLION, label=caption)
        panel.plot(parameter.data, height, "o", color=VERMILLION)
    bottom, top = float(curve.min()), float(curve.max())
    margin = 0.05 * (top - bottom) or 1.0
    panel.set(
        xlabel=name,
        ylabel="E",
        title=f"the loss over {name}",
        xlim=(grid[0], grid[-1]),
        ylim=(bottom - margin, top + margin),
    )
    panel.legend()
    return figure  # type: ignore[no-any-return]


@apply_style
def loss_surface(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Callable[..., Any],
    parameters: Sequence[Value],
    *,
    spans: tuple[tuple[float, float], tuple[float, float]] | None = None,
    paths: Mapping[str, ArrayLike] | None = None,
    resolution: int = 41,
    ax: Axes | None = None,
) -> Figure:
    """Plot contours of the loss over two weights, the others fixed, with paths of descent (lecture L2.7).

    Args:
        model: the model; its weights are left as they are.
        X: examples.
        y: their targets.
        loss: name of a loss, or a function ``(outputs, targets) -> Value``.
        parameters: the two weights.
        spans: smallest and largest number of each; chosen from the paths unless given.
        paths: by label, the two weights after each step, (steps + 1, 2), such as ``WeightPath.points``.
        resolution: points of the grid along each axis.
        ax: the axes to draw on.

    Returns:
        the figure.

    Raises:
        ValueError: there are not exactly two parameters, or one of them is not the model's.
    """
    if len(parameters) != 2:
        raise ValueError(f"A surface lies over two weights, but {len(parameters)} were given: use loss_curve for one.")
    _check_weights(model, parameters)
    ways = _paths(paths, 2)
    figure, [[panel]] = make_figure(size=(5.2, 4.4 + 0.2 * len(ways)), ax=ax)
    axes = [
        np.linspace(*_span(p.data, ways, k, spans[k] if spans else None), resolution) for k, p in enumerate(parameters)
    ]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    surface = _losses(model, X, y, loss, parameters, grid).reshape(resolution, resolution)
    low = float(surface.min())
    # Squares of equal steps lie evenly around the bottom of a bowl, as the contours of a map do.
    levels = low + (float(surface.max()) - low) * np.linspace(0.0, 1.0, 15) ** 2
    if levels[-1] > levels[0]:
        shade = panel.contourf(*axes, surface, levels=levels, cmap=colormap("#fbfdfe", "#b9d7ea", "#5a9ec7", "#0b4f78"))
        panel.contour(*axes, surface, levels=levels, colors="white", linewidths=0.6)
        figure.colorbar(shade, ax=panel, label="E", format="%.3g")
    names = [p.name or f"w{k + 1}" for k, p in enumerate(parameters)]
    for index, (label, path) in enumerate(ways.items()):
        colour = (VERMILLION, INK, ORANGE, GREEN, PURPLE)[index % 5]
        dense = len(path) > 60
        marker = None if dense else MARKERS[index % len(MARKERS)]
        width = 0.8 if dense else 1.3
        panel.plot(*path.T, "-", color=colour, linewidth=width, marker=marker, markersize=3.5, label=label)
        panel.plot(*path[-1], "*", color=colour, markersize=11, markeredgecolor="white", zorder=4)
    panel.grid(visible=False)
    panel.set(
        xlabel=names[0],
        ylabel=names[1],
        title="the loss over two weights",
        xlim=(axes[0][0], axes[0][-1]),
        ylim=(axes[1][0], axes[1][-1]),
    )
    if ways:
        panel.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.13))  # below, as a path may lead anywhere
    return figure  # type: ignore[no-any-return]
