"""Tracing: a function is called on Values, and the graph that it records becomes the program.

While a function is traced its numbers are those of one example, and nothing in the graph may depend on them: a
branch on a traced number, a number taken out of a Value, and randomness are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import ops, tree
from autograd.arrays import is_array
from autograd.compiler.results import check_regular, take_differentiated, values
from autograd.context import enable_grad, tracing
from autograd.errors import CompileError, ControlFlowError, OpDefinitionError
from autograd.floats import real_number, real_result, user_line
from autograd.functional import argument_names
from autograd.graph import same_number, topological
from autograd.op import Op
from autograd.recording import new_node
from autograd.value import PARAMETER, Value

__all__ = ["Argument", "Trace", "Traced", "collect_below", "trace", "tracing"]

NOT_TAKEN = math.nan  # the slope of a traced operation


class Argument(NamedTuple):
    """One argument of the function: its name, its nested shape, and a Value for each of its numbers."""

    name: str
    shape: tuple[int, ...]
    leaves: tuple[Value, ...]


class Traced(NamedTuple):
    """A function's graph.

    Attributes:
        arguments: what the function was called with.
        parameters: what the program differentiates by, in order.
        constants: every other leaf; its number is read anew at each run.
        result: what the function gave: a Value, or (nested) lists and tuples of Values.
        nodes: every node below the result, operands first; leaves among them.
    """

    arguments: tuple[Argument, ...]
    parameters: tuple[Value, ...]
    constants: tuple[Value, ...]
    result: Any
    nodes: tuple[Value, ...]

    @property
    def below_first(self) -> frozenset[Value]:
        """The nodes below what is differentiated: it is walked down first, so that all else stands behind it."""
        first = frozenset(values(take_differentiated(self.result)))
        end = next((k for k in range(len(self.nodes), 0, -1) if self.nodes[k - 1] in first), 0)
        return frozenset(self.nodes[:end])

    @property
    def edges(self) -> int:
        """How many operands are Values."""
        return sum(isinstance(v, Value) for node in self.nodes for v in node.operands)


class Trace:
    """What the recorders write to while a function is traced: nodes whose slopes are not taken yet."""

    def __init__(self, arguments: Iterable[Value]) -> None:
        self.arguments = frozenset(arguments)

    def record(self, op: Op, operands: tuple[Any, ...], *, paused: bool) -> Value:
        """Record one operation; where the example's numbers have no result, it is NaN."""
        numbers: list[float] = []
        slopes: list[float | None] = []
        for v in operands:
            if type(v) is Value:
                numbers.append(v._data)
                slopes.append(NOT_TAKEN)
            else:
                numbers.append(v)
                slopes.append(None)
        try:
            out = op.forward(*numbers)
            if type(out) is not float or out - out != 0.0:
                out = real_result(op, out, numbers)
        except OpDefinitionError:
            raise
        except (ArithmeticError, ValueError):
            out = math.nan
        node = new_node(op, operands, out, slopes)
        return new_node(ops.detached, (node,), out, [0.0]) if paused else node

    def holds(self, v: object) -> bool:
        """Whether v is computed here, or differs from run to run."""
        return type(v) is Value and (v._x is not None or v._y is PARAMETER or v in self.arguments)

    def check_leaving(self, v: Value, how: str) -> None:
        """Check that the number of v may leave the graph.

        Raises:
            ControlFlowError: the number of this one example would be used for every other.
        """
        if self.holds(v):
            raise ControlFlowError(
                f"The function that is being compiled takes the number out of {v._describe()} with {how}{user_line()}: "
                "the number of this one example would be used for every other. Compute with the Value itself, and take "
                "numbers out of the program's results."
            )

    def check_branching(self, v: Value) -> None:
        """Check that a branch may depend on v.

        Raises:
            ControlFlowError: it would be taken for every other example too.
        """
        if self.holds(v):
            raise ControlFlowError(
                "The function that is being compiled takes a branch that depends on a traced number"
                f"{user_line()}: the branch of this one example would be taken for every other. Write where(x > 0, a, "
                "b), or maximum, minimum, largest for a choice by size."
            )

    def detach(self, v: Value) -> Value:
        """Hold a traced number constant."""
        return new_node(ops.detached, (v,), v._data, [0.0])


def trace(f: Callable[..., Any], example: Sequence[Any], parameters: Iterable[Value]) -> Traced:
    """Call a function on Values and collect its graph.

    It is called twice: what differs between two graphs of one example would be frozen into the program.

    Args:
        f: the function.
        example: an argument each: a number, nested lists of numbers or an array.
        parameters: leaves that the function uses and that the program differentiates by.

    Raises:
        CompileError: the result is no Value, or the two graphs differ.
        ControlFlowError: the function looks at a traced number.
    """
    if not callable(f):
        raise CompileError(f"compile takes a function first, not {f!r}: compile(f, *example).")
    listed = tuple(tree.leaves(parameters if is_array(parameters) else list(parameters)))
    for place, parameter in enumerate(listed):
        if type(parameter) is Value and parameter._x is None:
            continue
        if not isinstance(parameter, Value) or not parameter.is_leaf:
            what = "no Value" if not isinstance(parameter, Value) else "no leaf: an operation computed it"
            raise CompileError(
                f"parameters[{place}] is {what}. Pass the leaves to differentiate by, such as model.parameters()."
            )
    if len(set(listed)) < len(listed):
        raise CompileError("A parameter stands twice in parameters. Pass each Value once.")
    found = enumerate(argument_names(f, len(example)))
    names = [name if name.isidentifier() else f"x{place}" for place, name in found]
    first = _run(f, _lift(names, example), listed)
    second = _run(f, _lift(names, example), listed)  # on other leaves: what it remembers of the first differs
    _check_same(first, second)
    return first


