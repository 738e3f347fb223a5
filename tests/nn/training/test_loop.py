"""How a training ends: on its own, by a rule, from the keyboard, or because numbers went to infinity."""

from __future__ import annotations

import gc
import pickle
import re
import signal
import warnings
from typing import Any

import numpy as np
import pytest
from effort import every

from autograd import Value, exp, log
from nn.losses.losses import mse
from nn.module import Module
from nn.modules.elementwise import Dropout
from nn.modules.layers import MLP, Layer, Sequential
from nn.modules.normalization import BatchNorm1d
from nn.optim.optimizers import BFGS, SGD
from nn.training.callbacks import Callback, EarlyStopping, Training
from nn.training.fit import DivergedError, evaluate, fit
from nn.training.history import History

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(12, 2))
Y = X[:, 0] - 2.0 * X[:, 1] + 0.5


def line(*weights: float) -> Layer:
    return Layer(2, 1, W=[list(weights or (0.0, 0.0))], b=[0.0])


def numbers(net: Module) -> list[float]:
    return [p.data for p in net.parameters()]


class Journal(Callback):
    """Keeps the weights after each step, and what was called."""

    def __init__(self, net: Module) -> None:
        self.net = net
        self.hooks: list[str] = []
        self.weights: list[list[float]] = []

    def on_train_begin(self, training: Training) -> None:
        self.hooks.append("begin")

    def on_epoch_begin(self, training: Training) -> None:
        self.hooks.append(f"epoch {training.epoch}")

    def on_step_end(self, training: Training) -> None:
        self.hooks.append(f"step {training.step}")
        self.weights.append(numbers(self.net))

    def on_epoch_end(self, training: Training) -> None:
        self.hooks.append(f"end {training.history.epochs}")

    def on_train_end(self, training: Training) -> None:
        self.hooks.append("over")


def test_hooks_come_in_order() -> None:
    net = line()
    journal = Journal(net)
    history = fit(net, X, Y, epochs=2, batch_size=8, callbacks=[journal])
    one = ["step 1", "step 2"]
    assert journal.hooks == ["begin", "epoch 1", *one, "end 1", "epoch 2", *one, "end 2", "over"]
    assert history.stop_reason == "all 2 epochs are done"
    assert history.seconds > 0.0
    assert fit(net, X, Y).stop_reason == "its epoch is done"


# --- stop rules -------------------------------------------------------------------------------------------------------


def test_it_stops_when_the_error_is_small_enough() -> None:
    """Lecture L2.11."""
    net = line()
    history = fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.3), 500, None, min_loss=1e-3)
    assert history["loss"][-1] <= 1e-3 < history["loss"][-2]
    assert history.epochs < 100
    assert history.stop_reason == f"loss {history['loss'][-1]:.4g} is not above 0.001"


def test_early_stopping_puts_the_best_weights_back() -> None:
    """Lecture L2.12."""
    net = line(1.0, -2.0)
    validation = X, X[:, 0] - 2.0 * X[:, 1] + 0.2  # the bias passes 0.2 on its way to 0.5
    journal = Journal(net)
    history = fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.02), 500, None, validation_data=validation,
                  patience=3, callbacks=[journal])  # fmt: skip
    best, lowest = history.best("val_loss")
    assert history.epochs == best + 3 < 100
    assert numbers(net) == journal.weights[best - 1] != journal.weights[-1]
    assert evaluate(net, *validation)["loss"] == lowest
    assert history.stop_reason == (
        f"val_loss did not improve on that of epoch {best} for 3 epochs; its weights were put back"
    )


def test_patience_at_the_last_epoch_puts_the_best_weights_back_too() -> None:
    net = line(1.0, -2.0)
    validation = X, X[:, 0] - 2.0 * X[:, 1] + 0.2
    epochs = fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.02), 500, None, validation_data=validation,
                 patience=3).epochs  # fmt: skip
    net = line(1.0, -2.0)
    history = fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.02), epochs - 1, None, validation_data=validation,
                  patience=3)  # fmt: skip
    assert history.stop_reason == f"all {epochs - 1} epochs are done"
    assert evaluate(net, *validation)["loss"] == history.best("val_loss")[1] < history["val_loss"][-1]


