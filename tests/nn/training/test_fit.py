"""fit, evaluate and predict: the numbers of a training, against the loop by hand, against PyTorch, bit for bit."""

from __future__ import annotations

import math
import textwrap
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from autograd import total
from nn.data.loading import DataLoader
from nn.losses.losses import mse
from nn.modules.convolution import Conv2d
from nn.modules.elementwise import Dropout
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.normalization import BatchNorm1d
from nn.modules.recurrent import Elman
from nn.modules.shaping import Flatten
from nn.optim.optimizers import OPTIMIZERS, SGD, Adam, RMSProp
from nn.optim.schedules import StepDecay
from nn.training import fit as fitting
from nn.training.fit import evaluate, fit, predict

RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=(21, 3))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


def model(seed: int = 5, activation: str = "tanh") -> MLP:
    return MLP(3, [5, 1], activation, seed=seed)


def numbers(net: Any) -> np.ndarray:
    return np.array([p.data for p in net.parameters()])


@pytest.mark.parametrize("batch_size", [1, 4, None])
def test_fit_is_the_loop_by_hand(batch_size: int | None) -> None:
    """Lecture L2.3: zero_grad, forward, criterion, backward, step."""
    by_fit, by_hand = model(), model()
    fit(by_fit, X, Y, "mse", Adam(by_fit.parameters(), lr=0.02), 3, batch_size, seed=9)

    optimizer = Adam(by_hand.parameters(), lr=0.02)
    batches = DataLoader(X, Y, batch_size, shuffle=batch_size is not None, seed=9)
    by_hand.train()
    for _ in range(3):
        for inputs, targets in batches:
            optimizer.zero_grad()
            loss = total([mse(by_hand(row), t) for row, t in zip(inputs, targets, strict=True)]) / len(inputs)
            loss.backward()
            optimizer.step()
    by_hand.eval()
    np.testing.assert_allclose(numbers(by_fit), numbers(by_hand), rtol=1e-11, atol=1e-14)


def test_the_loop_in_the_documentation_is_what_fit_does() -> None:
    _, _, loop = str(fitting.__doc__).partition("::\n\n")
    by_fit, by_hand = Layer(3, 1, seed=2), Layer(3, 1, seed=2)
    known = {
        "DataLoader": DataLoader, "total": total, "mse": mse, "model": by_hand, "X_train": X, "y_train": Y,
        "optimizer": SGD(by_hand.parameters(), lr=0.01),
    }  # fmt: skip
    exec(textwrap.dedent(loop), known)
    fit(by_fit, X, Y, "mse", SGD(by_fit.parameters(), lr=0.01), epochs=250, batch_size=16, seed=0)
    np.testing.assert_allclose(numbers(by_fit), numbers(by_hand), rtol=0.0, atol=1e-12)


def test_fit_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    net = MLP(3, [6, 4, 1], "relu", seed=1)
    twin = torch.nn.Sequential(
        torch.nn.Linear(3, 6), torch.nn.ReLU(), torch.nn.Linear(6, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1)
    ).double()
    state = net.state_dict()
    with torch.no_grad():
        for k, layer in enumerate([twin[0], twin[2], twin[4]], 1):
            layer.weight.copy_(torch.tensor(state[f"W{k}"]))
            layer.bias.copy_(torch.tensor(state[f"b{k}"]))
    history = fit(
        net, X, Y, "mse", RMSProp(net.parameters(), lr=0.01), 4, 5, validation_split=0.2, metrics=["mae"], seed=3
    )
    kept = 16
    optimizer = torch.optim.RMSprop(twin.parameters(), lr=0.01, alpha=0.9, eps=1e-7)
    order = np.random.default_rng(3)
    inputs, targets = torch.tensor(X), torch.tensor(Y)[:, None]
    for epoch in range(4):
        rows = order.permutation(kept)
        squares = absolutes = 0.0
        for start in range(0, kept, 5):
            some = rows[start : start + 5]
            optimizer.zero_grad()
            errors = twin(inputs[some]) - targets[some]
            loss = (errors**2).mean()
            loss.backward()
            optimizer.step()
            squares += loss.item() * len(some)
            absolutes += errors.abs().sum().item()
        errors = twin(inputs[kept:]) - targets[kept:]
        expected = (squares / kept, absolutes / kept, (errors**2).mean().item(), errors.abs().mean().item())
        row = history.rows[epoch]
        np.testing.assert_allclose([row[n] for n in ("loss", "mae", "val_loss", "val_mae")], expected, rtol=1e-10)


