"""A program as what an optimiser asks for: functions of one row of unknowns, and where they start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import tree
from autograd.compiler.results import take_differentiated
from autograd.errors import CompileError

if TYPE_CHECKING:
    from autograd.compiler.program import Program

__all__ = ["Objective", "start_objective", "start_residuals"]

Array = NDArray[Any]


class Objective(Mapping[str, Any]):
    """Functions of one row of unknowns, by the names that SciPy has for them, to be unpacked with ``**``.

    Args:
        made_of: what it is called with.
        start: where the search starts.
        functions: ``fun``, ``jac`` and perhaps ``hess`` or ``hessp``.

    Attributes:
        fun, jac, x0: as in SciPy.
    """

    def __init__(self, made_of: str, start: Array, functions: dict[str, Callable[..., Any]]) -> None:
        self._made_of, self._parts = made_of, {**functions, "x0": start}
        self.fun, self.jac, self.x0 = functions["fun"], functions["jac"], start

    def __getitem__(self, name: str) -> Any:
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __repr__(self) -> str:
        return f"<Objective of {len(self.x0)} unknowns: {', '.join(self._parts)}, {self._made_of}>"


class _Last:
    """Remembers what was computed at the last unknowns, which an optimiser asks for in parts."""

    def __init__(self, compute: Callable[[Array], tuple[Any, Array]]) -> None:
        self._compute = compute
        self._at: Array | None = None
        self._found: tuple[Any, Array] = (None, np.zeros(0))

    def part(self, place: int, x: Array) -> Any:
        if self._at is None or not np.array_equal(self._at, x):
            self._found, self._at = self._compute(np.asarray(x, dtype=np.float64)), np.array(x)
        return self._found[place] if place == 0 else self._found[1].copy()


def _read_start(program: Program, arrays: Sequence[ArrayLike]) -> Array:
    """Return the numbers of one example in one row.

    Raises:
        CompileError: there are several.
    """
    given, batched = program._read(arrays)
    if batched and any(len(array) != 1 for array in given):
        raise CompileError("By its inputs a function is searched from one example: give each argument without a batch.")
    return np.concatenate(given, axis=1)[0].astype(np.float64) if given else np.zeros(0)


def _read_data(program: Program, arrays: Sequence[ArrayLike]) -> tuple[Array, tuple[Array, ...]]:
    """Return the weights to start from and a copy of the data; what does not fit is refused here, not in the search.

    Raises:
        CompileError: there is no parameter to search by, or the data do not fit.
    """
    if not program.parameters:
        names = ", ".join(argument.name for argument in program.arguments)
        raise CompileError(
            f'The program has no parameters. To search by {names}, give wrt="inputs" and where to start.'
        )
    data = tuple(np.array(array, subok=True) for array in arrays)  # a mask is refused below
    program._read(data)
    return program.weights(), data


def _split(program: Program, x: Array) -> list[Array]:
    """Split a row of unknowns into an array for each argument, in its shape."""
    pieces, start = [], 0
    for argument in program.arguments:
        size = len(argument.leaves)
        pieces.append(np.reshape(x[start : start + size], argument.shape))
        start += size
    return pieces


def _join(pieces: Sequence[Array], leading: tuple[int, ...] = ()) -> Array:
    """Join what belongs to each argument into one row, after the leading axes."""
    rows = [np.reshape(piece, (*leading, -1)) for piece in pieces]
    return np.concatenate(rows, axis=-1) if rows else np.zeros((*leading, 0))


def start_objective(
    program: Program, arrays: Sequence[ArrayLike], wrt: str, reduce: str, second: str | None
) -> Objective:
    """Make the objective of a program whose result is one number; see `Program.objective`."""
    if wrt == "parameters":
        start, data = _read_data(program, arrays)
        last = _Last(lambda w: program.value_and_grad(*data, reduce=reduce, weights=w))
        seconds: dict[str, Callable[..., Any]] = {
            "hess": lambda w: program.hessian(*data, reduce=reduce, weights=w),
            "hessp": lambda w, v: program.hvp(*data, vector=v, reduce=reduce, weights=w),
        }
    else:
        start = _read_start(program, arrays)

        def compute(x: Array) -> tuple[Any, Array]:
            value, pieces = program.value_and_grad(*_split(program, x), wrt="inputs")
            return float(value), _join(pieces)

        def multiply(x: Array, v: Array) -> Array:
            return _join(program.hvp(*_split(program, x), vector=_split(program, v), wrt="inputs"))

        last = _Last(compute)
        seconds = {"hessp": multiply, "hess": lambda x: np.array([multiply(x, unit) for unit in np.eye(len(x))])}
    functions: dict[str, Callable[..., Any]] = {"fun": partial(last.part, 0), "jac": partial(last.part, 1)}
    if second is not None:
        functions[second] = seconds[second]
    return Objective(f"{reduce} of {program!r}" if wrt == "parameters" else repr(program), start, functions)


def start_residuals(program: Program, arrays: Sequence[ArrayLike], wrt: str) -> Objective:
    """Make the residuals of a program and their Jacobian; see `Program.residuals`."""
    part = take_differentiated(program._traced.result)
    first = isinstance(program._traced.result, tuple)
    shape = tree.shape(part)

    def values(*given: Any, weights: Array | None = None) -> Array:
        found = program(*given, weights=weights)
        return np.ravel(found[0] if first else found)

    if wrt == "parameters":
        start, data = _read_data(program, arrays)
        functions: dict[str, Callable[..., Any]] = {
            "fun": lambda w: values(*data, weights=w),
            "jac": lambda w: np.reshape(program.jacobian(*data, weights=w), (-1, len(w))),
        }
    else:
        start = _read_start(program, arrays)
        functions = {
            "fun": lambda x: values(*_split(program, x)),
            "jac": lambda x: np.reshape(
                _join(program.jacobian(*_split(program, x), wrt="inputs"), shape), (-1, len(x))
            ),
        }
    return Objective(repr(program), start, functions)
