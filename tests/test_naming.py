"""One node, one name: whatever shows a graph calls its nodes alike."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import NonFiniteGradientError, StaleGraphError, Value, dot, explain, practice, sqrt, tanh
from autograd.backward import check_fresh
from autograd.draw.explorer.page_data import adjoints_of, record_of
from autograd.draw.explorer.picture import draw
from autograd.latex_names import latex_name
from autograd.naming import name_nodes, numbered
from autograd.ops import sub
from autograd.symbol import number_text

NAMES = [None, None, None, "w", "w", "x", "x1", "y", "v1", "v3", "W1[0][1]", "s⟨1⟩"]
OPERATIONS = [
    lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - b, lambda a, b: tanh(a),
    lambda a, b: dot([a, b], [b, 0.3]), lambda a, b: a**2 + b,
]  # fmt: skip


@st.composite
def graphs(draw_from):
    """Record a graph of leaves and a few operations, some of their Values named, some alike, none of one number."""
    number = st.floats(0.1, 1.9).map(lambda x: round(x, 6))
    values = [Value(x) for x in draw_from(st.lists(number, min_size=1, max_size=4, unique=True))]
    for _ in range(draw_from(st.integers(1, 7))):
        place = st.integers(0, len(values) - 1)
        made = draw_from(st.sampled_from(OPERATIONS))(values[draw_from(place)], values[draw_from(place)])
        values.append(made)
    nodes = values[-1].graph().nodes
    for node in nodes:
        node.name = draw_from(st.sampled_from(NAMES))
    return values[-1]


def drawn(y):
    """Read from a drawing what each node is called, by its place."""
    source = y.graph().to_dot(fold=None)
    found = re.findall(r"^\s*n(\d+) \[label=.*?<TD[^>]*>(?:<[^>]*>)*([^<]+)<", source, re.MULTILINE)
    return {int(place): unescape(name) for place, name in found}


@given(graphs())
def test_every_reading_of_a_graph_calls_a_node_alike(y):
    graph = y.graph()
    names = graph.names
    assert len(set(names.values())) == len(names)

    page, _ = record_of(graph, adjoints_of(graph))
    assert [node["name"] for node in page["nodes"]] == list(names.values())
    cards = re.findall(r'<text class="name"[^>]*>(.*?)</text>', re.sub("<g [^>]*ghost.*?</g>", "", draw(graph).svg))
    assert list(map(unescape, cards)) == list(names.values())
    assert drawn(y) == dict(enumerate(names.values()))

    lines = [dict(line.parts) for line in y.tree(depth=99).lines()]
    called = {line["name"] for line in lines if "name" in line}
    assert called == {f"{name} = {number_text(node.data)}" for node, name in names.items()}
    edges = {f"∂{names[edge.output]}/∂{names[edge.operand]}" for edge in graph.edges}
    assert {line["slope"].partition(" = ")[0] for line in lines if "slope" in line} == edges


@given(graphs())
def test_a_derivation_calls_a_node_as_the_drawing_does(y):
    names = y.graph().names
    for node, name in names.items():
        derivation = explain(y, node)
        assert f"∂{names[y]}/∂{name} = " in str(derivation)
        assert rf"\frac{{\partial {latex_name(names[y])}}}{{\partial {latex_name(name)}}}" in derivation.latex()
        assert f"<mo>∂</mo><mi>{name}</mi>" in derivation.mathml()
        spoken = set(re.findall(r"∂([^/∂\s·()]+(?:\[\d\])*)", str(derivation)))
        assert spoken <= set(names.values())
        if node.name is None and node.op is not None and node is not y:
            assert f"\n{name} = " in f"\n{derivation}"


@given(graphs())
def test_an_exercise_calls_a_node_as_the_drawing_does(y):
    names = y.graph().names
    try:
        exercise = practice(y, every=True)
    except ValueError:  # there would be too many questions, or none
        return
    assert exercise.names == names
    for question in exercise.questions:
        assert question.text.startswith(f"∂{names[question.upper]}/∂{names[question.lower]}")
        head = f"∂{names[question.upper]}/∂{names[question.lower]} = "
        assert head in exercise.solve(question)
    for node in exercise.milestones:
        if node.op is not None:
            assert exercise.define(node).startswith(f"{names[node]} = ")


@given(graphs())
def test_sympy_gets_the_leaves_names(y):
    pytest.importorskip("sympy")
    graph = y.graph()
    written = {str(symbol) for symbol in graph.to_sympy().free_symbols}
    assert written <= {graph.names[leaf] for leaf in graph.leaves}


@given(graphs())
def test_an_error_calls_a_node_as_the_drawing_does(y):
    graph = y.graph()
    names = graph.names
    for node in graph.nodes:
        leaves = [v for v in node.operands if isinstance(v, Value) and v.is_leaf]
        if not leaves:
            continue
        leaf, before = leaves[0], leaves[0].data
        leaf.data = 5.0
        if node.op is sub and node.operands == (leaf, leaf):  # x − x stays 0
            check_fresh(node, "", y)
        else:
            with pytest.raises(StaleGraphError) as raised:
                check_fresh(node, "", y)
            assert str(raised.value).startswith(f"{names[node]} = ")
            assert f"{names[leaf]} = 5" in str(raised.value)
        leaf.data = before


def test_a_sweep_that_stops_says_where_by_the_drawing_s_names():
    a, b = Value(4.0), Value(0.0)
    y = tanh(a * sqrt(b) + sqrt(a))
    assert list(y.graph().names.values()) == ["x1", "x2", "v1", "v2", "v3", "v4", "y"]
    with pytest.raises(NonFiniteGradientError, match=r"^The gradient stops .* at v1 = 0 \(sqrt\): .* x2 = 0,"):
        y.backward()


def test_numbered_names_stand_in_errors_too():
    """Two Values of one name are told apart in what is said of a derivation that was recorded before an assignment."""
    p, other = Value(2.0, name="p"), Value(3.0, name="p")
    y = p * other
    other.data = 7.0
    assert str(explain(y, p)).splitlines()[-1] == "as recorded: p⟨2⟩ = 7 assigned since"


def test_what_is_derived_by_is_named_and_defined_where_it_has_no_name():
    w, x = Value(3.0, name="w"), Value(0.5, name="x")
    s = w * x
    assert str(explain((s - 1.0) ** 2, s)).splitlines() == [
        "y = (v1 − 1)²", "v1 = w·x", "∂y/∂v1 = 2·(v1 − 1) = 1",
    ]  # fmt: skip


def test_names_are_not_taken_twice():
    w = Value(1.0, name="w⟨1⟩")
    one, two = Value(2.0, name="w"), Value(3.0, name="w")
    assert list(name_nodes([w, one, two], [two]).values()) == ["w⟨1⟩", "w⟨1⟩′", "w⟨2⟩"]
    assert numbered("w", 1, {"w⟨1⟩"}) == "w⟨1⟩′"
