"""Modules that lay numbers out anew: rows into pictures and back, and branches side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import arrays
from nn.arrays import Array
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.inputs import positive
from nn.modules.layers import Container

__all__ = ["Concatenate", "Flatten", "Reshape", "cat", "concatenate"]


class Flatten(Module):
    """A picture made into one row: channel by channel, row by row.

    PyTorch's takes the first axis for examples always; a module here is called with one example, too. So an array of up
    to three axes is one, unless the layers beside it in a `Sequential` tell how many numbers an example has.

    Args:
        axes: of how many axes an example is at most: 3 for a picture with channels, 2 for rows.

    Raises:
        ShapeError: (when called) there are more axes than those of a batch.

    Example:
        >>> Flatten()(np.zeros((4, 5, 3))).shape, Flatten(axes=2)(np.zeros((4, 5, 3))).shape
        ((60,), (4, 15))
    """

    kind = "flatten"
    axes: int
    takes_any_shape = True

    def __init__(self, axes: int = 3) -> None:
        self.axes = positive(axes, "axes", "Flatten")

    def forward(self, inputs: Array) -> NDArray[Any]:
        """List the numbers in order."""
        if (depth := arrays.depth(inputs)) > self.axes:
            raise ShapeError(
                f"{self.title} takes an example of up to {self.axes} axes, or a batch with one more, but got {depth}. "
                f"For larger examples write Flatten(axes={depth - 1})."
            )
        return arrays.make(arrays.flat(inputs))

    def forward_batch(self, examples: Sequence[Any]) -> list[NDArray[Any]]:
        """List the numbers of each example, which may have any number of axes: that it is one is known here."""
        return [arrays.make(arrays.flat(each)) for each in examples]


class Reshape(Module):
    """A row made into an array of a shape: ``Reshape(1, 8, 8)`` makes a picture of 64 numbers.

    Args:
        shape: the sizes, from the outermost in.
    """

    kind = "reshape"

    def __init__(self, *shape: int) -> None:
        self.shape = tuple(positive(size, "each size", "Reshape") for size in shape)

    def is_batch(self, inputs: Any) -> bool:
        """Whether inputs are several rows that each fill the shape."""
        given = arrays.shape(inputs) if isinstance(inputs, list | tuple) else np.shape(inputs)
        wanted = math.prod(self.shape)
        return len(given) > 1 and math.prod(given[1:]) == wanted and (len(given) == 2 or given[0] != 1)

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Arrange the numbers in the shape."""
        xs = arrays.flat(inputs)
        wanted = math.prod(self.shape)
        if len(xs) != wanted:
            raise ShapeError(f"{self.title} takes {wanted:,} numbers, got {len(xs):,}.")
        return arrays.make(xs, self.shape)

    def extent(self) -> str:
        """Describe the shape it makes."""
        return " × ".join(map(str, self.shape))


def concatenate(*parts: Array) -> NDArray[Any]:
    """Join rows end to end, or pictures by channels, as skip connections do (lecture L3.6).

    Args:
        parts: rows of numbers; or pictures [channel][row][column] of one height and width.

    Raises:
        ShapeError: pictures differ in height or width, or rows and pictures are mixed.

    Example:
        >>> concatenate([1.0, 2.0], [3.0])
        array([1., 2., 3.])
    """
    read = list(map(arrays.array, parts))
    if len({part.shape[1:] for part in read}) > 1:
        written = ", ".join(" × ".join(map(str, part.shape)) for part in read)
        raise ShapeError(f"concatenate joins pictures of one height and width, or rows; got shapes {written}.")
    return np.concatenate(read)


def cat(tensors: Sequence[Array], dim: int = 0) -> NDArray[Any]:
    """Join arrays along an axis, as ``torch.cat`` does; with `dim` 1 pictures of a batch by channels (lecture L3.6).

    Args:
        tensors: arrays that differ in the length of this axis alone.
        dim: the axis, counted from 0, or from −1 at the end.

    Raises:
        ShapeError: the arrays differ elsewhere, or have no such axis.

    Example:
        >>> cat([[[1.0, 2.0]], [[3.0]]], dim=1)
        array([[1., 2., 3.]])
    """
    read = [arrays.array(each) if isinstance(each, list | tuple) else np.asanyarray(each) for each in tensors]
    try:
        return np.concatenate(read, axis=dim)
    except (ValueError, np.exceptions.AxisError) as error:
        shapes = ", ".join(str(each.shape) for each in read) or "none"
        raise ShapeError(f"cat(…, dim={dim}) joins arrays that differ along this axis alone; got {shapes}.") from error


class Concatenate(Container):
    """Branches that all get the same input, and whose outputs are joined: a skip connection with `Identity`.

    Args:
        layers: the branches.

    Example:
        >>> from nn.modules.elementwise import Activation, Identity
        >>> Concatenate(Identity(), Activation("relu"))([-1.0, 2.0])
        array([-1.,  2.,  0.,  2.])
    """

    kind = "concatenate"

    def is_batch(self, inputs: Any) -> bool:
        """Whether inputs are several examples, by the first branch that knows; else rows or pictures."""
        axes = next((branch.axes for branch in self.layers if branch.axes is not None), None)
        return arrays.depth(inputs) in ((2, 4) if axes is None else (axes + 1,))

    def forward(self, inputs: Any) -> NDArray[Any]:
        """Feed every branch with the inputs, and join the outputs in order."""
        return concatenate(*(branch(inputs) for branch in self.layers))

    def forward_batch(self, examples: Sequence[Any]) -> list[Any]:
        """Do the same with several examples, each branch seeing them together."""
        branches = [branch.batch(examples) for branch in self.layers]
        return [concatenate(*parts) for parts in zip(*branches, strict=True)]
