"""How a drawing looks: one calm palette that colour-blind readers can tell apart, and a shape for each role.

Hues are those of Okabe and Ito (Color Universal Design, 2008), darkened until text in them has a contrast of
at least 4.5 : 1 on white; no meaning rests on colour alone.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FINE", "FLOW", "FONT", "INK", "LINE", "LOOKS", "MUTED", "PAPER", "QUIET", "RULE", "SIZE", "SMALL", "Look"]

FONT = "Helvetica,Arial,sans-serif"
SIZE = 13.0  # points: names and operations
SMALL = 11.0  # points: numbers and edge labels
FINE = 9.0  # points: the caption

PAPER = "#FFFFFF"
INK = "#1C2128"
MUTED = "#59636E"
LINE = "#6E7781"
QUIET = "#AAB2BB"  # lines that carry nothing
RULE = "#D0D7DE"
FLOW = "#A83E00"


class Look(NamedTuple):
    """The look of one kind of box: a Graphviz shape and line style, with its two colours.

    Attributes:
        bar: whether a bar in the colour of the border runs down the left side.
    """

    shape: str
    style: str
    border: str
    fill: str
    width: float = 1.2
    peripheries: int = 1
    bar: bool = False


#: Role of a node, or kind of a box, and its look.
LOOKS: dict[str, Look] = {
    "operation": Look("box", "filled", "#57606A", PAPER),
    "output": Look("box", "filled", "#00664A", "#E9F6F1", 1.4, 2),
    "leaf": Look("box", "filled,rounded", "#0063A0", "#EAF4FC"),
    "parameter": Look("box", "filled", "#A65B00", "#FFF4E0", bar=True),
    "frozen": Look("box", "filled,rounded,dashed", "#59636E", "#F1F3F5"),
    "constant": Look("box", "filled,rounded", RULE, PAPER, 0.8),
    "fold": Look("folder", "filled", "#7B4B94", "#F6F0FA"),
}
