"""Trials: a model is called to see what it gives, and is afterwards as if nothing had been."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nn.draws import find_generators
from nn.module import Module

__all__ = ["trying"]


@contextmanager
def trying(model: Module) -> Iterator[None]:
    """Put back what calls of a model change: where its generators stand, and what its parts assign to themselves."""
    generators = [(each, each.bit_generator.state) for each in find_generators(model)]
    parts = [(vars(module), dict(vars(module))) for module in model.modules()]
    try:
        yield
    finally:
        for generator, state in generators:
            generator.bit_generator.state = state
        for attributes, before in parts:
            for name in attributes.keys() - before.keys():
                del attributes[name]
            attributes.update(before)
