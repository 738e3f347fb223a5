"""Groups of parameters: parts of what an optimiser trains, with a rate, a decay or another option of their own.

They are given as in PyTorch: a list of dicts, each with ``"params"`` and the options that differ. In the rule of the
optimiser a group is a mask, remembered beside a weight's other numbers: the rule is read once a group; masks choose.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autograd import Value, where
from nn.optim import flat
from nn.optim.options import Number, unpack

if TYPE_CHECKING:
    from nn.optim.first_order import FirstOrder

__all__ = ["Group", "GroupedRule", "ParameterGroup", "check_options", "read_groups"]


@dataclass
class Group:
    """One group.

    Attributes:
        parameters: its leaves.
        ratio: its learning rate over that of the optimiser, which schedules move.
        options: the other options of its own, by the names of the optimiser's attributes.
    """

    parameters: list[Value]
    ratio: float
    options: dict[str, Any]


@dataclass(frozen=True)
class GroupedRule:
    """The rule of an optimiser whose parameters are in groups; equal ones are compiled once.

    Attributes:
        rule: that of the optimiser.
        slots: how many numbers it remembers of each weight.
        groups: how many groups there are.
    """

    rule: Callable[..., tuple[Any, ...]]
    slots: int
    groups: int

    def __call__(self, w: Any, g: Any, *others: Any) -> tuple[Any, ...]:
        """Apply the rule with the settings of each group, and choose by the masks of all but the first."""
        masks, settings = others[self.slots : self.slots + self.groups - 1], others[self.slots + self.groups - 1 :]
        count, slots = len(settings) // self.groups, others[: self.slots]
        results = list(self.rule(w, g, *slots, *settings[:count]))
        for k, mask in enumerate(masks, 1):
            own = self.rule(w, g, *slots, *settings[k * count : (k + 1) * count])
            results = [where(mask, there, here) for there, here in zip(own, results, strict=True)]
        return (*results, *masks)


def read_groups(kind: type[FirstOrder], given: Iterable[Any], lr: float) -> tuple[Any, list[Group]]:
    """Read the parameters of an optimiser: a plain list, or a list of groups.

    Args:
        kind: the optimiser's class.
        given: parameters, or dicts with ``"params"`` and options.
        lr: the learning rate of groups that have none.

    Returns:
        all parameters, and the groups; none where they are given plainly.

    Raises:
        ValueError: a group has no parameters, or an option that there is not, or that all groups share.
        TypeError: some are in groups and others not.
    """
    if not isinstance(given, list | tuple) or not any(isinstance(each, Mapping) for each in given):
        return given, []
    name = kind.__name__
    if not all(isinstance(each, Mapping) for each in given):
        raise TypeError(f"{name} takes parameters, or groups of them as dicts, but not both in one list.")
    known = [option for option in inspect.signature(kind).parameters if option not in ("parameters", *kind.shared)]
    groups = []
    for place, each in enumerate(given):
        options = dict(each)
        parameters = flat.parameter_list(options.pop("params", []), f"Group {place} of {name}")
        own: dict[str, Any] = {}
        for option, content in options.items():
            if option in kind.shared:
                raise ValueError(f"{option} is the same for all groups of {name}: give it beside the list.")
            if option not in known:
                raise ValueError(
                    f"Group {place} of {name} has no option {option!r}. Known: params, {', '.join(known)}."
                )
            own |= read_option(kind, option, content)
        ratio = share_of(own.pop("lr", lr), lr, name)
        groups.append(Group(parameters, ratio, own))
    return [parameter for group in groups for parameter in group.parameters], groups


def read_option(kind: type[FirstOrder], option: str, content: Any) -> dict[str, Any]:
    """Check an option of a group, and return it by the names of the attributes that it sets.

    Raises:
        TypeError, ValueError: it is none, is out of its range, or is not as many numbers as are due.
    """
    if option not in kind.packed:
        return check_options(kind, {option: content})
    names = kind.packed[option]
    return check_options(kind, dict(zip(names, unpack(kind.__name__, option, content, len(names)), strict=True)))


def check_options(kind: type[FirstOrder], options: Mapping[str, Any]) -> dict[str, Any]:
    """Check options by the names of the attributes that hold them, and return them as they are kept.

    Raises:
        TypeError, ValueError: one is out of its range.
    """
    found = {}
    for name, content in options.items():
        check = inspect.getattr_static(kind, name, None)
        found[name] = check.check(kind.__name__, content) if isinstance(check, Number) else content
    return found


def share_of(rate: float, whole: float, name: str) -> float:
    """Divide the rate of a group by that of the optimiser.

    Raises:
        ValueError: the latter is 0 and the former is not.
    """
    if rate == whole:
        return 1.0
    if not whole:
        raise ValueError(f"The rates of groups are multiples of {name}'s lr, which is 0: give it a rate of its own.")
    return rate / whole


class ParameterGroup(MutableMapping[str, Any]):
    """A group as PyTorch shows it: ``group["lr"] = 0.1`` sets the rate of the optimiser, or of its group.

    Args:
        optimizer: the optimiser.
        group: its group; None for all of its parameters.
    """

    def __init__(self, optimizer: FirstOrder, group: Group | None) -> None:
        self._optimizer, self._group = optimizer, group

    def __getitem__(self, name: str) -> Any:
        optimizer, group = self._optimizer, self._group
        if name == "params":
            return list(optimizer.parameters if group is None else group.parameters)
        if name not in optimizer.options:
            raise KeyError(name)
        if group is None:
            return getattr(optimizer, name)
        return optimizer.lr * group.ratio if name == "lr" else group.options.get(name, getattr(optimizer, name))

    def __setitem__(self, name: str, content: Any) -> None:
        optimizer, group = self._optimizer, self._group
        if name not in optimizer.options or name in optimizer.shared:
            raise KeyError(f"{name!r} of a group of {type(optimizer).__name__} cannot be set.")
        content = read_option(type(optimizer), name, content)[name]
        optimizer.check_together(dict(self) | {name: content})
        if group is None:
            setattr(optimizer, name, content)
        elif name == "lr":
            group.ratio = share_of(content, optimizer.lr, type(optimizer).__name__)
        else:
            group.options[name] = content

    def __delitem__(self, name: str) -> None:
        raise KeyError(f"{name!r} of a group cannot be deleted.")

    def __iter__(self) -> Iterator[str]:
        return iter(("params", *self._optimizer.options))

    def __len__(self) -> int:
        return 1 + len(self._optimizer.options)

    def __repr__(self) -> str:
        options = [f"{name}={self[name]!r}" for name in self._optimizer.options]
        return f"<{flat.count(len(self['params']))}, {', '.join(options)}>"
