"""Change the code in one place at a time, and see whether tests notice: ``python tests/mutants.py 40``.

The places are drawn with a seed from all there are; the results are kept, so that it can be stopped and goes on.
Mutants live in a copy of the checkout.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from crowd import write_whole

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "docs" / "correctness" / "mutants.json"
SEED = 0
MOST_SECONDS = 240  # for the tests of one mutant: one that never ends is noticed, too
#: What is changed, and the tests nearest to it, those that are quick or likely first.
NEAREST = {
    "autograd/ops.py": (
        "test_ops test_edge_values test_correctness test_catalogue test_symbol test_docs compiler/test_special_points "
        "compiler/test_program_operations"
    ),
    "autograd/recording.py": (
        "test_value test_context test_errors test_emit test_backward test_state_machine compiler/test_trace test_ops"
    ),
    "autograd/backward.py": (
        "test_backward test_state_machine test_functional test_edge_values test_collector compiler/test_trace "
        "nn/training/test_threads"
    ),
    "autograd/functional.py": "test_functional test_vectors test_backward",
    "autograd/tree.py": "test_tree test_functional test_vectors compiler/test_compiled_functions",
    "autograd/compiler/simplify.py": (
        "compiler/test_simplify compiler/test_choices compiler/test_passes compiler/test_program "
        "compiler/test_program_agreement"
    ),
    "autograd/compiler/roll.py": (
        "compiler/test_roll compiler/test_choices compiler/test_passes compiler/test_program "
        "compiler/test_program_agreement"
    ),
    "autograd/compiler/adjoint.py": (
        "compiler/test_adjoint compiler/test_tapes compiler/test_choices compiler/test_program "
        "compiler/test_program_second_order compiler/test_program_agreement"
    ),
    "autograd/compiler/verify.py": "compiler/test_verify compiler/test_instructions compiler/test_passes",
}
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv, ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
#: Mutants that compute the same as the code, by file and change, and why nothing can tell them apart.
EQUIVALENT: dict[tuple[str, str], str] = {
    (
        "autograd/ops.py",
        "return 1.0  return 1.0 → return None (1)",
    ): "no cusp at all is as good as one that is not here",
    ("autograd/backward.py", "spread += node._grad or 0.0  0.0 → 1.0 (1)"): (
        "the sum is only asked whether it is finite"
    ),
    ("autograd/backward.py", "pop()  pop() → pass (2)"): "a leaf that stays on the stack is dropped at the next look",
    ("autograd/backward.py", "if off == 0.0 and not at_cusp:  0.0 → 1.0 (1)"): (
        "what is finite is looked at once more, and kept"
    ),
    (
        "autograd/backward.py",
        "show_collector([node._grad for node in nodes if isinstance(node._grad, Value)])  "
        "show_collector([node._grad for node in nodes if isinstance(node._grad, Value)]) → pass (1)",
    ): "it does something in a compiled build alone",
    (
        "autograd/compiler/adjoint.py",
        "lists[0 if leaves.batched else 1] += writer.clear(leaves)  leaves.batched → (not (leaves.batched)) (1)",
    ): "both lists see the rows of both memories, and nobody adds to these in between",
    (
        "autograd/compiler/roll.py",
        "found = np.full(self.shared_rows, -1), np.full(self.batched_rows, -1)  1 → 2 (1)",
    ): "it is only asked whether the number is negative",
    (
        "autograd/compiler/roll.py",
        'MIN_OPERATIONS_FOR_A_TAPE = {"jax": 32, "numba": 32, "numpy": 512}  32 → 33 (2)',
    ): "a matter of speed alone, and no measured one",
}


class Mutant(NamedTuple):
    """A change of one file.

    Attributes:
        file: which.
        line: where.
        change: the text of the line, and the code before and after: what names it, whatever line it has moved to.
        source: the whole file with the change.
    """

    file: str
    line: int
    change: str
    source: str


def named(mutant: Mutant) -> str:
    """Name a mutant in the results."""
    return f"{mutant.file}: {mutant.change}"


def changes(node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Yield what may stand in the place of a node, or of its condition."""
    match node:
        case ast.Compare(left, [operator], right) if type(operator) in COMPARISONS:
            yield node, f"({ast.unparse(ast.Compare(left, [COMPARISONS[type(operator)]()], right))})"
        case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
            yield node, f"({ast.unparse(ast.BinOp(left, OPERATORS[type(operator)](), right))})"
        case ast.BoolOp(operator, values):
            yield node, f"({ast.unparse(ast.BoolOp(OPERATORS[type(operator)](), values))})"
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield node, f"({ast.unparse(operand)})"
        case ast.Constant(bool() | int() | float() as number):
            yield node, repr(not number if isinstance(number, bool) else number + 1)
        case ast.If(test) | ast.IfExp(test) | ast.While(test):
            yield test, f"(not ({ast.unparse(test)}))"
        case ast.Expr(ast.Call()) | ast.Continue() | ast.Break() | ast.AugAssign() | ast.Raise():
            yield node, "pass"
        case ast.Return(ast.expr() as result) if not (isinstance(result, ast.Constant) and result.value is None):
            yield node, "return None"


def skipped(node: ast.AST) -> bool:
    """Whether nothing below is changed: what is only for type checkers, lists of names, and what stands in a text."""
    match node:
        case ast.If(ast.Name("TYPE_CHECKING")) | ast.Assign([ast.Name("__all__")]) | ast.JoinedStr():
            return True
    return False


