"""Each record of the catalogue: its slopes against mpmath, its readings against one another."""

import math
import pydoc
import struct
from contextlib import suppress
from functools import cache, partial
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from mpmath import mp
from oracles import exact, exact_slope
from scipy import special

import autograd
from autograd import CATALOGUE, AutogradError, ParameterAssignmentError, Symbol, Value, gradients, ops
from autograd.floats import slopes_on_floats
from autograd.recording import record
from autograd.symbol import python, text
from autograd.testing import check_op

EPSILON = 2.0**-52
INNER = {"unit": ops.unit, "polygamma": ops.polygamma}  # operations that slopes are made of, besides the catalogue's
BRACKETS = {"greater", "equal", "step", "sign"}  # their slope is 0 everywhere
by_name = {"argvalues": CATALOGUE, "ids": lambda op: op.name}
SCALAR = [op for op in CATALOGUE if not op.nary]
FEW = settings(max_examples=settings.default.max_examples // 2)  # for each of some fifty operations


@cache
def sizes(low, high):
    """Numbers of an interval from 1e-12 to 1e12, as many small ones as large ones, and 0."""
    plain = st.integers(-8_000_000, 8_000_000).map(lambda n: n / 1e6)
    magnitude = st.integers(-4000, 4000).map(lambda t: 2.0 ** (t / 100))
    ends = [plain, magnitude, magnitude.map(lambda x: -x)]
    ends += [magnitude.map(lambda x: low + x)] if math.isfinite(low) else []
    ends += [magnitude.map(lambda x: high - x)] if math.isfinite(high) else []
    return st.one_of(ends).filter(lambda x: low < x < high)


@st.composite
def operands_of(draw, op):
    intervals = op.domain * draw(st.integers(1, 5)) if op.nary else op.domain
    found = tuple(draw(sizes(low, high)) for low, high in intervals)
    assume(op.name not in ("truediv", "mod", "floordiv") or found[1] != 0.0)
    return found


def noise(slope):
    """The rounding error a slope may have: half a digit of each number it was computed from, as it flows.

    `tanh` is the example: 1 − tanh(x)² is exact to 1e-16, which for x = 15 is more than the slope itself.
    """
    if not isinstance(slope, Value):
        return 0.0
    nodes = slope.graph().nodes
    return EPSILON * sum(abs(g * v.data) for g, v in zip(gradients(slope, list(nodes)), nodes, strict=True))


def smooth_at(op, operands):
    if op.name == "pow":
        return math.isfinite(math.log(operands[0]) * operands[1]) and abs(math.log(operands[0]) * operands[1]) < 300
    if op.name == "where":
        return operands[0] != 0.0
    return op.kink is None or abs(op.kink(*operands)) > 1e-9 * max(map(abs, operands))


def close(now, due, allowed):
    return mp.isfinite(due) and abs(mp.mpf(now) - due) <= allowed


@pytest.mark.parametrize("op", **by_name)
@given(data=st.data())
def test_slopes_against_mpmath(op, data):
    operands = data.draw(operands_of(op).filter(lambda xs: smooth_at(op, xs)))
    leaves = [Value(x) for x in operands]
    try:
        out = op.apply(tuple(leaves))
    except autograd.ValueOverflowError:
        return
    beside_a_root = 4e-15 if op is autograd.lgamma else 5e-324  # Python's own function is exact to a share of 1
    assert close(out.data, exact(op.name, operands), 4.0 * noise(out) + beside_a_root)
    slopes = gradients(out, leaves, create_graph=True)
    for slot, slope in enumerate(slopes):
        due = exact_slope(op.name, operands, [slot == i for i in range(len(operands))])
        assert close(slope.data, due, 1e-12 * abs(due) + 4.0 * noise(slope) + 1e-200), (slope.data, due)
        assert out.slopes[slot] == slope.data


@pytest.mark.parametrize("op", **by_name)
@FEW
@given(data=st.data())
def test_second_order_against_mpmath(op, data):
    operands = data.draw(operands_of(op).filter(lambda xs: smooth_at(op, xs) and max(map(abs, xs)) < 1e3))
    leaves = [Value(x) for x in operands]
    try:
        slopes = gradients(op.apply(tuple(leaves)), leaves, create_graph=True)
    except (autograd.ValueOverflowError, autograd.NonFiniteGradientError):
        return
    for first, slope in enumerate(slopes):
        for second, curvature in enumerate(gradients(slope, leaves, create_graph=True)):
            orders = [(first == i) + (second == i) for i in range(len(operands))]
            due = exact_slope(op.name, operands, orders)
            assert close(curvature.data, due, 1e-11 * abs(due) + 8.0 * noise(curvature) + 1e-200), (curvature, due)


@pytest.mark.parametrize("op", [op for op in CATALOGUE if op.nary or len(op.slopes) > 1], ids=lambda op: op.name)
def test_mixed_derivatives_do_not_depend_on_the_order(op):
    """At kinks and ties too, where slopes are conventions: one convention for both orders."""
    for operands in product((-1.5, -0.0, 0.0, 1.0, 1.5), repeat=3 if op.nary else len(op.slopes)):
        with suppress(ArithmeticError, ValueError):  # undefined there, or refused
            rows = autograd.hessian(lambda v: op.apply(tuple(v)))(np.array(operands))
            np.testing.assert_allclose(rows, rows.T, rtol=1e-13, atol=1e-15, err_msg=str(operands))


def test_left_of_its_kink_elu_is_what_jax_makes_of_it():
    assert autograd.derivative(autograd.elu, order=2)(0.0) == 1.0  # jax.grad(jax.grad(jax.nn.elu))(0.0)
    assert autograd.hessian(autograd.elu, argnums=(0, 1))(0.0, 0.1) == ((0.1, 1.0), (1.0, 0.0))


def test_digamma_beside_its_root():
    for steps in range(-3, 4):
        x = 1.4616321449683622 + steps * EPSILON
        due = exact("digamma", (x,))
        assert close(autograd.digamma(x), due, 4 * EPSILON * abs(due))


#: Ordinary points, at which every slope is right to 1e-12 with no allowance.
ORDINARY = {"acosh": (1.3, 2.5), **dict.fromkeys(("asin", "acos", "atanh", "erfinv"), (0.3, 0.7))}


@pytest.mark.parametrize("op", **by_name)
def test_slopes_to_twelve_digits(op):
    for x in ORDINARY.get(op.name, (0.3, 0.7, 1.3, 2.5)):
        operands = tuple(x + 0.17 * i for i in range(3 if op.nary else len(op.slopes)))
        out = op.apply(tuple(map(Value, operands)))
        for slot, slope in enumerate(out.slopes):
            due = exact_slope(op.name, operands, [slot == i for i in range(len(operands))])
            assert close(slope, due, 1e-12 * abs(due))


@pytest.mark.parametrize(
    "op", [op for op in SCALAR if any(map(math.isfinite, sum(op.domain, ())))], ids=lambda op: op.name
)
def test_the_domain_is_defined_up_to_its_ends(op):
    for place, interval in enumerate(op.domain):
        for end, other in (interval, interval[::-1]):
            if math.isfinite(end) and end:  # at 0 are poles
                operands = [0.5] * len(op.domain)
                operands[place] = math.nextafter(end, other)
                inside = op(*operands)
                assert close(inside, exact(op.name, operands), 1e-10 * (1 + abs(exact(op.name, operands))))
                if op is not ops.round:  # beyond it is undefined, or a pole lies between
                    operands[place] = end + math.copysign(0.1, end - other)
                    with suppress(AutogradError):
                        assert op(*operands) * inside < 0.0


@pytest.mark.parametrize("op", **by_name)
def test_record_passes_its_own_check(op):
    check_op(op)


PRIMITIVES = {
    "hypot": math.hypot, "abs": math.fabs, "truediv": lambda x, y: x / y, "log": math.log, "cbrt": math.cbrt,
    "expm1": math.expm1, "atan2": math.atan2, "erf": math.erf, "erfc": math.erfc, "pow": math.pow, "exp": math.exp,
    "log1p": math.log1p, "log2": math.log2, "log10": math.log10, "sqrt": math.sqrt, "sin": math.sin, "cos": math.cos,
    "tan": math.tan, "asin": math.asin, "acos": math.acos, "atan": math.atan, "sinh": math.sinh, "cosh": math.cosh,
    "tanh": math.tanh, "asinh": math.asinh, "acosh": math.acosh, "atanh": math.atanh,
}  # fmt: skip


@pytest.mark.parametrize("name", PRIMITIVES)
@given(data=st.data())
def test_forward_is_that_of_math(name, data):
    op = getattr(autograd, name)
    operands = data.draw(operands_of(op))
    try:
        due = PRIMITIVES[name](*operands)
    except OverflowError:
        with pytest.raises(autograd.ValueOverflowError):
            op(*operands)
        return
    assert op(*operands) == due
    assert op(*map(Value, operands)).data == due


@pytest.mark.parametrize("op", **by_name)
@FEW
@given(data=st.data())
def test_arrays_agree_with_floats(op, data):
    operands = data.draw(operands_of(op))
    try:
        out = op.apply(operands)
    except autograd.ValueOverflowError:
        return
    slopes = slopes_on_floats(op, out, operands, (True,) * len(operands))
    with np.errstate(all="ignore"):
        arrays = tuple(np.array([[x, x]]) for x in operands)
        batch = op.apply(arrays)
        rows = op.slopes_at(batch, arrays)
    # NumPy's own exp, log, … differ from math's in the last digits, and a slope can lose some on top.
    for now, due in zip([batch, *rows], [out, *slopes], strict=True):
        np.testing.assert_allclose(np.broadcast_to(now, (1, 2)), np.full((1, 2), due), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8, np.bool_])
