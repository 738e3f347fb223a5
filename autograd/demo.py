"""The lecture's perceptron, from first sum to trained network: lecture rows L1.1 to L1.7.

Every number it prints is computed here on the engine; the slides' own figures stand beside them as text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from autograd.draw.explorer import Frames, explore
from autograd.errors import DrawingError
from autograd.explain import explain
from autograd.ops import dot
from autograd.value import Value

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["Perceptron", "forward", "perceptron", "run", "train"]

RATE = 0.1  # η, lecture L1.4
UPDATES = 4  # as many as the lecture's table shows, L1.6


class Perceptron(NamedTuple):
    """One pass through the 2-2-1 ReLU network, every quantity of the slides as a named Value.

    Attributes:
        inputs: x1, x2.
        hidden_weights: W1, one row a hidden neuron.
        output_weights: W2.
        sums: s1, s2, the hidden neurons' weighted sums.
        activations: a1, a2, after ReLU.
        output: O.
        error: E = ½(O − t)².
    """

    inputs: list[Value]
    hidden_weights: list[list[Value]]
    output_weights: list[Value]
    sums: list[Value]
    activations: list[Value]
    output: Value
    error: Value

    @property
    def weights(self) -> list[Value]:
        """All six weights, W1 row by row, then W2."""
        return [w for row in self.hidden_weights for w in row] + self.output_weights


def perceptron() -> Perceptron:
    """Build the lecture's network with its first weights, target t = 1, and run it once (L1.1, L1.4)."""
    inputs = [Value(x, name=f"x{i}", requires_grad=False) for i, x in enumerate((0.5, 0.7), 1)]
    hidden = [
        [Value(w, name=f"W1[{i}][{j}]", parameter=True) for j, w in enumerate(row)]
        for i, row in enumerate(((1.0, 3.0), (-2.0, 4.0)))
    ]
    outer = [Value(w, name=f"W2[{i}]", parameter=True) for i, w in enumerate((0.5, 0.3))]
    return forward(inputs, hidden, outer)


def forward(inputs: list[Value], hidden: list[list[Value]], outer: list[Value], target: float = 1.0) -> Perceptron:
    """Run the network: s = W1·x, a = relu(s), O = W2·a, E = ½(O − t)²."""
    sums = [_named(dot(row, inputs), f"s{i}") for i, row in enumerate(hidden, 1)]
    activations = [_named(s.relu(), f"a{i}") for i, s in enumerate(sums, 1)]
    output = _named(dot(outer, activations), "O")
    t = Value(target, name="t", requires_grad=False)
    error = _named(0.5 * (output - t) ** 2, "E")
    return Perceptron(inputs, hidden, outer, sums, activations, output, error)


def train(net: Perceptron, rate: float = RATE) -> Perceptron:
    """Take one step of gradient descent, w ← w − η ∂E/∂w (L1.4), and run the network again."""
    for w in net.weights:
        w.grad = None
    net.error.backward()
    for w in net.weights:
        w.data -= rate * w.grad
    return forward(net.inputs, net.hidden_weights, net.output_weights)


def run(folder: str) -> None:
    """Print the lecture's tables and derivations, and draw the network.

    Args:
        folder: where the drawings go; made if need be.

    Raises:
        DrawingError: the folder cannot be made or written.
    """
    from rich.console import Console

    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DrawingError(
            f"The folder {folder} cannot be made: {error.strerror}. Choose another with --out."
        ) from None
    console = Console(highlight=False)
    net = perceptron()
    net.error.backward()
    net.error.graph().save(place / "perceptron.svg")
    explore(net.error, place / "perceptron.html")
    console.print("[bold]The lecture's perceptron[/bold]: 2 inputs, 2 ReLU neurons, 1 output, E = ½(O − t)²")
    derivations = [explain(net.error, net.hidden_weights[0][1]), explain(net.error, net.output_weights[0])]
    derivations += [explain(net.error, net.sums[0])]
    first = net
    slopes = {w.name: w.grad for w in net.weights}
    history, numbers = [net], [[w.data for w in net.weights]]
    for _ in range(UPDATES):
        net = train(net)
        history.append(net)
        numbers.append([w.data for w in net.weights])
        if len(history) == 2:
            stepped = {w.name: w.data for w in net.weights}
    film = Frames(first.weights, numbers, losses=[each.error.data for each in history], measured="E")
    explore(net.error, place / "training.html", frames=film)
    _figures(console, first, slopes, stepped, history[1])
    console.print("\n[bold]Where the gradients come from[/bold] (explain, from the graph alone)\n")
    for derivation in derivations:
        console.print(str(derivation), soft_wrap=True, markup=False)
    _epochs(console, history)
    _error_curve(console)
    console.print(f"\nThe network with every derivative on its edge: [bold]{place / 'perceptron.svg'}[/bold]")
    console.print(f"The same step by step, for a browser: [bold]{place / 'perceptron.html'}[/bold]", soft_wrap=True)
    console.print(f"And after each step of the training: [bold]{place / 'training.html'}[/bold]", soft_wrap=True)


