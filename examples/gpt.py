"""A GPT on single scalars: some 4,000 parameters that learn to spell names, each derivative an edge to look at.

The model is that of "microgpt" (Karpathy 2026): one layer, 16 wide, 4 heads, RMSNorm, ReLU, no biases, trained with
Adam on one name a step. The names are made of syllables by this script, so that there is a rule to be found.

Run it with ``python examples/gpt.py --steps 1000``; ``--names names.txt`` takes a file, ``--film film.html`` films the
training: every number and every derivative after every step of it.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import nn
from autograd import Value, choose, explain, gradients, log_softmax, logsumexp, relu, softmax, total

WIDTH, HEADS, LENGTH = 16, 4, 16
RATE, BETAS = 0.01, (0.85, 0.99)
TEMPERATURE = 0.5  # what scores are divided by when a letter is drawn: the lower, the likelier the likeliest
SOUNDS = ("b", "d", "f", "g", "k", "l", "m", "n", "r", "s", "t", "v", "br", "dr", "fl", "gr", "kl", "st")

Array = NDArray[Any]


def make_names(count: int, seed: int = 42) -> list[str]:
    """Make names of two or three syllables: a sound and a vowel each, and sometimes an n, r or s at the end."""
    draw = random.Random(seed)
    syllables = [[draw.choice(SOUNDS) + draw.choice("aeiou") for _ in range(draw.choice((2, 3)))] for _ in range(count)]
    return ["".join(parts) + draw.choice(("", "", "n", "r", "s")) for parts in syllables]


class Alphabet:
    """The letters of some names; one more stands for the beginning and the end."""

    def __init__(self, names: Sequence[str]) -> None:
        self.letters = sorted(set("".join(names)))
        self.end = len(self.letters)
        self.size = self.end + 1

    def encode(self, names: Sequence[str]) -> tuple[Array, Array]:
        """Write names as numbers; what is longer than LENGTH is cut off.

        Returns:
            the letter at each place, (names, LENGTH); and the letter to come there with what it counts, 1/n at the n
            places of a name and 0 after its end, (names, LENGTH, 2).
        """
        X, T = np.zeros((len(names), LENGTH)), np.zeros((len(names), LENGTH, 2))
        for row, name in enumerate(names):
            tokens = [self.end, *map(self.letters.index, name), self.end]
            n = min(LENGTH, len(tokens) - 1)
            X[row, :n] = tokens[:n]
            T[row, :n] = [(letter, 1.0 / n) for letter in tokens[1 : n + 1]]
        return X, T


class GPT(nn.Module):
    """A transformer of one layer: letters in, the scores of the next letter out, at each place.

    Args:
        letters: how many there are.
        seed: of the parameters, which are normal with a standard deviation of 0.08.
    """

    axes = 1

    def __init__(self, letters: int, seed: int = 42) -> None:
        noise, drawn = np.random.default_rng(seed), {"bias": False, "init": "normal(0, 0.08)"}
        self.letter = nn.Embedding(letters, WIDTH, noise.normal(0.0, 0.08, (letters, WIDTH)))
        self.place = nn.Embedding(LENGTH, WIDTH, noise.normal(0.0, 0.08, (LENGTH, WIDTH)))
        self.norm = nn.RMSNorm(WIDTH, 1e-5, elementwise_affine=False)
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, causal=True, seed=noise, **drawn)
        self.up = nn.Linear(WIDTH, 4 * WIDTH, seed=noise, **drawn)
        self.down = nn.Linear(4 * WIDTH, WIDTH, seed=noise, **drawn)
        self.out = nn.Linear(WIDTH, letters, seed=noise, **drawn)

    def forward(self, letters: Any) -> Any:
        """Score every letter as the next one, after each of some letters."""
        x = self.norm(self.letter(letters) + self.place(np.arange(len(letters))))
        x = x + self.attention(self.norm(x))
        x = x + self.down(relu(self.up(self.norm(x))))
        return self.out(x)


def loss_of(scores: Any, target: Any) -> Any:
    """Compute the mean cross-entropy of the letters to come."""
    return total(
        [share * (logsumexp(row) - choose(letter, row)) for row, (letter, share) in zip(scores, target, strict=True)]
    )


class Choice(NamedTuple):
    """A letter that was drawn, and those before it."""

    before: list[int]
    letter: int


def write_name(model: GPT, alphabet: Alphabet, draw: random.Random) -> list[Choice]:
    """Let the model write a name, letter by letter, until it chooses the end."""
    tokens, choices = [alphabet.end], []
    while len(tokens) <= LENGTH:
        shares = softmax([float(score) / TEMPERATURE for score in model(tokens)[-1]])
        (letter,) = draw.choices(range(alphabet.size), shares)
        choices.append(Choice(list(tokens), letter))
        if letter == alphabet.end:
            break
        tokens.append(letter)
    return choices


def show_choice(model: GPT, alphabet: Alphabet, choice: Choice) -> str:
    """Say what a letter owes to what stands before it, and derive the share of attention that mattered most."""
    marks, last = [*alphabet.letters, "·"], len(choice.before) - 1
    logarithm: Value = log_softmax(model(choice.before)[-1])[choice.letter]
    shares = [node for node in logarithm.graph() if re.search(rf"alpha\[\d\]\[{last}\]", node.name or "")]
    owed = [share.data * float(slope) for share, slope in zip(shares, gradients(logarithm, shares), strict=True)]
    probability = math.exp(logarithm.data)
    lines = [f"{marks[choice.letter]!r}, of probability {probability:.2f}; to first order its logarithm owes"]
    for at, letter in enumerate(choice.before):
        heads = [amount for share, amount in zip(shares, owed, strict=True) if str(share.name).endswith(f"[{at}]")]
        lines.append(f"  {sum(heads):+.3f} for a look at {marks[letter]!r} in place {at}")
    amount, first = max(zip(owed, shares, strict=True), key=lambda pair: abs(pair[0]))
    lines.append(f"{amount:+.3f} of it by {first.name} = {first.data:.3f}; of the way from there to the logarithm,")
    return "\n".join([*lines, *str(explain(logarithm, first, paths=1)).splitlines()[-3:]])


def plot(losses: Sequence[float], path: Path) -> None:
    """Draw the loss of each round through the names."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    panel = figure.subplots()
    panel.plot(range(1, len(losses) + 1), losses)
    panel.set(xlabel="round through the names", ylabel="cross-entropy of a letter", ylim=(0.0, None))
    figure.savefig(path)


