import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import nn
from autograd import Graph, Value
from nn import arrays
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.convolution import Conv2d, ConvTranspose2d
from nn.modules.layers import Sequential
from nn.modules.pooling import MaxPool2d


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def correlated(x, W, b, stride, padding, dilation):
    """The definition of a convolution, as loops over NumPy numbers."""
    x = np.pad(x, [(0, 0), (padding[0],) * 2, (padding[1],) * 2])
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, W.shape[2:], strict=True)]
    rows = (x.shape[1] - reach[0]) // stride[0] + 1
    columns = (x.shape[2] - reach[1]) // stride[1] + 1
    y = np.empty((len(W), rows, columns))
    for o, r, c in np.ndindex(y.shape):
        top, left = r * stride[0], c * stride[1]
        patch = x[:, top : top + reach[0] : dilation[0], left : left + reach[1] : dilation[1]]
        y[o, r, c] = b[o] + (W[o] * patch).sum()
    return y


pairs = st.tuples(st.integers(1, 2), st.integers(1, 2))


@settings(deadline=None, max_examples=30)
@given(
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=pairs,
    dilation=pairs,
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    channels=pairs,
)
def test_convolution_is_its_definition(kernel, stride, dilation, padding, channels):
    model = Conv2d(*channels, kernel, stride, padding, dilation, seed=0)
    x = drawn(channels[0], 6, 5)
    state = model.state_dict()
    wanted = correlated(x, state["W"], state["b"], stride, padding, dilation)
    assert_allclose(arrays.numbers(model(x)), wanted, rtol=1e-12, atol=1e-13)


@settings(deadline=None, max_examples=30)
@given(
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=pairs,
    padding=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    channels=pairs,
)
def test_transpose_is_the_transpose(kernel, stride, dilation, padding, channels):
    """⟨conv(u), v⟩ = ⟨u, convT(v)⟩ for the same weights, where the sizes fit."""
    height, width = (
        d * (k - 1) + 1 + 2 * s - 2 * p for k, s, p, d in zip(kernel, stride, padding, dilation, strict=True)
    )
    if min(height, width) < 1:
        return
    W = drawn(channels[1], channels[0], *kernel)
    down = Conv2d(*channels, kernel, stride, padding, dilation, bias=False, W=W)
    up = ConvTranspose2d(*channels[::-1], kernel, stride, padding, 0, dilation, bias=False, W=W)
    u, v = drawn(channels[0], height, width), drawn(channels[1], 3, 3, seed=1)
    assert (arrays.numbers(down(u)) * v).sum() == pytest.approx((u * arrays.numbers(up(v))).sum(), rel=1e-10, abs=1e-12)


def test_same_padding_keeps_the_size():
    for kernel in (2, 3, (4, 5)):
        assert arrays.shape(Conv2d(1, 2, kernel, padding="same", seed=0)(drawn(1, 5, 4))) == (2, 5, 4)


