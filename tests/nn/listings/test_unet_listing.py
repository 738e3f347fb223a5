"""Lecture 3's U-Net as its slides print it, with channel counts divided by 32, beside the same text in PyTorch."""

import numpy as np
import pytest

import nn
from autograd import no_grad
from edgegrad.lectures.slides import UNET

TEXT = UNET
for channels in (1024, 512, 256, 128, 64):
    TEXT = TEXT.replace(f"({channels},", f"({channels // 32},").replace(f", {channels})", f", {channels // 32})")

PICTURES = np.random.default_rng(0).standard_normal((2, 3, 16, 16))
MASKS = (np.random.default_rng(1).random((2, 1, 16, 16)) > 0.5).astype(float)
RATE = 0.1


def run(imports):
    """Run the listing under its import lines."""
    names = {}
    exec(compile(imports + TEXT, "<slides>", "exec"), names)
    return names


def theirs(torch):
    torch.manual_seed(0)
    return run("import torch\nfrom torch import nn\n")["Unet"]().double()


def ours(state):
    model = run("import nn\nimport nn as torch\n")["Unet"]()
    names = torch_names(model)
    model.load_state_dict({key: state[names[key]].numpy() for key in model.state_dict()})
    return model, names


def torch_names(model):
    """Return the names that the same arrays have in PyTorch, where each part of a chain is counted."""
    words = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias"}
    places = {id(model): ""}
    waiting = [model]
    while waiting:
        part = waiting.pop()
        chain = isinstance(part, nn.Sequential)
        parts = [(str(k), layer) for k, layer in enumerate(part.layers)] if chain else part.children().items()
        for name, inner in parts:
            places[id(inner)] = f"{places[id(part)]}{name}."
            waiting.append(inner)
    return {slot.key: places[id(slot.owner)] + words.get(slot.name, slot.name) for slot in model.slots()}


@pytest.fixture(scope="module")
def pair():
    torch = pytest.importorskip("torch", reason="the oracle")
    twin = theirs(torch)
    model, names = ours(twin.state_dict())
    return torch, twin, model, names


def test_channels_are_the_slides_divided_by_32():
    assert "Stacked2ConvsBlock(3, 2)" in TEXT
    assert "DownSamplingBlock(16, 32)" in TEXT
    assert "nn.Conv2d(2, 1, kernel_size=1)" in TEXT


def test_a_training_step_is_pytorchs(pair):
    torch, twin, model, names = pair
    their_loss = torch.nn.BCEWithLogitsLoss()(twin(torch.tensor(PICTURES)), torch.tensor(MASKS))
    their_loss.backward()
    model.train()
    outputs = model(PICTURES)
    assert outputs.shape == (2, 1, 16, 16)
    loss = nn.BCEWithLogitsLoss()(outputs, MASKS)
    loss.backward()
    assert loss.item() == pytest.approx(their_loss.item(), rel=1e-12)
    theirs_by_name = dict(twin.named_parameters())
    for slot in model.slots():
        if slot.trained:
            slopes = np.array([p.grad for p in slot.content.ravel().tolist()]).reshape(slot.content.shape)
            np.testing.assert_allclose(slopes, theirs_by_name[names[slot.key]].grad.numpy(), rtol=1e-7, atol=1e-11)
    torch.optim.SGD(twin.parameters(), lr=RATE).step()
    nn.optim.SGD(model.parameters(), lr=RATE).step()
    state = twin.state_dict()
    for key, array in model.state_dict().items():  # the running statistics, too
        np.testing.assert_allclose(array, state[names[key]].numpy(), rtol=1e-7, atol=1e-11)


def test_evaluation_is_pytorchs(pair):
    torch, twin, model, _ = pair
    with torch.no_grad():
        due = twin.eval()(torch.tensor(PICTURES)).numpy()
    with no_grad():
        found = model.eval()(PICTURES)
    np.testing.assert_allclose(found, due, rtol=1e-9, atol=1e-12)


def test_fit_and_predict_hand_it_batches(pair):
    torch, twin, model, _ = pair
    model.whole_batch_in_evaluation = True  # its cat(…, dim=1) joins channels of batches only
    with no_grad():
        due = nn.arrays.numbers(model.eval()(PICTURES))
    np.testing.assert_allclose(nn.predict(model, PICTURES), due, rtol=1e-12)
    history = nn.fit(model, PICTURES, MASKS, nn.BCEWithLogitsLoss(), "adam", epochs=1, batch_size=2, compile=False)
    loss = torch.nn.BCEWithLogitsLoss()(twin.train()(torch.tensor(PICTURES)), torch.tensor(MASKS))
    assert history["loss"][0] == pytest.approx(loss.item(), rel=1e-9)
