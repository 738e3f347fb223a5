"""The scripts that write documents, as modules, and how what a document prints is compared."""

import doctest
import importlib.util
import math
import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")
TOLERANCE = 1e-6  # JAX computes in single precision


class Checker(doctest.OutputChecker):
    """Compares what is printed word by word, and decimal numbers to six digits: the last ones belong to the machine."""

    def check_output(self, want, got, flags):
        due, read = NUMBER.findall(want), NUMBER.findall(got)
        if "..." not in want and len(due) == len(read):
            if not all(math.isclose(float(a), float(b), rel_tol=TOLERANCE) for a, b in zip(due, read, strict=True)):
                return False
            want, got = NUMBER.sub("#", want), NUMBER.sub("#", got)
        return super().check_output(want, got, flags)


def script(name):
    """Load a script of docs/ without running it."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
