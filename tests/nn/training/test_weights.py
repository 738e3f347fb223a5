"""Weights of examples and of classes in fit and evaluate: against PyTorch, scikit-learn and repeated examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.normalization import BatchNorm1d
from nn.training.fit import evaluate, fit

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(24, 3))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
CLASSES = (X[:, 0] > 0.4).astype(int) + (X[:, 1] > 0.6)
W = RANDOM.integers(0, 4, size=24).astype(float)
EITHER = [False, "numpy", "numba"]


def model(outputs: int = 1) -> MLP:
    return MLP(3, [5, outputs], "tanh", seed=5)


def numbers(net: Any) -> np.ndarray:
    return np.array([p.data for p in net.parameters()])


def torch_twin(torch: Any, net: Any) -> Any:
    twin = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, len(net.layers[1].b)))
    state = net.state_dict()
    with torch.no_grad():
        for k, layer in enumerate([twin.double()[0], twin[2]], 1):
            layer.weight.copy_(torch.tensor(state[f"W{k}"]))
            layer.bias.copy_(torch.tensor(state[f"b{k}"]))
    return twin


def torch_numbers(twin: Any) -> np.ndarray:
    return np.concatenate([p.detach().numpy().ravel() for p in twin.parameters()])


@pytest.mark.parametrize("compiled", EITHER)
@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_a_weighted_training_is_pytorchs(batch_size: int | None, compiled: bool | str) -> None:
    """A step minimises (w/w̄·L).mean(), where w̄ is the mean of all weights, not of the batch's."""
    torch = pytest.importorskip("torch")
    net = model()
    twin = torch_twin(torch, net)
    descent = torch.optim.SGD(twin.parameters(), lr=0.05)
    inputs, targets, factors = torch.tensor(X), torch.tensor(Y), torch.tensor(W / W.mean())
    size = batch_size or len(X)
    epochs = []
    for _ in range(3):
        losses = []
        for start in range(0, len(X), size):
            part = slice(start, start + size)
            descent.zero_grad()
            each = (twin(inputs[part])[:, 0] - targets[part]) ** 2
            loss = (factors[part] * each).mean()
            loss.backward()
            descent.step()
            losses.append(loss.item() * len(each))
        epochs.append(sum(losses) / len(X))
    history = fit(
        net, X, Y, "mse", nn.SGD(net.parameters(), lr=0.05), 3, batch_size, sample_weight=W, shuffle=False,
        compile=compiled,
    )  # fmt: skip
    np.testing.assert_allclose(numbers(net), torch_numbers(twin), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(history["loss"], epochs, rtol=1e-12)


@pytest.mark.parametrize("compiled", EITHER)
def test_class_weights_on_the_full_batch_are_those_of_pytorchs_criterion(compiled: bool | str) -> None:
    """CrossEntropyLoss(weight) divides by the weights of the batch, which is all of them here."""
    torch = pytest.importorskip("torch")
    net, of_classes = model(3), [0.5, 4.0, 2.0]
    twin = torch_twin(torch, net)
    descent = torch.optim.Adam(twin.parameters(), lr=0.03)
    criterion = torch.nn.CrossEntropyLoss(weight=torch.tensor(of_classes, dtype=torch.float64))
    for _ in range(4):
        descent.zero_grad()
        criterion(twin(torch.tensor(X)), torch.tensor(CLASSES)).backward()
        descent.step()
    fit(
        net, X, CLASSES, "cross_entropy", nn.Adam(net.parameters(), lr=0.03), 4, None,
        class_weight=dict(enumerate(of_classes)), compile=compiled,
    )  # fmt: skip
    np.testing.assert_allclose(numbers(net), torch_numbers(twin), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("compiled", EITHER)
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "newton", "levenberg_marquardt"])
def test_a_whole_weight_is_so_many_examples_and_none_is_left_out(optimizer: str, compiled: bool | str) -> None:
    weighted, repeated = model(), model()
    times = W.astype(int)
    fit(weighted, X, Y, "mse", optimizer, 2, None, sample_weight=W, compile=compiled)
    fit(repeated, np.repeat(X, times, 0), np.repeat(Y, times), "mse", optimizer, 2, None, compile=compiled)
    np.testing.assert_allclose(numbers(weighted), numbers(repeated), rtol=1e-7, atol=1e-9)


