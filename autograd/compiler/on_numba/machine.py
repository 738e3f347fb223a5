"""The numba machine: a program is a table of instructions over one flat memory, and this is what carries them out.

An instruction is the address of what it does: a part of the machine, or the kernel of an operation of the catalogue,
which follows from its record. A place is a row of a region; rows of some regions have a column for each example.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from autograd.compiler.on_numba.codes import REGION, REGION_BITS, VALUES
from autograd.compiler.on_numba.intrinsics import FLUSH, call, control_word, matrix, set_control_word

OPTIONS: dict[str, Any] = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


@njit(inline="always")
def place(written: int, base: Any, width: Any) -> int:
    """Turn a written place into an offset."""
    region = written & REGION
    return base[region] + (written >> REGION_BITS) * width[region]


def play(lines, count, size, pool, memory, base, width, flush):
    """Carry out a table of instructions: address, whether there are columns, n, where the places stand, k, m.

    With `flush` it computes with subnormal numbers as zeros.
    """
    word = control_word()
    if flush:
        set_control_word(word | FLUSH)
    table = matrix(lines, 0, count, size)
    for q in range(count):
        columns = width[VALUES] if table[q, 1] else 1
        n, at, k, m = table[q, 2], table[q, 3], table[q, 4], table[q, 5]
        call(table[q, 0], (memory, pool, at, base, width, n, columns, k, m))
    if flush:
        set_control_word(word)
