"""Looking closer in a real browser: hovering, paths, search, folding, light and dark."""

import re

from drawings import network, skips
from perceptron import perceptron
from screens import position

from autograd import (
    Value,
    explain,
    explore,
)
from autograd.symbol import number_text


def test_hover_shows_name_operation_formula_and_numbers(visit):
    net = perceptron()
    tab = visit(explore(net.error))
    tab.hover("#n7")
    tip = tab.locator("#tip")
    text = tip.text_content().replace("\u200b", "")
    for part in (
        "a1=relu(s1)",
        "=relu(2.6)=2.6",
        "relu: max(x, 0)",
        f"data {net.activations[0].data!r}",
        "grad 0.41999",
    ):
        assert part in text
    tab.hover("#n7e0 .label")
    assert "∂a1∂s1=[s1>0]=[2.6>0]=1" in tip.text_content().replace("\u200b", "")
    tab.click("#n7e0 .label")
    assert tab.locator("#now h2").text_content().replace("\u200b", "") == "Backwarda1→s1"


def test_a_chosen_leaf_lights_all_its_paths_with_their_products_and_sum(visit):
    y = skips()
    graph = y.graph()
    x = next(node for node in graph.nodes if node.name == "x")
    derivation = explain(y, x)
    tab = visit(explore(y))
    tab.click("#whole")
    tab.click(f"#n{next(i for i, node in enumerate(graph.nodes) if node is x)}")
    rows = tab.locator(".paths li")
    assert rows.count() == len(derivation.paths) == 5
    for k, path in enumerate(derivation.paths):
        assert rows.nth(k).locator(".lit").text_content() == number_text(path.number)
    assert tab.locator(".sums h3").text_content() == f"{derivation.count} paths to Q"
    others = derivation.count - 5
    assert tab.locator(".rest").text_content() == f"the other {others} together: {number_text(derivation.rest)}"
    assert tab.locator(".sums .total .lit").text_content() == number_text(derivation.total)
    lit = {group.get_attribute("id") for group in tab.locator(".edge.lit").all()}
    place = {node: i for i, node in enumerate(graph.nodes)}
    reached = {edge for path in graph.paths(y, x) for edge in path}
    assert lit == {f"n{place[edge.output]}e{edge.slot}" for edge in reached}
    rows.nth(0).hover()
    lit = {group.get_attribute("id") for group in tab.locator(".edge.lit").all()}
    assert len(lit) == len(derivation.paths[0].edges)


def test_more_paths_than_can_be_counted(visit):
    x = y = Value(0.5, name="x")
    for _ in range(60):
        y = y * 0.7 + y * 0.3
    tab = visit(explore(y))
    tab.evaluate("explorer.choose(0)")
    assert tab.locator(".sums h3").text_content() == "1.15292e+18 paths to y"
    assert tab.locator(".sums .total .lit").text_content() == number_text(explain(y, x).total) == "1"


def test_search(visit):
    tab = visit(explore(perceptron().error))
    tab.fill("#search", "w1[")
    assert tab.locator("#found button span").all_text_contents() == ["W1[0][0]", "W1[0][1]", "W1[1][0]", "W1[1][1]"]
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    assert tab.locator("#chosen .full").text_content() == "W1[0][0]"
    tab.fill("#search", "nothing")
    assert tab.locator("#found").text_content() == "no node of that name"


def test_jumps_from_a_node_to_its_steps(visit):
    net = perceptron()
    tab = visit(explore(net.error))
    tab.click("#n12")
    tab.click("text=where it is computed")
    assert position(tab) == 13
    tab.click("text=where its gradient flows on")
    assert tab.locator("#now h2").text_content().replace("\u200b", "") == "BackwardO→W2[0]"


def test_light_and_dark(visit):
    ground = "getComputedStyle(document.body).backgroundColor"
    tab = visit(explore(perceptron().error), scheme="dark")
    assert tab.evaluate(ground) == "rgb(17, 21, 26)"
    tab.click("#theme")
    assert tab.evaluate(ground) == "rgb(255, 255, 255)"
    tab.click("#theme")
    assert tab.evaluate(ground) == "rgb(17, 21, 26)"


def boxes(tab):
    return tab.evaluate(
        """() => [...document.querySelectorAll(".node")].filter((one) => getComputedStyle(one).display !== "none")
           .map((one) => { const { x, y, width, height } = one.querySelector(".card").getBoundingClientRect();
                           return [x, y, width, height]; })"""
    )


def overlapping(boxes):
    return [
        (one, other)
        for k, one in enumerate(boxes)
        for other in boxes[k + 1 :]
        if one[0] < other[0] + other[2] - 1
        and other[0] < one[0] + one[2] - 1
        and one[1] < other[1] + other[3] - 1
        and other[1] < one[1] + one[3] - 1
    ]


def test_folding_by_scope(visit):
    y = network((2, 3, 1))
    tab = visit(explore(y))
    assert len(boxes(tab)) == len(y.graph().nodes) == 25
    home = tab.locator("#edges").inner_html()
    tab.click("text=fold every neuron")
    assert tab.locator(".node.fold .name").all_text_contents() == [
        "layer1/neuron1", "layer1/neuron2", "layer1/neuron3", "layer2/neuron1",
    ]  # fmt: skip
    folded = boxes(tab)
    assert len(folded) == 2 + 3 + 1 + 3  # the inputs, the neurons, and target, difference and loss
    assert overlapping(folded) == []
    assert tab.locator(".edge.link").count() == 2 * 3 + 3 + 1
    tab.locator(".node.fold").first.click()
    assert tab.locator(".node.fold").count() == 3
    assert len(boxes(tab)) == len(folded) - 1 + 5
    assert overlapping(boxes(tab)) == []
    tab.locator(".scopes input").first.uncheck()
    assert "layer1" in tab.locator(".node.fold .name").all_text_contents()
    tab.evaluate("step => explorer.player.go(step)", 5)
    assert tab.locator(".node.fold.now").count() == 1
    tab.fill("#search", "W1[0][0]")
    tab.keyboard.press("Enter")
    assert tab.locator("#chosen .full").text_content() == "W1[0][0]"
    tab.click("#unfold-all")
    tab.keyboard.press("End")
    assert len(boxes(tab)) == 25
    straight = re.compile(r' d="([^"]*)"')
    assert sorted(straight.findall(tab.locator("#edges").inner_html())) == sorted(straight.findall(home))


def test_a_large_graph_opens_folded_and_only_what_is_in_view_is_drawn(visit):
    y = network((10, 20, 10, 1))
    tab = visit(explore(y), "#step=700")
    assert tab.locator(".node.fold").count() == 31
    assert overlapping(boxes(tab)) == []
    tab.click("#unfold-all")
    drawn = tab.evaluate("[...document.querySelectorAll('.node')].filter((one) => one.style.display !== 'none').length")
    assert 0 < drawn < 200
    tab.click("#whole")
    drawn = tab.evaluate("[...document.querySelectorAll('.node')].filter((one) => one.style.display !== 'none').length")
    assert drawn == 515
