"""A Sphinx extension that makes the site's pictures before a build: graphs drawn by the engine, never by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import storeys
from sphinx.application import Sphinx

import nn
from autograd import Value, explore, gradients, relu, sigmoid, tanh
from edgegrad.lectures.demo import film_training
from edgegrad.lectures.networks import perceptron, run_perceptron

FOLDER = Path(__file__).with_name("pictures")


def neuron() -> Value:
    """Record one neuron and its error, without a sweep."""
    w, x, b = Value(2.0, name="w"), Value(0.5, name="x"), Value(-0.3, name="b")
    y = relu(w * x + b)
    y.name = "y"
    return y


def error() -> Value:
    """Record and sweep the error of that neuron, as Getting started does."""
    y = neuron()
    E = 0.5 * (y - 1) ** 2
    E.name = "E"
    E.backward()
    return E


def skip() -> Value:
    """Record and sweep lecture L5.4's kind of graph, in which x reaches Q on three ways."""
    x = Value(0.5, name="x")
    z = tanh(x)
    z.name = "z"
    s = sigmoid(x + z)
    s.name = "s"
    Q = z * s
    Q.name = "Q"
    Q.backward()
    return Q


def swept() -> Value:
    """Record and sweep lecture L1.4's perceptron."""
    E = run_perceptron(perceptron())
    E.backward()
    return E


def slope() -> Value:
    """Take the slope of tanh as a graph."""
    x = Value(0.5, name="x")
    y = tanh(x)
    y.name = "y"
    [dy] = gradients(y, [x], create_graph=True)
    dy.name = "∂y/∂x"
    return dy


def twice() -> Value:
    """Record x·x, whose two edges start from the same number."""
    x = Value(3.0, name="x")
    y = x * x
    y.name = "y"
    y.backward()
    return y


def network() -> Value:
    """Run a network that is too large to be drawn neuron by neuron."""
    model = nn.MLP(2, [16, 16, 1], activation="relu", seed=0)
    out: Value = model([0.5, 0.7])[0]
    return out


RECORDED: tuple[Callable[[], Value], ...] = (neuron, error, skip, swept, slope, twice, network)


def draw(app: Sphinx) -> None:
    """Draw each picture that has changed."""
    FOLDER.mkdir(exist_ok=True)
    pictures = {record.__name__: record().graph().to_svg() for record in RECORDED} | {"storeys": storeys.to_svg()}
    for name, svg in pictures.items():
        path = FOLDER / f"{name}.svg"
        if not path.exists() or path.read_text(encoding="utf-8") != svg:
            path.write_text(svg, encoding="utf-8")


def add_explorer(app: Sphinx, error: Exception | None) -> None:
    """Put the explorer's pages of the perceptron beside the site's, and a drawing for where no script runs."""
    if error is None and app.builder.format == "html":
        explore(swept(), Path(app.outdir) / "explorer.html")
        film_training(Path(app.outdir) / "film.html")
        swept().graph().save(Path(app.outdir) / "explorer.svg")


def setup(app: Sphinx) -> dict[str, bool]:
    """Draw before Sphinx reads the pages."""
    app.connect("builder-inited", draw)
    app.connect("build-finished", add_explorer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