def test_arrays_of_whole_numbers_are_numbers(kind):
    ones, twos = np.array([1, 1], dtype=kind), np.array([1, 0], dtype=kind)
    np.testing.assert_array_equal(autograd.add(ones, ones), [2.0, 2.0])
    np.testing.assert_array_equal(autograd.sub(twos, ones), [0.0, -1.0])
    np.testing.assert_array_equal(autograd.neg(ones), [-1.0, -1.0])
    np.testing.assert_array_equal(autograd.pow(ones, -1), [1.0, 1.0])
    np.testing.assert_array_equal(autograd.total([ones] * 300), [300.0, 300.0])
    np.testing.assert_array_equal(autograd.square(np.array([10**10])), [1e20])
    assert autograd.tanh(ones.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("op", SCALAR, ids=lambda op: op.name)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_keep_their_precision(op, dtype):
    x = np.array([0.5, 0.25], dtype=dtype)
    for operands in ([x] * len(op.slopes), [*[0.5] * (len(op.slopes) - 1), x]):
        with np.errstate(all="ignore"):
            out = op(*operands)
            slopes = [np.asarray(rule(out, *operands)).dtype for rule in op.slopes]
        assert out.dtype == dtype
        assert set(slopes) <= {np.dtype(dtype), np.dtype(float)}
    if op.name in BRACKETS:  # of whole numbers too
        assert op(*[np.array([1, 0])] * len(op.slopes)).dtype == float


@pytest.mark.parametrize("op", SCALAR, ids=lambda op: op.name)
@FEW
@given(data=st.data())
def test_python_text_computes_the_rule(op, data):
    operands = data.draw(operands_of(op).filter(lambda xs: smooth_at(op, xs)))
    try:
        out = op.apply(operands)
        slopes = op.slopes_at(out, operands)
    except ArithmeticError:
        return
    letters = [Symbol(name) for name in op.operands]
    named = dict(zip(op.operands, operands, strict=True)) | {"out": out}
    for rule, slope in zip(op.slopes, slopes, strict=True):
        written = rule(Symbol("out"), *letters)
        assert eval(python(written), vars(autograd) | INNER | named) == slope
    if op.generic:
        assert eval(python(op.forward(*letters)), vars(autograd) | named) == out


def bits(x):
    return x if x is None else struct.pack("<d", x) if x == x else b"NaN"


ANY = st.floats() | st.sampled_from(
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 5e-324, 1e-310, 1e308, -1e308, 1e154, 709.9, 745.2]
)


