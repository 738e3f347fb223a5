"""Pictures: by an installed `dot` or in process, whole or not at all, the same each time."""

import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import textwrap
import threading
import time
import xml.etree.ElementTree as ElementTree
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from drawings import DRAWINGS, perceptron, square_plus_one, swept

from autograd import DrawingError, Value, files, total
from autograd.draw import render as rendering
from autograd.draw.draw_dot import draw_dot

SVG = "{http://www.w3.org/2000/svg}"
PNG = b"\x89PNG\r\n\x1a\n"

needs_dot = pytest.mark.skipif(not rendering.shutil.which("dot"), reason="no Graphviz is installed here")


@pytest.fixture
def bare(monkeypatch, tmp_path_factory):
    """A PATH without Graphviz."""
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("bin")))


@pytest.fixture
def fake_dot(monkeypatch, tmp_path_factory):
    """A function that puts a program `dot` of a few lines of Python on the PATH, and nothing else."""

    def install(body):
        folder = tmp_path_factory.mktemp("bin")
        program = folder / "dot"
        program.write_text(f"#!{sys.executable} -S\nimport sys\n{textwrap.dedent(body)}", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return program

    if os.name == "nt":
        pytest.skip("a script cannot stand in for a program here")
    return install


def picture(text):
    return ElementTree.fromstring(text)


def texts(text):
    return [node.text for node in picture(text).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_drawing_is_laid_out_without_a_complaint(name, bare, capfd):
    graph, options = DRAWINGS[name]
    svg = graph().to_svg(**options)
    assert picture(svg).tag == f"{SVG}svg"
    assert capfd.readouterr() == ("", "")


def test_an_svg_has_boxes_arrows_and_tooltips(bare):
    root = picture(swept(square_plus_one()).to_svg())
    kinds = [group.get("class") for group in root.iter(f"{SVG}g")]
    assert [kinds.count(f"node {kind}") for kind in ("leaf", "operation", "output", "constant")] == [1, 1, 1, 1]
    assert kinds.count("edge edge") == 2 * kinds.count("node edge") == 6
    tips = [title.text for title in root.iter(f"{SVG}title")]
    assert "x: leaf\ndata 3.0\ngrad 6.0" in tips
    assert "v1 = x·x\noperation mul: the product\ndata 9.0\ngrad 1.0" in tips
    assert "∂v1/∂x = x = 3.0\nflow = slope × grad of v1 = 3.0 × 1.0 = 3.0" in tips
    assert not list(root.iter(f"{SVG}a")), "a page underlines what is a link"


def test_the_texts_of_the_lectures_perceptron(bare):
    shown = texts(swept(perceptron()).to_svg(rankdir="LR"))
    for text in (
        "0.3528",
        "1.84",
        "2.184",
        "1.512",
        "0.42",
        "0.252",
        "2·v1",
        "= 1.68",
        "[s1 > 0]",
        "= 1",
        "← 0.294",
        "Σ w·x",
    ):
        assert text in shown


def test_nothing_changes_from_run_to_run(bare):
    svg = swept(perceptron()).to_svg()
    assert svg == swept(perceptron()).to_svg()
    assert "<!--" not in svg
    assert "<!DOCTYPE" not in svg
    assert svg.startswith("<svg ")
    other = subprocess.run(
        [sys.executable, "-c", "from drawings import *; print(swept(perceptron()).to_svg(), end='')"],
        cwd=Path(__file__).parent, env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONUTF8": "1"}, capture_output=True,
        encoding="utf-8", check=True,
    )  # fmt: skip
    assert other.stdout == svg


def test_no_box_is_narrower_than_its_text(bare):
    """Text keeps inside its box, also in a font as wide as DejaVu Sans."""
    from autograd.draw.labels import width

    for name in ("perceptron", "choices", "network_by_layer"):
        graph, options = DRAWINGS[name]
        for group in picture(graph().to_svg(**options)).iter(f"{SVG}g"):
            if not (group.get("class") or "").startswith("node"):
                continue
            outline = group.find(f".//{SVG}polygon")
            if outline is None:
                continue
            right = max(float(point.split(",")[0]) for point in outline.get("points").split())
            for text in group.iter(f"{SVG}text"):
                if text.get("text-anchor") == "start" and text.get("font-weight") != "bold":
                    size = float(text.get("font-size"))
                    assert float(text.get("x")) + 0.85 * width(text.text, size) <= right


def test_repr_svg(bare):
    y = square_plus_one()
    assert y._repr_svg_() == y.graph()._repr_svg_() == y.graph().to_svg()


def test_a_notebook_shows_no_picture_wider_than_its_column(bare):
    """An exported one has pictures in an `<img>`, where nothing but the width of the SVG itself counts."""
    one, many = square_plus_one(), total([Value(float(k), name=f"x{k}") ** 2 for k in range(12)])
    narrow, wide = one.graph()._repr_svg_(), draw_dot(many, rankdir="TB")._repr_svg_()
    assert narrow == one.graph().to_svg()
    assert re.match(r'<svg width="100%" style="max-width: [0-9.]+pt; height: auto"\s+viewBox="', wide)
    natural = re.search(r'width="([0-9.]+)pt"', many.graph().to_svg(rankdir="TB"))[1]
    assert f"max-width: {natural}pt" in wide


def test_threads_draw_at_the_same_time(bare):
    expected = swept(perceptron()).to_svg()
    drawn = []
    threads = [threading.Thread(target=lambda: drawn.append(swept(perceptron()).to_svg())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == [expected] * 8


def test_what_others_write_to_the_terminal_meanwhile_still_appears(capfd):
    with rendering._without_notices():
        os.write(2, b'Fontconfig warning: "x.conf", line 6: unknown element\nsomething else\n')
    assert capfd.readouterr().err == "something else\n"


# --- with and without an installed Graphviz ---------------------------------------------------------------------------


def test_an_installed_dot_is_used(fake_dot):
    fake_dot("""
        source = sys.stdin.buffer.read().decode()
        assert sys.argv[1:] == ["-Tsvg"] and source.startswith("digraph"), sys.argv
        print("<?xml version='1.0'?>\\n<!-- Generated by graphviz\\n version 9 -->\\n<svg><text>fake</text></svg>")
    """)
    assert square_plus_one().graph().to_svg() == "<svg><text>fake</text></svg>\n"


def test_a_broken_dot_is_passed_over(fake_dot):
    fake_dot("sys.exit('no layout engine')")
    assert "x = 3" in texts(square_plus_one().graph().to_svg())


def test_a_dot_that_cannot_be_run_is_passed_over(fake_dot):
    fake_dot("").write_text("#!/no/such/interpreter\n", encoding="utf-8")
    assert "x = 3" in texts(square_plus_one().graph().to_svg())


def test_png_and_pdf_by_an_installed_dot(fake_dot, tmp_path):
    fake_dot("print(*sys.argv[1:])")
    graph = square_plus_one().graph()
    graph.save(tmp_path / "g.png")
    graph.save(tmp_path / "g.PDF")
    assert (tmp_path / "g.png").read_bytes() == b"-Tpng -Gdpi=192\n"
    assert (tmp_path / "g.PDF").read_bytes() == b"-Tpdf\n"


def test_png_by_a_broken_dot(fake_dot, tmp_path):
    fake_dot("sys.stderr.write('first\\nno renderer for png\\n'); sys.exit(3)")
    square_plus_one().graph().save(tmp_path / "g.png")
    assert (tmp_path / "g.png").read_bytes().startswith(PNG)


def test_png_by_a_broken_dot_and_nothing_else(fake_dot, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    program = fake_dot("sys.stderr.write('first\\nno renderer for png\\n'); sys.exit(3)")
    with pytest.raises(DrawingError) as raised:
        square_plus_one().graph().save(tmp_path / "g.png")
    assert str(raised.value) == (
        f"{program} failed: no renderer for png. Repair the Graphviz on the PATH, or save as .svg."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_dot_that_does_not_finish(fake_dot, tmp_path, monkeypatch):
    program = fake_dot("import time; time.sleep(60)")
    monkeypatch.setattr(rendering, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(DrawingError) as raised:
        square_plus_one().graph().save(tmp_path / "g.pdf")
    assert str(raised.value) == (
        f"{program} has not finished the drawing after 0.2 seconds. Give a smaller budget, so that the graph is folded."
    )


def test_svg_is_no_wider_than_its_page(bare):
    root = picture(swept(perceptron()).to_svg())
    assert root.get("style") == "max-width: 100%; height: auto"
    assert root.get("width").endswith("pt")
    assert root.get("viewBox")


def test_png_without_an_installed_dot(bare, tmp_path):
    graph = swept(perceptron())
    graph.save(tmp_path / "g.png")
    written = (tmp_path / "g.png").read_bytes()
    assert written.startswith(PNG)
    points = re.search(r'<svg width="(\d+)pt" height="(\d+)pt"', graph.to_svg()).groups()
    pixels = struct.unpack(">II", written[16:24])
    assert pixels == tuple(pytest.approx(int(side) * 192 / 72, abs=4) for side in points)


def test_pdf_without_an_installed_dot(bare, tmp_path):
    swept(perceptron()).save(tmp_path / "g.PDF")
    written = (tmp_path / "g.PDF").read_bytes()
    assert written.startswith(b"%PDF-")
    assert written.rstrip().endswith(b"%%EOF")


@pytest.mark.parametrize("form", ["png", "pdf"])
def test_a_graphviz_that_gives_nothing(form, bare, tmp_path, monkeypatch):
    pygraphviz = pytest.importorskip("pygraphviz")
    monkeypatch.setattr(pygraphviz.AGraph, "draw", lambda self, **_: b"")
    with pytest.raises(DrawingError) as raised:
        square_plus_one().graph().save(tmp_path / f"g.{form}")
    assert str(raised.value) == (
        f"The Graphviz that pygraphviz carries gave no {form.upper()}. Install Graphviz, or save as .svg."
    )
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_lay_out_with(bare, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(DrawingError) as raised:
        square_plus_one().graph().save(tmp_path / "g.svg")
    assert str(raised.value) == (
        "There is nothing to lay out a graph with: no program 'dot' on the PATH, and pygraphviz cannot be imported. "
        "Install Graphviz from your system's packages (apt, apk, brew or winget install graphviz), or run: "
        "pip install pygraphviz, which has wheels for Linux with glibc, macOS, and Windows on x86-64. A .dot file can "
        "be saved without either."
    )
    assert list(tmp_path.iterdir()) == []
    square_plus_one().graph().save(tmp_path / "g.dot")


def test_graphviz_fails_in_process(bare):
    with pytest.raises(DrawingError) as raised:
        rendering.svg("digraph {")
    assert str(raised.value) == ("Graphviz failed in process: Invalid Input. Report the .dot file, which can be saved.")


@needs_dot
def test_the_installed_dot_draws_every_drawing(tmp_path):
    for name, (graph, options) in DRAWINGS.items():
        assert picture(graph().to_svg(**options)).tag == f"{SVG}svg"
        graph().save(tmp_path / f"{name}.png", **options)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


# --- large drawings ---------------------------------------------------------------------------------------------------


def long_chain(steps=60):
    x = y = Value(0.5, name="x")
    for _ in range(steps):
        y = (y * 1.01 + x).tanh()
    return y.graph()


def test_a_large_drawing_is_the_same_from_a_process_of_its_own(bare, monkeypatch, tmp_path):
    source = long_chain().to_dot(fold=None)
    assert source.count("->") > rendering.MAX_ARROWS_IN_PROCESS
    apart = rendering._apart(source, "svg")
    assert apart is not None
    assert rendering.render(source, "svg") == apart == rendering._in_process(source, "svg")
    long_chain().save(tmp_path / "g.png", fold=None)
    assert (tmp_path / "g.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("executable", ["", "/no/such/python", "false"])
def test_where_no_other_process_can_draw(executable, bare, monkeypatch):
    source = long_chain().to_dot(fold=None)
    expected = rendering._in_process(source, "svg")
    monkeypatch.setattr(sys, "executable", shutil.which(executable, path="/bin:/usr/bin") or executable)
    assert rendering._apart(source, "svg") is None
    assert rendering.render(source, "svg") == expected


def test_a_large_drawing_that_does_not_finish(bare, monkeypatch):
    source = long_chain().to_dot(fold=None)
    monkeypatch.setattr(rendering, "TIMEOUT_SECONDS", 0.001)
    with pytest.raises(DrawingError) as raised:
        rendering.render(source, "svg")
    assert str(raised.value) == (
        "Graphviz has not finished the drawing after 0.001 seconds. Give a smaller budget, so that the graph is folded."
    )


TANGLE = """
import os, sys
from autograd import Value, total
os.environ["PATH"] = ""
pool = [Value(1.0, name="x")]
for _ in range(200):
    pool.append(total(pool[-60:]))
print("start", flush=True)
"""


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("g.svg", "pool[-1].graph().save(sys.argv[1], fold=None, budget=10**9)"),
        ("g.html", "pool[-1].explore(sys.argv[1])"),
    ],
    ids=["drawing", "page"],
)
@pytest.mark.skipif(os.name == "nt", reason="another signal")
def test_ctrl_c_ends_a_layout_within_a_second(tmp_path, name, call):
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        pytest.skip("what started the tests ignores Ctrl-C, and so does what they start")
    running = subprocess.Popen(
        [sys.executable, "-c", TANGLE + call, str(tmp_path / name)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert running.stdout.readline() == b"start\n"
        time.sleep(1)
        assert running.poll() is None, "the drawing is done already"
        asked = time.monotonic()
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
        took = time.monotonic() - asked
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)  # with what lays the drawing out
        running.communicate()
    assert said.rstrip().endswith(b"KeyboardInterrupt")
    assert took < 1
    assert list(tmp_path.iterdir()) == []


# --- files ------------------------------------------------------------------------------------------------------------


def test_save_svg(bare, tmp_path):
    graph = swept(perceptron())
    graph.save(tmp_path / "g.svg")
    written = (tmp_path / "g.svg").read_text(encoding="utf-8")
    assert written == '<?xml version="1.0" encoding="UTF-8"?>\n' + graph.to_svg()
    ElementTree.parse(tmp_path / "g.svg")
    assert [path.name for path in tmp_path.iterdir()] == ["g.svg"]


@pytest.mark.parametrize("name", ["g.dot", "g.gv", "G.DOT"])
def test_save_dot(name, tmp_path):
    graph = square_plus_one().graph()
    graph.save(str(tmp_path / name), rankdir="TB")
    assert (tmp_path / name).read_text(encoding="utf-8") == graph.to_dot(rankdir="TB")


def test_options_reach_the_file(bare, tmp_path):
    graph = swept(perceptron())
    graph.save(tmp_path / "g.svg", budget=5, fold="op", precision=2, rankdir="RL")
    assert (
        (tmp_path / "g.svg")
        .read_text(encoding="utf-8")
        .endswith(graph.to_svg(budget=5, fold="op", precision=2, rankdir="RL"))
    )


def test_relative_paths_and_paths_through_links(bare, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    square_plus_one().graph().save("g.svg")
    os.symlink("g.svg", "link.svg")
    swept(perceptron()).save("link.svg")
    assert os.path.islink("link.svg")
    assert "W1[0][0]" in Path("g.svg").read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="permissions are another matter there")
def test_others_may_read_the_file_as_any_other(bare, tmp_path):
    (tmp_path / "plain").write_text("", encoding="utf-8")
    square_plus_one().graph().save(tmp_path / "g.svg")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "g.svg")}
    assert len(modes) == 1


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("g.jpg", "'.jpg' is no format of drawings. Use .svg, .png, .pdf or .dot"),
        ("g", "it has no extension. Use .svg, .png, .pdf or .dot"),
        (".svg", "it has no extension. Use .svg, .png, .pdf or .dot"),
        ("folder.svg", "it is a folder. Name a file in it"),
        ("missing/g.svg", "there is no folder {0}/missing. Make it first"),
        ("file.svg/g.svg", "there is no folder {0}/file.svg. Make it first"),
    ],
)
def test_paths_that_cannot_be_written(name, why, tmp_path):
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "file.svg").write_text("mine", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DrawingError) as raised:
        square_plus_one().graph().save(tmp_path / name)
    assert str(raised.value) == f"{tmp_path / name} cannot be written: {why.format(tmp_path)}."
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_write_that_fails_leaves_the_old_file_alone(step, bare, tmp_path, monkeypatch):
    path = tmp_path / "g.svg"
    path.write_text("old", encoding="utf-8")

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    if step == "write":
        monkeypatch.setattr("builtins.open", refuse)
    else:
        monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(DrawingError) as raised:
        square_plus_one().graph().save(path)
    monkeypatch.undo()
    assert str(raised.value) == f"{path} cannot be written: No space left on device. Choose another place."
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["g.svg"]


def test_a_drawing_that_fails_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = tmp_path / "g.svg"
    path.write_text("old", encoding="utf-8")

    def fail(source):
        raise DrawingError("no")

    monkeypatch.setattr(rendering, "svg", fail)
    with pytest.raises(DrawingError, match="no"):
        square_plus_one().graph().save(path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["g.svg"]


def test_an_interrupted_write_leaves_no_part(bare, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Value(1.0).graph().save(tmp_path / "g.svg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_pipes_and_devices_are_refused(bare, tmp_path):
    os.mkfifo(tmp_path / "g.svg")
    os.mkfifo(tmp_path / "g.html")
    for path, write in (
        (tmp_path / "g.svg", square_plus_one().graph().save),
        (tmp_path / "g.html", square_plus_one().explore),
    ):
        with pytest.raises(DrawingError) as raised:
            write(path)
        assert str(raised.value) == (
            f"{path} cannot be written: it is a pipe or a device, not a file. Choose another path."
        )
    assert stat.S_ISFIFO((tmp_path / "g.svg").stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["g.html", "g.svg"]


def test_the_longest_names(tmp_path):
    name = "ж" * 125 + "g.dot"
    Value(1.0).graph().save(tmp_path / name)
    assert os.listdir(tmp_path) == [name]


KILLED = """
import os, signal, sys
from autograd import Value
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Value(1.0).graph().save(sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="another signal")
def test_what_a_killed_process_left_behind_goes_at_the_next_save(tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.dot")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [name.startswith(".edgegrad-") for name in os.listdir(tmp_path)] == [True]
    another = tmp_path / f".edgegrad-{files.HOST}-{os.getppid()}-0123abcd.part"
    another.touch()
    Value(1.0).graph().save(tmp_path / "b.dot")
    assert sorted(os.listdir(tmp_path)) == [another.name, "b.dot"]


@pytest.fixture
def in_browser(monkeypatch):
    """A function that registers a Viz.js, as a page under Pyodide does."""
    monkeypatch.setattr(rendering.sys, "platform", "emscripten")
    monkeypatch.setitem(sys.modules, "viz_js", None)

    def register(draw):
        monkeypatch.setitem(sys.modules, "viz_js", SimpleNamespace(renderString=draw))

    return register


def test_in_a_browser_the_page_lays_out(in_browser):
    asked = []

    def draw(source, **options):
        asked.append((source, options))
        return "<?xml?><!-- 14 --><svg><g/></svg>"

    in_browser(draw)
    graph = square_plus_one().graph()
    assert graph.to_svg() == "<svg><g/></svg>"
    assert asked == [(graph.to_dot(), {"format": "svg", "engine": "dot"})]


def test_in_a_browser_what_is_missing_is_said(in_browser, tmp_path):
    with pytest.raises(DrawingError) as caught:
        square_plus_one().graph().to_svg()
    assert str(caught.value) == (
        "There is nothing to lay out a graph with in this browser. Let the page load Viz.js and register it: "
        "pyodide.registerJsModule('viz_js', await Viz.instance()). A .dot file can be saved without it."
    )
    square_plus_one().graph().save(tmp_path / "g.dot")


def test_in_a_browser_what_fails_is_said(in_browser, tmp_path):
    def fail(source, **options):
        raise RuntimeError("syntax error in line 1")

    in_browser(fail)
    with pytest.raises(DrawingError, match="Graphviz failed in the browser: syntax error in line 1") as caught:
        square_plus_one().graph().to_svg()
    assert str(caught.value).endswith("Report the .dot file, which can be saved.")
    with pytest.raises(DrawingError, match=r"^In a browser Graphviz writes no PNG\. Save as \.svg\.$"):
        square_plus_one().graph().save(tmp_path / "g.png")
    assert not (tmp_path / "g.png").exists()
