"""The documentation site: it builds without a warning, needs no network, and its reference has every public name."""

import os
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import documents
import pytest
from effort import THOROUGH

import autograd
import autograd.testing
import autograd.testing.gallery
import nn
from edgegrad.lectures import ROWS

fcntl = pytest.importorskip("fcntl", reason="one build at a time is kept by a lock")
pytest.importorskip("sphinx", reason="the site needs the extra docs")
pytest.importorskip("furo", reason="the site needs the extra docs")
pytest.importorskip("myst_nb", reason="the site needs the extra docs")

DOCS = Path(__file__).parent.parent / "docs"
#: What a browser loads by itself, as opposed to what a reader follows.
LOADED = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src", "embed": "src",
    "object": "data", "link": "href",
}  # fmt: skip
ELSEWHERE = re.compile(r"^\s*(https?:)?//")
IN_STYLE = re.compile(r"(?:url\(|@import)\s*['\"]?\s*(?:https?:)?//")


class Loads(HTMLParser):
    """Collects what a page makes the browser load, and what it links to."""

    def __init__(self):
        super().__init__()
        self.loaded, self.links = [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if LOADED.get(tag) in given:
            self.loaded.append(given[LOADED[tag]])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])


@cache
def loads_of(page):
    parser = Loads()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site, once for all processes of a run: it writes pages beside its sources."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder /= "site"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").exists():
            build(folder)
            (folder / "built").touch()
    return folder / "html"


def build(folder):
    options = ["-q", "-W", "--keep-going", "-d", folder / "trees"]
    options += ["-D", "nb_execution_mode=off", "-D", "short=1"]  # what both do has tests of its own
    options += [] if THOROUGH else ["-D", "run_rows=L1"]
    command = [sys.executable, "-m", "sphinx", *options, DOCS, folder / "html"]
    built = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    assert built.returncode == 0, built.stderr
    assert built.stderr == ""


