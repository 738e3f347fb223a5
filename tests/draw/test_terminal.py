"""The tree: what each line says, what is shown once, what is counted, and that depth costs nothing."""

import io
import re

import pytest
from drawings import chain, network, perceptron, skips, square_plus_one, swept
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from test_fold import graphs

from autograd import Value, dot, total

PERCEPTRON = """\
E = 0.3528  (×)  grad 1
├── 0.5
└── v2 = 0.7056  (x^y)  grad 0.5  ∂E/∂v2 = 0.5
    ├── v1 = 0.84  (−)  grad 0.84  ∂v2/∂v1 = 2·v1 = 1.68
    │   ├── O = 1.84  (Σ w·x)  grad 0.84  ∂v1/∂O = 1
    │   │   ├── W2[0] = 0.5  (parameter)  grad 2.184  ∂O/∂W2[0] = a1 = 2.6
    │   │   ├── W2[1] = 0.3  (parameter)  grad 1.512  ∂O/∂W2[1] = a2 = 1.8
    │   │   ├── a1 = 2.6  (relu)  grad 0.42  ∂O/∂a1 = W2[0] = 0.5
    │   │   │   └── s1 = 2.6  (Σ w·x)  grad 0.42  ∂a1/∂s1 = [s1 > 0] = 1
    │   │   │       ├── W1[0][0] = 1  (parameter)  grad 0.21  ∂s1/∂W1[0][0] = x1 = 0.5
    │   │   │       ├── W1[0][1] = 3  (parameter)  grad 0.294  ∂s1/∂W1[0][1] = x2 = 0.7
    │   │   │       ├── x1 = 0.5  grad −0.084  ∂s1/∂x1 = W1[0][0] = 1
    │   │   │       └── x2 = 0.7  grad 2.268  ∂s1/∂x2 = W1[0][1] = 3
    │   │   └── a2 = 1.8  (relu)  grad 0.252  ∂O/∂a2 = W2[1] = 0.3
    │   │       └── s2 = 1.8  (Σ w·x)  grad 0.252  ∂a2/∂s2 = [s2 > 0] = 1
    │   │           ├── W1[1][0] = −2  (parameter)  grad 0.126  ∂s2/∂W1[1][0] = x1 = 0.5
    │   │           ├── W1[1][1] = 4  (parameter)  grad 0.1764  ∂s2/∂W1[1][1] = x2 = 0.7
    │   │           ├── x1 = 0.5  grad −0.084  ∂s2/∂x1 = W1[1][0] = −2  ↑ shown above
    │   │           └── x2 = 0.7  grad 2.268  ∂s2/∂x2 = W1[1][1] = 4  ↑ shown above
    │   └── t = 1  (frozen)  ∂v1/∂t = −1
    └── 2"""

CUT = """\
E = 0.3528  (×)  grad —
├── 0.5
└── v2 = 0.7056  (x^y)  grad —  ∂E/∂v2 = 0.5
    ├── v1 = 0.84  (−)  grad —  ∂v2/∂v1 = 2·v1 = 1.68
    │   └── … 14 more
    └── 2"""


def printed(tree, **options):
    """Print with rich, into text."""
    page = io.StringIO()
    Console(file=page, width=200, **options).print(tree)
    return page.getvalue()


def test_the_lectures_perceptron():
    y = perceptron()
    swept(y)
    assert str(y.tree()) == repr(y.tree()) == PERCEPTRON


def test_a_shallow_tree_counts_what_it_hides():
    assert str(perceptron().tree(2)) == CUT
    assert str(perceptron().tree(0)) == "E = 0.3528  (×)  grad —\n└── … 16 more"


def test_what_is_shared_is_shown_once():
    tree = str(skips().tree())
    assert len(re.findall(r"── z = .*shown above", tree)) == 1
    assert len(re.findall(r"── x = ", tree)) == 3
    assert len(re.findall(r"── x = .*shown above", tree)) == 2


