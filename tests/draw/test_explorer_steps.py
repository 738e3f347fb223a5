"""Stepping in a real browser: what each step shows, every control and key, the address."""

import pytest
from drawings import skips
from perceptron import perceptron
from screens import NOW, PHONE, agree, all_shown, position, shown, until

from autograd import Value, explore, total
from autograd.draw.explorer.page_data import adjoints_of
from autograd.symbol import number_text


def test_a_page_opens_finished_with_pythons_numbers(visit):
    net = perceptron()
    graph = net.error.graph()
    tab = visit(explore(net.error))
    agree(tab.evaluate(NOW), graph)
    data, grads = all_shown(tab, "data"), all_shown(tab, "grad")
    for i, (node, grad) in enumerate(zip(graph.nodes, adjoints_of(graph), strict=True)):
        assert data[f"n{i}"] == number_text(node.data, 4)
        assert grads[f"n{i}"] == ("frozen" if grad is None else number_text(grad, 4))
    assert tab.title() == tab.locator("h1").text_content() == "E = 0.3528"
    assert tab.locator("#now tbody tr").count() == 6
    assert tab.locator("#now td").all_text_contents()[:2] == ["0.5", "2.184"]


def test_numbers_are_written_as_python_writes_them(visit):
    numbers = [
        0.0,
        1.0,
        -1.5,
        123456.0,
        1234567.0,
        1e-5,
        0.00012345678,
        -9.99999e22,
        0.1 + 0.2,
        1e100,
        99999.95,
        5e-324,
    ]
    x = Value(1.0, name="x")
    tab = visit(explore(x * 1.0))
    for number in numbers:
        tab.evaluate("number => explorer.change(0, number)", number)
        assert shown(tab, 0, "data") == number_text(number, 4)
        assert tab.locator("h1").text_content() == f"y = {number_text(number)}"


def test_steps_are_nodes_then_edges_and_each_shows_what_is_computed_by_then(visit):
    y = skips()
    graph = y.graph()
    page = explore(y)
    edges = [edge for node in reversed(graph.nodes) for edge in node.edges]
    assert page.steps == len(graph.nodes) + len(edges) == 10 + 14
    tab = visit(page, "#step=0")
    place = {node: i for i, node in enumerate(graph.nodes)}
    slider = tab.locator("#position")
    assert slider.get_attribute("max") == "24"
    for step in range(page.steps + 1):
        assert (position(tab), slider.input_value()) == (step, str(step))
        assert tab.locator("#counter").text_content() == f"{step} / 24"
        sums = dict.fromkeys(graph.nodes, 0.0) | {y: 1.0}
        arrived = dict.fromkeys(graph.nodes, 0)
        for edge in edges[: max(0, step - len(graph.nodes))]:
            sums[edge.operand] += sums[edge.output] * edge.slope
            arrived[edge.operand] += 1
        data, grads, flows = (all_shown(tab, what) for what in ("data", "grad", "flow"))
        for node, i in place.items():
            assert data[f"n{i}"] == (number_text(node.data, 4) if i < step else "—")
            due = sum(edge.operand is node for edge in edges)
            known = (node is y and step > len(graph.nodes)) or arrived[node] > 0
            text = number_text(sums[node], 4) + (" …" if 0 < arrived[node] < due else "")
            assert grads[f"n{i}"] == (text if known else "—")
        for k, edge in enumerate(edges):
            assert bool(flows[f"n{place[edge.output]}e{edge.slot}"]) == (k < step - len(graph.nodes))
        tab.keyboard.press("ArrowRight")


def test_forward_step_shows_symbols_numbers_value(visit):
    net = perceptron()
    step = net.error.graph().nodes.index(net.sums[0]) + 1
    tab = visit(explore(net.error), f"#step={step}")
    lines = [line.replace("\u200b", "") for line in tab.locator("#now .lines .formula").all_text_contents()]
    assert lines == ["s1=W1[0][0]·x1+W1[0][1]·x2", "=1×0.5+3×0.7", "=2.6"]
    assert "now" in tab.locator(f"#n{step - 1}").get_attribute("class").split()


def test_backward_step_shows_adjoint_slope_flow_and_the_sum_being_built(visit):
    y = skips()
    graph = y.graph()
    x = next(node for node in graph.nodes if node.name == "x")
    edges = [edge for node in reversed(graph.nodes) for edge in node.edges]
    into = [k for k, edge in enumerate(edges) if edge.operand is x]
    adjoint = dict(zip(graph.nodes, adjoints_of(graph), strict=True))
    assert len(into) == 3
    tab = visit(explore(y))
    total_so_far = 0.0
    for done, k in enumerate(into):
        tab.evaluate("step => explorer.player.go(step)", len(graph.nodes) + 1 + k)
        edge = edges[k]
        flow = adjoint[edge.output] * edge.slope
        total_so_far += flow
        rows = [row.replace("\u200b", "") for row in tab.locator("#now .formula:not(.leaves *)").all_text_contents()]
        assert rows[-1] == f"∂Q∂x={number_text(total_so_far)}" + ("+…" if done < 2 else "")
        assert [row.startswith("∂Q") for row in rows[-4:-1]] == [True] * 3
        table = [
            line.locator("td").all_text_contents()[1:] for line in tab.locator("#now .terms:not(.nudge) tbody tr").all()
        ]
        upstream, slope = (number_text(number, 4) for number in (adjoint[edge.output], edge.slope))
        product = f"{upstream} ×\u00a0({slope})" if slope.startswith("−") else f"{upstream} ×\u00a0{slope}"
        assert table[done] == [product, number_text(flow, 4), number_text(total_so_far, 4)]
        assert table[done + 1 :] == [["…"] * 3] * (2 - done)
        assert tab.locator("#now .terms .here").count() == 1
        assert f"={number_text(flow)}" in "".join(rows)
        assert tab.locator("#now .nudge").count() == (done == 2)
    by, follows, promised = (
        float(cell.replace("−", "-")) for cell in tab.locator("#now .nudge td").all_text_contents()
    )
    assert by == 1e-5
    assert follows == pytest.approx(promised, rel=1e-3)
    assert promised == pytest.approx(by * total_so_far, rel=1e-3)


