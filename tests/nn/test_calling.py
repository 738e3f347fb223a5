"""Modules called with one example, with a batch, and in ways that are put right."""

import numpy as np
import pytest

import nn
from autograd import Value

RANDOM = np.random.default_rng(0)
ROWS, PICTURES = RANDOM.standard_normal((4, 3)), RANDOM.standard_normal((2, 1, 4, 4))

#: Modules, and two or more examples that they take.
MODULES = {
    "Layer": (nn.Layer(3, 2, "softmax", seed=0), ROWS),
    "Linear": (nn.Linear(3, 2, seed=0), ROWS),
    "Neuron": (nn.Neuron(3, seed=0), ROWS),
    "MLP": (nn.MLP(3, [4, 2], seed=0), ROWS),
    "chain": (nn.Sequential(nn.Linear(3, 4, seed=0), nn.ReLU(), nn.Linear(4, 2, seed=1), nn.Softmax(dim=1)), ROWS),
    "ReLU": (nn.ReLU(), ROWS),
    "Softmax": (nn.Softmax(dim=-1), ROWS),
    "Softmax of pictures": (nn.LogSoftmax(dim=1), PICTURES.reshape(2, 4, 2, 2)),
    "Activation": (nn.Activation("softmax"), ROWS),
    "Conv2d": (nn.Conv2d(1, 2, kernel_size=3, padding=1, seed=0), PICTURES),
    "ConvTranspose2d": (nn.ConvTranspose2d(1, 1, 2, stride=2, seed=0), PICTURES),
    "MaxPool2d": (nn.MaxPool2d(2), PICTURES),
    "Upsample": (nn.Upsample(scale_factor=2), PICTURES),
    "Flatten": (nn.Flatten(), PICTURES),
    "Reshape": (nn.Reshape(3, 1), ROWS),
    "BatchNorm1d": (nn.BatchNorm1d(3).eval(), ROWS),
    "BatchNorm2d": (nn.BatchNorm2d(1).eval(), PICTURES),
    "UNet": (nn.UNet(1, channels=[1, 2], seed=0).eval(), PICTURES),
    "pictures to classes": (nn.Sequential(nn.Conv2d(1, 2, 3, seed=0), nn.Flatten(), nn.Linear(8, 2, seed=1)), PICTURES),
    "Network": (nn.Network(["x1", "x2", "x3"], {"y": ("tanh", ["x1", "x2", "x3"])}, ["y"], seed=0), ROWS),
    "skip": (nn.Concatenate(nn.Identity(), nn.Layer(3, 2, seed=0)), ROWS),
    "skip without layers": (nn.Concatenate(nn.Identity(), nn.ReLU()), ROWS),
    "skip of pictures": (nn.Concatenate(nn.Identity(), nn.Conv2d(1, 2, 3, padding=1, seed=0)), PICTURES),
}


@pytest.mark.parametrize("given", [np.asarray, np.ndarray.tolist, list], ids=["array", "lists", "list of arrays"])
@pytest.mark.parametrize("name", MODULES)
def test_a_batch_is_its_examples(name, given):
    model, examples = MODULES[name]
    found = model(given(examples))
    due = np.stack([nn.arrays.numbers(model(example)) for example in examples])
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(nn.arrays.numbers(found), due)
    np.testing.assert_array_equal(nn.arrays.numbers(model(given(examples[:1]))), due[:1])


#: What no chain of PyTorch's modules computes.
WITHOUT_COUNTERPART = {"Neuron", "UNet", "Network", "skip", "skip without layers", "skip of pictures"}


@pytest.mark.parametrize("name", [name for name in MODULES if name not in WITHOUT_COUNTERPART])
def test_a_batch_of_tensors_is_pytorchs(name):
    torch = pytest.importorskip("torch", reason="the oracle")
    model, examples = MODULES[name]
    with torch.no_grad():
        due = nn.to_torch(model)(torch.tensor(examples)).numpy()
    np.testing.assert_allclose(nn.arrays.numbers(model(torch.tensor(examples))), due, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "make", [lambda: nn.Dropout(0.5, seed=0), lambda: nn.Stochastic(seed=0), lambda: nn.Dropout().eval()]
)
def test_what_is_drawn_for_a_tensor_is_drawn_for_each_number(make):
    torch = pytest.importorskip("torch", reason="the tensors")
    due = nn.arrays.numbers(make()(ROWS))
    for given in (torch.tensor(ROWS), list(torch.tensor(ROWS))):
        found = make()(given)
        assert isinstance(found, np.ndarray)
        np.testing.assert_array_equal(nn.arrays.numbers(found), due)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "silu", "mish", "gelu", "sigmoid", "tanh",
                                  "softplus", "softsign"])  # fmt: skip
def test_functions_of_each_number_take_tensors(name):
    torch = pytest.importorskip("torch", reason="the oracle")
    due = getattr(torch.nn.functional, name)(torch.tensor(PICTURES)).numpy()
    np.testing.assert_allclose(getattr(nn.functional, name)(torch.tensor(PICTURES)), due, rtol=1e-12, atol=1e-14)


def test_a_batch_of_values_keeps_the_graph():
    x = Value(0.5, name="x")
    out = nn.Linear(2, 1, W=[[3.0, 4.0]], b=[0.0])([[x, 1.0], [2.0, x]])
    out.sum().backward()
    assert x.grad == 7.0


