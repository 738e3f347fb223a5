"""Synthetic cells: their geometry against SciPy's search for nearest centres, and their brightness."""

import numpy as np
import pytest

from nn import cells


def test_the_same_seed_gives_the_same_pictures():
    first, again, other = cells(3, seed=1), cells(3, seed=1), cells(3, seed=2)
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()
    assert [a.shape for a in first] == [(3, 1, 16, 16)] * 2
    assert set(np.unique(first[1])) == {0.0, 1.0}


def test_without_noise_boundaries_are_dark_and_each_cell_is_even():
    ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy finds the connected parts in this test")
    X, T = cells(5, size=32, across=3, width=2.0, noise=0.0, seed=0)
    assert (X[T == 1] == 0.3).all()
    assert X[T == 0].min() > 0.6
    for picture, target in zip(X[:, 0], T[:, 0], strict=True):
        parts, count = ndimage.label(target == 0)
        assert 8 <= count <= 11  # a corner of a cell may be cut off by the boundary
        assert all(len(np.unique(picture[parts == k])) == 1 for k in range(1, count + 1))


def test_boundaries_are_as_wide_as_they_should_be():
    """Doubling the width doubles the share of the points, nearly: boundaries cross."""
    shares = [cells(20, size=48, across=2, width=width, seed=0)[1].mean() for width in (1.0, 2.0)]
    assert 1.9 < shares[1] / shares[0] <= 2.05
    assert shares[0] == pytest.approx(2.0 * 48 / 48**2, rel=0.15)


def test_noise_has_its_standard_deviation():
    clean, noisy = (cells(20, noise=noise, seed=0)[0] for noise in (0.0, 0.2))
    first = (noisy - clean)[0]  # of the first picture, whose cells are drawn before any noise
    assert 0.17 < first.std() < 0.23


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: cells(0), "n of cells must be a whole number from 1, not 0."),
        (lambda: cells(across=1), "across of cells must be a whole number from 2, not 1."),
        (lambda: cells(width=0.0), "cells needs width > 0 and noise >= 0; got width=0.0 and noise=0.2."),
    ],
)
def test_errors(call, sentence):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == sentence
