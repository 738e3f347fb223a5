"""What modules give are arrays of Values: sums, multiples and joins of outputs mean what they mean in PyTorch."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import autograd
import nn
from autograd import Value, Values
from nn import arrays

torch = pytest.importorskip("torch", reason="PyTorch is the reference of these tests")

X = np.random.default_rng(0).normal(size=(12, 3))
T = np.random.default_rng(1).normal(size=(12, 3))


class Own(nn.Module):
    """Two layers, joined in a way of one's own."""

    def __init__(self, join):
        self.f = nn.Layer(3, 3, "tanh", seed=0)
        self.g = nn.Layer(3, 3, seed=1)
        self._join = join

    def forward(self, x):
        return self._join(x, self.f, self.g)


#: How outputs are joined here, and in PyTorch.
JOINS = {
    "twice": (lambda x, f, g: 2 * f(x), lambda x, f, g: 2 * f(x)),
    "times two": (lambda x, f, g: g(x) * 2, lambda x, f, g: g(x) * 2),
    "sum": (lambda x, f, g: f(x) + g(x), lambda x, f, g: f(x) + g(x)),
    "difference": (lambda x, f, g: f(x) - g(x), lambda x, f, g: f(x) - g(x)),
    "product": (lambda x, f, g: f(x) * g(x), lambda x, f, g: f(x) * g(x)),
    "residual": (lambda x, f, g: x + f(x), lambda x, f, g: x + f(x)),
    "residual behind": (lambda x, f, g: g(x + f(x)) + x, lambda x, f, g: g(x + f(x)) + x),
    "doubled input": (lambda x, f, g: f(2 * x), lambda x, f, g: f(2 * x)),
    "added input": (lambda x, f, g: f(x + x), lambda x, f, g: f(x + x)),
    "joined": (lambda x, f, g: np.concatenate([f(x), g(x)]), lambda x, f, g: torch.cat([f(x), g(x)], -1)),
    "joined with input": (lambda x, f, g: np.concatenate([f(x), x]), lambda x, f, g: torch.cat([f(x), x], -1)),
    "gated": (
        lambda x, f, g: autograd.sigmoid(g(x)) * f(x) + (1 - autograd.sigmoid(g(x))) * x,
        lambda x, f, g: torch.sigmoid(g(x)) * f(x) + (1 - torch.sigmoid(g(x))) * x,
    ),
    "function of NumPy": (lambda x, f, g: np.exp(np.sin(g(x))), lambda x, f, g: torch.exp(torch.sin(g(x)))),
    "sliced": (lambda x, f, g: f(x)[1:] - g(x)[:-1], lambda x, f, g: f(x)[..., 1:] - g(x)[..., :-1]),
    "reversed": (lambda x, f, g: f(x[::-1])[::-1], lambda x, f, g: f(x.flip(-1)).flip(-1)),
    "stacked": (lambda x, f, g: np.stack([f(x), g(x)]), lambda x, f, g: torch.stack([f(x), g(x)], -2)),
    "outer product": (lambda x, f, g: np.outer(f(x), g(x)), lambda x, f, g: f(x)[:, :, None] * g(x)[:, None, :]),
    "scaled in place": (scaled := lambda x, f, g: f(_double(x)), scaled),
    "mean": (lambda x, f, g: f(x) - f(x).mean(), lambda x, f, g: f(x) - f(x).mean(-1, keepdim=True)),
}


def _double(x):
    x *= 2
    return x


def reference(name):
    ours = Own(JOINS[name][0])
    f, g = torch.nn.Linear(3, 3).double(), torch.nn.Linear(3, 3).double()
    with torch.no_grad():
        for theirs, mine in ((f, ours.f), (g, ours.g)):
            theirs.weight.copy_(torch.tensor(arrays.numbers(mine.W)))
            theirs.bias.copy_(torch.tensor(arrays.numbers(mine.b)))
    return ours, lambda x: JOINS[name][1](x, lambda x: torch.tanh(f(x)), g), [f.weight, f.bias, g.weight, g.bias]


@pytest.mark.parametrize("name", JOINS)
def test_joined_outputs_agree_with_pytorch(name):
    ours, theirs, weights = reference(name)
    expected = theirs(torch.tensor(X))
    for x, row in zip(X, expected, strict=True):
        for given in (x.copy(), np.array([Value(number) for number in x])):
            y = ours(given)
            assert (type(y), y.dtype, y.shape) == (Values, object, tuple(row.shape))
            assert_allclose(arrays.numbers(y), row.detach().numpy(), rtol=1e-13, atol=1e-15)
    assert_allclose(nn.predict(ours, X), expected.detach().numpy(), rtol=1e-13, atol=1e-15)
    (expected**2).mean().backward()
    model = Own(JOINS[name][0])
    zeros = np.zeros(expected.shape)
    slopes = nn.curvature.loss_gradient(model, X, zeros)
    known = [np.zeros_like(w.detach()) if w.grad is None else w.grad.numpy() for w in weights]
    assert_allclose(slopes, np.concatenate([grad.ravel() for grad in known]), rtol=1e-10, atol=1e-15)


