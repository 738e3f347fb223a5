"""compile: a function becomes a program for an example at once, or for its arguments at its first call."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterable
from typing import Any, TypedDict, Unpack, overload

from autograd.collector import hold_collector
from autograd.compiler.compiled import Chosen, Compiled
from autograd.compiler.formulas import check_weighted_sums
from autograd.compiler.options import check_options
from autograd.compiler.program import Program
from autograd.compiler.trace import trace
from autograd.errors import CompileError
from autograd.value import Value

__all__ = ["compile"]


class Choices(TypedDict, total=False):
    """What `compile` may be told by name."""

    parameters: Iterable[Value]
    dtype: Any
    backend: str
    threads: int
    without: Iterable[str]
    verify: bool


@overload
def compile(  # noqa: A001
    f: Callable[..., Any], first: Any, /, *example: Any, **choices: Unpack[Choices]
) -> Program: ...
@overload
def compile(f: Callable[[], Any], /, **choices: Unpack[Choices]) -> Program: ...  # noqa: A001
@overload
def compile(  # noqa: A001
    f: Callable[..., Any], /, *, static: Chosen = (), **choices: Unpack[Choices]
) -> Compiled: ...
@overload
def compile(  # noqa: A001
    *, static: Chosen = (), **choices: Unpack[Choices]
) -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(  # noqa: A001
    f: Callable[..., Any] | None = None,
    /,
    *example: Any,
    parameters: Iterable[Value] = (),
    dtype: str = "float64",
    backend: str = "auto",
    threads: int = 1,
    without: Iterable[str] = (),
    verify: bool = False,
    static: Chosen = (),
) -> Any:
    """Record a function's graph once, and replay it on arrays: on batches, or at every call.

    With an example, the function becomes a `Program`, which takes batches. It is called on Values in the shape of the
    example, which stands for one row of the arrays to come; its numbers do not matter. A function without arguments
    needs none.

    Without an example, the function becomes a `Compiled` one, as by ``jax.jit``: it is called as before, and compiled
    at its first call and at the first with arguments of another structure. `compile` is a decorator too, with or
    without options.

    The parameters are read at every run, and so are other Values that f captures; one that was computed outside of f is
    computed anew from its leaves. Python's own numbers that f reads from outside stay in a program what they were when
    it was recorded; a compiled function looks at them again at each call.

    Args:
        f: a function of numbers and lists of numbers, computed with the engine's operations, that returns a Value or
            lists and tuples of Values. The first Value of a tuple is what `Program.value_and_grad` differentiates.
        example: an argument each: a number, nested lists or an array.
        parameters: leaves that f uses, to differentiate by, such as ``model.parameters()``.
        dtype: ``"float64"`` or ``"float32"``.
        backend: ``"numpy"``; ``"numba"``, which needs the extra ``fast``; ``"jax"``, which needs the extra ``jax``; or
            ``"auto"``: numba where it is installed.
        threads: how many threads share the examples of a run.
        without: names of the compiler's passes to leave out, such as ``"matrices"`` or ``"reuse"``, to find out which
            one a fault is in: but for rounding the results stay the same.
        verify: whether the program's instructions are checked for faults of the compiler.
        static: without an example, names or places of arguments that f may branch on or count with. It is compiled
            once for each of their values.

    Raises:
        ControlFlowError: f branches on a traced number, or takes it out of its Value.
        CompileError: f gives no Value, draws random numbers, or an option is none of these.

    Example:
        >>> w = Value(3.0, name="w")
        >>> program = compile(lambda x, t: (w * x - t) ** 2, 0.0, 0.0, parameters=[w])
        >>> program.value_and_grad([1.0, 2.0], [1.0, 5.0])
        (2.5, array([4.]))
        >>> @compile
        ... def energy(x):
        ...     return x[0] ** 2 * x[1]
        >>> energy([3.0, 5.0]), energy.grad([3.0, 5.0])
        (45.0, [30.0, 9.0])
    """
    began = time.perf_counter()
    options = check_options(dtype, backend, threads, without, verify)
    if f is None:
        return lambda f: compile(f, parameters=parameters, static=static, **vars(options))
    check_weighted_sums()
    if example or not _takes_arguments(f):
        if static not in ((), []):
            raise CompileError("static is for functions that are compiled without an example: leave one of them out.")
        with hold_collector():
            return Program(trace(f, example, parameters), options, began)
    return Compiled(f, parameters, options, static)


def _takes_arguments(f: Callable[..., Any]) -> bool:
    try:
        return bool(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return callable(f)
