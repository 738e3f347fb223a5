"""A pass of the compiler is a few lines and a name: one is added to a copy of the package, as a contributor would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import autograd
from autograd.compiler.options import PASSES

ROOT = Path(autograd.__file__).parents[1]
NAME = '    "neutral": "'
ADD = """\
        \"\"\"Add an operation that is rewritten or the same as one before, or else as it is.\"\"\"
"""
REWRITING = """\
        if "negations" not in self._without and op is ops.neg and self.op[operands[0]] is ops.neg:
            return self.operands[operands[0]][0]
"""
TRIAL = """
import autograd
double = lambda x: autograd.tanh(-(-x))
for backend in {"numpy", autograd.compile(double, 0.0).backend}:
    short, long = (autograd.compile(double, 0.0, backend=backend, without=w, verify=True) for w in ([], "negations"))
    print(short, "|", long, "|", short([0.5, -0.0]) == long([0.5, -0.0]))
"""


def test_a_rewriting_is_a_few_lines_and_a_name(tmp_path):
    """They stand at the start of `Expressions.add`, as docs/architecture.md says."""
    assert "negations" not in PASSES
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd", ignore=shutil.ignore_patterns("__pycache__"))
    for file, mark, new in [
        ("options.py", NAME, f'    "negations": "−(−x) is x",\n{NAME}'),
        ("simplify.py", ADD, f"{ADD}{REWRITING}"),
    ]:
        path = tmp_path / "autograd" / "compiler" / file
        before, found, after = path.read_text(encoding="utf-8").partition(mark)
        assert found
        path.write_text(before + new + after, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", TRIAL], capture_output=True, text=True, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()) == {"tanh 1 | neg 1 · neg 1 · tanh 1 | [ True  True]"}
