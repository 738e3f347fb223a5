"""The record of an operation: what it refuses, and that one record outside the package gives everything."""

import copy
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import autograd
from autograd import (
    DomainError,
    Interval,
    Notation,
    Op,
    OpDefinitionError,
    OperandTypeError,
    Symbol,
    Value,
    ValueOverflowError,
    gradients,
    hessian,
    where,
)
from autograd.floats import real_number
from autograd.symbol import latex, text
from autograd.testing import check_op

#: Three records as a user writes them: a primitive, a generic one of two operands, one of any number.
lgamma_like = Op(
    "lgamma_like",
    lambda x: math.sin(x) * math.exp(-x),
    [lambda out, x: autograd.cos(x) * autograd.exp(-x) - out],
    doc="a damped wave",
    reference="made up",
)
blend = Op(
    "blend",
    lambda x, y: x * y + autograd.tanh(y),
    [lambda out, x, y: y, lambda out, x, y: x + 1.0 - autograd.square(autograd.tanh(y))],
    notation=Notation("{}⋈{}", r"{} \bowtie {}", ""),
    defaults=[2.0],
)
norm = Op(
    "norm",
    lambda *xs: math.sqrt(math.fsum(x * x for x in xs)),
    lambda out, xs: [x / out for x in xs],
    pack=lambda xs: tuple(xs),
    array=lambda *xs: np.sqrt(sum(x * x for x in xs)),
    kink=lambda *xs: autograd.total([abs(x) for x in xs]),
    convention="no slope at 0",
)


def test_a_neutral_number_needs_two_operands():
    with pytest.raises(OpDefinitionError) as raised:
        Op("shift", lambda x, y, z: x + y - z, [lambda out, *_: 1.0] * 3, neutral={2: 0.0})
    assert str(raised.value) == (
        "Operation 'shift' has neutral numbers but 3 operand(s): such a number leaves the other one of two operands. "
        "Use tidy= for the formula."
    )


class TestOneRecordGivesEverything:
    def test_floats(self):
        assert lgamma_like(0.5) == math.sin(0.5) * math.exp(-0.5)
        assert blend(3.0, 2.0) == blend(3.0) == 6.0 + math.tanh(2.0)
        assert norm([3.0, 4.0]) == 5.0

    def test_values(self):
        x, y = Value(3.0, name="x"), Value(2.0, name="y")
        out = blend(x, y)
        out.backward()
        assert out.op is blend
        assert out.data == 6.0 + math.tanh(2.0)
        assert (x.grad, y.grad) == (2.0, 4.0 - math.tanh(2.0) ** 2)
        assert blend(x).operands == (x, 2.0)
        assert blend(1.5, y).slopes == (None, 2.5 - math.tanh(2.0) ** 2)
        assert norm([x, 4.0]).slopes == (0.6, None)

    def test_symbols(self):
        x, y = Symbol("x"), Symbol("y")
        assert text(blend(x, y)) == "x⋈y"
        assert latex(blend(x, y)) == r"x \bowtie y"
        assert text(lgamma_like(x)) == "lgamma_like(x)"
        assert text(norm([x, y])) == "norm(x, y)"

    def test_edges(self):
        x, y = Value(3.0, name="x"), Value(2.0, name="y")
        assert [edge.formula for edge in blend(x, y).edges] == ["y", "x + 1 − tanh(y)²"]
        assert [edge.formula for edge in norm([x, y]).edges] == ["x/norm(x, y)", "y/norm(x, y)"]

    def test_arrays(self):
        xs = np.array([[0.5, 1.0], [2.0, -1.0]])
        np.testing.assert_allclose(lgamma_like(xs), np.sin(xs) * np.exp(-xs), rtol=1e-15)
        np.testing.assert_allclose(blend(xs, 2.0), xs * 2.0 + np.tanh(2.0), rtol=1e-15)
        np.testing.assert_allclose(norm([xs, xs]), np.hypot(xs, xs), rtol=1e-15)

    def test_second_order(self):
        [[a, b], [c, d]] = hessian(lambda v: blend(v[0], v[1]))([3.0, 2.0])
        t = math.tanh(2.0)
        assert (a, b, c) == (0.0, 1.0, 1.0)
        assert d == pytest.approx(-2.0 * t * (1.0 - t * t), rel=1e-14)

    def test_card(self):
        assert lgamma_like.card == (
            "lgamma_like(x): a damped wave\n\n"
            "    ∂/∂x = cos(x)·e⁻ˣ − lgamma_like(x)\n\n"
            "Domain      any x\nSource      made up"
        )

    def test_a_notebook_shows_the_card(self):
        assert autograd.log._repr_html_() == (
            '<pre style="font-family: monospace">log(x): the natural logarithm\n\n    ∂/∂x = 1/x\n\n'
            "Domain      x &gt; 0\nSource      lecture L1.3</pre>"
        )

    @pytest.mark.parametrize("op", [lgamma_like, blend, norm], ids=lambda op: op.name)
    def test_check(self, op):
        check_op(op)

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_pickle_and_copy(self, protocol):
        assert pickle.loads(pickle.dumps(blend, protocol)) is blend
        assert copy.copy(blend) is copy.deepcopy(blend) is blend
        y = blend(Value(3.0), Value(2.0))
        assert pickle.loads(pickle.dumps(y, protocol)).graph() == copy.deepcopy(y).graph() == y.graph()

    def test_repr(self):
        assert repr(blend) == "<Op blend(x, y)>"
        assert repr(norm) == "<Op norm(xs)>"


