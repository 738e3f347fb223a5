"""Models to and from PyTorch: the same outputs both ways, the same gradients, and refusal of what differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import gradients, total
from nn import arrays
from nn.errors import ConfigError, StateError
from nn.exchange.torch import from_torch, load_torch_state, to_torch, torch_state
from nn.module import Module
from nn.modules.attention import MultiheadAttention
from nn.modules.convolution import Conv1d, Conv2d, ConvTranspose2d
from nn.modules.elementwise import Activation, Dropout, Identity, Stochastic
from nn.modules.layer_norm import LayerNorm, RMSNorm
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.normalization import BatchNorm1d, BatchNorm2d
from nn.modules.pooling import AvgPool2d, MaxPool2d
from nn.modules.recurrent import GRU, LSTM, Elman
from nn.modules.shaping import Flatten, Reshape

torch = pytest.importorskip("torch")

OURS = [
    "sigmoid", "tanh", "relu", "leaky_relu(0.2)", "elu(1.5)", "selu", "softplus", "softsign", "silu", "gelu", "mish",
    "softmax", "log_softmax", "identity",
]  # fmt: skip


def shared() -> Sequential:
    layer = Layer(3, 3, "tanh", seed=0)
    return Sequential(layer, Layer(3, 3, seed=1), layer)


def tied() -> Sequential:
    model = Sequential(Layer(3, 3, "relu", seed=0), Layer(3, 3, seed=1))
    model[1].W = model[0].W
    return model


#: Models of ours, and the shape of one example.
MODELS: dict[str, tuple[Callable[[], Module], tuple[int, ...]]] = {
    "layer": (lambda: Layer(3, 2, "tanh", seed=0), (3,)),
    "mlp": (lambda: MLP(3, [5, 4, 2], activation="elu", bias=False, seed=0), (3,)),
    "nested": (
        lambda: Sequential(MLP(3, [4, 2], seed=0), Identity(), Dropout(0.3), Layer(2, 2, "softmax", seed=1)), (3,)
    ),
    "rows": (lambda: Sequential(Layer(3, 4, seed=0), BatchNorm1d(4), Activation("relu"), Layer(4, 1, seed=1)), (3,)),
    "pictures": (
        lambda: Sequential(
            Conv2d(2, 3, (2, 3), stride=(1, 2), padding=(1, 0), activation="relu", seed=0), BatchNorm2d(3),
            MaxPool2d(2, stride=1, padding=1),
            ConvTranspose2d(3, 6, 2, stride=2, output_padding=1, activation="tanh", seed=1, groups=3), Flatten(),
        ),
        (2, 5, 5),
    ),
    "same padding": (
        lambda: Sequential(Conv2d(1, 1, (4, 3), padding="same", dilation=2, bias=False, seed=0), Activation("gelu")),
        (1, 6, 7),
    ),
    "groups and means": (
        lambda: Sequential(
            Conv2d(4, 6, 2, groups=2, activation="relu", seed=0), AvgPool2d(2, 1, 1, count_include_pad=False),
            LayerNorm((6, 5, 5)), Flatten(),
        ),
        (4, 5, 5),
    ),
    "rows of channels": (
        lambda: Sequential(
            Conv1d(3, 6, 2, 2, 1, 2, "tanh", groups=3, seed=0), RMSNorm(4), LayerNorm(4, 0.1, bias=False),
            Conv1d(6, 2, 3, padding="same", bias=False, seed=1),
        ),
        (3, 7),
    ),
    "steps": (lambda: Sequential(GRU(3, 4, bias=False, seed=0), LSTM(4, 2, seed=1)), (6, 3)),
    "the last step": (
        lambda: Sequential(Elman(3, 4, "relu", last=True, seed=0), Layer(4, 2, "tanh", seed=1)), (6, 3),
    ),
    "attention": (
        lambda: Sequential(MultiheadAttention(4, 2, seed=0, b_in=[0.1 * k for k in range(12)]), Layer(4, 2, seed=1)),
        (6, 4),
    ),
    "causal attention": (lambda: MultiheadAttention(4, 1, bias=False, causal=True, seed=0), (5, 4)),
    "activations": (
        lambda: Sequential(
            nn.Linear(3, 3, seed=0), nn.ELU(0.5), nn.GELU(), nn.LeakyReLU(0.2), nn.Mish(), nn.ReLU(), nn.SELU(),
            nn.SiLU(), nn.Sigmoid(),
            nn.Softplus(), nn.Softsign(), nn.Tanh(),
        ),
        (3,),
    ),
    "distributions": (lambda: Sequential(nn.Softmax(dim=-1), nn.LogSoftmax(dim=-1)), (3,)),
    "larger pictures": (lambda: Sequential(Conv2d(1, 1, 2, seed=0), nn.Upsample(scale_factor=2)), (1, 3, 3)),
    "one recurrent layer": (lambda: LSTM(3, 4, last=True, seed=0), (5, 3)),
    "reshaped": (lambda: Sequential(Layer(2, 12, seed=0), Reshape(3, 2, 2), Conv2d(3, 1, 1, seed=1)), (2,)),
    "plain batch normalisation": (lambda: Sequential(BatchNorm1d(3, momentum=None, affine=False)), (3,)),
    "a layer in two places": (shared, (3,)),
    "tied weights": (tied, (3,)),
}  # fmt: skip


def batch(shape: tuple[int, ...], n: int = 5) -> Any:
    return np.random.default_rng(1).standard_normal((n, *shape))


def ours(model: Module, X: Any) -> Any:
    return np.array([arrays.numbers(output) for output in model.batch(X.tolist())])


def theirs(module: Any, X: Any) -> Any:
    with torch.no_grad():
        return module(torch.tensor(X, dtype=torch.float64)).numpy()


def settled(model: Module, X: Any) -> Module:
    """Give batch normalisation running statistics that are not those of a new model."""
    model.batch(X.tolist())
    return model


#: Modules without a counterpart: each is refused by its name.
WITHOUT: dict[str, Callable[[], Module]] = {
    "Concatenate": lambda: nn.Concatenate(Identity(), Identity()),
    "Network": lambda: nn.Network(["x"], {"u": ("sigmoid", ["x"])}, ["u"], seed=0),
    "Neuron": lambda: nn.Neuron(2, seed=0),
    "SpikingNetwork": lambda: nn.SpikingNetwork(["x"], ["y"], [("x", "y", 1.0, 1.0)]),
    "Stochastic": Stochastic,
    "StochasticNeuron": lambda: nn.StochasticNeuron(2, seed=0),
    "ThresholdNeuron": lambda: nn.ThresholdNeuron([1.0], 0.5),
    "UNet": lambda: nn.UNet(1, (1, 2), seed=0),
}
#: Modules that are there and back in tests of their own, below.
ALONE = {"Embedding"}


@pytest.mark.parametrize("name", WITHOUT)
def test_what_cannot_go_is_refused_by_its_name(name: str) -> None:
    model = WITHOUT[name]()
    with pytest.raises(ConfigError) as caught:
        to_torch(Sequential(Identity(), model))
    assert name in str(caught.value)
    assert str(caught.value).endswith(" has no counterpart that a torch.nn.Sequential can chain.")


def test_every_module_goes_both_ways_or_is_refused() -> None:
    kinds = {kind for kind in vars(nn).values() if isinstance(kind, type) and issubclass(kind, Module)} - {Module}
    going = {type(part) for make, _ in MODELS.values() for part in make().modules()}
    missing = {kind.__name__ for kind in kinds if not any(issubclass(known, kind) for known in going)}
    assert missing == WITHOUT.keys() | ALONE


@pytest.mark.parametrize("name", MODELS)
def test_both_ways_the_outputs_are_equal(name: str) -> None:
    make, shape = MODELS[name]
    X = batch(shape)
    model = settled(make(), X).eval()
    twin = to_torch(model)
    assert isinstance(twin, torch.nn.Sequential)
    assert not twin.training
    expected = ours(model, X)
    np.testing.assert_allclose(theirs(twin, X), expected, rtol=1e-12, atol=1e-12)
    again = from_torch(twin)
    assert not again.training
    np.testing.assert_allclose(ours(again, X), expected, rtol=1e-12, atol=1e-12)
    assert len(again.parameters()) == len(model.parameters())


@pytest.mark.parametrize("name", ["rows", "pictures", "plain batch normalisation"])
def test_training_mode_and_running_statistics_carry_over(name: str) -> None:
    make, shape = MODELS[name]
    X = batch(shape)
    model = settled(make(), X)
    twin = to_torch(model)
    again = from_torch(twin)
    assert twin.training
    assert again.training
    expected = ours(model, X)
    np.testing.assert_allclose(theirs(twin, X), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours(again, X), expected, rtol=1e-12, atol=1e-12)
    for key, array in torch_state(model).items():
        np.testing.assert_allclose(array.numpy(), twin.state_dict()[key].numpy(), rtol=1e-12)


@pytest.mark.parametrize("name", ["mlp", "nested", "pictures", "attention", "a layer in two places", "tied weights"])
def test_gradients_are_equal(name: str) -> None:
    make, shape = MODELS[name]
    x = batch(shape, 1)
    model = settled(make(), batch(shape)).eval()
    twin = to_torch(model)
    twin(torch.tensor(x)).square().sum().backward()
    outputs = arrays.flat(model(x[0].tolist()))
    slopes = gradients(total([o * o for o in outputs]), model.parameters())
    expected = [g for p in twin.parameters() for g in p.grad.ravel().tolist()]
    assert sorted(slopes) == pytest.approx(sorted(expected), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("activation", OURS)
def test_activations_are_equal(activation: str) -> None:
    X = np.concatenate([np.linspace(-30, 30, 41), [-800.0, 600.0, 0.0]])[:, None] * np.array([1.0, -0.5, 0.3])
    model = Sequential(Activation(activation))
    twin = to_torch(model)
    np.testing.assert_allclose(theirs(twin, X), ours(model, X), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours(from_torch(twin), X), ours(model, X), rtol=0, atol=0)


def test_a_model_of_pytorch() -> None:
    torch.manual_seed(0)
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding="valid"), nn.ReLU(), nn.MaxPool2d(2), nn.BatchNorm2d(2), nn.Flatten(),
        nn.Sequential(nn.Linear(8, 4), nn.LeakyReLU(0.3), nn.Dropout(0.1)), nn.Linear(4, 3), nn.LogSoftmax(dim=-1),
    ).eval()  # fmt: skip
    X = batch((1, 6, 6)).astype(np.float32)
    model = from_torch(module)
    with torch.no_grad():
        expected = module.double()(torch.tensor(X).double()).numpy()
    np.testing.assert_allclose(ours(model, X.astype(float)), expected, rtol=1e-12, atol=1e-12)
    assert [type(layer).__name__ for layer in model] == [
        "Conv2d", "MaxPool2d", "BatchNorm2d", "Flatten", "Sequential", "Layer"
    ]  # fmt: skip
    assert str(model[5].activation) == "log_softmax"


@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax"])
def test_a_softmax_over_steps_or_channels_goes_over_them_here(kind: str) -> None:
    over = getattr(torch.nn, kind)(dim=1)
    for before, shape in ((torch.nn.Linear(3, 3), (5, 3)), (torch.nn.Conv1d(3, 3, 1), (3, 5)), (over, (3, 4, 4))):
        module, X = torch.nn.Sequential(before, over).double(), batch(shape)
        np.testing.assert_allclose(ours(from_torch(module), X), theirs(module, X), rtol=1e-12, atol=1e-14)


def test_one_module_alone() -> None:
    linear = torch.nn.Linear(3, 2, dtype=torch.float64)
    X = batch((3,))
    np.testing.assert_allclose(ours(from_torch(linear), X), theirs(linear, X), rtol=1e-14)


def test_what_stands_in_two_places_is_made_once() -> None:
    nn = torch.nn
    layer, relu = nn.Linear(2, 2), nn.ReLU()
    model = from_torch(nn.Sequential(layer, relu, layer, relu))
    assert model[0] is model[2]
    assert len(model.parameters()) == 6
    twin = to_torch(shared())
    assert twin[0] is twin[3]
    linked = to_torch(tied())
    assert linked[0].weight is linked[2].weight
    again = from_torch(linked)
    assert again[0].W is again[1].W
    assert len(again.parameters()) == 15


def test_frozen_parameters_stay_frozen() -> None:
    model = MLP(2, [3, 1], seed=0)
    model[0].freeze()
    twin = to_torch(model)
    assert [p.requires_grad for p in twin.parameters()] == [False, False, True, True]
    again = from_torch(twin)
    assert [p.requires_grad for p in again.parameters()] == [p.requires_grad for p in model.parameters()]


# --- states -------------------------------------------------------------------------------------------------------


def test_states_have_pytorchs_names() -> None:
    model = Sequential(Layer(2, 3, "relu", seed=0), BatchNorm1d(3), Layer(3, 1, bias=False, seed=1))
    state = torch_state(model)
    assert list(state) == [
        "0.weight", "0.bias", "2.weight", "2.bias", "2.running_mean", "2.running_var", "2.num_batches_tracked",
        "3.weight",
    ]  # fmt: skip
    np.testing.assert_array_equal(state["0.weight"].numpy(), model.state_dict()["W1"])


@pytest.mark.parametrize("name", ["mlp", "nested", "pictures", "attention", "a layer in two places", "tied weights"])
def test_a_state_of_pytorch_is_loaded(name: str) -> None:
    make, shape = MODELS[name]
    X = batch(shape)
    model = make().eval()
    other = to_torch(settled(make(), X).eval())
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.mul_(1.5).add_(0.1)
    load_torch_state(model, other.state_dict())
    np.testing.assert_allclose(ours(model, X), theirs(other, X), rtol=1e-12, atol=1e-12)


def test_a_state_of_single_precision_or_arrays() -> None:
    model, single = Layer(2, 1), torch.nn.Sequential(torch.nn.Linear(2, 1))
    load_torch_state(model, single.state_dict())
    np.testing.assert_array_equal(ours(model, np.eye(2)), theirs(single.double(), np.eye(2)))
    load_torch_state(model, {"0.weight": np.array([[1.0, 2.0]]), "0.bias": [3.0]})
    assert ours(model, np.array([[1.0, 1.0]])).tolist() == [[6.0]]


def test_a_complex_state_is_not_cut_to_its_real_part() -> None:
    model = Layer(2, 1, bias=False)
    state = {"0.weight": torch.ones(1, 2, dtype=torch.complex64)}
    for given in (state, {"0.weight": np.ones((1, 2)) * 1j}):
        with pytest.raises(StateError) as caught:
            load_torch_state(model, given)
        assert str(caught.value) == (f"The state does not fit {model.title}: 0.weight is complex. Nothing was changed.")


def test_a_state_of_sparse_or_small_numbers() -> None:
    model = Layer(2, 1, bias=False)
    for weight in (torch.ones(1, 2).to_sparse(), torch.ones(1, 2, dtype=torch.bfloat16), torch.ones(1, 2).half()):
        model.W[0][0].data = 5.0
        load_torch_state(model, {"0.weight": weight})
        assert model.state_dict()["W"].tolist() == [[1.0, 1.0]]


def test_a_state_that_does_not_fit() -> None:
    model = MLP(2, [3, 1], seed=0)
    before = model.state_dict()
    with pytest.raises(StateError) as caught:
        load_torch_state(model, {"0.weight": torch.ones(2, 3), "0.bias": torch.ones(3), "2.weight": torch.ones(1, 3),
                                 "x": torch.ones(1)})  # fmt: skip
    assert str(caught.value) == (
        f"The state does not fit {model.title}: 2.bias is missing; x is not part of the model; 0.weight has shape (2, "
        "3) instead of (3, 2). Nothing was changed."
    )
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


# --- what has no counterpart --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (lambda: Sequential(Layer(2, 2, "step")), "The activation step of layer1 "),
        (lambda: Elman(2, 2, "sigmoid"), "The activation sigmoid of Elman 2 → 2"),
        (lambda: Layer(1, 1, lambda x: x * x), "has no counterpart in PyTorch."),
    ],
)
def test_ours_without_a_counterpart(model: Callable[[], Module], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        to_torch(model())
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda nn: nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.PReLU())),
            "Module 1.0, PReLU(num_parameters=1), has no counterpart here.",
        ),
        (
            lambda nn: nn.LSTM(2, 2),
            "Module 0, LSTM(2, 2), has batch_first=False, which has no counterpart here: it must be True.",
        ),
        (
            lambda nn: nn.GRU(2, 2, num_layers=2, batch_first=True),
            "Module 0, GRU(2, 2, num_layers=2, batch_first=True), has num_layers=2, which has no counterpart here: it "
            "must be 1.",
        ),
        (
            lambda nn: nn.Embedding(2, 2, scale_grad_by_freq=True),
            "Module 0, Embedding(2, 2, scale_grad_by_freq=True), has scale_grad_by_freq=True, which has no counterpart "
            "here: it must be False.",
        ),
        (
            lambda nn: nn.GELU(approximate="tanh"),
            "Module 0, GELU(approximate='tanh'), has approximate='tanh', which has no counterpart here: it must be "
            "'none'.",
        ),
        (
            lambda nn: nn.Softmax(dim=0),
            "Module 0, Softmax(dim=0), has dim=0, which has no counterpart here: it must be -1.",
        ),
        (
            lambda nn: nn.Flatten(start_dim=2),
            "Module 0, Flatten(start_dim=2, end_dim=-1), has start_dim=2, which has no counterpart here: it must be 1.",
        ),
    ],
)
def test_pytorchs_without_a_counterpart(make: Callable[[Any], Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_torch(make(torch.nn))
    assert str(caught.value) == sentence


@pytest.mark.parametrize("padding_idx", [None, 4])
def test_embeddings_go_both_ways(padding_idx: int | None) -> None:
    tokens = np.array([[0, 2, 1], [4, 4, 3]])
    there = torch.nn.Sequential(
        torch.nn.Embedding(5, 2, padding_idx), torch.nn.LayerNorm(2), torch.nn.Flatten()
    ).double()
    here = from_torch(there)
    assert to_torch(here)[0].padding_idx == padding_idx
    due = there(torch.tensor(tokens)).detach().numpy()
    np.testing.assert_allclose(arrays.numbers(here(tokens)), due, rtol=1e-12)
    np.testing.assert_allclose(to_torch(here)(torch.tensor(tokens)).detach().numpy(), due, rtol=1e-12)


@pytest.mark.parametrize(
    "part",
    [
        torch.nn.Embedding(5, 2, max_norm=1.0),
        torch.nn.AvgPool2d(2, ceil_mode=True),
        torch.nn.AvgPool2d(2, divisor_override=3),
        torch.nn.Conv1d(1, 1, 1, padding_mode="circular"),
        torch.nn.Upsample(scale_factor=2, mode="bilinear"),
        torch.nn.Upsample(size=4),
    ],
)
def test_options_without_a_counterpart_are_refused(part: Any) -> None:
    with pytest.raises(ConfigError, match="which has no counterpart here: it must be"):
        from_torch(part)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_norm_without_eps_has_that_of_its_numbers(dtype: Any) -> None:
    """Seen where the inputs are as small as its root."""
    theirs, x = torch.nn.RMSNorm(3, dtype=dtype), torch.tensor([1e-4, -2e-4, 3e-4], dtype=dtype)
    ours = [float(y) for y in from_torch(torch.nn.Sequential(theirs))(x.tolist())]
    assert ours == pytest.approx(theirs(x).tolist(), rel=1e-5)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_recurrent_networks_come_from_pytorch(kind: str) -> None:
    there = getattr(torch.nn, kind)(3, 4, batch_first=True).double()
    X = batch((6, 3))
    due = there(torch.tensor(X))[0].detach().numpy()
    here = from_torch(there)
    np.testing.assert_allclose(ours(here, X), due, rtol=1e-12, atol=1e-14)
    load_torch_state(here, to_torch(here).state_dict())
    np.testing.assert_allclose(ours(here, X), due, rtol=1e-12, atol=1e-14)
