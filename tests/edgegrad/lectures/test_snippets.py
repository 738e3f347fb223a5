"""The lines that a student types to get a row: they run, print what they say, and are few."""

from __future__ import annotations

import doctest
import shutil

import pytest
from documents import Checker
from lecture_rows import TABLE

from edgegrad.lectures import ROWS

LINES = 3  # statements, imports aside


@pytest.mark.parametrize("name", ROWS)
def test_the_lines_run_and_print_what_they_say(name, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib", reason="some draw")
    snippet = ROWS[name].snippet
    if "boston_housing.csv" in snippet:
        if not TABLE.exists():
            pytest.skip("the Boston table is not beside the repository")
        shutil.copy(TABLE, tmp_path / "boston_housing.csv")
    if "nn.digits" in snippet:
        pytest.importorskip("sklearn", reason="its data come with scikit-learn")
    monkeypatch.chdir(tmp_path)
    test = doctest.DocTestParser().get_doctest(snippet, {"__name__": "typed"}, name, None, 0)
    said: list[str] = []
    runner = doctest.DocTestRunner(Checker(), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(test, out=said.append).failed == 0, "".join(said)


@pytest.mark.parametrize("name", ROWS)
def test_the_lines_are_few_and_narrow(name):
    snippet = ROWS[name].snippet
    typed = [each.source for each in doctest.DocTestParser().get_examples(snippet)]
    assert 1 <= len([source for source in typed if not source.startswith(("import ", "from "))]) <= LINES
    assert max(map(len, snippet.splitlines())) <= 116
    assert snippet.startswith(">>> ")