def _named(v: Value, name: str) -> Value:
    v.name = name
    return v


def _table(title: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(title=f"\n[bold]{title}[/bold]", title_justify="left", title_style="", box=SIMPLE_HEAD)


def _vector(numbers: Sequence[float | None]) -> str:
    return "(" + ", ".join(f"{number:.6g}".replace("-", "−") for number in numbers if number is not None) + ")"


def _figures(
    console: Console,
    net: Perceptron,
    slopes: dict[str | None, float],
    stepped: dict[str | None, float],
    after: Perceptron,
) -> None:
    """Print the slides' figures beside ours."""
    hidden_names, outer_names = [w.name for w in net.weights[:4]], [w.name for w in net.output_weights]
    # L1.5: the slide recomputes O with the new W1 and the old W2.
    activations = [a.data for a in after.activations]
    mixed = sum(w * a for w, a in zip((0.5, 0.3), activations, strict=True))
    rows = [
        ("L1.1", "hidden sums s = W1·x", "(2.6, 1.8)", _vector([s.data for s in net.sums])),
        ("L1.1", "output O = W2·a", "1.84", f"{net.output.data:.6g}"),
        ("L1.4", "error E", "0.3528", f"{net.error.data:.6g}"),
        ("L1.4", "∂E/∂O", "0.84", f"{net.output.grad:.6g}"),
        ("L1.4", "∂E/∂W2", "(2.184, 1.512)", _vector([slopes[name] for name in outer_names])),
        ("L1.4", "δ2 = ∂E/∂a", "(0.42, 0.252)", _vector([a.grad for a in net.activations])),
        ("L1.4", "∂E/∂W1[0]", "(0.21, 0.294)", _vector([slopes[name] for name in hidden_names[:2]])),
        ("L1.4", "∂E/∂W1[1]", "(0.126, 0.1764)", _vector([slopes[name] for name in hidden_names[2:]])),
        ("L1.4", "new W2", "(0.2816, 0.1488)", _vector([stepped[name] for name in outer_names])),
        ("L1.4", "new W1[0]", "(0.979, 2.9706)", _vector([stepped[name] for name in hidden_names[:2]])),
        ("L1.4", "new W1[1]", "(−2.0126, 3.98236)", _vector([stepped[name] for name in hidden_names[2:]])),
        ("L1.5", "O, new W1 but old W2 (slide's slip)", "1.8188", f"{mixed:.8g}"),
        ("L1.5", "its E", "0.33521672", f"{0.5 * (mixed - 1.0) ** 2:.8g}"),
        ("L1.5", "O, both new (lecture's table)", "0.9884730496", f"{after.output.data:.10g}"),
        ("L1.5", "its E", "6.6435e−05", f"{after.error.data:.5g}".replace("-", "−")),
    ]
    table = _table("One full step, η = 0.1")
    for heading, style in (("row", "dim"), ("what", ""), ("slide", "cyan"), ("ours", "bold")):
        table.add_column(heading, style=style)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _epochs(console: Console, history: Sequence[Perceptron]) -> None:
    """Print the table of epochs (L1.6) with what L1.7 plots: log₁₀E and the change of E."""
    slide = ("1.84", "0.9884730496", "0.99982533636", "0.99999739796", "0.99999996125")
    table = _table("Training (L1.6, L1.7)")
    for heading in ("update", "O, slide", "O, ours", "E", "log₁₀E", "change of E"):
        table.add_column(heading, justify="right")
    before = math.nan
    for update, (net, shown) in enumerate(zip(history, slide, strict=True)):
        error = net.error.data
        change = "" if update == 0 else f"{error - before:.4e}"
        numbers = (f"{net.output.data:.11g}", f"{error:.4e}", f"{math.log10(error):.3f}", change)
        table.add_row(str(update), shown, *(number.replace("-", "−") for number in numbers))
        before = error
    console.print(table)


def _error_curve(console: Console) -> None:
    """Print E as a function of W2[0], the rest fixed (L1.7's last plot), with its slope from the engine."""
    table = _table("E as a function of W2[0], the rest fixed (L1.7)")
    for heading in ("W2[0]", "E", "∂E/∂W2[0]", ""):
        table.add_column(heading, justify="left" if not heading else "right")
    rows = []
    for tenths in range(-2, 7):
        net = perceptron()
        net.output_weights[0].data = tenths / 10
        net = forward(net.inputs, net.hidden_weights, net.output_weights)
        net.error.backward()
        rows.append((tenths / 10, net.error.data, net.output_weights[0].grad))
    top = max(error for _, error, _ in rows)
    for weight, error, slope in rows:
        bar = "█" * round(40 * error / top)
        table.add_row(*(f"{number:.4g}".replace("-", "−") for number in (weight, error, slope)), f"[cyan]{bar}[/cyan]")
    console.print(table)
