"""The steps of a derivation are the same in text, in LaTeX and in MathML."""

import re

import pytest
from hypothesis import given
from perceptron import named, perceptron
from test_naming import graphs

from autograd import Value, explain, sigmoid, sin, total


def many_children():
    x = Value(0.5, name="x")
    return named(total([named(x * float(k), f"v_{k}") for k in range(1, 16)]), "q"), x


def negative_factors():
    x = Value(2.0, name="x")
    z, s = named(-3.0 * x, "z"), named(-5.0 * x, "s")
    return named(-z / s - 2.0 * s - x, "q"), x


def without_names():
    w, x = Value(3.0), Value(0.5)
    s = w * x
    return sin(s) * s, s


def long_chain():
    x = y = Value(0.5, name="x")
    for k in range(20):
        y = named(sigmoid(y), f"a{k}")
    return y, x


def example(error):
    return error, error.graph().leaves[0]


CASES = [many_children(), negative_factors(), without_names(), long_chain(), example(perceptron().error)]


@pytest.mark.parametrize(("output", "value"), CASES)
def test_each_writes_as_many_steps_and_numbers(output, value):
    derivation = explain(output, value)
    text, latex, mathml = str(derivation), derivation.latex(), derivation.mathml()
    assert text.count(" = ") == len(re.findall(r"&?= ", latex)) == mathml.count("<mo>=</mo>")
    assert text.count("×") == len(re.findall(r"\\times(?! 10\^)", latex)) == len(
        re.findall("<mo>×</mo>(?!<msup><mn>10</mn>)", mathml)
    )  # fmt: skip
    assert text.count("∂") == latex.count(r"\partial") == mathml.count("∂")
    assert text.count("directly") == latex.count("direct}") == mathml.count("directly")


def test_what_is_left_out_is_left_out_by_each():
    derivation = explain(*many_children())
    symbols, numbers, *_ = str(derivation).splitlines()
    assert symbols.endswith("+ ∂q/∂v_2·∂v_2/∂x + … + ∂q/∂v_15·∂v_15/∂x")
    assert numbers.endswith("+ 1 × 2 + … + 1 × 15 = 120")
    assert derivation.latex().count(r"+ \cdots + ") == 2
    assert derivation.mathml().count("<mo>+</mo><mo>…</mo><mo>+</mo>") == 2


def test_a_product_that_begins_with_a_minus_is_in_parentheses_behind_one():
    w, v, x = Value(-6.0, name="w"), Value(3.0, name="v"), Value(2.0, name="x")
    y = named(-(w * named(v * x, "u")), "y")
    assert str(explain(y, x)) == "∂y/∂x = ∂y/∂u · ∂u/∂x = −w·v = −(−6 × 3) = 18"
    assert explain(y, x).latex().endswith(r"= -w \cdot v = -\left(-6 \times 3\right) = 18")
    minus, product = "<mo>−</mo>", "<mrow><mo>(</mo><mrow><mrow><mo>−</mo><mn>6</mn></mrow><mo>×</mo><mn>3</mn></mrow>"
    assert f"<mrow>{minus}{product}<mo>)</mo></mrow></mrow>" in explain(y, x).mathml()


def test_each_defines_what_the_derivation_names():
    output, value = without_names()
    derivation = explain(output, value)
    assert str(derivation).splitlines()[:2] == ["y = sin(v1)·v1", "v1 = x1·x2"]
    assert derivation.latex().splitlines()[1:3] == [
        r"y &= \sin\left(v_{1}\right) \cdot v_{1} \\", r"v_{1} &= x_{1} \cdot x_{2} \\"
    ]  # fmt: skip
    assert "<mi>v1</mi></math> <math" in derivation.mathml()


def test_paths_that_are_written_alike_say_which_way_they_take():
    w, v = Value(2.0, name="w"), Value(3.0, name="v_1")
    y = named(w * v + w * v, "y")
    lines = str(explain(y, w)).splitlines()
    assert lines[-2:] == ["  1. v_1 = 3   (through v1)", "  2. v_1 = 3   (through v2)"]
    assert "├── v1 = 6" in str(y.tree())
    assert "└── v2 = 6" in str(y.tree())
    assert r"\quad v_{1} = 3\quad\text{(through $v_{2}$)}" in explain(y, w).latex()
    assert "(through v2)</li>" in explain(y, w).mathml()
    x = Value(0.5, name="x")
    u = x * x
    assert str(explain(named(u * u, "p"), x)).splitlines()[-2:] == [
        "  3. x³ = 0.125   (operand 2 of p, operand 1 of x·x)", "  4. x³ = 0.125   (operand 2 of p, operand 2 of x·x)",
    ]  # fmt: skip


def test_a_way_of_many_forks_is_cut():
    x = y = Value(1.0, name="x")
    for _ in range(20):
        y = y + x
    lines = str(explain(named(y, "y"), x, paths=21)).splitlines()
    first, last = (", ".join(f"through v{k}" for k in ks) for ks in ((19, 18, 17, 16), (3, 2, 1)))
    way = f"{first}, …, {last}, operand 1 of x + x"
    assert lines[-1] == "  21. 1   (operand 2 of y)"
    assert any(line.endswith(f" 1   ({way})") for line in lines)


def test_paths_that_are_told_apart_say_no_more():
    for case in (many_children(), negative_factors(), long_chain()):
        assert "through" not in str(explain(*case))
        assert "operand" not in str(explain(*case))


@given(graphs())
def test_no_two_paths_are_written_alike(y):
    for node in y.graph().nodes:
        derivation = explain(y, node, paths=20)
        if derivation.count > 1:
            lines = [line.strip().partition(". ")[2] for line in str(derivation).splitlines() if line[:2] == "  "]
            lines = [line for line in lines if line]
            assert len(set(lines)) == len(lines)