def test_the_same_seed_gives_the_same_numbers_bit_for_bit() -> None:
    def trained(seed: Any) -> tuple[Any, list[float]]:
        net = model()
        history = fit(net, X, Y, "mse", "adam(0.01)", 3, 4, seed=seed)
        return numbers(net), history["loss"]

    first, again, other = trained(1), trained(1), trained(2)
    assert (first[0] == again[0]).all()
    assert first[1] == again[1]
    assert (first[0] != other[0]).any()
    assert trained(np.random.default_rng(1))[1] == first[1]


def test_epochs_have_the_batches_that_were_asked_for() -> None:
    seen: list[int] = []

    def watched(outputs: Any, target: float) -> Any:
        seen.append(int(target))
        return mse(outputs, target)

    def trained(**options: Any) -> tuple[list[int], int]:
        seen.clear()
        steps: list[int] = []
        net = Layer(1, 1, seed=0)
        fit(
            net,
            np.arange(7.0)[:, None] / 7,
            np.arange(7),
            watched,
            callbacks=[lambda t: steps.append(t.step)],
            **options,
        )
        return seen[1:], steps[0]  # the first call tries the first example

    assert trained(batch_size=1, shuffle=False) == ([0, 1, 2, 3, 4, 5, 6], 7)
    assert trained(batch_size=3, shuffle=False) == ([0, 1, 2, 3, 4, 5, 6], 3)
    assert trained(batch_size=None) == ([0, 1, 2, 3, 4, 5, 6], 1)
    assert trained(batch_size=100) == ([0, 1, 2, 3, 4, 5, 6], 1)
    order, steps = trained(batch_size=3, seed=4)
    assert order == np.random.default_rng(4).permutation(7).tolist()
    assert steps == 3


def test_validation_takes_the_last_examples_before_any_shuffling() -> None:
    """As Keras does it: ⌊n(1 − share)⌋ examples are left for training."""
    whole, split = model(), model()
    history = fit(split, X, Y, epochs=2, batch_size=4, validation_split=0.3, seed=6)
    kept = math.floor(21 * 0.7)
    other = fit(whole, X[:kept], Y[:kept], epochs=2, batch_size=4, validation_data=(X[kept:], Y[kept:]), seed=6)
    assert kept == 14
    assert history == other
    assert history["val_loss"][-1] == evaluate(split, X[kept:], Y[kept:])["loss"]


def test_loss_and_metrics_of_an_epoch_are_means_while_the_weights_move() -> None:
    net = model()
    history = fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.1), 1, 10, metrics=["mae"], shuffle=False)
    twin = model()
    losses, errors = [], []
    for part in (slice(0, 10), slice(10, 20), slice(20, 21)):
        losses.append(evaluate(twin, X[part], Y[part])["loss"] * len(Y[part]))
        errors.append(np.abs(predict(twin, X[part])[:, 0] - Y[part]))
        fit(twin, X[part], Y[part], "mse", SGD(twin.parameters(), lr=0.1), 1, None)
    assert history["loss"][0] == pytest.approx(sum(losses) / 21, rel=1e-13)
    assert history["mae"][0] == pytest.approx(np.concatenate(errors).mean(), rel=1e-13)


