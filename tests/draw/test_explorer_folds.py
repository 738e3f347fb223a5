"""Folding in a real browser: parts keep their numbers, open one by one, are stepped over, into and out of."""

import math
from itertools import product

import pytest
from drawings import batch, loop, network, stack
from effort import THOROUGH
from screens import position, until
from test_explorer_camera import recurrence

from autograd import Value, explore, scope, tanh, total
from autograd.draw.partition import Wiring
from autograd.draw.parts import name_parts
from autograd.symbol import number_text

#: The names of the boxes.
TITLES = "[...explorer.fold.boxes.values()].map((box) => box.group.querySelector('.name').textContent)"

#: Arrows that lead back, against the direction of the drawing.
REVERSED = """() => {
  const { picture, boxes, links } = explorer.fold, down = document.getElementById("world").classList.contains("down");
  const start = ({ x, y }) => (down ? y : x), end = ({ x, y, width, height }) => (down ? y + height : x + width);
  const place = (key) => (boxes.get(key) || picture.cards[key]).place;
  const pairs = picture.edges.map(({ source, target }) => [source, target]);
  pairs.push(...[...links.values()].map(({ from, to }) => [from, to]));
  return pairs.filter(([from, to]) => start(place(to)) < end(place(from))).map((pair) => pair.join(" "));
}"""

#: Texts of arrows that another arrow runs through, and those that stand farther from their own than from another.
STRUCK = """() => {
  const { picture, links } = explorer.fold;
  const lines = [...picture.edges.map((edge) => picture.lines[edge.number]), ...links.values()];
  const routes = lines.map(({ line }) => {
    const length = line.getTotalLength(), count = Math.ceil(length / 4);
    return Array.from({ length: count + 1 }, (_, k) => line.getPointAtLength((k * length) / count));
  });
  const struck = [];
  lines.forEach((line, i) => {
    if (line.label.classList.contains("bare")) return;
    const { x, y, width, height } = line.spot;
    const near = (route, by) => route.some((p) => p.x > x - by && p.x < x + width + by && p.y > y - by && p.y < y + height + by);
    if (!near(routes[i], 1)) struck.push(`${line.group.id || line.group.dataset.link} stands off its arrow`);
    routes.forEach((route, k) => {
      if (k !== i && near(route, -3)) struck.push(`${line.group.id || line.group.dataset.link} is struck through by ${lines[k].group.id || lines[k].group.dataset.link}`);
    });
  });
  return struck;
}"""  # noqa: E501


def titles(tab):
    return tab.evaluate(TITLES)


def fold(tab, *paths):
    tab.evaluate("paths => { explorer.fold.set(paths); explorer.refold(); }", list(paths))


# --- what a box and its arrows show -----------------------------------------------------------------------------------


def test_a_folded_layer_keeps_its_numbers_and_its_arrows_their_jacobians(visit):
    y = network((3, 4, 2, 1))
    nodes = y.graph().nodes
    tab = visit(explore(y))
    fold(tab, "layer1", "layer2", "layer3")
    assert titles(tab) == ["layer1", "layer2", "layer3"]
    layers = [[v for v in nodes if v.op is tanh and (v.scope or "").startswith(f"layer{k}/")] for k in (1, 2)]
    weights = [[v for v in nodes if (v.name or "").startswith(f"W2[{i}]")] for i in range(2)]
    expected = [  # ∂tanh(w·h + b)/∂h = (1 − tanh²)·w
        [(1.0 - out.data**2) * w.data for w in row] for out, row in zip(layers[1], weights, strict=True)
    ]
    found = tab.evaluate("explorer.fold.summary.jacobian(explorer.fold.links.get('layer1→layer2'))")
    assert [len(row) for row in found] == [4, 4]
    for row, numbers in zip(found, expected, strict=True):
        assert row == pytest.approx(numbers, rel=1e-12)
    y.backward()
    flows = tab.evaluate("explorer.fold.summary.flows(explorer.fold.links.get('layer1→layer2'), Infinity)")
    assert flows == pytest.approx([v.grad for v in layers[0]], rel=1e-12)
    link = tab.locator(".edge.link[data-link='layer1→layer2']")
    assert link.locator(".slope").text_content() == "2×4"
    assert link.locator(".heat").count() == 2
    box = tab.locator(".node.fold[data-box=layer1]")
    assert box.locator(".heat").count() == 2
    assert box.locator(".heat").first.locator("rect").count() == 1 + 4
    last = tab.locator(".node.fold[data-box=layer3]")
    out = next(v for v in reversed(nodes) if (v.scope or "").startswith("layer3/"))
    assert last.locator(".data").text_content() == number_text(out.data, 4)
    assert last.locator(".grad").text_content() == number_text(out.grad, 4)


