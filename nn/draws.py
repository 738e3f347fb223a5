"""Random draws of a model: numbers from its generators on the engine, inputs in a program that is being compiled.

A program is handed what the generators give, so that it drops the same numbers as the engine does, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nn import arrays

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["Draw", "Draws", "draw", "find_generators"]

Array = NDArray[Any]


class Draw(NamedTuple):
    """Some numbers that a model draws for an example.

    Attributes:
        random: the generator that they come from.
        size: how many.
        turn: makes the numbers that enter the graph of numbers drawn evenly from [0, 1).
    """

    random: Generator
    size: int
    turn: Callable[[Array], Array]


class Draws:
    """What a model draws for one example, in order: listed while it is called, or handed to it.

    Args:
        inputs: what to hand out; None to list the draws instead.
    """

    def __init__(self, inputs: Sequence[Any] | None = None) -> None:
        self.listed: list[Draw] = []
        self._inputs = None if inputs is None else iter(inputs)

    @contextmanager
    def catch(self) -> Iterator[Draws]:
        """Let what is drawn in this thread be listed or handed out here, and no generator move."""
        token = _catching.set(self)
        try:
            yield self
        finally:
            _catching.reset(token)

    def take(self, wanted: Draw) -> list[Any]:
        """Return the numbers of one draw."""
        if self._inputs is not None:
            return [next(self._inputs) for _ in range(wanted.size)]
        self.listed.append(wanted)
        return np.zeros(wanted.size).tolist()

    @property
    def count(self) -> int:
        """How many numbers an example draws."""
        return sum(each.size for each in self.listed)

    def sample(self, examples: int) -> Array:
        """Draw for so many examples, (examples, count): the numbers that as many calls of the model would draw."""
        drawn = np.empty((examples, self.count))
        columns: dict[int, list[int]] = {}  # of a generator, which parts may share
        start = 0
        for each in self.listed:
            columns.setdefault(id(each.random), []).extend(range(start, start + each.size))
            start += each.size
        generators = {id(each.random): each.random for each in self.listed}
        for key, places in columns.items():
            drawn[:, places] = generators[key].random((examples, len(places)))
        start = 0
        for each in self.listed:
            part = slice(start, start + each.size)
            drawn[:, part] = each.turn(drawn[:, part])
            start += each.size
        return drawn

    def states(self) -> list[tuple[Generator, Any]]:
        """Note where the generators stand."""
        return [(each.random, each.random.bit_generator.state) for each in self.listed]

    def go_back(self, states: list[tuple[Generator, Any]], examples: int) -> None:
        """Put the generators where they stand after so many examples from a state."""
        for generator, state in states:
            generator.bit_generator.state = state
        self.sample(examples)


_catching: ContextVar[Draws | None] = ContextVar("catching", default=None)


def draw(random: Generator, count: int, turn: Callable[[Array], Array]) -> list[Any]:
    """Draw numbers for one example: floats; or Values, where a program is being compiled that is handed them.

    Args:
        random: where they come from.
        count: how many.
        turn: makes them of numbers drawn evenly from [0, 1), each by itself.
    """
    catching = _catching.get()
    if catching is not None:
        return catching.take(Draw(random, count, turn))
    return turn(random.random(count)).tolist()  # type: ignore[no-any-return]


def find_generators(model: Module) -> list[Generator]:
    """List the generators that the parts of a model draw from, each once."""
    found: dict[int, Generator] = {}
    for module in model.modules():
        for attribute in vars(module).values():
            if isinstance(arrays.first(attribute), Generator):
                found |= {id(each): each for each in arrays.flat(attribute) if isinstance(each, Generator)}
    return list(found.values())
