"""Metrics against scikit-learn, the rules by which classes are read, and the errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nn
from nn.metrics import (
    METRICS,
    accuracy,
    accuracy_with_logits,
    auc,
    confusion_matrix,
    f1,
    iou,
    iou_with_logits,
    mae,
    mse,
    precision,
    r2,
    recall,
)

SEEDS = range(5)


def draw(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    shape = (int(rng.integers(2, 40)), int(rng.integers(1, 5)))
    return rng.standard_normal(shape), rng.standard_normal(shape)


@pytest.mark.parametrize("seed", SEEDS)
def test_regression_metrics_are_scikit_learns(seed: int) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    p, t = draw(seed)
    assert mse(p, t) == pytest.approx(reference.mean_squared_error(t, p), rel=1e-14)
    assert mae(p, t) == pytest.approx(reference.mean_absolute_error(t, p), rel=1e-14)
    assert r2(p, t) == pytest.approx(reference.r2_score(t, p), rel=1e-13)


@pytest.mark.parametrize("predictions", [[2.0, 2.0, 2.0], [2.0, 2.0, 1.0]])
def test_r2_of_constant_targets_is_scikit_learns(predictions: list[float]) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    assert r2(predictions, [2.0, 2.0, 2.0]) == reference.r2_score([2.0, 2.0, 2.0], predictions)


@pytest.mark.parametrize("predictions", [[2.0, 2.0, 0.0], [2.0, 1.0, 9.0]])
def test_r2_leaves_rows_of_weight_0_out_as_scikit_learn_does(predictions: list[float]) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    targets, weights = [2.0, 2.0, 9.0], [1.0, 2.0, 0.0]
    assert r2(predictions, targets, weights) == reference.r2_score(targets, predictions, sample_weight=weights)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_r2_does_not_depend_on_the_unit(scale: float) -> None:
    """By hand: the squares of the errors sum to 1, those of the targets' distances from their mean to 2."""
    assert r2(scale * np.array([1.0, 2.0, 4.0]), scale * np.array([1.0, 2.0, 3.0])) == pytest.approx(0.5, rel=1e-12)


def test_r2_of_one_row_is_nan() -> None:
    assert math.isnan(r2([[1.0, 2.0]], [[1.0, 2.0]]))


