"""Notes on what does not go together: the whole sentence where it is a mistake, silence where it is right."""

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from nn.training.advice import find_last_activation

X = np.random.default_rng(0).normal(size=(20, 3))
CLASSES = np.random.default_rng(1).integers(0, 3, 20)
ONE_HOT = np.eye(3)[CLASSES]
BINARY = (X[:, 0] > 0).astype(float)
SIGNS = 2 * BINARY - 1
TARGETS = {
    "cross_entropy": CLASSES,
    "multi_margin": CLASSES,
    "kl": ONE_HOT,
    "kl_with_logits": ONE_HOT,
    "hinge": SIGNS,
}


def notes(activation, loss, outputs=1, metrics=(), compile=False):  # noqa: A002
    model = nn.Sequential(nn.Layer(3, 4, "tanh", seed=0), nn.Layer(4, outputs, activation, seed=1))
    history = nn.fit(
        model,
        X,
        TARGETS.get(loss, BINARY),
        loss,
        "sgd",
        1,
        None,
        metrics=list(metrics),
        compile=compile,
        progress=False,
    )
    return [note for note in history.notes if not note.startswith("compiled")]


@pytest.mark.parametrize("compile", [False, "numpy"])
@pytest.mark.parametrize(
    ("activation", "loss", "outputs", "note"),
    [
        ("softmax", "cross_entropy", 3, "cross_entropy takes scores and applies softmax itself, but the model ends "
         "with softmax, whose outputs lie between 0 and 1: leave the softmax out, or take the loss \"kl\" on rows of "
         "probabilities"),
        ("softmax", "kl_with_logits", 3, "kl_with_logits takes scores and applies softmax itself, but the model ends "
         "with softmax, whose outputs lie between 0 and 1: leave the softmax out, or take the loss \"kl\""),
        ("sigmoid", "cross_entropy", 3, "cross_entropy takes scores and applies softmax itself, but the model ends "
         "with sigmoid, whose outputs lie between 0 and 1: leave the sigmoid out"),
        ("log_softmax", "cross_entropy", 3, "cross_entropy applies log_softmax itself, a second time here, which "
         "changes nothing: leave out the model's"),
        ("relu", "cross_entropy", 3, "cross_entropy takes scores of either sign, but the model ends with relu, which "
         "gives none below 0 and no gradient there: leave the last relu out"),
        ("sigmoid", "bce_with_logits", 1, "bce_with_logits takes scores and applies sigmoid itself, but the model ends "
         "with sigmoid, whose outputs lie between 0 and 1: leave the sigmoid out, or take the loss \"bce\""),
        ("sigmoid", "multi_margin", 3, "multi_margin takes scores of either sign, but the model ends with sigmoid, "
         "whose outputs lie between 0 and 1: leave the sigmoid out"),
        ("relu", "hinge", 1, "hinge takes scores of either sign, but the model ends with relu, which gives none below "
         "0 and no gradient there: leave the last relu out"),
        ("softmax", "mse", 1, "softmax over a single output is always 1, so that nothing is trained: use a sigmoid "
         "for two classes, or one output for each class"),
    ],
)  # fmt: skip
def test_a_loss_that_does_not_fit_the_last_activation_is_noted(activation, loss, outputs, note, compile):  # noqa: A002
    assert notes(activation, loss, outputs, compile=compile) == [note]


@pytest.mark.parametrize(
    ("activation", "loss", "metric", "note"),
    [
        ("identity", "bce_with_logits", "accuracy", 'the metric "accuracy" chooses class 1 where the output is above '
         '0.5, but bce_with_logits trains scores, whose border is 0: write metrics=["accuracy_with_logits"]'),
        ("tanh", "bce_with_logits", "iou", 'the metric "iou" chooses class 1 where the output is above 0.5, but '
         'bce_with_logits trains scores, whose border is 0: write metrics=["iou_with_logits"]'),
        ("sigmoid", "bce", "accuracy_with_logits", 'the metric "accuracy_with_logits" chooses class 1 where the output '
         'is above 0, which every output of sigmoid is: write metrics=["accuracy"]'),
    ],
)  # fmt: skip
def test_a_metric_with_another_border_is_noted(activation, loss, metric, note):
    assert notes(activation, loss, metrics=[metric]) == [note]


@pytest.mark.parametrize(
    ("activation", "loss", "outputs", "metrics"),
    [
        ("identity", "cross_entropy", 3, ["accuracy"]),
        ("tanh", "cross_entropy", 3, ["accuracy"]),
        ("softmax", "kl", 3, ["accuracy"]),
        ("sigmoid", "bce", 1, ["accuracy"]),
        ("sigmoid", "mse", 1, ["accuracy", "mae"]),
        ("identity", "bce_with_logits", 1, ["accuracy_with_logits", "iou_with_logits"]),
        ("identity", "hinge", 1, ["accuracy_with_logits"]),
        ("relu", "mse", 1, ["r2"]),
        ("identity", "mse", 1, ["accuracy"]),
    ],
)
def test_what_is_right_is_not_noted(activation, loss, outputs, metrics):
    assert notes(activation, loss, outputs, metrics) == []


def test_the_last_activation_is_found_in_any_model():
    class Own(nn.Module):
        def __init__(self):
            self.layer = nn.Layer(3, 3, seed=0)
            self.bind()

        def forward(self, xs):
            return autograd.softmax(self.layer(xs))

    x = [0.1, 0.2, 0.3]
    assert find_last_activation(Own()(x)) == "softmax"
    assert find_last_activation(nn.Sequential(nn.Layer(3, 3, seed=0), nn.Activation("sigmoid"))(x)) == "sigmoid"
    assert find_last_activation(nn.Sequential(nn.Layer(3, 3, seed=0), nn.Dropout(0.5).eval())(x)) == ""
    a, b = Value(1.0), Value(2.0)
    assert find_last_activation([autograd.exp(a - b), autograd.exp(b - a)]) == ""
    assert find_last_activation([a, b]) == find_last_activation([]) == find_last_activation([1.0]) == ""
    assert find_last_activation([autograd.relu(a), autograd.tanh(b)]) == ""