def _run(f: Callable[..., Any], lifted: list[tuple[Argument, Any]], parameters: tuple[Value, ...]) -> Traced:
    arguments = tuple(argument for argument, _ in lifted)
    inputs = [leaf for argument in arguments for leaf in argument.leaves]
    # The example's numbers stand for others: what NumPy says of them is no warning.
    with np.errstate(all="ignore"), enable_grad(), tracing(Trace([*inputs, *parameters])):
        try:
            result = f(*(given for _, given in lifted))
        except IndexError as error:
            if "used as indices" in str(error):  # v[v > 0]: NumPy asks no Value before it says so
                raise ControlFlowError(
                    "The function that is being compiled picks entries of an array by traced numbers, as v[v > 0] "
                    "does: those of this one example would be picked for every other. Write where(v > 0, v, 0.0), "
                    "which keeps every place."
                ) from error
            raise
    outputs = list(values(result))
    if not outputs:
        raise CompileError(
            f"The function that is being compiled gave {result!r}, which depends on nothing. Return a Value, or a list "
            "or tuple of Values."
        )
    check_regular(result)
    return collect_below(arguments, parameters, result)


def collect_below(arguments: tuple[Argument, ...], parameters: tuple[Value, ...], result: Any) -> Traced:
    """Collect the graph of a result; leaves that are neither inputs nor parameters are constants."""
    nodes = tuple(topological(list(values(result))))
    known = {*parameters, *(leaf for argument in arguments for leaf in argument.leaves)}
    constants = tuple(node for node in nodes if node._x is None and node not in known)
    return Traced(arguments, parameters, constants, result, nodes)


def _lift(names: list[str], example: Sequence[Any]) -> list[tuple[Argument, Any]]:
    """Make a Value for each number of each argument; sequences of every kind become lists."""
    lifted = []
    for name, given in zip(names, example, strict=True):
        try:
            shape = tree.shape(given)
        except ValueError:
            raise CompileError(
                f"The example for {name} is ragged: give it lists of one length on each level."
            ) from None
        numbers = tree.leaves_with_places(given, name, is_leaf=lambda part: isinstance(part, dict))
        leaves = tuple([Value(real_number(x, f"The example for {place}"), place) for place, x in numbers])
        lifted.append((Argument(name, shape, leaves), _nest(given, leaves, shape)))
    return lifted


def _nest(given: Any, leaves: Sequence[Value], shape: tuple[int, ...]) -> Any:
    """Give the Values of an argument its shape: an array where an array was given, lists otherwise."""
    if is_array(given):
        return tree.rebuild(given, leaves)
    return _nest_lists(iter(leaves), shape)


def _nest_lists(rest: Iterator[Value], lengths: tuple[int, ...]) -> Any:
    return [_nest_lists(rest, lengths[1:]) for _ in range(lengths[0])] if lengths else next(rest)


def _check_same(first: Traced, second: Traced) -> None:
    """Compare the graphs of two calls: operations, wiring and the numbers that stand in them."""
    if len(first.nodes) != len(second.nodes):
        raise _differs(f"it recorded {len(first.nodes):,} nodes at first and {len(second.nodes):,} then")
    inputs, others = ([leaf for each in call.arguments for leaf in each.leaves] for call in (first, second))
    given = {*first.parameters, *inputs}
    stay = given.union(others, {*first.constants} & {*second.constants})  # other leaves are made in each call
    same = dict(zip(others, inputs, strict=True))
    twin: dict[Any, Value] = {}
    for one, other in zip(first.nodes, second.nodes, strict=True):
        twin[other] = one
        a, b = one._x, other._x
        if one._op is not other._op or (a is None) != (b is None):
            if a is not None is not b and one._op.name == other._op.name:
                raise CompileError(
                    f"The function that is being compiled makes the operation {one._op.name} anew each time it is "
                    "called: make it once, outside the function."
                )
            raise _differs(f"{one._describe()} was {other._describe()} the second time")
        if a is None:
            if same.get(other, other) is not one and not (
                stay.isdisjoint((one, other)) and same_number(one._data, other._data)
            ):
                kind = "" if one in given else "the constant "
                raise _differs(f"{kind}{one._describe()} was {other._describe()} the second time")
        elif type(a) is tuple:
            _check_same_operands(one, a, b, twin)
        elif twin.get(b, b) is not a or (one._y is not other._y and twin.get(other._y) is not one._y):
            _check_same_operands(one, one.operands, other.operands, twin)


def _check_same_operands(node: Value, operands: Sequence[Any], others: Sequence[Any], twin: dict[Any, Value]) -> None:
    for a, b in zip(operands, others, strict=False):
        if a is b:
            continue
        if isinstance(a, Value) != isinstance(b, Value):
            raise _differs(f"an operand of {node._describe()} was a number once and a Value once")
        if isinstance(a, Value):
            if twin[b] is not a:
                raise _differs(f"{node._describe()} was computed from other operands the second time")
        elif not same_number(a, b):
            raise _differs(f"{node._op.name} had the operand {a:.6g} at first and {b:.6g} then")
    if len(operands) != len(others):
        raise _differs(f"{node._describe()} had {len(operands)} operands and {len(others)} then")


def _differs(how: str) -> CompileError:
    return CompileError(
        "The function that is being compiled gives another graph each time it is called, for the same example: "
        f"{how}. Random numbers (dropout, sampling) and counters would be frozen into the program: pass them as "
        "inputs, or do not compile it."
    )
