"""The loss of a batch as a function of the weights, against one large graph of the same batch."""

from __future__ import annotations

import gc
import math
from typing import Any

import numpy as np
import pytest

from autograd import DetachedNumberError, Value, total
from nn.losses.losses import cross_entropy, half_squared_error, mae, mse
from nn.losses.regularizers import L1, L2
from nn.module import Module
from nn.modules.layers import MLP, Sequential
from nn.modules.normalization import BatchNorm2d
from nn.modules.shaping import Flatten
from nn.optim import flat
from nn.optim.objective import Objective
from nn.training.eager import EagerRunner

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(13, 3))
T = RANDOM.normal(size=(13, 2))


def model(activation: str = "tanh") -> MLP:
    return MLP(3, [4, 2], activation, seed=5)


def one_graph(net: Module, loss: Any, penalty: Any = None, inputs: Any = X, targets: Any = T) -> Objective:
    """The batch's loss as a single graph, which the runner must agree with."""

    def mean() -> Value:
        losses = [loss(net(row), t) for row, t in zip(inputs.tolist(), targets.tolist(), strict=True)]
        return total(losses) / len(losses) + (penalty(dict(net.named_parameters())) if penalty else 0.0)

    def residuals() -> list[Value]:
        share = 2.0 / targets.shape[1] if loss is mse else 1.0
        scale = (share / len(inputs)) ** 0.5
        pairs = [(o, t) for row, ts in zip(inputs.tolist(), targets.tolist(), strict=True)
                 for o, t in zip(net(row), ts, strict=True)]  # fmt: skip
        return [scale * (o - t) for o, t in pairs] + (penalty.errors(dict(net.named_parameters())) if penalty else [])

    return Objective.from_closure(net.parameters(), mean, residuals)


@pytest.mark.parametrize("penalty", [None, L2(0.3), L1(0.1) + L2(0.2)], ids=repr)
@pytest.mark.parametrize("loss", [mse, half_squared_error, mae])
def test_value_and_gradient_are_those_of_one_graph(loss: Any, penalty: Any) -> None:
    net = model()
    objective, expected = EagerRunner(net, loss, regularizer=penalty).objective(X, T), one_graph(net, loss, penalty)
    for w in (flat.weights(net.parameters()), RANDOM.normal(size=len(net.parameters()))):
        value, slopes = objective.value_and_gradient(w)
        known, known_slopes = expected.value_and_gradient(w)
        assert value == pytest.approx(known, rel=1e-14)
        assert objective.value(w) == value
        np.testing.assert_allclose(slopes, known_slopes, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("penalty", [None, L2(0.3)], ids=repr)
@pytest.mark.parametrize("loss", [mse, half_squared_error])
def test_hessian_residuals_and_jacobian_are_those_of_one_graph(loss: Any, penalty: Any) -> None:
    net = model()
    w = flat.weights(net.parameters())
    objective, expected = EagerRunner(net, loss, regularizer=penalty).objective(X, T), one_graph(net, loss, penalty)
    np.testing.assert_allclose(objective.hessian(w), expected.hessian(w), rtol=1e-11, atol=1e-14)
    e, J = objective.residuals_and_jacobian(w)
    known, known_J = expected.residuals_and_jacobian(w)
    np.testing.assert_allclose(e, known, rtol=1e-14)
    np.testing.assert_allclose(J, known_J, rtol=1e-12, atol=1e-15)
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
