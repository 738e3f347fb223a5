"""Taylor polynomials: derivatives of every order, taken of the derivative before, draw nearer and nearer to a function.

Run it with ``python examples/taylor.py --out pictures``.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from autograd import derivative, sin

ORDERS = (1, 3, 5, 9, 13)


def main() -> None:
    """Print the derivatives of sin at 0, and draw its Taylor polynomials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the picture")
    out = parser.parse_args().out
    slopes = [0.0, *(derivative(sin, order=n)(0.0) for n in range(1, max(ORDERS) + 1))]
    print("derivatives of sin at 0:", [int(slope) for slope in slopes])
    x = np.linspace(-7.0, 7.0, 200)
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    panel = figure.subplots()
    panel.plot(x, np.sin(x), color="black", linewidth=2, label="sin x")
    for order in ORDERS:
        terms = [slopes[n] / math.factorial(n) * x**n for n in range(order + 1)]
        panel.plot(x, sum(terms), label=f"to x^{order}")
    panel.set(xlabel="x", ylim=(-2.5, 2.5))
    panel.legend(ncols=2)
    figure.savefig(out / "taylor.png")


if __name__ == "__main__":
    main()
