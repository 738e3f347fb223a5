"""Leaves that were assigned after a graph was recorded are found by computing again, and marked in print."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Op, Value, dot, explain, hypot, relu, tanh, total
from autograd.staleness import assigned_since


def find(output):
    found = assigned_since(output.graph().nodes)
    return {leaf.name for leaf in found.surely}, {leaf.name for leaf in found.perhaps}


def leaves(*numbers):
    return [Value(number, name=name) for number, name in zip(numbers, "abcde", strict=False)]


def test_the_leaf_of_a_function_of_one():
    [a] = leaves(0.5)
    y = tanh(a)
    assert find(y) == (set(), set())
    a.data = 7.0
    assert find(y) == ({"a"}, set())
    a.data = 0.5
    assert find(y) == (set(), set())


@pytest.mark.parametrize("assigned", ["a", "b"])
@pytest.mark.parametrize("f", [lambda a, b: a * b, lambda a, b: dot([a], [b]), lambda a, b: dot([a, 2.0], [b, b])])
def test_the_slopes_of_a_product_tell_its_factors_apart(f, assigned):
    a, b = leaves(0.5, 2.0)
    y = f(a, b)
    {"a": a, "b": b}[assigned].data = 7.0
    assert find(y) == ({assigned}, set())


def test_what_another_use_clears():
    a, b, c = leaves(0.5, 2.0, 3.0)
    y = (a + b) * (b - c)
    a.data = 7.0
    assert find(y) == ({"a"}, set())


def test_what_cannot_be_told_apart():
    a, b = leaves(0.5, 2.0)
    y = a + b
    a.data = 7.0
    assert find(y) == (set(), {"a", "b"})
    z = hypot(a, b)
    assert find(z) == (set(), set())


def test_a_leaf_that_was_used_before_and_after():
    a, b = leaves(0.5, 2.0)
    first = a * 2.0
    a.data = 7.0
    y = first + a * b
    assert find(y) == ({"a"}, set())


def test_what_fails_with_the_new_number():
    a, b = leaves(0.5, 2.0)
    y = a.log() + b
    a.data = -1.0
    assert find(y) == ({"a"}, set())
    z = Value(-8.0, name="a") ** 3
    z.operands[0].data = 1e200
    assert find(z) == ({"a"}, set())


def test_many_operands_and_operations_of_a_users_own():
    many = [Value(float(k), name=f"x{k}") for k in range(100)]
    y = total(many)
    many[3].data = -1.0
    assert find(y) == (set(), {v.name for v in many})
    half = Op("half", lambda x: float(x) / 2.0, [lambda out, x: 0.5])
    [a] = leaves(3.0)
    y = half(a)
    assert find(y) == (set(), set())
    a.data = 4.0
    assert find(y) == ({"a"}, set())


@given(st.lists(st.floats(-2.0, 2.0), min_size=5, max_size=5), st.sets(st.sampled_from("abcde")))
def test_whatever_is_assigned_is_found(numbers, chosen):
    vs = leaves(*numbers)
    a, b, c, d, e = vs
    y = tanh(a * b) + dot([c, d], [a, b]) * e.sin() - (d - e).exp()
    for v, shift in zip(vs, (1.0, 1.3, 1.7, 2.1, 2.9), strict=True):
        if v.name in chosen:
            v.data += shift
    surely, perhaps = find(y)
    assert chosen <= surely | perhaps
    assert bool(surely | perhaps) == bool(chosen)


def stale():
    x, w = Value(0.5, name="x"), Value(2.0, name="w")
    t = tanh(w * x)
    t.name = "t"
    x.data = 7.0
    return x, w, t


def test_the_picture_marks_it():
    x, w, t = stale()
    svg = t.graph().to_svg()
    words = "\n".join(ElementTree.fromstring(svg).itertext())
    assert "7 *" in words.splitlines()
    assert "2" in words.splitlines()
    assert "* assigned since: what was computed from it shows the numbers before" in words
    assert "data 7.0, assigned since: what was computed from it shows the number before" in svg
    fresh = tanh(w * x).graph().to_svg()
    assert "assigned since" not in fresh


def test_the_picture_marks_what_may_have_been():
    a, b = leaves(0.5, 2.0)
    y = a + b
    a.data = 7.0
    words = "\n".join(ElementTree.fromstring(y.graph().to_svg()).itertext())
    assert {"7 ?", "2 ?"} <= set(words.splitlines())
    assert "? assigned since, this or one beside it: what was computed shows the numbers before" in words
    folded = y.graph().to_svg(fold="op")
    assert "assigned since" in folded


def test_the_tree_marks_it():
    assert str(stale()[2].tree()).splitlines()[-1] == (
        "    └── x = 7  grad —  ∂v1/∂x = w = 2  assigned since: above it are the numbers before"
    )


def test_a_derivation_says_so():
    x, w, t = stale()
    assert str(explain(t, w)) == "∂t/∂w = (1 − t²)·x = 0.209987\nas recorded: x = 7 assigned since"
    assert explain(t, w).latex().endswith(r" = 0.209987\quad\text{(as recorded: $x$ assigned since)}")
    twice = t * x
    x.data = 8.0
    assert str(explain(twice, x)).endswith("\nas recorded: x = 8 assigned since")
    assert explain(twice, x).latex().endswith("\\quad\\text{(as recorded: $x$ assigned since)}\n\\end{aligned}")
    many = [Value(float(k), name=f"x{k}") for k in range(15)]
    y = relu(total(many))
    many[0].data = 1.0
    assert str(explain(y, many[1])).splitlines()[-1] == (
        "as recorded: x0 = 1, " + ", ".join(f"x{k} = {k}" for k in range(1, 12)) + " and 3 more perhaps assigned since"
    )