def test_a_record_is_frozen():
    with pytest.raises(AttributeError) as raised:
        blend.name = "other"
    assert str(raised.value) == (
        "Operation 'blend' is a frozen record: 'name' cannot be assigned. Make a new Op with the field you want."
    )
    with pytest.raises(AttributeError):
        del blend.forward


@pytest.mark.parametrize("name", ["my op", "2x", "", "lambda", "a-b"])
def test_a_name_is_an_identifier(name):
    with pytest.raises(OpDefinitionError) as raised:
        Op(name, math.sin, [lambda out, x: x])
    assert str(raised.value) == (
        f"An operation's name must be a Python identifier, not {name!r}: it is how the operation is written in "
        "formulas and in code. Choose a name such as 'cube'."
    )


@pytest.mark.parametrize("slopes", [[], [None], [1.0]])
def test_each_operand_has_a_rule(slopes):
    with pytest.raises(OpDefinitionError) as raised:
        Op("f", math.sin, slopes)
    assert str(raised.value) == (
        "Operation 'f' needs one slope rule for each operand, each a function (out, *operands) -> slope: pass "
        "slopes=[lambda out, x: …]."
    )


def test_as_many_names_and_intervals_as_rules():
    with pytest.raises(OpDefinitionError) as raised:
        Op("f", math.sin, [lambda out, x: x], operands=["x", "y"])
    assert str(raised.value) == (
        "Operation 'f' has 1 slope rule(s) but 2 operand name(s) and 1 domain interval(s): give as many of each."
    )


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (lambda out, x: math.cos(x), "must be real number, not Symbol"),
        (lambda out, x: 1.0 if x > 0 else 0.0, "'>' not supported between instances of 'Symbol' and 'int'"),
        (lambda out, x: 1.0 if x != 0 else 0.0, "A symbol is not compared: write equal(x, y) or greater(x, y)."),
        (lambda out, x: x and 1.0, "A symbol has no truth value: choose with autograd.where."),
        (lambda out, x: x.tanh(), "A symbol has no 'tanh': write rules with operators and autograd's own functions."),
        (lambda out, x: None, "it gives no number"),
    ],
)
def test_a_rule_has_to_read_symbols(rule, problem):
    op = Op("f", math.sin, [rule])
    with pytest.raises(OpDefinitionError) as raised:
        op(Value(1.0))
    assert str(raised.value) == (
        f"A slope rule of operation 'f' does not read symbols ({problem}): write it with operators and autograd's own "
        "functions (autograd.cos, not math.cos; where, not if), so that it reads every kind of number."
    )


@pytest.mark.parametrize("rule", [lambda out, x: 2 * x if x > 0 else 0.0, lambda out, x: None])
def test_a_rule_that_reads_no_symbols_is_refused_by_whatever_reads_it(rule):
    op = Op("bend", lambda x: x * x, [rule])
    reads = (lambda: op(Value(1.0)), lambda: op.card, lambda: op.__doc__, lambda: autograd.compile(op)(3.0))
    for read in reads:
        with pytest.raises(OpDefinitionError, match=r"^A slope rule of operation 'bend' does not read symbols \("):
            read()