@pytest.mark.parametrize("padding", [(0, 0), (1, 1)])
def test_pooling_takes_the_largest(padding):
    x = drawn(2, 5, 6)
    around = np.pad(x, [(0, 0), (padding[0],) * 2, (padding[1],) * 2], constant_values=-np.inf)
    ours = arrays.numbers(MaxPool2d(3, 2, padding)(arrays.map_numbers(Value, x.tolist())))
    for c, i, j in np.ndindex(ours.shape):
        assert ours[c, i, j] == around[c, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max()
    assert ours.shape[1:] == ((around.shape[1] - 3) // 2 + 1, (around.shape[2] - 3) // 2 + 1)


def test_pooling_gives_the_gradient_to_the_largest_and_shares_it_at_ties():
    x = arrays.map_numbers(Value, [[[1.0, 3.0], [2.0, 0.0]]])
    MaxPool2d(2)(x)[0][0][0].backward()
    assert [[v.grad for v in line] for line in x[0]] == [[0.0, 1.0], [0.0, 0.0]]
    x = arrays.map_numbers(Value, [[[3.0, 3.0], [2.0, 0.0]]])
    MaxPool2d(2)(x)[0][0][0].backward()
    assert [[v.grad for v in line] for line in x[0]] == [[0.5, 0.5], [0.0, 0.0]]


def test_one_dot_node_a_number_and_shared_weights():
    model = Sequential(Conv2d(1, 2, 2, activation="relu", seed=0), Conv2d(2, 1, 1, seed=1))
    [[[output]]] = model(drawn(1, 2, 2))
    graph = Graph(output)
    assert {node.name for node in graph.nodes if node.op is not None} == {
        "s1[0][0][0]", "a1[0][0][0]", "s1[1][0][0]", "a1[1][0][0]", "a2[0][0][0]"
    }  # fmt: skip
    scopes = {node.name: node.scope for node in graph.nodes}
    assert scopes["s1[1][0][0]"] == "conv1/channel1"
    assert "W1[0][0][1][0]" in dict(model.named_parameters())
    plane = Conv2d(1, 1, 2, seed=0)(drawn(1, 3, 3))[0]
    assert plane[0][0].operands[:4] == plane[1][1].operands[:4]


def test_given_weights_defaults_and_description():
    model = Conv2d(3, 8, 3, padding=1, seed=0)
    assert str(model) == "<Conv2d 3 → 8, 3×3, padding 1, identity: 224 parameters>"
    assert str(MaxPool2d(2, 1)) == "<MaxPool2d 2×2, stride 1: 0 parameters>"
    assert np.abs(model.state_dict()["W"]).max() <= 1 / np.sqrt(27)
    W = drawn(2, 1, 2, 2)
    assert (Conv2d(1, 2, 2, W=W).state_dict()["W"] == W).all()


@pytest.mark.parametrize(
    "model",
    [
        Conv2d(1, 2, (2, 1), 1, "same", activation="tanh", seed=0),
        ConvTranspose2d(1, 2, 2, stride=(2, 3), output_padding=(0, 1), seed=0),
        Sequential(Conv2d(1, 2, 2, seed=0), MaxPool2d((1, 2), padding=(0, 1))),
    ],
)
def test_copies_pickles_and_configurations(model):
    x = drawn(1, 3, 4)
    built = Module.from_config(model.config())
    built.load_state_dict(model.state_dict())
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), built):
        assert (arrays.numbers(twin(x)) == arrays.numbers(model(x))).all()


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: Conv2d(3, 8, 3)(drawn(1, 5, 5)), ShapeError,
            "Conv2d 3 → 8, 3×3, identity takes 3 channels, got 1.",
        ),
        (
            lambda: Conv2d(1, 1, 3)(drawn(5, 5)), ShapeError,
            "Conv2d 1 → 1, 3×3, identity takes one picture, [channel][row][column], got (5, 5).",
        ),
        (
            lambda: Conv2d(1, 1, 3)([[[1.0, 2.0], [3.0]]]), ShapeError,
            "Conv2d 1 → 1, 3×3, identity takes one picture, [channel][row][column], got ragged lists.",
        ),
        (
            lambda: Conv2d(1, 1, 3)(drawn(1, 2, 5)), ShapeError,
            "Conv2d 1 → 1, 3×3, identity takes pictures of at least 3 × 3 after padding, got 2 × 5.",
        ),
        (
            lambda: ConvTranspose2d(1, 1, 1, padding=1)(drawn(1, 2, 2)), ShapeError,
            "ConvTranspose2d 1 → 1, 1×1, padding 1, identity makes a picture of 0 × 0 from 2 × 2.",
        ),
        (
            lambda: MaxPool2d(3)(drawn(1, 2, 2)), ShapeError,
            "MaxPool2d 3×3 takes pictures of at least 3 × 3, got 2 × 2.",
        ),
        (
            lambda: Conv2d(1, 2, 2, W=drawn(1, 2, 2, 2)), ShapeError,
            "W of Conv2d 1 → 2 has shape (1, 2, 2, 2), expected (2, 1, 2, 2).",
        ),
        (
            lambda: Conv2d(1, 1, (1, 2, 3)), ValueError,
            "kernel_size of Conv2d is one whole number, or two for rows and columns, not (1, 2, 3).",
        ),
        (lambda: Conv2d(1, 1, 0), ValueError, "kernel_size of Conv2d must be a whole number from 1, not 0."),
        (
            lambda: Conv2d(1, 1, 2, padding="valid"), ValueError,
            "padding of Conv2d is a whole number, or 'same' with stride 1, not 'valid'.",
        ),
        (
            lambda: Conv2d(1, 1, 2, activation="softmax"), ValueError,
            "softmax is an activation of a whole row, which Conv2d does not have.",
        ),
        (
            lambda: Conv2d(1, 1, 2, bias=False, b=[0.0]), ValueError,
            "Conv2d was given b and bias=False: leave one of them out.",
        ),
        (
            lambda: ConvTranspose2d(1, 1, 2, output_padding=1), ValueError,
            "output_padding of ConvTranspose2d must be smaller than its stride or its dilation.",
        ),
        (lambda: MaxPool2d(2, padding=2), ValueError, "padding of MaxPool2d must be at most half its kernel_size."),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence


# --- PyTorch ----------------------------------------------------------------------------------------------------------

KEYS = {"W": "weight", "b": "bias"}


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 3, "padding": 1},
        {"kernel_size": (2, 3), "stride": (2, 1), "padding": (0, 1)},
        {"kernel_size": 2, "dilation": 2, "stride": 2},
        {"kernel_size": 2, "padding": "same"},
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
def test_convolution_agrees_with_pytorch(options):
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    compare(Conv2d(2, 3, **options), torch.nn.Conv2d(2, 3, **options), KEYS, drawn(2, 5, 6))


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 2, "stride": 2},
        {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
        {"kernel_size": (1, 2), "stride": (3, 1)},
        {"kernel_size": 2, "dilation": 2},
    ],
)
def test_transpose_agrees_with_pytorch(options):
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    compare(ConvTranspose2d(3, 2, **options), torch.nn.ConvTranspose2d(3, 2, **options), KEYS, drawn(3, 3, 4))