def test_parallel_edges_have_a_line_each():
    assert str(square_plus_one().tree()).splitlines() == [
        "y = 10  (+)  grad —",
        "├── v1 = 9  (×)  grad —  ∂y/∂v1 = 1",
        "│   ├── x = 3  grad —  ∂v1/∂x = x = 3",
        "│   └── x = 3  grad —  ∂v1/∂x = x = 3  ↑ shown above",
        "└── 1",
    ]


def test_many_operands_are_shown_from_both_ends():
    ws = [Value(float(i), name=f"w{i}", parameter=True) for i in range(20)]
    xs = [Value(float(i), name=f"x{i}") for i in range(20)]
    y = dot(ws, xs)
    lines = str(y.tree()).splitlines()
    assert len(lines) == 14
    assert lines[6].startswith("├── w5 = 5")
    assert lines[7] == "├── … 28 more operands"
    assert lines[8].startswith("├── x14 = 14")
    assert lines[-1].startswith("└── x19 = 19")
    deeper = total([Value(float(i)).tanh() for i in range(14)] + [y])
    assert "├── … 3 more operands, 6 more nodes" in str(deeper.tree())


def test_a_single_leaf():
    assert str(Value(2.0, name="x").tree()) == "x = 2  grad —"
    assert str(Value(2.0, requires_grad=False).tree()) == "x = 2  (frozen)"


def test_a_node_first_met_too_deep_is_shown_where_there_is_room():
    x = Value(2.0, name="x")
    a = x.tanh()
    y = a.exp().sin() + a
    a.name = "a"
    assert str(y.tree(2)).splitlines()[3:] == [
        "│       └── … shown elsewhere",
        "└── a = 0.964028  (tanh)  grad —  ∂y/∂a = 1",
        "    └── x = 2  grad —  ∂a/∂x = 1 − a² = 0.0706508",
    ]


@given(graphs(most=30), st.integers(0, 6))
def test_every_node_is_shown_or_counted_once(graph, depth):
    tree = str(graph.outputs[0].tree(depth))
    shown = {match[1] for match in re.finditer(r"([vxy]\d*) = (?!.*shown above)[^∂]*", tree)}
    counted = sum(int(match[1]) for match in re.finditer(r"… (\d+) more$", tree, re.MULTILINE))
    counted += sum(
        int(match[1]) for match in re.finditer(r"… \d+ more operands, (\d+) more nodes$", tree, re.MULTILINE)
    )
    if "more operands\n" not in tree:
        assert len(shown) + counted == len(graph)


def test_with_rich_it_is_coloured_on_a_terminal_and_plain_elsewhere():
    y = perceptron()
    swept(y)
    assert printed(y.tree()).splitlines() == PERCEPTRON.splitlines()
    coloured = printed(y.tree(), force_terminal=True, color_system="truecolor")
    assert "\x1b[" in coloured
    assert [re.sub(r"\x1b\[[\d;]*m", "", line) for line in coloured.splitlines()] == PERCEPTRON.splitlines()


def test_names_stay_text():
    x = Value(1.0, name="[red]x[/red]\n\x1b[31m<b>")
    line = "[red]x[/red]↵\ufffd[31m<b> = 1  grad —"
    assert str(x.tree()) == line
    assert printed(x.tree()) == line + "\n"
    assert len(str(Value(1.0, name="w" * 10_000).tree())) < 100


def test_deep_graphs_are_no_deeper_than_asked():
    y = chain(100_000)
    tree = str(y.tree())
    assert len(tree.splitlines()) == 26
    assert "… 99,988 more" in tree
    assert max(len(line) for line in str(y.tree(10**6)).splitlines()) < 1000
    assert printed(y.tree(150)).count("\n") > 300  # no line is lost where the page is narrow


def test_the_same_graph_gives_the_same_tree():
    assert str(network().tree()) == str(network().tree())


@pytest.mark.parametrize("depth", [-1, 1.5, True, None])
def test_a_depth_that_means_nothing(depth):
    with pytest.raises(ValueError) as raised:
        Value(1.0).tree(depth)
    assert str(raised.value) == f"depth must be a whole number of levels from 0, not {depth!r}."
