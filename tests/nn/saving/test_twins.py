import numpy as np
import pytest
from numpy.testing import assert_allclose

import nn
from autograd import Value
from nn.errors import ConfigError
from nn.module import Module
from nn.saving import files
from nn.saving.twins import find_difference

X = [0.3, -1.2]
ADVICE = (
    " Give its class an argument that says what is to be built; or keep the numbers alone, np.savez(file, "
    "**model.state_dict()), and read them into a model that is made by hand in the same way, "
    "load_state_dict(np.load(file))."
)


class GrownByHand(Module):
    """A module whose parts may be changed after its constructor."""

    def __init__(self, width=2):
        self.width = width
        self.first = nn.Linear(2, width, seed=0)
        self.blocks = [nn.Layer(width, width, "relu", seed=1), nn.Layer(width, width, lambda x: x * x, seed=2)]
        self.scale = Value(1.5, parameter=True)

    def forward(self, xs):
        for block in self.blocks:
            xs = block(xs)
        return xs


class OfTwiceTheWidth(Module):
    def __init__(self, width):
        self.width = 2 * width
        self.layer = nn.Layer(2, self.width, seed=0)


class Picky(Module):
    def __init__(self, size):
        self.size = size
        if size != 3:
            raise RuntimeError("only 3")


class CountingBuilds(Module):
    buffers = ("seen",)

    def __init__(self):
        self.seen = np.zeros(2, dtype=np.int64)


class Tied(Module):
    def __init__(self):
        self.a, self.b = nn.Layer(2, 2, seed=0), nn.Layer(2, 2, seed=1)
        self.b.W = self.a.W


def mlp():
    return nn.MLP(2, [3, 1], activation="tanh", seed=0)


def replaced():
    model = mlp()
    model.layers[0] = nn.Layer(2, 3, activation="relu", seed=5)
    return model


def of_another_class():
    model = mlp()
    model.layers[0] = nn.Linear(2, 3, seed=5)
    return model


def appended():
    model = mlp()
    model.layers.append(nn.Layer(1, 1, seed=1))
    return model


def popped():
    model = mlp()
    model.layers.pop()
    return model


def repeated():
    model = nn.MLP(2, [2, 2], seed=0)
    model.layers.append(model.layers[0])
    return model


def nested():
    return nn.Sequential(replaced(), nn.Sigmoid())


def grown():
    model = GrownByHand()
    model.last = nn.Linear(2, 1, seed=3)
    return model


def aliased():
    model = GrownByHand()
    model.blocks = [model.blocks[0], model.blocks[1], model.blocks[0]]
    return model


def more_parameters():
    model = GrownByHand()
    model.more = [Value(1.0, parameter=True)]
    return model


def without_bias():
    model = mlp()
    model.layers[1].bias = False
    return model


def with_forward():
    model = mlp()
    model.forward = lambda xs: [2.0 * x for x in xs]
    return model


def with_activation(model, activation):
    model.activation = activation
    return model


def of_other_numbers():
    model = CountingBuilds()
    model.seen = np.array([0.5, 1.5])
    return model


def untied():
    model = Tied()
    model.b.W = nn.Layer(2, 2, seed=2).W
    return model


def tied_by_hand_only():
    model = nn.Sequential(nn.Layer(2, 2, seed=0), nn.Layer(2, 2, seed=1))
    model[1].W = model[0].W
    return model


REFUSED = [
    (replaced, "MLP 2 → 1", "activation of part 1 (Layer 2 → 3) would be 'tanh' instead of 'relu'"),
    (of_another_class, "MLP 2 → 1", "part 1 (Linear 2 → 3) would be of the class Layer"),
    (appended, "MLP 2 → 1", "it would have no part 3 (Layer 1 → 1)"),
    (popped, "MLP 2 → 3", "it would have a part 2 (Layer 3 → 1)"),
    (repeated, "MLP 2 → 2", "layers of MLP 2 → 2 would list its parts in another way"),
    (nested, "Sequential 2 → 1", "activation of part 1.1 (Layer 2 → 3) would be 'tanh' instead of 'relu'"),
    (grown, "GrownByHand", "it would have no part last (Linear 2 → 1)"),
    (aliased, "GrownByHand", "blocks of GrownByHand would list its parts in another way"),
    (more_parameters, "GrownByHand", "it would have no array more"),
    (without_bias, "MLP 2 → 1", "bias of part 2 (Layer 3 → 1) would be True instead of False"),
    (with_forward, "MLP 2 → 1", "MLP 2 → 1 would not have the forward that is set on the instance"),
    (lambda: with_activation(nn.ReLU(), "tanh"), "ReLU tanh", "activation of ReLU would be 'relu' instead of 'tanh'"),
    (
        lambda: with_activation(nn.Linear(2, 1), "elu(0.5)"),
        "Linear 2 → 1, elu(0.5)",
        "activation of Linear 2 → 1 would be 'identity' instead of 'elu(0.5)'",
    ),
    (lambda: OfTwiceTheWidth(3), "OfTwiceTheWidth", "width of OfTwiceTheWidth would be 12 instead of 6"),
    (
        of_other_numbers,
        "CountingBuilds",
        "seen would be a buffer of shape (2,) and int64 instead of a buffer of shape (2,) and float64",
    ),
    (untied, "Tied", "a.W and b.W would be one array"),
]