def test_controls(visit):
    tab = visit(explore(perceptron().error))
    for press, expected in (("first", 0), ("next", 1), ("next", 2), ("back", 1), ("last", 35)):
        tab.click(f"#{press}")
        assert position(tab) == expected
        assert tab.evaluate("location.hash") == f"#step={expected}"
    assert tab.is_disabled("#next")
    tab.locator("#position").fill("20")
    assert position(tab) == 20
    tab.select_option("#speed", "10")
    tab.click("#play")
    until(tab, "explorer.player.position >= 23")
    assert tab.locator("#play").get_attribute("aria-label") == "Pause (space)"
    tab.click("#play")
    at = position(tab)
    tab.wait_for_timeout(400)
    assert position(tab) == at
    tab.click("#last")
    tab.click("#play")
    assert position(tab) == 0
    until(tab, "explorer.player.position >= 2")
    tab.click("#first")
    assert tab.locator("#play").get_attribute("aria-label") == "Play (space)"


def test_keys(visit):
    tab = visit(explore(perceptron().error))
    for key, expected in (("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 35)):
        tab.keyboard.press(key)
        assert position(tab) == expected
    tab.select_option("#speed", "10")
    tab.keyboard.press("Home")
    tab.locator("h1").click()
    tab.keyboard.press("Space")
    until(tab, "explorer.player.position >= 2")
    tab.keyboard.press("Space")
    assert not tab.evaluate("explorer.player.playing")
    world = tab.locator("#world")
    before = world.get_attribute("transform")
    tab.keyboard.press("+")
    closer = world.get_attribute("transform")
    tab.keyboard.press("-")
    tab.keyboard.press("0")
    assert len({before, closer}) == 2
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "search"
    tab.keyboard.type("s1")
    tab.keyboard.press("Enter")
    assert tab.locator("#chosen .full").text_content() == "s1"
    tab.keyboard.press("Escape")
    tab.locator("h1").click()
    tab.keyboard.press("Escape")
    assert tab.locator("#chosen").is_hidden()


def test_every_control_has_a_name_and_a_visible_focus_and_nodes_answer_to_the_keyboard(visit):
    tab = visit(explore(perceptron().error))
    unnamed = tab.evaluate(
        """() => [...document.querySelectorAll("button, input, select, [role=button]")]
             .filter((one) => one.offsetParent !== null || one.ownerSVGElement)
             .filter((one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.length)).length"""
    )
    assert unnamed == 0
    seen = set()
    for _ in range(60):
        tab.keyboard.press("Tab")
        seen.add(tab.evaluate("document.activeElement.id"))
        if tab.evaluate("document.activeElement.id") == "n12":
            break
    assert {"search", "theme", "first", "play", "position", "speed", "n0", "n12"} <= seen
    tab.keyboard.press("Enter")
    assert tab.locator("#chosen .full").text_content() == "O"
    assert tab.locator("#n12").get_attribute("aria-label") == "O, dot, data 1.84, grad 0.84"
    focus = tab.evaluate("getComputedStyle(document.querySelector('#n12 .card')).stroke")
    assert focus == "rgb(130, 80, 223)"


@pytest.mark.parametrize(("address", "expected"), [("#step=17", 17), ("#step=999", 35), ("", 35), ("#step=x", 35)])
def test_the_step_is_in_the_address(visit, address, expected):
    tab = visit(explore(perceptron().error), address)
    assert position(tab) == expected
    tab.evaluate("location.hash = '#step=5'")
    until(tab, "explorer.player.position === 5")


def test_while_it_plays_a_dot_runs_back_along_the_edge_and_the_camera_follows(visit):
    tab = visit(explore(perceptron().error), "#step=27", size=PHONE, motion="no-preference")
    before = tab.locator("#world").get_attribute("transform")
    tab.click("#play")
    until(tab, "document.querySelectorAll('.pulse').length === 1")
    tab.select_option("#speed", "10")
    until(tab, "explorer.player.position === 35 && !explorer.player.playing")
    until(tab, "document.querySelectorAll('.pulse').length === 0")
    assert tab.locator("#world").get_attribute("transform") != before


def test_a_long_sum_is_cut_around_the_term_in_hand(visit):
    x = Value(0.5, name="x")
    y = total([x * (k + 1.0) for k in range(12)])
    graph = y.graph()
    tab = visit(explore(y), f"#step={len(graph.nodes) + 12 + 8}")
    rows = [row.replace("\u200b", "") for row in tab.locator("#now .formula").all_text_contents()]
    assert rows[-7] == "∂y∂v9·∂v9∂x"
    table = [line.locator("td").all_text_contents()[1:] for line in tab.locator("#now .terms tbody tr").all()]
    assert [row and row[1] for row in table] == [[], "9", "8", "7", "6", "5", "…", []]
    assert tab.locator("#now .terms .more").all_text_contents() == ["3 before", "3 more"]
    assert rows[-1] == "∂y∂x=68+…"
    assert tab.locator("#now .aside").first.text_content() == "4 more terms to come"
