"""States: all numbers of a model as arrays by name, taken out, and put back whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn import arrays
from nn.errors import StateError

if TYPE_CHECKING:
    from nn.module import Module, Slot

__all__ = ["Mismatch", "copy_state", "load_state"]


def copy_state(module: Module) -> dict[str, NDArray[Any]]:
    """Copy all parameters and buffers into arrays. See `Module.state_dict`."""
    return {
        slot.key: arrays.numbers(slot.content) if slot.trained else np.array(slot.content) for slot in module.slots()
    }


class Mismatch(NamedTuple):
    """What a state and a model did not share.

    Attributes:
        missing_keys: arrays of the model that the state has not.
        unexpected_keys: arrays of the state that the model has not.
    """

    missing_keys: list[str]
    unexpected_keys: list[str]


def load_state(module: Module, state: Mapping[str, Any], strict: bool = True) -> Mismatch:
    """Set all parameters and buffers, or change nothing. See `Module.load_state_dict`."""
    if not isinstance(state, Mapping):
        raise StateError(f"A state is a dict of arrays, not {type(state).__name__}: pass what state_dict() gave.")
    slots = list(module.slots())
    keys = {slot.key for slot in slots}
    missing = [slot.key for slot in slots if slot.key not in state]
    others = [str(key).encode("utf-8", "backslashreplace").decode() for key in state if key not in keys]
    problems = []
    if strict:
        problems += [f"{key} is missing" for key in missing]
        problems += [f"{key} is not part of the model" for key in others]
    elif not keys & state.keys():
        problems.append("they have no array in common")
    fitting: list[tuple[Slot, NDArray[Any]]] = []
    for slot in slots:
        if slot.key in state:
            array = _read(slot, state[slot.key])
            if isinstance(array, str):
                problems.append(f"{slot.key} {array}")
            else:
                fitting.append((slot, array))
    problems += _contradictions(fitting)
    if problems:
        raise StateError(f"The state does not fit {module.title}: {'; '.join(problems)}. Nothing was changed.")
    for slot, array in fitting:
        if slot.trained:
            for parameter, number in zip(arrays.flat(slot.content), array.ravel().tolist(), strict=True):
                parameter.data = number
        else:
            slot.holder[slot.place] = array.astype(slot.content.dtype)
    return Mismatch(missing, others)


def _read(slot: Slot, content: Any) -> NDArray[Any] | str:
    """Read the array for a slot, or say what is wrong with it."""
    wanted = arrays.shape(slot.content) if slot.trained else slot.content.shape
    if np.ma.isMaskedArray(content):
        return "is a masked array, whose mask would be ignored"
    try:
        array = arrays.read_array(content)
    except TypeError as error:
        return f"is {error}" if "meta" in str(error) else "is ragged, or no array of numbers"
    except ValueError:
        return "is ragged, or no array of numbers"
    if array.dtype.kind not in "fiub":
        return f"holds {array.dtype} instead of numbers"
    if array.shape != wanted:
        return f"has shape {array.shape} instead of {wanted}"
    for index in np.argwhere(~np.isfinite(array))[:1]:
        return f"holds {array[tuple(index)]} at {[int(i) for i in index]}"
    return array.astype(np.float64) if slot.trained else array


def _contradictions(fitting: list[tuple[Slot, NDArray[Any]]]) -> list[str]:
    """Find parameters that two arrays share but give different numbers to."""
    known: dict[int, tuple[str, float]] = {}
    problems = []
    for slot, array in fitting:
        if not slot.trained:
            continue
        for (name, parameter), number in zip(slot.parameters(), array.ravel().tolist(), strict=True):
            first, before = known.setdefault(id(parameter), (name, number))
            if before != number:
                problems.append(f"{name} = {number} is the same parameter as {first} = {before}")
                break
    return problems
