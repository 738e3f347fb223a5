"""What a training is given: names become functions, and targets are tried before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import no_grad
from nn import arrays, optimisers
from nn.losses import LOSSES, half_squared_error, huber, mae, mse
from nn.metrics import METRICS, Metric
from nn.module import Module
from nn.named import look_up
from nn.optimisers import Optimizer
from nn.runner import Loss

__all__ = ["Metrics", "check_examples", "find_loss", "find_metrics", "find_optimizer", "mode"]

Array = NDArray[Any]
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


def check_examples(model: Module, loss_of: Loss, X: Array, T: Array, name: str) -> None:
    """Try the first example, and every target that the loss may refuse, in the model's present mode.

    Args:
        name: what to call the targets.

    Raises:
        ValueError: a width does not fit, or a target is none that the loss takes; its row is named.
    """
    with no_grad():
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
