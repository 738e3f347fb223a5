"""Generated modules on disk: written once and whole, shared by processes, and no need of a writable home."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autograd.compiler.on_numba import cache

PROGRAM = """
import sys
import numpy as np
from autograd import Value, tanh
from autograd.compiler import compile

w = Value(0.5, "w")
program = compile(lambda x: tanh(w * x), 0.0, parameters=[w], backend="numba")
value, gradient = program.value_and_grad([1.0, 2.0])
assert abs(value - (np.tanh(0.5) + np.tanh(1.0)) / 2) < 1e-15, value
print(gradient[0])
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "edgegrad"


@pytest.fixture
def forgotten():
    """Forget the modules that a test imports."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("kernel_"):
            del sys.modules[name]


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300,
        env=os.environ | environment,
    ).stdout  # fmt: skip


def test_the_folder(folder, monkeypatch):
    assert cache.cache_folder() == folder
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_folder() == Path.home() / ".cache" / "edgegrad"


def test_a_module_is_written_once_and_named_by_its_text(folder, forgotten):
    one = cache.import_source("number = 1\n")
    other = cache.import_source("number = 2\n")
    assert (one.number, other.number) == (1, 2)
    files = sorted(folder.glob("*.py"))
    assert sorted(file.stem for file in files) == sorted([one.__name__, other.__name__])
    assert cache.import_source("number = 1\n") is one
    stamps = [file.stat().st_mtime_ns for file in files]
    assert stamps == [0, 0]  # the same in whichever process: what is compiled from it stays valid
    del sys.modules[one.__name__]
    assert cache.import_source("number = 1\n").number == 1
    assert [file.stat().st_ino for file in sorted(folder.glob("*.py"))] == [file.stat().st_ino for file in files]
    assert not list(folder.glob("*.tmp"))


def test_many_at_once_write_one_whole_file(folder, forgotten):
    text = "number = 0\n" + "number += 1\n" * 2000
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cache._write(folder / "kernel_x.py", text), range(32)))
    assert (folder / "kernel_x.py").read_text() == text
    assert [file.name for file in folder.iterdir()] == ["kernel_x.py"]


def test_a_module_that_fails_is_not_kept(folder, forgotten):
    with pytest.raises(ZeroDivisionError):
        cache.import_source("1 / 0\n")
    assert not any(name.startswith("kernel_") and "ZeroDivision" in name for name in sys.modules)
    with pytest.raises(ZeroDivisionError):
        cache.import_source("1 / 0\n")


def test_an_unwritable_home(tmp_path, monkeypatch, forgotten):
    """A file stands where the folder would be: that stops even the superuser."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cache.import_source("number = 3\n").number == 3
    assert len(list(tmp_path.glob("edgegrad*/kernel_*.py"))) == 1


class TestWithNumba:
    @pytest.fixture(autouse=True)
    def installed(self):
        pytest.importorskip("numba", reason="the numba backend is the extra 'fast'")
        pytest.importorskip("scipy", reason="numba multiplies matrices by SciPy's BLAS")

    def test_a_second_process_loads_what_the_first_compiled(self, tmp_path):
        first = run(PROGRAM, XDG_CACHE_HOME=str(tmp_path))
        folder = tmp_path / "edgegrad"
        kernels = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.py")}
        compiled = {file.name: file.stat().st_mtime_ns for file in folder.rglob("*.nbc")}
        assert kernels
        assert compiled
        assert run(PROGRAM, XDG_CACHE_HOME=str(tmp_path)) == first
        assert {file.name: file.stat().st_mtime_ns for file in folder.glob("*.py")} == kernels
        assert {file.name: file.stat().st_mtime_ns for file in folder.rglob("*.nbc")} == compiled

    def test_an_unwritable_home_still_computes(self, tmp_path):
        (tmp_path / "file").write_text("")
        found = run(PROGRAM, XDG_CACHE_HOME=str(tmp_path / "file"), TMPDIR=str(tmp_path))
        assert float(found) == pytest.approx((1 - 0.46211715726**2 + 2 * (1 - 0.76159415596**2)) / 2, rel=1e-9)
