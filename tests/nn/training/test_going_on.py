"""A training that is stopped and goes on is, bit for bit, the one that went through."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn import History, Module, StateError

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((50, 3))
Y = X @ [1.0, 2.0, -1.0] + np.sin(X[:, 0])


def plain() -> Module:
    return nn.MLP(3, [5, 1], "tanh", seed=1)


def dropping() -> Module:
    return nn.Sequential(nn.Layer(3, 8, seed=1), nn.Dropout(0.3, seed=5), nn.Layer(8, 1, seed=2))


def sharing() -> Module:
    """Two parts that draw from one generator, and statistics that run along."""
    random = np.random.Generator(np.random.MT19937(9))
    return nn.Sequential(
        nn.Layer(3, 6, seed=1), nn.Dropout(0.3, seed=random), nn.BatchNorm1d(6), nn.Dropout(0.5, seed=random),
        nn.Layer(6, 1, seed=2),
    )  # fmt: skip


def numbers(model: Module) -> list[float]:
    return [float(x) for array in model.state_dict().values() for x in np.ravel(array)]


def train(model: Module, optimizer: Any, epochs: int, before: History | None = None, **options: Any) -> History:
    options = {"batch_size": 16, "seed": 3} | options
    return nn.fit(model, X, Y, optimizer=optimizer, epochs=epochs, training=before, **options)


SETTINGS: dict[str, Callable[[], dict[str, Any]]] = {
    "nothing": dict,
    "clipping": lambda: {"clip_norm": 0.5},
    "schedule": lambda: {"schedule": nn.CosineDecay(9)},
    "plateau": lambda: {
        "schedule": nn.ReduceOnPlateau(0.5, patience=0, threshold=0.5), "validation_split": 0.2, "metrics": ["mae"]
    },
    "patience": lambda: {"patience": 4, "validation_split": 0.2},
}  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("build", [plain, dropping, sharing])
@pytest.mark.parametrize("compiled", [False, "numpy", "numba"])
def test_it_goes_on_in_the_same_process(
    compiled: bool | str, build: Callable[[], Module], settings: Callable[[], dict[str, Any]]
) -> None:
    if compiled == "numba":
        pytest.importorskip("numba")
    model = build()
    whole = train(model, nn.Adam(model.parameters(), lr=0.05), 6, compile=compiled, **settings())
    part = build()
    optimizer, history = nn.Adam(part.parameters(), lr=0.05), None
    for epochs in (1, 3, 6):
        history = train(part, optimizer, epochs, history, compile=compiled, **settings())
        history = pickle.loads(pickle.dumps(history))
    assert history is not None
    assert history.rows == whole.rows
    assert numbers(part) == numbers(model)


@pytest.mark.parametrize("settings", ["plateau", "patience"])
@pytest.mark.parametrize("by_callback", [False, True], ids=["history", "callback"])
@pytest.mark.parametrize("compiled", [False, "numpy"])
def test_it_goes_on_from_a_file(tmp_path: Path, compiled: bool | str, by_callback: bool, settings: str) -> None:
    path = tmp_path / "run.safetensors"
    model = sharing()
    whole = train(model, nn.Adam(model.parameters(), lr=0.05), 6, compile=compiled, **SETTINGS[settings]())

    def save(training: nn.Training) -> None:
        if training.epoch == 3:
            nn.save(training.model, path, optimizer=training.optimizer, training=training)

    first = sharing()
    optimizer = nn.Adam(first.parameters(), lr=0.05)
    if by_callback:
        train(first, optimizer, 5, compile=compiled, callbacks=[save], **SETTINGS[settings]())
    else:
        history = train(first, optimizer, 3, compile=compiled, **SETTINGS[settings]())
        nn.save(first, path, optimizer=optimizer, training=history)
    again = sharing()
    optimizer = nn.Adam(again.parameters(), lr=1.0)
    history = nn.load_training(path, again, optimizer)
    assert history.epochs == 3
    history = train(again, optimizer, 6, history, compile=compiled, **SETTINGS[settings]())
    assert history.rows == whole.rows
    assert numbers(again) == numbers(model)


@pytest.mark.parametrize("name", nn.OPTIMIZERS)
@pytest.mark.parametrize("compiled", [False, "numpy"])
def test_every_optimiser_goes_on(name: str, compiled: bool | str, tmp_path: Path) -> None:
    make = nn.OPTIMIZERS[name]
    size = {"batch_size": None, "compile": compiled}
    model = plain()
    whole = train(model, make(model.parameters()), 6, **size)
    part = plain()
    optimizer = make(part.parameters())
    history = train(part, optimizer, 2, **size)
    nn.save(part, tmp_path / "run", optimizer=optimizer, training=history)
    part = plain()
    optimizer = make(part.parameters())
    history = train(part, optimizer, 6, nn.load_training(tmp_path / "run", part, optimizer), **size)
    assert (history.rows, numbers(part)) == (whole.rows, numbers(model))


def test_the_first_epoch_may_be_said_instead() -> None:
    model, part = plain(), plain()
    train(model, nn.Adam(model.parameters()), 5)
    optimizer = nn.Adam(part.parameters())
    train(part, optimizer, 2)
    later = train(part, optimizer, 5, initial_epoch=2)
    assert later.epochs == 3
    assert numbers(part) == numbers(model)


def test_an_epoch_that_was_interrupted_begins_anew_and_says_so() -> None:
    class Interrupt(nn.Callback):
        def on_step_end(self, training: nn.Training) -> None:
            if (training.epoch, training.step) == (2, 3):
                raise KeyboardInterrupt

    model = plain()
    optimizer = nn.Adam(model.parameters())
    history = train(model, optimizer, 5, callbacks=[Interrupt()])
    assert history.epochs == 1
    history = train(model, optimizer, 5, history)
    assert history.epochs == 5
    assert history.notes[-1] == (
        "epoch 2 was interrupted after 3 steps and begins anew, so that the numbers are not those of a training that "
        "went through"
    )


def test_best_weights_that_were_put_back_make_way_unless_they_were_changed() -> None:
    model = plain()
    optimizer = nn.SGD(model.parameters(), lr=0.7)  # too large: the first epochs are the best
    history = train(model, optimizer, 3, patience=5, min_loss=None)
    assert history.state is not None
    last, best = history.state["weights"]
    standing = nn.training.going_on.Standing.read(history, 6, 0)
    standing.restore_weights(model)
    assert [array.tolist() for array in model.state_dict().values()] == [array.tolist() for array in last.values()]
    model.load_state_dict({key: array + 1.0 for key, array in best.items()})
    before = numbers(model)
    standing.restore_weights(model)
    assert numbers(model) == before


def test_what_does_not_go_together(tmp_path: Path) -> None:
    model = plain()
    optimizer = nn.Adam(model.parameters())
    history = train(model, optimizer, 2)
    with pytest.raises(ValueError, match=r"^epochs=2 counts from the first, and 2 are done: give more, such as"):
        train(model, optimizer, 2, history)
    with pytest.raises(ValueError, match=r"^initial_epoch is 1, but the training that goes on has finished 2"):
        train(model, optimizer, 4, history, initial_epoch=1)
    with pytest.raises(ValueError, match=r"^initial_epoch must be a whole number of epochs from 0, not -1"):
        train(model, optimizer, 4, initial_epoch=-1)
    with pytest.raises(ValueError, match=r"^initial_epoch does not go with a schedule"):
        train(model, optimizer, 4, initial_epoch=2, schedule=nn.ExponentialDecay(0.9))
    with pytest.raises(TypeError, match=r"^training must be the History of a training that goes on"):
        train(model, optimizer, 4, model)  # type: ignore[arg-type]
    with pytest.raises(StateError, match=r"^This history does not say where its training stands"):
        train(model, optimizer, 4, History())
    path = tmp_path / "run"
    with pytest.raises(ValueError, match=r"^A training is saved with its optimiser and its history"):
        nn.save(model, path, optimizer=optimizer)
    with pytest.raises(ValueError, match=r"^A training is saved with .*: pass optimizer=… as well"):
        nn.save(model, path, training=history)
    nn.save(model, path)
    with pytest.raises(nn.ModelFileError, match="holds a model without its training: save it with optimizer=… and"):
        nn.load_training(path, model, optimizer)
    nn.save(model, path, optimizer=optimizer, training=history)
    before = numbers(model)
    with pytest.raises(StateError, match="it is of Adam"):
        nn.load_training(path, model, nn.SGD(model.parameters()))
    other = dropping()
    with pytest.raises(StateError, match=r"^The training was saved with 0 generators of random numbers"):
        nn.load_training(path, other, nn.Adam(other.parameters()))
    assert numbers(nn.load(path)) == numbers(model) == before
