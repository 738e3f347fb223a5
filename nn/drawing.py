"""The drawing that a notebook shows of a model of fully connected layers: its neurons, and a line for each weight."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from nn.parameters import Parameters

__all__ = ["Column", "draw_neurons"]

MAX_NEURONS = 8  # of a layer that are drawn; of more the first and the last
MAX_LAYERS = 7
ACROSS, DOWN, RADIUS = 130, 26, 8  # pixels from layer to layer, from neuron to neuron, and of a neuron
LEGEND, LEGEND_WIDTH = "lines: weights, orange > 0, blue < 0, thick: large, dashed: frozen", 400
MAX_CHARACTERS = 20  # of a line of words below a layer
WORDS = 16  # pixels of a line of words below a layer
THINNEST, THICKEST = 0.6, 3.6  # pixels of the line of a weight of 0, and of the largest of its layer
POSITIVE, NEGATIVE, ROUND = "#A83E00", "#0063A0", "#57606A"  # the colours of the graphs' drawings


class Column(NamedTuple):
    """The inputs, or a layer.

    Attributes:
        neurons: how many there are.
        weights: their weights (neurons, inputs); None of the inputs.
        words: what is said below them, line by line.
    """

    neurons: int
    weights: Parameters | None
    words: list[str]


def draw_neurons(columns: list[Column], title: str) -> str:
    """Draw fully connected layers as SVG, or return "" where there are too many, or none.

    The line of a weight is as thick as the weight is large beside the others that are drawn of its layer, orange where
    it is positive, blue where it is negative, and dashed where it is frozen; its name and number are its tooltip.
    """
    if not 1 < len(columns) <= MAX_LAYERS + 1:
        return ""
    rows = max(min(column.neurons, MAX_NEURONS) for column in columns)
    words = max(len(column.words) for column in columns)
    width, height = max(ACROSS * len(columns), LEGEND_WIDTH), DOWN * rows + WORDS * (words + 2)
    described = f"{title}: {' → '.join(f'{column.neurons:,}' for column in columns)} neurons"
    lines: list[str] = []
    circles: list[str] = []
    for number, column in enumerate(columns):
        x = ACROSS * (number + 0.5)
        if column.weights is not None:
            lines += _lines(x, column.weights, rows)
        circles += [
            f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS}" fill="white" stroke="{ROUND}"/>'
            for y in _places(column.neurons, rows).values()
        ]
        if column.neurons > MAX_NEURONS:
            circles.append(_words(x, DOWN * rows / 2 + 5, "⋮"))
        for k, text in enumerate(column.words, 1):
            short = text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"
            circles.append(_words(x, DOWN * rows + WORDS * k, short))
    drawn = "".join([*lines, *circles, _words(width / 2, height - 6, LEGEND)])
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" style="max-width: 100%; height: auto" '
        f'font-family="sans-serif" font-size="12" role="img" aria-label="{escape(described)}">{drawn}</svg>'
    )


def _lines(x: float, weights: Parameters, rows: int) -> Iterator[str]:
    """Draw the weights between the neurons that are drawn."""
    neurons, inputs = (_places(number, rows) for number in weights.shape)
    sizes = [abs(weights[i, j].data) for i in neurons for j in inputs]
    largest = max(filter(math.isfinite, sizes), default=0.0) or 1.0
    for i, y in neurons.items():
        for j, before in inputs.items():
            weight = weights[i, j]
            share = abs(weight.data) / largest
            thick = THINNEST + (THICKEST - THINNEST) * (share if share <= 1 else 1)  # NaN, too
            dashes = "" if weight.requires_grad else ' stroke-dasharray="4 3"'
            yield (
                f'<path d="M{x - ACROSS + RADIUS:g} {before:g}L{x - RADIUS:g} {y:g}" stroke-width="{thick:.1f}"'
                f' stroke="{POSITIVE if weight.data > 0 else NEGATIVE}"{dashes}>'
                f"<title>{escape(str(weight.name))} = {_number(weight.data)}</title></path>"
            )


def _places(neurons: int, rows: int) -> dict[int, float]:
    """Place the neurons of a layer that are drawn, in the middle of the rows: the height of each, in pixels."""
    left_out = neurons - MAX_NEURONS
    if left_out <= 0:
        return {neuron: DOWN * ((rows - neurons) / 2 + neuron + 0.5) for neuron in range(neurons)}
    half = (MAX_NEURONS - 1) // 2
    above = {neuron: DOWN * (neuron + 0.5) for neuron in range(half)}
    return above | {neuron: DOWN * (neuron - left_out + 0.5) for neuron in range(neurons - half, neurons)}


def _number(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")


def _words(x: float, y: float, text: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle" fill="currentColor">{escape(text)}</text>'
