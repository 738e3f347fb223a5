"""Rows of a memory, described in the shortest way, and instructions in words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import ops
from autograd.compiler.access import operands_of
from autograd.compiler.instructions import Map, MatrixProduct, RowDots, Rows, Sum, rows
from autograd.compiler.listing import describe


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.booleans())
def test_rows_keep_their_numbers(numbers, batched):
    at = rows(batched, numbers)
    assert at.numbers.tolist() == numbers
    assert (at.batched, at.start, at.count) == (batched, numbers[0], len(numbers))
    assert at.unique == (len(set(numbers)) == len(numbers))


@pytest.mark.parametrize(
    ("numbers", "step", "indexed"),
    [([5], 1, False), ([5, 6, 7], 1, False), ([5, 5, 5], 0, False), ([5, 7, 9], 1, True), ([6, 5], 1, True)],
)
def test_the_shortest_description(numbers, step, indexed):
    at = rows(True, numbers)
    assert (at.step, at.index is not None) == (step, indexed)
    assert at.index is None or at.index.dtype == np.int32


def test_words_and_operands():
    a, b, c = Rows(False, 0, 6), Rows(True, 0, 3), Rows(False, 6, 2)
    layer = MatrixProduct(Rows(True, 3, 2), a, 2, 3, b, 1, c, "s1", "W1")
    assert describe(layer) == "dense 2×3 (6 products) → s1"
    assert operands_of(layer) == (a, b, c)
    windows = MatrixProduct(Rows(True, 3, 8), a, 2, 3, Rows(True, 20, 12), 4, None, "s1", "W1")
    assert describe(windows) == "convolution at 4 places 2×3 (24 products) → s1"
    assert operands_of(windows)[2] is None
    assert describe(Map(b, ops.tanh, (b,), "a1")) == "tanh 3 → a1"
    assert describe(Sum(Rows(True, 9, 1), b, 3, "E")) == "sum 1×3 → E"
    assert describe(Sum(Rows(True, 9, 2), a, 3, "E")) == "sum 2×3 → E"
    assert describe(RowDots(c, a, a, 3, None, "p")) == "weighted sums 2×3 → p"
