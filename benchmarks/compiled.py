"""The same source, compiled: what Cython makes of the sweep and of the emitted recorders, without a line changed.

The plain package is copied into a temporary folder. There `backward.py` is compiled as it stands, its variables
declared to be Values in a file beside it, and the recorders that `autograd.emit` emits are written to a file and
compiled with C doubles. A Value stays the Python class it is: its slots are C pointers in a known order.
"""

from __future__ import annotations

import importlib.util
import inspect
import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from autograd import CATALOGUE, Value, backward
from autograd.emit import recorder_source
from benchmarks.benchmark import Benchmark, Options, check_agreement, duration, table
from benchmarks.measure import spread
from benchmarks.peers import BUILDS
from benchmarks.worker import Worker
from benchmarks.workload import ROUND, WORKLOADS

__all__ = ["BENCHMARK", "BuildError"]

OPERATIONS = 100_000
REPETITIONS = 9
OURS = "edgegrad"
PLAIN = "plain Python"
#: The operations that the workloads use: what one tick compiles.
FEW = frozenset({"add", "sub", "mul", "truediv", "pow", "relu", "tanh", "sin", "exp"})
PACKAGE = Path(__file__).parent.parent / "autograd"


class BuildError(RuntimeError):
    """Cython or the C compiler refused; the message ends with what it said."""


#: A node is allocated and filled at once; `untracked` keeps it from the cyclic collector, which it needs only where
#: gradients are graphs themselves.
HEADER = """
#include <Python.h>

typedef struct {{
    PyObject_HEAD
{fields}
}} ValueObject;

static int untracked = 0;

static inline PyObject *new_node(PyTypeObject *kind, double data, PyObject *op, PyObject *x, PyObject *y, PyObject *dx,
                          PyObject *dy, PyObject *zero, PyObject *scope) {{
    ValueObject *node = (ValueObject *)kind->tp_alloc(kind, 0);
    if (node == NULL || (node->_data = PyFloat_FromDouble(data)) == NULL) {{
        Py_XDECREF(node);
        return NULL;
    }}
    node->_op = Py_NewRef(op);
    node->_x = Py_NewRef(x);
    node->_y = Py_NewRef(y);
    node->_dx = Py_NewRef(dx);
    node->_dy = Py_NewRef(dy);
    node->_pending = Py_NewRef(zero);
    node->_scope = Py_NewRef(scope);
    node->_grad = Py_NewRef(Py_None);
    node->_name = Py_NewRef(Py_None);
    if (untracked)
        PyObject_GC_UnTrack(node);
    return (PyObject *)node;
}}
"""
LAYOUT = """
cdef extern from "layout.h":
    ctypedef class autograd.value.Value [object ValueObject]:
{fields}
"""
BACKWARD = """
cimport cython
from autograd.layout cimport Value as Node
"""
WALK = """
@cython.locals(node=Node)
cpdef {name}({arguments})
"""
RECORDERS = """
from libc.math cimport {functions}
from autograd.layout cimport Value as Node
from autograd.ops import CATALOGUE
from autograd.context import current
from autograd.emit import recorder_source
from autograd.recording import record
from autograd.value import Value

cdef extern from "layout.h":
    int untracked
    object new_node(
        type kind, double data, object op, object x, object y, object dx, object dy, object zero, object scope
    )

MAKE = {{}}


def install(bint from_the_collector):
    global untracked
    untracked = from_the_collector
    for op in CATALOGUE:
        if op.name in MAKE:
            made = MAKE[op.name](op, **recorder_source(op)[1])
            object.__setattr__(op, "_recorder", made)
            for function in made if isinstance(made, tuple) else (made,):
                function.__name__ = function.__qualname__ = op.name

"""
CYTHON = """
from Cython.Build import cythonize
from setuptools import Extension, setup

sources = {sources!r}
options = {{"include_dirs": ["autograd"], "extra_compile_args": {flags!r}}}
modules = [Extension(name, [path], **options) for name, path in sources.items()]
directives = {{"language_level": 3, "annotation_typing": False, "binding": True, "cpow": True}}
setup(ext_modules=cythonize(modules, compiler_directives=directives), script_args=["build_ext", "--inplace"])
"""
MYPYC = """
from mypyc.build import mypycify
from setuptools import setup

modules = mypycify(["--ignore-missing-imports", "autograd/backward.py"])
setup(ext_modules=modules, script_args=["build_ext", "--inplace"])
"""
#: The functions of `math` that are C's own, to the last bit; where they raise an error, C's give what is not finite.
LIBM = (
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "exp", "expm1", "fabs", "log",
    "log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh",
)  # fmt: skip
NODE = re.compile(
    r"if .*_out - _out != 0\.0.*:\n(?P<record> +return record.*\n)(?P<indent> +)_node = new\(Value\)\n"
    r"(?P<slots>(?: +_node\.\w+ = .+\n)+) +return _node\n"
)
SLOT = re.compile(r"_node\.(\w+) = (.+)\n")


