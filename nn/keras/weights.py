"""Weights in Keras' file, ``.weights.h5``: what Keras saves is read here, and what is saved here Keras reads.

In it the arrays of the layer that Keras calls ``dense_1``, the second of its kind, are ``layers/dense_1/vars/0`` and so
on, in the order of its `get_weights`.
"""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd.files import check_path
from nn.errors import StateError
from nn.keras.layers import Layer
from nn.saving.files import ModelFileError, check_regular, write

__all__ = ["load_weights", "save_weights"]

ENDING = ".weights.h5"


def save_weights(layers: Sequence[Layer], path: str | os.PathLike[str]) -> None:
    """Write the weights of some layers; the file appears whole or not at all.

    Raises:
        TypeError: the path is neither a str nor a Path.
        ValueError: the path does not end as Keras wants it.
        ImportError: h5py is not installed.
        OSError: the file cannot be written; what was there before is left as it was.
    """
    _check_ending(path)
    content = io.BytesIO()
    with _h5py().File(content, "w") as file:
        for place, layer in _places(layers):
            variables = file.create_group(f"{place}/vars")
            for index, array in enumerate(layer.get_weights()):
                variables.create_dataset(str(index), data=array)
        file.create_group("vars")
    write(path, content.getvalue())


def load_weights(layers: Sequence[Layer], path: str | os.PathLike[str]) -> None:
    """Set the weights of some layers from a file, or change nothing.

    Raises:
        StateError: arrays are missing, or more are there, or one has another shape; all are listed.
        ModelFileError: it is no such file.
        TypeError: the path is neither a str nor a Path.
        ValueError: the path does not end as Keras wants it.
        ImportError: h5py is not installed.
    """
    _check_ending(path)
    found = _read(path)
    problems: list[str] = []
    chosen: list[tuple[Layer, list[NDArray[np.float64]]]] = []
    for place, layer in _places(layers):
        due = layer.get_weights()
        given = found.pop(place, [])
        chosen.append((layer, given))
        if len(given) != len(due):
            problems.append(f"{place} has {len(given)} arrays instead of {len(due)}")
            continue
        problems += [
            f"{place}/vars/{index} has shape {one.shape} instead of {other.shape}"
            for index, (one, other) in enumerate(zip(given, due, strict=True))
            if one.shape != other.shape
        ]
        problems += [
            f"{place}/vars/{index} is not finite" for index, one in enumerate(given) if not np.isfinite(one).all()
        ]
    problems += [f"{place} is not part of the model" for place, given in found.items() if given]
    if problems:
        raise StateError(f"The weights in {path} do not fit the model: {'; '.join(problems)}. Nothing was changed.")
    for layer, given in chosen:
        layer.set_weights(list[ArrayLike](given))


def _read(path: str | os.PathLike[str]) -> dict[str, list[NDArray[np.float64]]]:
    """Return the arrays of each layer in a file."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    check_regular(path)
    try:
        with _h5py().File(path, "r") as file:
            for name, layer in file.get("layers", {}).items():
                variables = layer.get("vars", {})
                found[f"layers/{name}"] = [
                    np.asarray(variables[str(index)], dtype=np.float64) for index in range(len(variables))
                ]
    except FileNotFoundError:
        raise
    except (OSError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path} holds no weights as Keras saves them: {error}.") from error
    return found


def _places(layers: Sequence[Layer]) -> Iterator[tuple[str, Layer]]:
    """Yield the layers that have weights with their place in the file: each kind is counted by itself."""
    counts: Counter[str] = Counter()
    for layer in layers:
        kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()
        number, counts[kind] = counts[kind], counts[kind] + 1
        if layer.get_weights():
            yield f"layers/{kind}{f'_{number}' if number else ''}", layer


def _check_ending(path: str | os.PathLike[str]) -> None:
    check_path(path)
    name = os.fspath(path)
    if not name.endswith(ENDING):
        raise ValueError(f"Keras' files of weights end with {ENDING}: write {name.removesuffix('.h5')}{ENDING}.")


def _h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise ImportError("Keras' files of weights need h5py: pip install h5py.") from None
    return h5py
