"""PyTorch's modules by their names, beside PyTorch's own; files and configurations; what is refused."""

import numpy as np
import pytest

import nn
from autograd import Value
from nn import functional as F  # noqa: N812  (PyTorch's habit)

torch = pytest.importorskip("torch", reason="the oracle of its own modules")

X = np.array([[-3.0, -0.5, 0.0], [0.25, 1.0, 30.0]])
PICTURES = np.random.default_rng(0).standard_normal((2, 3, 2, 2))

CASES = [
    ("ReLU", {"inplace": True}), ("Sigmoid", {}), ("Tanh", {}), ("LeakyReLU", {}),
    ("LeakyReLU", {"negative_slope": 0.3}),
    ("ELU", {}), ("ELU", {"alpha": 0.5}), ("SELU", {}), ("GELU", {}), ("SiLU", {"inplace": True}), ("Mish", {}),
    ("Softplus", {}), ("Softsign", {}), ("Softmax", {"dim": 1}), ("Softmax", {"dim": -1}), ("LogSoftmax", {"dim": 1}),
    ("Identity", {}), ("Flatten", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), CASES)
def test_numbers_are_pytorchs(name, options):
    due = getattr(torch.nn, name)(**options)(torch.tensor(X)).numpy()
    model = getattr(nn, name)(**options)
    if name != "Flatten":  # which takes two axes for one picture
        np.testing.assert_allclose(nn.arrays.numbers(model(X)), due, rtol=1e-9, atol=1e-9)
    again = nn.Module.from_config(nn.Sequential(model).config())[0]
    assert type(again) is type(model)
    assert again.config() == model.config()
    np.testing.assert_allclose(nn.to_torch(model)(torch.tensor(X)).numpy(), due, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "options"),
    [("relu", {"inplace": True}), ("sigmoid", {}), ("tanh", {}), ("leaky_relu", {"negative_slope": 0.3}),
     ("elu", {"alpha": 0.5}), ("selu", {}), ("gelu", {}), ("silu", {}), ("mish", {}), ("softplus", {}),
     ("softsign", {}), ("softmax", {"dim": 0}), ("softmax", {"dim": 1}), ("log_softmax", {"dim": -1})],
)  # fmt: skip
def test_functions_are_pytorchs(name, options):
    due = getattr(torch.nn.functional, name)(torch.tensor(X), **options).numpy()
    for given in (X, X.tolist()):
        np.testing.assert_allclose(getattr(F, name)(given, **options), due, rtol=1e-9, atol=1e-9)


def test_softmax_over_channels():
    due = torch.nn.Softmax(dim=1)(torch.tensor(PICTURES)).numpy()
    np.testing.assert_allclose(nn.arrays.numbers(nn.Softmax(dim=1)(PICTURES)), due, rtol=1e-12)
    np.testing.assert_allclose(F.softmax(PICTURES, dim=1), due, rtol=1e-12)


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_upsample(factor):
    due = torch.nn.Upsample(scale_factor=factor)(torch.tensor(PICTURES)).numpy()
    np.testing.assert_array_equal(nn.Upsample(scale_factor=factor)(PICTURES), due)


@pytest.mark.parametrize("dim", [0, 1, 2, 3, -1])
def test_cat(dim):
    due = torch.cat([torch.tensor(PICTURES), torch.tensor(2 * PICTURES)], dim=dim).numpy()
    np.testing.assert_array_equal(nn.cat([PICTURES, 2 * PICTURES], dim=dim), due)


def test_linear_pooling_and_one_hot():
    W, b = np.arange(6.0).reshape(2, 3), [0.5, -1.0]
    tensors = [torch.tensor(each) for each in (X, W, np.array(b))]
    due = torch.nn.functional.linear(*tensors).numpy()
    np.testing.assert_allclose(F.linear(X, W, b), due)
    layer = nn.Linear(3, 2, W=W, b=b)
    np.testing.assert_allclose(nn.arrays.numbers(layer(X)), due)
    np.testing.assert_allclose(nn.arrays.numbers(F.linear(X, layer.W, layer.b)), due)
    assert nn.Linear(3, 2, bias=False).b is None
    np.testing.assert_array_equal(
        F.max_pool2d(PICTURES, 2), torch.nn.functional.max_pool2d(torch.tensor(PICTURES), 2).numpy()
    )
    np.testing.assert_array_equal(F.one_hot(np.array([0.0, 2.0]), 4), F.one_hot(torch.tensor([0, 2]), 4))
    assert F.one_hot(2).tolist() == [0, 0, 1]
    assert F.one_hot([], 3).shape == (0, 3)
    assert F.one_hot([0, 1_000_000]).sum(axis=1).tolist() == [1, 1]  # for which np.eye has no room
    for held in (np.array([np.int64(0), 2], dtype=object), np.array([0, 2], dtype=np.longdouble), [0, Value(2.0)]):
        np.testing.assert_array_equal(F.one_hot(held, np.int64(-1)), F.one_hot([0, 2]))
    np.testing.assert_array_equal(F.one_hot([0, 2], 4), torch.nn.functional.one_hot(torch.tensor([0, 2]), 4).numpy())


