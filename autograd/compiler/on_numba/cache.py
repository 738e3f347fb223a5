"""Generated modules on disk, where numba keeps what it has compiled from them beside them."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType

__all__ = ["cache_folder", "import_source"]


def cache_folder() -> Path:
    """Return the folder of generated modules, each of which is named by the hash of its text."""
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path(os.path.expanduser("~")) / ".cache") / "edgegrad"


_importing = threading.Lock()


def import_source(source: str) -> ModuleType:
    """Import generated source as a module, which is written first unless it is there."""
    with _importing:  # numba's cache needs it in `sys.modules` before it is whole
        return _import(source)


def _import(source: str) -> ModuleType:
    name = "kernel_" + hashlib.sha256(source.encode()).hexdigest()[:20]
    if name in sys.modules:
        return sys.modules[name]
    path = cache_folder() / f"{name}.py"
    try:
        _write(path, source)
    except OSError:  # a home that cannot be written to: compile anew in every process
        path = Path(tempfile.mkdtemp(prefix="edgegrad")) / f"{name}.py"
        _write(path, source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # numba's cache names it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _write(path: Path, source: str) -> None:
    """Write a file whole or not at all; one that is there is the same, by its name."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(source)
    os.utime(temporary, (0, 0))  # one stamp, whichever process wrote it: numba compares it
    os.replace(temporary, path)
