"""The slides' own listings, run as they are printed: only the lines that import are others.

What runs is the text below, so that it can be held against the slide; a row hands it what stands before it there.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from typing import Any

import numpy as np

import nn
from autograd import Value, explain
from edgegrad.lectures import pictures
from edgegrad.lectures.lecture1_houses import load_diabetes
from edgegrad.lectures.report import Report, row
from edgegrad.lectures.slides import KERAS_MODEL, KERAS_PREPARATION, KERAS_TRAINING, LOG_LOSS, TRAINING_LOOP, UNET


def _type(listing: str, **names: Any) -> dict[str, Any]:
    """Run a listing under names that stand before it on the slide, and return all names after it."""
    exec(compile(listing, "<slide>", "exec"), names)
    return names


@row("nn.keras.Sequential", "nn.keras.layers.Dense", "nn.keras.datasets.boston_housing", "autograd.explain")
def L1_10(report: Report, epochs: int = 20, data: str | os.PathLike[str] | None = None) -> None:
    """Run the Keras listing as the slides print it, and explain a derivative of its network.

    >>> from nn.keras import Sequential, layers
    >>> model = Sequential([layers.Dense(128, activation="relu", input_shape=(13,)), layers.Dense(1)])
    >>> model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
    >>> model.count_params()
    1921
    """
    if data is None:
        report.title = "Run the Keras listing on diabetes, for want of the Boston table"
        train, test = load_diabetes()
    else:
        train, test = nn.keras.datasets.boston_housing.load_data(data)
    named = "Boston housing" if data is not None else "diabetes (scikit-learn), no houses"
    report.compare("data", named, slide="boston_housing")
    (X, y), (X_test, y_test) = train, test
    nn.keras.utils.set_random_seed(42)
    names = {"keras": nn.keras, "layers": nn.keras.layers, "train_data": X.copy(), "train_targets": y}
    with contextlib.redirect_stdout(io.StringIO()):  # the listing prints whole tables, and a bar for each epoch
        ready = _type(KERAS_PREPARATION + KERAS_MODEL, **names, test_data=X_test.copy(), test_targets=y_test)
        training = KERAS_TRAINING.replace("epochs=200", f"epochs={epochs}")
        found = _type(training, **ready, model=ready["build_model"]())
    model, history = found["model"], found["history"].history
    if data is not None:
        report.compare("parameters", model.count_params(), 26_625, "Σ n_l(n_{l−1} + 1)")
    report.compare("columns of history.history", ", ".join(history), "loss, mae, val_loss, val_mae", "Keras'")
    report.compare(f"val_mae after {epochs} epoch{'s' * (epochs > 1)}", found["mae_history"][-1], digits=3)
    report.compare("MAE on the test examples", found["test_mae_score"], digits=3)
    as_they_are, denormalised = found["predictions"][:, 0], found["predictions_denorm"][:, 0]
    report.compare("mean error of the 20 predictions as they are", _mean_error(as_they_are, y_test), digits=2)
    report.compare("and after predictions · std + mean", _mean_error(denormalised, y_test), digits=2)
    mean, std = y.mean(), y.std()
    normal = ready["build_model"]()
    normal.fit(ready["train_data"], (y - mean) / std, epochs=epochs, batch_size=16, validation_split=0.2, verbose=0)
    again = normal.predict(ready["test_data"][:20], verbose=0)[:, 0] * std + mean
    report.compare("the same where the targets were normalised too", _mean_error(again, y_test), digits=2)
    inputs = [Value(float(x), name=f"x{i}", requires_grad=False) for i, x in enumerate(ready["train_data"][0], 1)]
    loss = nn.mse(model(inputs), [Value(float(y[0]), name="y", requires_grad=False)])
    loss.name = "MSE"
    loss.backward()
    weight = model.network.parameters()[-65]  # the first of the last layer's 64
    report.say(KERAS_MODEL.strip(), training.strip(), "one example's ∂MSE/∂w of the last layer:", explain(loss, weight))
    report.say(
        "De-normalising helps where the targets were normalised, which this listing does not do: its last line spoils "
        "predictions that were right. 200 epochs stand on the slide; --epochs 200 runs them.",
    )
    report.see(
        "In the picture of the graph each layer is a box: 128, 128, 64 neurons and one, 26,625 weights on the Boston "
        "table, and every derivative of the loss by them."
    )
    record = nn.History()
    for values in zip(*history.values(), strict=True):
        record.append(dict(zip(history, values, strict=True)))
    report.picture("curves", lambda: record.plot(["loss", "mae"]))
    report.picture("graph", loss.graph)


def _mean_error(predictions: Any, targets: Any) -> float:
    return float(np.abs(predictions - targets[: len(predictions)]).mean())


class _Watched:
    """A criterion that keeps each loss and accuracy that it is asked for."""

    def __init__(self, criterion: Any) -> None:
        self.criterion = criterion
        self.seen: list[tuple[float, float]] = []

    def __call__(self, outputs: Any, labels: Any) -> Any:
        loss = self.criterion(outputs, labels)
        chosen = np.array([[float(v) for v in line] for line in outputs]).argmax(axis=1)
        self.seen.append((loss.item(), float(np.mean(chosen == np.asarray(labels)))))
        return loss


@row("nn.CrossEntropyLoss", "nn.Linear", "nn.functional.cross_entropy", "nn.optim.Adam", "nn.DataLoader")
def L2_13(report: Report, epochs: int = 250) -> None:
    """Run the training listing as the slides print it, and the laboratory's log-loss.

    >>> import nn
    >>> model = nn.Sequential(nn.Linear(2, 6, seed=0), nn.ReLU(inplace=True), nn.Linear(6, 2, seed=1))
    >>> loss = nn.CrossEntropyLoss()(model([[0.5, -1.0], [0.3, 0.8]]), [0, 1])
    >>> loss.backward(); nn.optim.Adam(model.parameters(), lr=0.02).step()
    """
    X, y = nn.two_moons(24, noise=0.1, seed=0)
    loader = nn.DataLoader(X, y, batch_size=12)
    model = nn.Sequential(nn.Linear(2, 6, seed=0), nn.ReLU(inplace=True), nn.Linear(6, 2, seed=1))
    criterion = _Watched(nn.CrossEntropyLoss())
    loop = TRAINING_LOOP.replace("EPOCHS = 250", f"EPOCHS = {epochs}")
    optimizer = nn.optim.Adam(model.parameters(), lr=0.02)
    found = _type(
        loop, model=model, dataloader={"train": loader, "test": loader}, optimizer=optimizer, criterion=criterion
    )
    seen = np.array(criterion.seen).reshape(epochs, 2, 2).mean(axis=1)
    report.compare("epochs, and steps an epoch", [found["epoch"] + 1, found["steps_per_epoch"]], [epochs, 2], "24/12")
    report.compare("loss of the first and the last epoch", seen[[0, -1], 0].tolist(), digits=2)
    report.compare("accuracy in the last epoch", float(seen[-1, 1]), digits=2)
    given = model(X)
    by_name, by_object = nn.functional.cross_entropy(given, y), nn.CrossEntropyLoss()(given, y)
    report.compare("criterion, and F.cross_entropy", by_object.item(), by_name.item(), "F.cross_entropy")
    outputs = [Value(v, name=f"p{k}") for k, v in enumerate((0.3, 0.9, 0.6), 1)]
    loss = _type("import autograd as torch\n" + LOG_LOSS)["loss"]
    E = loss(np.array([0.0, 1.0, 1.0]), nn.arrays.make(outputs))
    E.backward()
    due = -(np.log(0.7) + np.log(0.9) + np.log(0.6))
    report.compare("the laboratory's log-loss", E.item(), float(due), "closed form")
    slopes = [p.grad for p in outputs]
    report.compare("its ∂/∂p", slopes, [1 / 0.7, -1 / 0.9, -1 / 0.6], "−y/p + (1 − y)/(1 − p)", digits=6)
    record = nn.History()
    for value, accuracy in seen.tolist():
        record.append({"loss": value, "accuracy": accuracy})
    report.say(loop.strip(), LOG_LOSS.strip())
    report.say("The slide sets running_loss to 0 and adds nothing to it; `running_loss += loss.item()` is missing.")
    report.see("Both curves are means over an epoch's mini-batches, taken while the weights move.")
    report.picture("curves", lambda: record.plot(["loss", "accuracy"]))


@row("nn.Module", "nn.Conv2d", "nn.BatchNorm2d", "nn.ConvTranspose2d", "nn.cat")
def L3_8(report: Report) -> None:
    """Run the U-Net listing as the slides print it, four levels down and up, forward and backward.

    >>> import nn
    >>> import numpy as np
    >>> block = nn.Sequential(nn.Conv2d(3, 2, kernel_size=3, padding=1), nn.BatchNorm2d(2), nn.ReLU(inplace=True))
    >>> down, up = nn.MaxPool2d(2, 2), nn.ConvTranspose2d(2, 2, kernel_size=2, stride=2)
    >>> up(down(block(np.ones((1, 3, 16, 16))))).shape
    (1, 2, 16, 16)
    """
    listing = UNET
    for channels in (1024, 512, 256, 128, 64):
        few = channels // 32
        listing = listing.replace(f"({channels},", f"({few},").replace(f", {channels})", f", {few})")
    model = _type(listing, nn=nn, torch=nn)["Unet"]()
    random = np.random.default_rng(0)
    state = model.state_dict()
    drawn = [name for name in state if name.rpartition(".")[2].rstrip("0123456789") in ("W", "b")]
    model.load_state_dict(state | {name: random.normal(0.0, 0.3, state[name].shape) for name in drawn})
    X, masks = random.standard_normal((2, 3, 16, 16)), (random.random((2, 1, 16, 16)) > 0.5).astype(float)
    outputs = model(X)
    report.compare("shape of the scores", list(outputs.shape), [2, 1, 16, 16], "the picture's, one channel")
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        report.say("PyTorch is not installed: with it this row compares its scores for the same weights.")
    else:
        twin = _type(listing, nn=torch.nn, torch=torch)["Unet"]().double()
        with torch.no_grad():
            for array, tensor in zip(model.state_dict().values(), twin.state_dict().values(), strict=True):
                tensor.copy_(torch.tensor(array))
            apart = np.abs(twin(torch.tensor(X)).numpy() - np.array(outputs, dtype=float)).max()
        report.say(f"Largest distance from PyTorch's scores for the same weights: {apart:.0e}".replace("-", "−"))
    loss = nn.BCEWithLogitsLoss()(outputs, masks)
    loss.backward()
    reached = sum(w.grad is not None for w in model.parameters())
    report.compare("weights that the loss reaches", reached, len(model.parameters()), "all of them")
    before = loss.item()
    nn.optim.SGD(model.parameters(), lr=0.2).step()
    after = nn.BCEWithLogitsLoss()(model(X), masks).item()
    report.compare("loss before and after a step down the gradient", [before, after], digits=3)
    report.say(listing.strip())
    report.say(
        "The slide's channels are divided by 32, so that a step takes seconds, and its last `return net`, which stands "
        "a level too far to the left there, is moved into forward.",
    )
    scores = [[float(v) for v in line] for line in outputs[0, 0]]
    report.see("Untrained, the scores are of noise: what the picture shows is that every point of it has one.")
    shown = {"first channel": X[0, 0], "mask": masks[0, 0], "scores, untrained": scores}
    report.picture("scores", lambda: pictures.patterns(shown))
