"""Formulas that are typed: what is read, and what is refused without being evaluated."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import DomainError, ExpressionError
from autograd.formula import read_assignment, read_formula


@pytest.mark.parametrize(
    ("source", "numbers", "expected"),
    [
        ("relu(w*x + b)", {"w": 2.0, "x": 0.5, "b": -0.3}, 0.7),
        ("-x**2", {"x": 3.0}, -9.0),
        ("+x/4 - 1", {"x": 2.0}, -0.5),
        ("2**x", {"x": 3.0}, 8.0),
        ("dot([w, 2], [3, x], 1)", {"w": 2.0, "x": 5.0}, 17.0),
        ("total([x, x, 1])", {"x": 5.0}, 11.0),
        ("where(x > 0, x, -x)", {"x": -5.0}, 5.0),
        ("softmax([x, 0])[1]", {"x": 0.0}, 0.5),
        ("leaky_relu(x)", {"x": -1.0}, -0.01),
        ("sin(pi*x)", {"x": 0.5}, 1.0),
        ("w\n+x", {"w": 2.0, "x": 3.0}, 5.0),
        ("s = w*x; s*s + s", {"w": 2.0, "x": 3.0}, 42.0),
        ("а = вес*2; а + 1", {"вес": 2.0}, 5.0),
    ],
)
def test_formulas_that_are_read(source, numbers, expected):
    assert read_formula(source, numbers).output.data == pytest.approx(expected, rel=1e-15)


def test_steps_name_their_results():
    formula = read_formula("s = w*x; E = (s - 1)**2", {"w": 2.0, "x": 3.0})
    assert list(formula.values) == ["w", "x", "s", "E"]
    assert formula.output.name == "E"
    renamed = read_formula("y = x", {"x": 2.0})
    assert (renamed.output.name, renamed.values["x"].name) == ("y", "x")


WHAT = "a formula is made of numbers, names, + - * / **, lists, and operations such as relu(x)."


@pytest.mark.parametrize(
    ("source", "numbers", "message"),
    [
        ("x^2", {"x": 1.0}, "'x ^ 2' cannot be read: a power is written x**y."),
        ("x*y", {"x": 1.0}, "y has no number. Add y=number to the command."),
        ("wheight*x", {"x": 1.0, "weight": 1.0},
         "wheight has no number (did you mean weight?). Add wheight=number to the command."),
        ("x", {"x": 1.0, "z": 2.0}, "z is given but not used in the formula."),
        ("sn(x)", {"x": 1.0}, "There is no operation sn (did you mean sin?)."),
        ("x*", {"x": 1.0},
         "The formula 'x*' cannot be read at column 3. Write it as in Python, for instance 'relu(w*x + b)'."),
        ("", {}, "The formula '' cannot be read. Write it as in Python, for instance 'relu(w*x + b)'."),
        ("2 + 2", {},
         "The formula must end in one number that depends on a named one, for instance 'w*x' with w=2 x=3."),
        ("softmax([x, 1])", {"x": 1.0},
         "The formula must end in one number that depends on a named one, for instance 'w*x' with w=2 x=3."),
        ("[x] + 1", {"x": 1.0}, "'[x]' is a list, where one number is needed."),
        ("tanh + x", {"x": 1.0}, "tanh is an operation: write tanh(…)."),
        ("x = 2*x; x", {"x": 1.0}, "x is named twice: a name of a step cannot have a number of its own."),
        ("relu(x, x)", {"x": 1.0}, "relu(x, x): relu(x) takes 1 operand(s), got 2."),
        ("relu(x=x)", {"x": 1.0}, "relu(…) takes its operands by position, without x=."),
        ("dot([x], [x, 1])", {"x": 1.0},
         "dot([x], [x, 1]): dot(ws, xs) needs as many weights as inputs: got 1 weights and 2 inputs."),
        ("(lambda: x)()", {"x": 1.0}, f"'(lambda: x)()' cannot be read: {WHAT}"),
        ("__import__('os').system('true')", {}, f'"__import__(\'os\').system(\'true\')" cannot be read: {WHAT}'),
        ("x + 1; x*2", {"x": 1.0},
         "The step 'x + 1' is computed but never used: give it a name, as in s = w*x; s**2, or leave it out."),
        ("x.__class__", {"x": 1.0}, f"'x.__class__' cannot be read: {WHAT}"),
        ("x if x else 1", {"x": 1.0}, f"'x if x else 1' cannot be read: {WHAT}"),
        ("import os", {}, f"'import os' cannot be read: {WHAT}"),
        ("'text'", {}, f'"\'text\'" cannot be read: {WHAT}'),
        ("[x for x in y]", {"y": 1.0}, f"'[x for x in y]' cannot be read: {WHAT}"),
    ],
)  # fmt: skip
def test_formulas_that_are_refused(source, numbers, message):
    with pytest.raises(ExpressionError) as caught:
        read_formula(source, numbers)
    assert str(caught.value) == message


def test_formulas_that_are_too_long_or_too_deep():
    with pytest.raises(ExpressionError, match=r"^The formula has 20,001 characters; at most 20,000 are read\.$"):
        read_formula("x" * 20_001, {})
    with pytest.raises(ExpressionError, match=r"nested too deeply\. Split it into steps with ';'\.$"):
        read_formula("+".join("x" * 9_000), {"x": 1.0})
    with pytest.raises(ExpressionError):
        read_formula("(" * 9_000 + "x" + ")" * 9_000, {"x": 1.0})


def test_no_value_at_these_numbers():
    with pytest.raises(DomainError):
        read_formula("log(x)", {"x": 0.0})
    with pytest.raises(OverflowError):
        read_formula("9**9**9*x", {"x": 1.0})


def test_assignments():
    assert read_assignment("w=-2.5e-3") == ("w", -0.0025)
    assert math.isinf(read_assignment("w=inf")[1])
    for argument, message in [
        ("w", "'w' is not of the form name=number, such as w=2.0."),
        ("2=3", "'2=3' is not of the form name=number, such as w=2.0."),
        ("w=two", "w needs a number, not 'two': write w=2.0."),
    ]:
        with pytest.raises(ExpressionError) as caught:
            read_assignment(argument)
        assert str(caught.value) == message


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_politely(source):
    with contextlib.suppress(ExpressionError, DomainError, OverflowError):
        read_formula(source, {"x": 0.5})


def test_a_lone_surrogate_from_the_command_line_is_refused():
    with pytest.raises(ExpressionError) as refusal:
        read_formula("x\udcff**2", {"x": 1.0})
    assert str(refusal.value) == (
        "The formula 'x\\udcff**2' cannot be read. Write it as in Python, for instance 'relu(w*x + b)'."
    )