@pytest.mark.parametrize("op", **by_name)
@given(data=st.data())
def test_the_fast_path_is_the_slow_path_bit_for_bit(op, data):
    count = data.draw(st.integers(1, 4)) if op.nary else len(op.slopes)
    numbers = [data.draw(ANY) for _ in range(count)]
    for kinds in product([Value, float], repeat=count):
        if Value not in kinds:
            continue
        operands = tuple(kind(x) for kind, x in zip(kinds, numbers, strict=True))
        results = []
        for make in (partial(op.apply, operands), partial(record, op, operands)):
            try:
                node = make()
            except AutogradError as error:
                # The line of the caller is part of the sentence.
                results.append((type(error), str(error).partition(", in ")[0]))
                continue
            assert node.op is op
            assert node.operands == operands or any(x != x for x in numbers)
            assert all(type(s) is float for s in node.slopes if s is not None)
            results.append((bits(node.data), [bits(s) for s in node.slopes]))
        assert results[0] == results[1]


@pytest.mark.parametrize("op", **by_name)
def test_card_says_everything(op):
    card = op.card
    assert op.__doc__ == card
    assert card.count("    ∂/∂") == (5 if op.name == "dot" else 3 if op.nary else len(op.slopes))
    assert op.doc in card
    assert op.reference
    assert op.reference in card
    assert "Domain      " in card
    assert op.convention in card
    assert op.kink is None or op.convention
    assert card.splitlines()[0] in pydoc.render_doc(op, renderer=pydoc.plaintext)


