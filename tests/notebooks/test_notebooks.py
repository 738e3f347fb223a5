"""The notebooks: stripped in the repository, each runs from top to bottom, and together they show every row."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from effort import THOROUGH

from edgegrad.lectures import ROWS

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LONG = ("04_training", "07_optimisers", "09_u_net")  # at the desk left out, as what they train is in the rows' own tests
SECONDS = 300  # for one cell, on a machine that is busy
#: What a notebook prints where it has done by hand what the library does.
APART = re.compile(r"(?:library (?:is off|differs)|weights differ) by ([\d.e+-]+)")


def name_of(path):
    return path.stem


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_there_is_one_for_each_part_of_the_lectures():
    assert len(NOTEBOOKS) >= 12


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_it_is_stripped(path):
    """No outputs, no counts, nothing that differs from one writer to the next."""
    notebook = read(path)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}
    assert path.read_text(encoding="utf-8") == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    for cell in notebook["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])


@pytest.fixture(scope="function" if THOROUGH else "module")
def client():
    """Start a kernel: one for each notebook where CI is set, one for all at the desk, which forgets in between."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient runs the notebooks")
    nbformat = pytest.importorskip("nbformat", reason="nbformat reads the notebooks")
    pytest.importorskip("ipykernel", reason="a notebook needs a kernel")
    pytest.importorskip("matplotlib", reason="the notebooks draw")
    pytest.importorskip("sklearn", reason="some data come with scikit-learn")
    client = nbclient.NotebookClient(nbformat.v4.new_notebook(), timeout=SECONDS)
    with client.setup_kernel():
        yield client


def run(client, path, folder):
    """Run a notebook in a folder, from nothing; return it with its outputs."""
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    begin = nbformat.v4.new_code_cell(f"%reset -f\nimport os\nos.chdir({str(folder)!r})\ndel os")
    notebook.cells.insert(0, begin)
    client.nb = notebook
    return client.execute(cleanup_kc=False)


@pytest.mark.parametrize(
    "path", [path for path in NOTEBOOKS if THOROUGH or path.stem not in LONG], ids=name_of
)
def test_it_runs(client, path, tmp_path):
    notebook = run(client, path, tmp_path)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    complaints = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert complaints == []
    printed = "".join(output.text for output in outputs if output.output_type == "stream")
    assert [apart for apart in APART.findall(printed) if float(apart) > 1e-5] == [], "by hand and by the library"
    shown = [output.get("data", {}) for output in outputs]
    pictures = [data for data in shown if "<svg" in data.get("text/html", "") or any("image/" in kind for kind in data)]
    assert len(pictures) >= 3, "many pictures, few words"
    assert list(tmp_path.iterdir()) == [], "a notebook leaves no files"


def test_every_row_of_the_lectures_is_shown_somewhere():
    headings = [
        line for path in NOTEBOOKS for cell in read(path)["cells"] if cell["cell_type"] == "markdown"
        for line in cell["source"] if line.startswith("## ")
    ]  # fmt: skip
    shown = {row for heading in headings for row in re.findall(r"`(L\d\.\d+)`", heading)}
    assert shown == set(ROWS)
