"""What a training is given: names become functions, and targets are tried before anything is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import no_grad
from nn import arrays, optimisers
from nn.callbacks import Callback, EarlyStopping, StopBelow, Training
from nn.elementwise import Dropout, Stochastic
from nn.losses import LOSSES, half_squared_error, huber, mae, mse
from nn.metrics import METRICS, Metric
from nn.module import Module
from nn.named import look_up
from nn.neurons import StochasticNeuron
from nn.optimisers import Optimizer
from nn.regularisers import Regulariser
from nn.runner import Loss

__all__ = [
    "Examples", "Metrics", "check_examples", "check_optimizer", "check_options", "find_callbacks", "find_loss",
    "find_metrics", "find_optimizer", "mode", "set_aside",
]  # fmt: skip

Array = NDArray[Any]


class Examples(NamedTuple):
    """Inputs (n, …) and their targets, as many."""

    X: Array
    T: Array

    def rows(self, rows: Array) -> Examples:
        """Take some of the examples."""
        return Examples(self.X[rows], self.T[rows])


#: Metrics by name, as functions ``(predictions, targets) -> number``, or as functions with names of their own.
Metrics = Sequence[str | Metric] | Mapping[str, Metric]


def find_loss(loss: str | Loss) -> Loss:
    """Give the function that a loss's name stands for; a function stands for itself.

    Raises:
        ValueError: the name is unknown.
        TypeError: it is neither.
    """
    if callable(loss):
        return loss
    if not isinstance(loss, str):
        raise TypeError(f'loss must be a name such as "mse" or a function (outputs, target) -> Value, not {loss!r}.')
    function, numbers = look_up(loss, LOSSES, "loss")
    return (lambda outputs, target: function(outputs, target, *numbers)) if numbers else function


def find_metrics(metrics: Metrics) -> dict[str, Metric]:
    """Give each metric's function by its name.

    Raises:
        ValueError: a name is unknown, or stands there twice.
        TypeError: a metric is neither a name nor a function.
    """
    if isinstance(metrics, str):
        metrics = [metrics]
    if isinstance(metrics, Mapping):
        return dict(metrics)
    found: dict[str, Metric] = {}
    for metric in metrics:
        if isinstance(metric, str):
            name, function = metric, look_up(metric, METRICS, "metric")[0]
        elif callable(metric):
            name, function = getattr(metric, "__name__", type(metric).__name__), metric
        else:
            raise TypeError(
                f'A metric is a name such as "mae" or a function of predictions and targets, not {metric!r}.'
            )
        if name in found or name == "loss":
            raise ValueError(
                f"Two columns of the history would be called {name!r}: pass metrics={{name: function, …}}."
            )
        found[name] = function
    return found


def find_optimizer(optimizer: str | Optimizer, model: Module) -> Optimizer:
    """Make the optimiser that a name stands for, or check that one trains this model.

    Raises:
        ValueError: the name is unknown, the model has nothing to train, or the optimiser trains another model.
        TypeError: it is neither.
    """
    if isinstance(optimizer, str):
        optimizer = optimisers.optimizer(optimizer, model.parameters())
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            'optimizer must be a name such as "adam" or an optimiser such as Adam(model.parameters()), not '
            f"{optimizer!r}."
        )
    own = set(model.parameters())
    foreign = [p for p in optimizer.parameters if p not in own]
    if foreign:
        name, count = type(optimizer).__name__, len(foreign)
        raise ValueError(
            f"{name} trains {foreign[0].describe()}{f' and {count - 1:,} more' if count > 1 else ''}, which "
            f"{'is no parameter' if count == 1 else 'are no parameters'} of this model: it was built for another one. "
            f"Build it from this model's: {name}(model.parameters())."
        )
    if not any(p.requires_grad for p in optimizer.parameters):
        raise ValueError(
            f"All {len(optimizer.parameters):,} parameters are frozen, so there is nothing to train: unfreeze() the "
            "model or a part of it."
        )
    return optimizer


#: Losses that take any finite target.
OF_NUMBERS = (mse, mae, half_squared_error, huber)


def check_examples(model: Module, loss_of: Loss, examples: Examples, name: str) -> None:
    """Try the first example, and every target that the loss may refuse, in evaluation mode.

    Args:
        name: what to call the targets.

    Raises:
        ValueError: a width does not fit, or a target is none that the loss takes; its row is named.
    """
    X, T = examples
    with mode(model, training=False), no_grad():
        outputs = model(X[0].tolist())
        if loss_of in LOSSES.values() and loss_of not in OF_NUMBERS:
            _check_targets(outputs, loss_of, T, name)
        loss_of(outputs, T[0].tolist())


def _check_targets(outputs: Any, loss_of: Loss, T: Array, name: str) -> None:
    """Try each different target on outputs that are scores, probabilities and a distribution at once."""
    count = len(arrays.flat(outputs))
    neutral = arrays.map_numbers(lambda _: 1.0 / count if count > 1 else 0.5, outputs)
    _, first = np.unique(T, axis=0, return_index=True)
    for row in sorted(first.tolist()):
        try:
            loss_of(neutral, T[row].tolist())
        except ValueError as error:
            raise ValueError(f"{name}[{row}] (row {row}) is no target for the loss. {error}") from None


@contextmanager
def mode(model: Module, *, training: bool) -> Iterator[None]:
    """Put a model into training or evaluation mode, and every part of it back into the mode it was in."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, was in before:
            module.training = was


