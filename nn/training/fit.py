"""Training: `fit` runs the loop of lecture L2.3, `evaluate` and `predict` use what it trained.

The same by hand, with nothing hidden::

    batches = DataLoader(X_train, y_train, batch_size=16, shuffle=True, seed=0)
    for epoch in range(250):
        for X, y in batches:  # in a new order each time
            optimizer.zero_grad()
            loss = total([mse(model(row), t) for row, t in zip(X, y)]) / len(X)
            loss.backward()
            optimizer.step()
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.arrays import read_flag
from nn.data.examples import read_inputs
from nn.data.loading import DataLoader
from nn.data.weights import check_classes, even_out, multiply_by_class
from nn.losses.losses import mse
from nn.losses.regularizers import Regularizer
from nn.module import Module
from nn.modules.initializers import Seed
from nn.optim.optimizers import Optimizer
from nn.optim.scheduler import Scheduler
from nn.optim.schedules import Schedule
from nn.training.advice import advise
from nn.training.callbacks import Callback, Training
from nn.training.checks import (
    check_batches,
    check_examples,
    check_model,
    check_optimizer,
    check_options,
    check_validation,
    find_callbacks,
    find_optimizer,
    mode,
    read_data,
    set_aside,
)
from nn.training.choice import choose_runner
from nn.training.film import Film, check_film
from nn.training.going_on import Standing, check_initial_epoch
from nn.training.history import History
from nn.training.kept import check_attributes
from nn.training.loop import DivergedError, Loop
from nn.training.measures import Metrics, check_metrics, describe_unweighted, find_metrics, measure
from nn.training.progress import Progress
from nn.training.runner import Loss

__all__ = ["DivergedError", "evaluate", "fit", "predict"]


def fit(
    model: Module,
    X: ArrayLike,
    y: ArrayLike | None = None,
    loss: str | Loss = "mse",
    optimizer: str | Optimizer = "sgd",
    epochs: int = 1,
    batch_size: int | None = 32,
    validation_split: float = 0.0,
    validation_data: tuple[ArrayLike, ...] | None = None,
    metrics: Metrics = (),
    shuffle: bool = True,
    seed: Seed = None,
    progress: bool | str = "auto",
    compile: bool | str = "auto",  # noqa: A002
    callbacks: Sequence[Callback | Callable[[Training], Any]] = (),
    min_loss: float | None = None,
    patience: int | None = None,
    regularizer: Regularizer | None = None,
    schedule: Schedule | Callable[[int], float] | None = None,
    clip_norm: float | None = None,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping[Any, float] | str | None = None,
    film: Film | None = None,
    initial_epoch: int = 0,
    training: History | None = None,
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
        epochs: the most passes over the training examples, those before `initial_epoch` among them.
        batch_size: examples a step: 1 for stochastic descent, None for the full batch.
        validation_split: share of the examples, the last ones before any shuffling, that are kept for validation,
            as Keras does it.
        validation_data: validation examples of their own: (X, y), or (X, y, weights).
        metrics: names, or functions ``(predictions, targets) -> number``, or a dictionary of such.
        shuffle: draw a new order for every epoch. A full batch stays in its order, which no step depends on.
        seed: of the orders; the same seed gives the same numbers, bit for bit.
        progress: ``"auto"`` reports on a terminal only, True everywhere, False nowhere.
        compile: ``"auto"`` runs on a compiled program where that is faster and possible, and says so; False on the
            engine; True, or a backend's name ``"numpy"``, ``"numba"`` or ``"jax"``, asks for a program.
        callbacks: `Callback` objects, or functions that are called with the `Training` after every epoch.
        min_loss: stop when the loss of an epoch is not above it (lecture L2.11).
        patience: stop when the validation loss (without validation: the loss) has not improved for so many epochs,
            and put the best weights back (lecture L2.12).
        regularizer: a penalty R(w) such as ``nn.L2(1e-3)``, part of the graph and of the losses recorded (L5.6).
        schedule: the learning rate's factor from epoch to epoch.
        clip_norm: the longest that the gradient of a step may be; longer ones are shortened.
        sample_weight: how much each example counts, from 0. The loss becomes the weighted mean ``Σ w L / Σ w`` over all
            examples: a step multiplies losses by w over the mean weight of all, so that batches of one keep the
            weights' meaning. Metrics that take ``sample_weight`` are weighted, too.
        class_weight: how much each class counts in the training loss: ``{class: weight}``, 1 where one is left out, or
            ``"balanced"``, with which all classes count alike.
        film: what films the training, step by step: ``film.save("training.html")`` shows it afterwards.
        initial_epoch: how many epochs are done already; the orders of the later ones are those that the seed gives
            them. With a schedule pass `training` instead.
        training: the history of a training that goes on with the same model and optimiser, from where it stands: the
            numbers are then those of one that was never stopped: bit for bit where `compile` says what computes them,
            and up to rounding with ``"auto"``, which chooses anew. See `nn.load_training`.

    Returns:
        the history: loss and metrics of every epoch, and why the training ended.

    Raises:
        ValueError: data, an option or a name cannot be used; the message says which and why. No weight is changed.
        TypeError: an entry of X or y is no number, or an argument is of the wrong kind.
        CompileError: a program was asked for, and the model cannot be traced.
        DivergedError: a number stopped being finite; the history so far is on the error.

    Example:
        >>> from nn.modules.layers import Layer
        >>> line = Layer(1, 1, W=[[0.0]], b=[0.0])
        >>> history = fit(line, [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], optimizer="newton", batch_size=None, epochs=2)
        >>> round(line.W[0][0].data, 12), round(line.b[0].data, 12)
        (2.0, 1.0)
    """
    check_model(model)
    check_options(epochs, batch_size, clip_norm, regularizer, compile)
    measures = find_metrics(metrics)
    examples, loss_of = read_data(model, (X, y, sample_weight), loss)
    if class_weight is not None:
        check_classes(class_weight, examples)
    descent = find_optimizer(optimizer, model)
    check_optimizer(descent, model, clip_norm)
    outputs = check_examples(model, loss_of, examples, "y")
    advice = advise(outputs, loss_of, measures.values())
    del outputs  # and their graph
    check_attributes(model, examples.X)
    examples, validation = set_aside(examples, validation_split)
    if validation_data is not None:
        if validation is not None:
            raise ValueError("validation_split and validation_data were both given: leave one of them out.")
        validation, _ = read_data(model, check_validation(validation_data), loss, " of validation_data")
        check_examples(model, loss_of, validation, "y of validation_data")
    counted = examples.weights
    examples = multiply_by_class(examples, class_weight)
    weighted = examples.weights is not None or (validation is not None and validation.weights is not None)
    examples = even_out(examples, weighted=weighted)
    validation = None if validation is None else even_out(validation, weighted=weighted)
    watching = find_callbacks(callbacks, min_loss, patience)
    if film is not None:
        watching.insert(0, check_film(film))
    check_metrics(model, measures, examples)
    n = len(examples.X)
    full = batch_size is None or batch_size >= n
    batches = DataLoader(np.arange(n), None, batch_size, shuffle=read_flag(shuffle, "shuffle") and not full, seed=seed)
    check_batches(model, n, batches.batch_size)
    standing = None if training is None else Standing.read(training, epochs, initial_epoch)
    done = initial_epoch if standing is None else standing.epoch
    if standing is None and initial_epoch:
        check_initial_epoch(initial_epoch, epochs, schedule)
        batches.skip(initial_epoch)
    with mode(model, training=True):
        runner, note = choose_runner(
            model,
            loss_of,
            examples.X,
            examples.T,
            descent.parameters,
            regularizer,
            asked=compile,
            examples=n * (epochs - done),
            batch=batches.batch_size,
            weighted=weighted,
        )
    for one in watching:
        if isinstance(one, Film):
            one.prepare(model, loss_of, examples, runner)
    loop = Loop(
        model,
        descent,
        runner,
        examples,
        validation,
        batches,
        epochs,
        measures,
        watching,
        Progress(progress, epochs, len(batches)),
        None if schedule is None else Scheduler(descent, schedule),
        clip_norm,
        done,
        standing,
        counted,
    )
    if training is not None and standing is not None:
        loop.training.history = training.go_on()
        standing.restore_weights(model)
    notes = loop.training.history.notes
    notes += [each for each in (note or runner.describe(),) if each]
    notes += advice
    notes += describe_unweighted(measures) if sample_weight is not None else []
    notes += [] if standing is None else standing.notes
    if batch_size is not None and batch_size > n:
        notes.append(f"batch_size {batch_size} is above the {n} training examples: every step takes all of them")
    if descent.needs != "gradient" and not full:
        notes.append(
            f"{type(descent).__name__} is made for full batches (batch_size=None): every mini-batch is another "
            "function to it"
        )
    return loop.run()


