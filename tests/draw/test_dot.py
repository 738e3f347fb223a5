"""DOT text: what each box and arrow shows, that it is the same each time, and that any name is drawn as it is."""

import math
import re

import pytest
from drawings import DRAWINGS, GOLDEN, choices, network, perceptron, square_plus_one, swept

from autograd import Graph, Op, Value, dot, largest, prod, sqrt, total
from autograd.draw.style import RANKDIRS


def labels(source):
    """Map each box and arrow id to the lines of its label."""
    found = {}
    for statement in re.split(r"\n\t", source):
        key = re.search(r"\bid=\"?([\w]+)\"?", statement)
        label = re.search(r"label=<(<TABLE.*</TABLE>)>", statement)
        if key and label:
            cells = re.findall(r"<TD[^>]*>(.*?)</TD>", label[1])
            found[key[1]] = [text for text in (re.sub(r"<[^>]*>", "", cell) for cell in cells) if text]
    return found


def attribute(source, key, name):
    """Find an attribute of the box or arrow with that id."""
    [statement] = [line for line in re.split(r"\n\t", source) if re.search(rf"\bid=\"?{key}\b", line)]
    found = re.search(rf"\b{name}=(\"(?:[^\"\\]|\\.)*\"|[\w.#-]+)", statement)
    return found and found[1].strip('"')


@pytest.mark.parametrize("name", DRAWINGS)
def test_golden(name):
    graph, options = DRAWINGS[name]
    assert graph().to_dot(**options) == (GOLDEN / f"{name}.dot").read_text(encoding="utf-8")


def test_every_golden_file_is_drawn():
    assert {path.stem for path in GOLDEN.iterdir()} == set(DRAWINGS)


def test_a_box_shows_name_operation_data_and_grad():
    shown = labels(swept(square_plus_one()).to_dot())
    assert shown["n0"] == ["x", "data", "3", "grad", "6"]
    assert shown["n1"] == ["v1", "×", "data", "9", "grad", "1"]
    assert shown["n2"] == ["y", "+", "data", "10", "grad", "1"]
    assert shown["n2c1"] == ["1"]


def test_parallel_edges_are_both_drawn():
    source = swept(square_plus_one()).to_dot()
    assert source.count("n0 -> n1") == 2
    shown = labels(source)
    assert shown["n1e0"] == shown["n1e1"] == ["x = 3", "← 3"]


def test_an_arrow_shows_formula_number_and_flow():
    shown = labels(swept(perceptron()).to_dot(rankdir="LR"))
    assert {key: shown[key] for key in ("n6e1", "n7e0", "n12e0", "n12e3", "n14e1", "n15e0", "n16e1")} == {
        "n6e1": ["x2 = 0.7", "← 0.294"],  # ∂s1/∂W1[0][1]
        "n7e0": ["[s1 &gt; 0]", "= 1", "← 0.42"],
        "n12e0": ["a1 = 2.6", "← 2.184"],
        "n12e3": ["W2[1]", "= 0.3", "← 0.252"],
        "n14e1": ["−1"],  # the target is frozen
        "n15e0": ["2·v1", "= 1.68", "← 0.84"],
        "n16e1": ["0.5", "← 0.5"],
    }


def test_before_backward_nothing_flows():
    source = square_plus_one().graph().to_dot()
    shown = labels(source)
    assert shown["n0"] == ["x", "data", "3", "grad", "—"]
    assert shown["n1e0"] == ["x = 3"]
    assert "grad —: not computed, call backward()" in source
    assert "←" not in source


def test_gradients_zero_uncomputed_unconnected_and_frozen_differ():
    x, y = Value(2.0, name="x"), Value(3.0, name="y", requires_grad=False)
    zero = x * 0.0 + y
    other = x + 1.0
    before = labels(Graph(zero, other).to_dot())
    assert [before[key][-1] for key in before if re.fullmatch(r"n\d", key)] == ["—", "—", "frozen", "—", "—"]
    zero.backward()
    after = labels(Graph(zero, other).to_dot())
    assert [after[key][-1] for key in after if re.fullmatch(r"n\d", key)] == ["0", "1", "frozen", "1", "no path"]


