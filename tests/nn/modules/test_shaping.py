import operator

import numpy as np
import pytest

from autograd import Graph, Value
from nn import arrays, predict
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.convolution import Conv2d, ConvTranspose2d
from nn.modules.elementwise import Activation, Identity
from nn.modules.layers import Layer, Sequential
from nn.modules.normalization import BatchNorm2d
from nn.modules.pooling import MaxPool2d
from nn.modules.shaping import Concatenate, Flatten, Reshape, concatenate


def test_flatten_and_reshape_are_numpys():
    x = np.arange(24.0).reshape(2, 3, 4)
    assert Flatten()(x).tolist() == x.ravel().tolist()
    assert Reshape(2, 3, 4)(x.ravel()).tolist() == x.tolist()
    assert Reshape(24)(x).tolist() == x.ravel().tolist()
    values = [Value(i) for i in range(4)]
    assert all(map(operator.is_, Flatten()(Reshape(1, 2, 2)(values)), values))


@pytest.mark.parametrize(("axes", "shape"), [(1, (4, 5)), (2, (4, 5, 3)), (3, (4, 2, 5, 3)), (4, (2, 2, 3, 2, 2))])
@pytest.mark.parametrize("within", [False, True])
def test_a_batch_is_flattened_as_pytorchs_is(axes, shape, within):
    torch = pytest.importorskip("torch")
    x = np.arange(float(np.prod(shape))).reshape(shape)
    flatten = Sequential(Activation("identity"), Flatten(axes=axes)) if within else Flatten(axes=axes)
    due = torch.nn.Flatten()(torch.tensor(x)).numpy()
    np.testing.assert_array_equal(arrays.numbers(flatten(x)), due)
    np.testing.assert_array_equal(predict(flatten, x), due)
    np.testing.assert_array_equal(arrays.numbers(flatten(x[0])), due[0])
    again = Module.from_config(flatten.config())
    np.testing.assert_array_equal(arrays.numbers(again(x)), due)


def test_prediction_and_training_flatten_examples_of_more_axes_than_were_said_as_pytorch_does():
    torch = pytest.importorskip("torch")
    x = np.arange(96.0).reshape(3, 2, 4, 4)
    due = torch.nn.Flatten()(torch.tensor(x)).numpy()
    np.testing.assert_array_equal(predict(Sequential(Activation("identity"), Flatten(axes=2)), x), due)
    np.testing.assert_array_equal(Flatten(axes=2).batch(list(x)), due)


def test_a_module_of_ones_own_flattens_pictures_without_channels():
    class Classifier(Module):
        def __init__(self):
            self.flatten, self.layer = Flatten(axes=2), Layer(6, 2, seed=0)

        def forward(self, x):
            return self.layer(self.flatten(x))

    model, X = Classifier(), np.arange(24.0).reshape(4, 2, 3)
    np.testing.assert_array_equal(arrays.numbers(model(X)), predict(model, X))


def test_more_axes_than_those_of_a_batch_are_refused():
    with pytest.raises(ShapeError) as caught:
        Flatten()(np.ones((2, 2, 3, 4, 4)))
    assert str(caught.value) == (
        "Flatten takes an example of up to 3 axes, or a batch with one more, but got 5. "
        "For larger examples write Flatten(axes=4)."
    )
    with pytest.raises(ValueError, match=r"^axes of Flatten must be a whole number from 1, not 0\.$"):
        Flatten(axes=0)


def test_concatenate():
    assert concatenate([1.0], np.array([2.0, 3.0])).tolist() == [1.0, 2.0, 3.0]
    a, b = np.ones((1, 2, 3)), np.zeros((2, 2, 3))
    assert concatenate(a, b).tolist() == np.concatenate([a, b]).tolist()


def test_branches_side_by_side():
    model = Concatenate(Identity(), Layer(2, 1, W=[[1.0, 2.0]], b=[0.5]), Activation("relu"))
    assert list(map(float, model([-1.0, 3.0]))) == [-1.0, 3.0, 5.5, 0.0, 3.0]
    assert list(model.state_dict()) == ["W1", "b1"]


PICTURES = np.random.default_rng(0).normal(size=(2, 1, 4, 4))


def u_net():
    """A U-Net of one level down: the skip connection is a branch that passes its input on (lecture L3.6)."""
    below = Sequential(MaxPool2d(2), Conv2d(2, 2, 3, padding=1, seed=1), ConvTranspose2d(2, 2, 2, stride=2, seed=2))
    return Sequential(
        Conv2d(1, 2, 3, padding=1, bias=False, seed=0),
        BatchNorm2d(2),
        Activation("relu"),
        Concatenate(Identity(), below),
        Conv2d(4, 1, 1, seed=3),
    )


def test_a_u_net_in_one_chain():
    model = u_net()
    assert list(model.state_dict())[6:] == ["3.1.W1", "3.1.b1", "3.1.W2", "3.1.b2", "W4", "b4"]
    outputs = model.batch(PICTURES.tolist())
    assert [arrays.shape(y) for y in outputs] == [(1, 4, 4)] * 2
    names = {node.name: node.scope for node in Graph(outputs[0][0][0][0]).nodes if node.op is not None and node.name}
    assert names["3.1.a2[0][0][0]"] == "concatenate3/sequential1/upconv2/channel0"


def test_a_u_net_agrees_with_pytorch():
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    class Reference(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.into = torch.nn.Conv2d(1, 2, 3, padding=1, bias=False)
            self.norm = torch.nn.BatchNorm2d(2)
            self.below = torch.nn.Sequential(
                torch.nn.MaxPool2d(2), torch.nn.Conv2d(2, 2, 3, padding=1), torch.nn.ConvTranspose2d(2, 2, 2, stride=2)
            )
            self.out = torch.nn.Conv2d(4, 1, 1)

        def forward(self, x):
            x = torch.relu(self.norm(self.into(x)))
            return self.out(torch.cat([x, self.below(x)], dim=1))

    keys = {"W1": "into.weight", "gamma2": "norm.weight", "beta2": "norm.bias", "W4": "out.weight", "b4": "out.bias"}
    keys |= {f"{name}2": f"norm.{name}" for name in ("running_mean", "running_var", "num_batches_tracked")}
    keys |= {"3.1.W1": "below.1.weight", "3.1.b1": "below.1.bias", "3.1.W2": "below.2.weight", "3.1.b2": "below.2.bias"}
    torch.manual_seed(0)
    compare(u_net(), Reference(), keys, PICTURES, together=True, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: Reshape(2, 3)([1.0]), "Reshape 2 × 3 takes 6 numbers, got 1."),
        (
            lambda: concatenate(np.ones((1, 2, 2)), np.ones((1, 3, 2))),
            "concatenate joins pictures of one height and width, or rows; got shapes 1 × 2 × 2, 1 × 3 × 2.",
        ),
        (
            lambda: concatenate([1.0], np.ones((1, 2, 2))),
            "concatenate joins pictures of one height and width, or rows; got shapes 1, 1 × 2 × 2.",
        ),
    ],
)
def test_errors(call, sentence):
    with pytest.raises(ShapeError) as caught:
        call()
    assert str(caught.value) == sentence
