"""Modules by PyTorch's names, with its arguments and defaults: `Linear`, and activations as modules of their own.

An `inplace` is taken and changes nothing: a node of a graph is never written over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import arrays
from nn.arrays import Array
from nn.module import Module
from nn.modules.activations import activation
from nn.modules.elementwise import Activation
from nn.modules.initializers import Initializer, Seed
from nn.modules.inputs import picture, positive
from nn.modules.layers import Layer

__all__ = [
    "ELU",
    "GELU",
    "SELU",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "Upsample",
]

SOFTPLUS_THRESHOLD = 20.0  # above which PyTorch's softplus is x itself: off by 2e−9 at most


class Linear(Layer):
    """A fully connected layer without an activation: W x + b. A `Layer` by PyTorch's name and arguments.

    Args:
        in_features: number of inputs.
        out_features: number of outputs.
        bias: whether b is there.
        W: given weights, of shape (out_features, in_features), as PyTorch's ``weight``.
        b: given biases, of shape (out_features,), as PyTorch's ``bias``.
        seed: a whole number or generator for drawing.
        init: the initialiser, see `nn.INITIALIZERS`; PyTorch's default without.

    Example:
        >>> Linear(2, 1, W=[[1.0, 2.0]], b=[0.5])([[1.0, 1.0], [0.0, 0.0]]).shape
        (2, 1)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        W: Any = None,
        b: Any = None,
        seed: Seed = None,
        init: str | Initializer = "fan_in_uniform",
    ) -> None:
        super().__init__(in_features, out_features, "identity", bias, W, b, seed, init=init)

    @property
    def in_features(self) -> int:
        """The number of inputs."""
        return self.n_in

    @property
    def out_features(self) -> int:
        """The number of outputs."""
        return self.n_out


class ReLU(Activation):
    """max(x, 0), with slope 0 at 0."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__("relu")
        self.inplace = bool(inplace)


class Sigmoid(Activation):
    """1/(1 + e^−x)."""

    def __init__(self) -> None:
        super().__init__("sigmoid")


class Tanh(Activation):
    """The hyperbolic tangent."""

    def __init__(self) -> None:
        super().__init__("tanh")


def _alpha_of(name: str) -> Any:
    """Make the attribute α of a module: that of its activation, which another α makes anew."""

    def choose(module: Activation, alpha: float) -> None:
        module.activation = activation(name).with_alpha(alpha)

    return property(lambda module: module.activation.alpha, choose, doc="α.")


class LeakyReLU(Activation):
    """x where it is positive, else αx; α is PyTorch's 0.01, not the lecture's 0.1.

    Args:
        negative_slope: α.
        inplace: taken, and changes nothing.
    """

    negative_slope = _alpha_of("leaky_relu")

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope = negative_slope
        self.inplace = bool(inplace)


class ELU(Activation):
    """x where it is positive, else α(eˣ − 1); α is PyTorch's 1, not the lecture's 0.1.

    Args:
        alpha: α.
        inplace: taken, and changes nothing.
    """

    alpha = _alpha_of("elu")

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha
        self.inplace = bool(inplace)


class SELU(Activation):
    """1.0507·elu(x, 1.6733)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__("selu")
        self.inplace = bool(inplace)


class SiLU(Activation):
    """x·σ(x)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__("silu")
        self.inplace = bool(inplace)


class Mish(Activation):
    """x·tanh(softplus(x))."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__("mish")
        self.inplace = bool(inplace)


class Softsign(Activation):
    """x/(1 + |x|)."""

    def __init__(self) -> None:
        super().__init__("softsign")


class GELU(Activation):
    """x·Φ(x), in the exact form.

    Args:
        approximate: ``"none"``.

    Raises:
        ValueError: an approximation is asked for.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__("gelu")
        self.approximate = approximate

    @property
    def approximate(self) -> str:
        """``"none"``."""
        return "none"

    @approximate.setter
    def approximate(self, approximate: str) -> None:
        if approximate != "none":
            raise ValueError(f"GELU is computed exactly: write approximate='none', not {approximate!r}.")


class Softplus(Activation):
    """log(1 + eˣ), at every x: PyTorch's is x itself above its threshold, 2e−9 off at most.

    Args:
        beta: 1; the other forms are ``softplus(beta·x)/beta``.
        threshold: 20 or more, which is taken for none.

    Raises:
        ValueError: another beta, or a threshold that would change the function.
    """

    def __init__(self, beta: float = 1.0, threshold: float = SOFTPLUS_THRESHOLD) -> None:
        self._set(beta, threshold)
        super().__init__("softplus")

    def _set(self, beta: float, threshold: float) -> None:
        if beta != 1 or threshold < SOFTPLUS_THRESHOLD:
            raise ValueError(
                f"Softplus has beta=1 and a threshold of {SOFTPLUS_THRESHOLD:g} or more here, not beta={beta!r}, "
                f"threshold={threshold!r}: for another write nn.Activation(lambda x: softplus(beta * x) / beta)."
            )
        self._threshold = float(threshold)

    @property
    def beta(self) -> float:
        """1."""
        return 1.0

    @beta.setter
    def beta(self, beta: float) -> None:
        self._set(beta, self._threshold)

    @property
    def threshold(self) -> float:
        """20 or more."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        self._set(1.0, threshold)


