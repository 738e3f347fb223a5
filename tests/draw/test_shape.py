"""The shape of a picture: as wide as a page, each thing in its own order, each label on its own arrow."""

import re
from xml.etree import ElementTree

import pytest
from drawings import batch, chain, gated_loop, loop, network, stack, swept

from autograd import Graph, Value, dot, exp, gradients, relu, tanh, total
from autograd.draw.shape import PAGE_POINTS, Widths, estimate_widths
from autograd.draw.style import RANKDIRS

SVG = "{http://www.w3.org/2000/svg}"


def layer_net(sizes=(2, 4, 1)):
    """A network without scopes, its nodes named as in `nn`."""
    values = [Value(0.5 - 0.4 * j, name=f"x{j + 1}", requires_grad=False) for j in range(sizes[0])]
    for layer, wide in enumerate(sizes[1:], 1):
        made = []
        for i in range(wide):
            row = [
                Value(0.3 * (i + 1) - 0.2 * j, name=f"W{layer}[{i}][{j}]", parameter=True) for j in range(len(values))
            ]
            s = dot(row, values, Value(0.1, name=f"b{layer}[{i}]", parameter=True))
            s.name = f"s{layer}[{i}]"
            a = relu(s) if layer < len(sizes) - 1 else s
            a.name = f"a{layer}[{i}]"
            made.append(a)
        values = made
    return values


def error_of_net(sizes=(2, 4, 1)):
    e = (layer_net(sizes)[0] - Value(1.0, name="t", requires_grad=False)) ** 2
    e.name = "E"
    return e


def polynomial():
    x = Value(1.5, name="x")
    p = Value(-1.0, name="c0", parameter=True)
    for i in range(1, 6):
        p = p + Value(0.5 * i - 1, name=f"c{i}", parameter=True) * x**i
    return p


def horner():
    x = Value(1.5, name="x")
    p = Value(1.0, name="c5", parameter=True)
    for i in range(4, -1, -1):
        p = p * x + Value(0.5 * i - 1, name=f"c{i}", parameter=True)
    return p


def second_derivative():
    x, y = Value(1.2, name="x"), Value(0.7, name="y")
    [slope] = gradients(x**3 * y + exp(x * y), [x], create_graph=True)
    return gradients(slope, [x], create_graph=True)[0]


def tied():
    x, w = Value(0.7, name="x", requires_grad=False), Value(0.5, name="w", parameter=True)
    return (w * tanh(w * x + Value(0.1, name="b", parameter=True)) - x) ** 2


def running_sum():
    q = Value(0.0, requires_grad=False)
    for i in range(1000):
        x = Value(i / 1000, name=f"x{i}")
        q = q + x * x
    return q


PICTURES = {
    "square": lambda: swept(Value(2.0, name="x") * 3.0),
    "polynomial": lambda: swept(polynomial()),
    "horner": lambda: swept(horner()),
    "net": lambda: swept(error_of_net()),
    "two outputs": lambda: Graph(*layer_net((3, 3, 2))),
    "wide net": lambda: swept(error_of_net((8, 16, 8, 1))),
    "scoped net": lambda: swept(network((13, 32, 16, 1))),
    "batch of 4": lambda: swept(batch(4)),
    "batch of 20": lambda: swept(batch(20)),
    "loop of 20": lambda: swept(loop(20)),
    "loop of 775": lambda: swept(loop(775)),
    "gated loop": lambda: swept(gated_loop(20, 2)),
    "stack": lambda: swept(stack(6, 3)),
    "running sum": lambda: swept(running_sum()),
    "chain": lambda: swept(chain(400)),
    "tied weight": lambda: swept(tied()),
    "second derivative": lambda: second_derivative().graph(),
}


def size_of(svg):
    return [int(n) for n in re.search(r'width="(\d+)pt" height="(\d+)pt"', svg).groups()]


def boxes_in(graph, svg):
    """Give the middle of each single node's box in a picture, by the node's name."""
    groups = {group.get("id"): group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if group.get("id")}
    places = {}
    for index, node in enumerate(graph.nodes):
        if node.name and f"n{index}" in groups:
            places[node.name] = middle(groups[f"n{index}"])
    return places


