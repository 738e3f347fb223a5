"""The frameworks that train the networks of S3 and S4, each as its own documentation says, on one thread."""

# ruff: noqa: D102  (what these methods do is said once, in Trainer)

from __future__ import annotations

import os
import shutil
import tempfile
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.networks import Array, Problem, layers
from benchmarks.trainers import Trainer

__all__ = ["Casadi", "JaxJit", "JaxScan", "Micrograd", "Torch"]


class Torch(Trainer):
    """PyTorch's modules and optimisers."""

    package = "torch"

    def __init__(self, problem: Problem, dtype: str) -> None:
        import torch

        torch.set_num_threads(1)
        self._torch = torch
        super().__init__(problem, dtype)
        self.X, self.T = torch.from_numpy(self.X), torch.from_numpy(self.T)

    def reset(self) -> None:
        torch, problem = self._torch, self.problem
        modules: list[Any] = []
        for W, b in layers(problem.widths, problem.weights().astype(self.dtype)):
            linear = torch.nn.Linear(*W.T.shape, dtype=getattr(torch, self.dtype.name))
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(W))
                linear.bias.copy_(torch.from_numpy(b))
            modules += [linear, torch.nn.ReLU()]
        self._model = torch.nn.Sequential(*modules[:-1])
        self._parameters = list(self._model.parameters())
        if problem.optimizer == "SGD":
            self._optimizer = torch.optim.SGD(self._parameters, *problem.settings)
        else:
            lr, alpha, eps = problem.settings
            self._optimizer = torch.optim.RMSprop(self._parameters, lr, alpha, eps)

    def _backward(self, rows: Any) -> Any:
        torch, problem = self._torch, self.problem
        x, t = self.batch(rows)
        y = self._model(x)
        loss = torch.relu(1 - t * y).mean() if problem.loss == "hinge" else torch.nn.functional.mse_loss(y, t)
        if problem.penalty:
            loss = loss + problem.penalty * sum((w * w).sum() for w in self._parameters)
        self._optimizer.zero_grad()
        loss.backward()
        return loss

    def gradient(self, rows: Array) -> tuple[float, Array]:
        loss = self._backward(self._torch.from_numpy(rows)).item()
        return loss, np.concatenate([w.grad.numpy().ravel() for w in self._parameters])

    def train(self, rows: Array) -> None:
        for some in self._torch.from_numpy(rows):
            self._backward(some)
            self._optimizer.step()

    def weights(self) -> Array:
        return np.concatenate([w.detach().numpy().ravel() for w in self._parameters])


class JaxJit(Trainer):
    """JAX, with one compiled step that Python calls."""

    package = "jax"
    note = "one jitted step, its buffers donated"

    def __init__(self, problem: Problem, dtype: str) -> None:
        import jax

        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_enable_x64", True)
        self._jax = jax
        super().__init__(problem, dtype)
        self.X, self.T = jax.numpy.asarray(self.X), jax.numpy.asarray(self.T)
        self._gradient = jax.jit(jax.value_and_grad(self._loss))
        self._train = jax.jit(self._step, donate_argnums=0)

    def reset(self) -> None:
        asarray = self._jax.numpy.asarray
        parts = layers(self.problem.widths, self.problem.weights().astype(self.dtype))
        network = [(asarray(W.T.copy()), asarray(b.copy())) for W, b in parts]
        self._state = network, self._jax.tree.map(self._jax.numpy.zeros_like, network)

    def _loss(self, network: Any, x: Any, t: Any) -> Any:
        np, problem = self._jax.numpy, self.problem
        *hidden, (W, b) = network
        for V, c in hidden:
            x = self._jax.nn.relu(x @ V + c)
        y = x @ W + b
        if problem.loss == "mse":
            return np.mean((y - t) ** 2)
        return np.mean(self._jax.nn.relu(1 - t * y)) + problem.penalty * sum(
            np.sum(V * V) + np.sum(c * c) for V, c in network
        )

    def _step(self, state: Any, rows: Any) -> Any:
        np, tree = self._jax.numpy, self._jax.tree
        network, squares = state
        slopes = self._jax.grad(self._loss)(network, *self.batch(rows))
        rate, *others = self.problem.settings
        if not others:
            return tree.map(lambda w, g: w - rate * g, network, slopes), squares
        alpha, eps = others
        squares = tree.map(lambda G, g: alpha * G + (1 - alpha) * g * g, squares, slopes)
        return tree.map(lambda w, g, G: w - rate * g / (np.sqrt(G) + eps), network, slopes, squares), squares

    def gradient(self, rows: Array) -> tuple[float, Array]:
        loss, slopes = self._gradient(self._state[0], *self.batch(rows))
        return float(loss), self._flat(slopes)

    def train(self, rows: Array) -> None:
        for some in rows:
            self._state = self._train(self._state, some)
        self._jax.block_until_ready(self._state)

    def weights(self) -> Array:
        return self._flat(self._state[0])

    @staticmethod
    def _flat(network: Any) -> Array:
        return np.concatenate([np.asarray(piece).ravel() for W, b in network for piece in (W.T, b)])


