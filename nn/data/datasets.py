"""Data sets made from a seed: point clouds for classification, and sequences for recurrent networks.

Rows come in random order, so that the last of them serve for validation as well as any.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nn.modules.initializers import Seed, generator

__all__ = ["adding_problem", "circles", "delayed_echo", "sine_wave", "spirals", "two_gaussians", "two_moons", "xor"]

Floats: TypeAlias = NDArray[np.float64]
Classes: TypeAlias = NDArray[np.int64]


def xor() -> tuple[Floats, Classes]:
    """Return the four points of exclusive or, the smallest set that no single neuron separates.

    Returns:
        X (4, 2) of 0 and 1; y (4,), the class 0 or 1.
    """
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    return X, np.array([0, 1, 1, 0])


def two_moons(n: int = 100, *, noise: float = 0.1, seed: Seed = None) -> tuple[Floats, Classes]:
    """Draw points along two half circles that reach into each other, as scikit-learn's ``make_moons`` does.

    Args:
        n: number of points, half of them in each class.
        noise: standard deviation of what is added to each coordinate.
        seed: of the noise and the order.

    Returns:
        X (n, 2); y (n,), the class 0 (upper moon) or 1.

    Raises:
        ValueError: there are fewer than two points, or the noise is negative.
    """
    random = _check_options("two_moons", n, 2, noise, seed)
    upper, lower = (np.linspace(0.0, np.pi, count) for count in (n // 2, n - n // 2))
    points = [
        np.column_stack([np.cos(upper), np.sin(upper)]),
        np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)]),
    ]
    return _mix(points, noise, random)


def circles(n: int = 100, *, factor: float = 0.5, noise: float = 0.05, seed: Seed = None) -> tuple[Floats, Classes]:
    """Draw points along a circle and a smaller one inside it, as scikit-learn's ``make_circles`` does.

    Args:
        n: number of points, half of them in each class.
        factor: radius of the inner circle, between 0 and 1; the outer one has radius 1.
        noise: standard deviation of what is added to each coordinate.
        seed: of the noise and the order.

    Returns:
        X (n, 2); y (n,), the class 0 (outer) or 1 (inner).

    Raises:
        ValueError: there are fewer than two points, the noise is negative, or `factor` is not between 0 and 1.
    """
    random = _check_options("circles", n, 2, noise, seed)
    if not 0 < factor < 1:
        raise ValueError(f"circles: factor is the radius of the inner circle, between 0 and 1; got {factor!r}.")
    points = []
    for radius, count in ((1.0, n // 2), (factor, n - n // 2)):
        angle = np.linspace(0.0, 2.0 * np.pi, count, endpoint=False)
        points.append(radius * np.column_stack([np.cos(angle), np.sin(angle)]))
    return _mix(points, noise, random)


def spirals(
    n: int = 200, *, arms: int = 2, turns: float = 1.0, noise: float = 0.02, seed: Seed = None
) -> tuple[Floats, Classes]:
    """Draw points along spirals that wind around each other.

    The radius grows from 1/m to 1 over the m points of an arm. Source: Lang and Witbrock 1988, Learning to tell two
    spirals apart.

    Args:
        n: number of points, spread over the arms as evenly as can be.
        arms: number of spirals, which are the classes.
        turns: full turns of each arm.
        noise: standard deviation of what is added to each coordinate.
        seed: of the noise and the order.

    Returns:
        X (n, 2); y (n,), the class from 0 to arms − 1.

    Raises:
        ValueError: there is no arm, there are fewer points than arms, or the noise is negative.
    """
    if arms < 1:
        raise ValueError(f"spirals needs one arm or more; got {arms}.")
    random = _check_options("spirals", n, arms, noise, seed)
    points = []
    for arm in range(arms):
        count = n // arms + (arm < n % arms)
        radius = np.arange(1, count + 1) / count
        angle = 2.0 * np.pi * (turns * radius + arm / arms)
        points.append(radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]))
    return _mix(points, noise, random)


def two_gaussians(
    n: int = 100, *, lambda_max: float = 0.84, spread: float = 0.2, seed: Seed = None
) -> tuple[Floats, Floats]:
    """Draw the set of lecture L2.10: two Gaussians, scaled so that the largest curvature of the loss is `lambda_max`.

    The clouds are centred at (−0.4, −0.8) and (0.4, 0.8); the drawn points are moved to mean 0 and then multiplied by
    one number. For a linear neuron trained on half the mean squared error, ``E = 1/(2n) Σ (w·x + b − t)²``, the
    Hessian is then exactly block diagonal: XᵀX/n for the two weights, whose largest eigenvalue is `lambda_max`, and 1
    for the bias. Descent on the weights diverges above η_max = 2/lambda_max. The 1 belongs to any bias under this loss,
    so with `lambda_max` below 1 the bias has an η_max of 2 of its own; its best value is 0 (the targets' mean, for an
    even n), where it can stay frozen or be left out. For `mse`, which lacks the ½, every eigenvalue is twice as large.
    Source of the set: LeCun, Bottou, Orr and Müller 1998, Efficient BackProp.

    Args:
        n: number of points, half of them in each cloud; 3 or more.
        lambda_max: largest eigenvalue of XᵀX/n; positive.
        spread: standard deviation of each coordinate within a cloud, before scaling; with 0.2 the factor is about 1.
        seed: of the points and their order.

    Returns:
        X (n, 2); t (n,), the target −1 or 1.

    Raises:
        ValueError: there are fewer than three points, or `lambda_max` or `spread` is not positive.
    """
    random = _check_options("two_gaussians", n, 3, spread, seed)
    if not (lambda_max > 0 and spread > 0):
        raise ValueError(
            f"two_gaussians needs lambda_max > 0 and spread > 0; got lambda_max={lambda_max!r} and spread={spread!r}."
        )
    centres = np.array([[-0.4, -0.8], [0.4, 0.8]])
    X, cloud = _mix([np.tile(centres[k], (count, 1)) for k, count in enumerate((n // 2, n - n // 2))], spread, random)
    X -= X.mean(axis=0)
    X *= math.sqrt(lambda_max / np.linalg.eigvalsh(X.T @ X / n)[-1])
    return X, np.where(cloud == 1, 1.0, -1.0)


def sine_wave(
    n: int = 100, *, steps: int = 20, angle: float = 0.3, noise: float = 0.0, seed: Seed = None
) -> tuple[Floats, Floats]:
    """Draw pieces of a sine wave, each with the value that comes next.

    The next value follows from two: ``x_{t+1} = 2 cos(angle)·x_t − x_{t−1}``, so a recurrent network must remember.

    Args:
        n: number of sequences.
        steps: length of each.
        angle: radians from one step to the next.
        noise: standard deviation of what is added to the inputs; the target has none.
        seed: of the phases and the noise.

    Returns:
        X (n, steps, 1); y (n, 1), the value after the last step.

    Raises:
        ValueError: there is no sequence or no step, or the noise is negative.
    """
    random = _check_options("sine_wave", n, 1, noise, seed)
    _check_steps("sine_wave", steps, 1)
    waves = np.sin(random.uniform(0.0, 2.0 * np.pi, (n, 1)) + angle * np.arange(steps + 1))
    return waves[:, :steps, None] + random.normal(0.0, noise, (n, steps, 1)), waves[:, steps:]


def delayed_echo(n: int = 100, *, steps: int = 20, delay: int = 3, seed: Seed = None) -> tuple[Floats, Floats]:
    """Draw random bits that are to be repeated `delay` steps later: the least that needs a memory of that length.

    Args:
        n: number of sequences.
        steps: length of each.
        delay: steps between an input and its echo, from 0 to steps.
        seed: of the bits.

    Returns:
        X (n, steps, 1) of 0 and 1; y (n, steps, 1), the target at each step, 0 before the first echo.

    Raises:
        ValueError: there is no sequence or no step, or the delay is negative or longer than a sequence.
    """
    random = _check_options("delayed_echo", n, 1, 0.0, seed)
    _check_steps("delayed_echo", steps, 1)
    if not 0 <= delay <= steps:
        raise ValueError(f"delayed_echo: delay must be from 0 to {steps}, the number of steps; got {delay}.")
    X = random.integers(0, 2, (n, steps, 1)).astype(np.float64)
    return X, np.concatenate([np.zeros((n, delay, 1)), X[:, : steps - delay]], axis=1)


def adding_problem(n: int = 100, *, steps: int = 20, seed: Seed = None) -> tuple[Floats, Floats]:
    """Draw sequences of numbers, two of them marked, whose marked numbers are to be added.

    One mark lies in the first half, one in the second, so the first must be kept while others pass. Source: Hochreiter
    and Schmidhuber 1997, Long short-term memory, experiment 4.

    Args:
        n: number of sequences.
        steps: length of each; 2 or more.
        seed: of the numbers and the marks.

    Returns:
        X (n, steps, 2): a number from U(0, 1), and 1 where it is marked, else 0; y (n, 1), the sum of the marked two.

    Raises:
        ValueError: there is no sequence, or there are fewer than two steps.
    """
    random = _check_options("adding_problem", n, 1, 0.0, seed)
    _check_steps("adding_problem", steps, 2)
    marks = np.zeros((n, steps))
    rows = np.arange(n)
    marks[rows, random.integers(0, steps // 2, n)] = 1.0
    marks[rows, random.integers(steps // 2, steps, n)] = 1.0
    numbers = random.random((n, steps))
    return np.stack([numbers, marks], axis=2), (numbers * marks).sum(axis=1, keepdims=True)


def _mix(classes: list[Floats], noise: float, random: Generator) -> tuple[Floats, Classes]:
    """Add noise to the points of all classes and put them in random order."""
    X = np.concatenate(classes)
    y = np.repeat(np.arange(len(classes)), [len(points) for points in classes])
    order = random.permutation(len(X))
    return (X + random.normal(0.0, noise, X.shape))[order], y[order]


def _check_options(name: str, n: int, least: int, noise: float, seed: Seed) -> Generator:
    if not isinstance(n, int | np.integer) or n < least:
        raise ValueError(f"{name} needs n to be a whole number from {least}; got {n!r}.")
    if not noise >= 0:
        raise ValueError(f"{name}: the standard deviation of the noise must be 0 or more; got {noise!r}.")
    return generator(seed)


def _check_steps(name: str, steps: int, least: int) -> None:
    if not isinstance(steps, int | np.integer) or steps < least:
        raise ValueError(f"{name} needs steps to be a whole number from {least}; got {steps!r}.")
