"""The compiled build, where ``HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 pip install .`` asks for it: the same source in C.

Cython makes two modules, which Python finds before the plain ones: `autograd.backward` as it stands, its nodes declared
to be Values, whose slots are C pointers; and `autograd.native`, the recorders that `autograd.emit` writes, on doubles.
"""

from __future__ import annotations

import atexit
import math
import re
import shutil
import subprocess
import sys
from inspect import getmembers, iscode, isfunction, signature
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # the benchmark of this build makes no wheel
    BuildHookInterface = object

#: A node is older than what is computed from it, so that no cycle passes through operations of the catalogue: they are
#: kept from the cyclic collector. A user's operation may hold anything, and it and what stands on it are not; a graph
#: that a leaf holds for its gradient is given back by `show_collector`.
HEADER = """#include <Python.h>
typedef struct {{ PyObject_HEAD {fields} }} ValueObject;
#define IS_WATCHED(v) (((ValueObject *)v)->_x != Py_None && PyObject_GC_IsTracked(v))
static inline PyObject *new_node(PyTypeObject *kind, double data, PyObject *op, PyObject *x, PyObject *y, PyObject *dx,
                                 PyObject *dy, PyObject *zero, PyObject *scope)
{{
    ValueObject *node = (ValueObject *)kind->tp_alloc(kind, 0);
    if (node == NULL || (node->_data = PyFloat_FromDouble(data)) == NULL) {{ Py_XDECREF(node); return NULL; }}
    node->_op = Py_NewRef(op); node->_x = Py_NewRef(x); node->_y = Py_NewRef(y);
    node->_dx = Py_NewRef(dx); node->_dy = Py_NewRef(dy); node->_pending = Py_NewRef(zero);
    node->_scope = Py_NewRef(scope); node->_grad = Py_NewRef(Py_None); node->_name = Py_NewRef(Py_None);
    if (!(dx != Py_None && IS_WATCHED(x)) && !(dy != Py_None && IS_WATCHED(y))) PyObject_GC_UnTrack(node);
    return (PyObject *)node;
}}
"""
LAYOUT = 'cdef extern from "layout.h":\n    ctypedef class autograd.value.Value [object ValueObject]:\n{fields}\n'
NATIVE = """'The recorders of the catalogue, compiled.'
from libc.math cimport {functions}
from autograd.layout cimport Value as Node
from autograd.context import current
from autograd.value import Value
cdef extern from "layout.h":
    bint PyObject_GC_IsTracked(object)
    void PyObject_GC_Track(object)
    object new_node(type, double, object, object, object, object, object, object, object)
FACTORIES = {{}}
def show_collector(roots):
    from autograd.graph import topological
    for node in topological(roots):
        if not PyObject_GC_IsTracked(node): PyObject_GC_Track(node)
"""
SETUP = """
from Cython.Build import cythonize
from setuptools import Extension, setup
files = [("autograd.backward", "autograd/backward.py"), ("autograd.native", "autograd/native.pyx")]
modules = [Extension(name, [file], extra_compile_args={flags!r}, libraries={libraries!r}) for name, file in files]
directives = {{"language_level": 3, "annotation_typing": False, "binding": True, "cpow": True}}
setup(ext_modules=cythonize(modules, compiler_directives=directives), script_args=["build_ext", "--inplace"])
"""
#: The functions of `math` that are C's own, to the last bit; where they raise an error, C's give what is not finite.
LIBM = {
    getattr(math, name): name for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "exp", "expm1", "fabs",
        "log", "log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh",
    )
}  # fmt: skip
FLAGS, LIBRARIES = ([], []) if sys.platform == "win32" else (["-ffp-contract=off", "-fno-fast-math"], ["m"])
NODE = re.compile(
    r"if .*_out - _out != 0\.0.*:\n(?P<record> +return record.*\n)(?P<indent> +)_node = new\(Value\)\n"
    r"(?P<slots>(?: +_node\.\w+ = .+\n)+) +return _node\n"
)