@pytest.mark.parametrize(
    ("forward", "what"), [(lambda x: None, "None"), (lambda x: "1.0", "a str"), (lambda x: [x], "a list")]
)
def test_a_forward_function_gives_a_number(forward, what):
    op = Op("f", forward, [lambda out, x: x])
    for x in (1.0, Value(1.0)):
        with pytest.raises(OpDefinitionError) as raised:
            op(x)
        assert str(raised.value) == f"The forward function of operation 'f' gave {what}, where a float is due."
    several = Op("f", lambda *xs: forward(xs[0]), lambda out, xs: [out * x for x in xs], pack=lambda xs: tuple(xs))
    with pytest.raises(OpDefinitionError, match=rf"^The forward function of operation 'f' gave {what}"):
        several([Value(1.0), 2.0])


def test_an_n_ary_rule_gives_a_slope_for_each():
    op = Op("f", lambda *xs: sum(xs), lambda out, xs: [1.0], pack=lambda xs: tuple(xs))
    with pytest.raises(OpDefinitionError) as raised:
        op([Value(1.0), Value(2.0)])
    assert str(raised.value) == (
        "The rule of operation 'f' gave 1 slope(s) for 2 operand(s): return a list with one slope for each."
    )


@pytest.mark.parametrize(
    "forward", [math.floor, lambda x: np.float64(math.floor(x)), lambda x: np.float32(math.floor(x)), int]
)
def test_whatever_number_a_forward_function_gives_becomes_a_float(forward):
    op = Op("whole", forward, [lambda out, x: 0.0])
    nested = Op("nested", lambda x: x + 0.5, [lambda out, x: 1.0 + op(x)])
    for node in (op(Value(2.5)), nested(Value(2.5))):
        assert type(node.data) is float
        assert all(type(slope) is float for slope in node.slopes)
    assert nested(Value(2.5)).slopes == (3.0,)
    assert type(op(2.5)) is float


def test_a_function_that_tests_its_operand_is_no_expression():
    """It runs on floats only, whichever operator it tests with."""
    for forward in (
        lambda x: x if x != 2.0 else 7.0,
        lambda x: 7.0 if x == 2.0 else x,
        lambda x: (x - 2.0 and x) or 7.0,
        lambda x: 7.0 if x in (2.0, 3.0) else x,
        lambda x: {2.0: 7.0}.get(x, x),
        lambda x: min(x, 7.0) if x > 2.0 else 7.0,
    ):
        op = Op("f", forward, [lambda out, x: 1.0])
        assert not op.generic
        assert op(Value(2.0)).data == op(2.0) == 7.0
        assert op(Value(5.0)).data == 5.0


def test_where_in_a_rule():
    op = Op("bent", lambda x: 2.0 * x if x > 0 else 3.0 * x, [lambda out, x: where(autograd.step(x), 2.0, 3.0)])
    assert op(Value(1.0)).slopes == (2.0,)
    assert op(Value(-1.0)).slopes == (3.0,)
    assert not where.generic


def test_nan_from_finite_operands_is_a_domain_error(line_of):
    op = Op("f", lambda x: math.nan if x < 0 else x, [lambda out, x: 1.0])
    for x in (-1.0, Value(-1.0, name="x")):
        with pytest.raises(DomainError) as raised:
            op(x)
        assert str(raised.value) == f"f(x) is undefined at x = −1.0, {line_of(raised)} (`op(x)`)."


def test_an_overflow_of_many_operands_is_told_in_one_line(line_of):
    xs = [Value(1e308, name=f"x{i}") for i in range(1000)]
    with pytest.raises(ValueOverflowError) as raised:
        autograd.total(xs)
    assert str(raised.value) == (
        "total(x0, x1, x2, … 995 more …, x998, x999) is larger than the largest float, 1.8e308, at x0 = 1e+308, "
        f"x1 = 1e+308, x2 = 1e+308, … 995 more …, x998 = 1e+308, x999 = 1e+308, {line_of(raised)} "
        "(`autograd.total(xs)`). Scale the operands down, or use a stable form (logsumexp, softplus, cross-entropy on "
        "logits)."
    )


