"""The page of all rows: what is on it, that it needs nothing else, that it fits, and what an interruption leaves."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

from autograd import Value, explain, tanh
from edgegrad.cli import main
from edgegrad.lectures import ROWS, Row, command
from edgegrad.lectures.page import Run, figures, page, reading, snippet

pytest.importorskip("matplotlib", reason="matplotlib draws the pictures")

FEW = ["L1.1", "L1.3", "L1.4", "L1.6", "L2.2", "L4.3", "L5.4"]


class Tags(HTMLParser):
    """Checks that every element is closed in its turn, and collects what the browser would load."""

    VOID = {"meta", "img", "br", "link", "input"}

    def __init__(self):
        super().__init__()
        self.open, self.loaded = [], []

    def handle_starttag(self, tag, attributes):
        self.loaded += [v for k, v in attributes if k in ("src", "href", "data") and v]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    return page([Run(ROWS[name], ROWS[name](folder), 0.1) for name in FEW], 83.0)


def test_it_is_whole_and_loads_nothing(written):
    tags = Tags()
    tags.feed(written)
    assert tags.open == []
    assert {address.partition(",")[0] for address in tags.loaded if not address.startswith("#")} <= {
        "data:image/svg+xml;base64", "data:image/png;base64",
    }  # fmt: skip
    assert {address[1:] for address in tags.loaded if address.startswith("#")} == set(FEW)
    assert "url(" not in written
    assert "@import" not in written
    assert "<script" not in written


def test_it_says_what_ran_and_how_long(written):
    assert re.search(rf"7 of {len(ROWS)} rows in 1 min 23 s, with edgegrad [\d.]+: the run was interrupted\.", written)
    complete = page([Run(row, None, 0.1, "no such package") for row in ROWS.values()], 5.0)
    assert f"All {len(ROWS)} rows, {len(ROWS)} of which could not run, in 5.0 s, with edgegrad" in complete
    assert complete.count("<section") == len(ROWS)
    assert "It could not run: no such package" in complete


def test_a_row_has_its_parts(written):
    section = re.search(r'<section id="L1.4">.*?</section>', written, re.DOTALL)[0]
    assert "Take one full step with the 2-2-1 ReLU perceptron" in section
    assert '<td data-heading="slide">(2.184, 1.512)</td>' in section
    assert section.count("<math") >= 18, "six derivations of three formulas and more"
    assert section.count("<figure>") == 1
    assert "&gt;&gt;&gt; print(explain(E, " in section
    assert "<code>nn.SGD</code>" in section
    assert '<p class="sight">In the picture each derivative' in section


def test_tables_stay_aligned_and_sentences_are_text():
    written = reading(ROWS["L1.6"]())
    assert re.search(r"<pre>update +E +O +ΔE", written.replace("<pre>  ", "<pre>").replace("  update", "update"))
    assert "<p>The lecture's table prints epoch 0 twice" in written.replace("&#x27;", "'")
    assert "In the picture" not in written, "which stands with the picture"


def test_words_that_look_like_markup_are_text():
    report = ROWS["L1.4"]()
    report.say("a < b & <script>")
    assert "<p>a &lt; b &amp; &lt;script&gt;</p>" in reading(report)
    report.compare("<b>", 1.0)
    assert '<td data-heading="figure">&lt;b&gt;</td>' in figures(report)


def test_a_row_without_lines_to_type_has_none():
    def L1_99(report):
        """Do nothing."""

    assert snippet(Row(L1_99, ())) == ""


def test_derivations_are_the_texts_as_mathematics():
    x = Value(0.5, name="x")
    s = tanh(x * Value(-2.0, name="W1[0][1]"))
    s.name = "<s>"
    E = (s - 1) ** 2
    for written in (explain(E, x).mathml(), explain(E, s).mathml(), explain(x * s, x).mathml()):
        ElementTree.fromstring(written)
        assert "&lt;s&gt;" in written
    minus = 3.0 * s - x
    minus.name = "y"
    assert "<mo>+</mo><mrow><mo>(</mo><mrow><mo>−</mo><mn>1</mn></mrow><mo>)</mo></mrow>" in explain(minus, x).mathml()
    assert "\u00a0directly" in explain(minus, x).mathml()
    two = explain(x * s, x)
    assert two.mathml().count("<li>") == two.count == 2
    assert "the sum over 2 paths" in two.mathml()


def test_the_command_leaves_one_page(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "ROWS", {name: ROWS[name] for name in FEW})
    assert main(["lectures", "all", "--out", str(tmp_path / "course")]) == 0
    assert [path.name for path in (tmp_path / "course").iterdir()] == ["lectures.html"]
    printed = capsys.readouterr().out
    for name in FEW:
        assert re.search(rf"\d\.\d s  {re.escape(name)} ", printed)
    assert re.search(r"7 rows in \d+ s: .*lectures\.html", " ".join(printed.split()))


def test_options_reach_the_rows_of_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "ROWS", {name: ROWS[name] for name in ("L3.4", "L1.1")})
    assert main(["lectures", "all", "--out", str(tmp_path), "--epochs", "20"]) == 0
    assert "after 1, 2, 20 epochs" in (tmp_path / "lectures.html").read_text(encoding="utf-8")
    assert main(["lectures", "all", "--out", str(tmp_path / "other"), "--epochs", "0"]) == 2
    assert not (tmp_path / "other" / "lectures.html").exists()


def _fail(error):
    def L1_2(report):
        """Stop."""
        raise error

    return Row(L1_2, ())


def test_an_interruption_leaves_what_has_run(tmp_path, monkeypatch):
    rows = {"L1.1": ROWS["L1.1"], "L1.2": _fail(KeyboardInterrupt()), "L1.4": ROWS["L1.4"]}
    monkeypatch.setattr(command, "ROWS", rows)
    assert main(["lectures", "all", "--out", str(tmp_path)]) == 130
    left = (tmp_path / "lectures.html").read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(left)
    assert tags.open == []
    assert re.findall(r'<section id="(.*?)">', left) == ["L1.1"]
    assert "the run was interrupted" in left


def test_an_interruption_before_the_first_row_leaves_no_page(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "ROWS", {"L1.2": _fail(KeyboardInterrupt())})
    assert main(["lectures", "all", "--out", str(tmp_path)]) == 130
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_lacks_a_package_is_said_on_the_page(tmp_path, monkeypatch, capsys):
    rows = {"L1.1": ROWS["L1.1"], "L1.2": _fail(ImportError("pip install this"))}
    monkeypatch.setattr(command, "ROWS", rows)
    assert main(["lectures", "all", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "edgegrad lectures: L1.2 could not run: pip install this\n"
    assert "It could not run: pip install this" in (tmp_path / "lectures.html").read_text(encoding="utf-8")


def test_it_fits_the_window(written, tmp_path, browser):
    (tmp_path / "page.html").write_text(written, encoding="utf-8")
    wide = """() => [document.documentElement.scrollWidth, ...[...document.querySelectorAll('main > *, section > *')]
        .map((element) => element.getBoundingClientRect().right)]"""
    for width in (390, 900):
        tab = browser.new_page(viewport={"width": width, "height": 800})
        tab.goto((tmp_path / "page.html").as_uri())
        assert max(tab.evaluate(wide)) <= width
        assert tab.evaluate("[...document.images].every((image) => image.naturalWidth > 0)")
        assert max(tab.evaluate("[...document.images].map((image) => image.width)")) <= width - 32
        tab.emulate_media(color_scheme="dark")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
        tab.close()
