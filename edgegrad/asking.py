"""The `edgegrad practice` command: list the tasks, ask the questions of one, or make a page that asks them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from autograd import Exercise, ExpressionError, explore, practice
from autograd.formula import read_formula
from autograd.practice import Asked
from edgegrad.errors import UsageError
from edgegrad.lectures.tasks import TASKS

__all__ = ["list_tasks", "make_exercise", "run"]

KEYS = "Answer with a number or a formula. ? gives a hint, ! the solution; the end of input stops."


def list_tasks() -> None:
    """Print the tasks, the easiest first."""
    for task in TASKS.values():
        print(f"{task.name:<6}  {task.text}")
    print("\nedgegrad practice L1.4 asks here, with --page L1.4.html on a page. A formula of your own does as well.")


def make_exercise(
    words: Sequence[str], numbers: Mapping[str, float], ask: Asked | None = None, *, every: bool = False
) -> tuple[str, Exercise]:
    """Find a task by its name, or make an exercise of a formula.

    Args:
        words: the task's name; or the formula, then the names to differentiate by.
        numbers: those of the formula's names.
        ask: which derivatives are asked for; as the task has it unless given.
        every: whether steps without a name are asked about as well.

    Returns:
        its title and the exercise.

    Raises:
        UsageError: there is no such task, or it is given names or numbers, or there is no such name in the formula.
        ExpressionError: the formula cannot be read.
    """
    first, *names = words
    if first in TASKS and not names and not numbers:
        task = TASKS[first]
        return f"{first}  {task.text}", task.exercise(ask, every=every)
    if first in TASKS:
        raise UsageError(
            f"{first} is a task with its own names and numbers: write edgegrad practice {first} alone, or a formula."
        )
    if first[:1] == "L" and first[1:2].isdigit() and not numbers:
        raise UsageError(f"There is no task {first}. The tasks are {', '.join(TASKS)}.")
    formula = read_formula(first, numbers)
    for name in names:
        if name not in formula.values or formula.values[name] is formula.output:
            known = ", ".join(known for known, value in formula.values.items() if value is not formula.output)
            raise UsageError(f"There is no {name} in the formula to differentiate by. It has {known}.")
    if formula.output.is_leaf:
        raise UsageError(f"{first!r} is a number that is given: there is nothing to differentiate.")
    try:
        return first, practice(
            formula.output, *(formula.values[name] for name in names), ask=ask or "slopes", every=every
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


def run(
    words: Sequence[str],
    numbers: Mapping[str, float],
    ask: Asked | None = None,
    page: str | None = None,
    *,
    every: bool = False,
) -> None:
    """Ask the questions of a task or a formula, or write the page that does.

    Args:
        words: see `make_exercise`; none to list the tasks.
        numbers: of the formula's names.
        ask: which derivatives are asked for.
        page: the page's file; the questions are asked here without.
        every: whether steps without a name are asked about as well.
    """
    if not words:
        if numbers or page or ask or every:
            raise UsageError("Name a task or a formula to practise.")
        list_tasks()
        return
    title, exercise = make_exercise(words, numbers, ask, every=every)
    if page is not None:
        explore(exercise.output, page, practice=exercise)
        print(f"{len(exercise)} questions on {page}")
        return
    print(title, exercise.describe(), KEYS, sep="\n\n")
    _ask(exercise)
    print(f"\n{exercise.score}")


def _ask(exercise: Exercise) -> None:
    """Ask until every question is done with, or the input ends."""
    asked = -1
    while not exercise.done:
        if asked != exercise.at:
            asked = exercise.at
            print()
        print(f"{exercise.at + 1}/{len(exercise)}  {exercise.question.text} = ", end="", flush=True)
        line = sys.stdin.readline()
        if not line:
            print()
            return
        answer = line.strip()
        if not sys.stdin.isatty():
            print(answer)
        if answer == "?":
            print(exercise.hint())
        elif answer == "!":
            print(exercise.solution())
            exercise.skip()
        elif answer:
            try:
                print(exercise.check(answer).words)
            except ExpressionError as error:
                print(error)
