"""The U-Net against the lecture's class in PyTorch with the same weights, and on cells whose boundaries it learns."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose

import nn
from autograd import Value, dot
from nn import ShapeError, UNet, arrays
from nn.module import Module


def test_L3_6_architecture_of_the_lecture():
    """4 levels down, the middle, 4 up; twice as many channels at each level, as many numbers as in PyTorch."""
    model = UNet(3, channels=[2, 4, 8, 16, 32], seed=0)
    shapes = {name: array.shape for name, array in model.state_dict().items()}
    assert [shapes[f"downsample.{k}.W1"][:2] for k in range(4)] == [(4, 2), (8, 4), (16, 8), (32, 16)]
    assert shapes["upconv.W1"][:2] == (16, 32)
    assert [shapes[f"upsample.{k}.W"] for k in range(4)] == [(c, c, 2, 2) for c in (16, 8, 4, 2)]
    assert [shapes[f"convolve.{k}.W1"][:2] for k in range(4)] == [(8, 32), (4, 16), (2, 8), (2, 4)]
    assert shapes["agg_conv.W"] == (1, 2, 1, 1)


def test_channels_by_default_are_the_lectures():
    assert UNet.__init__.__defaults__[:3] == (3, (64, 128, 256, 512, 1024), 1)


def test_configuration_copy_and_description():
    model = UNet(2, channels=[2, 3], out_channels=2, seed=0).eval()
    x = np.random.default_rng(0).normal(size=(2, 4, 4))
    built = Module.from_config(model.config()).eval()
    built.load_state_dict(model.state_dict())
    for twin in (copy.deepcopy(model), built):
        assert (arrays.numbers(twin(x)) == arrays.numbers(model(x))).all()
    assert model.extent() == "2 → 2 → 3 → 2"
    assert repr(model).splitlines()[0] == "UNet 2 → 2 → 3 → 2"


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (
            lambda: UNet(1, channels=[2, 3, 4])(np.zeros((1, 6, 8))), ShapeError,
            "UNet 1 → 2 → 3 → 4 → 1 halves pictures 2 times, so that their height and width must be multiples of 4, "
            "got 6 × 8: pad or crop them.",
        ),
        (
            lambda: UNet(3, channels=[2, 3])(np.zeros((1, 4, 4))), ShapeError,
            "UNet 3 → 2 → 3 → 1 takes 3 channels, got 1.",
        ),
        (
            lambda: UNet(1, channels=[4]), ValueError,
            "channels of UNet lists two sizes or more, such as [8, 16, 32]; got [4].",
        ),
        (
            lambda: UNet(1, channels=[4, 0]), ValueError,
            "each of channels of UNet must be a whole number from 1, not 0.",
        ),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence


# --- PyTorch ----------------------------------------------------------------------------------------------------------


def lecture_unet(in_channels, channels, out_channels):
    """The class of lecture L3.6, with the numbers of channels and levels as arguments."""
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")

    def conv_bn_relu(into, out):
        return torch.nn.Sequential(
            torch.nn.Conv2d(into, out, kernel_size=3, stride=1, padding=1), torch.nn.BatchNorm2d(out), torch.nn.ReLU()
        )

    class Stacked2ConvsBlock(torch.nn.Module):
        def __init__(self, into, out):
            super().__init__()
            self.blocks = torch.nn.Sequential(conv_bn_relu(into, out), conv_bn_relu(out, out))

        def forward(self, net):
            return self.blocks(net)

    class DownSamplingBlock(torch.nn.Module):
        def __init__(self, into, out):
            super().__init__()
            self.blocks = torch.nn.Sequential(torch.nn.MaxPool2d(2, 2), Stacked2ConvsBlock(into, out))

        def forward(self, net):
            return self.blocks(net)

    class UpSamplingBlock(torch.nn.Module):
        def __init__(self, into, out):
            super().__init__()
            self.upsample = torch.nn.ConvTranspose2d(into, into, kernel_size=2, stride=2)
            self.convolve = Stacked2ConvsBlock(2 * into, out)

        def forward(self, left, right):
            return self.convolve(torch.cat([left, self.upsample(right)], dim=1))

    class Unet(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.levels = len(channels) - 1
            self.init_conv = Stacked2ConvsBlock(in_channels, channels[0])
            for k in range(1, self.levels + 1):
                setattr(self, f"downsample_{k}", DownSamplingBlock(channels[k - 1], channels[k]))
            self.upconv = Stacked2ConvsBlock(channels[-1], channels[-2])
            for k in range(1, self.levels + 1):
                out = channels[self.levels - 1 - k] if k < self.levels else channels[0]
                setattr(self, f"upsample_{k}", UpSamplingBlock(channels[self.levels - k], out))
            self.agg_conv = torch.nn.Conv2d(channels[0], out_channels, kernel_size=1)

        def forward(self, x):
            nets = [self.init_conv(x)]
            for k in range(1, self.levels + 1):
                nets.append(getattr(self, f"downsample_{k}")(nets[-1]))
            net = self.upconv(nets.pop())
            for k in range(1, self.levels + 1):
                net = getattr(self, f"upsample_{k}")(nets.pop(), net)
            return self.agg_conv(net)

    torch.manual_seed(0)
    return torch, Unet().double()


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("channels", "size"), [([2, 2, 3, 3, 4], (16, 16)), ([2, 3], (4, 6))])
def test_L3_6_outputs_and_gradients_agree_with_pytorch(training, channels, size):
    torch, reference = lecture_unet(1, channels, 1)
    model = UNet(1, channels, seed=0)
    names = model.torch_names()
    state = {name: tensor.numpy().copy() for name, tensor in reference.state_dict().items()}
    assert sorted(names.values()) == sorted(state)
    random = np.random.default_rng(0)
    for name in state:
        if name.endswith(("running_mean", "running_var")):
            state[name] = random.uniform(0.5, 1.5, state[name].shape)
    reference.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    model.load_state_dict({ours: state[theirs] for ours, theirs in names.items()})
    reference.train(training)
    model.train(training)

    x, weights = random.normal(size=(2, 1, *size)), random.normal(size=(2, 1, *size))
    pictures = arrays.map_numbers(Value, x.tolist())
    scores = model.batch(pictures)
    dot(arrays.flat(scores), weights.ravel().tolist()).backward()
    tensor = torch.tensor(x, requires_grad=True)
    theirs = reference(tensor)
    (theirs * torch.tensor(weights)).sum().backward()

    assert_allclose(arrays.numbers(scores), theirs.detach().numpy(), rtol=1e-12, atol=1e-12)
    parameters = dict(reference.named_parameters())
    for slot in model.slots():
        if slot.trained:
            ours = np.array(arrays.map_numbers(lambda v: v.grad, slot.content))
            expected = parameters.pop(names[slot.key]).grad.numpy()
            assert_allclose(ours, expected, rtol=1e-10, atol=1e-11, err_msg=slot.key)
    assert not parameters
    gradient = np.array(arrays.map_numbers(lambda v: v.grad, pictures))
    assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-10, atol=1e-11)
    after = reference.state_dict()
    for ours, array in model.state_dict().items():
        assert_allclose(array, after[names[ours]].numpy(), rtol=1e-12, atol=1e-13, err_msg=ours)


# --- learning ---------------------------------------------------------------------------------------------------------


def test_L3_6_a_small_u_net_learns_cell_boundaries():
    """On pictures that it has not seen it finds more than the best threshold on brightness does."""
    X, T = nn.cells(24, size=8, across=2, seed=0)
    unseen, truth = nn.cells(40, size=8, across=2, seed=1)
    model = UNet(1, channels=[3, 6], seed=0)
    optimizer = nn.Adam(model.parameters(), lr=0.05)
    history = nn.fit(model, X, T, loss="bce_with_logits", optimizer=optimizer, epochs=6, batch_size=4, seed=0)
    by_threshold = max(nn.iou(1.0 - unseen, truth, 1.0 - level) for level in np.linspace(0.2, 0.8, 25))
    found = nn.evaluate(model, unseen, truth, "bce_with_logits", ["iou_with_logits"])["iou_with_logits"]
    assert by_threshold < 0.72
    assert found > by_threshold + 0.04
    assert history["loss"][-1] < 0.4 * history["loss"][0]
