"""The page as a file: its record, its picture, its policy, its colours, its doors, and what it refuses."""

import base64
import hashlib
import json
import re
import time
import xml.etree.ElementTree as ElementTree
from html import unescape

import pytest
from drawings import network, skips
from effort import THOROUGH
from perceptron import perceptron

import nn
from autograd import (
    DrawingError,
    OperandTypeError,
    StaleGraphError,
    Value,
    explore,
    identity,
    sqrt,
    tanh,
    total,
    where,
)
from autograd.draw.explorer.layout import Line, Size, arrange
from autograd.draw.explorer.page import FILM, SCRIPTS, Page, asset
from autograd.draw.explorer.page_data import adjoints_of, record_of, safe_json
from autograd.draw.explorer.picture import draw
from autograd.draw.explorer.theme import DARK, LIGHT
from edgegrad.cli import main

SVG = "{http://www.w3.org/2000/svg}"


# --- the record -------------------------------------------------------------------------------------------------------


def test_the_record_holds_wiring_and_numbers():
    x = Value(3.0, name="x")
    y = x**2 * 0.5
    y.name = "y"
    graph = y.graph()
    record, _ = record_of(graph, adjoints_of(graph))
    assert [node["name"] for node in record["nodes"]] == ["x", "v1", "y"]
    assert [node.get("operands") for node in record["nodes"]] == [None, [0, [2.0]], [1, [0.5]]]
    assert record["frames"] == [
        {"data": [3.0, 9.0, 4.5], "slopes": [[], [6.0, None], [0.5, None]], "grads": [3.0, 0.5, 1.0]}
    ]
    assert (record["output"], record["closed"]) == (2, [])


def test_adjoints_are_backwards():
    for y in (skips(), perceptron().error, network((2, 3, 1))):
        found = adjoints_of(y.graph())
        y.backward()
        for node, adjoint in zip(y.graph().nodes, found, strict=True):
            assert node.grad == (None if adjoint is None else pytest.approx(adjoint, rel=1e-14))


def test_exploring_changes_no_gradient():
    net = perceptron()
    explore(net.error)
    assert {node.grad for node in net.error.graph().nodes} == {None}


def test_infinities_and_nan_are_written_as_text():
    x = Value(0.0, name="x")
    graph = sqrt(x).graph()
    record, _ = record_of(graph, adjoints_of(graph))
    assert record["frames"][0]["grads"] == ["Infinity", 1.0]
    json.loads(safe_json(record))


def test_json_cannot_end_a_script():
    written = safe_json({"name": "</script><!--&\u2028"})
    assert not set("<>&\u2028") & set(written)
    assert json.loads(written) == {"name": "</script><!--&\u2028"}


def test_nodes_of_one_operation_share_their_formulas():
    graph = network((4, 14, 8, 1)).graph()
    record, _ = record_of(graph, adjoints_of(graph))
    assert len(record["formulas"]) < 60


# --- the picture ------------------------------------------------------------------------------------------------------


def test_layout_leaves_no_two_cards_on_one_place():
    cards = [Size(100, 60)] * 6
    lines = [Line(i, 5, Size(80, 30), False) for i in range(5)] + [Line(0, 1, Size(80, 30), True)]
    layout = arrange(cards, lines)
    assert len(set(layout.cards)) == 6
    for k, (x, y) in enumerate(layout.cards):
        assert 0 <= x <= layout.size.width - 100
        assert 0 <= y <= layout.size.height - 60
        for other in layout.cards[k + 1 :]:
            assert abs(x - other[0]) >= 99 or abs(y - other[1]) >= 59
    for line, route in zip(lines, layout.routes, strict=True):
        assert len(route) % 3 == 1
        assert layout.cards[line.source][0] < layout.cards[line.target][0]
        assert route[0][0] < route[-1][0]


