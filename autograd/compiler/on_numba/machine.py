"""The numba machine: a program is a table of instructions over one flat memory, and this is what carries them out.

It is compiled once for each type of number, and calls the kernels of the catalogue's operations by address; they follow
from the records. A place is a row of a region; rows of some regions have a column for each example.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from autograd.compiler.on_numba.codes import (
    ADD,
    ADJOINTS,
    BIAS,
    CHOOSE,
    CHOSEN,
    CLEAR,
    COPY,
    OPERATION,
    PRODUCT,
    PRODUCT_TRANSPOSED,
    PRODUCT_WEIGHTS,
    REGION,
    REGION_BITS,
    ROW_SUMS,
    SCATTER,
    SPREAD,
    SUM,
    TAPE,
    TAPE_BACK,
    VALUES,
    WEIGHTED_FLOW,
    WEIGHTED_SUM,
)  # fmt: skip
from autograd.compiler.on_numba.intrinsics import (
    FLUSH,
    call,
    control_word,
    matrix,
    multiply,
    set_control_word,
    vector,
)  # fmt: skip

OPTIONS: dict[str, Any] = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


@njit(inline="always")
def place(written: int, base: Any, width: Any) -> int:
    """Turn a written place into an offset."""
    region = written & REGION
    return base[region] + (written >> REGION_BITS) * width[region]


@njit(**OPTIONS)
def copy(memory, pool, at, base, width, n, columns):
    """Copy rows so that they lie one after the other: target, source, step, index, or −1 for rows in order."""
    source, step, index = pool[at + 1], pool[at + 2], pool[at + 3]
    wide = width[source & REGION]
    target = place(pool[at], base, width)
    start = place(source, base, width)
    if columns == 1:
        out = vector(memory, target, n)
        if index < 0:
            for i in range(n):
                out[i] = memory[start + i * step]
        else:
            begin = base[source & REGION]
            for i in range(n):
                out[i] = memory[begin + pool[index + i]]
        return
    for i in range(n):
        row = vector(memory, target + i * columns, columns)
        origin = start + i * step * wide if index < 0 else base[source & REGION] + pool[index + i] * wide
        if wide == 1:
            number = memory[origin]
            for j in range(columns):
                row[j] = number
        else:
            given = vector(memory, origin, columns)
            for j in range(columns):
                row[j] = given[j]


@njit(**OPTIONS)
def scatter(memory, pool, at, base, width, n, columns):
    """Bring rows of flows to what they flow to: flows, target, step, index, whether to add."""
    source = place(pool[at], base, width)
    target, step, index, add = pool[at + 1], pool[at + 2], pool[at + 3], pool[at + 4]
    wide = width[target & REGION]
    begin = base[target & REGION]
    first = begin + (target >> REGION_BITS) * wide
    if step == 0 and index < 0 and add == 0:
        for j in range(wide):
            memory[first + j] = 0.0
    summing = add != 0 or (step == 0 and index < 0)
    for i in range(n):
        to = first + i * step * wide if index < 0 else begin + pool[index + i] * wide
        given = vector(memory, source + i * columns, columns)
        if wide == 1:
            number = given[0]
            for j in range(1, columns):
                number += given[j]
            if summing:
                memory[to] += number
            else:
                memory[to] = number
        else:
            row = vector(memory, to, columns)
            if summing:
                for j in range(columns):
                    row[j] += given[j]
            else:
                for j in range(columns):
                    row[j] = given[j]


@njit(**OPTIONS)
def choose(memory, pool, at, base, width, n, k, columns, back):
    """Copy chosen rows: target, places, table, step, index; or add what flows back from them to the table."""
    start, places = place(pool[at], base, width), place(pool[at + 1], base, width)
    table, step, index = pool[at + 2], pool[at + 3], pool[at + 4]
    wide, begin = width[table & REGION], base[table & REGION]
    for i in range(n):
        for j in range(columns):
            which, own = memory[places + i * columns + j], start + i * columns + j
            if which >= 0 and which < k and which == np.floor(which):
                row = i * k + int(which)
                row = (table >> REGION_BITS) + row * step if index < 0 else pool[index + row]
                chosen = begin + row * wide + (j if wide > 1 else 0)
                if back:
                    memory[chosen] += memory[own]
                else:
                    memory[own] = memory[chosen]
            elif not back:
                memory[own] = np.nan


@njit(**OPTIONS)
def clear(memory, pool, at, base, width, n):
    """Write zeros: target, step, index."""
    target, index = pool[at], pool[at + 2]
    wide = width[target & REGION]
    for i in range(n):
        to = base[target & REGION] + ((target >> REGION_BITS) + i if index < 0 else pool[index + i]) * wide
        for j in range(wide):
            memory[to + j] = 0.0


@njit(**OPTIONS)
def transpose(memory, source, target, rows, columns):
    """Copy a matrix, turned."""
    given, out = matrix(memory, source, rows, columns), matrix(memory, target, columns, rows)
    for j in range(columns):
        for i in range(rows):
            out[j, i] = given[i, j]


@njit(**OPTIONS)
def add_to(memory, target, source, n):
    """Add n numbers to n others."""
    out, more = vector(memory, target, n), vector(memory, source, n)
    for i in range(n):
        out[i] += more[i]


@njit(**OPTIONS)
def add_bias(memory, target, source, n, columns):
    """Add a number to each row of a matrix."""
    out, bias = matrix(memory, target, n, columns), vector(memory, source, n)
    for i in range(n):
        number = bias[i]
        for j in range(columns):
            out[i, j] += number


@njit(**OPTIONS)
def row_sums(memory, target, source, n, columns):
    """Sum each row of a matrix."""
    out, given = vector(memory, target, n), matrix(memory, source, n, columns)
    for i in range(n):
        number = given[i, 0]
        for j in range(1, columns):
            number += given[i, j]
        out[i] = number


@njit(**OPTIONS)
def sum_blocks(memory, target, source, n, k, columns):
    """Sum blocks of k rows, row by row."""
    out, given = matrix(memory, target, n, columns), matrix(memory, source, n * k, columns)
    for i in range(n):
        for j in range(columns):
            out[i, j] = given[i * k, j]
        for t in range(i * k + 1, (i + 1) * k):
            for j in range(columns):
                out[i, j] += given[t, j]


@njit(**OPTIONS)
def spread(memory, target, source, n, k, columns):
    """Repeat each row k times."""
    out, given = matrix(memory, target, n * k, columns), matrix(memory, source, n, columns)
    for i in range(n):
        for t in range(i * k, (i + 1) * k):
            for j in range(columns):
                out[t, j] = given[i, j]


@njit(**OPTIONS)
def weighted_sums(memory, target, first, second, n, k, columns):
    """Sum the products of blocks of k rows."""
    out = matrix(memory, target, n, columns)
    a, b = matrix(memory, first, n * k, columns), matrix(memory, second, n * k, columns)
    for i in range(n):
        for j in range(columns):
            out[i, j] = a[i * k, j] * b[i * k, j]
        for t in range(i * k + 1, (i + 1) * k):
            for j in range(columns):
                out[i, j] += a[t, j] * b[t, j]


@njit(**OPTIONS)
def weighted_flows(memory, target, other, adjoint, n, k, columns, singular):
    """Multiply each row of a block by the adjoint of its result; where it may be singular, zero stays zero."""
    out, factor = matrix(memory, target, n * k, columns), matrix(memory, other, n * k, columns)
    above = matrix(memory, adjoint, n, columns)
    for i in range(n):
        for t in range(i * k, (i + 1) * k):
            for j in range(columns):
                out[t, j] = above[i, j] if singular and above[i, j] == 0 else factor[t, j] * above[i, j]


@njit(**OPTIONS)
def sweep_tape(memory, pool, at, start, n, slopes, shift):
    """Pass adjoints on along a tape from its end: each node has two operands and two recorded slopes."""
    adjoint = memory[np.uint64(start + shift + n - 1)]
    for i in range(n - 1, -1, -1):
        following = start + shift + i - 1
        if adjoint != 0:
            a, b = pool[at + 3 * i + 1] + shift, pool[at + 3 * i + 2] + shift
            to_a = memory[np.uint64(a)] + adjoint * memory[np.uint64(slopes + 2 * i)]
            memory[np.uint64(a)] = to_a
            to_b = memory[np.uint64(b)] + adjoint * memory[np.uint64(slopes + 2 * i + 1)]
            memory[np.uint64(b)] = to_b
            if b == following:  # kept in hand: a chain need not wait for its way through the memory
                adjoint = to_b
                continue
            if a == following:
                adjoint = to_a
                continue
        if i:
            adjoint = memory[np.uint64(following)]


@njit(**OPTIONS)
def pass_on(memory, adjoint, slopes, target, wide, columns):
    """Add the flows along an edge to the adjoints of its operand; nothing flows from an adjoint of zero."""
    above, slope = vector(memory, adjoint, columns), vector(memory, slopes, columns)
    if wide == 1:
        for j in range(columns):
            if above[j] != 0:
                memory[target] += above[j] * slope[j]
    else:
        out = vector(memory, target, columns)
        for j in range(columns):
            out[j] += above[j] * slope[j] if above[j] != 0 else above[j] * 0


@njit(**OPTIONS)
def sweep_tape_of_columns(memory, pool, at, start, n, slopes, shift, values, columns):
    """Pass adjoints on along a tape for several examples."""
    for i in range(n - 1, -1, -1):
        adjoint = start + shift + i * columns
        for slot in range(2):
            place, wide = pool[at + 3 * i + 1 + slot], 1
            if place >= values:
                place, wide = values + (place - values) * columns, columns
            pass_on(memory, adjoint, slopes + (2 * i + slot) * columns, place + shift, wide, columns)


@njit(**OPTIONS)
def move_on(pool, at, n, direction):
    """Move the operands of a loop's step to those of the next one, or back."""
    nodes, steps = vector(pool, at, 3 * n), vector(pool, at + 3 * n, 3 * n)
    for i in range(3 * n):
        nodes[i] += direction * steps[i]