class _OverClasses(Activation):
    """What softmax and its logarithm share: the axis of the classes."""

    axes = None
    counts_axes_of_a_batch = True

    def __init__(self, name: str, dim: int | None) -> None:
        kind = type(self).__name__
        if dim not in (None, 1, -1):
            over = "go over the examples of a batch" if dim == 0 else "go over rows or columns"
            raise ValueError(f"{kind}(dim={dim!r}) would {over}: write {kind}(dim=1), over classes.")
        super().__init__(name)
        self.dim = dim

    def is_batch(self, inputs: Any) -> bool:
        """Whether inputs are several rows or several pictures."""
        return arrays.depth(inputs) in (2, 4)

    def forward_batch(self, examples: Sequence[Any]) -> list[Any]:
        """Compute it for several examples; those of two axes, such as sequences, have dim 1 as their first axis."""
        return [self._over_steps(each) if arrays.depth(each) == 2 else self.forward(each) for each in examples]

    def _over_steps(self, example: Array) -> Array:
        if self.dim is None:
            raise ValueError(
                f"{self.title} was given an example of two axes: write dim=1 to go over the first, dim=-1 over the "
                "last."
            )
        numbers = arrays.array(example)
        rows = numbers if self.dim == -1 else numbers.T
        found = np.stack([Activation.forward(self, each) for each in rows])
        return found if self.dim == -1 else found.T

    def forward(self, inputs: Array) -> Array:
        """Compute it over the numbers of a row; over the channels at each place of a picture."""
        if arrays.depth(inputs) != 3:
            return super().forward(inputs)
        planes = picture(inputs, None, self)
        if self.dim == -1:
            raise ValueError(f"{type(self).__name__}(dim=-1) would go over the columns of a picture: write dim=1.")
        places = planes.reshape(len(planes), -1).T
        return np.stack([self.activation(arrays.make(place.tolist())) for place in places], axis=-1).reshape(
            planes.shape
        )


class Softmax(_OverClasses):
    """exp(xᵢ)/Σⱼ exp(xⱼ) over the classes of each example.

    Args:
        dim: 1 or −1, as PyTorch counts the axes of a batch. By itself, two axes are taken for rows, and three for one
            picture; within a chain, for what the layers beside it take.

    Raises:
        ValueError: it would go over other numbers than the classes of an example.
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__("softmax", dim)


class LogSoftmax(_OverClasses):
    """xᵢ − log Σⱼ exp(xⱼ) over the classes of each example.

    Args:
        dim: 1 or −1, as PyTorch counts the axes of a batch. By itself, two axes are taken for rows, and three for one
            picture; within a chain, for what the layers beside it take.

    Raises:
        ValueError: it would go over other numbers than the classes of an example.
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__("log_softmax", dim)


class Upsample(Module):
    """A picture made larger by a whole factor: each number is repeated in rows and columns.

    Args:
        scale_factor: the factor.
        mode: ``"nearest"``.

    Raises:
        ValueError: another mode, or no whole factor.

    Example:
        >>> Upsample(scale_factor=2)([[[1.0, 2.0]]]).tolist()
        [[[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]]
    """

    kind = "upsample"
    axes = 3

    def __init__(self, scale_factor: int = 2, mode: str = "nearest") -> None:
        self.mode = mode
        self.scale_factor = positive(scale_factor, "scale_factor", "Upsample")

    @property
    def mode(self) -> str:
        """``"nearest"``."""
        return "nearest"

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode != "nearest":
            raise ValueError(f"Upsample repeats numbers, mode='nearest', not {mode!r}: or take nn.ConvTranspose2d.")

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Repeat each number of one picture."""
        planes = picture(inputs, None, self)
        return planes.repeat(self.scale_factor, axis=1).repeat(self.scale_factor, axis=2)

    def extent(self) -> str:
        """Describe the factor."""
        return f"× {self.scale_factor}"
