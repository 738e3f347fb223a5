"""micrograd's picture of a graph, ready: `draw_dot`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.errors import OperandTypeError
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.graph import Graph

__all__ = ["Picture", "draw_dot"]


class Picture:
    """A graph as it is drawn: a notebook shows it, `render` writes it.

    Attributes:
        graph: the graph.
        format: of the file: ``svg``, ``png``, ``pdf`` or ``dot``.
        rankdir: where the arrows lead.
    """

    def __init__(self, graph: Graph, format: str, rankdir: str) -> None:  # noqa: A002
        self.graph, self.format, self.rankdir = graph, format, rankdir

    @property
    def source(self) -> str:
        """The picture in Graphviz's DOT language."""
        return self.graph.to_dot(rankdir=self.rankdir)

    def render(self, filename: str) -> str:
        """Write the picture into a file, ``filename.svg`` or as `format` says, and return its name.

        Raises:
            DrawingError: the format or the place cannot be written.
        """
        path = f"{filename}.{self.format}"
        self.graph.save(path, rankdir=self.rankdir)
        return path

    def _repr_svg_(self) -> str:
        from autograd.draw.render import fit_column

        return fit_column(self.graph.to_svg(rankdir=self.rankdir))

    def __repr__(self) -> str:
        return f"<picture of {self.graph!r}: .render('graph') writes graph.{self.format}>"


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR") -> Picture:  # noqa: A002
    """Draw the graph of a Value, as micrograd's notebooks do: data, gradient and operation of each node.

    Here slopes stand on the edges as well. ``root.graph().save(…)`` has more options.

    Args:
        root: the Value at the top.
        format: of the file that `Picture.render` writes.
        rankdir: where the arrows lead: ``"LR"`` (left to right), ``"TB"`` (down), ``"RL"`` or ``"BT"``.

    Raises:
        OperandTypeError: `root` is no Value.

    Example:
        >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
        >>> e = a * b
        >>> e.label = "e"
        >>> draw_dot(e)
        <picture of <Graph of 3 nodes, 2 edges, 2 leaves>: .render('graph') writes graph.svg>
    """
    if not isinstance(root, Value):
        raise OperandTypeError(f"draw_dot draws the graph of a Value, not of {type(root).__name__}.")
    return Picture(root.graph(), format, rankdir)
