import math
import re
from xml.etree import ElementTree

import pytest

from autograd import Value
from nn.module import Module
from nn.modules.convolution import Conv2d
from nn.modules.elementwise import Activation, Dropout
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.network import Network
from nn.modules.pooling import MaxPool2d
from nn.modules.pytorch import Linear, ReLU
from nn.modules.shaping import Flatten


def test_the_network_of_l1_8():
    assert str(MLP(13, [128, 128, 64, 1], activation="relu", seed=0)).splitlines() == [
        "MLP 13 → 1",
        "  part     class   shape       activation   parameters",
        "  ────────────────────────────────────────────────────",
        "  layer1   Layer   13 → 128    relu              1,792",
        "  layer2   Layer   128 → 128   relu             16,512",
        "  layer3   Layer   128 → 64    relu              8,256",
        "  layer4   Layer   64 → 1      identity             65",
        "  ────────────────────────────────────────────────────",
        "  total                                         26,625",
    ]


def test_parts_within_parts_and_frozen_ones():
    model = Sequential(
        Sequential(Conv2d(1, 2, 3, seed=0), Activation("elu")),
        MaxPool2d(2),
        Sequential(Conv2d(2, 1, 1, seed=1), Dropout(0.5)),
    )
    model[0].freeze()
    model[2][0].b[0].requires_grad = False
    assert str(model).splitlines() == [
        "Sequential",
        "  part                      class        shape        activation   parameters   frozen",
        "  ────────────────────────────────────────────────────────────────────────────────────",
        "  sequential1/conv1         Conv2d       1 → 2, 3×3   identity             20       20",
        "  sequential1/activation1   Activation                elu(0.1)              0",
        "  maxpool1                  MaxPool2d    2×2                                0",
        "  sequential2/conv1         Conv2d       2 → 1, 1×1   identity              3        1",
        "  sequential2/dropout1      Dropout      p = 0.5                            0",
        "  ────────────────────────────────────────────────────────────────────────────────────",
        "  total                                                                    23       21",
    ]


def test_a_module_without_parts_is_one_line():
    assert repr(Layer(2, 3, "tanh")) == "<Layer 2 → 3, tanh: 9 parameters>"
    assert repr(Sequential(Layer(2, 3))[0]) == "<layer1 (Layer 2 → 3, identity): 9 parameters>"
    assert repr(Layer(1, 1, bias=False)) == "<Layer 1 → 1, identity: 1 parameter>"
    assert repr(Layer(2, 3).freeze()) == "<Layer 2 → 3, identity: 9 parameters, 9 frozen>"


def test_parameters_of_ones_own_beside_parts():
    class Gated(Module):
        def __init__(self):
            self.gate = Value(0.5, parameter=True)
            self.layer = Layer(2, 2, seed=0)

    assert str(Gated()).splitlines() == [
        "Gated",
        "  part    class   shape   activation   parameters",
        "  ───────────────────────────────────────────────",
        "  layer   Layer   2 → 2   identity              6",
        "  (own)   Gated                                 1",
        "  ───────────────────────────────────────────────",
        "  total                                         7",
    ]


def test_a_network_shows_its_wiring():
    network = Network(["x"], {"long": ("relu", ["x"]), "z": ("identity", ["x", "long"])}, ["z"], seed=0)
    assert str(network).splitlines() == [
        "Network 1 → 1, 2 neurons: 5 parameters",
        "  long = relu(x)",
        "  z    = identity(x, long) → output",
    ]


def test_a_notebook_shows_the_parts_and_opens_those_that_have_parts():
    model = Sequential(MLP(2, [3, 1], activation="tanh", seed=0), Layer(1, 2, seed=1))
    model[0].freeze()
    shown = model._repr_html_()
    table = re.sub("<[^>]*>", "|", re.sub("</t[dh]>|</tr>|<svg.*</svg>", "", shown))
    heading = "|part|class|shape|activation|parameters|frozen"
    assert re.sub("[|]+", "|", table) == (
        f"|Sequential 2 → 2|: 17 parameters, 13 frozen{heading}"
        f"|mlp1: MLP 2 → 1, 13 parameters, 13 frozen{heading}"
        "|layer1|Layer|2 → 3|tanh|9|9|layer2|Layer|3 → 1|identity|4|4"
        "|layer2|Layer|1 → 2|identity|4|"
    )
    assert shown.count("<details>") == 1


