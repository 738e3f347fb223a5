"""Weights as pictures, neuron by neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nn.plots.style import INK, apply_style, diverging, make_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nn.module import Module

__all__ = ["weights"]


@apply_style
def weights(
    model: Module, name: str = "W1", *, shape: tuple[int, int] | None = None, columns: int = 8, limit: int = 64
) -> Figure:
    """Show weights as pictures: one for each neuron where the inputs are an image, else the whole matrix (L4.18).

    Args:
        model: the model.
        name: name of the array in ``state_dict()``; kernels of a convolution give a picture for each channel.
        shape: (rows, columns) of the input image; the whole matrix is one picture without.
        columns: pictures side by side.
        limit: the most pictures to show.

    Returns:
        the figure; white is zero, and all pictures share the scale of the colours.

    Raises:
        KeyError: the model has no such array.
        ValueError: the shape does not fit the number of inputs.
    """
    from matplotlib.ticker import MaxNLocator

    arrays = model.state_dict()
    if name not in arrays:
        raise KeyError(f"The model has no array {name!r}. Arrays: {', '.join(arrays)}.")
    array = np.atleast_2d(arrays[name])
    if array.ndim == 4:
        pictures = array.reshape(-1, *array.shape[2:])
    elif shape is not None:
        if shape[0] * shape[1] != array.shape[1]:
            raise ValueError(
                f"{name} has {array.shape[1]} inputs, which do not make a picture of {shape[0]} × {shape[1]}."
            )
        pictures = array.reshape(-1, *shape)
    else:
        pictures = array[None]
    pictures = pictures[:limit]
    reach = max(float(np.abs(pictures).max()), 1e-12)
    colours = {"cmap": diverging(), "vmin": -reach, "vmax": reach}
    if len(pictures) == 1:
        figure, [[panel]] = make_figure(size=(5.0, 4.0))
        image = panel.imshow(pictures[0], aspect="auto" if shape is None else "equal", **colours)
        panel.grid(visible=False)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True))
        panel.set(xlabel="input", ylabel="neuron", title=f"{name}, {array.shape[0]} × {array.shape[1]}")
        figure.colorbar(image, ax=panel, label="weight")
        return figure  # type: ignore[no-any-return]
    wide = min(columns, len(pictures))
    figure, axes = make_figure(-(-len(pictures) // wide), wide, (1.1, 1.15))
    for index, panel in enumerate(axes.flat):
        panel.axis("off")
        if index < len(pictures):
            image = panel.imshow(pictures[index], **colours)
            panel.set_title(f"{index + 1}", fontsize="x-small", fontweight="normal", pad=2)
    figure.colorbar(image, ax=axes, shrink=0.8, label="weight")
    figure.suptitle(f"{name}, neuron by neuron", fontsize="medium", fontweight="bold", color=INK)
    return figure  # type: ignore[no-any-return]
