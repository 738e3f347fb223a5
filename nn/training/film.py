"""A film of a training: one page with the graph of an example, the steps of the training, and the steps of the graph.

Of each moment only the weights are kept, so that filming costs a training little; the page computes the rest.
"""

from __future__ import annotations

import copy
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd import AutogradError, Frames, Graph, Plane, Value, explore
from autograd.files import check_path
from nn import arrays
from nn.data.examples import Examples, separate
from nn.losses.losses import bce_with_logits
from nn.module import Module
from nn.optim import flat
from nn.training.callbacks import Callback, Training
from nn.training.checks import mode
from nn.training.eager import check_loss
from nn.training.runner import Loss, Runner

if TYPE_CHECKING:
    import os

__all__ = ["Film", "check_film"]

MAX_CHARACTERS = 1_500_000  # characters of the page
CHARACTERS_OF_A_WEIGHT = 16 / 3  # that a weight takes at least: four bytes, and four characters for three bytes
MAX_POINTS = 300  # examples that are drawn on the plane of two inputs
MAX_CLASSES = 8  # that have a colour on the plane
MOMENTS_TO_COMPARE = 5  # moments at which the graph is recorded again, to see that it is the same
LOGIT_SPAN = 3.0  # a logit at which a class is as good as certain: σ(3) = 0.95


