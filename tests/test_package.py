"""The packages: their public surface, which way imports go, and what importing them loads."""

import ast
import builtins
import importlib
import inspect
import pkgutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from documents import script

import autograd

storeys = script("storeys")
ROOT = Path(autograd.__file__).parent
#: Public names that Python's own functions have too: written in full, or imported by name.
SHARED_WITH_PYTHON = {op.name for op in autograd.CATALOGUE if hasattr(builtins, op.name)} | {"compile"}
PUBLIC = sorted({*autograd.__all__, *SHARED_WITH_PYTHON})
#: What each package is made of, by folder or by module, the lowest layer first: a module may import what is in lower
#: layers and in its own, but not in a circle. What no layer lists is on top.
LAYERS = {
    "autograd": [
        "errors advice files context notation scaled coefficients collector latex_names native",
        "op",
        "symbol floats arrays spelling",
        "tree",
        "ops",
        "operators factors naming",
        "shares",
        "textbook",
        "value",
        "emit ufuncs vectors softmax choosing",
        "recording",
        "ellipsis",
        "expression graph staleness anomaly singular formula trials",
        "backward derivation chains copying symbolic rule_names answers",
        "pens",
        "steps",
        "explain",
        "practice exercise",
        "lifting",
        "functional products draw testing",
    ],
    "nn": [
        "errors interrupts registry absent",
        "arrays draws calling parameters drawing state summary modules.activations saving.architecture module",
        "modules",
        "losses",
        "data",
        "metrics",
        "optim",
        "training",
    ],
    "edgegrad": [
        "errors",
        "lectures",
        "asking",
        "cli",
    ],
}


@cache
def imports_of(package):
    """Return every import of every module of a package, with when it is made."""
    modules = storeys.modules_of(package)
    return {name: storeys.imports_of(path.read_text(encoding="utf-8")) for name, path in modules.items()}


def loaded_within(package):
    """Name for each module of a package the others of it that are loaded with it, as seen from the package."""
    inside = f"{package}."
    return {
        name.removeprefix(inside): {
            module.removeprefix(inside) for module, when in found if when == "loading" and module.startswith(inside)
        }
        for name, found in imports_of(package).items()
        if name.startswith(inside)
    }


def height(package, name):
    """Return how high in its package a module stands; what no layer lists is on top."""
    parents = {name} | {name.rsplit(".", n)[0] for n in range(1, name.count(".") + 1)}
    found = [k for k, layer in enumerate(LAYERS[package]) if parents & set(layer.split())]
    return min(found, default=len(LAYERS[package]))


def test_the_public_surface_is_the_list():
    assert sorted(set(autograd.__all__)) == sorted(autograd.__all__)
    submodules = {module.name for module in pkgutil.iter_modules(autograd.__path__)}
    public = {name for name in vars(autograd) if not name.startswith("_")} - submodules - {"annotations"}
    loaded_when_asked_for = {"Compiled", "Exercise", "Program", "Values", "compile"}
    assert public | loaded_when_asked_for == set(PUBLIC) - submodules
    names = {}
    exec("from autograd import *", names)
    assert set(autograd.__all__) <= names.keys()
    assert all(names[name] is getattr(autograd, name) for name in autograd.__all__)


def test_importing_everything_replaces_none_of_pythons_functions():
    assert {"abs", "pow", "compile"} <= SHARED_WITH_PYTHON
    names = dict(vars(builtins))
    exec("from autograd import *", names)
    assert [
        name for name in dir(builtins) if not name.startswith("_") and names[name] is not getattr(builtins, name)
    ] == []


