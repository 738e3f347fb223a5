"""NumPy's BLAS: where its products of matrices and of a matrix and a vector are, and how many threads one may take."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from typing import Any

__all__ = ["find_product", "hold_to_one_thread"]

#: What NumPy's BLAS may call a function such as dgemm; whole numbers are passed by their address.
NAMES = ("scipy_{}_64_", "{}_64_", "scipy_{}_", "{}_")
#: What OpenBLAS may call the functions that read and set its number of threads.
THREADS = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads")

_counting = threading.Lock()
_held = 0  # how many runs hold it to one thread
_free = 1  # how many it took before


def find_product(function: str) -> int:
    """Find the address of a product in NumPy's BLAS, or else in SciPy's.

    Args:
        function: d for float64 or s for float32, and gemm for two matrices or gemv for a matrix and a vector.
    """
    for name in NAMES:
        with suppress(AttributeError):
            return ctypes.cast(getattr(_library(), name.format(function)), ctypes.c_void_p).value or 0
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__[function]
    name_of, pointer_of = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return int(pointer_of(capsule, name_of(capsule)))


@contextmanager
def hold_to_one_thread() -> Iterator[None]:
    """Hold OpenBLAS to one thread in a block, in the whole process; another BLAS stays as it is.

    It shares a product of 128 × 128 × 16 numbers among its threads already, where waiting for each other takes longer
    than the product, many times longer on a busy machine.
    """
    global _held, _free
    threads = _threads()
    if threads is None:
        yield
        return
    read, write = threads
    with _counting:
        if _held == 0:
            _free = read()
            write(1)
        _held += 1
    try:
        yield
    finally:
        with _counting:
            _held -= 1
            if _held == 0:
                write(_free)


@cache
def _library() -> Any:
    """Open what NumPy's core is linked with."""
    return ctypes.CDLL(import_module("numpy._core._multiarray_umath").__file__)


@cache
def _threads() -> tuple[Callable[[], int], Callable[[int], Any]] | None:
    for name in THREADS:
        with suppress(AttributeError):
            return getattr(_library(), name.format("get")), getattr(_library(), name.format("set"))
    return None
