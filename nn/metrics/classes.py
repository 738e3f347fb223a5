"""Metrics of classes: how many examples, or points of pictures, are classified rightly; how well scores order them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nn.metrics.confusion import tally
from nn.metrics.tables import average, read_classes, read_pair, read_table, weigh_rows

__all__ = [
    "accuracy",
    "accuracy_with_logits",
    "auc",
    "f1",
    "f1_with_logits",
    "iou",
    "iou_with_logits",
    "precision",
    "precision_with_logits",
    "recall",
    "recall_with_logits",
]


def accuracy(
    predictions: ArrayLike, targets: ArrayLike, threshold: float = 0.5, sample_weight: ArrayLike | None = None
) -> float:
    """Count which part of the examples is classified rightly.

    How a prediction is read does not depend on the numbers in it:

    - several columns: one score a class, and the largest (the first of equal ones) is the class;
    - one column of floats: a score for the class 1, chosen where it is above `threshold`. 0.5 is right for
      probabilities; scores without a sigmoid need 0 (`accuracy_with_logits`, also for targets −1 and 1);
    - one column of ints or bools: the class itself, of as many as the largest that occurs tells, of two at least.

    A target is a class (a whole number; −1 counts as 0 beside scores), or with several columns a distribution, of
    which the largest entry is the class.

    Args:
        predictions: (n, k) or (n,).
        targets: (n,), (n, 1) or (n, k).
        threshold: above which a single score means class 1.
        sample_weight: how much each example counts, (n,); all alike unless given.

    Raises:
        ValueError: the rows do not match, there are none, a prediction is NaN, or a target is no class that the
            predictions can give.

    Example:
        >>> accuracy([[0.9], [0.2], [0.6]], [1, 0, 0])
        0.6666666666666666
        >>> accuracy([[2.0, 0.1, -1.0], [0.0, 0.5, 0.4]], [0, 2])
        0.5
    """
    predicted, true, _ = read_classes("accuracy", predictions, targets, threshold)
    return average("accuracy", (predicted == true)[:, None], sample_weight)


def accuracy_with_logits(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Count which part is classified rightly by scores without a sigmoid: `accuracy` with the threshold 0.

    For models trained with `bce_with_logits` or `hinge`. Several columns are read as in `accuracy`.

    Example:
        >>> accuracy_with_logits([[0.3], [-2.0]], [1, -1])
        1.0
    """
    return accuracy(predictions, targets, 0.0, sample_weight)


def iou(
    predictions: ArrayLike, targets: ArrayLike, threshold: float = 0.5, sample_weight: ArrayLike | None = None
) -> float:
    """Divide intersection by union: of all points that are predicted or true, the share that is both (Jaccard 1901).

    The metric of segmentation, over all points of all pictures together. 1 if nothing is predicted and nothing true.

    Args:
        predictions: (n, …), a score for each point, which is predicted above `threshold`.
        targets: 0 or 1 for each point, in the same shape.
        threshold: 0.5 is right for probabilities; scores without a sigmoid need 0 (`iou_with_logits`).
        sample_weight: how much the points of each row count, (n,); all alike unless given.

    Raises:
        ValueError: the shapes do not match, there are no rows, a prediction is NaN, or a target is neither 0 nor 1.

    Example:
        >>> iou([[0.9, 0.8, 0.1]], [[1, 0, 1]])
        0.3333333333333333
    """
    p, t = read_pair("iou", predictions, targets)
    for row, column in np.argwhere(np.isnan(p))[:1]:
        raise ValueError(f"iou: the prediction in row {row}, column {column} is NaN.")
    for row, column in np.argwhere((t != 0.0) & (t != 1.0))[:1]:
        raise ValueError(f"iou: the target in row {row}, column {column} is {t[row, column]:g}, but must be 0 or 1.")
    chosen, true = p > threshold, t == 1.0
    weights = weigh_rows("iou", len(t), sample_weight)
    union = (weights @ (chosen | true)).sum()
    return float((weights @ (chosen & true)).sum() / union) if union else 1.0


