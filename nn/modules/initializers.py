"""Initialisers: how the weights are drawn before training, each by name and from an explicit generator.

Fan-in and fan-out are the numbers of inputs and outputs of one weight's neuron; for a convolution both are
multiplied by the area of the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nn.registry import look_up

__all__ = ["INITIALIZERS", "Initializer", "Seed", "fans", "generator", "initial_weights", "initialize"]

Shape: TypeAlias = tuple[int, ...]
Floats: TypeAlias = NDArray[np.float64]
Seed: TypeAlias = int | Generator | None
Initializer: TypeAlias = Callable[..., Floats]

SQRT2 = math.sqrt(2.0)


def generator(seed: Seed) -> Generator:
    """Make a generator of random numbers; a generator is used as it is, None takes fresh entropy.

    Raises:
        TypeError: the seed is something else.
        ValueError: the seed is negative.
    """
    if isinstance(seed, Generator) or seed is None:
        return np.random.default_rng(seed)
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed must be a whole number, a numpy Generator or None, not {type(seed).__name__} {seed!r}.")
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, not {seed}.")
    return np.random.default_rng(int(seed))


def fans(shape: Shape) -> tuple[int, int]:
    """Count the inputs and outputs (fan-in, fan-out) of weights of a shape.

    Args:
        shape: (n,) for one neuron, (n_out, n_in) for a layer, (n_out, n_in, height, width) for a convolution.

    Example:
        >>> fans((8, 3, 5, 5))
        (75, 200)
    """
    if len(shape) < 2:
        return math.prod(shape), 1
    area = math.prod(shape[2:])
    return shape[1] * area, shape[0] * area


def zeros(shape: Shape, random: Generator) -> Floats:
    """Set every weight to 0. Hidden neurons that start equal stay equal: meant for biases."""
    return np.zeros(shape)


def ones(shape: Shape, random: Generator) -> Floats:
    """Set every weight to 1."""
    return np.ones(shape)


def constant(shape: Shape, random: Generator, value: float) -> Floats:
    """Set every weight to `value`."""
    return np.full(shape, value)


def uniform(shape: Shape, random: Generator, low: float = 0.0, high: float = 1.0) -> Floats:
    """Draw from U(low, high)."""
    return random.uniform(low, high, shape)


def normal(shape: Shape, random: Generator, mean: float = 0.0, std: float = 1.0) -> Floats:
    """Draw from N(mean, std²)."""
    return random.normal(mean, std, shape)


def fan_in_uniform(shape: Shape, random: Generator) -> Floats:
    """Draw from U(−1/√fan_in, 1/√fan_in): the default of PyTorch's Linear and Conv2d, and of this package."""
    bound = 1.0 / math.sqrt(max(fans(shape)[0], 1))
    return random.uniform(-bound, bound, shape)


def xavier_uniform(shape: Shape, random: Generator, gain: float = 1.0) -> Floats:
    """Draw from U(−a, a), a = gain·√(6/(fan_in + fan_out)). Source: Glorot and Bengio 2010, equation 16."""
    bound = gain * math.sqrt(6.0 / max(sum(fans(shape)), 1))
    return random.uniform(-bound, bound, shape)


def xavier_normal(shape: Shape, random: Generator, gain: float = 1.0) -> Floats:
    """Draw from N(0, s²), s = gain·√(2/(fan_in + fan_out)). Source: Glorot and Bengio 2010."""
    return random.normal(0.0, gain * math.sqrt(2.0 / max(sum(fans(shape)), 1)), shape)


def kaiming_uniform(shape: Shape, random: Generator, gain: float = SQRT2) -> Floats:
    """Draw from U(−a, a), a = gain·√(3/fan_in); gain √2 suits ReLU. Source: He et al. 2015, equation 10."""
    bound = gain * math.sqrt(3.0 / max(fans(shape)[0], 1))
    return random.uniform(-bound, bound, shape)


def kaiming_normal(shape: Shape, random: Generator, gain: float = SQRT2) -> Floats:
    """Draw from N(0, s²), s = gain/√fan_in; gain √2 suits ReLU. Source: He et al. 2015, equation 10."""
    return random.normal(0.0, gain / math.sqrt(max(fans(shape)[0], 1)), shape)


def lecun_uniform(shape: Shape, random: Generator) -> Floats:
    """Draw from U(−a, a), a = √(3/fan_in): variance 1/fan_in. Source: LeCun et al. 1998, Efficient BackProp, 4.6."""
    return kaiming_uniform(shape, random, 1.0)


def lecun_normal(shape: Shape, random: Generator) -> Floats:
    """Draw from N(0, 1/fan_in). Source: LeCun et al. 1998, Efficient BackProp, 4.6."""
    return kaiming_normal(shape, random, 1.0)


#: Every initialiser by name; numbers go into parentheses: ``"normal(0, 0.1)"``, ``"constant(0.5)"``.
INITIALIZERS: dict[str, Initializer] = {
    "zeros": zeros,
    "ones": ones,
    "constant": constant,
    "uniform": uniform,
    "normal": normal,
    "fan_in_uniform": fan_in_uniform,
    "xavier_uniform": xavier_uniform,
    "glorot_uniform": xavier_uniform,
    "xavier_normal": xavier_normal,
    "glorot_normal": xavier_normal,
    "kaiming_uniform": kaiming_uniform,
    "he_uniform": kaiming_uniform,
    "kaiming_normal": kaiming_normal,
    "he_normal": kaiming_normal,
    "lecun_uniform": lecun_uniform,
    "lecun_normal": lecun_normal,
}


def initialize(init: str | Initializer, shape: Shape, seed: Seed) -> Floats:
    """Draw an array of initial weights.

    Args:
        init: a name of `INITIALIZERS`, with numbers in parentheses or without; or a function
            ``(shape, generator) -> array``.
        shape: (n_out, n_in), or with the kernel's height and width behind.
        seed: a whole number, a generator to go on with, or None for fresh entropy.

    Raises:
        ValueError: the name is unknown, or its numbers do not fit it.

    Example:
        >>> initialize("constant(0.5)", (1, 2), seed=0)
        array([[0.5, 0.5]])
    """
    random = generator(seed)
    if not isinstance(init, str):
        return np.asarray(init(shape, random), dtype=np.float64).reshape(shape)
    draw, chosen = look_up(init, INITIALIZERS, "initialiser")
    try:
        return draw(shape, random, *chosen)
    except TypeError:
        wanted = draw.__code__.co_varnames[2 : draw.__code__.co_argcount]
        raise ValueError(
            f"{init!r}: {draw.__name__} takes {', '.join(wanted) or 'no numbers'} in parentheses, got {len(chosen)}."
        ) from None


def initial_weights(init: str | Initializer, weights: Shape, biases: Shape, seed: Seed) -> tuple[Floats, Floats]:
    """Draw weights and biases as PyTorch does: the weights first, then the biases from the same generator.

    With ``"fan_in_uniform"`` the biases are drawn from the same interval as the weights; otherwise they are 0.
    """
    random = generator(seed)
    drawn = initialize(init, weights, random)
    if init != "fan_in_uniform":
        return drawn, np.zeros(biases)
    bound = 1.0 / math.sqrt(max(fans(weights)[0], 1))
    return drawn, random.uniform(-bound, bound, biases)
