"""The doors of the numba machine: what Python calls, as functions of addresses and whole numbers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

from autograd.compiler.on_numba.kernels import head
from autograd.compiler.on_numba.objects import addresses

__all__ = ["Entries", "entries", "shortener"]

#: The arguments of the doors: the address of whole numbers (w), of the machine's numbers (v) or of flags (f); a whole
#: number (n) or one of the machine's (r).
PLAY = "wnnwvwwn"
DESCEND = "nwnwnnwvwwvnwnnnnwnvvwvvnnfnnrn"

SOURCE = """
from autograd.compiler.on_numba import machine, steps

play = cfunc("void({play})", **OPTIONS)(machine.play)
descend = cfunc("int64({descend})", **OPTIONS)(steps.descend)
"""
SHORTENER = """
from autograd.compiler.on_numba import steps

shorten = cfunc("void(CPointer({real}), {real}, CPointer(uint8), int64, int64)", **OPTIONS)(steps.shorten)
"""


class Entries(NamedTuple):
    """What Python calls of a machine.

    Attributes:
        play: carries out a table.
        descend: takes steps, and counts those before a number stopped being finite.
    """

    play: Callable[..., None]
    descend: Callable[..., int]


@cache
def entries(real: str) -> Entries:
    """Return the doors of the machine that computes with a NumPy type."""
    kinds = {"w": "CPointer(int64)", "v": f"CPointer({real})", "f": "CPointer(uint8)", "n": "int64", "r": real}
    texts = [", ".join(kinds[letter] for letter in letters) for letters in (PLAY, DESCEND)]
    play, descend = addresses(head(real) + SOURCE.format(play=texts[0], descend=texts[1]), "play", "descend")
    number = ctypes.c_float if real == "float32" else ctypes.c_double

    def door(result: Any, letters: str, address: int) -> Any:
        numbers = {"n": ctypes.c_int64, "r": number}
        return ctypes.CFUNCTYPE(result, *[numbers.get(letter, ctypes.c_void_p) for letter in letters])(address)

    return Entries(door(None, PLAY, play), partial(door(ctypes.c_int64, DESCEND, descend), play))


@cache
def shortener(real: str) -> int:
    """Return the address of what shortens a gradient."""
    return addresses(head(real) + SHORTENER.replace("{real}", real), "shorten")[0]
