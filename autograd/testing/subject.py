"""What a gradient check looks at: a function at a point, with the engine's derivatives there and nearby.

It knows which side of each kink a point lies on, so that no difference is taken across one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from autograd import tree
from autograd.backward import gradients
from autograd.floats import real_number
from autograd.functional import argument_names
from autograd.graph import topological
from autograd.op import Op
from autograd.testing.differences import EPSILON, UNKNOWN, Difference, differences, roughness
from autograd.value import Value

__all__ = ["Subject"]

KINK_DISTANCE = 1e-9  # what counts as being at a kink, relative to an input or to 1


class Subject:
    """A function of flat inputs, at one point.

    Args:
        call: computes a list of outputs from a list of Values.
        names: what the inputs are called.
        numbers: the point.
        name: what the function is called.
    """

    def __init__(
        self, call: Callable[[list[Value]], list[Any]], names: list[str], numbers: list[float], name: str
    ) -> None:
        self.call, self.names, self.numbers, self.name = call, names, numbers, name
        outputs = self._outputs(numbers)[1]
        self.nodes = topological([y for y in outputs if isinstance(y, Value)])
        self.connected = any(isinstance(y, Value) for y in outputs)
        self.outputs = len(outputs)
        self.single = False  # whether it is one operation
        self.side = _side(self.nodes)

    @classmethod
    def of(cls, f: Callable[..., Any], xs: Sequence[Any]) -> Subject:
        """Make the subject of a function of nested numbers."""
        found: list[tuple[str, float]] = []
        for x, path in zip(xs, argument_names(f, len(xs)), strict=True):
            for place, leaf in tree.leaves_with_places(x, path):
                name = leaf.name if isinstance(leaf, Value) else None
                number = real_number(leaf, "check_gradients")
                if not math.isfinite(number):
                    raise ValueError(
                        f"check_gradients compares with differences, and there are none at {name or place} = {number}: "
                        "give finite numbers."
                    )
                found.append((name or place, number))
        holes = [tree.map_leaves(lambda _: None, x) for x in xs]

        def call(leaves: list[Value]) -> list[Any]:
            rest = iter(leaves)
            outputs = tree.leaves(f(*(tree.rebuild(x, rest) for x in holes)))
            return [y if isinstance(y, Value) else real_number(y, "check_gradients") for y in outputs]

        name = getattr(f, "__name__", "f")
        names, numbers = [path for path, _ in found], [number for _, number in found]
        return cls(call, names, numbers, name if name.isidentifier() else "f")

    @classmethod
    def of_op(cls, op: Op, operands: Sequence[float]) -> Subject:
        """Make the subject of one operation."""
        names = list(op.operands) if not op.nary else [f"{op.operands[0]}[{i}]" for i in range(len(operands))]
        whole = cls(lambda leaves: [op.apply(tuple(leaves))], names, list(operands), op.name)
        whole.single = True
        return whole

    @classmethod
    def of_node(cls, node: Value) -> Subject:
        """Make the subject of the operation that made a node, a function of those operands that are Values."""
        op = node.op
        assert op is not None
        whole = cls.of_op(op, [float(x) for x in node.operands])
        slots = [slot for slot, slope in enumerate(node.slopes) if slope is not None]

        def call(leaves: list[Value]) -> list[Any]:
            operands: list[Any] = list(whole.numbers)
            for slot, leaf in zip(slots, leaves, strict=True):
                operands[slot] = leaf
            return [op.apply(tuple(operands))]

        part = cls(call, [whole.names[slot] for slot in slots], [whole.numbers[slot] for slot in slots], op.name)
        part.single = True
        return part

    def _outputs(self, numbers: Sequence[float]) -> tuple[list[Value], list[Any]]:
        leaves = [Value(number, name=name) for number, name in zip(numbers, self.names, strict=True)]
        return leaves, self.call(leaves)

    def partials(self, order: int) -> list[float]:
        """Compute the engine's derivatives of one order: outputs × inputs^order numbers, the last input fastest."""
        return [float(y) for y in self._layer(order, self.numbers)[0]]

    def _layer(self, order: int, at: Sequence[float], *, graph: bool = False) -> tuple[list[Any], list[Any]]:
        """Compute the derivatives of one order, the last by a plain sweep unless `graph`, and the outputs."""
        leaves, outputs = self._outputs(at)
        layer = outputs
        for level in range(order):
            more = graph or level < order - 1
            layer = [
                slope
                for y in layer
                for slope in (gradients(y, leaves, create_graph=more) if isinstance(y, Value) else [0.0] * len(leaves))
            ]
        return layer, outputs

    def measure(self, column: int, order: int, *, rough: bool = False) -> list[Difference]:
        """Differentiate the engine's derivatives of one order by an input, by differences.

        Args:
            rough: look whether the function is rougher than the rounding of its own operations.
        """
        along, x, rounding = self._along(column, order), self.numbers[column], self._noise(order)
        noise = list(map(max, rounding, roughness(along, x, len(rounding)))) if rough else rounding
        # Slopes a thousand times the rounding are not told from 0; of a function that is rough beyond it they would be.
        spread = max(abs(x), 1.0)
        return [
            each._replace(floor=max(each.floor, 1e3 * n / spread))
            for each, n in zip(differences(along, x, noise), rounding, strict=True)
        ]

    def _noise(self, order: int) -> list[float]:
        """Estimate the rounding error of the derivatives of one order: a half digit of each node, as it flows."""
        noises = []
        for y in self._layer(order, self.numbers, graph=True)[0]:
            noise = 0.0
            if isinstance(y, Value):
                nodes = topological([y])
                with suppress(ArithmeticError):
                    noise = EPSILON * sum(abs(g * v.data) for g, v in zip(gradients(y, nodes), nodes, strict=True))
            noises.append(noise)
        return noises

    def _along(self, column: int, order: int, side: list[Any] | None = None) -> Callable[[float], list[float] | None]:
        """Make a function of one input that returns the derivatives of one order, None across a kink.

        Args:
            side: on which side of its kinks the graph has to be; without it, on that of the point itself.
        """
        wanted = self.side if side is None else side

        def outputs_at(x: float) -> list[float] | None:
            numbers = list(self.numbers)
            numbers[column] = x
            try:
                layer, outputs = self._layer(order, numbers)
            except (ArithmeticError, ValueError):  # outside the domain, or infinite
                return None
            derivatives = [float(y) for y in layer]
            if not all(map(math.isfinite, derivatives)):
                return None
            if x != self.numbers[column] and _side(topological([y for y in outputs if isinstance(y, Value)])) != wanted:
                return None
            return derivatives

        return outputs_at

    def one_sided(self, column: int, row: int, side: int) -> Difference:
        """Measure the slope of an output from the left (−1) or the right (1)."""
        there = self._side_at(column, side)
        if there is None:
            return UNKNOWN
        along, x, noise = self._along(column, 0, there), self.numbers[column], self._noise(0)
        noise = list(map(max, noise, roughness(along, x + side * 1e-9 * max(abs(x), 1.0), len(noise))))
        return differences(along, x, noise, side=side)[row]

    def kinks(self, column: int) -> list[str]:
        """Name the operations that an input takes across a kink within a tiny step."""
        found: list[str] = []
        for side in (-1, 1):
            there = self._side_at(column, side)
            if there is None or there == self.side:
                continue
            if [op for op, _ in there] != [op for op, _ in self.side]:
                return ["a branch of the function"]
            found += [op.name for (op, now), (_, then) in zip(self.side, there, strict=True) if now != then]
        return found

    def at_kink(self, column: int) -> bool:
        """Whether an input takes an operation off its kink at once, to either side."""
        return all(self._side_at(column, side) != self.side for side in (-1, 1))

    def _side_at(self, column: int, side: int) -> list[Any] | None:
        numbers = list(self.numbers)
        numbers[column] += side * KINK_DISTANCE * max(abs(numbers[column]), 1.0)
        try:
            outputs = self._outputs(numbers)[1]
        except (ArithmeticError, ValueError):
            return None
        return _side(topological([y for y in outputs if isinstance(y, Value)]))

    def partial_name(self, order: int, row: int, last: str) -> str:
        """Write a derivative: ``∂²f/∂x∂y``."""
        width = len(self.names)
        inputs = [last]
        for _ in range(order - 1):
            row, column = divmod(row, width)
            inputs.insert(0, self.names[column])
        output = self.name if self.outputs == 1 else f"{self.name}[{row}]"
        power = "" if order == 1 else {2: "²", 3: "³"}.get(order, f"^{order}")
        return f"∂{power}{output}/" + "".join(f"∂{name}" for name in inputs)


def _side(nodes: Sequence[Value]) -> list[tuple[Op, float]]:
    """Return for each operation the side of its kink, −1, 0 (at it) or 1, or the piece that it is on."""
    sides: list[tuple[Op, float]] = []
    for node in nodes:
        op = node.op
        if op is None:
            continue
        numbers = [float(x) for x in node.operands]
        distance = 0.0
        if op.branch is op.kink and op.kink is not None:
            distance = op.kink(*numbers)
            distance = float((distance > 0) - (distance < 0))
        elif op.branch is not None:
            distance = float(op.branch(*numbers))
        sides.append((op, distance))
    return sides
