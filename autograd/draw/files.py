"""Files that appear whole or not at all, and errors that say why one cannot be written."""

from __future__ import annotations

import os
import platform
import re
import secrets
import time
import zlib
from contextlib import suppress
from pathlib import Path

from autograd.errors import DrawingError

__all__ = ["check_place", "unwritable", "write"]


HOST = zlib.crc32(platform.node().encode())  # tells machines apart that share a folder
UNFINISHED = re.compile(r"\.edgegrad-(\d+)-(\d+)-[0-9a-f]{8}\.part")
STALE_SECONDS = 86_400.0  # seconds after which no drawing can be under way any more, on whatever machine

_unfinished: set[str] = set()  # names of the files that this process is writing


def check_place(path: str | os.PathLike[str]) -> None:
    """Check that a file can stand at a path.

    Raises:
        DrawingError: a folder, a pipe or a device stands there, or there is no folder to hold it.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise unwritable(path, "it is a folder. Name a file in it")
    if any(os.path.exists(place) and not os.path.isfile(place) for place in (path, target)):
        raise unwritable(path, "it is a pipe or a device, not a file. Choose another path")
    if not target.parent.is_dir():
        raise unwritable(path, f"there is no folder {Path(path).parent}. Make it first")


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file beside its place, then move it there; a link stays a link.

    Raises:
        DrawingError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    _remove_left_behind(target.parent)
    name = f".edgegrad-{HOST}-{os.getpid()}-{secrets.token_hex(4)}.part"
    beside = target.with_name(name)
    _unfinished.add(name)
    try:
        with open(beside, "xb") as file:
            file.write(content)
        os.replace(beside, target)
    except OSError as error:
        raise unwritable(path, f"{error.strerror}. Choose another place") from None
    finally:
        beside.unlink(missing_ok=True)
        _unfinished.discard(name)


def _remove_left_behind(folder: Path) -> None:
    """Remove the unfinished files of processes that were killed while they wrote into a folder."""
    with suppress(OSError):  # what cannot be listed or removed stays
        for path in folder.iterdir():
            found = UNFINISHED.fullmatch(path.name)
            if found is None or path.name in _unfinished:
                continue
            stale = time.time() - path.stat().st_mtime > STALE_SECONDS
            if stale or (int(found[1]) == HOST and _is_over(int(found[2]))):
                path.unlink()


def _is_over(process: int) -> bool:
    """Whether a process of this machine runs no more, as far as can be told; our own number was another's before."""
    if process == os.getpid():
        return True
    if os.name != "posix":  # where a signal of 0 ends a process
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def unwritable(path: str | os.PathLike[str], why: str) -> DrawingError:
    """Make the error that says why a file cannot be written, and what to do."""
    return DrawingError(f"{os.fspath(path)} cannot be written: {why}.")
