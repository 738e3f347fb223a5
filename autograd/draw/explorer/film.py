"""A film: the same graph at many moments of a training, of which only the leaves that moved are kept.

A page computes everything else again with the operations' own rules, forward and backward, as it does when a reader
asks "what if"; so a moment costs eight bytes a weight, or four where that changes no number that can be seen.
"""

from __future__ import annotations

import math
from array import array
from base64 import b64encode
from collections.abc import Sequence
from sys import byteorder
from typing import Any

from autograd.backward import pass_down
from autograd.draw.explorer.frames import Frames, Plane
from autograd.errors import DrawingError
from autograd.graph import Graph
from autograd.value import Value

__all__ = ["film_of"]

TOLERANCE = 1e-6
MOMENTS_CHECKED = 12  # moments at which the agreement is measured
CODES = {8: "d", 4: "f"}  # bytes of a number, and the array's name for it


def film_of(graph: Graph, frames: Frames) -> dict[str, Any]:
    """Make the record of a film.

    Args:
        graph: of one output, recorded at the last moment.
        frames: what moved.

    Returns:
        a dictionary that JSON can hold; see the comment at the head of ``film.js`` for its fields.

    Raises:
        DrawingError: the graph cannot be filmed, or was not recorded at the last moment.
    """
    frames.check(graph.outputs[0])
    for leaf, number in zip(frames.leaves, frames.numbers[-1], strict=True):
        if leaf.data != number:
            raise DrawingError(
                f"{leaf._describe()}, but the last moment of the film has {number:g} for it: record the graph again "
                "after the last step."
            )
    place = {node: index for index, node in enumerate(graph.nodes)}
    moments, losses = frames.moments, [math.nan] * len(frames.numbers) if frames.losses is None else frames.losses
    kept, size = _choose_moments(graph, frames)
    notes = [frames.note] if frames.note else []
    if len(kept) < len(frames.numbers):
        notes.append(f"{len(kept):,} of {len(frames.numbers):,} moments are kept, for the page's size")
    if size == 4:
        notes.append(
            f"the leaves' numbers are kept to seven digits, and the page computes all others from them: at "
            f"{MOMENTS_CHECKED} moments that were tried, each agreed with Python's to 1e−6 of its size, or of 1 if it "
            "is smaller"
        )
    else:
        notes.append("the leaves' numbers are kept with all digits, and the page computes all others from them")
    numbers = array(CODES[size], (x for k in kept for x in frames.numbers[k]))
    if byteorder == "big":
        numbers.byteswap()
    record: dict[str, Any] = {
        "leaves": [place[leaf] for leaf in frames.leaves],
        "steps": [moments[k] for k in kept],
        "bytes": size,
        "numbers": b64encode(numbers.tobytes()).decode("ascii"),
        "losses": [float(losses[k]) if math.isfinite(losses[k]) else None for k in kept],
        "measured": frames.measured,
        "notes": notes,
    }
    if frames.epoch is not None:
        record["epoch"] = frames.epoch
    if frames.plane is not None:
        record["plane"] = _plane_of(frames.plane, place)
    return record


def _choose_moments(graph: Graph, frames: Frames) -> tuple[list[int], int]:
    """Choose the moments to keep, and the bytes of a number: four where rounding moves nothing that can be seen."""
    count, wide = len(frames.numbers), len(frames.leaves)
    kept = list(range(count))
    while True:
        if _characters(len(kept), wide, 8) <= frames.budget or len(kept) <= 2:
            return kept, 8
        if _characters(len(kept), wide, 4) <= frames.budget and _agrees(graph, frames, kept):
            return kept, 4
        kept = [k for k in kept[:-1] if k % (2 * (kept[1] - kept[0])) == 0] + [count - 1]


def _characters(moments: int, leaves: int, size: int) -> int:
    return math.ceil(moments * leaves * size / 3) * 4


def _agrees(graph: Graph, frames: Frames, kept: Sequence[int]) -> bool:
    """Whether rounded leaves leave every number of the graph where it is, against its size or 1."""
    for k in sorted({kept[round(place * (len(kept) - 1) / (MOMENTS_CHECKED - 1))] for place in range(MOMENTS_CHECKED)}):
        exact = [float(x) for x in frames.numbers[k]]
        try:
            one = _replay(graph, frames.leaves, exact)
            other = _replay(graph, frames.leaves, array("f", exact).tolist())
        except (ArithmeticError, ValueError):  # a training that went to infinity
            return False
        if not all(x == y or abs(x - y) <= TOLERANCE * max(1.0, abs(x)) for x, y in zip(one, other, strict=True)):
            return False
    return True


def _replay(graph: Graph, leaves: Sequence[Value], numbers: Sequence[float]) -> list[float]:
    """Compute every number of a graph, and every adjoint, from other leaves."""
    now = dict(zip(leaves, numbers, strict=True))
    slopes: dict[Value, Sequence[Any]] = {}
    for node in graph.nodes:
        if node.op is None:
            now.setdefault(node, node.data)
            continue
        operands = [now[v] if isinstance(v, Value) else float(v) for v in node.operands]
        now[node] = float(node.op.forward(*operands))
        slopes[node] = node.op.slopes_at(now[node], operands, [isinstance(v, Value) for v in node.operands])
    seeds = {**dict.fromkeys(graph.nodes, 0.0), graph.outputs[0]: 1.0}
    adjoints = pass_down(graph.nodes, seeds, lambda node, adjoint: slopes[node] if adjoint else ())
    return [*(now[node] for node in graph.nodes), *(adjoints[node] for node in graph.nodes)]


def _plane_of(plane: Plane, place: dict[Value, int]) -> dict[str, Any]:
    return {
        "inputs": [place[leaf] for leaf in plane.inputs],
        "outputs": [place[node] for node in plane.outputs],
        "points": [[float(x) for x in point] for point in plane.points],
        "level": float(plane.level),
        "span": float(plane.span),
        "classes": plane.classes,
    }
