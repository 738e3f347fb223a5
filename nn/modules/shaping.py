"""Modules that lay numbers out anew: rows into pictures and back, and branches side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nn import arrays
from nn.arrays import Array, Number
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.inputs import positive
from nn.modules.layers import Container

__all__ = ["Concatenate", "Flatten", "Reshape", "concatenate"]


class Flatten(Module):
    """Nested lists made into one row: channel by channel, row by row."""

    kind = "flatten"

    def forward(self, inputs: Array) -> list[Number]:
        """List the numbers in order."""
        return arrays.flat(arrays.to_lists(inputs))


class Reshape(Module):
    """A row made into nested lists of a shape: ``Reshape(1, 8, 8)`` makes a picture of 64 numbers.

    Args:
        shape: the sizes, from the outermost in.
    """

    kind = "reshape"

    def __init__(self, *shape: int) -> None:
        self.shape = tuple(positive(size, "each size", "Reshape") for size in shape)

    def forward(self, inputs: Array) -> Array:
        """Arrange the numbers in the shape."""
        xs = arrays.flat(arrays.to_lists(inputs))
        wanted = math.prod(self.shape)
        if len(xs) != wanted:
            raise ShapeError(f"{self.title} takes {wanted:,} numbers, got {len(xs):,}.")
        for size in reversed(self.shape[1:]):
            xs = [xs[start : start + size] for start in range(0, len(xs), size)]
        return xs

    def extent(self) -> str:
        """Describe the shape it makes."""
        return " × ".join(map(str, self.shape))


def concatenate(*parts: Sequence[Any]) -> list[Any]:
    """Join rows end to end, or pictures by channels, as skip connections do (lecture L3.6).

    Args:
        parts: rows of numbers; or pictures [channel][row][column] of one height and width.

    Raises:
        ShapeError: pictures differ in height or width, or rows and pictures are mixed.

    Example:
        >>> concatenate([1.0, 2.0], [3.0])
        [1.0, 2.0, 3.0]
    """
    listed = [arrays.to_lists(part) for part in parts]
    sizes = {arrays.shape(part)[1:] for part in listed}
    if len(sizes) > 1:
        written = ", ".join(" × ".join(map(str, arrays.shape(part))) for part in listed)
        raise ShapeError(f"concatenate joins pictures of one height and width, or rows; got shapes {written}.")
    return [entry for part in listed for entry in part]


class Concatenate(Container):
    """Branches that all get the same input, and whose outputs are joined: a skip connection with `Identity`.

    Args:
        layers: the branches.

    Example:
        >>> from nn.modules.elementwise import Activation, Identity
        >>> Concatenate(Identity(), Activation("relu"))([-1.0, 2.0])
        [-1.0, 2.0, 0.0, 2.0]
    """

    kind = "concatenate"

    def forward(self, inputs: Any) -> list[Any]:
        """Feed every branch with the inputs, and join the outputs in order."""
        return concatenate(*(branch(inputs) for branch in self.layers))

    def forward_batch(self, examples: Sequence[Any]) -> list[Any]:
        """Do the same with several examples, each branch seeing them together."""
        branches = [branch.batch(examples) for branch in self.layers]
        return [concatenate(*parts) for parts in zip(*branches, strict=True)]
