"""The callbacks that come along; how a training ends through them is in test_loop."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn.modules.layers import MLP, Layer
from nn.optim.optimizers import SGD
from nn.saving.files import load
from nn.training.callbacks import Checkpoint, EarlyStopping, Record, StopBelow, Training, WeightPath
from nn.training.fit import evaluate, fit

X = np.array([[0.0], [1.0], [2.0]])
Y = np.array([1.0, 3.0, 5.0])


def line() -> Layer:
    return Layer(1, 1, W=[[0.0]], b=[0.0])


def training(*losses: float, name: str = "loss") -> Training:
    net = line()
    state = Training(net, SGD(net.parameters(), lr=0.1), epochs=100, steps=1)
    for loss in losses:
        state.history.append({name: loss})
    state.epoch = len(losses)
    return state


def played(callback: Any, losses: list[float], name: str = "loss") -> Training:
    """Run a callback over a made-up training; the weight of epoch k is k."""
    state = training()
    callback.on_train_begin(state)
    for epoch, loss in enumerate(losses, 1):
        state.epoch = epoch
        state.model.W[0][0].data = float(epoch)
        state.history.append({name: loss})
        callback.on_epoch_end(state)
        if state.stop_reason:
            break
    callback.on_train_end(state)
    return state


def test_the_state_that_callbacks_see() -> None:
    seen: list[Any] = []
    net = line()
    fit(
        net,
        X,
        Y,
        epochs=2,
        batch_size=2,
        callbacks=[lambda t: seen.append((t.epoch, t.epochs, t.step, t.steps, t.row))],
    )
    assert [entry[:4] for entry in seen] == [(1, 2, 2, 2), (2, 2, 2, 2)]
    assert set(seen[0][4]) == {"loss"}


def test_stopping_below_watches_any_column() -> None:
    assert played(StopBelow(0.5), [3.0, 0.6, 0.5, 0.4]).epoch == 3
    assert played(StopBelow(0.5, monitor="val_mae"), [1.0, 0.2], name="val_mae").epoch == 2


def test_early_stopping_counts_epochs_without_improvement() -> None:
    stopping = EarlyStopping(2)
    state = played(stopping, [5.0, 4.0, 4.5, 3.0, 3.5, 3.2, 1.0])
    assert (state.epoch, stopping.best_epoch, state.model.W[0][0].data) == (6, 4, 4.0)
    assert state.stop_reason == "loss did not improve on that of epoch 4 for 2 epochs; its weights were put back"


def test_early_stopping_for_an_accuracy_and_with_a_least_improvement() -> None:
    larger = played(EarlyStopping(1, "accuracy", largest=True), [0.5, 0.7, 0.7, 0.9], name="accuracy")
    assert (larger.epoch, larger.model.W[0][0].data) == (3, 2.0)
    assert larger.stop_reason == "accuracy did not improve on that of epoch 2 for 1 epoch; its weights were put back"
    least = EarlyStopping(2, min_delta=0.5)
    assert (played(least, [5.0, 4.8, 4.6, 1.0]).epoch, least.best_epoch) == (3, 1)


def test_early_stopping_may_leave_the_weights() -> None:
    state = played(EarlyStopping(1, restore_best=False), [2.0, 3.0])
    assert state.model.W[0][0].data == 2.0
    assert state.stop_reason == "loss did not improve on that of epoch 1 for 1 epoch"


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_early_stopping_of_what_is_no_number_says_so_and_leaves_the_weights(number: float) -> None:
    state = played(EarlyStopping(2), [number] * 9)
    assert (state.epoch, state.model.W[0][0].data) == (2, 2.0)
    assert state.stop_reason == "loss was NaN or infinite for 2 epochs, so that none of them is the best"


def test_early_stopping_starts_anew_with_each_training() -> None:
    stopping = EarlyStopping(1)
    played(stopping, [1.0, 2.0])
    assert played(stopping, [9.0, 8.0, 8.5]).epoch == 3


@pytest.mark.parametrize("callback", [StopBelow(0.5, "val_loss"), EarlyStopping(2, "val_loss")])
def test_watching_what_is_not_recorded(callback: Any) -> None:
    with pytest.raises(KeyError) as caught:
        fit(line(), X, Y, metrics=["mae"], callbacks=[callback])
    assert caught.value.args[0] == (
        f"{type(callback).__name__} watches 'val_loss', which this training does not record. It records: loss, mae. "
        "Name it in metrics, or give fit validation examples for a val_ column."
    )


def test_checkpoints_keep_the_best_epoch_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    net = MLP(1, [3, 1], "tanh", seed=0)
    history = fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.6), 40, 1, seed=1, validation_data=(X, Y),
                  callbacks=[Checkpoint(path)])  # fmt: skip
    epoch, lowest = history.best("val_loss")
    assert epoch < history.epochs, "the last epoch is not the best one here"
    assert evaluate(load(path), X, Y)["loss"] == lowest
    assert [file.name for file in tmp_path.iterdir()] == ["best.safetensors"]


def test_numbers_of_ones_own_become_columns() -> None:
    net = line()
    history = fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.1), 2, None,
                  callbacks=[Record(weight=lambda t: net.W[0][0], rate=lambda t: t.optimizer.lr)])  # fmt: skip
    assert history["rate"] == [0.1, 0.1]
    assert history["weight"][-1] == net.W[0][0].data
    assert list(history) == ["loss", "weight", "rate"]


def test_the_path_of_the_weights_starts_where_they_started() -> None:
    net = line()
    path = WeightPath(net.parameters())
    fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.1), 2, 2, shuffle=False, callbacks=[path])
    assert path.points.shape == (5, 2)
    assert path.points[0].tolist() == [0.0, 0.0]
    assert path.points[-1].tolist() == [p.data for p in net.parameters()]
    # Mean gradient of the first two examples: errors −1 and −3.
    np.testing.assert_allclose(path.points[1], [0.3, 0.4], rtol=1e-15)
    fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.1), 1, None, callbacks=[path])
    assert path.points.shape == (2, 2), "a new training begins a new path"


def test_patience_that_is_none() -> None:
    for patience in (0, 2.5, "3", True):
        with pytest.raises(ValueError) as caught:
            EarlyStopping(patience)  # type: ignore[arg-type]
        assert str(caught.value) == (
            f"patience must be a whole number of epochs from 1, not {patience!r}: it says how long to wait."
        )


def test_a_checkpoint_starts_anew_with_each_training(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    checkpoint = Checkpoint(path, "accuracy", largest=True)
    played(checkpoint, [0.5, 0.9, 0.7], name="accuracy")
    assert (checkpoint.best_epoch, load(path).W[0][0].data) == (2, 2.0)
    played(checkpoint, [0.1, 0.0], name="accuracy")
    assert (checkpoint.best_epoch, load(path).W[0][0].data) == (1, 1.0)
