"""Mistakes in the sweep, shown on a toy: an engine of its own, so small that each mistake is all there is to see.

Its numbers know +, − and ×; each remembers its operands with the slopes, as edgegrad's do.
"""

from __future__ import annotations

import math
from itertools import count
from typing import Any

from autograd.op import Op
from autograd.testing.check import check_gradients
from autograd.testing.gallery.exhibit import Exhibit

__all__ = ["SWEEPS", "Toy", "check_engine"]

_births = count()


class Toy:
    """A number that remembers its operands, each with ∂self/∂operand: (operand, slope) pairs."""

    def __init__(self, data: float, *edges: tuple[Any, float]) -> None:
        self.data, self.grad, self.edges, self.born = data, 0.0, edges, next(_births)

    def __add__(self, other: Any) -> Any:
        return type(self)(self.data + other.data, (self, 1.0), (other, 1.0))

    def __sub__(self, other: Any) -> Any:
        return type(self)(self.data - other.data, (self, 1.0), (other, -1.0))

    def __mul__(self, other: Any) -> Any:
        return type(self)(self.data * other.data, (self, other.data), (other, self.data))

    def backward(self) -> None:
        """Add ∂self/∂leaf to each leaf's `grad`, and show the adjoint of every other number in its own."""
        nodes = self.order()
        for node in nodes:
            node.grad = 0.0 if node.edges else node.grad
        self.grad = 1.0
        for node in nodes:
            for operand, slope in node.edges:
                operand.grad += slope * node.grad

    def order(self) -> list[Any]:
        """List what `self` was computed from, youngest first: who uses a number is younger than the number."""
        found, waiting = {self}, [self]
        while waiting:
            for operand, _ in waiting.pop().edges:
                if operand not in found:
                    found.add(operand)
                    waiting.append(operand)
        return sorted(found, key=lambda node: -node.born)


class Overwriting(Toy):
    """The toy with `=` for `+=`."""

    def backward(self) -> None:
        self.grad = 1.0
        for node in self.order():
            for operand, slope in node.edges:
                operand.grad = slope * node.grad


class DepthFirst(Toy):
    """The toy, sweeping on from each operand at once."""

    def backward(self, root: bool = True) -> None:
        if root:
            self.grad = 1.0
        for operand, slope in self.edges:
            operand.grad += slope * self.grad
            operand.backward(root=False)


class BreadthFirst(Toy):
    """The toy, with its numbers in the order in which they are met."""

    def order(self) -> list[Any]:
        found = [self]
        for node in found:
            found += [operand for operand in dict(node.edges) if operand not in found]
        return found


class OneEdgeEach(Toy):
    """The toy, with its edges in a dict."""

    def __init__(self, data: float, *edges: tuple[Any, float]) -> None:
        super().__init__(data, *dict(edges).items())


class PlusForMinus(Toy):
    """The toy, with addition's slopes for subtraction."""

    def __sub__(self, other: Any) -> Any:
        return type(self)(self.data - other.data, (self, 1.0), (other, 1.0))


class Remembering(Toy):
    """The toy, with sums that no sweep clears."""

    def backward(self) -> None:
        self.grad = 1.0
        for node in self.order():
            for operand, slope in node.edges:
                operand.grad += slope * node.grad


class Recursive(Toy):
    """The toy, with a function that calls itself."""

    def order(self) -> list[Any]:
        listed: list[Any] = []

        def visit(node: Any) -> None:
            if node not in listed:
                for operand, _ in node.edges:
                    visit(operand)
                listed.append(node)

        visit(self)
        return listed[::-1]


def shared(x: Any, y: Any) -> Any:
    """Compute x⁴ + x²y − y with a number that is used twice, x², once directly and once through a sum."""
    s = x * x
    z = s + y
    return s * z - y


