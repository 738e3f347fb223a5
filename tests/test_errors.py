"""Errors: whole sentences, which name the operation, the named operand with its number, and the user's line."""

import inspect

import pytest

import autograd
from autograd import errors
from autograd.testing import GradientMismatch

CLASSES = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("error", [*CLASSES, GradientMismatch], ids=lambda error: error.__name__)
def test_each_class_says_cause_and_cure(error):
    assert "Cause: " in inspect.getdoc(error)
    assert "Cure: " in inspect.getdoc(error)


def test_one_class_catches_all():
    assert all(issubclass(error, autograd.AutogradError) for error in CLASSES)
    assert all(getattr(autograd, error.__name__) is error for error in CLASSES)
    for error, builtin in (
        (autograd.DomainError, ValueError), (autograd.DivisionByZeroError, ZeroDivisionError),
        (autograd.ValueOverflowError, OverflowError), (autograd.OperandTypeError, TypeError),
        (autograd.NonFiniteGradientError, ArithmeticError), (autograd.StaleGraphError, RuntimeError),
        (autograd.ParameterAssignmentError, TypeError), (autograd.InteriorDataError, AttributeError),
    ):  # fmt: skip
        assert issubclass(error, builtin)


@pytest.fixture
def run(tmp_path):
    """Run the text of a user's module `train.py`, whose last line is number 4."""

    def runs(line, name="train"):
        path = tmp_path / "train.py"
        path.write_text(f"import autograd\nfrom autograd import *\nimport numpy as np\n{line}\n", encoding="utf-8")
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), {"__name__": name})

    return runs


STABLE = "Scale the operands down, or use a stable form (logsumexp, softplus, cross-entropy on logits)."
AWAY = "Keep the divisor away from 0, for instance by adding a small number to it."


@pytest.mark.parametrize(
    ("line", "error", "sentence"),
    [
        (
            'loss = log(Value(0.0, name="p"))', autograd.DomainError,
            "log(p) is undefined at p = 0.0, in train.py:4 (`{}`); log needs x > 0.",
        ),
        (
            "y = Value(-1.5).sqrt()", autograd.DomainError,
            "√x is undefined at x = −1.5, in train.py:4 (`{}`); sqrt needs x ≥ 0.",
        ),
        (
            "y = autograd.sqrt(-1.5)", autograd.DomainError,
            "√x is undefined at x = −1.5, in train.py:4 (`{}`); sqrt needs x ≥ 0.",
        ),
        (
            "y = np.arcsin(Value(2.0, name='r'))", autograd.DomainError,
            "asin(r) is undefined at r = 2.0, in train.py:4 (`{}`); asin needs −1 ≤ x ≤ 1.",
        ),
        (
            "y = Value(-8.0, name='x') ** (1 / 3)", autograd.DomainError,
            "x^0.333333 is undefined at x = −8.0, in train.py:4 (`{}`); pow needs x > 0, or a whole exponent.",
        ),
        (
            "y = sin(Value(np.inf))", autograd.DomainError,
            "sin(x) is undefined at x = inf, in train.py:4 (`{}`).",
        ),
        (
            "y = 1.0 / Value(0.0, name='d')", autograd.DivisionByZeroError,
            f"1/d divides by zero at d = 0.0, in train.py:4 (`{{}}`). {AWAY}",
        ),
        (
            "y = Value(3.0, name='n') / 0", autograd.DivisionByZeroError,
            f"n/0 divides by zero at n = 3.0, in train.py:4 (`{{}}`). {AWAY}",
        ),
        (
            "y = Value(0.0) ** -2", autograd.DivisionByZeroError,
            f"x⁻² divides by zero at x = 0.0, in train.py:4 (`{{}}`). {AWAY}",
        ),
        (
            "y = exp(Value(1000, name='z'))", autograd.ValueOverflowError,
            f"exp(z) is larger than the largest float, 1.8e308, at z = 1000.0, in train.py:4 (`{{}}`). {STABLE}",
        ),
        (
            "y = Value(1e200, name='a') * Value(1e200, name='b')", autograd.ValueOverflowError,
            "a·b is larger than the largest float, 1.8e308, at a = 1e+200, b = 1e+200, in train.py:4 (`{}`). " + STABLE,
        ),
        (
            "y = 2.0 ** Value(2000.0)", autograd.ValueOverflowError,
            f"2^y is larger than the largest float, 1.8e308, at y = 2000.0, in train.py:4 (`{{}}`). {STABLE}",
        ),
        (
            "y = dot([Value(1e200, name='w')], [1e200])", autograd.ValueOverflowError,
            "dot(w, 1e+200) is larger than the largest float, 1.8e308, at w = 1e+200, in train.py:4 (`{}`). " + STABLE,
        ),
        (
            "g = grad(lambda x: log(x) * 2.0)(-1.0)", autograd.DomainError,
            "log(x) is undefined at x = −1.0, in train.py:4 (`{}`); log needs x > 0.",
        ),
        (
            "g = hessian(lambda v: autograd.total([acosh(x) for x in v]))([0.5])", autograd.DomainError,
            "acosh(x) is undefined at x = 0.5, in train.py:4 (`{}`); acosh needs x ≥ 1.",
        ),
        (
            "g = no_grad()(lambda: atanh(Value(1.0)))()", autograd.DomainError,
            "atanh(x) is undefined at x = 1.0, in train.py:4 (`{}`); atanh needs −1 < x < 1.",
        ),
    ],
)  # fmt: skip
def test_sentences(run, line, error, sentence):
    with pytest.raises(error) as raised:
        run(line)
    assert str(raised.value) == sentence.format(line)
    assert type(raised.value) is error


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("y = derivative(lambda x: where(x > 0, sqrt(x), 0.0))(-1.0)", "sqrt(where(x > 0, x, 1.0))"),
        ("y = derivative(lambda x: autograd.where(x > 3, log(x - 3), 0.0))(-1.0)", "log(where(x > 0, x, 1.0))"),
        ("y = derivative(lambda z: where(z > 1, z.acosh(), 0.0))(0.0)", "acosh(where(x > 1, x, 2.0))"),
        ("y = derivative(lambda x: where(x * x < 1, asin(x), 0.0))(3.0)", "asin(where(abs(x) < 1, x, 0.0))"),
        ("y = derivative(lambda x: where(x > 0, x**0.5, 0.0))(-3.0)", "where(x > 0, x, 1.0) ** …"),
        ("y = derivative(lambda x: where(x == 0, 0.0, x**-2))(0.0)", "where(x == 0, 1.0, x) ** …"),
        ("y = derivative(lambda y: where(y == 0, 0.0, 1 / y))(0.0)", "… / where(y == 0, 1.0, y)"),
        ("y = derivative(lambda x: where(x < 700, exp(x), 0.0))(1000.0)", "exp(where(x < 709.78, x, 1.0))"),
    ],
)
def test_the_cure_for_the_branch_that_is_not_taken(run, line, cure):
    with pytest.raises(autograd.AutogradError) as raised:
        run(line)
    assert str(raised.value).endswith(
        f" Both branches of where are computed, also the one that is not taken: write {cure}."
    )