def test_operands_are_counted():
    with pytest.raises(TypeError) as raised:
        autograd.hypot(1.0)
    assert str(raised.value) == "hypot(x, y) takes 2 operand(s), got 1."
    with pytest.raises(TypeError) as raised:
        autograd.tanh(1.0, 2.0)
    assert str(raised.value) == "tanh(x) takes 1 operand(s), got 2."
    with pytest.raises(ValueError) as raised:
        autograd.dot([1.0], [1.0, 2.0])
    assert str(raised.value) == "dot(ws, xs) needs as many weights as inputs: got 1 weights and 2 inputs."
    with pytest.raises(ValueError) as raised:
        autograd.largest([])
    assert str(raised.value) == "largest([]) is undefined: give at least one operand."
    assert (autograd.total([]), autograd.prod([]), autograd.dot([], [])) == (0.0, 1.0, 0.0)
    assert autograd.dot(iter([2.0]), iter([3.0]), 1.0) == 7.0


def test_operands_by_name():
    x = Value(-2.0)
    assert autograd.dot([2.0], [3.0], bias=1.0) == autograd.dot(ws=[2.0], xs=[3.0], bias=1.0) == 7.0
    assert autograd.leaky_relu(-2.0, alpha=0.5) == autograd.leaky_relu(x, alpha=0.5).data == x.elu(alpha=0.0).data - 1.0
    assert x.leaky_relu(alpha=0.5).data == x.leaky_relu(0.5).data == -1.0
    assert autograd.where(condition=1.0, x=2.0, y=3.0) == 2.0
    assert blend(x=3.0) == blend(3.0, y=2.0) == blend(3.0)
    for call in (
        lambda: autograd.leaky_relu(1.0, beta=1.0),
        lambda: autograd.leaky_relu(1.0, 2.0, alpha=1.0),
        lambda: autograd.leaky_relu(alpha=1.0),
        lambda: autograd.hypot(y=1.0),
    ):
        with pytest.raises(TypeError, match=r"^(leaky_relu|hypot)\(x, (alpha|y)\) cannot take \d operand"):
            call()
    with pytest.raises(TypeError) as raised:
        autograd.hypot(1.0, z=1.0)
    assert str(raised.value) == "hypot(x, y) cannot take 1 operand(s) by place and z= by name."


class TestRealNumber:
    @pytest.mark.parametrize(
        "number",
        [2, 2.0, True + 1, np.float64(2), np.float32(2), np.int64(2), np.uint8(2), np.array(2.0), np.array([2.0])[0],
         Fraction(2), Decimal(2), Value(2.0)],
    )  # fmt: skip
    def test_numbers(self, number):
        assert real_number(number, "f") == 2.0
        assert type(real_number(number, "f")) is float

    @pytest.mark.parametrize(
        ("operand", "sentence"),
        [
            ("a", "f works on real numbers, not on a str. Names go into Value(number, name=…)."),
            ("2.5", "f works on real numbers, not on a str. Write float('2.5')."),
            (None, "f works on real numbers, not on None. A function without a return statement gives None."),
            (
                1j,
                "f works on real numbers, not on a complex. Only real numbers can be differentiated here: use .real "
                "and .imag as two Values.",
            ),
            (
                np.complex128(1j),
                "f works on real numbers, not on a complex128. Only real numbers can be differentiated here: use "
                ".real and .imag as two Values.",
            ),
            (
                np.ones(3),
                "f works on real numbers, not on a ndarray. A Value is one number: write [f(x) for x in array], or "
                "autograd.dot and autograd.total over a list.",
            ),
            (
                np.array([True]),
                "f works on real numbers, not on a ndarray. A Value is one number: write [f(x) for x in array], or "
                "autograd.dot and autograd.total over a list.",
            ),
            (
                [1.0],
                "f works on real numbers, not on a list. A Value is one number: write [f(x) for x in xs], or "
                "autograd.dot and autograd.total over a list.",
            ),
            (object(), "f works on real numbers, not on an object. Give an int, a float, a NumPy scalar or a Value."),
        ],
    )
    def test_others(self, operand, sentence):
        with pytest.raises(OperandTypeError) as raised:
            real_number(operand, "f")
        assert str(raised.value) == sentence

    def test_integers_beyond_the_largest_float(self):
        with pytest.raises(ValueOverflowError) as raised:
            Value(1.0) * 10**400
        assert str(raised.value) == "mul was given an integer beyond the largest float, 1.8e308. Scale it down."


