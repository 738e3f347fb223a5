"""Training on the engine: graphs are recorded and swept, a few examples at a time."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from autograd import Graph, NoGradientError, Value, differentiating, gradients, hold_collector, no_grad, total
from nn import arrays
from nn.data.examples import separate
from nn.losses.losses import half_squared_error, mse
from nn.losses.regularizers import L2, Regularizer
from nn.module import Module
from nn.optim import flat
from nn.optim.flat import Vector
from nn.optim.objective import Matrix, second_derivatives
from nn.training.kept import check_attributes, check_calls
from nn.training.runner import Array, BatchObjective, Loss, Runner, stack

__all__ = ["EagerRunner", "RecordedObjective", "check_loss", "weigh"]

MAX_OPERANDS_IN_A_GRAPH = 500_000  # 15 MB …
MAX_EXAMPLES_IN_A_GRAPH = 8  # … and a sweep visits each weight once for all of them


class EagerRunner(Runner):
    """Computes by recording and sweeping graphs.

    Args:
        model: the model.
        loss: ``(outputs, target) -> Value`` of one example.
        parameters: what to differentiate by; all of the model's unless given.
        regularizer: a penalty that is added to the mean loss.

    Attributes:
        chosen: what to differentiate by, where that is something else than all of the model's.
    """

    def __init__(
        self,
        model: Module,
        loss: Loss,
        parameters: Sequence[Value] | None = None,
        regularizer: Regularizer | None = None,
    ) -> None:
        self.model, self.loss_of = model, loss
        self.chosen = None if parameters is None else self._choose(list(parameters))
        self.regularizer = regularizer
        self._batchwise: dict[bool, bool] = {}
        self._together = 0
        self._call: list[Any] | None = []  # losses of the first call; None after they were compared with another

    def _choose(self, given: list[Value]) -> list[Value] | None:
        own = self.model.parameters()
        return None if len(own) == len(given) and all(map(operator.is_, own, given)) else given

    @cached_property
    def named(self) -> dict[str, Value]:
        """The parameters of the model by name, listed once they are needed."""
        return dict(self.model.named_parameters())

    @cached_property
    def parameters(self) -> list[Value]:  # type: ignore[override]
        """What to differentiate by."""
        return self.model.parameters() if self.chosen is None else self.chosen

    def refresh(self) -> None:
        """List the parameters anew, by name."""
        super().refresh()
        self.__dict__.pop("named", None)

    def objective(self, X: Array, T: Array, weights: Array | None = None) -> RecordedObjective:
        """Make the loss over a batch a function of the weights."""
        return RecordedObjective(self, X, T, weights)

    def outputs(self, X: Array) -> Array:
        """Compute the outputs without recording."""
        check_attributes(self.model, X)
        with no_grad():
            if self.whole:
                return stack([arrays.numbers(out) for out in self.model.batch(separate(X))])
            outputs = []
            for self.example, row in enumerate(separate(X)):
                try:
                    outputs.append(arrays.numbers(self.model.batch([row])[0]))
                except (ArithmeticError, ValueError) as error:
                    error.add_note(f"This happened at example {self.example} of the run.")  # as programs say
                    raise
        self.example = None
        return stack(outputs)

    def loss(self, X: Array, T: Array, weights: Array | None = None) -> tuple[float, Array]:
        """Compute the mean loss and the outputs without recording."""
        check_attributes(self.model, X)
        losses: list[float] = []
        outputs: list[Array] = []
        with no_grad():
            for some, of_them in self.losses(X, T, weights, alone=True):
                losses += [float(loss) for loss in some]
                outputs += map(arrays.numbers, of_them)
            penalty = float(self.regularizer(self.named)) if self.regularizer is not None else 0.0
        return sum(losses) / len(losses) + penalty, stack(outputs)

    @property
    def whole(self) -> bool:
        """Whether the examples of a batch have to be computed together, in the mode the model is in."""
        mode = self.model.training
        if mode not in self._batchwise:
            self._batchwise[mode] = self.model.looks_at_batches
        return self._batchwise[mode]

    def losses(
        self, X: Array, T: Array, weights: Array | None = None, *, alone: bool
    ) -> Iterator[tuple[list[Any], list[Any]]]:
        """Compute losses and outputs, one example at a time if `alone`, else as many as go into one graph."""
        factors = [None] * len(X) if weights is None else weights.tolist()
        if self.whole:
            with differentiating(frozenset(self.parameters)):
                outputs = self.model.batch(separate(X))
                losses = [
                    weigh(factor, self.loss_of(out, t))
                    for out, t, factor in zip(outputs, separate(T), factors, strict=True)
                ]
            self._compare_calls(losses)
            yield losses, outputs
            return
        losses, outputs = [], []
        for place, (row, target, factor) in enumerate(zip(separate(X), separate(T), factors, strict=True), 1):
            self.example = place - 1
            with differentiating(frozenset(self.parameters)):
                outputs.append(self.model.batch([row])[0])
                losses.append(weigh(factor, self.loss_of(outputs[-1], target)))
            self._compare_calls(losses[-1:])
            if len(losses) == (1 if alone else self._together or self._count_together(losses[0])) or place == len(X):
                self.example = None
                yield losses, outputs
                losses, outputs = [], []

    def _compare_calls(self, losses: list[Any]) -> None:
        """Compare the graphs of the first two calls of the model.

        Raises:
            ValueError: the model keeps a Value that was computed from its weights.
        """
        if self._call:
            check_calls(self.model, self._call, losses)
            self._call = None
        elif self._call is not None:
            self._call = losses

    def _count_together(self, loss: Any) -> int:
        """Count the examples that go into one graph: in the first batch as many as in all others, to the last bit."""
        operands = sum(len(node.operands) for node in Graph(check_loss(loss)))
        self._together = max(1, min(MAX_EXAMPLES_IN_A_GRAPH, MAX_OPERANDS_IN_A_GRAPH // max(operands, 1)))
        return self._together


class RecordedObjective(BatchObjective):
    """A batch's mean loss, recorded anew at every evaluation; memory holds the graph of a few examples."""

    def __init__(self, runner: EagerRunner, X: Array, T: Array, weights: Array | None = None) -> None:
        self.runner, self.X, self.T, self.weights = runner, X, T, weights
        self.parameters = runner.parameters
        self.reached = np.zeros(len(self.parameters), dtype=np.bool_)

    def value(self, w: Vector) -> float:
        """Compute the mean loss at w, without recording."""
        with self._at(w), no_grad():
            losses = [float(loss) for loss, _, _ in self._examples(w)]
            return sum(losses) / len(losses) + float(self._penalty() or 0.0)

    @hold_collector()
    def sweep(self, w: Vector) -> tuple[float, Vector]:
        """Compute the mean loss and its gradient, by recording and sweeping a few examples at a time."""
        share, value, reached = 1.0 / len(self.X), 0.0, False
        collected: list[Any] = []
        with self._at(w), self._own_gradients():
            for losses, outputs in self.runner.losses(self.X, self.T, self.weights, alone=False):
                some = [check_loss(loss) for loss in losses]
                reached |= _sweep(some[0] if len(some) == 1 else total(some), share)
                for loss in some:
                    value += loss.data
                collected += map(arrays.numbers, outputs)  # not the Values, which hold their graphs
            penalty = self._penalty()
            if penalty is not None:
                reached |= _sweep(penalty, 1.0)
            if not reached:
                raise ValueError(
                    "The loss does not depend on any parameter that may be trained: all are frozen, or it was computed "
                    "from other Values than the model's. Build the loss from the model's outputs, and unfreeze() what "
                    "is to be trained."
                )
            self.reached |= np.array([p.grad is not None for p in self.parameters])
            slopes = flat.gradient(self.parameters)
        self.evaluations += 1
        self._seen = (w.copy(), stack(collected))
        return value / len(self.X) + float(penalty or 0.0), slopes

    @hold_collector()
    def hessian(self, w: Vector) -> Matrix:
        """Compute the matrix of second derivatives, example by example."""
        matrix = np.zeros((len(w), len(w)))
        with self._at(w):
            for loss, _, _ in self._examples(w):
                matrix += second_derivatives(check_loss(loss), self.parameters) / len(self.X)
            penalty = self._penalty()
            if penalty is not None:
                matrix += second_derivatives(penalty, self.parameters)
        return matrix

    def residuals(self, w: Vector) -> Vector:
        """Compute the errors whose squares are summed."""
        with self._at(w), no_grad():
            return np.array([float(e) for e in self._errors(w)])

    @hold_collector()
    def residuals_and_jacobian(self, w: Vector) -> tuple[Vector, Matrix]:
        """Compute the errors and their Jacobian, one sweep an error."""
        free = flat.free(self.parameters)
        errors, rows = [], []
        with self._at(w):
            for e in self._errors(w):
                errors.append(e.data)
                rows.append(np.where(free, gradients(e, self.parameters), 0.0))
        jacobian = np.array(rows)
        self.reached |= (jacobian != 0.0).any(axis=0)
        return np.array(errors), jacobian

    def _examples(self, w: Vector) -> Iterator[tuple[Any, Any, Any]]:
        """Yield loss, output and target of one example after the other; keep the outputs."""
        self.evaluations += 1
        collected: list[Any] = []
        for losses, outputs in self.runner.losses(self.X, self.T, self.weights, alone=True):
            targets = separate(self.T[len(collected) : len(collected) + len(outputs)])
            collected += map(arrays.numbers, outputs)
            yield from zip(losses, outputs, targets, strict=True)
        self._seen = (w.copy(), stack(collected))

    def _errors(self, w: Vector) -> Iterator[Value]:
        """Record the errors: half the sum of their squares is this objective's value."""
        share = self.check_squares()
        factors = np.ones(len(self.X)) if self.weights is None else self.weights
        for factor, (_, out, target) in zip(factors.tolist(), self._examples(w), strict=True):
            outputs, targets = arrays.flat(out), arrays.flat(target)
            scale = math.sqrt(factor * share(len(outputs)) / len(self.X))
            yield from (scale * (o - t) for o, t in zip(outputs, targets, strict=True))
        if self.runner.regularizer is not None:
            yield from self.runner.regularizer.errors(self.runner.named)  # type: ignore[attr-defined]

    def check_squares(self) -> Callable[[int], float]:
        """Make sure that this is a sum of squares; give what each is multiplied by, for so many outputs.

        Raises:
            ValueError: it is none.
        """
        loss_of, penalty = self.runner.loss_of, self.runner.regularizer
        if loss_of not in (mse, half_squared_error):
            raise ValueError(
                'Levenberg–Marquardt minimises a sum of squares: give fit loss="mse" or "half_squared_error", not '
                f"{getattr(loss_of, '__name__', repr(loss_of))}, or another optimiser."
            )
        if penalty is not None and not isinstance(penalty, L2):
            raise ValueError(
                f"Levenberg–Marquardt minimises a sum of squares, which the penalty {penalty!r} is not: take L2, or "
                "another optimiser."
            )
        return lambda outputs: 1.0 if loss_of is half_squared_error else 2.0 / outputs

    def penalty_errors(self, w: Vector) -> tuple[Vector, Matrix]:
        """Compute the errors of the penalty and their Jacobian."""
        assert isinstance(self.runner.regularizer, L2)
        with self._at(w):
            errors = list(self.runner.regularizer.errors(self.runner.named))
            slopes = [gradients(e, self.parameters) for e in errors]
        return np.array([float(e) for e in errors]), np.array(slopes).reshape(len(errors), len(self.parameters))

    def _penalty(self) -> Value | None:
        return None if self.runner.regularizer is None else self.runner.regularizer(self.runner.named)

    @contextmanager
    def _own_gradients(self) -> Iterator[None]:
        """Let the parameters' `grad` start from nothing, and give it back as it was."""
        parameters = list(self.runner.named.values())
        before = [p.grad for p in parameters]
        for p in parameters:
            p.grad = None
        try:
            yield
        finally:
            for p, gradient in zip(parameters, before, strict=True):
                p.grad = gradient


def check_loss(loss: Any) -> Value:
    """Make sure that a loss function gave a Value.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(loss, Value):
        raise TypeError(
            "The loss of an example must be one Value, but the loss function gave an object of type "
            f"{type(loss).__name__}: return the Value itself, not float(loss), loss.data or a list."
        )
    return loss


def weigh(factor: Any, loss: Any) -> Any:
    """Multiply the loss of an example by what it counts; by nothing where all count alike.

    Raises:
        TypeError: there is a factor, and the loss is no Value.
    """
    return loss if factor is None else factor * check_loss(loss)


def _sweep(y: Value, share: float) -> bool:
    """Add share·∂y/∂w to the gradients; say whether y depends on anything that may be trained."""
    try:
        y.backward(share)
    except NoGradientError:
        return False
    return True
