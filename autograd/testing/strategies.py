"""Hypothesis strategies: random Values, random programs over the catalogue, random small networks.

Needs `hypothesis`, which nothing else in the package imports.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from hypothesis import strategies as st

from autograd import ops
from autograd.floats import slopes_on_floats
from autograd.op import Op
from autograd.value import Value

__all__ = ["Expression", "Step", "expressions", "networks", "values"]

#: Whether a program gets another step. A flag before each one, rather than a number of steps, lets hypothesis leave
#: single steps out of a failure.
GO_ON = st.sampled_from((False, *(True,) * 9))

#: What keeps random programs so tame that differences and other engines can be compared with: sizes of results and
#: slopes, and the distance from kinks and from the ends of domains.
LARGEST_NUMBER = 100.0
LARGEST_SLOPE = 30.0
MARGIN = 0.05


class Step(NamedTuple):
    """One operation of an `Expression`.

    Attributes:
        op: the operation.
        operands: for each operand the number of a register (an int), or a constant (a float). The inputs
            are the first registers; each step adds one.
    """

    op: Op
    operands: tuple[int | float, ...]


@dataclass(frozen=True)
class Expression:
    """A small program over the catalogue, with a point that it is defined at.

    Call it with as many numbers as it has inputs, of any one kind: floats, Values, symbols, arrays. Its
    result is the last step's. Steps share registers, so that the graph of Values has shared nodes.

    Attributes:
        point: a number for each input.
        steps: the operations, in order.
        names: what the inputs are called.

    Example:
        >>> f = Expression((2.0,), (Step(ops.square, (0,)), Step(ops.mul, (1, 0))), ("x1",))
        >>> f
        f(x1 = 2.0): r1 = square(x1); r2 = mul(r1, x1)
        >>> f(3.0), f(*f.values()).data
        (27.0, 8.0)
    """

    point: tuple[float, ...]
    steps: tuple[Step, ...]
    names: tuple[str, ...]

    def __call__(self, *xs: Any) -> Any:
        """Compute the result from the inputs."""
        return self.run(xs)

    def run(self, xs: Sequence[Any], apply: Callable[[Op, tuple[Any, ...]], Any] = Op.apply) -> Any:
        """Compute the result with another library.

        Args:
            xs: the inputs, of any kind that `apply` takes.
            apply: applies an operation to its operands, those of an n-ary one in a row; constants are floats.
        """
        registers = list(xs)
        if len(registers) != len(self.point):
            raise TypeError(f"The program takes {len(self.point)} inputs, got {len(registers)}.")
        for op, operands in self.steps:
            registers.append(apply(op, tuple(registers[x] if type(x) is int else x for x in operands)))
        return registers[-1]

    def values(self) -> list[Value]:
        """Make fresh leaves at the point, with the inputs' names."""
        return [Value(number, name=name) for number, name in zip(self.point, self.names, strict=True)]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # hypothesis prints the parts of a dataclass otherwise

    def __repr__(self) -> str:
        known = list(self.names) + [f"r{place}" for place in range(1, len(self.steps) + 1)]
        inputs = ", ".join(f"{name} = {number!r}" for name, number in zip(self.names, self.point, strict=True))
        steps = [
            f"{known[len(self.point) + place]} = {op.name}"
            f"({', '.join(known[x] if type(x) is int else repr(x) for x in operands)})"
            for place, (op, operands) in enumerate(self.steps)
        ]
        return f"f({inputs}): {'; '.join(steps)}"


@cache
def numbers(low: float = -3.0, high: float = 3.0) -> st.SearchStrategy[float]:
    """Generate floats of few digits, which read well in a report."""
    return st.integers(round(low * 1000), round(high * 1000)).map(lambda n: n / 1000)


def values(
    low: float = -3.0, high: float = 3.0, *, name: str | None = None, requires_grad: bool = True
) -> st.SearchStrategy[Value]:
    """Generate leaves.

    Args:
        low: the least number.
        high: the largest number.
        name: what each is called.
        requires_grad: False for frozen ones.
    """
    return numbers(low, high).map(lambda number: Value(number, name=name, requires_grad=requires_grad))


