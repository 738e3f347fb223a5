"""Start-up: what `import autograd` costs in a fresh process, and what it loads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Benchmark, Options, table
from benchmarks.measure import THREADS, spread

__all__ = ["BENCHMARK"]

ROOT = Path(__file__).parent.parent
REPETITIONS = 11
#: What to import for each library; `nothing` is the interpreter alone.
IMPORTS = {
    "nothing": "sys", "edgegrad": "autograd", "nn": "nn", "micrograd": "micrograd.engine", "XAD": "xad.adj_1st",
    "numpy": "numpy", "CasADi": "casadi", "torch": "torch",
}  # fmt: skip
CODE = """
import json, sys, time
before = set(sys.modules)
wall, processor = time.perf_counter_ns(), time.process_time_ns()
try:
    import {module}
except ImportError:
    print("null")
else:
    taken = time.perf_counter_ns() - wall, time.process_time_ns() - processor
    loaded = set(sys.modules) - before
    foreign = sorted({{name.partition(".")[0] for name in loaded}} - set(sys.stdlib_module_names))
    print(json.dumps([*taken, len(loaded), foreign]))
"""


def _import(module: str) -> Any:
    code = CODE.format(module=module)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONHASHSEED": "0", **THREADS}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def run(options: Options) -> dict[str, Any]:
    """Import each library in fresh processes, taking turns; of several rounds the first only warms the file cache."""
    rounds = [
        {name: _import(module) for name, module in IMPORTS.items()}
        for _ in range(1 if options.quick else 1 + REPETITIONS)
    ]
    rows = {}
    for name in IMPORTS:
        taken = [one[name] for one in rounds[-REPETITIONS:]]
        if taken[0] is not None:
            rows[name] = {
                "wall": spread([each[0] / 1e6 for each in taken]),
                "processor": spread([each[1] / 1e6 for each in taken]),
                "modules": taken[0][2],
                "foreign": taken[0][3],
            }
    return {"rows": rows}


INTRODUCTION = """
The import in a fresh process, in milliseconds; the modules it adds to those of the bare interpreter, and which of the
packages among them are not the standard library's.
"""


def section(result: dict[str, Any]) -> str:
    """Write the section."""
    rows = [
        [
            name, f"{row['wall'][0]:,.1f} ({row['wall'][1]:,.1f}–{row['wall'][2]:,.1f})", f"{row['processor'][0]:,.1f}",
            str(row["modules"]), ", ".join(row["foreign"][:6]) + (" …" if len(row["foreign"]) > 6 else ""),
        ]
        for name, row in result["rows"].items()
        if name != "nothing"
    ]  # fmt: skip
    return f"{INTRODUCTION}\n{table(('import', 'time', 'CPU time', 'modules', 'packages'), rows)}"


BENCHMARK = Benchmark("import", "Import", run, section)
