"""Labels: names become one visible line, escaped so that Graphviz gives back exactly what went in."""

import math
import sys
import unicodedata
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import CATALOGUE, Op, Value, dot, mul, prod
from autograd.draw.labels import (
    MAYBE_RIGHT_TO_LEFT,
    RIGHT_TO_LEFT,
    clean,
    edge_formulas,
    operation,
    shorten,
    tooltip,
    width,
)
from autograd.notation import Notation

SVG = "{http://www.w3.org/2000/svg}"

NAMES = [
    r"a\Nb \G \L \E \T \H",
    "\\",
    "\\\\",
    r"end\n",
    r"\l\r\n\t",
    '"quoted"',
    "it's",
    "{b|c} [d] <e>",
    "<script>alert('x')</script>",
    "]]><!-- -->",
    "x & y",
    "&lt;&amp;&#8706;&nbsp;",
    "вес слоя №1",
    "Ωμέγα ∂·−²σ",
    "重み行列",
    "🙂👩‍👩‍👧",
    "é ñ",
    "digraph { a -> b }",
    "a:b;c,d",
    "%s %d {0}",
    "0",
    "-1.5e3",
]


def drawn_texts(name):
    x = Value(2.0, name=name)
    picture = ElementTree.fromstring((x * x + 1.0).graph().to_svg())
    texts = [node.text for node in picture.iter(f"{SVG}text")]
    tips = [node.text for node in picture.iter(f"{SVG}title")]
    return picture, texts, tips


@pytest.mark.parametrize("name", NAMES)
def test_a_name_comes_back_from_the_drawing(name):
    picture, texts, tips = drawn_texts(name)
    assert shorten(name, 22) in texts
    short = shorten(name, 14)
    assert texts.count(f"{short} = 2") + texts.count("= 2") == 2
    assert texts.count(short) + texts.count(f"{short} = 2") >= 2
    assert f"{name}: leaf\ndata 2.0\ngrad not computed yet: call backward()" in tips
    assert sum(tip.startswith(f"∂v1/∂{name} = {name} = 2.0\n") for tip in tips) >= 2
    assert not list(picture.iter(f"{SVG}script"))


@given(st.text(min_size=1, max_size=30))
def test_any_name_is_drawn(name):
    picture, texts, _ = drawn_texts(name)
    assert not list(picture.iter(f"{SVG}script"))
    # Graphviz keeps runs of blanks apart by no-break spaces.
    squeezed = " ".join(shorten(clean(name), 22).split())
    assert squeezed in [" ".join(text.split()) for text in texts if text]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("two\nlines", "two↵lines"),
        ("tab\there", "tab here"),
        ("nul\x00bell\x07", "nul\ufffdbell\ufffd"),
        ("half \ud83d", "half \ufffd"),
        ("non \uffff", "non \ufffd"),
        ("left\u202eright", "left\ufffdright"),
        ("שלום", "שלום\u200e"),
        (" ", "“ ”"),
        ("plain", "plain"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
    ],
)
def test_clean(name, line):
    assert clean(name) == line


def test_names_from_right_to_left_keep_the_order_of_a_formula():
    xs = [Value(float(i), name=name) for i, name in enumerate("אבג", 1)]
    y = prod(xs)
    assert edge_formulas(y, y.graph().names, 9, 4)[2] == "א\u200e·ב\u200e"


def test_ten_thousand_characters():
    _, texts, tips = drawn_texts("w" * 10_000)
    assert f"{'w' * 14}…{'w' * 7}" in texts
    assert max(map(len, texts)) < 100
    assert max(map(len, tips)) < 1100


def test_the_blocks_that_are_looked_at_hold_every_letter_from_right_to_left():
    letters = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.bidirectional(c) in RIGHT_TO_LEFT]
    assert len(letters) > 2000
    assert all(MAYBE_RIGHT_TO_LEFT.match(c) for c in letters)


def test_shorten():
    assert shorten("W1[0][1]", 8) == "W1[0][1]"
    assert shorten("abcdefghij", 7) == "abcd…ij"
    assert shorten("weights[7][0]", 12) == "weigh…[7][0]"
    assert shorten("weights_of_all[7][0]⟨12⟩", 22) == "weights_of_…[7][0]⟨12⟩"
    assert shorten("w[1][2][3][4][5]", 10) == "w[1][2…[5]"
    assert shorten("abcdefghi\u0301j", 7) == "abcd…j"  # no accent without its letter
    assert all(len(shorten("x" * 50, limit)) == limit for limit in range(2, 50))


def test_a_tooltip_is_cut_and_legal():
    assert tooltip("a\nb\x00\ud800") == "a\nb\ufffd\ufffd"
    assert tooltip("x" * 5000) == f"{'x' * 666}…{'x' * 333}"


def test_width_grows_with_what_is_written():
    assert width("", 10) == 0
    assert width("il", 10) < width("ab", 10) < width("WM", 10)
    assert width("ab", 20) == 2 * width("ab", 10)
    assert width("ab", 10, bold=True) > width("ab", 10)
    assert width("重", 10) > width("a", 10)
    assert width("e\u0301", 10) == width("e", 10)


def test_every_operation_has_a_short_sign_of_its_own():
    signs = {op.name: operation(op) for op in CATALOGUE}
    assert len(set(signs.values())) == len(signs)
    assert all(0 < len(sign) <= 10 and "{" not in sign for sign in signs.values())
    some = ("add", "sub", "mul", "truediv", "neg", "pow", "tanh", "sigmoid", "abs", "sqrt", "square", "step", "dot")
    assert [signs[name] for name in some] == [
        "+", "−", "×", "÷", "−x", "x^y", "tanh", "σ", "|x|", "√x", "x²", "[x > 0]", "Σ w·x",
    ]  # fmt: skip


def test_the_sign_of_a_users_operation():
    cube = Op("cube", lambda x: x * x * x, [lambda out, x: 3 * x * x])
    primed = Op("primed", lambda x: x, [lambda out, x: 1.0], notation=Notation("{}′", "{}'", "", 4, (4,)))
    assert (operation(cube), operation(primed)) == ("cube", "x′")


def test_edge_formulas():
    w, x = Value(2.0), Value(3.0)
    names = {w: "w", x: "x"}
    y = dot([w, 5.0], [x, 7.0])
    assert edge_formulas(y, names | {y: "y"}, 9, 4) == ["x", None, "w", None]
    z = w / 3.0
    assert edge_formulas(z, names | {z: "z"}, 9, 4) == ["1/3", None]


def test_edge_formulas_of_a_rule_for_floats_only():
    floats = Op("floats", lambda *xs: sum(xs), lambda out, xs: [math.exp(0.0 * x) for x in xs], pack=tuple)
    y = floats([Value(1.0), Value(2.0)])
    assert edge_formulas(y, y.graph().names, 9, 4) == [None, None]


def test_an_operation_of_ones_own_has_its_own_sign_whatever_its_name():
    product = Op("mul", lambda x, y: x * y, [lambda out, x, y: y, lambda out, x, y: x])
    assert operation(product) == "mul"
    assert operation(mul) == "×"