@pytest.mark.parametrize(("direction", "axis"), [("right", 1), ("down", 0)])
@pytest.mark.parametrize("twice", range(7))
def test_cards_that_could_change_places_stand_in_their_order(direction, axis, twice):
    cards, total = [Size(100, 60)] * 9, 7
    lines = [Line(i, total, Size(80 + i, 30), False) for i in range(7)] + [Line(twice, 8, Size(80, 30), False)]
    layout = arrange(cards, [*lines, Line(total, 8, Size(20, 30), True)], direction)
    once = [number for number in range(7) if number != twice]
    for places in (layout.cards, layout.labels, [route[0] for route in layout.routes]):
        across = [places[number][axis] for number in once]
        assert across == sorted(across)


def test_the_picture_has_every_node_edge_and_number():
    y = skips()
    graph = y.graph()
    root = ElementTree.fromstring(draw(graph).svg)
    ids = [group.get("id") for group in root.iter(f"{SVG}g") if group.get("id")]
    nodes = [f"n{i}" for i in range(len(graph.nodes))]
    edges = [f"n{i}e{edge.slot}" for i, node in enumerate(graph.nodes) for edge in node.edges]
    assert sorted(ids) == sorted([*nodes, *edges, "world", "edges", "cards", "above"])
    written = "".join(root.itertext())
    for number in ("0.03879", "0.7568", "z·s", "← −0.03865"):
        assert number in written


def test_a_card_names_an_operation_whose_formula_is_one_of_its_operands():
    x, y = Value(2.0, name="x"), Value(3.0, name="y")
    for result, sign in ((where(False, x, y), "where"), (x * 1.0, "×"), (x * y, "x·y"), (identity(x), "x")):
        assert f">{sign}</text>" in draw(result.graph()).svg


def test_equal_graphs_give_equal_pages():
    assert explore(skips()).html == explore(skips()).html


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_policy_names_the_script_and_the_style_and_nothing_else():
    html = explore(perceptron().error).html
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', html).group(1))
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        [body] = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"
    assert "unsafe" not in policy
    for address in re.findall(r"https?://[^\s\"'<]*", html):
        assert address.startswith("http://www.w3.org/")  # names of SVG and MathML


def test_no_script_evaluates_text_or_writes_markup():
    forbidden = ("eval(", "Function(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", 'setTimeout("')
    for name in ("primitives", *SCRIPTS, *FILM):
        source = asset(f"{name}.js")
        for word in forbidden:
            assert word not in source, (name, word)
    assert [name for name in FILM if "http" in asset(f"{name}.js")] == []
    for name in ("page.html", "film.html"):
        assert not re.search(r"\son\w+=", asset(name))
        assert "style=" not in asset(name)


def test_the_lectures_perceptron_takes_little_room():
    page = explore(perceptron().error)
    assert page.steps == 17 + 18
    assert len(page.html.encode()) < 220_000
    assert repr(page).startswith("<Page of 17 nodes, 18 edges, 2")


