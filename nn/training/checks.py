"""What a training is given: names become functions, and targets are tried before anything is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import no_grad
from nn import arrays
from nn.data.examples import Examples, separate
from nn.data.weights import read_weighted
from nn.losses.criteria import Criterion, read_criterion
from nn.losses.losses import LOSSES, half_squared_error, huber, mae, mse
from nn.losses.regularizers import Regularizer
from nn.module import Module, evaluating
from nn.modules.elementwise import Dropout, Stochastic
from nn.modules.neurons import StochasticNeuron
from nn.modules.normalization import BatchNorm1d
from nn.optim import flat, optimizers
from nn.optim.optimizers import Optimizer
from nn.registry import look_up
from nn.training.callbacks import Callback, EarlyStopping, StopBelow, Training
from nn.training.runner import Loss
from nn.training.trial import trying

__all__ = [
    "check_batches",
    "check_examples",
    "check_model",
    "check_optimizer",
    "check_options",
    "check_validation",
    "find_callbacks",
    "find_loss",
    "find_optimizer",
    "first_outputs",
    "mode",
    "read_data",
    "set_aside",
]

Array = NDArray[Any]


def check_model(model: Module) -> None:
    """Check that it is a model.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(model, Module):
        raise TypeError(f"model must be a Module such as nn.MLP(2, [8, 1]), not {_show(model)}.")


def check_validation(data: Any) -> tuple[Any, ...]:
    """Check that the validation data are a pair, or with weights a triple.

    Raises:
        TypeError: they are neither.
    """
    if isinstance(data, tuple | list) and len(data) in (2, 3):
        return tuple(data)
    given = f"{len(data)} things" if isinstance(data, tuple | list) else _show(data)
    raise TypeError(
        f"validation_data must be a pair of inputs and targets, not {given}: write validation_data=(X_val, y_val), or "
        "(X_val, y_val, weights)."
    )


def _show(thing: Any) -> str:
    """Show a wrong argument: the class where its repr may be long."""
    short = repr(thing) if thing is None or isinstance(thing, str | bool | int | float | type) else ""
    return short or f"an object of type {type(thing).__name__}"


def find_loss(loss: str | Loss) -> Loss:
    """Return the function that a loss's name stands for; a function stands for itself.

    Raises:
        ValueError: the name is unknown, or an option of the loss does not go with means over examples.
        TypeError: it is neither.
    """
    loss = read_criterion(loss)
    if callable(loss):
        return loss
    if not isinstance(loss, str):
        raise TypeError(f'loss must be a name such as "mse" or a function (outputs, target) -> Value, not {loss!r}.')
    function, numbers = look_up(loss, LOSSES, "loss")
    return (lambda outputs, target: function(outputs, target, *numbers)) if numbers else function


def read_data(model: Module, data: Sequence[Any], loss: str | Loss, where: str = "") -> tuple[Examples, Loss]:
    """Read examples and the loss of one, without the examples whose class the loss ignores, as its `ignore_index` says.

    Args:
        model: the model.
        data: (X, y), or (X, y, weights).
        loss: as `find_loss` takes it.
        where: the data come from, for their names in errors.

    Raises:
        ValueError, TypeError: as `find_loss` and `read_weighted` do; or all examples are ignored, or places of one.
    """
    loss_of, examples = find_loss(loss), read_weighted(data, where)
    if not isinstance(loss, Criterion):
        return examples, loss_of

    @cache
    def outputs() -> Any:
        with mode(model, training=False), trying(model), no_grad():
            return first_outputs(model, examples.X)

    if loss.has_places(examples.T, outputs):
        loss_of = loss.of_example(of_places=True)
    kept = loss.keeps(examples.T, outputs)
    return (examples if kept is None else examples.keep(kept)), loss_of


def find_optimizer(optimizer: str | Optimizer, model: Module) -> Optimizer:
    """Make the optimiser that a name stands for, or check that one trains this model.

    Raises:
        ValueError: the name is unknown, the model has nothing to train, a weight is not finite, or the optimiser
            trains another model.
        TypeError: it is neither.
    """
    if isinstance(optimizer, str):
        optimizer = optimizers.optimizer(optimizer, model.parameters())
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
    numbers = flat.weights(optimizer.parameters)
    bad = flat.first_not_finite(numbers)
    if bad is not None:
        raise ValueError(
            f"{flat.label(optimizer.parameters, bad)} is {numbers[bad]} before the training: set the weights to finite "
            "numbers, with load_state_dict or by making it anew."
        )
    return optimizer


#: Losses that take any finite target.
LOSSES_OF_ANY_NUMBER = (mse, mae, half_squared_error, huber)


def check_examples(model: Module, loss_of: Loss, examples: Examples, name: str, shape: Any = None) -> Any:
    """Try the first example, and every target that the loss may refuse, in evaluation mode.

    Args:
        name: what to call the targets.
        shape: of the outputs, where it is known that the model takes such examples: then only targets are tried.

    Returns:
        the outputs of the first example, with their graph.

    Raises:
        ValueError: a width does not fit, or a target is none that the loss takes; its row is named.
    """
    X, T, *_ = examples
    refusing = loss_of in LOSSES.values() and loss_of not in LOSSES_OF_ANY_NUMBER
    if shape is not None and not refusing:
        return None
    with mode(model, training=False), trying(model):
        outputs = np.zeros(shape) if shape is not None else first_outputs(model, X)
    with no_grad():
        if refusing:
            _check_targets(outputs, loss_of, examples, name)
        if shape is None:
            loss_of(outputs, separate(T[:1])[0])
    return outputs