def test_card_of_tanh():
    assert autograd.tanh.card == (
        "tanh(x): the hyperbolic tangent, in (−1, 1)\n"
        "\n"
        "    ∂/∂x = 1 − tanh(x)²\n"
        "\n"
        "Domain      any x\n"
        "Source      lectures L1.2, L4.4"
    )


def test_card_of_relu():
    assert autograd.relu.card == (
        "relu(x): max(x, 0); NaN stays NaN\n"
        "\n"
        "    ∂/∂x = [x > 0]\n"
        "\n"
        "Domain      any x\n"
        "Kink        where x = 0: slope 0 at 0 (the lectures': 0 for x ≤ 0)\n"
        "Source      lecture L1.2"
    )


def test_names_are_unique_and_public():
    names = [op.name for op in CATALOGUE]
    assert len(set(names)) == len(names)
    for op in CATALOGUE:
        assert getattr(autograd, op.name) is op
        assert op.catalogued


@given(st.lists(st.floats(-700.0, 700.0), min_size=1, max_size=6))
@example([1000.0, -1000.0])
@example([-1000.0])
def test_softmax(scores):
    shares = special.softmax(scores)
    assert autograd.softmax(scores) == pytest.approx(shares, rel=1e-12)
    leaves = [Value(x) for x in scores]
    for i, share in enumerate(autograd.softmax(leaves)):
        assert share.data == pytest.approx(shares[i], rel=1e-12)
        # Lecture L4.4: ∂y_i/∂x_j = y_i([i = j] − y_j).
        for j, slope in enumerate(gradients(share, leaves)):
            assert slope == pytest.approx(shares[i] * ((i == j) - shares[j]), abs=1e-12)


@pytest.mark.parametrize("shape", [(1,), (4,), (3, 2), (2, 3, 2)])
def test_softmax_of_an_array_is_an_array(shape):
    scores = np.random.default_rng(0).normal(size=shape)
    expected = special.softmax(scores, axis=0)
    values = np.array([Value(x) for x in scores.ravel()]).reshape(shape)
    for xs in (scores, values):
        shares = 2 * autograd.softmax(xs)
        assert isinstance(shares, np.ndarray)
        assert shares.shape == shape
        assert [float(x) for x in shares.ravel()] == pytest.approx((2 * expected).ravel().tolist(), rel=1e-14)
    program = autograd.compile(lambda v: 2 * autograd.softmax(v), scores, backend="numpy")
    assert program(scores[None])[0] == pytest.approx(2 * expected, rel=1e-14)


def test_text_of_a_rule_names_its_operands():
    x = Symbol("w·x")
    assert text(autograd.sigmoid.slopes_at(autograd.sigmoid(x), (x,))[0]) == "σ(w·x)·(1 − σ(w·x))"


