"""Machine code on disk: loaded without numba, and whatever the disk is like, it costs time only."""

import ctypes
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="the numba backend is the extra 'fast'")
pytest.importorskip("scipy", reason="the extra 'fast' brings it")

from autograd.compiler.on_numba import objects
from autograd.compiler.on_numba.kernels import head

PROGRAM = """
import sys
import numpy as np
import autograd

w = [autograd.Value(0.5, "w"), autograd.Value(-1.0, "v"), autograd.Value(0.25, "u")]
program = autograd.compile(
    lambda x: autograd.tanh(autograd.dot(w, [x[0], x[1], x[2]])), [0.0] * 3, parameters=w, backend="numba"
)
value, gradient = program.value_and_grad([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
assert abs(value - np.tanh([-0.75, -1.5]).mean()) < 1e-15, value
print(value, *gradient)
print("numba" in sys.modules, "scipy" in sys.modules, file=sys.stderr)
"""
SOURCE = """
import math
from numba import cfunc

@cfunc("float64(float64)")
def twice(x):
    return 2.0 * x + {number} + 0.0 * math.tanh(x)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "edgegrad"


@pytest.fixture
def compilations(monkeypatch):
    """What is compiled from here on, by a process that knows nothing yet."""
    seen = []
    real = objects._compile

    def counting(source, names, path):
        seen.append(path.name)
        return real(source, names, path)

    monkeypatch.setattr(objects, "_compile", counting)
    monkeypatch.setattr(objects, "_known", {})
    return seen


def twice(x, number=0.0):
    """Call a compiled function as another process would."""
    objects._known.clear()
    [address] = objects.addresses(SOURCE.format(number=number), "twice")
    return ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(address)(x)


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300,
        env=os.environ | environment,
    )  # fmt: skip


def test_the_folder(folder, monkeypatch):
    assert objects.cache_folder() == folder
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert objects.cache_folder() == Path.home() / ".cache" / "edgegrad"


def test_what_is_kept_is_used_and_named_by_its_text(folder, compilations):
    assert (twice(1.5), twice(1.5, 1.0), twice(1.5), twice(2.0, 1.0)) == (3.0, 4.0, 3.0, 5.0)
    assert len(compilations) == 2
    assert sorted(file.name for file in folder.iterdir()) == sorted(compilations)


def test_in_one_process_it_is_known(folder, compilations):
    source = SOURCE.format(number=3.0)
    assert objects.addresses(source, "twice") == objects.addresses(source, "twice")
    shutil.rmtree(folder)
    objects.addresses(source, "twice")
    assert len(compilations) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: b"garbage" * 99,
        lambda content: content[:-40] + bytes(b ^ 1 for b in content[-40:]),
        lambda content: content + b"more",
    ],
    ids=["empty", "truncated", "garbage", "flipped", "longer"],
)
def test_what_is_damaged_is_compiled_anew_and_kept(folder, compilations, damage):
    assert twice(1.5) == 3.0
    [file] = folder.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert twice(1.5) == 3.0
    assert len(compilations) == 2
    assert twice(1.5) == 3.0
    assert len(compilations) == 2  # mended


def test_what_refers_to_something_that_is_not_there_is_compiled_anew(folder, compilations):
    assert twice(1.5) == 3.0
    [file] = folder.iterdir()
    kept = objects._read(file, ("twice",))
    assert kept["twice"].needs == ["tanh"]
    objects._write(file, {"twice": kept["twice"]._replace(needs=["nowhere"])})
    assert twice(1.5) == 3.0
    assert len(compilations) == 2
    objects._write(file, {"other": kept["twice"]})
    assert twice(1.5) == 3.0
    assert len(compilations) == 3


def test_a_folder_that_cannot_be_made(tmp_path, monkeypatch, compilations):
    """A file stands where the folder would be: that stops even the superuser."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert (twice(1.5), twice(1.5)) == (3.0, 3.0)
    assert len(compilations) == 2
    assert [file.name for file in tmp_path.iterdir()] == ["file"]  # nor is anything left elsewhere


def test_a_write_that_fails_leaves_nothing(folder, monkeypatch, compilations):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(objects.os, "replace", fail)
    assert twice(1.5) == 3.0
    assert list(folder.iterdir()) == []


def test_code_that_fails_is_not_kept(folder, compilations):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            objects.addresses("1 / 0\n", "twice")
    assert not folder.exists()


def test_another_processor_or_compiler_has_files_of_its_own(folder, compilations, monkeypatch):
    twice(1.5)
    monkeypatch.setattr(objects, "_processor", lambda: "another")
    twice(1.5)
    assert len(set(compilations)) == 2


def test_threads_compile_once(folder, compilations):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: objects.addresses(SOURCE.format(number=7.0), "twice"), range(16)))
    assert len(set(found)) == 1
    assert len(compilations) == 1


def test_a_second_process_needs_no_numba(tmp_path):
    first = run(PROGRAM, XDG_CACHE_HOME=str(tmp_path))
    kept = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "edgegrad").iterdir()}
    assert kept
    second = run(PROGRAM, XDG_CACHE_HOME=str(tmp_path))
    assert second.stdout == first.stdout
    assert (first.stderr.split(), second.stderr.split()) == (["True", "True"], ["False", "False"])
    assert {file.name: file.stat().st_mtime_ns for file in (tmp_path / "edgegrad").iterdir()} == kept


def test_a_full_disk_and_two_processes_at_once(tmp_path):
    full = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    full += "resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))\n" + PROGRAM
    with ThreadPoolExecutor(3) as pool:
        ways = [(PROGRAM, "shared"), (PROGRAM, "shared"), (full, "full")]
        found = list(pool.map(lambda way: run(way[0], XDG_CACHE_HOME=str(tmp_path / way[1])).stdout, ways))
    assert len(set(found)) == 1
    assert list((tmp_path / "full" / "edgegrad").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes in folders")
def test_a_pipe_in_the_place_of_a_file_is_left_alone(folder, compilations):
    assert twice(1.5) == 3.0
    [file] = folder.iterdir()
    file.unlink()
    os.mkfifo(file)
    assert (twice(1.5), twice(1.5)) == (3.0, 3.0)
    assert len(compilations) == 3
    assert [each.is_fifo() for each in folder.iterdir()] == [True]


@pytest.mark.skipif(os.name == "nt", reason="another signal")
def test_what_a_killed_process_left_behind_goes(tmp_path):
    killed = "import os, signal\nos.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n" + PROGRAM
    with pytest.raises(subprocess.CalledProcessError):
        run(killed, XDG_CACHE_HOME=str(tmp_path))
    assert [file.suffix for file in (tmp_path / "edgegrad").iterdir()] == [".part"]
    run(PROGRAM, XDG_CACHE_HOME=str(tmp_path))
    assert {file.suffix for file in (tmp_path / "edgegrad").iterdir()} == {".code"}


def test_numba_and_what_is_loaded_live_side_by_side(folder, compilations):
    assert twice(1.5) == 3.0
    assert twice(1.5) == 3.0  # loaded
    assert twice(1.5, 2.0) == 5.0  # compiled thereafter
    import numba

    @numba.njit
    def add(x):
        return x + 1

    assert add(1) == 2
    assert "numba" in head("float64")
