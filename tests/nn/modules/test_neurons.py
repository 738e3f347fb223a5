import copy
import pickle
from itertools import product

import numpy as np
import pytest

from autograd import Graph, Value, gradients
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.layers import Sequential
from nn.modules.neurons import Neuron, StochasticNeuron, ThresholdNeuron, and_gate, fire, not_gate, or_gate


def test_a_neuron_is_its_formula():
    model = Neuron(3, "sigmoid", seed=0)
    w, b = model.state_dict()["w"], model.state_dict()["b"]
    x = np.array([0.3, -0.2, 1.5])
    [y] = model(x)
    assert y.data == pytest.approx(1 / (1 + np.exp(-(w @ x + b))), rel=1e-14)
    assert (w.shape, b.shape) == ((3,), ())


def test_the_gradient_of_l5_2_is_the_product_of_edges():
    model = Neuron(2, "sigmoid", w=[0.4, -0.3], b=0.1)
    x, t = [1.5, -2.0], 1.0
    [p] = model(x)
    loss = (t - p) ** 2
    slopes = gradients(loss, model.w)
    wanted = [-2 * (t - p.data) * p.data * (1 - p.data) * xi for xi in x]
    assert slopes == pytest.approx(wanted, rel=1e-14)
    formulas = {(edge.output.name, edge.operand.name): edge.formula for edge in Graph(loss).edges}
    assert formulas["a[0]", "s[0]"] == "a[0]·(1 − a[0])"


def test_names_follow_the_place():
    model = Sequential(Neuron(2, "tanh", seed=0), Neuron(1, seed=1))
    assert list(dict(model.named_parameters())) == ["w1[0]", "w1[1]", "b1", "w2[0]", "b2"]
    [output] = model([1.0, 2.0])
    assert {node.name: node.scope for node in Graph(output).nodes if node.op is not None} == {
        "s1[0]": "neuron1", "a1[0]": "neuron1", "a2[0]": "neuron2"
    }  # fmt: skip


def test_linear_regression_of_l3_1_by_descent_meets_the_closed_form():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 2))
    y = X @ [1.5, -0.5] + 0.3 + 0.1 * rng.normal(size=20)
    best = np.linalg.lstsq(np.column_stack([X, np.ones(20)]), y, rcond=None)[0]
    model = Neuron(2, seed=0)
    for _ in range(400):
        model.zero_grad()
        loss = sum((model(x)[0] - t) ** 2 for x, t in zip(X, y, strict=True)) / 20
        loss.backward()
        for p in model.parameters():
            p.data -= 0.3 * p.grad
    np.testing.assert_allclose([p.data for p in model.parameters()], best, rtol=1e-9)


# --- McCulloch and Pitts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3])
def test_gates(n):
    for bits in product([0, 1], repeat=n):
        assert and_gate(n)(bits)[0].data == all(bits)
        assert or_gate(n)(bits)[0].data == any(bits)
    assert [not_gate()([bit])[0].data for bit in (0, 1)] == [1, 0]


def test_gates_combine_to_xor():
    nand = Sequential(and_gate(), not_gate())
    for a, b in product([0, 1], repeat=2):
        assert and_gate()([or_gate()([a, b])[0], nand([a, b])[0]])[0].data == a ^ b


def test_a_threshold_neuron_is_fixed_and_has_slope_zero():
    model = ThresholdNeuron([2.0, -1.0], 0.5)
    assert (model.weights, model.threshold) == ([2.0, -1.0], 0.5)
    assert not any(p.requires_grad for p in model.parameters())
    x = Value(1.0)
    [a] = model([x, 0.0])
    a.backward()
    assert (a.data, x.grad) == (1.0, 0.0)
    assert Module.from_config(model.config()).weights == [2.0, -1.0]


def test_on_the_threshold_it_does_not_fire():
    assert ThresholdNeuron([1.0], 1.0)([1.0])[0].data == 0.0


# --- the stochastic neuron --------------------------------------------------------------------------------------------


def test_it_fires_with_probability_sigmoid():
    model = StochasticNeuron(1, w=[1.0], b=0.5, seed=0)
    p = 1 / (1 + np.exp(-1.5))
    for _ in (model.train(), model.eval()):
        draws = [model([1.0])[0].data for _ in range(4000)]
        assert set(draws) == {0.0, 1.0}
        assert np.mean(draws) == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 4000))


def test_same_seed_same_firing():
    runs = []
    for _ in range(2):
        model = StochasticNeuron(2, seed=3)
        runs.append([model([0.5, -0.5])[0].data for _ in range(30)])
    assert runs[0] == runs[1]
    model, twin = StochasticNeuron(1, seed=1), None
    model([1.0])
    twin = copy.deepcopy(model)
    again = pickle.loads(pickle.dumps(model))
    draws = [[m([0.1])[0].data for _ in range(30)] for m in (model, twin, again)]
    assert draws[0] == draws[1] == draws[2]


def test_straight_through_takes_the_slope_of_p():
    model = StochasticNeuron(1, w=[0.7], b=0.0, seed=0)
    x = Value(1.0)
    [a] = model([x])
    a.backward()
    p = 1 / (1 + np.exp(-0.7))
    assert x.grad == pytest.approx(0.7 * p * (1 - p), rel=1e-14)
    names = [node.name for node in Graph(a).nodes if node.op is not None]
    assert names == ["s[0]", "p[0]", "a[0]"]
    [constant] = StochasticNeuron(1, straight_through=False, seed=0)([x])
    assert constant.is_leaf
    assert not constant.requires_grad


def test_outputs_are_exactly_zero_or_one():
    rng = np.random.default_rng(0)
    tiny = [5e-324, 2.0**-54, 2.0**-53, 1.5 * 2.0**-53, 0.5 - 2.0**-54, 1 - 2.0**-53]
    for p in [*rng.random(5000).tolist(), *(rng.random(5000) * 1e-15).tolist(), *tiny]:
        assert fire(Value(p), 0.0, True).data == 1.0
        assert fire(Value(p), 1.0, True).data == 0.0


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda: Neuron(2)([1.0]), ShapeError, "Neuron 2 → 1, identity takes 2 inputs, got 1."),
        (lambda: Neuron(2, w=[1.0]), ShapeError, "w of Neuron 2 → 1 has shape (1,), expected (2,)."),
        (lambda: Neuron(1, b=float("nan")), ValueError, "b of Neuron 1 → 1 is nan: give finite numbers."),
        (
            lambda: Neuron(1, bias=False, b=1.0), ValueError,
            "Neuron 1 → 1 was given b and bias=False: leave one of them out.",
        ),
        (
            lambda: Neuron(1, "softmax"), ValueError,
            "softmax is an activation of a whole layer, but Neuron is one neuron: use Layer.",
        ),
        (lambda: and_gate(0), ValueError, "n of and_gate must be a whole number from 1, not 0."),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence
