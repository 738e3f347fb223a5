"""Training on compiled programs: the model and its loss are traced once, and every batch is replayed on arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from autograd import CompileError, Program, Value, compile, no_grad  # noqa: A004
from nn import arrays
from nn.data.examples import Examples, separate
from nn.draws import Draws
from nn.interrupts import allow_interrupts
from nn.module import Slot
from nn.modules.elementwise import Dropout
from nn.optim import flat
from nn.optim.first_order import FirstOrder
from nn.optim.flat import Mask, Vector
from nn.optim.objective import Matrix
from nn.training.eager import EagerRunner, RecordedObjective, weigh
from nn.training.kept import check_calls
from nn.training.programs import KeptProgram, NotWorthwhileError, describe_shapes, programs_of
from nn.training.runner import Array, BatchObjective, Descent, Runner, Steps, equal_batches, stack
from nn.training.signature import Signature, signature
from nn.training.trial import trying

__all__ = ["Batch", "CompiledRunner", "ReplayedObjective"]

PRODUCTS_OF_AN_OPERATION = 20_000  # that take as long as to start one array operation of NumPy


class _Ahead(NamedTuple):
    """Weights that steps have moved and the parameters do not hold yet, and which of them stay."""

    weights: Vector
    frozen: Mask


class _Places(NamedTuple):
    """Where the numbers of a model's arrays stand: among the parameters that are trained, then the others."""

    slots: list[Slot]
    of: dict[str, Array]
    others: list[Value]


