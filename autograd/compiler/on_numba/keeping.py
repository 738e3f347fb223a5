"""Machine code on disk, which numba keeps from process to process: whatever the disk is like, it costs time only.

What was kept is used where its digest is right. Where it is damaged, or nothing can be written, functions are compiled
anew.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature

__all__ = ["compile_function", "compile_kernel"]

OPTIONS: dict[str, Any] = {"error_model": "numpy"}
DIGEST_BYTES = sha256().digest_size


def compile_function(**options: Any) -> Callable[[Any], Any]:
    """Make a decorator that compiles a function for the types it is called with, and keeps the machine code."""

    def decorate(function: Any) -> Any:
        compiled: Any = njit(**OPTIONS, **options)(function)
        compiled._cache = _cache_of(function)
        return compiled

    return decorate


def compile_kernel(signature: str) -> Callable[[Any], Any]:
    """Make a decorator that compiles a function which others call by its address, and keeps the machine code."""

    def decorate(function: Any) -> Any:
        compiled: Any = CFunc(function, normalize_signature(signature), locals={}, options=OPTIONS)
        compiled._cache = _cache_of(function)
        compiled.compile()
        return compiled

    return decorate


def _cache_of(function: Any) -> Any:
    try:
        return _Cache(function)
    except (RuntimeError, OSError):  # there is no folder for it
        return NullCache()


class _Cache(FunctionCache):
    """What was compiled of one function: read and written if that can be done."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was kept for a signature; None where that is nothing, or nothing whole."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # what a damaged pickle raises can be anything
            with suppress(Exception):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature, if that can be done."""
        with suppress(Exception):
            super().save_overload(sig, data)


class _Files(IndexDataCacheFile):
    """numba's files, with a digest of the machine code before it."""

    def _save_data(self, name: str, data: Any) -> None:
        content = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(sha256(content).digest() + content)

    def _load_data(self, name: str) -> Any:
        with open(self._data_path(name), "rb") as file:
            digest, content = file.read(DIGEST_BYTES), file.read()
        if sha256(content).digest() != digest:
            raise OSError(f"{name} is damaged")
        return pickle.loads(content)
