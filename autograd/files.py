"""Files that appear whole or not at all; what a killed process left unfinished goes at the next write."""

from __future__ import annotations

import errno
import os
import platform
import re
import secrets
import time
import zlib
from contextlib import suppress
from pathlib import Path

__all__ = ["check_path", "is_occupied", "write"]

HOST = zlib.crc32(platform.node().encode())  # tells machines apart that share a folder
UNFINISHED = re.compile(r"\.edgegrad-(\d+)-(\d+)-[0-9a-f]{8}\.part")
STALE_SECONDS = 86_400.0  # seconds after which no writing can be under way any more, on whatever machine

_unfinished: set[str] = set()  # names of the files that this process is writing


def is_occupied(path: str | os.PathLike[str]) -> bool:
    """Whether a folder, a pipe or a device stands at a path, or where it leads to."""
    return any(os.path.exists(place) and not os.path.isfile(place) for place in (path, os.path.realpath(path)))


def check_path(path: object) -> None:
    """Check that something is the path of a file.

    Raises:
        TypeError: it is neither a str nor a Path.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"The path of a file is a str or a Path, not {path!r}.")


def write(path: str | os.PathLike[str], content: bytes, *, lasting: bool = False) -> None:
    """Write a file beside its place, then move it there; a link stays a link, and who may read it stays.

    Args:
        path: where to.
        content: the whole file.
        lasting: wait until it is on the disk.

    Raises:
        TypeError: the path is neither a str nor a Path.
        FileExistsError: what stands there is no file.
        OSError: it cannot be written; what was there before is left as it was.
    """
    check_path(path)
    if is_occupied(path):
        raise FileExistsError(
            errno.EEXIST, "What stands there is no regular file: choose another path", os.fspath(path)
        )
    target = Path(os.path.realpath(path))
    _remove_left_behind(target.parent)
    name = f".edgegrad-{HOST}-{os.getpid()}-{secrets.token_hex(4)}.part"
    beside = target.with_name(name)
    _unfinished.add(name)
    try:
        with open(beside, "xb") as file:
            file.write(content)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        if target.exists():
            beside.chmod(target.stat().st_mode & 0o7777)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
        _unfinished.discard(name)
    if lasting and os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


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