def main() -> None:
    """Train, write some names, and say why a letter was chosen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1000, help="names to train on, each some times")
    parser.add_argument("--names", type=Path, help="a file with a name on each line")
    parser.add_argument("--out", type=Path, help="a folder for the curve of the loss; none is drawn without")
    parser.add_argument("--film", type=Path, help="a page on which the training can be looked at")
    options = parser.parse_args()
    began = time.perf_counter()
    names = options.names.read_text(encoding="utf-8").split() if options.names else make_names(100)
    alphabet = Alphabet(names)
    model, (X, T) = GPT(alphabet.size), alphabet.encode(names)
    rounds = max(1, options.steps // len(names))
    optimizer = nn.Adam(model.parameters(), RATE, BETAS)
    film = nn.Film(every=max(1, len(names) * rounds // 50)) if options.film else None
    history = nn.fit(
        model, X, T, loss_of, optimizer, rounds, 1, seed=42, schedule=nn.PolynomialDecay(rounds), film=film
    )
    for number, loss in enumerate(history["loss"], 1):
        print(f"round {number:3}: loss {loss:.4f}")
    print(f"{len(model.parameters()):,} parameters, {len(names) * rounds:,} steps, {time.perf_counter() - began:.1f} s")
    if options.out:
        plot(history["loss"], options.out / "loss.png")
    if film is not None:
        film.save(options.film)
    draw = random.Random(1)
    written = [write_name(model, alphabet, draw) for _ in range(10)]
    marks = [*alphabet.letters, ""]
    print("it writes:", " ".join("".join(marks[choice.letter] for choice in choices) for choices in written))
    longest = max(written, key=len)
    choice = longest[min(2, len(longest) - 1)]
    before = "".join(marks[letter] for letter in choice.before)
    print(f"\nwhy, after {before!r}, it wrote {show_choice(model, alphabet, choice)}")


if __name__ == "__main__":
    main()