def iou_with_logits(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Divide intersection by union for scores without a sigmoid: `iou` with the threshold 0.

    Example:
        >>> iou_with_logits([[2.0, -0.1]], [[1, 1]])
        0.5
    """
    return iou(predictions, targets, 0.0, sample_weight)


def precision(
    predictions: ArrayLike,
    targets: ArrayLike,
    threshold: float = 0.5,
    sample_weight: ArrayLike | None = None,
    labels: Sequence[int] | None = None,
) -> float:
    """Divide the examples that were rightly taken for a class by all that were taken for it.

    Of two classes it is that of class 1, of more the mean over the classes; `confusion_matrix` has it for each. A class
    that nothing was taken for counts as 0.

    Args:
        predictions: as in `accuracy`. Scores have a column for each class; of whole numbers nobody knows how many
            classes there are beyond the largest that occurs: then give `labels`, or batches differ in what is averaged.
        targets: as in `accuracy`.
        threshold: as in `accuracy`.
        sample_weight: as in `accuracy`.
        labels: the classes to take the mean over, scikit-learn's ``labels``: ``range(3)``. Its means are
            ``average="macro"``.

    Raises:
        ValueError: a label is no class, or as in `accuracy`.

    Example:
        >>> precision([0.9, 0.8, 0.1, 0.7], [1, 0, 1, 1])
        0.6666666666666666
        >>> precision([0, 1, 1], [0, 1, 0], labels=range(3))
        0.5
    """
    return _reduce("precision", predictions, targets, threshold, sample_weight, labels)


def recall(
    predictions: ArrayLike,
    targets: ArrayLike,
    threshold: float = 0.5,
    sample_weight: ArrayLike | None = None,
    labels: Sequence[int] | None = None,
) -> float:
    """Divide the examples that were rightly taken for a class by all that belong to it; reduced as `precision` is.

    Example:
        >>> recall([0.9, 0.8, 0.1, 0.7], [1, 1, 1, 1])
        0.75
    """
    return _reduce("recall", predictions, targets, threshold, sample_weight, labels)


def f1(
    predictions: ArrayLike,
    targets: ArrayLike,
    threshold: float = 0.5,
    sample_weight: ArrayLike | None = None,
    labels: Sequence[int] | None = None,
) -> float:
    """Compute the harmonic mean of precision and recall of each class; reduced as `precision` is.

    Example:
        >>> f1([0.9, 0.8, 0.1, 0.7], [1, 0, 1, 1])
        0.6666666666666666
    """
    return _reduce("f1", predictions, targets, threshold, sample_weight, labels)


def precision_with_logits(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Compute the precision of scores without a sigmoid: `precision` with the threshold 0."""
    return precision(predictions, targets, 0.0, sample_weight)


def recall_with_logits(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Compute the recall of scores without a sigmoid: `recall` with the threshold 0."""
    return recall(predictions, targets, 0.0, sample_weight)


def f1_with_logits(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Compute F₁ of scores without a sigmoid: `f1` with the threshold 0."""
    return f1(predictions, targets, 0.0, sample_weight)


def _reduce(
    metric: str,
    predictions: ArrayLike,
    targets: ArrayLike,
    threshold: float,
    sample_weight: ArrayLike | None,
    labels: Sequence[int] | None,
) -> float:
    """Compute a metric of each class, and the mean of those that are asked for; of two classes take that of class 1."""
    if labels is None:
        found = tally(metric, predictions, targets, threshold, sample_weight)
        of_classes = getattr(found, metric)
        return float(of_classes[1] if len(of_classes) == 2 else of_classes.mean())
    asked = list(labels)
    for label in asked:
        if isinstance(label, bool) or not isinstance(label, int | np.integer) or label < 0:
            raise ValueError(f"{metric}: labels are classes, whole numbers from 0, but one of them is {label!r}.")
    if not asked:
        raise ValueError(f"{metric}: labels names no class, so that there is nothing to average.")
    found = tally(metric, predictions, targets, threshold, sample_weight, max(asked) + 1)
    return float(getattr(found, metric)[asked].mean())


def auc(predictions: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Measure how well scores order examples: the area under the curve of true over false positives.

    It is the share of pairs, of one example of the class and one of another, in which the former has the higher score;
    equal scores count half. Of several columns, one score a class, it is the mean over the classes, each against the
    others. No threshold is asked for, so probabilities and scores give the same.

    Args:
        predictions: (n,), (n, 1) or (n, k) scores.
        targets: classes (n,), or with several columns distributions (n, k).
        sample_weight: how much each example counts, (n,); all alike unless given.

    Returns:
        the area; NaN where a class has no example, or all.

    Raises:
        ValueError: as in `accuracy`.

    Example:
        >>> auc([0.9, 0.8, 0.1, 0.7], [1, 0, 0, 1])
        0.75
    """
    scores = read_table("auc", "predictions", predictions).astype(np.float64)
    _, true, count = read_classes("auc", scores, targets, 0.0)
    weights = weigh_rows("auc", len(true), sample_weight)
    columns = [(scores[:, 0], 1)] if scores.shape[1] == 1 else list(zip(scores.T, range(count), strict=True))
    return float(np.mean([_area(column, true == label, weights) for column, label in columns]))


def _area(scores: NDArray[np.float64], belongs: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    """Count the pairs in order, and half of those with equal scores (Mann and Whitney 1947)."""
    _, place = np.unique(scores, return_inverse=True)
    inside, outside = (np.bincount(place, weights * part) for part in (belongs, ~belongs))
    pairs = inside.sum() * outside.sum()
    below = np.cumsum(outside) - outside
    return float((inside * (below + outside / 2.0)).sum() / pairs) if pairs else float("nan")