def test_metrics_by_name_as_functions_and_with_names_of_their_own() -> None:
    def worst(predictions: Any, targets: Any) -> float:
        return float(np.abs(predictions[:, 0] - targets).max())

    net = model()
    names = list(fit(net, X, Y, epochs=1, validation_split=0.2, metrics=["mae", worst]))
    assert names == ["loss", "mae", "worst", "val_loss", "val_mae", "val_worst"]
    result = evaluate(net, X, Y, metrics={"largest": worst})
    assert result == {"loss": evaluate(net, X, Y)["loss"], "largest": worst(predict(net, X), Y)}
    assert list(fit(net, X, Y, metrics="mae")) == ["loss", "mae"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimiser_by_its_name_with_metrics(name: str) -> None:
    net = model()
    before = evaluate(net, X, Y, metrics=["mae"])
    history = fit(net, X, Y, optimizer=name, epochs=5, batch_size=None, metrics=["mae"])
    assert history.rows[0] == pytest.approx(before, rel=1e-13), "the first row belongs to the first weights"
    assert evaluate(net, X, Y)["loss"] < before["loss"]
    if name not in ("rprop", "sgd"):  # whose steps may go too far
        assert all(a >= b for a, b in pairwise(history["loss"]))


def test_line_searches_go_on_from_what_they_know_of_a_full_batch() -> None:
    net = model()
    evaluations: list[int] = []

    def watched(outputs: Any, target: Any) -> Any:
        evaluations.append(0)
        return mse(outputs, target)

    fit(net, X, Y, watched, "bfgs", 10, None)
    assert len(evaluations) / len(X) < 20, "less than two evaluations of all examples a step"


def test_modes_while_training_and_evaluating() -> None:
    net = Sequential(Layer(3, 4, "tanh", seed=0), Dropout(0.5, seed=0), Layer(4, 1, seed=0))
    frozen_part = net.layers[1]
    seen: list[bool] = []
    net.eval()
    frozen_part.training = True
    fit(net, X, Y, epochs=1, validation_split=0.5, callbacks=[lambda training: seen.append(net.training)])
    assert seen == [True]
    assert (net.training, frozen_part.training, net.layers[0].training) == (False, True, False)
    np.testing.assert_allclose(predict(net, X), predict(net, X), rtol=1e-13)  # a program comes in between
    assert frozen_part.training, "predict puts the modes back too"
    net.train()
    by_hand = [net(row)[0].data for row in X]
    assert not np.allclose(by_hand, predict(net, X)[:, 0]), "dropout drops in training mode only"


def test_running_statistics_are_learned_in_training_and_used_afterwards() -> None:
    net = Sequential(BatchNorm1d(3), Layer(3, 1, seed=0))
    shifted = X * 4.0 + 10.0
    fit(net, shifted, Y, optimizer="sgd(0.01)", epochs=40, batch_size=7, seed=0)
    statistics = net.layers[0]
    assert isinstance(statistics, BatchNorm1d)
    np.testing.assert_allclose(statistics.running_mean, shifted.mean(axis=0), rtol=0.1)
    before = net.state_dict()
    predict(net, shifted[:1])
    evaluate(net, shifted, Y)
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_schedule_moves_the_rate_from_epoch_to_epoch() -> None:
    rates: list[float] = []
    net = model()
    fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.4), 4, schedule=StepDecay(every=2, gamma=0.5),
        callbacks=[lambda training: rates.append(training.optimizer.lr)])  # fmt: skip
    assert rates == [0.4, 0.4, 0.2, 0.2]
    rates.clear()
    fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.4), 3, schedule=lambda t: 1.0 / (1 + t),
        callbacks=[lambda training: rates.append(training.optimizer.lr)])  # fmt: skip
    assert rates == [0.4, 0.2, 0.4 / 3.0]


def test_clipping_limits_the_step_and_keeps_its_direction() -> None:
    free, clipped, untouched = model(), model(), model()
    before = numbers(free)
    fit(free, X, 100.0 * Y, "mse", SGD(free.parameters(), lr=1e-3), 1, None)
    fit(clipped, X, 100.0 * Y, "mse", SGD(clipped.parameters(), lr=1e-3), 1, None, clip_norm=2.0)
    fit(untouched, X, 100.0 * Y, "mse", SGD(untouched.parameters(), lr=1e-3), 1, None, clip_norm=1e9)
    long, short = numbers(free) - before, numbers(clipped) - before
    assert np.linalg.norm(long) > 0.05
    assert np.linalg.norm(short) == pytest.approx(2e-3, rel=1e-9)
    np.testing.assert_allclose(short / np.linalg.norm(short), long / np.linalg.norm(long), rtol=1e-9)
    np.testing.assert_array_equal(numbers(untouched), numbers(free))


