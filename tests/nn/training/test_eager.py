"""The loss of a batch as a function of the weights: PyTorch's numbers, and what is left as it was or refused."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import DetachedNumberError, Value
from nn.losses.losses import cross_entropy, half_squared_error, mae, mse
from nn.losses.regularizers import L1, L2
from nn.module import Module
from nn.modules.layers import MLP, Sequential
from nn.modules.normalization import BatchNorm2d
from nn.modules.shaping import Flatten
from nn.optim import flat
from nn.training.eager import EagerRunner

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(13, 3))
T = RANDOM.normal(size=(13, 2))


def model(activation: str = "tanh") -> MLP:
    return MLP(3, [4, 2], activation, seed=5)


LOSSES: dict[Any, Callable[[Any], Any]] = {  # of the errors of all examples and outputs
    mse: lambda e: (e**2).mean(),
    half_squared_error: lambda e: (e**2).sum() / 2.0 / len(X),
    mae: lambda e: e.abs().mean(),
}
PENALTIES: dict[str, tuple[Any, Callable[[Any], Any]]] = {  # of the flat vector of all weights
    "none": (None, lambda w: 0.0),
    "L2": (L2(0.3), lambda w: 0.15 * (w**2).sum()),
    "L1 and L2": (L1(0.1) + L2(0.2), lambda w: 0.1 * w.abs().sum() + 0.1 * (w**2).sum()),
}


def errors(torch: Any, w: Any) -> Any:
    """What PyTorch finds for outputs less targets, with the weights of the model in one vector."""
    W1, b1, W2, b2 = torch.split(w, [12, 4, 8, 2])
    hidden = torch.tanh(torch.tensor(X) @ W1.reshape(4, 3).T + b1)
    return hidden @ W2.reshape(2, 4).T + b2 - torch.tensor(T)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", LOSSES)
def test_value_and_gradient_are_pytorchs(loss: Any, penalty: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    net, (ours, theirs) = model(), PENALTIES[penalty]
    objective = EagerRunner(net, loss, regularizer=ours).objective(X, T)
    for w in (flat.weights(net.parameters()), RANDOM.normal(size=len(net.parameters()))):
        value, slopes = objective.value_and_gradient(w)
        at = torch.tensor(w, requires_grad=True)
        due = LOSSES[loss](errors(torch, at)) + theirs(at)
        due.backward()
        assert value == pytest.approx(due.item(), rel=1e-13)
        assert objective.value(w) == value
        np.testing.assert_allclose(slopes, at.grad.numpy(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("penalty", ["none", "L2"])
@pytest.mark.parametrize("loss", [mse, half_squared_error])
def test_hessian_residuals_and_jacobian_are_pytorchs(loss: Any, penalty: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the reference of this test")
    net, (ours, theirs) = model(), PENALTIES[penalty]
    w = flat.weights(net.parameters())
    at = torch.tensor(w)
    objective = EagerRunner(net, loss, regularizer=ours).objective(X, T)
    due = torch.autograd.functional.hessian(lambda w: LOSSES[loss](errors(torch, w)) + theirs(w), at)
    np.testing.assert_allclose(objective.hessian(w), due.numpy(), rtol=1e-10, atol=1e-13)

    def residuals(w: Any) -> Any:  # of two outputs the mean square is half the sum
        of_examples = errors(torch, w).ravel() / len(X) ** 0.5
        return of_examples if penalty == "none" else torch.cat([of_examples, 0.3**0.5 * w])

    e, J = objective.residuals_and_jacobian(w)
    np.testing.assert_allclose(e, residuals(at).numpy(), rtol=1e-13)
    np.testing.assert_allclose(J, torch.autograd.functional.jacobian(residuals, at).numpy(), rtol=1e-11, atol=1e-14)
    np.testing.assert_array_equal(objective.residuals(w), e)
    assert 0.5 * float(e @ e) == pytest.approx(objective.value(w), rel=1e-13)


def test_weights_gradients_and_mode_are_left_as_they_were() -> None:
    net = model()
    parameters = net.parameters()
    parameters[0].grad = 42.0
    before = flat.weights(parameters)
    objective = EagerRunner(net, mse).objective(X, T)
    for compute in (objective.value, objective.value_and_gradient, objective.hessian, objective.residuals):
        compute(before + 0.5)
        np.testing.assert_array_equal(flat.weights(parameters), before)
        assert [p.grad for p in parameters] == [42.0] + [None] * (len(parameters) - 1)


def test_outputs_are_remembered_where_the_loss_was_just_computed() -> None:
    net = model()
    w = flat.weights(net.parameters())
    objective = EagerRunner(net, mse).objective(X, T)
    objective.value_and_gradient(w)
    count = objective.evaluations
    outputs = objective.outputs(w)
    assert objective.evaluations == count
    np.testing.assert_array_equal(outputs, EagerRunner(net, mse).outputs(X))
    assert (objective.outputs(w + 1.0) != outputs).any()
    assert objective.evaluations == count + 1


def test_memory_holds_the_graphs_of_a_few_examples_only() -> None:
    alive: dict[int, int] = {}
    calls = 0

    def counting(outputs: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls in (1, 40, 80, 104):
            alive[calls] = sum(type(thing) is Value for thing in gc.get_objects())
        return mse(outputs, target)

    net = model()
    many = np.tile(X, (8, 1)), np.tile(T, (8, 1))
    EagerRunner(net, counting).objective(*many).value_and_gradient(flat.weights(net.parameters()))
    assert calls == 104
    assert max(alive.values()) - alive[1] < 300, "eight graphs of some thirty nodes"


def test_large_graphs_are_swept_one_by_one() -> None:
    class Deep(Module):
        def __init__(self) -> None:
            self.w = [Value(0.99999, parameter=True)]

        def forward(self, xs: list[float]) -> list[Value]:
            y = self.w[0] * xs[0]
            for _ in range(80_000):
                y = y * self.w[0]
            return [y]

    swept: list[int] = []

    class Watching(EagerRunner):
        def losses(self, *batch: Any, alone: bool) -> Any:
            for losses, outputs in super().losses(*batch, alone=alone):
                swept.append(len(losses))
                yield losses, outputs

    Watching(Deep(), mse).objective(X[:5, :1], T[:5, :1]).value_and_gradient(np.array([0.99999]))
    assert swept == [3, 2], "160,000 operands an example, 500,000 a graph"


def test_batch_normalisation_sees_the_batch_as_a_whole() -> None:
    net = Sequential(BatchNorm2d(2), Flatten())
    pictures = RANDOM.normal(3.0, 2.0, size=(4, 2, 2, 2))
    targets = np.zeros((4, 8))
    runner = EagerRunner(net, mse)
    net.train()
    outputs = runner.outputs(pictures).reshape(4, 2, 4)
    np.testing.assert_allclose(outputs.mean(axis=(0, 2)), 0.0, atol=1e-12)
    np.testing.assert_allclose(outputs.std(axis=(0, 2)), 1.0, rtol=1e-5)
    w = flat.weights(net.parameters())
    value, slopes = runner.objective(pictures, targets).value_and_gradient(w)
    assert value == pytest.approx(1.0, rel=1e-4), "the mean square of normalised numbers"
    for i in range(len(w)):
        h = np.zeros_like(w)
        h[i] = 1e-6
        objective = runner.objective(pictures, targets)
        assert (objective.value(w + h) - objective.value(w - h)) / 2e-6 == pytest.approx(slopes[i], abs=1e-8)
    net.eval()
    assert not np.allclose(runner.outputs(pictures).reshape(4, 2, 4).mean(axis=(0, 2)), 0.0, atol=1e-3)


def test_which_parameters_the_loss_has_reached() -> None:
    net = model()
    chosen = [*net.parameters(), Value(1.0, name="stray", parameter=True)]
    objective = EagerRunner(net, mse, chosen).objective(X, T)
    _, slopes = objective.value_and_gradient(flat.weights(chosen))
    assert objective.reached.tolist() == [True] * len(net.parameters()) + [False]
    assert slopes[-1] == 0.0


def test_frozen_parameters_have_no_slope() -> None:
    net = model()
    net.layers[0].freeze()
    w = flat.weights(net.parameters())
    objective = EagerRunner(net, mse).objective(X, T)
    count = 3 * 4 + 4
    assert (objective.value_and_gradient(w)[1][:count] == 0.0).all()
    assert (objective.hessian(w)[:count] == 0.0).all()
    assert (objective.residuals_and_jacobian(w)[1][:, :count] == 0.0).all()
    assert objective.value_and_gradient(w)[1][count:].all()


def test_a_model_that_gives_a_single_value_has_a_column_of_outputs() -> None:
    class Slope(Module):
        def __init__(self) -> None:
            self.w = Value(2.0, parameter=True)

        def forward(self, xs: list[float]) -> Value:
            return self.w * xs[0]

    assert EagerRunner(Slope(), mse).outputs(X[:3]).tolist() == (2.0 * X[:3, :1]).tolist()


def test_a_loss_that_depends_on_nothing() -> None:
    objective = EagerRunner(model(), lambda outputs, target: Value(1.0, requires_grad=False)).objective(X, T)
    with pytest.raises(ValueError) as caught:
        objective.value_and_gradient(flat.weights(objective.parameters))
    assert str(caught.value) == (
        "The loss does not depend on any parameter that may be trained: all are frozen, or it was computed from other "
        "Values than the model's. Build the loss from the model's outputs, and unfreeze() what is to be trained."
    )


def test_a_loss_that_is_no_value() -> None:
    objective = EagerRunner(model(), lambda outputs, target: outputs[0].data).objective(X, T)
    with pytest.raises(TypeError) as caught:
        objective.value_and_gradient(flat.weights(objective.parameters))
    assert str(caught.value) == (
        "The loss of an example must be one Value, but the loss function gave an object of type float: return the "
        "Value itself, not float(loss), loss.data or a list."
    )


@pytest.mark.parametrize(
    "take", [float, lambda v: np.zeros(1) + 0.0 * float(v), lambda v: math.exp(v), lambda v: f"{v:.3f}"]
)
def test_a_number_that_a_loss_takes_out_is_refused(take: Any) -> None:
    """A training would go on with a gradient that lacks what was computed from it."""

    def loss(outputs: Any, target: Any) -> Any:
        take(outputs[0])
        return outputs[0] * outputs[0]

    objective = EagerRunner(model(), loss).objective(X, T)
    with pytest.raises(DetachedNumberError, match=r"takes the number out of .*test_eager\.py"):
        objective.value_and_gradient(flat.weights(objective.parameters))
    assert objective.value(flat.weights(objective.parameters)) >= 0.0  # nothing is lost where nothing is recorded


def test_residuals_of_what_is_no_sum_of_squares() -> None:
    w = flat.weights(model().parameters())
    with pytest.raises(ValueError) as caught:
        EagerRunner(model(), cross_entropy).objective(X, T).residuals(w)
    assert str(caught.value) == (
        'Levenberg–Marquardt minimises a sum of squares: give fit loss="mse" or "half_squared_error", not '
        "cross_entropy, or another optimiser."
    )
    with pytest.raises(ValueError) as caught:
        EagerRunner(model(), mse, regularizer=L1(0.5)).objective(X, T).residuals(w)
    assert str(caught.value) == (
        "Levenberg–Marquardt minimises a sum of squares, which the penalty L1(0.5) is not: take L2, or another "
        "optimiser."
    )
