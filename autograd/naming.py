"""Names for the nodes of a graph: their own where those tell them apart, numbers and letters where they do not.

Everything that shows a graph takes its names from here, so that a tree, a derivation and a picture agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd.value import Value

__all__ = ["name_nodes", "names_below", "numbered"]


def name_nodes(nodes: Sequence[Value], outputs: Sequence[Value]) -> dict[Value, str]:
    """Name each node of a graph, no two alike.

    - Nodes of one name are numbered in their order: ``s⟨1⟩``, ``s⟨2⟩``, as the examples of a batch and the steps of a
      recurrence are.
    - The only output, without a name, is ``y``; a leaf without one is ``x``, several are ``x1``, ``x2``, …; what stands
      between is ``v1``, ``v2``, …

    Args:
        nodes: operands before what uses them.
        outputs: those of the graph.
    """
    counts = Counter(node._name for node in nodes if node._name)
    taken = set(counts)
    met: Counter[str] = Counter()
    names: dict[Value, str] = {}
    only = outputs[0] if len(outputs) == 1 else None
    unnamed = sum(node._x is None and not node._name for node in nodes)
    letters = _Names("x", taken, alone=unnamed == 1)
    between = _Names("v", taken)
    for node in nodes:
        own = node._name
        if own:
            met[own] += 1
            names[node] = own if counts[own] == 1 else numbered(own, met[own], taken)
        elif node is only and node._x is not None and "y" not in taken:
            names[node] = "y"
        else:
            names[node] = (letters if node._x is None else between).take()
    return names


def names_below(outputs: Sequence[Any]) -> dict[Value, str]:
    """Name each node of the graph of some outputs; plain numbers among them have none."""
    from autograd.graph import topological
    from autograd.value import Value

    roots = [output for output in outputs if isinstance(output, Value)]
    return name_nodes(topological(roots), roots)


def numbered(name: str, number: int, taken: Set[str] = frozenset()) -> str:
    """Tell nodes of one name apart by a number: ``s⟨2⟩``.

    >>> numbered("s", 2)
    's⟨2⟩'
    """
    written = f"{name}⟨{number}⟩"
    while written in taken:
        written += "′"
    return written


class _Names:
    """Names of a stem that are not taken: ``v1``, ``v2``, … Where one alone is asked for, the stem itself."""

    def __init__(self, stem: str, taken: Set[str], alone: bool = False) -> None:
        self.stem, self.taken = stem, taken
        self.alone = alone and stem not in taken
        self.number = 0

    def take(self) -> str:
        if self.alone:
            return self.stem
        self.number += 1
        while f"{self.stem}{self.number}" in self.taken:
            self.number += 1
        return f"{self.stem}{self.number}"
