"""The package: its public surface, which way imports go, and what importing it loads."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd

ROOT = Path(autograd.__file__).parent
NN = ROOT.parent / "nn"
#: Each may import those before it, and the rest may import all of them.
LAYERS = [
    "errors", "context", "notation", "op", "symbol", "floats", "arrays", "tree", "ops", "softmax", "operators", "value",
    "ufuncs", "emit", "recording", "graph", "backward", "functional",
]  # fmt: skip
#: The same in `nn`, by folder or by module; a layer's own parts may import each other, but not in a circle.
NN_LAYERS = [
    {"errors", "registry", "arrays", "state", "summary", "modules.activations", "saving.architecture", "module"},
    {"modules"},
    {"losses", "metrics"},
    {"data"},
    {"optim"},
    {"training"},
]


def modules_of(package):
    names = [package.__name__]
    names += [module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    return [name for name in names if not name.endswith("__main__")]


def imports_of(path, *, everywhere):
    """List what a module imports as (module, name); only while it is being loaded unless `everywhere`."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    nodes = [node for statement in body for node in ast.walk(statement)] if everywhere else body
    found = []
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            found += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
    return found


def dotted(path, root):
    """Name a module as seen from its package: ``optim.flat``, and ``optim`` for that folder's ``__init__.py``."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imports_within(path, root):
    """Name the modules of the package in folder `root` that a module loads with itself."""
    found = set()
    for module, name in imports_of(path, everywhere=False):
        package, *parts = module.split(".")
        if package == root.name:
            inner = root.joinpath(*parts, name) if name else None
            if inner is not None and (inner.with_suffix(".py").exists() or (inner / "__init__.py").exists()):
                parts.append(name)
            found.add(".".join(parts) or "__init__")
    return found


def nn_layer(name):
    """Say how high in `nn` a module stands; what no layer lists is on top."""
    heights = [k for k, layer in enumerate(NN_LAYERS) if layer & {name, name.partition(".")[0]}]
    return min(heights, default=len(NN_LAYERS))


def test_the_public_surface_is_the_list():
    assert sorted(set(autograd.__all__)) == sorted(autograd.__all__)
    submodules = {module.name for module in pkgutil.iter_modules(autograd.__path__)}
    public = {name for name in vars(autograd) if not name.startswith("_")} - submodules - {"annotations"}
    loaded_when_asked_for = {"Program", "compile"}
    assert public | loaded_when_asked_for == set(autograd.__all__) - submodules
    names = {}
    exec("from autograd import *", names)
    assert set(autograd.__all__) <= names.keys()
    assert all(names[name] is getattr(autograd, name) for name in autograd.__all__)


@pytest.mark.parametrize("name", autograd.__all__)
def test_every_public_name_is_documented(name):
    thing = getattr(autograd, name)
    if name == "CATALOGUE":
        assert all(isinstance(op, autograd.Op) for op in thing)
        return
    documentation = inspect.getdoc(thing)
    assert documentation
    assert documentation[0].isupper() or documentation[0] == "`" or isinstance(thing, autograd.Op)


@pytest.mark.parametrize("name", [name for name in modules_of(autograd) if not name.startswith("edgegrad.cli")])
def test_every_module_is_documented_and_lists_what_is_public(name):
    module = importlib.import_module(name) if name != "autograd.explain" else sys.modules[name]
    assert module.__doc__
    for public in getattr(module, "__all__", []):
        assert hasattr(module, public), public


def test_the_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert autograd.__version__ == version("edgegrad")


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_go_one_way(layer):
    assert imports_within(ROOT / f"{layer}.py", ROOT) <= set(LAYERS[: LAYERS.index(layer)])


def test_imports_of_nn_go_one_way():
    found = {dotted(path, NN): imports_within(path, NN) for path in NN.rglob("*.py")}
    del found["__init__"]
    assert set().union(*NN_LAYERS) <= found.keys()
    upwards = {(name, other) for name, needed in found.items() for other in needed if nn_layer(other) > nn_layer(name)}
    assert upwards == set()


@pytest.mark.parametrize("root", [ROOT, NN], ids=lambda root: root.name)
def test_no_module_imports_one_that_imports_it(root):
    below = {dotted(path, root): imports_within(path, root) for path in root.rglob("*.py")}
    below = {name: needed for name, needed in below.items() if name not in ("__init__", "__main__")}
    while below:
        ready = {name for name, needed in below.items() if not (needed & below.keys()) - {name}}
        assert ready, f"a cycle of imports among {sorted(below)}"
        below = {name: needed for name, needed in below.items() if name not in ready}


def test_nn_uses_public_names_only():
    assert NN.is_dir()
    for path in NN.rglob("*.py"):
        for module, name in imports_of(path, everywhere=True):
            if module == "autograd" and name is not None:
                assert name in autograd.__all__, f"{path.name} imports {name}"
            elif module.startswith("autograd."):
                assert module.startswith("autograd.testing"), f"{path.name} imports {module}"


def test_the_engine_does_not_know_nn():
    for path in ROOT.rglob("*.py"):
        loaded = [module.partition(".")[0] for module, _ in imports_of(path, everywhere=True)]
        assert "nn" not in loaded, path.name


def test_importing_loads_the_standard_library_only():
    code = (
        "import sys; before = set(sys.modules); import autograd; "
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "autograd" in loaded
    assert set(loaded) - {"autograd"} <= sys.stdlib_module_names


def test_hypothesis_is_imported_by_the_strategies_only():
    users = [
        path.name for path in ROOT.rglob("*.py") if "hypothesis" in {m for m, _ in imports_of(path, everywhere=True)}
    ]
    assert users == ["strategies.py"]
    code = "import sys, autograd.testing; print('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_no_derivative_outside_the_catalogue():
    """A record with slope rules is made in ops.py only; those of the bug gallery are wrong on purpose."""
    for path in set(ROOT.rglob("*.py")) - set((ROOT / "testing" / "gallery").iterdir()):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        makes = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Op"]
        assert bool(makes) == (path.name == "ops.py"), path.name
