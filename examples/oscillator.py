"""A network that solves an equation: trained on nothing but u″ = −u, u(0) = 1 and u′(0) = 0, it becomes the cosine.

The network is differentiated by its input, twice, and that derivative again
by its weights.

Run it with ``python examples/oscillator.py --out pictures``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import nn
from autograd import derivative


class Equation(nn.Module):
    """What is left of u″ + u = 0 at a point, and of the conditions at 0; all of it is 0 for the solution."""

    def __init__(self) -> None:
        self.u = nn.MLP(1, [10, 1], activation="tanh", seed=0)
        self.bind()

    def forward(self, inputs: Any) -> Any:
        """Compute the three residuals at one point."""

        def u(x: Any) -> Any:
            return self.u([x])[0]

        x = inputs[0]
        return [derivative(u, order=2)(x) + u(x), u(0.0) - 1.0, derivative(u)(0.0)]


def main() -> None:
    """Train on the equation, and draw the solution beside the cosine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the picture")
    out = parser.parse_args().out
    points = np.linspace(0.0, 2.0 * np.pi, 30)[:, None]
    equation = Equation()
    targets = np.zeros((len(points), 3))
    history = nn.fit(equation, points, targets, "mse", nn.BFGS(equation.parameters()), epochs=400, batch_size=None)
    print(history.summary)
    found = nn.predict(equation.u, points)[:, 0]
    print(f"largest distance from the cosine: {np.abs(found - np.cos(points[:, 0])).max():.4f}")
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    panel = figure.subplots()
    panel.plot(points, np.cos(points), color="#999999", linewidth=4, label="cos x")
    panel.plot(points, found, "o-", markersize=3, label="the network")
    panel.set(xlabel="x")
    panel.legend()
    figure.savefig(out / "oscillator.png")


if __name__ == "__main__":
    main()
