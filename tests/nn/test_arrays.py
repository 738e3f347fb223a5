import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes
from hypothesis.extra.numpy import arrays as drawn_arrays

from autograd import Value
from nn import arrays
from nn.errors import ShapeError
from nn.parameters import parameters

anything = drawn_arrays(np.float64, array_shapes(max_dims=4, max_side=3), elements=st.floats(-1e6, 1e6))


@settings(deadline=None)
@given(anything)
def test_numbers_go_into_parameters_and_come_back(content):
    nested = parameters(content, "W")
    assert arrays.shape(nested) == content.shape
    assert (arrays.numbers(nested) == content).all()
    assert [v.data for v in arrays.flat(nested)] == content.ravel().tolist()
    for place, v in arrays.entries(nested):
        index = tuple(int(i) for i in place[1:-1].split("]["))
        assert v.data == content[index]
        assert (v.name, v.is_parameter) == (f"W{place}", True)
    doubled = arrays.map_numbers(lambda v: 2 * v.data, nested)
    assert (np.array(doubled) == 2 * content).all()


def test_a_single_value_has_no_axes():
    b = parameters(np.array(0.5), "b")
    assert (b.name, arrays.shape(b), arrays.flat(b), arrays.numbers(b).shape) == ("b", (), [b], ())
    assert list(arrays.entries(b)) == [("", b)]


def test_first():
    assert arrays.first({"a": [[3, 4]]}) == 3
    assert arrays.first([[]]) is None
    assert arrays.first("ab") == "ab"


def test_ragged_lists_have_no_shape():
    with pytest.raises(ShapeError) as caught:
        arrays.shape([[1, 2], [3]])
    assert str(caught.value) == "The lists are ragged: side by side stand shapes (1,) and (2,)."
    assert arrays.shape([]) == (0,)


def test_given_makes_a_copy_in_float64():
    source = np.ones((2, 1), dtype=np.float32)
    checked = arrays.read_given(source, (2, 1), "W", "Layer")
    checked[0] = 5.0
    assert (checked.dtype, source[0, 0]) == (np.float64, 1.0)


@pytest.mark.parametrize(
    ("content", "kind", "sentence"),
    [
        ([[1, 2], [3]], ShapeError, "W of X is ragged: its rows have 2 and 1 numbers. Its shape must be (2, 2)."),
        (
            [[1, 2], 3], ShapeError,
            "W of X is ragged: its lists differ in length or depth. Its shape must be (2, 2).",
        ),
        ([[1, 2]], ShapeError, "W of X has shape (1, 2), expected (2, 2)."),
        ([[1, 2], [3, None]], TypeError, "W of X must hold plain numbers, not NoneType. Give floats."),
        (np.array([[1j, 2], [3, 4]]), TypeError, "W of X must hold plain numbers, not complex. Give floats."),
        ([[1, 2], [float("-inf"), 4]], ValueError, "W[1][0] of X is -inf: give finite numbers."),
        (
            Value(1.0), TypeError,
            "W of X must hold plain numbers, not Value. Share parameters by assigning a module's array: b.W = a.W.",
        ),
    ],
)  # fmt: skip
def test_given_errors(content, kind, sentence):
    with pytest.raises(kind) as caught:
        arrays.read_given(content, (2, 2), "W", "X")
    assert str(caught.value) == sentence