def test_a_callback_may_end_it_within_an_epoch() -> None:
    class Enough(Callback):
        def on_step_end(self, training: Training) -> None:
            if (training.epoch, training.step) == (2, 1):
                training.stop("enough was seen")

    history = fit(line(), X, Y, epochs=9, batch_size=4, callbacks=[Enough()])
    assert (history.epochs, history.stop_reason) == (2, "enough was seen")


def test_a_plain_function_may_end_it() -> None:
    history = fit(line(), X, Y, epochs=9, callbacks=[lambda t: t.epoch == 3 and t.stop("three are enough")])
    assert (history.epochs, history.stop_reason) == (3, "three are enough")


def test_the_first_reason_counts() -> None:
    history = fit(line(), X, Y, epochs=1, callbacks=[lambda t: t.stop("first"), lambda t: t.stop("second")])
    assert history.stop_reason == "first"


def test_it_stops_where_a_line_search_finds_no_lower_point() -> None:
    net = line()
    history = fit(net, X, Y, optimizer="bfgs", epochs=100, batch_size=None)
    np.testing.assert_allclose(numbers(net), [1.0, -2.0, 0.5], atol=1e-7)
    assert history.epochs < 30
    assert history.stop_reason == "the optimiser found no lower point, so the weights are at a minimum"


# --- the keyboard -----------------------------------------------------------------------------------------------------


class Interrupt(Callback):
    """Presses Ctrl-C after a step, or at the end of an epoch."""

    def __init__(self, epoch: int, step: int | None = None) -> None:
        self.when = epoch, step

    def on_step_end(self, training: Training) -> None:
        if (training.epoch, training.step) == self.when:
            raise KeyboardInterrupt

    def on_epoch_end(self, training: Training) -> None:
        if (training.epoch, None) == self.when:
            raise KeyboardInterrupt


def test_ctrl_c_returns_the_history_so_far() -> None:
    net = line()
    journal = Journal(net)
    net.eval()
    history = fit(net, X, Y, epochs=9, batch_size=4, seed=0, callbacks=[journal, Interrupt(3, 2)])
    assert history.epochs == 2
    assert history.stop_reason == "interrupted from the keyboard in epoch 3, after 2 of 3 steps"
    assert numbers(net) == journal.weights[-1]
    assert len(journal.weights) == 8
    assert journal.hooks[-1] == "over"
    assert not net.training, "the mode is put back"
    assert fit(net, X, Y, epochs=9, callbacks=[Interrupt(2)]).epochs == 2