@njit(**OPTIONS)
def play_tape(pool, memory, at, base, width, n, times, columns):
    """Carry out a tape: once, or the steps of a loop."""
    start, slopes = place(pool[at], base, width), place(pool[at + 1], base, width)
    for t in range(times):
        first, recorded = start + t * n * columns, slopes + 2 * t * n * columns
        call(pool[at + 2], (memory, pool, at + 3, first, n, recorded, base[VALUES], columns))
        if times > 1:
            move_on(pool, at + 3, n, 1)
    if times > 1:
        move_on(pool, at + 3, n, -times)


@njit(**OPTIONS)
def rewind_tape(pool, memory, at, base, width, n, times, columns, wide):
    """Pass adjoints on along a tape from its end: once, or the steps of a loop from the last one."""
    start, slopes = place(pool[at], base, width), place(pool[at + 1], base, width)
    shift = base[ADJOINTS] - base[VALUES]
    if times > 1:
        move_on(pool, at + 3, n, times)
    for t in range(times - 1, -1, -1):
        if times > 1:
            move_on(pool, at + 3, n, -1)
        first, recorded = start + t * n * columns, slopes + 2 * t * n * columns
        if wide:
            sweep_tape_of_columns(memory, pool, at + 3, first, n, recorded, shift, base[VALUES], columns)
        else:
            sweep_tape(memory, pool, at + 3, first, n, recorded, shift)


