"""The instructions of the numba machine, each compiled when a program first has it.

All take the same: the memory; the pool of places, and where those of the instruction stand in it; where regions begin
and how wide they are; and n, the columns, k and m of the table's line.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from autograd.compiler.on_numba.codes import ADJOINTS, REGION, REGION_BITS, VALUES
from autograd.compiler.on_numba.intrinsics import call, matrix, multiply, vector
from autograd.compiler.on_numba.machine import OPTIONS, place


@njit(**OPTIONS, fastmath={"reassoc"})
def sum_up(numbers):
    """Sum numbers, several parts side by side: the sum need not wait for each, and rounds less."""
    total = numbers[0]
    for i in range(1, numbers.size):
        total += numbers[i]
    return total


@njit(**OPTIONS, fastmath={"reassoc"})
def sum_products(one, other):
    """Sum the products of numbers, several parts side by side."""
    total = one[0] * other[0]
    for i in range(1, one.size):
        total += one[i] * other[i]
    return total


def copy(memory, pool, at, base, width, n, columns, k, m):
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


def scatter(memory, pool, at, base, width, n, columns, k, m):
    """Bring rows of flows to what they flow to: flows, target, step, index, whether to add."""
    source = place(pool[at], base, width)
    target, step, index, add = pool[at + 1], pool[at + 2], pool[at + 3], pool[at + 4]
    wide = width[target & REGION]
    begin = base[target & REGION]
    first = begin + (target >> REGION_BITS) * wide
    to_one = step == 0 and index < 0
    if to_one and wide == 1:
        number = sum_up(vector(memory, source, n * columns))
        memory[first] = memory[first] + number if add else number
        return
    if to_one and add == 0:
        for j in range(wide):
            memory[first + j] = 0.0
    summing = add != 0 or to_one
    if columns == 1:
        for i in range(n):
            to = first + i * step if index < 0 else begin + pool[index + i]
            memory[to] = memory[to] + memory[source + i] if summing else memory[source + i]
        return
    for i in range(n):
        to = first + i * step * wide if index < 0 else begin + pool[index + i] * wide
        given = vector(memory, source + i * columns, columns)
        if wide == 1:
            number = sum_up(given)
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


def choose(memory, pool, at, base, width, n, columns, k, m):
    """Copy chosen rows, or add what flows back to their table: rows, places, table, step, index, which of both."""
    start, places = place(pool[at], base, width), place(pool[at + 1], base, width)
    table, step, index, back = pool[at + 2], pool[at + 3], pool[at + 4], pool[at + 5] != 0
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


def clear(memory, pool, at, base, width, n, columns, k, m):
    """Write zeros: target, step, index."""
    target, index = pool[at], pool[at + 2]
    wide = width[target & REGION]
    for i in range(n):
        to = base[target & REGION] + ((target >> REGION_BITS) + i if index < 0 else pool[index + i]) * wide
        for j in range(wide):
            memory[to + j] = 0.0


def add(memory, pool, at, base, width, n, columns, k, m):
    """Add rows to others: target, rows."""
    n *= columns
    out, more = vector(memory, place(pool[at], base, width), n), vector(memory, place(pool[at + 1], base, width), n)
    for i in range(n):
        out[i] += more[i]


def product(memory, pool, at, base, width, n, columns, k, m):
    """Multiply a matrix, (n, m·columns) = (n, k) @ (k, m·columns): target, weights, inputs."""
    multiply(
        memory, place(pool[at + 1], base, width), place(pool[at + 2], base, width), place(pool[at], base, width),
        n, k, m * columns, False,
    )  # fmt: skip


def product_transposed(memory, pool, at, base, width, n, columns, k, m):
    """Multiply by a turned matrix, (k, m·columns) = (n, k)ᵀ @ (n, m·columns): flow, weights, adjoint."""
    multiply(
        memory, place(pool[at + 1], base, width), place(pool[at + 2], base, width), place(pool[at], base, width),
        k, n, m * columns, True,
    )  # fmt: skip


@njit(**OPTIONS)
def transpose(memory, source, target, rows, columns):
    """Copy a matrix, turned; optimised by itself, as LLVM would choose slow gathers inside `product_weights`."""
    given, out = matrix(memory, source, rows, columns), matrix(memory, target, columns, rows)
    for j in range(columns):
        for i in range(rows):
            out[j, i] = given[i, j]


def product_weights(memory, pool, at, base, width, n, columns, k, m):
    """Multiply (n, k) = (n, m·columns) @ (k, m·columns)ᵀ: flow, adjoint, inputs, and a place for those turned."""
    flow, adjoint = place(pool[at], base, width), place(pool[at + 1], base, width)
    inputs = place(pool[at + 2], base, width)
    if n == 1:
        multiply(memory, inputs, adjoint, flow, k, m * columns, n, False)
        return
    turned = place(pool[at + 3], base, width)
    transpose(memory, inputs, turned, k, m * columns)
    multiply(memory, adjoint, turned, flow, n, m * columns, k, False)


def bias(memory, pool, at, base, width, n, columns, k, m):
    """Add a number to each row of a matrix (n, m·columns): matrix, numbers."""
    out = matrix(memory, place(pool[at], base, width), n, m * columns)
    numbers = vector(memory, place(pool[at + 1], base, width), n)
    for i in range(n):
        number = numbers[i]
        for j in range(m * columns):
            out[i, j] += number


def row_sums(memory, pool, at, base, width, n, columns, k, m):
    """Sum each row of a matrix (n, m·columns): target, matrix."""
    out = vector(memory, place(pool[at], base, width), n)
    given, count = place(pool[at + 1], base, width), m * columns
    for i in range(n):
        out[i] = sum_up(vector(memory, given + i * count, count))


def sum_blocks(memory, pool, at, base, width, n, columns, k, m):
    """Sum blocks of k rows, row by row: target, blocks."""
    target, source = place(pool[at], base, width), place(pool[at + 1], base, width)
    if columns == 1:
        for i in range(n):
            memory[target + i] = sum_up(vector(memory, source + i * k, k))
        return
    out, given = matrix(memory, target, n, columns), matrix(memory, source, n * k, columns)
    for i in range(n):
        for j in range(columns):
            out[i, j] = given[i * k, j]
        for t in range(i * k + 1, (i + 1) * k):
            for j in range(columns):
                out[i, j] += given[t, j]


def spread(memory, pool, at, base, width, n, columns, k, m):
    """Repeat each row k times: target, rows."""
    target, source = place(pool[at], base, width), place(pool[at + 1], base, width)
    if columns == 1:
        for i in range(n):
            row, number = vector(memory, target + i * k, k), memory[source + i]
            for t in range(k):
                row[t] = number
        return
    out, given = matrix(memory, target, n * k, columns), matrix(memory, source, n, columns)
    for i in range(n):
        for t in range(i * k, (i + 1) * k):
            for j in range(columns):
                out[t, j] = given[i, j]


def weighted_sums(memory, pool, at, base, width, n, columns, k, m):
    """Sum the products of blocks of k rows: target, blocks, blocks."""
    target, first = place(pool[at], base, width), place(pool[at + 1], base, width)
    second = place(pool[at + 2], base, width)
    if columns == 1:
        for i in range(n):
            memory[target + i] = sum_products(vector(memory, first + i * k, k), vector(memory, second + i * k, k))
        return
    out = matrix(memory, target, n, columns)
    a, b = matrix(memory, first, n * k, columns), matrix(memory, second, n * k, columns)
    for i in range(n):
        for j in range(columns):
            out[i, j] = a[i * k, j] * b[i * k, j]
        for t in range(i * k + 1, (i + 1) * k):
            for j in range(columns):
                out[i, j] += a[t, j] * b[t, j]


def weighted_flows(memory, pool, at, base, width, n, columns, k, m):
    """Multiply each row of a block by the adjoint of its result: target, blocks, adjoints, whether zero stays zero."""
    target, factors = place(pool[at], base, width), place(pool[at + 1], base, width)
    adjoints, singular = place(pool[at + 2], base, width), pool[at + 3] != 0
    if columns == 1:
        for i in range(n):
            flows, slopes = vector(memory, target + i * k, k), vector(memory, factors + i * k, k)
            adjoint = memory[adjoints + i]
            if singular and adjoint == 0:
                for t in range(k):
                    flows[t] = adjoint
            else:
                for t in range(k):
                    flows[t] = slopes[t] * adjoint
        return
    out, factor = matrix(memory, target, n * k, columns), matrix(memory, factors, n * k, columns)
    above = matrix(memory, adjoints, n, columns)
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


def play_tape(memory, pool, at, base, width, n, columns, k, m):
    """Carry out a tape of n operations: once, or the k steps of a loop."""
    start, slopes = place(pool[at], base, width), place(pool[at + 1], base, width)
    for t in range(k):
        first, recorded = start + t * n * columns, slopes + 2 * t * n * columns
        call(pool[at + 2], (memory, pool, at + 3, first, n, recorded, base[VALUES], columns))
        if k > 1:
            move_on(pool, at + 3, n, 1)
    if k > 1:
        move_on(pool, at + 3, n, -k)


def rewind_tape(memory, pool, at, base, width, n, columns, k, m):
    """Pass adjoints on along a tape from its end: once, or the k steps of a loop from the last one."""
    start, slopes = place(pool[at], base, width), place(pool[at + 1], base, width)
    shift = base[ADJOINTS] - base[VALUES]
    if k > 1:
        move_on(pool, at + 3, n, k)
    for t in range(k - 1, -1, -1):
        if k > 1:
            move_on(pool, at + 3, n, -1)
        first, recorded = start + t * n * columns, slopes + 2 * t * n * columns
        if width[VALUES] > 1:
            sweep_tape_of_columns(memory, pool, at + 3, first, n, recorded, shift, base[VALUES], columns)
        else:
            sweep_tape(memory, pool, at + 3, first, n, recorded, shift)
