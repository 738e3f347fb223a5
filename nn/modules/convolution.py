"""Convolution of pictures, arrays (channels, rows, columns), its transpose, and convolution of rows, as in PyTorch.

Each number of a convolution's output is one `dot` node over the patch under the kernel, zeros of the padding
included; those of one channel share their weights. Source: lecture L3.6 (the U-Net).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd import Value, dot, scope
from nn import arrays
from nn.arrays import Array
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.activations import ActivationSpec, Chosen
from nn.modules.initializers import Initializer, Seed, initial_weights
from nn.modules.inputs import Pair, picture, positive, read_sizes, short
from nn.parameters import Parameters, parameters

__all__ = ["Conv1d", "Conv2d", "ConvTranspose2d"]

#: For each place of a channel, row by row, the weights and the numbers under the kernel.
Patches: TypeAlias = list[list[tuple[list[Any], list[Any]]]]


class _Kernels(Module):
    """What a convolution and its transpose share: weights, biases, names, and the sum over patches."""

    kind = "conv"
    axes = 3
    activation = Chosen("{activation} is an activation of a whole row, which {owner} does not have.")
    #: Axes of a kernel: two of pictures, one of rows.
    dimensions: ClassVar[int] = 2
    groups: int = 1
    padding: tuple[int, ...] | str

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair,
        dilation: Pair,
        activation: ActivationSpec,
        bias: bool,
        W: Any,
        b: Any,
        init: str | Initializer,
        seed: Seed,
        transposed: bool,
    ) -> None:
        owner = type(self).__name__
        self.in_channels = positive(in_channels, "in_channels", owner)
        self.out_channels = positive(out_channels, "out_channels", owner)
        self.kernel_size = read_sizes(kernel_size, "kernel_size", owner, self.dimensions)
        self.stride = read_sizes(stride, "stride", owner, self.dimensions)
        self.dilation = read_sizes(dilation, "dilation", owner, self.dimensions)
        self.activation = activation
        self.bias = bool(bias)
        if b is not None and not bias:
            raise ValueError(f"{owner} was given b and bias=False: leave one of them out.")
        if in_channels % self.groups or out_channels % self.groups:
            raise ValueError(
                f"{owner} with groups={self.groups} needs numbers of channels that {self.groups} divides, not "
                f"{in_channels} and {out_channels}."
            )
        channels = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        channels = (channels[0], channels[1] // self.groups)
        weights, biases = initial_weights(init, (*channels, *self.kernel_size), (out_channels,), seed)
        described = f"{owner} {in_channels} → {out_channels}"
        weights, biases = (
            arrays.read_or_keep(weights, W, "W", described),
            arrays.read_or_keep(biases, b, "b", described),
        )
        self.W: Parameters = parameters(weights, "W")
        self.b: Parameters | None = parameters(biases, "b") if self.bias else None
        self.bind()

    def name_nodes(self) -> None:
        """Prepare for each output channel its scope, and the stems of names such as ``s1[0][2][3]``."""
        s, a = self.qualify("s"), self.qualify("a")
        self._channels = [(scope(f"channel{o}"), f"{s}[{o}]", f"{a}[{o}]") for o in range(self.out_channels)]

    def _sums(self, patches: list[Patches]) -> NDArray[Any]:
        """Make the weighted sum of each place of each channel, from the weights and the patch there."""
        biases = [None] * self.out_channels if self.b is None else self.b.tolist()
        outputs: list[Value] = []
        for (channel, sum_name, name), bias, plane in zip(self._channels, biases, patches, strict=True):
            with channel:
                for r, line in enumerate(plane):
                    for c, (weights, patch) in enumerate(line):
                        place = f"[{r}][{c}]" if self.dimensions == 2 else f"[{c}]"
                        outputs.append(self._sum(weights, patch, bias, place, sum_name, name))
        return arrays.make(outputs, (self.out_channels, len(patches[0]), len(patches[0][0])))

    def _sum(
        self, weights: list[Any], patch: list[Any], bias: Value | None, place: str, sum_name: str, name: str
    ) -> Value:
        s: Value = dot(weights, patch, bias) if weights or bias is not None else Value(0.0, requires_grad=False)
        s.name = sum_name + place
        a: Value = self.activation.on_value(s)
        a.name = name + place
        return a

    def extent(self) -> str:
        """Describe how many channels go in and out, and the kernel: ``3 → 8, 3×3, padding 1``."""
        parts = [f"{self.in_channels} → {self.out_channels}", "×".join(map(str, self.kernel_size))]
        for name, plain in (("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1), ("groups", 1)):
            content = getattr(self, name, plain)
            if content != plain and content != (plain,) * self.dimensions:
                parts.append(f"{name.replace('_', ' ')} {short(content)}")
        return ", ".join(parts)


class _Convolution(_Kernels):
    """What a convolution of pictures and one of rows share: padding, groups, and the sliding of kernels."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair | str = 0,
        dilation: Pair = 1,
        activation: ActivationSpec = "identity",
        bias: bool = True,
        W: Any = None,
        b: Any = None,
        seed: Seed = None,
        *,
        init: str | Initializer = "fan_in_uniform",
        groups: int = 1,
    ) -> None:
        self.groups = positive(groups, "groups", type(self).__name__)
        self.padding = self._read_padding(padding, stride)
        super().__init__(
            in_channels, out_channels, kernel_size, stride, dilation, activation, bias, W, b, init, seed, False
        )

    def _read_padding(self, padding: Pair | str, stride: Pair) -> tuple[int, ...] | str:
        owner = type(self).__name__
        if not isinstance(padding, str):
            return read_sizes(padding, "padding", owner, self.dimensions, least=0)
        if padding != "same" or set(read_sizes(stride, "stride", owner, self.dimensions)) != {1}:
            raise ValueError(f"padding of {owner} is a whole number, or 'same' with stride 1, not {padding!r}.")
        return padding

    def _convolve(self, planes: NDArray[Any]) -> NDArray[Any]:
        """Slide each output channel's kernel over the planes of its group; one of rows has height 1."""
        height_of_one = (1,) * (2 - self.dimensions)
        kernel, stride, dilation = ((*height_of_one, *each) for each in (self.kernel_size, self.stride, self.dilation))
        reach = tuple(d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
        if isinstance(self.padding, str):
            before = [r // 2 for r in reach]
            after = [r - b for r, b in zip(reach, before, strict=True)]
        else:
            before = after = [0] * len(height_of_one) + list(self.padding)
        planes = _pad(planes, before, after)
        _, height, width = planes.shape
        if height <= reach[0] or width <= reach[1]:
            if self.dimensions == 1:
                raise ShapeError(f"{self.title} takes {reach[1] + 1} steps or more after padding, got {width}.")
            raise ShapeError(
                f"{self.title} takes pictures of at least {reach[0] + 1} × {reach[1] + 1} after padding, got "
                f"{height} × {width}."
            )
        places = [
            [
                (slice(top, top + reach[0] + 1, dilation[0]), slice(left, left + reach[1] + 1, dilation[1]))
                for left in range(0, width - reach[1], stride[1])
            ]
            for top in range(0, height - reach[0], stride[0])
        ]
        # What a kernel sees: channel by channel, row by row, in the order of the weights.
        patches = [
            [[arrays.flat(group[:, rows, columns]) for rows, columns in line] for line in places]
            for group in np.split(planes, self.groups)
        ]
        kernels, size = self.W.reshape(self.out_channels, -1).tolist(), self.out_channels // self.groups
        return self._sums(
            [[[(kernel, patch) for patch in line] for line in patches[o // size]] for o, kernel in enumerate(kernels)]
        )


class Conv2d(_Convolution):
    """A convolution: each output channel sums what its kernel sees at each place of the picture.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output: one kernel each.
        kernel_size: height and width of the kernel: one number, or two.
        stride: step of the kernel in rows and columns.
        padding: rows and columns of zeros around the picture; ``"same"`` keeps its size (with stride 1).
        dilation: distance between the points that the kernel looks at.
        activation: a name of `ACTIVATIONS`, or a function of one number.
        bias: whether each output channel has a bias.
        W: given weights, of shape (out_channels, in_channels/groups, height, width); drawn by `init` otherwise.
        b: given biases, of shape (out_channels,).
        seed: a whole number or generator for drawing.
        init: the initialiser, see `nn.INITIALIZERS`; PyTorch's default without.
        groups: parts that the channels fall into; a kernel sees those of its own part alone.

    Example:
        >>> blur = Conv2d(1, 1, 2, bias=False, W=[[[[0.25, 0.25], [0.25, 0.25]]]])
        >>> blur([[[1.0, 2.0], [3.0, 4.0]]])
        array([[[Value(2.5, name='a[0][0][0]', op=dot)]]], dtype=object)
    """

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Convolve one picture.

        Args:
            inputs: numbers or Values of shape (in_channels, rows, columns).

        Returns:
            an array of Values of shape (out_channels, rows, columns);
            rows = ⌊(rows + 2·padding − dilation·(height − 1) − 1)/stride⌋ + 1.

        Raises:
            ShapeError: another number of channels, or a picture smaller than the kernel.
        """
        return self._convolve(picture(inputs, self.in_channels, self))


class Conv1d(_Convolution):
    """A convolution over steps: each output channel sums what its kernel sees at each step of rows of numbers.

    Args:
        in_channels: channels of the input: rows.
        out_channels: channels of the output: one kernel each.
        kernel_size: how many steps the kernel sees.
        stride: step of the kernel.
        padding: zeros before and after each row; ``"same"`` keeps its length (with stride 1).
        dilation: distance between the steps that the kernel looks at.
        activation: a name of `ACTIVATIONS`, or a function of one number.
        bias: whether each output channel has a bias.
        W: given weights, of shape (out_channels, in_channels/groups, kernel_size); drawn by `init` otherwise.
        b: given biases, of shape (out_channels,).
        seed: a whole number or generator for drawing.
        init: the initialiser, see `nn.INITIALIZERS`; PyTorch's default without.
        groups: parts that the channels fall into; a kernel sees those of its own part alone.

    Example:
        >>> change = Conv1d(1, 1, 2, bias=False, W=[[[-1.0, 1.0]]])
        >>> [float(x) for x in change([[1.0, 4.0, 9.0]])[0]]
        [3.0, 5.0]
    """

    axes = 2
    dimensions = 1

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Convolve the rows of one example.

        Args:
            inputs: numbers or Values of shape (in_channels, steps).

        Returns:
            an array of Values of shape (out_channels, steps);
            steps = ⌊(steps + 2·padding − dilation·(kernel_size − 1) − 1)/stride⌋ + 1.

        Raises:
            ShapeError: another number of channels, or fewer steps than the kernel sees.
        """
        rows = arrays.array(inputs)
        if np.ndim(rows) != 2 or len(rows) != self.in_channels:
            raise ShapeError(
                f"{self.title} takes one example, [channel][step], of {self.in_channels} channels, got shape "
                f"{np.shape(rows)}."
            )
        return self._convolve(rows[:, None, :])[:, 0, :]


def _pad(planes: NDArray[Any], before: Sequence[int], after: Sequence[int]) -> NDArray[Any]:
    """Surround each channel with zeros: rows before and after, columns before and after."""
    channels, height, width = planes.shape
    padded = np.zeros((channels, before[0] + height + after[0], before[1] + width + after[1]), planes.dtype)
    padded.fill(0.0)
    padded[:, before[0] : before[0] + height, before[1] : before[1] + width] = planes
    return padded


class ConvTranspose2d(_Kernels):
    """A transposed convolution: each input number stamps the kernel into the output, `stride` apart.

    With ``kernel_size=2, stride=2`` it doubles height and width, as the U-Net does on its way up.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: height and width of the kernel: one number, or two.
        stride: distance of the stamps in rows and columns.
        padding: rows and columns cut off around the output.
        output_padding: rows and columns added below and on the right.
        dilation: distance between the points of the kernel.
        activation: a name of `ACTIVATIONS`, or a function of one number.
        bias: whether each output channel has a bias.
        W: given weights, of shape (in_channels, out_channels/groups, height, width), as in PyTorch; drawn otherwise.
        b: given biases, of shape (out_channels,).
        seed: a whole number or generator for drawing.
        init: the initialiser, see `nn.INITIALIZERS`; PyTorch's default without.
        groups: parts that the channels fall into; a channel stamps into those of its own part alone.

    Example:
        >>> up = ConvTranspose2d(1, 1, 2, stride=2, bias=False, W=[[[[1.0, 2.0], [3.0, 4.0]]]])
        >>> [[a.data for a in line] for line in up([[[10.0]]])[0]]
        [[10.0, 20.0], [30.0, 40.0]]
    """

    kind = "upconv"
    padding: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        output_padding: Pair = 0,
        dilation: Pair = 1,
        activation: ActivationSpec = "identity",
        bias: bool = True,
        W: Any = None,
        b: Any = None,
        seed: Seed = None,
        *,
        init: str | Initializer = "fan_in_uniform",
        groups: int = 1,
    ) -> None:
        self.groups = positive(groups, "groups", "ConvTranspose2d")
        self.padding = read_sizes(padding, "padding", "ConvTranspose2d", least=0)
        self.output_padding = read_sizes(output_padding, "output_padding", "ConvTranspose2d", least=0)
        super().__init__(
            in_channels, out_channels, kernel_size, stride, dilation, activation, bias, W, b, init, seed, True
        )
        if any(o >= max(s, d) for o, s, d in zip(self.output_padding, self.stride, self.dilation, strict=True)):
            raise ValueError("output_padding of ConvTranspose2d must be smaller than its stride or its dilation.")

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Convolve one picture with the transpose.

        Args:
            inputs: numbers or Values of shape (in_channels, rows, columns).

        Returns:
            an array of Values of shape (out_channels, rows, columns);
            rows = (rows − 1)·stride − 2·padding + dilation·(height − 1) + output_padding + 1.

        Raises:
            ShapeError: another number of channels, or nothing is left of the output.
        """
        planes = picture(inputs, self.in_channels, self)
        sizes = planes.shape[1:]
        height, width = (self._size(axis, size) for axis, size in enumerate(sizes))
        if height < 1 or width < 1:
            raise ShapeError(f"{self.title} makes a picture of {height} × {width} from {sizes[0]} × {sizes[1]}.")
        down = [self._sources(0, r, sizes[0]) for r in range(height)]
        across = [self._sources(1, c, sizes[1]) for c in range(width)]
        parts = [
            [part.tolist() for part in pair]
            for pair in zip(np.split(np.array(self.W), self.groups), np.split(planes, self.groups), strict=True)
        ]
        patches = [
            [[self._patch(kernels, numbers, o, rs, cs) for cs in across] for rs in down]
            for kernels, numbers in parts
            for o in range(self.out_channels // self.groups)
        ]
        return self._sums(patches)

    def _size(self, axis: int, size: int) -> int:
        stamps = (size - 1) * self.stride[axis] + self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
        return stamps - 2 * self.padding[axis] + self.output_padding[axis]

    def _sources(self, axis: int, place: int, size: int) -> list[tuple[int, int]]:
        """List which input row stamps which kernel row onto an output row; columns likewise."""
        found = []
        for k in range(self.kernel_size[axis]):
            source, rest = divmod(place + self.padding[axis] - k * self.dilation[axis], self.stride[axis])
            if rest == 0 and 0 <= source < size:
                found.append((source, k))
        return found

    @staticmethod
    def _patch(
        kernels: list[Any], planes: list[Any], o: int, down: list[tuple[int, int]], across: list[tuple[int, int]]
    ) -> tuple[list[Any], list[Any]]:
        """List the weights and the numbers that meet at a place of a part's channel o, channel by channel."""
        weights, numbers = [], []
        for kernel, plane in zip(kernels, planes, strict=True):
            for row, k in down:
                for column, j in across:
                    weights.append(kernel[o][k][j])
                    numbers.append(plane[row][column])
        return weights, numbers