@pytest.mark.filterwarnings("ignore:The loss does not depend on")
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("name", ["times two", "sum", "residual behind", "doubled input", "gated", "scaled in place"])
def test_training_agrees_with_pytorch(name, compiled):
    ours, theirs, weights = reference(name)
    descent = torch.optim.SGD(weights, lr=0.1)
    losses = []
    for _ in range(5):
        descent.zero_grad()
        loss = ((theirs(torch.tensor(X)) - torch.tensor(T)) ** 2).mean()
        loss.backward()
        descent.step()
        losses.append(loss.item())
    optimizer = nn.SGD(ours.parameters(), lr=0.1)
    history = nn.fit(ours, X, T, optimizer=optimizer, epochs=5, batch_size=None, compile=compiled)
    assert_allclose(history["loss"], losses, rtol=1e-11)
    assert_allclose(nn.predict(ours, X), theirs(torch.tensor(X)).detach().numpy(), rtol=1e-11)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_loss_of_ones_own_gets_arrays(compiled):
    """Targets as well: 2·t, t − o and their sums of squares are those of arrays."""
    ours, theirs, _ = reference("sum")

    def loss(o, t):
        return ((2 * t - o) ** 2).sum() + (o * t).mean()

    history = nn.fit(ours, X, T, loss=loss, optimizer=nn.SGD(ours.parameters(), lr=0.0), epochs=1, compile=compiled)
    o, t = theirs(torch.tensor(X)), torch.tensor(T)
    expected = (((2 * t - o) ** 2).sum(-1) + (o * t).mean(-1)).mean()
    assert_allclose(history["loss"], [expected.item()], rtol=1e-12)


PICTURE = np.random.default_rng(2).normal(size=(2, 4, 4))
SEQUENCE = np.random.default_rng(3).normal(size=(5, 2))

SHAPES = (
    {
        "Neuron": (lambda: nn.Neuron(3), X[0], (1,)),
        "StochasticNeuron": (lambda: nn.StochasticNeuron(3), X[0], (1,)),
        "Layer": (lambda: nn.Layer(3, 2), X[0], (2,)),
        "Linear": (lambda: nn.Linear(3, 2), X[0], (2,)),
        "MLP": (lambda: nn.MLP(3, [4, 2]), X[0], (2,)),
        "Sequential": (lambda: nn.Sequential(nn.Layer(3, 2), nn.Tanh()), X[0], (2,)),
        "ThresholdNeuron": (lambda: nn.ThresholdNeuron([1.0, -1.0, 0.5], 0.1), X[0], (1,)),
        "softmax": (lambda: nn.Layer(3, 2, "softmax"), X[0], (2,)),
        "log_softmax": (lambda: nn.Layer(3, 2, "log_softmax"), X[0], (2,)),
        "Network": (lambda: nn.Network(list("xyz"), {"u": ("tanh", ["x", "z"])}, ["u"]), X[0], (1,)),
        "Activation": (lambda: nn.Activation("relu"), PICTURE, (2, 4, 4)),
        "Activation softmax": (lambda: nn.Activation("softmax"), X[0], (3,)),
        "Dropout": (lambda: nn.Dropout(0.5), PICTURE, (2, 4, 4)),
        "Stochastic": (lambda: nn.Stochastic(), PICTURE, (2, 4, 4)),
        "Identity": (lambda: nn.Identity(), PICTURE, (2, 4, 4)),
        "Flatten": (lambda: nn.Flatten(), PICTURE, (32,)),
        "Reshape": (lambda: nn.Reshape(4, 8), PICTURE, (4, 8)),
        "Concatenate": (lambda: nn.Concatenate(nn.Identity(), nn.Identity()), PICTURE, (4, 4, 4)),
        "Conv2d": (lambda: nn.Conv2d(2, 3, (2, 3), padding=1), PICTURE, (3, 5, 4)),
        "Conv1d": (lambda: nn.Conv1d(5, 3, 2), SEQUENCE, (3, 1)),
        "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 3, 2, stride=2), PICTURE, (3, 8, 8)),
        "ConvTranspose2d of nothing": (lambda: nn.ConvTranspose2d(2, 1, 1, stride=3), PICTURE, (1, 10, 10)),
        "MaxPool2d": (lambda: nn.MaxPool2d(2), PICTURE, (2, 2, 2)),
        "AvgPool2d": (lambda: nn.AvgPool2d(2), PICTURE, (2, 2, 2)),
        "Upsample": (lambda: nn.Upsample(scale_factor=2), PICTURE, (2, 8, 8)),
        "BatchNorm2d": (lambda: nn.BatchNorm2d(2), PICTURE, (2, 4, 4)),
        "BatchNorm1d": (lambda: nn.BatchNorm1d(3).eval(), X[0], (3,)),
        "LayerNorm": (lambda: nn.LayerNorm(2), SEQUENCE, (5, 2)),
        "RMSNorm": (lambda: nn.RMSNorm((4, 4)), PICTURE, (2, 4, 4)),
        "UNet": (lambda: nn.UNet(2, [2, 3]), PICTURE, (1, 4, 4)),
        "Elman": (lambda: nn.Elman(2, 3), SEQUENCE, (5, 3)),
        "Elman, last": (lambda: nn.Elman(2, 3, last=True), SEQUENCE, (3,)),
        "LSTM": (lambda: nn.LSTM(2, 3), SEQUENCE, (5, 3)),
        "LSTM, last": (lambda: nn.LSTM(2, 3, last=True), SEQUENCE, (3,)),
        "GRU": (lambda: nn.GRU(2, 3), SEQUENCE, (5, 3)),
        "MultiheadAttention": (lambda: nn.MultiheadAttention(2, 1), SEQUENCE, (5, 2)),
    }
    | {
        name: (getattr(nn, name), PICTURE, (2, 4, 4))
        for name in (
            "ELU",
            "GELU",
            "LeakyReLU",
            "Mish",
            "ReLU",
            "SELU",
            "SiLU",
            "Sigmoid",
            "Softplus",
            "Softsign",
            "Tanh",
        )
    }
    | {name: (getattr(nn, name), X[0], (3,)) for name in ("Softmax", "LogSoftmax")}
)
#: Modules whose inputs are other things than numbers: rows of a table, and times of spikes.
OTHER_INPUTS = {nn.Embedding, nn.SpikingNetwork}


