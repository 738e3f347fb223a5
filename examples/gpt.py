"""A GPT on single scalars: 4,192 parameters that learn to spell names, each derivative an edge that can be looked at.

The model is that of "microgpt" (Karpathy 2026): one layer, 16 wide, 4 heads, RMSNorm, ReLU, no biases, trained with
Adam on one name a step. Its graph is recorded once, for the longest name; shorter ones weigh what follows their end
with 0.

Run it with ``python examples/gpt.py --steps 1000 --names names.txt``; without --names it takes a list of its own.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import autograd
from autograd import Value, choose, dot, explain, logsumexp, relu, scope, softmax, sqrt, total
from autograd.compiler import Program

WIDTH, HEADS, LENGTH = 16, 4, 16
RATE, BETA1, BETA2, EPS = 0.01, 0.85, 0.99, 1e-8
NAMES = """
    emma olivia ava isabella sophia charlotte mia amelia harper evelyn abigail emily elizabeth mila ella avery
    sofia camila aria scarlett victoria madison luna grace chloe penelope layla riley zoey nora lily eleanor
    hannah lillian addison aubrey ellie stella natalie zoe leah hazel violet aurora savannah audrey brooklyn
    bella claire skylar lucy paisley everly anna caroline nova genesis emilia kennedy samantha maya willow
    kinsley naomi aaliyah elena sarah ariana allison gabriella alice madelyn cora ruby eva serenity autumn
    adeline hailey gianna valentina isla eliana quinn nevaeh ivy sadie piper lydia alexa josephine emery julia
    delilah arianna vivian kaylee sophie brielle
"""

Numbers = Sequence[Any]
Matrix = list[list[Value]]
Array = NDArray[np.float64]


class Examples(NamedTuple):
    """Names as numbers: at each of LENGTH places the letter that stands there, the one to come, and what it counts.

    Attributes:
        letters: their places in the alphabet, (names, LENGTH).
        following: likewise, (names, LENGTH).
        shares: 1/n at the n places of a name, 0 after its end, (names, LENGTH).
    """

    letters: Array
    following: Array
    shares: Array


class Alphabet:
    """The letters of some names; one more stands for the beginning and the end."""

    def __init__(self, names: Sequence[str]) -> None:
        self.letters = sorted(set("".join(names)))
        self.size = len(self.letters) + 1

    def encode(self, names: Sequence[str]) -> Examples:
        """Write names as numbers; what is longer than LENGTH is cut off."""
        examples = Examples(*np.zeros((3, len(names), LENGTH)))
        for row, name in enumerate(names):
            tokens = [len(self.letters), *map(self.letters.index, name), len(self.letters)]
            n = min(LENGTH, len(tokens) - 1)
            examples.letters[row, :n] = tokens[:n]
            examples.following[row, :n] = tokens[1 : n + 1]
            examples.shares[row, :n] = 1.0 / n
        return examples


class GPT:
    """A transformer of one layer; every parameter is a Value with a name.

    Args:
        letters: how many there are.
        seed: of the parameters, which are normal with a standard deviation of 0.08.
    """

    def __init__(self, letters: int, seed: int = 42) -> None:
        noise = random.Random(seed)

        def matrix(name: str, rows: int, columns: int) -> Matrix:
            return [
                [Value(noise.gauss(0.0, 0.08), name=f"{name}[{i}][{j}]") for j in range(columns)] for i in range(rows)
            ]

        self.letter, self.place = matrix("letter", letters, WIDTH), matrix("place", LENGTH, WIDTH)
        self.read_out = matrix("out", letters, WIDTH)
        self.Q, self.K, self.V, self.O = (matrix(name, WIDTH, WIDTH) for name in "QKVO")
        self.up, self.down = matrix("up", 4 * WIDTH, WIDTH), matrix("down", WIDTH, 4 * WIDTH)

    def parameters(self) -> list[Value]:
        """List all parameters."""
        matrices = (self.letter, self.place, self.read_out, self.Q, self.K, self.V, self.O, self.up, self.down)
        return [v for matrix in matrices for row in matrix for v in row]

    def scores(self, letter: Any, place: int, keys: list[Numbers], values: list[Numbers]) -> list[Any]:
        """Score every letter as the next one.

        Args:
            letter: the letter that stands here.
            place: where it stands, from 0.
            keys: of the places before; this one's are added.
            values: likewise.
        """
        x = normalise([a + b for a, b in zip(choose(letter, self.letter), self.place[place], strict=True)])
        with scope("attention"):
            q, k, v = (multiply(W, normalise(x)) for W in (self.Q, self.K, self.V))
            keys.append(k)
            values.append(v)
            heads = [attend(head, q, keys, values, place) for head in range(HEADS)]
            x = [a + b for a, b in zip(x, multiply(self.O, [h for head in heads for h in head]), strict=True)]
        with scope("mlp"):
            hidden = [relu(h) for h in multiply(self.up, normalise(x))]
            x = [a + b for a, b in zip(x, multiply(self.down, hidden), strict=True)]
        return multiply(self.read_out, x)

    def loss(self, letters: Numbers, following: Numbers, shares: Numbers) -> Any:
        """Compute the mean cross-entropy of the letters to come."""
        keys: list[Numbers] = []
        values: list[Numbers] = []
        terms = []
        for place in range(len(letters)):
            scores = self.scores(letters[place], place, keys, values)
            terms.append(shares[place] * (logsumexp(scores) - choose(following[place], scores)))
        return total(terms)

    def compile(self, backend: str = "auto") -> Program:
        """Record the loss of a name of LENGTH letters."""
        places = np.zeros(LENGTH)
        return autograd.compile(self.loss, places, places, places, parameters=self.parameters(), backend=backend)


def multiply(W: Matrix, x: Numbers) -> list[Any]:
    """Multiply a matrix by a vector."""
    return [dot(row, x) for row in W]


def normalise(x: Numbers) -> list[Any]:
    """Divide by the root of the mean square. Source: Zhang and Sennrich 2019, Root Mean Square Layer Normalization."""
    size = sqrt(dot(x, x) / len(x) + 1e-5)
    return [v / size for v in x]


def attend(head: int, q: Numbers, keys: Sequence[Numbers], values: Sequence[Numbers], place: int) -> list[Any]:
    """Mix the values of one head by how well their keys fit. Source: Vaswani and others 2017, 3.2.1."""
    width = WIDTH // HEADS
    own = slice(head * width, (head + 1) * width)
    weights = softmax([dot(q[own], k[own]) / width**0.5 for k in keys])
    for at, weight in enumerate(weights):
        weight.name = f"attention{head + 1}[{place}][{at}]"
    return [dot(weights, [v[own][j] for v in values]) for j in range(width)]


def adam(w: Any, g: Any, m: Any, v: Any, rate: Any, scale1: Any, scale2: Any) -> tuple[Any, Any, Any]:
    """Take Adam's step. Source: Kingma and Ba 2015, algorithm 1."""
    m = BETA1 * m + (1.0 - BETA1) * g
    v = BETA2 * v + (1.0 - BETA2) * g * g
    return w - rate * (m * scale1) / (sqrt(v * scale2) + EPS), m, v


