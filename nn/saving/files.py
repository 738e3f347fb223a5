"""Models in files: the architecture as text and the weights to the last bit, in one safetensors file.

Nothing in a file is ever run: it can only name module classes that exist, and a file that does not hold what its
checksum says, in part or in whole, is refused before anything is changed.
"""

from __future__ import annotations

import errno
import hashlib
import inspect
import json
import os
import stat
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.files import check_path
from autograd.files import write as write_whole
from nn.errors import ConfigError, StateError
from nn.module import Module
from nn.optim.optimizer import Optimizer
from nn.parameters import outline
from nn.saving.architecture import known_classes
from nn.saving.trainings import PREFIX, collect, distribute, pack, unpack
from nn.saving.twins import find_difference
from nn.training.callbacks import Training
from nn.training.history import History

__all__ = ["ModelFileError", "check_regular", "load", "load_training", "load_weights", "save", "write"]

Path = str | os.PathLike[str]
Tensors = dict[str, NDArray[Any]]

FORMAT = 1
SAVED_TYPES = frozenset({"float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint8", "bool"})
METADATA_KEY = "edgegrad"  # the one entry of the file's metadata: several would be written in random order
MAX_DEPTH = 100  # modules and lists within each other
ALWAYS_POSSIBLE_SIZE = 65_536  # sizes up to this are possible even where a file holds few numbers
MAX_TEXT_LENGTH = 1_000  # characters of one text in an architecture
MANY_NUMBERS = 1_000  # drawn at once, from which on a twin's weights are not drawn one by one

#: Arguments that no array is made by, so that any size of them costs nothing. All others are held against the file.
GEOMETRY = {
    "Reshape": {"shape"},
    "MaxPool2d": {"kernel_size", "stride", "padding"},
    "Conv2d": {"stride", "padding", "dilation"},
    "ConvTranspose2d": {"stride", "padding", "output_padding", "dilation"},
}


class ModelFileError(ValueError):
    """A file does not hold a model, or not the one that was saved.

    Cause: another kind of file, a download that broke off, a flipped bit, a newer format, or a class that is not
    defined. Cure: as the message says; restore the file from a copy, or import the module that defines the class.
    """


class _Content(NamedTuple):
    config: dict[str, Any]
    tensors: Tensors
    training: Any = None  # what going on needs, beside its arrays


def save(
    model: Module, path: Path, *, optimizer: Optimizer | None = None, training: History | Training | None = None
) -> None:
    """Write a model's architecture and all its numbers into a file, which appears whole or not at all.

    Parameters are kept as float64, to the last bit, and buffers as they are. Which of them are frozen, and whether the
    model is in training or evaluation mode, is not kept. The same model gives the same bytes.

    A file holds classes and their constructors' arguments, no code; the modules are built of them once more, to see
    that it will load as the same model.

    With an optimiser and a training the file holds all that going on needs, which `load_training` reads: what they
    remember, the history, the epoch, the schedule, and where the generators of the orders and of dropout stand.

    Args:
        model: a module that `Module.config` can write.
        path: where to, usually ``….safetensors``; an existing file is replaced, through a symbolic link as well.
        optimizer: the optimiser that trains it.
        training: the history that `fit` gave; or the `Training` that a callback is called with at an epoch's end.

    Raises:
        TypeError: the model is no Module, or the path neither a str nor a Path.
        ConfigError: the architecture cannot be written: a function of your own without a name, say; or it would load as
            another one, since parts were replaced, added or changed that the constructor's arguments say nothing of.
        ValueError: a parameter or buffer is NaN or infinite, or an array of a type that no file holds; or one of
            optimizer and training is missing.
        OSError: the file cannot be written; what was there before is left as it was.
    """
    if not isinstance(model, Module):
        raise TypeError(f"save writes a Module, not {type(model).__name__}.")
    check_path(path)
    tensors = {name: np.array(array, order="C") for name, array in model.state_dict().items()}
    held = sum(array.size for array in tensors.values())
    kept = None
    if optimizer is not None or training is not None:
        kept, more = pack(collect(model, optimizer, training), PREFIX)
        tensors |= more
    bad = [f"{name} holds {problem}" for name, array in tensors.items() if (problem := _problem(array))]
    if bad:
        raise ValueError(
            f"The model was not saved to {os.fspath(path)}, since it could not be loaded again: {'; '.join(bad)}. "
            "Where a training has diverged, go back to weights that are finite."
        )
    config = model.config()
    try:
        data = _encode(_Content(config, tensors, kept))
    except ValueError:
        raise ConfigError(
            f"The architecture of {model.title} holds NaN, an infinity or a huge integer, which no file can hold: give "
            "its constructor other numbers."
        ) from None
    _check_that_it_loads(model, config, held, path)
    write(path, data)