def test_no_module_is_left_out():
    kinds = {kind for kind in vars(nn).values() if isinstance(kind, type) and issubclass(kind, nn.Module)}
    assert kinds - {nn.Module} - OTHER_INPUTS == {type(make()) for make, _, _ in SHAPES.values()}


@pytest.mark.parametrize("name", SHAPES)
def test_every_module_takes_lists_tuples_and_arrays_and_gives_an_array(name):
    make, x, shape = SHAPES[name]

    def values(x):
        return np.array([Value(number) for number in x.ravel()]).reshape(x.shape)

    numbers = None
    for given in (x.copy(), x.tolist(), tuple(x.tolist()), list(x), x.astype(object), values(x), values(x).tolist(),
                  list(values(x))):  # fmt: skip
        state = np.random.default_rng(5)
        model = make()
        for parameter in model.parameters():
            parameter.data = state.normal()
        for module in model.modules():
            if hasattr(module, "_random"):
                module._random = np.random.default_rng(6)
        y = arrays.array(model(given))
        assert isinstance(y, np.ndarray)
        assert y.shape == shape
        assert y.dtype == object or not any(isinstance(v, Value) for v in np.ravel(given).tolist() + model.parameters())
        if numbers is None:
            numbers = arrays.numbers(y)
        assert (arrays.numbers(y) == numbers).all()


@pytest.mark.parametrize(
    ("model", "x"),
    [(nn.Layer(2, 1), X[0, :2]), (nn.Conv2d(2, 1, 1), PICTURE), (nn.LSTM(2, 1), SEQUENCE)],
    ids=["row", "picture", "sequence"],
)
def test_a_masked_array_is_refused(model, x):
    with pytest.raises(TypeError, match="masked array, whose mask would be ignored"):
        model(np.ma.masked_array(x, x > 0))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_activations_of_whole_rows_are_multiplied_number_by_number(name):
    expected = 2 * getattr(torch, name)(torch.tensor(X[0]), -1).numpy()
    layer = nn.Layer(3, 3, name, W=np.eye(3), b=np.zeros(3))
    for y in (2 * nn.activation(name)(X[0]), 2 * nn.Activation(name)(X[0].tolist()), 2 * layer(X[0])):
        assert_allclose(arrays.numbers(y), expected, rtol=1e-14)


def test_an_activation_of_ones_own_of_whole_rows_gets_an_array():
    shares = nn.ActivationFunction("shares", lambda s: s**2 / (s**2).sum(), whole=True)
    expected = X[0] ** 2 / (X[0] ** 2).sum()
    for y in (nn.Activation(shares)(X[0]), nn.Layer(3, 3, shares, W=np.eye(3), bias=False)(X[0])):
        assert_allclose(arrays.numbers(y), expected, rtol=1e-14)


@pytest.mark.parametrize("name", [name for name, known in nn.ACTIVATIONS.items() if not known.whole])
def test_activations_work_on_arrays_number_by_number(name):
    function = nn.ACTIVATIONS[name]
    expected = [float(function(x)) for x in X[0]]
    for given in (X[0], np.array([Value(x) for x in X[0]])):
        assert_allclose(arrays.numbers(2 * function(given)), 2 * np.array(expected), rtol=1e-14)
