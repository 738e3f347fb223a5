"""PyTorch's losses as objects: made once with their options, then called on outputs and targets.

``criterion = nn.CrossEntropyLoss()``, ``loss = criterion(model(inputs), labels)``; `fit` takes them, too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from types import MethodType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn import arrays
from nn.losses import batches, losses
from nn.losses.batches import IGNORED_CLASS, check_reduction, read

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "Criterion",
    "CrossEntropyLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "SmoothL1Loss",
    "read_criterion",
]

#: What computes the loss of a batch as PyTorch does, where it is no mean over examples.
BY_HAND = "criterion(model(inputs), targets) in a loop by hand, criterion(nn.predict(model, X), y) to evaluate"


class Criterion:
    """A loss with its options; the base of PyTorch's.

    Attributes:
        reduction: how the losses of examples, or of single numbers, become one: ``"mean"``, ``"sum"``, ``"none"``.

    Args:
        options: those of `function`, by name.
    """

    #: The loss of a batch, and the one of `LOSSES` that it is, example by example, without any options.
    function: ClassVar[Callable[..., Any]]
    plain: ClassVar[Any] = None
    reductions: ClassVar[tuple[str, ...]] = batches.REDUCTIONS
    #: What makes an average over a batch something else than the average over its examples.
    of_batches: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **options: Any) -> None:
        self.reduction = check_reduction(options["reduction"], self.reductions)
        if "ignore_index" in options:
            options["ignore_index"] = batches.read_ignored(options["ignore_index"], type(self).__name__)
        self.options = options

    def __call__(self, outputs: Any, targets: Any) -> Any:
        """Compute the loss of one example or of a batch."""
        return type(self).function(outputs, targets, **self.options)

    def of_example(self, *, of_places: bool = False) -> losses.Loss:
        """Return the loss of one example, of which `fit` takes the mean over a batch.

        Args:
            of_places: whether an example has several places, as `has_places` says.

        Raises:
            ValueError: the options make the loss of a batch something else than this mean.
        """
        name = type(self).__name__
        if self.reduction not in ("mean", "batchmean"):
            raise ValueError(
                f"fit and evaluate average the losses of examples, but {name} has reduction={self.reduction!r}: leave "
                f"it out, or write {BY_HAND}."
            )
        for option in self.of_batches:
            if self.options[option] is not None:
                raise ValueError(
                    f"fit and evaluate average the losses of examples, but {name} with {option}=… weighs them by "
                    f"batch: give sample_weight, or fit class_weight={{class: weight}}, or write {BY_HAND}."
                )
        ours = "plain" in vars(type(self))  # a class derived from it may compute something else
        if ours and not of_places and self.options == type(self)().options:
            return self.plain  # type: ignore[no-any-return]
        return MethodType(_of_one, self)

    def has_places(self, T: NDArray[Any], outputs: Callable[[], Any]) -> bool:
        """Whether an example has a target at several places, such as the steps of a sequence, where `plain` takes one.

        Args as of `keeps`.
        """
        if self.plain is not losses.cross_entropy or np.size(T[0]) == 1:
            return False
        return _count_axes(T[0]) > 1 or _count_axes(outputs()) > 1  # where T has one: of places, or of shares

    def keeps(self, T: NDArray[Any], outputs: Callable[[], Any]) -> NDArray[np.bool_] | None:
        """Whether each target of several counts; None where all do, since none is of the class that is ignored.

        Args:
            T: the targets: classes; or shares, one for each output.
            outputs: computes those of one example, where a target may be of the class that is ignored.

        Raises:
            ValueError: the class is ignored at some places of an example and not at others.
        """
        ignored = self.options.get("ignore_index")
        if ignored is None or not (ignored == T).any() or np.size(T[0]) == len(arrays.flat(outputs())):
            return None
        left_out = (ignored == T).reshape(len(T), -1)
        if (left_out.any(axis=1) != left_out.all(axis=1)).any():
            raise ValueError(
                f"fit and evaluate average the losses of examples, but {type(self).__name__} ignores the class "
                f"{ignored} at some places of an example and not at others, and averages over all that are left: write "
                f"{BY_HAND}."
            )
        whole = left_out.all(axis=1)
        if whole.all():
            raise ValueError(f"{type(self).__name__} ignores the class {ignored}, and all {len(T)} targets are that.")
        return ~whole if whole.any() else None

    def __repr__(self) -> str:
        default: dict[str, Any] = {}
        with suppress(TypeError):  # a class derived from it may take other arguments
            default = type(self)().options
        given = [f"{name}={value!r}" for name, value in self.options.items() if _differs(value, default.get(name, ...))]
        return f"{type(self).__name__}({', '.join(given)})"


def read_criterion(loss: Any) -> Any:
    """Return the loss of one example that a loss object stands for; anything but a class stands for itself.

    Raises:
        TypeError: it is a class.
        ValueError: an option of the loss does not go with means over examples.
    """
    if isinstance(loss, type):
        own = issubclass(loss, Criterion)
        cure = f": write loss=nn.{loss.__name__}()" if own else ", not a function (outputs, target) -> Value"
        raise TypeError(f"loss is the class {loss.__name__}{cure}.")
    return loss.of_example() if isinstance(loss, Criterion) else loss


def _count_axes(array: Any) -> int:
    """Count the axes of an array that are longer than 1."""
    return sum(length > 1 for length in arrays.shape(array))


def _differs(value: Any, default: Any) -> bool:
    return value is not default and not np.array_equal(value, default)


def _of_one(criterion: Criterion, outputs: Any, target: Any) -> Any:
    """Compute the loss of a batch of one example."""
    outputs, target = read(outputs), read(target)
    if np.shape(target) == (1,) and isinstance(criterion, CrossEntropyLoss | NLLLoss):
        target = target[0]
    elif np.size(target) == np.size(outputs):
        target = np.reshape(np.asarray(target), np.shape(outputs))
    if "ignore_index" in criterion.options:  # examples of that class were left out: nothing here compares with it
        criterion = copy(criterion)
        criterion.options = criterion.options | {"ignore_index": None}
    return criterion([outputs], [target])


class MSELoss(Criterion):
    """The mean of the squared errors, ``nn.functional.mse_loss``.

    Example:
        >>> MSELoss()([[1.0], [5.0]], [[0.0], [2.0]])
        5.0
    """

    function = staticmethod(batches.mse_loss)
    plain = staticmethod(losses.mse)

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)


class L1Loss(Criterion):
    """The mean of the absolute errors, ``nn.functional.l1_loss``."""

    function = staticmethod(batches.l1_loss)
    plain = staticmethod(losses.mae)

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)


class HuberLoss(Criterion):
    """Squared errors up to delta and absolute ones beyond, ``nn.functional.huber_loss``."""

    function = staticmethod(batches.huber_loss)
    plain = staticmethod(losses.huber)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction, delta=delta)


class SmoothL1Loss(Criterion):
    """Absolute errors with a smooth corner, ``nn.functional.smooth_l1_loss``."""

    function = staticmethod(batches.smooth_l1_loss)

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction, beta=beta)


class BCELoss(Criterion):
    """The binary cross-entropy of probabilities, ``nn.functional.binary_cross_entropy``."""

    function = staticmethod(batches.binary_cross_entropy)
    plain = staticmethod(losses.bce)
    of_batches = ("weight",)

    def __init__(self, weight: ArrayLike | None = None, reduction: str = "mean") -> None:
        super().__init__(weight=weight, reduction=reduction)


class BCEWithLogitsLoss(Criterion):
    """The binary cross-entropy of scores, ``nn.functional.binary_cross_entropy_with_logits``."""

    function = staticmethod(batches.binary_cross_entropy_with_logits)
    plain = staticmethod(losses.bce_with_logits)
    of_batches = ("weight",)

    def __init__(
        self, weight: ArrayLike | None = None, reduction: str = "mean", pos_weight: ArrayLike | None = None
    ) -> None:
        super().__init__(weight=weight, reduction=reduction, pos_weight=pos_weight)


class NLLLoss(Criterion):
    """The negative log-likelihood of classes, ``nn.functional.nll_loss``."""

    function = staticmethod(batches.nll_loss)
    of_batches = ("weight",)

    def __init__(
        self, weight: ArrayLike | None = None, ignore_index: int | None = IGNORED_CLASS, reduction: str = "mean"
    ) -> None:
        super().__init__(weight=weight, ignore_index=ignore_index, reduction=reduction)


class CrossEntropyLoss(Criterion):
    """The cross-entropy of scores and classes, ``nn.functional.cross_entropy`` (lecture L2.5).

    Example:
        >>> criterion = CrossEntropyLoss()
        >>> round(criterion([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0]], [0, 2]), 6)
        0.753109
    """

    function = staticmethod(batches.cross_entropy)
    plain = staticmethod(losses.cross_entropy)
    of_batches = ("weight",)

    def __init__(
        self,
        weight: ArrayLike | None = None,
        ignore_index: int | None = IGNORED_CLASS,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight=weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing)


class KLDivLoss(Criterion):
    """Kullback and Leibler's divergence from logarithms of probabilities, ``nn.functional.kl_div``."""

    function = staticmethod(batches.kl_div)
    reductions = ("batchmean", *batches.REDUCTIONS)

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction, log_target=log_target)
