"""What the `edgegrad` command raises itself, where neither a formula nor the engine is at fault."""

from __future__ import annotations

__all__ = ["CommandError", "UsageError"]


class CommandError(Exception):
    """What was asked for cannot be done here: a folder cannot be made, a file cannot be read, a package is missing."""


class UsageError(Exception):
    """The words of the command make no sense: a row or a name that there is not, an option out of its range."""
