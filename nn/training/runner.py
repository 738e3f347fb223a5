"""What training needs computed: the outputs of a model, the loss of a batch as a function of its weights, and steps.

`EagerRunner` computes it on the engine, `CompiledRunner` by a compiled program.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from autograd import Value
from nn.data.examples import Examples
from nn.draws import find_generators
from nn.module import Module
from nn.optim import flat
from nn.optim.clipping import clip_by_norm
from nn.optim.flat import Mask, Vector
from nn.optim.objective import Objective
from nn.optim.optimizers import Optimizer

__all__ = ["Array", "BatchObjective", "Descent", "Loss", "Runner", "Steps", "equal_batches", "stack"]

Array = NDArray[Any]
Loss = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Descent:
    """Steps that an optimiser is asked to take, each on one batch.

    Attributes:
        optimizer: whose steps they are.
        examples: all that is trained on.
        batches: the rows of each step, in order; one step or more.
        clip_norm: the longest that a gradient may be, if there is a limit.
        with_outputs: whether the model's outputs before each step are wanted.
        rates: the learning rate of each step; that of the optimiser in all of them unless given.
    """

    optimizer: Optimizer
    examples: Examples
    batches: Sequence[Array]
    clip_norm: float | None = None
    with_outputs: bool = False
    rates: Sequence[float] | None = None


class Steps(NamedTuple):
    """What came of a descent.

    Attributes:
        losses: the loss of each step that was taken, before it; one or more.
        outputs: the model's outputs for the examples of these steps, (m, …); None unless they were wanted.
    """

    losses: list[float]
    outputs: Array | None


class BatchObjective(Objective):
    """The mean loss over one batch, with the penalty on the weights, as optimisers see it.

    Attributes:
        reached: which parameters some example's loss, or the penalty, has depended on so far.
        clip_norm: the longest that the gradient may be, if there is a limit.
    """

    reached: Mask
    clip_norm: float | None = None
    _seen: tuple[Vector, Array] | None = None  # the weights that were asked about last, and the outputs there

    def value_and_gradient(self, w: Vector) -> tuple[float, Vector]:
        """Compute the mean loss at w and its gradient, clipped."""
        value, slopes = self.sweep(w)
        return value, slopes if self.clip_norm is None else clip_by_norm(slopes, self.clip_norm)

    @abstractmethod
    def sweep(self, w: Vector) -> tuple[float, Vector]:
        """Compute the mean loss at w and its gradient."""

    def outputs(self, w: Vector) -> Array:
        """Return the model's outputs for the batch at w, (n, …); at no cost where w was asked about last."""
        if self._seen is None or not np.array_equal(self._seen[0], w):
            self.value(w)
        assert self._seen is not None
        return self._seen[1]


class Runner(ABC):
    """Computes a model on arrays of examples.

    Attributes:
        model: the model.
        parameters: the Values whose numbers are the flat vector, in order.
        example: place in its batch of the example that is being computed, by which an error names its row; else None.
        eager: what computes the same on the engine, if this does not.
    """

    model: Module
    parameters: list[Value]
    example: int | None = None
    eager: Runner | None = None
    _of_all: tuple[Examples, BatchObjective] | None = None

    @cached_property
    def reached(self) -> Mask:
        """Which parameters the loss of some step has depended on so far."""
        return np.zeros(len(self.parameters), dtype=np.bool_)

    @abstractmethod
    def objective(self, X: Array, T: Array, weights: Array | None = None) -> BatchObjective:
        """Make the loss over a batch a function of the weights, in the model's present mode.

        Args:
            X: inputs.
            T: targets.
            weights: what the loss of each example is multiplied by, if anything.
        """

    @abstractmethod
    def outputs(self, X: Array) -> Array:
        """Compute the outputs (n, …) in the model's present mode, without recording."""

    @abstractmethod
    def loss(self, X: Array, T: Array, weights: Array | None = None) -> tuple[float, Array]:
        """Compute the mean loss with the penalty, and the outputs, without recording; see `objective`."""

    def descend(self, descent: Descent) -> Steps:
        """Take the first of the steps, or as many as go in one go; a step that fails changes nothing.

        Raises:
            StepError, DomainError, ValueOverflowError: the first step fails.
        """
        rows = descent.batches[0]
        objective = self._objective_of(descent.examples, rows)
        objective.clip_norm = descent.clip_norm
        outputs, state = None, descent.optimizer.state
        w = flat.weights(self.parameters) if descent.with_outputs else None
        with self._keep_state():
            loss = descent.optimizer.step(objective)
            if w is not None:
                try:
                    outputs = objective.outputs(w)
                except BaseException:
                    descent.optimizer.state = state
                    flat.assign(self.parameters, w)
                    raise
        assert loss is not None
        self.reached |= objective.reached
        return Steps([loss], outputs)

    @contextmanager
    def _keep_state(self) -> Iterator[None]:
        """Put running statistics and generators back if a step fails, as the step does with the weights."""
        buffers = [(holder, name, holder[name].copy()) for holder, name in self._buffers()]
        states = [each.bit_generator.state for each in self._generators]
        try:
            yield
        except BaseException:
            for holder, name, content in buffers:
                holder[name] = content
            for generator, state in zip(self._generators, states, strict=True):
                generator.bit_generator.state = state
            raise

    @cached_property
    def _parts(self) -> list[Module]:
        return list(self.model.modules())

    def _buffers(self) -> list[tuple[dict[str, Any], str]]:
        """List where the arrays of the model that are not trained stand now, such as running statistics."""
        listed = [(vars(module), name) for module in self._parts for name in module.buffers]
        return [(holder, name) for holder, name in listed if isinstance(holder.get(name), np.ndarray)]

    @cached_property
    def _generators(self) -> list[Generator]:
        """What the parts of the model draw from."""
        return find_generators(self.model)

    def refresh(self) -> None:
        """Look at the model anew before the next step: code of the user's may have changed it."""
        for name in ("_parts", "_generators"):
            self.__dict__.pop(name, None)

    def settle(self) -> None:  # noqa: B027  (most runners have nothing to do here)
        """Write the weights that a descent has left aside into the parameters."""

    def describe(self) -> str:
        """Say what computes, where that is worth a word."""
        return ""

    def state(self) -> dict[str, Array]:
        """Copy all weights and buffers of the model, as its `state_dict` gives them."""
        return self.model.state_dict()

    def _objective_of(self, examples: Examples, rows: Array) -> BatchObjective:
        """Make the objective of a batch; for all examples always the same, of which a line search knows something."""
        n = len(examples.X)
        if len(rows) != n or not np.array_equal(rows, np.arange(n)):
            return self.objective(*examples.rows(rows).arrays)
        if self._of_all is None or self._of_all[0] is not examples:
            self._of_all = examples, self.objective(*examples.arrays)
        return self._of_all[1]


def equal_batches(batches: Sequence[Array]) -> Sequence[Array]:
    """Return the first batches, all as large as the first; the last one of them may be smaller."""
    n = len(batches[0])
    other = next((k for k, rows in enumerate(batches) if len(rows) != n), len(batches))
    return batches[: other + 1] if other < len(batches) and len(batches[other]) < n else batches[:other]


def stack(outputs: list[Array]) -> Array:
    """Stack the outputs of the examples into an array (n, …); single numbers become rows of one."""
    array = np.array(outputs)
    return array.reshape(-1, 1) if array.ndim == 1 else array