def test_roles_look_different():
    leaf, parameter = Value(1.0, name="leaf"), Value(2.0, name="parameter", parameter=True)
    frozen = Value(3.0, name="frozen", requires_grad=False)
    source = (leaf * parameter + frozen).tanh().graph().to_dot()
    keys = ("n0", "n1", "n2", "n3", "n5")  # leaf, parameter, operation, frozen, output

    def looks(*names):
        return {tuple(attribute(source, key, name) for name in names) for key in keys}

    assert len(looks("color")) == len(looks("fillcolor", "color")) == 5
    assert len(looks("style", "peripheries")) == 4  # without colours only a parameter is like an operation …
    [parameters] = [line for line in re.split(r"\n\t", source) if "id=n1 " in line]
    assert "BGCOLOR" in parameters  # … but for its bar
    boxes = [line for line in re.split(r"\n\t", source) if re.search(r"\bid=n\d ", line)]
    assert sum("BGCOLOR" in line for line in boxes) == 1


def test_what_carries_nothing_is_drawn_so():
    graph = swept(choices())
    source = graph.to_dot()
    place = {node: f"n{index}" for index, node in enumerate(graph.nodes)}
    for edge in graph.edges:
        style = attribute(source, f"{place[edge.output]}e{edge.slot}b", "style")
        frozen = edge.operand.is_leaf and not edge.operand.requires_grad
        assert style == ("dashed" if frozen else "dotted" if edge.flow == 0 else None)


def test_the_flow_towards_a_frozen_leaf_is_left_out():
    shown = labels(swept(choices()).to_dot())
    assert shown["n10e0"] == ["c = 4", "← 4"]
    assert shown["n10e1"] == ["v7 = 1"]


@pytest.mark.parametrize("rankdir", RANKDIRS)
def test_rankdir(rankdir):
    source = swept(square_plus_one()).to_dot(rankdir=rankdir)
    assert f"rankdir={rankdir}" in source
    assert f"{RANKDIRS[rankdir]} 3" in source


def test_precision():
    y = swept(Value(1.0, name="x") / 3)
    assert labels(y.to_dot(precision=2))["n1"][-3] == "0.33"
    assert labels(y.to_dot(precision=12))["n1"][-3] == "0.333333333333"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rankdir": "XY"}, "rankdir must be 'LR', 'TB', 'RL', 'BT' or None, not 'XY'."),
        ({"precision": 0}, "precision must be a number of digits from 1 to 17, not 0."),
        ({"precision": 2.5}, "precision must be a number of digits from 1 to 17, not 2.5."),
        ({"precision": True}, "precision must be a number of digits from 1 to 17, not True."),
        ({"fold": "layer"}, "fold must be 'auto', 'scope', 'op' or None, not 'layer'."),
        ({"budget": 0}, "budget must be a whole number of boxes from 1, not 0."),
        ({"budget": "9"}, "budget must be a whole number of boxes from 1, not '9'."),
    ],
)
def test_options_that_mean_nothing(options, sentence):
    with pytest.raises(ValueError) as raised:
        square_plus_one().graph().to_dot(**options)
    assert str(raised.value) == sentence


def test_a_long_formula_is_elided_and_whole_in_the_tooltip():
    xs = [Value(float(i), name=f"quantity{i}") for i in range(1, 5)]
    source = swept(largest(xs)).to_dot()
    first = labels(source)["n4e0"][0]
    assert first.startswith("[quantity1 = y]/")
    assert "…" in first
    tip = attribute(source, "n4e0b", "edgetooltip")
    assert re.match(r"∂y/∂quantity1 = \[quantity1 = y\]/.* = 0\.0\n", tip)
    assert all(f"[quantity{i} = y]" in tip for i in range(1, 5))


def test_the_formula_of_a_long_product_is_only_its_number():
    xs = [Value(1.0) for _ in range(400)]
    shown = labels(prod(xs).graph().to_dot(fold=None))
    assert shown["n400e0"] == ["… = 1"]


def test_a_rule_that_does_not_read_symbols_shows_its_number():
    mean_square = Op(
        "mean_square", lambda *xs: sum(x * x for x in xs) / len(xs),
        lambda out, xs: [2.0 * math.fabs(x) / len(xs) for x in xs], pack=tuple,
    )  # fmt: skip
    shown = labels(swept(mean_square([Value(1.0), Value(3.0)])).to_dot())
    assert shown["n2e1"] == ["3", "← 3"]


