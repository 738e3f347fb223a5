"""Formulas as a textbook writes them: short, and the same numbers as the rules."""

import math
import re

import pytest
from hypothesis import given

import autograd
from autograd import (
    CATALOGUE,
    Op,
    Symbol,
    Value,
    cbrt,
    cos,
    exp,
    explain,
    greater,
    log,
    log_softmax,
    logsumexp,
    reciprocal,
    relu,
    sigmoid,
    softplus,
    sqrt,
    square,
)
from autograd.factors import evaluate
from autograd.ops import LOG2_E, TWO_OVER_SQRT_PI, polygamma
from autograd.symbol import formulas
from autograd.testing.strategies import expressions
from autograd.textbook import Writer, formula, latex_formula, textbook

x, y, z = Symbol("x"), Symbol("y"), Symbol("z")


@pytest.mark.parametrize(
    ("symbol", "written", "as_latex"),
    [
        (x * (1.0 / x), "1", "1"),
        (-2.0 * (-(1.0 / y) / y / y / y) * y, "2/y³", r"\frac{2}{y^{3}}"),
        (x / y / y * y, "x/y", r"\frac{x}{y}"),
        (2.0 * 3.0 * x, "6·x", r"6 \cdot x"),
        (x * 2.0 * y * 3.0, "6·x·y", r"6 \cdot x \cdot y"),
        (x * -y, "−x·y", r"-x \cdot y"),
        (x / (-y), "−x/y", r"-\frac{x}{y}"),
        (x * x * y * x, "x³·y", r"x^{3} \cdot y"),
        (square(x) * square(x), "x⁴", "x^{4}"),
        (x**y * x, "x^(y + 1)", "x^{y + 1}"),
        (x * x ** (y - 1.0), "xʸ", "x^{y}"),
        (x**y / x**y, "1", "1"),
        (2.0**z * log(Symbol("a")) * math.log(2.0), "2ᶻ·ln(a)·ln(2)", None),
        (exp(x), "eˣ", "e^{x}"),
        (exp(-x), "e⁻ˣ", "e^{-x}"),
        (exp(2.0 * x), "exp(2·x)", r"e^{2 \cdot x}"),
        (square(exp(x)), "(eˣ)²", r"\left(e^{x}\right)^{2}"),
        (square(log(x)), "ln(x)²", r"\ln\left(x\right)^{2}"),
        (LOG2_E / x, "1/(x·ln(2))", None),
        (TWO_OVER_SQRT_PI * exp(-square(x)), "2·exp(−x²)/√π", None),
        (0.5 / sqrt(x), "1/(2·√x)", r"\frac{1}{2 \cdot \sqrt{x}}"),
        (sqrt(x) * sqrt(x), "x", "x"),
        (x / sqrt(x), "√x", r"\sqrt{x}"),
        (x**0.5, "√x", r"\sqrt{x}"),
        (1.0 / (3.0 * cbrt(x) * cbrt(x)), "1/(3·(∛x)²)", None),
        (x * (1.0 / 3.0), "x/3", r"\frac{x}{3}"),
        (x * (2.0 / 3.0), "2·x/3", None),
        (x * 0.5, "0.5·x", None),
        (x * 0.1, "0.1·x", None),
        (x / 49.0 * 49.0, "x", "x"),
        (-reciprocal(x) ** 2, "−1/x²", None),
        (1.0 / (x * y) / (x * y), "1/(x²·y²)", None),
        (1.0 - (1.0 - x), "x", "x"),
        (x + x, "2·x", r"2 \cdot x"),
        (x + y - x, "y", "y"),
        (x - x, "0", "0"),
        (x - (y - z), "x − y + z", "x - y + z"),
        (0.0 * x, "0", "0"),
        (-x / y + (1.0 - x) / (1.0 - y), "−x/y + (1 − x)/(1 − y)", None),
        (square(x * y), "(x·y)²", None),
        (greater(x, 0.0) * 1.0 * y, "[x > 0]·y", None),
        (x / 0.0, "x/0", None),
        (1e-300 * x * 1e-300, "1e−600·x", r"1 \times 10^{-600} \cdot x"),
    ],
)  # fmt: skip
def test_writing(symbol, written, as_latex):
    assert formula(symbol) == written
    if as_latex is not None:
        assert latex_formula(symbol) == as_latex


