"""The site's own pages: every block of code on them runs, and prints what they say."""

import doctest
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from documents import Checker

from edgegrad.cli import main

DOCS = Path(__file__).parent.parent / "docs"
#: Written by scripts from what has run already, or with the commands of another place.
WRITTEN = {"operations.md", "performance.md", "lectures.md", "gallery.md", "changelog.md", "glossary.md"}
MADE = ("figures", "notebooks", "rows", "examples")  # folders that scripts write
PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
PAGES = [page for page in PAGES if page not in WRITTEN and not page.startswith(MADE)]
FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
PACKAGES = {"PyTorch": "torch", "Keras": "keras", "JAX": "jax", "micrograd": "micrograd", "scikit-learn": "sklearn"}
PACKAGES |= {"onnxruntime": "onnxruntime"}
#: Of the same name as ours, and so in a folder of its own, where CI puts it.
APART = {"HIPS autograd": DOCS.parent / "build" / "hips"}
#: Completed by students: nothing can be installed that would run.
COURSES = {"minitorch"}


def blocks_of(page):
    """List the code of a page as (whose, text, line); `whose` is the caption of a block, and ours without."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        kind, body = fence["kind"], fence["body"]
        line = text.count("\n", 0, fence.start("body"))
        if kind in ("python", "{code-block} python"):
            caption = re.match(r":caption: (.*)\n", body)
            yield (caption[1] if caption else "edgegrad"), body, line
        elif kind == "sh":
            yield "sh", body, line
        else:
            assert kind.startswith(("{toctree}", "{doctest}", "{raw} html")), (
                f"{page} has a block of {kind!r}, which no test runs"
            )


def examples_of(page, whose):
    return [
        doctest.Example(each.source, each.want, each.exc_msg, line + each.lineno, each.indent, each.options)
        for owner, text, line in blocks_of(page)
        if owner == whose
        for each in doctest.DocTestParser().get_examples(text)
    ]


BLOCKS = [(page, whose, text) for page in PAGES for whose, text, _ in blocks_of(page)]
SIDES = sorted({(page, whose) for page, whose, _ in BLOCKS if whose != "sh"})
COMMANDS = [(page, line) for page, whose, text in BLOCKS if whose == "sh" for line in text.splitlines()]


@pytest.mark.parametrize(("page", "whose"), [side for side in SIDES if side[1] in APART])
def test_code_of_a_package_of_our_name(page, whose, tmp_path):
    if not APART[whose].exists():
        pytest.skip(f"{whose} is not installed in {APART[whose].relative_to(DOCS.parent)}")
    lines = "\n".join(text for owner, text, _ in blocks_of(page) if owner == whose)
    (tmp_path / "lines.txt").write_text(lines, encoding="utf-8")
    command = [sys.executable, "-m", "doctest", "-o", "NORMALIZE_WHITESPACE", "lines.txt"]
    theirs = os.environ | {"PYTHONPATH": str(APART[whose])}
    done = subprocess.run(command, cwd=tmp_path, env=theirs, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("page", "whose"), [side for side in SIDES if side[1] not in (*APART, *COURSES)])
def test_code(page, whose, tmp_path, monkeypatch):
    if whose in PACKAGES:
        pytest.importorskip(PACKAGES[whose])
    monkeypatch.chdir(tmp_path)
    examples = examples_of(page, whose)
    assert examples
    test = doctest.DocTest(examples, {"__name__": "page"}, page, str(DOCS / page), 0, None)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    said = []
    with warnings.catch_warnings():
        if whose == "onnxruntime":
            warnings.simplefilter("ignore")  # PyTorch's exporter warns of its own past
        outcome = doctest.DocTestRunner(Checker(), verbose=False, optionflags=options).run(test, out=said.append)
    assert outcome.failed == 0, "".join(said)


@pytest.mark.parametrize(("page", "whose"), SIDES)
def test_every_line_is_an_example(page, whose):
    """What doctest would pass over: a line of code without its prompt."""
    for owner, text, _ in blocks_of(page):
        if owner == whose:
            code = re.sub(r"\A(?::.*\n)*\n*", "", text)
            assert code.startswith(">>> "), f"{page} has code that does not run:\n{code}"


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_commands(page, command, tmp_path, monkeypatch):
    if command.startswith("python3 -m venv"):
        assert ".venv/bin/pip install" in command  # as in the README, whose commands CI runs
        return
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)
    assert words[0] == "edgegrad"
    assert main(words[1:]) == 0


def test_both_sides_of_a_comparison_are_there():
    for page in PAGES:
        if page.startswith("coming-from/") and page != "coming-from/index.md":
            owners = [whose for whose, _, _ in blocks_of(page)]
            assert owners[::2] == [owners[0]] * (len(owners) // 2)
            assert set(owners[1::2]) == {"edgegrad"}
            assert owners[0] in (*PACKAGES, *APART, *COURSES)


def test_the_checker_sees_other_numbers_and_other_words():
    check = Checker().check_output
    assert check("[1.0, 2.5]\n", "[1.0, 2.5000000001]\n", 0)
    assert not check("[1.0, 2.5]\n", "[1.0, 2.6]\n", 0)
    assert not check("[1.0, 2.5]\n", "[1.0]\n", 0)
    assert not check("x = 1.0\n", "y = 1.0\n", 0)