def middle(group):
    points = []
    for shape in group.iter():
        if shape.tag in (f"{SVG}polygon", f"{SVG}path"):
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", shape.get("points") or shape.get("d"))]
            points += list(zip(numbers[::2], numbers[1::2], strict=True))
        elif shape.tag == f"{SVG}text":
            points.append((float(shape.get("x")), float(shape.get("y"))))
    xs, ys = zip(*points, strict=True)
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_fits_a_page_and_has_its_output(name):
    graph = PICTURES[name]()
    fold = graph.fold()
    svg = graph.to_svg()
    assert fold.size <= 60
    assert size_of(svg)[0] <= PAGE_POINTS  # letters of 11 points then have 9 pixels on a page of 900
    if size_of(svg)[0] > 1000:
        assert 'font-size="9.00"' not in svg
    for output in graph.outputs:
        assert [len(box) for box in fold.boxes if any(node is output for node in box.nodes)] == [1]
    assert svg.count('class="node output"') == len(graph.outputs)


@pytest.mark.parametrize("rankdir", RANKDIRS)
def test_neurons_inputs_and_weights_come_in_their_order(rankdir):
    graph = swept(error_of_net())
    places = boxes_in(graph, graph.to_svg(rankdir=rankdir, fold=None))
    across = 1 if rankdir in ("LR", "RL") else 0
    for names in (
        ["x1", "x2"],
        *([f"{what}1[{i}]" for i in range(4)] for what in "sa"),
        *([f"W1[{i}][0]", f"W1[{i}][1]", f"b1[{i}]"] for i in range(4)),
        [f"W2[0][{j}]" for j in range(4)],
    ):
        assert sorted(names, key=lambda name: places[name][across]) == names
        assert len({round(places[name][1 - across] / 10) for name in names}) <= 2  # side by side


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_examples_come_in_their_order(rankdir):
    graph = swept(batch(4))
    svg = graph.to_svg(rankdir=rankdir)
    groups = [g for g in ElementTree.fromstring(svg).iter(f"{SVG}g") if "fold" in (g.get("class") or "")]
    titled = {"".join(g.itertext()).strip(): middle(g) for g in groups}
    found = sorted(
        (place[1 if rankdir == "LR" else 0], re.search(r"example \d of 4", text)[0])
        for text, place in titled.items()
        if re.search(r"example \d of 4", text)
    )
    numbers = [int(text.split()[1]) for _, text in found]
    assert numbers == sorted(numbers)
    assert len(numbers) >= 3


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_each_label_lies_on_its_own_arrow(rankdir):
    """The arrow goes into its label and out of it: what a reader takes together belongs together."""
    graph = swept(error_of_net())
    svg = graph.to_svg(rankdir=rankdir, fold=None)
    groups = {group.get("id"): group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if group.get("id")}
    place = {node: index for index, node in enumerate(graph.nodes)}
    for edge in graph.edges:
        key = f"n{place[edge.output]}e{edge.slot}"
        x, y = middle(groups[key])
        for half in "ab":
            [path] = groups[key + half].iter(f"{SVG}path")
            numbers = [float(n) for n in re.findall(r"-?[\d.]+", path.get("d"))]
            ends = [(numbers[0], numbers[1]), (numbers[-2], numbers[-1])]
            assert min(abs(a - x) + abs(b - y) for a, b in ends) < 90
        dashed = edge.operand.is_leaf and not edge.operand.requires_grad
        assert ("stroke-dasharray" in ElementTree.tostring(groups[key + "b"], "unicode")) == (dashed or edge.flow == 0)


def test_nodes_of_one_name_are_numbered():
    w = Value(0.5, name="w", parameter=True)
    errors = []
    for x in (0.1, 0.2, 0.3):
        s = w * x
        s.name = "s"
        errors.append((s - 1.0) ** 2)
    graph = swept(total(errors))
    words = set(ElementTree.fromstring(graph.to_svg()).itertext())
    assert {"s⟨1⟩", "s⟨2⟩", "s⟨3⟩", "w"} <= words
    assert "s" not in words
    assert any("s⟨1⟩, s⟨2⟩: nodes of one name, in their order" in word for word in words)
    assert "nodes of one name" not in swept(tied()).to_svg()


