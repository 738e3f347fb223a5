"""An exercise as plain data for a page: its questions with hints and solutions, and the kinks of its operations."""

from __future__ import annotations

from typing import Any

from autograd.draw.explorer.javascript import expression, key_of
from autograd.draw.labels import clean
from autograd.errors import DrawingError, OperandTypeError
from autograd.exercise import Exercise
from autograd.op import Op
from autograd.ops import CATALOGUE
from autograd.practice import practice
from autograd.symbol import Symbol
from autograd.value import Value

__all__ = ["ANSWERS", "exercise_of", "find_exercise", "kinks_of"]

#: The operations that an answer may use, each with the number of its operands.
ANSWERS = tuple((op, len(op.slopes)) for op in CATALOGUE if not op.nary)


def find_exercise(output: Value, asked: Exercise | bool) -> Exercise | None:
    """Return the exercise that a page asks; True stands for one on all leaves that take a gradient.

    Raises:
        OperandTypeError: it is no exercise.
        DrawingError: it is one about another Value.
    """
    if isinstance(asked, bool):
        return practice(output) if asked else None
    if not isinstance(asked, Exercise):
        raise OperandTypeError(
            f"A page asks an exercise, as autograd.practice makes it, not {type(asked).__name__}: pass practice=True, "
            "or practice=autograd.practice(y, x)."
        )
    if asked.output is not output:
        raise DrawingError(
            f"The exercise is about {asked.output._describe()}, the page about {output._describe()}: explore the "
            "Value that the exercise was made of."
        )
    return asked


def exercise_of(exercise: Exercise) -> dict[str, Any]:
    """Make the record of an exercise (see the comment at the head of ``practice.js``)."""
    place = {node: index for index, node in enumerate(exercise.graph.nodes)}
    questions = []
    for question in exercise.questions:
        local = question.kind != "gradient"
        edges = exercise.edges_between(question.upper, question.lower) if local else []
        questions.append(
            {
                "kind": question.kind,
                "upper": place[question.upper],
                "lower": place[question.lower],
                "text": clean(question.text),
                "about": clean(exercise.define(question.upper)) if local else "",
                "hints": [clean(hint) for hint in exercise.hints(question)],
                "solution": "\n".join(map(clean, exercise.solve(question).splitlines())),
                "edges": [[place[node], slot] for node, slot in edges],
            }
        )
    return {
        "ask": exercise.ask,
        "questions": questions,
        "milestones": [place[node] for node in exercise.graph.nodes if node in exercise.milestones],
        "pairs": [[place[upper], place[lower]] for upper, lower in exercise.pairs],
    }


def kinks_of(exercise: Exercise) -> str:
    """Write what is zero at the kinks of the operations in use, as JavaScript that fills ``K``."""
    used = dict.fromkeys(node.op for node in exercise.graph.nodes if node.op is not None)
    lines = ["const K = Object.create(null);"]
    for op in used:
        if op.kink is not None and not op.nary and op.catalogued:
            names = [f"x{place}" for place in range(len(op.slopes))]
            body = expression(op.kink(*map(Symbol, names)))
            lines.append(f'K["{key_of(op, len(names), _NO_OWN)}"] = ({", ".join(names)}) => {body};')
    return "\n".join(lines)


_NO_OWN: dict[Op, str] = {}