@cache
def places(count: int) -> st.SearchStrategy[int]:
    """Generate places in a list of so many; made once for each length, as hypothesis takes long to make a strategy."""
    return st.integers(0, count - 1)


@cache
def further_operands(registers: int) -> st.SearchStrategy[list[int | float]]:
    """Generate up to three operands: registers of so many, and constants."""
    return st.lists(places(registers) | numbers(), max_size=3)


@cache
def points(inputs: int) -> st.SearchStrategy[list[float]]:
    """Generate points of up to so many inputs."""
    return st.lists(numbers(), min_size=1, max_size=inputs)


@cache
def weights(count: int) -> st.SearchStrategy[list[float]]:
    """Generate so many numbers from −1 to 1."""
    return st.lists(numbers(-1.0, 1.0), min_size=count, max_size=count)


@st.composite
def expressions(
    draw: st.DrawFn, *, inputs: int = 4, steps: int = 12, operations: Sequence[Op] = ops.CATALOGUE, smooth: bool = True
) -> Expression:
    """Generate programs whose operations stay inside their domains, with shared nodes.

    Args:
        inputs: the most inputs.
        steps: the most operations.
        operations: what to choose from; loose ends are joined by sums, differences and products besides.
        smooth: keep away from kinks, from the ends of domains, and from large numbers and slopes, so that
            the derivatives can be compared with differences.

    Returns:
        a strategy of `Expression`; every step contributes to the result, not every input has to.
    """
    point = tuple(draw(points(inputs)))
    registers = list(point)
    made: list[Step] = []
    loose = [0]  # registers that nothing uses yet, and the first input
    for _ in range(steps):
        if made and not draw(GO_ON):
            break
        # Each step takes up a loose end, so that nothing is computed in vain.
        others = draw(further_operands(len(registers)))
        operands = [loose[-1 - draw(places(len(loose)))], *others]
        operands = operands[::-1] if draw(st.booleans()) else operands
        fitting = _fitting(draw, operations, operands, registers, smooth=smooth)
        if fitting is None:
            continue
        step, out = fitting
        made.append(step)
        registers.append(out)
        used = {x for x in step.operands if type(x) is int}
        loose = [x for x in loose if x not in used] + [len(registers) - 1]
    while len(loose) > 1 or not made:
        joined = _fitting(draw, (ops.add, ops.mul, ops.sub, ops.largest), loose[-2:], registers, smooth=False)
        assert joined is not None  # the largest of two numbers is always defined
        made.append(joined[0])
        registers.append(joined[1])
        loose = [*loose[:-2], len(registers) - 1]
    names = tuple(f"x{place}" for place in range(1, len(point) + 1))
    return Expression(point, tuple(made), names)


def _fitting(
    draw: st.DrawFn,
    operations: Sequence[Op],
    given: Sequence[int | float],
    registers: Sequence[float],
    *,
    smooth: bool,
) -> tuple[Step, float] | None:
    """Draw an operation; where it is not defined at these operands, take the next one that is."""
    first = draw(places(len(operations)))
    for op in (*operations[first:], *operations[:first]):
        # A unary operation takes the first operand; where too few are given they come again.
        operands = tuple(given) if op.nary else tuple((list(given) * 3)[: len(op.slopes)])
        if not any(type(x) is int for x in operands):
            continue
        numbers = tuple(registers[x] if type(x) is int else x for x in operands)
        if smooth and op is ops.where and type(operands[0]) is int and abs(numbers[0]) < MARGIN:
            continue  # a step of the condition would take the other branch
        out = _result(op, numbers, smooth)
        if out is not None:
            return Step(op, operands), out
    return None


