"""Keras' layers: each says what it is, and makes its module once the width of what comes before is known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn, TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

import nn.modules.elementwise as elementwise
from nn import absent
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.activations import ActivationFunction, Chosen
from nn.modules.activations import activation as find_activation
from nn.modules.inputs import positive
from nn.modules.layers import Layer as FullyConnected
from nn.modules.shaping import Flatten as FlattenModule

__all__ = [
    "ELU",
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "LeakyReLU",
    "ReLU",
    "Softmax",
]

Shape: TypeAlias = tuple[int, ...]

#: Keras' names of activations, with its numbers.
ACTIVATIONS = {
    "linear": "identity", "relu": "relu", "sigmoid": "sigmoid", "tanh": "tanh", "softmax": "softmax",
    "log_softmax": "log_softmax", "elu": "elu(1.0)", "selu": "selu", "softplus": "softplus", "softsign": "softsign",
    "gelu": "gelu", "silu": "silu", "swish": "silu", "mish": "mish", "leaky_relu": "leaky_relu(0.2)",
}  # fmt: skip
#: Its initialisers that draw as those of `nn` do; its normal ones cut off at two standard deviations.
INITIALIZERS = {
    "glorot_uniform": "glorot_uniform",
    "he_uniform": "he_uniform",
    "lecun_uniform": "lecun_uniform",
    "zeros": "zeros",
    "ones": "ones",
}
#: What Keras has beside these: what to write.
ABSENT = {
    "BatchNormalization": "write an nn.Sequential with nn.BatchNorm1d, whose momentum is 1 − Keras'",
    "Concatenate": "models are chains; write an nn.Sequential with nn.Concatenate",
    "Conv2D": "write an nn.Sequential with nn.Conv2d; pictures have their channels first there",
    "Conv2DTranspose": "write an nn.Sequential with nn.ConvTranspose2d; pictures have their channels first there",
    "LSTM": "write an nn.Sequential with nn.LSTM",
    "MaxPooling2D": "write an nn.Sequential with nn.MaxPool2d; pictures have their channels first there",
    "Normalization": "write nn.Standardizer().fit_transform(x)",
    "SimpleRNN": "write an nn.Sequential with nn.Elman",
}


def __getattr__(name: str) -> Any:
    absent.refuse("nn.keras.layers", name, ABSENT, __all__)


def refuse_options(where: str, given: Mapping[str, Any], advice: Mapping[str, str] | None = None) -> None:
    """Refuse options of Keras that there are not.

    Raises:
        TypeError: there is one; the message says what to write.
    """
    for name in given:
        cure = (advice or {}).get(name)
        raise TypeError(f"{where} has no option {name!r} here{f': {cure}' if cure else ''}.")


def _refuse_trainable(owner: Any, content: object = None) -> NoReturn:
    """Keras' word for what is trained, which is not here."""
    cure = f": {owner.freezing}" if owner.freezing else ""
    raise AttributeError(f"{type(owner).__name__!r} object has no attribute 'trainable'{cure}.")


#: The attribute of a class of Keras' that is refused, unless a class derived from it has one of its own.
no_trainable = property(_refuse_trainable, _refuse_trainable)


def read_activation(given: str | Callable[[Any], Any] | None) -> ActivationFunction:
    """Find the activation that Keras calls by a name; a function stands for itself.

    Raises:
        ValueError: the name is unknown.
    """
    if not isinstance(given, str):
        return find_activation(given)
    if given not in ACTIVATIONS:
        raise ValueError(f"{given!r} is no activation here. Known: {', '.join(ACTIVATIONS)}; or give a function.")
    return find_activation(ACTIVATIONS[given])


class _Chosen(Chosen):
    """The activation of a layer, by Keras' names; what computes the layer follows it."""

    def __set__(self, layer: Any, given: str | Callable[[Any], Any] | None) -> None:
        super().__set__(layer, read_activation(given))
        if layer.module is not None:
            layer.module.activation = vars(layer)[self.name]


