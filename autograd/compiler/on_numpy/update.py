"""An optimiser's rule as NumPy statements that move weights in place, block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.on_numpy.statements import INDENT, Statements
from autograd.compiler.rules import read_rule

__all__ = ["BLOCK", "compile_update"]

Array = NDArray[Any]
BLOCK = 16384  # weights at a time: few enough for the processor's cache, many enough for the calls


def compile_update(
    rule: Callable[..., Any], slots: int, nonzero: Sequence[bool], dtype: np.dtype[Any]
) -> Callable[[Sequence[Array], Sequence[float]], None]:
    """Compile a rule.

    Args:
        rule: ``(w, g, *slots, *settings) -> (w, *slots)``.
        slots: how many numbers it remembers of each weight.
        nonzero: of each setting, whether it is not zero.
        dtype: of the weights.

    Returns:
        a function that moves weights in place: it takes the arrays w, g and the slots, and the settings.

    Raises:
        CompileError: the rule cannot be read.
    """
    read = read_rule(rule, slots, nonzero)
    arrays = (read.weight, read.gradient, *read.slots)
    held = (read.weight, *read.slots)
    source = Statements((*arrays, *read.settings, "n", "update"))
    buffers: list[str] = []

    def temporary(number: int) -> str:
        buffers.append(source.fresh("t"))
        source.objects[f"{buffers[-1]}_block"] = np.empty(BLOCK, dtype)
        return buffers[-1]

    given = {letter: letter for letter in (*arrays, *read.settings)}
    found = source.compute(read.results, given, held, temporary, read.settings)
    for place, (text, target) in enumerate(zip(found, held, strict=True)):
        if text in held and text != target:  # before it is written over
            found[place] = source.fresh("kept")
            source.write(f"{found[place]} = {text}.copy()")
    for text, target in zip(found, held, strict=True):
        if text != target:
            source.write(f"{target}[...] = {text}")
    head = [f"def update({', '.join((*arrays, *read.settings))}):", f"{INDENT}n = len({read.weight})"]
    head += [f"{INDENT}{name} = {name}_block[:n]" for name in buffers]
    exec("\n".join([*head, *source.lines]), source.objects)
    update = source.objects.pop("update")

    def move(numbers: Sequence[Array], settings: Sequence[float]) -> None:
        for start in range(0, len(numbers[0]), BLOCK):
            update(*[array[start : start + BLOCK] for array in numbers], *settings)

    return move