def set_aside(examples: Examples, share: float) -> tuple[Examples, Examples | None]:
    """Keep the last examples for validation, as Keras does: ⌊n(1 − share)⌋ are left for training.

    Raises:
        ValueError: the share is out of its range, or leaves one of the parts without any.
    """
    if not 0.0 <= share < 1.0:
        raise ValueError(f"validation_split must be a share of the examples, from 0 to below 1, not {share!r}.")
    if not share:
        return examples, None
    n = len(examples.X)
    kept = math.floor(n * (1.0 - share))
    if not 0 < kept < n:
        raise ValueError(
            f"validation_split={share} of {n} examples leaves {kept} for training and {n - kept} for validation: give "
            "more examples, or another share."
        )
    return examples.rows(np.arange(kept)), examples.rows(np.arange(kept, n))


def check_options(
    epochs: int, batch_size: int | None, clip_norm: float | None, regularizer: Regulariser | None, compiled: bool | str
) -> None:
    """Check the options of `fit` that nothing else checks.

    Raises:
        ValueError: a number is out of its range, or a compiled program is asked for.
        TypeError: the regulariser is none.
    """
    if not _is_count(epochs):
        raise ValueError(f"epochs must be a whole number from 1, not {epochs!r}.")
    if batch_size is not None and not _is_count(batch_size):
        raise ValueError(f"batch_size must be a whole number from 1, or None for the full batch, not {batch_size!r}.")
    if clip_norm is not None and not clip_norm > 0.0:
        raise ValueError(f"clip_norm must be a positive number, not {clip_norm!r}: 0 would stop the training.")
    if regularizer is not None and not isinstance(regularizer, Regulariser):
        raise TypeError(f"regularizer must be a Regulariser such as L2(1e-3), not {regularizer!r}.")
    if compiled not in (True, False, "auto"):
        raise ValueError(f'compile must be "auto", True or False, not {compiled!r}.')
    if compiled is True:
        raise ValueError(
            "compile=True asks for a compiled program, but there is no compiler in this version. Leave "
            'compile="auto", which records and sweeps graphs.'
        )


def _is_count(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and int(number) >= 1


def check_optimizer(optimizer: Optimizer, model: Module, clip_norm: float | None) -> None:
    """Check what does not go together with optimisers that compare the loss at several weights.

    Raises:
        ValueError: gradients are to be clipped, or a part of the model draws at random.
    """
    kind = type(optimizer).__name__
    if optimizer.needs == "gradient":
        return
    if clip_norm is not None:
        raise ValueError(f"clip_norm does not go with {kind}, which chooses the length of its steps itself.")
    drawing = [m for m in model.modules() if isinstance(m, Dropout | Stochastic | StochasticNeuron)]
    if drawing:
        raise ValueError(
            f"{kind} compares the loss at several weights, but {drawing[0].title} draws at random each time. Use a "
            "first-order optimiser such as Adam."
        )


def find_callbacks(
    callbacks: Sequence[Callback | Callable[[Training], Any]], min_loss: float | None, patience: int | None
) -> list[Callback]:
    """Gather the callbacks of a training: the user's own first, functions among them, then the rules that stop it.

    Raises:
        TypeError: one is neither a callback nor a function.
        ValueError: patience is below 1.
    """
    found = [one if isinstance(one, Callback) else _Function(one) for one in callbacks]
    found += [StopBelow(min_loss)] if min_loss is not None else []
    found += [EarlyStopping(patience)] if patience is not None else []
    return found


class _Function(Callback):
    """A plain function as a callback."""

    def __init__(self, function: Callable[[Training], Any]) -> None:
        if not callable(function):
            raise TypeError(f"A callback must be a Callback or a function of the Training, not {function!r}.")
        self.function = function

    def on_epoch_end(self, training: Training) -> None:
        self.function(training)
