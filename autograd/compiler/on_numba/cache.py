"""Generated modules on disk, where numba keeps what it has compiled from them beside them."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import ModuleType

__all__ = ["cache_folder", "import_source"]


def cache_folder() -> Path:
    """Return the folder of generated modules, each of which is named by the hash of its text."""
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path(os.path.expanduser("~")) / ".cache") / "edgegrad"


_importing = threading.Lock()


def import_source(source: str) -> ModuleType:
    """Import generated source as a module, and write it into a file of the folder if that can be done."""
    with _importing:  # numba's cache needs it in `sys.modules` before it is whole
        return _import(source)


def _import(source: str) -> ModuleType:
    name = "kernel_" + hashlib.sha256(source.encode()).hexdigest()[:20]
    if name in sys.modules:
        return sys.modules[name]
    path = cache_folder() / f"{name}.py"
    file = str(path)
    try:
        _write(path, source)
    except OSError:  # a disk that cannot be written to: then numba keeps nothing either
        file = f"<{name}>"
    module = ModuleType(name)
    sys.modules[name] = module  # numba's cache names it
    try:
        exec(compile(source, file, "exec"), vars(module))  # the text itself: a file may be damaged
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _write(path: Path, source: str) -> None:
    """Write a file whole or not at all, unless it is there and whole."""
    text = source.encode()
    with suppress(OSError):
        if path.read_bytes() == text:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        os.utime(temporary, (0, 0))  # one stamp, whichever process wrote it: numba compares it
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
