"""Files of drawings that appear whole or not at all, and errors that say why one cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

from autograd import files
from autograd.errors import DrawingError

__all__ = ["check_place", "read_extension", "unwritable", "write"]


def read_extension(path: str | os.PathLike[str]) -> str:
    """Return the extension of the file that a path leads to, in small letters.

    Raises:
        TypeError: the path is neither a str nor a Path.
    """
    files.check_path(path)
    return os.path.splitext(os.path.realpath(path))[1].lower()


def check_place(path: str | os.PathLike[str]) -> None:
    """Check that a file can stand at a path.

    Raises:
        DrawingError: a folder, a pipe or a device stands there, or there is no folder to hold it.
    """
    target = Path(os.path.realpath(path))
    if os.path.isdir(target):
        raise unwritable(path, "it is a folder. Name a file in it")
    if files.is_occupied(path):
        raise unwritable(path, "it is a pipe or a device, not a file. Choose another path")
    if not os.path.isdir(target.parent):
        raise unwritable(path, f"there is no folder {Path(path).parent}. Make it first")


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file beside its place, then move it there; a link stays a link.

    Raises:
        DrawingError: it cannot be written.
    """
    try:
        files.write(path, content)
    except OSError as error:
        raise unwritable(path, f"{error.strerror}. Choose another place") from None


def unwritable(path: str | os.PathLike[str], why: str) -> DrawingError:
    """Make the error that says why a file cannot be written, and what to do."""
    return DrawingError(f"{os.fspath(path)} cannot be written: {why}.")
