"""Plans: the partitions of a graph that a drawing tries, what keeps most of it first.

Weights are gathered before anything else. What repeats is then shown by its first part, perhaps in full, its last one,
and one box for all between. What has scopes is gathered by them, and at the last by runs of one operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import NamedTuple

from autograd.draw.partition import Key, Partition, Wiring, gather, role, split_by_use, untangle
from autograd.draw.repeats import Repeats, find_repeats

__all__ = ["Plan", "make_plans"]

MAX_SCOPE_LEVELS = 8  # depths of scopes that are tried
MAX_COPIES_BOXED = 6  # parts side by side that get a box each
MAX_STEPS_BOXED = 6  # parts one after the other that do
MAX_NODES_BESIDE = 6  # nodes before or after the parts that stay by themselves
WEIGHTS = ("single", "use", "layer", "role")  # how weights are gathered, from not at all to as few boxes as can be
WEIGHTS_OF_BOXES = ("layer", "role")  # and where they are used in boxes alone, once they are many


class Plan(NamedTuple):
    """A partition to try.

    Attributes:
        by: what it gathers by, as in `Fold.by`.
        partition: the boxes.
        level: how deep in scopes the boxes are; 0 where they are not made by scopes.
        last: whether what does not fit is squeezed.
    """

    by: str
    partition: Partition
    level: int = 0
    last: bool = False


def make_plans(wiring: Wiring, by: str, pins: Set[int], most: int) -> Iterator[Plan]:
    """Yield the plans for a graph.

    Args:
        wiring: the graph.
        by: ``"auto"``, ``"scope"`` or ``"op"``.
        pins: the places of nodes that have a box of their own whatever is gathered.
        most: the boxes that a plan may have; one that leaves more nodes by themselves is left out.
    """
    found = None
    if by == "auto":
        others = sum(
            bool(operands) or not node.is_parameter
            for operands, node in zip(wiring.operands, wiring.nodes, strict=True)
        )
        for weights in ("use", "layer") if others <= most else ():
            yield Plan("weights", _gather_weights(wiring, weights, pins))
        found = find_repeats(wiring)
        if found is not None and found.kind != "block":
            yield from _show_repeats(wiring, found, pins)
    depth = wiring.depth if by != "op" else 0
    levels = [depth, *range(min(depth, MAX_SCOPE_LEVELS) - 1, 0, -1)] if depth else []
    attempts = [(level, loose, apart) for level in levels for apart in (True, False) for loose in ("single", "leaves")]
    attempts += [(level, "op", False) for level in levels]
    for level, loose, apart in attempts:
        partition = gather(wiring, level, loose, most, pins, apart)
        if partition is not None:
            yield Plan("scope", partition, level, loose == "op")
    if by == "auto":
        if found is not None and found.kind == "block":
            yield from _show_repeats(wiring, found, pins)
        partition = gather(wiring, 0, "leaves", most, pins)
        if partition is not None:
            yield Plan("op", partition)
    if by != "scope" or not depth:
        partition = gather(wiring, 0, "op", most, pins)
        if partition is not None:
            yield Plan("op", partition, last=True)


def _gather_weights(wiring: Wiring, weights: str, pins: Set[int]) -> Partition:
    keys: list[Key] = []
    for index, node in enumerate(wiring.nodes):
        trained = not wiring.operands[index] and node.is_parameter and index not in pins
        keys.append(_weight(wiring, index, weights) if trained else ("node", index))
    if weights == "use":
        split_by_use(wiring, keys)
    return Partition(wiring, keys)


def _weight(wiring: Wiring, index: int, weights: str) -> Key:
    """Return what a leaf shares with others: its role, and with ``"layer"`` the scope around those that use it."""
    if weights == "single":
        return ("node", index)
    if weights == "layer":
        path = wiring.homes[index].split("/")
        return ("leaves", role(wiring.nodes[index]), "/".join(path[:-1] if len(path) > 1 else path))
    return ("leaves", role(wiring.nodes[index]))


def _show_repeats(wiring: Wiring, found: Repeats, pins: Set[int]) -> Iterator[Plan]:
    many = sum(not wiring.operands[index] and not part for index, part in enumerate(found.part)) > MAX_NODES_BESIDE
    for titles in _title_parts(found):
        for weights in WEIGHTS_OF_BOXES if many and all(titles) else WEIGHTS:
            yield Plan(found.kind, _gather_parts(wiring, found, titles, weights, pins))


def _title_parts(found: Repeats) -> Iterator[list[str]]:
    """Yield what each part is called, "" where it is shown in full; parts of one title share a box."""
    count, kind = found.total, found.kind

    def title(first: int, last: int) -> str:
        return f"{kind} {first:,} of {count:,}" if first == last else f"{kind}s {first:,} … {last:,} of {count:,}"

    def between(whole: Set[int], apart: Set[int]) -> list[str]:
        """Show some parts in full, some in a box of their own, and the others in one box for each run."""
        titles: list[str] = []
        number = 1
        while number <= count:
            last = number
            if number in whole:
                titles.append("")
            else:
                while number not in apart and last < count and last + 1 not in whole | apart:
                    last += 1
                titles += [title(number, last)] * (last - number + 1)
            number = last + 1
        return titles

    every = set(range(1, count + 1))
    few = count <= (MAX_COPIES_BOXED if found.side_by_side else MAX_STEPS_BOXED)
    if found.side_by_side:
        yield between({1}, every if few else {2, count})
    elif count > 4:
        yield between({1, 2, count}, set())
        yield between({1, count}, set())
    elif count > 2:
        yield between({1, count}, set())
    if few:
        yield between(set(), every)
    yield between(set(), {1, 2, count - 1, count} if count > 4 else every)
    yield between(set(), {1, count})


def _gather_parts(wiring: Wiring, found: Repeats, titles: list[str], weights: str, pins: Set[int]) -> Partition:
    beside = [0, 0]
    for index, part in enumerate(found.part):
        if wiring.operands[index] and not 1 <= part <= found.total:
            beside[part > 0] += 1
    keys: list[Key] = []
    for index, part in enumerate(found.part):
        if index in pins:
            keys.append(("node", index))
        elif 1 <= part <= found.total:
            keys.append(("part", titles[part - 1]) if titles[part - 1] else ("node", index))
        elif not wiring.operands[index]:
            keys.append(_weight(wiring, index, weights))
        elif beside[part > 0] > MAX_NODES_BESIDE:
            keys.append(("part", f"{'after' if part else 'beside'} the {found.kind}s"))
        else:
            keys.append(("node", index))
    if weights == "use":
        split_by_use(wiring, keys)
    return Partition(wiring, untangle(wiring, keys))
