"""Symbols: a formula is written with the parentheses it needs, as text, LaTeX and exact Python."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import CATALOGUE, Symbol, exp, greater, log, relu, sqrt, square, total, where
from autograd.latex_names import latex_name
from autograd.symbol import latex, latex_number, number_text, python, text
from autograd.testing.strategies import expressions

x, y, z = Symbol("x"), Symbol("y"), Symbol("z")


@pytest.mark.parametrize(
    ("symbol", "written", "as_latex", "as_python"),
    [
        (x + y, "x + y", "x + y", "x + y"),
        (x - (y - z), "x − (y − z)", r"x - \left(y - z\right)", "x - (y - z)"),
        ((x - y) - z, "x − y − z", "x - y - z", "x - y - z"),
        (x - (y + z), "x − (y + z)", r"x - \left(y + z\right)", "x - (y + z)"),
        (x + (y + z), "x + y + z", "x + y + z", "x + (y + z)"),
        (x * (y * z), "x·y·z", r"x \cdot y \cdot z", "x * (y * z)"),
        (x * (y / z), "x·y/z", r"x \cdot \frac{y}{z}", "x * (y / z)"),
        (x / (y * z), "x/(y·z)", r"\frac{x}{y \cdot z}", "x / (y * z)"),
        (x / y / z, "x/y/z", r"\frac{\frac{x}{y}}{z}", "x / y / z"),
        ((x + y) * z, "(x + y)·z", r"\left(x + y\right) \cdot z", "(x + y) * z"),
        (-(x + y), "−(x + y)", r"-\left(x + y\right)", "-(x + y)"),
        (-x * y, "−x·y", r"-x \cdot y", "-x * y"),
        (x * -y, "x·(−y)", r"x \cdot \left(-y\right)", "x * (-y)"),
        (x - -2.0, "x − (−2)", r"x - \left(-2\right)", "x - (-2.0)"),
        ((-x) ** 2, "(−x)²", r"\left(-x\right)^{2}", "(-x) ** 2.0"),
        (-(x**2), "−x²", "-x^{2}", "-x ** 2.0"),
        (x**-2, "x⁻²", "x^{-2}", "x ** (-2.0)"),
        (x**0.5, "x^0.5", "x^{0.5}", "x ** 0.5"),
        (x ** (y + 1), "x^(y + 1)", "x^{y + 1}", "x ** (y + 1.0)"),
        ((x**y) ** z, "(x^y)^z", r"\left(x^{y}\right)^{z}", "(x ** y) ** z"),
        (2.0**x, "2^x", "2^{x}", "2.0 ** x"),
        (square(x + 1.0), "(x + 1)²", r"\left(x + 1\right)^{2}", "((x + 1.0) * (x + 1.0))"),
        (sqrt(x * y), "√(x·y)", r"\sqrt{x \cdot y}", "sqrt(x * y)"),
        (abs(x - y), "|x − y|", r"\left|x - y\right|", "abs(x - y)"),
        (greater(x, 0.0), "[x > 0]", "[x > 0]", "(1.0 if x > 0.0 else 0.0)"),
        (
            where(greater(x, y), x, 2.0),
            "where([x > y], x, 2)",
            r"\operatorname{where}\left([x > y], x, 2\right)",
            "(x if (1.0 if x > y else 0.0) else 2.0)",
        ),
        (total([x, y, 1.0]), "total(x, y, 1)", r"\operatorname{total}\left(x, y, 1\right)", "total([x, y, 1.0])"),
        (relu(x), "relu(x)", r"\operatorname{relu}\left(x\right)", "relu(x)"),
        (x * 1e-7, "x·1e−07", r"x \cdot 1 \times 10^{-7}", "x * 1e-07"),
        (x + math.inf, "x + ∞", r"x + \infty", "x + 1e999"),
        (x - -math.inf, "x − (−∞)", r"x - \left(-\infty\right)", "x - (-1e999)"),
        (x + math.nan, "x + nan", r"x + \mathrm{NaN}", "x + (1e999 - 1e999)"),
    ],
)
def test_writing(symbol, written, as_latex, as_python):
    assert text(symbol) == str(symbol) == written
    assert latex(symbol) == as_latex
    assert python(symbol) == as_python
    assert repr(symbol) == f"Symbol({written!r})"


@pytest.mark.parametrize(
    ("symbol", "written"),
    [
        (1.0 * x, "x"), (x * 1.0, "x"), (-1.0 * x, "−x"), (x * -1.0, "−x"),
        (x + 0, "x"), (-0.0 + x, "x"),
        (x + 0.0, "x + 0"), (x - 0.0, "x"), (x - (-0.0), "x − (−0)"), (-0.0 - x, "−x"), (0.0 - x, "0 − x"),
        (x / 1.0, "x"), (x**1.0, "x"), (autograd.neg(-x), "x"),
        (where(1.0, x, y), "x"), (where(0.0, x, y), "y"),
        (where(math.nan, x, y), "x"), (autograd.identity(x), "x"), (0.0 * x, "0·x"), (x * 2.0, "x·2"),
    ],
)  # fmt: skip
def test_tidying_changes_no_number(symbol, written):
    assert text(symbol) == written


@pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
def test_every_operation_is_written_in_three_ways(op):
    operands = tuple(Symbol(name) for name in "uvw"[: 3 if op.nary else len(op.slopes)])
    made = op.apply(operands)
    for style in (text, latex, python):
        written = style(made)
        assert all(operand.name in written for operand in operands)
    braces = latex(made)
    assert braces.count("{") == braces.count("}")
    assert braces.count(r"\left") == braces.count(r"\right")


@given(expressions(operations=[op for op in CATALOGUE if op.name != "dot"]))
def test_python_text_computes_an_expression_exactly(program):
    """Whatever the nesting, the text has the parentheses that keep the order of computing."""
    leaves = [Symbol(name) for name in program.names]
    written = program(*leaves)
    names = vars(autograd) | dict(zip(program.names, program.point, strict=True))
    assert eval(python(written), names) == program(*program.point)


@given(st.floats())
def test_numbers_in_python_are_exact(number):
    back = eval(python(Symbol("x") + number), {"x": 0.0}) if number != 0.0 else 0.0
    assert back == number or (back != back and number != number)


def test_a_deep_expression_is_written_without_recursion():
    deep = x
    for _ in range(20_000):
        deep = deep + y
    assert text(deep) == "x" + " + y" * 20_000


def test_a_symbol_is_no_number():
    for use in (lambda: bool(x), lambda: x == y, lambda: x != 1.0, lambda: {x: 1}, lambda: x < y, lambda: float(x)):
        with pytest.raises(TypeError):
            use()
    with pytest.raises(AttributeError) as raised:
        x.tanh()
    assert str(raised.value) == "A symbol has no 'tanh': write rules with operators and autograd's own functions."
    assert text(pickle.loads(pickle.dumps(log(x)))) == "log(x)"


@pytest.mark.parametrize(
    ("number", "written", "as_latex"),
    [
        (-0.0163117, "−0.0163117", "-0.0163117"), (1e-7, "1e−07", r"1 \times 10^{-7}"), (3.0, "3", "3"),
        (1 / 3, "0.333333", "0.333333"), (math.inf, "∞", r"\infty"), (-math.inf, "−∞", r"-\infty"),
        (-1.5e300, "−1.5e+300", r"-1.5 \times 10^{300}"), (-0.0, "−0", "-0"), (math.nan, "nan", r"\mathrm{NaN}"),
    ],
)  # fmt: skip
def test_numbers(number, written, as_latex):
    assert number_text(number) == written
    assert latex_number(number) == as_latex


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("x", "x"), ("x1", "x_{1}"), ("W1[0][1]", "w^{(1)}_{12}"), ("b2[3]", "b^{(2)}_{4}"), ("alpha", r"\alpha"),
        ("W_hh[0][0]", "w^{hh}_{11}"), ("W2[0]", "w^{(2)}_{1}"), ("W[9][0]", "w_{10,1}"), ("E[2]", "E_{3}"),
        ("s1[0]⟨2⟩", r"s^{(1) \langle 2 \rangle}_{1}"), ("w⟨2⟩", r"w^{\langle 2 \rangle}"), ("w_zx", "w_{zx}"),
        ("W1", "W_{1}"), ("θ2", r"\theta_{2}"), ("12", r"\mathrm{12}"), ("loss[0]", r"\mathrm{loss}_{1}"),
        ("loss", r"\mathrm{loss}"), ("δ", r"\delta"), ("Δ", r"\Delta"),
        ("a_b", "a_{b}"), ("two_words", r"\mathrm{two\_words}"), ("50%", r"\mathrm{50\%}"), ("{x}", r"\mathrm{\{x\}}"),
        ("x<1>$", r"\mathrm{x{<}1{>}\$}"), ("E-step", r"\mathrm{E{-}step}"),
        ("w_3", "w_{3}"), ("Alpha", r"\mathrm{Alpha}"), ("theta_1", r"\theta_{1}"),
    ],
)  # fmt: skip
def test_names_in_latex(name, written):
    assert latex_name(name) == written
    assert latex(Symbol(name)) == (f"{{{written}}}" if "^" in written else written)
    assert latex(Symbol(name, latex=r"\hat{y}")) == r"\hat{y}"


@given(st.text(min_size=1, max_size=12))
def test_any_name_gives_balanced_latex(name):
    written = latex_name(name).replace(r"\{", "").replace(r"\}", "")
    assert written.count("{") == written.count("}")


def test_rules_of_exp_are_short():
    assert text(exp.slopes_at(exp(x), (x,))[0]) == "exp(x)"