def test_what_cannot_be_told_to_be_one_name_is_not_cancelled():
    one, other = Symbol("…", latex=r"\ldots"), Symbol("…", latex=r"\ldots")
    assert formula(one / other) == "…/…"
    assert formula(one / one) == "1"
    assert formula(Symbol("w", number=2.0) / Symbol("w", number=3.0)) == "w/w"


def test_a_formula_that_has_a_name_is_written_by_it():
    f, u = Symbol("f"), x * log(x)
    assert Writer([(x**u, f)]).multiply([x ** (u - 1.0), 2.0, x, y]).symbol.op is not None
    assert formula(Writer([(x**u, f)]).multiply([x ** (u - 1.0), 2.0, x, y]).symbol) == "2·f·y"
    assert formula(Writer([(cos(x), f)]).rewrite(1.0 - square(cos(x)))) == "1 − f²"


@pytest.mark.parametrize(
    ("terms", "written"),
    [
        ([x * y, x * z], "x·(y + z)"),
        ([2.0 * x, 4.0 * x * y], "2·x·(2·y + 1)"),
        ([-2.0 * x, -4.0 * y], "−2·(x + 2·y)"),
        ([x, x], "2·x"),
        ([x, 1.0], "x + 1"),
        ([1.0, x], "x + 1"),
        ([-x, 1.0], "1 − x"),
        ([-x * y, y], "y·(1 − x)"),
        ([-x, -1.0], "−(x + 1)"),
        ([x, -x], "0"),
        ([x / y, 1.0 / y], "(x + 1)/y"),
        ([2.0, 3.0], "5"),
        ([], "0"),
    ],
)
def test_a_sum_shows_what_its_terms_have_in_common(terms, written):
    assert formula(Writer().add(terms).symbol) == written


a, b, c = (Symbol(name, number=number) for name, number in (("a", 2.0), ("b", -1.0), ("c", 0.5)))
ahead = logsumexp([a - c, b - c])


@pytest.mark.parametrize(
    ("symbol", "written"),
    [
        (ahead, "logsumexp(a, b) − c"),
        (sigmoid(ahead) * exp(a - c - ahead), "exp(a − logsumexp(a, b, c))"),
        (-2.0 * b * sigmoid(ahead) * exp(b - c - ahead), "−2·b·exp(b − logsumexp(a, b, c))"),
        (sigmoid(ahead) * exp(a - c), "σ(logsumexp(a, b) − c)·exp(a − c)"),
        (sigmoid(logsumexp([a - b])) * exp(a - b - logsumexp([a - b])), "σ(a − b)"),
        (sigmoid(logsumexp([a, b])) * exp(a - logsumexp([a, b])), "exp(a − logsumexp(a, b, 0))"),
        (exp(a - 2.0 - logsumexp([a - 2.0, b - 2.0])), "exp(a − logsumexp(a, b))"),
        (logsumexp([a - c, b - c, c - c]), "logsumexp(a, b, c) − c"),
        (logsumexp([v - (0.25 * a + 0.25 * b + 0.5 * c) for v in (a, b, c)]),
         "logsumexp(a, b, c) − 0.25·a − 0.25·b − 0.5·c"),
        (logsumexp([a, a + b, c]), "logsumexp(a, a + b, c)"),
        (logsumexp([a + b, a + c, b * c]), "logsumexp(a + b, a + c, b·c)"),
        (logsumexp([2.0 * a, 3.0 * a]), "logsumexp(2·a, 3·a)"),
        (exp(logsumexp([a, b]) - a), "exp(logsumexp(a, b) − a)"),
        (exp(a - a), "1"),
    ],
)  # fmt: skip
def test_shares_however_they_were_computed(symbol, written):
    assert formula(symbol) == written
    assert evaluate(textbook(symbol)) == pytest.approx(evaluate(symbol), rel=1e-12)


def shares(*names):
    whole = logsumexp(list(names))
    return [exp(name - whole) for name in names]