@pytest.mark.parametrize("options", [{"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "padding": 1}])
def test_pooling_agrees_with_pytorch(options):
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    compare(MaxPool2d(**options), torch.nn.MaxPool2d(**options), {}, drawn(2, 5, 6))


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(
    ("sizes", "options"),
    [
        ((3, 4, 3), {}),
        ((4, 6, 3, 2, 2, 2), {"groups": 2}),
        ((2, 2, 4), {"padding": "same"}),
        ((3, 3, 1), {"groups": 3, "bias": False}),
    ],
)
def test_convolutions_of_rows_are_pytorchs(sizes, options):
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    keys = {"W": "weight"} if options.get("bias") is False else {"W": "weight", "b": "bias"}
    x = np.random.default_rng(0).normal(size=(sizes[0], 9))
    compare(nn.Conv1d(*sizes, **options), torch.nn.Conv1d(*sizes, **options), keys, x)


@pytest.mark.parametrize(
    ("sizes", "options"),
    [
        ((4, 6, (2, 3)), {"groups": 2, "padding": 1}),
        ((3, 3, 2), {"groups": 3}),
        ((2, 6, 2), {"groups": 2, "stride": 2}),
    ],
)
def test_groups_are_pytorchs(sizes, options):
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    x = np.random.default_rng(0).normal(size=(sizes[0], 5, 6))
    keys = {"W": "weight", "b": "bias"}
    compare(nn.Conv2d(*sizes, **options), torch.nn.Conv2d(*sizes, **options), keys, x)
    compare(nn.ConvTranspose2d(*sizes, **options), torch.nn.ConvTranspose2d(*sizes, **options), keys, x)


def test_the_first_weights_of_a_group_are_drawn_as_pytorchs_are():
    bound = 1 / np.sqrt(2 * 3)
    W = nn.Conv1d(4, 100, 3, groups=2, seed=0).state_dict()["W"]
    assert W.shape == (100, 2, 3)
    assert 0.9 * bound < abs(W).max() <= bound


def test_rows_name_their_steps_and_say_what_does_not_fit():
    layer = nn.Conv1d(2, 1, 3, stride=2, padding=1, groups=1, seed=0)
    assert [v.name for v in layer(np.ones((2, 5)))[0]] == ["a[0][0]", "a[0][1]", "a[0][2]"]
    assert layer(np.ones((7, 2, 5))).shape == (7, 1, 3)
    assert layer.extent() == "2 → 1, 3, stride 2, padding 1"
    for make, sentence in [
        (lambda: layer(np.ones((3, 5))), "Conv1d 2 → 1, 3, stride 2, padding 1, identity takes one example, "
         "[channel][step], of 2 channels, got shape (3, 5)."),
        (lambda: nn.Conv1d(1, 1, 4)([[1.0, 2.0]]),
         "Conv1d 1 → 1, 4, identity takes 4 steps or more after padding, got 2."),
        (lambda: nn.Conv1d(3, 2, 1, groups=2), "Conv1d with groups=2 needs numbers of channels that 2 divides, not 3 "
         "and 2."),
        (lambda: nn.Conv1d(1, 1, (1, 2)), "kernel_size of Conv1d is one whole number, not (1, 2)."),
    ]:  # fmt: skip
        with pytest.raises((ValueError, nn.ShapeError)) as raised:
            make()
        assert str(raised.value) == sentence


@pytest.mark.parametrize("first", [
    lambda: nn.Conv1d(4, 6, 3, activation="relu", seed=1, groups=2),
    lambda: nn.Conv2d(4, 6, (1, 3), activation="relu", seed=1, groups=2),
])  # fmt: skip
def test_programs_train_as_the_engine_does(first, backend):
    random = np.random.default_rng(0)
    X = random.normal(size=(40, 4, 8) if isinstance(first(), nn.Conv1d) else (40, 4, 1, 8))
    y = random.normal(size=40)
    by_program, by_engine = (nn.Sequential(first(), nn.Flatten(), nn.Layer(36, 1, seed=2)) for _ in range(2))
    nn.fit(by_program, X, y, "mse", "adam", 2, 8, seed=0, compile=backend)
    nn.fit(by_engine, X, y, "mse", "adam", 2, 8, seed=0, compile=False)
    for name, array in by_engine.state_dict().items():
        np.testing.assert_allclose(by_program.state_dict()[name], array, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(arrays.numbers(by_engine(X[:3])), nn.predict(by_engine, X[:3]), rtol=1e-12)
