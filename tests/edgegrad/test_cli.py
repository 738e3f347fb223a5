"""The command: what it prints, what it leaves, how it ends."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from autograd import __version__
from edgegrad.cli import main


def run(*words, cwd):
    return subprocess.run(
        [sys.executable, "-m", "edgegrad", *words], cwd=cwd, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip


def test_draw(tmp_path, capsys):
    path = tmp_path / "g.svg"
    assert main(["draw", "relu(w*x+b)", "w=2", "x=0.5", "b=-0.3", "-o", str(path)]) == 0
    assert capsys.readouterr().out == f"relu = 0.7; drawn to {path}\n"
    written = "".join(ElementTree.parse(path).getroot().itertext())
    for shown in ("relu", "w", "x", "b", "0.7", "−0.3"):
        assert shown in written


def test_draw_forward_leaves_the_gradients_out(tmp_path):
    path = tmp_path / "g.svg"
    assert main(["draw", "w*x", "w=2", "x=0.5", "-o", str(path), "--forward", "--rankdir", "TB"]) == 0
    assert "—" in path.read_text(encoding="utf-8")


def test_draw_folded_and_whole(tmp_path):
    steps = "; ".join(f"v{i + 1} = v{i}*2" for i in range(20))
    path = tmp_path / "g.svg"
    assert main(["draw", steps, "v0=1", "-o", str(path), "--budget", "5"]) == 0
    folded = path.read_text(encoding="utf-8")
    assert main(["draw", steps, "v0=1", "-o", str(path), "--whole"]) == 0
    assert len(folded) < len(path.read_text(encoding="utf-8"))
    assert "folded" in folded


def test_explain(capsys):
    words = ["explain", "s = w*x + b; E = (sigmoid(s) - t)**2", "wrt", "w", "b", "w=2", "x=0.5", "b=-0.3", "t=1"]
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines() == [
        "∂E/∂w = ∂E/∂s · ∂s/∂w = 2·(σ(s) − t)·σ(s)·(1 − σ(s))·x "
        "= 2 × (−0.331812) × 0.668188 × 0.331812 × 0.5 = −0.073567",
        "∂E/∂b = ∂E/∂s · ∂s/∂b = 2·(σ(s) − t)·σ(s)·(1 − σ(s)) = 2 × (−0.331812) × 0.668188 × 0.331812 = −0.147134",
    ]


def test_explain_without_names_takes_every_leaf(capsys):
    assert main(["explain", "w*x", "w=2", "x=0.5"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if "∂" in line] == [
        "∂y/∂w = x = 0.5",
        "∂y/∂x = w = 2",
    ]


def test_explain_latex(capsys):
    assert main(["explain", "x**3", "wrt", "x", "x=2", "--latex"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        r"\begin{aligned}",
        r"y &= x^{3} \\",
        r"\frac{\partial y}{\partial x} &= 3 \cdot x^{2} = 12",
        r"\end{aligned}",
    ]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["explain", "x*y", "x=1"], 2, "edgegrad explain: y has no number. Add y=number to the command.\n"),
        (["explain", "x", "wrt", "z", "x=1"], 2,
         "edgegrad explain: There is no z in the formula to differentiate by. It has x.\n"),
        (["explain", "x", "x=1", "x=2"], 2, "edgegrad explain: x is given twice.\n"),
        (["explain", "x", "x=1", "--paths", "0"], 2, "edgegrad explain: --paths must be at least 1.\n"),
        (["explain", "x", "x=1", "--precision", "0"], 2,
         "edgegrad explain: --precision must be from 1 to 17 digits, not 0.\n"),
        (["explain", "log(x)", "x=0"], 1, "edgegrad explain: log(x) is undefined at x = 0.0; log needs x > 0.\n"),
        (["draw", "x", "x=1", "--budget", "0"], 2, "edgegrad draw: --budget must be at least 1.\n"),
        (["draw", "x", "x=two"], 2, "edgegrad draw: x needs a number, not 'two': write x=2.0.\n"),
    ],
)  # fmt: skip
def test_failures(words, status, message, capsys):
    assert main(words) == status
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", message)


def test_an_output_that_cannot_be_written(tmp_path, capsys):
    assert main(["draw", "x*2", "x=1", "-o", str(tmp_path / "missing" / "g.svg")]) == 1
    assert "edgegrad draw: " in capsys.readouterr().err
    assert main(["draw", "x*2", "x=1", "-o", str(tmp_path / "g.gif")]) == 1
    assert list(tmp_path.iterdir()) == []


def test_demo_into_a_file_instead_of_a_folder(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["demo", "--out", str(tmp_path / "taken")]) == 1
    assert capsys.readouterr().err == (
        f"edgegrad demo: The folder {tmp_path / 'taken'} cannot be made: File exists. Choose another with --out.\n"
    )


def test_usage(capsys):
    for words in (["nothing"], [], ["draw"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"edgegrad {__version__}\n"
    with pytest.raises(SystemExit):
        main(["--help"])
    assert 'edgegrad draw "relu(w*x + b)" w=2 x=0.5 b=-0.3 -o graph.svg' in capsys.readouterr().out


def test_as_a_module_of_its_own(tmp_path):
    done = run("explain", "x**2", "wrt", "x", "x=3", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "y = x²\n∂y/∂x = 2·x = 6\n", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is always full here")
def test_a_full_disk(tmp_path):
    command = f"{sys.executable} -m edgegrad explain 'x**2' wrt x x=3 > /dev/full"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "edgegrad explain: the output cannot be written: No space left on device\n"


def test_a_reader_that_stops_early(tmp_path):
    command = f"{sys.executable} -m edgegrad explain 'x**2' wrt x x=3 | true"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""