p, q = shares(a, b, c), shares(a, b)


@pytest.mark.parametrize(
    ("terms", "written"),
    [
        ([-p[0], -p[1]], "exp(c − logsumexp(a, b, c)) − 1"),
        ([x * p[0], x * p[2]], "x·(1 − exp(b − logsumexp(a, b, c)))"),
        (p, "1"),
        ([x * share for share in p], "x"),
        ([p[0], -0.25 * p[0], -0.25 * p[1], -0.25 * p[2]], "exp(a − logsumexp(a, b, c)) − 0.25"),
        ([p[0], 2.0 * p[1]], "exp(a − logsumexp(a, b, c)) + 2·exp(b − logsumexp(a, b, c))"),
        ([-q[0]], "−exp(a − logsumexp(a, b))"),
        ([x * p[0], y * p[1]], "x·exp(a − logsumexp(a, b, c)) + y·exp(b − logsumexp(a, b, c))"),
        ([p[0], q[1]], "exp(a − logsumexp(a, b, c)) + exp(b − logsumexp(a, b))"),
    ],
)
def test_a_sum_of_shares_is_what_they_lack_of_1(terms, written):
    assert formula(Writer().add(terms).symbol) == written


def test_a_loss_with_softmax_reads_as_on_the_slide():
    s = [Value(number, name=f"s{k}") for k, number in enumerate((2.0, -1.0, 0.5), 1)]
    total = math.fsum(math.exp(v.data) for v in s)
    ahead = softplus(logsumexp([s[0] - s[2], s[1] - s[2]]))
    mixed = logsumexp([v - (0.2 * s[0] + 0.3 * s[1] + 0.5 * s[2]) for v in s])
    for loss, targets in ((ahead, (0, 0, 1)), (-log_softmax(s)[2], (0, 0, 1)), (mixed, (0.2, 0.3, 0.5))):
        loss.name = "L"
        for v, target in zip(s, targets, strict=True):
            derivation = explain(loss, v)
            less = f" − {target:g}" if target else ""
            assert f" = exp({v.name} − logsumexp(s1, s2, s3)){less} = " in str(derivation)
            assert derivation.total == pytest.approx(math.exp(v.data) / total - target, rel=1e-12)


def test_a_very_large_formula_stays_as_it_is():
    deep = x
    for _ in range(20_000):
        deep = deep * 1.5 + y
    assert textbook(deep) is deep


# --- the numbers ------------------------------------------------------------------------------------------------------


def close(one, other):
    return one == pytest.approx(other, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("op", CATALOGUE, ids=lambda op: op.name)
def test_the_slopes_of_every_operation(op):
    """The card's formulas, read with numbers of the domain, are the rule's numbers."""
    if op.nary:
        points = [(0.7, -1.3, 0.4, 2.1, -0.6)[: len(op.letters)]]
    else:
        inside = [(max(low, -2.0), min(high, 2.0)) for low, high in op.domain]
        points = [tuple(a + (b - a) * t for (a, b), t in zip(inside, ts, strict=False))
                  for ts in [(0.31, 0.67, 0.83), (0.83, 0.12, 0.9), (0.55, 0.9, 0.2)]]  # fmt: skip
    for point in points:
        number = op.apply(point)
        slopes = op.slopes_at(number, point)
        names = [Symbol(name, number=v) for name, v in zip("abcde", point, strict=False)]
        for out in (Symbol("out", number=number), op.apply(tuple(names))):
            for slope, symbol in zip(slopes, op.slopes_at(out, tuple(names)), strict=True):
                assert close(evaluate(textbook(symbol)), slope)


@given(expressions())
def test_printed_formulas_are_the_slopes(program):
    """What an edge prints, read back from its text, is the number on the edge: for every operation of the catalogue."""
    out = program(*program.values())
    for place, node in enumerate(out.graph().nodes):
        node.name = f"n{place}q"
    numbers = {node.name: node.data for node in out.graph()}
    for edge in out.graph().edges:
        assert close(evaluate(textbook(edge.symbol)), edge.slope)
        read = read_back(edge.formula, numbers)
        if read is not None:
            assert read == pytest.approx(edge.slope, rel=1e-4, abs=1e-4)  # six digits of each number


class Number(float):
    """A float that knows roots as operators: ``~x`` is √x, ``+x`` is ∛x, binding as tightly as the signs do."""

    def __invert__(self):
        return Number(math.sqrt(self))

    def __pos__(self):
        return Number(math.cbrt(self))


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "rpow", "neg"):
    _method = getattr(float, f"__{_name}__")
    setattr(Number, f"__{_name}__", lambda self, *other, _method=_method: Number(_method(self, *map(float, other))))


