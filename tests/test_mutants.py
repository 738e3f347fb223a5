"""The command that changes the code in one place at a time: which changes, and what becomes of them."""

import ast
import json
import shutil
import sys

import mutants
import pytest

SOURCE = """from typing import TYPE_CHECKING
if TYPE_CHECKING:
    LIMIT = 1

def f(x: int = 3) -> "float | None":
    \"\"\"Say 1.\"\"\"
    if x > 2 and not x == 5:  # é
        raise ValueError(f"{x + 1}")
    return -x
"""


def test_every_change_of_a_file():
    found = mutants.mutants_of("f.py", SOURCE)
    assert [(m.line, m.change.rpartition("  ")[2]) for m in found] == [
        (5, "3 → 4 (1)"),
        (7, "x > 2 and not x == 5 → (not (x > 2 and (not x == 5))) (1)"),
        (7, "x > 2 and not x == 5 → (x > 2 or not x == 5) (1)"),
        (7, "x > 2 → (x >= 2) (1)"),
        (7, "2 → 3 (1)"),
        (7, "not x == 5 → (x == 5) (1)"),
        (7, "x == 5 → (x != 5) (1)"),
        (7, "5 → 6 (1)"),
        (8, 'raise ValueError(f"{x + 1}") → pass (1)'),
        (9, "return -x → return None (1)"),
        (9, "-x → (x) (1)"),
    ]
    for mutant in found:
        ast.parse(mutant.source)
        changed = [a == b for a, b in zip(mutant.source.splitlines(), SOURCE.splitlines(), strict=True)]
        assert changed.count(False) == 1


def test_names_tell_every_mutant_from_the_others():
    drawn = mutants.draw(0)
    assert len({mutants.named(m) for m in drawn}) == len(drawn) > 2000
    assert {mutants.named(m) for m in mutants.draw(1)} == {mutants.named(m) for m in drawn}
    known = {(m.file, m.change) for m in drawn}
    assert set(mutants.EQUIVALENT) <= known, "the code has changed: look at the reason again"


@pytest.mark.parametrize(("noticed", "words"), [("test_a", "100.0 %"), ("", "0.0 %")])
def test_the_table(noticed, words, monkeypatch):
    monkeypatch.setattr(mutants, "EQUIVALENT", {("autograd/op.py", "b (1)"): "as before"})
    monkeypatch.setattr(mutants, "NEAREST", {"autograd/op.py": ""})
    found = mutants.table(
        {"autograd/op.py: a (1)": {"line": 1, "noticed": noticed}, "autograd/op.py: b (1)": {"line": 2, "noticed": ""}}
    )
    assert "2 were tried" in found
    assert f"{words} of those that are not equivalent" in found
    assert "- `autograd/op.py`: `b (1)`: as before." in found
    assert ("| `autograd/op.py` | 1 | 1 | 0 |" if noticed else "- `autograd/op.py:1`: `a (1)`") in found


def test_it_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    for file in mutants.NEAREST:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(mutants.ROOT / file, tmp_path / file)
    seen = []

    def tests(path):
        if (text := path.read_text()) == (mutants.ROOT / path.relative_to(tmp_path)).read_text():
            return ""
        seen.append(text)
        return "noticed"

    monkeypatch.setattr(mutants, "copy_checkout", lambda folder: tmp_path)
    monkeypatch.setattr(mutants, "run_tests", lambda copy, file: tests(copy / file))
    kept = tmp_path / "mutants.json"
    for count in (2, 3):
        monkeypatch.setattr(sys, "argv", ["mutants.py", str(count), "--kept", str(kept)])
        mutants.main()
    due = mutants.draw(mutants.SEED)[:5]
    assert list(json.loads(kept.read_text())) == [mutants.named(m) for m in due]
    assert seen == [m.source for m in due]
    assert all((tmp_path / file).read_text() == (mutants.ROOT / file).read_text() for file in mutants.NEAREST)


def test_tests_that_fail_anyway_notice_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(mutants, "copy_checkout", lambda folder: mutants.ROOT)
    monkeypatch.setattr(mutants, "run_tests", lambda copy, file: "test_a")
    monkeypatch.setattr(sys, "argv", ["mutants.py", "1", "--kept", str(tmp_path / "mutants.json")])
    with pytest.raises(
        SystemExit, match=r"^The tests of autograd/\S+ fail without any change: test_a\. Mend them first\.$"
    ):
        mutants.main()
    assert not (tmp_path / "mutants.json").exists()
