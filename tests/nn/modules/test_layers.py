import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import nn
from autograd import Graph, Value, Values, gradients, no_grad, total
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.elementwise import Activation, Dropout
from nn.modules.layers import MLP, Layer, Sequential


def slides():
    """The 2-2-1 perceptron of lectures L1.1 and L1.4."""
    return Sequential(
        Layer(2, 2, activation="relu", bias=False, W=[[1, 3], [-2, 4]]),
        Layer(2, 1, activation="identity", bias=False, W=[[0.5, 0.3]]),
    )


def sigmoids():
    """The 3-3-2 network of lecture L2.1."""
    return Sequential(
        Layer(3, 3, "sigmoid", bias=False, W=[[1, -2, 2], [2, 1, -4], [1, -1, 0]]),
        Layer(3, 2, "sigmoid", bias=False, W=[[-3, 1, -3], [0, 1, 2]]),
    )


def floats(values):
    return [float(v) for v in values]


# --- the lectures' figures --------------------------------------------------------------------------------------------


def test_weighted_sums_of_l1_1():
    model = slides()
    assert_allclose(floats(model[0]([0.5, 0.7])), [2.6, 1.8], rtol=1e-12)
    assert_allclose(floats(model([0.5, 0.7])), [1.84], rtol=1e-12)


def test_one_full_step_of_l1_4_and_the_output_of_l1_5():
    model = slides()
    [output] = model([0.5, 0.7])
    error = 0.5 * (output - 1.0) ** 2
    error.backward()
    hidden, last = model.layers
    assert error.data == pytest.approx(0.3528, rel=1e-12)
    assert output.grad == pytest.approx(0.84, rel=1e-12)
    assert_allclose([w.grad for w in last.W[0]], [2.184, 1.512], rtol=1e-12)
    assert_allclose([[w.grad for w in row] for row in hidden.W], [[0.21, 0.294], [0.126, 0.1764]], rtol=1e-12)
    deltas = {node.name: node.grad for node in Graph(error).nodes}
    assert_allclose([deltas["s1[0]"], deltas["s1[1]"]], [0.42, 0.252], rtol=1e-12)
    for w in model.parameters():
        w.data -= 0.1 * w.grad
    state = model.state_dict()
    assert_allclose(state["W2"], [[0.2816, 0.1488]], rtol=1e-12)
    assert_allclose(state["W1"], [[0.979, 2.9706], [-2.0126, 3.98236]], rtol=1e-12)
    assert floats(model([0.5, 0.7])) == [pytest.approx(0.9884730496, rel=1e-12)]


def test_the_table_of_epochs_of_l1_6():
    model = slides()
    outputs, errors = [], []
    for _ in range(5):
        [output] = model([0.5, 0.7])
        error = 0.5 * (output - 1.0) ** 2
        outputs.append(output.data)
        errors.append(error.data)
        model.zero_grad()
        error.backward()
        for w in model.parameters():
            w.data -= 0.1 * w.grad
    assert_allclose(outputs, [1.84, 0.9884730496, 0.99982533636, 0.99999739796, 0.99999996125], rtol=1e-11)
    assert_allclose(errors, [0.3528, 6.6435e-05, 1.5254e-08, 3.3853e-12, 7.5092e-16], rtol=1e-4)


def test_inference_of_l2_1():
    model = sigmoids()
    hidden = floats(model[0]([0.5, 0.9, -0.3]))
    assert_allclose(hidden, [0.13010847436, 0.95689274506, 0.40131233989], atol=1e-11, rtol=0)
    assert_allclose(floats(model([0.5, 0.9, -0.3])), [0.34584136460, 0.85314921077], atol=1e-11, rtol=0)


def test_matrix_form_of_l2_2_in_one_call():
    x = np.array([0.5, 0.9, -0.3])
    state = sigmoids().state_dict()
    matrix = 1 / (1 + np.exp(-state["W2"] @ (1 / (1 + np.exp(-state["W1"] @ x)))))
    assert_allclose(floats(sigmoids()(x)), matrix, rtol=1e-15)