def first_outputs(model: Module, X: Array) -> Any:
    """Compute the outputs for the first example, with another where the model looks at a batch as a whole."""
    return model.batch(separate(X[:2]))[0] if model.looks_at_batches else model.batch(separate(X[:1]))[0]


def _check_targets(outputs: Any, loss_of: Loss, examples: Examples, name: str) -> None:
    """Try each different target on outputs that are scores, probabilities and a distribution at once."""
    count = len(arrays.flat(outputs))
    neutral = arrays.map_numbers(lambda _: 1.0 / count if count > 1 else 0.5, outputs)
    _, first = np.unique(examples.T, axis=0, return_index=True)
    for row in sorted(first.tolist()):
        try:
            loss_of(neutral, separate(examples.T[row : row + 1])[0])
        except ValueError as error:
            number = examples.number(row)
            raise ValueError(f"{name}[{number}] (row {number}) is no target for the loss. {error}") from None


@contextmanager
def mode(model: Module, *, training: bool) -> Iterator[None]:
    """Put a model into training mode, and every part of it back into the mode it was in; or evaluate it here alone."""
    if not training:
        with evaluating(model):
            yield
        return
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
    if not (_is_number(share) and 0.0 <= share < 1.0):
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
    epochs: int, batch_size: int | None, clip_norm: float | None, regularizer: Regularizer | None, compiled: bool | str
) -> None:
    """Check the options of `fit` that nothing else checks.

    Raises:
        ValueError: a number is out of its range, or an option is none of those there are.
        TypeError: the regulariser is none.
    """
    if not _is_count(epochs):
        raise ValueError(f"epochs must be a whole number from 1, not {epochs!r}.")
    if batch_size is not None and not _is_count(batch_size):
        raise ValueError(f"batch_size must be a whole number from 1, or None for the full batch, not {batch_size!r}.")
    if clip_norm is not None and not (_is_number(clip_norm) and clip_norm > 0.0):
        raise ValueError(f"clip_norm must be a positive number, not {clip_norm!r}: 0 would stop the training.")
    if regularizer is not None and not isinstance(regularizer, Regularizer):
        raise TypeError(f"regularizer must be a Regularizer such as L2(1e-3), not {regularizer!r}.")
    if compiled not in (True, False, "auto", "numpy", "numba", "jax"):
        raise ValueError(f'compile must be "auto", True, False, "numpy", "numba" or "jax", not {compiled!r}.')


def _is_number(number: object) -> bool:
    return isinstance(number, int | float | np.integer | np.floating) and not isinstance(number, bool)


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


def check_batches(model: Module, examples: int, batch_size: int) -> None:
    """Check that no batch is too small for normalisation by the batch, where one number has no variance.

    Args:
        model: the model.
        examples: how many there are to train on.
        batch_size: examples a batch, at most as many; the last batch holds what is left.

    Raises:
        ValueError: a batch would hold a single example.
    """
    if examples % batch_size != 1 and batch_size != 1:
        return
    norm = next((m for m in model.modules() if isinstance(m, BatchNorm1d)), None)
    if norm is None:
        return
    which = "every" if batch_size == 1 else "the last"
    larger = next((size for size in range(batch_size + 1, examples + 1) if examples % size != 1), None)
    cure = "give it more examples" if larger is None else f"take another batch_size, such as {larger}"
    raise ValueError(
        f"With batch_size={batch_size} and {examples:,} training example{'s' * (examples != 1)}, {which} batch would "
        f"hold 1 example, but {norm.title} needs two or more, for a variance: {cure}."
    )


def find_callbacks(
    callbacks: Sequence[Callback | Callable[[Training], Any]], min_loss: float | None, patience: int | None
) -> list[Callback]:
    """Gather the callbacks of a training: the rules that stop it, then the user's own, functions among them.

    Raises:
        TypeError: one is neither a callback nor a function.
        ValueError: min_loss or patience is out of its range.
    """
    if min_loss is not None and not (_is_number(min_loss) and math.isfinite(min_loss)):
        raise ValueError(f"min_loss must be a finite number, the loss to stop at, not {min_loss!r}.")
    given: Any = callbacks
    if isinstance(given, Callback | str) or not isinstance(given, Iterable):
        raise TypeError(f"callbacks must be a list, such as [nn.Record(…)] or [print], not {_show(callbacks)}.")
    for one in callbacks:
        if isinstance(one, type) and issubclass(one, Callback):
            raise TypeError(f"A callback is an object, not the class {one.__name__}: write {one.__name__}(…).")
    own = [one if isinstance(one, Callback) else _Function(one) for one in callbacks]
    found: list[Callback] = [StopBelow(min_loss)] if min_loss is not None else []
    found += [EarlyStopping(patience)] if patience is not None else []
    found += own  # which may save what the others remember
    return found


class _Function(Callback):
    """A plain function as a callback."""

    def __init__(self, function: Callable[[Training], Any]) -> None:
        if not callable(function):
            raise TypeError(f"A callback must be a Callback or a function of the Training, not {function!r}.")
        self.function = function

    def on_epoch_end(self, training: Training) -> None:
        self.function(training)
