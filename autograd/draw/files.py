"""Files that appear whole or not at all, and errors that say why one cannot be written."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from autograd.errors import DrawingError

__all__ = ["check_place", "unwritable", "write"]


def check_place(path: str | os.PathLike[str]) -> None:
    """Check that a file can stand at a path.

    Raises:
        DrawingError: a folder stands there, or there is none to hold it.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise unwritable(path, "it is a folder. Name a file in it")
    if not target.parent.is_dir():
        raise unwritable(path, f"there is no folder {Path(path).parent}. Make it first")


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file beside its place, then move it there; a link stays a link.

    Raises:
        DrawingError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with open(beside, "xb") as file:
            file.write(content)
        os.replace(beside, target)
    except OSError as error:
        raise unwritable(path, f"{error.strerror}. Choose another place") from None
    finally:
        beside.unlink(missing_ok=True)


def unwritable(path: str | os.PathLike[str], why: str) -> DrawingError:
    """Make the error that says why a file cannot be written, and what to do."""
    return DrawingError(f"{os.fspath(path)} cannot be written: {why}.")
