"""The `edgegrad` command: run the lectures, draw a formula's graph, explore it, explain its derivatives, practise them.

Exit status: 0 done, 1 the formula has no value there or a file cannot be written, 2 the command was not understood.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import get_args

import autograd
from autograd import AutogradError, ExpressionError
from autograd.practice import Asked
from edgegrad.errors import CommandError, UsageError

__all__ = ["main"]

HAS_NO_LINES = True  # errors in a formula of the command name no line of a file
EXAMPLES = """examples:
  edgegrad demo --out demo
  edgegrad lectures L1.4 --out pictures
  edgegrad lectures all --out course
  edgegrad draw "relu(w*x + b)" w=2 x=0.5 b=-0.3 -o graph.svg
  edgegrad explore "s = w*x + b; E = (sigmoid(s) - t)**2" w=2 x=0.5 b=-0.3 t=1 -o E.html
  edgegrad explain "s = w*x + b; E = (sigmoid(s) - t)**2" wrt w b w=2 x=0.5 b=-0.3 t=1
  edgegrad explain "x**2 * sin(x)" wrt x x=1.5 --latex
  edgegrad practice L1.4
A formula that begins with a minus goes after --:  edgegrad draw -o g.svg -- "-x**2" x=3
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="edgegrad",
        description="Scalar automatic differentiation with every derivative on a graph edge.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"edgegrad {autograd.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)

    demo = commands.add_parser(
        "demo", help="run the lecture's perceptron: compute, differentiate, explain, train, draw"
    )
    demo.add_argument("--out", default="demo", metavar="DIR", help="folder for the drawings (default: demo)")

    lectures = commands.add_parser("lectures", help="list the lectures' rows, or run some beside the slides' figures")
    lectures.add_argument("rows", nargs="*", metavar="ROW", help="such as L1.4, L1 for a lecture's, or all for all")
    lectures.add_argument("--out", metavar="DIR", help="folder for the pictures, or for the page of all")
    lectures.add_argument("--epochs", type=int, metavar="N", help="how long to train, in rows that train")
    lectures.add_argument("--data", metavar="FILE", help="the Boston table as a CSV file, for L1.8 and L1.10")

    draw = commands.add_parser("draw", help="draw the graph of a formula, with the derivative on each edge")
    draw.add_argument("formula", help="for instance 'relu(w*x + b)'; steps are separated by ;")
    draw.add_argument("numbers", nargs="*", metavar="name=number", help="a number for each name")
    draw.add_argument("-o", "--output", default="graph.svg", metavar="FILE", help=".svg, .dot, .png or .pdf")
    draw.add_argument("--forward", action="store_true", help="leave the gradients uncomputed (shown as —)")
    draw.add_argument("--rankdir", choices=("LR", "TB", "RL", "BT"), help="direction (default: what fits a page)")
    draw.add_argument("--precision", type=int, default=4, metavar="DIGITS", help="significant digits (default: 4)")
    draw.add_argument(
        "--budget", type=int, default=None, metavar="BOXES", help="boxes before it is folded (default: 60)"
    )
    draw.add_argument("--whole", action="store_true", help="fold nothing")

    explore = commands.add_parser("explore", help="make a page that steps through a formula, forward and backward")
    explore.add_argument("formula", help="for instance 'relu(w*x + b)'; steps are separated by ;")
    explore.add_argument("numbers", nargs="*", metavar="name=number", help="a number for each name")
    explore.add_argument("-o", "--output", default="graph.html", metavar="FILE", help="an .html file")

    explain = commands.add_parser("explain", help="derive ∂formula/∂name: symbols, numbers, product")
    explain.add_argument("formula", help="for instance '(w*x - t)**2'; steps are separated by ;")
    explain.add_argument(
        "words", nargs="*", metavar="wrt NAME … name=number …", help="names to differentiate by; numbers"
    )
    explain.add_argument("--latex", action="store_true", help="print LaTeX")
    explain.add_argument("--paths", type=int, default=5, metavar="K", help="paths to write out (default: 5)")
    explain.add_argument("--precision", type=int, default=6, metavar="DIGITS", help="significant digits (default: 6)")

    practice = commands.add_parser("practice", help="ask for the derivatives of a lecture's task or of a formula")
    practice.add_argument(
        "words", nargs="*", metavar="TASK", help="such as L1.4; or a formula, wrt NAME …, name=number …"
    )
    practice.add_argument("--page", metavar="FILE", help="make a page that asks, an .html file")
    practice.add_argument("--ask", choices=get_args(Asked), help="what is asked for (default: the task's, or slopes)")
    practice.add_argument("--every", action="store_true", help="ask about steps without a name as well")
    return parser