def train(program: Program, examples: Examples, steps: int) -> Array:
    """Train on one name after the other, with a rate that falls to 0; the parameters move. Return the losses."""
    s = np.arange(steps)
    scales = [1.0 / (1.0 - beta ** (s + 1)) for beta in (BETA1, BETA2)]
    weights = program.weights()
    taken = program.descend(
        *examples, order=s % len(examples.shares), batch=1, weights=weights, rule=adam,
        slots=np.zeros((2, len(weights))), settings=np.stack([RATE * (1.0 - s / steps), *scales], axis=1),
    )  # fmt: skip
    for parameter, number in zip(program.parameters, taken.weights.tolist(), strict=True):
        parameter.data = number
    return taken.losses


def plot(losses: Array, path: Path) -> None:
    """Draw the loss of each step, and their mean over the 50 before."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    panel = figure.subplots()
    panel.plot(losses, ".", color="#bbbbbb", markersize=3)
    panel.plot([losses[max(0, k - 49) : k + 1].mean() for k in range(len(losses))])
    panel.set(xlabel="step", ylabel="cross-entropy of a letter")
    figure.savefig(path)


def main() -> None:
    """Train, and explain one attention weight."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--names", type=Path, help="a file with a name on each line")
    parser.add_argument("--out", type=Path, help="a folder for the curve of the loss; none is drawn without")
    parser.add_argument("--backend", default="auto", choices=("auto", "numba", "numpy"))
    options = parser.parse_args()
    began = time.perf_counter()
    names = options.names.read_text(encoding="utf-8").split() if options.names else NAMES.split()
    random.Random(42).shuffle(names)
    alphabet = Alphabet(names)
    model = GPT(alphabet.size)
    program = model.compile(options.backend)
    examples = alphabet.encode(names)
    losses = train(program, examples, options.steps)
    for start in range(0, len(losses), 100):
        print(
            f"steps {start + 1:5,} to {min(start + 100, len(losses)):5,}: loss {losses[start : start + 100].mean():.4f}"
        )
    if options.out:
        plot(losses, options.out / "loss.png")
    print(f"{len(program.parameters):,} parameters, {program.backend}, {time.perf_counter() - began:.2f} s in all")
    program(*(array[:1] for array in examples))
    loss = program.at(0)
    weight = next(node for node in loss.graph().nodes if node.name == "attention1[2][1]")
    print(f"\nwhat the loss of {names[0]!r} owes to the attention of its third place to its second, in the first head:")
    print(explain(loss, weight, paths=2))


if __name__ == "__main__":
    main()
