"""Data that can be used, and the sentence for each kind that cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from nn.data.examples import read_examples, read_inputs, read_targets

GAPS = " Leave such examples out, or fill the gaps in first."
SHAPE = " Give every example the same shape."
NUMBERS = ", which is no real number. Give numbers only: encode categories first."


@pytest.mark.parametrize(
    "X",
    [
        [[1, 2], [3, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        np.array([[1, 2], [3, 4]], dtype=np.float32),
        np.array([[1, 2], [3, 4]], dtype=np.int8),
        np.array([[1, 2], [3, 4]], dtype=object),
        [np.array([1, 2]), np.array([3, 4])],
    ],
)
def test_any_table_of_numbers_becomes_float64(X: Any) -> None:
    array = read_inputs(X)
    assert array.dtype == np.float64
    assert array.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_pictures_keep_their_axes_and_truth_values_become_numbers() -> None:
    assert read_inputs(np.zeros((3, 1, 2, 2))).shape == (3, 1, 2, 2)
    assert read_inputs([[True, False]]).tolist() == [[1.0, 0.0]]


def test_a_data_frame_is_read_as_its_numbers() -> None:
    class Frame:
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
            return np.array([[1.0, 2.0]])

    class Dataset(Frame):
        """As an array in a file of HDF5 is called."""

    assert read_inputs(Frame()).tolist() == [[1.0, 2.0]]  # type: ignore[arg-type]
    assert read_inputs(Dataset()).tolist() == [[1.0, 2.0]]  # type: ignore[arg-type]


def test_targets_keep_classes_whole() -> None:
    assert read_targets([0, 2, 1]).dtype == np.int64
    assert read_targets(np.array([0, 2], dtype=np.uint8)).tolist() == [0, 2]
    assert read_targets(np.array([1, 2**63 + 2048], dtype=np.uint64)).tolist() == [1.0, 2.0**63 + 2048.0]
    assert read_targets([0.5, 2.0]).dtype == np.float64
    assert read_targets([[1, 0], [0, 1]]).shape == (2, 2)


BAD = [
    ([], ValueError, "X is empty, with shape (0,): give at least one example of at least one number."),
    (np.zeros((0, 3)), ValueError, "X is empty, with shape (0, 3): give at least one example of at least one number."),
    ([[]], ValueError, "X is empty, with shape (1, 0): give at least one example of at least one number."),
    (3, ValueError, "X is the single number 3: for one example write [[3]]."),
    (
        [1.0, 2.0],
        ValueError,
        "X must have one row for each example, but it is flat, with shape (2,). For examples of one number each write "
        "X.reshape(-1, 1); for a single example [X].",
    ),
    ([[1, 2], [3]], ValueError, "X is ragged: row 0 has length 2 and row 1 has length 1." + SHAPE),
    ([[1, 2], 3], ValueError, "X is ragged: row 0 has shape (2,) and row 1 has shape ()." + SHAPE),
    ([[1, [2]], [3, 4]], ValueError, "X is ragged within row 0: its lists differ in length." + SHAPE),
    ([[[1], [2]], [[1], [2, 3]]], ValueError, "X is ragged within row 1: its lists differ in length." + SHAPE),
    (
        [np.zeros(2), np.zeros(2), np.zeros(3)],
        ValueError,
        "X is ragged: row 0 has length 2 and row 2 has length 3." + SHAPE,
    ),
    ([[1, np.nan], [2, 3]], ValueError, "X[0][1] (row 0, column 1) is NaN." + GAPS),
    (
        [[1, 2], [-np.inf, 3], [np.nan, 4]],
        ValueError,
        "X[1][0] (row 1, column 0) is −inf. It is the first of 2 such entries." + GAPS,
    ),
    ([[[0.0, np.inf]]], ValueError, "X[0][0][1] (row 0) is inf." + GAPS),
    (
        [[1, -(10**400)]],
        ValueError,
        "X[0][1] (row 0, column 1) is larger than the largest float: scale it down.",
    ),
    ([[1, "a"], [2, "b"]], TypeError, "X[0][1] (row 0, column 1) is 'a', of type str" + NUMBERS),
    ([["1", "2"]], TypeError, "X[0][0] (row 0, column 0) is '1', of type str" + NUMBERS),
    (
        None,
        TypeError,
        "X is None, of type NoneType, which is no real number. Give numbers only: leave such examples "
        "out, or fill the gaps in first.",
    ),
]


@pytest.mark.parametrize(("X", "kind", "message"), BAD, ids=range(len(BAD)))
def test_inputs_that_cannot_be_used(X: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        read_inputs(X)
    assert str(caught.value) == message


def test_targets_that_cannot_be_used() -> None:
    with pytest.raises(ValueError) as caught:
        read_targets([])
    assert str(caught.value) == "y is empty, with shape (0,): give one target for each example."
    with pytest.raises(ValueError) as caught:
        read_targets([1.0, np.nan], name="y of validation_data")
    assert str(caught.value) == "y of validation_data[1] (row 1) is NaN." + GAPS


def test_lengths_that_differ() -> None:
    with pytest.raises(ValueError) as caught:
        read_examples([[1], [2], [3]], [1, 2])
    assert str(caught.value) == "X has 3 rows but y has 2: each example needs its target."


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((row for row in [[1.0]]), "X is of type generator, which is no real number. Write list(X)."),
        ({"a": [1.0]}, "X is of type dict, which is no real number. For a table of columns write "
         "numpy.column_stack(list(X.values()))."),
        (b"abc", "X is of type bytes, which is no real number. Give numbers only: encode categories first."),
        ("data.csv", "X is 'data.csv', of type str, which is no real number. Read the file or the data set that it "
         "names first."),
        ([[1.0, None]], "X[0][1] (row 0, column 1) is None, of type NoneType, which is no real number. Give numbers "
         "only: leave such examples out, or fill the gaps in first."),
        ([[1j]], "X[0][0] (row 0, column 0) is 1j, of type complex, which is no real number. Give its real and "
         "imaginary part as two columns."),
        (np.zeros((2, 1), "datetime64[s]"), "X holds entries of type datetime64[s], which are no real numbers: count "
         "days, say."),
    ],
)  # fmt: skip
def test_what_is_no_array_of_numbers_is_refused_with_its_cure(given: Any, message: str) -> None:
    with pytest.raises(TypeError) as refusal:
        read_inputs(given)
    assert str(refusal.value) == message


def test_a_loader_is_refused_with_what_to_give_instead() -> None:
    data = pytest.importorskip("torch.utils.data", reason="its loaders")
    torch = pytest.importorskip("torch")
    pytest.importorskip("sklearn", minversion="1.6")
    model, X, y = nn.MLP(2, [1], seed=0), np.ones((3, 2)), np.ones(3)
    pairs = data.TensorDataset(torch.tensor(X), torch.tensor(y))
    keras = nn.keras.Sequential([nn.keras.layers.Dense(1, input_shape=(2,))])
    keras.compile(loss="mse")
    for loader in (data.DataLoader(pairs), nn.DataLoader(X, y), nn.DataLoader(X), pairs):
        calls: list[tuple[str, Callable[[Any], Any]]] = [
            ("X", lambda given: nn.predict(model, given)),
            ("X", lambda given: nn.fit(model, given, y)),
            ("X", lambda given: nn.fit(model, given)),
            ("X", lambda given: nn.evaluate(model, given)),
            ("y", lambda given: nn.evaluate(model, X, given)),
            ("X", lambda given: nn.DataLoader(given, batch_size=2)),
            ("y", lambda given: nn.DataLoader(X, given)),
            ("an array", lambda given: nn.train_test_split(given)),
            ("x", model),
            ("x", nn.Conv2d(1, 1, 1)),
            ("x", keras.fit),
            ("x", keras.evaluate),
            ("X", lambda given: nn.sklearn.Regressor().fit(given, y)),
            ("y", lambda given: nn.sklearn.Classifier().fit(X, given)),
            ("y", lambda given: nn.plots.decision(model, X, given)),
            ("targets", lambda given: nn.accuracy(y, given)),
        ]
        for name, call in calls:
            with pytest.raises(TypeError) as refusal:
                call(loader)
            assert str(refusal.value) == (
                f"{name} is a {type(loader).__name__}, which hands out examples in a loop: give the arrays of inputs "
                "and of targets that it was made of; fit and nn.DataLoader take batch_size= and shuffle= themselves."
            )


def test_targets_that_are_missing() -> None:
    model, X = nn.MLP(2, [1], seed=0), np.ones((3, 2))
    for call, name in [
        (lambda: nn.fit(model, X), "y"),
        (lambda: nn.evaluate(model, X), "y"),
        (lambda: nn.fit(model, X, [1, 2, 3], validation_data=(X, None)), "y of validation_data"),  # type: ignore[arg-type]
    ]:
        with pytest.raises(TypeError) as refusal:
            call()
        assert str(refusal.value) == f"{name} is missing: give one target for each example."


def test_tensors_are_read() -> None:
    torch = pytest.importorskip("torch", reason="the tensors")
    numbers = torch.tensor([[1.0, 2.5], [3.0, -4.0]])
    for given in (
        numbers.requires_grad_(),
        numbers.to(torch.bfloat16),
        list(numbers),
        list(numbers.detach()),
    ):
        np.testing.assert_array_equal(read_inputs(given), [[1.0, 2.5], [3.0, -4.0]])
    with pytest.raises(TypeError, match=r"^X is a tensor on the device 'meta', which has no numbers\.$"):
        read_inputs(numbers.to("meta"))
