import copy
import json
import math
import pickle

import numpy as np
import pytest

import autograd
import nn
from autograd import Symbol, Value, derivative
from nn import arrays
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
    assert [known.on_value(Value(x)).data for x in points] == on_floats
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
    assert own.on_value(Value(3.0)).data == 9.0


def test_an_operation_of_ones_own():
    cube = autograd.Op("cube", lambda x: x * x * x, [lambda out, x: 3 * x**2])
    s = Value(2.0)
    y = activation(cube).on_value(s)
    y.backward()
    assert (y.data, s.grad) == (8.0, 12.0)


def test_identity_leaves_no_node():
    s = Value(2.0)
    assert ACTIVATIONS["identity"](s) is s


@pytest.mark.parametrize("known", ACTIVATIONS.values(), ids=str)
def test_copies_and_pickles(known):
    assert pickle.loads(pickle.dumps(known)) == known
    assert copy.deepcopy(known) == known
    assert pickle.loads(pickle.dumps(known.on_value)) is not None


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
        activation(loses).on_value(Value(0.0, name="s1[0]"))
    assert str(caught.value) == (
        "The activation loses gave float 1.0 for s1[0] = 0, and so no derivative: make it of autograd's functions "
        "(autograd.exp, not math.exp)."
    )


def test_one_of_ones_own_by_name(monkeypatch):
    def swish2(s):
        return s * autograd.sigmoid(2.0 * s)

    monkeypatch.setitem(ACTIVATIONS, "swish2", ActivationFunction("swish2", swish2))
    assert activation("swish2").spec == "swish2"


# --- what is assigned later -------------------------------------------------------------------------------------------

ROW = [0.3, -1.2]
PICTURE = [[[0.5, -1.0], [2.0, 0.25]]]

WITH_ACTIVATION = [
    (lambda a: nn.Layer(2, 3, a, seed=0), ROW),
    (lambda a: nn.MLP(2, [3, 2], a, seed=0), ROW),
    (lambda a: nn.Conv2d(1, 2, 2, activation=a, seed=0), PICTURE),
    (lambda a: nn.Conv1d(1, 2, 2, activation=a, seed=0), [ROW]),
    (lambda a: nn.ConvTranspose2d(1, 2, 2, activation=a, seed=0), PICTURE),
    (lambda a: nn.Elman(2, 3, a, last=True, seed=0), [ROW, ROW]),
    (lambda a: nn.Neuron(2, a, seed=0), ROW),
    (nn.Activation, ROW),
]


def numbers_of(model, x):
    return arrays.numbers(model(x)).tolist()


def in_torch(model, x):
    torch = pytest.importorskip("torch")
    with torch.no_grad():
        return nn.to_torch(model)(torch.tensor([x], dtype=torch.float64))[0].tolist()


@pytest.mark.parametrize("chosen", ["relu", "elu(0.5)", autograd.tanh, lambda x: x * x, None])
@pytest.mark.parametrize(("make", "x"), WITH_ACTIVATION)
def test_an_activation_that_is_assigned_takes_effect(make, x, chosen):
    model, wanted = make("sigmoid"), make(chosen)
    model(x)
    model.activation = chosen
    assert isinstance(model.activation, ActivationFunction)
    assert numbers_of(model, x) == numbers_of(wanted, x) != numbers_of(make("sigmoid"), x)
    assert str(model.activation) == str(wanted.activation)


@pytest.mark.parametrize(("make", "x"), [case for case in WITH_ACTIVATION if case[0]("tanh").kind not in ("neuron",)])
def test_an_activation_that_is_assigned_is_pytorchs(make, x):
    model = make("tanh")
    model.activation = "relu"
    np.testing.assert_allclose(numbers_of(model, x), in_torch(model, x), rtol=1e-12)


@pytest.mark.parametrize(("make", "x"), WITH_ACTIVATION)
def test_an_activation_that_is_assigned_is_saved(make, x, tmp_path):
    model = make("sigmoid")
    model.activation = "softplus"
    nn.save(model, tmp_path / "m.safetensors")
    assert numbers_of(nn.load(tmp_path / "m.safetensors"), x) == numbers_of(model, x)


