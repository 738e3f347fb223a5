"""Model files: exact round trips, atomic writing, and refusal of everything that is not as it was saved."""

from __future__ import annotations

import json
import os
import signal
import stat
import struct
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effort import every
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd.files
import nn.keras
from autograd import Value
from nn.errors import ConfigError, StateError
from nn.module import Module
from nn.modules.convolution import Conv2d, ConvTranspose2d
from nn.modules.elementwise import Activation, Dropout
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.network import Network
from nn.modules.neurons import Neuron, StochasticNeuron, ThresholdNeuron
from nn.modules.normalization import BatchNorm1d, BatchNorm2d
from nn.modules.pooling import MaxPool2d
from nn.modules.recurrent import LSTM, Elman
from nn.modules.shaping import Concatenate, Flatten, Reshape
from nn.saving import files
from nn.saving.files import ModelFileError, load, load_weights, save


class Tilted(Module):
    """A module of a user's own, with a buffer."""

    buffers = ("shift",)

    def __init__(self, n_in: int, slope: float = 1.0) -> None:
        self.n_in, self.slope = n_in, slope
        self.w = [Value(slope, parameter=True) for _ in range(n_in)]
        self.shift = np.arange(n_in, dtype=np.float32)

    def forward(self, inputs: Any) -> Any:
        return [w * x + float(s) for w, x, s in zip(self.w, inputs, self.shift, strict=True)]


def tied() -> Module:
    model = Sequential(Layer(3, 3, "tanh", seed=0), Layer(3, 3, seed=1))
    model[1].W = model[0].W
    return model


ROW = [0.3, -0.7, 0.2]
PICTURE = np.random.default_rng(0).standard_normal((1, 4, 4)).tolist()
SEQUENCE = [[0.1, 0.2, 0.3], [-0.5, 0.0, 0.4]]
MODELS: dict[str, tuple[Callable[[], Module], Any]] = {
    "layer": (lambda: Layer(3, 2, "softmax", seed=0), ROW),
    "mlp": (lambda: MLP(3, [5, 2], activation="leaky_relu(0.3)", bias=False, seed=0), ROW),
    "sequential": (
        lambda: Sequential(Layer(3, 4, "elu", seed=0), Dropout(0.2), Sequential(Layer(4, 2)), Activation("tanh")),
        ROW,
    ),
    "pictures": (
        lambda: Sequential(
            Conv2d(1, 2, (2, 3), padding=1, seed=0), BatchNorm2d(2), MaxPool2d(2), ConvTranspose2d(2, 1, 2, 2, seed=1),
            Flatten(),
        ),
        PICTURE,
    ),
    "reshaped": (lambda: Sequential(Layer(3, 4, seed=0), BatchNorm1d(4), Reshape(1, 2, 2), Conv2d(1, 1, 2)), ROW),
    "lstm": (lambda: LSTM(3, 2, seed=0), SEQUENCE),
    "elman": (lambda: Sequential(Elman(3, 4, bias=False, last=True, seed=0), Layer(4, 1, seed=0)), SEQUENCE),
    "network": (
        lambda: Network(["x", "y", "q"], {"h": ("tanh", ["x", "y"]), "o": ("identity", ["h", "q"])}, ["o"], seed=0),
        ROW,
    ),
    "branches": (lambda: Concatenate(Layer(3, 1, seed=0), Activation("relu")), ROW),
    "neuron": (lambda: Neuron(3, "sigmoid", seed=0), ROW),
    "stochastic neuron": (lambda: StochasticNeuron(3, seed=0), None),
    "threshold": (lambda: ThresholdNeuron([1.0, -1.0, 1.0], 0.25), ROW),
    "tied weights": (tied, ROW),
    "own class": (lambda: Tilted(3, slope=0.1), ROW),
}  # fmt: skip


def numbers(outputs: Any) -> list[float]:
    return list(map(float, np.ravel(outputs)))


def same_state(one: Module, other: Module) -> None:
    ours, theirs = one.state_dict(), other.state_dict()
    assert list(ours) == list(theirs)
    for name, array in ours.items():
        assert array.dtype == theirs[name].dtype
        assert array.tobytes() == theirs[name].tobytes()


