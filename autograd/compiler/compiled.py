"""compile: a function becomes a program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from autograd.collector import hold_collector
from autograd.compiler.formulas import check_weighted_sums
from autograd.compiler.options import check_options
from autograd.compiler.program import Program
from autograd.compiler.trace import trace
from autograd.value import Value

__all__ = ["compile"]


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
