"""LayerNorm and RMSNorm: against PyTorch, and by programs."""

import numpy as np
import pytest
from against_torch import compare, torch
from numpy.testing import assert_allclose

import nn
from nn import arrays

KEYS = {"gamma": "weight", "beta": "bias"}


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def with_weights(reference):
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter.copy_(torch.tensor(drawn(*parameter.shape, seed=3)))
    return reference


@pytest.mark.parametrize(
    ("shape", "given"),
    [(5, (5,)), (1, (1,)), (3, (4, 3)), (3, (2, 4, 3)), ((2, 3), (2, 3)), ((2, 3), (4, 2, 3))],
)
def test_as_pytorch_does(shape, given):
    compare(nn.LayerNorm(shape), with_weights(torch.nn.LayerNorm(shape)), KEYS, drawn(*given))
    compare(nn.RMSNorm(shape), with_weights(torch.nn.RMSNorm(shape)), {"gamma": "weight"}, drawn(*given))


def test_options_as_pytorchs():
    x = drawn(4, 3)
    without = torch.nn.LayerNorm(3, bias=False)
    compare(nn.LayerNorm(3, bias=False), with_weights(without), {"gamma": "weight"}, x)
    compare(nn.LayerNorm(3, eps=0.5), with_weights(torch.nn.LayerNorm(3, eps=0.5)), KEYS, x)
    compare(nn.LayerNorm(3, elementwise_affine=False), torch.nn.LayerNorm(3, elementwise_affine=False), {}, x)
    compare(nn.RMSNorm(3, eps=0.5), with_weights(torch.nn.RMSNorm(3, eps=0.5)), {"gamma": "weight"}, x)
    compare(nn.RMSNorm(3, elementwise_affine=False), torch.nn.RMSNorm(3, elementwise_affine=False), {}, x)


@pytest.mark.parametrize("kind", [nn.LayerNorm, nn.RMSNorm])
def test_programs_train_as_the_engine_does(kind, backend):
    X, y = drawn(40, 3), drawn(40, seed=1)

    def model():
        return nn.Sequential(nn.Layer(3, 6, "tanh", seed=1), kind(6), nn.Layer(6, 1, seed=2))

    by_program, by_engine = model(), model()
    nn.fit(by_program, X, y, "mse", "adam", 3, 8, seed=0, compile=backend)
    nn.fit(by_engine, X, y, "mse", "adam", 3, 8, seed=0, compile=False)
    for name, array in by_engine.state_dict().items():
        assert_allclose(by_program.state_dict()[name], array, rtol=1e-10, atol=1e-13)
    assert_allclose(nn.predict(by_program, X[:2]), arrays.numbers(by_program(X[:2])), rtol=1e-13)


def test_the_statistics_have_names_and_edges():
    y = nn.Sequential(nn.LayerNorm(3), nn.Layer(3, 1, seed=0))([1.0, 2.0, 4.0])
    names = {node.name for node in y[0].graph().nodes}
    assert {"gamma1[0]", "beta1[2]"} <= names
    assert any(name and name.startswith("W2") for name in names)


def test_another_width_is_refused():
    with pytest.raises(nn.ShapeError) as raised:
        nn.LayerNorm((2, 3))([[1.0, 2.0], [3.0, 4.0]])
    assert str(raised.value) == "LayerNorm 2×3 takes examples whose last sizes are (2, 3), got (2, 2)."


def test_a_batch_of_one_is_one():
    model = nn.Sequential(nn.LayerNorm(3), nn.Flatten(), nn.Linear(15, 2, seed=0))
    assert model(np.ones((1, 5, 3))).shape == (1, 2)


def test_a_picture_of_one_channel_stays_one():
    model = nn.Sequential(nn.Flatten(), nn.Linear(15, 2, seed=0))
    assert model(np.ones((1, 5, 3))).shape == (2,)
    assert model(np.ones((3, 5))).shape == (2,)
    assert model(np.ones((4, 1, 5, 3))).shape == (4, 2)
