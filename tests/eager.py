"""What the engine computes without a compiler, example by example, and how far rounding may carry a program from it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autograd import Graph, Value, gradients, ops
from autograd.floats import slopes_on_floats
from autograd.graph import topological

#: A program and the engine may differ by so many units of `rounding`; 0.9 is the most that 5,000 cases showed.
UNITS = 4.0
#: The largest number that a function of the standard library takes away from another one to find a small result.
INNER_TERMS = {ops.lgamma: 6.02468}  # Lanczos' g, in CPython's Modules/mathmodule.c


class Eager(NamedTuple):
    """A function at every example of a batch.

    Attributes:
        values: (examples,).
        slopes: (examples, parameters), by the parameters.
        inputs: (examples, inputs), by the inputs, those of every argument in a row.
        value_rounding: (examples,); see `rounding`.
        slope_rounding: (examples, parameters).
        input_rounding: (examples, inputs).
    """

    values: Any
    slopes: Any
    inputs: Any
    value_rounding: Any
    slope_rounding: Any
    input_rounding: Any


def leaves_of(nested: Any) -> list[Value]:
    """List the Values of nested lists and arrays."""
    if isinstance(nested, np.ndarray):
        return nested.ravel().tolist()
    return [leaf for item in nested for leaf in leaves_of(item)] if isinstance(nested, list) else [nested]


def lifted(nested: Any) -> Any:
    """Make a Value of each number of nested lists or an array."""
    given = nested.tolist() if isinstance(nested, np.ndarray) else nested
    return [lifted(item) for item in given] if isinstance(given, list) else Value(float(given))


def rounding(y: Value) -> float:
    """Bound, to first order, how many units in the last place of 1 rounding can move y by.

    Every node is taken to be wrong by one unit of itself and of each term that it adds up, and what comes of that
    reaches y along the edges: Σ |∂y/∂v|·(|v| + Σ |∂v/∂operand · operand|). Source: Higham, Accuracy and Stability of
    Numerical Algorithms, 3.3 (running error analysis). Terms that a function adds up within itself count where they
    are larger: of Python's `lgamma` Lanczos' number.
    """
    nodes = list(Graph(y).nodes)
    total = 0.0
    for node, adjoint in zip(nodes, gradients(y, nodes), strict=True):
        if adjoint == 0.0:
            continue
        size = abs(node.data)
        if node.op is not None:
            numbers = tuple(float(v) for v in node.operands)
            slopes = slopes_on_floats(node.op, node.data, numbers, (True,) * len(numbers))
            moved = [abs(slope * x) for slope, x in zip(slopes, numbers, strict=True) if slope is not None]
            size += sum(x for x in moved if math.isfinite(x)) + INNER_TERMS.get(node.op, 0.0)
        total += abs(adjoint) * size
    return total


def rounding_of_sums(y: Value, leaves: Sequence[Value]) -> list[float]:
    """Bound what the order in which contributions to a derivative are added up may do, in units in the last place of 1.

    Of 1 + tiny − 1 it may leave no digit of what is tiny. At each node it is the sizes Σ |∂y/∂v · ∂v/∂node| of what
    comes there from the nodes v that it goes into, and that is carried on to a leaf by ∂node/∂leaf.
    """
    nodes = topological([y])
    sizes = dict.fromkeys(nodes, 0.0)
    for v, adjoint in zip(nodes, gradients(y, nodes), strict=True):
        for edge in v.edges:
            sizes[edge.operand] += abs(adjoint * edge.slope)
    bounds = []
    for leaf in leaves:
        tangents = dict.fromkeys(nodes, 0.0) | {leaf: 1.0}
        for v in nodes:
            tangents[v] += sum(tangents[edge.operand] * edge.slope for edge in v.edges)
        bounds.append(sum(size * abs(tangents[v]) for v, size in sizes.items()))
    return bounds


def tame(y: Value, margin: float = 1e-3) -> bool:
    """Say whether y's graph keeps away from kinks, and every slope is finite."""
    for node in Graph(y).nodes:
        if node.op is None:
            continue
        numbers = tuple(float(v) for v in node.operands)
        if node.op.kink is not None and abs(node.op.kink(*numbers)) < margin:
            return False
        if node.op.name == "where" and abs(numbers[0]) < margin:
            return False
        if not all(slope is None or math.isfinite(slope) for slope in node.slopes):
            return False
    return True


def eager(f: Any, batch: Sequence[Any], parameters: Iterable[Value]) -> Eager:
    """Compute a function and its gradients at every example by the engine alone.

    Args:
        batch: an array (examples, *shape) for each argument.
    """
    parameters = list(parameters)
    rows: list[list[Any]] = [[], [], [], [], [], []]
    for example in zip(*batch, strict=True):
        arguments = [lifted(np.asarray(x)) for x in example]
        leaves = leaves_of(arguments)
        y = f(*arguments)
        slopes = gradients(y, [*parameters, *leaves])
        bounds = [rounding(slope) for slope in gradients(y, [*parameters, *leaves], create_graph=True)]
        k = len(parameters)
        for row, item in zip(rows, (y.data, slopes[:k], slopes[k:], rounding(y), bounds[:k], bounds[k:]), strict=True):
            row.append(item)
    n, inputs = len(rows[0]), sum(math.prod(np.shape(array)[1:]) for array in batch)
    shapes = [(n,), (n, len(parameters)), (n, inputs)] * 2
    return Eager(*[np.array(row, dtype=float).reshape(shape) for row, shape in zip(rows, shapes, strict=True)])


def units(found: Any, due: Any, bound: Any, dtype: str) -> float:
    """Measure a difference in units of rounding: 1 is one unit in the last place of every number on the way."""
    found, due, bound = (np.asarray(array, dtype=float) for array in (found, due, bound))
    assert found.shape == due.shape == bound.shape, (found.shape, due.shape, bound.shape)
    unit = np.finfo(dtype).eps
    floor = np.finfo(dtype).tiny / unit  # what is smaller may be rounded to zero
    if not found.size:
        return 0.0
    assert np.isfinite(found).all(), found
    return float((np.abs(found - due) / (unit * np.maximum(bound, floor))).max())
