import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Graph
from nn import arrays
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.convolution import Conv2d, ConvTranspose2d
from nn.modules.layers import Sequential
from nn.modules.pooling import MaxPool2d


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


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


def pairs(least, most):
    """Draw a number for rows and one for columns."""
    return st.tuples(st.integers(least, most), st.integers(least, most))


@settings(deadline=None, max_examples=30)
@given(kernel=pairs(1, 3), stride=pairs(1, 2), padding=pairs(0, 2), dilation=pairs(1, 2), channels=pairs(1, 2),
       groups=st.integers(1, 3))  # fmt: skip
def test_convolution_agrees_with_pytorch(kernel, stride, padding, dilation, channels, groups):
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    into, out = groups * channels[0], groups * channels[1]
    options = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    compare(Conv2d(into, out, **options), torch.nn.Conv2d(into, out, **options), KEYS, drawn(into, 6, 5))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("kernel_size", [2, 3, (4, 5)])
def test_same_padding_is_pytorchs(kernel_size):
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    options = {"kernel_size": kernel_size, "padding": "same"}
    compare(Conv2d(1, 2, **options), torch.nn.Conv2d(1, 2, **options), KEYS, drawn(1, 5, 4))


@settings(deadline=None, max_examples=30)
@given(data=st.data(), kernel=pairs(1, 3), stride=pairs(1, 3), padding=pairs(0, 1), dilation=pairs(1, 2),
       channels=pairs(1, 2), groups=st.integers(1, 3))  # fmt: skip
def test_transpose_agrees_with_pytorch(data, kernel, stride, padding, dilation, channels, groups):
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    more = tuple(data.draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
    into, out = groups * channels[0], groups * channels[1]
    options = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    options |= {"output_padding": more}
    x = drawn(into, 3, 4)  # at least 1 × 1 comes out: (3 − 1)·1 − 2·1 + 1
    compare(ConvTranspose2d(into, out, **options), torch.nn.ConvTranspose2d(into, out, **options), KEYS, x)


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