def test_pages(site):
    pages = {str(path.relative_to(site).with_suffix("")) for path in site.rglob("*.html")}
    written = {str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md")}
    notebooks = {f"notebooks/{path.stem}" for path in (DOCS.parent / "notebooks").glob("*.ipynb")}
    assert notebooks
    rows = {f"rows/{name}" for name in ROWS}
    examples = {f"examples/{path.stem}" for path in (DOCS.parent / "examples").glob("*.py")}
    assert pages >= written | notebooks | rows | examples | {"explorer", "search", "genindex", "gallery"}
    assert (site / "searchindex.js").exists()


def test_nothing_is_loaded_from_a_network(site):
    loaded = {(page.name, address) for page in site.rglob("*.html") for address in loads_of(page).loaded}
    assert loaded
    assert {each for each in loaded if ELSEWHERE.match(each[1])} == set()
    for style in [*site.rglob("*.css"), *site.rglob("*.html"), *site.rglob("*.svg")]:
        assert IN_STYLE.search(style.read_text(encoding="utf-8")) is None, style.name
    for script in site.rglob("*.js"):
        code = script.read_text(encoding="utf-8")
        assert re.search(r"""(?:fetch|import|importScripts)\(\s*['"`](?:https?:)?//""", code) is None, script.name


def test_the_search_for_networks_finds_one(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<script src="https://a.b/c.js"></script><link href="//a.b/c.css"><a href="https://a.b">', "utf-8")
    assert [address for address in loads_of(page).loaded if ELSEWHERE.match(address)] == [
        "https://a.b/c.js",
        "//a.b/c.css",
    ]
    assert IN_STYLE.search("@font-face { src: url('https://a.b/c.woff') }")
    assert IN_STYLE.search("background: url(data:image/png)") is None


def test_what_is_loaded_and_linked_is_there(site):
    wanted = {}
    for page in site.rglob("*.html"):
        found = loads_of(page)
        for address in {*found.loaded, *found.links}:
            path = re.sub(r"[?#].*", "", address)
            if path and not re.match(r"^[a-z]+:", address):
                wanted[os.path.normpath(page.parent / path)] = f"{page.name}: {address}"
    assert len(wanted) > 400
    assert [asked for path, asked in wanted.items() if not os.path.exists(path)] == []


@pytest.mark.parametrize(
    "package", [autograd, autograd.testing, autograd.testing.gallery, nn], ids=lambda package: package.__name__
)
def test_the_reference_has_every_public_name(site, package):
    from sphinx.util.inventory import InventoryFile

    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, path: path)
    kinds = [kind for kind in inventory if kind.startswith("py:")]
    shown = {name for kind in kinds for name in inventory[kind]}
    records = {name for name in package.__all__ if isinstance(getattr(package, name), autograd.Op)}
    modules = {name for name in package.__all__ if isinstance(getattr(package, name), ModuleType)}
    assert {f"{package.__name__}.{name}" for name in set(package.__all__) - records - modules} <= shown
    assert "autograd.compile" in shown
    cards = (site / "operations.html").read_text(encoding="utf-8")
    assert all(f">{name}<" in cards for name in records)


def test_a_row_has_its_page(site):
    page = (site / "rows" / "L1.4.html").read_text(encoding="utf-8")
    for part in (
        "Take one full step with the 2-2-1 ReLU perceptron", "L1.4-perceptron.svg", "In the picture each derivative",
        '<td data-heading="slide">(2.184, 1.512)</td>', "<math", "reference/names/nn.SGD.html",
        "reference/names/autograd.explain.html", "notebooks/01_perceptron_by_hand.html", "L1.3.html", "L1.5.html",
    ):  # fmt: skip
        assert part in page, part
    assert '<div class="derivation">' in page
    overview = (site / "lectures.html").read_text(encoding="utf-8")
    assert all(f'href="rows/{name}.html"' in overview for name in ROWS)


def test_the_home_page_opens_with_the_explorer(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    order = ('src="explorer.html', "Six lines", "Install", "Where to go")
    assert sorted(order, key=page.index) == list(order)
    assert (site / "explorer.html").stat().st_size > 10_000
    assert "film.html" in (site / "tour.html").read_text(encoding="utf-8")
    assert (site / "film.html").stat().st_size > 10_000
    assert (site / "explorer.svg").stat().st_size > 1000, "for where no script runs"


def test_a_public_name_has_a_page_that_begins_with_what_it_is(site):
    page = (site / "reference" / "names" / "autograd.Value.html").read_text(encoding="utf-8")
    article = page.split("<article", 1)[1]
    assert article.index("table") < article.index('class="py method"'), "a summary of its methods stands before them"
    assert "TYPE" not in article
    assert "_slots" not in article
    summary = (site / "reference" / "engine.html").read_text(encoding="utf-8")
    assert "names/autograd.Value.html" in summary


def test_notebooks_are_numbered_and_can_be_downloaded(site):
    page = (site / "notebooks" / "index.html").read_text(encoding="utf-8")
    assert "1 · The perceptron by hand" in page
    assert set(re.findall(r'href="\.\./rows/(L\d\.\d+)\.html"', page)) == set(ROWS)
    assert len(re.findall(r'href="\.\./_downloads/[^"]+\.ipynb"', page)) == len(
        list((DOCS.parent / "notebooks").glob("*.ipynb"))
    )


def test_examples_have_thumbnails_from_their_run(site):
    page = (site / "examples" / "index.html").read_text(encoding="utf-8")
    assert len(re.findall(r'<img [^>]*class="sd-card-img-top"', page)) >= 4
    assert "lands at 70.00000" in (site / "examples" / "cannon.html").read_text(encoding="utf-8")


def test_mathematics_is_markup(site):
    page = (site / "concepts" / "sweep.html").read_text(encoding="utf-8")
    assert page.count("<math") >= 3
    assert "\\frac" not in page
    assert "MathJax" not in page


def test_a_sum_over_paths_is_set_in_rows():
    x = autograd.Value(3.0, name="x")
    shown = documents.script("mathml").write(autograd.explain(x * x + x, x).latex(), "block")
    assert shown.count("<mtr>") == 5  # what y is, the sum, and its three paths
    assert "<mi>&" not in shown


@pytest.mark.parametrize(
    ("latex", "spaces"),
    [(r"t \ln p", 2), (r"2^z \cdot \ln 2", 1), (r"t \ln(1 - p)", 1), (r"o\,\tanh(c)", 1), (r"t\,p", 1), ("t p", 0)],
)
def test_the_name_of_a_function_stands_apart(latex, spaces):
    assert documents.script("mathml").write(latex).count("<mspace") == spaces


def test_an_assignment_is_one_sign():
    assert "<mo>&#x02254;</mo><mi>" in documents.script("mathml").write("w := w + 1")


def test_the_gallery_says_how_each_mistake_is_caught(site):
    from autograd.testing.gallery import GALLERY

    page = (site / "gallery.html").read_text(encoding="utf-8")
    for exhibit in GALLERY.values():
        assert exhibit.name[1:] in page
    assert "the engine says 27, differences say 120" in page
