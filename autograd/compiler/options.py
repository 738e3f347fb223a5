"""Options: how a function is compiled, checked once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import util
from typing import Any

import numpy as np

from autograd.errors import CompileError

__all__ = ["PASSES", "Options", "check_options", "choose_backend"]

BACKENDS = ("auto", "jax", "numba", "numpy")

#: What the compiler can leave out, by name, at the cost of speed alone.
PASSES = {
    "fold": "operations on constants are computed once, while the program is compiled",
    "neutral": "x·1, x/1, x − 0 and x¹ are x, and x² is a square",
    "share": "equal expressions are one",
    "sums": "chains of additions are one sum, and sums of products weighted sums",
    "matrices": "weighted sums that share weights or inputs are matrix products",
    "reuse": "a run without a sweep writes rows again after their last reader",
    "first": "the first flow to an adjoint is written, instead of added to zero",
    "tapes": "short operations are carried out one by one, and the steps of a recurrence as a loop",
}


@dataclass(frozen=True)
class Options:
    """How a function is compiled.

    Attributes:
        dtype: ``"float64"`` or ``"float32"``.
        backend: ``"auto"``, ``"jax"``, ``"numba"`` or ``"numpy"``.
        threads: how many share the examples of a run.
        without: names of `PASSES` to leave out.
        verify: whether the instructions are verified.
    """

    dtype: str = "float64"
    backend: str = "auto"
    threads: int = 1
    without: frozenset[str] = frozenset()
    verify: bool = False


def check_options(dtype: Any, backend: str, threads: int, without: Iterable[str], verify: bool) -> Options:
    """Make options from what a user gives.

    Raises:
        CompileError: one of them is none of those that there are.
    """
    kinds: dict[Any, str] = {name: name for name in ("float64", "float32")}
    kinds |= {np.float64: "float64", np.float32: "float32"}
    kinds |= {np.dtype(name): name for name in ("float64", "float32")}
    if dtype not in kinds:
        raise CompileError(f'dtype must be "float64" or "float32", not {dtype!r}.')
    _check_backend(backend)
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        raise CompileError(f"threads must be a whole number from 1, not {threads!r}.")
    left_out = frozenset([without] if isinstance(without, str) else without)
    if not left_out <= PASSES.keys():
        unknown = ", ".join(map(repr, sorted(left_out - PASSES.keys())))
        raise CompileError(f"without may name {', '.join(map(repr, PASSES))}, not {unknown}.")
    return Options(kinds[dtype], backend, threads, left_out, bool(verify))


def _check_backend(backend: str) -> None:
    if backend not in BACKENDS:
        raise CompileError(f"backend must be one of {', '.join(map(repr, BACKENDS))}, not {backend!r}.")


def choose_backend(backend: str) -> str:
    """Choose a backend that is installed.

    Raises:
        CompileError: the one that is asked for is not, or there is none of that name.
    """
    _check_backend(backend)
    if backend == "numpy":
        return "numpy"
    if backend == "jax":
        if util.find_spec("jax") is None:
            raise CompileError("backend='jax' needs JAX: run pip install 'edgegrad[jax]', or use backend='numpy'.")
        return "jax"
    missing = [name for name in ("numba", "scipy") if util.find_spec(name) is None]
    if missing and backend == "numba":
        raise CompileError(
            f"backend='numba' needs {' and '.join(missing)}: run pip install 'edgegrad[fast]', or use backend='numpy'."
        )
    return "numpy" if missing else "numba"
