"""The `edgegrad lectures` command: what it lists, prints, leaves and refuses."""

import subprocess
import sys

import pytest

from edgegrad.cli import main
from edgegrad.lectures import ROWS


def test_the_list(capsys):
    assert main(["lectures"]) == 0
    printed = capsys.readouterr().out
    for name, row in ROWS.items():
        assert f"  {name:<6} {row.title}" in printed
    assert printed.endswith(
        "\n63 rows. Run one:  edgegrad lectures L1.4 --out pictures\n"
        "All of them on one page:  edgegrad lectures all --out course\n"
    )


def test_a_row_with_its_pictures(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    out = tmp_path / "new" / "pictures"
    assert main(["lectures", "L1.4", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    for shown in (
        "L1.4  Take one full step with the 2-2-1 ReLU perceptron", "(edgegrad.lectures.lecture1)", "(2.184, 1.512)",
        "(0.979, 2.9706, −2.0126, 3.98236)", "< 1e−12", "∂E/∂W2[0][0] = ", "L1.4-perceptron.svg",
    ):  # fmt: skip
        assert shown in printed
    assert [path.name for path in out.iterdir()] == ["L1.4-perceptron.svg"]


def test_what_is_checked_against_stands_where_there_is_room(capsys, monkeypatch):
    for width, shown in (("140", True), ("80", False)):
        monkeypatch.setenv("COLUMNS", width)
        assert main(["lectures", "L4.4"]) == 0
        printed = capsys.readouterr().out
        assert ("checked against" in printed) == shown
        assert ("[s > 0]" in printed) == shown, "a formula in brackets is no markup"


def test_without_a_folder_nothing_is_drawn(capsys):
    assert main(["lectures", "L5.4"]) == 0
    printed = capsys.readouterr().out
    assert "the sum over 4 paths" in printed
    assert ".svg" not in printed


def test_options_reach_the_rows_that_take_them(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    assert main(["lectures", "L3.4", "L2.5", "--epochs", "20"]) == 0
    printed = capsys.readouterr().out
    assert "after 1, 2, 20 epochs" in " ".join(printed.split())


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["L6.1"], 2, "There is no row L6.1 in the lectures. They go from L1.1 to L5.7, and `edgegrad lectures` lists "
                      "them."),
        (["L1.1", "--epochs", "3"], 2, "--epochs says nothing to L1.1. Rows that take it: L1.8, L1.10, L2.3, "
                                       "L2.13, L3.4, L3.6, L4.19, L4.21."),
        (["L1.1", "--data", "t.csv"], 2, "--data says nothing to L1.1. Rows that take it: L1.8, L1.10."),
        (["L1.8", "--data", "missing.csv"], 1, "missing.csv cannot be read: No such file or directory."),
        (["L3.4", "--epochs", "0"], 2, "L3.4: epochs must be a whole number from 1, not 0."),
    ],
)  # fmt: skip
def test_failures(words, status, message, capsys):
    assert main(["lectures", *words]) == status
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"edgegrad lectures: {message}\n")


def test_a_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["lectures", "L1.1", "--out", str(tmp_path / "taken")]) == 1
    assert capsys.readouterr().err == (
        f"edgegrad lectures: The folder {tmp_path / 'taken'} cannot be made: File exists. Choose another with --out.\n"
    )


@pytest.mark.parametrize("words", [["explain", "x**2", "x=1"], ["--version"]], ids=lambda words: words[0])
def test_other_commands_do_not_load_nn(words):
    code = (
        "import atexit, sys; from edgegrad.cli import main\n"
        "atexit.register(lambda: print([name for name in ('nn', 'numpy', 'rich') if name in sys.modules]))\n"
        f"main({words!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_missing_package_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert main(["lectures", "L1.8"]) == 1
    assert capsys.readouterr().err == (
        "edgegrad lectures: Without a file of the Boston table L1.8 and L1.10 run on scikit-learn's diabetes set: pip "
        "install scikit-learn, or give the table with --data.\n"
    )