def test_a_jacobian_over_several_ways_is_their_sum(visit):
    x = Value(0.7, name="x")
    with scope("part"):
        a = tanh(x * 2.0)
        b = a * a + x * 3.0
    y = b * b
    y.name = "y"
    tab = visit(explore(y))
    fold(tab, "part")
    t = math.tanh(1.4)
    [[found]] = tab.evaluate("explorer.fold.summary.jacobian(explorer.fold.links.get('0→part'))")
    assert found == pytest.approx(2.0 * t * (1.0 - t * t) * 2.0 + 3.0, rel=1e-12)
    tab.evaluate("explorer.change(0, 0.2)")
    t = math.tanh(0.4)
    [[found]] = tab.evaluate("explorer.fold.summary.jacobian(explorer.fold.links.get('0→part'))")
    assert found == pytest.approx(2.0 * t * (1.0 - t * t) * 2.0 + 3.0, rel=1e-12)


# --- what is folded ---------------------------------------------------------------------------------------------------


def test_steps_share_a_box_and_open_one_by_one(visit):
    tab = visit(explore(recurrence(60)))
    assert titles(tab) == ["step × 58"]
    assert tab.locator(".node.fold .sign").text_content() == "2 … 59"
    tab.locator(".node.fold").click()
    assert titles(tab) == ["step × 57"]
    tab.evaluate("document.querySelectorAll('.scopes input')[29].click()")
    assert titles(tab) == ["step × 27", "step × 29"]
    tab.evaluate("document.querySelectorAll('.scopes input')[1].click()")
    assert titles(tab) == ["step × 28", "step × 29"]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: batch(4), ["example 2", "example 3", "example 4"]),
        (lambda: network((2, 8, 1)), []),
        (
            lambda: network((2, 8, 8, 1)),
            [f"layer{k}/neuron{i}" for k, n in ((1, 8), (2, 8), (3, 1)) for i in range(1, n + 1)],
        ),
        (lambda: loop(40), ["step × 38"]),
    ],
)  # fmt: skip
def test_a_page_opens_folded_by_what_a_drawing_is_folded_by(visit, make, expected):
    tab = visit(explore(make()))
    assert titles(tab) == expected


def test_parts_of_a_graph():
    paths = {}
    for name, y in (("stack", stack(12, 4)), ("nested", network((4, 30, 30, 1))), ("small", network((2, 2, 1)))):
        graph = y.graph()
        paths[name] = dict(
            zip(graph.names.values(), name_parts(Wiring(graph.nodes), list(graph.names.values())), strict=True)
        )
    assert paths["stack"]["h3[1]"] == "block 3"
    assert paths["nested"]["W2[7][3]"] == "layer2/neuron8"
    assert paths["small"]["loss"] == ""


def test_what_is_too_much_to_look_at_is_gathered_by_arrays_and_then_by_neighbours():
    w = [[Value(0.1, name=f"w[{i}][{j}]") for j in range(30)] for i in range(4)]
    y = tanh(total([v for row in w for v in row]))
    graph = y.graph()
    paths = name_parts(Wiring(graph.nodes), list(graph.names.values()))
    counts = {path: paths.count(path) for path in set(paths)}
    assert counts == {"": 2, "w/w[0]": 30, "w/w[1]": 30, "w/w[2]": 30, "w/w[3]": 30}
    x = [Value(0.1, name=f"x{i}") for i in range(100)]
    graph = total(x).graph()
    assert name_parts(Wiring(graph.nodes), list(graph.names.values()))[:50:40] == ["x/x0 … x39", "x/x40 … x79"]


def test_the_output_and_chosen_leaves_stay(visit):
    y = network((2, 3, 1))
    graph = y.graph()
    w = next(i for i, v in enumerate(graph.nodes) if v.name == "W1[1][0]")
    tab = visit(explore(y))
    fold(tab, "layer1", "layer2")
    assert tab.locator(f"#n{len(graph.nodes) - 1}").is_visible()
    assert not tab.locator(f"#n{w}").is_visible()
    tab.fill("#search", "W1[1][0]")
    tab.keyboard.press("Enter")
    assert tab.locator(f"#n{w}").is_visible()
    assert titles(tab) == ["layer1", "layer2"]
    fold(tab, "layer1")
    assert tab.locator(f"#n{w}").is_visible()


# --- how it lies ------------------------------------------------------------------------------------------------------


def test_no_arrow_leads_back(visit):
    tab = visit(explore(network((3, 8, 8, 1))))
    order = "[...explorer.fold.boxes.values()].map(({ key, place }) => [key, place.x, place.y])"
    for paths in (["layer1", "layer2"], ["layer3"], [f"layer2/neuron{i}" for i in range(1, 9)]):
        fold(tab, *paths)
        assert tab.evaluate(REVERSED) == []
    down = tab.evaluate("document.getElementById('world').classList.contains('down')")
    tab.evaluate("explorer.fold.set([...explorer.fold.folded].filter((path) => path !== 'layer2/neuron3'))")
    tab.evaluate("explorer.refold()")
    assert tab.evaluate(REVERSED) == []
    boxes = tab.evaluate(order)
    assert [key for key, x, y in sorted(boxes, key=lambda box: box[1 if down else 2])] == [
        f"layer2/neuron{i}" for i in (1, 2, 4, 5, 6, 7, 8)
    ]


