"""Universal approximation by hand (Cybenko 1989): pairs of step neurons make steps, and enough steps any function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autograd import cos, sin
from nn.errors import ShapeError
from nn.modules.inputs import positive
from nn.modules.layers import Layer, Sequential

__all__ = ["step_approximation", "step_network", "wavy_function"]


def wavy_function(x: Any) -> Any:
    """Compute ``0.2 + 0.4x² + 0.3x sin(15x) + 0.1 cos(50x)``, the example of lecture L3.3; x is any kind of number."""
    return 0.2 + 0.4 * x**2 + 0.3 * x * sin(15.0 * x) + 0.1 * cos(50.0 * x)


def step_network(places: Sequence[float], weights: Sequence[float]) -> Sequential:
    """Make the network ``y(x) = Σ w_k [x > s_k]``: a layer of step neurons and one linear neuron. Source: lecture L3.3.

    Args:
        places: s_k, where each neuron of the first layer fires from.
        weights: w_k, by how much y rises there.

    Raises:
        ShapeError: there is no neuron, or places and weights differ in number.

    Example:
        >>> step = step_network([0.35, 0.7], [0.8, -0.8])
        >>> [step([x])[0].data for x in (0.2, 0.5, 0.9)]
        [0.0, 0.8, 0.0]
    """
    if not len(places) or len(places) != len(weights):
        raise ShapeError(
            f"step_network needs a weight for each place, got {len(places)} places, {len(weights)} weights."
        )
    return Sequential(
        Layer(1, len(places), "step", W=[[1.0]] * len(places), b=[-s for s in places]),
        Layer(len(places), 1, bias=False, W=[list(weights)]),
    )


def step_approximation(
    f: Callable[[float], float], pairs: int, interval: tuple[float, float] = (0.0, 1.0)
) -> Sequential:
    """Make a network that follows a function in steps of one width, each from a pair of step neurons.

    A step is as high as f in its middle, so that the error is at most ``max |f′| · width/2``: it falls as neurons are
    added. Outside the interval y is 0. Source: lecture L3.3.

    Args:
        f: the function.
        pairs: number of steps; there are twice as many neurons in the first layer.
        interval: from where to where.

    Raises:
        ValueError: `pairs` is not a whole number from 1, or the interval is empty.

    Example:
        >>> model = step_approximation(wavy_function, 50)
        >>> round(wavy_function(0.5), 3), round(model([0.5])[0].data, 3)
        (0.54, 0.505)
    """
    count = positive(pairs, "pairs", "step_approximation")
    start, end = interval
    if not start < end:
        raise ValueError(f"interval of step_approximation must go from a smaller to a larger number, not {interval!r}.")
    width = (end - start) / count
    places, weights = [], []
    for k in range(count):
        height = float(f(start + (k + 0.5) * width))
        # [x > s] leaves s itself out, so the first step begins before the interval.
        places += [start + k * width if k else start - width, start + (k + 1) * width if k < count - 1 else end]
        weights += [height, -height]
    return step_network(places, weights)
