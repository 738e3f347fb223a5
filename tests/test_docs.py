"""Pages that scripts write are what the scripts write now."""

from documents import script


def test_operations_page_is_current():
    operations = script("operations")
    assert operations.PAGE.read_text(encoding="utf-8") == operations.page(), "run: python docs/operations.py"


def test_no_number_leaves_a_value_silently_wrong():
    leaving = script("leaving")
    cells = leaving.table()
    assert len(cells) > 60
    kinds = {"kept", "refused", "number", "text", "branch", "meant", "copy"}
    assert {name: row for name, row in cells.items() if not set(row) <= kinds} == {}
    assert leaving.PAGE.read_text(encoding="utf-8") == leaving.page(), "run: python docs/leaving.py"
