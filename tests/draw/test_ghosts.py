"""Ghosts: far uses of a node start at small boxes of their own, so that long recurrences are drawn in no time."""

import re
import time
import xml.etree.ElementTree as ElementTree

import pytest
from drawings import DRAWINGS, perceptron, swept

from autograd import Value, tanh
from autograd.draw.ghosts import FAR, Start, find_starts

SVG = "{http://www.w3.org/2000/svg}"


def chain(steps):
    """One leaf used at every step."""
    x, y = Value(0.5, name="x"), Value(1.0, name="y0")
    for _ in range(steps):
        y = tanh(y * 1.01 + x)
    return y


def recurrence(steps):
    """A recurrent net written by hand: three weights used at every step."""
    w, u, b = (Value(number, name=name, parameter=True) for name, number in (("w", 0.5), ("u", 0.3), ("b", 0.1)))
    h = Value(0.0, name="h0")
    for k in range(steps):
        h = tanh(w * h + u * Value(k / steps, name=f"x{k}") + b)
    return h


def skips(steps):
    """Every step looks back at two before it, one of them far."""
    values = [Value(1.0, name="x")]
    for k in range(steps):
        values.append(tanh(values[k // 3] + values[-1]))
    return values[-1]


def links_of(output):
    nodes = output.graph().nodes
    place = {node: index for index, node in enumerate(nodes)}
    links = [(place[v], place[node]) for node in nodes for v in dict.fromkeys(node.operands) if isinstance(v, Value)]
    return links, {index for index, node in enumerate(nodes) if node.is_leaf}


@pytest.mark.parametrize("name", DRAWINGS)
def test_small_pictures_have_none(name):
    graph, options = DRAWINGS[name]
    assert "ghost" not in graph().to_dot(**options)


@pytest.mark.parametrize("output", [chain(60), recurrence(30), skips(90)], ids=["chain", "recurrence", "skips"])
def test_no_arrow_is_long(output):
    links, leaves = links_of(output)
    starts = find_starts(links, leaves)
    assert max(start.levels for start in starts) <= FAR
    assert min(start.levels for start in starts) >= 1
    for source in leaves:
        used = [start.ghost for (one, _), start in zip(links, starts, strict=True) if one == source]
        assert sorted(set(used)) == list(range(max(used) + 1))


def test_only_leaves_have_them_where_that_is_enough():
    links, leaves = links_of(recurrence(30))
    assert {s for (s, _), start in zip(links, find_starts(links, leaves), strict=True) if start.ghost} <= leaves
    links, leaves = links_of(skips(90))
    assert {s for (s, _), start in zip(links, find_starts(links, leaves), strict=True) if start.ghost} - leaves


def test_a_leaf_that_nothing_uses():
    assert find_starts([], {0}) == []
    assert find_starts([(0, 1)], {0}) == [Start(0, 1)]


def test_the_picture_of_a_long_recurrence():
    y = chain(60)
    y.backward()
    graph = y.graph()
    svg = graph.to_svg(fold=None)
    groups = {group.get("id"): group for group in ElementTree.fromstring(svg).iter(f"{SVG}g") if group.get("id")}
    ghosts = {key for key in groups if re.fullmatch(r"n\d+g\d+", key)}
    place = graph.nodes.index(next(leaf for leaf in graph.leaves if leaf.name == "x"))
    assert len(ghosts) == 29
    assert all(key.startswith(f"n{place}g") for key in ghosts)
    for key in ghosts:
        assert "x = 0.5" in "".join(groups[key].itertext())
        assert "ghost" in groups[key].get("class")
    assert "small box: a node again, where it is used far from its own box" in svg
    edges = [key for key in groups if re.fullmatch(r"n\d+e\d+", key)]
    assert len(edges) == sum(len(node.operands) for node in graph.nodes)
    titles = re.findall(r"<title>(n\d+(?:g\d+)?)&#45;&gt;(n\d+e\d+)</title>", svg)
    assert {source for source, _ in titles if "g" in source} == ghosts
    assert "ghost" not in graph.to_dot()  # folded


@pytest.mark.parametrize("output", [chain(100), recurrence(50), skips(150)], ids=["chain", "recurrence", "skips"])
def test_three_hundred_nodes_take_no_time(output, tmp_path):
    assert len(output.graph()) >= 300
    start = time.process_time()
    output.graph().save(tmp_path / "g.svg", fold=None)
    assert time.process_time() - start < 10  # a fraction of a second; from one box each it takes minutes


def test_equal_graphs_give_equal_pictures():
    assert chain(60).graph().to_dot(fold=None) == chain(60).graph().to_dot(fold=None)
    assert swept(perceptron()).to_dot() == swept(perceptron()).to_dot()
