"""Ctrl-C at any line of a training: weights, optimiser, history and draws are those of one and the same step."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from effort import every

import nn
from autograd import Value
from nn import interrupts
from nn.interrupts import allow_interrupts, hold_interrupts
from nn.training.loop import Loop

X = np.random.default_rng(0).normal(size=(12, 2))
Y = X[:, 0] * X[:, 1]
EPOCHS, STEPS = 6, 3
PACKAGE = str(Path(nn.__file__).parent)


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    """Have Python's handler of Ctrl-C, which a runner of tests may have replaced, or been started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def press() -> None:
    """Press Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


def net(*between: nn.Module) -> nn.Module:
    """Make a small network, with parts in the middle."""
    return nn.Sequential(nn.Linear(2, 3, seed=1), *between, nn.Tanh(), nn.Linear(3, 1, seed=2))


def fresh(make: Callable[[Any], Any] = nn.Adam, *between: nn.Module) -> tuple[nn.Module, Any]:
    """Make a network and its optimiser."""
    model = net(*between)
    return model, make(model.parameters())


def train(model: nn.Module, optimizer: Any, how: dict[str, Any], **options: Any) -> nn.History:
    return nn.fit(model, X, Y, "mse", optimizer, EPOCHS, 4, seed=0, metrics=["mae"], **how, **options)


# --- blocks -----------------------------------------------------------------------------------------------------------


def test_it_waits_for_a_block_that_lets_it_through() -> None:
    with hold_interrupts():
        press()
        with pytest.raises(KeyboardInterrupt), allow_interrupts():
            pytest.fail("it comes first")
        with pytest.raises(KeyboardInterrupt), allow_interrupts():
            press()


def test_it_waits_again_after_a_block_that_let_it_through() -> None:
    with hold_interrupts():
        with allow_interrupts(), allow_interrupts():
            pass
        press()
        press()
        with pytest.raises(KeyboardInterrupt), allow_interrupts():
            pytest.fail("the two that waited are one")
        with allow_interrupts():
            pass


def test_what_cleans_up_is_not_interrupted_again() -> None:
    cleaned = False

    def run() -> None:
        nonlocal cleaned
        try:
            press()
        finally:
            press()
            cleaned = True

    with hold_interrupts(), pytest.raises(KeyboardInterrupt), allow_interrupts():
        run()
    assert cleaned


def test_one_that_has_waited_long_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "PATIENCE_SECONDS", 0.0)
    with hold_interrupts():
        press()
        with pytest.raises(KeyboardInterrupt):
            press()


def press_at_the_end() -> None:
    """Press Ctrl-C where it is held, and let nothing through."""
    with hold_interrupts():
        press()


def test_what_waits_at_the_end_comes_then() -> None:
    with pytest.raises(KeyboardInterrupt):
        press_at_the_end()
    pressed = []
    signal.signal(signal.SIGINT, lambda *_: pressed.append("mine"))
    press_at_the_end()
    assert pressed == ["mine"]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_holder_that_someone_keeps_holds_no_longer() -> None:
    with hold_interrupts():
        kept = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, kept)
    with pytest.raises(KeyboardInterrupt):
        press()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_the_handler_that_was_there_is_asked() -> None:
    pressed = []
    signal.signal(signal.SIGINT, lambda *_: pressed.append("mine"))
    with hold_interrupts():
        press()
        assert not pressed
        with allow_interrupts():
            assert pressed == ["mine"]
            press()
    assert pressed == ["mine", "mine"]
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("ignored", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_process_that_ignores_it_goes_on_to_ignore_it(ignored: Any) -> None:
    signal.signal(signal.SIGINT, ignored)
    with hold_interrupts(), allow_interrupts():
        assert signal.getsignal(signal.SIGINT) is ignored
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_handler_that_a_callback_puts_there_stays() -> None:
    def mine(*_: Any) -> None:
        pass

    nn.fit(net(), X, Y, epochs=2, callbacks=[lambda _: signal.signal(signal.SIGINT, mine)])  # type: ignore[list-item]
    assert signal.getsignal(signal.SIGINT) is mine
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_other_threads_leave_it_alone() -> None:
    found = []

    def look() -> None:
        with hold_interrupts(), allow_interrupts():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def test_a_prediction_in_another_thread_does_not_let_it_through_here() -> None:
    def run() -> None:
        with hold_interrupts():
            thread = threading.Thread(target=lambda: nn.predict(net(), X))
            thread.start()
            press()
            thread.join()
            found.append("joined")

    found: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        run()
    assert found == ["joined"]


IN_A_LOOP = """
import asyncio, signal
import nn

async def train():
    signal.raise_signal(signal.SIGINT)
    nn.fit(nn.Linear(1, 1, seed=0), [[1.0], [2.0]], [1.0, 2.0], epochs=2)
    await asyncio.sleep(5.0)
    print("it slept")

signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    asyncio.run(train())
except KeyboardInterrupt:
    print("it heard")
