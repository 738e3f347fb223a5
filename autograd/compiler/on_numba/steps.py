"""Steps of a descent on the numba machine: batches are loaded, tables played, gradients shortened and weights moved."""

from __future__ import annotations

import math

from numba import njit

from autograd.compiler.on_numba.codes import ADJOINTS, REGION, SCRATCH, SHARED, SHARED_ADJOINTS, SLOPES, VALUES
from autograd.compiler.on_numba.intrinsics import FLUSH, call, control_word, matrix, set_control_word, vector
from autograd.compiler.on_numba.machine import OPTIONS, place


@njit(**OPTIONS)
def load(memory, start, examples, inputs, order, first, count):
    """Copy examples into columns."""
    out = matrix(memory, start, inputs, count)
    for j in range(count):
        row = vector(examples, order[first + j] * inputs, inputs)
        for i in range(inputs):
            out[i, j] = row[i]


@njit(**OPTIONS, fastmath={"reassoc"})
def finite(numbers):
    """Return whether no number is infinite or NaN."""
    zero = numbers[0] - numbers[0]
    for i in range(numbers.size):
        zero += numbers[i] * 0
    return zero == 0


def shorten(slopes_at, limit, frozen, any_frozen, n):
    """Shorten a gradient where it is longer than a limit; scaled, so that no square overflows or vanishes."""
    slopes = vector(slopes_at, 0, n)
    largest = abs(slopes[0] - slopes[0])
    for i in range(slopes.size):
        if any_frozen == 0 or frozen[i] == 0:
            largest = max(largest, abs(slopes[i]))
    if not (largest > 0 and finite(slopes)):
        return
    squares = largest - largest
    for i in range(slopes.size):
        if any_frozen == 0 or frozen[i] == 0:
            part = slopes[i] / largest
            squares += part * part
    length = largest * math.sqrt(squares)
    if length > limit:
        for i in range(slopes.size):
            slopes[i] *= limit / length


def descend(
    player, forward, forward_count, backward, backward_count, size, pool, memory, base, width, examples, inputs, order,
    taken, batch, output, output_adjoint, kept, others, losses, outputs, updates, slots, settings, steps, options,
    frozen, any_frozen, shortener, clip_norm, n,
):  # fmt: skip
    """Take one step for each batch, and count those before a number stopped being finite."""
    word = control_word()
    set_control_word(word | FLUSH)
    w, g = vector(memory, base[SHARED], n), vector(memory, base[SHARED_ADJOINTS], n)
    setting, seen = matrix(settings, 0, steps, options), matrix(outputs, 0, taken, others)
    one = clip_norm - clip_norm + 1
    for s in range(steps):
        first = s * batch
        count = min(batch, taken - first)
        width[VALUES] = width[ADJOINTS] = width[SCRATCH] = width[SLOPES] = count
        load(memory, base[VALUES], examples, inputs, order, first, count)
        call(player, (forward, forward_count, size, pool, memory, base, width, 0))
        value = one - one
        result = vector(memory, place(output, base, width), width[output & REGION])
        for j in range(result.size):
            value += result[j]
        value /= result.size
        for r in range(others):
            row = vector(memory, place(kept[r], base, width), width[kept[r] & REGION])
            for j in range(count):
                seen[first + j, r] = row[j if row.size > 1 else 0]
        adjoint = vector(memory, place(output_adjoint, base, width), result.size)
        for j in range(result.size):
            adjoint[j] = one / result.size
        call(player, (backward, backward_count, size, pool, memory, base, width, 0))
        losses[s] = value
        if shortener != 0:
            call(shortener, (g, clip_norm, frozen, any_frozen, n))
        call(updates[s], (w, g, slots, setting[s], frozen, any_frozen, n))
        if value - value != 0.0 or not finite(w):
            set_control_word(word)
            return s
    set_control_word(word)
    return steps