def contents(model: Module) -> Any:
    return files._Content(model.config(), model.state_dict())


# --- round trips ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_to_the_last_bit(name: str, tmp_path: Path) -> None:
    make, example = MODELS[name]
    model, path = make(), tmp_path / "m.safetensors"
    save(model, path)
    again = load(path)
    same_state(model, again)
    assert type(again) is type(model)
    assert again.config() == model.config()
    assert list(dict(again.named_parameters())) == list(dict(model.named_parameters()))
    assert again.training
    assert repr(again) == repr(model)
    if example is not None:
        assert numbers(again.eval()(example)) == numbers(model.eval()(example))
    weights = make()
    for parameter in weights.parameters():
        parameter.data = 9.0
    load_weights(weights, path)
    same_state(model, weights)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_float_survives(tmp_path: Path, row: list[float]) -> None:
    save(Layer(2, 1, bias=False, W=[row]), tmp_path / "m")
    assert load(tmp_path / "m").state_dict()["W"].tobytes() == np.array([row]).tobytes()


def test_running_statistics_are_kept(tmp_path: Path) -> None:
    model = BatchNorm1d(2)
    model.batch([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]])
    save(model, tmp_path / "m")
    again = load(tmp_path / "m").eval()
    assert again.state_dict()["num_batches_tracked"].dtype == np.int64
    assert numbers(again([1.0, 1.0])) == numbers(model.eval()([1.0, 1.0]))


def test_tied_weights_stay_tied(tmp_path: Path) -> None:
    save(tied(), tmp_path / "m")
    again = load(tmp_path / "m")
    assert len(again.parameters()) == 9 + 3 + 3
    assert again[1].W is again[0].W  # type: ignore[index]


