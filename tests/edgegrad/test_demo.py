"""The `edgegrad demo` command: the first lecture's perceptron, printed, drawn, and filmed while it is trained."""

import json
import re
import xml.etree.ElementTree as ElementTree
from io import StringIO

import pytest

from autograd import explore
from edgegrad.cli import main
from edgegrad.lectures.networks import perceptron, run_perceptron


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Run it once, for its folder and what it printed."""
    out = tmp_path_factory.mktemp("demo") / "new"
    printed = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        patch.setattr("sys.stdout", printed)
        assert main(["demo", "--out", str(out)]) == 0
    return out, printed.getvalue()


@pytest.mark.parametrize(
    "shown",
    [
        "(2.6, 1.8)", "(2.184, 1.512)", "−2.0126 −2.0126 < 1e−12", "0.33521672 0.3352704354 < 1e−12",
        "0.988473 0.9884730496 < 1e−11", "— 0.99999996125 < 1e−11", "0.000066 6.6435e−05 < 1e−09", "−15.124 ",
        "= (O − t)·W2[0][0]·[s1[0] > 0]·x2 = 0.84 × 0.5 × 1 × 0.7 = 0.294 ",
        "0.5 0.3528 2.184 ███████████████████████ 0.6",
    ],
)  # fmt: skip
def test_the_slides_figures_stand_beside_ours(demo, shown):
    assert shown in " ".join(demo[1].split()) + " "


def test_no_line_of_a_table_is_wider_than_the_terminal(demo):
    assert all(len(line) <= 80 for line in demo[1].splitlines() if line.startswith("  ") or "──" in line)


def test_what_it_leaves(demo):
    out, printed = demo
    names = ["perceptron.html", "perceptron.svg", "training.html"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert all(str(out / name) in printed for name in names)


def test_the_drawing(demo):
    written = "".join(ElementTree.parse(demo[0] / "perceptron.svg").getroot().itertext())
    for shown in ("W1[0][1]", "0.294", "1.84"):
        assert shown in written


def test_the_page(demo):
    html = explore(run_perceptron(perceptron())).html
    assert (demo[0] / "perceptron.html").read_text(encoding="utf-8") == html


def test_the_film(demo):
    html = (demo[0] / "training.html").read_text(encoding="utf-8")
    film = json.loads(re.search(r'id="record">(.*?)</script>', html).group(1))["film"]
    assert (film["steps"], film["measured"]) == ([0, 1, 2, 3, 4], "E")
    assert film["losses"] == pytest.approx([0.3528, 6.6435e-05, 1.5254e-08, 3.3853e-12, 7.5092e-16], rel=1e-4)
