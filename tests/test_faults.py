"""Full disks, killed processes and two writers at once: the old file or the new one, whole, and nothing beside it."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import nn
from autograd import DrawingError, Value, tanh

pytestmark = pytest.mark.skipif(os.name == "nt", reason="other signals, and no limit of a file's size")

PRELUDE = """
import resource, signal, sys
import nn
from autograd import DrawingError, Value, tanh

path, number = sys.argv[1], float(sys.argv[2])

def long():
    y = Value(number, "x")
    for _ in range(20):
        y = tanh(y * 1.5)
    return y
"""
#: What writes each kind of file; a larger number makes another content.
WRITERS = {
    "m.safetensors": "nn.save(nn.Layer(30, 30, b=[number] * 30, seed=0), path)",
    "g.dot": "long().graph().save(path)",
    "g.html": "long().explore(path)",
}
FULL = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
try:
    {write}
except (OSError, DrawingError) as error:
    print("refused:", error)
"""
AGAIN = """
import itertools
print("ready", flush=True)
for k in itertools.count():
    number = float(k % 7)
    {write}
"""


def start(text, path, number=1.0):
    command = [sys.executable, "-W", "error", "-c", PRELUDE + text, str(path), str(number)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def check_whole(path):
    """Read a file as whoever gets it would."""
    if path.suffix == ".safetensors":
        assert len({p.data for p in nn.load(path).b}) == 1
    else:
        assert path.read_text(encoding="utf-8").rstrip().endswith("}")


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_old_file(name, tmp_path):
    path = tmp_path / name
    path.write_text("old", encoding="utf-8")
    said = finish(start(FULL.format(write=WRITERS[name]), path))
    assert said.startswith("refused: ")
    assert "File too large" in said
    assert path.read_text(encoding="utf-8") == "old"
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["m.safetensors", "g.dot"])
def test_a_process_killed_at_any_moment_leaves_a_whole_file(name, tmp_path):
    path, rng = tmp_path / name, random.Random(name)
    for _ in range(2):
        process = start(AGAIN.format(write=WRITERS[name]), path)
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.02 + 0.05 * rng.random())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if path.exists():
            check_whole(path)
    finish(start(WRITERS[name], path))
    check_whole(path)
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", ["m.safetensors", "g.dot"])
def test_two_processes_that_write_one_file(name, tmp_path):
    path = tmp_path / name
    text = f"for k in range(40):\n    number = number + k\n    {WRITERS[name]}\n"
    writers = [start(text, path, number) for number in (1.0, 1000.0)]
    while any(process.poll() is None for process in writers):
        if path.exists():
            check_whole(path)
    for process in writers:
        finish(process)
    check_whole(path)
    assert os.listdir(tmp_path) == [name]


def test_a_checkpoint_on_a_full_disk_ends_the_training_and_keeps_the_best(tmp_path, monkeypatch):
    path, real, count = tmp_path / "best.safetensors", os.fsync, [0]

    def full(descriptor):
        count[0] += 1
        if count[0] > 2:  # a save syncs the file and its folder
            raise OSError(28, "No space left on device")
        real(descriptor)

    model = nn.Layer(1, 1, W=[[0.0]], b=[0.0])
    X = np.array([[1.0], [2.0], [3.0]])
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        nn.fit(model, X, X[:, 0], epochs=9, callbacks=[nn.Checkpoint(path)], progress=False)
    monkeypatch.undo()
    nn.load(path)
    assert os.listdir(tmp_path) == ["best.safetensors"]
    weights = [p.data for p in model.parameters()]
    assert nn.fit(model, X, X[:, 0], epochs=1, progress=False).epochs == 1
    assert [p.data for p in model.parameters()] != weights


def test_a_name_that_is_too_long_is_refused_by_name(tmp_path):
    path = Path(tmp_path) / ("m" * 300)
    with pytest.raises(OSError, match="File name too long"):
        nn.save(nn.Layer(1, 1), path)
    with pytest.raises(DrawingError, match="File name too long"):
        tanh(Value(1.0)).graph().save(f"{path}.dot")
    assert os.listdir(tmp_path) == []
