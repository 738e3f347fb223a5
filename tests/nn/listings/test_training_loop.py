"""Lecture 2's listings as its slides print them: the training loop, the log-loss, and where the weights are updated."""

import numpy as np
import pytest

import nn
from autograd import Value
from edgegrad.lectures.slides import LOG_LOSS
from edgegrad.lectures.slides import TRAINING_LOOP as LOOP
from nn import functional as F  # noqa: N812  (PyTorch's habit)

X, Y = nn.two_moons(24, noise=0.1, seed=0)
W1, B1 = np.random.default_rng(1).uniform(-0.7, 0.7, (6, 2)), np.linspace(-0.5, 0.5, 6)
W2, B2 = np.random.default_rng(2).uniform(-0.4, 0.4, (2, 6)), np.array([0.1, -0.1])


def make():
    return nn.Sequential(nn.Linear(2, 6, W=W1, b=B1), nn.ReLU(inplace=True), nn.Linear(6, 2, W=W2, b=B2))


def train(text, **names):
    exec(compile(text, "<slides>", "exec"), names)
    return names


def test_the_loop_trains_as_in_pytorch():
    torch = pytest.importorskip("torch", reason="the oracle")
    twin = torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.ReLU(inplace=True), torch.nn.Linear(6, 2)).double()
    with torch.no_grad():
        for tensor, numbers in zip(twin.parameters(), (W1, B1, W2, B2), strict=True):
            tensor.copy_(torch.tensor(numbers))
    text = LOOP.replace("EPOCHS = 250", "EPOCHS = 20")
    text += "        running_loss += loss.item()\n"
    batches = [(torch.tensor(x), torch.tensor(y)) for x, y in nn.DataLoader(X, Y.astype(np.int64), batch_size=8)]
    due = train(
        text,
        model=twin,
        dataloader={"train": batches, "test": batches},
        optimizer=torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3, nesterov=True),
        criterion=torch.nn.CrossEntropyLoss(),
    )
    model = make()
    loader = nn.DataLoader(X, Y, batch_size=8)
    found = train(
        text,
        model=model,
        dataloader={"train": loader, "test": loader},
        optimizer=nn.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-3, nesterov=True),
        criterion=nn.CrossEntropyLoss(),
    )
    assert found["steps_per_epoch"] == 3
    assert found["running_loss"] == pytest.approx(due["running_loss"], rel=1e-9)
    for ours, theirs in zip(model.state_dict().values(), twin.parameters(), strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-8, atol=1e-11)


def test_all_250_epochs_lower_the_loss():
    model, loader = make(), nn.DataLoader(X[:6], Y[:6], batch_size=6)
    before = F.cross_entropy(model(X[:6]), Y[:6]).item()
    optimizer = nn.optim.Adam(model.parameters(), lr=0.05)
    loaders = {"train": loader, "test": loader}
    found = train(LOOP, model=model, dataloader=loaders, optimizer=optimizer, criterion=nn.CrossEntropyLoss())
    assert found["epoch"] == 249
    assert found["loss"].item() < 0.5 * before


def test_the_laboratorys_log_loss():
    torch = pytest.importorskip("torch", reason="the oracle")
    p, t = np.array([0.3, 0.9, 0.6]), np.array([0.0, 1.0, 1.0])
    tensor = torch.tensor(p, requires_grad=True)
    due = train("import torch\n" + LOG_LOSS)["loss"](torch.tensor(t), tensor)
    due.backward()
    values = nn.arrays.make([Value(each) for each in p])
    found = train("import autograd as torch\n" + LOG_LOSS)["loss"](t, values)
    found.backward()
    assert found.item() == pytest.approx(due.item(), rel=1e-15)
    np.testing.assert_allclose([v.grad for v in values], tensor.grad.numpy(), rtol=1e-15)
    assert found.item() == pytest.approx(nn.summed_log_loss(p, t), rel=1e-15)


def test_an_update_inside_the_loop_is_fit_with_batches_of_one():
    model, other = make(), make()
    optimizer, criterion = nn.SGD(model.parameters(), lr=0.05), nn.CrossEntropyLoss()
    for _ in range(2):
        for x, t in zip(X, Y, strict=True):
            optimizer.zero_grad()
            criterion(model(x), t).backward()
            optimizer.step()
    fitted = nn.SGD(other.parameters(), lr=0.05)
    nn.fit(other, X, Y, nn.CrossEntropyLoss(), fitted, epochs=2, batch_size=1, shuffle=False)
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert ours.data == pytest.approx(theirs.data, rel=1e-10)


def test_an_update_after_the_loop_is_fit_with_the_full_batch():
    model, other = make(), make()
    optimizer, criterion = nn.SGD(model.parameters(), lr=0.05), nn.CrossEntropyLoss(reduction="sum")
    for _ in range(2):
        optimizer.zero_grad()
        for x, t in zip(X, Y, strict=True):
            (criterion(model(x), t) / len(X)).backward()  # gradients add up
        optimizer.step()
    fitted = nn.SGD(other.parameters(), lr=0.05)
    nn.fit(other, X, Y, nn.CrossEntropyLoss(), fitted, epochs=2, batch_size=None)
    for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert ours.data == pytest.approx(theirs.data, rel=1e-10)
