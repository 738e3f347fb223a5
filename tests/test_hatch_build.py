"""The compiled build: the same source in C computes, refuses and lets go of what the plain package does."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
import autograd.backward
from autograd import CATALOGUE
from autograd.emit import recorder_source
from hatch_build import CompiledBuild, build, write_sources

ROOT = Path(__file__).parent.parent
#: What the tests below need compiled; the others stay plain, as a user's operations do.
FEW = frozenset({"add", "mul", "truediv", "pow", "tanh", "sqrt", "log", "mod"})


@pytest.fixture(scope="module")
def compiler():
    if importlib.util.find_spec("Cython") is None or shutil.which("cc") is None:
        pytest.skip("needs Cython and a C compiler")


@pytest.fixture(scope="module")
def compiled(tmp_path_factory, compiler):
    """A function that runs a script on a compiled copy, or on the plain package, and returns what it printed."""
    folder, elsewhere = tmp_path_factory.mktemp("compiled"), tmp_path_factory.mktemp("elsewhere")
    made = build(ROOT, folder, FEW, ("-O0",))
    assert sorted(path.name.partition(".")[0] for path in made) == ["backward", "native"]

    def run(script, plain=False):
        environment = {**os.environ, "PYTHONPATH": str(ROOT if plain else folder)}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, cwd=elsewhere
        )
        return done.stdout

    return run


def test_the_package_says_what_it_is():
    assert autograd.__compiled__ is autograd.backward.__file__.endswith((".so", ".pyd"))


def test_the_compiled_one_says_that_it_is_compiled(compiled):
    script = "import autograd, autograd.backward; print(autograd.__compiled__, autograd.backward.__file__[-3:])"
    assert compiled(script).split() == ["True", ".so"]
    assert compiled(script, plain=True).split() == ["False", ".py"]


BITS = """
import itertools, math, autograd
from autograd import Value
odd = float.fromhex("0x1.1dd881f8d6032p+0")  # of which two versions of pow in one C library differ
points = [0.0, -0.0, odd, 5e-324, 1e-300, 0.1, -0.7, 1.0, -1.0, 2.0, -3.0, 4, 1e17, 1e200, -1.7e308, math.inf, math.nan]
def show(f):
    try:
        y = f()
        print(y.data.hex(), [s if s is None else s.hex() for s in y.slopes])
    except (ArithmeticError, ValueError) as error:
        print(type(error).__name__, error)
for op in (autograd.add, autograd.mul, autograd.truediv, autograd.pow, autograd.mod):
    for a, b in itertools.product(points, points):
        show(lambda: op(Value(a), Value(b))); show(lambda: op(a, Value(b))); show(lambda: op(Value(a), b))
for op in (autograd.tanh, autograd.sqrt, autograd.log, autograd.cbrt):
    for a in points:
        show(lambda: op(Value(a)))
"""


def test_every_bit_and_every_error_is_the_same(compiled):
    found = compiled(BITS)
    assert found == compiled(BITS, plain=True)
    assert len(found.splitlines()) > 4000


def test_what_is_no_value_is_an_error(compiled):
    script = """
from autograd import Value
for wrong in (None, 1.0, "x"):
    for f in (Value.tanh, Value.__add__, Value.__mul__):
        try:
            f(wrong, *[1.0] * (f is not Value.tanh))
        except TypeError as error:
            print(type(error).__name__)
"""
    assert compiled(script).split() == ["TypeError"] * 9


GARBAGE = """
import gc, sys
from autograd import Op, Value, hessian, tanh

def left(run):
    for _ in range(3):
        run()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(200):
        run()
    gc.collect()
    return sys.getallocatedblocks() - before < 200

def second_order():
    x = Value(0.5)
    for _ in range(2):
        (tanh(x * x) + x**3).backward(create_graph=True)

def by_hand():
    x = Value(0.5)
    x.grad = tanh(x * x + 1.0)

def an_operation_that_holds_its_result():
    kept = []
    op = Op("double", lambda x, kept=kept: x + x, [lambda out, x: 2.0])
    kept.append(tanh(op(Value(0.5)) * 2.0) + 1.0)

print([left(run) for run in (second_order, by_hand, an_operation_that_holds_its_result)])
y = tanh(Value(0.5) * 2.0)
print(gc.is_tracked(y))
hessian(lambda v: tanh(v[0] * v[1]))([0.5, 1.0])
gc.collect(); gc.disable()
hessian(lambda v: tanh(v[0] * v[1]))([0.5, 1.0])
print(gc.collect())
"""


def test_no_cycle_is_left_behind(compiled):
    assert compiled(GARBAGE).splitlines() == ["[True, True, True]", "False", "0"]
    assert compiled(GARBAGE, plain=True).splitlines() == ["[True, True, True]", "True", "0"]


def test_errors_name_the_line_and_graphs_are_copied(compiled):
    script = """
import copy, pickle, threading
from autograd import Value, explain, log, no_grad, tanh
x = Value(0.5, name="x")
y = tanh(x * x); y.name = "y"
y.backward()
print(x.grad, explain(y, x), y.edges)
for twin in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
    twin.backward()
    print(twin.graph().nodes[0].grad, twin)
with no_grad():
    print(tanh(x))
found = []
threads = [threading.Thread(target=lambda: found.append(tanh(x * x).slopes)) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(len(set(found)))
try:
    log(x - 1.0)
except ValueError as error:
    print(error)
"""
    assert compiled(script) == compiled(script, plain=True)


def test_every_recorder_can_be_written(tmp_path):
    write_sources(tmp_path)
    written = (tmp_path / "native.pyx").read_text(encoding="utf-8")
    for op in CATALOGUE:
        if not op.nary and len(op.slopes) <= 2:
            source, _ = recorder_source(op)
            python_floats = "%" in source or "//" in source  # whose rounding C has not
            assert (f"FACTORIES[{op.name!r}] = make_{op.name}" in written) is not python_floats
            if not python_floats:
                made = written.split(f"def make_{op.name}(")[1].split("FACTORIES[")[0]
                assert made.count("return new_node(Value, ") == source.count("= new(Value)")
    declared = (tmp_path / "backward.pxd").read_text(encoding="utf-8")
    assert "cpdef sweep(root, seed, wanted=*)" in declared
    assert "cpdef _deliver(" in declared


def test_a_failed_build_says_what_the_compiler_said(tmp_path, compiler):
    with pytest.raises(RuntimeError, match=r"(?s)autograd could not be compiled:.*no-such-flag"):
        build(ROOT, tmp_path, frozenset(), ("--no-such-flag",))


def test_what_is_edited_is_not_compiled():
    with pytest.raises(RuntimeError, match="install without -e"):
        CompiledBuild.initialize(None, "editable", {})


def test_an_install_compiles_where_it_is_asked_to_only():
    import tomllib

    hook = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hook = hook["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    assert hook["enable-by-default"] is False
    assert len((ROOT / "hatch_build.py").read_text(encoding="utf-8").splitlines()) < 150