def test_a_notebook_shows_a_module_without_parts_by_its_line():
    assert Layer(2, 3, "tanh")._repr_html_() == "<div><strong>Layer 2 → 3, tanh</strong>: 9 parameters</div>"


def test_names_are_text_in_a_notebook():
    model = Module()
    setattr(model, "<img src=x>", Layer(1, 1))
    model.gate = Value(0.5, parameter=True)
    model.deep = Module()
    setattr(model.deep, "<script>", Sequential(Layer(1, 1)))
    shown = model._repr_html_()
    assert "&lt;img src=x&gt;" in shown
    assert "&lt;script&gt;: Sequential" in shown
    assert ">(own)<" in shown
    assert not re.search("<(img|script)", shown)


# --- the drawing in a notebook ----------------------------------------------------------------------------------------


def drawn(model):
    """Read the drawing of a model: its neurons, the words below them, and each weight's tooltip by its line."""
    found = re.search("<svg.*</svg>", model._repr_html_())
    if found is None:
        return None
    root = ElementTree.fromstring(found.group())
    weights = {line.findtext("title"): line for line in root.iter("path")}
    assert len(weights) == len(list(root.iter("path")))
    return len(list(root.iter("circle"))), [text.text for text in root.iter("text")], weights


def test_a_line_is_drawn_for_each_weight():
    model = Sequential(Layer(2, 3, "tanh", W=[[1, -2], [4, 0], [0.5, 3]]), Layer(3, 1, seed=0))
    model[1].freeze()
    neurons, words, weights = drawn(model)
    assert neurons == 2 + 3 + 1
    assert words[:7] == ["2 inputs", "layer1", "3 neurons", "tanh", "layer2", "1 neuron", words[-1]]
    assert len(weights) == 6 + 3
    thick = {
        weight: float(weights[f"W1{weight}"].get("stroke-width"))
        for weight in ("[1][0] = 4", "[0][1] = −2", "[1][1] = 0")
    }
    assert thick["[1][0] = 4"] > thick["[0][1] = −2"] > thick["[1][1] = 0"] > 0
    assert weights["W1[1][0] = 4"].get("stroke") != weights["W1[0][1] = −2"].get("stroke")
    assert [line.get("stroke-dasharray") is not None for line in weights.values()] == [False] * 6 + [True] * 3


def test_of_many_neurons_the_first_and_the_last_are_drawn():
    neurons, words, weights = drawn(MLP(13, [128, 1], seed=0))
    assert neurons == 6 + 6 + 1
    assert words.count("⋮") == 2
    assert len(weights) == 36 + 6
    assert any(name.startswith("W1[127][12] = ") for name in weights)


def test_parts_within_parts_are_drawn_with_their_names():
    _, words, _ = drawn(Sequential(MLP(2, [3, 1], seed=0), ReLU(), Linear(1, 2)))
    assert words[:-1] == [
        "2 inputs", "mlp1/layer1", "3 neurons", "relu", "mlp1/layer2", "1 neuron", "ReLU", "layer2", "2 neurons",
    ]  # fmt: skip


@pytest.mark.parametrize("weight", [math.nan, math.inf, -math.inf, 1e308, 5e-324])
def test_weights_of_any_size_are_drawn(weight):
    model = MLP(1, [2, 1], seed=0)
    model[0].W[0, 0].data = weight
    _, _, weights = drawn(model)
    assert all(0.6 <= float(line.get("stroke-width")) <= 3.6 for line in weights.values())


@pytest.mark.parametrize(
    "model", [Sequential(Conv2d(1, 2, 3), Flatten(), Linear(8, 2)), Layer(2, 2), Sequential(), MLP(2, [2] * 8)]
)
def test_what_is_no_short_chain_of_layers_has_no_drawing(model):
    assert drawn(model) is None