def _typed(source: str, name: str, used: dict[str, Any]) -> str:
    """Rewrite an emitted recorder in Cython: C doubles for numbers, C functions, one call that makes the node."""

    def node(block: re.Match[str]) -> str:
        slots = dict(SLOT.findall(block["slots"]))
        x, y, dx, dy = (slots[slot] for slot in ("_x", "_y", "_dx", "_dy"))
        finite = " or ".join(f"{number} - {number} != 0.0" for number in ("_out", dx, dy) if number != "None")
        made = f"new_node(Value, _out, _op, {x}, {y}, {dx}, {dy}, 0, _context.scope)"
        return f"if {finite}:\n{block['record']}{block['indent']}return {made}\n"

    source, made = NODE.subn(node, source)
    assert made, f"the recorder of {name} makes no node as compiled.py knows it"
    for given, function in used.items():
        if function in (getattr(math, known) for known in LIBM):
            source = re.sub(rf"(?<![\w.]){given}\(", f"c_{function.__name__}(", source)
    source = re.sub(r"def make\(_op, (.*)\):", rf"def make_{name}(_op, \1):", source, count=1)
    source = re.sub(r"(def _re\w+\()(_[xy].*\):\n)", r"\1Node \2        cdef double _a, _b, _out\n", source)
    source = source.replace("= _y._data", "= (<Node>_y)._data")
    return f"{source}\nMAKE[{name!r}] = make_{name}\n"


def _walks() -> str:
    """Declare the functions of `autograd.backward` that walk over nodes by plain loops."""
    declared = BACKWARD
    for name, function in inspect.getmembers(backward, inspect.isfunction):
        code = function.__code__
        walks = "node" in code.co_varnames[code.co_argcount :]
        nested = any(inspect.iscode(constant) for constant in code.co_consts)
        if function.__module__ == backward.__name__ and walks and not nested and code.co_name == name:
            parameters = inspect.signature(function).parameters.values()
            arguments = [p.name if p.default is p.empty else f"{p.name}=*" for p in parameters]
            declared += WALK.format(name=name, arguments=", ".join(arguments))
    return declared


def write_sources(folder: Path, names: frozenset[str] | None = None) -> None:
    """Write what Cython needs beside a copy of the package.

    Args:
        folder: where the copy lies.
        names: operations to compile; without it all of one or two operands.
    """
    package = folder / "autograd"
    slots = sorted(Value.__slots__)  # the order in which Python lays them out
    header = HEADER.format(fields="\n".join(f"    PyObject *{slot};" for slot in slots))
    (package / "layout.h").write_text(header, encoding="utf-8")
    layout = LAYOUT.format(fields="\n".join(f"        cdef object {slot}" for slot in slots))
    (package / "layout.pxd").write_text(layout, encoding="utf-8")
    (package / "backward.pxd").write_text(_walks(), encoding="utf-8")
    recorders = RECORDERS.format(functions=", ".join(f"{name} as c_{name}" for name in LIBM))
    for op in CATALOGUE:
        if not op.nary and len(op.slopes) <= 2 and (names is None or op.name in names):
            source, used = recorder_source(op)
            recorders += _typed(source, op.name, used)
    (package / "_recorders.pyx").write_text(recorders, encoding="utf-8")


def build(folder: Path, script: str) -> float:
    """Run a build script in a folder with a copy of the package.

    Returns:
        how many seconds it took.

    Raises:
        BuildError: it failed.
    """
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"The copy could not be compiled:\n{(done.stdout + done.stderr)[-2000:]}")
    return time.perf_counter() - start


