"""The explorer: one page that steps through a graph, forward and backward, and computes it again with other numbers.

`explore` and `Value.explore` are the doors to it; the page needs no network, no server and nothing installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.draw.explorer.frames import Frames, Plane
from autograd.errors import DrawingError, OperandTypeError
from autograd.value import Value

if TYPE_CHECKING:
    import os

    from autograd.draw.explorer.page import Page
    from autograd.exercise import Exercise

__all__ = ["Frames", "Plane", "explore"]


def explore(
    output: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    frames: Frames | None = None,
    practice: Exercise | bool = False,
) -> Page:
    """Make a page that steps through the graph of a Value: every number forward, every derivative backward.

    The page is one file that opens by double click, without network or server; in a notebook it shows itself. Its
    steps are one for each node, operands first, and then one for each edge, the output's first: step 0 has nothing
    computed, and ``page.html#step=17`` opens at step 17. Gradients are those of `output`, whatever `grad` holds, and
    no `grad` is touched. Leaves can be given other numbers in the page.

    With `frames` the page is a film: it has a second axis, the steps of a training, and every step of the graph can be
    looked at after every step of the training. ``page.html#frame=37&step=17`` is step 17 after 37 steps of training.

    With `practice` the page asks: the derivatives of an exercise are hidden wherever the page shows them, until each is
    answered, by a number or a formula.

    Args:
        output: the Value at the top, of at most 60,000 nodes.
        path: an ``.html`` file to write, if any.
        frames: the leaves that a training moved, at each of its moments; `output` was recorded at the last.
        practice: the exercise to ask, made by `practice`; True for one on all leaves that take a gradient.

    Returns:
        the page: `save(path)` writes it, `html` is its text.

    Raises:
        OperandTypeError: `output` is no Value, or `practice` no exercise.
        DrawingError: the graph is too large, cannot be filmed, or the file cannot be written; or the exercise is about
            another Value, or a film.
        StaleGraphError: a leaf was assigned since the graph was recorded.

    Example:
        >>> x = Value(3.0, name="x")
        >>> page = explore(x * x + 1.0)
        >>> page.steps
        6
    """
    if not isinstance(output, Value):
        raise OperandTypeError(
            f"explore takes the output, a Value, not {type(output).__name__}: pass the Value at the top of the graph."
        )
    from autograd.draw.explorer.page import Page

    if frames is not None and practice:
        raise DrawingError("A page is a film or an exercise, not both: leave out frames or practice.")
    page = Page(output, frames, practice)
    if path is not None:
        page.save(path)
    return page
