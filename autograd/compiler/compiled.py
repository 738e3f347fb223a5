"""Compiled: a function that is compiled when it is called, once for each structure of its arguments."""

from __future__ import annotations

import inspect
import operator
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import update_wrapper
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd import functional, tree
from autograd.arrays import is_array
from autograd.collector import hold_collector
from autograd.compiler.options import Options
from autograd.compiler.program import Program
from autograd.compiler.structure import (
    NUMBER,
    Numbers,
    Row,
    Static,
    Structure,
    describe,
    fill,
    read_argument,
    read_result,
    size,
    statics,
)
from autograd.compiler.surroundings import Surroundings
from autograd.compiler.trace import collect_below, trace
from autograd.context import current, no_grad
from autograd.errors import CompileError, ControlFlowError, DomainError, NonFiniteGradientError
from autograd.functional import argument_names
from autograd.graph import same_number
from autograd.lifting import read_argnums
from autograd.value import Value

__all__ = ["Chosen", "Compiled"]

Array = NDArray[Any]
Chosen = str | int | Iterable[str | int]  # arguments, by name or by place
Places = int | Sequence[int] | None  # of arguments to differentiate by

MAX_PROGRAMS_KEPT = 64  # of one function


class _Call(NamedTuple):
    """The arguments of a call: their structures, those by name after the others; what tells calls apart; numbers."""

    structures: tuple[Structure, ...]
    names: tuple[str, ...]
    numbers: Numbers

    def rebuild(self, row: Row) -> tuple[list[Any], dict[str, Any]]:
        """Fill the arguments."""
        filled = [fill(structure, row) for structure in self.structures]
        places = len(filled) - len(self.names)
        return filled[:places], dict(zip(self.names, filled[places:], strict=True))


class _Kept(NamedTuple):
    """A program with the structure of its result, the leaves outside f that it depends on, and what f read there."""

    program: Program
    result: Structure
    captured: tuple[Value, ...]
    surroundings: Surroundings
    arguments: str

    @property
    def takes_gradient(self) -> bool:
        """Whether f gives a Value, since it captures one that takes a gradient and is no parameter."""
        return any(leaf.requires_grad for leaf in self.captured)

    def explain(self) -> str:
        """Describe what runs: the program, or the function itself and why."""
        taking = [leaf for leaf in self.captured if leaf.requires_grad]
        if not taking:
            return str(self.program.instructions)
        return (
            f"{self.program.instructions}, inside no_grad. Elsewhere the function itself is called, for it captures "
            f"{taking[0]._describe()}, which takes a gradient: name it in parameters to get numbers."
        )