def test_only_a_part_that_is_left_and_entered_again_has_an_arrow_back(visit):
    x = Value(0.5, name="x")
    with scope("a"):
        u = tanh(x)
    with scope("b"):
        v = tanh(u * 2.0)
    with scope("a"):
        w = tanh(v + u)
    y = tanh(tanh(w))
    tab = visit(explore(y))
    fold(tab, "a")
    assert len(tab.evaluate(REVERSED)) == 1


WIRED = [lambda: network((2, 3, 1)), lambda: batch(4), lambda: recurrence(12), lambda: stack(4, 3)]
WINDOWS = [(1280, 800), (600, 1000)]
SHOWN = product(WIRED, WINDOWS) if THOROUGH else zip(WIRED, WINDOWS * 2, strict=True)


@pytest.mark.parametrize(("make", "size"), list(SHOWN))
def test_the_text_of_an_arrow_stands_on_it_and_on_no_other(visit, make, size):
    tab = visit(explore(make()), size=size)
    assert tab.evaluate(STRUCK) == []
    tab.locator(".fold-level").last.click()
    assert tab.evaluate(STRUCK) == []


# --- stepping ---------------------------------------------------------------------------------------------------------


def test_steps_lead_over_into_and_out_of_a_part(visit):
    y = network((2, 3, 1))
    tab = visit(explore(y), "#step=0")
    fold(tab, "layer1", "layer2")
    seen = []
    for _ in range(40):
        tab.keyboard.press("ArrowRight")
        seen.append(position(tab))
        if seen[-1] == tab.evaluate("explorer.engine.count"):
            break
    assert len(seen) < 20
    for at in reversed(seen[:-1]):
        tab.keyboard.press("ArrowLeft")
        assert position(tab) == at
    step = next(
        at for at in seen if tab.evaluate(f"explorer.fold.home[explorer.engine.step({at}).node] ?? null") == "layer1"
    )
    tab.evaluate("step => explorer.player.go(step)", step)
    assert tab.locator("#part b").text_content() == "layer1"
    tab.keyboard.press("ArrowDown")
    assert titles(tab) == ["layer2"]
    assert position(tab) < step
    assert "layer1/" in tab.locator("#out").text_content()
    tab.keyboard.press("ArrowUp")
    assert titles(tab) == ["layer1/neuron1", "layer2"]
    tab.keyboard.press("Home")
    tab.keyboard.press("PageDown")
    tab.keyboard.press("PageDown")
    tab.keyboard.press("PageUp")
    assert position(tab) == seen[0]


# --- large graphs -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large():
    """A network of 11,600 nodes, a fifth of what a page holds at most."""
    return network((100, 50, 100, 10, 1))


def test_a_large_graph_is_drawn_when_it_is_opened(visit, large):
    page = explore(large)
    count = len(large.graph().nodes)
    assert count > 11_000
    assert len(page.html) < 1_500_000
    tab = visit(page)
    until(tab, "window.explorer !== undefined")
    assert tab.evaluate("explorer.engine.nodes.length") == count
    drawn = "document.querySelectorAll('.node').length"
    assert tab.evaluate(drawn) < 60
    assert "layer2/neuron × 100" in titles(tab)
    assert tab.locator("#unfold-all").count() == 0
    tab.evaluate("explorer.choose(explorer.engine.nodes.findIndex(({ name }) => name === 'W2[7][3]'))")
    assert "W2[7][3]" in tab.locator(".node.chosen .name").text_content()
    assert tab.locator(".node.chosen .data").text_content() == number_text(
        next(v for v in large.graph().nodes if v.name == "W2[7][3]").data, 4
    )
    tab.evaluate("explorer.player.go(explorer.engine.count)")
    assert tab.evaluate("[...explorer.fold.links.values()].every(({ slope }) => slope !== undefined)")
    assert tab.evaluate(REVERSED) == []


def test_without_a_script_a_large_graph_is_drawn_folded(visit, large):
    tab = visit(explore(large), script=False)
    assert tab.locator("#overview svg").is_visible()
    assert "loss" in tab.locator("#overview").text_content()


def test_an_exercise_folded_tells_nothing(visit):
    x = Value(0.7, name="x")
    with scope("part"):
        y = tanh(x * 2.0)
    y = y * y
    y.name = "y"
    page = explore(y, practice=True)
    assert "Where they come from" not in page.html
    tab = visit(page)
    fold(tab, "part")
    assert tab.locator(".edge.link .slope").all_text_contents() == ["?"] * tab.locator(".edge.link").count()
    assert set(tab.locator(".edge.link .flow").all_text_contents()) <= {"", "?"}


def test_the_address_holds_what_is_folded(visit):
    page = explore(network((2, 3, 1)))
    tab = visit(page, "#step=5")
    assert tab.evaluate("location.hash") == "#step=5"
    fold(tab, "layer1/neuron2", "layer2")
    address = tab.evaluate("location.hash")
    assert address == "#step=5&folded=layer1%2Fneuron2,layer2"
    assert titles(visit(page, address)) == ["layer1/neuron2", "layer2"]
    assert titles(visit(page, "#folded=nothing,%E0,layer1")) == ["layer1"]
