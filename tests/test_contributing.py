"""CONTRIBUTING.md: its paths exist, its code runs, its lines are counted, and the hooks lint as CI does."""

import doctest
import re
from pathlib import Path

import pytest
from documents import script

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PROSE = TEXT.partition("## Lines by folder")[0]
lines = script("lines")


def test_the_lines_are_those_of_the_folders():
    """Within a fifth, so that not every change has to count again."""
    stated = lines.read_table(TEXT)
    counted = {folder.name: folder.lines for folder in lines.count()}
    assert list(stated) == list(counted), "run: python docs/lines.py"
    for name, number in counted.items():
        assert stated[name] == pytest.approx(number, rel=0.2, abs=60), f"{name}: run: python docs/lines.py"


def test_no_file_of_a_package_is_too_long():
    """But for the catalogue, which is one table."""
    too_long = [f"{f.name}/{f.longest}" for f in lines.count() if f.name.startswith(lines.PACKAGES) and f.most > 450]
    assert set(too_long) <= {"autograd/ops.py"}


def test_the_page_is_written_into_its_place():
    written = lines.page()
    assert lines.read_table(written) == {folder.name: folder.lines for folder in lines.count()}
    assert lines.TABLE.sub("", written) == lines.TABLE.sub("", TEXT)


def test_every_path_exists():
    paths = re.findall(r"\]\(([\w./-]+)\)", TEXT) + re.findall(r"`((?:[\w.-]+/)+[\w.]*)`", PROSE)
    assert len(paths) > 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_what_the_commands_name_exists():
    commands = " ".join(re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)).split()
    paths = [word for word in commands if re.fullmatch(r"(tests|autograd|docs)[\w/.]*", word)]
    assert len(paths) == 9
    assert all((ROOT / path).exists() for path in paths)


def test_code():
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
    test = doctest.DocTestParser().get_doctest(code, {}, "CONTRIBUTING.md", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test) == (0, 3)


def test_the_hooks_lint_as_ci_does():
    hooks = re.findall(r"entry: (.*)", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    lint = re.search(r'"--- lint and format"\n(.*?)echo "--- types"\n(.*?)\n\n', ci, re.DOTALL)
    assert hooks == (lint[1].strip() + "\n" + lint[2].strip()).splitlines()