class Film(Callback):
    """Film a training: the graph of one example after each step, every number and every derivative of it.

    The page has two axes of time: the steps of the training, and the steps forward and backward through the graph. A
    weight that is chosen shows its derivation at that moment, and its way over the training; where there are two
    inputs, the decision over their plane is painted. It is `autograd.explore`'s page, one file.

    Args:
        every: how many steps of training lie between two moments, from 1.
        example: row of the training examples whose graph is drawn, in evaluation mode and without a penalty.
        budget: characters of the page that the weights may take. A longer training loses every second moment, as
            often as needed, and the page and the history say so.

    Attributes:
        steps: after how many steps of training each moment is; the first is before the first step.

    Raises:
        ValueError: `every`, `example` or `budget` is out of its range.

    Example:
        >>> from nn import SGD, Layer, fit
        >>> model, film = Layer(1, 1, seed=0), Film(every=2)
        >>> history = fit(model, [[0.0], [1.0]], [1.0, 3.0], optimizer="sgd", epochs=5, batch_size=1, seed=0, film=film)
        >>> film.steps
        [0, 2, 4, 6, 8, 10]
    """

    only_watches = True

    def __init__(self, every: int = 1, example: int = 0, *, budget: int = MAX_CHARACTERS) -> None:
        for name, number, least in (("every", every, 1), ("example", example, 0), ("budget", budget, 1)):
            if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
                raise ValueError(f"Film: {name} must be a whole number from {least}, not {number!r}.")
        self.every, self.example, self.budget = int(every), int(example), int(budget)
        self.steps: list[int] = []
        self._weights: list[NDArray[np.float64]] = []
        self._losses: list[float] = []
        self._model: Module | None = None

    def prepare(self, model: Module, loss: Loss, examples: Examples, runner: Runner) -> None:
        """Make ready to film a training; `fit` calls it before anything is trained.

        Args:
            model: the model.
            loss: ``(outputs, target) -> Value`` of one example.
            examples: what is trained on.
            runner: what computes the model.

        Raises:
            ValueError: there is no such example, or the model has numbers that move besides its weights.
            DrawingError: the graph of the example does not fit on a page, or a page cannot compute it.
        """
        n = len(examples.X)
        if self.example >= n:
            raise ValueError(
                f"Film: there is no example {self.example} among {n:,} training examples: the last is {n - 1}."
            )
        buffer = next((slot for slot in model.slots() if not slot.trained), None)
        if buffer is not None:
            raise ValueError(
                f"Film: {buffer.owner.title} keeps {buffer.name}, which moves without being a weight, so the moments "
                "of this training cannot be computed from its weights. Film a model without it."
            )
        self._model, self._loss, self._examples, self._runner = model, loss, examples, runner
        output, _, _ = self._record(model)
        leaves, parameters = set(Graph(output).leaves), model.parameters()
        self._places = [i for i, parameter in enumerate(parameters) if parameter in leaves]
        self._filmed = [parameters[i] for i in self._places]
        Frames(self._filmed, [flat.weights(self._filmed).tolist()]).check(output)

    def on_train_begin(self, training: Training) -> None:
        """Take the first moment."""
        if self._model is None:
            raise RuntimeError(
                "Film: it was not told what to film. Pass it to nn.fit, as film= or among its callbacks."
            )
        self._total, self._apart, self._epoch = 0, self.every, training.steps
        self.steps, self._weights, self._losses = [], [], []
        self._take()

    def on_step_end(self, training: Training) -> None:
        """Keep the loss of the last moment, and take one where it is due."""
        training.settle()
        if self.steps[-1] == self._total:
            self._losses[-1] = training.loss  # of the weights before the step
        self._total += 1
        if self._total % self._apart == 0:
            self._take()

    def on_train_end(self, training: Training) -> None:
        """Take the last moment, and note what was left out."""
        if self.steps[-1] != self._total:
            self._take()
        if training.steps == 1:
            with suppress(ArithmeticError, AutogradError):  # a step may have gone too far
                self._losses[-1] = self._runner.loss(*self._examples.arrays)[0]
        if self._apart > self.every:
            training.history.notes.append(f"the film keeps {self._name_kept_steps()}, for the size of its page")

    def _take(self) -> None:
        self.steps.append(self._total)
        self._weights.append(flat.weights(self._filmed))
        self._losses.append(math.nan)
        while len(self.steps) > 2 and len(self.steps) * len(self._filmed) * CHARACTERS_OF_A_WEIGHT > self.budget:
            self._apart *= 2
            kept = [k for k, step in enumerate(self.steps) if step % self._apart == 0]
            if len(kept) == len(self.steps):
                return
            self.steps = [self.steps[k] for k in kept]
            self._weights = [self._weights[k] for k in kept]
            self._losses = [self._losses[k] for k in kept]

    def _name_kept_steps(self) -> str:
        return f"every {self._apart}th step" if self._apart > 2 else "every 2nd step"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the film as one page, which opens by double click.

        Args:
            path: an ``.html`` file; it appears whole or not at all.

        Raises:
            TypeError: the path is neither a str nor a Path.
            RuntimeError: nothing was filmed yet.
            ValueError: the graph of the example changes with the weights.
            DrawingError: the file cannot be written.
        """
        check_path(path)
        output, frames = self._develop()
        explore(output, path, frames=frames)

    def _repr_html_(self) -> str:
        """Show the film at the end of a notebook's cell."""
        output, frames = self._develop()
        return explore(output, frames=frames)._repr_html_()

    def __repr__(self) -> str:
        return f"<Film of {len(self.steps)} moments over {self.steps[-1] if self.steps else 0} steps>"

    def _develop(self) -> tuple[Value, Frames]:
        """Record the graph of the example at the last moment, on a copy of the model, and gather what moved."""
        if self._model is None or not self.steps:
            raise RuntimeError("Film: nothing was filmed yet. Pass it to nn.fit as film=, then save it.")
        model = copy.deepcopy(self._model)
        leaves = [model.parameters()[i] for i in self._places]
        last = len(self.steps) - 1
        while True:
            flat.assign(leaves, self._weights[last])
            try:
                output, inputs, outputs = self._record(model)
                break
            except (ArithmeticError, AutogradError):  # a training that went wrong: its end has no numbers
                if not last:
                    raise
                last -= 1
        self._compare(model, leaves, output, last)
        n = len(self._examples.X)
        batch = "the loss" if n == 1 else "mean loss of all examples" if self._epoch == 1 else "mean loss of a batch"
        notes = [f"the graph is that of example {self.example} of {n:,}, in evaluation mode and without a penalty"]
        if self._apart > self.every:
            notes.append(f"of the training {self._name_kept_steps()} is kept, for the size of the page")
        elif self.every > 1:
            notes.append(f"every {self.every} steps of the training there is a moment")
        if last + 1 < len(self.steps):
            notes.append(f"after step {self.steps[last]} the example's numbers are not finite")
        flat.assign(leaves, self._weights[last])
        end = last + 1
        return output, Frames(
            leaves,
            [w.tolist() for w in self._weights[:end]],
            self.steps[:end],
            self._losses[:end],
            measured=batch,
            epoch=self._epoch if 1 < self._epoch < self._total else None,
            plane=self._make_plane(output, inputs, outputs),
            budget=self.budget,
            note="; ".join(notes),
        )

    def _compare(self, model: Module, leaves: list[Value], output: Value, last: int) -> None:
        """Check that the graph of the example is the same at other moments; the model is left at one of them."""
        graph = Graph(output)
        for k in np.unique(np.linspace(0, last, MOMENTS_TO_COMPARE).astype(int)).tolist():
            flat.assign(leaves, self._weights[k])
            with suppress(ArithmeticError, AutogradError):
                there = self._record(model)[0]
                if _shape(Graph(there)) != _shape(graph) or not math.isclose(_compute(graph), there.data, rel_tol=1e-9):
                    raise ValueError(
                        f"Film: the graph of example {self.example} is another after step {self.steps[k]} than after "
                        f"step {self.steps[last]}: the model decides in Python what it computes. Decide with "
                        "autograd.where, and film again."
                    )

    def _record(self, model: Module) -> tuple[Value, list[Value], list[Any]]:
        """Record the loss of the example with its inputs as frozen leaves: give loss, inputs and outputs."""
        X, T, *_ = self._examples.rows(np.array([self.example]))
        inputs: list[Value] = []

        def leaf(number: Any) -> Value:
            inputs.append(Value(number, name=f"x{len(inputs) + 1}", requires_grad=False))
            return inputs[-1]

        with mode(model, training=False):
            outputs = model(arrays.map_numbers(leaf, X[0]))
            output = check_loss(self._loss(outputs, separate(T)[0]))
        if output.name is None:
            output.name = "E"
        return output, inputs, arrays.flat(outputs)

    def _make_plane(self, output: Value, inputs: list[Value], outputs: list[Any]) -> Plane | None:
        """Return the plane of two inputs, if there are two, and examples enough to show something."""
        X, T, *_ = self._examples
        if X.shape[1:] != (2,) or len(X) < 3 or T.ndim != 1 or not all(isinstance(out, Value) for out in outputs):
            return None
        if not {*inputs, *outputs} <= set(Graph(output).nodes):  # a loss that looks at one output alone
            return None
        labels = np.unique(T)
        level, span = float(labels[0] + labels[-1]) / 2, float(labels[-1] - labels[0]) / 2 or 1.0
        if len(outputs) > 1:
            classes = bool(np.isin(labels, np.arange(len(outputs))).all())
            if not classes or len(outputs) > MAX_CLASSES:
                return None
        else:
            classes = len(labels) == 2
            if self._loss is bce_with_logits:
                level, span = 0.0, LOGIT_SPAN
        rows = np.unique(np.append(np.linspace(0, len(X) - 1, min(MAX_POINTS, len(X))).astype(int), self.example))
        points = [(float(x), float(y), float(t)) for (x, y), t in zip(X[rows], T[rows], strict=True)]
        return Plane((inputs[0], inputs[1]), outputs, points, level, span, classes)


def check_film(film: Any) -> Film:
    """Check that it is a film.

    Raises:
        TypeError: it is none.
    """
    if isinstance(film, Film):
        return film
    raise TypeError(
        f"film must be a Film such as nn.Film(every=1), not {film!r}: make it first, and save it afterwards."
    )


def _shape(graph: Graph) -> list[Any]:
    """Describe how a graph is wired: operations, and where their operands stand."""
    place = {node: index for index, node in enumerate(graph.nodes)}
    return [(node.op, tuple(place[v] if isinstance(v, Value) else None for v in node.operands)) for node in graph.nodes]


def _compute(graph: Graph) -> float:
    """Compute the output from the leaves as they are now, as the page does; NaN where that is not possible.

    Constants are those of the recording: the softmax takes the largest score from all, which may be any number.
    """
    numbers: dict[Value, float] = {}
    for node in graph.nodes:
        operands = [numbers[v] if isinstance(v, Value) else v for v in node.operands]
        try:
            numbers[node] = node.data if node.op is None else node.op.forward(*operands)
        except (ArithmeticError, ValueError):
            return math.nan
    return numbers[graph.outputs[0]]
