"""Edges and graphs: every derivative on its own edge, nodes in order, paths whose products sum to the gradient."""

import itertools
import math

import pytest
from effort import THOROUGH
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import CATALOGUE, Edge, Graph, Value, gradients, ops
from autograd.expression import expression, label
from autograd.graph import topological
from autograd.symbol import python, text
from autograd.testing.strategies import expressions, networks

DEEP = 1_000_000 if THOROUGH else 100_000


def diamond():
    x = Value(3.0, name="x")
    a, b = x * 2.0, x * x
    return x, a, b, a * b


class TestEdge:
    def test_a_notebook_shows_formula_slope_and_flow(self):
        w, x = Value(0.8, name="W1[0][1]"), Value(-0.5, name="x")
        y = w * x
        square = y**2
        product = r"\left({w^{(1)}_{12}} \cdot x\right)"
        typed = r"\qquad \left(w^{(1)}_{12} \text{ is } \mathtt{W1[0][1]}\text{, counted from 0}\right)"
        assert square.edges[0]._repr_latex_() == (
            rf"$\displaystyle \frac{{\partial \left({product}^{{2}}\right)}}{{\partial {product}}}"
            rf" = 2 \cdot {{w^{{(1)}}_{{12}}}} \cdot x = -0.8{typed}$"
        )
        square.backward()
        assert y.edges[0]._repr_latex_() == (
            rf"$\displaystyle \frac{{\partial {product}}}{{\partial {{w^{{(1)}}_{{12}}}}}} = x = -0.5"
            rf"\qquad \text{{flow }} 0.4{typed}$"
        )

    def test_the_lecture_s_neuron(self):
        """Lecture L1.3: s = w1·x1 + w2·x2, y = relu(s)."""
        x1, x2 = Value(0.5, name="x1"), Value(0.7, name="x2")
        w1, w2 = Value(1.0, name="w1"), Value(3.0, name="w2")
        s = autograd.dot([w1, w2], [x1, x2])
        s.name = "s"
        y = autograd.relu(s)
        assert [(e.operand, e.output, e.slot) for e in s.edges] == [(w1, s, 0), (w2, s, 1), (x1, s, 2), (x2, s, 3)]
        assert [e.slope for e in s.edges] == [0.5, 0.7, 1.0, 3.0]
        assert [e.formula for e in s.edges] == ["x1", "x2", "w1", "w2"]
        assert [e.flow for e in s.edges] == [None] * 4
        y.backward(2.0)
        assert [e.flow for e in s.edges] == [1.0, 1.4, 2.0, 6.0]
        assert y.edges[0].formula == "[s > 0]"
        assert y.edges[0].latex == "[s > 0]"
        assert repr(y.edges[0]) == "<Edge ∂relu(s)/∂s = [s > 0] = 1>"

    def test_constants_have_no_edge(self):
        x = Value(3.0, name="x")
        double = 2.0 * x
        assert double.edges == (Edge(x, double, 1),)
        for y in (2.0 * x, x - 1.0, x**2, autograd.dot([x, 1.0], [2.0, 3.0]), autograd.where(True, x, 1.0)):
            assert [edge.operand for edge in y.edges] == [x]

    def test_a_flow_of_zero(self):
        x = Value(0.0)
        root = autograd.sqrt(x)
        (root * 0.0).backward()
        assert root.edges[0].slope == math.inf
        assert root.edges[0].flow == 0.0

    @given(expressions())
    def test_formulas_give_the_slopes(self, program):
        """An edge's formula, read with the numbers of its graph, is the slope that was recorded."""
        leaves = program.values()
        y = program(*leaves)
        for position, node in enumerate(y.graph().nodes):
            node.name = f"n{position}"
        numbers = {node.name: node.data for node in y.graph()}
        for edge in y.graph().edges:
            if edge.output.op.nary:
                continue
            assert eval(python(edge.symbol), vars(ops) | vars(autograd) | numbers) == edge.slope
            assert edge.formula
            assert edge.latex.count("{") == edge.latex.count("}")