class Compiled:
    """A function that is compiled when it is called, once for each structure of its arguments. Made by `compile`.

    It takes what the function takes, by place and by name, and gives what the function gives: numbers, and lists,
    tuples, dicts and arrays of them. It can stand wherever the function stands: where the result has to be a Value, the
    function itself is called. That is so where an argument holds Values, as in `grad`; while another function is being
    compiled; and where f captures a Value that takes a gradient and is none of its parameters, outside `no_grad`.

    A truth value, a text, None and any object without numbers belong to the structure, and so does what was named in
    `static`. The oldest structures are forgotten after 64. ``print`` shows what has been compiled.

    Attributes:
        parameters: the leaves that it differentiates by unless `argnums` says otherwise.
        options: how it is compiled.
    """

    parameters: tuple[Value, ...]
    options: Options

    def __init__(
        self,
        f: Callable[..., Any],
        parameters: Iterable[Value],
        options: Options,
        static: Chosen,
    ) -> None:
        self.parameters = tuple(tree.leaves(parameters if is_array(parameters) else list(parameters)))
        self.options = options
        self._f, self._before = f, tuple[Any, ...]()
        self._kept: dict[Any, _Kept] = {}
        self._names: list[str] = []
        self._lock = threading.RLock()
        self._static = _find_static(f, static)
        update_wrapper(self, f, updated=())

    # --- what a user calls --------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Compute the function.

        Raises:
            ControlFlowError, CompileError: as in `compile`, at the first call with arguments of this structure.
            DomainError, ValueOverflowError: a result is not finite.
        """
        call, kept = self._find(args, named, 0)
        if kept is None:
            return self._f(*self._before, *args, **named)
        found = kept.program(call.numbers.to_array())
        return fill(kept.result, Row(np.atleast_1d(found)))

    def value_and_grad(self, *args: Any, argnums: Places = None, **named: Any) -> tuple[Any, Any]:
        """Compute the value and the gradient.

        Args:
            args: what the function takes.
            argnums: position of the argument to differentiate by, or several positions; unless given, the parameters if
                it was compiled with some, and else the first argument.
            named: what the function takes by name.

        Returns:
            the value, and a gradient in the shape of the argument, or a tuple of such; or one number a parameter.

        Raises:
            OperandTypeError: the result is not one number.

        Example:
            >>> from autograd import compile
            >>> compile(lambda x, y: x * x * y).value_and_grad(3.0, 2.0, argnums=(0, 1))
            (18.0, (12.0, 9.0))
        """
        call, kept = self._find(args, named, argnums)
        if kept is None or not kept.program._scalar:
            return self._on_engine("value_and_grad", argnums)(*args, **named)  # type: ignore[no-any-return]
        numbers = call.numbers.to_array()
        if self._by_parameters(argnums):
            return kept.program.value_and_grad(numbers)
        found = self._by_inputs(kept.program.value_and_grad, call, numbers, argnums, reduce="none")
        if found is None:
            return self._numbers_on_engine("value_and_grad", argnums, args, named)  # type: ignore[no-any-return]
        value, [slopes] = found
        pieces = self._pieces(call, slopes, argnums)
        filled = tuple([fill(structure, Row(piece)) for structure, piece in pieces])
        return float(value), filled[0] if _is_one(argnums) else filled

    def grad(self, *args: Any, argnums: Places = None, **named: Any) -> Any:
        """Compute the gradient alone; see `value_and_grad`."""
        return self.value_and_grad(*args, argnums=argnums, **named)[1]

    def jacobian(self, *args: Any, argnums: Places = None, **named: Any) -> Any:
        """Compute for each number of the result its gradient; arguments are those of `value_and_grad`.

        Returns:
            the shape of the result, with a gradient for each number; for several `argnums` a tuple of such.

        Example:
            >>> from autograd import compile
            >>> compile(lambda v: [v[0] * v[1], v[0] + v[1]]).jacobian([2.0, 3.0])
            [[3.0, 2.0], [1.0, 1.0]]
        """
        call, kept = self._find(args, named, argnums)
        if kept is None:
            return self._on_engine("jacobian", argnums)(*args, **named)
        numbers, outputs = call.numbers.to_array(), size(kept.result)
        if self._by_parameters(argnums):
            return fill(kept.result, Row(list(np.atleast_2d(kept.program.jacobian(numbers))[:outputs])))
        found = self._by_inputs(kept.program.jacobian, call, numbers, argnums)
        if found is None:
            return self._numbers_on_engine("jacobian", argnums, args, named)
        matrices = []
        for structure, piece in self._pieces(call, np.atleast_2d(found[0])[:outputs], argnums):
            matrices.append(fill(kept.result, Row([fill(structure, Row(row)) for row in piece])))
        return matrices[0] if _is_one(argnums) else tuple(matrices)

    def hessian(self, *args: Any, argnums: Places = None, **named: Any) -> Any:
        """Compute the second derivatives, row by row; arguments are those of `value_and_grad`.

        Returns:
            the shape of the argument twice; for several `argnums` a tuple of rows of blocks; by parameters (n, n).

        Example:
            >>> from autograd import compile
            >>> compile(lambda v: v[0] ** 2 * v[1]).hessian([3.0, 5.0])
            [[10.0, 6.0], [6.0, 0.0]]
        """
        call, kept = self._find(args, named, argnums)
        if kept is None or not kept.program._scalar:
            return self._on_engine("hessian", argnums)(*args, **named)
        numbers = call.numbers.to_array()
        if self._by_parameters(argnums):
            return kept.program.hessian(numbers)
        found = self._by_inputs(kept.program.hessian, call, numbers, argnums)
        if found is None:
            return self._numbers_on_engine("hessian", argnums, args, named)
        [[whole]] = found
        blocks = []
        for structure, rows in self._pieces(call, whole.T, argnums):
            row = []
            for other, block in self._pieces(call, rows.T, argnums):
                row.append(fill(structure, Row([fill(other, Row(slopes)) for slopes in block])))
            blocks.append(tuple(row))
        return blocks[0][0] if _is_one(argnums) else tuple(blocks)

    @property
    def programs(self) -> list[Program]:
        """What has been compiled so far, one program for each structure of the arguments."""
        return [kept.program for kept in self._kept.values()]

    def __get__(self, owner: Any, kind: type | None = None) -> Compiled:
        """Bind a method: what it belongs to is its first argument."""
        if owner is None:
            return self
        bound: Compiled = object.__new__(type(self))
        bound.__dict__.update(self.__dict__, _before=(owner,))
        return bound

    def __str__(self) -> str:
        """Show the function, and the array operations of each program."""
        if not self._kept:
            return f"{self._f_name}: compiled at its first call."
        return "\n".join(f"{self._f_name}({kept.arguments}): {kept.explain()}" for kept in self._kept.values())

    def __repr__(self) -> str:
        return f"<compiled {self._f_name}, {len(self._kept)} program{'' if len(self._kept) == 1 else 's'}>"

    @property
    def _f_name(self) -> str:
        return str(getattr(self._f, "__qualname__", type(self._f).__name__)).replace("<locals>.", "")

    def __reduce__(self) -> Any:
        if self._before:
            return getattr, (*self._before, self._f.__name__)
        return getattr(self._f, "__qualname__", repr(self))  # by its name, as functions are

    # --- what is behind it --------------------------------------------------------------------------------------------

    def _find(self, args: tuple[Any, ...], named: dict[str, Any], argnums: Places) -> tuple[_Call, _Kept | None]:
        """Find the program for arguments, or compile it; None where the function itself has to be called."""
        call = self._read((*self._before, *args), named)
        context = current()
        watched = context.watched and not context.paused
        if call.numbers.holds_values or context.trace is not None or (watched and self.parameters):
            return call, None
        key = call.structures, call.names
        kept = self._kept.get(key)
        if kept is None or kept.surroundings.changed():
            with self._lock:
                kept = self._kept.get(key)
                if kept is None or kept.surroundings.changed():
                    kept = self._keep(key, call)
        numbers_are_meant = context.paused or self._by_parameters(argnums)
        return call, kept if numbers_are_meant or not kept.takes_gradient else None

    def _read(self, args: tuple[Any, ...], named: dict[str, Any]) -> _Call:
        numbers, structures = Numbers(), []
        for place, arg in enumerate(args):
            where = f"The argument {self._name(place)}"
            static = place in self._static
            structures.append(Static(arg, where) if static else read_argument(arg, where, numbers))
        for name, arg in named.items():
            where = f"The argument {name}"
            structures.append(Static(arg, where) if name in self._static else read_argument(arg, where, numbers))
        return _Call(tuple(structures), tuple(named), numbers)

    def _name(self, place: int) -> str:
        if place >= len(self._names):
            self._names[:] = argument_names(self._f, place + 1)
        return self._names[place]

    def _keep(self, key: Any, call: _Call) -> _Kept:
        kept = self._compile(call)
        self._kept.pop(key, None)
        for other in list(self._kept):
            if any(static.gone for structure in other[0] for static in statics(structure)):
                del self._kept[other]
        while len(self._kept) >= MAX_PROGRAMS_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = kept
        return kept

    def _compile(self, call: _Call) -> _Kept:
        began = time.perf_counter()
        found: list[tuple[Structure, Any]] = []
        places = len(call.structures) - len(call.names)
        names = [*map(self._name, range(places)), *call.names]

        def flat(values: Any) -> Any:
            args, by_name = call.rebuild(Row(values))
            for name, arg in zip(names, [*args, *by_name.values()], strict=True):
                for place, leaf in tree.leaves_with_places(arg, name):
                    if isinstance(leaf, Value):
                        leaf.name = place
            outputs: list[Any] = []
            structure = read_result(self._f(*args, **by_name), outputs)
            if not any(isinstance(x, Value) for x in outputs):
                outputs.append(Value(0.0))  # a program depends on something
            found.append((structure, outputs))
            return outputs[0] if structure == NUMBER and len(outputs) == 1 else outputs

        numbers = call.numbers.to_array()
        try:
            with hold_collector():
                traced = trace(flat, [np.zeros(len(numbers))], self.parameters)
                program = Program(traced, self.options, began)
        except (ControlFlowError, TypeError) as error:
            if isinstance(error, ControlFlowError) or call.numbers.holds_integers:
                error.add_note(
                    "If an argument with few values decides here, such as a count, name it in static: compile(f, "
                    "static='n') compiles once for each."
                )
            raise
        (first, outputs), (second, others) = found
        numbers_of = [[x for x in each if not isinstance(x, Value)] for each in (outputs, others)]
        if first != second or not all(map(same_number, *numbers_of)):
            raise CompileError(
                "The function that is being compiled gives other results each time it is called, for the same "
                "arguments, apart from what is computed from these. Random numbers and counters would be frozen into "
                "the program: pass them as arguments, or do not compile it."
            )
        again = set(collect_below((), (), others).constants)  # what f makes itself is not among them
        captured = tuple([leaf for leaf in traced.constants if leaf in again])
        owners = (static.thing for structure in call.structures for static in statics(structure))
        arguments = ", ".join(map(describe, names, call.structures))
        surroundings = Surroundings(self._f, owners)
        return _Kept(program, first, captured, surroundings, arguments)

    def _by_parameters(self, argnums: Places) -> bool:
        return argnums is None and bool(self.parameters)

    def _by_inputs(
        self, derive: Callable[..., Any], call: _Call, numbers: Array, argnums: Places, **options: Any
    ) -> Any:
        """Differentiate by all numbers of a call; None where one that was not chosen may have no derivative.

        That of x**n by n is no number at x = −2, and nobody asks for it: the function itself has to be called.
        """
        try:
            return derive(numbers, wrt="inputs", **options)
        except (DomainError, NonFiniteGradientError):
            asked = np.zeros(numbers.size, bool)
            for _, piece in self._pieces(call, asked, argnums):
                piece[:] = True
            if asked.all():
                raise
        return None

    def _pieces(self, call: _Call, numbers: Array, argnums: Places) -> list[tuple[Structure, Array]]:
        """Cut the last axis of an array, which counts all numbers of a call, into that of each chosen argument."""
        first, places = len(self._before), len(call.structures) - len(call.names)
        bounds = np.cumsum([0, *map(size, call.structures)])
        pieces = []
        for number in _listed(argnums):
            if not first - places <= number < places - first:
                by_name = ": give those to differentiate by their place, not their name" if call.names else ""
                raise TypeError(
                    f"argnums names argument {number}, but the function was called with {places - first} argument(s)"
                    f"{by_name}."
                )
            place = first + number % (places - first)
            if isinstance(call.structures[place], Static):
                raise TypeError(
                    f"argnums names argument {number}, but {call.structures[place]!r} is no number to differentiate by."
                )
            pieces.append((call.structures[place], numbers[..., bounds[place] : bounds[place + 1]]))
        return pieces

    def _on_engine(self, word: str, argnums: Places) -> Callable[..., Any]:
        """Return a derivative of the function itself."""
        if self._by_parameters(argnums):
            raise CompileError(
                f"{word} by the parameters gives numbers, which would be lost to the derivative that is being taken "
                "around it. Call the function, and take gradients(y, parameters, create_graph=True) of its result."
            )
        take: Callable[..., Any] = getattr(functional, word)
        return take(lambda *args, **named: self._f(*self._before, *args, **named), 0 if argnums is None else argnums)  # type: ignore[no-any-return]

    def _numbers_on_engine(self, word: str, argnums: Any, args: Any, named: Any) -> Any:
        with no_grad():  # whatever takes a gradient outside of the function
            return self._on_engine(word, argnums)(*args, **named)


def _is_one(argnums: Places) -> bool:
    return argnums is None or isinstance(read_argnums(argnums), int)


def _listed(argnums: Places) -> Sequence[int]:
    if argnums is None:
        return [0]
    chosen = read_argnums(argnums)
    return [chosen] if isinstance(chosen, int) else chosen


def _find_static(f: Callable[..., Any], static: Chosen) -> frozenset[str | int]:
    """Return the places and the names of static arguments.

    Raises:
        CompileError: f has no such argument.
    """
    chosen = [static] if isinstance(static, str) or not isinstance(static, Iterable) else list(static)
    if not chosen:
        return frozenset()
    kinds = list(inspect.signature(f).parameters.values())
    by_place = [p.name for p in kinds if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    found: set[str | int] = set()
    for each in chosen:
        name = each
        with suppress(TypeError, IndexError):
            name = by_place[operator.index(each)]  # type: ignore[arg-type]  # a text is no place
        if name not in [p.name for p in kinds]:
            raise CompileError(f"static names {each!r}, but the function takes {', '.join(p.name for p in kinds)}.")
        found.add(name)
        if name in by_place:
            found.add(by_place.index(str(name)))
    return frozenset(found)
