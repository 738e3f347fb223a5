"""Ghosts on the page: small cards beside far uses, one node with their own card for hovering, choosing and stepping."""

import re

from test_ghosts import chain

from autograd import Value, explain, explore, scope, tanh


def place_of(graph, name):
    return next(index for index, node in enumerate(graph.nodes) if node.name == name)


def test_a_ghost_is_the_node_it_stands_for(visit):
    y = chain(40)
    graph = y.graph()
    x = place_of(graph, "x")
    page = explore(y)
    assert len(re.findall(rf'<g id="n{x}g\d+"', page.html)) == 19
    assert "a node again, where it is used far from its own card" in page.html
    assert "a node again" not in explore(tanh(Value(1.0))).html
    tab = visit(page)
    tab.click("#unfold-all")
    assert tab.evaluate("explorer.fold.picture.ghosts.size") == 19
    assert tab.evaluate("explorer.fold.picture.cards.length") == len(graph.nodes)
    number = tab.evaluate(
        f"explorer.engine.edges.findIndex((edge) => explorer.fold.picture.lines[edge.number].ghost === 'n{x}g19')"
    )
    tab.evaluate(f"explorer.player.go(explorer.engine.stepOf(explorer.engine.edges[{number}]))")
    tab.wait_for_timeout(400)  # for the camera, which goes where the step is: to the ghost
    ghost = tab.locator(f"#n{x}g19")
    assert ghost.text_content() == "x"
    ghost.hover()
    assert "x" in tab.locator("#tip b").text_content()
    assert "data 0.5" in tab.locator("#tip").text_content()
    for card in (f"#n{x}", f"#n{x}g1", f"#n{x}g19"):
        assert "hovered" in tab.locator(card).get_attribute("class")
    ghost.click()
    assert "chosen" in tab.locator(f"#n{x}").get_attribute("class")
    assert "chosen" in ghost.get_attribute("class")
    derivation = explain(y, graph.nodes[x])
    assert tab.locator(".sums h3").text_content().startswith(f"{derivation.count} paths to ")


def test_folded_there_are_none(visit):
    x, y = Value(0.5, name="x"), Value(1.0, name="y0")
    for step in range(40):
        with scope(f"step{step}"):
            y = tanh(y * 1.01 + x)
    page = explore(y)
    tab = visit(page)
    ghost = tab.locator(".ghost").first
    tab.evaluate("explorer.fold.set([])")
    shown = "[...explorer.fold.picture.ghosts.values()].filter((ghost) => !ghost.away).length"
    assert tab.evaluate(shown) > 10
    tab.evaluate("explorer.fold.set(['step3', 'step4'])")
    assert tab.evaluate(shown) == 0
    assert not ghost.is_visible()
    number = tab.evaluate("explorer.engine.edges.findIndex((edge) => explorer.fold.picture.lines[edge.number].ghost)")
    assert tab.evaluate(
        f"(() => {{ const edge = explorer.engine.edges[{number}]; "
        "return explorer.fold.picture.placesOf(edge)[0] === explorer.fold.picture.boxOf(edge.source); })()"
    )
    tab.evaluate("explorer.fold.set([])")
    assert tab.evaluate(shown) > 10