class JaxScan(JaxJit):
    """JAX, with all steps of a block in one compiled loop."""

    note = "a block of steps in one jitted `lax.scan`"

    def __init__(self, problem: Problem, dtype: str) -> None:
        super().__init__(problem, dtype)
        scan = self._jax.lax.scan
        self._train = self._jax.jit(
            lambda state, rows: scan(lambda now, some: (self._step(now, some), None), state, rows)[0], donate_argnums=0
        )

    def train(self, rows: Array) -> None:
        self._state = self._train(self._state, rows)
        self._jax.block_until_ready(self._state)


class Casadi(Trainer):
    """CasADi: the scalar expression of one example and its gradient, folded over the examples, compiled as C."""

    package = "casadi"
    note = "its C code compiled with `-O3 -march=native`, called through its buffers"
    dtypes = ("float64",)
    problems = ("S3",)

    def __init__(self, problem: Problem, dtype: str) -> None:
        super().__init__(problem, dtype)
        import casadi

        sizes = {"w": problem.parameters(), "x": problem.widths[0], "t": 1}
        w, x, t = (casadi.SX.sym(name, n) for name, n in sizes.items())
        signal, start = x, 0
        for place, (n, m) in enumerate(pairwise(problem.widths)):
            end = start + n * m
            signal = casadi.reshape(w[start:end], n, m).T @ signal + w[end : end + m]
            signal = casadi.fmax(signal, 0) if place < len(problem.widths) - 2 else signal
            start = end + m
        loss = casadi.fmax(1 - t * signal, 0)
        sums = casadi.SX.sym("sums", problem.parameters() + 1)
        one = casadi.Function("one", [sums, w, x, t], [sums + casadi.vertcat(loss, casadi.gradient(loss, w))])

        n, share = problem.examples, 1.0 / problem.examples
        W, X, T = (casadi.MX.sym(name, *shape) for name, shape in (("W", w.shape), ("X", (2, n)), ("T", (1, n))))
        summed = one.fold(n)(casadi.MX.zeros(*sums.shape), casadi.repmat(W, 1, n), X, T)
        gradient = summed[1:] * share + 2.0 * problem.penalty * W
        value = summed[0] * share + problem.penalty * casadi.sumsqr(W)
        (rate,) = problem.settings
        self._folder = tempfile.TemporaryDirectory()  # where the C compiler works
        before = os.getcwd()
        os.chdir(self._folder.name)
        try:
            flags = {"flags": ["-O3", "-march=native"], "cleanup": False}
            options = {"jit": True, "compiler": "shell", "jit_options": flags, "jit_cleanup": False}
            options = options if shutil.which("cc") or shutil.which("gcc") else {}
            step = casadi.Function("step", [W, X, T], [W - rate * gradient, value, gradient], options)
        finally:
            os.chdir(before)
        self._value, self._slopes = np.zeros(1), np.zeros_like(self._w)
        self._buffer, self._trigger = step.buffer()
        self._buffer.set_arg(0, memoryview(self._w))
        self._buffer.set_arg(1, memoryview(self.X.ravel()))  # column after column: an example each
        self._buffer.set_arg(2, memoryview(self.T.ravel()))
        self._moved = np.zeros_like(self._w)
        for place, array in enumerate((self._moved, self._value, self._slopes)):
            self._buffer.set_res(place, memoryview(array))

    def reset(self) -> None:
        if not hasattr(self, "_w"):
            self._w = self.problem.weights()
        self._w[...] = self.problem.weights()

    def gradient(self, rows: Array) -> tuple[float, Array]:
        self._trigger()
        return float(self._value[0]), self._slopes.copy()

    def train(self, rows: Array) -> None:
        for _ in rows:
            self._trigger()
            self._w[...] = self._moved

    def weights(self) -> Array:
        return self._w


class Micrograd(Trainer):
    """micrograd, as its own demonstration trains."""

    package = "micrograd"
    dtypes = ("float64",)
    problems = ("S3",)

    @classmethod
    def steps(cls, problem: Problem) -> int:
        return 1

    def reset(self) -> None:
        from micrograd.engine import Value  # type: ignore[import-untyped,unused-ignore]
        from micrograd.nn import MLP  # type: ignore[import-untyped,unused-ignore]

        widths = self.problem.widths
        self._model = MLP(widths[0], list(widths[1:]))
        for part, (W, b) in zip(self._model.layers, layers(widths, self.problem.weights()), strict=True):
            for neuron, weights, bias in zip(part.neurons, W.tolist(), b.tolist(), strict=True):
                neuron.w, neuron.b = [Value(number) for number in weights], Value(bias)

    def _backward(self) -> Any:
        scores = [self._model(row) for row in self.X.tolist()]
        losses = [(1 + -t * score).relu() for (t,), score in zip(self.T.tolist(), scores, strict=True)]
        parameters = self._model.parameters()
        loss = sum(losses) * (1.0 / len(losses)) + self.problem.penalty * sum(w * w for w in parameters)
        self._model.zero_grad()
        loss.backward()
        return loss

    def gradient(self, rows: Array) -> tuple[float, Array]:
        return self._backward().data, self._read("grad")

    def train(self, rows: Array) -> None:
        (rate,) = self.problem.settings
        for _ in rows:
            self._backward()
            for w in self._model.parameters():
                w.data -= rate * w.grad

    def weights(self) -> Array:
        return self._read("data")

    def _read(self, what: str) -> Array:
        neurons = [part.neurons for part in self._model.layers]
        parts = [[[w for n in row for w in n.w], [n.b for n in row]] for row in neurons]
        return np.array([getattr(value, what) for part in parts for values in part for value in values])
