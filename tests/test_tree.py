"""Nested numbers, walked, measured and built again."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, tree


class Line(NamedTuple):
    slope: float
    offset: float


NESTED = st.recursive(
    st.integers(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(max_size=2), inner)
    | st.builds(Line, inner, inner),
)  # fmt: skip


@given(NESTED)
def test_the_leaves_give_the_whole_again(x):
    assert tree.rebuild(x, tree.leaves(x)) == x == tree.map_leaves(lambda leaf: leaf, x)
    assert [leaf for _, leaf in tree.leaves_with_places(x)] == tree.leaves(x) == tree.leaves_like(x, x)


@given(NESTED)
def test_a_place_leads_to_its_leaf(x):
    for place, leaf in tree.leaves_with_places(x, "x"):
        assert eval(place, {"x": x}) == leaf


def test_kinds_are_kept():
    x = {"line": Line(1.0, 2.0), "rest": [(3.0,), OrderedDict(a=4.0)]}
    assert tree.map_leaves(lambda leaf: -leaf, x) == {"line": Line(-1.0, -2.0), "rest": [(-3.0,), {"a": -4.0}]}
    assert isinstance(tree.rebuild(x, "abcd")["line"], Line)


def test_what_is_not_opened():
    x = [(1.0, 2.0), [3.0]]
    assert tree.leaves(x, is_leaf=lambda part: isinstance(part, tuple)) == [(1.0, 2.0), 3.0]
    assert tree.map_leaves(str, x, is_leaf=lambda part: isinstance(part, tuple)) == ["(1.0, 2.0)", ["3.0"]]


def test_a_text_is_a_leaf():
    assert tree.leaves(["ab", None]) == ["ab", None]
    assert tree.parts("ab") is None
    assert tree.parts(Value(1.0)) is None


def test_arrays():
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert tree.leaves([matrix, np.array(5.0)]) == [1.0, 2.0, 3.0, 4.0, 5.0]
    doubled = tree.map_leaves(lambda x: 2.0 * x, matrix)
    assert (doubled.dtype, doubled.tolist()) == (np.float64, [[2.0, 4.0], [6.0, 8.0]])
    values = tree.map_leaves(Value, {"m": matrix})["m"]
    assert (values.dtype, values.shape, values[1, 0].data) == (object, (2, 2), 3.0)
    assert dict(tree.leaves_with_places(matrix, "m"))["m[1][0]"] == 3.0
    again = tree.rebuild({"m": matrix}, [4.0, 3.0, 2.0, 1.0])["m"]
    assert (again.dtype, again.tolist()) == (np.float64, [[4.0, 3.0], [2.0, 1.0]])
    values = [Value(x) for x in range(4)]
    of_values = tree.rebuild(matrix, values)
    assert (of_values.dtype, of_values.shape, of_values[1, 0]) == (object, (2, 2), values[2])
    rows = tree.rebuild(np.zeros(2), [np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    assert rows.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert tree.rebuild(np.zeros((0, 2)), []).shape == (0, 2)


@pytest.mark.parametrize(
    ("x", "due"),
    [
        (1.0, ()), ([], (0,)), ([[], []], (2, 0)), (([1, 2, 3], [4, 5, 6]), (2, 3)), (np.ones((2, 0, 3)), (2, 0, 3)),
        ([np.ones(3), [1, 2, 3]], (2, 3)), (np.array([[1], [2]], dtype=object), (2, 1)), ([{"a": 1.0}], (1,)),
    ],
)  # fmt: skip
def test_shapes(x, due):
    assert tree.shape(x) == due


@pytest.mark.parametrize("ragged", [[[1, 2], [3]], [1, [2]], [np.ones(2), 3.0]])
def test_ragged(ragged):
    with pytest.raises(ValueError, match=r"^The lists are ragged: side by side stand shapes \(.*\) and \(.*\)\.$"):
        tree.shape(ragged)


@pytest.mark.parametrize(
    ("x", "vector", "sentence"),
    [
        ([1.0, 2.0], [1.0], "The vector has to have 2 entries, like the argument."),
        ([1.0, 2.0], 1.0, "The vector has to have 2 entries, like the argument."),
        ([1.0], {"a": 1.0}, "The vector has to have 1 entries, like the argument."),
        ({"p": [1.0, Line(1.0, 2.0)]}, {"p": [1.0, [1.0, [2.0]]]},
         "The vector has to have one number, like the argument at ['p'][1].offset."),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0}, "The vector has to have the keys of the argument: a, b."),
    ],
)  # fmt: skip
def test_a_vector_of_another_nesting(x, vector, sentence):
    with pytest.raises(ValueError) as raised:
        tree.leaves_like(x, vector)
    assert str(raised.value) == sentence


def test_a_vector_in_the_order_of_the_argument():
    assert tree.leaves_like({"a": [1, 2], "b": 3}, {"b": 6, "a": np.array([4, 5])}) == [4, 5, 6]
    assert tree.leaves_like(Line(1, 2), [3, 4]) == [3, 4]
