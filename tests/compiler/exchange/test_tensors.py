"""A program in PyTorch's hands: `gradcheck` and `gradgradcheck` find its derivatives right."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the extra 'interop'")

import autograd  # noqa: E402
import nn  # noqa: E402
from autograd import CompileError, DomainError, Value, exp, log, relu  # noqa: E402
from autograd.compiler.exchange import methods  # noqa: E402


def doubles(*shape):
    return torch.tensor(np.random.default_rng(0).normal(size=shape), requires_grad=True)


@pytest.fixture(scope="module")
def program():
    model = nn.MLP(3, [4, 2], activation="tanh", seed=0)
    return autograd.compile(
        lambda x, t: (nn.mse(model(x), t), model(x)), [0.0] * 3, [0.0] * 2,
        parameters=model.parameters(), backend="numpy",
    )  # fmt: skip


def weights_of(program):
    return torch.tensor(program.weights(), requires_grad=True)


@pytest.mark.parametrize("batch", [(), (3,)], ids=["one example", "a batch"])
def test_pytorch_finds_its_derivatives_right(program, batch):
    f, w, x, t = program.to_torch(), weights_of(program), doubles(*batch, 3), doubles(*batch, 2)
    due, outputs = program(x.detach().numpy(), t.detach().numpy())
    loss, found = f(w, x, t)
    np.testing.assert_array_equal(loss.detach().numpy(), due)
    np.testing.assert_array_equal(found.detach().numpy(), outputs)
    assert torch.autograd.gradcheck(f, (w, x, t))
    assert torch.autograd.gradgradcheck(f, (w, x, t))


def test_numbers_and_arrays_of_one(program):
    a, b = Value(2.0, "a"), Value(0.5, "b")
    f = autograd.compile(lambda x, y: [[a * exp(-b * x), 3.0, y[0] * b]], 0.0, [0.0], parameters=[a, b]).to_torch()
    w = torch.tensor([2.0, 0.5], dtype=torch.float64, requires_grad=True)
    for x, y in ((doubles(), doubles(1)), (doubles(3), doubles(3, 1)), (doubles(3), doubles(3))):
        assert f(w, x, y).shape == (*x.shape, 1, 3)
        assert torch.autograd.gradcheck(f, (w, x, y))
        assert torch.autograd.gradgradcheck(f, (w, x, y))


def test_any_order():
    f = autograd.compile(lambda x: exp(-2.0 * x), 0.0).to_torch()
    x, none = torch.tensor(0.7, dtype=torch.float64, requires_grad=True), torch.zeros(0, dtype=torch.float64)
    y = f(none, x)
    for order in range(1, 5):
        [y] = torch.autograd.grad(y, [x], create_graph=True)
        assert y.item() == pytest.approx((-2.0) ** order * np.exp(-1.4), rel=1e-12)


def test_only_what_is_asked_for_is_swept(program, monkeypatch):
    asked = []
    sweep = type(program.execution).sweep
    monkeypatch.setattr(
        type(program.execution), "sweep", lambda self, wrt, *given: asked.append(wrt) or sweep(self, wrt, *given)
    )
    loss, _ = program.to_torch()(weights_of(program), doubles(3, 3).detach(), doubles(3, 2).detach())
    loss.sum().backward()
    assert asked == ["parameters"]


def test_it_trains_beside_other_modules(program):
    torch.manual_seed(0)
    before, f, w = torch.nn.Linear(5, 3).double(), program.to_torch(), weights_of(program)
    optimizer = torch.optim.SGD([w, *before.parameters()], lr=0.1)
    x, t, losses = doubles(8, 5).detach(), doubles(8, 2).detach(), []
    for _ in range(20):
        optimizer.zero_grad()
        loss = f(w, before(x), t)[0].mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]


def test_single_precision_is_given_back():
    w = Value(2.0, "w")
    f = autograd.compile(lambda x: w * relu(x), 0.0, parameters=[w]).to_torch()
    weights = torch.tensor([2.0], requires_grad=True)
    y = f(weights, torch.tensor([0.0, 3.0]))
    y.sum().backward()
    assert (y.dtype, y.tolist(), weights.grad.tolist()) == (torch.float32, [0.0, 6.0], [3.0])


class TestRefusals:
    def test_what_is_no_tensor(self, program):
        with pytest.raises(CompileError) as raised:
            program.to_torch()(program.weights(), doubles(3), doubles(2))
        assert str(raised.value) == (
            "The function takes tensors: torch.tensor(program.weights()), then one for each argument."
        )

    def test_a_call_without_weights(self):
        with pytest.raises(CompileError) as raised:
            autograd.compile(lambda x, y: x * y, 0.0, 0.0).to_torch()(doubles(3), doubles(3))
        assert str(raised.value) == "The function takes weights, x, y, not 2 argument(s)."

    def test_what_does_not_fit(self, program):
        with pytest.raises(CompileError, match=r"^x has shape \(4,\)"):
            program.to_torch()(weights_of(program), doubles(4), doubles(2))

    def test_what_is_undefined(self):
        f = autograd.compile(lambda x: log(x), 1.0).to_torch()
        with pytest.raises(DomainError):
            f(torch.zeros(0), torch.tensor(-1.0))

    def test_pytorch_is_not_installed(self, program, monkeypatch):
        monkeypatch.setattr(methods.util, "find_spec", lambda name: None)
        with pytest.raises(CompileError) as raised:
            program.to_torch()
        assert str(raised.value) == (
            "program.to_torch() needs torch, which is not installed: run pip install 'edgegrad[interop]'."
        )
