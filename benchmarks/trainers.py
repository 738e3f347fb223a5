"""Who trains the networks of S3 and S4: edgegrad in its ways, and NumPy by hand; `frameworks` has the others.

What is by hand has slopes by hand, as a peer that knows nothing of this project's rules has to.
"""

# ruff: noqa: D102  (what these methods do is said once, in Trainer)

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.networks import Array, Problem, layers

__all__ = ["Compiled", "CompiledJax", "CompiledNumpy", "EagerFit", "Fit", "ManualNumpy", "Trainer", "new_network"]


class Trainer:
    """A library that trains a network.

    Attributes:
        package: the distribution that it needs.
        note: what a reader has to know beside its figures.
        dtypes: precisions it is measured in.
        problems: what it is measured on.
    """

    package = ""
    note = ""
    dtypes: tuple[str, ...] = ("float64", "float32")
    problems: tuple[str, ...] = ("S3", "S4")

    def __init__(self, problem: Problem, dtype: str) -> None:
        self.problem, self.dtype = problem, np.dtype(dtype)
        self.X: Any  # in the library's own kind of array
        self.T: Any
        self.X, self.T = (array.astype(dtype) for array in problem.data())
        self.reset()

    @classmethod
    def steps(cls, problem: Problem) -> int:
        """Say how many steps to measure in one call."""
        return problem.block

    def reset(self) -> None:
        """Go back to the initial weights."""
        raise NotImplementedError

    def gradient(self, rows: Array) -> tuple[float, Array]:
        """Compute the loss of a batch and its gradient; an empty gradient where it cannot be had."""
        raise NotImplementedError

    def train(self, rows: Array) -> None:
        """Take a step for each row of `rows`, (steps, batch); full batches stay in their order."""
        raise NotImplementedError

    def weights(self) -> Array:
        """Give the parameters as one vector, in the order of `networks.layers`."""
        raise NotImplementedError

    def batch(self, rows: Array) -> tuple[Array, Array]:
        """Take the examples of a batch."""
        return (self.X, self.T) if self.problem.full else (self.X[rows], self.T[rows])


def new_network(problem: Problem) -> tuple[Any, list[Any]]:
    """Make edgegrad's network for a problem, and list its parameters."""
    import nn

    model = nn.MLP(problem.widths[0], problem.widths[1:], activation="relu", seed=0)
    return model, model.parameters()


def _load(parameters: list[Any], w: Array) -> None:
    for parameter, number in zip(parameters, w.tolist(), strict=True):
        parameter.data = number


class Compiled(Trainer):
    """Edgegrad's program of the loss, with the optimiser inside: `compile` and `Program.descend`.

    Args:
        problem: the training.
        dtype: its precision.
        network: model and parameters, made beforehand.
    """

    package = "numba"
    backend = "numba"

    def __init__(self, problem: Problem, dtype: str, network: tuple[Any, list[Any]] | None = None) -> None:
        import autograd
        import nn

        model, parameters = new_network(problem) if network is None else network
        loss = getattr(nn, problem.loss)

        def function(x: Any, t: Any) -> Any:
            error = loss(model(x), t)
            return error + problem.penalty * autograd.dot(parameters, parameters) if problem.penalty else error

        example = [0.0] * problem.widths[0], [1.0]
        self.program = autograd.compile(function, *example, parameters=parameters, dtype=dtype, backend=self.backend)
        make = getattr(nn, problem.optimizer)
        self._optimizer = make(parameters, *problem.settings)
        super().__init__(problem, dtype)

    def reset(self) -> None:
        self._w = self.problem.weights()
        self._slots = np.zeros((len(self._optimizer.slots), len(self._w)))

    def gradient(self, rows: Array) -> tuple[float, Array]:
        loss, gradient = self.program.value_and_grad(*self.batch(rows), weights=self._w)
        return loss, gradient

    def train(self, rows: Array) -> None:
        settings = np.array([self._optimizer.settings(step + 1) for step in range(len(rows))], dtype=np.float64)
        made = self.program.descend(
            self.X, self.T, order=rows.ravel(), batch=self.problem.batch, weights=self._w,
            rule=type(self._optimizer).rule, slots=self._slots, settings=settings,
        )  # fmt: skip
        self._w, self._slots = made.weights, made.slots

    def weights(self) -> Array:
        return self._w


class CompiledNumpy(Compiled):
    """The same on the NumPy backend."""

    package = "numpy"
    backend = "numpy"


class CompiledJax(Compiled):
    """The same on the JAX backend."""

    package = "jax"
    backend = "jax"