def test_what_is_loaded_when_asked_for_can_be_discovered():
    assert {"testing", *PUBLIC} <= set(dir(autograd))
    code = (
        "import sys, autograd; print(dir(autograd).count('testing'), 'numpy' in sys.modules); "
        "print(autograd.testing.check_gradients.__name__, autograd.testing is sys.modules['autograd.testing'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1 False\ncheck_gradients True\n"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_documented(name):
    thing = getattr(autograd, name)
    if name == "CATALOGUE":
        assert all(isinstance(op, autograd.Op) for op in thing)
        return
    documentation = inspect.getdoc(thing)
    assert documentation
    assert documentation[0].isupper() or documentation[0] == "`" or isinstance(thing, autograd.Op)


@pytest.mark.parametrize(
    "name", [name for package in storeys.STOREYS for name in storeys.modules_of(package) if "__main__" not in name]
)
def test_every_module_is_documented_and_lists_what_is_public(name):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in storeys.STOREYS:
            raise
        pytest.skip(f"{error.name} is not installed")
    module = sys.modules[name]  # `autograd.explain` is a function
    assert module.__doc__
    for public in getattr(module, "__all__", []):
        assert hasattr(module, public), public


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert autograd.__version__ == version("edgegrad")


@pytest.mark.parametrize("package", storeys.STOREYS)
def test_a_storey_knows_those_below_it_only(package):
    """By no import: neither at the top nor late, neither for type checkers nor by a module's name."""
    heights = list(storeys.STOREYS)
    above = set(heights[heights.index(package) + 1 :])
    known = {(name, module) for name, found in imports_of(package).items() for module, _ in found}
    assert {pair for pair in known if pair[1].partition(".")[0] in above} == set()


@pytest.mark.parametrize("package", LAYERS)
def test_every_layer_is_there(package):
    listed = [name for layer in LAYERS[package] for name in layer.split()]
    assert len(listed) == len(set(listed))
    assert set(listed) <= loaded_within(package).keys()


@pytest.mark.parametrize("package", LAYERS)
def test_imports_go_one_way(package):
    pairs = {(name, other) for name, needed in loaded_within(package).items() for other in needed}
    assert {(name, other) for name, other in pairs if height(package, other) > height(package, name)} == set()


@pytest.mark.parametrize("package", LAYERS)
def test_no_module_imports_one_that_imports_it(package):
    below = {name: needed for name, needed in loaded_within(package).items() if name != "__main__"}
    while below:
        ready = {name for name, needed in below.items() if not (needed & below.keys()) - {name}}
        assert ready, f"a cycle of imports among {sorted(below)}"
        below = {name: needed for name, needed in below.items() if name not in ready}


def test_nn_uses_public_names_only():
    """It takes what `import autograd` gives, and beside that `autograd.files` alone, by which files appear whole."""
    for path in storeys.modules_of("nn").values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "autograd":
                assert {alias.name for alias in node.names} <= set(PUBLIC), path.name
    inner = {module for found in imports_of("nn").values() for module, _ in found if module.startswith("autograd.")}
    assert inner == {"autograd.files"}


def test_importing_loads_the_standard_library_only():
    code = (
        "import sys; before = set(sys.modules); import autograd; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "autograd" in loaded
    cython = {name for name in loaded if "cython" in name and autograd.__compiled__}  # which a compiled build makes
    assert set(loaded) - {"autograd"} - cython <= sys.stdlib_module_names


def test_hypothesis_is_imported_by_the_strategies_only():
    users = [name for name, found in imports_of("autograd").items() if "hypothesis" in {module for module, _ in found}]
    assert users == ["autograd.testing.strategies"]
    code = "import sys, autograd.testing; print('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_no_derivative_outside_the_catalogue():
    """A record with slope rules is made in ops.py only; those of the bug gallery are wrong on purpose."""
    for path in set(ROOT.rglob("*.py")) - set((ROOT / "testing" / "gallery").iterdir()):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        makes = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Op"]
        assert bool(makes) == (path.name == "ops.py"), path.name


def requirements():
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {name: list(map(Requirement, lines)) for name, lines in project["optional-dependencies"].items()}
    return list(map(Requirement, project["dependencies"])), extras


@pytest.mark.parametrize(
    ("system", "machine", "python", "wheel"),
    [  # the wheels of pygraphviz 2.0, and places that have none
        ("linux", "x86_64", "CPython", True),
        ("linux", "aarch64", "CPython", True),
        ("darwin", "x86_64", "CPython", True),
        ("darwin", "arm64", "CPython", True),
        ("win32", "AMD64", "CPython", True),
        ("win32", "ARM64", "CPython", False),
        ("linux", "armv7l", "CPython", False),
        ("linux", "riscv64", "CPython", False),
        ("emscripten", "wasm32", "CPython", False),
        ("linux", "x86_64", "PyPy", False),
    ],
)
def test_pygraphviz_is_asked_for_where_it_has_wheels(system, machine, python, wheel):
    [pygraphviz] = [needed for needed in requirements()[0] if needed.name == "pygraphviz"]
    place = {"sys_platform": system, "platform_machine": machine, "platform_python_implementation": python}
    assert pygraphviz.marker.evaluate(place) == wheel


def test_an_extra_lists_what_is_used():
    """What the site needs is in its own extra, and nothing is installed that nothing imports."""
    extras = requirements()[1]
    assert {needed.name for needed in extras["docs"]} >= {"sphinx", "hypothesis", "edgegrad"}
    assert [needed.extras for needed in extras["docs"] if needed.name == "edgegrad"] == [{"notebooks", "fast", "plots"}]
    assert {needed.name for needed in extras["interop"]} == {"h5py", "torch"}
    assert {needed.name for needed in extras["onnx"]} == {"onnx", "onnxruntime", "onnxscript", "torch"}
