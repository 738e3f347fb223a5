"""The rows as a whole: all are there, each has a test, each says where it lives, and the page is what they give."""

from __future__ import annotations

import importlib
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from documents import script
from effort import THOROUGH
from lecture_rows import TABLE

from edgegrad.lectures import LECTURES, ROWS, Comparison, Report

#: They take a second or more, once more than in their own tests.
LONG = ("L1.2", "L2.3", "L2.13", "L3.6", "L3.8", "L4.18", "L4.19", "L4.21")
COUNTS = {"L1": 12, "L2": 14, "L3": 9, "L4": 21, "L5": 7}
page = script("lectures")


def written(name):
    """Return what the record says of a row, as lines of a table."""
    text = (page.FOLDER / f"{name.partition('.')[0]}.md").read_text(encoding="utf-8")
    part = text.split(f"\n## {name} · ")[1].split("\n## ")[0]
    return [line for line in part.splitlines() if line.startswith("| ")][1:]


def test_every_row_of_the_lectures_is_there():
    assert list(ROWS) == [f"{letter}.{k}" for letter in LECTURES for k in range(1, COUNTS[letter] + 1)]
    assert len(ROWS) == 63


def test_each_row_has_a_test_of_its_name():
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_lecture*.py"))
    missing = [name for name in ROWS if not re.search(rf"def test_{name.replace('.', '_')}_[a-z]", tests)]
    assert missing == []


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_what_it_is_and_where_it_lives(name):
    row = ROWS[name]
    assert row.title[0].isupper()
    assert repr(row) == f"<Row {name}: {row.title}>"
    assert row.where
    for place in row.where:
        package, *parts = place.split(".")
        thing = importlib.import_module(package)
        for part in parts:
            documented = part in (getattr(thing, "__doc__", None) or "") and not hasattr(thing, part)
            thing = None if documented else getattr(thing, part)


@pytest.mark.parametrize("name", [name for name in ROWS if THOROUGH or name not in LONG])
def test_a_row_gives_what_the_page_says_and_leaves_its_pictures(name, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="matplotlib draws the pictures")
    row = ROWS[name]
    letters = {}
    draw = Report.picture

    def draw_and_measure(self, name, make, **options):
        drawn = []
        draw(self, name, lambda: drawn.append(make()) or drawn[0], **options)
        letters[self.pictures[-1].name] = smallest_letters(drawn[0], self.pictures[-1])

    monkeypatch.setattr(Report, "picture", draw_and_measure)
    if name in ("L1.8", "L1.10", "L4.19"):
        pytest.importorskip("sklearn", reason="its data come with scikit-learn")
    if "data" in row.options and not TABLE.exists():
        pytest.skip("the Boston table is not beside the repository")
    report = row(tmp_path, **({"data": TABLE} if "data" in row.options else {}))
    found = written(name)
    lines = page.lines(report)
    assert len(found) == len(lines), "the page has other figures than the row: run python docs/lectures.py"
    for line, ours, comparison in zip(lines, found, report.comparisons.values(), strict=True):
        same(line, ours, exactly=comparison.digits > 4)
    assert sorted(tmp_path.iterdir()) == sorted(report.pictures)
    assert report.pictures, "a row leaves a picture"
    assert report.sights, "and says in a sentence what to see"
    assert [s for s in report.sights if not re.fullmatch(r"[A-ZΔ].*[^\s.]\.", s)] == []
    assert set(report.sights) <= set(report.words)
    for picture in report.pictures:
        assert picture.name.startswith(f"{name}-")
        if picture.suffix == ".svg":
            assert ElementTree.parse(picture).getroot().tag.endswith("svg")
        else:
            assert picture.read_bytes().startswith(b"\x89PNG")
    assert {name: pixels for name, pixels in letters.items() if pixels < LEGIBLE} == {}
    assert len(letters) == len(report.pictures)


LEGIBLE = 9.0  # pixels of the smallest letters, on a page of 900 pixels


