"""The README's snippets run, and print what it says."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from edgegrad.cli import main

README = Path(__file__).parent.parent / "README.md"


def fenced(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_snippets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = [block for block in fenced("python") if ">>>" in block]
    assert blocks
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "README.md", str(README), 0)
    outcome = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE).run(test)
    assert outcome.attempted > 10
    assert outcome.failed == 0
    assert (tmp_path / "E.svg").exists()


COMMANDS = [line for block in fenced("sh") for line in block.splitlines() if line.startswith("edgegrad ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)[1:]) == 0


def test_quick_start_and_tests_are_one_command_each():
    for heading in ("Quick start", "Tests"):
        section = README.read_text(encoding="utf-8").split(f"## {heading}\n")[1]
        block = re.search(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        assert block is not None
        assert len(block[1].strip().splitlines()) == 1