def _numbers(words: Sequence[str]) -> dict[str, float]:
    from autograd.formula import read_assignment

    numbers: dict[str, float] = {}
    for word in words:
        name, number = read_assignment(word)
        if name in numbers:
            raise UsageError(f"{name} is given twice.")
        numbers[name] = number
    return numbers


def _demo(arguments: argparse.Namespace) -> None:
    from edgegrad.lectures.demo import run

    run(arguments.out)


def _lectures(arguments: argparse.Namespace) -> None:
    from edgegrad.lectures.command import run

    run(arguments.rows, arguments.out, arguments.epochs, arguments.data)


def _draw(arguments: argparse.Namespace) -> None:
    from autograd.formula import read_formula

    formula = read_formula(arguments.formula, _numbers(arguments.numbers))
    if not arguments.forward:
        formula.output.backward()
    if arguments.budget is not None and arguments.budget < 1:
        raise UsageError("--budget must be at least 1.")
    formula.output.graph().save(
        arguments.output,
        rankdir=arguments.rankdir,
        precision=_digits(arguments.precision),
        budget=arguments.budget,
        fold=None if arguments.whole else "auto",
    )
    print(f"{formula.output.describe()}; drawn to {arguments.output}")


def _explore(arguments: argparse.Namespace) -> None:
    from autograd.formula import read_formula

    formula = read_formula(arguments.formula, _numbers(arguments.numbers))
    page = autograd.explore(formula.output, arguments.output)
    print(f"{formula.output.describe()}; {page.steps} steps to explore in {arguments.output}")


def _explain(arguments: argparse.Namespace) -> None:
    from autograd.formula import read_formula

    names = [word for word in arguments.words if "=" not in word and word != "wrt"]
    formula = read_formula(arguments.formula, _numbers([word for word in arguments.words if "=" in word]))
    for name in names:
        if name not in formula.values:
            known = ", ".join(formula.values)
            raise UsageError(f"There is no {name} in the formula to differentiate by. It has {known}.")
    leaves = [name for name, value in formula.values.items() if value.is_leaf]
    if arguments.paths < 1:
        raise UsageError("--paths must be at least 1.")
    for name in names or leaves:
        derivation = autograd.explain(
            formula.output, formula.values[name], paths=arguments.paths, precision=_digits(arguments.precision)
        )
        print(derivation.latex() if arguments.latex else derivation)


def _practice(arguments: argparse.Namespace) -> None:
    from edgegrad.asking import run

    first, rest = arguments.words[:1], arguments.words[1:]
    names = [word for word in rest if "=" not in word and word != "wrt"]
    run(
        [*first, *names],
        _numbers([word for word in rest if "=" in word]),
        arguments.ask,
        arguments.page,
        every=arguments.every,
    )


def _digits(precision: int) -> int:
    if not 1 <= precision <= 17:
        raise UsageError(f"--precision must be from 1 to 17 digits, not {precision}.")
    return precision


COMMANDS = {
    "demo": _demo,
    "lectures": _lectures,
    "draw": _draw,
    "explore": _explore,
    "explain": _explain,
    "practice": _practice,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Args:
        argv: the words after `edgegrad`; those of the process by default.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without ∂ still shows the rest
    arguments = _parser().parse_args(argv)
    try:
        COMMANDS[arguments.command](arguments)
        sys.stdout.flush()
    except (ExpressionError, UsageError) as error:
        print(f"edgegrad {arguments.command}: {error}", file=sys.stderr)
        return 2
    except (AutogradError, CommandError) as error:
        print(f"edgegrad {arguments.command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # a full disk, say
        print(f"edgegrad {arguments.command}: the output cannot be written: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
