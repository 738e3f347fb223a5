"""The twelve tasks: every answer of every one, in every form; and wrong ones, which are refused."""

import math

import pytest

from autograd import Value
from autograd.exercise import _apply_again
from edgegrad.lectures import ROWS
from edgegrad.lectures.tasks import TASKS

QUESTIONS = [(name, k) for name, task in TASKS.items() for k in range(len(task.exercise()))]


def asked(name, k):
    exercise = TASKS[name].exercise()
    exercise.at = k
    return exercise, exercise.questions[k]


def right(name, k, answer):
    exercise, _ = asked(name, k)
    return exercise.check(answer)


def in_sympy(name, k):
    """Write what a question's graph computes for SymPy, which differentiates it by rules of its own."""
    sympy = pytest.importorskip("sympy")
    exercise, question = asked(name, k)
    if question.kind == "slope":
        output, twins = exercise._cut(question.upper)
    else:
        twins = {leaf: exercise._named[leaf] for leaf in exercise.graph.leaves}
        twins[question.lower] = Value(question.lower.data)
        _apply_again(exercise.graph.nodes, twins)
        output = twins[exercise.output]
    x = twins[question.lower]
    x.name = exercise.names[question.lower]
    return sympy, sympy.diff(output.graph().to_sympy(), sympy.Symbol(x.name, real=True))


def test_there_are_twelve_each_from_a_row_of_the_lectures():
    assert len(TASKS) == 12
    for name, task in TASKS.items():
        assert name.rstrip("abc") in ROWS
        assert 40 < len(task.text) < 130
        assert 2 <= len(task.exercise()) <= 7
        assert repr(task) == f"<Task {name}: {task.text}>"


@pytest.mark.parametrize(("name", "k"), QUESTIONS)
def test_the_answer_is_right_and_those_beside_it_are_wrong(name, k):
    exercise, question = asked(name, k)
    number = exercise.expected(question)
    sympy, derivative = in_sympy(name, k)
    numbers = {sympy.Symbol(exercise.names[node], real=True): node.data for node in exercise.graph.nodes}
    assert number == pytest.approx(float(derivative.subs(numbers)), rel=1e-12)
    assert right(name, k, number)
    assert right(name, k, f"{number:.4g}".replace("-", "−"))
    for wrong in (-number, number * 1.001, number + 1e-3, number - 1e-3, number * 2, number / 2, 0.0):
        assert not right(name, k, wrong)
    assert right(name, k, -number).words == "The sign is wrong."


@pytest.mark.parametrize(("name", "k"), QUESTIONS)
def test_what_the_solution_writes_is_right_and_its_variations_are_wrong(name, k):
    exercise, question = asked(name, k)
    exercise.at = k
    formulas = [
        step
        for line in exercise.solve(question).splitlines()
        if line.startswith(("∂", "  = "))
        for step in line.split("   (")[0].split(" = ")
        if "∂" not in step and "…" not in step and any(c.isalpha() for c in step)
    ]
    for written in formulas:
        assert right(name, k, written), written
        assert not right(name, k, f"−({written})")
        assert right(name, k, f"−({written})").words == "The sign is wrong."
        assert not right(name, k, f"1.001·({written})")
        assert not right(name, k, f"({written}) + 0.001")


@pytest.mark.parametrize(("name", "k"), QUESTIONS)
def test_equivalent_forms_are_right(name, k):
    sympy, simple = in_sympy(name, k)
    product = sympy.factor(simple)
    for form in (simple, sympy.expand(simple), product):
        if can_be_typed(sympy, form):
            assert right(name, k, readable(sympy, form)), form
    for missing in sympy.Mul.make_args(product):
        rest = product / missing
        if product.free_symbols and (missing.free_symbols or abs(missing) != 1) and can_be_typed(sympy, rest):
            verdict = right(name, k, readable(sympy, rest))
            assert not verdict or "put in" in verdict.words, (missing, verdict)  # a factor that is 1 at t = 1


def can_be_typed(sympy, form):
    return len(readable(sympy, form)) <= 2000 and not form.has(sympy.Piecewise)


def readable(sympy, form):
    """Write a SymPy expression as somebody would type it."""
    return sympy.sstr(form).replace("oo", "1e999")


def test_scores():
    exercise = TASKS["L1.4"].exercise()
    for question in exercise.questions:
        assert exercise.check(exercise.expected(question))
    assert str(exercise) == "7 of 7 right."
    assert math.isclose(exercise.expected(exercise.questions[-1]), 0.294)