def test_ctrl_c_within_a_step_leaves_the_weights_of_the_last_one() -> None:
    calls = 0

    def interrupted(outputs: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1 + 12 + 7:  # the trial, one epoch, one step of four, and the third example of the next
            raise KeyboardInterrupt
        return mse(outputs, target)

    net = line()
    journal = Journal(net)
    optimizer = SGD(net.parameters(), lr=0.1, momentum=0.9)
    history = fit(net, X, Y, interrupted, optimizer, 9, 4, shuffle=False, callbacks=[journal], compile=False)
    assert history.stop_reason == "interrupted from the keyboard in epoch 2, after 1 of 3 steps"
    assert len(journal.weights) == 4
    assert numbers(net) == journal.weights[-1]
    assert all(p.grad is None for p in net.parameters())


def test_ctrl_c_keeps_early_stopping_from_putting_weights_back() -> None:
    net = line(1.0, -2.0)
    journal = Journal(net)
    validation = X, X[:, 0] - 2.0 * X[:, 1]
    stopping = EarlyStopping(patience=50)
    fit(net, X, Y, "mse", SGD(net.parameters(), lr=0.02), 60, None, validation_data=validation,
        callbacks=[journal, stopping, Interrupt(20)])  # fmt: skip
    assert numbers(net) == journal.weights[-1] != journal.weights[stopping.best_epoch - 1]


class Watching(Callback):
    """Looks on and does nothing, which keeps the epochs apart."""

    only_watches = True

    def on_epoch_end(self, training: Training) -> None:
        assert training.history.epochs == training.epoch, "the epoch that ended is the last of the history"


def momentum_descent(callbacks: list[Callback]) -> tuple[Module, History]:
    net = MLP(2, [3, 1], "tanh", seed=1)
    optimizer = SGD(net.parameters(), lr=0.01, momentum=0.9)
    return net, fit(net, X, Y, "mse", optimizer, 600, 3, seed=0, compile="numpy", callbacks=callbacks)


@pytest.fixture(scope="module")
def finished() -> tuple[list[list[float]], History]:
    """The weights before the first of four steps an epoch, and after each; and the history of the whole training."""
    states = [numbers(MLP(2, [3, 1], "tanh", seed=1))]

    class Keep(Callback):
        def on_step_end(self, training: Training) -> None:
            states.append(numbers(training.model))

    return states, momentum_descent([Keep()])[1]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the system has no timer to interrupt with")
@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("delay", every(np.linspace(0.001, 0.02, 12), 2))
def test_ctrl_c_at_any_moment_leaves_the_weights_of_a_finished_step(
    delay: float, watched: bool, finished: tuple[list[list[float]], History]
) -> None:
    """Epochs that nobody looks on at are computed several in one go, on weights that the model does not see."""

    class Alarm(Callback):
        def on_train_begin(self, training: Training) -> None:
            signal.setitimer(signal.ITIMER_REAL, delay)

    states, whole = finished
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    listening, gc.callbacks[:] = gc.callbacks[:], []  # hypothesis times collections; an exception in there is lost
    try:
        net, history = momentum_descent([Alarm(), Watching()] if watched else [Alarm()])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        gc.callbacks[:] = listening
    said = re.fullmatch(r"interrupted from the keyboard in epoch (\d+), after (\d) of 4 steps", history.stop_reason)
    assert said
    epoch, step = map(int, said.groups())
    assert history.rows == whole.rows[: history.epochs]
    assert history.epochs in (epoch - 1, epoch)
    assert states.index(numbers(net)) >= 4 * (epoch - 1) + step, "steps that were just taken may not be counted yet"


# --- infinity ---------------------------------------------------------------------------------------------------------


def test_a_rate_that_is_too_large_diverges_with_the_history_so_far() -> None:
    net = line()
    journal = Journal(net)
    optimizer = SGD(net.parameters(), lr=1e60)
    with pytest.raises(DivergedError) as caught:
        fit(net, 1e3 * X, Y, "mse", optimizer, 50, 6, shuffle=False, callbacks=[journal])
    message, history = str(caught.value), caught.value.history
    assert history.epochs == 1
    assert history.stop_reason == "diverged in epoch 2, step 2 of 2"
    assert message.startswith("Training diverged in epoch 2, step 2 of 2, at row 6: ")
    assert "larger than the largest float" in message
    assert message.endswith(
        "The weights are those after the last finished step. Take a smaller lr (it is 1e+60), standardise the inputs, "
        "or clip the gradients with clip_norm."
    )
    assert numbers(net) == journal.weights[-1]
    assert np.isfinite(numbers(net)).all()
    copied = pickle.loads(pickle.dumps(caught.value))
    assert (str(copied), copied.history) == (message, history)


def test_the_first_node_that_is_not_finite_is_named() -> None:
    class Growing(Module):
        def __init__(self) -> None:
            self.w = [Value(1.0, parameter=True)]

        def forward(self, xs: list[float]) -> list[Value]:
            grown = self.w[0] * xs[0]
            grown.name = "grown"
            return [exp(grown)]

    net = Growing()
    with pytest.raises(DivergedError) as caught:
        fit(net, [[1.0], [2.0], [5.0]], [5.0, 5.0, 5.0], "mse", SGD(net.parameters(), lr=100.0), 9, 1, shuffle=False)
    assert str(caught.value).startswith(
        "Training diverged in epoch 1, step 2 of 3, at row 1: exp(grown) is larger than the largest float, 1.8e308, at "
        "grown = 2482.9"
    )
    assert isinstance(caught.value.__cause__, OverflowError)


def test_an_operation_that_leaves_its_domain_counts_as_diverging() -> None:
    class Logarithm(Module):
        def __init__(self) -> None:
            self.w = [Value(1.0, parameter=True)]

        def forward(self, xs: list[float]) -> list[Value]:
            return [log(self.w[0])]

    net = Logarithm()
    with pytest.raises(DivergedError) as caught:
        fit(net, [[1.0]], [-3.0], "mse", SGD(net.parameters(), lr=0.5), 9)
    assert str(caught.value).startswith(
        "Training diverged in epoch 2, step 1 of 1, at row 0: log(w[0]) is undefined at w[0] = −2.0"
    )
    assert net.w[0].data == -2.0


@pytest.mark.parametrize("compile", [False, "numpy"])
def test_a_loss_that_becomes_infinite_counts_as_diverging(compile: Any) -> None:  # noqa: A002
    net = Layer(1, 1, "sigmoid", W=[[1.0]], b=[0.0])
    inputs, targets = [[1.0], [-3.0]], [1.0, 1.0]
    with pytest.raises(DivergedError) as caught:
        fit(net, inputs, targets, "bce", SGD(net.parameters(), lr=1e5), 9, 1, shuffle=False, compile=compile)
    assert str(caught.value).startswith(
        "Training diverged in epoch 1, step 2 of 2, at row 1: bce is infinite: outputs[0] (a[0]) is 0.0 where the "
        "target is 1.0."
    )


@pytest.mark.parametrize("compile", [False, "numpy"])
@pytest.mark.parametrize("validated", [False, True])
def test_a_loss_says_in_its_own_words_what_it_refuses(compile: Any, validated: bool) -> None:  # noqa: A002
    net = Layer(1, 1, W=[[1.0]], b=[0.0])
    optimizer = SGD(net.parameters(), lr=0.0)
    refused = [[0.5], [-0.25]], [1.0, 1.0]
    examples, validation = (([[0.5]], [1.0]), refused) if validated else (refused, None)
    with pytest.raises(ValueError, match=r"^bce: outputs\[0\] \(a\[0\]\) is -0\.25, but a probability") as caught:
        fit(net, *examples, "bce", optimizer, 2, 1, shuffle=False, validation_data=validation, compile=compile)
    assert str(caught.value).endswith("lies in [0, 1]. For scores without an activation use bce_with_logits.")
    where = (
        "on the validation examples after epoch 1, at row 1 of them"
        if validated
        else "in epoch 1, step 2 of 2, at row 1"
    )
    assert caught.value.__notes__ == [f"This happened in fit, {where}."]


def test_a_step_to_infinity_is_not_taken() -> None:
    net = line(1.0, 1.0)
    optimizer = SGD(net.parameters(), lr=1e308)
    before = numbers(net)
    with pytest.raises(DivergedError) as caught:
        fit(net, X, 1e3 * Y, "mse", optimizer, 3, None)
    assert str(caught.value).startswith(
        "Training diverged in epoch 1, step 1 of 1: SGD did not step: W[0][0] is 1, and the step with lr = 1e+308 "
        "would make it infinite or NaN."
    )
    assert "step. Take a smaller lr (it is" not in str(caught.value), "the optimiser has said so already"
    assert numbers(net) == before
    assert caught.value.history.epochs == 0


def test_validation_that_overflows_says_so() -> None:
    net = line(1.0, 1.0)
    with pytest.raises(DivergedError) as caught:
        fit(
            net, X, Y, "mse", SGD(net.parameters(), lr=0.0), 3, validation_data=([[1.0, 0.0], [1e200, 0.0]], [0.0, 0.0])
        )
    assert str(caught.value).startswith(
        "Training diverged on the validation examples after epoch 1, at row 1 of them: e[0]² is larger "
        "than the largest float"
    )


def test_other_errors_say_where_they_happened() -> None:
    calls = 0

    def failing(outputs: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1 + 6:
            raise RuntimeError("the loss broke")
        return mse(outputs, target)

    with pytest.raises(RuntimeError, match="the loss broke") as caught:
        fit(line(), X, Y, failing, epochs=2, batch_size=4, shuffle=False)
    assert caught.value.__notes__ == ["This happened in fit, in epoch 1, step 2 of 3, at row 5."]


@pytest.mark.parametrize("mistake", [ZeroDivisionError("1/0"), OverflowError("too far"), ValueError("no such class")])
def test_a_mistake_in_the_users_code_is_not_divergence(mistake: Exception) -> None:
    class Mistaken(Layer):
        calls = 0

        def forward(self, xs: list[float]) -> list[Value]:
            self.calls += 1
            if self.calls == 10:
                raise mistake
            return super().forward(xs)

    with pytest.raises(type(mistake)) as caught:
        fit(Mistaken(2, 1, W=[[0.0, 0.0]], b=[0.0]), X, Y, "mse", epochs=2, batch_size=4, shuffle=False)
    assert caught.value is mistake
    assert mistake.__notes__ == ["This happened in fit, in epoch 1, step 3 of 3, at row 9."]


def test_the_first_error_of_a_diverging_loss_is_a_sentence_of_its_own() -> None:
    net = line()
    with pytest.raises(DivergedError) as caught:
        fit(net, X, [*Y[:11], 1e200], "mse", SGD(net.parameters(), lr=0.1), 9, None)
    assert "e[0]² is larger than the largest float" in str(caught.value)
    assert re.search(r"[^.]\. The weights are those after", str(caught.value))


def test_a_step_that_fails_leaves_running_statistics_as_they_were() -> None:
    norm = BatchNorm1d(2)
    net = Sequential(norm, Layer(2, 1, seed=0))
    calls = 0

    def failing(outputs: Any, target: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1 + 6:
            raise RuntimeError("the loss broke")
        return mse(outputs, target)

    states: list[Any] = []
    with pytest.raises(RuntimeError):
        fit(net, X, Y, failing, epochs=2, batch_size=4, shuffle=False,
            callbacks=[_AfterStep(lambda training: states.append(net.state_dict()))])  # fmt: skip
    assert len(states) == 1
    assert states[0]["num_batches_tracked1"] == 1
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, states[0][name])


class _AfterStep(Callback):
    def __init__(self, function: Any) -> None:
        self.on_step_end = function  # type: ignore[method-assign]


# --- what a user may not expect ---------------------------------------------------------------------------------------


class Spare(Module):
    """A line with parameters that nothing depends on."""

    def __init__(self, count: int) -> None:
        self.w = [Value(0.5, parameter=True) for _ in range(2)]
        self.spare = [Value(0.25, parameter=True) for _ in range(count)]

    def forward(self, xs: list[float]) -> list[Value]:
        return [self.w[0] * xs[0] + self.w[1] * xs[1]]


def test_a_loss_that_does_not_depend_on_a_parameter_says_so_once() -> None:
    net = Spare(1)
    with pytest.warns(UserWarning, match="does not depend") as caught:
        fit(net, X, Y, epochs=3, batch_size=4)
    assert [str(warning.message) for warning in caught] == [
        "The loss does not depend on spare[0]: no example of the first epoch reached it. The gradient is treated as "
        "zero. Connect what is meant to be trained to the outputs, and freeze() the rest."
    ]
    assert caught[0].filename == __file__, "it points at the call of fit"
    assert net.spare[0].data == 0.25


@pytest.mark.parametrize("compiled", [True, False])
def test_what_only_an_unused_output_depends_on_is_named_too(compiled: bool) -> None:
    net = MLP(2, [2], seed=0)
    with pytest.warns(UserWarning, match=r"does not depend on W1\[1\]\[0\], W1\[1\]\[1\], b1\[1\]"):
        fit(net, X, Y, lambda outputs, target: (outputs[0] - target) ** 2, epochs=2, batch_size=4, compile=compiled)


def test_many_such_parameters_are_counted() -> None:
    with pytest.warns(
        UserWarning, match=r"depend on spare\[0\], spare\[1\], .*, spare\[4\] and 2 more: .* reached them"
    ):
        fit(Spare(7), X, Y)


def test_frozen_ones_and_ones_reached_by_some_example_are_not_reported() -> None:
    class Branching(Spare):
        def forward(self, xs: list[float]) -> list[Value]:
            return [self.w[0] * xs[0] if xs[0] > 0 else self.w[1] * xs[0]]

    net = Branching(1)
    net.spare[0].requires_grad = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(net, X, Y, epochs=2, batch_size=1)


def test_a_batch_larger_than_the_data_is_allowed_and_says_so() -> None:
    note = "batch_size 100 is above the 12 training examples: every step takes all of them"
    history = fit(line(), X, Y, epochs=2, batch_size=100)
    assert history.notes == [note]
    assert str(history).endswith(f"Note: {note}.")
    assert fit(line(), X, Y, batch_size=12).notes == []
    assert fit(line(), X, Y, batch_size=None).notes == []


def test_mini_batches_for_a_line_search_say_so() -> None:
    history = fit(line(), X, Y, optimizer="lbfgs", batch_size=4)
    assert history.notes == [
        "LBFGS is made for full batches (batch_size=None): every mini-batch is another function to it"
    ]


def test_what_does_not_go_together() -> None:
    net = line()
    with pytest.raises(ValueError) as caught:
        fit(net, X, Y, optimizer=BFGS(net.parameters()), clip_norm=1.0)
    assert str(caught.value) == "clip_norm does not go with BFGS, which chooses the length of its steps itself."
    dropping = Sequential(Layer(2, 3, seed=0), Dropout(0.5), Layer(3, 1, seed=0))
    with pytest.raises(ValueError) as caught:
        fit(dropping, X, Y, optimizer="bfgs")
    assert str(caught.value) == (
        "BFGS compares the loss at several weights, but dropout1 (Dropout p = 0.5) draws at random each time. Use a "
        "first-order optimiser such as Adam."
    )
    with pytest.raises(ValueError) as caught:
        fit(MLP(2, [1]), X, Y, "mae", "levenberg_marquardt", batch_size=None)
    assert str(caught.value) == (
        'Levenberg–Marquardt minimises a sum of squares: give fit loss="mse" or "half_squared_error", not mae, or '
        "another optimiser."
    )


# --- several epochs in one go -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("batch_size", "compiled"), [(None, "numpy"), (4, "numpy"), (5, "numpy"), (5, False)])
@pytest.mark.parametrize("metrics", [[], ["mae", "r2"]])
def test_epochs_that_nobody_looks_on_at_are_those_of_a_watched_training(
    batch_size: int | None, compiled: Any, metrics: list[str]
) -> None:
    histories, weights = [], []
    for callbacks in ([], [Watching()]):
        net = MLP(2, [3, 1], "tanh", seed=1)
        optimizer = SGD(net.parameters(), lr=0.05, momentum=0.9)
        histories.append(
            fit(net, X, Y, "mse", optimizer, 150, batch_size, seed=3, metrics=metrics, compile=compiled,
                callbacks=callbacks)
        )  # fmt: skip
        weights.append(numbers(net))
    assert histories[0].to_dict() == histories[1].to_dict()
    assert histories[0].epochs == 150
    assert histories[0].stop_reason == histories[1].stop_reason == "all 150 epochs are done"
    assert weights[0] == weights[1]


@pytest.mark.parametrize("batch_size", [None, 5])
def test_a_training_that_diverges_among_them_keeps_the_epochs_before(batch_size: int | None) -> None:
    """With a rate of 1.2 the distance from the minimum grows from step to step."""
    messages, histories, weights = [], [], []
    for callbacks in ([], [Watching()]):
        net = line()
        with pytest.raises(DivergedError) as caught:
            fit(net, 2.0 * X, Y, "mse", SGD(net.parameters(), lr=1.2), 3000, batch_size, shuffle=False,
                compile="numpy", callbacks=callbacks)  # fmt: skip
        messages.append(str(caught.value))
        histories.append(caught.value.history)
        weights.append(numbers(net))
    assert messages[0] == messages[1]
    assert histories[0].stop_reason == histories[1].stop_reason
    assert histories[0].to_dict() == histories[1].to_dict()
    assert histories[0].epochs > 80
    assert weights[0] == weights[1]
    assert np.isfinite(weights[0]).all()