@pytest.mark.parametrize(("make", "title", "difference"), REFUSED)
def test_what_would_load_as_another_model_is_refused(make, title, difference, tmp_path):
    path = tmp_path / "m.safetensors"
    with pytest.raises(ConfigError) as caught:
        nn.save(make(), path)
    assert str(caught.value) == (
        f"{title} was not saved to {path}, which would load as another model: {difference}.{ADVICE}"
    )
    assert not path.exists()


def test_a_file_that_is_there_stays_as_it_was(tmp_path):
    path = tmp_path / "m.safetensors"
    nn.save(mlp(), path)
    before = path.read_bytes()
    with pytest.raises(ConfigError):
        nn.save(replaced(), path)
    assert path.read_bytes() == before


def test_what_could_not_be_built_is_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    model = Picky(3)
    model.size = 4
    with pytest.raises(ConfigError) as caught:
        nn.save(model, path)
    assert str(caught.value) == f"Picky was not saved to {path}, which could not be loaded again: only 3.{ADVICE}"
    assert not path.exists()


def test_the_advice_holds(tmp_path):
    model, other = replaced(), replaced()
    np.savez(tmp_path / "m.npz", **model.state_dict())
    other.load_state_dict({key: 0 * array for key, array in model.state_dict().items()})
    other.load_state_dict(np.load(tmp_path / "m.npz"))
    assert other(X)[0].data == model(X)[0].data
    nn.save(nn.Sequential(*model.layers), tmp_path / "m.safetensors")
    assert nn.load(tmp_path / "m.safetensors")(X)[0].data == model(X)[0].data


WRITTEN = [
    GrownByHand,
    Tied,
    CountingBuilds,
    tied_by_hand_only,
    nn.and_gate,
    lambda: nn.Sequential(mlp(), nn.LeakyReLU(0.2), nn.Dropout(0.1)),
    lambda: nn.StochasticNeuron(2, seed=0),
    lambda: nn.UNet(1, channels=[2, 3], seed=0),
    lambda: nn.LSTM(2, 3, last=True, seed=0),
    lambda: nn.MultiheadAttention(40, 2, seed=0),
    lambda: nn.Embedding(400, 3, padding_idx=-1, seed=0),
    lambda: nn.BatchNorm1d(3, track_running_stats=False),
    lambda: nn.Network(["x"], {"z": ("relu", ["x"])}, ["z"], seed=0),
]


@pytest.mark.parametrize("make", WRITTEN)
def test_what_was_made_by_constructors_is_written(make, tmp_path):
    model = make()
    nn.save(model, tmp_path / "m.safetensors")
    loaded = nn.load(tmp_path / "m.safetensors")
    assert loaded.config() == model.config()
    for key, array in model.state_dict().items():
        assert_allclose(loaded.state_dict()[key], array, rtol=0)


def test_the_twin_of_a_large_model_has_few_values(tmp_path, monkeypatch):
    twins = []

    def find(model, twin):
        twins.append(twin)
        return find_difference(model, twin)

    monkeypatch.setattr(files, "find_difference", find)
    model = nn.MLP(100, [100, 100, 1], seed=0)
    nn.save(model, tmp_path / "m.safetensors")
    assert len(model.parameters()) == 20_301
    assert len(twins[0].parameters()) == 303  # those of biases and of the last layer, and one for each large array
    assert twins[0].state_dict()["W1"].shape == (100, 100)


def test_methods_of_a_module_that_its_constructor_sets_are_no_difference(tmp_path):
    class Setting(Module):
        def __init__(self):
            self.forward = lambda xs: xs

    nn.save(Setting(), tmp_path / "m.safetensors")
    assert nn.load(tmp_path / "m.safetensors")([1.0]) == [1.0]
