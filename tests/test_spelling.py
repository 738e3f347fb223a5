"""Formulas as people write them: what each sign means, and what is refused with which sentence."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import AutogradError, ExpressionError
from autograd.formula import read_answer

NUMBERS = {
    "x": 3.0, "y": 2.0, "z": 2.0, "t": 1.0, "x1": 4.0, "s⟨1⟩": 0.5, "W1[0][1]": 5.0, "L(1)": 7.0, "ρ": 0.1, "w¹10": 9.0,
}  # fmt: skip
S = 1.0 / (1.0 + math.exp(-0.5))


#: What is typed, and the number that it is.
READ = [
    ("4*y**3", 32.0), ("4·y³", 32.0), ("4y^3", 32.0), ("2(y − 1)x", 6.0), ("xy", 6.0), ("2xy", 12.0),
    ("x₁", 4.0), ("√x1", 2.0), ("√(x1)·x", 6.0), ("∛8", 2.0), ("|x − 4|", 1.0), ("|x||y|", 6.0),
    ("|x·|y − 4||", 6.0),
    ("eˣ", math.e**3), ("e⁻ˣ", math.e**-3), ("e^(−x)", math.e**-3), ("exp(x)", math.e**3), ("½y", 1.0),
    ("1/3", 1 / 3), ("2½", 2.5), ("−1 ¾", -1.75), ("2½·y", 5.0),
    ("2ᶻ·ln 2", 4 * math.log(2)), ("2e-3", 0.002), ("2e−3", 0.002), ("W1[0][1]·L(1)", 35.0), ("W1[0][1](x)", 15.0),
    ("[x > 0]·y", 2.0), ("[x ≤ 0]", 0.0), ("[y = z]", 1.0), ("s_1", 0.5), ("σ(s⟨1⟩)(1 − σ(s_1))", S * (1 - S)),
    ("0,84", 0.84), ("−0,5", -0.5), ("sin²x", math.sin(3) ** 2), ("σ²(s_1)", S * S), ("y⁻¹", 0.5),
    ("y⁻¹²", 2.0**-12),
    ("−y^2", -4.0), ("x/(2·√x1)", 0.75), ("1/y·x", 1.5), ("2y^(x−1)", 8.0), ("2^3^2", 512.0), ("x − −y", 5.0),
    ("π", math.pi), ("ρ·w¹10", 0.9), ("log₂(8)", 3.0), ("max(x, y)", 3.0), ("{x + y}·2", 10.0), (" x +\ty ", 5.0),
    ("2[x + y]", 10.0),
    ("total(x, y, 1)", 6.0), ("logsumexp(x, x)", 3.0 + math.log(2.0)),
    ("⌊7/2⌋·y", 6.0), ("⌊x + 0.5⌋", 3.0), ("−⌊−x/y⌋", 2.0), ("sin²x cos x", math.sin(3) ** 2 * math.cos(3)),
    ("|sin x|", math.sin(3)), ("2√x1·x", 12.0), ("2e2", 200.0),
    ("9 % 4", 1.0), ("007", 7.0), (".5", 0.5), ("where(x > 0, y, 1)", 2.0),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), READ)
def test_what_is_read(written, expected):
    assert read_answer(written, NUMBERS).compute(NUMBERS) == pytest.approx(expected, rel=1e-14)


def test_the_names_that_occur():
    assert read_answer("2·L(1) + x₁", NUMBERS).names == {"L(1)", "x1"}
    assert read_answer("σ(0) + e + π", NUMBERS).names == set()


def test_names_of_the_graph_come_first():
    assert read_answer("e·exp", {"e": 2.0, "exp": 3.0}).compute({"e": 2.0, "exp": 3.0}) == 6.0
    assert read_answer("pi", {"p": 2.0, "i": 3.0, "pi": 5.0}).compute({"p": 2.0, "i": 3.0, "pi": 5.0}) == 5.0


KNOWN = "The names are x, y, z, t, x1, s⟨1⟩, W1[0][1], L(1), ρ, w¹10."


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "'' cannot be read: is a sign or a bracket missing?"),
        ("2*", "'2*' cannot be read: is a sign or a bracket missing?"),
        ("(y", "'(y' cannot be read: a ) is missing."),
        ("y)", "'y)' cannot be read: the ) closes nothing."),
        ("|y", "'|y' cannot be read: a | is missing."),
        ("y!", "'y!' cannot be read: the sign '!' means nothing here."),
        ("³", "'³' cannot be read: something is missing before 3."),
        ("sin", "'sin' cannot be read: something is missing at its end."),
        ("y + sgn(x)", f"'y + sgn(x)' cannot be read: there is no sgn here. Did you mean sign? {KNOWN}"),
        ("q", f"'q' cannot be read: there is no q here. {KNOWN}"),
        ("x.__class__", "'x.__class__' cannot be read: the sign '.' means nothing here."),
        ("sin 2x", "'sin 2x' cannot be read: where does sin end? Write sin(…) with brackets."),
        ("ln xy", "'ln xy' cannot be read: where does log end? Write log(…) with brackets."),
        ("√x(1 + y)", "'√x(1 + y)' cannot be read: where does sqrt end? Write sqrt(…) with brackets."),
        ("⌊x", "'⌊x' cannot be read: a ⌋ is missing."),
        ("2.5½", "'2.5½' cannot be read: 2.5½ may be a sum or a product: write which."),
        ("1 000", "'1 000' cannot be read: 1 000 may be one number or a product: write which."),
        ("y²ˣ", "'y²ˣ' cannot be read: write the exponent 2x after ^."),
    ],
)  # fmt: skip
def test_what_is_refused(written, message):
    with pytest.raises(ExpressionError) as caught:
        read_answer(written, NUMBERS)
    assert str(caught.value) == message


def test_a_list_is_no_answer():
    with pytest.raises(ExpressionError) as caught:
        read_answer("[x, y]", NUMBERS).compute(NUMBERS)
    assert str(caught.value) == "'[x, y]' is a list, where one number is needed."


def test_a_number_that_may_be_a_name():
    with pytest.raises(ExpressionError) as caught:
        read_answer("2E2", ["E2"])
    assert str(caught.value) == "'2E2' cannot be read: 2E2 may be 2·E2 or 200: write which."
    assert read_answer("2E2", ["E"]).compute({"E": 3.0}) == 200.0
    assert read_answer("2·E2", ["E2"]).compute({"E2": 3.0}) == 6.0


def test_long_and_deep_answers():
    with pytest.raises(ExpressionError, match=r"^The answer has 20,001 characters; at most 20,000 are read\.$"):
        read_answer("1" * 20_001, ())
    with pytest.raises(ExpressionError, match=r"nested too deeply\.$"):
        read_answer("+".join("x" * 2_000), NUMBERS).compute(NUMBERS)
    with pytest.raises(ExpressionError, match=r"nested too deeply\.$"):
        read_answer("(" * 9_000 + "x" + ")" * 9_000, NUMBERS)


@given(st.lists(st.sampled_from([*"xyz12.,()[]|+-*/^ ²³ˣ√½eπ=<>σ", "ln", "s_1"]), max_size=14))
def test_any_text_is_read_or_refused(signs):
    with contextlib.suppress(AutogradError):
        assert isinstance(read_answer("".join(signs), NUMBERS).compute(NUMBERS), float)