def load(path: Path) -> Module:
    """Read a model that `save` wrote: the same architecture, with the same numbers to the last bit.

    Classes of your own must be defined before, by importing the module that they are in. The model is in training mode,
    and nothing in it is frozen but what its class freezes itself.

    Raises:
        ModelFileError: the file does not hold such a model, or not unharmed.
        OSError: the file cannot be read.
    """
    config, tensors, _ = _read(path)
    model = _build(config, tensors, path)
    try:
        model.load_state_dict(tensors)
    except Exception as error:
        raise ModelFileError(f"{os.fspath(path)} holds weights of another architecture than its own: {error}") from None
    return model


def load_weights(model: Module, path: Path) -> None:
    """Read the numbers of a file into a model that exists, or change nothing.

    The file's own architecture is not looked at: names and shapes must fit, as for `Module.load_state_dict`.

    Raises:
        ModelFileError: the file does not hold a model, or not unharmed.
        StateError: names or shapes do not fit the model; all are listed.
        OSError: the file cannot be read.
    """
    model.load_state_dict(_read(path).tensors)


def load_training(path: Path, model: Module, optimizer: Optimizer) -> History:
    """Read a training that `save` wrote with its optimiser, into a model and an optimiser that are built as before.

    Args:
        path: the file.
        model: a model of the same architecture; it gets the weights, and its generators are put where they stood.
        optimizer: of the same class, over the model's parameters.

    Returns:
        the history, with which ``fit(model, X, y, optimizer=optimizer, epochs=…, training=history)`` goes on.

    Raises:
        ModelFileError: the file does not hold a training, or not unharmed.
        StateError: model or optimiser is another one than was saved; nothing is changed.
        OSError: the file cannot be read.
    """
    content, name = _read_content(path), os.fspath(path)
    if content.training is None:
        raise ModelFileError(
            f"{name} holds a model without its training: save it with optimizer=… and training=history, or read the "
            "model alone with load."
        )
    weights = {key: array for key, array in content.tensors.items() if not key.startswith(PREFIX)}
    try:
        return distribute(unpack(content.training, content.tensors), model, optimizer, weights)
    except StateError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ModelFileError(f"{name} holds no training that can go on: {error}") from None


# --- bytes ------------------------------------------------------------------------------------------------------------


def _encode(content: _Content) -> bytes:
    from safetensors.numpy import save as to_bytes

    about = {"format": FORMAT, "sha256": _checksum(content), "config": content.config}
    if content.training is not None:
        about["training"] = content.training
    text = json.dumps(about, allow_nan=False, separators=(",", ":"))
    return to_bytes(content.tensors, metadata={METADATA_KEY: text})


