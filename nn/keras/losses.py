"""Keras' losses by its names: of probabilities, unless ``from_logits=True`` says that scores come.

Keras cuts probabilities off at 1e−7; here nothing is cut off, and an infinite loss is an error.
"""

from __future__ import annotations

from types import MethodType
from typing import Any, ClassVar

from autograd import Value, equal, log, total, where
from nn import absent
from nn.keras.layers import refuse_options
from nn.losses import losses
from nn.losses.arguments import check_distribution, check_probabilities, class_index, flat, is_constant, read_pair
from nn.losses.batches import chosen

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Huber",
    "KLDivergence",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "find",
]

#: What Keras has beside these: what to write.
ABSENT = {
    "Hinge": "give compile nn.hinge, whose targets are −1 and 1",
    "CosineSimilarity": "give compile a function (outputs, target) -> Value of one example",
    "LogCosh": "give compile a function (outputs, target) -> Value of one example",
    "Poisson": "give compile a function (outputs, target) -> Value of one example",
}


def __getattr__(name: str) -> Any:
    absent.refuse("nn.keras.losses", name, ABSENT, __all__)


class Loss:
    """A loss of Keras', with its options; of one example, over which ``fit`` averages."""

    plain: ClassVar[Any] = None

    def __init__(self, **others: Any) -> None:
        refuse_options(f"{type(self).__name__} of nn.keras", others)

    def of_example(self) -> losses.Loss:
        """Return the loss of one example, as `nn.fit` takes it."""
        found: losses.Loss = type(self).plain
        return found


class MeanSquaredError(Loss):
    """The mean of the squared errors."""

    plain = staticmethod(losses.mse)


class MeanAbsoluteError(Loss):
    """The mean of the absolute errors."""

    plain = staticmethod(losses.mae)


class KLDivergence(Loss):
    """Kullback and Leibler's divergence of probabilities."""

    plain = staticmethod(losses.kl)


class Huber(Loss):
    """Squared errors up to delta and absolute ones beyond.

    Args:
        delta: the border.
    """

    def __init__(self, delta: float = 1.0, **others: Any) -> None:
        super().__init__(**others)
        self.delta = delta

    def of_example(self) -> losses.Loss:
        """Return the loss of one example, as `nn.fit` takes it."""
        return losses.huber if self.delta == 1.0 else MethodType(_huber, self.delta)


def _huber(delta: float, outputs: Any, target: Any) -> Any:
    return losses.huber(outputs, target, delta)


class _Crossentropy(Loss):
    """A cross-entropy of probabilities or of scores.

    Args:
        from_logits: whether the outputs are scores, without a softmax or sigmoid.
    """

    of_scores: ClassVar[Any] = None

    def __init__(self, from_logits: bool = False, **others: Any) -> None:
        super().__init__(**others)
        self.from_logits = bool(from_logits)

    def of_example(self) -> losses.Loss:
        """Return the loss of one example, as `nn.fit` takes it."""
        found: losses.Loss = type(self).of_scores if self.from_logits else type(self).plain
        return found


class BinaryCrossentropy(_Crossentropy):
    """The binary cross-entropy."""

    plain = staticmethod(losses.bce)
    of_scores = staticmethod(losses.bce_with_logits)


def _of_class(outputs: Any, target: Any) -> Any:
    """Compute −log p_c of the probabilities of one example."""
    name = "sparse_categorical_crossentropy"
    p, t = flat(name, "outputs", outputs), flat(name, "target", target)
    check_probabilities(name, p)
    if len(t.numbers) != 1:
        raise ValueError(
            f"{name} takes one class for each example, not {len(t.numbers)} numbers: for rows of zeros and a one take "
            "categorical_crossentropy."
        )
    return -log(chosen(class_index(name, t.numbers[0], len(p.numbers)), p.numbers))


def _of_distribution(outputs: Any, target: Any) -> Any:
    """Compute −Σ tᵢ log pᵢ of the probabilities of one example; a term with tᵢ = 0 counts as 0."""
    name = "categorical_crossentropy"
    p, t = read_pair(name, outputs, target)
    check_probabilities(name, p)
    check_distribution(name, t, len(p.numbers))
    terms = [
        ti * log(where(equal(ti, 0.0), 1.0, pi) if isinstance(ti, Value) else pi)
        for ti, pi in zip(t.numbers, p.numbers, strict=True)
        if not is_constant(ti, 0.0)
    ]
    return -(terms[0] if len(terms) == 1 else total(terms))


class SparseCategoricalCrossentropy(_Crossentropy):
    """The cross-entropy of classes 0, 1, 2, …"""

    plain = staticmethod(_of_class)
    of_scores = staticmethod(losses.cross_entropy)


class CategoricalCrossentropy(_Crossentropy):
    """The cross-entropy of rows of probabilities, such as zeros and a one."""

    plain = staticmethod(_of_distribution)
    of_scores = staticmethod(losses.cross_entropy)


#: The losses by the names that ``compile`` takes.
NAMES: dict[str, type[Loss]] = {
    "mse": MeanSquaredError, "mean_squared_error": MeanSquaredError,
    "mae": MeanAbsoluteError, "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber, "binary_crossentropy": BinaryCrossentropy, "bce": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "kl_divergence": KLDivergence,
}  # fmt: skip


def find(loss: Any) -> losses.Loss:
    """Return the loss of one example that is meant.

    Raises:
        ValueError: the name is unknown.
        TypeError: it is none.
    """
    if isinstance(loss, str):
        if loss not in NAMES:
            raise ValueError(f"{loss!r} is no loss of nn.keras. Known: {', '.join(NAMES)}.")
        return NAMES[loss]().of_example()
    if isinstance(loss, Loss):
        return loss.of_example()
    if loss is None or isinstance(loss, type) or not callable(loss):
        raise TypeError(
            f"loss must be a name such as 'mse', one of keras.losses, or a function (outputs, target) -> Value of one "
            f"example, not {loss!r}."
        )
    return loss  # type: ignore[no-any-return]
