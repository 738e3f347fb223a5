"""An exercise as plain data for a page: its questions with hints and solutions, and the points to judge answers at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from autograd.draw.explorer.page_data import plain
from autograd.draw.labels import clean
from autograd.errors import DrawingError, OperandTypeError
from autograd.exercise import Exercise
from autograd.ops import CATALOGUE
from autograd.practice import practice
from autograd.trials import Derivative, Trial, bound_rounding
from autograd.value import Value

__all__ = ["ANSWERS", "exercise_of", "find_exercise"]

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


def exercise_of(exercise: Exercise, closed: Collection[Value] = ()) -> dict[str, Any]:
    """Make the record of an exercise (see the comment at the head of ``practice.js``).

    Args:
        exercise: what is asked.
        closed: nodes that the page cannot compute: their numbers and slopes come with each point.
    """
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
    dues = [exercise.due(question) for question in exercise.questions]
    given = [node for node in exercise.graph.nodes if node.op is None or node in closed]
    derivatives = [due.derivative for due in dues]
    here, trials, frozen = [
        [_point(trial, given, exercise.beside, derivatives) for trial in points]
        for points in ([dues[0].here], dues[0].trials, dues[0].frozen())
    ]
    return {
        "ask": exercise.ask,
        "questions": questions,
        "milestones": [place[node] for node in exercise.graph.nodes if node in exercise.milestones],
        "pairs": [[place[upper], place[lower]] for upper, lower in exercise.pairs],
        "beside": [clean(exercise.names[node]) for node in exercise.beside],
        "definitions": [clean(exercise.define(node)) for node in exercise.beside],
        "given": [place[node] for node in given],
        "here": here[0],
        "trials": trials,
        "frozen": frozen,
        "stuck": [clean(name) for name in dues[0].stuck()],
    }


def _point(
    trial: Trial, given: Sequence[Value], beside: Sequence[Value], derivatives: Sequence[Derivative]
) -> dict[str, Any]:
    return {
        "numbers": [plain(trial.numbers[node]) for node in given],
        "slopes": [[None if s is None else plain(s) for s in trial.slopes.get(node, ())] for node in given],
        "beside": [plain(trial.numbers[node]) for node in beside],
        "rounding": [plain(bound) for bound in bound_rounding(trial, derivatives)],
    }