def _decode(data: bytes, path: Path) -> _Content:
    """Read and check the bytes of a file.

    Raises:
        ModelFileError: something in them is not as `save` writes it.
    """
    from safetensors.numpy import load as from_bytes

    name = os.fspath(path)
    try:
        tensors = from_bytes(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except Exception as error:  # whatever the parsers meet in hostile bytes
        raise ModelFileError(
            f"{name} is no whole safetensors file: {str(error) or type(error).__name__}. Was it cut off, or is it of "
            "another kind?"
        ) from None
    text = (header.get("__metadata__") or {}).get(METADATA_KEY)
    if text is None:
        raise ModelFileError(
            f"{name} is a safetensors file, but nn.save did not write it: it has no architecture. Read it with "
            "safetensors, and give the arrays to load_state_dict."
        )
    try:
        about = json.loads(text)
        version, checksum, config = about["format"], about["sha256"], about["config"]
        content = _Content(config, tensors, about.get("training"))
        found = _checksum(content) if version == FORMAT else checksum
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ModelFileError(f"{name} is damaged: its architecture cannot be read. Restore it from a copy.") from None
    if version != FORMAT:
        raise ModelFileError(
            f"{name} has format {version!r}, and this edgegrad reads format {FORMAT}: upgrade it, or save again."
        )
    if checksum != found:
        raise ModelFileError(
            f"{name} is damaged: its content does not have the checksum that it was saved with. Restore it from a copy."
        )
    return content


def _checksum(content: _Content) -> str:
    """Digest all that a model is made of: architecture, and name, type, shape and bytes of each array."""
    about = [FORMAT, content.config, *([] if content.training is None else [content.training])]
    digest = hashlib.sha256(json.dumps(about, allow_nan=False).encode())
    for name, array in sorted(content.tensors.items()):
        little = array.astype(array.dtype.newbyteorder("<"))
        digest.update(json.dumps([name, array.dtype.name, array.shape]).encode())
        digest.update(little.tobytes())
    return digest.hexdigest()


def _problem(array: NDArray[Any]) -> str:
    """Return why an array cannot be saved; nothing where it can."""
    if array.dtype.name not in SAVED_TYPES:
        return f"an array of {array.dtype}"
    for place in np.argwhere(~np.isfinite(array))[:1].tolist():
        return f"{array[tuple(place)]} at {place}"
    return ""


# --- files ------------------------------------------------------------------------------------------------------------


def _read(path: Path) -> _Content:
    """Read a file; its arrays without those of a training."""
    content = _read_content(path)
    model = {name: array for name, array in content.tensors.items() if not name.startswith(PREFIX)}
    return content._replace(tensors=model)


def _read_content(path: Path) -> _Content:
    """Read and check a file with all that it holds.

    Raises:
        ModelFileError: the file does not hold a model, or not unharmed.
        OSError: the file cannot be read.
    """
    check_regular(path)
    with open(path, "rb") as file:
        return _decode(file.read(), path)


def check_regular(path: Path) -> None:
    """Refuse to read what is no file: a pipe or a device would never end.

    Raises:
        TypeError: the path is neither a str nor a Path.
        ModelFileError: it is a folder, a pipe or a device.
        OSError: there is nothing.
    """
    check_path(path)
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ModelFileError(f"{os.fspath(path)} is no regular file.")


def write(path: Path, data: bytes) -> None:
    """Write a file whole, down to the disk.

    Raises:
        OSError: it cannot be written; what was there before is left as it was.
    """
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            errno.ENOENT,
            f"The model was not saved, since there is no folder {folder}: create it first",
            os.fspath(path),
        )
    write_whole(path, data, lasting=True)


# --- models -----------------------------------------------------------------------------------------------------------


class _Sparing(np.random.Generator):
    """Random numbers to build with: no more of them than a file can fill, so that absurd sizes cost nothing.

    Afterwards it is a generator like any other, for the modules that go on drawing.
    """

    def __init__(self, count: float) -> None:
        super().__init__(np.random.PCG64())
        self.left = count

    def _spend(self, shape: Any) -> None:
        self.left -= float(np.prod(shape if shape is not None else 1, dtype=np.float64))
        if self.left < 0:
            raise ValueError("the sizes ask for more numbers than the file holds")

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        self._spend(size)
        return super().uniform(low, high, size)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        self._spend(size)
        return super().normal(loc, scale, size)


