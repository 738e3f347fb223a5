import copy
import math
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

from autograd import Graph, Value
from nn import arrays
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.layers import Layer, Sequential
from nn.modules.recurrent import GRU, LSTM, Elman
from nn.training.fit import fit

KEYS = {"W_ih": "weight_ih_l0", "W_hh": "weight_hh_l0", "b_ih": "bias_ih_l0", "b_hh": "bias_hh_l0"}


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("kind", [Elman, LSTM, GRU])
def test_a_sequence_goes_on_from_the_last_state(kind):
    model = kind(1, 3, seed=1)
    xs = drawn(6, 1)
    whole = arrays.numbers(model(xs))
    first, state = model.unroll(xs[:2])
    second, _ = model.unroll(xs[2:], state)
    assert arrays.numbers([*first, *second]).tolist() == whole.tolist()


def test_the_last_output_feeds_a_layer():
    model = Sequential(LSTM(1, 3, last=True, seed=0), Layer(3, 1, seed=1))
    [output] = model(drawn(4, 1))
    assert list(model.state_dict()) == ["W_ih1", "W_hh1", "b_ih1", "b_hh1", "W2", "b2"]
    names = {node.name: node.scope for node in Graph(output).nodes if node.op is not None and node.name}
    assert names["f1[0][2]"] == "lstm1/step0"
    assert names["h1[3][0]"] == "lstm1/step3"
    assert {name[0] for name in names} == set("ifgocha")
    assert (model[0].n_out, model.n_out) == (3, 1)


def test_sums_are_one_node_and_biases_are_edges_of_slope_one():
    model = Elman(1, 1, seed=0)
    [[h0], [h1]] = model([[2.0], [3.0]])
    graph = Graph(h1)
    assert [node.name for node in graph.nodes if node.op is not None] == ["s[0][0]", "h[0][0]", "s[1][0]", "h[1][0]"]
    slopes = {edge.operand.name: edge.slope for edge in graph.edges if edge.output.name == "s[1][0]"}
    assert slopes == {
        "W_ih[0][0]": 3.0, "W_hh[0][0]": h0.data, "h[0][0]": model.W_hh[0][0].data, "b_ih[0]": 1.0, "b_hh[0]": 1.0
    }  # fmt: skip


def test_without_biases_and_with_another_activation():
    model = Elman(1, 1, "relu", bias=False, W_ih=[[1.0]], W_hh=[[2.0]])
    assert list(model.state_dict()) == ["W_ih", "W_hh"]
    assert arrays.numbers(model([[1.0], [1.0], [-9.0]])).tolist() == [[1.0], [3.0], [0.0]]
    assert LSTM(2, 3, bias=False).state_dict().keys() == {"W_ih", "W_hh"}


def test_drawn_from_pytorchs_interval():
    for model in (Elman(2, 100, seed=0), LSTM(2, 25, seed=0)):
        bound = 1 / math.sqrt(model.hidden_size)
        for array in model.state_dict().values():
            assert 0.9 * bound < np.abs(array).max() <= bound


