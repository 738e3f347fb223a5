"""What a training prints: nothing off a terminal unless asked; lines and a bar on one."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from rich.console import Console

from nn.modules.layers import Layer
from nn.optim.optimizers import SGD
from nn.training.callbacks import Training
from nn.training.fit import fit
from nn.training.progress import Progress, duration

X, Y = np.array([[0.0], [1.0]]), np.array([1.0, 2.0])


def shown(mode: bool | str, *, terminal: bool, epochs: int = 30, steps: int = 4) -> str:
    """Report a made-up training on a console of a given kind."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, _environ={"TERM": "xterm"})
    net = Layer(1, 1, seed=0)
    state = Training(net, SGD(net.parameters(), lr=0.1), epochs=epochs, steps=steps)
    with Progress(mode, epochs, steps, console) as progress:
        for epoch in range(1, epochs + 1):
            state.epoch = epoch
            for step in range(1, steps + 1):
                state.step, state.loss = step, 1.0 / epoch
                progress.step(state)
            state.history.append({"loss": 1.0 / epoch, "val_mae": 0.5})
            progress.epoch(state)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())


def epochs_of(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"^epoch +(\d+)/\d+   loss", text, re.MULTILINE)]


def test_off_a_terminal_it_is_silent_unless_asked() -> None:
    assert shown("auto", terminal=False) == ""
    assert shown(False, terminal=True) == ""
    assert shown(False, terminal=False) == ""
    assert shown(True, terminal=False) != ""
    assert shown("auto", terminal=True) != ""


def test_lines_for_the_first_epochs_every_tenth_part_and_the_last() -> None:
    text = shown(True, terminal=False)
    assert epochs_of(text) == [1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30]
    assert re.fullmatch(r"epoch  2/30   loss 0\.5   val_mae 0\.5   \d+\.\d s, \d+\.\d s left", text.splitlines()[1])
    assert epochs_of(shown(True, terminal=False, epochs=5)) == [1, 2, 3, 4, 5]


def test_a_terminal_has_a_bar_with_epoch_loss_metrics_and_time_left() -> None:
    text = shown("auto", terminal=True)
    last = text.replace("\r", "\n").splitlines()[-1]
    assert last.startswith("epoch 30/30 ━━━")
    assert "loss 0.03333   val_mae 0.5" in last
    assert "left" in last


def test_fit_prints_when_asked_and_not_in_these_tests_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    fit(Layer(1, 1, seed=0), X, Y, epochs=2)
    assert capsys.readouterr() == ("", "")
    fit(Layer(1, 1, seed=0), X, Y, epochs=2, progress=True)
    printed = capsys.readouterr()
    assert epochs_of(printed.out) == [1, 2]
    assert printed.err == ""


def test_notes_are_printed_first(capsys: pytest.CaptureFixture[str]) -> None:
    fit(Layer(1, 1, seed=0), X, Y, batch_size=9, progress=True)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "Note: batch_size 9 is above the 2 training examples: every step takes all of them."
    assert second.startswith("epoch 1/1   loss ")


def test_the_epoch_that_stops_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    fit(Layer(1, 1, seed=0), X, Y, epochs=900, progress=True, callbacks=[lambda t: t.epoch == 7 and t.stop("enough")])
    assert epochs_of(capsys.readouterr().out) == [1, 2, 3, 7]


def test_names_with_brackets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    fit(Layer(1, 1, seed=0), X, Y, progress=True, metrics={"[bold]worst[/bold]": lambda p, t: 1.0})
    assert "[bold]worst[/bold] 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (61.0, "1 min 01 s"), (3600.0, "1 h 00 min")]
)
def test_times_are_readable(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_an_unknown_mode() -> None:
    with pytest.raises(ValueError) as caught:
        Progress("yes", 1, 1)
    assert str(caught.value) == (
        'progress must be "auto", True or False, not \'yes\': "auto" reports on a terminal only.'
    )
