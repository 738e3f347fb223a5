"""Program: a function's graph, recorded once and replayed on arrays of examples."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import ops
from autograd.backward import differentiable_sweep
from autograd.collector import hold_collector
from autograd.compiler import results
from autograd.compiler.arguments import read_arrays, read_leaves, split_gradient
from autograd.compiler.descent import Descent, Steps
from autograd.compiler.execution import Execution, count
from autograd.compiler.formulas import check_weighted_sums
from autograd.compiler.instructions import products
from autograd.compiler.listing import Instructions
from autograd.compiler.on_numba.kernels import has_kernels
from autograd.compiler.on_numpy.source import numpy_source
from autograd.compiler.options import Options, check_options, choose_backend
from autograd.compiler.replay import raise_error_at, record_example
from autograd.compiler.roll import roll
from autograd.compiler.simplify import simplify
from autograd.compiler.trace import Argument, Trace, Traced, collect_below, trace, tracing
from autograd.errors import CompileError, ValueOverflowError
from autograd.graph import Graph
from autograd.value import Value

__all__ = ["Program", "compile"]

Array = NDArray[Any]

REDUCTIONS = ("mean", "sum", "none")


def compile(  # noqa: A001
    f: Callable[..., Any],
    *example: Any,
    parameters: Iterable[Value] = (),
    dtype: str = "float64",
    backend: str = "auto",
    threads: int = 1,
    without: Iterable[str] = (),
    verify: bool = False,
) -> Program:
    """Record a function's graph once, and make a program that replays it on arrays.

    The function is called on Values in the shape of the example, which stands for one row of the arrays to come; its
    numbers do not matter. The parameters are read at every run, so that a program never computes with old ones.

    Args:
        f: a function of numbers and lists of numbers, computed with the engine's operations, that returns a Value or
            lists and tuples of Values. The first Value of a tuple is what `value_and_grad` differentiates.
        example: an argument each: a number, nested lists or an array.
        parameters: leaves that f uses, to differentiate by, such as ``model.parameters()``.
        dtype: ``"float64"`` or ``"float32"``.
        backend: ``"numpy"``; ``"numba"``, which needs the extra ``fast``; or ``"auto"``: numba where it is installed.
        threads: how many threads share the examples of a run.
        without: names of the compiler's passes to leave out, such as ``"matrices"`` or ``"reuse"``, to find out which
            one a fault is in: but for rounding the results stay the same.
        verify: whether the program's instructions are checked for faults of the compiler.

    Raises:
        ControlFlowError: f branches on a traced number, or takes it out of its Value.
        CompileError: f gives no Value, draws random numbers, or an option is none of these.

    Example:
        >>> w = Value(3.0, name="w")
        >>> program = compile(lambda x, t: (w * x - t) ** 2, 0.0, 0.0, parameters=[w])
        >>> program.value_and_grad([1.0, 2.0], [1.0, 5.0])
        (2.5, array([4.]))
    """
    began = time.perf_counter()
    options = check_options(dtype, backend, threads, without, verify)
    check_weighted_sums()
    with hold_collector():
        return Program(trace(f, example, parameters), options, began)


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
        backend = choose_backend(options.backend)
        if options.backend == "auto" and backend == "numba" and not has_kernels(expressions):
            backend = "numpy"
        layout = roll(expressions, options.without, backend)
        self.execution = Execution(layout, inputs, len(self.parameters), options, backend)
        self._runs = threading.local()  # each thread's last run
        self.execution.seconds = time.perf_counter() - began

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers it computes with."""
        return self.execution.dtype

    @property
    def backend(self) -> str:
        """What computes: ``"numpy"`` or ``"numba"``."""
        return self.execution.backend

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
            self._explain_bad(np.flatnonzero(~np.isfinite(numbers).all(axis=0)), given, w)
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
        if wrt not in ("parameters", "inputs"):
            raise CompileError(f'wrt must be "parameters" or "inputs", not {wrt!r}.')
        given, batched = self._read(arrays)
        self._check_scalar()
        w, n = self._weights(weights), count(given)
        if reduce == "none" and wrt == "parameters":
            each, slopes = self._example_by_example(given, w)
            return (each, slopes) if batched else (float(each[0]), slopes[0])
        if reduce == "mean" and n == 0:
            raise CompileError("The mean over no examples does not exist: give at least one, or reduce='sum'.")
        share = 1.0 / n if reduce == "mean" else 1.0
        each, shared, inputs = self.execution.sweep(wrt, given, w, self._constants(), share)
        with np.errstate(all="ignore"):
            value: Any = each.astype(np.float64) if reduce == "none" else float(each.sum(dtype=np.float64) * share)
        gradient = shared if wrt == "parameters" else inputs
        if not np.isfinite(value).all() or not np.isfinite(gradient).all():
            self._explain_bad(np.arange(n), given, w, wrt)
        if wrt == "parameters":
            return value, gradient.astype(np.float64)
        pieces = split_gradient(gradient, self.arguments, batched)
        return (value if batched or reduce != "none" else value[0]), pieces

    def gradients(self, *arrays: ArrayLike, weights: Array | None = None) -> Array:
        """Compute each example's own gradient: (examples, parameters), the Jacobian of the examples' values.

        Args and Raises as in `value_and_grad`.
        """
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
    ) -> Steps:
        """Take many steps of a descent in one go: each on the mean over its batch, with the update inside.

        Args:
            arrays: all examples, as in a call.
            order: which examples to take, one batch after the other, (m,).
            batch: examples in a batch; the last one may hold fewer.
            weights: where the descent starts, (n,); not changed.
            rule: ``(w, g, *slots, *settings) -> (w, *slots)``, written with operators and operations; it may branch on
                whether a setting is zero.
            slots: what the rule remembers, (number of slots, n); not changed.
            settings: the numbers that the rule takes in each step, (steps, number of settings).
            frozen: which parameters stay as they are, (n,); none unless given.

        Returns:
            the weights and slots after the last step whose numbers are all finite, and the loss of each such step.

        Raises:
            CompileError: an array does not fit, or the rule is written otherwise.
        """
        given, _ = self._read(arrays)
        self._check_scalar()
        examples = np.ascontiguousarray(np.concatenate(given, axis=1)) if given else np.zeros((1, 0), self.dtype)
        descent = Descent(examples, order, batch, self._weights(weights), rule, slots, settings, frozen)
        return self.execution.descend(descent, self._constants())

    def hvp(self, *arrays: ArrayLike, vector: ArrayLike, reduce: str = "mean", weights: Array | None = None) -> Array:
        """Multiply the Hessian by the parameters with a vector, at the cost of a few sweeps.

        Args:
            arrays: as in a call.
            vector: one number a parameter.
            reduce: ``"mean"`` or ``"sum"`` over the examples.
            weights: as in a call.

        Returns:
            one number a parameter.

        Raises:
            CompileError: the vector has another length, or as in `value_and_grad`.
        """
        if reduce not in ("mean", "sum"):
            raise CompileError(f"reduce must be 'mean' or 'sum' for second derivatives, not {reduce!r}.")
        along = np.asarray(vector, dtype=np.float64)
        n = len(self.parameters)
        if along.shape != (n,):
            raise CompileError(f"vector must have one number for each of the {n} parameters, not shape {along.shape}.")
        w = self._weights(weights)
        both = self._second.value_and_grad(*arrays, reduce=reduce, weights=np.concatenate([w, along]))[1]
        return both[:n]  # type: ignore[no-any-return]

    def hessian(self, *arrays: ArrayLike, reduce: str = "mean", weights: Array | None = None) -> Array:
        """Compute the matrix of second derivatives by the parameters, (n, n), row by row.

        Args and Raises as in `hvp`.
        """
        n = len(self.parameters)
        rows = [self.hvp(*arrays, vector=row, reduce=reduce, weights=weights) for row in np.eye(n)]
        return np.array(rows).reshape(n, n)

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
        return np.array(read_leaves(self.parameters), dtype=np.float64)

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
        nodes = self._traced.nodes
        size = self.dtype.itemsize
        return {
            "nodes": len(nodes),
            "edges": self._edges,
            "operations": len(self.instructions),
            "products": sum(map(products, self.instructions)),
            "bytes": 2 * size * self.execution.layout.batched_rows,
            "shared_bytes": 2 * size * self.execution.layout.shared_rows,
            "compile_seconds": self.execution.seconds,
        }

    @cached_property
    def _edges(self) -> int:
        return sum(isinstance(v, Value) for node in self._traced.nodes for v in node.operands)

    def __str__(self) -> str:
        """Describe what the graph became, one array operation after the other; on a second line the sweep."""
        swept = self._scalar and self.parameters
        return f"{self.instructions}\nbackward: {self.backward}" if swept else str(self.instructions)

    def __repr__(self) -> str:
        stats = self.stats
        taken = ", ".join(f"{argument.name}{list(argument.shape)}" for argument in self.arguments)
        return (
            f"<Program({taken}) of {stats['nodes']:,} nodes in {stats['operations']:,} array operations, "
            f"{len(self.parameters):,} parameters, {self.dtype}, {self.backend}>"
        )

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
        w = self.weights() if weights is None else np.asarray(weights, dtype=np.float64)
        if w.shape != (len(self.parameters),):
            raise CompileError(
                f"weights must hold one number for each of the {len(self.parameters)} parameters, not shape {w.shape}."
            )
        return w

    def _constants(self) -> list[float]:
        return read_leaves(self._traced.constants)

    @property
    def _scalar(self) -> bool:
        return isinstance(results.take_differentiated(self._traced.result), Value)

    def _check_scalar(self) -> None:
        if not self._scalar:
            raise CompileError(
                "The function gives several numbers, so it has no one gradient: compile one that returns their total, "
                "a loss, or a tuple whose first part is a single Value."
            )

    def _example_by_example(self, given: list[Array], w: Array) -> tuple[Array, Array]:
        n, constants = count(given), self._constants()
        each, slopes = np.zeros(n), np.zeros((n, len(self.parameters)))
        for i in range(n):
            value, row, _ = self.execution.sweep("parameters", [a[i : i + 1] for a in given], w, constants, 1.0)
            each[i], slopes[i] = value[0], row
        if not (np.isfinite(each).all() and np.isfinite(slopes).all()):
            self._explain_bad(np.arange(n), given, w)
        return each, slopes

    # --- second order and replay --------------------------------------------------------------------------------------

    @cached_property
    def _second(self) -> Program:
        """The slope of the gradient along a vector, whose numbers stand after the parameters."""
        self._check_scalar()
        vector = tuple(Value(0.0, f"v[{i}]") for i in range(len(self.parameters)))
        leaves = [leaf for argument in self.arguments for leaf in argument.leaves]
        with hold_collector():
            with tracing(Trace([*leaves, *self.parameters, *vector])):
                adjoints = differentiable_sweep(self._outputs[0], 1.0, frozenset(self.parameters))
                slopes = [adjoints.get(p, 0.0) for p in self.parameters]
                along = ops.dot(slopes, vector) if slopes else ops.total([])
            return Program(collect_below(self.arguments, (*self.parameters, *vector), along), self._options)

    def _explain_bad(self, examples: Array, given: list[Array], w: Array, wrt: str = "parameters") -> None:
        """Find the first example that is not finite, and raise the error that the engine raises for it."""
        for i in examples.tolist():
            row = [array[i] for array in given]
            if self._scalar:
                found = self.execution.sweep(wrt, [a[i : i + 1] for a in given], w, self._constants(), 1.0)
                if all(np.isfinite(numbers).all() for numbers in found):
                    continue
            with self.execution.running:  # the graph is computed at this example
                raise_error_at(i, self._traced, row, w, self._outputs[0] if self._scalar else None, wrt)
            if all(np.isfinite(array).all() for array in row):  # an ∞ or NaN may spread, as on the engine
                raise ValueOverflowError(
                    f"Example {i} has a result or gradient beyond the largest {self.dtype}, though the engine's own "
                    'floats still hold it. Scale the data down, or compile with dtype="float64".'
                )
        if len(examples) and all(np.isfinite(array).all() for array in given):
            raise ValueOverflowError(
                "Every example is finite, but the sum over them is beyond the largest float. Scale the data down."
            )


def _unpickle(
    arguments: tuple[Argument, ...], parameters: tuple[Value, ...], graph: Graph, nesting: Any, options: Options
) -> Program:
    return Program(collect_below(arguments, parameters, results.fill_structure(nesting, graph.outputs)), options)