def check_engine(engine: Any) -> None:
    """Check an engine's gradient of x⁴ + x²y − y at (3, 2) with `check_gradients`.

    Args:
        engine: makes a number, with +, − and ×, `backward()`, `data` and `grad`; such as `Toy`.

    Raises:
        GradientMismatch: the engine's gradient is wrong.

    Example:
        >>> check_engine(Toy)
    """

    def partial(slot: int) -> Op:
        def forward(*point: float) -> float:
            leaves = [engine(number) for number in point]
            shared(*leaves).backward()
            return float(leaves[slot].grad)

        return Op(f"swept_{slot}", forward, [lambda out, x, y: math.nan] * 2)  # of which no second order is asked

    by_x, by_y = partial(0), partial(1)
    swept = Op("f", shared, [lambda out, x, y: by_x(x, y), lambda out, x, y: by_y(x, y)])
    check_gradients(swept, 3.0, 2.0, order=1)


def check_second_sweep(engine: Any) -> None:
    """Sweep twice: a leaf adds both gradients up, so it must hold twice the first.

    Raises:
        AssertionError: it holds something else.
    """
    x = engine(3.0)
    y = (x * x) * (x * x)
    y.backward()
    once = x.grad
    y.backward()
    if x.grad != 2.0 * once:
        raise AssertionError(
            f"∂x⁴/∂x at 3 is {once:g} after one sweep and {x.grad:g} after two, where {2.0 * once:g} is due."
        )


def check_depth(engine: Any) -> None:
    """Sweep a chain of 10,000 sums, as a recurrent network or a long loop makes one.

    Raises:
        RecursionError: the engine walks its graph by functions that call themselves.
    """
    x = y = engine(1.0)
    for _ in range(10_000):
        y = y + x
    y.backward()
    assert x.grad == 10_001.0


SWEEPS = (
    Exhibit(
        "overwritten gradient",
        Overwriting,
        Toy,
        check_engine,
        "A weight used once is right; one used twice, in the same expression or in two neurons, has too small a "
        "gradient.",
        "The chain rule is a sum over paths. `=` for `+=` keeps the path that came last, and forgets the others.",
    ),
    Exhibit(
        "depth-first revisits",
        DepthFirst,
        Toy,
        check_engine,
        "Gradients below a shared number are too large, the more so the deeper; and the sweep takes ever longer.",
        "At the second visit a node passes on its whole sum, with the part that it passed on at the first. It has to "
        "wait until its sum is complete, and pass it on once.",
    ),
    Exhibit(
        "sweep in order of distance",
        BreadthFirst,
        Toy,
        check_engine,
        "Chains and plain layers are right; a network with a skip connection is not.",
        "Nearest first is no topological order: the short way round reaches a number before the long way has "
        "delivered, and it passes on half its sum.",
    ),
    Exhibit(
        "operands in a set",
        OneEdgeEach,
        Toy,
        check_engine,
        "x * x has slope x in place of 2x, while x * y and x ** 2 are right.",
        "x * x has two edges to the same operand. A set, or a dict with the operand for a key, keeps one.",
    ),
    Exhibit(
        "sign of subtraction",
        PlusForMinus,
        Toy,
        check_engine,
        "Everything is right but what is subtracted: a target, a penalty. Where only its square counts, as in "
        "(O − t)², the loss falls nevertheless, so nobody notices.",
        "x − y has slopes 1 and −1. The line was copied from addition.",
    ),
    Exhibit(
        "adjoints of the last sweep",
        Remembering,
        Toy,
        check_second_sweep,
        "The first backward() is right, and the second adds too much: micrograd's x.grad is 324 for 216 after two "
        "sweeps of x⁴ at 3.",
        "Leaves add up on purpose. The numbers between must start from zero, or each passes the last sweep on again.",
    ),
    Exhibit(
        "recursion",
        Recursive,
        Toy,
        check_depth,
        "Short expressions work; a sum in a loop over a thousand rows ends in a RecursionError.",
        "Python's stack holds a thousand calls. A list of what is waiting holds as many as memory does.",
    ),
)