def test_only_what_the_optimiser_was_given_is_trained() -> None:
    net = model()
    last = net.layers[-1].parameters()
    before = net.state_dict()
    fit(net, X, Y, optimizer=SGD(last, lr=0.1), epochs=1)
    after = net.state_dict()
    np.testing.assert_array_equal(after["W1"], before["W1"])
    assert (after["W2"] != before["W2"]).all()
    assert all(p.grad is None for p in net.parameters())


def test_frozen_parameters_stay() -> None:
    net = model()
    net.layers[0].freeze()
    before = net.state_dict()
    fit(net, X, Y, optimizer="adam", epochs=1)
    np.testing.assert_array_equal(net.state_dict()["W1"], before["W1"])
    assert (net.state_dict()["W2"] != before["W2"]).any()


def test_pictures_and_sequences_are_examples_too() -> None:
    pictures = RANDOM.normal(size=(6, 1, 3, 3))
    net = Sequential(Conv2d(1, 2, 2, seed=0), Flatten(), Layer(8, 1, seed=0))
    history = fit(net, pictures, pictures[:, 0, 0, 0], optimizer="adam(0.02)", epochs=12)
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert predict(net, pictures).shape == (6, 1)
    assert predict(Conv2d(1, 2, 2, seed=0), pictures).shape == (6, 2, 2, 2)
    sequences = RANDOM.normal(size=(6, 4, 1))
    recurrent = Sequential(Elman(1, 3, last=True, seed=0), Layer(3, 1, seed=0))
    losses = fit(recurrent, sequences, sequences[:, -1, 0], optimizer="adam(0.02)", epochs=12)["loss"]
    assert losses[-1] < 0.5 * losses[0]


def test_several_outputs_and_classes() -> None:
    net = MLP(3, [4, 2], "tanh", seed=0)
    targets = np.column_stack([Y, -Y])
    assert predict(net, X).shape == (21, 2)
    errors = np.abs(predict(net, X) - targets)  # before the only step of the epoch
    assert fit(net, X, targets, epochs=1, metrics=["mae"])["mae"] == [pytest.approx(errors.mean(), rel=1e-13)]
    classes = (Y > 0).astype(int)
    history = fit(net, X, classes, "cross_entropy", "adam(0.05)", 40, metrics=["accuracy"], seed=0)
    assert history["accuracy"][-1] > 0.9
    whole = fit(net, X, np.eye(2)[classes], "cross_entropy", SGD(net.parameters(), lr=0.0), 1, None)["loss"][0]
    assert whole == pytest.approx(evaluate(net, X, classes, "cross_entropy")["loss"], rel=1e-12)


@pytest.mark.parametrize(("name", "delta"), [("huber", 1.0), ("huber(0.1)", 0.1)])
def test_losses_with_numbers_in_their_names(name: str, delta: float) -> None:
    net = model()
    e = np.abs(predict(net, X)[:, 0] - Y)
    due = np.where(e < delta, e**2 / 2, delta * (e - delta / 2)).mean()
    assert evaluate(net, X, Y, name)["loss"] == pytest.approx(due, rel=1e-13)


def test_evaluate_and_predict_agree_with_the_model_itself() -> None:
    net = model()
    outputs = [[o.data for o in net(row)] for row in X]
    assert predict(net, X).tolist() == outputs
    assert predict(net, X).dtype == np.float64
    expected = float(np.mean((np.array(outputs)[:, 0] - Y) ** 2))
    assert evaluate(net, X, Y)["loss"] == pytest.approx(expected, rel=1e-14)
    assert all(p.grad is None for p in net.parameters())


def test_over_fitting_shows_as_curves_that_part() -> None:
    """Lecture L2.12: a model that is too complex learns the noise of its few examples."""
    random = np.random.default_rng(0)
    x = np.linspace(-1.0, 1.0, 16)[:, None]
    noisy = np.sin(3.0 * x[:, 0]) + random.normal(0.0, 0.4, 16)
    inputs, targets = x[::2], noisy[::2]
    net = MLP(1, [16, 1], "tanh", seed=0)
    history = fit(net, inputs, targets, "mse", "bfgs", 150, None, validation_data=(x[1::2], noisy[1::2]))
    epoch, lowest = history.best("val_loss")
    assert history["loss"][-1] < 0.1 * history["loss"][epoch - 1]
    assert history["val_loss"][-1] > 1.5 * lowest
