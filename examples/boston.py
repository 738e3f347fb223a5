"""Boston housing: the regression of lecture L1.8, with the lecture's settings, beside PyTorch with the same weights.

Run it with ``python examples/boston.py --epochs 5 --data boston_housing.csv --out pictures``; without --data the table
comes from OpenML. Column `b` of the table is a racially motivated feature: see `nn.boston`.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import nn

WIDTHS = (13, 128, 128, 64, 1)
BATCH = 16
VALIDATION = 0.2
RATE, ALPHA, EPS = 1e-3, 0.9, 1e-7  # Keras' defaults of RMSProp
SEEDS = 5  # of PyTorch's own trainings, whose spread says what a difference in the test error means

Array = NDArray[np.float64]


class Table(NamedTuple):
    """The standardised inputs and the targets, for training and for the test."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array


class Result(NamedTuple):
    """A training with PyTorch: mean loss of each epoch, and the mean absolute error on the test examples."""

    losses: list[float]
    test_mae: float


def read(path: Path | None) -> Table:
    """Load Keras' split of the table; the inputs are standardised by the training examples."""
    (X, y), (X_test, y_test) = nn.boston(path)
    scaler = nn.Standardizer().fit(X)
    return Table(scaler.transform(X), y, scaler.transform(X_test), y_test)


def train(table: Table, epochs: int, seed: int) -> tuple[nn.MLP, dict[str, Array], nn.History]:
    """Train here: give the model, the weights it started from, and the history."""
    model = nn.MLP(WIDTHS[0], list(WIDTHS[1:]), activation="relu", seed=seed)
    start = model.state_dict()
    optimizer = nn.RMSProp(model.parameters(), lr=RATE, alpha=ALPHA, eps=EPS)
    history = nn.fit(
        model, table.X, table.y, loss="mse", optimizer=optimizer, epochs=epochs, batch_size=BATCH,
        validation_split=VALIDATION, metrics=["mae"], seed=seed, progress=True,
    )  # fmt: skip
    return model, start, history


def train_torch(table: Table, epochs: int, seed: int, start: dict[str, Array] | None = None) -> Result:
    """Train the same network with PyTorch, in the same order of batches, from given weights or from its own."""
    import torch

    torch.manual_seed(seed)
    layers: list[Any] = []
    for k, (n_in, n_out) in enumerate(pairwise(WIDTHS), 1):
        layer = torch.nn.Linear(n_in, n_out, dtype=torch.float64)
        if start is not None:
            with torch.no_grad():
                layer.weight.copy_(torch.tensor(start[f"W{k}"]))
                layer.bias.copy_(torch.tensor(start[f"b{k}"]))
        layers += [layer, torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.RMSprop(net.parameters(), lr=RATE, alpha=ALPHA, eps=EPS)
    kept = int(len(table.X) * (1.0 - VALIDATION))
    X, y, order = torch.tensor(table.X), torch.tensor(table.y), np.random.default_rng(seed)
    losses = []
    for _ in range(epochs):
        rows, seen = order.permutation(kept), 0.0
        for first in range(0, kept, BATCH):
            some = rows[first : first + BATCH]
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(net(X[some])[:, 0], y[some])
            loss.backward()
            optimizer.step()
            seen += loss.item() * len(some)
        losses.append(seen / kept)
    with torch.no_grad():
        errors = net(torch.tensor(table.X_test))[:, 0] - torch.tensor(table.y_test)
    return Result(losses, errors.abs().mean().item())


def compare(table: Table, history: nn.History, start: dict[str, Array], seed: int, test_mae: float) -> None:
    """Print how far the losses are from PyTorch's, epoch by epoch, and where the test error lies in its spread."""
    try:
        twin = train_torch(table, history.epochs, seed, start)
    except ImportError:
        print("PyTorch is not installed, so there is nothing to compare with.")
        return
    print("\nPyTorch from the same weights, in the same order of batches")
    apart = np.abs(np.array(history["loss"]) / twin.losses - 1.0)
    for epoch in sorted({1, 2, 3, 10, 30, 100, history.epochs} & set(range(1, history.epochs + 1))):
        ours, theirs = history["loss"][epoch - 1], twin.losses[epoch - 1]
        print(f"epoch {epoch:>3}   loss {ours:.12g}   PyTorch {theirs:.12g}   apart by {apart[epoch - 1]:.1e}")
    spread = [train_torch(table, history.epochs, other).test_mae for other in range(SEEDS)]
    print(f"test MAE {test_mae:.4f}, PyTorch {twin.test_mae:.4f}")
    print(f"PyTorch over {SEEDS} seeds: {min(spread):.2f} to {max(spread):.2f}")


def main() -> None:
    """Train, evaluate, predict, compare and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="the table as a CSV file; from OpenML without")
    parser.add_argument("--epochs", type=int, default=200, help="passes over the 323 training examples (200)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the order of batches (0)")
    parser.add_argument("--out", type=Path, default=Path("boston"), help="folder for the pictures (boston)")
    chosen = parser.parse_args()

    table = read(chosen.data)
    model, start, history = train(table, chosen.epochs, chosen.seed)
    print(history)
    scores = nn.evaluate(model, table.X_test, table.y_test, loss="mse", metrics=["mae"])
    print(f"\ntest MSE {scores['loss']:.4f}, test MAE {scores['mae']:.4f} (thousands of dollars)")
    print("prediction   price")
    for prediction, price in zip(nn.predict(model, table.X_test[:20])[:, 0], table.y_test, strict=False):
        print(f"{prediction:>10.2f} {price:>7.1f}")
    compare(table, history, start, chosen.seed, scores["mae"])
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, scale in (("error.png", "linear"), ("log_error.png", "log")):
        history.plot(["loss", "mae"], scale=scale).savefig(chosen.out / name)
    print(f"\nPictures: {chosen.out / 'error.png'}, {chosen.out / 'log_error.png'}")


if __name__ == "__main__":
    main()
