"""Keras' model: layers in a chain, compiled, fitted, evaluated, and asked for predictions, with Keras' arguments.

The work is done by `nn.fit`, `nn.evaluate` and `nn.predict` on the model's `network`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn import metrics as known_metrics
from nn.data.examples import read_inputs
from nn.errors import ConfigError, ShapeError
from nn.keras import losses, optimizers, weights
from nn.keras.layers import Layer, Shape, no_trainable, read_shape, refuse_options
from nn.keras.progress import Lines, order, report
from nn.keras.random import current_generator
from nn.metrics import Metric
from nn.modules import layers as modules
from nn.optim.optimizer import Optimizer
from nn.training.fit import evaluate, fit, predict

__all__ = ["History", "Sequential"]

BATCH_SIZE = 32  # examples a step, unless given

#: Keras' names of metrics.
METRICS: Mapping[str, Metric] = {
    "mae": known_metrics.mae, "mean_absolute_error": known_metrics.mae,
    "mse": known_metrics.mse, "mean_squared_error": known_metrics.mse,
    "accuracy": known_metrics.accuracy, "acc": known_metrics.accuracy,
}  # fmt: skip
#: Options of Keras' that are refused: what to write.
COMPILE_ADVICE = {
    "run_eagerly": "train model.network with nn.fit(…, compile=False)",
    "weighted_metrics": "give metrics=",
}
FIT_ADVICE = {
    "class_weight": "train model.network with nn.fit, which takes class_weight",
    "sample_weight": "train model.network with nn.fit, which takes sample_weight",
    "initial_epoch": "call fit again, which goes on from where it was",
}


class History:
    """What `Sequential.fit` recorded.

    Attributes:
        history: the columns, each a list of one number an epoch: ``history["val_mae"]``.
        epoch: the epochs, counted from 0.
        params: how the training was called.
        details: the history as `nn.fit` gives it, which plots and prints as a table.
    """

    def __init__(self, details: Any, params: dict[str, int]) -> None:
        self.details = details
        self.history: dict[str, list[float]] = order(details.to_dict())
        self.epoch = list(range(details.epochs))
        self.params = params

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history)}>"


class Sequential:
    """A chain of layers, each taking what the one before gives (lecture L1.8).

    Args:
        layers: the layers, in order.
        name: what it is called.

    Attributes:
        layers: the layers, as they were given.
        network: the `nn.Sequential` that computes; built once the shape of an example is known.

    Example:
        >>> from nn.keras import layers
        >>> model = Sequential([layers.Dense(3, activation="relu", input_shape=(2,)), layers.Dense(1)])
        >>> model.count_params(), [w.shape for w in model.get_weights()]
        (13, [(2, 3), (3,), (3, 1), (1,)])
        >>> model(np.zeros((5, 2))).shape
        (5, 1)
    """

    freezing = "write model.network.freeze() once the model is built, or model.network.unfreeze()"
    trainable = no_trainable

    def __init__(self, layers: Sequence[Layer] | None = None, name: str = "sequential", **others: Any) -> None:
        refuse_options("Sequential of nn.keras", others, {"trainable": self.freezing})
        self.name = name
        self.layers: list[Layer] = []
        self._network: modules.Sequential | None = None
        self._loss: Any = None
        self._optimizer: optimizers.Choice | Optimizer = optimizers.RMSprop()
        self._metrics: dict[str, Metric] = {}
        self._compiled = False
        for layer in layers or []:
            self.add(layer)

    # --- layers and weights -------------------------------------------------------------------------------------------

    def add(self, layer: Layer) -> None:
        """Put a layer at the end.

        Raises:
            TypeError: it is none of `nn.keras.layers`.
            ConfigError: it was built already, in this model or in another.
        """
        if not isinstance(layer, Layer):
            raise TypeError(f"A Sequential of nn.keras is made of layers of nn.keras.layers, not {layer!r}.")
        if layer.module is not None:
            raise ConfigError(f"{layer!r} was built already, and cannot stand in two places: make another one.")
        self.layers.append(layer)
        shape = self.layers[0].input_shape
        if shape is not None:
            self.build((None, *shape))

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Make the weights that are not there yet.

        Args:
            input_shape: the shape of a batch, whose first size may be None.
        """
        shape: Shape = read_shape(tuple(input_shape)[1:], "Sequential")
        random = current_generator()
        made = []
        for layer in self.layers:
            shape = layer.build(shape, random) if layer.module is None else layer.output_shape(shape)
            if layer.module is not None:
                made.append(layer.module)
        self._network = modules.Sequential(*made)

    @property
    def network(self) -> modules.Sequential:
        """The chain of modules that computes; every parameter, graph and picture is there.

        Raises:
            ConfigError: the shape of an example is not known yet.
        """
        if self._network is None:
            raise ConfigError(
                "This model is not built yet, as the shape of an example is not known: give its first layer "
                "input_shape=(…,), or call fit."
            )
        return self._network

    def _build_for(self, x: ArrayLike) -> NDArray[np.float64]:
        """Read inputs, and build the model for them if that is still to do."""
        inputs = read_inputs(x, "x")
        if self._network is None:
            self.build((None, *inputs.shape[1:]))
        due = self.layers[0].input_shape if self.layers else None
        if due is not None and due != inputs.shape[1:]:
            raise ShapeError(f"The model takes examples of shape {due}, got {inputs.shape[1:]}: x has {inputs.shape}.")
        return inputs

    def __call__(self, inputs: Any) -> Any:
        """Compute the outputs as Values, for one example or a batch."""
        if self._network is None:
            self._build_for(inputs)
        return self.network(inputs)

    def get_weights(self) -> list[NDArray[np.float64]]:
        """Return kernel and biases of each layer, in order."""
        return [array for layer in self.layers for array in layer.get_weights()]

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Set kernel and biases of each layer, in the order of `get_weights`.

        Raises:
            ShapeError: there are more or fewer arrays.
            StateError: one has another shape.
        """
        counts = [len(layer.get_weights()) for layer in self.layers]
        if sum(counts) != len(weights):
            raise ShapeError(f"The model has {sum(counts)} arrays of weights, got {len(weights)}.")
        rest = list(weights)
        for layer, count in zip(self.layers, counts, strict=True):
            layer.set_weights(rest[:count])
            rest = rest[count:]

    def save_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Write the weights into Keras' file, ``model.weights.h5``; `nn.keras.weights` says what is refused."""
        weights.save_weights(self._built_layers(), filepath)

    def load_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Set the weights from Keras' file, ``model.weights.h5``, or change nothing.

        Raises:
            StateError: they do not fit the model; all that differs is listed.
        """
        weights.load_weights(self._built_layers(), filepath)

    def _built_layers(self) -> list[Layer]:
        assert self.network  # which says so where it is not built
        return self.layers

    def count_params(self) -> int:
        """Count the numbers that are trained."""
        return len(self.network.parameters())

    def summary(self) -> None:
        """Print the table of layers."""
        print(self.network.describe())

    def __repr__(self) -> str:
        return f"<Sequential {self.name}, {len(self.layers)} layers{'' if self._network else ', not built yet'}>"

    # --- training -----------------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: str | optimizers.Choice | Optimizer = "rmsprop",
        loss: Any = None,
        metrics: Sequence[str | Callable[..., Any]] | None = None,
        **others: Any,
    ) -> None:
        """Choose how the model is trained.

        Args:
            optimizer: ``"rmsprop"``, ``"adam"``, ``"sgd"``, one of `nn.keras.optimizers`, or an optimiser of `nn`.
            loss: a name such as ``"mse"``, one of `nn.keras.losses`, or a function (outputs, target) of one example.
            metrics: names such as ``"mae"``, or functions (y_true, y_pred).

        Raises:
            ValueError: a name is unknown.
            TypeError: an argument is of the wrong kind, or an option of Keras' that is not here.
        """
        refuse_options("compile of nn.keras", others, COMPILE_ADVICE)
        self._optimizer = optimizers.find(optimizer)
        self._loss = losses.find(loss)
        self._metrics = _find_metrics(metrics)
        self._compiled = True

    @property
    def optimizer(self) -> optimizers.Choice | Optimizer:
        """The optimiser: as it was chosen, and once the model was fitted, with its weights and what it remembers."""
        return self._optimizer

    def fit(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Sequence[Any] | None = None,
        validation_split: float = 0.0,
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        shuffle: bool = True,
        **others: Any,
    ) -> History:
        """Train the model; called again, it goes on from where it was.

        Args:
            x: inputs, one row an example.
            y: targets, as many.
            batch_size: examples a step; 32 unless given.
            epochs: passes over the examples.
            verbose: 0 for silence; 1 or ``"auto"`` for Keras' lines, 2 for those without a bar.
            callbacks: `nn.Callback` objects, or functions of the `nn.Training`.
            validation_split: share of the examples, the last ones, that are kept for validation.
            validation_data: validation examples of their own.
            shuffle: whether each epoch has an order of its own.

        Returns:
            the history, with its columns in ``history.history``.

        Raises:
            RuntimeError: the model was not compiled.
            TypeError: an option of Keras' that is not here.
            ValueError: data or an option cannot be used.
        """
        refuse_options("fit of nn.keras", others, FIT_ADVICE)
        self._check_compiled("fit")
        inputs = self._build_for(x)
        if isinstance(self._optimizer, optimizers.Choice):
            self._optimizer = self._optimizer.over(self.network.parameters())
        size = BATCH_SIZE if batch_size is None else batch_size
        lines = Lines(verbose)
        details = fit(
            self.network, inputs, y, self._loss, self._optimizer, epochs, size, validation_split, validation_data,
            self._metrics, shuffle, current_generator(), progress=False, callbacks=[*(callbacks or []), lines],
        )  # fmt: skip
        return History(details, {"verbose": lines.verbose, "epochs": epochs, "steps": lines.steps})

    def evaluate(
        self,
        x: ArrayLike,
        y: ArrayLike | None = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        return_dict: bool = False,
        **others: Any,
    ) -> Any:
        """Compute the mean loss and the metrics on examples.

        Args:
            x: inputs, one row an example.
            y: targets, as many.
            batch_size: changes nothing but the printed count.
            verbose: 0 for silence, else Keras' line.
            return_dict: whether the numbers come by name.

        Returns:
            the loss; with metrics a list of the loss and each of them.

        Raises: as `fit` does.
        """
        refuse_options("evaluate of nn.keras", others)
        self._check_compiled("evaluate")
        inputs = self._build_for(x)
        with report(verbose, len(inputs), batch_size or BATCH_SIZE) as numbers:
            found = evaluate(self.network, inputs, y, self._loss, self._metrics)
            numbers.update(found)
        if return_dict:
            return order(found)
        return list(found.values()) if self._metrics else found["loss"]

    def predict(
        self, x: ArrayLike, batch_size: int | None = None, verbose: str | int = "auto", **others: Any
    ) -> NDArray[np.float64]:
        """Compute the outputs for examples.

        Args:
            x: inputs, one row an example.
            batch_size: changes nothing but the printed count.
            verbose: 0 for silence, else Keras' line.

        Returns:
            an array (n, outputs).

        Raises:
            ValueError: the data cannot be used.
        """
        refuse_options("predict of nn.keras", others)
        inputs = self._build_for(x)
        with report(verbose, len(inputs), batch_size or BATCH_SIZE):
            return predict(self.network, inputs)

    def _check_compiled(self, method: str) -> None:
        if not self._compiled:
            raise RuntimeError(
                f"Call compile before {method}: model.compile(optimizer='rmsprop', loss='mse', metrics=['mae'])."
            )


def _find_metrics(given: Sequence[str | Callable[..., Any]] | None) -> dict[str, Metric]:
    """Return the functions of metrics by their names.

    Raises:
        ValueError: a name is unknown.
        TypeError: one is neither a name nor a function.
    """
    found: dict[str, Metric] = {}
    for metric in [given] if isinstance(given, str) else given or []:
        if isinstance(metric, str) and metric in METRICS:
            found[metric] = METRICS[metric]
        elif isinstance(metric, str):
            raise ValueError(f"{metric!r} is no metric of nn.keras. Known: {', '.join(METRICS)}; or give a function.")
        elif callable(metric):
            found[getattr(metric, "__name__", type(metric).__name__)] = _average(metric)
        else:
            raise TypeError(f"A metric is a name such as 'mae' or a function (y_true, y_pred), not {metric!r}.")
    return found


def _average(metric: Callable[..., Any]) -> Metric:
    """Make a metric of Keras', which may give a number for each example, one of `nn`."""

    def measure(y_true: ArrayLike, y_pred: ArrayLike) -> float:
        return float(np.mean(metric(y_true, y_pred)))

    return measure