@pytest.mark.parametrize("compiled", [True, False])
def test_an_activation_that_is_assigned_takes_effect_in_fit_and_predict(compiled):
    inputs = np.random.default_rng(0).normal(size=(6, 2))
    targets = np.sin(inputs[:, :1])

    def train(model):
        optimizer = nn.SGD(model.parameters(), lr=0.1)
        nn.fit(
            model, inputs, targets, loss="mse", optimizer=optimizer, epochs=2, batch_size=3, seed=0, compile=compiled
        )
        return nn.predict(model, inputs)

    model = nn.MLP(2, [4, 1], "relu", seed=0)
    start = model.state_dict()
    train(model)  # which leaves programs behind
    model.load_state_dict(start)
    model.layers[0].activation = "tanh"
    np.testing.assert_array_equal(train(model), train(nn.MLP(2, [4, 1], "tanh", seed=0)))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: nn.Conv2d(1, 1, 1),
            "softmax is an activation of a whole row, which Conv2d does not have.",
        ),
        (
            lambda: nn.Elman(1, 1),
            "softmax is an activation of a whole row: Elman takes one of single numbers.",
        ),
        (
            lambda: nn.Neuron(1),
            "softmax is an activation of a whole layer, but Neuron is one neuron: use Layer.",
        ),
    ],
)
def test_an_activation_that_does_not_fit_is_refused_later_too(make, said):
    model = make()
    before = model.activation
    with pytest.raises(ValueError) as caught:
        model.activation = "softmax"
    assert str(caught.value) == said
    assert model.activation is before
    with pytest.raises(ValueError, match="'rleu'"):
        model.activation = "rleu"
    assert model.activation is before


def test_an_activation_of_a_whole_row_may_be_assigned_where_there_is_one():
    layer, alone = nn.Layer(2, 3, "relu", seed=0), nn.Activation("relu")
    layer.activation = alone.activation = "softmax"
    assert sum(numbers_of(layer, ROW)) == pytest.approx(1.0, rel=1e-15)
    assert alone.axes == 1
    assert [sum(row) for row in numbers_of(alone, [ROW, ROW])] == pytest.approx([1.0, 1.0], rel=1e-15)
    alone.activation = "relu"
    assert alone.axes is None


def test_the_last_activation_of_an_mlp_is_assigned_by_its_own_name():
    model = nn.MLP(2, [3, 2], "tanh", seed=0)
    model.output_activation = "relu"
    assert [str(layer.activation) for layer in model.layers] == ["tanh", "relu"]
    assert numbers_of(model, ROW) == numbers_of(nn.MLP(2, [3, 2], "tanh", "relu", seed=0), ROW)


@pytest.mark.parametrize(("kind", "option"), [(nn.LeakyReLU, "negative_slope"), (nn.ELU, "alpha")])
def test_an_alpha_that_is_assigned_takes_effect(kind, option, tmp_path):
    model = kind(0.1)
    model(ROW)
    setattr(model, option, 0.7)
    assert getattr(model, option) == 0.7
    assert numbers_of(model, ROW) == numbers_of(kind(0.7), ROW)
    np.testing.assert_allclose(numbers_of(model, ROW), in_torch(model, ROW), rtol=1e-15)
    nn.save(model, tmp_path / "m.safetensors")
    assert numbers_of(nn.load(tmp_path / "m.safetensors"), ROW) == numbers_of(model, ROW)


@pytest.mark.parametrize(
    ("model", "option", "content"),
    [
        (nn.GELU(), "approximate", "tanh"),
        (nn.Softplus(), "beta", 2.0),
        (nn.Softplus(), "threshold", 1.0),
        (nn.Upsample(), "mode", "bilinear"),
    ],
)
def test_options_with_one_meaning_are_refused_later_too(model, option, content):
    before = getattr(model, option)
    with pytest.raises(ValueError) as caught:
        setattr(model, option, content)
    with pytest.raises(ValueError) as wanted:
        type(model)(**{option: content})
    assert str(caught.value) == str(wanted.value)
    assert getattr(model, option) == before


def test_what_follows_from_an_option_follows_what_is_assigned():
    norm, memory = nn.LayerNorm(4, elementwise_affine=False), nn.LSTM(2, 3)
    norm.normalized_shape = (2, 2)
    assert (norm.axes, norm.normalizes_rows) == (2, False)
    assert memory.n_out is None
    memory.last = True
    assert memory.n_out == 3


def test_the_activation_of_a_network_is_the_one_it_lists():
    model = nn.Network(["x", "y"], {"z": ("relu", ["x", "y"])}, ["z"], seed=0)
    wanted = nn.Network(["x", "y"], {"z": ("tanh", ["x", "y"])}, ["z"], seed=0)
    model.neurons["z"] = (activation("tanh"), ["x", "y"])
    assert numbers_of(model, ROW) == numbers_of(wanted, ROW)
