"""Twins: the model that a file would load as, beside the one that is to be saved, compared part by part.

A constructor makes parts and arrays from its arguments; what was changed by hand since then no argument says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from nn import arrays
from nn.errors import ConfigError
from nn.modules.activations import ActivationFunction

if TYPE_CHECKING:
    from nn.module import Module, Slot

__all__ = ["find_difference"]

#: Methods that take effect where they are set on a module itself.
METHODS = ("forward", "forward_batch")


def find_difference(model: Module, twin: Module) -> str:
    """Say in what a model differs from what its configuration builds, numbers aside; nothing where it does not.

    Compared are the parts by their places: class, constructor's arguments, activations, methods that are set on them,
    and in which order they are listed; then the names, shapes and ties of arrays.
    """
    ours, theirs = dict(_parts(model)), dict(_parts(twin))
    for place, part in ours.items():
        if place not in theirs:
            return f"it would have no {_called(place, part)}"
        if found := _compare(part, theirs[place], _called(place, part)):
            return found
    for place, part in theirs.items():
        if place not in ours:
            return f"it would have a {_called(place, part)}"
    order, other = _order(ours), _order(theirs)
    for place, name in order | other:
        if order.get((place, name)) != other.get((place, name)):
            return f"{name} of {_called(place, ours[place])} would list its parts in another way"
    return _compare_arrays(model, twin)


def _parts(module: Module) -> Iterator[tuple[str, Module]]:
    """Yield each part once with its place, such as ``layers.0``; the whole first, with none."""
    seen: set[int] = set()

    def walk(part: Module, place: str) -> Iterator[tuple[str, Module]]:
        if id(part) not in seen:
            seen.add(id(part))
            yield place, part
            for name, child in part.children().items():
                yield from walk(child, f"{place}.{name}" if place else name)

    return walk(module, "")


def _called(place: str, part: Module) -> str:
    """Name a part by its place and what it is; the whole by what it is."""
    described = f"{type(part).__name__} {part.extent()}".rstrip()
    return f"part {place} ({described})" if place else described


def _compare(part: Module, other: Module, called: str) -> str:
    """Say in what a part differs from its like."""
    if type(part) is not type(other):
        return f"{called} would be of the class {type(other).__name__}"
    for method in METHODS:
        if method in vars(part) and method not in vars(other):
            return f"{called} would not have the {method} that is set on the instance"
    said = _say(other)
    for name, content in _say(part).items():
        if content != said.get(name):
            return f"{name} of {called} would be {said.get(name)!r:.80} instead of {content!r:.80}"
    return ""


def _say(part: Module) -> dict[str, Any]:
    """Write a part's own arguments and activations so that they can be compared."""
    try:
        said = part.arguments()
    except ConfigError:  # of a part that its owner's constructor makes, nothing need be written
        said = {}
    chosen = {name: content for name, content in vars(part).items() if isinstance(content, ActivationFunction)}
    return {name: _simplify(content) for name, content in (said | chosen).items() if not name.startswith("_")}


def _simplify(content: Any) -> Any:
    from nn.module import Module

    if isinstance(content, ActivationFunction):
        # Each run of a constructor makes another function, or op, of the same code.
        return content.spec or getattr(content.function, "__code__", type(content.function))
    if isinstance(content, Module):
        return type(content).__name__
    if isinstance(content, list | tuple):
        return [_simplify(inner) for inner in content]
    if isinstance(content, dict):
        return {key: _simplify(inner) for key, inner in content.items()}
    plain = content.item() if isinstance(content, np.generic) else content
    return plain if plain is None or isinstance(plain, bool | int | float | str) else type(plain).__name__


def _order(parts: dict[str, Module]) -> dict[tuple[str, str], list[str | None]]:
    """List for each attribute that holds modules the places of these, in order: one may stand there twice."""
    from nn.module import Module

    places = {id(part): place for place, part in parts.items()}
    return {
        (place, name): [places.get(id(inner)) for inner in arrays.flat(content)]
        for place, part in parts.items()
        for name, content in vars(part).items()
        if not name.startswith("_") and isinstance(arrays.first(content), Module)
    }


def _compare_arrays(model: Module, twin: Module) -> str:
    ours, theirs = ({slot.key: slot for slot in each.slots()} for each in (model, twin))
    for key, slot in ours.items():
        if key not in theirs:
            return f"it would have no array {key}"
        if (measure := _measure(slot)) != (other := _measure(theirs[key])):
            return f"{key} would be {other} instead of {measure}"
    for key in theirs:
        if key not in ours:
            return f"it would have an array {key}"
    shared, other_shared = _shared(ours), _shared(theirs)
    for keys in shared + other_shared:
        if (keys in shared) != (keys in other_shared):
            return f"{' and '.join(keys)} would {'not ' * (keys in shared)}be one array"
    return ""


def _measure(slot: Slot) -> str:
    """Describe an array; of a buffer also the type, into which loading casts."""
    shape = arrays.shape(slot.content)
    return f"parameters of shape {shape}" if slot.trained else f"a buffer of shape {shape} and {slot.content.dtype}"


def _shared(slots: dict[str, Slot]) -> list[list[str]]:
    """List which arrays are one under several names."""
    groups: dict[int, list[str]] = {}
    for key, slot in slots.items():
        if slot.trained:
            groups.setdefault(id(arrays.first(slot.content)), []).append(key)
    return [keys for keys in groups.values() if len(keys) > 1]