@pytest.mark.parametrize("seed", SEEDS)
def test_classification_metrics_are_scikit_learns(seed: int) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(5, 60)), int(rng.integers(3, 6))
    scores, classes = rng.standard_normal((n, k)), rng.integers(0, k, n)
    chosen = scores.argmax(axis=1)
    assert accuracy(scores, classes) == reference.accuracy_score(classes, chosen)
    np.testing.assert_array_equal(
        np.array(confusion_matrix(scores, classes)), reference.confusion_matrix(classes, chosen, labels=range(k))
    )
    probabilities, binary = rng.random((n, 1)), rng.integers(0, 2, n)
    chosen = (probabilities[:, 0] > 0.5).astype(int)
    assert accuracy(probabilities, binary) == reference.accuracy_score(binary, chosen)
    np.testing.assert_array_equal(
        confusion_matrix(probabilities, binary).counts, reference.confusion_matrix(binary, chosen, labels=[0, 1])
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_iou_is_scikit_learns_jaccard_score(seed: int) -> None:
    reference = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference of this test")
    rng = np.random.default_rng(seed)
    logits, true = rng.normal(size=(3, 2, 4, 5)), rng.integers(0, 2, (3, 2, 4, 5))
    wanted = reference.jaccard_score(true.ravel(), logits.ravel() > 0.0)
    assert iou_with_logits(logits, true) == pytest.approx(wanted, rel=1e-15)
    assert iou(1.0 / (1.0 + np.exp(-logits)), true) == pytest.approx(wanted, rel=1e-15)
    assert iou(np.zeros((2, 3)), np.zeros((2, 3))) == 1.0


def test_columns_and_flat_arrays_are_the_same() -> None:
    p, t = np.array([0.2, 0.9, 0.7]), np.array([0, 1, 0])
    for metric in METRICS.values():
        values = {metric(a, b) for a in (p, p[:, None], p.tolist()) for b in (t, t[:, None], t.astype(float))}
        assert len(values) == 1


def test_one_column_of_scores() -> None:
    scores = [0.6, 0.4, 0.5, -0.1]
    assert accuracy(scores, [1, 0, 0, 0]) == 1.0
    assert accuracy(scores, [1, 1, 1, 0], threshold=0.0) == 1.0
    assert accuracy_with_logits(scores, [1, 1, 1, -1]) == 1.0
    assert accuracy_with_logits([0.0], [1]) == 0.0


def test_several_columns_of_scores() -> None:
    scores = [[0.1, 0.7, 0.2], [0.5, 0.5, 0.0]]
    assert accuracy(scores, [1, 0]) == 1.0
    assert accuracy(scores, [[0.0, 1.0, 0.0], [0.2, 0.7, 0.1]]) == 0.5
    assert accuracy_with_logits(scores, [[1], [1]]) == 0.5


def test_whole_predictions_are_classes() -> None:
    assert accuracy(np.array([7, 2, 2]), [7, 2, 1]) == 2 / 3
    assert accuracy(np.array([True, False]), [1, 1]) == 0.5
    assert confusion_matrix(np.array([2, 0]), [2, 1]).counts.tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize("metric", [precision, recall, f1])
def test_where_all_are_of_class_0_class_1_counts_as_scikit_learns(metric: Any) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    due = getattr(reference, f"{metric.__name__}_score")([0, 0], [0, 0], zero_division=0)
    assert metric(np.array([0, 0]), [0, 0]) == metric([0.0, 0.0], [0, 0]) == due == 0.0


def test_a_confusion_matrix_prints_as_a_table() -> None:
    predictions = np.array([0] * 12 + [1] * 3 + [2] * 4)
    targets = [0] * 11 + [1] * 4 + [0, 2, 2, 2]
    table = confusion_matrix(predictions, targets, labels=["cat", "dog", "hippopotamus"])
    assert str(table) == repr(table)
    assert str(table).splitlines() == [
        "true / predicted  cat  dog  hippopotamus",
        "             cat   11    ·             1",
        "             dog    1    3             ·",
        "    hippopotamus    ·    ·             3",
    ]
    assert np.array(table, dtype=float).trace() / 19 == accuracy(predictions, targets)


def test_labels_may_name_classes_that_do_not_occur() -> None:
    table = confusion_matrix(np.array([0, 1]), [0, 0], labels=["a", "b", "c"])
    assert table.labels == ("a", "b", "c")
    assert table.counts.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("metric", "predictions", "targets", "sentence"),
    [
        (mse, [[1.0, 2.0]], [1.0, 2.0], "mse: predictions have shape (1, 2) and targets (2,), which must match."),
        (mae, np.zeros((0, 2)), np.zeros((0, 2)), "mae needs at least one example; predictions have shape (0, 2)."),
        (r2, ["a"], [1.0], "r2: predictions must be an array (n,) or (n, k) of numbers, not <U1 (1,)."),
        (mse, 1.0, 2.0, "mse: predictions must be an array (n,) or (n, k) of numbers, not float64 ()."),
        (
            accuracy, [[0.1, 0.9]], [1, 0],
            "accuracy: predictions have shape (1, 2) and targets (2,): give each example a class, or as many numbers "
            "as predictions.",
        ),
        (iou, [[0.1, math.nan]], [[1, 0]], "iou: the prediction in row 0, column 1 is NaN."),
        (iou, [[0.1, 0.9]], [[1, -1]], "iou: the target in row 0, column 1 is -1, but must be 0 or 1."),
        (accuracy, [[0.1, math.nan]], [1], "accuracy: the prediction in row 0, column 1 is NaN."),
        (
            accuracy, [[0.1, 0.2], [0.3, 0.4]], [0, 2],
            "accuracy: the target in row 1 is 2, but a class is a whole number from 0 to 1.",
        ),
        (
            accuracy, [0.1, 0.9], [0, 2],
            "accuracy: the target in row 1 is 2, but a class is a whole number from 0 to 1.",
        ),
        (
            accuracy, [0.1, 0.9], [0.5, 1],
            "accuracy: the target in row 0 is 0.5, but a class is a whole number from 0 to 1.",
        ),
        (
            confusion_matrix, np.array([3, -1]), [3, 1],
            "confusion_matrix: the prediction in row 1 is -1, but a class is a whole number from 0.",
        ),
        (
            accuracy, [0.3, -0.4], [1, -1],
            "accuracy: targets of −1 belong to scores around 0, but a prediction counts as 1 above 0.5. Use "
            "threshold=0 (accuracy_with_logits), or targets 0 and 1.",
        ),
        (
            accuracy, np.zeros((2, 3, 4)), [0, 1],
            "accuracy: predictions of shape (2, 3, 4) do not say which axis the classes are on. Reshape them to (n, "
            "classes), or (n, 1) for one score each.",
        ),
    ],
)  # fmt: skip
def test_errors(metric: Any, predictions: Any, targets: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        metric(predictions, targets)
    assert str(caught.value) == sentence


def test_too_few_labels() -> None:
    with pytest.raises(ValueError) as caught:
        confusion_matrix([[0.1, 0.2, 0.3]], [0], labels=["a", "b"])
    assert str(caught.value) == "confusion_matrix found 3 classes but was given 2 labels."


def draw_classes(seed: int, k: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    scores = np.round(rng.uniform(size=(40, k)), 1)  # some are equal
    return scores, np.arange(40) % max(k, 2), rng.integers(0, 4, size=40).astype(float)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_each_class_are_scikit_learns(seed: int, k: int, weighted: bool) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    scores, true, w = draw_classes(seed, k)
    weights = w if weighted else None
    chosen = (scores[:, 0] > 0.5).astype(int) if k == 1 else scores.argmax(axis=1)
    average = "binary" if k <= 2 else "macro"
    for ours, theirs in ((precision, "precision_score"), (recall, "recall_score"), (f1, "f1_score")):
        score = getattr(reference, theirs)
        due = score(true, chosen, average=average, sample_weight=weights, zero_division=0)
        assert ours(scores, true, sample_weight=weights) == pytest.approx(due, rel=1e-13)
    if not weighted:
        table = confusion_matrix(scores, true)
        found = np.array([table.precision, table.recall, table.f1])
        due = reference.precision_recall_fscore_support(true, chosen, zero_division=0)[:3]
        np.testing.assert_allclose(found, np.array(due), rtol=1e-13)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_area_is_scikit_learns(seed: int, k: int, weighted: bool) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    scores, true, w = draw_classes(seed, k)
    weights = w + 0.5 if weighted else None
    scores = scores if k == 1 else (scores + 0.1) / (scores + 0.1).sum(axis=1, keepdims=True)
    given = scores[:, 0] if k == 1 else scores
    due = reference.roc_auc_score(true, given, sample_weight=weights, multi_class="ovr")
    assert auc(scores, true, weights) == pytest.approx(due, rel=1e-12)
    assert auc(-4.0 * scores, true, weights) == pytest.approx(1.0 - due, rel=1e-12)


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "f1", "iou"])
def test_metrics_of_scores_without_an_activation_are_scikit_learns(name: str) -> None:
    reference = pytest.importorskip("sklearn.metrics")
    scores, true, weights = draw_classes(0, 1)
    scores -= 0.5  # some are 0, which is class 0
    theirs = getattr(reference, "jaccard_score" if name == "iou" else f"{name}_score")
    for signs in (true, 2 * true - 1) if name != "iou" else (true,):
        ours = METRICS[f"{name}_with_logits"](scores, signs, sample_weight=weights)
        assert ours == pytest.approx(theirs(true, scores[:, 0] > 0.0, sample_weight=weights), rel=1e-13)


