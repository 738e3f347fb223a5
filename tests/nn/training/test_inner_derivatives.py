"""Models that differentiate by their inputs, as physics-informed networks do: the weights get their gradients through
the derivative, on the engine and compiled alike, and they are PyTorch's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import autograd
import nn
from nn import arrays

torch = pytest.importorskip("torch", reason="PyTorch is the reference of these tests")

X = np.linspace(-1.0, 1.0, 6).reshape(6, 1)
T = np.sin(X)


class Residual(nn.Module):
    """u'' + u at a point."""

    def __init__(self):
        self.net = nn.MLP(1, [4, 1], activation="tanh", seed=0)

    def forward(self, xs):
        def u(x):
            return self.net([x])[0]

        return autograd.derivative(u, order=2)(xs[0]) + u(xs[0])


class Slope(Residual):
    """u' and u·x from one array."""

    def forward(self, xs):
        return 2 * autograd.grad(lambda x: self.net(x)[0])(xs) + self.net(xs) * xs


class Curl(Residual):
    """The Jacobian of a network, one row of one entry."""

    def forward(self, xs):
        return autograd.jacobian(self.net)(xs)[0] + xs


def reference(kind):
    ours = kind()
    net = torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()
    with torch.no_grad():
        for theirs, mine in ((net[0], ours.net[0]), (net[2], ours.net[1])):
            theirs.weight.copy_(torch.tensor(arrays.numbers(mine.W)))
            theirs.bias.copy_(torch.tensor(arrays.numbers(mine.b)))

    def outputs():
        x = torch.tensor(X, requires_grad=True)
        u = net(x)
        [first] = torch.autograd.grad(u.sum(), x, create_graph=True)
        [second] = torch.autograd.grad(first.sum(), x, create_graph=True)
        return {Residual: second + u, Slope: 2 * first + u * x, Curl: first + x}[kind]

    return ours, net, outputs


KINDS = pytest.mark.parametrize("kind", [Residual, Slope, Curl])
UNREACHED = pytest.mark.filterwarnings("ignore:The loss does not depend on net.b2")


@KINDS
def test_the_gradient_is_pytorchs(kind):
    ours, net, outputs = reference(kind)
    ((outputs() - torch.tensor(T)) ** 2).mean().backward()
    expected = [np.zeros_like(p.detach()) if p.grad is None else p.grad.numpy() for p in net.parameters()]
    slopes = nn.curvature.loss_gradient(ours, X, T)
    assert_allclose(slopes, np.concatenate([slope.ravel() for slope in expected]), rtol=1e-10, atol=1e-14)


@UNREACHED
@KINDS
@pytest.mark.parametrize("compiled", [True, False])
def test_training_is_pytorchs(kind, compiled):
    ours, net, outputs = reference(kind)
    descent = torch.optim.SGD(net.parameters(), lr=0.02)
    losses = []
    for _ in range(4):
        descent.zero_grad()
        loss = ((outputs() - torch.tensor(T)) ** 2).mean()
        loss.backward()
        descent.step()
        losses.append(loss.item())
    optimizer = nn.SGD(ours.parameters(), lr=0.02)
    history = nn.fit(ours, X, T, optimizer=optimizer, epochs=4, batch_size=None, compile=compiled)
    assert_allclose(history["loss"], losses, rtol=1e-10)
    assert_allclose(nn.predict(ours, X), outputs().detach().numpy(), rtol=1e-10)


@UNREACHED
@KINDS
@pytest.mark.parametrize("make", [nn.LBFGS, nn.BFGS, nn.ConjugateGradients, nn.Newton], ids=lambda make: make.__name__)
def test_optimisers_of_second_order_see_the_same_loss_compiled_and_not(kind, make):
    losses = []
    for compiled in (True, False):
        model = kind()
        history = nn.fit(model, X, T, optimizer=make(model.parameters()), epochs=2, batch_size=None, compile=compiled)
        losses.append(history["loss"])
    assert_allclose(losses[0], losses[1], rtol=1e-6)
    assert losses[0][1] < losses[0][0]


@KINDS
def test_the_hessian_is_pytorchs(kind):
    ours, net, outputs = reference(kind)
    weights = list(net.parameters())
    loss = ((outputs() - torch.tensor(T)) ** 2).mean()
    slopes = torch.autograd.grad(loss, weights, create_graph=True, allow_unused=True)
    flat = torch.cat(
        [torch.zeros_like(w).ravel() if s is None else s.ravel() for s, w in zip(slopes, weights, strict=True)]
    )
    rows = []
    for slope in flat:
        found = (
            torch.autograd.grad(slope, weights, retain_graph=True, allow_unused=True)
            if slope.requires_grad
            else [None] * 4
        )
        rows.append(
            np.concatenate(
                [np.zeros(w.numel()) if s is None else s.numpy().ravel() for s, w in zip(found, weights, strict=True)]
            )
        )
    assert_allclose(nn.curvature.hessian(ours, X, T), np.array(rows), rtol=1e-8, atol=1e-12)