class Layer:
    """A layer before and after it is built.

    Attributes:
        name: what it is called.
        input_shape: the shape of one example that goes in, where it is known.
        module: what computes it, once it is built.
    """

    #: Options of Keras' that are refused: what to write.
    advice: ClassVar[Mapping[str, str]] = {}
    #: The same for what is trained; nothing where there are no weights.
    freezing: ClassVar[str] = "write layer.module.freeze() once the model is built, or layer.module.unfreeze()"
    trainable = no_trainable

    def __init__(self, *, input_shape: Any = None, name: str | None = None, **others: Any) -> None:
        kind = type(self).__name__
        refuse_options(f"{kind} of nn.keras", others, {"trainable": self.freezing, **self.advice})
        self.name = name or kind.lower()
        self.input_shape = None if input_shape is None else read_shape(input_shape, kind)
        self.module: Module | None = None

    def make(self, shape: Shape, random: Generator) -> Module | None:
        """Make the module for examples of a shape; None where there is nothing to compute."""
        raise NotImplementedError

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of what comes out."""
        return shape

    def build(self, shape: Shape, random: Generator) -> Shape:
        """Make the module, and return the shape of what comes out.

        Raises:
            ShapeError: the layer was made for examples of another shape, or takes none of this one.
        """
        if self.input_shape not in (None, shape):
            raise ShapeError(f"{self.name} takes examples of shape {self.input_shape}, but {shape} comes.")
        self.input_shape = shape
        self.module = self.make(shape, random)
        return self.output_shape(shape)

    def get_weights(self) -> list[NDArray[np.float64]]:
        """Return the numbers of the layer; of `Dense` the kernel (inputs, units), and the biases."""
        return [] if self.module is None else [each.T for each in self.module.state_dict().values()]

    def set_weights(self, weights: list[ArrayLike]) -> None:
        """Set the numbers, in the order and the shapes of `get_weights`.

        Raises:
            ShapeError: there are more or fewer, or the layer is not built yet.
            StateError: one has another shape.
        """
        keys = [] if self.module is None else list(self.module.state_dict())
        if len(weights) != len(keys):
            raise ShapeError(f"{self.name} has {len(keys)} arrays of weights, got {len(weights)}.")
        if self.module is not None:
            self.module.load_state_dict({key: np.asarray(w).T for key, w in zip(keys, weights, strict=True)})

    def count_params(self) -> int:
        """Count the numbers that are trained."""
        return 0 if self.module is None else len(self.module.parameters())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}{'' if self.module is not None else ', not built yet'}>"


def read_shape(given: Any, owner: str) -> Shape:
    """Read the shape of one example.

    Raises:
        ValueError: it is none.
    """
    sizes = given if isinstance(given, tuple | list) else (given,)
    return tuple(positive(size, "each size of input_shape", owner) for size in sizes)


class InputLayer(Layer):
    """The shape of one example: ``keras.Input(shape=(13,))``.

    Args:
        shape: the shape, without the axis of the examples.
        name: what it is called.
    """

    freezing = ""

    def __init__(self, shape: Any = None, name: str | None = None, **others: Any) -> None:
        super().__init__(input_shape=shape, name=name, **others)

    def make(self, shape: Shape, random: Generator) -> None:
        """Make nothing."""


Input = InputLayer


class Dense(Layer):
    """A fully connected layer, σ(x·kernel + bias): Glorot's uniform weights, and biases 0.

    Args:
        units: number of neurons.
        activation: Keras' name of an activation, or a function of one number.
        use_bias: whether there are biases.
        kernel_initializer: how the weights are drawn.
        bias_initializer: ``"zeros"``.
        input_shape: the shape of one example, for the first layer: ``(13,)``.
        input_dim: the same as one number.
        name: what it is called.

    Raises:
        ValueError: a name is unknown.
        TypeError: an option of Keras' that is not here.
    """

    activation = _Chosen()
    advice = {
        "kernel_regularizer": "train model.network with nn.fit(…, regularizer=nn.L2(0.01))",
        "bias_regularizer": "train model.network with nn.fit(…, regularizer=nn.L2(0.01))",
        "kernel_constraint": "constrain model.network by hand",
    }

    def __init__(
        self,
        units: int,
        activation: str | Callable[[Any], Any] | None = None,
        use_bias: bool = True,
        kernel_initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros",
        *,
        input_shape: Any = None,
        input_dim: int | None = None,
        name: str | None = None,
        **others: Any,
    ) -> None:
        super().__init__(input_shape=input_dim if input_shape is None else input_shape, name=name, **others)
        self.units = positive(units, "units", "Dense")
        self.activation = activation
        self.use_bias = bool(use_bias)
        if kernel_initializer not in INITIALIZERS:
            raise ValueError(
                f"kernel_initializer is one of {', '.join(INITIALIZERS)} here, not {kernel_initializer!r}: for others "
                "set the weights, with set_weights."
            )
        if bias_initializer != "zeros":
            raise ValueError(f"bias_initializer is 'zeros' here, not {bias_initializer!r}: for others set_weights.")
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def make(self, shape: Shape, random: Generator) -> Module:
        """Make the layer for rows."""
        if len(shape) != 1:
            raise ShapeError(f"Dense takes rows here, got examples of shape {shape}: put layers.Flatten() before it.")
        init = INITIALIZERS[self.kernel_initializer]
        return FullyConnected(shape[0], self.units, self.activation, self.use_bias, init=init, seed=random)

    def output_shape(self, shape: Shape) -> Shape:
        """Return a row of the neurons."""
        return (self.units,)


class _Elementwise(Layer):
    """A layer that keeps the shape."""

    activation = _Chosen()

    def __init__(self, activation: ActivationFunction, **others: Any) -> None:
        super().__init__(**others)
        self.activation = activation

    def make(self, shape: Shape, random: Generator) -> Module:
        """Make the activation."""
        return elementwise.Activation(self.activation)


class Activation(_Elementwise):
    """An activation on its own.

    Args:
        activation: Keras' name, or a function of one number.
    """

    def __init__(self, activation: str | Callable[[Any], Any], **others: Any) -> None:
        super().__init__(read_activation(activation), **others)


class ReLU(_Elementwise):
    """max(x, 0)."""

    def __init__(self, **others: Any) -> None:
        super().__init__(find_activation("relu"), **others)


class LeakyReLU(_Elementwise):
    """x where it is positive, else αx.

    Args:
        negative_slope: α; Keras' is 0.3.
    """

    def __init__(self, negative_slope: float = 0.3, **others: Any) -> None:
        super().__init__(find_activation("leaky_relu").with_alpha(negative_slope), **others)


class ELU(_Elementwise):
    """x where it is positive, else α(eˣ − 1).

    Args:
        alpha: α.
    """

    def __init__(self, alpha: float = 1.0, **others: Any) -> None:
        super().__init__(find_activation("elu").with_alpha(alpha), **others)


class Softmax(_Elementwise):
    """exp(xᵢ)/Σⱼ exp(xⱼ) over a row."""

    def __init__(self, **others: Any) -> None:
        super().__init__(find_activation("softmax"), **others)


class Dropout(Layer):
    """Dropout: in training each number becomes 0 with a probability, and x/(1 − rate) otherwise.

    Args:
        rate: the probability.
        seed: a whole number for drawing; Keras' seed unless given.
    """

    def __init__(self, rate: float, *, seed: int | None = None, **others: Any) -> None:
        super().__init__(**others)
        self.rate, self.seed = rate, seed

    def make(self, shape: Shape, random: Generator) -> Module:
        """Make the dropout."""
        return elementwise.Dropout(self.rate, seed=random if self.seed is None else self.seed)


class Flatten(Layer):
    """An example of any shape made into one row."""

    def make(self, shape: Shape, random: Generator) -> Module:
        """Make the module."""
        return FlattenModule()

    def output_shape(self, shape: Shape) -> Shape:
        """Return a row of all numbers."""
        return (math.prod(shape),)
