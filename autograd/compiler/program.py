"""Program: a function's graph, recorded once and replayed on arrays of examples."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import ops
from autograd.backward import differentiable_sweep, gradients
from autograd.compiler.adjoint import Plan, plan
from autograd.compiler.instructions import Instruction, Map, MatrixProduct, Products, Rows, Sum
from autograd.compiler.lifetimes import reuse
from autograd.compiler.machine import Machine, NumpyBackend
from autograd.compiler.numpy_source import numpy_source
from autograd.compiler.reading import check_weighted_sums
from autograd.compiler.roll import Layout, irregular, roll
from autograd.compiler.simplify import simplify
from autograd.compiler.trace import Argument, Trace, Traced, operands_below, trace, tracing
from autograd.errors import CompileError, ValueOverflowError
from autograd.graph import Graph
from autograd.value import Value, computed, renew

__all__ = ["Descent", "Program", "compile"]

Array = NDArray[Any]

CACHE = 2**21  # bytes that the numbers of the examples computed together may take
FEWEST = 16  # … but at least so many examples
BACKENDS = ("auto", "numba", "numpy")
REDUCTIONS = ("mean", "sum", "none")


def compile(  # noqa: A001
    f: Callable[..., Any],
    *example: Any,
    parameters: Iterable[Value] = (),
    dtype: str = "float64",
    backend: str = "auto",
    threads: int = 1,
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
    kind = np.dtype(dtype)
    if kind not in (np.dtype("float64"), np.dtype("float32")):
        raise CompileError(f'dtype must be "float64" or "float32", not {dtype!r}.')
    if backend not in BACKENDS:
        raise CompileError(f"backend must be one of {', '.join(map(repr, BACKENDS))}, not {backend!r}.")
    if not isinstance(threads, int) or threads < 1:
        raise CompileError(f"threads must be a whole number from 1, not {threads!r}.")
    check_weighted_sums()
    traced = trace(f, example, parameters)
    return Program(traced, str(kind), backend, threads, began)


class Descent(NamedTuple):
    """What `Program.descend` gives.

    Attributes:
        weights: the weights after the last step, (n,).
        slots: what the rule remembers then, (number of slots, n).
        losses: the mean of each batch before its step; fewer than asked for where the next would not be finite.
        outputs: the further numbers of the function's result for each example taken, (m, others).
    """

    weights: Array
    slots: Array
    losses: Array
    outputs: Array


class Program:
    """A compiled function. Made by `compile`.

    Attributes:
        arguments: names and shapes of what it takes.
        parameters: what it differentiates by, in order.
        dtype: of the numbers it computes with.
        backend: ``"numpy"`` or ``"numba"``.
    """

    def __init__(self, traced: Traced, dtype: str, backend: str, threads: int = 1, began: float | None = None) -> None:
        began = time.perf_counter() if began is None else began
        self._traced = traced
        self.dtype = np.dtype(dtype)
        self.threads = threads
        self._outputs = list(_values(traced.result))
        self._layout = roll(simplify(traced, self._outputs))
        self.parameters = traced.parameters
        self.arguments: tuple[Argument, ...] = traced.arguments
        self._inputs = sum(len(argument.leaves) for argument in traced.arguments)
        self.backend = _chosen(backend)
        self._options = (dtype, backend, threads)
        self._backends: dict[str, Any] = {}
        self._machines: dict[tuple[str, int, int], Machine] = {}
        self._last: list[Array] | None = None
        self._derived: dict[str, Program] = {}
        self._compile_seconds = time.perf_counter() - began

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
            DomainError, ValueOverflowError: a number has no finite result; the first bad node is named.
        """
        given, batched = self._read(arrays)
        n = _examples(given)
        results = np.empty((len(self._outputs), n), self.dtype)
        with np.errstate(all="ignore"):
            for part, machine in self._parts("none", given, weights):
                machine.forward()
                for place, at in enumerate(self._places(self._short_lived)):
                    results[place, part] = machine.numbers(at)
        if not np.isfinite(results).all():
            self._explain_bad(np.flatnonzero(~np.isfinite(results).all(axis=0)), given, weights)
        shaped = _shaped(self._traced.result, iter(results))
        return shaped if batched else _first(shaped)

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
        self._output()
        if reduce == "none" and wrt == "parameters":
            values, slopes = self._example_by_example(given, weights)
            return (values, slopes) if batched else (float(values[0]), slopes[0])
        n = _examples(given)
        if reduce == "mean" and n == 0:
            raise CompileError("The mean over no examples does not exist: give at least one, or reduce='sum'.")
        share = 1.0 / n if reduce == "mean" else 1.0
        values, shared, inputs = self._sweep(wrt, given, weights, share)
        value: Any = values if reduce == "none" else float(values.sum(dtype=np.float64) * share)
        gradient: Any = shared if wrt == "parameters" else inputs
        if not np.isfinite(value if reduce != "none" else values).all() or not np.isfinite(gradient).all():
            self._explain_bad(np.arange(n), given, weights, wrt)
        if wrt == "parameters":
            return value, gradient.astype(np.float64)
        pieces = self._pieces(gradient, batched)
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
    ) -> Descent:
        """Take many steps of a descent in one go: each on the mean over its batch, with the update inside.

        Args:
            arrays: all examples, as in a call.
            order: which examples to take, one batch after the other, (m,).
            batch: examples in a batch; the last one may hold fewer.
            weights: where the descent starts, (n,); not changed.
            rule: ``(w, g, *slots, *settings) -> (w, *slots)``, a branch-free function of floats and of arrays.
            slots: what the rule remembers, (number of slots, n); not changed.
            settings: the numbers that the rule takes in each step, (steps, number of settings).
            frozen: which parameters stay as they are, (n,); none unless given.

        Returns:
            the weights and slots after the last step whose numbers are all finite, and the loss of each such step.

        Raises:
            CompileError: an array does not fit, or the rule's text cannot be read.
        """
        given, _ = self._read(arrays)
        output, (_, *others) = self._output(), self._places(self._layout)
        steps, m = len(settings), len(order)
        if steps != -(-m // batch):
            raise CompileError(f"{m} examples in batches of {batch} make {-(-m // batch)} steps, not {steps}.")
        machine = self.machine("parameters", min(batch, m))
        taken = np.concatenate(given, axis=1) if given else np.zeros((_examples(given), 0), self.dtype)
        run = self._backend("parameters").descend
        self._load(machine, weights)
        slots = np.array(slots, self.dtype, ndmin=2, order="C")
        settings = np.ascontiguousarray(settings, self.dtype)
        losses, kept = np.zeros(steps, self.dtype), np.zeros((m, len(others)), self.dtype)
        n = len(self.parameters)
        while True:
            held, start = slots.copy(), machine.shared[:n, 0].copy()
            done = run(self, machine, taken, np.ascontiguousarray(order, np.int64), batch, output, others, losses, kept,
                       rule, slots, settings, frozen)  # fmt: skip
            if done == len(settings):
                break
            # What is not finite was not to happen: the same steps once more, up to there.
            slots, settings, order = held, settings[:done], order[: done * batch]
            machine.shared[:n, 0] = start
        w = machine.shared[:n, 0].astype(np.float64)
        return Descent(w, slots.astype(np.float64), losses[:done].astype(np.float64), kept.astype(np.float64))

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
        along = np.asarray(vector, dtype=np.float64)
        n = len(self.parameters)
        if along.shape != (n,):
            raise CompileError(f"vector must have one number for each of the {n} parameters, not shape {along.shape}.")
        w = self.weights() if weights is None else np.asarray(weights)
        both = self._second().value_and_grad(*arrays, reduce=reduce, weights=np.concatenate([w, along]))[1]
        return both[:n]  # type: ignore[no-any-return]

    def hessian(self, *arrays: ArrayLike, reduce: str = "mean", weights: Array | None = None) -> Array:
        """Compute the matrix of second derivatives by the parameters, (n, n), row by row.

        Args and Raises as in `hvp`.
        """
        n = len(self.parameters)
        rows = [self.hvp(*arrays, vector=row, reduce=reduce, weights=weights) for row in np.eye(n)]
        return np.array(rows).reshape(n, n)

    def at(self, example: int) -> Any:
        """Put one example of the last run back on the graph, so that it can be drawn, swept and explained.

        Every node is computed again from the example's numbers and the parameters' present ones.

        Args:
            example: its place in the arrays of the last run.

        Returns:
            the function's result as it was recorded: a Value, or lists and tuples of Values.

        Raises:
            CompileError: there was no run, or it had no such example.
        """
        if self._last is None:
            raise CompileError("at(i) shows an example of the last run, and there was none: call the program first.")
        n = _examples(self._last)
        if not -n <= example < n:
            raise CompileError(f"The last run had {n} examples, so there is no example {example}.")
        self._replay([array[example] for array in self._last])
        return self._traced.result

    def weights(self) -> Array:
        """Read the parameters' numbers, (n,)."""
        return np.array([parameter.data for parameter in self.parameters], dtype=np.float64)

    # --- what it is made of -------------------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """The graph that is replayed."""
        return Graph(*self._outputs)

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """The array operations, in order."""
        return (*self._layout.shared, *self._layout.batched)

    @property
    def source(self) -> str:
        """The program as Python source: its array operations forward and, where it has a sweep, backward."""
        return numpy_source(self._layout, self._plan("parameters") if self._scalar else None)[0]

    @property
    def stats(self) -> dict[str, Any]:
        """Numbers about the program.

        ``nodes`` and ``edges`` of the graph, ``operations`` on arrays that they became, ``products`` in weighted
        sums for an example, ``bytes`` for an example and
        ``shared_bytes`` for the rest, and ``compile_seconds``.
        """
        nodes = self._traced.nodes
        size = self.dtype.itemsize
        return {
            "nodes": len(nodes),
            "edges": self._edges,
            "operations": len(self.instructions),
            "products": sum(_products(instruction) for instruction in self.instructions),
            "bytes": 2 * size * self._layout.batched_rows,
            "shared_bytes": 2 * size * self._layout.shared_rows,
            "compile_seconds": self._compile_seconds,
        }

    @cached_property
    def _edges(self) -> int:
        return sum(isinstance(v, Value) for node in self._traced.nodes for v in node.operands)

    def __str__(self) -> str:
        """Say what the graph became, one array operation after the other."""
        return " · ".join(_brief(instruction) for instruction in self.instructions) or "nothing to compute"

    def __repr__(self) -> str:
        stats = self.stats
        taken = ", ".join(f"{argument.name}{list(argument.shape)}" for argument in self.arguments)
        return (
            f"<Program({taken}) of {stats['nodes']:,} nodes in {stats['operations']:,} array operations, "
            f"{len(self.parameters):,} parameters, {self.dtype}, {self.backend}>"
        )

    def __reduce__(self) -> Any:
        return _unpickled, (
            self._traced.arguments,
            self.parameters,
            Graph(*self._outputs),
            self._shape(),
            self._options,
        )

    def _shape(self) -> Any:
        return _structure(self._traced.result, iter(range(len(self._outputs))))

    # --- arrays in ----------------------------------------------------------------------------------------------------

    def _read(self, arrays: Sequence[ArrayLike]) -> tuple[list[Array], bool]:
        """Read the arrays into (examples, numbers) each; say whether they had a batch axis."""
        if len(arrays) != len(self.arguments):
            names = ", ".join(argument.name for argument in self.arguments)
            raise CompileError(f"The program takes {len(self.arguments)} array(s) ({names}), not {len(arrays)}.")
        read = [np.asarray(array, dtype=self.dtype) for array in arrays]
        alone = all(a.shape == argument.shape for a, argument in zip(read, self.arguments, strict=True))
        if alone:
            read = [a[None] for a in read]
        given = []
        for array, argument in zip(read, self.arguments, strict=True):
            if array.ndim == 1 and len(argument.leaves) == 1:
                array = array.reshape(-1, *argument.shape)
            if array.shape[1:] != argument.shape or array.ndim != len(argument.shape) + 1:
                raise CompileError(
                    f"{argument.name} has shape {array.shape}, but the program was compiled for "
                    f"{('examples', *argument.shape)}".replace("'", "")
                    + ". Compile it for an example of this shape, or reshape the array."
                )
            given.append(array.reshape(len(array), len(argument.leaves)))
        counts = {argument.name: len(a) for argument, a in zip(self.arguments, given, strict=True)}
        if len(set(counts.values())) > 1:
            found = ", ".join(f"{name} has {count}" for name, count in counts.items())
            raise CompileError(f"All arrays must hold the same number of examples: {found}.")
        self._last = given
        return given, not alone

    def _pieces(self, gradient: Array, batched: bool) -> list[Array]:
        pieces, start = [], 0
        for argument in self.arguments:
            size = len(argument.leaves)
            piece = gradient[start : start + size].T.reshape(gradient.shape[1], *argument.shape).astype(np.float64)
            pieces.append(piece if batched else piece[0])
            start += size
        return pieces

    # --- machines -----------------------------------------------------------------------------------------------------

    @property
    def _scalar(self) -> bool:
        return isinstance(_leading(self._traced.result), Value)

    def _output(self) -> Rows:
        """Find the row of what is differentiated."""
        leading = _leading(self._traced.result)
        if not isinstance(leading, Value):
            raise CompileError(
                "The function gives several numbers, so it has no one gradient: compile one that returns their total, "
                "a loss, or a tuple whose first part is a single Value."
            )
        return self._places(self._layout)[0]

    def _places(self, layout: Layout) -> list[Rows]:
        e = layout.expressions
        return [Rows(not e.batched[x], layout.row[x], 1) for x in e.outputs]

    @cached_property
    def _short_lived(self) -> Layout:
        """The layout of a run that is not swept, in which rows are written over; a tape keeps its nodes in a row."""
        return self._layout if irregular(self._layout) else reuse(self._layout, self._inputs)

    def _laid_out(self, wrt: str) -> Layout:
        return self._short_lived if wrt == "none" else self._layout

    def _plan(self, wrt: str) -> Plan:
        p, n = len(self.parameters), self._inputs
        wanted = (
            [Rows(True, 0, p)] if wrt == "parameters" and p else [Rows(False, 0, n)] if wrt == "inputs" and n else []
        )
        return plan(self._layout, self._output(), wanted)

    def _backend(self, wrt: str) -> Any:
        if wrt not in self._backends:
            began = time.perf_counter()
            sweep = None if wrt == "none" else self._plan(wrt)
            if self.backend == "numba":
                from autograd.compiler.numba_backend import NumbaBackend

                self._backends[wrt] = NumbaBackend(self._laid_out(wrt), sweep, self.dtype)
            else:
                self._backends[wrt] = NumpyBackend(self._laid_out(wrt), sweep, self.dtype)
            self._compile_seconds += time.perf_counter() - began
        return self._backends[wrt]

    def machine(self, wrt: str, examples: int, thread: int = 0) -> Machine:
        """Give the memory and functions for so many examples at a time."""
        key = wrt, examples, thread
        if key not in self._machines:
            if len(self._machines) > 8:
                self._machines.pop(next(iter(self._machines)))
            self._machines[key] = Machine(self._backend(wrt), self._laid_out(wrt), examples)
        return self._machines[key]

    def _chunk(self, n: int, wrt: str) -> int:
        """Decide how many examples to compute together, so that their numbers stay in the cache."""
        each = (1 if wrt == "none" else 2) * self.dtype.itemsize * max(1, self._laid_out(wrt).batched_rows)
        return max(1, min(n, max(FEWEST, CACHE // each // FEWEST * FEWEST)))

    def _load(self, machine: Machine, weights: Array | None) -> None:
        w = self.weights() if weights is None else weights
        if len(w) != len(self.parameters):
            raise CompileError(f"weights must hold one number for each of the {len(self.parameters)} parameters.")
        machine.load(w, [leaf.data for leaf in self._traced.constants])

    def _parts(self, wrt: str, given: list[Array], weights: Array | None, thread: int = 0) -> Iterator[Any]:
        """Give part after part of the examples, with a machine that holds it."""
        n = _examples(given)
        loaded: set[int] = set()
        chunk = self._chunk(n, wrt)
        for start in range(0, n, chunk):
            part = slice(start, min(n, start + chunk))
            machine = self.machine(wrt, part.stop - part.start, thread)
            if id(machine) not in loaded:
                loaded.add(id(machine))
                self._load(machine, weights)
                machine.forward_shared()
            place = 0
            for array in given:
                machine.values[place : place + array.shape[1]] = array[part].T
                place += array.shape[1]
            yield part, machine

    def _sweep(self, wrt: str, given: list[Array], weights: Array | None, share: float) -> tuple[Array, Array, Array]:
        """Run forward and backward: values of the examples, gradient by the parameters, gradient by the inputs."""
        n = _examples(given)
        values = np.zeros(n, self.dtype)
        inputs = np.zeros((self._inputs, n) if wrt == "inputs" else (0, 0), self.dtype)
        output = self._output()
        w = self.weights() if weights is None else np.asarray(weights, dtype=np.float64)

        def run(start: int, stop: int, thread: int) -> Array:
            some = [array[start:stop] for array in given]
            total: Array | None = None
            machine = None
            for part, machine in self._parts(wrt, some, w, thread):
                machine.forward()
                values[start:stop][part] = machine.numbers(output)
                machine.seed(output, share)
                machine.backward()
                if wrt == "inputs":
                    inputs[:, start:stop][:, part] = machine.adjoints[: self._inputs]
                else:
                    total = machine.shared_adjoints.copy() if total is None else total + machine.shared_adjoints
            if total is None or machine is None:
                return np.zeros(len(self.parameters), self.dtype)
            machine.shared_adjoints[...] = total
            machine.backward_shared()
            gradient: Array = machine.shared_adjoints[: len(self.parameters), 0].copy()
            return gradient

        threads = min(self.threads, max(1, n // FEWEST))
        bounds = [n * i // threads for i in range(threads + 1)]
        with np.errstate(all="ignore"):
            if threads == 1:
                return values, run(0, n, 0), inputs
            self._backend(wrt)
            with ThreadPoolExecutor(threads) as pool:
                parts = list(pool.map(run, bounds[:-1], bounds[1:], range(threads)))
        return values, np.sum(parts, axis=0), inputs

    def _example_by_example(self, given: list[Array], weights: Array | None) -> tuple[Array, Array]:
        n = _examples(given)
        w = self.weights() if weights is None else np.asarray(weights, dtype=np.float64)
        values, slopes = np.zeros(n), np.zeros((n, len(self.parameters)))
        for i in range(n):
            value, row, _ = self._sweep("parameters", [array[i : i + 1] for array in given], w, 1.0)
            values[i], slopes[i] = value[0], row
        if not (np.isfinite(values).all() and np.isfinite(slopes).all()):
            self._explain_bad(np.arange(n), given, weights)
        return values, slopes

    # --- second order and replay --------------------------------------------------------------------------------------

    def _second(self) -> Program:
        """Compile the slope of the gradient along a vector, which stands after the parameters."""
        if "second" not in self._derived:
            self._output()
            y = self._outputs[0]
            vector = tuple(Value(0.0, f"v[{i}]") for i in range(len(self.parameters)))
            leaves = [leaf for argument in self.arguments for leaf in argument.leaves]
            with tracing(Trace([*leaves, *self.parameters, *vector])):
                adjoints = differentiable_sweep(y, 1.0, frozenset(self.parameters))
                slopes = [adjoints.get(p, 0.0) for p in self.parameters]
                along = ops.dot(slopes, vector) if slopes else ops.total([])
            nodes = operands_below([along])
            known = {*leaves, *self.parameters, *vector}
            constants = tuple(node for node in nodes if node.is_leaf and node not in known)
            both = (*self.parameters, *vector)
            traced = Traced(self.arguments, both, constants, along, tuple(nodes))
            self._derived["second"] = Program(traced, *self._options)
        return self._derived["second"]

    def _replay(self, example: list[Array], weights: Array | None = None) -> None:
        """Compute every node of the graph again, eagerly, at the numbers of one example."""
        for argument, numbers in zip(self.arguments, example, strict=True):
            for leaf, number in zip(argument.leaves, numbers.tolist(), strict=True):
                leaf._data = number
        before = [parameter._data for parameter in self.parameters]
        if weights is not None:
            for parameter, number in zip(self.parameters, np.asarray(weights).tolist(), strict=True):
                parameter._data = number
        try:
            for node in self._traced.nodes:
                if node.op is not None:
                    node._grad = None
                    renew(node, *computed(node.op, node.operands))
        finally:
            for parameter, number in zip(self.parameters, before, strict=True):
                parameter._data = number

    def _explain_bad(self, examples: Array, given: list[Array], weights: Array | None, wrt: str = "parameters") -> None:
        """Find the first example that is not finite, and raise the error that the engine raises for it."""
        for i in examples.tolist():
            row = [array[i] for array in given]
            with np.errstate(all="ignore"):
                if self._scalar:
                    value, slopes, inputs = self._sweep(wrt, [array[i : i + 1] for array in given], weights, 1.0)
                    if all(np.isfinite(found).all() for found in (value, slopes, inputs)):
                        continue
            try:
                self._replay(row, weights)
                if self._scalar:
                    wanted = self.parameters if wrt == "parameters" else [x for a in self.arguments for x in a.leaves]
                    gradients(self._outputs[0], list(wanted))
            except (ArithmeticError, ValueError) as error:
                error.add_note(f"This happened at example {i} of the run.")
                error.example = i  # type: ignore[union-attr]
                raise
            if all(np.isfinite(array).all() for array in row):
                raise ValueOverflowError(
                    f"Example {i} has a result or gradient beyond the largest {self.dtype}, though the engine's own "
                    'floats still hold it. Scale the data down, or compile with dtype="float64".'
                )
            return  # infinities and NaN that were given spread, as they do in the engine
        if len(examples) and all(np.isfinite(array).all() for array in given):
            raise ValueOverflowError(
                "Every example is finite, but the sum over them is beyond the largest float. Scale the data down."
            )


# --- shapes of results ------------------------------------------------------------------------------------------------


def _values(result: Any) -> Iterator[Value]:
    if isinstance(result, list | tuple):
        for item in result:
            yield from _values(item)
    elif isinstance(result, Value):
        yield result


def _leading(result: Any) -> Any:
    """Give the part of a result that is differentiated: itself, or the first part of a tuple."""
    return result[0] if isinstance(result, tuple) and result else result


def _shaped(result: Any, numbers: Iterator[Array]) -> Any:
    """Lay out the rows of a result: arrays (examples, …), in tuples as the function gave them."""
    if isinstance(result, tuple):
        return tuple(_shaped(item, numbers) for item in result)
    if isinstance(result, list):
        return np.stack([_shaped(item, numbers) for item in result], axis=1)
    return next(numbers).astype(np.float64) if isinstance(result, Value) else np.float64(result)


def _first(shaped: Any) -> Any:
    return tuple(map(_first, shaped)) if isinstance(shaped, tuple) else shaped[0]


def _examples(given: list[Array]) -> int:
    return len(given[0]) if given else 1


def _structure(result: Any, places: Iterator[int]) -> Any:
    """Describe the nesting of a result, each Value as its place among the outputs."""
    if isinstance(result, list | tuple):
        return type(result)(_structure(item, places) for item in result)
    return _Place(next(places)) if isinstance(result, Value) else float(result)


class _Place(int):
    """The place of an output, in a pickled result."""


def _filled(structure: Any, outputs: Sequence[Value]) -> Any:
    if isinstance(structure, list | tuple):
        return type(structure)(_filled(item, outputs) for item in structure)
    return outputs[structure] if isinstance(structure, _Place) else structure


def _unpickled(
    arguments: tuple[Argument, ...], parameters: tuple[Value, ...], graph: Graph, shape: Any, options: tuple[Any, ...]
) -> Program:
    outputs = graph.outputs
    nodes = tuple(operands_below(outputs))
    known = {*parameters, *(leaf for argument in arguments for leaf in argument.leaves)}
    constants = tuple(node for node in nodes if node.is_leaf and node not in known)
    return Program(Traced(arguments, parameters, constants, _filled(shape, outputs), nodes), *options)


def _chosen(backend: str) -> str:
    if backend == "numpy":
        return "numpy"
    from importlib.util import find_spec

    missing = [name for name in ("numba", "scipy") if find_spec(name) is None]
    if missing and backend == "numba":
        raise CompileError(
            f"backend='numba' needs {' and '.join(missing)}: run pip install 'edgegrad[fast]', or use backend='numpy'."
        )
    return "numpy" if missing else "numba"


def _products(instruction: Instruction) -> int:
    if isinstance(instruction, MatrixProduct):
        return instruction.n * instruction.k * instruction.m
    return instruction.out.count * instruction.k if isinstance(instruction, Products) else 0


def _brief(instruction: Instruction) -> str:
    if isinstance(instruction, MatrixProduct):
        kind = "dense" if instruction.m == 1 else f"convolution at {instruction.m:,} places"
        return f"{kind} {instruction.n}×{instruction.k} ({instruction.n * instruction.k * instruction.m:,} products)"
    if isinstance(instruction, Map):
        return f"{instruction.op.name} {instruction.out.count:,}"
    if isinstance(instruction, Sum):
        return f"sum {instruction.out.count:,}×{instruction.k:,}"
    assert isinstance(instruction, Products)
    return f"weighted sums {instruction.out.count:,}×{instruction.k:,}"