def test_equal_weights_change_nothing() -> None:
    plain, weighted, balanced = model(), model(), model()
    fit(plain, X, Y, "mse", "adam", 3, 5, seed=1)
    fit(weighted, X, Y, "mse", "adam", 3, 5, seed=1, sample_weight=np.full(24, 8.0))
    fit(balanced, X, Y, "mse", "adam", 3, 5, seed=1, sample_weight=[1e308] * 24)
    assert numbers(plain).tolist() == numbers(weighted).tolist() == numbers(balanced).tolist()


def test_balanced_classes_are_scikit_learns() -> None:
    weights = pytest.importorskip("sklearn.utils.class_weight")
    by_name, by_hand = model(3), model(3)
    fit(by_name, X, CLASSES, "cross_entropy", "adam", 2, 8, seed=0, class_weight="balanced")
    of_examples = weights.compute_sample_weight("balanced", CLASSES)
    fit(by_hand, X, CLASSES, "cross_entropy", "adam", 2, 8, seed=0, sample_weight=of_examples)
    np.testing.assert_allclose(numbers(by_name), numbers(by_hand), rtol=1e-12)


def test_class_and_sample_weights_multiply_and_rows_of_probabilities_have_their_largest_class() -> None:
    by_class, by_hand = model(3), model(3)
    rows = np.eye(3)[CLASSES]
    of_classes = np.array([1.0, 3.0, 0.5])
    fit(by_class, X, rows, "cross_entropy", "adam", 2, 8, seed=0, sample_weight=W, class_weight={1: 3.0, 2: 0.5})
    fit(by_hand, X, rows, "cross_entropy", "adam", 2, 8, seed=0, sample_weight=W * of_classes[CLASSES])
    np.testing.assert_allclose(numbers(by_class), numbers(by_hand), rtol=1e-12)