def test_backprop_factor_of_l2_4():
    model = sigmoids()
    output = model([0.5, 0.9, -0.3])[0]
    error = 0.5 * (output - 0.9) ** 2
    [slope] = gradients(error, [model[1].W[0][0]])
    assert slope == pytest.approx(-0.016311717994853, abs=1e-15)


def test_bias_as_a_weight_on_a_constant_input_of_l5_1():
    rng = np.random.default_rng(0)
    W1, b1, W2, b2 = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(2, 4)), rng.normal(size=2)
    with_bias = Sequential(Layer(3, 4, "tanh", W=W1, b=b1), Layer(4, 2, "sigmoid", W=W2, b=b2))
    first = Layer(4, 4, "tanh", bias=False, W=np.column_stack([b1, W1]))
    second = Layer(5, 2, "sigmoid", bias=False, W=np.column_stack([b2, W2]))
    x = rng.normal(size=3).tolist()
    assert_allclose(floats(second([1.0, *first([1.0, *x])])), floats(with_bias(x)), rtol=1e-12)


@settings(deadline=None, max_examples=40)
@given(
    n_in=st.integers(1, 6),
    n_out=st.integers(1, 6),
    name=st.sampled_from(["identity", "sigmoid", "tanh", "relu"]),
    seed=st.integers(0, 1000),
)
def test_neurons_and_the_matrix_form_of_l3_2_are_the_same(n_in, n_out, name, seed):
    layer = Layer(n_in, n_out, name, seed=seed)
    x = np.random.default_rng(seed).normal(size=n_in)
    sums = layer.state_dict()["W"] @ x + layer.state_dict()["b"]
    of = {"identity": lambda s: s, "sigmoid": lambda s: 1 / (1 + np.exp(-s)), "tanh": np.tanh}
    wanted = of.get(name, lambda s: np.maximum(s, 0))(sums)
    assert_allclose(floats(layer(x)), wanted, rtol=1e-12, atol=1e-14)


# --- graphs -----------------------------------------------------------------------------------------------------------


def test_one_dot_node_a_neuron_with_names_and_scopes_of_the_lectures():
    model = MLP(2, [3, 1], "tanh", seed=0)
    [output] = model([0.5, 0.7])
    graph = Graph(output)
    dots = [node for node in graph.nodes if node.op is not None and node.op.name == "dot"]
    assert [node.name for node in dots] == ["s1[0]", "s1[1]", "s1[2]", "a2[0]"]
    assert [node.scope for node in dots] == ["layer1/neuron0", "layer1/neuron1", "layer1/neuron2", "layer2/neuron0"]
    assert {node.name for node in graph.nodes if node.op is not None and node.op.name == "tanh"} == {
        "a1[0]", "a1[1]", "a1[2]"
    }  # fmt: skip
    assert len(graph.nodes) == 13 + 4 + 3
    edges = {(edge.output.name, edge.operand.name): edge.formula for edge in graph.edges}
    assert edges["a2[0]", "a1[1]"] == "W2[0][1]"
    assert edges["a2[0]", "W2[0][1]"] == "a1[1]"
    assert edges["s1[1]", "b1[1]"] == "1"


def test_inputs_may_be_values():
    x = [Value(0.5, name="x1"), Value(0.7, name="x2")]
    slides()(x)[0].backward()
    assert_allclose([v.grad for v in x], [0.5 * 1 - 0.3 * 2, 0.5 * 3 + 0.3 * 4], rtol=1e-12)


def test_an_array_of_one_for_one_output_and_no_graph_without_grad():
    with no_grad():
        outputs = slides()([0.5, 0.7])
    assert (type(outputs), outputs.dtype, outputs.shape) == (Values, object, (1,))
    assert outputs[0].is_leaf


