"""A model that keeps what it computed from its weights once would train on old numbers: it is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import Value

X = np.linspace(-1.0, 1.0, 64)[:, None]
Y = 2.0 * X[:, 0]
WAYS = [False, "numpy", "auto"]


class Line(nn.Module):
    def __init__(self) -> None:
        self.w = Value(0.5, parameter=True)


class Kept(Line):
    def __init__(self) -> None:
        super().__init__()
        self.scale = [1.0, 2.0 * self.w]
        self._twice = 2.0 * self.w

    def forward(self, xs: Any) -> Any:
        return [self._twice * xs[0]]


def fit(model: nn.Module, compiled: Any, **options: Any) -> nn.History:
    return nn.fit(model, X, Y, optimizer="sgd", epochs=2, batch_size=16, seed=0, compile=compiled, **options)


@pytest.mark.parametrize("compiled", WAYS)
def test_a_value_that_was_computed_in_the_constructor_is_refused(compiled: Any) -> None:
    model = Kept()
    with pytest.raises(ValueError) as caught:
        fit(model, compiled)
    assert str(caught.value) == (
        "_twice of Kept was computed from w = 0.5 before the model was called: it would stay as it is while the "
        "weights move. Compute it in forward(); or keep its number, with .detach(), if it is meant to stay."
    )
    assert model.w.data == 0.5
    for n in (3, 64):  # on the engine and by a program
        with pytest.raises(ValueError, match=r"_twice of Kept was computed from w = 0\.5"):
            nn.predict(model, X[:n])
        with pytest.raises(ValueError, match=r"_twice of Kept was computed from w = 0\.5"):
            nn.evaluate(model, X[:n], Y[:n])


@pytest.mark.parametrize("compiled", WAYS)
def test_one_that_a_function_captures_is_refused(compiled: Any) -> None:
    w = Value(0.5, name="w", parameter=True)
    twice = 2.0 * w

    class Captures(nn.Module):
        def __init__(self) -> None:
            self.w = w

        def forward(self, xs: Any) -> Any:
            return [twice * xs[0]]

    with pytest.raises(ValueError, match=r"before the model was called: .* Compute it in the function that uses it;"):
        fit(Captures(), compiled)


@pytest.mark.parametrize("compiled", WAYS)
def test_one_that_a_loss_captures_is_refused(compiled: Any) -> None:
    model = nn.Layer(1, 1, seed=0)
    penalty = model.W[0, 0] ** 2
    with pytest.raises(ValueError, match=r"was computed from W\[0\]\[0\]"):
        nn.fit(model, X, Y, lambda out, t: (out[0] - t) ** 2 + penalty, compile=compiled)


@pytest.mark.parametrize("compiled", WAYS)
def test_what_is_computed_anew_in_each_call_may_be_kept(compiled: Any) -> None:
    class Shows(Line):
        def forward(self, xs: Any) -> Any:
            self.hidden = self.w * xs[0]
            return [self.hidden]

    class Detached(Line):
        def __init__(self) -> None:
            super().__init__()
            self.start = (2.0 * self.w).detach()

        def forward(self, xs: Any) -> Any:
            return [self.start * self.w * xs[0]]

    for model in (Shows(), Detached()):
        model(X[0])
        losses = fit(model, compiled)["loss"]
        assert losses[1] < losses[0]
        assert float(nn.predict(model, X[:2])[0, 0]) == float(model(X[0])[0])


def test_a_state_that_is_carried_from_call_to_call_is_told_apart_by_its_graph() -> None:
    class Carries(Line):
        def __init__(self, detach: bool) -> None:
            super().__init__()
            self._h, self._detach = Value(0.0, requires_grad=False), detach

        def forward(self, xs: Any) -> Any:
            h = autograd.tanh(self.w * xs[0] + 0.1 * self._h)
            self._h = h.detach() if self._detach else h
            return [h]

    with pytest.raises(ValueError, match="before the model was called"):
        fit(Carries(False), False)
    models = Carries(True), Carries(True)
    histories = [fit(model, compiled) for model, compiled in zip(models, (False, "auto"), strict=True)]
    assert histories[0]["loss"] == histories[1]["loss"], "what was tried first leaves no trace"
    assert models[0].w.data == models[1].w.data


class Scaled(nn.Module):
    """A line, scaled by a frozen parameter, by a constant whose number is taken out, and by a plain number."""

    def __init__(self) -> None:
        self.w = Value(0.5, parameter=True)
        self.frozen = Value(1.0, parameter=True)
        self.frozen.requires_grad = False
        self._constant = Value(1.0, requires_grad=False)
        self.plain = 1.0

    def forward(self, xs: Any) -> Any:
        return [self.w * xs[0] * self.frozen * float(self._constant) * self.plain]


@pytest.mark.parametrize("compiled", [False, "numpy", "numba"])
@pytest.mark.parametrize("change", ["frozen", "_constant", "plain"])
@pytest.mark.parametrize("hook", ["on_epoch_end", "on_epoch_begin", "on_step_end"])
def test_what_a_callback_changes_counts_from_then_on(hook: str, change: str, compiled: Any) -> None:
    if compiled == "numba":
        pytest.importorskip("numba")

    class Shrink(nn.Callback):
        pass

    def shrink(self: nn.Callback, training: nn.Training) -> None:
        model: Any = training.model
        if change == "plain":
            model.plain *= 0.9
        else:
            getattr(model, change).data *= 0.9

    setattr(Shrink, hook, shrink)
    found, due = Scaled(), Scaled()
    assert fit(found, compiled, callbacks=[Shrink()])["loss"] == pytest.approx(
        fit(due, False, callbacks=[Shrink()])["loss"], rel=1e-13
    )
    assert found.w.data == pytest.approx(due.w.data, rel=1e-13)
    assert found.w.data != Scaled().w.data
