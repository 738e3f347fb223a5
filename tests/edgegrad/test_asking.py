"""The `edgegrad practice` command: asked and answered through pipes, as other commands are."""

import os
import subprocess
import sys

import pytest

from edgegrad.cli import main


def run(*words, answers="", cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "edgegrad", "practice", *words], cwd=cwd, input=answers, capture_output=True, text=True,
        check=False, env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip


def test_the_list(capsys):
    assert main(["practice"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "L1.3    Differentiate f = 2x + y⁴ by both of its variables."
    assert len(lines) == 14


def test_a_task_from_beginning_to_end():
    answers = "?\nO\nT-O\nO - T\n!\nwhat\n\nI\n-0.0163\n"
    done = run("L2.4", answers=answers)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("stops.\n\n")[1] == (
        "1/4  ∂E/∂O = ?\nChain rule, from the outside in: constant factor, power, constant term.\n"
        "1/4  ∂E/∂O = O\nNo: with the numbers here it gives 0.347511.\n"
        "1/4  ∂E/∂O = T-O\nThe sign is wrong.\n"
        "1/4  ∂E/∂O = O - T\nRight.\n\n"
        "2/4  ∂O/∂s = !\n∂O/∂s = O·(1 − O) = 0.226747   (derivative of sigmoid)\n\n"
        "3/4  ∂s/∂w = what\n'what' cannot be read: there is no what here. The names are w, I, r, s, O, T, E.\n"
        "3/4  ∂s/∂w = \n"
        "3/4  ∂s/∂w = I\nRight.\n\n"
        "4/4  ∂E/∂w = -0.0163\nRight.\n\n"
        "3 of 4 right.\n"
    )


def test_input_that_ends_early():
    done = run("L1.3", answers="2\n")
    assert done.returncode == 0
    assert done.stdout.endswith("Right.\n\n2/2  ∂f/∂y = \n\n1 of 2 done, 1 right.\n")


def test_a_formula_of_ones_own():
    done = run("s = w*x + b; E = (s - 1)**2", "wrt", "w", "w=2", "x=0.5", "b=-0.3", answers="2(s-1)\nx\n2x(s − 1)\n")
    assert done.returncode == 0
    assert "s = w·x + b\nE = (s − 1)²\ngiven w = 2, x = 0.5, b = −0.3\nso that s = 0.7, E = 0.09\n" in done.stdout
    assert done.stdout.endswith("3/3  ∂E/∂w = 2x(s − 1)\nRight.\n\n3 of 3 right.\n")


def test_a_page(tmp_path, capsys):
    path = tmp_path / "L1.4.html"
    assert main(["practice", "L1.4", "--page", str(path)]) == 0
    assert capsys.readouterr().out == f"7 questions on {path}\n"
    assert 'id="practice"' in path.read_text(encoding="utf-8")
    assert main(["practice", "s = w*x; s**2", "w=2", "x=3", "--page", str(path), "--ask", "flows"]) == 0
    assert main(["practice", "L1.4", "--page", str(tmp_path / "missing" / "page.html")]) == 1


def test_what_is_asked_can_be_chosen():
    done = run("x**2*sin(x)", "x=2", "--every", "--ask", "gradients", answers="")
    assert done.stdout.endswith("1/3  ∂y/∂v2 = \n\n0 of 3 done, 0 right.\n")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["L9.9"], 2, "There is no task L9.9. The tasks are L1.3, L1.3b, L2.4, L1.3c, L5.6, L2.5, L1.4, L2.14, L4.7, "
         "L4.8, L5.4, L4.5."),
        (["L1.4", "wrt", "W2"], 2, "L1.4 is a task with its own names and numbers: write edgegrad practice L1.4 alone, "
         "or a formula."),
        (["L1.4", "x=1"], 2, "L1.4 is a task with its own names and numbers: write edgegrad practice L1.4 alone, or a "
         "formula."),
        (["x**2", "wrt", "z", "x=1"], 2, "There is no z in the formula to differentiate by. It has x."),
        (["x*y", "x=1"], 2, "y has no number. Add y=number to the command."),
        (["x", "x=1"], 2, "'x' is a number that is given: there is nothing to differentiate."),
        (["log(x)", "x=0"], 1, "log(x) is undefined at x = 0.0; log needs x > 0."),
        (["--every"], 2, "Name a task or a formula to practise."),
    ],
)  # fmt: skip
def test_failures(words, status, message, capsys):
    assert main(["practice", *words]) == status
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"edgegrad practice: {message}\n")
