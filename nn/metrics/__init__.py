"""Metrics: how good predictions are, as one float for a whole set of examples.

Predictions and targets are arrays (n, k) or (n,), which means k = 1; a column and a flat array are the same.
"""

from collections.abc import Callable

from nn.metrics.classes import (
    accuracy,
    accuracy_with_logits,
    auc,
    f1,
    f1_with_logits,
    iou,
    iou_with_logits,
    precision,
    precision_with_logits,
    recall,
    recall_with_logits,
)
from nn.metrics.confusion import ConfusionMatrix, confusion_matrix
from nn.metrics.numbers import mae, mse, r2

__all__ = [
    "METRICS",
    "ConfusionMatrix",
    "Metric",
    "accuracy",
    "accuracy_with_logits",
    "auc",
    "confusion_matrix",
    "f1",
    "f1_with_logits",
    "iou",
    "iou_with_logits",
    "mae",
    "mse",
    "precision",
    "precision_with_logits",
    "r2",
    "recall",
    "recall_with_logits",
]

#: A function of predictions and targets; those here take ``sample_weight`` as well.
Metric = Callable[..., float]

#: Every metric by the name that `fit` takes.
METRICS: dict[str, Metric] = {
    "mae": mae,
    "mse": mse,
    "r2": r2,
    "accuracy": accuracy,
    "accuracy_with_logits": accuracy_with_logits,
    "precision": precision,
    "precision_with_logits": precision_with_logits,
    "recall": recall,
    "recall_with_logits": recall_with_logits,
    "f1": f1,
    "f1_with_logits": f1_with_logits,
    "auc": auc,
    "iou": iou,
    "iou_with_logits": iou_with_logits,
}
