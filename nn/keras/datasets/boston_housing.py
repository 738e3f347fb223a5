"""The Boston housing table as Keras gives it, split by its own seed."""

from __future__ import annotations

import os

from nn.data.real_data import Part, boston

__all__ = ["load_data"]


def load_data(
    path: str | os.PathLike[str] | None = None, test_split: float = 0.2, seed: int = 113
) -> tuple[Part, Part]:
    """Load the table: 404 districts to train on and 102 for the test, in Keras' order.

    Column `b` is a racially motivated feature, for which scikit-learn withdrew the set; see `nn.boston`.

    Args:
        path: a CSV file; without one the table comes from OpenML, through scikit-learn.
        test_split: the fraction of rows for the test.
        seed: of the order.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``.

    Raises: as `nn.boston` does.
    """
    return boston(path, test_split=test_split, seed=seed)