def test_softmax_over_a_layer():
    layer = Layer(2, 3, "softmax", seed=1)
    outputs = layer([0.3, -0.4])
    assert sum(floats(outputs)) == pytest.approx(1.0, rel=1e-14)
    assert [a.name for a in outputs] == ["a[0]", "a[1]", "a[2]"]
    outputs[0].backward()
    p = floats(outputs)
    assert_allclose([b.grad for b in layer.b], [p[0] * (1 - p[0]), -p[0] * p[1], -p[0] * p[2]], rtol=1e-13)


def test_twice_the_same_layer_is_counted_once_and_gets_both_gradients():
    shared = Layer(2, 2, "tanh", seed=0)
    model = Sequential(shared, Activation("relu"), shared, Layer(2, 1, seed=1))
    assert len(model.parameters()) == 6 + 3
    assert sorted(model.state_dict()) == ["W1", "W2", "b1", "b2"]
    twin = Sequential(*(copy.deepcopy(layer) for layer in model.layers))
    total(model([0.4, 0.3])).backward()
    total(twin([0.4, 0.3])).backward()
    first, second = twin.layers[0], twin.layers[2]
    for ours, a, b in zip(shared.parameters(), first.parameters(), second.parameters(), strict=True):
        assert ours.grad == pytest.approx(a.grad + b.grad, rel=1e-12)


# --- containers -------------------------------------------------------------------------------------------------------


def test_mlp_of_l1_8():
    model = MLP(13, [128, 128, 64, 1], activation="relu", seed=0)
    parameters = dict(model.named_parameters())
    assert len(parameters) == 26_625
    assert list(parameters)[:2] == ["W1[0][0]", "W1[0][1]"]
    assert list(parameters)[-1] == "b4[0]"
    assert all(name == value.name for name, value in parameters.items())
    assert list(parameters.values()) == model.parameters()
    assert {key: array.shape for key, array in model.state_dict().items()} == {
        "W1": (128, 13), "b1": (128,), "W2": (128, 128), "b2": (128,), "W3": (64, 128), "b3": (64,), "W4": (1, 64),
        "b4": (1,),
    }  # fmt: skip
    assert [str(layer.activation) for layer in model] == ["relu", "relu", "relu", "identity"]
    assert "26,625" in repr(model)


def test_output_activation_is_chosen_by_name():
    model = MLP(2, [3, 2], "tanh", output_activation="softmax", seed=0)
    assert [str(layer.activation) for layer in model] == ["tanh", "softmax"]
    assert sum(floats(model([1.0, 2.0]))) == pytest.approx(1.0, rel=1e-14)


def test_same_seed_same_numbers():
    one, same, other = (MLP(3, [4, 2], seed=seed) for seed in (7, 7, 8))
    assert floats(one.parameters()) == floats(same.parameters())
    assert floats(one.parameters()) != floats(other.parameters())
    random = np.random.default_rng(7)
    assert floats(MLP(3, [4, 2], seed=random).parameters()) == floats(one.parameters())
    layers = [Layer(3, 4, seed=random), Layer(3, 4, seed=random)]
    assert floats(layers[0].parameters()) != floats(layers[1].parameters())


def test_initialiser_is_chosen_by_name():
    layer = Layer(50, 40, "relu", seed=0, init="he_uniform")
    assert np.abs(layer.state_dict()["W"]).max() == pytest.approx(math.sqrt(6 / 50), rel=0.01)
    assert not layer.state_dict()["b"].any()
    assert MLP(4, [3, 1], init="zeros", seed=0).state_dict()["W1"].tolist() == [[0.0] * 4] * 3