class _Outlining(_Sparing):
    """Random numbers for a twin, of which only the shape matters: many at once are one and the same."""

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        return super().uniform(low, high, size) if _are_few(size) else self._repeat(low, size)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        return super().normal(loc, scale, size) if _are_few(size) else self._repeat(loc, size)

    def _repeat(self, number: float, shape: Any) -> Any:
        self._spend(shape)
        return outline(number, tuple(np.atleast_1d(shape).tolist()))


def _are_few(size: Any) -> bool:
    return size is None or np.prod(size) < MANY_NUMBERS


def _check_that_it_loads(model: Module, config: Any, held: int, path: Path) -> None:
    """Check that what a model's architecture builds is like the model.

    Raises:
        ConfigError: it cannot be built, or is something else.
    """
    count = 4 * held + 1_000
    largest = max(held, ALWAYS_POSSIBLE_SIZE)
    try:
        twin = Module.from_config(_check_config(config, largest, _Sparing(count), _Outlining(count)))
    except Exception as error:  # whatever a constructor meets
        problem = f"which could not be loaded again: {error}".removesuffix(".")
    else:
        difference = find_difference(model, twin)
        if not difference:
            return
        problem = f"which would load as another model: {difference}"
    raise ConfigError(
        f"{model.title} was not saved to {os.fspath(path)}, {problem}. Give its class an argument that says what is to "
        "be built; or keep the numbers alone, np.savez(file, **model.state_dict()), and read them into a model that is "
        "made by hand in the same way, load_state_dict(np.load(file))."
    )


def _build(config: Any, tensors: Tensors, path: Path) -> Module:
    held = sum(array.size for array in tensors.values())
    random = _Sparing(4 * held + 1_000)  # biases are drawn even where there are none
    try:
        model = Module.from_config(_check_config(config, max(held, ALWAYS_POSSIBLE_SIZE), random))
    except Exception as error:  # whatever a class's constructor meets in a hostile configuration
        raise ModelFileError(f"{os.fspath(path)} holds no model that can be built: {error}") from None
    random.left = np.inf
    return model


def _check_config(config: Any, largest: int, random: _Sparing, own_random: _Sparing | None = None) -> Any:
    """Check every part of an architecture, and give the modules that draw numbers what to draw from.

    Args:
        config: what the file holds.
        largest: the largest size that is plausible.
        random: for the modules that take a seed.
        own_random: the same for the package's own modules; `random` unless given.

    Raises:
        ValueError: it is nested too deeply, or holds sizes, texts or arguments that `save` never writes.
    """
    classes = known_classes()

    def walk(content: Any, depth: int, own: bool) -> Any:
        if depth > MAX_DEPTH:
            raise ValueError(f"its architecture is nested more than {MAX_DEPTH} deep")
        if isinstance(content, str) and len(content) > MAX_TEXT_LENGTH:
            raise ValueError(f"its architecture holds a text of {len(content):,} characters")
        if own and isinstance(content, int) and abs(content) > largest:
            raise ValueError(f"its architecture holds the size {content:,}, but the file holds fewer numbers")
        if isinstance(content, list):
            return [walk(inner, depth + 1, own) for inner in content]
        if not isinstance(content, Mapping):
            return content
        kind = classes.get(str(content.get("class")))
        if kind is None:
            return {key: walk(inner, depth + 1, own) for key, inner in content.items()}
        unsaved = sorted(kind.unsaved & content.keys())
        if unsaved:
            raise ValueError(f"its {kind.__name__} has {', '.join(unsaved)}, which no file holds")
        own = kind.__module__.partition(".")[0] == "nn"
        free = GEOMETRY.get(kind.__name__, set())
        if content.get("affine") is False and content.get("track_running_stats") is False:
            free = {"num_features"}
        inner = {key: walk(argument, depth + 1, own and key not in free) for key, argument in content.items()}
        draw = own_random or random if own else random
        return inner | ({"seed": draw} if "seed" in inspect.signature(kind).parameters else {})

    return walk(config, 0, True)
