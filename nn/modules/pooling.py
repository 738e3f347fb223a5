"""Pooling of pictures, arrays (channels, rows, columns): the largest number of each window, or the mean."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from numpy.typing import NDArray

from autograd import dot, largest
from nn import arrays
from nn.arrays import Array
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.inputs import Pair, picture, read_sizes, short

__all__ = ["AvgPool2d", "MaxPool2d"]


class _Pool(Module):
    """What poolings share: windows that step over each channel."""

    axes = 3

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Pair = 0) -> None:
        owner = type(self).__name__
        self.kernel_size = read_sizes(kernel_size, "kernel_size", owner)
        self.stride = self.kernel_size if stride is None else read_sizes(stride, "stride", owner)
        self.padding = read_sizes(padding, "padding", owner, least=0)
        if any(2 * p > k for p, k in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(f"padding of {owner} must be at most half its kernel_size.")

    @abstractmethod
    def _pool(self, numbers: list[Any]) -> Any:
        """Make one number of those of a window."""

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Pool one picture.

        Args:
            inputs: numbers or Values of shape (channels, rows, columns).

        Returns:
            an array of shape (channels, rows, columns); rows = ⌊(rows + 2·padding − height)/stride⌋ + 1.

        Raises:
            ShapeError: the picture is smaller than the window.
        """
        planes = picture(inputs, None, self)
        sizes = planes.shape[1:]
        windows = [
            [slice(max(start, 0), start + k) for start in range(-padding, size + padding - k + 1, stride)]
            for size, k, stride, padding in zip(sizes, self.kernel_size, self.stride, self.padding, strict=True)
        ]
        if not all(windows):
            raise ShapeError(
                f"{self.title} takes pictures of at least {self.kernel_size[0]} × {self.kernel_size[1]}, got "
                f"{sizes[0]} × {sizes[1]}."
            )
        outputs = [
            self._pool(arrays.flat(plane[rows, columns]))
            for plane in planes
            for rows in windows[0]
            for columns in windows[1]
        ]
        return arrays.make(outputs, (len(planes), len(windows[0]), len(windows[1])))

    def extent(self) -> str:
        """Describe the window."""
        stride = "" if self.stride == self.kernel_size else f", stride {short(self.stride)}"
        return "×".join(map(str, self.kernel_size)) + stride


class MaxPool2d(_Pool):
    """Max pooling: the largest number of each window, channel by channel.

    Numbers that tie for the largest share the gradient (PyTorch gives it to the first).

    Args:
        kernel_size: height and width of the window: one number, or two.
        stride: step of the window; the size of the window unless given.
        padding: rows and columns around the picture that count as −∞; at most half the window.
    """

    kind = "maxpool"

    def _pool(self, numbers: list[Any]) -> Any:
        return largest(numbers)


class AvgPool2d(_Pool):
    """Average pooling: the mean of each window, channel by channel, as one `dot` with equal weights.

    Args:
        kernel_size: height and width of the window: one number, or two.
        stride: step of the window; the size of the window unless given.
        padding: rows and columns of zeros around the picture; at most half the window.
        count_include_pad: whether these zeros count in the mean.
    """

    kind = "avgpool"

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.count_include_pad = bool(count_include_pad)

    def _pool(self, numbers: list[Any]) -> Any:
        count = self.kernel_size[0] * self.kernel_size[1] if self.count_include_pad else len(numbers)
        return dot([1.0 / count] * len(numbers), numbers)
