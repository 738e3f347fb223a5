"""Program: a function's graph, recorded once and replayed on arrays of examples."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.collector import hold_collector
from autograd.compiler import derivatives, listing, results
from autograd.compiler.arguments import read_arrays, read_weights, split_gradient
from autograd.compiler.descent import Descent, Steps
from autograd.compiler.exchange import methods
from autograd.compiler.execution import count, lay_out
from autograd.compiler.leaves import make_array, read_frozen, read_leaves, write_leaves
from autograd.compiler.listing import Instructions
from autograd.compiler.on_numpy.source import numpy_source
from autograd.compiler.options import Options
from autograd.compiler.replay import raise_failure, record_example
from autograd.compiler.roll import roll
from autograd.compiler.simplify import simplify
from autograd.compiler.trace import Argument, Traced, collect_below
from autograd.errors import CompileError
from autograd.graph import Graph
from autograd.value import Value

__all__ = ["Program"]

Array = NDArray[Any]
REDUCTIONS = ("mean", "sum", "none")


class Program:
    """A compiled function. Made by `compile`.

    Attributes:
        arguments: names and shapes of what it takes.
        parameters: what it differentiates by, in order.
        execution: what runs it.
    """

    def __init__(self, traced: Traced, options: Options, began: float | None = None) -> None:
        began = time.perf_counter() if began is None else began
        self._traced, self._options = traced, options
        self._outputs = list(results.values(traced.result))
        self.parameters = traced.parameters
        self.arguments: tuple[Argument, ...] = traced.arguments
        inputs = sum(len(argument.leaves) for argument in traced.arguments)
        expressions = simplify(traced, self._outputs, options.without)
        self.execution = lay_out(expressions, inputs, len(self.parameters), options)
        self._runs = threading.local()  # each thread's last run
        self.execution.seconds = time.perf_counter() - began

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers it computes with."""
        return self.execution.dtype

    @property
    def backend(self) -> str:
        """What computes: ``"numpy"``, ``"numba"`` or ``"jax"``."""
        return self.execution.backend

    def on(self, backend: str) -> Program:
        """Return the same program for another backend, without recording its function again."""
        twin, options = object.__new__(Program), replace(self._options, backend=backend)
        execution = lay_out(self.execution.layout.expressions, self.execution.inputs, len(self.parameters), options)
        vars(twin).update(vars(self), _options=options, _runs=threading.local(), execution=execution)
        for name in ("_second", "_along_inputs", "_weighted"):
            vars(twin).pop(name, None)
        return twin

    # --- running ------------------------------------------------------------------------------------------------------

    def __call__(self, *arrays: ArrayLike, weights: Array | None = None) -> Any:
        """Compute the function for each example.

        Args:
            arrays: one for each argument: (examples, *shape), or just its shape for one example without a batch axis.
            weights: numbers to use for the parameters, (n,), instead of those they hold.

        Returns:
            what the function gives, with a leading axis for the examples: an array for a Value, (examples, n) for a
            list of n, a tuple for a tuple.

        Raises:
            CompileError: an array does not fit.
            DomainError, ValueOverflowError: a result is not finite; the first bad node is named. An infinity on the way
                to a finite result passes, other than on the engine.
        """
        given, batched = self._read(arrays)
        w = self._weights(weights)
        numbers = self.execution.run(given, w, self._constants())
        if not np.isfinite(numbers).all():
            raise_failure(self, np.flatnonzero(~np.isfinite(numbers).all(axis=0)), given, w)
        found = results.build_arrays(self._traced.result, iter(numbers), count(given))
        return found if batched else results.take_first_example(found)

    def value_and_grad(
        self,
        *arrays: ArrayLike,
        reduce: str = "mean",
        wrt: str = "parameters",
        weights: Array | None = None,
    ) -> tuple[Any, Any]:
        """Compute the function's value and its gradient over a batch, by one sweep.

        Args:
            arrays: as in a call.
            reduce: what happens to the examples' values: their ``"mean"``, their ``"sum"``, or ``"none"``, which gives
                values and gradients example by example.
            wrt: ``"parameters"``, or ``"inputs"``: every argument.
            weights: as in a call.

        Returns:
            the value, and one number a parameter, in their order; or an array for each argument, in its shape. With
            ``reduce="none"`` each has a leading axis for the examples.

        Raises:
            CompileError: an array or option does not fit, or the function's result is no single number.
            DomainError, ValueOverflowError, NonFiniteGradientError: a number is not finite; the first bad node is
                named.
        """
        if reduce not in REDUCTIONS:
            raise CompileError(f"reduce must be one of {', '.join(map(repr, REDUCTIONS))}, not {reduce!r}.")
        derivatives.check_wrt(wrt)
        given, batched = self._read(arrays)
        self._check_scalar()
        w, n = self._weights(weights), count(given)
        if reduce == "none" and wrt == "parameters":
            each, slopes = derivatives.sweep_each(self, given, w, "parameters")
            return (each, slopes) if batched else (float(each[0]), slopes[0])
        if reduce == "mean" and n == 0:
            raise CompileError("The mean over no examples does not exist: give at least one, or reduce='sum'.")
        share = 1.0 / n if reduce == "mean" else 1.0
        each, shared, inputs = self.execution.sweep(wrt, given, w, self._constants(), share)
        value: Any = each.astype(np.float64, copy=False) if reduce == "none" else results.add_up(each, share)
        gradient = shared if wrt == "parameters" else inputs
        if not (results.all_finite(value) and results.all_finite(gradient)):
            raise_failure(self, np.arange(n), given, w, wrt)
        if wrt == "parameters":
            return value, gradient.astype(np.float64, copy=False)
        pieces = split_gradient(gradient, self.arguments, batched)
        return (value if batched or reduce != "none" else value[0]), pieces

    def gradients(self, *arrays: ArrayLike, weights: Array | None = None) -> Array:
        """Compute each example's own gradient, (examples, parameters): the Jacobian of the examples' values."""
        return self.value_and_grad(*arrays, reduce="none", weights=weights)[1]  # type: ignore[no-any-return]

    def descend(
        self,
        *arrays: ArrayLike,
        order: Array,
        batch: int,
        weights: Array,
        rule: Callable[..., Any],
        slots: Array,
        settings: Array,
        frozen: Array | None = None,
        clip_norm: float | None = None,
    ) -> Steps:
        """Take many steps of a descent in one go: each on the mean over its batch, with the update inside.

        Args:
            arrays: all examples, as in a call.
            order: which examples to take, one batch after the other, (m,).
            batch: examples in a batch; the last one may hold fewer.
            weights: where the descent starts, (n,); not changed.
            rule: ``(w, g, *slots, *settings) -> (w, *slots)``, of operators and operations; it may branch on zeros.
            slots: what the rule remembers, (number of slots, n); not changed.
            settings: the numbers that the rule takes in each step, (steps, number of settings).
            frozen: which parameters stay as they are, (n,); none unless given.
            clip_norm: the longest that the gradient by the others may be; longer ones are shortened.

        Returns:
            the weights and slots after the last step whose numbers are all finite, and the loss of each such step.

        Raises:
            CompileError: an array does not fit, or the rule is written otherwise.
        """
        given, _ = self._read(arrays)
        self._check_scalar()
        examples = np.ascontiguousarray(np.concatenate(given, axis=1)) if given else np.zeros((1, 0), self.dtype)
        descent = Descent(examples, order, batch, self._weights(weights), rule, slots, settings, frozen, clip_norm)
        return self.execution.descend(descent, self._constants())

    # --- further derivatives ------------------------------------------------------------------------------------------

    def jacobian(self, *arrays: ArrayLike, wrt: str = "parameters", weights: Array | None = None) -> Any:
        """Compute each example's Jacobian: for each number of its result, the gradient.

        Args:
            arrays, weights: as in a call.
            wrt: ``"parameters"``, or ``"inputs"``: every argument.

        Returns:
            by parameters ``(examples, *result, parameters)``; by each input ``(examples, *result, *argument)``.
            One example without a batch axis has none here. Of a tuple the first part is differentiated.

        Raises:
            CompileError: an array or option does not fit.
            DomainError, ValueOverflowError, NonFiniteGradientError: as in `value_and_grad`.

        Example:
            >>> from autograd import compile
            >>> program = compile(lambda x: [x[0] * x[1], x[0] + x[1]], [0.0, 0.0])
            >>> program.jacobian([2.0, 3.0], wrt="inputs")
            [array([[3., 2.],
                   [1., 1.]])]
        """
        return derivatives.jacobian(self, arrays, wrt, weights)

    def hessian(
        self, *arrays: ArrayLike, reduce: str | None = None, wrt: str = "parameters", weights: Array | None = None
    ) -> Any:
        """Compute second derivatives: of the batch by the parameters, or of each example by its inputs.

        Args:
            arrays, weights: as in a call.
            reduce: by the parameters, ``"mean"`` (unless given) or ``"sum"`` over the examples.
            wrt: ``"parameters"``, or ``"inputs"``: every argument.

        Returns:
            by parameters ``(*result, n, n)``, row by row; by inputs rows of blocks, where ``H[i][j]`` is
            ``(examples, *result, *argument_i, *argument_j)``. Shapes and errors are otherwise those of `jacobian`.
        """
        derivatives.check_wrt(wrt)
        if wrt == "parameters":
            return derivatives.hessian_by_parameters(self, arrays, derivatives.check_reduce(reduce or "mean"), weights)
        if reduce is not None:
            raise CompileError("Each example has a Hessian of its own by its inputs: leave reduce out.")
        return derivatives.hessian_by_inputs(self, arrays, weights)

    def hvp(
        self,
        *arrays: ArrayLike,
        vector: Any,
        reduce: str = "mean",
        wrt: str = "parameters",
        weights: Array | None = None,
    ) -> Any:
        """Multiply the Hessian with a vector, at the cost of a few sweeps.

        Args:
            arrays, weights: as in a call.
            vector: one number a parameter; by inputs an array for each argument, in the shape of what is given for it.
            reduce: by the parameters, ``"mean"`` or ``"sum"`` over the examples. By inputs each example is its own.
            wrt: ``"parameters"`` or ``"inputs"``.

        Returns:
            a product in the shape of the vector.

        Raises:
            CompileError: the vector has another length, or as in `value_and_grad`.
        """
        derivatives.check_wrt(wrt)
        return derivatives.multiply_hessian(self, arrays, vector, derivatives.check_reduce(reduce), wrt, weights)

    def vjp(self, *arrays: ArrayLike, vector: ArrayLike, wrt: str = "parameters", weights: Array | None = None) -> Any:
        """Multiply a vector with the Jacobian, by one sweep: the gradient of the results' weighted sum.

        Args:
            arrays, weights: as in a call.
            vector: a weight for each number of the result: ``(examples, *result)``.
            wrt: ``"parameters"``, summed over the examples, or ``"inputs"``.

        Returns:
            one number a parameter; or an array for each argument, in its shape.
        """
        return derivatives.pull_back(self, arrays, vector, wrt, weights)

    def jvp(self, *arrays: ArrayLike, vector: Any, wrt: str = "parameters", weights: Array | None = None) -> Array:
        """Multiply the Jacobian with a vector: how fast the results change in a direction.

        Args:
            arrays, weights: as in a call.
            vector: as in `hvp`.
            wrt: ``"parameters"`` or ``"inputs"``.

        Returns:
            the rate of each number of the result: ``(examples, *result)``.
        """
        return derivatives.push_forward(self, arrays, vector, wrt, weights)  # type: ignore[no-any-return]

    function = property(methods.function)
    to_torch, objective, residuals = methods.to_torch, methods.objective, methods.residuals

    @cached_property
    def _second(self) -> Program:
        """The slope of the gradient by the parameters along a vector, whose numbers stand after these."""
        self._check_scalar()
        return self._derive(derivatives.slope_along, "parameters")

    @cached_property
    def _along_inputs(self) -> Program:
        """The slope of the gradient by the inputs along a vector, which is the last argument."""
        return self._derive(derivatives.slope_along, "inputs")

    @cached_property
    def _weighted(self) -> Program:
        """The sum of the results, with weights that are the last argument."""
        return self._derive(derivatives.weigh_results)

    def _derive(self, write: Callable[..., Traced], *wrt: str) -> Program:
        with hold_collector():
            return Program(write(self._traced, *wrt), self._options)

    def forget(self) -> None:
        """Let go of the arrays of the last run, which `at` goes back to."""
        self._runs.arrays = None

    def at(self, example: int) -> Any:
        """Return one example of this thread's last run on a graph of its own, to be drawn, swept and explained.

        Every node is computed again from the numbers that the example's arrays and the parameters hold now.

        Args:
            example: its place in the arrays of the last run.

        Returns:
            the function's result as it was recorded: a Value, or lists and tuples of Values.

        Raises:
            CompileError: there was no run, or it had no such example.
        """
        last: list[Array] | None = getattr(self._runs, "arrays", None)
        if last is None:
            raise CompileError("at(i) shows an example of the last run, and there was none: call the program first.")
        n = count(last)
        if not isinstance(example, int | np.integer) or isinstance(example, bool) or not -n <= example < n:
            raise CompileError(f"The last run had {n} examples, so there is no example {example!r}.")
        return record_example(self._traced, [array[example] for array in last])

    def weights(self) -> Array:
        """Read the parameters' numbers, (n,)."""
        return make_array(read_leaves(self.parameters))

    def frozen(self) -> Array:
        """Read which parameters are frozen, (n,)."""
        return read_frozen(self.parameters)

    def assign(self, weights: ArrayLike) -> None:
        """Write the parameters' numbers, (n,): all of them, or where they do not fit none."""
        write_leaves(self.parameters, read_weights(weights, len(self.parameters)).tolist())

    # --- what it is made of -------------------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The graph that is replayed."""
        return Graph(*self._outputs)

    @property
    def instructions(self) -> Instructions:
        """The array operations of a run forward, in order."""
        return Instructions((*self.execution.layout.shared, *self.execution.layout.batched))

    @property
    def backward(self) -> Instructions:
        """The array operations of the sweep to the parameters, in order.

        Raises:
            CompileError: the function's result is no single number.
        """
        self._check_scalar()
        sweep = self.execution.backward("parameters")
        return Instructions((*sweep.batched, *sweep.shared))

    @property
    def source(self) -> str:
        """The program as Python source: its array operations forward and, where it has a sweep, backward."""
        layout = roll(self.execution.layout.expressions, {*self._options.without, "tapes"})
        on_arrays = replace(self.execution, layout=layout)
        return numpy_source(layout, on_arrays.backward("parameters") if self._scalar else None)[0]

    @property
    def stats(self) -> dict[str, Any]:
        """Numbers about the program.

        ``nodes`` and ``edges`` of the graph; ``operations`` on arrays that they became; for an example the ``products``
        in weighted sums and the ``bytes`` of a sweep; ``shared_bytes`` for the rest; ``compile_seconds``.
        """
        return listing.count_up(self)

    @cached_property
    def reached(self) -> Array:
        """Which parameters what is differentiated depends on, (n,)."""
        return np.array([*map(self._traced.below_first.__contains__, self.parameters)], dtype=np.bool_)

    @property
    def _swept(self) -> bool:
        """Whether there is a sweep: from a single number to at least one parameter."""
        return self._scalar and bool(self.parameters)

    def __str__(self) -> str:
        """Describe what the graph became, one array operation after the other; on a second line the sweep."""
        return f"{self.instructions}\nbackward: {self.backward}" if self._swept else str(self.instructions)

    __repr__, _repr_html_ = listing.summarize, listing.show

    def __reduce__(self) -> Any:
        return _unpickle, (
            self._traced.arguments,
            self.parameters,
            Graph(*self._outputs),
            results.describe_structure(self._traced.result, iter(range(len(self._outputs)))),
            self._options,
        )

    # --- machines -----------------------------------------------------------------------------------------------------

    def _read(self, arrays: Sequence[ArrayLike]) -> tuple[list[Array], bool]:
        """Read the arrays into (examples, numbers) each, and return whether they had a batch axis."""
        self._runs.arrays, batched = read_arrays(arrays, self.arguments, self.dtype)
        return self._runs.arrays, batched

    def _weights(self, weights: Array | None) -> Array:
        """Return the numbers to use for the parameters."""
        return self.weights() if weights is None else read_weights(weights, len(self.parameters))

    def _constants(self) -> list[float]:
        return read_leaves(self._traced.constants)

    @cached_property
    def _scalar(self) -> bool:
        return isinstance(results.take_differentiated(self._traced.result), Value)

    def _check_scalar(self) -> None:
        if not self._scalar:
            raise CompileError(
                "The function gives several numbers, so it has no one gradient: compile one that returns their total, "
                "a loss, or a tuple whose first part is a single Value."
            )


def _unpickle(
    arguments: tuple[Argument, ...], parameters: tuple[Value, ...], graph: Graph, nesting: Any, options: Options
) -> Program:
    return Program(collect_below(arguments, parameters, results.fill_structure(nesting, graph.outputs)), options)