def test_nested_containers_join_names_with_dots():
    block = Sequential(Layer(2, 2, seed=0), Dropout(0.5, seed=0), Layer(2, 2, "relu", seed=1))
    model = Sequential(block, Dropout(0.1, seed=1), Layer(2, 1, seed=2)).eval()
    assert list(model.state_dict()) == ["1.W1", "1.b1", "1.W2", "1.b2", "W2", "b2"]
    assert "1.W2[0][1]" in dict(model.named_parameters())
    [output] = model([1.0, 2.0])
    names = {node.name: node.scope for node in Graph(output).nodes if node.op is not None}
    assert names["1.s2[0]"] == "sequential1/layer2/neuron0"
    assert names["a2[0]"] == "layer2/neuron0"
    assert block.state_dict().keys() == {"W1", "b1", "W2", "b2"}


def test_containers_are_sequences():
    model = slides()
    assert len(model) == 2
    assert list(model) == [model[0], model[1]] == model.layers
    assert (model.n_in, model.n_out) == (2, 1)


@pytest.mark.parametrize("make", [slides, lambda: MLP(2, [3, 3, 1], "elu(1.0)", seed=0)])
def test_copies_pickles_and_configurations(make):
    model = make()
    x = [0.5, 0.7]
    model(x)[0].backward()
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert floats(twin(x)) == floats(model(x))
        assert list(dict(twin.named_parameters())) == list(dict(model.named_parameters()))
        assert [p.grad for p in twin.parameters()] == [p.grad for p in model.parameters()]
        assert not set(twin.parameters()) & set(model.parameters())
        assert [p.name for p in twin.parameters()] == [p.name for p in model.parameters()]
    built = Module.from_config(model.config())
    built.load_state_dict(model.state_dict())
    assert floats(built(x)) == floats(model(x))
    assert repr(built) == repr(model)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda: slides()([1.0]), ShapeError, "layer1 (Layer 2 → 2, relu) takes 2 inputs, got 1."),
        (lambda: Layer(1, 2)([1.0, 2.0, 3.0]), ShapeError, "Layer 1 → 2, identity takes 1 input, got 3."),
        (
            lambda: slides()([[1.0, 2.0], [3.0]]), ShapeError,
            "layer1 (Layer 2 → 2, relu) takes examples of one shape, but in this batch example 0 has shape (2,) and "
            "example 1 has (1,).",
        ),
        (
            lambda: slides()(np.zeros((4, 5, 3))), ShapeError,
            "layer1 (Layer 2 → 2, relu) takes 2 inputs, got 3.",
        ),
        (
            lambda: slides()(1.0), TypeError,
            "layer1 (Layer 2 → 2, relu) takes a list of numbers, got 1.0: write [x] for a single number x.",
        ),
        (
            lambda: slides()("ab"), TypeError,
            "layer1 (Layer 2 → 2, relu) takes a list of numbers, got str: write [x] for a single number x.",
        ),
        (
            lambda: slides()(["a", 1.0]), TypeError,
            "dot works on real numbers, not on a str. Names go into Value(number, name=…).",
        ),
        (
            lambda: slides()(np.array(["a", "b"])), TypeError,
            "layer1 (Layer 2 → 2, relu) takes a list of numbers, got an array of <U1.",
        ),
        (
            lambda: Sequential(Layer(2, 3), Activation("relu"), Layer(4, 1)), ShapeError,
            "layer2 (Layer 4 → 1, identity) takes 4 inputs, but layer1 (Layer 2 → 3, identity) before it gives 3.",
        ),
        (
            lambda: Sequential([Layer(2, 3)]), TypeError,
            "Sequential is made of modules, but argument 0 is list: write Sequential(*layers).",
        ),
        (
            lambda: Sequential(Layer(2, 3), "relu"), TypeError,
            "Sequential is made of modules, but argument 1 is str: only modules can be chained.",
        ),
        (
            lambda: Layer(2, 3, W=[[1, 2], [3, 4, 5], [6, 7]]), ShapeError,
            "W of Layer 2 → 3 is ragged: its rows have 2, 3 and 2 numbers. Its shape must be (3, 2).",
        ),
        (
            lambda: Layer(2, 3, W=[[1, 2, 3], [4, 5, 6]]), ShapeError,
            "W of Layer 2 → 3 has shape (2, 3), expected (3, 2): it is (n_out, n_in), one row a neuron, so pass the "
            "transpose.",
        ),
        (lambda: Layer(2, 3, W=np.zeros(6)), ShapeError, "W of Layer 2 → 3 has shape (6,), expected (3, 2)."),
        (
            lambda: Layer(2, 2, W=[[1, 2], [3, float("nan")]]), ValueError,
            "W[1][1] of Layer 2 → 2 is nan: give finite numbers.",
        ),
        (
            lambda: Layer(2, 2, b=[1.0, float("inf")]), ValueError,
            "b[1] of Layer 2 → 2 is inf: give finite numbers.",
        ),
        (
            lambda: Layer(1, 1, W=[["1"]]), TypeError,
            "W of Layer 1 → 1 must hold plain numbers, not str. Give floats.",
        ),
        (
            lambda: Layer(1, 1, W=[[Value(1.0)]]), TypeError,
            "W of Layer 1 → 1 must hold plain numbers, not Value. Share parameters by assigning a module's array: "
            "b.W = a.W.",
        ),
        (
            lambda: Layer(1, 1, bias=False, b=[0.0]), ValueError,
            "Layer 1 → 1 was given b and bias=False: leave one of them out.",
        ),
        (lambda: Layer(0, 1), ValueError, "n_in of Layer must be a whole number from 1, not 0."),
        (lambda: Layer(2, 1.5), ValueError, "n_out of Layer must be a whole number from 1, not 1.5."),
        (lambda: Layer(True, 1), ValueError, "n_in of Layer must be a whole number from 1, not True."),
        (
            lambda: MLP(2, []), ValueError,
            "sizes of MLP lists the numbers of neurons, layer by layer, such as [16, 1]; got [].",
        ),
        (
            lambda: MLP(2, 3), ValueError,
            "sizes of MLP lists the numbers of neurons, layer by layer, such as [16, 1]; got 3.",
        ),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence


# --- PyTorch ----------------------------------------------------------------------------------------------------------


def test_agrees_with_pytorch():
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    model = MLP(4, [5, 3, 2], "elu(1.0)", output_activation="softmax", seed=3)
    reference = torch.nn.Sequential(
        torch.nn.Linear(4, 5), torch.nn.ELU(), torch.nn.Linear(5, 3), torch.nn.ELU(), torch.nn.Linear(3, 2),
        torch.nn.Softmax(dim=-1),
    )  # fmt: skip
    keys = {
        f"{ours}{i + 1}": f"{2 * i}.{theirs}" for i in range(3) for ours, theirs in (("W", "weight"), ("b", "bias"))
    }
    compare(model, reference, keys, [0.3, -1.2, 0.8, 2.0])


SHAPES = {
    "rows normalised": (lambda: [nn.LayerNorm(3), nn.Flatten()], (4, 5, 3), (4, 15)),
    "rows normalised, within": (lambda: [Sequential(nn.RMSNorm(3)), nn.Flatten()], (4, 5, 3), (4, 15)),
    "normalised whole": (lambda: [nn.LayerNorm((5, 3)), nn.Flatten()], (4, 5, 3), (4, 15)),
    "a layer by rows": (lambda: [Layer(3, 2), nn.ReLU(), nn.Flatten()], (4, 5, 3), (4, 10)),
    "layers by rows": (lambda: [Layer(3, 2), nn.Flatten(), Layer(10, 2)], (4, 5, 3), (4, 2)),
    "normalised, by rows": (lambda: [nn.LayerNorm(3), Layer(3, 2), nn.Flatten(), Layer(10, 1)], (4, 5, 3), (4, 1)),
    "never flattened": (lambda: [Layer(3, 2), nn.Tanh(), nn.LayerNorm(2)], (4, 5, 3), (4, 5, 2)),
    "a distribution by rows": (lambda: [nn.LayerNorm(3), nn.Softmax(dim=-1), nn.Flatten()], (4, 5, 3), (4, 15)),
    "over steps": (lambda: [nn.GRU(3, 2), nn.Softmax(dim=1)], (4, 5, 3), (4, 5, 2)),
    "over steps, by rows": (lambda: [Layer(3, 2), nn.LogSoftmax(dim=1), nn.Flatten()], (4, 5, 3), (4, 10)),
    "over steps, within": (lambda: [nn.LayerNorm(3), Sequential(nn.Softmax(dim=1))], (4, 5, 3), (4, 5, 3)),
    "over channels of rows": (lambda: [nn.Conv1d(2, 3, 3), nn.Softmax(dim=1)], (4, 2, 8), (4, 3, 6)),
    "over channels of pictures": (lambda: [nn.Conv2d(1, 2, 3), nn.Softmax(dim=1)], (4, 1, 5, 5), (4, 2, 3, 3)),
    "steps that recur": (lambda: [nn.LSTM(3, 3), nn.LayerNorm(3), nn.Flatten(), Layer(15, 2)], (4, 5, 3), (4, 2)),
    "steps that attend": (
        lambda: [nn.RMSNorm(3), nn.Identity(), nn.MultiheadAttention(3, 1), nn.Flatten(), Layer(15, 2)],
        (4, 5, 3),
        (4, 2),
    ),
    "flattened at once": (lambda: [nn.Flatten(), Layer(15, 2)], (4, 5, 3), (4, 2)),
    "flattened late": (lambda: [nn.LayerNorm((5, 3)), nn.ReLU(), nn.Flatten(), Layer(15, 2)], (4, 5, 3), (4, 2)),
    "rows of rows": (lambda: [Layer(3, 2), nn.Flatten()], (2, 4, 5, 3), (2, 40)),
    "embedding": (lambda: [nn.Embedding(5, 3), nn.Flatten()], (4, 2), (4, 6)),
    "embedding within": (lambda: [Sequential(nn.Embedding(5, 3)), nn.Flatten()], (4, 2), (4, 6)),
    "convolution within": (lambda: [Sequential(nn.Conv1d(2, 3, 3)), nn.Flatten(), Layer(18, 2)], (4, 2, 8), (4, 2)),
    "flattened within": (lambda: [Sequential(nn.Conv1d(2, 3, 3), nn.Flatten()), Layer(18, 2)], (4, 2, 8), (4, 2)),
    "after dropout": (lambda: [Dropout(0.5), nn.Conv1d(2, 3, 3), nn.Flatten()], (4, 2, 8), (4, 18)),
    "pictures": (lambda: [Sequential(nn.Conv2d(1, 2, 3)), nn.Flatten()], (4, 1, 5, 5), (4, 18)),
}


#: Chains of which nothing says how many axes an example has: the rows of one alone are taken for a batch.
OF_ROWS = {"a layer by rows", "layers by rows", "over steps, by rows", "over steps, within", "rows of rows"}


@pytest.mark.parametrize("name", SHAPES)
def test_a_chain_tells_a_batch_from_an_example_and_gives_what_pytorch_gives(name):
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    make, given, wanted = SHAPES[name]
    model, x = Sequential(*make()).eval(), np.arange(math.prod(given)).reshape(given) % 5.0
    theirs = torch.tensor(x).long() if name.startswith("embedding") else torch.tensor(x)
    due = nn.to_torch(model)(theirs).detach().numpy()
    assert due.shape == wanted
    for found in (nn.predict(model, x), model(x), model(x.tolist())):
        assert_allclose(np.asarray(found, dtype=float), due, rtol=1e-9, atol=1e-12)
    if name not in OF_ROWS:
        assert_allclose(np.asarray(model(x[0]), dtype=float), due[0], rtol=1e-9, atol=1e-12)
