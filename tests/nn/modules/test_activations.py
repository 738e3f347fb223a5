import copy
import json
import math
import pickle

import numpy as np
import pytest

import autograd
from autograd import Symbol, Value, derivative
from nn.modules.activations import ACTIVATIONS, ActivationFunction, activation

POINTWISE = [known for known in ACTIVATIONS.values() if not known.whole]


def test_all_of_the_lectures_are_there():
    names = {"identity", "step", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", "softmax"}
    assert names <= set(ACTIVATIONS)
    assert all(known.name == name for name, known in ACTIVATIONS.items())


@pytest.mark.parametrize(
    ("name", "x", "wanted"),
    [
        ("identity", -1.5, -1.5),
        ("step", 0.0, 0.0),
        ("step", 1e-300, 1.0),
        ("sign", -3.0, -1.0),
        ("sign", 2.0, 1.0),
    ],
)
def test_what_pytorch_has_not(name, x, wanted):
    assert ACTIVATIONS[name](x) == wanted
    assert derivative(ACTIVATIONS[name])(x) == (1.0 if name == "identity" else 0.0)


@pytest.mark.parametrize("known", POINTWISE, ids=lambda known: known.name)
def test_every_kind_of_number_gives_the_same(known):
    points = [-1000.0, -3.0, -0.5, 0.0, 0.5, 3.0, 1000.0]
    on_floats = [known(x) for x in points]
    assert all(math.isfinite(y) for y in on_floats)
    assert [known.on_value()(Value(x)).data for x in points] == on_floats
    np.testing.assert_allclose(known(np.array(points)), on_floats, rtol=1e-15, atol=1e-300)
    assert str(known(Symbol("s")))


@pytest.mark.parametrize(
    ("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.1), ("elu", 0.1), ("step", 0.0), ("softplus", 0.5)]
)
def test_slopes_at_zero_are_the_lectures(name, slope):
    assert derivative(ACTIVATIONS[name])(0.0) == slope


def test_softmax_is_stable_and_sums_to_one():
    assert ACTIVATIONS["softmax"]([1000.0, -1000.0, 0.0]) == [1.0, 0.0, 0.0]
    assert sum(ACTIVATIONS["softmax"]([0.3, -1.2, 2.0])) == pytest.approx(1.0, rel=1e-15)
    assert ACTIVATIONS["log_softmax"]([1000.0, -1000.0]) == [0.0, -2000.0]
    soft, logs = (ACTIVATIONS[name]([0.3, -1.2, 2.0]) for name in ("softmax", "log_softmax"))
    assert [math.log(p) for p in soft] == pytest.approx(logs, rel=1e-14)


def test_agrees_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    f = torch.nn.functional
    theirs = {
        "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": f.relu, "leaky_relu": lambda x: f.leaky_relu(x, 0.1),
        "elu": lambda x: f.elu(x, 0.1), "selu": f.selu, "softplus": f.softplus, "softsign": f.softsign, "silu": f.silu,
        "gelu": f.gelu, "mish": f.mish,
    }  # fmt: skip
    assert theirs.keys() | {"identity", "step", "sign"} == {known.name for known in POINTWISE}
    points = np.array([*np.linspace(-4.0, 4.0, 41), -1000.0, -40.0, 40.0, 1000.0])
    for name, reference in theirs.items():
        x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
        y = reference(x)
        y.sum().backward()
        ours = [ACTIVATIONS[name](p) for p in points.tolist()]
        slopes = [derivative(ACTIVATIONS[name])(p) for p in points.tolist()]
        np.testing.assert_allclose(ours, y.detach().numpy(), rtol=1e-13, atol=1e-15, err_msg=name)
        np.testing.assert_allclose(slopes, x.grad.numpy(), rtol=1e-13, atol=1e-15, err_msg=name)


def test_alpha_is_the_lectures_and_can_be_given():
    assert activation("leaky_relu").alpha == 0.1
    assert activation("elu").alpha == 0.1
    assert activation("leaky_relu(0.01)")(-1.0) == -0.01
    assert activation("elu(1)").spec == "elu(1.0)"
    assert activation(activation("elu(1)").spec) == activation("elu(1)")


def test_specs_are_text():
    for known in ACTIVATIONS.values():
        assert activation(json.loads(json.dumps(known.spec))) == known


def test_a_function_or_operation_of_the_catalogue_is_known_by_name():
    assert activation(autograd.relu) is ACTIVATIONS["relu"]
    assert activation(None) is ACTIVATIONS["identity"]
    own = activation(lambda s: s * s)
    assert own.spec is None
    assert own.on_value()(Value(3.0)).data == 9.0


def test_an_operation_of_ones_own():
    cube = autograd.Op("cube", lambda x: x * x * x, [lambda out, x: 3 * x**2])
    s = Value(2.0)
    y = activation(cube).on_value()(s)
    y.backward()
    assert (y.data, s.grad) == (8.0, 12.0)


def test_identity_leaves_no_node():
    s = Value(2.0)
    assert ACTIVATIONS["identity"](s) is s


@pytest.mark.parametrize("known", ACTIVATIONS.values(), ids=str)
def test_copies_and_pickles(known):
    assert pickle.loads(pickle.dumps(known)) == known
    assert copy.deepcopy(known) == known
    assert pickle.loads(pickle.dumps(known.on_value())) is not None


def test_errors():
    with pytest.raises(ValueError) as caught:
        activation("rellu")
    assert str(caught.value) == (
        "'rellu' is no activation. Did you mean 'relu'? Known: identity, step, sign, sigmoid, tanh, relu, leaky_relu, "
        "elu, selu, softplus, softsign, silu, gelu, mish, softmax, log_softmax."
    )
    with pytest.raises(ValueError) as caught:
        activation("relu(0.1)")
    assert str(caught.value) == "The activation relu has no α to set."
    with pytest.raises(ValueError) as caught:
        activation("elu(1, 2)")
    assert str(caught.value) == "'elu(1, 2)': an activation takes one number, its α."
    with pytest.raises(TypeError) as caught:
        activation(3)
    assert str(caught.value) == "An activation is a name such as 'relu', or a function of one number, not int 3."


def test_a_function_that_loses_the_graph_is_an_error():
    def loses(s):
        return math.exp(s)

    with pytest.raises(TypeError) as caught:
        activation(loses).on_value()(Value(0.0, name="s1[0]"))
    assert str(caught.value) == (
        "The activation loses gave float 1.0 for s1[0] = 0, and so no derivative: make it of autograd's functions "
        "(autograd.exp, not math.exp)."
    )


def test_one_of_ones_own_by_name(monkeypatch):
    def swish2(s):
        return s * autograd.sigmoid(2.0 * s)

    monkeypatch.setitem(ACTIVATIONS, "swish2", ActivationFunction("swish2", swish2))
    assert activation("swish2").spec == "swish2"
