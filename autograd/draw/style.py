"""How a reader wants a drawing: its direction, its digits, and how much of the graph it shows."""

from __future__ import annotations

from dataclasses import dataclass

from autograd.value import Value

__all__ = ["RANKDIRS", "Style"]

#: Where the arrows lead, and the sign of what flows back against them.
RANKDIRS = {"LR": "←", "TB": "↑", "RL": "→", "BT": "↓"}


@dataclass(frozen=True)
class Style:
    """The options of a drawing, as `Graph.save` describes them.

    Attributes:
        rankdir: where the arrows lead; None for where they fit a page.
        precision: significant digits of the numbers; tooltips have all digits.
        budget: the most boxes; None for as many as can be read.
        fold: how nodes are gathered into boxes; see `autograd.draw.fold.fold`, which checks it, like the budget.
        keep: Values that have a box of their own in a folded drawing.

    Raises:
        ValueError: the direction or the precision is none.
    """

    rankdir: str | None
    precision: int
    budget: int | None
    fold: str | None
    keep: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        if self.rankdir is not None and self.rankdir not in RANKDIRS:
            raise ValueError(f"rankdir must be 'LR', 'TB', 'RL', 'BT' or None, not {self.rankdir!r}.")
        digits = self.precision
        if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 17:
            raise ValueError(f"precision must be a number of digits from 1 to 17, not {digits!r}.")