def test_linear_is_drawn_as_pytorch_draws():
    numbers = nn.Linear(4, 100, seed=0).state_dict()
    assert np.abs(numbers["W"]).max() <= 0.5
    assert np.abs(numbers["W"]).max() > 0.49
    assert np.abs(numbers["b"]).max() <= 0.5


def test_a_saved_model_comes_back(tmp_path):
    model = nn.Sequential(
        nn.Linear(3, 4, seed=0), nn.LeakyReLU(0.2), nn.Dropout(0.1), nn.Linear(4, 2, bias=False, seed=1)
    )
    nn.save(model, tmp_path / "model.safetensors")
    again = nn.load(tmp_path / "model.safetensors")
    assert [type(layer) for layer in again] == [type(layer) for layer in model]
    np.testing.assert_array_equal(nn.predict(again, X), nn.predict(model, X))


def test_dropout_in_functional():
    assert F.dropout([1.0, 2.0], training=False).tolist() == [1.0, 2.0]
    assert set(F.dropout(np.ones(50), p=0.5, seed=0)) == {0.0, 2.0}


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        (lambda: nn.Softmax(dim=0), ValueError,
         "Softmax(dim=0) would go over the examples of a batch: write Softmax(dim=1), over classes."),
        (lambda: nn.LogSoftmax(dim=2), ValueError,
         "LogSoftmax(dim=2) would go over rows or columns: write LogSoftmax(dim=1), over classes."),
        (lambda: nn.Softmax(dim=-1)(PICTURES), ValueError,
         "Softmax(dim=-1) would go over the columns of a picture: write dim=1."),
        (lambda: nn.predict(nn.Softmax(), PICTURES[:, 0]), ValueError,
         "Softmax softmax was given an example of two axes: write dim=1 to go over the first, dim=-1 over the last."),
        (lambda: nn.GELU(approximate="tanh"), ValueError,
         "GELU is computed exactly: write approximate='none', not 'tanh'."),
        (lambda: nn.Softplus(beta=2), ValueError,
         "Softplus has beta=1 and a threshold of 20 or more here, not beta=2, threshold=20.0: for another write "
         "nn.Activation(lambda x: softplus(beta * x) / beta)."),
        (lambda: nn.Upsample(2, mode="bilinear"), ValueError,
         "Upsample repeats numbers, mode='nearest', not 'bilinear': or take nn.ConvTranspose2d."),
        (lambda: nn.cat([X, X[:, :2]], dim=0), nn.ShapeError,
         "cat(…, dim=0) joins arrays that differ along this axis alone; got (2, 3), (2, 2)."),
        (lambda: nn.cat([X[0], X[1]], dim=1), nn.ShapeError,
         "cat(…, dim=1) joins arrays that differ along this axis alone; got (3,), (3,)."),
        (lambda: nn.cat([]), nn.ShapeError, "cat(…, dim=0) joins arrays that differ along this axis alone; got none."),
        (lambda: F.softmax(PICTURES), nn.ShapeError,
         "softmax needs dim, an axis of its input, got dim=None for shape (2, 3, 2, 2)."),
        (lambda: F.linear(X, X[:, :2]), nn.ShapeError,
         "linear with weights (2, 2) takes 2 inputs, got shape (2, 3)."),
        (lambda: F.one_hot([3], 3), ValueError, "one_hot takes classes from 0 to 2, got 3 to 3."),
        (lambda: F.one_hot(["2"]), TypeError, "one_hot takes classes, whole numbers from 0, not '2'."),
        (lambda: F.one_hot([0, None]), TypeError, "one_hot takes classes, whole numbers from 0, not None."),
        (lambda: F.one_hot(1 + 0j), TypeError, "one_hot takes classes, whole numbers from 0, not (1+0j)."),
        (lambda: F.one_hot(np.ma.array([0, 1], mask=[0, 1])), TypeError,
         "tensor is a masked array, whose mask would be ignored: leave such examples out, or write "
         "tensor.filled(number)."),
        (lambda: F.one_hot([]), ValueError, "one_hot of no classes needs num_classes."),
    ],
)  # fmt: skip
def test_errors(wrong, error, sentence):
    with pytest.raises(error) as caught:
        wrong()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("classes", "named"),
    [([0.0, 1.7], "1.7"), ([[0, np.nan]], "nan"), ([-1], "-1"), ([1e300, 0.0], "1e+300"), ([0, 2**70], str(2**70)),
     (np.array([2**63], dtype=np.uint64), str(2**63)), (10**400, str(10**400))],
)  # fmt: skip
def test_one_hot_names_what_is_no_class(classes, named):
    with pytest.raises(ValueError) as caught:
        F.one_hot(classes)
    assert str(caught.value) == f"one_hot takes classes, whole numbers from 0 to 2**53, not {named}."


@pytest.mark.parametrize("wrong", ["3", 2.5, None, -5, 0, True, [3]])
def test_one_hot_takes_a_whole_number_of_classes(wrong):
    for classes in ([0, 1], []):
        with pytest.raises(ValueError) as caught:
            F.one_hot(classes, wrong)
        assert str(caught.value) == f"num_classes of one_hot must be a whole number from 1, not {wrong!r}."
