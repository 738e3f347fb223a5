import copy
import json
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import Graph, Value, gradients
from nn.errors import WiringError
from nn.module import Module
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.network import Network


def skipping(**options):
    """The network of lecture L5.4: x feeds z, s and t, which skip over each other."""
    return Network(
        inputs=["x", "y"],
        neurons={
            "u": ("tanh", ["z", "s", "t"]),  # order does not matter
            "z": ("sigmoid", ["x", "y"]),
            "s": ("tanh", ["x", "z"]),
            "t": ("identity", ["x", "s", "y"]),
        },
        outputs=["u"],
        **{"seed": 0, **options},
    )


def test_any_wiring_is_computed_in_order():
    model = skipping()
    assert model.order.index("z") < model.order.index("s") < model.order.index("t") < model.order.index("u")
    w = {name: p.data for name, p in model.named_parameters()}
    x, y = 0.7, -0.4
    z = 1 / (1 + np.exp(-(w["w_zx"] * x + w["w_zy"] * y + w["b_z"])))
    s = np.tanh(w["w_sx"] * x + w["w_sz"] * z + w["b_s"])
    t = w["w_tx"] * x + w["w_ts"] * s + w["w_ty"] * y + w["b_t"]
    u = np.tanh(w["w_uz"] * z + w["w_us"] * s + w["w_ut"] * t + w["b_u"])
    assert model([x, y])[0].data == pytest.approx(u, rel=1e-14)


def test_the_adjoint_is_the_sum_over_children_of_l5_4():
    model = skipping()
    x, y = Value(0.7, name="x"), Value(-0.4, name="y")
    [output] = model([x, y])
    output.backward()
    graph = Graph(output)
    nodes = {node.name: node for node in graph.nodes}
    for name in ("x", "y", "z", "s", "t"):
        children = [edge.flow for edge in graph.edges if edge.operand is nodes[name]]
        assert nodes[name].grad == pytest.approx(sum(children), rel=1e-14)
        assert len(children) == {"x": 3, "y": 2, "z": 2, "s": 2, "t": 1}[name]
    assert nodes["w_sz"].grad == pytest.approx(
        nodes["s"].grad * (1 - nodes["s"].data ** 2) * nodes["z"].data, rel=1e-13
    )


def test_names_and_scopes():
    [output] = skipping()([0.7, -0.4])
    made = {node.name: node.scope for node in Graph(output).nodes if node.op is not None}
    sums = {"s_z": "network/z", "s_s": "network/s", "s_u": "network/u"}
    assert made == sums | {name: f"network/{name}" for name in "zstu"}
    long = Network(["x1", "age"], {"h1": ("relu", ["x1", "age"]), "price": ("identity", ["h1"])}, ["price"], seed=0)
    assert list(dict(long.named_parameters())) == ["w_h1x1", "w_h1_age", "w_price_h1", "b_h1", "b_price"]
    assert [p.name for p in long.parameters()] == list(dict(long.named_parameters()))


def test_a_chain_equals_layers():
    mlp = MLP(2, [2, 1], "tanh", seed=0)
    state = mlp.state_dict()
    network = Network(
        ["x1", "x2"],
        {"h1": ("tanh", ["x1", "x2"]), "h2": ("tanh", ["x1", "x2"]), "o": ("identity", ["h1", "h2"])},
        ["o"],
        W={"h1": state["W1"][0], "h2": dict(zip(["x2", "x1"], state["W1"][1][::-1], strict=True)), "o": state["W2"][0]},
        b={"h1": state["b1"][0], "h2": state["b1"][1], "o": state["b2"][0]},
    )
    x = [0.3, -0.8]
    ours, theirs = network(x)[0], mlp(x)[0]
    assert ours.data == theirs.data
    by_name = dict(zip(dict(mlp.named_parameters()), gradients(theirs, mlp.parameters()), strict=True))
    mine = dict(zip(dict(network.named_parameters()), gradients(ours, network.parameters()), strict=True))
    assert_allclose(
        [mine["w_h1x2"], mine["w_h2x1"], mine["w_oh2"], mine["b_h1"], mine["b_o"]],
        [by_name["W1[0][1]"], by_name["W1[1][0]"], by_name["W2[0][1]"], by_name["b1[0]"], by_name["b2[0]"]],
        rtol=1e-14,
    )


def test_trained_by_plain_descent():
    model = Network(
        ["x1", "x2"],
        {"h": ("tanh", ["x1", "x2"]), "o": ("sigmoid", ["x1", "x2", "h"])},
        ["o"],
        seed=3,
    )
    xor = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]
    for _ in range(1500):
        model.zero_grad()
        loss = sum((model(x)[0] - t) ** 2 for x, t in xor)
        loss.backward()
        for p in model.parameters():
            p.data -= 0.5 * p.grad
    assert [round(model(x)[0].data) for x, _ in xor] == [t for _, t in xor]