def test_the_area_of_whole_numbers_and_of_one_class() -> None:
    assert auc([3, 1, 2, -5], [1, 0, 1, 0]) == 1.0
    assert auc([3, 1, 2, -5], [1, -1, 1, -1]) == 1.0
    assert math.isnan(auc([0.1, 0.2], [1, 1]))
    with pytest.raises(ValueError, match=r"^auc: the target in row 1 is 2, but a class is a whole number"):
        auc([0.1, 0.2], [0, 2])


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_takes_weights_and_whole_ones_are_repeated_rows(name: str) -> None:
    rng = np.random.default_rng(0)
    p, t, w = rng.uniform(size=30), np.arange(30) % 2, np.arange(30) % 3
    weighted = METRICS[name](p, t, sample_weight=w)
    assert weighted == pytest.approx(METRICS[name](np.repeat(p, w), np.repeat(t, w)), rel=1e-12)
    with pytest.raises(ValueError, match=r": sample_weight\[1\] is -1: a weight is a finite number from 0"):
        METRICS[name](p, t, sample_weight=-w)


def test_fit_takes_them_by_name_and_advises_on_scores() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    y = (X[:, 0] > 0).astype(int)
    names = ["precision", "recall_with_logits", "f1_with_logits", "auc"]
    history = nn.fit(nn.MLP(2, [4, 1], seed=0), X, y, "bce_with_logits", "adam(0.1)", 30, metrics=names, seed=0)
    assert history["auc"][-1] > 0.95
    assert history["f1_with_logits"][-1] > 0.9
    assert any('write metrics=["precision_with_logits"]' in note for note in history.notes)
    assert not any('["recall' in note for note in history.notes)


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
@pytest.mark.parametrize("labels", [range(3), [0, 2], [1], np.arange(4)])
def test_the_mean_over_given_classes_does_not_depend_on_which_occur(name, labels):
    theirs = getattr(pytest.importorskip("sklearn.metrics"), f"{name}_score")
    random = np.random.default_rng(0)
    for classes in ([0, 1], [0, 1, 2], [1, 2], [2]):
        predicted, true = random.choice(classes, 30), random.choice(classes, 30)
        due = theirs(true, predicted, labels=list(labels), average="macro", zero_division=0)
        assert getattr(nn.metrics, name)(predicted, true, labels=labels) == pytest.approx(due, rel=1e-14)
        scores = np.eye(4)[predicted]  # whose columns say how many classes there are
        assert getattr(nn.metrics, name)(scores, true, labels=labels) == pytest.approx(due, rel=1e-14)
        over_all = theirs(true, predicted, labels=range(4), average="macro", zero_division=0)
        assert getattr(nn.metrics, name)(scores, true) == pytest.approx(over_all, rel=1e-14)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([], "f1: labels names no class, so that there is nothing to average."),
        ([0, -1], "f1: labels are classes, whole numbers from 0, but one of them is -1."),
        (["a"], "f1: labels are classes, whole numbers from 0, but one of them is 'a'."),
    ],
)
def test_what_are_no_classes(labels, sentence):
    with pytest.raises(ValueError) as raised:
        nn.metrics.f1([0, 1, 2], [0, 1, 1], labels=labels)
    assert str(raised.value) == sentence
