"""Standardising, splitting and batching, against scikit-learn, on awkward columns, and every error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nn
from nn.data.loading import DataLoader, Standardizer, train_test_split

FLOATS = st.floats(-1e300, 1e300)


def raises(error: type[Exception], sentence: str, f: Any, *arguments: Any, **options: Any) -> None:
    with pytest.raises(error) as caught:
        f(*arguments, **options)
    assert str(caught.value) == sentence


# --- Standardizer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_standardizer_is_scikit_learns(seed: int) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((50, 4)) * [1e-3, 1.0, 1e3, 0.0] + [5.0, -2.0, 1e4, 7.1]
    ours, theirs = Standardizer().fit(X[:40]), preprocessing.StandardScaler().fit(X[:40])
    np.testing.assert_allclose(ours.mean, theirs.mean_, rtol=1e-14)
    np.testing.assert_allclose(ours.transform(X[40:]), theirs.transform(X[40:]), rtol=1e-10, atol=1e-12)


def test_only_the_training_data_counts() -> None:
    scaler = Standardizer().fit([[1.0], [3.0]])
    assert scaler.transform([[5.0], [100.0]]).tolist() == [[3.0], [98.0]]
    assert scaler.mean is not None
    assert scaler.mean.tolist() == [2.0]


def test_a_constant_column_only_loses_its_mean() -> None:
    X = [[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]]
    scaler = Standardizer()
    Z = scaler.fit_transform(X)
    assert Z[:, 0].tolist() == [0.0, 0.0, 0.0]
    assert scaler.transform([[0.6, 2.0]]).tolist() == [[0.5, 0.0]]
    assert scaler.inverse(Z).tolist() == X
    assert repr(scaler) == "<Standardizer of 2 columns, 1 constant>"


@pytest.mark.parametrize(
    "column",
    [
        [0.1 + 0.2, 0.3, 0.3],
        [1e8 + 2e-8, 1e8, 1e8 - 2e-8, 1e8],
        [-1e-300 * (1 + 4e-16), -1e-300, -1e-300],
        [7.1, math.nextafter(7.1, 8.0)] * 500,
        [1.0 / 3.0, 1.0 - 2.0 / 3.0, 0.1 / 0.3],
        [0.1 + 0.1 + 0.1, 0.3, 0.3, 0.3],
        # and columns that do vary, little as it is
        [1.0, 1.0 + 1e-14, 1.0],
        [1e8, 1e8 + 1e-6, 1e8],
        [0.0, 1e-300, 0.0],
        [1.0, 1.0, 1.0 + 1e-12] * 30,
    ],
)
def test_a_column_is_constant_where_scikit_learn_says_so(column: list[float]) -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X = np.array([column, np.arange(len(column))]).T
    ours, theirs = Standardizer().fit(X), preprocessing.StandardScaler().fit(X)
    if abs(column[0]) > 1e-150:  # the squares of smaller ones are zeros there, and a varying column is constant
        assert (np.asarray(ours.std) == 0.0).tolist() == [bool(theirs.scale_[0] == 1.0), False]
        np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-3, atol=1e-7)
    assert np.abs(ours.transform(X)).max() < 40.0
    np.testing.assert_allclose(ours.inverse(ours.transform(X))[:, 0], column, rtol=1e-15)


def test_targets_may_be_flat_and_pictures_have_statistics_by_place() -> None:
    y = Standardizer()
    assert y.fit_transform([1, 2, 3]).shape == (3,)
    np.testing.assert_allclose(y.inverse(y.transform([10, 20])), [10.0, 20.0], rtol=1e-15)
    assert repr(y) == "<Standardizer of a flat array>"
    X = np.random.default_rng(0).random((7, 2, 3, 3))
    pictures = Standardizer().fit(X)
    assert pictures.mean is not None
    assert pictures.mean.shape == (2, 3, 3)
    np.testing.assert_allclose(pictures.transform(X).std(axis=0), 1.0, rtol=1e-13)
    assert repr(pictures) == "<Standardizer of columns of shape (2, 3, 3)>"
    assert repr(Standardizer()) == "Standardizer()"


@given(arrays(np.float64, st.tuples(st.integers(2, 8), st.integers(1, 3)), elements=FLOATS))
def test_any_column_is_standardised_and_restored(X: Any) -> None:
    scaler = Standardizer()
    Z = scaler.fit_transform(X)
    assert scaler.mean is not None
    assert scaler.std is not None
    assert np.isfinite(Z).all()
    rounding = 4.0 * np.spacing(np.abs(X).max(axis=0))  # of the mean of a column that is constant up to it
    assert (np.abs(Z) <= math.sqrt(len(X)) + 1e-6 + rounding).all()
    for column in range(X.shape[1]):
        if scaler.std[column] > 1e-12 * np.abs(X[:, column]).max():
            assert Z[:, column].std() == pytest.approx(1.0, rel=1e-3)
    largest = np.abs(X).max(axis=0)
    assert (np.abs(scaler.inverse(Z) - X) <= 1e-14 * largest + 1e-300).all()


def test_unusable_data_is_named_by_row_and_column() -> None:
    raises(
        ValueError,
        "X[1][0] (row 1, column 0) is NaN. Leave such examples out, or fill the gaps in first.",
        Standardizer().fit, [[1.0, 2.0], [math.nan, 4.0]],
    )  # fmt: skip
    raises(
        ValueError,
        "X[0][1] (row 0, column 1) is −inf. It is the first of 2 such entries. Leave such examples out, or fill the "
        "gaps in first.",
        Standardizer().fit, [[1.0, -math.inf], [math.nan, 4.0]],
    )  # fmt: skip
    raises(
        ValueError,
        "X is ragged: row 0 has length 2 and row 1 has length 1. Give every example the same shape.",
        Standardizer().fit, [[1.0, 2.0], [3.0]],
    )  # fmt: skip
    raises(
        ValueError, "X is empty, with shape (0,): give at least one row of at least one number.", Standardizer().fit, []
    )


def test_statistics_of_another_width_or_none() -> None:
    raises(
        ValueError,
        "Standardizer.transform needs statistics: call fit(X) on the training data first.",
        Standardizer().transform, [[1.0]],
    )  # fmt: skip
    scaler = Standardizer().fit([[1.0, 2.0], [2.0, 5.0]])
    raises(ValueError, "Standardizer was fitted on 2 columns and cannot transform 1 column.", scaler.transform, [[1.0]])
    raises(ValueError, "Standardizer was fitted on 2 columns and cannot inverse a flat array.", scaler.inverse, [1.0])


def test_a_failed_fit_keeps_the_statistics() -> None:
    scaler = Standardizer().fit([[1.0], [3.0]])
    with pytest.raises(ValueError):
        scaler.fit([[math.nan]])
    assert scaler.transform([[3.0]]).tolist() == [[1.0]]


# --- train_test_split ---------------------------------------------------------------------------------------------


@given(st.integers(2, 60), st.floats(0.01, 0.95), st.integers(0, 5))
def test_a_split_keeps_every_row_once_and_pairs_together(n: int, fraction: float, seed: int) -> None:
    count = math.ceil(n * fraction)
    if count >= n:
        return
    X, y = np.arange(2 * n).reshape(n, 2), np.arange(n)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=fraction, seed=seed)
    assert len(X_test) == len(y_test) == count
    assert sorted([*y_train, *y_test]) == list(range(n))
    np.testing.assert_array_equal(X_train[:, 0], 2 * y_train)
    np.testing.assert_array_equal(X_test[:, 0], 2 * y_test)


def test_a_split_has_scikit_learns_sizes_and_follows_the_seed() -> None:
    model_selection = pytest.importorskip("sklearn.model_selection")
    X = np.arange(23)
    for size in (0.1, 0.25, 0.5, 7):
        ours, theirs = train_test_split(X, test_size=size, seed=1), model_selection.train_test_split(X, test_size=size)
        assert [len(part) for part in ours] == [len(part) for part in theirs]
    first, second, other = (train_test_split(X, seed=seed)[0].tolist() for seed in (0, 0, 1))
    assert first == second != other
    assert train_test_split(X, test_size=3, shuffle=False)[1].tolist() == [20, 21, 22]


@pytest.mark.parametrize("size", [0, 4, 5, -1, 0.0, 1.0, 1.5, -0.5, math.nan, math.inf, True])
def test_a_part_without_rows(size: float) -> None:
    raises(
        ValueError,
        f"test_size={size!r} of 4 rows leaves the test or the training part without any. Give a fraction between 0 and "
        "1, or a number of rows from 1 to n − 1.",
        train_test_split, [1, 2, 3, 4], test_size=size,
    )  # fmt: skip


def test_arrays_that_do_not_fit() -> None:
    raises(
        ValueError, "train_test_split needs arrays of the same length; got 2 and 3.",
        train_test_split, [1, 2], [1, 2, 3],
    )  # fmt: skip
    raises(ValueError, "train_test_split needs arrays of the same length; got none.", train_test_split)


# --- DataLoader ---------------------------------------------------------------------------------------------------


@given(st.integers(1, 40), st.one_of(st.none(), st.integers(1, 50)), st.booleans())
def test_an_epoch_gives_every_example_once(n: int, size: int | None, shuffle: bool) -> None:
    loader = DataLoader(np.arange(n)[:, None], np.arange(n), size, shuffle=shuffle, seed=0)
    for _ in range(2):
        batches = list(loader)
        assert len(batches) == len(loader)
        assert all(len(X) == min(size or n, n) for X, _ in batches[:-1])
        assert all((X[:, 0] == y).all() for X, y in batches)
        seen = [int(i) for _, y in batches for i in y]
        assert sorted(seen) == list(range(n))
        if not shuffle:
            assert seen == list(range(n))


def test_every_epoch_has_an_order_of_its_own_and_seeds_repeat_them() -> None:
    def epochs() -> list[list[int]]:
        loader = DataLoader(np.arange(20), batch_size=20, shuffle=True, seed=3)
        return [X.tolist() for _ in range(3) for X in loader]

    first = epochs()
    assert first == epochs()
    assert first[0] != first[1] != first[2]
    assert first[0] == np.random.default_rng(3).permutation(20).tolist()


def test_a_loader_describes_itself() -> None:
    assert repr(DataLoader(np.zeros((5, 2)), np.zeros(5), 2, shuffle=True)) == (
        "<DataLoader of 5 examples in 3 batches of 2, shuffled>"
    )
    assert repr(DataLoader([[1], [2]], batch_size=100)) == "<DataLoader of 2 examples in 1 batch of 2>"


@pytest.mark.parametrize("shuffle", ["no", None, [], "batch"])
def test_a_text_is_no_yes_and_no_no(shuffle: Any) -> None:
    for use in (
        lambda: DataLoader([1, 2], shuffle=shuffle),
        lambda: train_test_split([1, 2, 3, 4], shuffle=shuffle),
        lambda: nn.fit(nn.Linear(1, 1), [[1.0], [2.0]], [1.0, 2.0], epochs=1, shuffle=shuffle),
    ):
        with pytest.raises(TypeError, match=r"^shuffle must be True or False, not "):
            use()


def test_loader_errors() -> None:
    raises(ValueError, "DataLoader needs at least one example.", DataLoader, [])
    raises(
        ValueError,
        "X has 2 rows but y has shape (3,): each example needs its target.",
        DataLoader,
        [[1], [2]],
        [1, 2, 3],
    )
    for size in (0, -1, 2.5, "all", True):
        raises(
            ValueError,
            f"batch_size must be a whole number from 1, or None for one batch of all; got {size!r}.",
            DataLoader, [[1], [2]], batch_size=size,
        )  # fmt: skip


@pytest.mark.parametrize("test_size", [0.25, 0.3, 7, 1])
def test_a_stratified_split_holds_the_shares_of_each_class_as_scikit_learns_does(test_size: Any) -> None:
    split = pytest.importorskip("sklearn.model_selection").train_test_split
    classes = np.array(["a"] * 20 + ["b"] * 9 + ["c"] * 3)
    rows = np.arange(32)
    train, test = train_test_split(rows, test_size=test_size, seed=0, stratify=classes)
    assert sorted([*train, *test]) == rows.tolist()
    assert len(test) == (math.ceil(32 * test_size) if test_size < 1 else test_size)
    if test_size != 1:  # which scikit-learn refuses
        _, theirs = split(rows, test_size=test_size, random_state=0, stratify=classes)
        ours, due = (np.unique(classes[part], return_counts=True)[1] for part in (test, theirs))
        assert len(ours) == len(due) == 3
        assert abs(ours - due).max() <= 1  # of equal remainders scikit-learn draws one
    other = train_test_split(rows, test_size=test_size, seed=1, stratify=classes)[1]
    assert test_size == 1 or sorted(other) != sorted(test)
    assert (np.diff(train) < 0).any(), "the order is drawn"


def test_what_cannot_be_stratified() -> None:
    with pytest.raises(ValueError, match=r"^The class 2 has a single row, which cannot be in both parts\.$"):
        train_test_split([1, 2, 3, 4, 5], stratify=[0, 0, 1, 1, 2])
    with pytest.raises(ValueError, match=r"^stratify must be one class for each of 2 rows, got shape \(3,\)\.$"):
        train_test_split([1, 2], stratify=[0, 0, 1])
    with pytest.raises(ValueError, match=r"draws rows of each class: leave shuffle=False out\.$"):
        train_test_split([1, 2, 3, 4], shuffle=False, stratify=[0, 0, 1, 1])