class TestGraph:
    def test_what_it_holds(self):
        x, a, b, y = diamond()
        graph = y.graph()
        assert graph.outputs == (y,)
        assert graph.nodes == (x, a, b, y)
        assert graph.leaves == (x,)
        assert [(e.output, e.operand) for e in graph.edges] == [(a, x), (b, x), (b, x), (y, a), (y, b)]
        assert (len(graph), list(graph)) == (4, [x, a, b, y])
        assert x in graph
        assert Value(3.0) not in graph
        assert 3.0 not in graph
        assert repr(graph) == "<Graph of 4 nodes, 5 edges, 1 leaf>"
        assert repr(Graph(x)) == "<Graph of 1 node, 0 edges, 1 leaf>"
        assert repr((x + Value(1.0)).graph()) == "<Graph of 3 nodes, 2 edges, 2 leaves>"

    def test_several_outputs(self):
        x, a, b, y = diamond()
        assert Graph(a, b).nodes == (x, a, b)
        assert Graph(b, a, b).nodes == (x, b, a)
        assert Graph(y, a).nodes == (x, a, b, y)
        with pytest.raises(TypeError) as raised:
            Graph(a, 3.0)
        assert str(raised.value) == "A Graph is made of Values, not of float: pass the output Value."

    @given(expressions(smooth=False))
    def test_nodes_are_in_order(self, program):
        y = program(*program.values())
        nodes = y.graph().nodes
        place = {node: position for position, node in enumerate(nodes)}
        assert len(place) == len(nodes)
        assert nodes[-1] is y
        for edge in y.graph().edges:
            assert place[edge.operand] < place[edge.output]

    @given(expressions(smooth=False))
    def test_equality_is_that_of_structure(self, program):
        one, other = (program(*program.values()).graph() for _ in range(2))
        assert one == other
        assert (one != other) is False
        other.nodes[0].name = "renamed"
        assert one != other

    def test_what_makes_graphs_differ(self):
        x = Value(3.0)
        assert (x * x).graph() != (x * Value(3.0)).graph()
        assert (x * 2.0).graph() != (x + 2.0).graph()
        assert (x * 2.0).graph() != (2.0 * x).graph()
        assert (x * 2.0).graph() != (x * 4.0).graph()
        assert (x - Value(3.0)).graph() != (Value(3.0, requires_grad=False) - x).graph()
        assert Graph(Value(math.nan)) == Graph(Value(math.nan))
        assert Graph(x) != 3.0
        with pytest.raises(TypeError):
            hash(Graph(x))

    def test_names_are_deterministic(self):
        x, a, b, y = diamond()
        assert list(y.graph().names.values()) == ["x", "v1", "v2", "y"]
        a.name = "v2"
        assert y.graph().names == {x: "x", a: "v2", b: "v1", y: "y"}

    def test_depth_is_no_limit(self):
        y = Value(0.0)
        for _ in range(DEEP):
            y = y + 1.0
        graph = y.graph()
        assert len(graph) == DEEP + 1
        assert graph.leaves[0].data == 0.0
        assert next(graph.paths(y, graph.nodes[-3])) == (graph.edges[-1], graph.edges[-2])

    def test_until(self):
        x, a, b, y = diamond()
        assert topological([y], frozenset([b])) == [x, a, b, y]
        assert topological([y], frozenset([a, b])) == [a, b, y]
        assert topological([y], frozenset([y])) == [y]


class TestPaths:
    def test_diamond(self):
        x, a, b, y = diamond()
        paths = list(y.graph().paths(y, x))
        assert [[e.output for e in path] for path in paths] == [[y, a], [y, b], [y, b]]
        assert [e.slot for e in (paths[1][-1], paths[2][-1])] == [0, 1]
        assert list(y.graph().paths(y, y)) == [()]
        assert [len(path) for path in y.graph().paths(y, b)] == [1]
        assert list(y.graph().paths(a, b)) == []
        assert list(y.graph().paths(y, Value(3.0))) == []

    def test_many_paths_are_given_one_at_a_time(self):
        y = x = Value(1.0)
        for _ in range(200):
            y = y + y
        assert len(list(itertools.islice(y.graph().paths(y, x), 10))) == 10

    @given(expressions(steps=8) | networks(layers=1, width=3), st.data())
    def test_their_products_sum_to_the_gradient(self, program, data):
        leaves = program.values()
        y = program(*leaves)
        graph = y.graph()
        x = data.draw(st.sampled_from(graph.nodes))
        paths = list(itertools.islice(graph.paths(y, x), 2000))
        if len(paths) == 2000:
            return
        products = [math.prod(edge.slope for edge in path) for path in paths]
        [slope] = gradients(y, [x])
        assert math.fsum(products) == pytest.approx(slope, rel=1e-11, abs=1e-11 * math.fsum(map(abs, products)))


class TestExpression:
    def test_it_goes_down_to_names(self):
        x, w = Value(0.5, name="x"), Value(2.0, name="w")
        s = w * x + 1.0
        assert text(expression(s)) == "w·x + 1"
        s.name = "s"
        assert label(autograd.tanh(s)) == "tanh(s)"
        assert label(Value(0.25) * x) == "(0.25·x)"
        assert label(x) == "x"
        assert repr((x * x + 1.0).edges[0]) == "<Edge ∂(x·x + 1)/∂(x·x) = 1>"

    def test_it_stops_somewhere(self):
        x = y = Value(0.5, name="x")
        for _ in range(50):
            y = autograd.sin(y)
        assert label(y) == "sin(sin(sin(sin(…))))"
        assert label(autograd.total([x] * 20)) == "total(…)"
        assert label(autograd.dot([x, x], [2.0, 3.0])) == "(x·2 + x·3)"

    @pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
    def test_every_operation_has_formulas(self, op):
        operands = tuple(Value(0.3 + 0.1 * i, name=f"x{i}") for i in range(3 if op.nary else len(op.slopes)))
        if op.name == "acosh":
            operands = (Value(1.5, name="x0"),)
        out = op.apply(operands)
        assert label(out)
        for edge in out.edges:
            assert edge.formula
            assert edge.latex
            assert repr(edge).startswith("<Edge ∂")


def test_what_print_writes_says_how_to_draw():
    graph = (Value(3.0) * 2.0).graph()
    assert str(graph) == (
        "<Graph of 2 nodes, 1 edge, 1 leaf>\n"
        "Draw it with graph.save('g.svg'), step through it with output.explore(), print output.tree()."
    )
    assert f"{graph!r}" == "<Graph of 2 nodes, 1 edge, 1 leaf>"


def test_what_a_graph_is_asked_for_that_is_to_be_seen():
    graph = Value(1.0).graph()
    for name in ("show", "draw", "plot"):
        with pytest.raises(AttributeError) as raised:
            getattr(graph, name)
        assert str(raised.value) == (
            f"A Graph has no {name!r}: graph.save('g.svg') draws it, print(output.tree()) shows it here."
        )


def test_what_is_written_as_a_number_has_it_for_its_name():
    x = Value(0.5, name="x")
    chosen = autograd.where(1.0, 0.25, x)
    assert label(chosen) == "0.25"
    assert repr(chosen.edges[0]) == "<Edge ∂0.25/∂x = 0>"
    assert str(autograd.explain(chosen, x)) == "y = 0.25\n∂y/∂x = 0"
