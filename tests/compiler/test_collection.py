"""A case that is asked for by name runs, also where most cases of its kind are left out."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="its cases are those that are left out")
FILE = Path(__file__).with_name("test_program_agreement.py")
CASE = "test_models[numba-float32-LSTM]"


@pytest.mark.parametrize("asked", [[f"{FILE}::{CASE}"], [str(FILE), "-k", "numba and float32 and LSTM"]])
def test_one_case_by_its_name(asked):
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-n", "0", *asked]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FILE.parents[2])
    assert [line.partition("::")[2] for line in done.stdout.splitlines() if "::" in line] == [CASE], done.stdout