def _result(op: Op, operands: tuple[float, ...], smooth: bool) -> float | None:
    """Compute an operation; None where it is undefined, or for a smooth program not tame."""
    try:
        out: float = op.apply(operands)
    except (ArithmeticError, ValueError):
        return None
    if not smooth:
        return out
    intervals = op.domain * (len(operands) if op.nary else 1)
    if any(not low + MARGIN <= x <= high - MARGIN for x, (low, high) in zip(operands, intervals, strict=True)):
        return None
    if op.kink is not None and abs(op.kink(*operands)) < MARGIN:
        return None
    slopes = slopes_on_floats(op, out, operands, (True,) * len(operands))
    tame = abs(out) <= LARGEST_NUMBER and all(slope is not None and abs(slope) <= LARGEST_SLOPE for slope in slopes)
    return out if tame else None


ACTIVATIONS = (
    ops.tanh,
    ops.sigmoid,
    ops.softplus,
    ops.silu,
    ops.gelu,
    ops.sin,
    ops.relu,
    ops.leaky_relu,
    ops.elu,
    ops.identity,
)


@st.composite
def networks(
    draw: st.DrawFn, *, inputs: int = 3, layers: int = 2, width: int = 4, activations: Sequence[Op] = ACTIVATIONS
) -> Expression:
    """Generate small networks of `dot` neurons, with half the squared error as their result (lecture L1.4).

    The inputs of the program are the network's inputs x1, x2, …, then all weights and biases, named as in
    ``W1[0][1]`` and ``b1[0]``. Some layers also see the network's inputs (skip connections, lecture L5.5),
    and some have no bias. Activations with a kink are `tanh` where the neuron is close to it.

    Args:
        inputs: the most inputs.
        layers: the most hidden layers.
        width: the most neurons in a layer.
        activations: what to choose from, one for each layer.
    """
    count = draw(st.integers(1, inputs))
    hidden = draw(st.lists(st.integers(1, width), min_size=1, max_size=layers))
    sizes = [*hidden, draw(st.integers(1, 2))]
    point, names = draw(weights(count)), [f"x{i}" for i in range(1, count + 1)]
    plan: list[tuple[list[list[int]], list[int], bool, Op]] = []
    incoming = count
    for layer, size in enumerate(sizes, start=1):
        skip, bias = layer > 1 and draw(st.booleans()), draw(st.booleans())
        fan_in = incoming + count * skip
        rows = [[len(point) + fan_in * i + j for j in range(fan_in)] for i in range(size)]
        names += [f"W{layer}[{i}][{j}]" for i in range(size) for j in range(fan_in)]
        point += draw(weights(fan_in * size))
        biases = [len(point) + i for i in range(size)] if bias else []
        names += [f"b{layer}[{i}]" for i in range(len(biases))]
        point += draw(weights(len(biases)))
        plan.append((rows, biases, skip, draw(st.sampled_from(activations))))
        incoming = size

    program = _Program(point)
    outputs = list(range(count))
    for rows, biases, skip, activation in plan:
        seen = outputs + (list(range(count)) if skip else [])
        outputs = []
        for i, row in enumerate(rows):
            s = program.add(ops.dot, *row, *seen, *biases[i : i + 1])
            extra = activation.defaults
            near = activation.kink is not None and abs(activation.kink(program.registers[s], *extra)) < MARGIN
            outputs.append(program.add(ops.tanh, s) if near else program.add(activation, s, *extra))
    errors = [program.add(ops.square, program.add(ops.sub, output, draw(numbers(-1.0, 1.0)))) for output in outputs]
    program.add(ops.mul, program.add(ops.total, *errors), 0.5)
    return Expression(tuple(point), tuple(program.steps), tuple(names))


class _Program:
    """Steps in the making, with the numbers they give."""

    def __init__(self, point: Sequence[float]) -> None:
        self.registers = list(point)
        self.steps: list[Step] = []

    def add(self, op: Op, *operands: int | float) -> int:
        numbers = tuple(self.registers[x] if type(x) is int else float(x) for x in operands)
        self.registers.append(op.apply(numbers))
        self.steps.append(Step(op, operands))
        return len(self.registers) - 1
