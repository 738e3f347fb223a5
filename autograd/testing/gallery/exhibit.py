"""Exhibit: one mistake, what it looks like from outside, why it happens, and the check that finds it."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograd.errors import AutogradError
from autograd.op import Op
from autograd.symbol import formulas, text

__all__ = ["Exhibit"]

#: What a check raises on the wrong version.
CAUGHT = (AssertionError, AutogradError, RecursionError)


@dataclass(frozen=True)
class Exhibit:
    """A mistake in two versions, and the check that passes the right one only.

    Attributes:
        name: what the mistake is called.
        wrong: the mistake: an engine, an operation's record, or a function.
        right: the same without it.
        check: takes either of them, and raises where something is wrong.
        seen: what one sees who makes the mistake.
        why: where it comes from.
    """

    name: str
    wrong: Any
    right: Any
    check: Callable[[Any], None]
    seen: str
    why: str

    def caught(self) -> str:
        """Check the wrong version, and return the first line of what the check says.

        Raises:
            AssertionError: the check lets it pass.
        """
        try:
            self.check(self.wrong)
        except CAUGHT as error:
            return str(error).partition("\n")[0]
        raise AssertionError(f"{self.check.__name__} lets the {self.name} pass.")

    def code(self, version: Any) -> str:
        """Write a version out: its source; of a right engine, the methods that the wrong one replaces.

        A record of the catalogue is written as the formulas of its slopes.
        """
        if isinstance(version, Op) and version.catalogued:
            out, slopes = formulas(version)
            shown = zip(out.operands, slopes, strict=True)
            return "".join(f"∂{version.name}/∂{text(x)} = {text(slope)}\n" for x, slope in shown)
        sources = [version.slopes[0] if isinstance(version, Op) else version]
        if inspect.isclass(version) and version is not self.wrong:
            sources = [getattr(version, name) for name, own in vars(self.wrong).items() if inspect.isfunction(own)]
        return "\n".join(textwrap.dedent(inspect.getsource(each)) for each in sources)

    def __str__(self) -> str:
        return (
            f"{self.name}\n\nwrong\n{textwrap.indent(self.code(self.wrong), '    ')}\nseen\n    {self.seen}\nwhy\n"
            f"    {self.why}\ncaught by {self.check.__name__}\n    {self.caught()}\n"
        )