def _typed(source: str, name: str, used: dict[str, Any]) -> str:
    """Rewrite an emitted recorder in Cython: C doubles for numbers, C functions, one call that makes the node."""

    def node(block: re.Match[str]) -> str:
        x, y, dx, dy = re.findall(r"_node\._d?[xy] = (.+)\n", block["slots"])
        finite = " or ".join(f"{number} - {number} != 0.0" for number in ("_out", dx, dy) if number != "None")
        made = f"new_node(Value, _out, _op, {x}, {y}, {dx}, {dy}, 0, _context.scope)"
        return f"if {finite}:\n{block['record']}{block['indent']}return {made}\n"

    source, made = NODE.subn(node, source)
    assert made, f"what the recorder of {name} makes is unknown here"
    for given, function in ((name, LIBM[function]) for name, function in used.items() if function in LIBM):
        source = re.sub(rf"(?<![\w.]){given}\(", f"c_{function}(", source)
    source = source.replace("def make(_op, ", f"def make_{name}(_op, record, ", 1)
    first = r"\1(Node \2 not None\3\n        cdef double _a, _b, _out\n"
    source = re.sub(r"(def _re\w+)\((_[xy])(.*\):)\n", first, source)
    return f"{source.replace('= _y._data', '= (<Node>_y)._data')}\nFACTORIES[{name!r}] = make_{name}\n"


def write_sources(package: Path, names: frozenset[str] | None = None) -> None:
    """Write what Cython needs into a copy of `autograd`; `names` are the operations to compile, without it all."""
    from autograd import CATALOGUE, Value, backward
    from autograd.emit import recorder_source

    slots = sorted(Value.__slots__)  # the order in which Python lays them out
    walks = "cimport cython\nfrom autograd.layout cimport Value as Node\n"
    native = NATIVE.format(functions=", ".join(f"{name} as c_{name}" for name in LIBM.values()))
    for name, function in getmembers(backward, isfunction):
        code = function.__code__
        inner = {each.co_name for each in code.co_consts if iscode(each)}
        loops = "node" in code.co_varnames[code.co_argcount :] and inner <= {"<listcomp>"}
        if function.__module__ == backward.__name__ and loops and code.co_name == name:
            taken = (p.name if p.default is p.empty else f"{p.name}=*" for p in signature(function).parameters.values())
            walks += f"@cython.locals(node=Node)\ncpdef {name}({', '.join(taken)})\n"
    for op in CATALOGUE:
        if not op.nary and len(op.slopes) <= 2 and (names is None or op.name in names):
            source, used = recorder_source(op)
            if "//" not in source and "%" not in source:  # which C's doubles do not have as Python's floats have them
                native += _typed(source, op.name, used)
    (package / "layout.h").write_text(HEADER.format(fields=" ".join(f"PyObject *{slot};" for slot in slots)))
    (package / "layout.pxd").write_text(LAYOUT.format(fields="\n".join(f"        cdef object {s}" for s in slots)))
    (package / "backward.pxd").write_text(walks)
    (package / "native.pyx").write_text(native)


def build(root: Path, folder: Path, names: frozenset[str] | None = None, flags: tuple[str, ...] = ()) -> list[Path]:
    """Copy `autograd` from `root` into a folder and compile it there; returns the files that were made."""
    package = folder / "autograd"
    shutil.copytree(root / "autograd", package, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.pyd"))
    write_sources(package, names)
    command = [sys.executable, "-c", SETUP.format(flags=[*FLAGS, *flags], libraries=LIBRARIES)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"autograd could not be compiled:\n{(done.stdout + done.stderr)[-2000:]}")
    return [file for file in package.iterdir() if file.suffix in (".so", ".pyd")]


class CompiledBuild(BuildHookInterface):
    """What hatchling calls before it packs a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add what was made to the wheel."""
        if version == "editable":
            raise RuntimeError("A compiled copy of what is edited would lag behind it: install without -e.")
        sys.path.insert(0, self.root)
        folder = Path(mkdtemp())
        atexit.register(shutil.rmtree, folder)  # the wheel is packed after this
        included = {str(file): f"autograd/{file.name}" for file in build(Path(self.root), folder)}
        build_data |= {"pure_python": False, "infer_tag": True, "force_include": included}
