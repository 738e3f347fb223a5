"""Parts of a graph, one inside the other: a path for each node, such as ``step 3/layer1/neuron2``.

Where a drawing is folded once, a page is folded and opened part by part. The parts are the same: what repeats, as it is
found, and in it the scopes. What is still too much to be looked at by itself is gathered by arrays, or by neighbours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from autograd.draw.repeats import Repeats, find_repeats

if TYPE_CHECKING:
    from autograd.draw.partition import Wiring

__all__ = ["name_parts"]

MIN_NODES = 25  # nodes from which on what repeats is looked for
MAX_NODES_LOOSE = 40  # nodes of a part that lie in no part of it
MIN_ARRAY = 4  # leaves of one array that are gathered
ELEMENT = re.compile(r"(.*\D)(?:\[\d+\]|(?<=[^\]\d])\d+)$", re.DOTALL)


def name_parts(wiring: Wiring, names: Sequence[str]) -> list[str]:
    """Name the parts around each node, outermost first, with ``/`` between; "" for a node in none.

    Args:
        wiring: the graph.
        names: the name of each node.

    Example:
        >>> from autograd import Graph, Value, tanh
        >>> from autograd.draw.partition import Wiring
        >>> w, s = Value(0.5, name="w"), Value(0.0, name="s0")
        >>> for step in range(12):
        ...     s = tanh(w * s + Value(0.1))
        >>> graph = Graph(s)
        >>> sorted(set(name_parts(Wiring(graph.nodes), list(graph.names.values()))))[:3]
        ['', 'step 1', 'step 10']
    """
    paths = list(wiring.homes)
    if len(paths) < MIN_NODES:
        return paths
    found = find_repeats(wiring)
    if found is not None and not (wiring.depth if found.kind == "block" else _told_by_scopes(wiring, found)):
        for index, part in enumerate(found.part):
            if 1 <= part <= found.total:
                paths[index] = f"{found.kind} {part}/{paths[index]}".rstrip("/")
    _gather_loose(wiring, names, paths)
    return paths


def _told_by_scopes(wiring: Wiring, found: Repeats) -> bool:
    """Whether scopes of some depth part the nodes as what repeats does."""
    for depth in range(1, wiring.depth + 1):
        parts: dict[tuple[str, ...], set[int]] = {}
        for home, part in zip(wiring.homes, found.part, strict=True):
            names = tuple(home.split("/"))
            if len(names) >= depth and home and 1 <= part <= found.total:
                parts.setdefault(names[:depth], set()).add(part)
        if len(parts) >= found.total and all(len(held) == 1 for held in parts.values()):
            return True
    return False


def _gather_loose(wiring: Wiring, names: Sequence[str], paths: list[str]) -> None:
    """Gather the nodes that are too many for the part they lie in: leaves by their array, the rest by neighbours."""
    inside: dict[str, list[int]] = {}
    for index, path in enumerate(paths):
        inside.setdefault(path, []).append(index)
    crowded = [(path, members) for path, members in inside.items() if len(members) > MAX_NODES_LOOSE]
    while crowded:
        path, members = crowded.pop()
        groups = _group_arrays([index for index in members if not wiring.operands[index]], names, len(members))
        taken = {index for group in groups.values() for index in group}
        rest = [index for index in members if index not in taken]
        if len(rest) > MAX_NODES_LOOSE:
            share = max(MAX_NODES_LOOSE, math.ceil(len(rest) / MAX_NODES_LOOSE))
            for start in range(0, len(rest), share):
                group = rest[start : start + share]
                groups[f"{names[group[0]]} … {names[group[-1]]}"] = group
        for title, group in groups.items():
            inner = f"{path}/{title.replace('/', '∕')}".lstrip("/")
            for index in group:
                paths[index] = inner
            if len(group) > MAX_NODES_LOOSE:
                crowded.append((inner, group))


def _group_arrays(leaves: Sequence[int], names: Sequence[str], count: int) -> dict[str, list[int]]:
    """Gather leaves by arrays; where all of `count` nodes are one matrix, by its rows; those of a vector not at all."""
    rows: dict[str, list[int]] = {}
    for index in leaves:
        element = ELEMENT.match(names[index])
        if element is not None:
            rows.setdefault(element.group(1), []).append(index)
    arrays: dict[str, list[int]] = {}
    for row, group in rows.items():
        matrix = ELEMENT.match(row)
        arrays.setdefault(matrix.group(1) if matrix and row.endswith("]") else row, []).extend(group)
    for groups in (arrays, rows):
        if len(groups) <= MAX_NODES_LOOSE and all(len(group) < count for group in groups.values()):
            return {title: sorted(group) for title, group in groups.items() if len(group) >= MIN_ARRAY}
    return {}
