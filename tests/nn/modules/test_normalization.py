import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

import nn
from autograd import Graph
from nn import arrays
from nn.errors import ShapeError
from nn.module import Module
from nn.modules.convolution import Conv2d
from nn.modules.elementwise import Activation
from nn.modules.layers import Sequential
from nn.modules.normalization import BatchNorm1d, BatchNorm2d

KEYS = {
    "gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var",
    "num_batches_tracked": "num_batches_tracked",
}  # fmt: skip


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(1.0, 2.0, size=shape)


def test_one_picture_alone_is_a_batch_of_one():
    x = drawn(2, 3, 3)
    assert_allclose(arrays.numbers(BatchNorm2d(2)(x)), arrays.numbers(BatchNorm2d(2).batch([x])[0]), rtol=0)


def test_without_momentum_the_running_mean_is_the_plain_average():
    model = BatchNorm1d(1, momentum=None)
    batches = [drawn(4, 1, seed=seed) for seed in range(3)]
    for batch in batches:
        model.batch(batch.tolist())
    assert_allclose(model.running_mean, np.mean([batch.mean() for batch in batches]), rtol=1e-12)


def test_statistics_are_part_of_the_graph_with_names_and_scopes():
    model = Sequential(Conv2d(1, 2, 1, seed=0), BatchNorm2d(2), Activation("relu"))
    outputs = model.batch(drawn(2, 1, 2, 2).tolist())
    names = {node.name: node.scope for node in Graph(outputs[0][0][0][0]).nodes if node.name}
    assert names["mean2[0]"] == names["var2[0]"] == "batchnorm2"
    assert list(model.state_dict())[2:] == [
        "gamma2", "beta2", "running_mean2", "running_var2", "num_batches_tracked2"
    ]  # fmt: skip
    assert model.looks_at_batches


def test_state_goes_back_with_its_buffers():
    model = BatchNorm1d(2)
    model.batch(drawn(5, 2).tolist())
    built = Module.from_config(model.config())
    built.load_state_dict(model.state_dict())
    x = drawn(2)
    for twin in (built, copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert arrays.numbers(twin.eval()(x)).tolist() == arrays.numbers(copy.deepcopy(model).eval()(x)).tolist()
        assert twin.num_batches_tracked.dtype == np.int64


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: BatchNorm2d(2)(drawn(3, 2, 2)), "BatchNorm2d 2 takes 2 channels, got 3."),
        (
            lambda: BatchNorm1d(2)([1.0, 2.0]),
            "BatchNorm1d 2 needs two numbers or more for each feature in training, got 1: their variance would be 0. "
            "Use model.batch(examples), or eval().",
        ),
        (
            lambda: BatchNorm2d(1).batch([drawn(1, 2, 2), drawn(1, 3, 2)]),
            "BatchNorm2d 1 takes examples of one size, got [4, 6] numbers a feature.",
        ),
    ],
)
def test_errors(call, sentence):
    with pytest.raises(ShapeError) as caught:
        call()
    assert str(caught.value) == sentence


# --- PyTorch ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(3, 2, 2, 3), (4, 2)])
@pytest.mark.parametrize("momentum", [0.1, 0.3, None])
def test_agrees_with_pytorch(training, shape, momentum):
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, tensor, torch

    name = "BatchNorm2d" if len(shape) == 4 else "BatchNorm1d"
    model = {"BatchNorm2d": BatchNorm2d, "BatchNorm1d": BatchNorm1d}[name](2, momentum=momentum).train(training)
    reference = getattr(torch.nn, name)(2, momentum=momentum).double()
    with torch.no_grad():
        reference.weight.copy_(tensor([0.5, -1.5]))
        reference.bias.copy_(tensor([0.1, 0.2]))
        reference(tensor(drawn(*shape, seed=3)))
    reference.train(training)
    compare(model, reference, KEYS, drawn(*shape), together=True, rtol=1e-11, atol=1e-11)
    for ours, theirs in KEYS.items():
        assert_allclose(model.state_dict()[ours], reference.state_dict()[theirs].numpy(), rtol=1e-12, err_msg=ours)


def test_in_a_chain_agrees_with_pytorch():
    pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    from against_torch import compare, torch

    model = Sequential(Conv2d(1, 2, 2), BatchNorm2d(2), Activation("relu"), Conv2d(2, 1, 1))
    reference = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 2), torch.nn.BatchNorm2d(2), torch.nn.ReLU(), torch.nn.Conv2d(2, 1, 1)
    )
    keys = {"W1": "0.weight", "b1": "0.bias", "W3": "3.weight", "b3": "3.bias"}
    keys |= {f"{ours}2": f"1.{theirs}" for ours, theirs in KEYS.items()}
    compare(model, reference, keys, drawn(2, 1, 3, 3), together=True, rtol=1e-10, atol=1e-11)


