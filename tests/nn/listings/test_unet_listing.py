"""Lecture 3's U-Net as its slides print it, with channel counts divided by 32, beside the same text in PyTorch."""

import numpy as np
import pytest

import nn
from autograd import no_grad

LISTING = """
def conv_bn_relu(in_channels, out_channels, kernel=3, stride=1, padding=1):
    net = nn.Sequential(
        nn.Conv2d(in_channels, out_channels,
                  kernel_size=kernel, stride=stride, padding=padding),
        nn.BatchNorm2d(num_features=out_channels),
        nn.ReLU(inplace=True)
    )
    return net

class Stacked2ConvsBlock(nn.Module):
    def __init__(self, in_channels, out_channels):
        super(Stacked2ConvsBlock, self).__init__()
        self.blocks = nn.Sequential(
            conv_bn_relu(in_channels, out_channels),
            conv_bn_relu(out_channels, out_channels)
        )

    def forward(self, net):
        net = self.blocks(net)
        return net

class UpSamplingBlock(nn.Module):
    def __init__(self, in_channels, out_channels):
        super(UpSamplingBlock, self).__init__()

        # Понижаем число каналов
        self.upsample = nn.ConvTranspose2d(
            in_channels, in_channels, kernel_size=2, stride=2)

        # Ставим с симметричным слоем из левой половины "U".
        # Число каналов входной карты при этом удваивается.
        self.convolve = Stacked2ConvsBlock(2 * in_channels, out_channels)

    def forward(self, left_net, right_net):
        right_net = self.upsample(right_net)
        net = torch.cat([left_net, right_net], dim=1)
        net = self.convolve(net)
        return net

class DownSamplingBlock(nn.Module):
    def __init__(self, in_channels, out_channels):
        super(DownSamplingBlock, self).__init__()
        self.blocks = nn.Sequential(
            nn.MaxPool2d(2, 2),
            Stacked2ConvsBlock(in_channels, out_channels)
        )

    def forward(self, net):
        return self.blocks(net)

class Unet(nn.Module):
    def __init__(self):
        super(Unet, self).__init__()
        self.init_conv = Stacked2ConvsBlock(3, 64)

        self.downsample_1 = DownSamplingBlock(64, 128)
        self.downsample_2 = DownSamplingBlock(128, 256)
        self.downsample_3 = DownSamplingBlock(256, 512)
        self.downsample_4 = DownSamplingBlock(512, 1024)

        # В середине есть блок без пары с 1024 каналами
        # с ним конкатенировать некого, потому просто свернем его
        self.upconv = Stacked2ConvsBlock(1024, 512)

        # Подъем. Аналогично.
        self.upsample_1 = UpSamplingBlock(512, 256)
        self.upsample_2 = UpSamplingBlock(256, 128)
        self.upsample_3 = UpSamplingBlock(128, 64)

        # Чтобы учесть входной слой после самой первой свертки и согласовать размерности
        self.upsample_4 = UpSamplingBlock(64, 64)

        # Предсказание
        self.agg_conv = nn.Conv2d(64, 1, kernel_size=1)

    def forward(self, x):
        net0 = self.init_conv(x) # 3 --> 64

        net1 = self.downsample_1(net0) # 64 --> 128
        net2 = self.downsample_2(net1) # 128 --> 256
        net3 = self.downsample_3(net2) # 256 --> 512
        net = self.downsample_4(net3) # 512 --> 1024

        net = self.upconv(net) # 1024 --> 512

        net = self.upsample_1(net3, net) # 512 --> 256
        net = self.upsample_2(net2, net) # 256 --> 128
        net = self.upsample_3(net1, net) # 128 --> 64
        net = self.upsample_4(net0, net) # 64 --> 64

        net = self.agg_conv(net) # 64 --> 1

    return net
"""
#: The slide's last line stands a level too far to the left; its channels are divided by 32.
TEXT = LISTING.removesuffix("    return net\n") + "        return net\n"
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
    _, _, model, _ = pair
    model.whole_batch_in_evaluation = True  # its cat(…, dim=1) joins channels of batches only
    with no_grad():
        due = nn.arrays.numbers(model.eval()(PICTURES))
    np.testing.assert_allclose(nn.predict(model, PICTURES), due, rtol=1e-12)
    history = nn.fit(model, PICTURES, MASKS, nn.BCEWithLogitsLoss(), "adam", epochs=1, batch_size=2, compile=False)
    assert history["loss"][0] == pytest.approx(0.7, abs=0.3)