@pytest.mark.parametrize(
    ("low", "high", "sentence"),
    [
        (-math.inf, math.inf, "any x"),
        (0.0, math.inf, "x > 0"),
        (-math.inf, 709.78, "x < 709.78"),
        (-1.0, 1.0, "−1 < x < 1"),
    ],
)
def test_interval(low, high, sentence):
    interval = Interval(low, high)
    assert interval.describe("x") == sentence
    assert 0.5 in interval
    assert (low in interval, high in interval, "0.5" in interval) == (False, False, False)


@pytest.mark.parametrize(
    "name",
    ["x", "_x", "_a", "_b", "_out", "_node", "_op", "_record", "__", "new", "record", "Value", "special", "scope",
     "make", "float", "int", "type", "ArithmeticError", "ValueError", "exp", "add", "mul", "pow", "where", "log",
     "identity", "neg", "truediv", "sinh"],
)  # fmt: skip
def test_any_name_works(name):
    """Also those that the emitted recorders use themselves, and those of the catalogue's operations."""
    damped = Op(name, lambda x: math.exp(2.0 * x), [lambda out, x: 2.0 * autograd.exp(x) * autograd.exp(x)])
    scaled = Op(name, lambda x, y: x * damped(y), [lambda out, x, y: damped(y), lambda out, x, y: 2.0 * out])
    x, y = Value(0.5), Value(0.25)
    assert damped(x).data == math.exp(1.0)
    assert damped(x).slopes[0] == pytest.approx(2.0 * math.exp(1.0), rel=1e-15)
    z = scaled(x, y)
    assert z.data == 0.5 * math.exp(0.5)
    assert z.slopes == (math.exp(0.5), math.exp(0.5))
    [[_, mixed], [_, curvature]] = [gradients(s, [x, y]) for s in gradients(z, [x, y], create_graph=True)]
    assert (mixed, curvature) == pytest.approx((2.0 * math.exp(0.5), 2.0 * math.exp(0.5)), rel=1e-14)
    assert damped.card
    assert text(scaled(Symbol("u"), Symbol("v"))) == f"{name}(u, v)"


def test_operands_may_have_any_names():
    op = Op(
        "poisson",
        lambda lambda_, exp: lambda_ * autograd.exp(-exp),
        [lambda out, lambda_, exp: autograd.exp(-exp), lambda out, lambda_, exp: -out],
        operands=["lambda", "exp"],
    )
    twice = Op("twice", lambda x: 2.0 * op(x, x), [lambda out, x: 2.0 * autograd.exp(-x) - out])
    node = twice(Value(0.5))
    assert node.data == math.exp(-0.5)
    assert node.slopes[0] == pytest.approx(math.exp(-0.5), rel=1e-15)


def test_an_n_ary_operation_in_a_rule():
    op = Op(
        "spread",
        lambda x, y: autograd.logsumexp([x, y]) + autograd.total([x, y]),
        [
            lambda out, x, y: autograd.exp(x - autograd.logsumexp([x, y])) + 1.0,
            lambda out, x, y: autograd.exp(y - autograd.logsumexp([x, y])) + autograd.prod([1.0, 1.0]),
        ],
    )
    check_op(op)
    assert op(Value(1.0), 1.0).slopes == (pytest.approx(1.5), None)


def test_constants_of_a_rule_may_be_infinite():
    op = Op("capped", lambda x: autograd.minimum(x, math.inf), [lambda out, x: autograd.step(math.inf - x)])
    node = op(Value(2.0))
    assert (node.data, node.slopes) == (2.0, (1.0,))
    default = Op("g", lambda x, y: autograd.minimum(x, y), [lambda out, x, y: 1.0] * 2, defaults=[math.inf])
    assert default(Value(2.0)).data == 2.0
