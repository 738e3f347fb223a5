"""The playground: its programs run here, and in a real browser, where nothing is asked of any other host."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import documents
import pytest

VIEWS = ("values", "derivation", "picture", "explorer")
MILLISECONDS = 90_000  # milliseconds that Python may take to start in a browser on a busy machine
LOOP = "print('going')\nwhile True:\n    pass"


build, runner = documents.script("playground/build"), documents.script("playground/runner")
EXAMPLES = build.examples()


def run(code):
    """Run a program here; return what is sent, by kind."""
    sent = {}
    runner.run(code, lambda kind, content: sent.setdefault(kind, []).append(content))
    return {kind: "".join(parts) if kind == "console" else parts[0] for kind, parts in sent.items()}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_shows_everything(name):
    title, program = EXAMPLES[name]
    assert title.startswith(f"{name.partition('-')[0]} · ")
    assert max(map(len, program.splitlines())) <= 64
    shown = run(program)
    assert shown.keys() == {"console", *VIEWS}
    assert "<math" in shown["derivation"]["html"]
    assert shown["picture"]["html"].startswith("<svg")
    assert shown["explorer"]["html"].startswith("<!DOCTYPE html>")


def test_the_training_is_the_lectures():
    printed = run(EXAMPLES["L1.6-training"][1])["console"]
    assert [line.split()[-1] for line in printed.splitlines()[:4]] == ["0.352800", "0.000066", "0.000000", "0.000000"]


@pytest.mark.parametrize(
    ("end", "kinds"),
    [
        ("y", {"console", *VIEWS}),
        ("y.graph()", {"console", *VIEWS}),
        ("[y, x]", {"console", *VIEWS}),
        ("{'a': {'b': y}}", {"console", *VIEWS}),
        ("explain(y, x)", {"console", *VIEWS}),
        ("explore(y)", {"console", *VIEWS}),
        ("z = 3", set(VIEWS)),
        ("None", set(VIEWS)),
        ("7", {"console", *VIEWS}),
    ],
)
def test_the_last_line_or_the_newest_number_is_shown(end, kinds):
    shown = run(f"from autograd import *\nfrom autograd import explore\nx = Value(3.0, name='x')\ny = x * x\n{end}")
    assert shown.keys() == kinds
    assert shown["values"]["title"] == "y = 9"
    assert shown["picture"]["html"].startswith("<svg")


def test_nothing_recorded_is_said():
    assert run("1 + 1") == {
        "console": "2\n",
        "nothing": "Nothing was recorded: end with a Value, such as E, to see how it was made.",
    }
    assert run("").keys() == {"nothing"}


def test_names_are_text():
    shown = run("from autograd import Value\nx = Value(1.0, name='<img src=x>')\nx * x")
    for view in ("values", "derivation", "picture"):
        assert "<img" not in shown[view]["html"]


@pytest.mark.parametrize(
    ("code", "line", "text"),
    [
        (
            "def f(x):\n    return 1 / x\n\nf(0)",
            2,
            'Traceback (most recent call last):\n  File "program.py", line 4, in <module>\n    f(0)\n',
        ),
        ("x = (1,\ny = 2", 1, '  File "program.py", line 1\n    x = (1,\n'),
        ("print('a')\nraise SystemExit(3)", 2, "Traceback (most recent call last):\n"),
        ("import torch_that_is_not_there", 1, "Traceback (most recent call last):\n"),
    ],
)
def test_an_error_is_python_s_with_its_line(code, line, text):
    shown = run(code)
    assert shown["error"]["text"].startswith(text)
    assert "runner" not in shown["error"]["text"]
    assert shown["error"]["line"] == line
    assert shown.keys() <= {"console", "error"}


def test_what_is_not_in_the_playground_is_said():
    assert run("import torch_that_is_not_there")["error"]["text"].endswith(
        "ModuleNotFoundError: No module named 'torch_that_is_not_there'\n"
        "The playground holds autograd and Python's own library. Install edgegrad for nn and compile.\n"
    )


def test_an_endless_output_is_cut():
    printed = run("for i in range(60000): print('12345')")["console"]
    assert printed.endswith(f"\n… and {360_000 - runner.MAX_CHARACTERS:,} characters more\n")
    assert len(printed) < runner.MAX_CHARACTERS + 100


def test_a_site_without_npm_s_packages_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    build.add_to_site(app, None)
    assert [path.name for path in (tmp_path / "playground").iterdir()] == ["index.html"]
    assert "had not been fetched" in (tmp_path / "playground" / "index.html").read_text(encoding="utf-8")


def test_what_npm_cannot_bring_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["build.py", "--out", str(tmp_path / "out")])
    assert build.main() == 1
    assert capsys.readouterr().err == "No playground was built: npm is not installed.\n"
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the playground and serve it on this machine."""
    packages = build.find_packages()
    if packages is None:
        pytest.skip("npm's packages are not in the cache: run python docs/playground/build.py --out build/playground")
    folder = tmp_path_factory.mktemp("playground")
    build.build(folder, packages)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield SimpleNamespace(folder=folder, address=f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


@pytest.fixture
def visit(browser, site):
    """Open the playground; the test fails if it complains, or asks another host for anything."""
    opened, requests, complaints = [], [], []

    def open_page(fragment="", size=(1280, 800)):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
        opened.append(context)
        context.set_default_timeout(MILLISECONDS)
        context.on("request", lambda request: requests.append(request.url))
        tab = context.new_page()
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(f"{site.address}index.html{fragment}")
        return tab

    yield open_page
    for context in opened:
        context.close()
    assert complaints == []
    assert requests
    assert [url for url in requests if not url.startswith((site.address, "data:", "blob:", "about:"))] == []


@pytest.fixture(scope="module")
def ready(browser, site):
    """Open a playground whose Python has started, for tests that type programs of their own."""
    context = browser.new_context()
    context.set_default_timeout(MILLISECONDS)
    tab, complaints = context.new_page(), []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto(f"{site.address}index.html")
    wait_for(tab, "Done")
    yield tab
    context.close()
    assert complaints == []


def wait_for(tab, status):
    tab.wait_for_function(f"document.getElementById('status').value.startsWith({status!r})")


def type_program(tab, code):
    tab.fill("#code", code)
    tab.keyboard.press("Control+Enter")


def test_two_builds_are_the_same(site, tmp_path):
    build.build(tmp_path, build.find_packages())
    files = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 13
    assert all((tmp_path / file).read_bytes() == (site.folder / file).read_bytes() for file in files)


def test_the_first_example_runs_and_is_shown_in_four_views(visit):
    tab = visit()
    wait_for(tab, "Done")
    name, (_, program) = next(iter(EXAMPLES.items()))
    assert tab.input_value("#examples") == name
    assert tab.input_value("#code") == program
    assert "1.84" in tab.text_content("#console")
    assert tab.text_content("#values h2") == "O = 1.84"
    tab.select_option("#examples", "L2.6-gate")
    tab.wait_for_function("document.querySelector('#values h2').textContent.startsWith('E')")
    wait_for(tab, "Done")
    tab.click("#tab-derivation")
    assert tab.locator("#derivation math mfrac").count() > 2
    here = run(EXAMPLES["L2.6-gate"][1])
    assert tab.locator("#values td").all_text_contents()[:2] == ["0.435888", "1"]
    assert "0.435888" in here["values"]["html"]
    tab.click("#tab-picture")
    picture = tab.frame_locator("#picture iframe")
    picture.locator("svg g.node").first.wait_for()
    assert picture.locator("svg g.node").count() == here["picture"]["html"].count('class="node')
    tab.click("#tab-explorer")
    tab.frame_locator("#explorer iframe").locator("#n0").wait_for()
    with tab.expect_download() as saved:
        tab.click("#save")
    assert saved.value.suggested_filename == "E.html"


def test_a_link_brings_a_program_and_does_not_run_it(visit, ready):
    code = "from autograd import Value\nη = Value(2.0, name='η')  # « π ≈ 3 »\nη ** 2"
    ready.fill("#code", code)
    ready.click("#link")
    ready.wait_for_function("location.hash.startsWith('#code=')")
    fragment = ready.evaluate("location.hash")
    other = visit(fragment)
    wait_for(other, "Python")
    other.wait_for_function("document.getElementById('status').value.endsWith('is ready.')")
    assert other.input_value("#code") == code
    assert other.text_content("#values") == "This program came with the link. Read it, then press Run."
    assert other.text_content("#console") == ""
    other.click("#run")
    wait_for(other, "Done")
    assert other.text_content("#values h2") == "y = 4"
    damaged = visit("#code=!!")
    damaged.wait_for_selector("#values .none")
    assert damaged.text_content("#values").startswith("This link is damaged")


def test_an_error_is_shown_at_its_line_and_a_program_can_be_stopped(ready):
    type_program(ready, "x = 1\n\nprint(x / 0)")
    wait_for(ready, "Stopped by an error on line 3.")
    assert ready.text_content("#lines .wrong") == "3"
    assert ready.text_content("#console").endswith("ZeroDivisionError: division by zero\n")
    type_program(ready, LOOP)
    ready.wait_for_function("document.getElementById('console').textContent.includes('going')")
    ready.click("#stop")
    wait_for(ready, "Stopped.")
    ready.wait_for_function("document.getElementById('status').value.endsWith('is ready.')")
    type_program(ready, "from autograd import Value\nx = Value(5.0, name='x')\nx + x")
    wait_for(ready, "Done")
    assert ready.text_content("#values h2") == "y = 10"


def test_a_long_chain_is_shown_and_dropped(ready):
    """A browser's stack is too small to drop it at once."""
    chain = "from autograd import Value\nx = Value(1.0, name='x')\ny = x\nfor _ in range(5000): y = y + x\n"
    for _ in range(2):
        type_program(ready, f"{chain}y.backward(); print(x.grad)")
        ready.wait_for_function("document.querySelector('#values h2').textContent === 'y = 5001'")
        wait_for(ready, "Done")
        assert ready.text_content("#console") == "5001.0\n"


def test_tab_indents_and_a_phone_shows_everything(visit):
    tab = visit("#code=", size=(390, 844))
    tab.fill("#code", "")
    tab.type("#code", "if True:")
    tab.keyboard.press("Enter")
    tab.keyboard.type("a")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.type("b")
    assert tab.input_value("#code") == "if True:\n    a\nb"
    assert tab.text_content("#lines") == "123"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    for view in VIEWS:
        assert tab.locator(f"#tab-{view}").is_visible()