def places(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node of a tree that may be changed; annotations and decorators may not."""
    for field, content in ast.iter_fields(tree):
        if field not in ("annotation", "returns", "decorator_list"):
            for node in content if isinstance(content, list) else [content]:
                if isinstance(node, ast.AST) and not skipped(node):
                    yield node
                    yield from places(node)


def mutants_of(file: str, text: str) -> list[Mutant]:
    """List every mutant of a file; what is not changed stays as it is written."""
    lines, found = text.encode().splitlines(keepends=True), []
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    whole, known = text.encode(), Counter[str]()
    for place in places(ast.parse(text)):
        for node, after in changes(place):
            start = starts[node.lineno - 1] + node.col_offset
            end = starts[node.end_lineno - 1] + node.end_col_offset
            before = whole[start:end].decode().partition("\n")[0]
            change = f"{lines[node.lineno - 1].decode().strip()}  {before} → {after}"
            known[change] += 1
            source = (whole[:start] + after.encode() + whole[end:]).decode()
            found.append(Mutant(file, node.lineno, f"{change} ({known[change]})", source))
    return found


def draw(seed: int) -> list[Mutant]:
    """List the mutants of all files in the order of a seed."""
    every = [mutant for file in NEAREST for mutant in mutants_of(file, (ROOT / file).read_text(encoding="utf-8"))]
    random.Random(seed).shuffle(every)
    return every


def run_tests(copy: Path, file: str) -> str:
    """Run the tests nearest to a file: what noticed, empty where nothing did."""
    tests = [file, *(f"tests/{name}.py" for name in NEAREST[file].split())]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "does not end"
    failed = [line.split(" - ")[0] for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return "" if done.returncode == 0 else (failed or ["cannot be imported"])[0]


def copy_checkout(folder: str) -> Path:
    """Copy what the tests need."""
    copy = Path(folder) / "copy"
    ignored = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache", ".hypothesis", "demo")
    shutil.copytree(ROOT, copy, ignore=ignored)
    return copy


def table(results: dict[str, dict[str, Any]]) -> str:
    """Write the section of the page: for each file killed, equivalent and alive, and the reasons."""
    if not results:
        return ""
    counts: dict[str, Counter[str]] = {file: Counter() for file in NEAREST}
    reasons, alive = [], []
    for key, result in results.items():
        file, _, change = key.partition(": ")
        reason = EQUIVALENT.get((file, change), "")
        state = "killed" if result["noticed"] else "equivalent" if reason else "alive"
        counts[file][state] += 1
        if reason:
            reasons.append(f"- `{file}`: `{change}`: {reason}.\n")
        elif state == "alive":
            alive.append(f"- `{file}:{result['line']}`: `{change}`\n")
    rows = "".join(
        f"| `{file}` | {n['killed']} | {n['equivalent']} | {n['alive']} |\n" for file, n in counts.items() if n
    )
    killed, living = (sum(n[state] for n in counts.values()) for state in ("killed", "alive"))
    share = f"{100 * killed / (killed + living):.1f} %" if killed + living else "—"
    text = f"""
## Mutants, against the tests

The code is changed in one place, and the tests nearest to it are to notice: a sign, a comparison, a constant, a
condition, a call left out. {len(results)} were tried: some by name, as they had lived once, and the others in the order
of seed {SEED}. {share} of those that are not equivalent are noticed, since each that lived at first got
its test. `python tests/mutants.py 40` tries 40 more.

| file | noticed | equivalent | alive |
|---|--:|--:|--:|
{rows}"""
    text += "\nEquivalent, as nothing can tell them from the code:\n\n" + "".join(reasons) if reasons else ""
    return text + ("\nAlive:\n\n" + "".join(alive) if alive else "")


def main() -> None:
    """Try as many more mutants as the command line says, and write the section of the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("count", type=int, help="how many more to try")
    parser.add_argument("--only", help="a part of the file's name or of the change")
    parser.add_argument("--again", action="store_true", help="try those that were alive once more, first")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where the results are")
    asked = parser.parse_args()
    results = json.loads(asked.kept.read_text(encoding="utf-8")) if asked.kept.exists() else {}
    drawn = [m for m in draw(SEED) if not asked.only or asked.only in named(m)]
    alive = [m for m in drawn if named(m) in results and not results[named(m)]["noticed"]]
    fresh = {named(m): m for m in drawn if named(m) not in results}
    chosen = [*(m for m in alive if asked.again and (m.file, m.change) not in EQUIVALENT), *fresh.values()]
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_checkout(folder)
        sound: set[str] = set()
        for mutant in chosen[: asked.count]:
            if mutant.file not in sound and (failing := run_tests(copy, mutant.file)):
                sys.exit(f"The tests of {mutant.file} fail without any change: {failing}. Mend them first.")
            sound.add(mutant.file)
            place, began = copy / mutant.file, time.perf_counter()
            original = place.read_text(encoding="utf-8")
            place.write_text(mutant.source, encoding="utf-8")
            noticed = run_tests(copy, mutant.file)
            place.write_text(original, encoding="utf-8")
            results[named(mutant)] = {"line": mutant.line, "noticed": noticed}
            write_whole(asked.kept, results)
            seconds = time.perf_counter() - began
            print(f"{seconds:4.0f} s {mutant.file}:{mutant.line} {mutant.change}: {noticed or 'ALIVE'}", flush=True)


if __name__ == "__main__":
    main()
