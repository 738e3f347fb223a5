"""Two moons: a small network learns a border that no straight line is, and one of its derivatives is explained.

Run it with ``python examples/two_moons.py --out pictures``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nn
from autograd import explain


def main() -> None:
    """Train, draw the border, and explain what the loss of one point owes to one weight."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the picture")
    out = parser.parse_args().out
    X, y = nn.two_moons(200, noise=0.15, seed=0)
    model = nn.MLP(2, [8, 1], activation="tanh", seed=1)
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    history = nn.fit(model, X, y, "bce_with_logits", optimizer, epochs=150, metrics=["accuracy_with_logits"], seed=0)
    print(history.summary)
    loss = nn.bce_with_logits(model(X[0]), y[:1])
    loss.name = "L"
    print(explain(loss, model.layers[0].W[0, 0]))
    nn.plots.decision(model, X, y, threshold=0.0).savefig(out / "two_moons.png")


if __name__ == "__main__":
    main()
