"""The scripts that write documents, as modules."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def script(name):
    """Load a script of docs/ without running it."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
