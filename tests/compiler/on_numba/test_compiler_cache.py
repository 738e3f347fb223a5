"""Generated modules on disk: written once and whole, shared by processes, and no need of a writable home."""

import os
import shutil
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
KERNEL = """
from autograd.compiler.on_numba.keeping import compile_kernel

@compile_kernel("float64(float64)")
def twice(x):
    return 2.0 * x
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
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, timeout=300,
        env=os.environ | environment,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")  # nor a warning
    return done.stdout


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
    assert [file.name for file in tmp_path.iterdir()] == ["file"]  # nor is anything left elsewhere


def test_a_write_that_fails_leaves_nothing(folder, monkeypatch, forgotten):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache.os, "replace", fail)
    assert cache.import_source("number = 4\n").number == 4
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("damage", ["", "number =", "number = 6\n", "\0" * 10])
def test_a_damaged_module_is_written_again(folder, damage, forgotten):
    module = cache.import_source("number = 5\n")
    file = folder / f"{module.__name__}.py"
    file.write_text(damage)
    del sys.modules[module.__name__]
    assert cache.import_source("number = 5\n").number == 5
    assert file.read_text() == "number = 5\n"


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

    @staticmethod
    def compile_twice(between):
        """Compile a kernel, do something to what is kept, compile again as another process would; call both."""
        found = []
        for last in (False, True):
            module = cache.import_source(KERNEL)
            found.append((module.twice.ctypes(1.5), module.twice.cache_hits))
            del sys.modules[module.__name__]
            if not last:
                between(module)
        return found

    def test_what_is_whole_is_used(self, folder, forgotten):
        assert self.compile_twice(lambda module: None) == [(3.0, 0), (3.0, 1)]

    @pytest.mark.parametrize("kind", ["nbi", "nbc", "*"])
    @pytest.mark.parametrize(
        "damage",
        [
            lambda content: b"",
            lambda content: content[: len(content) // 2],
            lambda content: b"garbage" * 99,
            lambda content: content[:-40] + bytes(b ^ 1 for b in content[-40:]),
            lambda content: b"\x80\x04K\x01.",
        ],
        ids=["empty", "truncated", "garbage", "flipped", "another"],
    )
    def test_what_is_damaged_is_compiled_anew_and_kept(self, folder, forgotten, kind, damage):
        def between(module):
            files = [file for file in folder.rglob(f"*.{kind}") if file.is_file()]
            assert files
            for file in files:
                file.write_bytes(damage(file.read_bytes()))

        again = self.compile_twice(between)[1]
        assert again[0] == 3.0
        assert self.compile_twice(lambda module: None)[1] == (3.0, 1)  # mended by the run before

    def test_what_is_removed_is_compiled_anew(self, folder, forgotten):
        assert self.compile_twice(lambda module: shutil.rmtree(folder)) == [(3.0, 0), (3.0, 0)]

    def test_a_folder_that_cannot_be_made(self, tmp_path, monkeypatch, forgotten):
        (tmp_path / "file").write_text("")
        for variable in ("XDG_CACHE_HOME", "HOME"):
            monkeypatch.setenv(variable, str(tmp_path / "file"))
        assert self.compile_twice(lambda module: None) == [(3.0, 0), (3.0, 0)]
        assert [file.name for file in tmp_path.iterdir()] == ["file"]

    def test_a_damaged_function_of_the_machine_is_compiled_anew(self, folder, forgotten):
        source = KERNEL.replace("compile_kernel", "compile_function").replace('"float64(float64)"', "")
        for kept, damage in ((0, b""), (0, b"garbage"), (0, None), (1, None)):
            module = cache.import_source(source)
            assert module.twice(1.5) == 3.0
            assert sum(module.twice._cache_hits.values()) == kept
            del sys.modules[module.__name__]
            for file in folder.rglob("*.nb*") if damage is not None else ():
                file.write_bytes(damage)

    def test_a_full_disk_and_two_processes_at_once(self, tmp_path):
        full = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        full += "resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n" + PROGRAM
        with ThreadPoolExecutor(3) as pool:
            found = list(
                pool.map(
                    lambda given: run(given[0], XDG_CACHE_HOME=str(tmp_path / given[1])),
                    [(PROGRAM, "shared"), (PROGRAM, "shared"), (full, "full")],
                )
            )
        assert len(set(found)) == 1
        assert not list((tmp_path / "full").rglob("*.tmp*"))
