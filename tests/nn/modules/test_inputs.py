import numpy as np
import pytest

from autograd import Value
from nn.errors import ShapeError
from nn.modules.inputs import picture, positive, row, sequence


class Owner:
    title = "layer1 (Layer)"


def test_rows():
    v = Value(1.0)
    assert row([v, 2, np.float64(3.0)], 3, Owner) == (v, 2, 3.0)
    assert row((1.0,), None, Owner) == (1.0,)
    assert row(np.array([1, 2], dtype=np.int32), 2, Owner) == (1.0, 2.0)
    assert all(type(x) is float for x in row(np.float32([1.5, 2.5]), 2, Owner))


def test_pictures():
    x = np.arange(6.0).reshape(1, 2, 3)
    for given in (x, list(x), x.tolist(), x.astype(int), x.astype(object)):
        read = picture(given, 1, Owner)
        assert (read.shape, read.tolist()) == (x.shape, x.tolist())


def test_sequences():
    assert sequence(np.arange(4.0).reshape(2, 2), 2, Owner) == [(0.0, 1.0), (2.0, 3.0)]
    assert sequence([np.array([1.0])], 1, Owner) == [(1.0,)]


@pytest.mark.parametrize(
    ("call", "kind", "sentence"),
    [
        (lambda: row([], 2, Owner), ShapeError, "layer1 (Layer) takes 2 inputs, got 0."),
        (lambda: row([1.0] * 3, 1000, Owner), ShapeError, "layer1 (Layer) takes 1,000 inputs, got 3."),
        (
            lambda: row([[1.0], [2.0, 3.0]], None, Owner), ShapeError,
            "layer1 (Layer) takes one example, a flat list, or a list of examples, got ragged lists.",
        ),
        (
            lambda: row(Value(2.0), 1, Owner), TypeError,
            "layer1 (Layer) takes a list of numbers, got Value(2.0): write [x] for a single number x.",
        ),
        (
            lambda: row(np.float64(2.0), 1, Owner), TypeError,
            "layer1 (Layer) takes a list of numbers, got np.float64(2.0): write [x] for a single number x.",
        ),
        (
            lambda: row(None, 1, Owner), TypeError,
            "layer1 (Layer) takes a list of numbers, got NoneType: write [x] for a single number x.",
        ),
        (
            lambda: row({"a": 1}, 1, Owner), TypeError,
            "layer1 (Layer) takes a list of numbers, got dict: write [x] for a single number x.",
        ),
        (
            lambda: picture([1.0], 1, Owner), ShapeError,
            "layer1 (Layer) takes one picture, [channel][row][column], got (1,).",
        ),
        (lambda: picture([[[1.0]]], 2, Owner), ShapeError, "layer1 (Layer) takes 2 channels, got 1."),
        (
            lambda: sequence([[1.0, 2.0]], 1, Owner), ShapeError,
            "layer1 (Layer), step 0, takes 1 input, got 2.",
        ),
    ],
)  # fmt: skip
def test_errors(call, kind, sentence):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == sentence


@pytest.mark.parametrize("size", [[5], [5, 6], 2.5, 5.0, True, 0])
def test_a_size_that_is_an_array_is_one_whole_number(size):
    assert positive(np.array(5), "units", "Dense") == 5
    with pytest.raises(ValueError) as refused:
        positive(np.array(size), "units", "Dense")
    assert str(refused.value) == f"units of Dense must be a whole number from 1, not {np.array(size)!r}."
