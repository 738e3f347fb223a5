"""The `edgegrad demo` command: the first lecture's perceptron, from first sum to trained network."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from autograd import Frames, explore
from edgegrad.lectures import ROWS
from edgegrad.lectures.command import make_folder
from edgegrad.lectures.console import show
from edgegrad.lectures.lecture1 import train_perceptron
from edgegrad.lectures.networks import perceptron, run_perceptron

__all__ = ["film_training", "run"]

#: The rows of lecture 1 that are about the perceptron.
PERCEPTRON_ROWS = ("L1.1", "L1.4", "L1.5", "L1.6", "L1.7")
UPDATES = 4  # as many as the lecture's table shows, L1.6


def run(folder: str) -> None:
    """Print the perceptron's rows beside the slides, and leave its drawing, its page and the film of its training.

    Args:
        folder: where they go; made if need be.

    Raises:
        CommandError: the folder cannot be made.
        DrawingError: it cannot be written.
    """
    out = make_folder(folder)
    console = Console(highlight=False)
    console.print("[bold]The lecture's perceptron[/bold]: 2 inputs, 2 ReLU neurons, 1 output, E = ½(O − t)²\n")
    for name in PERCEPTRON_ROWS:
        show(console, ROWS[name]())
        console.print()
    drawing, page, film = out / "perceptron.svg", out / "perceptron.html", out / "training.html"
    error = run_perceptron(perceptron())
    error.backward()
    error.graph().save(drawing)
    explore(error, page)
    film_training(film)
    for what, file in (
        ("The network with every derivative on its edge", drawing),
        ("The same step by step, for a browser", page),
        ("And after each step of the training", film),
    ):
        console.print(f"{what}: [bold]{file}[/bold]", soft_wrap=True)


def film_training(path: Path) -> None:
    """Leave the page that steps through the perceptron after each step of its training."""
    model, history, way = train_perceptron(UPDATES)
    error = run_perceptron(model)
    losses = [*history["loss"], error.data]
    explore(error, path, frames=Frames(model.parameters(), way.points.tolist(), losses=losses, measured="E"))
