"""Compiled training of a model that looks at a batch as a whole, such as one with batch normalisation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from autograd import Program, total
from nn.data.examples import Examples
from nn.draws import Draws
from nn.optim import flat
from nn.optim.first_order import FirstOrder
from nn.optim.flat import Vector
from nn.optim.objective import Matrix
from nn.training.compiled import Batch, CompiledRunner, ReplayedObjective
from nn.training.eager import EagerRunner, weigh
from nn.training.runner import Array, BatchObjective, Descent, Steps, equal_batches
from nn.training.signature import Signature, signature

__all__ = ["BatchRunner"]


class _Whole(NamedTuple):
    """The program for batches of so many examples.

    Attributes:
        program: the program, of which a batch is one example.
        draws: what a batch draws at random, if anything.
        keepers: the parts that remember statistics of it, and how many numbers each is the mean of.
        made_of: the signature of what it was made of.
    """

    program: Program
    draws: Draws | None
    keepers: list[tuple[Any, int]]
    made_of: Signature | None


class BatchRunner(CompiledRunner):
    """Computes a model that looks at a batch as a whole: the graph of a batch is one example of the program.

    In evaluation mode it is as `CompiledRunner`.

    Args:
        eager: the same on the engine.
        X: inputs.
        T: targets.
        backend: of the program.
        batch: examples in a batch.
        weighted: whether each example comes with what its loss is multiplied by.
    """

    def __init__(
        self, eager: EagerRunner, X: Array, T: Array | None, backend: str, batch: int, weighted: bool = False
    ) -> None:
        self._batch, self._inputs, self._targets = batch, X, T
        self._whole: dict[int, _Whole] = {}
        super().__init__(eager, X, T, backend, weighted=weighted)

    @property
    def program(self) -> Program:
        """The program of a batch in training mode, of an example otherwise."""
        return self.whole(self._batch).program if self.model.training else super().program

    def whole(self, n: int) -> _Whole:
        """Return the program for batches of n examples."""
        if n not in self._whole:
            modules: list[Any] = list(self.model.modules())
            keepers = [module for module in modules if getattr(module, "running_mean", None) is not None]
            counts: list[tuple[Any, int]] = []

            def loss_and_outputs(X: Any, T: Any, weights: Any = None) -> tuple[Any, list[Any]]:
                outputs = self.model.batch(list(X))
                factors = [None] * n if weights is None else weights
                losses = [self.eager.loss_of(y, t) for y, t in zip(outputs, T, strict=True)]
                loss = total([weigh(factor, each) for factor, each in zip(factors, losses, strict=True)]) / n
                if self.eager.regularizer is not None:
                    loss = loss + self.eager.regularizer(self.eager.named)
                observed = [keeper.take_observed() for keeper in keepers]
                counts[:] = [(keeper, count) for keeper, (_, count) in zip(keepers, observed, strict=True)]
                moments = [number for pairs, _ in observed for pair in pairs for number in pair]
                return loss, [*(number for y in outputs for number in self._flat(y)), *moments]

            made_of = self._sign()
            example = self._inputs[:n], self._targets[:n], *([1.0] * n for _ in self._weight)  # type: ignore[index]
            self._whole[n] = _Whole(*self.trace(loss_and_outputs, *example), counts, made_of)
        return self._whole[n]

    def outputs(self, X: Array) -> Array:
        """Compute the outputs; on the engine where they depend on the whole batch."""
        if not self.eager.whole:
            return super().outputs(X)
        self.settle()
        return self.eager.outputs(X)

    def loss(self, X: Array, T: Array, weights: Array | None = None) -> tuple[float, Array]:
        """Compute the mean loss with the penalty, and the outputs; on the engine as `outputs` does."""
        if not self.eager.whole:
            return super().loss(X, T, weights)
        self.settle()
        return self.eager.loss(X, T, weights)

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
        """Run as machine code from now on, where numba is installed."""
        super().use_numba()
        self._whole = {n: whole._replace(program=whole.program.on("auto")) for n, whole in self._whole.items()}

    def _try(self, inputs: Any) -> None:
        self.model.batch(list(inputs))

    def _sign(self) -> Signature | None:
        statistics = [slot.content for slot in self.model.slots() if not slot.trained]
        eager = self.eager
        return signature(self.model, eager.chosen, eager.loss_of, eager.regularizer, without=statistics)

    def refresh(self) -> None:
        """Look at the model anew before the next program runs; running statistics move without changing a program."""
        super().refresh()
        now = self._sign() if self._whole else None
        self._whole = {
            n: whole for n, whole in self._whole.items() if now and whole.made_of and whole.made_of.matches(now)
        }

    def batch(self, examples: Examples) -> Batch:
        """Return the program for a batch and the arrays that it takes, with numbers drawn for it."""
        program, draws, *_ = self.whole(len(examples.X))
        taken = tuple(array[None] for array in examples.arrays)
        return Batch(program, taken if draws is None else (*taken, draws.sample(1)))

    def objective(self, X: Array, T: Array, weights: Array | None = None) -> BatchObjective:
        """Make the loss over a batch a function of the weights."""
        return ReplayedBatch(self, Examples(X, T, weights))

    def part_outputs(self, outputs: Array, n: int) -> Array:
        """Return the outputs of all examples from what steps gave; statistics go to the parts that keep them."""
        keepers = self.whole(n).keepers
        size = n * int(np.prod(self._shape))
        for row in outputs[:, size:].tolist():
            numbers = iter(row)
            for keeper, count in keepers:
                keeper.remember([(next(numbers), next(numbers)) for _ in range(keeper.num_features)], count)
        return self.shape_outputs(outputs[:, :size].reshape(len(outputs) * n, -1))

    def _descend(self, descent: Descent, optimizer: FirstOrder) -> Steps:
        n = len(descent.batches[0])
        rows = np.stack([rows for rows in equal_batches(descent.batches) if len(rows) == n])
        program, draws, *_ = self.whole(n)
        taken = tuple(array[rows] for array in descent.examples.arrays)
        losses, outputs = self._take(program, draws, optimizer, descent, taken, np.arange(len(rows)), 1)
        shaped = self.part_outputs(outputs, n) if losses else None
        return Steps(losses, shaped if descent.with_outputs else None)


class ReplayedBatch(ReplayedObjective):
    """The loss of a batch that is computed as a whole; each evaluation moves running statistics, as on the engine."""

    runner: BatchRunner

    def value(self, w: Vector) -> float:
        self.evaluations += 1
        with self.runner.run(self.batch.program) as program:
            loss, outputs = program(*self.batch.arrays, weights=w)
        self._seen = (w.copy(), self.runner.part_outputs(outputs, len(self.examples.X)))
        return float(loss[0])

    def sweep(self, w: Vector) -> tuple[float, Vector]:
        self.evaluations += 1
        with self.runner.run(self.batch.program) as program:
            value, slopes = program.value_and_grad(*self.batch.arrays, weights=w)
        self.value(w)  # for the outputs and the statistics
        self.evaluations -= 1
        return value, np.where(flat.free(self.parameters), slopes, 0.0)

    def hessian(self, w: Vector) -> Matrix:
        return self._engine().hessian(w)

    def residuals_and_jacobian(self, w: Vector, *, slopes: bool = True) -> tuple[Vector, Matrix]:
        return self._engine().residuals_and_jacobian(w)
