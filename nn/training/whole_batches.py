"""Compiled training of a model that looks at a batch as a whole, such as one with batch normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd import Program, compile, total  # noqa: A004
from nn.optim import flat
from nn.optim.first_order import FirstOrder
from nn.optim.flat import Mask, Vector
from nn.optim.objective import Matrix
from nn.training.compiled import CompiledRunner, ReplayedObjective, equal_batches
from nn.training.eager import EagerRunner
from nn.training.programs import find_reached
from nn.training.runner import Array, BatchObjective, Descent, Steps

__all__ = ["BatchRunner"]


class BatchRunner(CompiledRunner):
    """Computes a model that looks at a batch as a whole: the graph of a batch is one example of the program.

    In evaluation mode it is as `CompiledRunner`.

    Args:
        eager: the same on the engine.
        X: inputs.
        T: targets.
        backend: of the program.
        batch: examples in a batch.
    """

    def __init__(self, eager: EagerRunner, X: Array, T: Array | None, backend: str, batch: int) -> None:
        self._batch, self._inputs, self._targets = batch, X, T
        self._whole: dict[int, tuple[Program, list[tuple[Any, int]]]] = {}
        super().__init__(eager, X, T, backend)

    @property
    def program(self) -> Program:
        """The program of a batch in training mode, of an example otherwise."""
        return self.whole(self._batch)[0] if self.model.training else super().program

    def _find_reached(self) -> Mask:
        return find_reached(self.program)

    def whole(self, n: int) -> tuple[Program, list[tuple[Any, int]]]:
        """Return the program for batches of n examples, and the parts that remember statistics of them."""
        if n not in self._whole:
            modules: list[Any] = list(self.model.modules())
            keepers = [module for module in modules if getattr(module, "running_mean", None) is not None]
            counts: list[tuple[Any, int]] = []

            def loss_and_outputs(X: Any, T: Any) -> tuple[Any, list[Any]]:
                outputs = self.model.batch(list(X))
                loss = total([self.eager.loss_of(y, t) for y, t in zip(outputs, T, strict=True)]) / n
                if self.eager.regularizer is not None:
                    loss = loss + self.eager.regularizer(self.eager.named)
                observed = [keeper.take_observed() for keeper in keepers]
                counts[:] = [(keeper, count) for keeper, (_, count) in zip(keepers, observed, strict=True)]
                moments = [number for pairs, _ in observed for pair in pairs for number in pair]
                return loss, [*(number for y in outputs for number in self._flat(y)), *moments]

            example = self._inputs[:n], self._targets[:n]  # type: ignore[index]
            program = compile(loss_and_outputs, *example, parameters=self.eager.parameters, backend=self.backend)
            self._whole[n] = program, counts
        return self._whole[n]

    def outputs(self, X: Array) -> Array:
        """Compute the outputs; on the engine where they depend on the whole batch."""
        if not self.eager.whole:
            return super().outputs(X)
        self.settle()
        return self.eager.outputs(X)

    def loss(self, X: Array, T: Array) -> tuple[float, Array]:
        """Compute the mean loss with the penalty, and the outputs; on the engine as `outputs` does."""
        if not self.eager.whole:
            return super().loss(X, T)
        self.settle()
        return self.eager.loss(X, T)

    @contextmanager
    def run(self, program: Program) -> Iterator[Program]:
        """Let a program run; in training an error comes from the batch as a whole, so that it names no example."""
        try:
            with super().run(program):
                yield program
        finally:
            if self.model.training:
                self.example = None

    def cost(self, examples: int, batch: int) -> float:
        """Estimate what NumPy would have to do for so many examples, in products."""
        return super().cost(-(-examples // batch), 1)

    def use_numba(self) -> None:
        """Compile to machine code from now on, where numba is installed."""
        super().use_numba()
        self._whole.clear()

    def objective(self, X: Array, T: Array) -> BatchObjective:
        """Make the loss over a batch a function of the weights."""
        return ReplayedBatch(self, X, T)

    def part_outputs(self, outputs: Array, n: int) -> Array:
        """Return the outputs of all examples from what steps gave; statistics go to the parts that keep them."""
        _, keepers = self.whole(n)
        size = n * int(np.prod(self._shape))
        for row in outputs[:, size:].tolist():
            numbers = iter(row)
            for keeper, count in keepers:
                keeper.remember([(next(numbers), next(numbers)) for _ in range(keeper.num_features)], count)
        return self.shape_outputs(outputs[:, :size].reshape(len(outputs) * n, -1))

    def _descend(self, descent: Descent, optimizer: FirstOrder) -> Steps:
        n = len(descent.batches[0])
        rows = np.stack([rows for rows in equal_batches(descent.batches) if len(rows) == n])
        X, T = descent.examples
        losses, outputs = self._take(self.whole(n)[0], optimizer, X[rows], T[rows], np.arange(len(rows)), 1)
        shaped = self.part_outputs(outputs, n) if losses else None
        return Steps(losses, shaped if descent.with_outputs else None)


class ReplayedBatch(ReplayedObjective):
    """The loss of a batch that is computed as a whole; each evaluation moves running statistics, as on the engine."""

    runner: BatchRunner

    def value(self, w: Vector) -> float:
        self.evaluations += 1
        with self.runner.run(self.runner.whole(len(self.X))[0]) as program:
            loss, outputs = program(self.X[None], self.T[None], weights=w)
        self._seen = (w.copy(), self.runner.part_outputs(outputs, len(self.X)))
        return float(loss[0])

    def sweep(self, w: Vector) -> tuple[float, Vector]:
        self.evaluations += 1
        with self.runner.run(self.runner.whole(len(self.X))[0]) as program:
            value, slopes = program.value_and_grad(self.X[None], self.T[None], weights=w)
        self.value(w)  # for the outputs and the statistics
        self.evaluations -= 1
        return value, np.where(flat.free(self.parameters), slopes, 0.0)

    def hessian(self, w: Vector) -> Matrix:
        return self._engine().hessian(w)

    def residuals_and_jacobian(self, w: Vector, *, slopes: bool = True) -> tuple[Vector, Matrix]:
        return self._engine().residuals_and_jacobian(w)
