"""Write docs/operations.md from the records of the catalogue: ``python docs/operations.py``."""

from __future__ import annotations

from pathlib import Path

from autograd import CATALOGUE, Op
from autograd.symbol import formulas, text
from autograd.textbook import formula

PAGE = Path(__file__).with_name("operations.md")

INTRODUCTION = """# Operations

<!-- Written by docs/operations.py from the records in autograd/ops.py: change those. -->

Every derivative of the project stands in this table once, as the rule of a record in `autograd/ops.py`. The formulas
below are those rules, read with symbols and shortened as in a textbook; `help(autograd.tanh)` shows one card.
`[x > 0]` is 1 where the condition holds, else 0.

| operation | what it computes | derivatives | domain |
|---|---|---|---|
"""

KINKS = """
## Kinks

Where an operation has no derivative, this is the slope its edge gets. A zero adjoint passes zero along every edge below
it, whatever the slopes there: so `where` never lets the branch not taken spoil a gradient.

| operation | where | convention |
|---|---|---|
"""


def _cell(written: str) -> str:
    return written.replace("|", "\\|")


def _code(written: str) -> str:
    return f"`{_cell(written)}`"


def _row(op: Op) -> str:
    out, slopes = formulas(op)
    names = [text(operand) for operand in out.operands]
    shown = zip(names, slopes, strict=True)
    derivatives = "<br>".join(_code(f"∂/∂{name} = {formula(slope)}") for name, slope in shown)
    return f"| `{op.name}` | {_code(text(out))}: {_cell(op.doc)} | {derivatives} | {_cell(op.describe_domain())} |"


def _kink(op: Op) -> str:
    if op.kink is None:
        where = ""
    elif op.nary:
        where = "operands tied"
    else:
        from autograd import Symbol

        where = _code(f"{text(op.kink(*map(Symbol, op.operands)))} = 0")
    return f"| `{op.name}` | {where} | {_cell(op.convention)} |"


def page() -> str:
    """Write the page as text."""
    rows = "\n".join(_row(op) for op in CATALOGUE)
    kinks = "\n".join(_kink(op) for op in CATALOGUE if op.convention)
    return f"{INTRODUCTION}{rows}\n{KINKS}{kinks}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
