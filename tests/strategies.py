"""Random functions to compile: programs over the catalogue, and networks wired in every way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from eager import lifted, tame
from hypothesis import strategies as st

from autograd import (
    CATALOGUE,
    Value,
    atan,
    cos,
    dot,
    hypot,
    identity,
    leaky_relu,
    maximum,
    minimum,
    ops,
    relu,
    sigmoid,
    sin,
    softplus,
    square,
    tanh,
    total,
    where,
)
from autograd.testing.strategies import Expression, expressions, networks, numbers

ROLES = ("input", "parameter", "number read anew", "number written in")


@dataclass(frozen=True)
class Case:
    """A function to compile, what it is differentiated by, and a batch.

    Attributes:
        f: the function.
        batch: an array (examples, *shape) for each argument.
        parameters: leaves it uses.
        story: what a failure prints.
        parts: the function giving numbers on the way as well, if there is such a one.
    """

    f: Any
    batch: tuple[Any, ...]
    parameters: tuple[Value, ...]
    story: str
    parts: Any = None

    @property
    def example(self) -> tuple[Any, ...]:
        """The shape of one example; its numbers are beside the point."""
        return tuple(np.full(array.shape[1:], 0.5) for array in self.batch)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def __repr__(self) -> str:
        w = ", ".join(f"{p.name} = {p.data!r}" for p in self.parameters)
        return f"{self.story} with {w or 'no parameters'} at {[array.tolist() for array in self.batch]}"


#: What both backends compute: to round a decimal digit as Python does takes Python.
REPLAYED = [op for op in CATALOGUE if op is not ops.round]


@st.composite
def programs(draw: st.DrawFn, *, steps: int = 8, batch: int = 4, operations: Any = REPLAYED) -> Case:
    """Generate programs over the catalogue or small networks, whose inputs play any role in the compiled function.

    The examples lie around the point that the program is defined at; those that come near a kink are left out.
    """
    expression: Expression = draw(expressions(steps=steps, operations=operations) | networks(width=3))
    roles = draw(st.lists(st.sampled_from(ROLES), min_size=len(expression.point), max_size=len(expression.point)))
    places = [i for i, role in enumerate(roles) if role == "input"]
    given: dict[int, Any] = {}
    for i, (name, number, role) in enumerate(zip(expression.names, expression.point, roles, strict=True)):
        if role != "input":
            given[i] = number if role == ROLES[3] else Value(number, name)
    parameters = tuple(given[i] for i, role in enumerate(roles) if role == "parameter")
    split = draw(st.integers(0, len(places)))  # two arguments, either of which may hold nothing
    first, second = places[:split], places[split:]

    def f(xs: list[Any], ys: list[Any]) -> Any:
        registers = given | dict(zip(first, xs, strict=True)) | dict(zip(second, ys, strict=True))
        y = expression.run([registers[i] for i in range(len(expression.point))])
        return y if isinstance(y, Value) else y + Value(0.0)

    examples = []
    for _ in range(draw(st.integers(1, batch))):
        row = [expression.point[i] + draw(numbers(-0.02, 0.02)) for i in places]
        xs, ys = row[: len(first)], row[len(first) :]
        try:
            fine = tame(f(lifted(xs), lifted(ys)))
        except (ArithmeticError, ValueError):
            fine = False
        if fine:
            examples.append((xs, ys))
    if not examples:
        row = [expression.point[i] for i in places]
        examples.append((row[: len(first)], row[len(first) :]))
    arrays = tuple(np.array([e[k] for e in examples], dtype=float).reshape(len(examples), -1) for k in (0, 1))
    return Case(f, arrays, parameters, f"{expression!r}, {', '.join(roles)}")


ACTIVATIONS = (tanh, sigmoid, softplus, relu, leaky_relu, identity)


def _left_to_right(ws: list[Any], xs: list[Any], b: Any) -> Any:
    s = ws[0] * xs[0]
    for w, x in zip(ws[1:], xs[1:], strict=True):
        s = s + x * w
    return s + b


#: A neuron's weighted sum, as people write it.
SUMS = (
    lambda ws, xs, b: dot(ws, xs, b),
    lambda ws, xs, b: dot(xs, ws) + b,
    lambda ws, xs, b: sum((w * x for w, x in zip(ws, xs, strict=True)), b),  # micrograd
    _left_to_right,
    lambda ws, xs, b: total([*(w * x for w, x in zip(ws, xs, strict=True)), b]),
    lambda ws, xs, b: total([w * x for w, x in zip(ws, xs, strict=True)]) - b,
)


@st.composite
def wirings(draw: st.DrawFn, *, parts: int = 4, batch: int = 4) -> Case:
    """Generate networks wired by hand: layers, windows with shared weights, recurrences and skips, in any order.

    Each part reads some of the numbers so far and adds some; weights are new ones or those of an earlier part. Examples
    that come near a kink are left out.
    """
    count = draw(st.integers(1, 4))
    weights: list[Value] = []
    plan: list[tuple[Any, Any, list[tuple[list[int], list[int], int]]]] = []
    known = count

    def chosen(size: int) -> list[int]:
        if len(weights) >= size and draw(st.booleans()):
            start = draw(st.integers(0, len(weights) - size))
            return list(range(start, start + size))
        weights.extend(Value(draw(numbers(-1.0, 1.0)), f"w[{len(weights)}]") for _ in range(size))
        return list(range(len(weights) - size, len(weights)))

    for _ in range(draw(st.integers(1, parts))):
        width = draw(st.integers(1, min(3, known)))
        neurons: list[tuple[list[int], list[int], int]] = []
        kind = draw(st.sampled_from(("layer", "windows", "recurrence", "strays")))
        if kind == "layer":
            read = draw(st.permutations(range(known)))[:width]
            neurons = [(chosen(width), read, chosen(1)[0]) for _ in range(draw(st.integers(1, 3)))]
        elif kind == "windows":
            shared, bias = chosen(width), chosen(1)[0]
            neurons = [(shared, list(range(i, i + width)), bias) for i in range(min(4, known - width + 1))]
        elif kind == "recurrence":
            shared, bias = chosen(2), chosen(1)[0]
            neurons = [(shared, [i, known - 1 + i], bias) for i in range(min(3, known))]
        else:
            read = [draw(st.integers(0, known - 1)) for _ in range(width)]
            neurons = [(chosen(width), read, chosen(1)[0])]
        plan.append((draw(st.sampled_from(SUMS)), draw(st.sampled_from(ACTIVATIONS)), neurons))
        known += len(neurons)
    outputs = draw(st.integers(1, 3))

    def f(xs: list[Any]) -> Any:
        numbers = list(xs)
        for weighted_sum, activation, neurons in plan:
            for places, read, bias in neurons:
                s = weighted_sum([weights[i] for i in places], [numbers[i] for i in read], weights[bias])
                numbers.append(activation(s))
        return 0.5 * total([square(y - 0.25) for y in numbers[-outputs:]])

    rows = draw(st.lists(st.lists(numbers(-2.0, 2.0), min_size=count, max_size=count), min_size=1, max_size=batch))
    fine = [row for row in rows if tame(f(lifted(row)))]
    story = "; ".join(f"{a.name} of sum {SUMS.index(s)} over {neurons}" for s, a, neurons in plan)
    return Case(f, (np.array(fine, dtype=float).reshape(len(fine), count),), tuple(weights), story)


#: Operations that keep numbers small however long a chain of them is.
BOUNDED = (
    lambda x, y: tanh(x + y), lambda x, y: sin(x) * y, lambda x, y: cos(x - y), lambda x, y: sigmoid(x) - 0.5 * y,
    lambda x, y: atan(x) * 0.7, lambda x, y: minimum(x, 0.3 * y), lambda x, y: maximum(x, -y),
    lambda x, y: x / (1.0 + square(y)), lambda x, y: tanh(hypot(x, y)), lambda x, y: where(x > y, 0.5 * x, tanh(y)),
    lambda x, y: -x, lambda x, y: relu(x) * 0.9,
)  # fmt: skip


@st.composite
def chains(draw: st.DrawFn) -> Case:
    """Generate long irregular graphs, in which hardly any operation has a neighbour of its kind."""
    picks = st.tuples(st.integers(0, len(BOUNDED) - 1), st.integers(1, 4), st.integers(1, 6))
    steps = draw(st.lists(picks, min_size=40, max_size=70))
    point = draw(st.lists(numbers(-1.0, 1.0), min_size=3, max_size=5))
    weights = tuple(Value(number, f"w[{i}]") for i, number in enumerate(point[2:]))

    kept = draw(st.integers(1, 9))

    def parts(x: Any, y: Any) -> Any:
        known = [*weights, x, y, x * weights[0]]
        for operation, near, far in steps:
            known.append(BOUNDED[operation](known[-min(near, len(known))], known[-min(far, len(known))]))
        return total(known[-3:]), known[::kept]

    def f(x: Any, y: Any) -> Any:
        return parts(x, y)[0]

    rows = draw(st.lists(st.tuples(numbers(-1.0, 1.0), numbers(-1.0, 1.0)), min_size=1, max_size=3))
    fine = np.array([row for row in rows if tame(f(*map(Value, row)))], dtype=float).reshape(-1, 2)
    return Case(f, (fine[:, 0], fine[:, 1]), weights, f"chain of {steps}", parts)