def test_several_outputs_inputs_among_them_and_no_biases():
    model = Network(["x"], {"z": ("relu", ["x"])}, ["z", "x"], bias=False, W={"z": [2.0]})
    assert list(map(float, model([3.0]))) == [6.0, 3.0]
    assert list(model.state_dict()) == ["w.z"]


def test_within_a_chain():
    model = Sequential(Layer(1, 2, seed=0), skipping())
    assert list(model.state_dict())[:3] == ["W1", "b1", "2.w.u"]
    assert "2.w_zx" in dict(model.named_parameters())
    [output] = model([1.0])
    assert (output.name, output.scope) == ("2.u", "network2/u")
    with pytest.raises(ValueError, match="takes 2 inputs, but layer1"):
        Sequential(Layer(1, 3), skipping())


def test_state_copies_pickles_and_configurations():
    model = skipping()
    config = json.loads(json.dumps(model.config()))
    assert config["neurons"]["z"] == ["sigmoid", ["x", "y"]]
    built = Module.from_config(config)
    built.load_state_dict(model.state_dict())
    for twin in (built, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin([0.1, 0.2])[0].data == model([0.1, 0.2])[0].data
        assert list(dict(twin.named_parameters())) == list(dict(model.named_parameters()))
        assert not set(twin.parameters()) & set(model.parameters())


def test_a_chain_of_thousands_of_neurons():
    names = [f"n{i}" for i in range(5000)]
    neurons = {name: ("identity", [before]) for before, name in zip(["x", *names], names, strict=False)}
    model = Network(["x"], dict(reversed(neurons.items())), [names[-1]], bias=False, W={name: [1.0] for name in names})
    assert model([2.5])[0].data == 2.5


def wired(neurons, inputs=("x", "y"), outputs=("z",), **options):
    return lambda: Network(list(inputs), neurons, list(outputs), **options)


Z = {"z": ("relu", ["x"])}


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            wired({"z": ("relu", ["x", "q"])}), WiringError,
            "Neuron 'z' sums 'q', which is neither an input nor a neuron. Known: x, y, z.",
        ),
        (
            wired({"z": ("relu", ["x", "t"]), "s": ("relu", ["z"]), "t": ("relu", ["s"])}), WiringError,
            "The neurons of the Network form a cycle: z → s → t → z. Remove one of these connections.",
        ),
        (
            wired({"z": ("relu", ["z"])}), WiringError,
            "The neurons of the Network form a cycle: z → z. Remove one of these connections.",
        ),
        (
            wired(Z, outputs=["q"]), WiringError,
            "The output 'q' is neither an input nor a neuron of the Network. Known: x, y, z.",
        ),
        (
            wired({"x": ("relu", ["y"])}), WiringError,
            "'x' is both an input and a neuron of the Network: rename one of them.",
        ),
        (wired(Z, inputs=["x", "x"]), WiringError, "'x' stands twice in inputs of the Network."),
        (wired(Z, outputs=[]), WiringError, "A Network needs at least one name in outputs."),
        (wired({}), WiringError, "A Network needs at least one neuron."),
        (lambda: Network("xy", Z, ["z"]), WiringError, "inputs of a Network is a list of names, not 'xy'."),
        (
            wired({"z": ["x", "y", "t"]}), WiringError,
            "Neuron 'z' is described by (activation, [what it sums]), not ['x', 'y', 't'].",
        ),
        (wired({"z": ("relu", "x")}), WiringError, "Neuron 'z' needs a list of names to sum, not 'x'."),
        (wired({"z": ("relu", [])}), WiringError, "Neuron 'z' needs a list of names to sum, not []."),
        (wired({"z": ("relu", ["x", "x"])}), WiringError, "Neuron 'z' sums 'x' twice: one weight is enough."),
        (
            wired({"z": ("softmax", ["x"])}), WiringError,
            "Neuron 'z' cannot have softmax, an activation of a whole layer.",
        ),
        (wired({3: ("relu", ["x"])}), WiringError, "A neuron's name must be a str, not 3."),
        (
            wired(Z, W={"q": [1.0]}), WiringError,
            "Weights were given for 'q', which is no neuron of the Network. Known: z.",
        ),
        (
            wired(Z, W={"z": {"y": 1.0}}), WiringError,
            "W['z'] gives weights for y, but neuron 'z' sums x.",
        ),
        (wired(Z, W={"z": [1.0, 2.0]}), ValueError, "W['z'] of Network has shape (2,), expected (1,)."),
        (wired(Z, b={"z": float("nan")}), ValueError, "b['z'] of Network is nan: give finite numbers."),
        (
            wired(Z, b={"z": 0.0}, bias=False), ValueError,
            "Network was given b and bias=False: leave one of them out.",
        ),
        (lambda: wired(Z)()([1.0]), ValueError, "Network 2 → 1, 1 neuron takes 2 inputs, got 1."),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence
