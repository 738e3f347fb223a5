"""PyTorch's functions of networks, ``from nn import functional as F``: losses, activations, and a few layers.

Losses take one example or a batch. Activations work number by number on arrays of any shape, and on nested lists.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import Value
from nn import absent, arrays
from nn.arrays import Array
from nn.errors import ShapeError
from nn.losses.batches import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from nn.modules.activations import activation
from nn.modules.elementwise import Dropout
from nn.modules.initializers import Seed
from nn.modules.inputs import Pair, positive
from nn.modules.pooling import MaxPool2d

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "elu",
    "gelu",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mish",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

LARGEST_CLASS = 2**53  # up to which floats hold every whole number

#: What PyTorch has beside these: what to write.
ABSENT = {
    "batch_norm": "write nn.BatchNorm1d or nn.BatchNorm2d",
    "conv2d": "write nn.Conv2d(…, W=weight, b=bias)",
    "conv_transpose2d": "write nn.ConvTranspose2d(…, W=weight, b=bias)",
    "embedding": "keep a list of rows of parameters and take row i",
    "interpolate": "write nn.Upsample(scale_factor=2)",
    "layer_norm": "make the layer, nn.LayerNorm(sizes), and call it",
    "multi_margin_loss": "write nn.multi_margin",
    "pad": "write numpy.pad, or the padding of nn.Conv2d",
}


def __getattr__(name: str) -> Any:
    absent.refuse("nn.functional", name, ABSENT, __all__)


def relu(input: Array, inplace: bool = False) -> Array:  # noqa: A002  (PyTorch's word)
    """Compute max(x, 0) of each number, with slope 0 at 0; `inplace` changes nothing.

    >>> relu([[-1.0, 2.0]])
    array([[0., 2.]])
    """
    return arrays.map_numbers(activation("relu"), input)


def leaky_relu(input: Array, negative_slope: float = 0.01, inplace: bool = False) -> Array:  # noqa: A002
    """Compute x, or αx where it is not positive, of each number."""
    return arrays.map_numbers(activation("leaky_relu").with_alpha(negative_slope), input)


def elu(input: Array, alpha: float = 1.0, inplace: bool = False) -> Array:  # noqa: A002
    """Compute x, or α(eˣ − 1) where it is not positive, of each number."""
    return arrays.map_numbers(activation("elu").with_alpha(alpha), input)


def selu(input: Array, inplace: bool = False) -> Array:  # noqa: A002
    """Compute 1.0507·elu(x, 1.6733) of each number."""
    return arrays.map_numbers(activation("selu"), input)


def silu(input: Array, inplace: bool = False) -> Array:  # noqa: A002
    """Compute x·σ(x) of each number."""
    return arrays.map_numbers(activation("silu"), input)


def mish(input: Array, inplace: bool = False) -> Array:  # noqa: A002
    """Compute x·tanh(softplus(x)) of each number."""
    return arrays.map_numbers(activation("mish"), input)


def gelu(input: Array) -> Array:  # noqa: A002
    """Compute x·Φ(x) of each number, in the exact form."""
    return arrays.map_numbers(activation("gelu"), input)


def sigmoid(input: Array) -> Array:  # noqa: A002
    """Compute 1/(1 + e^−x) of each number."""
    return arrays.map_numbers(activation("sigmoid"), input)


def tanh(input: Array) -> Array:  # noqa: A002
    """Compute the hyperbolic tangent of each number."""
    return arrays.map_numbers(activation("tanh"), input)


def softplus(input: Array) -> Array:  # noqa: A002
    """Compute log(1 + eˣ) of each number."""
    return arrays.map_numbers(activation("softplus"), input)


def softsign(input: Array) -> Array:  # noqa: A002
    """Compute x/(1 + |x|) of each number."""
    return arrays.map_numbers(activation("softsign"), input)


def softmax(input: Array, dim: int | None = None) -> NDArray[Any]:  # noqa: A002
    """Compute exp(xᵢ)/Σⱼ exp(xⱼ) along an axis.

    Args:
        input: an array or nested lists.
        dim: the axis; the only one, or the second of two, unless given.

    Raises:
        ShapeError: there is no such axis, or none is given and there are more than two.

    Example:
        >>> softmax([[0.0, 0.0], [1.0, 1.0]], dim=1)
        array([[0.5, 0.5],
               [0.5, 0.5]])
    """
    return _along("softmax", input, dim)


def log_softmax(input: Array, dim: int | None = None) -> NDArray[Any]:  # noqa: A002
    """Compute xᵢ − log Σⱼ exp(xⱼ) along an axis. Args and Raises as in `softmax`."""
    return _along("log_softmax", input, dim)


def _along(name: str, nested: Array, dim: int | None) -> NDArray[Any]:
    array = np.asanyarray(arrays.array(nested))
    if dim is None and array.ndim <= 2:
        dim = array.ndim - 1
    if dim is None or not -array.ndim <= dim < array.ndim:
        raise ShapeError(f"{name} needs dim, an axis of its input, got dim={dim} for shape {array.shape}.")
    moved = np.moveaxis(array, dim, -1)
    apply = activation(name)
    lines = [apply(arrays.make(line.tolist())) for line in moved.reshape(-1, moved.shape[-1])]
    return np.moveaxis(arrays.make(arrays.flat(lines), moved.shape), -1, dim)


def linear(input: Array, weight: Array, bias: Array | None = None) -> Array:  # noqa: A002
    """Compute W x + b of one example or of each of a batch.

    Args:
        input: (n_in,) or (n, n_in).
        weight: W, (n_out, n_in).
        bias: b, (n_out,).

    Example:
        >>> linear([[1.0, 2.0]], [[3.0, 4.0]], [0.5])
        array([[11.5]])
    """
    xs, W = np.asanyarray(arrays.array(input)), np.asanyarray(arrays.array(weight))
    if xs.shape[-1:] != W.shape[1:]:
        raise ShapeError(f"linear with weights {W.shape} takes {W.shape[-1]} inputs, got shape {xs.shape}.")
    out = xs @ W.T
    return out if bias is None else out + arrays.array(bias)


def dropout(
    input: Array,  # noqa: A002
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    seed: Seed = None,
) -> Array:
    """Make each number 0 with probability p and x/(1 − p) otherwise; see `nn.Dropout`."""
    return Dropout(p, seed=seed).train(training)(input)


def max_pool2d(input: Array, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> NDArray[Any]:  # noqa: A002
    """Take the largest number of each window of a picture, or of each of a batch; see `nn.MaxPool2d`."""
    return MaxPool2d(kernel_size, stride, padding)(input)  # type: ignore[no-any-return]


def one_hot(tensor: ArrayLike, num_classes: int = -1) -> NDArray[np.int64]:
    """Return a row for each class, with 1 at its place and 0 elsewhere.

    Args:
        tensor: the classes, in an array of any shape.
        num_classes: how many there are; as many as the largest needs, unless given.

    Raises:
        ValueError: a class is no whole number from 0 to num_classes − 1, or num_classes none from 1.
        TypeError: it is no number at all.

    Example:
        >>> one_hot([0, 2])
        array([[1, 0, 0],
               [0, 0, 1]])
    """
    arrays.check_mask(tensor, "tensor")
    given = arrays.read_array(tensor)
    entries = given.ravel().tolist()
    for entry in entries:
        if not isinstance(entry, int | float | np.integer | np.floating | Value):
            raise TypeError(f"one_hot takes classes, whole numbers from 0, not {entry!r}.")
        if not (0 <= entry <= LARGEST_CLASS and float(entry).is_integer()):
            raise ValueError(f"one_hot takes classes, whole numbers from 0 to 2**53, not {entry!r}.")
    classes = np.array([int(float(entry)) for entry in entries], dtype=np.int64).reshape(given.shape)
    if not (isinstance(num_classes, int | np.integer) and num_classes == -1):
        count = positive(num_classes, "num_classes", "one_hot")
    elif entries:
        count = int(classes.max()) + 1
    else:
        raise ValueError("one_hot of no classes needs num_classes.")
    if entries and classes.max() >= count:
        raise ValueError(f"one_hot takes classes from 0 to {count - 1}, got {classes.min()} to {classes.max()}.")
    rows: NDArray[np.int64] = np.equal.outer(classes, np.arange(count)).astype(np.int64)
    return rows
