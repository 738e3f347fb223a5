"""What a history answers: columns, the best epoch, arrays, and the table it prints."""

from __future__ import annotations

import copy
import itertools
import json
import math
import pickle
import re

import numpy as np
import pytest

from nn.training.history import History


def of(**columns: list[float]) -> History:
    history = History()
    for row in zip(*columns.values(), strict=True):
        history.append(dict(zip(columns, row, strict=True)))
    return history


def test_it_is_a_mapping_of_columns() -> None:
    history = of(loss=[3.0, 2.0], val_mae=[0.5, 0.7])
    assert history["loss"] == [3.0, 2.0]
    assert list(history) == ["loss", "val_mae"]
    assert dict(history) == history.to_dict() == {"loss": [3.0, 2.0], "val_mae": [0.5, 0.7]}
    assert (len(history), history.epochs, "loss" in history, "mae" in history) == (2, 2, True, False)
    assert json.loads(json.dumps(history.to_dict())) == history.to_dict()


def test_an_unknown_column_names_those_there_are() -> None:
    with pytest.raises(KeyError) as caught:
        of(loss=[1.0], mae=[2.0])["val_loss"]
    assert caught.value.args[0] == "The history has no column 'val_loss'. Columns: loss, mae."
    with pytest.raises(KeyError) as caught:
        History()["loss"]
    assert caught.value.args[0] == "The history has no column 'loss'. Columns: none, as no epoch was finished."


def test_a_column_that_starts_later_is_nan_before() -> None:
    history = of(loss=[3.0])
    history.append({"loss": 2.0, "rate": 0.1})
    assert math.isnan(history["rate"][0])
    assert history["rate"][1] == 0.1
    assert str(history).splitlines()[1] == "    1           3           —"


def test_the_best_epoch_is_the_first_of_equals_and_never_nan() -> None:
    history = of(loss=[math.nan, 2.0, 1.0, 1.0], accuracy=[0.5, 0.9, 0.9, math.nan])
    assert history.best() == (3, 1.0)
    assert history.best("accuracy", largest=True) == (2, 0.9)
    with pytest.raises(ValueError) as caught:
        of(loss=[math.nan]).best()
    assert str(caught.value) == "Column 'loss' of the history holds no finite number, so none is the best."


def test_arrays_have_the_epoch_and_the_columns_as_fields() -> None:
    table = of(loss=[3.0, 2.0], mae=[0.5, 0.25]).to_numpy()
    assert table.shape == (2,)
    assert table.dtype.names == ("epoch", "loss", "mae")
    assert table["epoch"].tolist() == [1, 2]
    np.testing.assert_array_equal(table["mae"], [0.5, 0.25])


def test_the_table_shows_first_middle_and_last_epochs() -> None:
    history = of(loss=[1.0 / k**3 for k in range(1, 201)], val_mae=[-0.5] * 200)
    history.stop_reason, history.seconds = "all 200 epochs are done", 1.25
    assert str(history).splitlines() == [
        "epoch        loss     val_mae",
        "    1           1        −0.5",
        "    2       0.125        −0.5",
        "    3    0.037037        −0.5",
        "    …",
        "  100       1e−06        −0.5",
        "    …",
        "  198  1.2883e−07        −0.5",
        "  199  1.2689e−07        −0.5",
        "  200    1.25e−07        −0.5",
        "200 epochs in 1.25 s; all 200 epochs are done.",
    ]
    assert repr(history) == str(history)


@pytest.mark.parametrize("epochs", range(1, 9))
def test_a_short_table_leaves_nothing_out(epochs: int) -> None:
    lines = str(of(loss=[1.0] * epochs)).splitlines()
    shown = [int(line.split()[0]) for line in lines[1:-1] if "…" not in line]
    gaps = [b - a for a, b in itertools.pairwise(shown)]
    assert (shown[0], shown[-1]) == (1, epochs)
    assert sum("…" in line for line in lines) == sum(gap > 1 for gap in gaps)
    assert epochs > 7 or shown == list(range(1, epochs + 1))


def test_an_empty_history_and_its_notes_print_too() -> None:
    history = History()
    history.stop_reason = "interrupted from the keyboard in epoch 1, after 0 of 5 steps"
    history.notes.append("batch_size 9 is above the 3 training examples: every step takes all of them")
    assert str(history).splitlines() == [
        "0 epochs in 0 s; interrupted from the keyboard in epoch 1, after 0 of 5 steps.",
        "Note: batch_size 9 is above the 3 training examples: every step takes all of them.",
    ]


def test_wide_names_and_many_digits_stay_apart() -> None:
    header, row, _ = str(of(val_accuracy_with_logits=[1e-300], loss=[-1.23456789e-101])).splitlines()
    assert header.split() == ["epoch", "val_accuracy_with_logits", "loss"]
    assert row.split() == ["1", "1e−300", "−1.2346e−101"]


def test_copies_and_pickles_are_equal() -> None:
    history = of(loss=[3.0, 2.0])
    assert copy.deepcopy(history) == history == pickle.loads(pickle.dumps(history))
    assert history != of(loss=[3.0, 2.5])


def test_a_metrics_name_that_no_terminal_takes_is_written_out() -> None:
    history = History()
    history.append({"loss": 1.0, "m\udcff": 2.0})
    assert "m\\udcff" in str(history)
    str(history).encode("utf-8")


def recorded(rows: list[dict[str, float]]) -> History:
    history = History()
    for row in rows:
        history.append(row)
    return history


def test_a_notebook_shows_a_curve_of_each_column_and_the_table() -> None:
    history = recorded([{"loss": 4.0, "<a>\ud800": 1e308}, {"loss": math.nan}, {"loss": 3.0}, {"loss": 2.0}])
    shown = history._repr_html_()
    assert 'd="M4.0 4.0h0 M137.3 34.0h0 L204.0 64.0"' in shown
    assert "<figcaption>&lt;a&gt;\\ud800</figcaption>" in shown
    assert "4 epochs in 0 s." in shown
    assert "<a>" not in shown


@pytest.mark.parametrize("column", [[-1e308, 1e308], [5e-324, 0.0], [2.0, 2.0], [7.0]])
def test_every_finite_column_is_drawn_inside_its_picture(column: list[float]) -> None:
    shown = recorded([{"loss": number} for number in column])._repr_html_()
    path = shown.partition('d="')[2].partition('"')[0]
    points = re.findall(r"[ML]([\d.]+) ([\d.]+)", path)
    assert len(points) == len(column)
    assert all(4 <= float(x) <= 204 and 4 <= float(y) <= 64 for x, y in points)


def test_a_history_without_a_finite_number_shows_its_table() -> None:
    assert "<svg" not in recorded([{"loss": math.inf}])._repr_html_()
    assert "0 epochs" in History()._repr_html_()
