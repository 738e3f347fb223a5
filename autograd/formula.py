"""Formulas that are typed: text is read with `ast` against a whitelist, and recorded as a graph or computed.

Nothing is ever evaluated as Python: only numbers, names, + − * / ** % //, comparisons inside `where`, lists, and
calls of the catalogue's operations.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from autograd import ops
from autograd.errors import ExpressionError
from autograd.floats import real_number
from autograd.softmax import log_softmax, softmax
from autograd.spelling import CONSTANTS, to_python
from autograd.value import Value

__all__ = ["FUNCTIONS", "Answer", "Formula", "read_answer", "read_assignment", "read_formula"]

FUNCTIONS: dict[str, Callable[..., Any]] = {op.name: op for op in ops.CATALOGUE} | {
    "softmax": softmax,
    "log_softmax": log_softmax,
}
#: Those that an answer may use: of any number of operands they are written without a list.
ANSWER_FUNCTIONS: dict[str, Callable[..., Any]] = {op.name: op for op in ops.CATALOGUE if not op.nary} | {
    "polygamma": ops.polygamma,  # as the slopes of trigamma are written
    "total": lambda *xs: ops.total.apply(xs),
    "logsumexp": lambda *xs: ops.logsumexp.apply(xs),
}
OPERATORS: dict[type[ast.operator], Callable[..., Any]] = {
    ast.Add: ops.add,
    ast.Sub: ops.sub,
    ast.Mult: ops.mul,
    ast.Div: ops.truediv,
    ast.Pow: ops.pow,
    ast.Mod: ops.mod,
    ast.FloorDiv: ops.floordiv,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Gt: lambda x, y: x > y,
    ast.GtE: lambda x, y: x >= y,
    ast.Lt: lambda x, y: x < y,
    ast.LtE: lambda x, y: x <= y,
    ast.Eq: lambda x, y: x == y,
}
MAX_CHARACTERS = 20_000
HAS_NO_LINES = True  # errors in what is typed name no line of a file


class Formula(NamedTuple):
    """A formula that was recorded as a graph.

    Attributes:
        output: its result.
        values: every named Value: the leaves, then what the formula names itself.
    """

    output: Value
    values: dict[str, Value]


def read_formula(source: str, numbers: Mapping[str, float]) -> Formula:
    """Record the graph of a formula such as ``relu(w*x + b)``.

    Several steps are separated by ``;`` and may name their results: ``s = w*x + b; (s - 1)**2``.

    Args:
        source: the formula.
        numbers: a number for each name in it.

    Raises:
        ExpressionError: it cannot be read, or a name has no number, or a number no name.
        DomainError: it has no value at these numbers.
    """
    if len(source) > MAX_CHARACTERS:
        raise ExpressionError(f"The formula has {len(source):,} characters; at most {MAX_CHARACTERS:,} are read.")
    try:
        steps = ast.parse(" ".join(source.split()) or "?", mode="exec").body
        return _Reader(numbers).read(steps)
    except (SyntaxError, UnicodeEncodeError) as error:
        column = getattr(error, "offset", None)
        place = f" at column {column}" if column and source.strip() else ""
        raise ExpressionError(
            f"The formula {_shorten(source)!r} cannot be read{place}. Write it as in Python, for instance "
            "'relu(w*x + b)'."
        ) from None
    except (RecursionError, MemoryError):
        raise ExpressionError(
            f"The formula {_shorten(source)!r} is nested too deeply. Split it into steps with ';'."
        ) from None


def read_assignment(argument: str) -> tuple[str, float]:
    """Read ``name=number``.

    Raises:
        ExpressionError: it is not of that form.
    """
    name, equals, number = argument.partition("=")
    name = name.strip()
    if not equals or not name.isidentifier():
        raise ExpressionError(f"{_shorten(argument)!r} is not of the form name=number, such as w=2.0.")
    try:
        return name, float(number)
    except ValueError:
        raise ExpressionError(f"{name} needs a number, not {_shorten(number)!r}: write {name}=2.0.") from None


class Answer(NamedTuple):
    """A formula that was typed in answer to a question, to be computed for any numbers of its names.

    Attributes:
        names: those that occur in it.
        tree: the formula.
    """

    names: frozenset[str]
    tree: ast.expr

    def compute(self, numbers: Mapping[str, float]) -> float:
        """Compute the formula.

        Raises:
            ExpressionError: it is no number, such as a list, or nested too deeply.
            DomainError: it has no value there.
            ValueOverflowError: it is beyond the largest float.
        """
        try:
            return float(_Computer(numbers).number(self.tree))
        except RecursionError:
            raise ExpressionError("The answer is nested too deeply.") from None


def read_answer(written: str, names: Collection[str]) -> Answer:
    """Read a formula as people write them: ``4·y³``, ``2(y - 1)x``, ``e^(-s)``, ``[s > 0]``, ``½``.

    Args:
        written: the formula.
        names: of the numbers that may occur in it.

    Raises:
        ExpressionError: it cannot be read, or has other names.
    """
    if len(written) > MAX_CHARACTERS:
        raise ExpressionError(f"The answer has {len(written):,} characters; at most {MAX_CHARACTERS:,} are read.")
    try:
        source, used = to_python(written, names, ANSWER_FUNCTIONS)
        return Answer(frozenset(used.values()), _Renamer(used).visit(ast.parse(source, mode="eval").body))
    except (SyntaxError, UnicodeEncodeError):
        raise ExpressionError(f"{_shorten(written)!r} cannot be read: is a sign or a bracket missing?") from None
    except (RecursionError, MemoryError):
        raise ExpressionError(f"{_shorten(written)!r} is nested too deeply.") from None


class _Renamer(ast.NodeTransformer):
    """Gives names back what they were called before they became identifiers."""

    def __init__(self, used: Mapping[str, str]) -> None:
        self.used = used

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.used.get(node.id, node.id), node.ctx)


class _Reader:
    functions = FUNCTIONS

    def __init__(self, numbers: Mapping[str, float]) -> None:
        self.values: dict[str, Value] = {}
        self.numbers = numbers
        self.used: set[str] = set()

    def read(self, steps: list[ast.stmt]) -> Formula:
        output: Any = None
        for step in steps:
            if isinstance(step, ast.Assign) and len(step.targets) == 1 and isinstance(step.targets[0], ast.Name):
                name = step.targets[0].id
                if name in self.numbers or name in self.values:
                    raise ExpressionError(f"{name} is named twice: a name of a step cannot have a number of its own.")
                output = self.visit(step.value)
                if isinstance(output, Value):
                    output = ops.identity(output) if output.name is not None else output
                    output.name = name
                    self.values[name] = output
                else:
                    raise ExpressionError(f"{name} must be one number that depends on a named one.")
            elif isinstance(step, ast.Expr):
                if step is not steps[-1]:
                    raise ExpressionError(
                        f"The step {_shorten(ast.unparse(step))!r} is computed but never used: give it a name, as in "
                        "s = w*x; s**2, or leave it out."
                    )
                output = self.visit(step.value)
            else:
                raise self.refuse(step)
        unused = [name for name in self.numbers if name not in self.used]
        if unused:
            raise ExpressionError(
                f"{', '.join(unused)} {'is' if len(unused) == 1 else 'are'} given but not used in the formula"
                f"{self.guess(unused[0], self.used)}."
            )
        if not isinstance(output, Value):
            raise ExpressionError(
                "The formula must end in one number that depends on a named one, for instance 'w*x' with w=2 x=3."
            )
        return Formula(output, self.values)

    def visit(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return real_number(node.value, "a formula")
        if isinstance(node, ast.Name):
            return self.name(node.id)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](self.number(node.left), self.number(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            operand = self.number(node.operand)
            return -operand if isinstance(node.op, ast.USub) else operand
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARISONS:
            return COMPARISONS[type(node.ops[0])](self.number(node.left), self.number(node.comparators[0]))
        if isinstance(node, ast.List | ast.Tuple):
            return [self.number(item) for item in node.elts]
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Call)
            and isinstance(node.slice, ast.Constant)
        ):
            items, place = self.visit(node.value), node.slice.value
            if isinstance(items, list) and isinstance(place, int) and 0 <= place < len(items):
                return items[place]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self.call(node.func.id, node)
        raise self.refuse(node)

    def number(self, node: ast.expr) -> Any:
        found = self.visit(node)
        if isinstance(found, list):
            raise ExpressionError(f"{ast.unparse(node)!r} is a list, where one number is needed.")
        return found

    def name(self, name: str) -> Any:
        if name in self.values:
            self.used.add(name)
            return self.values[name]
        if name in self.numbers:
            self.used.add(name)
            self.values[name] = Value(self.numbers[name], name=name)
            return self.values[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in self.functions:
            raise ExpressionError(f"{name} is an operation: write {name}(…).")
        hint = self.guess(name, self.numbers)
        raise ExpressionError(f"{name} has no number{hint}. Add {name}=number to the command.")

    def call(self, name: str, node: ast.Call) -> Any:
        if name not in self.functions:
            raise ExpressionError(f"There is no operation {name}{self.guess(name, self.functions)}.")
        if node.keywords:
            raise ExpressionError(f"{name}(…) takes its operands by position, without {node.keywords[0].arg}=.")
        operands = [self.visit(operand) for operand in node.args]
        try:
            return self.functions[name](*operands)
        except (TypeError, ValueError) as error:
            if isinstance(error, ArithmeticError) or type(error).__module__ == "autograd.errors":
                raise
            raise ExpressionError(f"{ast.unparse(node)}: {error}") from None

    @staticmethod
    def guess(name: str, known: Any) -> str:
        close = difflib.get_close_matches(name, list(known), n=1)
        return f" (did you mean {close[0]}?)" if close else ""

    @staticmethod
    def refuse(node: ast.AST) -> ExpressionError:
        written = _shorten(ast.unparse(node))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitXor):
            return ExpressionError(f"{written!r} cannot be read: a power is written x**y.")
        return ExpressionError(
            f"{written!r} cannot be read: a formula is made of numbers, names, + - * / **, lists, and operations "
            "such as relu(x)."
        )


def _shorten(written: str) -> str:
    return written if len(written) <= 60 else written[:57] + "…"


class _Computer(_Reader):
    """Computes with plain numbers; square brackets are brackets, and [s > 0] is 1 or 0."""

    functions = ANSWER_FUNCTIONS

    def visit(self, node: ast.expr) -> Any:
        if isinstance(node, ast.List) and len(node.elts) == 1:
            return self.visit(node.elts[0])
        found = super().visit(node)
        return float(found) if isinstance(found, bool) else found

    def name(self, name: str) -> float:
        return self.numbers[name]
