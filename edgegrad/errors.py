"""What the `edgegrad` command raises itself, where neither a formula nor the engine is at fault."""

from __future__ import annotations

__all__ = ["CommandError"]


class CommandError(Exception):
    """What was asked for cannot be done here: a folder cannot be made, a file cannot be read, a package is missing."""
