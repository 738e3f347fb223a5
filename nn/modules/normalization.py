"""Batch normalisation: each feature shifted and scaled by the mean and variance over a batch.

In training the statistics are part of the graph, so gradients flow through them, and running ones are kept for
evaluation. Source: Ioffe and Szegedy 2015; lecture L3.6. Names and conventions are PyTorch's.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Value, dot, is_traced, sqrt, total
from nn import arrays
from nn.arrays import Array, Number
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.inputs import picture, positive, row
from nn.parameters import Parameters, parameters

__all__ = ["BatchNorm1d", "BatchNorm2d"]


def take_moments(xs: Sequence[Any]) -> tuple[Any, list[Any], Any]:
    """Return the mean of some numbers, how far each is from it, and their (biased) variance."""
    mean = total(xs) / len(xs)
    deviations = [x - mean for x in xs]
    return mean, deviations, dot(deviations, deviations) / len(xs)


class _BatchNorm(Module):
    """What batch normalisation of rows and of pictures share. See `BatchNorm2d`."""

    kind = "batchnorm"
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    whole_batch = True
    _observed: tuple[list[tuple[Value, Value]], int] | None = None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        self.num_features = positive(num_features, "num_features", type(self).__name__)
        self.eps = float(eps)
        self.momentum = None if momentum is None else float(momentum)
        self.affine = bool(affine)
        self.track_running_stats = bool(track_running_stats)
        self.gamma: Parameters | None = parameters(np.ones(num_features), "gamma") if affine else None
        self.beta: Parameters | None = parameters(np.zeros(num_features), "beta") if affine else None
        self.running_mean: NDArray[np.float64] | None = np.zeros(num_features) if track_running_stats else None
        self.running_var: NDArray[np.float64] | None = np.ones(num_features) if track_running_stats else None
        self.num_batches_tracked = np.array(0) if track_running_stats else None
        self.bind()

    @property
    def whole_batch_in_evaluation(self) -> bool:  # type: ignore[override]
        """Whether evaluation looks at the batch, too, as there are no running statistics."""
        return self.running_mean is None

    @abstractmethod
    def _check(self, example: Any) -> NDArray[Any]:
        """Check one example, and return it as an array whose first axis is that of the features."""

    def forward(self, inputs: Array) -> NDArray[Any]:
        """Normalise one example: in evaluation by the running statistics, else (and without any) by its own."""
        return self.forward_batch([inputs])[0]

    def forward_batch(self, examples: Sequence[Array]) -> list[NDArray[Any]]:
        """Normalise several examples together.

        Args:
            examples: the inputs, all of one shape.

        Returns:
            one array for each, of the shape of the input.

        Raises:
            ShapeError: another number of features; by the batch, one number a feature or examples that differ in size.
        """
        checked = [self._check(example) for example in examples]
        features = [example.reshape(self.num_features, -1).tolist() for example in checked]
        by_batch = self.training or self.running_mean is None
        if by_batch:
            self._check_sizes(features)
        columns = []
        moments = []
        for k in range(self.num_features):
            parts = [example[k] for example in features]
            if by_batch:
                normalised, moment = self._by_batch(parts, k)
                moments.append(moment)
            else:
                normalised = self._by_running(parts, k)
            columns.append(normalised)
        if self.training and self.running_mean is not None:
            count = sum(len(example[0]) for example in features)
            if is_traced(moments[0][0]):
                self._observed = moments, count
            else:
                self.remember([(_number(mean), _number(variance)) for mean, variance in moments], count)
        return [
            arrays.make([x for column in columns for x in column[n]], example.shape)
            for n, example in enumerate(checked)
        ]

    def _check_sizes(self, features: list[list[list[Number]]]) -> None:
        sizes = {len(example[0]) for example in features}
        if len(sizes) > 1:
            raise ShapeError(f"{self.title} takes examples of one size, got {sorted(sizes)} numbers a feature.")
        count = sum(len(example[0]) for example in features)
        if count < 2:
            place, cure = ("in training", ", or eval()") if self.running_mean is not None else ("in a batch", "")
            raise ShapeError(
                f"{self.title} needs two numbers or more for each feature {place}, got {count}: their variance would "
                f"be 0. Use model.batch(examples){cure}."
            )

    def _by_batch(self, parts: list[list[Number]], k: int) -> tuple[list[list[Any]], tuple[Any, Any]]:
        """Normalise one feature by the mean and the (biased) variance over the batch."""
        mean, deviations, variance = take_moments([x for part in parts for x in part])
        self.name_node(mean, f"mean[{k}]")
        self.name_node(variance, f"var[{k}]")
        scale = 1.0 / sqrt(variance + self.eps)
        if self.gamma is not None:
            scale = self.gamma[k] * scale
        outputs = [d * scale for d in deviations]
        if self.beta is not None:
            outputs = [x + self.beta[k] for x in outputs]
        places = iter(outputs)
        return [[next(places) for _ in part] for part in parts], (mean, variance)

    def _by_running(self, parts: list[list[Number]], k: int) -> list[list[Any]]:
        assert self.running_mean is not None
        assert self.running_var is not None
        mean = float(self.running_mean[k])
        scale: Any = 1.0 / float(np.sqrt(self.running_var[k] + self.eps))
        if self.gamma is not None:
            scale = self.gamma[k] * scale
        shift = -mean * scale if self.beta is None else self.beta[k] - mean * scale
        return [[x * scale + shift for x in part] for part in parts]

    def take_observed(self) -> tuple[list[tuple[Value, Value]], int]:
        """Return and forget what a traced batch left: mean and variance of each feature, and of how many numbers."""
        assert self._observed is not None
        observed, self._observed = self._observed, None
        return observed

    def remember(self, moments: Sequence[tuple[float, float]], count: int) -> None:
        """Move the running statistics: x ← (1 − momentum)·x + momentum·new, with the unbiased variance.

        Without a momentum they are the plain averages over all batches. `forward_batch` does so by itself; a compiled
        training calls it with the numbers of each batch.

        Args:
            moments: mean and biased variance of each feature.
            count: of how many numbers.
        """
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        mean, variance = np.array(moments).T
        self.num_batches_tracked = np.array(int(self.num_batches_tracked) + 1)
        part = 1.0 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean = (1.0 - part) * self.running_mean + part * mean
        self.running_var = (1.0 - part) * self.running_var + part * variance * count / (count - 1)

    def extent(self) -> str:
        """Describe how many features there are."""
        return str(self.num_features)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of pictures: y = γ(x − mean)/√(var + ε) + β, channel by channel.

    In training mean and var are those of the channel over the whole batch, so train with ``model.batch(examples)``;
    one example alone is a batch of one. In evaluation they are the running ones.

    Args:
        num_features: channels.
        eps: ε.
        momentum: how much of each batch's statistics goes into the running ones; None for a plain average.
        affine: whether there are γ and β, which start at 1 and 0.
        track_running_stats: whether running statistics are kept; otherwise evaluation, too, uses the batch's.

    Attributes:
        gamma: γ (PyTorch's weight), num_features Values.
        beta: β (PyTorch's bias), num_features Values.
        running_mean: the running mean, an array (a buffer, saved with the state).
        running_var: the running unbiased variance.
        num_batches_tracked: how many batches they come from.
    """

    axes = 3

    def _check(self, example: Any) -> NDArray[Any]:
        return picture(example, self.num_features, self)


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of rows: each input by its mean and variance over the batch. See `BatchNorm2d`.

    Args:
        num_features: numbers in a row.
        eps: ε.
        momentum: how much of each batch's statistics goes into the running ones; None for a plain average.
        affine: whether there are γ and β.
        track_running_stats: whether running statistics are kept.
    """

    axes = 1
    keeps_width = True

    def _check(self, example: Any) -> NDArray[Any]:
        return arrays.make(row(example, self.num_features, self))


def _number(x: Number) -> float:
    return x.data if isinstance(x, Value) else x
