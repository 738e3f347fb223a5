"""Execution: what runs a laid-out program on arrays of examples, in parts that fit into the processor's cache."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from itertools import pairwise
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd.collector import hold_collector
from autograd.compiler.access import products
from autograd.compiler.adjoint import Aim, Sweep, differentiate
from autograd.compiler.blas import hold_to_one_thread
from autograd.compiler.descent import Descent, Steps
from autograd.compiler.instructions import Rows
from autograd.compiler.lifetimes import reuse
from autograd.compiler.memory import Memory
from autograd.compiler.on_numba.kernels import has_kernels
from autograd.compiler.on_numpy.backend import NumpyBackend
from autograd.compiler.options import Options, choose_backend
from autograd.compiler.roll import Layout, roll
from autograd.compiler.simplify import Expressions
from autograd.compiler.verify import verify
from autograd.errors import CompileError

__all__ = ["Execution", "count", "lay_out"]

Array = NDArray[Any]
P = ParamSpec("P")
T = TypeVar("T")

CACHE = 2**21  # bytes that the numbers of the examples computed together may take
MIN_EXAMPLES_TOGETHER = 16  # … but at least so many examples
MIN_PRODUCTS_BLAS_SHARES = 2**12  # of a matrix and a vector, from which BLAS may share them among threads, …
MIN_PRODUCTS_WORTH_SHARING = 2**22  # … and from which it gains by that
MEMORIES_KEPT = 8  # for further runs


def count(given: Sequence[Array]) -> int:
    """Count the examples in arrays (examples, numbers)."""
    return len(given[0]) if given else 1


def one_at_a_time(method: Callable[Concatenate[Execution, P], T]) -> Callable[Concatenate[Execution, P], T]:
    """Let a second thread wait until the first is done: one program is one function, whoever calls it."""

    @wraps(method)
    def run(self: Execution, /, *arguments: P.args, **named: P.kwargs) -> T:
        with self.running:
            return method(self, *arguments, **named)

    return run


@dataclass
class Execution:
    """Runs a program.

    Args:
        layout: its instructions.
        inputs: how many numbers an example has.
        parameters: how many numbers it is differentiated by.
        options: how it is compiled.
        backend: ``"numpy"``, ``"numba"`` or ``"jax"``.

    Attributes:
        seconds: what compiling has taken.
    """

    layout: Layout
    inputs: int
    parameters: int
    options: Options
    backend: str
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.dtype: np.dtype[Any] = np.dtype(self.options.dtype)
        self._backends: dict[str, Any] = {}
        self._outputs: dict[str, list[Rows]] = {}
        self._memories: dict[tuple[str, int, int], Memory] = {}
        self.running = threading.RLock()  # a run computes in memories that the next one uses again

    # --- what it is compiled to ---------------------------------------------------------------------------------------

    @cached_property
    def forward_layout(self) -> Layout:
        """The layout of a run that is not swept, in which rows are written over; a tape keeps its nodes in a row."""
        keep = self.layout.has_tape or "reuse" in self.options.without
        return self.layout if keep else reuse(self.layout, self.inputs)

    def layout_for(self, wrt: str) -> Layout:
        """Return the layout of a run that is swept (by ``"parameters"`` or ``"inputs"``), or not (``"none"``)."""
        return self.forward_layout if wrt == "none" else self.layout

    def outputs(self, wrt: str) -> list[Rows]:
        """Return the rows of the results."""
        if wrt not in self._outputs:
            layout = self.layout_for(wrt)
            batched = layout.expressions.batched
            self._outputs[wrt] = [Rows(batched[x], layout.row[x], 1) for x in layout.expressions.outputs]
        return self._outputs[wrt]

    def aim(self, wrt: str) -> Aim:
        """Return what a sweep goes from and to: from the first result."""
        wanted = Rows(False, 0, self.parameters) if wrt == "parameters" else Rows(True, 0, self.inputs)
        return Aim(self.outputs(wrt)[0], (wanted,) if wanted.count else (), self.options.without)

    def backward(self, wrt: str) -> Sweep:
        """Write the sweep by ``"parameters"`` or ``"inputs"``."""
        return differentiate(self.layout, self.aim(wrt))

    @hold_collector()
    def backend_for(self, wrt: str) -> Any:
        """Compile for the backend, once."""
        if wrt not in self._backends:
            began = time.perf_counter()
            layout, aim = self.layout_for(wrt), None if wrt == "none" else self.aim(wrt)
            if self.options.verify:
                verify(layout, differentiate(layout, aim) if aim is not None else None)
            backend: Any = NumpyBackend
            if self.backend == "numba":
                from autograd.compiler.on_numba.backend import NumbaBackend

                backend = NumbaBackend
            self._backends[wrt] = backend(layout, aim, self.dtype)
            self.seconds += time.perf_counter() - began
        return self._backends[wrt]

    def memory(self, wrt: str, examples: int, thread: int = 0) -> Memory:
        """Return the memory and functions for so many examples at a time."""
        key = wrt, examples, thread
        if key not in self._memories:
            if len(self._memories) >= max(MEMORIES_KEPT, 4 * self.options.threads):
                self._memories.pop(next(iter(self._memories)))
            with hold_collector():
                self._memories[key] = Memory(self.backend_for(wrt), self.layout_for(wrt), examples)
        return self._memories[key]

    # --- runs ---------------------------------------------------------------------------------------------------------

    @one_at_a_time
    def run(self, given: Sequence[Array], weights: Array, constants: Sequence[float]) -> Array:
        """Compute the results, (results, examples).

        Args:
            given: arrays (examples, numbers), one for each argument.
            weights: the parameters' numbers.
            constants: numbers of the other leaves.
        """
        places = self.outputs("none")
        results = np.empty((len(places), count(given)), self.dtype)
        with np.errstate(all="ignore"), self._share_products(self._chunk(count(given), "none")):
            for part, memory in self._parts("none", given, weights, constants):
                memory.forward()
                for result, at in zip(results, places, strict=True):
                    result[part] = memory.numbers(at)
        return results

    @one_at_a_time
    def sweep(
        self, wrt: str, given: Sequence[Array], weights: Array, constants: Sequence[float], share: float
    ) -> tuple[Array, Array, Array]:
        """Run forward and backward.

        Args:
            wrt: ``"parameters"`` or ``"inputs"``.
            share: what the sweep starts from at each example.

        Returns:
            the values (examples,), the gradient by the parameters (n,), and by the inputs (numbers, examples); the one
            that was not asked for is empty or holds nothing of use.
        """
        n = count(given)
        values = np.empty(n, self.dtype)
        inputs = np.empty((self.inputs, n) if wrt == "inputs" else (0, 0), self.dtype)
        output = self.outputs(wrt)[0]

        def run(start: int, stop: int, thread: int) -> Array:
            some = [array[start:stop] for array in given]
            total: Array | None = None
            memory = None
            with np.errstate(all="ignore"):  # of this thread
                for part, memory in self._parts(wrt, some, weights, constants, thread):
                    memory.forward()
                    values[start:stop][part] = memory.numbers(output)
                    memory.seed(output, share)
                    memory.backward()
                    if wrt == "inputs":
                        inputs[:, start:stop][:, part] = memory.adjoints[: self.inputs]
                    else:
                        total = memory.shared_adjoints.copy() if total is None else total + memory.shared_adjoints
                if total is None or memory is None:
                    return np.zeros(self.parameters, self.dtype)
                memory.shared_adjoints[...] = total
                memory.backward_shared()
            gradient: Array = memory.shared_adjoints[: self.parameters, 0].copy()
            return gradient

        threads = min(self.options.threads, max(1, n // MIN_EXAMPLES_TOGETHER))
        bounds = [n * i // threads for i in range(threads + 1)]
        if threads == 1:
            with self._share_products(self._chunk(n, wrt)):
                return values, run(0, n, 0), inputs
        for thread, (start, stop) in enumerate(pairwise(bounds)):
            self.memory(wrt, self._chunk(stop - start, wrt), thread)  # compiled before the threads begin
        with ThreadPoolExecutor(threads) as pool, hold_to_one_thread():
            parts = list(pool.map(run, bounds[:-1], bounds[1:], range(threads)))
        return values, np.sum(parts, axis=0), inputs

    def _share_products(self, examples: int) -> AbstractContextManager[None]:
        """Return a block in which BLAS shares a product among its threads only where that pays."""
        shared = MIN_PRODUCTS_BLAS_SHARES <= examples * self._most_products < MIN_PRODUCTS_WORTH_SHARING
        return hold_to_one_thread() if shared else nullcontext()

    @cached_property
    def _most_products(self) -> int:
        """How many products an instruction has for an example, at the most."""
        return max(map(products, self.layout.batched), default=0)

    def _chunk(self, n: int, wrt: str) -> int:
        """Decide how many examples to compute together: as many as the cache holds, in multiples of the least."""
        least = MIN_EXAMPLES_TOGETHER
        if n <= least:
            return max(1, n)
        each = (1 if wrt == "none" else 2) * self.dtype.itemsize * max(1, self.layout_for(wrt).batched_rows)
        return min(n, max(least, CACHE // each // least * least))

    def _parts(
        self, wrt: str, given: Sequence[Array], weights: Array, constants: Sequence[float], thread: int = 0
    ) -> Iterator[tuple[slice, Memory]]:
        """Yield part after part of the examples, with a memory that holds it."""
        n = count(given)
        loaded: set[int] = set()
        chunk = self._chunk(n, wrt)
        for start in range(0, n, chunk):
            part = slice(start, min(n, start + chunk))
            memory = self.memory(wrt, part.stop - part.start, thread)
            if id(memory) not in loaded:
                loaded.add(id(memory))
                memory.load(weights, constants)
                memory.forward_shared()
            place = 0
            for array in given:
                memory.values[place : place + array.shape[1]] = array[part].T
                place += array.shape[1]
            yield part, memory

    @one_at_a_time
    def descend(self, descent: Descent, constants: Sequence[float]) -> Steps:
        """Take a step for each row of settings; see `Program.descend`."""
        self._check_descent(descent)
        descent = replace(
            descent,
            order=np.ascontiguousarray(descent.order, np.int64),
            slots=np.array(descent.slots, self.dtype, ndmin=2, order="C"),
            settings=np.ascontiguousarray(descent.settings, self.dtype),
        )
        memory = self.memory("parameters", min(descent.batch, len(descent.order)))
        results, take = self.outputs("parameters"), self.backend_for("parameters").take
        with self._share_products(descent.batch):
            memory.load(descent.weights, constants)
            steps = take(descent, results, memory, self.memory)
            done = len(steps.losses)
            if done < len(descent.settings):
                # What is not finite was not to happen: the same steps once more, up to there.
                rows = descent.order[: done * descent.batch]
                memory.load(descent.weights, constants)
                steps = take(
                    replace(descent, order=rows, settings=descent.settings[:done]), results, memory, self.memory
                )
        return Steps(*(array.astype(np.float64) for array in steps))

    def _check_descent(self, descent: Descent) -> None:
        """Check what a descent is given: the backend itself would read and write beside its memory."""
        rows, batch, examples = np.asarray(descent.order), descent.batch, len(descent.examples)
        if not isinstance(batch, int | np.integer) or batch < 1:
            raise CompileError(f"batch must be a whole number from 1, not {batch!r}.")
        if rows.ndim != 1 or not len(rows) or rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= examples:
            raise CompileError(f"order must list rows of the {examples} examples, as whole numbers from 0.")
        shape = np.shape(descent.slots)
        if len(shape) != 2 or shape[1] != self.parameters:
            raise CompileError(
                f"slots must have the shape (slots, {self.parameters}), one column a parameter, not {shape}."
            )
        frozen, clip_norm = descent.frozen, descent.clip_norm
        if frozen is not None and (np.shape(frozen) != (self.parameters,) or np.asarray(frozen).dtype != np.bool_):
            raise CompileError(f"frozen must hold True or False for each of the {self.parameters} parameters.")
        if clip_norm is not None and not clip_norm > 0.0:
            raise CompileError(f"clip_norm must be a positive number, not {clip_norm!r}.")
        if np.ndim(descent.settings) != 2:
            raise CompileError(f"settings must have the shape (steps, numbers), not {np.shape(descent.settings)}.")
        given, due = len(descent.settings), -(-len(rows) // batch)
        if given != due:
            raise CompileError(f"{len(rows)} examples in batches of {batch} make {due} steps, not {given}.")


def lay_out(expressions: Expressions, inputs: int, parameters: int, options: Options) -> Execution:
    """Lay expressions out for a backend that has what they need.

    Args:
        expressions: what is computed.
        inputs: how many numbers an example has.
        parameters: how many numbers it is differentiated by.
        options: how it is compiled.
    """
    backend = choose_backend(options.backend)
    if options.backend == "auto" and backend == "numba" and not has_kernels(expressions):
        backend = "numpy"
    execution = Execution
    if backend == "jax":
        from autograd.compiler.on_jax.execution import JaxExecution

        execution = JaxExecution
    return execution(roll(expressions, options.without, backend), inputs, parameters, options, backend)
