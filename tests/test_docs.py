"""Pages that scripts write are what the scripts write now."""

from documents import script


def test_operations_page_is_current():
    operations = script("operations")
    assert operations.PAGE.read_text(encoding="utf-8") == operations.page(), "run: python docs/operations.py"
