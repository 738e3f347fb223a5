import json

import pytest

from autograd import Value
from nn.errors import ConfigError
from nn.module import Module
from nn.modules.elementwise import Activation, Dropout, Identity, Stochastic
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.neurons import Neuron, StochasticNeuron
from nn.modules.normalization import BatchNorm2d
from nn.modules.shaping import Concatenate, Flatten, Reshape
from nn.saving.architecture import known_classes


class Wide(Module):
    """A module of one's own, rebuilt from the attributes that its constructor's arguments are kept in."""

    def __init__(self, width, *, inner=None, sizes=(1, 2), options=None):
        self.width, self.inner, self.sizes, self.options = width, inner, sizes, options
        self.layer = Layer(width, 1, seed=0)

    def forward(self, xs):
        return self.layer(xs)


class Forgetful(Module):
    def __init__(self, width):
        self.layer = Layer(width, 1, seed=0)


class Plain(Module):
    def forward(self, xs):
        return xs


def rebuilt(model):
    return Module.from_config(json.loads(json.dumps(model.config())))


MODELS = [
    Layer(2, 3, "elu(0.5)", bias=False),
    MLP(2, [4, 4, 1], "tanh", output_activation="sigmoid"),
    Sequential(
        Reshape(1, 2, 2), BatchNorm2d(1, momentum=None), Flatten(), Dropout(0.25), Activation("relu"), Layer(4, 1)
    ),
    Concatenate(Identity(), Sequential(Layer(2, 2), Stochastic())),
    Sequential(Neuron(2, "tanh"), StochasticNeuron(1, straight_through=False)),
    Wide(3, inner=Wide(2), sizes=[4, 5], options={"a": 1.5, "b": [True, None]}),
    Plain(),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_json_and_back(model):
    twin = rebuilt(model)
    assert twin.config() == model.config()
    assert repr(twin) == repr(model)
    twin.load_state_dict(model.state_dict())
    assert list(dict(twin.named_parameters())) == list(dict(model.named_parameters()))


def test_what_is_written():
    assert Sequential(Layer(2, 3, "relu"), Dropout(0.1, seed=5)).config() == {
        "class": "Sequential",
        "layers": [
            {"class": "Layer", "n_in": 2, "n_out": 3, "activation": "relu", "bias": True},
            {"class": "Dropout", "p": 0.1},
        ],
    }
    assert Plain().config() == {"class": "Plain"}


def test_one_module_in_two_places():
    shared = Layer(2, 2, seed=0)
    model = Sequential(shared, Sequential(shared, Activation("relu")), shared)
    twin = rebuilt(model)
    assert len(twin.parameters()) == 6
    assert twin[0] is twin[1][0] is twin[2]
    assert twin.config() == model.config()


def test_tied_arrays():
    model = Sequential(Layer(2, 2, seed=0), Layer(2, 2, seed=1))
    model[1].W = model[0].W
    assert model.config()["ties"] == [["W1", "W2"]]
    twin = rebuilt(model)
    assert twin[0].W is twin[1].W
    assert len(twin.parameters()) == 8
    twin.load_state_dict(model.state_dict())
    assert twin([0.1, 0.2])[0].data == model([0.1, 0.2])[0].data


def test_the_packages_own_classes_are_not_overridden():
    class Layer(Module):
        pass

    assert known_classes()["Layer"].__module__ == "nn.modules.layers"
    with pytest.raises(ConfigError) as caught:
        Layer().config()
    assert str(caught.value) == (
        "The class Layer of test_architecture cannot be written: another module class goes by the same name, or the "
        "name is private. Rename it."
    )
    del Layer


def sharing_some():
    model = Sequential(Layer(1, 2, seed=0), Layer(2, 2, seed=1))
    model[1].W = [model[0].W[:, 0], model[1].W[1]]
    return model


def test_sharing_some_parameters_cannot_be_written():
    with pytest.raises(ConfigError) as caught:
        sharing_some().config()
    assert str(caught.value) == (
        "Two arrays of Sequential 1 → 2 share some of their parameters, which a configuration cannot say: share whole "
        "arrays (b.W = a.W)."
    )


def deep():
    config = {"class": "Layer", "n_in": 1, "n_out": 1}
    for _ in range(100_000):
        config = {"class": "Sequential", "layers": [config]}
    return config


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: Forgetful(2).config(),
            "Forgetful(…) takes 'width', but the module keeps no attribute of that name: store self.width = width in "
            "the constructor.",
        ),
        (
            lambda: Layer(1, 1, lambda s: s * s).config(),
            "activation of Layer 1 → 1, <lambda> is a function of your own, and a configuration holds no code. Give it "
            "a name: ACTIVATIONS['mine'] = ActivationFunction('mine', f).",
        ),
        (
            lambda: Wide(2, options=Value(1.0)).config(),
            "options of Wide is Value, which a configuration cannot hold: keep numbers or text.",
        ),
        (
            lambda: Wide(2, options={"class": 1}).config(),
            "options of Wide has an entry 'class' or 'same', which configurations need themselves: rename it.",
        ),
        (lambda: Module.from_config([1]), "A module's configuration is a dict with a 'class', not [1]."),
        (
            lambda: Module.from_config({"class": "Layer", "n_in": 0, "n_out": 1}),
            "Layer cannot be built from ['class', 'n_in', 'n_out']: n_in of Layer must be a whole number from 1, not "
            "0.",
        ),
        (
            lambda: Module.from_config({"class": "Layer", "n_in": 1, "n_out": 1, "colour": "red"}),
            "Layer cannot be built from ['class', 'colour', 'n_in', 'n_out']: Layer.__init__() got an unexpected "
            "keyword argument 'colour'",
        ),
        (
            lambda: Module.from_config({"class": "Sequential", "layers": [{"same": 3}]}),
            "The configuration refers to module 3, of which there are 0 so far.",
        ),
        (
            lambda: Module.from_config({"class": "Plain", "ties": [["W1", "W2"]]}),
            "The configuration ties arrays that the model does not have, or not in one shape: [['W1', 'W2']].",
        ),
        (
            lambda: Module.from_config(MLP(2, [3, 1]).config() | {"ties": [["W1", "b1"]]}),
            "The configuration ties arrays that the model does not have, or not in one shape: [['W1', 'b1']].",
        ),
        (
            lambda: Module.from_config(
                {"class": "BatchNorm1d", "num_features": 2, "ties": [["gamma", "running_mean"]]}
            ),
            "The configuration ties arrays that the model does not have, or not in one shape: [['gamma', "
            "'running_mean']].",
        ),
        (lambda: Module.from_config(deep()), "The configuration is nested too deeply to be that of a model."),
    ],
)
def test_errors(call, sentence):
    with pytest.raises(ConfigError) as caught:
        call()
    assert str(caught.value) == sentence


def test_an_unknown_class():
    with pytest.raises(ConfigError, match=r"\['Layer'\] is no module class"):
        Module.from_config({"class": ["Layer"]})
    with pytest.raises(ConfigError) as caught:
        Module.from_config({"class": "os.system"})
    message = str(caught.value)
    assert message.startswith("'os.system' is no module class: import the module that defines it first. Known: ")
    assert "Layer" in message
    assert "_" not in message.partition("Known")[2]