def test_a_page_of_many_nodes_takes_little_time_and_room():
    """An MLP of 200 inputs with layers of 200, 40 and 10: 49,000 nodes; at the desk half as wide."""
    wide = 200 if THOROUGH else 100
    outputs = nn.MLP(wide, [wide, 40, 10], seed=0)([0.01 * k for k in range(wide)])
    loss = total([(output - 1.0) ** 2 for output in outputs])
    count = len(loss.graph().nodes)
    start = time.process_time()
    page = explore(loss)
    assert time.process_time() - start < count * 160e-6  # a fifth of that on a quiet machine
    assert len(page.html.encode()) < count * 60


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_readable_in_light_and_dark(colours):
    from test_palette import contrast

    grounds = ["paper", "raised", "sunk", *(name for name in colours if name.endswith("-fill"))]
    for ground in grounds:
        for text in ("ink", "muted", "flow"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for line in ("line", "edge", "forward", "focus", "output", "leaf", "parameter", "frozen", "fold", "operation"):
        assert contrast(colours[line], colours["paper"]) >= 3, line
    assert contrast(colours["on-forward"], colours["forward"]) >= 4.5
    assert LIGHT.keys() == DARK.keys()


# --- the doors --------------------------------------------------------------------------------------------------------


def test_writing_a_file(tmp_path):
    path = tmp_path / "E.html"
    page = explore(perceptron().error, path)
    assert path.read_text(encoding="utf-8") == page.html
    assert list(tmp_path.iterdir()) == [path]
    assert perceptron().error.explore().html == page.html
    assert perceptron().error.explore(tmp_path / "F.html").steps == 35


def test_a_notebooks_cell_shows_it_in_a_frame():
    page = tanh(Value(0.5, name='"x"')).explore()
    shown = page._repr_html_()
    assert unescape(re.search(r'srcdoc="([^"]*)"', shown).group(1)) == page.html
    assert 'sandbox="allow-scripts"' in shown


def test_where_a_notebook_s_frames_are_taken_out_the_drawing_is_left():
    y = tanh(Value(0.5, name="<x>"))
    page = y.explore()
    y.backward()
    left = re.sub("<iframe.*?</iframe>", "", page._repr_html_(), flags=re.DOTALL)
    drawn = re.search('src="data:image/svg[+]xml;base64,([^"]*)" alt="Graph of 2 nodes, 1 edge"', left).group(1)
    assert base64.b64decode(drawn).decode("utf-8") == y.graph().to_svg()


def test_an_exercise_in_a_notebook_does_not_tell_its_answers_below():
    shown = Page(tanh(Value(0.5, name="x")), practice=True)._repr_html_()
    assert shown.endswith("</iframe>")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("E.svg", "cannot be written: a page is an .html file. Give it that extension."),
        ("folder.html", "cannot be written: it is a folder. Name a file in it."),
        ("missing/E.html", "Make it first."),
    ],
)
def test_files_that_cannot_be_written(tmp_path, name, message):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(DrawingError) as caught:
        explore(Value(1.0) * 2.0, tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path / name} cannot be written: ")
    assert str(caught.value).endswith(message)


def test_what_is_no_value():
    with pytest.raises(OperandTypeError) as caught:
        explore([Value(1.0)])
    assert str(caught.value) == ("explore takes the output, a Value, not list: pass the Value at the top of the graph.")


def test_a_leaf_that_was_assigned_since():
    w, x = Value(2.0, name="w"), Value(3.0, name="x")
    y = w * x
    y.name = "y"
    w.data = 5.0
    with pytest.raises(StaleGraphError) as caught:
        explore(y)
    assert str(caught.value) == (
        "y = 6 was recorded before a leaf it was computed from was assigned (now w = 5, x = 3). A page shows numbers "
        "that belong together: compute it again, then explore."
    )
    square = Value(3.0, name="x") ** 2
    square.operands[0].data = -3.0
    with pytest.raises(StaleGraphError):  # the number is the same, its slope is not
        explore(square)


def test_a_graph_that_is_too_large(monkeypatch):
    monkeypatch.setattr("autograd.draw.explorer.page_data.MAX_NODES", 2000)
    y = Value(1.0)
    for _ in range(2000):
        y = y + 1.0
    with pytest.raises(DrawingError) as caught:
        explore(y)
    assert str(caught.value) == (
        "The graph has 2,001 nodes and 2,000 edges; a page of the explorer holds at most 2,000 and 250,000. Explore an "
        "inner Value, such as one neuron, or draw a folded overview with graph().save('g.svg')."
    )


def test_the_command(tmp_path, capsys):
    path = tmp_path / "E.html"
    assert main(["explore", "s = w*x; E = (s - 1)**2", "w=2", "x=0.7", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"E = 0.16; 9 steps to explore in {path}\n"
    assert "<title>E = 0.16</title>" in path.read_text(encoding="utf-8")
    assert main(["explore", "w*x", "w=2", "x=1", "-o", str(tmp_path / "E.svg")]) == 1
    assert capsys.readouterr().err == (
        f"edgegrad explore: {tmp_path / 'E.svg'} cannot be written: a page is an .html file. Give it that extension.\n"
    )