"""


def test_an_event_loop_hears_of_it() -> None:
    """In a process of its own: in ours, the driver of a browser may keep a loop running."""
    done = subprocess.run([sys.executable, "-c", IN_A_LOOP], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("it heard\n", "")


# --- what is the user's -------------------------------------------------------------------------------------------


def test_a_metric_of_the_last_epoch_is_interrupted_and_callbacks_are_told() -> None:
    told, calls = [], []

    class Told(nn.Callback):
        def on_train_end(self, training: nn.Training) -> None:
            told.append(training.stop_reason)

    def metric(outputs: Any, targets: Any) -> float:
        calls.append("tried by fit" if not calls else press())
        return 0.0

    history = nn.fit(net(), X, Y, epochs=1, metrics={"pressed": metric}, callbacks=[Told()])
    assert told == ["interrupted from the keyboard in epoch 1, after 1 of 1 steps"]
    assert (history.stop_reason, history.rows) == (told[0], [])


def test_a_slow_metric_is_computed_epoch_by_epoch() -> None:
    """So that Ctrl-C, which waits while the rows of several epochs are written, does not wait for many of them."""
    seen = []

    def metric(outputs: Any, targets: Any) -> float:
        seen.append(time.sleep(0.15))
        if len(seen) == 4:
            press()
        return 0.0

    history = nn.fit(net(), X, Y, epochs=50, compile="numpy", metrics={"slow": metric})
    assert history.stop_reason == "interrupted from the keyboard in epoch 3, after 1 of 1 steps"
    assert len(seen) == 4, "once before the first epoch"


def test_a_training_that_goes_on_and_has_not_begun_stands_where_it_stood() -> None:
    class Pressed(nn.Callback):
        def on_train_begin(self, training: nn.Training) -> None:
            press()

    how = {"schedule": nn.StepDecay(2), "compile": "numpy"}
    whole = train(*fresh(), how)
    model, optimizer = fresh()
    history = train(model, optimizer, how, callbacks=[lambda training: training.stop("enough")])
    history = train(model, optimizer, how, training=history, callbacks=[Pressed()])
    assert (history.epochs, history.stop_reason) == (1, "interrupted from the keyboard in epoch 1, after 0 of 3 steps")
    assert train(model, optimizer, how, training=history).rows == whole.rows


def test_a_buffer_that_the_first_step_makes_is_put_back_too() -> None:
    class Counting(nn.Module):
        buffers = ("seen",)

        def __init__(self) -> None:
            self.linear = nn.Linear(2, 1, seed=0)
            self.seen: Any = None
            self.bind()

        def forward(self, x: Any) -> Any:
            if self.training:
                self.seen = np.zeros(1) if self.seen is None else self.seen + 1.0
                if self.seen[0] == 6.0:
                    raise KeyboardInterrupt
            return self.linear(x)

    model = Counting()
    history = nn.fit(model, X, Y, epochs=2, batch_size=2, shuffle=False, compile=False)
    assert history.stop_reason.startswith("interrupted")
    assert model.seen == 2.0 * history.state["steps"] - 1.0


# --- any line of a training -------------------------------------------------------------------------------------------


class Pressing:
    """Presses Ctrl-C at the k-th line of ours that a training runs; counts the lines where there is no k."""

    def __init__(self, k: int | None = None) -> None:
        self.k, self.lines, self._began = k, 0, False

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        self._began |= frame.f_code is Loop.run.__code__
        if not self._began or not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.k:
                press()
        return self

    def run(self, f: Callable[[], Any]) -> Any:
        before = sys.gettrace()
        sys.settrace(self)
        try:
            return f()
        finally:
            sys.settrace(before)


class Snapshots(nn.Callback):
    """Keeps all weights and statistics after each step."""

    only_watches = True

    def on_train_begin(self, training: nn.Training) -> None:
        self.states = [training.weights()]

    def on_step_end(self, training: nn.Training) -> None:
        self.states.append(training.weights())


def equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(
    ("parts", "how", "make"),
    [
        (list, {"compile": "numpy"}, nn.Adam),
        (lambda: [nn.Dropout(0.3, seed=3)], {"compile": "numpy", "schedule": nn.StepDecay(2)}, nn.Adam),
        (lambda: [nn.BatchNorm1d(3)], {"compile": "numpy"}, nn.Adam),
        (lambda: [nn.BatchNorm1d(3), nn.Dropout(0.3, seed=3)], {"compile": False}, nn.Adam),
        (list, {"compile": "numpy", "validation_data": (X, Y)}, nn.RProp),
        (list, {"compile": "numpy"}, nn.LBFGS),
    ],
    ids=["compiled", "drawn", "whole batches", "eager", "validated", "line search"],
)
def test_ctrl_c_at_any_line_leaves_one_step(
    parts: Callable[[], list[nn.Module]], how: dict[str, Any], make: Callable[[Any], Any]
) -> None:
    snapshots = Snapshots()
    train(*fresh(make, *parts()), how, callbacks=[snapshots])
    model, optimizer = fresh(make, *parts())
    counting = Pressing()
    whole = counting.run(lambda: train(model, optimizer, how))
    ended = model.state_dict(), optimizer.state_dict()["state"]
    assert equal(ended[0], snapshots.states[-1])
    places = every(range(1, counting.lines, max(1, counting.lines // 60)), 3)
    for k in places:
        model, optimizer = fresh(make, *parts())
        try:
            history = Pressing(k).run(lambda model=model, optimizer=optimizer: train(model, optimizer, how))
        except KeyboardInterrupt:  # before the first step, or while callbacks are told of the end
            assert equal(model.state_dict(), snapshots.states[0]) or equal(model.state_dict(), ended[0])
            continue
        assert history.stop_reason.startswith("interrupted")
        after = Value(1.0) + 1.0
        assert (after.scope, after.requires_grad) == (None, True), "no block stays open for who comes after"
        steps = history.state["epoch"] * STEPS + history.state["steps"]
        assert equal(model.state_dict(), snapshots.states[steps]), (k, history.stop_reason)
        assert optimizer.state.get("t", steps) == steps
        assert history.rows == whole.rows[: history.state["epoch"]]
        if history.state["steps"] == 0 and history.state["epoch"] < EPOCHS:
            assert train(model, optimizer, how, training=history).rows == whole.rows
            assert equal(model.state_dict(), ended[0])
            assert equal(optimizer.state_dict()["state"], ended[1])