@pytest.mark.parametrize(
    "model",
    [
        Reshape(90_000),
        Reshape(1, 70_000, 2),
        MaxPool2d(100_000),
        MaxPool2d(2, stride=100_000),
        Conv2d(1, 1, 1, stride=100_000),
        Conv2d(1, 1, 1, padding=100_000),
        Conv2d(1, 1, 2, dilation=(1, 100_000)),
        ConvTranspose2d(1, 1, 1, stride=100_000, output_padding=99_999),
        BatchNorm2d(90_000, affine=False, track_running_stats=False),
        Sequential(Layer(2, 1), Reshape(90_000)),
    ],
    ids=lambda model: model.title,
)
def test_sizes_that_no_array_is_made_by_may_be_large(model: Module, tmp_path: Path) -> None:
    save(model, tmp_path / "m")
    assert load(tmp_path / "m").config() == model.config()


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(MODELS["pictures"][0](), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_programs_can_read_the_arrays(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    model = MLP(2, [3, 1], seed=0)
    save(model, tmp_path / "m.safetensors")
    arrays = load_file(tmp_path / "m.safetensors")
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(arrays[name], array)


def test_a_loaded_model_drops_out_at_random(tmp_path: Path) -> None:
    save(Sequential(Layer(1, 50, W=[[1.0]] * 50, b=[0.0] * 50), Dropout(0.5)), tmp_path / "m")
    first, second = (numbers(load(tmp_path / "m")([1.0])) for _ in range(2))
    assert set(first) == {0.0, 2.0}
    assert first != second


# --- writing --------------------------------------------------------------------------------------------------------


def test_a_new_file_has_ordinary_permissions_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    plain, path = tmp_path / "plain", tmp_path / "m"
    plain.touch()
    save(Layer(1, 1), path)
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o600)
    save(Layer(2, 2), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path).n_in == 2


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    save(Layer(1, 1), tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    save(Layer(2, 2), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert load(tmp_path / "real").n_in == 2


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_what_was_there_survives_a_failed_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "m"
    save(Layer(1, 1), path)
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left on device"):
        save(Layer(2, 2), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["m"]


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        save(Layer(1, 1), tmp_path / "nowhere" / "m")
    assert caught.value.strerror == (
        f"The model was not saved, since there is no folder {tmp_path / 'nowhere'}: create it first"
    )
    assert caught.value.filename == str(tmp_path / "nowhere" / "m")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "m")


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "link", tmp_path / "folder", Path("/dev/null")):
        with pytest.raises(FileExistsError) as caught:
            save(Layer(1, 1), path)
        assert caught.value.strerror == "What stands there is no regular file: choose another path"
        assert caught.value.filename == str(path)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    assert sorted(os.listdir(tmp_path)) == ["folder", "link", "pipe"]


@pytest.mark.parametrize("name", ["m" * 255, "ж" * 127, "m" * 242])
def test_the_longest_names(tmp_path: Path, name: str) -> None:
    save(Layer(1, 1), tmp_path / name)
    assert os.listdir(tmp_path) == [name]


KILLED = """
import os, signal, sys
from nn import Layer, save
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
save(Layer(1, 1), sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="another signal")
def test_what_a_killed_process_left_behind_goes_at_the_next_save(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a")], check=False)
    assert done.returncode == -signal.SIGKILL
    [left] = os.listdir(tmp_path)
    assert left.startswith(".edgegrad-")
    save(Layer(1, 1), tmp_path / "b")
    assert os.listdir(tmp_path) == ["b"]


def test_what_others_are_writing_stays(tmp_path: Path) -> None:
    here = autograd.files.HOST
    pid_of_another = os.getppid()
    names = [
        f".edgegrad-{here}-{pid_of_another}-0123abcd.part",  # a process that runs
        f".edgegrad-{here + 1}-{pid_of_another}-0123abcd.part",  # of another machine, where we do not know
        ".edgegrad-notes.part",
        ".m.0123abcd.part",
    ]
    for name in names:
        (tmp_path / name).touch()
    save(Layer(1, 1), tmp_path / "m")
    assert sorted(os.listdir(tmp_path)) == sorted([*names, "m"])
    (tmp_path / f".edgegrad-{here}-{os.getpid()}-0123abcd.part").touch()  # of a process of our number, before us
    os.utime(tmp_path / names[1], (0, 0))
    save(Layer(1, 1), tmp_path / "m")
    assert sorted(os.listdir(tmp_path)) == sorted([names[0], *names[2:], "m"])


@pytest.mark.parametrize("path", [3, None, b"x.html"])
@pytest.mark.parametrize(
    "take",
    [
        lambda path: save(Layer(1, 1), path),
        load,
        lambda path: load_weights(Layer(1, 1), path),
        lambda path: nn.load_training(path, Layer(1, 1), nn.SGD([Value(1.0)])),
        lambda path: nn.keras.Sequential([nn.keras.Input((1,)), nn.keras.layers.Dense(1)]).save_weights(path),
        lambda path: nn.keras.Sequential([nn.keras.Input((1,)), nn.keras.layers.Dense(1)]).load_weights(path),
        lambda path: Value(1.0).graph().save(path),
        lambda path: Value(1.0).explore().save(path),
        nn.Checkpoint,
        lambda path: nn.Film().save(path),
    ],
)  # fmt: skip
def test_what_is_no_path(take: Callable[[Any], object], path: Any) -> None:
    """It is said first, by all that reads or writes a file."""
    with pytest.raises(TypeError, match=rf"^The path of a file is a str or a Path, not {path!r}\.$"):
        take(path)


def test_threads_save_into_one_folder(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: save(Layer(k % 3 + 1, 1), tmp_path / f"m{k % 4}"), range(200)))
    assert sorted(os.listdir(tmp_path)) == ["m0", "m1", "m2", "m3"]
    for name in os.listdir(tmp_path):
        load(tmp_path / name)


def test_models_that_cannot_be_saved(tmp_path: Path) -> None:
    path = tmp_path / "m"
    model = Layer(2, 1, W=[[1.0, 2.0]])
    model.W[0][1].data = float("nan")
    model.b[0].data = float("-inf")  # type: ignore[index]
    with pytest.raises(ValueError) as caught:
        save(model, path)
    assert str(caught.value) == (
        f"The model was not saved to {path}, since it could not be loaded again: W holds nan at [0, 1]; b holds -inf "
        "at [0]. Where a training has diverged, go back to weights that are finite."
    )
    strange = Tilted(1)
    strange.shift = np.array([1j])
    with pytest.raises(ValueError, match="shift holds an array of complex128"):
        save(strange, path)
    with pytest.raises(ConfigError, match="is a function of your own, and a configuration holds no code"):
        save(Layer(1, 1, lambda x: x * x), path)
    with pytest.raises(ConfigError) as refused:
        save(_with_slope(float("inf")), path)
    assert str(refused.value) == (
        "The architecture of Tilted holds NaN, an infinity or a huge integer, which no file can hold: give its "
        "constructor other numbers."
    )
    with pytest.raises(TypeError, match=r"^save writes a Module, not dict\.$"):
        save({"W": 1.0}, path)  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


def _with_slope(slope: float) -> Tilted:
    model = Tilted(1)
    model.slope = slope
    return model


# --- damaged files --------------------------------------------------------------------------------------------------

SMALL = Sequential(Layer(2, 2, "relu", seed=0), BatchNorm1d(2), Layer(2, 1, seed=1))
BYTES = files._encode(contents(SMALL))


def refused(path: Path, data: bytes) -> str:
    """Load bytes that must be refused, into a new model and into one that exists, and give the sentence."""
    path.write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        load(path)
    model = Sequential(Layer(2, 2, "relu", seed=5), BatchNorm1d(2), Layer(2, 1, seed=6))
    before = model.state_dict()
    with pytest.raises(ValueError):
        load_weights(model, path)
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert str(caught.value).startswith(str(path))
    return str(caught.value)[len(str(path)) + 1 :]


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """Change the bytes of a file in some way, most often in its header."""
    data = bytearray(BYTES)
    for _ in range(draw(st.integers(1, 3))):
        end = len(data) if draw(st.booleans()) else min(len(data), 1200)
        start = draw(st.integers(0, max(end - 1, 0)))
        stop = start + draw(st.integers(0, 40))
        how = draw(st.sampled_from(["flip", "set", "cut", "drop", "insert", "repeat", "swap digits"]))
        if how == "flip" and data:
            data[start] ^= 1 << draw(st.integers(0, 7))
        elif how == "set":
            data[start : start + 1] = draw(st.binary(min_size=1, max_size=1))
        elif how == "cut":
            del data[start:]
        elif how == "drop":
            del data[start:stop]
        elif how == "insert":
            data[start:start] = draw(st.one_of(st.binary(max_size=8), st.sampled_from([b" ", b"0", b"[", b'"', b"\\"])))
        elif how == "repeat":
            data[start:start] = data[start:stop]
        else:
            data = bytearray(bytes(data).translate(bytes.maketrans(b"12", b"21")))
    if draw(st.booleans()) and len(data) >= 8:  # make the length of the header fit again
        body = len(BYTES) - 8 - int.from_bytes(BYTES[:8], "little")
        data[:8] = struct.pack("<Q", max(len(data) - 8 - body, 0))
    return bytes(data)


@given(mutations())
@settings(max_examples=6 * settings.default.max_examples, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_refused_or_loads_the_same(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "m"
    path.write_bytes(data)
    try:
        again = load(path)
    except ModelFileError:
        return
    same_state(SMALL, again)
    assert again.config() == SMALL.config()


def test_a_flipped_bit(tmp_path: Path) -> None:
    for bit in every(range(0, 8 * len(BYTES), 7), 9):
        data = bytearray(BYTES)
        data[bit // 8] ^= 1 << bit % 8
        if b"1E-05" not in data:  # which is 1e-05
            refused(tmp_path / "m", bytes(data))


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 100, len(BYTES) - 8, len(BYTES) - 1])
def test_a_file_that_was_cut_off(tmp_path: Path, length: int) -> None:
    sentence = refused(tmp_path / "m", BYTES[:length])
    assert sentence.startswith("is no whole safetensors file: ")
    assert sentence.endswith(". Was it cut off, or is it of another kind?")


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 8 + b"{}",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2) + b"{}" + b"rest",
        struct.pack("<Q", 10_000) + b"[" * 10_000,
        struct.pack("<Q", 60_006) + b'{"a":' * 10_001 + b"1",
        b"\x80\x04\x95" + b"pickle" * 10,
        BYTES + b"\0",
        *(
            struct.pack("<Q", len(header)) + header + bytes(16)
            for header in (
                b'{"W":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,16]}}',
                b'{"W":{"dtype":"F64","shape":[18446744073709551617],"data_offsets":[0,16]}}',
                b'{"W":{"dtype":"F64","shape":[-2],"data_offsets":[0,16]}}',
                b'{"W":{"dtype":"F64","shape":[2],"data_offsets":[16,0]}}',
                b'{"W":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}',
                b'{"W":{"dtype":"object","shape":[2],"data_offsets":[0,16]}}',
                b'{"W":{"dtype":"BF16","shape":[8],"data_offsets":[0,16]}}',
                b'{"__metadata__":{"edgegrad":[]},"W":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}',
            )
        ),
    ],
)
def test_hostile_bytes(tmp_path: Path, data: bytes) -> None:
    assert refused(tmp_path / "m", data).startswith("is no whole safetensors file: ")


def test_a_safetensors_file_of_another_program(tmp_path: Path) -> None:
    from safetensors.numpy import save as to_bytes

    sentence = (
        "is a safetensors file, but nn.save did not write it: it has no architecture. Read it with safetensors, and "
        "give the arrays to load_state_dict."
    )
    arrays = {"W": np.ones((2, 2))}
    assert refused(tmp_path / "m", to_bytes(arrays)) == sentence
    assert refused(tmp_path / "m", to_bytes(arrays, metadata={"format": "pt"})) == sentence


@pytest.mark.parametrize(
    "about", ["", "{", "[]", "3", "null", '{"format":1}', "[" * 100_000, '{"format":1,"sha256":"",']
)
def test_an_architecture_that_cannot_be_read(tmp_path: Path, about: str) -> None:
    from safetensors.numpy import save as to_bytes

    data = to_bytes({"W": np.ones(2)}, metadata={"edgegrad": about})
    assert refused(tmp_path / "m", data) == (
        "is damaged: its architecture cannot be read. Restore it from a copy."
    )  # fmt: skip


def test_a_newer_format_and_a_wrong_checksum(tmp_path: Path) -> None:
    from safetensors.numpy import save as to_bytes

    config = Layer(1, 1).config()
    tensors = {"W": np.ones((1, 1)), "b": np.ones(1)}
    newer = json.dumps({"format": 2, "sha256": "", "config": config})
    assert refused(tmp_path / "m", to_bytes(tensors, metadata={"edgegrad": newer})) == (
        "has format 2, and this edgegrad reads format 1: upgrade it, or save again."
    )
    wrong = json.dumps({"format": 1, "sha256": "0" * 64, "config": config})
    assert refused(tmp_path / "m", to_bytes(tensors, metadata={"edgegrad": wrong})) == (
        "is damaged: its content does not have the checksum that it was saved with. Restore it from a copy."
    )


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{tmp_path} is no regular file."
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError):
        load(tmp_path / "pipe")


# --- hostile architectures, with a right checksum -------------------------------------------------------------------


def crafted(config: Any, tensors: dict[str, Any] | None = None) -> bytes:
    given = {"W": np.ones((2, 2)), "b": np.ones(2)} if tensors is None else tensors
    return files._encode(files._Content(config, given))


LAYER = {"class": "Layer", "n_in": 2, "n_out": 2}


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"class": "os.system"}, "'os.system' is no module class: import the module that defines it first. Known: "),
        ({"class": "Value"}, "'Value' is no module class"),
        ({"class": "_Kernels"}, "'_Kernels' is no module class"),
        ({"class": ["Layer"]}, "['Layer'] is no module class"),
        ([], "A module's configuration is a dict with a 'class', not []."),
        ("Layer", "A module's configuration is a dict with a 'class', not 'Layer'."),
        (None, "A module's configuration is a dict with a 'class', not None."),
        (LAYER | {"n_in": 10**9}, "its architecture holds the size 1,000,000,000, but the file holds fewer numbers"),
        (LAYER | {"n_in": -(10**9)}, "its architecture holds the size -1,000,000,000, but"),
        (LAYER | {"n_in": 60_000, "n_out": 60_000}, "the sizes ask for more numbers than the file holds"),
        ({"class": "MLP", "n_in": 60_000, "sizes": [60_000]}, "the sizes ask for more numbers than the file holds"),
        (
            {"class": "LSTM", "input_size": 60_000, "hidden_size": 60_000},
            "the sizes ask for more numbers than the file holds",
        ),
        ({"class": "BatchNorm1d", "num_features": 10**12}, "its architecture holds the size 1,000,000,000,000, but"),
        (LAYER | {"n_in": 2.0}, "n_in of Layer must be a whole number from 1, not 2.0."),
        (LAYER | {"n_in": "2"}, "n_in of Layer must be a whole number from 1, not '2'."),
        (LAYER | {"activation": "__import__('os').getcwd()"}, "is no activation."),
        (LAYER | {"activation": "a" + " " * 2000 + "!"}, "its architecture holds a text of 2,002 characters"),
        (LAYER | {"init": "zeros"}, "its Layer has init, which no file holds"),
        (LAYER | {"W": [[1.0]], "seed": 3}, "its Layer has W, seed, which no file holds"),
        (LAYER | {"__init__": 1}, "Layer cannot be built from"),
        (LAYER | {"ties": [["W", "nothing"]]}, "The configuration ties arrays that the model does not have"),
        ({"class": "Sequential", "layers": [{"same": 0}]}, "The configuration refers to module 0"),
        ({"class": "Sequential", "layers": [3]}, "Sequential is made of modules, but argument 0 is int"),
        ({"class": "Layer"}, "Layer cannot be built from"),
    ],
)
def test_a_hostile_architecture(tmp_path: Path, config: Any, reason: str) -> None:
    path = tmp_path / "m"
    path.write_bytes(crafted(config))
    with pytest.raises(ModelFileError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path} holds no model that can be built: ")
    assert reason in str(caught.value)


def test_an_architecture_nested_too_deeply(tmp_path: Path) -> None:
    config: Any = LAYER
    for _ in range(150):
        config = {"class": "Sequential", "layers": [config]}
    (tmp_path / "m").write_bytes(crafted(config))
    with pytest.raises(ModelFileError) as caught:
        load(tmp_path / "m")
    assert str(caught.value) == (
        f"{tmp_path / 'm'} holds no model that can be built: its architecture is nested more than 100 deep"
    )


def test_weights_of_another_architecture(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(crafted(LAYER, {"W": np.ones((2, 3)), "c": np.ones(2)}))
    with pytest.raises(ModelFileError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path} holds weights of another architecture than its own: The state does not fit {Layer(2, 2).title}: b "
        "is missing; c is not part of the model; W has shape (2, 3) instead of (2, 2). Nothing was changed."
    )


def test_weights_that_do_not_fit_a_model(tmp_path: Path) -> None:
    save(MLP(2, [3, 1], seed=0), tmp_path / "m")
    model = MLP(2, [4, 1], seed=1)
    before = model.state_dict()
    with pytest.raises(StateError) as caught:
        load_weights(model, tmp_path / "m")
    assert str(caught.value) == (
        f"The state does not fit {model.title}: W1 has shape (3, 2) instead of (4, 2); b1 has shape (3,) instead of "
        "(4,); W2 has shape (1, 3) instead of (1, 4). Nothing was changed."
    )
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


CLASSES = ["Layer", "MLP", "Sequential", "Conv2d", "Network", "LSTM", "BatchNorm2d", "Neuron", "Module", "Reshape", "X"]
KEYS = [
    "class", "n_in", "n_out", "sizes", "layers", "activation", "bias", "in_channels", "out_channels", "kernel_size",
    "same", "ties", "inputs", "neurons", "outputs", "num_features", "input_size", "hidden_size", "shape", "eps", "W",
]  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 5), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([*CLASSES, "relu", "softmax", "W", "b"]), st.text(max_size=5),
)  # fmt: skip
CONFIGS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=5).flatmap(
            lambda content: st.sampled_from(CLASSES).map(lambda kind: content | {"class": kind})
        ),
    ),
    max_leaves=12,
)


@given(CONFIGS)
@settings(max_examples=4 * settings.default.max_examples, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_architecture_is_built_or_refused(tmp_path: Path, config: Any) -> None:
    (tmp_path / "m").write_bytes(crafted(config))
    try:
        model = load(tmp_path / "m")
    except ModelFileError:
        return
    assert isinstance(model, Module)
