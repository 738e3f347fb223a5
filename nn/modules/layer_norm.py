"""Normalisation of each example by itself: `LayerNorm` by mean and variance, `RMSNorm` by the mean square alone.

Nothing is remembered and no other example is looked at, so training and evaluation are the same. Names and conventions
are PyTorch's. Sources: J. Ba, J. Kiros, G. Hinton, arXiv 1607.06450; B. Zhang, R. Sennrich, arXiv 1910.07467.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import dot, sqrt
from nn import arrays
from nn.arrays import Array
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.inputs import positive
from nn.modules.normalization import take_moments
from nn.parameters import Parameters, parameters

__all__ = ["LayerNorm", "RMSNorm"]


class _Norm(Module):
    """What both share: the last axes of an example are normalised together, place by place of those before."""

    gamma: Parameters | None
    beta: Parameters | None = None

    def __init__(self, normalized_shape: int | Sequence[int]) -> None:
        given = normalized_shape if isinstance(normalized_shape, list | tuple) else (normalized_shape,)
        self.normalized_shape = tuple([positive(size, "normalized_shape", type(self).__name__) for size in given])

    @property
    def axes(self) -> int:  # type: ignore[override]
        """Of how many axes an example is."""
        return len(self.normalized_shape)

    @property
    def normalizes_rows(self) -> bool:  # type: ignore[override]
        """Whether each row of an example is normalised by itself."""
        return self.axes == 1

    @abstractmethod
    def _normalise(self, xs: list[Any], place: str) -> list[Any]:
        """Normalise numbers together."""

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Normalise one example.

        Args:
            inputs: numbers or Values whose last axes have the normalised shape.

        Raises:
            ShapeError: they have another.
        """
        given = arrays.array(inputs)
        shape = np.shape(given)
        if shape[-len(self.normalized_shape) :] != self.normalized_shape:
            raise ShapeError(f"{self.title} takes examples whose last sizes are {self.normalized_shape}, got {shape}.")
        size = math.prod(self.normalized_shape)
        rows = np.reshape(given, (-1, size)).tolist()
        outputs: list[Any] = []
        for place, xs in enumerate(rows):
            normalised = self._normalise(xs, f"[{place}]" if len(rows) > 1 else "")
            if self.gamma is not None:
                normalised = [g * x for g, x in zip(arrays.flat(self.gamma), normalised, strict=True)]
            if self.beta is not None:
                normalised = [x + b for x, b in zip(normalised, arrays.flat(self.beta), strict=True)]
            outputs += normalised
        return arrays.make(outputs, shape)

    def extent(self) -> str:
        """Describe what is normalised together."""
        return "×".join(map(str, self.normalized_shape))


class LayerNorm(_Norm):
    """Layer normalisation: y = γ(x − mean)/√(var + ε) + β, over the numbers of each example.

    Args:
        normalized_shape: the last sizes of an example, over which mean and (biased) variance are taken.
        eps: ε.
        elementwise_affine: whether there are γ and β, which start at 1 and 0.
        bias: whether there is β.

    Attributes:
        gamma: γ (PyTorch's weight), Values of the normalised shape.
        beta: β (PyTorch's bias).

    Example:
        >>> [round(float(y), 3) for y in LayerNorm(4)([1.0, 2.0, 3.0, 4.0])]
        [-1.342, -0.447, 0.447, 1.342]
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__(normalized_shape)
        self.eps = float(eps)
        self.elementwise_affine = bool(elementwise_affine)
        self.bias = bool(bias)
        shape = self.normalized_shape
        self.gamma = parameters(np.ones(shape), "gamma") if elementwise_affine else None
        self.beta = parameters(np.zeros(shape), "beta") if elementwise_affine and bias else None
        self.bind()

    def _normalise(self, xs: list[Any], place: str) -> list[Any]:
        mean, deviations, variance = take_moments(xs)
        self.name_node(mean, f"mean{place}")
        self.name_node(variance, f"var{place}")
        scale = 1.0 / sqrt(variance + self.eps)
        return [d * scale for d in deviations]


class RMSNorm(_Norm):
    """Normalisation by the root of the mean square: y = γ·x/√(mean x² + ε).

    Args:
        normalized_shape: the last sizes of an example, over which the mean is taken.
        eps: ε; the relative distance of neighbouring floats, 2.2e−16, unless given.
        elementwise_affine: whether there is γ, which starts at 1.

    Attributes:
        gamma: γ (PyTorch's weight), Values of the normalised shape.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
    ) -> None:
        super().__init__(normalized_shape)
        self.eps = float(np.finfo(np.float64).eps) if eps is None else float(eps)
        self.elementwise_affine = bool(elementwise_affine)
        self.gamma = parameters(np.ones(self.normalized_shape), "gamma") if elementwise_affine else None
        self.bind()

    def _normalise(self, xs: list[Any], place: str) -> list[Any]:
        square = dot(xs, xs) / len(xs)
        self.name_node(square, f"square{place}")
        scale = 1.0 / sqrt(square + self.eps)
        return [x * scale for x in xs]