def _copy(stack: ExitStack) -> Path:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    shutil.copytree(PACKAGE, folder / "autograd", ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    return folder


def run(options: Options) -> dict[str, Any]:
    """Build every copy that the installed tools can build, and measure them in turns beside the plain package."""
    operations, times = (ROUND, 1) if options.quick else (OPERATIONS, REPETITIONS)
    tools = {"Cython": "Cython", "mypyc": "mypyc", "a C compiler": None}
    missing = [name for name, module in tools.items() if (not _compiler() if module is None else not _there(module))]
    result: dict[str, Any] = {"operations": operations, "repetitions": times, "missing": missing, "seconds": {}}
    with ExitStack() as stack:
        paths: dict[str, list[str]] = {PLAIN: []}
        if _compiler() and _there("Cython"):
            folder = _copy(stack)
            write_sources(folder, FEW if options.quick else None)
            sources = {"autograd.backward": "autograd/backward.py", "autograd._recorders": "autograd/_recorders.pyx"}
            flags = ["-O0"] if options.quick else []
            result["seconds"]["Cython"] = build(folder, CYTHON.format(sources=sources, flags=flags))
            paths |= {name: [str(folder)] for name in ("sweep", *BUILDS)}
            if not options.quick:
                folder = _copy(stack)
                build(folder, CYTHON.format(sources={"autograd.backward": "autograd/backward.py"}, flags=[]))
                paths["sweep, nothing declared"] = [str(folder)]
        if _compiler() and _there("mypyc") and not options.quick:
            folder = _copy(stack)
            result["seconds"]["mypyc"] = build(folder, MYPYC)
            paths["sweep, by mypyc"] = [str(folder)]
        workers = {name: stack.enter_context(Worker(*path)) for name, path in paths.items()}
        result["workloads"] = {workload: _measure(workload, workers, operations, times) for workload in WORKLOADS}
        result["parts"] = {name: worker.call("timing:extension_modules") for name, worker in workers.items()}
    return result


def _there(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _compiler() -> bool:
    return sys.platform == "win32" or shutil.which("cc") is not None


def _measure(workload: str, workers: dict[str, Worker], operations: int, times: int) -> dict[str, Any]:
    peers = {name: name if name in BUILDS else OURS for name in workers}
    expected = workers[PLAIN].call("timing:outcome", OURS, workload, operations)
    rows: dict[str, Any] = {}
    for name, worker in workers.items():
        found = worker.call("timing:outcome", peers[name], workload, operations)
        rows[name] = {"agreement": check_agreement(name, found, expected, workload), True: [], False: []}
    for _ in range(times):
        for collector in (True, False):
            for name, worker in workers.items():
                taken = worker.call("timing:repetition", peers[name], workload, operations, collector)
                rows[name][collector].append(taken)
    for row in rows.values():
        for collector, key in ((True, "on"), (False, "off")):
            samples = row.pop(collector)
            row[key] = {part: spread([each[part] for each in samples]) for part in samples[0]}
    return rows


INTRODUCTION = """
The plain source is the truth and needs no compiler. This section measures what a compiler makes of it; nothing of it is
in the package. A copy is taken, and not a line of it is changed:

- *sweep*: `backward.py` is compiled by Cython, with a declaration beside it that its nodes are Values, whose slots lie
  in a known order.
- *sweep and recorders*: the recorders that `autograd.emit` emits are written to a file, their numbers declared as C
  doubles, and compiled too. A user's own operations keep their plain recorders.
- *sweep and recorders, untracked*: the compiled recorders keep their nodes from the cyclic collector. An operation's
  operands are older than it, so no cycle passes through a graph unless a leaf's `grad` is a graph over that leaf, as
  after `backward(create_graph=True)`: such a graph would live until that `grad` is cleared.
- *sweep, nothing declared*: Cython without the declaration; *sweep, by mypyc*: the same file, from its type hints. Both
  read a Value's slots by name, at which Python's own specialised instructions are faster. mypyc cannot compile `Value`
  itself, whose operators are set from the catalogue.

Nanoseconds per operation as in S1; the goal for a compiled build is 350.
"""
HEAD = ("copy", "record", "sweep", "total", "of it collector", "total, collector off")


def section(result: dict[str, Any]) -> str:
    """Write the section."""
    parts = [INTRODUCTION]
    for name, rows in result["workloads"].items():
        cells = [
            [
                label, *(duration(row["on"][part], with_range=False) for part in ("record", "sweep")),
                duration(row["on"]["total"]), duration(row["on"]["collector"], with_range=False),
                duration(row["off"]["total"], with_range=False),
            ]
            for label, row in rows.items()
        ]  # fmt: skip
        parts.append(f"**{name}**\n\n{table(HEAD, cells)}")
    if result["missing"]:
        parts.append(f"Not installed: {', '.join(result['missing'])}.\n")
    if result["seconds"]:
        taken = ", ".join(f"{seconds:.0f} s with {tool}" for tool, seconds in result["seconds"].items())
        parts.append(f"Compiling takes {taken}.\n")
    return "\n".join(parts)


BENCHMARK = Benchmark("compiled", "The same source, compiled", run, section)
