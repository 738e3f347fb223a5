"""Folding: always true, acyclic and within the budget, on any graph; and what it keeps where there is a choice."""

import math
import random
import time

import pytest
from drawings import chain, network, perceptron, square_plus_one, swept
from effort import THOROUGH, every
from hypothesis import given
from hypothesis import strategies as st

from autograd import DrawingError, Graph, Value, dot, scope, tanh, total
from autograd.draw.fold import Box
from autograd.draw.partition import Wiring


@st.composite
def graphs(draw, most=60):
    """Random graphs with shared nodes, parallel edges, constants, and scopes that paths leave and enter again."""
    x = [Value(draw(st.floats(0.1, 1.0))) for _ in range(draw(st.integers(1, 4)))]
    values = [*x, Value(0.5, parameter=True), Value(0.25, requires_grad=False)]
    paths = [None, "a", "b", "a/c", "a/d", "b/e/f"]
    for _ in range(draw(st.integers(0, most))):
        # What is recent is picked more often, so that graphs are deep as well as wide.
        one, other = (values[-1 - draw(st.integers(0, len(values) - 1)) ** 2 // len(values)] for _ in range(2))
        path = draw(st.sampled_from(paths))
        made = {
            "mul": lambda one=one, other=other: one * other,
            "add": lambda one=one, other=other: one + other,
            "tanh": lambda one=one: tanh(one),
            "constant": lambda one=one: 0.5 * one + 0.1,
            "dot": lambda one=one, other=other: dot([one, other, 1.0], [other, 0.5, one], Value(1.0, parameter=True)),
            "leaf": lambda one=one: one + Value(1.0, parameter=True),
        }[draw(st.sampled_from(["mul", "add", "tanh", "constant", "dot", "leaf"]))]
        if path is None:
            values.append(made())
        else:
            with scope(path):
                values.append(made())
    y = total([x[0], *values[-draw(st.integers(1, 3)) :]])
    if draw(st.booleans()):
        y.backward()
    return y.graph()


def check(fold, budget=math.inf):
    """Assert what must hold of every fold."""
    graph = fold.graph
    place = {node: number for number, box in enumerate(fold.boxes) for node in box.nodes}
    assert sum(len(box) for box in fold.boxes) == len(place) == len(graph)  # each node in exactly one box
    assert all(link.source < link.target for link in fold.links)  # in topological order: no cycle
    assert fold.size <= budget
    crossing = {}
    for edge in graph.edges:
        pair = place[edge.operand], place[edge.output]
        if pair[0] != pair[1]:
            crossing.setdefault(pair, []).append(edge)
    assert {(link.source, link.target): link.edges for link in fold.links} == {
        pair: len(edges) for pair, edges in crossing.items()
    }
    for link in fold.links:
        edges = crossing[link.source, link.target]
        starts = {edge.operand for edge in edges}
        flows = [edge.flow for edge in edges]
        if len(starts) > 1 or None in flows or not next(iter(starts)).requires_grad:
            assert link.flow is None
        else:
            assert math.isclose(link.flow, sum(flows), abs_tol=1e-12)
    for box in fold.boxes:
        assert sum(box.operations.values()) == len(box)
        places = {node: place for place, node in enumerate(graph.nodes)}
        positions = [places[node] for node in box.nodes]
        assert positions == sorted(positions)
        assert (box.kind == "node") == (len(box) == 1)
    assert fold.folded == sum(len(box) for box in fold.boxes if len(box) > 1)
    assert bool(fold.note) == bool(fold.folded)


@given(graphs(), st.sampled_from(["auto", "scope", "op"]), st.integers(1, 40))
def test_every_fold_is_true_acyclic_and_within_the_budget(graph, by, budget):
    check(graph.fold(by, budget=budget), budget)


@given(graphs(), st.sampled_from(["auto", "scope", "op"]), st.integers(20, 60), st.integers(0, 200))
def test_outputs_and_what_is_to_be_kept_stay_by_themselves(graph, by, budget, pick):
    kept = graph.nodes[pick % len(graph)]
    fold = graph.fold(by, budget=budget, keep=[kept])
    check(fold, budget)
    alone = {box.nodes[0] for box in fold.boxes if len(box) == 1}
    assert {kept, *graph.outputs} <= alone


@given(graphs(most=25))
def test_nothing_is_folded_without_need(graph):
    fold = graph.fold(None, budget=10_000)
    check(fold)
    assert (fold.folded, fold.by, fold.note) == (0, None, "")
    assert [box.nodes for box in fold.boxes] == [(node,) for node in graph.nodes]
    assert graph.fold(budget=10_000).folded == 0


@given(graphs(), st.integers(1, 30))
def test_the_same_graph_folds_alike(graph, budget):
    def shape(fold):
        return [(box.kind, box.title, len(box)) for box in fold.boxes], fold.links

    assert shape(graph.fold(budget=budget)) == shape(Graph(*graph.outputs).fold(budget=budget))


def kinds(fold):
    return [(box.kind, box.title, len(box)) for box in fold.boxes if len(box) > 1]


def test_small_graphs_stay_as_they_are():
    assert square_plus_one().graph().fold().folded == 0
    assert perceptron().graph().fold().folded == 0


def test_a_network_folds_to_the_deepest_level_that_fits():
    graph = swept(network())
    neurons = [("scope", f"layer{layer}/neuron{i + 1}") for layer, n in ((1, 14), (2, 8)) for i in range(n)]
    wide = graph.fold("scope", budget=150)
    assert sorted((kind, title) for kind, title, _ in kinds(wide) if kind == "scope") == sorted(neurons)
    layers = [("leaves", "parameter", n) for n in (70, 120, 9)] + [("scope", "layer1", 28), ("scope", "layer2", 16)]
    assert sorted(kinds(graph.fold("scope", budget=60))) == sorted(layers)
    assert sorted(kinds(graph.fold(budget=60))) == sorted(layers)
    together = kinds(graph.fold("scope", budget=9))
    assert together[1:] == [("scope", "layer1", 98), ("scope", "layer2", 136), ("scope", "layer3", 10)]  # inputs: a box
    assert graph.fold(budget=300).folded == 0


def test_inputs_that_feed_the_same_boxes_are_gathered():
    graph = swept(network((30, 3, 1)))
    assert ("leaves", "frozen", 30) in kinds(graph.fold(budget=20))


def test_parameters_made_elsewhere_come_home_to_the_scope_that_uses_them():
    ws = [Value(float(i), parameter=True) for i in range(3)]
    shared = Value(1.0, parameter=True)
    with scope("outer/left"):
        left = dot(ws, [1.0, 2.0, 3.0]) * shared
    with scope("outer/right"):
        right = left * shared
    wiring = Wiring(right.graph().nodes)
    homes = dict(zip(right.graph().nodes, wiring.homes, strict=True))
    assert [homes[w] for w in ws] == ["outer/left"] * 3
    assert homes[shared] == "outer"


def test_runs_of_an_operation_and_the_leaves_that_feed_them():
    graph = swept(network(scoped=False))
    assert kinds(graph.fold("op")) == kinds(graph.fold())
    assert [(kind, title, n) for kind, title, n in kinds(graph.fold()) if kind == "op"] == [
        ("op", "Σ w·x", 14), ("op", "tanh", 14), ("op", "Σ w·x", 8), ("op", "tanh", 8),
    ]  # fmt: skip
    assert sorted(n for kind, title, n in kinds(graph.fold()) if title == "parameter") == [9, 70, 120]


def test_a_scope_that_is_left_and_entered_again_is_split():
    y = Value(1.0)
    for _ in range(3):
        with scope("inside"):
            y = tanh(y * 2.0)
        y = y + 1.0
    fold = y.graph().fold("scope", budget=40)
    check(fold, 40)
    assert [title for kind, title, _ in kinds(fold)] == [f"inside (part {i} of 3)" for i in (1, 2, 3)]


def test_the_ends_of_a_long_chain_are_kept():
    fold = chain(1000).graph().fold()
    check(fold, 60)
    assert kinds(fold) == [("part", "steps 3 … 499 of 500", 994)]
    assert [len(box) for box in fold.boxes] == [1] * 5 + [994] + [1] * 2
    assert fold.note == "994 of 1,001 nodes are folded into 1 box, by step. To see all: fold=None, budget=2001."
    ends = chain(1000).graph().fold("op")
    check(ends, 60)
    assert kinds(ends) == [("middle", "", 989)]
    assert [len(box) for box in ends.boxes] == [1] * 6 + [989] + [1] * 6
    assert ends.note == "989 of 1,001 nodes are folded into 1 box, by operation. To see all: fold=None, budget=2001."


def test_the_parts_in_a_chain_of_scopes_keep_their_numbers():
    y = Value(1.0)
    with scope("net"):
        for i in range(300):
            with scope(f"block{i % 2}"):
                y = tanh(y * 2.0) + 1.0
    fold = y.graph().fold("scope")
    check(fold, 60)
    titles = [title for kind, title, _ in kinds(fold) if kind == "scope"]
    assert titles[:3] == [
        "net/block0 (part 1 of 150)", "net/block1 (part 1 of 150)", "net/block0 (part 2 of 150)",
    ]  # fmt: skip
    assert titles[-1] == "net/block1 (part 150 of 150)"


def test_one_box_for_everything_is_avoided():
    with scope("all"):
        xs = [Value(float(i)) for i in range(100)]
        y = total(xs)
    assert kinds(y.graph().fold()) == [("leaves", "leaf", 100)]
    assert kinds(y.graph().fold("scope")) == [("scope", "all", 100)]  # the output stays by itself
    assert kinds(y.graph().fold(budget=1)) == [("middle", "", 101)]
    loss = (y - 1.0) ** 2
    assert kinds(loss.graph().fold(budget=50)) == [("leaves", "leaf", 100)]
    assert kinds(loss.graph().fold("scope", budget=50)) == [("scope", "all", 101)]


def test_a_thicket_is_folded_although_its_boxes_are_few():
    values = [Value(1.0, name=f"x{i}") for i in range(10)]
    for _ in range(3):
        values = [dot(values, [0.1 * i] * 10) for i in range(10)]
    fold = total(values).graph().fold(budget=100)
    assert fold.folded
    check(fold, 100)


def test_deeply_nested_scopes():
    y = Value(1.0)
    for depth in range(1, 60):
        with scope("/".join(f"s{i}" for i in range(depth))):
            y = tanh(y * 2.0)
    check(y.graph().fold(), 60)
    check(y.graph().fold("scope", budget=5), 5)


@pytest.mark.parametrize("make", every(["chain", "sum", "wide", "scoped", "tangled"], 4))
def test_folding_takes_linear_time(make):
    n = 100_000 if THOROUGH else 30_000
    if make == "chain":
        y = chain(n)
    elif make == "sum":
        y = Value(0.0)
        for i in range(n // 2):
            y = y + Value(i / n)
    elif make == "wide":
        y = total([Value(1.0, parameter=True) for _ in range(n)])
    elif make == "scoped":
        y = Value(0.0)
        for i in range(n // 4):
            with scope(f"step{i}"):
                y = tanh(y * Value(0.5, parameter=True) + 0.1)
    else:
        draw = random.Random(0)
        values = [Value(1.0)]
        for _ in range(n):
            values.append(tanh(values[draw.randrange(len(values))] + values[-1]))
        y = values[-1]
    graph = swept(y)
    started = time.process_time()
    fold = graph.fold()
    took = time.process_time() - started
    assert sum(len(box) for box in fold.boxes) == len(graph) > n // 4 * 3
    assert all(link.source < link.target for link in fold.links)
    assert 2 <= fold.size <= 60
    assert took < 10  # about a second, of which most is the same for any size; a quadratic step would take minutes


def test_nothing_folded_has_a_limit():
    with pytest.raises(DrawingError) as raised:
        chain(2000).graph().fold(None)
    assert str(raised.value) == (
        "fold=None would draw 4,001 boxes and 2,000 arrows, but 1,000 boxes are drawn without a budget. Leave "
        "fold='auto', or draw the graph of an inner Value; budget=4001 draws it all, if you can wait."
    )
    assert len(chain(2000).graph().fold(None, budget=4001).boxes) == 2001


def test_a_given_budget_is_the_limit():
    with pytest.raises(DrawingError) as raised:
        square_plus_one().graph().fold(None, budget=3)
    assert str(raised.value) == (
        "fold=None would draw 4 boxes and 3 arrows, but the budget is 3. Leave fold='auto', or draw the graph of an "
        "inner Value; budget=4 draws it all, if you can wait."
    )


def test_what_nobody_could_draw_is_not_offered():
    with pytest.raises(DrawingError) as raised:
        chain(20_000).graph().fold(None)
    assert str(raised.value) == (
        "fold=None would draw 40,001 boxes and 20,000 arrows, but 1,000 boxes are drawn without a budget. Leave "
        "fold='auto', or draw the graph of an inner Value."
    )
    assert chain(20_000).graph().fold().note.endswith("To see more: a larger budget.")


def test_long_arrows_count():
    """Graphviz takes minutes where many arrows cross many levels, however few the boxes are; ghosts cut them short."""
    draw = random.Random(1)
    values = [Value(1.0)]
    for _ in range(300):
        values.append(tanh(values[draw.randrange(len(values))] + values[-1]))
    graph = values[-1].graph()
    assert len(graph) < 1000
    assert graph.fold(None).folded == 0
    tangle = Value(1.0, name="x")
    pool = [tangle]
    for _ in range(120):
        pool.append(total(pool[-40:]))
    with pytest.raises(DrawingError, match="so many or so long that Graphviz takes minutes"):
        pool[-1].graph().fold(None)


def test_reprs():
    fold = network().graph().fold()
    assert repr(fold) == "<Fold of 251 nodes into 13 boxes, 12 links>"
    [layer] = [box for box in fold.boxes if box.title == "layer1"]
    assert repr(layer) == "<Box layer1 of 28>"
    assert layer.operations == {"Σ w·x": 14, "tanh": 14}


@pytest.mark.parametrize(
    ("names", "ends"),
    [
        (("w2_9", "w2_10", "w1_9", "w1_10", "w2_1"), ("w1_9", "w2_10")),  # as the sweep meets two layers' weights
        (("tc", "age", "bmi"), ("tc", "bmi")),  # names of their own stay in their order
        (("W1[0][1]", "W1[0][0]", "b1[0]"), ("W1[0][1]", "b1[0]")),
        ((None, "w2", "w1"), (None, "w1")),
    ],
)
def test_a_box_of_leaves_is_named_by_the_least_and_the_greatest_number(names, ends):
    leaves = tuple(Value(1.0, name=name) for name in names)
    assert tuple(v.name for v in Box(leaves, "leaves", "leaf").ends) == ends
    assert Box(leaves, "op", "leaf").ends == (leaves[0], leaves[-1])