def smallest_letters(drawn, path):
    """Return how high the smallest letters of a picture are on a page of 900 pixels, which it does not have to fill."""
    if path.suffix == ".svg":
        text = path.read_text(encoding="utf-8")
        points = float(re.search(r'viewBox="0.00 0.00 ([0-9.]+) ', text)[1])
        sizes = [float(size) for size in re.findall(r' font-size="([0-9.]+)"', text)]
    else:
        points = 72.0 * drawn.get_figwidth()
        sizes = [text.get_fontsize() for text in drawn.findobj(lambda x: hasattr(x, "get_fontsize")) if text.get_text()]
    return round(min(sizes) * min(900.0 / points, 96.0 / 72.0), 2)


NUMBER = re.compile(r"−?\d+(?:\.\d+)?(?:e[−+]\d+)?")


def same(line, found, *, exactly):
    """Compare a line of the page; what a training ended with may differ a little from machine to machine."""
    advice = "run: python docs/lectures.py --data boston_housing.csv"
    if exactly:
        assert line == found, advice
        return
    assert NUMBER.sub("0", line) == NUMBER.sub("0", found), advice
    for ours, theirs in zip(NUMBER.findall(line), NUMBER.findall(found), strict=True):
        a, b = (float(number.replace("−", "-")) for number in (ours, theirs))
        assert a == pytest.approx(b, rel=0.1, abs=0.05), advice


def test_the_pages_are_made_of_the_rows():
    overview = page.OVERVIEW.read_text(encoding="utf-8")
    assert overview.startswith(page.INTRODUCTION)
    assert re.findall(r"^\| \[(L\d\.\d+)\]\(rows/\1\.md\) \|", overview, re.MULTILINE) == list(ROWS)
    for letter, title in LECTURES.items():
        assert page.HEAD.format(letter=letter, title=title) in overview
        text = (page.FOLDER / f"{letter}.md").read_text(encoding="utf-8")
        assert text.startswith(page.RECORD.format(letter=letter, title=title))
        names = [name for name in ROWS if name.startswith(f"{letter}.")]
        assert re.findall(r"^## (L\d\.\d+) · ", text, re.MULTILINE) == names
    for name, row in ROWS.items():
        assert f"| [{name}](rows/{name}.md) | {row.title} | {len(written(name))} | " in overview


def test_a_comparison_says_how_far_apart_two_quantities_are():
    def cells(*quantities, **options):
        return Comparison("x", *quantities, **options).cells[1:]

    assert cells(0.5) == ("—", "0.5", "—", "—")
    assert cells(0.5, 0.25) == ("0.25", "0.5", "0.25", "slide")
    assert cells([1.0, -2.5], [1.0, -2.5 + 1e-15]) == ("(1, −2.5)", "(1, −2.5)", "< 1e−12", "slide")
    assert cells(3, 3, "by hand") == ("—", "3", "0", "by hand")
    assert cells(0.123456789, 0.1234567, "closed form", digits=4, rounding=1e-5) == (
        "—", "0.1235", "< 1e−05", "closed form",
    )  # fmt: skip
    assert cells(0.62, 0.625, "p", digits=3) == ("—", "0.62", "0.005", "p: 0.625")
    assert cells(0.12345, 0.12345, "exact", slide=0.12) == ("0.12", "0.12345", "< 1e−12", "exact")
    assert cells(32.0, 32.0, "closed form", slide="4y³") == ("4y³", "32", "< 1e−12", "closed form")
    assert cells(32.0, slide="32.0") == ("32.0", "32", "—", "—")
    assert cells("diverges", "diverges") == ("diverges", "diverges", "none", "slide")
    assert cells("converges", "diverges") == ("diverges", "converges", "differs", "slide")
    assert cells(35.5, "at least 10") == ("at least 10", "35.5", "—", "slide")


def test_a_quantity_without_a_number_is_refused():
    report = ROWS["L2.5"]()
    with pytest.raises(ValueError) as caught:
        report.compare("∂E/∂w", None)
    assert str(caught.value) == "∂E/∂w of row L2.5 has no number: run backward() first."