class Fit(Trainer):
    """`nn.fit`, from the call to the history: checks, tracing, compiling, shuffling and all."""

    package = "numpy"
    note = "whole calls, divided by their steps: checks, tracing, compiling and shuffling are in it"
    dtypes = ("float64",)
    compile = True

    @classmethod
    def steps(cls, problem: Problem) -> int:
        return 50 * problem.block

    def reset(self) -> None:
        self._model, self._parameters = new_network(self.problem)
        _load(self._parameters, self.problem.weights())

    def gradient(self, rows: Array) -> tuple[float, Array]:
        import nn

        X, T = self.batch(rows)
        penalty = self.problem.penalty * sum(parameter.data**2 for parameter in self._parameters)
        return nn.evaluate(self._model, X, T, loss=self.problem.loss)["loss"] + penalty, np.zeros(0)

    def train(self, rows: Array) -> None:
        import nn

        problem, (X, T) = self.problem, (self.X, self.T)
        some = rows.size < len(X)
        if some:
            X, T = X[rows.ravel()], T[rows.ravel()]
        make = getattr(nn, problem.optimizer)
        nn.fit(
            self._model, X, T, loss=problem.loss, optimizer=make(self._parameters, *problem.settings),
            epochs=rows.size // len(X), batch_size=problem.batch, shuffle=not some, seed=0, compile=self.compile,
            regularizer=nn.L2(2.0 * problem.penalty) if problem.penalty else None,
        )  # fmt: skip

    def weights(self) -> Array:
        return np.array([parameter.data for parameter in self._parameters])


class EagerFit(Fit):
    """`nn.fit` on the engine, which records and sweeps a graph in every step."""

    note = "records and sweeps graphs of scalars in every step"
    problems = ("S3",)
    compile = False

    @classmethod
    def steps(cls, problem: Problem) -> int:
        return 2


class ManualNumpy(Trainer):
    """NumPy, with the sweep written out by hand: one array a parameter, updated in place."""

    package = "numpy"

    def reset(self) -> None:
        parts = layers(self.problem.widths, self.problem.weights().astype(self.dtype))
        self._layers = [(W.T.copy(), b.copy()) for W, b in parts]
        self._squares = [(np.zeros_like(W), np.zeros_like(b)) for W, b in self._layers]

    def _sweep(self, x: Array, t: Array) -> tuple[Any, list[tuple[Array, Array]]]:
        problem, m = self.problem, len(x)
        outputs = [x]
        for W, b in self._layers[:-1]:
            outputs.append(np.maximum(outputs[-1] @ W + b, 0))
        W, b = self._layers[-1]
        y = outputs[-1] @ W + b
        if problem.loss == "hinge":
            missing = np.maximum(1 - t * y, 0)
            loss, d = missing.mean(), t * (missing > 0) * self.dtype.type(-1 / m)
        else:
            error = y - t
            loss, d = (error * error).mean(), error * self.dtype.type(2 / m)
        slopes = []
        for place in reversed(range(len(self._layers))):
            slopes.append((outputs[place].T @ d, d.sum(0)))
            if place:
                d = (d @ self._layers[place][0].T) * (outputs[place] > 0)
        slopes.reverse()
        if problem.penalty:
            both = problem.penalty * 2
            loss = loss + problem.penalty * sum((W * W).sum() + (b * b).sum() for W, b in self._layers)
            slopes = [(g + both * W, h + both * b) for (g, h), (W, b) in zip(slopes, self._layers, strict=True)]
        return loss, slopes

    def gradient(self, rows: Array) -> tuple[float, Array]:
        loss, slopes = self._sweep(*self.batch(rows))
        return float(loss), _flat(slopes)

    def train(self, rows: Array) -> None:
        rate, *others = (self.dtype.type(number) for number in self.problem.settings)
        for some in rows:
            _, slopes = self._sweep(*self.batch(some))
            for parts, squares, gradients in zip(self._layers, self._squares, slopes, strict=True):
                for w, G, g in zip(parts, squares, gradients, strict=True):
                    if not others:
                        w -= rate * g
                        continue
                    alpha, eps = others
                    G *= alpha
                    G += (1 - alpha) * g * g
                    w -= rate * g / (np.sqrt(G) + eps)

    def weights(self) -> Array:
        return _flat(self._layers)


def _flat(parts: list[tuple[Array, Array]]) -> Array:
    """Join layers whose W is (inputs, outputs)."""
    return np.concatenate([piece for W, b in parts for piece in (W.T.ravel(), b)])
