import copy
import pickle

import numpy as np
import pytest

from autograd import Graph, Value
from nn.errors import ShapeError
from nn.module import Module, extend_name
from nn.modules.elementwise import Activation, Dropout
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.normalization import BatchNorm1d


class Scaled(Module):
    """A module of one's own, with a parameter, a buffer and nothing registered."""

    buffers = ("seen",)

    def __init__(self, factor=2.0):
        self.factor = factor
        self.w = [Value(factor, parameter=True), Value(1.0, parameter=True)]
        self.note = Value(3.0)  # no parameter
        self.seen = np.zeros(2)
        self.table = np.ones(3)  # no buffer

    def forward(self, xs):
        self.seen = self.seen + 1.0
        return [w * x for w, x in zip(self.w, xs, strict=True)]


class Net(Module):
    """Parts in an attribute, a list and a dict."""

    def __init__(self):
        self.first = Layer(2, 2, "tanh", seed=0)
        self.blocks = [Scaled(), Sequential(Layer(2, 2, seed=1), Layer(2, 1, seed=2))]
        self.heads = {"out": Layer(1, 1, seed=3)}

    def forward(self, xs):
        xs = self.first(xs)
        for block in self.blocks:
            xs = block(xs)
        return self.heads["out"](xs)


def test_parameters_parts_and_buffers_are_found_by_attribute():
    net = Net()
    assert list(net.state_dict()) == [
        "first.W", "first.b", "blocks.0.w", "blocks.0.seen", "blocks.1.W1", "blocks.1.b1", "blocks.1.W2", "blocks.1.b2",
        "heads.out.W", "heads.out.b",
    ]  # fmt: skip
    assert list(net.children()) == ["first", "blocks.0", "blocks.1", "heads.out"]
    assert [type(module).__name__ for module in net.modules()] == [
        "Net", "Layer", "Scaled", "Sequential", "Layer", "Layer", "Layer"
    ]  # fmt: skip
    assert len(net.parameters()) == 6 + 2 + 9 + 2


def test_names_in_the_graph_are_those_of_named_parameters():
    net = Net()
    [output] = net([0.3, 0.7])
    assert [parameter.name for parameter in net.parameters()] == [name for name, _ in net.named_parameters()]
    made = {node.name: node.scope for node in Graph(output).nodes if node.op is not None and node.name}
    assert made["first.s[0]"] == "first/neuron0"
    assert made["blocks.1.a2[0]"] == "blocks.1/layer2/neuron0"
    assert {node.scope for node in Graph(output).nodes if node.op is not None and not node.name} == {"blocks.0"}


def test_a_part_knows_its_own_names():
    net = Net()
    assert net.first.named_parameters()[0][0] == "W[0][0]"
    assert list(net.blocks[1].state_dict()) == ["W1", "b1", "W2", "b2"]
    assert net.first.W[0][0].name == "first.W[0][0]"


def test_names_change_with_the_place():
    layer = Layer(1, 1, seed=0)
    assert (layer.W[0][0].name, layer([1.0])[0].name, layer([1.0])[0].scope) == ("W[0][0]", "a[0]", "layer/neuron0")
    chain = Sequential(Layer(1, 1, seed=1), layer)
    assert (layer.W[0][0].name, layer([1.0])[0].name, layer([1.0])[0].scope) == ("W2[0][0]", "a2[0]", "layer2/neuron0")

    class Holder(Module):
        def __init__(self):
            self.inner = chain

    Holder()
    assert layer.W[0][0].name == "inner.W2[0][0]"
    assert layer([1.0])[0].scope == "layer2/neuron0"


def test_bind_after_changing_a_list():
    net = Net()
    net.blocks.append(Layer(1, 1, seed=5))
    assert list(net.state_dict())[-4:-2] == ["blocks.2.W", "blocks.2.b"]
    net.bind()
    assert net.blocks[2].W[0][0].name == "blocks.2.W[0][0]"


def test_a_suffix_never_makes_two_names_one():
    assert extend_name("W", (("11", True),)) == "W11"
    assert extend_name("W1", (("1", True),)) == "1.W1"
    assert extend_name("W", (("2", True), ("3", False))) == "3.W2"


def test_unnamed_parameters_get_names_and_named_ones_keep_theirs():
    module = Scaled()
    assert [w.name for w in module.w] == ["w[0]", "w[1]"]

    class Lecture(Module):
        def __init__(self):
            self.w = Value(1.0, name="w1", parameter=True)

    assert Lecture().w.name == "w1"
    assert list(dict(Lecture().named_parameters())) == ["w"]
    assert Lecture().state_dict()["w"].shape == ()