@pytest.mark.parametrize("model", [Elman(2, 3, "sigmoid", seed=0), LSTM(2, 2, last=True, seed=0)])
def test_copies_pickles_and_configurations(model):
    xs = drawn(3, 2)
    built = Module.from_config(model.config())
    built.load_state_dict(model.state_dict())
    for twin in (built, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert arrays.numbers(twin(xs)).tolist() == arrays.numbers(model(xs)).tolist()


def test_inputs_may_be_values():
    x = [[Value(0.5)], [Value(-0.5)]]
    LSTM(1, 2, seed=0)(x)[-1][0].backward()
    assert all(v.grad for [v] in x)


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: LSTM(2, 3)([]), ShapeError,
            "LSTM 2 → 3 takes a sequence of one step or more, got an empty one.",
        ),
        (
            lambda: LSTM(2, 3)([[1.0, 2.0], [1.0]]), ShapeError,
            "LSTM 2 → 3, step 1, takes 2 inputs, got 1.",
        ),
        (
            lambda: LSTM(2, 3)([1.0, 2.0]), TypeError,
            "LSTM 2 → 3, step 0, takes a list of numbers, got 1.0: write [x] for a single number x.",
        ),
        (
            lambda: Elman(1, 2)([[1.0]], [0.0]), ShapeError,
            "Elman 1 → 2, tanh, state h, takes 2 inputs, got 1.",
        ),
        (
            lambda: LSTM(1, 2)([[1.0]], [0.0]), TypeError,
            "The state of LSTM 1 → 2 is a pair (h, c) of rows of 2 numbers.",
        ),
        (
            lambda: Elman(1, 2, "softmax"), ValueError,
            "softmax is an activation of a whole row: Elman takes one of single numbers.",
        ),
        (
            lambda: LSTM(1, 2, W_ih=[[1.0]] * 2), ShapeError,
            "W_ih of LSTM 1 → 2 has shape (2, 1), expected (8, 1).",
        ),
        (
            lambda: LSTM(1, 2, bias=False, b_ih=[0.0] * 8), ValueError,
            "LSTM was given biases and bias=False: leave one of them out.",
        ),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence


# --- PyTorch ----------------------------------------------------------------------------------------------------------


def test_elman_agrees_with_pytorch():
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    compare(Elman(3, 4), torch.nn.RNN(3, 4), KEYS, drawn(5, 3))
    compare(Elman(2, 3, "relu"), torch.nn.RNN(2, 3, nonlinearity="relu"), KEYS, drawn(4, 2))


def test_lstm_agrees_with_pytorch():
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    compare(LSTM(3, 4), torch.nn.LSTM(3, 4), KEYS, drawn(6, 3))
    without = {key: KEYS[key] for key in ("W_ih", "W_hh")}
    compare(LSTM(2, 3, bias=False), torch.nn.LSTM(2, 3, bias=False), without, drawn(4, 2))


def test_stacked_ones_agree_with_pytorch():
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    keys = {f"{ours}{i + 1}": f"{theirs[:-1]}{i}" for ours, theirs in KEYS.items() for i in range(2)}
    compare(Sequential(LSTM(2, 3), LSTM(3, 3)), torch.nn.LSTM(2, 3, num_layers=2), keys, drawn(4, 2))
    compare(Sequential(Elman(2, 3), Elman(3, 3)), torch.nn.RNN(2, 3, num_layers=2), keys, drawn(4, 2))


def test_gru_agrees_with_pytorch():
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    compare(GRU(3, 4), torch.nn.GRU(3, 4), KEYS, drawn(6, 3))
    without = {ours: KEYS[ours] for ours in ("W_ih", "W_hh")}
    compare(GRU(2, 3, bias=False), torch.nn.GRU(2, 3, bias=False), without, drawn(4, 2))


def test_programs_train_a_gru_as_the_engine_does(backend):
    X, y = drawn(24, 4, 2), drawn(24, seed=1)
    by_program, by_engine = (Sequential(GRU(2, 3, last=True, seed=1), Layer(3, 1, seed=2)) for _ in range(2))
    fit(by_program, X, y, "mse", "adam", 2, 8, seed=0, compile=backend)
    fit(by_engine, X, y, "mse", "adam", 2, 8, seed=0, compile=False)
    for name, array in by_engine.state_dict().items():
        assert_allclose(by_program.state_dict()[name], array, rtol=1e-9, atol=1e-12)


def test_the_gates_of_a_gru_have_names():
    h = GRU(1, 2, seed=0)([[1.0], [2.0]])[-1][0]
    names = {node.name for node in Graph(h).nodes}
    assert {"r[0][1]", "z[1][0]", "n[1][0]", "h[0][0]", "h[1][0]"} <= names