@pytest.mark.parametrize("compiled", [False, "numpy"])
def test_a_model_that_looks_at_batches_is_weighted_as_pytorchs(compiled: bool | str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    net = Sequential(Layer(3, 4, "tanh", seed=1), BatchNorm1d(4), Layer(4, 1, seed=2))
    twin = nn.to_torch(net).train()
    descent = torch.optim.SGD(twin.parameters(), lr=0.05)
    inputs, targets, factors = torch.tensor(X), torch.tensor(Y), torch.tensor(W / W.mean())
    for _ in range(2):
        for part in (slice(0, 8), slice(8, 16), slice(16, 24)):
            descent.zero_grad()
            (factors[part] * (twin(inputs[part])[:, 0] - targets[part]) ** 2).mean().backward()
            descent.step()
    fit(net, X, Y, "mse", "sgd(0.05)", 2, 8, sample_weight=W, compile=compiled, shuffle=False)
    for ours, theirs in zip(nn.torch_state(net).values(), twin.state_dict().values(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("copies", [1, 4])  # on the engine, and by a program
def test_evaluate_is_the_weighted_mean_and_metrics_are_weighted_as_scikit_learns(copies: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    net = model()
    inputs, targets, weights = np.tile(X, (copies, 1)), np.tile(Y, copies), np.tile(W, copies)
    found = evaluate(net, inputs, targets, "mse", ["mae", "r2", metrics.max_error, metrics.mean_squared_error], weights)
    outputs = nn.predict(net, inputs)[:, 0]
    assert found["loss"] == pytest.approx(np.average((outputs - targets) ** 2, weights=weights), rel=1e-12)
    assert found["mean_squared_error"] == pytest.approx(found["loss"], rel=1e-12)
    assert found["mae"] == pytest.approx(np.average(abs(outputs - targets), weights=weights), rel=1e-12)
    assert found["r2"] == pytest.approx(metrics.r2_score(targets, outputs, sample_weight=weights), rel=1e-12)
    assert found["max_error"] == abs(outputs - targets).max()
    assert evaluate(net, inputs, targets)["loss"] != found["loss"], "the program without weights is another one"


def test_validation_has_weights_of_its_own() -> None:
    net, twin = model(), model()
    own = RANDOM.uniform(size=10)
    history = fit(net, X, Y, "mse", "adam", 1, 8, validation_data=(X[:10], Y[:10], own), metrics=["mae"], seed=0)
    found = evaluate(net, X[:10], Y[:10], "mse", ["mae"], own)
    assert history["val_loss"][0] == pytest.approx(found["loss"], rel=1e-12)
    assert history["val_mae"][0] == pytest.approx(found["mae"], rel=1e-12)
    plain = fit(twin, X, Y, "mse", "adam", 1, 8, seed=0, metrics=["mae"])
    assert plain["loss"] == history["loss"], "the training is not weighted"
    assert plain["mae"] == history["mae"]


def test_a_split_takes_the_weights_along_and_class_weights_are_the_trainings() -> None:
    net, twin = model(3), model(3)
    options = {"validation_split": 0.25, "sample_weight": W, "metrics": ["accuracy"], "seed": 0}
    history = fit(net, X, CLASSES, "cross_entropy", "adam", 1, None, class_weight={1: 9.0}, **options)
    found = evaluate(net, X[18:], CLASSES[18:], "cross_entropy", ["accuracy"], W[18:])
    assert history["val_loss"][0] == pytest.approx(found["loss"], rel=1e-12)
    assert history["val_accuracy"][0] == pytest.approx(found["accuracy"], rel=1e-12)
    plain = fit(twin, X, CLASSES, "cross_entropy", "adam", 1, None, **options)
    assert plain["accuracy"] == history["accuracy"], "metrics are weighted by examples, not by classes"
    assert plain["loss"] != history["loss"]


def test_a_metric_that_takes_no_weights_is_noted() -> None:
    def worst(predictions: Any, targets: Any) -> float:
        return float(np.max(np.abs(predictions[:, 0] - targets)))

    history = fit(model(), X, Y, "mse", "adam", 1, sample_weight=W, metrics=["mae", worst])
    assert "the metric 'worst' counts every example alike, as it takes no sample_weight" in history.notes
    assert not any("'mae'" in note for note in history.notes)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"sample_weight": [1.0]}, ValueError,
         "sample_weight must be one number for each of 24 examples, got shape (1,)."),
        ({"sample_weight": [1.0, -2.0] * 12}, ValueError,
         "sample_weight[1] is -2: a weight is a finite number from 0."),
        ({"sample_weight": [np.nan] * 24}, ValueError,
         "sample_weight[0] is nan: a weight is a finite number from 0."),
        ({"sample_weight": [0] * 24}, ValueError,
         "sample_weight is 0 for all 24 examples, so that there is nothing to average."),
        ({"sample_weight": ["heavy"] * 24}, TypeError,
         "sample_weight must be real numbers, one for each example."),
        ({"sample_weight": ["1", "2"] * 12}, TypeError, "sample_weight must be real numbers, one for each example."),
        ({"sample_weight": [1.0, 1j] * 12}, TypeError, "sample_weight must be real numbers, one for each example."),
        ({"sample_weight": [[1.0], []] * 12}, TypeError, "sample_weight must be real numbers, one for each example."),
        ({"sample_weight": [0.0] * 18 + [1.0] * 6, "validation_split": 0.25}, ValueError,
         "All 18 examples of one part have the weight 0, so that nothing is averaged."),
        ({"class_weight": {7: 1.0}}, ValueError,
         "class_weight names the class 7, which no target is: there are 0, 1, 2."),
        ({"class_weight": {1: -1.0}}, ValueError, "class_weight[1] is -1.0: a weight is a finite number from 0."),
        ({"class_weight": [1.0, 2.0, 3.0]}, TypeError,
         'class_weight must be a dict {class: weight} or "balanced", not [1.0, 2.0, 3.0].'),
        ({"validation_data": (X[:2], CLASSES[:2], [1.0])}, ValueError,
         "sample_weight of validation_data must be one number for each of 2 examples, got shape (1,)."),
    ],
)  # fmt: skip
def test_what_is_no_weight_is_refused_before_anything_moves(options: Any, kind: Any, message: str) -> None:
    net = model(3)
    before = numbers(net)
    with pytest.raises(kind) as raised:
        fit(net, X, CLASSES, "cross_entropy", "adam", **options)
    assert str(raised.value) == message
    assert numbers(net).tolist() == before.tolist()


def test_class_weights_ask_for_classes() -> None:
    with pytest.raises(ValueError, match=r"^class_weight takes classes as targets, but y\[0\] is .*: give sample_w"):
        fit(model(), X, Y, "mse", "adam", class_weight="balanced")