def read_back(written, numbers):
    """Compute a printed formula; None where its signs are not those of Python's operators."""
    if any(sign in written for sign in ("|", "⌊", "⌈", "…", "mod", "∞")):
        return None
    raised = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
    code = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: f"**({m.group().translate(raised)})", written)
    code = code.replace("·", "*").replace("−", "-").replace("^", "**").replace("√", "~").replace("∛", "+")
    code = code.replace("[", "int(").replace("]", ")").replace(" = ", " == ")
    code = re.sub(r"(?<![\w.])(\d+(\.\d+)?(e[+-]\d+)?)(?![\w.])", r"Number(\1)", code)
    code = re.sub(r"\bn\d+q\b", lambda m: f"Number({numbers[m.group()]!r})", code)
    functions = {
        name: lambda *xs, op=op: Number(op.apply(tuple(map(float, xs))))
        for name, op in [*((op.name, op) for op in (*CATALOGUE, polygamma)), ("σ", autograd.sigmoid), ("ln", log)]
    }
    functions |= {"Number": Number, "int": int, "π": Number(math.pi)}
    return eval(code, functions)


def test_reading_back_reads():
    numbers = {"n1q": 4.0, "n2q": 3.0}
    assert read_back("2·√n1q/n2q² + [n1q > n2q]·ln(n2q)", numbers) == pytest.approx(4 / 9 + math.log(3))
    assert read_back("−n1q^(n2q − 1)", numbers) == -16.0


@pytest.mark.parametrize(
    ("make", "number"),
    [
        (lambda v: v**0.0, 0.0),
        (lambda v: autograd.hypot(v, 0.0), 0.0),
        (lambda v: Value(0.0) ** v, 2.0),
        (lambda v: v / v, 3.0),
        (lambda v: relu(v) * 2.0, 0.0),
    ],
)
def test_where_a_guard_decides_explain_shows_it_or_only_the_number(make, number):
    v = Value(number, name="v")
    derivation = autograd.explain(make(v), v)
    shown = str(derivation).splitlines()[-1].rpartition(" = ")[2]
    assert float(shown.replace("−", "-")) == pytest.approx(derivation.paths[-1].number, rel=1e-5)


def test_a_rule_of_one_s_own_is_tidied_too():
    witch = Op("witch", lambda x: 1.0 / (1.0 + x * x), [lambda out, x: -2.0 * x * out * out])
    assert [formula(slope) for slope in formulas(witch)[1]] == ["−2·x·witch(x)²"]


def test_what_is_compared_keeps_its_last_digit():
    """Written as 1/z^0.738 the power is another float, and no longer equal to y."""
    x, z = Value(0.0, name="x"), Value(0.382, name="z")
    y = autograd.largest([x, z**-0.738])
    y.name = "y"
    assert str(autograd.explain(y, x)) == "∂y/∂x = [x = y]/([x = y] + [z^(−0.738) = y]) = 0"


def test_a_branch_that_was_chosen_for_good_may_be_a_number():
    x, y = Value(0.3, name="x"), Value(0.7, name="y")
    for op in CATALOGUE:
        if op.operands == ("x",):
            made = y - op(autograd.where(0.5, 1.0, x) if op is autograd.acosh else autograd.where(0.5, 0.25, x))
            made.name = "s"
            assert str(explain(made, y)).splitlines()[-1] == "∂s/∂y = 1"
    s = y - autograd.neg(autograd.where(0.5, 0.25, x))
    assert str(explain(s, y)).startswith("v3 = y − (−0.25)")
