"""HIPS' package is called `autograd` too: where both came into one folder, everything says so and names the cure."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd

ROOT = Path(autograd.__file__).parent.parent
ADVICE = (
    "ImportError: Two packages share the folder 'autograd': edgegrad and HIPS' autograd were installed into one "
    "environment. Run: pip uninstall -y autograd edgegrad && pip install edgegrad"
)


def install(folder):
    """Put our packages into a folder, as pip does."""
    for package in ("autograd", "nn", "edgegrad"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))


def install_hips(folder):
    """Put what matters of HIPS' package into a folder, as pip does: over files that are there."""
    (folder / "autograd").mkdir(exist_ok=True)
    (folder / "autograd" / "tracer.py").write_text("def primitive(function):\n    return function\n", "utf-8")
    (folder / "autograd" / "__init__.py").write_text("from .tracer import primitive\n", "utf-8")


def ours_first(folder):
    install(folder)
    install_hips(folder)


def ours_last(folder):
    install_hips(folder)
    (folder / "autograd" / "__init__.py").unlink()  # pip writes over it; copytree needs room
    kept = (folder / "autograd").rename(folder / "kept")
    install(folder)
    shutil.copy(kept / "tracer.py", folder / "autograd")


def theirs_removed(folder):
    """After `pip uninstall autograd`: it takes the `__init__.py` along, which both packages have."""
    ours_first(folder)
    for name in ("tracer.py", "__init__.py"):
        (folder / "autograd" / name).unlink()


def theirs_in_front(folder):
    """Nothing in the folder is ours: HIPS' stands before an editable installation on the path."""
    install(folder)
    shutil.rmtree(folder / "autograd")
    install_hips(folder)


COMMANDS = {
    "import edgegrad": ["-c", "import edgegrad"],
    "import nn": ["-c", "import nn"],
    "python -m edgegrad": ["-m", "edgegrad", "--version"],
    "edgegrad": ["-c", "from edgegrad.cli import main; main(['--version'])"],
}


def run(folder, words):
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module", params=[ours_first, ours_last, theirs_removed, theirs_in_front])
def mixed(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param.__name__)
    request.param(folder)
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_said(mixed, command):
    done = run(mixed, ["-S", *COMMANDS[command]])  # -S: the installation of these tests is not found
    assert done.returncode == 1
    *traceback, last = done.stderr.splitlines()
    assert last == ADVICE
    assert not [line for line in traceback if "Error: " in line or "above exception" in line]


def test_the_engine_says_it_where_its_own_file_is_the_last(tmp_path):
    ours_last(tmp_path)
    assert run(tmp_path, ["-c", "import autograd"]).stderr.splitlines()[-1] == ADVICE


def test_without_hips_nothing_is_said(tmp_path):
    install(tmp_path)
    for words in COMMANDS.values():
        done = run(tmp_path, words)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("package", ["autograd", "nn", "edgegrad"])
def test_the_words_are_the_same_everywhere(package):
    """None of the three can rely on a file of another here, so each has them."""
    written = (ROOT / package / "__init__.py").read_text(encoding="utf-8")
    first, cure = ADVICE.removeprefix("ImportError: ").split("Run: ")
    assert f'"{first}"' in written
    assert f'"Run: {cure}"' in written
