"""Keras' files of weights: written by Keras and read here, written here and read by Keras, and what is no such file."""

import os

import numpy as np
import pytest

from nn import ModelFileError, StateError, keras
from nn.keras import layers

h5py = pytest.importorskip("h5py", reason="Keras' files of weights need h5py")
X = np.random.default_rng(0).standard_normal((7, 3))


def model(of=layers, sequential=keras.Sequential):
    chain = [of.Dense(4, activation="tanh"), of.Dropout(0.5), of.Dense(5, use_bias=False), of.LeakyReLU(), of.Dense(2)]
    made = sequential(chain)
    made.build((None, 3))
    return made


def test_weights_come_back(tmp_path):
    one, other = model(), model()
    one.save_weights(tmp_path / "m.weights.h5")
    other.load_weights(tmp_path / "m.weights.h5")
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        assert ours.tolist() == theirs.tolist()
    with h5py.File(tmp_path / "m.weights.h5") as file:
        assert sorted(file["layers"]) == ["dense", "dense_1", "dense_2"]
        assert file["layers/dense_1/vars/0"].shape == (4, 5)
    assert [path.name for path in tmp_path.iterdir()] == ["m.weights.h5"]


@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_files_go_to_keras_and_come_from_it(tmp_path):
    theirs = pytest.importorskip("keras", reason="Keras is the other side")
    there, here = model(theirs.layers, theirs.Sequential), model()
    there.save_weights(tmp_path / "there.weights.h5")
    here.load_weights(tmp_path / "there.weights.h5")
    due = np.asarray(there.predict(X, verbose=0))
    np.testing.assert_allclose(here.predict(X, verbose=0), due, rtol=1e-5, atol=1e-6)
    here.set_weights([0.5 * array for array in here.get_weights()])
    here.save_weights(tmp_path / "here.weights.h5")
    there.load_weights(tmp_path / "here.weights.h5")
    for ours, other in zip(here.get_weights(), there.get_weights(), strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-6)


def test_what_does_not_fit_changes_nothing(tmp_path):
    one = model()
    before = [array.copy() for array in one.get_weights()]
    small = keras.Sequential([layers.Dense(4, input_shape=(2,)), layers.Dense(5)])
    small.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(StateError) as raised:
        one.load_weights(tmp_path / "m.weights.h5")
    assert str(raised.value) == (
        f"The weights in {tmp_path / 'm.weights.h5'} do not fit the model: layers/dense/vars/0 has shape (2, 4) "
        "instead of (3, 4); layers/dense_1 has 2 arrays instead of 1; layers/dense_2 has 0 arrays instead of 2. "
        "Nothing was changed."
    )
    one.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(StateError, match=r"layers/dense_2 is not part of the model"):
        small.load_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5", "r+") as file:
        file["layers/dense_2/vars/0"][0, 0] = np.nan
    with pytest.raises(StateError, match=r"layers/dense_2/vars/0 is not finite"):
        one.load_weights(tmp_path / "m.weights.h5")
    for ours, was in zip(one.get_weights(), before, strict=True):
        assert ours.tolist() == was.tolist()


def test_what_is_no_such_file(tmp_path):
    with pytest.raises(ValueError, match=r"^Keras' files of weights end with \.weights\.h5: write m\.weights\.h5\.$"):
        model().save_weights("m.h5")
    with pytest.raises(FileNotFoundError):
        model().load_weights(tmp_path / "none.weights.h5")
    (tmp_path / "text.weights.h5").write_text("no weights", encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"text\.weights\.h5 holds no weights as Keras saves them"):
        model().load_weights(tmp_path / "text.weights.h5")


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_what_stands_there_is_kept_unless_it_is_a_file(tmp_path, monkeypatch):
    pipe, link = tmp_path / "pipe.weights.h5", tmp_path / "link.weights.h5"
    os.mkfifo(pipe)
    with pytest.raises(FileExistsError, match="is no regular file"):
        model().save_weights(pipe)
    with pytest.raises(ModelFileError, match="is no regular file"):
        model().load_weights(pipe)
    link.symlink_to("real.weights.h5")
    model().save_weights(link)
    assert link.is_symlink()
    before = link.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        model().save_weights(link)
    assert link.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["link.weights.h5", "pipe.weights.h5", "real.weights.h5"]
