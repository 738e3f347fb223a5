"""Architectures as plain dicts: a module's class and its constructor's arguments, written and built again.

A module that stands in several places is written once and then referred to by number, as
``{"same": 0}``; modules are numbered from 0 in the order in which they are complete.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nn import arrays
from nn.errors import ConfigError
from nn.modules.activations import ActivationFunction

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["arguments", "build", "write"]


def write(module: Module) -> dict[str, Any]:
    """Write the architecture of a module. See `Module.config`."""
    config = _write(module, {})
    ties = _ties(module)
    return config | {"ties": ties} if ties else config


def build(config: Mapping[str, Any]) -> Module:
    """Build a module from its architecture. See `Module.from_config`."""
    try:
        module = _build(config, [])
    except RecursionError:
        raise ConfigError("The configuration is nested too deeply to be that of a model.") from None
    ties = config.get("ties", [])
    if ties:
        _tie(module, ties)
        module.bind()
    return module


def _tie(module: Module, ties: Any) -> None:
    """Make each group of arrays one array.

    Raises:
        ConfigError: the model has no such arrays, or they differ in shape.
    """
    slots = {slot.key: slot for slot in module.slots() if slot.trained}
    try:
        for first, *others in ties:
            for key in others:
                if arrays.shape(slots[key].content) != arrays.shape(slots[first].content):
                    raise ValueError
                slots[key].holder[slots[key].place] = slots[first].content
    except (KeyError, TypeError, ValueError):
        raise ConfigError(
            f"The configuration ties arrays that the model does not have, or not in one shape: {ties!r}."
        ) from None


def _write(module: Module, seen: dict[int, int]) -> dict[str, Any]:
    if id(module) in seen:
        return {"same": seen[id(module)]}
    kind = type(module)
    if known_classes().get(kind.__name__) is not kind:
        raise ConfigError(
            f"The class {kind.__name__} of {kind.__module__} cannot be written: another module class goes by the same "
            "name, or the name is private. Rename it."
        )
    config: dict[str, Any] = {"class": kind.__name__}
    for name, content in module.arguments().items():
        config[name] = _to_plain(content, f"{name} of {module.title}", seen)
    seen[id(module)] = len(seen)
    return config


def arguments(module: Module) -> dict[str, Any]:
    """Read the constructor's arguments from the attributes of the same names. See `Module.arguments`."""
    kind = type(module)
    if kind.__init__ is object.__init__:
        return {}
    found = {}
    for name, argument in list(inspect.signature(kind.__init__).parameters.items())[1:]:
        if argument.kind is inspect.Parameter.VAR_KEYWORD or name in kind.unsaved:
            continue
        if not hasattr(module, name):
            raise ConfigError(
                f"{kind.__name__}(…) takes {name!r}, but the module keeps no attribute of that name: store "
                f"self.{name} = {name} in the constructor."
            )
        found[name] = getattr(module, name)
    return found


def _to_plain(content: Any, what: str, seen: dict[int, int]) -> Any:
    """Convert an argument into what JSON can hold."""
    from nn.module import Module

    if content is None or isinstance(content, bool | int | float | str):
        return content
    if isinstance(content, np.integer | np.floating):
        return content.item()
    if isinstance(content, Module):
        return _write(content, seen)
    if isinstance(content, ActivationFunction):
        if content.spec is not None:
            return content.spec
        raise ConfigError(
            f"{what} is a function of your own, and a configuration holds no code. Give it a name: "
            "ACTIVATIONS['mine'] = ActivationFunction('mine', f)."
        )
    if isinstance(content, list | tuple):
        return [_to_plain(inner, what, seen) for inner in content]
    if isinstance(content, dict) and all(isinstance(key, str) for key in content):
        if "class" in content or "same" in content:
            raise ConfigError(
                f"{what} has an entry 'class' or 'same', which configurations need themselves: rename it."
            )
        return {key: _to_plain(inner, what, seen) for key, inner in content.items()}
    raise ConfigError(f"{what} is {type(content).__name__}, which a configuration cannot hold: keep numbers or text.")


def _ties(module: Module) -> list[list[str]]:
    """List the arrays that are one array under several names.

    Raises:
        ConfigError: two arrays share some parameters, but not all.
    """
    groups: dict[tuple[int, ...], list[str]] = {}
    for slot in module.slots():
        if slot.trained:
            groups.setdefault(tuple(map(id, arrays.flat(slot.content))), []).append(slot.key)
    if sum(map(len, groups)) != len({parameter for group in groups for parameter in group}):
        raise ConfigError(
            f"Two arrays of {module.title} share some of their parameters, which a configuration cannot say: share "
            "whole arrays (b.W = a.W)."
        )
    return [keys for keys in groups.values() if len(keys) > 1]


def known_classes() -> dict[str, type[Module]]:
    """List every module class by name: the package's own first, then the latest definition of each name."""
    from nn.module import Module

    own: dict[str, type[Module]] = {}
    others: dict[str, type[Module]] = {}
    waiting = [Module]
    while waiting:
        kind = waiting.pop(0)
        (own if kind.__module__.partition(".")[0] == "nn" else others)[kind.__name__] = kind
        waiting.extend(kind.__subclasses__())
    return {name: kind for name, kind in (others | own).items() if not name.startswith("_")}


def _build(config: Any, seen: list[Module]) -> Module:
    if not isinstance(config, Mapping) or not ("class" in config or "same" in config):
        raise ConfigError(f"A module's configuration is a dict with a 'class', not {config!r:.80}.")
    if "same" in config:
        number = config["same"]
        if not isinstance(number, int) or not 0 <= number < len(seen):
            raise ConfigError(f"The configuration refers to module {number!r}, of which there are {len(seen)} so far.")
        return seen[number]
    classes = known_classes()
    kind = classes.get(config["class"]) if isinstance(config["class"], str) else None
    if kind is None:
        raise ConfigError(
            f"{config['class']!r} is no module class: import the module that defines it first. Known: "
            f"{', '.join(sorted(classes))}."
        )
    arguments = {name: _from_plain(content, seen) for name, content in config.items() if name not in ("class", "ties")}
    try:
        signature = inspect.signature(kind)
        starred = [n for n, p in signature.parameters.items() if p.kind is inspect.Parameter.VAR_POSITIONAL]
        positional = [part for name in starred for part in arguments.pop(name, [])]
        module = kind(*positional, **arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{kind.__name__} cannot be built from {sorted(config)}: {error}") from error
    seen.append(module)
    return module


def _from_plain(content: Any, seen: list[Module]) -> Any:
    """Convert what JSON held back into an argument."""
    if isinstance(content, Mapping):
        if "class" in content or "same" in content:
            return _build(content, seen)
        return {key: _from_plain(inner, seen) for key, inner in content.items()}
    if isinstance(content, list | tuple):
        return [_from_plain(inner, seen) for inner in content]
    return content