def test_without_where_no_word_of_its_branches(run):
    with pytest.raises(autograd.DomainError, match=r"sqrt needs x ≥ 0\.$"):
        run("y = derivative(lambda x: 0.0 * sqrt(x))(-1.0)")


def test_the_cure_computes():
    """The form that the message gives has the right value and slope on both sides (those of √x, and 0)."""
    f = autograd.derivative(lambda x: autograd.where(x > 0, autograd.sqrt(autograd.where(x > 0, x, 1.0)), 0.0))
    assert [f(-1.0), f(0.0), f(4.0)] == [0.0, 0.0, 0.25]


def test_a_module_of_any_name_is_the_user_s(run):
    for name in ("__main__", "autograd_extra", "nnet", "train.nn"):
        with pytest.raises(autograd.DomainError, match=r"in train\.py:4"):
            run("log(Value(0.0))", name=name)


def test_long_lines_are_cut(run):
    with pytest.raises(autograd.DomainError) as raised:
        run(f"loss = log(Value(0.0)) + {' + '.join(['1.0'] * 40)}")
    assert "(`loss = log(Value(0.0)) + 1.0 + 1.0" in str(raised.value)
    assert "…`)" in str(raised.value)
    assert len(str(raised.value)) < 200


def test_code_without_a_file():
    with pytest.raises(autograd.DomainError) as raised:
        exec("log(Value(0.0))", {"log": autograd.log, "Value": autograd.Value})
    assert str(raised.value) == "log(x) is undefined at x = 0.0, in <string>:1; log needs x > 0."


def test_an_error_has_no_causes_of_its_own():
    """What math raised says less than the sentence: it is not shown above it."""
    for bad in (
        lambda: autograd.log(0.0),
        lambda: autograd.Value(1.0) / 0.0,
        lambda: autograd.exp(autograd.Value(1e3)),
    ):
        with pytest.raises(autograd.AutogradError) as raised:
            bad()
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__


def test_nothing_is_recorded_where_an_operation_fails():
    x = autograd.Value(0.0)
    with pytest.raises(autograd.DomainError):
        autograd.log(x)
    (x * 2.0).backward()
    assert x.grad == 2.0


def test_a_message_can_be_printed_whatever_it_names():
    with pytest.raises(autograd.DrawingError) as refusal:
        autograd.Value(1.0).graph().save("g\udcff.xyz")
    assert str(refusal.value).startswith("g\\udcff.xyz cannot be written: '.xyz' is no format of drawings.")
    str(refusal.value).encode("utf-8")