def evaluate(
    model: Module,
    X: ArrayLike,
    y: ArrayLike | None = None,
    loss: str | Loss = "mse",
    metrics: Metrics = (),
    sample_weight: ArrayLike | None = None,
) -> dict[str, float]:
    """Compute the mean loss and metrics on examples, in evaluation mode and without recording.

    A few examples are computed on the engine; many, in one call or in several, by a program, whose numbers may differ
    in the last digit. It stays with the model, and is used again until something besides the weights changes.

    Args:
        model: the model; its mode is put back.
        X: inputs, one row an example.
        y: targets, as many.
        loss: name of a loss, or a function ``(outputs, target) -> Value``.
        metrics: as in `fit`.
        sample_weight: how much each example counts: the loss is ``Σ w L / Σ w``, and metrics that take
            ``sample_weight`` are weighted, too.

    Returns:
        ``{"loss": …}`` and a number for each metric.

    Raises:
        ValueError: the data or a name cannot be used.
    """
    check_model(model)
    weighted = sample_weight is not None
    measures = find_metrics(metrics)
    examples, loss_of = read_data(model, (X, y, sample_weight), loss)
    examples = even_out(examples, weighted=weighted)
    with mode(model, training=False):
        check = partial(check_examples, model, loss_of, examples, "y")
        runner, _ = choose_runner(model, loss_of, examples.X, examples.T, check=check, weighted=weighted)
        mean, outputs = runner.loss(*examples.arrays)
    return {"loss": mean} | measure(measures, outputs, examples.T, examples.weights)


def predict(model: Module, X: ArrayLike) -> NDArray[np.float64]:
    """Compute the outputs for examples, in evaluation mode and without recording.

    A few examples are computed on the engine; many, in one call or in several, by a program, whose numbers may differ
    in the last digit. It stays with the model, and is used again until something besides the weights changes.

    Args:
        model: the model; its mode is put back.
        X: inputs, one row an example.

    Returns:
        an array (n, outputs); (n, channels, rows, columns) from a model of pictures.

    Raises:
        ValueError: the data cannot be used, or has another width than the model takes.
    """
    check_model(model)
    inputs = read_inputs(X)
    with mode(model, training=False):
        return choose_runner(model, mse, inputs, None)[0].outputs(inputs)