class CompiledRunner(Runner):
    """Computes a model and its loss by a compiled program.

    Args:
        eager: the same on the engine.
        X: inputs, of which the first stands for all.
        T: targets; None where only outputs are needed.
        backend: of the program.
        check: tries the model before it is compiled; with ``shape=`` of its outputs where it need not be.
        weighted: whether each example comes with what its loss is multiplied by.
        pays: whether to compile where no program is known; always unless given.

    Raises:
        CompileError: the model cannot be traced.
        NotWorthwhileError: no program is known, and it does not pay to compile one.
    """

    eager: EagerRunner

    def __init__(
        self,
        eager: EagerRunner,
        X: Array,
        T: Array | None,
        backend: str,
        check: Callable[..., None] | None = None,
        weighted: bool = False,
        pays: Callable[[], bool] | None = None,
    ) -> None:
        self.eager, self.backend, self._pays = eager, backend, pays
        self.model = eager.model
        self._ahead: _Ahead | None = None
        self._places: _Places | None = None
        self._check = check
        self._example = (separate(X[:1])[0], None if T is None else separate(T[:1])[0])
        self._weight = (1.0,) if weighted else ()
        self._key = describe_shapes(X, T, weighted)
        self._programs: dict[tuple[str, bool], tuple[KeptProgram, list[Array]]] = {}
        self._kept = programs_of(self.model)
        self._errors: list[Program] = []
        self._holder = self.program  # reads and writes their numbers, whichever program computes
        self.parameters = list(self._holder.parameters)
        self.reached |= self._holder.reached
        if self.model.training and not (self.reached & ~self._holder.frozen()).any():
            raise CompileError("The loss does not depend on any parameter that may be trained")

    @property
    def program(self) -> Program:
        """The program of loss and outputs in the model's present mode; of outputs alone where there are no targets."""
        return self._present().program

    def _present(self) -> KeptProgram:
        if self._example[1] is None:
            return self._outputs_program()
        return self._find_or_compile("loss", self._loss_and_outputs)

    def _outputs_program(self) -> KeptProgram:
        return self._find_or_compile("outputs", lambda x: self._flat(self.model.batch([x])[0]))

    def _find_or_compile(self, what: str, f: Callable[..., Any]) -> KeptProgram:
        """Return the program in the model's present mode: a known one, one that the model keeps, or a new one."""
        model = self.model
        place = what, model.training
        statistics = [] if model.training else [holder[name] for holder, name in self._buffers()]
        if place in self._programs:
            kept, seen = self._programs[place]
            if all(map(np.array_equal, seen, statistics)):  # running statistics stand in the graph
                self._shape = kept.shape
                return kept
        loss_of = self.eager.loss_of if what == "loss" else None
        made_of = signature(model, self.eager.chosen, loss_of, self.eager.regularizer)
        key = self._key_of(*place, made_of)
        found = self._kept.find(key, self.backend, made_of)
        if found is None and self._pays is not None and not self._pays():
            raise NotWorthwhileError
        if self._check is not None:
            self._check(**({} if found is None else {"shape": found.shape}))
            self._check = None
        if found is None:
            example = (*self._example, *self._weight) if what == "loss" else self._example[:1]
            program, draws = self.trace(f, *example)
            found = KeptProgram(program, self._shape, draws, made_of)
            self._kept.keep(key, self.backend, found)
        self._shape = found.shape
        self._programs[place] = found, [content.copy() for content in statistics]
        return found

    def trace(self, f: Callable[..., Any], *example: Any) -> tuple[Program, Draws | None]:
        """Compile a function of the model; what it draws at random becomes the program's last argument.

        Raises:
            CompileError: it cannot be traced.
            ValueError: the model keeps a Value that was computed from its weights.
        """
        draws: Draws | None = None
        if any(isinstance(m, Dropout) and m.training and m.p > 0.0 for m in self.model.modules()):
            with trying(self.model), Draws().catch() as draws, no_grad():
                self._try(example[0])
        calls = []

        @functools.wraps(f)
        def traced(*inputs: Any) -> Any:
            given, noise = (inputs, ()) if draws is None else (inputs[:-1], arrays.flat(inputs[-1]))
            with nullcontext() if draws is None else Draws(noise).catch():
                calls.append(f(*given))
            return calls[-1]

        if draws is not None:
            del traced.__wrapped__  # whose arguments are one fewer
            example = *example, [1.0] * draws.count
        with trying(self.model), allow_interrupts():
            program = compile(traced, *example, parameters=self.eager.parameters, backend=self.backend)
        check_calls(self.model, *calls)
        return program, draws

    def _try(self, inputs: Any) -> None:
        """Call the model on an example of a program."""
        self.model.batch([inputs])

    def errors(self) -> list[Program]:
        """Return a program for each output's error, output − target."""
        if not self._errors:
            count = len(arrays.flat(self._example[1]))
            for j in range(count):
                self._errors.append(
                    compile(self._error(j), *self._example, parameters=self.eager.parameters, backend=self.backend)
                )
        return self._errors

    def _error(self, j: int) -> Callable[..., Any]:
        return lambda x, t: arrays.flat(self.model.batch([x])[0])[j] - arrays.flat(t)[j]

    def _loss_and_outputs(self, x: Any, t: Any, weight: Any = None) -> tuple[Any, list[Any]]:
        outputs = self.model.batch([x])[0]
        loss = weigh(weight, self.eager.loss_of(outputs, t))
        if self.eager.regularizer is not None:
            loss = loss + self.eager.regularizer(self.eager.named)
        return loss, self._flat(outputs)

    def _flat(self, outputs: Any) -> list[Any]:
        self._shape = arrays.shape(outputs)
        return arrays.flat(outputs)

    def shape_outputs(self, outputs: Array) -> Array:
        """Put the outputs (n, numbers) into the shape that the model gives them."""
        return stack(list(outputs.reshape(len(outputs), *self._shape)))

    def cost(self, examples: int, batch: int) -> float:
        """Estimate what NumPy would have to do for so many examples, in products."""
        program, steps = self.program, examples / batch
        return 3.0 * float(
            examples * program.instructions.products + steps * len(program.instructions) * PRODUCTS_OF_AN_OPERATION
        )

    def use_numba(self) -> None:
        """Run as machine code from now on, where numba is installed."""
        self.backend = "auto"
        for place, (kept, statistics) in self._programs.items():
            key = self._key_of(*place, kept.signature)
            found = self._kept.find(key, "auto", kept.signature)
            if found is None:  # of what nothing is kept
                found = replace(kept, program=kept.program.on("auto"))
            self._programs[place] = found, statistics
        self._errors.clear()

    def _key_of(self, what: str, training: bool, made_of: Signature | None) -> tuple[Any, ...]:
        """Return what a program is kept under: one program serves both modes of a model that has none."""
        modes = made_of is None or made_of.has_modes
        return what, training if modes else None, *self._key, self._loss_name(what)

    def _loss_name(self, what: str) -> str | None:
        return getattr(self.eager.loss_of, "__qualname__", None) if what == "loss" else None

    def describe(self) -> str:
        """Say what the graph became."""
        program = self.program
        stats = program.stats
        return (
            f"compiled: {stats['nodes']:,} nodes became {stats['operations']} array operations "
            f"({program.backend}, {program.dtype})"
        )

    def refresh(self) -> None:
        """Look at the model anew before the next program runs: what is frozen into one may have been changed."""
        super().refresh()
        self._programs.clear()
        self._errors.clear()
        self._places = None
        self.eager.refresh()

    def objective(self, X: Array, T: Array, weights: Array | None = None) -> BatchObjective:
        """Make the loss over a batch a function of the weights."""
        return ReplayedObjective(self, Examples(X, T, weights))

    def batch(self, examples: Examples) -> Batch:
        """Return the program for a batch and the arrays that it takes, with numbers drawn for it."""
        kept, taken = self._present(), examples.arrays
        return Batch(kept.program, taken if kept.draws is None else (*taken, kept.draws.sample(len(examples.X))))

    def outputs(self, X: Array) -> Array:
        """Compute the outputs."""
        with self.run(self._outputs_program().program) as program:
            return self.shape_outputs(program(X, weights=self._ahead and self._ahead.weights))

    def loss(self, X: Array, T: Array, weights: Array | None = None) -> tuple[float, Array]:
        """Compute the mean loss with the penalty, and the outputs."""
        examples = Examples(X, T, weights)
        with self.run(self.program) as program:
            losses, outputs = program(*examples.arrays, weights=self._ahead and self._ahead.weights)
        return float(np.mean(losses)), self.shape_outputs(outputs)

    @contextmanager
    def run(self, program: Program) -> Iterator[Program]:
        """Let a program run, no other thread beside it: an error says at which example, and no data are kept."""
        self.example = None
        try:
            with self._kept.lock, allow_interrupts():
                yield program
        except Exception as error:
            self.example = getattr(error, "example", None)
            raise
        finally:
            program.forget()

    def descend(self, descent: Descent) -> Steps:
        """Take the steps of a first-order optimiser without returning to Python in between, up to one that fails."""
        if isinstance(descent.optimizer, FirstOrder):
            steps = self._descend(descent, descent.optimizer)
            if steps.losses:
                return steps
        self.settle()  # one by one; or the first step is one that goes wrong, and says how
        return super().descend(descent)

    def settle(self) -> None:
        """Write the weights that steps have left in an array into the parameters: all or none, and then once more."""
        if self._ahead is not None:
            self._holder.assign(self._ahead.weights)
            self._ahead = None

    def state(self) -> dict[str, Array]:
        """Copy all weights and buffers of the model, as its `state_dict` gives them."""
        if self._ahead is None:
            return super().state()
        if self._places is None:
            self._places = self._find_places()
        numbers = np.concatenate([self._ahead.weights, [p.data for p in self._places.others]])
        return {
            slot.key: numbers[self._places.of[slot.key]] if slot.trained else np.array(slot.content)
            for slot in self._places.slots
        }

    def _find_places(self) -> _Places:
        """Find where the numbers of the model's arrays stand among the parameters."""
        place, others, of = {p: i for i, p in enumerate(self.parameters)}, [], {}
        slots = list(self.model.slots())
        for slot in slots:
            if slot.trained:
                values = arrays.flat(slot.content)
                new = [v for v in dict.fromkeys(values) if v not in place]
                place |= {v: len(place) + i for i, v in enumerate(new)}
                others += new
                of[slot.key] = np.array([place[v] for v in values]).reshape(arrays.shape(slot.content))
        return _Places(slots, of, others)

    def _descend(self, descent: Descent, optimizer: FirstOrder) -> Steps:
        batches = equal_batches(descent.batches)
        kept, order = self._present(), np.concatenate(batches)
        losses, outputs = self._take(
            kept.program, kept.draws, optimizer, descent, descent.examples.arrays, order, len(batches[0])
        )
        return Steps(losses, self.shape_outputs(outputs) if descent.with_outputs and losses else None)

    def _take(
        self,
        program: Program,
        draws: Draws | None,
        optimizer: FirstOrder,
        descent: Descent,
        examples: tuple[Array, ...],
        order: Array,
        batch: int,
    ) -> tuple[list[float], Array]:
        """Take steps by a program, and keep the weights in an array; return the losses, and outputs for each row."""
        if self._ahead is None:
            self._ahead = _Ahead(self._holder.weights(), self._holder.frozen())
        weights, frozen = self._ahead
        if frozen.any():
            optimizer.count_each()
        states = [] if draws is None else draws.states()
        if draws is not None:  # other numbers each time that an example is taken
            examples = *(array[order] for array in examples), draws.sample(len(order))
            order = np.arange(len(order))
        steps, done = -(-len(order) // batch), 0
        try:
            with self.run(program):
                found = program.descend(
                    *examples,
                    order=order,
                    batch=batch,
                    weights=weights,
                    rule=optimizer.applied_rule,
                    slots=optimizer.memory,
                    settings=optimizer.settings_ahead(steps, descent.rates),
                    frozen=frozen if frozen.any() else None,
                    clip_norm=descent.clip_norm,
                )
            done = len(found.losses)
            self._ahead = _Ahead(found.weights, frozen)
            optimizer.move_on(done, found.slots)
        finally:
            if draws is not None and done < steps:  # the step that was not taken draws its own again
                draws.go_back(states, done * batch)
        return found.losses.tolist(), found.outputs


class Batch(NamedTuple):
    """A batch as a program takes it.

    Attributes:
        program: the program.
        arrays: its arguments.
    """

    program: Program
    arrays: tuple[Array, ...]


class ReplayedObjective(BatchObjective):
    """A batch's mean loss, replayed at every evaluation."""

    def __init__(self, runner: CompiledRunner, examples: Examples) -> None:
        self.runner, self.examples = runner, examples
        self.parameters = runner.parameters
        self.reached = runner.reached

    @cached_property
    def batch(self) -> Batch:
        """The program and its arrays: the same numbers are drawn for every evaluation."""
        return self.runner.batch(self.examples)

    def value(self, w: Vector) -> float:
        """Compute the mean loss at w."""
        self.evaluations += 1
        with self.runner.run(self.batch.program) as program:
            losses, outputs = program(*self.batch.arrays, weights=w)
        self._seen = (w.copy(), self.runner.shape_outputs(outputs))
        return float(np.mean(losses))

    def sweep(self, w: Vector) -> tuple[float, Vector]:
        """Compute the mean loss at w and its gradient."""
        self.evaluations += 1
        with self.runner.run(self.batch.program) as program:
            value, slopes = program.value_and_grad(*self.batch.arrays, weights=w)
        return value, np.where(flat.free(self.parameters), slopes, 0.0)

    def hessian(self, w: Vector) -> Matrix:
        """Compute the matrix of second derivatives."""
        self.evaluations += 1
        free = flat.free(self.parameters)
        with self.runner.run(self.batch.program) as program:
            matrix = program.hessian(*self.batch.arrays, weights=w)
        matrix = np.where(free[:, None] & free, matrix, 0.0)
        return (matrix + matrix.T) / 2.0

    def residuals(self, w: Vector) -> Vector:
        """Compute the errors whose squares are summed."""
        return self.residuals_and_jacobian(w, slopes=False)[0]

    def residuals_and_jacobian(self, w: Vector, *, slopes: bool = True) -> tuple[Vector, Matrix]:
        """Compute the errors and, with `slopes`, their Jacobian, by a program for each output."""
        engine = self._engine()
        share, penalty = engine.check_squares(), self.runner.eager.regularizer
        programs = self.runner.errors()
        X, T, weights, _ = self.examples
        factors = np.ones(len(X)) if weights is None else weights
        scale = np.sqrt(factors * (share(len(programs)) / len(X)))
        self.evaluations += 1
        columns, blocks = [], []
        for each in programs:
            with self.runner.run(each) as program:
                if slopes:
                    values, rows = program.value_and_grad(X, T, reduce="none", weights=w)
                    blocks.append(scale[:, None] * rows)
                else:
                    values = program(X, T, weights=w)
            columns.append(scale * values)
        errors = np.stack(columns, axis=1).ravel()  # example after example, as on the engine
        jacobian = np.stack(blocks, axis=1).reshape(len(errors), len(w)) if slopes else np.zeros((0, len(w)))
        if penalty is not None:
            more, lines = engine.penalty_errors(w)
            errors, jacobian = np.concatenate([errors, more]), np.concatenate([jacobian, lines]) if slopes else jacobian
        return errors, np.where(flat.free(self.parameters), jacobian, 0.0)

    def _engine(self) -> RecordedObjective:
        return self.runner.eager.objective(*self.examples.arrays)
