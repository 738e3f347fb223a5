"""Training: `fit` runs the loop of lecture L2.3, `evaluate` and `predict` use what it trained.

The same by hand, with nothing hidden::

    for epoch in range(250):
        for X, y in DataLoader(X_train, y_train, batch_size=16, shuffle=True, seed=0):
            optimizer.zero_grad()
            loss = total([mse(model(row), t) for row, t in zip(X, y)]) / len(X)
            loss.backward()
            optimizer.step()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.callbacks import Callback, Training
from nn.examples import read_examples, read_inputs
from nn.history import History
from nn.initialisers import Seed
from nn.loop import DivergedError, Loop
from nn.losses import mse
from nn.module import Module
from nn.optimisers import Optimizer
from nn.preparation import Metrics, check_examples, find_loss, find_metrics, mode
from nn.regularisers import Regulariser
from nn.runner import EagerRunner, Loss
from nn.schedules import Schedule

__all__ = ["DivergedError", "evaluate", "fit", "predict"]


def fit(
    model: Module,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Loss = "mse",
    optimizer: str | Optimizer = "sgd",
    epochs: int = 1,
    batch_size: int | None = 32,
    validation_split: float = 0.0,
    validation_data: tuple[ArrayLike, ArrayLike] | None = None,
    metrics: Metrics = (),
    shuffle: bool = True,
    seed: Seed = None,
    progress: bool | str = "auto",
    compile: bool | str = "auto",  # noqa: A002
    callbacks: Sequence[Callback | Callable[[Training], Any]] = (),
    min_loss: float | None = None,
    patience: int | None = None,
    regularizer: Regulariser | None = None,
    schedule: Schedule | Callable[[int], float] | None = None,
    clip_norm: float | None = None,
) -> History:
    """Train a model by descent on the mean loss of batches (lectures L2.3, L2.7).

    A step minimises ``Q = (1/n) Σ L(outputs, target) + R(w)`` over the n examples of a batch. Ctrl-C ends the
    training and gives the history so far; the weights are then those after the last finished step.

    Args:
        model: the model; its weights are changed in place, its mode is put back in the end.
        X: inputs, one row an example: (n, width), or (n, …) for pictures and sequences.
        y: targets: numbers or classes (n,), or (n, outputs).
        loss: a name such as ``"mse"`` or ``"huber(0.5)"``, or a function ``(outputs, target) -> Value``.
        optimizer: a name, for its default learning rate, or an optimiser over parameters of the model.
        epochs: the most passes over the training examples.
        batch_size: examples a step: 1 for stochastic descent, None for the full batch.
        validation_split: share of the examples, the last ones before any shuffling, that are kept for validation,
            as Keras does it.
        validation_data: validation examples (X, y) of their own.
        metrics: names, or functions ``(predictions, targets) -> number``, or a dictionary of such.
        shuffle: draw a new order for every epoch. A full batch stays in its order, which no step depends on.
        seed: of the orders; the same seed gives the same numbers, bit for bit.
        progress: ``"auto"`` reports on a terminal only, True everywhere, False nowhere.
        compile: ``"auto"`` or False run on the engine; True asks for a compiled program.
        callbacks: `Callback` objects, or functions that are called with the `Training` after every epoch.
        min_loss: stop when the loss of an epoch is not above it (lecture L2.11).
        patience: stop when the validation loss (without validation: the loss) has not improved for so many epochs,
            and put the best weights back (lecture L2.12).
        regularizer: a penalty R(w) such as ``nn.L2(1e-3)``, part of the graph and of the losses recorded (L5.6).
        schedule: the learning rate's factor from epoch to epoch.
        clip_norm: the longest that the gradient of a step may be; longer ones are shortened.

    Returns:
        the history: loss and metrics of every epoch, and why the training ended.

    Raises:
        ValueError: data, an option or a name cannot be used; the message says which and why. No weight is changed.
        TypeError: an entry of X or y is no number.
        DivergedError: a number stopped being finite; the history so far is on the error.

    Example:
        >>> from nn.layers import Layer
        >>> line = Layer(1, 1, W=[[0.0]], b=[0.0])
        >>> history = fit(line, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], optimizer="newton", batch_size=None, epochs=2)
        >>> round(line.W[0][0].data, 12), round(line.b[0].data, 12)
        (2.0, 1.0)
    """
    return Loop(
        model, X, y, loss, optimizer, epochs, batch_size, validation_split, validation_data, metrics, shuffle, seed,
        progress, compile, callbacks, min_loss, patience, regularizer, schedule, clip_norm,
    ).run()  # fmt: skip


def evaluate(
    model: Module, X: ArrayLike, y: ArrayLike, loss: str | Loss = "mse", metrics: Metrics = ()
) -> dict[str, float]:
    """Compute the mean loss and metrics on examples, in evaluation mode and without recording.

    Args:
        model: the model; its mode is put back.
        X: inputs, one row an example.
        y: targets, as many.
        loss: name of a loss, or a function ``(outputs, target) -> Value``.
        metrics: as in `fit`.

    Returns:
        ``{"loss": …}`` and a number for each metric.

    Raises:
        ValueError: the data or a name cannot be used.
    """
    inputs, targets = read_examples(X, y)
    loss_of, measures = find_loss(loss), find_metrics(metrics)
    with mode(model, training=False):
        check_examples(model, loss_of, inputs, targets, "y")
        mean, outputs = EagerRunner(model, loss_of).loss(inputs, targets)
    return {"loss": mean} | {name: float(measure(outputs, targets)) for name, measure in measures.items()}


def predict(model: Module, X: ArrayLike) -> NDArray[np.float64]:
    """Compute the outputs for examples, in evaluation mode and without recording.

    Args:
        model: the model; its mode is put back.
        X: inputs, one row an example.

    Returns:
        an array (n, outputs); (n, channels, rows, columns) from a model of pictures.

    Raises:
        ValueError: the data cannot be used, or has another width than the model takes.
    """
    inputs = read_inputs(X)
    with mode(model, training=False):
        return EagerRunner(model, mse).outputs(inputs)
