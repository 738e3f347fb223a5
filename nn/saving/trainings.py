"""Trainings in files: beside the model what its optimiser, its schedule, its callbacks and its generators remember."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from nn.draws import find_generators
from nn.errors import StateError
from nn.module import Module
from nn.optim.optimizer import Optimizer
from nn.training.callbacks import Training
from nn.training.history import History

__all__ = ["PREFIX", "collect", "distribute", "pack", "unpack"]

Tensors = dict[str, NDArray[Any]]

PREFIX = "training/"  # of the names of arrays that are no part of the model


def collect(model: Module, optimizer: Any, training: Any) -> dict[str, Any]:
    """Gather what going on needs besides the model.

    Raises:
        TypeError: the optimiser or the training is none.
        ValueError: one of them is missing, or the training does not say where it stands.
    """
    if optimizer is None or training is None:
        missing = "optimizer=…" if optimizer is None else "training=history"
        raise ValueError(f"A training is saved with its optimiser and its history: pass {missing} as well.")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be the optimiser that trains the model, not {type(optimizer).__name__}.")
    if not isinstance(training, History | Training):
        raise TypeError(f"training must be the History that fit gave, not {type(training).__name__}.")
    history = training if isinstance(training, History) else training.history
    state = training.state if isinstance(training, History) else training.stand()
    if state is None:
        raise ValueError("This history does not say where its training stands: pass one that fit gave.")
    return {
        "optimizer": optimizer.state_dict(),
        "state": state,
        "rows": history.rows,
        "seconds": history.seconds,
        "generators": [each.bit_generator.state for each in find_generators(model)],
    }


def distribute(kept: dict[str, Any], model: Module, optimizer: Optimizer, weights: Tensors) -> History:
    """Put everything where it stood: all of it, or nothing.

    Raises:
        StateError: the model or the optimiser is another one than was saved.
    """
    generators, states = find_generators(model), kept["generators"]
    kinds = [state["bit_generator"] for state in states]
    if kinds != [type(each.bit_generator).__name__ for each in generators]:
        raise StateError(
            f"The training was saved with {len(kinds)} generators of random numbers ({', '.join(kinds) or 'none'}) in "
            f"its model, and this one has {len(generators)}: build it as it was. Nothing was changed."
        )
    before = model.state_dict(), optimizer.state_dict(), [each.bit_generator.state for each in generators]
    try:
        _restore(model, weights, optimizer, kept["optimizer"], generators, states)
    except BaseException:
        _restore(model, before[0], optimizer, before[1], generators, before[2])
        raise
    history = History()
    history.rows, history.seconds, history.state = kept["rows"], kept["seconds"], kept["state"]
    return history


def _restore(
    model: Module, weights: Tensors, optimizer: Optimizer, remembered: Any, generators: list[Generator], states: Any
) -> None:
    model.load_state_dict(weights)
    optimizer.load_state_dict(remembered)
    for generator, state in zip(generators, states, strict=True):
        generator.bit_generator.state = state


def pack(nested: Any, name: str) -> tuple[Any, Tensors]:
    """Write what JSON cannot hold otherwise: arrays by their names, and numbers that are not finite as text."""
    tensors: Tensors = {}

    def walk(content: Any, name: str) -> Any:
        if isinstance(content, np.ndarray):
            tensors[name] = np.array(content, order="C")
            return {"array": name}
        if isinstance(content, np.generic):
            content = content.item()
        if isinstance(content, dict):
            return {"dict": {key: walk(inner, f"{name}.{key}") for key, inner in content.items()}}
        if isinstance(content, list | tuple):
            return [walk(inner, f"{name}.{index}") for index, inner in enumerate(content)]
        if isinstance(content, float) and not math.isfinite(content):
            return {"float": repr(content)}
        return content

    return walk(nested, name), tensors


def unpack(content: Any, tensors: Tensors) -> Any:
    """Read what `pack` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is something else.
    """
    if isinstance(content, list):
        return [unpack(inner, tensors) for inner in content]
    if not isinstance(content, dict):
        return content
    ((kind, inner),) = content.items()
    if kind == "array":
        return tensors[inner]
    return float(inner) if kind == "float" else {key: unpack(each, tensors) for key, each in inner.items()}
