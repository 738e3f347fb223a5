"""Curvature of the loss: exact on quadratics, and the learning rates of lectures L2.8 to L2.10 that follow from it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nn.data.datasets import two_gaussians
from nn.losses.regularizers import L2
from nn.modules.layers import MLP, Layer
from nn.optim.optimizers import SGD
from nn.training.curvature import (
    eigenvalues,
    gradient_norms,
    hessian,
    largest_stable_learning_rate,
    loss_gradient,
    optimal_learning_rate,
)
from nn.training.fit import fit

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(20, 3))
T = RANDOM.normal(size=(20, 1))


def neuron(*numbers: float, bias: float | None = None) -> Layer:
    return Layer(len(numbers), 1, W=[list(numbers)], bias=bias is not None, b=None if bias is None else [bias])


def test_a_linear_neuron_has_the_hessian_of_its_data() -> None:
    model = neuron(0.3, -0.2, 0.9, bias=0.1)
    with_one = np.column_stack([X, np.ones(len(X))])
    expected = with_one.T @ with_one / len(X)
    np.testing.assert_allclose(hessian(model, X, T, "half_squared_error"), expected, rtol=1e-13)
    np.testing.assert_allclose(hessian(model, X, T, "mse"), 2.0 * expected, rtol=1e-13)
    np.testing.assert_allclose(
        hessian(model, X, T, "mse", regularizer=L2(0.5)), 2.0 * expected + 0.5 * np.eye(4), rtol=1e-13
    )


def test_only_some_of_the_weights() -> None:
    model = neuron(0.3, -0.2, 0.9, bias=0.1)
    chosen = [model.W[0][2], model.W[0][0]]
    whole = hessian(model, X, T, "half_squared_error")
    part = hessian(model, X, T, "half_squared_error", chosen)
    np.testing.assert_array_equal(part, whole[np.ix_([2, 0], [2, 0])])
    slopes = loss_gradient(model, X, T, "half_squared_error")
    np.testing.assert_array_equal(loss_gradient(model, X, T, "half_squared_error", chosen), slopes[[2, 0]])


def test_gradient_and_hessian_of_a_network_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    model = MLP(3, [4, 1], "tanh", seed=2)
    state = {name: torch.tensor(array, requires_grad=True) for name, array in model.state_dict().items()}
    inputs, targets = torch.tensor(X), torch.tensor(T)

    def loss(W1, b1, W2, b2):  # type: ignore[no-untyped-def]
        return ((torch.tanh(inputs @ W1.T + b1) @ W2.T + b2 - targets) ** 2).mean()

    arrays = tuple(state.values())
    slopes = torch.autograd.grad(loss(*arrays), arrays)
    expected = np.concatenate([slope.numpy().ravel() for slope in slopes])
    np.testing.assert_allclose(loss_gradient(model, X, T), expected, rtol=1e-12)
    blocks = torch.autograd.functional.hessian(loss, arrays)
    sizes = [array.numel() for array in arrays]
    rows = [torch.cat([b.reshape(m, n) for b, n in zip(row, sizes, strict=True)], 1)
            for row, m in zip(blocks, sizes, strict=True)]  # fmt: skip
    np.testing.assert_allclose(hessian(model, X, T), torch.cat(rows).numpy(), rtol=1e-10, atol=1e-14)
    norms = gradient_norms(model, X, T)
    assert norms == {
        "W1": pytest.approx(float(slopes[0].norm()), rel=1e-12),
        "W2": pytest.approx(float(slopes[2].norm()), rel=1e-12),
    }


def test_the_model_is_left_as_it_was() -> None:
    model = MLP(3, [2, 1], "tanh", seed=2)
    before = model.state_dict()
    hessian(model, X, T)
    gradient_norms(model, X, T)
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_vanishing_gradient_of_a_deep_sigmoid_network() -> None:
    """Lecture L4.9: from layer to layer the gradient shrinks by σ′ ≤ ¼; with ReLU it does not."""
    lengths = {}
    for activation in ("sigmoid", "relu"):
        model = MLP(3, [6] * 8 + [1], activation, seed=0)
        norms = list(gradient_norms(model, X, T).values())
        assert len(norms) == 9
        lengths[activation] = norms[0] / norms[-1]
    assert lengths["sigmoid"] < 1e-6
    assert lengths["relu"] > 1e-3


def test_one_weight_has_the_slides_optimal_rate() -> None:
    """Lecture L2.9: η_opt = 1/E″ reaches the minimum of a quadratic in one step, and η_max = 2η_opt."""
    x, t = np.array([[2.0], [1.0]]), np.array([1.0, 3.0])
    best = float(np.dot(x[:, 0], t) / np.dot(x[:, 0], x[:, 0]))
    model = neuron(5.0)
    curvature = hessian(model, x, t, "half_squared_error")
    assert curvature.tolist() == [[2.5]]
    rate = optimal_learning_rate(curvature)
    assert rate == 1.0 / 2.5
    assert largest_stable_learning_rate(curvature) == 2.0 * rate
    fit(model, x, t, "half_squared_error", SGD(model.parameters(), lr=rate), batch_size=None)
    assert model.W[0][0].data == pytest.approx(best, rel=1e-15)


@pytest.mark.parametrize(("share", "factor"), [(0.5, 0.5), (1.0, 0.0), (1.5, -0.5), (1.99, -0.99), (2.01, -1.01)])
def test_too_small_right_and_too_large_rates_on_one_weight(share: float, factor: float) -> None:
    """Lecture L2.8: each step multiplies the distance to the minimum by 1 − ηE″."""
    x, t = np.array([[2.0], [1.0]]), np.array([1.0, 3.0])
    best, model = 1.0, neuron(5.0)
    rate = share * optimal_learning_rate(hessian(model, x, t, "half_squared_error"))
    fit(model, x, t, "half_squared_error", SGD(model.parameters(), lr=rate), epochs=6, batch_size=None)
    assert model.W[0][0].data - best == pytest.approx(4.0 * factor**6, rel=1e-12, abs=1e-15)


def test_several_weights_shrink_fastest_at_the_optimal_rate() -> None:
    H = np.diag([1.0, 3.0, 7.0])
    rate = optimal_learning_rate(H)
    assert rate == 2.0 / 8.0

    def slowest(eta: float) -> float:
        return max(abs(1.0 - eta * curvature) for curvature in (1.0, 3.0, 7.0))

    assert slowest(rate) == pytest.approx((7.0 - 1.0) / (7.0 + 1.0), rel=1e-15)
    assert slowest(rate) < min(slowest(0.999 * rate), slowest(1.001 * rate))
    assert slowest(largest_stable_learning_rate(H)) == pytest.approx(1.0, rel=1e-15)


def test_directions_without_curvature_do_not_count() -> None:
    assert optimal_learning_rate(np.diag([0.0, 1e-17, 2.0, 6.0])) == 2.0 / 8.0
    assert largest_stable_learning_rate(np.diag([0.0, 4.0])) == 0.5


def test_the_two_gaussians_of_the_lecture() -> None:
    """Lecture L2.10: λ_max = 0.84, η_max = 2.38; batch descent converges at 2.3 and diverges at 2.5."""
    inputs, targets = two_gaussians(100, lambda_max=0.84, seed=1)
    model = neuron(1.0, -1.0, bias=0.0)
    weights = model.W[0]
    curvature = hessian(model, inputs, targets, "half_squared_error", weights)
    assert eigenvalues(curvature)[-1] == pytest.approx(0.84, rel=1e-12)
    bound = largest_stable_learning_rate(curvature)
    assert bound == pytest.approx(2.0 / 0.84, rel=1e-12)
    assert f"{bound:.2f}" == "2.38"
    least = np.linalg.lstsq(inputs, targets, rcond=None)[0]
    lowest = float(np.mean((inputs @ least - targets) ** 2) / 2.0)

    def descend(rate: float, epochs: int) -> float:
        model = neuron(1.0, -1.0, bias=0.0)
        model.b[0].requires_grad = False  # type: ignore[index]  # it stands at its minimum, where its λ is 1
        optimizer = SGD(model.parameters(), lr=rate)
        return fit(model, inputs, targets, "half_squared_error", optimizer, epochs, batch_size=None)["loss"][-1]

    assert descend(2.3, 150) == pytest.approx(lowest, rel=1e-3)
    assert descend(2.5, 80) > 100.0 * descend(2.5, 1)
    assert descend(bound * 0.999, 10) < descend(bound * 0.999, 1)
    assert descend(bound * 1.001, 400) > descend(bound * 1.001, 150)


def test_stochastic_descent_wanders_but_converges() -> None:
    """Lecture L2.10: η = 0.2 for each example, near the minimum within a few epochs, and never quite there."""
    inputs, targets = two_gaussians(100, lambda_max=0.84, seed=1)
    model = neuron(1.0, -1.0, bias=0.0)
    history = fit(model, inputs, targets, "half_squared_error", SGD(model.parameters(), lr=0.2), 10, 1, seed=0)
    least = np.linalg.lstsq(np.column_stack([inputs, np.ones(100)]), targets, rcond=None)[0]
    lowest = float(np.mean((np.column_stack([inputs, np.ones(100)]) @ least - targets) ** 2) / 2.0)
    tail = history["loss"][3:]
    assert all(lowest < loss < 2.0 * lowest for loss in tail)
    assert max(tail) - min(tail) > 1e-6 * lowest


def test_where_no_rate_follows() -> None:
    with pytest.raises(ValueError) as caught:
        optimal_learning_rate(np.diag([-0.5, 2.0]))
    assert str(caught.value) == (
        "The smallest eigenvalue of the Hessian is -0.5: the loss bends down along its axis, so these weights are near "
        "no minimum, and no learning rate is the best one. Train further first."
    )
    for function in (optimal_learning_rate, largest_stable_learning_rate):
        with pytest.raises(ValueError) as caught:
            function(np.diag([-2.0, 0.0]))
        assert str(caught.value) == (
            "The largest eigenvalue of the Hessian is 0: the loss bends up in no direction here, so nothing bounds the "
            "learning rate. Take the Hessian near a minimum."
        )


def test_what_is_no_hessian() -> None:
    with pytest.raises(ValueError) as caught:
        eigenvalues([[1.0, 2.0, 3.0]])
    assert str(caught.value) == "A Hessian is a square matrix of finite numbers, not an array of shape (1, 3)."
    with pytest.raises(ValueError) as caught:
        eigenvalues([[1.0, math.nan], [0.0, 1.0]])
    assert str(caught.value) == "A Hessian is a square matrix of finite numbers, not an array of shape (2, 2)."
    with pytest.raises(ValueError) as caught:
        eigenvalues([[1.0, 2.0], [0.0, 1.0]])
    assert str(caught.value) == "A Hessian is symmetric, but this matrix is not: pass ∂²E/∂w∂w, not a Jacobian."
    assert eigenvalues(3.0).tolist() == [3.0]
