"""Write autograd/operations.pyi, which tells type checkers and editors what the catalogue gives at run time.

Run ``python docs/stubs.py`` after a record was added to autograd/ops.py.
"""

from __future__ import annotations

from pathlib import Path

from autograd import CATALOGUE, Op, Value
from autograd.operators import OPERATORS

PATH = Path(__file__).parents[1] / "autograd" / "operations.pyi"

HEAD = '''"""Written by docs/stubs.py from the catalogue: run it after a record was added to autograd/ops.py."""

from autograd.op import Op
from autograd.value import Value

'''


def stubs() -> str:
    """Write a name for each operation, and a class with the methods that `autograd.recording` installs."""
    text = HEAD + "".join(f"{op.name}: Op\n" for op in CATALOGUE)
    text += "\nclass Methods:\n"
    for name, (op, reflected) in OPERATORS.items():
        others = "" if len(op.slopes) == 1 else ", other: float" if reflected else ", other: Value | float"
        text += f"    def {name}(self{others}) -> Value: ...\n"
    for name in ("__lt__", "__le__", "__gt__", "__ge__"):
        text += f"    def {name}(self, other: Value | float) -> bool: ...\n"
    text += "    def __round__(self, digits: int = ...) -> Value: ...\n"
    for name in ("__floor__", "__ceil__", "__trunc__"):
        text += f"    def {name}(self) -> Value: ...\n"
    for op in CATALOGUE:
        if not op.nary and hasattr(Value, op.name):
            text += f"    def {op.name}(self{_second(op)}) -> Value: ...\n"
    return text


def _second(op: Op) -> str:
    if len(op.slopes) == 1:
        return ""
    if len(op.slopes) > 2:
        return "".join(f", {name}: Value | float" for name in op.operands[1:])
    return f", {op.operands[1]}: Value | float = {op.defaults[-1]!r}" if op.defaults else ", other: Value | float"


if __name__ == "__main__":
    PATH.write_text(stubs(), encoding="utf-8")
