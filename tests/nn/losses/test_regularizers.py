"""Penalties as part of the graph: their numbers, their gradients, and that descent with them is weight decay."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograd import Value, gradients
from nn.losses.regularizers import L1, L2, Regularizer
from nn.modules.layers import MLP
from nn.optim.optimizers import SGD
from nn.training.fit import fit

X, Y = np.array([[1.0, -0.5], [0.25, 2.0], [-1.0, 1.0]]), np.array([1.0, -1.0, 0.5])


def weights(*numbers: float) -> list[Value]:
    return [Value(number, name=f"w{i}") for i, number in enumerate(numbers)]


def test_numbers_and_gradients() -> None:
    w = weights(-3.0, 0.0, 0.5)
    absolute, squared = L1(0.2)(w), L2(0.2)(w)
    assert absolute.data == pytest.approx(0.2 * 3.5, rel=1e-15)
    assert gradients(absolute, w) == [-0.2, 0.0, 0.2]
    assert squared.data == pytest.approx(0.1 * 9.25, rel=1e-15)
    np.testing.assert_allclose(gradients(squared, w), [-0.6, 0.0, 0.1], rtol=1e-15)


def test_a_sum_of_penalties_is_the_elastic_net() -> None:
    w = weights(-3.0, 0.5)
    penalty = L1(0.2) + L2(0.1)
    assert penalty(w).data == pytest.approx(0.2 * 3.5 + 0.05 * 9.25, rel=1e-15)
    assert repr(penalty) == "L1(0.2) + L2(0.1)"


def test_it_is_a_part_of_the_graph_with_its_own_scope() -> None:
    w = weights(2.0)
    assert L2(0.5)(w).scope == "regularizer"
    assert [node.name for node in L2(0.5)(w).graph().leaves] == ["w0"]


def test_only_some_parameters_are_penalised() -> None:
    model = MLP(2, [2, 1], seed=0)
    penalty = L2(1.0, only=lambda name: name.startswith("W"))
    kernels = [p.data for name, p in model.named_parameters() if name.startswith("W")]
    by_name, by_list = penalty(model.named_parameters()), penalty(model.parameters())
    assert by_name.data == by_list.data == pytest.approx(0.5 * np.dot(kernels, kernels), rel=1e-14)
    assert gradients(by_name, [dict(model.named_parameters())["b1[0]"]]) == [0.0]
    assert L2(1.0, only=lambda name: False)(model.parameters()).data == 0.0


def test_squared_errors_halved_are_the_penalty() -> None:
    w = weights(-3.0, 0.5)
    assert sum(e.data**2 for e in L2(0.3).errors(w)) / 2 == pytest.approx(L2(0.3)(w).data, rel=1e-14)


@pytest.mark.parametrize(("penalty", "options"), [(L2(0.3), {"weight_decay": 0.3}), (L1(0.3), {"l1": 0.3})])
def test_descent_on_the_penalised_loss_is_the_optimisers_own_decay(penalty: L1 | L2, options: dict[str, float]) -> None:
    """Lecture L4.10's ΔW = η(∇E + ρW) is descent on E + ρ/2‖W‖²."""
    first, second = MLP(2, [3, 1], "tanh", seed=4), MLP(2, [3, 1], "tanh", seed=4)
    fit(first, X, Y, optimizer=SGD(first.parameters(), lr=0.1), epochs=5, batch_size=2, seed=1, regularizer=penalty)
    fit(second, X, Y, optimizer=SGD(second.parameters(), lr=0.1, **options), epochs=5, batch_size=2, seed=1)
    for name, array in first.state_dict().items():
        np.testing.assert_allclose(array, second.state_dict()[name], rtol=1e-12, atol=1e-15)


def test_the_recorded_loss_has_the_penalty_in_it() -> None:
    model = MLP(2, [1], seed=0)
    before = model.parameters()
    expected = L2(0.7)(before).data
    plain = fit(MLP(2, [1], seed=0), X, Y, batch_size=None, validation_data=(X, Y))
    history = fit(
        model, X, Y, optimizer=SGD(before, lr=0.0), batch_size=None, regularizer=L2(0.7), validation_data=(X, Y)
    )
    assert history["loss"][0] == pytest.approx(plain["loss"][0] + expected, rel=1e-14)
    assert history["val_loss"][0] == pytest.approx(plain["loss"][0] + expected, rel=1e-14)


@pytest.mark.parametrize("strength", [-1.0, math.inf, math.nan])
def test_a_strength_that_is_none(strength: float) -> None:
    with pytest.raises(ValueError) as caught:
        L1(strength)
    assert str(caught.value) == (
        f"The strength of L1 must be a finite number from 0, not {strength!r}: a negative one would reward large "
        "weights."
    )


def test_a_penalty_must_say_how_it_is_computed() -> None:
    class Unfinished(Regularizer):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Unfinished()  # type: ignore[abstract]


def test_a_penalty_of_ones_own_adds_up_with_the_others() -> None:
    class Distance(Regularizer):
        def __call__(self, parameters: Any) -> Value:
            return (parameters[0] - 1.0) ** 2

    assert (Distance() + L2(0.5) + L1(1.0))(weights(-3.0)).data == 16.0 + 2.25 + 3.0
    assert not hasattr(L1(0.1) + L2(0.2), "strength")