class TestWholeNumbers:
    """What Python's floats do with %, //, round and math, Values do, and stay in the graph."""

    NUMBERS = (2.675, -2.675, 0.15, 7.5, -7.5, 2.5, 3.0, -0.0, 1e300, 12345.678)

    @pytest.mark.parametrize("x", NUMBERS)
    @pytest.mark.parametrize("y", [2.0, -3.5, 7, 0.1])
    def test_rest_and_quotient(self, x, y):
        for now, due in (
            (Value(x) % y, x % y), (x % Value(y), x % y), (Value(x) // y, x // y), (x // Value(y), x // y),
            (divmod(Value(x), y)[1], x % y), (divmod(x, Value(y))[0], x // y), (np.float64(x) % Value(y), x % y),
            (np.mod(Value(x), y), x % y), (np.floor_divide(x, Value(y)), x // y),
        ):  # fmt: skip
            assert type(now) is Value
            assert now.data == due

    @pytest.mark.parametrize("x", NUMBERS)
    def test_rounding(self, x):
        for digits in (None, 0, 1, 2, -2):
            assert round(Value(x), digits).data == round(x, digits)
        for f in (math.floor, math.ceil, math.trunc, np.floor, np.ceil, np.rint):
            now = f(Value(x))
            assert type(now) is Value
            assert now.data == f(x)
        assert int(Value(x)) == int(x)

    def test_slopes_are_those_of_pytorch(self):
        torch = pytest.importorskip("torch")
        for op, other in (
            (lambda x, y: x % y, torch.remainder),
            (lambda x, y: autograd.clip(x, -1.0, y), lambda x, y: torch.clamp(x, -1.0).minimum(y)),
            (lambda x, y: math.floor(x) * y + math.ceil(y) * x, lambda x, y: torch.floor(x) * y + torch.ceil(y) * x),
            (lambda x, y: round(x) * y, lambda x, y: torch.round(x) * y), (autograd.logaddexp, torch.logaddexp),
            (lambda x, y: autograd.mean([x, y, x * y]), lambda x, y: torch.stack([x, y, x * y]).mean()),
            (
                lambda x, y: autograd.log_softmax([x, y, 2.0 * x])[2],
                lambda x, y: torch.log_softmax(torch.stack([x, y, 2.0 * x]), 0)[2],
            ),
        ):  # fmt: skip
            for at in ((2.3, 0.7), (-3.4, 1.9), (0.2, -0.6)):
                xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in at]
                out = other(*xs)
                out.backward()
                value, slopes = autograd.value_and_grad(op, argnums=(0, 1))(*at)
                assert value == pytest.approx(out.item(), rel=1e-14)
                due = [0.0 if x.grad is None else x.grad.item() for x in xs]
                assert slopes == pytest.approx(due, rel=1e-13)

    def test_in_arrays_and_in_place(self):
        values = np.array([Value(2.6), Value(-2.6)])
        assert [v.data for v in values % 2] == [2.6 % 2, -2.6 % 2]
        assert [v.data for v in np.floor(values)] == [2.0, -3.0]
        assert [v.data for v in np.round(values)] == [3.0, -3.0]
        assert [v.data for v in autograd.clip(values, -1.0, 1.0)] == [1.0, -1.0]
        assert np.clip(Value(0.5), 0.0, 1.0).op is autograd.clip
        x = Value(7.0)
        x %= 4
        x //= 2
        assert (x.data, x.op) == (1.0, autograd.floordiv)
        w = Value(1.0, name="w", parameter=True)
        with pytest.raises(ParameterAssignmentError, match=r"w %= … would make a new Value"):
            w %= 2

    def test_a_number_leaves_a_derivative_by_no_rounding(self):
        assert autograd.grad(lambda x: x * round(x, 1))(2.26) == 2.3
        assert autograd.grad(lambda x: (x % 2) ** 2)(2.5) == 1.0
        assert autograd.grad(lambda x: x * math.floor(x))(2.5) == 2.0
        with pytest.raises(autograd.DetachedNumberError, match=r"^int\(\) takes the number out"):
            autograd.grad(lambda x: x * int(x))(2.5)


def test_a_sum_rounds_after_every_term():
    """From the left and without correction on every version of Python, as recorded graphs and kernels add."""
    terms = [1.0, 1e100, 1.0, -1e100]
    assert autograd.total(terms) == 0.0
    assert autograd.dot([1.0] * 4, terms) == 0.0
    assert autograd.mean(terms) == 0.0
    assert math.copysign(1.0, autograd.total([-0.0, -0.0])) == -1.0
    assert type(autograd.total([-0.0])) is float


@pytest.mark.parametrize("name", ["total", "prod", "mean", "largest", "logsumexp", "softmax", "log_softmax"])
def test_a_single_operand_in_place_of_a_list_is_refused(name):
    for x, kind in ((1.0, "float"), (None, "NoneType")):
        with pytest.raises(autograd.OperandTypeError) as refusal:
            getattr(autograd, name)(x)
        assert str(refusal.value) == f"{name} works on a list of numbers, not on a {kind}: write {name}([x, …])."
    with pytest.raises(TypeError, match=r"^own$"):  # what a generator of the user's raises is not ours
        getattr(autograd, name)(fail() for _ in range(2))
    for operands in ((), (Value(1.0), 2.0)):
        with pytest.raises(TypeError, match=rf"^{name}\(|{name}\(\) (takes|missing)"):
            getattr(autograd, name)(*operands)


def fail():
    raise TypeError("own")


@pytest.mark.parametrize(
    ("name", "sentence", "inside", "outside"),
    [
        ("log", "x > 0", [(5e-324,)], [(0.0,), (-1.0,)]),
        ("sqrt", "x ≥ 0", [(0.0,), (2.0,)], [(-5e-324,)]),
        ("asin", "−1 ≤ x ≤ 1", [(-1.0,), (1.0,)], [(math.nextafter(1.0, 2.0),)]),
        ("acosh", "x ≥ 1", [(1.0,)], [(math.nextafter(1.0, 0.0),)]),
        ("tan", "x ≠ π/2 + kπ", [(2.0,), (-100.0,)], []),
        ("truediv", "y ≠ 0", [(1.0, -2.0)], [(1.0, 0.0), (0.0, -0.0)]),
        ("mod", "y ≠ 0", [(5.0, -3.0)], [(5.0, 0.0)]),
        ("floordiv", "y ≠ 0", [(5.0, -3.0)], [(5.0, 0.0)]),
        ("reciprocal", "x ≠ 0", [(-2.0,)], [(0.0,)]),
        ("lgamma", "x > 0, or x < 0 and not whole", [(-0.5,)], [(0.0,), (-2.0,)]),
        ("digamma", "x > 0, or x < 0 and not whole", [(-0.5,)], [(-2.0,)]),
        ("trigamma", "x > 0, or x < 0 and not whole", [(-0.5,)], [(-2.0,)]),
        ("exp", "any x; from 709.79 on the result is too large", [(709.78,)], [(709.79,)]),
        ("expm1", "any x; from 709.79 on the result is too large", [(709.78,)], [(709.79,)]),
        ("sinh", "any x; beyond ±710.47 the result is too large", [(-710.47,)], [(-710.48,)]),
        ("cosh", "any x; beyond ±710.47 the result is too large", [(710.47,)], [(710.48,)]),
    ],
)
def test_a_card_says_the_domain_and_not_where_tests_probe(name, sentence, inside, outside):
    op = next(op for op in autograd.CATALOGUE if op.name == name)
    assert op.describe_domain() == sentence
    assert f"Domain      {sentence}" in op.card
    for operands in inside:
        assert math.isfinite(op(*operands))
        assert math.isfinite(op(*map(Value, operands)).data)
    for operands in outside:
        with pytest.raises(autograd.AutogradError):
            op(*map(Value, operands))


def test_a_choice_is_made_by_a_whole_number_of_a_place():
    choices = [Value(2.0), Value(-0.0), Value(5.0)]
    for place in range(3):
        for which in (place, float(place), Value(float(place))):
            chosen = autograd.choose(which, choices)
            assert chosen.data == choices[place].data
            assert gradients(chosen, choices) == [float(other == place) for other in range(3)]
    for which in (0.5, 1.0000000000000002, -1.0, 3.0):
        with pytest.raises(autograd.PlaceError):
            autograd.choose(Value(which), choices)
    for which in (math.nan, math.inf):
        with pytest.raises(ValueError, match=r"nan|inf|place"):
            autograd.choose(which, choices)


@pytest.mark.parametrize(
    ("name", "reference", "places"),
    [
        ("log", "log", (0.0, -0.0, -1.0)),
        ("log1p", "log1p", (-1.0, -2.0)),
        ("log2", "log2", (0.0, -1.0)),
        ("log10", "log10", (0.0, -1.0)),
        ("sinh", "sinh", (800.0, -800.0)),
        ("erfinv", "erfinv", (1.0, -1.0, 2.0, -2.0)),
        ("lgamma", "gammaln", (0.0, -2.0)),
        ("digamma", "psi", (-2.0,)),
    ],
)
def test_where_no_float_is_the_result_limits_are_those_of_arrays(name, reference, places):
    special = pytest.importorskip("scipy.special")
    with np.errstate(all="ignore"):
        due = [float(getattr(np, reference, getattr(special, reference, None))(x)) for x in places]
    assert [getattr(ops, name).limit(x) for x in places] == pytest.approx(due, nan_ok=True)
