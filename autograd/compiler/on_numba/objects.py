"""Machine code on disk: what numba has compiled is loaded by LLVM alone, which takes a tenth of numba's own start.

A file is named by the text that it was compiled from, the processor and the compiler. One that is damaged, and a folder
that cannot be written to, cost time only.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import threading
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import llvmlite
import llvmlite.binding as llvm

from autograd.compiler.blas import find_product
from autograd.files import write

__all__ = ["OURS", "PRODUCTS", "addresses", "cache_folder"]

#: BLAS's products by the type of their numbers: of two matrices, and of a matrix and a vector.
PRODUCTS = {"float64": ("dgemm", "dgemv"), "float32": ("sgemm", "sgemv")}
#: What stands before their names where compiled code calls them.
OURS = "edgegrad_"
#: What numba refers to for errors, which functions without any never call.
NEVER_CALLED = (
    "NRT_Free", "NRT_MemInfo_call_dtor", "numba_do_raise", "numba_gil_ensure", "numba_gil_release",
    "numba_runtime_build_excinfo_struct", "numba_unpickle",
)  # fmt: skip
#: A symbol that LLVM's text declares and does not define.
REFERENCES = re.compile(r'^(?:declare [^@]*@"?([^"(]+)|@"?([^" ]+)"? = external)', re.MULTILINE)
DIGEST_BYTES = sha256().digest_size


class _Object(NamedTuple):
    """A compiled function.

    Attributes:
        symbol: what it is called in the object that defines it.
        needs: the symbols that the object refers to.
        content: the object.
    """

    symbol: str
    needs: list[str]
    content: bytes


_loading = threading.RLock()
_known: dict[str, dict[str, int]] = {}  # addresses by name, of each file
_kept: list[Any] = []  # what is loaded or compiled stays, as its addresses do


def cache_folder() -> Path:
    """Return the folder of compiled functions."""
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else Path(os.path.expanduser("~")) / ".cache") / "edgegrad"


def addresses(source: str, *names: str) -> tuple[int, ...]:
    """Return the addresses of functions that generated source defines: loaded, or compiled by numba and kept.

    Args:
        source: text that makes a numba ``cfunc`` of each.
        names: what they are called there.
    """
    with _loading:
        _know_symbols()
        file = sha256(f"{_processor()}\n{source}".encode()).hexdigest()[:24] + ".code"
        if file not in _known:
            path = cache_folder() / file
            objects = _read(path, names)
            found = None if objects is None else _load(objects)
            _known[file] = _compile(source, names, path) if found is None else found
        return tuple([_known[file][name] for name in names])


@cache
def _processor() -> str:
    """Name what machine code depends on: the processor, the system, and the versions of what compiles."""
    features = llvm.get_host_cpu_features().flatten()
    given = {key: text for key, text in sorted(os.environ.items()) if key.startswith("NUMBA_CPU")}
    about = [llvm.get_process_triple(), llvm.get_host_cpu_name(), features, given, llvmlite.__version__]
    return json.dumps([*about, version("numba")])


@cache
def _know_symbols() -> None:
    """Tell LLVM where the functions are that compiled code refers to."""
    _make_engine()  # the first one finds the functions of the process
    for function in chain(*PRODUCTS.values()):
        llvm.add_symbol(OURS + function, find_product(function))
    never = ctypes.cast(ctypes.pythonapi.Py_FatalError, ctypes.c_void_p).value
    for name in NEVER_CALLED:
        if not llvm.address_of_symbol(name):
            llvm.add_symbol(name, never)


def _compile(source: str, names: tuple[str, ...], path: Path) -> dict[str, int]:
    """Compile functions by numba, and keep the machine code if that can be done."""
    made: dict[str, Any] = {}
    exec(compile(source, f"<{path.stem}>", "exec"), made)
    functions = {name: made[name] for name in names}
    _kept.append(functions)
    with suppress(Exception):  # a full disk, say, or another numba
        _write(path, {name: _take(each) for name, each in functions.items()})
    return {name: int(each.address) for name, each in functions.items()}


def _take(function: Any) -> _Object:
    """Take what numba has compiled of a function."""
    library = function._library
    found = [one or other for one, other in REFERENCES.findall(library.get_llvm_str())]
    needs = [name for name in found if not name.startswith("llvm.")]
    return _Object(function._wrapper_name, sorted(set(needs)), library._get_compiled_object())


def _load(objects: dict[str, _Object]) -> dict[str, int] | None:
    """Load objects; None where one refers to what is not there, on which LLVM would end the process."""
    found = {}
    for name, (symbol, needs, content) in objects.items():
        if not all(map(llvm.address_of_symbol, needs)):
            return None
        engine = _make_engine()
        engine.add_object_file(llvm.ObjectFileRef.from_data(content))
        engine.finalize_object()
        found[name] = int(engine.get_function_address(symbol))
    return found if all(found.values()) else None


def _make_engine() -> Any:
    """Make what holds an object; it owns its machine, and lives as long as the process."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=3, codemodel="jitdefault", jit=True)
    _kept.append(llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine))
    return _kept[-1]


def _read(path: Path, names: tuple[str, ...]) -> dict[str, _Object] | None:
    """Read what `_write` wrote; None where it is not there, or not whole."""
    try:
        if not path.is_file():  # a pipe would never end
            return None
        content = path.read_bytes()
        digest, body = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        if sha256(body).digest() != digest:
            return None
        head, _, rest = body.partition(b"\n")
        objects = {}
        for name, symbol, needs, size in json.loads(head):
            objects[name], rest = _Object(symbol, needs, rest[:size]), rest[size:]
    except (OSError, ValueError):
        return None
    return objects if set(names) <= objects.keys() else None


def _write(path: Path, objects: dict[str, _Object]) -> None:
    """Write a file whole or not at all."""
    head = json.dumps([[name, each.symbol, each.needs, len(each.content)] for name, each in objects.items()])
    body = b"".join([head.encode(), b"\n", *(each.content for each in objects.values())])
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, sha256(body).digest() + body)