def test_infinite_and_undefined_numbers():
    y = sqrt(Value(0.0, name="x")) * Value(math.nan, name="n")
    shown = labels(y.graph().to_dot())
    assert shown["n1e0"] == ["1/(2·v1)", "= ∞"]
    assert "nan" in shown["n2"]


def test_many_parallel_edges_share_an_arrow():
    x = Value(1.0, name="x")
    few, many = swept(total([x] * 8)).to_dot(), swept(total([x] * 9)).to_dot()
    assert few.count("n0 -> n1e") == few.count(" -> n1 ") == 8
    assert many.count("n0 -> n1_n0") == many.count(" -> n1 ") == 1
    assert ["9 edges", "← 9"] in labels(many).values()


def test_many_constants_share_a_box():
    xs = [Value(1.0, name=f"x{i}") for i in range(5)]
    four = labels(dot([1.0, 2.0, 3.0, 4.0], xs[:4]).graph().to_dot())
    five = labels(dot([1.0, 2.0, 3.0, 4.0, 5.0], xs).graph().to_dot())
    assert [four[f"n4c{slot}"] for slot in range(4)] == [["1"], ["2"], ["3"], ["4"]]
    assert five["n5c0"] == ["5 numbers: 1, 2, 3, …"]
    assert "n5c1" not in five


def test_gradients_that_are_values():
    x = Value(3.0, name="x")
    y = x**2
    y.backward(create_graph=True)
    assert labels(y.graph().to_dot())["n0"] == ["x", "data", "3", "grad", "6"]


def test_one_leaf_and_no_node():
    assert labels(Value(2.0).graph().to_dot()) == {"n0": ["x", "data", "2", "grad", "—"]}
    assert '"computation graph of 0 nodes"' in Graph().to_dot()


def test_folded_boxes_say_what_is_inside():
    source = swept(network()).to_dot()
    shown = labels(source)
    boxes = {lines[0]: lines[1:] for key, lines in shown.items() if re.fullmatch(r"f\d+", key)}
    assert set(boxes) == {"W1[0][0] … b1[13]", "layer1", "W2[0][0] … b2[7]", "layer2", "W3[0][0] … b3[0]"}
    assert boxes["layer1"][:6] == ["28 nodes", "Σ w·x", "14", "tanh", "14", "out"]
    assert boxes["W1[0][0] … b1[13]"][0] == "70 parameters"
    assert ["112 edges"] in shown.values()
    assert "are folded into 5 boxes, by scope. To see all: fold=None." in source


def test_a_crowd_of_single_edges_keeps_its_texts_for_the_tooltips():
    graph = swept(network())
    crowded = graph.to_dot(fold="scope", budget=150)
    caption = "without a text: one edge"
    assert caption in crowded
    assert caption not in graph.to_dot()
    assert [lines for lines in labels(crowded).values() if lines[0] == "1 edge"] == []
    tips = [line for line in crowded.split("\n\t") if 'edgetooltip="1 edge' in line]
    assert len(tips) == 4 * 14 + 14 * 8 + 8
    assert sum("to the gradient of the node they start at" in line for line in tips) == 0
    assert sum("to the gradient of the node it starts at" in line for line in tips) == 14 * 8 + 8


def test_the_arrow_of_many_edges_sums_what_flows_to_one_node():
    x = Value(2.0, name="x")
    y = x * 3.0 + x * 5.0
    for _ in range(200):
        y = y * 1.0 + x * 0.0
    graph = swept(y)
    source = graph.to_dot(fold="op", budget=20, rankdir="TB")
    links = [link for link in graph.fold("op", budget=20).links if link.source == 0 and link.flow is not None]
    assert any(math.isclose(link.flow, 8.0) and link.edges > 1 for link in links)
    assert any(lines[-1] == "↑ 8" for lines in labels(source).values())


def test_the_same_graph_gives_the_same_text():
    assert swept(network()).to_dot() == swept(network()).to_dot()
    assert swept(perceptron()).to_dot() == swept(perceptron()).to_dot()
