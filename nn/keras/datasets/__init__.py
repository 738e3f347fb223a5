"""Keras' data sets: the one of lecture 1, the Boston housing table."""

from typing import Any

from nn import absent
from nn.keras.datasets import boston_housing

__all__ = ["boston_housing"]

#: What Keras has beside it: what to write.
ABSENT = {
    "cifar10": "read it from a file of yours",
    "imdb": "read it from a file of yours",
    "mnist": "read it from a file of yours; nn.digits() has 1,797 pictures of 8 × 8",
}


def __getattr__(name: str) -> Any:
    absent.refuse("nn.keras.datasets", name, ABSENT, __all__)
