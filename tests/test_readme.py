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
    assert outcome.attempted >= 6
    assert outcome.failed == 0
    assert (tmp_path / "E.html").exists()


COMMANDS = [line for block in fenced("sh") for line in block.splitlines() if line.startswith("edgegrad ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)[1:]) == 0


def test_code_fits_the_page():
    assert (
        max(len(line) for language in ("python", "sh") for block in fenced(language) for line in block.splitlines())
        < 112
    )


def test_the_moving_picture_is_small_and_moves():
    Image = pytest.importorskip("PIL.Image", reason="Pillow reads the picture")
    path = README.parent / "docs" / "explorer.webp"
    assert f"]({path.relative_to(README.parent).as_posix()})" in README.read_text(encoding="utf-8")
    assert path.stat().st_size < 1_000_000
    with Image.open(path) as picture:
        assert picture.width == 1012
        assert picture.n_frames >= 8
        assert picture.info["loop"] == 0  # for ever


def test_what_is_linked_is_there():
    for address in re.findall(r"\]\(([^)]+)\)", README.read_text(encoding="utf-8")):
        assert (README.parent / address).exists(), address


def test_quick_start_and_tests_are_one_command_each():
    for heading in ("Quick start", "Tests"):
        section = README.read_text(encoding="utf-8").split(f"## {heading}\n")[1]
        block = re.search(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        assert block is not None
        assert len(block[1].strip().splitlines()) == 1