def test_leaves_that_are_asked_for_are_kept():
    y = error_of_net((8, 16, 8, 1))
    graph = swept(y)
    weight = next(leaf for leaf in graph.leaves if leaf.name == "W2[3][5]")
    assert not any(box.nodes == (weight,) for box in graph.fold().boxes)
    for by in ("auto", "op"):
        assert any(box.nodes == (weight,) for box in graph.fold(by, keep=[weight]).boxes)
    assert "W2[3][5]" in set(ElementTree.fromstring(graph.to_svg(keep=[weight])).itertext())
    inner = next(node for node in graph.nodes if node.name == "a1[3]")
    fold = graph.fold(keep=[inner])
    assert any(box.nodes == (inner,) for box in fold.boxes)
    assert all(link.source < link.target for link in fold.links)
    with pytest.raises(ValueError) as raised:
        graph.fold(keep=[Value(1.0, name="q")])
    assert str(raised.value) == "Value(1.0, name='q') is to be kept, but it is not in the graph."


def test_exponents_are_written_into_the_power():
    x = Value(2.0, name="x")
    words = set(ElementTree.fromstring((x**3 + x**0.5 + 2.0**x).graph().to_svg()).itertext())
    assert {"x³", "2^x"} <= words
    assert not {"3", "x^y"} & words
    assert "x^y" in set(ElementTree.fromstring((x**1).graph().to_svg()).itertext())


def test_the_direction_is_the_one_that_fits():
    assert Widths(1000.0, 300.0).rankdir == "LR"
    assert Widths(1400.0, 1000.0).rankdir == "TB"
    assert Widths(1400.0, 1900.0).rankdir == "LR"
    assert "rankdir=LR" in swept(error_of_net()).to_dot()
    assert "rankdir=TB" in swept(horner()).to_dot()


def sum_of_powers():
    x = Value(1.5, name="x")
    y = sum(Value(0.5 * i - 1.0, name=f"c{i}") * x**i for i in range(6))
    y.name = "p"
    return y


def test_a_polynomial_is_not_folded_for_labels_that_are_short():
    graph = swept(sum_of_powers())
    assert len(graph) == 24
    assert not graph.fold().folded
    assert size_of(graph.to_svg())[0] <= PAGE_POINTS


def test_what_fits_only_just_to_the_right_leads_down():
    assert Widths(1039.0, 600.0).rankdir == "LR"
    assert Widths(1060.0, 600.0).rankdir == "TB"
    assert Widths(1060.0, 1300.0).rankdir == "LR"


def test_widths():
    widths = estimate_widths([0, 0, 1], [100.0, 80.0, 50.0], [(1, 60.0), (1, 40.0)])
    assert widths.right == 19 + 100 + 60 + 50 + 16
    assert widths.down == 19 + 100 + 80 + 2 * 14
    assert estimate_widths([], [], []).down == 19


def test_the_legend_says_what_occurs_and_nothing_else():
    small = swept(Value(2.0, name="x") * Value(3.0, name="y")).to_svg()
    for said in ("frozen", "several nodes", "dotted", "dashed", "parameter", "Σ", "thick", ">number<"):
        assert said not in small
    for said in (">leaf<", ">output<", "on an arrow: ∂out/∂in, as formula = number", "flows back: slope × grad of out"):
        assert said in small
    net = swept(error_of_net()).to_svg()
    for said in (
        ">parameter<", "frozen: gets no gradient", "dashed: nothing flows to what is frozen",
        "Σ w·x: products of weights and inputs, added up", "[…]: 1 where it holds, else 0",
    ):  # fmt: skip
        assert said in net
    folded = swept(loop(20)).to_svg()
    for said in ("several nodes in one box", "thick: several edges in one arrow", "dotted: 0 flows back"):
        assert said in folded
