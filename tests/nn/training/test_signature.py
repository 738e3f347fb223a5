"""Signatures: what they compare, and what has none. That programs follow them is tested in test_programs."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value
from nn.training.signature import signature


def matches(one: Any, other: Any) -> bool:
    first, second = signature(one), signature(other)
    assert first is not None
    assert second is not None
    return first.matches(second)


def test_numbers_and_texts_are_compared_by_what_they_say() -> None:
    assert matches([1, 2.5, "a", None], [1, 2.5, "a", None])
    for one, other in [(1, True), (1, 1.0), (0.0, -0.0), ([1], (1,)), ({"a": 1}, {"a": 2}), ([[1], 2], [1, [2]])]:
        assert not matches(one, other)
    assert matches(np.arange(3), np.arange(3))
    assert not matches(np.arange(3), np.arange(3.0))


def test_values_are_compared_by_identity() -> None:
    v, w = Value(1.0), Value(1.0)
    assert matches([v, w], [v, w])
    assert not matches([v, w], [w, v])


def test_of_a_value_that_is_no_parameter_the_number_is_compared_too() -> None:
    for kept, parameter in [(True, True), (False, False)]:
        v = Value(1.0, parameter=parameter)
        for nested in (v, [v], [v, 1.0]):
            before = signature(nested, identity)
            v.data += 1.0
            assert before is not None
            assert before.matches(signature(nested, identity)) == kept  # type: ignore[arg-type]
            v.requires_grad = not v.requires_grad
            assert not before.matches(signature(nested, identity))  # type: ignore[arg-type]


class Doubling(nn.Module):
    def forward(self, inputs: Any) -> Any:
        return 2 * inputs if self.training else inputs


@pytest.mark.parametrize("part", [nn.Dropout(0.5), nn.BatchNorm1d(3), Doubling()], ids=lambda part: type(part).__name__)
def test_the_mode_of_a_part_that_asks_for_it_is_read(part: nn.Module) -> None:
    net = nn.Sequential(nn.Layer(2, 3, seed=0), nn.Sequential(part))
    before = signature(net)
    assert before is not None
    assert before.has_modes
    part.training = False
    assert not before.matches(signature(net))  # type: ignore[arg-type]


def test_the_mode_of_a_model_that_never_asks_for_it_is_not_read() -> None:
    net = nn.MLP(2, [3, 1], seed=0)
    before = signature(net.train())
    assert before is not None
    assert not before.has_modes
    assert before.matches(signature(net.eval()))  # type: ignore[arg-type]


def test_the_mode_is_read_where_a_loss_of_the_users_may_ask_for_it() -> None:
    net = nn.MLP(2, [3, 1], seed=0)

    def loss(outputs: Any, target: Any) -> Any:
        return nn.mse(outputs, target) * (2.0 if net.training else 1.0)

    before = signature(net.train(), loss)
    assert before is not None
    assert not before.matches(signature(net.eval(), loss))  # type: ignore[arg-type]


def test_functions_are_compared_by_code_and_by_what_they_close_over() -> None:
    def scaled(by: float) -> Any:
        return lambda x: by * x

    assert matches(scaled(2.0), scaled(2.0))
    assert not matches(scaled(2.0), scaled(3.0))


def test_what_a_function_and_a_class_are_made_of_is_read_anew() -> None:
    def act(x: Any) -> Any:
        return x

    class Mine(nn.Layer):
        pass

    bounds = [0.0]
    for thing, change in [
        (act, lambda: setattr(act, "k", 3.0)),
        (Mine, lambda: setattr(Mine, "__doc__", "A class.")),
        (Mine, lambda: setattr(Mine, "__bases__", (nn.Conv2d,))),
        (operator.methodcaller("clip", bounds), lambda: bounds.append(1.0)),
    ]:
        before = signature(thing)
        assert before is not None
        assert before.matches(signature(thing))  # type: ignore[arg-type]
        change()
        assert not before.matches(signature(thing))  # type: ignore[arg-type]
    assert signature(operator.methodcaller("clip", low=bounds)) is None


def identity(x: Any) -> Any:
    return x


def factorial(n: int) -> int:
    return 1 if n < 2 else n * factorial(n - 1)


def test_functions_that_call_themselves_and_lists_that_hold_themselves() -> None:
    found = signature(factorial, factorial)
    assert found is not None
    assert found.matches(found)
    assert not found.matches(signature(factorial, identity))  # type: ignore[arg-type]
    endless: list[Any] = []
    endless.append(endless)
    assert signature(endless) is None


def test_a_clock_has_no_signature() -> None:
    from time import time

    assert signature(lambda x: x * time()) is None
    assert signature(np.random.default_rng(0).normal) is None
    assert signature(lambda x: x * float(input())) is None
    assert signature(lambda x: autograd.exp(x) + abs(x)) is not None
