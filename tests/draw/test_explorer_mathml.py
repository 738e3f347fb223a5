"""MathML of formulas and names: the elements that the notation asks for, well formed whatever the names."""

import xml.etree.ElementTree as ElementTree

import pytest

from autograd import CATALOGUE, Symbol, dot, exp, relu, sqrt, where
from autograd.draw.explorer.mathml import formula, markup, name_tree, number_tree, slot
from autograd.symbol import formulas

x, y = Symbol("x"), Symbol("y")


def text_of(tree):
    return "".join(ElementTree.fromstring(f"<math>{markup(tree)}</math>").itertext())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x", "<mi>x</mi>"),
        ("W1[0][1]", "<mi>W1[0][1]</mi>"),
        ("s⟨2⟩", "<mi>s⟨2⟩</mi>"),
        ("alpha", "<mi>alpha</mi>"),
        ("a\nb", "<mi>a↵b</mi>"),
        ("2", "<mi>2</mi>"),
        ("a<b", "<mi>a&lt;b</mi>"),
        ("日本", "<mi>日本</mi>"),
        ("y" * 50 + "1", f"<mi>{'y' * 50}1</mi>"),
    ],
)
def test_names(name, expected):
    assert markup(name_tree(name)) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.25, "0.25"), (-3.0, "−3"), (1.5e-7, "1.5×10−7"), (-2e30, "−2×1030"), (float("inf"), "∞"), (-0.0, "0")],
)
def test_numbers(number, expected):
    assert text_of(number_tree(number)) == expected


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        (x / y, "<mfrac><mi>x</mi><mi>y</mi></mfrac>"),
        ((-x) ** 2.0, "<msup><mrow><mo>(</mo><mrow><mo>−</mo><mi>x</mi></mrow><mo>)</mo></mrow><mn>2</mn></msup>"),
        (sqrt(x), "<msqrt><mi>x</mi></msqrt>"),
        (relu(x), "<mrow><mi>relu</mi><mo>(</mo><mi>x</mi><mo>)</mo></mrow>"),
        (exp(-x), "<msup><mi>e</mi><mrow><mo>−</mo><mi>x</mi></mrow></msup>"),
    ],
)  # fmt: skip
def test_layouts(symbol, expected):
    assert markup(formula(symbol)) == expected


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        (x - (y - x), "x−(y−x)"),
        (x * (y + 1.0), "x·(y+1)"),
        (x * (-y), "x·(−y)"),
        (where(x, y, 1.0), "where(x,y,1)"),
        (dot.forward(*map(Symbol, "abcdefgh")), "a·e+b·f+c·g+d·h"),
        (dot.forward(*[Symbol(f"w{i}") for i in range(9)], *[Symbol(f"z{i}") for i in range(9)]),
         "w0·z0+w1·z1+w2·z2+…+w7·z7+w8·z8"),
    ],
)  # fmt: skip
def test_parentheses_and_sums(symbol, expected):
    assert text_of(formula(symbol)) == expected


@pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
def test_every_operation_and_slope_is_well_formed(op):
    out, slopes = formulas(op)
    for symbol in (out, *slopes):
        assert text_of(formula(symbol))


def test_slots_take_names():
    tree = formula(slot(0) * slot(1) + slot(0))
    assert markup(tree, [name_tree("a"), name_tree("b")]) == (
        "<mrow><mrow><mi>a</mi><mo>·</mo><mi>b</mi></mrow><mo>+</mo><mi>a</mi></mrow>"
    )


def test_depth_and_size_are_no_trouble():
    deep = x
    for _ in range(100):
        deep = exp(deep)
    assert text_of(formula(deep)).count("e") == 100
    for _ in range(5000):
        deep = relu(deep)
    assert formula(deep) == ["mo", "…"]
