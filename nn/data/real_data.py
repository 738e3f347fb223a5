"""Real data sets: the Boston housing table of the first lecture, and scikit-learn's handwritten digits.

Nothing is read or downloaded before a loader is called.
"""

from __future__ import annotations

import csv
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.files import check_path

__all__ = ["BOSTON_COLUMNS", "boston", "digits"]

Floats = NDArray[np.float64]
Part = tuple[Floats, Floats]

#: Columns of the Boston table, the thirteen inputs and then the target, the median price in thousands of dollars.
BOSTON_COLUMNS = (
    "crim",
    "zn",
    "indus",
    "chas",
    "nox",
    "rm",
    "age",
    "dis",
    "rad",
    "tax",
    "ptratio",
    "b",
    "lstat",
    "medv",
)
BOSTON_ROWS = 506


def boston(
    path: str | os.PathLike[str] | None = None,
    *,
    cache: str | os.PathLike[str] | None = None,
    test_split: float = 0.2,
    seed: int = 113,
) -> tuple[Part, Part]:
    """Load the Boston housing table (Harrison and Rubinfeld 1978), split as Keras splits it (lecture L1.8).

    Column `b` is a racially motivated feature: a function of the proportion of Black residents of a district, built on
    the assumption that it moves prices. scikit-learn withdrew the set for it. It is here because the lecture trains on
    it; take another set for any other purpose.

    The rows are put in the order of ``RandomState(seed).shuffle(arange(506))``; the first 404 are for training, the
    other 102 for the test. Inputs are as in the table: standardise them with a `Standardizer` fitted on the training
    part.

    Args:
        path: a CSV file with the header `BOSTON_COLUMNS` and 506 rows. Without one the table comes from OpenML, through
            scikit-learn.
        cache: where scikit-learn keeps what it downloaded; its own folder unless given.
        test_split: the fraction of rows for the test, between 0 and 1.
        seed: of the order.

    Returns:
        ``(X_train, y_train), (X_test, y_test)``; X (n, 13), y (n,) in thousands of dollars.

    Raises:
        TypeError: the path is neither a str nor a Path.
        ValueError: the file holds something else, and the message says on which line; or `test_split` is no fraction.
        ImportError: no path was given and scikit-learn is not installed.
        ConnectionError: no path was given and OpenML cannot be reached.
    """
    if not 0 < test_split < 1:
        raise ValueError(f"test_split must be a fraction between 0 and 1; got {test_split!r}.")
    table = _boston_file(path) if path is not None else _boston_openml(cache)
    if table.shape != (BOSTON_ROWS, len(BOSTON_COLUMNS)):
        raise ValueError(
            f"The Boston table has {BOSTON_ROWS} rows of {len(BOSTON_COLUMNS)} columns, but this one has "
            f"{table.shape[0]} of {table.shape[1]}."
        )
    order = np.arange(BOSTON_ROWS)
    np.random.RandomState(seed).shuffle(order)  # Keras' generator, for Keras' split
    X, y = table[order, :-1], table[order, -1]
    count = int(BOSTON_ROWS * (1 - test_split))
    return (X[:count], y[:count]), (X[count:], y[count:])


def digits() -> tuple[Floats, NDArray[np.int64]]:
    """Load scikit-learn's handwritten digits, which come with it: 1,797 pictures of 8 × 8 pixels.

    Returns:
        X (1797, 64), the pixels row by row, scaled from 0…16 to 0…1; y (1797,), the digit.

    Raises:
        ImportError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise ImportError("digits() needs scikit-learn: pip install scikit-learn.") from None
    X, y = load_digits(return_X_y=True)
    return X / 16.0, y.astype(np.int64)


def _boston_file(path: str | os.PathLike[str]) -> Floats:
    rows: list[list[float]] = []
    check_path(path)
    name, place = os.fspath(path), 1
    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        try:
            header = tuple(column.strip().lower() for column in next(lines, []))
            if header != BOSTON_COLUMNS:
                raise ValueError(f"the first line must name the columns {', '.join(BOSTON_COLUMNS)}")
            for cells in filter(None, lines):
                place = lines.line_num
                row = [float(cell) for cell in cells]
                if len(row) != len(header) or not np.isfinite(row).all():
                    raise ValueError(f"there must be {len(header)} finite numbers, not {', '.join(cells)}")
                rows.append(row)
        except (ValueError, csv.Error) as error:
            raise ValueError(f"{name}, line {place}, is not of the Boston table: {error}.") from None
    return np.array(rows).reshape(len(rows), len(BOSTON_COLUMNS))


def _boston_openml(cache: str | os.PathLike[str] | None) -> Floats:
    try:
        from sklearn.datasets import fetch_openml
    except ImportError:
        raise ImportError(
            "boston() without a path needs scikit-learn (pip install scikit-learn); or give the path of a CSV file."
        ) from None
    home = None if cache is None else os.fspath(cache)
    try:
        # This parser needs no pandas; it turns nominal columns into codes, and says what they stand for.
        found: Any = fetch_openml(
            "boston", version=1, as_frame=False, parser="liac-arff", data_home=home, return_X_y=False
        )
    except OSError as error:
        raise ConnectionError(
            f"The Boston table could not be fetched from OpenML ({error}). Try again, or give the path of a CSV file."
        ) from error
    columns = {}
    for name, codes in zip(found.feature_names, np.asarray(found.data).T, strict=True):
        meanings = found.categories.get(name)
        columns[name.lower()] = codes if meanings is None else [meanings[int(code)] for code in codes]
    columns["medv"] = found.target
    missing = [name for name in BOSTON_COLUMNS if name not in columns]
    if missing:
        raise ValueError(f"OpenML's table lacks the columns {', '.join(missing)}: give the path of a CSV file.")
    return np.array([np.asarray(columns[name], dtype=np.float64) for name in BOSTON_COLUMNS]).T
