"""The U-Net: down to a coarse view of a picture and up again, each level joined with its twin across the U."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from nn.arrays import Array
from nn.errors import ShapeError
from nn.exchange.torch import TORCH_NAMES
from nn.module import Module
from nn.modules.convolution import Conv2d, ConvTranspose2d
from nn.modules.elementwise import Activation
from nn.modules.initializers import Seed, generator
from nn.modules.inputs import picture, positive
from nn.modules.layers import Sequential
from nn.modules.normalization import BatchNorm2d
from nn.modules.pooling import MaxPool2d
from nn.modules.shaping import concatenate

__all__ = ["UNet"]


def _block(channels: int, out_channels: int, seed: Seed) -> list[Module]:
    """Convolve 3×3, normalise and rectify, twice."""
    return [
        Conv2d(channels, out_channels, 3, padding=1, seed=seed),
        BatchNorm2d(out_channels),
        Activation("relu"),
        Conv2d(out_channels, out_channels, 3, padding=1, seed=seed),
        BatchNorm2d(out_channels),
        Activation("relu"),
    ]


class UNet(Module):
    """The U-Net of lecture L3.6, for segmentation: a score for every point of a picture.

    Source: Ronneberger, Fischer, Brox 2015, arXiv:1505.04597, with the lecture's padding and batch normalisation. Every
    block is twice Conv2d 3×3, BatchNorm2d, ReLU. Each level down is MaxPool2d 2×2 and a block, the middle a block, and
    each level up a ConvTranspose2d (kernel 2, stride 2), the joining of channels with what went down at the same size,
    and a block; at the end comes a 1×1 convolution.

    Args:
        in_channels: channels of the picture.
        channels: channels at each size on the way down, the largest size first; one level fewer than numbers. The
            lecture's are 64, 128, 256, 512, 1024: 4 levels, 31 million parameters.
        out_channels: channels of the scores.
        seed: a whole number or generator for drawing the weights.

    Raises:
        ValueError: a number of channels is not a whole number from 1, or there are fewer than two sizes.

    Example:
        >>> model = UNet(1, channels=[2, 3, 4], seed=0).eval()
        >>> scores = model([[[0.0] * 8] * 8])
        >>> scores.shape
        (1, 8, 8)
        >>> len(model.parameters())
        1038
    """

    kind = "unet"
    axes = 3

    def __init__(
        self,
        in_channels: int = 3,
        channels: Sequence[int] = (64, 128, 256, 512, 1024),
        out_channels: int = 1,
        seed: Seed = None,
    ) -> None:
        if isinstance(channels, int) or len(channels) < 2:
            raise ValueError(f"channels of UNet lists two sizes or more, such as [8, 16, 32]; got {channels!r}.")
        self.channels = [positive(size, "each of channels", "UNet") for size in channels]
        self.in_channels, self.out_channels = in_channels, out_channels
        random = generator(seed)
        first, *_, last = self.channels
        self.init_conv = Sequential(*_block(in_channels, first, random))
        self.downsample = [
            Sequential(MaxPool2d(2), *_block(above, below, random))
            for above, below in zip(self.channels, self.channels[1:], strict=False)
        ]
        self.upconv = Sequential(*_block(last, self.channels[-2], random))
        self.upsample, self.convolve = [], []
        for below, above in zip(self.channels[-2::-1], [*self.channels[-3::-1], first], strict=True):
            self.upsample.append(ConvTranspose2d(below, below, 2, stride=2, seed=random))
            self.convolve.append(Sequential(*_block(2 * below, above, random)))
        self.agg_conv = Conv2d(first, out_channels, 1, seed=random)
        self.bind()

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Compute the scores of one picture; in training by its own statistics, see `forward_batch`."""
        [scores] = self.forward_batch([inputs])
        return scores

    def forward_batch(self, examples: Sequence[Array]) -> list[NDArray[Any]]:
        """Compute the scores of several pictures, normalised together in training.

        Args:
            examples: pictures (in_channels, rows, columns); both sizes are multiples of 2 to the number of levels.

        Returns:
            for each an array (out_channels, rows, columns): the logit of "belongs to it" at every point.

        Raises:
            ShapeError: a picture has another number of channels, or a size that cannot be halved so often.
        """
        for example in examples:
            self._check_size(picture(example, self.in_channels, self))
        net = self.init_conv.batch(examples)
        skips = []
        for down in self.downsample:
            skips.append(net)
            net = down.batch(net)
        net = self.upconv.batch(net)
        for up, convolve in zip(self.upsample, self.convolve, strict=True):
            left, right = skips.pop(), up.batch(net)
            net = convolve.batch([concatenate(*pair) for pair in zip(left, right, strict=True)])
        return self.agg_conv.batch(net)

    def _check_size(self, planes: NDArray[Any]) -> None:
        (_, height, width), multiple = planes.shape, 2 ** len(self.downsample)
        if height % multiple or width % multiple:
            raise ShapeError(
                f"{self.title} halves pictures {len(self.downsample)} times, so that their height and width must be "
                f"multiples of {multiple}, got {height} × {width}: pad or crop them."
            )

    def torch_names(self) -> dict[str, str]:
        """Return the names that the arrays of the state have in the lecture's PyTorch class, by their names here.

        With them weights travel either way: ``model.load_state_dict({ours: state[theirs] for ours, theirs in
        model.torch_names().items()})``.
        """
        parts = {"init_conv": "init_conv", "upconv": "upconv", "agg_conv": "agg_conv"}
        for k in range(len(self.downsample)):
            parts[f"downsample.{k}"] = f"downsample_{k + 1}.blocks.1"
            parts[f"upsample.{k}"] = f"upsample_{k + 1}.upsample"
            parts[f"convolve.{k}"] = f"upsample_{k + 1}.convolve"
        names = {}
        for slot in self.slots():
            part, _, own = slot.key.rpartition(".")
            place = own.removeprefix(slot.name)  # 1 and 3 are the convolutions of a block, 2 and 4 normalise
            inside = ".blocks.{}.{}".format(*divmod(int(place) - 1, 2)) if place else ""
            names[slot.key] = f"{parts[part]}{inside}.{TORCH_NAMES.get(slot.name, slot.name)}"
        return names

    def extent(self) -> str:
        """Describe how many channels go in, through and out: ``3 → 64 → … → 1024 → 1``."""
        return " → ".join(map(str, (self.in_channels, *self.channels, self.out_channels)))