def test_a_shared_parameter_is_counted_once():
    net = Sequential(Layer(2, 2, seed=0), Layer(2, 2, seed=1))
    net[1].W = net[0].W
    assert len(net.parameters()) == 4 + 2 + 2
    assert list(dict(net.named_parameters()))[:4] == ["W1[0][0]", "W1[0][1]", "W1[1][0]", "W1[1][1]"]
    assert net[1].W[0][0].name == "W1[0][0]"
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert len(twin.parameters()) == 8
        assert twin[0].W[0][0] is twin[1].W[0][0]


def test_zero_grad():
    net = Net()
    net([0.3, 0.7])[0].backward()
    assert any(p.grad for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_freezing_a_part():
    net = Net()
    assert net.first.freeze() is net.first
    net([0.3, 0.7])[0].backward()
    assert all(p.grad is None for p in net.first.parameters())
    assert all(p.grad is not None for p in net.heads["out"].parameters())
    net.unfreeze()
    assert all(p.requires_grad for p in net.parameters())


def test_modes_reach_every_part():
    net = Sequential(Sequential(Dropout(0.5, seed=0)), Layer(1, 1, seed=0))
    assert all(module.training for module in net.modules())
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.train()
    assert all(module.training for module in net.modules())
    assert Layer(1, 1).training


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_and_pickles_of_a_model_whose_graph_is_recorded(copied):
    net = Net()
    net([0.3, 0.7])[0].backward(create_graph=True)
    twin = copied(net)
    assert [p.data for p in twin.parameters()] == [p.data for p in net.parameters()]
    assert twin([0.3, 0.7])[0].data == net([0.3, 0.7])[0].data
    twin.first.W[0][0].data = 9.0
    assert net.first.W[0][0].data != 9.0


def test_batch_is_each_example_unless_parts_look_at_all():
    net = MLP(2, [3, 1], seed=0)
    rows = [[0.1, 0.2], [0.3, 0.4]]
    assert [y[0].data for y in net.batch(rows)] == [net(row)[0].data for row in rows]
    assert not net.looks_at_batches

    class Normed(Module):
        def __init__(self):
            self.norm = BatchNorm1d(1)

        def forward(self, xs):
            return self.norm(xs)

    class OfTheFirst(Normed):
        def forward(self, xs):
            return self.norm(xs)[:1]

    normed = Normed()
    first, second = normed.batch([[1.0], [2.0]])
    assert first[0].data == -second[0].data != 0.0
    with pytest.raises(ShapeError) as caught:
        OfTheFirst().batch([[1.0], [2.0]])
    assert str(caught.value) == (
        "OfTheFirst has parts that look at a batch as a whole (batch normalisation), so that OfTheFirst.forward() was "
        "given 2 examples at once, but its output has shape (1, 1): let its first axis count the examples, or define "
        "OfTheFirst.forward_batch(examples), and in it call part.batch(…) instead of part(…)."
    )
    assert Normed().eval().batch([[1.0], [2.0]])[1][0].data == pytest.approx(2.0, rel=1e-4)
    Normed.forward_batch = lambda self, examples: self.norm.batch(examples)
    first, second = normed.train().batch([[1.0], [2.0]])
    assert first[0].data == -second[0].data != 0.0
    assert first[0].scope == "norm"


def test_a_module_without_forward():
    with pytest.raises(NotImplementedError) as caught:
        Module()([1.0])
    assert str(caught.value) == ("A module computes its outputs in forward(self, inputs): define it in the subclass.")


def test_an_array_of_parameters_gives_way_to_its_like_only():
    layer = Layer(2, 1, seed=0)
    for content, kind, sentence in [
        (
            np.zeros((1, 2)), TypeError,
            "W of Layer 2 → 1, identity holds its parameters and cannot become ndarray. Set numbers with "
            "load_state_dict, or share another module's parameters with a.W = b.W.",
        ),
        (
            [[Value(1.0, parameter=True)]], ShapeError,
            "W of Layer 2 → 1, identity has shape (1, 2) and cannot become an array of shape (1, 1).",
        ),
    ]:  # fmt: skip
        before = layer.W
        with pytest.raises(kind) as caught:
            layer.W = content
        assert str(caught.value) == sentence
        assert layer.W is before


def test_kinds_are_what_parts_are_called():
    assert (Net.kind, Scaled.kind, Layer.kind) == ("net", "scaled", "layer")
    chain = Sequential(Activation("relu"), Scaled(), Activation("relu"), Layer(2, 1, seed=0))
    assert list(chain.children()) == ["activation1", "1", "activation2", "2"]
    assert [module.label for module in chain] == ["activation1", "scaled1", "activation2", "layer2"]
    assert list(chain.state_dict()) == ["w1", "seen1", "W2", "b2"]


def test_the_graph_holds_nothing_of_the_model():
    """A forward pass leaves no trace in the module that grows."""
    net = MLP(2, [3, 1], seed=0)
    before = len(pickle.dumps(net))
    for _ in range(3):
        net([0.1, 0.2])
    assert len(pickle.dumps(net)) == before
