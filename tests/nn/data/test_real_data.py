"""Real data sets: the Boston table from a file and from OpenML, Keras' split of it, digits, and every error."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from nn.data.real_data import BOSTON_COLUMNS, boston, digits

TABLE = Path(__file__).parents[3].parent / "shared" / "data" / "boston_housing.csv"
HEADER = ",".join(BOSTON_COLUMNS)
ROW = ",".join(["1.5"] * 14)

needs_table = pytest.mark.skipif(not TABLE.exists(), reason="the Boston table is not beside the repository")


class Bunch(NamedTuple):
    """What scikit-learn's fetch_openml gives, as far as it is read."""

    data: Any
    target: Any
    feature_names: list[str]
    categories: dict[str, list[str]]


@pytest.mark.parametrize("path", [3, b"x.csv"])
def test_what_is_no_path_of_a_table(path: Any) -> None:
    with pytest.raises(TypeError, match=rf"^The path of a file is a str or a Path, not {path!r}\.$"):
        boston(path)


@needs_table
def test_the_boston_table_has_keras_split() -> None:
    (X_train, y_train), (X_test, y_test) = boston(TABLE)
    assert [part.shape for part in (X_train, y_train, X_test, y_test)] == [(404, 13), (404,), (102, 13), (102,)]
    assert y_train[:3].tolist() == [15.2, 42.3, 50.0]
    table = np.loadtxt(TABLE, delimiter=",", skiprows=1, quotechar='"')
    together = np.column_stack([np.concatenate([X_train, X_test]), np.concatenate([y_train, y_test])])
    np.testing.assert_array_equal(together[np.lexsort(together.T)], table[np.lexsort(table.T)])


@needs_table
def test_the_split_may_be_another() -> None:
    (X_train, _), (X_test, _) = boston(TABLE, test_split=0.5, seed=1)
    assert (len(X_train), len(X_test)) == (253, 253)
    assert X_train[0].tolist() != boston(TABLE)[0][0][0].tolist()


@needs_table
def test_the_table_from_openml_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """OpenML holds `chas` and `rad` as names of categories, which come as codes."""
    datasets = pytest.importorskip("sklearn.datasets")
    table = np.loadtxt(TABLE, delimiter=",", skiprows=1, quotechar='"')
    data, categories = table[:, :-1].copy(), {}
    for column in (3, 8):
        meanings = sorted({str(int(x)) for x in table[:, column]})
        data[:, column] = [meanings.index(str(int(x))) for x in table[:, column]]
        categories[BOSTON_COLUMNS[column].upper()] = meanings
    asked: dict[str, Any] = {}

    def fetch_openml(name: str, **options: Any) -> Bunch:
        asked.update(options, name=name)
        return Bunch(data, table[:, -1], [name.upper() for name in BOSTON_COLUMNS[:-1]], categories)

    monkeypatch.setattr(datasets, "fetch_openml", fetch_openml)
    for ours, expected in zip(boston(cache=tmp_path), boston(TABLE), strict=True):
        for part, wanted in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(part, wanted)
    assert (asked["name"], asked["data_home"]) == ("boston", str(tmp_path))


def test_openml_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("sklearn.datasets")

    def fetch_openml(name: str, **options: Any) -> Bunch:
        raise OSError("no route to host")

    monkeypatch.setattr(datasets, "fetch_openml", fetch_openml)
    with pytest.raises(ConnectionError) as caught:
        boston()
    assert str(caught.value) == (
        "The Boston table could not be fetched from OpenML (no route to host). Try again, or give the path of a CSV "
        "file."
    )


def test_openml_has_another_table(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    found = Bunch(np.zeros((2, 1)), np.zeros(2), ["CRIM"], {})
    monkeypatch.setattr(datasets, "fetch_openml", lambda name, **options: found)
    with pytest.raises(ValueError, match=r"^OpenML's table lacks the columns zn, .*, lstat: give the path of a CSV"):
        boston()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "{path}, line 1, is not of the Boston table: the first line must name the columns {columns}."),
        ("a,b\n1,2\n", "{path}, line 1, is not of the Boston table: the first line must name the columns {columns}."),
        (
            f"{HEADER}\n{ROW}\n{ROW[:-3]}x\n",
            "{path}, line 3, is not of the Boston table: could not convert string to float: 'x'.",
        ),
        (
            f"{HEADER}\n{ROW}\n\n1,2\n",
            "{path}, line 4, is not of the Boston table: there must be 14 finite numbers, not 1, 2.",
        ),
        (
            f"{HEADER}\n{ROW[:-3]}nan\n",
            "{path}, line 2, is not of the Boston table: there must be 14 finite numbers, not " + "1.5, " * 13 + "nan.",
        ),
        (f"{HEADER}\n{ROW}\n", "The Boston table has 506 rows of 14 columns, but this one has 1 of 14."),
        (HEADER, "The Boston table has 506 rows of 14 columns, but this one has 0 of 14."),
    ],
)
def test_files_that_hold_something_else(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(ValueError) as caught:
        boston(path)
    assert str(caught.value) == sentence.format(path=path, columns=", ".join(BOSTON_COLUMNS))


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(ValueError, match=r"line 1, is not of the Boston table: 'utf-8' codec can't decode"):
        boston(path)


@pytest.mark.parametrize("split", [0.0, 1.0, -0.5, 3])
def test_a_split_that_is_no_fraction(split: float) -> None:
    with pytest.raises(ValueError) as caught:
        boston("nowhere.csv", test_split=split)
    assert str(caught.value) == f"test_split must be a fraction between 0 and 1; got {split!r}."


def test_digits_are_scaled_pictures() -> None:
    pytest.importorskip("sklearn")
    X, y = digits()
    assert (X.shape, y.shape) == ((1797, 64), (1797,))
    assert (X.min(), X.max()) == (0.0, 1.0)
    assert set(y.tolist()) == set(range(10))


def test_importing_reads_nothing() -> None:
    """Neither scikit-learn nor pandas is loaded before a loader is called."""
    import subprocess
    import sys

    code = (
        "import sys, nn.data.real_data, nn.data.datasets, nn.metrics; "
        "print([name for name in ('sklearn', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
