"""Hit a target: a flight with air drag is simulated step by step, and differentiated through all of its steps.

The angle is found by Newton's method, with the derivative of where the ball lands by the angle that it was shot at.

Run it with ``python examples/cannon.py --out pictures``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from autograd import cos, derivative, hypot, sin

SPEED, DRAG, GRAVITY, TARGET = 40.0, 0.01, 9.81, 70.0  # m/s, 1/m, m/s², m
STEP = 0.02  # seconds


def fly(angle: Any) -> list[tuple[Any, Any]]:
    """Return the places of the ball until it lands, the last of them on the ground."""
    x, y, u, v = 0.0, 0.0, SPEED * cos(angle), SPEED * sin(angle)
    places: list[tuple[Any, Any]] = [(x, y)]
    while y >= 0.0:
        speed = hypot(u, v)
        u, v = u - STEP * DRAG * speed * u, v - STEP * (GRAVITY + DRAG * speed * v)
        x, y = x + STEP * u, y + STEP * v
        places.append((x, y))
    back = y / v  # seconds since it was on the ground
    places[-1] = (x - back * u, y - back * v)
    return places


def land(angle: Any) -> Any:
    """Return where the ball lands."""
    return fly(angle)[-1][0]


def main() -> None:
    """Find the angle, and draw the shots on the way to it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("."), help="folder for the picture")
    out = parser.parse_args().out
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    panel = figure.subplots()
    angle = 0.3
    for shot in range(1, 6):
        places, slope = fly(angle), derivative(land)(angle)
        print(f"shot {shot}: angle {angle:.6f}, lands at {places[-1][0]:.6f} m, {slope:.3f} m further for each radian")
        panel.plot(*zip(*places, strict=True), label=f"shot {shot}")
        angle -= (places[-1][0] - TARGET) / slope
    panel.plot(TARGET, 0.0, "*", color="black", markersize=14)
    panel.set(xlabel="x, m", ylabel="y, m")
    panel.legend()
    figure.savefig(out / "cannon.png")


if __name__ == "__main__":
    main()