# --- without running statistics ---------------------------------------------------------------------------------------

ROWS = np.random.default_rng(0).normal(size=(12, 4))


class ByHand(nn.Module):
    """A module made by hand, which hands the batch on."""

    def __init__(self):
        self.first = nn.Layer(4, 4, seed=0)
        self.norm = nn.BatchNorm1d(4, track_running_stats=False)
        self.last = nn.Layer(4, 1, seed=1)
        self.bind()

    def forward(self, xs):
        return self.last(self.norm(self.first(xs)))

    def forward_batch(self, examples):
        return self.last.batch(self.norm.batch(self.first.batch(examples)))


def in_a_row():
    return nn.Sequential(nn.Layer(4, 4, seed=0), nn.BatchNorm1d(4, track_running_stats=False), nn.Layer(4, 1, seed=1))


def with_pictures():
    norm = nn.BatchNorm2d(1, track_running_stats=False)
    return nn.Sequential(nn.Reshape(1, 2, 2), norm, nn.Flatten(), nn.Layer(4, 1, seed=1))


def theirs_of(model, pictures):
    torch = pytest.importorskip("torch", reason="the oracle")
    if pictures:
        norm = torch.nn.BatchNorm2d(1, track_running_stats=False)
        layers = [torch.nn.Unflatten(1, (1, 2, 2)), norm, torch.nn.Flatten()]
    else:
        layers = [torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4, track_running_stats=False)]
    theirs = torch.nn.Sequential(*layers, torch.nn.Linear(4, 1)).double()
    with torch.no_grad():
        for their, our in zip(theirs.parameters(), model.state_dict().values(), strict=True):
            their.copy_(torch.tensor(our).reshape(their.shape))
    return torch, theirs


@pytest.mark.parametrize("compile", [False, "numpy", "auto"])
@pytest.mark.parametrize("make", [in_a_row, with_pictures, ByHand])
def test_without_running_statistics_evaluation_uses_the_batch(make, compile):  # noqa: A002
    model, y = make(), 2 * ROWS[:, 0]
    torch, theirs = theirs_of(model, make is with_pictures)
    X, T = torch.tensor(ROWS), torch.tensor(y)
    theirs.eval()
    np.testing.assert_allclose(nn.predict(model, ROWS), theirs(X).detach().numpy(), rtol=1e-9, atol=1e-12)
    loss = ((theirs(X)[:, 0] - T) ** 2).mean().item()
    assert nn.evaluate(model, ROWS, y)["loss"] == pytest.approx(loss, rel=1e-12)
    history = nn.fit(
        model, ROWS, y, "mse", nn.SGD(model.parameters(), lr=0.05), 8, 4, shuffle=False, compile=compile,
        validation_data=(ROWS[:6], y[:6]), metrics=["mae"], progress=False,
    )  # fmt: skip
    theirs.train()
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.05)
    for _ in range(8):
        for i in range(0, 12, 4):
            optimizer.zero_grad()
            ((theirs(X[i : i + 4])[:, 0] - T[i : i + 4]) ** 2).mean().backward()
            optimizer.step()
    theirs.eval()
    expected = ((theirs(X[:6])[:, 0] - T[:6]) ** 2).mean().item()
    assert history["val_loss"][-1] == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(nn.predict(model, ROWS), theirs(X).detach().numpy(), rtol=1e-9, atol=1e-12)


def test_a_batch_of_one_has_no_statistics():
    for take in (lambda model: nn.predict(model, ROWS[:1]), lambda model: nn.fit(model, ROWS[:1], [1.0], epochs=1)):
        with pytest.raises(nn.ShapeError) as refusal:
            take(in_a_row())
        assert str(refusal.value) == (
            "batchnorm2 (BatchNorm1d 4) needs two numbers or more for each feature in a batch, got 1: their variance "
            "would be 0. Use model.batch(examples)."
        )


def test_a_module_that_hands_no_batch_on_is_called_with_all_examples():
    class Alone(ByHand):
        forward_batch = nn.Module.forward_batch

    model, due = Alone(), ByHand()
    due.load_state_dict(model.state_dict())
    np.testing.assert_allclose(nn.predict(model, ROWS), nn.predict(due, ROWS), rtol=1e-15)
