"""Metrics of a training: names become functions, functions of the user's are tried and their answers checked."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import no_grad
from nn import arrays
from nn.data.examples import Examples
from nn.metrics import METRICS, Metric
from nn.module import Module
from nn.registry import look_up
from nn.training.checks import first_outputs, mode
from nn.training.trial import trying

__all__ = ["Metrics", "check_metrics", "describe_unweighted", "find_metrics", "measure"]

Array = NDArray[Any]

#: Metrics by name, as functions ``(predictions, targets) -> number``, or as functions with names of their own.
Metrics = Sequence[str | Metric] | Mapping[str, Metric]


class _Measure:
    """A metric of the user's own, whose answers are checked; scikit-learn's take the targets first."""

    def __init__(self, name: str, function: Metric) -> None:
        self.name = name
        self.function = function
        names = _parameters(function)
        self.targets_first = bool(names) and names[0] in ("y_true", "targets", "target", "labels_true")
        self.takes_weights = "sample_weight" in names

    def __call__(self, predictions: ArrayLike, targets: ArrayLike, **weights: Any) -> float:
        try:
            answer = self.compute(predictions, targets, **weights)
        except Exception as error:
            raise ValueError(self._explain(error, np.asarray(predictions), np.asarray(targets))) from error
        return self.check(answer)

    def _explain(self, error: Exception, predictions: Array, targets: Array) -> str:
        """Say which metric failed, on what it was given, and what to write if it takes other things."""
        order = "targets, predictions" if self.targets_first else "predictions, targets"
        said = (
            f"The metric {self.name!r} failed: {str(error).rstrip('.')}. It was called with ({order}): predictions of "
            f"shape {predictions.shape}, such as {predictions.flat[0]:.6g}, targets of shape {targets.shape}, such as "
            f"{targets.flat[0]:.6g}."
        )
        if not getattr(self.function, "__module__", "").startswith("sklearn"):
            return said
        several = predictions.ndim > 1 and predictions.shape[1] > 1
        classes = "y_pred.argmax(axis=1)" if several else "y_pred > 0.5"
        return (
            f"{said} If it takes classes instead of scores, write metrics={{{self.name!r}: lambda y_true, y_pred: "
            f"{self.name}(y_true, {classes})}}."
        )

    def compute(self, predictions: ArrayLike, targets: ArrayLike, **weights: Any) -> Any:
        """Call the function with its arguments in the order of its own parameters."""
        pair = (targets, predictions) if self.targets_first else (predictions, targets)
        return self.function(*pair, **weights)

    def check(self, answer: Any) -> float:
        try:
            array = np.asarray(answer, dtype=np.float64)
            if array.size == 1 and answer is not None and not isinstance(answer, str):
                return float(array.reshape(()))
        except (TypeError, ValueError):  # no numbers, or a ragged list of them
            pass
        kind = f"an array of shape {answer.shape}" if isinstance(answer, np.ndarray) else repr(answer)
        raise TypeError(
            f"The metric {self.name!r} gave {kind}, but a metric gives one number for all predictions and targets, "
            "which are arrays of one row an example: return their mean, say."
        )


def _parameters(function: Metric) -> list[str]:
    """List the names of a metric's parameters: the targets come first in scikit-learn's, ``(y_true, y_pred)``."""
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # a function of C, say
        return []


def measure(
    measures: Mapping[str, Metric], outputs: Array, targets: Array, weights: Array | None = None
) -> dict[str, float]:
    """Compute all metrics; those that take ``sample_weight`` are weighted."""
    found = {}
    for name, metric in measures.items():
        weighs = weights is not None and _takes_weights(metric)
        found[name] = float(metric(outputs, targets, **({"sample_weight": weights} if weighs else {})))
    return found


def describe_unweighted(measures: Mapping[str, Metric]) -> list[str]:
    """Say which metrics count every example alike, though there are weights."""
    return [
        f"the metric {name!r} counts every example alike, as it takes no sample_weight"
        for name, metric in measures.items()
        if not _takes_weights(metric)
    ]


def _takes_weights(metric: Metric) -> bool:
    return metric.takes_weights if isinstance(metric, _Measure) else True


def find_metrics(metrics: Metrics) -> dict[str, Metric]:
    """Return each metric's function by its name.

    Raises:
        ValueError: a name is unknown, or stands there twice.
        TypeError: a metric is neither a name nor a function.
    """
    if isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    if not isinstance(metrics, Iterable):
        raise TypeError(f'metrics must be a list such as ["mae"], not {metrics!r}.')
    named = dict(metrics) if isinstance(metrics, Mapping) else _name_metrics(metrics)
    for name, function in named.items():
        if name == "loss":
            raise ValueError("A metric cannot be called 'loss', which is a column of the history already.")
        if not callable(function):
            raise TypeError(f"The metric {name!r} must be a function of predictions and targets, not {function!r}.")
    known = list(METRICS.values())
    return {name: function if function in known else _Measure(name, function) for name, function in named.items()}


def _name_metrics(metrics: Iterable[str | Metric]) -> dict[str, Metric]:
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
        if name in found:
            raise ValueError(
                f"Two columns of the history would be called {name!r}: pass metrics={{name: function, …}}."
            )
        found[name] = function
    return found


def check_metrics(model: Module, measures: Mapping[str, Metric], examples: Examples) -> None:
    """Try the user's own metrics before anything is trained, on predictions that are all like the first.

    Raises:
        TypeError: a metric gives something else than one number.
    """
    own = [measure for measure in measures.values() if isinstance(measure, _Measure)]
    if not own:
        return
    with mode(model, training=False), trying(model), no_grad():
        first = np.atleast_1d(arrays.numbers(first_outputs(model, examples.X)))
    predictions = np.repeat(first[None], len(examples.T), axis=0)
    for measure in own:
        try:
            with warnings.catch_warnings(action="ignore"):
                answer = measure.compute(predictions, examples.T)
        except Exception:  # equal predictions may be none that it takes; those of a training are others
            continue
        measure.check(answer)
