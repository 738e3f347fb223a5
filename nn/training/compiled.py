"""Training on compiled programs: the model and its loss are traced once, and every batch is replayed on arrays.

What cannot be traced stays with the engine, and the reason is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from autograd import CompileError, Program, Value, compile, total  # noqa: A004
from nn import arrays
from nn.losses.regularizers import Regularizer
from nn.module import Module
from nn.optim import flat
from nn.optim.first_order import FirstOrder
from nn.optim.flat import Mask, Vector
from nn.optim.objective import Matrix
from nn.training.eager import EagerRunner, RecordedObjective
from nn.training.runner import Array, BatchObjective, Descent, Loss, Runner, Steps, stack

__all__ = ["CompiledRunner", "choose_runner"]

FEW = 64  # examples, over all epochs, that are not worth a program
MANY = 5e9  # products and instructions that are worth the machine code of numba, which takes a while to load
OVERHEAD = 20_000  # products that take as long as to start one array operation of NumPy


def choose_runner(
    model: Module,
    loss: Loss,
    X: Array,
    T: Array | None,
    parameters: Sequence[Value] | None = None,
    regularizer: Regularizer | None = None,
    *,
    asked: bool | str = "auto",
    examples: int | None = None,
    batch: int | None = None,
) -> tuple[Runner, str]:
    """Choose what computes a model: a compiled program, or the engine.

    Args:
        model: the model, in the mode it will be in.
        loss: ``(outputs, target) -> Value`` of one example.
        X: inputs, of which the first stands for all.
        T: targets; None where only outputs are needed.
        parameters: what to differentiate by; all of the model's unless given.
        regularizer: a penalty that is added to the mean loss.
        asked: True, ``"numpy"`` or ``"numba"`` for a program, False for the engine, ``"auto"`` for what is faster.
        examples: how many will be computed in all; as many as there are unless given.
        batch: how many at a time.

    Returns:
        the runner, and one sentence about the choice; empty where there was nothing to choose.

    Raises:
        CompileError: a program was asked for, and the model cannot be traced.
    """
    eager = EagerRunner(model, loss, parameters, regularizer)
    count = len(X) if examples is None else examples
    if asked is False or (asked == "auto" and count < FEW):
        return eager, ""
    try:
        backend = "numpy" if asked in (True, "auto") else str(asked)
        if model.looks_at_batches and model.training:
            runner: CompiledRunner = BatchRunner(eager, X, T, backend, batch or count)
        else:
            runner = CompiledRunner(eager, X, T, backend)
    except CompileError as error:
        if asked != "auto":
            raise
        first = str(error).partition(": ")[0].partition(". ")[0]
        return eager, f"not compiled, but run on the engine: {first[0].lower()}{first[1:]}"
    if asked in (True, "auto") and runner.cost(count, batch or count) > MANY:
        runner.use_numba()
    return runner, f"compiled: {runner.describe()}"


class _Ahead(NamedTuple):
    """Weights that steps have moved and the parameters do not hold yet, and which of them stay."""

    weights: Vector
    frozen: Mask


class CompiledRunner(Runner):
    """Computes a model and its loss by a compiled program.

    Args:
        eager: the same on the engine.
        X: inputs, of which the first stands for all.
        T: targets; None where only outputs are needed.
        backend: of the program.

    Raises:
        CompileError: the model cannot be traced.
    """

    def __init__(self, eager: EagerRunner, X: Array, T: Array | None, backend: str) -> None:
        self.eager, self.backend = eager, backend
        self.model, self.parameters = eager.model, eager.parameters
        self._ahead: _Ahead | None = None
        self._example = (X[0].tolist(), None if T is None else T[0].tolist())
        self._programs: dict[tuple[str, bool], tuple[Program, list[Array]]] = {}
        self._errors: list[Program] = []
        leaves = set(self.program.graph.leaves)
        self.reached |= np.array([parameter in leaves for parameter in self.parameters], np.bool_)
        if T is not None and not (self.reached & flat.free(self.parameters)).any():
            raise CompileError("The loss does not depend on any parameter that may be trained")

    @property
    def program(self) -> Program:
        """The program of loss and outputs in the model's present mode; of outputs alone where there are no targets."""
        if self._example[1] is None:
            return self._outputs_program()
        return self._compiled("loss", self._loss_and_outputs)

    def _outputs_program(self) -> Program:
        return self._compiled("outputs", lambda x: self._flat(self.model(x)))

    def _compiled(self, what: str, f: Callable[..., Any]) -> Program:
        model = self.model
        key = what, model.training
        statistics = [] if model.training else [slot.content for slot in model.slots() if not slot.trained]
        program, seen = self._programs.get(key, (None, []))
        if program is None or not all(map(np.array_equal, seen, statistics)):  # running statistics stand in the graph
            x, t = self._example
            example = (x,) if what == "outputs" else (x, t)
            program = compile(f, *example, parameters=self.parameters, backend=self.backend)
            self._programs[key] = program, [content.copy() for content in statistics]
        return program

    def errors(self) -> list[Program]:
        """Give a program for each output's error, output − target."""
        if not self._errors:
            count = len(arrays.flat(self._example[1]))
            for j in range(count):
                self._errors.append(
                    compile(self._error(j), *self._example, parameters=self.parameters, backend=self.backend)
                )
        return self._errors

    def _error(self, j: int) -> Callable[..., Any]:
        return lambda x, t: arrays.flat(self.model(x))[j] - arrays.flat(t)[j]

    def _loss_and_outputs(self, x: Any, t: Any) -> tuple[Any, list[Any]]:
        outputs = self.model(x)
        loss = self.eager.loss_of(outputs, t)
        if self.eager.regularizer is not None:
            loss = loss + self.eager.regularizer(self.eager.named)
        return loss, self._flat(outputs)

    def _flat(self, outputs: Any) -> list[Any]:
        self._shape = np.shape(arrays.map_numbers(lambda _: 0.0, outputs))
        return arrays.flat(outputs)

    def _shape_outputs(self, outputs: Array) -> Array:
        return stack(list(outputs.reshape(len(outputs), *self._shape)))

    def cost(self, examples: int, batch: int) -> float:
        """Estimate what NumPy would have to do for so many examples, in products."""
        stats = self.program.stats
        steps = examples / batch
        return 3.0 * float(examples * stats["products"] + steps * stats["operations"] * OVERHEAD)

    def use_numba(self) -> None:
        """Go over to machine code, where numba is installed."""
        self.backend = "auto"
        self._programs.clear()
        self._errors.clear()

    def describe(self) -> str:
        """Say what the graph became."""
        stats = self.program.stats
        return (
            f"{stats['nodes']:,} nodes became {stats['operations']} array operations "
            f"({self.program.backend}, {self.program.dtype})"
        )

    def objective(self, X: Array, T: Array) -> BatchObjective:
        """Make the loss over a batch a function of the weights."""
        return _Replayed(self, X, T)

    def outputs(self, X: Array) -> Array:
        """Compute the outputs."""
        with self.located():
            return self._shape_outputs(self._outputs_program()(X, weights=self._ahead and self._ahead.weights))

    def loss(self, X: Array, T: Array) -> tuple[float, Array]:
        """Compute the mean loss with the penalty, and the outputs."""
        with self.located():
            losses, outputs = self.program(X, T, weights=self._ahead and self._ahead.weights)
        return float(np.mean(losses)), self._shape_outputs(outputs)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Let an error say at which example it happened."""
        self.example = None
        try:
            yield
        except Exception as error:
            self.example = getattr(error, "example", None)
            raise

    def descend(self, descent: Descent) -> Steps:
        """Take the steps of a first-order optimiser without returning to Python in between, up to one that fails."""
        if isinstance(descent.optimizer, FirstOrder) and descent.clip_norm is None:
            steps = self._descend(descent, descent.optimizer)
            if steps.losses:
                return steps
        self.settle()  # one by one; or the first step is one that goes wrong, and says how
        return super().descend(descent)

    def settle(self) -> None:
        """Write the weights that steps have left in an array into the parameters: all or none, and then once more."""
        if self._ahead is not None:
            flat.assign(self.parameters, self._ahead.weights)
            self._ahead = None

    def _descend(self, descent: Descent, optimizer: FirstOrder) -> Steps:
        batches = _regular(descent.batches)
        losses, outputs = self._take(
            self.program, optimizer, *descent.examples, np.concatenate(batches), len(batches[0])
        )
        return Steps(losses, self._shape_outputs(outputs) if descent.with_outputs and losses else None)

    def _take(
        self, program: Program, optimizer: FirstOrder, X: Array, T: Array, order: Array, batch: int
    ) -> tuple[list[float], Array]:
        """Take steps by a program, and keep the weights in an array; return the losses, and outputs for each row."""
        if self._ahead is None:
            self._ahead = _Ahead(flat.weights(self.parameters), ~flat.free(self.parameters))
        weights, frozen = self._ahead
        found = program.descend(
            X,
            T,
            order=order,
            batch=batch,
            weights=weights,
            rule=type(optimizer).rule,
            slots=optimizer.memory,
            settings=optimizer.settings_ahead(-(-len(order) // batch)),
            frozen=frozen if frozen.any() else None,
        )
        self._ahead = _Ahead(found.weights, frozen)
        optimizer.move_on(len(found.losses), found.slots)
        return found.losses.tolist(), found.outputs


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

    def whole(self, n: int) -> tuple[Program, list[tuple[Any, int]]]:
        """Give the program for batches of n examples, and the parts that remember statistics of them."""
        if n not in self._whole:
            modules: list[Any] = list(self.model.modules())
            keepers = [module for module in modules if getattr(module, "running_mean", None) is not None]
            counts: list[tuple[Any, int]] = []

            def loss_and_outputs(X: Any, T: Any) -> tuple[Any, list[Any]]:
                outputs = self.model.batch(X)
                loss = total([self.eager.loss_of(y, t) for y, t in zip(outputs, T, strict=True)]) / n
                if self.eager.regularizer is not None:
                    loss = loss + self.eager.regularizer(self.eager.named)
                observed = [keeper.take_observed() for keeper in keepers]
                counts[:] = [(keeper, count) for keeper, (_, count) in zip(keepers, observed, strict=True)]
                moments = [number for pairs, _ in observed for pair in pairs for number in pair]
                return loss, [*(number for y in outputs for number in self._flat(y)), *moments]

            example = self._inputs[:n].tolist(), self._targets[:n].tolist()  # type: ignore[index]
            program = compile(loss_and_outputs, *example, parameters=self.parameters, backend=self.backend)
            self._whole[n] = program, counts
        return self._whole[n]

    @contextmanager
    def located(self) -> Iterator[None]:
        """Let an error say at which example it happened; of a whole batch in training none is known."""
        try:
            with super().located():
                yield
        finally:
            if self.model.training:
                self.example = None

    def cost(self, examples: int, batch: int) -> float:
        """Estimate what NumPy would have to do for so many examples, in products."""
        return super().cost(-(-examples // batch), 1)

    def use_numba(self) -> None:
        """Go over to machine code, where numba is installed."""
        super().use_numba()
        self._whole.clear()

    def objective(self, X: Array, T: Array) -> BatchObjective:
        """Make the loss over a batch a function of the weights."""
        return _ReplayedBatch(self, X, T)

    def part_outputs(self, outputs: Array, n: int) -> Array:
        """Part what steps gave, (steps, numbers): the outputs of all examples; statistics go to who keeps them."""
        _, keepers = self.whole(n)
        size = n * int(np.prod(self._shape))
        for row in outputs[:, size:].tolist():
            numbers = iter(row)
            for keeper, count in keepers:
                keeper.remember([(next(numbers), next(numbers)) for _ in range(keeper.num_features)], count)
        return self._shape_outputs(outputs[:, :size].reshape(len(outputs) * n, -1))

    def _descend(self, descent: Descent, optimizer: FirstOrder) -> Steps:
        n = len(descent.batches[0])
        rows = np.stack([rows for rows in _regular(descent.batches) if len(rows) == n])
        X, T = descent.examples
        losses, outputs = self._take(self.whole(n)[0], optimizer, X[rows], T[rows], np.arange(len(rows)), 1)
        shaped = self.part_outputs(outputs, n) if losses else None
        return Steps(losses, shaped if descent.with_outputs else None)


def _regular(batches: Sequence[Array]) -> Sequence[Array]:
    """Return the first batches, all as large as the first; the last one of them may be smaller."""
    n = len(batches[0])
    other = next((k for k, rows in enumerate(batches) if len(rows) != n), len(batches))
    return batches[: other + 1] if other < len(batches) and len(batches[other]) < n else batches[:other]


class _Replayed(BatchObjective):
    """A batch's mean loss, replayed at every evaluation."""

    def __init__(self, runner: CompiledRunner, X: Array, T: Array) -> None:
        self.runner, self.X, self.T = runner, X, T
        self.parameters = runner.parameters
        self.reached = runner.reached
        self._seen: tuple[Vector, Array] | None = None

    def outputs(self, w: Vector) -> Array:
        if self._seen is None or not np.array_equal(self._seen[0], w):
            self.value(w)
        assert self._seen is not None
        return self._seen[1]

    def value(self, w: Vector) -> float:
        self.evaluations += 1
        with self.runner.located():
            losses, outputs = self.runner.program(self.X, self.T, weights=w)
        self._seen = (w.copy(), self.runner._shape_outputs(outputs))
        return float(np.mean(losses))

    def sweep(self, w: Vector) -> tuple[float, Vector]:
        self.evaluations += 1
        with self.runner.located():
            value, slopes = self.runner.program.value_and_grad(self.X, self.T, weights=w)
        return value, np.where(flat.free(self.parameters), slopes, 0.0)

    def hessian(self, w: Vector) -> Matrix:
        self.evaluations += 1
        free = flat.free(self.parameters)
        with self.runner.located():
            matrix = self.runner.program.hessian(self.X, self.T, weights=w)
        matrix = np.where(free[:, None] & free, matrix, 0.0)
        return (matrix + matrix.T) / 2.0

    def residuals(self, w: Vector) -> Vector:
        return self.residuals_and_jacobian(w, slopes=False)[0]

    def residuals_and_jacobian(self, w: Vector, *, slopes: bool = True) -> tuple[Vector, Matrix]:
        engine = self._engine()
        share, penalty = engine.check_squares(), self.runner.eager.regularizer
        programs = self.runner.errors()
        scale = math.sqrt(share(len(programs)) / len(self.X))
        self.evaluations += 1
        columns, blocks = [], []
        with self.runner.located():
            for program in programs:
                if slopes:
                    values, rows = program.value_and_grad(self.X, self.T, reduce="none", weights=w)
                    blocks.append(scale * rows)
                else:
                    values = program(self.X, self.T, weights=w)
                columns.append(scale * values)
        errors = np.stack(columns, axis=1).ravel()  # example after example, as on the engine
        jacobian = np.stack(blocks, axis=1).reshape(len(errors), len(w)) if slopes else np.zeros((0, len(w)))
        if penalty is not None:
            more, lines = engine.penalty_errors(w)
            errors, jacobian = np.concatenate([errors, more]), np.concatenate([jacobian, lines]) if slopes else jacobian
        return errors, np.where(flat.free(self.parameters), jacobian, 0.0)

    def _engine(self) -> RecordedObjective:
        return self.runner.eager.objective(self.X, self.T)


class _ReplayedBatch(_Replayed):
    """The loss of a batch that is computed as a whole; each evaluation moves running statistics, as on the engine."""

    runner: BatchRunner

    def value(self, w: Vector) -> float:
        self.evaluations += 1
        with self.runner.located():
            loss, outputs = self.runner.whole(len(self.X))[0](self.X[None], self.T[None], weights=w)
        self._seen = (w.copy(), self.runner.part_outputs(outputs, len(self.X)))
        return float(loss[0])

    def sweep(self, w: Vector) -> tuple[float, Vector]:
        self.evaluations += 1
        program, _ = self.runner.whole(len(self.X))
        with self.runner.located():
            value, slopes = program.value_and_grad(self.X[None], self.T[None], weights=w)
        self.value(w)  # for the outputs and the statistics
        self.evaluations -= 1
        return value, np.where(flat.free(self.parameters), slopes, 0.0)

    def hessian(self, w: Vector) -> Matrix:
        return self._engine().hessian(w)

    def residuals_and_jacobian(self, w: Vector, *, slopes: bool = True) -> tuple[Vector, Matrix]:
        return self._engine().residuals_and_jacobian(w)
