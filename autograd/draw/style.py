"""How a reader wants a drawing: its direction, its digits, and how much of the graph it shows."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RANKDIRS", "Style"]

#: Where the arrows lead, and the sign of what flows back against them.
RANKDIRS = {"LR": "←", "TB": "↑", "RL": "→", "BT": "↓"}


@dataclass(frozen=True)
class Style:
    """The options of a drawing, as `Graph.save` describes them.

    Attributes:
        rankdir: where the arrows lead.
        precision: significant digits of the numbers; tooltips have all digits.
        budget: the most boxes; None for as many as can be read.
        fold: how nodes are gathered into boxes; see `autograd.draw.fold.fold`, which checks it, like the budget.

    Raises:
        ValueError: the direction or the precision is none.
    """

    rankdir: str
    precision: int
    budget: int | None
    fold: str | None

    def __post_init__(self) -> None:
        if self.rankdir not in RANKDIRS:
            raise ValueError(f"rankdir must be 'LR', 'TB', 'RL' or 'BT', not {self.rankdir!r}.")
        digits = self.precision
        if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 17:
            raise ValueError(f"precision must be a number of digits from 1 to 17, not {digits!r}.")

    @property
    def back(self) -> str:
        """The sign of what flows back against the arrows."""
        return RANKDIRS[self.rankdir]

    @property
    def upright(self) -> bool:
        """Whether the arrows run up or down."""
        return self.rankdir in ("TB", "BT")
