"""What a film is made of: the numbers of some leaves at many moments of a training, and the plane of two inputs.

Of each moment only the leaves are kept; a page computes everything else from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from autograd.errors import DrawingError
from autograd.value import Value

__all__ = ["BUDGET", "Frames", "Plane"]

BUDGET = 1_500_000  # characters


class Plane(NamedTuple):
    """The plane of two inputs, on which a page paints what the graph makes of each point.

    Attributes:
        inputs: the two leaves that are the point.
        outputs: the nodes whose number is painted: one; or one for each class, of which the largest wins.
        points: examples as (x, y, target); a target is the number that is aimed at, or the class's place in `outputs`.
        level: of a single output, the number painted in neither colour: the border between two classes.
        span: how far from it a colour is full.
        classes: whether targets are classes.
    """

    inputs: tuple[Value, Value]
    outputs: Sequence[Value]
    points: Sequence[tuple[float, float, float]]
    level: float = 0.0
    span: float = 1.0
    classes: bool = True


class Frames(NamedTuple):
    """What moved while a graph was trained: the numbers of some leaves at each of several moments.

    Attributes:
        leaves: the leaves that moved, such as the weights.
        numbers: for each moment the number of each leaf; the graph itself was recorded at the last moment.
        steps: how many steps of training each moment comes after, rising; 0, 1, 2 … where nothing else is given.
        losses: the loss of the training at each moment, NaN where it is not known.
        measured: what the losses are of, in words.
        epoch: steps of an epoch, if there are epochs.
        plane: the decision, where there are two inputs.
        budget: characters of the page that the numbers may take. Beyond it they are rounded to seven digits, and then
            every second moment is left out.
        note: what readers should know, in words.

    Example:
        >>> from autograd import Frames, explore
        >>> w, seen = Value(2.0, name="w"), []
        >>> for step in range(4):
        ...     E = (w - 1.0) ** 2
        ...     seen.append([w.data])
        ...     if step < 3:
        ...         w.grad = None
        ...         E.backward()
        ...         w.data -= 0.2 * w.grad
        >>> page = explore(E, frames=Frames([w], seen))
    """

    leaves: Sequence[Value]
    numbers: Sequence[Sequence[float]]
    steps: Sequence[int] | None = None
    losses: Sequence[float] | None = None
    measured: str = "the loss"
    epoch: int | None = None
    plane: Plane | None = None
    budget: int = BUDGET
    note: str = ""

    @property
    def moments(self) -> list[int]:
        """How many steps of training each moment comes after."""
        return list(range(len(self.numbers))) if self.steps is None else [int(step) for step in self.steps]

    def check(self, output: Value) -> None:
        """Check that the parts fit together, and that a page can compute the graph of a Value from these leaves.

        Raises:
            ValueError: a column is too short or too long, or the steps do not rise.
            DrawingError: it is too large, does not hold one of the leaves, or has an operation that only Python knows.
        """
        from autograd.draw.explorer.javascript import table
        from autograd.draw.explorer.page_data import check_size
        from autograd.graph import Graph

        self._check_columns()
        graph = Graph(output)
        check_size(graph)
        inside = set(graph.leaves)
        for leaf in self.leaves:
            if leaf not in inside:
                raise DrawingError(
                    f"{leaf._describe()} cannot be filmed: it is no leaf of the graph. Film the leaves it is made of."
                )
        _, closed = table({(node.op, len(node.operands)): None for node in graph.nodes if node.op is not None}, {})
        if closed:
            raise DrawingError(
                f"The operation {min(closed).partition('.')[0]} cannot be filmed: its rules take floats only, so a "
                "page has no way to compute it. Write them with the catalogue's operations."
            )

    def _check_columns(self) -> None:
        count = len(self.numbers)
        if not count:
            raise ValueError("A film needs one moment or more, but numbers is empty.")
        for name, column in (("steps", self.steps), ("losses", self.losses)):
            if column is not None and len(column) != count:
                raise ValueError(f"A film of {count} moments was given {len(column)} {name}: give one for each moment.")
        wide = next((row for row in self.numbers if len(row) != len(self.leaves)), None)
        if wide is not None:
            raise ValueError(f"A film of {len(self.leaves)} leaves was given a moment of {len(wide)} numbers.")
        if any(later <= before for before, later in pairwise(self.moments)):
            raise ValueError("The steps of a film must rise from moment to moment.")