def play(lines, count, size, pool, memory, base, width, flush):
    """Carry out a table of instructions: code, whether there are columns, n, where the places stand, k, m.

    With `flush` it computes with subnormal numbers as zeros.
    """
    word = control_word()
    if flush:
        set_control_word(word | FLUSH)
    table = matrix(lines, 0, count, size)
    for q in range(count):
        code, n, at = table[q, 0], table[q, 2], table[q, 3]
        columns = width[VALUES] if table[q, 1] else 1
        if code >= OPERATION:
            call(code, (memory, pool, at, base, width, n * columns))
        elif code == TAPE:
            play_tape(pool, memory, at, base, width, n, table[q, 4], columns)
        elif code == TAPE_BACK:
            rewind_tape(pool, memory, at, base, width, n, table[q, 4], columns, width[VALUES] > 1)
        elif code == COPY:
            copy(memory, pool, at, base, width, n, columns)
        elif code == SCATTER:
            scatter(memory, pool, at, base, width, n, columns)
        elif code == CLEAR:
            clear(memory, pool, at, base, width, n)
        elif code in (CHOOSE, CHOSEN):
            choose(memory, pool, at, base, width, n, table[q, 4], columns, code == CHOSEN)
        elif code == ADD:
            add_to(memory, place(pool[at], base, width), place(pool[at + 1], base, width), n * columns)
        else:
            first, second, third = (
                place(pool[at], base, width), place(pool[at + 1], base, width), place(pool[at + 2], base, width),
            )  # fmt: skip
            k = table[q, 4]
            wide = table[q, 5] * columns
            if code == PRODUCT:  # out (n, wide) = W (n, k) @ inputs (k, wide)
                multiply(memory, second, third, first, n, k, wide, False)
            elif code == PRODUCT_TRANSPOSED:  # flow (k, wide) = Wᵀ @ adjoint (n, wide)
                multiply(memory, second, third, first, k, n, wide, True)
            elif code == PRODUCT_WEIGHTS:  # flow (n, k) = adjoint (n, wide) @ inputsᵀ, from a turned copy of the inputs
                turned = place(pool[at + 3], base, width)
                transpose(memory, third, turned, k, wide)
                multiply(memory, second, turned, first, n, wide, k, False)
            elif code == BIAS:
                add_bias(memory, first, second, n, wide)
            elif code == ROW_SUMS:
                row_sums(memory, first, second, n, wide)
            elif code == SUM:
                sum_blocks(memory, first, second, n, k, columns)
            elif code == SPREAD:
                spread(memory, first, second, n, k, columns)
            elif code == WEIGHTED_SUM:
                weighted_sums(memory, first, second, third, n, k, columns)
            elif code == WEIGHTED_FLOW:
                weighted_flows(memory, first, second, third, n, k, columns, pool[at + 3] != 0)
    if flush:
        set_control_word(word)
