"""What repeats: examples, terms, steps and blocks are found without a scope, each node in the part it belongs to."""

import random
from collections import Counter

import pytest
from drawings import batch, chain, gated_loop, loop, network, stack, swept
from hypothesis import given
from test_fold import graphs

from autograd import Value, dot, log, tanh, total
from autograd.draw.partition import Wiring
from autograd.draw.repeats import find_repeats


def parts_of(y):
    """Give the kind and the number of the parts, and a map from each name to its part."""
    nodes = y.graph().nodes
    found = find_repeats(Wiring(nodes))
    return found.kind, found.total, {node.name: part for node, part in zip(nodes, found.part, strict=True) if node.name}


@given(graphs())
def test_parts_come_one_after_the_other_or_have_nothing_to_do_with_one_another(graph):
    found = find_repeats(Wiring(graph.nodes))
    if found is None:
        return
    part = dict(zip(graph.nodes, found.part, strict=True))
    assert set(found.part) <= set(range(found.total + 2))
    for edge in graph.edges:
        before, after = part[edge.operand], part[edge.output]
        assert before <= after
        if found.side_by_side and 1 <= before < after:
            assert after == found.total + 1


@pytest.mark.parametrize("count", [2, 3, 7, 40])
def test_the_examples_of_a_batch(count):
    kind, total_, part = parts_of(batch(count))
    assert (kind, total_) == ("example", count)
    for i in range(count):
        assert {part[f"{name}[{i}]"] for name in ("x", "t", "h", "o", "e")} == {i + 1}
    assert {part[name] for name in ("w", "b", "v")} == {0}
    assert part["L"] == count + 1


@pytest.mark.parametrize("count", [3, 6, 50])
def test_the_steps_of_a_loop(count):
    kind, total_, part = parts_of(loop(count))
    assert (kind, total_) == ("step", count)
    assert [part[f"s{i}"] for i in range(1, count + 1)] == list(range(1, count + 1))
    assert (part["s0"], part["w"], part["u"]) == (1, 0, 0)


@pytest.mark.parametrize(("count", "wide"), [(5, 1), (8, 2), (20, 3)])
def test_the_steps_of_a_gated_loop_with_several_states(count, wide):
    kind, total_, part = parts_of(gated_loop(count, wide))
    assert (kind, total_) == ("step", count)
    for step in range(1, count + 1):
        names = [f"{name}{step}[{i}]" for name in ("z", "r", "c", "h") for i in range(wide)]
        assert {part[name] for name in names if name in part} == {step}


def test_a_loop_with_an_output_at_each_step():
    w, v, s = Value(0.5, name="w"), Value(0.7, name="v"), Value(0.1, name="s0")
    errors = []
    for step in range(1, 13):
        s = tanh(w * s + 0.1 * step)
        s.name = f"s{step}"
        y = v * s
        y.name = f"y{step}"
        errors.append((y - 0.5) ** 2)
    loss = total(errors)
    loss.name = "L"
    kind, total_, part = parts_of(loss)
    assert (kind, total_, part["L"]) == ("step", 12, 13)
    assert [(part[f"s{i}"], part[f"y{i}"]) for i in range(1, 13)] == [(i, i) for i in range(1, 13)]


def test_the_blocks_of_a_stack():
    kind, total_, part = parts_of(stack(6, 3))
    assert (kind, total_) == ("block", 6)
    assert [part[f"W{i}[2][1]"] for i in range(1, 7)] == [1, 2, 3, 4, 5, 6]
    assert [part[f"h{i}[0]"] for i in range(1, 7)] == [1, 2, 3, 4, 5, 6]


def test_a_batch_of_loops_goes_by_example():
    w = Value(0.5, name="w", parameter=True)
    ends = []
    for i in range(3):
        s = 0.1 * i
        for step in range(4):
            s = tanh(w * s + Value(0.1 * step, name=f"x{i}", requires_grad=False))
        ends.append(s)
    kind, total_, part = parts_of(total(ends))
    assert (kind, total_) == ("example", 3)
    assert [part["x0"], part["x1"], part["x2"]] == [1, 2, 3]


def test_terms_have_nothing_in_common():
    y = total([log(Value(float(i), name=f"x{i}")) for i in range(1, 9)])
    kind, total_, part = parts_of(y)
    assert (kind, total_) == ("term", 8)
    assert [part[f"x{i}"] for i in range(1, 9)] == list(range(1, 9))


def test_neurons_are_no_examples():
    assert find_repeats(Wiring(network((2, 4, 1), scoped=False).graph().nodes)) is None
    xs = [Value(0.1 * i, name=f"x{i}") for i in range(3)]
    layer = [tanh(dot([Value(0.2, parameter=True) for _ in xs], xs)) for _ in range(6)]
    assert find_repeats(Wiring(total(layer).graph().nodes)) is None


def test_where_nothing_repeats():
    x = Value(0.5)
    assert find_repeats(Wiring((tanh(x * 2.0) + log(x)).graph().nodes)) is None
    assert find_repeats(Wiring(x.graph().nodes)) is None
    draw = random.Random(0)
    values = [x]
    for _ in range(100):
        values.append(tanh(values[draw.randrange(len(values))] + values[-1]))
    wiring = Wiring(values[-1].graph().nodes)
    found = find_repeats(wiring)
    assert found is None or max(Counter(found.part).values()) < 20


def test_a_long_chain():
    kind, total_, _ = parts_of(chain(100_000))
    assert (kind, total_) == ("step", 50_000)


def test_first_and_last_are_shown_and_what_is_between_shares_a_box():
    for y, title in (
        (loop(20), "steps 3 … 19 of 20"),
        (gated_loop(30, 2), "steps 3 … 28 of 30"),
        (batch(9), "examples 3 … 8 of 9"),
    ):
        fold = swept(y).fold()
        assert title in [box.title for box in fold.boxes]
        assert fold.by == title.split("s ")[0]
        assert [box.nodes for box in fold.boxes if y in box.nodes] == [(y,)]  # the output is always there


def test_a_running_sum():
    xs = [Value(i / 50, name=f"x{i}") for i in range(50)]
    q = Value(0.0, requires_grad=False)
    for x in xs:
        q = q + x * x
    kind, total_, part = parts_of(q)
    assert (kind, total_) == ("step", 50)
    assert [part[f"x{i}"] for i in range(50)] == list(range(1, 51))


def test_examples_that_are_added_up_one_by_one():
    w, v, b = Value(0.3, name="w"), Value(-0.2, name="v"), Value(0.1, name="b")
    loss = 0.0
    for i in range(8):
        e = (tanh(w * (0.1 * i) + v * (0.5 - 0.1 * i) + b) - i % 2) ** 2
        e.name = f"e{i}"
        loss = loss + e
    kind, total_, part = parts_of(loss / 8)
    assert (kind, total_) == ("example", 8)
    assert [part[f"e{i}"] for i in range(8)] == list(range(1, 9))