def test_a_forward_of_ones_own_gets_what_is_given():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(3, 2, seed=0)

        def forward(self, x):
            return nn.cat([self.first(x), x], dim=1)

    model = Twice()
    out = model(ROWS)
    assert out.shape == (4, 5)
    np.testing.assert_array_equal(out[:, 2:].astype(float), ROWS)


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        (
            lambda: nn.MLP(2, [3, 1], seed=0)(1.0, 2.0),
            TypeError,
            "MLP 2 → 1 takes one example, a list of its numbers, but was called with 2 numbers: write model([1, 2]).",
        ),
        (
            lambda: nn.Linear(2, 1)(Value(1.0, name="x"), Value(0.5)),
            TypeError,
            "Linear 2 → 1, identity takes one example, a list of its numbers, but was called with 2 numbers: "
            "write model([x, 0.5]).",
        ),
        (
            lambda: nn.Linear(2, 1)(),
            TypeError,
            "Linear 2 → 1, identity cannot be called like this: missing a required argument: 'inputs'.",
        ),
        (
            lambda: nn.MLP(2, [3, 1]).graph(),
            AttributeError,
            "'MLP' object has no attribute 'graph': a model has no graph until it computes: write model(x)[0].graph().",
        ),
        (
            lambda: nn.MLP(2, [3, 1]).draw(),
            AttributeError,
            "'MLP' object has no attribute 'draw': a model has no graph until it computes: write "
            "model(x)[0].graph().save('model.svg').",
        ),
        (
            lambda: nn.MLP(2, [3, 1]).plot(),
            AttributeError,
            "'MLP' object has no attribute 'plot': write model(x)[0].graph().save('model.svg') for its graph, nn.plots "
            "for what it learns.",
        ),
        (lambda: nn.Linear(2, 1).summary(), AttributeError,
         "'Linear' object has no attribute 'summary': write print(model)."),
        (
            lambda: nn.Linear(2, 1).to("cuda"),
            AttributeError,
            "'Linear' object has no attribute 'to': numbers are float64, and everything is computed on the processor: "
            "leave it out.",
        ),
        (lambda: setattr(nn.MLP(2, [3, 1]).layers[0], "requires_grad", False), AttributeError,
         "'Layer' object has no attribute 'requires_grad': write model.freeze() or model.unfreeze()."),
        (lambda: nn.Linear(2, 1).requires_grad, AttributeError,
         "'Linear' object has no attribute 'requires_grad': write model.freeze() or model.unfreeze()."),
        (lambda: setattr(nn.Linear(2, 1).W, "requires_grad", False), AttributeError,
         "An array has no 'requires_grad' of its own, but each of its Values has: write for v in array.flat: "
         "v.requires_grad = False."),
        (lambda: setattr(nn.Linear(2, 1).W[0], "grad", None), AttributeError,
         "An array has no 'grad' of its own, but each of its Values has: write for v in array.flat: v.grad = None."),
        (lambda: nn.Linear(2, 1).spam, AttributeError, "'Linear' object has no attribute 'spam'"),
        (lambda: nn.Linear(2, 1)(np.zeros((0, 2))), nn.ShapeError,
         "A batch holds one example or more, but this one is empty."),
        (lambda: nn.Linear(2, 1)(np.zeros((4, 3))), nn.ShapeError, "Linear 2 → 1, identity takes 2 inputs, got 3."),
        (lambda: nn.RNN, AttributeError, "nn has no 'RNN': write nn.Elman."),
        (lambda: nn.Linaer, AttributeError, "nn has no 'Linaer'. Did you mean 'Linear'?"),
        (lambda: nn.spam, AttributeError, "nn has no 'spam'"),
        (lambda: nn.optim.Adagrad, AttributeError, "nn.optim has no 'Adagrad': write nn.AdaGrad."),
        (
            lambda: nn.optim.RMSprop,
            AttributeError,
            "nn.optim has no 'RMSprop': write nn.RMSProp; PyTorch's defaults are nn.RMSProp(parameters, lr=0.01, "
            "alpha=0.99, eps=1e-8).",
        ),
        (lambda: nn.ReLU(inplace=True)(1.0, 2.0), TypeError,
         "ReLU relu takes one example, a list of its numbers, but was called with 2 numbers: write "
         "model([1, 2])."),
    ],
)  # fmt: skip
def test_errors(wrong, error, sentence):
    with pytest.raises(error) as caught:
        wrong()
    assert str(caught.value) == sentence


def test_a_module_of_ones_own_may_define_requires_grad():
    class Frozen(nn.Module):
        requires_grad = True

    model = Frozen()
    model.requires_grad = False
    assert not model.requires_grad


def test_a_forward_of_batches_is_trained_and_asked_with_batches():
    class Joined(nn.Module):
        whole_batch = whole_batch_in_evaluation = True

        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(3, 2, seed=0), nn.Linear(5, 1, seed=1)

        def forward(self, x):
            return self.last(nn.cat([self.first(x), x], dim=1))

    targets = ROWS.sum(axis=1)
    by_hand, model = Joined(), Joined()
    optimizer = nn.SGD(by_hand.parameters(), lr=0.05)
    for _ in range(2):
        optimizer.zero_grad()
        nn.MSELoss()(by_hand(ROWS), targets[:, None]).backward()
        optimizer.step()
    for compile_it in (False, True):
        model = Joined()
        nn.fit(model, ROWS, targets, "mse", nn.SGD(model.parameters(), 0.05), 2, None, compile=compile_it)
        assert [p.data for p in model.parameters()] == pytest.approx([p.data for p in by_hand.parameters()], rel=1e-10)
    np.testing.assert_allclose(nn.predict(model, ROWS), nn.arrays.numbers(by_hand(ROWS)), rtol=1e-9)
